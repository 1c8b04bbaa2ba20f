//! Who used the metered energy of a period: shift by shift, down to work center and product.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::FootprintError;
use crate::check::Checked;
use crate::factor::{EmissionFactor, FactorBook};
use crate::id::{CostCenter, MaterialNumber, WorkCenterCode, WorkCenterInternalId};
use crate::master::{MasterData, StandardValue};
use crate::order::Confirmation;
use crate::period::{Interval, ShiftCalendar, ShiftOnDay};
use crate::quantity::Energy;
use crate::reading::{Meter, Series};
use crate::unit::Uom;
use crate::value_state::ValueState;

/// Who used energy: a work center while it made a material, or the plant's overhead.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Consumer {
    /// Cost center that carries it.
    pub cost_center: CostCenter,
    /// Work center and material; `None` for overhead.
    pub production: Option<(WorkCenterCode, MaterialNumber)>,
}

/// Energy of the period that shares one factor row and one value state.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Factor row of the days on which it was used.
    pub factor: EmissionFactor,
    /// How the readings are known.
    pub state: ValueState,
    /// Metered energy, exact.
    pub energy: Energy,
    /// Intervals that it was summed from.
    pub intervals: usize,
    /// Energy in kWh by consumer. Sums to `energy` but for the 28th digit.
    pub shares: BTreeMap<Consumer, Decimal>,
}

/// The metered energy of a period, given to those who used it.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribution {
    /// Whose readings.
    pub meter: Meter,
    /// Which period.
    pub period: Interval,
    /// By factor row and value state.
    pub groups: Vec<Group>,
    /// Good output in tonnes by work center and material.
    pub yielded: BTreeMap<(WorkCenterCode, MaterialNumber), Decimal>,
    /// Standard electricity in kWh by work center and material.
    pub standard: BTreeMap<(WorkCenterCode, MaterialNumber), Decimal>,
}

impl Attribution {
    /// All metered energy of the period.
    pub fn metered(&self) -> Energy {
        self.groups.iter().map(|group| group.energy).sum()
    }

    /// Energy of the overhead as a share of the energy of production; zero without production.
    pub fn overhead_ratio(&self) -> Decimal {
        let (mut overhead, mut production) = (Decimal::ZERO, Decimal::ZERO);
        for (consumer, kwh) in self.groups.iter().flat_map(|group| &group.shares) {
            match consumer.production {
                Some(_) => production += kwh,
                None => overhead += kwh,
            }
        }
        if production.is_zero() { Decimal::ZERO } else { overhead / production }
    }

    /// Energy in kWh of one work center and material, by value state.
    pub fn of_production(
        &self,
        work_center: &WorkCenterCode,
        material: &MaterialNumber,
    ) -> BTreeMap<ValueState, Decimal> {
        let mut by_state = BTreeMap::new();
        for group in &self.groups {
            for (consumer, kwh) in &group.shares {
                let of_it = consumer.production.as_ref();
                if of_it.is_some_and(|(center, made)| center == work_center && made == material) {
                    *by_state.entry(group.state).or_default() += *kwh;
                }
            }
        }
        by_state
    }
}

/// Gives the metered electricity of `period` to those who used it.
///
/// The energy of each shift goes to the operations confirmed in it, by their confirmed standard
/// electricity (kWh); the energy of a shift without confirmed production is overhead. The meter
/// rules: what is given away is what was metered, whatever the standard values say.
///
/// `series` holds kWh per interval; `zone` turns instants into the days on which factors are valid;
/// `regions` are tried nearest first.
///
/// # Errors
///
/// [`FootprintError::ReadingsMissing`] if an interval of the period has no value,
/// [`FootprintError::PeriodNotCovered`] if the series ends before the period does,
/// [`FootprintError::Factor`] if no factor is valid on a day.
///
/// # Source
///
/// Top-down allocation of a metered total by activity, GHG Protocol Product Standard (2011),
/// chapter 9; time resolution of one shift is ours.
#[allow(clippy::too_many_arguments)]
pub fn attribute(
    series: &Checked<Series>,
    meter: &Meter,
    period: Interval,
    master: &MasterData,
    confirmations: &[Confirmation],
    shifts: &ShiftCalendar,
    book: &FactorBook,
    regions: &[&str],
) -> Result<Attribution, FootprintError> {
    covered(series, period)?;
    let by_shift = confirmed_by_shift(confirmations, shifts, period);
    let cost_centers: BTreeMap<&WorkCenterCode, &CostCenter> =
        master.work_centers.values().map(|center| (&center.code, &center.cost_center)).collect();

    let mut groups: BTreeMap<(String, ValueState), Group> = BTreeMap::new();
    let mut shift = shifts.shift_at(period.start);
    loop {
        let running = shifts.interval(shift);
        let Some(part) = running.intersection(&period) else { break };
        let weights = by_shift.get(&shift).map_or(&[][..], Vec::as_slice);
        let energies = energy_by_factor(series, part, shifts.zone(), book, regions)?;
        for ((id, state), (factor, energy, intervals)) in energies {
            let group = groups.entry((id, state)).or_insert_with(|| Group {
                factor: factor.clone(),
                state,
                energy: Energy::ZERO,
                intervals: 0,
                shares: BTreeMap::new(),
            });
            group.energy += energy;
            group.intervals += intervals;
            give(group, energy, weights, &cost_centers, meter)?;
        }
        if running.end >= period.end {
            break;
        }
        shift = shifts.next(shift);
    }

    let (mut yielded, mut standard) = (BTreeMap::new(), BTreeMap::new());
    for confirmation in by_shift.values().flatten() {
        let key = (confirmation.work_center.clone(), confirmation.material.clone());
        let tonnes = in_unit(confirmation, confirmation.yielded, Uom::Tonne)?;
        *yielded.entry(key.clone()).or_default() += tonnes;
        *standard.entry(key).or_default() += standard_kwh(confirmation)?;
    }
    Ok(Attribution {
        meter: meter.clone(),
        period,
        groups: groups.into_values().collect(),
        yielded,
        standard,
    })
}

fn covered(series: &Series, period: Interval) -> Result<(), FootprintError> {
    let span = series.span();
    if !span.is_some_and(|span| span.start <= period.start && period.end <= span.end) {
        return Err(FootprintError::PeriodNotCovered {
            meter: series.meter.clone(),
            have: span.map_or_else(|| "no time at all".to_owned(), |span| span.to_string()),
            period,
        });
    }
    let mut missing = series.within(period).filter(|(_, slot)| slot.energy.is_none());
    match missing.next() {
        None => Ok(()),
        Some((first, _)) => Err(FootprintError::ReadingsMissing {
            meter: series.meter.clone(),
            period,
            missing: 1 + missing.count(),
            first: first.start,
        }),
    }
}

type ByShift<'a> = BTreeMap<ShiftOnDay, Vec<&'a Confirmation>>;

fn confirmed_by_shift<'a>(
    confirmations: &'a [Confirmation],
    shifts: &ShiftCalendar,
    period: Interval,
) -> ByShift<'a> {
    let mut by_shift = ByShift::new();
    for confirmation in confirmations.iter().filter(|c| period.contains(c.execution.start)) {
        let shift = shifts.shift_at(confirmation.execution.start);
        by_shift.entry(shift).or_default().push(confirmation);
    }
    by_shift
}

type Energies<'a> = BTreeMap<(String, ValueState), (&'a EmissionFactor, Energy, usize)>;

fn energy_by_factor<'a>(
    series: &Series,
    part: Interval,
    zone: &TimeZone,
    book: &'a FactorBook,
    regions: &[&str],
) -> Result<Energies<'a>, FootprintError> {
    let mut energies = Energies::new();
    let mut today: Option<(jiff::civil::Date, &EmissionFactor)> = None;
    for (interval, slot) in series.within(part) {
        let day = interval.start.to_zoned(zone.clone()).date();
        let factor = match today {
            Some((known, factor)) if known == day => factor,
            _ => {
                let factor = book.factor("electricity", None, regions, day)?;
                unit_of(factor, Uom::Kwh)?;
                today = Some((day, factor));
                factor
            }
        };
        let energy = slot.energy.expect("`covered` found no gap");
        let sum =
            energies.entry((factor.id.clone(), slot.state)).or_insert((factor, Energy::ZERO, 0));
        sum.1 += energy;
        sum.2 += 1;
    }
    Ok(energies)
}

fn give(
    group: &mut Group,
    energy: Energy,
    confirmed: &[&Confirmation],
    cost_centers: &BTreeMap<&WorkCenterCode, &CostCenter>,
    meter: &Meter,
) -> Result<(), FootprintError> {
    let weights = confirmed
        .iter()
        .map(|confirmation| standard_kwh(confirmation))
        .collect::<Result<Vec<_>, _>>()?;
    let total: Decimal = weights.iter().sum();
    if total <= Decimal::ZERO {
        let overhead =
            Consumer { cost_center: meter.overhead_cost_center.clone(), production: None };
        *group.shares.entry(overhead).or_default() += energy.amount();
        return Ok(());
    }
    for (confirmation, weight) in confirmed.iter().zip(weights) {
        let cost_center = cost_centers.get(&confirmation.work_center).ok_or_else(|| {
            FootprintError::MasterData {
                material: confirmation.material.clone(),
                reason: format!(
                    "confirmation {} of order {} names work center {}, which SAP did not deliver; \
                     look at it in CR03",
                    confirmation.key.0, confirmation.order, confirmation.work_center
                ),
            }
        })?;
        let consumer = Consumer {
            cost_center: (*cost_center).clone(),
            production: Some((confirmation.work_center.clone(), confirmation.material.clone())),
        };
        *group.shares.entry(consumer).or_default() += energy.amount() * (weight / total);
    }
    Ok(())
}

fn standard_kwh(confirmation: &Confirmation) -> Result<Decimal, FootprintError> {
    match confirmation.activity(StandardValue::Electricity) {
        None => Ok(Decimal::ZERO),
        Some(activity) => in_unit(confirmation, activity, Uom::Kwh),
    }
}

pub(super) fn in_unit(
    confirmation: &Confirmation,
    measure: crate::unit::Measure,
    unit: Uom,
) -> Result<Decimal, FootprintError> {
    measure.in_unit(unit).map_err(|error| FootprintError::Unit {
        place: format!("confirmation {} of order {}", confirmation.key.0, confirmation.order),
        error,
    })
}

pub(super) fn unit_of(factor: &EmissionFactor, unit: Uom) -> Result<(), FootprintError> {
    if factor.unit == unit {
        return Ok(());
    }
    Err(FootprintError::Unit {
        place: format!("factor {}", factor.id),
        error: crate::unit::Incompatible { from: unit, to: factor.unit },
    })
}

/// The work center behind the number that a routing uses.
pub(super) fn work_center<'a>(
    master: &'a MasterData,
    id: &WorkCenterInternalId,
    material: &MaterialNumber,
) -> Result<&'a crate::master::WorkCenter, FootprintError> {
    master.work_centers.get(id).ok_or_else(|| FootprintError::MasterData {
        material: material.clone(),
        reason: format!("its routing uses work center {id}, which SAP did not deliver"),
    })
}
