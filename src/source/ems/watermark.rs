//! How far a meter was read, and whether what was read then is still what the database holds.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::catalog::{Database, Key, select};
use super::read::{millionths, summed};
use super::{Dialect, EmsConnection, EmsError, EmsMapping};
use crate::id::MeterId;
use crate::quantity::Energy;
use crate::reading::Medium;

/// Up to where a meter was read. Rows after it are read again, since late ones may stand among them;
/// those before it are counted and summed by the database, and read again if they have changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Watermark {
    /// Value of the column of order, as the database writes it.
    pub position: String,
    /// Rows of the meter up to it, all of them kept.
    pub rows: usize,
    /// Their sum in kWh.
    pub energy: Energy,
    /// Fingerprint of the mapping by which they were read.
    pub mapping: String,
}

/// The column by which rows can be read on from a place.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Position {
    column: String,
    is_number: bool,
    type_name: String,
}

impl Position {
    /// The column of arrival if it is a number or a time, else the stamp if its order is that of time;
    /// `None` if rows cannot be told by their place.
    pub fn of(database: &Database, mapping: &EmsMapping) -> Option<Self> {
        let by_arrival = mapping.order_column.as_deref();
        let name = by_arrival.unwrap_or(&mapping.stamp_column);
        let column = database.columns.iter().find(|column| column.name == name)?;
        let type_name = column.type_name.to_lowercase();
        let is_number = column.is_integer();
        let is_time = type_name.contains("timestamp") || type_name.contains("datetime");
        let sorts = match by_arrival {
            Some(_) => is_number || is_time,
            None => is_number || is_time || mapping.stamps_sort_by_time(),
        };
        sorts.then(|| Self { column: name.to_owned(), is_number, type_name })
    }

    /// The column.
    pub fn column(&self) -> &str {
        &self.column
    }

    /// The column in the database's quotes.
    pub fn quoted(&self, dialect: Dialect) -> String {
        dialect.quoted(&self.column)
    }

    /// A place as it is bound.
    pub fn key(&self, place: &str) -> Key {
        match place.trim().parse() {
            Ok(number) if self.is_number => Key::Number(number),
            _ => Key::Text(place.to_owned()),
        }
    }

    /// The question mark that stands for a place: PostgreSQL compares no time with a text.
    pub fn mark(&self, dialect: Dialect) -> &'static str {
        let of_time = dialect == Dialect::Postgresql && !self.is_number;
        match of_time {
            true if self.type_name.contains("timestamptz")
                || self.type_name.contains("with time") =>
            {
                "CAST(? AS timestamptz)"
            }
            true if self.type_name.contains("timestamp") => "CAST(? AS timestamp)",
            _ => "?",
        }
    }
}

/// Fingerprint of what decides how rows of a meter are read.
pub(super) fn fingerprint(
    connection: &EmsConnection,
    mapping: &EmsMapping,
    meter: &MeterId,
) -> String {
    let own = mapping.meter(meter);
    let text = format!(
        "{}|{}|{:?}|{}|{:?}|{:?}|{:?}|{:?}|{:?}|{}|{:?}|{:?}|{}|{}|{own:?}",
        connection.name(),
        mapping.table,
        mapping.meter_column,
        mapping.stamp_column,
        mapping.value_column,
        mapping.values_are,
        mapping.quality_column,
        mapping.good_quality,
        mapping.order_column,
        mapping.unit,
        mapping.stamp_format,
        mapping.stamp_is,
        mapping.step_minutes,
        mapping.time_zone,
    );
    Sha256::digest(text.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// A place that was passed whole.
struct Passed {
    place: String,
    stamp: Timestamp,
    rows: usize,
    energy: Energy,
}

/// The places of the last hours while rows come: the oldest of them becomes the watermark.
pub(super) struct Places {
    window: SignedDuration,
    passed: VecDeque<Passed>,
    newest: Option<Timestamp>,
    rows: usize,
    energy: Energy,
    /// Text of a place that is no longer needed: millions of rows need not ask for memory each.
    spare: String,
}

impl Places {
    pub fn new(late_hours: u32, rows: usize, energy: Energy) -> Self {
        let window = SignedDuration::from_hours(i64::from(late_hours));
        Self { window, passed: VecDeque::new(), newest: None, rows, energy, spare: String::new() }
    }

    /// A row was kept.
    pub fn add(&mut self, place: &str, stamp: Timestamp, energy: Option<Energy>) {
        self.rows += 1;
        self.energy += energy.unwrap_or(Energy::ZERO);
        let (rows, energy) = (self.rows, self.energy);
        match self.passed.back_mut() {
            Some(last) if last.place == place => {
                (last.rows, last.energy) = (rows, energy);
            }
            _ => {
                let mut text = std::mem::take(&mut self.spare);
                text.clear();
                text.push_str(place);
                self.passed.push_back(Passed { place: text, stamp, rows, energy });
            }
        }
        let newest = self.newest.map_or(stamp, |known| known.max(stamp));
        self.newest = Some(newest);
        while self.passed.get(1).is_some_and(|next| next.stamp + self.window <= newest) {
            self.spare = self.passed.pop_front().map(|gone| gone.place).unwrap_or_default();
        }
    }

    /// A place that was passed whole in an earlier read.
    pub fn at(&mut self, place: &str, stamp: Timestamp) {
        let (rows, energy) = (self.rows, self.energy);
        self.passed.push_back(Passed { place: place.to_owned(), stamp, rows, energy });
        self.newest = Some(self.newest.map_or(stamp, |known| known.max(stamp)));
    }

    /// A row of the newest place is read again.
    pub fn take_back(&mut self, energy: Option<Energy>) {
        self.rows -= 1;
        self.energy = self.energy - energy.unwrap_or(Energy::ZERO);
        if self.passed.back().is_some_and(|last| last.rows > self.rows) {
            self.passed.pop_back();
        }
    }

    /// The last place before the window of late rows.
    pub fn watermark(&self, mapping: String) -> Option<Watermark> {
        let oldest = self.passed.front()?;
        (oldest.stamp + self.window <= self.newest?).then(|| Watermark {
            position: oldest.place.clone(),
            rows: oldest.rows,
            energy: oldest.energy,
            mapping,
        })
    }
}

/// Largest difference between the sum of so many decimals and the database's own: it sums floating
/// columns in whole millionths.
pub fn sum_tolerance(rows: usize, mapping: &EmsMapping, meter: &MeterId) -> Decimal {
    let factor = mapping.per_unit(meter).unwrap_or(Decimal::ONE);
    Decimal::new(1, 6) * factor * Decimal::from(rows)
}

/// Whether the database still holds what stood up to the watermark, in number and sum; in words what
/// is different if not.
pub(super) fn is_as_before(
    connection: &EmsConnection,
    database: &Database,
    mapping: &EmsMapping,
    meter: &MeterId,
    position: &Position,
    known: &Watermark,
) -> Result<Option<String>, EmsError> {
    let dialect = connection.dialect;
    let value = dialect.quoted(mapping.value_column(meter)?);
    let (of_meter, key) = database.of_meter(mapping, meter);
    let sql = format!(
        "SELECT COUNT(*), {} FROM {}{} {} <= {}",
        summed(dialect, &millionths(dialect, &value)),
        dialect.quoted(&mapping.table),
        if of_meter.is_empty() { " WHERE".to_owned() } else { of_meter + " AND" },
        position.quoted(dialect),
        position.mark(dialect),
    );
    let keys: Vec<Key> = key.into_iter().chain([position.key(&known.position)]).collect();
    let (mut rows, mut sum) = (None, None);
    select(connection, database, &sql, &keys, mapping.query_seconds, |cells| {
        let text = |index: usize| cells[index].unwrap_or("0").trim();
        rows = text(0).parse::<usize>().ok();
        sum = Decimal::from_str_exact(text(1)).ok();
    })?;
    let (Some(rows), Some(sum)) = (rows, sum) else {
        return Ok(Some("the database gave no sum".to_owned()));
    };
    let energy = sum / Decimal::from(1_000_000) * mapping.per_unit(meter)?;
    if rows != known.rows {
        return Ok(Some(format!("{rows} rows stand where {} were read", known.rows)));
    }
    if (energy - known.energy.amount()).abs() > sum_tolerance(rows, mapping, meter) {
        let before = known.energy.amount();
        let unit = mapping.meter(meter).map_or(Medium::Electricity, |meter| meter.medium).symbol();
        return Ok(Some(format!("they sum to {energy} {unit} and summed to {before} {unit}")));
    }
    Ok(None)
}
