//! `carbide explain`: one number down to its readings, factor rows, rules and code version.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::connect::{Session, month};
use super::exit::print_json;
use super::{CliError, Context, Exit, footprint};
use crate::cycle::{Explanation, PostedLine, PostingRun, footprints, order_footprint};
use crate::factor::EmissionFactor;
use crate::footprint::ProductFootprint;
use crate::id::ProductionOrderNumber;
use crate::period::PostingPeriod;
use crate::post::journal::SapNumber;
use crate::present::figure;
use crate::present::page::page;
use crate::present::table::{Align, Table};
use crate::store::Kind;

/// Explain a document, a product or an order down to readings and factor rows.
#[derive(Debug, Args)]
pub struct Explain {
    /// SAP document number, change set (CS-3), material, production order, or the key of an evidence.
    what: String,

    /// List every reading behind a document, not only their sums by day.
    #[arg(long)]
    readings: bool,

    /// Month whose energy a product or order is explained with, as 2018-09.
    #[arg(long, value_parser = month)]
    period: Option<PostingPeriod>,

    /// Write the explanation as one HTML page that can be printed.
    #[arg(long, value_name = "FILE")]
    page: Option<PathBuf>,
}

pub(super) async fn run(arguments: Explain, context: &Context) -> Result<Exit, CliError> {
    let session = Session::open(context)?;
    if let Some((key, run, document)) = posting_run(&session, &arguments.what)? {
        return explain_run(&key, &run, document.as_deref(), &arguments, context);
    }
    let (facts_key, facts) = session.facts(false, context).await?;
    let order = facts.orders.confirmations.iter().find(|c| c.order.as_str() == arguments.what);
    let ran = order.map(|confirmation| {
        let start = confirmation.execution.start.to_zoned(session.config.zone.clone());
        PostingPeriod::of(start.date())
    });
    let judged = session.judge(&facts, arguments.period.or(ran))?;
    let book = session.config.factors.book.rows();
    let given = Explanation { facts: &facts, facts_key: &facts_key, judged: &judged, book };
    if let Some(order) = order.map(|confirmation| confirmation.order.clone()) {
        return explain_order(&order, &given, &session, &arguments, context);
    }
    let products = footprints(&facts, &judged, &session.config)?;
    let wanted: Vec<&ProductFootprint> =
        products.iter().filter(|product| product.material.as_str() == arguments.what).collect();
    if wanted.is_empty() {
        return Err(CliError::new(
            Exit::No,
            format!(
                "'{}' is no document of this journal, no evidence, no confirmed order and no finished \
                 product; see carbide journal ls and carbide footprint",
                arguments.what
            ),
        ));
    }
    if context.json || arguments.page.is_some() {
        let document = given.products(&wanted, &session.config)?;
        let lead = format!(
            "Cradle-to-gate footprint with the energy of {}, down to meter readings and factor rows",
            judged.period
        );
        return shown(
            &format!("Footprint of {}", arguments.what),
            &lead,
            &document,
            &arguments,
            context,
        );
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
        print_terms(product);
        let ids: std::collections::BTreeSet<&str> =
            product.contributions.iter().map(|term| term.factor.as_str()).collect();
        print_factors(ids.into_iter().filter_map(|id| given.factor(id)));
    }
    Ok(Exit::Done)
}

/// Prints JSON, writes the page, or both.
fn shown(
    title: &str,
    lead: &str,
    document: &Value,
    arguments: &Explain,
    context: &Context,
) -> Result<Exit, CliError> {
    if let Some(path) = &arguments.page {
        write_page(path, &page(title, lead, document))?;
        if !context.json {
            println!("{title}: {}", path.display());
        }
    }
    if context.json {
        print_json(document)?;
    }
    Ok(Exit::Done)
}

fn write_page(path: &Path, html: &str) -> Result<(), CliError> {
    std::fs::write(path, html).map_err(|error| {
        CliError::new(Exit::Usage, format!("{} cannot be written: {error}", path.display()))
    })
}

fn explain_order(
    order: &ProductionOrderNumber,
    given: &Explanation<'_>,
    session: &Session,
    arguments: &Explain,
    context: &Context,
) -> Result<Exit, CliError> {
    let found = order_footprint(order, given.facts, given.judged, &session.config)?;
    if context.json || arguments.page.is_some() {
        let lead =
            format!("What the order emitted in {}, beside the standard", given.judged.period);
        return shown(&format!("Order {order}"), &lead, &given.order(&found), arguments, context);
    }
    footprint::print_order(&found, given.judged.period);
    let ids: std::collections::BTreeSet<&str> =
        found.contributions.iter().map(|term| term.factor.as_str()).collect();
    print_factors(ids.into_iter().filter_map(|id| given.factor(id)));
    Ok(Exit::Done)
}

fn print_terms(product: &ProductFootprint) {
    let mut table = Table::new(&[
        ("where", Align::Left),
        ("what", Align::Left),
        ("activity", Align::Right),
        ("factor", Align::Left),
        ("scope", Align::Left),
        ("state", Align::Left),
        ("kg CO2e", Align::Right),
        ("biogenic CO2", Align::Right),
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
            figure::decimal(term.biogenic_co2_kg, 3),
        ]);
    }
    print!("{table}");
}

/// The posting run behind a document number, change set or evidence key.
fn posting_run(
    session: &Session,
    what: &str,
) -> Result<Option<(String, PostingRun, Option<String>)>, CliError> {
    for set in session.journal()?.change_sets() {
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
            || set.id.as_str().eq_ignore_ascii_case(what);
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
    arguments: &Explain,
    context: &Context,
) -> Result<Exit, CliError> {
    if context.json || arguments.page.is_some() {
        let all = json!({ "evidence": key, "document": document, "run": run });
        let title = format!("Carbon posting {} of company code {}", run.period, run.company_code);
        let lead = "The FI document from its lines down to inventory, factor rows and readings";
        // A page leaves the outer shell away: what it names is what people look for.
        if let Some(path) = &arguments.page {
            let inner = json!({ "evidence": key, "document": document });
            let mut inner = inner.as_object().cloned().unwrap_or_default();
            inner.extend(all["run"].as_object().cloned().unwrap_or_default());
            write_page(path, &page(&title, lead, &Value::Object(inner)))?;
            if !context.json {
                println!("{title}: {}", path.display());
            }
        }
        if context.json {
            print_json(&all)?;
        }
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
    if let Some(corrects) = &run.corrects {
        println!("  corrects {} as posted by {}", corrects.period, corrects.change_sets.join(", "));
        for factor in &corrects.factors {
            println!("  because of factor {factor}");
        }
    }
    print_lines(&run.lines);
    println!("Made of:");
    super::footprint::print_inventory(&run.inventory);
    println!("Factor rows:");
    print_factors(run.inventory.factors.iter());
    for medium in &run.media {
        let amount: Decimal = medium.readings.iter().map(|(_, amount, _)| *amount).sum();
        let counted = if medium.factors.is_empty() {
            "no factor of its own".to_owned()
        } else {
            medium.factors.join(", ")
        };
        println!(
            "{} by meter {}: {} {}, {} readings, {counted}",
            medium.medium.name(),
            medium.meter,
            figure::decimal(amount, 2),
            medium.medium.symbol(),
            medium.readings.len()
        );
    }
    for one in &run.corrections {
        let error =
            one.error_percent.map_or_else(String::new, |error| format!(", error {error} %"));
        let meter = one.meter.as_ref().unwrap_or(&run.meter.id);
        let (was, is) = (one.old_kwh, one.new_kwh);
        let shown = |value: Option<Decimal>| {
            value.map_or_else(|| "no reading".to_owned(), |value| value.normalize().to_string())
        };
        if was != is {
            println!(
                "{} {meter} until {}: {} became {} ({}{error})",
                one.rule,
                one.interval_end,
                shown(was),
                shown(is),
                one.method
            );
        }
    }
    println!("Readings of meter {}: {} intervals", run.meter.id, run.readings.len());
    let mut days: BTreeMap<String, (usize, Decimal)> = BTreeMap::new();
    for (at, kwh, state) in &run.readings {
        if arguments.readings {
            println!("  {at}  {kwh} kWh  {state}");
        }
        let day = days.entry(at.to_string()[..10].to_owned()).or_default();
        *day = (day.0 + 1, day.1 + kwh);
    }
    if !arguments.readings {
        for (day, (count, kwh)) in days {
            println!("  {day} UTC  {count:>3} intervals  {} kWh", figure::decimal(kwh, 2));
        }
    }
    Ok(Exit::Done)
}

/// The lines of a posting run.
pub(super) fn print_lines(lines: &[PostedLine]) {
    let mut table = Table::new(&[
        ("cost center", Align::Left),
        ("scope", Align::Left),
        ("state", Align::Left),
        ("kg CO2e", Align::Right),
        ("amount", Align::Right),
    ]);
    for line in lines {
        table.row([
            line.cost_center.to_string(),
            line.scope.name().to_owned(),
            line.state.to_string(),
            figure::decimal(line.kilograms, 3),
            line.amount.to_string(),
        ]);
    }
    print!("{table}");
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
