//! Monte Carlo: the whole system solved once for each draw.

use rayon::prelude::*;

use super::random::standard_normal;
use super::{Spread, UncertainSystem, Variable};
use crate::footprint::system::SystemError;

/// Which draws, and how many: the same run gives the same numbers on any machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Seed.
    pub id: u32,
    /// How many draws.
    pub draws: u32,
}

/// What the draws of a run say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drawn {
    /// Mean in kg CO₂e per unit.
    pub mean: f64,
    /// Standard deviation.
    pub sd: f64,
    /// 2.5 % of the draws are below.
    pub low: f64,
    /// 2.5 % of the draws are above.
    pub high: f64,
}

impl UncertainSystem {
    /// Draws the footprint of `product`.
    ///
    /// Every draw of every variable is a function of run, variable and draw alone, and sums are
    /// formed in the order of draws, so the result does not depend on how many threads there are.
    ///
    /// # Errors
    ///
    /// [`SystemError`] of the first draw whose system has no solution: an uncertainty so large that
    /// a loop may use more than it makes has no footprint.
    ///
    /// # Panics
    ///
    /// If there are fewer than two draws.
    ///
    /// # Source
    ///
    /// JCGM 101:2008 (GUM supplement 1), clause 7.
    pub fn draw(&self, product: u32, run: Run) -> Result<Drawn, SystemError> {
        assert!(run.draws > 1, "a spread needs two draws");
        let order = self.at(&vec![1.0; self.variables.len()])?.0.condensed();
        let mut values = (0..run.draws)
            .into_par_iter()
            .with_min_len(64)
            .map(|draw| {
                let factors: Vec<f64> = (0u32..)
                    .zip(&self.variables)
                    .map(|(at, variable)| factor(variable, run.id, at, draw))
                    .collect();
                let (system, own) = self.at(&factors)?;
                Ok(system.solve(&order, own)?.row(product as usize)[0])
            })
            .collect::<Result<Vec<f64>, SystemError>>()?;
        let count = f64::from(run.draws);
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        values.sort_by(f64::total_cmp);
        Ok(Drawn {
            mean,
            sd: (squares / (count - 1.0)).sqrt(),
            low: quantile(&values, 0.025),
            high: quantile(&values, 0.975),
        })
    }
}

/// A draw of a variable: mean one, and the standard deviation of the variable.
fn factor(variable: &Variable, run: u32, at: u32, draw: u32) -> f64 {
    let normal = standard_normal(run, at, draw);
    match variable.spread {
        Spread::Normal => 1.0 + variable.relative_sd * normal,
        Spread::Lognormal => {
            let variance = variable.relative_sd.powi(2).ln_1p();
            (variance.sqrt() * normal - variance / 2.0).exp()
        }
    }
}

/// The value below which `share` of the sorted values lie, between neighbours by proportion.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    #[allow(clippy::cast_precision_loss)] // At most 2^32 draws.
    let place = share * (sorted.len() - 1) as f64;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Within the slice.
    let below = place.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (sorted[above] - sorted[below]) * place.fract()
}
