//! Whether a plan holds on a shop floor that fails and scatters: a discrete-event simulation.
//!
//! Each work center takes its jobs in the order of the plan, sets up when the group or the shift
//! changes, breaks down and is repaired; jobs take longer or shorter than planned. What is not done
//! in its shift runs over into the next. Nothing is re-planned: it is what happens if nobody acts.

mod floor;

mod run;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::evaluate::{Evaluation, evaluate};
use super::instance::Instance;
use super::schedule::Schedule;
use floor::Floor;

/// How a shop floor differs from its plan.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Scatter {
    /// Simulated horizons.
    pub runs: usize,
    /// Seed; the same seed gives the same result on any number of threads.
    pub seed: u64,
    /// Coefficient of variation of run times; log-normal with the planned time as mean.
    pub time_variation: f64,
    /// Coefficient of variation of set-up times.
    pub setup_variation: f64,
    /// Mean running hours of a work center between two breakdowns, exponential; none without it.
    pub hours_between_breakdowns: Option<f64>,
    /// Mean working hours until a work center is repaired, exponential.
    pub hours_to_repair: f64,
    /// Coefficient of variation of the grid's intensity around what is expected for a shift.
    pub grid_variation: f64,
}

impl Default for Scatter {
    fn default() -> Self {
        Self {
            runs: 200,
            seed: 1,
            time_variation: 0.1,
            setup_variation: 0.2,
            hours_between_breakdowns: Some(120.0),
            hours_to_repair: 2.0,
            grid_variation: 0.1,
        }
    }
}

impl Scatter {
    /// No scatter and no breakdown: the plan as it stands.
    pub fn none() -> Self {
        Self {
            runs: 1,
            seed: 1,
            time_variation: 0.0,
            setup_variation: 0.0,
            hours_between_breakdowns: None,
            hours_to_repair: 0.0,
            grid_variation: 0.0,
        }
    }

    /// Checks that every figure makes sense.
    ///
    /// # Errors
    ///
    /// The name of the figure, and what it has to be.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        if self.runs == 0 || self.runs > 1_000_000 {
            return Err(("runs", format!("{} is not between 1 and 1000000", self.runs)));
        }
        let variations = [
            ("time_variation", self.time_variation),
            ("setup_variation", self.setup_variation),
            ("grid_variation", self.grid_variation),
        ];
        for (name, value) in variations {
            if !(0.0..=2.0).contains(&value) {
                return Err((name, format!("{value} is not between 0 and 2")));
            }
        }
        if let Some(hours) = self.hours_between_breakdowns
            && !(hours.is_finite() && hours > 0.0)
        {
            return Err(("hours_between_breakdowns", format!("{hours} is not above 0")));
        }
        if !(self.hours_to_repair.is_finite() && self.hours_to_repair >= 0.0) {
            return Err(("hours_to_repair", format!("{} is not 0 or more", self.hours_to_repair)));
        }
        Ok(())
    }
}

/// A figure with its scatter: a tenth of the runs lies below `low`, a tenth above `high`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Band {
    /// Tenth percentile.
    pub low: f64,
    /// Median.
    pub median: f64,
    /// Ninetieth percentile.
    pub high: f64,
    /// What the plan says.
    pub planned: f64,
}

/// What the simulation says of one order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderOutlook {
    /// Order.
    pub planned_order: String,
    /// Share of the runs in which it arrives by its due bucket.
    pub on_time: f64,
    /// Whether the plan has it on time.
    pub planned_on_time: bool,
    /// Mean arrival minus planned arrival, in buckets.
    pub delay_buckets: f64,
    /// The work center at which it waits longest on average, with the minutes; `None` if it does not.
    pub waits_at: Option<(String, f64)>,
}

/// What the simulation says of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanOutlook {
    /// How it was simulated.
    pub scatter: Scatter,
    /// Orders, least likely first, then by key.
    pub orders: Vec<OrderOutlook>,
    /// Probability that what the plan has on time is on time: mean over those orders, by their
    /// priority weight. One if the plan has nothing on time.
    pub on_time: f64,
    /// Punctuality of the runs.
    pub punctuality: Band,
    /// Electricity in kWh.
    pub electricity_kwh: Band,
    /// Carbon in kg CO₂e; what is bought, moved and burnt does not scatter.
    pub carbon_kg: Band,
}

/// Simulates a plan.
///
/// Without scatter every order arrives when the plan says, and electricity and carbon are the plan's,
/// if the plan keeps the capacities. A work center with more minutes in a shift than the shift has
/// is one that is so much faster. An operation with a later offset waits for those before it.
///
/// # Errors
///
/// What is wrong with the scatter, or the first thing that the plan names and the instance has not.
pub fn simulate(
    instance: &Instance,
    plan: &Schedule,
    scatter: &Scatter,
) -> Result<PlanOutlook, String> {
    scatter.check().map_err(|(name, reason)| format!("{name}: {reason}"))?;
    plan.is_of(&instance.id)?;
    let floor = Floor::of(instance, plan)?;
    let worth = evaluate(instance, plan);
    let runs: Vec<run::Outcome> =
        (0..scatter.runs).into_par_iter().map(|at| run::once(&floor, scatter, at as u64)).collect();
    Ok(summary(&floor, &worth, scatter, &runs))
}

fn summary(
    floor: &Floor<'_>,
    worth: &Evaluation,
    scatter: &Scatter,
    runs: &[run::Outcome],
) -> PlanOutlook {
    let count = runs.len() as f64;
    let fixed = worth.carbon_kg - floor.electric_carbon();
    let (mut kept, mut promised) = (0.0, 0.0);
    let mut orders: Vec<OrderOutlook> = (floor.orders.iter().enumerate())
        .map(|(at, order)| {
            let of_runs = runs.iter().map(|run| run.arrival[at]);
            let on_time = of_runs.clone().filter(|a| *a <= order.due).count() as f64 / count;
            let mean = of_runs.map(|arrival| arrival as f64).sum::<f64>() / count;
            let planned_on_time = order.arrival <= order.due;
            if planned_on_time {
                promised += order.weight;
                kept += order.weight * on_time;
            }
            let wait = |run: &run::Outcome| run.longest_wait[at];
            OrderOutlook {
                planned_order: order.name.to_owned(),
                on_time,
                planned_on_time,
                delay_buckets: mean - order.arrival as f64,
                waits_at: floor.waits_at(runs.iter().map(wait)),
            }
        })
        .collect();
    orders.sort_by(|a, b| {
        a.on_time.total_cmp(&b.on_time).then_with(|| a.planned_order.cmp(&b.planned_order))
    });
    let weight: f64 = floor.orders.iter().map(|order| order.weight).sum();
    let punctuality = |run: &run::Outcome| {
        let on_time = floor.orders.iter().zip(&run.arrival).filter(|(o, at)| **at <= o.due);
        on_time.map(|(order, _)| order.weight).sum::<f64>() / weight
    };
    PlanOutlook {
        scatter: *scatter,
        orders,
        on_time: if promised > 0.0 { kept / promised } else { 1.0 },
        punctuality: band(runs.iter().map(punctuality), worth.punctuality),
        electricity_kwh: band(runs.iter().map(|run| run.kwh), floor.kwh()),
        carbon_kg: band(runs.iter().map(|run| run.carbon_kg + fixed), worth.carbon_kg),
    }
}

/// Percentiles by nearest rank.
fn band(values: impl Iterator<Item = f64>, planned: f64) -> Band {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let rank = |share: f64| {
        let at = (share * values.len() as f64).ceil() as usize;
        values[at.clamp(1, values.len()) - 1]
    };
    Band { low: rank(0.1), median: rank(0.5), high: rank(0.9), planned }
}
