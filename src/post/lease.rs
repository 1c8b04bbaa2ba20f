//! Who may write to this client of SAP: whoever has the companion's lease. It is taken before anything
//! is sent and given back afterwards. Without the companion there is none, and the lock beside the
//! journal is all that keeps a second writer off.

use jiff::SignedDuration;
use sha2::{Digest, Sha256};

use crate::clock::{Clock, Moment};

use super::Poster;
use super::change_set::ChangeSetId;
use super::desk::Desk;
use super::drive::Course;
use super::error::PostError;
use super::journal::Writing;
use super::reference_key::hex;
use super::sap_port::{LeaseStanding, PortError, PortErrorKind, SapPort, Tier};

/// Tries to learn from SAP whether the companion is there, and pauses between them.
const TRIES_MAX: u32 = 3;
const PAUSE: SignedDuration = SignedDuration::from_secs(2);

/// Longest name of a holder that the companion takes.
const HOLDER_MAX: usize = 40;

/// A lease that we have.
#[derive(Clone, Debug)]
pub(super) struct Held {
    holder: String,
    fence: u64,
    /// From when on it is renewed before anything is sent.
    renew: Moment,
    /// Until when it is certain to be ours, by the clock since boot.
    until: Moment,
}

impl Held {
    /// `asked` is when SAP was asked for it: it lasts at least as long from then on.
    fn new(holder: &str, fence: u64, seconds: u32, asked: &Moment) -> Self {
        let length = SignedDuration::from_secs(seconds.into());
        let (renew, until) = (asked.plus(length / 4), asked.plus(length));
        Self { holder: holder.to_owned(), fence, renew, until }
    }
}

fn is_past(limit: &Moment, now: &Moment) -> bool {
    limit.boot_id != now.boot_id || now.since_boot >= limit.since_boot
}

impl<S: SapPort, C: Clock> Desk<S, C> {
    /// The fence to write under; `None` where there is no lease. Renewed if it is getting old.
    ///
    /// # Errors
    ///
    /// [`PortErrorKind::Fenced`] if somebody else has had the lease since, or nobody can say.
    pub async fn fence(&self) -> Result<Option<u64>, PortError> {
        let mut lease = self.lease.lock().await;
        let Some(held) = lease.as_mut() else { return Ok(None) };
        let asked = self.clock.now();
        if !is_past(&held.renew, &asked) {
            return Ok(Some(held.fence));
        }
        let lost = |text: String| Err(PortError::new(PortErrorKind::Fenced, text));
        match self.sap.acquire_lease(&held.holder).await {
            // One more is ours again after it lapsed; between the two nobody else had it.
            Ok(LeaseStanding::Ours { fence, seconds }) if fence <= held.fence + 1 => {
                *held = Held::new(&held.holder, fence, seconds, &asked);
                Ok(Some(fence))
            }
            Ok(LeaseStanding::Ours { .. }) => {
                lost("others had the lease after it had run out".to_owned())
            }
            Ok(LeaseStanding::Others { holder, .. }) => lost(format!("{holder} has the lease now")),
            Err(_) if !is_past(&held.until, &asked) => Ok(Some(held.fence)),
            Err(error) => lost(format!("the lease ran out and cannot be renewed: {error}")),
        }
    }

    /// The fence that we have now, without asking SAP.
    pub async fn fence_now(&self) -> Option<u64> {
        self.lease.lock().await.as_ref().map(|held| held.fence)
    }
}

impl<S: SapPort, C: Clock> Poster<S, C> {
    /// Becomes the one who may write, where SAP can keep others off. What keeps a posting from being
    /// done twice there.
    ///
    /// # Errors
    ///
    /// [`PostError::LeaseForeign`] if somebody else may write; [`PostError::Behind`] if this is an older
    /// copy of the journal; [`PostError::NoTier`] if SAP does not say.
    pub(super) async fn take_lease(&self) -> Result<Tier, PostError> {
        let tier = self.take_lease_unmarked().await?;
        if tier == Tier::Companion
            && let Err(error) = self.refuse_older_copy().await
        {
            self.give_lease_back().await;
            return Err(error);
        }
        Ok(tier)
    }

    /// As [`take_lease`](Self::take_lease), whether or not this is the newest copy of the journal.
    pub(super) async fn take_lease_unmarked(&self) -> Result<Tier, PostError> {
        if !self.asked_patiently(|| self.desk.sap.companion()).await? {
            *self.desk.lease.lock().await = None;
            return Ok(Tier::Reference);
        }
        let holder = self.holder();
        let asked = self.desk.clock.now();
        match self.asked_patiently(|| self.desk.sap.acquire_lease(&holder)).await? {
            LeaseStanding::Ours { fence, seconds } => {
                let held = Held::new(&holder, fence, seconds, &asked);
                *self.desk.lease.lock().await = Some(held);
                tracing::info!(holder, fence, "the lease is ours");
                Ok(Tier::Companion)
            }
            LeaseStanding::Others { holder, until } => {
                *self.desk.lease.lock().await = None;
                let until = until.map_or_else(|| "an unknown time".to_owned(), |at| at.to_string());
                Err(PostError::LeaseForeign { holder, until })
            }
        }
    }

    /// Lets others write again. If SAP does not hear it, the lease runs out by itself.
    pub(super) async fn give_lease_back(&self) {
        let Some(held) = self.desk.lease.lock().await.take() else { return };
        if let Err(error) = self.desk.sap.release_lease(&held.holder).await {
            tracing::warn!(%error, "the lease was not given back; it runs out by itself");
        }
    }

    /// Does what is due for a change set that goes back, under the lease.
    pub(super) async fn drive_back(
        &mut self,
        writing: &Writing,
        id: &ChangeSetId,
        course: &Course,
    ) -> Result<(), PostError> {
        if self.set(id)?.state.due().is_empty() {
            return Ok(());
        }
        match self.take_lease().await {
            Ok(_) => {}
            Err(PostError::NoTier { reason }) => {
                let left = self.set(id)?.still_there();
                return Err(PostError::WayBackBlocked { id: id.clone(), reason, left });
            }
            Err(error) => return Err(error),
        }
        let driven = self.drive(writing, id, course).await;
        self.give_lease_back().await;
        driven
    }

    /// Who has the lease, for people and for SAP: this machine, the journal's tag, and what tells two
    /// copies of one journal apart.
    fn holder(&self) -> String {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default().trim().to_owned();
        let path = self.journal.path();
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let place = format!("{}\n{}", read("/etc/machine-id"), path.display());
        let place = hex(&Sha256::digest(place.as_bytes())[..4]);
        let tail = format!("/{}/{place}", self.journal.tag());
        let host = read("/proc/sys/kernel/hostname");
        let host: String = host.chars().filter(char::is_ascii_graphic).collect();
        let host = if host.is_empty() { "carbide" } else { &host };
        format!("{}{tail}", &host[..host.len().min(HOLDER_MAX - tail.len())])
    }

    pub(super) async fn asked_patiently<T, F: Future<Output = Result<T, PortError>>>(
        &self,
        ask: impl Fn() -> F,
    ) -> Result<T, PostError> {
        let mut tries = 1;
        loop {
            match ask().await {
                Ok(said) => return Ok(said),
                Err(error) if tries >= TRIES_MAX => {
                    return Err(PostError::NoTier { reason: error.to_string() });
                }
                Err(_) => {
                    tries += 1;
                    self.desk.clock.sleep(PAUSE).await;
                }
            }
        }
    }
}
