//! Who used the metered energy of a period: shift by shift, down to work center and product.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::FootprintError;
use super::equipment::{EquipmentStretch, SubMeters, Used};
use super::media::{MediumUse, medium_use};
use crate::check::Checked;
use crate::factor::{EmissionFactor, FactorBook};
use crate::id::{
    CostCenter, MaterialNumber, ProductionOrderNumber, WorkCenterCode, WorkCenterInternalId,
};
use crate::master::{MasterData, StandardValue};
use crate::meters::MeterError;
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
    /// How the readings, and whose energy it was, are known.
    pub state: ValueState,
    /// Metered energy, exact.
    pub energy: Energy,
    /// Energy in kWh by consumer. Sums to `energy` exactly.
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
    /// Orders that were confirmed, by work center and material.
    pub orders: BTreeMap<(WorkCenterCode, MaterialNumber), usize>,
    /// Standard electricity in kWh by work center and material.
    pub standard: BTreeMap<(WorkCenterCode, MaterialNumber), Decimal>,
    /// What each machine used, shift by shift, where meters below the main one were read.
    pub equipment: Vec<EquipmentStretch>,
    /// Shifts whose meters cannot be reconciled, and why: standard values stand in.
    pub unreconciled: Vec<(Interval, MeterError)>,
    /// The other media that were metered in all of the period.
    pub media: Vec<MediumUse>,
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
        let groups = self.groups.iter().map(|group| (group.state, &group.shares));
        used_while_made(groups, work_center, material)
    }
}

/// What one work center used while it made one material, by value state.
pub(super) fn used_while_made<'g>(
    groups: impl Iterator<Item = (ValueState, &'g BTreeMap<Consumer, Decimal>)>,
    work_center: &WorkCenterCode,
    material: &MaterialNumber,
) -> BTreeMap<ValueState, Decimal> {
    let mut by_state = BTreeMap::new();
    for (state, shares) in groups {
        for (consumer, part) in shares {
            let of_it = consumer.production.as_ref();
            if of_it.is_some_and(|(center, made)| center == work_center && made == material) {
                *by_state.entry(state).or_default() += *part;
            }
        }
    }
    by_state
}

/// Gives the metered electricity of `period` to those who used it.
///
/// Where `below` has readings of a shift, each machine gets what its meters say, reconciled with the
/// main meter, and gives it to what was confirmed there, by confirmed standard electricity (kWh);
/// what a machine used without production is overhead. Elsewhere the energy of the shift goes to
/// the operations confirmed in it by standard electricity alone, and that of a shift without
/// confirmed production is overhead. The main meter rules: what is given away is what it counted,
/// whatever meters below it and standard values say.
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
    below: Option<SubMeters<'_>>,
) -> Result<Attribution, FootprintError> {
    covered(series, period)?;
    let by_shift = confirmed_by_shift(confirmations, shifts, period);
    let cost_centers: BTreeMap<&WorkCenterCode, &CostCenter> =
        master.work_centers.values().map(|center| (&center.code, &center.cost_center)).collect();
    let walk = Walk { period, by_shift: &by_shift, cost_centers: &cost_centers, shifts };
    let factor_of = |day| {
        let factor = book.factor("electricity", None, regions, day)?;
        unit_of(factor, Uom::Kwh)?;
        Ok(Some(factor))
    };
    let given = walk.give(series, meter, below, true, factor_of)?;
    let groups = given.groups.into_iter().filter_map(|group| {
        Some(Group {
            factor: group.factor?,
            state: group.state,
            energy: Energy::new(group.amount),
            shares: group.shares,
        })
    });
    let mut media = Vec::new();
    for site in below.iter().flat_map(|below| &below.site.beside) {
        let below = below.map(|all| SubMeters { site, ..all });
        media.extend(medium_use(&walk, below, meter, book, regions)?);
    }

    let (mut yielded, mut standard) = (BTreeMap::new(), BTreeMap::new());
    let mut orders: BTreeMap<_, BTreeSet<&ProductionOrderNumber>> = BTreeMap::new();
    for confirmation in by_shift.values().flatten() {
        let key = (confirmation.work_center.clone(), confirmation.material.clone());
        let tonnes = in_unit(confirmation, confirmation.yielded, Uom::Tonne)?;
        *yielded.entry(key.clone()).or_default() += tonnes;
        orders.entry(key.clone()).or_default().insert(&confirmation.order);
        *standard.entry(key).or_default() += standard_kwh(confirmation)?;
    }
    Ok(Attribution {
        meter: meter.clone(),
        period,
        groups: groups.collect(),
        yielded,
        orders: orders.into_iter().map(|(key, orders)| (key, orders.len())).collect(),
        standard,
        equipment: given.equipment,
        unreconciled: given.unreconciled,
        media,
    })
}

/// Standard electricity in kWh of what was confirmed, by work center.
fn by_work_center(
    confirmed: &[&Confirmation],
) -> Result<BTreeMap<WorkCenterCode, Decimal>, FootprintError> {
    let mut standard = BTreeMap::new();
    for confirmation in confirmed {
        *standard.entry(confirmation.work_center.clone()).or_default() +=
            standard_kwh(confirmation)?;
    }
    Ok(standard)
}

pub(super) fn covered(series: &Series, period: Interval) -> Result<(), FootprintError> {
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

pub(super) type ByShift<'a> = BTreeMap<ShiftOnDay, Vec<&'a Confirmation>>;

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

type Amounts<'a> =
    BTreeMap<(String, ValueState), (Option<&'a EmissionFactor>, Decimal, ValueState)>;

fn by_factor<'a>(
    series: &Series,
    part: Interval,
    zone: &TimeZone,
    factor_of: &impl Fn(Date) -> Result<Option<&'a EmissionFactor>, FootprintError>,
) -> Result<Amounts<'a>, FootprintError> {
    let mut amounts = Amounts::new();
    let mut today: Option<(Date, Option<&EmissionFactor>)> = None;
    for (interval, slot) in series.within(part) {
        let day = interval.start.to_zoned(zone.clone()).date();
        let factor = match today {
            Some((known, factor)) if known == day => factor,
            _ => {
                let factor = factor_of(day)?;
                today = Some((day, factor));
                factor
            }
        };
        let amount = slot.energy.expect("`covered` found no gap").amount();
        let key = (factor.map_or_else(String::new, |factor| factor.id.clone()), slot.state);
        amounts.entry(key).or_insert((factor, Decimal::ZERO, slot.state)).1 += amount;
    }
    Ok(amounts)
}

/// A period, shift by shift, with what was confirmed in it.
pub(super) struct Walk<'a> {
    pub period: Interval,
    pub by_shift: &'a ByShift<'a>,
    pub cost_centers: &'a BTreeMap<&'a WorkCenterCode, &'a CostCenter>,
    pub shifts: &'a ShiftCalendar,
}

/// What a meter counted in a period, given away.
pub(super) struct Given {
    pub groups: Vec<GivenGroup>,
    pub equipment: Vec<EquipmentStretch>,
    pub unreconciled: Vec<(Interval, MeterError)>,
}

/// What shares one factor row and one value state.
pub(super) struct GivenGroup {
    pub factor: Option<EmissionFactor>,
    pub state: ValueState,
    /// In the unit of the medium, exact.
    pub amount: Decimal,
    /// Sums to `amount` exactly.
    pub shares: BTreeMap<Consumer, Decimal>,
}

impl Walk<'_> {
    /// Gives what `meter` counted to who used it. `by_standard`: machines without a reading are
    /// estimated by the standard electricity of what was confirmed there.
    pub fn give<'f>(
        &self,
        series: &Series,
        meter: &Meter,
        below: Option<SubMeters<'_>>,
        by_standard: bool,
        factor_of: impl Fn(Date) -> Result<Option<&'f EmissionFactor>, FootprintError>,
    ) -> Result<Given, FootprintError> {
        let (period, shifts) = (self.period, self.shifts);
        let mut giving = Giving { groups: BTreeMap::new(), cost_centers: self.cost_centers, meter };
        let (mut equipment, mut unreconciled) = (Vec::new(), Vec::new());
        let mut shift = shifts.shift_at(period.start);
        loop {
            let running = shifts.interval(shift);
            let Some(part) = running.intersection(&period) else { break };
            let confirmed = self.by_shift.get(&shift).map_or(&[][..], Vec::as_slice);
            let standard = if by_standard { by_work_center(confirmed)? } else { BTreeMap::new() };
            let used = match below.map_or(Ok(None), |below| below.used(part, &standard)) {
                Ok(Some((used, stretch))) => {
                    equipment.push(stretch);
                    Some(used)
                }
                Ok(None) => None,
                Err(error) => {
                    unreconciled.push((part, error));
                    None
                }
            };
            let shares = giving.shares(used.as_deref(), confirmed)?;
            for ((id, state), (factor, amount, _)) in
                by_factor(series, part, shifts.zone(), &factor_of)?
            {
                giving.give((id, state), factor, amount, &shares);
            }
            if running.end >= period.end {
                break;
            }
            shift = shifts.next(shift);
        }
        Ok(Given { groups: giving.groups.into_values().collect(), equipment, unreconciled })
    }
}

/// Digits of a share in kWh or the unit of a medium: few enough that sums of shares are exact.
const SHARE_DIGITS: u32 = 9;

/// Who takes which part of the energy of a shift, and how that part is known.
type Shares = Vec<(Consumer, ValueState, Decimal)>;

/// What was given away so far.
struct Giving<'a> {
    groups: BTreeMap<(String, ValueState), GivenGroup>,
    cost_centers: &'a BTreeMap<&'a WorkCenterCode, &'a CostCenter>,
    meter: &'a Meter,
}

impl Giving<'_> {
    /// Weights of the consumers of a shift, all above zero; the overhead if there are none.
    fn shares(
        &self,
        used: Option<&[Used]>,
        confirmed: &[&Confirmation],
    ) -> Result<Shares, FootprintError> {
        let mut shares = Shares::new();
        match used {
            None => self.to_production(confirmed, None, ValueState::Measured, &mut shares)?,
            Some(used) => {
                for one in used {
                    let here: Vec<&Confirmation> = confirmed
                        .iter()
                        .filter(|c| Some(&c.work_center) == one.work_center.as_ref())
                        .copied()
                        .collect();
                    let before = shares.len();
                    self.to_production(&here, Some(one.kwh), one.state, &mut shares)?;
                    if shares.len() == before && one.kwh > Decimal::ZERO {
                        let own = one.work_center.as_ref().and_then(|w| self.cost_centers.get(w));
                        let cost_center = one.cost_center.as_ref().or(own.copied());
                        let cost_center = cost_center.unwrap_or(&self.meter.overhead_cost_center);
                        let idle = Consumer { cost_center: cost_center.clone(), production: None };
                        shares.push((idle, one.state, one.kwh));
                    }
                }
            }
        }
        if shares.is_empty() {
            let cost_center = self.meter.overhead_cost_center.clone();
            let overhead = Consumer { cost_center, production: None };
            shares.push((overhead, ValueState::Measured, Decimal::ONE));
        }
        Ok(shares)
    }

    /// Adds `kwh` by the standard electricity of what was confirmed, or that itself.
    fn to_production(
        &self,
        confirmed: &[&Confirmation],
        kwh: Option<Decimal>,
        state: ValueState,
        shares: &mut Shares,
    ) -> Result<(), FootprintError> {
        let weights = confirmed
            .iter()
            .map(|confirmation| standard_kwh(confirmation))
            .collect::<Result<Vec<_>, _>>()?;
        let total: Decimal = weights.iter().sum();
        if total <= Decimal::ZERO {
            return Ok(());
        }
        for (confirmation, weight) in confirmed.iter().zip(weights) {
            let cost_center = self
                .cost_centers
                .get(&confirmation.work_center)
                .ok_or_else(|| unknown(confirmation))?;
            let consumer = Consumer {
                cost_center: (*cost_center).clone(),
                production: Some((confirmation.work_center.clone(), confirmation.material.clone())),
            };
            let part = kwh.map_or(weight, |kwh| kwh * weight / total);
            if part > Decimal::ZERO {
                shares.push((consumer, state, part));
            }
        }
        Ok(())
    }

    /// Gives `amount` away in proportion. What rounding leaves goes to the largest, so that the
    /// groups sum to it exactly.
    fn give(
        &mut self,
        (id, state): (String, ValueState),
        factor: Option<&EmissionFactor>,
        amount: Decimal,
        shares: &Shares,
    ) {
        let total: Decimal = shares.iter().map(|(_, _, weight)| *weight).sum();
        let mut parts: Vec<Decimal> = shares
            .iter()
            .map(|(_, _, weight)| (amount * (*weight / total)).round_dp(SHARE_DIGITS))
            .collect();
        let rest = amount - parts.iter().sum::<Decimal>();
        let largest = (0..parts.len()).max_by_key(|at| shares[*at].2);
        largest.into_iter().for_each(|at| parts[at] += rest);
        for ((consumer, known, _), part) in shares.iter().zip(parts) {
            let state = state.and(*known);
            let group = self.groups.entry((id.clone(), state)).or_insert_with(|| GivenGroup {
                factor: factor.cloned(),
                state,
                amount: Decimal::ZERO,
                shares: BTreeMap::new(),
            });
            group.amount += part;
            *group.shares.entry(consumer.clone()).or_default() += part;
        }
    }
}

fn unknown(confirmation: &Confirmation) -> FootprintError {
    FootprintError::MasterData {
        material: confirmation.material.clone(),
        reason: format!(
            "confirmation {} of order {} names work center {}, which SAP did not deliver; look at it \
             in CR03",
            confirmation.key.0, confirmation.order, confirmation.work_center
        ),
    }
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
