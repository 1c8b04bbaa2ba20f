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
        let mean = before.iter().sum::<f64>() / before.len().max(1) as f64;
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
            recent.push(specific, mean);
        }
        before.push_back(specific);
        if before.len() > limits.batches {
            before.pop_front();
        }
    }
    findings
}

/// How far the last shifts were from what their history says: a plant that runs hot as a whole has no
/// single shift to look at.
#[derive(Clone, Debug, Default)]
pub(super) struct Recent(VecDeque<f64>);

/// Shifts looked back, whatever they made.
const RECENT_SHIFTS: usize = 5;

impl Recent {
    /// A shift and what the mean of its history is.
    pub fn push(&mut self, specific: f64, mean: f64) {
        if specific > 0.0 && mean > 0.0 {
            self.0.push_back((specific / mean).ln().clamp(-1.5, 1.5));
        }
        if self.0.len() > RECENT_SHIFTS {
            self.0.pop_front();
        }
    }

    /// Factor by which a sound shift can be expected above its mean: one at least.
    fn activity(&self, exponent: f64) -> f64 {
        if self.0.is_empty() {
            return 1.0;
        }
        let mean = self.0.iter().sum::<f64>() / self.0.len() as f64;
        (exponent * mean).exp().max(1.0)
    }
}

/// Above the mean of the batches before by the ratio, and above the largest of them: a shift that was as
/// high before is no excess. What the last shifts were above their own means raises the second.
pub(super) fn is_excess(
    specific: f64,
    before: &VecDeque<f64>,
    recent: &Recent,
    limits: &ExcessLimits,
) -> bool {
    let mean = before.iter().sum::<f64>() / before.len() as f64;
    let largest = before.iter().copied().fold(0.0, f64::max);
    let usual = largest * recent.activity(limits.activity);
    specific > limits.ratio * mean && specific > limits.of_largest * usual
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
