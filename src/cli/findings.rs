//! `carbide check findings`: what the rules found, who was asked, and what was decided.

use clap::Subcommand;
use jiff::Timestamp;
use rust_decimal::Decimal;

use super::connect::{Session, person};
use super::exit::print_json;
use super::{CliError, Context, Exit};
use crate::check::{Step, Tracked};
use crate::cycle::{DecideError, Decided, decide, finding_of};
use crate::present::table::{Align, Table};

/// What can be done with a finding.
#[derive(Debug, Subcommand)]
pub enum FindingVerb {
    /// List findings that nobody decided yet.
    List {
        /// Those that were decided, too.
        #[arg(long)]
        all: bool,
    },
    /// Show a finding with everything that happened to it.
    Show {
        /// Key of the finding, or its beginning.
        key: String,
    },
    /// Note that somebody was asked.
    Ask {
        /// Key of the finding.
        key: String,
        /// Who was asked.
        #[arg(long)]
        whom: String,
    },
    /// The readings are right: they count from the next check on.
    Accept {
        /// Key of the finding.
        key: String,
        /// Why.
        #[arg(long)]
        why: String,
    },
    /// Enter the right readings; the old ones stay beside them.
    Correct {
        /// Key of the finding.
        key: String,
        /// kWh of each interval of the finding in turn, or of all together: then they are shared
        /// evenly.
        #[arg(long, required = true, num_args = 1.., value_name = "KWH")]
        kwh: Vec<Decimal>,
        /// Why.
        #[arg(long)]
        why: String,
    },
}

pub(super) fn run(verb: &FindingVerb, context: &Context) -> Result<Exit, CliError> {
    let session = Session::open(context)?;
    let findings = session.store.track(&[], &session.config.rules, Timestamp::now())?;
    let (key, decided) = match verb {
        FindingVerb::List { all } => return list(&findings, *all, context),
        FindingVerb::Show { key } => return show(finding_of(&findings, key)?, context),
        FindingVerb::Ask { key, whom } => (key, Decided::Ask { whom: whom.clone() }),
        FindingVerb::Accept { key, why } => (key, Decided::Accept { why: why.clone() }),
        FindingVerb::Correct { key, kwh, why } => {
            (key, Decided::Correct { kwh: kwh.clone(), why: why.clone() })
        }
    };
    let facts = session.last_facts()?.map(|(_, facts)| facts);
    let who = person(&session.config);
    let by = (who.as_str(), Timestamp::now());
    let decisions = [(key.clone(), decided)];
    let decided = decide(&session.store, &session.config, facts.as_ref(), &decisions, by)?;
    decided.iter().try_for_each(|tracked| show(tracked, context).map(drop))?;
    Ok(Exit::Done)
}

impl From<DecideError> for CliError {
    fn from(error: DecideError) -> Self {
        let exit = match &error {
            DecideError::Unknown { .. }
            | DecideError::Ambiguous { .. }
            | DecideError::Senseless(_) => Exit::Usage,
            DecideError::Illegal(_) => Exit::No,
            DecideError::Store(_) => Exit::Store,
        };
        Self::new(exit, error)
    }
}

fn list(findings: &[Tracked], all: bool, context: &Context) -> Result<Exit, CliError> {
    let shown: Vec<&Tracked> = findings.iter().filter(|tracked| all || tracked.waits()).collect();
    if context.json {
        print_json(&shown)?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&[
        ("finding", Align::Left),
        ("rule", Align::Left),
        ("subject", Align::Left),
        ("state", Align::Left),
        ("until", Align::Left),
        ("what", Align::Left),
    ]);
    for tracked in &shown {
        table.row([
            tracked.key.to_string(),
            tracked.finding.rule.clone(),
            tracked.finding.subject.clone(),
            format!("{:?}", tracked.state).to_lowercase(),
            tracked.due.map_or_else(|| "-".to_owned(), |due| due.to_string()),
            tracked.finding.text.to_string(),
        ]);
    }
    print!("{table}");
    if shown.is_empty() {
        println!("  nothing waits for a decision");
    }
    Ok(Exit::Done)
}

fn show(tracked: &Tracked, context: &Context) -> Result<Exit, CliError> {
    if context.json {
        print_json(tracked)?;
        return Ok(Exit::Done);
    }
    let finding = &tracked.finding;
    let state = format!("{:?}", tracked.state).to_lowercase();
    println!("Finding {} of {} on {}: {state}", tracked.key, finding.rule, finding.subject);
    if let Some(interval) = finding.interval {
        println!("  {} to {}", interval.start, interval.end);
    }
    println!("  {}", finding.text);
    println!("  {}", finding.proposal);
    for event in &tracked.events {
        let what = match &event.step {
            Step::Found { due: Some(due), .. } => format!("found; to be decided until {due}"),
            Step::Found { due: None, .. } => "found".to_owned(),
            Step::Asked { whom } => format!("asked {whom}"),
            Step::Accepted { why } => format!("accepted: {why}"),
            Step::Corrected { before, after, why } => {
                let sum: Decimal = after.iter().map(|(_, kwh)| *kwh).sum();
                let was: Decimal = before.iter().filter_map(|(_, kwh)| *kwh).sum();
                format!("corrected from {was} to {sum} kWh: {why}")
            }
            Step::Expired { then } => format!("nobody decided in time: {then}"),
        };
        println!("  {} {}: {what}", event.at, event.who);
    }
    Ok(Exit::Done)
}
