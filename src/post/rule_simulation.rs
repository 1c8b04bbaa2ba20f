//! Is the simulation good enough? Each rule is taken away, and a seed has to notice.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::rule::Rule;
use super::sap_double::{Faults, SETTLE};
use super::simulation::{World, one_posting, three_orders};
use super::state::{ItemState, Phase};
use super::{existing_order_simulation, simulation};

/// Seeds within which the lack of a rule has to show.
const SEEDS_MAX: u64 = 1000;

/// A posting that SAP confirms and does not commit.
async fn false_success(seed: u64) {
    let faults = Faults { false_success: 50, lost_answer: 10, ..Faults::default() };
    let world = World::new(seed, faults);
    let mut poster = world.poster();
    let _ = poster.apply(one_posting()).await;
    world.wait(SETTLE.as_secs());
    let there = world.sap.truth(|truth| truth.documents.len());
    for set in poster.journal.change_sets() {
        let done = set.state.items.iter().filter(|item| **item == ItemState::Done).count();
        assert_eq!(done, there, "seed {seed}: documents that the journal knows, and SAP has");
    }
}

/// A plan whose FI document is posted before its window has closed, and which is then taken back.
async fn fi_document_of_an_open_plan(seed: u64) {
    let world = World::new(seed, Faults::default());
    let mut poster = world.poster();
    let plan = poster.apply(three_orders()).await.unwrap().change_set_id;
    let mut posting = one_posting();
    posting.after = Some(plan.clone());
    let _ = poster.apply(posting).await;
    let phase = poster.undo(Some(&plan), "planner").await.unwrap().phase;
    let documents = world.sap.truth(|truth| truth.documents.len());
    assert_eq!((phase, documents), (Phase::RolledBack, 0), "seed {seed}");
}

/// Two processes post the same plan at the same time.
async fn two_writers(seed: u64) {
    let world = World::new(seed, Faults::default());
    let (mut one, mut other) = (world.poster(), world.poster());
    let _ = tokio::join!(one.apply(three_orders()), other.apply(three_orders()));
    drop((one, other));
    let _ = world.poster().recover().await;
    world.wait(SETTLE.as_secs());
    let orders = world.orders().len();
    assert!(orders == 0 || orders == 3, "seed {seed}: {orders} orders of a plan of three");
}

/// Somebody between us and SAP sends creations twice.
async fn duplicates(seed: u64) {
    let world = World::new(seed, Faults { duplicate: 20, ..Faults::default() });
    let _ = world.poster().apply(three_orders()).await;
    let orders = world.orders().len();
    assert!(orders == 0 || orders == 3, "seed {seed}: {orders} orders of a plan of three");
}

async fn lives(seed: u64) {
    simulation::life(seed, (seed * 7 % 45) as u32, seed.is_multiple_of(2)).await;
    existing_order_simulation::life(seed, (seed * 7 % 60) as u32, seed.is_multiple_of(2)).await;
    false_success(seed).await;
    fi_document_of_an_open_plan(seed).await;
    two_writers(seed).await;
}

/// Whether a life goes wrong.
fn goes_wrong(life: impl Future<Output = ()>) -> bool {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    catch_unwind(AssertUnwindSafe(|| runtime.block_on(life))).is_err()
}

#[test]
fn with_every_rule_nothing_goes_wrong() {
    for seed in 0..100 {
        assert!(!goes_wrong(lives(seed)), "seed {seed}");
    }
}

#[test]
fn without_any_one_rule_a_seed_notices() {
    for rule in Rule::ALL {
        Rule::take_away(Some(rule));
        let noticed = (0..SEEDS_MAX).find(|seed| goes_wrong(lives(*seed)));
        Rule::take_away(None);
        println!("{rule:?}: seed {noticed:?}");
        assert!(noticed.is_some(), "{rule:?} is not missed by {SEEDS_MAX} seeds");
    }
}

#[test]
fn a_request_that_somebody_sends_twice_is_noticed() {
    let noticed = (0..SEEDS_MAX).find(|seed| goes_wrong(duplicates(*seed)));

    assert!(noticed.is_some());
}
