//! `mappings/suppliers.toml`: what SAP does not know of a source of supply.

use std::path::Path;

use serde::Deserialize;

use super::file::{self, ConfigError};
use crate::plan::terms::Contract;

/// What was agreed with suppliers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SupplierMapping {
    /// The agreements, in the order of the file.
    pub contracts: Vec<Contract>,
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
    let twice = document.contract.iter().enumerate().find(|(index, contract)| {
        let earlier = &document.contract[..*index];
        earlier.iter().any(|c| c.material == contract.material && c.supplier == contract.supplier)
    });
    if let Some((_, contract)) = twice {
        let reason = format!("{} of {} is given twice", contract.material, contract.supplier);
        return Err(file::at_key(path, "supplier", reason));
    }
    Ok(SupplierMapping { contracts: document.contract })
}
