//! One pass over a condensed system for all right-hand sides.

use super::looped::Looped;
use super::torn::add;
use super::{COLUMNS_AT_ONCE, Columns, Condensation, ProductSystem, SystemError};

pub(super) fn solve(
    system: &ProductSystem,
    order: &Condensation,
    mut values: Columns,
) -> Result<Columns, SystemError> {
    assert_eq!(values.rows(), system.products(), "a row of own emissions for each product");
    let width = values.width();
    if let Some(at) = values.values().iter().position(|value| !value.is_finite()) {
        let product = u32::try_from(at / width).expect("fewer than 2^32 products");
        return Err(SystemError::NotFinite { product });
    }
    if width <= COLUMNS_AT_ONCE {
        by_width(system, order, width, &mut values.values)?;
        return Ok(values);
    }
    // Wider systems go through in blocks: a row then fits a cache line.
    for first in (0..width).step_by(COLUMNS_AT_ONCE) {
        let columns = first..width.min(first + COLUMNS_AT_ONCE);
        let mut block = Vec::with_capacity(values.rows() * columns.len());
        for row in values.values.chunks_exact(width) {
            block.extend_from_slice(&row[columns.clone()]);
        }
        by_width(system, order, columns.len(), &mut block)?;
        let rows = values.values.chunks_exact_mut(width);
        for (row, solved) in rows.zip(block.chunks_exact(columns.len())) {
            row[columns.clone()].copy_from_slice(solved);
        }
    }
    Ok(values)
}

/// Calls the pass of a width that the compiler knows.
macro_rules! with_width {
    ($width:expr, $values:expr, |$rows:ident| $body:expr) => {
        match $width {
            1 => {
                let $rows = $values.as_chunks_mut::<1>().0;
                $body
            }
            2 => {
                let $rows = $values.as_chunks_mut::<2>().0;
                $body
            }
            3 => {
                let $rows = $values.as_chunks_mut::<3>().0;
                $body
            }
            4 => {
                let $rows = $values.as_chunks_mut::<4>().0;
                $body
            }
            5 => {
                let $rows = $values.as_chunks_mut::<5>().0;
                $body
            }
            6 => {
                let $rows = $values.as_chunks_mut::<6>().0;
                $body
            }
            7 => {
                let $rows = $values.as_chunks_mut::<7>().0;
                $body
            }
            _ => {
                let $rows = $values.as_chunks_mut::<8>().0;
                $body
            }
        }
    };
}
pub(super) use with_width;

fn by_width(
    system: &ProductSystem,
    order: &Condensation,
    width: usize,
    values: &mut [f64],
) -> Result<(), SystemError> {
    with_width!(width, values, |rows| pass(system, order, rows))
}

/// Turns own emissions into intensities, in place.
fn pass<const K: usize>(
    system: &ProductSystem,
    order: &Condensation,
    rows: &mut [[f64; K]],
) -> Result<(), SystemError> {
    let products = order.order();
    let mut looped = Looped::new(order.positions());
    let mut next = 0;
    for range in order.loops() {
        singles(system, &products[next..range.start], rows);
        looped.solve(system, &products[range.clone()], rows)?;
        next = range.end;
    }
    singles(system, &products[next..], rows);
    Ok(())
}

/// A stretch of the order without loops.
fn singles<const K: usize>(system: &ProductSystem, products: &[u32], rows: &mut [[f64; K]]) {
    for &product in products {
        let own = rows[product as usize];
        rows[product as usize] = single(system, product as usize, own, |input| rows[input]);
    }
}

/// A product outside of loops: its own emissions `sum`, and what its inputs bring.
#[inline]
pub(super) fn single<const K: usize>(
    system: &ProductSystem,
    product: usize,
    mut sum: [f64; K],
    brought: impl Fn(usize) -> [f64; K],
) -> [f64; K] {
    for (input, quantity) in system.links(product) {
        add(&mut sum, quantity, &brought(input));
    }
    sum
}
