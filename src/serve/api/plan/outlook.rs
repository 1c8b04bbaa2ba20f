//! What the shop floor makes of a plan.

use serde::Serialize;
use utoipa::ToSchema;

use crate::cycle::PlanRecord;
use crate::plan::simulation::{Band, OrderOutlook};

/// A figure with its scatter over the simulated horizons.
#[derive(Serialize, ToSchema)]
pub struct Scattered {
    /// What the plan says.
    planned: f64,
    /// A tenth of the runs lies below.
    low: f64,
    /// Half of the runs.
    median: f64,
    /// A tenth of the runs lies above.
    high: f64,
}

impl From<&Band> for Scattered {
    fn from(band: &Band) -> Self {
        let Band { low, median, high, planned } = *band;
        Self { planned, low, median, high }
    }
}

/// How likely one order is on time.
#[derive(Serialize, ToSchema)]
pub struct Likely {
    /// Order of the plan.
    order: String,
    /// Share of the runs in which it arrives on time.
    on_time: f64,
    /// Whether the plan has it on time.
    planned_on_time: bool,
    /// Mean delay in shifts.
    delay_shifts: f64,
    /// Work center at which it waits longest.
    waits_at: Option<String>,
}

/// What the simulation says.
#[derive(Serialize, ToSchema)]
pub struct Feasibility {
    /// Probability that what the plan has on time is on time.
    on_time: f64,
    /// What the settings ask for; null if any plan may be posted.
    on_time_min: Option<f64>,
    /// Whether it can be posted without `override`.
    postable: bool,
    /// Simulated horizons.
    runs: usize,
    /// Seed of the simulation.
    seed: u64,
    /// Share of orders on time, weighted.
    punctuality: Scattered,
    /// kWh.
    electricity_kwh: Scattered,
    /// kgCO2e.
    carbon_kg: Scattered,
    /// Orders, least likely first.
    orders: Vec<Likely>,
}

pub(super) fn feasibility(record: &PlanRecord, least: Option<f64>) -> Option<Feasibility> {
    let outlook = record.outlook.as_ref()?;
    let likely = |order: &OrderOutlook| Likely {
        order: order.planned_order.clone(),
        on_time: order.on_time,
        planned_on_time: order.planned_on_time,
        delay_shifts: order.delay_buckets,
        waits_at: order.waits_at.as_ref().map(|(center, _)| center.clone()),
    };
    Some(Feasibility {
        on_time: outlook.on_time,
        on_time_min: least,
        postable: least.is_none_or(|least| outlook.on_time >= least),
        runs: outlook.scatter.runs,
        seed: outlook.scatter.seed,
        punctuality: (&outlook.punctuality).into(),
        electricity_kwh: (&outlook.electricity_kwh).into(),
        carbon_kg: (&outlook.carbon_kg).into(),
        orders: outlook.orders.iter().map(likely).collect(),
    })
}
