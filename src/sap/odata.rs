//! OData V2 and V4 as SAP Gateway speaks them.

pub mod batch;

mod entity;

mod failure;

pub mod metadata;

mod names;

mod page;

mod pages;

mod probe;

mod query;

mod retry;

mod rows;

mod seen;

mod write;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use reqwest::Method;
use reqwest::header::HeaderValue;
use serde_json::{Map, Value};
use tokio::sync::{Mutex, Semaphore, SemaphorePermit};

pub use entity::Entity;
pub(crate) use entity::INITIAL_DATE;
pub use names::{Names, Origin};
pub use pages::{PageMark, PageRows, Pages};
pub use query::{Filter, Key, Literal, Query};

use super::auth::Access;
use super::error::SapError;
use super::http::{Answer, Session};
use super::system::SapSystem;

/// Requests under way at the same time, if nobody says otherwise.
const REQUESTS_DEFAULT: usize = 4;

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
    /// When it was first sent; every repetition says the same.
    pub first_sent: Timestamp,
}

/// A client of one system. Clones share cookies, CSRF tokens and the memory of a refused logon.
#[derive(Clone)]
pub struct ODataClient {
    session: Session,
    /// One token a service, bound to the cookies of the session; one fetch at a time.
    tokens: Arc<Mutex<BTreeMap<&'static str, HeaderValue>>>,
    /// Requests under way at the same time, of all clones together.
    requests: Arc<Semaphore>,
}

impl ODataClient {
    /// A client with a session of its own.
    ///
    /// # Errors
    ///
    /// [`SapError::Setup`] if a file of certificates cannot be read or the client cannot be built.
    pub fn new(system: &SapSystem, access: impl Into<Access>) -> Result<Self, SapError> {
        let requests = Arc::new(Semaphore::new(REQUESTS_DEFAULT));
        let session = Session::new(system, access.into())?;
        Ok(Self { session, tokens: Arc::default(), requests })
    }

    /// The same client with at most `requests` under way at the same time, so that SAP keeps its
    /// work processes for people.
    #[must_use]
    pub fn with_limit(mut self, requests: usize) -> Self {
        self.requests = Arc::new(Semaphore::new(requests.max(1)));
        self
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
    /// Pages are told to `on_page` as they come (rows so far, rows announced), and the rows are
    /// counted against what SAP announced. A page that fails on the network is read again; if the
    /// data moved between two pages, everything is read once more from the start.
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
        match self.whole(service, query, &mut on_page).await {
            Err(error @ SapError::Moved { .. }) => {
                tracing::info!(%error, "reading from the start");
                self.whole(service, query, &mut on_page).await
            }
            result => result,
        }
    }

    async fn whole(
        &self,
        service: Service,
        query: &Query,
        on_page: &mut impl FnMut(usize, Option<usize>),
    ) -> Result<Vec<Entity>, SapError> {
        let mut pages = self.pages(service, query)?;
        let mut rows = Vec::new();
        while let Some(page) = pages.next().await? {
            rows.extend(page.rows);
            on_page(page.rows_so_far, page.announced);
        }
        Ok(rows)
    }

    /// The rows of `query` page by page, with the next page under way while one is worked on.
    ///
    /// Memory is two pages and eight bytes a row, by which a row that comes twice is noticed.
    ///
    /// # Errors
    ///
    /// [`SapError::Setup`] if the query makes no address.
    pub fn pages(&self, service: Service, query: &Query) -> Result<Pages, SapError> {
        Pages::new(self, service, query, None)
    }

    /// The pages of `query` from `mark` on, where an earlier read of the same query broke off.
    ///
    /// # Errors
    ///
    /// As [`pages`](Self::pages).
    pub fn pages_from(
        &self,
        service: Service,
        query: &Query,
        mark: PageMark,
    ) -> Result<Pages, SapError> {
        Pages::new(self, service, query, Some(mark))
    }

    /// Leave to send one more request; held until its answer is there.
    async fn permit(&self) -> Option<SemaphorePermit<'_>> {
        // The semaphore is never closed.
        self.requests.acquire().await.ok()
    }

    /// How many rows `query` has.
    ///
    /// # Errors
    ///
    /// [`SapError`]; [`SapError::Damaged`] if SAP answers without a count.
    pub async fn count(&self, service: Service, query: &Query) -> Result<usize, SapError> {
        let query = query.clone().count_only();
        let path = format!("{}/{}?{}", service.path, query.set, query.text(service.version));
        let url = self.session.url(&path)?;
        let _permit = self.permit().await;
        let page = retry::page(&self.session, service, query.set, &url).await?;
        page.count.ok_or_else(|| SapError::Damaged {
            system: self.session.system.id.clone(),
            request: format!("GET {}", url.path()),
            bytes: 0,
            reason: "ODATA-COUNT: it has no count of rows".to_owned(),
            write: false,
        })
    }

    /// One row by its key; `None` only if SAP itself says that it does not exist.
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
        let _permit = self.permit().await;
        match retry::get(&self.session, service, &url, |request| request).await {
            Ok(answer) => self.entity(set, &path, answer, false).map(Some),
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
        self.entity(set, &path, answer, true)
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
        let answer =
            self.write(Method::PATCH, service, &path, Some(etag), Some(fields), id).await?;
        failure::done(&self.session.system.id, &format!("PATCH {path}"), answer)
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
        let answer = self.write(Method::DELETE, service, &path, Some(etag), None, id).await?;
        failure::done(&self.session.system.id, &format!("DELETE {path}"), answer)
    }

    /// Whether the service answers to this user: reads its service document.
    ///
    /// # Errors
    ///
    /// [`SapError`] that says what is missing.
    pub async fn ping(&self, service: Service) -> Result<(), SapError> {
        let path = format!("{}/", service.path);
        let url = self.session.url(&path)?;
        let answer = retry::get(&self.session, service, &url, |request| request).await?;
        failure::rows(&self.session.system.id, &path, "", answer, false).map(drop)
    }

    fn entity(
        &self,
        set: &str,
        path: &str,
        answer: Answer,
        write: bool,
    ) -> Result<Entity, SapError> {
        let etag = answer.header("etag").map(str::to_owned);
        let (rows, root) = failure::rows(&self.session.system.id, path, set, answer, write)?;
        Ok(page::row(&rows, root).with_etag(etag.as_deref()))
    }
}

#[doc(hidden)]
pub mod parse {
    //! The readers of answers, for tests and benches that feed them by hand.

    use std::sync::Arc;

    use reqwest::StatusCode;
    use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};

    use super::super::http::Answer;
    use super::rows::{Cell, Rows};
    use super::{Entity, Version, failure, page};

    pub use super::batch::parse::{json as json_batch, multipart};

    /// The rows of a page.
    ///
    /// # Errors
    ///
    /// What is wrong with it, with a code.
    pub fn page(set: &str, version: Version, body: Vec<u8>) -> Result<Vec<Entity>, String> {
        let (rows, Cell::Object(root)) = Rows::read(set, body)? else {
            return Err("ODATA-VERSION: it is no object".to_owned());
        };
        page::Page::of(version, &Arc::new(rows), root).map(|page| page.rows)
    }

    /// The message of a refusal, as JSON of V2 or V4 or as XML; `None` if it is none of SAP's.
    pub fn refusal(content_type: &'static str, body: &[u8]) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        let answer = Answer { status: StatusCode::BAD_REQUEST, headers, body: body.to_vec() };
        failure::message_in(&answer)
    }
}
