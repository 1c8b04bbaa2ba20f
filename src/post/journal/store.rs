//! Rows on disk: an SQLite file whose journal table only grows.
//!
//! Each append is a commit of its own with `synchronous=FULL`: when it returns, the row survives a
//! crash of the machine. Triggers refuse changes, the hash chain shows those that went around them.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, params};

use crate::audit;
use crate::clock::Moment;

use crate::post::rule::Rule;

use super::JournalError;
use super::error::io_error;
use super::piece::{Checked, Piece, Pieces};
use super::row::{self, GENESIS, Hash, Row, StoredRow};

/// `CRBD`, so that `file` and SQLite know whose file it is.
const APPLICATION_ID: i64 = 0x4352_4244;
/// Version of the tables.
const USER_VERSION: i64 = 1;

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS journal (
        seq        INTEGER PRIMARY KEY,
        change_set TEXT NOT NULL,
        kind       TEXT NOT NULL,
        version    INTEGER NOT NULL,
        wall       TEXT NOT NULL,
        since_boot INTEGER NOT NULL,
        boot_id    TEXT NOT NULL,
        payload    TEXT NOT NULL,
        hash       BLOB NOT NULL
    ) STRICT;
    CREATE TRIGGER IF NOT EXISTS journal_is_never_updated BEFORE UPDATE ON journal
        BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
    CREATE TRIGGER IF NOT EXISTS journal_is_never_deleted BEFORE DELETE ON journal
        BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
";

const ROWS: &str = "SELECT seq, change_set, kind, version, wall, since_boot, boot_id, payload, hash
                    FROM journal WHERE seq > ?1 ORDER BY seq";

/// The file, and where its chain ends.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    path: PathBuf,
    last_seq: i64,
    last_hash: Hash,
    head: audit::Head,
}

impl Store {
    /// Opens the file, or makes it.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let failed = |error| sqlite_error(path, error);
        let connection = Connection::open(path).map_err(failed)?;
        connection.busy_timeout(std::time::Duration::from_secs(5)).map_err(failed)?;
        let pragma = |name| connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0));
        let (id, version): (i64, i64) =
            (pragma("application_id").map_err(failed)?, pragma("user_version").map_err(failed)?);
        let empty: bool = connection
            .query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0))
            .map_err(failed)?;
        if !empty && (id != APPLICATION_ID || version != USER_VERSION) {
            return Err(JournalError::Foreign { path: path.to_owned(), id, version });
        }
        connection
            .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")
            .map_err(failed)?;
        if empty {
            connection
                .execute_batch(&format!(
                    "PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {USER_VERSION};"
                ))
                .map_err(failed)?;
        }
        connection.execute_batch(TABLES).map_err(failed)?;
        Ok(Self {
            connection,
            path: path.to_owned(),
            last_seq: 0,
            last_hash: GENESIS,
            head: audit::Head::default(),
        })
    }

    /// Gives `take` every row that was written since the last call, by any process, with its chain
    /// checked, when it was written and what `prepare` makes of it. Rows are held by pieces, never all
    /// at once; those of a long journal are hashed and prepared on every core while this thread reads
    /// and takes.
    ///
    /// # Errors
    ///
    /// [`JournalError::Corrupt`] names the first row that is not what its hash says; those before it
    /// were taken. What `take` says, with the rows up to that one taken.
    pub fn read_on<T: Send>(
        &mut self,
        prepare: impl Fn(&StoredRow<'_>) -> T + Sync,
        mut take: impl FnMut(&StoredRow<'_>, Timestamp, T) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        let Self { connection, path, last_seq, last_hash, head } = self;
        let mut statement = connection.prepare(ROWS).map_err(|error| sqlite_error(path, error))?;
        let found = statement.query([*last_seq]).map_err(|error| sqlite_error(path, error))?;
        let mut pieces = Pieces { found, path, seq: *last_seq, hash: *last_hash };
        let mut take_all = |piece: Piece, checked: Checked<T>| {
            piece.each(checked, (&mut *last_seq, &mut *last_hash, &mut *head), &mut take)
        };
        let mut piece = pieces.next();
        let mut before: Option<(Piece, Checked<T>)> = None;
        while !piece.is_last() {
            let mut checked = None;
            let next = rayon::in_place_scope(|scope| {
                scope.spawn(|_| checked = Some(piece.checked(path, &prepare)));
                let taken =
                    before.take().map_or(Ok(()), |(piece, checked)| take_all(piece, checked));
                taken.map(|()| pieces.next())
            })?;
            before = checked.map(|checked| (piece, checked));
            piece = next;
        }
        before.map_or(Ok(()), |(piece, checked)| take_all(piece, checked))?;
        let checked = piece.checked(path, &prepare);
        take_all(piece, checked)
    }

    /// The last rows, at most so many, and the hash before the first of them.
    ///
    /// # Errors
    ///
    /// [`JournalError`] if the file cannot be read, or they are not chained to that hash.
    pub fn last(&self, rows: usize) -> Result<(Vec<Row>, Hash), JournalError> {
        let failed = |error| sqlite_error(&self.path, error);
        let seq = self.last_seq - (rows as i64).min(self.last_seq);
        let hash = match seq {
            0 => GENESIS,
            seq => self
                .connection
                .query_row("SELECT hash FROM journal WHERE seq = ?1", [seq], |row| row.get(0))
                .map_err(failed)?,
        };
        let mut statement = self.connection.prepare(ROWS).map_err(failed)?;
        let found = statement.query([seq]).map_err(failed)?;
        let mut pieces = Pieces { found, path: &self.path, seq, hash };
        let mut last = Vec::new();
        let mut take = |row: &StoredRow<'_>, written, ()| {
            last.push(row.owned(written));
            Ok(())
        };
        // The audit log does not begin here.
        let (mut at, mut hashed, mut log) = (seq, hash, audit::Head::default());
        loop {
            let piece = pieces.next();
            let is_last = piece.is_last();
            let checked = piece.checked(&self.path, &|_: &StoredRow<'_>| ());
            piece.each(checked, (&mut at, &mut hashed, &mut log), &mut take)?;
            if is_last {
                return Ok((last, hash));
            }
        }
    }

    /// Appends rows about one change set, kind and payload each, in one commit: all of them are durable
    /// when this returns, or none. The caller has read on under the writer's lock.
    pub fn append(
        &mut self,
        change_set: &str,
        version: i64,
        at: &Moment,
        records: &[(&'static str, String)],
    ) -> Result<(), JournalError> {
        if !Rule::OneWriter.holds() {
            // Else the primary key would refuse the row of a second writer.
            self.read_on(|_| (), |_, _, ()| Ok(()))?;
        }
        for (kind, _) in records {
            crate::post::failpoint::appending(kind, false);
        }
        let (mut last_seq, mut last_hash, mut leaves) = (self.last_seq, self.last_hash, Vec::new());
        let rows = records.iter().map(|(kind, payload)| {
            last_seq += 1;
            let row = Row {
                seq: last_seq,
                change_set: change_set.to_owned(),
                kind: (*kind).to_owned(),
                version,
                at: at.clone(),
                payload: payload.clone(),
            };
            let encoding = row.encoding(&last_hash);
            leaves.push(audit::leaf_hash(&encoding));
            last_hash = row::hash_of(&encoding);
            (row, last_hash)
        });
        let rows: Vec<(Row, Hash)> = rows.collect();
        if let Err(error) = self.insert(&rows) {
            die_if_sync_failed(&error);
            return Err(sqlite_error(&self.path, error));
        }
        leaves.into_iter().for_each(|leaf| self.head.push(leaf));
        (self.last_seq, self.last_hash) = (last_seq, last_hash);
        for (kind, _) in records {
            crate::post::failpoint::appending(kind, true);
        }
        Ok(())
    }

    fn insert(&mut self, rows: &[(Row, Hash)]) -> rusqlite::Result<()> {
        // Without a transaction of its own a single row is a commit by itself.
        let together = rows.len() > 1;
        if together {
            self.connection.execute_batch("BEGIN IMMEDIATE")?;
        }
        let inserted = self.insert_each(rows);
        if !together {
            return inserted;
        }
        let committed = inserted.and_then(|()| self.connection.execute_batch("COMMIT"));
        if committed.is_err() {
            // SQLite may have done it already.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        committed
    }

    fn insert_each(&self, rows: &[(Row, Hash)]) -> rusqlite::Result<()> {
        let sql = "INSERT INTO journal VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
        let mut statement = self.connection.prepare(sql)?;
        for (row, hash) in rows {
            statement.execute(params![
                row.seq,
                row.change_set,
                row.kind,
                row.version,
                row.at.wall.to_string(),
                i64::try_from(row.at.since_boot.as_nanos()).unwrap_or(i64::MAX),
                row.at.boot_id,
                row.payload,
                hash.as_slice(),
            ])?;
        }
        Ok(())
    }

    /// The head of the audit log over the rows that were read or written.
    pub fn head(&self) -> &audit::Head {
        &self.head
    }

    /// Position of the last row.
    pub fn last_seq(&self) -> i64 {
        self.last_seq
    }

    /// Hash of the last row.
    pub fn last_hash(&self) -> Hash {
        self.last_hash
    }
}

/// After a failed fsync nobody knows what is on disk, and asking again can get a false yes. The
/// only safe answer is to stop and read the disk again at the next start.
fn die_if_sync_failed(error: &rusqlite::Error) {
    use rusqlite::ffi;
    if let rusqlite::Error::SqliteFailure(failure, _) = error
        && matches!(
            failure.extended_code,
            ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC | ffi::SQLITE_IOERR_WRITE
        )
    {
        tracing::error!(%error, "JRN-IO: the disk did not take the journal; stopped. Check the disk");
        crate::post::failpoint::die();
    }
}

pub(super) fn sqlite_error(path: &Path, error: rusqlite::Error) -> JournalError {
    let code = error.sqlite_error_code();
    match code {
        Some(ErrorCode::DiskFull) => JournalError::NoSpace { path: path.to_owned(), bytes: 0 },
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => JournalError::Corrupt {
            path: path.to_owned(),
            seq: 0,
            reason: format!("SQLite cannot read the file ({error})"),
        },
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            JournalError::NotWritable { path: path.to_owned(), reason: error.to_string() }
        }
        _ => io_error(path, error),
    }
}
