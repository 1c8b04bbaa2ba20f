//! Taking one document back, if it is still exactly as we left it. Its intent is durable by then.

use jiff::SignedDuration;

use crate::clock::Clock;
use crate::id::{FiDocument, FiDocumentNumber, PlannedOrderNumber};
use crate::order::PlannedOrder;

use super::document::{FiPosting, NewDocument};
use super::errand::Errand;
use super::error::PostError;
use super::journal::{Conflict, OrderAsLeft, Record, SapNumber};
use super::order_back::Ours;
use super::rule::Rule;
use super::sap_port::{DocumentKey, PortError, PortErrorKind, SapPort};
use super::state::{ItemState, Undoing};

/// Tries to take one document back before this run gives up; the next run goes on.
const TRIES_MAX: u32 = 6;

/// What became of taking one document back.
#[derive(Debug)]
pub(super) struct Undone {
    pub undoing: Undoing,
    pub reversal: Option<FiDocumentNumber>,
    pub recreated: Option<PlannedOrderNumber>,
    pub conflict: Option<Conflict>,
    pub message: Option<String>,
}

impl Undone {
    pub fn gone() -> Self {
        Self {
            undoing: Undoing::Undone,
            reversal: None,
            recreated: None,
            conflict: None,
            message: None,
        }
    }

    /// To be recorded.
    pub fn record(&self, item: usize) -> Record {
        Record::CompOutcome {
            item,
            undoing: self.undoing,
            reversal: self.reversal.clone(),
            recreated: self.recreated.clone(),
            conflict: self.conflict.clone(),
            message: self.message.clone(),
        }
    }

    fn reversed(number: FiDocumentNumber) -> Self {
        Self { reversal: Some(number), ..Self::gone() }
    }

    pub fn conflict(conflict: Conflict) -> Self {
        Self { undoing: Undoing::Conflict, conflict: Some(conflict), ..Self::gone() }
    }

    pub fn held(message: String) -> Self {
        Self { undoing: Undoing::Held, message: Some(message), ..Self::gone() }
    }
}

impl<S: SapPort, C: Clock> Errand<S, C> {
    /// Takes the document back, and tries again where that is safe and useful.
    ///
    /// # Errors
    ///
    /// [`PostError::WayBackBlocked`] once it was tried often enough.
    pub async fn take_back_patiently(&self) -> Result<Undone, PostError> {
        // A first attempt knows that nothing was sent before; a later one does not.
        let mut first = self.state == ItemState::CompIntent(1);
        let mut pause = SignedDuration::from_secs(1);
        let mut tries = 0;
        loop {
            tries += 1;
            self.keeps_lease().await?;
            let tried = match self.may_take_back().await {
                Ok(()) => self.take_back(first).await?,
                Err(waits) => Err(waits),
            };
            match tried {
                Ok(undone) => return Ok(undone),
                Err(error) if tries >= TRIES_MAX => {
                    let (id, reason, left) = (self.id.clone(), error.to_string(), String::new());
                    return Err(PostError::WayBackBlocked { id, reason, left });
                }
                Err(error) => {
                    tracing::info!(change_set = %self.id, item = self.item + 1, %error, "trying again");
                    // Only what had no effect for certain leaves everything as it was.
                    first &= error.kind == PortErrorKind::Busy;
                    self.desk.clock.sleep(pause).await;
                    pause = (pause * 2).min(SignedDuration::from_secs(60));
                }
            }
        }
    }

    /// One try. The inner error is one after which it is safe and useful to try again: a delete
    /// names the version it is for, and SAP reverses a document only once.
    async fn take_back(&self, first: bool) -> Result<Result<Undone, PortError>, PostError> {
        let after = match self.known.after.as_ref().map(OrderAsLeft::order).transpose() {
            Ok(after) => after,
            Err(error) => {
                let what = "the order as we left it, in the journal, cannot be read";
                return Ok(Ok(Undone::held(format!("{what} ({error})"))));
            }
        };
        match (&self.document, &self.known.number, &after) {
            (
                NewDocument::PlannedOrder(ours),
                Some(SapNumber::PlannedOrder(number)),
                Some(after),
            ) => self.order_back(Ours::Created(ours), number, after, first).await,
            (NewDocument::PlannedOrderChange(change), Some(_), Some(after)) => {
                let number = &change.before.number;
                self.order_back(Ours::Changed(change), number, after, first).await
            }
            (NewDocument::PlannedOrderDeletion(deletion), Some(_), None) => {
                self.create_again(deletion, first).await
            }
            (NewDocument::FiDocument(posting), Some(SapNumber::FiDocument(document)), _) => {
                self.reverse_posting(posting, document, first).await
            }
            _ => Ok(Ok(Undone::held("the journal has no number for it".to_owned()))),
        }
    }

    /// Whether SAP shows within the settle time what an earlier request of ours was to do.
    pub(super) async fn settles(
        &self,
        number: &PlannedOrderNumber,
        done: impl Fn(Option<&PlannedOrder>) -> bool,
    ) -> bool {
        let from = self.desk.clock.now().since_boot;
        let mut pause = SignedDuration::from_secs(1);
        loop {
            let left = self.desk.settings.settle - (self.desk.clock.now().since_boot - from);
            match self.desk.sap.read_planned_order(self.way, number).await {
                Ok(now) if done(now.as_ref()) => return true,
                _ if !left.is_positive() => return false,
                _ => self.desk.clock.sleep(pause.min(left)).await,
            }
            pause = (pause * 2).min(SignedDuration::from_secs(30));
        }
    }

    /// The reversal under this key, if it shows within the settle time. "Not there" counts only if SAP
    /// says so after that time.
    async fn reversal_arrives(
        &self,
        posting: &FiPosting,
        reversal_key: &str,
    ) -> Result<Option<FiDocumentNumber>, PortError> {
        let settle =
            if Rule::Settle.holds() { self.desk.settings.settle } else { SignedDuration::ZERO };
        let from = self.desk.clock.now().since_boot;
        let mut pause = SignedDuration::from_secs(1);
        loop {
            let left = settle - (self.desk.clock.now().since_boot - from);
            let found = self.desk.sap.find_documents(posting, &[reversal_key]).await;
            match found.map(|mut found| found.pop().flatten()) {
                Ok(Some(there)) => return Ok(Some(there.document.number)),
                Ok(None) if !left.is_positive() => return Ok(None),
                Err(error) if !left.is_positive() => return Err(error),
                _ => {}
            }
            self.desk.clock.sleep(pause.min(left)).await;
            pause = (pause * 2).min(SignedDuration::from_secs(30));
        }
    }

    async fn reverse_once(
        &self,
        posting: &FiPosting,
        document: &FiDocument,
        original: &DocumentKey,
    ) -> Result<(), PortError> {
        let once = self.once(&self.back_entry_key).await?;
        let (sap, key) = (&self.desk.sap, &self.reversal_key);
        let sent = sap.reverse_document(posting, document, original, key, once.as_ref());
        match self.desk.told(sent).await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.judged(once.as_ref(), error).await),
        }
    }

    async fn reverse_posting(
        &self,
        posting: &FiPosting,
        document: &FiDocument,
        first: bool,
    ) -> Result<Result<Undone, PortError>, PostError> {
        let original = self.document_key()?;
        let reversal_key = self.reversal_key.as_str();
        let both = [original.object_key.as_str(), reversal_key];

        let found = match self.desk.sap.find_documents(posting, &both).await {
            Ok(found) => found,
            Err(error) => return Ok(Err(error)),
        };
        match (found.first().cloned().flatten(), found.get(1).cloned().flatten()) {
            (_, Some(reversal)) => return Ok(Ok(Undone::reversed(reversal.document.number))),
            (Some(there), None) if there.reversed_by.is_some() => {
                let number = there.reversed_by.map(|number| number.padded()).unwrap_or_default();
                return Ok(Ok(Undone::conflict(Conflict {
                    what: format!("{document} was reversed by somebody else, as {number}"),
                    when: None,
                    fields: Vec::new(),
                })));
            }
            // The companion runs its key once, however often it is sent.
            (Some(_), None) if !first && !self.runs_once() => {
                // The commit of an earlier reversal may still run in SAP.
                match self.reversal_arrives(posting, reversal_key).await {
                    Ok(Some(number)) => return Ok(Ok(Undone::reversed(number))),
                    Ok(None) => {}
                    Err(error) => return Ok(Err(error)),
                }
            }
            (Some(_), None) => {}
            (None, None) => {
                let what = format!("SAP no longer has {document} under {}", original.object_key);
                return Ok(Ok(Undone::held(what)));
            }
        }
        let sent = self.reverse_once(posting, document, original).await;
        if let Err(error) = &sent
            && error.kind == PortErrorKind::Fenced
        {
            return Err(self.lease_lost(error));
        }
        self.desk.failpoints.pass("undo.after_send")?;
        match self.desk.sap.find_documents(posting, &both[1..]).await {
            Ok(found) => match (found.first().cloned().flatten(), sent) {
                (Some(reversal), _) => Ok(Ok(Undone::reversed(reversal.document.number))),
                (None, Err(error)) if error.kind == PortErrorKind::Refused && first => {
                    Ok(Ok(Undone::held(error.to_string())))
                }
                (None, Err(error)) => Ok(Err(error)),
                (None, Ok(())) => Ok(Err(PortError::new(
                    PortErrorKind::Unknown,
                    format!("the reversal of {document} is not in SAP yet"),
                ))),
            },
            Err(error) => Ok(Err(error)),
        }
    }
}
