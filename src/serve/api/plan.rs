//! Plans: made, looked at.

mod outlook;
mod page;
mod reasons;
mod replanned;
mod shadow;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use tracing::Instrument;

use super::named::Named;
use super::told::Told;
use crate::cycle::PlanRecord;
use crate::serve::guard::Person;
use crate::serve::job::{Job, JobKind};
use crate::serve::person::Role;
use crate::serve::plant::Plant;
use crate::serve::problem::Problem;
use crate::serve::task::{self, PlanWish};
use crate::store::{Kind, Store};

use crate::said;
use page::PlanPage;

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
        let text = said!("job.planning", "a plan is being made already; stop it or wait for it");
        return Err(Problem::new(StatusCode::CONFLICT, "JOB", text));
    }
    let running = plant.jobs.ask(JobKind::Plan, &person.name);
    let job = plant.jobs.get(running.id)?;
    tokio::spawn(
        async move { task::plan(&plant, &person.name, wish, running).await }.in_current_span(),
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
    let journal = plant.journal();
    let posted = journal.plans.iter().rev().find(|set| set.plan_hash == key);
    let change_set = posted.map(|set| set.change_set_id.to_string());
    Ok(Json(PlanPage::of(key, made, &record, &config, change_set)))
}
