//! Before anything is sent: is there room, is nothing of it in SAP yet, and would SAP take it?

use futures_util::stream::{self, StreamExt, TryStreamExt};
use jiff::Timestamp;

use crate::clock::Clock;
use crate::order::PlannedOrder;

use super::backup::content::FORMAT;
use super::backup::{BackedUpItem, Backup, BackupError, BeforeImage};
use super::change_set::{ChangeSetDraft, ChangeSetId};
use super::desk::Desk;
use super::document::NewDocument;
use super::error::PostError;
use super::journal::{ChangeSet, Record, Writing};
use super::order_values::OrderValues;
use super::order_way::OrderWay;
use super::reference_key::ReferenceKey;
use super::report::Progress;
use super::rule::Rule;
use super::sap_port::{DocumentKey, OrderBefore, SapPort, Tier};
use super::state::{ItemState, Phase};
use super::{PortError, Poster};
use crate::said;

/// Rows that a change set can have before its backup.
const ROWS_BEFORE_BACKUP: usize = 8;

impl<S: SapPort, C: Clock> Poster<S, C> {
    /// Makes a change set of `draft` that can be sent.
    pub(super) async fn prepare(
        &mut self,
        writing: &Writing,
        draft: ChangeSetDraft,
        approval: Option<String>,
        tier: Tier,
    ) -> Result<ChangeSetId, PostError> {
        self.refuse_out_of_turn(&draft)?;
        self.refuse_used(approval.as_deref())?;
        let id = self.journal.next_id();
        let sizes = draft
            .documents
            .iter()
            .map(|document| serde_json::to_string(document).map_or(0, |text| text.len() as u64));
        let bytes = self.journal.reserve(writing, sizes)?;
        let items = draft.documents.len();
        self.append(writing, &id, &Record::SpaceReserved { bytes, items })?;

        let domain = self.desk.settings.domain();
        let keys: Vec<ReferenceKey> = draft
            .documents
            .iter()
            .enumerate()
            .map(|(at, document)| document.key(&domain, &draft.plan_hash, at))
            .collect();
        if let Some(reason) = self.no_key_figures(&draft, &keys, tier) {
            return self.refuse(writing, id, reason, &draft);
        }
        let before = match self.ask_sap_first(&draft, &keys).await {
            Ok(before) => before,
            Err(reason) => return self.refuse(writing, id, reason, &draft),
        };
        let orders = self.desk.settings.orders;
        let versions = match orders {
            OrderWay::ODataV2 => Vec::new(),
            _ => before.iter().map(version_of).collect(),
        };
        if let Err(error) = self.seal(writing, &id, &draft, &keys, before)? {
            return self.refuse(writing, id, error.to_string(), &draft);
        }
        self.desk.failpoints.pass("journal.before_prepared")?;
        let settle = self.desk.settings.settle;
        let deletions_of = draft.waited_for().cloned();
        let prepared =
            Record::Prepared { draft, keys, settle, domain, approval, tier, orders, versions };
        self.append(writing, &id, &prepared)?;
        if let Err(error) = self.leave_mark(&id, tier).await {
            let reason = match &error {
                PostError::Refused { reason, .. } => reason.clone(),
                other => other.to_string(),
            };
            self.append(writing, &id, &Record::Refused { reason, deletions_of })?;
            return Err(error);
        }
        self.desk.tell(Progress::Prepared { id: id.clone(), items });
        Ok(id)
    }

    fn refuse(
        &mut self,
        writing: &Writing,
        id: ChangeSetId,
        reason: String,
        draft: &ChangeSetDraft,
    ) -> Result<ChangeSetId, PostError> {
        let deletions_of = draft.waited_for().cloned();
        self.append(writing, &id, &Record::Refused { reason: reason.clone(), deletions_of })?;
        Err(PostError::Refused { id, reason })
    }

    /// Puts what SAP holds on the disk, encrypted and read back, and records that.
    fn seal(
        &mut self,
        writing: &Writing,
        id: &ChangeSetId,
        draft: &ChangeSetDraft,
        keys: &[ReferenceKey],
        before: Vec<BeforeImage>,
    ) -> Result<Result<(), BackupError>, PostError> {
        let items = before.into_iter().enumerate().map(|(at, before)| BackedUpItem {
            item: at + 1,
            title: draft.documents[at].title(),
            key: keys[at].clone(),
            before,
        });
        let backup = Backup {
            format: FORMAT,
            change_set: id.clone(),
            journal: self.journal.tag(),
            system: self.desk.settings.domain(),
            at: self.desk.clock.now().wall,
            carbide: env!("CARGO_PKG_VERSION").to_owned(),
            items: items.collect(),
            plan: draft.clone(),
            rows: self.journal.rows_at_the_end(id, ROWS_BEFORE_BACKUP)?,
        };
        let name = format!("{}-{id}", backup.journal);
        let failpoints = &self.desk.failpoints;
        let sealed = match self.vault.seal(&name, &backup, &mut |point| failpoints.pass(point))? {
            Ok(sealed) => sealed,
            Err(error) => return Ok(Err(error)),
        };
        tracing::info!(change_set = %id, file = sealed.file, bytes = sealed.bytes, "backup sealed");
        self.append(writing, id, &Record::BackupSealed(sealed))?;
        self.desk.failpoints.pass("journal.after_backup")?;
        Ok(Ok(()))
    }

    /// Another process may have posted it since it was looked at.
    fn refuse_used(&self, approval: Option<&str>) -> Result<(), PostError> {
        let requests = self.journal.requests().iter();
        let used = requests.filter(|request| Some(request.name.as_str()) == approval);
        match used.filter_map(|request| request.posted_as.as_ref()).next() {
            Some(id) => {
                let reason = said!("approval.used", "it was posted already, as {id}", id = id);
                Err(PostError::NotApproved { reason })
            }
            None => Ok(()),
        }
    }

    fn refuse_out_of_turn(&self, draft: &ChangeSetDraft) -> Result<(), PostError> {
        for set in self.journal.change_sets() {
            if matches!(set.state.phase, Phase::Applying | Phase::RollingBack) {
                return Err(PostError::Unfinished { id: set.id.clone(), phase: set.state.phase });
            }
        }
        if let Some(id) = &draft.after {
            let phase = self.set(id)?.state.phase;
            if phase != Phase::Confirmed && Rule::FiLast.holds() {
                return Err(PostError::WaitsFor { id: id.clone(), phase });
            }
        }
        Ok(())
    }

    /// Why key figures of the draft cannot be posted, if so: SAP lets nobody look them up, so the
    /// companion has to keep their key, and this journal says whether they stand already.
    fn no_key_figures(
        &self,
        draft: &ChangeSetDraft,
        keys: &[ReferenceKey],
        tier: Tier,
    ) -> Option<String> {
        for (document, key) in draft.documents.iter().zip(keys) {
            let NewDocument::KeyFigures(posting) = document else { continue };
            if tier != Tier::Companion {
                return Some(
                    "KF-COMPANION: statistical key figures are posted by the companion package only, \
                     which SAP does not have: install it, or take key_figures out of \
                     mappings/accounts.toml"
                        .to_owned(),
                );
            }
            let stands = |set: &&ChangeSet| {
                set.keys.iter().zip(&set.state.items).any(|(known, state)| {
                    let gone = matches!(
                        state,
                        ItemState::Rejected | ItemState::Absent | ItemState::CompDone
                    );
                    known == key && set.state.phase != Phase::Refused && !gone
                })
            };
            if let Some(set) = self.journal.change_sets().iter().find(stands) {
                return Some(format!(
                    "{} was posted as {} already. To post it again after it was taken back, give it \
                     revision {}",
                    document.title(),
                    set.id,
                    posting.revision + 1
                ));
            }
        }
        None
    }

    /// Asks SAP about every document, several at a time. The before-image of each, in their order, or
    /// the reason to refuse, as a sentence. Of deletions that wait it is asked too: an order that was
    /// changed refuses the whole plan. Their before-images are taken anew when they are sent.
    async fn ask_sap_first(
        &self,
        draft: &ChangeSetDraft,
        keys: &[ReferenceKey],
    ) -> Result<Vec<BeforeImage>, String> {
        let desk = &*self.desk;
        let keyed = draft.documents.iter().zip(keys);
        let keyed = keyed.map(|(document, key)| (document, self.document_keys(key, document)));
        let waiting = draft.at_confirm.iter().map(|document| (document, None));
        let asked = keyed.chain(waiting).enumerate().map(|(at, (document, key))| {
            let item = format!("item {} ({})", at + 1, document.title());
            async move { ask_about(desk, document, key.as_ref(), &item).await }
        });
        let asked: Vec<_> = asked.collect();
        let asked = stream::iter(asked).buffered(desk.settings.sessions);
        let mut before: Vec<BeforeImage> = asked.try_collect().await?;
        before.truncate(draft.documents.len());
        Ok(before)
    }
}

/// The version of an order that is there already.
fn version_of(before: &BeforeImage) -> Option<String> {
    match before {
        BeforeImage::PlannedOrder { order, .. } => order.etag.clone(),
        BeforeImage::Nothing { .. } => None,
    }
}

/// The before-image of a creation is that there is nothing. SAP's own check of an accounting document
/// comes on top.
async fn ask_about<S: SapPort, C: Clock>(
    desk: &Desk<S, C>,
    document: &NewDocument,
    key: Option<&DocumentKey>,
    item: &str,
) -> Result<BeforeImage, String> {
    let failed = |error: PortError| format!("{item}: {error}");
    let way = desk.settings.orders;
    match document {
        NewDocument::PlannedOrder(order) => {
            let twins = desk
                .sap
                .find_planned_orders(way, &way.values(&order.values()))
                .await
                .map_err(failed)?;
            if let Some(twin) = twins.first() {
                let number = twin.number.padded();
                return Err(format!("{item} is already in SAP as planned order {number}"));
            }
            let asked = "planned orders that equal this one in every field".to_owned();
            Ok(BeforeImage::Nothing { asked })
        }
        NewDocument::PlannedOrderChange(change) => {
            still_as_planned(desk, &change.before).await.map_err(|why| format!("{item}: {why}"))
        }
        NewDocument::PlannedOrderDeletion(deletion) => {
            still_as_planned(desk, &deletion.before).await.map_err(|why| format!("{item}: {why}"))
        }
        NewDocument::FiDocument(posting) => {
            let Some(key) = key else { return Err(format!("{item} has no key")) };
            let found = desk.sap.find_documents(posting, &[&key.object_key]).await;
            if let Some(Some(twin)) = found.map_err(failed)?.first() {
                return Err(format!(
                    "{item} is already in SAP as {}. To post it again after a reversal, give it \
                     revision {}",
                    twin.document,
                    posting.revision + 1
                ));
            }
            desk.sap.check_document(posting, key).await.map_err(failed)?;
            let asked = format!("accounting document under {}", key.object_key);
            Ok(BeforeImage::Nothing { asked })
        }
        NewDocument::KeyFigures(posting) => {
            let Some(key) = key else { return Err(format!("{item} has no key")) };
            let text = format!("{} {}", key.header_text, key.reference);
            desk.sap.check_key_figures(posting, &text).await.map_err(failed)?;
            let asked = format!("key figures under {}: this journal has none", key.reference);
            Ok(BeforeImage::Nothing { asked })
        }
    }
}

/// The before-image of an order that is there, if it has the version that the plan was computed
/// from and could be put back as it was.
async fn still_as_planned<S: SapPort, C>(
    desk: &Desk<S, C>,
    planned: &PlannedOrder,
) -> Result<BeforeImage, String> {
    let number = planned.number.padded();
    let way = desk.settings.orders;
    let read = desk.sap.read_before(way, &planned.number).await.map_err(|e| e.to_string())?;
    let Some(there) = read else {
        return Err(format!(
            "planned order {number} is gone since the plan was made: make a new plan"
        ));
    };
    let values = way.values(&OrderValues::from(planned));
    let same_version = match way {
        OrderWay::ODataV2 => there.order.etag == planned.etag,
        // Another ETag, made of the same time of the last change; V2 tells it to the second.
        OrderWay::ODataV4 => second(there.order.last_change) == second(planned.last_change),
        // A BAPI tells no version: the fields that it knows are compared.
        OrderWay::Bapi => true,
    };
    if !same_version || !values.differing(&(&there.order).into()).is_empty() {
        let all = values.differences(&there.order, None);
        let texts: Vec<String> = all
            .iter()
            .map(|field| format!("{} {} -> {}", field.field, field.ours, field.now))
            .collect();
        return Err(format!(
            "planned order {number} was changed since the plan was made ({}): make a new plan",
            if texts.is_empty() { "its version".to_owned() } else { texts.join("; ") }
        ));
    }
    if let Some(what) = there.by_hand {
        return Err(format!(
            "PLAN-RESTORE: planned order {number}: {what}; it could not be restored exactly"
        ));
    }
    let OrderBefore { payload, order, .. } = there;
    Ok(BeforeImage::PlannedOrder { payload, order: Box::new(order) })
}

fn second(at: Option<Timestamp>) -> Option<i64> {
    at.map(Timestamp::as_second)
}
