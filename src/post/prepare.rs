//! Before anything is sent: is there room, is nothing of it in SAP yet, and would SAP take it?

use crate::clock::Clock;

use super::change_set::{ChangeSetDraft, ChangeSetId};
use super::document::NewDocument;
use super::error::PostError;
use super::journal::{Record, Writing};
use super::reference_key::ReferenceKey;
use super::report::Progress;
use super::sap_port::SapPort;
use super::state::Phase;
use super::{PortError, Poster};

impl<S: SapPort, C: Clock> Poster<S, C> {
    /// Makes a change set of `draft` that can be sent.
    pub(super) async fn prepare(
        &mut self,
        writing: &Writing,
        draft: ChangeSetDraft,
    ) -> Result<ChangeSetId, PostError> {
        self.refuse_out_of_turn(&draft)?;
        let id = self.journal.next_id();
        let sizes = draft
            .documents
            .iter()
            .map(|document| serde_json::to_string(document).map_or(0, |text| text.len() as u64));
        let bytes = self.journal.reserve(writing, sizes)?;
        let items = draft.documents.len();
        self.append(writing, &id, &Record::SpaceReserved { bytes, items })?;

        let domain = self.settings.domain();
        let keys: Vec<ReferenceKey> = draft
            .documents
            .iter()
            .enumerate()
            .map(|(at, document)| document.key(&domain, &draft.plan_hash, at))
            .collect();
        if let Err(reason) = self.ask_sap_first(&draft, &keys).await {
            self.append(writing, &id, &Record::Refused { reason: reason.clone() })?;
            return Err(PostError::Refused { id, reason });
        }
        self.failpoints.pass("journal.before_prepared")?;
        let settle = self.settings.settle;
        self.append(writing, &id, &Record::Prepared { draft, keys, settle, domain })?;
        self.tell(Progress::Prepared { id: id.clone(), items });
        Ok(id)
    }

    fn refuse_out_of_turn(&self, draft: &ChangeSetDraft) -> Result<(), PostError> {
        for set in self.journal.change_sets() {
            if matches!(set.state.phase, Phase::Applying | Phase::RollingBack) {
                return Err(PostError::Unfinished { id: set.id.clone(), phase: set.state.phase });
            }
        }
        if let Some(id) = &draft.after {
            let phase = self.set(id)?.state.phase;
            if phase != Phase::Confirmed {
                return Err(PostError::WaitsFor { id: id.clone(), phase });
            }
        }
        Ok(())
    }

    /// The before-image of a creation is that there is nothing. SAP's own check of the accounting
    /// documents comes on top. The reason to refuse, as a sentence.
    async fn ask_sap_first(
        &mut self,
        draft: &ChangeSetDraft,
        keys: &[ReferenceKey],
    ) -> Result<(), String> {
        for (at, document) in draft.documents.iter().enumerate() {
            let item = format!("item {} ({})", at + 1, document.title());
            let failed = |error: PortError| format!("{item}: {error}");
            match document {
                NewDocument::PlannedOrder(order) => {
                    let twins = self.sap.find_planned_orders(order).await.map_err(failed)?;
                    if let Some(twin) = twins.first() {
                        return Err(format!(
                            "{item} is already in SAP as planned order {}",
                            twin.number.padded()
                        ));
                    }
                }
                NewDocument::FiDocument(posting) => {
                    let key = self.keys_in_sap(&keys[at], posting);
                    let found = self.sap.find_documents(posting, &[&key.object_key]).await;
                    if let Some(Some(twin)) = found.map_err(failed)?.first() {
                        return Err(format!(
                            "{item} is already in SAP as {}. To post it again after a reversal, \
                             give it revision {}",
                            twin.document,
                            posting.revision + 1
                        ));
                    }
                    self.sap.check_document(posting, &key).await.map_err(failed)?;
                }
            }
        }
        Ok(())
    }
}
