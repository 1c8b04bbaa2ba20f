//! Posting: the only stage that changes anything in SAP, and the way back.
//!
//! Documents that belong together are a change set. Each one is in the journal before it is sent,
//! and counts as posted only once it was read back from SAP. Then the two-minute window opens, in
//! which [`Poster::undo`] takes all of it back; what others have changed meanwhile is reported and
//! left alone. A process that dies on the way leaves a journal that says what to ask SAP about, and
//! [`Poster::recover`] asks.
//!
//! ```text
//! draft -> prepared -> applying -> open (120 s) -> confirmed
//!              |           |          |
//!           refused        +----------+--> rolling back -> rolled back | with conflicts | held
//! ```
//!
//! [`state::step`] is that picture; everything here only carries out what it says is due.

pub mod approval;
pub mod at_confirm;
pub mod backup;
pub mod breaker;
pub mod change_set;
pub mod checkpoint;
pub mod comparison;
pub mod document;
pub mod journal;
pub mod key_figure;
pub mod order_values;
pub mod order_way;
pub mod reference_key;
pub mod report;
pub mod restore;
pub mod sap_port;
pub mod settings;
pub mod state;
pub mod window;

mod apply;
mod breaking;
mod companion;
mod desk;
mod drive;
mod errand;
mod error;
mod existing_order;
mod failpoint;
mod fi_document;
mod fi_items;
mod fi_rules;
mod lease;
mod named;
mod older_copy;
mod once;
mod order_back;
mod order_bapi;
mod planned_order;
mod prepare;

pub mod purpose;
mod recover;
mod resolve;
mod rule;
mod sap_system;
mod sending;
mod taking_back;
mod undo;
mod watch;

#[cfg(all(test, feature = "backup"))]
mod approval_simulation;
#[cfg(all(test, feature = "backup"))]
mod at_confirm_simulation;
#[cfg(all(test, feature = "backup"))]
mod backup_simulation;
#[cfg(all(test, feature = "backup"))]
mod breaker_simulation;
#[cfg(all(test, feature = "backup"))]
mod existing_order_simulation;
#[cfg(all(test, feature = "backup"))]
mod faulty_disk;
#[cfg(all(test, feature = "backup"))]
mod rule_simulation;
#[cfg(all(test, feature = "backup"))]
mod sap_double;
#[cfg(all(test, feature = "backup"))]
mod simulation;
#[cfg(all(test, feature = "backup"))]
mod watch_simulation;
#[cfg(all(test, feature = "backup"))]
mod wire_simulation;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::clock::Clock;
use crate::period::PostingPeriod;

use backup::Vault;
pub use change_set::{ChangeSetDraft, ChangeSetId, DocumentPreview};
use desk::Desk;
pub use document::{
    FiLine, FiPosting, NewDocument, NewPlannedOrder, PlannedOrderChange, PlannedOrderDeletion,
};
pub use error::PostError;
pub use failpoint::POINTS as FAILPOINTS;
use journal::{ChangeSet, Journal, Row, Verification, Writing};
pub use key_figure::{KeyFigureLine, KeyFigurePosting};
pub use older_copy::Newer;
use reference_key::header_text;
pub use report::{ItemReport, Progress, Receipt, Recovered, Summary, UndoReport};
use sap_port::DocumentKey;
pub use sap_port::{PortError, PortErrorKind, SapPort};
pub use sap_system::SapBooks;
pub use settings::{PostSettings, SystemRole};
use state::Phase;
use watch::Watch;

/// Posts change sets to one SAP system under one journal, and takes them back.
pub struct Poster<S, C> {
    journal: Journal,
    desk: Arc<Desk<S, C>>,
    vault: Vault,
    watch: Watch,
}

impl<S: SapPort, C: Clock> Poster<S, C> {
    /// A poster with the journal at `path`, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// [`PostError::Journal`] if the journal cannot be opened, or belongs to another system or client.
    pub fn open(path: &Path, sap: S, settings: PostSettings, clock: C) -> Result<Self, PostError> {
        let journal = Journal::open_of(path, &settings.domain(), &clock.now())?;
        let vault = Vault::beside(path, &settings);
        let desk = Arc::new(Desk::new(sap, settings, clock));
        Ok(Self { journal, desk, vault, watch: Watch::default() })
    }

    /// Tells `progress` about each step.
    #[must_use]
    pub fn on_progress(self, progress: impl FnMut(Progress) + Send + 'static) -> Self {
        self.desk.watched_by(progress);
        self
    }

    /// Changes the settings, as long as nothing is on its way.
    #[cfg(test)]
    fn set_settings(&mut self, change: impl FnOnce(&mut PostSettings)) {
        let desk = Arc::get_mut(&mut self.desk).expect("nothing is on its way");
        change(&mut desk.settings);
    }

    /// Once this is true, nothing further is sent and what was sent is taken back. It is looked at
    /// between documents, never while one is on its way.
    pub fn stop_flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.desk.stop)
    }

    /// What would be created, without asking or telling SAP anything.
    ///
    /// # Errors
    ///
    /// [`PostError::Invalid`] if it could not be posted as it is.
    pub fn dry_run(&self, draft: &ChangeSetDraft) -> Result<Vec<DocumentPreview>, PostError> {
        if let Some(problem) = draft.problem(self.desk.settings.orders) {
            return Err(PostError::Invalid { problem });
        }
        let draft = draft.clone().hold_back(&self.desk.settings.delete_at_confirm);
        let domain = self.desk.settings.domain();
        let now = draft.documents.iter().enumerate().map(|(at, document)| DocumentPreview {
            item: at + 1,
            title: document.title(),
            key: document.key(&domain, &draft.plan_hash, at),
            document: document.clone(),
        });
        let later = draft.at_confirm.iter().enumerate().map(|(at, document)| DocumentPreview {
            item: draft.documents.len() + at + 1,
            title: format!("{}, once the window of the others has closed", document.title()),
            key: document.key(&domain, &draft.hash_of_waiting(), at),
            document: document.clone(),
        });
        Ok(now.chain(later).collect())
    }

    /// Every change set, oldest first.
    ///
    /// # Errors
    ///
    /// [`PostError::Journal`] if the journal cannot be read.
    pub fn list(&mut self) -> Result<Vec<Summary>, PostError> {
        self.journal.read_on()?;
        let now = self.desk.clock.now();
        let sets = self.journal.change_sets().iter();
        let summaries = sets.map(|set| Summary {
            unverified: self.watch.unverified.get(&set.id).map(|of| of.reason.clone()),
            ..set.summary_at(&now)
        });
        Ok(summaries.collect())
    }

    /// Every change set as it stands, oldest first.
    ///
    /// # Errors
    ///
    /// [`PostError::Journal`] if the journal cannot be read.
    pub fn change_sets(&mut self) -> Result<&[ChangeSet], PostError> {
        self.journal.read_on()?;
        Ok(self.journal.change_sets())
    }

    /// One change set as it stands.
    ///
    /// # Errors
    ///
    /// [`PostError::Unknown`] if there is none of that name.
    pub fn change_set(&mut self, id: &ChangeSetId) -> Result<&ChangeSet, PostError> {
        self.journal.read_on()?;
        self.set(id)
    }

    /// One change set and its journal rows, for which the whole journal is read from the disk.
    ///
    /// # Errors
    ///
    /// [`PostError::Unknown`] if there is none of that name.
    pub fn show(&mut self, id: &ChangeSetId) -> Result<(ChangeSet, Vec<Row>), PostError> {
        self.journal.read_on()?;
        let set = self.set(id)?.clone();
        Ok((set, self.journal.rows(id)?))
    }

    /// Reads the journal again from the disk and checks its chain.
    ///
    /// # Errors
    ///
    /// [`PostError::Journal`] if it cannot be read at all.
    pub fn verify(&self) -> Result<Verification, PostError> {
        Ok(self.journal.verify(&self.desk.clock.now())?)
    }

    /// The revision under which `posting` can be posted: one more than that of its last posting
    /// that was taken back.
    pub fn next_revision(&self, posting: &FiPosting) -> u32 {
        let same = |other: &FiPosting| {
            let fields = |of: &FiPosting| {
                (of.company_code.clone(), of.period, of.boundary.clone(), of.kind.clone())
            };
            fields(other) == fields(posting)
        };
        let taken_back = self.journal.change_sets().iter().filter(|set| {
            matches!(set.state.phase, Phase::RolledBack | Phase::RolledBackConflicts)
                && set.items.iter().any(|item| item.number.is_some())
        });
        let documents = taken_back.filter_map(|set| set.draft.as_ref()).flat_map(|d| &d.documents);
        let revisions = documents.filter_map(|document| match document {
            NewDocument::FiDocument(other) if same(other) => Some(other.revision + 1),
            _ => None,
        });
        revisions.max().unwrap_or(1)
    }

    fn set(&self, id: &ChangeSetId) -> Result<&ChangeSet, PostError> {
        self.journal.change_set(id).ok_or_else(|| PostError::Unknown { id: id.clone() })
    }

    /// The item's document. Items exist only once the change set was prepared with documents.
    fn document(&self, id: &ChangeSetId, item: usize) -> Result<NewDocument, PostError> {
        let draft = self.set(id)?.draft.as_ref();
        let document = draft.and_then(|draft| draft.documents.get(item)).cloned();
        document.ok_or_else(|| PostError::Unknown { id: id.clone() })
    }

    /// The keys under which a document of accounting stands in SAP; none for an order.
    fn document_keys(
        &self,
        key: &reference_key::ReferenceKey,
        document: &NewDocument,
    ) -> Option<DocumentKey> {
        match document {
            NewDocument::FiDocument(of) => Some(self.keys_in_sap(key, of.period, of.revision)),
            NewDocument::KeyFigures(of) => Some(self.keys_in_sap(key, of.period, of.revision)),
            _ => None,
        }
    }

    /// The keys under which an accounting document stands in SAP.
    fn keys_in_sap(
        &self,
        key: &reference_key::ReferenceKey,
        period: PostingPeriod,
        revision: u32,
    ) -> DocumentKey {
        let tag = self.journal.tag();
        DocumentKey {
            object_key: key.object_key(&tag),
            reference: key.short(),
            header_text: header_text(&tag, period, revision),
        }
    }

    fn append(
        &mut self,
        writing: &Writing,
        id: &ChangeSetId,
        record: &journal::Record,
    ) -> Result<(), PostError> {
        self.journal.append(writing, id, record, &self.desk.clock.now())?;
        let phase = self.set(id)?.state.phase;
        if phase.is_final() || phase == Phase::Held {
            self.checkpoint_at_the_end();
        }
        Ok(())
    }
}
