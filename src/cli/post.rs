//! `carbide post`: a plan to SAP PP, a month's emissions to SAP FI.

use std::collections::VecDeque;

use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::connect::{Session, month, person, requester};
use super::exit::print_json;
use super::footprint::restated;
use super::{CliError, Context, Exit};
use crate::cycle::{self, Books, PlanRecord};
use crate::period::{PostingPeriod, ShiftCalendar};
use crate::post::report::Progress;
use crate::post::state::Phase;
use crate::post::{ChangeSetDraft, DocumentPreview, Receipt};
use crate::present::table::{Align, Table};
use crate::store::Kind;

/// Post a plan to SAP PP and the emissions of a month to SAP FI.
///
/// Without a choice both are posted: the last plan, then the last month that is metered whole. Each
/// is a change set of its own with its own two minutes in which `carbide undo` takes it back.
#[derive(Debug, Args)]
pub struct Post {
    /// Post a plan: its id, or `latest`.
    #[arg(long, value_name = "PLAN", num_args = 0..=1, default_missing_value = "latest")]
    plan: Option<String>,

    /// Post the emissions of a month, as 2018-09, or `latest`.
    #[arg(long, value_name = "MONTH", num_args = 0..=1, default_missing_value = "latest")]
    carbon: Option<String>,

    /// Post what today's factors make of a month that was posted, as 2018-09: the difference, as a
    /// document of its own. `carbide footprint restate` shows it.
    #[arg(long, value_name = "MONTH", value_parser = month)]
    correction: Option<PostingPeriod>,

    /// Period into which the correction is posted; the first from its month on that is open in the
    /// carbon ledger if it is not given.
    #[arg(long, value_name = "MONTH", value_parser = month, requires = "correction")]
    into: Option<PostingPeriod>,

    /// List every document that would be created, and send nothing.
    #[arg(long)]
    dry_run: bool,

    /// Ask for it and post nothing: somebody else approves it with `carbide approve`.
    #[arg(long, conflicts_with_all = ["dry_run", "approved"])]
    request: bool,

    /// Post what was approved: its request, as R-1.
    #[arg(long, value_name = "REQUEST", conflicts_with_all = ["plan", "carbon", "correction", "dry_run"])]
    approved: Option<String>,

    /// Post although rows of SAP or the meters were left out, and why that is right; it is kept in the
    /// journal.
    #[arg(long, value_name = "WHY")]
    accept_incomplete: Option<String>,

    /// Post a plan that is less likely to hold than plan.simulation.on_time_probability_min, and why that
    /// is right; it is kept in the journal.
    #[arg(long = "override", value_name = "WHY")]
    improbable: Option<String>,

    /// Return at once instead of staying until the windows close.
    #[arg(long)]
    no_wait: bool,
}

pub(super) async fn run(arguments: Post, context: &Context) -> Result<Exit, CliError> {
    let session = Session::open(context)?;
    if let Some(name) = &arguments.approved {
        let name = name.trim().to_ascii_uppercase();
        let mut books = with_progress(session.books().await?, context);
        stop_on_ctrl_c(&books);
        if let Some(request) = books.requests()?.iter().find(|request| request.name == name) {
            session.approved_still_fits(&request.draft, Timestamp::now())?;
        }
        let receipt = books.apply_approved(&name).await?;
        if !context.json {
            print_receipt(&receipt);
        }
        return posted(vec![receipt], books, &session, arguments.no_wait, context).await;
    }
    let chosen =
        arguments.plan.is_some() || arguments.carbon.is_some() || arguments.correction.is_some();
    let both = !chosen;
    let mut books =
        if arguments.dry_run { session.books_to_look()? } else { session.books().await? };
    let mut drafts = Vec::new();
    let mut behind = Vec::new();
    if both || arguments.plan.is_some() {
        let id = arguments.plan.as_deref().unwrap_or("latest");
        let (key, record) = plan_record(&session, id)?;
        behind.push(session.facts_of_plan(&record, Timestamp::now())?);
        let mut draft = draft_of(&session, &key, &record)?;
        let why = arguments.improbable.as_deref();
        let why = if arguments.dry_run { Some(why.unwrap_or("dry run")) } else { why };
        cycle::accept_improbable(&record, &session.config, why, &mut draft)?;
        drafts.push(draft);
    }
    if both || arguments.carbon.is_some() {
        let period = match arguments.carbon.as_deref().unwrap_or("latest") {
            "latest" => None,
            text => Some(month(text).map_err(|error| CliError::new(Exit::Usage, error))?),
        };
        let (facts_key, facts) = session.facts(false, context).await?;
        let judged = session.judge(&facts, period)?;
        let run = cycle::posting_run(&judged, &session.config, &facts_key)?;
        drafts.push(session.carbon_draft(&run, &books, &requester())?);
        behind.push(facts);
    }
    if let Some(month) = arguments.correction {
        let restated = restated(&session, books.change_sets()?, month, arguments.into)?;
        let Some(run) = &restated.correction else {
            let text = format!("{month}: today's factors give what was posted; nothing was posted");
            return Err(CliError::new(Exit::No, text));
        };
        drafts.push(session.carbon_draft(run, &books, &requester())?);
        behind.push(restated.facts);
    }
    if arguments.dry_run {
        return preview(&books, &drafts, session.config.settings.post.documents_max, context);
    }
    cycle::accept_incomplete(&behind, arguments.accept_incomplete.as_deref(), &mut drafts)?;
    if arguments.request {
        return ask(&mut books, drafts, &session, context);
    }
    stop_on_ctrl_c(&books);
    let mut receipts = Vec::new();
    for draft in drafts {
        books = with_progress(books, context);
        let receipt = books.apply(draft).await?;
        cycle::settle_ledger(&mut books, &session.store, Timestamp::now())?;
        // At once: the next one may fail.
        if !context.json {
            print_receipt(&receipt);
        }
        receipts.push(receipt);
    }
    posted(receipts, books, &session, arguments.no_wait, context).await
}

/// Keeps what is to be posted until somebody else approves it.
fn ask(
    books: &mut Books,
    drafts: Vec<ChangeSetDraft>,
    session: &Session,
    context: &Context,
) -> Result<Exit, CliError> {
    let mut requests = Vec::new();
    for mut draft in drafts {
        draft.requested_by = person(&session.config);
        requests.push(books.ask_for_approval(draft)?);
    }
    if context.json {
        print_json(&json!({ "requested": requests }))?;
        return Ok(Exit::Done);
    }
    for request in &requests {
        println!(
            "{}: {} documents wait for somebody other than {}: carbide approve {}",
            request.name,
            request.draft.documents.len(),
            request.draft.requested_by,
            request.name
        );
    }
    Ok(Exit::Done)
}

/// Stays until the windows of what was posted close.
async fn posted(
    receipts: Vec<Receipt>,
    mut books: Books,
    session: &Session,
    no_wait: bool,
    context: &Context,
) -> Result<Exit, CliError> {
    cycle::settle_ledger(&mut books, &session.store, Timestamp::now())?;
    if context.json {
        print_json(&json!({ "posted": receipts }))?;
    }
    if !no_wait {
        let mut waiting = VecDeque::from(receipts);
        while let Some(receipt) = waiting.pop_front() {
            let stage = context.progress.stage(&format!(
                "{} can be taken back until {}: carbide undo {}",
                receipt.change_set_id, receipt.ends, receipt.change_set_id
            ));
            let id = &receipt.change_set_id;
            let phase = books.wait_for_window(id).await?;
            drop(stage);
            match phase {
                Phase::Open if !context.json => println!(
                    "{id} stays OPEN: carbide undo {id} takes it back until {}. The next command that posts, \
                     or `carbide journal recover`, closes it",
                    receipt.ends
                ),
                phase if !context.json => println!("{id} is {phase}"),
                _ => {}
            }
            if phase == Phase::Confirmed && !receipt.at_confirm.is_empty() {
                waiting.extend(deletions(&mut books, &receipt, context)?);
            }
        }
    }
    Ok(Exit::Done)
}

/// What became of the deletions that waited for the window of `first`.
fn deletions(
    books: &mut Books,
    first: &Receipt,
    context: &Context,
) -> Result<Option<Receipt>, CliError> {
    let id = &first.change_set_id;
    let Some(later) = books.deletions_of(id)? else {
        if !context.json {
            println!(
                "{} deletions wait: the next command that posts, or `carbide journal recover`, sends them",
                first.at_confirm.len()
            );
        }
        return Ok(None);
    };
    let receipt = books.receipt_of(&later)?;
    match &receipt {
        Some(receipt) if context.json => print_json(&json!({ "posted": [receipt] }))?,
        Some(receipt) => print_receipt(receipt),
        None if context.json => {}
        None => {
            let of = books.change_set(&later)?.summary();
            let why = of.reason.map(|reason| format!(": {reason}")).unwrap_or_default();
            println!("{later}, the deletions that waited for {id}, is {}{why}", of.phase);
        }
    }
    Ok(receipt)
}

/// Ctrl-C lets the document on its way arrive, sends nothing more, and takes back what was sent.
pub(super) fn stop_on_ctrl_c(books: &Books) {
    let stop = books.stop_flag();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            eprintln!(
                "Stopping: a change set that is being sent is taken back. A window that is open goes on \
                 without this command: `carbide undo` takes it back"
            );
            stop.store(true, std::sync::atomic::Ordering::SeqCst);
        }
    });
}

fn with_progress(books: Books, context: &Context) -> Books {
    let stage = context.progress.stage("Posting");
    books.on_progress(move |progress| match progress {
        Progress::Sending { item, title } => stage.at(&format!("{item}: {title}")),
        Progress::InDoubt { item, reason } => stage.at(&format!("{item}: asking SAP ({reason})")),
        Progress::Paused { reason } => stage.at(&reason),
        Progress::NotDeleted { id, reason } => {
            stage.at(&format!("{id}: its deletions were not made ({reason})"));
        }
        Progress::RollingBack { id, reason } => stage.at(&format!("{id}: taking back ({reason})")),
        Progress::Touched { id, item, what } => {
            stage.at(&format!("{id}, item {item}, was changed by others: {what}"));
        }
        Progress::Unverified { id, reason } => {
            stage.at(&format!("{id} is OPEN_UNVERIFIED: SAP cannot be read ({reason})"));
        }
        _ => {}
    })
}

fn plan_record(session: &Session, id: &str) -> Result<(String, PlanRecord), CliError> {
    let found: Option<(String, _, PlanRecord)> = match id {
        "latest" => session.store.latest(Kind::Plan)?,
        key => Some(session.store.get(Kind::Plan, key)?),
    };
    let found = found.map(|(key, _, record)| (key, record));
    found.ok_or_else(|| {
        CliError::new(Exit::No, "there is no plan yet: run carbide plan; nothing was posted")
    })
}

fn draft_of(session: &Session, key: &str, record: &PlanRecord) -> Result<ChangeSetDraft, CliError> {
    let shifts = ShiftCalendar::three_shifts(session.config.zone.clone());
    let now = Timestamp::now();
    Ok(cycle::plan_draft(record, key, &shifts, &session.config, &requester(), now)?)
}

fn preview(
    books: &Books,
    drafts: &[ChangeSetDraft],
    most: usize,
    context: &Context,
) -> Result<Exit, CliError> {
    let mut documents: Vec<DocumentPreview> = Vec::new();
    for draft in drafts {
        documents.extend(books.dry_run(draft)?);
    }
    if context.json {
        print_json(&json!({ "dry_run": true, "documents": documents, "documents_max": most }))?;
    } else {
        for document in &documents {
            println!("  {:>3}  {}  [{}]", document.item, document.title, document.key);
        }
        println!(
            "  {} documents would be created, a change set may have {most} (post.documents_max); nothing \
             was sent",
            documents.len()
        );
    }
    Ok(Exit::Done)
}

pub(super) fn print_receipt(receipt: &Receipt) {
    println!("{}: {}", receipt.change_set_id, receipt.purpose);
    let mut table = Table::new(&[
        ("item", Align::Right),
        ("SAP number", Align::Left),
        ("document", Align::Left),
    ]);
    for item in &receipt.items {
        let number = item.number.as_ref().map_or_else(|| "?".to_owned(), ToString::to_string);
        table.row([item.item.to_string(), number, item.title.clone()]);
    }
    print!("{table}");
    println!("  can be taken back until {}: carbide undo {}", receipt.ends, receipt.change_set_id);
    for title in &receipt.at_confirm {
        println!("  then, unless it is taken back: {title}");
    }
}

/// The SAP numbers of a receipt.
pub(super) fn numbers(receipt: &Receipt) -> Vec<Value> {
    receipt.items.iter().map(|item| json!(item.number.as_ref().map(ToString::to_string))).collect()
}
