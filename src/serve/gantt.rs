//! The operations of a plan by work center and shift, what the grid is like meanwhile, and in what its costs
//! are counted.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::cycle::PlanRecord;
use crate::period::ShiftCalendar;
use crate::plan::instance::Plant;

/// One operation on the Gantt chart.
#[derive(Serialize, ToSchema)]
pub struct Bar {
    /// Order of the plan.
    pub order: String,
    /// Material.
    pub material: String,
    /// Work center.
    pub work_center: String,
    /// First shift, from 0.
    pub bucket: usize,
    /// Its first shift in the baseline.
    pub bucket_baseline: Option<usize>,
    /// Begin on the plant's clock.
    pub start: String,
    /// End on the plant's clock.
    pub end: String,
    /// Run minutes.
    pub minutes: f64,
}

/// One shift of the horizon.
#[derive(Serialize, ToSchema)]
pub struct Shift {
    /// Begin on the plant's clock.
    pub start: String,
    /// Whether it is a night shift.
    pub night: bool,
    /// Expected kgCO2e per kWh of the grid.
    pub grid_kg_per_kwh: f64,
    /// Expected price of a kWh.
    pub tariff_per_kwh: f64,
}

/// The currency of a plan's costs: that of its company code.
pub fn currency(record: &PlanRecord) -> &str {
    record.problem.instance.currency.as_deref().unwrap_or("EUR")
}

/// Shifts of the horizon, with the grid and the tariff of its plant.
pub fn shifts(record: &PlanRecord, calendar: &ShiftCalendar) -> Vec<Shift> {
    let instance = &record.problem.instance;
    let series = |of: fn(&Plant) -> &Vec<f64>, at: usize| {
        instance.plants.first().and_then(|plant| of(plant).get(at).copied()).unwrap_or_default()
    };
    let shift = |(at, bucket): (usize, &crate::plan::instance::Bucket)| Shift {
        start: record.problem.local_times(at, at, calendar).0.to_string(),
        night: bucket.night,
        grid_kg_per_kwh: series(|plant| &plant.grid_kgco2e_per_kwh, at),
        tariff_per_kwh: series(|plant| &plant.tariff_per_kwh, at),
    };
    instance.buckets.iter().enumerate().map(shift).collect()
}

/// Operations in the order of the plan's orders.
pub fn bars(record: &PlanRecord, shifts: &ShiftCalendar) -> Vec<Bar> {
    let (problem, instance) = (&record.problem, &record.problem.instance);
    let before = record.without_it();
    let orders = instance.planned_orders.iter();
    let quantities: BTreeMap<&str, f64> =
        orders.map(|order| (order.planned_order.as_str(), order.quantity)).collect();
    let mut bars = Vec::new();
    for one in &record.schedule.assignments {
        let name = one.planned_order.as_str();
        let Some(line) = problem.demands.get(name) else { continue };
        let material = line.material.as_str();
        let quantity = quantities.get(name).copied().unwrap_or_default();
        let was = before.get(name);
        for operation in record.operations(material, &one.production_version) {
            let bucket = one.start_bucket + operation.bucket_offset;
            let (start, end) = problem.local_times(bucket, bucket, shifts);
            bars.push(Bar {
                order: one.planned_order.clone(),
                material: material.to_owned(),
                work_center: operation.work_center.clone(),
                bucket,
                bucket_baseline: was.map(|was| was.start_bucket + operation.bucket_offset),
                start: start.to_string(),
                end: end.to_string(),
                minutes: operation.minutes_per_unit * quantity,
            });
        }
    }
    bars
}
