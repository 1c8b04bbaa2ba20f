//! Planned orders by each interface of SAP that can carry them: created, changed, deleted and put back, and
//! a planner who comes in between.

use carbide::clock::SystemClock;
use carbide::id::ProductionVersionCode;
use carbide::order::PlannedOrder;
use carbide::post::order_values::OrderValues;
use carbide::post::order_way::OrderWay;
use carbide::post::state::Phase;
use carbide::post::{
    ChangeSetDraft, NewDocument, NewPlannedOrder, PlannedOrderChange, PlannedOrderDeletion,
    PostError, PostSettings, Poster, SapBooks, SystemRole,
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
        let with_version = |order: &PlannedOrder| order.production_version.is_some();
        let orders: Vec<PlannedOrder> =
            book.planned_orders.into_iter().filter(with_version).collect();
        assert!(orders.len() >= 2, "the sandbox has planned orders");
        Self { sandbox, folder: tempfile::tempdir().unwrap(), orders }
    }

    fn poster(&self, orders: OrderWay) -> Poster<SapBooks, SystemClock> {
        let sap = SapBooks { odata: odata(&self.sandbox), rfc: rfc(&self.sandbox) };
        let settings = PostSettings::new("SBX", "100", SystemRole::Sandbox)
            .with_settle(SignedDuration::from_secs(1))
            .with_orders(orders);
        Poster::open(&self.folder.path().join("journal.db"), sap, settings, SystemClock).unwrap()
    }

    /// The first order gets more and ends a day later, a new one comes, the second one goes.
    fn draft(&self) -> ChangeSetDraft {
        let (before, gone) = (self.orders[0].clone(), self.orders[1].clone());
        let mut wanted = OrderValues::from(&before);
        wanted.quantity.amount += Decimal::ONE;
        wanted.end = wanted.end.checked_add(SignedDuration::from_hours(24)).unwrap();
        let mut quantity = before.quantity;
        quantity.amount += Decimal::TEN;
        let new = NewPlannedOrder {
            material: before.material.clone(),
            plant: before.plant.clone(),
            production_version: before.production_version.clone().unwrap(),
            quantity,
            start: before.start,
            end: before.end,
            sales_order: None,
            reference: "P1".to_owned(),
        };
        self.draft_of(vec![
            NewDocument::PlannedOrderChange(PlannedOrderChange { before, wanted }),
            NewDocument::PlannedOrder(new),
            NewDocument::PlannedOrderDeletion(PlannedOrderDeletion { before: gone }),
        ])
    }

    fn draft_of(&self, documents: Vec<NewDocument>) -> ChangeSetDraft {
        ChangeSetDraft {
            purpose: "another plan".to_owned(),
            requested_by: "planner".to_owned(),
            plan_hash: "h".to_owned(),
            after: None,
            at_confirm: Vec::new(),
            documents,
        }
    }

    async fn rows(&self) -> Vec<Value> {
        truth(&self.sandbox, "planned-orders").await.as_array().unwrap().clone()
    }

    async fn row(&self, number: &str) -> Option<Value> {
        let plain = number.trim_start_matches('0').to_owned();
        let number = |row: &Value| row["PlannedOrder"].as_str().unwrap_or_default().to_owned();
        self.rows().await.into_iter().find(|row| number(row).trim_start_matches('0') == plain)
    }

    async fn planner_wants(&self, number: &str, quantity: &str) {
        let number = self.row(number).await.unwrap()["PlannedOrder"].clone();
        let row = json!({ "PlannedOrder": number });
        let change = json!({ "TotalQuantity": quantity });
        edit(&self.sandbox, "A_PlannedOrder", row, Some(change)).await;
    }

    /// What asked SAP for the commits: functions and methods, in the bytes that came.
    async fn wire(&self) -> String {
        let ledger = truth(&self.sandbox, "ledger").await;
        ledger["commits"].as_array().unwrap().iter().map(|of| of["wire"].to_string()).collect()
    }
}

async fn posts_and_takes_back(way: OrderWay) -> Plant {
    let plant = Plant::new().await;
    let mut poster = plant.poster(way);
    let (changed, deleted) = (plant.orders[0].number.padded(), plant.orders[1].number.padded());
    let (before, count) = (plant.row(&changed).await.unwrap(), plant.rows().await.len());

    let receipt = poster.apply(plant.draft()).await.unwrap();

    let during = plant.row(&changed).await.unwrap();
    assert_ne!(during["TotalQuantity"], before["TotalQuantity"]);
    assert_ne!(during["PlndOrderPlannedEndDate"], before["PlndOrderPlannedEndDate"]);
    assert_eq!(plant.row(&deleted).await, None);
    let created = receipt.items[1].number.clone().unwrap().to_string();
    let new = plant.row(&created).await.unwrap();
    assert_eq!(new["PlannedOrderIsFirm"], true, "or the next MRP run deletes it");
    // The way is in the journal: whoever takes it back need not be told.
    drop(poster);
    let mut another = plant.poster(OrderWay::default());
    assert_eq!(another.change_set(&receipt.change_set_id).unwrap().orders, way);

    let report = another.undo(None, "planner").await.unwrap();

    assert_eq!(report.phase, Phase::RolledBack, "{report:?}");
    let mut after = plant.row(&changed).await.unwrap();
    after["LastChangeDateTime"] = before["LastChangeDateTime"].clone();
    assert_eq!(after, before, "field by field, but for the time of the change");
    assert_eq!(plant.row(&created).await, None);
    let anew = report.items[2].recreated.clone().unwrap().padded();
    assert_ne!(anew, deleted);
    assert_eq!(plant.rows().await.len(), count);
    let there = plant.row(&anew).await.unwrap();
    let date = plant.orders[1].start.date().to_string();
    assert_eq!(there["PlndOrderPlannedStartDate"], date.as_str());
    if way != OrderWay::Bapi {
        let (_, book, _) = facts(&reading(&plant.sandbox)).await.unwrap();
        let there = book.planned_orders.iter().find(|order| order.number.padded() == anew);
        let values = OrderValues::from(there.unwrap());
        assert_eq!(
            values,
            OrderValues::from(&plant.orders[1]),
            "to the hour, which BAPIs do not know"
        );
    }
    plant
}

async fn leaves_to_a_planner_what_is_his(way: OrderWay) {
    let plant = Plant::new().await;
    let mut poster = plant.poster(way);
    let receipt = poster.apply(plant.draft()).await.unwrap();
    let changed = plant.orders[0].number.padded();
    let created = receipt.items[1].number.clone().unwrap().to_string();
    plant.planner_wants(&changed, "99.000").await;
    plant.planner_wants(&created, "77.000").await;

    let report = poster.undo(None, "planner").await.unwrap();

    assert_eq!(report.phase, Phase::RolledBackConflicts, "{report:?}");
    assert_eq!(plant.row(&changed).await.unwrap()["TotalQuantity"], "99.000");
    assert_eq!(plant.row(&created).await.unwrap()["TotalQuantity"], "77.000");
    let conflict = report.items[0].conflict.clone().unwrap();
    assert_eq!(conflict.when.is_some(), way != OrderWay::Bapi, "BAPIs do not say when");
    assert!(conflict.fields.iter().any(|field| field.now.starts_with("99")), "{conflict:?}");
    assert!(conflict.fields.iter().all(|field| field.before.is_some()), "{conflict:?}");
}

async fn refuses_a_plan_that_a_planner_overtook(way: OrderWay) {
    let plant = Plant::new().await;
    let mut poster = plant.poster(way);
    let changed = plant.orders[0].number.padded();
    plant.planner_wants(&changed, "99.000").await;
    let before = plant.rows().await;

    let refused = poster.apply(plant.draft()).await.unwrap_err();

    assert!(matches!(refused, PostError::Refused { .. }), "{refused}");
    assert!(refused.to_string().contains("was changed since the plan was made"), "{refused}");
    assert_eq!(plant.rows().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn by_odata_v4_orders_are_created_changed_deleted_and_put_back() {
    let plant = posts_and_takes_back(OrderWay::ODataV4).await;

    assert!(plant.wire().await.contains("2018-"), "V4 writes days as they are");
    assert!(!plant.wire().await.contains("/Date("));
}

#[tokio::test(flavor = "multi_thread")]
async fn by_bapi_orders_are_created_changed_deleted_and_put_back() {
    let plant = posts_and_takes_back(OrderWay::Bapi).await;

    let wire = plant.wire().await;
    for function in ["CREATE", "CHANGE", "DELETE"] {
        assert!(wire.contains(&format!("BAPI_PLANNEDORDER_{function}")), "{function}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn by_odata_v2_they_are_too() {
    posts_and_takes_back(OrderWay::ODataV2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_planners_edit_within_the_window_is_a_conflict_by_each_way() {
    for way in OrderWay::ALL {
        leaves_to_a_planner_what_is_his(way).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_planners_edit_since_the_plan_refuses_it_by_each_way() {
    for way in OrderWay::ALL {
        refuses_a_plan_that_a_planner_overtook(way).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_bapi_cannot_carry_is_refused_before_sap_is_asked() {
    let plant = Plant::new().await;
    let mut poster = plant.poster(OrderWay::Bapi);
    let before = plant.orders[0].clone();
    let mut wanted = OrderValues::from(&before);
    wanted.production_version = Some(ProductionVersionCode::new("0099").unwrap());
    let change = NewDocument::PlannedOrderChange(PlannedOrderChange { before, wanted });

    let refused = poster.apply(plant.draft_of(vec![change])).await.unwrap_err().to_string();

    assert!(refused.contains("ORD-WAY") && refused.contains("odata_v4"), "{refused}");
    assert!(poster.list().unwrap().is_empty(), "not even the journal has it");
}
