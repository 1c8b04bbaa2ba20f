//! Greenhouse gases by mass, and what they weigh in CO₂e under one GWP set.
//!
//! # Source
//!
//! Global warming potentials over 100 years: IPCC AR4, AR5 and AR6, Working Group I. They are data
//! (`gwp100.csv` of a factor package), never constants of the program.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// The assessment report whose potentials are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum GwpSet {
    /// Fourth Assessment Report.
    #[serde(rename = "AR4")]
    Ar4,
    /// Fifth, without climate-carbon feedback; the set of the EU's CBAM.
    #[serde(rename = "AR5")]
    Ar5,
    /// Sixth.
    #[serde(rename = "AR6")]
    Ar6,
}

/// A name that is none of the GWP sets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("FAC-GWP: GWP set '{0}' is not known; known are AR4, AR5 and AR6")]
pub struct UnknownGwpSet(pub String);

impl FromStr for GwpSet {
    type Err = UnknownGwpSet;

    fn from_str(text: &str) -> Result<Self, UnknownGwpSet> {
        match text {
            "AR4" => Ok(Self::Ar4),
            "AR5" => Ok(Self::Ar5),
            "AR6" => Ok(Self::Ar6),
            other => Err(UnknownGwpSet(other.to_owned())),
        }
    }
}

impl fmt::Display for GwpSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ar4 => "AR4",
            Self::Ar5 => "AR5",
            Self::Ar6 => "AR6",
        })
    }
}

/// Potentials of each gas: kg CO₂e per kg.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GwpTable {
    rows: BTreeMap<String, BTreeMap<GwpSet, Decimal>>,
}

impl GwpTable {
    /// The table of the shipped version of the factor database, for those who bring no package of
    /// their own.
    ///
    /// # Panics
    ///
    /// Never: the file is part of the program, and a test reads it.
    pub fn shipped() -> &'static Self {
        static SHIPPED: OnceLock<GwpTable> = OnceLock::new();
        SHIPPED.get_or_init(|| {
            let text = include_str!("../../mappings/factors/2026-4/gwp100.csv");
            let mut table = Self::default();
            for row in csv::Reader::from_reader(text.as_bytes()).into_records() {
                let row = row.expect("the shipped table is CSV");
                let sets = [GwpSet::Ar4, GwpSet::Ar5, GwpSet::Ar6];
                for (set, cell) in sets.into_iter().zip(row.iter().skip(1)) {
                    let potential = cell.parse().expect("the shipped potentials are decimals");
                    table.insert(&row[0], set, potential);
                }
            }
            table
        })
    }

    /// Adds what a gas weighs under one set.
    pub fn insert(&mut self, gas: &str, set: GwpSet, potential: Decimal) {
        self.rows.entry(gas.to_owned()).or_default().insert(set, potential);
    }

    /// kg CO₂e per kg of `gas`; `None` if the table has no such gas under this set.
    pub fn potential(&self, gas: &str, set: GwpSet) -> Option<Decimal> {
        self.rows.get(gas)?.get(&set).copied()
    }

    /// Every gas by name.
    pub fn gases(&self) -> impl Iterator<Item = &str> {
        self.rows.keys().map(String::as_str)
    }
}

/// kg of each gas per unit of activity. Biogenic CO₂ stands apart and never enters the total
/// (ISO 14067, 6.4.9.2; GHG Protocol: reported separately).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GasMasses {
    /// By name of the gas, as in the GWP table: `CO2`, `CH4`, `N2O`, `CF4`.
    pub fossil: BTreeMap<String, Decimal>,
    /// kg of biogenic CO₂.
    pub biogenic_co2: Decimal,
}

/// A gas that the GWP table does not have under a set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("FAC-GWP: {gas} has no potential under {set}; add it to gwp100.csv of the package")]
pub struct UnknownGas {
    /// Gas.
    pub gas: String,
    /// Set.
    pub set: GwpSet,
}

impl GasMasses {
    /// Whether no gas is named.
    pub fn is_empty(&self) -> bool {
        self.fossil.is_empty()
    }

    /// Whether anything but CO₂ is in it, so that the GWP set matters.
    pub fn depends_on_gwp(&self) -> bool {
        self.fossil.keys().any(|gas| gas != "CO2")
    }

    /// kg CO₂e per unit of activity: the sum of mass times potential, biogenic CO₂ at zero.
    ///
    /// # Errors
    ///
    /// [`UnknownGas`] if the table lacks one of them.
    pub fn co2e(&self, table: &GwpTable, set: GwpSet) -> Result<Decimal, UnknownGas> {
        self.fossil.iter().try_fold(Decimal::ZERO, |sum, (gas, kilograms)| {
            let potential =
                table.potential(gas, set).ok_or_else(|| UnknownGas { gas: gas.clone(), set })?;
            Ok(sum + kilograms * potential)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_table_has_the_potentials_of_three_reports() {
        let of = |gas, set| GwpTable::shipped().potential(gas, set).unwrap();

        assert_eq!(of("N2O", GwpSet::Ar4), Decimal::from(298));
        assert_eq!(of("N2O", GwpSet::Ar5), Decimal::from(265));
        assert_eq!(of("CH4-fossil", GwpSet::Ar6), Decimal::new(298, 1));
        assert_eq!(GwpTable::shipped().potential("CH5", GwpSet::Ar6), None);
    }

    fn table() -> GwpTable {
        let mut table = GwpTable::default();
        for (gas, ar5, ar6) in [("CO2", "1", "1"), ("CH4", "28", "27.0"), ("N2O", "265", "273")] {
            table.insert(gas, GwpSet::Ar5, ar5.parse().unwrap());
            table.insert(gas, GwpSet::Ar6, ar6.parse().unwrap());
        }
        table
    }

    fn gases(of: &[(&str, &str)]) -> GasMasses {
        let fossil = of.iter().map(|(gas, kg)| ((*gas).to_owned(), kg.parse().unwrap()));
        GasMasses { fossil: fossil.collect(), biogenic_co2: Decimal::ZERO }
    }

    #[test]
    fn natural_gas_weighs_what_the_chosen_report_says() {
        let natural_gas = gases(&[("CO2", "56.1"), ("CH4", "0.001"), ("N2O", "0.0001")]);

        let ar5 = natural_gas.co2e(&table(), GwpSet::Ar5).unwrap();
        let ar6 = natural_gas.co2e(&table(), GwpSet::Ar6).unwrap();

        assert_eq!((ar5.to_string(), ar6.to_string()), ("56.1545".into(), "56.1543".into()));
    }

    #[test]
    fn biogenic_carbon_stays_out_of_the_total() {
        let mut wood = gases(&[("CH4", "0.03"), ("N2O", "0.004")]);
        wood.biogenic_co2 = Decimal::from(112);

        assert_eq!(wood.co2e(&table(), GwpSet::Ar5).unwrap(), "1.9".parse().unwrap());
    }

    #[test]
    fn a_gas_without_a_potential_is_an_error_that_names_it() {
        let refused = gases(&[("SF6", "1")]).co2e(&table(), GwpSet::Ar6).unwrap_err();

        assert!(refused.to_string().contains("SF6 has no potential under AR6"));
    }
}
