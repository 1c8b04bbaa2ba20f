//! Streaming readings in columnar batches, and sums formed by the database.

use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use odbc_api::buffers::TextRowSet;
use odbc_api::{Connection, Cursor, IntoParameter};
use rust_decimal::Decimal;

use super::{Dialect, EmsConnection, EmsError, EmsMapping, StampIs};
use crate::id::MeterId;
use crate::quantity::Energy;
use crate::reading::RawReading;
use crate::unit::Uom;

/// Rows of one fetch.
const BATCH_ROWS: usize = 2_000;
/// Longest text of a stamp, a value or a meter.
const TEXT_MAX: usize = 256;
/// Longest time that one query may run.
const QUERY_SECONDS: usize = 600;

/// What was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RawReadings {
    /// Readings in the order of arrival.
    pub rows: Vec<RawReading>,
    /// Rows that could not be used: where and why. They are gaps, never zeros.
    pub problems: Vec<String>,
}

/// The length of the buckets of a sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bucket {
    /// Days as stamped.
    Day,
    /// Hours as stamped.
    Hour,
}

/// A sum that the database formed.
#[derive(Clone, Debug, PartialEq)]
pub struct IntervalSum {
    /// Day or hour as the database writes it.
    pub label: String,
    /// Rows with a value in it.
    pub count: u64,
    /// Their sum.
    pub energy: Energy,
}

/// A row of the table as it came, for people who check a mapping.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Sample {
    /// Meter, stamp and value as text.
    pub cells: [String; 3],
    /// What the stamp was taken for.
    pub interval_end: Option<Timestamp>,
}

/// Reads every reading of `meter`, telling `progress` how many have come.
///
/// A row without a value is kept as a reading without energy. A row whose value is no finite decimal
/// or whose stamp is no time of the meter's clock is named in the problems: the hour that summer
/// time skips does not exist, the hour that it repeats is ambiguous unless the clock is fixed.
///
/// # Errors
///
/// [`EmsError`]; nothing is kept unless all was read.
pub fn read_readings(
    connection: &EmsConnection,
    mapping: &EmsMapping,
    meter: &MeterId,
    progress: impl Fn(usize),
) -> Result<RawReadings, EmsError> {
    let database = open_checked(connection, mapping)?;
    let quoted = |name: &str| connection.dialect.quoted(name);
    let order = mapping.order_column.as_deref().unwrap_or(&mapping.stamp_column);
    let sql = format!(
        "SELECT {}, {} FROM {} WHERE {} = ? ORDER BY {}",
        quoted(&mapping.stamp_column),
        quoted(&mapping.value_column),
        quoted(&mapping.table),
        quoted(&mapping.meter_column),
        quoted(order)
    );
    let stamps = Stamps::new(mapping)?;
    let mut readings = RawReadings::default();
    let mut arrival = 0;
    select(connection, &database, &sql, Some(meter.as_str()), |cells| {
        arrival += 1;
        let (stamp, value) = (cells[0].as_deref().unwrap_or(""), cells[1].as_deref());
        let row =
            stamps.interval_end(stamp).and_then(|end| Ok((end, energy(value, mapping.unit)?)));
        match row {
            Ok((end, energy)) => {
                readings.rows.push(RawReading { stamp: end, energy, arrival });
            }
            Err(problem) => readings.problems.push(format!("meter {meter} {stamp}: {problem}")),
        }
        if arrival % 2_000 == 0 {
            progress(usize::try_from(arrival).unwrap_or(usize::MAX));
        }
    })?;
    Ok(readings)
}

/// Sums of `meter` by bucket, formed by the database: few rows cross instead of all.
///
/// Buckets are those of the stamps as they are written. Sums are exact: numeric types are summed as
/// such, text and floating columns in whole millionths.
///
/// # Errors
///
/// [`EmsError`]; [`EmsError::Mapping`] if the database cannot cut stamps of this form.
pub fn interval_sums(
    connection: &EmsConnection,
    mapping: &EmsMapping,
    meter: &MeterId,
    bucket: Bucket,
) -> Result<Vec<IntervalSum>, EmsError> {
    let database = open_checked(connection, mapping)?;
    let quoted = |name: &str| connection.dialect.quoted(name);
    let (stamp, value) = (quoted(&mapping.stamp_column), quoted(&mapping.value_column));
    let label = match (&mapping.stamp_format, connection.dialect) {
        (Some(format), _) => format!("substr({stamp}, 1, {})", prefix(format, bucket)?),
        (None, Dialect::Sqlite) => {
            format!("substr({stamp}, 1, {})", prefix("%Y-%m-%d %H", bucket)?)
        }
        (None, Dialect::Postgresql) => match bucket {
            Bucket::Day => format!("to_char({stamp}, 'YYYY-MM-DD')"),
            Bucket::Hour => format!("to_char({stamp}, 'YYYY-MM-DD HH24')"),
        },
        (None, Dialect::Mariadb) => match bucket {
            Bucket::Day => format!("date_format({stamp}, '%Y-%m-%d')"),
            Bucket::Hour => format!("date_format({stamp}, '%Y-%m-%d %H')"),
        },
    };
    let sum = match connection.dialect {
        Dialect::Sqlite => {
            format!("SUM(CAST(ROUND(CAST({value} AS REAL) * 1000000) AS INTEGER))")
        }
        Dialect::Postgresql => format!("SUM(CAST({value} AS numeric) * 1000000)"),
        Dialect::Mariadb => format!("SUM(CAST({value} AS DECIMAL(30,6)) * 1000000)"),
    };
    let sql = format!(
        "SELECT {label}, COUNT({value}), {sum} FROM {} WHERE {} = ? AND {value} IS NOT NULL \
         GROUP BY {label} ORDER BY MIN({})",
        quoted(&mapping.table),
        quoted(&mapping.meter_column),
        quoted(mapping.order_column.as_deref().unwrap_or(&mapping.stamp_column))
    );
    let factor = kwh_per(mapping.unit)?;
    let mut sums = Vec::new();
    let mut problem = None;
    let rows = select(connection, &database, &sql, Some(meter.as_str()), |cells| {
        let text = |index: usize| cells[index].as_deref().unwrap_or("").trim();
        let (count, millionths) = (text(1).parse(), Decimal::from_str_exact(text(2)));
        match (count, millionths) {
            (Ok(count), Ok(millionths)) => sums.push(IntervalSum {
                label: text(0).to_owned(),
                count,
                energy: Energy::new(millionths / Decimal::from(1_000_000) * factor),
            }),
            _ => problem = Some(format!("'{}' is no sum", text(2))),
        }
    })?;
    match problem {
        None => Ok(sums),
        Some(reason) => Err(EmsError::Query { source_name: connection.name(), rows, reason }),
    }
}

/// A few rows as they come, with what their stamps were taken for; checks table and columns.
///
/// # Errors
///
/// [`EmsError`].
pub fn check_mapping(
    connection: &EmsConnection,
    mapping: &EmsMapping,
) -> Result<Vec<Sample>, EmsError> {
    let database = open_checked(connection, mapping)?;
    let quoted = |name: &str| connection.dialect.quoted(name);
    let sql = format!(
        "SELECT {}, {}, {} FROM {} LIMIT 5",
        quoted(&mapping.meter_column),
        quoted(&mapping.stamp_column),
        quoted(&mapping.value_column),
        quoted(&mapping.table)
    );
    let stamps = Stamps::new(mapping)?;
    let mut samples = Vec::new();
    select(connection, &database, &sql, None, |cells| {
        let text = |index: usize| cells[index].clone().unwrap_or_default();
        let interval_end = stamps.interval_end(&text(1)).ok();
        samples.push(Sample { cells: [text(0), text(1), text(2)], interval_end });
    })?;
    Ok(samples)
}

/// How many characters of a stamp name its day or hour. Only a format whose parts have fixed widths
/// and stand in front can be cut so.
fn prefix(format: &str, bucket: Bucket) -> Result<usize, EmsError> {
    let last = match bucket {
        Bucket::Day => "%Y%m%d",
        Bucket::Hour => "%Y%m%d%H",
    };
    let (mut length, mut seen) = (0, 0);
    let mut characters = format.chars();
    while seen * 2 < last.len() {
        match characters.next() {
            Some('%') => {
                let part = characters.next().unwrap_or(' ');
                if !last.contains(part) {
                    break;
                }
                length += if part == 'Y' { 4 } else { 2 };
                seen += 1;
            }
            Some(_) => length += 1,
            None => break,
        }
    }
    if seen * 2 == last.len() {
        return Ok(length);
    }
    Err(EmsError::Mapping(format!("stamps of the form '{format}' cannot be cut by the database")))
}

pub(super) fn open_checked(
    connection: &EmsConnection,
    mapping: &EmsMapping,
) -> Result<Connection<'static>, EmsError> {
    mapping.validate()?;
    let database = connection.open()?;
    let columns = columns(connection, &database, &mapping.table)?;
    if columns.is_empty() {
        return Err(EmsError::Table {
            source_name: connection.name(),
            table: mapping.table.clone(),
        });
    }
    for column in mapping.columns() {
        if columns.iter().any(|known| known == column) {
            continue;
        }
        let nearest = columns.iter().min_by_key(|known| strsim::damerau_levenshtein(known, column));
        return Err(EmsError::Column {
            source_name: connection.name(),
            table: mapping.table.clone(),
            column: column.to_owned(),
            similar: nearest.map_or_else(String::new, |near| format!(" (similar: {near})")),
        });
    }
    Ok(database)
}

/// The columns of a table by the database's catalog.
fn columns(
    connection: &EmsConnection,
    database: &Connection<'static>,
    table: &str,
) -> Result<Vec<String>, EmsError> {
    let failed = |reason: odbc_api::Error| EmsError::Query {
        source_name: connection.name(),
        rows: 0,
        reason: reason.to_string(),
    };
    let mut names = Vec::new();
    // An underscore is a wildcard of the catalog, so other tables can come as well.
    for row in database.columns("", "", table, "").map_err(failed)? {
        let row = row.map_err(failed)?;
        let text =
            |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or(b"")).into_owned();
        if text(row.table.as_bytes()) == table {
            names.push(text(row.column_name.as_bytes()));
        }
    }
    Ok(names)
}

/// Runs a SELECT and hands out its rows as text; returns how many there were.
pub(super) fn select(
    connection: &EmsConnection,
    database: &Connection<'static>,
    sql: &str,
    parameter: Option<&str>,
    mut row: impl FnMut(&[Option<String>]),
) -> Result<usize, EmsError> {
    let mut rows = 0;
    let failed = |rows: usize, reason: odbc_api::Error| EmsError::Query {
        source_name: connection.name(),
        rows,
        reason: reason.to_string(),
    };
    // SQLite's driver knows no time-out and refuses one.
    let timeout = (connection.dialect != Dialect::Sqlite).then_some(QUERY_SECONDS);
    let executed = match parameter {
        Some(text) => database.execute(sql, &text.into_parameter(), timeout),
        None => database.execute(sql, (), timeout),
    };
    let Some(mut cursor) = executed.map_err(|error| failed(0, error))? else { return Ok(0) };
    let buffer = TextRowSet::for_cursor(BATCH_ROWS, &mut cursor, Some(TEXT_MAX))
        .map_err(|error| failed(0, error))?;
    let mut cursor = cursor.bind_buffer(buffer).map_err(|error| failed(0, error))?;
    let mut cells: Vec<Option<String>> = Vec::new();
    while let Some(batch) =
        cursor.fetch_with_truncation_check(true).map_err(|error| failed(rows, error))?
    {
        for index in 0..batch.num_rows() {
            cells.clear();
            cells.extend((0..batch.num_cols()).map(|column| {
                batch.at(column, index).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
            }));
            row(&cells);
            rows += 1;
        }
    }
    Ok(rows)
}

fn kwh_per(unit: Uom) -> Result<Decimal, EmsError> {
    unit.in_units_of(Uom::Kwh).map_err(|error| EmsError::Mapping(error.to_string()))
}

/// The energy of a cell; `None` for an empty one.
fn energy(cell: Option<&str>, unit: Uom) -> Result<Option<Energy>, String> {
    let Some(text) = cell.map(str::trim) else { return Ok(None) };
    let plain = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+'));
    let parsed = if plain { Decimal::from_str_exact(text).ok() } else { scientific(text) };
    let amount = parsed.ok_or_else(|| format!("VAL-DECIMAL: '{text}' is not a decimal"))?;
    let factor = kwh_per(unit).map_err(|error| error.to_string())?;
    Ok(Some(Energy::new(amount * factor)))
}

/// `1.5e-05`, as drivers write small floating numbers.
fn scientific(text: &str) -> Option<Decimal> {
    let number = text.bytes().next().is_some_and(|b| b.is_ascii_digit() || b == b'-');
    if number { Decimal::from_scientific(text).ok() } else { None }
}

pub(super) struct Stamps {
    format: Option<String>,
    zone: TimeZone,
    /// From the stamp to the end of its interval.
    to_end: SignedDuration,
}

impl Stamps {
    pub(super) fn new(mapping: &EmsMapping) -> Result<Self, EmsError> {
        let step = SignedDuration::from_mins(i64::from(mapping.step_minutes));
        Ok(Self {
            format: mapping.stamp_format.clone(),
            zone: mapping.zone()?,
            to_end: match mapping.stamp_is {
                StampIs::IntervalEnd => SignedDuration::ZERO,
                StampIs::IntervalStart => step,
            },
        })
    }

    pub(super) fn interval_end(&self, stamp: &str) -> Result<Timestamp, String> {
        let wrong = || format!("METER-TIME: '{stamp}' is no time of the form in the mapping");
        let text = stamp.trim();
        let utc = text.strip_suffix('Z').or_else(|| text.strip_suffix("+00"));
        let local: DateTime = match &self.format {
            Some(format) => jiff::civil::DateTime::strptime(format, text).map_err(|_| wrong())?,
            None => utc.unwrap_or(text).parse().map_err(|_| wrong())?,
        };
        // PostgreSQL's 'infinity' comes as year 9999.
        if !(1970..=2100).contains(&local.year()) {
            return Err(format!("METER-TIME: {stamp} is outside 1970..2100"));
        }
        if self.format.is_none() && utc.is_some() {
            let at = TimeZone::UTC.to_timestamp(local).map_err(|_| wrong())?;
            return Ok(at + self.to_end);
        }
        let ambiguous = self.zone.to_ambiguous_timestamp(local);
        match ambiguous.offset() {
            AmbiguousOffset::Unambiguous { .. } => {
                Ok(ambiguous.compatible().map_err(|_| wrong())? + self.to_end)
            }
            AmbiguousOffset::Gap { .. } => {
                Err("METER-DST: this local time does not exist: clocks went forward".to_owned())
            }
            AmbiguousOffset::Fold { .. } => {
                Err("METER-DST: ambiguous local time: clocks went back; set a fixed offset as the \
                 meter's time_zone"
                    .to_owned())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_and_an_hour_are_cut_from_stamps_of_fixed_width() {
        assert_eq!(prefix("%d-%m-%Y %H:%M", Bucket::Day).unwrap(), 10);
        assert_eq!(prefix("%d-%m-%Y %H:%M", Bucket::Hour).unwrap(), 13);
        assert!(prefix("%H:%M %d-%m-%Y", Bucket::Day).is_err());
    }

    #[test]
    fn a_value_that_is_no_finite_decimal_is_refused() {
        for text in ["12,5 kWh", "NaN", "Infinity", ""] {
            assert!(energy(Some(text), Uom::Kwh).is_err(), "{text}");
        }
        assert_eq!(energy(None, Uom::Kwh), Ok(None));
        let small = energy(Some("1.5e-05"), Uom::Mwh).unwrap().unwrap();
        assert_eq!(small, Energy::new(Decimal::new(15, 3)));
    }
}
