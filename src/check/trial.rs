//! Rules on trial: faults of known kind and size put into real readings, and what the rules say of
//! them: hits, misses, false alarms.

mod episode;
mod excess;

mod fault;

mod register;

mod tree;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use serde::Serialize;

pub use episode::EpisodeScore;
pub use excess::ExcessScore;
pub use fault::Fault;

use super::readings::{Flag, readings};
use super::{RULES, RuleSet};
use crate::period::{Interval, ShiftCalendar};
use crate::reading::{Meter, RawReading};

/// Days between two faults of one run: what one does to the history must not hide the next.
const APART_DAYS: i64 = 9;
/// Days without a fault at the beginning: rules need history.
const HISTORY_DAYS: i64 = 35;

/// How a trial is run.
#[derive(Clone, Copy, Debug)]
pub struct TrialPlan {
    /// Faults of each kind.
    pub places: usize,
    /// The same seed gives the same faults.
    pub seed: u64,
}

/// Why there can be no trial.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the readings of meter {meter} cover {days} days; a trial needs {HISTORY_DAYS} days of history \
     and {APART_DAYS} more"
)]
pub struct TooShort {
    /// Meter.
    pub meter: String,
    /// Days that there are.
    pub days: i64,
}

/// What the rules found of one kind of fault.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FaultScore {
    /// Kind.
    pub fault: &'static str,
    /// How large.
    pub size: &'static str,
    /// Rules of which one is meant to find it.
    pub rules: Vec<&'static str>,
    /// How many were put in.
    pub injected: usize,
    /// How many of them a rule named that is meant to.
    pub found: usize,
    /// Share in percent.
    pub found_percent: f64,
    /// Which rule found how many.
    pub found_by: BTreeMap<&'static str, usize>,
    /// Readings outside the faults that a rule named because of them.
    pub false_alarms: usize,
}

/// What one rule did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RuleScore {
    /// Rule.
    pub rule: &'static str,
    /// Its name.
    pub title: &'static str,
    /// Whether readings alone can try it; if not, why.
    pub not_tried: Option<&'static str>,
    /// Faults that it found.
    pub hits: usize,
    /// Faults that it is meant to find and no rule found.
    pub misses: usize,
    /// Readings of the series as it was given that it named: false alarms, unless the series has
    /// defects of its own.
    pub false_alarms: usize,
    /// Those among 1,000 readings.
    pub false_alarms_per_thousand: f64,
}

/// A trial on one meter.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trial {
    /// Meter.
    pub meter: String,
    /// Its readings.
    pub readings: usize,
    /// From the first to the last.
    pub from: Timestamp,
    /// End of the last.
    pub to: Timestamp,
    /// Length of an interval in minutes.
    pub step_minutes: i64,
    /// What the rules say of the readings as they were given: defects of the source.
    pub as_given: BTreeMap<&'static str, usize>,
    /// Each kind of fault.
    pub faults: Vec<FaultScore>,
    /// Each rule.
    pub rules: Vec<RuleScore>,
    /// R2 on shifts, as published and as calibrated.
    pub excess: Vec<ExcessScore>,
}

/// Tries the rules on the readings of one meter.
///
/// The series is taken as the rules let it through: what they hold in it as it was given is counted
/// apart, and is left out before faults are put in. Every kind of fault is put in by itself, at
/// random places that are far from each other. A fault is found if a rule that is meant to find it
/// names one of its intervals. What is named elsewhere, and was not named before, is a false alarm.
///
/// # Errors
///
/// [`TooShort`].
pub fn trial(
    rows: &[RawReading],
    meter: &Meter,
    step: SignedDuration,
    rules: &RuleSet,
    shifts: &ShiftCalendar,
    plan: TrialPlan,
) -> Result<Trial, TooShort> {
    // Whether gaps are filled does not matter here; measuring the methods would take most of the time.
    let mut rules = rules.clone();
    rules.missing.limits.impute_up_to_hours = 0;
    let run = |rows: &[RawReading]| readings(rows, meter, step, &rules, Timestamp::MAX - FAR);
    let given = run(rows);
    let mut clean = Vec::with_capacity(given.series.slots.len());
    for (index, slot) in given.series.slots.iter().enumerate() {
        let (stamp, arrival) = (given.series.interval(index).end, index as u64);
        if slot.energy.is_some() {
            clean.push(RawReading { stamp, energy: slot.energy, arrival });
        }
    }
    let base = run(&clean);
    let day = slots_of(step, 24);
    let few = || {
        let days = i64::try_from(clean.len() / day).unwrap_or(i64::MAX);
        TooShort { meter: meter.id.to_string(), days }
    };
    let long_enough = clean.len() as i64 >= (HISTORY_DAYS + APART_DAYS) * day as i64;
    let Some(span) = base.series.span().filter(|_| long_enough) else { return Err(few()) };
    let known: BTreeSet<_> = named_once(&base.flags).collect();
    let mut random = Pcg64Mcg::seed_from_u64(plan.seed);
    let mut faults = Vec::new();
    for fault in Fault::ALL {
        let (mut score, mut left) = (FaultScore::of(fault), plan.places);
        // A series that takes few faults at a time is gone over until there are enough.
        for _ in 0..plan.places {
            if left == 0 {
                break;
            }
            let places = places(&clean, step, fault.slots(day), left, &mut random);
            let mut spoiled = clean.clone();
            // From the end, since rows can go or come.
            let injected: Vec<Interval> = places
                .iter()
                .rev()
                .filter_map(|at| fault.inject(&mut spoiled, *at, step))
                .collect();
            left -= injected.len().min(left);
            score.count(&injected, &run(&spoiled).flags, &known, step);
        }
        faults.push(score.done());
    }
    let capacity = clean.iter().filter_map(|row| row.energy).max();
    faults.extend(register::scores(&clean, meter, step, capacity, &rules, plan));
    faults.extend(tree::scores(&base.series, &rules, plan));
    let excess = excess::scores(&base.series, shifts, &rules, plan);
    let as_given: BTreeSet<_> = named_once(&given.flags).collect();
    let rules = rule_scores(&faults, &as_given, given.series.slots.len(), &excess);
    Ok(Trial {
        meter: meter.id.to_string(),
        readings: rows.len(),
        from: span.start,
        to: span.end,
        step_minutes: step.as_mins(),
        as_given: counted(&given.flags),
        faults,
        rules,
        excess,
    })
}

/// Every stamp of a file is in the past.
const FAR: SignedDuration = SignedDuration::from_hours(24 * 365);

fn slots_of(step: SignedDuration, hours: i64) -> usize {
    usize::try_from(3600 * hours / step.as_secs().max(1)).unwrap_or(1).max(1)
}

fn counted(flags: &[Flag]) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for (rule, _) in named_once(flags) {
        *counts.entry(rule).or_default() += 1;
    }
    counts
}

/// Rule and interval. A reading that one rule holds is missing after it: that is not a second finding.
fn named_once(flags: &[Flag]) -> impl Iterator<Item = (&'static str, Timestamp)> {
    let held: BTreeSet<Timestamp> =
        flags.iter().filter(|flag| flag.rule != "R4").map(|flag| flag.end).collect();
    flags
        .iter()
        .filter(move |flag| flag.rule != "R4" || !held.contains(&flag.end))
        .map(|flag| (flag.rule, flag.end))
}

/// Positions at which a fault of `length` slots fits, in rising order and far from each other.
fn places(
    rows: &[RawReading],
    step: SignedDuration,
    length: usize,
    most: usize,
    random: &mut Pcg64Mcg,
) -> Vec<usize> {
    let day = slots_of(step, 24);
    let apart = day * usize::try_from(APART_DAYS).unwrap_or(1);
    let mut places = Vec::new();
    let mut from = day * usize::try_from(HISTORY_DAYS).unwrap_or(1);
    while places.len() < most && from + apart < rows.len() {
        let at = from + random.random_range(0..apart - length.min(apart - 2 * day) - day);
        let (first, last) = (rows[at - 1].stamp, rows[at + length].stamp);
        let whole = first.duration_until(last) == step * (length as i32 + 1);
        if whole && rows[at].energy.is_some_and(|energy| !energy.is_zero()) {
            places.push(at);
        }
        from += apart;
    }
    places
}

impl FaultScore {
    fn of(fault: Fault) -> Self {
        Self::new(fault.name(), fault.size(), fault.rules())
    }

    fn new(fault: &'static str, size: &'static str, rules: &[&'static str]) -> Self {
        Self {
            fault,
            size,
            rules: rules.to_vec(),
            injected: 0,
            found: 0,
            found_percent: 0.0,
            found_by: BTreeMap::new(),
            false_alarms: 0,
        }
    }

    /// Counts what `flags` name of `injected`, and what they name elsewhere.
    fn count(
        &mut self,
        injected: &[Interval],
        flags: &[Flag],
        known: &BTreeSet<(&'static str, Timestamp)>,
        step: SignedDuration,
    ) {
        let named: BTreeSet<(Timestamp, &'static str)> =
            named_once(flags).filter(|one| !known.contains(one)).map(|(r, t)| (t, r)).collect();
        for fault in injected {
            // The reading after a fault is part of it: a clock that jumps back doubles what follows.
            let (from, to) = (fault.start + step, fault.end + step);
            let by: BTreeSet<&'static str> =
                named.range((from, "")..=(to, "~")).map(|(_, rule)| *rule).collect();
            self.judge(&by);
        }
        let around = SignedDuration::from_hours(2);
        let of_a_fault = |at: Timestamp| {
            injected.iter().any(|fault| fault.start - around <= at && at <= fault.end + around)
        };
        self.false_alarms += named.iter().filter(|(at, _)| !of_a_fault(*at)).count();
    }

    fn judge(&mut self, by: &BTreeSet<&'static str>) {
        self.injected += 1;
        self.found += usize::from(self.rules.iter().any(|rule| by.contains(rule)));
        for rule in by {
            *self.found_by.entry(rule).or_default() += 1;
        }
    }

    fn done(mut self) -> Self {
        self.found_percent = 100.0 * self.found as f64 / self.injected.max(1) as f64;
        self
    }
}

fn rule_scores(
    faults: &[FaultScore],
    as_given: &BTreeSet<(&'static str, Timestamp)>,
    readings: usize,
    excess: &[ExcessScore],
) -> Vec<RuleScore> {
    let score = |rule: &super::Rule| {
        let alarms = as_given.iter().filter(|(id, _)| *id == rule.id).count();
        let hits = faults.iter().filter(|score| score.rules.contains(&rule.id));
        let hits = hits.map(|score| score.found_by.get(rule.id).copied().unwrap_or(0)).sum();
        let misses = faults.iter().filter(|score| score.rules.first() == Some(&rule.id));
        let misses = misses.map(|score| score.injected - score.found).sum();
        let mut score = RuleScore {
            rule: rule.id,
            title: rule.title,
            not_tried: match rule.id {
                "R1" | "R3" => Some("it looks at footprints, not at readings"),
                "R5" => Some("it looks at temperatures"),
                "R6" => Some("it looks at gas by batch"),
                "R12" => Some("it looks at factors"),
                _ => None,
            },
            hits,
            misses,
            false_alarms: alarms,
            false_alarms_per_thousand: 1000.0 * alarms as f64 / readings.max(1) as f64,
        };
        // R2 says nothing of readings but of shifts.
        if let ("R2", Some(own)) = (rule.id, excess.iter().find(|own| own.form == "calibrated")) {
            (score.hits, score.misses) = own.hits_and_misses();
            score.false_alarms = own.flagged;
            score.false_alarms_per_thousand = 10.0 * own.flagged_percent;
        }
        score
    };
    RULES.iter().map(score).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::MeterId;
    use crate::quantity::Energy;
    use crate::reading::Medium;
    use jiff::tz::TimeZone;
    use rust_decimal::Decimal;

    fn meter() -> Meter {
        Meter {
            id: MeterId::new("M").unwrap(),
            medium: Medium::Electricity,
            plant: "1010".parse().unwrap(),
            overhead_cost_center: "1".parse().unwrap(),
        }
    }

    /// Ten weeks of a plant that works by day, each reading a little different.
    fn plant() -> Vec<RawReading> {
        let start: Timestamp = "2018-01-01T00:00:00Z".parse().unwrap();
        (0..70 * 96_i64)
            .map(|quarter| {
                let works = (24..72).contains(&(quarter % 96));
                let base = if works { 50_000 } else { 8_000 };
                let wh = base + (quarter * 7_919) % 4_001;
                RawReading {
                    stamp: start + SignedDuration::from_mins(15 * (quarter + 1)),
                    energy: Some(Energy::new(Decimal::new(wh, 3))),
                    arrival: quarter as u64,
                }
            })
            .collect()
    }

    fn run(rules: &RuleSet) -> Trial {
        let step = SignedDuration::from_mins(15);
        let shifts = ShiftCalendar::three_shifts(TimeZone::UTC);
        trial(&plant(), &meter(), step, rules, &shifts, TrialPlan { places: 20, seed: 1 }).unwrap()
    }

    #[test]
    fn every_kind_of_fault_is_put_in_as_often_as_was_asked() {
        let trial = run(&RuleSet::default());

        for score in &trial.faults {
            assert_eq!(score.injected, 20, "{}", score.fault);
            assert!(score.found <= score.injected);
        }
        assert!(trial.rules.iter().all(|rule| rule.not_tried.is_some() || rule.hits > 0));
        assert_eq!(trial, run(&RuleSet::default()));
    }

    #[test]
    fn a_rule_that_is_switched_off_finds_nothing() {
        let mut rules = RuleSet::default();
        rules.stuck.enabled = false;

        let trial = run(&rules);

        let stuck = trial.faults.iter().find(|score| score.rules == ["R7"]).unwrap();
        assert_eq!((stuck.injected, stuck.found), (20, 0));
        let rule = trial.rules.iter().find(|score| score.rule == "R7").unwrap();
        assert!(rule.hits == 0 && rule.misses >= 20, "{rule:?}");
    }

    #[test]
    fn a_month_is_too_short() {
        let step = SignedDuration::from_mins(15);
        let shifts = ShiftCalendar::three_shifts(TimeZone::UTC);
        let plan = TrialPlan { places: 1, seed: 1 };

        let error = trial(&plant()[..2880], &meter(), step, &RuleSet::default(), &shifts, plan);

        assert!(error.unwrap_err().to_string().contains("cover 30 days"));
    }
}
