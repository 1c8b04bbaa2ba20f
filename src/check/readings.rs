//! The path of a series through the rules: time first, then values, then gaps.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::impute::Ladder;
use super::{Checked, Correction, Finding, RuleSet, gaps, scale, spike, time_order, values};
use crate::period::Interval;
use crate::quantity::Energy;
use crate::reading::{Meter, RawReading, Series, Slot};
use crate::value_state::ValueState;

/// A series that went through the rules, with what they said.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckedReadings {
    /// The series: held readings are imputed or missing, never zero.
    pub series: Checked<Series>,
    /// What the rules say.
    pub findings: Vec<Finding>,
    /// What was changed.
    pub corrections: Vec<Correction>,
    /// The methods that filled gaps, with their errors on this meter; `None` if there were no gaps.
    pub ladder: Option<Ladder>,
    /// Every single interval that a rule named; findings sum them up.
    pub flags: Vec<Flag>,
}

/// An interval that a rule named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flag {
    /// Rule.
    pub rule: &'static str,
    /// End of the interval.
    pub end: Timestamp,
}

/// What a person decided about a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// The reading is right, whatever a rule says.
    Accepted,
    /// This is the right one.
    Corrected(Energy),
}

/// Decisions by the end of the interval.
pub type Decisions = BTreeMap<Timestamp, Decision>;

/// What is known of a meter beside its readings.
#[derive(Clone, Copy, Debug, Default)]
pub struct Background<'a> {
    /// Most that one interval can hold: contract power times step.
    pub capacity: Option<Energy>,
    /// Largest reading of the days before the first row.
    pub largest_before: Option<Energy>,
    /// When the machine behind the meter was confirmed to run.
    pub running: &'a [Interval],
    /// Reactive energy in kvarh and power factor (0 to 1) of the same meter, by the end of the
    /// interval.
    pub reactive: Option<&'a BTreeMap<Timestamp, (f64, f64)>>,
    /// What people decided.
    pub decisions: Option<&'a Decisions>,
}

impl Background<'_> {
    /// Whether somebody answers for the reading: accepted as it is, or entered by hand.
    pub(super) fn accepted(&self, end: Timestamp) -> bool {
        self.decisions.is_some_and(|all| all.contains_key(&end))
    }
}

/// Checks the readings of one meter of which nothing is known but what people decided about them; see
/// [`readings_with`].
pub fn readings(
    rows: &[RawReading],
    meter: &Meter,
    step: SignedDuration,
    rules: &RuleSet,
    now: Timestamp,
) -> CheckedReadings {
    let decisions = rules.decisions.get(meter.id.as_str());
    readings_with(rows, meter, step, rules, now, &Background { decisions, ..Default::default() })
}

/// Checks the readings of one meter.
///
/// `rows` stand in the order of arrival, their stamps are the ends of intervals of length `step`;
/// `now` is the latest time that a stamp may have.
///
/// # Source
///
/// Rules R10, R11, R8, R7 and R4 of the methods, in this order, with the imputation ladder: the best
/// method for the length of the gap, measured on the meter itself; longer gaps stay missing.
pub fn readings_with(
    rows: &[RawReading],
    meter: &Meter,
    step: SignedDuration,
    rules: &RuleSet,
    now: Timestamp,
    background: &Background<'_>,
) -> CheckedReadings {
    let mut log = Log { meter, findings: Vec::new(), corrections: Vec::new(), flags: Vec::new() };
    let mut series = time_order::ordered(rows, step, rules, now, &mut log);
    enter_decisions(&mut series, background, &mut log);
    values::hold_negative(&mut series, rules, background, &mut log);
    scale::hold_wrong_scale(&mut series, rules, background, &mut log);
    values::hold_spikes(&mut series, rules, background, &mut log);
    spike::hold_local_spikes(&mut series, rules, background, &mut log);
    values::hold_stuck(&mut series, rules, background, &mut log);
    let ladder = gaps::impute(&mut series, rules, now, background, &mut log);
    CheckedReadings {
        series: Checked(series),
        findings: log.findings,
        corrections: log.corrections,
        ladder,
        flags: log.flags,
    }
}

/// Puts what people entered in the place of what was read.
fn enter_decisions(series: &mut Series, background: &Background<'_>, log: &mut Log<'_>) {
    for (end, decision) in background.decisions.into_iter().flatten() {
        let Decision::Corrected(energy) = decision else { continue };
        let Some(index) = series.index_at(*end - series.step) else { continue };
        let old = series.slots[index].energy.map(Energy::amount);
        series.slots[index] = Slot { energy: Some(*energy), state: ValueState::Estimated };
        log.corrections.push(Correction {
            meter: Some(log.meter.id.clone()),
            rule: "decision".to_owned(),
            interval_end: *end,
            old_stamp: *end,
            old_kwh: old,
            new_kwh: Some(energy.amount()),
            method: "entered by hand".to_owned(),
            error_percent: None,
        });
    }
}

/// What the rules say while they work.
pub(super) struct Log<'a> {
    pub meter: &'a Meter,
    pub findings: Vec<Finding>,
    pub corrections: Vec<Correction>,
    pub flags: Vec<Flag>,
}
