//! HTTP: logon, CSRF, routing. What every request meets before a service sees it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract;
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::books::{Books, Edit};
use super::exec::Caller;
use super::faults::{Fault, Faults, Kind};
use super::metadata::{self, Service};
use super::planning::Pressed;
use super::{SandboxOptions, batch, data_service, rfc};

const SESSION_COOKIE: &str = "SAP_SESSIONID_SBX_100";
const LOCKED_AFTER: u32 = 5;

/// Everything that requests share.
pub struct State {
    pub services: Arc<Vec<Service>>,
    pub page_rows: usize,
    pub companion: bool,
    pub profiles: Vec<String>,
    user: String,
    password: String,
    books: Mutex<Books>,
    faults: Mutex<Faults>,
}

impl State {
    pub fn new(options: &SandboxOptions) -> Result<Self, String> {
        let services = Arc::new(metadata::services_with(&options.own_fields)?);
        Ok(Self {
            books: Mutex::new(Books::new(&services)),
            faults: Mutex::default(),
            page_rows: options.page_rows.max(1),
            companion: options.companion,
            profiles: options.profiles.clone(),
            user: options.user.clone(),
            password: options.password.clone(),
            services,
        })
    }

    /// The same system with fresh data: no more than planned orders and documents need.
    pub fn another(&self) -> Self {
        Self {
            services: Arc::clone(&self.services),
            page_rows: self.page_rows,
            companion: self.companion,
            profiles: self.profiles.clone(),
            user: self.user.clone(),
            password: self.password.clone(),
            books: Mutex::new(Books::with(&self.services, &["A_Product", "ProductionVersion"])),
            faults: Mutex::default(),
        }
    }

    pub fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request with what the server found out about it.
pub struct Request<'a> {
    pub method: Method,
    pub path: String,
    pub query: Vec<(String, String)>,
    pub headers: &'a HeaderMap,
    pub body: &'a str,
    pub user: String,
    pub host: String,
    pub fault: Option<Kind>,
}

impl Request<'_> {
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// An answer before it becomes bytes.
pub struct Answer {
    pub status: u16,
    pub content_type: &'static str,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

impl Answer {
    pub fn new(status: u16, content_type: &'static str, body: String) -> Self {
        Self { status, content_type, headers: Vec::new(), body }
    }

    pub fn with(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }
}

/// Answers every request to the sandbox.
pub async fn answer(
    extract::State(state): extract::State<Arc<State>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let path = percent_encoding::percent_decode_str(uri.path()).decode_utf8_lossy().into_owned();
    if path.starts_with("/sandbox/") {
        return respond(oracle(&state, &method, &path, &body));
    }
    // A SOAP call is told from another by the function that its body names.
    let text = String::from_utf8_lossy(&body);
    let function = rfc::function_of(&text).unwrap_or_default();
    let name = format!("{method} {path} {function}");
    let fault = state.faults.lock().unwrap_or_else(PoisonError::into_inner).next(&name);
    if let Some(broken) = fault.as_ref().and_then(before(&state)) {
        return respond(broken);
    }
    if let Some(Fault { kind: Kind::Delay, milliseconds, .. }) = fault {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    }
    let kind = fault.map(|fault| fault.kind);
    let mut answer = handle(&state, method, &uri, path, &headers, &text, kind);
    match kind {
        Some(Kind::DropResponse) => return dropped(),
        Some(Kind::TruncateAnswer) => {
            let half =
                (0..=answer.body.len() / 2).rev().find(|at| answer.body.is_char_boundary(*at));
            answer.body.truncate(half.unwrap_or(0));
        }
        _ => {}
    }
    respond(answer)
}

fn before(state: &State) -> impl Fn(&Fault) -> Option<Answer> {
    move |fault| match fault.kind {
        Kind::Overloaded => {
            let text = "<html><body>503 Service Unavailable</body></html>";
            Some(Answer::new(503, "text/html", text.to_owned()))
        }
        Kind::HtmlPage => {
            let text = "<html><body><form>Please log on</form></body></html>";
            Some(Answer::new(200, "text/html; charset=utf-8", text.to_owned()))
        }
        Kind::ForgetToken => {
            state.books().sessions.clear();
            None
        }
        _ => None,
    }
}

/// Promises more than it sends and closes: the client sees a connection that broke.
fn dropped() -> Response<Body> {
    let broken = futures_body();
    Response::builder()
        .status(StatusCode::OK)
        .header(header::CONTENT_LENGTH, "1000")
        .body(broken)
        .unwrap_or_default()
}

fn futures_body() -> Body {
    struct Broken;
    impl axum::body::HttpBody for Broken {
        type Data = Bytes;
        type Error = std::io::Error;
        fn poll_frame(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
            let error = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
            std::task::Poll::Ready(Some(Err(error)))
        }
    }
    Body::new(Broken)
}

fn handle(
    state: &State,
    method: Method,
    uri: &Uri,
    path: String,
    headers: &HeaderMap,
    body: &str,
    fault: Option<Kind>,
) -> Answer {
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if let Err(refused) = logon(state, text(header::AUTHORIZATION)) {
        return refused;
    }
    let query = query_of(uri.query().unwrap_or_default());
    let request = Request {
        method,
        path,
        query,
        headers,
        body,
        user: state.user.clone(),
        host: text(header::HOST).unwrap_or("localhost").to_owned(),
        fault,
    };
    if request.query("sap-client").is_some_and(|client| client != "100") {
        return logon_page(401, "Client does not exist");
    }
    if request.path == "/sap/bc/soap/rfc" {
        return rfc::answer(state, &request);
    }
    let service = state.services.iter().find(|service| {
        let rest = request.path.strip_prefix(service.path);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    let Some(service) = service else {
        return data_service::error(
            404,
            "/IWFND/MED/170",
            &format!("No service found for {}", request.path),
            2,
        );
    };
    let (cookie, security) = session(headers);
    if request.method == Method::GET {
        let answer = data_service::read(state, service, &request);
        let wants = request.header("x-csrf-token").is_some_and(|v| v.eq_ignore_ascii_case("fetch"));
        return if wants { hand_out_token(state, answer, cookie) } else { answer };
    }
    let known = state.books().sessions.get(&security).cloned();
    if known.is_none() || known.as_deref() != request.header("x-csrf-token") {
        return Answer::new(403, "text/plain", "CSRF token validation failed".to_owned())
            .with("x-csrf-token", "Required".to_owned());
    }
    if request.path.ends_with("/$batch") {
        return batch::answer(state, service, &request);
    }
    data_service::write(state, service, &request)
}

/// The parameters of a query.
pub fn query_of(text: &str) -> Vec<(String, String)> {
    let decoded = |part: &str| {
        let plain = part.replace('+', " ");
        percent_encoding::percent_decode_str(&plain).decode_utf8_lossy().into_owned()
    };
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        })
        .collect()
}

/// The security session of a request: whether it has one, and its id.
fn session(headers: &HeaderMap) -> (Option<String>, String) {
    let found = cookie(headers, SESSION_COOKIE);
    (found.clone(), found.unwrap_or_default())
}

/// A cookie by name.
pub fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|p| p.trim().split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
}

fn hand_out_token(state: &State, answer: Answer, cookie: Option<String>) -> Answer {
    let mut books = state.books();
    let session = cookie.clone().unwrap_or_else(|| books.fresh_id("S"));
    let fresh = books.fresh_id("T");
    let token = books.sessions.entry(session.clone()).or_insert(fresh).clone();
    let answer = answer.with("x-csrf-token", token);
    if cookie.is_some() {
        return answer;
    }
    answer
        .with("set-cookie", format!("{SESSION_COOKIE}={session}; path=/; HttpOnly"))
        .with("set-cookie", "sap-usercontext=sap-client=100; path=/".to_owned())
}

fn logon(state: &State, authorization: Option<&str>) -> Result<(), Answer> {
    let expected = STANDARD.encode(format!("{}:{}", state.user, state.password));
    let given = authorization.and_then(|text| text.strip_prefix("Basic "));
    let mut books = state.books();
    if books.failed_logons >= LOCKED_AFTER {
        return Err(logon_page(401, "User is locked"));
    }
    if given == Some(expected.as_str()) {
        books.failed_logons = 0;
        return Ok(());
    }
    if given.is_some() {
        books.failed_logons += 1;
    }
    Err(logon_page(401, "Logon failed"))
}

fn logon_page(status: u16, text: &str) -> Answer {
    let page = format!("<html><body><h1>{text}</h1></body></html>");
    Answer::new(status, "text/html; charset=utf-8", page).with(
        "www-authenticate",
        "Basic realm=\"SAP NetWeaver Application Server [SBX/100]\"".into(),
    )
}

/// What is no SAP: the truth, and the orders to misbehave.
fn oracle(state: &State, method: &Method, path: &str, body: &[u8]) -> Answer {
    let json = |value: serde_json::Value| Answer::new(200, "application/json", value.to_string());
    match (method.as_str(), path) {
        ("GET", "/sandbox/ledger") => json(state.books().ledger()),
        ("GET", "/sandbox/planned-orders") => json(state.books().planned_orders()),
        ("GET", "/sandbox/served") => json(state.books().served()),
        ("POST", "/sandbox/edit") => match serde_json::from_slice::<Edit>(body) {
            Ok(edit) => match state.books().edit(&state.services, &edit) {
                true => json(json!({ "done": true })),
                false => Answer::new(404, "text/plain", format!("no set {}", edit.set)),
            },
            Err(error) => Answer::new(400, "text/plain", error.to_string()),
        },
        ("GET", "/sandbox/planning") => json(json!(state.books().planning)),
        ("POST", "/sandbox/press") => match serde_json::from_slice::<Pressed>(body) {
            Ok(pressed) => {
                let (now, user) = (jiff::Timestamp::now(), pressed.user.as_str());
                let planner = Caller { now, user, authorized: true, locked_by: "" };
                let (requirement, action) = (&pressed.requirement, &pressed.action);
                match state.books().planning.request(&planner, requirement, action) {
                    Ok(()) => json(json!({ "done": true })),
                    Err(said) => Answer::new(400, "text/plain", said.text),
                }
            }
            Err(error) => Answer::new(400, "text/plain", error.to_string()),
        },
        ("DELETE", "/sandbox/faults") => {
            *state.faults.lock().unwrap_or_else(PoisonError::into_inner) = Faults::default();
            json(json!({ "faults": 0 }))
        }
        ("POST", "/sandbox/faults") => match serde_json::from_slice::<Fault>(body) {
            Ok(fault) => {
                state.faults.lock().unwrap_or_else(PoisonError::into_inner).add(fault);
                json(json!({ "accepted": true }))
            }
            Err(error) => Answer::new(400, "text/plain", error.to_string()),
        },
        _ => Answer::new(404, "text/plain", "no such thing in the sandbox".to_owned()),
    }
}

fn respond(answer: Answer) -> Response<Body> {
    let mut response =
        Response::builder().status(answer.status).header(header::CONTENT_TYPE, answer.content_type);
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(answer.body)).unwrap_or_else(|error| {
        tracing::error!(%error, "an answer of the sandbox has a header that HTTP forbids");
        Response::default()
    })
}
