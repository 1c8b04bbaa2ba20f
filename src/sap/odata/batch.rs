//! Several requests to one service in one: reads, and change sets of which SAP does all or nothing.
//!
//! OData V2 and V4 as `multipart/mixed` (OData 2.0 Batch Processing; OData 4.01 Protocol, 11.7.7),
//! V4 also as JSON (OData JSON Format 4.01, 19). Many services of SAP Gateway take one change a
//! change set only: whoever does not know the service puts each change into one of its own.

mod json;

mod multipart;

use reqwest::Method;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value};

use super::super::error::SapError;
use super::super::http::Answer;
use super::page::{Page, followed};
use super::{Entity, Key, ODataClient, PageMark, Query, RequestId, Service, Version};
use super::{failure, retry};

/// Most requests of one batch: SAP works them off in one dialog step.
pub const REQUESTS_MAX: usize = 100;

/// How a batch is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `multipart/mixed`; the only one of V2.
    Multipart,
    /// JSON; V4 only.
    Json,
}

/// A change of one row.
#[derive(Clone, Debug)]
pub struct Change {
    method: Method,
    set: &'static str,
    key: Option<Key>,
    etag: Option<String>,
    fields: Option<Map<String, Value>>,
    id: RequestId,
}

impl Change {
    /// A row that is to be created.
    pub fn create(set: &'static str, fields: Map<String, Value>, id: RequestId) -> Self {
        Self { method: Method::POST, set, key: None, etag: None, fields: Some(fields), id }
    }

    /// Fields of a row that still has the version `etag`.
    pub fn update(
        set: &'static str,
        key: Key,
        etag: &str,
        fields: Map<String, Value>,
        id: RequestId,
    ) -> Self {
        let (key, etag) = (Some(key), Some(etag.to_owned()));
        Self { method: Method::PATCH, set, key, etag, fields: Some(fields), id }
    }

    /// A row that is to be deleted if it still has the version `etag`.
    pub fn delete(set: &'static str, key: Key, etag: &str, id: RequestId) -> Self {
        let (key, etag) = (Some(key), Some(etag.to_owned()));
        Self { method: Method::DELETE, set, key, etag, fields: None, id }
    }
}

/// One entry of a batch.
#[derive(Clone, Debug)]
enum Entry {
    Read { set: &'static str, text: String },
    Changes(Vec<Change>),
}

/// Requests to one service that are sent together.
#[derive(Clone, Debug)]
pub struct Batch {
    service: Service,
    entries: Vec<Entry>,
}

/// What an entry of a batch was answered with.
#[derive(Clone, Debug)]
pub enum Answered {
    /// Every row of a read, further pages included.
    Rows(Vec<Entity>),
    /// All changes of a change set were done; the rows as SAP sent them back, if it did.
    Changed(Vec<Option<Entity>>),
}

impl Batch {
    /// An empty batch.
    pub fn new(service: Service) -> Self {
        Self { service, entries: Vec::new() }
    }

    /// One more read.
    #[must_use]
    pub fn read(mut self, query: &Query) -> Self {
        let text = query.text(self.service.version);
        self.entries.push(Entry::Read { set: query.set, text });
        self
    }

    /// One more change set: SAP does all of it or nothing.
    #[must_use]
    pub fn change_set(mut self, changes: Vec<Change>) -> Self {
        self.entries.push(Entry::Changes(changes));
        self
    }

    /// The requests of each entry, flat.
    fn requests(&self) -> Vec<Vec<Part>> {
        let version = self.service.version;
        let accept = ("Accept", retry::accept(version).to_owned());
        let parts = |entry: &Entry| match entry {
            Entry::Read { set, text } => {
                vec![Part {
                    method: Method::GET,
                    set,
                    address: format!("{set}?{text}"),
                    headers: vec![accept.clone()],
                    body: None,
                }]
            }
            Entry::Changes(changes) => changes.iter().map(|change| change.part(version)).collect(),
        };
        self.entries.iter().map(parts).collect()
    }
}

/// One request inside of a batch.
struct Part {
    method: Method,
    set: &'static str,
    /// Relative to the service.
    address: String,
    headers: Vec<(&'static str, String)>,
    body: Option<Value>,
}

impl Change {
    fn part(&self, version: Version) -> Part {
        let key = self.key.as_ref().map(|key| key.text(version)).unwrap_or_default();
        let mut headers = vec![("Accept", retry::accept(version).to_owned())];
        headers.extend(super::write::repeatability(&self.id));
        headers.extend(self.etag.clone().map(|etag| ("If-Match", etag)));
        if self.fields.is_some() {
            headers.push(("Content-Type", "application/json".to_owned()));
        }
        Part {
            method: self.method.clone(),
            set: self.set,
            address: format!("{}{key}", self.set),
            headers,
            body: self.fields.clone().map(Value::Object),
        }
    }
}

/// The answers that came for one entry. A change set that failed has one, of whichever change.
type Answers = Vec<Answer>;

impl ODataClient {
    /// Sends a batch once. In the order of its entries: what SAP answered, or why it refused; a
    /// change set that SAP did not answer has an error whose outcome is unknown.
    ///
    /// # Errors
    ///
    /// [`SapError`] if the batch as a whole has no answer; then every change in it has this outcome.
    pub async fn batch(
        &self,
        batch: &Batch,
        format: Format,
    ) -> Result<Vec<Result<Answered, SapError>>, SapError> {
        let service = batch.service;
        let requests = batch.requests();
        let count = requests.iter().map(Vec::len).sum::<usize>();
        let setup = |reason: String| SapError::Setup { system: self.system().id.clone(), reason };
        if count == 0 || count > REQUESTS_MAX || requests.iter().any(Vec::is_empty) {
            let reason = format!("a batch of {count} requests; 1 to {REQUESTS_MAX} are possible");
            return Err(setup(reason));
        }
        if format == Format::Json && service.version == Version::V2 {
            return Err(setup(format!("{} speaks V2, which has no batch in JSON", service.name)));
        }
        let found = self.send_batch(batch, &requests, format).await?;
        let answers = found.iter().flatten().count();
        let mut found = found.into_iter();
        let mut answered = Vec::with_capacity(requests.len());
        for (entry, parts) in batch.entries.iter().zip(&requests) {
            let answer = found.next().flatten();
            let writes = matches!(entry, Entry::Changes(_));
            let result = match answer.filter(|answer| !answer.is_empty()) {
                None => Err(SapError::BatchShort {
                    system: self.system().id.clone(),
                    service: service.name.to_owned(),
                    requests: requests.len(),
                    answers,
                    write: writes,
                }),
                Some(answer) if writes => self.changed(service, parts, answer),
                Some(mut answer) => self.all_rows(service, &parts[0], answer.swap_remove(0)).await,
            };
            answered.push(result);
        }
        Ok(answered)
    }

    /// The answers of each entry, in order; fewer if SAP sent fewer.
    async fn send_batch(
        &self,
        batch: &Batch,
        requests: &[Vec<Part>],
        format: Format,
    ) -> Result<Vec<Option<Answers>>, SapError> {
        let service = batch.service;
        let path = format!("{}/$batch", service.path);
        for part in requests.iter().flatten() {
            // A line end in an address or a version would begin a header of its own.
            let plain = |text: &str| HeaderValue::from_str(text).is_ok();
            let address = !part.address.contains(' ') && plain(&part.address);
            if !address || !part.headers.iter().all(|(_, value)| plain(value)) {
                return Err(SapError::Setup {
                    system: self.system().id.clone(),
                    reason: format!("{} of a batch cannot be sent as it is", part.address),
                });
            }
            // Each request is asked for by itself: a batch is no way around the manifest.
            let inside = part.address.split('?').next().unwrap_or_default();
            let permitted = self.session.system.interfaces.permit(
                part.method.as_str(),
                &format!("{}/{inside}", service.path),
                None,
            );
            permitted.map_err(|request| SapError::OutsideManifest {
                system: self.system().id.clone(),
                request,
            })?;
        }
        let writes = batch.entries.iter().any(|entry| matches!(entry, Entry::Changes(_)));
        let is_set: Vec<bool> =
            batch.entries.iter().map(|entry| matches!(entry, Entry::Changes(_))).collect();
        let (content_type, body) = match format {
            Format::Multipart => multipart::written(requests, &is_set),
            Format::Json => ("application/json".to_owned(), json::written(requests, &is_set)),
        };
        let accept = match format {
            Format::Multipart => "multipart/mixed",
            Format::Json => retry::accept(service.version),
        };
        let name = format!("POST {path}");
        let answer = self
            .posted(service, &name, writes, || {
                let url = self.session.url(&path)?;
                let request = self.session.request(Method::POST, url).header(ACCEPT, accept);
                Ok(request.header(CONTENT_TYPE, &content_type).body(body.clone()))
            })
            .await?;
        let answer = failure::checked(&self.session, &name, answer, writes)?;
        let bytes = answer.body.len();
        let damaged = |reason: String| SapError::Damaged {
            system: self.system().id.clone(),
            request: name.clone(),
            bytes,
            reason,
            write: writes,
        };
        match (format, answer.content_type()) {
            (Format::Multipart, kind) if kind.starts_with("multipart/mixed") => {
                multipart::read(&answer.body, kind).map_err(damaged)
            }
            (Format::Json, kind) if kind.contains("json") => {
                let sizes: Vec<usize> = requests.iter().map(Vec::len).collect();
                json::read(&answer.body, &sizes).map_err(damaged)
            }
            (_, kind) => Err(SapError::NotSapAnswer {
                system: self.system().id.clone(),
                request: name.clone(),
                content_type: kind.to_owned(),
                wanted: accept,
                status: answer.status.as_u16(),
                write: writes,
            }),
        }
    }

    /// What a change set was answered with.
    fn changed(
        &self,
        service: Service,
        parts: &[Part],
        answers: Answers,
    ) -> Result<Answered, SapError> {
        let (system, count) = (&self.system().id, answers.len());
        let mut rows = Vec::with_capacity(count);
        for (answer, part) in answers.into_iter().zip(parts) {
            let path = format!("{}/{}", service.path, part.address);
            let name = format!("{} {path}", part.method);
            tell(system, &name, &answer);
            let answer = failure::checked(&self.session, &name, answer, true)?;
            rows.push(match answer.status.as_u16() {
                204 => None,
                _ => Some(self.entity(part.set, &path, answer, true)?),
            });
        }
        if rows.len() < parts.len() {
            return Err(SapError::BatchShort {
                system: system.clone(),
                service: service.name.to_owned(),
                requests: parts.len(),
                answers: count,
                write: true,
            });
        }
        Ok(Answered::Changed(rows))
    }

    /// The rows of a read, and of the pages behind it.
    async fn all_rows(
        &self,
        service: Service,
        part: &Part,
        answer: Answer,
    ) -> Result<Answered, SapError> {
        let url = self.session.url(&format!("{}/{}", service.path, part.address))?;
        let name = format!("GET {}", url.path());
        let answer = failure::checked(&self.session, &name, answer, false)?;
        let page = retry::decoded(&self.system().id, service.version, part.set, &url, answer)?;
        let Page { mut rows, next, count } = page;
        let Some(link) = next else { return Ok(Answered::Rows(rows)) };
        let foreign = || SapError::ForeignLink {
            system: self.system().id.clone(),
            link: link.clone(),
            base: self.system().base_url.clone(),
        };
        let next = followed(&url, &link).ok_or_else(foreign)?;
        let link = format!("{}?{}", next.path(), next.query().unwrap_or_default());
        let mark = PageMark { link, rows_so_far: rows.len(), announced: count };
        let mut pages = self.pages_from(service, &Query::of(part.set), mark)?;
        while let Some(page) = pages.next().await? {
            rows.extend(page.rows);
        }
        Ok(Answered::Rows(rows))
    }

    /// A read whose address is too long for a URL, sent inside of a batch.
    pub(super) async fn get_by_batch(
        &self,
        service: Service,
        set: &'static str,
        url: &reqwest::Url,
    ) -> Result<Answer, SapError> {
        let text = url.query().unwrap_or_default().to_owned();
        let batch = Batch { service, entries: vec![Entry::Read { set, text }] };
        let requests = batch.requests();
        let name = format!("GET {}", url.path());
        let found = self.send_batch(&batch, &requests, Format::Multipart).await?;
        let answer = found.into_iter().next().flatten().and_then(|mut one| one.pop());
        let answer = answer.ok_or_else(|| SapError::BatchShort {
            system: self.system().id.clone(),
            service: service.name.to_owned(),
            requests: 1,
            answers: 0,
            write: false,
        })?;
        failure::checked(&self.session, &name, answer, false)
    }
}

/// SAP's remarks about something that it did.
fn tell(system: &str, request: &str, answer: &Answer) {
    if let Some(message) = answer.header("sap-message") {
        tracing::warn!(system, request, message, "SAP says");
    }
}

/// An answer inside of a batch.
fn answer(status: u16, headers: Vec<(String, String)>, body: Vec<u8>) -> Result<Answer, String> {
    let status = reqwest::StatusCode::from_u16(status)
        .map_err(|_| format!("ODATA-BATCH: {status} is no status"))?;
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        // A header that HTTP forbids is none of SAP's; the others count.
        if let (Ok(name), Ok(value)) =
            (HeaderName::try_from(name.as_str()), HeaderValue::try_from(value.as_str()))
        {
            map.append(name, value);
        }
    }
    Ok(Answer { status, headers: map, body })
}

#[doc(hidden)]
pub mod parse {
    //! The readers of batch answers, for tests that feed them anything.

    /// How many answers a `multipart/mixed` body holds.
    ///
    /// # Errors
    ///
    /// What is wrong with it, with a code.
    pub fn multipart(body: &[u8], content_type: &str) -> Result<usize, String> {
        super::multipart::read(body, content_type).map(|found| found.len())
    }

    /// How many entries of a batch, each of so many requests, a JSON body answers.
    ///
    /// # Errors
    ///
    /// What is wrong with it, with a code.
    pub fn json(body: &[u8], sizes: &[usize]) -> Result<usize, String> {
        super::json::read(body, sizes).map(|found| found.iter().flatten().count())
    }
}
