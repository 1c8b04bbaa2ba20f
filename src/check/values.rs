//! R7, R8 and R11: readings that a sound meter does not give. They are held and become missing.

use std::collections::VecDeque;

use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;

use super::readings::{Background, Flag, Log};
use super::rule::action_said;
use super::{Correction, Finding, RuleSet, Severity};
use crate::period::Interval;
use crate::quantity::Energy;
use crate::reading::{Series, Slot};
use crate::said;
use crate::said::Said;

/// Days of history before R8 says anything.
const HISTORY_DAYS_MIN: usize = 14;

/// R11: an interval of negative energy, or of more than the connection can carry.
pub(super) fn hold_negative(
    series: &mut Series,
    rules: &RuleSet,
    background: &Background<'_>,
    log: &mut Log<'_>,
) {
    if !rules.counter.enabled {
        return;
    }
    let (mut negative, mut beyond) = (Vec::new(), Vec::new());
    for index in 0..series.slots.len() {
        let Some(energy) = series.slots[index].energy else { continue };
        if energy.amount().is_sign_negative() && !energy.is_zero() {
            negative.push(index);
        } else if background.capacity.is_some_and(|capacity| energy > capacity)
            && !background.accepted(series.interval(index).end)
        {
            beyond.push(index);
        }
    }
    let severity = rules.counter.severity;
    let what = What { rule: "R11", severity, action: &rules.counter.action };
    let text = said!("finding.negative", "METER-BACK: the interval is negative");
    hold(series, &negative, &what, &text, log);
    let text = match background.capacity {
        Some(capacity) => said!(
            "finding.capacity",
            "METER-JUMP: above the limit {capacity} of the connection",
            capacity = capacity
        ),
        None => return,
    };
    hold(series, &beyond, &what, &text, log);
}

/// R8: a reading above so many times the largest of the days before is no reading. In the first two weeks
/// the days after stand for those before.
pub(super) fn hold_spikes(
    series: &mut Series,
    rules: &RuleSet,
    background: &Background<'_>,
    log: &mut Log<'_>,
) {
    if !rules.spike.enabled {
        return;
    }
    let limits = &rules.spike.limits;
    let day = slots_of_a_day(series);
    let (window, history_min) = (day * limits.days, day * HISTORY_DAYS_MIN);
    let factor = Decimal::from_f64(limits.factor).unwrap_or(Decimal::from(3));
    let mut held = Vec::new();
    let mut largest = Largest::new(background.largest_before, factor);
    for index in 0..series.slots.len() {
        let Some(energy) = series.slots[index].energy else { continue };
        let known = background.largest_before.is_some() || index >= history_min;
        largest.forget(|at| at + window < index);
        if known
            && largest.is_exceeded_by(energy)
            && !background.accepted(series.interval(index).end)
        {
            held.push(index);
            continue;
        }
        largest.add(index, energy);
    }
    if background.largest_before.is_none() && series.slots.len() > 2 * history_min {
        let early_ones = held.partition_point(|index| *index < history_min);
        debug_assert_eq!(early_ones, 0);
        let mut early = Vec::new();
        let mut largest = Largest::new(None, factor);
        let end = (history_min + window).min(series.slots.len());
        for index in (0..end).rev() {
            let Some(energy) = series.slots[index].energy else { continue };
            if index >= history_min && held.binary_search(&index).is_ok() {
                continue;
            }
            if index < history_min
                && largest.is_exceeded_by(energy)
                && !background.accepted(series.interval(index).end)
            {
                early.push(index);
                continue;
            }
            largest.add(index, energy);
        }
        early.reverse();
        early.append(&mut held);
        held = early;
    }
    let what = What { rule: "R8", severity: rules.spike.severity, action: &rules.spike.action };
    let text = said!("finding.spike", "the reading is above any of the days around");
    hold(series, &held, &what, &text, log);
}

/// The largest reading of a moving window.
struct Largest {
    /// Positions whose energies fall: the first is the largest of the window.
    falling: VecDeque<(usize, Energy)>,
    before: Option<Energy>,
    factor: Decimal,
    /// The limit that follows, kept while the largest stays.
    limit: Option<(Energy, Energy)>,
}

impl Largest {
    fn new(before: Option<Energy>, factor: Decimal) -> Self {
        Self { falling: VecDeque::new(), before, factor, limit: None }
    }

    fn forget(&mut self, old: impl Fn(usize) -> bool) {
        while self.falling.front().is_some_and(|(at, _)| old(*at)) {
            self.falling.pop_front();
        }
    }

    fn is_exceeded_by(&mut self, energy: Energy) -> bool {
        let most = self.falling.front().map(|(_, most)| *most).max(self.before);
        let Some(most) = most.filter(|most| !most.is_zero()) else { return false };
        let limit = match self.limit {
            Some((of, limit)) if of == most => limit,
            _ => {
                let limit = most.scaled(self.factor);
                self.limit = Some((most, limit));
                limit
            }
        };
        energy > limit
    }

    fn add(&mut self, index: usize, energy: Energy) {
        while self.falling.back().is_some_and(|(_, smaller)| *smaller <= energy) {
            self.falling.pop_back();
        }
        self.falling.push_back((index, energy));
    }
}

/// Runs of one length from which the share of longer ones can be told.
const RUNS_MIN: f64 = 50.0;

/// The length from which equal readings are no accident of this meter's resolution: `least`, or more
/// where short runs of equal readings are so frequent that a longer one is to be expected.
///
/// The share of runs that go on is taken from runs shorter than `least`, so that faults do not count
/// for it.
fn longer_by_resolution(series: &Series, least: usize) -> usize {
    let mut runs = vec![0.0_f64; least];
    let (mut length, mut last) = (0_usize, None);
    for slot in series.slots.iter().chain([&Slot::MISSING]) {
        if slot.energy.is_some() && slot.energy == last {
            length += 1;
            continue;
        }
        if last.is_some_and(|energy: Energy| !energy.is_zero())
            && let Some(count) = runs.get_mut(length)
        {
            *count += 1.0;
        }
        (length, last) = (1, slot.energy);
    }
    let Some(told) = (2..least.saturating_sub(1)).rev().find(|length| runs[*length] >= RUNS_MIN)
    else {
        return least;
    };
    let share = (runs[told + 1] / runs[told]).min(0.95);
    let longer = |length: usize| {
        let steps = i32::try_from(length - told - 1).unwrap_or(i32::MAX);
        runs[told + 1] * share.powi(steps) / (1.0 - share)
    };
    let day = slots_of_a_day(series).max(least);
    (least..day).find(|length| longer(*length) < 1.0).unwrap_or(day)
}

/// R7: the same non-zero reading again and again, or zeros while the machine was confirmed to run.
pub(super) fn hold_stuck(
    series: &mut Series,
    rules: &RuleSet,
    background: &Background<'_>,
    log: &mut Log<'_>,
) {
    if !rules.stuck.enabled {
        return;
    }
    let least = longer_by_resolution(series, rules.stuck.limits.readings.max(2));
    let runs_in = |index: usize| {
        let interval = series.interval(index);
        background.running.iter().any(|run| run.start <= interval.start && interval.end <= run.end)
    };
    let (mut held, mut first) = (Vec::new(), 0);
    for index in 1..=series.slots.len() {
        let start = series.slots[first].energy;
        let same = series
            .slots
            .get(index)
            .is_some_and(|slot| slot.energy.is_some() && slot.energy == start);
        if same {
            continue;
        }
        if index - first >= least
            && let Some(energy) = start
        {
            if !energy.is_zero() {
                held.extend(first..index);
            } else if !background.running.is_empty() {
                let running: Vec<usize> = (first..index).filter(|at| runs_in(*at)).collect();
                if running.len() >= least {
                    held.extend(running);
                }
            }
        }
        first = index;
    }
    held.retain(|index| !background.accepted(series.interval(*index).end));
    let what = What { rule: "R7", severity: rules.stuck.severity, action: &rules.stuck.action };
    let text = said!("finding.stuck", "the meter repeats one reading");
    hold(series, &held, &what, &text, log);
}

pub(super) fn slots_of_a_day(series: &Series) -> usize {
    usize::try_from(86_400 / series.step.as_secs().max(1)).unwrap_or(1)
}

/// What a rule says of what it holds.
pub(super) struct What<'a> {
    pub rule: &'static str,
    pub severity: Severity,
    pub action: &'a str,
}

/// Makes slots missing, keeps what they held, and names each run of them. A rule that does not hold
/// only names them.
pub(super) fn hold(
    series: &mut Series,
    held: &[usize],
    what: &What<'_>,
    text: &Said,
    log: &mut Log<'_>,
) {
    for run in held.chunk_by(|a, b| a + 1 == *b) {
        let (start, end) = (series.interval(run[0]).start, series.interval(run[run.len() - 1]).end);
        let first = series.slots[run[0]].energy;
        let flag = |index: &usize| Flag { rule: what.rule, end: series.interval(*index).end };
        log.flags.extend(run.iter().map(flag));
        for index in run.iter().filter(|_| what.severity == Severity::Hold) {
            let interval_end = series.interval(*index).end;
            let old = series.slots[*index].energy.map(Energy::amount);
            log.corrections.push(Correction {
                meter: Some(log.meter.id.clone()),
                rule: what.rule.to_owned(),
                interval_end,
                old_stamp: interval_end,
                old_kwh: old,
                new_kwh: None,
                method: "held".to_owned(),
                error_percent: None,
            });
            series.slots[*index] = Slot::MISSING;
        }
        let text = match first {
            None => text.clone(),
            Some(energy) => said!(
                "finding.with-reading",
                "{what} ({amount} {unit})",
                what = text,
                unit = log.meter.medium.symbol(),
                amount = energy.amount().normalize()
            ),
        };
        log.findings.push(Finding {
            rule: what.rule.to_owned(),
            severity: what.severity,
            subject: log.meter.id.to_string(),
            interval: Some(Interval { start, end }),
            count: run.len(),
            text,
            proposal: action_said(what.rule, what.action),
        });
    }
}
