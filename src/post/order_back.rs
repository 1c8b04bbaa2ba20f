//! A planned order on its way back: deleted if we created it, changed back if we changed it. Both read
//! what is there, write only what is still exactly as we left it, and read what became of it.

use crate::clock::Clock;
use crate::id::PlannedOrderNumber;
use crate::order::PlannedOrder;

use super::document::{FieldDifference, NewPlannedOrder, PlannedOrderChange};
use super::errand::Errand;
use super::error::PostError;
use super::journal::Conflict;
use super::order_values::OrderValues;
use super::rule::Rule;
use super::sap_port::{PortError, PortErrorKind, SapPort};
use super::taking_back::Undone;

/// What we had done to the order.
#[derive(Clone, Copy)]
pub(super) enum Ours<'a> {
    /// Created it: it is deleted.
    Created(&'a NewPlannedOrder),
    /// Changed it: the fields that we changed get their old values.
    Changed(&'a PlannedOrderChange),
}

impl Ours<'_> {
    /// The fields in which `there` is not as we wanted it.
    fn differences(&self, there: &PlannedOrder) -> Vec<FieldDifference> {
        match self {
            Self::Created(order) => order.differences(there),
            Self::Changed(change) => change.differences(there),
        }
    }

    /// Whether nothing of ours is in what is there.
    fn is_back(&self, now: Option<&PlannedOrder>) -> bool {
        match self {
            Self::Created(_) => now.is_none(),
            Self::Changed(change) => now.is_some_and(|now| {
                let before = OrderValues::from(&change.before);
                before.differing(&OrderValues::from(now)).is_empty()
            }),
        }
    }

    /// It is back, and an earlier request of ours, whose answer was lost, can have done it.
    fn came_through(&self, number: &PlannedOrderNumber) -> Undone {
        match self {
            Self::Created(_) => {
                let number = number.padded();
                let said =
                    format!("planned order {number} is gone; the answer to its deletion was lost");
                Undone { message: Some(said), ..Undone::gone() }
            }
            Self::Changed(_) => Undone::gone(),
        }
    }

    fn not_yet(&self, number: &PlannedOrderNumber) -> PortError {
        let what = match self {
            Self::Created(_) => "still there after it was deleted",
            Self::Changed(_) => "not yet as it was",
        };
        let text = format!("planned order {} is {what}", number.padded());
        PortError::new(PortErrorKind::Unknown, text)
    }
}

impl<S: SapPort, C: Clock> Errand<S, C> {
    /// Takes back what we did to the order `number`, which we left as `after`. `first` says that nothing
    /// was sent for it before.
    pub(super) async fn order_back(
        &self,
        ours: Ours<'_>,
        number: &PlannedOrderNumber,
        after: &PlannedOrder,
        first: bool,
    ) -> Result<Result<Undone, PortError>, PostError> {
        let now = match self.desk.sap.read_planned_order(self.way, number).await {
            Ok(now) => now,
            Err(error) => return Ok(Err(error)),
        };
        if !first && ours.is_back(now.as_ref()) {
            return Ok(Ok(ours.came_through(number)));
        }
        let Some(now) = now else { return Ok(Ok(gone_without_us(number))) };
        let as_left = now.etag == after.etag && ours.differences(&now) == ours.differences(after);
        if Rule::OnlyAsLeft.holds() && !as_left {
            return Ok(Ok(Undone::conflict(Conflict {
                what: format!("planned order {} was changed by somebody else", number.padded()),
                when: now.last_change,
                fields: ours.differences(&now),
            })));
        }
        let etag = now.etag.unwrap_or_default();
        let sent = self.desk.told(self.send_back(ours, number, &etag)).await;
        self.desk.failpoints.pass("undo.after_send")?;
        match sent {
            Err(error) if error.kind == PortErrorKind::Refused => {
                // An earlier request of ours may still be on its way.
                let done = !first && self.settles(number, |now| ours.is_back(now)).await;
                let held = Undone::held(error.to_string());
                return Ok(Ok(if done { ours.came_through(number) } else { held }));
            }
            Err(error) if error.kind == PortErrorKind::NotFound && first => {
                tracing::warn!(%number, %error, "gone between reading and writing");
                return Ok(Ok(gone_without_us(number)));
            }
            // Another version, or no order: the next try reads what is there and says so.
            Err(error) if error.kind != PortErrorKind::Unknown => return Ok(Err(error)),
            Ok(()) | Err(_) => {}
        }
        match self.desk.sap.read_planned_order(self.way, number).await {
            Ok(now) if ours.is_back(now.as_ref()) => Ok(Ok(Undone::gone())),
            Ok(_) => Ok(Err(ours.not_yet(number))),
            Err(error) => Ok(Err(error)),
        }
    }

    async fn send_back(
        &self,
        ours: Ours<'_>,
        number: &PlannedOrderNumber,
        etag: &str,
    ) -> Result<(), PortError> {
        let sap = &self.desk.sap;
        match ours {
            Ours::Created(_) => sap.delete_planned_order(self.way, number, etag, &self.back).await,
            Ours::Changed(change) => {
                let (before, fields) = (OrderValues::from(&change.before), change.fields());
                sap.change_planned_order(self.way, number, &before, &fields, etag, &self.back).await
            }
        }
    }
}

fn gone_without_us(number: &PlannedOrderNumber) -> Undone {
    Undone::conflict(Conflict {
        what: format!(
            "planned order {} is gone: somebody converted or deleted it",
            number.padded()
        ),
        when: None,
        fields: Vec::new(),
    })
}
