//! Small problems exactly: depth first over orders, cutting what cannot fit or cannot be better.

use super::column::Columns;
use super::selection::Selection;

/// What an exact search says.
pub(super) enum Exact {
    /// The best selection with its value, proven.
    Optimal(Vec<usize>, f64),
    /// There is no plan, proven.
    Infeasible,
    /// Too many to look at all.
    TooLarge,
}

/// Looks at every selection, at most `nodes_max` of the search tree.
pub(super) fn solve(columns: &Columns<'_>, nodes_max: u64, stop: &dyn Fn() -> bool) -> Exact {
    let orders = columns.orders();
    // Below any purchase: each component from its best source, without ratio or availability.
    let best = |column: usize| {
        let bom: f64 = columns.bom.of(column).map(|(k, q)| q * columns.sources[k][0].value).sum();
        columns.value[column] + bom
    };
    let mut choices: Vec<Vec<(f64, usize)>> = Vec::with_capacity(orders);
    for order in 0..orders {
        let range = columns.start[order]..columns.start[order + 1];
        let mut own: Vec<(f64, usize)> = range.map(|column| (best(column), column)).collect();
        own.sort_by(|a, b| a.0.total_cmp(&b.0));
        choices.push(own);
    }
    let mut rest = vec![0.0; orders + 1];
    for order in (0..orders).rev() {
        rest[order] = rest[order + 1] + choices[order][0].0;
    }
    let mut tree = Tree {
        choices,
        rest,
        selection: Selection::empty(columns),
        nodes: 0,
        nodes_max,
        found: None,
        stop,
    };
    if !tree.descend(0, 0.0) {
        return Exact::TooLarge;
    }
    match tree.found {
        Some((chosen, value)) => Exact::Optimal(chosen, value),
        None => Exact::Infeasible,
    }
}

struct Tree<'s, 'a, 'b> {
    choices: Vec<Vec<(f64, usize)>>,
    rest: Vec<f64>,
    selection: Selection<'a, 'b>,
    nodes: u64,
    nodes_max: u64,
    found: Option<(Vec<usize>, f64)>,
    stop: &'s dyn Fn() -> bool,
}

impl Tree<'_, '_, '_> {
    /// Whether all below was looked at.
    fn descend(&mut self, order: usize, value: f64) -> bool {
        self.nodes += 1;
        if self.nodes > self.nodes_max || (self.nodes.is_multiple_of(4096) && (self.stop)()) {
            return false;
        }
        if order == self.choices.len() {
            let worth = self.selection.worth();
            let better = self.found.as_ref().is_none_or(|(_, known)| worth.value < *known);
            if worth.feasible() && better {
                self.found = Some((self.selection.chosen.clone(), worth.value));
            }
            return true;
        }
        for at in 0..self.choices[order].len() {
            let (best, column) = self.choices[order][at];
            let below = value + best + self.rest[order + 1];
            if self.found.as_ref().is_some_and(|(_, known)| below >= *known) {
                break;
            }
            if self.selection.overload_with(column) > 1e-9 {
                continue;
            }
            let before = self.selection.clone();
            self.selection.replace(order, column);
            if !self.descend(order + 1, value + best) {
                return false;
            }
            self.selection = before;
        }
        true
    }
}
