//! The inventory of a period: what finance posts, by cost center, scope and value state.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::attribution::{in_unit, unit_of};
use super::{Attribution, Consumer, FootprintError};
use crate::factor::{EmissionFactor, FactorBook, Scope};
use crate::master::{MasterData, StandardValue};
use crate::order::Confirmation;
use crate::period::{Interval, ShiftCalendar};
use crate::quantity::{Emissions, Milligrams};
use crate::unit::{Measure, Uom};
use crate::value_state::ValueState;

/// Emissions of one consumer from one factor row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InventoryLine {
    /// Who.
    pub consumer: Consumer,
    /// Scope of the GHG Protocol.
    pub scope: Scope,
    /// How the activity is known.
    pub state: ValueState,
    /// What the consumer used: kWh, GJ or tonnes of output, rounded to six decimals for people.
    pub activity: Measure,
    /// Factor row.
    pub factor: String,
    /// Emissions, in whole milligrams.
    pub emissions: Milligrams,
}

/// Scope 1 and 2 of a plant and period, split exactly.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Inventory {
    /// Which period.
    pub period: Interval,
    /// Emissions of what was metered before it was split: electricity, and media with a factor of scope
    /// 1 or 2, as bought steam.
    pub metered: Milligrams,
    /// How many of the lines come from meters; they stand first.
    #[serde(default)]
    pub from_meters: usize,
    /// Metered electricity in kWh.
    pub metered_kwh: Decimal,
    /// By consumer, scope, state and factor row.
    pub lines: Vec<InventoryLine>,
    /// The factor rows that were used.
    pub factors: Vec<EmissionFactor>,
}

impl Inventory {
    /// Emissions of the lines that come from meters. Equal to `metered`, to the milligram.
    pub fn allocated(&self) -> Milligrams {
        let from_meters =
            self.lines.iter().enumerate().filter(|(at, line)| match self.from_meters {
                // Of an older record: then the meter of electricity was the only one.
                0 => line.scope == Scope::PurchasedEnergy,
                first => *at < first,
            });
        from_meters.map(|(_, line)| line.emissions).sum()
    }

    /// Emissions of all lines.
    pub fn total(&self) -> Milligrams {
        self.lines.iter().map(|line| line.emissions).sum()
    }
}

/// Scope 1 and 2 of the period of `attribution`.
///
/// Scope 2 is the metered electricity, location-based, and bought steam: each group of the attribution is rounded
/// once to whole milligrams and then split by largest remainder, so that the lines sum to the
/// meters. Scope 1 is calculated from confirmed standard values: natural gas in GJ(NCV), and process
/// emissions per tonne of output of the work centers that the factor book knows as
/// `process:<work center>`.
///
/// # Errors
///
/// [`FootprintError`] if a factor is missing, a unit does not fit, or an amount is too large.
///
/// # Source
///
/// GHG Protocol, Scope 2 Guidance (2015), chapter 6, location-based method; Corporate Standard
/// (2004), chapter 6, for scope 1 by activity data.
pub fn inventory(
    attribution: &Attribution,
    master: &MasterData,
    confirmations: &[Confirmation],
    shifts: &ShiftCalendar,
    book: &FactorBook,
    regions: &[&str],
) -> Result<Inventory, FootprintError> {
    let mut factors: BTreeMap<String, EmissionFactor> = BTreeMap::new();
    let mut lines = Vec::new();
    let mut metered = Milligrams::ZERO;
    for group in &attribution.groups {
        let emissions = Emissions::new(group.energy.amount() * group.factor.kg_co2e_per_unit);
        let place = || format!("meter {}", attribution.meter.id);
        let total =
            Milligrams::nearest(emissions).ok_or(FootprintError::TooLarge { place: place() })?;
        metered += total;
        factors.insert(group.factor.id.clone(), group.factor.clone());
        let shares = split(total, &group.shares);
        for ((consumer, kwh), share) in group.shares.iter().zip(shares) {
            lines.push(InventoryLine {
                consumer: consumer.clone(),
                scope: group.factor.scope,
                state: group.state,
                activity: Measure::new(kwh.round_dp(6), Uom::Kwh),
                factor: group.factor.id.clone(),
                emissions: share,
            });
        }
    }
    for medium in &attribution.media {
        for group in &medium.groups {
            let Some(factor) = group.factor.as_ref().filter(|row| row.scope.is_of_the_site())
            else {
                continue;
            };
            let emissions = Emissions::new(group.amount * factor.kg_co2e_per_unit);
            let place = || format!("meter {}", medium.meter.id);
            let total = Milligrams::nearest(emissions)
                .ok_or(FootprintError::TooLarge { place: place() })?;
            metered += total;
            factors.insert(factor.id.clone(), factor.clone());
            let split = split(total, &group.shares);
            lines.extend(group.shares.iter().zip(split).map(|((consumer, part), share)| {
                InventoryLine {
                    consumer: consumer.clone(),
                    scope: factor.scope,
                    state: group.state,
                    activity: Measure::new(part.round_dp(6), medium.unit()),
                    factor: factor.id.clone(),
                    emissions: share,
                }
            }));
        }
    }
    let from_meters = lines.len();
    let direct = direct_emissions(
        attribution.period,
        master,
        confirmations,
        shifts,
        book,
        regions,
        &mut factors,
    )?;
    lines.extend(direct);
    Ok(Inventory {
        period: attribution.period,
        metered,
        from_meters,
        metered_kwh: attribution.metered().amount(),
        lines,
        factors: factors.into_values().collect(),
    })
}

/// `total` by what each consumer used, to the milligram.
fn split(total: Milligrams, shares: &BTreeMap<Consumer, Decimal>) -> Vec<Milligrams> {
    let weights: Vec<Decimal> = shares.values().copied().collect();
    // Nothing used gives every consumer a share of zero.
    total.split(&weights).unwrap_or_else(|| vec![Milligrams::ZERO; weights.len()])
}

fn direct_emissions(
    period: Interval,
    master: &MasterData,
    confirmations: &[Confirmation],
    shifts: &ShiftCalendar,
    book: &FactorBook,
    regions: &[&str],
    factors: &mut BTreeMap<String, EmissionFactor>,
) -> Result<Vec<InventoryLine>, FootprintError> {
    let mut activities: BTreeMap<(Consumer, String, ValueState), Decimal> = BTreeMap::new();
    for confirmation in confirmations.iter().filter(|c| period.contains(c.execution.start)) {
        let Some(center) =
            master.work_centers.values().find(|center| center.code == confirmation.work_center)
        else {
            continue; // The attribution has refused it already if it used energy.
        };
        let consumer = Consumer {
            cost_center: center.cost_center.clone(),
            production: Some((confirmation.work_center.clone(), confirmation.material.clone())),
        };
        let day = confirmation.execution.start.to_zoned(shifts.zone().clone()).date();
        let mut add = |activity: &str, amount: Decimal, unit: Uom, state: ValueState| {
            let factor = book.factor(activity, None, regions, day)?;
            unit_of(factor, unit)?;
            factors.entry(factor.id.clone()).or_insert_with(|| factor.clone());
            let key = (consumer.clone(), factor.id.clone(), state);
            *activities.entry(key).or_default() += amount;
            Ok::<_, FootprintError>(())
        };
        if let Some(gas) = confirmation.activity(StandardValue::NaturalGas) {
            let state = confirmation.state_of(StandardValue::NaturalGas);
            let gas = in_unit(confirmation, gas, Uom::Gigajoule)?;
            add("natural_gas", gas, Uom::Gigajoule, state)?;
        }
        let process = process_activity(&confirmation.work_center);
        if book.rows().iter().any(|row| row.activity == process) {
            let tonnes = in_unit(confirmation, confirmation.yielded, Uom::Tonne)?;
            add(&process, tonnes, Uom::Tonne, ValueState::recorded())?;
        }
    }
    let line = |((consumer, id, state), amount): ((Consumer, String, ValueState), Decimal)| {
        let factor = &factors[&id];
        let emissions = Milligrams::nearest(Emissions::new(amount * factor.kg_co2e_per_unit))
            .ok_or_else(|| FootprintError::TooLarge { place: format!("factor {id}") })?;
        Ok(InventoryLine {
            consumer,
            scope: factor.scope,
            state,
            activity: Measure::new(amount, factor.unit),
            factor: id,
            emissions,
        })
    };
    activities.into_iter().map(line).collect()
}

/// What process emissions of a work center are called in the factor book.
pub(super) fn process_activity(work_center: &crate::id::WorkCenterCode) -> String {
    format!("process:{work_center}")
}
