//! Rows from the disk, piece by piece: read, then checked against the chain.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use rusqlite::Rows;

use crate::audit;
use crate::clock::Moment;

use super::JournalError;
use super::row::{self, Hash, Row};
use super::store::sqlite_error;

/// Rows of a piece: enough that a thread is worth it, few enough to be held.
pub const PIECE: usize = 4_096;

/// What the disk still has to give, after the row `seq` whose hash it says is `hash`.
pub struct Pieces<'a> {
    pub found: Rows<'a>,
    pub path: &'a Path,
    pub seq: i64,
    pub hash: Hash,
}

/// A row as the disk has it.
struct Found {
    row: Row,
    /// The wall clock as it is written: what was hashed.
    wall: String,
    hash: Hash,
}

/// Rows that follow each other, not yet checked.
pub struct Piece {
    /// Hash of the row before the first.
    before: Hash,
    found: Vec<Found>,
    /// What is wrong with the row after them.
    end: Option<JournalError>,
}

/// What the chain and the audit log take of a row.
pub struct Link {
    pub hash: Hash,
    pub leaf: audit::Hash,
}

/// Rows that are what their hashes say, each with what was made of it.
pub struct Checked<T> {
    pub rows: Vec<(Row, T, Link)>,
    /// What is wrong with the row after them.
    pub end: Option<JournalError>,
}

impl Pieces<'_> {
    /// The next rows.
    pub fn next(&mut self) -> Piece {
        let mut piece = Piece { before: self.hash, found: Vec::new(), end: None };
        while piece.found.len() < PIECE {
            match self.row() {
                Ok(Some(found)) => {
                    (self.seq, self.hash) = (found.row.seq, found.hash);
                    piece.found.push(found);
                }
                Ok(None) => break,
                Err(error) => {
                    piece.end = Some(error);
                    break;
                }
            }
        }
        piece
    }

    fn row(&mut self) -> Result<Option<Found>, JournalError> {
        let path = self.path;
        let failed = |error| sqlite_error(path, error);
        let corrupt = |seq, reason| JournalError::Corrupt { path: path.to_owned(), seq, reason };
        let Some(values) = self.found.next().map_err(failed)? else { return Ok(None) };
        let seq: i64 = values.get(0).map_err(failed)?;
        if seq != self.seq + 1 {
            return Err(corrupt(seq, format!("row {} is missing", self.seq + 1)));
        }
        let wall: String = values.get(4).map_err(failed)?;
        let at = Moment {
            wall: wall
                .parse::<Timestamp>()
                .map_err(|_| corrupt(seq, format!("'{wall}' is no time")))?,
            since_boot: SignedDuration::from_nanos(values.get(5).map_err(failed)?),
            boot_id: values.get(6).map_err(failed)?,
        };
        let row = Row {
            seq,
            change_set: values.get(1).map_err(failed)?,
            kind: values.get(2).map_err(failed)?,
            version: values.get(3).map_err(failed)?,
            at,
            payload: values.get(7).map_err(failed)?,
        };
        let hash = values.get_ref(8).map_err(failed)?.as_blob().ok();
        let hash = hash.and_then(|hash| Hash::try_from(hash).ok());
        let hash = hash.ok_or_else(|| corrupt(seq, "its hash is none".to_owned()))?;
        Ok(Some(Found { row, wall, hash }))
    }
}

impl Piece {
    /// Whether the disk has no more.
    pub fn is_last(&self) -> bool {
        self.end.is_some() || self.found.len() < PIECE
    }

    /// The rows up to the first that does not fit its hash, with what `prepare` makes of each.
    pub fn checked<T>(self, path: &Path, prepare: &impl Fn(&Row) -> T) -> Checked<T> {
        let mut checked = Checked { rows: Vec::with_capacity(self.found.len()), end: self.end };
        let (mut before, mut encoding) = (self.before, Vec::new());
        for Found { row, wall, hash } in self.found {
            row.encode(&before, &wall, &mut encoding);
            if row::hash_of(&encoding) != hash {
                let reason = "its content does not fit its hash".to_owned();
                let (path, seq) = (path.to_owned(), row.seq);
                checked.end = Some(JournalError::Corrupt { path, seq, reason });
                break;
            }
            let link = Link { hash, leaf: audit::leaf_hash(&encoding) };
            let prepared = prepare(&row);
            checked.rows.push((row, prepared, link));
            before = hash;
        }
        checked
    }
}
