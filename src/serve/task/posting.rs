//! Documents are simulated, approved, posted, taken back.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use jiff::Timestamp;

use super::desk::{at_the_desk, look, with_books};
use super::draft::{Accepted, Subject, draft_of, view_for};
use crate::cycle::{self, Books, Installation};
use crate::post::approval::Request;
use crate::post::state::Phase;
use crate::post::{ChangeSetDraft, ChangeSetId, DocumentPreview, Receipt, UndoReport};
use crate::said;
use crate::serve::job::Running;
use crate::serve::person::Role;
use crate::serve::plant::Plant;
use crate::serve::problem::Problem;

/// Every document that a subject would create. Nothing is sent.
///
/// # Errors
///
/// [`Problem`] that says why it could not be posted.
pub async fn simulate(
    plant: &Arc<Plant>,
    subject: Subject,
    by: String,
) -> Result<Vec<DocumentPreview>, Problem> {
    let view = view_for(plant, &subject)?;
    plant
        .desk
        .run(move |bench| async move {
            let installation = bench.installation()?;
            let books = installation.books_to_look()?;
            let why = Some("dry run".to_owned());
            let accepted = Accepted { incomplete: why.clone(), improbable: why };
            let view = view.as_deref();
            let draft = draft_of(&installation, view, &subject, &books, &by, &accepted)?;
            Ok(books.dry_run(&draft)?)
        })
        .await
}

/// Keeps a subject until somebody else approves it.
///
/// # Errors
///
/// [`Problem`] that says why it could not be posted.
pub async fn ask(
    plant: &Arc<Plant>,
    subject: Subject,
    by: String,
    accepted: Accepted,
) -> Result<Request, Problem> {
    let view = view_for(plant, &subject)?;
    let asked = plant
        .desk
        .run(move |bench| async move {
            with_books(&bench, async |installation, books| {
                let view = view.as_deref();
                let draft = draft_of(installation, view, &subject, books, &by, &accepted)?;
                Ok(books.ask_for_approval(draft)?)
            })
            .await
        })
        .await?;
    look(plant).await?;
    Ok(asked)
}

/// The role that may approve, post or take back a draft.
pub fn role_of(draft: &ChangeSetDraft) -> Role {
    if cycle::is_carbon(draft) { Role::Finance } else { Role::Planner }
}

/// Approves a request whose content has this hash.
///
/// # Errors
///
/// [`Problem`] if the content is another, or `who` may not.
pub async fn approve(
    plant: &Arc<Plant>,
    name: String,
    hash: String,
    who: String,
) -> Result<Request, Problem> {
    let approved = plant
        .desk
        .run(move |bench| async move {
            with_books(&bench, async |_, books| {
                let known = books.requests()?.into_iter().find(|request| request.name == name);
                let known = known.ok_or_else(|| {
                    Problem::not_found(said!(
                        "request.unknown",
                        "there is no request {name}",
                        name = name
                    ))
                })?;
                if known.hash != hash {
                    return Err(Problem::stale(said!(
                        "request.stale",
                        "{name} is not what the page showed; load it again. Nothing was approved",
                        name = name
                    )));
                }
                Ok(books.approve(&name, &who)?)
            })
            .await
        })
        .await?;
    look(plant).await?;
    Ok(approved)
}

fn still_fits(installation: &Installation, books: &mut Books, name: &str) -> Result<(), Problem> {
    let requests = books.requests()?;
    match requests.iter().find(|request| request.name == name) {
        Some(request) => Ok(installation.approved_still_fits(&request.draft, Timestamp::now())?),
        None => Ok(()),
    }
}

/// Posts a subject, or a request that was approved.
#[derive(Clone, Debug)]
pub enum What {
    /// At once; refused where a second person is needed.
    Subject(Subject, Accepted),
    /// What was asked for and approved.
    Request(String),
}

/// Posts.
///
/// # Errors
///
/// [`Problem`] that says what is in SAP and what is not.
#[tracing::instrument(name = "cycle.post", skip_all, fields(by))]
pub async fn post(
    plant: &Arc<Plant>,
    what: What,
    by: String,
    job: Running,
) -> Result<Receipt, Problem> {
    let view = match &what {
        What::Subject(subject, _) => view_for(plant, subject),
        What::Request(_) => Ok(None),
    };
    let (shared, number) = (Arc::clone(plant), job.id);
    let name = |receipt: &Receipt| receipt.change_set_id.to_string();
    at_the_desk(plant, &job, "post", name, async move |installation, books| {
        let view = view?;
        let stop = books.stop_flag();
        stop.store(false, Ordering::SeqCst);
        shared.sending_is(Some((number, Arc::clone(&stop))));
        let sent = match &what {
            What::Request(name) => match still_fits(installation, books, name) {
                Ok(()) => books.apply_approved(name).await.map_err(Problem::from),
                Err(problem) => Err(problem),
            },
            What::Subject(subject, accepted) => {
                match draft_of(installation, view.as_deref(), subject, books, &by, accepted) {
                    Ok(draft) => books.apply(draft).await.map_err(Problem::from),
                    Err(problem) => Err(problem),
                }
            }
        };
        shared.sending_is(None);
        // The stop was for this; what waits for a window is sent all the same.
        stop.store(false, Ordering::SeqCst);
        sent
    })
    .await
}

/// Takes a change set back.
///
/// # Errors
///
/// [`Problem`] if its window is over, or the page that asks is stale.
#[tracing::instrument(name = "cycle.undo", skip_all, fields(change_set = %id))]
pub async fn undo(
    plant: &Arc<Plant>,
    id: ChangeSetId,
    who: String,
    job: Running,
) -> Result<UndoReport, Problem> {
    let name = |report: &UndoReport| report.change_set_id.to_string();
    at_the_desk(plant, &job, "undo", name, async move |_, books| {
        let phase = books.change_set(&id)?.state.phase;
        if phase != Phase::Open {
            return Err(Problem::stale(said!(
                "change-set.decided",
                "{id} is {phase} by now: somebody else decided, or its window has closed",
                id = id,
                phase = phase
            )));
        }
        Ok(books.undo(Some(&id), &who).await?)
    })
    .await
}

/// A change set and how it stands.
pub struct Standing {
    /// Its documents.
    pub report: UndoReport,
    /// What was asked for.
    pub draft: ChangeSetDraft,
    /// The change set that its waiting deletions became, sent or refused.
    pub deletions: Option<ChangeSetId>,
}

/// A change set with its documents and how they stand.
///
/// # Errors
///
/// [`Problem`] if there is none of that name.
pub async fn change_set(plant: &Arc<Plant>, id: ChangeSetId) -> Result<Standing, Problem> {
    plant
        .desk
        .run(move |bench| async move {
            with_books(&bench, async |_, books| {
                let set = books.change_set(&id)?;
                let draft = set.draft.clone();
                let draft = draft.ok_or_else(|| {
                    Problem::not_found(said!("change-set.empty", "{id} has no content", id = id))
                })?;
                let report = set.undo_report();
                let deletions = books.deletions_of(&id)?;
                Ok(Standing { report, draft, deletions })
            })
            .await
        })
        .await
}

/// Whether a phase needs somebody to look at it every second.
pub fn is_moving(phase: Phase) -> bool {
    !phase.is_final() && phase != Phase::Held
}
