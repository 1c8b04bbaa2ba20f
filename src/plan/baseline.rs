//! The baseline plan MRP-EDD-FF/1: what the plant does without a carbon plan.

use std::collections::HashMap;

use super::evaluate::evaluate;
use super::instance::{Baseline, Instance, PlannedOrder, ProductionVersion};
use super::schedule::{Assignment, FORMAT, Purchase, Schedule};

const TOLERANCE: f64 = 1e-6;

/// The baseline plan (model, section 4): orders by due bucket, weight and key; versions by standard
/// cost; latest start that is on time and fits, else the first that fits and is late; the cheapest
/// mode; components from the cheapest source. It looks at no policy. `None` if an order does not fit.
pub fn baseline(instance: &Instance) -> Option<Schedule> {
    let plan = as_far_as_it_fits(instance);
    (plan.assignments.len() == instance.planned_orders.len()).then_some(plan)
}

/// The baseline plan without the orders that do not fit.
pub(super) fn as_far_as_it_fits(instance: &Instance) -> Schedule {
    let mut shop = Shop::new(instance);
    let mut order: Vec<usize> = (0..instance.planned_orders.len()).collect();
    order.sort_by(|a, b| {
        let (a, b) = (&instance.planned_orders[*a], &instance.planned_orders[*b]);
        (a.due_bucket.cmp(&b.due_bucket))
            .then(b.priority_weight.total_cmp(&a.priority_weight))
            .then(a.planned_order.cmp(&b.planned_order))
    });
    let mut assignments: Vec<Option<Assignment>> = vec![None; order.len()];
    for at in order {
        assignments[at] = shop.place(&instance.planned_orders[at]);
    }
    Schedule {
        format: FORMAT.to_owned(),
        instance: instance.id.clone(),
        assignments: assignments.into_iter().flatten().collect(),
        sourcing: shop.purchases(),
    }
}

/// The instance with baseline figures: its own, or those of the baseline plan.
pub fn with_baseline(instance: &Instance) -> Option<Instance> {
    if instance.baseline.is_some() {
        return Some(instance.clone());
    }
    let plan = baseline(instance)?;
    let found = evaluate(instance, &plan);
    let figures = Baseline {
        method: "MRP-EDD-FF/1".to_owned(),
        c0_kg: found.carbon_kg,
        co0: found.cost,
        // No order on time would make punctuality a division by zero.
        d0: if found.punctuality > 0.0 { found.punctuality } else { 1.0 },
        night_share: Some(found.night_share),
        low_carbon_ratio: Some(found.low_carbon_ratio),
        generator_attempt: None,
    };
    Some(Instance { baseline: Some(figures), ..instance.clone() })
}

struct Shop<'a> {
    instance: &'a Instance,
    centers: HashMap<&'a str, usize>,
    components: HashMap<&'a str, usize>,
    mean_tariff: HashMap<&'a str, f64>,
    load: Vec<f64>,
    running: std::collections::HashSet<(usize, &'a str, usize)>,
    required: Vec<f64>,
    available: Vec<f64>,
}

impl<'a> Shop<'a> {
    fn new(instance: &'a Instance) -> Self {
        let buckets = instance.buckets.len();
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let index =
            |names: Vec<&'a str>| names.into_iter().enumerate().map(|(i, n)| (n, i)).collect();
        Self {
            instance,
            centers: index(instance.work_centers.iter().map(|w| w.work_center.as_str()).collect()),
            components: index(instance.components.iter().map(|c| c.component.as_str()).collect()),
            mean_tariff: instance
                .plants
                .iter()
                .map(|plant| (plant.plant.as_str(), mean(&plant.tariff_per_kwh)))
                .collect(),
            load: vec![0.0; instance.work_centers.len() * buckets],
            running: Default::default(),
            required: vec![0.0; instance.components.len()],
            available: instance
                .components
                .iter()
                .map(|c| c.sources.iter().map(|source| source.available_quantity).sum())
                .collect(),
        }
    }

    /// Standard cost of one unit.
    fn standard_cost(&self, version: &ProductionVersion) -> f64 {
        let energy = version.operations.iter().map(|operation| {
            let center = &self.instance.work_centers[self.centers[operation.work_center.as_str()]];
            operation.kwh_per_unit * self.mean_tariff[center.plant.as_str()]
        });
        let cheapest = |component: usize| {
            let sources = self.instance.components[component].sources.iter();
            sources.map(|source| source.price_per_unit).fold(f64::INFINITY, f64::min)
        };
        let bom = version.bom.iter().map(|item| {
            item.quantity_per_unit * cheapest(self.components[item.component.as_str()])
        });
        let mut cost = version.variable_cost_per_unit;
        energy.for_each(|term| cost += term);
        bom.for_each(|term| cost += term);
        cost
    }

    fn place(&mut self, order: &'a PlannedOrder) -> Option<Assignment> {
        let material = self.instance.materials.iter().find(|m| m.material == order.material)?;
        let mut versions: Vec<(f64, &ProductionVersion)> = material
            .production_versions
            .iter()
            .map(|version| (self.standard_cost(version), version))
            .collect();
        versions.sort_by(|a, b| {
            a.0.total_cmp(&b.0).then(a.1.production_version.cmp(&b.1.production_version))
        });
        let lane = self.instance.transport_lanes.iter().find(|lane| lane.lane == order.lane)?;
        let mode = lane.modes.iter().min_by(|a, b| {
            a.cost_per_unit
                .total_cmp(&b.cost_per_unit)
                .then(a.lead_buckets.cmp(&b.lead_buckets))
                .then(a.mode.cmp(&b.mode))
        })?;
        let buckets = self.instance.buckets.len();
        let offset = |version: &ProductionVersion| {
            version.operations.iter().map(|op| op.bucket_offset).max().unwrap_or(0)
        };
        let arrival =
            |version: &ProductionVersion, start: usize| start + offset(version) + mode.lead_buckets;
        let admissible = |version: &ProductionVersion, start: usize| {
            start + offset(version) < buckets && arrival(version, start) <= order.latest_bucket
        };
        let group = material.setup_group.as_str();
        let mut found = None;
        'on_time: for (_, version) in &versions {
            let Some(last) = order.due_bucket.checked_sub(offset(version) + mode.lead_buckets)
            else {
                continue;
            };
            for start in (order.release_bucket..=last.min(buckets - 1)).rev() {
                if admissible(version, start) && self.fits(order, version, group, start) {
                    found = Some((*version, start));
                    break 'on_time;
                }
            }
        }
        if found.is_none() {
            'late: for start in order.release_bucket..buckets {
                for (_, version) in &versions {
                    let late = arrival(version, start) > order.due_bucket;
                    if late && admissible(version, start) && self.fits(order, version, group, start)
                    {
                        found = Some((*version, start));
                        break 'late;
                    }
                }
            }
        }
        let (version, start) = found?;
        self.take(order, version, group, start);
        Some(Assignment {
            planned_order: order.planned_order.clone(),
            production_version: version.production_version.clone(),
            start_bucket: start,
            transport_mode: mode.mode.clone(),
        })
    }

    /// Minutes that an order would add by resource, set-ups that are not running included.
    fn added(
        &self,
        order: &PlannedOrder,
        version: &ProductionVersion,
        group: &str,
        start: usize,
    ) -> Option<Vec<(usize, f64)>> {
        let buckets = self.instance.buckets.len();
        let mut added: Vec<(usize, f64)> = Vec::new();
        let mut new_setups: Vec<(usize, usize)> = Vec::new();
        for operation in &version.operations {
            let center = self.centers[operation.work_center.as_str()];
            let bucket = start + operation.bucket_offset;
            let resource = center * buckets + bucket;
            let minutes = operation.minutes_per_unit * order.quantity;
            let setups = &self.instance.work_centers[center].setups;
            let setup = setups.iter().find(|setup| setup.setup_group == group);
            let own = setup.map_or(0.0, |setup| setup.setup_minutes);
            let first = !new_setups.contains(&(center, bucket));
            // An operation must fit its bucket alone, with its set-up.
            let alone = minutes + if first { own } else { 0.0 };
            if alone > self.instance.work_centers[center].capacity_minutes[bucket] + TOLERANCE {
                return None;
            }
            let running = self.running.contains(&(center, group, bucket));
            let needs_setup = setup.is_some() && first && !running;
            new_setups.push((center, bucket));
            let extra = minutes + if needs_setup { own } else { 0.0 };
            match added.iter_mut().find(|(known, _)| *known == resource) {
                Some((_, known)) => *known += extra,
                None => added.push((resource, extra)),
            }
        }
        Some(added)
    }

    fn fits(
        &self,
        order: &PlannedOrder,
        version: &ProductionVersion,
        group: &str,
        start: usize,
    ) -> bool {
        let buckets = self.instance.buckets.len();
        let Some(added) = self.added(order, version, group, start) else { return false };
        let room = added.iter().all(|(resource, minutes)| {
            let capacity =
                self.instance.work_centers[resource / buckets].capacity_minutes[resource % buckets];
            self.load[*resource] + minutes <= capacity + TOLERANCE
        });
        room && version.bom.iter().all(|item| {
            let component = self.components[item.component.as_str()];
            let needed = item.quantity_per_unit * order.quantity;
            self.required[component] + needed <= self.available[component] + TOLERANCE
        })
    }

    fn take(
        &mut self,
        order: &PlannedOrder,
        version: &ProductionVersion,
        group: &'a str,
        start: usize,
    ) {
        for (resource, minutes) in self.added(order, version, group, start).unwrap_or_default() {
            self.load[resource] += minutes;
        }
        for operation in &version.operations {
            let center = self.centers[operation.work_center.as_str()];
            self.running.insert((center, group, start + operation.bucket_offset));
        }
        for item in &version.bom {
            let component = self.components[item.component.as_str()];
            self.required[component] += item.quantity_per_unit * order.quantity;
        }
    }

    fn purchases(&self) -> Vec<Purchase> {
        let mut purchases = Vec::new();
        for (component, required) in self.instance.components.iter().zip(&self.required) {
            let mut sources: Vec<_> = component.sources.iter().collect();
            sources.sort_by(|a, b| {
                a.price_per_unit.total_cmp(&b.price_per_unit).then(a.source.cmp(&b.source))
            });
            let mut need = *required;
            for source in sources {
                let quantity = need.min(source.available_quantity);
                if quantity > 0.0 {
                    need -= quantity;
                    purchases.push(Purchase {
                        component: component.component.clone(),
                        source: source.source.clone(),
                        quantity,
                    });
                }
            }
        }
        purchases
    }
}
