//! A proven upper bound of the objective: the Lagrangian dual, climbed without a solver of linear
//! programs. Any multipliers give a valid bound; better ones give a better bound.

use super::column::Columns;

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

    fn build(columns: &Columns<'_>) -> Self {
        let mut used: Vec<usize> =
            (0..columns.len()).flat_map(|c| columns.setups.of(c).map(|(at, _)| at)).collect();
        used.sort_unstable();
        used.dedup();
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
        relaxation.capacity_rows(columns, &used, &setup_variable);
        relaxation.setup_rows(columns, &setup_variable);
        relaxation.balance_rows(columns, &sources, first_source);
        relaxation.policy_rows(columns, &used, &sources, first_setup, first_source);
        relaxation
    }

    fn capacity_rows(
        &mut self,
        columns: &Columns<'_>,
        used: &[usize],
        setup_variable: &dyn Fn(usize) -> usize,
    ) {
        let mut rows: Vec<Vec<(usize, f64)>> = vec![Vec::new(); columns.capacity.len()];
        for column in 0..columns.len() {
            for (resource, minutes) in columns.minutes.of(column) {
                rows[resource].push((column, minutes));
            }
        }
        for at in used {
            let setup = columns.setup[*at];
            rows[setup.resource].push((setup_variable(*at), setup.minutes));
        }
        for (resource, entries) in rows.iter().enumerate() {
            let all: f64 = entries.iter().map(|(_, minutes)| minutes).sum();
            if all > columns.capacity[resource] {
                self.row(entries, columns.capacity[resource], false);
            }
        }
    }

    fn setup_rows(&mut self, columns: &Columns<'_>, setup_variable: &dyn Fn(usize) -> usize) {
        let mut by_group: Vec<Vec<(usize, f64)>> = vec![Vec::new(); columns.setup.len()];
        for order in 0..columns.orders() {
            let mut by_setup: std::collections::BTreeMap<usize, Vec<(usize, f64)>> =
                std::collections::BTreeMap::new();
            for column in columns.start[order]..columns.start[order + 1] {
                for (at, minutes) in columns.setups.of(column) {
                    by_setup.entry(at).or_default().push((column, 1.0));
                    by_group[at].push((column, minutes));
                }
            }
            for (at, mut entries) in by_setup {
                entries.push((setup_variable(at), -1.0));
                self.row(&entries, 0.0, false);
            }
        }
        for (at, mut entries) in by_group.into_iter().enumerate().filter(|(_, e)| !e.is_empty()) {
            let setup = columns.setup[at];
            let room = columns.capacity[setup.resource] - setup.minutes;
            entries.push((setup_variable(at), -room));
            self.row(&entries, 0.0, false);
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
}

/// Climbs the dual for `steps` steps or until `stop`, and keeps the best bound.
///
/// # Source
///
/// Lagrangian relaxation of the rows of the model's section 6; Adam-like steps on a softened
/// subgradient. The certificate is computed from the multipliers alone.
pub(super) fn bound(columns: &Columns<'_>, steps: usize, stop: &dyn Fn() -> bool) -> Bound {
    let relaxation = Relaxation::build(columns);
    let (variables, rows) = (relaxation.cost.len(), relaxation.limit.len());
    let x_count = columns.len();
    // Minimisation with rows `a x <= limit`: multipliers are not positive, free for equalities.
    let mut multipliers = vec![0.0f64; rows];
    let (mut mean, mut square) = (vec![0.0f64; rows], vec![0.0f64; rows]);
    let mut reduced = vec![0.0f64; variables];
    let mut x = vec![0.0f64; variables];
    let mut best = f64::NEG_INFINITY;
    let mut best_reduced = relaxation.cost.clone();
    let spread = {
        let mut gaps: Vec<f64> = Vec::with_capacity(x_count);
        for order in 0..columns.orders() {
            let own = &relaxation.cost[columns.start[order]..columns.start[order + 1]];
            let least = own.iter().copied().fold(f64::INFINITY, f64::min);
            gaps.extend(own.iter().map(|cost| cost - least));
        }
        gaps.sort_by(f64::total_cmp);
        gaps[gaps.len() / 2].max(1e-12)
    };
    for step in 0..steps.max(1) {
        reduced.copy_from_slice(&relaxation.cost);
        let mut dual = 0.0;
        for (row, multiplier) in multipliers.iter().copied().enumerate() {
            if multiplier == 0.0 {
                continue;
            }
            dual += multiplier * relaxation.limit[row];
            for at in relaxation.row_start[row]..relaxation.row_start[row + 1] {
                reduced[relaxation.index[at] as usize] -= multiplier * relaxation.value[at];
            }
        }
        let progress = step as f64 / steps.max(1) as f64;
        let heat = spread * (0.25 * (1.0 - progress).powi(2)).max(0.002);
        for order in 0..columns.orders() {
            let range = columns.start[order]..columns.start[order + 1];
            let least = reduced[range.clone()].iter().copied().fold(f64::INFINITY, f64::min);
            dual += least;
            let mut sum = 0.0;
            for column in range.clone() {
                x[column] = (-(reduced[column] - least) / heat).exp();
                sum += x[column];
            }
            for value in &mut x[range] {
                *value /= sum;
            }
        }
        for variable in x_count..variables {
            let upper = relaxation.upper[variable];
            dual += (reduced[variable] * upper).min(0.0);
            x[variable] = upper / (1.0 + (reduced[variable] / heat).clamp(-40.0, 40.0).exp());
        }
        if dual > best {
            best = dual;
            best_reduced.copy_from_slice(&reduced);
        }
        if stop() {
            break;
        }
        let length = 0.1 * spread * (1.0 - progress).powf(1.5);
        let (first, second) =
            (1.0 - 0.9f64.powi(step as i32 + 1), 1.0 - 0.98f64.powi(step as i32 + 1));
        for row in 0..rows {
            let range = relaxation.row_start[row]..relaxation.row_start[row + 1];
            let used: f64 =
                range.map(|at| relaxation.value[at] * x[relaxation.index[at] as usize]).sum();
            let slope = relaxation.limit[row] - used;
            mean[row] = 0.9 * mean[row] + 0.1 * slope;
            square[row] = 0.98 * square[row] + 0.02 * slope * slope;
            multipliers[row] +=
                length * (mean[row] / first) / ((square[row] / second).sqrt() + 1e-3);
            if !relaxation.equality[row] {
                multipliers[row] = multipliers[row].min(0.0);
            }
        }
    }
    best_reduced.truncate(x_count);
    Bound { upper_bound: columns.alpha + columns.beta - best, reduced_cost: best_reduced }
}
