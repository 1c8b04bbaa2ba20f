//! `mappings/suppliers.toml`: what SAP does not know of a source of supply.

use std::collections::BTreeMap;
use std::path::Path;

use rust_decimal::Decimal;
use serde::Deserialize;

use super::file::{self, ConfigError};
use crate::id::{MaterialNumber, SupplierNumber};

/// What was agreed with suppliers, by material and supplier.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SupplierMapping {
    /// The agreements.
    pub contracts: BTreeMap<(MaterialNumber, SupplierNumber), Contract>,
}

/// What one supplier can deliver of one material.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contract {
    /// What.
    pub material: MaterialNumber,
    /// From whom.
    pub supplier: SupplierNumber,
    /// Most that can be had in a month, in the material's base unit.
    pub available_per_month: Decimal,
    /// Whether it counts as low-carbon raw material.
    pub low_carbon: bool,
    /// How it comes in; its transport is part of the supplier's factor.
    pub inbound_mode: String,
    /// Who agreed to this, for the reader in a year.
    pub agreed_by: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    contract: Vec<Contract>,
}

/// Loads the mapping.
///
/// # Errors
///
/// [`ConfigError`] with the place.
pub fn load(path: &Path) -> Result<SupplierMapping, ConfigError> {
    let document: Document = file::load(path)?;
    let key = |contract: &Contract| (contract.material.clone(), contract.supplier.clone());
    Ok(SupplierMapping { contracts: document.contract.into_iter().map(|c| (key(&c), c)).collect() })
}
