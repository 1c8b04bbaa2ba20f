//! What posting and taking back tell their caller.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use crate::clock::Moment;
use crate::id::{FiDocumentNumber, PlannedOrderNumber};

use super::change_set::ChangeSetId;
use super::journal::{ChangeSet, Conflict, SapNumber};
use super::state::{ItemState, Phase};
use super::window::{Standing, WindowEnd};
use crate::said::Said;

/// How an open change set is called from the end of its window until SAP was read.
const OPEN_UNVERIFIED: &str = "OPEN_UNVERIFIED";

/// A step on the way, for progress shown to people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Checked with SAP; so many documents will be sent.
    Prepared {
        /// Change set.
        id: ChangeSetId,
        /// How many documents.
        items: usize,
    },
    /// A document is about to be sent.
    Sending {
        /// Item, from 1.
        item: usize,
        /// What it is.
        title: Said,
    },
    /// A document is in SAP, and was read back.
    Posted {
        /// Item, from 1.
        item: usize,
        /// Its number.
        number: Option<SapNumber>,
    },
    /// SAP did not say whether a document is there; it is being asked.
    InDoubt {
        /// Item, from 1.
        item: usize,
        /// What happened.
        reason: String,
    },
    /// SAP leaves requests unanswered: nothing new is sent for now.
    Paused {
        /// Why, and what to do.
        reason: String,
    },
    /// Everything is in SAP; the window is open.
    Opened {
        /// Change set.
        id: ChangeSetId,
        /// When it closes.
        ends: Timestamp,
    },
    /// Others changed a document while its window is open.
    Touched {
        /// Change set.
        id: ChangeSetId,
        /// Item, from 1.
        item: usize,
        /// What they did.
        what: String,
    },
    /// The window is over, and SAP cannot be read: it is not confirmed until it was.
    Unverified {
        /// Change set.
        id: ChangeSetId,
        /// What SAP said.
        reason: String,
    },
    /// The window is over, and the deletions that waited for it were not made.
    NotDeleted {
        /// Change set.
        id: ChangeSetId,
        /// Why.
        reason: String,
    },
    /// The change set is being taken back.
    RollingBack {
        /// Change set.
        id: ChangeSetId,
        /// Why.
        reason: String,
    },
    /// A document is taken back, left alone, or waits for a person.
    TakenBack {
        /// Item, from 1.
        item: usize,
        /// How it stands.
        state: ItemState,
    },
    /// Nothing more happens.
    Closed {
        /// Change set.
        id: ChangeSetId,
        /// How it ended.
        phase: Phase,
    },
}

/// A document and how it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ItemReport {
    /// Position, from 1.
    pub item: usize,
    /// What it is, on one line.
    pub title: String,
    /// How it stands.
    pub state: ItemState,
    /// Its number in SAP.
    pub number: Option<SapNumber>,
    /// Whether the answer was lost and it was found by its key.
    pub adopted: bool,
    /// The accounting document that reverses it.
    pub reversal: Option<FiDocumentNumber>,
    /// The number under which a deleted planned order is there again.
    pub recreated: Option<PlannedOrderNumber>,
    /// What somebody else did to it.
    pub conflict: Option<Conflict>,
    /// What SAP said.
    pub message: Option<String>,
}

/// What was posted and until when it can be taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// Change set: what `carbide undo` takes.
    pub change_set_id: ChangeSetId,
    /// What it is for.
    pub purpose: String,
    /// Every document with its number.
    pub items: Vec<ItemReport>,
    /// When the last document was verified.
    pub opened: Timestamp,
    /// When the way back closes.
    pub ends: Timestamp,
    /// Deletions that are sent then, unless it is taken back.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub at_confirm: Vec<String>,
}

/// What became of a change set that was to be taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UndoReport {
    /// Change set.
    pub change_set_id: ChangeSetId,
    /// How it ended.
    pub phase: Phase,
    /// Why it was taken back.
    pub reason: Option<String>,
    /// What became of each document.
    pub items: Vec<ItemReport>,
}

impl fmt::Display for UndoReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |wanted: fn(&ItemState) -> bool| {
            self.items.iter().filter(|item| wanted(&item.state)).count()
        };
        write!(
            f,
            "{}: {} taken back, {} left alone because others changed them, {} wait for a person, {} \
             never sent or never there",
            self.phase,
            count(|state| *state == ItemState::CompDone),
            count(|state| *state == ItemState::Conflict),
            count(|state| matches!(state, ItemState::Held(_) | ItemState::CompHeld(_))),
            count(|state| matches!(
                state,
                ItemState::New | ItemState::Rejected | ItemState::Absent
            )),
        )
    }
}

/// A change set in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Its name.
    pub change_set_id: ChangeSetId,
    /// Where it stands.
    pub phase: Phase,
    /// The same in one word for people; `OPEN_UNVERIFIED` from the end of the window until SAP was read.
    pub standing: &'static str,
    /// Why SAP could not be read at the end of the window, if this process has tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unverified: Option<String>,
    /// Since when it waits for SAP or for a person; `None` where it goes its way, or has gone it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits_since: Option<Timestamp>,
    /// What it is for.
    pub purpose: String,
    /// What the purpose is made of.
    #[serde(skip)]
    pub purpose_said: Said,
    /// Who asked for it.
    pub requested_by: String,
    /// How many documents it has.
    pub documents: usize,
    /// When it began.
    pub begun: Timestamp,
    /// When its window opened.
    pub opened: Option<Timestamp>,
    /// When its window closes, or closed.
    pub ends: Option<Timestamp>,
    /// Why it was refused, taken back or put on hold.
    pub reason: Option<String>,
}

/// What recovery did about one change set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Recovered {
    /// Change set.
    pub change_set_id: ChangeSetId,
    /// Where it was found.
    pub found: Phase,
    /// Where it is now.
    pub now: Phase,
    /// What happened, in words.
    pub text: String,
}

impl ChangeSet {
    /// Every document and how it stands.
    pub fn item_reports(&self) -> Vec<ItemReport> {
        let title = |item: usize| {
            let documents = self.draft.as_ref().map(|draft| &draft.documents);
            documents.and_then(|all| all.get(item)).map(super::NewDocument::title)
        };
        let reports = self.items.iter().zip(&self.state.items).enumerate();
        reports
            .map(|(at, (known, state))| ItemReport {
                item: at + 1,
                title: title(at).unwrap_or_default(),
                state: *state,
                number: known.number.clone(),
                adopted: known.adopted,
                reversal: known.reversal.clone(),
                recreated: known.recreated.clone(),
                conflict: known.conflict.clone(),
                message: known.message.clone(),
            })
            .collect()
    }

    /// How taking it back stands.
    pub fn undo_report(&self) -> UndoReport {
        UndoReport {
            change_set_id: self.id.clone(),
            phase: self.state.phase,
            reason: self.reason.clone(),
            items: self.item_reports(),
        }
    }

    /// It on one line.
    pub fn summary(&self) -> Summary {
        let draft = self.draft.as_ref();
        Summary {
            change_set_id: self.id.clone(),
            phase: self.state.phase,
            standing: self.state.phase.name(),
            unverified: None,
            waits_since: match self.state.phase {
                Phase::RollingBack => self.going_back_since,
                Phase::Held => Some(self.last.wall),
                _ => None,
            },
            purpose: draft.map(|draft| draft.purpose.clone()).unwrap_or_default(),
            purpose_said: draft.map(|draft| draft.purpose_said()).unwrap_or_default(),
            requested_by: draft.map(|draft| draft.requested_by.clone()).unwrap_or_default(),
            documents: self.state.items.len(),
            begun: self.begun,
            opened: self.opened,
            ends: self.window.as_ref().map(|window| window.at.wall),
            reason: self.reason.clone(),
        }
    }

    /// The same as at `now`: an open change set whose window is over is `OPEN_UNVERIFIED` until SAP was
    /// read, and waits since its window ended.
    pub fn summary_at(&self, now: &Moment) -> Summary {
        let summary = self.summary();
        let over = |window: &WindowEnd| window.standing(now) == Standing::Over;
        if self.state.phase != Phase::Open || !self.window.as_ref().is_some_and(over) {
            return summary;
        }
        Summary { standing: OPEN_UNVERIFIED, waits_since: summary.ends, ..summary }
    }

    /// Documents of which an effect may still be in SAP, in words.
    pub(super) fn still_there(&self) -> String {
        let reports = self.item_reports();
        let left = reports.iter().filter(|item| {
            matches!(item.state, ItemState::Done | ItemState::Intent(_) | ItemState::CompIntent(_))
        });
        let texts: Vec<String> = left
            .map(|item| match &item.number {
                Some(number) => format!("{number} ({})", item.title),
                None => format!("perhaps item {} ({})", item.item, item.title),
            })
            .collect();
        if texts.is_empty() { "nothing".to_owned() } else { texts.join("; ") }
    }
}
