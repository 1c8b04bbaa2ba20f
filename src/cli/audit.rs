//! `carbide audit`: the head of the audit log, and proofs for a third party.

use clap::{Args, Subcommand};
use serde_json::json;

use super::exit::print_json;
use super::{CliError, Context, Exit};
use crate::audit::{self, Hash};
use crate::config::Config;
use crate::post::journal::{self, ExportedRow};
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

pub(super) fn run(arguments: &Audit, context: &Context) -> Result<Exit, CliError> {
    let rows = rows(context)?;
    let leaves: Vec<Hash> = rows.iter().map(|row| audit::leaf_hash(&row.encoding)).collect();
    let missing = |asked: usize| {
        let text = format!("the journal has rows 1 to {}, {asked} is none of them", rows.len());
        CliError::new(Exit::No, text)
    };
    match arguments.command {
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
