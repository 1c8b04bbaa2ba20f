//! One run: events in the order of time, each a work center that becomes free or gets a job.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rand::SeedableRng;
use rand_distr::{Distribution, Exp, LogNormal};
use rand_pcg::Pcg64Mcg;

use super::Scatter;
use super::floor::Floor;

/// Minutes before the end of a shift that still count as its end.
const SLACK: f64 = 1e-6;
const HOUR: f64 = 60.0;

/// What happened in one run.
pub(super) struct Outcome {
    /// Bucket in which each order arrives; beyond the horizon it is counted on.
    pub arrival: Vec<usize>,
    /// The job at which each order waited longest, with the minutes.
    pub longest_wait: Vec<Option<(usize, f64)>>,
    pub kwh: f64,
    /// Carbon of electricity.
    pub carbon_kg: f64,
}

/// When something happens, exact and with a total order.
#[derive(Clone, Copy, PartialEq)]
struct Minute(f64);

impl Eq for Minute {}

impl PartialOrd for Minute {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Minute {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// Draws with a mean of one and a coefficient of variation; none without it.
struct Around(Option<LogNormal<f64>>);

impl Around {
    fn new(variation: f64) -> Self {
        Self((variation > 0.0).then(|| {
            let square = (1.0 + variation * variation).ln();
            LogNormal::new(-0.5 * square, square.sqrt()).expect("a finite spread")
        }))
    }

    fn draw(&self, random: &mut Pcg64Mcg) -> f64 {
        self.0.as_ref().map_or(1.0, |known| known.sample(random))
    }
}

struct State<'f, 'a> {
    floor: &'f Floor<'a>,
    random: Pcg64Mcg,
    times: Around,
    setups: Around,
    failures: Option<Exp<f64>>,
    repairs: Option<Exp<f64>>,
    /// Factor on the grid's intensity by bucket.
    grid: Vec<f64>,
    /// Jobs of each order that have not ended, at the offset that runs.
    open: Vec<usize>,
    /// Position in the order's jobs up to which all may run.
    released: Vec<usize>,
    /// When each job can begin, once its predecessors ended.
    ready: Vec<Option<f64>>,
    done: Vec<bool>,
    /// First job of each work center's queue that is not done.
    first: Vec<usize>,
    free_at: Vec<f64>,
    set_up: Vec<Option<(usize, &'a str)>>,
    /// Running minutes until the next breakdown.
    until_failure: Vec<f64>,
    events: BinaryHeap<Reverse<(Minute, usize)>>,
    finished: Vec<f64>,
    outcome: Outcome,
}

/// Runs the plan once. The stream of random numbers belongs to seed and run alone.
pub(super) fn once(floor: &Floor<'_>, scatter: &Scatter, run: u64) -> Outcome {
    let mixed = scatter.seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(run);
    let mut random = Pcg64Mcg::seed_from_u64(mixed);
    let around_grid = Around::new(scatter.grid_variation);
    let grid = (0..floor.buckets).map(|_| around_grid.draw(&mut random)).collect();
    let rate = |hours: f64| Exp::new(1.0 / (hours * HOUR)).expect("positive hours");
    let failures = scatter.hours_between_breakdowns.map(rate);
    let centers = floor.centers.len();
    let mut state = State {
        floor,
        times: Around::new(scatter.time_variation),
        setups: Around::new(scatter.setup_variation),
        failures,
        repairs: (scatter.hours_to_repair > 0.0).then(|| rate(scatter.hours_to_repair)),
        grid,
        open: vec![0; floor.orders.len()],
        released: vec![0; floor.orders.len()],
        ready: vec![None; floor.jobs.len()],
        done: vec![false; floor.jobs.len()],
        first: vec![0; centers],
        free_at: vec![0.0; centers],
        set_up: vec![None; centers],
        until_failure: vec![f64::INFINITY; centers],
        events: BinaryHeap::new(),
        finished: vec![0.0; floor.orders.len()],
        outcome: Outcome {
            arrival: vec![0; floor.orders.len()],
            longest_wait: vec![None; floor.orders.len()],
            kwh: 0.0,
            carbon_kg: 0.0,
        },
        random,
    };
    if let Some(failures) = &state.failures {
        for left in &mut state.until_failure {
            *left = failures.sample(&mut state.random);
        }
    }
    for order in 0..floor.orders.len() {
        state.release(order, 0.0);
    }
    while let Some(Reverse((Minute(now), center))) = state.events.pop() {
        state.work(center, now);
    }
    state.outcome
}

impl State<'_, '_> {
    /// Lets the jobs of an order's next offset begin.
    fn release(&mut self, order: usize, now: f64) {
        let planned = &self.floor.orders[order];
        let from = self.released[order];
        let Some(first) = planned.jobs.get(from) else {
            self.arrive(order);
            return;
        };
        let offset = self.floor.jobs[*first].offset;
        let together =
            planned.jobs[from..].iter().take_while(|job| self.floor.jobs[**job].offset == offset);
        let mut count = 0;
        for job in together {
            count += 1;
            let of = &self.floor.jobs[*job];
            let at = now.max(of.bucket as f64 * self.floor.bucket_minutes);
            self.ready[*job] = Some(at);
            self.events.push(Reverse((Minute(at), of.center)));
        }
        self.open[order] = count;
        self.released[order] = from + count;
    }

    fn arrive(&mut self, order: usize) {
        let length = self.floor.bucket_minutes;
        let planned = &self.floor.orders[order];
        // An operation that ends with its shift ends in it.
        let last = ((self.finished[order] - SLACK) / length).floor().max(0.0) as usize;
        let begun = planned.jobs.iter().map(|job| self.floor.jobs[*job].bucket).max();
        self.outcome.arrival[order] = last.max(begun.unwrap_or(0)) + planned.lead;
    }

    /// A work center takes the first job of its queue that is ready, if it is free.
    fn work(&mut self, center: usize, now: f64) {
        if self.free_at[center] > now + SLACK {
            return;
        }
        let floor = self.floor;
        let queue = &floor.centers[center].jobs;
        while self.first[center] < queue.len() && self.done[queue[self.first[center]]] {
            self.first[center] += 1;
        }
        let ready = |job: &&usize| {
            !self.done[**job] && self.ready[**job].is_some_and(|at| at <= now + SLACK)
        };
        let Some(job) = queue[self.first[center]..].iter().find(ready).copied() else { return };
        let of = &floor.jobs[job];
        let mut clock = now;
        if let Some(group) = of.setup
            && self.set_up[center] != Some((of.bucket, group))
        {
            let (minutes, kwh) = floor.centers[center].setups[group];
            let factor = self.setups.draw(&mut self.random);
            clock = self.run(center, clock, minutes * factor, kwh * factor);
            self.set_up[center] = Some((of.bucket, group));
        }
        let factor = self.times.draw(&mut self.random);
        clock = self.run(center, clock, of.minutes * factor, of.kwh * factor);
        self.done[job] = true;
        self.free_at[center] = clock;
        self.events.push(Reverse((Minute(clock), center)));
        let waited = now - of.bucket as f64 * floor.bucket_minutes;
        let longest = &mut self.outcome.longest_wait[of.order];
        // A wait in the own shift is the plan's.
        if waited > floor.bucket_minutes && longest.is_none_or(|(_, known)| waited > known) {
            *longest = Some((job, waited - floor.bucket_minutes));
        }
        self.finished[of.order] = self.finished[of.order].max(clock);
        self.open[of.order] -= 1;
        if self.open[of.order] == 0 {
            self.release(of.order, clock);
        }
    }

    /// Runs `minutes` of work from `from`, over shifts and breakdowns; returns when it ends.
    fn run(&mut self, center: usize, from: f64, minutes: f64, kwh: f64) -> f64 {
        let (mut clock, mut left) = (from, minutes);
        if minutes <= 0.0 {
            let bucket = ((from + SLACK) / self.floor.bucket_minutes) as usize;
            self.consume(center, bucket, kwh);
            return from;
        }
        while left > SLACK {
            let (bucket, opens, room, speed) = self.open_from(center, clock);
            clock = clock.max(opens);
            let piece = left.min(room).min(self.until_failure[center]);
            clock += piece / speed;
            left -= piece;
            self.consume(center, bucket, kwh * piece / minutes);
            self.until_failure[center] -= piece;
            if self.until_failure[center] <= SLACK
                && let Some(failures) = self.failures
            {
                if let Some(repairs) = self.repairs {
                    clock += repairs.sample(&mut self.random);
                }
                self.until_failure[center] = failures.sample(&mut self.random).max(1.0);
            }
        }
        clock
    }

    /// From `clock` on: the bucket in which the work center is open next, when, for how many minutes
    /// of work, and how many of them a minute on the clock has.
    fn open_from(&self, center: usize, clock: f64) -> (usize, f64, f64, f64) {
        let length = self.floor.bucket_minutes;
        let capacity = self.floor.centers[center].capacity;
        let longest = capacity.iter().copied().fold(0.0, f64::max);
        let mut bucket = ((clock + SLACK) / length) as usize;
        loop {
            let minutes = match capacity.get(bucket) {
                Some(minutes) => *minutes,
                // Beyond the horizon a shift is as long as the longest in it.
                None => longest.max(1.0),
            };
            let speed = (minutes / length).max(1.0);
            let begin = bucket as f64 * length;
            let gone = (clock - begin).max(0.0) * speed;
            if minutes - gone > SLACK {
                return (bucket, begin, minutes - gone, speed);
            }
            bucket += 1;
        }
    }

    fn consume(&mut self, center: usize, bucket: usize, kwh: f64) {
        let known = bucket.min(self.floor.buckets - 1);
        self.outcome.kwh += kwh;
        self.outcome.carbon_kg += kwh * self.floor.centers[center].grid[known] * self.grid[known];
    }
}
