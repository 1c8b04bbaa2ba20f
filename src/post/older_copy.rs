//! An older copy of a journal (a restored backup, a cloned machine) must not post: it does not know what
//! was posted after it. With the companion each change set leaves a mark in SAP before anything of it is
//! sent; who finds a mark there that its journal does not know, stops.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::clock::Clock;

use super::Poster;
use super::change_set::ChangeSetId;
use super::error::PostError;
use super::journal::{Position, Record};
use super::rule::Rule;
use super::sap_port::{JournalMark, Mark, Once, PortErrorKind, SapPort, Tier};

/// Marks beyond its own that a journal asks for. A change set that was prepared without the companion has
/// none, so that one alone would not do.
const AHEAD: u64 = 100;

/// Tries to leave a mark, and pauses between them.
const TRIES_MAX: u32 = 5;
const PAUSE: SignedDuration = SignedDuration::from_secs(2);

/// What SAP knows and a journal does not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Newer {
    /// Key of its mark.
    pub key: String,
    /// Number of the change set among those that the journal prepared.
    pub number: u64,
    /// Its name in the other copy.
    pub change_set: String,
    /// When SAP noted it.
    pub at: Option<Timestamp>,
    /// The user of SAP who did.
    pub by: String,
}

impl std::fmt::Display for Newer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, posting {}, noted by {}", self.change_set, self.number, self.by)?;
        if let Some(at) = self.at {
            write!(f, " at {at}")?;
        }
        Ok(())
    }
}

fn newer(number: u64, mark: Mark) -> Newer {
    Newer { key: mark.key, number, change_set: mark.change_set, at: mark.at, by: mark.by }
}

impl<S: SapPort, C: Clock> Poster<S, C> {
    /// Refuses if SAP has a mark of this journal that it does not know, or another one in the place of its
    /// last. The lease is ours.
    pub(super) async fn refuse_older_copy(&self) -> Result<(), PostError> {
        if !Rule::NewestJournal.holds() {
            return Ok(());
        }
        let last = self.journal.position();
        let from = last.map_or(1, |last| last.number);
        match self.marks(from, from + AHEAD).await?.into_iter().find(|found| self.is_foreign(found))
        {
            Some(found) => Err(self.behind(found)),
            None => Ok(()),
        }
    }

    /// Whether a mark is not one of this journal as it stands.
    fn is_foreign(&self, (number, mark): &(u64, Mark)) -> bool {
        match self.journal.position() {
            Some(last) if *number == last.number => match &last.stamp {
                Some(stamp) => mark.hash != self.mark_of(last, stamp).hash(),
                None => false,
            },
            last => *number > last.map_or(0, |last| last.number),
        }
    }

    fn mark_of(&self, position: &Position, stamp: &str) -> JournalMark {
        JournalMark {
            journal: self.journal.tag().to_string(),
            change_set: position.change_set.to_string(),
            stamp: stamp.to_owned(),
        }
    }

    /// The marks that SAP has, of these numbers.
    async fn marks(&self, from: u64, to: u64) -> Result<Vec<(u64, Mark)>, PostError> {
        let keys: Vec<(u64, String)> =
            (from..=to).filter_map(|at| Some((at, self.journal.mark_key(at)?))).collect();
        let all: Vec<&str> = keys.iter().map(|(_, key)| key.as_str()).collect();
        let found = self.asked_patiently(|| self.desk.sap.marks(&all)).await?;
        let numbered = found.into_iter().filter_map(|mark| {
            let (number, _) = keys.iter().find(|(_, key)| *key == mark.key)?;
            Some((*number, mark))
        });
        Ok(numbered.collect())
    }

    fn behind(&self, (number, mark): (u64, Mark)) -> PostError {
        let ours = match self.journal.position() {
            Some(last) => format!("{} (posting {})", last.change_set, last.number),
            None => "no posting".to_owned(),
        };
        let newer = newer(number, mark);
        PostError::Behind { newer: Box::new(newer), journal: self.journal.path().to_owned(), ours }
    }

    /// Leaves the mark of the change set that was just prepared.
    ///
    /// # Errors
    ///
    /// [`PostError::Behind`] if another copy of this journal was there first, else
    /// [`PostError::Refused`]. The change set is refused then: nothing of it was sent.
    pub(super) async fn leave_mark(&self, id: &ChangeSetId, tier: Tier) -> Result<(), PostError> {
        let last = self.journal.position();
        let (Tier::Companion, Some(last)) = (tier, last) else { return Ok(()) };
        if !Rule::NewestJournal.holds() {
            return Ok(());
        }
        let stamp = last.stamp.as_deref().unwrap_or_default();
        let (mark, key) = (self.mark_of(last, stamp), self.journal.mark_key(last.number));
        let refused = |reason: String| PostError::Refused { id: id.clone(), reason };
        let key = key.ok_or_else(|| refused("the journal has no first row".to_owned()))?;
        let mut tries = 1;
        loop {
            let fence = self.desk.fence().await.map_err(|error| refused(error.to_string()))?;
            let once = Once { key: key.clone(), fence: fence.unwrap_or(0) };
            let error = match self.desk.sap.mark(&once, &mark).await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            match error.kind {
                PortErrorKind::Changed => {
                    let found = self.marks(last.number, last.number).await?.pop();
                    return Err(match found {
                        Some(found) => self.behind(found),
                        None => refused(error.to_string()),
                    });
                }
                // The same mark can be left twice.
                PortErrorKind::Unknown | PortErrorKind::Busy if tries < TRIES_MAX => {
                    tries += 1;
                    self.desk.clock.sleep(PAUSE).await;
                }
                _ => {
                    let text = format!("the journal's mark cannot be left in SAP ({error})");
                    return Err(refused(text));
                }
            }
        }
    }

    /// A person accepts that postings which SAP knows are lost from this journal, and goes on with it.
    /// What was the newest of them.
    ///
    /// # Errors
    ///
    /// [`PostError::NotBehind`] if SAP knows nothing that the journal does not know; [`PostError`] if SAP
    /// does not say.
    pub async fn accept_sap(&mut self, who: &str, why: &str) -> Result<Newer, PostError> {
        let writing = self.journal.begin_writing()?;
        let tier = self.take_lease_unmarked().await?;
        let newest = match tier {
            Tier::Companion => self.newest_mark().await,
            Tier::Reference => Ok(None),
        };
        self.give_lease_back().await;
        let (number, mark) = newest?.ok_or(PostError::NotBehind)?;
        let record = Record::PositionAccepted {
            number,
            change_set: mark.change_set.clone(),
            who: who.to_owned(),
            why: why.to_owned(),
        };
        self.journal.note(&writing, &record, &self.desk.clock.now())?;
        Ok(newer(number, mark))
    }

    /// The newest mark that this journal does not know.
    async fn newest_mark(&self) -> Result<Option<(u64, Mark)>, PostError> {
        let mut from = self.journal.position().map_or(1, |last| last.number);
        let mut newest = None;
        loop {
            let found = self.marks(from, from + AHEAD).await?;
            let more = found.into_iter().filter(|found| self.is_foreign(found));
            match more.max_by_key(|(number, _)| *number) {
                Some(found) => (from, newest) = (found.0 + 1, Some(found)),
                None => return Ok(newest),
            }
        }
    }
}
