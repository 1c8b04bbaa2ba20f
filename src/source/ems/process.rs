//! Process values beside the meters: temperatures of furnaces, by tag.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::catalog::{Key, Statement, open_table, stream};
use super::mapping::identifier;
use super::read::Stamps;
use super::rows::Shape;
use super::{EmsConnection, EmsError, EmsMapping};

/// Table of process values; stamps are written as those of the readings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProcessMapping {
    /// Table or view, one row a value.
    pub table: String,
    /// Column that names the tag.
    pub tag_column: String,
    /// Column of the time stamp.
    pub stamp_column: String,
    /// Column of the value.
    pub value_column: String,
    /// Temperatures in degrees Celsius.
    pub temperature: Vec<TemperatureTag>,
}

/// A temperature of a furnace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemperatureTag {
    /// Furnace or work center.
    pub furnace: String,
    /// What the tag column holds for it.
    pub tag: String,
}

/// What was read of one furnace.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RawTemperatures {
    /// Furnace or work center.
    pub furnace: String,
    /// Time and degrees Celsius, in the order of time.
    pub values: Vec<(Timestamp, f64)>,
    /// Rows that could not be used: where and why.
    pub problems: Vec<String>,
}

impl ProcessMapping {
    /// Checks the names.
    ///
    /// # Errors
    ///
    /// [`EmsError::Identifier`] for a name that could be anything but a name.
    pub(super) fn validate(&self) -> Result<(), EmsError> {
        identifier(&self.table, "table")?;
        self.columns().into_iter().try_for_each(|column| identifier(column, "column"))
    }

    fn columns(&self) -> [&str; 3] {
        [&self.tag_column, &self.stamp_column, &self.value_column]
    }
}

/// Reads every temperature of the mapping; none if it names no process values.
///
/// # Errors
///
/// [`EmsError`]; nothing is kept unless all was read.
pub fn read_temperatures(
    connection: &EmsConnection,
    mapping: &EmsMapping,
) -> Result<Vec<RawTemperatures>, EmsError> {
    let Some(process) = &mapping.process else { return Ok(Vec::new()) };
    mapping.validate()?;
    let database = open_table(connection, &process.table, &process.columns())?;
    let quoted = |name: &str| connection.dialect.quoted(name);
    let sql = format!(
        "SELECT {}, {} FROM {} WHERE {} = ?",
        quoted(&process.stamp_column),
        quoted(&process.value_column),
        quoted(&process.table),
        quoted(&process.tag_column)
    );
    let stamps = Stamps::new(mapping)?;
    let mut all = Vec::with_capacity(process.temperature.len());
    for tag in &process.temperature {
        let mut read = RawTemperatures { furnace: tag.furnace.clone(), ..Default::default() };
        let (key, query_seconds) = ([Key::Text(tag.tag.clone())], mapping.query_seconds);
        stream(
            connection,
            &database,
            &Statement { sql: &sql, keys: &key, shape: Shape::Columns, query_seconds },
            |_| (),
            |cells| {
                let (stamp, value) = (cells[0].unwrap_or(""), cells[1]);
                let celsius = value.and_then(|text| text.trim().parse::<f64>().ok());
                let celsius = celsius.filter(|celsius| celsius.is_finite()).ok_or_else(|| {
                    format!("VAL-DECIMAL: '{}' is no temperature", value.unwrap_or(""))
                });
                match stamps.instant(stamp).and_then(|at| Ok((at, celsius?))) {
                    Ok(value) => read.values.push(value),
                    Err(problem) => {
                        read.problems.push(format!("tag {} {stamp}: {problem}", tag.tag))
                    }
                }
            },
        )?;
        read.values.sort_by_key(|(at, _)| *at);
        all.push(read);
    }
    Ok(all)
}
