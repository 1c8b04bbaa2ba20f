//! The daemon: reads and judges on schedule, serves the page and its interface, posts what people
//! decide, and ends so that the journal is whole.
//!
//! ```text
//! page, scripts -> guard -> api -> plant -> bench: read, plan     (a thread)
//! systemd, Prometheus -----^         \----> desk:  post, undo     (another)
//! schedule --------------------------^
//! ```

pub mod person;

mod alarm;
mod api;
mod closing;
mod companion;
mod event;
mod gantt;
mod guard;
mod job;
mod metrics;
mod notify;
#[cfg(feature = "oidc")]
mod oidc;
mod page;
mod plant;
mod problem;
#[cfg(feature = "oidc")]
mod refused;
mod replanning;
mod schedule;
mod session;
mod sheets;
mod task;
mod view;
mod worker;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::config::{Config, ConfigError};
use person::{Users, UsersError};
use plant::Plant;
use worker::Worker;

pub use problem::Problem;

/// How long a piece of work may take to end when the server stops: a document that is on its way
/// arrives, the rest is taken up by the next start.
const GRACE: Duration = Duration::from_secs(60);

/// Why the daemon did not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The settings are wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The users cannot be had.
    #[error(transparent)]
    Users(#[from] UsersError),
    /// The address cannot be listened at.
    #[error(
        "{address} cannot be listened at: {reason}. Is another carbide running? See serve.listen"
    )]
    Listen {
        /// Address.
        address: SocketAddr,
        /// What the system said.
        reason: std::io::Error,
    },
    /// The operating system gives no thread.
    #[error("no thread can be started: {0}")]
    Thread(std::io::Error),
}

/// A daemon that runs.
pub struct Serving {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    server: tokio::task::JoinHandle<()>,
    schedule: tokio::task::JoinHandle<()>,
    threads: Vec<std::thread::JoinHandle<()>>,
    plant: Arc<Plant>,
}

/// The document of the interface, OpenAPI 3.1.
pub fn openapi() -> utoipa::openapi::OpenApi {
    api::document()
}

/// Starts the daemon of an installation. `listen` is an address instead of that of the settings.
///
/// # Errors
///
/// [`ServeError`].
pub async fn start(settings: &Path, listen: Option<SocketAddr>) -> Result<Serving, ServeError> {
    let config = Config::load(settings)?;
    let users = Users::load(&config.path(&config.settings.serve.users_file))?;
    let address = listen.unwrap_or(config.settings.serve.listen);
    let failed = |reason| ServeError::Listen { address, reason };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    if users.is_empty() && config.settings.serve.proxy.is_none() {
        tracing::warn!("nobody can log on: add somebody with `carbide serve user NAME --role ...`");
    }
    let open = |name| Worker::start(name, PathBuf::from(settings)).map_err(ServeError::Thread);
    let ((bench, read), (desk, post)) = (open("bench")?, open("desk")?);
    let (stop, stopping) = watch::channel(false);
    let plant =
        Plant::new(settings.to_owned(), address, config, users, bench, desk, stopping.clone());
    let plant = Arc::new(plant);
    let app = routes(&plant).into_make_service_with_connect_info::<SocketAddr>();
    let mut ends = stopping.clone();
    let server = tokio::spawn(async move {
        let served = axum::serve(listener, app).with_graceful_shutdown(async move {
            let _ = ends.wait_for(|stop| *stop).await;
        });
        if let Err(error) = served.await {
            tracing::error!(%error, "the server ended");
        }
    });
    let schedule = {
        let plant = Arc::clone(&plant);
        tokio::spawn(async move {
            match task::show_last(&plant).await {
                Ok(true) => {}
                Ok(false) => tracing::info!("there are no facts yet; SAP and the meters are read"),
                Err(problem) => {
                    let now = jiff::Timestamp::now();
                    plant.health().collect = Some((now, problem.said()));
                    tracing::warn!(code = problem.code, "{}", problem.detail);
                }
            }
            schedule::run(plant, stopping).await;
        })
    };
    notify::ready(&address);
    tracing::info!(%address, "serving");
    Ok(Serving { address, stop, server, schedule, threads: vec![read, post], plant })
}

impl Serving {
    /// The address that a browser on this machine opens.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Takes the settings and users as they are in their files now; the old ones stay if the new
    /// make no sense.
    ///
    /// # Errors
    ///
    /// [`Problem`] with the place that is wrong.
    pub async fn reload(&self) -> Result<(), Problem> {
        notify::reloading();
        let reloaded = api::reload_now(&self.plant).await;
        notify::ready(&self.address);
        reloaded
    }

    /// Reads SAP and the meters now.
    ///
    /// # Errors
    ///
    /// [`Problem`] if they cannot be read or make no sense.
    pub async fn collect(&self) -> Result<(), Problem> {
        task::collect(&self.plant, schedule::SCHEDULE).await.map(|_| ())
    }

    /// Ends: no new request is taken, what is being sent to SAP arrives, the rest is taken up by the
    /// next start.
    pub async fn stop(self) {
        notify::stopping();
        let Self { stop, server, schedule, threads, plant, .. } = self;
        let _ = stop.send(true);
        let ended = async {
            let _ = tokio::join!(server, schedule);
            while Arc::strong_count(&plant) > 1 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            // The threads end when nobody can give them work.
            drop(plant);
            let joined = tokio::task::spawn_blocking(move || {
                threads.into_iter().for_each(|thread| drop(thread.join()));
            });
            let _ = joined.await;
        };
        if tokio::time::timeout(GRACE, ended).await.is_err() {
            tracing::warn!("work goes on; the next start takes up what it leaves");
        }
    }
}

fn routes(plant: &Arc<Plant>) -> Router {
    Router::new()
        .nest("/api/v1", api::routes().layer(from_fn(guard::tag)))
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .fallback(page::page)
        .layer(from_fn_with_state(Arc::clone(plant), guard::watch))
        .with_state(Arc::clone(plant))
}

#[derive(Serialize)]
struct Part {
    part: &'static str,
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

/// Whether every part works; names those that do not.
async fn readyz(State(plant): State<Arc<Plant>>) -> Response {
    let (journal, collect) = {
        let health = plant.health();
        (health.journal.clone(), health.collect.as_ref().map(|(_, why)| why.to_string()))
    };
    let facts = plant.view().err().map(|problem| problem.detail);
    let parts = [("journal", journal), ("collect", collect), ("facts", facts)];
    let parts = parts.map(|(part, why)| Part { part, ok: why.is_none(), why });
    let ok = parts.iter().all(|part| part.ok);
    let status = if ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(serde_json::json!({ "ready": ok, "parts": parts }))).into_response()
}

async fn metrics(State(plant): State<Arc<Plant>>) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], plant.meters.text(&plant)).into_response()
}
