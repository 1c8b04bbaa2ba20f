//! A plan of the configured plant from judged facts.

use std::collections::BTreeMap;

use jiff::civil::DateTime;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use super::plan_budgets::budgets_of_horizon;
use super::{CycleError, Facts, Judged, Replanning};
use crate::config::Config;
use crate::footprint::Products;
use crate::footprint::budget::{Budget, Quarter};
use crate::id::PlannedOrderNumber;
use crate::order::OrderBook;
use crate::period::{Interval, ShiftCalendar};
use crate::plan::conflict::{Conflict, conflict};
use crate::plan::emitted::by_bucket;
use crate::plan::front::{Front, front};
use crate::plan::instance::{Instance, Operation};
use crate::plan::outlook::{Hour, outlook, scale_to};
use crate::plan::reasons::{Reasons, reasons};
use crate::plan::schedule::{Assignment, Schedule};
use crate::plan::shadow::{ShadowPrices, shadow_prices};
use crate::plan::simulation::{PlanOutlook, simulate};
use crate::plan::{
    Effort, Evaluation, Given, GridOutlook, Limit, Policy, Problem, SolveOptions, Status,
    problem_from_facts, solve,
};
use crate::said;
use crate::said::Said;
use crate::source::grid::hourly;

/// Most plans of a front: more than people compare.
const FRONT_POINTS: usize = 8;

/// Work of each search that looks for policies that conflict.
const CONFLICT_WORK: Limit<'static> = Limit::Work { generations: 30, moves: 100_000 };

/// What a plan emits of the budget of a quarter. What else the quarter emits is not in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedQuarter {
    /// Quarter.
    pub quarter: Quarter,
    /// Scopes that the budget counts.
    pub scopes: Vec<u8>,
    /// What the plan emits in it, in kg CO₂e.
    pub planned_kg: f64,
    /// The budget of the whole quarter, in kg CO₂e.
    pub budget_kg: f64,
    /// What the plan is held to: what is left of the budget, or its share of that; `None` if it is only
    /// shown.
    #[serde(default)]
    pub limit_kg: Option<f64>,
}

impl PlannedQuarter {
    /// Whether the plan takes more than it may.
    pub fn is_exceeded(&self) -> bool {
        self.planned_kg > self.limit_kg.unwrap_or(self.budget_kg) * (1.0 + 1e-6)
    }
}

fn quarters(
    problem: &Problem,
    instance: &Instance,
    schedule: &Schedule,
    budgets: &[Budget],
) -> Result<Vec<PlannedQuarter>, CycleError> {
    let emitted =
        by_bucket(instance, schedule).map_err(|why| CycleError::Incomplete(why.into()))?;
    let quarter_of = |bucket: usize| Quarter::of(problem.shift(bucket).day);
    let mut quarters = Vec::new();
    for budget in budgets {
        let own = (0..emitted.len()).filter(|bucket| quarter_of(*bucket) == budget.quarter);
        let own: Vec<usize> = own.collect();
        if own.is_empty() {
            continue;
        }
        quarters.push(PlannedQuarter {
            quarter: budget.quarter,
            scopes: budget.scopes.clone(),
            planned_kg: own.iter().map(|bucket| emitted[*bucket].of(&budget.scopes)).sum(),
            budget_kg: budget.budget.to_emissions().to_f64(),
            limit_kg: (instance.side_constraints.carbon_budgets.iter())
                .find(|held| held.quarter == budget.quarter)
                .and_then(|held| held.limit_kg),
        });
    }
    Ok(quarters)
}

/// A plan with everything that it stands on; kept under its hash.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanRecord {
    /// The problem with its keys back to SAP.
    pub problem: Problem,
    /// The plan.
    pub schedule: Schedule,
    /// What it is worth.
    pub evaluation: Evaluation,
    /// What the plant does without it.
    pub baseline_schedule: Schedule,
    /// What that is worth.
    pub baseline: Evaluation,
    /// No plan has a higher FV.
    pub upper_bound: f64,
    /// `optimal`, `feasible`, ...
    pub status: String,
    /// Seed of the search.
    pub seed: u64,
    /// Generations of AW-MOGA.
    pub generations: usize,
    /// What the shop floor makes of it; `None` in plans of versions that did not simulate.
    #[serde(default)]
    pub outlook: Option<PlanOutlook>,
    /// What the plan emits in each quarter that has a budget.
    #[serde(default)]
    pub quarters: Vec<PlannedQuarter>,
    /// Why no plan meets all policies, if none was found.
    #[serde(default)]
    pub conflict: Option<Conflict>,
    /// Other choices between carbon, cost and punctuality, if somebody asked for them.
    #[serde(default)]
    pub front: Option<Front>,
    /// What carbon, capacity and policies are worth at the margin by the bound; `None` where no bound
    /// was looked for.
    #[serde(default)]
    pub shadow_prices: Option<ShadowPrices>,
    /// What it was made again for, if it was made from a plan that ran.
    #[serde(default)]
    pub replanned: Option<Replanning>,
    /// Key of the facts snapshot.
    pub facts: String,
    /// Version of the code that made it.
    pub code_version: String,
}

impl PlanRecord {
    /// Its orders that were in SAP when it was made, by their name in the plan.
    pub fn standing(&self) -> BTreeMap<String, PlannedOrderNumber> {
        let standing = self.replanned.iter().flat_map(|replanned| &replanned.standing);
        standing.map(|(name, order)| (name.clone(), order.number.clone())).collect()
    }

    /// What the plant does with each order without the plan, by order: a plan may have ten thousand.
    pub fn without_it(&self) -> BTreeMap<&str, &Assignment> {
        let before = self.baseline_schedule.assignments.iter();
        before.map(|one| (one.planned_order.as_str(), one)).collect()
    }

    /// Operations of a production version of a material in turn; none if the plan has no such version.
    pub fn operations(&self, material: &str, version: &str) -> &[Operation] {
        let made = self.problem.instance.materials.iter().find(|known| known.material == material);
        let versions = made.map_or(&[][..], |made| &made.production_versions);
        let version = versions.iter().find(|known| known.production_version == version);
        version.map_or(&[], |version| &version.operations)
    }

    /// Why each order and each source differs from what the plant does today.
    ///
    /// # Errors
    ///
    /// [`CycleError::Incomplete`] if the record names what its problem has not.
    pub fn reasons(&self) -> Result<Reasons, CycleError> {
        reasons(&self.problem.instance, &self.baseline_schedule, &self.schedule)
            .map_err(|why| CycleError::Incomplete(why.into()))
    }

    /// Looks for other choices between carbon, cost and punctuality by `searches` plans.
    ///
    /// # Errors
    ///
    /// [`CycleError::Plan`].
    pub fn look_around(
        &mut self,
        searches: usize,
        limit: Limit<'_>,
        progress: &(dyn Fn(&Said, Option<f64>) + Sync),
    ) -> Result<(), CycleError> {
        let effort = Effort { seed: self.seed, limit, progress };
        self.front = Some(front(&self.problem.instance, searches, FRONT_POINTS, &effort)?);
        Ok(())
    }
}

/// What the settings ask of a plan.
pub(super) struct Asked {
    policy: Policy,
    now: Timestamp,
}

impl Asked {
    pub(super) fn of(config: &Config, now: Timestamp) -> Self {
        let settings = &config.settings.plan;
        let today = now.to_zoned(config.zone.clone()).date();
        let start = settings.start.unwrap_or_else(|| today.saturating_add(1.day()));
        let rule = config.accounts.rule(&config.settings.plant.company_code, start);
        let weights =
            (settings.weights.carbon, settings.weights.cost, settings.weights.punctuality);
        let policy = Policy {
            plant: config.settings.plant.code.clone(),
            start,
            horizon_days: settings.horizon_days,
            late_days_max: settings.late_days_max,
            weights,
            low_carbon_ratio_min: settings.low_carbon_ratio_min,
            night_share: (settings.night_share_min, settings.night_share_max),
            carbon_cap_kg: settings.carbon_cap_kg,
            carbon_budgets: Vec::new(),
            punctuality_min: settings.punctuality_min,
            natural_gas_per_gj: settings.natural_gas_per_gj,
            holding_per_tonne_shift: settings.holding_per_tonne_shift,
            currency: rule.map_or_else(|| "EUR".to_owned(), |rule| rule.currency.clone()),
        };
        Self { policy, now }
    }

    /// Local time at which the horizon begins.
    pub(super) fn begin(&self, config: &Config) -> DateTime {
        let shifts = ShiftCalendar::three_shifts(config.zone.clone());
        self.policy.start.to_datetime(shifts.shifts()[0].start)
    }
}

/// The problem of the configured plant, before any search: what is planned, and what cannot be and
/// why.
///
/// The problem sees the energy and factors of the judged month, the grid intensity and prices that the
/// published series lead to expect, and the contracts and lanes of the mappings.
///
/// # Errors
///
/// [`CycleError`] if no problem can be made of the facts.
pub fn problem(
    facts: &Facts,
    judged: &Judged,
    config: &Config,
    now: Timestamp,
) -> Result<Problem, CycleError> {
    problem_of(facts, &facts.orders, judged, config, &Asked::of(config, now), &[])
}

/// [`problem`] with other orders than those of the facts; of the budgets of the quarters in `evenly` the
/// plan gets its share of what is left.
pub(super) fn problem_of(
    facts: &Facts,
    orders: &OrderBook,
    judged: &Judged,
    config: &Config,
    asked: &Asked,
    evenly: &[Quarter],
) -> Result<Problem, CycleError> {
    let regions: Vec<&str> = config.settings.plant.regions.iter().map(String::as_str).collect();
    let book = &config.factors.book;
    let day = judged.period.last_day();
    let products = Products::new(&facts.master, &judged.attribution, book, &regions, day)
        .with_rules(&config.products);
    let (policy, now) = (&asked.policy, asked.now);
    let outlook = expected(config, judged, policy, &regions)?;
    let shifts_a_day = judged.shifts.shifts().len();
    let held = budgets_of_horizon(facts, judged, config, policy, shifts_a_day, evenly, now)?;
    let policy = Policy { carbon_budgets: held.budgets, ..policy.clone() };
    let mut problem = problem_from_facts(
        &Given {
            master: &facts.master,
            orders,
            products: &products,
            book,
            regions: &regions,
            shifts: &judged.shifts,
            outlook: &outlook,
            contracts: &config.suppliers.contracts,
            lanes: &config.transport.lane,
        },
        &policy,
    )?;
    problem.warnings.extend(held.warnings);
    Ok(problem)
}

/// Plans the open demand of the configured plant, and simulates the plan.
///
/// Where no plan meets all policies, the record says which of them conflict.
///
/// # Errors
///
/// [`CycleError`] if no problem can be made of the facts, or the planner refuses it.
#[tracing::instrument(name = "cycle.search", skip_all)]
pub fn plan(
    facts: &Facts,
    judged: &Judged,
    config: &Config,
    facts_key: &str,
    now: Timestamp,
    limit: Limit<'_>,
    progress: &(dyn Fn(&Said, Option<f64>) + Sync),
) -> Result<PlanRecord, CycleError> {
    let settings = &config.settings.plan;
    let problem = problem(facts, judged, config, now)?;
    let options = SolveOptions { seed: settings.seed, limit, genetic_only: false, progress };
    let solution = solve(&problem.instance, &options)?;
    progress(&said!("plan.stage.prices", "shadow prices"), solution.evaluation.fv);
    let shadow_prices = shadow_prices(&solution.instance, &solution.schedule, &solution.proof)?;
    let record = PlanRecord {
        quarters: Vec::new(),
        outlook: None,
        conflict: None,
        front: None,
        shadow_prices: Some(shadow_prices),
        replanned: None,
        problem: Problem { instance: solution.instance, ..problem },
        schedule: solution.schedule,
        evaluation: solution.evaluation,
        baseline_schedule: solution.baseline,
        baseline: solution.baseline_evaluation,
        upper_bound: solution.upper_bound,
        status: match solution.status {
            Status::Optimal => "optimal",
            Status::Feasible => "feasible",
            Status::Infeasible => "infeasible",
            Status::NoneFound => "none_found",
        }
        .to_owned(),
        seed: settings.seed,
        generations: solution.generations,
        facts: facts_key.to_owned(),
        code_version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    finished(record, config, progress)
}

/// A plan with its simulation, what it takes of the budgets, and the policies that conflict if it breaks
/// one.
pub(super) fn finished(
    mut record: PlanRecord,
    config: &Config,
    progress: &(dyn Fn(&Said, Option<f64>) + Sync),
) -> Result<PlanRecord, CycleError> {
    let settings = &config.settings.plan;
    let (problem, schedule) = (&record.problem, &record.schedule);
    progress(&said!("plan.stage.simulation", "simulation"), record.evaluation.fv);
    let outlook = simulate(&problem.instance, schedule, &settings.simulation.scatter)
        .map_err(|why| CycleError::Incomplete(why.into()))?;
    let quarters = quarters(problem, &problem.instance, schedule, &config.budgets)?;
    if !record.evaluation.feasible {
        let effort = Effort { seed: settings.seed, limit: CONFLICT_WORK, progress };
        record.conflict = conflict(&record.problem.instance, &effort)?;
    }
    (record.outlook, record.quarters) = (Some(outlook), quarters);
    Ok(record)
}

/// Grid intensity and tariff of each shift of the horizon.
fn expected(
    config: &Config,
    judged: &Judged,
    policy: &Policy,
    regions: &[&str],
) -> Result<GridOutlook, CycleError> {
    let shifts = &judged.shifts;
    let mut buckets: Vec<Interval> = Vec::new();
    let mut shift = crate::period::ShiftOnDay { day: policy.start, shift: 0 };
    for _ in 0..usize::from(policy.horizon_days) * shifts.shifts().len() {
        buckets.push(shifts.interval(shift));
        shift = shifts.next(shift);
    }
    let level =
        config.factors.book.factor("electricity", None, regions, judged.period.last_day())?;
    let level = crate::quantity::Energy::new(level.kg_co2e_per_unit).to_f64();
    let begin = buckets[0].start;
    let read = |path: &Option<String>| -> Result<Option<Vec<Hour>>, CycleError> {
        let Some(path) = path else { return Ok(None) };
        let hours = hourly(&config.mapping(path), &config.zone)?;
        let hour =
            |h: &crate::source::grid::PublishedHour| Hour { start: h.hour.start, value: h.value };
        Ok(Some(hours.iter().map(hour).collect()))
    };
    let flat = |value: f64| vec![value; buckets.len()];
    let intensity = read(&config.factors.grid_series)?.and_then(|hours| {
        let scale = scale_to(level, &hours);
        let expected = outlook(&hours, begin, &buckets, &config.zone)?;
        Some(expected.into_iter().map(|value| value * scale).collect())
    });
    let fees = config.settings.plan.electricity_fees_per_kwh;
    let price = read(&config.factors.price_series)?
        .and_then(|hours| outlook(&hours, begin, &buckets, &config.zone));
    // A negative price at night does not pay for more than the fees.
    let tariff = |price: &f64| (price / 1000.0 + fees).max(0.0);
    Ok(GridOutlook {
        kg_co2e_per_kwh: intensity.unwrap_or_else(|| flat(level)),
        tariff_per_kwh: price.map_or_else(|| flat(fees), |p| p.iter().map(tariff).collect()),
    })
}

impl From<crate::factor::FactorError> for CycleError {
    fn from(error: crate::factor::FactorError) -> Self {
        Self::Footprint(error.into())
    }
}
