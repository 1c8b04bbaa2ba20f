//! Doing what is due, until nothing is. Posting, undoing and recovering are all this loop.
//!
//! Documents that do not depend on each other are on their way at the same time, as many as SAP has
//! sessions for us. What came back and what goes out next is written in one commit of the journal: the
//! intent is durable before any byte of its document leaves.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::FutureExt;
use futures_util::stream::{FuturesUnordered, StreamExt};

use crate::clock::Clock;
use crate::sap::odata::RequestId;

use super::Poster;
use super::change_set::ChangeSetId;
use super::desk::Limits;
use super::document::NewDocument;
use super::errand::{Ended, Errand, Finding, Task};
use super::error::PostError;
use super::journal::{Record, Writing};
use super::reference_key::ReferenceKey;
use super::report::Progress;
use super::sap_port::SapPort;
use super::state::{self, ATTEMPTS_MAX, Effect, ItemState, Outcome, Phase, State};

/// How `drive` goes about a change set.
#[derive(Clone, Debug, Default)]
pub(super) struct Course {
    /// Why nothing further may be sent forward, if so.
    pub no_further: Option<String>,
    /// Who asked, for the record of a rollback.
    pub requested_by: String,
    /// Whether SAP is only asked about what is in doubt.
    pub only_asks: bool,
}

/// What is to be written next, and what then begins.
#[derive(Default)]
struct Next {
    records: Vec<Record>,
    begin: Vec<(usize, Task)>,
    /// What is due for the change set as a whole, once nothing else is.
    whole: Option<Effect>,
}

impl<S: SapPort, C: Clock> Poster<S, C> {
    /// Does what is due, until nothing is.
    pub(super) async fn drive(
        &mut self,
        writing: &Writing,
        id: &ChangeSetId,
        course: &Course,
    ) -> Result<(), PostError> {
        let limits = Arc::new(Limits {
            no_further: course.no_further.clone(),
            deadline: self.set(id)?.deadline.clone(),
            going_back: false.into(),
        });
        let mut under_way = FuturesUnordered::new();
        let mut busy: BTreeSet<usize> = BTreeSet::new();
        let mut came_back: Vec<(usize, Ended)> = Vec::new();
        let mut trouble: Option<PostError> = None;
        loop {
            let mut next = Next::default();
            let mut mismatch = None;
            for (item, found) in came_back.drain(..) {
                busy.remove(&item);
                match found {
                    Ok(Finding::Outcome { record, mismatch: found }) => {
                        next.records.push(record);
                        let found = found.map(|what| format!("item {}: {what}", item + 1));
                        mismatch = mismatch.or(found);
                    }
                    Ok(Finding::TakenBack(undone)) => next.records.push(undone.record(item)),
                    Ok(Finding::NotThere) => next.begin.push((item, Task::Resolve)),
                    Err(PostError::Crashed) => return Err(PostError::Crashed),
                    // Those that are on their way still come back.
                    Err(error) => trouble = trouble.or(Some(error)),
                }
            }
            let goes_on = trouble.is_none() && mismatch.is_none();
            let stop = limits.reason_to_stop(&self.desk);
            self.plan(id, course, goes_on, stop.is_some(), &busy, &mut next)?;
            self.write_down(writing, id, &next.records)?;
            for (item, task) in next.begin {
                busy.insert(item);
                under_way.push(self.errand(id, item, &limits)?.run(task));
            }
            let whole = next.whole.filter(|_| goes_on);
            let goes_back = match whole {
                Some(Effect::RollBack) => Some(self.what_went_wrong(id)?),
                Some(Effect::Write(..) | Effect::OpenWindow) if stop.is_some() => stop,
                Some(Effect::OpenWindow) => {
                    self.open_window(writing, id)?;
                    continue;
                }
                Some(Effect::Close(phase)) => {
                    self.close(writing, id, phase)?;
                    continue;
                }
                _ => mismatch.filter(|_| !course.only_asks),
            };
            if let Some(reason) = goes_back
                && self.set(id)?.state.phase == Phase::Applying
            {
                limits.going_back.store(true, Ordering::SeqCst);
                self.begin_rollback(writing, id, reason, &course.requested_by)?;
                continue;
            }
            match under_way.next().await {
                Some(first) => came_back.push(first),
                None => break,
            }
            // What is there by now is written in the same commit.
            while let Some(Some(more)) = under_way.next().now_or_never() {
                came_back.push(more);
            }
        }
        match trouble {
            Some(PostError::WayBackBlocked { id, reason, .. }) => {
                let left = self.set(&id)?.still_there();
                Err(PostError::WayBackBlocked { id, reason, left })
            }
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// Adds to what came back what can begin now. Items that SAP does not have stand in `next.begin`:
    /// they are sent once more, or end here.
    fn plan(
        &self,
        id: &ChangeSetId,
        course: &Course,
        goes_on: bool,
        must_stop: bool,
        busy: &BTreeSet<usize>,
        next: &mut Next,
    ) -> Result<(), PostError> {
        let mut state = self.set(id)?.state.clone();
        for record in &next.records {
            state = after(state, record);
        }
        for (item, _) in std::mem::take(&mut next.begin) {
            let again = match state.items[item] {
                ItemState::Intent(attempt) if attempt < ATTEMPTS_MAX => attempt + 1,
                _ => 0,
            };
            let may = goes_on && !must_stop && state.phase == Phase::Applying && again > 0;
            if !may && self.set(id)?.runs_once(item) {
                // Nothing is believed absent while its key could still run.
                if goes_on {
                    next.begin.push((item, Task::Cancel));
                }
                continue;
            }
            let record = if may && state.due().contains(&Effect::Resolve(item)) {
                next.begin.push((item, Task::Send));
                self.intent(id, item, again)?
            } else {
                absent(item)
            };
            state = after(state, &record);
            next.records.push(record);
        }
        if !goes_on {
            return Ok(());
        }
        let begun: BTreeSet<usize> = next.begin.iter().map(|(item, _)| *item).collect();
        let mut free = self.desk.settings.sessions.saturating_sub(busy.len() + begun.len());
        let due = if course.only_asks { in_doubt(&state) } else { state.due() };
        for effect in due {
            let (item, record, task) = match effect {
                Effect::Write(item, attempt) if !must_stop => {
                    (item, Some(self.intent(id, item, attempt)?), Task::Send)
                }
                Effect::Compensate(item, attempt) => {
                    (item, Some(Record::CompIntent { item, attempt }), Task::TakeBack)
                }
                Effect::Resolve(item) => (item, None, Task::Resolve),
                whole => {
                    next.whole = Some(whole);
                    continue;
                }
            };
            if free > 0 && !busy.contains(&item) && !begun.contains(&item) {
                free -= 1;
                next.records.extend(record);
                next.begin.push((item, task));
            }
        }
        Ok(())
    }

    fn intent(&self, id: &ChangeSetId, item: usize, attempt: u32) -> Result<Record, PostError> {
        let request_id = self.request(id, item, Way::Forward)?.id;
        Ok(Record::ItemIntent { item, attempt, request_id })
    }

    /// Writes in one commit, and tells people.
    fn write_down(
        &mut self,
        writing: &Writing,
        id: &ChangeSetId,
        records: &[Record],
    ) -> Result<(), PostError> {
        if records.is_empty() {
            return Ok(());
        }
        self.journal.append_all(writing, id, records, &self.desk.clock.now())?;
        for record in records {
            match record {
                Record::ItemIntent { item, .. } => {
                    self.desk.failpoints.pass("journal.after_intent")?;
                    let title = self.document(id, *item)?.said();
                    self.desk.tell(Progress::Sending { item: item + 1, title });
                }
                Record::ItemOutcome { item, outcome: Outcome::Done, number, adopted, .. } => {
                    self.desk.failpoints.pass("journal.after_outcome")?;
                    tracing::info!(change_set = %id, ?number, adopted, "posted and read back");
                    self.desk.tell(Progress::Posted { item: item + 1, number: number.clone() });
                }
                Record::CompIntent { .. } => self.desk.failpoints.pass("undo.after_intent")?,
                Record::CompOutcome { item, .. } => {
                    self.desk.failpoints.pass("undo.after_outcome")?;
                    let state = self.set(id)?.state.items[*item];
                    self.desk.tell(Progress::TakenBack { item: item + 1, state });
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn what_went_wrong(&self, id: &ChangeSetId) -> Result<String, PostError> {
        let reports = self.set(id)?.item_reports();
        let bad = reports.iter().find(|item| {
            matches!(item.state, ItemState::Rejected | ItemState::Absent | ItemState::Held(_))
        });
        Ok(bad.map_or_else(
            || "something went wrong".to_owned(),
            |item| {
                let said = item.message.as_deref().unwrap_or("SAP does not have it");
                format!("item {} ({}): {said}", item.item, item.title)
            },
        ))
    }

    /// All that is needed to send, find and take back one document.
    pub(super) fn errand(
        &self,
        id: &ChangeSetId,
        item: usize,
        limits: &Arc<Limits>,
    ) -> Result<Errand<S, C>, PostError> {
        let set = self.set(id)?;
        let unknown = || PostError::Unknown { id: id.clone() };
        let key = set.keys.get(item).ok_or_else(unknown)?;
        let version = set.versions.get(item).and_then(Option::as_deref);
        let document = set.orders.document(self.document(id, item)?, version);
        let document_key = self.document_keys(key, &document);
        Ok(Errand {
            desk: Arc::clone(&self.desk),
            limits: Arc::clone(limits),
            id: id.clone(),
            item,
            state: *set.state.items.get(item).ok_or_else(unknown)?,
            known: set.items.get(item).ok_or_else(unknown)?.clone(),
            key: document_key,
            reversal_key: key.derived("reversal").object_key(&self.journal.tag()),
            tier: set.tier,
            way: set.orders,
            entry_key: self.entry_key(id, item, key, "post"),
            back_entry_key: self.entry_key(id, item, key, "reverse"),
            forward: self.request(id, item, Way::Forward)?,
            back: self.request(id, item, Way::Back)?,
            document,
        })
    }

    /// The key under which the companion runs the item or its way back. It names change set and item
    /// for people; the rest is the same for every attempt, and for no other change set.
    fn entry_key(&self, id: &ChangeSetId, item: usize, key: &ReferenceKey, what: &str) -> String {
        let derived = key.derived(&format!("{} {id} entry {what}", self.journal.tag()));
        format!("{id}-{}-{}", item + 1, derived.short())
    }

    /// The request that sends the item or takes it back. Every attempt carries the same id and the
    /// time of the first. It names the change set: after a rollback the same order may be created
    /// anew, and that is another request.
    fn request(&self, id: &ChangeSetId, item: usize, way: Way) -> Result<RequestId, PostError> {
        let set = self.set(id)?;
        let unknown = || PostError::Unknown { id: id.clone() };
        let (key, known) = (set.keys.get(item), set.items.get(item));
        let (key, known) = (key.ok_or_else(unknown)?, known.ok_or_else(unknown)?);
        let (forward, back) = match self.document(id, item)? {
            NewDocument::PlannedOrderChange(_) => ("change", "change back"),
            NewDocument::PlannedOrderDeletion(_) => ("remove", "create again"),
            _ => ("create", "delete"),
        };
        let (what, first_sent) = match way {
            Way::Forward => (forward, known.first_sent),
            Way::Back => (back, known.first_taken_back),
        };
        let derived = key.derived(&format!("{} {id} {what}", self.journal.tag()));
        let first_sent = first_sent.unwrap_or_else(|| self.desk.clock.now().wall);
        Ok(RequestId { id: derived.request_id(), first_sent })
    }
}

/// Which of the two requests that an item can need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Into SAP.
    Forward,
    /// Out of it again.
    Back,
}

/// The state after a record. One that cannot follow is found out when it is to be written.
fn after(state: State, record: &Record) -> State {
    match record.event().map(|event| state::step(&state, event)) {
        Some(Ok((next, _))) => next,
        _ => state,
    }
}

fn in_doubt(state: &State) -> Vec<Effect> {
    let items = state.items.iter().enumerate();
    let in_doubt = items.filter(|(_, item)| matches!(item, ItemState::Intent(_)));
    in_doubt.map(|(item, _)| Effect::Resolve(item)).collect()
}

fn absent(item: usize) -> Record {
    Record::ItemOutcome {
        item,
        outcome: Outcome::Absent,
        number: None,
        after: None,
        adopted: false,
        message: Some("no answer came, and SAP does not have it".to_owned()),
    }
}
