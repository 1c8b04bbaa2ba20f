//! An entity set, page by page. Two pages are in memory, whatever the size of the set: one that is
//! worked on and one that is under way.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use reqwest::Url;
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use super::super::error::SapError;
use super::page::{Page, followed};
use super::{Entity, ODataClient, Query, Service, retry};

/// Most pages of one read: a server that never ends is stopped.
const PAGES_MAX: usize = 100_000;

/// Rows for which room is made before they come.
const KEYS_RESERVED_MAX: usize = 1 << 20;

/// Rows that came together.
#[derive(Debug)]
pub struct PageRows {
    /// The rows.
    pub rows: Vec<Entity>,
    /// Rows up to and with this page.
    pub rows_so_far: usize,
    /// Rows that SAP announced, if it did.
    pub announced: Option<usize>,
    /// Where the read goes on after this page; `None` after the last one.
    pub mark: Option<PageMark>,
}

/// A place between two pages, at which a read that broke off goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageMark {
    /// Path and query of the next page, as SAP gave them.
    pub link: String,
    /// Rows before it.
    pub rows_so_far: usize,
    /// Rows that SAP announced, if it did.
    pub announced: Option<usize>,
}

/// A read in pages. See [`ODataClient::pages`].
pub struct Pages {
    client: ODataClient,
    service: Service,
    set: &'static str,
    /// The next page, under way while the one before is worked on. Dropped with this.
    ahead: JoinSet<Result<(Url, Page), SapError>>,
    rows_so_far: usize,
    announced: Option<usize>,
    hasher: RandomState,
    links_seen: HashSet<u64>,
    keys_seen: HashSet<u64>,
}

impl Pages {
    pub(super) fn new(
        client: &ODataClient,
        service: Service,
        query: &Query,
        from: Option<PageMark>,
    ) -> Result<Self, SapError> {
        let mut pages = Self {
            client: client.clone(),
            service,
            set: query.set,
            ahead: JoinSet::new(),
            rows_so_far: from.as_ref().map_or(0, |mark| mark.rows_so_far),
            announced: from.as_ref().and_then(|mark| mark.announced),
            hasher: RandomState::new(),
            links_seen: HashSet::new(),
            keys_seen: HashSet::new(),
        };
        let path = from.map_or_else(
            || format!("{}/{}?{}", service.path, query.set, query.text(service.version)),
            |mark| mark.link,
        );
        let url = client.session.url(&path)?;
        pages.fetch(url)?;
        Ok(pages)
    }

    /// The next page; `None` when all are read and their rows are as many as SAP announced.
    ///
    /// # Errors
    ///
    /// [`SapError`]; [`SapError::Moved`] if the data moved while they were read: what came before
    /// does not belong together then.
    pub async fn next(&mut self) -> Result<Option<PageRows>, SapError> {
        let Some(fetched) = self.ahead.join_next().await else {
            return match self.announced.filter(|announced| *announced != self.rows_so_far) {
                None => Ok(None),
                Some(announced) => Err(self.moved(
                    "ODATA-COUNT",
                    format!("SAP announced {announced} rows and sent {}", self.rows_so_far),
                )),
            };
        };
        let (url, page) = fetched.map_err(|error| SapError::Setup {
            system: self.client.system().id.clone(),
            reason: format!("reading {} was interrupted: {error}", self.set),
        })??;
        self.announced = self.announced.or(page.count);
        if self.keys_seen.is_empty() {
            // Bounded, since SAP only says so.
            self.keys_seen.reserve(self.announced.unwrap_or(0).min(KEYS_RESERVED_MAX));
        }
        let mut mark = None;
        if let Some(link) = page.next {
            let next = followed(&url, &link).ok_or_else(|| SapError::ForeignLink {
                system: self.client.system().id.clone(),
                link,
                base: self.client.system().base_url.clone(),
            })?;
            let path = format!("{}?{}", next.path(), next.query().unwrap_or_default());
            self.fetch(self.client.session.url(&path)?)?;
            mark = Some(path);
        }
        for row in &page.rows {
            // V4 sends no key apart from the fields; there two rows are the same only if all are.
            let identity = match row.key() {
                "" => self.hasher.hash_one(format!("{:?}", row.fields())),
                key => self.hasher.hash_one(key),
            };
            if !self.keys_seen.insert(identity) {
                let what = format!("row {} {} came twice", self.rows_so_far, row.key());
                return Err(self.moved("ODATA-MOVED", what));
            }
            self.rows_so_far += 1;
        }
        let (rows_so_far, announced) = (self.rows_so_far, self.announced);
        let mark = mark.map(|link| PageMark { link, rows_so_far, announced });
        Ok(Some(PageRows { rows: page.rows, rows_so_far, announced, mark }))
    }

    fn fetch(&mut self, url: Url) -> Result<(), SapError> {
        let new = self.links_seen.insert(self.hasher.hash_one(url.as_str()));
        if !new || self.links_seen.len() > PAGES_MAX {
            let what = format!("next link repeats after {} pages", self.links_seen.len());
            return Err(self.moved("ODATA-LOOP", what));
        }
        let (client, service, set) = (self.client.clone(), self.service, self.set);
        self.ahead.spawn(async move {
            let _permit = client.permit().await;
            let page = retry::page(&client.session, service, set, &url).await?;
            Ok((url, page))
        });
        Ok(())
    }

    fn moved(&self, code: &'static str, what: String) -> SapError {
        SapError::Moved {
            code,
            system: self.client.system().id.clone(),
            entity: self.set.to_owned(),
            what,
        }
    }
}
