//! When a plan emits what it emits, and what that leaves of the budgets of its quarters.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::instance::{Instance, Lane, Material, Plant};
use super::schedule::Schedule;

/// Carbon of one shift by scope of the GHG Protocol, in kg CO₂e.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ByScope {
    /// Own emissions.
    pub scope_1: f64,
    /// Electricity of operations and set-ups.
    pub scope_2: f64,
    /// Bought components and transport to customers.
    pub scope_3: f64,
}

impl ByScope {
    /// The sum of some scopes.
    pub fn of(&self, scopes: &[u8]) -> f64 {
        let all = [(1, self.scope_1), (2, self.scope_2), (3, self.scope_3)];
        all.iter().filter(|(scope, _)| scopes.contains(scope)).map(|(_, kg)| kg).sum()
    }
}

impl std::ops::AddAssign for ByScope {
    fn add_assign(&mut self, other: Self) {
        self.scope_1 += other.scope_1;
        self.scope_2 += other.scope_2;
        self.scope_3 += other.scope_3;
    }
}

/// Carbon of a plan shift by shift; the sum over all is the plan's carbon.
///
/// Electricity counts in the shift that uses it, own emissions and transport in the shift in which
/// the last operation runs, components in the shift in which the order starts, at the mean of all
/// that is bought of them.
///
/// # Errors
///
/// The first thing that the plan names and the instance has not.
pub fn by_bucket(instance: &Instance, plan: &Schedule) -> Result<Vec<ByScope>, String> {
    plan.is_of(&instance.id)?;
    let materials: HashMap<&str, &Material> =
        instance.materials.iter().map(|made| (made.material.as_str(), made)).collect();
    let lanes: HashMap<&str, &Lane> =
        instance.transport_lanes.iter().map(|lane| (lane.lane.as_str(), lane)).collect();
    let plants: HashMap<&str, &Plant> =
        instance.plants.iter().map(|plant| (plant.plant.as_str(), plant)).collect();
    let centers: HashMap<&str, _> =
        instance.work_centers.iter().map(|w| (w.work_center.as_str(), w)).collect();
    let orders: HashMap<&str, _> =
        instance.planned_orders.iter().map(|o| (o.planned_order.as_str(), o)).collect();
    let mean = mean_carbon(instance, plan);
    let mut emitted = vec![ByScope::default(); instance.buckets.len()];
    let mut set_up: BTreeMap<(&str, &str, usize), ()> = BTreeMap::new();
    for one in &plan.assignments {
        let name = one.planned_order.as_str();
        let unknown = |what: &str| format!("order {name}: its {what} is not in the instance");
        let order = orders.get(name).ok_or_else(|| unknown("name"))?;
        let made = materials[order.material.as_str()];
        let mut versions = made.production_versions.iter();
        let version = versions.find(|v| v.production_version == one.production_version);
        let version = version.ok_or_else(|| unknown("version"))?;
        let mut modes = lanes[order.lane.as_str()].modes.iter();
        let mode = modes.find(|mode| mode.mode == one.transport_mode);
        let mode = mode.ok_or_else(|| unknown("mode"))?;
        let offset = version.operations.iter().map(|op| op.bucket_offset).max().unwrap_or(0);
        let (start, last) = (one.start_bucket, one.start_bucket + offset);
        if last >= emitted.len() {
            return Err(format!("order {name} ends outside the horizon"));
        }
        for operation in &version.operations {
            let bucket = start + operation.bucket_offset;
            let center = centers[operation.work_center.as_str()];
            let grid = plants[center.plant.as_str()].grid_kgco2e_per_kwh[bucket];
            emitted[bucket].scope_2 += operation.kwh_per_unit * order.quantity * grid;
            set_up.insert((&center.work_center, &made.setup_group, bucket), ());
        }
        emitted[last].scope_1 += version.direct_kgco2e_per_unit * order.quantity;
        emitted[last].scope_3 += mode.kgco2e_per_unit * order.quantity;
        for item in &version.bom {
            let each = mean.get(item.component.as_str()).copied().unwrap_or_default();
            emitted[start].scope_3 += each * item.quantity_per_unit * order.quantity;
        }
    }
    for (center, group, bucket) in set_up.into_keys() {
        let center = centers[center];
        if let Some(setup) = center.setups.iter().find(|setup| setup.setup_group == group) {
            let grid = plants[center.plant.as_str()].grid_kgco2e_per_kwh[bucket];
            emitted[bucket].scope_2 += setup.setup_kwh * grid;
        }
    }
    Ok(emitted)
}

fn mean_carbon<'a>(instance: &'a Instance, plan: &Schedule) -> HashMap<&'a str, f64> {
    let mut mean = HashMap::new();
    for component in &instance.components {
        let (mut carbon, mut quantity) = (0.0, 0.0);
        for bought in plan.sourcing.iter().filter(|p| p.component == component.component) {
            let mut sources = component.sources.iter();
            if let Some(source) = sources.find(|source| source.source == bought.source) {
                carbon += source.kgco2e_per_unit * bought.quantity;
                quantity += bought.quantity;
            }
        }
        if quantity > 0.0 {
            mean.insert(component.component.as_str(), carbon / quantity);
        }
    }
    mean
}
