//! Why the journal could not be used.

use std::path::{Path, PathBuf};

use crate::post::change_set::ChangeSetId;
use crate::post::state::IllegalEvent;

/// Why the journal could not be used. Nothing was sent to SAP in any of these cases.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The directory or file cannot be written.
    #[error(
        "JRN-NOTWRITABLE: the journal at {} cannot be written ({reason}). Give this user the right \
         to write there, or set another place; nothing was posted", path.display()
    )]
    NotWritable {
        /// File.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The disk is full.
    #[error(
        "JRN-NOSPACE: the disk of the journal at {} has no room left for a change set and its way \
         back ({bytes} bytes). Make room; nothing was posted", path.display()
    )]
    NoSpace {
        /// File.
        path: PathBuf,
        /// How many bytes were needed, 0 if only the next row was.
        bytes: u64,
    },
    /// Another process is writing.
    #[error(
        "LOCK-001: the journal at {} is in use by {holder}. Wait until it is done; nothing was \
         posted", path.display()
    )]
    InUse {
        /// File.
        path: PathBuf,
        /// Who holds it.
        holder: String,
    },
    /// Rows were changed, or the disk lost some.
    #[error(
        "JRN-CORRUPT: row {seq} of the journal at {} is damaged: {reason}. Posting is disabled. \
         Restore the file from its backup, then run `carbide journal verify`", path.display()
    )]
    Corrupt {
        /// File.
        path: PathBuf,
        /// First bad row, 0 if the file as a whole is bad.
        seq: i64,
        /// What is wrong.
        reason: String,
    },
    /// The file belongs to another program or version.
    #[error(
        "JRN-FOREIGN: {} is no journal of this version of Carbide (application id {id:#x}, version \
         {version}). Name another file; nothing was posted", path.display()
    )]
    Foreign {
        /// File.
        path: PathBuf,
        /// What SQLite says about whose it is.
        id: i64,
        /// What SQLite says about its version.
        version: i64,
    },
    /// A later version of Carbide has written to it. It can be looked at and exported.
    #[error(
        "JRN-VERSION: journal format {version} is newer than this program ({known}), in {}. Start the \
         newer Carbide; this one can only list and export it (`carbide journal export`). Nothing was \
         posted", path.display()
    )]
    Newer {
        /// File.
        path: PathBuf,
        /// Version of its newest rows.
        version: i64,
        /// The newest that is known here.
        known: i64,
    },
    /// Its documents are in another SAP system or client.
    #[error(
        "JRN-SYSTEM: journal belongs to {journal}, configured is {configured} ({}). Name the folder of \
         this system under [post] directory; nothing was posted", path.display()
    )]
    OtherSystem {
        /// File.
        path: PathBuf,
        /// System and client of its change sets.
        journal: String,
        /// System and client of the settings.
        configured: String,
    },
    /// The system refused something else.
    #[error("JRN-IO: the journal at {} could not be used ({reason}); nothing more was posted", path.display())]
    Io {
        /// File.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A row that cannot follow was about to be written: a fault in Carbide.
    #[error("JRN-ILLEGAL: {id}: {source}; it was not written")]
    Illegal {
        /// Change set.
        id: ChangeSetId,
        /// Why it cannot follow.
        source: IllegalEvent,
    },
}

pub(super) fn io_error(path: &Path, error: impl std::fmt::Display) -> JournalError {
    JournalError::Io { path: path.to_owned(), reason: error.to_string() }
}
