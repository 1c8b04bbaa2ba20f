//! `carbide explain`: one number down to its readings, factor rows, rules and code version.

use std::collections::BTreeMap;

use clap::Args;
use rust_decimal::Decimal;
use serde_json::json;

use super::connect::Session;
use super::exit::print_json;
use super::{CliError, Context, Exit};
use crate::cycle::{PostingRun, footprints, poster};
use crate::factor::EmissionFactor;
use crate::footprint::ProductFootprint;
use crate::post::journal::SapNumber;
use crate::present::figure;
use crate::present::table::{Align, Table};
use crate::store::Kind;

/// Explain a document or a product down to readings and factor rows.
#[derive(Debug, Args)]
pub struct Explain {
    /// SAP document number, change set (CS-3), material, or the key of an evidence.
    what: String,

    /// List every reading behind a document, not only their sums by day.
    #[arg(long)]
    readings: bool,
}

pub(super) async fn run(arguments: Explain, context: &Context) -> Result<Exit, CliError> {
    let session = Session::open(context)?;
    if let Some((key, run, document)) = posting_run(&session, &arguments.what)? {
        return explain_run(&key, &run, document.as_deref(), arguments.readings, context);
    }
    let (_, facts) = session.facts(false, context).await?;
    let judged = session.judge(&facts, None)?;
    let products = footprints(&facts, &judged, &session.config)?;
    let wanted: Vec<&ProductFootprint> =
        products.iter().filter(|product| product.material.as_str() == arguments.what).collect();
    if wanted.is_empty() {
        return Err(CliError::new(
            Exit::No,
            format!(
                "'{}' is no document of this journal, no evidence and no finished product; see carbide \
                 journal ls and carbide footprint",
                arguments.what
            ),
        ));
    }
    let book = session.config.factors.book.rows();
    let used = |id: &str| book.iter().find(|factor| factor.id == id);
    if context.json {
        let products = wanted.iter().map(|product| {
            let factors: BTreeMap<&str, Option<&EmissionFactor>> = product
                .contributions
                .iter()
                .map(|term| (term.factor.as_str(), used(&term.factor)))
                .collect();
            json!({ "footprint": product, "factors": factors })
        });
        print_json(&json!({
            "period": judged.period.to_string(),
            "products": products.collect::<Vec<_>>(),
            "code_version": env!("CARGO_PKG_VERSION"),
        }))?;
        return Ok(Exit::Done);
    }
    for product in wanted {
        println!(
            "{} by version {}: {} kg CO2e per {}, energy of {}",
            product.material,
            product.production_version,
            figure::decimal(product.total().amount(), 3),
            product.unit,
            judged.period
        );
        let mut table = Table::new(&[
            ("where", Align::Left),
            ("what", Align::Left),
            ("activity", Align::Right),
            ("factor", Align::Left),
            ("scope", Align::Left),
            ("state", Align::Left),
            ("kg CO2e", Align::Right),
        ]);
        for term in &product.contributions {
            let path: Vec<&str> = term.path.iter().map(|material| material.as_str()).collect();
            table.row([
                path.join(" > "),
                term.what.clone(),
                format!("{} {}", figure::decimal(term.activity.amount, 4), term.activity.unit),
                term.factor.clone(),
                term.scope.name().to_owned(),
                term.state.to_string(),
                figure::decimal(term.emissions.amount(), 3),
            ]);
        }
        print!("{table}");
        let ids: std::collections::BTreeSet<&str> =
            product.contributions.iter().map(|term| term.factor.as_str()).collect();
        print_factors(ids.into_iter().filter_map(used));
    }
    Ok(Exit::Done)
}

/// The posting run behind a document number, change set or evidence key.
fn posting_run(
    session: &Session,
    what: &str,
) -> Result<Option<(String, PostingRun, Option<String>)>, CliError> {
    let mut books = poster(&session.config, &session.connections)?;
    for summary in books.list()? {
        let (set, _) = books.show(&summary.change_set_id)?;
        let Some(draft) = &set.draft else { continue };
        let numbers: Vec<String> = set
            .items
            .iter()
            .filter_map(|item| match &item.number {
                Some(SapNumber::FiDocument(document)) => Some(document.number.to_string()),
                _ => None,
            })
            .collect();
        let short = what.trim_start_matches('0');
        let named = numbers.iter().any(|number| number == short)
            || summary.change_set_id.as_str().eq_ignore_ascii_case(what);
        if named && let Ok((key, _, run)) = session.store.get(Kind::PostingRun, &draft.plan_hash) {
            return Ok(Some((key, run, numbers.first().cloned())));
        }
    }
    let is_key = what.len() >= 8 && what.bytes().all(|b| b.is_ascii_hexdigit());
    match is_key.then(|| session.store.get(Kind::PostingRun, what)) {
        Some(Ok((key, _, run))) => Ok(Some((key, run, None))),
        _ => Ok(None),
    }
}

fn explain_run(
    key: &str,
    run: &PostingRun,
    document: Option<&str>,
    every_reading: bool,
    context: &Context,
) -> Result<Exit, CliError> {
    if context.json {
        print_json(&json!({ "evidence": key, "document": document, "run": run }))?;
        return Ok(Exit::Done);
    }
    println!(
        "Carbon posting {} of company code {}, document {}, evidence {key}",
        run.period,
        run.company_code,
        document.unwrap_or("not posted")
    );
    println!(
        "  at {} per t CO2e, approved by {}; code version {}, facts {}",
        run.price_per_tonne, run.approved_by, run.code_version, run.facts
    );
    let mut table = Table::new(&[
        ("cost center", Align::Left),
        ("scope", Align::Left),
        ("state", Align::Left),
        ("kg CO2e", Align::Right),
        ("amount", Align::Right),
    ]);
    for line in &run.lines {
        table.row([
            line.cost_center.to_string(),
            line.scope.name().to_owned(),
            line.state.to_string(),
            figure::decimal(line.kilograms, 3),
            line.amount.to_string(),
        ]);
    }
    print!("{table}");
    println!("Made of:");
    super::footprint::print_inventory(&run.inventory);
    println!("Factor rows:");
    print_factors(run.inventory.factors.iter());
    println!("Readings of meter {}: {} intervals", run.meter.id, run.readings.len());
    let mut days: BTreeMap<String, (usize, Decimal)> = BTreeMap::new();
    for (at, kwh, state) in &run.readings {
        if every_reading {
            println!("  {at}  {kwh} kWh  {state}");
        }
        let day = days.entry(at.to_string()[..10].to_owned()).or_default();
        *day = (day.0 + 1, day.1 + kwh);
    }
    if !every_reading {
        for (day, (count, kwh)) in days {
            println!("  {day} UTC  {count:>3} intervals  {} kWh", figure::decimal(kwh, 2));
        }
    }
    Ok(Exit::Done)
}

fn print_factors<'a>(factors: impl Iterator<Item = &'a EmissionFactor>) {
    for factor in factors {
        println!(
            "  {}: {} kg CO2e per {}, {} from {}{}; {}; {} ({})",
            factor.id,
            factor.kg_co2e_per_unit,
            factor.unit,
            factor.region,
            factor.valid_from,
            factor.valid_to.map_or_else(String::new, |end| format!(" to before {end}")),
            factor.source,
            factor.confidence,
            factor.licence
        );
    }
}
