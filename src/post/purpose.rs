//! What a change set is for, and why it stands as it does. The journal keeps these sentences as texts;
//! what they are made of is found again here, beside where they are made.

use super::{ChangeSetDraft, NewDocument};
use crate::id::CompanyCode;
use crate::period::PostingPeriod;
use crate::said;
use crate::said::Said;

/// Digits of a plan's hash that people read.
const SHORT: usize = 16;

/// The purpose of a plan's change set.
pub fn of_plan(plan_hash: &str, plant: &str) -> Said {
    let plan = plan_hash.get(..SHORT).unwrap_or(plan_hash);
    said!("purpose.plan", "plan {plan} of plant {plant}", plan = plan, plant = plant)
}

/// The purpose of a month's posting.
pub fn of_month(month: PostingPeriod, company_code: &CompanyCode) -> Said {
    said!(
        "purpose.month",
        "carbon posting {month} of company code {company_code}",
        month = month,
        company_code = company_code
    )
}

impl ChangeSetDraft {
    /// The purpose with what it is made of. What people added stands behind it as they wrote it; the
    /// purpose of anything else than a plan or a month is words.
    pub fn purpose_said(&self) -> Said {
        let usual = self.documents.first().and_then(|document| match document {
            NewDocument::PlannedOrder(order) => {
                Some(of_plan(&self.plan_hash, order.plant.as_str()))
            }
            NewDocument::PlannedOrderChange(change) => {
                Some(of_plan(&self.plan_hash, change.before.plant.as_str()))
            }
            NewDocument::FiDocument(posting) => {
                Some(of_month(posting.period, &posting.company_code))
            }
            NewDocument::PlannedOrderDeletion(_) | NewDocument::KeyFigures(_) => None,
        });
        let behind = usual.as_ref().and_then(|usual| self.purpose.strip_prefix(&**usual));
        match (usual, behind) {
            (Some(usual), Some("")) => usual,
            (Some(usual), Some(more)) => {
                said!("purpose.more", "{purpose}{more}", purpose = usual, more = more)
            }
            _ => self.purpose.as_str().into(),
        }
    }
}

pub(super) fn asked_for() -> Said {
    said!("reason.set.asked", "somebody asked for it")
}

pub(super) fn ended_before() -> Said {
    said!("reason.set.ended-before", "the process ended before anything was sent")
}

pub(super) fn some_stay() -> Said {
    said!("reason.set.some-stay", "some documents could not be taken back; see each of them")
}

/// Why a change set was taken back or is on hold, with what it is made of; what SAP said is words.
pub fn reason_said(text: &str) -> Said {
    let known = [asked_for(), ended_before(), some_stay()].into_iter().find(|said| **said == *text);
    known.unwrap_or_else(|| text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_journal_keeps_as_text_is_found_again() {
        let reason = asked_for();

        assert_eq!(reason_said(&reason.text), reason);
        assert_eq!(reason_said("SAP: order is locked by MILLER").key, None);
    }
}
