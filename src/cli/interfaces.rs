//! `carbide interfaces`: what may be touched in SAP, the role for it, and what was used.

use clap::Args;
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;

use super::exit::print_json;
use super::{CliError, Context, Exit};
use crate::config::Config;
use crate::present::table::{Align, Table};
use crate::sap::interfaces::{self as manifest, Manifest, role};
use crate::sap::trace::{self, Used};

/// Show every interface of SAP that may be touched, the role that it needs, and what was used.
///
/// A call outside of this list is refused before it is sent.
#[derive(Debug, Args)]
pub struct Interfaces {
    /// The least roles for PFCG: objects, fields, values.
    #[arg(long, conflicts_with = "trace")]
    role: bool,

    /// What was truly used, and that nothing else was. Ends with 1 if something was.
    #[arg(long)]
    trace: bool,

    /// Only what was used from this day on, as 2026-01-31 in the plant's zone.
    #[arg(long, requires = "trace")]
    since: Option<Date>,
}

pub(super) fn run(arguments: &Interfaces, context: &Context) -> Result<Exit, CliError> {
    let mut interfaces = manifest::Interfaces::shipped();
    // The list can be shown before there are settings.
    if Config::load(&context.config).is_ok_and(|config| config.settings.sap.allow_rfc_read_table) {
        interfaces = interfaces.with_unpublished();
    }
    let manifest = interfaces.manifest;
    if arguments.role {
        return print_role(&manifest, context);
    }
    if arguments.trace {
        return print_trace(&manifest, arguments.since, context);
    }
    if context.json {
        print_json(&*manifest)?;
        return Ok(Exit::Done);
    }
    print!("{}", listed(&manifest));
    Ok(Exit::Done)
}

fn listed(manifest: &Manifest) -> Table {
    let mut table = Table::new(&[
        ("interface", Align::Left),
        ("way", Align::Left),
        ("what", Align::Left),
        ("authorization", Align::Left),
    ]);
    let mut add = |interface: &str, way: &str, what: &[String], authorization: &str| {
        for (index, what) in what.iter().enumerate() {
            let first = |text: &str| if index == 0 { text.to_owned() } else { String::new() };
            table.row([first(interface), way.to_owned(), what.clone(), first(authorization)]);
        }
    };
    for service in &manifest.service {
        let name = format!("{} {}", service.name, service.version);
        add(&name, "read", &service.read, &service.authorization);
        add(&name, "write", &service.write, "");
    }
    add("RFC", "read", &manifest.rfc.read, &manifest.rfc.authorization);
    add("RFC", "write", &manifest.rfc.write, "");
    add("RFC", "plan", &manifest.rfc.plan, &manifest.rfc.plan_authorization);
    add(
        "RFC",
        "must be refused",
        &manifest.rfc.refused,
        "none: `carbide doctor` fails if it is granted",
    );
    let tables = &manifest.rfc.table_reading;
    let unpublished = [tables.unpublished.clone()];
    let way = if tables.allow_unpublished { "UNPUBLISHED, ON" } else { "UNPUBLISHED, off" };
    add("RFC", way, &unpublished, "S_RFC for it; S_TABU_NAM display for each table");
    table
}

fn print_role(manifest: &Manifest, context: &Context) -> Result<Exit, CliError> {
    let settings = Config::load(&context.config)?.settings;
    let plant = &settings.plant;
    let lines = role::lines(manifest, plant.code.as_str(), plant.company_code.as_str());
    if context.json {
        print_json(&lines)?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&[
        ("role", Align::Left),
        ("object", Align::Left),
        ("field", Align::Left),
        ("values", Align::Left),
    ]);
    let (mut last, mut notes) = (("", String::new()), Vec::new());
    for line in lines {
        let same = last == (line.role, line.object.clone());
        let first = |text: &str| if same { String::new() } else { text.to_owned() };
        for (index, value) in line.value.split(", ").enumerate() {
            let first = |text: &str| if index == 0 { first(text) } else { String::new() };
            table.row([
                first(line.role),
                first(&line.object),
                first_field(index, &line.field),
                value.to_owned(),
            ]);
        }
        let note = format!("{}: {}", line.object, line.note);
        if !line.note.is_empty() && !notes.contains(&note) {
            notes.push(note);
        }
        last = (line.role, line.object);
    }
    print!("{table}");
    println!();
    for note in notes {
        println!("  {note}");
    }
    println!(
        "  Whoever plans needs {} and {}, whoever posts {} and {}.",
        role::READ,
        role::PLAN,
        role::READ,
        role::POST
    );
    Ok(Exit::Done)
}

/// The name of a field, beside its first value.
fn first_field(index: usize, field: &str) -> String {
    if index == 0 { field.to_owned() } else { String::new() }
}

fn print_trace(
    manifest: &Manifest,
    since: Option<Date>,
    context: &Context,
) -> Result<Exit, CliError> {
    let config = Config::load(&context.config)?;
    let folder = config.path(&config.settings.post.directory);
    let since: Option<Timestamp> = match since {
        Some(day) => {
            let midnight = day.to_zoned(config.zone.clone());
            Some(midnight.map_err(|error| CliError::new(Exit::Usage, error))?.timestamp())
        }
        None => None,
    };
    let used = trace::used(&folder, since).map_err(|error| {
        let path = folder.join(trace::FILE);
        CliError::new(Exit::Store, format!("{} cannot be read: {error}", path.display()))
    })?;
    let outside: Vec<&Used> = used.iter().filter(|used| !manifest.lists(&used.what)).collect();
    let first = used.iter().map(|used| used.first).min();
    if context.json {
        print_json(&json!({
            "since": since.or(first), "used": used, "outside": outside,
            "ok": outside.is_empty(),
        }))?;
    } else {
        let mut table = Table::new(&[
            ("", Align::Left),
            ("service", Align::Left),
            ("what", Align::Left),
            ("way", Align::Left),
            ("times", Align::Right),
            ("last", Align::Left),
        ]);
        for used in &used {
            let mark = if manifest.lists(&used.what) { "ok" } else { "OUTSIDE" };
            table.row([
                mark.to_owned(),
                used.what.service.clone(),
                used.what.object.clone(),
                used.what.method.clone(),
                used.count.to_string(),
                used.last.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
            ]);
        }
        print!("{table}");
        match (first, outside.len()) {
            (None, _) => println!("Nothing was used."),
            (Some(first), 0) => println!("\nSince {first}: nothing outside of the manifest."),
            (Some(first), count) => {
                println!("\nSince {first}: {count} OUTSIDE of the manifest of this version.");
            }
        }
    }
    Ok(if outside.is_empty() { Exit::Done } else { Exit::No })
}
