//! Readings row by row, and sums formed by the database.

use std::time::Duration;

use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use rust_decimal::Decimal;

use super::catalog::{Database, open_checked, select, stream};
use super::watermark::{Places, Position, Watermark, fingerprint, is_as_before};
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
    Ok(read_on(connection, mapping, meter, None, progress)?.readings)
}

/// Readings of a meter, all of them, of which only the newest had to be fetched.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Continued {
    /// Every reading.
    pub readings: RawReadings,
    /// From where the next read goes on; `None` if it has to read everything.
    pub watermark: Option<Watermark>,
    /// Rows that were fetched.
    pub fetched: usize,
    /// Why everything was read again, if it was.
    pub again: Option<String>,
}

/// Connections that are opened for one read before it is given up.
const CONNECTIONS_MAX: u32 = 4;

/// As [`read_readings`], but goes on from the watermark of `known` readings where the database still
/// holds what was read then, in number and sum; otherwise everything is read again.
///
/// A connection that ends in between is opened anew, and the read goes on from the last row: no row is
/// lost or doubled.
///
/// # Errors
///
/// [`EmsError`]; nothing is kept unless all was read.
pub fn read_on(
    connection: &EmsConnection,
    mapping: &EmsMapping,
    meter: &MeterId,
    known: Option<(&[RawReading], &Watermark)>,
    progress: impl Fn(usize),
) -> Result<Continued, EmsError> {
    let mut reader = Reader::new(connection, mapping, meter, known)?;
    let mut tries = 1;
    loop {
        match reader.run(&progress) {
            Ok(()) => return Ok(reader.ended()),
            Err(EmsError::Lost { .. }) if tries < CONNECTIONS_MAX => {
                // A server that restarts needs a moment.
                std::thread::sleep(Duration::from_millis(100 << tries));
                tries += 1;
                reader.go_back();
            }
            // The server is on its way up again.
            Err(EmsError::Connect { .. }) if tries > 1 && tries < CONNECTIONS_MAX => {
                std::thread::sleep(Duration::from_millis(100 << tries));
                tries += 1;
            }
            Err(error) => return Err(error),
        }
    }
}

/// A read on its way.
struct Reader<'a> {
    connection: &'a EmsConnection,
    mapping: &'a EmsMapping,
    meter: &'a MeterId,
    known: Option<(&'a [RawReading], &'a Watermark)>,
    fingerprint: String,
    stamps: Stamps,
    readings: RawReadings,
    places: Places,
    arrival: u64,
    fetched: usize,
    again: Option<String>,
    /// The place of the newest rows, which is read again after a lost connection, and what came of
    /// it: rows, kept ones, problems.
    tail: Option<(String, [usize; 3])>,
    by_place: bool,
    begun: bool,
}

impl<'a> Reader<'a> {
    fn new(
        connection: &'a EmsConnection,
        mapping: &'a EmsMapping,
        meter: &'a MeterId,
        known: Option<(&'a [RawReading], &'a Watermark)>,
    ) -> Result<Self, EmsError> {
        Ok(Self {
            connection,
            mapping,
            meter,
            known,
            fingerprint: fingerprint(connection, mapping, meter),
            stamps: Stamps::new(mapping)?,
            readings: RawReadings::default(),
            places: Places::new(mapping.late_hours, 0, Energy::ZERO),
            arrival: 0,
            fetched: 0,
            again: None,
            tail: None,
            by_place: false,
            begun: false,
        })
    }

    /// Reads to the end, from where it stands.
    fn run(&mut self, progress: &impl Fn(usize)) -> Result<(), EmsError> {
        let database = open_checked(self.connection, self.mapping)?;
        let position = Position::of(&database, self.mapping);
        self.by_place = position.is_some();
        if !self.begun {
            self.begin(&database, position.as_ref())?;
            self.begun = true;
        }
        let (dialect, mapping) = (self.connection.dialect, self.mapping);
        let quoted = |name: &str| dialect.quoted(name);
        let (of_meter, key) = database.of_meter(mapping, self.meter);
        let mut columns =
            vec![quoted(&mapping.stamp_column), quoted(mapping.value_column(self.meter)?)];
        columns.extend(mapping.quality_column.as_deref().map(quoted));
        columns.extend(position.as_ref().map(|position| position.quoted(dialect)));
        let (mut condition, mut keys) = (of_meter, Vec::from_iter(key));
        if let (Some(position), Some((place, _))) = (&position, &self.tail) {
            condition += if condition.is_empty() { " WHERE " } else { " AND " };
            condition += &format!("{} >= {}", position.quoted(dialect), position.mark(dialect));
            keys.push(position.key(place));
        }
        let order = mapping.order_column.as_deref().unwrap_or(&mapping.stamp_column);
        let sql = format!(
            "SELECT {} FROM {}{condition} ORDER BY {}",
            columns.join(", "),
            quoted(&mapping.table),
            quoted(order)
        );
        // The place of the watermark itself was passed whole.
        let passed = match (&self.known, &self.tail) {
            (Some((_, known)), Some((place, [0, ..]))) if *place == known.position => {
                Some(place.clone())
            }
            _ => None,
        };
        stream(self.connection, &database, &sql, &keys, mapping.query_seconds, |cells| {
            if passed.is_some() && self.by_place && cells.last() == Some(&passed) {
                return;
            }
            self.take(cells);
            if self.fetched % 2_000 == 0 {
                progress(self.fetched);
            }
        })?;
        Ok(())
    }

    /// Starts with what is known, if the database still holds it.
    fn begin(&mut self, database: &Database, position: Option<&Position>) -> Result<(), EmsError> {
        let Some((rows, watermark)) = self.known else { return Ok(()) };
        let (connection, mapping, meter) = (self.connection, self.mapping, self.meter);
        self.again = match position {
            _ if watermark.mapping != self.fingerprint => {
                Some("the mapping has changed".to_owned())
            }
            _ if rows.len() < watermark.rows => Some("fewer rows are kept".to_owned()),
            None => Some("rows cannot be told by their place".to_owned()),
            Some(position) => {
                is_as_before(connection, database, mapping, meter, position, watermark)?
            }
        };
        if self.again.is_some() {
            self.known = None;
            return Ok(());
        }
        self.readings.rows = rows[..watermark.rows].to_vec();
        self.arrival = watermark.rows as u64;
        self.places = Places::new(mapping.late_hours, watermark.rows, watermark.energy);
        if let Some(last) = self.readings.rows.last() {
            // Until something newer is passed, the next read goes on from here too.
            self.places.at(&watermark.position, last.stamp);
        }
        self.tail = Some((watermark.position.clone(), [0; 3]));
        Ok(())
    }

    fn take(&mut self, cells: &[Option<String>]) {
        self.arrival += 1;
        self.fetched += 1;
        let mapping = self.mapping;
        let (stamp, value) = (cells[0].as_deref().unwrap_or(""), cells[1].as_deref());
        let quality = mapping.quality_column.as_ref().map(|_| cells[2].as_deref());
        let damaged = |text: &str| text.contains(char::REPLACEMENT_CHARACTER);
        let readable = if damaged(stamp) || value.is_some_and(damaged) {
            Err(format!("ODBC-UTF: row {}: the text is not valid UTF-8", self.arrival))
        } else {
            Ok(stamp)
        };
        let row = readable.and_then(|stamp| self.stamps.interval_end(stamp)).and_then(|end| {
            let energy = energy(value, mapping.unit)?;
            match quality {
                Some(quality) if !is_good(quality, &mapping.good_quality) => {
                    Err(format!("METER-QUALITY: quality is '{}'", quality.unwrap_or("")))
                }
                _ => Ok((end, energy)),
            }
        });
        let kept = usize::from(row.is_ok());
        if self.by_place {
            let place = cells.last().cloned().flatten().unwrap_or_default();
            match &mut self.tail {
                Some((last, [rows, good, bad])) if *last == place => {
                    (*rows, *good, *bad) = (*rows + 1, *good + kept, *bad + 1 - kept);
                }
                tail => *tail = Some((place, [1, kept, 1 - kept])),
            }
        }
        match row {
            Ok((stamp, energy)) => {
                self.readings.rows.push(RawReading { stamp, energy, arrival: self.arrival });
                if let Some((place, _)) = &self.tail {
                    self.places.add(place, stamp, energy);
                }
            }
            Err(problem) => {
                self.readings.problems.push(format!("meter {} {stamp}: {problem}", self.meter));
            }
        }
    }

    /// Forgets the rows of the newest place, of which some may not have come.
    fn go_back(&mut self) {
        if !self.by_place {
            let known = self.known.take();
            let again = self.again.take();
            self.readings = RawReadings::default();
            (self.arrival, self.fetched, self.begun) = (0, 0, false);
            (self.known, self.again) = (known, again);
            return;
        }
        let Some((_, came)) = &mut self.tail else { return };
        let [rows, good, bad] = std::mem::take(came);
        for reading in self.readings.rows.drain(self.readings.rows.len() - good..) {
            self.places.take_back(reading.energy);
        }
        self.readings.problems.truncate(self.readings.problems.len() - bad);
        self.arrival -= rows as u64;
        self.fetched -= rows;
    }

    fn ended(self) -> Continued {
        // A row that was refused is in the database's sums and in none of ours.
        let whole = self.by_place && self.readings.problems.is_empty();
        let watermark = self.places.watermark(self.fingerprint).filter(|_| whole);
        let Self { readings, fetched, again, .. } = self;
        Continued { readings, watermark, fetched, again }
    }
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
    let millionths = millionths(connection.dialect, &value);
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
    let rows = select(connection, &database, &sql, key.as_slice(), limit, |cells| {
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

/// A value in whole millionths, so that the database's sum is exact.
pub(super) fn millionths(dialect: Dialect, value: &str) -> String {
    match dialect {
        Dialect::Sqlite => format!("CAST(ROUND(CAST({value} AS REAL) * 1000000) AS INTEGER)"),
        Dialect::Postgresql => format!("CAST({value} AS numeric) * 1000000"),
        Dialect::Mariadb => format!("CAST({value} AS DECIMAL(30,6)) * 1000000"),
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

pub(super) fn kwh_per(unit: Uom) -> Result<Decimal, EmsError> {
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
            None => utc.unwrap_or(text).parse().map_err(|_| wrong())?,
        };
        // PostgreSQL's 'infinity' comes as year 9999.
        if !(1970..=2100).contains(&local.year()) {
            return Err(format!("METER-TIME: {stamp} is outside 1970..2100"));
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
