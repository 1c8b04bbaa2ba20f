//! `carbide footprint order`: what an order truly emitted, beside the standard.

use clap::Args;
use serde_json::json;

use crate::cli::connect::{Session, month};
use crate::cli::exit::print_json;
use crate::cli::{CliError, Context, Exit};
use crate::cycle::order_footprint;
use crate::footprint::OrderFootprint;
use crate::id::ProductionOrderNumber;
use crate::period::PostingPeriod;
use crate::present::figure;
use crate::present::table::{Align, Table};

/// Show what a production order emitted, from its confirmations and goods movements.
#[derive(Debug, Args)]
pub struct Order {
    /// Production order, as in SAP field AUFNR.
    number: ProductionOrderNumber,

    /// Month in which it ran; every metered month is looked at if it is not given.
    #[arg(long, value_parser = month)]
    period: Option<PostingPeriod>,
}

pub(super) async fn run(arguments: &Order, context: &Context) -> Result<Exit, CliError> {
    let session = Session::open(context)?;
    let (_, facts) = session.facts(false, context).await?;
    let period = arguments.period.or_else(|| {
        let mut confirmations = facts.orders.confirmations.iter();
        let found = confirmations.find(|c| c.order == arguments.number)?;
        let start = found.execution.start.to_zoned(session.config.zone.clone());
        Some(PostingPeriod::of(start.date()))
    });
    let Some(period) = period else {
        let text = format!("order {} has no confirmation; look at it in CO03", arguments.number);
        return Err(CliError::new(Exit::No, text));
    };
    let judged = session.judge(&facts, Some(period))?;
    let found = order_footprint(&arguments.number, &facts, &judged, &session.config)?;
    if context.json {
        print_json(&json!({
            "order": found,
            "period": period.to_string(),
            "kg_co2e": found.total(),
            "kg_co2e_per_unit": found.per_unit(),
            "standard_kg_co2e_per_unit": found.standard.total(),
            "above_standard_kg_co2e_per_unit": found.above_standard(),
        }))?;
    } else {
        print(&found, period);
    }
    Ok(Exit::Done)
}

/// Prints an order for people.
pub(in crate::cli) fn print(found: &OrderFootprint, period: PostingPeriod) {
    println!(
        "Order {} of {period}: {} good {} of {}, {} kg CO2e",
        found.order,
        figure::decimal(found.good.amount, 3),
        found.good.unit,
        found.material,
        figure::decimal(found.total().amount(), 3)
    );
    println!(
        "  {} kg CO2e per {} actual, {} standard, {} above",
        figure::decimal(found.per_unit().amount(), 3),
        found.good.unit,
        figure::decimal(found.standard.total().amount(), 3),
        figure::decimal(found.above_standard().amount(), 3)
    );
    if !found.components_as_moved {
        println!("  no goods movements name the order: components stand as planned");
    }
    let mut table = Table::new(&[
        ("where", Align::Left),
        ("what", Align::Left),
        ("activity", Align::Right),
        ("factor", Align::Left),
        ("state", Align::Left),
        ("kg CO2e", Align::Right),
    ]);
    for term in &found.contributions {
        let path: Vec<&str> = term.path.iter().map(|material| material.as_str()).collect();
        table.row([
            path.join(" > "),
            term.what.clone(),
            format!("{} {}", figure::decimal(term.activity.amount, 4), term.activity.unit),
            term.factor.clone(),
            term.state.to_string(),
            figure::decimal(term.emissions.amount(), 3),
        ]);
    }
    print!("{table}");
}
