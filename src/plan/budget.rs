//! Carbon budgets of quarters as policies: what the columns use of each, and the way back within them.
//!
//! A budget is a resource beside the work centers in their buckets, with kilograms for minutes: searches
//! and bounds treat it as they treat those.

use super::column::Columns;
use super::instance::{CarbonBudget, Instance, Plant, ProductionVersion};
use super::selection::Selection;
use crate::footprint::budget::Quarter;

/// Ways out of a budget that are looked at for each order: those that cost least a kilogram.
const WAYS: usize = 16;
/// Passes over all orders.
const PASSES: usize = 4;

/// A budget among the resources of the columns.
#[derive(Clone, Copy, Debug)]
pub(super) struct BudgetRow {
    /// Quarter that it is of.
    pub quarter: Quarter,
    /// Position among the resources.
    pub resource: usize,
    /// Position in the instance.
    at: usize,
}

/// The budgets that have a limit, with that limit; their resources follow the first `resources`.
pub(super) fn rows(instance: &Instance, resources: usize) -> Vec<(BudgetRow, f64)> {
    let budgets = instance.side_constraints.carbon_budgets.iter().enumerate();
    let limited = budgets.filter_map(|(at, budget)| Some((at, budget.quarter, budget.limit_kg?)));
    let row = |(place, (at, quarter, limit)): (usize, (usize, Quarter, f64))| {
        (BudgetRow { quarter, resource: resources + place, at }, limit)
    };
    limited.enumerate().map(row).collect()
}

impl BudgetRow {
    /// kg CO₂e of the budget that `quantity` made by a version from the bucket `start` takes; `plant_of`
    /// says where a work center stands.
    pub fn used<'a>(
        &self,
        instance: &Instance,
        version: &ProductionVersion,
        (quantity, start): (f64, usize),
        plant_of: impl Fn(&str) -> &'a Plant,
    ) -> f64 {
        let budget = &instance.side_constraints.carbon_budgets[self.at];
        let mut kilograms = 0.0;
        let last = version.operations.iter().map(|op| op.bucket_offset).max().unwrap_or(0);
        if budget.counts(1, start + last) {
            kilograms += version.direct_kgco2e_per_unit * quantity;
        }
        for operation in &version.operations {
            let bucket = start + operation.bucket_offset;
            if budget.counts(2, bucket) {
                let grid = plant_of(&operation.work_center).grid_kgco2e_per_kwh[bucket];
                kilograms += operation.kwh_per_unit * quantity * grid;
            }
        }
        kilograms
    }
}

impl CarbonBudget {
    /// Whether emissions of a scope in a bucket count.
    pub(super) fn counts(&self, scope: u8, bucket: usize) -> bool {
        (self.first_bucket..=self.last_bucket).contains(&bucket) && self.scopes.contains(&scope)
    }
}

/// The selection brought within its budgets, as far as that goes without overloading a work center:
/// orders go to columns that emit less, first where a kilogram less costs least.
pub(super) fn within(columns: &Columns<'_>, chosen: &[usize]) -> Vec<usize> {
    let mut selection = Selection::of(columns, chosen);
    for row in &columns.budgets {
        let kilograms = |column: usize| {
            let mut own = columns.minutes.of(column);
            own.find(|(resource, _)| *resource == row.resource).map_or(0.0, |(_, kg)| kg)
        };
        for _ in 0..PASSES {
            if !selection.is_over(row.resource) {
                break;
            }
            let mut ways: Vec<(f64, usize, usize)> = Vec::new();
            for order in 0..columns.orders() {
                let from = selection.chosen[order];
                let mut own: Vec<(f64, usize, usize)> = (columns.start[order]
                    ..columns.start[order + 1])
                    .filter_map(|to| {
                        let saved = kilograms(from) - kilograms(to);
                        let lost = columns.value[to] - columns.value[from];
                        (saved > 0.0).then(|| (lost / saved, order, to))
                    })
                    .collect();
                own.sort_by(|a, b| a.0.total_cmp(&b.0));
                ways.extend(own.into_iter().take(WAYS));
            }
            ways.sort_by(|a, b| a.0.total_cmp(&b.0));
            let mut moved = vec![false; columns.orders()];
            for (_, order, to) in ways {
                if moved[order] {
                    continue;
                }
                let (from, before) = (selection.chosen[order], selection.overload());
                selection.replace(order, to);
                if selection.overload() < before {
                    moved[order] = true;
                } else {
                    selection.replace(order, from);
                }
                if !selection.is_over(row.resource) {
                    break;
                }
            }
            if !moved.contains(&true) {
                break;
            }
        }
    }
    selection.chosen
}
