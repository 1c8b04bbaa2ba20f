//! One HTTP session with SAP: cookies, credentials, limits. No redirects, no hidden retries.

use std::net::IpAddr;
use std::sync::Arc;

use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Client, Method, RequestBuilder, StatusCode, Url};

use super::error::SapError;
use super::logon::Logon;
use super::system::{Credentials, SapSystem};

/// Largest answer that is read.
const BODY_BYTES_MAX: usize = 256 << 20;

/// A session: one cookie jar, one user.
#[derive(Clone)]
pub(super) struct Session {
    pub system: Arc<SapSystem>,
    credentials: Arc<Credentials>,
    client: Client,
    logon: Logon,
}

/// An answer whose body was read whole.
pub(super) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn content_type(&self) -> &str {
        self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("nothing")
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

impl Session {
    pub fn new(system: &SapSystem, credentials: &Credentials) -> Result<Self, SapError> {
        // A provider that is installed already stays.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let setup = |reason: String| SapError::Setup { system: system.id.clone(), reason };
        protected(&system.base_url).map_err(setup)?;
        let mut builder = Client::builder()
            .cookie_store(true)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .timeout(system.timeout)
            .connect_timeout(system.timeout.min(std::time::Duration::from_secs(10)))
            .user_agent(concat!("carbide/", env!("CARGO_PKG_VERSION")));
        if let Some(file) = &system.ca_file {
            let pem = std::fs::read(file)
                .map_err(|error| setup(format!("CA file {}: {error}", file.display())))?;
            let authority = reqwest::Certificate::from_pem(&pem)
                .map_err(|error| setup(format!("CA file {}: {error}", file.display())))?;
            builder = builder.add_root_certificate(authority);
        }
        let client = builder.build().map_err(|error| setup(error.to_string()))?;
        Ok(Self {
            system: Arc::new(system.clone()),
            credentials: Arc::new(credentials.clone()),
            client,
            logon: Logon::new(system, credentials),
        })
    }

    /// A session of its own with the same user: new cookies.
    pub fn fresh(&self) -> Result<Self, SapError> {
        Self::new(&self.system, &self.credentials)
    }

    pub fn user(&self) -> &str {
        &self.credentials.user
    }

    /// The address of a path below the system, with client and language.
    pub fn url(&self, path: &str) -> Result<Url, SapError> {
        let text = format!("{}{path}", self.system.base_url.trim_end_matches('/'));
        let mut url = Url::parse(&text).map_err(|error| SapError::Setup {
            system: self.system.id.clone(),
            reason: format!("'{text}' is no address: {error}"),
        })?;
        if !url.query_pairs().any(|(name, _)| name == "sap-client") {
            url.query_pairs_mut()
                .append_pair("sap-client", &self.system.client)
                .append_pair("sap-language", &self.system.language);
        }
        Ok(url)
    }

    pub fn request(&self, method: Method, url: Url) -> RequestBuilder {
        let Credentials { user, password } = &*self.credentials;
        self.client.request(method, url).basic_auth(user, Some(password.expose()))
    }

    /// Sends once and reads the whole answer. A password that gets a 401 is not sent again.
    pub async fn send(&self, request: RequestBuilder) -> Result<Answer, SapError> {
        let request = request.build().map_err(|error| SapError::Setup {
            system: self.system.id.clone(),
            reason: error.without_url().to_string(),
        })?;
        let name = format!("{} {}", request.method(), request.url().path());
        let url = format!("{}{}", self.system.base_url, request.url().path());
        let write = request.method() != Method::GET;
        let leave = self.logon.leave().await.map_err(|_| self.logon_refused())?;
        tracing::debug!(request = name, system = self.system.id, "request");
        let no_answer = |error: reqwest::Error| {
            let reason = describe(&error);
            if error.is_connect() {
                let system = self.system.id.clone();
                SapError::NotReachable { system, url: url.clone(), reason }
            } else {
                self.no_answer(&name, reason)
            }
        };
        let mut response = self.client.execute(request).await.map_err(no_answer)?;
        let (status, headers) = (response.status(), response.headers().clone());
        // Before the body: a page that breaks off must not hide that the password was wrong.
        if status == StatusCode::UNAUTHORIZED {
            self.logon.refused();
            return Err(self.logon_refused());
        }
        if let_in(status, &headers) {
            self.logon.accepted();
        }
        drop(leave);
        let mut body = Vec::new();
        while let Some(chunk) =
            response.chunk().await.map_err(|error| self.no_answer(&name, describe(&error)))?
        {
            body.extend_from_slice(&chunk);
            if body.len() > BODY_BYTES_MAX {
                return Err(SapError::TooLarge {
                    system: self.system.id.clone(),
                    request: name,
                    mebibytes: BODY_BYTES_MAX >> 20,
                    write,
                });
            }
        }
        Ok(Answer { status, headers, body })
    }

    pub fn no_answer(&self, request: &str, reason: String) -> SapError {
        let system = self.system.id.clone();
        SapError::NoAnswer { system, request: request.to_owned(), reason }
    }

    fn logon_refused(&self) -> SapError {
        SapError::LogonRefused {
            system: self.system.id.clone(),
            user: self.credentials.user.clone(),
            client: self.system.client.clone(),
        }
    }
}

/// Whether an answer proves that SAP took the password: a logon page or an overloaded proxy does not.
fn let_in(status: StatusCode, headers: &HeaderMap) -> bool {
    let html = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|kind| kind.contains("html"));
    !html
        && (status.is_success() || status.is_client_error())
        && status != StatusCode::TOO_MANY_REQUESTS
}

/// A password leaves this machine encrypted or not at all, and does not stand in an address.
fn protected(base_url: &str) -> Result<(), String> {
    let url = Url::parse(base_url).map_err(|error| format!("the address is none: {error}"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("the address holds a user or password; they belong in the secret store".into());
    }
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let loopback =
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    match url.scheme() {
        "https" => Ok(()),
        "http" if loopback => Ok(()),
        scheme => Err(format!(
            "CFG-TLS: {base_url} uses {scheme}; only https is allowed outside this machine"
        )),
    }
}

/// The innermost cause, which is the one that helps.
fn describe(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "time-out".to_owned();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
