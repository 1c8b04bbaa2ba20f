//! Tables of energy, of what the rules say about it, and of factors.

use std::collections::BTreeMap;

use jiff::Zoned;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;

use crate::present::sheet::{Column, Sheet};
use crate::serve::view::View;

/// Who used the metered energy of the period.
pub(super) fn energy(view: &View) -> Sheet {
    let mut sheet = Sheet::new(
        "energy",
        vec![
            Column::text("cost_center"),
            Column::text("work_center"),
            Column::text("material"),
            Column::key("value_state"),
            Column::number("energy", "kWh", 1),
            Column::number("share", "%", 2),
            Column::number("carbon", "kgCO2e", 3),
        ],
    );
    let attribution = &view.judged.attribution;
    let all = attribution.metered().amount();
    for group in &attribution.groups {
        for (consumer, kwh) in &group.shares {
            let (center, material) =
                consumer.production.as_ref().map_or_else(Default::default, |(center, made)| {
                    (center.to_string(), made.to_string())
                });
            let share =
                if all.is_zero() { Decimal::ZERO } else { *kwh / all * Decimal::ONE_HUNDRED };
            sheet.row(vec![
                consumer.cost_center.to_string(),
                center,
                material,
                group.state.to_string(),
                kwh.round_dp(6).to_string(),
                share.round_dp(4).to_string(),
                (*kwh * group.factor.kg_co2e_per_unit).round_dp(6).to_string(),
            ]);
        }
    }
    sheet
}

/// The metered energy of the period by day and hour of the plant's clock.
pub(super) fn hours(view: &View, zone: &TimeZone) -> Sheet {
    let meter = view.judged.meter.id.to_string();
    let mut sheet = Sheet::new(
        "energy-hours",
        vec![
            Column::text("meter"),
            Column::text("day"),
            Column::number("hour", "h", 0),
            Column::number("energy", "kWh", 1),
            Column::key("value_state"),
        ],
    );
    for ((day, hour), (kwh, state)) in by(view, zone, |local| (local.date(), local.hour())) {
        sheet.row(vec![meter.clone(), day.to_string(), hour.to_string(), known(kwh), state]);
    }
    sheet
}

/// The same by day.
pub(super) fn days(view: &View, zone: &TimeZone) -> Sheet {
    let meter = view.judged.meter.id.to_string();
    let mut sheet = Sheet::new(
        "energy-days",
        vec![
            Column::text("meter"),
            Column::text("day"),
            Column::number("energy", "kWh", 1),
            Column::key("value_state"),
        ],
    );
    for (day, (kwh, state)) in by(view, zone, Zoned::date) {
        sheet.row(vec![meter.clone(), day.to_string(), known(kwh), state]);
    }
    sheet
}

fn known(kwh: Option<Decimal>) -> String {
    kwh.map_or_else(String::new, |kwh| kwh.to_string())
}

/// kWh and the weakest state of each stretch of the plant's clock; no kWh where a reading is missing.
fn by<K: Ord>(
    view: &View,
    zone: &TimeZone,
    stretch: impl Fn(&Zoned) -> K,
) -> BTreeMap<K, (Option<Decimal>, String)> {
    let mut sums = BTreeMap::new();
    for (at, slot) in view.judged.series.within(view.judged.inventory.period) {
        let local = at.start.to_zoned(zone.clone());
        let entry = sums.entry(stretch(&local)).or_insert((Some(Decimal::ZERO), slot.state));
        entry.0 = entry.0.zip(slot.energy).map(|(sum, energy)| sum + energy.amount());
        entry.1 = entry.1.and(slot.state);
    }
    sums.into_iter().map(|(key, (kwh, state))| (key, (kwh, state.to_string()))).collect()
}
