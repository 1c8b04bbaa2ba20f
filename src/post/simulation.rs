//! Posting and undoing against a SAP that misbehaves, with a process that dies anywhere.

use jiff::SignedDuration;
use tempfile::TempDir;

use crate::clock::ManualClock;

use super::change_set::tests::draft_of;
use super::document::tests::{order, posting};
use super::journal::{ChangeSet, SapNumber};
use super::rule::Rule;
use super::sap_double::{Faults, SETTLE, SapDouble};
use super::state::{Decision, ItemState, Phase};
use super::*;

/// A journal, a SAP and a clock that outlive the process.
pub(super) struct World {
    pub directory: TempDir,
    pub sap: SapDouble,
    pub clock: ManualClock,
    /// Documents that are on their way at the same time.
    pub sessions: usize,
}

impl World {
    pub fn new(seed: u64, faults: Faults) -> Self {
        // On a RAM disk where there is one: thousands of syncs, and no power cut to survive.
        let ram = Path::new("/dev/shm");
        let directory = if ram.is_dir() { TempDir::new_in(ram) } else { TempDir::new() };
        let clock = ManualClock::at("2018-10-01T08:00:00Z".parse().unwrap());
        let sap = SapDouble::new(seed, faults, clock.clone());
        Self { directory: directory.unwrap(), sap, clock, sessions: 1 }
    }

    /// A process starts.
    pub fn poster(&self) -> Poster<SapDouble, ManualClock> {
        let settings = PostSettings::new("DBL", "100", SystemRole::Sandbox)
            .with_settle(SETTLE)
            .with_sessions(self.sessions);
        let path = self.directory.path().join("carbide.sqlite");
        Poster::open(&path, self.sap.clone(), settings, self.clock.clone()).unwrap()
    }

    /// What the journal and SAP recorded, in the order of time, for people who read a failed seed.
    pub fn history(&self) -> String {
        let path = self.directory.path().join("carbide.sqlite");
        let rows = journal::export(&path).unwrap_or_default();
        let mut lines: Vec<(i128, String)> = rows
            .into_iter()
            .map(|row| (row.since_boot_ns, format!("journal {} {}", row.kind, row.payload)))
            .collect();
        self.sap.truth(|truth| {
            lines.extend(truth.log.iter().map(|(at, what)| (at.as_nanos(), what.clone())));
        });
        lines.sort_by_key(|(at, _)| *at);
        let line = |(at, what): (i128, String)| {
            let what: String = what.chars().take(300).collect();
            format!("{:>9.3} s  {what}\n", at as f64 / 1e9)
        };
        lines.into_iter().map(line).collect()
    }

    pub fn orders(&self) -> Vec<String> {
        self.sap.truth(|truth| truth.orders.keys().cloned().collect())
    }

    pub fn wait(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
    }
}

pub(super) fn calm() -> World {
    World::new(1, Faults::default())
}

pub(super) fn three_orders() -> ChangeSetDraft {
    draft_of((1..=3).map(|number| NewDocument::PlannedOrder(order(number))).collect())
}

pub(super) fn one_posting() -> ChangeSetDraft {
    draft_of(vec![NewDocument::FiDocument(posting())])
}

/// A failed seed prints what happened.
impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() && !Rule::is_one_away() {
            eprintln!("{}", self.history());
        }
    }
}

fn numbers(set: &ChangeSet, state: ItemState) -> Vec<String> {
    let items = set.items.iter().zip(&set.state.items).filter(|(_, of)| **of == state);
    items
        .filter_map(|(item, _)| match &item.number {
            Some(SapNumber::PlannedOrder(number)) => Some(number.as_str().to_owned()),
            _ => None,
        })
        .collect()
}

#[tokio::test]
async fn posted_orders_have_numbers_and_can_be_taken_back() {
    let world = calm();
    let mut poster = world.poster();

    let receipt = poster.apply(three_orders()).await.unwrap();
    assert_eq!(world.orders().len(), 3);
    world.wait(119);
    let report = world.poster().undo(None, "planner").await.unwrap();

    assert!(receipt.items.iter().all(|item| item.number.is_some()));
    assert_eq!(report.phase, Phase::RolledBack);
    assert_eq!(world.orders(), Vec::<String>::new());
}

#[tokio::test]
async fn undo_asked_twice_says_the_same_twice() {
    let world = calm();
    let mut poster = world.poster();
    let id = poster.apply(one_posting()).await.unwrap().change_set_id;

    let first = poster.undo(Some(&id), "finance").await.unwrap();
    let second = poster.undo(Some(&id), "finance").await.unwrap();

    assert_eq!(first, second);
    assert_eq!(world.sap.truth(|truth| truth.documents.len()), 2, "the document and its reversal");
}

#[tokio::test]
async fn after_the_window_undo_says_what_is_still_possible_and_changes_nothing() {
    let world = calm();
    let mut poster = world.poster();
    let id = poster.apply(three_orders()).await.unwrap().change_set_id;
    world.wait(121);

    let late = poster.undo(Some(&id), "planner").await.unwrap_err().to_string();

    assert!(late.starts_with("UNDO-LATE") && late.contains("MD12"), "{late}");
    assert_eq!(world.orders().len(), 3);
    assert_eq!(poster.list().unwrap()[0].phase, Phase::Confirmed);
}

#[tokio::test]
async fn the_process_that_posted_notices_that_another_took_it_back() {
    let world = calm();
    let mut waiting = world.poster();
    let id = waiting.apply(three_orders()).await.unwrap().change_set_id;

    world.poster().undo(None, "planner").await.unwrap();

    assert_eq!(waiting.wait_for_window(&id).await.unwrap(), Phase::RolledBack);
}

#[tokio::test]
async fn a_window_that_nobody_uses_is_confirmed() {
    let world = calm();
    let mut poster = world.poster();
    let id = poster.apply(three_orders()).await.unwrap().change_set_id;

    let ended = poster.wait_for_window(&id).await.unwrap();

    assert_eq!(ended, Phase::Confirmed);
    let opened = poster.list().unwrap()[0].opened.unwrap();
    assert!(opened.duration_until(world.clock.now().wall) >= window::WINDOW);
}

#[tokio::test]
async fn what_a_planner_changed_is_left_alone_and_reported() {
    let world = calm();
    let mut poster = world.poster();
    poster.apply(three_orders()).await.unwrap();
    let edited = world.orders()[1].clone();
    world.sap.truth(|truth| truth.edit(&edited));

    let report = poster.undo(None, "planner").await.unwrap();

    assert_eq!(report.phase, Phase::RolledBackConflicts);
    assert_eq!(world.orders(), [edited]);
    let conflict = report.items[1].conflict.clone().unwrap();
    assert_eq!(conflict.fields[0].to_string(), "quantity: we posted 4.002 TO, SAP has 5.002 TO");
}

#[tokio::test]
async fn an_order_that_was_converted_is_a_conflict() {
    let world = calm();
    let mut poster = world.poster();
    poster.apply(three_orders()).await.unwrap();
    let converted = world.orders()[0].clone();
    world.sap.truth(|truth| truth.orders.remove(&converted));

    let report = poster.undo(None, "planner").await.unwrap();

    assert_eq!(report.phase, Phase::RolledBackConflicts);
    assert!(report.items[0].conflict.as_ref().unwrap().what.contains("converted"));
}

#[tokio::test]
async fn a_refused_document_takes_the_others_back() {
    let world = calm();
    let mut poster = world.poster();
    let sap = world.sap.clone();
    let mut sent = 0;
    poster = poster.on_progress(move |progress| {
        if let Progress::Sending { .. } = progress {
            sent += 1;
            if sent == 3 {
                sap.set(Faults { refused: 100, ..Faults::default() });
            }
        } else if let Progress::RollingBack { .. } = progress {
            sap.calm();
        }
    });

    let failed = poster.apply(three_orders()).await.unwrap_err();

    assert!(failed.to_string().contains("item 3"), "{failed}");
    assert!(matches!(failed, PostError::RolledBack { .. }));
    assert_eq!(world.orders(), Vec::<String>::new());
}

#[tokio::test]
async fn an_interrupt_takes_back_what_was_sent() {
    let world = calm();
    let poster = world.poster();
    let stop = poster.stop_flag();
    let mut poster = poster.on_progress(move |progress| {
        if let Progress::Posted { item: 2, .. } = progress {
            stop.store(true, std::sync::atomic::Ordering::SeqCst);
        }
    });

    let failed = poster.apply(three_orders()).await.unwrap_err();

    assert!(failed.to_string().contains("interrupted"), "{failed}");
    assert_eq!(world.orders(), Vec::<String>::new());
}

#[tokio::test]
async fn what_is_already_in_sap_is_not_posted_again() {
    let world = calm();
    let mut poster = world.poster();
    poster.apply(three_orders()).await.unwrap();
    poster.apply(one_posting()).await.unwrap();

    let orders = poster.apply(three_orders()).await.unwrap_err();
    let document = poster.apply(one_posting()).await.unwrap_err();

    assert!(orders.to_string().contains("already in SAP as planned order 0000001001"));
    assert!(document.to_string().contains("give it revision 2"));
    assert_eq!(world.orders().len(), 3);
}

#[tokio::test]
async fn a_reversed_posting_can_be_posted_again_under_its_next_revision() {
    let world = calm();
    let mut poster = world.poster();
    assert_eq!(poster.next_revision(&posting()), 1);
    poster.apply(one_posting()).await.unwrap();
    poster.undo(None, "finance").await.unwrap();

    let mut again = posting();
    again.revision = poster.next_revision(&again);
    poster.apply(draft_of(vec![NewDocument::FiDocument(again.clone())])).await.unwrap();

    assert_eq!(again.revision, 2);
    assert_eq!(world.sap.truth(|truth| truth.documents.len()), 3);
}

#[tokio::test]
async fn fi_documents_of_a_plan_wait_until_its_window_has_closed() {
    let world = calm();
    let mut poster = world.poster();
    let plan = poster.apply(three_orders()).await.unwrap().change_set_id;
    let mut leg = one_posting();
    leg.after = Some(plan.clone());

    let early = poster.apply(leg.clone()).await.unwrap_err();
    poster.wait_for_window(&plan).await.unwrap();
    let in_time = poster.apply(leg).await;

    assert!(matches!(early, PostError::WaitsFor { .. }), "{early}");
    assert!(in_time.is_ok());
}

#[tokio::test]
async fn a_lost_answer_is_found_by_its_fingerprint_and_not_sent_again() {
    let world = calm();
    let mut poster = world.poster();
    world.sap.set(Faults { lost_answer: 100, ..Faults::default() });

    let receipt = poster.apply(three_orders()).await.unwrap();

    assert!(receipt.items.iter().all(|item| item.adopted));
    assert_eq!(world.orders().len(), 3);
}

#[tokio::test]
async fn a_lost_request_is_sent_again_only_after_the_settle_time() {
    let world = calm();
    let sap = world.sap.clone();
    sap.set(Faults { lost_request: 100, ..Faults::default() });
    let begun = world.clock.now();
    let mut poster = world.poster().on_progress(move |progress| {
        if let Progress::InDoubt { .. } = progress {
            sap.calm();
        }
    });

    poster.apply(three_orders()).await.unwrap();

    assert_eq!(world.orders().len(), 3);
    assert!(world.clock.now().since_boot - begun.since_boot >= SETTLE);
}

#[tokio::test]
async fn recovery_leaves_an_old_one_to_a_person() {
    let world = calm();
    let mut dying = world.poster();
    dying.desk.failpoints.crash_after(5);
    assert!(matches!(dying.apply(three_orders()).await, Err(PostError::Crashed)));
    drop(dying);
    world.wait(31 * 60);
    let left = world.orders();

    let mut poster = world.poster();
    let recovered = poster.recover().await.unwrap();

    assert_eq!(recovered[0].now, Phase::Held);
    assert_eq!(world.orders(), left, "nothing was touched");
    let id = recovered[0].change_set_id.clone();
    let ended = poster.decide(&id, Decision::RollBack, "lead planner", "not needed").await;
    assert_eq!(ended.unwrap(), Phase::RolledBack);
    assert_eq!(world.orders(), Vec::<String>::new());
}

#[tokio::test]
async fn an_old_one_can_be_accepted_wherever_the_process_died() {
    let mut held = 0;
    for crash in 1.. {
        let world = calm();
        let mut dying = world.poster();
        dying.desk.failpoints.crash_after(crash);
        if dying.apply(three_orders()).await.is_ok() {
            break;
        }
        drop(dying);
        world.wait(31 * 60);
        let left = world.orders();

        let mut poster = world.poster();
        let recovered = poster.recover().await.unwrap();
        if recovered[0].now != Phase::Held {
            continue;
        }
        held += 1;
        let id = recovered[0].change_set_id.clone();
        let ended = poster.decide(&id, Decision::Accept, "lead planner", "they are right").await;

        assert_eq!(ended.unwrap(), Phase::Confirmed, "crash point {crash}");
        assert_eq!(world.orders(), left, "crash point {crash}");
        let known = &poster.journal.change_set(&id).unwrap().items;
        let known = known.iter().filter(|item| item.number.is_some()).count();
        assert_eq!(known, left.len(), "crash point {crash}");
    }
    assert!(held >= 10, "{held}");
}

#[tokio::test]
async fn a_restart_leaves_thirty_seconds_of_the_window() {
    let world = calm();
    let id = world.poster().apply(three_orders()).await.unwrap().change_set_id;
    world.wait(110);

    let mut restarted = world.poster();
    restarted.recover().await.unwrap();
    world.wait(29);

    assert_eq!(restarted.undo(Some(&id), "planner").await.unwrap().phase, Phase::RolledBack);
}

#[tokio::test]
async fn sap_down_on_the_way_back_names_what_is_left_and_the_next_try_goes_on() {
    let world = calm();
    let mut poster = world.poster();
    poster.apply(three_orders()).await.unwrap();
    world.sap.set(Faults { lost_read: 100, lost_request: 100, ..Faults::default() });

    let blocked = poster.undo(None, "planner").await.unwrap_err().to_string();
    world.sap.calm();
    let report = poster.undo(None, "planner").await.unwrap();

    assert!(blocked.contains("0000001001"), "{blocked}");
    assert_eq!(report.phase, Phase::RolledBack);
}

/// Nothing was sent without a backup that opens.
pub(super) fn every_effect_has_a_backup(
    poster: &Poster<SapDouble, ManualClock>,
    set: &ChangeSet,
    what: &str,
) {
    if set.state.items.iter().all(|item| *item == ItemState::New) {
        return;
    }
    let sealed = set.backup.as_ref().unwrap_or_else(|| panic!("{what}: no backup"));
    let keys = poster.vault.keys().identities().unwrap();
    let drilled = poster.vault.drill(&set.id, sealed, &keys);
    assert!(drilled.is_ok(), "{what}: {drilled:?}");
}

/// The promises, whatever happened: each order once or not at all, and the journal agrees.
fn journal_and_sap_agree(world: &World, what: &str) {
    let mut poster = world.poster();
    let ids: Vec<ChangeSetId> =
        poster.list().unwrap().into_iter().map(|summary| summary.change_set_id).collect();
    let mut accounted = Vec::new();
    for id in ids {
        let (set, _) = poster.show(&id).unwrap();
        let phase = set.state.phase;
        every_effect_has_a_backup(&poster, &set, what);
        // SAP may refuse to delete an order; then a person is asked and nothing is guessed.
        let mut refused: Vec<ItemState> = (set.state.items.iter().copied())
            .filter(|item| matches!(item, ItemState::CompHeld(_)))
            .collect();
        refused.dedup();
        let waits = phase == Phase::Held && !refused.is_empty();
        assert!(phase.is_final() || phase == Phase::Open || waits, "{what}: {id} is still {phase}");
        for item in refused {
            accounted.extend(numbers(&set, item));
        }
        accounted.extend(numbers(&set, ItemState::Done));
        accounted.extend(numbers(&set, ItemState::Conflict));
        if matches!(phase, Phase::Open | Phase::Confirmed) {
            assert_eq!(numbers(&set, ItemState::Done).len(), set.items.len(), "{what}");
        }
        if phase == Phase::RolledBack {
            assert!(set.state.items.iter().all(|item| *item != ItemState::Done), "{what}");
        }
    }
    accounted.sort();
    assert_eq!(world.orders(), accounted, "{what}: orders in SAP, and in the journal");
    assert_eq!(poster.verify().unwrap().damage, None, "{what}");
}

/// One seeded life: post, perhaps undo, dying at the `crash`-th place, then recover.
pub(super) async fn life(seed: u64, crash: u32, undo: bool) -> bool {
    let mut world = World::new(
        seed,
        Faults {
            lost_answer: (seed % 3 * 10) as u32,
            lost_request: (seed / 3 % 3 * 10) as u32,
            late_commit: (seed / 9 % 3 * 10) as u32,
            refused: (seed / 27 % 2 * 5) as u32,
            busy: (seed / 5 % 2 * 10) as u32,
            lost_read: (seed / 7 % 2 * 10) as u32,
            ..Faults::default()
        },
    );
    world.sessions = if seed % 4 < 2 { 1 } else { 8 };
    let what = format!("seed {seed}, crash at {crash}, undo {undo}");
    let mut poster = world.poster();
    poster.desk.failpoints.crash_after(crash);
    let mut died = matches!(poster.apply(three_orders()).await, Err(PostError::Crashed));
    if !died && undo {
        died = matches!(poster.undo(None, "planner").await, Err(PostError::Crashed));
    }
    drop(poster);
    if died {
        world.wait((seed % 5) as i64 * 20);
    }
    world.sap.calm();
    // Everything that is still under way arrives before the promises are looked at.
    world.poster().recover().await.unwrap_or_else(|error| panic!("{what}: {error}"));
    world.wait(SETTLE.as_secs());
    journal_and_sap_agree(&world, &what);
    if undo {
        let mut poster = world.poster();
        let _ = poster.undo(None, "planner").await;
        world.wait(SETTLE.as_secs());
        journal_and_sap_agree(&world, &what);
    }
    died
}

#[tokio::test]
async fn a_crash_at_any_place_leaves_each_order_once_or_not_at_all() {
    for undo in [false, true] {
        let mut crash = 0;
        while life(0, crash, undo).await {
            crash += 1;
        }
        assert!(crash >= 15, "there are more places than {crash}");
    }
}

#[tokio::test]
async fn crashes_lost_answers_and_late_commits_together_leave_journal_and_sap_agreed() {
    let lives: u64 =
        std::env::var("CARBIDE_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(300);
    for seed in 0..lives {
        life(seed, (seed * 7 % 45) as u32, seed % 2 == 0).await;
    }
}

#[tokio::test]
async fn a_crash_at_any_place_of_a_posting_and_its_reversal_leaves_at_most_one_of_each() {
    for crash in 0..20 {
        let world = World::new(crash.into(), Faults { lost_answer: 30, ..Faults::default() });
        let mut poster = world.poster();
        poster.desk.failpoints.crash_after(crash);
        let posted = poster.apply(one_posting()).await;
        if posted.is_ok() {
            let _ = poster.undo(None, "finance").await;
        }
        drop(poster);
        world.poster().recover().await.unwrap();

        let mut poster = world.poster();
        let phase = poster.list().unwrap()[0].phase;
        let documents = world.sap.truth(|truth| truth.documents.clone());
        let reversals = documents.values().filter(|(_, of)| of.is_some()).count();
        match phase {
            Phase::Open => assert_eq!((documents.len(), reversals), (1, 0), "crash {crash}"),
            Phase::RolledBack => {
                assert_eq!(documents.len(), 2 * reversals, "crash {crash}");
                assert!(reversals <= 1, "crash {crash}");
            }
            Phase::Refused => assert!(documents.is_empty(), "crash {crash}"),
            other => panic!("crash {crash}: {other}"),
        }
    }
}
