//! `carbide sync`: read everything and keep it.

use clap::Args;
use serde_json::{Value, json};

use super::connect::Session;
use super::exit::print_json;
use super::{CliError, Context, Exit};
use crate::cycle::Facts;

/// Read master data, orders and readings, and keep them as a snapshot.
///
/// check, footprint, plan and post work on the last snapshot, so that they speak of the same facts.
#[derive(Debug, Args)]
pub struct Sync {}

pub(super) async fn run(_: Sync, context: &Context) -> Result<Exit, CliError> {
    let session = Session::open(context)?;
    let (key, facts) = session.facts(true, context).await?;
    let document = summary(&key, &facts);
    if context.json {
        print_json(&document)?;
    } else {
        print_summary(&document);
        for problem in &facts.problems {
            println!("  left out: {problem}");
        }
    }
    Ok(Exit::Done)
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
        "  {} open schedule lines, {} planned orders, {} confirmations",
        text("sales_order_lines"),
        text("planned_orders"),
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
