//! `mappings/ems.toml`: which table and columns hold the readings, and what they mean.

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::EmsError;
use crate::id::{CostCenter, MeterId, PlantCode};
use crate::reading::{Medium, Meter};
use crate::unit::{Dimension, Uom};

/// Whether a stamp is the start or the end of its interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StampIs {
    /// The interval begins at the stamp.
    IntervalStart,
    /// The interval ends at the stamp.
    IntervalEnd,
}

/// Where readings stand and what they mean.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmsMapping {
    /// Table or view of interval energies, one row an interval.
    pub table: String,
    /// Column that names the meter.
    pub meter_column: String,
    /// Column of the time stamp.
    pub stamp_column: String,
    /// Column of the energy.
    pub value_column: String,
    /// Column that rises with arrival; the stamp if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_column: Option<String>,
    /// Unit of the energy.
    pub unit: Uom,
    /// How a stamp is written, as for strftime; ISO 8601 if it is not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stamp_format: Option<String>,
    /// Which end of the interval is stamped.
    pub stamp_is: StampIs,
    /// Length of an interval.
    pub step_minutes: u16,
    /// Clock of the stamps: an IANA zone, or a fixed offset as `+01:00`.
    pub time_zone: String,
    /// The meters that are read.
    pub meter: Vec<MeterMapping>,
}

/// One meter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeterMapping {
    /// Its name in the meter column.
    pub id: MeterId,
    /// What it measures.
    pub medium: Medium,
    /// Plant whose consumption it measures.
    pub plant: PlantCode,
    /// Cost center for what no production used.
    pub overhead_cost_center: CostCenter,
}

impl MeterMapping {
    /// The meter as a fact.
    pub fn meter(&self) -> Meter {
        Meter {
            id: self.id.clone(),
            medium: self.medium,
            plant: self.plant.clone(),
            overhead_cost_center: self.overhead_cost_center.clone(),
        }
    }
}

impl EmsMapping {
    /// Checks what can be checked without a database.
    ///
    /// # Errors
    ///
    /// [`EmsError::Identifier`] for a name that could be anything but a name, [`EmsError::Mapping`]
    /// for a unit that is no energy, a step of zero, or a zone that does not exist.
    pub fn validate(&self) -> Result<(), EmsError> {
        identifier(&self.table, "table")?;
        for column in self.columns() {
            identifier(column, "column")?;
        }
        if self.unit.dimension() != Dimension::Energy {
            return Err(EmsError::Mapping(format!("unit {} is no electrical energy", self.unit)));
        }
        if self.step_minutes == 0 || 1440 % self.step_minutes != 0 {
            return Err(EmsError::Mapping(format!(
                "step_minutes = {} does not divide a day",
                self.step_minutes
            )));
        }
        self.zone()?;
        Ok(())
    }

    /// The columns that are read, the order column last if there is one.
    pub(super) fn columns(&self) -> Vec<&str> {
        let mut columns = vec![
            self.meter_column.as_str(),
            self.stamp_column.as_str(),
            self.value_column.as_str(),
        ];
        columns.extend(self.order_column.as_deref());
        columns
    }

    /// The clock of the stamps.
    ///
    /// # Errors
    ///
    /// [`EmsError::Mapping`].
    pub fn zone(&self) -> Result<TimeZone, EmsError> {
        let fixed = || {
            let (sign, rest) = match self.time_zone.split_at_checked(1)? {
                ("+", rest) => (1, rest),
                ("-", rest) => (-1, rest),
                _ => return None,
            };
            let (hours, minutes) = rest.split_once(':')?;
            let seconds = 3600 * hours.parse::<i32>().ok()? + 60 * minutes.parse::<i32>().ok()?;
            jiff::tz::Offset::from_seconds(sign * seconds).ok().map(TimeZone::fixed)
        };
        fixed().or_else(|| TimeZone::get(&self.time_zone).ok()).ok_or_else(|| {
            EmsError::Mapping(format!("time_zone '{}' is no zone and no offset", self.time_zone))
        })
    }
}

/// A name that can be quoted and nothing else: `^[A-Za-z_][A-Za-z0-9_$#]{0,127}$`.
pub(super) fn identifier(name: &str, what: &'static str) -> Result<(), EmsError> {
    let mut bytes = name.bytes();
    let first = bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
    let rest = bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$' | b'#'));
    if first && rest && name.len() <= 128 {
        return Ok(());
    }
    Err(EmsError::Identifier { name: name.to_owned(), what })
}
