//! One HTTP session with SAP: cookies, credentials, limits. No redirects, no hidden retries.

use std::net::IpAddr;
use std::sync::Arc;

use reqwest::cookie::{CookieStore, Jar};
use reqwest::header::{CONTENT_TYPE, COOKIE, HeaderMap, SET_COOKIE, WWW_AUTHENTICATE};
use reqwest::{Client, ClientBuilder, Method, RequestBuilder, StatusCode, Url};
use rustls::ClientConfig;

use super::auth::{self, Access, Authenticator, Proof};
use super::carrier::{Carrier, Lost};
use super::error::SapError;
use super::logon::Logon;
use super::system::{Proxy, SapSystem};
use super::tls::{self, Seen, ServerCertificate};

/// Largest answer that is read.
const BODY_BYTES_MAX: usize = 256 << 20;
/// Most bytes for which room is made before they come.
const BODY_BYTES_RESERVED_MAX: u64 = 16 << 20;

/// A session: one cookie jar, one user.
#[derive(Clone)]
pub(super) struct Session {
    pub system: Arc<SapSystem>,
    auth: Arc<Authenticator>,
    client: Client,
    jar: Arc<Jar>,
    logon: Logon,
    /// Shared with the sessions that are made of this one: authorities are read once.
    tls: ClientConfig,
    seen: Seen,
}

/// Why one sending gave no answer to read.
enum Stopped {
    /// 401, or a password that was refused before and did not leave.
    NotLetIn {
        /// Whether the answer says how to prove who asks, which only the one who refuses does.
        asked_who: bool,
    },
    By(SapError),
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
    pub fn new(system: &SapSystem, access: Access) -> Result<Self, SapError> {
        // A provider that is installed already stays.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let setup = |reason: String| SapError::Setup { system: system.id.clone(), reason };
        protected(&system.base_url).map_err(setup)?;
        let auth = Authenticator::new(system, access)?;
        let identity = match &auth.access.method {
            auth::Method::ClientCertificate(files) => Some(files),
            _ => None,
        };
        let seen = Seen::default();
        let tls = tls::client_config(&system.base_url, &system.trust, identity, &seen);
        Self::with(Arc::new(system.clone()), Arc::new(auth), tls.map_err(setup)?, seen)
    }

    fn with(
        system: Arc<SapSystem>,
        auth: Arc<Authenticator>,
        tls: ClientConfig,
        seen: Seen,
    ) -> Result<Self, SapError> {
        let setup = |reason: String| SapError::Setup { system: system.id.clone(), reason };
        let jar = Arc::new(Jar::default());
        let builder = Client::builder()
            .cookie_provider(Arc::clone(&jar))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .tls_backend_preconfigured(tls.clone())
            .timeout(system.timeout)
            .connect_timeout(system.timeout.min(std::time::Duration::from_secs(10)))
            .user_agent(concat!("carbide/", env!("CARGO_PKG_VERSION")));
        let builder = through(builder, &system.proxy).map_err(setup)?;
        let client = builder.build().map_err(|error| setup(error.to_string()))?;
        let logon = Logon::new(&system, &auth.access.user);
        Ok(Self { system, auth, client, jar, logon, tls, seen })
    }

    /// A session of its own with the same user: new cookies.
    pub fn fresh(&self) -> Result<Self, SapError> {
        let (system, auth) = (Arc::clone(&self.system), Arc::clone(&self.auth));
        Self::with(system, auth, self.tls.clone(), self.seen.clone())
    }

    pub fn user(&self) -> &str {
        &self.auth.access.user
    }

    /// The certificate that the server showed last.
    pub fn server_certificate(&self) -> Option<ServerCertificate> {
        self.seen.last()
    }

    /// The address of a path below the system, with client and language.
    pub fn url(&self, path: &str) -> Result<Url, SapError> {
        let text = format!("{}{path}", self.system.base_url.trim_end_matches('/'));
        // Anything else could turn the host before it into a user of another host.
        if !path.starts_with('/') {
            return Err(SapError::Setup {
                system: self.system.id.clone(),
                reason: format!("'{path}' is no path of the system"),
            });
        }
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

    /// A request without proof of who asks: that is added when it is sent.
    pub fn request(&self, method: Method, url: Url) -> RequestBuilder {
        self.client.request(method, url)
    }

    /// Sends once and reads the whole answer.
    pub async fn send(&self, request: RequestBuilder) -> Result<Answer, SapError> {
        self.send_call(request, None).await
    }

    /// Sends once and reads the whole answer; `function` is the function module of a SOAP call.
    ///
    /// A 401 is SAP's word that it did not look at the request. If there is another proof by then, a
    /// new token or password, it is sent once more with that. A password that was refused is never
    /// sent again.
    pub async fn send_call(
        &self,
        request: RequestBuilder,
        function: Option<&str>,
    ) -> Result<Answer, SapError> {
        let request = request.build().map_err(|error| SapError::Setup {
            system: self.system.id.clone(),
            reason: error.without_url().to_string(),
        })?;
        let (method, path) = (request.method().clone(), request.url().path().to_owned());
        let write = method != Method::GET;
        let name = format!("{method} {path}");
        self.system.interfaces.permit(method.as_str(), &path, function).map_err(|request| {
            SapError::OutsideManifest { system: self.system.id.clone(), request }
        })?;
        for (_, expanded) in request.url().query_pairs().filter(|(name, _)| name == "$expand") {
            self.system.interfaces.record_expanded(&path, &expanded);
        }
        let mut proof = self.auth.proof().await?;
        let mut response = self.execute(&request, &name, &proof).await;
        if let Err(Stopped::NotLetIn { asked_who }) = response
            && (asked_who || !write)
            && let Some(newer) = self.auth.renewed(&proof).await?
        {
            tracing::info!(request = name, system = self.system.id, "sent with a new proof");
            proof = newer;
            response = self.execute(&request, &name, &proof).await;
        }
        let mut response = response.map_err(|stopped| match stopped {
            Stopped::NotLetIn { .. } => self.logon_refused(),
            Stopped::By(error) => error,
        })?;
        let (status, headers) = (response.status(), response.headers().clone());
        // What SAP announces is believed as far as a page of it goes.
        let announced = response.content_length();
        let room = announced.unwrap_or(0).min(BODY_BYTES_RESERVED_MAX);
        let mut body = Vec::with_capacity(room as usize);
        while let Some(chunk) = response.chunk().await.map_err(|error| {
            let reason = describe(&error);
            let reason = match announced.map(|length| length.saturating_sub(body.len() as u64)) {
                Some(missing) if !error.is_timeout() => {
                    format!("ODATA-TRUNC: connection ended {missing} bytes early: {reason}")
                }
                _ => reason,
            };
            self.no_answer(&name, reason)
        })? {
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

    /// One sending with one proof, up to the status of the answer.
    async fn execute(
        &self,
        request: &reqwest::Request,
        name: &str,
        proof: &Proof,
    ) -> Result<reqwest::Response, Stopped> {
        let password = proof.password();
        let leave = match &password {
            // It was refused before, and whoever asked then knew that it may be tried anew.
            Some(password) => Some(
                self.logon
                    .leave(password)
                    .await
                    .map_err(|_| Stopped::NotLetIn { asked_who: true })?,
            ),
            None => None,
        };
        let mut request = request.try_clone().ok_or_else(|| {
            let reason = format!("{name} has a body that cannot be sent");
            Stopped::By(SapError::Setup { system: self.system.id.clone(), reason })
        })?;
        self.auth.show(proof, request.headers_mut()).map_err(Stopped::By)?;
        tracing::debug!(request = name, system = self.system.id, "request");
        let url = format!("{}{}", self.system.base_url, request.url().path());
        let sent = match self.system.network.carrier() {
            Some(carrier) => self.carried(carrier, request, url, name).await,
            None => {
                let sent = self.client.execute(request).await;
                sent.map_err(|error| self.not_sent(&error, url, name))
            }
        };
        let response = sent.map_err(Stopped::By)?;
        // Before the body: a page that breaks off must not hide that the password was wrong.
        if response.status() == StatusCode::UNAUTHORIZED {
            if let Some(password) = &password {
                self.logon.refused(password);
            }
            let asked_who = response.headers().contains_key(WWW_AUTHENTICATE);
            return Err(Stopped::NotLetIn { asked_who });
        }
        if let Some(password) = password.filter(|_| let_in(response.status(), response.headers())) {
            self.logon.accepted(&password);
        }
        drop(leave);
        Ok(response)
    }

    /// What the HTTP client does for a session, where something else carries its requests.
    async fn carried(
        &self,
        carrier: &dyn Carrier,
        mut request: reqwest::Request,
        url: String,
        name: &str,
    ) -> Result<reqwest::Response, SapError> {
        let address = request.url().clone();
        if let Some(cookies) = self.jar.cookies(&address) {
            request.headers_mut().insert(COOKIE, cookies);
        }
        let response = carrier.carry(request).await.map_err(|lost| match lost {
            Lost::NoAnswer(reason) => self.no_answer(name, reason),
            Lost::NotReachable(reason) => {
                SapError::NotReachable { system: self.system.id.clone(), url, reason }
            }
        })?;
        self.jar.set_cookies(&mut response.headers().get_all(SET_COOKIE).iter(), &address);
        Ok(response)
    }

    /// Why no answer began.
    fn not_sent(&self, error: &reqwest::Error, url: String, request: &str) -> SapError {
        let (system, reason) = (self.system.id.clone(), describe(error));
        if !error.is_connect() {
            return self.no_answer(request, reason);
        }
        if reason.starts_with("CFG-CA") || reason.starts_with("TLS-PIN") {
            return SapError::NotTrusted { system, url, reason };
        }
        SapError::NotReachable { system, url, reason }
    }

    pub fn no_answer(&self, request: &str, reason: String) -> SapError {
        let system = self.system.id.clone();
        SapError::NoAnswer { system, request: request.to_owned(), reason }
    }

    fn logon_refused(&self) -> SapError {
        SapError::LogonRefused {
            system: self.system.id.clone(),
            user: self.user().to_owned(),
            client: self.system.client.clone(),
        }
    }
}

/// The client, with its way out of this network.
fn through(builder: ClientBuilder, proxy: &Proxy) -> Result<ClientBuilder, String> {
    let (url, no_proxy, credentials) = match proxy {
        Proxy::None => return Ok(builder.no_proxy()),
        Proxy::Environment => return Ok(builder),
        Proxy::At { url, no_proxy, credentials } => (url, no_proxy, credentials),
    };
    let mut proxy = reqwest::Proxy::all(url)
        .map_err(|error| format!("the proxy's address is none: {}", error.without_url()))?
        .no_proxy(reqwest::NoProxy::from_string(no_proxy));
    if let Some((user, place)) = credentials {
        proxy = proxy.basic_auth(user, place.fetch()?.expose());
    }
    Ok(builder.proxy(proxy))
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
pub(super) fn protected(base_url: &str) -> Result<(), String> {
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
pub(super) fn describe(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "time-out".to_owned();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    // What our own verifier says is unexpected to rustls only.
    let text = cause.to_string();
    text.strip_prefix("unexpected error: ").map_or(text.clone(), str::to_owned)
}
