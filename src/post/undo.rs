//! The way back: in reverse order, and only what is still exactly as we left it.

use jiff::SignedDuration;

use crate::clock::Clock;
use crate::id::{FiDocument, FiDocumentNumber, PlannedOrderNumber};
use crate::order::PlannedOrder;

use super::Poster;
use super::apply::{Course, Way};
use super::change_set::ChangeSetId;
use super::document::{FiPosting, NewDocument, NewPlannedOrder};
use super::error::PostError;
use super::journal::{ChangeSet, Conflict, Record, SapNumber, Writing};
use super::report::{Progress, UndoReport};
use super::rule::Rule;
use super::sap_port::{PortError, PortErrorKind, SapPort};
use super::state::{Decision, Effect, ItemState, Phase, Undoing};
use super::window::Standing;

/// Tries to take one document back before this run gives up; the next run goes on.
const TRIES_MAX: u32 = 6;

/// What became of taking one document back.
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

impl<S: SapPort, C: Clock> Poster<S, C> {
    /// Takes a change set back; the latest one that is not finished if none is named. Asked again
    /// about one that is taken back, it reports the same again.
    ///
    /// # Errors
    ///
    /// [`PostError::WindowOver`] after the window, with what is still possible;
    /// [`PostError::WayBackBlocked`] if SAP does not answer, to be tried again.
    #[tracing::instrument(name = "post.undo", skip_all, fields(change_set))]
    pub async fn undo(
        &mut self,
        id: Option<&ChangeSetId>,
        requested_by: &str,
    ) -> Result<UndoReport, PostError> {
        let writing = self.journal.begin_writing()?;
        let id = match id {
            Some(id) => id.clone(),
            None => self.latest().ok_or(PostError::NothingToUndo)?,
        };
        tracing::Span::current().record("change_set", id.as_str());
        let course = Course {
            no_further: Some("it was to be taken back".to_owned()),
            requested_by: requested_by.to_owned(),
        };
        match self.set(&id)?.state.phase {
            Phase::Open if self.is_over(&id)? => {
                self.confirm(&writing, &id, requested_by).await?;
                if self.set(&id)?.state.phase == Phase::Confirmed {
                    return Err(self.window_over(&id)?);
                }
            }
            Phase::Confirmed => return Err(self.window_over(&id)?),
            Phase::Open => {
                let reason = "somebody asked for it".to_owned();
                self.begin_rollback(&writing, &id, reason, requested_by)?;
            }
            Phase::Held => {
                let decision = Record::OperatorDecision {
                    who: requested_by.to_owned(),
                    why: "carbide undo".to_owned(),
                    decision: Decision::RollBack,
                };
                self.append(&writing, &id, &decision)?;
            }
            Phase::Draft | Phase::Prepared => {
                let reason = "the process ended before anything was sent".to_owned();
                self.append(&writing, &id, &Record::Refused { reason })?;
            }
            Phase::Applying
            | Phase::RollingBack
            | Phase::Refused
            | Phase::RolledBack
            | Phase::RolledBackConflicts => {}
        }
        self.drive(&writing, &id, &course).await?;
        Ok(self.set(&id)?.undo_report())
    }

    /// The change set that a person means who names none: the latest that is not finished, else
    /// the latest that was posted.
    fn latest(&self) -> Option<ChangeSetId> {
        let sets = self.journal.change_sets();
        let unfinished = sets.iter().rev().find(|set| !set.state.phase.is_final());
        let posted = || sets.iter().rev().find(|set| set.state.phase != Phase::Refused);
        unfinished.or_else(posted).map(|set| set.id.clone())
    }

    pub(super) fn is_over(&self, id: &ChangeSetId) -> Result<bool, PostError> {
        let window = self.set(id)?.window.as_ref();
        Ok(window.is_some_and(|window| window.standing(&self.clock.now()) == Standing::Over))
    }

    fn window_over(&self, id: &ChangeSetId) -> Result<PostError, PostError> {
        let set = self.set(id)?;
        let ended = set.window.as_ref().map_or(set.last.wall, |window| window.at.wall);
        Ok(PostError::WindowOver { id: id.clone(), ended, remains: what_remains(set) })
    }

    /// Records that taking back begins.
    pub(super) fn begin_rollback(
        &mut self,
        writing: &Writing,
        id: &ChangeSetId,
        reason: String,
        requested_by: &str,
    ) -> Result<Vec<Effect>, PostError> {
        tracing::info!(change_set = %id, %reason, "taking back");
        let record =
            Record::RollingBack { reason: reason.clone(), requested_by: requested_by.to_owned() };
        let effects = self.append(writing, id, &record)?;
        self.failpoints.pass("undo.after_rolling_back")?;
        self.tell(Progress::RollingBack { id: id.clone(), reason });
        Ok(effects)
    }

    /// Records that nothing of ours is left to take back.
    pub(super) fn close(
        &mut self,
        writing: &Writing,
        id: &ChangeSetId,
        phase: Phase,
    ) -> Result<Vec<Effect>, PostError> {
        let record = match phase {
            Phase::RolledBack => Record::RolledBack,
            Phase::RolledBackConflicts => Record::RolledBackConflicts,
            _ => Record::Held {
                reason: "some documents could not be taken back; see each of them".to_owned(),
            },
        };
        let effects = self.append(writing, id, &record)?;
        self.tell(Progress::Closed { id: id.clone(), phase });
        Ok(effects)
    }

    /// Takes one document back. Its intent is durable.
    pub(super) async fn compensate(
        &mut self,
        writing: &Writing,
        id: &ChangeSetId,
        item: usize,
    ) -> Result<Vec<Effect>, PostError> {
        // A first attempt knows that nothing was sent before; a later one does not.
        let mut first = self.set(id)?.state.items[item] == ItemState::CompIntent(1);
        let mut pause = SignedDuration::from_secs(1);
        let mut tries = 0;
        let undone = loop {
            tries += 1;
            match self.take_back(id, item, first).await? {
                Ok(undone) => break undone,
                Err(error) if tries >= TRIES_MAX => {
                    let left = self.set(id)?.still_there();
                    let reason = error.to_string();
                    return Err(PostError::WayBackBlocked { id: id.clone(), reason, left });
                }
                Err(error) => {
                    tracing::info!(change_set = %id, item = item + 1, %error, "trying again");
                    // Only what had no effect for certain leaves everything as it was.
                    first &= error.kind == PortErrorKind::Busy;
                    self.clock.sleep(pause).await;
                    pause = (pause * 2).min(SignedDuration::from_secs(60));
                }
            }
        };
        let record = Record::CompOutcome {
            item,
            undoing: undone.undoing,
            reversal: undone.reversal,
            recreated: undone.recreated,
            conflict: undone.conflict,
            message: undone.message,
        };
        let effects = self.append(writing, id, &record)?;
        self.failpoints.pass("undo.after_outcome")?;
        let state = self.set(id)?.state.items[item];
        self.tell(Progress::TakenBack { item: item + 1, state });
        Ok(effects)
    }

    /// One try. The inner error is one after which it is safe and useful to try again: a delete
    /// names the version it is for, and SAP reverses a document only once.
    async fn take_back(
        &mut self,
        id: &ChangeSetId,
        item: usize,
        first: bool,
    ) -> Result<Result<Undone, PortError>, PostError> {
        let known = &self.set(id)?.items[item];
        match (self.document(id, item)?, known.number.clone(), known.after.clone()) {
            (
                NewDocument::PlannedOrder(ours),
                Some(SapNumber::PlannedOrder(number)),
                Some(after),
            ) => self.delete_order(id, item, &ours, &number, &after, first).await,
            (NewDocument::PlannedOrderChange(change), Some(_), Some(after)) => {
                self.change_back(id, item, &change, &after, first).await
            }
            (NewDocument::PlannedOrderDeletion(deletion), Some(_), None) => {
                self.create_again(id, item, &deletion, first).await
            }
            (NewDocument::FiDocument(posting), Some(SapNumber::FiDocument(document)), _) => {
                self.reverse_posting(id, item, &posting, &document, first).await
            }
            _ => Ok(Ok(Undone::held("the journal has no number for it".to_owned()))),
        }
    }

    async fn delete_order(
        &mut self,
        id: &ChangeSetId,
        item: usize,
        ours: &NewPlannedOrder,
        number: &PlannedOrderNumber,
        after: &PlannedOrder,
        first: bool,
    ) -> Result<Result<Undone, PortError>, PostError> {
        let now = match self.sap.read_planned_order(number).await {
            Ok(Some(now)) => now,
            Ok(None) if first => return Ok(Ok(gone_without_us(number))),
            Ok(None) => return Ok(Ok(gone_without_answer(number))),
            Err(error) => return Ok(Err(error)),
        };
        let as_left = now.etag == after.etag && ours.differences(&now).eq(&ours.differences(after));
        if Rule::OnlyAsLeft.holds() && !as_left {
            return Ok(Ok(changed_by_others(ours, &now)));
        }
        let request = self.request(id, item, Way::Back)?;
        let etag = now.etag.unwrap_or_default();
        let deleted = self.sap.delete_planned_order(number, &etag, &request).await;
        self.failpoints.pass("undo.after_send")?;
        match deleted {
            Err(error) if error.kind == PortErrorKind::Refused => {
                // An earlier request of ours may still be on its way.
                let gone = !first && self.settles(number, |now| now.is_none()).await;
                let held = Undone::held(error.to_string());
                return Ok(Ok(if gone { gone_without_answer(number) } else { held }));
            }
            // Another version, or no order: the next try reads what is there and says so.
            Err(error) if error.kind == PortErrorKind::NotFound && first => {
                tracing::warn!(%number, %error, "gone between reading and deleting");
                return Ok(Ok(gone_without_us(number)));
            }
            Err(error) if error.kind != PortErrorKind::Unknown => return Ok(Err(error)),
            Ok(()) | Err(_) => {}
        }
        match self.sap.read_planned_order(number).await {
            Ok(None) => Ok(Ok(Undone::gone())),
            Ok(Some(_)) => Ok(Err(PortError::new(
                PortErrorKind::Unknown,
                format!("planned order {} is still there after it was deleted", number.padded()),
            ))),
            Err(error) => Ok(Err(error)),
        }
    }

    /// Whether SAP shows within the settle time what an earlier request of ours was to do.
    pub(super) async fn settles(
        &self,
        number: &PlannedOrderNumber,
        done: impl Fn(Option<&PlannedOrder>) -> bool,
    ) -> bool {
        let from = self.clock.now().since_boot;
        let mut pause = SignedDuration::from_secs(1);
        loop {
            let left = self.settings.settle - (self.clock.now().since_boot - from);
            match self.sap.read_planned_order(number).await {
                Ok(now) if done(now.as_ref()) => return true,
                _ if !left.is_positive() => return false,
                _ => self.clock.sleep(pause.min(left)).await,
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
        let settle = if Rule::Settle.holds() { self.settings.settle } else { SignedDuration::ZERO };
        let from = self.clock.now().since_boot;
        let mut pause = SignedDuration::from_secs(1);
        loop {
            let left = settle - (self.clock.now().since_boot - from);
            let found = self.sap.find_documents(posting, &[reversal_key]).await;
            match found.map(|mut found| found.pop().flatten()) {
                Ok(Some(there)) => return Ok(Some(there.document.number)),
                Ok(None) if !left.is_positive() => return Ok(None),
                Err(error) if !left.is_positive() => return Err(error),
                _ => {}
            }
            self.clock.sleep(pause.min(left)).await;
            pause = (pause * 2).min(SignedDuration::from_secs(30));
        }
    }

    async fn reverse_posting(
        &mut self,
        id: &ChangeSetId,
        item: usize,
        posting: &FiPosting,
        document: &FiDocument,
        first: bool,
    ) -> Result<Result<Undone, PortError>, PostError> {
        let original = self.document_key(id, item, posting)?;
        let key = self.set(id)?.keys.get(item).map(|key| key.derived("reversal"));
        let key = key.ok_or_else(|| PostError::Unknown { id: id.clone() })?;
        let reversal_key = key.object_key(&self.journal.tag());
        let both = [original.object_key.as_str(), reversal_key.as_str()];

        let found = match self.sap.find_documents(posting, &both).await {
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
            (Some(_), None) if !first => {
                // The commit of an earlier reversal may still run in SAP.
                match self.reversal_arrives(posting, &reversal_key).await {
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
        let sent = self.sap.reverse_document(posting, document, &original, &reversal_key).await;
        self.failpoints.pass("undo.after_send")?;
        match self.sap.find_documents(posting, &both[1..]).await {
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

/// We asked SAP to delete it, and it is gone.
fn gone_without_answer(number: &PlannedOrderNumber) -> Undone {
    let number = number.padded();
    let said = format!("planned order {number} is gone; the answer to its deletion was lost");
    Undone { message: Some(said), ..Undone::gone() }
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

fn changed_by_others(ours: &NewPlannedOrder, now: &PlannedOrder) -> Undone {
    Undone::conflict(Conflict {
        what: format!("planned order {} was changed by somebody else", now.number.padded()),
        when: now.last_change,
        fields: ours.differences(now),
    })
}

/// What a person can still do after the window.
fn what_remains(set: &ChangeSet) -> String {
    let numbers: Vec<String> =
        set.items.iter().filter_map(|item| item.number.as_ref().map(ToString::to_string)).collect();
    let numbers = numbers.join(", ");
    let is_fi = set
        .draft
        .as_ref()
        .is_some_and(|draft| matches!(draft.documents.first(), Some(NewDocument::FiDocument(_))));
    if is_fi {
        format!(
            "Finance can still reverse {numbers} (transaction FB08); a corrected run posts the \
             difference"
        )
    } else {
        format!(
            "The planned orders can still be changed or deleted in SAP (transaction MD12), or \
             replaced by a new plan: {numbers}"
        )
    }
}
