//! What the daemon knows and has, shared by pages, schedule and work.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;
use tokio::sync::watch;

use super::event::Events;
use super::job::Jobs;
use super::metrics::Meters;
use super::person::Users;
use super::problem::Problem;
use super::session::{Limit, Sessions};
use super::view::View;
use super::worker::Worker;
use crate::config::Config;
use crate::cycle::Posted;
use crate::post::Summary;
use crate::post::approval::Request;
use crate::said;
use crate::said::Said;

/// The journal as pages see it.
#[derive(Clone, Debug, Default)]
pub struct JournalView {
    /// Change sets, oldest first.
    pub change_sets: Vec<Summary>,
    /// Requests for approval, oldest first.
    pub requests: Vec<Request>,
    /// Change sets that post a plan, oldest first.
    pub plans: Vec<Posted>,
    /// Change sets that post emissions, oldest first.
    pub carbon: Vec<Posted>,
}

/// How the parts of the daemon are.
#[derive(Clone, Debug, Default)]
pub struct Health {
    /// Why the last read failed, and when; `None` if it did not.
    pub collect: Option<(Timestamp, Said)>,
    /// Why the journal cannot be used.
    pub journal: Option<String>,
    /// When facts were last read without an error.
    pub collected: Option<Timestamp>,
}

/// The daemon's state.
pub struct Plant {
    /// Settings file.
    pub settings: PathBuf,
    config: RwLock<Arc<Config>>,
    users: RwLock<Arc<Users>>,
    view: RwLock<Option<Arc<View>>>,
    journal: RwLock<Arc<JournalView>>,
    health: Mutex<Health>,
    /// Who is logged on.
    pub sessions: Sessions,
    /// Tries to log on, by name.
    pub logons: Limit,
    /// Tries to log on, by address: one may stand for many people behind a proxy, so more are let
    /// through.
    pub addresses: Limit,
    /// Logons that are at the directory.
    #[cfg(feature = "oidc")]
    pub directory: super::oidc::Logons,
    address: SocketAddr,
    /// The job that is sending to SAP, and what makes it stop.
    sending: Mutex<Option<(u64, Arc<AtomicBool>)>>,
    /// Changes, by session.
    pub changes: Limit,
    /// What happens.
    pub events: Arc<Events>,
    /// Long work.
    pub jobs: Jobs,
    /// What Prometheus reads.
    pub meters: Meters,
    /// Reads and plans.
    pub bench: Worker,
    /// Posts and takes back: a thread of its own, so that no plan delays a way back.
    pub desk: Worker,
    /// When the daemon started.
    pub started: Timestamp,
    stopping: watch::Receiver<bool>,
}

impl Plant {
    /// A daemon that knows nothing yet.
    pub fn new(
        settings: PathBuf,
        address: SocketAddr,
        config: Config,
        users: Users,
        bench: Worker,
        desk: Worker,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        let events = Arc::new(Events::default());
        let idle = idle(&config);
        Self {
            settings,
            config: RwLock::new(Arc::new(config)),
            users: RwLock::new(Arc::new(users)),
            view: RwLock::default(),
            journal: RwLock::default(),
            health: Mutex::default(),
            sessions: Sessions::new(idle),
            logons: Limit::new(5, Duration::from_secs(60)),
            addresses: Limit::new(60, Duration::from_secs(60)),
            #[cfg(feature = "oidc")]
            directory: super::oidc::Logons::default(),
            address,
            sending: Mutex::default(),
            changes: Limit::new(120, Duration::from_secs(60)),
            jobs: Jobs::new(Arc::clone(&events)),
            events,
            meters: Meters::new(),
            bench,
            desk,
            started: Timestamp::now(),
            stopping,
        }
    }

    /// Becomes true when the server stops.
    pub fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.clone()
    }

    /// The address that people open, without a slash at its end.
    pub fn base(&self) -> String {
        match &self.config().settings.serve.public_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => format!("http://{}", self.address),
        }
    }

    /// The settings as they are now.
    pub fn config(&self) -> Arc<Config> {
        Arc::clone(&self.config.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The local users.
    pub fn users(&self) -> Arc<Users> {
        Arc::clone(&self.users.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes new settings and users. What is under way goes on with the old ones.
    pub fn reload(&self, config: Config, users: Users) {
        self.sessions.set_idle(idle(&config));
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
        *self.users.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(users);
    }

    /// What the last facts show.
    ///
    /// # Errors
    ///
    /// [`Problem`] while there are none.
    pub fn view(&self) -> Result<Arc<View>, Problem> {
        let view = self.view.read().unwrap_or_else(PoisonError::into_inner);
        view.clone().ok_or_else(|| {
            let why = self.health().collect.as_ref().map(|(_, text)| text.clone());
            Problem::later(
                axum::http::StatusCode::SERVICE_UNAVAILABLE,
                "NO-FACTS",
                why.unwrap_or_else(|| said!("job.read-first", "SAP and the meters are being read")),
                5,
            )
        })
    }

    /// Shows other facts from now on.
    pub fn show(&self, view: View) {
        let told = json!({
            "facts": view.facts_key,
            "period": view.judged.period.to_string(),
            "findings": view.judged.findings.len(),
            "made": view.made,
        });
        *self.view.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(view));
        self.events.tell("view", told);
    }

    /// Which job is sending to SAP by now, and what makes it stop.
    pub fn sending_is(&self, sending: Option<(u64, Arc<AtomicBool>)>) {
        *self.sending.lock().unwrap_or_else(PoisonError::into_inner) = sending;
    }

    /// Lets a job send nothing further and take back what it sent; `false` if it is not sending.
    pub fn stop_sending(&self, job: u64) -> bool {
        let sending = self.sending.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((_, stop)) = sending.as_ref().filter(|(of, _)| *of == job) else { return false };
        stop.store(true, Ordering::SeqCst);
        true
    }

    /// The journal as it was last looked at.
    pub fn journal(&self) -> Arc<JournalView> {
        Arc::clone(&self.journal.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes over a newer look at the journal; tells what is different.
    pub fn journal_is(&self, now: JournalView) {
        let before = self.journal();
        for set in &now.change_sets {
            if !before.change_sets.contains(set) {
                self.events.tell("change_set", json!(set));
            }
        }
        for request in &now.requests {
            if !before.requests.contains(request) {
                let told = json!({ "name": request.name, "approved_by": request.approved_by });
                self.events.tell("request", told);
            }
        }
        *self.journal.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(now);
    }

    /// How the parts are.
    pub fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn idle(config: &Config) -> Duration {
    Duration::from_secs(60 * u64::from(config.settings.serve.session_minutes))
}
