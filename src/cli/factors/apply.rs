//! `carbide factors apply`: a signed version is taken into use, whole or not at all.

use std::path::{Path, PathBuf};

use clap::Args;
use jiff::Timestamp;
use serde_json::json;

use super::super::connect::{Session, person};
use super::super::exit::print_json;
use super::super::{CliError, Context, Exit};
use super::{checked, database_folder, difference_document, print_differences, what_if};
use crate::config::factor_package::Signature;
use crate::factor::difference::differences;
use crate::factor::package::{FactorDatabase, Severity};
use crate::store::hex;

/// Take a signed version into use, after showing what it does to the last quarter.
#[derive(Debug, Args)]
pub(in super::super) struct Apply {
    /// Folder of the version.
    folder: PathBuf,

    /// Show everything, change nothing.
    #[arg(long)]
    dry_run: bool,

    /// Yes, take it into use.
    #[arg(long)]
    yes: bool,

    /// Accept a value outside of its plausible band, by key of the factor.
    #[arg(long, value_name = "FACTOR")]
    accept: Vec<String>,
}

pub(super) async fn run(arguments: Apply, context: &Context) -> Result<Exit, CliError> {
    let session = Session::open(context)?;
    let config = &session.config;
    let (package, problems, signature) =
        checked(&arguments.folder, &config.factors.trusted_keys, &arguments.accept)?;
    let no = |text: String| CliError::new(Exit::No, format!("{text}. Nothing was changed"));
    let signed_by = match signature {
        Ok(Signature::By(key)) => key,
        Ok(Signature::None) => {
            return Err(no(format!(
                "FAC-SIG: factor pack {} is not signed; `carbide factors sign` signs it",
                package.id
            )));
        }
        Err(error) => return Err(no(error)),
    };
    if let Some(problem) = problems.iter().find(|problem| problem.severity != Severity::Note) {
        return Err(no(problem.text.clone()));
    }
    let packages = config.factors.database.packages();
    if packages.iter().any(|known| known.id == package.id) {
        return Err(no(format!(
            "FAC-VERSION: version {} is there already and never changes",
            package.id
        )));
    }
    if let Some(newest) = packages.last().filter(|known| known.known_since > package.known_since) {
        return Err(no(format!(
            "FAC-VERSION: version {} is known since {}, before {} ({}); a version cannot be slipped in \
             behind one that postings may stand on",
            package.id, package.known_since, newest.id, newest.known_since
        )));
    }
    let set = config.factors.gwp_set;
    let found = packages.last().map(|before| differences(before, &package, set));
    let mut with = packages.to_vec();
    with.push(package.clone());
    let effects = what_if::last_quarter(&session, FactorDatabase::new(with), context).await?;
    if !context.json {
        if let (Some(before), Some(found)) = (packages.last(), &found) {
            println!("From {} to {}: {} factors differ", before.id, package.id, found.len());
            print_differences(before, &package, found, set);
        }
        what_if::print(&effects);
    }
    let applies = arguments.yes && !arguments.dry_run;
    if applies {
        take(&arguments.folder, &database_folder(config), &package.id).map_err(|error| {
            CliError::new(Exit::Store, format!("version {} was not applied: {error}", package.id))
        })?;
        note(config, &package.id, &hex(&package.hash), &signed_by, &arguments.accept)
            .map_err(|error| CliError::new(Exit::Store, format!("applied.jsonl: {error}")))?;
    }
    if context.json {
        print_json(&json!({
            "package": package.id,
            "sha256": hex(&package.hash),
            "signed_by": signed_by,
            "applied": applies,
            "differences": found.unwrap_or_default().iter().map(difference_document).collect::<Vec<_>>(),
            "what_if": effects,
        }))?;
    } else if applies {
        println!(
            "Version {} is in use. What was posted with an older one stays as it is.",
            package.id
        );
    } else {
        println!("Nothing was changed; --yes takes version {} into use.", package.id);
    }
    Ok(Exit::Done)
}

/// Copies the version beside the others: under a name that is not read until it is whole.
fn take(from: &Path, database: &Path, id: &str) -> std::io::Result<()> {
    std::fs::create_dir_all(database)?;
    let unfinished = database.join(format!(".{id}.part"));
    if unfinished.exists() {
        std::fs::remove_dir_all(&unfinished)?;
    }
    std::fs::create_dir(&unfinished)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            let copy = unfinished.join(entry.file_name());
            std::fs::copy(entry.path(), &copy)?;
            std::fs::File::open(&copy)?.sync_all()?;
        }
    }
    std::fs::rename(&unfinished, database.join(id))?;
    std::fs::File::open(database)?.sync_all()
}

/// Who took it into use, and when: one line of JSON.
fn note(
    config: &crate::config::Config,
    id: &str,
    sha256: &str,
    signed_by: &str,
    accepted: &[String],
) -> std::io::Result<()> {
    use std::io::Write;
    let path = database_folder(config).join("applied.jsonl");
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
    let line = json!({
        "package": id,
        "sha256": sha256,
        "signed_by": signed_by,
        "accepted": accepted,
        "applied_at": Timestamp::now(),
        "applied_by": person(config),
    });
    writeln!(file, "{line}")?;
    file.sync_all()
}
