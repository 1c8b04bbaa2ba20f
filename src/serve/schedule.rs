//! What happens by itself: reading, snapshots of footprints, plans when a budget is in danger, windows
//! and periods that close, and what planners see and ask for in SAP.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use super::alarm::{Alarm, Alarms};
use super::closing::close_due;
use super::companion::Companion;
use super::job::JobKind;
use super::notify;
use super::plant::Plant;
use super::{replanning, task};

/// Who asks for what the schedule does.
pub const SCHEDULE: &str = "schedule";

/// How often the journal is looked at while nothing moves: another process may write to it.
const LOOK_EVERY: SignedDuration = SignedDuration::from_secs(10);

/// How often it is looked whether footprints are to be kept and periods to be closed.
const KEEP_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// Runs until `stop` says so.
pub async fn run(plant: Arc<Plant>, mut stop: watch::Receiver<bool>) {
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut looked = Timestamp::UNIX_EPOCH;
    // One look at a time: it waits while the desk posts, and the watchdog does not.
    let looking = Arc::new(AtomicBool::new(false));
    let mut planned_for: Option<String> = None;
    let mut alarms = Alarms::default();
    let companion = Arc::new(tokio::sync::Mutex::new(Companion::default()));
    let mut talked = Timestamp::UNIX_EPOCH;
    let (mut kept, keeping) = (Timestamp::UNIX_EPOCH, Arc::new(tokio::sync::Mutex::new(())));
    loop {
        tokio::select! {
            _ = stop.changed() => return,
            _ = tick.tick() => {}
        }
        notify::alive();
        let now = Timestamp::now();
        alarms.due(&plant.journal().change_sets, now).iter().for_each(Alarm::tell);
        let moving = plant.journal().change_sets.iter().any(|set| task::is_moving(set.phase));
        if moving || now.duration_since(looked) >= LOOK_EVERY {
            looked = now;
            if !looking.swap(true, Ordering::SeqCst) {
                let (plant, looking) = (Arc::clone(&plant), Arc::clone(&looking));
                tokio::spawn(async move {
                    // Health has what went wrong.
                    let _ = task::look(&plant).await;
                    looking.store(false, Ordering::SeqCst);
                });
            }
        }
        let every =
            SignedDuration::from_secs(plant.config().settings.serve.companion_seconds.into());
        if every.is_positive()
            && now.duration_since(talked) >= every
            // One talk at a time: it waits while the desk posts.
            && let Ok(mut companion) = Arc::clone(&companion).try_lock_owned()
        {
            talked = now;
            let plant = Arc::clone(&plant);
            tokio::spawn(async move { companion.talk(&plant).await });
        }
        if is_due(&plant, now) && !plant.jobs.is_busy(JobKind::Collect) {
            let plant = Arc::clone(&plant);
            tokio::spawn(async move { task::collect(&plant, SCHEDULE).await });
        }
        plan_if_needed(&plant, &mut planned_for);
        if now.duration_since(kept) >= KEEP_EVERY
            && plant.view().is_ok()
            && let Ok(keeping) = Arc::clone(&keeping).try_lock_owned()
        {
            kept = now;
            let plant = Arc::clone(&plant);
            tokio::spawn(async move {
                keep_and_close(&plant).await;
                drop(keeping);
            });
        }
    }
}

/// Keeps the footprints and closes periods where it is time; what fails is tried again.
async fn keep_and_close(plant: &Arc<Plant>) {
    let minutes = i64::from(plant.config().settings.serve.footprint_minutes);
    let mut done = Vec::new();
    if minutes > 0 {
        let every = SignedDuration::from_mins(minutes);
        done.push(("footprints are not kept", task::keep_footprints(plant, every).await));
    }
    done.push(("no period is closed", close_due(plant).await));
    for (what, done) in done {
        if let Err(problem) = done {
            tracing::warn!(code = problem.code, "{what}: {}", problem.detail);
        }
    }
}

/// Whether SAP and the meters are to be read again.
fn is_due(plant: &Plant, now: Timestamp) -> bool {
    let minutes = plant.config().settings.serve.collect_minutes;
    if minutes == 0 {
        return false;
    }
    let health = plant.health();
    let failed = health.collect.as_ref().map(|(at, _)| *at);
    let last = health.collected.max(failed).unwrap_or(Timestamp::UNIX_EPOCH);
    now.duration_since(last) >= SignedDuration::from_mins(i64::from(minutes))
}

/// Makes a plan when new facts project more emissions than a budget bears, or ask for another plan than
/// the one that runs.
fn plan_if_needed(plant: &Arc<Plant>, planned_for: &mut Option<String>) {
    let percent = plant.config().settings.serve.plan_overshoot_percent;
    let Ok(view) = plant.view() else { return };
    if percent == 0 || planned_for.as_ref() == Some(&view.facts_key) {
        return;
    }
    *planned_for = Some(view.facts_key.clone());
    let mut budgets = view.organisation.budgets.iter();
    let danger = budgets.find(|status| status.goes_beyond(percent));
    let danger = danger.map(|status| status.budget.quarter.to_string());
    if let Some(quarter) = &danger {
        tracing::warn!(quarter, percent, "the projection exceeds the budget: a plan is made");
    }
    let plant = Arc::clone(plant);
    tokio::spawn(async move { replanning::plan_if_needed(&plant, danger.is_some()).await });
}
