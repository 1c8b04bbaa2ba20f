//! Stock, table MATDOC by stock identification.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::id::MaterialNumber;
use crate::unit::Uom;

/// Stock of a material at a place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stock {
    /// What.
    pub material: MaterialNumber,
    /// Storage location; empty for stock that has none.
    pub storage_location: String,
    /// Batch, or empty.
    pub batch: String,
    /// Stock type: `01` can be used, `02` is in quality inspection, `07` is blocked.
    pub stock_type: String,
    /// Special stock, as `E` for a sales order; empty for the plant's own.
    pub special_stock: String,
    /// How much; SAP keeps 14 decimals. Negative if more was issued than was posted in.
    #[serde(with = "rust_decimal::serde::str")]
    pub quantity: Decimal,
    /// In this unit.
    pub base_unit: Uom,
}
