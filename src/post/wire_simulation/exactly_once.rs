//! A SAP with the companion package: FI documents run once under their key, and one instance writes.

use jiff::SignedDuration;

use crate::post::state::Phase;

use super::life::{self, Life, Ran, Then, fi_draft};
use super::network::{Does, Fate, Scripted};
use super::world::{Death, SETTLE, World};

/// Posts an FI document to a SAP with the companion, and something happens to a request.
fn posts(request: &'static str, times: u32, does: Does, then: Then) -> Ran {
    let world = World::of(3, true);
    world.script.lock().unwrap().push(Scripted { request, nth: 0, times, does });
    life::run(&world, Life::calm(vec![fi_draft()], then))
}

/// When something was seen first, and how often.
fn seen(ran: &Ran, what: &str) -> (SignedDuration, usize) {
    let seen = ran.world.seen.lock().unwrap();
    let mut all = seen.iter().filter(|seen| seen.text.contains(what));
    let first = all.next().unwrap_or_else(|| panic!("nobody saw {what}")).at;
    (first, 1 + all.count())
}

#[test]
fn a_lost_posting_is_sent_again_at_once_and_runs_once() {
    let ran = posts("Z_CARBIDE_EXEC", 1, Does::Meet(Fate::Late), Then::Wait);

    assert_eq!(ran.phases, [Phase::Confirmed]);
    let documents = ran.world.sandbox.documents();
    assert_eq!(documents.len(), 1, "{documents:?}");
    // Sent again, and the lost one came after all.
    assert!(seen(&ran, "Z_CARBIDE_EXEC arrives late").1 == 1);
    let (opened, _) = seen(&ran, "OPEN");
    assert!(opened < SETTLE, "nobody waits for the settle time: {opened:#}");
}

#[test]
fn a_posting_that_is_lost_twice_is_there_once_or_is_cancelled_and_never_comes() {
    let mut came_too_late = 0;
    for seed in 0..20 {
        let world = World::of(seed, true);
        let does = Does::Meet(Fate::Late);
        let script = Scripted { request: "Z_CARBIDE_EXEC", nth: 0, times: 2, does };
        world.script.lock().unwrap().push(script);

        let ran = life::run(&world, Life::calm(vec![fi_draft()], Then::Wait));

        let documents = world.sandbox.documents().len();
        match ran.phases[..] {
            [Phase::Confirmed] => assert_eq!(documents, 1, "seed {seed}"),
            [Phase::RolledBack] => {
                assert_eq!(documents, 0, "seed {seed}");
                let (cancelled, _) = seen(&ran, "Z_CARBIDE_CANCEL: 200");
                let (closed, _) = seen(&ran, "ROLLED_BACK");
                assert!(closed < SETTLE, "seed {seed}: the settle time is waited for: {closed:#}");
                let late = ran.world.seen.lock().unwrap();
                let late = late.iter().filter(|seen| seen.text.ends_with("EXEC arrives late"));
                came_too_late += late.filter(|seen| seen.at > cancelled).count();
            }
            ref other => panic!("seed {seed}: {other:?}"),
        }
    }
    assert!(came_too_late > 0, "no request came after its key was cancelled");
}

#[test]
fn a_lost_answer_is_found_by_its_key() {
    let ran = posts("Z_CARBIDE_EXEC", 1, Does::Meet(Fate::LostAnswer), Then::Wait);

    assert_eq!(ran.phases, [Phase::Confirmed]);
    assert_eq!(ran.world.sandbox.documents().len(), 1);
}

#[test]
fn a_process_that_dies_while_its_posting_is_on_the_way_leaves_nothing_behind() {
    let ran = posts("Z_CARBIDE_EXEC", 1, Does::Die(Death::InFlight), Then::Wait);

    assert_eq!(ran.phases, [Phase::RolledBack]);
    assert_eq!(ran.world.sandbox.documents(), []);
}

#[test]
fn a_reversal_whose_answer_is_lost_runs_once() {
    let world = World::of(3, true);
    let does = Does::Meet(Fate::Late);
    // The first is the posting.
    let script = Scripted { request: "Z_CARBIDE_EXEC", nth: 1, times: 1, does };
    world.script.lock().unwrap().push(script);

    let ran = life::run(&world, Life::calm(vec![fi_draft()], Then::Undo(10)));

    assert_eq!(ran.phases, [Phase::RolledBack]);
    assert_eq!(ran.world.sandbox.documents().len(), 2, "the document and its reversal");
}

#[test]
fn while_another_instance_writes_nothing_is_sent() {
    let world = World::of(3, true);
    world.sandbox.another_takes_the_lease();

    let ran = life::run(&world, Life::calm(vec![fi_draft()], Then::Wait));

    assert!(
        ran.said.iter().any(|said| said.starts_with("LEASE-FOREIGN: another/")),
        "{:?}",
        ran.said
    );
    assert_eq!(ran.world.sandbox.documents(), []);
}

#[test]
fn who_loses_the_lease_sends_nothing_more_and_recovers_under_a_new_one() {
    let takes = Does::Act(|world| {
        world.sandbox.another_takes_the_lease();
        let (schedule, sandbox) = (world.schedule.clone(), world.sandbox.clone());
        world.schedule.spawn(async move {
            schedule.sleep(SignedDuration::from_secs(60)).await;
            sandbox.the_lease_is_given_back();
        });
    });

    let ran = posts("Z_CARBIDE_EXEC", 1, takes, Then::Wait);

    assert!(ran.said.iter().any(|said| said.starts_with("LEASE-LOST: CS-1")), "{:?}", ran.said);
    assert_eq!(seen(&ran, "Z_CARBIDE_EXEC: 200").1, 1, "it is not sent again");
    assert_eq!(ran.phases, [Phase::RolledBack]);
    assert_eq!(ran.world.sandbox.documents(), []);
}
