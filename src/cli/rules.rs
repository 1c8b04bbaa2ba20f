//! `carbide rules`: the rules on trial.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::json;

use super::exit::print_json;
use super::readings::{FileArguments, meter_named};
use super::{CliError, Context, Exit};
use crate::check::RuleSet;
use crate::check::trial::{Trial, TrialPlan, trial};
use crate::config::Config;
use crate::period::ShiftCalendar;
use crate::present::table::{Align, Table};

/// Try the rules on real readings with faults put in.
#[derive(Debug, Args)]
pub struct Rules {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Put faults of every kind into a history of readings; report hits, misses and false alarms.
    Test {
        /// Readings as CSV (.gz is unpacked): a stamp and an energy column, a meter column if there is
        /// more than one; `-` for standard input.
        #[arg(long, value_name = "FILE")]
        readings: PathBuf,
        #[command(flatten)]
        columns: FileArguments,
        /// Faults of each kind.
        #[arg(long, default_value_t = 100)]
        places: usize,
        /// The same seed gives the same faults.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
}

pub(super) fn run(arguments: &Rules, context: &Context) -> Result<Exit, CliError> {
    let What::Test { readings, columns, places, seed } = &arguments.what;
    let file = columns.read(readings)?;
    let rules = configured(context)?;
    let (zone, why) = columns.of_shifts(&file)?;
    let clock = zone.iana_name().map_or_else(
        || zone.to_offset(Timestamp::UNIX_EPOCH).to_string(),
        std::borrow::ToOwned::to_owned,
    );
    let shifts = ShiftCalendar::three_shifts(zone);
    let plan = TrialPlan { places: *places, seed: *seed };
    let mut trials = Vec::new();
    for meter in &file.meters {
        let tried = trial(&meter.rows, &meter_named(&meter.id), file.step, &rules, &shifts, plan);
        trials.push(tried.map_err(|error| CliError::new(Exit::No, error))?);
    }
    if context.json {
        print_json(&json!({
            "file": readings, "columns": file.taken, "problems": file.problems,
            "shifts": { "clock": clock, "why": why },
            "places": places, "seed": seed, "trials": trials,
        }))?;
    } else {
        println!("Shifts begin at 6, 14 and 22 o'clock of {clock} ({why}).");
        trials.iter().for_each(print);
        print_problems(&file.problems);
    }
    Ok(Exit::Done)
}

/// The rules of the settings; as shipped where there are none.
pub(super) fn configured(context: &Context) -> Result<RuleSet, CliError> {
    let config = context.config.exists().then(|| Config::load(&context.config)).transpose()?;
    Ok(config.map_or_else(RuleSet::default, |config| config.rules))
}

pub(super) fn print_problems(problems: &[String]) {
    for problem in problems.iter().take(20) {
        println!("  {problem}");
    }
    if problems.len() > 20 {
        println!("  and {} more rows that cannot be used", problems.len() - 20);
    }
}

fn print(trial: &Trial) {
    println!(
        "Meter {}: {} readings of {} minutes, {} to {}",
        trial.meter, trial.readings, trial.step_minutes, trial.from, trial.to
    );
    for (rule, count) in &trial.as_given {
        println!("  as given: {rule} names {count} readings");
    }
    let mut table = Table::new(&[
        ("fault", Align::Left),
        ("size", Align::Left),
        ("rule", Align::Left),
        ("put in", Align::Right),
        ("found", Align::Right),
        ("%", Align::Right),
        ("false", Align::Right),
    ]);
    for score in &trial.faults {
        table.row([
            score.fault.to_owned(),
            score.size.to_owned(),
            if score.rules.is_empty() { "none".to_owned() } else { score.rules.join(", ") },
            score.injected.to_string(),
            score.found.to_string(),
            format!("{:.1}", score.found_percent),
            score.false_alarms.to_string(),
        ]);
    }
    print!("{table}");
    let mut table = Table::new(&[
        ("rule", Align::Left),
        ("what", Align::Left),
        ("hits", Align::Right),
        ("misses", Align::Right),
        ("false", Align::Right),
        ("of 1,000", Align::Right),
        ("", Align::Left),
    ]);
    for rule in &trial.rules {
        table.row([
            rule.rule.to_owned(),
            rule.title.to_owned(),
            rule.hits.to_string(),
            rule.misses.to_string(),
            rule.false_alarms.to_string(),
            format!("{:.2}", rule.false_alarms_per_thousand),
            rule.not_tried.map_or_else(String::new, |why| format!("not tried: {why}")),
        ]);
    }
    print!("{table}");
    for form in &trial.excess {
        let sizes: Vec<String> = form
            .found_percent
            .iter()
            .map(|(raised, found)| format!("+{raised} % {found:.1} %"))
            .collect();
        let days: Vec<String> = form
            .days_found_percent
            .iter()
            .map(|(raised, found)| format!("+{raised} % {found:.1} %"))
            .collect();
        println!(
            "  R2 {}: {:.1} % of {} sound shifts flagged; raised shifts found: {}; raised days: {}",
            form.form,
            form.flagged_percent,
            form.shifts,
            sizes.join(", "),
            days.join(", ")
        );
    }
    print_episodes(trial);
}

/// R2 on faults that last.
fn print_episodes(trial: &Trial) {
    let mut table = Table::new(&[
        ("R2", Align::Left),
        ("shifts", Align::Right),
        ("raised", Align::Right),
        ("put in", Align::Right),
        ("found %", Align::Right),
        ("without a fault %", Align::Right),
        ("after shifts", Align::Right),
    ]);
    for form in &trial.excess {
        for episode in &form.episodes {
            table.row([
                form.form.to_owned(),
                episode.shifts.to_string(),
                format!("+{} %", episode.raised_percent),
                episode.put_in.to_string(),
                format!("{:.0}", episode.found_percent),
                format!("{:.0}", episode.by_chance_percent),
                episode.median_shifts_to_find.map_or_else(String::new, |shifts| shifts.to_string()),
            ]);
        }
    }
    print!("{table}");
}
