//! Reads that may be repeated, and are, within bounds.

use std::time::Duration;

use reqwest::header::ACCEPT;
use reqwest::{Method, RequestBuilder, Url};

use super::super::error::SapError;
use super::super::http::{Answer, Session};
use super::page::Page;
use super::{Service, Version, failure};

/// How often a read is tried in all when the network or the server fails.
const ATTEMPTS: u32 = 4;

/// Longest time that a server may ask us to wait before the next attempt.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// What a service is asked to answer in.
pub(super) fn accept(version: Version) -> &'static str {
    match version {
        Version::V2 => "application/json",
        // Quantities have up to 14 decimals: as strings, not as numbers.
        Version::V4 => "application/json;IEEE754Compatible=true",
    }
}

/// A read, with what `prepared` adds to the request.
pub(super) async fn get(
    session: &Session,
    service: Service,
    url: &Url,
    prepared: impl Fn(RequestBuilder) -> RequestBuilder,
) -> Result<Answer, SapError> {
    let name = format!("GET {}", url.path());
    let mut attempt = 1;
    loop {
        let request = session.request(Method::GET, url.clone());
        let request = prepared(request.header(ACCEPT, accept(service.version)));
        let mut wait = Duration::from_millis(100 << attempt);
        let result = match session.send(request).await {
            Ok(answer) => {
                let asked = answer.header("retry-after").and_then(asked_to_wait);
                wait = asked.unwrap_or(wait).min(WAIT_MAX);
                failure::checked(session, &name, answer, false)
            }
            Err(error) => Err(error),
        };
        match result {
            Err(error) if attempt < ATTEMPTS && passing(&error) => {
                tracing::info!(attempt, %error, "reading again");
                session.system.network.pause(wait).await;
                attempt += 1;
            }
            result => return result,
        }
    }
}

/// How long `Retry-After` asks to wait: seconds, or an instant.
///
/// # Source
///
/// RFC 9110, 10.2.3.
pub(super) fn asked_to_wait(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = jiff::fmt::rfc2822::parse(text.trim()).ok()?.timestamp();
    Duration::try_from(until.duration_since(jiff::Timestamp::now())).ok().or(Some(Duration::ZERO))
}

/// One page. A page that breaks off is read again; the same damage twice is an answer.
pub(super) async fn page(
    session: &Session,
    service: Service,
    set: &str,
    url: &Url,
) -> Result<Page, SapError> {
    let mut first = true;
    loop {
        let answer = get(session, service, url, |request| request).await?;
        match decoded(&session.system.id, service.version, set, url, answer) {
            Err(SapError::Damaged { .. }) if first => first = false,
            result => return result,
        }
    }
}

/// The page in the answer of `url`.
pub(super) fn decoded(
    system: &str,
    version: Version,
    set: &str,
    url: &Url,
    answer: Answer,
) -> Result<Page, SapError> {
    let bytes = answer.body.len();
    let (rows, root) = failure::rows(system, url.path(), set, answer, false)?;
    Page::of(version, &rows, root).map_err(|reason| SapError::Damaged {
        system: system.to_owned(),
        request: format!("GET {}", url.path()),
        bytes,
        reason,
        write: false,
    })
}

/// Whether a failed read may succeed a moment later.
fn passing(error: &SapError) -> bool {
    match error {
        SapError::NoAnswer { .. } | SapError::NotReachable { .. } => true,
        SapError::Refused { status, .. } => matches!(status, 429 | 500 | 502 | 503 | 504),
        _ => false,
    }
}
