//! R8 by days: a day whose readings all stand in one ratio to those of its weekday was counted in
//! another unit or with another CT ratio.

use super::RuleSet;
use super::readings::{Background, Log};
use super::values::{What, hold, slots_of_a_day};
use crate::quantity::Energy;
use crate::reading::Series;

/// Weeks looked back.
const WEEKS: usize = 4;
/// Earlier days of the weekday that are needed.
const DAYS_MIN: usize = 2;
/// Share of a day's readings that must have a ratio.
const READINGS_MIN: f64 = 0.8;
/// Share of the ratios that must lie within half and double the scale: a scale keeps the shape.
const SHAPE_MIN: f64 = 0.8;

/// Holds days in a wrong scale.
pub(super) fn hold_wrong_scale(
    series: &mut Series,
    rules: &RuleSet,
    background: &Background<'_>,
    log: &mut Log<'_>,
) {
    let limits = &rules.spike.limits;
    let (day, week) = (slots_of_a_day(series), 7 * slots_of_a_day(series));
    if !rules.spike.enabled || limits.scales.is_empty() || series.slots.len() < DAYS_MIN * week {
        return;
    }
    let mut values: Vec<f64> =
        series.slots.iter().map(|slot| slot.energy.map_or(f64::NAN, Energy::to_f64)).collect();
    let mut found: Vec<(usize, f64)> = Vec::new();
    let mut ratios = Vec::with_capacity(day);
    for first in (DAYS_MIN * week..series.slots.len().saturating_sub(day - 1)).step_by(day) {
        ratios.clear();
        ratios.extend((first..first + day).filter_map(|at| ratio(&values, at, week)));
        if (ratios.len() as f64) < READINGS_MIN * day as f64 {
            continue;
        }
        ratios.sort_by(f64::total_cmp);
        let median = ratios[ratios.len() / 2];
        let near = |scale: &&f64| (median / **scale - 1.0).abs() <= limits.scale_tolerance;
        let Some(scale) = limits.scales.iter().find(near) else { continue };
        let alike = ratios.iter().filter(|ratio| (0.5..=2.0).contains(&(**ratio / scale))).count();
        if (alike as f64) < SHAPE_MIN * ratios.len() as f64
            || background.accepted(series.interval(first).end)
        {
            continue;
        }
        found.push((first, *scale));
        // What is held is no history.
        values[first..first + day].fill(f64::NAN);
    }
    let what = What { rule: "R8", severity: rules.spike.severity, action: &rules.spike.action };
    for (first, scale) in found {
        let held: Vec<usize> =
            (first..first + day).filter(|at| series.slots[*at].energy.is_some()).collect();
        let text =
            format!("the day stands at {scale} times its weekdays: another unit or CT ratio");
        hold(series, &held, &what, &text, log);
    }
}

/// A reading over the median of the same time of the weeks before.
fn ratio(values: &[f64], at: usize, week: usize) -> Option<f64> {
    let mut before: Vec<f64> = (1..=WEEKS)
        .filter_map(|weeks| at.checked_sub(weeks * week))
        .map(|index| values[index])
        .filter(|value| value.is_finite())
        .collect();
    before.sort_by(f64::total_cmp);
    let middle = before.len() / 2;
    let median = match before.len() {
        0 | 1 => return None,
        n if n % 2 == 1 => before[middle],
        _ => (before[middle - 1] + before[middle]) / 2.0,
    };
    (values[at].is_finite() && median > 0.0).then(|| values[at] / median)
}
