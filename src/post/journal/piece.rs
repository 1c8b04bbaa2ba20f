//! Rows from the disk, piece by piece: read, then checked against the chain on every core.
//!
//! A row costs no allocation: the texts of a piece stand one after the other in one buffer.

use std::ops::Range;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use rayon::prelude::*;
use rusqlite::Rows;

use crate::audit;

use super::JournalError;
use super::row::{self, Hash, StoredRow};
use super::store::sqlite_error;

/// Rows of a piece: enough that other cores are worth it, few enough to be held.
const PIECE: usize = 4_096;

/// Rows that are checked one after the other. A power of two: a full subtree of the audit log.
const RUN: usize = 256;

/// What the disk still has to give, after the row `seq` whose hash it says is `hash`.
pub struct Pieces<'a> {
    pub found: Rows<'a>,
    pub path: &'a Path,
    pub seq: i64,
    pub hash: Hash,
}

/// A row as the disk has it; its texts are places in the buffer of its piece.
struct Found {
    seq: i64,
    change_set: Range<usize>,
    kind: Range<usize>,
    version: i64,
    wall: Range<usize>,
    since_boot: i64,
    boot_id: Range<usize>,
    payload: Range<usize>,
    hash: Hash,
}

/// Rows that follow each other, not yet checked.
pub struct Piece {
    /// Hash of the row before the first.
    before: Hash,
    texts: String,
    found: Vec<Found>,
    /// What is wrong with the row after them.
    end: Option<JournalError>,
}

/// Rows of a piece that are what their hashes say, with what was made of each.
pub struct Checked<T> {
    runs: Vec<Run<T>>,
}

/// Up to [`RUN`] rows that were checked one after the other.
struct Run<T> {
    /// When each was written, and what was made of it.
    prepared: Vec<(Timestamp, T)>,
    leaves: Vec<audit::Hash>,
    /// The root over them, where they are a full subtree of the audit log.
    root: Option<audit::Hash>,
    /// What is wrong with the row after them.
    end: Option<JournalError>,
}

impl Pieces<'_> {
    /// The next rows.
    pub fn next(&mut self) -> Piece {
        let found = Vec::with_capacity(PIECE);
        let mut piece = Piece { before: self.hash, texts: String::new(), found, end: None };
        while piece.found.len() < PIECE {
            match self.row(&mut piece.texts) {
                Ok(Some(found)) => {
                    (self.seq, self.hash) = (found.seq, found.hash);
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

    fn row(&mut self, texts: &mut String) -> Result<Option<Found>, JournalError> {
        let path = self.path;
        let failed = |error| sqlite_error(path, error);
        let corrupt = |seq, reason| JournalError::Corrupt { path: path.to_owned(), seq, reason };
        let Some(values) = self.found.next().map_err(failed)? else { return Ok(None) };
        let seq: i64 = values.get(0).map_err(failed)?;
        if seq != self.seq + 1 {
            return Err(corrupt(seq, format!("row {} is missing", self.seq + 1)));
        }
        let mut text = |column: usize| {
            let value = values.get_ref(column).map_err(failed)?;
            let value = value.as_str().map_err(|error| {
                corrupt(seq, format!("its column {column} is no text ({error})"))
            })?;
            let from = texts.len();
            texts.push_str(value);
            Ok(from..texts.len())
        };
        let hash = values.get_ref(8).map_err(failed)?.as_blob().ok();
        let hash = hash.and_then(|hash| Hash::try_from(hash).ok());
        Ok(Some(Found {
            seq,
            change_set: text(1)?,
            kind: text(2)?,
            version: values.get(3).map_err(failed)?,
            wall: text(4)?,
            since_boot: values.get(5).map_err(failed)?,
            boot_id: text(6)?,
            payload: text(7)?,
            hash: hash.ok_or_else(|| corrupt(seq, "its hash is none".to_owned()))?,
        }))
    }
}

impl Piece {
    /// Whether the disk has no more.
    pub fn is_last(&self) -> bool {
        self.end.is_some() || self.found.len() < PIECE
    }

    fn row(&self, found: &Found) -> StoredRow<'_> {
        let text = |place: &Range<usize>| &self.texts[place.clone()];
        StoredRow {
            seq: found.seq,
            change_set: text(&found.change_set),
            kind: text(&found.kind),
            version: found.version,
            wall: text(&found.wall),
            since_boot: SignedDuration::from_nanos(found.since_boot),
            boot_id: text(&found.boot_id),
            payload: text(&found.payload),
        }
    }

    /// The rows up to the first that does not fit its hash, with what `prepare` makes of each. On
    /// every core: the disk says what the hash before a run is, and the run before checks that.
    pub fn checked<T: Send>(
        &self,
        path: &Path,
        prepare: &(impl Fn(&StoredRow<'_>) -> T + Sync),
    ) -> Checked<T> {
        let run = |rows: &[Found], first: usize| {
            let before = first.checked_sub(1).map_or(self.before, |last| self.found[last].hash);
            self.run(rows, before, path, prepare)
        };
        let runs = if self.found.len() <= RUN {
            vec![run(&self.found, 0)]
        } else {
            let runs = self.found.par_chunks(RUN).enumerate();
            runs.map(|(at, rows)| run(rows, at * RUN)).collect()
        };
        Checked { runs }
    }

    fn run<T>(
        &self,
        rows: &[Found],
        mut before: Hash,
        path: &Path,
        prepare: &impl Fn(&StoredRow<'_>) -> T,
    ) -> Run<T> {
        let mut prepared = Vec::with_capacity(rows.len());
        let (mut leaves, mut encoding) = (Vec::with_capacity(rows.len()), Vec::new());
        let mut end = None;
        for found in rows {
            let row = self.row(found);
            let corrupt = |reason| {
                let (path, seq) = (path.to_owned(), row.seq);
                Some(JournalError::Corrupt { path, seq, reason })
            };
            row.encode(&before, &mut encoding);
            if row::hash_of(&encoding) != found.hash {
                end = corrupt("its content does not fit its hash".to_owned());
                break;
            }
            let Ok(written) = row.wall.parse() else {
                end = corrupt(format!("'{}' is no time", row.wall));
                break;
            };
            prepared.push((written, prepare(&row)));
            leaves.push(audit::leaf_hash(&encoding));
            before = found.hash;
        }
        let first = rows.first().map_or(0, |row| row.seq - 1);
        let is_subtree = leaves.len() == RUN && first % RUN as i64 == 0;
        Run { prepared, root: is_subtree.then(|| audit::root(&leaves)), leaves, end }
    }

    /// Gives `take` each row that was checked, when it was written and what was made of it. With it go
    /// the position and the hash of the last row that was given, and the audit log.
    ///
    /// # Errors
    ///
    /// What `take` says, or what is wrong with the row after those that were taken.
    pub fn each<T>(
        self,
        checked: Checked<T>,
        (last_seq, last_hash, head): (&mut i64, &mut Hash, &mut audit::Head),
        take: &mut impl FnMut(&StoredRow<'_>, Timestamp, T) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        let mut rows = self.found.iter();
        for run in checked.runs {
            let before = *last_seq;
            let mut taken = Ok(());
            for ((written, prepared), found) in run.prepared.into_iter().zip(&mut rows) {
                (*last_seq, *last_hash) = (found.seq, found.hash);
                taken = take(&self.row(found), written, prepared);
                if taken.is_err() {
                    break;
                }
            }
            match run.root {
                Some(root) if taken.is_ok() => head.push_subtree(root, RUN as u64),
                _ => {
                    let given = usize::try_from(*last_seq - before).unwrap_or(0);
                    run.leaves[..given].iter().for_each(|leaf| head.push(*leaf));
                }
            }
            taken?;
            if let Some(end) = run.end {
                return Err(end);
            }
        }
        self.end.map_or(Ok(()), Err)
    }
}
