//! Carbon budgets of quarters as policies: what the columns use of each, and the way back within them.
//!
//! A budget is a resource beside the work centers in their buckets, with kilograms for minutes: searches
//! and bounds treat it as they treat those.

use super::anneal::{Begin, anneal};
use super::column::Columns;
use super::instance::{CarbonBudget, Instance, Plant, ProductionVersion};
use super::selection::Selection;
use crate::footprint::budget::Quarter;

/// Prices of a kilogram, in shares of FV for the whole baseline's carbon, one after the other.
const PRICES: [f64; 5] = [0.1, 0.4, 1.6, 6.4, 25.6];
/// Share of the work for each that begins at a plan, and for those before there is one.
const SHARE: f64 = 0.1;
const SHARE_WITHOUT: f64 = 0.25;

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

/// Whether a selection takes more of a budget than there is.
pub(super) fn is_exceeded(columns: &Columns<'_>, chosen: &[usize]) -> bool {
    let selection = Selection::of(columns, chosen);
    columns.budgets.iter().any(|row| selection.is_over(row.resource))
}

/// A selection within the budgets to begin a search at; `begin` itself if that is one, or if none was
/// found. `used` says which share of the work is gone after so many moves.
///
/// A search never loads a resource beyond its capacity, and every order uses a budget: from a plan that
/// exceeds one, no move would be free. So the budgets are lifted and their kilograms get a price, which
/// rises until the plan that is found keeps them.
pub(super) fn begin_within(
    columns: &Columns<'_>,
    reduced_cost: &[f64],
    begin: &[usize],
    seed: u64,
    used: &(dyn Fn(u64) -> f64 + Sync),
) -> Vec<usize> {
    if columns.budgets.is_empty() || !is_exceeded(columns, begin) {
        return begin.to_vec();
    }
    let mut nearest: Option<Vec<usize>> = None;
    for price in PRICES {
        let priced = priced(columns, price / columns.c0);
        let (from, whole) = (used(0), if nearest.is_some() { SHARE } else { SHARE_WITHOUT });
        let share = |moves: u64| (used(moves) - from) / whole;
        // A plan that is there is good: it only has to emit less.
        let from =
            Begin { columns: nearest.as_deref().unwrap_or(begin), priced: nearest.is_some() };
        let found = anneal(&priced, reduced_cost, from, seed, &share, &|_| {});
        if let Some((chosen, _)) = found {
            if !is_exceeded(columns, &chosen) {
                return chosen;
            }
            nearest = Some(chosen);
        }
    }
    begin.to_vec()
}

/// The columns without limits of budgets, a kilogram of which costs `price` of FV.
fn priced<'a>(columns: &Columns<'a>, price: f64) -> Columns<'a> {
    let mut priced = columns.clone();
    for row in &columns.budgets {
        priced.capacity[row.resource] = f64::MAX;
        for column in 0..columns.len() {
            let mut own = columns.minutes.of(column);
            if let Some((_, kilograms)) = own.find(|(resource, _)| *resource == row.resource) {
                priced.value[column] += price * kilograms;
            }
        }
    }
    priced
}
