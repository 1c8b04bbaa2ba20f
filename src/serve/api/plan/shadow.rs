//! What carbon, policies and work centers are worth at the margin.

use serde::Serialize;
use utoipa::ToSchema;

use crate::cycle::PlanRecord;
use crate::plan::shadow::MarginalPrice;

/// What one unit more of a limit is worth by the proven bound; below zero where more of it costs.
#[derive(Serialize, ToSchema)]
pub struct Marginal {
    /// One unit more of what, in words.
    what: String,
    /// Work center or policy.
    object: String,
    /// `hour`, `tonne` or `percentage_point`.
    unit: String,
    /// Gain of the objective.
    fv: f64,
    /// The same in the currency of the company code; null without a weight of cost.
    worth: Option<f64>,
    /// The same in kgCO2e; null without a weight of carbon.
    carbon_kg: Option<f64>,
}

/// Shadow prices.
#[derive(Serialize, ToSchema)]
pub struct Shadow {
    /// What a tonne CO2e is worth by the weights; null without a weight of cost.
    carbon_per_tonne: Option<f64>,
    /// Policies, then work centers, the dearest first.
    prices: Vec<Marginal>,
}

pub(super) fn shadow(record: &PlanRecord) -> Option<Shadow> {
    let found = record.shadow_prices.as_ref()?;
    let marginal = |one: &MarginalPrice| Marginal {
        what: one.what.clone(),
        object: one.object.clone(),
        unit: one.unit.clone(),
        fv: one.fv,
        worth: one.worth,
        carbon_kg: one.carbon_kg,
    };
    let prices = found.prices.iter().map(marginal).collect();
    Some(Shadow { carbon_per_tonne: found.carbon_per_tonne, prices })
}
