//! Watching windows: what was posted is read again half-way and at the end, and a window is closed only
//! once every document of it was read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use jiff::SignedDuration;

use crate::clock::Clock;

use super::Poster;
use super::change_set::ChangeSetId;
use super::error::PostError;
use super::journal::{JournalError, Record, Writing};
use super::report::Progress;
use super::sap_port::SapPort;
use super::state::Phase;
use super::window::{Standing, WINDOW};

/// How long whoever waits goes on asking a SAP that cannot be read at the end of a window.
const PATIENCE: SignedDuration = SignedDuration::from_mins(15);

/// First and longest pause between two tries to read SAP at the end of a window.
const PAUSE_MIN: SignedDuration = SignedDuration::from_secs(1);
const PAUSE_MAX: SignedDuration = SignedDuration::from_secs(60);

/// What is known of windows and stands in no journal: the next process looks anew.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// Change sets that were read again half-way.
    half_way: BTreeSet<ChangeSetId>,
    /// Change sets whose window is over and which SAP did not let us read since.
    pub unverified: BTreeMap<ChangeSetId, Unverified>,
    /// Change sets whose deletions could not be sent, and until when they are left alone, on the clock
    /// since the machine was booted.
    pub deletions: BTreeMap<ChangeSetId, SignedDuration>,
}

/// A window that is over while SAP cannot be read.
#[derive(Clone, Debug)]
pub(super) struct Unverified {
    /// The document that could not be read, from 1.
    pub item: usize,
    /// What SAP said.
    pub reason: String,
    /// When it was so first, on the clock since the machine was booted.
    since: SignedDuration,
    /// When SAP is asked again, on the same clock, and the pause before.
    next: SignedDuration,
    pause: SignedDuration,
}

impl Watch {
    /// Notes at `now` that SAP could not be read; whether that is new.
    fn is_unread(
        &mut self,
        id: &ChangeSetId,
        item: usize,
        reason: String,
        now: SignedDuration,
    ) -> bool {
        let before = self.unverified.get(id);
        let (since, pause) = before
            .map_or((now, PAUSE_MIN), |before| (before.since, (before.pause * 2).min(PAUSE_MAX)));
        let news = Unverified { item, reason, since, next: now + pause, pause };
        self.unverified.insert(id.clone(), news).is_none()
    }
}

impl<S: SapPort, C: Clock> Poster<S, C> {
    /// Confirms every change set whose window is over, and reads once more what is in the second half of
    /// its window, and sends the deletions that waited for a window that is closed. Those that were
    /// confirmed. One that SAP does not let us read stays open
    /// (`OPEN_UNVERIFIED` in [`list`](Self::list)): nothing is confirmed unseen. A later call tries again,
    /// after a pause that grows from a second to a minute.
    ///
    /// # Errors
    ///
    /// [`PostError::Journal`] if the journal cannot be used.
    pub async fn confirm_due(&mut self) -> Result<Vec<ChangeSetId>, PostError> {
        self.journal.read_on()?;
        for id in self.open_sets() {
            self.look_half_way(&id).await?;
        }
        let writing = self.journal.begin_writing()?;
        let mut confirmed = Vec::new();
        for id in self.open_sets() {
            if !self.is_over(&id)? || self.left_of_pause(&id).is_some() {
                continue;
            }
            if self.confirm_if_read(&writing, &id, "window").await?.is_none() {
                confirmed.push(id);
            }
        }
        drop(writing);
        self.delete_at_confirm(false).await?;
        Ok(confirmed)
    }

    fn open_sets(&self) -> Vec<ChangeSetId> {
        let sets = self.journal.change_sets().iter();
        sets.filter(|set| set.state.phase == Phase::Open).map(|set| set.id.clone()).collect()
    }

    /// Waits until the window of `id` is over, or somebody takes it back from another process, and
    /// confirms it. How it ended. The journal is free for others meanwhile. While SAP cannot be read at
    /// the end, it is asked again after pauses of up to a minute, for a quarter of an hour.
    ///
    /// Once [`stop_flag`](Self::stop_flag) is set it returns at once with [`Phase::Open`]: the window
    /// goes on, and whoever opens the journal next closes it.
    ///
    /// # Errors
    ///
    /// [`PostError::InDoubt`] if SAP could not be read for that long: the window stays open.
    /// [`PostError::Journal`] if the journal cannot be used.
    pub async fn wait_for_window(&mut self, id: &ChangeSetId) -> Result<Phase, PostError> {
        let second = SignedDuration::from_secs(1);
        loop {
            self.journal.read_on()?;
            let phase = self.set(id)?.state.phase;
            if phase != Phase::Open || self.desk.stop.load(Ordering::SeqCst) {
                return Ok(phase);
            }
            if let Some(left) = self.left_of_window(id)? {
                self.look_half_way(id).await?;
                self.desk.clock.sleep(left.min(second)).await;
                continue;
            }
            match self.confirm_due().await {
                // Somebody is taking it back, perhaps.
                Err(PostError::Journal(JournalError::InUse { .. })) => {}
                other => drop(other?),
            }
            if self.set(id)?.state.phase != Phase::Open {
                continue;
            }
            if let Some(Unverified { item, reason, since, .. }) = self.watch.unverified.get(id)
                && self.desk.clock.now().since_boot - *since >= PATIENCE
            {
                let (id, item, reason) = (id.clone(), *item, reason.clone());
                return Err(PostError::InDoubt { id, item, reason });
            }
            self.nap(self.left_of_pause(id).unwrap_or(second)).await;
        }
    }

    /// Sleeps, but not past a Ctrl-C.
    async fn nap(&self, mut pause: SignedDuration) {
        while pause.is_positive() && !self.desk.stop.load(Ordering::SeqCst) {
            let step = pause.min(SignedDuration::from_secs(1));
            self.desk.clock.sleep(step).await;
            pause -= step;
        }
    }

    /// How long SAP is left alone before it is asked about `id` again.
    fn left_of_pause(&self, id: &ChangeSetId) -> Option<SignedDuration> {
        let left = self.watch.unverified.get(id)?.next - self.desk.clock.now().since_boot;
        left.is_positive().then_some(left)
    }

    /// What is left of the window of `id`; `None` once it is over, or nobody can say.
    fn left_of_window(&self, id: &ChangeSetId) -> Result<Option<SignedDuration>, PostError> {
        let now = self.desk.clock.now();
        let standing = self.set(id)?.window.as_ref().map(|window| window.standing(&now));
        Ok(match standing {
            Some(Standing::InTime(left)) => Some(left),
            _ => None,
        })
    }

    /// Reads every document once more, once in the second half of the window, so that people hear of
    /// what others did while all of it can still be taken back. A SAP that does not answer is asked at
    /// the end again.
    async fn look_half_way(&mut self, id: &ChangeSetId) -> Result<(), PostError> {
        let half_way = self.left_of_window(id)?.is_some_and(|left| left <= WINDOW / 2);
        if !half_way || !self.watch.half_way.insert(id.clone()) {
            return Ok(());
        }
        match self.seen_by_others(id).await {
            Ok(touched) => {
                for (item, what) in touched {
                    let item = item + 1;
                    tracing::warn!(change_set = %id, item, %what, "changed by others in its window");
                    self.desk.tell(Progress::Touched { id: id.clone(), item, what });
                }
                Ok(())
            }
            Err(PostError::InDoubt { reason, .. }) => {
                tracing::warn!(change_set = %id, %reason, "SAP cannot be read half-way of its window");
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Confirms `id`, or says why SAP could not be read and leaves it open.
    pub(super) async fn confirm_if_read(
        &mut self,
        writing: &Writing,
        id: &ChangeSetId,
        asked_by: &str,
    ) -> Result<Option<String>, PostError> {
        let (item, reason) = match self.confirm(writing, id, asked_by).await {
            Err(PostError::InDoubt { item, reason, .. }) => (item, reason),
            other => return other.map(|()| None),
        };
        let now = self.desk.clock.now().since_boot;
        if self.watch.is_unread(id, item, reason.clone(), now) {
            tracing::error!(
                change_set = %id, %reason,
                "OPEN_UNVERIFIED: its window is over and SAP cannot be read; it is not confirmed until it \
                 was. Look whether SAP is up"
            );
        }
        self.desk.tell(Progress::Unverified { id: id.clone(), reason: reason.clone() });
        Ok(Some(reason))
    }

    /// Reads every document once more and records that the window is closed. What others have
    /// changed is reported and is no error: the window is over for our writes, not for theirs. A
    /// difference counts as theirs even under our version, which SAP may tell by the second.
    pub(super) async fn confirm(
        &mut self,
        writing: &Writing,
        id: &ChangeSetId,
        asked_by: &str,
    ) -> Result<(), PostError> {
        let touched = self.seen_by_others(id).await?;
        self.append(writing, id, &Record::Confirmed { touched })?;
        self.watch.unverified.remove(id);
        tracing::info!(change_set = %id, asked_by, "window closed");
        self.desk.tell(Progress::Closed { id: id.clone(), phase: Phase::Confirmed });
        Ok(())
    }

    /// Reads every document once more, several at a time. What others did to each that they touched.
    pub(super) async fn seen_by_others(
        &self,
        id: &ChangeSetId,
    ) -> Result<Vec<(usize, String)>, PostError> {
        let limits = Arc::default();
        let errands = (0..self.set(id)?.items.len()).map(|item| self.errand(id, item, &limits));
        let errands: Vec<_> = errands.collect::<Result<_, _>>()?;
        let looks = errands.into_iter().map(|errand| async move {
            let seen = errand.seen_again().await?;
            Ok::<_, PostError>(seen.map(|what| (errand.item, what)))
        });
        let seen = stream::iter(looks).buffered(self.desk.settings.sessions);
        let seen: Vec<Option<_>> = seen.try_collect().await?;
        Ok(seen.into_iter().flatten().collect())
    }
}
