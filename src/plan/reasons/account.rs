//! Carbon and cost of two plans, taken apart so that the parts add up.

use std::collections::{BTreeMap, HashMap};

use super::{Cause, Difference, OrderReason, SourceReason};
use crate::plan::instance::{Instance, Lane, Material, Mode, PlannedOrder, ProductionVersion};
use crate::plan::schedule::{Assignment, Schedule};
use crate::said::Said;

/// Two assignments of an order with what they mean.
pub(super) struct Pair<'a> {
    pub order: &'a PlannedOrder,
    before: Way<'a>,
    after: Way<'a>,
}

#[derive(Clone, Copy)]
struct Way<'a> {
    assignment: &'a Assignment,
    version: &'a ProductionVersion,
    mode: &'a Mode,
}

/// What a set-up costs each order that shares it, by plan.
type Shares = Vec<Difference>;

/// Work center, group and bucket of a set-up.
type SetUpKey<'k> = (&'k str, &'k str, usize);

pub(super) struct Account<'a> {
    instance: &'a Instance,
    pairs: Vec<Pair<'a>>,
    grid: HashMap<&'a str, &'a [f64]>,
    tariff: HashMap<&'a str, &'a [f64]>,
    /// Mean carbon and price of a unit of each component in the first plan.
    mean: BTreeMap<&'a str, Difference>,
    bought: [BTreeMap<(&'a str, &'a str), f64>; 2],
    setups: [Shares; 2],
}

impl<'a> Account<'a> {
    pub fn of(
        instance: &'a Instance,
        before: &'a Schedule,
        after: &'a Schedule,
    ) -> Result<Self, String> {
        let lanes: HashMap<&str, &Lane> =
            instance.transport_lanes.iter().map(|lane| (lane.lane.as_str(), lane)).collect();
        let materials: HashMap<&str, &Material> =
            instance.materials.iter().map(|made| (made.material.as_str(), made)).collect();
        let by_order = |plan: &'a Schedule| -> HashMap<&'a str, &'a Assignment> {
            plan.assignments.iter().map(|one| (one.planned_order.as_str(), one)).collect()
        };
        let (first, second) = (by_order(before), by_order(after));
        let way = |order: &'a PlannedOrder, of: &HashMap<&'a str, &'a Assignment>| {
            let name = order.planned_order.as_str();
            let assignment = *of.get(name).ok_or_else(|| format!("a plan has no order {name}"))?;
            let mut versions = materials[order.material.as_str()].production_versions.iter();
            let key = &assignment.production_version;
            let version = versions.find(|version| version.production_version == *key);
            let mut modes = lanes[order.lane.as_str()].modes.iter();
            let mode = modes.find(|mode| mode.mode == assignment.transport_mode);
            match (version, mode) {
                (Some(version), Some(mode)) => Ok(Way { assignment, version, mode }),
                (None, _) => Err(format!("order {name}: version {key} is not in the instance")),
                (_, None) => Err(format!(
                    "order {name}: mode {} is not in the instance",
                    assignment.transport_mode
                )),
            }
        };
        let pair = |order: &'a PlannedOrder| {
            Ok::<_, String>(Pair {
                order,
                before: way(order, &first)?,
                after: way(order, &second)?,
            })
        };
        let pairs = instance.planned_orders.iter().map(pair).collect::<Result<Vec<_>, _>>()?;
        let plants: HashMap<&str, _> =
            instance.plants.iter().map(|plant| (plant.plant.as_str(), plant)).collect();
        let centers = || instance.work_centers.iter();
        let mut account = Self {
            instance,
            pairs,
            grid: centers()
                .map(|w| (&*w.work_center, &*plants[&*w.plant].grid_kgco2e_per_kwh))
                .collect(),
            tariff: centers()
                .map(|w| (&*w.work_center, &*plants[&*w.plant].tariff_per_kwh))
                .collect(),
            mean: BTreeMap::new(),
            bought: [bought(before), bought(after)],
            setups: [Vec::new(), Vec::new()],
        };
        account.mean = account.means();
        account.setups = [account.shares(|pair| pair.before), account.shares(|pair| pair.after)];
        Ok(account)
    }

    pub fn pairs(&self) -> impl Iterator<Item = &Pair<'a>> {
        self.pairs.iter()
    }

    /// Grid intensity of the work centers of a version from a bucket on, weighted by energy.
    pub fn intensity(&self, material: &str, version: &str, start: usize) -> Option<f64> {
        self.weighted(material, version, start, &self.grid)
    }

    /// Tariff, likewise.
    pub fn tariff(&self, material: &str, version: &str, start: usize) -> Option<f64> {
        self.weighted(material, version, start, &self.tariff)
    }

    fn weighted(
        &self,
        material: &str,
        version: &str,
        start: usize,
        series: &HashMap<&str, &[f64]>,
    ) -> Option<f64> {
        let made = self.instance.materials.iter().find(|made| made.material == material)?;
        let version =
            made.production_versions.iter().find(|known| known.production_version == version)?;
        let kwh: f64 = version.operations.iter().map(|op| op.kwh_per_unit).sum();
        let sum: f64 = (version.operations.iter())
            .map(|op| {
                op.kwh_per_unit * at(series[op.work_center.as_str()], start + op.bucket_offset)
            })
            .sum();
        (kwh > 0.0).then(|| sum / kwh)
    }

    /// What an order's change gives and costs, without words.
    pub fn order(&self, position: usize, pair: &Pair<'_>) -> OrderReason {
        let Pair { order, before, after } = pair;
        let (t0, t1) = (before.assignment.start_bucket, after.assignment.start_bucket);
        let moved = Way { assignment: after.assignment, ..*before };
        let remade = Way { version: after.version, ..moved };
        let mut causes = vec![
            (Cause::Shift, self.energy(order, moved, t1).minus(self.energy(order, *before, t0))),
            (Cause::Version, self.made(order, remade, t1).minus(self.made(order, moved, t1))),
            (Cause::Transport, moved_by(order, after.mode).minus(moved_by(order, before.mode))),
            (Cause::Stock, stock(order, *after, t1).minus(stock(order, *before, t0))),
            (Cause::SetUp, self.setups[1][position].minus(self.setups[0][position])),
        ];
        let mut difference = Difference::default();
        causes.iter().for_each(|(_, part)| difference += *part);
        causes.retain(|(_, part)| *part != Difference::default());
        let (was, is) = (arrival(*before, t0), arrival(*after, t1));
        OrderReason {
            planned_order: order.planned_order.clone(),
            text: Said::default(),
            before: before.assignment.clone(),
            after: after.assignment.clone(),
            difference,
            causes,
            later_buckets: is as i64 - was as i64,
            on_time: (was <= order.due_bucket, is <= order.due_bucket),
        }
    }

    /// kg CO₂e of an order in either plan; their difference is that of [`Self::order`].
    pub fn kilograms(&self, position: usize, pair: &Pair<'_>) -> [f64; 2] {
        let of = |plan: usize, way: Way<'_>| {
            let start = way.assignment.start_bucket;
            let mut sum = self.made(pair.order, way, start);
            sum += moved_by(pair.order, way.mode);
            sum += stock(pair.order, way, start);
            sum += self.setups[plan][position];
            sum.carbon_kg
        };
        [of(0, pair.before), of(1, pair.after)]
    }

    /// Electricity of an order in its shifts.
    fn energy(&self, order: &PlannedOrder, way: Way<'_>, start: usize) -> Difference {
        let mut sum = Difference::default();
        for operation in &way.version.operations {
            let bucket = start + operation.bucket_offset;
            let kwh = operation.kwh_per_unit * order.quantity;
            let center = operation.work_center.as_str();
            sum.carbon_kg += kwh * at(self.grid[center], bucket);
            sum.cost += kwh * at(self.tariff[center], bucket);
        }
        sum
    }

    /// Everything that a version decides: electricity, own emissions and cost, components.
    fn made(&self, order: &PlannedOrder, way: Way<'_>, start: usize) -> Difference {
        let mut sum = self.energy(order, way, start);
        sum.carbon_kg += way.version.direct_kgco2e_per_unit * order.quantity;
        sum.cost += way.version.variable_cost_per_unit * order.quantity;
        for item in &way.version.bom {
            let mean = self.mean.get(item.component.as_str()).copied().unwrap_or_default();
            let quantity = item.quantity_per_unit * order.quantity;
            sum.carbon_kg += mean.carbon_kg * quantity;
            sum.cost += mean.cost * quantity;
        }
        sum
    }

    /// Mean carbon and price of each component: of the first plan, else of the second.
    fn means(&self) -> BTreeMap<&'a str, Difference> {
        let mut means = BTreeMap::new();
        for component in &self.instance.components {
            let key = component.component.as_str();
            if let Some(mean) = self.mean_of(key, 0).or_else(|| self.mean_of(key, 1)) {
                means.insert(key, mean);
            }
        }
        means
    }

    fn mean_of(&self, component: &str, plan: usize) -> Option<Difference> {
        let known = self.instance.components.iter().find(|c| c.component == component)?;
        let (mut sum, mut quantity) = (Difference::default(), 0.0);
        for source in &known.sources {
            let taken = self.bought[plan].get(&(component, source.source.as_str()));
            let taken = taken.copied().unwrap_or_default();
            quantity += taken;
            sum.carbon_kg += taken * source.kgco2e_per_unit;
            sum.cost += taken * source.price_per_unit;
        }
        let mean = |sum: f64| sum / quantity;
        (quantity > 0.0)
            .then(|| Difference { carbon_kg: mean(sum.carbon_kg), cost: mean(sum.cost) })
    }

    /// Set-ups of a plan, each shared by its orders by run minutes.
    fn shares(&self, of: impl Fn(&Pair<'a>) -> Way<'a>) -> Shares {
        let materials: HashMap<&str, &str> = (self.instance.materials.iter())
            .map(|made| (made.material.as_str(), made.setup_group.as_str()))
            .collect();
        let mut users: BTreeMap<SetUpKey<'_>, Vec<(usize, f64)>> = BTreeMap::new();
        for (position, pair) in self.pairs.iter().enumerate() {
            let (way, group) = (of(pair), materials[pair.order.material.as_str()]);
            for operation in &way.version.operations {
                let bucket = way.assignment.start_bucket + operation.bucket_offset;
                let minutes = operation.minutes_per_unit * pair.order.quantity;
                let key = (operation.work_center.as_str(), group, bucket);
                users.entry(key).or_default().push((position, minutes));
            }
        }
        let mut shares = vec![Difference::default(); self.pairs.len()];
        for center in &self.instance.work_centers {
            let name = center.work_center.as_str();
            for setup in &center.setups {
                let from = (name, setup.setup_group.as_str(), 0);
                let to = (name, setup.setup_group.as_str(), usize::MAX);
                for ((.., bucket), orders) in users.range(from..=to) {
                    let whole = Difference {
                        carbon_kg: setup.setup_kwh * at(self.grid[name], *bucket),
                        cost: setup.setup_cost + setup.setup_kwh * at(self.tariff[name], *bucket),
                    };
                    let minutes: f64 = orders.iter().map(|(_, minutes)| minutes).sum();
                    for (position, own) in orders {
                        let share =
                            if minutes > 0.0 { own / minutes } else { 1.0 / orders.len() as f64 };
                        shares[*position] += whole.times(share);
                    }
                }
            }
        }
        shares
    }

    /// Components whose sources differ, or whose mean does.
    pub fn sources(&self) -> Vec<SourceReason> {
        let mut reasons = Vec::new();
        for component in &self.instance.components {
            let key = component.component.as_str();
            let of = |plan: usize, source: &str| {
                self.bought[plan].get(&(key, source)).copied().unwrap_or_default()
            };
            let sources: Vec<(String, f64, f64)> = (component.sources.iter())
                .map(|s| (s.source.clone(), of(0, &s.source), of(1, &s.source)))
                .filter(|(_, before, after)| *before != 0.0 || *after != 0.0)
                .collect();
            let needed: f64 = sources.iter().map(|(.., after)| after).sum();
            let (Some(was), Some(is)) = (self.mean.get(key), self.mean_of(key, 1)) else {
                continue;
            };
            let difference = is.minus(*was).times(needed);
            let scale = 1e-9 * needed * (was.carbon_kg.abs() + was.cost.abs());
            if difference.carbon_kg.abs() + difference.cost.abs() > scale {
                let (component, text) = (key.to_owned(), Said::default());
                reasons.push(SourceReason { component, text, sources, difference });
            }
        }
        reasons
    }
}

impl Difference {
    fn minus(self, other: Self) -> Self {
        Self { carbon_kg: self.carbon_kg - other.carbon_kg, cost: self.cost - other.cost }
    }

    fn times(self, factor: f64) -> Self {
        Self { carbon_kg: self.carbon_kg * factor, cost: self.cost * factor }
    }
}

/// A value of a series; a shift beyond the horizon, which only a thought of a change can reach, has
/// that of the last.
fn at(series: &[f64], bucket: usize) -> f64 {
    series.get(bucket).or(series.last()).copied().unwrap_or_default()
}

fn bought(plan: &Schedule) -> BTreeMap<(&str, &str), f64> {
    let mut bought = BTreeMap::new();
    for purchase in &plan.sourcing {
        let key = (purchase.component.as_str(), purchase.source.as_str());
        *bought.entry(key).or_default() += purchase.quantity;
    }
    bought
}

fn moved_by(order: &PlannedOrder, mode: &Mode) -> Difference {
    let one = Difference { carbon_kg: mode.kgco2e_per_unit, cost: mode.cost_per_unit };
    one.times(order.quantity)
}

fn arrival(way: Way<'_>, start: usize) -> usize {
    let offset = way.version.operations.iter().map(|op| op.bucket_offset).max().unwrap_or(0);
    start + offset + way.mode.lead_buckets
}

fn stock(order: &PlannedOrder, way: Way<'_>, start: usize) -> Difference {
    let early = order.due_bucket.saturating_sub(arrival(way, start)) as f64;
    Difference { carbon_kg: 0.0, cost: order.holding_cost_per_unit_bucket * early * order.quantity }
}
