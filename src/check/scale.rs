//! R8 by days: a day whose readings all stand in one ratio to those of its weekday was counted in
//! another unit or with another CT ratio.

use super::readings::{Background, Log};
use super::values::{What, hold, slots_of_a_day};
use super::{RuleSet, SpikeLimits};
use crate::quantity::Energy;
use crate::reading::Series;
use crate::said;

/// Weeks looked back.
const WEEKS: usize = 4;
/// Earlier days of the weekday that are needed.
const DAYS_MIN: usize = 2;
/// Share of a day's readings that must have a ratio.
const READINGS_MIN: f64 = 0.8;
/// Share of the ratios that must lie within half and double the scale: a scale keeps the shape.
const SHAPE_MIN: f64 = 0.8;

/// Least correlation of a day with its weekdays: a plant that idles on a holiday has another shape.
const CORRELATION_MIN: f64 = 0.6;

/// Holds days in a wrong scale, wherever they begin.
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
    let mut ratios: Vec<Option<f64>> = vec![None; values.len()];
    let (mut next, mut window) = (DAYS_MIN * week, Vec::with_capacity(day));
    // A day is looked at from every full hour on, so that a fault need not begin at midnight.
    let hour = (day / 24).max(1);
    for first in (DAYS_MIN * week..(series.slots.len() + 1).saturating_sub(day)).step_by(hour) {
        while next < first + day {
            ratios[next] = ratio(&values, next, week);
            next += 1;
        }
        window.clear();
        window.extend(ratios[first..first + day].iter().flatten());
        let Some(scale) = scale_of(&mut window, day, limits) else { continue };
        let pairs =
            (first..first + day).filter_map(|at| Some((values[at], values[at] / ratios[at]?)));
        if correlation(pairs) < CORRELATION_MIN {
            continue;
        }
        for at in first..first + day {
            // Readings at the window's edge can be sound: nearer to one than to the scale.
            let wrong = ratios[at].is_some_and(|own| (own / scale).ln().abs() < own.ln().abs());
            if wrong && !background.accepted(series.interval(at).end) {
                found.push((at, scale));
                // What is held is no history.
                values[at] = f64::NAN;
            }
        }
    }
    found.sort_by_key(|(at, _)| *at);
    found.dedup_by_key(|(at, _)| *at);
    let what = What { rule: "R8", severity: rules.spike.severity, action: &rules.spike.action };
    for same in found.chunk_by(|a, b| a.1 == b.1) {
        let (held, scale): (Vec<usize>, f64) =
            (same.iter().map(|(at, _)| *at).collect(), same[0].1);
        let text = said!(
            "finding.scale",
            "the day stands at {scale} times its weekdays: another unit or CT ratio",
            scale = scale
        );
        hold(series, &held, &what, &text, log);
    }
}

/// The scale in which a day stands, by the ratios of its readings to those of its weekdays.
fn scale_of(ratios: &mut [f64], day: usize, limits: &SpikeLimits) -> Option<f64> {
    if (ratios.len() as f64) < READINGS_MIN * day as f64 {
        return None;
    }
    let middle = ratios.len() / 2;
    let median = *ratios.select_nth_unstable_by(middle, f64::total_cmp).1;
    let near = |scale: &&f64| (median / **scale - 1.0).abs() <= limits.scale_tolerance;
    let scale = *limits.scales.iter().find(near)?;
    let alike = ratios.iter().filter(|ratio| (0.5..=2.0).contains(&(**ratio / scale))).count();
    (alike as f64 >= SHAPE_MIN * ratios.len() as f64).then_some(scale)
}

/// Pearson's correlation; zero if one side does not change.
fn correlation(pairs: impl Iterator<Item = (f64, f64)>) -> f64 {
    let (mut n, mut x, mut y, mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
    for (a, b) in pairs.filter(|(a, b)| a.is_finite() && b.is_finite()) {
        n += 1.0;
        x += a;
        y += b;
        xx += a * a;
        yy += b * b;
        xy += a * b;
    }
    let spread = (n * xx - x * x) * (n * yy - y * y);
    if spread > 0.0 { (n * xy - x * y) / spread.sqrt() } else { 0.0 }
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
