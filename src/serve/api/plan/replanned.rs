//! A plan that was made again from the one that ran.

use serde::Serialize;
use utoipa::ToSchema;

use super::page::{Worth, worth};
use crate::cycle::{PlanRecord, Trigger};

/// What a plan was made again for.
#[derive(Serialize, ToSchema)]
pub struct MadeAgain {
    /// Key of the plan that ran.
    from: String,
    /// What for, in sentences.
    because: Vec<String>,
    /// Orders that changed, and new ones.
    changed: Vec<String>,
    /// Orders that stayed because they begin soon or somebody froze them.
    frozen: usize,
    /// Why each order moved, against the plan that ran.
    moved: Vec<String>,
    /// What the plan that ran would be worth now, with what it breaks.
    as_it_ran: Worth,
}

pub(super) fn made_again(record: &PlanRecord) -> Option<MadeAgain> {
    let made = record.replanned.as_ref()?;
    let moved = made.reasons.iter().flat_map(|reasons| &reasons.orders);
    Some(MadeAgain {
        from: made.from.clone(),
        because: made.triggers.iter().map(Trigger::sentence).collect(),
        changed: made.changed.clone(),
        frozen: made.frozen,
        moved: moved.map(|order| order.text.to_string()).collect(),
        as_it_ran: worth(&made.as_it_ran),
    })
}
