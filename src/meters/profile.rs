//! Dynamic profiles: what machines without a meter draw in each state, found from the parent's rest.

use serde::{Deserialize, Serialize};

use super::nnls::{inverse_diagonal, non_negative_least_squares};

/// What a machine did in one interval, from the confirmations of PP and the weather.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MachineHours {
    /// Hours idle.
    pub idle: f64,
    /// Hours in set-up.
    pub setup: f64,
    /// Hours in run.
    pub run: f64,
    /// Output of the interval, in the unit of the confirmations.
    pub throughput: f64,
    /// Degree hours above the base temperature.
    pub degree_hours: f64,
}

impl MachineHours {
    const COLUMNS: usize = 5;

    fn columns(self) -> [f64; Self::COLUMNS] {
        [self.idle, self.setup, self.run, self.throughput, self.degree_hours]
    }
}

/// What the nameplate says, before anything is measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prior {
    /// Rated power times mean load in kW; the prior of the power in run.
    pub run_kw: f64,
    /// Relative standard deviation of it, as 0.3.
    pub spread: f64,
}

/// What a machine draws.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MachineProfile {
    /// kW idle.
    pub idle_kw: f64,
    /// kW in set-up.
    pub setup_kw: f64,
    /// kW in run.
    pub run_kw: f64,
    /// kWh per unit of output beyond that.
    pub kwh_per_unit: f64,
    /// kW per degree above the base temperature.
    pub kw_per_degree: f64,
    /// Variances of the five, in this order; `None` where a coefficient is held at zero.
    pub variances: [Option<f64>; MachineHours::COLUMNS],
}

impl MachineProfile {
    /// kWh of one interval.
    pub fn energy(&self, hours: MachineHours) -> f64 {
        let powers =
            [self.idle_kw, self.setup_kw, self.run_kw, self.kwh_per_unit, self.kw_per_degree];
        powers.iter().zip(hours.columns()).map(|(power, hours)| power * hours).sum()
    }

    /// Variance of that, for the weight of the estimate in a reconciliation.
    pub fn variance(&self, hours: MachineHours) -> f64 {
        let columns = hours.columns();
        self.variances.iter().zip(columns).map(|(v, h)| v.unwrap_or(0.0) * h * h).sum()
    }
}

/// Profiles of all machines without a meter below one parent, together: what explains `rest_kwh`
/// (parent less metered children, one value an interval) by what the machines did.
///
/// `machines[i]` has one entry for each interval; the caller passes the last 28 days. Coefficients
/// are not negative. The prior of the run power weighs as one observation of its spread.
///
/// # Source
///
/// Methods (d), dynamic profile; non-negative least squares by Lawson and Hanson (1974).
pub fn fit_profiles(
    machines: &[(Vec<MachineHours>, Option<Prior>)],
    rest_kwh: &[f64],
) -> Vec<MachineProfile> {
    const C: usize = MachineHours::COLUMNS;
    let n = machines.len() * C;
    let (mut gram, mut right) = (vec![0.0; n * n], vec![0.0; n]);
    let row_of = |at: usize| -> Vec<f64> {
        let columns = machines.iter().flat_map(|(hours, _)| {
            hours.get(at).copied().unwrap_or_default().columns().into_iter()
        });
        columns.collect()
    };
    for (at, rest) in rest_kwh.iter().enumerate() {
        let row = row_of(at);
        for i in (0..n).filter(|i| row[*i] != 0.0) {
            right[i] += row[i] * rest;
            for j in 0..n {
                gram[i * n + j] += row[i] * row[j];
            }
        }
    }
    // A first fit gives the noise that a prior is weighed against.
    let noise = noise_of(&non_negative_least_squares(&gram, &right), rest_kwh, &row_of);
    let level = rest_kwh.iter().map(|kwh| kwh * kwh).sum::<f64>() / rest_kwh.len().max(1) as f64;
    for (index, (_, prior)) in machines.iter().enumerate() {
        let Some(prior) = prior.filter(|prior| prior.run_kw > 0.0 && prior.spread > 0.0) else {
            continue;
        };
        let at = index * C + 2;
        // Readings without any noise would leave a prior no weight at all.
        let weight = noise.max(1e-6 * level) / (prior.run_kw * prior.spread).powi(2);
        gram[at * n + at] += weight;
        right[at] += weight * prior.run_kw;
    }
    let x = non_negative_least_squares(&gram, &right);
    let noise = noise_of(&x, rest_kwh, &row_of);
    let active: Vec<usize> = (0..n).filter(|at| x[*at] > 0.0).collect();
    let spread = inverse_diagonal(&gram, n, &active);
    let variance = |at: usize| {
        let position = active.iter().position(|own| *own == at)?;
        Some(noise * spread.as_ref()?[position])
    };
    (0..machines.len())
        .map(|index| {
            let at = index * C;
            MachineProfile {
                idle_kw: x[at],
                setup_kw: x[at + 1],
                run_kw: x[at + 2],
                kwh_per_unit: x[at + 3],
                kw_per_degree: x[at + 4],
                variances: std::array::from_fn(|column| variance(at + column)),
            }
        })
        .collect()
}

/// Variance of what the coefficients do not explain.
fn noise_of(x: &[f64], rest: &[f64], row_of: &dyn Fn(usize) -> Vec<f64>) -> f64 {
    let explained = |at: usize| row_of(at).iter().zip(x).map(|(h, power)| h * power).sum::<f64>();
    let squares: f64 =
        rest.iter().enumerate().map(|(at, value)| (value - explained(at)).powi(2)).sum();
    let active = x.iter().filter(|value| **value > 0.0).count();
    squares / (rest.len().saturating_sub(active).max(1)) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_machines_are_told_apart_by_what_they_did() {
        let hours = |idle: f64, run: f64| MachineHours { idle, run, ..Default::default() };
        let first: Vec<_> =
            (0..96).map(|i| hours(f64::from(i % 3 == 0), f64::from(i % 3 == 1))).collect();
        let second: Vec<_> =
            (0..96).map(|i| hours(f64::from(i % 4 == 0), f64::from(i % 4 > 1))).collect();
        let rest: Vec<f64> = first
            .iter()
            .zip(&second)
            .enumerate()
            .map(|(i, (a, b))| {
                let noise = if i % 2 == 0 { 0.05 } else { -0.05 };
                5.0 * a.idle + 40.0 * a.run + 2.0 * b.idle + 11.0 * b.run + noise
            })
            .collect();

        let profiles = fit_profiles(&[(first.clone(), None), (second, None)], &rest);

        assert!((profiles[0].run_kw - 40.0).abs() < 0.1, "{profiles:?}");
        assert!((profiles[0].idle_kw - 5.0).abs() < 0.1, "{profiles:?}");
        assert!((profiles[1].run_kw - 11.0).abs() < 0.1, "{profiles:?}");
        assert!(profiles[1].setup_kw == 0.0);
        let deviation = profiles[0].variance(first[1]).sqrt();
        assert!(deviation > 0.0 && deviation < 0.1, "{deviation}");
    }

    #[test]
    fn a_machine_that_never_ran_keeps_its_nameplate() {
        let run = vec![MachineHours { run: 1.0, ..Default::default() }; 10];
        let off = vec![MachineHours::default(); 10];
        let prior = Prior { run_kw: 30.0, spread: 0.3 };
        let rest = vec![12.0; 10];

        let profiles = fit_profiles(&[(run, None), (off, Some(prior))], &rest);

        assert!((profiles[0].run_kw - 12.0).abs() < 1e-6);
        assert!((profiles[1].run_kw - 30.0).abs() < 1e-6, "{profiles:?}");
    }
}
