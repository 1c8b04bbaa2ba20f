//! A copy of SAP's rows on this machine, so that a run reads only what changed. It can be deleted at
//! any time: the next run reads everything again, and says so.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::StoreError;

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS origin (system TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS entity_set (
    id INTEGER PRIMARY KEY,
    service TEXT NOT NULL,
    name TEXT NOT NULL,
    selection TEXT NOT NULL,
    watermark TEXT,
    run INTEGER NOT NULL,
    whole INTEGER NOT NULL,
    whole_at_ms INTEGER,
    owner_run INTEGER NOT NULL,
    mark TEXT,
    mark_at_ms INTEGER,
    UNIQUE (service, name)
) STRICT;
CREATE TABLE IF NOT EXISTS entity (
    entity_set INTEGER NOT NULL REFERENCES entity_set (id),
    key TEXT NOT NULL,
    group_key TEXT NOT NULL,
    content TEXT NOT NULL,
    seen_in INTEGER NOT NULL,
    changed_in INTEGER NOT NULL,
    gone_in INTEGER,
    PRIMARY KEY (entity_set, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS entity_by_group ON entity (entity_set, group_key);
";

/// What is known about an entity set before it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MirroredSet {
    /// Id within the mirror.
    pub id: i64,
    /// What was asked for.
    pub selection: String,
    /// Newest change stamp of its rows, if it has any.
    pub watermark: Option<String>,
    /// Number of the last run that wrote to it.
    pub run: i64,
    /// Whether the last read of everything came to its end.
    pub whole: bool,
    /// When it was last read whole; `None` if it never was.
    pub whole_at: Option<Timestamp>,
    /// Run of the set with which it changes, up to which it has followed.
    pub owner_run: i64,
    /// Where a read broke off, and when.
    pub mark: Option<(String, Timestamp)>,
}

/// One row on its way into the mirror.
#[derive(Clone, Debug)]
pub struct MirrorRow {
    /// Key.
    pub key: String,
    /// What it has in common with the rows that change together with it, in other sets as well: the
    /// sales order of a schedule line. Empty if there are none.
    pub group: String,
    /// The row as JSON.
    pub content: String,
}

/// The mirror of one SAP system and client.
#[derive(Debug)]
pub struct Mirror {
    path: PathBuf,
    connection: Connection,
    /// Held as long as this lives: runs of two processes must not mix.
    _lock: File,
}

impl Mirror {
    /// Whether there is a mirror in `folder`.
    pub fn is_there(folder: &Path) -> bool {
        folder.join("mirror.db").exists()
    }

    /// Opens the mirror in `folder`, or makes it. `system` tells one SAP system and client from
    /// another.
    ///
    /// # Errors
    ///
    /// [`StoreError::Foreign`] if it is the mirror of another system, [`StoreError::InUse`] if another
    /// process reads SAP into it.
    pub fn open(folder: &Path, system: &str) -> Result<Self, StoreError> {
        std::fs::create_dir_all(folder)
            .map_err(|reason| StoreError::Folder { path: folder.to_owned(), reason })?;
        let path = folder.join("mirror.db");
        let lock = folder.join("mirror.lock");
        let failed = |reason| StoreError::Folder { path: lock.clone(), reason };
        let lock_file = File::create(&lock).map_err(failed)?;
        match lock_file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::InUse { path }),
            Err(TryLockError::Error(reason)) => return Err(failed(reason)),
        }
        let open = || {
            let connection = Connection::open(&path)?;
            connection.busy_timeout(Duration::from_secs(10))?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            // What is lost with the power is read again.
            connection.pragma_update(None, "synchronous", "NORMAL")?;
            connection.execute_batch(SCHEMA)?;
            let origin: Option<String> = connection
                .query_row("SELECT system FROM origin", [], |row| row.get(0))
                .optional()?;
            if origin.is_none() {
                connection.execute("INSERT INTO origin VALUES (?1)", [system])?;
            }
            Ok((connection, origin))
        };
        match open() {
            Ok((_, Some(origin))) if origin != system => {
                Err(StoreError::Foreign { path, holds: origin, wanted: system.to_owned() })
            }
            Ok((connection, _)) => Ok(Self { path, connection, _lock: lock_file }),
            Err(reason) => Err(StoreError::Database { path, reason }),
        }
    }

    /// What is known about a set; it is entered if it is new.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`], as everywhere here.
    pub fn set(&self, service: &str, name: &str) -> Result<MirroredSet, StoreError> {
        self.run(|connection| {
            connection.execute(
                "INSERT INTO entity_set (service, name, selection, run, whole, owner_run)
                     VALUES (?1, ?2, '', 0, 0, 0)
                 ON CONFLICT (service, name) DO NOTHING",
                [service, name],
            )?;
            connection.query_row(
                "SELECT id, selection, watermark, run, whole_at_ms, mark, mark_at_ms, whole,
                     owner_run FROM entity_set WHERE service = ?1 AND name = ?2",
                [service, name],
                |row| {
                    let at = |column| -> rusqlite::Result<Option<Timestamp>> {
                        let milliseconds: Option<i64> = row.get(column)?;
                        Ok(milliseconds.and_then(|ms| Timestamp::from_millisecond(ms).ok()))
                    };
                    let mark: Option<String> = row.get(5)?;
                    Ok(MirroredSet {
                        id: row.get(0)?,
                        selection: row.get(1)?,
                        watermark: row.get(2)?,
                        run: row.get(3)?,
                        whole_at: at(4)?,
                        whole: row.get(7)?,
                        owner_run: row.get(8)?,
                        mark: mark.zip(at(6)?),
                    })
                },
            )
        })
    }

    /// Begins a run that reads the whole of `selection`; an earlier mark is forgotten.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn begin(&self, set: i64, run: i64, selection: &str) -> Result<(), StoreError> {
        self.run(|connection| {
            connection.execute(
                "UPDATE entity_set SET run = ?2, selection = ?3, mark = NULL, mark_at_ms = NULL,
                     whole = 0, watermark = NULL WHERE id = ?1",
                params![set, run, selection],
            )
        })
        .map(drop)
    }

    /// Puts a page in, all of it or nothing, together with the mark behind it. How many rows are new
    /// or changed.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn put(
        &mut self,
        set: i64,
        run: i64,
        rows: &[MirrorRow],
        mark: Option<(&str, Timestamp)>,
    ) -> Result<usize, StoreError> {
        let put = |connection: &mut Connection| {
            let transaction = connection.transaction()?;
            let mut changed = 0;
            {
                let mut same = transaction.prepare(
                    "UPDATE entity SET seen_in = ?3 WHERE entity_set = ?1 AND key = ?2
                         AND content = ?4 AND gone_in IS NULL",
                )?;
                let mut write = transaction.prepare(
                    "INSERT INTO entity (entity_set, key, group_key, content, seen_in, changed_in)
                         VALUES (?1, ?2, ?3, ?4, ?5, ?5)
                     ON CONFLICT (entity_set, key) DO UPDATE SET group_key = excluded.group_key,
                         content = excluded.content, seen_in = excluded.seen_in,
                         changed_in = excluded.changed_in, gone_in = NULL",
                )?;
                for row in rows {
                    if same.execute(params![set, row.key, run, row.content])? == 0 {
                        write.execute(params![set, row.key, row.group, row.content, run])?;
                        changed += 1;
                    }
                }
                let (mark, at) = mark.unzip();
                transaction.execute(
                    "UPDATE entity_set SET run = ?2, mark = ?3, mark_at_ms = ?4 WHERE id = ?1",
                    params![set, run, mark, at.map(Timestamp::as_millisecond)],
                )?;
            }
            transaction.commit()?;
            Ok(changed)
        };
        put(&mut self.connection)
            .map_err(|reason| StoreError::Database { path: self.path.clone(), reason })
    }

    /// Notes that SAP still has these rows, and returns those that the mirror does not have.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn seen(&mut self, set: i64, run: i64, keys: &[String]) -> Result<usize, StoreError> {
        let note = |connection: &mut Connection| {
            let transaction = connection.transaction()?;
            let mut missing = 0;
            {
                let mut update = transaction.prepare(
                    "UPDATE entity SET seen_in = ?3
                     WHERE entity_set = ?1 AND key = ?2 AND gone_in IS NULL",
                )?;
                for key in keys {
                    missing += usize::from(update.execute(params![set, key, run])? == 0);
                }
            }
            transaction.commit()?;
            Ok(missing)
        };
        note(&mut self.connection)
            .map_err(|reason| StoreError::Database { path: self.path.clone(), reason })
    }

    /// Marks the rows that a run did not see as gone; of `groups` only, if they are given. How many.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn unseen_are_gone(
        &self,
        set: i64,
        run: i64,
        groups: Option<&[String]>,
    ) -> Result<usize, StoreError> {
        const GONE: &str = "UPDATE entity SET gone_in = ?2
             WHERE entity_set = ?1 AND seen_in < ?2 AND gone_in IS NULL";
        self.run(|connection| {
            let Some(groups) = groups else { return connection.execute(GONE, [set, run]) };
            let mut statement = connection.prepare(&format!("{GONE} AND group_key = ?3"))?;
            let mut gone = 0;
            for group in groups {
                gone += statement.execute(params![set, run, group])?;
            }
            Ok(gone)
        })
    }

    /// Groups of a set of which a row changed or went after `run`.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn groups_since(&self, set: i64, run: i64) -> Result<Vec<String>, StoreError> {
        self.run(|connection| {
            let mut statement = connection.prepare(
                "SELECT DISTINCT group_key FROM entity
                 WHERE entity_set = ?1 AND (changed_in > ?2 OR gone_in > ?2) ORDER BY group_key",
            )?;
            statement.query_map(params![set, run], |row| row.get(0))?.collect()
        })
    }

    /// Notes that a set has followed the one with which it changes up to the latter's `run`.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn followed(&self, set: i64, run: i64) -> Result<(), StoreError> {
        let sql = "UPDATE entity_set SET owner_run = ?2 WHERE id = ?1";
        self.run(|connection| connection.execute(sql, [set, run])).map(drop)
    }

    /// Ends a run: its watermark, and when, if everything was read.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn end(
        &self,
        set: i64,
        run: i64,
        watermark: Option<&str>,
        whole_at: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        self.run(|connection| {
            connection.execute(
                "UPDATE entity_set SET run = ?2, watermark = COALESCE(?3, watermark),
                     whole_at_ms = COALESCE(?4, whole_at_ms), whole = (?4 IS NOT NULL OR whole),
                     mark = NULL, mark_at_ms = NULL
                 WHERE id = ?1",
                params![set, run, watermark, whole_at.map(Timestamp::as_millisecond)],
            )
        })
        .map(drop)
    }

    /// How many rows a set has.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn count(&self, set: i64) -> Result<usize, StoreError> {
        self.run(|connection| {
            connection.query_row(
                "SELECT count(*) FROM entity WHERE entity_set = ?1 AND gone_in IS NULL",
                [set],
                |row| row.get::<_, i64>(0),
            )
        })
        .map(|count| usize::try_from(count).unwrap_or(0))
    }

    /// The rows of a set, one after the other, in the order of their keys.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn each(&self, set: i64, mut with: impl FnMut(String)) -> Result<(), StoreError> {
        self.run(|connection| {
            let mut statement = connection.prepare(
                "SELECT content FROM entity WHERE entity_set = ?1 AND gone_in IS NULL ORDER BY key",
            )?;
            let mut rows = statement.query([set])?;
            while let Some(row) = rows.next()? {
                with(row.get(0)?);
            }
            Ok(())
        })
    }

    fn run<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        work(&self.connection)
            .map_err(|reason| StoreError::Database { path: self.path.clone(), reason })
    }
}
