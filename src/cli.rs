//! The command line: verbs of the work. Results go to stdout, everything else to stderr.

mod approve;
mod audit;
mod check;
mod config;
mod connect;
mod demo;
mod doctor;
mod ems;
mod exit;
mod explain;
mod factors;
mod findings;
mod footprint;
mod interfaces;
mod journal;
mod ledger;
mod mappings;
mod meters;
mod plan;
mod planning;
mod post;
mod readings;
mod report;
mod restore;
mod rules;
mod sandbox;
mod serve;
mod sync;
mod undo;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

pub use exit::{CliError, Exit};

use crate::present::progress::Progress;

const EXAMPLES: &str = "\
Examples:
  carbide demo                          the whole cycle on the sandbox, stays up until Ctrl-C
  carbide doctor                        is everything connected and allowed?
  carbide plan                          a plan with less carbon, compared with the baseline
  carbide post --dry-run                every document that would be created
  carbide undo                          take back the last posting, within two minutes
  carbide serve                         the daemon and the web page
  carbide explain 1900000000            a document down to its readings and factor rows

Exit codes:
  0  done
  1  the answer is no: infeasible, nothing to take back, a rule holds
  2  wrong usage or settings; nothing was read or sent
  3  SAP or the energy management system did not do it
  4  the store or the journal refuses; nothing was posted after that
  5  a person is needed: an item is held or in conflict
  130  interrupted; the journal says what was done";

/// Carbon connector for SAP: footprints, carbon-aware plans and carbon postings, with a way back.
#[derive(Debug, Parser)]
#[command(name = "carbide", version, after_help = EXAMPLES)]
pub struct Cli {
    /// Settings file; mappings stand in `mappings/` beside it.
    #[arg(long, global = true, env = "CARBIDE_CONFIG", default_value = "carbide.toml")]
    pub config: PathBuf,

    /// One JSON document on stdout instead of tables.
    #[arg(long, global = true)]
    pub json: bool,

    /// More logs on stderr: -v what happens, -vv every request.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,

    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the whole cycle on the sandbox SAP and real meter data.
    Demo(demo::Demo),
    /// Serve a sandbox SAP system on this machine.
    Sandbox(sandbox::Sandbox),
    /// Check settings, connections, services and rights; change nothing.
    Doctor(doctor::Doctor),
    /// Read master data, orders and readings, and keep them as a snapshot.
    Sync(sync::Sync),
    /// Apply the rules to readings and production; show what is odd.
    Check(check::Check),
    /// Show, compare, check, sign and apply versions of the factor database.
    Factors(factors::Factors),
    /// Reconcile a tree of meters with its bill.
    Meters(meters::Meters),
    /// Check how the energy management system is read.
    Ems(ems::Ems),
    /// Check a series of readings in a file and fill its gaps.
    Readings(readings::Readings),
    /// Try the rules on real readings with faults put in.
    Rules(rules::Rules),
    /// Show the footprints of products and the inventory of a month.
    Footprint(footprint::Footprint),
    /// Find a plan with less carbon, or solve a planning instance.
    Plan(plan::Plan),
    /// Post a plan to SAP PP and the emissions of a month to SAP FI.
    Post(post::Post),
    /// Approve a posting that somebody else asked for.
    Approve(approve::Approve),
    /// Take back what was posted, while its window is open.
    Undo(undo::Undo),
    /// Look into the journal.
    Journal(journal::Journal),
    /// Show the carbon ledger; close, reopen and lock its periods.
    Ledger(ledger::Ledger),
    /// List backups, check that they open, and remove those whose time is over.
    Restore(restore::Restore),
    /// Show the head of the audit log, and prove what is in it.
    Audit(audit::Audit),
    /// Explain a document or a product down to readings and factor rows.
    Explain(explain::Explain),
    /// Write the greenhouse gas report of a month as PDF/A and as a workbook.
    Report(report::Report),
    /// Show every interface of SAP that may be touched, the role that it needs, and what was used.
    Interfaces(interfaces::Interfaces),
    /// Check and list the mapping of SAP's fields.
    Mappings(mappings::Mappings),
    /// Run the daemon: schedules, the web page and its interface.
    Serve(serve::Serve),
    /// Show the settings, write an example, store a secret.
    Config(config::Config),
}

/// What every verb is given.
pub struct Context {
    /// `--config`
    pub config: PathBuf,
    /// `--json`
    pub json: bool,
    /// Where progress is shown.
    pub progress: Progress,
}

/// Runs one command line to its end.
///
/// # Errors
///
/// [`CliError`]: a text for people and the exit code.
pub async fn run(cli: Cli) -> Result<Exit, CliError> {
    let context = Context { progress: Progress::new(cli.json), config: cli.config, json: cli.json };
    match cli.command {
        Command::Demo(arguments) => demo::run(arguments, &context).await,
        Command::Sandbox(arguments) => sandbox::run(arguments).await,
        Command::Doctor(arguments) => doctor::run(arguments, &context).await,
        Command::Sync(arguments) => sync::run(arguments, &context).await,
        Command::Check(arguments) => check::run(arguments, &context).await,
        Command::Factors(arguments) => factors::run(arguments, &context).await,
        Command::Meters(arguments) => meters::run(&arguments, &context),
        Command::Ems(arguments) => ems::run(arguments, &context).await,
        Command::Readings(arguments) => readings::run(&arguments, &context),
        Command::Rules(arguments) => rules::run(&arguments, &context),
        Command::Footprint(arguments) => footprint::run(arguments, &context).await,
        Command::Plan(arguments) => plan::run(arguments, &context).await,
        Command::Post(arguments) => post::run(arguments, &context).await,
        Command::Approve(arguments) => approve::run(&arguments, &context),
        Command::Undo(arguments) => undo::run(arguments, &context).await,
        Command::Journal(arguments) => journal::run(arguments, &context).await,
        Command::Ledger(arguments) => ledger::run(&arguments, &context),
        Command::Restore(arguments) => restore::run(&arguments, &context),
        Command::Audit(arguments) => audit::run(&arguments, &context).await,
        Command::Explain(arguments) => explain::run(arguments, &context).await,
        Command::Report(arguments) => report::run(&arguments, &context).await,
        Command::Interfaces(arguments) => interfaces::run(&arguments, &context),
        Command::Mappings(arguments) => mappings::run(arguments, &context).await,
        Command::Serve(arguments) => serve::run(arguments, &context).await,
        Command::Config(arguments) => config::run(arguments, &context),
    }
}
