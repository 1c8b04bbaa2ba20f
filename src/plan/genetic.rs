//! AW-MOGA as published: population 200, two-point crossover 0.8, mutation, elitism 30 %, a first
//! population that keeps the constraints, weights that follow punctuality.

mod individual;

mod list;

use rand::RngExt;
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;

use super::column::Columns;
use super::selection::Worth;
use individual::{Individual, Pool};
use list::List;

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

/// Genes that a thread takes at a time: of small plans it takes less time to breed some than to share them out.
const GENES_AT_ONCE: usize = 16_000;
/// Columns of each order that the first plan of another search looks at.
const FIRST_COLUMNS: usize = 20;

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
    let pool = Pool::new(columns, usize::MAX);
    let mut population = first_population(&pool, seed, start);
    // Room for the children of a generation: those who die leave theirs to the next.
    let elite = (ELITE * POPULATION as f64) as usize;
    let mut children: Vec<Individual> =
        (elite..POPULATION).map(|_| Individual::empty(&pool)).collect();
    let mut found = Found {
        feasible: None,
        least_missed: pool.columns_of(&population[0].genes),
        generations: 0,
    };
    let mut least = f64::INFINITY;
    let mut bonus = 0.0;
    let mut new = 0;
    loop {
        for individual in &population[new..] {
            let worth = &individual.worth;
            let better = found.feasible.as_ref().is_none_or(|(_, known)| worth.value < *known);
            if worth.feasible() && better {
                found.feasible = Some((pool.columns_of(&individual.genes), worth.value));
            }
            if penalty(worth) < least {
                least = penalty(worth);
                found.least_missed = pool.columns_of(&individual.genes);
            }
        }
        new = elite;
        progress(found.generations, found.feasible.as_ref().map(|(_, value)| *value));
        if found.generations >= generations || stop() {
            return found;
        }
        found.generations += 1;
        let worths = || population.iter().map(|individual| individual.worth);
        let base: Vec<f64> = worths().map(|worth| worth.value + penalty(&worth)).collect();
        let top = &ranked(&base)[..POPULATION / 10];
        let punctual = top.iter().map(|at| population[*at].worth.punctuality).sum::<f64>();
        // Gamma rises while plans are late and falls back to the instance's own weight.
        bonus = if punctual / (top.len() as f64) < PUNCTUAL {
            (bonus + GAMMA_STEP).min((GAMMA_MAX - columns.gamma).max(0.0))
        } else {
            0.0
        };
        let fitness: Vec<f64> = base
            .iter()
            .zip(worths())
            .map(|(value, worth)| value - bonus * worth.punctuality / columns.d0)
            .collect();
        let generation = found.generations;
        let each = children.par_iter_mut().with_min_len(GENES_AT_ONCE / columns.orders().max(1));
        each.enumerate().for_each_init(
            || room_for_purchases(columns),
            |bought, (at, child)| {
                let mut random = generator(seed, generation, elite + at);
                breed(&pool, &population, &fitness, &mut random, child);
                child.judge(&pool, bought);
            },
        );
        let order = ranked(&fitness);
        let mut places: Vec<Option<Individual>> = population.into_iter().map(Some).collect();
        let mut taken = |at: &usize| places[*at].take().expect("each is taken once");
        population = order[..elite].iter().map(&mut taken).collect();
        population.append(&mut children);
        children = order[elite..].iter().map(&mut taken).collect();
    }
}

/// Positions by rising fitness.
fn ranked(fitness: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..fitness.len()).collect();
    order.sort_by(|a, b| fitness[*a].total_cmp(&fitness[*b]).then(a.cmp(b)));
    order
}

/// Two parents by tournament, crossover at two points, mutation.
fn breed(
    pool: &Pool<'_, '_>,
    population: &[Individual],
    fitness: &[f64],
    random: &mut Pcg64Mcg,
    child: &mut Individual,
) {
    let orders = pool.columns.orders();
    let tournament = |random: &mut Pcg64Mcg| {
        let a = random.random_range(0..POPULATION);
        let b = random.random_range(0..POPULATION);
        if fitness[a] <= fitness[b] { a } else { b }
    };
    let outer = &population[tournament(random)];
    let inner = &population[tournament(random)];
    if random.random_bool(CROSSOVER) {
        let a = random.random_range(0..orders);
        let b = random.random_range(0..orders);
        child.cross(pool, outer, inner, a.min(b)..=a.max(b));
    } else {
        child.copy(outer);
    }
    // The next gene that mutates is a geometric distance away.
    let stays = (1.0 - MUTATION.min(1.0 / orders as f64)).ln();
    let mut order = 0usize;
    loop {
        let chance: f64 = random.random_range(f64::MIN_POSITIVE..1.0);
        order = order.saturating_add((chance.ln() / stays) as usize);
        if order >= orders {
            return;
        }
        let gene = random.random_range(pool.candidates.of(order as u32));
        child.replace(pool, order, gene);
        order += 1;
    }
}

/// List schedules, all but the first with noise; `start` is the second if it is given.
fn first_population(pool: &Pool<'_, '_>, seed: u64, start: Option<&[usize]>) -> Vec<Individual> {
    let list = List::new(pool);
    (0..POPULATION)
        .into_par_iter()
        .with_min_len(GENES_AT_ONCE / 8 / pool.columns.orders().max(1))
        .map_init(
            || room_for_purchases(pool.columns),
            |bought, at| {
                let mut individual = match start.filter(|_| at == 1) {
                    Some(start) => {
                        let mut individual = Individual::empty(pool);
                        for (order, gene) in pool.candidates.all(start).into_iter().enumerate() {
                            individual.add(pool, order, gene);
                        }
                        individual
                    }
                    None => list.plan(pool, &mut generator(seed, 0, at), at > 0),
                };
                individual.judge(pool, bought);
                individual
            },
        )
        .collect()
}

fn room_for_purchases(columns: &Columns<'_>) -> Vec<Vec<f64>> {
    columns.sources.iter().map(|sources| vec![0.0; sources.len()]).collect()
}

/// The first plan of a search that is not genetic: list scheduling without noise.
pub(super) fn first(columns: &Columns<'_>, seed: u64) -> Vec<usize> {
    let pool = Pool::new(columns, FIRST_COLUMNS);
    let plan = List::new(&pool).plan(&pool, &mut generator(seed, 0, 0), false);
    pool.columns_of(&plan.genes)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use proptest::prelude::*;

    use super::super::baseline::with_baseline;
    use super::super::instance::Instance;
    use super::super::selection::Selection;
    use super::*;

    const SMALL: &[u8] = include_bytes!("../../tests/fixtures/planning/S-cement-1.json.gz");

    fn problem() -> Instance {
        let mut text = String::new();
        flate2::read::GzDecoder::new(SMALL).read_to_string(&mut text).unwrap();
        with_baseline(&Instance::from_json(&text).unwrap()).unwrap()
    }

    fn compiled(instance: &Instance) -> Columns<'_> {
        let baseline = instance.baseline.as_ref().unwrap();
        let figures = (baseline.c0_kg, baseline.co0, baseline.d0);
        Columns::compile(instance, figures, false).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        /// A child is counted by what it differs in from a parent, and so are its own children: that has
        /// to be what each of its columns adds up to.
        #[test]
        fn children_of_children_are_worth_what_their_columns_are(seed in any::<u64>()) {
            let instance = problem();
            let columns = compiled(&instance);
            let pool = Pool::new(&columns, usize::MAX);
            let mut bought = room_for_purchases(&columns);
            let mut population = first_population(&pool, seed, None);
            let fitness: Vec<f64> = population.iter().map(|one| one.worth.value).collect();
            for generation in 1..20 {
                let mut child = Individual::empty(&pool);
                let mut random = generator(seed, generation, 0);
                breed(&pool, &population, &fitness, &mut random, &mut child);
                child.judge(&pool, &mut bought);
                let whole = Selection::of(&columns, &pool.columns_of(&child.genes)).worth();
                prop_assert!((child.worth.value - whole.value).abs() < 1e-12);
                prop_assert!((child.worth.overload - whole.overload).abs() < 1e-9);
                prop_assert!((child.worth.policy - whole.policy).abs() < 1e-9);
                prop_assert!((child.worth.punctuality - whole.punctuality).abs() < 1e-12);
                population[generation] = child;
            }
        }
    }

    #[test]
    fn threads_do_not_change_what_a_seed_finds() {
        let instance = problem();
        let columns = compiled(&instance);
        let of = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| search(&columns, 5, 30, None, &|| false, &|_, _| {}).feasible)
        };
        let alone = of(1);
        assert!(alone.is_some());
        assert_eq!(alone, of(3));
    }
}
