//! What every document on its way shares: SAP, the clock, the settings, and the people who watch. It
//! has no journal: only the poster writes there.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::lock::Mutex as AsyncMutex;

use crate::clock::{Clock, Moment};

use super::failpoint::Failpoints;
use super::lease::Held;
use super::report::Progress;
use super::settings::PostSettings;

pub(super) struct Desk<S, C> {
    pub sap: S,
    pub settings: PostSettings,
    pub clock: C,
    pub stop: Arc<AtomicBool>,
    pub failpoints: Failpoints,
    /// The lease that we have, where there is one.
    pub lease: AsyncMutex<Option<Held>>,
    progress: Mutex<Box<dyn FnMut(Progress) + Send>>,
}

impl<S, C: Clock> Desk<S, C> {
    pub fn new(sap: S, settings: PostSettings, clock: C) -> Self {
        let failpoints = Failpoints::from_environment(settings.role);
        let progress: Box<dyn FnMut(Progress) + Send> = Box::new(|_| {});
        let (stop, progress) = (Arc::default(), Mutex::new(progress));
        let lease = AsyncMutex::new(None);
        Self { sap, settings, clock, stop, failpoints, lease, progress }
    }

    /// Tells `watcher` about each step from now on.
    pub fn watched_by(&self, watcher: impl FnMut(Progress) + Send + 'static) {
        *self.progress.lock().unwrap_or_else(PoisonError::into_inner) = Box::new(watcher);
    }

    pub fn tell(&self, progress: Progress) {
        (self.progress.lock().unwrap_or_else(PoisonError::into_inner))(progress);
    }
}

/// How far a change set may go on, for all of its documents that are on their way.
#[derive(Debug, Default)]
pub(super) struct Limits {
    /// Why nothing further may be sent forward, if that was so from the beginning.
    pub no_further: Option<String>,
    /// When sending has to be complete.
    pub deadline: Option<Moment>,
    /// Whether it is being taken back by now.
    pub going_back: AtomicBool,
}

impl Limits {
    /// Why nothing further may be sent forward, if so.
    pub fn reason_to_stop<S, C: Clock>(&self, desk: &Desk<S, C>) -> Option<String> {
        if let Some(reason) = &self.no_further {
            return Some(reason.clone());
        }
        if self.going_back.load(Ordering::SeqCst) {
            return Some("another document could not be posted".to_owned());
        }
        if desk.stop.load(Ordering::SeqCst) {
            return Some("it was interrupted".to_owned());
        }
        let now = desk.clock.now();
        let late = self.deadline.as_ref().is_some_and(|deadline| {
            deadline.boot_id != now.boot_id || now.since_boot >= deadline.since_boot
        });
        late.then(|| format!("it was not complete within {:#}", desk.settings.apply_deadline))
    }
}
