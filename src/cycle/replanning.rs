//! A plan made again from the one that runs: what began or is frozen stays, few orders change, and the
//! plan says what it was made again for.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use super::planning::{Asked, finished, problem_of};
use super::{
    CycleError, Facts, Installation, Judged, PlanRecord, RunningPlan, metered_months, organisation,
};
use crate::config::Config;
use crate::footprint::budget::{BudgetStatus, Quarter};
use crate::id::PlannedOrderNumber;
use crate::order::{OrderBook, PlannedOrder};
use crate::period::ShiftCalendar;
use crate::plan::reasons::{Reasons, reasons};
use crate::plan::replan::{Event, Running, replan as search};
use crate::plan::schedule::{Assignment, Schedule};
use crate::plan::{Evaluation, Limit, Problem, baseline, evaluate};
use crate::said;
use crate::said::Said;

/// Weight of an order that somebody called urgent: that of SAP's highest delivery priority.
const URGENT: f64 = 3.0;

/// Delivery priority that is urgent by itself.
const FIRST_PRIORITY: u8 = 1;

/// What a plan is made again for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Trigger {
    /// A quarter is heading beyond its budget.
    Overshoot {
        /// Quarter.
        quarter: Quarter,
        /// Where it is heading, in kg CO₂e.
        projected_kg: f64,
        /// Its budget, in kg CO₂e.
        budget_kg: f64,
    },
    /// A work center stands still, or nearly so.
    Breakdown {
        /// Work center.
        work_center: String,
        /// From then, on the plant's clock.
        from: DateTime,
        /// Until then.
        to: DateTime,
        /// Minutes that are left in each shift that it touches.
        minutes_left: f64,
    },
    /// SAP has less capacity of a work center than the plan uses.
    LostCapacity {
        /// Work center.
        work_center: String,
        /// Minutes that the plan would use beyond it.
        minutes: f64,
    },
    /// An order that the plan does not know, or that has to come first by now.
    UrgentOrder {
        /// Demand: sales order, item and schedule line.
        order: String,
    },
    /// Somebody asked for it.
    Asked,
}

impl Trigger {
    /// The overshoot of a quarter, if it is projected beyond its budget.
    pub fn overshoot(status: &BudgetStatus) -> Option<Self> {
        let kilograms = |of: crate::quantity::Milligrams| of.to_emissions().to_f64();
        let projected = status.projected.filter(|projected| *projected > status.budget.budget)?;
        Some(Self::Overshoot {
            quarter: status.budget.quarter,
            projected_kg: kilograms(projected),
            budget_kg: kilograms(status.budget.budget),
        })
    }

    /// In a sentence.
    pub fn sentence(&self) -> String {
        match self {
            Self::Overshoot { quarter, projected_kg, budget_kg } => format!(
                "{quarter} is heading for {:.1} t CO2e, {:.1} % beyond its budget of {:.1} t: the plan gets \
                 its share of what is left",
                projected_kg / 1000.0,
                100.0 * (projected_kg / budget_kg - 1.0),
                budget_kg / 1000.0
            ),
            Self::Breakdown { work_center, from, to, minutes_left } => format!(
                "{work_center} has {minutes_left:.0} minutes a shift left from {from} to {to}"
            ),
            Self::LostCapacity { work_center, minutes } => {
                format!("{work_center} has {minutes:.0} minutes less than the plan uses")
            }
            Self::UrgentOrder { order } => format!("order {order} is urgent"),
            Self::Asked => "somebody asked for it".to_owned(),
        }
    }
}

/// What a plan was made again for, and what that changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Replanning {
    /// Key of the plan that ran.
    pub from: String,
    /// What it was made again for.
    pub triggers: Vec<Trigger>,
    /// Orders that changed, and new ones.
    pub changed: Vec<String>,
    /// Orders that stayed because they begin soon or somebody froze them.
    pub frozen: usize,
    /// Orders that are in SAP, by their name in the plan, as they were read.
    pub standing: BTreeMap<String, PlannedOrder>,
    /// What the plan that ran would be worth now, with what it breaks.
    pub as_it_ran: Evaluation,
    /// For each changed order in a sentence what moved and what that gives and costs; new orders have
    /// nothing that they moved from.
    pub reasons: Option<Reasons>,
}

impl Replanning {
    /// Why the plan was made again, and then why each order moved, in sentences.
    pub fn sentences(&self) -> Vec<String> {
        let moved = self.reasons.iter().flat_map(|reasons| &reasons.orders);
        let triggers = self.triggers.iter().map(Trigger::sentence);
        triggers.chain(moved.map(|order| order.text.to_string())).collect()
    }

    /// The name in the plan of an order that is in SAP.
    pub fn name_of(&self, number: &PlannedOrderNumber) -> Option<&str> {
        let mut standing = self.standing.iter();
        standing.find(|(_, order)| order.number == *number).map(|(name, _)| name.as_str())
    }
}

/// How a plan is made again.
#[derive(Clone, Debug, Default)]
pub struct Replan {
    /// What for.
    pub triggers: Vec<Trigger>,
    /// Orders that stay as they are, beside those that begin within `plan.replan.frozen_days`.
    pub freeze: BTreeSet<String>,
}

/// The plan that runs as it stands in the horizon that is planned now.
struct Carried {
    /// The orders of SAP but for those that may move: these are planned again.
    orders: OrderBook,
    /// Those that may move, by their name in the plan.
    standing: BTreeMap<String, PlannedOrder>,
}

/// What of the plan may move: orders that SAP has as they were posted and that have not begun. One that a
/// planner changed in SAP, or that began, stays firm; what production has taken over is not planned twice.
fn carried(facts: &Facts, running: &RunningPlan, begin: DateTime, config: &Config) -> Carried {
    let shifts = ShiftCalendar::three_shifts(config.zone.clone());
    let (problem, mut orders) = (&running.record.problem, facts.orders.clone());
    let known: BTreeMap<&PlannedOrderNumber, &PlannedOrder> =
        facts.orders.planned_orders.iter().map(|order| (&order.number, order)).collect();
    let mut standing = BTreeMap::new();
    for one in &running.record.schedule.assignments {
        let name = one.planned_order.as_str();
        let Some(number) = running.orders.get(name) else { continue };
        let Some(there) = known.get(number).copied() else {
            let mut made = facts.orders.production_orders.iter();
            if made.any(|order| order.planned_order.as_ref() == Some(number)) {
                orders.sales_order_lines.retain(|line| line.demand() != name);
            }
            continue;
        };
        let start = problem.local_times(one.start_bucket, one.start_bucket, &shifts).0;
        let as_posted = there.start.date() == start.date()
            && there
                .production_version
                .as_ref()
                .is_some_and(|v| v.as_str() == one.production_version)
            && problem.quantity(name).is_some_and(|posted| {
                posted
                    .in_unit(there.quantity.unit)
                    .is_ok_and(|amount| amount == there.quantity.amount)
            });
        if as_posted && there.start >= begin {
            standing.insert(name.to_owned(), there.clone());
        }
    }
    let moves: BTreeSet<&PlannedOrderNumber> =
        standing.values().map(|order| &order.number).collect();
    orders.planned_orders.retain(|order| !moves.contains(&order.number));
    Carried { orders, standing }
}

/// The assignments of the plan that ran for the orders of `problem`, in its buckets.
fn schedule_of(running: &RunningPlan, problem: &Problem) -> Schedule {
    let before = &running.record.problem;
    let days = i64::from((problem.start - before.start).get_days());
    let shift = days * i64::try_from(problem.shifts_a_day).unwrap_or(0);
    let known: BTreeSet<&str> =
        problem.instance.planned_orders.iter().map(|o| o.planned_order.as_str()).collect();
    let buckets = problem.instance.buckets.len();
    let of = |one: &Assignment| {
        let start = i64::try_from(one.start_bucket).ok()? - shift;
        let start_bucket = usize::try_from(start).ok()?;
        let line = problem.demands.get(&one.planned_order)?;
        let last =
            problem.last_bucket(line.material.as_str(), &one.production_version, start_bucket);
        (known.contains(one.planned_order.as_str()) && last < buckets)
            .then(|| Assignment { start_bucket, ..one.clone() })
    };
    Schedule {
        instance: problem.instance.id.clone(),
        assignments: running.record.schedule.assignments.iter().filter_map(of).collect(),
        ..running.record.schedule.clone()
    }
}

/// The quarters of the horizon that are heading beyond their budget by more than
/// `serve.plan_overshoot_percent`; none if that is 0.
///
/// # Errors
///
/// [`CycleError`] if a month of such a quarter cannot be judged.
fn overshoots(
    facts: &Facts,
    judged: &Judged,
    config: &Config,
    now: Timestamp,
) -> Result<Vec<Trigger>, CycleError> {
    let percent = config.settings.serve.plan_overshoot_percent;
    let months = metered_months(judged, &config.zone);
    if percent == 0 || config.budgets.is_empty() || months.is_empty() {
        return Ok(Vec::new());
    }
    let budgets = organisation(facts, config, &months, now)?.budgets;
    let exceeded = budgets.iter().filter(|status| status.goes_beyond(percent));
    Ok(exceeded.filter_map(Trigger::overshoot).collect())
}

/// What the facts say that a plan that runs has to be made again for: capacity that it uses and SAP has
/// no more, and orders of the highest priority that it does not know. Budgets are the caller's to look at.
///
/// # Errors
///
/// As [`problem`](super::problem()).
pub fn triggers(
    facts: &Facts,
    judged: &Judged,
    config: &Config,
    running: &RunningPlan,
    now: Timestamp,
) -> Result<Vec<Trigger>, CycleError> {
    let asked = Asked::of(config, now);
    let mut orders = carried(facts, running, asked.begin(config), config).orders;
    // What the plan itself takes is no loss, also where it has begun.
    let own: BTreeSet<&PlannedOrderNumber> = running.orders.values().collect();
    orders.planned_orders.retain(|order| !own.contains(&order.number));
    let problem = match problem_of(facts, &orders, judged, config, &asked, &[]) {
        Ok(problem) => problem,
        // Everything is planned, and began.
        Err(CycleError::Problem(crate::plan::FromFactsError::NoDemand { .. })) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(error),
    };
    let schedule = schedule_of(running, &problem);
    let mut lost: BTreeMap<String, f64> = BTreeMap::new();
    for broken in evaluate(&problem.instance, &schedule).violations {
        if broken.rule == "capacity" {
            let center = broken.object.split('@').next().unwrap_or_default();
            *lost.entry(center.to_owned()).or_default() += broken.by;
        }
    }
    let lost = lost
        .into_iter()
        .map(|(work_center, minutes)| Trigger::LostCapacity { work_center, minutes });
    let known = &running.record.problem.demands;
    let urgent = problem.demands.iter().filter(|(name, line)| {
        line.delivery_priority == FIRST_PRIORITY && !known.contains_key(name.as_str())
    });
    let urgent = urgent.map(|(name, _)| Trigger::UrgentOrder { order: name.clone() });
    Ok(lost.chain(urgent).collect())
}

/// Plans again from the plan that runs. What is in SAP and did not begin may move, at the price of
/// `plan.replan.change_weight`; new demands are planned with it.
///
/// The bound of such a plan is a weak one: there is no time for another.
///
/// # Errors
///
/// [`CycleError`] if no problem can be made of the facts, or the events make no sense.
#[tracing::instrument(name = "cycle.replan", skip_all)]
#[allow(clippy::too_many_arguments)] // as `plan`, and the plan that runs
fn replan(
    facts: &Facts,
    judged: &Judged,
    config: &Config,
    facts_key: &str,
    running: &RunningPlan,
    wish: &Replan,
    now: Timestamp,
    limit: Limit<'_>,
    progress: &(dyn Fn(&Said, Option<f64>) + Sync),
) -> Result<PlanRecord, CycleError> {
    let settings = &config.settings.plan;
    let asked = Asked::of(config, now);
    let carried = carried(facts, running, asked.begin(config), config);
    let evenly: Vec<Quarter> = (wish.triggers.iter())
        .filter_map(|trigger| match trigger {
            Trigger::Overshoot { quarter, .. } => Some(*quarter),
            _ => None,
        })
        .collect();
    let mut problem = problem_of(facts, &carried.orders, judged, config, &asked, &evenly)?;
    let mut events = Vec::new();
    for trigger in &wish.triggers {
        events.extend(event(trigger, &mut problem, config)?);
    }
    let schedule = schedule_of(running, &problem);
    let known: BTreeSet<&str> =
        schedule.assignments.iter().map(|one| one.planned_order.as_str()).collect();
    if let Some(unknown) = wish.freeze.iter().find(|name| !known.contains(name.as_str())) {
        return Err(CycleError::Incomplete(said!(
            "replan.frozen",
            "order {order} cannot be frozen: the plan that runs has no such order that did not begin",
            order = unknown
        )));
    }
    let kept = Running {
        now: usize::from(settings.replan.frozen_days) * problem.shifts_a_day,
        frozen: wish.freeze.clone(),
        change_weight: settings.replan.change_weight,
    };
    progress(&said!("plan.stage.again", "planning again"), None);
    let found = search(&problem.instance, &schedule, &events, &kept, settings.seed, limit)
        .map_err(|error| CycleError::Incomplete(error.said()))?;
    let ran: BTreeMap<&str, &Assignment> =
        schedule.assignments.iter().map(|one| (one.planned_order.as_str(), one)).collect();
    let before = Schedule {
        assignments: (found.schedule.assignments.iter())
            .map(|now| (*ran.get(now.planned_order.as_str()).unwrap_or(&now)).clone())
            .collect(),
        ..found.schedule.clone()
    };
    let replanning = Replanning {
        from: running.key.clone(),
        triggers: wish.triggers.clone(),
        frozen: found.frozen,
        as_it_ran: found.as_it_ran,
        reasons: reasons(&found.instance, &before, &found.schedule).ok(),
        changed: found.changed,
        standing: carried.standing,
    };
    // What the plant does without a plan is what it did before the events.
    let today = baseline(&problem.instance).ok_or(crate::plan::PlanError::NoBaseline)?;
    let weights = &found.instance.weights;
    let d0 = found.instance.baseline.as_ref().map_or(1.0, |baseline| baseline.d0);
    let record = PlanRecord {
        baseline: evaluate(&found.instance, &today),
        baseline_schedule: today,
        // Nothing is emitted and paid, and all is on time.
        upper_bound: weights.alpha + weights.beta + weights.gamma / d0,
        status: if found.evaluation.feasible { "feasible" } else { "none_found" }.to_owned(),
        schedule: found.schedule,
        evaluation: found.evaluation,
        problem: Problem { instance: found.instance, ..problem },
        outlook: None,
        quarters: Vec::new(),
        conflict: None,
        front: None,
        shadow_prices: None,
        replanned: Some(replanning),
        seed: settings.seed,
        generations: 0,
        facts: facts_key.to_owned(),
        code_version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    finished(record, config, progress)
}

impl Installation {
    /// Plans again from the plan that runs, for what `wish` names and for what the facts say: budgets in
    /// danger, capacity that is lost, orders of the highest priority.
    ///
    /// # Errors
    ///
    /// [`CycleError::Incomplete`] if no plan runs; else as [`replan`].
    #[allow(clippy::too_many_arguments)] // as `replan`
    pub fn replan(
        &self,
        (facts_key, facts): (&str, &Facts),
        judged: &Judged,
        config: &Config,
        mut wish: Replan,
        now: Timestamp,
        limit: Limit<'_>,
        progress: &(dyn Fn(&Said, Option<f64>) + Sync),
    ) -> Result<PlanRecord, CycleError> {
        let Some(running) = self.running_plan()? else {
            return Err(CycleError::Incomplete(said!(
                "replan.none-runs",
                "no plan runs: none is posted and none is approved. `carbide plan` makes one"
            )));
        };
        let mut triggers = overshoots(facts, judged, config, now)?;
        triggers.extend(self::triggers(facts, judged, config, &running, now)?);
        triggers.append(&mut wish.triggers);
        if triggers.is_empty() {
            triggers.push(Trigger::Asked);
        }
        wish.triggers = triggers;
        replan(facts, judged, config, facts_key, &running, &wish, now, limit, progress)
    }
}

/// The event that a trigger is for the search; an urgent order gets its weight.
fn event(
    trigger: &Trigger,
    problem: &mut Problem,
    config: &Config,
) -> Result<Option<Event>, CycleError> {
    let wrong = |why: Said| {
        Err(CycleError::Incomplete(said!("replan.event", "PLAN-EVENT: {why}", why = why)))
    };
    match trigger {
        Trigger::UrgentOrder { order } => {
            let mut orders = problem.instance.planned_orders.iter_mut();
            match orders.find(|known| known.planned_order == *order) {
                Some(known) => known.priority_weight = known.priority_weight.max(URGENT),
                None => {
                    return wrong(said!(
                        "replan.event.order",
                        "order {order} is not among those that can be planned; it is a sales order, item \
                         and schedule line, as 4711/10/1",
                        order = order
                    ));
                }
            }
            Ok(None)
        }
        Trigger::Breakdown { work_center, from, to, minutes_left } => {
            let known = || problem.instance.work_centers.iter().map(|one| one.work_center.as_str());
            if !known().any(|one| one == work_center) {
                return wrong(said!(
                    "replan.event.work-center",
                    "work center {center} is not planned here; there are {known}. See CR05 for its plant",
                    center = work_center,
                    known = known().collect::<Vec<_>>().join(", ")
                ));
            }
            let shifts = ShiftCalendar::three_shifts(config.zone.clone());
            let touched = |bucket: &usize| {
                let (begin, end) = problem.local_times(*bucket, *bucket, &shifts);
                begin < *to && end > *from
            };
            let mut buckets = (0..problem.instance.buckets.len()).filter(touched);
            let Some(first) = buckets.next() else {
                return wrong(said!(
                    "replan.event.horizon",
                    "{from} to {to} is not in the horizon",
                    from = from,
                    to = to
                ));
            };
            let last = buckets.next_back().unwrap_or(first);
            Ok(Some(Event::Breakdown {
                work_center: work_center.clone(),
                from: first,
                to: last,
                minutes_left: *minutes_left,
            }))
        }
        Trigger::Overshoot { .. } | Trigger::LostCapacity { .. } | Trigger::Asked => Ok(None),
    }
}
