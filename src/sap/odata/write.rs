//! One write: a CSRF token, both families of repeatability headers, and one sending.

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderValue, IF_MATCH};
use reqwest::{Method, RequestBuilder};
use serde_json::{Map, Value};

use super::super::error::SapError;
use super::super::http::Answer;
use super::{ODataClient, RequestId, Service, failure, retry};

/// The headers of both families that make a repeated request known as such.
pub(super) fn repeatability(id: &RequestId) -> [(&'static str, String); 4] {
    // Gateway takes ISO 8601; OASIS Repeatable Requests 1.0, 4.2 wants the form of HTTP.
    [
        ("RequestID", id.id.clone()),
        ("RepeatabilityCreation", id.first_sent.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
        ("Repeatability-Request-ID", id.id.clone()),
        (
            "Repeatability-First-Sent",
            id.first_sent.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string(),
        ),
    ]
}

impl ODataClient {
    /// Sends one write. CSRF: SAP refuses a missing or expired token before it looks at the request,
    /// so one more sending with a new token is the same attempt.
    pub(super) async fn write(
        &self,
        method: Method,
        service: Service,
        path: &str,
        etag: Option<&str>,
        fields: Option<&Map<String, Value>>,
        id: &RequestId,
    ) -> Result<Answer, SapError> {
        let name = format!("{method} {path}");
        let body =
            fields.map(|fields| serde_json::to_vec(fields).expect("a map of JSON values is JSON"));
        let answer = self
            .posted(service, &name, true, || {
                let url = self.session.url(path)?;
                let request = self.session.request(method.clone(), url);
                let mut request = request.header(ACCEPT, retry::accept(service.version));
                for (header, value) in repeatability(id) {
                    request = request.header(header, value);
                }
                if let Some(etag) = etag {
                    request = request.header(IF_MATCH, etag);
                }
                if let Some(body) = &body {
                    // Decimals go out as text, which V4 takes only if this says so, as it does for answers.
                    let form = retry::accept(service.version);
                    request = request.header(CONTENT_TYPE, form).body(body.clone());
                }
                Ok(request)
            })
            .await?;
        if let Some(message) = answer.header("sap-message") {
            tracing::warn!(system = self.session.system.id, path, message, "SAP says");
        }
        failure::checked(&self.session, &name, answer, true)
    }

    /// Sends a request that needs a CSRF token, and once more with a new one if SAP refused the token.
    pub(super) async fn posted(
        &self,
        service: Service,
        name: &str,
        write: bool,
        prepared: impl Fn() -> Result<RequestBuilder, SapError>,
    ) -> Result<Answer, SapError> {
        let not_sent = |cause: SapError| match cause {
            // They say by themselves that nothing is sent.
            SapError::LogonRefused { .. } | SapError::NotReachable { .. } => cause,
            cause if write => SapError::NotSent {
                system: self.session.system.id.clone(),
                request: name.to_owned(),
                cause: Box::new(cause),
            },
            cause => cause,
        };
        let mut token = self.token(service, None).await.map_err(not_sent)?;
        for last in [false, true] {
            let request = prepared()?.header("x-csrf-token", token.clone());
            let permit = self.permit().await;
            let answer = self.session.send(request).await?;
            drop(permit);
            if failure::wants_token(&answer) && !last {
                token = self.token(service, Some(&token)).await.map_err(not_sent)?;
                continue;
            }
            return Ok(answer);
        }
        unreachable!("the second sending returns")
    }

    /// The token of a service: fetched if there is none or if it is the one that was refused.
    pub(super) async fn token(
        &self,
        service: Service,
        refused: Option<&HeaderValue>,
    ) -> Result<HeaderValue, SapError> {
        let mut tokens = self.tokens.lock().await;
        if let Some(token) = tokens.get(service.path).filter(|token| Some(*token) != refused) {
            return Ok(token.clone());
        }
        let mut said = None;
        // Some services hand the token out at one of the two only.
        for path in [format!("{}/", service.path), format!("{}/$metadata", service.path)] {
            let url = self.session.url(&path)?;
            let fetch = |request: reqwest::RequestBuilder| request.header("x-csrf-token", "fetch");
            match retry::get(&self.session, service, &url, fetch).await {
                Ok(answer) => {
                    if let Some(token) = answer.headers.get("x-csrf-token") {
                        tokens.insert(service.path, token.clone());
                        return Ok(token.clone());
                    }
                }
                Err(error @ SapError::LogonRefused { .. }) => return Err(error),
                Err(error) => {
                    said.get_or_insert(error);
                }
            }
        }
        Err(said.unwrap_or_else(|| SapError::Setup {
            system: self.session.system.id.clone(),
            reason: format!("{} hands out no CSRF token", service.name),
        }))
    }
}
