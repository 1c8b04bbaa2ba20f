//! A proven upper bound of the objective: the Lagrangian dual, climbed without a solver of linear
//! programs. Any multipliers give a valid bound; better ones give a better bound.

pub(super) mod blocks;

mod climb;

pub(super) mod packing;

#[cfg(test)]
mod tiny;

use rayon::prelude::*;

use super::column::Columns;

/// Distance from the least reduced cost, in heats, from which on a column has no share.
const NO_SHARE: f64 = 40.0;
/// Variables, rows or orders that one thread takes at a time.
const CHUNK: usize = 1024;

/// Rows of the relaxation: capacity, set-up linking, group capacity, balance, ratio, night share,
/// carbon cap, punctuality. In each, `sum(values * variables) <= limit`, equality for balances.
struct Relaxation {
    /// Orders' columns, then set-ups in use, then shares of sources.
    cost: Vec<f64>,
    upper: Vec<f64>,
    row_start: Vec<usize>,
    index: Vec<u32>,
    value: Vec<f64>,
    limit: Vec<f64>,
    equality: Vec<bool>,
    /// Resource of each row that holds for one; these rows come first.
    resource: Vec<usize>,
    /// The same entries by variable: row and value.
    variable_start: Vec<usize>,
    of_variable: Vec<(u32, f64)>,
}

impl Relaxation {
    fn row(&mut self, entries: &[(usize, f64)], limit: f64, equality: bool) {
        // Rows are brought to one size, so that one step length fits all.
        let size =
            (entries.iter().map(|(_, v)| v * v).sum::<f64>() / entries.len().max(1) as f64).sqrt();
        let size = if size > 0.0 { size } else { 1.0 };
        for (index, value) in entries {
            self.index.push(u32::try_from(*index).expect("fewer than 2^32 variables"));
            self.value.push(value / size);
        }
        self.row_start.push(self.index.len());
        self.limit.push(limit / size);
        self.equality.push(equality);
    }

    /// All rows.
    fn build(columns: &Columns<'_>) -> Self {
        Self::with_rows(columns, &|_| true)
    }

    /// Set-ups that some column uses: their variables follow those of the columns.
    fn used_setups(columns: &Columns<'_>) -> Vec<usize> {
        let mut used: Vec<usize> =
            (0..columns.len()).flat_map(|c| columns.setups.of(c).map(|(at, _)| at)).collect();
        used.sort_unstable();
        used.dedup();
        used
    }

    /// Of the rows that hold for one resource, those of the `local` ones.
    fn with_rows(columns: &Columns<'_>, local: &dyn Fn(usize) -> bool) -> Self {
        let used = Self::used_setups(columns);
        let first_setup = columns.len();
        let first_source = first_setup + used.len();
        let setup_variable = |at: usize| first_setup + used.binary_search(&at).expect("it is used");
        let mut relaxation = Self {
            cost: columns.value.clone(),
            upper: vec![1.0; first_source],
            row_start: vec![0],
            index: Vec::new(),
            value: Vec::new(),
            limit: Vec::new(),
            equality: Vec::new(),
            resource: Vec::new(),
            variable_start: Vec::new(),
            of_variable: Vec::new(),
        };
        relaxation.cost.extend(used.iter().map(|at| columns.setup[*at].value));
        let mut sources: Vec<(usize, usize)> = Vec::new();
        for (component, list) in columns.sources.iter().enumerate() {
            for (at, source) in list.iter().enumerate() {
                sources.push((component, at));
                relaxation.cost.push(source.value * source.available);
                relaxation.upper.push(1.0);
            }
        }
        relaxation.capacity_rows(columns, &used, &setup_variable, local);
        relaxation.setup_rows(columns, &setup_variable, local);
        relaxation.balance_rows(columns, &sources, first_source);
        relaxation.policy_rows(columns, &used, &sources, first_setup, first_source);
        relaxation.transpose();
        relaxation
    }

    /// Writes the entries by variable too, so that each reduced cost is one sum, whatever the threads.
    fn transpose(&mut self) {
        let mut start = vec![0usize; self.cost.len() + 1];
        for index in &self.index {
            start[*index as usize + 1] += 1;
        }
        for at in 1..start.len() {
            start[at] += start[at - 1];
        }
        let mut next = start.clone();
        self.of_variable = vec![(0, 0.0); self.index.len()];
        for row in 0..self.limit.len() {
            let number = u32::try_from(row).expect("fewer than 2^32 rows");
            for at in self.row_start[row]..self.row_start[row + 1] {
                let place = &mut next[self.index[at] as usize];
                self.of_variable[*place] = (number, self.value[at]);
                *place += 1;
            }
        }
        self.variable_start = start;
    }

    /// Fills in the reduced cost of each variable at `multipliers`.
    fn reduce(&self, multipliers: &[f64], reduced: &mut [f64]) {
        reduced.par_iter_mut().with_min_len(CHUNK).enumerate().for_each(|(variable, reduced)| {
            let range = self.variable_start[variable]..self.variable_start[variable + 1];
            let entries = self.of_variable[range].iter();
            let priced: f64 = entries.map(|(row, value)| multipliers[*row as usize] * value).sum();
            *reduced = self.cost[variable] - priced;
        });
    }

    /// Value of the Lagrangian at `multipliers`: no selection has a lower F. With the reduced cost of each
    /// variable.
    fn dual(&self, columns: &Columns<'_>, multipliers: &[f32]) -> (f64, Vec<f64>) {
        let multipliers: Vec<f64> = multipliers.iter().copied().map(f64::from).collect();
        let mut reduced = vec![0.0; self.cost.len()];
        self.reduce(&multipliers, &mut reduced);
        let mut dual: f64 = multipliers.iter().zip(&self.limit).map(|(m, limit)| m * limit).sum();
        for order in 0..columns.orders() {
            let own = &reduced[columns.start[order]..columns.start[order + 1]];
            dual += own.iter().copied().fold(f64::INFINITY, f64::min);
        }
        let others = reduced.iter().zip(&self.upper).skip(columns.len());
        dual += others.map(|(reduced, upper)| (reduced * upper).min(0.0)).sum::<f64>();
        (dual, reduced)
    }

    fn capacity_rows(
        &mut self,
        columns: &Columns<'_>,
        used: &[usize],
        setup_variable: &dyn Fn(usize) -> usize,
        local: &dyn Fn(usize) -> bool,
    ) {
        let mut rows: Vec<Vec<(usize, f64)>> = vec![Vec::new(); columns.capacity.len()];
        for column in 0..columns.len() {
            let own = columns.minutes.of(column).filter(|(resource, _)| local(*resource));
            for (resource, minutes) in own {
                rows[resource].push((column, minutes));
            }
        }
        for at in used.iter().filter(|at| local(columns.setup[**at].resource)) {
            let setup = columns.setup[*at];
            rows[setup.resource].push((setup_variable(*at), setup.minutes));
        }
        for (resource, entries) in rows.iter().enumerate() {
            let all: f64 = entries.iter().map(|(_, minutes)| minutes).sum();
            if all > columns.capacity[resource] {
                self.row(entries, columns.capacity[resource], false);
                self.resource.push(resource);
            }
        }
    }

    fn setup_rows(
        &mut self,
        columns: &Columns<'_>,
        setup_variable: &dyn Fn(usize) -> usize,
        local: &dyn Fn(usize) -> bool,
    ) {
        let mut by_group: Vec<Vec<(usize, f64)>> = vec![Vec::new(); columns.setup.len()];
        for order in 0..columns.orders() {
            let mut by_setup: std::collections::BTreeMap<usize, Vec<(usize, f64)>> =
                std::collections::BTreeMap::new();
            for column in columns.start[order]..columns.start[order + 1] {
                let own = columns.setups.of(column);
                for (at, minutes) in own.filter(|(at, _)| local(columns.setup[*at].resource)) {
                    by_setup.entry(at).or_default().push((column, 1.0));
                    by_group[at].push((column, minutes));
                }
            }
            for (at, mut entries) in by_setup {
                entries.push((setup_variable(at), -1.0));
                self.row(&entries, 0.0, false);
                self.resource.push(columns.setup[at].resource);
            }
        }
        for (at, mut entries) in by_group.into_iter().enumerate().filter(|(_, e)| !e.is_empty()) {
            let setup = columns.setup[at];
            let room = columns.capacity[setup.resource] - setup.minutes;
            entries.push((setup_variable(at), -room));
            self.row(&entries, 0.0, false);
            self.resource.push(setup.resource);
        }
    }

    fn balance_rows(
        &mut self,
        columns: &Columns<'_>,
        sources: &[(usize, usize)],
        first_source: usize,
    ) {
        let mut rows: Vec<Vec<(usize, f64)>> = vec![Vec::new(); columns.sources.len()];
        for column in 0..columns.len() {
            for (component, quantity) in columns.bom.of(column) {
                rows[component].push((column, -quantity));
            }
        }
        for (position, (component, at)) in sources.iter().enumerate() {
            if !rows[*component].is_empty() {
                let available = columns.sources[*component][*at].available;
                rows[*component].push((first_source + position, available));
            }
        }
        for entries in rows.iter().filter(|entries| !entries.is_empty()) {
            self.row(entries, 0.0, true);
        }
    }

    fn policy_rows(
        &mut self,
        columns: &Columns<'_>,
        used: &[usize],
        sources: &[(usize, usize)],
        first_setup: usize,
        first_source: usize,
    ) {
        if columns.ratio_min > 0.0 {
            let entry = |(position, (component, at)): (usize, &(usize, usize))| {
                let source = &columns.sources[*component][*at];
                let low = if source.low_carbon { 1.0 } else { 0.0 };
                let mass = columns.mass[*component] * source.available;
                (first_source + position, mass * (columns.ratio_min - low))
            };
            let entries: Vec<_> =
                sources.iter().enumerate().map(entry).filter(|(_, v)| *v != 0.0).collect();
            if !entries.is_empty() {
                self.row(&entries, 0.0, false);
            }
        }
        let night = |sign: f64, limit: f64| -> Vec<(usize, f64)> {
            (0..columns.len())
                .map(|c| (c, sign * (columns.night[c] - limit * columns.run[c])))
                .filter(|(_, v)| *v != 0.0)
                .collect()
        };
        if columns.night_min > 0.0 {
            self.row(&night(-1.0, columns.night_min), 0.0, false);
        }
        if columns.night_max < 1.0 {
            self.row(&night(1.0, columns.night_max), 0.0, false);
        }
        if let Some(cap) = columns.carbon_cap {
            let mut entries: Vec<(usize, f64)> =
                columns.carbon.iter().copied().enumerate().collect();
            let setups = used.iter().enumerate();
            entries.extend(setups.map(|(i, at)| (first_setup + i, columns.setup[*at].carbon)));
            let bought = sources.iter().enumerate().map(|(i, (component, at))| {
                let source = &columns.sources[*component][*at];
                (first_source + i, source.carbon * source.available)
            });
            entries.extend(bought);
            self.row(&entries, cap, false);
        }
        if let Some(least) = columns.punctuality_min {
            let entries: Vec<_> = columns.on_time.iter().map(|v| -v).enumerate().collect();
            self.row(&entries, -least, false);
        }
    }
}

/// A bound with the multipliers' view of the columns.
pub(super) struct Bound {
    /// No plan has a higher FV.
    pub upper_bound: f64,
    /// Reduced cost of each column: what it costs against the multipliers' prices.
    pub reduced_cost: Vec<f64>,
    /// The multipliers that give the bound, row by row.
    pub multipliers: Vec<f32>,
}

/// The bound that multipliers give, whoever found them.
///
/// # Errors
///
/// Multipliers that are not of this problem: another number of rows, no number, a wrong sign.
pub(super) fn bound_of(columns: &Columns<'_>, multipliers: &[f32]) -> Result<f64, String> {
    let relaxation = Relaxation::build(columns);
    let rows = relaxation.limit.len();
    if multipliers.len() != rows {
        return Err(format!("there are {} for {rows} rows", multipliers.len()));
    }
    for (row, multiplier) in multipliers.iter().enumerate() {
        if !multiplier.is_finite() || (*multiplier > 0.0 && !relaxation.equality[row]) {
            return Err(format!("the one of row {row} is {multiplier}, which bounds nothing"));
        }
    }
    Ok(columns.alpha + columns.beta - relaxation.dual(columns, multipliers).0)
}

/// Climbs the dual for `steps` steps, or for as many as are done before `gone` reaches one, and keeps the best
/// bound.
///
/// # Source
///
/// Lagrangian relaxation of the rows of the model's section 6; Adam-like steps on a softened
/// subgradient. The certificate is computed from the multipliers alone.
pub(super) fn bound(columns: &Columns<'_>, steps: usize, gone: &dyn Fn() -> f64) -> Bound {
    let relaxation = Relaxation::build(columns);
    // Any multipliers bound, so a short form of them does too; the bound is that of the short form.
    let multipliers = climb::climb(&relaxation, columns, steps, gone);
    let (dual, mut reduced_cost) = relaxation.dual(columns, &multipliers);
    reduced_cost.truncate(columns.len());
    Bound { upper_bound: columns.alpha + columns.beta - dual, reduced_cost, multipliers }
}

/// Shares of each order's columns at `heat`, most for the one with the least reduced cost, and the sum
/// of those least costs. Orders go in blocks, so that the sum is the same on any number of threads.
fn soften(columns: &Columns<'_>, reduced: &[f64], heat: f64, x: &mut [f64]) -> f64 {
    let mut blocks: Vec<(usize, &mut [f64])> = Vec::new();
    let mut rest = x;
    for first in (0..columns.orders()).step_by(CHUNK) {
        let last = (first + CHUNK).min(columns.orders());
        let length = columns.start[last] - columns.start[first];
        let (block, after) = rest.split_at_mut(length);
        blocks.push((first, block));
        rest = after;
    }
    let of_block = |(first, block): (usize, &mut [f64])| {
        let (offset, mut dual) = (columns.start[first], 0.0);
        for order in first..(first + CHUNK).min(columns.orders()) {
            let range = columns.start[order]..columns.start[order + 1];
            let own = &reduced[range.clone()];
            let least = own.iter().copied().fold(f64::INFINITY, f64::min);
            dual += least;
            let shares = &mut block[range.start - offset..range.end - offset];
            for (share, reduced) in shares.iter_mut().zip(own) {
                let cold = (reduced - least) / heat;
                *share = if cold < NO_SHARE { (-cold).exp() } else { 0.0 };
            }
            let sum: f64 = shares.iter().sum();
            shares.iter_mut().for_each(|share| *share /= sum);
        }
        dual
    };
    let sums: Vec<f64> = blocks.into_par_iter().map(of_block).collect();
    sums.iter().sum()
}

/// Median of what the columns cost beyond the best of their order.
fn spread(columns: &Columns<'_>) -> f64 {
    let mut gaps: Vec<f64> = Vec::with_capacity(columns.len());
    for order in 0..columns.orders() {
        let own = &columns.value[columns.start[order]..columns.start[order + 1]];
        let least = own.iter().copied().fold(f64::INFINITY, f64::min);
        gaps.extend(own.iter().map(|cost| cost - least));
    }
    gaps.sort_by(f64::total_cmp);
    gaps[gaps.len() / 2].max(1e-12)
}
