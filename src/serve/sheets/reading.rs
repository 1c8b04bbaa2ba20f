//! Tables of energy, of what the rules say about it, and of factors.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use rust_decimal::Decimal;

use crate::config::Config;
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
    let mut by_hour = BTreeMap::new();
    for (at, slot) in view.judged.series.within(view.judged.inventory.period) {
        let local = at.start.to_zoned(zone.clone());
        let entry = by_hour
            .entry((local.date(), local.hour()))
            .or_insert((Some(Decimal::ZERO), slot.state));
        entry.0 = entry.0.zip(slot.energy).map(|(sum, energy)| sum + energy.amount());
        entry.1 = entry.1.and(slot.state);
    }
    for ((day, hour), (kwh, state)) in by_hour {
        sheet.row(vec![
            meter.clone(),
            day.to_string(),
            hour.to_string(),
            kwh.map_or_else(String::new, |kwh| kwh.to_string()),
            state.to_string(),
        ]);
    }
    sheet
}

/// What the rules found.
pub(super) fn findings(view: &View) -> Sheet {
    let mut sheet = Sheet::new(
        "findings",
        vec![
            Column::text("rule"),
            Column::key("severity"),
            Column::text("subject"),
            Column::instant("from"),
            Column::instant("to"),
            Column::number("count", "", 0),
            Column::text("seen"),
            Column::text("proposal"),
        ],
    );
    for finding in &view.judged.findings {
        let severity = serde_json::to_value(finding.severity).unwrap_or_default();
        let (from, to) = finding
            .interval
            .map_or_else(Default::default, |at| (at.start.to_string(), at.end.to_string()));
        sheet.row(vec![
            finding.rule.clone(),
            severity.as_str().unwrap_or_default().to_owned(),
            finding.subject.clone(),
            from,
            to,
            finding.count.to_string(),
            finding.text.clone(),
            finding.proposal.clone(),
        ]);
    }
    sheet
}

/// Readings that a rule changed, before and after.
pub(super) fn corrections(view: &View) -> Sheet {
    let mut sheet = Sheet::new(
        "corrections",
        vec![
            Column::text("rule"),
            Column::instant("interval_end"),
            Column::instant("stamp_before"),
            Column::number("energy_before", "kWh", 3),
            Column::number("energy_after", "kWh", 3),
            Column::text("method"),
        ],
    );
    let kwh = |value: Option<Decimal>| value.map_or_else(String::new, |kwh| kwh.to_string());
    for one in &view.judged.corrections {
        sheet.row(vec![
            one.rule.clone(),
            one.interval_end.to_string(),
            one.old_stamp.to_string(),
            kwh(one.old_kwh),
            kwh(one.new_kwh),
            one.method.clone(),
        ]);
    }
    sheet
}

/// The factor book.
pub(super) fn factors(config: &Config) -> Sheet {
    let mut sheet = Sheet::new(
        "factors",
        vec![
            Column::text("factor"),
            Column::text("activity"),
            Column::text("supplier"),
            Column::number("value", "kgCO2e", 6),
            Column::text("per"),
            Column::text("region"),
            Column::text("valid_from"),
            Column::text("valid_to"),
            Column::number("uncertainty", "%", 1),
            Column::text("confidence"),
            Column::text("source"),
            Column::text("licence"),
        ],
    );
    for row in config.factors.book.rows() {
        sheet.row(vec![
            row.id.clone(),
            row.activity.clone(),
            row.supplier.clone().unwrap_or_default(),
            row.kg_co2e_per_unit.to_string(),
            row.unit.to_string(),
            row.region.clone(),
            row.valid_from.to_string(),
            row.valid_to.map_or_else(String::new, |day| day.to_string()),
            row.uncertainty_percent.map_or_else(String::new, |percent| percent.to_string()),
            row.confidence.clone(),
            row.source.clone(),
            row.licence.clone(),
        ]);
    }
    sheet
}
