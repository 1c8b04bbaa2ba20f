//! A plan from columns of some orders that a bound's prices name: the others find room beside them.

use super::column::Columns;
use super::selection::Selection;

/// Completes `chosen` with columns of the other orders, those with the fewest minutes last: of the columns
/// that overload least, the one of least reduced cost with the set-ups that it would start.
pub(super) fn complete(
    columns: &Columns<'_>,
    chosen: &[Option<usize>],
    reduced_cost: &[f64],
) -> Vec<usize> {
    let mut selection = Selection::empty(columns);
    for (order, column) in chosen.iter().enumerate() {
        if let Some(column) = column {
            selection.replace(order, *column);
        }
    }
    let mut left: Vec<usize> = (0..chosen.len()).filter(|order| chosen[*order].is_none()).collect();
    let minutes = |order: &usize| columns.run[columns.start[*order]];
    left.sort_by(|a, b| minutes(b).total_cmp(&minutes(a)).then(a.cmp(b)));
    for order in left {
        let rank = |column: usize| {
            let opened = columns.setups.of(column).filter(|(at, _)| !selection.is_set_up(*at));
            let setups: f64 = opened.map(|(at, _)| columns.setup[at].value).sum();
            (selection.overload_with(column).max(1e-9), reduced_cost[column] + setups, column)
        };
        let own = (columns.start[order]..columns.start[order + 1]).map(rank);
        let best = own.min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        if let Some((_, _, column)) = best {
            selection.replace(order, column);
        }
    }
    selection.chosen
}
