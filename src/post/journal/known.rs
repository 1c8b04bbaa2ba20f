//! What the rows add up to: the change sets, and what was asked for.

use std::collections::HashMap;
use std::path::Path;

use crate::clock::Moment;
use crate::post::approval::Request;
use crate::post::change_set::ChangeSetId;
use crate::post::reference_key::JournalTag;
use crate::post::state::IllegalEvent;

use super::JournalError;
use super::history::ChangeSet;
use super::position::{Origin, Position};
use super::record::{self, Record};
use super::row::StoredRow;

/// A row's record, if its text is one.
pub type Parsed = Result<Record, serde_json::Error>;

/// What is known of a journal.
#[derive(Debug, Default)]
pub struct Known {
    /// What tells its documents from those of other journals.
    pub tag: Option<JournalTag>,
    /// What tells it from every other journal, by its first row.
    pub origin: Option<Origin>,
    /// How far it has come.
    pub position: Option<Position>,
    /// SAP system and client of its change sets.
    pub domain: Option<String>,
    /// Version of the newest rows, if it is newer than what is known here. From then on what is
    /// unknown or cannot follow is passed over: it is for looking only.
    pub newer: Option<i64>,
    /// Postings that were asked for, oldest first.
    pub requests: Vec<Request>,
    change_sets: Vec<ChangeSet>,
    places: HashMap<ChangeSetId, usize>,
}

impl Known {
    /// Every change set, oldest first.
    pub fn change_sets(&self) -> &[ChangeSet] {
        &self.change_sets
    }

    /// One change set.
    pub fn change_set(&self, id: &ChangeSetId) -> Option<&ChangeSet> {
        self.places.get(id).map(|at| &self.change_sets[*at])
    }

    /// Takes in a row of the journal at `path`, which was written at `at`.
    ///
    /// # Errors
    ///
    /// [`JournalError::Corrupt`] if its version is too old, its text is no record, or it cannot follow
    /// what is there.
    pub fn replay(
        &mut self,
        row: &StoredRow<'_>,
        record: Parsed,
        at: &Moment,
        path: &Path,
    ) -> Result<(), JournalError> {
        let corrupt =
            |reason| JournalError::Corrupt { path: path.to_owned(), seq: row.seq, reason };
        if row.version > record::VERSION {
            self.newer = self.newer.max(Some(row.version));
        }
        if row.version < record::VERSION_OLDEST {
            return Err(corrupt(format!(
                "it has version {}, this Carbide knows {} to {}",
                row.version,
                record::VERSION_OLDEST,
                record::VERSION
            )));
        }
        let record = match record {
            Ok(record) => record,
            Err(_) if self.newer.is_some() => return Ok(()),
            Err(error) => return Err(corrupt(format!("it cannot be read ({error})"))),
        };
        if record.event().is_none() {
            self.take_in(&record, at);
            return Ok(());
        }
        match self.take_in_of(row.change_set, record, row.version, at) {
            Err(_) if self.newer.is_some() => Ok(()),
            other => other.map_err(|illegal| corrupt(illegal.to_string())),
        }
    }

    /// Takes in a record about the change set of that name, which is new if it is not known.
    ///
    /// # Errors
    ///
    /// [`IllegalEvent`] if it cannot follow what is there.
    pub fn take_in_of(
        &mut self,
        name: &str,
        record: Record,
        version: i64,
        at: &Moment,
    ) -> Result<(), IllegalEvent> {
        if let Record::Prepared { domain, approval, draft, .. } = &record {
            self.domain = Some(domain.clone());
            let (before, id) = (self.position.as_ref(), ChangeSetId::typed(name));
            self.position = Some(Position::prepared(before, &id, &draft.plan_hash, at));
            if let Some(request) = approval {
                self.mark_posted(request, name);
            }
        }
        // Rows of one change set mostly follow each other.
        let is_last = self.change_sets.last().is_some_and(|last| last.id.as_str() == name);
        let place = if is_last {
            self.change_sets.len() - 1
        } else if let Some(place) = self.places.get(name) {
            *place
        } else {
            let id = ChangeSetId::typed(name);
            self.change_sets.push(ChangeSet::new(id.clone(), at));
            self.places.insert(id, self.change_sets.len() - 1);
            self.change_sets.len() - 1
        };
        self.change_sets[place].take_in(record, version, at)
    }

    /// Takes in a record about the journal itself.
    pub fn take_in(&mut self, record: &Record, at: &Moment) {
        match record {
            Record::JournalCreated { tag, .. } => {
                self.tag = Some(tag.clone());
                self.origin = Some(Origin::new(tag, at));
            }
            Record::PositionAccepted { number, change_set, .. } => {
                self.position = Some(Position::accepted(*number, change_set));
            }
            Record::BackupRemoved { change_set, .. } => {
                if let Some(place) = self.places.get(change_set) {
                    self.change_sets[*place].backup_removed.get_or_insert(at.wall);
                }
            }
            Record::ApprovalRequested { request, hash, draft } => self.requests.push(Request {
                name: request.clone(),
                draft: draft.clone(),
                hash: hash.clone(),
                at: at.wall,
                approved_by: None,
                posted_as: None,
            }),
            Record::Approved { request, hash, who } => {
                let mut all = self.requests.iter_mut();
                if let Some(of) = all.find(|of| of.name == *request && of.hash == *hash) {
                    of.approved_by = Some(who.clone());
                }
            }
            _ => {}
        }
    }

    /// Notes which change set a request was posted as.
    fn mark_posted(&mut self, request: &str, change_set: &str) {
        if let Some(request) = self.requests.iter_mut().find(|of| of.name == request) {
            request.posted_as = Some(ChangeSetId::typed(change_set));
        }
    }
}
