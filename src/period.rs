//! Time: metering intervals, shifts, posting periods. All pure; the clock is an argument.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// A stretch of time, `start` included, `end` not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Interval {
    /// First instant.
    pub start: Timestamp,
    /// First instant after.
    pub end: Timestamp,
}

impl Interval {
    /// From `start` to before `end`.
    ///
    /// # Errors
    ///
    /// `None` if `end` is not after `start`.
    pub fn new(start: Timestamp, end: Timestamp) -> Option<Self> {
        (start < end).then_some(Self { start, end })
    }

    /// Whether `at` lies in it.
    pub fn contains(&self, at: Timestamp) -> bool {
        self.start <= at && at < self.end
    }

    /// Its length.
    pub fn length(&self) -> SignedDuration {
        self.start.duration_until(self.end)
    }

    /// The part that two intervals share.
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        Self::new(self.start.max(other.start), self.end.min(other.end))
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.start, self.end)
    }
}

/// One shift of a day, in local time. It may end on the next day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shift {
    /// Name as planners say it.
    pub name: String,
    /// Local time at which it begins.
    pub start: Time,
    /// Whether its minutes count as night work.
    pub night: bool,
}

/// The shifts of a plant: consecutive, together one day, each day alike.
#[derive(Clone, Debug, PartialEq)]
pub struct ShiftCalendar {
    shifts: Vec<Shift>,
    zone: TimeZone,
}

/// One shift on one day: the planner's bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ShiftOnDay {
    /// Day on which the shift begins.
    pub day: Date,
    /// Position of the shift in the day.
    pub shift: usize,
}

impl ShiftCalendar {
    /// The calendar of `shifts`, which begin one after the other within a day of `zone`.
    ///
    /// # Errors
    ///
    /// `None` if there are no shifts or they do not begin in rising order.
    pub fn new(shifts: Vec<Shift>, zone: TimeZone) -> Option<Self> {
        let rising = shifts.windows(2).all(|pair| pair[0].start < pair[1].start);
        (!shifts.is_empty() && rising).then_some(Self { shifts, zone })
    }

    /// Early, late and night shift from six, fourteen and twenty-two o'clock.
    pub fn three_shifts(zone: TimeZone) -> Self {
        let shift = |name: &str, hour, night| Shift {
            name: name.to_owned(),
            start: Time::constant(hour, 0, 0, 0),
            night,
        };
        Self {
            shifts: vec![
                shift("early", 6, false),
                shift("late", 14, false),
                shift("night", 22, true),
            ],
            zone,
        }
    }

    /// The shifts of a day.
    pub fn shifts(&self) -> &[Shift] {
        &self.shifts
    }

    /// The time zone in which shifts begin.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// When `shift` of `day` begins and ends. Longer or shorter where clocks change.
    pub fn interval(&self, at: ShiftOnDay) -> Interval {
        let start = self.instant(at.day.to_datetime(self.shifts[at.shift].start));
        let next = self.next(at);
        let end = self.instant(next.day.to_datetime(self.shifts[next.shift].start));
        Interval { start, end }
    }

    /// The shift that runs at `at`.
    pub fn shift_at(&self, at: Timestamp) -> ShiftOnDay {
        let local = at.to_zoned(self.zone.clone()).datetime();
        let begun = self.shifts.iter().rposition(|shift| shift.start <= local.time());
        match begun {
            Some(shift) => ShiftOnDay { day: local.date(), shift },
            None => ShiftOnDay {
                day: local.date().yesterday().expect("after year -9999"),
                shift: self.shifts.len() - 1,
            },
        }
    }

    /// The shift after `at`.
    pub fn next(&self, at: ShiftOnDay) -> ShiftOnDay {
        if at.shift + 1 < self.shifts.len() {
            ShiftOnDay { shift: at.shift + 1, ..at }
        } else {
            ShiftOnDay { day: at.day.tomorrow().expect("before year 9999"), shift: 0 }
        }
    }

    fn instant(&self, local: DateTime) -> Timestamp {
        self.zone.to_timestamp(local).expect("shift times lie within years -9999..9999")
    }
}

/// A posting period: a calendar month of a fiscal year that is the calendar year (variant K4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PostingPeriod {
    /// Fiscal year, GJAHR.
    pub year: i16,
    /// Period 1 to 12, MONAT.
    pub month: i8,
}

impl PostingPeriod {
    /// The period in which `day` lies.
    pub fn of(day: Date) -> Self {
        Self { year: day.year(), month: day.month() }
    }

    /// First day.
    pub fn first_day(&self) -> Date {
        Date::constant(self.year, self.month, 1)
    }

    /// Last day, the usual posting date of a month-end document.
    pub fn last_day(&self) -> Date {
        self.first_day().last_of_month()
    }

    /// From the first instant of the first day to that of the next period, in `zone`.
    pub fn interval(&self, zone: &TimeZone) -> Interval {
        let midnight = |day: Date| {
            zone.to_timestamp(day.to_datetime(Time::midnight())).expect("within jiff's years")
        };
        Interval {
            start: midnight(self.first_day()),
            end: midnight(self.last_day().tomorrow().expect("before year 9999")),
        }
    }
}

/// A text that is no month.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no month; write 2018-09")]
pub struct NoMonth(String);

/// As people write a month, `2018-09`.
impl FromStr for PostingPeriod {
    type Err = NoMonth;

    fn from_str(text: &str) -> Result<Self, NoMonth> {
        let parsed = text.split_once('-').and_then(|(year, month)| {
            Some(Self { year: year.parse().ok()?, month: month.parse().ok()? })
        });
        let is_one = |of: &Self| (1..=12).contains(&of.month) && (1900..=9999).contains(&of.year);
        parsed.filter(is_one).ok_or_else(|| NoMonth(text.to_owned()))
    }
}

impl fmt::Display for PostingPeriod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_read_as_it_is_written_and_nothing_else_is_one() {
        assert_eq!("2018-09".parse(), Ok(PostingPeriod { year: 2018, month: 9 }));
        for wrong in ["2018", "2018-13", "2018-0", "0018-09", "2018-09-01", "-9", "September"] {
            let refusal = wrong.parse::<PostingPeriod>().unwrap_err().to_string();
            assert_eq!(refusal, format!("'{wrong}' is no month; write 2018-09"));
        }
    }

    fn plant() -> ShiftCalendar {
        ShiftCalendar::three_shifts(TimeZone::get("Europe/Berlin").unwrap())
    }

    #[test]
    fn the_night_shift_belongs_to_the_day_on_which_it_begins() {
        let two_in_the_morning: Timestamp = "2018-10-02T02:00:00+02:00".parse().unwrap();

        let shift = plant().shift_at(two_in_the_morning);

        assert_eq!(shift, ShiftOnDay { day: Date::constant(2018, 10, 1), shift: 2 });
        assert!(plant().interval(shift).contains(two_in_the_morning));
    }

    #[test]
    fn the_night_in_which_clocks_go_back_has_nine_hours() {
        let night = ShiftOnDay { day: Date::constant(2018, 10, 27), shift: 2 };

        assert_eq!(plant().interval(night).length(), SignedDuration::from_hours(9));
    }

    #[test]
    fn a_period_is_a_month_of_the_plants_zone() {
        let september = PostingPeriod { year: 2018, month: 9 };

        let interval = september.interval(&TimeZone::fixed(jiff::tz::offset(1)));

        assert_eq!(interval.to_string(), "2018-08-31T23:00:00Z..2018-09-30T23:00:00Z");
        assert_eq!(september.last_day().to_string(), "2018-09-30");
    }
}
