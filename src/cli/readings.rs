//! `carbide readings`: gaps of a series filled, each value with its method and that method's error.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::exit::print_json;
use super::rules::{configured, print_problems};
use super::{CliError, Context, Exit};
use crate::check::{Background, CheckedReadings, readings_with};
use crate::id::MeterId;
use crate::present::table::{Align, Table};
use crate::reading::{Medium, Meter};
use crate::source::ems::StampIs;
use crate::source::readings_file::{Columns, FileMeter, ReadingsFile, read_readings_file};

/// Work on a series of readings in a file.
#[derive(Debug, Args)]
pub struct Readings {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Check a series and fill its gaps by the method that is best on this meter for their length.
    Impute {
        /// Readings as CSV (.gz is unpacked); `-` for standard input.
        file: PathBuf,
        #[command(flatten)]
        columns: FileArguments,
        /// Longest gap that is filled, in hours; as in the rules if it is not given.
        #[arg(long, value_name = "HOURS")]
        up_to_hours: Option<u32>,
    },
}

/// Which end of an interval is stamped.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum StampOption {
    /// The interval begins at the stamp.
    Start,
    /// The interval ends at the stamp.
    End,
}

/// How a file of readings is read.
#[derive(Debug, Args)]
pub(super) struct FileArguments {
    /// Column of the time stamp, if its name does not tell.
    #[arg(long, value_name = "COLUMN")]
    stamp_column: Option<String>,
    /// Column of the energy, if its name does not tell.
    #[arg(long, value_name = "COLUMN")]
    value_column: Option<String>,
    /// Which end of the interval is stamped, if the column's name does not tell.
    #[arg(long, value_enum)]
    stamp_is: Option<StampOption>,
    /// Clock of stamps without an offset, and of shifts, as Europe/Berlin; UTC if it is not given, and for
    /// shifts the offset that all stamps carry.
    #[arg(long, value_name = "ZONE")]
    zone: Option<String>,
    /// Length of an interval in minutes; found from the stamps if it is not given.
    #[arg(long, value_name = "MINUTES")]
    step_minutes: Option<u16>,
}

impl FileArguments {
    fn zone(&self) -> Result<Option<TimeZone>, CliError> {
        let Some(name) = &self.zone else { return Ok(None) };
        TimeZone::get(name)
            .map(Some)
            .map_err(|error| CliError::new(Exit::Usage, format!("--zone {name}: {error}")))
    }

    /// The clock by which shifts of a file are cut, and why it is this one.
    pub(super) fn of_shifts(
        &self,
        file: &ReadingsFile,
    ) -> Result<(TimeZone, &'static str), CliError> {
        Ok(match (self.zone()?, &file.clock) {
            (Some(zone), _) => (zone, "as --zone says"),
            (None, Some(clock)) => (clock.clone(), "the offset of the stamps"),
            (None, None) => (
                TimeZone::UTC,
                "the stamps carry no offset, or several; name the clock with --zone",
            ),
        })
    }

    pub(super) fn read(&self, path: &Path) -> Result<ReadingsFile, CliError> {
        let columns = Columns {
            stamp: self.stamp_column.clone(),
            value: self.value_column.clone(),
            stamp_is: self.stamp_is.map(|stamp| match stamp {
                StampOption::Start => StampIs::IntervalStart,
                StampOption::End => StampIs::IntervalEnd,
            }),
            zone: self.zone()?,
            step_minutes: self.step_minutes,
        };
        read_readings_file(path, &columns).map_err(|error| CliError::new(Exit::Usage, error))
    }
}

/// A meter of which a file tells the name and nothing else.
pub(super) fn meter_named(id: &MeterId) -> Meter {
    Meter {
        id: id.clone(),
        medium: Medium::Electricity,
        plant: "0".parse().expect("one digit is a plant"),
        overhead_cost_center: "0".parse().expect("one digit is a cost center"),
    }
}

pub(super) fn run(arguments: &Readings, context: &Context) -> Result<Exit, CliError> {
    let What::Impute { file, columns, up_to_hours } = &arguments.what;
    let read = columns.read(file)?;
    let mut rules = configured(context)?;
    if let Some(hours) = up_to_hours {
        rules.missing.limits.impute_up_to_hours = *hours;
    }
    // A file is complete: nothing late is waited for.
    let now = Timestamp::MAX - SignedDuration::from_hours(24 * 365);
    let checked: Vec<(&FileMeter, CheckedReadings)> = read
        .meters
        .iter()
        .map(|own| {
            let meter = meter_named(&own.id);
            let background = Background { reactive: Some(&own.reactive), ..Default::default() };
            (own, readings_with(&own.rows, &meter, read.step, &rules, now, &background))
        })
        .collect();
    if context.json {
        let meters: Vec<Value> =
            checked.iter().map(|(own, checked)| document(own, checked)).collect();
        print_json(&json!({
            "file": file, "columns": read.taken, "problems": read.problems,
            "step_minutes": read.step.as_mins(), "meters": meters,
        }))?;
    } else {
        checked.iter().for_each(|(own, checked)| print(own, checked));
        print_problems(&read.problems);
    }
    let missing =
        checked.iter().any(|(_, checked)| checked.series.slots.iter().any(|s| s.energy.is_none()));
    Ok(if missing { Exit::No } else { Exit::Done })
}

fn document(own: &FileMeter, checked: &CheckedReadings) -> Value {
    let series = &checked.series;
    let values = series.slots.iter().enumerate().filter_map(|(index, slot)| {
        let interval = series.interval(index);
        let correction = checked.corrections.iter().rev().find(|c| c.interval_end == interval.end);
        (slot.energy.is_none() || correction.is_some_and(|c| c.rule == "R4")).then(|| {
            json!({
                "interval_start": interval.start,
                "interval_end": interval.end,
                "kwh": slot.energy.map(|energy| energy.amount()),
                "state": slot.state,
                "method": correction.map(|c| &c.method),
                "error_percent": correction.and_then(|c| c.error_percent),
            })
        })
    });
    json!({
        "meter": own.id, "rows": own.rows.len(), "intervals": series.slots.len(),
        "ladder": checked.ladder.as_ref().map(|ladder| &ladder.rungs),
        "imputed": values.collect::<Vec<_>>(),
        "findings": checked.findings, "corrections": checked.corrections,
    })
}

fn print(own: &FileMeter, checked: &CheckedReadings) {
    let missing = checked.series.slots.iter().filter(|slot| slot.energy.is_none()).count();
    let imputed = checked.corrections.iter().filter(|c| c.rule == "R4").count();
    println!(
        "Meter {}: {} rows, {} intervals, {imputed} imputed, {missing} still missing",
        own.id,
        own.rows.len(),
        checked.series.slots.len()
    );
    if let Some(ladder) = &checked.ladder {
        let mut table = Table::new(&[
            ("gap up to", Align::Right),
            ("method", Align::Left),
            ("error %", Align::Right),
            ("bias %", Align::Right),
            ("trials", Align::Right),
        ]);
        let number =
            |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |v| format!("{v:.1}"));
        for rung in &ladder.rungs {
            table.row([
                format!("{} min", rung.up_to_minutes),
                rung.method.name().to_owned(),
                number(rung.error_percent),
                number(rung.bias_percent),
                rung.trials.to_string(),
            ]);
        }
        print!("{table}");
    }
    for finding in &checked.findings {
        let from = finding.interval.map_or_else(String::new, |i| i.start.to_string());
        println!("  {} {from}: {}", finding.rule, finding.text);
    }
}
