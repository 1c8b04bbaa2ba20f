//! Why the journal could not be used.

use std::path::{Path, PathBuf};

use crate::post::change_set::ChangeSetId;
use crate::post::state::IllegalEvent;
use crate::said;
use crate::said::Said;
use crate::words_by_said;

/// Why the journal could not be used. Nothing was sent to SAP in any of these cases.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The directory or file cannot be written.
    NotWritable {
        /// File.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The disk is full.
    NoSpace {
        /// File.
        path: PathBuf,
        /// How many bytes were needed, 0 if only the next row was.
        bytes: u64,
    },
    /// Another process is writing.
    InUse {
        /// File.
        path: PathBuf,
        /// Who holds it.
        holder: String,
    },
    /// Rows were changed, or the disk lost some.
    Corrupt {
        /// File.
        path: PathBuf,
        /// First bad row, 0 if the file as a whole is bad.
        seq: i64,
        /// What is wrong.
        reason: String,
    },
    /// The file belongs to another program or version.
    Foreign {
        /// File.
        path: PathBuf,
        /// What SQLite says about whose it is.
        id: i64,
        /// What SQLite says about its version.
        version: i64,
    },
    /// A later version of Carbide has written to it. It can be looked at and exported.
    Newer {
        /// File.
        path: PathBuf,
        /// Version of its newest rows.
        version: i64,
        /// The newest that is known here.
        known: i64,
    },
    /// Its documents are in another SAP system or client.
    OtherSystem {
        /// File.
        path: PathBuf,
        /// System and client of its change sets.
        journal: String,
        /// System and client of the settings.
        configured: String,
    },
    /// The system refused something else.
    Io {
        /// File.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A row that cannot follow was about to be written: a fault in Carbide.
    Illegal {
        /// Change set.
        id: ChangeSetId,
        /// Why it cannot follow.
        source: IllegalEvent,
    },
}

impl JournalError {
    /// What happened, with what it is made of.
    pub fn said(&self) -> Said {
        match self {
            Self::NotWritable { path, reason } => said!(
                "journal.not-writable",
                "JRN-NOTWRITABLE: the journal at {path} cannot be written ({reason}). Give this user the right \
                 to write there, or set another place; nothing was posted",
                reason = reason,
                path = path.display()
            ),
            Self::NoSpace { path, bytes } => said!(
                "journal.no-space",
                "JRN-NOSPACE: the disk of the journal at {path} has no room left for a change set and its way \
                 back ({bytes} bytes). Make room; nothing was posted",
                bytes = bytes,
                path = path.display()
            ),
            Self::InUse { path, holder } => said!(
                "journal.in-use",
                "LOCK-001: the journal at {path} is in use by {holder}. Wait until it is done; nothing was \
                 posted",
                holder = holder,
                path = path.display()
            ),
            Self::Corrupt { path, seq, reason } => said!(
                "journal.corrupt",
                "JRN-CORRUPT: row {seq} of the journal at {path} is damaged: {reason}. Posting is disabled. \
                 Restore the file from its backup, then run `carbide journal verify`",
                seq = seq,
                reason = reason,
                path = path.display()
            ),
            Self::Foreign { path, id, version } => said!(
                "journal.foreign",
                "JRN-FOREIGN: {path} is no journal of this version of Carbide (application id {id}, version \
                 {version}). Name another file; nothing was posted",
                id = format!("{id:#x}"),
                version = version,
                path = path.display()
            ),
            Self::Newer { path, version, known } => said!(
                "journal.newer",
                "JRN-VERSION: journal format {version} is newer than this program ({known}), in {path}. Start the \
                 newer Carbide; this one can only list and export it (`carbide journal export`). Nothing was \
                 posted",
                version = version,
                known = known,
                path = path.display()
            ),
            Self::OtherSystem { path, journal, configured } => said!(
                "journal.other-system",
                "JRN-SYSTEM: journal belongs to {journal}, configured is {configured} ({path}). Name the folder of \
                 this system under [post] directory; nothing was posted",
                journal = journal,
                configured = configured,
                path = path.display()
            ),
            Self::Io { path, reason } => said!(
                "journal.io",
                "JRN-IO: the journal at {path} could not be used ({reason}); nothing more was posted",
                reason = reason,
                path = path.display()
            ),
            Self::Illegal { id, source } => said!(
                "journal.illegal",
                "JRN-ILLEGAL: {id}: {source}; it was not written",
                id = id,
                source = source
            ),
        }
    }
}

words_by_said!(JournalError);

pub(super) fn io_error(path: &Path, error: impl std::fmt::Display) -> JournalError {
    JournalError::Io { path: path.to_owned(), reason: error.to_string() }
}
