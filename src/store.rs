//! What Carbide keeps beside the journal: snapshots of what a run read and decided, and the carbon
//! ledger. Content is found by its hash, so an evidence key proves what it names.

mod findings;
pub mod ledger;
mod mirror;
mod shown;

use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use std::io::{BufWriter, Read, Write};

use crate::period::PostingPeriod;
use crate::said;
use crate::said::Said;
use crate::words_by_said;

pub use ledger::{Balance, Closing, LedgerKind, PeriodState};
pub use mirror::{Mirror, MirrorRow, MirroredSet};

/// Why the store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder cannot be made or written.
    Folder {
        /// Folder.
        path: PathBuf,
        /// What the system said.
        reason: std::io::Error,
    },
    /// SQLite refused.
    Database {
        /// File.
        path: PathBuf,
        /// What SQLite said.
        reason: rusqlite::Error,
    },
    /// What is stored is not what its key says.
    Corrupt {
        /// File.
        path: PathBuf,
        /// Key of the content.
        key: String,
    },
    /// The mirror is that of another SAP system.
    Foreign {
        /// File.
        path: PathBuf,
        /// System and client that it holds.
        holds: String,
        /// System and client of the settings.
        wanted: String,
    },
    /// SAP was read before, and its mirror is not there any more.
    MirrorLost {
        /// Where it was.
        path: PathBuf,
    },
    /// Another process reads SAP.
    InUse {
        /// File.
        path: PathBuf,
    },
    /// A period of the carbon ledger takes no transaction.
    PeriodClosed {
        /// BUKRS.
        company_code: String,
        /// Period.
        period: PostingPeriod,
    },
    /// A locked period is to be changed.
    PeriodLocked {
        /// BUKRS.
        company_code: String,
        /// Period.
        period: PostingPeriod,
    },
    /// Nothing is stored under a key.
    Unknown {
        /// File.
        path: PathBuf,
        /// Key that was asked for.
        key: String,
    },
}

impl StoreError {
    /// What happened, with what it is made of.
    pub fn said(&self) -> Said {
        match self {
            Self::Folder { path, reason } => said!(
                "store.folder",
                "the folder {path} cannot be written: {reason}. Nothing was stored or posted.",
                path = path.display(),
                reason = reason
            ),
            Self::Database { path, reason } => said!(
                "store.database",
                "the store {path} failed: {reason}. Nothing was posted after this.",
                path = path.display(),
                reason = reason
            ),
            Self::Corrupt { path, key } => said!(
                "store.corrupt",
                "STORE-CORRUPT: {key} in {path} does not have the content that its key names",
                key = key,
                path = path.display()
            ),
            Self::Foreign { path, holds, wanted } => said!(
                "store.foreign",
                "{path} mirrors {holds}, and {wanted} is to be read. Name another folder in [post] directory, \
                 or delete the file: the next run reads everything again. Nothing was read.",
                path = path.display(),
                holds = holds,
                wanted = wanted
            ),
            Self::MirrorLost { path } => said!(
                "store.mirror-lost",
                "MIRROR-LOST: {path} is gone, so everything would be read from SAP again. If that is what you \
                 want: `carbide sync --full --why ...`. Nothing was read.",
                path = path.display()
            ),
            Self::InUse { path } => said!(
                "store.in-use",
                "MIRROR-LOCK: another process reads SAP into {path}. Wait until it is done; nothing was read.",
                path = path.display()
            ),
            Self::PeriodClosed { company_code, period } => said!(
                "store.period-closed",
                "LEDGER-CLOSED: {period} of company code {company_code} is closed and takes no further \
                 transaction. Open it with `carbide ledger reopen`, or correct it in the next open period. \
                 Nothing was entered.",
                period = period,
                company_code = company_code
            ),
            Self::PeriodLocked { company_code, period } => said!(
                "store.period-locked",
                "LEDGER-LOCKED: {period} of company code {company_code} is locked and stays so",
                period = period,
                company_code = company_code
            ),
            Self::Unknown { path, key } => said!(
                "store.unknown",
                "{path} holds nothing under '{key}'",
                path = path.display(),
                key = key
            ),
        }
    }
}

words_by_said!(StoreError);

/// Kinds of snapshots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Facts as read from SAP and the energy management system.
    Facts,
    /// A plan with its problem and its evaluation.
    Plan,
    /// A posting run: inventory, ledger transaction and the evidence of each line.
    PostingRun,
    /// Footprints of products at a time.
    Footprints,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Facts => "facts",
            Self::Plan => "plan",
            Self::PostingRun => "posting_run",
            Self::Footprints => "footprints",
        }
    }
}

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS snapshot (
    key TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    content BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS snapshot_by_kind ON snapshot (kind, at_ms);
CREATE TRIGGER IF NOT EXISTS snapshot_is_final BEFORE UPDATE ON snapshot
    BEGIN SELECT RAISE(ABORT, 'snapshots are never changed'); END;
";

/// The store of one installation: a SQLite file.
pub struct Store {
    path: PathBuf,
    connection: Connection,
}

impl Store {
    /// Opens the store in `folder`, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// [`StoreError::Folder`] or [`StoreError::Database`].
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        std::fs::create_dir_all(folder)
            .map_err(|reason| StoreError::Folder { path: folder.to_owned(), reason })?;
        let path = folder.join("store.db");
        let open = || {
            let connection = Connection::open(&path)?;
            connection.busy_timeout(std::time::Duration::from_secs(10))?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", "FULL")?;
            connection.pragma_update(None, "foreign_keys", true)?;
            connection.execute_batch(SCHEMA)?;
            connection.execute_batch(ledger::SCHEMA)?;
            connection.execute_batch(findings::SCHEMA)?;
            connection.execute_batch(shown::SCHEMA)?;
            Ok(connection)
        };
        match open() {
            Ok(connection) => Ok(Self { path, connection }),
            Err(reason) => Err(StoreError::Database { path, reason }),
        }
    }

    /// Keeps `value` and returns its key: SHA-256 of its JSON, in hex.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn keep<T: Serialize>(
        &self,
        kind: Kind,
        at: Timestamp,
        value: &T,
    ) -> Result<String, StoreError> {
        let (key, packed) = packed(value);
        self.run(|connection| {
            connection.execute(
                "INSERT INTO snapshot (key, kind, at_ms, content) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (key) DO NOTHING",
                params![key, kind.name(), at.as_millisecond(), packed],
            )
        })?;
        Ok(key)
    }

    /// The newest snapshot of a kind with its key and time; `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`], or [`StoreError::Corrupt`] if the content is not what its key says.
    pub fn latest<T: DeserializeOwned>(
        &self,
        kind: Kind,
    ) -> Result<Option<(String, Timestamp, T)>, StoreError> {
        let newest = "SELECT key, at_ms, content FROM snapshot WHERE kind = ?1
                      ORDER BY at_ms DESC, rowid DESC LIMIT 1";
        self.one(newest, kind.name())
    }

    /// Whether there is any snapshot of a kind.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn has(&self, kind: Kind) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM snapshot WHERE kind = ?1)";
        self.run(|connection| connection.query_row(sql, [kind.name()], |row| row.get(0)))
    }

    /// The snapshot of a kind whose key begins with `prefix`.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unknown`] if there is none, otherwise as [`Store::latest`].
    pub fn get<T: DeserializeOwned>(
        &self,
        kind: Kind,
        prefix: &str,
    ) -> Result<(String, Timestamp, T), StoreError> {
        let sql = format!(
            "SELECT key, at_ms, content FROM snapshot
             WHERE kind = '{}' AND substr(key, 1, length(?1)) = ?1 LIMIT 1",
            kind.name()
        );
        let unknown = || StoreError::Unknown { path: self.path.clone(), key: prefix.to_owned() };
        self.one(&sql, prefix)?.ok_or_else(unknown)
    }

    /// Every snapshot of a kind, newest first.
    ///
    /// # Errors
    ///
    /// As [`Store::latest`].
    pub fn all<T: DeserializeOwned>(
        &self,
        kind: Kind,
    ) -> Result<Vec<(String, Timestamp, T)>, StoreError> {
        self.newest(kind, usize::MAX)
    }

    /// The newest snapshots of a kind, at most so many, newest first.
    ///
    /// # Errors
    ///
    /// As [`Store::latest`].
    pub fn newest<T: DeserializeOwned>(
        &self,
        kind: Kind,
        most: usize,
    ) -> Result<Vec<(String, Timestamp, T)>, StoreError> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let rows = self.run(|connection| {
            let mut statement = connection.prepare(
                "SELECT key, at_ms, content FROM snapshot WHERE kind = ?1
                 ORDER BY at_ms DESC LIMIT ?2",
            )?;
            statement
                .query_map(params![kind.name(), most], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                })?
                .collect::<Result<Vec<(String, i64, Vec<u8>)>, _>>()
        })?;
        rows.into_iter().map(|row| self.unpacked(row)).collect()
    }

    fn one<T: DeserializeOwned>(
        &self,
        sql: &str,
        parameter: &str,
    ) -> Result<Option<(String, Timestamp, T)>, StoreError> {
        let row = self.run(|connection| {
            connection
                .query_row(sql, [parameter], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
                .optional()
        })?;
        row.map(|row| self.unpacked(row)).transpose()
    }

    fn unpacked<T: DeserializeOwned>(
        &self,
        (key, at_ms, packed): (String, i64, Vec<u8>),
    ) -> Result<(String, Timestamp, T), StoreError> {
        let mut json = Vec::new();
        let whole = GzDecoder::new(packed.as_slice()).read_to_end(&mut json).is_ok()
            && hex(&Sha256::digest(&json)) == key;
        let value = if whole { serde_json::from_slice(&json).ok() } else { None };
        let at = Timestamp::from_millisecond(at_ms).ok();
        match (value, at) {
            (Some(value), Some(at)) => Ok((key, at, value)),
            _ => Err(StoreError::Corrupt { path: self.path.clone(), key }),
        }
    }

    fn run<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        work(&self.connection)
            .map_err(|reason| StoreError::Database { path: self.path.clone(), reason })
    }
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The key of a value, and the value packed: as it is written, since as JSON the facts of a large plant
/// are as large as they are in memory.
fn packed<T: Serialize>(value: &T) -> (String, Vec<u8>) {
    let packing = GzEncoder::new(Vec::new(), Compression::fast());
    let mut json = BufWriter::with_capacity(64 << 10, Hashed { hash: Sha256::new(), to: packing });
    serde_json::to_writer(&mut json, value).expect("snapshots have text keys only");
    let Ok(Hashed { hash, to }) = json.into_inner() else { unreachable!("a Vec takes every byte") };
    (hex(&hash.finalize()), to.finish().expect("a Vec takes every byte"))
}

/// Hashes what goes through it.
struct Hashed<W> {
    hash: Sha256,
    to: W,
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let taken = self.to.write(bytes)?;
        self.hash.update(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        (folder, store)
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_newest_snapshot_is_found_and_is_what_its_key_says() {
        let (_folder, store) = store();
        store.keep(Kind::Plan, at(1), &"old").unwrap();
        let key = store.keep(Kind::Plan, at(2), &"new").unwrap();

        let (found, when, value): (String, Timestamp, String) =
            store.latest(Kind::Plan).unwrap().unwrap();

        assert_eq!((found, when, value.as_str()), (key, at(2), "new"));
        assert!(store.latest::<String>(Kind::Facts).unwrap().is_none());
    }

    #[test]
    fn a_snapshot_that_was_tampered_with_is_refused() {
        let (_folder, store) = store();
        store.keep(Kind::Plan, at(1), &"true").unwrap();
        store
            .connection
            .execute_batch("DROP TRIGGER snapshot_is_final; UPDATE snapshot SET content = x'00';")
            .unwrap();

        assert!(matches!(store.latest::<String>(Kind::Plan), Err(StoreError::Corrupt { .. })));
    }
}
