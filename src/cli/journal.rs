//! `carbide journal`: what was to be sent, and what became of it.

use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use serde_json::json;

use super::audit::print_rows;
use super::connect::{Session, requester};
use super::exit::print_json;
use super::undo::print_trouble;
use super::{CliError, Context, Exit};
use crate::clock::{Clock, SystemClock};
use crate::cycle;
use crate::post::state::Decision;
use crate::post::{ChangeSetId, PostError, Summary};
use crate::present::table::{Align, Table};

/// Look into the journal.
#[derive(Debug, Args)]
pub struct Journal {
    #[command(subcommand)]
    command: JournalCommand,
}

#[derive(Debug, Subcommand)]
enum JournalCommand {
    #[command(flatten)]
    Books(BooksCommand),
    /// Print every row as a line of JSON, with its hash and that of the row before.
    Export,
}

/// What looks at change sets, and so needs the settings of their system.
#[derive(Debug, Subcommand)]
enum BooksCommand {
    /// List change sets.
    Ls,
    /// Show one change set with its rows.
    Show {
        /// Change set, as CS-3.
        change_set: String,
    },
    /// Check the chain of rows on the disk.
    Verify,
    /// Finish what an earlier process left: ask SAP, take back, confirm.
    Recover,
    /// Go on with this journal although SAP knows postings that it does not (JRN-BEHIND).
    ///
    /// Only if the newest copy of the journal is lost. What SAP has beyond this one can then be taken back
    /// in SAP only; `carbide audit verify --sap` names it.
    AcceptSap {
        /// Why; it is kept in the journal.
        #[arg(long)]
        why: String,
    },
    /// Decide about a change set on hold.
    Decide {
        /// Change set, as CS-3.
        change_set: String,
        /// What is to be done.
        decision: Choice,
        /// Why; it is kept in the journal.
        #[arg(long)]
        why: String,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Choice {
    /// Take it back.
    RollBack,
    /// Let it stand.
    Accept,
}

pub(super) async fn run(arguments: Journal, context: &Context) -> Result<Exit, CliError> {
    let command = match arguments.command {
        JournalCommand::Books(command) => command,
        JournalCommand::Export => return print_rows(context),
    };
    let session = Session::open(context)?;
    match command {
        BooksCommand::Ls => list(&session, context),
        BooksCommand::Show { change_set } => {
            show(&session, &ChangeSetId::typed(&change_set), context)
        }
        BooksCommand::AcceptSap { why } => accept_sap(&session, &why, context).await,
        BooksCommand::Verify => verify(&session, context),
        BooksCommand::Recover => recover(&session, context).await,
        BooksCommand::Decide { change_set, decision, why } => {
            let decision = match decision {
                Choice::RollBack => Decision::RollBack,
                Choice::Accept => Decision::Accept,
            };
            decide(&session, &ChangeSetId::typed(&change_set), decision, &why).await
        }
    }
}

fn list(session: &Session, context: &Context) -> Result<Exit, CliError> {
    let (journal, now) = (session.journal()?, SystemClock.now());
    let sets: Vec<Summary> = journal.change_sets().iter().map(|set| set.summary_at(&now)).collect();
    if context.json {
        print_json(&json!({ "change_sets": sets }))?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&[
        ("change set", Align::Left),
        ("phase", Align::Left),
        ("documents", Align::Right),
        ("purpose", Align::Left),
        ("begun", Align::Left),
        ("window ends", Align::Left),
    ]);
    for set in sets {
        table.row([
            set.change_set_id.to_string(),
            set.standing.to_owned(),
            set.documents.to_string(),
            set.purpose,
            set.begun.to_string(),
            set.ends.map_or_else(String::new, |at| at.to_string()),
        ]);
    }
    print!("{table}");
    Ok(Exit::Done)
}

fn show(session: &Session, id: &ChangeSetId, context: &Context) -> Result<Exit, CliError> {
    let journal = session.journal()?;
    let set = journal.change_set(id).ok_or_else(|| PostError::Unknown { id: id.clone() })?;
    let rows = journal.rows(id).map_err(PostError::from)?;
    if context.json {
        let items = set.item_reports();
        print_json(&json!({ "summary": set.summary(), "items": items, "rows": rows }))?;
        return Ok(Exit::Done);
    }
    println!("{} is {}", set.id, set.state.phase);
    for item in set.item_reports() {
        let number = item.number.as_ref().map_or_else(String::new, ToString::to_string);
        println!("  {:>3}  {number:<24} {:?}  {}", item.item, item.state, item.title);
    }
    if let Some(reason) = &set.reason {
        println!("  because {reason}");
    }
    for title in set.titles_at_confirm() {
        println!("  once its window has closed: {title}");
    }
    print_trouble(&set.id, &set.item_reports());
    for row in rows {
        println!("  {:>5}  {}  {}", row.seq, row.at.wall, row.kind);
    }
    Ok(Exit::Done)
}

fn verify(session: &Session, context: &Context) -> Result<Exit, CliError> {
    let found = session.journal()?.verify(&SystemClock.now()).map_err(PostError::from)?;
    if context.json {
        print_json(&found)?;
    } else {
        println!("  {} rows, {} change sets", found.rows, found.change_sets);
        println!("  last hash {}", found.last_hash);
        println!("  {}", found.damage.as_deref().unwrap_or("the chain is whole"));
    }
    Ok(if found.damage.is_none() { Exit::Done } else { Exit::Store })
}

async fn recover(session: &Session, context: &Context) -> Result<Exit, CliError> {
    let mut books = session.books_to_decide()?;
    let recovered = books.recover().await?;
    cycle::settle_ledger(&mut books, &session.store, Timestamp::now())?;
    if context.json {
        print_json(&json!({ "recovered": recovered }))?;
    } else if recovered.is_empty() {
        println!("  nothing was left unfinished");
    }
    for set in recovered.iter().filter(|_| !context.json) {
        println!("  {}: {} -> {}: {}", set.change_set_id, set.found, set.now, set.text);
    }
    Ok(Exit::Done)
}

async fn accept_sap(session: &Session, why: &str, context: &Context) -> Result<Exit, CliError> {
    let newest = session.books_to_decide()?.accept_sap(&requester(), why).await?;
    if context.json {
        print_json(&json!({ "accepted": newest }))?;
    } else {
        println!("  accepted: {newest}; the next posting follows it");
    }
    Ok(Exit::Done)
}

async fn decide(
    session: &Session,
    id: &ChangeSetId,
    decision: Decision,
    why: &str,
) -> Result<Exit, CliError> {
    let mut books = session.books_to_decide()?;
    let phase = books.decide(id, decision, &requester(), why).await?;
    cycle::settle_ledger(&mut books, &session.store, Timestamp::now())?;
    println!("{id} is {phase}");
    Ok(Exit::Done)
}
