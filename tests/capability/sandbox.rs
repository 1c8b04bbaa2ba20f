//! The sandbox behaves as SAP does where it matters for what we write.

use carbide::sap::error::{Outcome, SapError};
use carbide::sap::odata::{Key, RequestId};
use carbide::sap::rfc::{Call, RfcClient};
use carbide::source::sap::PLANNED_ORDERS;
use serde_json::{Map, Value, json};

use crate::support::{
    PASSWORD, credentials, fault, odata, rfc, sandbox, system_with_manifest, truth,
};

fn order() -> Map<String, Value> {
    let Value::Object(fields) = json!({
        "Material": "REBAR-16", "ProductionPlant": "1010", "ProductionVersion": "0002",
        "TotalQuantity": "10.500", "PlannedOrderIsFirm": true,
        "PlndOrderPlannedStartDate": "/Date(1538956800000)/", "PlndOrderPlannedStartTime": "PT06H00M00S",
        "PlndOrderPlannedEndDate": "/Date(1538956800000)/", "PlndOrderPlannedEndTime": "PT14H00M00S",
    }) else {
        unreachable!()
    };
    fields
}

fn request() -> RequestId {
    RequestId {
        id: "0123456789abcdef0123456789abcdef".into(),
        first_sent: jiff::Timestamp::UNIX_EPOCH,
    }
}

#[tokio::test]
async fn a_planned_order_that_is_created_and_deleted_leaves_the_orders_byte_by_byte() {
    let sandbox = sandbox().await;
    let client = odata(&sandbox);
    let before = truth(&sandbox, "planned-orders").await.to_string();

    let created =
        client.create(PLANNED_ORDERS, "A_PlannedOrder", &order(), &request()).await.unwrap();

    assert_eq!(created.decimal("TotalQuantity").unwrap().to_string(), "10.500");
    assert_eq!(
        created.date("PlndOrderPlannedStartDate").unwrap().unwrap().to_string(),
        "2018-10-08"
    );
    assert_ne!(truth(&sandbox, "planned-orders").await.to_string(), before);
    let key = Key::of("PlannedOrder", created.text("PlannedOrder"));
    let etag = created.etag().unwrap().to_owned();
    client.delete(PLANNED_ORDERS, "A_PlannedOrder", &key, &etag, &request()).await.unwrap();
    assert_eq!(truth(&sandbox, "planned-orders").await.to_string(), before);
    assert!(client.read_one(PLANNED_ORDERS, "A_PlannedOrder", &key).await.unwrap().is_none());
}

#[tokio::test]
async fn a_changed_order_is_not_overwritten() {
    let sandbox = sandbox().await;
    let client = odata(&sandbox);
    let created =
        client.create(PLANNED_ORDERS, "A_PlannedOrder", &order(), &request()).await.unwrap();
    let key = Key::of("PlannedOrder", created.text("PlannedOrder"));
    let old = created.etag().unwrap().to_owned();
    let mut change = Map::new();
    change.insert("TotalQuantity".into(), "11.000".into());
    client.update(PLANNED_ORDERS, "A_PlannedOrder", &key, &old, &change, &request()).await.unwrap();

    let refused = client.delete(PLANNED_ORDERS, "A_PlannedOrder", &key, &old, &request()).await;

    let error = refused.unwrap_err();
    assert_eq!(error.status(), Some(412));
    assert_eq!(error.outcome(), Outcome::Refused);
}

#[tokio::test]
async fn an_expired_csrf_token_is_fetched_again_and_the_order_is_created_once() {
    let sandbox = sandbox().await;
    let client = odata(&sandbox);
    client.create(PLANNED_ORDERS, "A_PlannedOrder", &order(), &request()).await.unwrap();
    fault(&sandbox, json!({ "kind": "forget_token", "match": "POST" })).await;

    client.create(PLANNED_ORDERS, "A_PlannedOrder", &order(), &request()).await.unwrap();

    let ledger = truth(&sandbox, "ledger").await;
    assert_eq!(ledger["commits"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_lost_answer_is_unknown_and_nothing_is_sent_again() {
    let sandbox = sandbox().await;
    let client = odata(&sandbox);
    fault(&sandbox, json!({ "kind": "drop_response", "match": "POST" })).await;

    let lost = client.create(PLANNED_ORDERS, "A_PlannedOrder", &order(), &request()).await;

    assert_eq!(lost.unwrap_err().outcome(), Outcome::Unknown);
    let ledger = truth(&sandbox, "ledger").await;
    assert_eq!(ledger["commits"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn sap_says_what_is_wrong_with_an_order() {
    let sandbox = sandbox().await;
    let mut wrong = order();
    wrong.insert("Material".into(), "NO-SUCH".into());

    let refused =
        odata(&sandbox).create(PLANNED_ORDERS, "A_PlannedOrder", &wrong, &request()).await;

    let error = refused.unwrap_err().to_string();
    assert!(error.contains("M3/305") && error.contains("NO-SUCH"), "{error}");
    assert!(error.contains("transaction id"), "{error}");
}

fn document(key: &str, amount: &str) -> Call {
    let row = |fields: &[(&'static str, &str)]| {
        fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect::<Vec<_>>()
    };
    Call::new("BAPI_ACC_DOCUMENT_POST")
        .structure(
            "DOCUMENTHEADER",
            row(&[
                ("OBJ_TYPE", "ZCARB"),
                ("OBJ_KEY", key),
                ("OBJ_SYS", "CARBIDE"),
                ("BUS_ACT", "RFBU"),
                ("COMP_CODE", "1010"),
                ("PSTNG_DATE", "2018-09-30"),
                ("DOC_TYPE", "ZC"),
            ]),
        )
        .table(
            "ACCOUNTGL",
            vec![
                row(&[
                    ("ITEMNO_ACC", "0000000001"),
                    ("GL_ACCOUNT", "0000476500"),
                    ("COSTCENTER", "0000101012"),
                    ("QUANTITY", "1.000"),
                    ("BASE_UOM", "KG"),
                ]),
                row(&[("ITEMNO_ACC", "0000000002"), ("GL_ACCOUNT", "0000399900")]),
            ],
        )
        .table(
            "CURRENCYAMOUNT",
            vec![
                row(&[("ITEMNO_ACC", "0000000001"), ("CURRENCY", "EUR"), ("AMT_DOCCUR", "10.00")]),
                row(&[("ITEMNO_ACC", "0000000002"), ("CURRENCY", "EUR"), ("AMT_DOCCUR", amount)]),
            ],
        )
        .table("RETURN", Vec::new())
}

#[tokio::test]
async fn a_commit_in_another_session_commits_nothing() {
    let sandbox = sandbox().await;
    let client = rfc(&sandbox);
    let mut posting = client.session().unwrap();
    let mut other = client.session().unwrap();

    let reply = posting.call(&document("JTST1", "-10.00")).await.unwrap();
    other.commit().await.unwrap();

    assert_eq!(reply.messages()[0].code, "RW 605");
    assert_eq!(truth(&sandbox, "ledger").await["fi_documents"], json!([]));
    posting.commit().await.unwrap();
    let documents = truth(&sandbox, "ledger").await["fi_documents"].clone();
    assert_eq!(documents[0]["reference"][1], "JTST1");
    assert_eq!(documents.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_document_that_does_not_balance_is_refused() {
    let sandbox = sandbox().await;
    let mut session = rfc(&sandbox).session().unwrap();

    let reply = session.call(&document("JTST2", "-9.99")).await.unwrap();

    let errors = reply.errors();
    assert!(errors.iter().any(|error| error.code == "RW 022"), "{errors:?}");
    session.commit().await.unwrap();
    assert_eq!(truth(&sandbox, "ledger").await["fi_documents"], json!([]));
}

#[tokio::test]
async fn an_unknown_function_is_a_fault() {
    let sandbox = sandbox().await;

    let manifest = "rfc = { path = \"/sap/bc/soap/rfc\", read = [\"RFC_READ_TABLE\"] }";
    let system = system_with_manifest(&sandbox.url(), manifest);
    let rfc = RfcClient::new(&system, &credentials(PASSWORD)).unwrap();

    let error = rfc.call(&Call::new("RFC_READ_TABLE")).await.unwrap_err();

    assert!(matches!(error, SapError::Fault { .. }), "{error}");
}

#[test]
fn the_plants_production_explains_the_meter() {
    let series = carbide::sandbox::meter_series();

    let total: rust_decimal::Decimal = series.iter().map(|row| row.usage_kwh).sum();

    assert_eq!(series.len(), 26_208);
    assert_eq!(total.to_string(), "729316.67");
}
