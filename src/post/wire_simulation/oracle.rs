//! What must hold whatever happens, checked after every step against what the sandbox truly holds and
//! what the journal file says. Names as in the specification of the journal: I1 to I7, J1 to J7.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::SignedDuration;
use rusqlite::{Connection, OpenFlags};
use rust_decimal::Decimal;

use crate::post::change_set::ChangeSetId;
use crate::post::document::NewDocument;
use crate::post::journal::{Record, SapNumber};
use crate::post::order_values::OrderValues;
use crate::post::state::{Decision, ItemState, Phase};
use crate::post::window::WINDOW;
use crate::sandbox::TrueOrder;

use super::world::{PASSWORD, SETTLE, World};

/// What was seen of one change set.
#[derive(Default)]
struct Set {
    documents: Vec<NewDocument>,
    sealed: bool,
    /// The change set whose window its deletions waited for.
    waited_for: Option<String>,
    opened: Option<SignedDuration>,
    ended: Option<&'static str>,
}

/// Watches one world.
pub struct Oracle {
    world: Arc<World>,
    /// Past the simulated disk: it only reads.
    journal: Option<Connection>,
    rows: i64,
    /// Calls of the disk so far: without one there is no new row.
    written: u32,
    commits: usize,
    sets: BTreeMap<String, Set>,
    /// Creations that intents allow, by quantity: no two orders of a test have the same.
    allowed: BTreeMap<Decimal, usize>,
    /// Numbers that our user created, by quantity.
    created: BTreeMap<Decimal, Vec<String>>,
    /// Numbers that were there before, by quantity.
    before: BTreeMap<Decimal, String>,
    /// Whether the journal can have lost rows: the disk said that they were synced, and lied.
    pub disk_lied: bool,
}

fn quantity(order: &TrueOrder) -> Decimal {
    order["TotalQuantity"].as_str().unwrap_or_default().parse().unwrap_or_default()
}

fn number(order: &TrueOrder) -> String {
    order["PlannedOrder"].as_str().unwrap_or_default().to_owned()
}

impl Oracle {
    pub fn of(world: &Arc<World>) -> Self {
        let orders = world.sandbox.orders();
        Self {
            world: Arc::clone(world),
            journal: None,
            rows: 0,
            written: 0,
            commits: world.sandbox.commit_count(),
            sets: BTreeMap::new(),
            allowed: BTreeMap::new(),
            created: BTreeMap::new(),
            before: orders.iter().map(|order| (quantity(order), number(order))).collect(),
            disk_lied: false,
        }
    }

    fn fail(&self, what: &str) -> ! {
        panic!("CARBIDE_SEED={}: {what}", self.world.seed);
    }

    fn must(&self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.fail(&what());
        }
    }

    /// Closes the file, so that a power cut can change it.
    pub fn close(&mut self) {
        self.journal = None;
        if self.disk_lied {
            // Rows can be gone: what is there is read anew.
            (self.rows, self.written) = (0, 0);
            self.sets.clear();
            self.allowed.clear();
        }
    }

    /// Looks at what has happened since the last time.
    pub fn look(&mut self) {
        let effects = self.new_effects();
        let written = self.world.disk.calls();
        let rows = std::mem::replace(&mut self.written, written) != written;
        // What nobody touched is as it was.
        if rows || !effects.is_empty() {
            self.new_rows();
            for (user, what) in effects {
                self.effect(&user, &what);
            }
            self.truth_holds();
        }
    }

    fn new_rows(&mut self) {
        let path = self.world.path();
        if self.journal.is_none() && path.exists() {
            let address = format!("file:{}?vfs=unix&mode=ro", path.display());
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
            self.journal = Connection::open_with_flags(address, flags).ok();
        }
        // Not yet a journal, or being recovered: the next look sees it.
        let rows = self.journal.as_ref().map(|journal| rows_after(journal, self.rows));
        for (seq, set, payload) in rows.and_then(Result::ok).unwrap_or_default() {
            self.rows = seq;
            match Record::from_json(&payload) {
                Ok(record) => self.row(&set, &record, payload),
                Err(error) => self.fail(&format!("J1: row {seq} cannot be read: {error}")),
            }
        }
    }

    fn row(&mut self, id: &str, record: &Record, payload: String) {
        let now = self.world.schedule.passed();
        self.world.note_with(format!("journal {id} {}", record.name()), payload);
        if let Some(ended) = self.sets.get(id).and_then(|set| set.ended) {
            self.fail(&format!("J4: {id} is {ended}, and {} follows", record.name()));
        }
        let waited_for = self.sets.get(id).and_then(|set| set.waited_for.clone());
        if let (Record::ItemIntent { .. }, Some(first)) = (record, waited_for) {
            let ended = self.sets.get(&first).and_then(|set| set.ended);
            self.must(matches!(ended, Some("CONFIRMED" | "accepted")), || {
                format!("I9: {id} deletes what waits for {first}, which is {ended:?}")
            });
        }
        let set = self.sets.entry(id.to_owned()).or_default();
        match record {
            Record::BackupSealed(_) => set.sealed = true,
            Record::Prepared { draft, .. } => {
                set.documents.clone_from(&draft.documents);
                set.waited_for = draft.waited_for().map(ToString::to_string);
            }
            Record::ItemIntent { item, .. } => {
                let sealed = set.sealed;
                if let Some(NewDocument::PlannedOrder(order)) = set.documents.get(*item) {
                    *self.allowed.entry(order.quantity.amount).or_default() += 1;
                }
                self.must(sealed, || format!("I7: {id} is sent without a backup"));
            }
            Record::CompIntent { item, .. } => {
                if let Some(NewDocument::PlannedOrderDeletion(of)) = set.documents.get(*item) {
                    *self.allowed.entry(of.before.quantity.amount).or_default() += 1;
                }
            }
            Record::ItemOutcome { number: Some(SapNumber::PlannedOrder(number)), .. }
            | Record::CompOutcome { recreated: Some(number), .. } => {
                self.world.others.lock().unwrap().unknown.remove(number.as_str());
            }
            Record::Open { .. } => set.opened = Some(now),
            Record::Confirmed { .. } => {
                set.ended = Some("CONFIRMED");
                let opened = set.opened;
                if let Some(opened) = opened {
                    self.must(now - opened >= WINDOW, || {
                        format!("J6: the window of {id} closed after {:#}", now - opened)
                    });
                    self.confirmed(id);
                }
            }
            Record::RolledBack => {
                set.ended = Some("ROLLED_BACK");
                self.rolled_back(id);
            }
            Record::RolledBackConflicts => set.ended = Some("ROLLED_BACK_CONFLICTS"),
            Record::Refused { .. } => set.ended = Some("REFUSED"),
            Record::OperatorDecision { decision: Decision::Accept, .. } => {
                set.ended = Some("accepted");
            }
            _ => {}
        }
    }

    fn new_effects(&mut self) -> Vec<(String, String)> {
        let new = self.world.sandbox.commits(self.commits);
        self.commits += new.len();
        new.into_iter().map(|commit| (commit.user, commit.what)).collect()
    }

    /// I5 and J2: nothing is in SAP that was not in the journal before.
    fn effect(&mut self, user: &str, what: &str) {
        // A cancelled key writes no document.
        if user != "CARBIDE" || what.ends_with(" cancelled") {
            return;
        }
        let sealed = self.disk_lied || self.sets.values().any(|set| set.sealed);
        self.must(sealed, || format!("I7: no backup, and {what}"));
        let created = what.strip_prefix("planned order ");
        let Some(new) = created.and_then(|what| what.strip_suffix(" created")) else { return };
        let orders = self.world.sandbox.orders();
        let Some(order) = orders.iter().find(|order| number(order) == new) else { return };
        let amount = quantity(order);
        let numbers = self.created.entry(amount).or_default();
        numbers.push(new.to_owned());
        let (made, allowed) = (numbers.len(), self.allowed.get(&amount).copied().unwrap_or(0));
        self.must(made <= allowed || self.disk_lied, || {
            format!(
                "I5: {what}, {amount} for the {made}. time, and the journal has {allowed} intents"
            )
        });
    }

    /// Whether an order with this number is there, as it was or as a production order.
    fn alive(&self, orders: &BTreeSet<String>, wanted: &str) -> bool {
        orders.contains(wanted) || self.world.others.lock().unwrap().taken.contains_key(wanted)
    }

    fn truth_holds(&self) {
        let orders = self.world.sandbox.orders();
        let there: BTreeSet<String> = orders.iter().map(number).collect();
        for (amount, numbers) in &self.created {
            let of_before = self.before.get(amount).filter(|_| self.deleted(*amount));
            let alive = numbers.iter().chain(of_before).filter(|n| self.alive(&there, n));
            let alive: Vec<&String> = alive.collect();
            self.must(alive.len() <= 1, || format!("I1: {amount} is there as {alive:?}"));
        }
        let others = self.world.others.lock().unwrap();
        for (edited, left) in &others.edited {
            let now = orders.iter().find(|order| number(order) == *edited);
            let now = now.or_else(|| others.taken.get(edited));
            self.must(now == Some(left), || format!("I4: order {edited}, which a planner edited"));
        }
        drop(others);
        self.documents_hold();
    }

    fn documents_hold(&self) {
        let documents = self.world.sandbox.documents();
        let mut keys = BTreeSet::new();
        let mut reversed = BTreeSet::new();
        for document in &documents {
            let (number, key) = (&document.number, &document.object_key);
            self.must(keys.insert(key), || format!("I1: {number} doubles {key}"));
            self.must(document.balance.is_zero(), || format!("J3: {number} does not balance"));
            if let Some(original) = &document.reverses {
                self.must(reversed.insert(original), || format!("I6: {original} reversed twice"));
            }
        }
        let stands = documents.len() - 2 * reversed.len();
        let wanted = self.sets.values().flat_map(|set| &set.documents);
        let fi = wanted.filter(|of| matches!(of, NewDocument::FiDocument(_))).count();
        self.must(stands <= fi || self.disk_lied, || {
            format!("J2: {stands} documents stand, and the journal has {fi}")
        });
        let stands = self.key_figures_standing();
        let wanted = self.sets.values().flat_map(|set| &set.documents);
        let figures = wanted.filter(|of| matches!(of, NewDocument::KeyFigures(_))).count();
        self.must(stands <= figures || self.disk_lied, || {
            format!("J2: {stands} documents of key figures stand, and the journal has {figures}")
        });
    }

    /// Documents of key figures that stand: what was posted, less what was taken back with its reversal.
    fn key_figures_standing(&self) -> usize {
        let figures = self.world.sandbox.key_figures();
        let mut reversed = BTreeSet::new();
        for (number, text) in &figures {
            if let Some(original) = text.strip_prefix("reverses ") {
                let once = reversed.insert(original);
                self.must(once, || {
                    format!("I6: key figures {original} reversed twice, by {number}")
                });
            }
        }
        figures.len() - 2 * reversed.len()
    }

    /// Whether a change set deletes the order of this quantity.
    fn deleted(&self, amount: Decimal) -> bool {
        let documents = self.sets.values().flat_map(|set| &set.documents);
        documents.into_iter().any(|document| {
            matches!(document, NewDocument::PlannedOrderDeletion(of)
                if of.before.quantity.amount == amount)
        })
    }

    /// Numbers of ours with this quantity that are there.
    fn standing(&self, amount: Decimal) -> Vec<String> {
        let there: BTreeSet<String> = self.world.sandbox.orders().iter().map(number).collect();
        let numbers = self.created.get(&amount).cloned().unwrap_or_default();
        numbers.into_iter().filter(|n| self.alive(&there, n)).collect()
    }

    /// I2: what is confirmed is there, ours or as others left it.
    fn confirmed(&self, id: &str) {
        for document in &self.sets[id].documents {
            if let NewDocument::PlannedOrder(order) = document {
                let amount = order.quantity.amount;
                self.must(self.standing(amount).len() == 1, || {
                    format!("I2: {id} is confirmed, and {amount} is not there")
                });
            }
        }
    }

    /// I3: nothing is left of what was taken back.
    fn rolled_back(&self, id: &str) {
        let orders = self.world.sandbox.orders();
        let others = self.world.others.lock().unwrap();
        for document in &self.sets[id].documents {
            match document {
                NewDocument::PlannedOrder(order) => {
                    let amount = order.quantity.amount;
                    let there: Vec<String> = orders.iter().map(number).collect();
                    let mut left = self.created.get(&amount).into_iter().flatten();
                    let left = left.find(|number| there.contains(number));
                    self.must(left.is_none(), || {
                        format!("I3: {id} is rolled back, and {amount} is there as {left:?}")
                    });
                }
                NewDocument::PlannedOrderChange(change) => {
                    let wanted = change.before.number.as_str();
                    let now = orders.iter().find(|order| number(order) == wanted);
                    let old = now.is_some_and(|now| quantity(now) == change.before.quantity.amount);
                    let theirs = others.edited.contains_key(wanted);
                    let taken = others.taken.contains_key(wanted);
                    self.must(old || theirs || taken, || {
                        format!("I3: {id} is rolled back, and {wanted} is not as it was")
                    });
                }
                NewDocument::PlannedOrderDeletion(deletion) => {
                    let amount = deletion.before.quantity.amount;
                    let original = deletion.before.number.as_str();
                    let there = orders
                        .iter()
                        .any(|order| quantity(order) == amount || number(order) == original);
                    let taken = others
                        .taken
                        .values()
                        .any(|order| quantity(order) == amount || number(order) == original);
                    // Created anew, and changed by a planner at once: it is theirs.
                    let anew = self.created.get(&amount).into_iter().flatten();
                    let edited = anew
                        .chain([&deletion.before.number.as_str().to_owned()])
                        .any(|number| others.edited.contains_key(number));
                    self.must(there || taken || edited, || {
                        format!("I3: {id} is rolled back, and {amount} is gone")
                    });
                }
                NewDocument::FiDocument(_) | NewDocument::KeyFigures(_) => {}
            }
        }
    }

    /// Long after the last disturbance: everything has an end, and journal and SAP say the same.
    pub fn at_the_end(&mut self) -> Vec<Phase> {
        self.look();
        let process = self.world.starts(None);
        let mut poster = match self.world.poster(process) {
            Ok(poster) => poster,
            Err(error) => self.fail(&format!("J1: the journal does not open: {error}")),
        };
        let verified = poster.verify().map(|verified| verified.damage);
        self.must(matches!(verified, Ok(None)), || format!("J1: {verified:?}"));
        let ids: Vec<ChangeSetId> =
            poster.list().unwrap().into_iter().map(|set| set.change_set_id).collect();
        let mut accounted: BTreeSet<String> = BTreeSet::new();
        let mut on_hold: BTreeSet<Decimal> = BTreeSet::new();
        let (mut stands, mut figures) = (0, 0);
        let mut phases = Vec::new();
        for id in ids {
            let (set, _) = poster.show(&id).unwrap();
            let phase = set.state.phase;
            phases.push(phase);
            self.must(phase.is_final() || phase == Phase::Held, || {
                format!("J7: {id} is still {phase} {:#} after all was calm", SETTLE)
            });
            if set.state.items.iter().any(|item| *item != ItemState::New) {
                let sealed = set.backup.as_ref();
                let keys = poster.vault.keys().identities().unwrap();
                let drilled = sealed.map(|sealed| poster.vault.drill(&set.id, sealed, &keys));
                self.must(matches!(drilled, Some(Ok(_))), || format!("I7: {id}: {drilled:?}"));
            }
            for (at, (item, state)) in set.items.iter().zip(&set.state.items).enumerate() {
                let document = set.draft.as_ref().map(|draft| &draft.documents[at]);
                let held = matches!(state, ItemState::Held(_) | ItemState::CompHeld(_));
                let Some(document) = document else { continue };
                if held {
                    on_hold.extend(amounts(document));
                }
                let stays = matches!(state, ItemState::Done | ItemState::Conflict) || held;
                match (&item.number, document) {
                    (Some(SapNumber::PlannedOrder(number)), NewDocument::PlannedOrder(_))
                        if stays =>
                    {
                        accounted.insert(number.as_str().to_owned());
                    }
                    (_, NewDocument::FiDocument(_)) if stays => stands += 1,
                    (_, NewDocument::KeyFigures(_)) if stays => figures += 1,
                    _ => {}
                }
                accounted.extend(item.recreated.iter().map(|number| number.as_str().to_owned()));
            }
        }
        // I3 and J2, once nothing can arrive any more.
        for order in self.world.sandbox.orders() {
            let ours =
                self.created.values().flatten().any(|number_of| *number_of == number(&order));
            let known = accounted.contains(&number(&order)) || on_hold.contains(&quantity(&order));
            self.must(!ours || known || self.disk_lied, || {
                format!("J2: order {} is in SAP, and the journal does not know it", number(&order))
            });
        }
        let documents = self.world.sandbox.documents();
        let reversals = documents.iter().filter(|document| document.reverses.is_some()).count();
        let true_stands = documents.len() - 2 * reversals;
        self.must(true_stands <= stands || self.disk_lied, || {
            format!("I3: {true_stands} FI documents stand in SAP, {stands} in the journal")
        });
        let true_figures = self.key_figures_standing();
        self.must(true_figures <= figures || self.disk_lied, || {
            format!("I3: {true_figures} of key figures stand in SAP, {figures} in the journal")
        });
        drop(poster);
        self.no_secret_is_on_the_disk();
        phases
    }

    /// J5.
    fn no_secret_is_on_the_disk(&self) {
        let mut folders = vec![self.world.directory.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap().flatten() {
                if entry.path().is_dir() {
                    folders.push(entry.path());
                    continue;
                }
                // The journal is closed by now: reading the file takes no lock away from anybody.
                let bytes = std::fs::read(entry.path()).unwrap_or_default();
                // A search over bytes, built without optimization, took a third of all time.
                let found = String::from_utf8_lossy(&bytes).contains(PASSWORD);
                self.must(!found, || format!("J5: the password is in {:?}", entry.path()));
            }
        }
    }
}

/// Position, change set and payload of each row after one.
fn rows_after(journal: &Connection, last: i64) -> rusqlite::Result<Vec<(i64, String, String)>> {
    let mut statement = journal
        .prepare("SELECT seq, change_set, payload FROM journal WHERE seq > ?1 ORDER BY seq")?;
    let rows = statement.query_map([last], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    rows.collect()
}

fn amounts(document: &NewDocument) -> Vec<Decimal> {
    match document {
        NewDocument::PlannedOrder(order) => vec![order.values().quantity.amount],
        NewDocument::PlannedOrderDeletion(of) => {
            vec![OrderValues::from(&of.before).quantity.amount]
        }
        _ => Vec::new(),
    }
}
