//! Posting of plans and emissions: simulated, asked for, approved, done.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tracing::Instrument;
use utoipa::ToSchema;

use super::named::Named;
use super::told::Told;
use crate::post::approval::Request;
use crate::said;
use crate::said::Said;
use crate::serve::guard::Person;
use crate::serve::job::{Job, JobKind};
use crate::serve::plant::Plant;
use crate::serve::problem::Problem;
use crate::serve::task::{self, Accepted, Subject, What, role_of};

/// What is to be posted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    /// A plan or a month.
    subject: Subject,
    /// Why it is right to post although rows were left out; it is kept in the journal.
    #[serde(default)]
    accept_incomplete: Option<String>,
    /// Why it is right to post a plan that is less likely to hold than the settings ask for; it is kept
    /// in the journal.
    #[serde(default, rename = "override")]
    improbable: Option<String>,
}

impl Wish {
    fn parts(self) -> (Subject, Accepted) {
        let Self { subject, accept_incomplete: incomplete, improbable } = self;
        (subject, Accepted { incomplete, improbable })
    }
}

/// A document that would be created.
#[derive(Serialize, ToSchema)]
pub struct Preview {
    /// Position, from 1.
    item: usize,
    /// What it is.
    title: String,
    /// What the title is made of.
    #[schema(value_type = Option<Object>)]
    said: Option<Said>,
    /// Under which key it would be found again.
    key: String,
}

/// What would be created.
#[derive(Serialize, ToSchema)]
pub struct Simulation {
    /// Documents.
    documents: Vec<Preview>,
    /// How many a change set may have.
    documents_max: usize,
}

/// A request for approval.
#[derive(Serialize, ToSchema)]
pub struct Asked {
    /// Its name.
    request: String,
    /// SHA-256 of what is to be posted; who approves sends it back.
    hash: String,
    /// What it is for.
    purpose: String,
    /// What the purpose is made of.
    #[schema(value_type = Option<Object>)]
    purpose_said: Option<Said>,
    /// Who asked.
    requested_by: String,
    /// Who approved.
    approved_by: Option<String>,
    /// Documents.
    documents: Vec<String>,
}

/// What the page showed when somebody approved.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// SHA-256 of the request.
    hash: String,
}

fn asked(request: &Request) -> Asked {
    Asked {
        request: request.name.clone(),
        hash: request.hash.clone(),
        purpose: request.draft.purpose.clone(),
        purpose_said: request.draft.purpose_said().keyed(),
        requested_by: request.draft.requested_by.clone(),
        approved_by: request.approved_by.clone(),
        documents: request.draft.documents.iter().map(|document| document.title()).collect(),
    }
}

/// Every document that would be created. Nothing is sent.
#[utoipa::path(post, path = "/api/v1/postings/simulate", request_body = Wish, responses(
    (status = 200, body = Simulation), (status = 401, body = Problem), (status = 403, body = Problem),
    (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem),
    (status = 503, body = Problem)))]
pub async fn simulate(
    person: Person,
    State(plant): State<Arc<Plant>>,
    Told(wish): Told<Wish>,
) -> Result<Json<Simulation>, Problem> {
    person.needs(&[wish.subject.role()])?;
    let documents = task::simulate(&plant, wish.subject, person.name).await?;
    let documents = documents.into_iter().map(|document| Preview {
        item: document.item,
        title: document.title,
        said: document.document.said().keyed(),
        key: document.key.to_string(),
    });
    Ok(Json(Simulation {
        documents: documents.collect(),
        documents_max: plant.config().settings.post.documents_max,
    }))
}

/// Posts at once. Refused where a second person has to approve.
#[utoipa::path(post, path = "/api/v1/postings", request_body = Wish, responses(
    (status = 202, body = Job), (status = 401, body = Problem), (status = 403, body = Problem),
    (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn post(
    person: Person,
    State(plant): State<Arc<Plant>>,
    Told(wish): Told<Wish>,
) -> Result<(StatusCode, Json<Job>), Problem> {
    person.needs(&[wish.subject.role()])?;
    if let Subject::Month(text) = &wish.subject {
        task::month(text)?;
    }
    if plant.config().settings.post.four_eyes {
        let text = said!(
            "four-eyes.ask",
            "a second person has to approve each posting here: ask for approval"
        );
        return Err(Problem::new(StatusCode::CONFLICT, "FOUR-EYES", text));
    }
    let (subject, accepted) = wish.parts();
    begin(plant, person, What::Subject(subject, accepted))
}

fn begin(
    plant: Arc<Plant>,
    person: Person,
    what: What,
) -> Result<(StatusCode, Json<Job>), Problem> {
    if plant.jobs.is_busy(JobKind::Post) {
        let text = said!(
            "job.posting",
            "something is being posted; wait until it is done. Nothing was begun"
        );
        return Err(Problem::new(StatusCode::CONFLICT, "JOB", text));
    }
    tracing::info!(user = person.name, ?what, "asked to post");
    let running = plant.jobs.ask(JobKind::Post, &person.name);
    let job = plant.jobs.get(running.id)?;
    tokio::spawn(
        async move { task::post(&plant, what, person.name, running).await }.in_current_span(),
    );
    Ok((StatusCode::ACCEPTED, Json(job)))
}

/// Keeps a posting until somebody else approves it.
#[utoipa::path(post, path = "/api/v1/requests", request_body = Wish, responses(
    (status = 201, body = Asked), (status = 401, body = Problem), (status = 403, body = Problem),
    (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn ask(
    person: Person,
    State(plant): State<Arc<Plant>>,
    Told(wish): Told<Wish>,
) -> Result<(StatusCode, Json<Asked>), Problem> {
    person.needs(&[wish.subject.role()])?;
    let (subject, accepted) = wish.parts();
    let request = task::ask(&plant, subject, person.name, accepted).await?;
    Ok((StatusCode::CREATED, Json(asked(&request))))
}

fn request(plant: &Plant, name: &str) -> Result<Request, Problem> {
    let journal = plant.journal();
    let found = journal.requests.iter().find(|request| request.name == name);
    found.cloned().ok_or_else(|| {
        Problem::not_found(said!("request.unknown", "there is no request {name}", name = name))
    })
}

/// Approves exactly what the page showed.
#[utoipa::path(post, path = "/api/v1/requests/{name}/approve", params(("name" = String, Path)),
    request_body = Approval, responses(
    (status = 200, body = Asked), (status = 401, body = Problem), (status = 403, body = Problem),
    (status = 404, body = Problem), (status = 409, body = Problem), (status = 412, body = Problem),
    (status = 422, body = Problem)))]
pub async fn approve(
    person: Person,
    State(plant): State<Arc<Plant>>,
    Named(name): Named<String>,
    Told(given): Told<Approval>,
) -> Result<Json<Asked>, Problem> {
    person.needs(&[role_of(&request(&plant, &name)?.draft)])?;
    tracing::info!(user = person.name, request = name, "approves");
    let approved = task::approve(&plant, name, given.hash, person.name).await?;
    Ok(Json(asked(&approved)))
}

/// Posts what was approved, once.
#[utoipa::path(post, path = "/api/v1/requests/{name}/post", params(("name" = String, Path)),
    responses(
    (status = 202, body = Job), (status = 401, body = Problem), (status = 403, body = Problem),
    (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn post_request(
    person: Person,
    State(plant): State<Arc<Plant>>,
    Named(name): Named<String>,
) -> Result<(StatusCode, Json<Job>), Problem> {
    let known = request(&plant, &name)?;
    person.needs(&[role_of(&known.draft)])?;
    if known.approved_by.is_none() || known.posted_as.is_some() {
        let text = match &known.posted_as {
            Some(id) => {
                said!("request.posted", "{name} was posted already, as {id}", name = name, id = id)
            }
            None => said!(
                "request.waits",
                "{name} waits for somebody other than {by}",
                name = name,
                by = known.draft.requested_by
            ),
        };
        return Err(Problem::new(StatusCode::CONFLICT, "FOUR-EYES", text));
    }
    begin(plant, person, What::Request(name))
}
