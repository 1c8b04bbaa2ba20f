//! Tables of plans and orders.

use crate::config::Config;
use crate::cycle::PlanRecord;
use crate::period::ShiftCalendar;
use crate::plan::schedule::Assignment;
use crate::present::sheet::{Column, Sheet};
use crate::said::Said;
use crate::serve::gantt;
use crate::serve::metrics::phase_name;
use crate::serve::plant::JournalView;
use crate::serve::problem::Problem;
use crate::serve::view::View;
use crate::store::{Kind, Store};

/// Every plan, the newest first.
pub(super) fn plans(store: &Store, journal: &JournalView) -> Result<Sheet, Problem> {
    let all = store.all::<PlanRecord>(Kind::Plan)?;
    // A plant has one company code, whose currency they share.
    let currency = all.first().map(|(_, _, record)| gantt::currency(record)).unwrap_or_default();
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
            Column::number("cost", currency, 0),
            Column::number("cost_baseline", currency, 0),
            Column::number("punctuality", "%", 1),
            Column::number("punctuality_baseline", "%", 1),
            Column::number("gap", "%", 3),
        ],
    );
    for (key, made, record) in &all {
        let posted = journal.plans.iter().rev().find(|set| set.plan_hash == *key);
        let (found, before) = (&record.evaluation, &record.baseline);
        let percent = |share: f64| format!("{:.4}", 100.0 * share);
        let gap = found.fv.map(|fv| (record.upper_bound - fv) / record.upper_bound);
        sheet.row(vec![
            key.clone(),
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
    let before = record.without_it();
    let problem = &record.problem;
    for one in &record.schedule.assignments {
        let Some(line) = problem.demands.get(&one.planned_order) else { continue };
        let Some(quantity) = problem.quantity(&one.planned_order) else { continue };
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
            quantity.amount.to_string(),
            quantity.unit.to_string(),
            record
                .operations(material, &one.production_version)
                .first()
                .map_or_else(String::new, |first| first.work_center.clone()),
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

/// Every operation of a plan, as the chart by work center shows it.
pub(super) fn operations(store: &Store, key: &str, config: &Config) -> Result<Sheet, Problem> {
    let mut sheet = Sheet::new(
        "plan-operations",
        vec![
            Column::text("work_center"),
            Column::text("start"),
            Column::text("end"),
            Column::text("order"),
            Column::text("material"),
            Column::number("run_time", "min", 1),
            Column::number("grid_intensity", "kgCO2e/kWh", 4),
        ],
    );
    let (_, _, record): (_, _, PlanRecord) = store.get(Kind::Plan, key)?;
    let calendar = ShiftCalendar::three_shifts(config.zone.clone());
    let shifts = gantt::shifts(&record, &calendar);
    for bar in gantt::bars(&record, &calendar) {
        let grid = shifts.get(bar.bucket).map(|shift| shift.grid_kg_per_kwh.to_string());
        sheet.row(vec![
            bar.work_center,
            bar.start,
            bar.end,
            bar.order,
            bar.material,
            bar.minutes.to_string(),
            grid.unwrap_or_default(),
        ]);
    }
    Ok(sheet)
}

/// The shifts of a plan's horizon with the grid and the tariff in them.
pub(super) fn shifts(store: &Store, key: &str, config: &Config) -> Result<Sheet, Problem> {
    let (_, _, record): (_, _, PlanRecord) = store.get(Kind::Plan, key)?;
    let mut sheet = Sheet::new(
        "plan-shifts",
        vec![
            Column::text("start"),
            Column::key("night"),
            Column::number("grid_intensity", "kgCO2e/kWh", 4),
            Column::number("tariff", &format!("{}/kWh", gantt::currency(&record)), 4),
        ],
    );
    let calendar = ShiftCalendar::three_shifts(config.zone.clone());
    for shift in gantt::shifts(&record, &calendar) {
        sheet.row(vec![
            shift.start,
            if shift.night { "yes" } else { "no" }.to_owned(),
            shift.grid_kg_per_kwh.to_string(),
            shift.tariff_per_kwh.to_string(),
        ]);
    }
    Ok(sheet)
}

/// Why a plan differs from what the plant does today, object by object.
pub(super) fn reasons(store: &Store, key: &str) -> Result<Sheet, Problem> {
    let (_, _, record): (_, _, PlanRecord) = store.get(Kind::Plan, key)?;
    let mut sheet = Sheet::new(
        "plan-reasons",
        vec![
            Column::text("object"),
            Column::text("why"),
            Column::number("carbon_difference", "kgCO2e", 1),
            Column::number("cost_difference", gantt::currency(&record), 2),
            Column::number("later", "shifts", 0),
        ],
    );
    // A plan of an older version has no problem to compare with.
    let Ok(found) = record.reasons() else { return Ok(sheet) };
    for order in found.orders {
        let why = sheet.cell(&order.text);
        sheet.row(vec![
            order.planned_order,
            why,
            order.difference.carbon_kg.to_string(),
            order.difference.cost.to_string(),
            order.later_buckets.to_string(),
        ]);
    }
    for source in found.sources {
        let why = sheet.cell(&source.text);
        sheet.row(vec![
            source.component,
            why,
            source.difference.carbon_kg.to_string(),
            source.difference.cost.to_string(),
            String::new(),
        ]);
    }
    Ok(sheet)
}

/// Other choices between carbon, cost and punctuality.
pub(super) fn choices(store: &Store, key: &str) -> Result<Sheet, Problem> {
    let (_, _, record): (_, _, PlanRecord) = store.get(Kind::Plan, key)?;
    let currency = gantt::currency(&record);
    let mut sheet = Sheet::new(
        "plan-choices",
        vec![
            Column::text("choice"),
            Column::key("chosen"),
            Column::number("carbon", "kgCO2e", 0),
            Column::number("cost", currency, 0),
            Column::number("punctuality", "%", 1),
            Column::number("cost_per_tonne_saved", &format!("{currency}/t"), 2),
        ],
    );
    for point in record.front.iter().flat_map(|front| &front.points) {
        let named = Said { text: point.name.clone(), ..point.said.clone().unwrap_or_default() };
        let named = sheet.cell(&named);
        sheet.row(vec![
            named,
            if point.chosen { "yes" } else { "no" }.to_owned(),
            point.carbon_kg.to_string(),
            point.cost.to_string(),
            (100.0 * point.punctuality).to_string(),
            point.cost_per_tonne_saved.map_or_else(String::new, |cost| cost.to_string()),
        ]);
    }
    Ok(sheet)
}

/// How likely each order is on time by the simulation of the shop floor.
pub(super) fn likelihood(store: &Store, key: &str) -> Result<Sheet, Problem> {
    let mut sheet = Sheet::new(
        "plan-likelihood",
        vec![
            Column::text("order"),
            Column::number("on_time", "%", 1),
            Column::key("planned_on_time"),
            Column::number("delay", "shifts", 2),
            Column::text("waits_at"),
        ],
    );
    let (_, _, record): (_, _, PlanRecord) = store.get(Kind::Plan, key)?;
    for order in record.outlook.iter().flat_map(|outlook| &outlook.orders) {
        sheet.row(vec![
            order.planned_order.clone(),
            (100.0 * order.on_time).to_string(),
            if order.planned_on_time { "yes" } else { "no" }.to_owned(),
            order.delay_buckets.to_string(),
            order.waits_at.as_ref().map_or_else(String::new, |(center, _)| center.clone()),
        ]);
    }
    Ok(sheet)
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
