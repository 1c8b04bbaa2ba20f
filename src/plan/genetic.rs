//! AW-MOGA as published: population 200, two-point crossover 0.8, mutation, elitism 30 %, a first
//! population that keeps the constraints, weights that follow punctuality.

use rand::RngExt;
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;

use super::column::Columns;
use super::selection::{Selection, Worth};

/// Individuals.
const POPULATION: usize = 200;
/// Share that survives unchanged.
const ELITE: f64 = 0.3;
/// Probability of crossover.
const CROSSOVER: f64 = 0.8;
/// Probability of mutation of a gene; of long plans one gene in a plan.
const MUTATION: f64 = 0.05;
/// Punctuality below which gamma rises, and by how much, up to the published limit.
const PUNCTUAL: f64 = 0.95;
const GAMMA_STEP: f64 = 0.05;
const GAMMA_MAX: f64 = 0.4;
/// Weight of a missed policy against an overload.
const POLICY: f64 = 10.0;

/// The best plan that the search found.
pub(super) struct Found {
    /// Best feasible selection with its value.
    pub feasible: Option<(Vec<usize>, f64)>,
    /// Selection that misses least, for where none is feasible.
    pub least_missed: Vec<usize>,
    /// Generations done.
    pub generations: usize,
}

/// A generator for one individual of one generation: the same whatever thread computes it.
fn generator(seed: u64, generation: usize, individual: usize) -> Pcg64Mcg {
    let mixed = seed
        .wrapping_mul(0x9E37_79B9_7F4A_7C15)
        .wrapping_add((generation as u64) << 20)
        .wrapping_add(individual as u64);
    Pcg64Mcg::new(u128::from(mixed) << 64 | u128::from(mixed ^ 0xD1B5_4A32_D192_ED03))
}

fn penalty(worth: &Worth) -> f64 {
    worth.overload + POLICY * worth.policy
}

/// Runs up to `generations` generations, asking `stop` between them. `start` joins the first
/// population; ties in fitness go to the lower position, so a seed gives one result.
pub(super) fn search(
    columns: &Columns<'_>,
    seed: u64,
    generations: usize,
    start: Option<&[usize]>,
    stop: &(dyn Fn() -> bool + Sync),
    progress: &(dyn Fn(usize, Option<f64>) + Sync),
) -> Found {
    let orders = columns.orders();
    let mutation = MUTATION.min(1.0 / orders as f64);
    let mut population: Vec<Vec<usize>> = (0..POPULATION)
        .into_par_iter()
        .map(|individual| match start.filter(|_| individual == 1) {
            Some(start) => start.to_vec(),
            None => list_schedule(columns, &mut generator(seed, 0, individual), individual > 0),
        })
        .collect();
    let mut worths = judge(columns, &population);
    let mut found = Found { feasible: None, least_missed: population[0].clone(), generations: 0 };
    let mut least = f64::INFINITY;
    let mut bonus = 0.0;
    loop {
        for (individual, worth) in population.iter().zip(&worths) {
            let better = found.feasible.as_ref().is_none_or(|(_, known)| worth.value < *known);
            if worth.feasible() && better {
                found.feasible = Some((individual.clone(), worth.value));
            }
            if penalty(worth) < least {
                least = penalty(worth);
                found.least_missed.clone_from(individual);
            }
        }
        progress(found.generations, found.feasible.as_ref().map(|(_, value)| *value));
        if found.generations >= generations || stop() {
            return found;
        }
        found.generations += 1;
        let base: Vec<f64> = worths.iter().map(|worth| worth.value + penalty(worth)).collect();
        let ranked = |fitness: &[f64]| {
            let mut order: Vec<usize> = (0..POPULATION).collect();
            order.sort_by(|a, b| fitness[*a].total_cmp(&fitness[*b]).then(a.cmp(b)));
            order
        };
        let top = &ranked(&base)[..POPULATION / 10];
        let punctual = top.iter().map(|at| worths[*at].punctuality).sum::<f64>() / top.len() as f64;
        // Gamma rises while plans are late and falls back to the instance's own weight.
        bonus = if punctual < PUNCTUAL {
            (bonus + GAMMA_STEP).min((GAMMA_MAX - columns.gamma).max(0.0))
        } else {
            0.0
        };
        let fitness: Vec<f64> = base
            .iter()
            .zip(&worths)
            .map(|(value, worth)| value - bonus * worth.punctuality / columns.d0)
            .collect();
        let order = ranked(&fitness);
        let elite = (ELITE * POPULATION as f64) as usize;
        let generation = found.generations;
        let children: Vec<Vec<usize>> = (elite..POPULATION)
            .into_par_iter()
            .map(|individual| {
                let mut random = generator(seed, generation, individual);
                let tournament = |random: &mut Pcg64Mcg| {
                    let a = random.random_range(0..POPULATION);
                    let b = random.random_range(0..POPULATION);
                    if fitness[a] <= fitness[b] { a } else { b }
                };
                let mut child = population[tournament(&mut random)].clone();
                let other = tournament(&mut random);
                if random.random_bool(CROSSOVER) {
                    let a = random.random_range(0..orders);
                    let b = random.random_range(0..orders);
                    let cut = a.min(b)..=a.max(b);
                    child[cut.clone()].copy_from_slice(&population[other][cut]);
                }
                for (order, gene) in child.iter_mut().enumerate() {
                    if random.random_bool(mutation) {
                        *gene = random.random_range(columns.start[order]..columns.start[order + 1]);
                    }
                }
                child
            })
            .collect();
        let child_worths = judge(columns, &children);
        let kept: Vec<Vec<usize>> =
            order[..elite].iter().map(|at| population[*at].clone()).collect();
        let kept_worths: Vec<Worth> = order[..elite].iter().map(|at| worths[*at]).collect();
        population = kept.into_iter().chain(children).collect();
        worths = kept_worths.into_iter().chain(child_worths).collect();
    }
}

fn judge(columns: &Columns<'_>, population: &[Vec<usize>]) -> Vec<Worth> {
    population
        .par_iter()
        .map_init(
            || Selection::empty(columns),
            |selection, individual| {
                selection.set(individual);
                selection.worth()
            },
        )
        .collect()
}

/// The first plan of a search that is not genetic: list scheduling without noise.
pub(super) fn first(columns: &Columns<'_>, seed: u64) -> Vec<usize> {
    list_schedule(columns, &mut generator(seed, 0, 0), false)
}

/// Carbon-aware list scheduling: orders by due bucket with noise, each to the admissible column of
/// least marginal value; where none fits, to the one that overloads least.
fn list_schedule(columns: &Columns<'_>, random: &mut Pcg64Mcg, noisy: bool) -> Vec<usize> {
    let orders = columns.orders();
    let due = |order: usize| columns.instance.planned_orders[order].due_bucket as f64;
    let mut keys: Vec<(f64, usize)> = (0..orders)
        .map(|order| (due(order) + if noisy { random.random_range(0.0..2.0) } else { 0.0 }, order))
        .collect();
    keys.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut selection = Selection::empty(columns);
    let available: Vec<f64> =
        columns.sources.iter().map(|s| s.iter().map(|source| source.available).sum()).collect();
    for (done, (_, order)) in keys.into_iter().enumerate() {
        let (mut best, mut best_column) = (f64::INFINITY, None);
        let (mut least, mut least_column) = (f64::INFINITY, columns.start[order]);
        let side = if done > orders / 10 { selection.night_side() } else { None };
        for column in columns.start[order]..columns.start[order + 1] {
            let short = columns
                .bom
                .of(column)
                .filter(|(k, q)| selection.required[*k] + q > available[*k])
                .count();
            let over = selection.overload_with(column) + short as f64;
            let mut value = selection.marginal(column);
            let night = columns.night[column] > 0.5 * columns.run[column];
            match side {
                Some(std::cmp::Ordering::Less) if !night => value += value.abs() * 0.5,
                Some(std::cmp::Ordering::Greater) if night => value += value.abs() * 0.5,
                _ => {}
            }
            if noisy {
                value += value.abs() * random.random_range(0.0..0.3);
            }
            if over <= 1e-9 && value < best {
                (best, best_column) = (value, Some(column));
            }
            if over < least {
                (least, least_column) = (over, column);
            }
        }
        selection.replace(order, best_column.unwrap_or(least_column));
    }
    selection.chosen
}
