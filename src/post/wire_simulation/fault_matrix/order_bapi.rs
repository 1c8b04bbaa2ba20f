//! Steps A7 and A8: a BAPI of planned orders and its commit. A row of theirs is run for each BAPI.

/// A BAPI that writes a planned order, in the order in which the plan's documents go out by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OrderBapi {
    Change,
    Create,
    Delete,
}

impl OrderBapi {
    const ALL: [Self; 3] = [Self::Change, Self::Create, Self::Delete];

    /// The BAPIs that a step is run for: none, if it is not one of these steps.
    pub(super) fn of_step(step: &str) -> &'static [Self] {
        if matches!(step, "A7" | "A8") { &Self::ALL } else { &[] }
    }

    /// As a row names it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Change => "change",
            Self::Create => "create",
            Self::Delete => "delete",
        }
    }

    /// Its first call.
    pub(super) const fn function(self) -> &'static str {
        match self {
            Self::Change => "BAPI_PLANNEDORDER_CHANGE",
            Self::Create => "BAPI_PLANNEDORDER_CREATE",
            Self::Delete => "BAPI_PLANNEDORDER_DELETE",
        }
    }

    /// Which commit, from 0, is its own: documents go out one after the other, each in its own session.
    pub(super) const fn commit(self) -> u32 {
        self as u32
    }
}
