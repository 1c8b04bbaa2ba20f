//! Tables of the meters below the main one: measured against reconciled, machines by day, and the other
//! media.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use rust_decimal::Decimal;

use crate::present::sheet::{Column, Sheet};
use crate::serve::view::View;

/// The tree of meters of the month, reconciled with its bill. Empty for a plant with one meter.
pub(super) fn tree(view: &View) -> Sheet {
    let site = view.judged.site.as_ref();
    let unit = site.map_or_else(String::new, |site| site.unit.to_string());
    let mut sheet = Sheet::new(
        "meter-tree",
        vec![
            Column::text("meter"),
            Column::text("below"),
            Column::key("kind"),
            Column::text("work_center"),
            Column::number("measured", &unit, 1),
            Column::number("reconciled", &unit, 1),
            Column::number("deviation", &unit, 1),
            Column::key("value_state"),
        ],
    );
    for node in site.iter().flat_map(|site| &site.nodes) {
        sheet.row(vec![
            node.id.clone(),
            node.parent.clone().unwrap_or_default(),
            node.kind.key().to_owned(),
            node.work_center.as_ref().map_or_else(String::new, ToString::to_string),
            node.given.map_or_else(String::new, |given| given.to_string()),
            node.reconciled.to_string(),
            format!("{:.3}", node.deviation),
            node.state.to_string(),
        ]);
    }
    sheet
}

/// The trees of the other media of the month, each reconciled. Empty for a plant without them.
pub(super) fn media(view: &View) -> Sheet {
    let mut sheet = Sheet::new(
        "media",
        vec![
            Column::key("medium"),
            Column::text("meter"),
            Column::text("below"),
            Column::key("kind"),
            Column::text("work_center"),
            Column::number("measured", "", 2),
            Column::number("reconciled", "", 2),
            Column::number("deviation", "", 2),
            Column::text("unit"),
            Column::key("value_state"),
        ],
    );
    for (medium, tree) in &view.judged.media {
        for node in &tree.nodes {
            sheet.row(vec![
                medium.key().to_owned(),
                node.id.clone(),
                node.parent.clone().unwrap_or_default(),
                node.kind.key().to_owned(),
                node.work_center.as_ref().map_or_else(String::new, ToString::to_string),
                node.given.map_or_else(String::new, |given| given.to_string()),
                node.reconciled.to_string(),
                format!("{:.5}", node.deviation),
                medium.symbol().to_owned(),
                node.state.to_string(),
            ]);
        }
    }
    sheet
}

/// What each machine used by day, after reconciliation. A stretch over midnight counts to the day on
/// which it begins.
pub(super) fn days(view: &View, zone: &TimeZone) -> Sheet {
    let mut sheet = Sheet::new(
        "equipment-days",
        vec![
            Column::text("day"),
            Column::text("equipment"),
            Column::number("energy", "kWh", 1),
            Column::key("value_state"),
        ],
    );
    let mut sums = BTreeMap::new();
    for stretch in &view.judged.attribution.equipment {
        let day = stretch.interval.start.to_zoned(zone.clone()).date();
        for node in stretch.nodes.iter().filter(|node| node.kind.is_equipment()) {
            let sum = sums.entry((day, node.id.as_str())).or_insert((Decimal::ZERO, node.state));
            sum.0 += node.reconciled;
            sum.1 = sum.1.and(node.state);
        }
    }
    for ((day, machine), (kwh, state)) in sums {
        sheet.row(vec![
            day.to_string(),
            machine.to_owned(),
            kwh.round_dp(6).to_string(),
            state.to_string(),
        ]);
    }
    sheet
}
