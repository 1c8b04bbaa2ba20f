//! Readings row by row, and sums formed by the database.

use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use rust_decimal::Decimal;

use super::catalog::{open_checked, select};
use super::{Dialect, EmsConnection, EmsError, EmsMapping, StampIs, ValuesAre};
use crate::id::MeterId;
use crate::quantity::Energy;
use crate::reading::RawReading;
use crate::unit::Uom;

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
    let quality = mapping.quality_column.as_deref();
    let (of_meter, key) = database.of_meter(mapping, meter);
    let sql = format!(
        "SELECT {}, {}{} FROM {}{of_meter} ORDER BY {}",
        quoted(&mapping.stamp_column),
        quoted(mapping.value_column(meter)?),
        quality.map_or_else(String::new, |name| format!(", {}", quoted(name))),
        quoted(&mapping.table),
        quoted(order)
    );
    let stamps = Stamps::new(mapping)?;
    let mut readings = RawReadings::default();
    let mut arrival = 0;
    select(connection, &database, &sql, key.as_ref(), mapping.query_seconds, |cells| {
        arrival += 1;
        let (stamp, value) = (cells[0].as_deref().unwrap_or(""), cells[1].as_deref());
        let row = stamps.interval_end(stamp).and_then(|end| {
            let energy = energy(value, mapping.unit)?;
            match cells.get(2) {
                Some(quality) if !is_good(quality.as_deref(), &mapping.good_quality) => {
                    Err(format!("METER-QUALITY: quality is '{}'", quality.as_deref().unwrap_or("")))
                }
                _ => Ok((end, energy)),
            }
        });
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

/// Whether a quality is one of the good ones.
fn is_good(quality: Option<&str>, good: &[String]) -> bool {
    let quality = quality.unwrap_or("").trim();
    good.iter().any(|known| known.eq_ignore_ascii_case(quality))
}

/// Sums of `meter` by bucket, formed by the database: few rows cross instead of all.
///
/// Buckets are those of the stamps as they are written. Sums are exact: numeric types are summed as
/// such, text and floating columns in whole millionths. Registers are turned into differences by the
/// database: a fall from beyond nine tenths of the register's end is a roll-over, any other gives
/// nothing; a difference over a gap counts where it ends, so sums of registers hold what a series
/// leaves open.
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
    let (stamp, value) = (quoted(&mapping.stamp_column), quoted(mapping.value_column(meter)?));
    if mapping.epoch_milliseconds().is_some() {
        let text = "counts of seconds cannot be cut into days by the database".to_owned();
        return Err(EmsError::Mapping(text));
    }
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
    let millionths = match connection.dialect {
        Dialect::Sqlite => format!("CAST(ROUND(CAST({value} AS REAL) * 1000000) AS INTEGER)"),
        Dialect::Postgresql => format!("CAST({value} AS numeric) * 1000000"),
        Dialect::Mariadb => format!("CAST({value} AS DECIMAL(30,6)) * 1000000"),
    };
    let (of_meter, key) = database.of_meter(mapping, meter);
    let mut conditions =
        if of_meter.is_empty() { " WHERE ".to_owned() } else { of_meter + " AND " };
    conditions += &format!("{value} IS NOT NULL");
    if let Some(quality) = &mapping.quality_column {
        let good: Vec<String> =
            mapping.good_quality.iter().map(|good| connection.dialect.literal(good)).collect();
        let quality = connection.dialect.text(&quoted(quality));
        conditions += &format!(" AND {quality} IN ({})", good.join(", "));
    }
    let order = quoted(mapping.order_column.as_deref().unwrap_or(&mapping.stamp_column));
    let table = quoted(&mapping.table);
    let sql = match mapping.values_are {
        ValuesAre::IntervalEnergy => format!(
            "SELECT {label}, COUNT({value}), SUM({millionths}) FROM {table}{conditions} \
             GROUP BY {label} ORDER BY MIN({order})"
        ),
        ValuesAre::Counter => {
            let end = mapping.meter(meter).and_then(|meter| meter.register_end_kwh);
            // A decimal of ours, written as digits.
            let rolled = end.map_or_else(String::new, |end| {
                let kwh = kwh_per(mapping.unit).unwrap_or(Decimal::ONE);
                let end = end / kwh * Decimal::from(1_000_000);
                let most = end * Decimal::new(9, 1);
                format!("WHEN was > {most} THEN is_now - was + {end} ")
            });
            format!(
                "SELECT label, COUNT(used), SUM(used) FROM (SELECT label, place, CASE WHEN is_now \
                 >= was THEN is_now - was {rolled}ELSE NULL END AS used FROM (SELECT {label} AS \
                 label, {order} AS place, {millionths} AS is_now, LAG({millionths}) OVER (ORDER BY \
                 {order}) AS was FROM {table}{conditions}) AS registers) AS differences WHERE used \
                 IS NOT NULL GROUP BY label ORDER BY MIN(place)"
            )
        }
    };
    let factor = kwh_per(mapping.unit)?;
    let mut sums = Vec::new();
    let mut problem = None;
    let limit = mapping.query_seconds;
    let rows = select(connection, &database, &sql, key.as_ref(), limit, |cells| {
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

fn kwh_per(unit: Uom) -> Result<Decimal, EmsError> {
    unit.in_units_of(Uom::Kwh).map_err(|error| EmsError::Mapping(error.to_string()))
}

/// The energy of a cell; `None` for an empty one.
pub(super) fn energy(cell: Option<&str>, unit: Uom) -> Result<Option<Energy>, String> {
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
    /// Milliseconds of one count, if stamps are counts since 1970.
    epoch: Option<i64>,
    zone: TimeZone,
    /// From the stamp to the end of its interval.
    to_end: SignedDuration,
}

impl Stamps {
    pub(super) fn new(mapping: &EmsMapping) -> Result<Self, EmsError> {
        let step = SignedDuration::from_mins(i64::from(mapping.step_minutes));
        Ok(Self {
            format: mapping.stamp_format.clone(),
            epoch: mapping.epoch_milliseconds(),
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
        if let Some(milliseconds) = self.epoch {
            let count = text.parse::<i64>().ok().and_then(|count| count.checked_mul(milliseconds));
            let at = count.and_then(|at| Timestamp::from_millisecond(at).ok()).ok_or_else(wrong)?;
            let year = at.to_zoned(TimeZone::UTC).year();
            let known = (1970..=2100).contains(&year);
            return if known { Ok(at + self.to_end) } else { Err(wrong()) };
        }
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
