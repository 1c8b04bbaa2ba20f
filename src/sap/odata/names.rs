//! Under which names a system has what is asked for, and what stands in where it has nothing.
//!
//! A reader of rows asks by SAP's standard names. Where a system keeps a value in a field of its own,
//! or does not keep it at all, the names of its rows say so.

use std::collections::BTreeMap;
use std::sync::Arc;

use rust_decimal::Decimal;

use crate::unit::Uom;

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// What the value is called in the mapping.
    pub field: String,
    /// Property that has it; none if no property does.
    pub property: Option<String>,
    /// What stands in where the property has SAP's initial value.
    pub stand_in: Option<String>,
    /// Whether the value is a number, whose initial value is zero.
    pub number: bool,
    /// Of a unit: the quantity that it belongs to, and the unit of what stands in for it.
    pub with: Option<(String, String)>,
}

/// The names of one entity set, and the units that the table of units does not have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    origins: BTreeMap<String, Origin>,
    behind: BTreeMap<String, Arc<Names>>,
    units: Arc<BTreeMap<String, (Uom, Decimal)>>,
}

impl Names {
    /// Names by the standard name of what is asked for; names of rows that are expanded, by their
    /// navigation; units by their code: so many of a known unit.
    pub fn new(
        origins: BTreeMap<String, Origin>,
        behind: BTreeMap<String, Arc<Self>>,
        units: Arc<BTreeMap<String, (Uom, Decimal)>>,
    ) -> Self {
        Self { origins, behind, units }
    }

    /// Whether everything is as the standard has it.
    pub fn is_standard(&self) -> bool {
        self.origins.is_empty() && self.behind.is_empty() && self.units.is_empty()
    }

    /// Where the value comes from, if that is not where the standard has it.
    pub fn origin(&self, property: &str) -> Option<&Origin> {
        self.origins.get(property)
    }

    /// Names of the rows behind a navigation.
    pub fn behind(&self, navigation: &str) -> Option<&Arc<Self>> {
        self.behind.get(navigation)
    }

    /// A unit by its code: so many of a known unit.
    pub fn unit(&self, code: &str) -> Option<(Uom, Decimal)> {
        self.units.get(code).copied()
    }

    /// The property to ask SAP for; `None` if there is none.
    pub fn asked<'a>(&'a self, property: &'a str) -> Option<&'a str> {
        match self.origins.get(property) {
            Some(origin) => origin.property.as_deref(),
            None => Some(property),
        }
    }
}
