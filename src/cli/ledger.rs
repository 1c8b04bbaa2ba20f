//! `carbide ledger`: the carbon ledger's balances, and its periods.

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::json;

use super::connect::{month, person};
use super::exit::print_json;
use super::{CliError, Context, Exit};
use crate::config::Config;
use crate::ledger::Account;
use crate::period::PostingPeriod;
use crate::present::figure;
use crate::present::table::{Align, Table};
use crate::quantity::Milligrams;
use crate::store::{Balance, PeriodState, Store};

/// Show the carbon ledger; close, reopen and lock its periods.
#[derive(Debug, Args)]
pub struct Ledger {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Balances of every account; they sum to zero.
    Show {
        /// Month, as 2018-09; all months if it is not given.
        #[arg(long, value_parser = month)]
        period: Option<PostingPeriod>,
    },
    /// Close a period: it takes no transaction until it is reopened.
    Close(Change),
    /// Open a closed period again.
    Reopen(Change),
    /// Lock a period for ever, as after an audit.
    Lock(Change),
    /// List what was closed, reopened and locked, by whom and why.
    Periods,
}

/// Which period, and why.
#[derive(Debug, Args)]
struct Change {
    /// Month, as 2018-09.
    #[arg(value_parser = month)]
    period: PostingPeriod,

    /// Why; it is kept.
    #[arg(long)]
    why: String,
}

pub(super) fn run(arguments: &Ledger, context: &Context) -> Result<Exit, CliError> {
    let config = Config::load(&context.config)?;
    let store = Store::open(&config.path(&config.settings.post.directory))?;
    let company_code = config.settings.plant.company_code.as_str();
    let set = |change: &Change, state| {
        if change.why.trim().is_empty() {
            return Err(CliError::new(Exit::Usage, "--why is empty; say why"));
        }
        let (by, now) = (person(&config), Timestamp::now());
        store.set_period(company_code, change.period, state, &by, change.why.trim(), now)?;
        let done = match state {
            PeriodState::Open => "open again",
            PeriodState::Closed => "closed",
            PeriodState::Locked => "locked",
        };
        if context.json {
            print_json(&json!({ "period": change.period.to_string(), "state": state, "by": by }))?;
        } else {
            println!("{} of company code {company_code} is {done}", change.period);
        }
        Ok(Exit::Done)
    };
    match &arguments.what {
        What::Show { period } => {
            let balances = store.balances(company_code, *period)?;
            if context.json {
                let sum: Milligrams = balances.iter().map(|balance| balance.amount).sum();
                print_json(&json!({
                    "company_code": company_code,
                    "period": period.map(|period| period.to_string()),
                    "accounts": balances,
                    "sum_mg": sum,
                }))?;
            } else {
                print(&balances);
            }
            Ok(Exit::Done)
        }
        What::Close(change) => set(change, PeriodState::Closed),
        What::Reopen(change) => set(change, PeriodState::Open),
        What::Lock(change) => set(change, PeriodState::Locked),
        What::Periods => {
            let closings = store.closings(company_code)?;
            if context.json {
                print_json(&closings)?;
                return Ok(Exit::Done);
            }
            for closing in closings {
                println!(
                    "{}  {}  {}  {}: {}",
                    closing.at, closing.period, closing.state, closing.by, closing.why
                );
            }
            Ok(Exit::Done)
        }
    }
}

fn name(account: &Account) -> String {
    match account {
        Account::CarbonCost { cost_center, scope, state } => {
            format!("FI carbon cost {cost_center} {} {state}", scope.name())
        }
        Account::CarriedForward => "carried forward".to_owned(),
        Account::Atmosphere => "atmosphere".to_owned(),
        Account::Source { source } => format!("source {source}"),
        Account::CostObject { consumer } => match &consumer.production {
            Some((center, material)) => {
                format!("cost object {} {center} {material}", consumer.cost_center)
            }
            None => format!("cost object {} overhead", consumer.cost_center),
        },
        Account::Product { material } => format!("product {material}"),
    }
}

fn print(balances: &[Balance]) {
    let mut table = Table::new(&[("account", Align::Left), ("kg CO2e", Align::Right)]);
    for balance in balances {
        let kg = balance.amount.to_emissions().amount();
        table.row([name(&balance.account), figure::decimal(kg, 6)]);
    }
    let sum: Milligrams = balances.iter().map(|balance| balance.amount).sum();
    table.row(["sum".to_owned(), figure::decimal(sum.to_emissions().amount(), 6)]);
    print!("{table}");
}
