//! Planned orders of SAP CAP, in V2 and V4. Pages have two rows.

use std::time::Duration;

use carbide::sap::error::{Outcome, SapError};
use carbide::sap::odata::{Entity, Filter, Key, ODataClient, Query, RequestId, Service, Version};
use serde_json::{Map, Value, json};

use crate::server::Peer;

pub const V2: Service = Service {
    name: "API_PLANNED_ORDERS",
    path: "/sap/opu/odata/sap/API_PLANNED_ORDERS",
    version: Version::V2,
};

pub const V4: Service = Service {
    name: "API_PLANNED_ORDERS_V4",
    path: "/odata/v4/API_PLANNED_ORDERS",
    version: Version::V4,
};

pub const ORDERS: &str = "A_PlannedOrder";

const MANIFEST: &str = r#"
[[service]]
name = "API_PLANNED_ORDERS"
path = "/sap/opu/odata/sap/API_PLANNED_ORDERS"
version = "V2"
read = ["A_PlannedOrder", "A_PlannedOrder/to_PlannedOrderComponent"]
write = ["A_PlannedOrder"]
authorization = "none"

[[service]]
name = "API_PLANNED_ORDERS_V4"
path = "/odata/v4/API_PLANNED_ORDERS"
version = "V4"
read = ["A_PlannedOrder", "A_PlannedOrder/to_PlannedOrderComponent"]
write = ["A_PlannedOrder"]
authorization = "none"
"#;

pub fn cap(settings: &[(&str, &str)]) -> (Peer, ODataClient) {
    let peer = Peer::start("cap", &["node_modules/.bin/cds-serve"], settings);
    let client = peer.client(MANIFEST);
    (peer, client)
}

pub fn request(number: u32) -> RequestId {
    RequestId { id: format!("{number:032x}"), first_sent: jiff::Timestamp::UNIX_EPOCH }
}

pub fn fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        other => panic!("{other} is no object"),
    }
}

pub fn order(material: u32, service: Service) -> Map<String, Value> {
    // V2 says decimals as text, CAP's V4 as numbers.
    let quantity = |text: &str| match service.version {
        Version::V2 => json!(text),
        Version::V4 => serde_json::from_str(text).unwrap(),
    };
    fields(json!({
        "PlannedOrderType": "LA", "Material": format!("FG{material}"), "ProductionPlant": "1710",
        "TotalQuantity": quantity("10.5"), "BaseUnit": "PC",
        "to_PlannedOrderComponent": [{
            "Reservation": format!("{material:010}"), "ReservationItem": "0001", "Material": "RAW",
        }],
    }))
}

async fn with_orders(client: &ODataClient, service: Service, count: u32) -> Vec<Entity> {
    let mut created = Vec::new();
    for number in 1..=count {
        let fields = order(number, service);
        created.push(client.create(service, ORDERS, &fields, &request(number)).await.unwrap());
    }
    created
}

async fn one(client: &ODataClient, service: Service, number: &str) -> Option<Entity> {
    let key = Key::of("PlannedOrder", number);
    client.read_one(service, ORDERS, &key).await.unwrap()
}

#[tokio::test]
#[ignore = "needs the peers: make test-peers"]
async fn pages_are_followed_to_the_end_in_both_versions() {
    let (_peer, client) = cap(&[]);
    with_orders(&client, V2, 5).await;

    for service in [V2, V4] {
        let mut pages = 0;
        let query = Query::of(ORDERS).order_by(&["PlannedOrder"]);
        let rows = client.read(service, &query, |_, _| pages += 1).await.unwrap();

        let materials: Vec<&str> = rows.iter().map(|row| row.text("Material")).collect();
        assert_eq!(materials, ["FG1", "FG2", "FG3", "FG4", "FG5"], "{}", service.name);
        assert_eq!(pages, 3, "{}", service.name);
        assert_eq!(rows[0].decimal("TotalQuantity").unwrap().to_string(), "10.5");
        assert_eq!(client.count(service, &query).await.unwrap(), 5);
    }
}

#[tokio::test]
#[ignore = "needs the peers: make test-peers"]
async fn filter_and_expand_are_understood_in_both_versions() {
    let (_peer, client) = cap(&[]);
    with_orders(&client, V4, 3).await;

    for service in [V2, V4] {
        let query = Query::of(ORDERS)
            .order_by(&["PlannedOrder"])
            .expand(&["to_PlannedOrderComponent"])
            .filter(Filter::eq("Material", "FG2").and(Filter::eq("ProductionPlant", "1710")));
        let rows = client.read(service, &query, |_, _| {}).await.unwrap();

        assert_eq!(rows.len(), 1, "{}", service.name);
        let components = rows[0].expanded("to_PlannedOrderComponent");
        assert_eq!(components.len(), 1, "{}", service.name);
        assert_eq!(components[0].text("Material"), "RAW");
    }
}

#[tokio::test]
#[ignore = "needs the peers: make test-peers"]
async fn an_order_is_created_changed_and_deleted_in_both_versions() {
    for service in [V2, V4] {
        let (_peer, client) = cap(&[]);
        let created = with_orders(&client, service, 1).await.remove(0);
        let number = created.text("PlannedOrder").to_owned();
        let key = Key::of("PlannedOrder", number.as_str());
        let etag = created.etag().expect("the peer hands out ETags").to_owned();

        let change = fields(json!({ "BaseUnit": "KG" }));
        client.update(service, ORDERS, &key, &etag, &change, &request(2)).await.unwrap();
        let changed = one(&client, service, &number).await.unwrap();
        assert_eq!(changed.text("BaseUnit"), "KG");
        assert_ne!(changed.etag(), Some(etag.as_str()));

        let etag = changed.etag().unwrap();
        client.delete(service, ORDERS, &key, etag, &request(3)).await.unwrap();
        assert!(one(&client, service, &number).await.is_none(), "{}", service.name);
    }
}

#[tokio::test]
#[ignore = "needs the peers: make test-peers"]
async fn a_stale_etag_changes_nothing() {
    let (_peer, client) = cap(&[]);
    let created = with_orders(&client, V2, 1).await.remove(0);
    let number = created.text("PlannedOrder").to_owned();
    let key = Key::of("PlannedOrder", number.as_str());
    let stale = "W/\"2020-01-01T00:00:00.000Z\"";

    for service in [V2, V4] {
        let change = fields(json!({ "BaseUnit": "KG" }));
        let changed = client.update(service, ORDERS, &key, stale, &change, &request(2)).await;
        let error = changed.unwrap_err();
        assert_eq!(error.status(), Some(412), "{error}");
        assert_eq!(error.outcome(), Outcome::Refused, "{error}");

        let deleted = client.delete(service, ORDERS, &key, stale, &request(3)).await;
        assert_eq!(deleted.unwrap_err().status(), Some(412));
    }

    assert_eq!(one(&client, V2, &number).await.unwrap().text("BaseUnit"), "PC");
}

#[tokio::test]
#[ignore = "needs the peers: make test-peers"]
async fn what_the_application_refuses_is_told_in_its_words() {
    let (_peer, client) = cap(&[]);
    let mut fields = order(1, V2);
    fields.insert("TotalQuantity".to_owned(), json!("0"));

    let error = client.create(V2, ORDERS, &fields, &request(1)).await.unwrap_err();

    assert_eq!(error.status(), Some(400), "{error}");
    assert_eq!(error.outcome(), Outcome::Refused);
    let SapError::Refused { message, .. } = &error else { panic!("{error:?}") };
    assert!(format!("{message:?}").contains("greater than zero"), "{message:?}");
}

#[tokio::test]
#[ignore = "needs the peers: make test-peers"]
async fn a_token_that_expired_is_fetched_again_and_the_order_is_made_once() {
    let (_peer, client) = cap(&[("PEER_CSRF_TTL_MS", "300")]);
    with_orders(&client, V2, 1).await;
    tokio::time::sleep(Duration::from_millis(400)).await;

    client.create(V2, ORDERS, &order(2, V2), &request(2)).await.unwrap();

    let query = Query::of(ORDERS).order_by(&["PlannedOrder"]);
    assert_eq!(client.count(V2, &query).await.unwrap(), 2);
}
