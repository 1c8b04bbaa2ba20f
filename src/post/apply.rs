//! Sending a change set, document after document: intent, send, classify, read back, outcome.

use std::sync::atomic::Ordering;

use jiff::SignedDuration;

use crate::clock::Clock;
use crate::id::{FiDocument, FiDocumentNumber};
use crate::order::PlannedOrder;
use crate::sap::odata::RequestId;

use super::Poster;
use super::change_set::{ChangeSetDraft, ChangeSetId};
use super::document::{FiPosting, NewDocument, NewPlannedOrder};
use super::error::PostError;
use super::journal::{Record, SapNumber, Writing};
use super::report::{Progress, Receipt};
use super::rule::Rule;
use super::sap_port::{PortError, PortErrorKind, SapPort};
use super::state::{Effect, ItemState, Outcome, Phase};
use super::window::{WINDOW, WindowEnd};

/// How long opening a window may take, before it is given its full length anew.
const OPENING_MAX: SignedDuration = SignedDuration::from_secs(5);

/// How `drive` goes about a change set.
#[derive(Clone, Debug, Default)]
pub(super) struct Course {
    /// Why nothing further may be sent forward, if so.
    pub no_further: Option<String>,
    /// Who asked, for the record of a rollback.
    pub requested_by: String,
}

/// Which of the two requests that an item can need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Into SAP.
    Forward,
    /// Out of it again.
    Back,
}

impl<S: SapPort, C: Clock> Poster<S, C> {
    /// Posts `draft` and opens its window. On any failure all of it is taken back before this
    /// returns. The window stays open after this returns: see
    /// [`wait_for_window`](Self::wait_for_window) and [`undo`](Self::undo).
    ///
    /// # Errors
    ///
    /// [`PostError`]; its text says what is in SAP.
    #[tracing::instrument(name = "post.apply", skip_all, fields(purpose = %draft.purpose, change_set))]
    pub async fn apply(&mut self, draft: ChangeSetDraft) -> Result<Receipt, PostError> {
        if self.settings.four_eyes {
            let reason = "a second person has to approve it: carbide post --request, then carbide \
                          approve by somebody else, then carbide post --approved";
            return Err(PostError::NotApproved { reason: reason.to_owned() });
        }
        self.apply_with(draft, None).await
    }

    /// Posts `draft` under the approval of this name.
    pub(super) async fn apply_with(
        &mut self,
        draft: ChangeSetDraft,
        approval: Option<String>,
    ) -> Result<Receipt, PostError> {
        if let Some(problem) = draft.problem() {
            return Err(PostError::Invalid { problem });
        }
        let requested_by = draft.requested_by.clone();
        let writing = self.journal.begin_writing()?;
        let id = self.prepare(&writing, draft, approval).await?;
        tracing::Span::current().record("change_set", id.as_str());
        let deadline = self.clock.now().plus(self.settings.apply_deadline);
        self.append(&writing, &id, &Record::Applying { deadline })?;
        self.failpoints.pass("journal.after_applying")?;
        self.drive(&writing, &id, &Course { no_further: None, requested_by }).await?;
        self.receipt(&id)
    }

    fn receipt(&self, id: &ChangeSetId) -> Result<Receipt, PostError> {
        let set = self.set(id)?;
        let reason = set.reason.clone().unwrap_or_default();
        match (&set.window, set.state.phase) {
            (Some(window), Phase::Open) => Ok(Receipt {
                change_set_id: id.clone(),
                purpose: set.summary().purpose,
                items: set.item_reports(),
                opened: set.opened.unwrap_or(window.set),
                ends: window.at.wall,
            }),
            (_, Phase::Held) => Err(PostError::Held { id: id.clone(), reason }),
            _ => {
                let report = Box::new(set.undo_report());
                Err(PostError::RolledBack { id: id.clone(), reason, report })
            }
        }
    }

    /// Does what is due, until nothing is. Posting, undoing and recovering are all this loop.
    pub(super) async fn drive(
        &mut self,
        writing: &Writing,
        id: &ChangeSetId,
        course: &Course,
    ) -> Result<(), PostError> {
        let mut due = self.set(id)?.state.due();
        while let Some(effect) = due.first().copied() {
            due = match effect {
                Effect::Write(_, _) | Effect::OpenWindow
                    if self.reason_to_stop(id, course)?.is_some() =>
                {
                    let reason = self.reason_to_stop(id, course)?.unwrap_or_default();
                    self.begin_rollback(writing, id, reason, &course.requested_by)?
                }
                Effect::Write(item, attempt) => self.intend(writing, id, item, attempt)?,
                Effect::Send(item) => self.send(writing, id, item, course).await?,
                Effect::Resolve(item) => self.resolve(writing, id, item, course, None).await?,
                Effect::OpenWindow => self.open_window(writing, id)?,
                Effect::RollBack => {
                    let reason = self.what_went_wrong(id)?;
                    self.begin_rollback(writing, id, reason, &course.requested_by)?
                }
                Effect::Compensate(item, attempt) => {
                    let effects =
                        self.append(writing, id, &Record::CompIntent { item, attempt })?;
                    self.failpoints.pass("undo.after_intent")?;
                    effects
                }
                Effect::SendCompensation(item) => self.compensate(writing, id, item).await?,
                Effect::Close(phase) => self.close(writing, id, phase)?,
            };
        }
        Ok(())
    }

    /// Why nothing further may be sent, if so.
    pub(super) fn reason_to_stop(
        &self,
        id: &ChangeSetId,
        course: &Course,
    ) -> Result<Option<String>, PostError> {
        if let Some(reason) = &course.no_further {
            return Ok(Some(reason.clone()));
        }
        if self.stop.load(Ordering::SeqCst) {
            return Ok(Some("it was interrupted".to_owned()));
        }
        let now = self.clock.now();
        let late = self.set(id)?.deadline.as_ref().is_some_and(|deadline| {
            deadline.boot_id != now.boot_id || now.since_boot >= deadline.since_boot
        });
        Ok(late.then(|| format!("it was not complete within {:#}", self.settings.apply_deadline)))
    }

    fn what_went_wrong(&self, id: &ChangeSetId) -> Result<String, PostError> {
        let reports = self.set(id)?.item_reports();
        let bad = reports.iter().find(|item| {
            matches!(item.state, ItemState::Rejected | ItemState::Absent | ItemState::Held(_))
        });
        Ok(bad.map_or_else(
            || "something went wrong".to_owned(),
            |item| {
                let said = item.message.as_deref().unwrap_or("SAP does not have it");
                format!("item {} ({}): {said}", item.item, item.title)
            },
        ))
    }

    /// Records that `item` is about to be sent.
    pub(super) fn intend(
        &mut self,
        writing: &Writing,
        id: &ChangeSetId,
        item: usize,
        attempt: u32,
    ) -> Result<Vec<Effect>, PostError> {
        let request_id = self.request(id, item, Way::Forward)?.id;
        let effects =
            self.append(writing, id, &Record::ItemIntent { item, attempt, request_id })?;
        self.failpoints.pass("journal.after_intent")?;
        let title = self.document(id, item)?.title();
        self.tell(Progress::Sending { item: item + 1, title });
        Ok(effects)
    }

    /// The request that sends the item or takes it back. Every attempt carries the same id and the
    /// time of the first. It names the change set: after a rollback the same order may be created
    /// anew, and that is another request.
    pub(super) fn request(
        &self,
        id: &ChangeSetId,
        item: usize,
        way: Way,
    ) -> Result<RequestId, PostError> {
        let set = self.set(id)?;
        let unknown = || PostError::Unknown { id: id.clone() };
        let (key, known) = (set.keys.get(item), set.items.get(item));
        let (key, known) = (key.ok_or_else(unknown)?, known.ok_or_else(unknown)?);
        let (forward, back) = match self.document(id, item)? {
            NewDocument::PlannedOrderChange(_) => ("change", "change back"),
            NewDocument::PlannedOrderDeletion(_) => ("remove", "create again"),
            _ => ("create", "delete"),
        };
        let (what, first_sent) = match way {
            Way::Forward => (forward, known.first_sent),
            Way::Back => (back, known.first_taken_back),
        };
        let derived = key.derived(&format!("{} {id} {what}", self.journal.tag()));
        let first_sent = first_sent.unwrap_or_else(|| self.clock.now().wall);
        Ok(RequestId { id: derived.request_id(), first_sent })
    }

    async fn send(
        &mut self,
        writing: &Writing,
        id: &ChangeSetId,
        item: usize,
        course: &Course,
    ) -> Result<Vec<Effect>, PostError> {
        self.failpoints.pass("post.before_send")?;
        match self.document(id, item)? {
            NewDocument::PlannedOrder(order) => {
                self.send_order(writing, id, item, &order, course).await
            }
            NewDocument::PlannedOrderChange(change) => {
                self.send_change(writing, id, item, &change, course).await
            }
            NewDocument::PlannedOrderDeletion(deletion) => {
                self.send_deletion(writing, id, item, &deletion, course).await
            }
            NewDocument::FiDocument(posting) => {
                self.send_posting(writing, id, item, &posting, course).await
            }
        }
    }

    async fn send_order(
        &mut self,
        writing: &Writing,
        id: &ChangeSetId,
        item: usize,
        order: &NewPlannedOrder,
        course: &Course,
    ) -> Result<Vec<Effect>, PostError> {
        let request = self.request(id, item, Way::Forward)?;
        let mut patience = Patience::default();
        let answered = loop {
            match self.sap.create_planned_order(&order.values(), &request).await {
                Err(error) if self.try_again(&error, id, course, &mut patience).await? => {}
                answer => break answer,
            }
        };
        self.failpoints.pass("post.after_send")?;
        let created = match answered {
            Ok(created) => created,
            Err(error) => return self.no_success(writing, id, item, error, course).await,
        };
        match self.sap.read_planned_order(&created.number).await {
            Ok(Some(read)) => self.order_read_back(writing, id, item, order, created, read, course),
            Ok(None) | Err(_) => self.resolve(writing, id, item, course, Some(created)).await,
        }
    }

    /// Compares each field that we set. A difference under the version of our own write is SAP's
    /// doing and takes the change set back; under a newer version somebody else was there first,
    /// and the order counts as theirs.
    #[expect(clippy::too_many_arguments, reason = "one call, and a struct would name nothing")]
    pub(super) fn order_read_back(
        &mut self,
        writing: &Writing,
        id: &ChangeSetId,
        item: usize,
        order: &NewPlannedOrder,
        created: PlannedOrder,
        read: PlannedOrder,
        course: &Course,
    ) -> Result<Vec<Effect>, PostError> {
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
        let effects = self.done(writing, id, item, number, Some(after), false, message)?;
        match mismatch {
            Some(reason) if self.set(id)?.state.phase == Phase::Applying => {
                let reason = format!("item {}: {reason}", item + 1);
                self.begin_rollback(writing, id, reason, &course.requested_by)
            }
            _ => Ok(effects),
        }
    }

    async fn send_posting(
        &mut self,
        writing: &Writing,
        id: &ChangeSetId,
        item: usize,
        posting: &FiPosting,
        course: &Course,
    ) -> Result<Vec<Effect>, PostError> {
        let key = self.document_key(id, item, posting)?;
        let mut patience = Patience::default();
        let answered = loop {
            match self.sap.post_document(posting, &key).await {
                Err(error) if self.try_again(&error, id, course, &mut patience).await? => {}
                answer => break answer,
            }
        };
        self.failpoints.pass("post.after_send")?;
        match answered {
            // A success message and a number are issued before the commit: only SAP's books count.
            Ok(()) if Rule::ReadBack.holds() => self.resolve(writing, id, item, course, None).await,
            Ok(()) => {
                let number = SapNumber::FiDocument(FiDocument {
                    number: FiDocumentNumber::new("100001").expect("ten digits at most"),
                    company_code: posting.company_code.clone(),
                    fiscal_year: posting.period.year,
                });
                self.done(writing, id, item, number, None, false, None)
            }
            Err(error) => self.no_success(writing, id, item, error, course).await,
        }
    }

    /// SAP was locked or overloaded and did nothing: waits, and says whether to send again.
    pub(super) async fn try_again(
        &mut self,
        error: &PortError,
        id: &ChangeSetId,
        course: &Course,
        patience: &mut Patience,
    ) -> Result<bool, PostError> {
        if error.kind != PortErrorKind::Busy || self.reason_to_stop(id, course)?.is_some() {
            return Ok(false);
        }
        self.clock.sleep(patience.next()).await;
        Ok(true)
    }

    /// A refusal is final only for a first attempt, and only after SAP was asked by key: on a second
    /// one it may be the echo of the first.
    pub(super) async fn no_success(
        &mut self,
        writing: &Writing,
        id: &ChangeSetId,
        item: usize,
        error: PortError,
        course: &Course,
    ) -> Result<Vec<Effect>, PostError> {
        let first = self.set(id)?.state.items[item] == ItemState::Intent(1);
        if error.in_doubt() || !first {
            self.tell(Progress::InDoubt { item: item + 1, reason: error.to_string() });
            return self.resolve(writing, id, item, course, None).await;
        }
        match self.look_up(id, item, None).await? {
            Ok(found) if found.is_not_ours() => {
                let record = Record::ItemOutcome {
                    item,
                    outcome: Outcome::Rejected,
                    number: None,
                    after: None,
                    adopted: false,
                    message: Some(error.to_string()),
                };
                self.append(writing, id, &record)
            }
            _ => self.resolve(writing, id, item, course, None).await,
        }
    }

    /// Records that the item is in SAP and was read back.
    #[expect(clippy::too_many_arguments, reason = "they are the fields of one record")]
    pub(super) fn done(
        &mut self,
        writing: &Writing,
        id: &ChangeSetId,
        item: usize,
        number: SapNumber,
        after: Option<PlannedOrder>,
        adopted: bool,
        message: Option<String>,
    ) -> Result<Vec<Effect>, PostError> {
        let record = Record::ItemOutcome {
            item,
            outcome: Outcome::Done,
            number: Some(number.clone()),
            after: after.map(Box::new),
            adopted,
            message,
        };
        let effects = self.append(writing, id, &record)?;
        self.failpoints.pass("journal.after_outcome")?;
        tracing::info!(change_set = %id, %number, adopted, "document posted and read back");
        self.tell(Progress::Posted { item: item + 1, number: Some(number) });
        Ok(effects)
    }

    fn open_window(
        &mut self,
        writing: &Writing,
        id: &ChangeSetId,
    ) -> Result<Vec<Effect>, PostError> {
        let ends = WindowEnd::after(&self.clock.now(), WINDOW);
        let mut wall = ends.at.wall;
        let mut effects = self.append(writing, id, &Record::Open { ends: ends.clone() })?;
        // The machine may have been suspended while it was written.
        let now = self.clock.now();
        let lost = ends.at.boot_id != now.boot_id
            || ends.at.since_boot - now.since_boot < WINDOW - OPENING_MAX;
        if lost {
            let ends = WindowEnd::after(&now, WINDOW);
            wall = ends.at.wall;
            effects = self.append(writing, id, &Record::Recovered { ends })?;
        }
        self.failpoints.pass("journal.after_open")?;
        self.tell(Progress::Opened { id: id.clone(), ends: wall });
        Ok(effects)
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
