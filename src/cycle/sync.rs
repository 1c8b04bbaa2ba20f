//! Bringing the mirror of SAP's rows up to date: only what changed, if SAP tells what did.
//!
//! What a set cannot miss: a change, by its stamp and an overlap; a deletion or an entry, by counting
//! rows on both sides, and by comparing keys if the counts differ. Everything is read again only for
//! a reason, and never in silence.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use super::CycleError;
use crate::said;
use crate::sap::error::SapError;
use crate::sap::odata::{Entity, Filter, PageMark, Pages, Query};
use crate::source::SourceError;
use crate::source::sap::{Changes, EntitySet, Reading, Tables, entity_sets};
use crate::store::{Mirror, MirrorRow};

/// How old a place between two pages may be at which a read goes on.
const MARK_AGE_MAX: SignedDuration = SignedDuration::from_mins(30);

/// Groups that are asked for in one request; more make an address that is too long.
const GROUPS_A_REQUEST: usize = 20;

/// Changed groups up to which they are asked for one by one.
const GROUPS_MAX: usize = 400;

/// How a set was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// Everything, for the first time.
    First,
    /// What changed.
    Delta,
    /// Nothing but its count, which is the same.
    Unchanged,
    /// Everything, again.
    Full,
}

/// What was done to bring one set up to date.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SetReport {
    /// Service.
    pub service: &'static str,
    /// Entity set.
    pub set: &'static str,
    /// How it was read.
    pub way: Way,
    /// Why everything was read again, if so.
    pub why: Option<String>,
    /// Pages that came.
    pub pages: usize,
    /// Rows in them.
    pub rows_read: usize,
    /// Rows that are new or changed.
    pub changed: usize,
    /// Rows that SAP no longer has.
    pub gone: usize,
    /// Rows that there are now.
    pub total: usize,
    /// Rows that a read which broke off had left, if this one went on there.
    pub resumed_after: Option<usize>,
    /// How long it took.
    pub seconds: f64,
}

/// What one run of reading did.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SyncReport {
    /// By set, in the order of the services.
    pub sets: Vec<SetReport>,
    /// What somebody should know: sets that were read whole although SAP tells their changes.
    pub alarms: Vec<String>,
}

/// A mirror that several reads write to.
pub type SharedMirror = Arc<Mutex<Mirror>>;

/// Brings the mirror up to date. `full` is why everything is to be read again, if it is.
///
/// # Errors
///
/// [`CycleError`]; sets that were read stay read, and a set that broke off goes on where it was if
/// the next run follows within half an hour.
#[tracing::instrument(name = "sap.sync", skip_all)]
pub async fn sync(
    reading: &Reading,
    mirror: &SharedMirror,
    full: Option<&str>,
    now: Timestamp,
) -> Result<SyncReport, CycleError> {
    let sets = entity_sets(reading);
    let owners: BTreeMap<&str, &'static str> = sets
        .iter()
        .filter_map(|set| match set.changes {
            Changes::With { set, of, .. } => Some((set, of)),
            _ => None,
        })
        .collect();
    let service_of =
        |name: &str| sets.iter().find(|set| set.name() == name).map_or("", |set| set.service.name);
    let mut done: BTreeMap<&'static str, SetReport> = BTreeMap::new();
    // A set that changes with another one comes after it.
    for follows in [false, true] {
        let mut tasks = JoinSet::new();
        for set in &sets {
            let (group_by, owner) = match set.changes {
                Changes::With { set: owner, by, .. } if follows => {
                    (Some(by), Some((service_of(owner), owner)))
                }
                Changes::With { .. } => continue,
                _ if follows => continue,
                _ => (owners.get(set.name()).copied(), None),
            };
            let job = Job {
                reading: reading.clone(),
                set: set.clone(),
                mirror: Arc::clone(mirror),
                group_by,
                owner,
                full: full.map(str::to_owned),
                now,
            };
            tasks.spawn(job.run());
        }
        while let Some(task) = tasks.join_next().await {
            let report = task.map_err(|_| SourceError::Interrupted)??;
            done.insert(report.set, report);
        }
    }
    let mut all = SyncReport::default();
    for set in &sets {
        let Some(report) = done.remove(set.name()) else { continue };
        if report.way == Way::Full
            && matches!(set.changes, Changes::Instant(_) | Changes::Days(_) | Changes::Digits(_))
            && let Some(why) = &report.why
        {
            all.alarms.push(format!(
                "{}: all {} rows were read again: {why}",
                set.name(),
                report.total
            ));
        }
        all.sets.push(report);
    }
    Ok(all)
}

/// Rows of the mirror that are read together share what they have in common.
const ROWS_TOGETHER_BYTES: usize = 1 << 20;

/// The rows of every set, out of the mirror.
///
/// # Errors
///
/// [`CycleError::Store`]; [`CycleError::Incomplete`] if a row cannot be read.
pub fn tables(reading: &Reading, mirror: &SharedMirror) -> Result<Tables, CycleError> {
    let mirror = locked(mirror);
    let mut tables = Tables::default();
    for set in entity_sets(reading) {
        let (mut rows, mut problem) = (Vec::new(), None);
        let id = mirror.set(set.service.name, set.name())?.id;
        let names = reading.fields.names(set.name());
        let mut take = |array: String| match Entity::all_from_json(set.name(), array) {
            Ok(read) => rows.extend(read.into_iter().map(|row| row.named(names))),
            Err(error) => problem = Some(error),
        };
        let mut array = String::new();
        mirror.each(id, |content| {
            array.push(if array.is_empty() { '[' } else { ',' });
            array.push_str(&content);
            if array.len() > ROWS_TOGETHER_BYTES {
                array.push(']');
                take(std::mem::take(&mut array));
            }
        })?;
        if !array.is_empty() {
            array.push(']');
            take(array);
        }
        if let Some(problem) = problem {
            return Err(CycleError::Incomplete(said!(
                "mirror.damaged",
                "the mirror of {table} is damaged ({problem}); delete mirror.db",
                table = set.name(),
                problem = problem
            )));
        }
        tables.insert(set.name(), rows);
    }
    Ok(tables)
}

fn locked(mirror: &SharedMirror) -> MutexGuard<'_, Mirror> {
    mirror.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where a whole read broke off, and the newest stamp before that.
#[derive(Serialize, Deserialize)]
struct Mark {
    page: PageMark,
    watermark: Option<String>,
}

/// The read of one set.
struct Job {
    reading: Reading,
    set: EntitySet,
    mirror: SharedMirror,
    /// Property that its rows have in common with those that change together with them.
    group_by: Option<&'static str>,
    /// Service and name of the set with which it changes, which is up to date by now.
    owner: Option<(&'static str, &'static str)>,
    full: Option<String>,
    now: Timestamp,
}

/// What a read has done so far.
#[derive(Default)]
struct Progress {
    pages: usize,
    rows_read: usize,
    watermark: Option<String>,
    changed: usize,
    gone: usize,
    resumed_after: Option<usize>,
}

impl Job {
    async fn run(self) -> Result<SetReport, CycleError> {
        let began = std::time::Instant::now();
        let service = self.set.service;
        let known = locked(&self.mirror).set(service.name, self.set.name())?;
        let mut run = known.run + 1;
        let mut done = Progress { watermark: known.watermark.clone(), ..Progress::default() };
        let owner = match self.owner {
            Some((service, name)) => Some(locked(&self.mirror).set(service, name)?),
            None => None,
        };
        let tells =
            matches!(self.set.changes, Changes::Instant(_) | Changes::Days(_) | Changes::Digits(_));
        let why = match known.whole_at {
            None => Some((Way::First, None)),
            Some(_) if !known.whole => {
                Some((Way::Full, Some("the last whole read broke off".to_owned())))
            }
            Some(_) if self.full.is_some() => {
                Some((Way::Full, self.full.as_ref().map(|why| format!("asked for: {why}"))))
            }
            Some(_) if known.selection != self.set.selection => {
                Some((Way::Full, Some("the settings select other rows than before".to_owned())))
            }
            Some(_) if self.set.changes == Changes::Fleeting => {
                Some((Way::Full, Some("it is another one each time".to_owned())))
            }
            Some(at) if !tells && at + self.reading.full_compare < self.now => Some((
                Way::Full,
                Some(format!("SAP does not tell its changes; it was last compared {at}")),
            )),
            Some(_) => None,
        };
        let (way, why) = match why {
            Some((way, why)) => {
                let mark = known.mark.filter(|(_, at)| {
                    known.selection == self.set.selection
                        && at.duration_until(self.now) < MARK_AGE_MAX
                });
                if mark.is_some() {
                    run = known.run;
                }
                self.read_everything(known.id, &mut run, mark, &mut done).await?;
                (way, why)
            }
            None => {
                let groups = match &owner {
                    Some(owner) => {
                        Some(locked(&self.mirror).groups_since(owner.id, known.owner_run)?)
                    }
                    None => None,
                };
                let way = self.read_changes(known.id, run, groups, &mut done).await?;
                match self.compare_counts(known.id, &mut run, &mut done).await? {
                    None => (way, None),
                    Some(missing) => {
                        let why = format!("SAP has {missing} rows whose entry no stamp told");
                        run += 1;
                        self.read_everything(known.id, &mut run, None, &mut done).await?;
                        (Way::Full, Some(why))
                    }
                }
            }
        };
        if let Some(owner) = owner {
            locked(&self.mirror).followed(known.id, owner.run)?;
        }
        Ok(SetReport {
            service: service.name,
            set: self.set.name(),
            way: if (way == Way::Delta
                || self.set.changes == Changes::Fleeting && self.full.is_none())
                && known.whole_at.is_some()
                && done.changed + done.gone == 0
            {
                Way::Unchanged
            } else {
                way
            },
            why,
            pages: done.pages,
            rows_read: done.rows_read,
            changed: done.changed,
            gone: done.gone,
            total: locked(&self.mirror).count(known.id)?,
            resumed_after: done.resumed_after,
            seconds: began.elapsed().as_secs_f64(),
        })
    }

    /// Reads the whole set, from `mark` on if there is one. If the data move, once more from the start.
    async fn read_everything(
        &self,
        id: i64,
        run: &mut i64,
        mark: Option<(String, Timestamp)>,
        done: &mut Progress,
    ) -> Result<(), CycleError> {
        let mark = mark.and_then(|(text, _)| serde_json::from_str::<Mark>(&text).ok());
        let query = &self.set.query;
        let client = &self.reading.client;
        let mut again = true;
        if let Some(mark) = mark {
            done.resumed_after = Some(mark.page.rows_so_far);
            done.watermark = mark.watermark;
            let pages = client.pages_from(self.set.service, query, mark.page)?;
            match self.put_all(id, *run, pages, true, done).await {
                Ok(()) => return self.end_whole(id, *run, done),
                Err(CycleError::Sap(
                    error @ (SapError::Moved { .. } | SapError::Refused { .. }),
                )) => {
                    tracing::info!(%error, set = self.set.name(), "cannot go on; reading from the start");
                    done.resumed_after = None;
                    *run += 1;
                }
                Err(error) => return Err(error),
            }
        }
        loop {
            done.watermark = None;
            locked(&self.mirror).begin(id, *run, &self.set.selection)?;
            let pages = client.pages(self.set.service, query)?;
            match self.put_all(id, *run, pages, true, done).await {
                Ok(()) => return self.end_whole(id, *run, done),
                Err(CycleError::Sap(error @ SapError::Moved { .. })) if again => {
                    tracing::info!(%error, set = self.set.name(), "reading from the start");
                    (again, *run) = (false, *run + 1);
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn end_whole(&self, id: i64, run: i64, done: &mut Progress) -> Result<(), CycleError> {
        let mirror = locked(&self.mirror);
        done.gone += mirror.unseen_are_gone(id, run, None)?;
        Ok(mirror.end(id, run, done.watermark.as_deref(), Some(self.now))?)
    }

    /// Reads what SAP says has changed.
    async fn read_changes(
        &self,
        id: i64,
        run: i64,
        groups: Option<Vec<String>>,
        done: &mut Progress,
    ) -> Result<Way, CycleError> {
        let client = &self.reading.client;
        if let (Some(groups), Some(by)) = (groups, self.group_by) {
            if groups.len() > GROUPS_MAX {
                let pages = client.pages(self.set.service, &self.set.query)?;
                self.put_all(id, run, pages, false, done).await?;
            } else {
                for some in groups.chunks(GROUPS_A_REQUEST) {
                    let filter = some.iter().map(|group| Filter::eq(by, group.as_str()));
                    let Some(filter) = Filter::any(filter) else { continue };
                    let query = self.set.query.clone().narrowed(filter);
                    let pages = client.pages(self.set.service, &query)?;
                    self.put_all(id, run, pages, false, done).await?;
                }
            }
            done.gone += locked(&self.mirror).unseen_are_gone(id, run, Some(&groups))?;
            locked(&self.mirror).end(id, run, None, None)?;
            return Ok(if groups.is_empty() { Way::Unchanged } else { Way::Delta });
        }
        let Some(query) =
            done.watermark.as_deref().and_then(|mark| self.set.since(mark, self.reading.overlap))
        else {
            return Ok(Way::Unchanged);
        };
        let pages = client.pages(self.set.service, &query)?;
        self.put_all(id, run, pages, false, done).await?;
        locked(&self.mirror).end(id, run, done.watermark.as_deref(), None)?;
        Ok(Way::Delta)
    }

    /// Compares the counts, and the keys if they differ. How many rows SAP has that nothing told of,
    /// if any.
    async fn compare_counts(
        &self,
        id: i64,
        run: &mut i64,
        done: &mut Progress,
    ) -> Result<Option<usize>, CycleError> {
        let client = &self.reading.client;
        let in_sap = client.count(self.set.service, &self.set.query).await?;
        if in_sap == locked(&self.mirror).count(id)? {
            return Ok(None);
        }
        *run += 1;
        let keys_only: Query = self.set.query.clone().keys_only();
        let mut pages = client.pages(self.set.service, &keys_only)?;
        let mut missing = 0;
        while let Some(page) = pages.next().await? {
            let keys: Vec<String> = page.rows.iter().map(|row| self.set.key(row)).collect();
            missing += locked(&self.mirror).seen(id, *run, &keys)?;
            done.pages += 1;
            done.rows_read += keys.len();
        }
        done.gone += locked(&self.mirror).unseen_are_gone(id, *run, None)?;
        locked(&self.mirror).end(id, *run, None, None)?;
        Ok((missing > 0).then_some(missing))
    }

    async fn put_all(
        &self,
        id: i64,
        run: i64,
        mut pages: Pages,
        marked: bool,
        done: &mut Progress,
    ) -> Result<(), CycleError> {
        while let Some(page) = pages.next().await? {
            let mut rows = Vec::with_capacity(page.rows.len());
            for row in &page.rows {
                // A row whose stamp is none is still a row; it is judged where facts are made of it.
                let stamp = self.set.stamp(row).unwrap_or(None);
                done.watermark = done.watermark.take().max(stamp);
                rows.push(MirrorRow {
                    key: self.set.key(row),
                    group: self.group_by.map_or("", |by| row.text(by)).to_owned(),
                    content: row.to_json(),
                });
            }
            let mark = page.mark.filter(|_| marked).map(|page| {
                let mark = Mark { page, watermark: done.watermark.clone() };
                serde_json::to_string(&mark).expect("a mark has text keys only")
            });
            let mark = mark.as_deref().map(|text| (text, self.now));
            done.changed += locked(&self.mirror).put(id, run, &rows, mark)?;
            done.pages += 1;
            done.rows_read += rows.len();
            (self.reading.progress)(self.set.name(), page.rows_so_far, page.announced);
        }
        Ok(())
    }
}
