//! Answers that no well-behaved SAP gives: logon pages, proxies, half truths. Each must end in a
//! clear error, and no write may be taken for done or for undone when nobody knows.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, Response, Uri};
use carbide::sap::error::{Outcome, SapError};
use carbide::sap::odata::{Key, ODataClient, Query, RequestId};
use carbide::sap::rfc::{Call, RfcClient, refuse_errors};
use carbide::source::sap::PLANNED_ORDERS;
use serde_json::{Map, json};

use crate::support::{credentials, facts, reading_with, sandbox, system, truth};

const SET: &str = "A_PlannedOrder";
const JSON: &str = "application/json";
const HTML: &str = "text/html";

/// Status, content type, further headers, body.
pub struct Said(u16, &'static str, Vec<(&'static str, String)>, Vec<u8>);

pub fn said(status: u16, content_type: &'static str, body: impl Into<Vec<u8>>) -> Said {
    Said(status, content_type, Vec::new(), body.into())
}

impl Said {
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.2.push((name, value.to_owned()));
        self
    }
}

/// A server that says what a test tells it to, and remembers what it was asked.
pub struct Hostile {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Hostile {
    /// `says` gets method and path with query, and how often the server was asked before.
    pub async fn new(says: impl Fn(&str, usize) -> Said + Send + Sync + 'static) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let (log, says) = (Arc::clone(&asked), Arc::new(says));
        let app = axum::Router::new().fallback(
            move |method: Method, uri: Uri, _headers: HeaderMap, _body: Bytes| {
                let (log, says) = (Arc::clone(&log), Arc::clone(&says));
                async move {
                    let request = format!("{method} {uri}");
                    let before = {
                        let mut log = log.lock().unwrap();
                        log.push(request.clone());
                        log.len() - 1
                    };
                    let Said(status, content_type, headers, body) = says(&request, before);
                    let mut response =
                        Response::builder().status(status).header("content-type", content_type);
                    for (name, value) in headers {
                        response = response.header(name, value);
                    }
                    response.body(Body::from(body)).unwrap()
                }
            },
        );
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, asked }
    }

    pub fn client(&self) -> ODataClient {
        ODataClient::new(&system(&self.url), &credentials("p")).unwrap()
    }

    pub fn rfc(&self) -> RfcClient {
        RfcClient::new(&system(&self.url), &credentials("p")).unwrap()
    }

    pub fn count(&self, method: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|line| line.starts_with(method)).count()
    }
}

/// Hands out a token to every GET and answers every write with `answer`.
fn to_writes(answer: impl Fn() -> Said + Send + Sync + 'static) -> impl Fn(&str, usize) -> Said {
    move |request, _| {
        if request.starts_with("GET") {
            return said(200, JSON, "{\"d\":{}}").with("x-csrf-token", "T");
        }
        answer()
    }
}

fn request() -> RequestId {
    RequestId {
        id: "0123456789abcdef0123456789abcdef".into(),
        first_sent: jiff::Timestamp::UNIX_EPOCH,
    }
}

fn key() -> Key {
    Key::of("PlannedOrder", "995")
}

async fn create(hostile: &Hostile) -> SapError {
    let fields = Map::new();
    hostile.client().create(PLANNED_ORDERS, SET, &fields, &request()).await.unwrap_err()
}

async fn delete(hostile: &Hostile) -> Result<(), SapError> {
    hostile.client().delete(PLANNED_ORDERS, SET, &key(), "W/\"1\"", &request()).await
}

/// Pages of planned orders, as many rows each as numbers are given.
pub fn page(numbers: &[&str], next: Option<&str>, count: usize) -> Said {
    let rows: Vec<_> = numbers.iter().map(|number| json!({ "PlannedOrder": number })).collect();
    let mut d = json!({ "results": rows, "__count": count.to_string() });
    if let Some(next) = next {
        d["__next"] = json!(next);
    }
    said(200, JSON, json!({ "d": d }).to_string())
}

pub async fn read(hostile: &Hostile) -> Result<usize, SapError> {
    let query = Query::of(SET).order_by(&["PlannedOrder"]);
    let rows = hostile.client().read(PLANNED_ORDERS, &query, |_, _| {}).await?;
    Ok(rows.len())
}

#[tokio::test]
async fn a_wrong_password_never_locks_the_user_however_much_is_read_at_once() {
    let sandbox = sandbox().await;
    let client = ODataClient::new(&system(&sandbox.url()), &credentials("wrong")).unwrap();
    let rfc = RfcClient::new(&system(&sandbox.url()), &credentials("wrong")).unwrap();

    let error = facts(&reading_with(client)).await.unwrap_err().to_string();
    let call = rfc.call(&Call::new("BAPI_ACC_DOCUMENT_CHECK")).await.unwrap_err();

    assert!(error.contains("was not let in"), "{error}");
    assert!(matches!(call, SapError::LogonRefused { .. }), "{call}");
    let tries = truth(&sandbox, "ledger").await["failed_logons"].as_u64().unwrap();
    assert!(tries <= 2, "{tries} tries of the five that lock a user");
}

#[tokio::test]
async fn a_logon_page_does_not_confirm_a_delete() {
    let hostile = Hostile::new(to_writes(|| said(200, HTML, "<html>log on</html>"))).await;

    let error = delete(&hostile).await.unwrap_err();

    assert!(matches!(error, SapError::NotSapAnswer { .. }), "{error}");
    assert_eq!(error.outcome(), Outcome::Unknown);
}

#[tokio::test]
async fn only_sap_itself_can_refuse_a_write() {
    let refusal = r#"{"error":{"code":"61/404","message":{"lang":"en","value":"No"}}}"#;
    let cases: [(u16, &'static str, &'static str, Outcome); 9] = [
        (400, JSON, refusal, Outcome::Refused),
        (423, JSON, refusal, Outcome::Refused),
        (503, JSON, refusal, Outcome::Refused),
        (500, JSON, refusal, Outcome::Unknown),
        (408, JSON, refusal, Outcome::Unknown),
        (400, "text/plain", "Bad Request", Outcome::Unknown),
        (403, HTML, "<html>blocked</html>", Outcome::Unknown),
        (404, "text/plain", "not here", Outcome::Unknown),
        (503, HTML, "<html>busy</html>", Outcome::Unknown),
    ];
    for (status, content_type, body, expected) in cases {
        let hostile = Hostile::new(to_writes(move || said(status, content_type, body))).await;

        let error = create(&hostile).await;

        assert_eq!(error.outcome(), expected, "{status} {content_type}: {error}");
        assert_eq!(hostile.count("POST"), 1, "a write is sent once");
    }
}

#[tokio::test]
async fn a_write_whose_token_cannot_be_fetched_was_not_sent() {
    let hostile = Hostile::new(|_, _| said(503, HTML, "<html>busy</html>")).await;

    let error = create(&hostile).await;

    assert_eq!(error.outcome(), Outcome::Refused, "{error}");
    assert!(error.to_string().contains("nothing was sent"), "{error}");
    assert_eq!(hostile.count("POST"), 0);
}

#[tokio::test]
async fn a_service_that_is_gone_does_not_mean_that_the_order_is_gone() {
    let inactive = r#"{"error":{"code":"/IWFND/MED/170","message":{"value":"No service found"}}}"#;
    let missing = r#"{"error":{"code":"61/404","message":{"value":"Order does not exist"}}}"#;
    for (content_type, body, absent) in
        [(JSON, inactive, false), ("text/plain", "404", false), (JSON, missing, true)]
    {
        let hostile = Hostile::new(move |_, _| said(404, content_type, body)).await;

        let answer = hostile.client().read_one(PLANNED_ORDERS, SET, &key()).await;

        match answer {
            Ok(None) => assert!(absent, "{body}"),
            Ok(Some(_)) => panic!("there is no row in {body}"),
            Err(error) => {
                assert!(!absent, "{error}");
                assert_ne!(error.status(), Some(404), "{error}");
            }
        }
    }
}

#[tokio::test]
async fn xml_12_a_fault_after_a_post_leaves_the_document_in_doubt() {
    let fault = "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body>\
        <e:Fault><faultcode>e:Server</faultcode><faultstring>TIME_OUT</faultstring></e:Fault>\
        </e:Body></e:Envelope>";
    let hostile = Hostile::new(move |_, _| said(500, "text/xml", fault)).await;

    let mut session = hostile.rfc().session().unwrap();
    let error = session.call(&Call::new("BAPI_ACC_DOCUMENT_POST")).await.unwrap_err();

    assert_eq!(error.outcome(), Outcome::Unknown, "{error}");
    assert!(error.to_string().contains("TIME_OUT"), "{error}");
    assert!(!error.to_string().contains("Nothing was posted"), "{error}");
}

#[tokio::test]
async fn xml_13_an_answer_without_return_is_no_success() {
    let answer = "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body>\
        <n:BAPI_ACC_DOCUMENT_POST.Response xmlns:n=\"urn:sap-com:document:sap:rfc:functions\">\
        <OBJ_KEY>1</OBJ_KEY></n:BAPI_ACC_DOCUMENT_POST.Response></e:Body></e:Envelope>";
    let hostile = Hostile::new(move |_, _| {
        said(200, "text/xml", answer).with("set-cookie", "sap-contextid=C1; path=/sap/bc/soap")
    })
    .await;

    let call = Call::new("BAPI_ACC_DOCUMENT_POST");
    let reply = hostile.rfc().session().unwrap().call(&call).await.unwrap();

    let error = refuse_errors("SBX", call.function(), &reply).unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown, "{error}");
    assert!(error.to_string().contains("no RETURN"), "{error}");
}

#[tokio::test]
async fn a_session_that_sap_does_not_keep_is_noticed_before_the_commit() {
    let answer = "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body>\
        <n:BAPI_ACC_DOCUMENT_POST.Response xmlns:n=\"urn:sap-com:document:sap:rfc:functions\">\
        <RETURN/></n:BAPI_ACC_DOCUMENT_POST.Response></e:Body></e:Envelope>";
    let stateless = Hostile::new(move |_, _| said(200, "text/xml", answer)).await;
    let keeps = move |_: &str, before: usize| {
        let answer = said(200, "text/xml", answer);
        if before == 0 { answer.with("set-cookie", "sap-contextid=C1; path=/") } else { answer }
    };
    let stateful = Hostile::new(keeps).await;
    let call = Call::new("BAPI_ACC_DOCUMENT_POST");

    let error = stateless.rfc().session().unwrap().call(&call).await.unwrap_err();
    let mut session = stateful.rfc().session().unwrap();
    session.call(&call).await.unwrap();
    session.call(&call).await.unwrap();
    session.close().await.unwrap();

    assert!(matches!(error, SapError::NoSession { .. }), "{error}");
    assert_eq!(error.outcome(), Outcome::Refused, "nothing was committed");
    assert_eq!(stateful.count("GET /sap/public/bc/icf/logoff"), 1);
}

#[tokio::test]
async fn a_routing_with_an_operation_that_makes_no_sense_is_left_out_whole_and_named() {
    let routing = |group: &str| {
        json!({ "ProductionRoutingGroup": group, "ProductionRouting": "1",
        "Plant": "1010" })
    };
    let operation = |group: &str, number: &str, quantity: &str| {
        json!({ "ProductionRoutingGroup": group, "ProductionRouting": "1",
            "ProductionRoutingSequence": "0", "Operation": number,
            "WorkCenterInternalID": "10000001", "OperationReferenceQuantity": quantity,
            "OperationUnit": "TO", "OperationScrapPercent": "0" })
    };
    let hostile = Hostile::new(move |request, _| {
        let rows = if request.contains("/ProductionRoutingHeader?") {
            vec![routing("50000001"), routing("50000002")]
        } else if request.contains("/ProductionRoutingOperation?") {
            let comma = "1.000,00";
            vec![
                operation("50000001", "0010", "1.000"),
                operation("50000001", "0020", comma),
                operation("50000002", "0010", "1.000"),
            ]
        } else {
            Vec::new()
        };
        let count = rows.len();
        let body = if request.contains("odata4") {
            json!({ "value": rows, "@odata.count": count })
        } else {
            json!({ "d": { "results": rows, "__count": count.to_string() } })
        };
        said(200, JSON, body.to_string())
    })
    .await;

    let (master, _, problems) = facts(&reading_with(hostile.client())).await.unwrap();

    let groups: Vec<_> = master.routings.keys().map(|(group, _)| group.as_str()).collect();
    assert_eq!(groups, ["50000002"]);
    assert!(problems[0].0.contains("OperationReferenceQuantity '1.000,00'"), "{problems:?}");
    assert!(problems[1].0.contains("routing 50000001/1 is left out"), "{problems:?}");
}

#[tokio::test]
async fn a_service_that_fails_ends_the_reading_of_the_others() {
    let hostile = Hostile::new(|request, _| {
        if request.contains("API_PRODUCT_SRV") {
            let body = r#"{"error":{"code":"/IWFND/MED/170","message":{"value":"No service"}}}"#;
            return said(403, JSON, body);
        }
        page(&["1"], Some(&format!("{}1", request.trim_start_matches("GET "))), 99)
    })
    .await;

    let error = facts(&reading_with(hostile.client())).await.unwrap_err().to_string();

    assert!(error.contains("/IWFND/MAINT_SERVICE"), "{error}");
    tokio::time::sleep(Duration::from_millis(50)).await;
    let asked = hostile.count("GET");
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(hostile.count("GET"), asked, "nothing reads on");
}

#[tokio::test]
async fn odata_json_16_a_row_on_two_pages_makes_the_read_start_again() {
    let row = |number: &str, quantity: &str| {
        let uri = format!("/S/A_PlannedOrder('{number}')");
        json!({ "__metadata": { "uri": uri }, "PlannedOrder": number, "TotalQuantity": quantity })
    };
    let moved = move |request: &str, before: usize| {
        // The order was changed between the two pages and came a second time, with other content.
        let (quantity, number) = if before < 2 { ("2.000", "1") } else { ("5.000", "2") };
        let d = if request.contains("skiptoken") {
            json!({ "results": [row(number, quantity)], "__count": "2" })
        } else {
            let next = format!("{}&$skiptoken=1", request.trim_start_matches("GET "));
            json!({ "results": [row("1", "1.000")], "__count": "2", "__next": next })
        };
        said(200, JSON, json!({ "d": d }).to_string())
    };
    let hostile = Hostile::new(moved).await;

    assert_eq!(read(&hostile).await.unwrap(), 2);
    assert_eq!(hostile.count("GET"), 4, "the whole read was done twice");
}

#[tokio::test]
async fn odata_json_28_a_row_that_is_missing_for_good_is_an_error_that_counts() {
    let hostile = Hostile::new(|_, _| page(&["1", "2"], None, 3)).await;

    let error = read(&hostile).await.unwrap_err().to_string();

    assert!(error.contains("announced 3 rows, 2 came"), "{error}");
    assert_eq!(hostile.count("GET"), 2, "a snapshot that moved is read once more, not for ever");
}

#[tokio::test]
async fn odata_json_18_a_next_link_that_leads_in_a_circle_ends() {
    let circle = |request: &str, _| page(&["1"], Some(request.trim_start_matches("GET ")), 9);
    let hostile = Hostile::new(circle).await;

    let error = read(&hostile).await.unwrap_err().to_string();

    assert!(error.contains("next link repeats"), "{error}");
}

#[tokio::test]
async fn odata_json_19_a_next_link_with_another_scheme_is_not_followed() {
    for link in ["file:///secret.txt", "gopher://127.0.0.1/x"] {
        let hostile = Hostile::new(move |_, _| page(&["1"], Some(link), 2)).await;

        let error = read(&hostile).await.unwrap_err().to_string();

        assert!(error.contains("SSRF-LINK") && error.contains(link), "{error}");
    }
}

#[tokio::test]
async fn odata_json_20_a_redirect_is_not_followed() {
    let hostile =
        Hostile::new(|_, _| said(302, HTML, "").with("location", "http://169.254.169.254/latest"))
            .await;

    let error = read(&hostile).await.unwrap_err();

    assert!(matches!(error, SapError::Redirected { .. }), "{error}");
    assert_eq!(hostile.count("GET"), 1);
}

#[tokio::test]
async fn odata_json_21_22_23_24_damaged_json_is_refused_with_its_reason() {
    let deep = format!("{{\"d\":{{\"results\":[{}{}]}}}}", "[".repeat(9_000), "]".repeat(9_000));
    let long = format!("{{\"d\":{{\"results\":[{{\"P\":\"{}\"}}]}}}}", "x".repeat(17 << 20));
    let twice = r#"{"d":{"results":[{"Plant":"1010","Plant":"2020"}]}}"#.to_owned();
    let surrogate = r#"{"d":{"results":[{"P":"\uD800"}]}}"#.to_owned();
    let cases =
        [(deep, "JSON-DEPTH"), (long, "JSON-SIZE"), (twice, "JSON-DUPMEMBER"), (surrogate, "JSON")];
    for (body, code) in cases {
        let hostile = Hostile::new(move |_, _| said(200, JSON, body.clone())).await;

        let error = read(&hostile).await.unwrap_err().to_string();

        assert!(error.contains(code), "{code}: {error}");
    }
}

#[tokio::test]
async fn odata_json_26_27_a_byte_order_mark_is_skipped_and_an_error_with_status_200_is_an_error() {
    let marked = "\u{feff}{\"d\":{\"results\":[],\"__count\":\"0\"}}";
    let hostile = Hostile::new(move |_, _| said(200, JSON, marked)).await;
    assert_eq!(read(&hostile).await.unwrap(), 0);

    let error = r#"{"error":{"code":"SY/530","message":{"value":"Dump"}}}"#;
    let hostile = Hostile::new(move |_, _| said(200, JSON, error)).await;
    let error = read(&hostile).await.unwrap_err().to_string();
    assert!(error.contains("SY/530") && error.contains("Dump"), "{error}");
}

#[tokio::test]
async fn odata_json_01_a_page_that_breaks_off_is_read_again_and_then_refused() {
    let cut = r#"{"d":{"results":[{"PlannedOrder":"A""#;
    let hostile = Hostile::new(move |_, _| said(200, JSON, cut)).await;

    let error = read(&hostile).await.unwrap_err().to_string();

    assert!(error.contains("ODATA-TRUNC") && error.contains("36 bytes"), "{error}");
    assert_eq!(hostile.count("GET"), 2, "once more, and no more");
    let once = move |_: &str, before: usize| match before {
        0 => said(200, JSON, cut),
        _ => page(&["1"], None, 1),
    };
    assert_eq!(read(&Hostile::new(once).await).await.unwrap(), 1);
}

#[tokio::test]
async fn odata_json_02_a_logon_page_with_status_200_is_no_answer() {
    let hostile = Hostile::new(|_, _| said(200, HTML, "<html>Please log on</html>")).await;

    let error = read(&hostile).await.unwrap_err().to_string();

    assert!(error.starts_with("ODATA-NOTSAP") && error.contains("text/html"), "{error}");
    assert!(error.contains("login") && error.contains("client number"), "{error}");
}

#[tokio::test]
async fn odata_json_14_a_row_without_its_key_refuses_the_page() {
    for row in [json!({ "Material": "A" }), json!({ "PlannedOrder": null })] {
        let body = json!({ "d": { "results": [{ "PlannedOrder": "1" }, row] } }).to_string();
        let hostile = Hostile::new(move |_, _| said(200, JSON, body.clone())).await;

        let error = read(&hostile).await.unwrap_err().to_string();

        assert!(error.contains("ODATA-KEY: row 1 has no value for key PlannedOrder"), "{error}");
    }
}

#[tokio::test]
async fn odata_json_15_a_key_that_stands_twice_on_a_page_is_named_with_its_rows() {
    let row = |number: &str| {
        let uri = format!("http://sap/A_PlannedOrder('{number}')");
        json!({ "__metadata": { "uri": uri }, "PlannedOrder": number })
    };
    let body = json!({ "d": { "results": [row("1"), row("2"), row("1")] } }).to_string();
    let hostile = Hostile::new(move |_, _| said(200, JSON, body.clone())).await;

    let error = read(&hostile).await.unwrap_err().to_string();

    assert!(error.contains("ODATA-DUP"), "{error}");
    assert!(error.contains("('1') appears twice (rows 0, 2)"), "{error}");
}

#[tokio::test]
async fn odata_json_34_a_connection_that_ends_early_says_by_how_much() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = socket.read(&mut request).await;
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
                        content-length: 100\r\n\r\n{\"d\":";
            let _ = socket.write_all(head.as_bytes()).await;
        }
    });
    let client = ODataClient::new(&system(&url), &credentials("secret")).unwrap();

    let error = client.read(PLANNED_ORDERS, &Query::of(SET), |_, _| {}).await.unwrap_err();

    let text = error.to_string();
    assert!(text.contains("ODATA-TRUNC: connection ended 95 bytes early"), "{text}");
}

#[tokio::test]
async fn odata_json_03_a_service_of_the_other_version_is_named() {
    let v4 = r#"{"@odata.context":"$metadata","value":[]}"#;
    let hostile = Hostile::new(move |_, _| said(200, JSON, v4)).await;

    let error = read(&hostile).await.unwrap_err().to_string();

    assert!(error.contains("ODATA-VERSION"), "{error}");
}

#[tokio::test]
async fn odata_json_33_gzip_is_read_and_a_bomb_is_stopped_at_once() {
    use std::io::Write;
    let packed = |plain: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    };
    let small = packed(b"{\"d\":{\"results\":[],\"__count\":\"0\"}}");
    let hostile =
        Hostile::new(move |_, _| said(200, JSON, small.clone()).with("content-encoding", "gzip"))
            .await;
    assert_eq!(read(&hostile).await.unwrap(), 0);

    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let zeros = vec![b' '; 1 << 20];
    for _ in 0..300 {
        encoder.write_all(&zeros).unwrap();
    }
    let bomb = encoder.finish().unwrap();
    let hostile =
        Hostile::new(move |_, _| said(200, JSON, bomb.clone()).with("content-encoding", "gzip"))
            .await;

    let error = read(&hostile).await.unwrap_err().to_string();

    assert!(error.contains("HTTP-BOMB"), "{error}");
    assert_eq!(hostile.count("GET"), 1, "a bomb is not asked for again");
}

#[tokio::test]
async fn an_overloaded_system_is_given_the_time_that_it_asks_for() {
    let busy = |_: &str, before: usize| {
        if before == 0 {
            said(429, HTML, "slow down").with("retry-after", "1")
        } else {
            page(&[], None, 0)
        }
    };
    let hostile = Hostile::new(busy).await;
    let begun = std::time::Instant::now();

    assert_eq!(read(&hostile).await.unwrap(), 0);

    assert!(begun.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn config_04_a_password_is_not_sent_in_clear_text_to_another_machine() {
    for url in ["http://sap.example.com:8000", "http://10.0.0.1", "http://localhost.example.com"] {
        let refused = ODataClient::new(&system(url), &credentials("p"));

        let error = refused.err().expect("refused").to_string();
        assert!(error.contains("https"), "{error}");
    }
    for url in ["http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1", "https://sap.example"]
    {
        assert!(ODataClient::new(&system(url), &credentials("p")).is_ok(), "{url}");
    }
}
