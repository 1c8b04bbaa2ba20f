//! The only place that finds out about a lost answer, and the only one that sends again.
//!
//! "It is there" is conclusive at once. "It is not there" is so only after the settle time: the
//! work process that got the request may still be running.

use jiff::SignedDuration;

use crate::clock::Clock;
use crate::order::PlannedOrder;

use super::Poster;
use super::apply::Course;
use super::change_set::ChangeSetId;
use super::document::NewDocument;
use super::error::PostError;
use super::existing_order::number_in_sap;
use super::journal::{Record, SapNumber, Writing};
use super::report::Progress;
use super::rule::Rule;
use super::sap_port::{PortError, SapPort};
use super::state::{ATTEMPTS_MAX, Effect, ItemState, Outcome, Phase};

/// How long SAP may fail to answer reads, beyond the settle time, before we give the question up.
const READS_FAIL_MAX: SignedDuration = SignedDuration::from_mins(5);

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

impl<S: SapPort, C: Clock> Poster<S, C> {
    /// Asks SAP for the item by its key. `answered` is the order as SAP answered to its creation,
    /// if it did. The inner error is SAP's.
    pub(super) async fn look_up(
        &self,
        id: &ChangeSetId,
        item: usize,
        answered: Option<&PlannedOrder>,
    ) -> Result<Result<Found, PortError>, PostError> {
        match self.document(id, item)? {
            NewDocument::PlannedOrder(order) => {
                if let Some(answered) = answered {
                    match self.sap.read_planned_order(&answered.number).await {
                        Ok(Some(read)) if order.differences(&read).is_empty() => {
                            return Ok(Ok(Found::Order(read)));
                        }
                        Ok(Some(read)) => return Ok(Ok(Found::Touched(read))),
                        Ok(None) => {}
                        Err(error) => return Ok(Err(error)),
                    }
                }
                let found = self.sap.find_planned_orders(&order.values()).await;
                Ok(found.map(|mut orders| match orders.len() {
                    0 => Found::Nothing,
                    1 => Found::Order(orders.remove(0)),
                    _ => Found::Several(orders.iter().map(|order| order.number.padded()).collect()),
                }))
            }
            NewDocument::PlannedOrderChange(change) => Ok(self.look_up_change(&change).await),
            NewDocument::PlannedOrderDeletion(deletion) => {
                Ok(self.look_up_deletion(&deletion).await)
            }
            NewDocument::FiDocument(posting) => {
                let key = self.document_key(id, item, &posting)?;
                let found = self.sap.find_documents(&posting, &[&key.object_key]).await;
                Ok(found.map(|mut found| match found.pop().flatten() {
                    Some(found) => Found::Document(SapNumber::FiDocument(found.document)),
                    None => Found::Nothing,
                }))
            }
        }
    }

    /// Finds out what became of an item whose intent has no outcome, and records it.
    pub(super) async fn resolve(
        &mut self,
        writing: &Writing,
        id: &ChangeSetId,
        item: usize,
        course: &Course,
        answered: Option<PlannedOrder>,
    ) -> Result<Vec<Effect>, PostError> {
        // Nothing of ours was sent after this moment: either we have just stopped sending, or the
        // process that sent is dead.
        let asked_from = self.clock.now();
        let settle = if Rule::Settle.holds() { self.settings.settle } else { SignedDuration::ZERO };
        if !Rule::AskFirst.holds() && answered.is_none() {
            return self.absent(writing, id, item, course);
        }
        let mut pause = SignedDuration::from_secs(1);
        loop {
            let passed = self.clock.now().since_boot - asked_from.since_boot;
            match self.look_up(id, item, answered.as_ref()).await? {
                Ok(Found::Nothing) if passed >= settle => {
                    // SAP gave it a number: it was there, and to send it again would double it.
                    if let Some(was) = &answered
                        && let NewDocument::PlannedOrder(_) = self.document(id, item)?
                    {
                        let number = was.number.padded();
                        let what = format!(
                            "SAP created planned order {number}, and it is gone again: look whether \
                             somebody converted it"
                        );
                        return self.hold_item(writing, id, item, what);
                    }
                    return self.absent(writing, id, item, course);
                }
                Ok(Found::Nothing) => {
                    let reason = format!("SAP does not have it yet; asking for {settle:#}");
                    self.tell(Progress::InDoubt { item: item + 1, reason });
                }
                Ok(Found::Several(numbers)) => {
                    let what = format!("SAP has it more than once: {}", numbers.join(", "));
                    return self.hold_item(writing, id, item, what);
                }
                Ok(Found::Never(why)) => {
                    let record = Record::ItemOutcome {
                        item,
                        outcome: Outcome::Absent,
                        number: None,
                        after: None,
                        adopted: false,
                        message: Some(why),
                    };
                    return self.append(writing, id, &record);
                }
                Ok(Found::Foreign(what)) => return self.hold_item(writing, id, item, what),
                Ok(Found::Changed(order)) => {
                    let (number, adopted) = (number_in_sap(&order.number), passed.is_positive());
                    return self.done(writing, id, item, number, Some(order), adopted, None);
                }
                Ok(Found::Removed) => {
                    let NewDocument::PlannedOrderDeletion(of) = self.document(id, item)? else {
                        return Err(PostError::Unknown { id: id.clone() });
                    };
                    // Without an answer it is only likely that it was us.
                    let (number, adopted) = (number_in_sap(&of.before.number), answered.is_none());
                    return self.done(writing, id, item, number, None, adopted, None);
                }
                Ok(Found::Document(number)) => {
                    let adopted = passed.is_positive();
                    return self.done(writing, id, item, number, None, adopted, None);
                }
                Ok(Found::Order(order) | Found::Touched(order)) => {
                    return match (self.document(id, item)?, answered) {
                        (NewDocument::PlannedOrder(ours), Some(created)) => {
                            self.order_read_back(writing, id, item, &ours, created, order, course)
                        }
                        _ => {
                            let number = SapNumber::PlannedOrder(order.number.clone());
                            self.done(writing, id, item, number, Some(order), true, None)
                        }
                    };
                }
                Err(error) if passed > settle + READS_FAIL_MAX => {
                    let reason = error.to_string();
                    return Err(PostError::InDoubt { id: id.clone(), item: item + 1, reason });
                }
                Err(error) => {
                    self.tell(Progress::InDoubt { item: item + 1, reason: error.to_string() });
                }
            }
            let left = settle - passed;
            let nap = if left.is_positive() { pause.min(left) } else { pause };
            self.clock.sleep(nap).await;
            pause = (pause * 2).min(SignedDuration::from_secs(30));
        }
    }

    /// It is not there and never will be: once more, or not at all.
    fn absent(
        &mut self,
        writing: &Writing,
        id: &ChangeSetId,
        item: usize,
        course: &Course,
    ) -> Result<Vec<Effect>, PostError> {
        let set = self.set(id)?;
        let forward = set.state.phase == Phase::Applying;
        if let ItemState::Intent(attempt) = set.state.items[item]
            && forward
            && attempt < ATTEMPTS_MAX
            && self.reason_to_stop(id, course)?.is_none()
        {
            return self.intend(writing, id, item, attempt + 1);
        }
        let record = Record::ItemOutcome {
            item,
            outcome: Outcome::Absent,
            number: None,
            after: None,
            adopted: false,
            message: Some("no answer came, and SAP does not have it".to_owned()),
        };
        self.append(writing, id, &record)
    }

    fn hold_item(
        &mut self,
        writing: &Writing,
        id: &ChangeSetId,
        item: usize,
        what: String,
    ) -> Result<Vec<Effect>, PostError> {
        tracing::error!(change_set = %id, item = item + 1, %what, "a person has to look");
        let record = Record::ItemOutcome {
            item,
            outcome: Outcome::Held,
            number: None,
            after: None,
            adopted: false,
            message: Some(what),
        };
        self.append(writing, id, &record)
    }
}
