//! Faults of interval readings, as they are met in the field.

use jiff::SignedDuration;
use rust_decimal::Decimal;

use crate::period::Interval;
use crate::quantity::Energy;
use crate::reading::RawReading;

/// A kind of fault with its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// One reading in Wh instead of kWh.
    Thousandfold,
    /// A day of them.
    ThousandfoldDay,
    /// One reading with a wrong CT ratio.
    Tenfold,
    /// A day of them.
    TenfoldDay,
    /// Eight equal readings: the shortest that R7 may name.
    StuckShort,
    /// Four hours of equal readings.
    StuckHours,
    /// A day of equal readings.
    StuckDay,
    /// One row lacks.
    GapReading,
    /// Four hours lack.
    GapHours,
    /// A day lacks.
    GapDay,
    /// A row comes twice.
    Repeated,
    /// A row comes twice with another value.
    Differing,
    /// Two rows come in the wrong order.
    Swapped,
    /// Energy with the wrong sign: a CT is turned round.
    Negative,
    /// The clock is an hour ahead for a day.
    ClockHour,
    /// The clock is seven minutes ahead for a day.
    ClockDrift,
    /// The hour in which clocks go back is stamped twice.
    HourTwice,
}

impl Fault {
    /// Every kind.
    pub const ALL: [Self; 17] = [
        Self::Thousandfold,
        Self::ThousandfoldDay,
        Self::Tenfold,
        Self::TenfoldDay,
        Self::StuckShort,
        Self::StuckHours,
        Self::StuckDay,
        Self::GapReading,
        Self::GapHours,
        Self::GapDay,
        Self::Repeated,
        Self::Differing,
        Self::Swapped,
        Self::Negative,
        Self::ClockHour,
        Self::ClockDrift,
        Self::HourTwice,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Thousandfold | Self::ThousandfoldDay => "times 1000",
            Self::Tenfold | Self::TenfoldDay => "times 10",
            Self::StuckShort | Self::StuckHours | Self::StuckDay => "stuck",
            Self::GapReading | Self::GapHours | Self::GapDay => "gap",
            Self::Repeated => "duplicate, same value",
            Self::Differing => "duplicate, other value",
            Self::Swapped => "reversal of two rows",
            Self::Negative => "reversal of sign",
            Self::ClockHour => "clock shift, one hour",
            Self::ClockDrift => "clock shift, seven minutes",
            Self::HourTwice => "hour stamped twice",
        }
    }

    /// How large it is.
    pub const fn size(self) -> &'static str {
        match self {
            Self::StuckShort => "8 readings",
            Self::StuckHours | Self::GapHours => "4 hours",
            Self::ThousandfoldDay
            | Self::TenfoldDay
            | Self::StuckDay
            | Self::GapDay
            | Self::ClockHour
            | Self::ClockDrift => "1 day",
            Self::Swapped => "2 readings",
            Self::HourTwice => "1 hour",
            _ => "1 reading",
        }
    }

    /// Rules of which one is meant to find it.
    pub const fn rules(self) -> &'static [&'static str] {
        match self {
            Self::Thousandfold | Self::ThousandfoldDay | Self::Tenfold | Self::TenfoldDay => {
                &["R8"]
            }
            Self::StuckShort | Self::StuckHours | Self::StuckDay => &["R7"],
            Self::GapReading | Self::GapHours | Self::GapDay => &["R4"],
            Self::Negative => &["R11"],
            _ => &["R10"],
        }
    }

    /// Its length in readings; `day` are those of a day.
    pub(super) fn slots(self, day: usize) -> usize {
        let hour = (day / 24).max(1);
        match self.size() {
            "8 readings" => 8,
            "4 hours" => (4 * hour).max(8),
            "1 day" => day,
            "2 readings" => 2,
            "1 hour" => hour,
            _ => 1,
        }
    }

    /// Puts it into `rows` at `at`; the intervals that it spoils, or `None` if it changes nothing.
    pub(super) fn inject(
        self,
        rows: &mut Vec<RawReading>,
        at: usize,
        step: SignedDuration,
    ) -> Option<Interval> {
        let day = super::slots_of(step, 24);
        let length = self.slots(day);
        let range = at..at + length;
        let interval = Interval { start: rows[at].stamp - step, end: rows[range.end - 1].stamp };
        let scale = |rows: &mut Vec<RawReading>, by: Decimal| {
            for row in &mut rows[range.clone()] {
                row.energy = row.energy.map(|energy| energy.scaled(by));
            }
        };
        match self {
            Self::Thousandfold | Self::ThousandfoldDay => scale(rows, Decimal::ONE_THOUSAND),
            Self::Tenfold | Self::TenfoldDay => scale(rows, Decimal::TEN),
            Self::Negative => scale(rows, Decimal::NEGATIVE_ONE),
            Self::StuckShort | Self::StuckHours | Self::StuckDay => {
                let first = rows[at].energy;
                rows[range].iter_mut().for_each(|row| row.energy = first);
            }
            Self::GapReading | Self::GapHours | Self::GapDay => {
                rows.drain(range);
            }
            Self::Repeated => rows.insert(at + 1, rows[at].clone()),
            Self::Differing => {
                let mut other = rows[at].clone();
                other.energy = Some(other.energy? + Energy::new(Decimal::ONE));
                rows.insert(at + 1, other);
            }
            Self::Swapped => rows.swap(at, at + 1),
            Self::ClockHour | Self::ClockDrift => {
                let minutes = if self == Self::ClockHour { 60 } else { 7 };
                let ahead = SignedDuration::from_mins(minutes);
                rows[range].iter_mut().for_each(|row| row.stamp += ahead);
                return Some(Interval { start: interval.start, end: interval.end + ahead });
            }
            Self::HourTwice => {
                // The hour after is stamped as the hour before.
                let hour = step * (length as i32);
                let again: Vec<RawReading> = rows[at + length..at + 2 * length]
                    .iter()
                    .map(|row| RawReading { stamp: row.stamp - hour, ..row.clone() })
                    .collect();
                rows.splice(at + length..at + 2 * length, again);
                return Some(Interval { start: interval.start, end: interval.end + hour });
            }
        }
        Some(interval)
    }
}
