//! `carbide undo`: the way back.

use clap::Args;
use jiff::Timestamp;
use serde_json::json;

use super::connect::{Session, requester};
use super::exit::print_json;
use super::{CliError, Context, Exit};
use crate::cycle::{self, Books};
use crate::post::report::{ItemReport, UndoReport};
use crate::post::state::{ItemState, Phase};
use crate::post::{ChangeSetId, PostError};
use crate::present::table::{Align, Table};

/// Take back what was posted, while its window is open.
///
/// Planned orders are deleted if they are still as we left them, an FI document is reversed by a
/// second one. What somebody else has changed meanwhile is reported and left alone. Without an id
/// every change set whose window is open is taken back, the last one first.
#[derive(Debug, Args)]
pub struct Undo {
    /// Change set, as CS-3.
    change_set: Option<String>,

    /// Show what would be taken back, and do nothing.
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(arguments: Undo, context: &Context) -> Result<Exit, CliError> {
    let session = Session::open(context)?;
    let mut books =
        if arguments.dry_run { session.books_to_look()? } else { session.books().await? };
    let named = arguments.change_set.as_deref().map(|text| books.named(text)).transpose()?;
    let wanted: Vec<ChangeSetId> = match named {
        Some(id) => vec![id],
        None => {
            let open = books.list()?.into_iter().filter(|set| set.phase == Phase::Open);
            open.map(|set| set.change_set_id).rev().collect()
        }
    };
    if wanted.is_empty() {
        return Err(nothing_open(&mut books).await?);
    }
    if arguments.dry_run {
        for id in &wanted {
            let (set, _) = books.show(id)?;
            println!(
                "{id}: {} documents would be taken back, the last one first:",
                set.items.len()
            );
            for item in set.item_reports().iter().rev() {
                let number = item.number.as_ref().map_or_else(String::new, ToString::to_string);
                println!("  {:>3}  {number}  {}", item.item, item.title);
            }
        }
        return Ok(Exit::Done);
    }
    let mut reports = Vec::new();
    for id in &wanted {
        let stage = context.progress.stage(&format!("Taking back {id}"));
        let report = books.undo(Some(id), &requester()).await?;
        cycle::settle_ledger(&mut books, &session.store, Timestamp::now())?;
        drop(stage);
        if !context.json {
            print_report(&report);
        }
        reports.push(report);
    }
    if context.json {
        print_json(&json!({ "undone": reports }))?;
    }
    let clean = reports.iter().all(|report| report.phase == Phase::RolledBack);
    Ok(if clean { Exit::Done } else { Exit::Person })
}

/// Why nothing can be taken back without a name. A set on hold waits for a person's decision, which
/// a bare `undo` is not; the last one that stands says since when, and what remains possible.
async fn nothing_open(books: &mut Books) -> Result<CliError, CliError> {
    let sets = books.list()?;
    let last = |phase: Phase| {
        let set = sets.iter().rev().find(|set| set.phase == phase);
        set.map(|set| set.change_set_id.clone())
    };
    if let Some(held) = last(Phase::Held) {
        let text = format!(
            "{held} is on hold and waits for a decision; nothing was changed. Look at it with \
             `carbide journal show {held}`, then `carbide journal decide {held} roll-back` or \
             `accept`, with --why"
        );
        return Ok(CliError::new(Exit::Person, text));
    }
    let Some(confirmed) = last(Phase::Confirmed) else {
        return Ok(PostError::NothingToUndo.into());
    };
    Ok(match books.undo(Some(&confirmed), &requester()).await {
        Err(error) => error.into(),
        Ok(_) => PostError::NothingToUndo.into(),
    })
}

pub(super) fn print_report(report: &UndoReport) {
    println!("{} is {report}", report.change_set_id);
    let mut table = Table::new(&[
        ("item", Align::Right),
        ("SAP number", Align::Left),
        ("now", Align::Left),
        ("reversed by", Align::Left),
    ]);
    for item in &report.items {
        table.row([
            item.item.to_string(),
            item.number.as_ref().map_or_else(String::new, ToString::to_string),
            format!("{:?}", item.state),
            item.reversal.as_ref().map_or_else(String::new, |number| number.padded()),
        ]);
    }
    print!("{table}");
    print_trouble(&report.change_set_id, &report.items);
}

/// What was said about each document; of a conflict which fields, and when; and what a person can
/// do. SAP's interface for planned orders names no person: MD12 shows who.
pub(super) fn print_trouble(id: &ChangeSetId, items: &[ItemReport]) {
    for item in items {
        let at = item.item;
        if let Some(message) = &item.message {
            println!("  item {at}: {message}");
        }
        let Some(conflict) = &item.conflict else { continue };
        let when = conflict.when.map_or_else(String::new, |when| format!(", at {when}"));
        println!("  item {at}: {}{when}; it was left alone", conflict.what);
        for field in &conflict.fields {
            let before = field.before.as_deref().unwrap_or("no such document");
            println!(
                "    {:<20} before us: {before}; we posted: {}; now: {}",
                field.field, field.ours, field.now
            );
        }
    }
    let conflicts = items.iter().any(|item| item.state == ItemState::Conflict);
    let is_held =
        |item: &ItemReport| matches!(item.state, ItemState::Held(_) | ItemState::CompHeld(_));
    if conflicts {
        println!(
            "  Left alone is as others want it. To have it otherwise, change or delete it in SAP \
             (transaction MD12; FB08 for an FI document), or make a new plan"
        );
    }
    if items.iter().any(is_held) {
        println!(
            "  On hold: look at it in SAP, then `carbide journal decide {id} roll-back --why ...` \
             tries again to take it back, and `accept` lets it stand"
        );
    }
}
