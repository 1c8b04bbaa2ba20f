//! Orders of SD, PP and MM and what they moved, as they were read. Pure values.

mod confirmation;
mod delivery;
mod goods_movement;
mod planned_order;
mod planned_requirement;
mod production_order;
mod purchase_order;
mod sales_order;
mod stock;

pub use confirmation::Confirmation;
pub use delivery::DeliveryItem;
pub use goods_movement::{GoodsMovement, MovementKind};
pub use planned_order::{CapacityRequirement, PlannedOrder};
pub use planned_requirement::PlannedRequirement;
pub use production_order::{
    OrderCategory, OrderComponent, OrderOperation, OrderStatus, ProductionOrder,
};
pub use purchase_order::PurchaseOrderItem;
pub use sales_order::SalesOrderLine;
pub use stock::Stock;

use serde::{Deserialize, Serialize};

/// The orders of one plant.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OrderBook {
    /// Open schedule lines of sales orders, by order, item and line.
    pub sales_order_lines: Vec<SalesOrderLine>,
    /// Planned orders that are already in SAP, by number.
    pub planned_orders: Vec<PlannedOrder>,
    /// Confirmations of production orders, by start of execution.
    pub confirmations: Vec<Confirmation>,
    /// Production and process orders of a year, by number.
    #[serde(default)]
    pub production_orders: Vec<ProductionOrder>,
    /// Demand without a customer, by material and period.
    #[serde(default)]
    pub planned_requirements: Vec<PlannedRequirement>,
    /// What is expected of suppliers, by order and item.
    #[serde(default)]
    pub purchase_order_items: Vec<PurchaseOrderItem>,
    /// What came, was used and left in a year, by document.
    #[serde(default)]
    pub goods_movements: Vec<GoodsMovement>,
    /// Deliveries of a year, by number and item.
    #[serde(default)]
    pub deliveries: Vec<DeliveryItem>,
    /// What is there.
    #[serde(default)]
    pub stock: Vec<Stock>,
}
