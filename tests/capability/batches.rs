//! Several requests in one: change sets that are done whole or not at all, and what is in doubt.

use carbide::sandbox::RunningSandbox;
use carbide::sap::error::{Outcome, SapError};
use carbide::sap::odata::batch::{Answered, Batch, Change, Format};
use carbide::sap::odata::{Filter, Key, Query, RequestId};
use carbide::source::sap::{PLANNED_ORDERS, PRODUCTION_VERSION};
use serde_json::{Map, Value, json};

use crate::support::{fault, odata, sandbox, truth};

const SET: &str = "A_PlannedOrder";

fn request(number: u32) -> RequestId {
    RequestId { id: format!("{number:032x}"), first_sent: jiff::Timestamp::UNIX_EPOCH }
}

/// A planned order like the first one in the sandbox, with another quantity.
async fn like_the_first(sandbox: &RunningSandbox, quantity: &str) -> Map<String, Value> {
    let first = orders(sandbox).await.swap_remove(0);
    let mut fields = Map::new();
    for name in [
        "Material",
        "ProductionPlant",
        "MRPPlant",
        "MRPArea",
        "ProductionVersion",
        "BaseUnit",
        "PlannedOrderType",
        "MaterialProcurementCategory",
        "PlndOrderPlannedStartDate",
        "PlndOrderPlannedEndDate",
    ] {
        if let Some(value) = first.get(name).filter(|value| *value != "") {
            fields.insert(name.to_owned(), value.clone());
        }
    }
    fields.insert("TotalQuantity".to_owned(), quantity.into());
    fields
}

async fn orders(sandbox: &RunningSandbox) -> Vec<Map<String, Value>> {
    let client = odata(sandbox);
    let rows = client.read(PLANNED_ORDERS, &Query::of(SET), |_, _| {}).await.unwrap();
    rows.iter().map(|row| row.fields()).collect()
}

fn refused(result: &Result<Answered, SapError>) -> &SapError {
    result.as_ref().expect_err("it is refused")
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_and_change_sets_go_in_one_request_and_come_back_in_order() {
    let sandbox = sandbox().await;
    let client = odata(&sandbox);
    let before = orders(&sandbox).await;
    let (first, second) =
        (like_the_first(&sandbox, "11.000").await, like_the_first(&sandbox, "12.000").await);
    let batch = Batch::new(PLANNED_ORDERS)
        .read(&Query::of(SET))
        .change_set(vec![Change::create(SET, first, request(1))])
        .change_set(vec![Change::create(SET, second, request(2))])
        .read(&Query::of(SET).filter(Filter::eq("PlannedOrder", "nobody")));

    let answers = client.batch(&batch, Format::Multipart).await.unwrap();

    let rows = |at: usize| match &answers[at] {
        Ok(Answered::Rows(rows)) => rows.len(),
        other => panic!("{other:?}"),
    };
    assert_eq!((rows(0), rows(3)), (before.len(), 0));
    let quantity = |at: usize| match &answers[at] {
        Ok(Answered::Changed(rows)) => rows[0].as_ref().unwrap().decimal("TotalQuantity").unwrap(),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        (quantity(1).to_string(), quantity(2).to_string()),
        ("11.000".into(), "12.000".into())
    );
    assert_eq!(orders(&sandbox).await.len(), before.len() + 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_set_that_fails_in_its_second_change_leaves_nothing() {
    let sandbox = sandbox().await;
    let client = odata(&sandbox);
    let before = truth(&sandbox, "planned-orders").await;
    let mut bad = like_the_first(&sandbox, "5.000").await;
    bad.insert("Material".to_owned(), "NO-SUCH-MATERIAL".into());
    let number = orders(&sandbox).await[0]["PlannedOrder"].as_str().unwrap().to_owned();
    let stale =
        Change::delete(SET, Key::of("PlannedOrder", number.as_str()), "W/\"stale\"", request(4));
    for second in [Change::create(SET, bad, request(3)), stale] {
        let good = Change::create(SET, like_the_first(&sandbox, "5.000").await, request(5));
        let batch = Batch::new(PLANNED_ORDERS)
            .change_set(vec![good, second])
            .read(&Query::of(SET).filter(Filter::eq("PlannedOrder", "nobody")));

        let answers = client.batch(&batch, Format::Multipart).await.unwrap();

        assert_eq!(refused(&answers[0]).outcome(), Outcome::Refused, "{:?}", answers[0]);
        assert!(matches!(&answers[1], Ok(Answered::Rows(_))), "what follows is answered");
        assert_eq!(truth(&sandbox, "planned-orders").await, before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn odata_json_32_what_a_batch_does_not_answer_is_in_doubt() {
    let sandbox = sandbox().await;
    let client = odata(&sandbox);
    let change = Change::create(SET, like_the_first(&sandbox, "7.000").await, request(6));
    let batch = Batch::new(PLANNED_ORDERS).read(&Query::of(SET)).change_set(vec![change]);
    fault(&sandbox, json!({ "kind": "short_batch", "match": "POST", "count": 1 })).await;

    let answers = client.batch(&batch, Format::Multipart).await.unwrap();

    let doubt = refused(&answers[1]);
    assert_eq!(doubt.outcome(), Outcome::Unknown);
    let text = doubt.to_string();
    assert!(text.starts_with("ODATA-BATCH") && text.contains("2 requests, 1 answers"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_expired_is_fetched_anew_and_the_batch_is_done_once() {
    let sandbox = sandbox().await;
    let client = odata(&sandbox);
    let before = orders(&sandbox).await.len();
    client.csrf_token(PLANNED_ORDERS).await.unwrap();
    fault(&sandbox, json!({ "kind": "forget_token", "match": "$batch", "count": 1 })).await;
    let change = Change::create(SET, like_the_first(&sandbox, "7.000").await, request(7));

    let batch = Batch::new(PLANNED_ORDERS).change_set(vec![change]);
    let answers = client.batch(&batch, Format::Multipart).await.unwrap();

    assert!(answers[0].is_ok(), "{:?}", answers[0]);
    assert_eq!(orders(&sandbox).await.len(), before + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_lost_or_cut_leaves_every_change_in_doubt() {
    let sandbox = sandbox().await;
    let client = odata(&sandbox);
    for kind in ["drop_response", "truncate_answer"] {
        let before = orders(&sandbox).await.len();
        let change = Change::create(SET, like_the_first(&sandbox, "7.000").await, request(8));
        let batch = Batch::new(PLANNED_ORDERS).change_set(vec![change]);
        fault(&sandbox, json!({ "kind": kind, "match": "$batch", "count": 1 })).await;

        let lost = client.batch(&batch, Format::Multipart).await.unwrap_err();

        assert_eq!(lost.outcome(), Outcome::Unknown, "{kind}: {lost}");
        // It was done, and was not sent again.
        assert_eq!(orders(&sandbox).await.len(), before + 1, "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_of_v4_is_read_by_json_and_by_parts_alike() {
    let sandbox = sandbox().await;
    let client = odata(&sandbox);
    let query = Query::of("ProductionVersion");
    let batch = Batch::new(PRODUCTION_VERSION).read(&query).read(&query);
    let alone = client.read(PRODUCTION_VERSION, &query, |_, _| {}).await.unwrap();
    for format in [Format::Json, Format::Multipart] {
        for answer in client.batch(&batch, format).await.unwrap() {
            let Ok(Answered::Rows(rows)) = answer else { panic!("{answer:?}") };
            let fields = |rows: &[carbide::sap::odata::Entity]| {
                rows.iter().map(|row| row.fields()).collect::<Vec<_>>()
            };
            assert_eq!(fields(&rows), fields(&alone), "{format:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_too_long_for_a_url_goes_into_a_batch() {
    let sandbox = sandbox().await;
    let client = odata(&sandbox);
    let all = orders(&sandbox).await;
    let wanted = all[0]["PlannedOrder"].as_str().unwrap();
    let many = (0..400).map(|number| Filter::eq("PlannedOrder", format!("X{number:09}").as_str()));
    let many = many.chain([Filter::eq("PlannedOrder", wanted)]);
    let query = Query::of(SET).filter(Filter::any(many).unwrap());

    let rows = client.read(PLANNED_ORDERS, &query, |_, _| {}).await.unwrap();

    assert_eq!(rows.len(), 1);
    let served = truth(&sandbox, "served").await.to_string();
    assert!(served.contains(SET), "{served}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_no_way_around_the_manifest_and_has_no_room_for_headers_of_others() {
    let sandbox = sandbox().await;
    let client = odata(&sandbox);
    let elsewhere = Batch::new(PLANNED_ORDERS).read(&Query::of("A_PlannedOrderPricing"));
    let error = client.batch(&elsewhere, Format::Multipart).await.unwrap_err();
    assert!(matches!(error, SapError::OutsideManifest { .. }), "{error}");

    let key = Key::of("PlannedOrder", "1");
    let change = Change::delete(SET, key, "W/\"1\"\r\nX-Evil: 1", request(9));
    let batch = Batch::new(PLANNED_ORDERS).change_set(vec![change]);
    let error = client.batch(&batch, Format::Multipart).await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::Refused);
    assert!(error.to_string().contains("cannot be sent"), "{error}");
}
