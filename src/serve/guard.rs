//! What every request meets first: who comes, whether the page that asks is ours, and what browsers
//! are told to refuse.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use tracing::Instrument;

use super::person::Role;
use super::plant::Plant;
use super::problem::Problem;
use super::session::Session;
use crate::said;
use crate::said::{List, Said};
use crate::store::hex;

/// Name of the cookie.
pub const COOKIE: &str = "carbide_session";

/// Header that goes with each change.
pub const CSRF: &str = "x-csrf-token";

/// Longest answer that gets an ETag.
const TAGGED_MAX: usize = 64 << 20;

/// Somebody who is logged on, on a request that may be answered.
#[derive(Clone, Debug)]
pub struct Person {
    /// Name, as it stands in the journal.
    pub name: String,
    /// Roles.
    pub roles: Vec<Role>,
}

impl Person {
    /// # Errors
    ///
    /// [`Problem`] if none of the roles is his or hers.
    pub fn needs(&self, roles: &[Role]) -> Result<(), Problem> {
        if roles.iter().any(|role| self.roles.contains(role)) {
            return Ok(());
        }
        let names = List::from_iter(roles.iter().map(|role| format!("{role:?}").to_lowercase()));
        Err(Problem::new(
            StatusCode::FORBIDDEN,
            "ROLE",
            said!(
                "role.lacks",
                "{user} has none of the roles {roles}; nothing was done",
                user = self.name,
                roles = names
            ),
        ))
    }
}

/// The key of the session, if the request has one.
pub fn key(headers: &HeaderMap) -> Option<String> {
    cookie_named(headers, COOKIE)
}

/// What a cookie holds.
pub fn cookie_named(headers: &HeaderMap, wanted: &str) -> Option<String> {
    let cookies = headers.get_all(header::COOKIE);
    let text = cookies.iter().filter_map(|value| value.to_str().ok());
    let mut parts = text.flat_map(|text| text.split(';'));
    parts.find_map(|part| {
        let (name, value) = part.trim().split_once('=')?;
        (name == wanted).then(|| value.to_owned())
    })
}

/// The cookie that keeps somebody logged on; an empty key takes it away.
pub fn cookie(key: &str, plant: &Plant) -> HeaderValue {
    let secure = if plant.config().settings.serve.is_public() { "; Secure" } else { "" };
    let age = if key.is_empty() { "; Max-Age=0" } else { "" };
    let text = format!("{COOKIE}={key}; Path=/; HttpOnly; SameSite=Strict{secure}{age}");
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// The user and roles that a reverse proxy names, if it may.
///
/// # Errors
///
/// [`Problem`] if somebody else names them.
pub fn from_proxy(
    headers: &HeaderMap,
    peer: SocketAddr,
    plant: &Plant,
) -> Result<Option<(String, Vec<Role>)>, Problem> {
    let config = plant.config();
    let Some(proxy) = &config.settings.serve.proxy else { return Ok(None) };
    let Some(user) = headers.get(&proxy.user_header) else { return Ok(None) };
    let several = headers.get_all(&proxy.user_header).iter().count() > 1
        || headers.get_all(&proxy.roles_header).iter().count() > 1;
    if several {
        // One of them came from the browser.
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "PROXY",
            said!(
                "proxy.header",
                "the proxy lets a header through that it has to set itself (serve.proxy)"
            ),
        ));
    }
    if !proxy.from.contains(&peer.ip()) {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "PROXY",
            said!(
                "proxy.from",
                "{address} may not say who comes (serve.proxy.from)",
                address = peer.ip()
            ),
        ));
    }
    let text = |value: &HeaderValue| value.to_str().unwrap_or_default().trim().to_owned();
    let roles = headers.get(&proxy.roles_header).map(text).unwrap_or_default();
    let roles = roles.split(',').filter_map(Role::named).collect();
    Ok(Some((text(user), roles)).filter(|(user, _)| !user.is_empty()))
}

fn peer(parts: &Parts) -> SocketAddr {
    let known = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    known.map_or(SocketAddr::from(([0, 0, 0, 0], 0)), |info| info.0)
}

fn session(parts: &Parts, plant: &Plant) -> Result<Session, Problem> {
    let nobody = || {
        Problem::new(
            StatusCode::UNAUTHORIZED,
            "LOGON",
            said!(
                "logon.over",
                "nobody is logged on, or the session is over: log on again. Nothing was done; what was \
                 begun before goes on"
            ),
        )
    };
    let found = key(&parts.headers).and_then(|key| plant.sessions.get(&key)).ok_or_else(nobody)?;
    match from_proxy(&parts.headers, peer(parts), plant)? {
        // A session of somebody else behind the same browser does not count.
        Some((user, _)) if user != found.user => Err(nobody()),
        Some((_, roles)) => Ok(found.with(roles)),
        None if plant.config().settings.serve.proxy.is_some() => Err(nobody()),
        None => Ok(found),
    }
}

/// Whether a change comes from a page of ours.
fn is_ours(parts: &Parts, session: &Session, plant: &Plant) -> Result<(), Problem> {
    let refused = |why: Said| {
        let text = said!("csrf.reload", "{why}; nothing was done. Load the page again", why = why);
        Err(Problem::new(StatusCode::FORBIDDEN, "CSRF", text))
    };
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    if header(CSRF) != Some(session.csrf.as_str()) {
        return refused(said!("csrf.token", "the request does not carry the token of the session"));
    }
    if let Some(origin) = header("origin") {
        let host = header("host").unwrap_or_default();
        let public = plant.config().settings.serve.public_url.clone();
        let ours = origin == format!("http://{host}")
            || origin == format!("https://{host}")
            || public.is_some_and(|url| origin == url.trim_end_matches('/'));
        if !ours {
            return refused(said!("csrf.origin", "the request comes from a page of somebody else"));
        }
    }
    if let Err(seconds) = plant.changes.count(&session.csrf) {
        let text = said!(
            "rate.changes",
            "{user} changes too much at once; nothing was done",
            user = session.user
        );
        return Err(Problem::later(StatusCode::TOO_MANY_REQUESTS, "RATE", text, seconds));
    }
    Ok(())
}

impl FromRequestParts<Arc<Plant>> for Person {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, plant: &Arc<Plant>) -> Result<Self, Problem> {
        let session = session(parts, plant)?;
        if !matches!(parts.method, Method::GET | Method::HEAD) {
            is_ours(parts, &session, plant)?;
        }
        Ok(Self { name: session.user, roles: session.roles })
    }
}

/// What browsers are told: nothing from elsewhere, no frame of others, no guess of kinds.
const HEADERS: &[(&str, &str)] = &[
    (
        "content-security-policy",
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' \
         data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("permissions-policy", "camera=(), microphone=(), geolocation=()"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// Counts each answer, and adds what browsers are told.
pub async fn watch(State(plant): State<Arc<Plant>>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let route = route.unwrap_or_else(|| "page".to_owned());
    let method = request.method().as_str().to_owned();
    let span = tracing::info_span!("http", %method, %route, status = tracing::field::Empty);
    let mut response = next.run(request).instrument(span.clone()).await;
    span.record("status", response.status().as_u16());
    for (name, value) in HEADERS {
        response.headers_mut().insert(*name, HeaderValue::from_static(value));
    }
    if plant.config().settings.serve.is_public() {
        let value = HeaderValue::from_static("max-age=31536000");
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, value);
    }
    let seconds = began.elapsed().as_secs_f64();
    plant.meters.answered(&route, &method, response.status().as_u16(), seconds);
    response
}

/// Gives each JSON answer a tag, and says "as before" to who has it already.
pub async fn tag(request: Request, next: Next) -> Response {
    let is_get = request.method() == Method::GET;
    let has = request.headers().get(header::IF_NONE_MATCH).cloned();
    let response = next.run(request).await;
    let kind = response.headers().get(header::CONTENT_TYPE);
    let is_json = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    if !is_get || !is_json || response.status() != StatusCode::OK {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, TAGGED_MAX).await else {
        return Problem::internal(said!(
            "answer.long",
            "the answer is too long; ask for fewer rows"
        ))
        .into_response();
    };
    let tag = format!("\"{}\"", &hex(&Sha256::digest(&bytes))[..32]);
    let value = HeaderValue::from_str(&tag).unwrap_or_else(|_| HeaderValue::from_static("\"\""));
    let same = has.is_some_and(|has| has == value);
    parts.headers.insert(header::ETAG, value);
    parts.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if same {
        parts.status = StatusCode::NOT_MODIFIED;
        parts.headers.remove(header::CONTENT_LENGTH);
        parts.headers.remove(header::CONTENT_TYPE);
        return Response::from_parts(parts, Body::empty());
    }
    Response::from_parts(parts, Body::from(bytes))
}
