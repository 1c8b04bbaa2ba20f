//! `mappings/transport.toml`: what a shipping type of SD means on the road.

use std::path::Path;

use serde::Deserialize;

use super::file::{self, ConfigError};
use crate::plan::terms::Lane;

/// The ways to the customer.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransportMapping {
    /// Lanes by shipping type.
    pub lane: Vec<Lane>,
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
