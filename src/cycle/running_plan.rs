//! The plan that runs: the one that was posted last, or was approved since.

use std::collections::BTreeMap;

use super::{CycleError, Installation, PlanRecord, is_carbon};
use crate::id::PlannedOrderNumber;
use crate::post::approval::Request;
use crate::post::journal::{ChangeSet, SapNumber};
use crate::post::state::Phase;
use crate::post::{ChangeSetDraft, NewDocument};
use crate::store::{Kind, Store, StoreError};

/// A plan that runs.
#[derive(Clone, Debug)]
pub struct RunningPlan {
    /// Key of the plan.
    pub key: String,
    /// The plan.
    pub record: PlanRecord,
    /// Its orders that are in SAP, by their name in the plan; of an approved plan those that it left as
    /// they were.
    pub orders: BTreeMap<String, PlannedOrderNumber>,
}

impl Installation {
    /// The plan that runs; `None` if none does.
    ///
    /// # Errors
    ///
    /// [`CycleError`] if the journal or the store cannot be read.
    pub fn running_plan(&self) -> Result<Option<RunningPlan>, CycleError> {
        let journal = self.journal()?;
        running_plan(&self.store, journal.change_sets(), journal.requests())
    }
}

/// The plan that runs by what the journal has of change sets and requests: the one that was approved last
/// and waits, else the last one that stands in SAP.
fn running_plan(
    store: &Store,
    change_sets: &[ChangeSet],
    requests: &[Request],
) -> Result<Option<RunningPlan>, CycleError> {
    let is_plan = |draft: &ChangeSetDraft| !is_carbon(draft) && draft.waited_for().is_none();
    let mut stands = None;
    for set in change_sets.iter().rev() {
        let in_sap = matches!(set.state.phase, Phase::Open | Phase::Confirmed);
        let Some(draft) = set.draft.as_ref().filter(|draft| in_sap && is_plan(draft)) else {
            continue;
        };
        // A change set of other orders comes from no plan.
        let Some((key, record)) = kept(store, &draft.plan_hash)? else { continue };
        let mut orders = record.standing();
        for (document, item) in draft.documents.iter().zip(&set.items) {
            if let (NewDocument::PlannedOrder(order), Some(SapNumber::PlannedOrder(number))) =
                (document, &item.number)
            {
                orders.insert(order.reference.clone(), number.clone());
            }
        }
        stands = Some((set.begun, RunningPlan { key, record, orders }));
        break;
    }
    let waits = |request: &&Request| {
        request.approved_by.is_some()
            && request.posted_as.is_none()
            && is_plan(&request.draft)
            && stands.as_ref().is_none_or(|(begun, _)| request.at > *begun)
    };
    if let Some(request) = requests.iter().rev().find(waits)
        && let Some((key, record)) = kept(store, &request.draft.plan_hash)?
    {
        let orders = record.standing();
        return Ok(Some(RunningPlan { key, record, orders }));
    }
    Ok(stands.map(|(_, running)| running))
}

fn kept(store: &Store, hash: &str) -> Result<Option<(String, PlanRecord)>, CycleError> {
    match store.get::<PlanRecord>(Kind::Plan, hash) {
        Ok((key, _, record)) => Ok(Some((key, record))),
        Err(StoreError::Unknown { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
