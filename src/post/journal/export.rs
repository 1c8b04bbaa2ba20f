//! Rows as others read them: stable names, with the chain.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::row::{GENESIS, Hash, Row};
use super::store::Store;
use super::{JournalError, hex};

/// A row, and what its hash is made from. The names are an interface: they do not change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedRow {
    /// Position, from 1, without gaps.
    pub seq: i64,
    /// Change set, or empty for a row about the journal.
    pub change_set: String,
    /// Name of the record's type.
    pub kind: String,
    /// Version of the payload.
    pub version: i64,
    /// Wall clock, UTC.
    pub wall: String,
    /// Nanoseconds since boot.
    pub since_boot_ns: i128,
    /// Which boot.
    pub boot_id: String,
    /// The record, as the text that was hashed.
    pub payload: String,
    /// Hash of the row before, hexadecimal.
    pub previous_hash: String,
    /// Hash of this row, hexadecimal.
    pub hash: String,
    /// What the hash is taken over, and a leaf of the audit log.
    #[serde(skip)]
    pub encoding: Vec<u8>,
}

/// Every row of the journal at `path`, its chain checked. No row is written.
///
/// # Errors
///
/// [`JournalError`] if there is no journal, it cannot be read, or a row is damaged.
pub fn export(path: &Path) -> Result<Vec<ExportedRow>, JournalError> {
    if !path.exists() {
        return Err(super::io_error(path, "there is none yet"));
    }
    let mut rows = Vec::new();
    Store::open(path)?.read_on(
        |_| (),
        |row, written, ()| {
            rows.push(row.owned(written));
            Ok(())
        },
    )?;
    Ok(chained(rows, GENESIS))
}

/// Rows that follow the one whose hash is `previous`.
pub(super) fn chained(rows: Vec<Row>, mut previous: Hash) -> Vec<ExportedRow> {
    let exported = |row: Row| {
        let hash = row.hash(&previous);
        let row = ExportedRow {
            encoding: row.encoding(&previous),
            seq: row.seq,
            change_set: row.change_set,
            kind: row.kind,
            version: row.version,
            wall: row.at.wall.to_string(),
            since_boot_ns: row.at.since_boot.as_nanos(),
            boot_id: row.at.boot_id,
            payload: row.payload,
            previous_hash: hex(&previous),
            hash: hex(&hash),
        };
        previous = hash;
        row
    };
    rows.into_iter().map(exported).collect()
}
