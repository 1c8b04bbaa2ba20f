//! Changing and deleting orders that are there, beside a planner who edits and converts them.

use super::change_set::tests::draft_of;
use super::document::tests::order;
use super::document::{PlannedOrderChange, PlannedOrderDeletion};
use super::order_values::OrderValues;
use super::order_way::OrderWay;
use super::sap_double::{Faults, SETTLE};
use super::simulation::{World, every_effect_has_a_backup};
use super::state::{Decision, ItemState, Phase};
use super::*;
use crate::order::PlannedOrder;
use rust_decimal::Decimal;

/// Orders that are in SAP when the plan is made: one to be changed, one to be deleted.
struct Before {
    changed: PlannedOrder,
    deleted: PlannedOrder,
}

impl Before {
    fn in_sap(world: &World) -> Self {
        let created = |number| world.sap.truth(|truth| truth.create(&order(number).values()));
        Self { changed: created(7), deleted: created(8) }
    }

    fn wanted(&self) -> OrderValues {
        let mut wanted = OrderValues::from(&self.changed);
        wanted.quantity.amount += Decimal::TEN;
        wanted.end = "2018-10-02T22:00:00".parse().unwrap();
        wanted
    }

    /// A change, a creation and a deletion.
    fn draft(&self) -> ChangeSetDraft {
        draft_of(vec![
            NewDocument::PlannedOrderChange(PlannedOrderChange {
                before: self.changed.clone(),
                wanted: self.wanted(),
            }),
            NewDocument::PlannedOrder(order(1)),
            NewDocument::PlannedOrderDeletion(PlannedOrderDeletion {
                before: self.deleted.clone(),
            }),
        ])
    }
}

fn calm() -> (World, Before) {
    let world = World::new(1, Faults::default());
    let before = Before::in_sap(&world);
    (world, before)
}

fn values(world: &World, number: &PlannedOrder) -> Option<OrderValues> {
    world.sap.truth(|truth| truth.orders.get(number.number.as_str()).map(OrderValues::from))
}

#[tokio::test]
async fn a_change_a_creation_and_a_deletion_are_done_and_taken_back() {
    let (world, before) = calm();
    let mut poster = world.poster();

    poster.apply(before.draft()).await.unwrap();
    assert_eq!(values(&world, &before.changed), Some(before.wanted()));
    assert_eq!(values(&world, &before.deleted), None);
    let report = poster.undo(None, "planner").await.unwrap();

    assert_eq!(report.phase, Phase::RolledBack);
    assert_eq!(values(&world, &before.changed), Some(OrderValues::from(&before.changed)));
    let anew = report.items[2].recreated.clone().unwrap();
    let there = world.sap.truth(|truth| truth.orders[anew.as_str()].clone());
    assert_eq!(OrderValues::from(&there), OrderValues::from(&before.deleted));
    assert!(report.items[2].message.as_ref().unwrap().contains("is there again as"));
    assert_eq!(world.orders().len(), 2);
}

#[tokio::test]
async fn the_backup_holds_what_sap_sent_and_says_what_it_would_put_back() {
    let (world, before) = calm();
    let mut poster = world.poster();
    let id = poster.apply(before.draft()).await.unwrap().change_set_id;

    let results = poster.drill(Some(&id), &[]).unwrap();

    let lines = &results[0].1.as_ref().unwrap().would_restore;
    assert!(lines[0].contains(&before.changed.number.padded()), "{lines:?}");
    assert!(lines[0].contains("4.007 TO of REBAR-16"), "{lines:?}");
    assert!(lines[2].contains(&before.deleted.number.padded()), "{lines:?}");
}

#[tokio::test]
async fn an_order_that_was_changed_since_the_plan_refuses_the_whole_plan() {
    let (world, before) = calm();
    world.sap.truth(|truth| truth.edit(before.changed.number.as_str()));

    let refused = world.poster().apply(before.draft()).await.unwrap_err().to_string();

    assert!(refused.contains("was changed since the plan was made"), "{refused}");
    assert!(refused.contains("quantity 4.007 TO -> 5.007 TO"), "{refused}");
    assert_eq!(world.orders().len(), 2);
}

#[tokio::test]
async fn an_order_that_could_not_be_restored_exactly_is_not_touched() {
    let (world, before) = calm();
    let edited = "its components were edited by hand".to_owned();
    world.sap.truth(|truth| truth.by_hand = Some(edited));

    let refused = world.poster().apply(before.draft()).await.unwrap_err().to_string();

    assert!(refused.contains("PLAN-RESTORE") && refused.contains("components"), "{refused}");
}

#[tokio::test]
async fn a_conflict_names_each_field_before_ours_and_now() {
    let (world, before) = calm();
    let mut poster = world.poster();
    poster.apply(before.draft()).await.unwrap();
    world.sap.truth(|truth| truth.edit(before.changed.number.as_str()));

    let report = poster.undo(None, "planner").await.unwrap();

    assert_eq!(report.phase, Phase::RolledBackConflicts);
    let conflict = report.items[0].conflict.clone().unwrap();
    assert_eq!(
        conflict.fields[0].to_string(),
        "quantity: 4.007 TO before, we posted 14.007 TO, SAP has 15.007 TO"
    );
}

#[tokio::test]
async fn a_deletion_without_an_answer_is_created_anew_only_when_a_person_has_looked() {
    let (world, before) = calm();
    let sap = world.sap.clone();
    let mut sent = 0;
    let mut poster = world.poster().on_progress(move |progress| match progress {
        Progress::Sending { .. } => {
            sent += 1;
            let lost_answer = if sent == 3 { 100 } else { 0 };
            sap.set(Faults { lost_answer, ..Faults::default() });
        }
        _ => sap.calm(),
    });
    let id = poster.apply(before.draft()).await.unwrap().change_set_id;

    let report = poster.undo(Some(&id), "planner").await.unwrap();
    assert_eq!(report.phase, Phase::Held);
    assert_eq!(report.items[2].state, ItemState::CompHeld(1));
    let message = report.items[2].message.clone().unwrap();
    assert!(message.contains("may have converted it"), "{message}");
    assert_eq!(world.orders().len(), 1, "the other two are taken back");

    let ended = poster.decide(&id, Decision::RollBack, "lead planner", "not converted").await;
    assert_eq!(ended.unwrap(), Phase::RolledBack);
    assert_eq!(world.orders().len(), 2);
}

#[test]
fn a_creation_that_equals_a_changed_or_deleted_order_is_refused() {
    let (_world, before) = calm();
    let mut draft = before.draft();
    let mut twin = order(8);
    twin.reference = "twin".to_owned();
    draft.documents[1] = NewDocument::PlannedOrder(twin);

    assert!(
        draft.problem(OrderWay::default()).unwrap().contains("items 2 and 3 cannot be told apart")
    );
}

#[test]
fn deletions_come_last() {
    let (_world, before) = calm();
    let mut draft = before.draft();
    draft.documents.rotate_right(1);

    assert!(draft.problem(OrderWay::default()).unwrap().starts_with("changes come first"));
}

/// The promises about orders that were there, whatever happened.
fn promises_hold(world: &World, before: &Before, what: &str) {
    let mut poster = world.poster();
    assert_eq!(poster.verify().unwrap().damage, None, "{what}");
    let sets = poster.list().unwrap();
    let phase = sets.first().map(|set| set.phase);
    for set in &sets {
        let (set, _) = poster.show(&set.change_set_id).unwrap();
        every_effect_has_a_backup(&poster, &set, what);
    }
    world.sap.truth(|truth| {
        let alive = |number: &str| {
            let there = truth.orders.get(number).or(truth.converted.get(number));
            there.map(OrderValues::from)
        };
        for (number, left) in &truth.edited {
            let now = alive(number);
            assert_eq!(now.as_ref(), Some(left), "{what}: {number}, which a planner edited");
        }
        let alive_of = |values: &OrderValues| {
            let created = truth.created.iter().filter(|(_, with)| with == values);
            created.filter(|(number, _)| alive(number).is_some()).count()
        };
        let deleted = alive_of(&OrderValues::from(&before.deleted));
        let created = alive_of(&order(1).values());
        assert!(deleted <= 1, "{what}: the deleted order is there {deleted} times");
        assert!(created <= 1, "{what}: the created order is there {created} times");
        let changed = alive(before.changed.number.as_str());
        match phase {
            Some(Phase::RolledBack | Phase::Refused) => {
                let old = OrderValues::from(&before.changed);
                let theirs = truth.edited.contains_key(before.changed.number.as_str());
                assert!(theirs || changed == Some(old), "{what}: {changed:?}");
                // A conversion between two of our requests to delete cannot be told from the first.
                let left = truth.created.iter().any(|(number, with)| {
                    *with == order(1).values() && truth.orders.contains_key(number)
                });
                assert!(deleted == 1 && !left, "{what}: {deleted}, {created}");
            }
            Some(Phase::Open | Phase::Confirmed) if truth.edited.is_empty() => {
                assert_eq!(changed, Some(before.wanted()), "{what}");
                assert_eq!(created, 1, "{what}");
                let gone = truth.converted.contains_key(before.deleted.number.as_str());
                assert!(deleted == 0 || gone, "{what}");
            }
            Some(Phase::Open | Phase::Confirmed | Phase::RolledBackConflicts | Phase::Held)
            | None => {}
            Some(other) => panic!("{what}: still {other}"),
        }
    });
}

/// One seeded life with a planner in it. Whether the process died.
pub(super) async fn life(seed: u64, crash: u32, undo: bool) -> bool {
    let faults = Faults {
        lost_answer: (seed % 3 * 10) as u32,
        lost_request: (seed / 3 % 3 * 10) as u32,
        late_commit: (seed / 9 % 3 * 10) as u32,
        refused: (seed / 27 % 2 * 5) as u32,
        busy: (seed / 5 % 2 * 10) as u32,
        lost_read: (seed / 7 % 2 * 10) as u32,
        planner: (seed / 4 % 2 * 5) as u32,
        ..Faults::default()
    };
    let world = World::new(seed, faults);
    let before = Before::in_sap(&world);
    let what = format!("seed {seed}, crash at {crash}, undo {undo}");
    let mut poster = world.poster();
    poster.desk.failpoints.crash_after(crash);
    let mut died = matches!(poster.apply(before.draft()).await, Err(PostError::Crashed));
    if !died && undo {
        died = matches!(poster.undo(None, "planner").await, Err(PostError::Crashed));
    }
    drop(poster);
    if died {
        world.wait((seed % 5) as i64 * 20);
    }
    world.sap.calm();
    world.poster().recover().await.unwrap_or_else(|error| panic!("{what}: {error}"));
    world.wait(SETTLE.as_secs());
    promises_hold(&world, &before, &what);
    // Undoing what is on hold is a decision, and whoever decides has looked.
    let deleted = OrderValues::from(&before.deleted);
    let is_deleted = |order: &PlannedOrder| {
        order.number == before.deleted.number || OrderValues::from(order) == deleted
    };
    let converted = world.sap.truth(|truth| truth.converted.values().any(is_deleted));
    if undo && !converted {
        let _ = world.poster().undo(None, "planner").await;
        world.wait(SETTLE.as_secs());
        promises_hold(&world, &before, &what);
    }
    died
}

#[tokio::test]
async fn a_crash_at_any_place_keeps_every_order_once() {
    for undo in [false, true] {
        let mut crash = 0;
        while life(0, crash, undo).await {
            crash += 1;
        }
        assert!(crash >= 18, "there are more places than {crash}");
    }
}

#[tokio::test]
async fn planners_crashes_and_lost_answers_together_never_cost_an_order_or_an_edit() {
    let lives: u64 =
        std::env::var("CARBIDE_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(300);
    for seed in 0..lives {
        life(seed, (seed * 7 % 60) as u32, seed % 2 == 0).await;
    }
}
