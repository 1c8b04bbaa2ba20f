//! One block of resources that its columns use together: which columns, with their set-ups, pay most.
//! Exact, depth first, cutting where the promises say that nothing better follows.

use super::promise::{Open, Promises, Stage, parts_of_least, parts_of_most};
use crate::plan::column::Columns;

/// Nodes of one search before what is left counts as what it promises.
const NODES_MOST: u64 = 400_000;
/// Steps that look for prices of the resources, the first without, the second with a second axis.
const PRICE_STEPS: (u32, u32) = (20, 12);

/// A way of making an order in this block.
pub(super) struct Way {
    pub column: u32,
    /// Own resources with minutes, and own set-ups.
    pub minutes: Vec<(u32, f64)>,
    pub setups: Vec<u32>,
}

/// An order with its ways in this block; at most one of them is taken.
pub(super) struct Item {
    pub order: u32,
    pub ways: Vec<Way>,
    /// The resource that each of its ways needs, and the set-up there, if there are.
    pub main: Option<u32>,
    pub group: Option<u32>,
}

/// A set-up of this block.
pub(super) struct Setup {
    /// Its variable of the relaxation.
    variable: usize,
    /// Own resource.
    pub resource: u32,
    pub minutes: f64,
    /// Whether only orders of its group use it.
    pub own: bool,
}

/// Resources with everything that uses them.
#[derive(Default)]
pub(super) struct Block {
    pub capacity: Vec<f64>,
    /// Capacities as they are counted in parts: without what the evaluator lets pass, which is no part.
    pub counted: Vec<f64>,
    pub setups: Vec<Setup>,
    /// Those of one main resource and group follow each other.
    pub items: Vec<Item>,
    /// Whether all that is made and set up takes whole minutes.
    pub in_minutes: bool,
}

/// What promises are made from. Good ones make the search short; what it finds is the same.
#[derive(Clone, Default)]
pub(super) struct Guide {
    /// Prices of the resources.
    price: Vec<f64>,
    /// The resource that is the second axis of promises.
    second: Option<u32>,
}

/// What a packing of a block is asked for.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    /// What an order pays for being made.
    pub pay: &'a [f64],
    /// Cost of each column and set-up.
    pub cost: &'a [f64],
    /// Columns that may be used.
    pub allowed: &'a [bool],
}

/// Room for one packing, and what it packed.
#[derive(Default)]
pub(super) struct Scratch {
    pub promises: Promises,
    pub room: Vec<f64>,
    pub running: Vec<u32>,
    pub setup_cost: Vec<f64>,
    taken: Vec<u32>,
    best: f64,
    nodes: u64,
    /// Most that a node promised which was not looked into.
    left: f64,
    /// Packed columns.
    pub packed: Vec<u32>,
}

fn small(value: usize) -> u32 {
    u32::try_from(value).expect("fewer than 2^32")
}

impl Block {
    /// Adds a resource and says which number it has here.
    pub fn add_resource(&mut self, capacity: f64) -> u32 {
        // What the evaluator lets pass is a plan, too.
        self.capacity.push(capacity + 1e-6 * capacity.max(1.0));
        self.counted.push(if capacity < 1.0 { capacity + 1e-6 } else { capacity });
        small(self.capacity.len() - 1)
    }

    /// Adds a column of an order; those of one order come one after the other.
    pub fn add_column(
        &mut self,
        columns: &Columns<'_>,
        (order, column): (usize, usize),
        own: &dyn Fn(usize) -> Option<u32>,
        setup_variable: &dyn Fn(usize) -> usize,
    ) {
        let minutes =
            columns.minutes.of(column).filter_map(|(at, m)| Some((own(at)?, m))).collect();
        let mut setups = Vec::new();
        for (at, _) in columns.setups.of(column) {
            let Some(resource) = own(columns.setup[at].resource) else { continue };
            let variable = setup_variable(at);
            let known = self.setups.iter().position(|setup| setup.variable == variable);
            setups.push(small(known.unwrap_or_else(|| {
                let minutes = columns.setup[at].minutes;
                self.setups.push(Setup { variable, resource, minutes, own: true });
                self.setups.len() - 1
            })));
        }
        let way = Way { column: small(column), minutes, setups };
        match self.items.last_mut().filter(|item| item.order as usize == order) {
            Some(item) => item.ways.push(way),
            None => self.items.push(Item {
                order: small(order),
                ways: vec![way],
                main: None,
                group: None,
            }),
        }
    }

    /// Sorts the orders by main resource and group, once all columns are there.
    pub fn finish(&mut self) {
        let needs = |item: &Item, resource: u32| {
            item.ways.iter().all(|way| way.minutes.iter().any(|(own, _)| *own == resource))
        };
        let mut users = vec![0usize; self.capacity.len()];
        for item in &self.items {
            for (resource, _) in &item.ways[0].minutes {
                users[*resource as usize] += usize::from(needs(item, *resource));
            }
        }
        for item in &mut self.items {
            let own = item.ways[0].minutes.iter().map(|(resource, _)| *resource);
            item.main = own.filter(|at| needs(item, *at)).max_by_key(|at| users[*at as usize]);
            let first = item.ways[0].setups.first().copied();
            let same = item.ways.iter().all(|way| way.setups.first().copied() == first);
            let here = |at: &u32| Some(self.setups[*at as usize].resource) == item.main;
            item.group = first.filter(|at| same && here(at));
            for way in &item.ways {
                for setup in way.setups.iter().filter(|setup| Some(**setup) != item.group) {
                    self.setups[*setup as usize].own = false;
                }
            }
        }
        self.items.sort_by_key(|item| (item.main, item.group, item.order));
        let ways = self.items.iter().flat_map(|item| &item.ways);
        let made = ways.flat_map(|way| &way.minutes).map(|(_, minutes)| *minutes);
        let mut all = made.chain(self.setups.iter().map(|setup| setup.minutes));
        self.in_minutes = all.all(|minutes| minutes.fract() == 0.0);
    }

    /// Variables of its set-ups.
    pub fn setup_variables(&self) -> impl Iterator<Item = usize> + '_ {
        self.setups.iter().map(|setup| setup.variable)
    }

    /// Tells the variables of the set-ups that packed columns use.
    pub fn setups_of(&self, packed: &[u32], tell: &mut dyn FnMut(usize)) {
        let mut used = vec![false; self.setups.len()];
        for way in self.items.iter().flat_map(|item| &item.ways) {
            if packed.contains(&way.column) {
                way.setups.iter().for_each(|setup| used[*setup as usize] = true);
            }
        }
        for (setup, _) in self.setups.iter().zip(used).filter(|(_, used)| *used) {
            tell(setup.variable);
        }
    }

    /// The most that a packing gains, or a little more where the search is cut off: what its orders pay
    /// less what columns and set-ups cost. The best that was found stands in `scratch`.
    pub fn pack(&self, asked: &Asked<'_>, guide: &Guide, scratch: &mut Scratch) -> f64 {
        // A set-up that brings something is taken for nothing.
        let costs = self.setups.iter().map(|setup| asked.cost[setup.variable]);
        let free: f64 = costs.map(|cost| (-cost).max(0.0)).sum();
        self.begin(asked, guide, scratch);
        scratch.packed.clear();
        (scratch.best, scratch.left, scratch.nodes) = (f64::NEG_INFINITY, f64::NEG_INFINITY, 0);
        self.descend(0, 0.0, guide, scratch);
        free + scratch.best.max(scratch.left)
    }

    /// Nothing taken, and the promises for it.
    fn begin(&self, asked: &Asked<'_>, guide: &Guide, scratch: &mut Scratch) {
        scratch.taken.clear();
        scratch.room.clone_from(&self.capacity);
        scratch.running.clear();
        scratch.running.resize(self.setups.len(), 0);
        scratch.setup_cost.clear();
        let costs = self.setups.iter().map(|setup| asked.cost[setup.variable].max(0.0));
        scratch.setup_cost.extend(costs);
        let mut promises = std::mem::take(&mut scratch.promises);
        promises.open(self, asked, &guide.price, guide.second);
        promises.fill_in(self, &scratch.setup_cost);
        scratch.promises = promises;
    }

    /// Looks for prices of the resources at which the least is promised; the dearest resource then
    /// becomes the second axis of the promises.
    pub fn guide(&self, asked: &Asked<'_>, scratch: &mut Scratch) -> Guide {
        let mut guide = Guide { price: vec![0.0; self.capacity.len()], second: None };
        self.lower(asked, &mut guide, scratch, PRICE_STEPS.0, (2.0, 0.9));
        let worth = |at: &usize| guide.price[*at] * self.capacity[*at];
        let dearest = (0..self.capacity.len()).max_by(|a, b| worth(a).total_cmp(&worth(b)));
        guide.second = dearest.filter(|at| worth(at) > 0.0).map(small);
        guide.price.fill(0.0);
        self.lower(asked, &mut guide, scratch, PRICE_STEPS.1, (0.5, 0.8));
        guide
    }

    /// Steps against the use of the relaxation that promises come from; keeps the best prices.
    fn lower(
        &self,
        asked: &Asked<'_>,
        guide: &mut Guide,
        scratch: &mut Scratch,
        steps: u32,
        (first, shrink): (f64, f64),
    ) {
        let pay: f64 = self.items.iter().map(|item| asked.pay[item.order as usize].abs()).sum();
        let largest = self.capacity.iter().copied().fold(1e-9, f64::max);
        let mut length = first * pay / self.items.len().max(1) as f64 / largest;
        let priced = |at: &usize| {
            let resource = small(*at);
            guide.second != Some(resource) && self.items.iter().all(|i| i.main != Some(resource))
        };
        let priced: Vec<usize> = (0..self.capacity.len()).filter(priced).collect();
        if priced.is_empty() {
            return;
        }
        let (mut best, mut best_price) = (f64::INFINITY, guide.price.clone());
        let mut used = vec![0.0; self.capacity.len()];
        for _ in 0..steps {
            self.begin(asked, guide, scratch);
            let rooms = scratch.room.iter().zip(&guide.price);
            let worth: f64 = rooms.map(|(room, price)| room * price).sum();
            used.fill(0.0);
            let value = worth + scratch.promises.whole(self, &scratch.setup_cost, &mut used);
            if value < best {
                best = value;
                best_price.clone_from(&guide.price);
            }
            for at in &priced {
                let slope = (used[*at] - self.capacity[*at]) / self.capacity[*at].max(1e-9);
                guide.price[*at] = (guide.price[*at] + length * slope).max(0.0);
            }
            length *= shrink;
        }
        guide.price = best_price;
    }

    fn way(&self, open: &Open) -> &Way {
        &self.items[open.item as usize].ways[open.way as usize]
    }

    /// What opening the set-up of a stage costs, and its parts of the main resource.
    fn entry(&self, stage: &Stage, scratch: &Scratch) -> (f64, usize) {
        match stage.group.map(|group| group as usize).filter(|at| scratch.running[*at] == 0) {
            Some(group) => self.entry_of(group, &scratch.setup_cost, scratch.promises.grid),
            None => (0.0, 0),
        }
    }

    /// [`Block::entry`] while nothing is taken. What others open too may be there already.
    pub fn entry_of(&self, group: usize, setup_cost: &[f64], grid: usize) -> (f64, usize) {
        let setup = &self.setups[group];
        if !setup.own {
            return (0.0, 0);
        }
        let capacity = self.counted[setup.resource as usize];
        (setup_cost[group], parts_of_least(setup.minutes, capacity, grid))
    }

    /// Most that is gained from a stage on.
    fn promised(&self, stage: &Stage, guide: &Guide, scratch: &Scratch) -> f64 {
        let parts = |resource: Option<u32>, grid: usize| {
            resource.map_or(grid, |at| {
                parts_of_most(scratch.room[at as usize], self.counted[at as usize], grid)
            })
        };
        let (fill, line) = (
            parts(stage.main, scratch.promises.grid),
            parts(guide.second, scratch.promises.lines - 1),
        );
        scratch.promises.of(stage, (fill, line), self.entry(stage, scratch))
    }

    /// Takes a way and says what its new set-ups cost.
    fn take(&self, way: &Way, scratch: &mut Scratch) -> f64 {
        let mut cost = 0.0;
        for (resource, minutes) in &way.minutes {
            scratch.room[*resource as usize] -= minutes;
        }
        for setup in &way.setups {
            let running = &mut scratch.running[*setup as usize];
            *running += 1;
            if *running == 1 {
                let known = &self.setups[*setup as usize];
                scratch.room[known.resource as usize] -= known.minutes;
                cost += scratch.setup_cost[*setup as usize];
            }
        }
        cost
    }

    fn give_back(&self, way: &Way, scratch: &mut Scratch) {
        for (resource, minutes) in &way.minutes {
            scratch.room[*resource as usize] += minutes;
        }
        for setup in &way.setups {
            let running = &mut scratch.running[*setup as usize];
            *running -= 1;
            if *running == 0 {
                let known = &self.setups[*setup as usize];
                scratch.room[known.resource as usize] += known.minutes;
            }
        }
    }

    fn descend(&self, at: usize, gained: f64, guide: &Guide, scratch: &mut Scratch) {
        scratch.nodes += 1;
        if gained > scratch.best {
            scratch.best = gained;
            scratch.packed.clone_from(&scratch.taken);
        }
        let Some(stage) = scratch.promises.stages.get(at).copied() else { return };
        let rooms = scratch.room.iter().zip(&guide.price);
        let worth: f64 = rooms.map(|(room, price)| room * price).sum();
        let most = gained + worth + self.promised(&stage, guide, scratch);
        if most <= scratch.best + 1e-12 {
            return;
        }
        if scratch.nodes > NODES_MOST {
            scratch.left = scratch.left.max(most);
            return;
        }
        // Where nothing is lost by leaving the order out, that comes first: where the promise is what can
        // be gained, the search goes straight there.
        let next = scratch.promises.stages.get(at + 1).copied();
        let without = next.map_or(0.0, |next| worth + self.promised(&next, guide, scratch));
        let leave = gained + without >= most - 1e-12;
        if leave {
            self.descend(at + 1, gained, guide, scratch);
            if most <= scratch.best + 1e-12 {
                return;
            }
        }
        for number in stage.ways.0..stage.ways.1 {
            let open = scratch.promises.ways[number];
            let way = self.way(&open);
            let cost = self.take(way, scratch);
            if scratch.room.iter().all(|room| *room >= 0.0) {
                scratch.taken.push(way.column);
                self.descend(at + 1, gained + open.gain - cost, guide, scratch);
                scratch.taken.pop();
            }
            self.give_back(way, scratch);
        }
        if !leave {
            self.descend(at + 1, gained, guide, scratch);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Looks at every packing.
    fn by_hand(
        block: &Block,
        asked: &Asked<'_>,
        at: usize,
        taken: &mut Vec<(usize, usize)>,
    ) -> f64 {
        let Some(item) = block.items.get(at) else {
            let mut room = block.capacity.clone();
            let mut open = vec![false; block.setups.len()];
            let mut gained = 0.0;
            for (item, way) in taken.iter() {
                let way = &block.items[*item].ways[*way];
                let order = block.items[*item].order as usize;
                gained += asked.pay[order] - asked.cost[way.column as usize];
                way.minutes.iter().for_each(|(resource, m)| room[*resource as usize] -= m);
                way.setups.iter().for_each(|setup| open[*setup as usize] = true);
            }
            for (setup, _) in block.setups.iter().zip(open).filter(|(_, open)| *open) {
                room[setup.resource as usize] -= setup.minutes;
                gained -= asked.cost[setup.variable];
            }
            let fits = room.iter().all(|room| *room >= 0.0);
            return if fits { gained } else { f64::NEG_INFINITY };
        };
        let mut best = by_hand(block, asked, at + 1, taken);
        for way in 0..item.ways.len() {
            taken.push((at, way));
            best = best.max(by_hand(block, asked, at + 1, taken));
            taken.pop();
        }
        best
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Six orders on a common resource with two set-ups, each by one of two others. One order may
        /// need the set-up of another group, too.
        #[test]
        fn a_block_packs_what_pays_most(
            minutes in prop::collection::vec((20.0f64..300.0, 20.0f64..300.0), 12),
            pay in prop::collection::vec(0.0f64..2.0, 6),
            cost in prop::collection::vec(0.0f64..0.8, 14),
            set_up in prop::collection::vec(0.0f64..120.0, 2),
            crosses in any::<bool>(),
        ) {
            let mut block = Block::default();
            (0..3).for_each(|_| { block.add_resource(480.0); });
            for (at, minutes) in set_up.iter().enumerate() {
                block.setups.push(Setup { variable: 12 + at, resource: 0, minutes: *minutes, own: true });
            }
            for order in 0..6 {
                let group = order / 3;
                let mut setups = vec![group as u32];
                if crosses && order == 4 {
                    setups.push(0);
                }
                let way = |at: usize| {
                    let (common, other) = minutes[2 * order + at];
                    Way {
                        column: small(2 * order + at),
                        minutes: vec![(0, common), (1 + at as u32, other)],
                        setups: setups.clone(),
                    }
                };
                block.items.push(Item {
                    order: small(order), ways: vec![way(0), way(1)], main: None, group: None,
                });
            }
            block.finish();
            let allowed = [true; 12];
            let asked = Asked { pay: &pay, cost: &cost, allowed: &allowed };
            let mut scratch = Scratch::default();
            let best = by_hand(&block, &asked, 0, &mut Vec::new());

            let plain = Guide { price: vec![0.0; 3], second: None };
            let without_prices = block.pack(&asked, &plain, &mut scratch);
            let guide = block.guide(&asked, &mut scratch);
            let with_prices = block.pack(&asked, &guide, &mut scratch);

            prop_assert!((without_prices - best).abs() < 1e-9, "{without_prices}, best {best}");
            prop_assert!((with_prices - best).abs() < 1e-9, "{with_prices}, best {best}");
        }
    }
}
