//! `carbide ems`: what the mapping of the energy management system makes of its database.

use clap::{Args, Subcommand};

use super::exit::print_json;
use super::{CliError, Context, Exit};
use crate::config::Config;
use crate::cycle::ems_connection;
use crate::present::table::{Align, Table};
use crate::source::ems::{EmsError, Inspection, inspect};

/// Check how the energy management system is read.
#[derive(Debug, Args)]
pub struct Ems {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Show what each column of the mapping was taken for, with a sample of rows of each meter.
    Check,
}

pub(super) async fn run(arguments: Ems, context: &Context) -> Result<Exit, CliError> {
    let What::Check = arguments.what;
    let config = Config::load(&context.config)?;
    let (connection, mapping) = (ems_connection(&config)?, config.ems.clone());
    let inspected = tokio::task::spawn_blocking(move || inspect(&connection, &mapping)).await;
    let inspected = inspected.map_err(|error| CliError::new(Exit::Remote, error))?;
    let inspection = inspected.map_err(|error| {
        let exit = match error {
            EmsError::Identifier { .. } | EmsError::Column { .. } | EmsError::Mapping(_) => {
                Exit::Usage
            }
            _ => Exit::Remote,
        };
        CliError::new(exit, error)
    })?;
    if context.json {
        print_json(&inspection)?;
    } else {
        print(&inspection);
    }
    Ok(if inspection.warnings.is_empty() { Exit::Done } else { Exit::No })
}

fn print(inspection: &Inspection) {
    println!("{}, table {}", inspection.source, inspection.table);
    let mut table =
        Table::new(&[("column", Align::Left), ("type", Align::Left), ("taken for", Align::Left)]);
    for column in &inspection.columns {
        table.row([column.column.clone(), column.type_name.clone(), column.as_what.clone()]);
    }
    print!("{table}");
    let mut table = Table::new(&[
        ("meter", Align::Left),
        ("stamp", Align::Left),
        ("value", Align::Right),
        ("interval ends", Align::Left),
        ("amount", Align::Right),
        ("unit", Align::Left),
    ]);
    for sample in &inspection.samples {
        let [meter, stamp, value] = sample.cells.clone();
        table.row([
            meter,
            stamp,
            value,
            sample.interval_end.map_or_else(|| "-".to_owned(), |end| end.to_string()),
            sample.amount.map_or_else(|| "-".to_owned(), |amount| amount.normalize().to_string()),
            sample.unit.to_string(),
        ]);
    }
    print!("{table}");
    for warning in &inspection.warnings {
        println!("  {warning}");
    }
}
