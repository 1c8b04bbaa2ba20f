//! Reasons in words: what moved, why, what it gives, what it costs.

use super::account::Account;
use super::{Cause, Difference, OrderReason, SourceReason};
use crate::plan::instance::Instance;
use crate::said;
use crate::said::{All, List, Said};

/// Below this many kg CO₂e or units of money a difference is not worth a word.
const WORTH_A_WORD: f64 = 0.5;

/// An order's reason in one sentence.
pub(super) fn of_order(instance: &Instance, account: &Account<'_>, reason: &OrderReason) -> Said {
    let (before, after) = (&reason.before, &reason.after);
    let of = |cause: Cause| {
        let found = reason.causes.iter().find(|(known, _)| *known == cause);
        found.map(|(_, part)| *part).unwrap_or_default()
    };
    let order = instance.planned_orders.iter().find(|o| o.planned_order == reason.planned_order);
    let material = order.map_or("", |order| order.material.as_str());
    let mut parts: Vec<Said> = Vec::new();
    if before.start_bucket != after.start_bucket {
        let steps = shifts(before.start_bucket.abs_diff(after.start_bucket) as u64);
        let why = why_moved(account, material, reason, of(Cause::Shift));
        let (is, was) = (shift(instance, after.start_bucket), shift(instance, before.start_bucket));
        parts.push(if after.start_bucket > before.start_bucket {
            said!(
                "reason.later",
                "starts {steps} later, {is} instead of {was}, {why}",
                steps = steps,
                is = is,
                was = was,
                why = why
            )
        } else {
            said!(
                "reason.earlier",
                "starts {steps} earlier, {is} instead of {was}, {why}",
                steps = steps,
                is = is,
                was = was,
                why = why
            )
        });
    }
    if before.production_version != after.production_version {
        parts.push(said!(
            "reason.version",
            "is made by version {is} instead of {was} ({difference})",
            is = after.production_version,
            was = before.production_version,
            difference = signed(of(Cause::Version), instance)
        ));
    }
    if before.transport_mode != after.transport_mode {
        parts.push(said!(
            "reason.transport",
            "goes by {is} instead of {was} ({difference})",
            is = after.transport_mode,
            was = before.transport_mode,
            difference = signed(of(Cause::Transport), instance)
        ));
    }
    let setup = of(Cause::SetUp);
    if setup.carbon_kg < -WORTH_A_WORD || setup.cost < -WORTH_A_WORD {
        let difference = signed(setup, instance);
        parts.push(said!("reason.setup", "shares set-ups ({difference})", difference = difference));
    }
    said!(
        "reason.order",
        "{order} {changes}: {difference}, {arrival}, {punctuality}",
        order = reason.planned_order,
        changes = All(parts),
        difference = signed(reason.difference, instance),
        arrival = arrival(reason.later_buckets),
        punctuality = punctuality(reason.on_time)
    )
}

/// Why it pays to move an order, from what the move brings.
fn why_moved(
    account: &Account<'_>,
    material: &str,
    reason: &OrderReason,
    shift: Difference,
) -> Said {
    let (before, after) = (&reason.before, &reason.after);
    let version = before.production_version.as_str();
    let grid = |start: usize| account.intensity(material, version, start);
    let tariff = |start: usize| account.tariff(material, version, start);
    let setups = reason.causes.iter().find(|(cause, _)| *cause == Cause::SetUp);
    if shift.carbon_kg < -WORTH_A_WORD
        && let (Some(was), Some(is)) = (grid(before.start_bucket), grid(after.start_bucket))
    {
        return said!(
            "reason.why.grid",
            "when the grid has {is:.3} instead of {was:.3} kg CO2e/kWh",
            is = is,
            was = was
        );
    }
    if shift.cost < -WORTH_A_WORD
        && let (Some(was), Some(is)) = (tariff(before.start_bucket), tariff(after.start_bucket))
    {
        return said!(
            "reason.why.tariff",
            "when electricity costs {is:.4} instead of {was:.4} per kWh",
            is = is,
            was = was
        );
    }
    if setups.is_some_and(|(_, part)| part.carbon_kg < 0.0 || part.cost < 0.0) {
        return said!("reason.why.setup", "where its group is set up already");
    }
    if reason.later_buckets < 0 && !reason.on_time.0 && reason.on_time.1 {
        return said!("reason.why.on-time", "so that it arrives on time");
    }
    let stock = reason.causes.iter().find(|(cause, _)| *cause == Cause::Stock);
    if stock.is_some_and(|(_, part)| part.cost < -WORTH_A_WORD) {
        return said!("reason.why.stock", "so that it waits less in stock");
    }
    said!("reason.why.place", "to leave its place to orders that gain more there")
}

/// A component's reason in one sentence.
pub(super) fn of_source(instance: &Instance, reason: &SourceReason) -> Said {
    let known = instance.components.iter().find(|c| c.component == reason.component);
    let unit = known.map_or("", |component| component.base_unit.as_str());
    let is_low = |source: &str| {
        let of = known.and_then(|c| c.sources.iter().find(|s| s.source == source));
        of.is_some_and(|of| of.low_carbon)
    };
    let changed: Vec<Said> = (reason.sources.iter())
        .filter(|(_, before, after)| (after - before).abs() > 1e-9 * before.max(*after))
        .map(|(source, before, after)| {
            if is_low(source) {
                said!(
                    "reason.source.low",
                    "{is:.1} instead of {was:.1} {unit} from {source} (low-carbon)",
                    is = after,
                    was = before,
                    unit = unit,
                    source = source
                )
            } else {
                said!(
                    "reason.source.one",
                    "{is:.1} instead of {was:.1} {unit} from {source}",
                    is = after,
                    was = before,
                    unit = unit,
                    source = source
                )
            }
        })
        .collect();
    let difference = signed(reason.difference, instance);
    if changed.is_empty() {
        return said!(
            "reason.source.shares",
            "{component}: other shares: {difference}",
            component = reason.component,
            difference = difference
        );
    }
    said!(
        "reason.source",
        "{component}: {changes}: {difference}",
        component = reason.component,
        changes = List(changed),
        difference = difference
    )
}

fn signed(difference: Difference, instance: &Instance) -> Said {
    let currency = instance.currency.as_deref().unwrap_or("money");
    let words = |value: f64, unit: &str| {
        let amount = value.abs();
        if amount < WORTH_A_WORD {
            said!("reason.none", "no {unit} more or less", unit = unit)
        } else if value < 0.0 {
            said!("reason.less", "{amount:.0} {unit} less", amount = amount, unit = unit)
        } else {
            said!("reason.more", "{amount:.0} {unit} more", amount = amount, unit = unit)
        }
    };
    let (carbon, cost) = (words(difference.carbon_kg, "kg CO2e"), words(difference.cost, currency));
    said!("reason.difference", "{carbon}, {cost}", carbon = carbon, cost = cost)
}

fn shifts(count: u64) -> Said {
    match count {
        1 => said!("shift.one", "1 shift"),
        _ => said!("shift.many", "{count} shifts", count = count),
    }
}

fn arrival(later_buckets: i64) -> Said {
    let by = shifts(later_buckets.unsigned_abs());
    match later_buckets {
        0 => said!("reason.arrives.same", "arrives as before"),
        1.. => said!("reason.arrives.later", "arrives {by} later", by = by),
        _ => said!("reason.arrives.earlier", "arrives {by} earlier", by = by),
    }
}

fn punctuality((was, is): (bool, bool)) -> Said {
    match (was, is) {
        (true, true) => said!("reason.on-time.still", "still on time"),
        (false, true) => said!("reason.on-time.now", "now on time"),
        (true, false) => said!("reason.late.now", "now late"),
        (false, false) => said!("reason.late.still", "late as before"),
    }
}

/// A bucket as people call it.
fn shift(instance: &Instance, bucket: usize) -> Said {
    match instance.buckets.get(bucket) {
        Some(known) => {
            let (day, shift) = (known.day + 1, shift_name(&known.shift));
            said!("shift.of-day", "day {day} {shift}", day = day, shift = shift)
        }
        None => said!("shift.bucket", "bucket {bucket}", bucket = bucket),
    }
}

/// A shift by its name in the instance.
fn shift_name(name: &str) -> Said {
    match name {
        "early" => said!("shift.early", "early"),
        "late" => said!("shift.late", "late"),
        "night" => said!("shift.night", "night"),
        other => Said::from(other),
    }
}
