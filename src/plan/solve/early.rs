//! A good plan before there is a bound: short searches over the columns that are worth most.

use super::super::anneal::{Begin, anneal_in};
use super::{Limit, MANY_ORDERS, Search};
use crate::said;

/// Moves of each island before the bound, in all and for each order, and the most that they may take of
/// the work.
const EARLY_MOVES: (u64, u64) = (8_000, 30);
const EARLY_SHARE: f64 = 0.02;
/// Parts of these of a first search, and times as many of a last one, where there are not many orders.
/// Only few orders have the first one.
const EARLY_PART: u64 = 3;
const EARLY_AGAIN: u64 = 4;
const FEW_ORDERS: usize = 100;

impl Search<'_, '_> {
    /// A good plan before there are prices: a short annealing over the columns of least value with their
    /// components, and of fewer orders more of them, each longer and from the best so far. The best plan that
    /// meets every rule, if there is one.
    pub(super) fn early(&self, begin: &[usize]) -> Option<(Vec<usize>, f64)> {
        let columns = self.columns;
        let (value, seed) = (columns.with_components(), self.options.seed);
        let mut best: Option<(Vec<usize>, f64)> = None;
        for most in self.early_looks() {
            let from = self.gone();
            let gone = self.share_from(from, EARLY_SHARE);
            let used = |done: u64| match self.options.limit {
                Limit::Work { moves, .. } => {
                    let most = most.min((EARLY_SHARE * moves as f64) as u64);
                    done as f64 / most.max(1) as f64
                }
                Limit::Share(_) => (done as f64 / most as f64).max(gone()),
            };
            let columns_of = best.as_ref().map_or(begin, |(chosen, _)| chosen.as_slice());
            let begin = Begin { columns: columns_of, priced: false };
            let found = anneal_in(1, columns, &value, begin, seed, &used, &|_| {});
            if let Some((chosen, value)) = found
                && best.as_ref().is_none_or(|(_, known)| value < *known)
            {
                best = Some((chosen, value));
                (self.options.progress)(
                    &said!("plan.stage.first", "first plan"),
                    Some(self.fv(value)),
                );
            }
        }
        best
    }

    /// Moves of each early search.
    fn early_looks(&self) -> Vec<u64> {
        let orders = self.columns.orders();
        let most = EARLY_MOVES.0 + EARLY_MOVES.1 * orders as u64;
        if orders <= FEW_ORDERS {
            vec![most / EARLY_PART, most, EARLY_AGAIN * most]
        } else if orders <= MANY_ORDERS {
            vec![most, EARLY_AGAIN * most]
        } else {
            vec![most]
        }
    }

    /// Moves of the early searches together, unless their time ended first.
    pub(super) fn early_moves(&self) -> f64 {
        self.early_looks().iter().sum::<u64>() as f64
    }
}
