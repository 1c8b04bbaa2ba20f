//! The journal: everything that was about to be sent to SAP, and what became of it.
//!
//! It is written before SAP is, so after any crash it says which documents may be there. One SQLite
//! file, append-only, each row chained to the one before; the states are replayed from the rows.

mod as_left;
mod error;
mod export;
mod history;
mod known;
mod lock;
mod piece;
mod position;
mod record;
mod reserve;
mod row;
mod store;
mod wire;

use std::fs;
use std::path::{Path, PathBuf};

use crate::audit;
use crate::clock::Moment;

use super::approval::Request;
use super::change_set::ChangeSetId;
use super::reference_key::{JournalTag, hex};
use super::rule::Rule;
use super::state::{self, State};

pub use as_left::OrderAsLeft;
pub use error::JournalError;
pub use export::{ExportedRow, export};
pub use history::{ChangeSet, ItemHistory};
pub use lock::Writing;
pub use position::Position;
pub use record::{Conflict, Record, SapNumber};
pub use row::Row;

use error::io_error;
use known::Known;
use store::Store;

/// What checking a journal found.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Verification {
    /// Rows that are as they were written.
    pub rows: i64,
    /// Change sets in them.
    pub change_sets: usize,
    /// Hash of the last good row, hexadecimal: note it elsewhere, and a later rewrite shows.
    pub last_hash: String,
    /// What is damaged, if anything is.
    pub damage: Option<String>,
}

/// An open journal.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    store: Store,
    known: Known,
    damage: Option<String>,
    /// Rows that are written only with the next ones: always none, but in a test of the tests.
    late: Vec<(ChangeSetId, Record, Moment)>,
}

impl Journal {
    /// Opens the journal at `path`, or makes it together with its directory, and replays it.
    ///
    /// A damaged journal opens too, so that it can be looked at; writing to it is refused then.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if it cannot be read or made.
    pub fn open(path: &Path, now: &Moment) -> Result<Self, JournalError> {
        if let Some(directory) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            fs::create_dir_all(directory).map_err(|error| JournalError::NotWritable {
                path: directory.to_owned(),
                reason: error.to_string(),
            })?;
        }
        let store = Store::open(path)?;
        let mut journal = Self {
            path: path.to_owned(),
            store,
            known: Known::default(),
            damage: None,
            late: Vec::new(),
        };
        journal.read_on()?;
        if journal.known.tag.is_none() && journal.damage.is_none() && journal.known.newer.is_none()
        {
            let _writing = lock::take(path)?;
            journal.read_on()?;
            if journal.known.tag.is_none() {
                let record = Record::JournalCreated {
                    tag: JournalTag::from_number(rand::random()),
                    carbide: env!("CARGO_PKG_VERSION").to_owned(),
                };
                journal.write("", &[&record], now)?;
                journal.known.take_in(&record, now);
            }
        }
        Ok(journal)
    }

    /// Opens the journal at `path` of the SAP system and client `domain`, as `S4H/100`.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open); [`JournalError::OtherSystem`] if it belongs to another system or client.
    pub fn open_of(path: &Path, domain: &str, now: &Moment) -> Result<Self, JournalError> {
        let journal = Self::open(path, now)?;
        if let Some(other) = journal.domain().filter(|other| *other != domain) {
            return Err(JournalError::OtherSystem {
                path: path.to_owned(),
                journal: other.to_owned(),
                configured: domain.to_owned(),
            });
        }
        Ok(journal)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What tells its documents from those of other journals.
    pub fn tag(&self) -> JournalTag {
        self.known.tag.clone().unwrap_or_else(|| JournalTag::from_number(0))
    }

    /// SAP system and client that it belongs to, once something was prepared.
    pub fn domain(&self) -> Option<&str> {
        self.known.domain.as_deref()
    }

    /// How far it has come; `None` before anything was prepared.
    pub fn position(&self) -> Option<&Position> {
        self.known.position.as_ref()
    }

    /// The key of its mark in SAP for the `number`-th change set that was prepared.
    pub fn mark_key(&self, number: u64) -> Option<String> {
        self.known.origin.as_ref().map(|origin| origin.key(number))
    }

    /// The head of the audit log: how many rows, and the hash over them.
    pub fn head(&self) -> (u64, audit::Hash) {
        (self.store.head().size(), self.store.head().root())
    }

    /// Every change set, oldest first.
    pub fn change_sets(&self) -> &[ChangeSet] {
        self.known.change_sets()
    }

    /// One change set.
    pub fn change_set(&self, id: &ChangeSetId) -> Option<&ChangeSet> {
        self.known.change_set(id)
    }

    /// Takes in what other processes have written.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if the file cannot be read. Damage is remembered and is no error here.
    pub fn read_on(&mut self) -> Result<(), JournalError> {
        if self.damage.is_some() {
            // What comes behind a damaged row is not believed.
            return Ok(());
        }
        let Self { store, known, path, .. } = self;
        // One for all rows: most of them are of one boot.
        let mut at = None;
        let read = store.read_on(
            |row| Record::from_json(row.payload),
            |row, written, record| {
                let at = at.get_or_insert_with(|| row.moment(written));
                at.set(written, row.since_boot, row.boot_id);
                known.replay(row, record, at, path)
            },
        );
        match read {
            Err(error @ JournalError::Corrupt { .. }) => {
                tracing::error!(%error, "posting is disabled");
                self.damage = Some(error.to_string());
                Ok(())
            }
            other => other,
        }
    }

    /// Postings that were asked for, oldest first.
    pub fn requests(&self) -> &[Request] {
        &self.known.requests
    }

    /// Appends one record about the journal itself; durable when this returns.
    ///
    /// # Errors
    ///
    /// What the disk said. Nothing was written then.
    pub fn note(
        &mut self,
        _writing: &Writing,
        record: &Record,
        now: &Moment,
    ) -> Result<(), JournalError> {
        debug_assert!(record.event().is_none(), "{} is about a change set", record.name());
        self.write("", &[record], now)?;
        self.known.take_in(record, now);
        Ok(())
    }

    /// Becomes the one writer, and takes in what others have written.
    ///
    /// # Errors
    ///
    /// [`JournalError::InUse`] if another process writes, [`JournalError::Corrupt`] if the journal
    /// is damaged, [`JournalError::Newer`] if a later version of Carbide wrote to it.
    pub fn begin_writing(&mut self) -> Result<Writing, JournalError> {
        let writing = lock::take(&self.path)?;
        self.read_on()?;
        if let Some(version) = self.known.newer {
            return Err(JournalError::Newer {
                path: self.path.clone(),
                version,
                known: record::VERSION,
            });
        }
        match &self.damage {
            None => Ok(writing),
            Some(damage) => Err(JournalError::Corrupt {
                path: self.path.clone(),
                seq: self.store.last_seq() + 1,
                reason: damage.clone(),
            }),
        }
    }

    /// The name that the next change set gets.
    pub fn next_id(&self) -> ChangeSetId {
        ChangeSetId::numbered(self.known.change_sets().len() + 1)
    }

    /// Puts space aside for a change set whose documents are so many bytes each. How many bytes.
    ///
    /// # Errors
    ///
    /// [`JournalError::NoSpace`] if the disk does not have it.
    pub fn reserve(
        &mut self,
        _writing: &Writing,
        document_bytes: impl Iterator<Item = u64>,
    ) -> Result<u64, JournalError> {
        let bytes = reserve::needed(document_bytes);
        reserve::take(&self.path, bytes)?;
        Ok(bytes)
    }

    /// Appends one record about `id`; durable when this returns.
    ///
    /// # Errors
    ///
    /// [`JournalError::Illegal`] if it cannot follow what is there, else what the disk said.
    /// Nothing was written then.
    pub fn append(
        &mut self,
        writing: &Writing,
        id: &ChangeSetId,
        record: &Record,
        now: &Moment,
    ) -> Result<(), JournalError> {
        self.append_all(writing, id, std::slice::from_ref(record), now)
    }

    /// Appends records about `id` in one commit, one after the other: all of them are durable when this
    /// returns.
    ///
    /// # Errors
    ///
    /// As [`append`](Self::append). None of them was written then.
    pub fn append_all(
        &mut self,
        _writing: &Writing,
        id: &ChangeSetId,
        records: &[Record],
        now: &Moment,
    ) -> Result<(), JournalError> {
        // Before they are written: what is on the disk stays there.
        let mut state = self.change_set(id).map_or_else(State::new, |set| set.state.clone());
        for record in records {
            if let Record::Prepared { draft, .. } = record {
                state.groups = draft.groups();
            }
            let Some(event) = record.event() else { continue };
            state::follow(&mut state, event)
                .map_err(|source| JournalError::Illegal { id: id.clone(), source })?;
        }
        let (late, at_once): (Vec<&Record>, Vec<&Record>) = records.iter().partition(|record| {
            !Rule::IntentFirst.holds() && matches!(record, Record::ItemIntent { .. })
        });
        self.write(id.as_str(), &at_once, now)?;
        self.late.extend(late.into_iter().map(|record| (id.clone(), record.clone(), now.clone())));
        for record in records {
            let taken_in = self.known.take_in_of(id.as_str(), record.clone(), record::VERSION, now);
            taken_in.map_err(|source| JournalError::Illegal { id: id.clone(), source })?;
        }
        Ok(())
    }

    fn write(&mut self, id: &str, records: &[&Record], now: &Moment) -> Result<(), JournalError> {
        for (id, record, at) in std::mem::take(&mut self.late) {
            self.write(id.as_str(), &[&record], &at)?;
        }
        if records.is_empty() {
            return Ok(());
        }
        let texts = records.iter().map(|record| {
            let text = record.to_json();
            text.map(|text| (record.name(), text)).map_err(|error| io_error(&self.path, error))
        });
        let texts: Vec<(&'static str, String)> = texts.collect::<Result<_, _>>()?;
        match self.store.append(id, record::VERSION, now, &texts) {
            // The disk is full: this is what the reserve was for.
            Err(JournalError::NoSpace { .. }) if reserve::give_up(&self.path) => {
                self.store.append(id, record::VERSION, now, &texts)
            }
            other => other,
        }
    }

    /// Reads everything again from the disk and checks it.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if the file cannot be read at all. Damage is in the result.
    pub fn verify(&self, now: &Moment) -> Result<Verification, JournalError> {
        let fresh = Self::open(&self.path, now)?;
        Ok(Verification {
            rows: fresh.store.last_seq(),
            change_sets: fresh.change_sets().len(),
            last_hash: hex(&fresh.store.last_hash()),
            damage: fresh.damage,
        })
    }

    /// The last rows, if all of them are about `id`: what an unfinished change set has so far.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if the file cannot be read.
    pub fn rows_at_the_end(
        &self,
        id: &ChangeSetId,
        rows: usize,
    ) -> Result<Vec<ExportedRow>, JournalError> {
        let (rows, before) = self.store.last(rows)?;
        let mut rows = export::chained(rows, before);
        rows.retain(|row| row.change_set == id.as_str());
        Ok(rows)
    }

    /// The rows of one change set, from the disk.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if the file cannot be read or is damaged before their end.
    pub fn rows(&self, id: &ChangeSetId) -> Result<Vec<Row>, JournalError> {
        let mut rows = Vec::new();
        Store::open(&self.path)?.read_on(
            |row| row.change_set == id.as_str(),
            |row, written, is_of_it| {
                rows.extend(is_of_it.then(|| row.owned(written)));
                Ok(())
            },
        )?;
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock, ManualClock};

    fn now() -> Moment {
        ManualClock::at("2018-10-01T08:00:00Z".parse().unwrap()).now()
    }

    fn begun(path: &Path) -> Journal {
        let mut journal = Journal::open(path, &now()).unwrap();
        let writing = journal.begin_writing().unwrap();
        let id = journal.next_id();
        let reserved = Record::SpaceReserved { bytes: 1, items: 1 };
        journal.append(&writing, &id, &reserved, &now()).unwrap();
        let refused = Record::Refused { reason: "test".to_owned(), deletions_of: None };
        journal.append(&writing, &id, &refused, &now()).unwrap();
        journal
    }

    #[test]
    fn what_was_written_is_there_after_opening_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("carbide.sqlite");
        let before = begun(&path);

        let after = Journal::open(&path, &now()).unwrap();

        assert_eq!(after.change_sets(), before.change_sets());
        assert_eq!(after.tag(), before.tag());
    }

    #[test]
    fn a_row_cannot_be_changed_or_deleted() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("carbide.sqlite");
        let journal = begun(&path);
        let sql = rusqlite::Connection::open(&path).unwrap();

        let changed = sql.execute("UPDATE journal SET payload = '{}'", []);
        let deleted = sql.execute("DELETE FROM journal", []);

        assert!(changed.unwrap_err().to_string().contains("append-only"));
        assert!(deleted.unwrap_err().to_string().contains("append-only"));
        assert_eq!(journal.verify(&now()).unwrap().damage, None);
    }

    #[test]
    fn a_row_changed_behind_our_back_stops_posting_and_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("carbide.sqlite");
        drop(begun(&path));
        let sql = rusqlite::Connection::open(&path).unwrap();
        sql.execute_batch(
            "DROP TRIGGER journal_is_never_updated;
             UPDATE journal SET payload = replace(payload, 'test', 'text') WHERE seq = 3;",
        )
        .unwrap();

        let mut damaged = Journal::open(&path, &now()).unwrap();

        assert_eq!(damaged.verify(&now()).unwrap().rows, 2);
        let refused = damaged.begin_writing().unwrap_err().to_string();
        assert!(refused.starts_with("JRN-CORRUPT: row 3"), "{refused}");
    }

    #[test]
    fn a_directory_that_cannot_be_written_is_named() {
        let refused = Journal::open(Path::new("/proc/nowhere/carbide.sqlite"), &now());

        let text = refused.unwrap_err().to_string();
        assert!(text.starts_with("JRN-NOTWRITABLE"), "{text}");
        assert!(text.ends_with("nothing was posted"));
    }

    #[test]
    fn another_programs_database_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("other.sqlite");
        rusqlite::Connection::open(&path).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();

        let refused = Journal::open(&path, &now()).unwrap_err();

        assert!(matches!(refused, JournalError::Foreign { .. }));
    }

    #[test]
    fn an_illegal_record_is_not_written() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("carbide.sqlite");
        let mut journal = begun(&path);
        let writing = journal.begin_writing().unwrap();
        let id = ChangeSetId::numbered(1);

        let refused = journal.append(&writing, &id, &Record::RolledBack, &now());

        assert!(matches!(refused, Err(JournalError::Illegal { .. })));
        assert_eq!(journal.rows(&id).unwrap().len(), 2);
    }
}
