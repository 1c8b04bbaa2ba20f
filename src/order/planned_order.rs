//! The planned order, table PLAF.

use jiff::Timestamp;
use jiff::civil::DateTime;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::id::{
    MaterialNumber, PlannedOrderNumber, PlantCode, ProductionVersionCode, SalesOrderItem,
    SalesOrderNumber, WorkCenterCode,
};
use crate::order::OrderComponent;
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
    /// What it needs, as its BOM was last exploded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<OrderComponent>,
    /// When it needs which work center, as it was last scheduled; empty before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capacities: Vec<CapacityRequirement>,
}

/// How long a planned order needs a work center, table KBED.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapacityRequirement {
    /// Operation number, VORNR.
    pub operation: String,
    /// Where.
    pub work_center: WorkCenterCode,
    /// Set-up, processing and tear-down in minutes.
    #[serde(with = "rust_decimal::serde::str")]
    pub minutes: Decimal,
    /// Earliest begin in the plant's local time, if it was scheduled.
    pub earliest_start: Option<DateTime>,
}
