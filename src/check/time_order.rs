//! R10: stamps in order, each interval once, on the grid of the step.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::readings::Log;
use super::{Correction, Finding, Severity};
use crate::period::Interval;
use crate::quantity::Energy;
use crate::reading::{RawReading, Series, Slot};
use crate::value_state::ValueState;

const DAY: SignedDuration = SignedDuration::from_hours(24);
/// A clock may be so far ahead of ours.
const AHEAD_MAX: SignedDuration = SignedDuration::from_mins(5);

/// How often a defect was seen, first and last.
#[derive(Default)]
struct Seen {
    count: usize,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
}

impl Seen {
    fn at(&mut self, stamp: Timestamp) {
        self.count += 1;
        self.first = Some(self.first.unwrap_or(stamp));
        self.last = Some(stamp);
    }
}

/// The series of `rows`: a slot for every interval between the first and the last stamp.
///
/// A row that arrives in its turn but is stamped exactly one day early closes a day that its source
/// stamps with the date on which the day began; it is put at the day's end. A stamp off the grid or
/// in the future is left out. Of two rows for one interval the later arrival counts.
pub(super) fn ordered(
    rows: &[RawReading],
    step: SignedDuration,
    now: Timestamp,
    log: &mut Log<'_>,
) -> Series {
    let (mut repaired, mut off_grid, mut future) =
        (Seen::default(), Seen::default(), Seen::default());
    let (mut repeated, mut differing, mut empty) =
        (Seen::default(), Seen::default(), Seen::default());
    let mut by_end: BTreeMap<Timestamp, Option<Energy>> = BTreeMap::new();
    let mut expected: Option<Timestamp> = None;
    for row in rows {
        let mut end = row.stamp;
        if expected == Some(end + DAY) {
            end += DAY;
            repaired.at(end);
            log.corrections.push(Correction {
                rule: "R10".to_owned(),
                interval_end: end,
                old_stamp: row.stamp,
                old_kwh: row.energy.map(Energy::amount),
                new_kwh: row.energy.map(Energy::amount),
                method: "day's last interval was stamped with the day before".to_owned(),
            });
        }
        if end.as_second().rem_euclid(step.as_secs()) != 0 {
            off_grid.at(end);
            continue;
        }
        if end > now + AHEAD_MAX {
            future.at(end);
            continue;
        }
        if row.energy.is_none() {
            empty.at(end);
        }
        match by_end.insert(end, row.energy) {
            None => {}
            Some(known) if known == row.energy => repeated.at(end),
            Some(known) => {
                differing.at(end);
                log.corrections.push(Correction {
                    rule: "R10".to_owned(),
                    interval_end: end,
                    old_stamp: end,
                    old_kwh: known.map(Energy::amount),
                    new_kwh: row.energy.map(Energy::amount),
                    method: "two rows for one interval: the later arrival counts".to_owned(),
                });
            }
        }
        expected = Some(end + step);
    }
    for (seen, severity, text, proposal) in [
        (
            repaired,
            Severity::Notice,
            "the last interval of a day is stamped with the day before; it was put where it belongs",
            "correct the export of the energy management system",
        ),
        (
            off_grid,
            Severity::Hold,
            "the stamp is not on the grid of the step; left out",
            "look at the meter's clock",
        ),
        (
            future,
            Severity::Hold,
            "the stamp lies in the future; left out",
            "look at the meter's clock",
        ),
        (
            repeated,
            Severity::Notice,
            "the same reading came twice; one was kept",
            "look at the export",
        ),
        (
            differing,
            Severity::Warning,
            "two different readings for one interval; the later one counts",
            "say which one is right",
        ),
        (empty, Severity::Warning, "METER-NULL: the reading is empty", "enter the reading by hand"),
    ] {
        if let (Some(first), Some(last)) = (seen.first, seen.last) {
            log.findings.push(Finding {
                rule: "R10".to_owned(),
                severity,
                subject: log.meter.id.to_string(),
                interval: Some(Interval { start: first - step, end: last }),
                count: seen.count,
                text: text.to_owned(),
                proposal: proposal.to_owned(),
            });
        }
    }
    series(by_end, step, log)
}

fn series(
    by_end: BTreeMap<Timestamp, Option<Energy>>,
    step: SignedDuration,
    log: &Log<'_>,
) -> Series {
    let meter = log.meter.id.clone();
    let (Some((first, _)), Some((last, _))) = (by_end.first_key_value(), by_end.last_key_value())
    else {
        return Series { meter, start: Timestamp::UNIX_EPOCH, step, slots: Vec::new() };
    };
    let position = |end: Timestamp| {
        usize::try_from(first.duration_until(end).as_secs() / step.as_secs()).unwrap_or(0)
    };
    let mut slots = vec![Slot::MISSING; position(*last) + 1];
    for (end, energy) in &by_end {
        if energy.is_some() {
            slots[position(*end)] = Slot { energy: *energy, state: ValueState::Measured };
        }
    }
    Series { meter, start: *first - step, step, slots }
}
