//! A source of a bought material, tables EINA and EINE.

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
    /// Net price of `price_quantity`.
    pub net_price: Money,
    /// Quantity that the price is for.
    #[serde(with = "rust_decimal::serde::str")]
    pub price_quantity: Decimal,
    /// Unit of that quantity.
    pub price_unit: Uom,
    /// Planned delivery time in days.
    pub delivery_days: u16,
}
