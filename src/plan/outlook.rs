//! What grid intensity and electricity price will be in the shifts of a plan, from what they were.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::period::Interval;

/// One hour of a published series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hour {
    /// First instant of the hour.
    pub start: Timestamp,
    /// Value of the hour.
    pub value: f64,
}

/// How far back the outlook looks.
const LOOK_BACK_DAYS: i64 = 28;

/// The mean of each interval: every local hour in it gets the mean of the same hour of working days
/// or of weekends over the 28 days before `from`. The unit is that of `history`.
///
/// Nothing after `from` is looked at, even if `history` holds it: a plan made today knows only the
/// past. Hours without history get the mean of all.
///
/// # Errors
///
/// `None` if `history` holds no hour of those 28 days.
///
/// # Source
///
/// Same-hour means by day type: the persistence forecast that load and price forecasts are
/// commonly measured against.
pub fn outlook(
    history: &[Hour],
    from: Timestamp,
    intervals: &[Interval],
    zone: &TimeZone,
) -> Option<Vec<f64>> {
    let oldest = from - SignedDuration::from_hours(24 * LOOK_BACK_DAYS);
    let key = |at: Timestamp| {
        let local = at.to_zoned(zone.clone());
        let weekend = local.weekday().to_monday_zero_offset() >= 5;
        (weekend, local.hour())
    };
    let mut sums: HashMap<(bool, i8), (f64, f64)> = HashMap::new();
    let (mut total, mut count) = (0.0, 0.0);
    for hour in history.iter().filter(|hour| oldest <= hour.start && hour.start < from) {
        let sum = sums.entry(key(hour.start)).or_default();
        *sum = (sum.0 + hour.value, sum.1 + 1.0);
        total += hour.value;
        count += 1.0;
    }
    if count == 0.0 {
        return None;
    }
    let of_hour = |at: Timestamp| match sums.get(&key(at)) {
        Some((sum, count)) => sum / count,
        None => total / count,
    };
    let mean = |interval: &Interval| {
        let hours = (interval.length().as_secs() / 3600).max(1);
        let sum: f64 =
            (0..hours).map(|hour| of_hour(interval.start + SignedDuration::from_hours(hour))).sum();
        sum / hours as f64
    };
    Some(intervals.iter().map(mean).collect())
}

/// The factor that brings a series to the published level of its year: `level` over the mean of all
/// hours. A series computed from a production mix has the right shape and not quite the right level.
pub fn scale_to(level: f64, history: &[Hour]) -> f64 {
    let mean = history.iter().map(|hour| hour.value).sum::<f64>() / history.len() as f64;
    if mean > 0.0 { level / mean } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(from: &str, values: impl Iterator<Item = f64>) -> Vec<Hour> {
        let first: Timestamp = from.parse().unwrap();
        let at = |index: usize| first + SignedDuration::from_hours(index as i64);
        values.enumerate().map(|(index, value)| Hour { start: at(index), value }).collect()
    }

    #[test]
    fn an_hour_is_expected_to_be_as_it_was_at_that_time_of_day() {
        let from: Timestamp = "2018-10-01T00:00:00Z".parse().unwrap();
        let history = hours("2018-09-01T00:00:00Z", (0..30 * 24).map(|hour| (hour % 24) as f64));
        let early = Interval {
            start: "2018-10-02T06:00:00Z".parse().unwrap(),
            end: "2018-10-02T14:00:00Z".parse().unwrap(),
        };

        let expected = outlook(&history, from, &[early], &TimeZone::UTC).unwrap();

        assert_eq!(expected, [9.5]);
    }

    #[test]
    fn the_future_is_not_looked_at() {
        let from: Timestamp = "2018-10-01T00:00:00Z".parse().unwrap();
        let history = hours("2018-10-01T00:00:00Z", std::iter::repeat_n(1.0, 48));

        assert!(outlook(&history, from, &[], &TimeZone::UTC).is_none());
    }
}
