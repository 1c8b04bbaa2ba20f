//! Readings row by row, and sums formed by the database.

use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use rust_decimal::Decimal;

use super::catalog::{Statement, open_checked, select, stream};
use super::read_on::read_on;
use super::rows::Shape;
use super::{Dialect, EmsConnection, EmsError, EmsMapping, StampIs, ValuesAre};
use crate::id::MeterId;
use crate::quantity::Energy;
use crate::reading::RawReading;

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
    Ok(read_on(connection, mapping, meter, None, progress)?.readings)
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
    let millionths = millionths(connection.dialect, &value);
    let (of_meter, key) = database.of_meter(mapping, meter);
    let mut conditions =
        if of_meter.is_empty() { " WHERE ".to_owned() } else { of_meter + " AND " };
    conditions += &format!("{value} IS NOT NULL");
    if let Some(good) = good_rows(connection.dialect, mapping) {
        conditions += &format!(" AND {good}");
    }
    let order = quoted(mapping.order_column.as_deref().unwrap_or(&mapping.stamp_column));
    let table = quoted(&mapping.table);
    let sql = match mapping.values_are {
        ValuesAre::IntervalEnergy => format!(
            "SELECT {label}, COUNT({value}), {} FROM {table}{conditions} GROUP BY {label} ORDER BY \
             MIN({order})",
            summed(connection.dialect, &millionths)
        ),
        ValuesAre::Counter => {
            let end = mapping.meter(meter).and_then(|meter| meter.register_end_kwh);
            // A decimal of ours, written as digits.
            let rolled = end.map_or_else(String::new, |end| {
                let kwh = mapping.per_unit(meter).unwrap_or(Decimal::ONE);
                let end = end / kwh * Decimal::from(1_000_000);
                let most = end * Decimal::new(9, 1);
                format!("WHEN was > {most} THEN is_now - was + {end} ")
            });
            format!(
                "SELECT label, COUNT(used), {} FROM (SELECT label, place, CASE WHEN is_now \
                 >= was THEN is_now - was {rolled}ELSE NULL END AS used FROM (SELECT {label} AS \
                 label, {order} AS place, {millionths} AS is_now, LAG({millionths}) OVER (ORDER BY \
                 {order}) AS was FROM {table}{conditions}) AS registers) AS differences WHERE used \
                 IS NOT NULL GROUP BY label ORDER BY MIN(place)",
                summed(connection.dialect, "used")
            )
        }
    };
    let factor = mapping.per_unit(meter)?;
    let mut sums = Vec::new();
    let mut problem = None;
    let (keys, query_seconds) = (key.as_slice(), mapping.query_seconds);
    // Hours of years are many rows: they are read while the driver fetches on.
    let rows = stream(
        connection,
        &database,
        &Statement { sql: &sql, keys, shape: Shape::Columns, query_seconds },
        |_| (),
        |cells| {
            let text = |index: usize| cells[index].unwrap_or("").trim();
            let (count, millionths) = (text(1).parse(), Decimal::from_str_exact(text(2)));
            match (count, millionths) {
                (Ok(count), Ok(millionths)) => sums.push(IntervalSum {
                    label: text(0).to_owned(),
                    count,
                    energy: Energy::new(millionths / Decimal::from(1_000_000) * factor),
                }),
                _ => problem = Some(format!("'{}' is no sum", text(2))),
            }
        },
    )?;
    match problem {
        None => Ok(sums),
        Some(reason) => Err(EmsError::Query { source_name: connection.name(), rows, reason }),
    }
}

/// How many values `meter` has, and their sum, formed by the database: whatever the form of the stamps.
/// Exact as [`interval_sums`]; of a register, the sum means nothing.
///
/// # Errors
///
/// [`EmsError`].
pub fn whole_sum(
    connection: &EmsConnection,
    mapping: &EmsMapping,
    meter: &MeterId,
) -> Result<(u64, Energy), EmsError> {
    let database = open_checked(connection, mapping)?;
    let dialect = connection.dialect;
    let value = dialect.quoted(mapping.value_column(meter)?);
    let (of_meter, key) = database.of_meter(mapping, meter);
    let sql = format!(
        "SELECT COUNT({value}), {} FROM {}{of_meter}{}",
        summed(dialect, &millionths(dialect, &value)),
        dialect.quoted(&mapping.table),
        good_rows(dialect, mapping).map_or_else(String::new, |good| {
            format!("{} {good}", if of_meter.is_empty() { " WHERE" } else { " AND" })
        }),
    );
    let (mut count, mut sum) = (None, None);
    select(connection, &database, &sql, key.as_slice(), mapping.query_seconds, |cells| {
        let text = |index: usize| cells[index].unwrap_or("0").trim();
        (count, sum) = (text(0).parse().ok(), Decimal::from_str_exact(text(1)).ok());
    })?;
    match (count, sum) {
        (Some(count), Some(sum)) => {
            let energy = sum / Decimal::from(1_000_000) * mapping.per_unit(meter)?;
            Ok((count, Energy::new(energy)))
        }
        _ => Err(EmsError::Query {
            source_name: connection.name(),
            rows: 1,
            reason: format!("the database gave no sum of meter {meter}"),
        }),
    }
}

/// The condition that leaves out what the source marks as bad.
fn good_rows(dialect: Dialect, mapping: &EmsMapping) -> Option<String> {
    let quality = dialect.text(&dialect.quoted(mapping.quality_column.as_deref()?));
    let good: Vec<String> = mapping.good_quality.iter().map(|good| dialect.literal(good)).collect();
    Some(format!("{quality} IN ({})", good.join(", ")))
}

/// A value in whole millionths, so that the database's sum is exact.
pub(super) fn millionths(dialect: Dialect, value: &str) -> String {
    match dialect {
        Dialect::Sqlite => format!("CAST(ROUND(CAST({value} AS REAL) * 1000000) AS INTEGER)"),
        Dialect::Postgresql => format!("CAST({value} AS numeric) * 1000000"),
        Dialect::Mariadb => format!("CAST({value} AS DECIMAL(30,6)) * 1000000"),
    }
}

/// A sum as text: SQLite's driver gives a whole number room for ten digits.
pub(super) fn summed(dialect: Dialect, expression: &str) -> String {
    dialect.text(&format!("SUM({expression})"))
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

/// The energy of a cell; `None` for an empty one.
pub(super) fn energy(cell: Option<&str>, kwh_per_unit: Decimal) -> Result<Option<Energy>, String> {
    let Some(text) = cell.map(str::trim) else { return Ok(None) };
    let plain = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+'));
    let parsed = if plain { Decimal::from_str_exact(text).ok() } else { scientific(text) };
    let amount = parsed.ok_or_else(|| match text.parse::<f64>() {
        Ok(odd) if !odd.is_finite() => format!("VAL-DECIMAL: value is not a number, '{text}'"),
        _ => format!("VAL-DECIMAL: '{text}' is not a decimal"),
    })?;
    let energy = if kwh_per_unit == Decimal::ONE { amount } else { amount * kwh_per_unit };
    Ok(Some(Energy::new(energy)))
}

/// `1.5e-05`, as drivers write small floating numbers.
fn scientific(text: &str) -> Option<Decimal> {
    let number = text.bytes().next().is_some_and(|b| b.is_ascii_digit() || b == b'-');
    if number { Decimal::from_scientific(text).ok() } else { None }
}

/// `2018-09-01 00:15:00`, the form that databases write, without the detours of the general reader.
fn plain(text: &str) -> Option<DateTime> {
    let bytes: &[u8; 19] = text.as_bytes().try_into().ok()?;
    let separators = [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')];
    let formed = separators.iter().all(|(at, sign)| bytes[*at] == *sign);
    if !formed || !matches!(bytes[10], b' ' | b'T') {
        return None;
    }
    let number = |at: std::ops::Range<usize>| {
        bytes[at].iter().try_fold(0_i16, |number, digit| {
            digit.is_ascii_digit().then(|| number * 10 + i16::from(digit - b'0'))
        })
    };
    let two = |at: usize| number(at..at + 2).and_then(|number| i8::try_from(number).ok());
    DateTime::new(number(0..4)?, two(5)?, two(8)?, two(11)?, two(14)?, two(17)?, 0).ok()
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

    /// End of the interval that a stamp stands for.
    pub(super) fn interval_end(&self, stamp: &str) -> Result<Timestamp, String> {
        self.instant(stamp).map(|at| at + self.to_end)
    }

    /// The instant of a stamp.
    pub(super) fn instant(&self, stamp: &str) -> Result<Timestamp, String> {
        let wrong = || format!("METER-TIME: '{stamp}' is no time of the form in the mapping");
        let text = stamp.trim();
        if let Some(milliseconds) = self.epoch {
            let count = text.parse::<i64>().ok().and_then(|count| count.checked_mul(milliseconds));
            let at = count.and_then(|at| Timestamp::from_millisecond(at).ok()).ok_or_else(wrong)?;
            let year = at.to_zoned(TimeZone::UTC).year();
            let known = (1970..=2100).contains(&year);
            return if known { Ok(at) } else { Err(wrong()) };
        }
        let utc = text.strip_suffix('Z').or_else(|| text.strip_suffix("+00"));
        let local: DateTime = match &self.format {
            Some(format) => jiff::civil::DateTime::strptime(format, text).map_err(|_| wrong())?,
            None => match plain(utc.unwrap_or(text)) {
                Some(local) => local,
                None => utc.unwrap_or(text).parse().map_err(|_| wrong())?,
            },
        };
        if !(1970..=2100).contains(&local.year()) {
            return Err(format!("METER-TIME: timestamp {stamp} is outside 1970..2100"));
        }
        if self.format.is_none() && utc.is_some() {
            return TimeZone::UTC.to_timestamp(local).map_err(|_| wrong());
        }
        let ambiguous = self.zone.to_ambiguous_timestamp(local);
        match ambiguous.offset() {
            AmbiguousOffset::Unambiguous { .. } => {
                Ok(ambiguous.compatible().map_err(|_| wrong())?)
            }
            AmbiguousOffset::Gap { .. } => {
                Err("METER-DST: this local time does not exist: clocks went forward".to_owned())
            }
            AmbiguousOffset::Fold { .. } => {
                Err("METER-DST: ambiguous local time; set time zone rule: clocks went back, and only a \
                 fixed offset as the meter's time_zone tells the two hours apart"
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
            assert!(energy(Some(text), Decimal::ONE).is_err(), "{text}");
        }
        assert_eq!(energy(None, Decimal::ONE), Ok(None));
        let small = energy(Some("1.5e-05"), Decimal::ONE_THOUSAND).unwrap().unwrap();
        assert_eq!(small, Energy::new(Decimal::new(15, 3)));
    }

    #[test]
    fn the_short_way_to_read_a_stamp_gives_what_the_general_one_gives() {
        for text in ["2018-09-01 00:15:00", "2024-02-29T23:59:59", "9999-12-31 23:59:59"] {
            assert_eq!(plain(text), Some(text.parse().unwrap()), "{text}");
        }
        for text in [
            "2018-09-01 00:15",
            "2018-02-30 00:15:00",
            "2018-09-01 24:15:00",
            "2018-09-01 +1:15:00",
            "2018/09/01 00:15:00",
            "infinity",
            "2018-09-01 00:15:ü",
        ] {
            assert_eq!(plain(text), None, "{text}");
        }
    }
}
