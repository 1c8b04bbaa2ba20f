//! R4: gaps, filled by the best measured method if they are short, missing if they are not. Never a
//! zero.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;

use super::impute::{Ladder, active_from_reactive, calibrate};
use super::readings::{Background, Flag, Log};
use super::rule::action_said;
use super::{Correction, Finding, RuleSet, Severity};
use crate::period::Interval;
use crate::quantity::Energy;
use crate::reading::{Series, Slot};
use crate::said;
use crate::said::Said;
use crate::value_state::ValueState;

/// Readings known both ways before a redundant register is believed.
const REGISTER_READINGS_MIN: usize = 96;
/// A redundant register that is further off than this, in percent, says something else.
const REGISTER_ERROR_MAX: f64 = 20.0;

/// Fills each gap by the method for its length; longer gaps stay missing, and so do gaps so new that
/// late readings may still come.
pub(super) fn impute(
    series: &mut Series,
    rules: &RuleSet,
    now: Timestamp,
    background: &Background<'_>,
    log: &mut Log<'_>,
) -> Option<Ladder> {
    if !rules.missing.enabled {
        return None;
    }
    if let Some(reactive) = background.reactive {
        from_register(series, reactive, rules, log);
    }
    let gaps = gaps(series);
    if gaps.is_empty() {
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
        let flag = |at: usize| Flag { rule: "R4", end: series.interval(at).end };
        log.flags.extend(gap.clone().map(flag));
        let filled = ladder
            .as_ref()
            .filter(|_| !young && gap.len() * minutes <= most)
            .and_then(|ladder| ladder.fill(&known, &gap));
        tell(&gap, interval, young, filled.as_ref().map(|(_, method)| method.said()), rules, log);
        let Some((values, method)) = filled else { continue };
        for (position, value) in gap.zip(values) {
            let interval_end = series.interval(position).end;
            // The one place where an estimate becomes a decimal: to a millionth of a kWh.
            let energy = Decimal::from_f64(value).unwrap_or_default().round_dp(6);
            log.corrections.push(Correction {
                meter: Some(log.meter.id.clone()),
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

/// What the same meter's reactive register and power factor say of readings that lack, with the error
/// that they have where the reading is known. No gap is too long for it.
fn from_register(
    series: &mut Series,
    reactive: &BTreeMap<Timestamp, (f64, f64)>,
    rules: &RuleSet,
    log: &mut Log<'_>,
) {
    let of = |end: Timestamp| {
        let (kvarh, power_factor) = reactive.get(&end)?;
        active_from_reactive(*kvarh, *power_factor)
    };
    let (mut wrong, mut sum, mut known) = (0.0, 0.0, 0_usize);
    for (index, slot) in series.slots.iter().enumerate() {
        if let (Some(energy), Some(value)) = (slot.energy, of(series.interval(index).end)) {
            wrong += (energy.to_f64() - value).abs();
            sum += energy.to_f64();
            known += 1;
        }
    }
    let error = 100.0 * wrong / sum.max(f64::MIN_POSITIVE);
    if known < REGISTER_READINGS_MIN || error > REGISTER_ERROR_MAX {
        return;
    }
    let method = "reactive energy and power factor of the same meter";
    let mut filled: Vec<usize> = Vec::new();
    for index in 0..series.slots.len() {
        if series.slots[index].energy.is_some() {
            continue;
        }
        let end = series.interval(index).end;
        let Some(value) = of(end).and_then(Decimal::from_f64) else { continue };
        let value = value.round_dp(6);
        log.corrections.push(Correction {
            meter: Some(log.meter.id.clone()),
            rule: "R4".to_owned(),
            interval_end: end,
            old_stamp: end,
            old_kwh: None,
            new_kwh: Some(value),
            method: method.to_owned(),
            error_percent: Decimal::from_f64(error).map(|error| error.round_dp(1)),
        });
        log.flags.push(Flag { rule: "R4", end });
        let energy = Some(Energy::new(value));
        series.slots[index] = Slot { energy, state: ValueState::Imputed };
        filled.push(index);
    }
    let text = said!(
        "imputed.by-register",
        "reactive energy and power factor of the same meter, error {error:.1} %",
        error = error
    );
    for run in filled.chunk_by(|a, b| a + 1 == *b) {
        let (first, last) = (run[0], run[run.len() - 1]);
        let interval =
            Interval { start: series.interval(first).start, end: series.interval(last).end };
        tell(&(first..last + 1), interval, false, Some(&text), rules, log);
    }
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
    method: Option<&Said>,
    rules: &RuleSet,
    log: &mut Log<'_>,
) {
    let length = gap.len();
    let (severity, text) = match method {
        Some(method) => (
            Severity::Notice,
            said!(
                "finding.imputed",
                "{length} intervals had no reading and were imputed: {method}",
                length = length,
                method = method
            ),
        ),
        None if young => (
            rules.missing.severity,
            said!(
                "finding.waited-for",
                "{length} intervals have no reading yet; late ones are waited for",
                length = length
            ),
        ),
        None => (
            Severity::Hold,
            said!(
                "finding.gap",
                "METER-GAP: no readings from {from} to {to}; {length} intervals missing, and no method \
                 may fill them",
                from = interval.start,
                to = interval.end,
                length = length
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
        proposal: action_said("R4", &rules.missing.action),
    });
}
