//! What a plan has to be before SAP is asked anything.

use std::borrow::Cow;
use std::collections::HashMap;

use jiff::civil::{DateTime, Time};
use jiff::{Timestamp, ToSpan};

use super::{CycleError, PlanRecord};
use crate::config::Config;
use crate::period::ShiftCalendar;
use crate::post::{NewDocument, NewPlannedOrder};

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
    let refused =
        |text: String| Err(CycleError::Incomplete(format!("{text}. Nothing was posted.")));
    let most = config.settings.post.documents_max;
    if documents.len() > most {
        return refused(format!(
            "PLAN-SIZE: plan has {} items; limit {most} (post.documents_max)",
            documents.len()
        ));
    }
    let earliest = earliest_start(config, now);
    let shifts = ShiftCalendar::three_shifts(config.zone.clone());
    let mut seen: HashMap<String, usize> = HashMap::new();
    for (at, document) in documents.iter().enumerate() {
        let Some(order) = order_of(document, record) else { continue };
        let (item, order) = (at + 1, order.as_ref());
        if let Some(first) = seen.insert(order.reference.clone(), item) {
            let name = &order.reference;
            return refused(format!("PLAN-DUP: order {name} appears in items {first} and {item}"));
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
            return refused(format!(
                "PLAN-COVER: material {}: {} {} short on {}; service level constraint violated: the \
                 plan has nothing for {name}",
                line.material,
                line.open_quantity.amount,
                line.open_quantity.unit,
                line.requested_delivery
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
) -> Option<String> {
    let NewPlannedOrder { material, plant, production_version: version, quantity, .. } = order;
    if quantity.amount <= rust_decimal::Decimal::ZERO {
        return Some(format!(
            "PLAN-QTY: item {item}: quantity must be above 0, is {} ({})",
            quantity.amount, order.reference
        ));
    }
    if quantity.amount.normalize().scale() > DECIMALS {
        return Some(format!(
            "PLAN-ROUND: item {item}: {} cannot be stored in {} ({DECIMALS} decimals)",
            quantity.amount, quantity.unit
        ));
    }
    if order.end < order.start {
        let (start, end) = (order.start, order.end);
        return Some(format!("PLAN-DATE: item {item}: ends {end} before it starts {start}"));
    }
    if order.start < earliest {
        let start = order.start;
        return Some(format!(
            "PLAN-PAST: item {item}: start {start} is in the past (before {earliest}); plan again"
        ));
    }
    let known = &config.settings.plant.code;
    if plant != known {
        return Some(format!(
            "PLAN-PLANT: item {item}: plant {plant} is not in this connector's list ({known})"
        ));
    }
    let mut materials = record.problem.instance.materials.iter();
    let made = materials.find(|made| made.material == material.as_str());
    let exists = made.is_some_and(|made| {
        let mut versions = made.production_versions.iter();
        versions.any(|one| one.production_version == version.as_str())
    });
    (!exists).then(|| {
        format!(
            "PLAN-VERID: item {item}: version {version} of {material}/{plant} does not exist or is \
             locked"
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
) -> Option<String> {
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
        let plant = &order.plant;
        Some(format!(
            "PLAN-CAL: item {item}: {day} is not a working day in {plant} (factory calendar of work \
             center {center}); plan again"
        ))
    })
}
