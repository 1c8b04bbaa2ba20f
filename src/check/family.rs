//! Gaps of a meter whose parent and siblings were read: what is left of the parent.

use jiff::Timestamp;
use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;

use super::impute::by_balance;
use super::{CheckedReadings, Correction, RuleSet};
use crate::quantity::Energy;
use crate::reading::{Series, Slot};
use crate::value_state::ValueState;

/// Readings known on both sides before a balance is believed.
const READINGS_MIN: usize = 96;
/// A balance that is further off than this, in percent of the energy, says something else.
const ERROR_MAX: f64 = 20.0;

/// Puts the balance in the place of what was imputed or is missing in the meters at `children`,
/// wherever the meter at `parent` and all other children were measured; the error is measured where
/// nothing is missing. `children` are all there is below the parent.
///
/// # Source
///
/// Methods (e), imputation ladder: parent meter alive, then the balance before any history.
pub fn fill_by_balance(
    meters: &mut [CheckedReadings],
    parent: usize,
    children: &[usize],
    rules: &RuleSet,
) {
    if !rules.missing.enabled || children.is_empty() {
        return;
    }
    for child in children {
        let siblings: Vec<&Series> = children
            .iter()
            .filter(|other| *other != child)
            .map(|other| &*meters[*other].series)
            .collect();
        let found = balanced(&meters[*child].series, &meters[parent].series, &siblings);
        let Some((values, error)) = found else { continue };
        let error = Decimal::from_f64(error).map(|error| error.round_dp(1));
        for (at, kwh) in values {
            put(&mut meters[*child], at, kwh, error);
        }
    }
}

/// What a balance fills: position and kWh, and its measured error in percent.
type Filled = (Vec<(usize, f64)>, f64);

/// What the balance says of the gaps of `own`; `None` if nothing, or if it does not close.
fn balanced(own: &Series, parent: &Series, siblings: &[&Series]) -> Option<Filled> {
    let measured = |series: &Series, at: Timestamp| {
        let slot = series.slots[series.index_at(at)?];
        (slot.state == ValueState::Measured).then_some(slot.energy?.to_f64())
    };
    let (mut places, mut above, mut beside) =
        (Vec::new(), Vec::new(), vec![Vec::new(); siblings.len()]);
    let gap = |slot: &Slot| matches!(slot.state, ValueState::Imputed | ValueState::Missing);
    if siblings.iter().chain([&parent]).any(|other| other.step != own.step)
        || !own.slots.iter().any(gap)
    {
        return None;
    }
    for at in 0..own.slots.len() {
        let start = own.interval(at).start;
        let Some(total) = measured(parent, start) else { continue };
        let others: Option<Vec<f64>> = siblings.iter().map(|s| measured(s, start)).collect();
        let Some(others) = others else { continue };
        places.push(at);
        above.push(total);
        beside.iter_mut().zip(others).for_each(|(column, value)| column.push(value));
    }
    let columns: Vec<&[f64]> = beside.iter().map(Vec::as_slice).collect();
    let (mut wrong, mut sum, mut known, mut filled) = (0.0, 0.0, 0_usize, Vec::new());
    for (at, value) in places.into_iter().zip(by_balance(&above, &columns)) {
        let slot = &own.slots[at];
        if gap(slot) {
            filled.push((at, value));
        } else if let (ValueState::Measured, Some(energy)) = (slot.state, slot.energy) {
            wrong += (energy.to_f64() - value).abs();
            sum += energy.to_f64();
            known += 1;
        }
    }
    let error = 100.0 * wrong / sum.max(f64::MIN_POSITIVE);
    (known >= READINGS_MIN && error <= ERROR_MAX && !filled.is_empty()).then_some((filled, error))
}

/// The original stays in the correction that was there first.
fn put(checked: &mut CheckedReadings, at: usize, kwh: f64, error_percent: Option<Decimal>) {
    let end = checked.series.interval(at).end;
    let kwh = Decimal::from_f64(kwh).unwrap_or_default().round_dp(6);
    let method = "balance: the parent less the other meters below it".to_owned();
    match checked.corrections.iter_mut().find(|c| c.interval_end == end && c.new_kwh.is_some()) {
        Some(known) => {
            (known.new_kwh, known.method, known.error_percent) = (Some(kwh), method, error_percent);
        }
        None => checked.corrections.push(Correction {
            meter: Some(checked.series.meter.clone()),
            rule: "R4".to_owned(),
            interval_end: end,
            old_stamp: end,
            old_kwh: None,
            new_kwh: Some(kwh),
            method,
            error_percent,
        }),
    }
    checked.series.0.slots[at] =
        Slot { energy: Some(Energy::new(kwh)), state: ValueState::Imputed };
}
