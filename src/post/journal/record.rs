//! What the journal records, one row each. The order in which they are written is the protocol:
//! each is durable before the next thing happens.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::clock::Moment;
use crate::id::{FiDocument, FiDocumentNumber, PlannedOrderNumber};

use crate::post::backup::Sealed;
use crate::post::change_set::{ChangeSetDraft, ChangeSetId};
use crate::post::document::FieldDifference;
use crate::post::order_way::OrderWay;
use crate::post::reference_key::{JournalTag, ReferenceKey};
use crate::post::sap_port::Tier;
use crate::post::state::{Decision, Event, Outcome, Undoing};
use crate::post::window::WindowEnd;

use super::as_left::OrderAsLeft;

/// Version of the payloads below; it stands in each row.
///
/// 2: `PREPARED` follows a `BACKUP_SEALED`. 3: documents of one group can be on their way together. 4: the
/// companion runs documents under a lease. 5: the companion keeps how far the journal has come; planned
/// orders by another interface than OData V2; key figures.
pub const VERSION: i64 = 5;

/// The oldest version that can still be read.
pub const VERSION_OLDEST: i64 = 1;

/// Number that SAP gave to a document of ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SapNumber {
    /// Planned order.
    PlannedOrder(PlannedOrderNumber),
    /// Accounting document.
    FiDocument(FiDocument),
    /// Document of statistical key figures: ten digits.
    KeyFigures(String),
}

impl std::fmt::Display for SapNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::PlannedOrder(number) => f.pad(&number.padded()),
            Self::FiDocument(document) => f.pad(&document.to_string()),
            Self::KeyFigures(number) => f.pad(number),
        }
    }
}

/// What somebody else did to a document of ours, which was then left alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    /// In words.
    pub what: String,
    /// When SAP says it was last changed, if SAP says so.
    pub when: Option<Timestamp>,
    /// Fields that are not as we left them. Before us there was no such document.
    pub fields: Vec<FieldDifference>,
}

/// One thing that happened. [`Record::to_json`] is its only form outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(remote = "Self", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Record {
    /// First row of a journal.
    JournalCreated {
        /// Tells the documents of this journal from those of others.
        tag: JournalTag,
        /// Version of Carbide that made it.
        carbide: String,
    },
    /// Backups are sealed for another key of the service from now on.
    KeyRotated {
        /// Public half of the old one, if there was one.
        old: Option<String>,
        /// Public half of the new one.
        new: String,
        /// Who did it.
        who: String,
    },
    /// A backup was opened and compared with what the journal says.
    RestoreDrill {
        /// Change set.
        change_set: ChangeSetId,
        /// Public halves of the keys that opened it.
        opened_with: Vec<String>,
        /// What was wrong, if anything.
        problem: Option<String>,
    },
    /// A backup is about to be removed, its time being over.
    BackupRemoved {
        /// Change set.
        change_set: ChangeSetId,
        /// File.
        file: String,
    },
    /// Somebody asks for a posting that somebody else has to approve.
    ApprovalRequested {
        /// Name of the request.
        request: String,
        /// SHA-256 of the draft.
        hash: String,
        /// What is to be posted.
        draft: ChangeSetDraft,
    },
    /// Somebody else approves it.
    Approved {
        /// Name of the request.
        request: String,
        /// SHA-256 of the draft that was looked at.
        hash: String,
        /// Who.
        who: String,
    },
    /// SAP knows postings that this journal does not: a person goes on with it nevertheless.
    PositionAccepted {
        /// Number of the newest that SAP knows.
        number: u64,
        /// Its name in the journal that posted it.
        change_set: String,
        /// Who.
        who: String,
        /// Why.
        why: String,
    },
    /// Space for the whole life of a change set, its way back included, is reserved on disk.
    SpaceReserved {
        /// How many bytes.
        bytes: u64,
        /// How many documents it has.
        items: usize,
    },
    /// What SAP held is encrypted on the disk, and was read back from there.
    BackupSealed(Sealed),
    /// SAP was asked: nothing of it is there yet, and SAP would take it.
    Prepared {
        /// All documents.
        draft: ChangeSetDraft,
        /// Key of each document.
        keys: Vec<ReferenceKey>,
        /// After how long an absent document counts as never arriving.
        settle: SignedDuration,
        /// SAP system and client.
        domain: String,
        /// The request that was approved, where a second person has to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        approval: Option<String>,
        /// What keeps its documents from being posted twice.
        #[serde(default, skip_serializing_if = "Tier::is_reference")]
        tier: Tier,
        /// By which interface its planned orders are written.
        #[serde(default, skip_serializing_if = "OrderWay::is_default")]
        orders: OrderWay,
        /// For that interface: the version of each order that is there already. Empty where the version
        /// of the plan is one of that interface.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        versions: Vec<Option<String>>,
    },
    /// It will not be sent.
    Refused {
        /// Why.
        reason: String,
        /// The change set whose deletions were refused with it, if it was such: they are not tried again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deletions_of: Option<ChangeSetId>,
    },
    /// Sending begins.
    Applying {
        /// When it has to be complete.
        deadline: Moment,
    },
    /// The item is about to be sent.
    ItemIntent {
        /// Position, from 0.
        item: usize,
        /// Attempt, from 1.
        attempt: u32,
        /// Id of the request, the same for each attempt.
        request_id: String,
    },
    /// What became of the item.
    ItemOutcome {
        /// Position, from 0.
        item: usize,
        /// In one word.
        outcome: Outcome,
        /// Number in SAP.
        number: Option<SapNumber>,
        /// The planned order as it was read back, with its version.
        after: Option<OrderAsLeft>,
        /// Whether the answer was lost and the document was found by its key.
        adopted: bool,
        /// What SAP said, or what is wrong.
        message: Option<String>,
    },
    /// Every document is in SAP and was read back.
    Open {
        /// End of the window.
        ends: WindowEnd,
    },
    /// A restart left too little of the window.
    Recovered {
        /// New end of the window.
        ends: WindowEnd,
    },
    /// The machine was booted, and its wall clock cannot be believed.
    ClockSuspect {
        /// New end of the window.
        ends: WindowEnd,
    },
    /// The window has closed.
    Confirmed {
        /// Documents that others have changed within the window: item and what they did.
        touched: Vec<(usize, String)>,
    },
    /// Taking back begins.
    RollingBack {
        /// Why.
        reason: String,
        /// Who wants it.
        requested_by: String,
    },
    /// The item is about to be taken back.
    CompIntent {
        /// Position, from 0.
        item: usize,
        /// Attempt, from 1.
        attempt: u32,
    },
    /// What became of taking it back.
    CompOutcome {
        /// Position, from 0.
        item: usize,
        /// In one word.
        undoing: Undoing,
        /// The reversal of an accounting document.
        reversal: Option<FiDocumentNumber>,
        /// The number under which a deleted planned order is there again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        recreated: Option<PlannedOrderNumber>,
        /// What somebody else did to it.
        conflict: Option<Conflict>,
        /// What SAP said.
        message: Option<String>,
    },
    /// Everything is taken back.
    RolledBack,
    /// Everything is taken back except for what others have changed.
    RolledBackConflicts,
    /// A person has to decide.
    Held {
        /// Why, and between what.
        reason: String,
    },
    /// A person has decided.
    OperatorDecision {
        /// Who.
        who: String,
        /// Why.
        why: String,
        /// What.
        decision: Decision,
    },
}

impl Record {
    /// Name of the type, as it stands in the row.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::JournalCreated { .. } => "JOURNAL_CREATED",
            Self::KeyRotated { .. } => "KEY_ROTATED",
            Self::RestoreDrill { .. } => "RESTORE_DRILL",
            Self::BackupRemoved { .. } => "BACKUP_REMOVED",
            Self::ApprovalRequested { .. } => "APPROVAL_REQUESTED",
            Self::Approved { .. } => "APPROVED",
            Self::PositionAccepted { .. } => "POSITION_ACCEPTED",
            Self::SpaceReserved { .. } => "SPACE_RESERVED",
            Self::BackupSealed(_) => "BACKUP_SEALED",
            Self::Prepared { .. } => "PREPARED",
            Self::Refused { .. } => "REFUSED",
            Self::Applying { .. } => "APPLYING",
            Self::ItemIntent { .. } => "ITEM_INTENT",
            Self::ItemOutcome { .. } => "ITEM_OUTCOME",
            Self::Open { .. } => "OPEN",
            Self::Recovered { .. } => "RECOVERED",
            Self::ClockSuspect { .. } => "CLOCK_SUSPECT",
            Self::Confirmed { .. } => "CONFIRMED",
            Self::RollingBack { .. } => "ROLLING_BACK",
            Self::CompIntent { .. } => "COMP_INTENT",
            Self::CompOutcome { .. } => "COMP_OUTCOME",
            Self::RolledBack => "ROLLED_BACK",
            Self::RolledBackConflicts => "ROLLED_BACK_CONFLICTS",
            Self::Held { .. } => "HELD",
            Self::OperatorDecision { .. } => "OPERATOR_DECISION",
        }
    }

    /// What it meant in a row of an older `version`.
    pub fn event_of(&self, version: i64) -> Option<Event> {
        match self {
            Self::Prepared { .. } if version < 2 => Some(Event::PreparedUnsealed),
            _ => self.event(),
        }
    }

    /// What it means to the state machine; `None` for a record about the journal itself.
    pub fn event(&self) -> Option<Event> {
        Some(match self {
            Self::JournalCreated { .. }
            | Self::ApprovalRequested { .. }
            | Self::Approved { .. }
            | Self::KeyRotated { .. }
            | Self::RestoreDrill { .. }
            | Self::PositionAccepted { .. }
            | Self::BackupRemoved { .. } => return None,
            Self::SpaceReserved { items, .. } => Event::SpaceReserved(*items),
            Self::BackupSealed(_) => Event::BackupSealed,
            Self::Prepared { .. } => Event::Prepared,
            Self::Refused { .. } => Event::Refused,
            Self::Applying { .. } => Event::Applying,
            Self::ItemIntent { item, attempt, .. } => Event::ItemIntent(*item, *attempt),
            Self::ItemOutcome { item, outcome, .. } => Event::ItemOutcome(*item, *outcome),
            Self::Open { .. } => Event::Open,
            Self::Recovered { .. } | Self::ClockSuspect { .. } => Event::WindowExtended,
            Self::Confirmed { .. } => Event::Confirmed,
            Self::RollingBack { .. } => Event::RollingBack,
            Self::CompIntent { item, attempt } => Event::CompIntent(*item, *attempt),
            Self::CompOutcome { item, undoing, .. } => Event::CompOutcome(*item, *undoing),
            Self::RolledBack => Event::RolledBack,
            Self::RolledBackConflicts => Event::RolledBackConflicts,
            Self::Held { .. } => Event::Held,
            Self::OperatorDecision { decision, .. } => Event::Decided(*decision),
        })
    }
}
