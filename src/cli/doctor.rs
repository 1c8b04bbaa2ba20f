//! `carbide doctor`: is everything there, reachable and allowed?

use clap::Args;
use serde_json::json;

use super::exit::print_json;
use super::{CliError, Context, Exit};
use crate::config::Config;
use crate::cycle::{connect, ems_connection, poster};
use crate::present::table::{Align, Table};
use crate::sap::soap_rfc::Call;
use crate::source::ems::check_mapping;
use crate::source::sap::SERVICES;

/// Check settings, connections, services and rights; change nothing.
#[derive(Debug, Args)]
pub struct Doctor {}

pub(super) async fn run(_: Doctor, context: &Context) -> Result<Exit, CliError> {
    let config = Config::load(&context.config)?;
    let connections = connect(&config)?;
    let mut checks: Vec<(String, Result<String, String>)> = vec![(
        "settings and mappings".to_owned(),
        Ok(format!("{}, {} factors", context.config.display(), config.factors.book.rows().len())),
    )];
    for service in SERVICES {
        let answer = connections.odata.ping(*service).await;
        let answer = answer.map(|()| "answers".to_owned()).map_err(|error| error.to_string());
        let refused = matches!(&answer, Err(text) if text.contains("(401)"));
        checks.push((format!("SAP {}", service.name), answer));
        if refused {
            break;
        }
    }
    let ping = connections.rfc.call(&Call::new("RFCPING")).await;
    checks.push((
        "SAP SOAP-RFC".to_owned(),
        ping.map(|_| "answers".to_owned()).map_err(|error| error.to_string()),
    ));
    let connection = ems_connection(&config)?;
    let mapping = config.ems.clone();
    let sampled = tokio::task::spawn_blocking(move || check_mapping(&connection, &mapping)).await;
    checks.push((
        "EMS by ODBC".to_owned(),
        match sampled {
            Ok(Ok(rows)) => Ok(match rows.first() {
                Some(row) => format!(
                    "{} at {} is {} {} until {}",
                    row.cells[0],
                    row.cells[1],
                    row.cells[2],
                    config.ems.unit,
                    row.interval_end.map_or_else(|| "?".to_owned(), |at| at.to_string())
                ),
                None => "the table is empty".to_owned(),
            }),
            Ok(Err(error)) => Err(error.to_string()),
            Err(error) => Err(error.to_string()),
        },
    ));
    let journal = poster(&config, &connections).and_then(|books| Ok(books.verify()?));
    checks.push((
        "journal".to_owned(),
        match journal {
            Ok(found) => match found.damage {
                None => Ok(format!("{} rows, chain whole", found.rows)),
                Some(damage) => Err(damage),
            },
            Err(error) => Err(error.to_string()),
        },
    ));
    let well = checks.iter().all(|(_, result)| result.is_ok());
    if context.json {
        let rows = checks.iter().map(|(name, result)| {
            let (ok, text) = match result {
                Ok(text) => (true, text),
                Err(text) => (false, text),
            };
            json!({ "check": name, "ok": ok, "text": text })
        });
        print_json(&json!({ "ok": well, "checks": rows.collect::<Vec<_>>() }))?;
    } else {
        let mut table =
            Table::new(&[("", Align::Left), ("check", Align::Left), ("found", Align::Left)]);
        for (name, result) in &checks {
            let (mark, text) = match result {
                Ok(text) => ("ok", text),
                Err(text) => ("NO", text),
            };
            table.row([mark.to_owned(), name.clone(), text.clone()]);
        }
        print!("{table}");
    }
    Ok(if well { Exit::Done } else { Exit::Remote })
}
