//! Moves of the annealing: what they take off the plan and put elsewhere, and how that is undone.

use rand::RngExt;
use rand_pcg::Pcg64Mcg;

use super::candidates::{self, NO_SETUP};
use super::state::{State, Sums};

/// Most orders that one move takes off a set-up or draws to one.
pub(super) const MOVED_MOST: usize = 8;

/// Most orders that are taken off two resources at once.
const REBUILT_MOST: usize = 24;

/// Takes a move back, the last change first.
pub(super) fn undo(state: &mut State<'_, '_>, change: &[Change], before: Sums) {
    for one in change.iter().rev() {
        if one.placed {
            state.remove(one.to);
        }
        state.place(one.from);
    }
    state.sums = before;
}

/// An order on its way from one candidate to another; `placed` once it has got there.
pub(super) struct Change {
    pub order: u32,
    pub from: u32,
    pub to: u32,
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

/// Distance in temperatures beyond which a change for the worse is never taken.
const NEVER: f64 = 16.0;

/// By how much a move may make the plan worse, drawn for a temperature.
pub(super) fn threshold(temperature: f64, random: &mut Pcg64Mcg) -> f64 {
    -temperature * random.random_range(f64::MIN_POSITIVE..1.0).ln()
}

/// One order to another column; if that is full, an order that is there makes room. Says by how much the plan
/// may get worse, if the move is made.
pub(super) fn relocate(
    state: &mut State<'_, '_>,
    change: &mut Vec<Change>,
    temperature: f64,
    random: &mut Pcg64Mcg,
) -> Option<f64> {
    let candidates = state.candidates;
    let order = state.pick(random);
    let to = candidates.toward_the_best(order, random.random_range(0.0..1.0));
    let from = state.chosen[order as usize];
    if to == from {
        return None;
    }
    // Most moves are dropped here, before anything is touched. Who makes room seldom gains by it, and
    // if it does, it finds the exchange from its own side.
    let steady = state.steady();
    if steady && state.change_least(from, to) > NEVER * temperature {
        return None;
    }
    let threshold = threshold(temperature, random);
    let own = if steady { state.change(from, to) } else { f64::NEG_INFINITY };
    if own > threshold {
        return None;
    }
    let Some(full) = state.full_for(from, to) else {
        take(state, change, order, to);
        put(state, &mut change[0]);
        return Some(threshold);
    };
    let there = state.members(full);
    if there.is_empty() {
        return None;
    }
    let first = random.random_range(0..there.len());
    let (later, sooner) = (there[first..].iter(), there[..first].iter());
    let (left, lack) = (threshold - own, state.lack(from, to, full));
    let other = later.chain(sooner).copied().find(|other| {
        *other != order && state.freed(*other, full) >= lack && state.leaving_least(*other) <= left
    })?;
    let limit = left - state.leaving_least(other) + state.least_elsewhere(other);
    take(state, change, order, to);
    take(state, change, other, 0);
    if state.full(to).is_some() {
        return None;
    }
    put(state, &mut change[0]);
    let from = change[1].from;
    change[1].to = state.cheapest_of(other, limit, &|candidate| candidate != from)?;
    put(state, &mut change[1]);
    Some(threshold)
}

/// Opens a set-up for an order and draws in others that gain by it.
pub(super) fn open_a_setup(
    state: &mut State<'_, '_>,
    change: &mut Vec<Change>,
    random: &mut Pcg64Mcg,
) -> bool {
    let candidates = state.candidates;
    let order = state.pick(random);
    let to = candidates.toward_the_best(order, random.random_range(0.0..1.0));
    let closed = |work: &&candidates::Work| work.setup != NO_SETUP && state.closed(work.setup);
    let Some(setup) = candidates.work(to).iter().find(closed).map(|work| work.setup) else {
        return false;
    };
    if state.full_for(state.chosen[order as usize], to).is_some() {
        return false;
    }
    take(state, change, order, to);
    put(state, &mut change[0]);
    let others = candidates.using(setup);
    let first = random.random_range(0..others.len());
    for at in 0..others.len() {
        let (other, candidate) = others[(first + at) % others.len()];
        let from = state.chosen[other as usize];
        if change.iter().any(|one| one.order == other)
            || state.change(from, candidate) >= 0.0
            || state.full_for(from, candidate).is_some()
        {
            continue;
        }
        take(state, change, other, candidate);
        let last = change.len() - 1;
        put(state, &mut change[last]);
        if change.len() == MOVED_MOST {
            break;
        }
    }
    true
}

/// Moves all orders of a set-up to another bucket, where they find a common set-up again.
pub(super) fn shift_a_setup(
    state: &mut State<'_, '_>,
    change: &mut Vec<Change>,
    random: &mut Pcg64Mcg,
) -> bool {
    let candidates = state.candidates;
    let order = state.pick(random);
    let setups = |candidate: u32| {
        let work = candidates.work(candidate).iter();
        work.map(|work| work.setup).find(|setup| *setup != NO_SETUP)
    };
    let to = candidates.toward_the_best(order, random.random_range(0.0..1.0));
    let from = state.chosen[order as usize];
    let (Some(left), Some(joined)) = (setups(from), setups(to)) else { return false };
    if left == joined || !take_all(state, change, left, from) {
        return false;
    }
    for one in change.iter_mut() {
        let joins =
            |candidate: u32| candidates.work(candidate).iter().any(|work| work.setup == joined);
        let there = state.cheapest_of(one.order, f64::INFINITY, &joins);
        let to = there.or_else(|| state.cheapest(one.order, one.from));
        let Some(to) = to else { return false };
        one.to = to;
        put(state, one);
    }
    true
}

/// Takes all orders off two resources, puts one of them from the first to the second, and the others, the long
/// ones mostly first, each to the best place that is left, where some places are not seen. Says by how much the
/// plan may get worse, if the move is made.
pub(super) fn rebuild(
    state: &mut State<'_, '_>,
    change: &mut Vec<Change>,
    temperature: f64,
    random: &mut Pcg64Mcg,
) -> Option<f64> {
    let candidates = state.candidates;
    let first = state.pick(random);
    let to = candidates.toward_the_best(first, random.random_range(0.0..1.0));
    let homes = [candidates.home(state.chosen[first as usize])?, candidates.home(to)?];
    let there = homes.map(|home| state.members(home as usize));
    if homes[0] == homes[1] || there[0].len() + there[1].len() > REBUILT_MOST {
        return None;
    }
    let mut others: Vec<(f64, u32)> = Vec::with_capacity(REBUILT_MOST);
    for order in there.into_iter().flatten().copied().filter(|order| *order != first) {
        if !others.iter().any(|(_, known)| *known == order) {
            let minutes = candidates.work(state.chosen[order as usize])[0].minutes;
            others.push((minutes * random.random_range(0.5..1.5), order));
        }
    }
    others.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    let threshold = threshold(temperature, random);
    // What may be spent still, if each order that is not placed yet pays for its least column and no set-up.
    let mut left = if state.steady() { threshold } else { f64::INFINITY };
    for order in std::iter::once(first).chain(others.into_iter().map(|(_, order)| order)) {
        let (from, before) = (state.chosen[order as usize], state.sums.value());
        take(state, change, order, to);
        left += before - state.sums.value() + state.components(from) - state.least(order);
    }
    if state.full(to).is_some() {
        return None;
    }
    for one in change.iter_mut() {
        left += state.least(one.order);
        if one.order != first {
            let seen: u64 = random.random();
            let sees = |candidate: u32| seen >> (candidate % 21 * 3) & 7 != 0;
            one.to = state.cheapest_of(one.order, left, &sees)?;
        }
        let before = state.sums.value();
        put(state, one);
        left -= state.sums.value() - before + state.components(one.to);
        if left < 0.0 {
            return None;
        }
    }
    Some(threshold)
}

/// Takes all orders off a set-up that `candidate` uses, if they are not too many.
fn take_all(
    state: &mut State<'_, '_>,
    change: &mut Vec<Change>,
    setup: u32,
    candidate: u32,
) -> bool {
    let candidates = state.candidates;
    let uses = |candidate: u32| candidates.work(candidate).iter().find(|w| w.setup == setup);
    let Some(work) = uses(candidate) else { return false };
    let there = state.members(work.resource as usize).iter().copied();
    let own: Vec<u32> =
        there.filter(|order| uses(state.chosen[*order as usize]).is_some()).collect();
    if own.len() > MOVED_MOST {
        return false;
    }
    own.into_iter().for_each(|order| take(state, change, order, 0));
    true
}

/// Takes all orders off a set-up, each to the best place that is left, so that the set-up is saved.
pub(super) fn empty_a_setup(
    state: &mut State<'_, '_>,
    change: &mut Vec<Change>,
    random: &mut Pcg64Mcg,
) -> bool {
    let candidates = state.candidates;
    let order = state.pick(random);
    let from = state.chosen[order as usize];
    let work = candidates.work(from);
    let one = work[random.random_range(0..work.len())];
    if one.setup == NO_SETUP || !take_all(state, change, one.setup, from) {
        return false;
    }
    for one in change.iter_mut() {
        let Some(to) = state.cheapest(one.order, one.from) else { return false };
        one.to = to;
        put(state, one);
    }
    true
}
