//! OData V2 and V4 as SAP Gateway speaks them.

mod entity;

mod failure;

mod json;

mod page;

mod probe;

mod query;

mod retry;

mod write;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use reqwest::Method;
use reqwest::header::HeaderValue;
use serde_json::{Map, Value};
use tokio::sync::Mutex;

pub use entity::Entity;
pub use query::{Filter, Key, Literal, Query};

use super::auth::Access;
use super::error::SapError;
use super::http::{Answer, Session};
use super::system::SapSystem;

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
    /// When it was first sent; every repetition says the same.
    pub first_sent: Timestamp,
}

/// A client of one system. Clones share cookies, CSRF tokens and the memory of a refused logon.
#[derive(Clone)]
pub struct ODataClient {
    session: Session,
    /// One token a service, bound to the cookies of the session; one fetch at a time.
    tokens: Arc<Mutex<BTreeMap<&'static str, HeaderValue>>>,
}

impl ODataClient {
    /// A client with a session of its own.
    ///
    /// # Errors
    ///
    /// [`SapError::Setup`] if a file of certificates cannot be read or the client cannot be built.
    pub fn new(system: &SapSystem, access: impl Into<Access>) -> Result<Self, SapError> {
        Ok(Self { session: Session::new(system, access.into())?, tokens: Arc::default() })
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
        match self.snapshot(service, query, &mut on_page).await {
            Err(error @ SapError::Moved { .. }) => {
                tracing::info!(%error, "reading from the start");
                self.snapshot(service, query, &mut on_page).await
            }
            result => result,
        }
    }

    async fn snapshot(
        &self,
        service: Service,
        query: &Query,
        on_page: &mut impl FnMut(usize, Option<usize>),
    ) -> Result<Vec<Entity>, SapError> {
        let moved = |(code, what): (&'static str, String)| SapError::Moved {
            code,
            system: self.session.system.id.clone(),
            entity: query.set.to_owned(),
            what,
        };
        let path = format!("{}/{}?{}", service.path, query.set, query.text(service.version));
        let mut url = self.session.url(&path)?;
        let (mut rows, mut announced, mut seen) = (Vec::new(), None, HashSet::new());
        loop {
            if !seen.insert(url.to_string()) || seen.len() > PAGES_MAX {
                let what = format!("next link repeats after {} pages", seen.len());
                return Err(moved(("ODATA-LOOP", what)));
            }
            let page = retry::page(&self.session, service, &url).await?;
            announced = announced.or(page.count);
            rows.extend(page.rows.into_iter().map(|fields| Entity::new(query.set, fields)));
            on_page(rows.len(), announced);
            let Some(link) = page.next else { break };
            let next = page::followed(&url, &link).ok_or_else(|| SapError::ForeignLink {
                system: self.session.system.id.clone(),
                link,
                base: self.session.system.base_url.clone(),
            })?;
            let query = next.query().unwrap_or_default();
            url = self.session.url(&format!("{}?{query}", next.path()))?;
        }
        page::moved(&rows, announced).map_or(Ok(rows), |what| Err(moved(what)))
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
        match retry::get(&self.session, service, &url, |request| request).await {
            Ok(answer) => self.entity(set, &path, &answer, false).map(Some),
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
        self.entity(set, &path, &answer, true)
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
        failure::done(&self.session.system.id, &format!("PATCH {path}"), &answer)
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
        failure::done(&self.session.system.id, &format!("DELETE {path}"), &answer)
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
        failure::object(&self.session.system.id, &path, &answer, false).map(drop)
    }

    fn entity(
        &self,
        set: &str,
        path: &str,
        answer: &Answer,
        write: bool,
    ) -> Result<Entity, SapError> {
        let object = failure::object(&self.session.system.id, path, answer, write)?;
        let mut entity = Entity::new(set, page::row(object));
        entity.etag = entity.etag.or_else(|| answer.header("etag").map(str::to_owned));
        Ok(entity)
    }
}
