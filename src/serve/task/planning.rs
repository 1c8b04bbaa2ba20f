//! Plans are made.

use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use serde::Deserialize;
use utoipa::ToSchema;

use super::ended;
use crate::cycle;
use crate::plan::Limit;
use crate::said;
use crate::said::Said;
use crate::serve::job::Running;
use crate::serve::plant::Plant;
use crate::serve::problem::Problem;
use crate::store::Kind;

/// Plans that are made for a front.
const FRONT_SEARCHES: usize = 11;

/// How a plan is to be made, where it differs from the settings.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PlanWish {
    /// Wall seconds of the search, 1 to 3600.
    pub seconds: Option<f64>,
    /// Weights of carbon, cost and punctuality. They are not negative and sum to one.
    pub weights: Option<[f64; 3]>,
    /// Most that the plan may emit over the horizon, in kgCO2e.
    pub carbon_cap_kg: Option<f64>,
    /// Whether other choices between carbon, cost and punctuality are looked for too; that takes the
    /// seconds of the search once more.
    pub front: bool,
    /// Whether it is made again from the plan that runs, posted or approved: what begins soon stays, and
    /// few orders change.
    pub replan: bool,
}

impl PlanWish {
    /// # Errors
    ///
    /// [`Problem`] that says which number makes no sense.
    pub fn check(&self) -> Result<(), Problem> {
        if let Some(seconds) = self.seconds
            && !(1.0..=3600.0).contains(&seconds)
        {
            return Err(Problem::invalid(said!(
                "wish.seconds",
                "seconds {seconds} is not between 1 and 3600",
                seconds = seconds
            )));
        }
        if let Some(cap) = self.carbon_cap_kg
            && !(cap.is_finite() && cap > 0.0)
        {
            return Err(Problem::invalid(said!(
                "wish.cap",
                "carbon_cap_kg {cap} is not above 0",
                cap = cap
            )));
        }
        let Some(weights) = self.weights else { return Ok(()) };
        let sum: f64 = weights.iter().sum();
        let each = weights.iter().all(|weight| (0.0..=1.0).contains(weight));
        if !each || (sum - 1.0).abs() > 1e-6 {
            return Err(Problem::invalid(said!(
                "wish.weights",
                "weights {weights} of carbon, cost and punctuality have to be between 0 and 1 and sum \
                 to 1; they sum to {sum}. No plan was begun",
                weights = format!("{weights:?}"),
                sum = sum
            )));
        }
        Ok(())
    }
}

/// Makes a plan from the facts that are shown.
///
/// # Errors
///
/// [`Problem`] if no plan can be made of them.
#[tracing::instrument(name = "cycle.plan", skip_all, fields(by))]
pub async fn plan(
    plant: &Arc<Plant>,
    by: &str,
    wish: PlanWish,
    job: Running,
) -> Result<String, Problem> {
    let view = plant.view()?;
    let told = job.clone();
    let began = Instant::now();
    let by = by.to_owned();
    let result = plant.bench.run(move |bench| async move {
        let installation = bench.installation()?;
        let mut config = installation.config.clone();
        if let Some([carbon, cost, punctuality]) = wish.weights {
            config.settings.plan.weights = crate::config::Weights { carbon, cost, punctuality };
        }
        if wish.carbon_cap_kg.is_some() {
            config.settings.plan.carbon_cap_kg = wish.carbon_cap_kg;
        }
        let usual = &config.settings.plan;
        let usual = if wish.replan { usual.replan.seconds } else { usual.seconds };
        let budget = wish.seconds.unwrap_or(usual).max(0.1);
        let began = Instant::now();
        let share = || {
            if told.is_stopped() { 1.0 } else { began.elapsed().as_secs_f64() / budget }
        };
        let progress = |what: &Said, best: Option<f64>| told.at(what.clone(), best);
        let (facts, judged, key) = (&view.facts, &view.judged, view.facts_key.as_str());
        let limit = Limit::Share(&share);
        let now = Timestamp::now();
        let mut record = if wish.replan {
            let wish = cycle::Replan::default();
            installation.replan((key, facts), judged, &config, wish, now, limit, &progress)?
        } else {
            cycle::plan(facts, judged, &config, key, now, limit, &progress)?
        };
        if wish.front && !told.is_stopped() {
            let began = Instant::now();
            let share = || {
                if told.is_stopped() { 1.0 } else { began.elapsed().as_secs_f64() / budget }
            };
            record.look_around(FRONT_SEARCHES, Limit::Share(&share), &progress)?;
        }
        tracing::info!(%by, fv = record.evaluation.fv, status = record.status, "a plan was made");
        Ok(installation.store.keep(Kind::Plan, now, &record)?)
    });
    let result = result.await;
    ended(plant, &job, "plan", &result, began, |key| Some(key.clone()));
    result
}
