//! `carbide doctor`: is everything there, reachable and allowed?

use clap::Args;

use super::exit::print_json;
use super::{CliError, Context, Exit};
use crate::config::Config;
use crate::cycle::connect_to_look;
use crate::doctor::{Report, State, examine};
use crate::present::table::{Align, Table};

/// Check settings, connections, services and rights; change nothing. Takes less than 30 s.
///
/// Every line is ok, warn, FAIL or skipped. What is to be done stands below, with transaction, role
/// or note. Ends with 0 if nothing failed, with 3 otherwise.
#[derive(Debug, Args)]
pub struct Doctor {}

pub(super) async fn run(_: Doctor, context: &Context) -> Result<Exit, CliError> {
    let config = Config::load(&context.config)?;
    let connections = connect_to_look(&config)?;
    let report = examine(&config, &context.config, &connections).await?;
    if context.json {
        print_json(&report)?;
    } else {
        print(&report);
    }
    Ok(if report.ok { Exit::Done } else { Exit::Remote })
}

fn print(report: &Report) {
    let mut table =
        Table::new(&[("", Align::Left), ("check", Align::Left), ("found", Align::Left)]);
    for check in &report.checks {
        let mark = match check.state {
            State::Ok => "ok",
            State::Warn => "warn",
            State::Fail => "FAIL",
            State::Skipped => "skipped",
        };
        table.row([mark.to_owned(), check.name.clone(), check.text.clone()]);
    }
    print!("{table}");
    let to_do: Vec<_> = report.checks.iter().filter(|check| !check.advice.is_empty()).collect();
    if !to_do.is_empty() {
        println!("\nTo do:");
        for check in to_do {
            println!("  {}: {}", check.name, check.advice);
        }
    }
    println!("\n{} checks in {:.1} s", report.checks.len(), report.seconds);
}
