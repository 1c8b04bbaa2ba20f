//! An interval series of one meter, gaps included.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::id::MeterId;
use crate::period::Interval;
use crate::quantity::Energy;
use crate::value_state::ValueState;

/// One row of the energy management system, before any check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RawReading {
    /// End of the interval as the source stamps it, already turned into an instant.
    pub stamp: Timestamp,
    /// Energy of the interval; `None` if the source has a row without a value.
    pub energy: Option<Energy>,
    /// Position in the order in which the source delivered it.
    pub arrival: u64,
}

/// One interval of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slot {
    /// Energy of the interval. `None` only while the state is `Missing`.
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
    use rust_decimal::Decimal;

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
    fn an_instant_finds_the_slot_that_contains_it() {
        let series = quarter_hours(&[Some(1), Some(2)]);

        assert_eq!(series.index_at(series.start + SignedDuration::from_mins(29)), Some(1));
        assert_eq!(series.index_at(series.start - SignedDuration::from_mins(1)), None);
    }
}
