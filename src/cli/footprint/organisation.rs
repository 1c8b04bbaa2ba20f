//! `carbide footprint organisation`: the inventory by categories, and what is left of budgets.

use clap::Args;
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use crate::cli::connect::{Session, month};
use crate::cli::exit::print_json;
use crate::cli::{CliError, Context, Exit};
use crate::cycle::{self, OrganisationReport};
use crate::footprint::organisation::{Sum, intensity, iso_name};
use crate::period::PostingPeriod;
use crate::present::figure;
use crate::present::table::{Align, Table};
use crate::quantity::Milligrams;

/// Show the inventory of the organisation by ISO 14064-1 category and scope, with budgets.
#[derive(Debug, Args)]
pub struct Organisation {
    /// First month, as 2018-01; the first that is metered whole if it is not given.
    #[arg(long, value_parser = month)]
    from: Option<PostingPeriod>,

    /// Last month; the last that is metered whole if it is not given.
    #[arg(long, value_parser = month)]
    to: Option<PostingPeriod>,

    /// Read SAP and meters again first.
    #[arg(long)]
    fresh: bool,
}

pub(super) async fn run(arguments: &Organisation, context: &Context) -> Result<Exit, CliError> {
    let session = Session::open(context)?;
    let (_, facts) = session.facts(arguments.fresh, context).await?;
    let judged = session.judge(&facts, arguments.to)?;
    let months = cycle::metered_months(&judged, &session.config.zone);
    let wanted: Vec<PostingPeriod> = months
        .into_iter()
        .filter(|month| arguments.from.is_none_or(|from| from <= *month))
        .filter(|month| arguments.to.is_none_or(|to| *month <= to))
        .collect();
    if wanted.is_empty() {
        let text = "the meter covers no whole month of those; see carbide check";
        return Err(CliError::new(Exit::No, text));
    }
    let stage = context.progress.stage(&format!("Taking the inventory of {} months", wanted.len()));
    let report = cycle::organisation(&facts, &session.config, &wanted, Timestamp::now())?;
    drop(stage);
    if context.json {
        print_json(&document(&report))?;
    } else {
        print(&report);
    }
    Ok(Exit::Done)
}

fn kg(amount: Milligrams) -> Value {
    amount.to_emissions().amount().to_string().into()
}

fn sums<K: Ord>(
    report: &OrganisationReport,
    key: impl Fn(&crate::footprint::organisation::Line) -> K,
    name: impl Fn(&K) -> String,
) -> Value {
    let of = |(key, sum): (K, Sum)| {
        let both = json!({
            "location_based_kg": kg(sum.location_based),
            "market_based_kg": kg(sum.market_based),
            "biogenic_co2_kg": kg(sum.biogenic),
        });
        (name(&key), both)
    };
    Value::Object(report.inventory.by(key).into_iter().map(of).collect::<Map<_, _>>())
}

fn document(report: &OrganisationReport) -> Value {
    let total = report.inventory.total();
    let by_month = report.inventory.by(|line| line.period.to_string());
    let intensities: Map<String, Value> = by_month
        .into_iter()
        .map(|(month, sum)| {
            let output = report.output_t.get(&month).copied().unwrap_or_default();
            let per_tonne = intensity(sum.location_based, output);
            (month, json!({ "output_t": output, "kg_co2e_per_t": per_tonne }))
        })
        .collect();
    json!({
        "periods": report.periods,
        "total": { "location_based_kg": kg(total.location_based), "market_based_kg": kg(total.market_based) },
        "market_based_known": report.inventory.market_known(),
        "by_iso_14064_category": sums(report, |l| l.category.iso(), |iso| format!("{iso} {}", iso_name(*iso))),
        "by_scope": sums(report, |l| l.category.scope(), |scope| format!("scope {scope}")),
        "by_category": sums(report, |l| l.category, |category| category.code()),
        "by_cost_center": sums(
            report,
            |l| l.cost_center.clone(),
            |center| center.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string),
        ),
        "by_plant": sums(report, |l| l.plant.clone(), ToString::to_string),
        "by_month": sums(report, |l| l.period, ToString::to_string),
        "intensity": intensities,
        "reconciliation": report.reconciliation,
        "electricity": report.electricity,
        "budgets": report.budgets,
        "lines": report.inventory.lines,
        "exclusions": report.inventory.exclusions,
        "unresolved": report.unresolved,
    })
}

fn tonnes(amount: Milligrams) -> String {
    figure::decimal(amount.to_emissions().amount() / Decimal::ONE_THOUSAND, 3)
}

fn print(report: &OrganisationReport) {
    let months = &report.periods;
    println!("Organisation, {} to {}:", months[0], months[months.len() - 1]);
    let mut table = Table::new(&[
        ("ISO 14064-1", Align::Left),
        ("scope", Align::Left),
        ("category", Align::Left),
        ("t CO2e", Align::Right),
        ("market-based", Align::Right),
    ]);
    for ((iso, category), sum) in report.inventory.by(|l| (l.category.iso(), l.category)) {
        table.row([
            format!("{iso} {}", iso_name(iso)),
            category.scope().to_string(),
            category.to_string(),
            tonnes(sum.location_based),
            tonnes(sum.market_based),
        ]);
    }
    let total = report.inventory.total();
    let words = ["all", "", ""].map(str::to_owned);
    let [all, scope, category] = words;
    let (location, market) = (tonnes(total.location_based), tonnes(total.market_based));
    table.row([all, scope, category, location, market]);
    print!("{table}");
    for (month, both) in &report.electricity {
        let matched = both.hourly_matched.amount().checked_div(both.energy.amount());
        println!(
            "  electricity of {month}: {} t by the grid's hours ({} % of it matched), {} t by contract",
            figure::decimal(both.location.amount() / Decimal::ONE_THOUSAND, 3),
            figure::decimal(matched.unwrap_or_default() * Decimal::ONE_HUNDRED, 0),
            figure::decimal(both.market.amount() / Decimal::ONE_THOUSAND, 3)
        );
    }
    if !report.inventory.market_known() {
        println!(
            "  market-based: no contract or residual mix is known (activity electricity:market in \
             mappings/factors.toml), so the location-based values stand in"
        );
    }
    let mut table = Table::new(&[
        ("month", Align::Left),
        ("t CO2e", Align::Right),
        ("output t", Align::Right),
        ("kg CO2e per t", Align::Right),
        ("scope 1+2 t", Align::Right),
        ("in products", Align::Right),
        ("unallocated", Align::Right),
    ]);
    for (month, sum) in report.inventory.by(|line| line.period.to_string()) {
        let output = report.output_t.get(&month).copied().unwrap_or_default();
        let per_tonne = intensity(sum.location_based, output);
        let gate = report.reconciliation.get(&month);
        let of = |pick: fn(&crate::footprint::organisation::Reconciliation) -> Milligrams| {
            gate.map_or_else(String::new, |gate| tonnes(pick(gate)))
        };
        table.row([
            month.clone(),
            tonnes(sum.location_based),
            figure::decimal(output, 1),
            per_tonne.map_or_else(|| "n/a".to_owned(), |kg| figure::decimal(kg, 1)),
            of(|gate| gate.site),
            of(|gate| gate.products),
            of(|gate| gate.unallocated),
        ]);
    }
    print!("{table}");
    print_budgets(report);
    for line in &report.unresolved {
        println!("  not counted: {line}");
    }
    let excluded: Vec<String> = report
        .inventory
        .exclusions
        .iter()
        .map(|e| format!("{} ({})", e.category, e.reason))
        .collect();
    println!("  excluded: {}", excluded.join("; "));
}

fn print_budgets(report: &OrganisationReport) {
    let mut table = Table::new(&[
        ("quarter", Align::Left),
        ("budget t", Align::Right),
        ("target t", Align::Right),
        ("emitted t", Align::Right),
        ("left t", Align::Right),
        ("days", Align::Right),
        ("projected t", Align::Right),
        ("overshoot t", Align::Right),
        ("used up on", Align::Left),
    ]);
    let or_none = |amount: Option<Milligrams>| amount.map_or_else(|| "n/a".to_owned(), tonnes);
    for status in &report.budgets {
        table.row([
            status.budget.quarter.to_string(),
            tonnes(status.budget.budget),
            tonnes(status.budget.target),
            tonnes(status.emitted),
            tonnes(status.left),
            format!("{}/{}", status.days.0, status.days.1),
            or_none(status.projected),
            or_none(status.overshoot),
            status.used_up_on.map_or_else(|| "-".to_owned(), |day| day.to_string()),
        ]);
    }
    if !table.is_empty() {
        print!("{table}");
    }
}
