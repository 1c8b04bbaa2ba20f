//! The files of the field mapping as they are written.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Deserialize;
use toml::Spanned;

use crate::unit::Uom;

/// `mappings/fields/<service>.toml`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldFile {
    /// Technical name of the service.
    pub service: Spanned<String>,
    /// Lines by entity set, and in it by the field of SAP's table.
    #[serde(default)]
    pub set: BTreeMap<String, BTreeMap<String, Spanned<FieldLine>>>,
}

/// One line: a field of SAP's table, and the field of ours that it gives.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldLine {
    /// Property of the service; none if only the default counts.
    #[serde(default)]
    pub from: Option<String>,
    /// Property with the unit of a quantity.
    #[serde(default)]
    pub unit: Option<String>,
    /// The unit of a quantity for which the service has no property.
    #[serde(default)]
    pub unit_code: Option<String>,
    /// Field of Carbide.
    pub to: String,
    /// What stands in where SAP has the initial value.
    #[serde(default)]
    pub default: Option<String>,
    /// The unit of what stands in; that of the row if it is not said.
    #[serde(default)]
    pub default_unit: Option<String>,
    /// What the value is; a text if it is not said, a decimal if it has a unit.
    #[serde(default)]
    pub kind: Kind,
    /// Whether keys, filters or changes hang on it, so that it cannot be mapped otherwise.
    #[serde(default)]
    pub fixed: bool,
}

/// What a value is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Characters.
    #[default]
    Text,
    /// A decimal number.
    Decimal,
    /// A whole number.
    Whole,
    /// A day.
    Date,
    /// A time of day.
    Time,
    /// An instant.
    Instant,
    /// An indicator.
    Flag,
}

impl Kind {
    /// Whether its initial value is zero.
    pub fn is_number(self) -> bool {
        matches!(self, Self::Decimal | Self::Whole)
    }
}

impl FieldLine {
    /// What the value is.
    pub fn kind(&self) -> Kind {
        match self.kind {
            Kind::Text if self.unit.is_some() || self.unit_code.is_some() => Kind::Decimal,
            kind => kind,
        }
    }
}

/// `mappings/units.toml`: units of the system (table T006) that Carbide does not know.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitFile {
    /// By code.
    #[serde(default)]
    pub unit: BTreeMap<String, Spanned<UnitLine>>,
}

/// One unit: `denominator` of it are `numerator` of a known one.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitLine {
    /// The known one.
    pub of: Uom,
    /// T006-ZAEHL
    #[serde(default = "one")]
    pub numerator: Decimal,
    /// T006-NENNR
    #[serde(default = "one")]
    pub denominator: Decimal,
}

fn one() -> Decimal {
    Decimal::ONE
}
