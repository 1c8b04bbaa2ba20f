//! R7 and R8: readings that a sound meter does not give. They are held and become missing.

use std::collections::VecDeque;

use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;

use super::readings::Log;
use super::{Correction, Finding, RuleLimits, Severity};
use crate::period::Interval;
use crate::quantity::Energy;
use crate::reading::{Series, Slot};

/// Days of history before R8 says anything.
const HISTORY_DAYS_MIN: usize = 7;

/// R8: a reading above so many times the largest of the days before is no reading.
pub(super) fn hold_spikes(series: &mut Series, limits: &RuleLimits, log: &mut Log<'_>) {
    let day = slots_of_a_day(series);
    let (window, history_min) = (day * limits.spike_days, day * HISTORY_DAYS_MIN);
    let factor = Decimal::from_f64(limits.spike_factor).unwrap_or(Decimal::from(3));
    // Positions whose energies fall: the first is the largest of the window.
    let mut largest: VecDeque<(usize, Energy)> = VecDeque::new();
    let mut held = Vec::new();
    for index in 0..series.slots.len() {
        while largest.front().is_some_and(|(at, _)| at + window < index) {
            largest.pop_front();
        }
        let Some(energy) = series.slots[index].energy else { continue };
        let limit = largest.front().map(|(_, most)| most.scaled(factor));
        if index >= history_min && limit.is_some_and(|limit| energy > limit && !limit.is_zero()) {
            held.push(index);
            continue;
        }
        while largest.back().is_some_and(|(_, smaller)| *smaller <= energy) {
            largest.pop_back();
        }
        largest.push_back((index, energy));
    }
    hold(series, &held, "R8", "the reading is above any of the days before", log);
}

/// R7: the same non-zero reading again and again.
pub(super) fn hold_stuck(series: &mut Series, limits: &RuleLimits, log: &mut Log<'_>) {
    let (mut held, mut first) = (Vec::new(), 0);
    for index in 1..=series.slots.len() {
        let same = series.slots.get(index).is_some_and(|slot| {
            slot.energy.is_some_and(|energy| !energy.is_zero())
                && slot.energy == series.slots[first].energy
        });
        if same {
            continue;
        }
        if index - first >= limits.stuck_readings.max(2) {
            held.extend(first..index);
        }
        first = index;
    }
    hold(series, &held, "R7", "the meter repeats one reading", log);
}

fn slots_of_a_day(series: &Series) -> usize {
    usize::try_from(86_400 / series.step.as_secs().max(1)).unwrap_or(1)
}

/// Makes slots missing, keeps what they held, and names each run of them.
fn hold(series: &mut Series, held: &[usize], rule: &str, text: &str, log: &mut Log<'_>) {
    for run in held.chunk_by(|a, b| a + 1 == *b) {
        let (start, end) = (series.interval(run[0]).start, series.interval(run[run.len() - 1]).end);
        for index in run {
            let interval_end = series.interval(*index).end;
            let old = series.slots[*index].energy.map(Energy::amount);
            log.corrections.push(Correction {
                rule: rule.to_owned(),
                interval_end,
                old_stamp: interval_end,
                old_kwh: old,
                new_kwh: None,
                method: "held".to_owned(),
            });
            series.slots[*index] = Slot::MISSING;
        }
        log.findings.push(Finding {
            rule: rule.to_owned(),
            severity: Severity::Hold,
            subject: log.meter.id.to_string(),
            interval: Some(Interval { start, end }),
            count: run.len(),
            text: text.to_owned(),
            proposal: "look at the meter; confirm the reading or enter the right one".to_owned(),
        });
    }
}
