//! Two instances on two machines, each with a journal of its own, and one SAP with the companion package:
//! its lease lets one of them write, and its fence stops the one that lost it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use jiff::SignedDuration;

use crate::post::rule::Rule;
use crate::post::sap_port::{LeaseStanding, SapPort};
use crate::post::state::Phase;
use crate::post::{ChangeSetId, PostError};

use super::life::{self, Life, Then, fi_draft};
use super::network::{Does, Fate, Scripted};
use super::older_copy::{journal, plan, posts, works};
use super::world::{Death, World};

/// Longer than the lease lasts.
const PAST_THE_LEASE: SignedDuration = SignedDuration::from_mins(21);

/// Another machine asks for the lease now, and gives back what it gets. What it was told is noted.
pub(super) fn another_asks(world: &Arc<World>) {
    let there = Arc::clone(world);
    world.schedule.spawn(async move {
        let books = there.books(there.starts(None));
        let told = match books.acquire_lease("another/ZZZ/00000000").await {
            Ok(LeaseStanding::Others { holder, until }) => {
                let until = until.map_or_else(String::new, |at| at.to_string());
                PostError::LeaseForeign { holder, until }.to_string()
            }
            Ok(LeaseStanding::Ours { fence, .. }) => {
                let _ = books.release_lease("another/ZZZ/00000000").await;
                format!("it may write under fence {fence}")
            }
            Err(error) => error.to_string(),
        };
        there.told.lock().unwrap().push(told);
    });
}

fn is_foreign(result: Result<ChangeSetId, PostError>) {
    match result {
        Err(PostError::LeaseForeign { .. }) => {}
        other => panic!("{other:?}"),
    }
}

/// Both post at the same moment.
fn both_post(seed: u64) -> (Arc<World>, Vec<Result<ChangeSetId, PostError>>) {
    let world = World::of(seed, true);
    let done: Arc<Mutex<Vec<_>>> = Arc::default();
    let jobs = [("one", 1), ("other", 2)].map(|(name, number)| {
        let (world, done) = (Arc::clone(&world), Arc::clone(&done));
        let process = world.starts(None);
        let job = async move {
            let mut poster = world.poster_at(&journal(&world, name), process).unwrap();
            let posted = poster.apply(plan(number)).await;
            done.lock().unwrap().push(posted.map(|receipt| receipt.change_set_id));
        };
        Box::pin(job) as super::schedule::LocalJob
    });
    world.schedule.run(jobs.into_iter().collect(), || {});
    let done = std::mem::take(&mut *done.lock().unwrap());
    (world, done)
}

#[test]
fn of_two_machines_at_the_same_moment_one_posts_and_the_other_is_told() {
    let mut told = 0;
    for seed in 0..30 {
        let (world, done) = both_post(seed);
        let (posted, refused): (Vec<_>, Vec<_>) = done.into_iter().partition(Result::is_ok);
        assert_eq!(world.sandbox.orders().len(), posted.len(), "seed {seed}");
        assert!(!posted.is_empty(), "seed {seed}: {refused:?}");
        told += refused.len();
        refused.into_iter().for_each(is_foreign);
    }
    assert!(told > 0, "they never met");
}

#[test]
fn one_after_the_other_both_post() {
    let world = World::of(3, true);

    posts(&world, "one", plan(1)).unwrap();
    posts(&world, "other", plan(2)).unwrap();

    assert_eq!(world.sandbox.orders().len(), 2);
}

/// A world in which a machine died while a planned order was on its way.
fn one_died() -> Arc<World> {
    let world = World::of(3, true);
    let does = Does::Die(Death::After);
    let script = Scripted { request: "POST A_PlannedOrder", nth: 0, times: 1, does };
    world.script.lock().unwrap().push(script);
    let process = world.starts(None);
    let there = Arc::clone(&world);
    let life = async move {
        let mut poster = there.poster_at(&journal(&there, "one"), process).unwrap();
        let _ = poster.apply(plan(1)).await;
    };
    let mortal = super::process::Mortal::new(&world, process, life);
    let job = async move {
        mortal.await;
    };
    world.schedule.run(vec![Box::pin(job)], || {});
    assert_eq!(world.sandbox.orders().len(), 1);
    world
}

#[test]
fn a_machine_that_died_keeps_the_lease_for_twenty_minutes_and_no_longer() {
    let world = one_died();
    is_foreign(posts(&world, "other", plan(2)));
    world.schedule.suspend(SignedDuration::from_mins(19));
    is_foreign(posts(&world, "other", plan(2)));
    world.schedule.suspend(SignedDuration::from_mins(2));

    posts(&world, "other", plan(2)).unwrap();
    // The first takes back what it left half done, and nothing of the other.
    let recovered = works(&world, &journal(&world, "one"), async |poster| {
        poster.recover().await.map(|all| all.len())
    });

    assert_eq!(recovered.unwrap(), 1);
    assert_eq!(world.sandbox.orders().len(), 1);
}

#[test]
fn a_machine_that_died_has_its_own_lease_again_at_once() {
    let world = one_died();

    let recovered = works(&world, &journal(&world, "one"), async |poster| {
        poster.recover().await.map(|all| all[0].now)
    });

    assert_eq!(recovered.unwrap(), Phase::RolledBack);
    assert_eq!(world.sandbox.orders().len(), 0);
}

/// A machine is suspended past its lease with a posting ready to leave; meanwhile another has written.
/// The documents that are there before it recovers.
fn wakes_up_too_late() -> usize {
    let world = World::of(3, true);
    let does = Does::Act(|world| {
        world.schedule.suspend(PAST_THE_LEASE);
        world.sandbox.another_takes_the_lease();
    });
    let script = Scripted { request: "Z_CARBIDE_EXEC", nth: 0, times: 1, does };
    world.script.lock().unwrap().push(script);
    let posted = posts(&world, "one", fi_draft());
    if Rule::Fence.holds() {
        let said = posted.unwrap_err().to_string();
        assert!(said.starts_with("LEASE-LOST: CS-1: "), "{said}");
        assert!(!said.contains(".."), "{said}");
    }
    world.sandbox.documents().len()
}

#[test]
fn what_a_machine_sends_after_its_lease_ran_out_is_stopped_by_the_fence() {
    assert_eq!(wakes_up_too_late(), 0);
}

#[test]
fn without_the_fence_it_would_be_posted() {
    Rule::take_away(Some(Rule::Fence));
    let documents = wakes_up_too_late();
    Rule::take_away(None);

    assert_eq!(documents, 1, "the test above would not notice");
}

#[test]
fn a_renewed_lease_goes_on_after_a_suspension_if_nobody_wrote() {
    let world = World::of(3, true);
    let does = Does::Act(|world| world.schedule.suspend(PAST_THE_LEASE));
    let script = Scripted { request: "BAPI_ACC_DOCUMENT_CHECK", nth: 0, times: 1, does };
    world.script.lock().unwrap().push(script);

    posts(&world, "one", fi_draft()).unwrap();

    assert_eq!(world.sandbox.documents().len(), 1);
}

/// A posting that is lost twice, and arrives late.
fn is_lost_twice(seed: u64) {
    let world = World::of(seed, true);
    let does = Does::Meet(Fate::Late);
    let script = Scripted { request: "Z_CARBIDE_EXEC", nth: 0, times: 2, does };
    world.script.lock().unwrap().push(script);
    let ran = life::run(&world, Life::calm(vec![fi_draft()], Then::Wait));
    if ran.phases == [Phase::RolledBack] {
        assert_eq!(world.sandbox.documents(), [], "seed {seed}");
    }
}

#[test]
fn without_the_tombstone_a_late_request_posts_what_was_given_up() {
    let goes_wrong = |seed| catch_unwind(AssertUnwindSafe(|| is_lost_twice(seed))).is_err();
    assert_eq!((0..20).find(|seed| goes_wrong(*seed)), None);

    Rule::take_away(Some(Rule::Tombstone));
    let noticed = (0..20).find(|seed| goes_wrong(*seed));
    Rule::take_away(None);

    assert!(noticed.is_some(), "20 seeds do not miss it");
}
