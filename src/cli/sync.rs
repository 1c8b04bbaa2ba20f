//! `carbide sync`: read everything and keep it.

use clap::Args;
use serde_json::{Value, json};

use super::connect::Session;
use super::exit::print_json;
use super::{CliError, Context, Exit};
use crate::cycle::{Facts, SyncReport, Way};
use crate::present::table::{Align, Table};

/// Read what changed in SAP, and the readings, and keep them as a snapshot.
///
/// SAP is asked for changes where it tells them, and rows are counted on both sides; what was read
/// whole although SAP tells its changes is an alarm.
/// check, footprint, plan and post work on the last snapshot, so that they speak of the same facts.
#[derive(Debug, Args)]
pub struct Sync {
    /// Read everything again, also what SAP says has not changed.
    #[arg(long, requires = "why")]
    full: bool,
    /// Why; it stands in the report.
    #[arg(long, requires = "full")]
    why: Option<String>,
}

pub(super) async fn run(arguments: Sync, context: &Context) -> Result<Exit, CliError> {
    let session = Session::open(context)?;
    let full = arguments.why.as_deref().filter(|_| arguments.full);
    let (key, facts, report) = session.read(full, context).await?;
    let mut document = summary(&key, &facts);
    if context.json {
        document["sets"] = json!(report.sets);
        document["alarms"] = json!(report.alarms);
        print_json(&document)?;
    } else {
        print_sets(&report);
        print_summary(&document);
        for problem in &facts.problems {
            println!("  left out: {problem}");
        }
    }
    Ok(Exit::Done)
}

fn print_sets(report: &SyncReport) {
    let mut table = Table::new(&[
        ("entity set", Align::Left),
        ("read", Align::Left),
        ("pages", Align::Right),
        ("rows", Align::Right),
        ("changed", Align::Right),
        ("gone", Align::Right),
        ("now", Align::Right),
        ("seconds", Align::Right),
    ]);
    for set in &report.sets {
        let way = match set.way {
            Way::First => "first",
            Way::Delta => "changes",
            Way::Unchanged => "unchanged",
            Way::Full => "whole",
        };
        let resumed = set.resumed_after.map(|rows| format!(", on from row {rows}"));
        table.row([
            set.set.to_owned(),
            format!("{way}{}", resumed.unwrap_or_default()),
            set.pages.to_string(),
            set.rows_read.to_string(),
            set.changed.to_string(),
            set.gone.to_string(),
            set.total.to_string(),
            format!("{:.1}", set.seconds),
        ]);
    }
    print!("{table}");
    for set in report.sets.iter().filter(|set| set.way == Way::Full) {
        if let Some(why) = &set.why {
            println!("  {} was read whole: {why}", set.set);
        }
    }
}

/// What was read, in numbers.
pub(super) fn summary(key: &str, facts: &Facts) -> Value {
    let master = &facts.master;
    let meters = facts.meters.iter().map(|meter| {
        json!({
            "meter": meter.meter.id,
            "count": meter.rows.len(),
            "first": meter.rows.iter().map(|row| row.stamp).min(),
            "last": meter.rows.iter().map(|row| row.stamp).max(),
            "source": meter.source,
        })
    });
    json!({
        "snapshot": key,
        "sap_system": facts.sap_system,
        "materials": master.materials.len(),
        "bills_of_material": master.bills_of_material.len(),
        "routings": master.routings.len(),
        "production_versions": master.production_versions.values().map(Vec::len).sum::<usize>(),
        "work_centers": master.work_centers.len(),
        "sources_of_supply": master.sources_of_supply.values().map(Vec::len).sum::<usize>(),
        "sales_order_lines": facts.orders.sales_order_lines.len(),
        "planned_orders": facts.orders.planned_orders.len(),
        "production_orders": facts.orders.production_orders.len(),
        "order_operations": facts.orders.production_orders.iter().map(|o| o.operations.len()).sum::<usize>(),
        "confirmations": facts.orders.confirmations.len(),
        "meters": meters.collect::<Vec<_>>(),
        "problems": facts.problems,
    })
}

pub(super) fn print_summary(document: &Value) {
    let text = |key: &str| document[key].to_string();
    println!(
        "  {} materials, {} BOMs, {} routings, {} production versions, {} work centers, {} sources",
        text("materials"),
        text("bills_of_material"),
        text("routings"),
        text("production_versions"),
        text("work_centers"),
        text("sources_of_supply")
    );
    println!(
        "  {} open schedule lines, {} planned orders, {} production orders with {} operations, {} \
         confirmations",
        text("sales_order_lines"),
        text("planned_orders"),
        text("production_orders"),
        text("order_operations"),
        text("confirmations")
    );
    for meter in document["meters"].as_array().into_iter().flatten() {
        let part = |key: &str| meter[key].as_str().map_or(meter[key].to_string(), str::to_owned);
        println!(
            "  meter {}: {} readings, {} to {}, from {}",
            part("meter"),
            part("count"),
            part("first"),
            part("last"),
            part("source")
        );
    }
}
