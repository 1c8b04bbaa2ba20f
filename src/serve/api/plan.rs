//! Plans: made, looked at.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::cycle::PlanRecord;
use crate::period::ShiftCalendar;
use crate::plan::Evaluation;
use crate::plan::schedule::Assignment;
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
    let problem = &record.problem;
    let before = &record.baseline_schedule.assignments;
    let mut bars = Vec::new();
    for one in &record.schedule.assignments {
        let Some(line) = problem.demands.get(&one.planned_order) else { continue };
        let material = line.material.as_str();
        let made = problem.instance.materials.iter().find(|known| known.material == material);
        let version = made.and_then(|made| {
            let mut versions = made.production_versions.iter();
            versions.find(|known| known.production_version == one.production_version)
        });
        let order = problem.instance.planned_orders.iter();
        let quantity = order
            .clone()
            .find(|order| order.planned_order == one.planned_order)
            .map_or(0.0, |order| order.quantity);
        let was = before.iter().find(|was: &&Assignment| was.planned_order == one.planned_order);
        for operation in version.into_iter().flat_map(|version| &version.operations) {
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
    wish: Result<Json<PlanWish>, JsonRejection>,
) -> Result<(StatusCode, Json<Job>), Problem> {
    person.needs(&[Role::Planner])?;
    let Json(wish) = wish.map_err(|error| Problem::invalid(error.body_text()))?;
    wish.check()?;
    plant.view()?;
    if plant.jobs.is_busy(JobKind::Plan) {
        let text = "a plan is being made already; stop it or wait for it";
        return Err(Problem::new(StatusCode::CONFLICT, "JOB", text));
    }
    let running = plant.jobs.ask(JobKind::Plan, &person.name);
    let job = plant.jobs.get(running.id)?;
    tokio::spawn(async move { work::plan(&plant, &person.name, wish, running).await });
    Ok((StatusCode::ACCEPTED, Json(job)))
}

/// A plan.
#[utoipa::path(get, path = "/api/v1/plans/{key}", params(("key" = String, Path)), responses(
    (status = 200, body = PlanPage), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn show(
    _: Person,
    State(plant): State<Arc<Plant>>,
    Path(key): Path<String>,
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
        change_set: posted.map(|set| set.change_set_id.to_string()),
        plan: key,
    }))
}
