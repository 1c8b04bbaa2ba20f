//! `carbide footprint restate`: what today's factors make of a month that was posted.

use clap::Args;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::cli::connect::{Session, month};
use crate::cli::exit::print_json;
use crate::cli::{CliError, Context, Exit};
use crate::cycle::{Facts, PostingRun, posting_run};
use crate::factor::EmissionFactor;
use crate::ledger::Account;
use crate::period::PostingPeriod;
use crate::present::figure;
use crate::present::table::{Align, Table};
use crate::quantity::Milligrams;
use crate::store::Kind;

/// Show the balanced difference that changed factors make of a month that was posted.
///
/// The month is calculated again from the facts that it was posted with; what differs is the factors.
/// Nothing is posted.
#[derive(Debug, Args)]
pub struct Restate {
    /// Month, as 2018-09.
    #[arg(long, value_parser = month)]
    period: PostingPeriod,
}

pub(super) fn run(arguments: &Restate, context: &Context) -> Result<Exit, CliError> {
    let session = Session::open(context)?;
    let runs: Vec<(String, _, PostingRun)> = session.store.all(Kind::PostingRun)?;
    let Some((key, _, old)) = runs.into_iter().find(|(_, _, run)| run.period == arguments.period)
    else {
        let text = format!("{} was not posted; there is nothing to restate", arguments.period);
        return Err(CliError::new(Exit::No, text));
    };
    let (facts_key, _, facts): (_, _, Facts) = session.store.get(Kind::Facts, &old.facts)?;
    let judged = session.judge(&facts, Some(arguments.period))?;
    let new = posting_run(&judged, &session.config, &facts_key)?;
    let correction = old.transaction.correction(&new.transaction);
    let factors = changed_factors(&old, &new);
    if context.json {
        print_json(&json!({
            "period": arguments.period.to_string(),
            "posted": key,
            "facts": facts_key,
            "changed_factors": factors,
            "posted_mg": old.posted(),
            "restated_mg": new.posted(),
            "correction": correction,
        }))?;
        return Ok(Exit::Done);
    }
    let Some(correction) = correction else {
        println!("{}: today's factors give what was posted; nothing to restate", arguments.period);
        return Ok(Exit::Done);
    };
    for factor in &factors {
        println!("  factor {}: {} -> {}", factor["id"], factor["posted"], factor["now"]);
    }
    let mut table = Table::new(&[
        ("cost center", Align::Left),
        ("scope", Align::Left),
        ("state", Align::Left),
        ("kg CO2e", Align::Right),
    ]);
    for entry in &correction.entries {
        if let Account::CarbonCost { cost_center, scope, state } = &entry.account {
            table.row([
                cost_center.to_string(),
                scope.name().to_owned(),
                state.to_string(),
                figure::decimal(entry.amount.to_emissions().amount(), 3),
            ]);
        }
    }
    print!("{table}");
    let kg = |amount: Milligrams| figure::decimal(amount.to_emissions().amount(), 3);
    println!(
        "{}: posted {} kg CO2e, restated {} kg CO2e, difference {} kg CO2e",
        arguments.period,
        kg(old.posted()),
        kg(new.posted()),
        kg(correction.posted())
    );
    Ok(Exit::Done)
}

/// Factor rows whose value differs, or that one side alone used.
fn changed_factors(old: &PostingRun, new: &PostingRun) -> Vec<Value> {
    let value = |rows: &[EmissionFactor], id: &str| -> Option<Decimal> {
        rows.iter().find(|row| row.id == id).map(|row| row.kg_co2e_per_unit)
    };
    let (old, new) = (&old.inventory.factors, &new.inventory.factors);
    let mut ids: Vec<&str> = old.iter().chain(new).map(|row| row.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.into_iter()
        .map(|id| (id, value(old, id), value(new, id)))
        .filter(|(_, old, new)| old != new)
        .map(|(id, old, new)| json!({ "id": id, "posted": old, "now": new }))
        .collect()
}
