//! `carbide footprint cbam`: embedded emissions of goods under the EU's border adjustment.

use std::path::PathBuf;

use clap::Args;

use crate::cli::exit::print_json;
use crate::cli::{CliError, Context, Exit};
use crate::footprint::cbam::{Good, embedded};
use crate::present::table::{Align, Table};

/// Calculate the specific embedded emissions of CBAM goods and their precursors.
///
/// The file is a JSON list of goods: name, installation, route, direct (t CO2e per t),
/// electricity_mwh, electricity_factor (t CO2e per MWh), precursors [{good, mass}]; decimals in
/// quotes. Mark-ups on default values are not applied.
#[derive(Debug, Args)]
pub struct Cbam {
    /// The goods.
    file: PathBuf,
}

pub(super) fn run(arguments: &Cbam, context: &Context) -> Result<Exit, CliError> {
    let wrong = |reason: String| {
        CliError::new(Exit::Usage, format!("{}: {reason}", arguments.file.display()))
    };
    let text =
        std::fs::read_to_string(&arguments.file).map_err(|error| wrong(error.to_string()))?;
    let goods: Vec<Good> = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    let found = embedded(&goods).map_err(|error| CliError::new(Exit::No, error))?;
    if context.json {
        print_json(&found)?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&[
        ("good", Align::Left),
        ("direct t/t", Align::Right),
        ("indirect t/t", Align::Right),
        ("charged t/t", Align::Right),
        ("default values", Align::Right),
    ]);
    for good in found {
        table.row([
            good.good,
            good.direct.round_dp(6).to_string(),
            good.indirect.round_dp(6).to_string(),
            good.charged.round_dp(6).to_string(),
            crate::present::figure::share(good.default_share),
        ]);
    }
    print!("{table}");
    Ok(Exit::Done)
}
