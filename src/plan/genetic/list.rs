//! Carbon-aware list scheduling: the plans of the first population.

use rand::RngExt;
use rand_pcg::Pcg64Mcg;

use super::super::anneal::candidates::{NO_SETUP, Work};
use super::individual::{Individual, Pool};

/// Slack of a place that is taken, in minutes.
const ROOM: f64 = 1e-9;
/// Most buckets by which an order comes later in the sequence.
const SHUFFLE: f64 = 20.0;
/// Most that noise adds to a column, as a share of its value.
const NOISE: f64 = 0.3;
/// Least and most of its value that a set-up counts for who opens it: others may follow.
const OPENING: (f64, f64) = (0.5, 2.0);
/// What a column costs more that takes the night share further away from its limits.
const AWAY: f64 = 0.5;

/// What list scheduling looks up.
pub(super) struct List {
    due: Vec<f64>,
    /// What all sources of a component have.
    available: Vec<f64>,
    /// Least that set-ups add to a column: below zero where power is paid for using it.
    setup_least: f64,
}

impl List {
    pub fn new(pool: &Pool<'_, '_>) -> Self {
        let columns = pool.columns;
        let most = (0..pool.value.len() as u32).map(|at| pool.candidates.work(at).len()).max();
        let least = columns.setup.iter().map(|setup| setup.value).fold(0.0, f64::min);
        let orders = &columns.instance.planned_orders;
        Self {
            due: orders.iter().map(|order| order.due_bucket as f64).collect(),
            available: (columns.sources.iter())
                .map(|sources| sources.iter().map(|source| source.available).sum())
                .collect(),
            setup_least: OPENING.1 * least * most.unwrap_or(0) as f64,
        }
    }

    /// Orders by due bucket, each to the column of least added value that fits; where none fits, to the
    /// one that overloads least. If it is `noisy`, sequence and values vary, and how much they do.
    pub fn plan(&self, pool: &Pool<'_, '_>, random: &mut Pcg64Mcg, noisy: bool) -> Individual {
        let (columns, candidates) = (pool.columns, &pool.candidates);
        let orders = columns.orders();
        let mut upto = |most: f64| if noisy { random.random_range(0.0..most) } else { 0.0 };
        let noise = upto(NOISE).max(f64::MIN_POSITIVE);
        let opening = if noisy { OPENING.0 + upto(OPENING.1 - OPENING.0) } else { 1.0 };
        // Most plans keep near the sequence of due buckets.
        let shuffle = SHUFFLE * upto(1.0).powi(2);
        let mut sequence: Vec<(f64, u32)> = (0..orders as u32)
            .map(|order| (self.due[order as usize] + shuffle * upto(1.0), order))
            .collect();
        sequence.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut plan = Individual::empty(pool);
        for (done, (_, order)) in sequence.into_iter().enumerate() {
            let order = order as usize;
            let (run, night) = (plan.totals.run, plan.totals.night);
            let steered = done > orders / 10 && run > 0.0;
            let (too_little, too_much) = (
                steered && night < columns.night_min * run,
                steered && night > columns.night_max * run,
            );
            let (mut best, mut best_gene) = (f64::INFINITY, None);
            for gene in candidates.of(order as u32) {
                let mut value = pool.value[gene as usize];
                if value + self.setup_least >= best {
                    break;
                }
                let mut fits = true;
                for work in candidates.work(gene) {
                    let mut load = plan.load[work.resource as usize] + work.minutes;
                    if work.setup != NO_SETUP && plan.running[work.setup as usize] == 0 {
                        let setup = &columns.setup[work.setup as usize];
                        load += setup.minutes;
                        value += opening * setup.value;
                    }
                    fits &= load <= columns.capacity[work.resource as usize] + ROOM;
                }
                if !fits || value >= best {
                    continue;
                }
                if too_little || too_much {
                    let one = &candidates.list[gene as usize];
                    if too_much == (one.night > 0.5 * one.run) {
                        value += value.abs() * AWAY;
                    }
                }
                if noisy {
                    value += value.abs() * random.random_range(0.0..noise);
                }
                if value < best && self.missing(pool, &plan, gene) == 0 {
                    (best, best_gene) = (value, Some(gene));
                }
            }
            let gene = best_gene.unwrap_or_else(|| {
                let over = |column: u32| {
                    self.overload(pool, &plan, column) + self.missing(pool, &plan, column) as f64
                };
                let all = candidates.of(order as u32);
                all.min_by(|a, b| over(*a).total_cmp(&over(*b))).expect("an order has a column")
            });
            plan.add(pool, order, gene);
        }
        plan
    }

    /// Components of which a column would need more than there is.
    fn missing(&self, pool: &Pool<'_, '_>, plan: &Individual, gene: u32) -> usize {
        let bom = pool.candidates.bom(gene).iter();
        bom.filter(|(component, quantity)| {
            let component = *component as usize;
            plan.required[component] + quantity > self.available[component]
        })
        .count()
    }

    /// Relative overload that a column would bring on top.
    fn overload(&self, pool: &Pool<'_, '_>, plan: &Individual, gene: u32) -> f64 {
        let over = |work: &Work| {
            let resource = work.resource as usize;
            let mut load = plan.load[resource] + work.minutes;
            if work.setup != NO_SETUP && plan.running[work.setup as usize] == 0 {
                load += pool.columns.setup[work.setup as usize].minutes;
            }
            (load - pool.columns.capacity[resource] - ROOM).max(0.0) * pool.per_capacity[resource]
        };
        pool.candidates.work(gene).iter().map(over).sum()
    }
}
