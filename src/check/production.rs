//! R2 and R4 on production: energy per unit against history, batches without readings.

use std::collections::{BTreeMap, VecDeque};

use rust_decimal::prelude::ToPrimitive;

use super::rule::action_said;
use super::{Checked, ExcessLimits, Finding, RuleSet};
use crate::order::Confirmation;
use crate::period::{ShiftCalendar, ShiftOnDay};
use crate::reading::Series;
use crate::said;
use crate::unit::Uom;
use crate::value_state::ValueState;

/// Holds what was confirmed against what was metered.
///
/// R2 looks at kWh per tonne of a shift, metered energy over confirmed yield, and compares it with
/// the last shifts of the same kind that made the same materials, as [`is_excess`] says. R4 counts, by day and
/// work center, the confirmed batches during which a reading is missing or imputed.
pub fn production(
    confirmations: &[Confirmation],
    series: &Checked<Series>,
    shifts: &ShiftCalendar,
    rules: &RuleSet,
) -> Vec<Finding> {
    let mut by_shift: BTreeMap<ShiftOnDay, Vec<&Confirmation>> = BTreeMap::new();
    for confirmation in confirmations {
        by_shift
            .entry(shifts.shift_at(confirmation.execution.start))
            .or_default()
            .push(confirmation);
    }
    let mut findings = excess(&by_shift, series, shifts, rules);
    findings.extend(without_readings(confirmations, series, shifts, rules));
    findings
}

fn excess(
    by_shift: &BTreeMap<ShiftOnDay, Vec<&Confirmation>>,
    series: &Series,
    shifts: &ShiftCalendar,
    rules: &RuleSet,
) -> Vec<Finding> {
    let limits = &rules.excess.limits;
    if !rules.excess.enabled {
        return Vec::new();
    }
    let mut history: BTreeMap<(Vec<&str>, usize), VecDeque<f64>> = BTreeMap::new();
    let mut recent = Recent::default();
    let mut findings = Vec::new();
    for (shift, confirmed) in by_shift {
        let interval = shifts.interval(*shift);
        let (energy, missing) = series.energy_within(interval);
        let mut materials: Vec<&str> = confirmed.iter().map(|c| c.material.as_str()).collect();
        materials.sort_unstable();
        materials.dedup();
        let tonnes: f64 =
            confirmed.iter().filter_map(|c| c.yielded.in_unit(Uom::Tonne).ok()?.to_f64()).sum();
        if missing > 0 || tonnes <= 0.0 || series.index_at(interval.start).is_none() {
            continue;
        }
        let specific = energy.to_f64() / tonnes;
        let before = history.entry((materials.clone(), shift.shift)).or_default();
        let mean = mean(before);
        if before.len() >= limits.batches && is_excess(specific, before, &recent, limits) {
            findings.push(Finding {
                rule: "R2".to_owned(),
                severity: rules.excess.severity,
                subject: materials.join(" + "),
                interval: Some(interval),
                count: 1,
                text: said!(
                    "finding.excess",
                    "{specific:.0} kWh/t against {mean:.0} in the {shifts} shifts before \
                     ({percent:+.0} %), {tonnes:.3} t",
                    shifts = before.len(),
                    percent = 100.0 * (specific / mean - 1.0),
                    specific = specific,
                    mean = mean,
                    tonnes = tonnes
                ),
                proposal: action_said("R2", &rules.excess.action),
            });
        }
        if before.len() >= limits.batches {
            recent.push(specific, before, limits);
        }
        before.push_back(specific);
        if before.len() > limits.batches {
            before.pop_front();
        }
    }
    findings
}

/// How high the shifts before were over their own history, whatever they made: a plant that runs hot as a
/// whole has no single shift to look at, and one that is unsteady is measured by itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Recent {
    /// Logarithms over the mean, the newest last.
    over_mean: VecDeque<f64>,
    /// Energy per unit over what is usual.
    over_usual: VecDeque<f64>,
}

/// Shifts looked back for how hot the plant runs.
const RECENT_SHIFTS: usize = 5;
/// Shifts of a year by which a meter is measured.
const OWN_SHIFTS: usize = 3 * 365;
/// Fewer shifts, those of four weeks, say nothing of what a meter does.
const OWN_SHIFTS_LEAST: usize = 3 * 28;

impl Recent {
    /// A shift and the batches before it.
    pub fn push(&mut self, specific: f64, before: &VecDeque<f64>, limits: &ExcessLimits) {
        let usual = self.usual(before, limits);
        if usual > 0.0 {
            keep(&mut self.over_usual, specific / usual, OWN_SHIFTS);
        }
        let mean = mean(before);
        if specific > 0.0 && mean > 0.0 {
            keep(&mut self.over_mean, (specific / mean).ln().clamp(-1.5, 1.5), RECENT_SHIFTS);
        }
    }

    /// The largest of the batches, raised where the last shifts were above their own means.
    fn usual(&self, before: &VecDeque<f64>, limits: &ExcessLimits) -> f64 {
        let largest = before.iter().copied().fold(0.0, f64::max);
        let over_mean = if self.over_mean.is_empty() { 0.0 } else { mean(&self.over_mean) };
        largest * (limits.activity * over_mean).exp().max(1.0)
    }

    /// Whether so high a shift is rare for this meter: no more than `share` of its own were higher.
    fn is_rare(&self, over_usual: f64, share: f64) -> bool {
        let own = self.over_usual.len();
        let higher = self.over_usual.iter().filter(|known| **known >= over_usual).count();
        own < OWN_SHIFTS_LEAST || higher as f64 <= share * own as f64
    }
}

fn keep(values: &mut VecDeque<f64>, value: f64, most: usize) {
    values.push_back(value);
    if values.len() > most {
        values.pop_front();
    }
}

fn mean(values: &VecDeque<f64>) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// Above the mean of the batches before by the ratio, above the largest of them by another, which the last
/// shifts raise, and above nearly all that the meter did in a year: a shift that was as high before is no
/// excess.
pub(super) fn is_excess(
    specific: f64,
    before: &VecDeque<f64>,
    recent: &Recent,
    limits: &ExcessLimits,
) -> bool {
    let usual = recent.usual(before, limits);
    specific > limits.ratio * mean(before)
        && specific > limits.of_largest * usual
        && recent.is_rare(specific / usual, limits.own_share)
}

fn without_readings(
    confirmations: &[Confirmation],
    series: &Series,
    shifts: &ShiftCalendar,
    rules: &RuleSet,
) -> Vec<Finding> {
    if !rules.missing.enabled {
        return Vec::new();
    }
    let Some(span) = series.span() else { return Vec::new() };
    let mut days: BTreeMap<_, (usize, usize)> = BTreeMap::new();
    for confirmation in confirmations.iter().filter(|c| span.contains(c.execution.start)) {
        let day = confirmation.execution.start.to_zoned(shifts.zone().clone()).date();
        let count = days.entry((day, &confirmation.work_center)).or_default();
        count.0 += 1;
        let poor = |state: ValueState| state >= ValueState::Imputed;
        count.1 += usize::from(series.within(confirmation.execution).any(|(_, s)| poor(s.state)));
    }
    days.into_iter()
        .filter(|(_, (all, missing))| *missing as f64 > rules.missing.limits.share * *all as f64)
        .map(|((day, center), (all, missing))| Finding {
            rule: "R4".to_owned(),
            severity: rules.missing.severity,
            subject: center.to_string(),
            interval: None,
            count: missing,
            text: said!(
                "finding.batches-missing",
                "{day}: {missing} of {all} batches have missing or imputed readings",
                day = day,
                missing = missing,
                all = all
            ),
            proposal: action_said("R4", &rules.missing.action),
        })
        .collect()
}
