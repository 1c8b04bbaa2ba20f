//! How MRP plans a material in a plant (table MARC), and in which units it is counted (table MARM).

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::unit::Uom;

/// Special procurement key of a phantom assembly, MARC-SOBSL.
const PHANTOM: &str = "50";

/// Lot sizes and times of a material. Quantities are in its base unit; zero means not set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaterialPlanning {
    /// Lot-sizing procedure, DISLS: `EX` lot for lot, `FX` fixed.
    pub lot_sizing: String,
    /// Smallest lot, BSTMI.
    pub lot_size_min: Decimal,
    /// Largest lot, BSTMA.
    pub lot_size_max: Decimal,
    /// Fixed lot, BSTFE.
    pub lot_size_fixed: Decimal,
    /// Lots are multiples of it, BSTRF.
    pub rounding: Decimal,
    /// Safety stock, EISBE.
    pub safety_stock: Decimal,
    /// Special procurement key, SOBSL.
    pub special_procurement: String,
    /// In-house production time in working days, DZEIT.
    pub in_house_days: Decimal,
    /// Planned delivery time in calendar days, PLIFZ.
    pub delivery_days: Decimal,
}

impl MaterialPlanning {
    /// Whether the material is never made for itself: its components go into what is above it.
    pub fn is_phantom(&self) -> bool {
        self.special_procurement == PHANTOM
    }

    /// The lot that MRP makes of a requirement: at least the smallest, a whole multiple of the
    /// rounding value, or whole fixed lots.
    pub fn lot_for(&self, required: Decimal) -> Decimal {
        let multiple = |amount: Decimal, of: Decimal| {
            if of > Decimal::ZERO { (amount / of).ceil() * of } else { amount }
        };
        if self.lot_sizing == "FX" && self.lot_size_fixed > Decimal::ZERO {
            return multiple(required, self.lot_size_fixed);
        }
        multiple(required.max(self.lot_size_min), self.rounding)
    }
}

/// Another unit of a material: `denominator` of it are `numerator` base units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitConversion {
    /// Code as SAP has it; a material may have pallets and coils that mean something for it only.
    pub code: String,
    /// The same, if it is in the unit table.
    pub unit: Option<Uom>,
    /// UMREZ.
    pub numerator: Decimal,
    /// UMREN.
    pub denominator: Decimal,
}

impl UnitConversion {
    /// So many base units are `amount` of this unit.
    pub fn in_base_unit(&self, amount: Decimal) -> Decimal {
        amount * self.numerator / self.denominator
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dec(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn planning() -> MaterialPlanning {
        MaterialPlanning {
            lot_sizing: "EX".to_owned(),
            lot_size_min: dec("20"),
            lot_size_max: Decimal::ZERO,
            lot_size_fixed: Decimal::ZERO,
            rounding: dec("5"),
            safety_stock: Decimal::ZERO,
            special_procurement: String::new(),
            in_house_days: Decimal::ONE,
            delivery_days: Decimal::ZERO,
        }
    }

    #[test]
    fn a_lot_is_never_below_the_smallest_and_a_whole_multiple_of_the_rounding_value() {
        let planning = planning();
        let lots = [dec("3"), dec("20"), dec("21.5")].map(|required| planning.lot_for(required));

        assert_eq!(lots, [dec("20"), dec("20"), dec("25")]);
        let fixed =
            MaterialPlanning { lot_sizing: "FX".to_owned(), lot_size_fixed: dec("12"), ..planning };
        assert_eq!(fixed.lot_for(dec("13")), dec("24"));
        assert!(!fixed.is_phantom());
    }
}
