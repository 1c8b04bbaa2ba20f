//! Four eyes: nothing is posted that one person alone wanted.

use super::simulation::{World, calm, three_orders};
use super::*;

fn with_four_eyes(world: &World) -> Poster<sap_double::SapDouble, crate::clock::ManualClock> {
    let mut poster = world.poster();
    poster.set_settings(|settings| settings.four_eyes = true);
    poster
}

#[tokio::test]
async fn a_posting_needs_somebody_other_than_who_asked_for_it() {
    let world = calm();
    let mut poster = with_four_eyes(&world);

    let alone = poster.apply(three_orders()).await.unwrap_err().to_string();
    let name = poster.ask_for_approval(three_orders()).unwrap().name;
    let not_yet = poster.apply_approved(&name).await.unwrap_err().to_string();
    let own = poster.approve(&name, "planner").unwrap_err().to_string();
    assert_eq!(world.orders(), Vec::<String>::new());
    poster.approve(&name, "lead planner").unwrap();
    poster.apply_approved(&name).await.unwrap();

    assert!(alone.starts_with("POST-APPROVAL"), "{alone}");
    assert!(not_yet.contains("waits for somebody other than planner"), "{not_yet}");
    assert!(own.contains("somebody else has to approve"), "{own}");
    assert_eq!(world.orders().len(), 3);
}

#[tokio::test]
async fn an_approval_is_for_one_posting_and_outlives_the_process() {
    let world = calm();
    let name = with_four_eyes(&world).ask_for_approval(three_orders()).unwrap().name;
    with_four_eyes(&world).approve(&name, "lead planner").unwrap();

    let mut poster = with_four_eyes(&world);
    let id = poster.apply_approved(&name).await.unwrap().change_set_id;
    poster.undo(Some(&id), "planner").await.unwrap();
    let again = with_four_eyes(&world).apply_approved(&name).await.unwrap_err().to_string();

    assert!(again.contains(&format!("was posted already, as {id}")), "{again}");
    assert_eq!(world.orders(), Vec::<String>::new());
    let request = with_four_eyes(&world).requests().unwrap().remove(0);
    assert_eq!(request.approved_by.as_deref(), Some("lead planner"));
    assert_eq!(request.hash, approval::hash_of(&three_orders()));
}
