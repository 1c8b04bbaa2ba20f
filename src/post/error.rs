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
use crate::said;
use crate::said::Said;
use crate::words_by_said;

/// Why posting, or taking back, did not go through. Each says what is in SAP now.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PostError {
    /// The journal could not be used.
    Journal(#[from] JournalError),
    /// A backup could not be looked after.
    Backup(#[from] BackupError),
    /// The audit log cannot be signed.
    Audit(#[from] AuditError),
    /// There is no backup to open.
    NoBackup {
        /// Change set.
        id: ChangeSetId,
        /// Why not.
        reason: String,
    },
    /// What was to be posted is wrong in itself.
    Invalid {
        /// What is wrong, as a sentence.
        problem: String,
    },
    /// SAP would not take it, or it is there already.
    Refused {
        /// Change set.
        id: ChangeSetId,
        /// Why.
        reason: String,
    },
    /// It went wrong on the way and was taken back.
    RolledBack {
        /// Change set.
        id: ChangeSetId,
        /// Why.
        reason: String,
        /// What became of each document.
        report: Box<UndoReport>,
    },
    /// SAP does not say whether a document is there.
    InDoubt {
        /// Change set.
        id: ChangeSetId,
        /// Item, from 1.
        item: usize,
        /// What SAP said.
        reason: String,
    },
    /// SAP cannot be reached for the way back.
    WayBackBlocked {
        /// Change set.
        id: ChangeSetId,
        /// What SAP said.
        reason: String,
        /// Documents that a person could take back by hand.
        left: String,
    },
    /// An earlier change set is not finished.
    Unfinished {
        /// The earlier one.
        id: ChangeSetId,
        /// Where it stands.
        phase: Phase,
    },
    /// What it depends on does not stand yet.
    WaitsFor {
        /// The change set to wait for.
        id: ChangeSetId,
        /// Where it stands.
        phase: Phase,
    },
    /// SAP does not say what keeps postings from being done twice.
    NoTier {
        /// What SAP said.
        reason: String,
    },
    /// Another instance may write.
    LeaseForeign {
        /// Who, as machine, journal and place.
        holder: String,
        /// Until when.
        until: String,
    },
    /// Another instance got the right to write while we wrote.
    LeaseLost {
        /// Change set.
        id: ChangeSetId,
        /// What SAP said.
        reason: String,
    },
    /// SAP knows postings of this journal that it does not know itself.
    Behind {
        /// What SAP knows.
        newer: Box<Newer>,
        /// The journal.
        journal: PathBuf,
        /// The last that it knows.
        ours: String,
    },
    /// There is nothing to accept.
    NotBehind,
    /// SAP does not say which documents it has.
    NotCompared {
        /// What SAP said.
        reason: String,
    },
    /// A second person has to approve it.
    NotApproved {
        /// Why not, as a sentence.
        reason: Said,
    },
    /// There is no such change set.
    Unknown {
        /// What was asked for.
        id: ChangeSetId,
    },
    /// A document of SAP that is in no change set.
    NotOurs {
        /// Its number.
        number: String,
    },
    /// A document that cannot be taken back alone.
    PartOf {
        /// Change set.
        id: ChangeSetId,
        /// Number of the document.
        number: String,
        /// Documents of the change set.
        documents: usize,
    },
    /// Nothing was ever posted.
    NothingToUndo,
    /// Too late.
    WindowOver {
        /// Change set.
        id: ChangeSetId,
        /// When it closed.
        ended: Timestamp,
        /// What is still possible.
        remains: String,
    },
    /// A person has to decide.
    Held {
        /// Change set.
        id: ChangeSetId,
        /// Why.
        reason: String,
    },
    /// A test let the process die here.
    Crashed,
}

impl PostError {
    /// What happened, with what it is made of.
    pub fn said(&self) -> Said {
        match self {
            Self::Journal(error) => error.said(),
            Self::Backup(error) => error.said(),
            Self::Audit(error) => error.said(),
            Self::NoBackup { id, reason } => said!(
                "post.no-backup",
                "There is no backup of {id}: {reason}; `carbide restore --list` lists them",
                id = id,
                reason = reason
            ),
            Self::Invalid { problem } => said!(
                "post.invalid",
                "POST-INVALID: {problem}. Nothing was sent to SAP",
                problem = problem
            ),
            Self::Refused { id, reason } => said!(
                "post.refused",
                "POST-REFUSED: {id} was not posted: {reason}. Nothing was sent to SAP",
                id = id,
                reason = reason
            ),
            Self::RolledBack { id, reason, report } => said!(
                "post.rolled-back",
                "POST-ROLLED-BACK: {id} was taken back: {reason}. {report}",
                id = id,
                reason = reason,
                report = report
            ),
            Self::InDoubt { id, item, reason } => said!(
                "post.in-doubt",
                "POST-IN-DOUBT: {id}, item {item}: SAP does not say whether it is there ({reason}). Nothing \
                 more was sent. Once SAP answers, run `carbide journal recover`",
                id = id,
                item = item,
                reason = reason
            ),
            Self::WayBackBlocked { id, reason, left } => said!(
                "post.way-back-blocked",
                "UNDO-WAITS: {id} is only partly taken back: {reason}. Once SAP answers, run `carbide undo \
                 {id}` again. Until then still in SAP: {left}",
                id = id,
                reason = reason,
                left = left
            ),
            Self::Unfinished { id, phase } => said!(
                "post.unfinished",
                "POST-UNFINISHED: {id} is still {phase}. Run `carbide journal recover` first; nothing was \
                 sent to SAP",
                id = id,
                phase = phase
            ),
            Self::WaitsFor { id, phase } => said!(
                "post.waits-for",
                "POST-WAITS: FI documents of {id} are posted once its window has closed; it is {phase}. \
                 Nothing was sent to SAP",
                id = id,
                phase = phase
            ),
            Self::NoTier { reason } => said!(
                "post.no-tier",
                "POST-TIER: SAP does not say whether the companion package is there ({reason}). Try again once \
                 SAP answers; nothing was sent to SAP",
                reason = reason
            ),
            Self::LeaseForeign { holder, until } => said!(
                "post.lease-foreign",
                "LEASE-FOREIGN: {holder} writes to this client of SAP until {until}. Wait until it is done, or \
                 end it there; a lease that nobody renews runs out by itself. Nothing was sent to SAP",
                holder = holder,
                until = until
            ),
            Self::LeaseLost { id, reason } => said!(
                "post.lease-lost",
                "LEASE-LOST: {id}: {reason}. Nothing further was sent. Once the other instance is done, \
                 `carbide journal recover` asks SAP what is there and takes it back",
                id = id,
                reason = reason
            ),
            Self::Behind { newer, journal, ours } => said!(
                "post.behind",
                "JRN-BEHIND: SAP knows key {key} newer than this journal; posting disabled. There it is \
                 {newer}; {journal} ends with {ours}. It is an older copy, or another copy of it posts too. \
                 Put the newest copy in its place; if that is lost, `carbide audit verify --sap` names \
                 what SAP has beyond it, and `carbide journal accept-sap --why ...` goes on with this one. \
                 Nothing was sent to SAP",
                key = newer.key,
                newer = newer,
                journal = journal.display(),
                ours = ours
            ),
            Self::NotBehind => said!(
                "post.not-behind",
                "SAP knows no posting that this journal does not know: there is nothing to accept"
            ),
            Self::NotCompared { reason } => said!(
                "post.not-compared",
                "AUD-SAP: SAP does not say which documents bear Carbide's reference ({reason}). Only the other \
                 direction could be compared. Activate API_OPLACCTGDOCITEMCUBE_SRV, or try again",
                reason = reason
            ),
            Self::NotApproved { reason } => said!(
                "post.not-approved",
                "POST-APPROVAL: {reason}. Nothing was sent to SAP",
                reason = reason
            ),
            Self::Unknown { id } => said!(
                "post.unknown",
                "There is no change set {id} in this journal; `carbide journal ls` lists them",
                id = id
            ),
            Self::NotOurs { number } => said!(
                "post.not-ours",
                "FI-FOREIGN: document {number} was not posted by this connector: its journal has no such number. \
                 Reverse it in SAP (FB08; a planned order: MD12). Nothing was sent to SAP",
                number = number
            ),
            Self::PartOf { id, number, documents } => said!(
                "post.part-of",
                "UNDO-PART: document {number} is one of {documents} of {id}, which is taken back as a whole: \
                 `carbide undo {id}`. Nothing was sent to SAP",
                number = number,
                documents = documents,
                id = id
            ),
            Self::NothingToUndo => said!(
                "post.nothing-to-undo",
                "There is nothing to take back: the journal has no posted change set"
            ),
            Self::WindowOver { id, ended, remains } => said!(
                "post.window-over",
                "UNDO-LATE: the window of {id} closed at {ended}. Nothing was changed. {remains}",
                id = id,
                ended = ended,
                remains = remains
            ),
            Self::Held { id, reason } => said!(
                "post.held",
                "HELD: {id}: {reason}. Nothing more is done until somebody decides",
                id = id,
                reason = reason
            ),
            Self::Crashed => said!("post.crashed", "the process died here, in a simulation"),
        }
    }
}

words_by_said!(PostError);

impl From<Crash> for PostError {
    fn from(_: Crash) -> Self {
        Self::Crashed
    }
}
