//! What planners see in SAP: the newest plan, and what became of those that were posted.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;

use super::{Books, CycleError, PlanRecord, PlanRow, PlanState, is_carbon};
use crate::plan::reasons::{OrderCarbon, carbon_of_orders};
use crate::post::journal::{ChangeSet, SapNumber};
use crate::post::state::{ItemState, Phase};
use crate::post::{ItemReport, NewDocument};
use crate::store::{Kind, Store, StoreError};

/// What was posted is shown for so long after it was begun.
const SHOWN: SignedDuration = SignedDuration::from_hours(14 * 24);

/// Characters of a plan's key that name it in SAP.
const NAME: usize = 16;

/// The rows that planners see now, by requirement: what was posted in the last two weeks as it
/// stands, and what the newest plan proposes beside or since.
///
/// # Errors
///
/// [`CycleError`] if journal or store cannot be read.
pub fn publication(
    store: &Store,
    books: &mut Books,
    now: Timestamp,
) -> Result<Vec<PlanRow>, CycleError> {
    let mut rows: BTreeMap<String, (Timestamp, PlanRow)> = BTreeMap::new();
    let newest = store.latest::<PlanRecord>(Kind::Plan)?;
    let mut newest_is_posted = false;
    for set in books.change_sets()? {
        let Some(draft) = set.draft.as_ref().filter(|draft| !is_carbon(draft)) else { continue };
        let is_newest = newest.as_ref().is_some_and(|(key, ..)| *key == draft.plan_hash);
        newest_is_posted |= is_newest && set.state.phase != Phase::Refused;
        if now.duration_since(set.begun) > SHOWN {
            continue;
        }
        // A change set of other orders comes from no plan.
        let (key, _, record) = match store.get::<PlanRecord>(Kind::Plan, &draft.plan_hash) {
            Ok(found) => found,
            Err(StoreError::Unknown { .. }) => continue,
            Err(error) => return Err(error.into()),
        };
        for row in posted_rows(set, &key, &record)? {
            rows.insert(row.requirement.clone(), (set.begun, row));
        }
    }
    if let Some((key, at, record)) = newest.filter(|_| !newest_is_posted) {
        for row in proposals(&key, &record)? {
            // What can still be taken back, or was posted since, is not what the plan knew.
            let stays = rows
                .get(&row.requirement)
                .is_some_and(|(begun, known)| known.state == PlanState::Posted || *begun > at);
            if !stays {
                rows.insert(row.requirement.clone(), (at, row));
            }
        }
    }
    Ok(rows.into_values().map(|(_, row)| row).collect())
}

/// The name of a plan among the change sets that planners see.
pub fn plan_name(key: &str) -> &str {
    key.get(..NAME).unwrap_or(key)
}

/// A plan that breaks rules cannot be posted, so it proposes nothing.
fn proposals(key: &str, record: &PlanRecord) -> Result<Vec<PlanRow>, CycleError> {
    if !record.evaluation.feasible {
        return Ok(Vec::new());
    }
    let carbon = carbon(record)?;
    Ok(carbon.values().filter_map(|order| row_of(key, record, order)).collect())
}

fn posted_rows(
    set: &ChangeSet,
    key: &str,
    record: &PlanRecord,
) -> Result<Vec<PlanRow>, CycleError> {
    let carbon = carbon(record)?;
    let documents = set.draft.iter().flat_map(|draft| &draft.documents);
    let mut rows = Vec::new();
    for (document, item) in documents.zip(set.item_reports()) {
        let name = match document {
            NewDocument::PlannedOrder(order) => Some(order.reference.as_str()),
            NewDocument::PlannedOrderChange(change) => {
                record.replanned.as_ref().and_then(|made| made.name_of(&change.before.number))
            }
            _ => None,
        };
        let Some(name) = name else { continue };
        let (Some(state), Some(SapNumber::PlannedOrder(number))) =
            (state(set.state.phase, &item), item.number)
        else {
            continue;
        };
        let order = carbon.get(name);
        let Some(row) = order.and_then(|order| row_of(key, record, order)) else { continue };
        rows.push(PlanRow {
            planned_order: Some(number),
            state,
            window_until: set.window.as_ref().map(|window| window.at.wall),
            change_set: set.id.to_string(),
            ..row
        });
    }
    Ok(rows)
}

/// How an order with a number stands; `None` while it is still on its way.
fn state(phase: Phase, item: &ItemReport) -> Option<PlanState> {
    Some(match (item.state, phase) {
        (ItemState::CompDone, _) => PlanState::TakenBack,
        (ItemState::Conflict, _) => PlanState::Conflict,
        (ItemState::Held(_) | ItemState::CompHeld(_), _) | (_, Phase::Held) => PlanState::Held,
        (ItemState::Done, Phase::Open | Phase::RollingBack) => PlanState::Posted,
        (ItemState::Done, Phase::Confirmed) => PlanState::Confirmed,
        _ => return None,
    })
}

fn carbon(record: &PlanRecord) -> Result<BTreeMap<String, OrderCarbon>, CycleError> {
    let instance = &record.problem.instance;
    let orders = carbon_of_orders(instance, &record.baseline_schedule, &record.schedule)
        .map_err(|why| CycleError::Incomplete(why.into()))?;
    Ok(orders.into_iter().map(|order| (order.planned_order.clone(), order)).collect())
}

/// A proposal; `None` for an order that is for no sales order.
fn row_of(key: &str, record: &PlanRecord, order: &OrderCarbon) -> Option<PlanRow> {
    let line = record.problem.demands.get(&order.planned_order)?;
    let quantity = record.problem.quantity(&order.planned_order)?;
    let kilograms = |kg: f64| Decimal::from_f64_retain(kg.max(0.0)).unwrap_or_default().round_dp(3);
    Some(PlanRow {
        requirement: order.planned_order.clone(),
        planned_order: None,
        material: line.material.clone(),
        plant: line.plant.clone(),
        quantity: quantity.amount.round_dp(3),
        unit: quantity.unit,
        kg_before: kilograms(order.before_kg),
        kg_after: kilograms(order.after_kg),
        state: PlanState::Proposed,
        window_until: None,
        reason: order.reason.clone(),
        change_set: plan_name(key).to_owned(),
        evidence: key.to_owned(),
    })
}
