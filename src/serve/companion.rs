//! Planners in SAP: what they see of a plan in ZCARBIDE_PLAN, and what they ask for there. Only where the
//! companion package is.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::job::JobKind;
use super::person::Role;
use super::plant::Plant;
use super::problem::Problem;
use super::task::{self, Accepted, Subject, What};
use crate::cycle::{
    self, CycleError, PlanRow, PlanState, PlannerRequest, Planners, RequestAnswer, Wanted,
};
use crate::post::approval::Request;
use crate::post::state::Phase;
use crate::post::{ChangeSetId, Summary};
use crate::store::Kind;

/// A package that is not there is looked for again after so long.
const ABSENT_FOR: SignedDuration = SignedDuration::from_mins(10);

/// What SAP was told, and what it is still to be told.
#[derive(Default)]
pub struct Companion {
    absent_until: Option<Timestamp>,
    /// What the rows were made of, as far as it tells whether they are still right.
    made_of: Option<(Option<String>, Vec<Summary>)>,
    rows: BTreeMap<String, PlanRow>,
    /// What this process has shown.
    shown: BTreeMap<String, PlanRow>,
    /// Proposals that SAP may show, also those of an earlier process; `None` before they are known.
    proposed: Option<BTreeMap<String, PlanRow>>,
    /// Answers that SAP may not have.
    answers: Vec<RequestAnswer>,
    trouble: Option<String>,
}

/// Why nothing was said or heard.
enum Trouble {
    Absent,
    Other(String),
}

impl From<CycleError> for Trouble {
    fn from(error: CycleError) -> Self {
        if cycle::is_absent(&error) { Self::Absent } else { Self::Other(error.to_string()) }
    }
}

impl From<Problem> for Trouble {
    fn from(problem: Problem) -> Self {
        Self::Other(problem.detail)
    }
}

impl Companion {
    /// Shows planners what changed, and does what they ask for. What goes wrong is logged once and
    /// tried again.
    pub async fn talk(&mut self, plant: &Arc<Plant>) {
        let now = Timestamp::now();
        if self.absent_until.is_some_and(|until| now < until) {
            return;
        }
        let text = match self.talk_now(plant).await {
            Ok(()) => None,
            Err(Trouble::Absent) => {
                self.absent_until = now.checked_add(ABSENT_FOR).ok();
                // What comes later may be another system, or know nothing.
                self.shown.clear();
                tracing::debug!("planners in SAP see no plan: the companion package is not there");
                return;
            }
            Err(Trouble::Other(text)) => Some(text),
        };
        if let Some(text) = text.as_ref().filter(|text| self.trouble.as_ref() != Some(text)) {
            tracing::warn!("planners in SAP do not see what is planned: {text}");
        }
        self.trouble = text;
    }

    async fn talk_now(&mut self, plant: &Arc<Plant>) -> Result<(), Trouble> {
        let planners = plant.desk.run(async |bench| Ok(Planners::of(&*bench.installation()?)?));
        let planners = planners.await?;
        // Asked first: without the package this says so before anything is worked out.
        let open = self.exchange(&planners).await?;
        self.publish(plant, &planners).await?;
        if open.is_empty() {
            return Ok(());
        }
        self.answer(plant, open).await;
        // Planners see the new state no later than that their request is closed.
        self.publish(plant, &planners).await?;
        self.exchange(&planners).await?;
        Ok(())
    }

    /// Gives SAP the answers that it may not have, and gets what is open.
    async fn exchange(&mut self, planners: &Planners) -> Result<Vec<PlannerRequest>, Trouble> {
        let open = planners.exchange(&self.answers).await?;
        self.answers.clear();
        Ok(open)
    }

    async fn publish(&mut self, plant: &Arc<Plant>, planners: &Planners) -> Result<(), Trouble> {
        self.look(plant).await?;
        let mut proposed = self.proposals(plant).await?;
        // What SAP was shown and is no longer proposed must not be released.
        let gone = proposed.values().filter(|row| !self.rows.contains_key(&row.requirement));
        let gone = gone.map(|row| PlanRow { state: PlanState::Withdrawn, ..row.clone() });
        let changed =
            self.rows.values().filter(|row| self.shown.get(&row.requirement) != Some(*row));
        let rows: Vec<PlanRow> = gone.chain(changed.cloned()).collect();
        if rows.is_empty() {
            self.proposed = Some(proposed);
            return Ok(());
        }
        let (new, over): (Vec<PlanRow>, Vec<PlanRow>) =
            rows.iter().cloned().partition(|row| row.state == PlanState::Proposed);
        proposed.extend(new.iter().map(|row| (row.requirement.clone(), row.clone())));
        let keep = plant.desk.run(async move |bench| {
            let new = new.iter().map(|row| (row.requirement.as_str(), row));
            Ok(bench.installation()?.store.keep_proposals(new)?)
        });
        keep.await?;
        let shown = &mut self.shown;
        let told = |some: &[PlanRow]| {
            shown.extend(some.iter().map(|row| (row.requirement.clone(), row.clone())));
        };
        planners.show(&rows, told).await?;
        let over: Vec<String> = over.into_iter().map(|row| row.requirement).collect();
        proposed.retain(|requirement, _| !over.contains(requirement));
        let forget = plant
            .desk
            .run(async move |bench| Ok(bench.installation()?.store.forget_proposals(&over)?));
        forget.await?;
        self.proposed = Some(proposed);
        Ok(())
    }

    /// Proposals that SAP may show. Taken out: what fails on the way is read anew.
    async fn proposals(
        &mut self,
        plant: &Arc<Plant>,
    ) -> Result<BTreeMap<String, PlanRow>, Problem> {
        if let Some(known) = self.proposed.take() {
            return Ok(known);
        }
        let read =
            plant.desk.run(async |bench| Ok(bench.installation()?.store.shown_proposals()?));
        read.await
    }

    /// Works the rows out anew if a plan was made or a change set moved on.
    async fn look(&mut self, plant: &Arc<Plant>) -> Result<(), Problem> {
        let known = self.made_of.clone();
        let looked = plant.desk.run(async move |bench| {
            task::with_books(&bench, async |installation, books| {
                let store = &installation.store;
                let newest = store.latest::<serde::de::IgnoredAny>(Kind::Plan)?;
                let made_of = (newest.map(|(key, ..)| key), books.list()?);
                if known.as_ref() == Some(&made_of) {
                    return Ok(None);
                }
                Ok(Some((made_of, cycle::publication(store, books, Timestamp::now())?)))
            })
            .await
        });
        if let Some((made_of, rows)) = looked.await? {
            self.rows = rows.into_iter().map(|row| (row.requirement.clone(), row)).collect();
            self.made_of = Some(made_of);
        }
        Ok(())
    }

    /// Does what is asked for, once for all rows of a plan or change set.
    async fn answer(&mut self, plant: &Arc<Plant>, open: Vec<PlannerRequest>) {
        let mut groups: BTreeMap<(String, Option<Wanted>, String), Vec<String>> = BTreeMap::new();
        for request in open {
            let what = (request.change_set, request.wanted, request.by);
            groups.entry(what).or_default().push(request.id);
        }
        for ((change_set, wanted, by), ids) in groups {
            let outcome = done(plant, &change_set, wanted, &by).await;
            let (is_done, text) = match &outcome {
                Ok(text) => (true, text),
                Err(problem) => (false, &problem.detail),
            };
            tracing::info!(
                user = by,
                change_set,
                ?wanted,
                done = is_done,
                "asked for in SAP: {text}"
            );
            let answer = |id| RequestAnswer { id, done: is_done, text: text.clone() };
            self.answers.extend(ids.into_iter().map(answer));
        }
    }
}

/// Does what a planner asked for, under the rules that hold for the page: role, four eyes, window.
/// Asked again, as after an answer that was lost, it says what was done.
///
/// # Errors
///
/// [`Problem`] in words for the planner.
async fn done(
    plant: &Arc<Plant>,
    change_set: &str,
    wanted: Option<Wanted>,
    by: &str,
) -> Result<String, Problem> {
    let who = planner(plant, by)?;
    task::look(plant).await?;
    match wanted {
        Some(Wanted::Release) => release(plant, change_set, who).await,
        Some(Wanted::TakeBack) => take_back(plant, change_set, who).await,
        None => Err(Problem::invalid("that cannot be asked for; nothing was done")),
    }
}

/// Who a user of SAP is here: whom `serve.sap_planners` names, else the local user of the same name who
/// is a planner.
fn planner(plant: &Plant, by: &str) -> Result<String, Problem> {
    let config = plant.config();
    let mut named = config.settings.serve.sap_planners.iter();
    if let Some((_, name)) = named.find(|(sap_user, _)| sap_user.eq_ignore_ascii_case(by)) {
        return Ok(name.clone());
    }
    let users = plant.users();
    let mut found = users.list().filter(|(name, _)| name.eq_ignore_ascii_case(by));
    let found = found.find(|(_, roles)| roles.contains(&Role::Planner));
    found.map(|(name, _)| name.to_owned()).ok_or_else(|| {
        let detail = format!(
            "{by} is no planner in Carbide; nothing was done. The administrator names {by} in \
             [serve.sap_planners], or adds a local user: carbide serve user {by} --role planner"
        );
        Problem::new(axum::http::StatusCode::FORBIDDEN, "ROLE", detail)
    })
}

async fn release(plant: &Arc<Plant>, plan: &str, who: String) -> Result<String, Problem> {
    let journal = plant.journal();
    let is_it = |hash: &str| !plan.is_empty() && hash.starts_with(plan);
    let mut posted = journal.plans.iter().rev().filter(|posted| is_it(&posted.plan_hash));
    if let Some(posted) = posted.find(|posted| posted.phase != Phase::Refused) {
        let (id, phase) = (&posted.change_set_id, posted.phase);
        return match phase {
            Phase::RolledBack | Phase::RolledBackConflicts => Err(Problem::stale(format!(
                "{id} was taken back; make a new plan. Nothing was posted"
            ))),
            _ => Ok(format!("posted as {id}, which is {phase}")),
        };
    }
    let key = newest_plan(plant).await?;
    if !key.as_deref().is_some_and(is_it) {
        return Err(Problem::stale(
            "there is a newer plan, which the list shows now; look at it. Nothing was posted",
        ));
    }
    let key = key.unwrap_or_default();
    if !plant.config().settings.post.four_eyes {
        let subject = Subject::Plan(key);
        return post(plant, What::Subject(subject, Accepted::default()), who).await;
    }
    let mut pending = journal.requests.iter().rev();
    let pending = pending.find(|r| r.draft.plan_hash == key && r.posted_as.is_none());
    second_pair_of_eyes(plant, key, pending.cloned(), who).await
}

/// The first planner asks, the second approves and posts.
async fn second_pair_of_eyes(
    plant: &Arc<Plant>,
    key: String,
    pending: Option<Request>,
    who: String,
) -> Result<String, Problem> {
    let waits = |request: &Request| {
        let (name, by) = (&request.name, &request.draft.requested_by);
        format!("{name} waits for a planner other than {by}, who releases it here or approves it")
    };
    let Some(request) = pending else {
        let asked = task::ask(plant, Subject::Plan(key), who, Accepted::default()).await?;
        return Ok(waits(&asked));
    };
    if request.approved_by.is_none() {
        if request.draft.requested_by == who {
            return Ok(waits(&request));
        }
        task::approve(plant, request.name.clone(), request.hash, who.clone()).await?;
    }
    post(plant, What::Request(request.name), who).await
}

async fn post(plant: &Arc<Plant>, what: What, who: String) -> Result<String, Problem> {
    let job = plant.jobs.ask(JobKind::Post, &who);
    let receipt = task::post(plant, what, who, job).await?;
    let (id, orders) = (&receipt.change_set_id, receipt.items.len());
    let until = receipt.ends.strftime("%H:%M:%S");
    let then = match receipt.at_confirm.len() {
        0 => String::new(),
        deletions => format!("; then {deletions} orders are deleted"),
    };
    Ok(format!("posted as {id}: {orders} orders, which can be taken back until {until} UTC{then}"))
}

async fn take_back(plant: &Arc<Plant>, id: &str, who: String) -> Result<String, Problem> {
    let id = ChangeSetId::typed(id);
    let journal = plant.journal();
    let set = journal.change_sets.iter().find(|set| set.change_set_id == id);
    let set = set.ok_or_else(|| Problem::not_found(format!("there is no change set {id}")))?;
    let standing = task::change_set(plant, id.clone()).await?;
    if task::role_of(&standing.draft) != Role::Planner {
        return Err(Problem::invalid(format!("{id} is no plan; nothing was done")));
    }
    if matches!(set.phase, Phase::RolledBack | Phase::RolledBackConflicts) {
        return Ok(format!("{id} is {}", set.phase));
    }
    let job = plant.jobs.ask(JobKind::Undo, &who);
    let report = task::undo(plant, id, who, job).await?;
    Ok(format!("{}: {report}", report.change_set_id))
}

async fn newest_plan(plant: &Plant) -> Result<Option<String>, Problem> {
    plant
        .desk
        .run(async |bench| {
            let store = &bench.installation()?.store;
            let newest = store.latest::<serde::de::IgnoredAny>(Kind::Plan)?;
            Ok(newest.map(|(key, ..)| key))
        })
        .await
}
