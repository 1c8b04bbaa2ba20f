//! The bill of material, tables STKO and STPO.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::id::{MaterialNumber, PlantCode};
use crate::unit::{Measure, Uom};
use crate::value_state::ValueState;

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
    /// How much for the base quantity, without scrap. Negative for what comes out beside the product.
    pub quantity: Measure,
    /// How that quantity is known.
    #[serde(default = "ValueState::recorded")]
    pub state: ValueState,
    /// Component scrap in percent, STPO-AUSCH.
    #[serde(with = "rust_decimal::serde::str")]
    pub component_scrap_percent: Decimal,
    /// Operation scrap of the component in percent, STPO-AVOAU.
    #[serde(with = "rust_decimal::serde::str")]
    pub operation_scrap_percent: Decimal,
    /// Whether scrap of the assembly leaves the item alone, STPO-NETAU.
    pub net_scrap: bool,
    /// Whether the quantity is the same whatever the size of the order, STPO-FMENG.
    pub fixed: bool,
    /// Whether it stands at the work center and is not issued to an order, STPO-SCHGT.
    pub bulk: bool,
    /// Whether it is made together with the product, STPO-KZKUP.
    pub co_product: bool,
    /// Whether its components take its place: special procurement 50 of the item, STPO-ITSOB.
    pub phantom: bool,
    /// The items of which one takes the place of the other, and the percentage in which it is
    /// this one: STPO-ALPGR and STPO-EWAHR.
    pub alternative: Option<AlternativeItem>,
}

/// The share of an item among those that may replace each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlternativeItem {
    /// Group, STPO-ALPGR.
    pub group: String,
    /// Usage probability in percent, STPO-EWAHR.
    #[serde(with = "rust_decimal::serde::str")]
    pub usage_probability_percent: Decimal,
}

impl BomItem {
    /// `quantity` of `component` as item `number`, with nothing special about it.
    pub fn new(number: &str, component: MaterialNumber, quantity: Measure) -> Self {
        Self {
            number: number.to_owned(),
            component,
            quantity,
            state: ValueState::recorded(),
            component_scrap_percent: Decimal::ZERO,
            operation_scrap_percent: Decimal::ZERO,
            net_scrap: false,
            fixed: false,
            bulk: false,
            co_product: false,
            phantom: false,
            alternative: None,
        }
    }

    /// Whether it comes out beside the product instead of going in: a co-product or a by-product.
    pub fn is_output(&self) -> bool {
        self.co_product || self.quantity.amount < Decimal::ZERO
    }

    /// Whether scrap of the assembly raises the quantity.
    pub fn grows_with_assembly_scrap(&self) -> bool {
        !self.net_scrap && !self.fixed
    }

    /// Quantity that has to be issued for the base quantity, in the unit of the item: raised by
    /// operation scrap, then by component scrap, and weighted with the usage probability.
    ///
    /// # Source
    ///
    /// SAP Help, PP-MRP, Component Scrap (200 pieces, 10 % and 10 %: 242) and Operation Scrap.
    pub fn gross_quantity(&self) -> Measure {
        let raised = |percent: Decimal| Decimal::ONE + percent / Decimal::ONE_HUNDRED;
        let scrap = raised(self.operation_scrap_percent) * raised(self.component_scrap_percent);
        let share = self.alternative.as_ref().map_or(Decimal::ONE, |alternative| {
            alternative.usage_probability_percent / Decimal::ONE_HUNDRED
        });
        Measure::new(self.quantity.amount * scrap * share, self.quantity.unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unit::Uom;

    fn item(quantity: i64) -> BomItem {
        let component = MaterialNumber::new("SCRAP").unwrap();
        BomItem::new("0010", component, Measure::new(Decimal::from(quantity), Uom::Kg))
    }

    #[test]
    fn operation_scrap_and_component_scrap_multiply() {
        // SAP's own figures: 200 with 10 % and 10 % is 242.
        let mut raised = item(200);
        raised.operation_scrap_percent = Decimal::TEN;
        raised.component_scrap_percent = Decimal::TEN;

        assert_eq!(raised.gross_quantity().amount, Decimal::from(242));
    }

    #[test]
    fn operation_scrap_of_one_percent_on_a_thousand_is_ten() {
        let mut net = item(1000);
        net.operation_scrap_percent = Decimal::ONE;
        net.net_scrap = true;

        assert_eq!(net.gross_quantity().amount, Decimal::from(1010));
        assert!(!net.grows_with_assembly_scrap());
    }

    #[test]
    fn alternatives_share_by_their_usage_probability() {
        let mut first = item(100);
        let usage_probability_percent = Decimal::from(70);
        first.alternative =
            Some(AlternativeItem { group: "A1".to_owned(), usage_probability_percent });

        assert_eq!(first.gross_quantity().amount, Decimal::from(70));
    }

    #[test]
    fn co_products_and_negative_quantities_are_outputs() {
        let mut co_product = item(5);
        co_product.co_product = true;

        assert!(co_product.is_output() && item(-1).is_output() && !item(1).is_output());
    }
}
