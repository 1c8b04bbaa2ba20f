//! Four eyes: somebody asks for a posting, somebody else looks at exactly that and approves it.

use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::clock::Clock;

use super::Poster;
use super::change_set::{ChangeSetDraft, ChangeSetId};
use super::error::PostError;
use super::journal::Record;
use super::reference_key::hex;
use super::report::Receipt;
use super::sap_port::SapPort;
use crate::said;
use crate::said::Said;

/// A posting that waits for a second person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Request {
    /// Its name, as `R-1`.
    pub name: String,
    /// What is to be posted.
    pub draft: ChangeSetDraft,
    /// SHA-256 of the draft: what is approved is what is posted.
    pub hash: String,
    /// When it was asked for.
    pub at: Timestamp,
    /// Who approved it.
    pub approved_by: Option<String>,
    /// The change set that it was posted as. It can be posted once.
    pub posted_as: Option<ChangeSetId>,
}

/// SHA-256 of what is to be posted.
pub fn hash_of(draft: &ChangeSetDraft) -> String {
    let bytes = serde_json::to_vec(draft).expect("a draft has string keys only");
    hex(&Sha256::digest(bytes))
}

impl<S: SapPort, C: Clock> Poster<S, C> {
    /// Keeps `draft` until somebody else approves it. Nothing is sent.
    ///
    /// # Errors
    ///
    /// [`PostError::Invalid`] if it could not be posted as it is.
    pub fn ask_for_approval(&mut self, draft: ChangeSetDraft) -> Result<Request, PostError> {
        if let Some(problem) = draft.problem(self.desk.settings.orders) {
            return Err(PostError::Invalid { problem });
        }
        let draft = draft.hold_back(&self.desk.settings.delete_at_confirm);
        let writing = self.journal.begin_writing()?;
        let name = format!("R-{}", self.journal.requests().len() + 1);
        let hash = hash_of(&draft);
        let record = Record::ApprovalRequested { request: name.clone(), hash, draft };
        self.journal.note(&writing, &record, &self.desk.clock.now())?;
        self.request_named(&name)
    }

    /// Every request, oldest first.
    ///
    /// # Errors
    ///
    /// [`PostError::Journal`] if the journal cannot be read.
    pub fn requests(&mut self) -> Result<Vec<Request>, PostError> {
        self.journal.read_on()?;
        Ok(self.journal.requests().to_vec())
    }

    /// Approves a request in the name of `who`, who is not the one that asked.
    ///
    /// # Errors
    ///
    /// [`PostError::NotApproved`] says why not.
    pub fn approve(&mut self, name: &str, who: &str) -> Result<Request, PostError> {
        let writing = self.journal.begin_writing()?;
        let request = self.request_named(name)?;
        let refused = |reason: Said| PostError::NotApproved { reason };
        if request.draft.requested_by == who {
            return Err(refused(said!(
                "approval.own",
                "{who} asked for {name}, so somebody else has to approve it",
                who = who,
                name = name
            )));
        }
        if let Some(by) = &request.approved_by {
            return Err(refused(said!(
                "approval.done",
                "{name} is approved already, by {by}",
                name = name,
                by = by
            )));
        }
        let (hash, who) = (request.hash, who.to_owned());
        let record = Record::Approved { request: request.name.clone(), hash, who };
        self.journal.note(&writing, &record, &self.desk.clock.now())?;
        self.request_named(name)
    }

    /// Posts a request that was approved, once.
    ///
    /// # Errors
    ///
    /// [`PostError::NotApproved`] if it was not, or was posted before; else as
    /// [`apply`](Self::apply).
    pub async fn apply_approved(&mut self, name: &str) -> Result<Receipt, PostError> {
        self.journal.read_on()?;
        let request = self.request_named(name)?;
        let refused = |reason: Said| PostError::NotApproved { reason };
        if request.approved_by.is_none() {
            return Err(refused(said!(
                "approval.waits",
                "{name} waits for somebody other than {by}: carbide approve {name}",
                name = name,
                by = request.draft.requested_by
            )));
        }
        if let Some(id) = &request.posted_as {
            return Err(refused(said!(
                "request.posted",
                "{name} was posted already, as {id}",
                name = name,
                id = id
            )));
        }
        self.apply_with(request.draft, Some(request.name)).await
    }

    fn request_named(&self, name: &str) -> Result<Request, PostError> {
        let found = self.journal.requests().iter().find(|request| request.name == name);
        found.cloned().ok_or_else(|| PostError::NotApproved {
            reason: said!(
                "approval.unknown",
                "there is no request {name}; `carbide approve` lists them",
                name = name
            ),
        })
    }
}
