//! Tables of plans and orders.

use std::collections::BTreeMap;

use crate::config::Config;
use crate::cycle::PlanRecord;
use crate::period::ShiftCalendar;
use crate::plan::schedule::Assignment;
use crate::present::sheet::{Column, Sheet};
use crate::serve::metrics::phase_name;
use crate::serve::plant::JournalView;
use crate::serve::problem::Problem;
use crate::serve::view::View;
use crate::store::{Kind, Store};

/// Every plan, the newest first.
pub(super) fn plans(store: &Store, journal: &JournalView) -> Result<Sheet, Problem> {
    let mut sheet = Sheet::new(
        "plans",
        vec![
            Column::text("plan"),
            Column::instant("made"),
            Column::key("plan_status"),
            Column::key("phase"),
            Column::text("change_set"),
            Column::number("orders", "", 0),
            Column::number("carbon", "kgCO2e", 0),
            Column::number("carbon_baseline", "kgCO2e", 0),
            Column::number("cost", "EUR", 0),
            Column::number("cost_baseline", "EUR", 0),
            Column::number("punctuality", "%", 1),
            Column::number("punctuality_baseline", "%", 1),
            Column::number("gap", "%", 3),
        ],
    );
    for (key, made, record) in store.all::<PlanRecord>(Kind::Plan)? {
        let posted = journal.plans.iter().rev().find(|set| set.plan_hash == key);
        let (found, before) = (&record.evaluation, &record.baseline);
        let percent = |share: f64| format!("{:.4}", 100.0 * share);
        let gap = found.fv.map(|fv| (record.upper_bound - fv) / record.upper_bound);
        sheet.row(vec![
            key,
            made.to_string(),
            record.status.clone(),
            posted.map_or_else(String::new, |set| phase_name(set.phase)),
            posted.map_or_else(String::new, |set| set.change_set_id.to_string()),
            record.schedule.assignments.len().to_string(),
            format!("{:.3}", found.carbon_kg),
            format!("{:.3}", before.carbon_kg),
            format!("{:.2}", found.cost),
            format!("{:.2}", before.cost),
            percent(found.punctuality),
            percent(before.punctuality),
            gap.map_or_else(String::new, percent),
        ]);
    }
    Ok(sheet)
}

/// Every order of a plan beside what the plant would do without it.
pub(super) fn orders(store: &Store, key: &str, config: &Config) -> Result<Sheet, Problem> {
    let mut sheet = Sheet::new(
        "plan-orders",
        vec![
            Column::text("order"),
            Column::text("sales_order"),
            Column::text("material"),
            Column::number("quantity", "", 3),
            Column::text("unit"),
            Column::text("work_center"),
            Column::text("production_version"),
            Column::text("production_version_baseline"),
            Column::text("start"),
            Column::text("start_baseline"),
            Column::text("end"),
            Column::text("transport"),
            Column::key("change"),
        ],
    );
    let (_, _, record): (_, _, PlanRecord) = store.get(Kind::Plan, key)?;
    let shifts = ShiftCalendar::three_shifts(config.zone.clone());
    let before: BTreeMap<&str, &Assignment> = record
        .baseline_schedule
        .assignments
        .iter()
        .map(|one| (one.planned_order.as_str(), one))
        .collect();
    let problem = &record.problem;
    for one in &record.schedule.assignments {
        let Some(line) = problem.demands.get(&one.planned_order) else { continue };
        let material = line.material.as_str();
        let last =
            |a: &Assignment| problem.last_bucket(material, &a.production_version, a.start_bucket);
        let times = |a: &Assignment| problem.local_times(a.start_bucket, last(a), &shifts);
        let (start, end) = times(one);
        let was = before.get(one.planned_order.as_str());
        let change = match was {
            None => "new",
            Some(was) if was.production_version != one.production_version => "other_version",
            Some(was) if was.start_bucket != one.start_bucket => "moved",
            Some(was) if was.transport_mode != one.transport_mode => "other_transport",
            Some(_) => "unchanged",
        };
        sheet.row(vec![
            one.planned_order.clone(),
            format!("{}/{}", line.sales_order, line.item),
            material.to_owned(),
            line.open_quantity.amount.to_string(),
            line.open_quantity.unit.to_string(),
            first_work_center(&record, material, &one.production_version),
            one.production_version.clone(),
            was.map_or_else(String::new, |was| was.production_version.clone()),
            start.to_string(),
            was.map_or_else(String::new, |was| times(was).0.to_string()),
            end.to_string(),
            one.transport_mode.clone(),
            change.to_owned(),
        ]);
    }
    Ok(sheet)
}

fn first_work_center(record: &PlanRecord, material: &str, version: &str) -> String {
    let materials = &record.problem.instance.materials;
    let made = materials.iter().find(|known| known.material == material);
    let version = made.and_then(|made| {
        made.production_versions.iter().find(|known| known.production_version == version)
    });
    let first = version.and_then(|version| version.operations.first());
    first.map_or_else(String::new, |operation| operation.work_center.clone())
}

/// Planned orders that SAP has.
pub(super) fn planned_orders(view: &View) -> Sheet {
    let mut sheet = Sheet::new(
        "planned-orders",
        vec![
            Column::text("planned_order"),
            Column::text("material"),
            Column::text("plant"),
            Column::text("production_version"),
            Column::number("quantity", "", 3),
            Column::text("unit"),
            Column::text("start"),
            Column::text("end"),
            Column::key("firm"),
            Column::text("sales_order"),
        ],
    );
    for order in &view.facts.orders.planned_orders {
        let version = order.production_version.as_ref();
        let sales_order = order.sales_order.as_ref();
        sheet.row(vec![
            order.number.to_string(),
            order.material.to_string(),
            order.plant.to_string(),
            version.map_or_else(String::new, ToString::to_string),
            order.quantity.amount.to_string(),
            order.quantity.unit.to_string(),
            order.start.to_string(),
            order.end.to_string(),
            if order.firm { "yes" } else { "no" }.to_owned(),
            sales_order.map_or_else(String::new, |(order, item)| format!("{order}/{item}")),
        ]);
    }
    sheet
}
