//! One plan of a population with its sums. A child is made from the parent to which it is nearer, and
//! its sums from that one's: only the orders that differ are counted.

use super::super::anneal::candidates::{Candidates, NO_SETUP};
use super::super::column::{Columns, SLACK};
use super::super::selection::{Totals, Worth};

/// The columns of a problem with what every individual needs of them.
pub(super) struct Pool<'s, 'b> {
    pub columns: &'s Columns<'b>,
    /// Columns of each order, least value first: genes are positions among them.
    pub candidates: Candidates,
    /// Value of each of them with its components at their best sources.
    pub value: Vec<f64>,
    /// One over the capacity of each resource, which overloads are relative to.
    pub per_capacity: Vec<f64>,
}

impl<'s, 'b> Pool<'s, 'b> {
    /// With the `most` columns of each order that are worth most with their components.
    pub fn new(columns: &'s Columns<'b>, most: usize) -> Self {
        let value = columns.with_components();
        let candidates = Candidates::of_value(columns, &value, most);
        let per_capacity = columns.capacity.iter().map(|capacity| 1.0 / capacity.max(1.0));
        Self {
            columns,
            value: candidates.list.iter().map(|one| value[one.column as usize]).collect(),
            candidates,
            per_capacity: per_capacity.collect(),
        }
    }

    /// The columns that genes are.
    pub fn columns_of(&self, genes: &[u32]) -> Vec<usize> {
        genes.iter().map(|gene| self.candidates.list[*gene as usize].column as usize).collect()
    }
}

/// A column for each order, and its sums.
#[derive(Clone)]
pub(super) struct Individual {
    pub genes: Vec<u32>,
    pub load: Vec<f64>,
    pub running: Vec<u32>,
    pub required: Vec<f64>,
    pub totals: Totals,
    pub worth: Worth,
}

impl Individual {
    /// One without any column.
    pub fn empty(pool: &Pool<'_, '_>) -> Self {
        let columns = pool.columns;
        Self {
            genes: vec![u32::MAX; columns.orders()],
            load: vec![0.0; columns.capacity.len()],
            running: vec![0; columns.setup.len()],
            required: vec![0.0; columns.sources.len()],
            totals: Totals::default(),
            worth: Worth { value: 0.0, overload: 0.0, policy: 0.0, punctuality: 0.0 },
        }
    }

    /// Takes the place of another.
    pub fn copy(&mut self, other: &Self) {
        self.genes.copy_from_slice(&other.genes);
        self.load.copy_from_slice(&other.load);
        self.running.copy_from_slice(&other.running);
        self.required.copy_from_slice(&other.required);
        self.totals = other.totals;
    }

    /// Becomes the child of two that has the genes of `inner` within `cut` and those of `outer` without.
    pub fn cross(
        &mut self,
        pool: &Pool<'_, '_>,
        outer: &Self,
        inner: &Self,
        cut: std::ops::RangeInclusive<usize>,
    ) {
        let (from, to) = (*cut.start(), *cut.end() + 1);
        let differ = |range: std::ops::Range<usize>| {
            let pairs = outer.genes[range.clone()].iter().zip(&inner.genes[range]);
            pairs.map(|(one, other)| u32::from(one != other)).sum::<u32>()
        };
        let (within, without) = (differ(from..to), differ(0..from) + differ(to..outer.genes.len()));
        if within <= without {
            self.copy(outer);
            self.take(pool, inner, from..to);
        } else {
            self.copy(inner);
            self.take(pool, outer, 0..from);
            self.take(pool, outer, to..outer.genes.len());
        }
    }

    fn take(&mut self, pool: &Pool<'_, '_>, other: &Self, range: std::ops::Range<usize>) {
        for order in range {
            if self.genes[order] != other.genes[order] {
                self.replace(pool, order, other.genes[order]);
            }
        }
    }

    /// Gives an order another column.
    pub fn replace(&mut self, pool: &Pool<'_, '_>, order: usize, to: u32) {
        let from = std::mem::replace(&mut self.genes[order], to);
        let candidates = &pool.candidates;
        let same = std::ptr::eq(candidates.bom(from), candidates.bom(to));
        self.remove(pool, from);
        self.place(pool, to);
        if !same {
            for (component, quantity) in candidates.bom(from) {
                self.required[*component as usize] -= quantity;
            }
            self.require(pool, to);
        }
    }

    /// Gives an order that has none its column.
    pub fn add(&mut self, pool: &Pool<'_, '_>, order: usize, column: u32) {
        self.genes[order] = column;
        self.place(pool, column);
        self.require(pool, column);
    }

    fn require(&mut self, pool: &Pool<'_, '_>, column: u32) {
        for (component, quantity) in pool.candidates.bom(column) {
            self.required[*component as usize] += quantity;
        }
    }

    fn place(&mut self, pool: &Pool<'_, '_>, column: u32) {
        let one = &pool.candidates.list[column as usize];
        let totals = &mut self.totals;
        totals.value += one.value;
        totals.carbon += one.carbon;
        totals.punctuality += one.on_time;
        totals.run += one.run;
        totals.night += one.night;
        for work in pool.candidates.work(column) {
            let load = &mut self.load[work.resource as usize];
            *load += work.minutes;
            if work.setup != NO_SETUP {
                let running = &mut self.running[work.setup as usize];
                *running += 1;
                if *running == 1 {
                    let setup = &pool.columns.setup[work.setup as usize];
                    *load += setup.minutes;
                    totals.value += setup.value;
                    totals.carbon += setup.carbon;
                }
            }
        }
    }

    fn remove(&mut self, pool: &Pool<'_, '_>, column: u32) {
        let one = &pool.candidates.list[column as usize];
        let totals = &mut self.totals;
        totals.value -= one.value;
        totals.carbon -= one.carbon;
        totals.punctuality -= one.on_time;
        totals.run -= one.run;
        totals.night -= one.night;
        for work in pool.candidates.work(column) {
            let load = &mut self.load[work.resource as usize];
            *load -= work.minutes;
            if work.setup != NO_SETUP {
                let running = &mut self.running[work.setup as usize];
                *running -= 1;
                if *running == 0 {
                    let setup = &pool.columns.setup[work.setup as usize];
                    *load -= setup.minutes;
                    totals.value -= setup.value;
                    totals.carbon -= setup.carbon;
                }
            }
        }
    }

    /// Says what it is worth; `bought` is room for the purchases.
    pub fn judge(&mut self, pool: &Pool<'_, '_>, bought: &mut [Vec<f64>]) {
        let loads = self.load.iter().zip(&pool.columns.capacity).zip(&pool.per_capacity);
        let overload = loads
            .map(|((load, capacity), per_capacity)| {
                (load - capacity - SLACK).max(0.0) * per_capacity
            })
            .sum();
        self.worth = self.totals.worth(pool.columns, &self.required, overload, bought);
    }
}
