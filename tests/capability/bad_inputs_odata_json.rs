//! Answers of OData services that are damaged, hostile or merely odd.

use carbide::order::OrderBook;
use carbide::sap::error::Outcome;
use carbide::sap::odata::batch::{Answered, Batch, Change, Format};
use carbide::sap::odata::{Entity, ODataClient, Query, RequestId};
use carbide::source::sap::{PLANNED_ORDERS, Tables};
use carbide::unit::Uom;
use serde_json::{Value, json};

use crate::bad_inputs::{accepted, answered};
use crate::hostile_sap::{Hostile, Said, page, read, said};
use crate::support::{credentials, reading_with, system};

const JSON: &str = "application/json";

/// What is said to a service whose every answer is this one; nothing of it is kept.
async fn refused(answer: impl Fn() -> Said + Send + Sync + 'static) -> String {
    let hostile = Hostile::new(move |_, _| answer()).await;
    read(&hostile).await.unwrap_err().to_string()
}

/// A planned order that makes sense, with some values changed.
fn order(number: &str, change: &Value) -> Value {
    let mut row = json!({
        "PlannedOrder": number, "Material": "REBAR-16", "ProductionPlant": "1010",
        "ProductionVersion": "0001", "TotalQuantity": "12.000", "BaseUnit": "TO",
        "PlndOrderPlannedStartDate": "/Date(1538352000000)/", "PlndOrderPlannedStartTime": "PT06H00M00S",
        "PlndOrderPlannedEndDate": "/Date(1538352000000)/", "PlndOrderPlannedEndTime": "PT14H00M00S",
        "PlannedOrderIsFirm": false, "SalesOrder": "", "SalesOrderItem": "",
        "LastChangeDateTime": "/Date(1538352000000+0000)/",
    });
    for (name, value) in change.as_object().unwrap() {
        row[name] = value.clone();
    }
    row
}

fn facts_of(rows: &[Value]) -> (OrderBook, Vec<String>) {
    let entity = |row: &Value| Entity::from_json("A_PlannedOrder", row.to_string()).unwrap();
    let mut tables = Tables::default();
    tables.insert("A_PlannedOrder", rows.iter().map(entity).collect());
    let client = ODataClient::new(&system("http://127.0.0.1:1"), &credentials("p")).unwrap();
    let (_, orders, problems) = carbide::source::sap::facts(&tables, &reading_with(client));
    (orders, problems.into_iter().map(|problem| problem.0).collect())
}

/// Why one row of two is set aside, while the other is kept.
fn set_aside(change: &Value) -> String {
    let (orders, mut problems) = facts_of(&[order("1", change), order("2", &json!({}))]);
    assert_eq!(orders.planned_orders.len(), 1, "{problems:?}");
    assert_eq!(orders.planned_orders[0].number.as_str(), "2");
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems.remove(0)
}

fn rows(rows: &[Value]) -> Said {
    said(200, JSON, json!({ "d": { "results": rows } }).to_string())
}

#[tokio::test]
async fn odata_json_01_a_body_that_breaks_off() {
    let cut = r#"{"d":{"results":[{"Material":"A""#;
    answered("odata-json-01", &refused(move || said(200, JSON, cut)).await);
}

#[tokio::test]
async fn odata_json_02_a_logon_page() {
    let page = || said(200, "text/html", "<html>Log on</html>");
    answered("odata-json-02", &refused(page).await);
}

#[tokio::test]
async fn odata_json_03_the_other_version() {
    let hostile = Hostile::new(|_, _| said(200, JSON, r#"{"d":{"results":[]}}"#)).await;
    let query = Query::of("ProductionVersion");
    let client = hostile.client();
    let read = client.read(carbide::source::sap::PRODUCTION_VERSION, &query, |_, _| {});

    answered("odata-json-03", &read.await.unwrap_err().to_string());
}

#[test]
fn odata_json_04_a_comma() {
    answered("odata-json-04", &set_aside(&json!({ "TotalQuantity": "1.234,50" })));
}

#[test]
fn odata_json_05_a_number_that_no_field_holds() {
    answered("odata-json-05", &set_aside(&json!({ "TotalQuantity": "1e400" })));
}

#[test]
fn odata_json_06_no_number() {
    answered("odata-json-06", &set_aside(&json!({ "TotalQuantity": "NaN" })));
    assert!(set_aside(&json!({ "TotalQuantity": "INF" })).contains("'INF' is not a decimal"));
}

#[test]
fn odata_json_07_a_negative_quantity() {
    answered("odata-json-07", &set_aside(&json!({ "TotalQuantity": -5 })));
}

#[test]
fn odata_json_08_a_number_that_lost_digits() {
    answered("odata-json-08", &set_aside(&json!({ "TotalQuantity": 0.300_000_000_000_000_04 })));
}

#[test]
fn odata_json_09_a_day_after_the_last() {
    let day = json!({ "PlndOrderPlannedStartDate": "/Date(253402300800000)/" });
    answered("odata-json-09", &set_aside(&day));
}

#[test]
fn odata_json_10_the_first_day_for_none() {
    let day = json!({ "PlndOrderPlannedStartDate": "/Date(-62135596800000)/" });
    answered("odata-json-10", &set_aside(&day));
}

#[test]
fn odata_json_11_an_offset_that_no_clock_has() {
    let at = json!({ "LastChangeDateTime": "/Date(1700000000000+9999)/" });
    answered("odata-json-11", &set_aside(&at));
}

#[test]
fn odata_json_12_a_day_that_does_not_exist() {
    answered("odata-json-12", &set_aside(&json!({ "PlndOrderPlannedStartDate": "2023-02-29" })));
}

#[test]
fn odata_json_13_the_initial_day_of_abap() {
    answered("odata-json-13", &set_aside(&json!({ "PlndOrderPlannedStartDate": "00000000" })));
}

#[tokio::test]
async fn odata_json_14_a_row_without_its_key() {
    answered("odata-json-14", &refused(|| rows(&[json!({ "Material": "A" })])).await);
}

#[tokio::test]
async fn odata_json_15_a_key_twice_on_a_page() {
    let row = |number: &str| {
        let uri = format!("http://sap/A_PlannedOrder('{number}')");
        json!({ "__metadata": { "uri": uri }, "PlannedOrder": number })
    };
    answered("odata-json-15", &refused(move || rows(&[row("1"), row("2"), row("1")])).await);
}

#[tokio::test]
async fn odata_json_16_a_key_on_two_pages() {
    let moved = |request: &str, _: usize| {
        let row = |quantity: usize| {
            json!({ "__metadata": { "uri": "/S/A_PlannedOrder('1')" }, "PlannedOrder": "1",
                    "TotalQuantity": quantity.to_string() })
        };
        let d = if request.contains("skiptoken") {
            json!({ "results": [row(2)], "__count": "2" })
        } else {
            let next = format!("{}&$skiptoken=1", request.trim_start_matches("GET "));
            json!({ "results": [row(1)], "__count": "2", "__next": next })
        };
        said(200, JSON, json!({ "d": d }).to_string())
    };
    let hostile = Hostile::new(moved).await;

    answered("odata-json-16", &read(&hostile).await.unwrap_err().to_string());
    assert_eq!(hostile.count("GET"), 4, "the snapshot was repeated, once");
}

#[tokio::test]
async fn odata_json_17_a_link_to_another_host() {
    let link = "http://attacker.example/sap/opu/odata/sap/API_PLANNED_ORDERS/A_PlannedOrder?x=1";
    answered("odata-json-17", &refused(move || page(&["1"], Some(link), 2)).await);
}

#[tokio::test]
async fn odata_json_18_a_link_to_the_page_itself() {
    let circle = |request: &str, _| page(&["1"], Some(request.trim_start_matches("GET ")), 9);
    let hostile = Hostile::new(circle).await;

    answered("odata-json-18", &read(&hostile).await.unwrap_err().to_string());
}

#[tokio::test]
async fn odata_json_19_a_link_with_another_scheme() {
    for link in ["file:///secret.txt", "gopher://127.0.0.1/x"] {
        answered("odata-json-19", &refused(move || page(&["1"], Some(link), 2)).await);
    }
}

#[tokio::test]
async fn odata_json_20_a_redirect() {
    let away = || said(302, "text/html", "").with("location", "http://169.254.169.254/");
    answered("odata-json-20", &refused(away).await);
}

#[tokio::test]
async fn odata_json_21_ten_thousand_arrays() {
    let deep = format!("{{\"d\":{{\"results\":[{}", "[".repeat(10_000));
    answered("odata-json-21", &refused(move || said(200, JSON, deep.clone())).await);
}

#[tokio::test]
async fn odata_json_22_a_value_without_end() {
    // Refused at 16 MiB: what would come after that is never waited for.
    let long = format!("{{\"d\":{{\"results\":[{{\"P\":\"{}\"}}]}}}}", "x".repeat(17 << 20));
    answered("odata-json-22", &refused(move || said(200, JSON, long.clone())).await);
}

#[tokio::test]
async fn odata_json_23_a_member_twice() {
    let twice = r#"{"d":{"results":[{"Plant":"1010","Plant":"2020"}]}}"#;
    answered("odata-json-23", &refused(move || said(200, JSON, twice)).await);
}

#[tokio::test]
async fn odata_json_24_half_a_character() {
    let half = r#"{"d":{"results":[{"P":"\uD800"}]}}"#;
    answered("odata-json-24", &refused(move || said(200, JSON, half)).await);
}

#[test]
fn odata_json_25_a_nul_in_a_key() {
    answered("odata-json-25", &set_aside(&json!({ "Material": "REBAR\u{0}16" })));
}

#[tokio::test]
async fn odata_json_26_a_byte_order_mark() {
    let marked = "\u{feff}{\"d\":{\"results\":[{\"PlannedOrder\":\"1\"}],\"__count\":\"1\"}}";
    let hostile = Hostile::new(move |_, _| said(200, JSON, marked)).await;

    accepted("odata-json-26");
    assert_eq!(read(&hostile).await.unwrap(), 1);
}

#[tokio::test]
async fn odata_json_27_an_error_with_status_200() {
    let error = r#"{"error":{"code":"SY/530","message":{"lang":"en","value":"Short dump"}}}"#;
    let text = refused(move || said(200, JSON, error)).await;

    answered("odata-json-27", &text);
    assert!(text.contains("SY/530") && text.contains("Short dump"), "{text}");
}

#[tokio::test]
async fn odata_json_28_a_row_less_than_announced() {
    let numbers: Vec<String> = (0..999).map(|number| number.to_string()).collect();
    let short = move || {
        let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
        page(&numbers, None, 1000)
    };
    answered("odata-json-28", &refused(short).await);
}

#[test]
fn odata_json_29_a_unit_that_nobody_knows() {
    answered("odata-json-29", &set_aside(&json!({ "BaseUnit": "KGX" })));
}

#[test]
fn odata_json_30_a_unit_as_two_languages_write_it() {
    let (german, english) = (json!({ "BaseUnit": "ST" }), json!({ "BaseUnit": "PC" }));
    let (orders, problems) = facts_of(&[order("1", &german), order("2", &english)]);

    accepted("odata-json-30");
    assert!(problems.is_empty(), "{problems:?}");
    assert!(orders.planned_orders.iter().all(|order| order.quantity.unit == Uom::Piece));
}

#[test]
fn odata_json_31_a_material_with_and_without_zeros() {
    let padded = json!({ "Material": "000000000000000042" });
    let (orders, problems) =
        facts_of(&[order("1", &padded), order("2", &json!({ "Material": "42" }))]);

    accepted("odata-json-31");
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(orders.planned_orders[0].material, orders.planned_orders[1].material);
}

#[tokio::test]
async fn odata_json_32_a_batch_that_answers_less() {
    let part = "--b\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 200 OK\r\n\
                Content-Type: application/json\r\n\r\n{\"d\":{\"results\":[]}}\r\n--b--\r\n";
    let hostile = Hostile::new(move |request, _| match request.starts_with("GET") {
        true => said(200, JSON, "{\"d\":{}}").with("x-csrf-token", "T"),
        false => said(202, "multipart/mixed; boundary=b", part),
    })
    .await;
    let id = RequestId { id: "1".into(), first_sent: jiff::Timestamp::UNIX_EPOCH };
    let change = Change::create("A_PlannedOrder", serde_json::Map::new(), id);
    let batch =
        Batch::new(PLANNED_ORDERS).read(&Query::of("A_PlannedOrder")).change_set(vec![change]);

    let answers = hostile.client().batch(&batch, Format::Multipart).await.unwrap();

    assert!(matches!(answers[0], Ok(Answered::Rows(_))));
    let doubt = answers[1].as_ref().unwrap_err();
    assert_eq!(doubt.outcome(), Outcome::Unknown);
    answered("odata-json-32", &doubt.to_string());
}

#[tokio::test]
async fn odata_json_33_a_bomb() {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..300 {
        encoder.write_all(&[b' '; 1 << 20]).unwrap();
    }
    let bomb = encoder.finish().unwrap();
    let bomb = move || said(200, JSON, bomb.clone()).with("content-encoding", "gzip");

    answered("odata-json-33", &refused(bomb).await);
}

#[tokio::test]
async fn odata_json_34_a_connection_that_ends_early() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let _ = socket.read(&mut [0; 4096]).await;
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
                        content-length: 100\r\n\r\n{\"d\":";
            let _ = socket.write_all(head.as_bytes()).await;
        }
    });
    let client = ODataClient::new(&system(&url), &credentials("p")).unwrap();

    let error = client.read(PLANNED_ORDERS, &Query::of("A_PlannedOrder"), |_, _| {}).await;

    answered("odata-json-34", &error.unwrap_err().to_string());
}
