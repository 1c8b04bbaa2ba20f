//! A plan that runs, and something happened: the nearest good plan from here.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::anneal::anneal;
use super::baseline::with_baseline;
use super::budget;
use super::column::Columns;
use super::evaluate::{Evaluation, evaluate};
use super::instance::{Instance, PlannedOrder};
use super::schedule::{Assignment, Schedule};
use super::selection::Selection;
use super::solve::{Limit, PlanError};
use crate::said;
use crate::said::Said;
use crate::words_by_said;

/// What happened since the plan was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case", deny_unknown_fields)]
pub enum Event {
    /// A work center has fewer minutes in the buckets `from..=to`.
    Breakdown {
        /// Work center.
        work_center: String,
        /// First bucket.
        from: usize,
        /// Last bucket.
        to: usize,
        /// Minutes that are left in each.
        #[serde(default)]
        minutes_left: f64,
    },
    /// An order that the plan does not know.
    UrgentOrder {
        /// The order in the model's form.
        order: PlannedOrder,
    },
    /// More was emitted than planned: the rest of the horizon has to make up for it.
    Overshoot {
        /// kg CO₂e beyond the plan.
        carbon_kg: f64,
        /// The cap for the whole horizon; the instance's own if it is not given.
        #[serde(default)]
        carbon_cap_kg: Option<f64>,
    },
}

/// What is kept of the plan that runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Running {
    /// First bucket that can still be planned: what starts before it is frozen.
    pub now: usize,
    /// Further orders that stay as they are.
    pub frozen: BTreeSet<String>,
    /// What a changed order costs in the objective: FV lost if every order changes, by priority.
    pub change_weight: f64,
}

impl Default for Running {
    fn default() -> Self {
        // A tenth of the objective: a change has to give more than its share of that.
        Self { now: 0, frozen: BTreeSet::new(), change_weight: 0.1 }
    }
}

/// A plan after an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Replanned {
    /// The plan.
    pub schedule: Schedule,
    /// What it is worth.
    pub evaluation: Evaluation,
    /// What the plan that ran would be worth after the events, with what it breaks.
    pub as_it_ran: Evaluation,
    /// Orders that changed, by key.
    pub changed: Vec<String>,
    /// Orders that stayed because they run or somebody froze them.
    pub frozen: usize,
    /// The instance after the events.
    pub instance: Instance,
}

/// Why there is no new plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplanError {
    /// The problem after the events cannot be planned.
    Plan(#[from] PlanError),
    /// An event makes no sense.
    Event(String),
}

impl ReplanError {
    /// What happened, with what it is made of.
    pub fn said(&self) -> Said {
        match self {
            Self::Plan(error) => error.said(),
            Self::Event(what) => said!("replan.event", "PLAN-EVENT: {why}", why = what),
        }
    }
}

words_by_said!(ReplanError);

/// The instance after an event.
///
/// # Errors
///
/// [`ReplanError::Event`] with what is not known or makes no sense.
pub fn after(instance: &Instance, event: &Event) -> Result<Instance, ReplanError> {
    let wrong = |reason: String| Err(ReplanError::Event(reason));
    let mut next = instance.clone();
    match event {
        Event::Breakdown { work_center, from, to, minutes_left } => {
            let center = next.work_centers.iter_mut().find(|w| w.work_center == *work_center);
            let Some(center) = center else {
                return wrong(format!("work center {work_center} is not in the instance"));
            };
            if from > to || *from >= center.capacity_minutes.len() {
                return wrong(format!("buckets {from} to {to} are not in the horizon"));
            }
            if !(minutes_left.is_finite() && *minutes_left >= 0.0) {
                return wrong(format!("minutes_left {minutes_left} makes no sense"));
            }
            let end = (to + 1).min(center.capacity_minutes.len());
            for minutes in &mut center.capacity_minutes[*from..end] {
                *minutes = minutes.min(*minutes_left);
            }
        }
        Event::UrgentOrder { order } => next.planned_orders.push(order.clone()),
        Event::Overshoot { carbon_kg, carbon_cap_kg } => {
            if !carbon_kg.is_finite() {
                return wrong(format!("carbon_kg {carbon_kg} makes no sense"));
            }
            let policy = &mut next.side_constraints;
            let Some(cap) = carbon_cap_kg.or(policy.carbon_cap_kg) else {
                return wrong("an overshoot needs a cap: give carbon_cap_kg".to_owned());
            };
            policy.carbon_cap_kg = Some(cap - carbon_kg);
        }
    }
    Ok(next)
}

/// Plans again from a plan that runs, so that few orders change: each changed order costs
/// `change_weight` times its share of the priority weights in FV. What has begun is frozen with its
/// version, shift and mode, whatever the events say of it.
///
/// The search starts at the plan that runs, and what the events made impossible is what moves first.
///
/// # Errors
///
/// [`ReplanError`].
pub fn replan(
    instance: &Instance,
    plan: &Schedule,
    events: &[Event],
    running: &Running,
    seed: u64,
    limit: Limit<'_>,
) -> Result<Replanned, ReplanError> {
    if !(running.change_weight.is_finite() && running.change_weight >= 0.0) {
        let reason = format!("change_weight {} makes no sense", running.change_weight);
        return Err(ReplanError::Event(reason));
    }
    // Figures of the day the plan was made: a plan is compared with the same baseline as before.
    let compared = with_baseline(instance).ok_or(PlanError::NoBaseline)?;
    let mut next = compared;
    for event in events {
        next = after(&next, event)?;
    }
    next.check().map_err(PlanError::from)?;
    let kept: BTreeMap<&str, &Assignment> =
        plan.assignments.iter().map(|one| (one.planned_order.as_str(), one)).collect();
    let is_frozen = |name: &str| {
        kept.get(name).is_some_and(|one| one.start_bucket < running.now)
            || running.frozen.contains(name)
    };
    let narrowed = narrowed(&next, &kept, &is_frozen, running.now);
    let baseline = next.baseline.as_ref().ok_or(PlanError::NoBaseline)?;
    let figures = (baseline.c0_kg, baseline.co0, baseline.d0);
    let mut columns = Columns::compile(&narrowed, figures, true).map_err(PlanError::Unplannable)?;
    let weight: f64 = next.planned_orders.iter().map(|order| order.priority_weight).sum();
    let mut start = Vec::with_capacity(columns.orders());
    for (order, of) in next.planned_orders.iter().enumerate() {
        let name = of.planned_order.as_str();
        let known = kept.get(name).and_then(|one| columns.find_exact(order, one));
        if kept.contains_key(name) {
            let price = running.change_weight * of.priority_weight / weight;
            for column in columns.start[order]..columns.start[order + 1] {
                if Some(column) != known {
                    columns.value[column] += price;
                }
            }
        }
        start.push(known);
    }
    let begin = with_all(&columns, &start);
    let used = |moves: u64| match limit {
        Limit::Work { moves: most, .. } => moves as f64 / most.max(1) as f64,
        Limit::Share(share) => share(),
    };
    let begin = budget::begin_within(&columns, &columns.value, &begin, seed, &used);
    let found = anneal(&columns, &columns.value, &begin, seed, &used, &|_| {});
    let chosen = found.map_or(begin, |(chosen, _)| chosen);
    let purchases = Selection::of(&columns, &chosen).purchases();
    let schedule = columns.schedule(&chosen, &purchases);
    let changed = (schedule.assignments.iter())
        .filter(|one| kept.get(one.planned_order.as_str()).is_none_or(|was| *was != *one))
        .map(|one| one.planned_order.clone())
        .collect();
    Ok(Replanned {
        evaluation: evaluate(&next, &schedule),
        as_it_ran: evaluate(&next, plan),
        schedule,
        changed,
        frozen: next.planned_orders.iter().filter(|o| is_frozen(&o.planned_order)).count(),
        instance: next,
    })
}

/// The instance in which a frozen order can only be what it is, and nothing else starts before now.
/// What runs keeps its minutes even where a work center has fewer now: it cannot be planned away.
fn narrowed(
    instance: &Instance,
    kept: &BTreeMap<&str, &Assignment>,
    is_frozen: &dyn Fn(&str) -> bool,
    now: usize,
) -> Instance {
    let mut narrowed = instance.clone();
    let mut floor: BTreeMap<(&str, usize), (f64, BTreeSet<&str>)> = BTreeMap::new();
    for (at, order) in instance.planned_orders.iter().enumerate() {
        let target = &mut narrowed.planned_orders[at];
        target.release_bucket = target.release_bucket.max(now);
        let frozen = kept.get(order.planned_order.as_str());
        let Some(one) = frozen.filter(|_| is_frozen(&order.planned_order)) else { continue };
        let made = instance.materials.iter().find(|m| m.material == order.material);
        let lane = instance.transport_lanes.iter().find(|l| l.lane == order.lane);
        let (Some(made), Some(lane)) = (made, lane) else { continue };
        let mut versions = made.production_versions.iter();
        let Some(version) = versions.find(|v| v.production_version == one.production_version)
        else {
            continue;
        };
        let Some(mode) = lane.modes.iter().find(|mode| mode.mode == one.transport_mode) else {
            continue;
        };
        let offset = version.operations.iter().map(|op| op.bucket_offset).max().unwrap_or(0);
        let own = format!("{}\u{1}{}", order.material, order.planned_order);
        let mut material = made.clone();
        material.material.clone_from(&own);
        material.production_versions = vec![version.clone()];
        narrowed.materials.push(material);
        let mut single = lane.clone();
        single.lane = format!("{}\u{1}{}", order.lane, order.planned_order);
        single.modes = vec![mode.clone()];
        target.lane.clone_from(&single.lane);
        narrowed.transport_lanes.push(single);
        target.material = own;
        target.release_bucket = one.start_bucket;
        target.latest_bucket = one.start_bucket + offset + mode.lead_buckets;
        for operation in &version.operations {
            let bucket = one.start_bucket + operation.bucket_offset;
            let taken = floor.entry((operation.work_center.as_str(), bucket)).or_default();
            taken.0 += operation.minutes_per_unit * order.quantity;
            taken.1.insert(made.setup_group.as_str());
        }
    }
    for center in &mut narrowed.work_centers {
        for (bucket, minutes) in center.capacity_minutes.iter_mut().enumerate() {
            let Some((run, groups)) = floor.get(&(center.work_center.as_str(), bucket)) else {
                continue;
            };
            let needed = center.setups.iter().filter(|s| groups.contains(s.setup_group.as_str()));
            let setups: f64 = needed.map(|setup| setup.setup_minutes).sum();
            *minutes = minutes.max(run + setups);
        }
    }
    narrowed
}

/// A column for every order: the plan's where there is one, else the best that overloads least.
fn with_all(columns: &Columns<'_>, start: &[Option<usize>]) -> Vec<usize> {
    let mut selection = Selection::empty(columns);
    for (order, column) in start.iter().enumerate() {
        if let Some(column) = column {
            selection.replace(order, *column);
        }
    }
    for order in (0..start.len()).filter(|order| start[*order].is_none()) {
        let choices = columns.start[order]..columns.start[order + 1];
        let best = choices.min_by(|a, b| {
            let over = |column: usize| selection.overload_with(column);
            let worth = |column: usize| selection.marginal(column);
            (over(*a).total_cmp(&over(*b))).then(worth(*a).total_cmp(&worth(*b)))
        });
        if let Some(best) = best {
            selection.replace(order, best);
        }
    }
    selection.chosen
}
