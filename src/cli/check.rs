//! `carbide check`: what the rules say.

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::connect::Session;
use super::exit::print_json;
use super::findings::FindingVerb;
use super::{CliError, Context, Exit};
use crate::check::{Finding, RULES, Severity};
use crate::present::table::{Align, Table};

/// Apply the rules to readings and production; show what is odd.
#[derive(Debug, Args)]
pub struct Check {
    /// Read SAP and meters again first.
    #[arg(long)]
    fresh: bool,

    /// List the rules and their limits, and end.
    #[arg(long)]
    list: bool,

    #[command(subcommand)]
    command: Option<CheckCommand>,
}

#[derive(Debug, Subcommand)]
enum CheckCommand {
    /// What the rules found over time: ask, accept, correct.
    Findings {
        #[command(subcommand)]
        verb: FindingVerb,
    },
}

pub(super) async fn run(arguments: Check, context: &Context) -> Result<Exit, CliError> {
    if let Some(CheckCommand::Findings { verb }) = &arguments.command {
        return super::findings::run(verb, context);
    }
    if arguments.list {
        return list(context);
    }
    let session = Session::open(context)?;
    let (_, facts) = session.facts(arguments.fresh, context).await?;
    let judged = session.judge(&facts, None)?;
    let now = jiff::Timestamp::now();
    let tracked = session.store.track(&judged.findings, &session.config.rules, now)?;
    let waiting = tracked.iter().filter(|one| one.waits()).count();
    if context.json {
        print_json(&json!({
            "findings": judged.findings, "corrections": judged.corrections,
            "waiting_for_a_decision": waiting,
        }))?;
    } else {
        print_findings(&judged.findings, usize::MAX);
        println!("  {waiting} findings wait for a decision: carbide check findings list");
        println!("  {} readings were corrected; the originals are kept", judged.corrections.len());
    }
    let held = judged.findings.iter().any(|finding| finding.severity == Severity::Hold);
    Ok(if held { Exit::No } else { Exit::Done })
}

/// The rules of the settings; as shipped where there are none.
fn list(context: &Context) -> Result<Exit, CliError> {
    let rules = super::rules::configured(context)?;
    if context.json {
        print_json(&rules.list())?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&[
        ("rule", Align::Left),
        ("what", Align::Left),
        ("severity", Align::Left),
        ("hours", Align::Right),
        ("limits", Align::Left),
    ]);
    for rule in rules.list() {
        table.row([
            rule.id.to_owned(),
            rule.title.to_owned(),
            if rule.enabled {
                format!("{:?}", rule.severity).to_lowercase()
            } else {
                "off".to_owned()
            },
            rule.deadline_hours.map_or_else(|| "-".to_owned(), |hours| hours.to_string()),
            rule.limits.to_string(),
        ]);
    }
    print!("{table}");
    Ok(Exit::Done)
}

/// Findings by rule: how many, and the findings themselves.
pub(super) fn by_rule(findings: &[Finding]) -> Value {
    let mut rules: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in findings {
        rules.entry(&finding.rule).or_default().push(finding);
    }
    let entry = |rule: &crate::check::Rule| {
        let found = rules.get(rule.id).map_or(&[][..], Vec::as_slice);
        let value = json!({
            "title": rule.title,
            "findings": found.len(),
            "intervals": found.iter().map(|finding| finding.count).sum::<usize>(),
            "list": found,
        });
        (rule.id.to_owned(), value)
    };
    Value::Object(RULES.iter().map(entry).collect())
}

pub(super) fn print_findings(findings: &[Finding], most: usize) {
    let mut table = Table::new(&[
        ("rule", Align::Left),
        ("subject", Align::Left),
        ("from", Align::Left),
        ("count", Align::Right),
        ("what", Align::Left),
    ]);
    for finding in findings.iter().take(most) {
        table.row([
            finding.rule.clone(),
            finding.subject.clone(),
            finding.interval.map_or_else(String::new, |interval| interval.start.to_string()),
            finding.count.to_string(),
            finding.text.to_string(),
        ]);
    }
    print!("{table}");
    if findings.len() > most {
        println!("  and {} more: carbide check", findings.len() - most);
    }
    if findings.is_empty() {
        println!("  nothing is odd");
    }
}
