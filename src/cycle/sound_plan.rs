//! What a plan has to be before SAP is asked anything.

use std::borrow::Cow;
use std::collections::HashMap;

use jiff::civil::{DateTime, Time};
use jiff::{Timestamp, ToSpan};

use super::{CycleError, PlanRecord};
use crate::config::Config;
use crate::period::ShiftCalendar;
use crate::post::{NewDocument, NewPlannedOrder};
use crate::said;
use crate::said::Said;

/// Decimals of SAP's quantity fields.
const DECIMALS: u32 = 3;

/// Refuses planned orders that SAP could not hold or that nobody planned: no quantity, an end before
/// the start, a start before `now`, a start or an end on a day on which its work center does not work,
/// another plant, an unknown version, an order twice, a demand left out, too many items. Where `plan.start` says the first day, nothing starts before that day instead.
///
/// # Errors
///
/// [`CycleError::Incomplete`] with the code, the item and what is wrong; nothing was sent.
pub fn sound_orders(
    documents: &[NewDocument],
    record: &PlanRecord,
    config: &Config,
    now: Timestamp,
) -> Result<(), CycleError> {
    let refused = |what: Said| {
        let said = said!("plan.unsound", "{what}. Nothing was posted.", what = what);
        Err(CycleError::Incomplete(said))
    };
    let most = config.settings.post.documents_max;
    if documents.len() > most {
        return refused(said!(
            "plan.size",
            "PLAN-SIZE: plan has {items} items; limit {most} (post.documents_max)",
            items = documents.len(),
            most = most
        ));
    }
    let earliest = earliest_start(config, now);
    let shifts = ShiftCalendar::three_shifts(config.zone.clone());
    let mut seen: HashMap<String, usize> = HashMap::new();
    for (at, document) in documents.iter().enumerate() {
        let Some(order) = order_of(document, record) else { continue };
        let (item, order) = (at + 1, order.as_ref());
        if let Some(first) = seen.insert(order.reference.clone(), item) {
            return refused(said!(
                "plan.twice",
                "PLAN-DUP: order {order} appears in items {first} and {item}",
                first = first,
                item = item,
                order = order.reference
            ));
        }
        let problem = unsound(item, order, record, config, earliest)
            .or_else(|| on_a_closed_day(item, order, record, &shifts));
        if let Some(text) = problem {
            return refused(text);
        }
    }
    let standing = record.standing();
    for (name, line) in &record.problem.demands {
        if !seen.contains_key(name) && !standing.contains_key(name) {
            return refused(said!(
                "plan.short",
                "PLAN-COVER: material {material}: {quantity} {unit} short on {day}; service level \
                 constraint violated: the plan has nothing for {demand}",
                material = line.material,
                quantity = line.open_quantity.amount,
                unit = line.open_quantity.unit,
                day = line.requested_delivery,
                demand = name
            ));
        }
    }
    Ok(())
}

/// The order that a document creates, or what one in SAP is to be.
fn order_of<'a>(
    document: &'a NewDocument,
    record: &PlanRecord,
) -> Option<Cow<'a, NewPlannedOrder>> {
    let change = match document {
        NewDocument::PlannedOrder(order) => return Some(Cow::Borrowed(order)),
        NewDocument::PlannedOrderChange(change) => change,
        _ => return None,
    };
    let name = record.replanned.as_ref().and_then(|made| made.name_of(&change.before.number));
    let wanted = change.wanted.clone();
    Some(Cow::Owned(NewPlannedOrder {
        material: wanted.material,
        plant: wanted.plant,
        production_version: wanted.production_version?,
        quantity: wanted.quantity,
        start: wanted.start,
        end: wanted.end,
        sales_order: wanted.sales_order,
        reference: name.unwrap_or(change.before.number.as_str()).to_owned(),
    }))
}

/// Local time before which no order starts: that of `now`, or midnight of the day that `plan.start` says.
fn earliest_start(config: &Config, now: Timestamp) -> DateTime {
    match config.settings.plan.start {
        Some(day) => day.to_datetime(Time::midnight()),
        None => now.to_zoned(config.zone.clone()).datetime(),
    }
}

fn unsound(
    item: usize,
    order: &NewPlannedOrder,
    record: &PlanRecord,
    config: &Config,
    earliest: DateTime,
) -> Option<Said> {
    let NewPlannedOrder { material, plant, production_version: version, quantity, .. } = order;
    if quantity.amount <= rust_decimal::Decimal::ZERO {
        return Some(said!(
            "plan.quantity",
            "PLAN-QTY: item {item}: quantity must be above 0, is {amount} ({order})",
            item = item,
            amount = quantity.amount,
            order = order.reference
        ));
    }
    if quantity.amount.normalize().scale() > DECIMALS {
        return Some(said!(
            "plan.decimals",
            "PLAN-ROUND: item {item}: {amount} cannot be stored in {unit} ({decimals} decimals)",
            item = item,
            amount = quantity.amount,
            unit = quantity.unit,
            decimals = DECIMALS
        ));
    }
    if order.end < order.start {
        return Some(said!(
            "plan.dates",
            "PLAN-DATE: item {item}: ends {end} before it starts {start}",
            item = item,
            end = order.end,
            start = order.start
        ));
    }
    if order.start < earliest {
        return Some(said!(
            "plan.past",
            "PLAN-PAST: item {item}: start {start} is in the past (before {earliest}); plan again",
            item = item,
            start = order.start,
            earliest = earliest
        ));
    }
    let known = &config.settings.plant.code;
    if plant != known {
        return Some(said!(
            "plan.plant",
            "PLAN-PLANT: item {item}: plant {plant} is not in this connector's list ({known})",
            item = item,
            plant = plant,
            known = known
        ));
    }
    let mut materials = record.problem.instance.materials.iter();
    let made = materials.find(|made| made.material == material.as_str());
    let exists = made.is_some_and(|made| {
        let mut versions = made.production_versions.iter();
        versions.any(|one| one.production_version == version.as_str())
    });
    (!exists).then(|| {
        said!(
            "plan.version",
            "PLAN-VERID: item {item}: version {version} of {material}/{plant} does not exist or is \
             locked",
            item = item,
            version = version,
            material = material,
            plant = plant
        )
    })
}

/// What is wrong if an order starts or ends on a day that is none for the work center of its first or
/// last operation. The night shift belongs to the day on which it begins.
fn on_a_closed_day(
    item: usize,
    order: &NewPlannedOrder,
    record: &PlanRecord,
    shifts: &ShiftCalendar,
) -> Option<Said> {
    let closed = &record.problem.closed_days;
    let operations = record.operations(order.material.as_str(), order.production_version.as_str());
    let last = operations.iter().map(|operation| operation.bucket_offset).max()?;
    let day = |local: DateTime| {
        let at = shifts.zone().to_timestamp(local).ok()?;
        Some(shifts.shift_at(at).day)
    };
    let ends = [(0, day(order.start)?), (last, day(order.end.saturating_sub(1.minute()))?)];
    ends.into_iter().find_map(|(offset, day)| {
        let mut there = operations.iter().filter(|operation| operation.bucket_offset == offset);
        let is_closed = |center: &str| closed.get(center).is_some_and(|days| days.contains(&day));
        let center = &there.find(|operation| is_closed(&operation.work_center))?.work_center;
        Some(said!(
            "plan.closed-day",
            "PLAN-CAL: item {item}: {day} is not a working day in {plant} (factory calendar of work \
             center {center}); plan again",
            item = item,
            day = day,
            plant = order.plant,
            center = center
        ))
    })
}
