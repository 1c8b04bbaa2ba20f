//! Units of measure as they arrive from SAP at run time, keyed by the ISO code.
//!
//! SAP holds an internal code, a code per language, and an ISO code side by side (tables T006,
//! T006A): `ST` and `PC` are both the piece. We map all three to one [`Uom`].

use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// What a unit measures. Only units of one dimension can be converted into each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dimension {
    /// Mass; base kg.
    Mass,
    /// Energy, electrical or mechanical; base kWh.
    Energy,
    /// Energy of a fuel at the net calorific value, or of heat; base GJ. Kept apart from electricity.
    FuelEnergy,
    /// Time; base minute.
    Time,
    /// Transport work; base tonne-kilometre.
    TransportWork,
    /// Count; base piece.
    Count,
    /// Volume at normal conditions; base m3.
    Volume,
    /// Area; base m2.
    Area,
}

/// A unit of measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Uom {
    /// Kilogram.
    Kg,
    /// Tonne.
    Tonne,
    /// Gram.
    Gram,
    /// Avoirdupois pound, 0.45359237 kg exactly.
    Pound,
    /// Watt-hour.
    WattHour,
    /// Kilowatt-hour.
    Kwh,
    /// Megawatt-hour.
    Mwh,
    /// Gigajoule of fuel at the net calorific value, or of heat.
    Gigajoule,
    /// Minute.
    Minute,
    /// Hour.
    Hour,
    /// Second.
    Second,
    /// Tonne-kilometre.
    TonneKm,
    /// Piece.
    Piece,
    /// Cubic metre.
    CubicMetre,
    /// Square metre.
    SquareMetre,
}

/// A unit that is not in the table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unit {0} is not in the unit table; known are {known}", known = Uom::known())]
pub struct UnknownUnit(pub String);

/// Two units of different dimensions.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{from} cannot be converted to {to}: they measure different things")]
pub struct Incompatible {
    /// Unit that was given.
    pub from: Uom,
    /// Unit that was asked for.
    pub to: Uom,
}

/// Unit, dimension, SAP ISO code, accepted codes, size in the base unit as numerator/denominator.
type Row = (Uom, Dimension, &'static str, &'static [&'static str], i64, i64);

const TABLE: &[Row] = &[
    (Uom::Kg, Dimension::Mass, "KGM", &["KG", "KGM"], 1, 1),
    (Uom::Tonne, Dimension::Mass, "TNE", &["TO", "TNE", "T"], 1000, 1),
    (Uom::Pound, Dimension::Mass, "LBR", &["LB", "LBR"], 45_359_237, 100_000_000),
    (Uom::Gram, Dimension::Mass, "GRM", &["G", "GRM"], 1, 1000),
    (Uom::WattHour, Dimension::Energy, "WHR", &["WH", "WHR"], 1, 1000),
    (Uom::Kwh, Dimension::Energy, "KWH", &["KWH"], 1, 1),
    (Uom::Mwh, Dimension::Energy, "MWH", &["MWH"], 1000, 1),
    (Uom::Gigajoule, Dimension::FuelEnergy, "GV", &["GJ", "GV"], 1, 1),
    (Uom::Minute, Dimension::Time, "MIN", &["MIN"], 1, 1),
    (Uom::Hour, Dimension::Time, "HUR", &["H", "HR", "HUR", "STD"], 60, 1),
    (Uom::Second, Dimension::Time, "SEC", &["S", "SEC"], 1, 60),
    (Uom::TonneKm, Dimension::TransportWork, "D44", &["TKM", "D44"], 1, 1),
    (Uom::Piece, Dimension::Count, "PCE", &["PC", "ST", "EA", "PCE", "C62", "H87"], 1, 1),
    (Uom::CubicMetre, Dimension::Volume, "MTQ", &["M3", "MTQ"], 1, 1),
    (Uom::SquareMetre, Dimension::Area, "MTK", &["M2", "MTK"], 1, 1),
];

impl Uom {
    /// Whether a code is how one language writes a unit, and neither SAP's own code nor ISO's: `PC`
    /// is what English makes of `ST`.
    pub fn is_of_a_language(code: &str) -> bool {
        matches!(code, "PC" | "T")
    }

    /// The unit behind an internal, external or ISO code.
    ///
    /// # Errors
    ///
    /// [`UnknownUnit`] if none has that code. A unit is never guessed.
    pub fn from_code(code: &str) -> Result<Self, UnknownUnit> {
        let wanted = code.trim().to_ascii_uppercase();
        let row = TABLE.iter().find(|row| row.3.contains(&wanted.as_str()));
        row.map(|row| row.0).ok_or_else(|| UnknownUnit(code.to_owned()))
    }

    /// What the unit measures.
    pub fn dimension(self) -> Dimension {
        self.row().1
    }

    /// ISO code, as SAP's `..ISOCode` fields carry it.
    pub fn iso(self) -> &'static str {
        self.row().2
    }

    /// SAP's internal code, as in MEINS.
    pub fn sap(self) -> &'static str {
        self.row().3[0]
    }

    /// What one of `self` is in `to`. Exact for the units of the table, except per second.
    ///
    /// # Errors
    ///
    /// [`Incompatible`] if the two measure different things.
    pub fn in_units_of(self, to: Self) -> Result<Decimal, Incompatible> {
        let (from_row, to_row) = (self.row(), to.row());
        if from_row.1 != to_row.1 {
            return Err(Incompatible { from: self, to });
        }
        Ok(Decimal::from(from_row.4 * to_row.5) / Decimal::from(from_row.5 * to_row.4))
    }

    fn row(self) -> &'static Row {
        TABLE.iter().find(|row| row.0 == self).expect("every unit has a row")
    }

    fn known() -> String {
        TABLE.iter().map(|row| row.3[0]).collect::<Vec<_>>().join(", ")
    }
}

impl fmt::Display for Uom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.sap())
    }
}
impl TryFrom<String> for Uom {
    type Error = UnknownUnit;
    fn try_from(code: String) -> Result<Self, UnknownUnit> {
        Self::from_code(&code)
    }
}
impl From<Uom> for String {
    fn from(unit: Uom) -> Self {
        unit.sap().to_owned()
    }
}

/// An amount with a unit known only at run time, as a BOM item or a confirmed activity has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measure {
    /// How many.
    #[serde(with = "rust_decimal::serde::str")]
    pub amount: Decimal,
    /// Of what unit.
    pub unit: Uom,
}

impl Measure {
    /// `amount` of `unit`.
    pub const fn new(amount: Decimal, unit: Uom) -> Self {
        Self { amount, unit }
    }

    /// The amount in another unit of the same dimension.
    ///
    /// # Errors
    ///
    /// [`Incompatible`] if the units measure different things.
    pub fn in_unit(self, to: Uom) -> Result<Decimal, Incompatible> {
        Ok(self.amount * self.unit.in_units_of(to)?)
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount.normalize(), self.unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_is_a_piece_in_every_language() {
        assert_eq!(Uom::from_code("ST"), Uom::from_code("PC"));
        assert_eq!(Uom::from_code("pce").unwrap().sap(), "PC");
    }

    #[test]
    fn tonnes_become_kilograms_and_never_kilowatt_hours() {
        let mass = Measure::new(Decimal::new(15, 1), Uom::Tonne);

        assert_eq!(mass.in_unit(Uom::Kg).unwrap(), Decimal::from(1500));
        assert!(mass.in_unit(Uom::Kwh).is_err());
    }

    #[test]
    fn electricity_and_fuel_are_kept_apart() {
        assert!(Uom::Gigajoule.in_units_of(Uom::Kwh).is_err());
    }
}
