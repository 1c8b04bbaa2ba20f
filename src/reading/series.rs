//! An interval series of one meter, gaps included.

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::id::MeterId;
use crate::period::Interval;
use crate::quantity::Energy;
use crate::value_state::ValueState;

/// One row of the energy management system, before any check.
#[derive(Clone, Debug, PartialEq)]
pub struct RawReading {
    /// End of the interval as the source stamps it, already turned into an instant.
    pub stamp: Timestamp,
    /// Energy of the interval; `None` if the source has a row without a value. What has no energy, as
    /// water, stands here in the unit of its medium ([`super::Medium::unit`]).
    pub energy: Option<Energy>,
    /// Position in the order in which the source delivered it.
    pub arrival: u64,
}

/// Written as `[milliseconds since 1970, "kWh", arrival]`: snapshots hold many, and a program that reads
/// one must not spend its time on the names of fields.
impl Serialize for RawReading {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let kwh = self.energy.map(|energy| energy.amount().to_string());
        (self.stamp.as_millisecond(), kwh, self.arrival).serialize(to)
    }
}

impl<'de> Deserialize<'de> for RawReading {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let (stamp, kwh, arrival): (i64, Option<Cow<'de, str>>, u64) =
            Deserialize::deserialize(from)?;
        let kwh = kwh.map(|text| Decimal::from_str_exact(&text)).transpose();
        Ok(Self {
            stamp: Timestamp::from_millisecond(stamp).map_err(D::Error::custom)?,
            energy: kwh.map_err(D::Error::custom)?.map(Energy::new),
            arrival,
        })
    }
}

/// One interval of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slot {
    /// Energy of the interval, in the unit of the medium as in [`RawReading`]. `None` only while the
    /// state is `Missing`.
    pub energy: Option<Energy>,
    /// How it is known.
    pub state: ValueState,
}

impl Slot {
    /// An interval for which there is no value.
    pub const MISSING: Self = Self { energy: None, state: ValueState::Missing };
}

/// Interval energies of one meter at a fixed step, without holes: a missing one is a slot too.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Whose readings these are.
    pub meter: MeterId,
    /// Start of the first interval.
    pub start: Timestamp,
    /// Length of each interval.
    pub step: SignedDuration,
    /// The intervals, in time order: slot `i` is `[start + i*step, start + (i+1)*step)`.
    pub slots: Vec<Slot>,
}

impl Series {
    /// The interval of slot `index`.
    pub fn interval(&self, index: usize) -> Interval {
        let start = self.start + self.step * i32::try_from(index).expect("fewer than 2^31 slots");
        Interval { start, end: start + self.step }
    }

    /// From the first interval to the end of the last; `None` if there are none.
    pub fn span(&self) -> Option<Interval> {
        let last = self.slots.len().checked_sub(1)?;
        Some(Interval { start: self.start, end: self.interval(last).end })
    }

    /// The position of the slot that begins at or contains `at`.
    pub fn index_at(&self, at: Timestamp) -> Option<usize> {
        let since = self.start.duration_until(at);
        let index = usize::try_from(since.as_secs().div_euclid(self.step.as_secs())).ok()?;
        (index < self.slots.len()).then_some(index)
    }

    /// The slots whose interval begins within `interval`.
    pub fn within(&self, interval: Interval) -> impl Iterator<Item = (Interval, Slot)> {
        let step = self.step.as_secs();
        let position = |at: Timestamp| {
            let steps = (self.start.duration_until(at).as_secs() + step - 1).div_euclid(step);
            usize::try_from(steps).unwrap_or(0).min(self.slots.len())
        };
        let (first, end) = (position(interval.start), position(interval.end));
        (first..end.max(first)).map(|index| (self.interval(index), self.slots[index]))
    }

    /// Energy of the slots that begin within `interval`, and how many of them have no value.
    pub fn energy_within(&self, interval: Interval) -> (Energy, usize) {
        self.within(interval).fold((Energy::ZERO, 0), |(sum, missing), (_, slot)| {
            match slot.energy {
                Some(energy) => (sum + energy, missing),
                None => (sum, missing + 1),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quarter_hours(energies: &[Option<i64>]) -> Series {
        let slot = |energy: &Option<i64>| match energy {
            Some(kwh) => {
                Slot { energy: Some(Energy::new(Decimal::from(*kwh))), state: ValueState::Measured }
            }
            None => Slot::MISSING,
        };
        Series {
            meter: MeterId::new("M-1").unwrap(),
            start: "2018-09-01T00:00:00Z".parse().unwrap(),
            step: SignedDuration::from_mins(15),
            slots: energies.iter().map(slot).collect(),
        }
    }

    #[test]
    fn a_missing_interval_is_counted_and_never_a_zero() {
        let series = quarter_hours(&[Some(3), None, Some(4), Some(5)]);
        let first_three_quarters =
            Interval { start: series.start, end: series.start + SignedDuration::from_mins(45) };

        let (energy, missing) = series.energy_within(first_three_quarters);

        assert_eq!(energy, Energy::new(Decimal::from(7)));
        assert_eq!(missing, 1);
    }

    #[test]
    fn a_reading_is_written_short_and_read_back_to_the_digit() {
        for kwh in [Some("12.340"), Some("-0.000001"), None] {
            let reading = RawReading {
                stamp: "2018-09-01T00:15:00Z".parse().unwrap(),
                energy: kwh.map(|kwh| Energy::new(kwh.parse().unwrap())),
                arrival: 7,
            };

            let text = serde_json::to_string(&reading).unwrap();
            let back: RawReading = serde_json::from_str(&text).unwrap();

            assert_eq!(back, reading);
            assert_eq!(back.energy.map(|e| e.amount().to_string()).as_deref(), kwh);
            assert!(text.starts_with("[1535760900000,"), "{text}");
        }
    }

    #[test]
    fn an_instant_finds_the_slot_that_contains_it() {
        let series = quarter_hours(&[Some(1), Some(2)]);

        assert_eq!(series.index_at(series.start + SignedDuration::from_mins(29)), Some(1));
        assert_eq!(series.index_at(series.start - SignedDuration::from_mins(1)), None);
    }
}
