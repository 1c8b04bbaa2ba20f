//! `carbide restore`: the backups, and the drill that shows that they open.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::connect::{Session, requester};
use super::exit::print_json;
use super::{CliError, Context, Exit};
use crate::config::secrets::SecretSource;
use crate::cycle::Books;
use crate::post::ChangeSetId;
use crate::post::backup::{BackupError, Identity};
use crate::post::restore::BackupEntry;
use crate::present::table::{Align, Table};

/// List backups, check that they open, and remove those whose time is over.
///
/// A backup is an age v1 file with one JSON document: `age -d -i KEY FILE` opens it without Carbide.
/// Nothing here writes to SAP.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("what").required(true)))]
pub struct Restore {
    /// List every backup that the journal names.
    #[arg(long, group = "what")]
    list: bool,

    /// Open the backup of a change set, or all of them, and compare it with the journal; the result
    /// is noted there.
    #[arg(long, group = "what", value_name = "CHANGE_SET", num_args = 0..=1,
          default_missing_value = "all")]
    verify: Option<String>,

    /// File with a further key to try, as the recovery key.
    #[arg(long, value_name = "FILE", requires = "verify")]
    identity: Vec<PathBuf>,

    /// Remove the backups whose time is over.
    #[arg(long, group = "what")]
    prune: bool,

    /// With --prune: show which would be removed, and remove none.
    #[arg(long, requires = "prune")]
    dry_run: bool,

    /// Make a new service key and seal for it from now on. The old one stays, to open old backups.
    #[arg(long, group = "what")]
    rotate_key: bool,
}

pub(super) fn run(arguments: &Restore, context: &Context) -> Result<Exit, CliError> {
    let session = Session::open(context)?;
    let mut books = session.books_to_look()?;
    if arguments.list {
        print_list(&books.backups()?, context)?;
    } else if arguments.prune {
        let over = books.prune(arguments.dry_run)?;
        print_list(&over, context)?;
        if !context.json {
            let done = if arguments.dry_run { "would be removed" } else { "are removed" };
            println!("  {} backups {done}", over.len());
        }
    } else if arguments.rotate_key {
        let new = books.rotate_backup_key(&requester())?;
        if context.json {
            print_json(&json!({ "recipient": new }))?;
        } else {
            println!("  backups are sealed for {new} from now on");
        }
    } else {
        return verify(arguments, &mut books, context);
    }
    Ok(Exit::Done)
}

fn verify(arguments: &Restore, books: &mut Books, context: &Context) -> Result<Exit, CliError> {
    let wanted = arguments.verify.as_deref().filter(|text| *text != "all").map(ChangeSetId::typed);
    let mut identities = Vec::new();
    for file in &arguments.identity {
        identities.extend(identities_of(file)?);
    }
    let results = books.drill(wanted.as_ref(), &identities)?;
    let bad = results.iter().filter(|(_, result)| result.is_err()).count();
    if context.json {
        let all: Vec<_> = results
            .iter()
            .map(|(id, result)| match result {
                Ok(drilled) => json!({ "change_set_id": id, "opened": drilled }),
                Err(error) => json!({ "change_set_id": id, "problem": error.to_string() }),
            })
            .collect();
        print_json(&json!({ "backups": all }))?;
    } else {
        for (id, result) in &results {
            match result {
                Ok(drilled) => {
                    println!(
                        "{id}: {} opens with {}",
                        drilled.file,
                        drilled.opened_with.join(", ")
                    );
                    for key in &drilled.not_tried {
                        println!("  not tried, its secret half is not here: {key}");
                    }
                    for line in &drilled.would_restore {
                        println!("  {line}");
                    }
                }
                Err(error) => println!("{id}: {error}"),
            }
        }
        println!("  {} backups opened, {bad} did not", results.len() - bad);
    }
    Ok(if bad == 0 { Exit::Done } else { Exit::Store })
}

fn identities_of(file: &Path) -> Result<Vec<Identity>, CliError> {
    let refused = |error: &dyn std::fmt::Display| CliError::new(Exit::Usage, error);
    let text = SecretSource::File(file.to_owned()).fetch().map_err(|error| refused(&error))?;
    Identity::parse_all(&text).map_err(|error: BackupError| refused(&error))
}

fn print_list(entries: &[BackupEntry], context: &Context) -> Result<(), CliError> {
    if context.json {
        return print_json(&json!({ "backups": entries }));
    }
    let mut table = Table::new(&[
        ("change set", Align::Left),
        ("file", Align::Left),
        ("sealed", Align::Left),
        ("documents", Align::Right),
        ("bytes", Align::Right),
        ("stays because", Align::Left),
    ]);
    for entry in entries {
        let stays = match (&entry.removed, &entry.keep) {
            (Some(at), _) => format!("removed at {at}"),
            (None, Some(reason)) => reason.clone(),
            (None, None) => "its time is over".to_owned(),
        };
        table.row([
            entry.change_set_id.to_string(),
            entry.sealed.file.clone(),
            entry.at.to_string(),
            entry.sealed.items.to_string(),
            entry.sealed.bytes.to_string(),
            stays,
        ]);
    }
    print!("{table}");
    Ok(())
}
