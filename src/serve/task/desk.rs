//! The journal on its thread: what is due, what stands, and how far a piece of work is.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;

use super::ended;
use crate::cycle::{self, Books, Installation};
use crate::post::report::Progress;
use crate::post::state::ItemState;
use crate::said;
use crate::said::Said;
use crate::serve::job::Running;
use crate::serve::plant::{JournalView, Plant};
use crate::serve::problem::Problem;
use crate::serve::worker::Bench;

thread_local! {
    /// The journal of the desk, which stays open: it belongs to its thread.
    static OPEN: RefCell<Option<Books>> = const { RefCell::new(None) };
    /// The job that is told how far the poster is.
    static TOLD: RefCell<Option<Running>> = const { RefCell::new(None) };
}

fn tell(step: &Progress) {
    let Some(job) = TOLD.with_borrow(Clone::clone) else { return };
    let said = match step {
        Progress::Prepared { id, items } => {
            said!("post.stage.prepared", "{id}: {items} documents", id = id, items = items)
        }
        Progress::Sending { item, title } => {
            said!("post.stage.sending", "{item}: {title}", item = item, title = title)
        }
        Progress::InDoubt { item, reason } => said!(
            "post.stage.in-doubt",
            "{item}: asking SAP ({reason})",
            item = item,
            reason = reason
        ),
        Progress::Paused { reason } => reason.as_str().into(),
        Progress::NotDeleted { id, reason } => said!(
            "post.stage.not-deleted",
            "{id}: its deletions were not made ({reason})",
            id = id,
            reason = reason
        ),
        Progress::RollingBack { id, reason } => {
            said!("post.stage.back", "{id}: taking back ({reason})", id = id, reason = reason)
        }
        Progress::TakenBack { item, state } => said!(
            "post.stage.taken-back",
            "{item}: {state}",
            item = item,
            state = state_said(*state)
        ),
        _ => return,
    };
    job.at(said, None);
}

fn state_said(state: ItemState) -> Said {
    match state {
        ItemState::CompDone => said!("post.stage.item.back", "taken back"),
        ItemState::Conflict => said!("post.stage.item.left", "left alone, others changed it"),
        ItemState::CompHeld(_) => said!("post.stage.item.held", "a person has to look"),
        ItemState::CompIntent(_) => said!("post.stage.item.going", "being taken back"),
        other => format!("{other:?}").into(),
    }
}

/// Works with the journal on the thread of the desk.
pub(in crate::serve) async fn with_books<T>(
    bench: &Rc<Bench>,
    work: impl AsyncFnOnce(&Installation, &mut Books) -> Result<T, Problem>,
) -> Result<T, Problem> {
    let installation = bench.installation()?;
    let kept = OPEN.with_borrow_mut(Option::take);
    let mut books = match kept {
        Some(books) => books,
        None => {
            let (books, recovered) = installation.books().await?;
            for set in recovered {
                let id = set.change_set_id.as_str();
                tracing::warn!(change_set = id, found = %set.found, now = %set.now, "{}", set.text);
            }
            books.on_progress(|step| tell(&step))
        }
    };
    let result = work(&installation, &mut books).await;
    // After a failure the journal is opened anew: what it holds in memory may be behind.
    if result.is_ok() {
        OPEN.set(Some(books));
    }
    result
}

/// Lets desk and bench open journal and settings anew, after what was given to them before: nobody waits
/// for a plan that is being made.
pub fn reopen(plant: &Plant) {
    plant.desk.order(async |bench| {
        OPEN.set(None);
        bench.close();
    });
    plant.bench.order(async |bench| bench.close());
}

/// Looks at the journal, after what is due was done: windows that are over are confirmed, and what
/// another process left unfinished is finished.
///
/// # Errors
///
/// [`Problem`] if the journal cannot be used.
pub async fn look(plant: &Arc<Plant>) -> Result<(), Problem> {
    let looked = plant
        .desk
        .run(|bench| async move {
            with_books(&bench, async |installation, books| {
                if !books.confirm_due().await?.is_empty() {
                    cycle::settle_ledger(books, &installation.store, Timestamp::now())?;
                }
                seen(books)
            })
            .await
        })
        .await;
    match looked {
        Ok(view) => {
            let unverified = view.change_sets.iter().find_map(|set| {
                let why = set.unverified.as_ref()?;
                Some(format!(
                    "{} is OPEN_UNVERIFIED: SAP cannot be read ({why})",
                    set.change_set_id
                ))
            });
            plant.health().journal = unverified;
            plant.journal_is(view);
            Ok(())
        }
        Err(problem) => {
            plant.health().journal = Some(problem.detail.clone());
            // What stands unfinished is shown and counted, also where it could not be gone on with.
            let as_it_stands = plant
                .desk
                .run(|bench| async move { seen(&mut bench.installation()?.books_to_look()?) });
            if let Ok(view) = as_it_stands.await {
                plant.journal_is(view);
            }
            Err(problem)
        }
    }
}

fn seen(books: &mut Books) -> Result<JournalView, Problem> {
    let (plans, carbon) = cycle::posted(books.change_sets()?);
    let change_sets = books.list()?;
    Ok(JournalView { requests: books.requests()?, change_sets, plans, carbon })
}

/// Does a piece of work that changes SAP: the job is told how far it is, the carbon ledger follows, and
/// what stands afterwards is shown, also after a failure: part of it may be in SAP.
pub(super) async fn at_the_desk<T: Send + 'static>(
    plant: &Arc<Plant>,
    job: &Running,
    kind: &str,
    name: impl FnOnce(&T) -> String,
    work: impl AsyncFnOnce(&Installation, &mut Books) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let began = Instant::now();
    let told = job.clone();
    let worked = plant.desk.run(move |bench| async move {
        TOLD.set(Some(told));
        let done = with_books(&bench, async |installation, books| {
            let done = work(installation, books).await?;
            cycle::settle_ledger(books, &installation.store, Timestamp::now())?;
            Ok(done)
        })
        .await;
        TOLD.set(None);
        done
    });
    let result = worked.await;
    let seen = look(plant).await;
    ended(plant, job, kind, &result, began, |done| Some(name(done)));
    seen.and(result)
}
