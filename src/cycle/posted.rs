//! What became of plans and of the emissions of months, as the journal has it.

use super::{CycleError, PostingRun};
use crate::id::FiDocumentNumber;
use crate::post::journal::{ChangeSet, SapNumber};
use crate::post::state::Phase;
use crate::post::{ChangeSetDraft, ChangeSetId, NewDocument};
use crate::store::{Kind, Store};

/// What became of a plan or of the emissions of a month.
#[derive(Clone, Debug)]
pub struct Posted {
    /// Change set.
    pub change_set_id: ChangeSetId,
    /// Where it stands.
    pub phase: Phase,
    /// Key of the plan or the posting run.
    pub plan_hash: String,
    /// Number of its first document.
    pub number: Option<SapNumber>,
    /// The accounting document that reverses it.
    pub reversal: Option<FiDocumentNumber>,
}

/// Whether a draft posts emissions; else it posts a plan.
pub fn is_carbon(draft: &ChangeSetDraft) -> bool {
    draft.documents.iter().any(|document| matches!(document, NewDocument::FiDocument(_)))
}

/// What was posted of plans, and what of emissions; each in the order of the change sets.
pub fn posted(change_sets: &[ChangeSet]) -> (Vec<Posted>, Vec<Posted>) {
    let (mut plans, mut carbon) = (Vec::new(), Vec::new());
    for set in change_sets {
        let Some(draft) = &set.draft else { continue };
        // Of a plan the change set counts that its window was about.
        if draft.waited_for().is_some() {
            continue;
        }
        let first = set.items.first();
        let posted = Posted {
            change_set_id: set.id.clone(),
            phase: set.state.phase,
            plan_hash: draft.plan_hash.clone(),
            number: first.and_then(|item| item.number.clone()),
            reversal: first.and_then(|item| item.reversal.clone()),
        };
        if is_carbon(draft) { carbon.push(posted) } else { plans.push(posted) }
    }
    (plans, carbon)
}

/// Postings of emissions with the runs that they post.
///
/// # Errors
///
/// [`CycleError::Store`] if a run is not in the store.
pub fn with_runs(
    store: &Store,
    carbon: &[Posted],
) -> Result<Vec<(Posted, PostingRun)>, CycleError> {
    let with = |posted: &Posted| {
        let (_, _, run) = store.get(Kind::PostingRun, &posted.plan_hash)?;
        Ok((posted.clone(), run))
    };
    carbon.iter().map(with).collect()
}
