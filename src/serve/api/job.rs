//! Long work, and what an administrator may ask for.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use tracing::Instrument;

use super::named::Named;
use crate::config::Config;
use crate::said;
use crate::said::Said;
use crate::serve::guard::Person;
use crate::serve::job::{Job, JobKind};
use crate::serve::person::{Role, Users};
use crate::serve::plant::Plant;
use crate::serve::problem::Problem;
use crate::serve::task;

/// Every job, the newest first.
#[utoipa::path(get, path = "/api/v1/jobs", responses(
    (status = 200, body = Vec<Job>), (status = 401, body = Problem)))]
pub async fn list(_: Person, State(plant): State<Arc<Plant>>) -> Json<Vec<Job>> {
    Json(plant.jobs.list())
}

/// One job.
#[utoipa::path(get, path = "/api/v1/jobs/{id}", params(("id" = u64, Path)), responses(
    (status = 200, body = Job), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn show(
    _: Person,
    State(plant): State<Arc<Plant>>,
    Named(id): Named<u64>,
) -> Result<Json<Job>, Problem> {
    Ok(Json(plant.jobs.get(id)?))
}

/// Stops a plan, which keeps the best that it has, or a posting that is being sent: nothing further is
/// sent then, and what was sent is taken back.
#[utoipa::path(post, path = "/api/v1/jobs/{id}/stop", params(("id" = u64, Path)), responses(
    (status = 200, body = Job), (status = 401, body = Problem), (status = 403, body = Problem),
    (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn stop(
    person: Person,
    State(plant): State<Arc<Plant>>,
    Named(id): Named<u64>,
) -> Result<Json<Job>, Problem> {
    let job = plant.jobs.get(id)?;
    let stopped = match job.kind {
        JobKind::Plan => {
            person.needs(&[Role::Planner, Role::Admin])?;
            job.ended.is_none()
        }
        JobKind::Post => {
            person.needs(&[Role::Planner, Role::Finance])?;
            plant.stop_sending(id)
        }
        _ => {
            person.needs(&[Role::Planner, Role::Finance, Role::Admin])?;
            false
        }
    };
    if !stopped {
        let text = said!(
            "job.not-stoppable",
            "job {id} is neither a plan that is being made nor a posting that is being sent; nothing \
             was stopped",
            id = id
        );
        return Err(Problem::new(StatusCode::CONFLICT, "JOB", text));
    }
    tracing::info!(user = person.name, job = id, "asked to stop");
    Ok(Json(plant.jobs.stop(id)?))
}

/// Reads SAP and the meters now.
#[utoipa::path(post, path = "/api/v1/collect", responses(
    (status = 202), (status = 401, body = Problem), (status = 403, body = Problem),
    (status = 409, body = Problem)))]
pub async fn collect(
    person: Person,
    State(plant): State<Arc<Plant>>,
) -> Result<StatusCode, Problem> {
    person.needs(&[Role::Planner, Role::Finance, Role::Admin])?;
    if plant.jobs.is_busy(JobKind::Collect) {
        let text = said!("job.reading", "SAP and the meters are being read already");
        return Err(Problem::new(StatusCode::CONFLICT, "JOB", text));
    }
    tokio::spawn(async move { task::collect(&plant, &person.name).await }.in_current_span());
    Ok(StatusCode::ACCEPTED)
}

/// Takes the settings, mappings and users as they are in their files now.
#[utoipa::path(post, path = "/api/v1/reload", responses(
    (status = 204), (status = 401, body = Problem), (status = 403, body = Problem),
    (status = 422, body = Problem)))]
pub async fn reload(
    person: Person,
    State(plant): State<Arc<Plant>>,
) -> Result<StatusCode, Problem> {
    person.needs(&[Role::Admin])?;
    reload_now(&plant).await?;
    tracing::info!(user = person.name, "the settings were loaded again");
    Ok(StatusCode::NO_CONTENT)
}

/// The same for a signal.
///
/// # Errors
///
/// [`Problem`] with file, line and column of what is wrong; the old settings stay.
pub async fn reload_now(plant: &Arc<Plant>) -> Result<(), Problem> {
    let settings = plant.settings.clone();
    let read = tokio::task::spawn_blocking(move || -> Result<_, Problem> {
        let wrong = |why: Said| {
            Problem::invalid(said!(
                "settings.stay",
                "{why}. The settings of before stay in force",
                why = why
            ))
        };
        let config = Config::load(&settings).map_err(|error| wrong(error.said()))?;
        let users = Users::load(&config.path(&config.settings.serve.users_file))
            .map_err(|error| wrong(error.to_string().into()))?;
        Ok((config, users))
    });
    let (config, users) = read.await.map_err(|error| Problem::internal(error.to_string()))??;
    plant.reload(config, users);
    task::reopen(plant);
    let plant = Arc::clone(plant);
    tokio::spawn(async move {
        if let Err(problem) = task::show_last(&plant).await {
            tracing::warn!(code = problem.code, "{}", problem.detail);
        }
    });
    Ok(())
}
