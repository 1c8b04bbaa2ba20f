//! Picking up what a process left behind when it died.

use crate::clock::Clock;

use super::Poster;
use super::change_set::ChangeSetId;
use super::drive::Course;
use super::error::PostError;
use super::journal::{ChangeSet, Record, Writing};
use super::purpose;
use super::report::Recovered;
use super::sap_port::SapPort;
use super::state::{Decision, Phase};
use super::window::{Standing, WINDOW, WINDOW_MIN_AFTER_RESTART, WindowEnd};

impl<S: SapPort, C: Clock> Poster<S, C> {
    /// Picks up every change set that a process left unfinished: asks SAP about what is in doubt,
    /// takes back what was being sent, goes on with what was being taken back, closes windows that are
    /// over, and sends the deletions that waited for one. Call it before anything else is posted.
    ///
    /// # Errors
    ///
    /// [`PostError`]; change sets before the one it names are recovered.
    #[tracing::instrument(name = "post.recover", skip_all)]
    pub async fn recover(&mut self) -> Result<Vec<Recovered>, PostError> {
        let writing = self.journal.begin_writing()?;
        let mut all = self.recover_all(&writing).await?;
        drop(writing);
        all.extend(self.delete_at_confirm(true).await?);
        Ok(all)
    }

    async fn recover_all(&mut self, writing: &Writing) -> Result<Vec<Recovered>, PostError> {
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
            let text = self.recover_one(writing, &id).await?;
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
        let course = Course {
            no_further: Some(DIED.to_owned()),
            requested_by: "recovery".to_owned(),
            ..Course::default()
        };
        let set = self.set(id)?;
        match set.state.phase {
            Phase::Draft | Phase::Prepared => {
                let reason = String::from(purpose::ended_before());
                // Deletions that waited for a window are still to come then.
                let refused = Record::Refused { reason: reason.clone(), deletions_of: None };
                self.append(writing, id, &refused)?;
                Ok(reason)
            }
            Phase::Applying if self.is_old(set) => {
                let died_at = set.last.wall;
                // Whoever decides has to know what is there: nothing stays in doubt.
                self.drive_back(writing, id, &Course { only_asks: true, ..course }).await?;
                let reason = format!(
                    "{DIED}, at {died_at}. Planners may have built on it since. Either take it back \
                     (`carbide undo {id}`) or accept what is there (`carbide journal decide {id} accept --why ...`)"
                );
                self.append(writing, id, &Record::Held { reason: reason.clone() })?;
                Ok(reason)
            }
            Phase::Applying | Phase::RollingBack => {
                self.drive_back(writing, id, &course).await?;
                Ok(self.set(id)?.undo_report().to_string())
            }
            Phase::Open => self.recover_open(writing, id).await,
            _ => Ok(String::new()),
        }
    }

    fn is_old(&self, set: &ChangeSet) -> bool {
        set.last.wall.duration_until(self.desk.clock.now().wall)
            > self.desk.settings.recover_age_max
    }

    async fn recover_open(
        &mut self,
        writing: &Writing,
        id: &ChangeSetId,
    ) -> Result<String, PostError> {
        let now = self.desk.clock.now();
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
                Ok(match self.confirm_if_read(writing, id, "recovery").await? {
                    None => "its window is over".to_owned(),
                    Some(why) => format!(
                        "OPEN_UNVERIFIED: its window is over, and SAP cannot be read: {why}"
                    ),
                })
            }
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
            ..Course::default()
        };
        self.drive_back(&writing, id, &course).await?;
        Ok(self.set(id)?.state.phase)
    }
}
