//! The purchase order item, table EKPO.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::id::{MaterialNumber, SupplierNumber};
use crate::unit::Measure;

/// An item that is still expected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurchaseOrderItem {
    /// EBELN.
    pub purchase_order: String,
    /// EBELP.
    pub item: String,
    /// What.
    pub material: MaterialNumber,
    /// From whom.
    pub supplier: SupplierNumber,
    /// How much was ordered.
    pub quantity: Measure,
    /// First delivery day, if a schedule line says one.
    pub delivery: Option<Date>,
}
