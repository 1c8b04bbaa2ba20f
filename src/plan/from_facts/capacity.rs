//! Minutes of work centers: shifts of the calendar, less what orders in SAP take, and set-ups.

use std::collections::BTreeMap;

use jiff::civil::{Date, DateTime, Time};
use jiff::{Timestamp, ToSpan};
use rust_decimal::Decimal;

use super::calendar::is_worked;
use super::{Frame, FromFactsError, Given, float};
use crate::id::{MaterialNumber, ProductionVersionCode, WorkCenterInternalId};
use crate::master::{ProductionVersion, Shift, WorkCenter};
use crate::order::ProductionOrder;
use crate::period::{ShiftCalendar, ShiftOnDay};
use crate::plan::instance as problem;
use crate::unit::Measure;

/// Minutes of a day.
const DAY: i64 = 1440;

impl Frame<'_> {
    /// Minutes that a work center can be planned in a bucket: those of its own shifts on that day as
    /// far as they lie in the bucket; a day without shifts is closed, and so is one on which its factory
    /// calendar does not work. A work center whose shifts SAP does not have is open every worked day
    /// alike.
    fn minutes(
        &self,
        given: &Given<'_>,
        id: &WorkCenterInternalId,
        center: &WorkCenter,
        bucket: usize,
    ) -> Decimal {
        let own = given.master.shifts.get(id).map_or(&[][..], Vec::as_slice);
        let days = i64::try_from(bucket / self.shifts_a_day).unwrap_or(i64::MAX);
        let day = self.policy.start.saturating_add(days.days());
        let worked = |day| is_worked(given, center, day);
        if own.is_empty() {
            return if worked(day) { center.minutes_per_shift } else { Decimal::ZERO };
        }
        let shifts = given.shifts.shifts();
        let begin = minute(shifts[bucket % self.shifts_a_day].start);
        let next = minute(shifts[(bucket + 1) % self.shifts_a_day].start);
        let end = if next > begin { next } else { next + DAY };
        // A shift that begins the evening before reaches into this day.
        let steps = [-1, 0, 1].into_iter().filter(|step| worked(day.saturating_add(step.days())));
        steps.map(|step| open_minutes(own, day, step, (begin, end))).sum()
    }
}

impl Frame<'_> {
    /// The buckets of a stretch of the plant's local time with their shares of it.
    fn spread(
        &self,
        shifts: &ShiftCalendar,
        start: DateTime,
        end: DateTime,
    ) -> Vec<(usize, Decimal)> {
        let zone = shifts.zone();
        let (Ok(start), Ok(end)) = (zone.to_timestamp(start), zone.to_timestamp(end)) else {
            return Vec::new();
        };
        let seconds = |from: Timestamp, to: Timestamp| {
            Decimal::from(to.duration_since(from).as_secs().max(0))
        };
        let whole = seconds(start, end);
        if whole.is_zero() {
            let bucket = self.bucket(shifts.shift_at(start));
            return bucket.map(|bucket| (bucket, Decimal::ONE)).into_iter().collect();
        }
        let mut spread = Vec::new();
        for bucket in 0..self.buckets {
            let days = i64::try_from(bucket / self.shifts_a_day).unwrap_or(i64::MAX);
            let day = self.policy.start.saturating_add(days.days());
            let of = shifts.interval(ShiftOnDay { day, shift: bucket % self.shifts_a_day });
            let common = seconds(start.max(of.start), end.min(of.end));
            if !common.is_zero() {
                spread.push((bucket, common / whole));
            }
        }
        spread
    }
}

/// Minutes that the shifts of the day `step` days after `day` have in a span of `day`.
fn open_minutes(shifts: &[Shift], day: Date, step: i64, (begin, end): (i64, i64)) -> Decimal {
    let on = day.saturating_add(step.days());
    let weekday = on.weekday().to_monday_one_offset();
    let of_day = shifts
        .iter()
        .filter(|shift| shift.weekday == weekday && shift.valid_from <= on && on <= shift.valid_to);
    of_day
        .map(|shift| {
            let from = minute(shift.start);
            let to = minute(shift.end);
            let length = if to > from { to - from } else { to + DAY - from };
            let from = from + step * DAY;
            let common = (from + length).min(end) - from.max(begin);
            shift.minutes * Decimal::from(common.max(0)) / Decimal::from(length)
        })
        .sum()
}

fn minute(at: Time) -> i64 {
    i64::from(at.hour()) * 60 + i64::from(at.minute())
}

pub(super) fn work_centers<'m>(
    given: &Given<'_>,
    frame: &Frame<'_>,
    materials: impl Iterator<Item = &'m problem::Material>,
) -> Result<Vec<problem::WorkCenter>, FromFactsError> {
    let mut setups: BTreeMap<(String, String), f64> = BTreeMap::new();
    for material in materials {
        let number = MaterialNumber::new(&material.material).expect("it came from a number");
        for (center, minutes) in setup_minutes(given, &number)? {
            let longest = setups.entry((center, material.setup_group.clone())).or_default();
            *longest = longest.max(minutes);
        }
    }
    let taken = taken_minutes(given, frame)?;
    let mut centers = Vec::new();
    for (id, center) in
        given.master.work_centers.iter().filter(|(_, c)| c.plant == frame.policy.plant)
    {
        let code = center.code.to_string();
        let free = |bucket: usize| {
            let used = taken.get(&(id.clone(), bucket)).copied().unwrap_or_default();
            float((frame.minutes(given, id, center, bucket) - used).max(Decimal::ZERO))
        };
        let of_center = setups.iter().filter(|((of, _), _)| *of == code);
        centers.push(problem::WorkCenter {
            work_center: code.clone(),
            plant: frame.policy.plant.to_string(),
            capacity_minutes: (0..frame.buckets).map(free).collect(),
            setups: of_center
                .map(|((_, group), minutes)| problem::Setup {
                    setup_group: group.clone(),
                    setup_minutes: *minutes,
                    setup_kwh: 0.0,
                    setup_cost: 0.0,
                })
                .collect(),
        });
    }
    Ok(centers)
}

/// Set-up minutes by work center over all versions of a product and the levels below.
fn setup_minutes(
    given: &Given<'_>,
    material: &MaterialNumber,
) -> Result<Vec<(String, f64)>, FromFactsError> {
    let mut minutes = Vec::new();
    for version in &given.master.production_versions[material] {
        for used in given.products.uses(material, version)? {
            minutes.push((used.work_center.code.to_string(), float(used.setup_minutes)));
        }
        for (component, _) in given.products.component_quantities(material, version)? {
            if given.products.first_version(&component).is_some() {
                minutes.extend(setup_minutes(given, &component)?);
            }
        }
    }
    Ok(minutes)
}

/// Minutes by work center and bucket.
type Minutes = BTreeMap<(WorkCenterInternalId, usize), Decimal>;

/// Minutes that planned and production orders in SAP take already.
fn taken_minutes(given: &Given<'_>, frame: &Frame<'_>) -> Result<Minutes, FromFactsError> {
    let mut taken = BTreeMap::new();
    for planned in given.orders.planned_orders.iter().filter(|o| o.plant == frame.policy.plant) {
        let version = version(given, &planned.material, planned.production_version.as_ref());
        let zone = given.shifts.zone();
        let (Some(version), Ok(start)) = (version, zone.to_timestamp(planned.start)) else {
            continue;
        };
        let Some(bucket) = frame.bucket(given.shifts.shift_at(start)) else { continue };
        take(given, &planned.material, version, planned.quantity.amount, bucket, &mut taken)?;
    }
    let made = given.orders.production_orders.iter();
    for order in made.filter(|order| order.plant == frame.policy.plant) {
        take_scheduled(given, frame, order, &mut taken)?;
    }
    Ok(taken)
}

/// The version of an order, or the first of its material.
fn version<'a>(
    given: &Given<'a>,
    material: &MaterialNumber,
    chosen: Option<&ProductionVersionCode>,
) -> Option<&'a ProductionVersion> {
    let versions = given.master.production_versions.get(material)?;
    versions.iter().find(|version| chosen.is_none_or(|code| version.code == *code))
}

/// What a production order still takes: the minutes of its open quantity, spread over the time for which SAP
/// has scheduled the operation, or else the order. What is scheduled before the horizon takes nothing of it,
/// as in SAP's own capacity planning, and the levels below have orders of their own.
fn take_scheduled(
    given: &Given<'_>,
    frame: &Frame<'_>,
    order: &ProductionOrder,
    taken: &mut Minutes,
) -> Result<(), FromFactsError> {
    let open = order.open_quantity();
    let version = version(given, &order.material, order.production_version.as_ref());
    let (Some(version), true) = (version, open > Decimal::ZERO) else { return Ok(()) };
    let unit = given.master.materials[&order.material].base_unit;
    let Ok(open) = Measure::new(open, order.quantity.unit).in_unit(unit) else { return Ok(()) };
    for used in given.products.uses(&order.material, version)? {
        let id = &used.work_center.internal_id;
        let operation = order.operations.iter().find(|one| one.work_center.as_ref() == Some(id));
        let (start, end) = operation
            .and_then(|operation| operation.start.zip(operation.end))
            .unwrap_or((order.start, order.end));
        let setup = if order.confirmed.is_zero() { used.setup_minutes } else { Decimal::ZERO };
        let minutes = used.machine_minutes * open + setup;
        for (bucket, share) in frame.spread(given.shifts, start, end) {
            *taken.entry((id.clone(), bucket)).or_default() += minutes * share;
        }
    }
    Ok(())
}

fn take(
    given: &Given<'_>,
    material: &MaterialNumber,
    version: &ProductionVersion,
    quantity: Decimal,
    bucket: usize,
    taken: &mut Minutes,
) -> Result<usize, FromFactsError> {
    let mut at = bucket;
    for (component, each) in given.products.component_quantities(material, version)? {
        if let Some(made) = given.products.first_version(&component) {
            let needed = each.amount * quantity;
            let ready = take(given, &component, made, needed, bucket, taken)?;
            at = at.max(ready + 1);
        }
    }
    for used in given.products.uses(material, version)? {
        let minutes = used.machine_minutes * quantity + used.setup_minutes;
        *taken.entry((used.work_center.internal_id.clone(), at)).or_default() += minutes;
    }
    Ok(at)
}
