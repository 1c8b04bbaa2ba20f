//! The uncertainty of a product footprint, from its factor rows and from how its activities are
//! known.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::{Spread, Term, UncertainSystem, Variable};
use crate::factor::EmissionFactor;
use crate::footprint::ProductFootprint;
use crate::value_state::ValueState;

/// Half of a 95 % range over the standard deviation.
const NORMAL_95: f64 = 1.96;

/// Half of the 95 % range in percent of a factor row that states none.
pub const FACTOR_PERCENT: f64 = 20.0;

/// Standard deviation of an activity over its mean, by how it is known.
///
/// # Source
///
/// Ours: a meter of class 1 with its transformers; confirmed quantities; profiles and imputed
/// readings as their measured errors; published averages.
pub const fn of_state(state: ValueState) -> f64 {
    match state {
        ValueState::Measured => 0.01,
        ValueState::Calculated => 0.05,
        ValueState::Estimated | ValueState::Imputed => 0.15,
        ValueState::Default | ValueState::Missing => 0.20,
    }
}

impl UncertainSystem {
    /// The terms of a footprint. Each factor row is one variable, however many terms use it; each
    /// term's activity is another. Quantities of bills of material are taken as they are.
    pub fn of_product<'f>(
        footprint: &ProductFootprint,
        factor: impl Fn(&str) -> Option<&'f EmissionFactor>,
    ) -> Self {
        let mut system = Self { products: 1, ..Self::default() };
        let mut rows: BTreeMap<&str, u32> = BTreeMap::new();
        for term in &footprint.contributions {
            let row = *rows.entry(&term.factor).or_insert_with(|| {
                let stated = factor(&term.factor).and_then(|row| row.uncertainty_percent);
                let percent = stated.as_ref().and_then(Decimal::to_f64).unwrap_or(FACTOR_PERCENT);
                let relative_sd = percent / 100.0 / NORMAL_95;
                system.add(format!("factor {}", term.factor), relative_sd)
            });
            let path: Vec<&str> = term.path.iter().map(|material| material.as_str()).collect();
            let name = format!("{}: {}", path.join(" > "), term.what);
            let activity = system.add(name, of_state(term.state));
            let kg_co2e = term.emissions.to_f64();
            system.terms.push(Term { product: 0, kg_co2e, variables: vec![row, activity] });
        }
        system
    }

    fn add(&mut self, name: String, relative_sd: f64) -> u32 {
        self.variables.push(Variable { name, relative_sd, spread: Spread::Lognormal });
        u32::try_from(self.variables.len() - 1).expect("fewer than 2^32 variables")
    }
}
