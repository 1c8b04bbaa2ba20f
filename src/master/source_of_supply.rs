//! A source of a bought material, tables EINA and EINE, with the price condition of the day, KONP.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::id::{MaterialNumber, SupplierNumber};
use crate::quantity::Money;
use crate::unit::Uom;

/// A purchasing info record: who delivers a material, at which price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceOfSupply {
    /// What is bought.
    pub material: MaterialNumber,
    /// From whom.
    pub supplier: SupplierNumber,
    /// Info record, INFNR.
    pub info_record: String,
    /// Purchasing organization, EKORG.
    #[serde(default)]
    pub organization: String,
    /// Price of `price_quantity`: that of the condition which is valid on the day of the read, else the
    /// net price that the info record keeps from its last use.
    pub net_price: Money,
    /// Quantity that the price is for.
    #[serde(with = "rust_decimal::serde::str")]
    pub price_quantity: Decimal,
    /// Unit of that quantity.
    pub price_unit: Uom,
    /// Planned delivery time in days.
    pub delivery_days: u16,
    /// The condition that the price is from; none if it is the info record's own.
    #[serde(default)]
    pub condition: Option<PriceCondition>,
}

/// Where a price comes from: a condition record of purchasing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceCondition {
    /// Condition record, KNUMH.
    pub record: String,
    /// Condition type, KSCHL, such as PPR0 or PB00.
    pub condition_type: String,
    /// First day.
    pub valid_from: Date,
    /// Last day.
    pub valid_to: Date,
}
