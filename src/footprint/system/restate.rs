//! One changed factor: only what lies downstream of it is calculated again.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::mem::size_of;

use super::looped::Looped;
use super::solve::{single, with_width};
use super::{COLUMNS_AT_ONCE, Columns, Condensation, ProductSystem, SystemError};

/// Who uses each product: the links seen from below.
#[derive(Clone, Debug)]
pub struct Consumers {
    starts: Vec<u32>,
    consumers: Vec<u32>,
}

impl Consumers {
    /// The consumers of every product.
    pub fn of(system: &ProductSystem) -> Self {
        let mut starts = vec![0u32; system.products() + 1];
        for &input in &system.inputs {
            starts[input as usize + 1] += 1;
        }
        for product in 0..system.products() {
            starts[product + 1] += starts[product];
        }
        let mut next = starts.clone();
        let mut consumers = vec![0; system.link_count()];
        for (product, _) in (0u32..).zip(0..system.products()) {
            for (input, _) in system.links(product as usize) {
                consumers[next[input] as usize] = product;
                next[input] += 1;
            }
        }
        Self { starts, consumers }
    }

    /// Who uses `product`.
    pub fn consumers(&self, product: usize) -> &[u32] {
        &self.consumers[self.starts[product] as usize..self.starts[product + 1] as usize]
    }

    /// Bytes that it holds.
    pub fn bytes(&self) -> usize {
        (self.starts.capacity() + self.consumers.capacity()) * size_of::<u32>()
    }
}

impl ProductSystem {
    /// Brings `intensities` up to date after the own emissions of `changed` products became what
    /// `own` says. Returns the products whose values changed, in the order of calculation.
    ///
    /// Each product downstream is calculated as in [`ProductSystem::solve`], and the walk ends where
    /// a product comes out as it was, so the result has the same bits as a whole solve.
    ///
    /// # Errors
    ///
    /// As [`ProductSystem::solve`]; the intensities are then not to be used.
    ///
    /// # Panics
    ///
    /// If the tables do not have the shape of the system, or more than eight columns.
    pub fn restate(
        &self,
        order: &Condensation,
        consumers: &Consumers,
        own: &Columns,
        intensities: &mut Columns,
        changed: &[u32],
    ) -> Result<Vec<u32>, SystemError> {
        let width = own.width();
        assert!(width == intensities.width() && width <= COLUMNS_AT_ONCE, "equal, at most eight");
        assert!(own.rows() == self.products() && intensities.rows() == self.products());
        let values = &mut intensities.values;
        with_width!(width, values, |rows| walk(self, order, consumers, own, rows, changed))
    }
}

fn walk<const K: usize>(
    system: &ProductSystem,
    order: &Condensation,
    consumers: &Consumers,
    own: &Columns,
    rows: &mut [[f64; K]],
    changed: &[u32],
) -> Result<Vec<u32>, SystemError> {
    let products = order.order();
    let mut looped = Looped::new(order.positions());
    let mut touched = Vec::new();
    let mut due = BinaryHeap::new();
    // A loop is due as a whole, at its first place.
    let place = |product: u32| {
        let position = order.positions()[product as usize] as usize;
        order.loop_at(position).map_or(position, |range| range.start)
    };
    due.extend(changed.iter().map(|&product| Reverse(place(product))));
    let mut last = None;
    let mut before: Vec<[f64; K]> = Vec::new();
    while let Some(Reverse(position)) = due.pop() {
        if last.replace(position) == Some(position) {
            continue;
        }
        let range = order.loop_at(position);
        let members = &products[range.clone().unwrap_or(position..position + 1)];
        before.clear();
        for &product in members {
            before.push(rows[product as usize]);
            rows[product as usize].copy_from_slice(own.row(product as usize));
        }
        if range.is_some() {
            looped.solve(system, members, rows)?;
        } else {
            rows[members[0] as usize] = single(system, rows, members[0] as usize);
        }
        for (&product, before) in members.iter().zip(&before) {
            if rows[product as usize] == *before {
                continue;
            }
            touched.push(product);
            let next =
                consumers.consumers(product as usize).iter().map(|&consumer| place(consumer));
            due.extend(next.filter(|&next| next != position).map(Reverse));
        }
    }
    Ok(touched)
}
