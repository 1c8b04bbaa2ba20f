//! The outbound delivery item, table LIPS: what a transport footprint starts from.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::id::{MaterialNumber, SalesOrderNumber};
use crate::unit::Measure;
use crate::value_state::ValueState;

/// An item of an outbound delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryItem {
    /// VBELN.
    pub delivery: String,
    /// POSNR.
    pub item: String,
    /// What.
    pub material: MaterialNumber,
    /// How much.
    pub quantity: Measure,
    /// Gross mass in kg.
    #[serde(with = "rust_decimal::serde::str")]
    pub gross_weight_kg: Decimal,
    /// How that mass is known.
    #[serde(default = "ValueState::recorded")]
    pub weight_state: ValueState,
    /// Where it leaves, VSTEL.
    pub shipping_point: String,
    /// How it goes, VSART.
    pub shipping_type: String,
    /// The way it takes, ROUTE: the actual one, else the proposed one.
    pub route: String,
    /// Who gets it.
    pub ship_to: String,
    /// Day on which it left; none while it is here.
    pub left: Option<Date>,
    /// Sales order that it is for, if any.
    pub sales_order: Option<SalesOrderNumber>,
}
