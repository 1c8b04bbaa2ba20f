//! Posting a change set: prepared, sent, and its window opened.

use jiff::SignedDuration;

use crate::clock::Clock;

use super::Poster;
use super::change_set::{ChangeSetDraft, ChangeSetId};
use super::drive::Course;
use super::error::PostError;
use super::journal::{Record, Writing};
use super::report::{Progress, Receipt};
use super::sap_port::{SapPort, Tier};
use super::state::Phase;
use super::window::{WINDOW, WindowEnd};
use crate::said;

/// How long opening a window may take, before it is given its full length anew.
const OPENING_MAX: SignedDuration = SignedDuration::from_secs(5);

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
        if self.desk.settings.four_eyes {
            let reason = said!(
                "approval.needed",
                "a second person has to approve it: carbide post --request, then carbide approve by \
                 somebody else, then carbide post --approved"
            );
            return Err(PostError::NotApproved { reason });
        }
        let draft = draft.hold_back(&self.desk.settings.delete_at_confirm);
        self.apply_with(draft, None).await
    }

    /// Posts `draft` under the approval of this name.
    pub(super) async fn apply_with(
        &mut self,
        draft: ChangeSetDraft,
        approval: Option<String>,
    ) -> Result<Receipt, PostError> {
        if let Some(problem) = draft.problem(self.desk.settings.orders) {
            return Err(PostError::Invalid { problem });
        }
        let writing = self.journal.begin_writing()?;
        let tier = self.take_lease().await?;
        let applied = self.apply_under(&writing, draft, approval, tier).await;
        self.give_lease_back().await;
        applied
    }

    /// Posts `draft` under the lease, where there is one.
    pub(super) async fn apply_under(
        &mut self,
        writing: &Writing,
        draft: ChangeSetDraft,
        approval: Option<String>,
        tier: Tier,
    ) -> Result<Receipt, PostError> {
        let requested_by = draft.requested_by.clone();
        let id = self.prepare(writing, draft, approval, tier).await?;
        tracing::Span::current().record("change_set", id.as_str());
        let deadline = self.desk.clock.now().plus(self.desk.settings.apply_deadline);
        self.append(writing, &id, &Record::Applying { deadline })?;
        self.desk.failpoints.pass("journal.after_applying")?;
        let course = Course { requested_by, ..Course::default() };
        match self.drive(writing, &id, &course).await {
            // Whoever has the lease now may build on what is there: it goes back under a new lease, or
            // waits for one.
            Err(lost @ PostError::LeaseLost { .. }) => {
                let back = Course { no_further: Some(lost.to_string()), ..course };
                match self.drive_back(writing, &id, &back).await {
                    Err(PostError::LeaseForeign { .. } | PostError::WayBackBlocked { .. }) => {
                        return Err(lost);
                    }
                    other => other?,
                }
            }
            other => other?,
        }
        self.receipt(&id)
    }

    pub(super) fn receipt(&self, id: &ChangeSetId) -> Result<Receipt, PostError> {
        let set = self.set(id)?;
        let reason = set.reason.clone().unwrap_or_default();
        match (&set.window, set.state.phase) {
            (Some(window), Phase::Open) => Ok(Receipt {
                change_set_id: id.clone(),
                purpose: set.summary().purpose,
                items: set.item_reports(),
                opened: set.opened.unwrap_or(window.set),
                ends: window.at.wall,
                at_confirm: set.titles_at_confirm(),
            }),
            (_, Phase::Held) => Err(PostError::Held { id: id.clone(), reason }),
            _ => {
                let report = Box::new(set.undo_report());
                Err(PostError::RolledBack { id: id.clone(), reason, report })
            }
        }
    }

    pub(super) fn open_window(
        &mut self,
        writing: &Writing,
        id: &ChangeSetId,
    ) -> Result<(), PostError> {
        let ends = WindowEnd::after(&self.desk.clock.now(), WINDOW);
        let mut wall = ends.at.wall;
        self.append(writing, id, &Record::Open { ends: ends.clone() })?;
        // The machine may have been suspended while it was written.
        let now = self.desk.clock.now();
        let lost = ends.at.boot_id != now.boot_id
            || ends.at.since_boot - now.since_boot < WINDOW - OPENING_MAX;
        if lost {
            let ends = WindowEnd::after(&now, WINDOW);
            wall = ends.at.wall;
            self.append(writing, id, &Record::Recovered { ends })?;
        }
        self.desk.failpoints.pass("journal.after_open")?;
        self.desk.tell(Progress::Opened { id: id.clone(), ends: wall });
        Ok(())
    }
}
