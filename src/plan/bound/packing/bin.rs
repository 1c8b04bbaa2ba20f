//! One work center in one bucket: which orders, with their set-ups, pay most within its capacity.

use std::ops::Range;

use crate::plan::column::Columns;

/// Parts of a capacity in which minutes are counted, rounded down, so that nothing that fits is lost.
const GRID: usize = 512;
const WIDTH: usize = GRID + 1;

/// Ways of one order: entry and parts of the capacity. At most one of them is packed.
type Choice = Vec<(u32, usize)>;

/// Orders that share a set-up, or that need none.
struct Group {
    /// Variable of the set-up and its parts of the capacity.
    setup: Option<(usize, usize)>,
    choices: Vec<Choice>,
}

/// One work center in one bucket.
#[derive(Default)]
pub(super) struct Bin {
    groups: Vec<Group>,
}

/// How a row of least costs came about from those before it.
enum Step {
    Empty,
    /// A group with its set-up on top of an earlier row.
    Open {
        before: usize,
        setup: Option<(u32, usize)>,
    },
    /// At most one of these ways on top of the row before.
    Pack(Range<usize>),
    /// The better of the row before and an earlier one, without the group.
    Merge {
        before: usize,
    },
}

/// Room for one packing, and what it packed.
#[derive(Default)]
pub(super) struct Scratch {
    /// Least cost by fill, row by row.
    rows: Vec<f64>,
    steps: Vec<Step>,
    /// Ways that pay: entry, parts, price.
    paying: Vec<(u32, usize, f64)>,
    /// Packed entries.
    pub packed: Vec<u32>,
    /// Variables of set-ups in use.
    pub setups: Vec<u32>,
}

fn small(value: usize) -> u32 {
    u32::try_from(value).expect("fewer than 2^32")
}

/// Parts of a capacity that so many minutes take at least.
fn parts(minutes: f64, capacity: f64) -> usize {
    let share = minutes / capacity.max(1e-9);
    (share * GRID as f64 - 1e-3).floor().clamp(0.0, WIDTH as f64) as usize
}

/// The bins of all resources that a column uses. Entries of column `c` begin at `first[c]`.
pub(super) fn bins(
    columns: &Columns<'_>,
    first: &[usize],
    setup_variable: &dyn Fn(usize) -> usize,
) -> Vec<Bin> {
    let mut bins: Vec<Bin> = columns.capacity.iter().map(|_| Bin::default()).collect();
    for order in 0..columns.orders() {
        // Group and choices of this order, by resource.
        let mut own: Vec<(usize, usize)> = Vec::new();
        let own_columns = columns.start[order]..columns.start[order + 1];
        for (column, first) in own_columns.clone().zip(&first[own_columns]) {
            for (at, (resource, minutes)) in columns.minutes.of(column).enumerate() {
                let capacity = columns.capacity[resource];
                let setup = columns
                    .setups
                    .of(column)
                    .find(|(at, _)| columns.setup[*at].resource == resource);
                let setup = setup.map(|(at, _)| {
                    (setup_variable(at), parts(columns.setup[at].minutes, capacity))
                });
                let groups = &mut bins[resource].groups;
                let group = groups.iter().position(|group| group.setup == setup);
                let group = group.unwrap_or_else(|| {
                    groups.push(Group { setup, choices: Vec::new() });
                    groups.len() - 1
                });
                let choices = &mut groups[group].choices;
                if !own.contains(&(resource, group)) {
                    own.push((resource, group));
                    choices.push(Choice::new());
                }
                let way = (small(first + at), parts(minutes, capacity));
                choices.last_mut().expect("it was pushed for this order").push(way);
            }
        }
    }
    bins.retain(|bin| !bin.groups.is_empty());
    bins
}

impl Scratch {
    fn clear(&mut self) {
        self.rows.clear();
        self.steps.clear();
        self.paying.clear();
        self.packed.clear();
        self.setups.clear();
    }

    fn row(&self, at: usize) -> &[f64] {
        &self.rows[at * WIDTH..(at + 1) * WIDTH]
    }

    /// A new last row: an earlier one moved up by `parts`, each value with `cost` more.
    fn push_moved(&mut self, of: usize, parts: usize, cost: f64) {
        let (end, parts) = (self.rows.len(), parts.min(WIDTH));
        self.rows.resize(end + WIDTH, f64::INFINITY);
        let (before, row) = self.rows.split_at_mut(end);
        let of = &before[of * WIDTH..(of + 1) * WIDTH - parts];
        for (to, from) in row[parts..].iter_mut().zip(of) {
            *to = from + cost;
        }
    }

    /// The last row, but no worse than an earlier one moved up.
    fn improve(&mut self, by: usize, parts: usize, cost: f64) {
        let (before, row) = self.rows.split_at_mut(self.steps.len() * WIDTH);
        let by = &before[by * WIDTH..(by + 1) * WIDTH - parts.min(WIDTH)];
        for (to, from) in row[parts.min(WIDTH)..].iter_mut().zip(by) {
            let other = from + cost;
            *to = if other < *to { other } else { *to };
        }
    }

    /// Puts the ways of an order that pay behind the others; of equal room only the best.
    fn pay(&mut self, choice: &Choice, price: &[f64]) -> Range<usize> {
        let from = self.paying.len();
        for (entry, parts) in choice {
            let price = price[*entry as usize];
            if price <= 0.0 || *parts > GRID {
                continue;
            }
            match self.paying[from..].iter_mut().find(|known| known.1 == *parts) {
                Some(known) if known.2 < price => *known = (*entry, *parts, price),
                Some(_) => {}
                None => self.paying.push((*entry, *parts, price)),
            }
        }
        from..self.paying.len()
    }

    /// Reads back what the last row holds at its end.
    fn read_back(&mut self) {
        let (mut at, mut fill) = (self.steps.len() - 1, GRID);
        loop {
            let value = self.row(at)[fill];
            match &self.steps[at] {
                Step::Empty => return,
                Step::Open { before, setup } => {
                    if let Some((variable, parts)) = setup {
                        self.setups.push(*variable);
                        fill -= parts;
                    }
                    at = *before;
                }
                Step::Pack(ways) => {
                    let last = self.row(at - 1);
                    if value < last[fill] {
                        let is_it = |way: &&(u32, usize, f64)| {
                            way.1 <= fill && last[fill - way.1] - way.2 == value
                        };
                        let way = self.paying[ways.clone()].iter().find(is_it);
                        let (entry, parts, _) = *way.expect("one of them made it");
                        self.packed.push(entry);
                        fill -= parts;
                    }
                    at -= 1;
                }
                Step::Merge { before } => {
                    at = if value < self.row(*before)[fill] { at - 1 } else { *before };
                }
            }
        }
    }
}

impl Bin {
    /// The least cost of a packing: set-ups less the prices of what is packed, which `scratch` holds
    /// afterwards. Exact on the grid, by dynamic programming over the fill.
    pub fn pack(&self, price: &[f64], setup_cost: &[f64], scratch: &mut Scratch) -> f64 {
        scratch.clear();
        scratch.rows.resize(WIDTH, 0.0);
        scratch.steps.push(Step::Empty);
        for group in &self.groups {
            let before = scratch.steps.len() - 1;
            let (parts, cost) =
                group.setup.map_or((0, 0.0), |(variable, parts)| (parts, setup_cost[variable]));
            scratch.push_moved(before, parts, cost);
            let setup = group.setup.map(|(variable, parts)| (small(variable), parts));
            scratch.steps.push(Step::Open { before, setup });
            for choice in &group.choices {
                let ways = scratch.pay(choice, price);
                if ways.is_empty() {
                    continue;
                }
                let last = scratch.steps.len() - 1;
                scratch.push_moved(last, 0, 0.0);
                for way in ways.clone() {
                    let (_, parts, price) = scratch.paying[way];
                    scratch.improve(last, parts, -price);
                }
                scratch.steps.push(Step::Pack(ways));
            }
            let last = scratch.steps.len() - 1;
            scratch.push_moved(last, 0, 0.0);
            scratch.improve(before, 0, 0.0);
            scratch.steps.push(Step::Merge { before });
        }
        let value = scratch.row(scratch.steps.len() - 1)[GRID];
        scratch.read_back();
        value
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Looks at every packing of a small bin.
    fn by_hand(bin: &Bin, price: &[f64], setup_cost: &[f64]) -> f64 {
        let ways: Vec<(usize, &Choice)> = (bin.groups.iter().enumerate())
            .flat_map(|(at, group)| group.choices.iter().map(move |choice| (at, choice)))
            .collect();
        let all: usize = ways.iter().map(|(_, choice)| choice.len() + 1).product();
        let mut best = f64::INFINITY;
        for mut number in 0..all {
            let (mut room, mut cost) = (0, 0.0);
            let mut open = vec![false; bin.groups.len()];
            for (group, choice) in &ways {
                let taken = number % (choice.len() + 1);
                number /= choice.len() + 1;
                if taken > 0 {
                    let (entry, parts) = choice[taken - 1];
                    room += parts;
                    cost -= price[entry as usize];
                    open[*group] = true;
                }
            }
            for (group, _) in bin.groups.iter().zip(&open).filter(|(_, open)| **open) {
                let (variable, parts) = group.setup.expect("each group has one");
                room += parts;
                cost += setup_cost[variable];
            }
            if room <= GRID {
                best = best.min(cost);
            }
        }
        best
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn a_bin_packs_what_pays_most_with_its_set_ups(
            parts in prop::collection::vec(0usize..300, 10),
            price in prop::collection::vec(-0.5f64..2.0, 10),
            setup_parts in prop::collection::vec(0usize..120, 2),
            setup_cost in prop::collection::vec(0.0f64..1.5, 2),
        ) {
            let way = |entry: usize| (entry as u32, parts[entry]);
            let group = |at: usize, choices| Group { setup: Some((at, setup_parts[at])), choices };
            let bin = Bin { groups: vec![
                group(0, vec![vec![way(0), way(1)], vec![way(2)], vec![way(3), way(4)]]),
                group(1, vec![vec![way(5)], vec![way(6), way(7), way(8)], vec![way(9)]]),
            ] };
            let mut scratch = Scratch::default();

            let found = bin.pack(&price, &setup_cost, &mut scratch);

            prop_assert!((found - by_hand(&bin, &price, &setup_cost)).abs() < 1e-12);
            let paid: f64 = scratch.packed.iter().map(|entry| price[*entry as usize]).sum();
            let set_up: f64 = scratch.setups.iter().map(|at| setup_cost[*at as usize]).sum();
            prop_assert!((set_up - paid - found).abs() < 1e-12, "what is read back costs the same");
        }
    }
}
