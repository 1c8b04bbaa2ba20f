//! Reading on from where the last read ended, over connections that end in between.

use std::time::Duration;

use rust_decimal::Decimal;

use super::catalog::{Database, Statement, open_checked, stream};
use super::read::{Stamps, energy};
use super::watermark::{Places, Position, Watermark, fingerprint, is_as_before};
use super::{EmsConnection, EmsError, EmsMapping, RawReadings};
use crate::id::MeterId;
use crate::quantity::Energy;
use crate::reading::RawReading;

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
/// Readings of one portion that is handed over.
const HANDED_ROWS: usize = 8_192;

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
    reader.read_all(&progress)?;
    Ok(reader.ended())
}

/// As [`read_readings`](super::read_readings), but hands the readings over in portions, in the order of
/// arrival, and keeps none: memory does not grow with their number. Returns the rows that could not be
/// used: where and why.
///
/// # Errors
///
/// [`EmsError`]; what was handed over is then not all there is, and no sum of it may be kept.
pub fn read_each(
    connection: &EmsConnection,
    mapping: &EmsMapping,
    meter: &MeterId,
    progress: impl Fn(usize),
    mut hand: impl FnMut(&[RawReading]) + Send,
) -> Result<Vec<String>, EmsError> {
    let mut reader = Reader::new(connection, mapping, meter, None)?;
    reader.hand = Some(&mut hand);
    reader.read_all(&progress)?;
    reader.hand_over(0);
    Ok(reader.readings.problems)
}

/// Takes a portion of readings.
type Hand<'a> = &'a mut (dyn FnMut(&[RawReading]) + Send);

/// A read on its way.
struct Reader<'a> {
    connection: &'a EmsConnection,
    mapping: &'a EmsMapping,
    meter: &'a MeterId,
    value_column: &'a str,
    known: Option<(&'a [RawReading], &'a Watermark)>,
    fingerprint: String,
    stamps: Stamps,
    kwh_per_unit: Decimal,
    readings: RawReadings,
    /// Who takes the readings, if they are not kept.
    hand: Option<Hand<'a>>,
    handed: usize,
    places: Places,
    arrival: u64,
    fetched: usize,
    again: Option<String>,
    /// The place of the newest rows, which is read again after a lost connection, and what came of
    /// it: rows, kept ones, problems.
    tail: Option<(String, [usize; 3])>,
    by_place: bool,
    /// Whether rows may come packed.
    packs: bool,
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
            value_column: mapping.value_column(meter)?,
            known,
            fingerprint: fingerprint(connection, mapping, meter),
            stamps: Stamps::new(mapping)?,
            kwh_per_unit: mapping.per_unit(meter)?,
            readings: RawReadings::default(),
            hand: None,
            handed: 0,
            places: Places::new(mapping.late_hours, 0, Energy::ZERO),
            arrival: 0,
            fetched: 0,
            again: None,
            tail: None,
            by_place: false,
            packs: true,
            begun: false,
        })
    }

    /// Reads to the end, over as many connections as it takes.
    fn read_all(&mut self, progress: &impl Fn(usize)) -> Result<(), EmsError> {
        let mut tries = 1;
        loop {
            match self.run(progress) {
                Ok(()) => return Ok(()),
                // An old library without JSON, a BLOB, a text that is too long: column by column it is said
                // exactly, or read.
                Err(EmsError::Query { .. } | EmsError::TooLong { .. })
                    if self.packs && self.by_place =>
                {
                    self.packs = false;
                    self.go_back();
                }
                Err(EmsError::Lost { .. }) if tries < CONNECTIONS_MAX && self.can_go_back() => {
                    // A server that restarts needs a moment.
                    std::thread::sleep(Duration::from_millis(100 << tries));
                    tries += 1;
                    self.go_back();
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
        let mut columns = vec![self.value_column];
        columns.extend(mapping.quality_column.as_deref());
        columns.extend(position.as_ref().map(Position::column));
        let (mut condition, mut keys) = (of_meter, Vec::from_iter(key));
        if let (Some(position), Some((place, _))) = (&position, &self.tail) {
            condition += if condition.is_empty() { " WHERE " } else { " AND " };
            condition += &format!("{} >= {}", position.quoted(dialect), position.mark(dialect));
            keys.push(position.key(place));
        }
        let order = mapping.order_column.as_deref().unwrap_or(&mapping.stamp_column);
        // Only what can be read once more from its place, as a packed row may have to be.
        let packs = self.packs && self.by_place;
        let (shape, selected) = database.selected(mapping, &columns, packs);
        let sql = format!(
            "SELECT {selected} FROM {}{condition} ORDER BY {}",
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
        let (connection, before) = (self.connection, self.fetched);
        let told = |came| progress(before + came);
        let query_seconds = mapping.query_seconds;
        let statement = Statement { sql: &sql, keys: &keys, shape, query_seconds };
        stream(connection, &database, &statement, told, |cells| {
            if passed.is_some() && self.by_place && cells.last() == Some(&passed.as_deref()) {
                return;
            }
            self.take(cells);
            self.hand_over(HANDED_ROWS);
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

    fn take(&mut self, cells: &[Option<&str>]) {
        self.arrival += 1;
        self.fetched += 1;
        let mapping = self.mapping;
        let (stamp, value) = (cells[0].unwrap_or(""), cells[1]);
        let quality = mapping.quality_column.as_ref().map(|_| cells[2]);
        let damaged = |text: &str| text.contains(char::REPLACEMENT_CHARACTER);
        let readable = if damaged(stamp) {
            Err(mapping.stamp_column.as_str())
        } else if value.is_some_and(damaged) {
            Err(self.value_column)
        } else {
            Ok(stamp)
        };
        let readable = readable.map_err(|column| {
            format!("ODBC-UTF: row {}: text in {column} is not valid UTF-8", self.arrival)
        });
        let row = readable.and_then(|stamp| self.stamps.interval_end(stamp)).and_then(|end| {
            let energy = energy(value, self.kwh_per_unit)?;
            match quality {
                Some(quality) if !is_good(quality, &mapping.good_quality) => {
                    Err(format!("METER-QUALITY: quality is '{}'", quality.unwrap_or("")))
                }
                _ => Ok((end, energy)),
            }
        });
        let kept = usize::from(row.is_ok());
        if self.by_place {
            let place = cells.last().copied().flatten().unwrap_or_default();
            match &mut self.tail {
                Some((last, [rows, good, bad])) if last == place => {
                    (*rows, *good, *bad) = (*rows + 1, *good + kept, *bad + 1 - kept);
                }
                Some((last, came)) => {
                    last.clear();
                    last.push_str(place);
                    *came = [1, kept, 1 - kept];
                }
                None => self.tail = Some((place.to_owned(), [1, kept, 1 - kept])),
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

    /// Hands over what cannot be taken back any more, if it is more than `most` rows.
    fn hand_over(&mut self, most: usize) {
        let Some(hand) = &mut self.hand else { return };
        // A connection that ends gives the rows of the newest place once more.
        let kept = if most == 0 { 0 } else { self.tail.as_ref().map_or(0, |(_, came)| came[1]) };
        let ready = self.readings.rows.len() - kept;
        if ready > most {
            hand(&self.readings.rows[..ready]);
            self.readings.rows.drain(..ready);
            self.handed += ready;
        }
    }

    /// Whether a read over another connection can join what came.
    fn can_go_back(&self) -> bool {
        self.by_place || self.handed == 0
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
