//! What the rows of one change set add up to.

use jiff::Timestamp;

use crate::clock::Moment;
use crate::id::{FiDocumentNumber, PlannedOrderNumber};

use crate::post::backup::Sealed;
use crate::post::change_set::{ChangeSetDraft, ChangeSetId};
use crate::post::document::NewDocument;
use crate::post::order_way::OrderWay;
use crate::post::reference_key::ReferenceKey;
use crate::post::sap_port::Tier;
use crate::post::state::{self, Decision, IllegalEvent, ItemState, State};
use crate::post::window::WindowEnd;

use super::as_left::OrderAsLeft;
use super::record::{Conflict, Record, SapNumber};

/// What is known about one document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ItemHistory {
    /// When it was first about to be sent.
    pub first_sent: Option<Timestamp>,
    /// When it was first about to be taken back.
    pub first_taken_back: Option<Timestamp>,
    /// Number in SAP, once it was read back.
    pub number: Option<SapNumber>,
    /// The planned order as we left it, with its version.
    pub after: Option<OrderAsLeft>,
    /// Whether its answer was lost and it was found by its key.
    pub adopted: bool,
    /// The accounting document that reverses it.
    pub reversal: Option<FiDocumentNumber>,
    /// Whether a person looked why it could not be taken back, and decided that it is.
    pub decided: bool,
    /// The number under which a deleted planned order is there again.
    pub recreated: Option<PlannedOrderNumber>,
    /// What somebody else did to it.
    pub conflict: Option<Conflict>,
    /// What SAP said last.
    pub message: Option<String>,
}

/// One change set, as the journal tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeSet {
    /// Its name.
    pub id: ChangeSetId,
    /// Where it stands.
    pub state: State,
    /// The backup of what SAP held before. `None` until it was sealed.
    pub backup: Option<Sealed>,
    /// When the backup was sealed.
    pub sealed: Option<Timestamp>,
    /// When the backup was removed, its time being over.
    pub backup_removed: Option<Timestamp>,
    /// What was to be posted. `None` until it was prepared.
    pub draft: Option<ChangeSetDraft>,
    /// Key of each document.
    pub keys: Vec<ReferenceKey>,
    /// What keeps its documents from being posted twice.
    pub tier: Tier,
    /// By which interface its planned orders are written.
    pub orders: OrderWay,
    /// The versions that this interface gave to orders that were there already.
    pub versions: Vec<Option<String>>,
    /// What is known about each document.
    pub items: Vec<ItemHistory>,
    /// When sending has to be complete.
    pub deadline: Option<Moment>,
    /// When the window opened.
    pub opened: Option<Timestamp>,
    /// When the window ends.
    pub window: Option<WindowEnd>,
    /// Documents that others have changed within the window.
    pub touched: Vec<(usize, String)>,
    /// When taking it back began.
    pub going_back_since: Option<Timestamp>,
    /// Why it was refused, taken back or put on hold.
    pub reason: Option<String>,
    /// The change set whose deletions were refused with it.
    pub deletions_of: Option<ChangeSetId>,
    /// When it began.
    pub begun: Timestamp,
    /// When its last row was written.
    pub last: Moment,
}

impl ChangeSet {
    /// A change set of which nothing is known yet.
    pub fn new(id: ChangeSetId, at: &Moment) -> Self {
        Self {
            id,
            state: State::new(),
            backup: None,
            sealed: None,
            backup_removed: None,
            draft: None,
            keys: Vec::new(),
            tier: Tier::default(),
            orders: OrderWay::default(),
            versions: Vec::new(),
            items: Vec::new(),
            deadline: None,
            opened: None,
            window: None,
            touched: Vec::new(),
            going_back_since: None,
            reason: None,
            deletions_of: None,
            begun: at.wall,
            last: at.clone(),
        }
    }

    /// Whether the companion runs the item.
    pub fn runs_once(&self, item: usize) -> bool {
        let document = self.draft.as_ref().and_then(|draft| draft.documents.get(item));
        self.tier == Tier::Companion
            && matches!(document, Some(NewDocument::FiDocument(_) | NewDocument::KeyFigures(_)))
    }

    /// Takes in one more row.
    ///
    /// # Errors
    ///
    /// [`IllegalEvent`] if it cannot follow. Nothing is changed then.
    pub fn take_in(
        &mut self,
        record: Record,
        version: i64,
        at: &Moment,
    ) -> Result<(), IllegalEvent> {
        let Some(event) = record.event_of(version) else { return Ok(()) };
        let decided = matches!(record, Record::OperatorDecision { .. });
        let before = if decided { self.state.items.clone() } else { Vec::new() };
        state::follow(&mut self.state, event)?;
        self.last.set(at.wall, at.since_boot, &at.boot_id);
        match record {
            Record::SpaceReserved { items, .. } => {
                self.items = vec![ItemHistory::default(); items];
            }
            Record::BackupSealed(sealed) => {
                self.backup = Some(sealed);
                self.sealed = Some(at.wall);
            }
            Record::Prepared { draft, keys, tier, orders, versions, .. } => {
                (self.tier, self.orders, self.versions) = (tier, orders, versions);
                self.state.groups = draft.groups();
                self.draft = Some(draft);
                self.keys = keys;
            }
            Record::Applying { deadline } => self.deadline = Some(deadline),
            Record::ItemIntent { item, .. } => {
                self.items[item].first_sent.get_or_insert(at.wall);
            }
            Record::CompIntent { item, .. } => {
                self.items[item].first_taken_back.get_or_insert(at.wall);
            }
            Record::ItemOutcome { item, number, after, adopted, message, .. } => {
                let of = &mut self.items[item];
                (of.number, of.after, of.adopted, of.message) = (number, after, adopted, message);
            }
            Record::Open { ends } => {
                self.opened = Some(at.wall);
                self.window = Some(ends);
            }
            Record::Recovered { ends } | Record::ClockSuspect { ends } => {
                self.window = Some(ends);
            }
            Record::Confirmed { touched } => self.touched = touched,
            Record::Refused { reason, deletions_of } => {
                self.reason = Some(reason);
                self.deletions_of = deletions_of;
            }
            Record::Held { reason } => self.reason = Some(reason),
            Record::RollingBack { reason, .. } => {
                self.going_back_since = Some(at.wall);
                self.reason = Some(reason);
            }
            Record::OperatorDecision { decision: Decision::RollBack, .. } => {
                for (item, before) in self.items.iter_mut().zip(&before) {
                    item.decided |= matches!(before, ItemState::CompHeld(_));
                }
            }
            Record::CompOutcome { item, reversal, recreated, conflict, message, .. } => {
                let of = &mut self.items[item];
                (of.reversal, of.recreated) = (reversal, recreated);
                (of.conflict, of.message) = (conflict, message);
            }
            _ => {}
        }
        Ok(())
    }
}
