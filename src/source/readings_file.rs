//! Readings from a CSV file: columns known by their names, or named by the caller.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use serde::Serialize;

use super::ems::StampIs;
use crate::id::MeterId;
use crate::quantity::Energy;
use crate::reading::RawReading;

/// Column names of stamps, the surest first.
const STAMPS: &[&str] = &[
    "interval_end",
    "interval_start",
    "timestamp",
    "stamp",
    "datetime",
    "date_time",
    "time",
    "date",
    "end",
    "start",
    "source_stamp",
];
/// Column names of values, with kWh for one of them; a power is multiplied by the hours of the step.
const VALUES: &[(&str, Counted)] = &[
    ("usage_kwh", Counted::Energy(0)),
    ("kwh", Counted::Energy(0)),
    ("energy_kwh", Counted::Energy(0)),
    ("value_kwh", Counted::Energy(0)),
    ("consumption_kwh", Counted::Energy(0)),
    ("wh", Counted::Energy(-3)),
    ("mwh", Counted::Energy(3)),
    ("kw", Counted::Power(0)),
    ("power_kw", Counted::Power(0)),
    ("w", Counted::Power(-3)),
    ("power_w", Counted::Power(-3)),
    // A profile scaled to one MWh a year.
    ("w_per_mwh_a", Counted::Power(-3)),
    ("value", Counted::Energy(0)),
    ("energy", Counted::Energy(0)),
];
const METERS: &[&str] = &["meter", "meter_id", "meterid"];
/// Words of a column's name, where no name is one of those above, that say it holds stamps.
const STAMP_WORDS: &[&str] =
    &["timestamp", "stamp", "datetime", "time", "date", "ts", "zeitstempel", "zeit", "datum"];
/// Words that say what a column counts.
const UNIT_WORDS: &[(&str, Counted)] = &[
    ("kwh", Counted::Energy(0)),
    ("mwh", Counted::Energy(3)),
    ("wh", Counted::Energy(-3)),
    ("kw", Counted::Power(0)),
    ("w", Counted::Power(-3)),
];

/// What a value column counts: energy, or mean power, with the power of ten to kWh or kW.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Counted {
    Energy(i32),
    Power(i32),
}

/// How a file is read; what is not named is found by its name.
#[derive(Clone, Debug, Default)]
pub struct Columns {
    /// Column of the stamp.
    pub stamp: Option<String>,
    /// Column of the value.
    pub value: Option<String>,
    /// Which end of the interval is stamped; the end, unless the column's name says start.
    pub stamp_is: Option<StampIs>,
    /// Clock of stamps without an offset; UTC if not set.
    pub zone: Option<TimeZone>,
    /// Length of an interval; the most frequent distance of two rows, if not set.
    pub step_minutes: Option<u16>,
}

/// Readings of one meter of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct FileMeter {
    /// Its name in the meter column, or `METER`.
    pub id: MeterId,
    /// Rows in the order of the file.
    pub rows: Vec<RawReading>,
    /// Reactive energy in kvarh and power factor (0 to 1) by the end of the interval, if the file
    /// has them.
    pub reactive: BTreeMap<Timestamp, (f64, f64)>,
}

/// What a column was taken for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Taken {
    /// Column.
    pub column: String,
    /// As what.
    pub as_what: String,
}

/// A file of readings.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadingsFile {
    /// Its meters, in the order in which they first come.
    pub meters: Vec<FileMeter>,
    /// Length of an interval.
    pub step: SignedDuration,
    /// What each column was taken for.
    pub taken: Vec<Taken>,
    /// Rows that could not be used: line and why. They are gaps, never zeros.
    pub problems: Vec<String>,
    /// The clock of the stamps, if all of them carry one and the same offset.
    pub clock: Option<TimeZone>,
}

/// Why a file of readings cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadingsFileError {
    /// The file is not there or no text.
    #[error("{path} cannot be read: {reason}")]
    Unreadable {
        /// Path.
        path: PathBuf,
        /// What the system said.
        reason: std::io::Error,
    },
    /// No column can be taken for something that is needed.
    #[error("{path} has no column for {what}; it has {columns}. Name it with {option}.")]
    Column {
        /// Path.
        path: PathBuf,
        /// Stamp or value.
        what: &'static str,
        /// Columns that there are.
        columns: String,
        /// Option that names it.
        option: &'static str,
    },
    /// Nothing can be read from it.
    #[error("{path}: {reason}")]
    Empty {
        /// Path.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// Reads a CSV file with a header; `.gz` is unpacked. Columns are parted by comma, semicolon or tab, whichever
/// the header has most of; where it is not the comma, a comma in a number is its decimal point.
///
/// An empty value is a reading without energy. Stamps with an offset are instants, others are local
/// times of the zone; one that clocks skip or repeat is a problem, as is a value that is no decimal.
///
/// # Errors
///
/// [`ReadingsFileError`].
pub fn read_readings_file(
    path: &Path,
    columns: &Columns,
) -> Result<ReadingsFile, ReadingsFileError> {
    let text = text(path)?;
    let delimiter = delimiter(&text);
    let mut reader =
        csv::ReaderBuilder::new().flexible(true).delimiter(delimiter).from_reader(text.as_bytes());
    let empty = |reason: String| ReadingsFileError::Empty { path: path.to_owned(), reason };
    let header: Vec<String> = reader
        .headers()
        .map_err(|error| empty(error.to_string()))?
        .iter()
        .map(|name| name.trim().trim_start_matches('\u{feff}').to_owned())
        .collect();
    let layout = Layout::of(&header, columns).map_err(|(what, option)| {
        let columns = header.join(", ");
        ReadingsFileError::Column { path: path.to_owned(), what, columns, option }
    })?;
    let zone = columns.zone.clone().unwrap_or(TimeZone::UTC);
    let mut found: Vec<Found> = Vec::new();
    let mut problems = Vec::new();
    let mut clock = Clock::Unseen;
    for (index, record) in reader.records().enumerate() {
        let line = index + 2;
        let row = record.map_err(|error| error.to_string()).and_then(|record| {
            let cell = |at: usize| record.get(at).unwrap_or("").trim();
            let stamp = instant(cell(layout.stamp), &zone)?;
            clock.see(cell(layout.stamp));
            let value = match delimiter {
                b',' => decimal(cell(layout.value))?,
                _ => decimal(&cell(layout.value).replacen(',', ".", 1))?,
            };
            let number = |at: Option<usize>| at.and_then(|at| cell(at).parse::<f64>().ok());
            let reactive = number(layout.kvarh).zip(number(layout.power_factor));
            let meter = layout.meter.map(|at| cell(at).to_owned());
            Ok(Found { meter, stamp, value, reactive })
        });
        match row {
            Ok(row) => found.push(row),
            Err(problem) => problems.push(format!("{}:{line}: {problem}", path.display())),
        }
    }
    let step = match columns.step_minutes {
        Some(minutes) => SignedDuration::from_mins(i64::from(minutes)),
        None => usual_distance(&found).ok_or_else(|| {
            let first = problems.first().map_or("it has fewer than two rows", String::as_str);
            empty(format!("no length of an interval can be found: {first}"))
        })?,
    };
    let meters = by_meter(found, &layout, step).map_err(empty)?;
    Ok(ReadingsFile { meters, step, taken: layout.taken(&header), problems, clock: clock.zone() })
}

/// What parts the columns: of comma, semicolon and tab the one that the header has most of.
fn delimiter(text: &str) -> u8 {
    let header = text.lines().next().unwrap_or_default();
    let count = |delimiter: &u8| header.bytes().filter(|byte| byte == delimiter).count();
    // Of equal counts the last wins, and a header of one column has none of them.
    [b'\t', b';', b','].into_iter().max_by_key(count).unwrap_or(b',')
}

/// The words of a column's name, as `energy [kWh]`, in small letters.
fn words(name: &str) -> Vec<String> {
    let parts = name.split(|letter: char| !letter.is_alphanumeric());
    parts.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

/// The one column of which a word is known, with what the word says.
fn by_word<T: Copy>(header: &[String], known: &[(&str, T)]) -> Option<(usize, T)> {
    let of = |name: &String| {
        let words = words(name);
        known.iter().find(|(word, _)| words.iter().any(|own| own == word)).map(|(_, what)| *what)
    };
    let mut found = header.iter().enumerate().filter_map(|(at, name)| Some((at, of(name)?)));
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

fn text(path: &Path) -> Result<String, ReadingsFileError> {
    let unreadable = |reason| ReadingsFileError::Unreadable { path: path.to_owned(), reason };
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        std::io::stdin().read_to_end(&mut bytes).map_err(unreadable)?;
    } else {
        bytes = std::fs::read(path).map_err(unreadable)?;
    }
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut text = String::new();
        GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).map_err(unreadable)?;
        return Ok(text);
    }
    String::from_utf8(bytes)
        .map_err(|error| unreadable(std::io::Error::new(std::io::ErrorKind::InvalidData, error)))
}

/// Which offset the stamps carry.
#[derive(Debug, PartialEq)]
enum Clock {
    Unseen,
    One(String),
    /// None, or several.
    Unknown,
}

impl Clock {
    fn see(&mut self, stamp: &str) {
        let offset = stamp.len().checked_sub(6).and_then(|at| stamp.get(at..));
        let is_offset = |text: &&str| text.starts_with(['+', '-']) && text.as_bytes()[3] == b':';
        let offset = offset.filter(is_offset).or_else(|| stamp.ends_with('Z').then_some("+00:00"));
        match (&*self, offset) {
            (Self::Unseen, Some(offset)) => *self = Self::One(offset.to_owned()),
            (Self::One(known), Some(offset)) if known == offset => {}
            _ => *self = Self::Unknown,
        }
    }

    fn zone(&self) -> Option<TimeZone> {
        let Self::One(offset) = self else { return None };
        let minutes = |text: &str| text.parse::<i32>().ok();
        let (hours, rest) = (minutes(&offset[1..3])?, minutes(&offset[4..6])?);
        let seconds = (hours * 60 + rest) * if offset.starts_with('-') { -60 } else { 60 };
        Offset::from_seconds(seconds).ok().map(TimeZone::fixed)
    }
}

/// A row as it was found.
struct Found {
    meter: Option<String>,
    stamp: Timestamp,
    value: Option<Decimal>,
    reactive: Option<(f64, f64)>,
}

/// Positions of the columns.
struct Layout {
    stamp: usize,
    stamp_is: StampIs,
    value: usize,
    counted: Counted,
    meter: Option<usize>,
    kvarh: Option<usize>,
    power_factor: Option<usize>,
}

impl Layout {
    fn of(header: &[String], columns: &Columns) -> Result<Self, (&'static str, &'static str)> {
        let named = |name: &str| header.iter().position(|own| own.eq_ignore_ascii_case(name));
        let first = |names: &[&str]| names.iter().find_map(|name| named(name));
        let stamp = match &columns.stamp {
            Some(name) => named(name),
            None => first(STAMPS).or_else(|| {
                let words: Vec<(&str, ())> = STAMP_WORDS.iter().map(|word| (*word, ())).collect();
                by_word(header, &words).map(|(at, ())| at)
            }),
        };
        let stamp = stamp.ok_or(("the time stamp", "--stamp-column"))?;
        let known = || VALUES.iter().find_map(|(name, counted)| Some((named(name)?, *counted)));
        let value = match &columns.value {
            Some(name) => named(name).map(|at| {
                let lower = name.to_ascii_lowercase();
                let known = VALUES.iter().find(|(known, _)| *known == lower);
                let of_name = known.map(|(_, counted)| *counted);
                let by_unit = || by_word(&header[at..=at], UNIT_WORDS).map(|(_, counted)| counted);
                (at, of_name.or_else(by_unit).unwrap_or(Counted::Energy(0)))
            }),
            None => known().or_else(|| by_word(header, UNIT_WORDS)),
        };
        let (value, counted) = value.ok_or(("the energy", "--value-column"))?;
        let start = header[stamp].to_ascii_lowercase().contains("start");
        Ok(Self {
            stamp,
            stamp_is: columns.stamp_is.unwrap_or(if start {
                StampIs::IntervalStart
            } else {
                StampIs::IntervalEnd
            }),
            value,
            counted,
            meter: first(METERS),
            kvarh: first(&["lag_kvarh", "kvarh"]),
            power_factor: first(&["lag_pf_pct", "pf_pct", "power_factor"]),
        })
    }

    fn taken(&self, header: &[String]) -> Vec<Taken> {
        let stamp = match self.stamp_is {
            StampIs::IntervalStart => "start of the interval",
            StampIs::IntervalEnd => "end of the interval",
        };
        let (unit, of) = match self.counted {
            Counted::Energy(0) => ("kWh", "energy"),
            Counted::Energy(-3) => ("Wh", "energy"),
            Counted::Energy(_) => ("MWh", "energy"),
            Counted::Power(0) => ("kW", "mean power"),
            Counted::Power(_) => ("W", "mean power"),
        };
        let taken = |at: usize, as_what: String| Taken { column: header[at].clone(), as_what };
        let mut all =
            vec![taken(self.stamp, stamp.to_owned()), taken(self.value, format!("{of} in {unit}"))];
        all.extend(self.meter.map(|at| taken(at, "meter".to_owned())));
        if let Some((kvarh, factor)) = self.kvarh.zip(self.power_factor) {
            all.push(taken(kvarh, "reactive energy in kvarh".to_owned()));
            all.push(taken(factor, "power factor".to_owned()));
        }
        all
    }

    fn energy(&self, value: Decimal, step: SignedDuration) -> Energy {
        let shifted = |value: Decimal, power: i32| {
            if power < 0 { value / Decimal::ONE_THOUSAND } else { value * ten_to(power) }
        };
        let hours = Decimal::from(step.as_secs()) / Decimal::from(3600);
        Energy::new(match self.counted {
            Counted::Energy(power) => shifted(value, power),
            Counted::Power(power) => shifted(value, power) * hours,
        })
    }
}

fn ten_to(power: i32) -> Decimal {
    if power == 0 { Decimal::ONE } else { Decimal::ONE_THOUSAND }
}

/// The most frequent distance between a row and the next of its meter.
fn usual_distance(rows: &[Found]) -> Option<SignedDuration> {
    let mut counts: BTreeMap<SignedDuration, usize> = BTreeMap::new();
    for pair in rows.windows(2).filter(|pair| pair[0].meter == pair[1].meter) {
        let apart = pair[0].stamp.duration_until(pair[1].stamp);
        if apart.as_secs() > 0 {
            *counts.entry(apart).or_default() += 1;
        }
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(apart, _)| apart)
}

fn by_meter(
    found: Vec<Found>,
    layout: &Layout,
    step: SignedDuration,
) -> Result<Vec<FileMeter>, String> {
    let mut meters: Vec<FileMeter> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for (arrival, row) in found.into_iter().enumerate() {
        let name = row.meter.unwrap_or_else(|| "METER".to_owned());
        let place = match places.get(&name) {
            Some(place) => *place,
            None => {
                let id = MeterId::new(&name).map_err(|error| error.to_string())?;
                places.insert(name, meters.len());
                meters.push(FileMeter { id, rows: Vec::new(), reactive: BTreeMap::new() });
                meters.len() - 1
            }
        };
        let stamp = match layout.stamp_is {
            StampIs::IntervalStart => row.stamp + step,
            StampIs::IntervalEnd => row.stamp,
        };
        let energy = row.value.map(|value| layout.energy(value, step));
        meters[place].rows.push(RawReading { stamp, energy, arrival: arrival as u64 });
        if let Some((kvarh, factor)) = row.reactive {
            let factor = if factor > 1.0 { factor / 100.0 } else { factor };
            meters[place].reactive.insert(stamp, (kvarh, factor));
        }
    }
    Ok(meters)
}

fn decimal(cell: &str) -> Result<Option<Decimal>, String> {
    if cell.is_empty() {
        return Ok(None);
    }
    let plain = Decimal::from_str_exact(cell).ok();
    let number = cell.bytes().next().is_some_and(|b| b.is_ascii_digit() || b == b'-');
    let parsed = plain.or_else(|| number.then(|| Decimal::from_scientific(cell).ok()).flatten());
    parsed.map(Some).ok_or_else(|| format!("VAL-DECIMAL: '{cell}' is not a decimal"))
}

fn instant(text: &str, zone: &TimeZone) -> Result<Timestamp, String> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let forms = ["%d-%m-%Y %H:%M", "%d.%m.%Y %H:%M", "%d/%m/%Y %H:%M", "%Y/%m/%d %H:%M"];
    // `Z` without seconds is no RFC 3339, and is written all the same.
    let (local, zone) = match text.strip_suffix('Z') {
        Some(local) => (local, &TimeZone::UTC),
        None => (text, zone),
    };
    let parsed = local.parse::<DateTime>().ok();
    let parsed = parsed
        .or_else(|| forms.iter().find_map(|form| DateTime::strptime(form, local).ok()))
        .ok_or_else(|| format!("METER-TIME: '{text}' is no time"))?;
    let at = zone.to_ambiguous_timestamp(parsed);
    match at.offset() {
        AmbiguousOffset::Unambiguous { .. } => {
            at.compatible().map_err(|_| format!("METER-TIME: '{text}' is out of range"))
        }
        AmbiguousOffset::Gap { .. } => {
            Err(format!("METER-DST: {text} does not exist: clocks went forward"))
        }
        AmbiguousOffset::Fold { .. } => {
            Err(format!("METER-DST: {text} is ambiguous: clocks went back; write the offset"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<ReadingsFile, ReadingsFileError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("readings.csv");
        std::fs::write(&path, text).unwrap();
        read_readings_file(&path, &Columns::default())
    }

    #[test]
    fn columns_are_known_by_their_names_and_powers_become_energy() {
        let file = read(
            "interval_start,w_per_mwh_a\n2018-01-01 00:00:00+01:00,30\n\
             2018-01-01 00:15:00+01:00,\n2018-01-01 00:30:00+01:00,1e2\n",
        )
        .unwrap();

        assert_eq!(file.step, SignedDuration::from_mins(15));
        let rows = &file.meters[0].rows;
        assert_eq!(rows[0].stamp.to_string(), "2017-12-31T23:15:00Z");
        assert_eq!(rows[0].energy.unwrap().amount().normalize().to_string(), "0.0075");
        assert_eq!(rows[1].energy, None);
        assert_eq!(file.taken[1].as_what, "mean power in W");
    }

    #[test]
    fn columns_are_known_by_words_of_their_names_and_semicolons_go_with_decimal_commas() {
        let file = read(
            "Zeitstempel (UTC);Wirkarbeit [MWh];Blindarbeit [kvarh]\n2018-01-01T00:15Z;1,5;2\n\
             2018-01-01T00:30Z;0,25;3\n2018-01-01T00:45Z;1.000,5;3\n",
        )
        .unwrap();

        let energies = file.meters[0].rows.iter().map(|row| row.energy.unwrap().amount());
        assert_eq!(energies.collect::<Vec<_>>(), [Decimal::from(1500), Decimal::from(250)]);
        assert!(file.problems[0].contains("VAL-DECIMAL"), "two points: {:?}", file.problems);
        let two = read("time,a_kwh,b_kwh\n2018-01-01T00:15Z,1,2\n").unwrap_err().to_string();
        assert!(two.contains("--value-column"), "which of the two is not guessed: {two}");
    }

    #[test]
    fn the_clock_of_a_file_is_the_offset_that_all_of_its_stamps_carry() {
        let clock = |stamps: [&str; 2]| {
            let file = read(&format!("stamp,kwh\n{},1\n{},2\n", stamps[0], stamps[1])).unwrap();
            file.clock.map(|zone| zone.to_offset(Timestamp::UNIX_EPOCH).to_string())
        };

        let fixed = clock(["2018-01-01 00:00:00+01:00", "2018-01-01 00:15:00+01:00"]);
        assert_eq!(fixed.as_deref(), Some("+01"));
        let west = clock(["2018-01-01T00:00-03:30", "2018-01-01T00:15-03:30"]);
        assert_eq!(west.as_deref(), Some("-03:30"));
        assert_eq!(clock(["2018-01-01T00:00Z", "2018-01-01T00:15Z"]).as_deref(), Some("+00"));
        // Summer and winter time, or none at all.
        assert_eq!(clock(["2018-01-01T00:00+01:00", "2018-07-01T00:15+02:00"]), None);
        assert_eq!(clock(["2018-01-01T00:00", "2018-01-01T00:15"]), None);
    }

    #[test]
    fn meters_are_told_apart_and_bad_lines_named() {
        let file = read(
            "meter,stamp,kwh,lag_kvarh,lag_pf_pct\nA,01-01-2018 00:15,1,2,80\nB,01-01-2018 00:15,1,,\n\
             A,2018-01-01T00:30Z,12,5 kWh,\nB,2018-01-01T00:30Z,2\nA,yesterday,1\nA,2018-01-01T00:30,x\n\
             B,2018-01-01T00:45Z,3\n",
        )
        .unwrap();

        let names: Vec<&str> = file.meters.iter().map(|meter| meter.id.as_str()).collect();
        assert_eq!(names, ["A", "B"]);
        assert_eq!(file.meters[0].reactive.len(), 1);
        assert_eq!(file.problems.len(), 2, "{:?}", file.problems);
        assert!(file.problems[0].ends_with("readings.csv:6: METER-TIME: 'yesterday' is no time"));
    }

    #[test]
    fn a_file_without_a_value_column_says_what_it_has() {
        let error = read("stamp,bananas\n2018-01-01T00:00Z,1\n").unwrap_err().to_string();

        assert!(error.contains("has no column for the energy; it has stamp, bananas"), "{error}");
    }
}
