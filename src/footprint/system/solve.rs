//! One pass over a condensed system for all right-hand sides.

use super::looped::Looped;
use super::{COLUMNS_AT_ONCE, Columns, Condensation, ProductSystem, SystemError};

pub(super) fn solve(
    system: &ProductSystem,
    order: &Condensation,
    own: &Columns,
) -> Result<Columns, SystemError> {
    assert_eq!(own.rows(), system.products(), "a row of own emissions for each product");
    if let Some(at) = own.values().iter().position(|value| !value.is_finite()) {
        let product = u32::try_from(at / own.width()).expect("fewer than 2^32 products");
        return Err(SystemError::NotFinite { product });
    }
    let mut found = own.clone();
    if own.width() <= COLUMNS_AT_ONCE {
        by_width(system, order, own.width(), &mut found.values)?;
        return Ok(found);
    }
    // Wider systems go through in blocks: a row then fits a cache line.
    for first in (0..own.width()).step_by(COLUMNS_AT_ONCE) {
        let width = COLUMNS_AT_ONCE.min(own.width() - first);
        let mut block = Vec::with_capacity(own.rows() * width);
        for product in 0..own.rows() {
            block.extend_from_slice(&own.row(product)[first..first + width]);
        }
        by_width(system, order, width, &mut block)?;
        for (product, row) in block.chunks_exact(width).enumerate() {
            found.row_mut(product)[first..first + width].copy_from_slice(row);
        }
    }
    Ok(found)
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
        for &product in &products[next..range.start] {
            rows[product as usize] = single(system, rows, product as usize);
        }
        looped.solve(system, &products[range.clone()], rows)?;
        next = range.end;
    }
    for &product in &products[next..] {
        rows[product as usize] = single(system, rows, product as usize);
    }
    Ok(())
}

/// A product outside of loops: its own emissions, which stand in its row, and its inputs.
pub(super) fn single<const K: usize>(
    system: &ProductSystem,
    rows: &[[f64; K]],
    product: usize,
) -> [f64; K] {
    let mut sum = rows[product];
    for (input, quantity) in system.links(product) {
        let brought = &rows[input];
        for column in 0..K {
            sum[column] += quantity * brought[column];
        }
    }
    sum
}
