//! `carbide audit`: the head of the audit log, and proofs for a third party.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use super::connect::Session;
use super::exit::print_json;
use super::{CliError, Context, Exit};
use crate::audit::{self, Hash, VerifierKey};
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::post::PostError;
use crate::post::checkpoint::Checkpoints;
use crate::post::journal::{self, ExportedRow, Journal};
use crate::post::reference_key::hex;

/// Show the head of the audit log, and prove what is in it.
///
/// Each row of the journal is a leaf of a Merkle tree (RFC 9162, SHA-256). Note the head elsewhere:
/// a later consistency proof then shows that no row before it was rewritten.
#[derive(Debug, Args)]
pub struct Audit {
    #[command(subcommand)]
    command: AuditCommand,
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// Check the chain of rows, and show how many there are and their root hash.
    Head,
    /// Sign the head and print the note: keep it outside of this machine.
    Checkpoint,
    /// Print the public key that checks the notes.
    Key,
    /// Check the rows, every checkpoint that is kept here, and those that are given.
    Verify {
        /// A checkpoint that was kept elsewhere.
        #[arg(long, value_name = "FILE")]
        from: Vec<PathBuf>,
        /// The public key as it was noted elsewhere; the one here if it is left out.
        #[arg(long)]
        key: Option<String>,
        /// Ask SAP for each document that the journal says is there, and for each accounting document there
        /// that bears Carbide's reference.
        #[arg(long)]
        sap: bool,
    },
    /// Print a proof as JSON.
    #[command(subcommand)]
    Prove(Proof),
}

#[derive(Debug, Subcommand)]
enum Proof {
    /// That a row is in the log.
    Inclusion {
        /// Row, from 1.
        row: usize,
    },
    /// That the log of the later size begins with that of the earlier.
    Consistency {
        /// Rows at the earlier head, at least 1.
        earlier: usize,
        /// Rows at the later head.
        later: usize,
    },
}

pub(super) async fn run(arguments: &Audit, context: &Context) -> Result<Exit, CliError> {
    match &arguments.command {
        AuditCommand::Checkpoint => {
            let (mut journal, checkpoints) = log(context)?;
            let note = checkpoints.sign_now(&mut journal)?;
            if context.json {
                print_json(&json!({ "note": note }))?;
            } else {
                print!("{note}");
            }
            return Ok(Exit::Done);
        }
        AuditCommand::Key => {
            let key = log(context)?.1.verifier().map_err(PostError::from)?.to_string();
            if context.json {
                print_json(&json!({ "key": key }))?;
            } else {
                println!("{key}");
            }
            return Ok(Exit::Done);
        }
        AuditCommand::Verify { from, key, sap } => {
            return verify(from, key.as_deref(), *sap, context).await;
        }
        AuditCommand::Head | AuditCommand::Prove(_) => {}
    }
    prove(arguments, context)
}

async fn verify(
    from: &[PathBuf],
    key: Option<&str>,
    sap: bool,
    context: &Context,
) -> Result<Exit, CliError> {
    let key = key.map(VerifierKey::parse).transpose();
    let key = key.map_err(|error| CliError::new(Exit::Usage, format!("--key: {error}")))?;
    let (journal, checkpoints) = log(context)?;
    let (fits, problems) = checkpoints.verify(journal.path(), from, key.as_ref())?;
    let compared = match sap {
        true => Some(Session::open(context)?.books_to_look()?.compare_with_sap().await?),
        false => None,
    };
    if context.json {
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        print_json(&json!({ "checkpoints": fits, "problems": problems, "sap": compared }))?;
    } else {
        println!("  the chain of rows is whole; {fits} checkpoints fit");
        for problem in &problems {
            println!("  {problem}");
        }
        if let Some(found) = &compared {
            println!(
                "  documents of the journal that SAP was asked for: {}; accounting documents in SAP \
                 with Carbide's reference: {}; differences: {}",
                found.asked,
                found.in_sap,
                found.discrepancies.len()
            );
        }
        for found in compared.iter().flat_map(|found| &found.discrepancies) {
            println!("  {found}");
        }
    }
    let differs = compared.is_some_and(|found| !found.discrepancies.is_empty());
    Ok(match (problems.is_empty(), differs) {
        (false, _) => Exit::Store,
        (true, true) => Exit::Person,
        (true, false) => Exit::Done,
    })
}

/// The journal and its checkpoints. Neither needs SAP or its password.
fn log(context: &Context) -> Result<(Journal, Checkpoints), CliError> {
    let config = Config::load(&context.config)?;
    let (sap, post) = (&config.settings.sap, &config.settings.post);
    let path = config.path(&post.directory).join("journal.db");
    if !path.exists() {
        return Err(CliError::new(Exit::No, format!("there is no journal at {}", path.display())));
    }
    let journal = Journal::open(&path, &SystemClock.now()).map_err(PostError::from)?;
    let domain = format!("{}/{}", sap.system, sap.client);
    let checkpoints = Checkpoints::beside(&journal, &domain);
    Ok((journal, checkpoints))
}

fn prove(arguments: &Audit, context: &Context) -> Result<Exit, CliError> {
    let rows = rows(context)?;
    let leaves: Vec<Hash> = rows.iter().map(|row| audit::leaf_hash(&row.encoding)).collect();
    let missing = |asked: usize| {
        let text = format!("the journal has rows 1 to {}, {asked} is none of them", rows.len());
        CliError::new(Exit::No, text)
    };
    match arguments.command {
        AuditCommand::Checkpoint | AuditCommand::Key | AuditCommand::Verify { .. } => {}
        AuditCommand::Head => {
            let root = hex(&audit::root(&leaves));
            if context.json {
                print_json(&json!({ "size": leaves.len(), "root": root }))?;
            } else {
                println!("  {} rows, the chain is whole", leaves.len());
                println!("  root {root}");
            }
        }
        AuditCommand::Prove(Proof::Inclusion { row }) => {
            let index = row.checked_sub(1).ok_or_else(|| missing(row))?;
            let path = audit::inclusion(&leaves, index).ok_or_else(|| missing(row))?;
            print_json(&json!({
                "proof": "inclusion",
                "row": rows[index],
                "size": leaves.len(),
                "root": hex(&audit::root(&leaves)),
                "path": hashes(&path),
            }))?;
        }
        AuditCommand::Prove(Proof::Consistency { earlier, later }) => {
            let leaves = leaves.get(..later).ok_or_else(|| missing(later))?;
            let path = audit::consistency(leaves, earlier).ok_or_else(|| missing(earlier))?;
            print_json(&json!({
                "proof": "consistency",
                "earlier_size": earlier,
                "earlier_root": hex(&audit::root(&leaves[..earlier])),
                "size": later,
                "root": hex(&audit::root(leaves)),
                "path": hashes(&path),
            }))?;
        }
    }
    Ok(Exit::Done)
}

/// Prints each row of the journal as a line of JSON.
pub(super) fn print_rows(context: &Context) -> Result<Exit, CliError> {
    for row in rows(context)? {
        let line = serde_json::to_string(&row)
            .map_err(|error| CliError::new(Exit::Store, format!("row {}: {error}", row.seq)))?;
        println!("{line}");
    }
    Ok(Exit::Done)
}

fn rows(context: &Context) -> Result<Vec<ExportedRow>, CliError> {
    let config = Config::load(&context.config)?;
    let path = config.path(&config.settings.post.directory).join("journal.db");
    journal::export(&path).map_err(|error| CliError::new(Exit::Store, error))
}

fn hashes(path: &[Hash]) -> Vec<String> {
    path.iter().map(|hash| hex(hash)).collect()
}
