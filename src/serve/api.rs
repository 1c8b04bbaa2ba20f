//! The interface of the page, and of whoever builds upon it: `/api/v1`.

mod carbon;
mod change_set;
mod deletions;
#[cfg(feature = "oidc")]
mod directory;
mod document;
mod event;
mod explain;
mod finding;
mod job;
mod logon;
mod named;
mod overview;
mod plan;
mod readings;
mod report;
mod table;
mod told;

use std::sync::Arc;

use axum::routing::{get, post};
use axum::{Json, Router};

use super::plant::Plant;

pub use document::document;
pub use job::reload_now;

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
        .route("/explain/{what}", get(explain::explain))
        .route("/change-sets/{id}", get(change_set::show))
        .route("/change-sets/{id}/undo", post(change_set::undo))
        .route("/findings", post(finding::decide_about_all))
        .route("/readings/right", post(readings::right).layer(readings::limit()))
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
