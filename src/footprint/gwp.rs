//! Global warming potentials over 100 years, by gas and assessment report.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// A set of global warming potentials. Sets are never mixed within one result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum GwpSet {
    /// IPCC Fifth Assessment Report (2013), without climate-carbon feedback.
    #[serde(rename = "AR5")]
    Ar5,
    /// IPCC Sixth Assessment Report (2021).
    #[serde(rename = "AR6")]
    Ar6,
}

/// A greenhouse gas as factors and stacks name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Gas {
    /// Carbon dioxide of fossil origin.
    CO2,
    /// Carbon dioxide of biogenic origin: reported apart, nothing in a total.
    #[serde(rename = "CO2_biogenic")]
    CO2Biogenic,
    /// Methane, not of fossil origin, and that of combustion lines.
    CH4,
    /// Methane of fossil origin.
    #[serde(rename = "CH4_fossil")]
    CH4Fossil,
    /// Nitrous oxide.
    N2O,
    /// Sulphur hexafluoride.
    SF6,
    /// Tetrafluoromethane, PFC-14.
    CF4,
    /// Hexafluoroethane, PFC-116.
    C2F6,
}

/// A name that the table does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{name}' is no {what}; known are {known}")]
pub struct UnknownGwp {
    name: String,
    what: &'static str,
    known: &'static str,
}

/// Gas, its name, AR5 and AR6 in tenths.
///
/// # Source
///
/// IPCC AR5 WG1 (2013), table 8.A.1; IPCC AR6 WG1 (2021), table 7.SM.7.
const TABLE: &[(Gas, &str, i64, i64)] = &[
    (Gas::CO2, "CO2", 10, 10),
    (Gas::CO2Biogenic, "CO2_biogenic", 0, 0),
    (Gas::CH4, "CH4", 280, 270),
    (Gas::CH4Fossil, "CH4_fossil", 300, 298),
    (Gas::N2O, "N2O", 2_650, 2_730),
    (Gas::SF6, "SF6", 235_000, 252_000),
    (Gas::CF4, "CF4", 66_300, 73_800),
    (Gas::C2F6, "C2F6", 111_000, 124_000),
];

impl GwpSet {
    /// kg CO₂e of one kg of `gas` over 100 years.
    pub fn of(self, gas: Gas) -> Decimal {
        let row = TABLE.iter().find(|row| row.0 == gas).expect("every gas has a row");
        let tenths = match self {
            Self::Ar5 => row.2,
            Self::Ar6 => row.3,
        };
        Decimal::new(tenths, 1)
    }
}

impl fmt::Display for GwpSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ar5 => "AR5",
            Self::Ar6 => "AR6",
        })
    }
}

impl FromStr for GwpSet {
    type Err = UnknownGwp;

    fn from_str(name: &str) -> Result<Self, UnknownGwp> {
        match name {
            "AR5" => Ok(Self::Ar5),
            "AR6" => Ok(Self::Ar6),
            _ => Err(UnknownGwp { name: name.to_owned(), what: "GWP set", known: "AR5, AR6" }),
        }
    }
}

impl FromStr for Gas {
    type Err = UnknownGwp;

    fn from_str(name: &str) -> Result<Self, UnknownGwp> {
        let row = TABLE.iter().find(|row| row.1 == name);
        row.map(|row| row.0).ok_or_else(|| UnknownGwp {
            name: name.to_owned(),
            what: "gas",
            known: "CO2, CO2_biogenic, CH4, CH4_fossil, N2O, SF6, CF4, C2F6",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_found_by_their_name_and_an_unknown_one_is_refused() {
        assert_eq!("AR5".parse::<GwpSet>().unwrap().of(Gas::N2O), Decimal::from(265));
        assert_eq!("AR6".parse::<GwpSet>().unwrap().of(Gas::CH4Fossil), Decimal::new(298, 1));
        let refused = "AR4".parse::<GwpSet>().unwrap_err();
        assert_eq!(refused.to_string(), "'AR4' is no GWP set; known are AR5, AR6");
    }
}
