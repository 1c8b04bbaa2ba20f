//! Closing windows, and picking up what a process left behind when it died.

use crate::clock::Clock;

use super::Poster;
use super::apply::Course;
use super::change_set::ChangeSetId;
use super::document::NewDocument;
use super::error::PostError;
use super::journal::{ChangeSet, Record, SapNumber, Writing};
use super::report::{Progress, Recovered};
use super::sap_port::SapPort;
use super::state::{Decision, Effect, Phase};
use super::window::{Standing, WINDOW, WINDOW_MIN_AFTER_RESTART, WindowEnd};

impl<S: SapPort, C: Clock> Poster<S, C> {
    /// Picks up every change set that a process left unfinished: asks SAP about what is in doubt,
    /// takes back what was being sent, goes on with what was being taken back, and closes windows
    /// that are over. Call it before anything else is posted.
    ///
    /// # Errors
    ///
    /// [`PostError`]; change sets before the one it names are recovered.
    #[tracing::instrument(name = "post.recover", skip_all)]
    pub async fn recover(&mut self) -> Result<Vec<Recovered>, PostError> {
        let writing = self.journal.begin_writing()?;
        let unfinished: Vec<ChangeSetId> = self
            .journal
            .change_sets()
            .iter()
            .filter(|set| !set.state.phase.is_final() && set.state.phase != Phase::Held)
            .map(|set| set.id.clone())
            .collect();
        let mut all = Vec::new();
        for id in unfinished {
            let found = self.set(&id)?.state.phase;
            let text = self.recover_one(&writing, &id).await?;
            let now = self.set(&id)?.state.phase;
            tracing::info!(change_set = %id, %found, %now, "recovered");
            all.push(Recovered { change_set_id: id, found, now, text });
        }
        Ok(all)
    }

    async fn recover_one(
        &mut self,
        writing: &Writing,
        id: &ChangeSetId,
    ) -> Result<String, PostError> {
        const DIED: &str = "the process ended while it was being sent";
        let course =
            Course { no_further: Some(DIED.to_owned()), requested_by: "recovery".to_owned() };
        let set = self.set(id)?;
        match set.state.phase {
            Phase::Draft | Phase::Prepared => {
                let reason = "the process ended before anything was sent".to_owned();
                self.append(writing, id, &Record::Refused { reason: reason.clone() })?;
                Ok(reason)
            }
            Phase::Applying if self.is_old(set) => {
                let died_at = set.last.wall;
                // Whoever decides has to know what is there: nothing stays in doubt.
                while let Some(Effect::Resolve(item)) = self.set(id)?.state.due().first().copied() {
                    self.resolve(writing, id, item, &course, None).await?;
                }
                let reason = format!(
                    "{DIED}, at {died_at}. Planners may have built on it since. Either take it back \
                     (`carbide undo {id}`) or accept what is there (`carbide journal decide {id} accept --why ...`)"
                );
                self.append(writing, id, &Record::Held { reason: reason.clone() })?;
                Ok(reason)
            }
            Phase::Applying | Phase::RollingBack => {
                self.drive(writing, id, &course).await?;
                Ok(self.set(id)?.undo_report().to_string())
            }
            Phase::Open => self.recover_open(writing, id).await,
            _ => Ok(String::new()),
        }
    }

    fn is_old(&self, set: &ChangeSet) -> bool {
        set.last.wall.duration_until(self.clock.now().wall) > self.settings.recover_age_max
    }

    async fn recover_open(
        &mut self,
        writing: &Writing,
        id: &ChangeSetId,
    ) -> Result<String, PostError> {
        let now = self.clock.now();
        let standing = self.set(id)?.window.as_ref().map(|window| window.standing(&now));
        match standing {
            Some(Standing::InTime(left)) if left >= WINDOW_MIN_AFTER_RESTART => {
                Ok("its window is still open".to_owned())
            }
            Some(Standing::InTime(_)) => {
                let ends = WindowEnd::after(&now, WINDOW_MIN_AFTER_RESTART);
                let text = format!("its window was nearly over and is open until {}", ends.at.wall);
                self.append(writing, id, &Record::Recovered { ends })?;
                Ok(text)
            }
            Some(Standing::ClockSuspect) => {
                let ends = WindowEnd::after(&now, WINDOW);
                let text = format!(
                    "CLOCK_SUSPECT: the clock cannot be believed; its window is open until {}",
                    ends.at.wall
                );
                self.append(writing, id, &Record::ClockSuspect { ends })?;
                Ok(text)
            }
            Some(Standing::Over) | None => {
                self.confirm(writing, id, "recovery").await?;
                Ok("its window is over".to_owned())
            }
        }
    }

    /// Confirms every change set whose window is over. Those that were confirmed.
    ///
    /// # Errors
    ///
    /// [`PostError::InDoubt`] if SAP cannot be read: nothing is confirmed unseen.
    pub async fn confirm_due(&mut self) -> Result<Vec<ChangeSetId>, PostError> {
        let writing = self.journal.begin_writing()?;
        let open: Vec<ChangeSetId> = self
            .journal
            .change_sets()
            .iter()
            .filter(|set| set.state.phase == Phase::Open)
            .map(|set| set.id.clone())
            .collect();
        let mut confirmed = Vec::new();
        for id in open {
            if self.is_over(&id)? {
                self.confirm(&writing, &id, "window").await?;
                confirmed.push(id);
            }
        }
        Ok(confirmed)
    }

    /// Waits until the window of `id` is over, or somebody takes it back from another process, and
    /// confirms it. How it ended. The journal is free for others meanwhile.
    ///
    /// # Errors
    ///
    /// As [`confirm_due`](Self::confirm_due).
    pub async fn wait_for_window(&mut self, id: &ChangeSetId) -> Result<Phase, PostError> {
        loop {
            self.journal.read_on()?;
            let set = self.set(id)?;
            if set.state.phase != Phase::Open {
                return Ok(set.state.phase);
            }
            let now = self.clock.now();
            match set.window.as_ref().map(|window| window.standing(&now)) {
                Some(Standing::InTime(left)) => {
                    let second = jiff::SignedDuration::from_secs(1);
                    self.clock.sleep(left.min(second)).await;
                }
                _ => {
                    self.confirm_due().await?;
                }
            }
        }
    }

    /// Reads every document once more and records that the window is closed. What others have
    /// changed is reported and is no error: the window is over for our writes, not for theirs.
    pub(super) async fn confirm(
        &mut self,
        writing: &Writing,
        id: &ChangeSetId,
        asked_by: &str,
    ) -> Result<(), PostError> {
        let mut touched = Vec::new();
        for item in 0..self.set(id)?.items.len() {
            if let Some(what) = self.seen_again(id, item).await? {
                touched.push((item, what));
            }
        }
        self.append(writing, id, &Record::Confirmed { touched })?;
        tracing::info!(change_set = %id, asked_by, "window closed");
        self.tell(Progress::Closed { id: id.clone(), phase: Phase::Confirmed });
        Ok(())
    }

    /// What others did to the document since it was posted, if anything.
    pub(super) async fn seen_again(
        &self,
        id: &ChangeSetId,
        item: usize,
    ) -> Result<Option<String>, PostError> {
        let known = &self.set(id)?.items[item];
        let unread = |error: super::PortError| PostError::InDoubt {
            id: id.clone(),
            item: item + 1,
            reason: error.to_string(),
        };
        match (self.document(id, item)?, &known.number) {
            (NewDocument::PlannedOrder(ours), Some(SapNumber::PlannedOrder(number))) => {
                let now = self.sap.read_planned_order(number).await.map_err(unread)?;
                Ok(match now {
                    None => Some("converted or deleted".to_owned()),
                    Some(now) => {
                        let all = ours.differences(&now);
                        let texts: Vec<String> = all.iter().map(ToString::to_string).collect();
                        (!texts.is_empty()).then(|| texts.join("; "))
                    }
                })
            }
            (NewDocument::PlannedOrderChange(change), Some(_)) => {
                self.changed_since(&change).await.map_err(unread)
            }
            (NewDocument::PlannedOrderDeletion(deletion), Some(_)) => {
                let now = self.sap.read_planned_order(&deletion.before.number).await;
                Ok(now.map_err(unread)?.map(|_| "it is there again".to_owned()))
            }
            (NewDocument::FiDocument(posting), Some(_)) => {
                let key = self.document_key(id, item, &posting)?;
                let found = self.sap.find_documents(&posting, &[&key.object_key]).await;
                Ok(match found.map_err(unread)?.pop().flatten() {
                    None => Some("no longer found under its key".to_owned()),
                    Some(there) => {
                        there.reversed_by.map(|by| format!("reversed by {}", by.padded()))
                    }
                })
            }
            _ => Ok(None),
        }
    }

    /// Records what a person decided about a change set on hold, and does it.
    ///
    /// # Errors
    ///
    /// [`PostError`] if it is not on hold, or taking it back does not go through.
    pub async fn decide(
        &mut self,
        id: &ChangeSetId,
        decision: Decision,
        who: &str,
        why: &str,
    ) -> Result<Phase, PostError> {
        let writing = self.journal.begin_writing()?;
        let record =
            Record::OperatorDecision { who: who.to_owned(), why: why.to_owned(), decision };
        self.append(&writing, id, &record)?;
        let course = Course {
            no_further: Some("somebody decided so".to_owned()),
            requested_by: who.to_owned(),
        };
        self.drive(&writing, id, &course).await?;
        Ok(self.set(id)?.state.phase)
    }
}
