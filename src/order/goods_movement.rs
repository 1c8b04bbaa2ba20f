//! The material document item, table MATDOC: what came, was used and left.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::id::{MaterialNumber, ProductionOrderNumber, SupplierNumber};
use crate::unit::Measure;
use crate::value_state::ValueState;

/// What a movement did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MovementKind {
    /// 101 for a purchase order: received from a supplier.
    Receipt,
    /// 101 for a production or process order: made.
    Production,
    /// 261: used by an order.
    Consumption,
    /// 531: came beside the product.
    ByProduct,
    /// 601: left to a customer.
    Delivery,
}

/// A movement that stands: neither a reversal nor reversed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoodsMovement {
    /// Year, document and item.
    pub key: (String, String, String),
    /// What it did.
    pub kind: MovementKind,
    /// Posting day.
    pub posted: Date,
    /// What.
    pub material: MaterialNumber,
    /// How much, in the base unit.
    pub quantity: Measure,
    /// How that quantity is known.
    #[serde(default = "ValueState::recorded")]
    pub state: ValueState,
    /// The order that made or used it, if any.
    pub order: Option<ProductionOrderNumber>,
    /// From whom it came, if it was bought.
    pub supplier: Option<SupplierNumber>,
}
