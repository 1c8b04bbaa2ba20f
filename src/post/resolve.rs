//! The only place that finds out about a lost answer, and says whether the document may be sent again.
//!
//! "It is there" is conclusive at once. "It is not there" is so only after the settle time: the
//! work process that got the request may still be running.

use jiff::SignedDuration;

use crate::clock::Clock;
use crate::order::PlannedOrder;

use super::document::NewDocument;
use super::errand::{Ended, Errand, Finding};
use super::error::PostError;
use super::existing_order::number_in_sap;
use super::journal::SapNumber;
use super::once::Asks;
use super::report::Progress;
use super::rule::Rule;
use super::sap_port::{PortError, SapPort};
use super::state::Outcome;

/// How long SAP may fail to answer reads, beyond the settle time, before we give the question up.
pub(super) const READS_FAIL_MAX: SignedDuration = SignedDuration::from_mins(5);

/// What SAP has under an item's key.
pub(super) enum Found {
    /// Nothing.
    Nothing,
    /// The planned order, equal to ours in every field.
    Order(PlannedOrder),
    /// The planned order whose number SAP had answered, but changed by somebody else.
    Touched(PlannedOrder),
    /// The accounting document.
    Document(SapNumber),
    /// The order that was there, as we changed it.
    Changed(PlannedOrder),
    /// The order that was there is no more.
    Removed,
    /// The order that was there has a version that is neither the one before us nor ours.
    Foreign(String),
    /// Nothing of ours is there, and nothing will be: why.
    Never(String),
    /// More than one.
    Several(Vec<String>),
}

impl Found {
    /// Whether nothing of ours is there. After a refusal, what is gone was removed by others.
    pub fn is_not_ours(&self) -> bool {
        matches!(self, Self::Nothing | Self::Foreign(_) | Self::Removed | Self::Never(_))
    }
}

impl<S: SapPort, C: Clock> Errand<S, C> {
    /// Asks SAP for the document by its key. `answered` is the order as SAP answered to its creation,
    /// if it did.
    pub(super) async fn look_up(
        &self,
        answered: Option<&PlannedOrder>,
    ) -> Result<Found, PortError> {
        match &self.document {
            NewDocument::PlannedOrder(order) => {
                if let Some(answered) = answered {
                    match self.desk.sap.read_planned_order(self.way, &answered.number).await? {
                        Some(read) if order.differences(&read).is_empty() => {
                            return Ok(Found::Order(read));
                        }
                        Some(read) => return Ok(Found::Touched(read)),
                        None => {}
                    }
                }
                let mut orders =
                    self.desk.sap.find_planned_orders(self.way, &order.values()).await?;
                Ok(match orders.len() {
                    0 => Found::Nothing,
                    1 => Found::Order(orders.remove(0)),
                    _ => Found::Several(orders.iter().map(|order| order.number.padded()).collect()),
                })
            }
            NewDocument::PlannedOrderChange(change) => self.look_up_change(change).await,
            NewDocument::PlannedOrderDeletion(deletion) => self.look_up_deletion(deletion).await,
            NewDocument::FiDocument(posting) => {
                let Some(key) = &self.key else { return Ok(Found::Nothing) };
                let mut found = self.desk.sap.find_documents(posting, &[&key.object_key]).await?;
                Ok(match found.pop().flatten() {
                    Some(found) => Found::Document(SapNumber::FiDocument(found.document)),
                    None => Found::Nothing,
                })
            }
        }
    }

    /// Finds out what became of an item whose intent has no outcome.
    pub(super) async fn resolve(&self, answered: Option<PlannedOrder>) -> Ended {
        if self.runs_once() {
            return self.resolve_once(Asks::Status).await;
        }
        // Nothing of ours was sent after this moment: either we have just stopped sending, or the
        // process that sent is dead.
        let asked_from = self.desk.clock.now();
        let settle =
            if Rule::Settle.holds() { self.desk.settings.settle } else { SignedDuration::ZERO };
        if !Rule::AskFirst.holds() && answered.is_none() {
            return Ok(Finding::NotThere);
        }
        let mut pause = SignedDuration::from_secs(1);
        loop {
            let passed = self.desk.clock.now().since_boot - asked_from.since_boot;
            match self.desk.told(self.look_up(answered.as_ref())).await {
                Ok(Found::Nothing) if passed >= settle => return Ok(self.absent(answered)),
                Ok(Found::Nothing) => {
                    let reason = format!("SAP does not have it yet; asking for {settle:#}");
                    self.desk.tell(Progress::InDoubt { item: self.item + 1, reason });
                }
                Ok(found) => return self.found(found, answered, passed.is_positive()),
                Err(error) if passed > settle + READS_FAIL_MAX => {
                    let (id, item, reason) = (self.id.clone(), self.item + 1, error.to_string());
                    return Err(PostError::InDoubt { id, item, reason });
                }
                Err(error) => {
                    let reason = error.to_string();
                    self.desk.tell(Progress::InDoubt { item: self.item + 1, reason });
                }
            }
            let left = settle - passed;
            let nap = if left.is_positive() { pause.min(left) } else { pause };
            self.desk.clock.sleep(nap).await;
            pause = (pause * 2).min(SignedDuration::from_secs(30));
        }
    }

    /// It is not there and no request of ours will make it so.
    fn absent(&self, answered: Option<PlannedOrder>) -> Finding {
        // SAP gave it a number: it was there, and to send it again would double it.
        match (answered, &self.document) {
            (Some(was), NewDocument::PlannedOrder(_)) => self.held(format!(
                "SAP created planned order {}, and it is gone again: look whether somebody \
                 converted it",
                was.number.padded()
            )),
            _ => Finding::NotThere,
        }
    }

    /// What is there, or never will be. `late` says whether it did not show at once.
    fn found(&self, found: Found, answered: Option<PlannedOrder>, late: bool) -> Ended {
        Ok(match found {
            Found::Nothing => Finding::NotThere,
            Found::Several(numbers) => {
                self.held(format!("SAP has it more than once: {}", numbers.join(", ")))
            }
            Found::Never(why) => self.ended(Outcome::Absent, why),
            Found::Foreign(what) => self.held(what),
            Found::Changed(order) => {
                self.done(number_in_sap(&order.number), Some(order), late, None)
            }
            Found::Removed => {
                let NewDocument::PlannedOrderDeletion(of) = &self.document else {
                    return Err(PostError::Unknown { id: self.id.clone() });
                };
                // Without an answer it is only likely that it was us.
                self.done(number_in_sap(&of.before.number), None, answered.is_none(), None)
            }
            Found::Document(number) => self.done(number, None, late, None),
            Found::Order(order) | Found::Touched(order) => match (&self.document, answered) {
                (NewDocument::PlannedOrder(ours), Some(created)) => {
                    self.order_read_back(ours, created, order)
                }
                _ => {
                    let number = SapNumber::PlannedOrder(order.number.clone());
                    self.done(number, Some(order), true, None)
                }
            },
        })
    }

    fn held(&self, what: String) -> Finding {
        tracing::error!(change_set = %self.id, item = self.item + 1, %what, "a person has to look");
        self.ended(Outcome::Held, what)
    }
}
