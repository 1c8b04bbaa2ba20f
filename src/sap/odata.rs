//! OData V2 and V4 as SAP Gateway speaks them.

mod entity;

mod failure;

mod query;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE, ETAG, HeaderValue, IF_MATCH};
use reqwest::{Method, Url};
use serde_json::{Map, Value};
use tokio::sync::Mutex;

pub use entity::Entity;
pub use query::{Filter, Key, Literal, Query};

use super::error::SapError;
use super::http::{Answer, Session};
use super::system::{Credentials, SapSystem};

/// How often a read is tried in all when the network or the server fails.
const READ_ATTEMPTS: u32 = 4;

/// Most pages of one read: a server that never ends is stopped.
const PAGES_MAX: usize = 100_000;

/// OData version of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// `{"d":{"results":[..]}}`
    V2,
    /// `{"value":[..]}`
    V4,
}

/// A service of the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Service {
    /// Technical name, for messages and rights.
    pub name: &'static str,
    /// Path below the host, without a trailing slash.
    pub path: &'static str,
    /// Version that it speaks.
    pub version: Version,
}

/// Identifies one write to SAP: the same bytes sent twice carry the same id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId {
    /// 32 hexadecimal digits.
    pub id: String,
    /// When it was first sent, ISO 8601 in UTC.
    pub first_sent: String,
}

/// A client of one system. Clones share cookies, CSRF tokens and the memory of a refused logon.
#[derive(Clone)]
pub struct ODataClient {
    session: Session,
    /// One token a service, bound to the cookies of the session; one fetch at a time.
    tokens: Arc<Mutex<std::collections::BTreeMap<&'static str, HeaderValue>>>,
}

impl ODataClient {
    /// A client with a session of its own.
    ///
    /// # Errors
    ///
    /// [`SapError::Setup`] if the CA file cannot be read or the client cannot be built.
    pub fn new(system: &SapSystem, credentials: &Credentials) -> Result<Self, SapError> {
        Ok(Self { session: Session::new(system, credentials)?, tokens: Arc::default() })
    }

    /// The system that this client talks to.
    pub fn system(&self) -> &SapSystem {
        &self.session.system
    }

    /// The user that this client logs on with.
    pub fn user(&self) -> &str {
        self.session.user()
    }

    /// Every row of `query`, following pages to the end.
    ///
    /// Pages are handed to `on_page` as they come (rows so far, rows announced), and the rows are
    /// counted against what SAP announced. A page that fails on the network is read again.
    ///
    /// # Errors
    ///
    /// [`SapError`]; nothing is returned unless everything was read.
    pub async fn read(
        &self,
        service: Service,
        query: &Query,
        mut on_page: impl FnMut(usize, Option<usize>),
    ) -> Result<Vec<Entity>, SapError> {
        let mut url = self.session.url(&format!(
            "{}/{}?{}",
            service.path,
            query.set,
            query.text(service.version)
        ))?;
        let (mut rows, mut announced, mut seen) = (Vec::new(), None, HashSet::new());
        loop {
            if !seen.insert(url.to_string()) || seen.len() > PAGES_MAX {
                return Err(
                    self.moved(query.set, format!("next link repeats after {} pages", seen.len()))
                );
            }
            let page = self.page(service, &url).await?;
            announced = announced.or(page.count);
            rows.extend(page.rows.into_iter().map(|fields| Entity::new(query.set, fields)));
            on_page(rows.len(), announced);
            match page.next {
                Some(link) => url = self.followed(&url, &link)?,
                None => break,
            }
        }
        self.complete(query.set, &rows, announced)?;
        Ok(rows)
    }

    /// One row by its key; `None` if SAP says that it does not exist.
    ///
    /// # Errors
    ///
    /// [`SapError`].
    pub async fn read_one(
        &self,
        service: Service,
        set: &'static str,
        key: &Key,
    ) -> Result<Option<Entity>, SapError> {
        let mut path = format!("{}/{set}{}", service.path, key.text(service.version));
        if service.version == Version::V2 {
            path.push_str("?$format=json");
        }
        let url = self.session.url(&path)?;
        match self.get(service, &url).await {
            Ok(answer) => {
                let etag = answer.header("etag").map(str::to_owned);
                let object = failure::json(&self.session.system.id, &path, &answer, false)?;
                let mut entity = Entity::new(set, row(object));
                entity.etag = entity.etag.or(etag);
                Ok(Some(entity))
            }
            Err(error) if error.status() == Some(404) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Creates a row and returns it as SAP stored it.
    ///
    /// # Errors
    ///
    /// [`SapError`]; look at its outcome before doing anything else.
    pub async fn create(
        &self,
        service: Service,
        set: &'static str,
        fields: &Map<String, Value>,
        id: &RequestId,
    ) -> Result<Entity, SapError> {
        let path = format!("{}/{set}", service.path);
        let answer = self.write(Method::POST, service, &path, None, Some(fields), id).await?;
        let etag = answer.headers.get(ETAG).and_then(|v| v.to_str().ok()).map(str::to_owned);
        let object = failure::json(&self.session.system.id, &path, &answer, true)?;
        let mut entity = Entity::new(set, row(object));
        entity.etag = entity.etag.or(etag);
        Ok(entity)
    }

    /// Changes fields of a row that still has the version `etag`.
    ///
    /// # Errors
    ///
    /// [`SapError`]; status 412 if somebody changed the row.
    pub async fn update(
        &self,
        service: Service,
        set: &'static str,
        key: &Key,
        etag: &str,
        fields: &Map<String, Value>,
        id: &RequestId,
    ) -> Result<(), SapError> {
        let path = format!("{}/{set}{}", service.path, key.text(service.version));
        self.write(Method::PATCH, service, &path, Some(etag), Some(fields), id).await.map(drop)
    }

    /// Deletes a row that still has the version `etag`.
    ///
    /// # Errors
    ///
    /// [`SapError`]; status 412 if somebody changed the row, 404 if it is gone.
    pub async fn delete(
        &self,
        service: Service,
        set: &'static str,
        key: &Key,
        etag: &str,
        id: &RequestId,
    ) -> Result<(), SapError> {
        let path = format!("{}/{set}{}", service.path, key.text(service.version));
        self.write(Method::DELETE, service, &path, Some(etag), None, id).await.map(drop)
    }

    /// Whether the service answers to this user: reads its service document.
    ///
    /// # Errors
    ///
    /// [`SapError`] that says what is missing.
    pub async fn ping(&self, service: Service) -> Result<(), SapError> {
        let url = self.session.url(&format!("{}/", service.path))?;
        self.get(service, &url).await.map(drop)
    }

    /// Sends one write. CSRF: SAP refuses a missing or expired token before it looks at the request,
    /// so one more attempt with a new token is the same attempt.
    async fn write(
        &self,
        method: Method,
        service: Service,
        path: &str,
        etag: Option<&str>,
        fields: Option<&Map<String, Value>>,
        id: &RequestId,
    ) -> Result<Answer, SapError> {
        let mut token = self.token(service, None).await?;
        for last in [false, true] {
            let url = self.session.url(path)?;
            let mut request = self
                .session
                .request(method.clone(), url)
                .header(ACCEPT, accept(service.version))
                .header("x-csrf-token", token.clone())
                .header("RequestID", &id.id)
                .header("RepeatabilityCreation", &id.first_sent)
                .header("Repeatability-Request-ID", &id.id)
                .header("Repeatability-First-Sent", &id.first_sent);
            if let Some(etag) = etag {
                request = request.header(IF_MATCH, etag);
            }
            if let Some(fields) = fields {
                let body = serde_json::to_vec(fields).expect("a map of JSON values is JSON");
                request = request.header(CONTENT_TYPE, "application/json").body(body);
            }
            let answer = self.session.send(request).await?;
            let wants_token = answer.status == 403
                && answer
                    .header("x-csrf-token")
                    .is_some_and(|v| v.eq_ignore_ascii_case("required"));
            if wants_token && !last {
                token = self.token(service, Some(&token)).await?;
                continue;
            }
            if let Some(message) = answer.header("sap-message") {
                tracing::warn!(system = self.session.system.id, path, message, "SAP says");
            }
            return failure::checked(&self.session, &format!("{method} {path}"), answer, true);
        }
        unreachable!("the second attempt returns")
    }

    /// The token of a service: fetched if there is none or if it is the one that was refused.
    async fn token(
        &self,
        service: Service,
        refused: Option<&HeaderValue>,
    ) -> Result<HeaderValue, SapError> {
        let mut tokens = self.tokens.lock().await;
        if let Some(token) = tokens.get(service.path).filter(|token| Some(*token) != refused) {
            return Ok(token.clone());
        }
        for path in [format!("{}/", service.path), format!("{}/$metadata", service.path)] {
            let url = self.session.url(&path)?;
            let request = self.session.request(Method::GET, url).header("x-csrf-token", "fetch");
            let answer = self.session.send(request).await?;
            let answer = failure::checked(&self.session, &format!("GET {path}"), answer, false)?;
            if let Some(token) = answer.headers.get("x-csrf-token") {
                tokens.insert(service.path, token.clone());
                return Ok(token.clone());
            }
        }
        Err(SapError::Setup {
            system: self.session.system.id.clone(),
            reason: format!("{} hands out no CSRF token; nothing was sent", service.name),
        })
    }

    /// A read, repeated within bounds when the network or the server fails.
    async fn get(&self, service: Service, url: &Url) -> Result<Answer, SapError> {
        let name = format!("GET {}", url.path());
        let mut attempt = 1;
        loop {
            let request = self
                .session
                .request(Method::GET, url.clone())
                .header(ACCEPT, accept(service.version));
            let result = match self.session.send(request).await {
                Ok(answer) => failure::checked(&self.session, &name, answer, false),
                Err(error) => Err(error),
            };
            match result {
                Err(error) if attempt < READ_ATTEMPTS && passing(&error) => {
                    tracing::info!(attempt, %error, "reading again");
                    tokio::time::sleep(Duration::from_millis(100 << attempt)).await;
                    attempt += 1;
                }
                result => return result,
            }
        }
    }

    async fn page(&self, service: Service, url: &Url) -> Result<Page, SapError> {
        let mut attempt = 1;
        loop {
            let answer = self.get(service, url).await?;
            let object = failure::json(&self.session.system.id, url.path(), &answer, false);
            match object.and_then(|object| page(&self.session.system.id, service, url, object)) {
                // A page that breaks off is read again; the same damage twice is an answer.
                Err(SapError::Damaged { .. }) if attempt == 1 => attempt += 1,
                result => return result,
            }
        }
    }

    /// A next link, re-based on the configured host: a reverse proxy may name another one, but only
    /// the path of the same service is followed.
    fn followed(&self, from: &Url, link: &str) -> Result<Url, SapError> {
        let foreign = || SapError::ForeignLink {
            system: self.session.system.id.clone(),
            link: link.to_owned(),
            base: self.session.system.base_url.clone(),
        };
        let mut base = from.clone();
        base.set_query(None);
        let next = base.join(link).map_err(|_| foreign())?;
        let own = (next.scheme(), next.host_str(), next.port_or_known_default())
            == (from.scheme(), from.host_str(), from.port_or_known_default());
        if !own || next.path() != from.path() {
            return Err(foreign());
        }
        let query = next.query().unwrap_or_default();
        self.session.url(&format!("{}?{query}", next.path()))
    }

    fn complete(
        &self,
        set: &str,
        rows: &[Entity],
        announced: Option<usize>,
    ) -> Result<(), SapError> {
        if let Some(announced) = announced.filter(|count| *count != rows.len()) {
            let what = format!("SAP announced {announced} rows and sent {}", rows.len());
            return Err(self.moved(set, what));
        }
        let mut seen = HashSet::with_capacity(rows.len());
        for (index, row) in rows.iter().enumerate() {
            let fields = serde_json::to_string(&row.fields).expect("JSON values are JSON");
            if !seen.insert(fields) {
                return Err(self.moved(set, format!("row {index} came twice")));
            }
        }
        Ok(())
    }

    fn moved(&self, set: &str, what: String) -> SapError {
        SapError::Moved { system: self.session.system.id.clone(), entity: set.to_owned(), what }
    }
}

struct Page {
    rows: Vec<Map<String, Value>>,
    next: Option<String>,
    count: Option<usize>,
}

/// Whether a failed read may succeed a moment later.
fn passing(error: &SapError) -> bool {
    match error {
        SapError::NoAnswer { .. } | SapError::NotReachable { .. } => true,
        SapError::Refused { status, .. } => matches!(status, 429 | 500 | 502 | 503 | 504),
        _ => false,
    }
}

fn accept(version: Version) -> &'static str {
    match version {
        Version::V2 => "application/json",
        // Quantities have up to 14 decimals: as strings, not as numbers.
        Version::V4 => "application/json;IEEE754Compatible=true",
    }
}

/// The object of one row: V2 wraps it in `d`.
fn row(mut object: Map<String, Value>) -> Map<String, Value> {
    match object.remove("d") {
        Some(Value::Object(inner)) => inner,
        _ => object,
    }
}

fn page(
    system: &str,
    service: Service,
    url: &Url,
    mut object: Map<String, Value>,
) -> Result<Page, SapError> {
    let wrong = |reason: &str| SapError::Damaged {
        system: system.to_owned(),
        request: format!("GET {}", url.path()),
        bytes: 0,
        reason: format!("ODATA-VERSION: {reason}"),
        write: false,
    };
    let text = |value: Option<Value>| value.and_then(|v| v.as_str().map(str::to_owned));
    let count = |value: Option<Value>| match value {
        Some(Value::String(text)) => text.parse().ok(),
        Some(Value::Number(number)) => number.as_u64().and_then(|n| usize::try_from(n).ok()),
        _ => None,
    };
    let (rows, next, count) = match service.version {
        Version::V2 => {
            let Some(Value::Object(mut d)) = object.remove("d") else {
                return Err(wrong("the service was expected to speak V2 and does not"));
            };
            (d.remove("results"), text(d.remove("__next")), count(d.remove("__count")))
        }
        Version::V4 => (
            object.remove("value"),
            text(object.remove("@odata.nextLink")),
            count(object.remove("@odata.count")),
        ),
    };
    let Some(Value::Array(rows)) = rows else {
        return Err(wrong("the answer holds no rows"));
    };
    let rows = rows.into_iter().map(|row| match row {
        Value::Object(fields) => Ok(fields),
        _ => Err(wrong("a row is no object")),
    });
    Ok(Page { rows: rows.collect::<Result<_, _>>()?, next, count })
}
