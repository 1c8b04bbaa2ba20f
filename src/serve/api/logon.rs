//! Who comes in, and who goes.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::told::Told;
use crate::said;
use crate::secret::Secret;
use crate::serve::guard::{Person, cookie, from_proxy, key};
use crate::serve::person::Role;
use crate::serve::plant::Plant;
use crate::serve::problem::Problem;
use crate::serve::session::{Limit, Session};

/// Name and password of a local user.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Logon {
    /// Name.
    user: String,
    /// Password.
    #[schema(format = Password)]
    password: String,
}

/// Who is logged on.
#[derive(Serialize, ToSchema)]
pub struct Who {
    /// Name, as it stands in the journal.
    user: String,
    /// Roles.
    roles: Vec<Role>,
    /// Goes with each change, in the header x-csrf-token.
    csrf: String,
    /// Whether a second person has to approve each posting.
    four_eyes: bool,
    /// Version of the server.
    version: &'static str,
}

fn who_is(plant: &Plant, session: &Session) -> Who {
    Who {
        user: session.user.clone(),
        roles: session.roles.clone(),
        csrf: session.csrf.clone(),
        four_eyes: plant.config().settings.post.four_eyes,
        version: env!("CARGO_PKG_VERSION"),
    }
}

/// Who is logged on. Behind a proxy that says who comes, this logs on.
#[utoipa::path(get, path = "/api/v1/session", responses(
    (status = 200, body = Who), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub async fn who(
    State(plant): State<Arc<Plant>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let known = key(&headers).and_then(|key| plant.sessions.get(&key));
    if let Some((user, roles)) = from_proxy(&headers, peer, &plant)? {
        if let Some(session) = known.filter(|session| session.user == user) {
            return Ok(Json(who_is(&plant, &session.with(roles))).into_response());
        }
        return Ok(opened(&plant, &user, roles));
    }
    if plant.config().settings.serve.proxy.is_none()
        && let Some(session) = known
    {
        return Ok(Json(who_is(&plant, &session)).into_response());
    }
    Err(Problem::new(
        StatusCode::UNAUTHORIZED,
        "LOGON",
        said!("logon.nobody", "nobody is logged on"),
    ))
}

/// Counts a try of a name or address.
///
/// # Errors
///
/// [`Problem`] `RATE` with the seconds to wait.
pub fn count(limit: &Limit, name: &str, peer: SocketAddr) -> Result<(), Problem> {
    limit.count(name).map_err(|seconds| {
        tracing::warn!(name, peer = %peer.ip(), "too many tries to log on");
        let text = said!(
            "logon.too-many",
            "too many tries; the next one counts in {seconds} s",
            seconds = seconds
        );
        Problem::later(StatusCode::TOO_MANY_REQUESTS, "RATE", text, seconds)
    })
}

/// The ways to log on that are set up.
#[derive(Serialize, ToSchema)]
pub struct Ways {
    /// Name and password of a local user.
    password: bool,
    /// What the page calls the directory at which people log on by `/api/v1/session/oidc`.
    #[serde(skip_serializing_if = "Option::is_none")]
    directory: Option<String>,
}

/// How somebody can log on.
#[utoipa::path(get, path = "/api/v1/session/ways", responses((status = 200, body = Ways)))]
pub async fn ways(State(plant): State<Arc<Plant>>) -> Json<Ways> {
    let directory = plant.config().settings.serve.oidc.as_ref().map(|oidc| oidc.name.clone());
    // Without a directory the fields stand there, so that the page has something to say.
    let password = directory.is_none() || !plant.users().is_empty();
    Json(Ways { password, directory })
}

fn opened(plant: &Plant, user: &str, roles: Vec<Role>) -> Response {
    tracing::info!(user, ?roles, "logged on");
    let (key, session) = plant.sessions.open(user, roles);
    let headers = [(header::SET_COOKIE, cookie(&key, plant))];
    (headers, Json(who_is(plant, &session))).into_response()
}

/// Logs a local user on.
#[utoipa::path(post, path = "/api/v1/session", request_body = Logon, responses(
    (status = 200, body = Who), (status = 401, body = Problem), (status = 422, body = Problem),
    (status = 429, body = Problem)))]
pub async fn log_on(
    State(plant): State<Arc<Plant>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Told(given): Told<Logon>,
) -> Result<Response, Problem> {
    count(&plant.logons, &given.user, peer)?;
    count(&plant.addresses, &peer.ip().to_string(), peer)?;
    let users = plant.users();
    let (name, password) = (given.user.clone(), Secret::new(given.password));
    // A hash takes a while on purpose.
    let proven = tokio::task::spawn_blocking(move || {
        users.prove(&name, &password).map(|user| user.roles.clone())
    });
    let proven = proven.await.map_err(|error| Problem::internal(error.to_string()))?;
    let Some(roles) = proven else {
        tracing::warn!(user = given.user, peer = %peer.ip(), "wrong user or password");
        let text = said!("logon.wrong", "user or password are wrong");
        return Err(Problem::new(StatusCode::UNAUTHORIZED, "LOGON", text));
    };
    plant.logons.forget(&given.user);
    Ok(opened(&plant, &given.user, roles))
}

/// Logs off.
#[utoipa::path(delete, path = "/api/v1/session", responses(
    (status = 204), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub async fn log_off(
    person: Person,
    State(plant): State<Arc<Plant>>,
    headers: HeaderMap,
) -> Response {
    if let Some(key) = key(&headers) {
        plant.sessions.close(&key);
    }
    tracing::info!(user = person.name, "logged off");
    (StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie("", &plant))]).into_response()
}
