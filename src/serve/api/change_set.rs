//! Change sets: looked at, taken back.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tracing::Instrument;
use utoipa::ToSchema;

use super::deletions::Deletions;
use super::named::Named;
use super::told::Told;
use crate::post::ChangeSetDraft;
use crate::post::purpose::reason_said;
use crate::post::state::{ItemState, Phase};
use crate::post::{ChangeSetId, ItemReport};
use crate::said;
use crate::said::Said;
use crate::serve::guard::Person;
use crate::serve::job::{Job, JobKind};
use crate::serve::metrics::phase_name;
use crate::serve::plant::Plant;
use crate::serve::problem::Problem;
use crate::serve::task::{self, role_of};

/// A document of a change set.
#[derive(Serialize, ToSchema)]
pub struct Item {
    /// Position, from 1.
    item: usize,
    /// What it is.
    title: String,
    /// What the title is made of.
    #[schema(value_type = Option<Object>)]
    said: Option<Said>,
    /// How it stands, as `DONE`.
    state: String,
    /// Its number in SAP.
    number: Option<String>,
    /// The document that reverses it.
    reversal: Option<String>,
    /// What somebody else did to it, field by field: before us, ours, now.
    conflict: Option<Conflict>,
    /// What SAP said.
    message: Option<String>,
}

/// What somebody else did.
#[derive(Serialize, ToSchema)]
pub struct Conflict {
    /// In words.
    what: String,
    /// Field, before us, ours, now.
    fields: Vec<[String; 4]>,
}

/// A change set.
#[derive(Serialize, ToSchema)]
pub struct ChangeSetPage {
    /// Its name.
    change_set: String,
    /// Where it stands.
    phase: String,
    /// What it is for.
    purpose: String,
    /// What the purpose is made of.
    #[schema(value_type = Option<Object>)]
    purpose_said: Option<Said>,
    /// Who asked for it.
    requested_by: String,
    /// Key of the plan or posting run.
    plan_hash: String,
    /// When its window closes.
    ends: Option<String>,
    /// Clock of the server, for the countdown.
    server_time: String,
    /// Why it was taken back or is on hold.
    reason: Option<String>,
    /// What the reason is made of, if it is the program's.
    #[schema(value_type = Option<Object>)]
    reason_said: Option<Said>,
    /// Its documents.
    items: Vec<Item>,
    /// Deletions that wait until its window has closed; null if it has none.
    deletions: Option<Deletions>,
}

/// What the page showed when somebody decided.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// Phase that the page showed. If it is another by now, nothing is done.
    phase: String,
}

/// The name of a state, without the attempt that some have.
fn state_name(state: ItemState) -> String {
    let value = serde_json::to_value(state).unwrap_or_default();
    let name = value.as_str().or_else(|| value.as_object()?.keys().next().map(String::as_str));
    name.unwrap_or_default().to_owned()
}

fn item(of: &ItemReport, draft: &ChangeSetDraft) -> Item {
    let document = draft.documents.get(of.item.saturating_sub(1));
    Item {
        item: of.item,
        title: of.title.clone(),
        said: document.and_then(|document| document.said().keyed()),
        state: state_name(of.state),
        number: of.number.as_ref().map(ToString::to_string),
        reversal: of.reversal.as_ref().map(|number| number.padded()),
        conflict: of.conflict.as_ref().map(|conflict| Conflict {
            what: conflict.what.to_string(),
            fields: conflict
                .fields
                .iter()
                .map(|one| {
                    let before = one.before.clone().unwrap_or_default();
                    [one.field.to_string(), before, one.ours.clone(), one.now.clone()]
                })
                .collect(),
        }),
        message: of.message.clone(),
    }
}

/// A change set with its documents.
#[utoipa::path(get, path = "/api/v1/change-sets/{id}", params(("id" = String, Path)), responses(
    (status = 200, body = ChangeSetPage), (status = 401, body = Problem),
    (status = 404, body = Problem)))]
pub async fn show(
    _: Person,
    State(plant): State<Arc<Plant>>,
    Named(id): Named<String>,
) -> Result<Json<ChangeSetPage>, Problem> {
    let id = known(&plant, &id)?;
    let task::Standing { report, draft, deletions } = task::change_set(&plant, id.clone()).await?;
    let journal = plant.journal();
    let summary = journal.change_sets.iter().find(|set| set.change_set_id == id);
    Ok(Json(ChangeSetPage {
        change_set: id.to_string(),
        phase: phase_name(report.phase),
        deletions: Deletions::of(&draft, report.phase, deletions.as_ref()),
        items: report.items.iter().map(|one| item(one, &draft)).collect(),
        purpose_said: draft.purpose_said().keyed(),
        reason_said: report.reason.as_deref().and_then(|text| reason_said(text).keyed()),
        purpose: draft.purpose,
        requested_by: draft.requested_by,
        plan_hash: draft.plan_hash,
        ends: summary.and_then(|set| set.ends).map(|at| at.to_string()),
        server_time: jiff::Timestamp::now().to_string(),
        reason: report.reason,
    }))
}

fn known(plant: &Plant, text: &str) -> Result<ChangeSetId, Problem> {
    let id = ChangeSetId::typed(text);
    if plant.journal().change_sets.iter().any(|set| set.change_set_id == id) {
        return Ok(id);
    }
    Err(Problem::not_found(said!("change-set.unknown", "there is no change set {id}", id = text)))
}

/// Takes a change set back while its window is open. What becomes of it is told as events of the
/// kinds `job` and `change_set`.
#[utoipa::path(post, path = "/api/v1/change-sets/{id}/undo", params(("id" = String, Path)),
    request_body = Seen, responses(
    (status = 202, body = Job), (status = 401, body = Problem), (status = 403, body = Problem),
    (status = 404, body = Problem), (status = 409, body = Problem), (status = 412, body = Problem),
    (status = 422, body = Problem)))]
pub async fn undo(
    person: Person,
    State(plant): State<Arc<Plant>>,
    Named(id): Named<String>,
    Told(seen): Told<Seen>,
) -> Result<(StatusCode, Json<Job>), Problem> {
    let id = known(&plant, &id)?;
    let task::Standing { report, draft, .. } = task::change_set(&plant, id.clone()).await?;
    person.needs(&[role_of(&draft)])?;
    if phase_name(report.phase) != seen.phase {
        return Err(Problem::stale(said!(
            "change-set.stale",
            "{id} is {phase} by now and not {seen} as the page showed: somebody else decided, or its \
             window has closed. Nothing was done",
            id = id,
            phase = phase_name(report.phase),
            seen = seen.phase
        )));
    }
    if report.phase != Phase::Open {
        let text = said!(
            "change-set.window",
            "{id} is {phase}; only while it is OPEN it can be taken back",
            id = id,
            phase = seen.phase
        );
        return Err(Problem::new(StatusCode::CONFLICT, "WINDOW", text));
    }
    tracing::info!(user = person.name, change_set = id.as_str(), "asked to take it back");
    let running = plant.jobs.ask(JobKind::Undo, &person.name);
    let job = plant.jobs.get(running.id)?;
    tokio::spawn(
        async move { task::undo(&plant, id, person.name, running).await }.in_current_span(),
    );
    Ok((StatusCode::ACCEPTED, Json(job)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_of_a_document_is_a_name_with_or_without_an_attempt() {
        assert_eq!(state_name(ItemState::Done), "DONE");
        assert_eq!(state_name(ItemState::Intent(2)), "INTENT");
        assert_eq!(state_name(ItemState::CompHeld(1)), "COMP_HELD");
    }
}
