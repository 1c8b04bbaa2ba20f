//! Orders of SD and PP, as they were read. Pure values.

mod confirmation;
mod planned_order;
mod sales_order;

pub use confirmation::Confirmation;
pub use planned_order::PlannedOrder;
pub use sales_order::SalesOrderLine;

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
}
