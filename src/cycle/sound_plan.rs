//! What a plan has to be before SAP is asked anything.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::civil::{DateTime, Time};

use super::{CycleError, PlanRecord};
use crate::config::Config;
use crate::post::{NewDocument, NewPlannedOrder};

/// Decimals of SAP's quantity fields.
const DECIMALS: u32 = 3;

/// Refuses planned orders that SAP could not hold or that nobody planned: no quantity, an end before
/// the start, a start before `now`, another plant, an unknown version, an order twice, a demand left
/// out, too many items. Where `plan.start` says the first day, nothing starts before that day instead.
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
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for (at, document) in documents.iter().enumerate() {
        let NewDocument::PlannedOrder(order) = document else { continue };
        let item = at + 1;
        if let Some(first) = seen.insert(&order.reference, item) {
            let name = &order.reference;
            return refused(format!("PLAN-DUP: order {name} appears in items {first} and {item}"));
        }
        if let Some(text) = unsound(item, order, record, config, earliest) {
            return refused(text);
        }
    }
    for (name, line) in &record.problem.demands {
        if !seen.contains_key(name.as_str()) {
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
