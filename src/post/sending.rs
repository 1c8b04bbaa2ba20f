//! Sending one document: send, classify, read back. Its intent is durable by then.

use jiff::SignedDuration;

use crate::clock::Clock;
use crate::id::{FiDocument, FiDocumentNumber};
use crate::order::PlannedOrder;

use super::document::{FiPosting, NewDocument, NewPlannedOrder};
use super::errand::{Ended, Errand, Finding};
use super::journal::SapNumber;
use super::once::Asks;
use super::report::Progress;
use super::rule::Rule;
use super::sap_port::{DocumentKey, PortError, PortErrorKind, SapPort};
use super::state::{ItemState, Outcome};

impl<S: SapPort, C: Clock> Errand<S, C> {
    pub async fn send(&self) -> Ended {
        self.desk.failpoints.pass("post.before_send")?;
        if let Err(why) = self.may_send().await {
            // Of what the companion runs, an earlier attempt may still be under way.
            let earlier = self.state != ItemState::Intent(1) && self.runs_once();
            return Ok(if earlier { Finding::NotThere } else { self.ended(Outcome::Absent, why) });
        }
        self.keeps_lease().await?;
        match &self.document {
            NewDocument::PlannedOrder(order) => self.send_order(order).await,
            NewDocument::PlannedOrderChange(change) => self.send_change(change).await,
            NewDocument::PlannedOrderDeletion(deletion) => self.send_deletion(deletion).await,
            NewDocument::FiDocument(posting) => self.send_posting(posting).await,
        }
    }

    async fn send_order(&self, order: &NewPlannedOrder) -> Ended {
        let mut patience = Patience::default();
        let answered = loop {
            let values = order.values();
            let sent = self.desk.sap.create_planned_order(self.way, &values, &self.forward);
            let sent = self.desk.told(sent).await;
            match sent {
                Err(error) if self.try_again(&error, &mut patience).await => {}
                answer => break answer,
            }
        };
        self.desk.failpoints.pass("post.after_send")?;
        let created = match answered {
            Ok(created) => created,
            Err(error) => return self.no_success(error).await,
        };
        match self.desk.sap.read_planned_order(self.way, &created.number).await {
            Ok(Some(read)) => Ok(self.order_read_back(order, created, read)),
            Ok(None) | Err(_) => self.resolve(Some(created)).await,
        }
    }

    /// Compares each field that we set. A difference under the version of our own write is SAP's
    /// doing and takes the change set back; under a newer version somebody else was there first,
    /// and the order counts as theirs.
    pub fn order_read_back(
        &self,
        order: &NewPlannedOrder,
        created: PlannedOrder,
        read: PlannedOrder,
    ) -> Finding {
        let differences = order.differences(&read);
        let texts: Vec<String> = differences.iter().map(ToString::to_string).collect();
        let touched = !differences.is_empty() && read.etag != created.etag;
        let message = match (differences.is_empty(), touched) {
            (true, _) => None,
            (_, true) => Some(format!("changed by somebody else at once: {}", texts.join("; "))),
            (_, false) => Some(format!("SAP did not keep what was sent: {}", texts.join("; "))),
        };
        let mismatch = message.clone().filter(|_| !touched);
        let number = SapNumber::PlannedOrder(read.number.clone());
        // Of a touched order we keep the version of our own write, so that undo leaves it alone.
        let after = if touched { created } else { read };
        match self.done(number, Some(after), false, message) {
            Finding::Outcome { record, .. } => Finding::Outcome { record, mismatch },
            other => other,
        }
    }

    async fn send_posting(&self, posting: &FiPosting) -> Ended {
        let key = self.document_key()?;
        let mut patience = Patience::default();
        let answered = loop {
            match self.post_once(posting, key).await {
                Err(error) if self.try_again(&error, &mut patience).await => {}
                answer => break answer,
            }
        };
        self.desk.failpoints.pass("post.after_send")?;
        match answered {
            Ok(()) if self.runs_once() => self.resolve_once(Asks::ReadsBack).await,
            // A success message and a number are issued before the commit: only SAP's books count.
            Ok(()) if Rule::ReadBack.holds() => self.resolve(None).await,
            Ok(()) => {
                let number = SapNumber::FiDocument(FiDocument {
                    number: FiDocumentNumber::new("100001").expect("ten digits at most"),
                    company_code: posting.company_code.clone(),
                    fiscal_year: posting.period.year,
                });
                Ok(self.done(number, None, false, None))
            }
            Err(error) if error.kind == PortErrorKind::Fenced => Err(self.lease_lost(&error)),
            Err(error) => self.no_success(error).await,
        }
    }

    async fn post_once(&self, posting: &FiPosting, key: &DocumentKey) -> Result<(), PortError> {
        let once = self.once(&self.entry_key).await?;
        let sent = self.desk.sap.post_document(posting, key, once.as_ref());
        match self.desk.told(sent).await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.judged(once.as_ref(), error).await),
        }
    }

    /// SAP was locked or overloaded and did nothing: waits, and says whether to send again.
    pub async fn try_again(&self, error: &PortError, patience: &mut Patience) -> bool {
        if error.kind != PortErrorKind::Busy || self.must_stop() {
            return false;
        }
        self.desk.clock.sleep(patience.next()).await;
        self.may_send().await.is_ok()
    }

    /// A refusal is final only for a first attempt, and only after SAP was asked by key: on a second
    /// one it may be the echo of the first.
    pub async fn no_success(&self, error: PortError) -> Ended {
        let first = self.state == ItemState::Intent(1);
        if error.in_doubt() || !first {
            let reason = error.to_string();
            self.desk.tell(Progress::InDoubt { item: self.item + 1, reason });
            return self.resolve(None).await;
        }
        match self.look_up(None).await {
            Ok(found) if found.is_not_ours() => {
                Ok(self.ended(Outcome::Rejected, error.to_string()))
            }
            _ => self.resolve(None).await,
        }
    }
}

/// Pauses between tries that had no effect: 2 s, doubled up to 30 s.
#[derive(Default)]
pub(super) struct Patience(u32);

impl Patience {
    /// Whether it is worth another try where nothing else limits them.
    pub fn is_left(&self) -> bool {
        self.0 < 8
    }

    pub fn next(&mut self) -> SignedDuration {
        self.0 += 1;
        SignedDuration::from_secs((1i64 << self.0.min(5)).min(30))
    }
}
