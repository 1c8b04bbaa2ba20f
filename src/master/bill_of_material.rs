//! The bill of material, tables STKO and STPO.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::id::{MaterialNumber, PlantCode};
use crate::unit::{Measure, Uom};

/// One alternative of a material's bill of material.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BillOfMaterial {
    /// What is made.
    pub material: MaterialNumber,
    /// Where.
    pub plant: PlantCode,
    /// Alternative, STLAL, without leading zeros.
    pub alternative: String,
    /// The items make this much of the material.
    #[serde(with = "rust_decimal::serde::str")]
    pub base_quantity: Decimal,
    /// Unit of the base quantity.
    pub base_unit: Uom,
    /// What goes in, in the order of item numbers.
    pub items: Vec<BomItem>,
}

/// One component of a bill of material.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BomItem {
    /// Item number, POSNR.
    pub number: String,
    /// What goes in.
    pub component: MaterialNumber,
    /// How much for the base quantity, without scrap. Negative for a by-product.
    pub quantity: Measure,
    /// Component scrap in percent, STPO-AUSCH.
    #[serde(with = "rust_decimal::serde::str")]
    pub component_scrap_percent: Decimal,
}

impl BomItem {
    /// Quantity that has to be issued for the base quantity: with component scrap.
    pub fn gross_quantity(&self) -> Measure {
        let scrap = Decimal::ONE + self.component_scrap_percent / Decimal::ONE_HUNDRED;
        Measure::new(self.quantity.amount * scrap, self.quantity.unit)
    }
}
