//! Steam, water, compressed air and gas of a period: metered, reconciled along their tree, and given to
//! who used them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::FootprintError;
use super::attribution::{Consumer, Walk, covered, unit_of, used_while_made};
use super::equipment::{EquipmentStretch, SubMeters};
use crate::factor::{EmissionFactor, FactorBook};
use crate::id::{MaterialNumber, WorkCenterCode};
use crate::meters::MeterError;
use crate::period::Interval;
use crate::reading::{Medium, Meter};
use crate::unit::Uom;
use crate::value_state::ValueState;

/// What was used of one medium in a period, in its unit ([`Medium::unit`]).
#[derive(Clone, Debug, PartialEq)]
pub struct MediumUse {
    /// What flowed.
    pub medium: Medium,
    /// Its meter at the point of supply.
    pub meter: Meter,
    /// Its readings: start of the interval, amount, state.
    pub readings: Vec<(Timestamp, Decimal, ValueState)>,
    /// By factor row and value state.
    pub groups: Vec<MediumGroup>,
    /// What each machine used, shift by shift.
    pub equipment: Vec<EquipmentStretch>,
    /// Shifts whose meters cannot be reconciled, and why: standard values stand in.
    pub unreconciled: Vec<(Interval, MeterError)>,
}

/// What shares one factor row and one value state.
#[derive(Clone, Debug, PartialEq)]
pub struct MediumGroup {
    /// Factor row of the days on which it was used; none where the medium has no factor.
    pub factor: Option<EmissionFactor>,
    /// How the readings, and whose use it was, are known.
    pub state: ValueState,
    /// What was metered, exact.
    pub amount: Decimal,
    /// By consumer. Sums to `amount` exactly.
    pub shares: BTreeMap<Consumer, Decimal>,
}

impl MediumUse {
    /// Unit of its amounts.
    pub fn unit(&self) -> Uom {
        self.medium.unit()
    }

    /// All that was metered.
    pub fn metered(&self) -> Decimal {
        self.groups.iter().map(|group| group.amount).sum()
    }

    /// What production used.
    pub fn of_all_production(&self) -> Decimal {
        let shares = self.groups.iter().flat_map(|group| &group.shares);
        shares.filter(|(consumer, _)| consumer.production.is_some()).map(|(_, part)| *part).sum()
    }

    /// What was used without production, as a share of what production used; zero without production.
    pub fn overhead_ratio(&self) -> Decimal {
        let production = self.of_all_production();
        (self.metered() - production).checked_div(production).unwrap_or_default()
    }

    /// What one work center used while it made one material, by value state.
    pub fn of_production(
        &self,
        work_center: &WorkCenterCode,
        material: &MaterialNumber,
    ) -> BTreeMap<ValueState, Decimal> {
        let groups = self.groups.iter().map(|group| (group.state, &group.shares));
        used_while_made(groups, work_center, material)
    }

    /// Activity of the factor book whose factor it has, if it has one.
    pub fn activity(&self) -> Option<&str> {
        let factor = self.groups.iter().find_map(|group| group.factor.as_ref())?;
        Some(&factor.activity)
    }
}

/// What was used of the medium of `below`, given away as electricity is: each machine what its meters
/// say, reconciled with the main meter, and from there by standard electricity to what was confirmed.
/// `None` if its main meter does not cover the period, as before it was put in.
///
/// # Errors
///
/// [`FootprintError::ReadingsMissing`] if an interval of the period has no value,
/// [`FootprintError::Factor`] if no factor is valid on a day, [`FootprintError::Unit`] if its unit does
/// not fit.
pub(super) fn medium_use(
    walk: &Walk<'_>,
    below: Option<SubMeters<'_>>,
    of_plant: &Meter,
    book: &FactorBook,
    regions: &[&str],
) -> Result<Option<MediumUse>, FootprintError> {
    let Some(below) = below else { return Ok(None) };
    let site = below.site;
    let Some((id, series)) = site.main().and_then(|main| below.series.get_key_value(main)) else {
        return Ok(None);
    };
    let period = walk.period;
    let span = series.span();
    if !span.is_some_and(|span| span.start <= period.start && period.end <= span.end) {
        return Ok(None);
    }
    covered(series, period)?;
    let meter = Meter { id: id.clone(), medium: site.medium, ..of_plant.clone() };
    let readings = series
        .within(period)
        .filter_map(|(at, slot)| Some((at.start, slot.energy?.amount(), slot.state)));
    let readings = readings.collect();
    let factor_of = |day| match &site.factor {
        None => Ok(None),
        Some(activity) => {
            let factor = book.factor(activity, None, regions, day)?;
            unit_of(factor, site.medium.unit())?;
            Ok(Some(factor))
        }
    };
    let given = walk.give(series, &meter, Some(below), false, factor_of)?;
    let groups = given.groups.into_iter().map(|group| MediumGroup {
        factor: group.factor,
        state: group.state,
        amount: group.amount,
        shares: group.shares,
    });
    Ok(Some(MediumUse {
        medium: site.medium,
        meter,
        readings,
        groups: groups.collect(),
        equipment: given.equipment,
        unreconciled: given.unreconciled,
    }))
}
