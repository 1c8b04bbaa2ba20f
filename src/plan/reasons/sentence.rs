//! Reasons in words: what moved, why, what it gives, what it costs.

use super::account::Account;
use super::{Cause, Difference, OrderReason, SourceReason};
use crate::plan::instance::Instance;

/// Below this many kg CO₂e or units of money a difference is not worth a word.
const WORTH_A_WORD: f64 = 0.5;

/// An order's reason in one sentence.
pub(super) fn of_order(instance: &Instance, account: &Account<'_>, reason: &OrderReason) -> String {
    let (before, after) = (&reason.before, &reason.after);
    let of = |cause: Cause| {
        let found = reason.causes.iter().find(|(known, _)| *known == cause);
        found.map(|(_, part)| *part).unwrap_or_default()
    };
    let order = instance.planned_orders.iter().find(|o| o.planned_order == reason.planned_order);
    let material = order.map_or("", |order| order.material.as_str());
    let mut parts: Vec<String> = Vec::new();
    if before.start_bucket != after.start_bucket {
        let steps = before.start_bucket.abs_diff(after.start_bucket);
        let way = if after.start_bucket > before.start_bucket { "later" } else { "earlier" };
        let why = why_moved(account, material, reason, of(Cause::Shift));
        parts.push(format!(
            "starts {steps} {} {way}, {} instead of {}, {why}",
            if steps == 1 { "shift" } else { "shifts" },
            shift(instance, after.start_bucket),
            shift(instance, before.start_bucket),
        ));
    }
    if before.production_version != after.production_version {
        parts.push(format!(
            "is made by version {} instead of {} ({})",
            after.production_version,
            before.production_version,
            signed(of(Cause::Version), instance)
        ));
    }
    if before.transport_mode != after.transport_mode {
        parts.push(format!(
            "goes by {} instead of {} ({})",
            after.transport_mode,
            before.transport_mode,
            signed(of(Cause::Transport), instance)
        ));
    }
    let setup = of(Cause::SetUp);
    if setup.carbon_kg < -WORTH_A_WORD || setup.cost < -WORTH_A_WORD {
        parts.push(format!("shares set-ups ({})", signed(setup, instance)));
    }
    format!(
        "{} {}: {}, {}",
        reason.planned_order,
        parts.join(" and "),
        signed(reason.difference, instance),
        lateness(reason)
    )
}

/// Why it pays to move an order, from what the move brings.
fn why_moved(
    account: &Account<'_>,
    material: &str,
    reason: &OrderReason,
    shift: Difference,
) -> String {
    let (before, after) = (&reason.before, &reason.after);
    let version = before.production_version.as_str();
    let grid = |start: usize| account.intensity(material, version, start);
    let tariff = |start: usize| account.tariff(material, version, start);
    let setups = reason.causes.iter().find(|(cause, _)| *cause == Cause::SetUp);
    if shift.carbon_kg < -WORTH_A_WORD
        && let (Some(was), Some(is)) = (grid(before.start_bucket), grid(after.start_bucket))
    {
        return format!("when the grid has {is:.3} instead of {was:.3} kg CO2e/kWh");
    }
    if shift.cost < -WORTH_A_WORD
        && let (Some(was), Some(is)) = (tariff(before.start_bucket), tariff(after.start_bucket))
    {
        return format!("when electricity costs {is:.4} instead of {was:.4} per kWh");
    }
    if setups.is_some_and(|(_, part)| part.carbon_kg < 0.0 || part.cost < 0.0) {
        return "where its group is set up already".to_owned();
    }
    if reason.later_buckets < 0 && !reason.on_time.0 && reason.on_time.1 {
        return "so that it arrives on time".to_owned();
    }
    let stock = reason.causes.iter().find(|(cause, _)| *cause == Cause::Stock);
    if stock.is_some_and(|(_, part)| part.cost < -WORTH_A_WORD) {
        return "so that it waits less in stock".to_owned();
    }
    "to leave its place to orders that gain more there".to_owned()
}

/// A component's reason in one sentence.
pub(super) fn of_source(instance: &Instance, reason: &SourceReason) -> String {
    let known = instance.components.iter().find(|c| c.component == reason.component);
    let unit = known.map_or("", |component| component.base_unit.as_str());
    let low = |source: &str| {
        let of = known.and_then(|c| c.sources.iter().find(|s| s.source == source));
        if of.is_some_and(|of| of.low_carbon) { " (low-carbon)" } else { "" }
    };
    let changed: Vec<String> = (reason.sources.iter())
        .filter(|(_, before, after)| (after - before).abs() > 1e-9 * before.max(*after))
        .map(|(source, before, after)| {
            format!("{after:.1} instead of {before:.1} {unit} from {source}{}", low(source))
        })
        .collect();
    format!(
        "{}: {}: {}",
        reason.component,
        if changed.is_empty() { "other shares".to_owned() } else { changed.join(", ") },
        signed(reason.difference, instance)
    )
}

fn signed(difference: Difference, instance: &Instance) -> String {
    let currency = instance.currency.as_deref().unwrap_or("money");
    let words = |value: f64, unit: &str| {
        if value.abs() < WORTH_A_WORD {
            format!("no {unit} more or less")
        } else {
            format!("{:.0} {unit} {}", value.abs(), if value < 0.0 { "less" } else { "more" })
        }
    };
    format!("{}, {}", words(difference.carbon_kg, "kg CO2e"), words(difference.cost, currency))
}

fn lateness(reason: &OrderReason) -> String {
    let shifts =
        |count: u64| if count == 1 { "1 shift".to_owned() } else { format!("{count} shifts") };
    let arrives = match reason.later_buckets {
        0 => "arrives as before".to_owned(),
        later if later > 0 => format!("arrives {} later", shifts(later.unsigned_abs())),
        earlier => format!("arrives {} earlier", shifts(earlier.unsigned_abs())),
    };
    let on_time = match reason.on_time {
        (true, true) => "still on time",
        (false, true) => "now on time",
        (true, false) => "now late",
        (false, false) => "late as before",
    };
    format!("{arrives}, {on_time}")
}

/// A bucket as people call it.
fn shift(instance: &Instance, bucket: usize) -> String {
    instance.buckets.get(bucket).map_or_else(
        || format!("bucket {bucket}"),
        |known| format!("day {} {}", known.day + 1, known.shift),
    )
}
