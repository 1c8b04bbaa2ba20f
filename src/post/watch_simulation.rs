//! Windows that somebody watches: half-way, at their end, and while SAP is away.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use jiff::SignedDuration;

use crate::clock::Clock;

use super::report::Progress;
use super::sap_double::Faults;
use super::simulation::{calm, three_orders};
use super::state::Phase;

const DOWN: Faults = Faults {
    lost_answer: 0,
    lost_request: 0,
    late_commit: 0,
    refused: 0,
    busy: 0,
    lost_read: 100,
    planner: 0,
    duplicate: 0,
    false_success: 0,
};

#[tokio::test]
async fn a_window_that_sap_cannot_be_read_at_the_end_of_stays_open_until_it_can() {
    let world = calm();
    let mut poster = world.poster();
    poster.apply(three_orders()).await.unwrap();
    world.wait(121);
    world.sap.set(DOWN);

    let confirmed = poster.confirm_due().await.unwrap();

    let seen = poster.list().unwrap().remove(0);
    assert!(confirmed.is_empty());
    assert_eq!((seen.phase, seen.standing), (Phase::Open, "OPEN_UNVERIFIED"));
    assert!(seen.unverified.is_some());

    world.wait(3_600);
    // A restart does not confirm it unseen either, and does not fail.
    let recovered = world.poster().recover().await.unwrap();
    assert!(recovered[0].text.starts_with("OPEN_UNVERIFIED"), "{recovered:?}");

    world.sap.calm();
    assert_eq!(poster.confirm_due().await.unwrap().len(), 1);
    let seen = poster.list().unwrap().remove(0);
    assert_eq!((seen.standing, seen.unverified), ("CONFIRMED", None));
    assert_eq!(world.orders().len(), 3);
}

#[tokio::test]
async fn whoever_waits_goes_on_asking_a_sap_that_does_not_answer() {
    let world = calm();
    let mut poster = world.poster();
    let id = poster.apply(three_orders()).await.unwrap().change_set_id;
    let alarms: Arc<Mutex<u32>> = Arc::default();
    let counted = Arc::clone(&alarms);
    let (sap, back) = (world.sap.clone(), 4);
    let mut poster = poster.on_progress(move |step| {
        if let Progress::Unverified { .. } = step {
            let mut count = counted.lock().unwrap();
            *count += 1;
            if *count == back {
                sap.calm();
            }
        }
    });
    world.sap.set(DOWN);

    let ended = poster.wait_for_window(&id).await.unwrap();

    assert_eq!((ended, *alarms.lock().unwrap()), (Phase::Confirmed, back));
    let opened = poster.list().unwrap()[0].opened.unwrap();
    assert!(opened.duration_until(world.clock.now().wall) >= SignedDuration::from_secs(120 + 7));
}

#[tokio::test]
async fn whoever_waits_gives_up_after_a_quarter_of_an_hour_and_the_window_stays_open() {
    let world = calm();
    let mut poster = world.poster();
    let id = poster.apply(three_orders()).await.unwrap().change_set_id;
    world.sap.set(DOWN);
    let begun = world.clock.now().wall;

    let said = poster.wait_for_window(&id).await.unwrap_err().to_string();

    assert!(said.starts_with("POST-IN-DOUBT"), "{said}");
    assert!(begun.duration_until(world.clock.now().wall) >= SignedDuration::from_mins(17));
    assert_eq!(poster.list().unwrap()[0].standing, "OPEN_UNVERIFIED");
}

#[tokio::test]
async fn half_way_people_hear_what_others_did_while_it_can_still_be_taken_back() {
    let world = calm();
    let told: Arc<Mutex<Vec<(i64, usize)>>> = Arc::default();
    let (into, clock) = (Arc::clone(&told), world.clock.clone());
    let begun = clock.now().wall;
    let mut poster = world.poster().on_progress(move |step| {
        if let Progress::Touched { item, .. } = step {
            into.lock().unwrap().push((begun.duration_until(clock.now().wall).as_secs(), item));
        }
    });
    let id = poster.apply(three_orders()).await.unwrap().change_set_id;
    let second = world.orders()[1].clone();
    world.sap.truth(|truth| truth.edit(&second));

    poster.wait_for_window(&id).await.unwrap();

    let told = told.lock().unwrap();
    let [(at, 2)] = told[..] else { panic!("{told:?}") };
    assert!((59..=62).contains(&at), "after {at} s");
}

#[tokio::test]
async fn ctrl_c_leaves_the_window_running() {
    let world = calm();
    let mut poster = world.poster();
    let id = poster.apply(three_orders()).await.unwrap().change_set_id;
    poster.stop_flag().store(true, Ordering::SeqCst);

    let phase = poster.wait_for_window(&id).await.unwrap();
    assert_eq!((phase, world.orders().len()), (Phase::Open, 3));

    let report = world.poster().undo(Some(&id), "planner").await.unwrap();
    assert_eq!((report.phase, world.orders().len()), (Phase::RolledBack, 0));
}
