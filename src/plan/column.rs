//! Columns: each way of making each order, compiled into flat arrays.
//!
//! A column is an order with production version, start bucket and mode. Resources are work centers
//! in buckets, and carbon budgets behind them; a set-up is a work center, a group and a bucket. Lists hang behind columns as slices
//! of shared arrays, so that a move touches a few cache lines.

use std::collections::HashMap;

use super::budget::{self, BudgetRow};
use super::instance::Instance;
use super::schedule::{Assignment, FORMAT, Purchase, Schedule};

/// Slack of every comparison with a capacity, in minutes.
pub(super) const SLACK: f64 = 1e-7;

/// Lists of different lengths in two arrays.
#[derive(Clone, Debug, Default)]
pub(super) struct Lists {
    start: Vec<u32>,
    index: Vec<u32>,
    value: Vec<f64>,
}

impl Lists {
    fn push(&mut self, entries: impl IntoIterator<Item = (u32, f64)>) {
        if self.start.is_empty() {
            self.start.push(0);
        }
        for (index, value) in entries {
            self.index.push(index);
            self.value.push(value);
        }
        self.start.push(u32::try_from(self.index.len()).expect("fewer than 2^32 entries"));
    }

    /// The list of `at`: indices and values.
    pub fn of(&self, at: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        let range = self.start[at] as usize..self.start[at + 1] as usize;
        let values = &self.value[range.clone()];
        self.index[range].iter().zip(values).map(|(index, value)| (*index as usize, *value))
    }
}

/// A set-up of one work center, group and bucket.
#[derive(Clone, Copy, Debug)]
pub(super) struct SetupAt {
    pub resource: usize,
    pub minutes: f64,
    pub carbon: f64,
    pub value: f64,
}

/// A source of a component, in the order of rising value.
#[derive(Clone, Copy, Debug)]
pub(super) struct SourceOf {
    /// Position in the instance.
    pub original: usize,
    pub carbon: f64,
    pub value: f64,
    pub available: f64,
    pub low_carbon: bool,
}

/// The compiled problem.
#[derive(Clone, Debug)]
pub struct Columns<'a> {
    pub(super) instance: &'a Instance,
    /// Columns of order `j` are `start[j]..start[j + 1]`.
    pub(super) start: Vec<usize>,
    version: Vec<u32>,
    bucket: Vec<u32>,
    mode: Vec<u32>,
    pub(super) value: Vec<f64>,
    pub(super) carbon: Vec<f64>,
    pub(super) cost: Vec<f64>,
    /// Weighted share of punctuality that the column brings.
    pub(super) on_time: Vec<f64>,
    pub(super) run: Vec<f64>,
    pub(super) night: Vec<f64>,
    pub(super) minutes: Lists,
    pub(super) setups: Lists,
    pub(super) bom: Lists,
    pub(super) capacity: Vec<f64>,
    pub(super) setup: Vec<SetupAt>,
    pub(super) sources: Vec<Vec<SourceOf>>,
    /// Mass of one unit if it counts for the low-carbon ratio, else zero.
    pub(super) mass: Vec<f64>,
    pub(super) ratio_min: f64,
    pub(super) night_min: f64,
    pub(super) night_max: f64,
    pub(super) carbon_cap: Option<f64>,
    /// Carbon budgets: resources behind those of the work centers.
    pub(super) budgets: Vec<BudgetRow>,
    pub(super) punctuality_min: Option<f64>,
    pub(super) alpha: f64,
    pub(super) beta: f64,
    pub(super) gamma: f64,
    pub(super) c0: f64,
    pub(super) co0: f64,
    pub(super) d0: f64,
}

/// What capacities and policies allow.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    capacity: Vec<f64>,
    shares: [f64; 3],
    carbon_cap: Option<f64>,
    punctuality_min: Option<f64>,
}

/// An order that no column serves, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unplannable {
    /// Order.
    pub order: String,
    /// Why.
    pub reason: String,
}

impl<'a> Columns<'a> {
    /// Compiles the columns of an instance for the baseline figures `(c0, co0, d0)`.
    ///
    /// With `all_modes` every mode of transport is a column; otherwise the best for each version and
    /// start, which loses nothing while neither a carbon cap nor a floor of punctuality is set.
    ///
    /// # Errors
    ///
    /// The orders that have no column.
    pub fn compile(
        instance: &'a Instance,
        (c0, co0, d0): (f64, f64, f64),
        all_modes: bool,
    ) -> Result<Self, Vec<Unplannable>> {
        let buckets = instance.buckets.len();
        let policy = &instance.side_constraints;
        let weights = &instance.weights;
        let mut columns = Self {
            instance,
            start: vec![0],
            version: Vec::new(),
            bucket: Vec::new(),
            mode: Vec::new(),
            value: Vec::new(),
            carbon: Vec::new(),
            cost: Vec::new(),
            on_time: Vec::new(),
            run: Vec::new(),
            night: Vec::new(),
            minutes: Lists::default(),
            setups: Lists::default(),
            bom: Lists::default(),
            capacity: instance
                .work_centers
                .iter()
                .flat_map(|w| w.capacity_minutes.clone())
                .collect(),
            setup: Vec::new(),
            sources: Vec::new(),
            mass: Vec::new(),
            ratio_min: policy.low_carbon_ratio_min.unwrap_or(0.0),
            night_min: policy.night_share_min.unwrap_or(0.0),
            night_max: policy.night_share_max.unwrap_or(1.0),
            carbon_cap: policy.carbon_cap_kg,
            budgets: Vec::new(),
            punctuality_min: policy.min_punctuality,
            alpha: weights.alpha,
            beta: weights.beta,
            gamma: weights.gamma,
            c0,
            co0,
            d0,
        };
        for (row, limit) in budget::rows(instance, columns.capacity.len()) {
            columns.budgets.push(row);
            columns.capacity.push(limit);
        }
        let setup_at = columns.compile_setups(buckets);
        columns.compile_sources();
        let unplannable = columns.compile_orders(&setup_at, buckets, all_modes);
        if unplannable.is_empty() { Ok(columns) } else { Err(unplannable) }
    }

    fn worth(&self, carbon: f64, cost: f64) -> f64 {
        self.alpha * carbon / self.c0 + self.beta * cost / self.co0
    }

    /// The set-up in the first bucket of each work center and group; those of the others follow.
    fn compile_setups(&mut self, buckets: usize) -> HashMap<(usize, &'a str), u32> {
        let mut setup_at = HashMap::new();
        for (at, center) in self.instance.work_centers.iter().enumerate() {
            let plant = self.instance.plants.iter().find(|p| p.plant == center.plant);
            let plant = plant.expect("checked instance");
            for setup in &center.setups {
                let key = (at, setup.setup_group.as_str());
                setup_at.insert(key, u32::try_from(self.setup.len()).expect("fewer than 2^32"));
                for bucket in 0..buckets {
                    let carbon = setup.setup_kwh * plant.grid_kgco2e_per_kwh[bucket];
                    let cost = setup.setup_cost + setup.setup_kwh * plant.tariff_per_kwh[bucket];
                    self.setup.push(SetupAt {
                        resource: at * buckets + bucket,
                        minutes: setup.setup_minutes,
                        carbon,
                        value: self.worth(carbon, cost),
                    });
                }
            }
        }
        setup_at
    }

    fn compile_sources(&mut self) {
        for component in &self.instance.components {
            let source = |(original, source): (usize, &super::instance::Source)| SourceOf {
                original,
                carbon: source.kgco2e_per_unit,
                value: self.worth(source.kgco2e_per_unit, source.price_per_unit),
                available: source.available_quantity,
                low_carbon: source.low_carbon,
            };
            let mut sources: Vec<SourceOf> =
                component.sources.iter().enumerate().map(source).collect();
            sources.sort_by(|a, b| a.value.total_cmp(&b.value));
            self.sources.push(sources);
            let counts = component.counts_for_low_carbon_ratio;
            self.mass.push(if counts { component.mass_kg_per_unit } else { 0.0 });
        }
    }

    fn compile_orders(
        &mut self,
        setup_at: &HashMap<(usize, &'a str), u32>,
        buckets: usize,
        all_modes: bool,
    ) -> Vec<Unplannable> {
        let instance = self.instance;
        let centers: HashMap<&str, usize> = instance
            .work_centers
            .iter()
            .enumerate()
            .map(|(i, w)| (w.work_center.as_str(), i))
            .collect();
        let components: HashMap<&str, u32> = instance
            .components
            .iter()
            .enumerate()
            .map(|(i, c)| (c.component.as_str(), u32::try_from(i).expect("few components")))
            .collect();
        let materials: HashMap<&str, &super::instance::Material> =
            instance.materials.iter().map(|m| (m.material.as_str(), m)).collect();
        let lanes: HashMap<&str, &super::instance::Lane> =
            instance.transport_lanes.iter().map(|l| (l.lane.as_str(), l)).collect();
        let plants: HashMap<&str, &super::instance::Plant> =
            instance.plants.iter().map(|p| (p.plant.as_str(), p)).collect();
        let weight: f64 = instance.planned_orders.iter().map(|o| o.priority_weight).sum();
        let mut unplannable = Vec::new();
        let (mut minutes, mut setups) = (Vec::<(u32, f64)>::new(), Vec::<(u32, f64)>::new());
        for order in &instance.planned_orders {
            let material = materials[order.material.as_str()];
            let lane = lanes[order.lane.as_str()];
            let (mut late, mut full) = (false, false);
            for (version_at, version) in material.production_versions.iter().enumerate() {
                let offset =
                    version.operations.iter().map(|op| op.bucket_offset).max().unwrap_or(0);
                let places: Vec<Place<'_>> = (version.operations.iter())
                    .map(|operation| {
                        let center = centers[operation.work_center.as_str()];
                        let plant = plants[instance.work_centers[center].plant.as_str()];
                        let group = material.setup_group.as_str();
                        let setup = setup_at.get(&(center, group)).copied();
                        Place { operation, center, plant, setup }
                    })
                    .collect();
                let bom: Vec<(u32, f64)> = (version.bom.iter())
                    .map(|item| {
                        let component = components[item.component.as_str()];
                        (component, item.quantity_per_unit * order.quantity)
                    })
                    .collect();
                for start in order.release_bucket..buckets.saturating_sub(offset) {
                    minutes.clear();
                    setups.clear();
                    let (mut carbon, mut cost) =
                        (version.direct_kgco2e_per_unit, version.variable_cost_per_unit);
                    let (mut run, mut night, mut fits) = (0.0, 0.0, true);
                    for &Place { operation, center, plant, setup } in &places {
                        let bucket = start + operation.bucket_offset;
                        carbon += operation.kwh_per_unit * plant.grid_kgco2e_per_kwh[bucket];
                        cost += operation.kwh_per_unit * plant.tariff_per_kwh[bucket];
                        let mins = operation.minutes_per_unit * order.quantity;
                        let resource = center * buckets + bucket;
                        let index = u32::try_from(resource).expect("fewer than 2^32");
                        match minutes.iter_mut().find(|(known, _)| *known == index) {
                            Some((_, known)) => *known += mins,
                            None => minutes.push((index, mins)),
                        }
                        run += mins;
                        if instance.buckets[bucket].night {
                            night += mins;
                        }
                        let mut need = mins;
                        if let Some(first) = setup {
                            let setup = first + bucket as u32;
                            match setups.iter_mut().find(|(known, _)| *known == setup) {
                                Some((_, known)) => *known += mins,
                                None => {
                                    setups.push((setup, mins));
                                    need += self.setup[setup as usize].minutes;
                                }
                            }
                        }
                        fits &= need <= self.capacity[resource] + 1e-6;
                    }
                    full |= !fits;
                    if !fits {
                        continue;
                    }
                    for row in &self.budgets {
                        let plant_of = |center: &str| {
                            plants[instance.work_centers[centers[center]].plant.as_str()]
                        };
                        let made = (order.quantity, start);
                        let kilograms = row.used(instance, version, made, plant_of);
                        if kilograms > 0.0 {
                            let resource = u32::try_from(row.resource).expect("fewer than 2^32");
                            minutes.push((resource, kilograms));
                        }
                    }
                    let mut best: Option<(f64, Candidate)> = None;
                    for (mode_at, mode) in lane.modes.iter().enumerate() {
                        let arrival = start + offset + mode.lead_buckets;
                        if arrival > order.latest_bucket {
                            late = true;
                            continue;
                        }
                        let early = order.due_bucket.saturating_sub(arrival) as f64;
                        let holding = order.holding_cost_per_unit_bucket * early;
                        let candidate = Candidate {
                            version: version_at,
                            bucket: start,
                            mode: mode_at,
                            carbon: (carbon + mode.kgco2e_per_unit) * order.quantity,
                            cost: (cost + mode.cost_per_unit + holding) * order.quantity,
                            on_time: if arrival <= order.due_bucket {
                                order.priority_weight / weight
                            } else {
                                0.0
                            },
                            run,
                            night,
                        };
                        let value = self.candidate_value(&candidate);
                        if all_modes {
                            self.push(&candidate, &minutes, &setups, &bom);
                        } else if best.as_ref().is_none_or(|(known, _)| value < known - 1e-15) {
                            best = Some((value, candidate));
                        }
                    }
                    if let Some((_, candidate)) = best {
                        self.push(&candidate, &minutes, &setups, &bom);
                    }
                }
            }
            if self.value.len() == self.start[self.start.len() - 1] {
                let reason = match (late, full) {
                    _ if material.production_versions.is_empty() => {
                        "its material has no production version; look at it in C223"
                    }
                    (_, true) => "no bucket has room for it on every work center that it needs",
                    (true, false) => "it cannot arrive by its latest bucket",
                    (false, false) => "it has no production version that ends within the horizon",
                };
                unplannable.push(Unplannable {
                    order: order.planned_order.clone(),
                    reason: reason.to_owned(),
                });
            }
            self.start.push(self.value.len());
        }
        unplannable
    }

    fn candidate_value(&self, candidate: &Candidate) -> f64 {
        self.worth(candidate.carbon, candidate.cost) - self.gamma * candidate.on_time / self.d0
    }

    fn push(
        &mut self,
        candidate: &Candidate,
        minutes: &[(u32, f64)],
        setups: &[(u32, f64)],
        bom: &[(u32, f64)],
    ) {
        let small = |value: usize| u32::try_from(value).expect("fewer than 2^32");
        self.version.push(small(candidate.version));
        self.bucket.push(small(candidate.bucket));
        self.mode.push(small(candidate.mode));
        self.value.push(self.candidate_value(candidate));
        self.carbon.push(candidate.carbon);
        self.cost.push(candidate.cost);
        self.on_time.push(candidate.on_time);
        self.run.push(candidate.run);
        self.night.push(candidate.night);
        self.minutes.push(minutes.iter().copied());
        self.setups.push(setups.iter().copied());
        self.bom.push(bom.iter().copied());
    }

    /// Value of each column with its components: of what counts for the low-carbon ratio, that share comes
    /// from the best low-carbon source, all else from the best source.
    pub(super) fn with_components(&self) -> Vec<f64> {
        let price = |(component, sources): (usize, &Vec<SourceOf>)| {
            let best = sources[0].value;
            let low = sources.iter().find(|source| source.low_carbon && source.available > 0.0);
            match low.filter(|_| self.mass[component] > 0.0) {
                Some(low) => best + self.ratio_min * (low.value - best),
                None => best,
            }
        };
        let prices: Vec<f64> = self.sources.iter().enumerate().map(price).collect();
        let components = |column| self.bom.of(column).map(|(k, q)| q * prices[k]).sum::<f64>();
        self.value.iter().enumerate().map(|(at, value)| value + components(at)).collect()
    }

    /// F that no choice exceeds, whether or not it keeps the rules: of each order the column that is worst with
    /// its components from their worst sources, and every set-up that costs something.
    pub(super) fn most_value(&self) -> f64 {
        let worst =
            |sources: &Vec<SourceOf>| sources.iter().map(|one| one.value).fold(0.0, f64::max);
        let prices: Vec<f64> = self.sources.iter().map(worst).collect();
        let of_column = |column: usize| {
            self.value[column] + self.bom.of(column).map(|(k, q)| q * prices[k]).sum::<f64>()
        };
        let of_order = |order| {
            (self.start[order]..self.start[order + 1]).map(of_column).fold(f64::MIN, f64::max)
        };
        let setups = self.setup.iter().map(|setup| setup.value.max(0.0)).sum::<f64>();
        (0..self.orders()).map(of_order).sum::<f64>() + setups
    }

    /// What capacities and policies allow, to put back after they were moved.
    pub(super) fn limits(&self) -> Limits {
        Limits {
            capacity: self.capacity.clone(),
            shares: [self.ratio_min, self.night_min, self.night_max],
            carbon_cap: self.carbon_cap,
            punctuality_min: self.punctuality_min,
        }
    }

    /// Puts back what [`Columns::limits`] gave.
    pub(super) fn set_limits(&mut self, limits: Limits) {
        self.capacity = limits.capacity;
        [self.ratio_min, self.night_min, self.night_max] = limits.shares;
        (self.carbon_cap, self.punctuality_min) = (limits.carbon_cap, limits.punctuality_min);
    }

    /// Number of orders.
    pub fn orders(&self) -> usize {
        self.start.len() - 1
    }

    /// Number of columns.
    #[allow(clippy::len_without_is_empty)] // there is always a column
    pub fn len(&self) -> usize {
        self.value.len()
    }

    /// The column of an order that a plan's assignment means.
    pub(super) fn find(&self, order: usize, assignment: &Assignment) -> Option<usize> {
        let order_of = &self.instance.planned_orders[order];
        let material = self.instance.materials.iter().find(|m| m.material == order_of.material)?;
        let version = material
            .production_versions
            .iter()
            .position(|v| v.production_version == assignment.production_version)?;
        (self.start[order]..self.start[order + 1]).find(|column| {
            self.version[*column] as usize == version
                && self.bucket[*column] as usize == assignment.start_bucket
        })
    }

    /// The column of an order that is an assignment to its mode of transport; `None` if the mode is not
    /// among the columns.
    pub(super) fn find_exact(&self, order: usize, assignment: &Assignment) -> Option<usize> {
        let of = &self.instance.planned_orders[order];
        let lane = self.instance.transport_lanes.iter().find(|lane| lane.lane == of.lane)?;
        let mode = lane.modes.iter().position(|mode| mode.mode == assignment.transport_mode)?;
        let first = self.find(order, assignment)?;
        (first..self.start[order + 1]).find(|column| {
            self.mode[*column] as usize == mode
                && self.version[*column] == self.version[first]
                && self.bucket[*column] == self.bucket[first]
        })
    }

    /// The plan of a selection of columns with its purchases.
    pub(super) fn schedule(&self, selection: &[usize], purchases: &[Vec<f64>]) -> Schedule {
        let materials: HashMap<&str, &super::instance::Material> =
            self.instance.materials.iter().map(|m| (m.material.as_str(), m)).collect();
        let lanes: HashMap<&str, &super::instance::Lane> =
            self.instance.transport_lanes.iter().map(|l| (l.lane.as_str(), l)).collect();
        let assignment = |(order, column): (&super::instance::PlannedOrder, &usize)| {
            let version = &materials[order.material.as_str()].production_versions
                [self.version[*column] as usize];
            Assignment {
                planned_order: order.planned_order.clone(),
                production_version: version.production_version.clone(),
                start_bucket: self.bucket[*column] as usize,
                transport_mode: lanes[order.lane.as_str()].modes[self.mode[*column] as usize]
                    .mode
                    .clone(),
            }
        };
        let mut sourcing = Vec::new();
        for ((component, sources), bought) in
            self.instance.components.iter().zip(&self.sources).zip(purchases)
        {
            for (source, quantity) in sources.iter().zip(bought).filter(|(_, q)| **q > 0.0) {
                sourcing.push(Purchase {
                    component: component.component.clone(),
                    source: component.sources[source.original].source.clone(),
                    quantity: *quantity,
                });
            }
        }
        Schedule {
            format: FORMAT.to_owned(),
            instance: self.instance.id.clone(),
            assignments: self
                .instance
                .planned_orders
                .iter()
                .zip(selection)
                .map(assignment)
                .collect(),
            sourcing,
        }
    }
}

/// Where an operation is done: what a version looks up once for all buckets.
struct Place<'a> {
    operation: &'a super::instance::Operation,
    center: usize,
    plant: &'a super::instance::Plant,
    /// Set-up in the first bucket.
    setup: Option<u32>,
}

struct Candidate {
    version: usize,
    bucket: usize,
    mode: usize,
    carbon: f64,
    cost: f64,
    on_time: f64,
    run: f64,
    night: f64,
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use rand::{RngExt, SeedableRng};
    use rand_pcg::Pcg64Mcg;

    use super::super::baseline::with_baseline;
    use super::super::selection::Selection;
    use super::*;

    #[test]
    fn no_choice_is_worth_less_than_the_worst_that_is_promised() {
        let packed: &[u8] = include_bytes!("../../tests/fixtures/planning/S-steel-1.json.gz");
        let mut text = String::new();
        flate2::read::GzDecoder::new(packed).read_to_string(&mut text).unwrap();
        let instance = with_baseline(&Instance::from_json(&text).unwrap()).unwrap();
        let baseline = instance.baseline.as_ref().unwrap();
        let figures = (baseline.c0_kg, baseline.co0, baseline.d0);
        let columns = Columns::compile(&instance, figures, true).unwrap();
        let most = columns.most_value();
        let mut random = Pcg64Mcg::seed_from_u64(1);

        for _ in 0..200 {
            let of = |order: usize| columns.start[order]..columns.start[order + 1];
            let chosen: Vec<usize> =
                (0..columns.orders()).map(|order| random.random_range(of(order))).collect();
            let value = Selection::of(&columns, &chosen).worth().value;
            assert!(value <= most, "{value} {most}");
            assert!(most < 100.0 * value.abs(), "a promise that says nothing: {most}, {value}");
        }
    }
}
