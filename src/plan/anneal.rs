//! Annealing over columns with exact differences. A resource is never loaded beyond its capacity:
//! who needs the room of another order sends that order to the best other place.

mod candidates;

mod state;

use rand::RngExt;
use rand_pcg::Pcg64Mcg;

use self::candidates::{Candidates, NO_SETUP};
use self::state::{State, Sums};
use super::column::Columns;

/// Columns of an order that are looked at: those with the least reduced cost.
const CANDIDATES: usize = 20;
/// Moves between two fresh sums.
const REFRESH: u64 = 1 << 18;
/// Moves between two reports of the best plan.
const TELL: u64 = 1 << 14;
/// First and last temperature, in mean spreads of an order's columns.
const HOT: f64 = 0.12;
const COLD: f64 = 0.0005;
/// Share of moves that empty a set-up.
const EMPTY: f64 = 0.01;
/// Most orders that one move takes off a set-up.
const EMPTIED_MOST: usize = 6;

/// Anneals from `start`; `used` says which share of the budget is gone after so many moves, `tell` hears
/// the value of each better plan, now and then.
///
/// Returns the best feasible selection, if any, with its value.
pub(super) fn anneal(
    columns: &Columns<'_>,
    reduced_cost: &[f64],
    start: &[usize],
    seed: u64,
    used: &(dyn Fn(u64) -> f64 + Sync),
    tell: &(dyn Fn(f64) + Sync),
) -> Option<(Vec<usize>, f64)> {
    let candidates = Candidates::new(columns, reduced_cost, start, CANDIDATES);
    let spread = spread(columns);
    let mut random = Pcg64Mcg::new(u128::from(seed) << 32 | 0x51ED_270B);
    let mut state = State::new(columns, &candidates, start, 30.0 * spread);
    let mut best = Best::new(&state);
    let mut change = Vec::with_capacity(EMPTIED_MOST);
    let mut told = best.value;
    let (mut moves, mut temperature) = (0u64, HOT * spread);
    loop {
        if moves.is_multiple_of(512) {
            let share = used(moves);
            if share >= 1.0 {
                return best.selection(&candidates);
            }
            temperature = spread * HOT * (COLD / HOT).powf(share);
            if moves.is_multiple_of(TELL) && best.value < told {
                told = best.value;
                tell(told);
            }
        }
        if moves % REFRESH == REFRESH - 1 {
            state.refresh();
        }
        moves += 1;
        let threshold = -temperature * random.random_range(f64::MIN_POSITIVE..1.0).ln();
        let before = (state.sums, state.energy());
        change.clear();
        let made = if random.random_bool(EMPTY) {
            empty_a_setup(&mut state, &mut change, &mut random)
        } else {
            relocate(&mut state, &mut change, &mut random)
        };
        if made {
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
        undo(&mut state, &change, before.0);
    }
}

/// Takes a move back, the last change first.
fn undo(state: &mut State<'_, '_>, change: &[Change], before: Sums) {
    for one in change.iter().rev() {
        if one.placed {
            state.remove(one.to);
        }
        state.place(one.from);
    }
    state.sums = before;
}

/// An order on its way from one candidate to another; `placed` once it has got there.
struct Change {
    order: u32,
    from: u32,
    to: u32,
    placed: bool,
}

fn take(state: &mut State<'_, '_>, change: &mut Vec<Change>, order: u32, to: u32) {
    let from = state.chosen[order as usize];
    state.remove(from);
    change.push(Change { order, from, to, placed: false });
}

fn put(state: &mut State<'_, '_>, one: &mut Change) {
    state.place(one.to);
    one.placed = true;
}

/// One order to another column; if that is full, an order that is there makes room.
fn relocate(state: &mut State<'_, '_>, change: &mut Vec<Change>, random: &mut Pcg64Mcg) -> bool {
    let candidates = state.candidates;
    let order = random.random_range(0..candidates.orders());
    let to = candidates.toward_the_best(order, random.random_range(0.0..1.0));
    if to == state.chosen[order as usize] {
        return false;
    }
    take(state, change, order, to);
    let Some(full) = state.full(to) else {
        put(state, &mut change[0]);
        return true;
    };
    let there = state.members(full);
    if there.is_empty() || random.random_bool(0.5) {
        return false;
    }
    let other = there[random.random_range(0..there.len())];
    if other == order {
        return false;
    }
    take(state, change, other, 0);
    if state.full(to).is_some() {
        return false;
    }
    put(state, &mut change[0]);
    let Some(away) = state.cheapest(other, change[1].from) else { return false };
    change[1].to = away;
    put(state, &mut change[1]);
    true
}

/// Takes all orders off a set-up, each to the best place that is left, so that the set-up is saved.
fn empty_a_setup(
    state: &mut State<'_, '_>,
    change: &mut Vec<Change>,
    random: &mut Pcg64Mcg,
) -> bool {
    let candidates = state.candidates;
    let order = random.random_range(0..candidates.orders());
    let work = candidates.work(state.chosen[order as usize]);
    let one = work[random.random_range(0..work.len())];
    if one.setup == NO_SETUP {
        return false;
    }
    let uses = |order: &u32| {
        let work = candidates.work(state.chosen[*order as usize]);
        work.iter().any(|work| work.setup == one.setup)
    };
    let there: Vec<u32> =
        state.members(one.resource as usize).iter().copied().filter(uses).collect();
    if there.len() > EMPTIED_MOST {
        return false;
    }
    for order in &there {
        take(state, change, *order, 0);
    }
    for (at, order) in there.iter().enumerate() {
        let Some(to) = state.cheapest(*order, change[at].from) else { return false };
        change[at].to = to;
        put(state, &mut change[at]);
    }
    true
}

/// The best plan so far, kept without a copy of the whole for each improvement.
struct Best {
    chosen: Vec<u32>,
    value: f64,
    found: bool,
    /// Orders changed since.
    changed: Vec<u32>,
}

impl Best {
    fn new(state: &State<'_, '_>) -> Self {
        let found = state.sums.feasible();
        let value = if found { state.sums.value() } else { f64::INFINITY };
        Self { chosen: state.chosen.clone(), value, found, changed: Vec::new() }
    }

    fn changed(&mut self, order: u32) {
        self.changed.push(order);
        if self.changed.len() > 2 * self.chosen.len() {
            self.changed.sort_unstable();
            self.changed.dedup();
        }
    }

    fn look(&mut self, state: &State<'_, '_>) {
        if state.sums.value() < self.value - 1e-12 && state.sums.feasible() {
            (self.value, self.found) = (state.sums.value(), true);
            for order in self.changed.drain(..) {
                self.chosen[order as usize] = state.chosen[order as usize];
            }
        }
    }

    fn selection(self, candidates: &Candidates) -> Option<(Vec<usize>, f64)> {
        let column = |at: &u32| candidates.list[*at as usize].column as usize;
        self.found.then(|| (self.chosen.iter().map(column).collect(), self.value))
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

    fn problem() -> Instance {
        let packed: &[u8] = include_bytes!("../../tests/fixtures/planning/S-cement-1.json.gz");
        let mut text = String::new();
        flate2::read::GzDecoder::new(packed).read_to_string(&mut text).unwrap();
        with_baseline(&Instance::from_json(&text).unwrap()).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        /// What moves add up to, kept and undone ones, is what the oracle says of the whole plan.
        #[test]
        fn differences_sum_to_the_whole(seed in any::<u64>(), moves in 1..2_000usize) {
            let instance = problem();
            let baseline = instance.baseline.as_ref().unwrap();
            let figures = (baseline.c0_kg, baseline.co0, baseline.d0);
            let columns = Columns::compile(&instance, figures, false).unwrap();
            let start = genetic::first(&columns, seed);
            let candidates = Candidates::new(&columns, &columns.value, &start, CANDIDATES);
            let mut random = Pcg64Mcg::new(u128::from(seed));
            let mut state = State::new(&columns, &candidates, &start, 1.0);
            let (mut change, mut kept) = (Vec::new(), 0);
            for _ in 0..moves {
                let before = state.sums;
                change.clear();
                let made = match random.random_bool(0.1) {
                    true => empty_a_setup(&mut state, &mut change, &mut random),
                    false => relocate(&mut state, &mut change, &mut random),
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
}
