//! Documents that the companion runs once under their key: after a lost answer SAP is asked for the key,
//! and the document is sent again at once under the same key, or its key is cancelled for good. Nobody
//! has to wait until a lost request cannot arrive any more.

use jiff::SignedDuration;

use crate::clock::Clock;

use super::document::NewDocument;
use super::errand::{Ended, Errand, Finding};
use super::error::PostError;
use super::report::Progress;
use super::resolve::{Found, READS_FAIL_MAX};
use super::rule::Rule;
use super::sap_port::{Entry, Once, PortError, PortErrorKind, SapPort, Tier};
use super::state::Outcome;

/// The newest fence that there can be: 15 digits.
const FENCE_MAX: u64 = 999_999_999_999_999;

/// What is done to learn how the document stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asks {
    /// The companion said that it ran: it is read back.
    ReadsBack,
    /// The key is asked for.
    Status,
    /// The key is cancelled, if it has not run.
    Cancels,
}

impl<S: SapPort, C: Clock> Errand<S, C> {
    /// Whether the companion runs the document. Planned orders go by OData, which names the version
    /// that they are for.
    pub fn runs_once(&self) -> bool {
        self.tier == Tier::Companion && matches!(self.document, NewDocument::FiDocument(_))
    }

    /// The key and fence to send under; `None` where the companion does not run the document.
    pub async fn once(&self, key: &str) -> Result<Option<Once>, PortError> {
        let fence = self.desk.fence().await?;
        if !self.runs_once() {
            return Ok(None);
        }
        let fence = fence.ok_or_else(|| {
            let text =
                "SAP: the companion package was there when this was prepared, and is not now";
            PortError::new(PortErrorKind::Unknown, text)
        })?;
        let fence = if Rule::Fence.holds() { fence } else { FENCE_MAX };
        Ok(Some(Once { key: key.to_owned(), fence }))
    }

    /// An error of what was sent under `once`. A fence that is old only because the lease was renewed
    /// meanwhile is worth another try.
    pub async fn judged(&self, once: Option<&Once>, error: PortError) -> PortError {
        let renewed = match once {
            Some(once) => self.desk.fence_now().await.is_some_and(|now| now > once.fence),
            None => false,
        };
        if renewed && error.kind == PortErrorKind::Fenced {
            return PortError::new(PortErrorKind::Busy, error.text);
        }
        error
    }

    /// Nothing is sent once somebody else may write.
    pub async fn keeps_lease(&self) -> Result<(), PostError> {
        match self.desk.fence().await {
            Ok(_) => Ok(()),
            Err(error) => Err(self.lease_lost(&error)),
        }
    }

    pub fn lease_lost(&self, error: &PortError) -> PostError {
        let reason = error.to_string().trim_end_matches('.').to_owned();
        PostError::LeaseLost { id: self.id.clone(), reason }
    }

    /// Finds out what became of a document that the companion runs.
    pub async fn resolve_once(&self, asks: Asks) -> Ended {
        let from = self.desk.clock.now().since_boot;
        let mut pause = SignedDuration::from_secs(1);
        loop {
            let passed = self.desk.clock.now().since_boot - from;
            let reason = match self.entry(asks).await {
                Ok(Entry::Ran) => match self.look_up(None).await {
                    Ok(Found::Document(number)) => {
                        return Ok(self.done(number, None, passed.is_positive(), None));
                    }
                    Ok(_) => "the companion ran it, and SAP does not show it yet".to_owned(),
                    Err(error) => error.to_string(),
                },
                Ok(Entry::Cancelled) => {
                    let what = "no answer came; its key is cancelled in SAP, so it never comes";
                    return Ok(self.ended(Outcome::Absent, what.to_owned()));
                }
                Ok(Entry::Absent) => return Ok(Finding::NotThere),
                Err(error) if error.kind == PortErrorKind::Fenced => {
                    return Err(self.lease_lost(&error));
                }
                Err(error) => error.to_string(),
            };
            if passed > self.desk.settings.settle + READS_FAIL_MAX {
                let (id, item) = (self.id.clone(), self.item + 1);
                return Err(PostError::InDoubt { id, item, reason });
            }
            self.desk.tell(Progress::InDoubt { item: self.item + 1, reason });
            self.desk.clock.sleep(pause).await;
            pause = (pause * 2).min(SignedDuration::from_secs(30));
        }
    }

    async fn entry(&self, asks: Asks) -> Result<Entry, PortError> {
        match asks {
            Asks::ReadsBack => Ok(Entry::Ran),
            Asks::Status => self.desk.sap.entry(&self.entry_key).await,
            Asks::Cancels => match self.once(&self.entry_key).await? {
                None => Ok(Entry::Absent),
                Some(_) if !Rule::Tombstone.holds() => Ok(Entry::Cancelled),
                Some(once) => match self.desk.sap.cancel(&once).await {
                    Ok(entry) => Ok(entry),
                    Err(error) => Err(self.judged(Some(&once), error).await),
                },
            },
        }
    }
}
