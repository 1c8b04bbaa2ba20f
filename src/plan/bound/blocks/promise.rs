//! What the rest of a block can gain at most: exact for the main resource of each order and for one
//! more resource, on a grid rounded in favour of the promise; all other resources have prices.

use super::block::{Asked, Block};

/// A way that may be taken: item and way of the block.
#[derive(Clone, Copy)]
pub(super) struct Open {
    pub item: u32,
    pub way: u32,
    /// What it gains alone.
    pub gain: f64,
    /// The same less what it uses at the prices, and its parts of the main and the second resource.
    net: f64,
    parts: (usize, usize),
}

/// An item with ways that pay.
#[derive(Clone, Copy)]
pub(super) struct Stage {
    /// From and to which of the ways are its own.
    pub ways: (usize, usize),
    pub main: Option<u32>,
    pub group: Option<u32>,
    /// Row of this item and all behind it while its group is open, and of what comes after the group.
    row: usize,
    behind: usize,
}

/// Rows of most gains by room that is left on the main and on the second resource.
#[derive(Default)]
pub(super) struct Promises {
    pub ways: Vec<Open>,
    pub stages: Vec<Stage>,
    rows: Vec<f64>,
    /// Parts of a main resource.
    pub grid: usize,
    /// Lines of a row: parts of the second resource and one.
    pub lines: usize,
}

/// Parts of a capacity that the evaluator lets pass beyond it, and what rounding may add up to.
const PASSES: f64 = 0.01;

/// Parts of a capacity that so many minutes take at least.
pub(super) fn parts_of_least(minutes: f64, capacity: f64, grid: usize) -> usize {
    let parts = (minutes / capacity.max(1e-9) * grid as f64 + 1e-7).floor();
    parts.clamp(0.0, (grid + 1) as f64) as usize
}

/// Whole parts of a capacity that room has: what fits takes no more of them.
pub(super) fn parts_of_most(room: f64, capacity: f64, grid: usize) -> usize {
    let parts = (room / capacity.max(1e-9) * grid as f64 + PASSES).floor();
    parts.clamp(0.0, grid as f64) as usize
}

impl Promises {
    /// Parts of a main resource, if there is no second one.
    const ALONE: usize = 2048;
    /// Parts of a main resource and of the second.
    const BOTH: (usize, usize) = (160, 96);

    /// Parts of a main resource: minutes, where everything takes whole ones and all capacities are the same.
    fn alone(block: &Block) -> usize {
        let first = block.counted.first().copied().unwrap_or(0.0);
        let same = block.counted.iter().all(|other| *other == first);
        let fits = same && (1.0..=Self::ALONE as f64).contains(&first);
        if fits && first.fract() == 0.0 && block.in_minutes { first as usize } else { Self::ALONE }
    }

    fn width(&self) -> usize {
        self.grid + 1
    }

    fn area(&self) -> usize {
        self.lines * self.width()
    }

    fn value(&self, row: usize, (fill, line): (usize, usize)) -> f64 {
        self.rows[row * self.area() + line * self.width() + fill]
    }

    /// Lists the ways that pay, those that gain most at the prices first in their group.
    pub fn open(&mut self, block: &Block, asked: &Asked<'_>, price: &[f64], second: Option<u32>) {
        self.ways.clear();
        self.stages.clear();
        (self.grid, self.lines) = match second {
            Some(_) => (Self::BOTH.0, Self::BOTH.1 + 1),
            None => (Self::alone(block), 1),
        };
        for (at, item) in block.items.iter().enumerate() {
            let from = self.ways.len();
            for (number, way) in item.ways.iter().enumerate() {
                let gain = asked.pay[item.order as usize] - asked.cost[way.column as usize];
                if gain <= 0.0 || !asked.allowed[way.column as usize] {
                    continue;
                }
                let (mut net, mut parts) = (gain, (0, 0));
                for (resource, minutes) in &way.minutes {
                    let capacity = block.counted[*resource as usize];
                    if Some(*resource) == item.main {
                        parts.0 = parts_of_least(*minutes, capacity, self.grid);
                    } else if Some(*resource) == second {
                        parts.1 = parts_of_least(*minutes, capacity, self.lines - 1);
                    } else {
                        net -= price[*resource as usize] * minutes;
                    }
                }
                self.ways.push(Open { item: at as u32, way: number as u32, gain, net, parts });
            }
            let ways = (from, self.ways.len());
            if ways.1 > ways.0 {
                self.ways[from..].sort_by(|a, b| b.net.total_cmp(&a.net));
                if block.capacity.len() == 1 {
                    self.drop_what_is_no_better(block, from);
                }
                let ways = (from, self.ways.len());
                let (main, group) = (item.main, item.group);
                self.stages.push(Stage { ways, main, group, row: 0, behind: 0 });
            }
        }
        let Self { ways, stages, .. } = self;
        let key = |stage: &Stage| (stage.main, stage.group);
        let net = |stage: &Stage| ways[stage.ways.0].net;
        stages.sort_by(|a, b| key(a).cmp(&key(b)).then(net(b).total_cmp(&net(a))));
    }

    /// Of the last ways, from `from` on by falling gain, keeps those that need less than each before, on
    /// the only resource with the only set-up.
    fn drop_what_is_no_better(&mut self, block: &Block, from: usize) {
        let item = &block.items[self.ways[from].item as usize];
        let minutes = |open: &Open| -> f64 {
            item.ways[open.way as usize].minutes.iter().map(|(_, minutes)| minutes).sum()
        };
        if item.ways.iter().any(|way| way.setups != item.ways[0].setups) {
            return;
        }
        let (mut kept, mut least) = (from, f64::INFINITY);
        for at in from..self.ways.len() {
            let open = self.ways[at];
            if minutes(&open) < least {
                least = minutes(&open);
                self.ways[kept] = open;
                kept += 1;
            }
        }
        self.ways.truncate(kept);
    }

    /// A new last row like an earlier one, and its number.
    fn copy(&mut self, of: usize) -> usize {
        let (area, row) = (self.area(), self.rows.len() / self.area());
        self.rows.extend_from_within(of * area..(of + 1) * area);
        row
    }

    /// Raises the last row to an earlier one moved up, each value with `gain` more.
    fn raise(&mut self, by: usize, (parts, lines): (usize, usize), gain: f64) {
        let (area, width, row) = (self.area(), self.width(), self.rows.len() - self.area());
        let (before, row) = self.rows.split_at_mut(row);
        let Some(kept) = width.checked_sub(parts).filter(|kept| *kept > 0) else { return };
        let from = before[by * area..(by + 1) * area].chunks_exact(width);
        for (to, from) in row.chunks_exact_mut(width).skip(lines).zip(from) {
            for (to, from) in to[parts..].iter_mut().zip(&from[..kept]) {
                let with = from + gain;
                *to = if with > *to { with } else { *to };
            }
        }
    }

    /// Computes the rows, from the last stage to the first.
    pub fn fill_in(&mut self, block: &Block, setup_cost: &[f64]) {
        self.rows.clear();
        self.rows.resize(self.area(), 0.0);
        let (mut behind, mut last) = (0, 0);
        for at in (0..self.stages.len()).rev() {
            let stage = self.stages[at];
            let before = last;
            last = self.copy(before);
            for way in stage.ways.0..stage.ways.1 {
                let Open { net, parts, .. } = self.ways[way];
                if net > 0.0 {
                    self.raise(before, parts, net);
                }
            }
            (self.stages[at].row, self.stages[at].behind) = (last, behind);
            let next = at.checked_sub(1).map(|at| self.stages[at]);
            if next.is_some_and(|next| next.main == stage.main && next.group == stage.group) {
                continue;
            }
            let entry = stage
                .group
                .map_or((0.0, 0), |at| block.entry_of(at as usize, setup_cost, self.grid));
            behind = self.copy(behind);
            self.raise(last, (entry.1, 0), -entry.0);
            if next.is_some_and(|next| next.main != stage.main) {
                // The next main resource begins with all its room.
                behind = self.copy(behind);
                let row = self.rows.len() - self.area();
                let (grid, width) = (self.grid, self.width());
                for line in self.rows[row..].chunks_exact_mut(width) {
                    line.fill(line[grid]);
                }
            }
            last = behind;
        }
    }

    /// Most gain from a stage on with so much room; `entry` is what its set-up costs still.
    pub fn of(
        &self,
        stage: &Stage,
        (fill, line): (usize, usize),
        (cost, parts): (f64, usize),
    ) -> f64 {
        let without = self.value(stage.behind, (fill, line));
        match fill.checked_sub(parts) {
            Some(fill) => without.max(self.value(stage.row, (fill, line)) - cost),
            None => without,
        }
    }

    /// Most gain of all, and the minutes that it uses.
    pub fn whole(&self, block: &Block, setup_cost: &[f64], used: &mut [f64]) -> f64 {
        let (mut fill, mut line) = (self.grid, self.lines - 1);
        let (mut is_open, mut value) = (false, 0.0);
        for (at, stage) in self.stages.iter().enumerate() {
            let before = at.checked_sub(1).map(|at| &self.stages[at]);
            if before.is_none_or(|before| before.main != stage.main) {
                fill = self.grid;
            }
            if before.is_none_or(|b| b.main != stage.main || b.group != stage.group) {
                let entry =
                    stage.group.map(|at| block.entry_of(at as usize, setup_cost, self.grid));
                let (cost, parts) = entry.unwrap_or((0.0, 0));
                let most = self.of(stage, (fill, line), (cost, parts));
                if at == 0 {
                    value = most;
                }
                is_open = most > self.value(stage.behind, (fill, line));
                if is_open {
                    fill -= parts;
                }
            }
            if !is_open {
                continue;
            }
            let same = |next: &&Stage| next.main == stage.main && next.group == stage.group;
            let next = self.stages.get(at + 1).filter(same).map_or(stage.behind, |next| next.row);
            let here = self.value(stage.row, (fill, line));
            if here <= self.value(next, (fill, line)) {
                continue;
            }
            let made_it = |open: &&Open| {
                let left = (fill.checked_sub(open.parts.0), line.checked_sub(open.parts.1));
                matches!(left, (Some(fill), Some(line))
                    if self.value(next, (fill, line)) + open.net == here)
            };
            if let Some(open) = self.ways[stage.ways.0..stage.ways.1].iter().find(made_it) {
                fill -= open.parts.0;
                line -= open.parts.1;
                let way = &block.items[open.item as usize].ways[open.way as usize];
                way.minutes.iter().for_each(|(resource, m)| used[*resource as usize] += m);
            }
        }
        value
    }
}
