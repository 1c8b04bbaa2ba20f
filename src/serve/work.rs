//! The work itself: read, plan, post, take back. Each piece runs on its thread and tells how far it
//! is.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use utoipa::ToSchema;

use super::job::{JobKind, Running};
use super::person::Role;
use super::plant::{JournalView, Plant};
use super::problem::Problem;
use super::view::View;
use super::worker::Bench;
use crate::cycle::{self, Books, FootprintSnapshot, Installation, PlanRecord};
use crate::period::{NoMonth, PostingPeriod, ShiftCalendar};
use crate::plan::Limit;
use crate::post::approval::Request;
use crate::post::report::Progress;
use crate::post::state::Phase;
use crate::post::{ChangeSetDraft, ChangeSetId, DocumentPreview, Receipt, UndoReport};
use crate::store::Kind;

/// Plans that are made for a front.
const FRONT_SEARCHES: usize = 11;

/// What is to be posted.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Subject {
    /// A plan, by its key.
    Plan(String),
    /// The emissions of a month, as `2018-09`.
    Month(String),
}

impl Subject {
    /// The role that may post it.
    pub fn role(&self) -> Role {
        match self {
            Self::Plan(_) => Role::Planner,
            Self::Month(_) => Role::Finance,
        }
    }
}

/// How a plan is to be made, where it differs from the settings.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PlanWish {
    /// Wall seconds of the search, 1 to 3600.
    pub seconds: Option<f64>,
    /// Weights of carbon, cost and punctuality. They are not negative and sum to one.
    pub weights: Option<[f64; 3]>,
    /// Most that the plan may emit over the horizon, in kgCO2e.
    pub carbon_cap_kg: Option<f64>,
    /// Whether other choices between carbon, cost and punctuality are looked for too; that takes the
    /// seconds of the search once more.
    pub front: bool,
    /// Whether it is made again from the plan that runs, posted or approved: what begins soon stays, and
    /// few orders change.
    pub replan: bool,
}

impl PlanWish {
    /// # Errors
    ///
    /// [`Problem`] that says which number makes no sense.
    pub fn check(&self) -> Result<(), Problem> {
        if let Some(seconds) = self.seconds
            && !(1.0..=3600.0).contains(&seconds)
        {
            return Err(Problem::invalid(format!("seconds {seconds} is not between 1 and 3600")));
        }
        if let Some(cap) = self.carbon_cap_kg
            && !(cap.is_finite() && cap > 0.0)
        {
            return Err(Problem::invalid(format!("carbon_cap_kg {cap} is not above 0")));
        }
        let Some(weights) = self.weights else { return Ok(()) };
        let sum: f64 = weights.iter().sum();
        let each = weights.iter().all(|weight| (0.0..=1.0).contains(weight));
        if !each || (sum - 1.0).abs() > 1e-6 {
            return Err(Problem::invalid(format!(
                "weights {weights:?} of carbon, cost and punctuality have to be between 0 and 1 and sum \
                 to 1; they sum to {sum}. No plan was begun"
            )));
        }
        Ok(())
    }
}

/// Reads SAP and the meters, and shows what they say.
///
/// # Errors
///
/// [`Problem`]; what was shown before stays.
#[tracing::instrument(name = "cycle.collect", skip_all, fields(by, facts))]
pub async fn collect(plant: &Arc<Plant>, by: &str) -> Result<String, Problem> {
    let job = plant.jobs.ask(JobKind::Collect, by);
    let (shared, told) = (Arc::clone(plant), job.clone());
    let read = plant.bench.run(move |bench| async move {
        let installation = bench.installation()?;
        told.at("Reading SAP and meters", None);
        let say = {
            let told = told.clone();
            Arc::new(move |text: String| told.at(&text, None))
        };
        let (key, facts, report) = installation.read(None, say).await?;
        for alarm in &report.alarms {
            tracing::warn!(alarm, "reading SAP");
        }
        told.at("Calculating footprints", None);
        let view = View::of(key.clone(), facts, &installation)?;
        // What is new is opened, what nobody decided in time expires.
        installation.store.track(
            &view.judged.findings,
            &installation.config.rules,
            Timestamp::now(),
        )?;
        shared.show(view);
        Ok(key)
    });
    let began = Instant::now();
    let result = read.await;
    {
        let mut health = plant.health();
        match &result {
            Ok(_) => (health.collect, health.collected) = (None, Some(Timestamp::now())),
            Err(problem) => health.collect = Some((Timestamp::now(), problem.detail.clone())),
        }
    }
    if let Ok(key) = &result {
        tracing::Span::current().record("facts", key.as_str());
    }
    ended(plant, &job, "collect", &result, began, |key| Some(key.clone()));
    result
}

/// Shows the last facts that were kept; `false` if there are none.
///
/// # Errors
///
/// [`Problem`] if they cannot be judged by the settings as they are now.
pub async fn show_last(plant: &Arc<Plant>) -> Result<bool, Problem> {
    let shared = Arc::clone(plant);
    plant
        .bench
        .run(move |bench| async move {
            let installation = bench.installation()?;
            let Some((key, facts)) = installation.last_facts()? else { return Ok(false) };
            let read_at = facts.read_at;
            shared.show(View::of(key, facts, &installation)?);
            shared.health().collected = Some(read_at);
            Ok(true)
        })
        .await
}

/// Keeps the footprints that are shown, unless that was done within `every`.
///
/// # Errors
///
/// [`Problem`] while there are no facts, or if the store cannot be written.
pub async fn keep_footprints(plant: &Arc<Plant>, every: SignedDuration) -> Result<(), Problem> {
    let view = plant.view()?;
    let kept = plant.bench.run(async move |bench| {
        let (store, now) = (&bench.installation()?.store, Timestamp::now());
        let last = store.latest::<serde::de::IgnoredAny>(Kind::Footprints)?;
        if last.is_some_and(|(_, at, _)| now.duration_since(at) < every) {
            return Ok(());
        }
        let snapshot = FootprintSnapshot::of(&view.judged, &view.products, &view.facts_key, now);
        store.keep(Kind::Footprints, now, &snapshot)?;
        Ok(())
    });
    kept.await
}

/// Makes a plan from the facts that are shown.
///
/// # Errors
///
/// [`Problem`] if no plan can be made of them.
#[tracing::instrument(name = "cycle.plan", skip_all, fields(by))]
pub async fn plan(
    plant: &Arc<Plant>,
    by: &str,
    wish: PlanWish,
    job: Running,
) -> Result<String, Problem> {
    let view = plant.view()?;
    let told = job.clone();
    let began = Instant::now();
    let by = by.to_owned();
    let result = plant.bench.run(move |bench| async move {
        let installation = bench.installation()?;
        let mut config = installation.config.clone();
        if let Some([carbon, cost, punctuality]) = wish.weights {
            config.settings.plan.weights = crate::config::Weights { carbon, cost, punctuality };
        }
        if wish.carbon_cap_kg.is_some() {
            config.settings.plan.carbon_cap_kg = wish.carbon_cap_kg;
        }
        let usual = &config.settings.plan;
        let usual = if wish.replan { usual.replan.seconds } else { usual.seconds };
        let budget = wish.seconds.unwrap_or(usual).max(0.1);
        let began = Instant::now();
        let share = || {
            if told.is_stopped() { 1.0 } else { began.elapsed().as_secs_f64() / budget }
        };
        let progress = |what: &str, best: Option<f64>| told.at(what, best);
        let (facts, judged, key) = (&view.facts, &view.judged, view.facts_key.as_str());
        let limit = Limit::Share(&share);
        let now = Timestamp::now();
        let mut record = if wish.replan {
            let wish = cycle::Replan::default();
            installation.replan((key, facts), judged, &config, wish, now, limit, &progress)?
        } else {
            cycle::plan(facts, judged, &config, key, now, limit, &progress)?
        };
        if wish.front && !told.is_stopped() {
            let began = Instant::now();
            let share = || {
                if told.is_stopped() { 1.0 } else { began.elapsed().as_secs_f64() / budget }
            };
            record.look_around(FRONT_SEARCHES, Limit::Share(&share), &progress)?;
        }
        tracing::info!(%by, fv = record.evaluation.fv, status = record.status, "a plan was made");
        Ok(installation.store.keep(Kind::Plan, now, &record)?)
    });
    let result = result.await;
    ended(plant, &job, "plan", &result, began, |key| Some(key.clone()));
    result
}

fn ended<T>(
    plant: &Plant,
    job: &Running,
    kind: &str,
    result: &Result<T, Problem>,
    began: Instant,
    name: impl FnOnce(&T) -> Option<String>,
) {
    if let Err(problem) = result {
        tracing::warn!(job = job.id, kind, code = problem.code, "{}", problem.detail);
    }
    plant.meters.ended(kind, result.is_ok(), began.elapsed().as_secs_f64());
    job.end(result, name);
}

thread_local! {
    /// The journal of the desk, which stays open: it belongs to its thread.
    static OPEN: RefCell<Option<Books>> = const { RefCell::new(None) };
    /// The job that is told how far the poster is.
    static TOLD: RefCell<Option<Running>> = const { RefCell::new(None) };
}

fn tell(step: &Progress) {
    let Some(job) = TOLD.with_borrow(Clone::clone) else { return };
    match step {
        Progress::Prepared { id, items } => job.at(&format!("{id}: {items} documents"), None),
        Progress::Sending { item, title } => job.at(&format!("{item}: {title}"), None),
        Progress::InDoubt { item, reason } => {
            job.at(&format!("{item}: asking SAP ({reason})"), None);
        }
        Progress::Paused { reason } => job.at(reason, None),
        Progress::NotDeleted { id, reason } => {
            job.at(&format!("{id}: its deletions were not made ({reason})"), None);
        }
        Progress::RollingBack { id, reason } => {
            job.at(&format!("{id}: taking back ({reason})"), None);
        }
        Progress::TakenBack { item, state } => job.at(&format!("{item}: {state:?}"), None),
        _ => {}
    }
}

/// Works with the journal on the thread of the desk.
pub(super) async fn with_books<T>(
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

/// What somebody answers for, and why it is right; it is kept in the journal.
#[derive(Clone, Debug, Default)]
pub struct Accepted {
    /// Rows were left out of the facts.
    pub incomplete: Option<String>,
    /// The plan is less likely to hold than the settings ask for.
    pub improbable: Option<String>,
}

/// Makes the change set of a subject.
fn draft_of(
    installation: &Installation,
    view: Option<&View>,
    subject: &Subject,
    books: &Books,
    by: &str,
    accepted: &Accepted,
) -> Result<ChangeSetDraft, Problem> {
    let config = &installation.config;
    let (mut draft, behind) = match subject {
        Subject::Plan(key) => {
            let (key, _, record): (_, _, PlanRecord) = installation.store.get(Kind::Plan, key)?;
            let facts = installation.facts_of_plan(&record, Timestamp::now())?;
            let shifts = ShiftCalendar::three_shifts(config.zone.clone());
            let mut draft =
                cycle::plan_draft(&record, &key, &shifts, config, by, Timestamp::now())?;
            let why = accepted.improbable.as_deref();
            cycle::accept_improbable(&record, config, why, &mut draft)?;
            (draft, facts)
        }
        Subject::Month(text) => {
            let period = month(text)?;
            let view = view.ok_or_else(|| Problem::internal("there are no facts"))?;
            let judged = installation.judge(&view.facts, Some(period))?;
            let run = cycle::posting_run(&judged, config, &view.facts_key)?;
            (installation.carbon_draft(&run, books, by)?, view.facts.clone())
        }
    };
    let why = accepted.incomplete.as_deref();
    cycle::accept_incomplete(&[behind], why, std::slice::from_mut(&mut draft))?;
    Ok(draft)
}

/// A month as an address or a wish has it.
///
/// # Errors
///
/// [`Problem`] if it is none.
pub fn month(text: &str) -> Result<PostingPeriod, Problem> {
    text.parse().map_err(|error: NoMonth| Problem::invalid(error))
}

fn view_for(plant: &Plant, subject: &Subject) -> Result<Option<Arc<View>>, Problem> {
    match subject {
        Subject::Plan(_) => Ok(None),
        Subject::Month(_) => plant.view().map(Some),
    }
}

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
                let known =
                    known.ok_or_else(|| Problem::not_found(format!("there is no {name}")))?;
                if known.hash != hash {
                    return Err(Problem::stale(format!(
                        "{name} is not what the page showed; load it again. Nothing was approved"
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
            return Err(Problem::stale(format!(
                "{id} is {phase} by now: somebody else decided, or its window has closed"
            )));
        }
        Ok(books.undo(Some(&id), &who).await?)
    })
    .await
}

/// Does a piece of work that changes SAP: the job is told how far it is, the carbon ledger follows, and
/// what stands afterwards is shown, also after a failure: part of it may be in SAP.
async fn at_the_desk<T: Send + 'static>(
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

/// A change set with its documents and how they stand.
///
/// # Errors
///
/// [`Problem`] if there is none of that name.
pub async fn change_set(
    plant: &Arc<Plant>,
    id: ChangeSetId,
) -> Result<(UndoReport, ChangeSetDraft), Problem> {
    plant
        .desk
        .run(move |bench| async move {
            with_books(&bench, async |_, books| {
                let set = books.change_set(&id)?;
                let draft = set.draft.clone();
                let draft =
                    draft.ok_or_else(|| Problem::not_found(format!("{id} has no content")))?;
                Ok((set.undo_report(), draft))
            })
            .await
        })
        .await
}

/// Whether a phase needs somebody to look at it every second.
pub fn is_moving(phase: Phase) -> bool {
    !phase.is_final() && phase != Phase::Held
}
