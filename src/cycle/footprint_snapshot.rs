//! Footprints as they stood at a time: kept on schedule, so that people see later how they moved.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Judged;
use crate::footprint::ProductFootprint;
use crate::id::{MaterialNumber, ProductionVersionCode};
use crate::period::PostingPeriod;
use crate::quantity::Emissions;
use crate::unit::Uom;
use crate::value_state::ValueState;

/// Footprints of finished products at one time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FootprintSnapshot {
    /// When it was taken.
    pub taken_at: Timestamp,
    /// Month whose energy they have.
    pub period: PostingPeriod,
    /// Key of the facts that they rest on.
    pub facts: String,
    /// Version of the code that made them.
    pub code_version: String,
    /// Products.
    pub products: Vec<ProductThen>,
}

/// The footprint of one base unit of a product at that time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProductThen {
    /// What.
    pub material: MaterialNumber,
    /// How it is made.
    pub production_version: ProductionVersionCode,
    /// Unit that it is for.
    pub unit: Uom,
    /// kg CO₂e per unit.
    pub per_unit: Emissions,
    /// State of its weakest term; `None` if it has no term.
    pub state: Option<ValueState>,
}

impl FootprintSnapshot {
    /// What `products` were at `taken_at`, made of the facts with this key.
    pub fn of(
        judged: &Judged,
        products: &[ProductFootprint],
        facts: &str,
        taken_at: Timestamp,
    ) -> Self {
        let then = |product: &ProductFootprint| ProductThen {
            material: product.material.clone(),
            production_version: product.production_version.clone(),
            unit: product.unit,
            per_unit: product.total(),
            state: product.contributions.iter().map(|term| term.state).max(),
        };
        Self {
            taken_at,
            period: judged.period,
            facts: facts.to_owned(),
            code_version: env!("CARGO_PKG_VERSION").to_owned(),
            products: products.iter().map(then).collect(),
        }
    }
}
