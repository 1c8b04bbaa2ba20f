//! The interface of the page, and of whoever builds upon it: `/api/v1`.

mod carbon;
mod change_set;
#[cfg(feature = "oidc")]
mod directory;
mod event;
mod finding;
mod job;
mod logon;
mod overview;
mod plan;
mod report;
mod table;

use std::sync::Arc;

use axum::routing::{get, post};
use axum::{Json, Router};
use utoipa::OpenApi;

use super::plant::Plant;

pub use job::reload_now;

/// The document of the interface, out of the handlers.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Carbide",
        description = "Footprints, carbon-aware plans and carbon postings of a plant, with a way back. \
                       Each change needs the token of the session in x-csrf-token. Amounts are decimal \
                       texts.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    paths(
        logon::who,
        logon::log_on,
        logon::log_off,
        logon::ways,
        overview::overview,
        table::table,
        table::export,
        report::report,
        plan::make,
        plan::show,
        carbon::simulate,
        carbon::post,
        carbon::ask,
        carbon::approve,
        carbon::post_request,
        carbon::explain,
        change_set::show,
        change_set::undo,
        finding::show,
        finding::decide_it,
        job::list,
        job::show,
        job::stop,
        job::collect,
        job::reload,
        event::events,
    ),
    components(schemas(super::problem::Problem))
)]
struct Document;

/// The document.
pub fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

/// Every route.
pub fn routes() -> Router<Arc<Plant>> {
    Router::new()
        .route("/session", get(logon::who).post(logon::log_on).delete(logon::log_off))
        .route("/session/ways", get(logon::ways))
        .merge(directory())
        .route("/overview", get(overview::overview))
        .route("/tables/{name}", get(table::table))
        .route("/tables/{name}/{form}", get(table::export))
        .route("/reports/{month}/{form}", get(report::report))
        .route("/plans", post(plan::make))
        .route("/plans/{key}", get(plan::show))
        .route("/postings/simulate", post(carbon::simulate))
        .route("/postings", post(carbon::post))
        .route("/requests", post(carbon::ask))
        .route("/requests/{name}/approve", post(carbon::approve))
        .route("/requests/{name}/post", post(carbon::post_request))
        .route("/explain/{what}", get(carbon::explain))
        .route("/change-sets/{id}", get(change_set::show))
        .route("/change-sets/{id}/undo", post(change_set::undo))
        .route("/findings/{key}", get(finding::show).post(finding::decide_it))
        .route("/jobs", get(job::list))
        .route("/jobs/{id}", get(job::show))
        .route("/jobs/{id}/stop", post(job::stop))
        .route("/collect", post(job::collect))
        .route("/reload", post(job::reload))
        .route("/events", get(event::events))
        .route("/openapi.json", get(async || Json(document())))
}

#[cfg(feature = "oidc")]
fn directory() -> Router<Arc<Plant>> {
    // No part of the interface for programs: a browser goes there and comes back.
    Router::new()
        .route("/session/oidc", get(directory::leave))
        .route("/session/oidc/back", get(directory::back))
}

#[cfg(not(feature = "oidc"))]
fn directory() -> Router<Arc<Plant>> {
    Router::new()
}
