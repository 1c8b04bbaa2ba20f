//! R4: gaps, filled by the best measured method if they are short, missing if they are not. Never a
//! zero.

use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;

use super::impute::{Ladder, calibrate};
use super::readings::Log;
use super::{Correction, Finding, RuleSet, Severity};
use crate::period::Interval;
use crate::quantity::Energy;
use crate::reading::{Series, Slot};
use crate::value_state::ValueState;

/// Fills each gap by the method for its length; longer gaps stay missing, and so do gaps so new that
/// late readings may still come.
pub(super) fn impute(
    series: &mut Series,
    rules: &RuleSet,
    now: Timestamp,
    log: &mut Log<'_>,
) -> Option<Ladder> {
    let gaps = gaps(series);
    if gaps.is_empty() || !rules.missing.enabled {
        return None;
    }
    let limits = &rules.missing.limits;
    let minutes = usize::try_from(series.step.as_mins()).unwrap_or(1).max(1);
    let most = limits.impute_up_to_hours as usize * 60;
    let waiting = SignedDuration::from_hours(i64::from(limits.impute_after_hours));
    let known: Vec<Option<f64>> =
        series.slots.iter().map(|slot| slot.energy.map(Energy::to_f64)).collect();
    let fillable = gaps.iter().any(|gap| gap.len() * minutes <= most);
    let ladder = fillable.then(|| calibrate(&known, minutes));
    for gap in gaps {
        let interval = Interval {
            start: series.interval(gap.start).start,
            end: series.interval(gap.end - 1).end,
        };
        let young = interval.end + waiting > now;
        let filled = ladder
            .as_ref()
            .filter(|_| !young && gap.len() * minutes <= most)
            .and_then(|ladder| ladder.fill(&known, &gap));
        tell(&gap, interval, young, filled.as_ref().map(|(_, method)| method.as_str()), rules, log);
        let Some((values, method)) = filled else { continue };
        for (position, value) in gap.zip(values) {
            let interval_end = series.interval(position).end;
            // The one place where an estimate becomes a decimal: to a millionth of a kWh.
            let energy = Decimal::from_f64(value).unwrap_or_default().round_dp(6);
            log.corrections.push(Correction {
                rule: "R4".to_owned(),
                interval_end,
                old_stamp: interval_end,
                old_kwh: None,
                new_kwh: Some(energy),
                method: method.name.to_owned(),
                error_percent: method
                    .error_percent
                    .and_then(Decimal::from_f64)
                    .map(|error| error.round_dp(1)),
            });
            let energy = Some(Energy::new(energy));
            series.slots[position] = Slot { energy, state: ValueState::Imputed };
        }
    }
    ladder
}

fn gaps(series: &Series) -> Vec<std::ops::Range<usize>> {
    let (mut gaps, mut index) = (Vec::new(), 0);
    while index < series.slots.len() {
        if series.slots[index].energy.is_some() {
            index += 1;
            continue;
        }
        let length = series.slots[index..].iter().take_while(|s| s.energy.is_none()).count();
        gaps.push(index..index + length);
        index += length;
    }
    gaps
}

fn tell(
    gap: &std::ops::Range<usize>,
    interval: Interval,
    young: bool,
    method: Option<&str>,
    rules: &RuleSet,
    log: &mut Log<'_>,
) {
    let length = gap.len();
    let (severity, text) = match method {
        Some(method) => (
            Severity::Notice,
            format!("{length} intervals had no reading and were imputed: {method}"),
        ),
        None if young => (
            rules.missing.severity,
            format!("{length} intervals have no reading yet; late ones are waited for"),
        ),
        None => (
            Severity::Hold,
            format!(
                "METER-GAP: {length} intervals have no readings from {} to {} and no method may \
                 fill them",
                interval.start, interval.end
            ),
        ),
    };
    log.findings.push(Finding {
        rule: "R4".to_owned(),
        severity,
        subject: log.meter.id.to_string(),
        interval: Some(interval),
        count: length,
        text,
        proposal: rules.missing.action.clone(),
    });
}
