//! Why posting, or taking back, did not go through.

use std::path::PathBuf;

use jiff::Timestamp;

use super::backup::BackupError;
use super::change_set::ChangeSetId;
use super::checkpoint::AuditError;
use super::failpoint::Crash;
use super::journal::JournalError;
use super::older_copy::Newer;
use super::report::UndoReport;
use super::state::Phase;

/// Why posting, or taking back, did not go through. Each says what is in SAP now.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PostError {
    /// The journal could not be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A backup could not be looked after.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// The audit log cannot be signed.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// There is no backup to open.
    #[error("There is no backup of {id}: {reason}; `carbide restore --list` lists them")]
    NoBackup {
        /// Change set.
        id: ChangeSetId,
        /// Why not.
        reason: String,
    },
    /// What was to be posted is wrong in itself.
    #[error("POST-INVALID: {problem}. Nothing was sent to SAP")]
    Invalid {
        /// What is wrong, as a sentence.
        problem: String,
    },
    /// SAP would not take it, or it is there already.
    #[error("POST-REFUSED: {id} was not posted: {reason}. Nothing was sent to SAP")]
    Refused {
        /// Change set.
        id: ChangeSetId,
        /// Why.
        reason: String,
    },
    /// It went wrong on the way and was taken back.
    #[error("POST-ROLLED-BACK: {id} was taken back: {reason}. {report}")]
    RolledBack {
        /// Change set.
        id: ChangeSetId,
        /// Why.
        reason: String,
        /// What became of each document.
        report: Box<UndoReport>,
    },
    /// SAP does not say whether a document is there.
    #[error(
        "POST-IN-DOUBT: {id}, item {item}: SAP does not say whether it is there ({reason}). Nothing \
         more was sent. Once SAP answers, run `carbide journal recover`"
    )]
    InDoubt {
        /// Change set.
        id: ChangeSetId,
        /// Item, from 1.
        item: usize,
        /// What SAP said.
        reason: String,
    },
    /// SAP cannot be reached for the way back.
    #[error(
        "UNDO-WAITS: {id} is only partly taken back: {reason}. Once SAP answers, run `carbide undo \
         {id}` again. Until then still in SAP: {left}"
    )]
    WayBackBlocked {
        /// Change set.
        id: ChangeSetId,
        /// What SAP said.
        reason: String,
        /// Documents that a person could take back by hand.
        left: String,
    },
    /// An earlier change set is not finished.
    #[error(
        "POST-UNFINISHED: {id} is still {phase}. Run `carbide journal recover` first; nothing was \
         sent to SAP"
    )]
    Unfinished {
        /// The earlier one.
        id: ChangeSetId,
        /// Where it stands.
        phase: Phase,
    },
    /// What it depends on does not stand yet.
    #[error(
        "POST-WAITS: FI documents of {id} are posted once its window has closed; it is {phase}. \
         Nothing was sent to SAP"
    )]
    WaitsFor {
        /// The change set to wait for.
        id: ChangeSetId,
        /// Where it stands.
        phase: Phase,
    },
    /// SAP does not say what keeps postings from being done twice.
    #[error(
        "POST-TIER: SAP does not say whether the companion package is there ({reason}). Try again once \
         SAP answers; nothing was sent to SAP"
    )]
    NoTier {
        /// What SAP said.
        reason: String,
    },
    /// Another instance may write.
    #[error(
        "LEASE-FOREIGN: {holder} writes to this client of SAP until {until}. Wait until it is done, or \
         end it there; a lease that nobody renews runs out by itself. Nothing was sent to SAP"
    )]
    LeaseForeign {
        /// Who, as machine, journal and place.
        holder: String,
        /// Until when.
        until: String,
    },
    /// Another instance got the right to write while we wrote.
    #[error(
        "LEASE-LOST: {id}: {reason}. Nothing further was sent. Once the other instance is done, \
         `carbide journal recover` asks SAP what is there and takes it back"
    )]
    LeaseLost {
        /// Change set.
        id: ChangeSetId,
        /// What SAP said.
        reason: String,
    },
    /// SAP knows postings of this journal that it does not know itself.
    #[error(
        "JRN-BEHIND: SAP knows key {} newer than this journal; posting disabled. There it is {newer}; {} \
         ends with {ours}. It is an older copy, or another copy of it posts too. Put the newest copy in \
         its place; if that is lost, `carbide audit verify --sap` names what SAP has beyond it, and \
         `carbide journal accept-sap --why ...` goes on with this one. Nothing was sent to SAP",
        newer.key,
        journal.display()
    )]
    Behind {
        /// What SAP knows.
        newer: Box<Newer>,
        /// The journal.
        journal: PathBuf,
        /// The last that it knows.
        ours: String,
    },
    /// There is nothing to accept.
    #[error("SAP knows no posting that this journal does not know: there is nothing to accept")]
    NotBehind,
    /// SAP does not say which documents it has.
    #[error(
        "AUD-SAP: SAP does not say which documents bear Carbide's reference ({reason}). Only the other \
         direction could be compared. Activate API_OPLACCTGDOCITEMCUBE_SRV, or try again"
    )]
    NotCompared {
        /// What SAP said.
        reason: String,
    },
    /// A second person has to approve it.
    #[error("POST-APPROVAL: {reason}. Nothing was sent to SAP")]
    NotApproved {
        /// Why not, as a sentence.
        reason: String,
    },
    /// There is no such change set.
    #[error("There is no change set {id} in this journal; `carbide journal ls` lists them")]
    Unknown {
        /// What was asked for.
        id: ChangeSetId,
    },
    /// A document of SAP that is in no change set.
    #[error(
        "FI-FOREIGN: document {number} was not posted by this connector: its journal has no such number. \
         Reverse it in SAP (FB08; a planned order: MD12). Nothing was sent to SAP"
    )]
    NotOurs {
        /// Its number.
        number: String,
    },
    /// A document that cannot be taken back alone.
    #[error(
        "UNDO-PART: document {number} is one of {documents} of {id}, which is taken back as a whole: \
         `carbide undo {id}`. Nothing was sent to SAP"
    )]
    PartOf {
        /// Change set.
        id: ChangeSetId,
        /// Number of the document.
        number: String,
        /// Documents of the change set.
        documents: usize,
    },
    /// Nothing was ever posted.
    #[error("There is nothing to take back: the journal has no posted change set")]
    NothingToUndo,
    /// Too late.
    #[error("UNDO-LATE: the window of {id} closed at {ended}. Nothing was changed. {remains}")]
    WindowOver {
        /// Change set.
        id: ChangeSetId,
        /// When it closed.
        ended: Timestamp,
        /// What is still possible.
        remains: String,
    },
    /// A person has to decide.
    #[error("HELD: {id}: {reason}. Nothing more is done until somebody decides")]
    Held {
        /// Change set.
        id: ChangeSetId,
        /// Why.
        reason: String,
    },
    /// A test let the process die here.
    #[error("the process died here, in a simulation")]
    Crashed,
}

impl From<Crash> for PostError {
    fn from(_: Crash) -> Self {
        Self::Crashed
    }
}
