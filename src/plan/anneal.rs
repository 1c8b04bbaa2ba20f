//! Annealing over columns with exact differences. A resource is never loaded beyond its capacity:
//! who needs the room of another order sends that order to the best other place.

mod best;

pub(super) mod candidates;

mod moves;

mod parts;

mod state;

use rand::RngExt;
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;

use self::best::Best;
use self::candidates::Candidates;
use self::moves::{
    Change, MOVED_MOST, empty_a_setup, open_a_setup, rebuild, relocate, shift_a_setup, threshold,
    undo,
};
use self::state::State;
use super::column::Columns;

/// Columns of an order that are looked at: those with the least reduced cost. Of more than so many orders it takes
/// longer to list them than they bring.
const CANDIDATES: usize = 30;
const CANDIDATES_MANY: usize = 20;
const MANY_ORDERS: usize = 5_000;
/// Moves between two fresh sums.
const REFRESH: u64 = 1 << 18;
/// Moves between two reports of the best plan.
const TELL: u64 = 1 << 14;
/// First and last temperature, in mean spreads of an order's columns.
const HOT: f64 = 0.08;
const COLD: f64 = 0.003;
/// First temperature where the start is near to the prices of a bound, and is to be kept in the main.
const WARM: f64 = 0.014;

/// Islands: fixed, so that the result does not depend on the cores.
const ISLANDS: u64 = 2;
/// How often parts are told of each other.
const ROUNDS: u32 = 12;
/// Shares of moves that empty a set-up, open one, and take one to another bucket.
const EMPTY: f64 = 0.004;
const OPEN: f64 = 0.004;
const SHIFT: f64 = 0.002;
/// Share of moves that take two resources apart and put their orders somewhere again.
const REBUILD: f64 = 0.1;
/// Moves that one of these counts for: it takes about as long.
const REBUILD_COUNTS: u64 = 16;
/// Moves between two looks at the budget.
const LOOK: u64 = 512;

/// A move of a set-up's orders.
type Setups = fn(&mut State<'_, '_>, &mut Vec<Change>, &mut Pcg64Mcg) -> bool;

/// Where a search begins.
#[derive(Clone, Copy)]
pub(super) struct Begin<'a> {
    /// A column of each order.
    pub columns: &'a [usize],
    /// Whether they come from the prices of a bound.
    pub priced: bool,
}

/// Anneals from where it begins; `used` says which share of the budget is gone after so many moves of an island,
/// `tell` hears the value of each better plan, now and then.
///
/// Orders that share no work center fall into two parts, which two islands improve at the same time,
/// told of each other's at the end of each round. Where all orders hang together, each island has them
/// all, and the better plan counts. The islands do not depend on the threads.
///
/// Returns the best feasible selection, if any, with its value.
pub(super) fn anneal(
    columns: &Columns<'_>,
    reduced_cost: &[f64],
    begin: Begin<'_>,
    seed: u64,
    used: &(dyn Fn(u64) -> f64 + Sync),
    tell: &(dyn Fn(f64) + Sync),
) -> Option<(Vec<usize>, f64)> {
    anneal_in(ROUNDS, columns, reduced_cost, begin, seed, used, tell)
}

/// [`anneal`] with so many rounds: each costs what the plan is long, so a short search has one.
pub(super) fn anneal_in(
    rounds: u32,
    columns: &Columns<'_>,
    reduced_cost: &[f64],
    begin: Begin<'_>,
    seed: u64,
    used: &(dyn Fn(u64) -> f64 + Sync),
    tell: &(dyn Fn(f64) + Sync),
) -> Option<(Vec<usize>, f64)> {
    let most = if columns.orders() > MANY_ORDERS { CANDIDATES_MANY } else { CANDIDATES };
    let candidates = Candidates::new(columns, reduced_cost, begin.columns, most);
    let chosen = candidates.all(begin.columns);
    let spread = spread(columns);
    let hot = if begin.priced { WARM } else { HOT };
    let search = Search { columns, candidates: &candidates, rounds, spread, hot, used, tell };
    let generator = |island: u64| {
        Pcg64Mcg::new(u128::from(seed.wrapping_mul(ISLANDS) + island) << 32 | 0x51ED_270B)
    };
    let mut islands: Vec<Island> =
        (0..ISLANDS).map(|island| Island { random: generator(island), moves: 0 }).collect();
    let (all, parts) = (Vec::from_iter(0..candidates.orders()), parts::parts(&candidates));
    let best = match parts {
        Some(parts) => search.in_parts(&parts, chosen, &mut islands),
        None => {
            let each = islands
                .par_iter_mut()
                .map(|island| search.chain(&all, chosen.clone(), 1.0, island).best.kept());
            let found: Vec<_> = each.collect();
            found.into_iter().flatten().min_by(|a, b| a.1.total_cmp(&b.1))
        }
    };
    let column = |at: &u32| candidates.list[*at as usize].column as usize;
    best.map(|(chosen, value)| (chosen.iter().map(column).collect(), value))
}

/// A stream of moves.
struct Island {
    random: Pcg64Mcg,
    moves: u64,
}

/// Where a chain of moves came to.
struct Ended {
    last: Vec<u32>,
    best: Best,
}

struct Search<'s, 'b> {
    columns: &'s Columns<'b>,
    candidates: &'s Candidates,
    rounds: u32,
    spread: f64,
    hot: f64,
    used: &'s (dyn Fn(u64) -> f64 + Sync),
    tell: &'s (dyn Fn(f64) + Sync),
}

impl Search<'_, '_> {
    fn state<'x>(&'x self, own: &'x [u32], chosen: Vec<u32>) -> State<'x, 'x> {
        State::new(self.columns, self.candidates, own, chosen, 30.0 * self.spread)
    }

    /// Both parts in rounds. What they improve apart is put together when each rule still holds.
    fn in_parts(
        &self,
        parts: &[Vec<u32>; 2],
        mut chosen: Vec<u32>,
        islands: &mut [Island],
    ) -> Option<(Vec<u32>, f64)> {
        let mut best: Option<(Vec<u32>, f64)> = None;
        for round in 1..=self.rounds {
            let until = f64::from(round) / f64::from(self.rounds);
            let ended: Vec<Ended> = (parts.par_iter().zip(islands.par_iter_mut()))
                .map(|(own, island)| self.chain(own, chosen.clone(), until, island))
                .collect();
            let with = |own: &[u32], of: &[u32], onto: &[u32]| {
                let mut together = onto.to_vec();
                own.iter().for_each(|order| together[*order as usize] = of[*order as usize]);
                together
            };
            let bests = with(&parts[1], &ended[1].best.chosen, &ended[0].best.chosen);
            let lasts = with(&parts[1], &ended[1].last, &ended[0].last);
            let [first, second] = &ended[..] else { unreachable!("two parts") };
            let mut next: Option<(Vec<u32>, f64)> = None;
            let mut look = |together: &[u32], goes_on: bool| {
                let state = self.state(&parts[0], together.to_vec());
                if !state.sums.feasible() {
                    return;
                }
                let value = state.sums.value();
                if best.as_ref().is_none_or(|(_, known)| value < *known) {
                    best = Some((together.to_vec(), value));
                    (self.tell)(value);
                }
                if goes_on && next.is_none() {
                    next = Some((together.to_vec(), value));
                }
            };
            for (together, goes_on) in [
                (&bests, false),
                (&first.best.chosen, false),
                (&second.best.chosen, false),
                (&lasts, true),
                (&first.last, true),
                (&second.last, true),
            ] {
                look(together, goes_on);
            }
            chosen = next.map_or(lasts, |(together, _)| together);
        }
        best
    }

    /// Moves of the orders `own` until so much of the budget is gone.
    fn chain(&self, own: &[u32], chosen: Vec<u32>, until: f64, island: &mut Island) -> Ended {
        let (spread, random) = (self.spread, &mut island.random);
        let mut state = self.state(own, chosen);
        let mut best = Best::new(&state);
        let mut change = Vec::with_capacity(MOVED_MOST);
        let mut told = best.value;
        let mut temperature = self.hot * spread;
        let (mut look_at, mut tell_at) = (island.moves, island.moves + TELL);
        let mut refresh_at = island.moves + REFRESH;
        loop {
            if island.moves >= look_at {
                look_at = island.moves + LOOK;
                let share = (self.used)(island.moves);
                if share >= until {
                    return Ended { last: state.chosen, best };
                }
                temperature = spread * self.hot * (COLD / self.hot).powf(share);
                if island.moves >= tell_at && best.value < told {
                    (told, tell_at) = (best.value, island.moves + TELL);
                    (self.tell)(told);
                }
            }
            if island.moves >= refresh_at {
                refresh_at = island.moves + REFRESH;
                state.refresh();
            }
            island.moves += 1;
            let before = (state.sums, state.energy());
            change.clear();
            let kind: f64 = random.random_range(0.0..1.0);
            let mut of_setups = |made: Setups| {
                made(&mut state, &mut change, random).then(|| threshold(temperature, random))
            };
            let made = if kind < EMPTY {
                of_setups(empty_a_setup)
            } else if kind < EMPTY + OPEN {
                of_setups(open_a_setup)
            } else if kind < EMPTY + OPEN + SHIFT {
                of_setups(shift_a_setup)
            } else if kind < EMPTY + OPEN + SHIFT + REBUILD {
                island.moves += REBUILD_COUNTS - 1;
                rebuild(&mut state, &mut change, temperature, random)
            } else {
                relocate(&mut state, &mut change, temperature, random)
            };
            if let Some(threshold) = made {
                if change.iter().any(|one: &Change| !state.same_bom(one.from, one.to)) {
                    state.buy();
                }
                state.judge();
                if state.energy() - before.1 <= threshold {
                    for one in &change {
                        state.moved(one.order, one.from, one.to);
                        best.changed(one.order);
                    }
                    best.look(&state);
                    continue;
                }
            }
            if change.is_empty() {
                continue;
            }
            undo(&mut state, &change, before.0);
        }
    }
}

/// Mean difference between the best and the worst column of an order.
fn spread(columns: &Columns<'_>) -> f64 {
    let orders = columns.orders();
    let of_order = |order: usize| {
        let own = &columns.value[columns.start[order]..columns.start[order + 1]];
        let least = own.iter().copied().fold(f64::INFINITY, f64::min);
        own.iter().copied().fold(f64::NEG_INFINITY, f64::max) - least
    };
    ((0..orders).map(of_order).sum::<f64>() / orders as f64).max(1e-9)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use proptest::prelude::*;

    use super::super::baseline::with_baseline;
    use super::super::evaluate::evaluate;
    use super::super::genetic;
    use super::super::instance::Instance;
    use super::super::selection::Selection;
    use super::*;

    const SMALL: &[u8] = include_bytes!("../../tests/fixtures/planning/S-cement-1.json.gz");
    const TWO_PLANTS: &[u8] = include_bytes!("../../tests/fixtures/planning/M-cement-1.json.gz");

    fn problem(packed: &[u8]) -> Instance {
        let mut text = String::new();
        flate2::read::GzDecoder::new(packed).read_to_string(&mut text).unwrap();
        with_baseline(&Instance::from_json(&text).unwrap()).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        /// What moves add up to, kept and undone ones, is what the oracle says of the whole plan.
        #[test]
        fn differences_sum_to_the_whole(seed in any::<u64>(), moves in 1..2_000usize) {
            let instance = problem(SMALL);
            let baseline = instance.baseline.as_ref().unwrap();
            let figures = (baseline.c0_kg, baseline.co0, baseline.d0);
            let columns = Columns::compile(&instance, figures, false).unwrap();
            let start = genetic::first(&columns, seed);
            let candidates = Candidates::new(&columns, &columns.value, &start, CANDIDATES);
            let mut random = Pcg64Mcg::new(u128::from(seed));
            let (own, chosen) = (Vec::from_iter(0..candidates.orders()), candidates.all(&start));
            let mut state = State::new(&columns, &candidates, &own, chosen, 1.0);
            let (mut change, mut kept) = (Vec::new(), 0);
            for _ in 0..moves {
                let before = state.sums;
                change.clear();
                let hot = f64::INFINITY;
                let made = match random.random_range(0..10) {
                    0 => empty_a_setup(&mut state, &mut change, &mut random),
                    1 => open_a_setup(&mut state, &mut change, &mut random),
                    2 => shift_a_setup(&mut state, &mut change, &mut random),
                    3 => rebuild(&mut state, &mut change, hot, &mut random).is_some(),
                    _ => relocate(&mut state, &mut change, hot, &mut random).is_some(),
                };
                if made && random.random_bool(0.7) {
                    state.buy();
                    state.judge();
                    change.iter().for_each(|one| state.moved(one.order, one.from, one.to));
                    kept += 1;
                } else {
                    undo(&mut state, &change, before);
                }
            }
            state.buy();
            prop_assert!(kept > 0 || moves < 50);
            let chosen: Vec<usize> = (state.chosen.iter())
                .map(|at| candidates.list[*at as usize].column as usize)
                .collect();
            let purchases = Selection::of(&columns, &chosen).purchases();
            let whole = evaluate(&instance, &columns.schedule(&chosen, &purchases));
            let fv = columns.alpha + columns.beta - state.sums.value();
            prop_assert!((fv - whole.fv.unwrap()).abs() < 1e-9, "{fv}, whole {:?}", whole.fv);
        }
    }
    /// A move is dropped for what it is said to change: that has to be what it does change.
    #[test]
    fn the_change_told_before_a_move_is_what_it_makes() {
        let instance = problem(SMALL);
        let baseline = instance.baseline.as_ref().unwrap();
        let figures = (baseline.c0_kg, baseline.co0, baseline.d0);
        let columns = Columns::compile(&instance, figures, false).unwrap();
        let start = genetic::first(&columns, 3);
        let candidates = Candidates::new(&columns, &columns.value, &start, CANDIDATES);
        let (own, chosen) = (Vec::from_iter(0..candidates.orders()), candidates.all(&start));
        let mut state = State::new(&columns, &candidates, &own, chosen, 1.0);
        for order in 0..candidates.orders() {
            let from = state.chosen[order as usize];
            for to in candidates.of(order) {
                if !state.same_bom(from, to) {
                    continue;
                }
                let (told, full) = (state.change(from, to), state.full_for(from, to).is_some());
                let before = state.sums;
                state.remove(from);
                assert_eq!(full, state.full(to).is_some(), "order {order}");
                state.place(to);
                let made = state.sums.value() - before.value();
                assert!((told - made).abs() < 1e-12, "order {order}: told {told}, made {made}");
                state.remove(to);
                state.place(from);
                state.sums = before;
            }
        }
    }

    /// Plants share no work center, so their orders are planned side by side.
    #[test]
    fn orders_of_two_plants_fall_into_two_parts() {
        let instance = problem(TWO_PLANTS);
        let baseline = instance.baseline.as_ref().unwrap();
        let figures = (baseline.c0_kg, baseline.co0, baseline.d0);
        let columns = Columns::compile(&instance, figures, false).unwrap();
        let start = genetic::first(&columns, 1);
        let candidates = Candidates::new(&columns, &columns.value, &start, CANDIDATES);
        let parts = parts::parts(&candidates).unwrap();
        assert_eq!(parts[0].len() + parts[1].len(), candidates.orders() as usize);
        let resources = |part: &[u32]| -> std::collections::BTreeSet<u32> {
            let own = part.iter().flat_map(|order| candidates.of(*order));
            own.flat_map(|at| candidates.work(at)).map(|work| work.resource).collect()
        };
        assert!(resources(&parts[0]).is_disjoint(&resources(&parts[1])));
    }
}
