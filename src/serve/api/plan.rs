//! Plans: made, looked at.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::Value;
use tracing::Instrument;
use utoipa::ToSchema;

use super::named::Named;
use super::told::Told;
use crate::cycle::PlanRecord;
use crate::period::ShiftCalendar;
use crate::plan::Evaluation;
use crate::plan::simulation::Band;
use crate::serve::guard::Person;
use crate::serve::job::{Job, JobKind};
use crate::serve::person::Role;
use crate::serve::plant::Plant;
use crate::serve::problem::Problem;
use crate::serve::work::{self, PlanWish};
use crate::store::{Kind, Store};

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

/// One operation on the Gantt chart.
#[derive(Serialize, ToSchema)]
pub struct Bar {
    /// Order of the plan.
    order: String,
    /// Material.
    material: String,
    /// Work center.
    work_center: String,
    /// First shift, from 0.
    bucket: usize,
    /// Its first shift in the baseline.
    bucket_baseline: Option<usize>,
    /// Begin on the plant's clock.
    start: String,
    /// End on the plant's clock.
    end: String,
    /// Run minutes.
    minutes: f64,
}

/// One shift of the horizon.
#[derive(Serialize, ToSchema)]
pub struct Shift {
    /// Begin on the plant's clock.
    start: String,
    /// Whether it is a night shift.
    night: bool,
    /// Expected kgCO2e per kWh of the grid.
    grid_kg_per_kwh: f64,
    /// Expected price of a kWh.
    tariff_per_kwh: f64,
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

/// A figure with its scatter over the simulated horizons.
#[derive(Serialize, ToSchema)]
pub struct Scattered {
    /// What the plan says.
    planned: f64,
    /// A tenth of the runs lies below.
    low: f64,
    /// Half of the runs.
    median: f64,
    /// A tenth of the runs lies above.
    high: f64,
}

impl From<&Band> for Scattered {
    fn from(band: &Band) -> Self {
        let Band { low, median, high, planned } = *band;
        Self { planned, low, median, high }
    }
}

/// How likely one order is on time.
#[derive(Serialize, ToSchema)]
pub struct Likely {
    /// Order of the plan.
    order: String,
    /// Share of the runs in which it arrives on time.
    on_time: f64,
    /// Whether the plan has it on time.
    planned_on_time: bool,
    /// Mean delay in shifts.
    delay_shifts: f64,
    /// Work center at which it waits longest.
    waits_at: Option<String>,
}

/// What the simulation says.
#[derive(Serialize, ToSchema)]
pub struct Feasibility {
    /// Probability that what the plan has on time is on time.
    on_time: f64,
    /// What the settings ask for; null if any plan may be posted.
    on_time_min: Option<f64>,
    /// Whether it can be posted without `override`.
    postable: bool,
    /// Simulated horizons.
    runs: usize,
    /// Seed of the simulation.
    seed: u64,
    /// Share of orders on time, weighted.
    punctuality: Scattered,
    /// kWh.
    electricity_kwh: Scattered,
    /// kgCO2e.
    carbon_kg: Scattered,
    /// Orders, least likely first.
    orders: Vec<Likely>,
}

/// One reason.
#[derive(Serialize, ToSchema)]
pub struct Reason {
    /// Order or component.
    object: String,
    /// In one sentence.
    text: String,
    /// Plan minus today, in kgCO2e.
    carbon_kg: f64,
    /// Plan minus today, in the currency of the company code.
    cost: f64,
    /// Shifts that it arrives later; null for a component.
    later_shifts: Option<i64>,
}

/// Reasons. Together with what unchanged orders share they are the whole difference.
#[derive(Serialize, ToSchema)]
pub struct Why {
    /// Changed orders, the one that saves most carbon first.
    orders: Vec<Reason>,
    /// Components that are bought elsewhere.
    sources: Vec<Reason>,
    /// The whole difference in kgCO2e.
    carbon_kg: f64,
    /// The whole difference in money.
    cost: f64,
}

/// What a plan emits of a quarter's budget.
#[derive(Serialize, ToSchema)]
pub struct OfQuarter {
    /// Quarter, as `2018-Q4`.
    quarter: String,
    /// Scopes that count.
    scopes: Vec<u8>,
    /// kgCO2e of the plan in it.
    planned_kg: f64,
    /// kgCO2e of the whole budget.
    budget_kg: f64,
    /// kgCO2e that the plan may take: what is left of the budget, or its share of that; null if the budget
    /// is only shown.
    limit_kg: Option<f64>,
}

/// What one unit more of a limit is worth by the proven bound; below zero where more of it costs.
#[derive(Serialize, ToSchema)]
pub struct Marginal {
    /// One unit more of what, in words.
    what: String,
    /// Work center or policy.
    object: String,
    /// `hour`, `tonne` or `percentage_point`.
    unit: String,
    /// Gain of the objective.
    fv: f64,
    /// The same in the currency of the company code; null without a weight of cost.
    worth: Option<f64>,
    /// The same in kgCO2e; null without a weight of carbon.
    carbon_kg: Option<f64>,
}

/// Shadow prices.
#[derive(Serialize, ToSchema)]
pub struct Shadow {
    /// What a tonne CO2e is worth by the weights; null without a weight of cost.
    carbon_per_tonne: Option<f64>,
    /// Policies, then work centers, the dearest first.
    prices: Vec<Marginal>,
}

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

/// Policies that conflict.
#[derive(Serialize, ToSchema)]
pub struct Conflicting {
    /// In a sentence.
    text: String,
    /// Whether that is proven.
    proven: bool,
    /// What relaxing each of them gives.
    relaxing: Vec<String>,
}

/// One point of the front.
#[derive(Serialize, ToSchema)]
pub struct Choice {
    /// What was asked for.
    name: String,
    /// Whether it is the one of the plan's weights.
    chosen: bool,
    /// kgCO2e.
    carbon_kg: f64,
    /// Currency of the company code.
    cost: f64,
    /// Share of orders on time, weighted.
    punctuality: f64,
    /// What a tonne less costs on the way from the next point with more carbon.
    cost_per_tonne_saved: Option<f64>,
}

fn feasibility(record: &PlanRecord, least: Option<f64>) -> Option<Feasibility> {
    let outlook = record.outlook.as_ref()?;
    let likely = |order: &crate::plan::simulation::OrderOutlook| Likely {
        order: order.planned_order.clone(),
        on_time: order.on_time,
        planned_on_time: order.planned_on_time,
        delay_shifts: order.delay_buckets,
        waits_at: order.waits_at.as_ref().map(|(center, _)| center.clone()),
    };
    Some(Feasibility {
        on_time: outlook.on_time,
        on_time_min: least,
        postable: least.is_none_or(|least| outlook.on_time >= least),
        runs: outlook.scatter.runs,
        seed: outlook.scatter.seed,
        punctuality: (&outlook.punctuality).into(),
        electricity_kwh: (&outlook.electricity_kwh).into(),
        carbon_kg: (&outlook.carbon_kg).into(),
        orders: outlook.orders.iter().map(likely).collect(),
    })
}

fn why(record: &PlanRecord) -> Option<Why> {
    let found = record.reasons().ok()?;
    let orders = found.orders.into_iter().map(|order| Reason {
        object: order.planned_order,
        text: order.text,
        carbon_kg: order.difference.carbon_kg,
        cost: order.difference.cost,
        later_shifts: Some(order.later_buckets),
    });
    let sources = found.sources.into_iter().map(|source| Reason {
        object: source.component,
        text: source.text,
        carbon_kg: source.difference.carbon_kg,
        cost: source.difference.cost,
        later_shifts: None,
    });
    Some(Why {
        orders: orders.collect(),
        sources: sources.collect(),
        carbon_kg: found.total.carbon_kg,
        cost: found.total.cost,
    })
}

fn choices(record: &PlanRecord) -> Option<Vec<Choice>> {
    let choice = |point: &crate::plan::front::FrontPoint| Choice {
        name: point.name.clone(),
        chosen: point.chosen,
        carbon_kg: point.carbon_kg,
        cost: point.cost,
        punctuality: point.punctuality,
        cost_per_tonne_saved: point.cost_per_tonne_saved,
    };
    Some(record.front.as_ref()?.points.iter().map(choice).collect())
}

fn shadow(record: &PlanRecord) -> Option<Shadow> {
    let found = record.shadow_prices.as_ref()?;
    let marginal = |one: &crate::plan::shadow::MarginalPrice| Marginal {
        what: one.what.clone(),
        object: one.object.clone(),
        unit: one.unit.clone(),
        fv: one.fv,
        worth: one.worth,
        carbon_kg: one.carbon_kg,
    };
    let prices = found.prices.iter().map(marginal).collect();
    Some(Shadow { carbon_per_tonne: found.carbon_per_tonne, prices })
}

fn made_again(record: &PlanRecord) -> Option<MadeAgain> {
    let made = record.replanned.as_ref()?;
    let moved = made.reasons.iter().flat_map(|reasons| &reasons.orders);
    Some(MadeAgain {
        from: made.from.clone(),
        because: made.triggers.iter().map(crate::cycle::Trigger::sentence).collect(),
        changed: made.changed.clone(),
        frozen: made.frozen,
        moved: moved.map(|order| order.text.clone()).collect(),
        as_it_ran: worth(&made.as_it_ran),
    })
}

fn worth(found: &Evaluation) -> Worth {
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

fn bars(record: &PlanRecord, shifts: &ShiftCalendar) -> Vec<Bar> {
    let (problem, instance) = (&record.problem, &record.problem.instance);
    let before = record.without_it();
    let orders = instance.planned_orders.iter();
    let quantities: BTreeMap<&str, f64> =
        orders.map(|order| (order.planned_order.as_str(), order.quantity)).collect();
    let mut bars = Vec::new();
    for one in &record.schedule.assignments {
        let name = one.planned_order.as_str();
        let Some(line) = problem.demands.get(name) else { continue };
        let material = line.material.as_str();
        let quantity = quantities.get(name).copied().unwrap_or_default();
        let was = before.get(name);
        for operation in record.operations(material, &one.production_version) {
            let bucket = one.start_bucket + operation.bucket_offset;
            let (start, end) = problem.local_times(bucket, bucket, shifts);
            bars.push(Bar {
                order: one.planned_order.clone(),
                material: material.to_owned(),
                work_center: operation.work_center.clone(),
                bucket,
                bucket_baseline: was.map(|was| was.start_bucket + operation.bucket_offset),
                start: start.to_string(),
                end: end.to_string(),
                minutes: operation.minutes_per_unit * quantity,
            });
        }
    }
    bars
}

/// Makes a plan from the facts that are shown. Its progress is told as events of kind `job`.
#[utoipa::path(post, path = "/api/v1/plans", request_body = PlanWish, responses(
    (status = 202, body = Job), (status = 401, body = Problem), (status = 403, body = Problem),
    (status = 409, body = Problem), (status = 422, body = Problem), (status = 503, body = Problem)))]
pub async fn make(
    person: Person,
    State(plant): State<Arc<Plant>>,
    Told(wish): Told<PlanWish>,
) -> Result<(StatusCode, Json<Job>), Problem> {
    person.needs(&[Role::Planner])?;
    wish.check()?;
    plant.view()?;
    if plant.jobs.is_busy(JobKind::Plan) {
        let text = "a plan is being made already; stop it or wait for it";
        return Err(Problem::new(StatusCode::CONFLICT, "JOB", text));
    }
    let running = plant.jobs.ask(JobKind::Plan, &person.name);
    let job = plant.jobs.get(running.id)?;
    tokio::spawn(
        async move { work::plan(&plant, &person.name, wish, running).await }.in_current_span(),
    );
    Ok((StatusCode::ACCEPTED, Json(job)))
}

/// A plan.
#[utoipa::path(get, path = "/api/v1/plans/{key}", params(("key" = String, Path)), responses(
    (status = 200, body = PlanPage), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn show(
    _: Person,
    State(plant): State<Arc<Plant>>,
    Named(key): Named<String>,
) -> Result<Json<PlanPage>, Problem> {
    let config = plant.config();
    let folder = config.path(&config.settings.post.directory);
    let wanted = key.clone();
    let read = tokio::task::spawn_blocking(move || -> Result<_, Problem> {
        Ok(Store::open(&folder)?.get::<PlanRecord>(Kind::Plan, &wanted)?)
    });
    let (key, made, record) =
        read.await.map_err(|error| Problem::internal(error.to_string()))??;
    let shifts = ShiftCalendar::three_shifts(config.zone.clone());
    let instance = &record.problem.instance;
    let series = |of: fn(&crate::plan::instance::Plant) -> &Vec<f64>, at: usize| {
        instance.plants.first().and_then(|plant| of(plant).get(at).copied()).unwrap_or_default()
    };
    let shift = |at: usize| Shift {
        start: record.problem.local_times(at, at, &shifts).0.to_string(),
        night: instance.buckets[at].night,
        grid_kg_per_kwh: series(|plant| &plant.grid_kgco2e_per_kwh, at),
        tariff_per_kwh: series(|plant| &plant.tariff_per_kwh, at),
    };
    let parts =
        |found: &Evaluation| serde_json::to_value(found.carbon_parts_kg).unwrap_or_default();
    let journal = plant.journal();
    let posted = journal.plans.iter().rev().find(|set| set.plan_hash == key);
    Ok(Json(PlanPage {
        made: made.to_string(),
        status: record.status.clone(),
        worth: worth(&record.evaluation),
        baseline: worth(&record.baseline),
        upper_bound: record.upper_bound,
        weights: [instance.weights.alpha, instance.weights.beta, instance.weights.gamma],
        seed: record.seed,
        facts: record.facts.clone(),
        code_version: record.code_version.clone(),
        shifts: (0..instance.buckets.len()).map(shift).collect(),
        bars: bars(&record, &shifts),
        unplannable: serde_json::to_value(&record.problem.unplannable).unwrap_or_default(),
        carbon_parts: [parts(&record.evaluation), parts(&record.baseline)],
        feasibility: feasibility(&record, config.settings.plan.simulation.on_time_probability_min),
        reasons: why(&record),
        quarters: (record.quarters.iter())
            .map(|one| OfQuarter {
                quarter: one.quarter.to_string(),
                scopes: one.scopes.clone(),
                planned_kg: one.planned_kg,
                budget_kg: one.budget_kg,
                limit_kg: one.limit_kg,
            })
            .collect(),
        conflict: record.conflict.as_ref().map(|found| Conflicting {
            text: found.text.clone(),
            proven: found.proven,
            relaxing: found.policies.iter().map(|one| one.text.clone()).collect(),
        }),
        front: choices(&record),
        shadow_prices: shadow(&record),
        replanned: made_again(&record),
        warnings: record.problem.warnings.clone(),
        change_set: posted.map(|set| set.change_set_id.to_string()),
        plan: key,
    }))
}
