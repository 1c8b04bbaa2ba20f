//! Annealing over columns with exact differences: relocate an order, or take the place of another.

use rand::RngExt;
use rand_pcg::Pcg64Mcg;

use super::column::Columns;
use super::selection::{Selection, Worth};

/// Columns of an order that are looked at: those with the least reduced cost.
const CANDIDATES: usize = 14;
/// Moves between two fresh sums.
const REFRESH: u64 = 100_000;
/// First and last temperature, in mean spreads of an order's columns.
const HOT: f64 = 0.12;
const COLD: f64 = 0.001;
/// Weight of a missed policy.
const POLICY: f64 = 10.0;

/// Anneals from `start`; `used` says which share of the budget is gone after so many moves.
///
/// Returns the best feasible selection, if any, with its value.
pub(super) fn anneal(
    columns: &Columns<'_>,
    reduced_cost: &[f64],
    start: &[usize],
    seed: u64,
    used: &(dyn Fn(u64) -> f64 + Sync),
) -> Option<(Vec<usize>, f64)> {
    let candidates = candidates(columns, reduced_cost);
    let spread = spread(columns);
    // An overload must cost more than any column can gain.
    let overload_price = 30.0 * spread;
    let energy =
        |worth: &Worth| worth.value + overload_price * worth.overload + POLICY * worth.policy;
    let mut random = Pcg64Mcg::new(u128::from(seed) << 32 | 0x51ED_270B);
    let mut selection = Selection::of(columns, start);
    let mut members = Members::of(columns, &selection.chosen);
    let mut worth = selection.worth();
    let mut best = worth.feasible().then(|| (selection.chosen.clone(), worth.value));
    let (mut moves, mut temperature) = (0u64, HOT * spread);
    loop {
        if moves % 512 == 0 {
            let share = used(moves);
            if share >= 1.0 {
                return best;
            }
            temperature = spread * HOT * (COLD / HOT).powf(share);
        }
        if moves % REFRESH == REFRESH - 1 {
            let chosen = selection.chosen.clone();
            selection.set(&chosen);
            worth = selection.worth();
        }
        moves += 1;
        let order = random.random_range(0..columns.orders());
        let column = candidates[order][random.random_range(0..candidates[order].len())];
        let old = selection.chosen[order];
        if column == old {
            continue;
        }
        let mut second = None;
        if random.random_bool(0.5)
            && let Some(full) = selection.full_resource(column)
        {
            second = eject(columns, &candidates, &selection, &members, full, order, &mut random);
        }
        selection.replace(order, column);
        let undo = second.map(|(other, to)| {
            let from = selection.chosen[other];
            selection.replace(other, to);
            (other, from)
        });
        let next = selection.worth();
        let difference = energy(&next) - energy(&worth);
        if difference <= 0.0
            || random.random_bool((-difference / temperature).exp().clamp(0.0, 1.0))
        {
            worth = next;
            members.moved(columns, order, old, column);
            if let (Some((other, to)), Some((_, from))) = (second, undo) {
                members.moved(columns, other, from, to);
            }
            let better = best.as_ref().is_none_or(|(_, known)| worth.value < known - 1e-12);
            if better && worth.feasible() {
                best = Some((selection.chosen.clone(), worth.value));
            }
        } else {
            if let Some((other, from)) = undo {
                selection.replace(other, from);
            }
            selection.replace(order, old);
        }
    }
}

/// An order to push off a full resource and a column for it: mostly onto what the first order leaves.
fn eject(
    columns: &Columns<'_>,
    candidates: &[Vec<usize>],
    selection: &Selection<'_, '_>,
    members: &Members,
    full: usize,
    order: usize,
    random: &mut Pcg64Mcg,
) -> Option<(usize, usize)> {
    let there = &members.0[full];
    if there.is_empty() {
        return None;
    }
    let other = there[random.random_range(0..there.len())] as usize;
    if other == order {
        return None;
    }
    let choices = &candidates[other];
    let first = random.random_range(0..choices.len());
    let now = selection.chosen[other];
    if random.random_bool(0.7) {
        let left: Vec<usize> =
            columns.minutes.of(selection.chosen[order]).map(|(resource, _)| resource).collect();
        for step in 0..choices.len() {
            let column = choices[(first + step) % choices.len()];
            let meets = columns.minutes.of(column).any(|(resource, _)| left.contains(&resource));
            if column != now && meets {
                return Some((other, column));
            }
        }
    }
    (choices[first] != now).then_some((other, choices[first]))
}

fn candidates(columns: &Columns<'_>, reduced_cost: &[f64]) -> Vec<Vec<usize>> {
    (0..columns.orders())
        .map(|order| {
            let mut own: Vec<usize> = (columns.start[order]..columns.start[order + 1]).collect();
            own.sort_by(|a, b| reduced_cost[*a].total_cmp(&reduced_cost[*b]).then(a.cmp(b)));
            own.truncate(CANDIDATES);
            own
        })
        .collect()
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

/// Which orders run on each resource.
struct Members(Vec<Vec<u32>>);

impl Members {
    fn of(columns: &Columns<'_>, chosen: &[usize]) -> Self {
        let mut members = vec![Vec::new(); columns.capacity.len()];
        for (order, column) in chosen.iter().enumerate() {
            for (resource, _) in columns.minutes.of(*column) {
                members[resource].push(order as u32);
            }
        }
        Self(members)
    }

    fn moved(&mut self, columns: &Columns<'_>, order: usize, from: usize, to: usize) {
        for (resource, _) in columns.minutes.of(from) {
            if let Some(at) = self.0[resource].iter().position(|known| *known as usize == order) {
                self.0[resource].swap_remove(at);
            }
        }
        for (resource, _) in columns.minutes.of(to) {
            self.0[resource].push(order as u32);
        }
    }
}
