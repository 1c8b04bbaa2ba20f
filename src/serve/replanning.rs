//! Plans that the schedule makes: when a budget is in danger, and again when the plan that runs no longer
//! fits.

use std::sync::Arc;

use jiff::Timestamp;

use super::job::JobKind;
use super::plant::Plant;
use super::problem::Problem;
use super::schedule::SCHEDULE;
use super::task::{self, PlanWish};
use crate::cycle;

/// Makes a plan if a budget is `in_danger`, or if the facts ask for another one than the plan that runs.
/// Where one runs, it is made from that.
pub(super) async fn plan_if_needed(plant: &Arc<Plant>, in_danger: bool) {
    let Ok(view) = plant.view() else { return };
    let looked = plant.bench.run(move |bench| async move {
        let installation = bench.installation()?;
        let Some(running) = installation.running_plan()? else { return Ok(None) };
        let (facts, judged, config) = (&view.facts, &view.judged, &installation.config);
        Ok::<_, Problem>(Some(cycle::triggers(facts, judged, config, &running, Timestamp::now())?))
    });
    let found = match looked.await {
        Ok(found) => found,
        Err(problem) => {
            tracing::warn!(
                code = problem.code,
                "the plan that runs is not known: {}",
                problem.detail
            );
            None
        }
    };
    for trigger in found.iter().flatten() {
        tracing::warn!(what = trigger.sentence(), "the plan that runs no longer fits");
    }
    if !in_danger && found.as_ref().is_none_or(Vec::is_empty) {
        return;
    }
    let wish = PlanWish { replan: found.is_some(), ..PlanWish::default() };
    let job = plant.jobs.ask(JobKind::Plan, SCHEDULE);
    // Health and the job have what went wrong.
    let _ = task::plan(plant, SCHEDULE, wish, job).await;
}
