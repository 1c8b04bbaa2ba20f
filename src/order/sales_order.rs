//! A schedule line of a sales order, table VBEP.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::id::{MaterialNumber, PlantCode, SalesOrderItem, SalesOrderNumber};
use crate::unit::Measure;

/// What a customer wants on a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SalesOrderLine {
    /// VBELN.
    pub sales_order: SalesOrderNumber,
    /// POSNR.
    pub item: SalesOrderItem,
    /// ETENR.
    pub schedule_line: String,
    /// What.
    pub material: MaterialNumber,
    /// From which plant.
    pub plant: PlantCode,
    /// How much is still to deliver.
    pub open_quantity: Measure,
    /// Day on which the customer wants it.
    pub requested_delivery: Date,
    /// Delivery priority, LPRIO: 1 is the most urgent, 0 is not set.
    pub delivery_priority: u8,
    /// Shipping type, VSART, or empty.
    pub shipping_type: String,
}

impl SalesOrderLine {
    /// Its name as a demand of a plan: sales order, item and schedule line.
    pub fn demand(&self) -> String {
        format!("{}/{}/{}", self.sales_order, self.item, self.schedule_line)
    }
}
