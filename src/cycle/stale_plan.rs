//! Whether a plan still fits what is known of SAP by now.

use jiff::{SignedDuration, Timestamp};

use super::{CycleError, Facts, Installation, PlanRecord, plan_draft};
use crate::order::SalesOrderLine;
use crate::period::ShiftCalendar;
use crate::post::{ChangeSetDraft, NewDocument};
use crate::said;
use crate::said::{List, Said};
use crate::store::{Kind, StoreError};

/// For so long a plan can be posted.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// Changes that a message names.
const NAMED: usize = 3;

impl Installation {
    /// Whether what was approved can still be posted at `now`. An approval takes its time, and a plan is
    /// held then to what it was held to when it was asked for; the other postings to nothing more. The
    /// plan that is kept has to be the approved one, and its orders those that were approved.
    ///
    /// # Errors
    ///
    /// [`CycleError::Incomplete`], code PLAN-HASH, if the plan is another one by now; else as
    /// [`facts_of_plan`](Self::facts_of_plan) and [`plan_draft`].
    pub fn approved_still_fits(
        &self,
        draft: &ChangeSetDraft,
        now: Timestamp,
    ) -> Result<(), CycleError> {
        if !draft.documents.iter().any(|one| matches!(one, NewDocument::PlannedOrder(_))) {
            return Ok(());
        }
        let differs = |why: Said| {
            CycleError::Incomplete(said!(
                "plan-hash",
                "PLAN-HASH: plan {plan} differs from the approved one: {why}. Nothing was posted; plan \
                 again and have that approved",
                plan = draft.plan_hash,
                why = why
            ))
        };
        let record = match self.store.get::<PlanRecord>(Kind::Plan, &draft.plan_hash) {
            Ok((key, _, record)) if key == draft.plan_hash => record,
            Ok(_) | Err(StoreError::Unknown { .. }) => {
                return Err(differs(said!("plan-hash.gone", "it is not kept any more")));
            }
            Err(StoreError::Corrupt { .. }) => {
                return Err(differs(said!(
                    "plan-hash.other",
                    "what is kept under its hash has another one"
                )));
            }
            Err(error) => return Err(error.into()),
        };
        self.facts_of_plan(&record, now)?;
        let (config, by) = (&self.config, &draft.requested_by);
        let shifts = ShiftCalendar::three_shifts(config.zone.clone());
        let planned = plan_draft(&record, &draft.plan_hash, &shifts, config, by, now)?;
        if planned.documents != draft.documents {
            return Err(differs(said!(
                "plan-hash.orders",
                "its orders are not those that were approved"
            )));
        }
        Ok(())
    }

    /// What a plan was computed from, if it can still be posted at `now`: what was read is at most 24 hours
    /// old, and what was read last still asks for what the plan makes, by the ways that it takes.
    ///
    /// # Errors
    ///
    /// [`CycleError::Incomplete`], code PLAN-STALE, with what changed; [`CycleError`] if the store cannot
    /// be read.
    pub fn facts_of_plan(&self, record: &PlanRecord, now: Timestamp) -> Result<Facts, CycleError> {
        let (key, _, facts) = self.store.get::<Facts>(Kind::Facts, &record.facts)?;
        let stale = |what: Said| {
            Err(CycleError::Incomplete(said!(
                "plan-stale",
                "PLAN-STALE: {what}; compute again. Nothing was posted.",
                what = what
            )))
        };
        let age = now.duration_since(facts.read_at);
        if age > KEPT {
            return stale(said!(
                "plan-stale.old",
                "the plan on what was read at {read} was computed {hours} h ago",
                read = facts.read_at,
                hours = age.as_hours()
            ));
        }
        let Some((newest_key, read, newest)) = self.store.latest::<Facts>(Kind::Facts)? else {
            return Ok(facts);
        };
        let changed = if newest_key == key { Vec::new() } else { changes(record, &newest) };
        if changed.is_empty() {
            return Ok(facts);
        }
        let more = changed.len().saturating_sub(NAMED);
        let named = List(changed.into_iter().take(NAMED).collect());
        if more == 0 {
            return stale(said!(
                "plan-stale.changed",
                "SAP was read again at {read}, and since the plan was made {changes}",
                read = read,
                changes = named
            ));
        }
        stale(said!(
            "plan-stale.changed-more",
            "SAP was read again at {read}, and since the plan was made {changes}, and {more} more",
            read = read,
            changes = named,
            more = more
        ))
    }
}

/// What the plan relies on and is no longer so, in words.
fn changes(record: &PlanRecord, newest: &Facts) -> Vec<Said> {
    let lines = &newest.orders.sales_order_lines;
    let mut changed = Vec::new();
    for line in record.problem.demands.values() {
        let (order, item) = (&line.sales_order, &line.item);
        match lines.iter().find(|other| same_line(line, other)) {
            None => changed.push(said!(
                "plan-stale.closed",
                "sales order {order} item {item} is no longer open",
                order = order,
                item = item
            )),
            Some(other) if other.open_quantity != line.open_quantity => changed.push(said!(
                "plan-stale.quantity",
                "sales order {order} item {item} has {now} {unit} open, not {then} {unit_then}",
                order = order,
                item = item,
                now = other.open_quantity.amount,
                unit = other.open_quantity.unit,
                then = line.open_quantity.amount,
                unit_then = line.open_quantity.unit
            )),
            Some(other) if other.requested_delivery < line.requested_delivery => {
                changed.push(said!(
                    "plan-stale.earlier",
                    "sales order {order} item {item} is wanted on {day}",
                    order = order,
                    item = item,
                    day = other.requested_delivery
                ));
            }
            Some(_) => {}
        }
    }
    let versions = &newest.master.production_versions;
    let mut seen = std::collections::BTreeSet::new();
    for assignment in &record.schedule.assignments {
        let Some(line) = record.problem.demands.get(&assignment.planned_order) else { continue };
        let code = assignment.production_version.as_str();
        if !seen.insert((&line.material, code)) {
            continue;
        }
        let of_material = versions.get(&line.material).map_or(&[][..], Vec::as_slice);
        if !of_material.iter().any(|one| one.code.as_str() == code) {
            changed.push(said!(
                "plan-stale.version",
                "version {version} of {material} is gone or locked",
                version = code,
                material = line.material
            ));
        }
    }
    changed
}

fn same_line(one: &SalesOrderLine, other: &SalesOrderLine) -> bool {
    (&one.sales_order, &one.item, &one.schedule_line)
        == (&other.sales_order, &other.item, &other.schedule_line)
}
