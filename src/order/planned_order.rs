//! The planned order, table PLAF.

use jiff::Timestamp;
use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use crate::id::{
    MaterialNumber, PlannedOrderNumber, PlantCode, ProductionVersionCode, SalesOrderItem,
    SalesOrderNumber,
};
use crate::unit::Measure;

/// A planned order as SAP holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedOrder {
    /// PLNUM.
    pub number: PlannedOrderNumber,
    /// What is to be made.
    pub material: MaterialNumber,
    /// Where.
    pub plant: PlantCode,
    /// How, if a version is chosen.
    pub production_version: Option<ProductionVersionCode>,
    /// How much.
    pub quantity: Measure,
    /// Planned start in the plant's local time.
    pub start: DateTime,
    /// Planned end in the plant's local time.
    pub end: DateTime,
    /// Whether MRP must leave it alone.
    pub firm: bool,
    /// The sales order item it was made for, if any.
    pub sales_order: Option<(SalesOrderNumber, SalesOrderItem)>,
    /// When it was last changed.
    pub last_change: Option<Timestamp>,
    /// ETag under which it was read: opaque.
    pub etag: Option<String>,
}
