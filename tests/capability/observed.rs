//! What a monitoring system gets: traces at a collector, and a board and alerts that name only what is
//! there.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;

use crate::command_line::{Plant, text};
use crate::serve::Daemon;
use crate::support::PASSWORD;

type Received = Arc<Mutex<Vec<Span>>>;

/// A collector on a free port, and what it received.
async fn collector() -> (SocketAddr, Received) {
    async fn take(State(received): State<Received>, body: Bytes) {
        let request = ExportTraceServiceRequest::decode(body).expect("OTLP");
        let spans = request.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
        received.lock().unwrap().extend(spans.flat_map(|scope| scope.spans));
    }
    let received = Received::default();
    let app = Router::new().route("/v1/traces", post(take)).with_state(Arc::clone(&received));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    (address, received)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cycle_is_one_trace_and_holds_no_secret() {
    let plant = Plant::new().await;
    let (collector, received) = collector().await;

    let report = plant
        .command(&["report", "--json"])
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{collector}"))
        .output();
    let report = report.unwrap();

    assert!(report.status.success(), "{}", text(&report));
    let spans = received.lock().unwrap().clone();
    let by_id: BTreeMap<&[u8], &Span> =
        spans.iter().map(|span| (span.span_id.as_slice(), span)).collect();
    let read = spans.iter().find(|span| span.name == "cycle.read").expect("cycle.read");
    let sync = spans.iter().find(|span| span.name == "sap.sync").expect("sap.sync");
    assert_eq!(sync.trace_id, read.trace_id);
    let mut above = sync;
    while let Some(parent) = by_id.get(above.parent_span_id.as_slice()) {
        above = parent;
    }
    assert_eq!(above.span_id, read.span_id);
    assert!(spans.iter().all(|span| !format!("{span:?}").contains(PASSWORD)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_not_there_stops_nothing() {
    let plant = Plant::new().await;

    let checked = plant
        .command(&["check", "--json"])
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
        .output();

    let checked = checked.unwrap();
    assert!(matches!(checked.status.code(), Some(0 | 1)), "{}", text(&checked));
}

/// Names of metrics in a text: whole words that begin as ours do.
fn named(text: &str) -> BTreeSet<String> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = text.split(|c| !word(c)).filter(|word| word.starts_with("carbide_"));
    words.map(str::to_owned).collect()
}

/// Families that the daemon registers; one that is still empty is not printed.
fn registered() -> BTreeSet<String> {
    let source = include_str!("../../src/serve/metrics.rs");
    let mut families = BTreeSet::new();
    for (plain, call) in [(true, "register("), (false, "register_with_unit(")] {
        for after in source.split(call).skip(1) {
            let Some(name) = after.trim_start().strip_prefix('"') else { continue };
            let name = name.split('"').next().unwrap();
            let units: &[&str] = if plain { &[""] } else { &["_seconds", "_grams"] };
            families.extend(units.iter().map(|unit| format!("carbide_{name}{unit}")));
        }
    }
    families
}

#[tokio::test(flavor = "multi_thread")]
async fn the_board_and_the_alerts_ask_for_what_is_measured() {
    let plant = Plant::new().await;
    let daemon = Daemon::start(&plant);
    let metrics = daemon.get("/metrics").await.text().await.unwrap();
    let families = registered();
    let printed = metrics.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let printed: Vec<&str> = printed.filter_map(|line| line.split(' ').next()).collect();
    assert!(printed.contains(&"carbide_up_seconds") && printed.contains(&"carbide_journal_usable"));
    assert!(printed.iter().all(|family| families.contains(*family)), "{printed:?}");

    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/basis/monitoring");
    for file in ["grafana.json", "alerts.yml"] {
        let names = named(&std::fs::read_to_string(folder.join(file)).unwrap());
        assert!(names.len() > 4, "{file}: {names:?}");
        for name in names {
            let family = name.trim_end_matches("_total").trim_end_matches("_bucket");
            assert!(families.contains(family), "{file} asks for {name}; there are {families:?}");
        }
    }
    let board = std::fs::read_to_string(folder.join("grafana.json")).unwrap();
    let board: serde_json::Value = serde_json::from_str(&board).unwrap();
    assert!(board["panels"].as_array().unwrap().len() > 10);
    assert!(daemon.stop());
}
