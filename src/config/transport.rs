//! `mappings/transport.toml`: what a shipping type of SD means on the road.

use std::path::Path;

use rust_decimal::Decimal;
use serde::Deserialize;

use super::file::{self, ConfigError};

/// The ways to the customer.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransportMapping {
    /// Lanes by shipping type.
    pub lane: Vec<Lane>,
}

/// The modes that may serve the customers of one shipping type.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lane {
    /// SAP shipping type, VSART.
    pub shipping_type: String,
    /// Name for people.
    pub name: String,
    /// Mean distance to these customers.
    pub distance_km: Decimal,
    /// What can go there.
    pub mode: Vec<Mode>,
}

/// One mode of transport on a lane.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mode {
    /// Name, as in the plan.
    pub name: String,
    /// Activity in the factor book, per tonne-kilometre.
    pub factor: String,
    /// Shifts on the way.
    pub lead_shifts: u16,
    /// Freight cost per tonne-kilometre in the currency of the company code.
    pub cost_per_tonne_km: Decimal,
}

/// Loads the mapping.
///
/// # Errors
///
/// [`ConfigError`] with the place; a lane without a mode is one.
pub fn load(path: &Path) -> Result<TransportMapping, ConfigError> {
    let mapping: TransportMapping = file::load(path)?;
    if let Some(lane) = mapping.lane.iter().find(|lane| lane.mode.is_empty()) {
        let reason = format!("lane {} has no mode of transport", lane.shipping_type);
        return Err(file::at_key(path, "shipping_type", reason));
    }
    Ok(mapping)
}
