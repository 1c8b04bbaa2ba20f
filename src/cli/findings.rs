//! `carbide check findings`: what the rules found, who was asked, and what was decided.

use clap::Subcommand;
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::connect::{Session, person};
use super::exit::print_json;
use super::{CliError, Context, Exit};
use crate::check::{LifeEvent, LifeState, Step, Tracked};
use crate::present::table::{Align, Table};
use crate::quantity::largest_remainder;

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
    let (key, step) = match verb {
        FindingVerb::List { all } => return list(&findings, *all, context),
        FindingVerb::Show { key } => return show(&one(findings, key)?, context),
        FindingVerb::Ask { key, whom } => (key, Some(Step::Asked { whom: whom.clone() })),
        FindingVerb::Accept { key, why } => (key, Some(Step::Accepted { why: why.clone() })),
        FindingVerb::Correct { key, .. } => (key, None),
    };
    let mut tracked = one(findings, key)?;
    let step = match (step, verb) {
        (Some(step), _) => step,
        (None, FindingVerb::Correct { kwh, why, .. }) => corrected(&tracked, kwh, why, &session)?,
        (None, _) => return Ok(Exit::Done),
    };
    let event = LifeEvent { at: Timestamp::now(), who: person(&session.config), step };
    tracked.apply(event).map_err(|error| CliError::new(Exit::No, error))?;
    session.store.keep_finding(&tracked)?;
    show(&tracked, context)
}

fn one(findings: Vec<Tracked>, key: &str) -> Result<Tracked, CliError> {
    let mut found = findings.into_iter().filter(|tracked| tracked.key.0.starts_with(key));
    match (found.next(), found.next()) {
        (Some(tracked), None) => Ok(tracked),
        (Some(_), Some(_)) => {
            Err(CliError::new(Exit::Usage, format!("more than one finding begins with {key}")))
        }
        _ => Err(CliError::new(
            Exit::Usage,
            format!(
                "there is no finding {key}; `carbide check` finds, `carbide check findings list` lists"
            ),
        )),
    }
}

/// The step that enters readings for the intervals of a finding.
fn corrected(
    tracked: &Tracked,
    kwh: &[Decimal],
    why: &str,
    session: &Session,
) -> Result<Step, CliError> {
    let usage = |text: String| CliError::new(Exit::Usage, text);
    let interval = tracked.finding.interval.ok_or_else(|| {
        usage(format!("finding {} has no readings that could be corrected", tracked.key))
    })?;
    if let Some(negative) = kwh.iter().find(|kwh| kwh.is_sign_negative() && !kwh.is_zero()) {
        return Err(usage(format!("{negative} kWh: a consumption is not negative")));
    }
    let step = SignedDuration::from_mins(i64::from(session.config.ems.step_minutes));
    let mut ends = Vec::new();
    let mut end = interval.start + step;
    while end <= interval.end {
        ends.push(end);
        end += step;
    }
    let values = match kwh {
        [all] if ends.len() > 1 => shared(*all, ends.len())
            .ok_or_else(|| usage(format!("{all} kWh cannot be shared by {}", ends.len())))?,
        _ if kwh.len() == ends.len() => kwh.to_vec(),
        _ => {
            let (given, wanted) = (kwh.len(), ends.len());
            let text = format!(
                "the finding has {wanted} intervals, {given} values were given: give one for each, or \
                 one for all"
            );
            return Err(usage(text));
        }
    };
    let facts = session.last_facts()?;
    let main = facts.iter().flat_map(|(_, facts)| &facts.meters);
    let meter = main.clone().find(|meter| meter.meter.id.as_str() == tracked.finding.subject);
    let before = ends.iter().map(|end| {
        let rows = meter.map_or(&[][..], |meter| &meter.rows);
        let row = rows.iter().rev().find(|row| row.stamp == *end);
        (*end, row.and_then(|row| row.energy).map(|energy| energy.amount()))
    });
    let before = before.collect();
    Ok(Step::Corrected {
        before,
        after: ends.into_iter().zip(values).collect(),
        why: why.to_owned(),
    })
}

/// `all` kWh in equal parts of whole millionths that sum to it.
fn shared(all: Decimal, parts: usize) -> Option<Vec<Decimal>> {
    let millionths = (all * Decimal::from(1_000_000)).round().to_i64()?;
    let shares = largest_remainder(millionths, &vec![Decimal::ONE; parts])?;
    Some(shares.into_iter().map(|share| Decimal::new(share, 6).normalize()).collect())
}

fn list(findings: &[Tracked], all: bool, context: &Context) -> Result<Exit, CliError> {
    let decided = |state| matches!(state, LifeState::Corrected | LifeState::Accepted);
    let shown: Vec<&Tracked> =
        findings.iter().filter(|tracked| all || !decided(tracked.state)).collect();
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
            tracked.finding.text.clone(),
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
