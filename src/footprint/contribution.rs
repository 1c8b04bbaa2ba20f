//! The footprint of a product as the sum of its terms.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::factor::Scope;
use crate::id::{MaterialNumber, ProductionVersionCode};
use crate::quantity::Emissions;
use crate::unit::{Measure, Uom};
use crate::value_state::ValueState;

/// One term of a product footprint: an activity times a factor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contribution {
    /// Materials from the product down to where the activity happens.
    pub path: Vec<MaterialNumber>,
    /// What was used, in words: `electricity at ROLL1`, `bought from 100101`.
    pub what: String,
    /// How much for one base unit of the product.
    pub activity: Measure,
    /// Factor row.
    pub factor: String,
    /// Scope.
    pub scope: Scope,
    /// How the activity is known.
    pub state: ValueState,
    /// Whether activity and factor are both primary data (PACT).
    pub primary: bool,
    /// Emissions for one base unit of the product.
    pub emissions: Emissions,
    /// kg of biogenic CO₂ for one base unit of the product, reported apart.
    #[serde(default, with = "rust_decimal::serde::str")]
    pub biogenic_co2_kg: Decimal,
}

impl Contribution {
    /// The same term for `times` as much.
    pub fn scaled(mut self, times: Decimal) -> Self {
        self.activity.amount *= times;
        self.emissions = self.emissions.scaled(times);
        self.biogenic_co2_kg *= times;
        self
    }
}

/// The footprint of one base unit of a product made by one production version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProductFootprint {
    /// What.
    pub material: MaterialNumber,
    /// How.
    pub production_version: ProductionVersionCode,
    /// Unit that it is for.
    pub unit: Uom,
    /// Its terms.
    pub contributions: Vec<Contribution>,
}

impl ProductFootprint {
    /// kg CO₂e per base unit.
    pub fn total(&self) -> Emissions {
        self.contributions.iter().map(|term| term.emissions).sum()
    }

    /// kg of biogenic CO₂ per base unit: no part of the total.
    ///
    /// # Source
    ///
    /// ISO 14067:2018, 7.2: biogenic emissions are documented apart.
    pub fn biogenic_co2_kg(&self) -> Decimal {
        self.contributions.iter().map(|term| term.biogenic_co2_kg).sum()
    }

    /// kg CO₂e per base unit by scope; sums to the total.
    pub fn by_scope(&self) -> BTreeMap<Scope, Emissions> {
        let mut by_scope = BTreeMap::new();
        for term in &self.contributions {
            *by_scope.entry(term.scope).or_insert(Emissions::ZERO) += term.emissions;
        }
        by_scope
    }

    /// Share of the total by how the activity is known; sums to one.
    pub fn value_state_shares(&self) -> BTreeMap<ValueState, Decimal> {
        let total = self.total().amount();
        let mut shares = BTreeMap::new();
        for term in &self.contributions {
            if !total.is_zero() {
                *shares.entry(term.state).or_insert(Decimal::ZERO) +=
                    term.emissions.amount() / total;
            }
        }
        shares
    }

    /// Primary data share of PACT in percent: kg CO₂e from primary activity and primary factor over
    /// the total. `None` where a credit or a total of zero makes a share meaningless.
    ///
    /// # Source
    ///
    /// PACT Methodology 3, primary data share.
    pub fn primary_data_share(&self) -> Option<Decimal> {
        let total = self.total().amount();
        if self.contributions.iter().any(|term| term.emissions < Emissions::ZERO) {
            return None;
        }
        let primary = self.contributions.iter().filter(|term| term.primary);
        let primary: Emissions = primary.map(|term| term.emissions).sum();
        Some(primary.amount().checked_div(total)? * Decimal::ONE_HUNDRED)
    }
}
