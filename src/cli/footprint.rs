//! `carbide footprint`: products, and the inventory of a month.

mod cbam;
mod order;
mod organisation;
mod quality;
mod restate;
mod solve;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::connect::{Session, month};
use super::exit::print_json;
use super::{CliError, Context, Exit};
pub(super) use order::print as print_order;
pub(super) use restate::restated;

use crate::config::factors::{self, Reading};
use crate::cycle::footprints;
use crate::factor::gas::GwpSet;
use crate::footprint::{Inventory, ProductFootprint};
use crate::period::PostingPeriod;
use crate::present::figure;
use crate::present::table::{Align, Table};

/// Show the footprints of products and the inventory of a month.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Footprint {
    #[command(subcommand)]
    what: Option<What>,

    /// Month, as 2018-09; the last one that is metered whole if it is not given.
    #[arg(long, value_parser = month)]
    period: Option<PostingPeriod>,

    /// Read SAP and meters again first.
    #[arg(long)]
    fresh: bool,

    /// Factor book to use instead of the plant's own.
    #[arg(long)]
    book: Option<String>,

    /// GWP set to use instead of the one that the mapping names: AR4, AR5 or AR6.
    #[arg(long)]
    gwp: Option<GwpSet>,

    /// Draw each footprint so often (Monte Carlo), beside the error propagation; with --json.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=10_000_000))]
    draws: Option<u32>,
}

/// Other footprints than those of the plant's products.
#[derive(Debug, Subcommand)]
enum What {
    /// Solve a product system that stands in a JSON file.
    Solve(solve::Solve),
    /// Show what a production order emitted, beside the standard.
    Order(order::Order),
    /// Calculate the embedded emissions of CBAM goods in a JSON file.
    Cbam(cbam::Cbam),
    /// Show the balanced difference that changed factors make of a month that was posted.
    Restate(restate::Restate),
    /// Show the inventory by ISO 14064-1 category and scope, intensity and budgets.
    Organisation(organisation::Organisation),
}

pub(super) async fn run(arguments: Footprint, context: &Context) -> Result<Exit, CliError> {
    match &arguments.what {
        Some(What::Solve(arguments)) => return solve::run(arguments, context),
        Some(What::Cbam(arguments)) => return cbam::run(arguments, context),
        Some(What::Restate(arguments)) => return restate::run(arguments, context),
        Some(What::Order(arguments)) => return order::run(arguments, context).await,
        Some(What::Organisation(arguments)) => return organisation::run(arguments, context).await,
        None => {}
    }
    let mut session = Session::open(context)?;
    if arguments.book.is_some() || arguments.gwp.is_some() {
        let (book, gwp_set) = (arguments.book, arguments.gwp);
        let reading = Reading { book, gwp_set, ..Reading::default() };
        let path = session.config.mapping("factors.toml");
        session.config.factors = factors::load_as(&path, reading)?;
    }
    let (_, facts) = session.facts(arguments.fresh, context).await?;
    let judged = session.judge(&facts, arguments.period)?;
    let products = footprints(&facts, &judged, &session.config)?;
    if context.json {
        print_json(&json!({
            "period": judged.period.to_string(),
            "footprints": products
                .iter()
                .map(|product| quality::document(product, &judged, &session.config, arguments.draws))
                .collect::<Vec<_>>(),
            "inventory": judged.inventory,
        }))?;
    } else {
        println!("Products with the energy of {}:", judged.period);
        print_products(&products);
        println!("Scope 1 and 2 of {}:", judged.period);
        print_inventory(&judged.inventory);
    }
    Ok(Exit::Done)
}

pub(super) fn document(product: &ProductFootprint) -> Value {
    let by_scope: serde_json::Map<String, Value> = product
        .by_scope()
        .into_iter()
        .map(|(scope, kg)| (scope.name().to_owned(), number(kg.amount())))
        .collect();
    let shares: serde_json::Map<String, Value> = product
        .value_state_shares()
        .into_iter()
        .map(|(state, share)| (state.name().to_owned(), number(share)))
        .collect();
    json!({
        "material": product.material,
        "production_version": product.production_version,
        "unit": product.unit,
        "kg_co2e_per_unit": number(product.total().amount()),
        "by_scope": by_scope,
        "biogenic_co2_kg_per_unit": number(product.biogenic_co2_kg()),
        "value_state_shares": shares,
        "primary_data_share_percent": product.primary_data_share().map(number),
    })
}

/// A figure for reading, with nine decimals; what is posted is never taken from here.
pub(super) fn number(value: rust_decimal::Decimal) -> Value {
    use rust_decimal::prelude::ToPrimitive;
    value.round_dp(9).to_f64().unwrap_or(f64::NAN).into()
}

pub(super) fn print_products(products: &[ProductFootprint]) {
    let mut table = Table::new(&[
        ("product", Align::Left),
        ("version", Align::Left),
        ("kg CO2e", Align::Right),
        ("per", Align::Left),
        ("scope 1", Align::Right),
        ("scope 2", Align::Right),
        ("scope 3", Align::Right),
        ("biogenic CO2", Align::Right),
        ("measured", Align::Right),
        ("primary data", Align::Right),
    ]);
    for product in products {
        let by_scope = product.by_scope();
        let sum = |prefix: &str| {
            let of = by_scope.iter().filter(|(scope, _)| scope.name().starts_with(prefix));
            figure::decimal(of.map(|(_, kg)| kg.amount()).sum(), 1)
        };
        let measured = product.value_state_shares();
        let measured = measured.get(&crate::value_state::ValueState::Measured).copied();
        table.row([
            product.material.to_string(),
            product.production_version.to_string(),
            figure::decimal(product.total().amount(), 1),
            product.unit.to_string(),
            sum("s1"),
            sum("s2"),
            sum("s3"),
            figure::decimal(product.biogenic_co2_kg(), 1),
            figure::share(measured.unwrap_or_default()),
            product
                .primary_data_share()
                .map_or_else(|| "n/a".to_owned(), |share| format!("{} %", share.round_dp(1))),
        ]);
    }
    print!("{table}");
}

pub(super) fn print_inventory(inventory: &Inventory) {
    let mut table = Table::new(&[
        ("cost center", Align::Left),
        ("work center", Align::Left),
        ("material", Align::Left),
        ("scope", Align::Left),
        ("state", Align::Left),
        ("activity", Align::Right),
        ("factor", Align::Left),
        ("kg CO2e", Align::Right),
    ]);
    for line in &inventory.lines {
        let (center, material) = match &line.consumer.production {
            Some((center, material)) => (center.to_string(), material.to_string()),
            None => ("overhead".to_owned(), String::new()),
        };
        table.row([
            line.consumer.cost_center.to_string(),
            center,
            material,
            line.scope.name().to_owned(),
            line.state.to_string(),
            format!("{} {}", figure::decimal(line.activity.amount, 3), line.activity.unit),
            line.factor.clone(),
            figure::decimal(line.emissions.to_emissions().amount(), 3),
        ]);
    }
    print!("{table}");
    println!(
        "  metered {} kWh of electricity; all metered energy {} kg CO2e, allocated {} kg CO2e, with \
         scope 1 {} kg CO2e",
        figure::decimal(inventory.metered_kwh, 2),
        figure::decimal(inventory.metered.to_emissions().amount(), 6),
        figure::decimal(inventory.allocated().to_emissions().amount(), 6),
        figure::decimal(inventory.total().to_emissions().amount(), 6)
    );
}
