//! A plan out of the prices of blocks: orders stay where most of their share is, the surest first, and
//! the others find their places anew.

use std::cell::Cell;

use super::block::Guide;
use super::bundle::Bundle;
use super::{Look, Model};
use crate::plan::selection::Selection;

/// Looks after each step.
const LOOKS: usize = 4;
/// The share from which an order stays where it is, and the part of the orders that do so at least.
const SURE: f64 = 0.9;
const LEAST: f64 = 0.25;
/// Overload that is none.
const FITS: f64 = 1e-9;

impl Model<'_, '_> {
    /// Columns of the orders among those `allowed`, which fit together, none for orders that find no room
    /// then; `None` if no plan of a value below `enough` can follow. Where a look says not to go on, the
    /// rest stays where most of its share is.
    pub(super) fn dive(
        &self,
        (bundle, allowed): (&Bundle, &[bool]),
        guides: &[Guide],
        enough: f64,
        goes_on: &dyn Fn(&Look) -> bool,
    ) -> Option<Vec<Option<usize>>> {
        let columns = self.columns;
        let own = |order: usize| columns.start[order]..columns.start[order + 1];
        let mut allowed = allowed.to_vec();
        let mut bundle = bundle.with_fewer(&allowed);
        let mut open: Vec<usize> = (0..columns.orders()).collect();
        let mut chosen = vec![None; columns.orders()];
        let mut selection = Selection::empty(columns);
        while !open.is_empty() {
            let stopped = Cell::new(false);
            self.climb(&mut bundle, &allowed, guides, LOOKS, &|look| {
                stopped.set(!goes_on(look));
                !stopped.get() && look.dual < enough
            });
            if bundle.value >= enough {
                return None;
            }
            let shares = self.shares(&mut bundle);
            let most = |order: &usize| {
                let own = own(*order).filter(|column| allowed[*column]);
                let most = own.max_by(|a, b| shares[*a].total_cmp(&shares[*b]).then(b.cmp(a)));
                most.map(|column| (shares[column], *order, column))
            };
            let mut most: Vec<(f64, usize, usize)> = open.iter().filter_map(most).collect();
            most.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            let sure = most.iter().filter(|(share, ..)| *share >= SURE).count();
            // Without time for more looks all go where most of their share is.
            let least = if stopped.get() { 1.0 } else { LEAST };
            let least = (least * open.len() as f64).ceil() as usize;
            for (_, order, column) in most.into_iter().take(sure.max(least)) {
                // Prices alone do not keep every capacity.
                if selection.overload_with(column) <= FITS {
                    selection.replace(order, column);
                    chosen[order] = Some(column);
                    allowed[own(order)].fill(false);
                    allowed[column] = true;
                }
            }
            open.retain(|order| {
                for column in own(*order).filter(|_| chosen[*order].is_none()) {
                    allowed[column] &= selection.overload_with(column) <= FITS;
                }
                chosen[*order].is_none() && own(*order).any(|column| allowed[column])
            });
            if stopped.get() {
                break;
            }
            bundle = bundle.with_fewer(&allowed);
        }
        Some(chosen)
    }
}
