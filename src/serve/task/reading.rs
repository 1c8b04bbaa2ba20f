//! SAP and the meters are read, and what they say is shown and kept.

use std::sync::Arc;
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};

use super::ended;
use crate::cycle::FootprintSnapshot;
use crate::said;
use crate::said::Said;
use crate::serve::job::JobKind;
use crate::serve::plant::Plant;
use crate::serve::problem::Problem;
use crate::serve::view::View;
use crate::store::Kind;

/// Reads SAP and the meters, and shows what they say.
///
/// # Errors
///
/// [`Problem`]; what was shown before stays.
#[tracing::instrument(name = "cycle.collect", skip_all, fields(by, facts))]
pub async fn collect(plant: &Arc<Plant>, by: &str) -> Result<String, Problem> {
    let job = plant.jobs.ask(JobKind::Collect, by);
    let (shared, told) = (Arc::clone(plant), job.clone());
    let read = plant.bench.run(move |bench| async move {
        let installation = bench.installation()?;
        told.at(said!("read.stage.begin", "Reading SAP and meters"), None);
        let say = {
            let told = told.clone();
            Arc::new(move |said: Said| told.at(said, None))
        };
        let (key, facts, report) = installation.read(None, say).await?;
        for alarm in &report.alarms {
            tracing::warn!(alarm, "reading SAP");
        }
        told.at(said!("read.stage.footprints", "Calculating footprints"), None);
        let view = View::of(key.clone(), facts, &installation)?;
        // What is new is opened, what nobody decided in time expires.
        installation.store.track(
            &view.judged.findings,
            &installation.config.rules,
            Timestamp::now(),
        )?;
        shared.show(view);
        Ok(key)
    });
    let began = Instant::now();
    let result = read.await;
    {
        let mut health = plant.health();
        match &result {
            Ok(_) => (health.collect, health.collected) = (None, Some(Timestamp::now())),
            Err(problem) => health.collect = Some((Timestamp::now(), problem.said())),
        }
    }
    if let Ok(key) = &result {
        tracing::Span::current().record("facts", key.as_str());
    }
    ended(plant, &job, "collect", &result, began, |key| Some(key.clone()));
    result
}

/// Shows the last facts that were kept; `false` if there are none.
///
/// # Errors
///
/// [`Problem`] if they cannot be judged by the settings as they are now.
pub async fn show_last(plant: &Arc<Plant>) -> Result<bool, Problem> {
    let shared = Arc::clone(plant);
    plant
        .bench
        .run(move |bench| async move {
            let installation = bench.installation()?;
            let Some((key, facts)) = installation.last_facts()? else { return Ok(false) };
            let read_at = facts.read_at;
            shared.show(View::of(key, facts, &installation)?);
            shared.health().collected = Some(read_at);
            Ok(true)
        })
        .await
}

/// Keeps the footprints that are shown, unless that was done within `every`.
///
/// # Errors
///
/// [`Problem`] while there are no facts, or if the store cannot be written.
pub async fn keep_footprints(plant: &Arc<Plant>, every: SignedDuration) -> Result<(), Problem> {
    let view = plant.view()?;
    let kept = plant.bench.run(async move |bench| {
        let (store, now) = (&bench.installation()?.store, Timestamp::now());
        let last = store.latest::<serde::de::IgnoredAny>(Kind::Footprints)?;
        if last.is_some_and(|(_, at, _)| now.duration_since(at) < every) {
            return Ok(());
        }
        let snapshot = FootprintSnapshot::of(&view.judged, &view.products, &view.facts_key, now);
        store.keep(Kind::Footprints, now, &snapshot)?;
        Ok(())
    });
    kept.await
}
