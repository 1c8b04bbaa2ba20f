//! Orders that are in SAP already: changing one, deleting one, and creating a deleted one anew. Every
//! write names the version it is for, so that no change of a planner is ever overwritten.

use jiff::SignedDuration;

use crate::clock::Clock;
use crate::id::PlannedOrderNumber;
use crate::order::PlannedOrder;

use super::document::{PlannedOrderChange, PlannedOrderDeletion};
use super::errand::{Ended, Errand};
use super::error::PostError;
use super::journal::{Conflict, SapNumber};
use super::order_values::OrderValues;
use super::resolve::Found;
use super::rule::Rule;
use super::sap_port::{PortError, PortErrorKind, SapPort};
use super::sending::Patience;
use super::taking_back::Undone;

impl<S: SapPort, C: Clock> Errand<S, C> {
    pub(super) async fn send_change(&self, change: &PlannedOrderChange) -> Ended {
        let request = &self.forward;
        let fields = change.fields();
        // Of the plan's version, never of one that was read since: an edit in between must be seen.
        let number = &change.before.number;
        let etag = if Rule::VersionOfPlan.holds() {
            change.before.etag.clone().unwrap_or_default()
        } else {
            let now = self.desk.sap.read_planned_order(self.way, number).await.ok().flatten();
            now.and_then(|order| order.etag).unwrap_or_default()
        };
        let mut patience = Patience::default();
        let answered = loop {
            let (sap, wanted) = (&self.desk.sap, &change.wanted);
            let sent = sap.change_planned_order(self.way, number, wanted, &fields, &etag, request);
            let sent = self.desk.told(sent).await;
            match sent {
                Err(error) if self.try_again(&error, &mut patience).await => {}
                answer => break answer,
            }
        };
        self.desk.failpoints.pass("post.after_send")?;
        match answered {
            // What is in SAP counts, not what SAP says: it is read back.
            Ok(()) => self.resolve(None).await,
            Err(error) => self.no_success(error).await,
        }
    }

    pub(super) async fn send_deletion(&self, deletion: &PlannedOrderDeletion) -> Ended {
        let request = &self.forward;
        let etag = deletion.before.etag.clone().unwrap_or_default();
        let number = &deletion.before.number;
        let mut patience = Patience::default();
        let answered = loop {
            let sent = self.desk.sap.delete_planned_order(self.way, number, &etag, request);
            match self.desk.told(sent).await {
                Err(error) if self.try_again(&error, &mut patience).await => {}
                answer => break answer,
            }
        };
        self.desk.failpoints.pass("post.after_send")?;
        match answered {
            Ok(()) => {
                // SAP says that it was us: what is then gone was removed by us.
                let before = Some(deletion.before.clone());
                self.resolve(before).await
            }
            Err(error) => self.no_success(error).await,
        }
    }

    pub(super) async fn look_up_change(
        &self,
        change: &PlannedOrderChange,
    ) -> Result<Found, PortError> {
        let number = change.before.number.padded();
        Ok(match self.desk.sap.read_planned_order(self.way, &change.before.number).await? {
            None => Found::Foreign(format!(
                "planned order {number} is gone: somebody converted or deleted it, and the answer to \
                 our change was lost"
            )),
            Some(now) if now.etag == change.before.etag => Found::Nothing,
            Some(now) if change.differences(&now).is_empty() => Found::Changed(now),
            Some(now) => {
                let texts: Vec<String> =
                    change.differences(&now).iter().map(ToString::to_string).collect();
                Found::Foreign(format!(
                    "planned order {number} is neither as it was nor as we wanted it: {}",
                    texts.join("; ")
                ))
            }
        })
    }

    pub(super) async fn look_up_deletion(
        &self,
        deletion: &PlannedOrderDeletion,
    ) -> Result<Found, PortError> {
        let number = deletion.before.number.padded();
        Ok(match self.desk.sap.read_planned_order(self.way, &deletion.before.number).await? {
            None => Found::Removed,
            Some(now) if now.etag == deletion.before.etag => Found::Nothing,
            // Our request names the version before that: it can no longer have an effect.
            Some(_) => Found::Never(format!(
                "planned order {number} was changed by somebody else and is not deleted"
            )),
        })
    }

    /// Creates the deleted order anew, under another number. Whether a creation came through is
    /// known only after the settle time, so nothing is sent twice before that.
    pub(super) async fn create_again(
        &self,
        deletion: &PlannedOrderDeletion,
        first: bool,
    ) -> Result<Result<Undone, PortError>, PostError> {
        let old = &deletion.before.number;
        let known = &self.known;
        if known.adopted && !known.decided {
            return Ok(Ok(Undone::held(format!(
                "planned order {} is gone, but the answer to our deletion was lost: somebody may \
                 have converted it instead. Look whether it became a production order; if not, \
                 decide to roll back, and it is created anew",
                old.padded()
            ))));
        }
        let values = OrderValues::from(&deletion.before);
        let earlier = if first { SignedDuration::ZERO } else { self.desk.settings.settle };
        match self.wait_for_equal(&values, earlier).await {
            Ok(mut found) => match (found.pop(), found.is_empty()) {
                (None, _) => {}
                (Some(order), true) if !first => return Ok(Ok(created_anew(old, &order.number))),
                (Some(order), true) => {
                    return Ok(Ok(Undone::conflict(Conflict {
                        what: format!(
                            "planned order {} is not created anew: somebody created {}, which is equal",
                            old.padded(),
                            order.number.padded()
                        ),
                        when: order.last_change,
                        fields: Vec::new(),
                    })));
                }
                (Some(_), false) => return Ok(Ok(several(old))),
            },
            Err(error) => return Ok(Err(error)),
        }
        let request = &self.back;
        let mut patience = Patience::default();
        let sent = loop {
            let sent = self.desk.sap.create_planned_order(self.way, &values, request);
            match self.desk.told(sent).await {
                Err(error) if error.kind == PortErrorKind::Busy && patience.is_left() => {
                    self.desk.clock.sleep(patience.next()).await;
                }
                answer => break answer,
            }
        };
        self.desk.failpoints.pass("undo.after_send")?;
        match sent {
            Err(error) if error.kind == PortErrorKind::Refused => {
                return Ok(Ok(Undone::held(error.to_string())));
            }
            Err(error) if error.kind != PortErrorKind::Unknown => return Ok(Err(error)),
            Ok(created) => return Ok(Ok(self.created_anew(old, &created).await)),
            Err(_) => {}
        }
        match self.wait_for_equal(&values, self.desk.settings.settle).await {
            Ok(mut found) => match (found.pop(), found.is_empty()) {
                (Some(order), true) => Ok(Ok(created_anew(old, &order.number))),
                (Some(_), false) => Ok(Ok(several(old))),
                (None, _) => Ok(Err(PortError::new(
                    PortErrorKind::Unknown,
                    format!("planned order {} is not there again", old.padded()),
                ))),
            },
            Err(error) => Ok(Err(error)),
        }
    }

    /// SAP answered that the order is there again; whether it is, it shows.
    async fn created_anew(&self, old: &PlannedOrderNumber, created: &PlannedOrder) -> Undone {
        if self.settles(&created.number, |now| now.is_some()).await {
            return created_anew(old, &created.number);
        }
        Undone::held(format!(
            "SAP created planned order {} in the place of {}, and it is gone again: look whether \
             somebody converted it",
            created.number.padded(),
            old.padded()
        ))
    }

    /// Asks for equal orders until there is one, or `patience` is over.
    async fn wait_for_equal(
        &self,
        values: &OrderValues,
        patience: SignedDuration,
    ) -> Result<Vec<PlannedOrder>, PortError> {
        let from = self.desk.clock.now().since_boot;
        let mut pause = SignedDuration::from_secs(1);
        loop {
            let left = patience - (self.desk.clock.now().since_boot - from);
            match self.desk.sap.find_planned_orders(self.way, values).await {
                Ok(found) if !found.is_empty() || !left.is_positive() => return Ok(found),
                Err(error) if !left.is_positive() => return Err(error),
                _ => self.desk.clock.sleep(pause.min(left)).await,
            }
            pause = (pause * 2).min(SignedDuration::from_secs(30));
        }
    }

    /// What others did to an order since we changed or deleted it, for the end of the window.
    pub(super) async fn changed_since(
        &self,
        change: &PlannedOrderChange,
    ) -> Result<Option<String>, PortError> {
        Ok(match self.desk.sap.read_planned_order(self.way, &change.before.number).await? {
            None => Some("converted or deleted".to_owned()),
            Some(now) => {
                let all = change.differences(&now);
                let texts: Vec<String> = all.iter().map(ToString::to_string).collect();
                (!texts.is_empty()).then(|| texts.join("; "))
            }
        })
    }
}

/// The number of the order that a document is about.
pub(super) fn number_in_sap(number: &PlannedOrderNumber) -> SapNumber {
    SapNumber::PlannedOrder(number.clone())
}

fn several(old: &PlannedOrderNumber) -> Undone {
    Undone::held(format!("SAP has more than one order that equals {}", old.padded()))
}

fn created_anew(old: &PlannedOrderNumber, new: &PlannedOrderNumber) -> Undone {
    let said = format!("planned order {} is there again as {}", old.padded(), new.padded());
    Undone { message: Some(said), recreated: Some(new.clone()), ..Undone::gone() }
}
