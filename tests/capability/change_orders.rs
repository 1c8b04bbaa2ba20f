//! Planned orders that are there: changed, deleted and put back, over the real protocol.

use carbide::clock::SystemClock;
use carbide::order::PlannedOrder;
use carbide::post::order_values::OrderValues;
use carbide::post::state::Phase;
use carbide::post::{
    ChangeSetDraft, NewDocument, PlannedOrderChange, PlannedOrderDeletion, PostSettings, Poster,
    SapBooks, SystemRole,
};
use carbide::sandbox::RunningSandbox;
use jiff::SignedDuration;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::support::{edit, facts, odata, reading, rfc, sandbox, truth};

struct Plant {
    sandbox: RunningSandbox,
    folder: tempfile::TempDir,
    orders: Vec<PlannedOrder>,
}

impl Plant {
    async fn new() -> Self {
        let sandbox = sandbox().await;
        let (_, book, _) = facts(&reading(&sandbox)).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        assert!(book.planned_orders.len() >= 2, "the sandbox has planned orders");
        Self { sandbox, folder, orders: book.planned_orders }
    }

    fn poster(&self) -> Poster<SapBooks, SystemClock> {
        let sap = SapBooks { odata: odata(&self.sandbox), rfc: rfc(&self.sandbox) };
        let settings = PostSettings::new("SBX", "100", SystemRole::Sandbox)
            .with_settle(SignedDuration::from_secs(1));
        Poster::open(&self.folder.path().join("journal.db"), sap, settings, SystemClock).unwrap()
    }

    /// The first order gets more and ends later, the second is deleted.
    fn draft(&self) -> ChangeSetDraft {
        let before = self.orders[0].clone();
        let mut wanted = OrderValues::from(&before);
        wanted.quantity.amount += Decimal::ONE;
        wanted.end = wanted.end.checked_add(SignedDuration::from_hours(8)).unwrap();
        let before_deleted = self.orders[1].clone();
        ChangeSetDraft {
            purpose: "another plan".to_owned(),
            requested_by: "planner".to_owned(),
            plan_hash: "h".to_owned(),
            after: None,
            at_confirm: Vec::new(),
            documents: vec![
                NewDocument::PlannedOrderChange(PlannedOrderChange { before, wanted }),
                NewDocument::PlannedOrderDeletion(PlannedOrderDeletion { before: before_deleted }),
            ],
        }
    }

    async fn row(&self, order: &PlannedOrder) -> Option<Value> {
        let rows = truth(&self.sandbox, "planned-orders").await;
        let number = order.number.padded();
        let plain = number.trim_start_matches('0').to_owned();
        rows.as_array().unwrap().iter().find_map(|row| {
            let found = row["PlannedOrder"].as_str()?.trim_start_matches('0') == plain;
            found.then(|| row.clone())
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_order_is_put_back_and_a_deleted_one_is_there_again_under_another_number() {
    let plant = Plant::new().await;
    let mut poster = plant.poster();
    let (changed, deleted) = (&plant.orders[0], &plant.orders[1]);
    let before = plant.row(changed).await.unwrap();

    poster.apply(plant.draft()).await.unwrap();
    let during = plant.row(changed).await.unwrap();
    let gone = plant.row(deleted).await;
    let report = poster.undo(None, "planner").await.unwrap();

    assert_ne!(during["TotalQuantity"], before["TotalQuantity"]);
    assert_eq!(gone, None);
    assert_eq!(report.phase, Phase::RolledBack, "{report:?}");
    let mut after = plant.row(changed).await.unwrap();
    after["LastChangeDateTime"] = before["LastChangeDateTime"].clone();
    assert_eq!(after, before, "field by field, but for the time of the change");
    let anew = report.items[1].recreated.clone().unwrap();
    assert_ne!(anew.padded(), deleted.number.padded());
    let (_, book, _) = facts(&reading(&plant.sandbox)).await.unwrap();
    let there = book.planned_orders.iter().find(|order| order.number == anew).unwrap();
    assert_eq!(OrderValues::from(there), OrderValues::from(deleted));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_planner_changes_within_the_window_stays() {
    let plant = Plant::new().await;
    let mut poster = plant.poster();
    poster.apply(plant.draft()).await.unwrap();
    let number = plant.row(&plant.orders[0]).await.unwrap()["PlannedOrder"].clone();
    let row = json!({ "PlannedOrder": number });
    edit(&plant.sandbox, "A_PlannedOrder", row, Some(json!({ "TotalQuantity": "99.000" }))).await;

    let report = poster.undo(None, "planner").await.unwrap();

    assert_eq!(report.phase, Phase::RolledBackConflicts, "{report:?}");
    assert_eq!(plant.row(&plant.orders[0]).await.unwrap()["TotalQuantity"], "99.000");
    let conflict = report.items[0].conflict.clone().unwrap();
    assert!(conflict.when.is_some());
    assert!(conflict.fields.iter().any(|field| field.now.starts_with("99")), "{conflict:?}");
    assert!(conflict.fields.iter().all(|field| field.before.is_some()), "{conflict:?}");
}
