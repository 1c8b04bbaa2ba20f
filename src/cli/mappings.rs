//! `carbide mappings`: what the mapping of SAP's fields says, and what is wrong with it.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use super::exit::print_json;
use super::{CliError, Context, Exit};
use crate::config::Config;
use crate::config::fields::{LoadedFields, PlacedProblem, look_at, place};
use crate::cycle::connect_to_look;
use crate::doctor::fields::misfits;
use crate::present::table::{Align, Table};
use crate::sandbox;
use crate::sap::odata::metadata::Metadata;
use crate::sap::odata::{ODataClient, Service};
use crate::source::sap::SERVICES;
use crate::source::sap::field_mapping::STANDARD_FILES;

/// Look into the mapping of SAP's fields.
#[derive(Debug, Args)]
pub struct Mappings {
    #[command(subcommand)]
    command: MappingsCommand,
}

#[derive(Debug, Subcommand)]
enum MappingsCommand {
    /// Report fields without a line, unknown names, and units and types that do not fit, each with
    /// file and line.
    ///
    /// Compares with the live $metadata of the configured system. Ends with 0 if nothing is refused,
    /// with 2 if a line is, with 3 if the system could not be asked.
    Check {
        /// Do not ask SAP: compare with the parts of the services that ship.
        #[arg(long)]
        offline: bool,
    },
    /// List every field: table field, property, field of Carbide, default.
    List {
        /// Only lines that say something else than the standard.
        #[arg(long)]
        own: bool,
    },
}

pub(super) async fn run(arguments: Mappings, context: &Context) -> Result<Exit, CliError> {
    let base = match context.config.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let loaded = look_at(&base.join("mappings"))?;
    match arguments.command {
        MappingsCommand::Check { offline } => check(loaded, offline, context).await,
        MappingsCommand::List { own } => list(&loaded, own, context),
    }
}

async fn check(
    mut loaded: LoadedFields,
    offline: bool,
    context: &Context,
) -> Result<Exit, CliError> {
    // Settings are only needed to ask SAP, and do not load while a line is refused.
    let client = if offline || loaded.problems.iter().any(|problem| problem.refused) {
        None
    } else {
        Some(connect_to_look(&Config::load(&context.config)?)?.odata)
    };
    let mut not_asked = Vec::new();
    for service in SERVICES {
        let live = match &client {
            Some(client) => live(client, *service).await.map_or_else(
                |reason| {
                    not_asked.push(format!("{}: {reason}", service.name));
                    None
                },
                Some,
            ),
            None => None,
        };
        let (offered, whole) = match live {
            Some(live) => (Some(live), true),
            None => (shipped(*service), false),
        };
        let Some(offered) = offered else { continue };
        let mapping = std::sync::Arc::clone(&loaded.mapping);
        for misfit in misfits(&mapping.fields, service.name, &offered, whole) {
            let (path, text) = file_of(&loaded, service.name)?;
            let found = place(&path, &text, misfit.field.offset, misfit.refused, misfit.text);
            loaded.problems.push(found);
        }
    }
    let refused = loaded.problems.iter().filter(|problem| problem.refused).count();
    let own = loaded.mapping.fields.iter().filter(|field| field.own).count();
    if context.json {
        print_json(&json!({
            "ok": refused == 0,
            "fields": loaded.mapping.fields.len(),
            "own": own,
            "files": loaded.files,
            "compared_with": if client.is_some() { "the live services" } else { "what ships" },
            "not_asked": not_asked,
            "problems": loaded.problems.iter().map(as_json).collect::<Vec<_>>(),
        }))?;
    } else {
        for problem in &loaded.problems {
            let PlacedProblem { file, line, column, text, .. } = problem;
            let mark = if problem.refused { "refused" } else { "warn" };
            println!("{mark:<8} {}:{line}:{column}: {text}", file.display());
        }
        for reason in &not_asked {
            println!("{:<8} not compared with SAP: {reason}", "warn");
        }
        let with = if client.is_some() { "the live services" } else { "what ships" };
        println!(
            "{} fields, {own} of them by lines of your own; compared with {with}: {refused} refused, \
             {} to look at",
            loaded.mapping.fields.len(),
            loaded.problems.len() - refused
        );
    }
    Ok(match (refused, not_asked.is_empty()) {
        (0, true) => Exit::Done,
        (0, false) => Exit::Remote,
        _ => Exit::Usage,
    })
}

fn as_json(problem: &PlacedProblem) -> serde_json::Value {
    let PlacedProblem { file, line, column, refused, text } = problem;
    let code = text.split(':').next().unwrap_or_default();
    json!({ "file": file, "line": line, "column": column, "refused": refused, "code": code,
            "text": text })
}

async fn live(client: &ODataClient, service: Service) -> Result<Metadata, String> {
    let document = client.metadata_document(service).await.map_err(|error| error.to_string())?;
    Metadata::parse(document.as_bytes())
}

fn shipped(service: Service) -> Option<Metadata> {
    Metadata::parse(sandbox::edmx(service.path)?.as_bytes()).ok()
}

/// The file that maps a service: one of the folder, or the standard's.
fn file_of(loaded: &LoadedFields, service: &str) -> Result<(PathBuf, String), CliError> {
    if let Some(index) = loaded.services.iter().position(|known| known == service) {
        let path = loaded.files[index].clone();
        let text = crate::config::file::read(&path)?;
        return Ok((path, text));
    }
    let wanted = format!("service = \"{service}\"");
    let standard = STANDARD_FILES.iter().find(|(_, text)| text.contains(&wanted));
    let (name, text) = standard.copied().unwrap_or_default();
    Ok((PathBuf::from(format!("(standard) {name}")), text.to_owned()))
}

fn list(loaded: &LoadedFields, own: bool, context: &Context) -> Result<Exit, CliError> {
    let fields = loaded.mapping.fields.iter().filter(|field| field.own || !own);
    if context.json {
        let lines = fields.map(|field| {
            json!({
                "service": field.service, "set": field.set, "table_field": field.table_field,
                "property": field.property, "unit": field.unit, "field": field.to,
                "default": field.default, "own": field.own,
            })
        });
        print_json(&lines.collect::<Vec<_>>())?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&[
        ("set", Align::Left),
        ("table field", Align::Left),
        ("property", Align::Left),
        ("field", Align::Left),
        ("default", Align::Left),
    ]);
    for field in fields {
        table.row([
            field.set.clone(),
            field.table_field.clone(),
            field.property.clone().unwrap_or_default(),
            field.to.clone(),
            field.default.clone().unwrap_or_default(),
        ]);
    }
    print!("{table}");
    Ok(Exit::Done)
}
