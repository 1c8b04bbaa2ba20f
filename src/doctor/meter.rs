//! The energy management system: driver, mapping, and how old the last reading is.

use std::time::Duration;

use jiff::Timestamp;

use super::check::{Check, limited};
use crate::config::Config;
use crate::cycle::{CycleError, ems_connection};
use crate::source::ems::{EmsError, check_mapping, last_reading};

/// A meter that writes every quarter of an hour and is silent for a day is broken.
const SILENT_HOURS_MAX: i64 = 24;

pub(super) async fn examine(config: &Config, limit: Duration) -> Result<Vec<Check>, CycleError> {
    let connection = ems_connection(config)?;
    let mapping = config.ems.clone();
    let unit = mapping.unit.to_string();
    let (tried, asked) = (connection.clone(), mapping.clone());
    let rows = limited("EMS by ODBC", limit, async move {
        let sampled = tokio::task::spawn_blocking(move || check_mapping(&tried, &asked)).await;
        match sampled {
            Ok(Ok(rows)) => match rows.first() {
                Some(row) => Check::ok(
                    "EMS by ODBC",
                    format!(
                        "{} at {} is {} {unit} until {}",
                        row.cells[0],
                        row.cells[1],
                        row.cells[2],
                        row.interval_end.map_or_else(|| "?".to_owned(), |at| at.to_string())
                    ),
                ),
                None => Check::warn("EMS by ODBC", "the table is empty", "Look at the export"),
            },
            Ok(Err(error)) => Check::fail("EMS by ODBC", error.to_string(), advice(&error)),
            Err(error) => Check::fail("EMS by ODBC", error.to_string(), ""),
        }
    });
    // A plan of the past looks at meters of the past.
    let now = match config.settings.plan.start {
        Some(day) => {
            day.to_zoned(config.zone.clone()).map_or_else(|_| Timestamp::now(), |at| at.timestamp())
        }
        None => Timestamp::now(),
    };
    let age = limited("last reading", limit, async move {
        let last = tokio::task::spawn_blocking(move || last_reading(&connection, &mapping)).await;
        match last {
            Ok(Ok(Some(last))) => {
                let hours = now.duration_since(last).as_hours();
                let text = format!("the interval until {last}, {hours} h before {now}");
                if hours > SILENT_HOURS_MAX {
                    let advice = "Look at the meter gateway and at the export of the EMS";
                    Check::warn("last reading", text, advice)
                } else {
                    Check::ok("last reading", text)
                }
            }
            Ok(Ok(None)) => Check::skipped(
                "last reading",
                "no order_column, and stamps of this form do not sort",
            ),
            Ok(Err(_)) => Check::skipped("last reading", "the EMS cannot be read"),
            Err(error) => Check::fail("last reading", error.to_string(), ""),
        }
    });
    let (rows, age) = tokio::join!(rows, age);
    Ok(vec![rows, age])
}

fn advice(error: &EmsError) -> &'static str {
    match error {
        EmsError::Driver { .. } => "Install the driver; see [ems] driver",
        EmsError::Connect { .. } => "See server, port, database and user in [ems]",
        _ => "See mappings/ems.toml",
    }
}
