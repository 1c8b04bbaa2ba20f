//! The oracle: what a plan costs in carbon, money and punctuality, and what it violates. Reads the
//! instance and the plan and shares nothing with the search.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::instance::{Instance, Material, PlannedOrder};
use super::schedule::Schedule;
use crate::footprint::budget::Quarter;

const TOLERANCE: f64 = 1e-6;

/// A rule that a plan breaks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Violation {
    /// Rule, as `capacity` or `night_share_min`.
    pub rule: String,
    /// Object.
    pub object: String,
    /// By how much, in the unit of the rule.
    pub by: f64,
}

/// Carbon by where it comes from, in kg CO₂e.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CarbonParts {
    /// Own emissions without electricity.
    pub direct: f64,
    /// Electricity of operations.
    pub energy: f64,
    /// Transport to customers.
    pub transport: f64,
    /// Bought components.
    pub materials: f64,
    /// Electricity of set-ups.
    pub setup: f64,
}

/// What a plan is worth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// kg CO₂e.
    pub carbon_kg: f64,
    /// Currency of the instance.
    pub cost: f64,
    /// Weighted share of orders that arrive on time.
    pub punctuality: f64,
    /// Share of run minutes at night.
    pub night_share: f64,
    /// Share of low-carbon raw material by mass.
    pub low_carbon_ratio: f64,
    /// Carbon by origin.
    pub carbon_parts_kg: CarbonParts,
    /// What it violates.
    pub violations: Vec<Violation>,
    /// Whether it violates nothing.
    pub feasible: bool,
    /// Carbon of each budget of a quarter, in kg CO₂e.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub budgets_kg: Vec<(Quarter, f64)>,
    /// Value of the objective, if the instance has a baseline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fv: Option<f64>,
}

/// Evaluates a plan by the model, section 3 and 4.
///
/// Agrees with the reference implementation on every instance to 1e-9. Objects that the plan names
/// and the instance does not have are violations, as is an order that is not planned.
pub fn evaluate(instance: &Instance, plan: &Schedule) -> Evaluation {
    let horizon = instance.buckets.len();
    let mut tally = Tally::new(instance);
    for assignment in &plan.assignments {
        tally.assign(assignment, horizon);
    }
    for order in &instance.planned_orders {
        if !tally.seen.contains(order.planned_order.as_str()) {
            tally.violates("order_not_planned", &order.planned_order, 1.0);
        }
    }
    tally.set_up();
    tally.check_capacity();
    let (total_mass, low_mass) = tally.buy(plan);
    tally.finish(total_mass, low_mass)
}

struct Tally<'a> {
    instance: &'a Instance,
    centers: BTreeMap<&'a str, usize>,
    plants: BTreeMap<&'a str, usize>,
    orders: BTreeMap<&'a str, &'a PlannedOrder>,
    materials: BTreeMap<&'a str, &'a Material>,
    seen: BTreeSet<&'a str>,
    load: BTreeMap<(usize, usize), f64>,
    groups: BTreeSet<(usize, &'a str, usize)>,
    required: BTreeMap<&'a str, f64>,
    parts: CarbonParts,
    /// Of each carbon budget of the instance.
    budgets: Vec<f64>,
    cost: f64,
    on_time: f64,
    run: f64,
    night: f64,
    violations: Vec<Violation>,
}

impl<'a> Tally<'a> {
    fn new(instance: &'a Instance) -> Self {
        let centers = instance.work_centers.iter().enumerate();
        let plants = instance.plants.iter().enumerate();
        Self {
            instance,
            centers: centers.map(|(at, center)| (center.work_center.as_str(), at)).collect(),
            plants: plants.map(|(at, plant)| (plant.plant.as_str(), at)).collect(),
            orders: instance.planned_orders.iter().map(|o| (o.planned_order.as_str(), o)).collect(),
            materials: instance.materials.iter().map(|m| (m.material.as_str(), m)).collect(),
            seen: BTreeSet::new(),
            load: BTreeMap::new(),
            groups: BTreeSet::new(),
            required: BTreeMap::new(),
            parts: CarbonParts::default(),
            budgets: vec![0.0; instance.side_constraints.carbon_budgets.len()],
            cost: 0.0,
            on_time: 0.0,
            run: 0.0,
            night: 0.0,
            violations: Vec::new(),
        }
    }

    fn violates(&mut self, rule: &str, object: &str, by: f64) {
        self.violations.push(Violation { rule: rule.to_owned(), object: object.to_owned(), by });
    }

    /// Emissions of a scope in a bucket, for the budgets.
    fn emits(&mut self, scope: u8, bucket: usize, kilograms: f64) {
        let budgets = self.instance.side_constraints.carbon_budgets.iter();
        for (sum, budget) in self.budgets.iter_mut().zip(budgets) {
            let within = bucket >= budget.first_bucket && bucket <= budget.last_bucket;
            if within && budget.scopes.contains(&scope) {
                *sum += kilograms;
            }
        }
    }

    fn assign(&mut self, assignment: &super::schedule::Assignment, horizon: usize) {
        let instance = self.instance;
        let name = &assignment.planned_order;
        let Some(order) = self.orders.get(name.as_str()).copied() else {
            return self.violates("unknown_order", name, 0.0);
        };
        if !self.seen.insert(&order.planned_order) {
            return self.violates("order_twice", name, 0.0);
        }
        let material = self.materials.get(order.material.as_str()).copied();
        let version = material.and_then(|material| {
            let versions = material.production_versions.iter();
            versions.clone().find(|v| v.production_version == assignment.production_version)
        });
        let lane = instance.transport_lanes.iter().find(|lane| lane.lane == order.lane);
        let mode =
            lane.and_then(|lane| lane.modes.iter().find(|m| m.mode == assignment.transport_mode));
        let (Some(material), Some(version), Some(mode)) = (material, version, mode) else {
            return self.violates("unknown_version_or_mode", name, 0.0);
        };
        let (quantity, start) = (order.quantity, assignment.start_bucket);
        let offset = version.operations.iter().map(|op| op.bucket_offset).max().unwrap_or(0);
        let end = start + offset;
        let arrival = end + mode.lead_buckets;
        if start < order.release_bucket {
            self.violates("before_release", name, (order.release_bucket - start) as f64);
        }
        if end >= horizon {
            return self.violates("beyond_horizon", name, (end + 1 - horizon) as f64);
        }
        if arrival > order.latest_bucket {
            self.violates("after_latest", name, (arrival - order.latest_bucket) as f64);
        }
        if arrival <= order.due_bucket {
            self.on_time += order.priority_weight;
        }
        self.parts.direct += version.direct_kgco2e_per_unit * quantity;
        self.emits(1, end, version.direct_kgco2e_per_unit * quantity);
        self.parts.transport += mode.kgco2e_per_unit * quantity;
        self.cost += (version.variable_cost_per_unit + mode.cost_per_unit) * quantity;
        let early = order.due_bucket.saturating_sub(arrival) as f64;
        self.cost += order.holding_cost_per_unit_bucket * early * quantity;
        for operation in &version.operations {
            let bucket = start + operation.bucket_offset;
            let at = self.centers[operation.work_center.as_str()];
            let center = &instance.work_centers[at];
            let plant = &instance.plants[self.plants[center.plant.as_str()]];
            let minutes = operation.minutes_per_unit * quantity;
            let kwh = operation.kwh_per_unit * quantity;
            self.parts.energy += kwh * plant.grid_kgco2e_per_kwh[bucket];
            self.emits(2, bucket, kwh * plant.grid_kgco2e_per_kwh[bucket]);
            self.cost += kwh * plant.tariff_per_kwh[bucket];
            *self.load.entry((at, bucket)).or_default() += minutes;
            self.run += minutes;
            if instance.buckets[bucket].night {
                self.night += minutes;
            }
            if center.setups.iter().any(|setup| setup.setup_group == material.setup_group) {
                self.groups.insert((at, &material.setup_group, bucket));
            }
        }
        for item in &version.bom {
            *self.required.entry(&item.component).or_default() += item.quantity_per_unit * quantity;
        }
    }

    fn set_up(&mut self) {
        for (at, group, bucket) in std::mem::take(&mut self.groups) {
            let center = &self.instance.work_centers[at];
            let plant = &self.instance.plants[self.plants[center.plant.as_str()]];
            let Some(setup) = center.setups.iter().find(|s| s.setup_group == group) else {
                continue;
            };
            *self.load.entry((at, bucket)).or_default() += setup.setup_minutes;
            self.parts.setup += setup.setup_kwh * plant.grid_kgco2e_per_kwh[bucket];
            self.emits(2, bucket, setup.setup_kwh * plant.grid_kgco2e_per_kwh[bucket]);
            self.cost += setup.setup_cost + setup.setup_kwh * plant.tariff_per_kwh[bucket];
        }
    }

    fn check_capacity(&mut self) {
        for ((at, bucket), load) in std::mem::take(&mut self.load) {
            let center = &self.instance.work_centers[at];
            let capacity = center.capacity_minutes[bucket];
            if load > capacity + TOLERANCE * capacity.max(1.0) {
                let object = format!("{}@{bucket}", center.work_center);
                self.violates("capacity", &object, load - capacity);
            }
        }
    }

    /// Purchases: adds their carbon and cost and returns all and low-carbon mass.
    fn buy(&mut self, plan: &Schedule) -> (f64, f64) {
        let (mut total_mass, mut low_mass) = (0.0, 0.0);
        let mut bought: BTreeMap<(&str, &str), f64> = BTreeMap::new();
        for purchase in &plan.sourcing {
            let component =
                self.instance.components.iter().find(|c| c.component == purchase.component);
            let source = component
                .and_then(|c| c.sources.iter().find(|source| source.source == purchase.source));
            let (Some(component), Some(source)) = (component, source) else {
                let object = format!("{}/{}", purchase.component, purchase.source);
                self.violates("unknown_source", &object, purchase.quantity);
                continue;
            };
            *bought.entry((&component.component, &source.source)).or_default() += purchase.quantity;
            if purchase.quantity < -TOLERANCE {
                let object = format!("{}/{}", purchase.component, purchase.source);
                self.violates("negative_sourcing", &object, purchase.quantity);
            }
            self.parts.materials += source.kgco2e_per_unit * purchase.quantity;
            self.cost += source.price_per_unit * purchase.quantity;
            if component.counts_for_low_carbon_ratio {
                let mass = component.mass_kg_per_unit * purchase.quantity;
                total_mass += mass;
                if source.low_carbon {
                    low_mass += mass;
                }
            }
        }
        let mut balance: BTreeMap<&str, f64> = BTreeMap::new();
        for ((component, name), quantity) in &bought {
            *balance.entry(component).or_default() += quantity;
            let sources = self.instance.components.iter().find(|c| c.component == *component);
            let source = sources.and_then(|c| c.sources.iter().find(|s| s.source == *name));
            let available = source.map_or(0.0, |source| source.available_quantity);
            if *quantity > available * (1.0 + 1e-6) + TOLERANCE {
                let object = format!("{component}/{name}");
                self.violates("availability", &object, quantity - available);
            }
        }
        for (component, required) in std::mem::take(&mut self.required) {
            let difference = balance.remove(component).unwrap_or(0.0) - required;
            if difference.abs() > 1e-6 * required.max(1.0) {
                self.violates("sourcing_balance", component, difference);
            }
        }
        for (component, quantity) in balance {
            if quantity.abs() > 1e-6 {
                self.violates("sourcing_balance", component, quantity);
            }
        }
        (total_mass, low_mass)
    }

    fn finish(mut self, total_mass: f64, low_mass: f64) -> Evaluation {
        let instance = self.instance;
        let policy = &instance.side_constraints;
        let parts = self.parts;
        let carbon = parts.direct + parts.energy + parts.transport + parts.materials + parts.setup;
        let weight: f64 = instance.planned_orders.iter().map(|order| order.priority_weight).sum();
        let punctuality = self.on_time / weight;
        let ratio = policy.low_carbon_ratio_min.unwrap_or(0.0);
        if low_mass < ratio * total_mass * (1.0 - 1e-6) - TOLERANCE {
            self.violates("low_carbon_ratio", "", ratio * total_mass - low_mass);
        }
        let night_share = if self.run > 0.0 { self.night / self.run } else { 0.0 };
        if let Some(least) = policy.night_share_min.filter(|least| night_share < least - 1e-6) {
            self.violates("night_share_min", "", least - night_share);
        }
        if let Some(most) = policy.night_share_max.filter(|most| night_share > most + 1e-6) {
            self.violates("night_share_max", "", night_share - most);
        }
        if let Some(cap) = policy.carbon_cap_kg.filter(|cap| carbon > cap * (1.0 + 1e-6)) {
            self.violates("carbon_cap", "", carbon - cap);
        }
        let reckoned = policy.carbon_budgets.iter().zip(&self.budgets);
        let budgets_kg: Vec<(Quarter, f64)> =
            reckoned.map(|(budget, kilograms)| (budget.quarter, *kilograms)).collect();
        for (budget, (quarter, kilograms)) in policy.carbon_budgets.iter().zip(&budgets_kg) {
            let broken =
                budget.limit_kg.filter(|limit| *kilograms > limit * (1.0 + TOLERANCE) + TOLERANCE);
            if let Some(limit) = broken {
                self.violates("carbon_budget", &quarter.to_string(), kilograms - limit);
            }
        }
        if let Some(least) = policy.min_punctuality.filter(|least| punctuality < least - 1e-9) {
            self.violates("min_punctuality", "", least - punctuality);
        }
        let fv = instance.baseline.as_ref().map(|baseline| {
            let weights = &instance.weights;
            weights.alpha * (1.0 - carbon / baseline.c0_kg)
                + weights.beta * (1.0 - self.cost / baseline.co0)
                + weights.gamma * punctuality / baseline.d0
        });
        Evaluation {
            carbon_kg: carbon,
            cost: self.cost,
            punctuality,
            night_share,
            low_carbon_ratio: if total_mass > 0.0 { low_mass / total_mass } else { 1.0 },
            carbon_parts_kg: parts,
            budgets_kg,
            feasible: self.violations.is_empty(),
            violations: self.violations,
            fv,
        }
    }
}
