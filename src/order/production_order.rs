//! Production and process orders, tables AUFK and AFKO, with their components, table RESB, and
//! operations, tables AFVC and AFVV.

use jiff::civil::DateTime;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::id::{
    MaterialNumber, PlannedOrderNumber, PlantCode, ProductionOrderNumber, ProductionVersionCode,
    SalesOrderItem, SalesOrderNumber, WorkCenterInternalId,
};
use crate::unit::Measure;

/// Discrete or process manufacturing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderCategory {
    /// Order category 10.
    Production,
    /// Order category 40.
    Process,
}

/// How far an order is, the furthest that is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// CRTD.
    Created,
    /// REL.
    Released,
    /// CNF.
    Confirmed,
    /// DLV.
    Delivered,
    /// TECO.
    TechnicallyCompleted,
    /// CLSD.
    Closed,
}

/// A component that an order needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderComponent {
    /// What.
    pub material: MaterialNumber,
    /// How much it needs.
    pub required: Measure,
    /// How much of it was taken.
    #[serde(with = "rust_decimal::serde::str")]
    pub withdrawn: Decimal,
}

/// An operation of an order, or a phase of one, as it was scheduled.
///
/// Its standard values are not here: the service tells them without the quantity that they are for. The
/// routing of the production version has both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderOperation {
    /// Sequence, PLNFL: 0 is the standard one.
    pub sequence: String,
    /// Operation number, VORNR.
    pub number: String,
    /// Number of the sub-operation, UVORN, if it is one.
    pub sub_operation: Option<String>,
    /// Number of the operation that it is a phase of, in process orders.
    pub phase_of: Option<String>,
    /// Text.
    pub text: String,
    /// How far it is.
    pub status: OrderStatus,
    /// Where it runs; a phase without one runs where its operation does.
    pub work_center: Option<WorkCenterInternalId>,
    /// Earliest scheduled start of execution in the plant's local time; none before scheduling.
    pub start: Option<DateTime>,
    /// Earliest scheduled end of execution.
    pub end: Option<DateTime>,
    /// How much is to go through it.
    pub quantity: Measure,
    /// How much of it was confirmed as good.
    #[serde(with = "rust_decimal::serde::str")]
    pub confirmed: Decimal,
}

/// A production or process order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductionOrder {
    /// AUFNR.
    pub number: ProductionOrderNumber,
    /// Discrete or process.
    pub category: OrderCategory,
    /// How far it is.
    pub status: OrderStatus,
    /// What is made.
    pub material: MaterialNumber,
    /// Where.
    pub plant: PlantCode,
    /// How.
    pub production_version: Option<ProductionVersionCode>,
    /// The planned order that it was, if any.
    pub planned_order: Option<PlannedOrderNumber>,
    /// The sales order item that it is made for, if any.
    #[serde(default)]
    pub sales_order: Option<(SalesOrderNumber, SalesOrderItem)>,
    /// How much is to be made.
    pub quantity: Measure,
    /// How much of it was confirmed as good.
    #[serde(with = "rust_decimal::serde::str")]
    pub confirmed: Decimal,
    /// Scheduled start in the plant's local time; the planned one until it is scheduled.
    pub start: DateTime,
    /// Scheduled end.
    pub end: DateTime,
    /// What it needs.
    pub components: Vec<OrderComponent>,
    /// What is done for it, by sequence and number.
    #[serde(default)]
    pub operations: Vec<OrderOperation>,
}

impl ProductionOrder {
    /// What is still to be made: nothing once the order is delivered or ended.
    pub fn open_quantity(&self) -> Decimal {
        match self.status {
            OrderStatus::Delivered | OrderStatus::TechnicallyCompleted | OrderStatus::Closed => {
                Decimal::ZERO
            }
            _ => (self.quantity.amount - self.confirmed).max(Decimal::ZERO),
        }
    }
}
