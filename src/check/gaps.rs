//! Gaps: filled by a named method if they are short, missing if they are not. Never a zero.

use rust_decimal::Decimal;

use super::readings::Log;
use super::{Correction, Finding, RuleLimits, Severity};
use crate::period::Interval;
use crate::quantity::Energy;
use crate::reading::{Series, Slot};
use crate::value_state::ValueState;

/// Fills each gap by the method for its length; longer gaps stay missing.
pub(super) fn impute(series: &mut Series, limits: &RuleLimits, log: &mut Log<'_>) {
    let minutes = usize::try_from(series.step.as_mins()).unwrap_or(1).max(1);
    let day = (24 * 60) / minutes;
    let mut index = 0;
    while index < series.slots.len() {
        if series.slots[index].energy.is_some() {
            index += 1;
            continue;
        }
        let length = series.slots[index..].iter().take_while(|s| s.energy.is_none()).count();
        let gap = index..index + length;
        let filled = if length * minutes <= limits.linear_minutes {
            straight(series, &gap).map(|values| (values, "straight line between neighbours"))
        } else if length * minutes <= limits.median_hours * 60 {
            medians(series, &gap, day)
                .map(|values| (values, "median of the same weekday and time, four weeks around"))
        } else {
            None
        };
        let interval = Interval {
            start: series.interval(gap.start).start,
            end: series.interval(gap.end - 1).end,
        };
        let (severity, text, proposal) = match &filled {
            Some((_, method)) => (
                Severity::Notice,
                format!("{length} intervals had no reading and were imputed: {method}"),
                "enter the readings by hand if they are known",
            ),
            None => (
                Severity::Hold,
                format!(
                    "METER-GAP: {length} intervals have no reading and no method may fill them"
                ),
                "enter the readings by hand; nothing can be posted for them",
            ),
        };
        log.findings.push(Finding {
            rule: "R4".to_owned(),
            severity,
            subject: log.meter.id.to_string(),
            interval: Some(interval),
            count: length,
            text,
            proposal: proposal.to_owned(),
        });
        if let Some((values, method)) = filled {
            for (position, value) in gap.clone().zip(values) {
                let interval_end = series.interval(position).end;
                log.corrections.push(Correction {
                    rule: "R4".to_owned(),
                    interval_end,
                    old_stamp: interval_end,
                    old_kwh: None,
                    new_kwh: Some(value.amount()),
                    method: method.to_owned(),
                });
                series.slots[position] = Slot { energy: Some(value), state: ValueState::Imputed };
            }
        }
        index = gap.end;
    }
}

/// A straight line from the reading before to the one after.
fn straight(series: &Series, gap: &std::ops::Range<usize>) -> Option<Vec<Energy>> {
    let before = series.slots.get(gap.start.checked_sub(1)?)?.energy?;
    let after = series.slots.get(gap.end)?.energy?;
    let steps = Decimal::from(gap.len() + 1);
    let value = |step: usize| {
        let share = Decimal::from(step) / steps;
        Energy::new((before.amount() + (after.amount() - before.amount()) * share).round_dp(6))
    };
    Some((1..=gap.len()).map(value).collect())
}

/// For each slot the median of the same slot of the week in the four weeks before and after.
fn medians(series: &Series, gap: &std::ops::Range<usize>, day: usize) -> Option<Vec<Energy>> {
    let week = 7 * day;
    gap.clone()
        .map(|position| {
            let before = (1..=4).filter_map(|weeks| position.checked_sub(weeks * week));
            let after = (1..=4).map(|weeks| position + weeks * week);
            let mut known: Vec<Energy> =
                before.chain(after).filter_map(|index| series.slots.get(index)?.energy).collect();
            known.sort();
            let middle = known.len() / 2;
            match known.len() {
                0 => None,
                n if n % 2 == 1 => Some(known[middle]),
                _ => {
                    let sum = known[middle - 1] + known[middle];
                    Some(Energy::new((sum.amount() / Decimal::TWO).round_dp(6)))
                }
            }
        })
        .collect()
}
