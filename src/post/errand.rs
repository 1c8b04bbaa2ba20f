//! One document on its way into SAP or out of it again. An errand talks to SAP and never to the
//! journal: it comes back with what has to be recorded, so that many can be under way at once.

use std::sync::Arc;

use crate::clock::Clock;
use crate::sap::odata::RequestId;

use super::change_set::ChangeSetId;
use super::desk::{Desk, Limits};
use super::document::NewDocument;
use super::error::PostError;
use super::journal::{ItemHistory, OrderAsLeft, Record, SapNumber};
use super::once::Asks;
use super::order_way::OrderWay;
use super::sap_port::{DocumentKey, PortError, SapPort, Tier};
use super::state::{ItemState, Outcome};
use super::taking_back::Undone;

/// What an errand came back with.
#[derive(Debug)]
pub(super) enum Finding {
    /// What became of the document.
    Outcome {
        /// To be recorded.
        record: Record,
        /// Why all of the change set has to be taken back, although this one is there.
        mismatch: Option<String>,
    },
    /// It is not there, and no request of ours will make it so: it can be sent once more.
    NotThere,
    /// What became of taking it back.
    TakenBack(Undone),
}

pub(super) type Ended = Result<Finding, PostError>;

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Task {
    /// The intent is durable: send.
    Send,
    /// Ask SAP what became of it.
    Resolve,
    /// See to it that its key never runs, if it has not.
    Cancel,
    /// The intent is durable: take it back.
    TakeBack,
}

/// A document, and all that is needed to send it, to find it and to take it back.
pub(super) struct Errand<S, C> {
    pub desk: Arc<Desk<S, C>>,
    pub limits: Arc<Limits>,
    pub id: ChangeSetId,
    pub item: usize,
    pub document: NewDocument,
    /// As the journal has it at the start.
    pub state: ItemState,
    /// What the journal knows about it.
    pub known: ItemHistory,
    /// The keys of an accounting document.
    pub key: Option<DocumentKey>,
    /// The key of its reversal.
    pub reversal_key: String,
    /// What keeps it from being posted twice.
    pub tier: Tier,
    /// By which interface planned orders are written.
    pub way: OrderWay,
    /// The key under which the companion posts it.
    pub entry_key: String,
    /// The key under which the companion reverses it.
    pub back_entry_key: String,
    /// The request that sends it.
    pub forward: RequestId,
    /// The request that takes it back.
    pub back: RequestId,
}

impl<S: SapPort, C: Clock> Errand<S, C> {
    /// Does the task. The item comes back with what was found.
    pub async fn run(self, task: Task) -> (usize, Ended) {
        let found = match task {
            Task::Send => self.send().await,
            Task::Resolve => self.resolve(None).await,
            Task::Cancel => self.resolve_once(Asks::Cancels).await,
            Task::TakeBack => self.take_back_patiently().await.map(Finding::TakenBack),
        };
        (self.item, found)
    }

    /// Whether nothing further may be sent forward.
    pub fn must_stop(&self) -> bool {
        self.limits.reason_to_stop(&self.desk).is_some()
    }

    /// The keys of an accounting document.
    pub fn document_key(&self) -> Result<&DocumentKey, PostError> {
        self.key.as_ref().ok_or_else(|| PostError::Unknown { id: self.id.clone() })
    }

    /// It is not in SAP, or not ours to judge, for this reason.
    pub fn ended(&self, outcome: Outcome, message: String) -> Finding {
        let record = Record::ItemOutcome {
            item: self.item,
            outcome,
            number: None,
            after: None,
            adopted: false,
            message: Some(message),
        };
        Finding::Outcome { record, mismatch: None }
    }

    /// It is in SAP and was read back.
    pub fn done(
        &self,
        number: SapNumber,
        after: Option<crate::order::PlannedOrder>,
        adopted: bool,
        message: Option<String>,
    ) -> Finding {
        let record = Record::ItemOutcome {
            item: self.item,
            outcome: Outcome::Done,
            number: Some(number),
            after: after.as_ref().map(OrderAsLeft::of),
            adopted,
            message,
        };
        Finding::Outcome { record, mismatch: None }
    }

    /// What others did to the document since it was posted, if anything.
    pub async fn seen_again(&self) -> Result<Option<String>, PostError> {
        let unread = |error: PortError| PostError::InDoubt {
            id: self.id.clone(),
            item: self.item + 1,
            reason: error.to_string(),
        };
        match (&self.document, &self.known.number) {
            (NewDocument::PlannedOrder(ours), Some(SapNumber::PlannedOrder(number))) => {
                let now =
                    self.desk.sap.read_planned_order(self.way, number).await.map_err(unread)?;
                Ok(match now {
                    None => Some("converted or deleted".to_owned()),
                    Some(now) => {
                        let all = ours.differences(&now);
                        let texts: Vec<String> = all.iter().map(ToString::to_string).collect();
                        (!texts.is_empty()).then(|| texts.join("; "))
                    }
                })
            }
            (NewDocument::PlannedOrderChange(change), Some(_)) => {
                self.changed_since(change).await.map_err(unread)
            }
            (NewDocument::PlannedOrderDeletion(deletion), Some(_)) => {
                let now = self.desk.sap.read_planned_order(self.way, &deletion.before.number).await;
                Ok(now.map_err(unread)?.map(|_| "it is there again".to_owned()))
            }
            (NewDocument::FiDocument(posting), Some(_)) => {
                let key = self.document_key()?;
                let found = self.desk.sap.find_documents(posting, &[&key.object_key]).await;
                Ok(match found.map_err(unread)?.pop().flatten() {
                    None => Some("no longer found under its key".to_owned()),
                    Some(there) => {
                        there.reversed_by.map(|by| format!("reversed by {}", by.padded()))
                    }
                })
            }
            _ => Ok(None),
        }
    }
}
