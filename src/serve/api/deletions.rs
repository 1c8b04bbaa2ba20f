//! Deletions that wait until the window of their plan has closed.

use serde::Serialize;
use utoipa::ToSchema;

use crate::post::state::Phase;
use crate::post::{ChangeSetDraft, ChangeSetId, NewDocument};
use crate::said::Said;

/// How deletions that wait stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeletionState {
    /// The window is open: they are sent once it has closed, and dropped if it is taken back.
    Waiting,
    /// The window has closed: they are sent next.
    Due,
    /// A change set answers for them: they were sent, or refused for good.
    Became,
    /// They are never sent: the change set is not in SAP or was taken back.
    Dropped,
}

/// Planned orders that are deleted only once the window has closed.
#[derive(Debug, Serialize, ToSchema)]
pub struct Deletions {
    /// How they stand.
    state: DeletionState,
    /// The orders, in words.
    titles: Vec<String>,
    /// What these words are made of, in the same order.
    #[schema(value_type = Vec<Object>)]
    titles_said: Vec<Said>,
    /// The change set that answers for them.
    became: Option<String>,
}

impl Deletions {
    /// Those of a draft that stands at `phase` and whose deletions became `became`; `None` if it has none.
    pub(super) fn of(
        draft: &ChangeSetDraft,
        phase: Phase,
        became: Option<&ChangeSetId>,
    ) -> Option<Self> {
        if draft.at_confirm.is_empty() {
            return None;
        }
        Some(Self {
            state: state(phase, became.is_some()),
            titles: draft.at_confirm.iter().map(NewDocument::title).collect(),
            titles_said: draft.at_confirm.iter().map(NewDocument::said).collect(),
            became: became.map(ToString::to_string),
        })
    }
}

fn state(phase: Phase, answered: bool) -> DeletionState {
    match phase {
        _ if answered => DeletionState::Became,
        Phase::Confirmed => DeletionState::Due,
        Phase::Refused | Phase::RollingBack | Phase::RolledBack | Phase::RolledBackConflicts => {
            DeletionState::Dropped
        }
        Phase::Draft | Phase::Prepared | Phase::Applying | Phase::Open | Phase::Held => {
            DeletionState::Waiting
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deletions_are_due_when_the_window_has_closed_until_a_change_set_answers_for_them() {
        assert_eq!(state(Phase::Confirmed, false), DeletionState::Due);
        assert_eq!(state(Phase::Confirmed, true), DeletionState::Became);
    }

    #[test]
    fn what_is_taken_back_deletes_nothing() {
        for phase in [Phase::RollingBack, Phase::RolledBack, Phase::RolledBackConflicts] {
            assert_eq!(state(phase, false), DeletionState::Dropped);
        }
    }

    #[test]
    fn a_change_set_without_waiting_deletions_shows_none() {
        let draft = ChangeSetDraft {
            purpose: "a plan".to_owned(),
            requested_by: "anna".to_owned(),
            plan_hash: "h".to_owned(),
            after: None,
            documents: Vec::new(),
            at_confirm: Vec::new(),
        };

        assert!(Deletions::of(&draft, Phase::Open, None).is_none());
    }
}
