//! `mappings/ems.toml`: which table and columns hold the readings, and what they mean.

use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{EmsError, ProcessMapping};
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

/// What a value counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValuesAre {
    /// The energy of its interval.
    #[default]
    IntervalEnergy,
    /// What a register shows that only rises.
    Counter,
}

/// Stamps as seconds since 1970.
const EPOCH_SECONDS: &str = "epoch_seconds";
/// Stamps as milliseconds since 1970.
const EPOCH_MILLISECONDS: &str = "epoch_milliseconds";

/// Where readings stand and what they mean.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmsMapping {
    /// Table or view, one row an interval.
    pub table: String,
    /// Column that names the meter; none in a wide table, where each meter has a column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meter_column: Option<String>,
    /// Column of the time stamp.
    pub stamp_column: String,
    /// Column of the energy; none in a wide table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_column: Option<String>,
    /// Whether a value is the energy of its interval or what a register shows.
    #[serde(default)]
    pub values_are: ValuesAre,
    /// Column that says whether a reading is good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality_column: Option<String>,
    /// What it says then; any other quality leaves the reading out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub good_quality: Vec<String>,
    /// Seconds that one query may run.
    #[serde(default = "ten_minutes")]
    pub query_seconds: u32,
    /// Hours for which rows may come late: those of the last hours are read again each time.
    #[serde(default = "two_days")]
    pub late_hours: u32,
    /// Column that rises with arrival; the stamp if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_column: Option<String>,
    /// Unit of the energy; a meter can have its own.
    pub unit: Uom,
    /// How a stamp is written, as for strftime, or `epoch_seconds` or `epoch_milliseconds`; ISO 8601 if
    /// it is not set.
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
    /// Values of the process beside them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<ProcessMapping>,
}

/// One meter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeterMapping {
    /// Its name here, and in the meter column if it has no key there.
    pub id: MeterId,
    /// What the meter column holds for it, as a point number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Its own column in a wide table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// kWh at which its register begins again at zero.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub register_end_kwh: Option<Decimal>,
    /// Most that its connection can carry, in kW.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity_kw: Option<Decimal>,
    /// What it measures.
    pub medium: Medium,
    /// Unit of its values, where it is not that of the table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Uom>,
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
    /// for a unit that does not fit the medium, a step of zero, or a zone that does not exist.
    pub fn validate(&self) -> Result<(), EmsError> {
        identifier(&self.table, "table")?;
        for (column, _) in self.columns() {
            identifier(column, "column")?;
        }
        self.process.iter().try_for_each(ProcessMapping::validate)?;
        self.columns_are_clear()?;
        if self.meter.is_empty() && self.unit.dimension() != Dimension::Energy {
            return Err(EmsError::Mapping(format!("unit {} is no electrical energy", self.unit)));
        }
        for meter in &self.meter {
            self.per_unit(&meter.id)?;
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

    fn columns_are_clear(&self) -> Result<(), EmsError> {
        let wrong = |text: String| Err(EmsError::Mapping(text));
        for meter in &self.meter {
            if meter.column.is_none() && self.value_column.is_none() {
                let text =
                    format!("meter {} has no column, and there is no value_column", meter.id);
                return wrong(text);
            }
            if meter.column.is_none() && self.meter_column.is_none() && self.meter.len() > 1 {
                return wrong(format!(
                    "meter {} has no column and there is no meter_column: rows of several meters \
                     cannot be told apart",
                    meter.id
                ));
            }
        }
        if self.quality_column.is_some() == self.good_quality.is_empty() {
            return wrong("quality_column and good_quality go together".to_owned());
        }
        Ok(())
    }

    /// The mapping of a meter, if it is named.
    pub fn meter(&self, id: &MeterId) -> Option<&MeterMapping> {
        self.meter.iter().find(|meter| meter.id == *id)
    }

    /// The unit in which a meter's values stand in the database.
    pub fn unit_of(&self, id: &MeterId) -> Uom {
        self.meter(id).and_then(|meter| meter.unit).unwrap_or(self.unit)
    }

    /// What one of a meter's values is in the unit of its medium.
    ///
    /// # Errors
    ///
    /// [`EmsError::Mapping`] naming the meter if its unit measures something else than its medium.
    pub(super) fn per_unit(&self, id: &MeterId) -> Result<Decimal, EmsError> {
        let (unit, medium) =
            (self.unit_of(id), self.meter(id).map_or(Medium::Electricity, |meter| meter.medium));
        let per_unit = match (medium, unit.dimension()) {
            // Heat meters count kWh or MWh as often as GJ.
            (Medium::Steam, Dimension::Energy) => {
                unit.in_units_of(Uom::Kwh).map(|kwh| kwh * Decimal::new(36, 4))
            }
            _ => unit.in_units_of(medium.unit()),
        };
        per_unit.map_err(|_| {
            EmsError::Mapping(match medium {
                Medium::Electricity => format!("unit {unit} is no electrical energy"),
                medium => format!(
                    "meter {id} counts {} in {unit}; give it a unit that can be turned into {}",
                    medium.name(),
                    medium.unit()
                ),
            })
        })
    }

    /// The column of a meter's values.
    pub(super) fn value_column(&self, id: &MeterId) -> Result<&str, EmsError> {
        let own = self.meter(id).and_then(|meter| meter.column.as_deref());
        own.or(self.value_column.as_deref())
            .ok_or_else(|| EmsError::Mapping(format!("meter {id} has no column")))
    }

    /// The meter column and what it holds for a meter; `None` if rows need not be told apart.
    pub(super) fn key<'a>(&'a self, id: &'a MeterId) -> Option<(&'a str, &'a str)> {
        let column = self.meter_column.as_deref()?;
        let key = self.meter(id).and_then(|meter| meter.key.as_deref());
        Some((column, key.unwrap_or(id.as_str())))
    }

    /// Whether the order of stamps, as the database sorts them, is that of time.
    pub(super) fn stamps_sort_by_time(&self) -> bool {
        self.stamp_format.as_deref().is_none_or(sorts_by_time)
    }

    /// Milliseconds of a stamp's count, if stamps are counts since 1970.
    pub(super) fn epoch_milliseconds(&self) -> Option<i64> {
        match self.stamp_format.as_deref() {
            Some(EPOCH_SECONDS) => Some(1000),
            Some(EPOCH_MILLISECONDS) => Some(1),
            _ => None,
        }
    }

    /// The columns that are read, with what each is taken for.
    pub(super) fn columns(&self) -> Vec<(&str, String)> {
        let mut columns: Vec<(&str, String)> = Vec::new();
        columns.extend(self.meter_column.as_deref().map(|name| (name, "meter".to_owned())));
        let stamp = match self.stamp_is {
            StampIs::IntervalStart => "start of the interval",
            StampIs::IntervalEnd => "end of the interval",
        };
        columns.push((&self.stamp_column, format!("{stamp}, clock {}", self.time_zone)));
        let what = match self.values_are {
            ValuesAre::IntervalEnergy => "energy of the interval",
            ValuesAre::Counter => "register",
        };
        if let Some(name) = self.value_column.as_deref() {
            let own = self.meter.iter().filter_map(|meter| Some((meter.unit?, &meter.id)));
            let own: String = own.map(|(unit, id)| format!(", {unit} of {id}")).collect();
            columns.push((name, format!("{what} in {}{own}", self.unit)));
        }
        for meter in &self.meter {
            if let Some(name) = meter.column.as_deref() {
                columns
                    .push((name, format!("{what} of {} in {}", meter.id, self.unit_of(&meter.id))));
            }
        }
        if let Some(name) = self.quality_column.as_deref() {
            columns.push((name, format!("quality, good is {}", self.good_quality.join(", "))));
        }
        columns.extend(self.order_column.as_deref().map(|name| (name, "arrival".to_owned())));
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

fn ten_minutes() -> u32 {
    600
}

fn two_days() -> u32 {
    48
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

/// Whether texts of this form stand in the order of time: the larger part before the smaller.
fn sorts_by_time(format: &str) -> bool {
    if format.starts_with("epoch_") {
        return true;
    }
    let order = "YmdHMS";
    let parts: String = format.split('%').skip(1).filter_map(|part| part.chars().next()).collect();
    let parts = parts.replace('F', "Ymd").replace('T', "HMS").replace('R', "HM");
    parts.len() >= 3 && order.starts_with(&parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_stamps_with_the_larger_part_first_sort_by_time() {
        assert!(sorts_by_time("%Y-%m-%d %H:%M"));
        assert!(sorts_by_time("%F %T"));
        assert!(!sorts_by_time("%d.%m.%Y %H:%M"));
        assert!(!sorts_by_time("%m/%d/%Y"));
    }
}
