//! Deletions that wait (`[post] delete_at_confirm`): they are sent once the window of the changes and
//! creations of their plan has closed, as a change set of their own. Meanwhile supply is shown twice, and
//! taking the plan back deletes nothing.
//!
//! That they are still to come stands in the journal: the first draft names them, and nothing answers for
//! them until a change set was sent, or was refused, in their name.

use std::sync::atomic::Ordering;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::id::PlantCode;

use super::Poster;
use super::change_set::{ChangeSetDraft, ChangeSetId};
use super::document::NewDocument;
use super::error::PostError;
use super::journal::{ChangeSet, Record};
use super::report::{Progress, Receipt, Recovered};
use super::sap_port::SapPort;
use super::state::{ItemState, Phase};

/// How long deletions that cannot be sent now are left alone, before they are tried again.
const PAUSE: SignedDuration = SignedDuration::from_secs(30);

/// Plants whose planned orders are deleted only after the window: `true`, or their codes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum DeleteAtConfirm {
    /// Every plant, or none.
    Everywhere(bool),
    /// These.
    Plants(Vec<PlantCode>),
}

impl Default for DeleteAtConfirm {
    fn default() -> Self {
        Self::Everywhere(false)
    }
}

impl DeleteAtConfirm {
    /// Whether it is what settings mean that do not mention it.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    fn includes(&self, plant: &PlantCode) -> bool {
        match self {
            Self::Everywhere(all) => *all,
            Self::Plants(plants) => plants.contains(plant),
        }
    }
}

impl ChangeSetDraft {
    /// The draft with its deletions at such plants held back. If it has nothing else there is nothing to
    /// wait for, and all of it stays as it is.
    #[must_use]
    pub(super) fn hold_back(mut self, plants: &DeleteAtConfirm) -> Self {
        let waits = |document: &NewDocument| match document {
            NewDocument::PlannedOrderDeletion(of) => plants.includes(&of.before.plant),
            _ => false,
        };
        let deletes =
            |document: &NewDocument| matches!(document, NewDocument::PlannedOrderDeletion(_));
        if self.documents.iter().all(deletes) {
            return self;
        }
        let (waiting, now) = self.documents.into_iter().partition(waits);
        self.documents = now;
        self.at_confirm.extend::<Vec<_>>(waiting);
        self
    }

    /// The change set whose window these deletions have waited for, if they are such.
    pub fn waited_for(&self) -> Option<&ChangeSetId> {
        let deletes =
            |document: &NewDocument| matches!(document, NewDocument::PlannedOrderDeletion(_));
        self.after.as_ref().filter(|_| self.documents.iter().all(deletes))
    }

    /// The deletions that wait, as what is posted once the window of `first` has closed. Another plan
    /// hash, so that their keys are their own.
    pub(super) fn waiting(&self, first: &ChangeSetId) -> Self {
        Self {
            purpose: format!("deletions that waited for {first}: {}", self.purpose),
            requested_by: self.requested_by.clone(),
            plan_hash: self.hash_of_waiting(),
            after: Some(first.clone()),
            documents: self.at_confirm.clone(),
            at_confirm: Vec::new(),
        }
    }

    pub(super) fn hash_of_waiting(&self) -> String {
        format!("{} at confirm", self.plan_hash)
    }
}

impl ChangeSet {
    /// Titles of the deletions that are sent once its window has closed.
    pub fn titles_at_confirm(&self) -> Vec<String> {
        let draft = self.draft.iter();
        draft.flat_map(|draft| &draft.at_confirm).map(NewDocument::title).collect()
    }

    /// Whether it answers for the deletions of `first`: sent in their name, or refused for good. One that
    /// died before anything was sent does not.
    fn answers_for(&self, first: &ChangeSetId) -> bool {
        let sent = self.draft.as_ref().and_then(ChangeSetDraft::waited_for) == Some(first)
            && self.state.phase != Phase::Refused;
        sent || self.deletions_of.as_ref() == Some(first)
    }

    fn is_of_a_plan(&self) -> bool {
        let documents = self.draft.iter().flat_map(|draft| &draft.documents);
        documents
            .into_iter()
            .any(|of| !matches!(of, NewDocument::FiDocument(_) | NewDocument::KeyFigures(_)))
    }
}

impl<S: SapPort, C: Clock> Poster<S, C> {
    /// The change set that the deletions which waited for `first` became, refused or not. `None` while
    /// they wait, or if there are none.
    ///
    /// # Errors
    ///
    /// [`PostError::Journal`] if the journal cannot be read.
    pub fn deletions_of(&mut self, first: &ChangeSetId) -> Result<Option<ChangeSetId>, PostError> {
        self.journal.read_on()?;
        let sets = self.journal.change_sets().iter();
        Ok(sets.rev().find(|set| set.answers_for(first)).map(|set| set.id.clone()))
    }

    /// What was posted as `id` and until when it can be taken back; `None` unless its window is open.
    ///
    /// # Errors
    ///
    /// [`PostError::Unknown`] if there is none of that name.
    pub fn receipt_of(&mut self, id: &ChangeSetId) -> Result<Option<Receipt>, PostError> {
        self.journal.read_on()?;
        match self.set(id)?.state.phase {
            Phase::Open => self.receipt(id).map(Some),
            _ => Ok(None),
        }
    }

    /// Change sets whose window has closed and whose deletions nothing answers for yet.
    fn with_deletions_due(&self) -> Vec<ChangeSetId> {
        let sets = self.journal.change_sets();
        let closed = sets.iter().filter(|set| {
            set.state.phase == Phase::Confirmed
                && set.draft.as_ref().is_some_and(|draft| !draft.at_confirm.is_empty())
        });
        let due = closed.filter(|set| !sets.iter().any(|later| later.answers_for(&set.id)));
        due.map(|set| set.id.clone()).collect()
    }

    /// Sends the deletions whose time has come. What cannot be sent now is told, and tried again by a later
    /// call, after a pause unless `at_once`. What became of each.
    ///
    /// # Errors
    ///
    /// [`PostError::Journal`] if the journal cannot be used.
    pub(super) async fn delete_at_confirm(
        &mut self,
        at_once: bool,
    ) -> Result<Vec<Recovered>, PostError> {
        let mut all = Vec::new();
        for first in self.with_deletions_due() {
            let now = self.desk.clock.now().since_boot;
            let paused = self.watch.deletions.get(&first).is_some_and(|until| *until > now);
            if self.desk.stop.load(Ordering::SeqCst) || (paused && !at_once) {
                continue;
            }
            self.watch.deletions.insert(first.clone(), now + PAUSE);
            let why = match self.send_deletions_of(&first).await {
                Ok(()) => None,
                Err(error @ (PostError::Crashed | PostError::Journal(_))) => return Err(error),
                Err(error) => Some(error.to_string()),
            };
            if let Some(reason) = &why {
                tracing::warn!(change_set = %first, %reason, "its deletions were not made");
                let reason = reason.clone();
                self.desk.tell(Progress::NotDeleted { id: first.clone(), reason });
            }
            let became = self.deletions_of(&first)?;
            let (id, found) = match became {
                Some(later) => (later, Phase::Draft),
                None => (first.clone(), Phase::Confirmed),
            };
            let text = why.unwrap_or_else(|| format!("the deletions that waited for {first}"));
            let now = self.set(&id)?.state.phase;
            all.push(Recovered { change_set_id: id, found, now, text });
        }
        Ok(all)
    }

    /// Sends the deletions that waited for `first`, unless somebody has done so since, or what takes their
    /// place no longer stands as it was posted: then that is recorded, and they are never sent.
    async fn send_deletions_of(&mut self, first: &ChangeSetId) -> Result<(), PostError> {
        let writing = self.journal.begin_writing()?;
        if !self.with_deletions_due().contains(first) {
            return Ok(());
        }
        let touched = self.seen_by_others(first).await?;
        let set = self.set(first)?;
        let Some(draft) = set.draft.as_ref().map(|draft| draft.waiting(first)) else {
            return Ok(());
        };
        if let Some(why) = self.why_never(set, &touched) {
            let numbers: Vec<String> = draft.documents.iter().map(NewDocument::title).collect();
            let reason = format!(
                "DEL-NEVER: the deletions that waited for {first} are not sent: {why}. Still there: {}. \
                 A new plan deletes them, or transaction MD12",
                numbers.join("; ")
            );
            let id = self.journal.next_id();
            let items = draft.documents.len();
            self.append(&writing, &id, &Record::SpaceReserved { bytes: 0, items })?;
            let deletions_of = Some(first.clone());
            let refused = Record::Refused { reason: reason.clone(), deletions_of };
            self.append(&writing, &id, &refused)?;
            return Err(PostError::Refused { id, reason });
        }
        let tier = self.take_lease().await?;
        let sent = self.apply_under(&writing, draft, None, tier).await;
        self.give_lease_back().await;
        sent.map(drop)
    }

    /// Why orders must stay although the window of `first` has closed, if so.
    fn why_never(&self, first: &ChangeSet, touched: &[(usize, String)]) -> Option<String> {
        if let Some((item, what)) = first.touched.iter().chain(touched).next() {
            return Some(format!("others changed its item {}, {what}", item + 1));
        }
        if !first.state.items.iter().all(|item| *item == ItemState::Done) {
            return Some("not all of it is in SAP".to_owned());
        }
        let mut later =
            self.journal.change_sets().iter().skip_while(|set| set.id != first.id).skip(1);
        let gone = |set: &&ChangeSet| {
            matches!(set.state.phase, Phase::Draft | Phase::Refused | Phase::RolledBack)
        };
        if let Some(newer) = later.find(|set| set.is_of_a_plan() && !gone(set)) {
            return Some(format!("{} was posted since", newer.id));
        }
        let ended = first.window.as_ref().map_or(first.last.wall, |window| window.at.wall);
        let age = ended.duration_until(self.desk.clock.now().wall);
        (age > self.desk.settings.recover_age_max).then(|| {
            format!("its window ended at {ended}, and planners may have built on it since")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Settings {
        delete_at_confirm: DeleteAtConfirm,
    }

    #[test]
    fn plants_are_named_or_all_of_them_meant() {
        let read = |text: &str| {
            let read = toml::from_str::<Settings>(&format!("delete_at_confirm = {text}"));
            read.map(|settings| settings.delete_at_confirm)
        };
        let plant = |code: &str| PlantCode::new(code).unwrap();

        assert!(read("true").unwrap().includes(&plant("1010")));
        assert!(read("[\"1010\"]").unwrap().includes(&plant("1010")));
        assert!(!read("[\"1010\"]").unwrap().includes(&plant("1020")));
        assert!(read("false").unwrap().is_default());
        assert!(read("\"perhaps\"").is_err());
    }
}
