//! R10: stamps in order, each interval once, on the grid of the step.

use jiff::{SignedDuration, Timestamp};

use super::readings::{Flag, Log};
use super::{Correction, Finding, RuleSet, Severity};
use crate::period::Interval;
use crate::quantity::Energy;
use crate::reading::{RawReading, Series, Slot};
use crate::said;
use crate::said::Said;
use crate::value_state::ValueState;

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// Where a defect was seen.
#[derive(Default)]
struct Seen(Vec<Timestamp>);

impl Seen {
    fn at(&mut self, stamp: Timestamp) {
        self.0.push(stamp);
    }
}

/// A reading whose stamp was looked at.
#[derive(Clone, Copy)]
struct Placed {
    end: Timestamp,
    energy: Option<Energy>,
}

/// The series of `rows`: a slot for every interval between the first and the last stamp.
///
/// A row that arrives in its turn but is stamped exactly one day early closes a day that its source
/// stamps with the date on which the day began; it is put at the day's end. A stamp off the grid, in
/// the future or years away from the others is left out. Of two rows for one interval the later arrival counts.
pub(super) fn ordered(
    rows: &[RawReading],
    step: SignedDuration,
    rules: &RuleSet,
    now: Timestamp,
    log: &mut Log<'_>,
) -> Series {
    let mut found = Defects::default();
    let latest = now + SignedDuration::from_mins(i64::from(rules.time.limits.ahead_minutes));
    let mut placed: Vec<Placed> = Vec::with_capacity(rows.len());
    let mut expected: Option<Timestamp> = None;
    let mut sorted = true;
    for row in rows {
        let mut end = row.stamp;
        if expected.is_some_and(|expected| end < expected) {
            if expected == Some(end + DAY) {
                end += DAY;
                found.repaired.at(end);
                log.corrections.push(Correction {
                    meter: Some(log.meter.id.clone()),
                    rule: "R10".to_owned(),
                    interval_end: end,
                    old_stamp: row.stamp,
                    old_kwh: row.energy.map(Energy::amount),
                    new_kwh: row.energy.map(Energy::amount),
                    method: "day's last interval was stamped with the day before".to_owned(),
                    error_percent: None,
                });
            } else {
                sorted = false;
                if placed.last().is_some_and(|before| before.end != end) {
                    found.backward.at(end);
                }
            }
        }
        if end.as_second().rem_euclid(step.as_secs()) != 0 {
            found.off_grid.at(end);
            continue;
        }
        if end > latest {
            found.future.at(end);
            continue;
        }
        if row.energy.is_none() {
            found.empty.at(end);
        }
        placed.push(Placed { end, energy: row.energy });
        expected = Some(end + step);
    }
    if !sorted {
        // Stable: of two rows for one interval the later arrival stays the later.
        placed.sort_by_key(|row| row.end);
        once(&mut placed, &mut found, log);
    }
    keep_together(&mut placed, rules.time.limits.apart_days, &mut found);
    if rules.time.enabled {
        found.tell(step, rules, log);
    }
    series(&placed, step, log)
}

/// Leaves out what stands so far from the other rows that a clock must have lost its time: one stamp of
/// 1970 would make a gap of decades, and a slot for each of its intervals. Of the parts on both sides
/// of such a distance, the one with the most rows stays; of equal ones the later.
fn keep_together(placed: &mut Vec<Placed>, apart_days: u32, found: &mut Defects) {
    let apart = SignedDuration::from_hours(24 * i64::from(apart_days));
    let mut kept = 0..0;
    let mut start = 0;
    for next in 1..=placed.len() {
        let together =
            next < placed.len() && placed[next].end.duration_since(placed[next - 1].end) <= apart;
        if !together {
            if next - start >= kept.len() {
                kept = start..next;
            }
            start = next;
        }
    }
    let mut at = 0..;
    placed.retain(|row| {
        let stays = at.next().is_some_and(|place| kept.contains(&place));
        if !stays {
            found.apart.at(row.end);
        }
        stays
    });
}

/// Keeps of several rows for one interval the one that arrived last.
fn once(placed: &mut Vec<Placed>, found: &mut Defects, log: &mut Log<'_>) {
    placed.dedup_by(|later, kept| {
        if later.end != kept.end {
            return false;
        }
        if later.energy == kept.energy {
            found.repeated.at(kept.end);
        } else {
            found.differing.at(kept.end);
            found.pair.get_or_insert((kept.energy, later.energy));
            log.corrections.push(Correction {
                meter: Some(log.meter.id.clone()),
                rule: "R10".to_owned(),
                interval_end: kept.end,
                old_stamp: kept.end,
                old_kwh: kept.energy.map(Energy::amount),
                new_kwh: later.energy.map(Energy::amount),
                method: "two rows for one interval: the later arrival counts".to_owned(),
                error_percent: None,
            });
        }
        kept.energy = later.energy;
        true
    });
}

/// What is wrong with stamps, by kind.
#[derive(Default)]
struct Defects {
    repaired: Seen,
    backward: Seen,
    off_grid: Seen,
    future: Seen,
    apart: Seen,
    repeated: Seen,
    differing: Seen,
    empty: Seen,
    /// The first two different readings of one interval.
    pair: Option<(Option<Energy>, Option<Energy>)>,
}

impl Defects {
    fn tell(&self, step: SignedDuration, rules: &RuleSet, log: &mut Log<'_>) {
        let severity = rules.time.severity;
        let amount = |energy: Option<Energy>| match energy {
            None => said!("reading.empty", "empty"),
            Some(energy) => Said::from(energy.amount().normalize().to_string()),
        };
        let differing = match self.pair {
            None => said!(
                "finding.two-readings",
                "METER-DUP: two different readings for one interval; the later one counts"
            ),
            Some((first, second)) => said!(
                "finding.two-readings.which",
                "METER-DUP: two different readings {first}, {second} for one interval; the later one \
                 counts",
                first = amount(first),
                second = amount(second)
            ),
        };
        let clock = || said!("finding.do.clock", "look at the meter's clock");
        for (seen, severity, text, proposal) in [
            (
                &self.repaired,
                Severity::Notice,
                said!(
                    "finding.day-before",
                    "the last interval of a day is stamped with the day before; it was put where it \
                     belongs"
                ),
                said!(
                    "finding.do.ems-export",
                    "correct the export of the energy management system"
                ),
            ),
            (
                &self.backward,
                severity,
                said!(
                    "finding.backward",
                    "stamps go back: rows came late or twice, or a clock was set back"
                ),
                said!("finding.do.clock-and-export", "look at the meter's clock and at the export"),
            ),
            (
                &self.off_grid,
                Severity::Hold,
                said!(
                    "finding.off-grid",
                    "METER-TIME: the stamp is not on the grid of the step; left out"
                ),
                clock(),
            ),
            (
                &self.future,
                Severity::Hold,
                said!("finding.future", "METER-TIME: the stamp lies in the future; left out"),
                clock(),
            ),
            (
                &self.apart,
                Severity::Hold,
                said!(
                    "finding.apart",
                    "METER-TIME: the stamp is years away from the others, as of a clock that lost its \
                     time; left out"
                ),
                said!(
                    "finding.do.clock-or-name",
                    "look at the meter's clock; if a meter was out of service for so long, give it a \
                     new name"
                ),
            ),
            (
                &self.repeated,
                Severity::Notice,
                said!("finding.repeated", "the same reading came twice; one was kept"),
                said!("finding.do.export", "look at the export"),
            ),
            (
                &self.differing,
                severity,
                differing,
                said!("finding.do.which", "say which one is right"),
            ),
            (
                &self.empty,
                severity,
                said!("finding.empty", "METER-NULL: reading is empty"),
                said!("finding.do.enter", "enter the reading by hand"),
            ),
        ] {
            let (Some(first), Some(last)) = (seen.0.iter().min(), seen.0.iter().max()) else {
                continue;
            };
            log.flags.extend(seen.0.iter().map(|end| Flag { rule: "R10", end: *end }));
            log.findings.push(Finding {
                rule: "R10".to_owned(),
                severity,
                subject: log.meter.id.to_string(),
                interval: Some(Interval { start: *first - step, end: *last }),
                count: seen.0.len(),
                text,
                proposal,
            });
        }
    }
}

fn series(placed: &[Placed], step: SignedDuration, log: &Log<'_>) -> Series {
    let meter = log.meter.id.clone();
    let (Some(first), Some(last)) = (placed.first(), placed.last()) else {
        return Series { meter, start: Timestamp::UNIX_EPOCH, step, slots: Vec::new() };
    };
    let seconds = step.as_secs();
    let begin = first.end.as_second();
    let position =
        |end: Timestamp| usize::try_from((end.as_second() - begin) / seconds).unwrap_or(0);
    let mut slots = vec![Slot::MISSING; position(last.end) + 1];
    for row in placed {
        if row.energy.is_some() {
            slots[position(row.end)] = Slot { energy: row.energy, state: ValueState::Measured };
        }
    }
    Series { meter, start: first.end - step, step, slots }
}

#[cfg(test)]
mod tests {
    use super::super::readings;
    use super::*;
    use crate::id::MeterId;
    use crate::reading::{Medium, Meter};

    const STEP: SignedDuration = SignedDuration::from_mins(15);

    fn checked(stamps: &[&str]) -> (Series, Vec<Finding>) {
        let rows: Vec<RawReading> = (1..)
            .zip(stamps)
            .map(|(at, stamp)| RawReading {
                stamp: stamp.parse().unwrap(),
                energy: Some(Energy::new(at.into())),
                arrival: at,
            })
            .collect();
        let meter = Meter {
            id: MeterId::new("M").unwrap(),
            medium: Medium::Electricity,
            plant: "1010".parse().unwrap(),
            overhead_cost_center: "1".parse().unwrap(),
        };
        let mut rules = RuleSet::default();
        rules.missing.limits.impute_up_to_hours = 0;
        let now = "2026-06-01T00:00:00Z".parse().unwrap();
        let checked = readings(&rows, &meter, STEP, &rules, now);
        ((*checked.series).clone(), checked.findings)
    }

    #[test]
    fn a_stamp_of_1970_is_named_and_makes_no_gap_of_decades() {
        for epoch_at in [0, 1, 3] {
            let mut stamps =
                vec!["2026-05-04T06:15:00Z", "2026-05-04T06:30:00Z", "2026-05-04T06:45:00Z"];
            stamps.insert(epoch_at, "1970-01-01T00:15:00Z");

            let (series, findings) = checked(&stamps);

            assert_eq!(series.slots.len(), 3, "{epoch_at}");
            assert!(series.slots.iter().all(|slot| slot.energy.is_some()));
            let named = |finding: &&Finding| finding.text.contains("years away");
            let named: Vec<_> = findings.iter().filter(named).collect();
            assert_eq!((named.len(), named[0].count), (1, 1), "{findings:?}");
            assert_eq!(named[0].severity, Severity::Hold);
        }
    }

    #[test]
    fn a_clock_that_was_lost_for_a_while_leaves_a_gap_of_that_while() {
        // It starts again at its maker's date and is set right after half an hour.
        let (series, _) = checked(&[
            "2026-05-04T06:15:00Z",
            "2000-01-01T00:15:00Z",
            "2000-01-01T00:30:00Z",
            "2026-05-04T07:00:00Z",
            "2026-05-04T07:15:00Z",
        ]);

        let known: Vec<bool> = series.slots.iter().map(|slot| slot.energy.is_some()).collect();
        assert_eq!(known, [true, false, false, true, true]);
    }

    #[test]
    fn a_plant_that_stood_still_for_months_keeps_both_parts() {
        let (series, findings) =
            checked(&["2025-06-04T06:15:00Z", "2026-05-04T06:15:00Z", "2026-05-04T06:30:00Z"]);

        assert_eq!(series.slots.iter().filter(|slot| slot.energy.is_some()).count(), 3);
        assert!(!findings.iter().any(|finding| finding.text.contains("years away")));
    }
}
