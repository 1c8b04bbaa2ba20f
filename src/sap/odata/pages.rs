//! An entity set, page by page. Three pages are in memory at most, whatever the size of the set: one
//! that is worked on, one that waits as it came, and one that is under way. What is kept of the rows
//! before is bounded as well.

use std::collections::HashSet;
use std::hash::BuildHasher;

use foldhash::quality::RandomState;
use reqwest::Url;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::super::error::SapError;
use super::super::http::Answer;
use super::page::{Page, followed, link_at_end};
use super::seen::Seen;
use super::{Entity, ODataClient, Query, Service, retry};

/// Most pages of one read: a server that never ends is stopped.
const PAGES_MAX: usize = 100_000;

/// Longest address that is sent as such: proxies and ICM refuse longer ones. A batch carries it then.
const URL_BYTES_MAX: usize = 8_000;

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
    /// Properties that every row must have.
    keys: Vec<&'static str>,
    /// Address of the page that comes next; `None` after the last one.
    wanted: Option<Url>,
    /// Answers as they come, with their addresses.
    coming: mpsc::Receiver<Fetched>,
    /// Fetches page after page, one ahead. Dropped with this.
    fetching: JoinSet<()>,
    /// Whether the page that comes next came damaged before.
    damaged: bool,
    rows_so_far: usize,
    announced: Option<usize>,
    hasher: RandomState,
    links_seen: HashSet<u64>,
    seen: Seen,
}

impl Pages {
    pub(super) fn new(
        client: &ODataClient,
        service: Service,
        query: &Query,
        from: Option<PageMark>,
    ) -> Result<Self, SapError> {
        let rows_so_far = from.as_ref().map_or(0, |mark| mark.rows_so_far);
        let announced = from.as_ref().and_then(|mark| mark.announced);
        let path = from.map_or_else(
            || format!("{}/{}?{}", service.path, query.set, query.text(service.version)),
            |mark| mark.link,
        );
        let mut pages = Self {
            client: client.clone(),
            service,
            set: query.set,
            keys: query.keys_wanted(),
            wanted: None,
            // Closed until the first page is wanted.
            coming: mpsc::channel(1).1,
            fetching: JoinSet::new(),
            damaged: false,
            rows_so_far,
            announced,
            hasher: RandomState::default(),
            links_seen: HashSet::new(),
            seen: Seen::new(),
        };
        pages.want(client.session.url(&path)?)?;
        Ok(pages)
    }

    /// The next page; `None` when all are read and their rows are as many as SAP announced.
    ///
    /// # Errors
    ///
    /// [`SapError`]; [`SapError::Moved`] if the data moved while they were read: what came before
    /// does not belong together then.
    pub async fn next(&mut self) -> Result<Option<PageRows>, SapError> {
        let Some(url) = self.wanted.take() else {
            return self.whole().map(|()| None);
        };
        let page = self.page(&url).await?;
        self.announced = self.announced.or(page.count);
        self.seen.expect(self.announced.unwrap_or(0));
        let mut mark = None;
        if let Some(link) = page.next {
            let next = followed(&url, &link).ok_or_else(|| SapError::ForeignLink {
                system: self.client.system().id.clone(),
                link,
                base: self.client.system().base_url.clone(),
            })?;
            let path = format!("{}?{}", next.path(), next.query().unwrap_or_default());
            self.want(self.client.session.url(&path)?)?;
            mark = Some(path);
        }
        let before = self.rows_so_far;
        for (at, row) in page.rows.iter().enumerate() {
            if let Some(key) = row.lacks(&self.keys) {
                return Err(SapError::Damaged {
                    system: self.client.system().id.clone(),
                    request: format!("GET {}", self.set),
                    bytes: 0,
                    reason: format!("ODATA-KEY: row {} has no value for key {key}", before + at),
                    write: false,
                });
            }
            let identity = row.identity(&self.hasher);
            if !self.seen.insert(identity) {
                let same = |other: &&Entity| match row.key() {
                    "" => other.fields() == row.fields(),
                    key => other.key() == key,
                };
                let name = row.key();
                return Err(match page.rows[..at].iter().position(|other| same(&other)) {
                    Some(first) => {
                        let rows = format!("rows {}, {}", before + first, before + at);
                        self.moved("ODATA-DUP", format!("key {name} appears twice ({rows})"))
                    }
                    None => {
                        let what = format!(
                            "key {name} appears on an earlier page and again as row {}; snapshot repeated",
                            before + at
                        );
                        self.moved("ODATA-MOVED", what)
                    }
                });
            }
            self.rows_so_far += 1;
        }
        let (rows_so_far, announced) = (self.rows_so_far, self.announced);
        let mark = mark.map(|link| PageMark { link, rows_so_far, announced });
        Ok(Some(PageRows { rows: page.rows, rows_so_far, announced, mark }))
    }

    /// Whether what came belongs together: as many rows as announced, each of them once.
    fn whole(&mut self) -> Result<(), SapError> {
        if let Some(announced) = self.announced.filter(|announced| *announced != self.rows_so_far) {
            let what = format!("SAP announced {announced} rows, {} came", self.rows_so_far);
            return Err(self.moved("ODATA-COUNT", what));
        }
        match self.seen.twice() {
            Ok(false) => Ok(()),
            Ok(true) => {
                let what = "a row came on two pages that lie far apart; snapshot repeated";
                Err(self.moved("ODATA-MOVED", what.to_owned()))
            }
            Err(error) => Err(SapError::Setup {
                system: self.client.system().id.clone(),
                reason: format!("the temporary file of {} cannot be read: {error}", self.set),
            }),
        }
    }

    /// The page of `url`. One that comes damaged is read again; the same damage twice is an answer.
    async fn page(&mut self, url: &Url) -> Result<Page, SapError> {
        let mut begun = false;
        loop {
            let fetched = self.coming.recv().await.filter(|fetched| fetched.url == *url);
            let Some(fetched) = fetched else {
                // The fetching ended, or guessed another page than the one before told.
                if std::mem::replace(&mut begun, true) {
                    return Err(SapError::Setup {
                        system: self.client.system().id.clone(),
                        reason: format!("reading was interrupted: {}", self.set),
                    });
                }
                self.fetch_from(url);
                continue;
            };
            // Here and not where it was fetched: who decodes a page has it at hand to work on.
            let (system, version) = (&self.client.system().id, self.service.version);
            let page = fetched
                .answer
                .and_then(|answer| retry::decoded(system, version, self.set, url, answer));
            match page {
                Err(SapError::Damaged { .. }) if !self.damaged => {
                    self.damaged = true;
                    begun = true;
                    self.fetch_from(url);
                }
                result => {
                    self.damaged = false;
                    return result;
                }
            }
        }
    }

    /// Takes `url` for the next page, unless it came before.
    fn want(&mut self, url: Url) -> Result<(), SapError> {
        let new = self.links_seen.insert(self.hasher.hash_one(url.as_str()));
        if !new || self.links_seen.len() > PAGES_MAX {
            let what = format!("next link repeats after {} pages", self.links_seen.len());
            return Err(self.moved("ODATA-LOOP", what));
        }
        if self.coming.is_closed() && self.coming.is_empty() {
            self.fetch_from(&url);
        }
        self.wanted = Some(url);
        Ok(())
    }

    fn fetch_from(&mut self, url: &Url) {
        let (sender, receiver) = mpsc::channel(1);
        self.coming = receiver;
        let fetching = fetch(self.client.clone(), self.service, self.set, url.clone(), sender);
        self.fetching = JoinSet::new();
        self.fetching.spawn(fetching);
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

/// A page as it came, and its address.
struct Fetched {
    url: Url,
    answer: Result<Answer, SapError>,
}

/// Fetches page after page. The next one is under way while each is decoded: its link shows at the end
/// of the answer.
async fn fetch(
    client: ODataClient,
    service: Service,
    set: &'static str,
    mut url: Url,
    pages: mpsc::Sender<Fetched>,
) {
    loop {
        let answer = {
            if url.as_str().len() > URL_BYTES_MAX {
                client.get_by_batch(service, set, &url).await
            } else {
                let _permit = client.permit().await;
                retry::get(&client.session, service, &url, |request| request).await
            }
        };
        let next = answer.as_ref().ok().and_then(|answer| guess(&client, service, &url, answer));
        if pages.send(Fetched { url, answer }).await.is_err() {
            return;
        }
        let Some(next) = next else { return };
        url = next;
    }
}

/// Address of the page after an answer, as far as it shows before it is decoded.
fn guess(client: &ODataClient, service: Service, url: &Url, answer: &Answer) -> Option<Url> {
    let next = followed(url, &link_at_end(service.version, &answer.body)?)?;
    client.session.url(&format!("{}?{}", next.path(), next.query().unwrap_or_default())).ok()
}
