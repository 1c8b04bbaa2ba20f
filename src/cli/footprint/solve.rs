//! `carbide footprint solve`: a product system from a file, to compare with other tools.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use flate2::read::MultiGzDecoder;
use serde_json::Value;

use crate::cli::exit::print_json;
use crate::cli::{CliError, Context, Exit};
use crate::footprint::case::{self, CaseError, CaseResult};
use crate::present::figure;
use crate::present::table::{Align, Table};

/// Largest case that is read, unpacked.
const BYTES_MAX: u64 = 1 << 30;

/// Solve a product system that stands in a JSON file.
///
/// The file holds factors and nodes with bills of material, routings, co-products and emission lines
/// (docs/methods.md has the form). Nothing else is read: no settings, no SAP. With --json the result
/// is the object that such files carry as `expected`, or {"error": ...} with exit code 1.
#[derive(Debug, Args)]
pub struct Solve {
    /// The case, `.json` or `.json.gz`; `-` reads standard input.
    file: PathBuf,
}

pub(super) fn run(arguments: &Solve, context: &Context) -> Result<Exit, CliError> {
    let text = read(&arguments.file)?;
    let stage = context.progress.stage("Solving the product system");
    let solved = case::solve(&text);
    drop(stage);
    match solved {
        Ok(result) if context.json => {
            // A million nodes on one line each would be gigabytes of white space.
            let mut out = std::io::stdout().lock();
            let written =
                serde_json::to_writer(&mut out, result.expected()).is_ok() && writeln!(out).is_ok();
            if !written {
                return Err(CliError::new(Exit::Store, "the result could not be written"));
            }
            Ok(Exit::Done)
        }
        Ok(result) => {
            print(&result);
            Ok(Exit::Done)
        }
        Err(error) => refused(&error, context),
    }
}

fn refused(error: &CaseError, context: &Context) -> Result<Exit, CliError> {
    if context.json {
        print_json(error)?;
        return Ok(Exit::No);
    }
    Err(CliError::new(Exit::No, format!("{error} Nothing was calculated.")))
}

fn read(path: &Path) -> Result<String, CliError> {
    let failed = |error: std::io::Error| {
        CliError::new(Exit::Usage, format!("{} cannot be read: {error}", path.display()))
    };
    let mut packed = Vec::new();
    let from: Box<dyn Read> = if path == Path::new("-") {
        Box::new(std::io::stdin().lock())
    } else {
        Box::new(File::open(path).map_err(failed)?)
    };
    from.take(BYTES_MAX).read_to_end(&mut packed).map_err(failed)?;
    let mut text = String::new();
    if packed.starts_with(&[0x1f, 0x8b]) {
        let unpacked = MultiGzDecoder::new(packed.as_slice()).take(BYTES_MAX);
        let mut unpacked = unpacked;
        unpacked.read_to_string(&mut text).map_err(failed)?;
    } else {
        text = String::from_utf8(packed).map_err(|error| failed(std::io::Error::other(error)))?;
    }
    Ok(text)
}

fn print(result: &CaseResult) {
    let mut table = Table::new(&[
        ("node", Align::Left),
        ("kg CO2e per unit", Align::Right),
        ("of which", Align::Left),
        ("primary data", Align::Right),
    ]);
    for (node, value) in result.expected() {
        let number = |value: &Value| figure::float(value.as_f64().unwrap_or(f64::NAN), 6);
        let row = match value {
            Value::Array(columns) => {
                let rest: Vec<String> = columns.iter().skip(1).map(number).collect();
                let first = columns.first().map_or_else(String::new, number);
                [node.clone(), first, rest.join("  "), String::new()]
            }
            _ => {
                let by_category = value["by_category"].as_object();
                let parts = by_category.into_iter().flatten();
                let parts: Vec<String> =
                    parts.map(|(category, kg)| format!("{category} {}", number(kg))).collect();
                let share = match value["primary_data_share_pct"].as_f64() {
                    Some(share) => format!("{share:.1} %"),
                    None => "not available".to_owned(),
                };
                [node.clone(), number(&value["pcf_kgco2e_per_unit"]), parts.join(", "), share]
            }
        };
        table.row(row);
    }
    println!("Case {}:", result.id());
    print!("{table}");
}
