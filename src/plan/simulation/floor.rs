//! The plan as jobs on work centers, compiled once for all runs.

use std::collections::{BTreeMap, HashMap};

use crate::plan::instance::Instance;
use crate::plan::schedule::Schedule;

/// Minutes of a day.
const DAY: f64 = 1440.0;

/// An operation of an order on a work center.
pub(super) struct Job<'a> {
    pub order: usize,
    pub center: usize,
    pub bucket: usize,
    pub offset: usize,
    pub minutes: f64,
    pub kwh: f64,
    /// Set-up group, if the work center needs one for it.
    pub setup: Option<&'a str>,
}

/// An order as the plan has it.
pub(super) struct Planned<'a> {
    pub name: &'a str,
    pub due: usize,
    /// Planned arrival.
    pub arrival: usize,
    pub lead: usize,
    pub weight: f64,
    /// Its jobs by offset.
    pub jobs: Vec<usize>,
}

/// A work center.
pub(super) struct Center<'a> {
    pub name: &'a str,
    pub capacity: &'a [f64],
    /// Minutes, kWh of a set-up by group.
    pub setups: HashMap<&'a str, (f64, f64)>,
    /// kg CO₂e per kWh by bucket.
    pub grid: &'a [f64],
    /// Its jobs in the order in which the plan has them.
    pub jobs: Vec<usize>,
}

/// Everything that a run needs.
pub(super) struct Floor<'a> {
    pub orders: Vec<Planned<'a>>,
    pub jobs: Vec<Job<'a>>,
    pub centers: Vec<Center<'a>>,
    pub buckets: usize,
    /// Minutes on the clock from one bucket to the next.
    pub bucket_minutes: f64,
}

impl<'a> Floor<'a> {
    pub fn of(instance: &'a Instance, plan: &'a Schedule) -> Result<Self, String> {
        let orders: HashMap<&str, _> =
            instance.planned_orders.iter().map(|o| (o.planned_order.as_str(), o)).collect();
        let materials: HashMap<&str, _> =
            instance.materials.iter().map(|m| (m.material.as_str(), m)).collect();
        let plants: HashMap<&str, _> =
            instance.plants.iter().map(|p| (p.plant.as_str(), p)).collect();
        let places: HashMap<&str, usize> =
            instance.work_centers.iter().enumerate().map(|(i, w)| (&*w.work_center, i)).collect();
        let mut floor = Self {
            orders: Vec::with_capacity(plan.assignments.len()),
            jobs: Vec::new(),
            centers: (instance.work_centers.iter())
                .map(|center| Center {
                    name: &center.work_center,
                    capacity: &center.capacity_minutes,
                    setups: (center.setups.iter())
                        .map(|s| (s.setup_group.as_str(), (s.setup_minutes, s.setup_kwh)))
                        .collect(),
                    grid: &plants[center.plant.as_str()].grid_kgco2e_per_kwh,
                    jobs: Vec::new(),
                })
                .collect(),
            buckets: instance.buckets.len(),
            bucket_minutes: bucket_minutes(instance),
        };
        for assignment in &plan.assignments {
            let name = assignment.planned_order.as_str();
            let unknown = |what: &str, key: &str| {
                format!("the plan of order {name} names {what} {key}, which is not in the instance")
            };
            let order = orders.get(name).ok_or_else(|| unknown("planned order", name))?;
            let material = materials[order.material.as_str()];
            let key = &assignment.production_version;
            let mut versions = material.production_versions.iter();
            let version = versions.find(|v| v.production_version == *key);
            let version = version.ok_or_else(|| unknown("production version", key))?;
            let lane = instance.transport_lanes.iter().find(|lane| lane.lane == order.lane);
            let mut modes = lane.into_iter().flat_map(|lane| &lane.modes);
            let mode = modes.find(|mode| mode.mode == assignment.transport_mode);
            let mode = mode.ok_or_else(|| unknown("mode", &assignment.transport_mode))?;
            let mut jobs = Vec::with_capacity(version.operations.len());
            let mut last = assignment.start_bucket;
            for operation in &version.operations {
                let bucket = assignment.start_bucket + operation.bucket_offset;
                if bucket >= floor.buckets {
                    return Err(format!("the plan of order {name} ends outside the horizon"));
                }
                last = last.max(bucket);
                let center = places[operation.work_center.as_str()];
                let group = material.setup_group.as_str();
                jobs.push(floor.jobs.len());
                floor.jobs.push(Job {
                    order: floor.orders.len(),
                    center,
                    bucket,
                    offset: operation.bucket_offset,
                    minutes: operation.minutes_per_unit * order.quantity,
                    kwh: operation.kwh_per_unit * order.quantity,
                    setup: floor.centers[center].setups.contains_key(group).then_some(group),
                });
            }
            jobs.sort_by_key(|job| floor.jobs[*job].offset);
            floor.orders.push(Planned {
                name,
                due: order.due_bucket,
                arrival: last + mode.lead_buckets,
                lead: mode.lead_buckets,
                weight: order.priority_weight,
                jobs,
            });
        }
        floor.queue();
        Ok(floor)
    }

    /// Jobs by bucket; in a bucket by group, so that each group is set up once, what is due first in
    /// front.
    fn queue(&mut self) {
        let mut first_due: BTreeMap<(usize, usize, Option<&str>), usize> = BTreeMap::new();
        for job in &self.jobs {
            let due = first_due.entry((job.center, job.bucket, job.setup)).or_insert(usize::MAX);
            *due = (*due).min(self.orders[job.order].due);
        }
        let mut order: Vec<usize> = (0..self.jobs.len()).collect();
        order.sort_by_key(|at| {
            let job = &self.jobs[*at];
            let group_due = first_due[&(job.center, job.bucket, job.setup)];
            (job.bucket, group_due, job.setup, self.orders[job.order].due, *at)
        });
        for at in order {
            self.centers[self.jobs[at].center].jobs.push(at);
        }
    }

    /// kg CO₂e of the plan's electricity.
    pub fn electric_carbon(&self) -> f64 {
        let run = |job: &Job<'_>| job.kwh * self.centers[job.center].grid[job.bucket];
        self.jobs.iter().map(run).sum::<f64>()
            + self
                .planned_setups()
                .map(|(center, bucket, kwh)| kwh * self.centers[center].grid[bucket])
                .sum::<f64>()
    }

    /// kWh of the plan.
    pub fn kwh(&self) -> f64 {
        self.jobs.iter().map(|job| job.kwh).sum::<f64>()
            + self.planned_setups().map(|(.., kwh)| kwh).sum::<f64>()
    }

    /// Work center, bucket and kWh of each set-up.
    fn planned_setups(&self) -> impl Iterator<Item = (usize, usize, f64)> + '_ {
        let mut needed: Vec<(usize, usize, &str)> = (self.jobs.iter())
            .filter_map(|job| Some((job.center, job.bucket, job.setup?)))
            .collect();
        needed.sort_unstable();
        needed.dedup();
        needed
            .into_iter()
            .map(|(center, bucket, group)| (center, bucket, self.centers[center].setups[group].1))
    }

    /// The work center at which one order waits longest over all runs, with the mean minutes.
    pub fn waits_at(
        &self,
        longest: impl Iterator<Item = Option<(usize, f64)>>,
    ) -> Option<(String, f64)> {
        let (mut sums, mut runs) = (BTreeMap::<usize, f64>::new(), 0.0);
        for wait in longest {
            runs += 1.0;
            if let Some((job, minutes)) = wait {
                *sums.entry(self.jobs[job].center).or_default() += minutes;
            }
        }
        let (center, sum) = sums.into_iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
        let mean = sum / runs;
        (mean >= 1.0).then(|| (self.centers[center].name.to_owned(), mean))
    }
}

/// Minutes from the begin of one bucket to the next: a day has as many as the first day has buckets.
fn bucket_minutes(instance: &Instance) -> f64 {
    let mut days: BTreeMap<usize, usize> = BTreeMap::new();
    for bucket in &instance.buckets {
        *days.entry(bucket.day).or_default() += 1;
    }
    DAY / days.into_values().max().unwrap_or(1) as f64
}
