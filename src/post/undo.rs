//! The way back: in reverse order, and only what is still exactly as we left it.

use crate::clock::Clock;

use super::Poster;
use super::change_set::ChangeSetId;
use super::document::NewDocument;
use super::drive::Course;
use super::error::PostError;
use super::journal::{ChangeSet, Record, Writing};
use super::purpose;
use super::report::{Progress, UndoReport};
use super::sap_port::SapPort;
use super::state::{Decision, Phase};
use super::window::Standing;

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
            ..Course::default()
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
                let reason = purpose::asked_for().into();
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
                let reason = purpose::ended_before().into();
                let draft = self.set(&id)?.draft.as_ref();
                let deletions_of = draft.and_then(|draft| draft.waited_for()).cloned();
                self.append(&writing, &id, &Record::Refused { reason, deletions_of })?;
            }
            Phase::Applying
            | Phase::RollingBack
            | Phase::Refused
            | Phase::RolledBack
            | Phase::RolledBackConflicts => {}
        }
        self.drive_back(&writing, &id, &course).await?;
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
        Ok(window.is_some_and(|window| window.standing(&self.desk.clock.now()) == Standing::Over))
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
    ) -> Result<(), PostError> {
        tracing::info!(change_set = %id, %reason, "taking back");
        let record =
            Record::RollingBack { reason: reason.clone(), requested_by: requested_by.to_owned() };
        self.append(writing, id, &record)?;
        self.desk.failpoints.pass("undo.after_rolling_back")?;
        self.desk.tell(Progress::RollingBack { id: id.clone(), reason });
        Ok(())
    }

    /// Records that nothing of ours is left to take back.
    pub(super) fn close(
        &mut self,
        writing: &Writing,
        id: &ChangeSetId,
        phase: Phase,
    ) -> Result<(), PostError> {
        let record = match phase {
            Phase::RolledBack => Record::RolledBack,
            Phase::RolledBackConflicts => Record::RolledBackConflicts,
            _ => Record::Held { reason: purpose::some_stay().into() },
        };
        self.append(writing, id, &record)?;
        self.desk.tell(Progress::Closed { id: id.clone(), phase });
        Ok(())
    }
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
