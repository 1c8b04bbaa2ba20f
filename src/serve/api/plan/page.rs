//! What the page shows of a plan.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::outlook::{Feasibility, feasibility};
use super::reasons::{Choice, Conflicting, OfQuarter, Why, choices, conflict, quarters, why};
use super::replanned::{MadeAgain, made_again};
use super::shadow::{Shadow, shadow};
use crate::config::Config;
use crate::cycle::PlanRecord;
use crate::period::ShiftCalendar;
use crate::plan::Evaluation;
use crate::serve::gantt::{self, Bar, Shift};

/// What a plan is worth.
#[derive(Serialize, ToSchema)]
pub struct Worth {
    /// kgCO2e.
    carbon_kg: f64,
    /// Currency of the company code.
    cost: f64,
    /// Share of orders on time, weighted.
    punctuality: f64,
    /// Share of run minutes at night.
    night_share: f64,
    /// Share of low-carbon raw material by mass.
    low_carbon_ratio: f64,
    /// Value of the objective.
    fv: Option<f64>,
    /// Whether it breaks no rule.
    feasible: bool,
    /// Rules that it breaks.
    violations: Vec<String>,
}

/// A plan with everything that the page shows.
#[derive(Serialize, ToSchema)]
pub struct PlanPage {
    /// Key: SHA-256 of the whole record.
    plan: String,
    /// When it was made.
    made: String,
    /// `optimal`, `feasible`, ...
    status: String,
    /// Currency of its costs.
    currency: String,
    /// What it is worth.
    worth: Worth,
    /// What the plant does without it.
    baseline: Worth,
    /// No plan has a higher value.
    upper_bound: f64,
    /// Weights of carbon, cost and punctuality.
    weights: [f64; 3],
    /// Seed of the search.
    seed: u64,
    /// Key of the facts.
    facts: String,
    /// Version of the code.
    code_version: String,
    /// Shifts of the horizon.
    shifts: Vec<Shift>,
    /// Operations by work center.
    bars: Vec<Bar>,
    /// Demands left out, with the reason.
    #[schema(value_type = Vec<Object>)]
    unplannable: Value,
    /// Carbon by origin, of the plan and of the baseline, in kgCO2e.
    #[schema(value_type = Vec<Object>)]
    carbon_parts: [Value; 2],
    /// Change set that posted it.
    change_set: Option<String>,
    /// What the shop floor makes of it by simulation; null for plans of older versions.
    feasibility: Option<Feasibility>,
    /// Why it differs from what the plant does today: changed orders and sources, in sentences.
    reasons: Option<Why>,
    /// What it emits of the budget of each quarter.
    quarters: Vec<OfQuarter>,
    /// Policies that cannot be met together, if no plan meets them all.
    conflict: Option<Conflicting>,
    /// Other choices between carbon, cost and punctuality, by rising carbon, if they were asked for.
    front: Option<Vec<Choice>>,
    /// What carbon, policies and work centers are worth at the margin; null where no bound was looked for.
    shadow_prices: Option<Shadow>,
    /// What it was made again for, if it was made from a plan that ran.
    replanned: Option<MadeAgain>,
    /// What is not known and was assumed, in sentences.
    warnings: Vec<String>,
}

impl PlanPage {
    /// What the page shows of the plan `plan`, which `change_set` posted.
    pub(super) fn of(
        plan: String,
        made: Timestamp,
        record: &PlanRecord,
        config: &Config,
        change_set: Option<String>,
    ) -> Self {
        let shifts = ShiftCalendar::three_shifts(config.zone.clone());
        let instance = &record.problem.instance;
        let parts =
            |found: &Evaluation| serde_json::to_value(found.carbon_parts_kg).unwrap_or_default();
        Self {
            made: made.to_string(),
            status: record.status.clone(),
            currency: gantt::currency(record).to_owned(),
            worth: worth(&record.evaluation),
            baseline: worth(&record.baseline),
            upper_bound: record.upper_bound,
            weights: [instance.weights.alpha, instance.weights.beta, instance.weights.gamma],
            seed: record.seed,
            facts: record.facts.clone(),
            code_version: record.code_version.clone(),
            shifts: gantt::shifts(record, &shifts),
            bars: gantt::bars(record, &shifts),
            unplannable: serde_json::to_value(&record.problem.unplannable).unwrap_or_default(),
            carbon_parts: [parts(&record.evaluation), parts(&record.baseline)],
            feasibility: feasibility(
                record,
                config.settings.plan.simulation.on_time_probability_min,
            ),
            reasons: why(record),
            quarters: quarters(record),
            conflict: conflict(record),
            front: choices(record),
            shadow_prices: shadow(record),
            replanned: made_again(record),
            warnings: record.problem.warnings.clone(),
            change_set,
            plan,
        }
    }
}

pub(super) fn worth(found: &Evaluation) -> Worth {
    let violation = |one: &crate::plan::Violation| format!("{} {}", one.rule, one.object);
    Worth {
        carbon_kg: found.carbon_kg,
        cost: found.cost,
        punctuality: found.punctuality,
        night_share: found.night_share,
        low_carbon_ratio: found.low_carbon_ratio,
        fv: found.fv,
        feasible: found.feasible,
        violations: found.violations.iter().map(violation).collect(),
    }
}
