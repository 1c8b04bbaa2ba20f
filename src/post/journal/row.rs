//! A row of the journal and its link to the row before.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::clock::Moment;

/// A hash of the chain.
pub type Hash = [u8; 32];

/// What the first row takes as the hash before it.
pub const GENESIS: Hash = [0; 32];

/// A row as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Position, from 1, without gaps.
    pub seq: i64,
    /// Change set, or empty for a row about the journal.
    pub change_set: String,
    /// Name of the record's type.
    pub kind: String,
    /// Version of the payload.
    pub version: i64,
    /// When it was written.
    pub at: Moment,
    /// The record as JSON.
    pub payload: String,
}

/// A row where it was read: its texts belong to what it was read into.
#[derive(Clone, Copy, Debug)]
pub struct StoredRow<'a> {
    /// Position, from 1, without gaps.
    pub seq: i64,
    /// Change set, or empty for a row about the journal.
    pub change_set: &'a str,
    /// Name of the record's type.
    pub kind: &'a str,
    /// Version of the payload.
    pub version: i64,
    /// The wall clock as it is written on disk: what was hashed.
    pub wall: &'a str,
    /// Time since boot.
    pub since_boot: SignedDuration,
    /// Which boot.
    pub boot_id: &'a str,
    /// The record as JSON.
    pub payload: &'a str,
}

impl StoredRow<'_> {
    /// The hash before and every field, each with its length before it.
    pub fn encode(&self, previous: &Hash, encoding: &mut Vec<u8>) {
        encoding.clear();
        encoding.reserve(256 + self.payload.len());
        let mut field = |bytes: &[u8]| {
            encoding.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
            encoding.extend_from_slice(bytes);
        };
        field(b"carbide journal 1");
        field(previous);
        field(&self.seq.to_be_bytes());
        field(self.change_set.as_bytes());
        field(self.kind.as_bytes());
        field(&self.version.to_be_bytes());
        field(self.wall.as_bytes());
        field(&self.since_boot.as_nanos().to_be_bytes());
        field(self.boot_id.as_bytes());
        field(self.payload.as_bytes());
    }

    /// When it was written: at `wall`.
    pub fn moment(&self, wall: Timestamp) -> Moment {
        Moment { wall, since_boot: self.since_boot, boot_id: self.boot_id.to_owned() }
    }

    /// The row as one of its own, which was written at `wall`.
    pub fn owned(&self, wall: Timestamp) -> Row {
        Row {
            seq: self.seq,
            change_set: self.change_set.to_owned(),
            kind: self.kind.to_owned(),
            version: self.version,
            at: self.moment(wall),
            payload: self.payload.to_owned(),
        }
    }
}

impl Row {
    /// SHA-256 over [`Row::encoding`].
    pub fn hash(&self, previous: &Hash) -> Hash {
        hash_of(&self.encoding(previous))
    }

    /// The hash before and every field, each with its length before it.
    pub fn encoding(&self, previous: &Hash) -> Vec<u8> {
        let mut encoding = Vec::new();
        let wall = self.at.wall.to_string();
        let row = StoredRow {
            seq: self.seq,
            change_set: &self.change_set,
            kind: &self.kind,
            version: self.version,
            wall: &wall,
            since_boot: self.at.since_boot,
            boot_id: &self.at.boot_id,
            payload: &self.payload,
        };
        row.encode(previous, &mut encoding);
        encoding
    }

    /// When it was written, on the wall clock.
    pub fn written(&self) -> Timestamp {
        self.at.wall
    }
}

/// The hash of a row from its encoding.
pub fn hash_of(encoding: &[u8]) -> Hash {
    Sha256::digest(encoding).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock, ManualClock};

    #[test]
    fn every_field_counts() {
        let at = ManualClock::at("2018-10-01T08:00:00Z".parse().unwrap()).now();
        let row = Row {
            seq: 1,
            change_set: "CS-1".into(),
            kind: "OPEN".into(),
            version: 1,
            at,
            payload: "{}".into(),
        };
        let hash = row.hash(&GENESIS);
        let changed = |change: fn(&mut Row)| {
            let mut other = row.clone();
            change(&mut other);
            other.hash(&GENESIS)
        };

        assert_ne!(hash, changed(|row| row.seq = 2));
        assert_ne!(hash, changed(|row| row.payload.push(' ')));
        assert_ne!(hash, changed(|row| row.change_set = "CS-2".into()));
        assert_ne!(hash, changed(|row| row.at.boot_id = "other".into()));
        assert_ne!(hash, row.hash(&hash));
    }
}
