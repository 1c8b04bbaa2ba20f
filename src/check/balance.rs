//! R9: what the children of a meter count against what it counts itself.

use jiff::SignedDuration;

use super::rule::action_said;
use super::{Finding, RuleSet};
use crate::period::Interval;
use crate::reading::{Medium, Series, Slot};
use crate::said;
use crate::value_state::ValueState;

/// A series with the accuracy of its meter.
#[derive(Clone, Copy, Debug)]
pub struct Metered<'a> {
    /// Interval energies.
    pub series: &'a Series,
    /// Accuracy class in percent, read as the limit of two standard deviations.
    pub class_percent: f64,
    /// Whether it feeds in beside the parent, as own generation does.
    pub feeds_in: bool,
}

/// Compares a parent with its children of one medium, summed over the hours of the rule so that clocks that are a
/// little apart do no harm. `all_metered` says whether the children are all there is below it.
///
/// A stretch in which any of them has no reading, or one that was imputed, is not compared. With a consumer without a meter
/// only children above the parent are a contradiction.
///
/// # Source
///
/// Methods (e), R9, with the variances of (d): sigma = class x value / 2.
pub fn balance(
    parent: Metered<'_>,
    children: &[Metered<'_>],
    all_metered: bool,
    medium: Medium,
    rules: &RuleSet,
) -> Vec<Finding> {
    let limits = &rules.balance.limits;
    let Some(span) = parent.series.span().filter(|_| rules.balance.enabled) else {
        return Vec::new();
    };
    let stretch = SignedDuration::from_hours(i64::from(limits.hours.max(1)));
    let mut findings: Vec<Finding> = Vec::new();
    let mut start = span.start;
    while start + stretch <= span.end {
        let interval = Interval { start, end: start + stretch };
        start += stretch;
        let sum = |metered: &Metered<'_>| {
            let covered = metered
                .series
                .span()
                .is_some_and(|own| own.start <= interval.start && interval.end <= own.end);
            let (energy, missing) = metered.series.energy_within(interval);
            let imputed = |(_, slot): (Interval, Slot)| slot.state == ValueState::Imputed;
            let read = covered && missing == 0 && !metered.series.within(interval).any(imputed);
            read.then(|| energy.to_f64())
        };
        let Some(above) = sum(&parent) else { continue };
        let Some(below) = children.iter().map(sum).collect::<Option<Vec<f64>>>() else { continue };
        let variance = |value: f64, class: f64| (value * class / 200.0).powi(2);
        let mut square = variance(above, parent.class_percent);
        for (child, value) in children.iter().zip(&below) {
            square += variance(*value, child.class_percent);
        }
        let signed = children.iter().zip(&below).map(
            |(child, value)| {
                if child.feeds_in { -value } else { *value }
            },
        );
        let total: f64 = signed.sum();
        let (gap, deviation) = (above - total, square.sqrt());
        let beyond = if all_metered {
            gap.abs() > limits.deviations * deviation || gap.abs() > limits.share * above
        } else {
            -gap > limits.deviations * deviation
        };
        if !beyond {
            continue;
        }
        let text = said!(
            "finding.balance",
            "children count {total:.1} {unit}, {parent} counts {above:.1} {unit}: {percent:+.1} %, \
             {deviations:.1} deviations",
            unit = medium.symbol(),
            total = total,
            above = above,
            percent = 100.0 * (total / above - 1.0),
            deviations = gap.abs() / deviation.max(f64::MIN_POSITIVE),
            parent = parent.series.meter
        );
        match findings.last_mut() {
            Some(last) if last.interval.is_some_and(|known| known.end == interval.start) => {
                last.count += 1;
                last.interval =
                    last.interval.map(|known| Interval { start: known.start, end: interval.end });
            }
            _ => findings.push(Finding {
                rule: "R9".to_owned(),
                severity: rules.balance.severity,
                subject: parent.series.meter.to_string(),
                interval: Some(interval),
                count: 1,
                text,
                proposal: action_said("R9", &rules.balance.action),
            }),
        }
    }
    findings
}
