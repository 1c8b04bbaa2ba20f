//! Deletions that wait for the window of their plan, as the page learns of them.

use std::time::Duration;

use carbide::cycle::Installation;
use carbide::order::PlannedOrder;
use carbide::post::{ChangeSetDraft, NewDocument, NewPlannedOrder, PlannedOrderDeletion};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::command_line::{Plant, text};
use crate::serve::{Daemon, add_user};

/// An order takes the place of another, which is deleted once the window has closed.
fn replacement(old: PlannedOrder) -> ChangeSetDraft {
    let mut quantity = old.quantity;
    quantity.amount += Decimal::TEN;
    let new = NewPlannedOrder {
        material: old.material.clone(),
        plant: old.plant.clone(),
        production_version: old.production_version.clone().unwrap(),
        quantity,
        start: old.start,
        end: old.end,
        sales_order: None,
        reference: "P1".to_owned(),
    };
    ChangeSetDraft {
        purpose: "another plan".to_owned(),
        requested_by: "anna".to_owned(),
        plan_hash: "h".to_owned(),
        after: None,
        documents: vec![
            NewDocument::PlannedOrder(new),
            NewDocument::PlannedOrderDeletion(PlannedOrderDeletion { before: old }),
        ],
        at_confirm: Vec::new(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn deletions_that_wait_are_named_with_their_window_and_dropped_when_it_is_taken_back() {
    let plant = Plant::new().await;
    plant.configure("# delete_at_confirm = [\"1010\"]", "delete_at_confirm = true");
    let synced = plant.carbide(&["sync"]);
    assert!(synced.status.success(), "{}", text(&synced));
    let before = plant.planned_orders().await;
    let installation = Installation::open(&plant.path("carbide.toml")).unwrap();
    let (_, facts) = installation.last_facts().unwrap().unwrap();
    let mut orders = facts.orders.planned_orders.into_iter();
    let old = orders.find(|order| order.production_version.is_some()).unwrap();
    let number = old.number.to_string();
    let (mut books, _) = installation.books().await.unwrap();
    let id = books.apply(replacement(old)).await.unwrap().change_set_id.to_string();
    drop(books);
    add_user(&plant, "anna", "planner");
    let daemon = Daemon::start(&plant);
    let anna = daemon.somebody("anna").await;
    // The daemon looks at the journal by itself; until then it knows of none.
    while anna.facts().await["standing"].as_array().unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let path = format!("/change-sets/{id}");

    let open = anna.get(&path).await;
    let (_, job) = anna.post(&format!("{path}/undo"), json!({ "phase": "OPEN" })).await;
    anna.done(&job).await;
    let taken_back = anna.get(&path).await;

    assert_eq!(open["items"].as_array().unwrap().len(), 1, "what was sent: {open}");
    assert_eq!(open["deletions"]["state"], "waiting");
    let waiting = open["deletions"]["titles"].as_array().unwrap();
    assert_eq!(waiting.len(), 1);
    assert!(waiting[0].as_str().unwrap().contains(&number), "{open}");
    assert!(open["ends"].is_string(), "they are sent then");
    assert_eq!(open["deletions"]["became"], Value::Null);
    assert_eq!(taken_back["phase"], "ROLLED_BACK");
    assert_eq!(taken_back["deletions"]["state"], "dropped");
    assert_eq!(plant.planned_orders().await, before);
}
