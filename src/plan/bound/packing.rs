//! A stronger bound: every work center in every bucket is packed with whole orders and set-ups.
//!
//! The linear relaxation fills a bucket to the last minute with shares of orders and uses set-ups in
//! part. Here each column has a price for each resource that it uses. The orders pay the prices and
//! choose their columns; each resource earns them and packs what pays most. Any prices bound.

mod bin;

use rayon::prelude::*;

use self::bin::{Bin, Scratch};
use super::{Bound, Relaxation, soften, spread};
use crate::plan::column::Columns;

/// First step length, in median spreads of an order's columns.
const LENGTH: f64 = 0.02;
/// First and last heat of the softened choice of columns, in the same.
const HEAT: (f64, f64) = (0.02, 0.002);

/// A bound by packing, and what proves it.
pub(in crate::plan) struct Packed {
    /// No plan has a higher FV.
    pub upper_bound: f64,
    /// Price of each entry, then the multiplier of each row that holds for the whole plan.
    pub prices: Vec<f32>,
}

/// Where the prices are, and what they leave to the orders and the resources.
struct Model<'a, 'b> {
    columns: &'a Columns<'b>,
    /// Entries of column `c` are `first[c]..first[c + 1]`, in the order of its minutes.
    first: Vec<usize>,
    bins: Vec<Bin>,
    /// The rows that hold for the whole plan.
    rows: Relaxation,
    /// Variables of the sources follow those of columns and set-ups.
    first_source: usize,
}

/// What one look at the prices tells.
struct Look {
    dual: f64,
    reduced: Vec<f64>,
    /// Value and packed entries and set-ups of each bin.
    packed: Vec<(f64, Vec<u32>, Vec<u32>)>,
}

impl<'a, 'b> Model<'a, 'b> {
    fn new(columns: &'a Columns<'b>) -> Self {
        let used = Relaxation::used_setups(columns);
        let first_source = columns.len() + used.len();
        let variable = |at: usize| columns.len() + used.binary_search(&at).expect("it is used");
        let mut first = vec![0];
        for column in 0..columns.len() {
            first.push(first[column] + columns.minutes.of(column).count());
        }
        let bins = bin::bins(columns, &first, &variable);
        Self {
            columns,
            first,
            bins,
            rows: Relaxation::with_rows(columns, &|_| false),
            first_source,
        }
    }

    fn entries(&self) -> usize {
        self.first[self.columns.len()]
    }

    /// Prices that say the same as multipliers of all rows of the linear relaxation.
    fn prices_of(&self, multipliers: &[f32]) -> Vec<f64> {
        let all = Relaxation::build(self.columns);
        let mut prices = vec![0.0; self.entries()];
        for column in 0..self.columns.len() {
            let rows = all.variable_start[column]..all.variable_start[column + 1];
            for (row, value) in &all.of_variable[rows] {
                let row = *row as usize;
                let Some(resource) = all.resource.get(row) else { continue };
                let mut own = self.columns.minutes.of(column);
                let at = own.position(|(at, _)| at == *resource).expect("its row is a column's");
                prices[self.first[column] + at] -= f64::from(multipliers[row]) * value;
            }
        }
        prices.extend(multipliers[all.resource.len()..].iter().copied().map(f64::from));
        prices
    }

    /// The bound that prices give, as a value of F, summed in one order on any number of threads.
    fn look(&self, prices: &[f64]) -> Look {
        let (entry, whole) = prices.split_at(self.entries());
        let mut reduced = vec![0.0; self.rows.cost.len()];
        self.rows.reduce(whole, &mut reduced);
        let mut dual: f64 = whole.iter().zip(&self.rows.limit).map(|(m, limit)| m * limit).sum();
        for order in 0..self.columns.orders() {
            let mut least = f64::INFINITY;
            let own = self.columns.start[order]..self.columns.start[order + 1];
            for (cost, column) in reduced[own.clone()].iter_mut().zip(own) {
                let prices = &entry[self.first[column]..self.first[column + 1]];
                *cost += prices.iter().sum::<f64>();
                least = least.min(*cost);
            }
            dual += least;
        }
        let sources = self.first_source..reduced.len();
        dual += sources.map(|at| (reduced[at] * self.rows.upper[at]).min(0.0)).sum::<f64>();
        let pack = |scratch: &mut Scratch, bin: &Bin| {
            let value = bin.pack(entry, &reduced, scratch);
            (value, scratch.packed.clone(), scratch.setups.clone())
        };
        let packed: Vec<_> =
            self.bins.par_iter().with_min_len(8).map_init(Scratch::default, pack).collect();
        dual += packed.iter().map(|(value, ..)| value).sum::<f64>();
        Look { dual, reduced, packed }
    }

    /// By how much orders and resources disagree, price by price.
    fn slopes(&self, look: &Look, heat: f64, x: &mut [f64], slopes: &mut [f64]) {
        let columns = self.columns.len();
        soften(self.columns, &look.reduced[..columns], heat, &mut x[..columns]);
        x[columns..self.first_source].fill(0.0);
        for (at, share) in x.iter_mut().enumerate().skip(self.first_source) {
            let odds = (look.reduced[at] / heat).clamp(-40.0, 40.0).exp();
            *share = self.rows.upper[at] / (1.0 + odds);
        }
        for (column, share) in x[..columns].iter().enumerate() {
            slopes[self.first[column]..self.first[column + 1]].fill(*share);
        }
        for (_, entries, setups) in &look.packed {
            entries.iter().for_each(|entry| slopes[*entry as usize] -= 1.0);
            setups.iter().for_each(|setup| x[*setup as usize] = 1.0);
        }
        let rows = &self.rows;
        for (row, slope) in slopes[self.entries()..].iter_mut().enumerate() {
            let range = rows.row_start[row]..rows.row_start[row + 1];
            let used: f64 = range.map(|at| rows.value[at] * x[rows.index[at] as usize]).sum();
            *slope = rows.limit[row] - used;
        }
    }
}

/// Number of prices of entries, which is what one step costs.
pub(in crate::plan) fn size(columns: &Columns<'_>) -> usize {
    (0..columns.len()).map(|column| columns.minutes.of(column).count()).sum()
}

/// The bound that prices give, whoever found them.
///
/// # Errors
///
/// Prices that are not of this problem: another number of them, no number, a wrong sign.
pub(in crate::plan) fn bound_of(columns: &Columns<'_>, prices: &[f32]) -> Result<f64, String> {
    let model = Model::new(columns);
    let wanted = model.entries() + model.rows.limit.len();
    if prices.len() != wanted {
        return Err(format!("there are {} for {wanted} entries and rows", prices.len()));
    }
    for (at, price) in prices.iter().enumerate() {
        let signed = at >= model.entries() && !model.rows.equality[at - model.entries()];
        if !price.is_finite() || (signed && *price > 0.0) {
            return Err(format!("the one at {at} is {price}, which bounds nothing"));
        }
    }
    let prices: Vec<f64> = prices.iter().copied().map(f64::from).collect();
    Ok(columns.alpha + columns.beta - model.look(&prices).dual)
}

/// Climbs from the multipliers of the linear relaxation for `steps` steps, or until `gone` reaches one,
/// and keeps the best bound. Steps get shorter as the larger of both shares is used up.
///
/// # Source
///
/// Lagrangian decomposition (Guignard and Kim, 1987): the choice of columns and the packings have
/// copies of the same variables, and prices make them agree. Steps as for the relaxation.
pub(in crate::plan) fn strengthen(
    columns: &Columns<'_>,
    from: &Bound,
    steps: usize,
    gone: &dyn Fn() -> f64,
) -> Packed {
    let model = Model::new(columns);
    let spread = spread(columns);
    let mut prices = model.prices_of(&from.multipliers);
    let count = prices.len();
    let (mut mean, mut square) = (vec![0.0; count], vec![0.0; count]);
    let (mut slopes, mut x) = (vec![0.0; count], vec![0.0; model.rows.cost.len()]);
    let (mut best, mut best_prices) = (f64::NEG_INFINITY, prices.clone());
    for step in 0..steps {
        let look = model.look(&prices);
        if look.dual > best {
            best = look.dual;
            best_prices.copy_from_slice(&prices);
        }
        let progress = (step as f64 / steps as f64).max(gone());
        if progress >= 1.0 {
            break;
        }
        let heat = spread * (HEAT.0 * (1.0 - progress).powi(2)).max(HEAT.1);
        model.slopes(&look, heat, &mut x, &mut slopes);
        let length = LENGTH * spread * (1.0 - progress).powf(1.5);
        let (first, second) =
            (1.0 - 0.9f64.powi(step as i32 + 1), 1.0 - 0.98f64.powi(step as i32 + 1));
        let each = prices.iter_mut().zip(&mut mean).zip(&mut square).zip(&slopes);
        for (((price, mean), square), slope) in each {
            *mean = 0.9 * *mean + 0.1 * slope;
            *square = 0.98 * *square + 0.02 * slope * slope;
            *price += length * (*mean / first) / ((*square / second).sqrt() + 1e-2);
        }
        for (at, price) in prices[model.entries()..].iter_mut().enumerate() {
            if !model.rows.equality[at] {
                *price = price.min(0.0);
            }
        }
    }
    // The bound is that of the short form, which is what a certificate holds.
    let prices: Vec<f32> = best_prices.iter().map(|price| *price as f32).collect();
    let short: Vec<f64> = prices.iter().copied().map(f64::from).collect();
    let upper_bound = columns.alpha + columns.beta - model.look(&short).dual;
    Packed { upper_bound, prices }
}

#[cfg(test)]
mod tests {
    use super::super::tiny;
    use super::*;

    /// No optimum that was found by looking at every plan lies above the bound, and the bound comes
    /// nearer to it than that of the linear relaxation.
    #[test]
    fn a_bound_by_packing_is_nearer_and_below_no_optimum() {
        let (mut linear, mut by_packing, mut count) = (0.0, 0.0, 0);
        tiny::each(|columns, value, from| {
            let optimum = columns.alpha + columns.beta - value;
            let found = strengthen(columns, from, 100, &|| 0.0);
            assert!(found.upper_bound >= optimum - 1e-9, "{}", columns.instance.id);
            assert_eq!(bound_of(columns, &found.prices), Ok(found.upper_bound));
            linear += from.upper_bound - optimum;
            by_packing += found.upper_bound - optimum;
            count += 1;
        });
        assert!(count > 10, "{count}");
        assert!(by_packing < 0.8 * linear, "{by_packing} of {linear}");
    }
}
