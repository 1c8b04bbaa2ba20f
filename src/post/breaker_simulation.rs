//! The breaker in posting, on simulated time: it opens, keeps writes back, and closes after a probe.

use std::sync::{Arc, Mutex};

use jiff::SignedDuration;

use crate::clock::Clock;

use super::change_set::ChangeSetDraft;
use super::change_set::tests::draft_of;
use super::document::NewDocument;
use super::document::tests::order;
use super::report::Progress;
use super::sap_double::Faults;
use super::simulation::{World, calm, three_orders};
use super::state::Phase;

/// SAP does what it is asked, and no answer comes.
const SILENT: Faults = Faults {
    lost_answer: 100,
    lost_request: 0,
    late_commit: 0,
    refused: 0,
    busy: 0,
    lost_read: 0,
    planner: 0,
    duplicate: 0,
    false_success: 0,
};

fn orders(count: i64) -> ChangeSetDraft {
    draft_of((1..=count).map(|number| NewDocument::PlannedOrder(order(number))).collect())
}

/// When SAP created each order.
fn created(world: &World) -> Vec<SignedDuration> {
    world.sap.truth(|truth| {
        let created = truth.log.iter().filter(|(_, what)| what.starts_with("SAP creates"));
        created.map(|(at, _)| *at).collect()
    })
}

#[tokio::test]
async fn after_five_lost_answers_nothing_is_sent_for_half_a_minute_and_then_it_goes_on() {
    let world = calm();
    let mut poster = world.poster();
    let breaker = poster.desk.settings.breaker.clone();
    let told: Arc<Mutex<Vec<String>>> = Arc::default();
    let (into, sap) = (Arc::clone(&told), world.sap.clone());
    poster = poster.on_progress(move |step| {
        if let Progress::Paused { reason } = step {
            into.lock().unwrap().push(reason);
            sap.calm();
        }
    });
    world.sap.set(SILENT);

    let receipt = poster.apply(orders(8)).await.unwrap();

    let created = created(&world);
    assert_eq!((receipt.items.len(), created.len()), (8, 8), "each of them once");
    assert!(created[5] - created[4] >= SignedDuration::from_secs(30), "{created:?}");
    assert!(created[7] - created[5] < SignedDuration::from_secs(5), "closed: {created:?}");
    let told = told.lock().unwrap();
    assert_eq!(told.len(), 1);
    assert!(told[0].starts_with("SAP-PAUSED: DBL: 5 requests within 1m"), "{told:?}");
    assert!(!breaker.lock().is_open());
    assert_eq!(breaker.lock().openings(), 1);
}

#[tokio::test]
async fn a_sap_that_never_answers_again_is_given_up_at_the_deadline_and_nothing_is_lost() {
    let world = calm();
    let mut poster = world.poster();
    let sap = world.sap.clone();
    poster = poster.on_progress(move |step| {
        if let Progress::Paused { .. } = step {
            sap.set(Faults { lost_read: 100, ..SILENT });
        }
    });
    world.sap.set(SILENT);
    let begun = world.clock.now().since_boot;

    let failed = poster.apply(orders(8)).await.unwrap_err().to_string();

    let passed = world.clock.now().since_boot - begun;
    assert!(passed >= SignedDuration::from_mins(10), "{passed:#}");
    assert_eq!(created(&world).len(), 5, "{failed}");
    world.sap.calm();
    world.wait(60);
    world.poster().recover().await.unwrap();
    let set = world.poster().list().unwrap().remove(0);
    assert_eq!(set.phase, Phase::RolledBack, "{set:?}");
    assert!(world.orders().is_empty());
}

#[tokio::test]
async fn what_is_to_be_taken_back_waits_for_the_breaker_and_is_taken_back() {
    let world = calm();
    let mut poster = world.poster();
    let id = poster.apply(three_orders()).await.unwrap().change_set_id;
    let now = world.clock.now().since_boot;
    for _ in 0..5 {
        poster.desk.settings.breaker.lock().saw(now, SignedDuration::ZERO, true);
    }

    let report = poster.undo(Some(&id), "planner").await.unwrap();

    assert_eq!((report.phase, world.orders().len()), (Phase::RolledBack, 0));
    assert!(world.clock.now().since_boot - now >= SignedDuration::from_secs(30));
}
