//! Purchases for given requirements: a small linear program that sorting solves.

use super::column::{Columns, SourceOf};

/// What purchases are worth.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Bought {
    /// Value in the objective.
    pub value: f64,
    /// Carbon in kg CO₂e.
    pub carbon: f64,
    /// Relative amount by which availability or the low-carbon ratio is missed.
    pub violation: f64,
}

/// Fills `bought` with the best purchases for `required`, sources in rising value.
///
/// Every component is bought from its best sources first; then ordinary is exchanged for low-carbon
/// mass where that costs least, until the ratio holds. Exact, since the problem is separable but for
/// that one row (model, section 3).
pub(super) fn buy(columns: &Columns<'_>, required: &[f64], bought: &mut [Vec<f64>]) -> Bought {
    buy_from(columns, &columns.sources, required, bought)
}

/// [`buy`] with sources whose values, and so their order, may be other than the problem's.
fn buy_from(
    columns: &Columns<'_>,
    all: &[Vec<SourceOf>],
    required: &[f64],
    bought: &mut [Vec<f64>],
) -> Bought {
    let mut result = Bought::default();
    let (mut total, mut low) = (0.0, 0.0);
    for (component, sources) in all.iter().enumerate() {
        let mut need = required[component];
        let mass = columns.mass[component];
        for (source, quantity) in sources.iter().zip(bought[component].iter_mut()) {
            let taken = need.min(source.available).max(0.0);
            *quantity = taken;
            need -= taken;
            result.value += taken * source.value;
            result.carbon += taken * source.carbon;
            if source.low_carbon {
                low += taken * mass;
            }
        }
        if need > 1e-9 * required[component].max(1.0) {
            result.violation += need / required[component].max(1.0);
        }
        total += mass * required[component];
    }
    let mut lack = columns.ratio_min * total - low;
    while lack > 1e-9 * total.max(1.0) {
        let Some((component, from, to, per_mass)) = cheapest_exchange(columns, all, bought) else {
            result.violation += lack / total.max(1.0);
            break;
        };
        let (sources, mass) = (&all[component], columns.mass[component]);
        let room = sources[to].available - bought[component][to];
        let quantity = bought[component][from].min(room).min(lack / mass);
        bought[component][from] -= quantity;
        bought[component][to] += quantity;
        lack -= quantity * mass;
        result.value += per_mass * mass * quantity;
        result.carbon += (sources[to].carbon - sources[from].carbon) * quantity;
    }
    result
}

/// Component, ordinary and low-carbon source whose exchange costs least per mass.
fn cheapest_exchange(
    columns: &Columns<'_>,
    all: &[Vec<SourceOf>],
    bought: &[Vec<f64>],
) -> Option<(usize, usize, usize, f64)> {
    let mut best: Option<(usize, usize, usize, f64)> = None;
    for (component, sources) in all.iter().enumerate() {
        let mass = columns.mass[component];
        if mass <= 0.0 {
            continue;
        }
        let quantities = &bought[component];
        let from = (0..sources.len()).rfind(|i| !sources[*i].low_carbon && quantities[*i] > 1e-12);
        let to = (0..sources.len()).find(|i| {
            let source = &sources[*i];
            source.low_carbon && source.available - quantities[*i] > 1e-9 * source.available
        });
        if let (Some(from), Some(to)) = (from, to) {
            let per_mass = (sources[to].value - sources[from].value) / mass;
            if best.is_none_or(|(.., known)| per_mass < known) {
                best = Some((component, from, to, per_mass));
            }
        }
    }
    best
}

/// Purchases with at most `carbon_left` kg CO₂e: the values get a carbon price that rises until the
/// limit holds, and the last two purchases are mixed to meet it. `None` if no purchase is so low.
pub(super) fn buy_within(
    columns: &Columns<'_>,
    required: &[f64],
    carbon_left: f64,
) -> Option<(Bought, Vec<Vec<f64>>)> {
    let priced = |price: f64| {
        let mut sources = columns.sources.clone();
        let mut order: Vec<Vec<usize>> = Vec::with_capacity(sources.len());
        for list in &mut sources {
            for source in list.iter_mut() {
                source.value += price * source.carbon;
            }
            let mut positions: Vec<usize> = (0..list.len()).collect();
            positions.sort_by(|a, b| list[*a].value.total_cmp(&list[*b].value));
            order.push(positions);
        }
        let resorted: Vec<Vec<_>> = sources
            .iter()
            .zip(&order)
            .map(|(list, positions)| positions.iter().map(|p| list[*p]).collect())
            .collect();
        let mut sorted: Vec<Vec<f64>> =
            columns.sources.iter().map(|s| vec![0.0; s.len()]).collect();
        let bought = buy_from(columns, &resorted, required, &mut sorted);
        let mut quantities: Vec<Vec<f64>> = sorted.clone();
        for ((list, positions), target) in sorted.iter().zip(&order).zip(&mut quantities) {
            for (quantity, position) in list.iter().zip(positions) {
                target[*position] = *quantity;
            }
        }
        (bought, quantities)
    };
    let worth = |quantities: &[Vec<f64>], violation: f64| {
        let mut sum = Bought { violation, ..Bought::default() };
        for (sources, list) in columns.sources.iter().zip(quantities) {
            for (source, quantity) in sources.iter().zip(list) {
                sum.value += source.value * quantity;
                sum.carbon += source.carbon * quantity;
            }
        }
        sum
    };
    let (free, free_quantities) = priced(0.0);
    if free.violation > 0.0 || free.carbon <= carbon_left {
        return (free.violation == 0.0).then(|| (worth(&free_quantities, 0.0), free_quantities));
    }
    let (mut low_price, mut high_price) = (0.0, 1e3 / columns.c0);
    let (_, mut below) = priced(high_price);
    let mut above = free_quantities;
    if worth(&below, 0.0).carbon > carbon_left + 1e-6 {
        return None;
    }
    for _ in 0..60 {
        let price = 0.5 * (low_price + high_price);
        let (_, quantities) = priced(price);
        if worth(&quantities, 0.0).carbon > carbon_left {
            (low_price, above) = (price, quantities);
        } else {
            (high_price, below) = (price, quantities);
        }
    }
    // Both are optimal at the same price, so every mixture is; the one that meets the limit is best.
    let (carbon_above, carbon_below) = (worth(&above, 0.0).carbon, worth(&below, 0.0).carbon);
    let share =
        ((carbon_left - carbon_below) / (carbon_above - carbon_below).max(1e-12)).clamp(0.0, 1.0);
    for (list, other) in below.iter_mut().zip(&above) {
        for (quantity, more) in list.iter_mut().zip(other) {
            *quantity += share * (more - *quantity);
        }
    }
    Some((worth(&below, 0.0), below))
}
