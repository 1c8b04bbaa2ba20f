//! Production of January to September 2018, derived from the meter: in each shift the energy above
//! the idle base became steel of the day's product and the shift's route.

use jiff::SignedDuration;
use jiff::civil::DateTime;
use jiff::tz::{TimeZone, offset};
use rand::RngExt;
use rand_pcg::Pcg64Mcg;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde_json::Value;

use super::master::{Operation, ROUTINGS};
use super::{Values, meter_series};

/// kWh that the idle plant draws in a quarter of an hour.
pub(super) const IDLE: f64 = 3.4;
/// Smallest output of a shift worth an order, in tonnes.
const TONNES_MIN: f64 = 0.2;

/// Product and level below it by day.
const CAMPAIGN: [(&str, &str, f64); 4] = [
    ("REBAR-16", "BILLET", 1.04),
    ("STRIP-3", "SLAB", 1.06),
    ("REBAR-25", "BILLET", 1.04),
    ("STRIP-6", "SLAB", 1.06),
];

fn routing(material: &str) -> &'static [Operation] {
    ROUTINGS.iter().find(|routing| routing.0 == material).map_or(&[], |routing| routing.2)
}

/// The shift that an instant lies in: its start in the plant's local time.
pub(super) fn shift_of(local: DateTime) -> DateTime {
    let day = local.date();
    match local.hour() {
        6..14 => day.at(6, 0, 0, 0),
        14..22 => day.at(14, 0, 0, 0),
        22.. => day.at(22, 0, 0, 0),
        _ => day.yesterday().unwrap_or(day).at(22, 0, 0, 0),
    }
}

pub fn confirmations() -> Vec<Values> {
    let plant = TimeZone::get("Europe/Berlin").expect("jiff ships the time zones");
    // The meter's clock knows no summer time.
    let meter_clock = TimeZone::fixed(offset(1));
    let quarter = SignedDuration::from_mins(15);
    let mut shifts: Vec<(DateTime, f64)> = Vec::new();
    for row in meter_series() {
        let begin = row.interval_end.saturating_sub(quarter);
        let instant = meter_clock.to_timestamp(begin).expect("within jiff's years");
        let shift = shift_of(instant.to_zoned(plant.clone()).datetime());
        let above = row.usage_kwh.to_f64().unwrap_or(0.0) - IDLE;
        match shifts.last_mut() {
            Some((known, energy)) if *known == shift => *energy += above.max(0.0),
            _ => shifts.push((shift, above.max(0.0))),
        }
    }
    let mut random = Pcg64Mcg::new(0x0010_1020_1809);
    let mut rows = Vec::new();
    let mut order = 1_000_000;
    for (index, (start, energy)) in shifts.into_iter().enumerate() {
        let day = usize::try_from(start.date().day_of_year()).unwrap_or(0);
        let (product, level, per_tonne) = CAMPAIGN[day / 2 % CAMPAIGN.len()];
        // Nights and a part of the days run the arc furnace: about 45 % of the shifts.
        let short = start.hour() == 22 || (day + index) % 5 == 0;
        let semi = format!("{level}-{}", if short { "S" } else { "L" });
        let scatter = 1.0 + random.random_range(-0.04..0.04);
        let chain = |material: &str| -> f64 {
            routing(material).iter().map(|operation| operation.kwh as f64).sum()
        };
        let specific = (chain(product) + per_tonne * chain(&semi)) * scatter;
        let tonnes = energy / specific;
        if tonnes < TONNES_MIN {
            continue;
        }
        let scrapped = if random.random_range(0..20) == 0 { tonnes * 0.02 } else { 0.0 };
        let mut produced = |material: &str, tonnes: f64, scrapped: f64, begin: DateTime| {
            order += 1;
            let operations = routing(material);
            for operation in operations {
                rows.push(confirmation(order, material, operation, (tonnes, scrapped), begin));
            }
        };
        produced(&semi, tonnes * per_tonne, 0.0, start);
        produced(product, tonnes, scrapped, start.saturating_add(SignedDuration::from_hours(2)));
    }
    rows
}

fn confirmation(
    order: u64,
    material: &str,
    operation: &Operation,
    (tonnes, scrapped): (f64, f64),
    begin: DateTime,
) -> Values {
    let text = |value: &dyn ToString| Value::String(value.to_string());
    let exact = |value: f64| Decimal::from_f64_retain(value).unwrap_or_default().round_dp(3);
    let done = exact(tonnes);
    let each = |standard: Decimal| (standard * done).round_dp(3);
    let end = begin.saturating_add(SignedDuration::from_hours(5));
    let group = order * 10 + operation.number.parse::<u64>().unwrap_or(0) / 10;
    vec![
        ("ConfirmationGroup", text(&group)),
        ("ConfirmationCount", text(&1)),
        ("OrderID", text(&order)),
        ("Sequence", text(&0)),
        ("OrderOperation", text(&operation.number)),
        ("OrderType", text(&"PP01")),
        ("Material", text(&material)),
        ("Plant", text(&"1010")),
        ("WorkCenterTypeCode", text(&"A")),
        ("WorkCenter", text(&operation.work_center)),
        ("PostingDate", text(&begin.date())),
        ("ConfirmationEntryDate", text(&begin.date())),
        ("ConfirmedExecutionStartDate", text(&begin.date())),
        ("ConfirmedExecutionStartTime", text(&begin.time())),
        ("ConfirmedExecutionEndDate", text(&end.date())),
        ("ConfirmedExecutionEndTime", text(&end.time())),
        ("ConfirmationUnit", text(&"TO")),
        ("ConfirmationYieldQuantity", text(&done)),
        ("ConfirmationScrapQuantity", text(&exact(scrapped))),
        ("OpWorkQuantityUnit1", text(&"MIN")),
        ("OpConfirmedWorkQuantity1", text(&operation.setup)),
        ("OpWorkQuantityUnit2", text(&"MIN")),
        ("OpConfirmedWorkQuantity2", text(&each(Decimal::from(operation.machine)))),
        ("OpWorkQuantityUnit3", text(&"KWH")),
        ("OpConfirmedWorkQuantity3", text(&each(Decimal::from(operation.kwh)))),
        ("OpWorkQuantityUnit4", text(&"GJ")),
        ("OpConfirmedWorkQuantity4", text(&each(Decimal::new(operation.gas, 2)))),
    ]
}
