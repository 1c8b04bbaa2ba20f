//! How fast Carbide posts and takes back, and how soon it is ready again after a crash, against the
//! sandbox on loopback. What goes out is recorded, sent and read back, one document after the other.
//!
//! `cargo bench --bench posting`; `-- --orders N --records N` for other sizes.

use std::path::Path;
use std::time::{Duration, Instant};

use carbide::clock::{Clock, SystemClock};
use carbide::id::{CompanyCode, GlAccount, MaterialNumber, PlantCode, ProductionVersionCode};
use carbide::period::PostingPeriod;
use carbide::post::change_set::ChangeSetDraft;
use carbide::post::journal::{Journal, Record, Row, export};
use carbide::post::{
    FiLine, FiPosting, NewDocument, NewPlannedOrder, PostSettings, Poster, Progress, SapBooks,
    SystemRole,
};
use carbide::sandbox::{RunningSandbox, SandboxOptions};
use carbide::sap::odata::ODataClient;
use carbide::sap::rfc::RfcClient;
use carbide::sap::system::{Credentials, SapSystem};
use carbide::secret::Secret;
use carbide::unit::{Measure, Uom};
use carbide::value_state::ValueState;
use rust_decimal::Decimal;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str, default: usize| {
        let at = arguments.iter().position(|argument| argument == name);
        at.and_then(|at| arguments.get(at + 1)?.parse().ok()).unwrap_or(default)
    };
    let (orders, records) = (number("--orders", 500), number("--records", 1_000_000));
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    intents(&folder.path().join("intents.sqlite"));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for (latency, orders) in [(0, orders), (100, orders)] {
        let journal = folder.path().join(format!("orders-{latency}.sqlite"));
        runtime.block_on(planned_orders(&journal, latency, orders));
    }
    runtime.block_on(documents(&folder.path().join("documents.sqlite"), 100, 40));
    let grown = folder.path().join("grown.sqlite");
    grow(&folder.path().join("orders-0.sqlite"), &grown, records);
    ready(&grown);
}

fn shown(name: &str, value: String, goal: &str) {
    println!("{name:<62} {value:>16}   goal {goal}");
}

/// How long one durable record takes on the disk of the build.
fn intents(path: &Path) {
    let clock = SystemClock;
    let mut journal = Journal::open(path, &clock.now()).unwrap();
    let writing = journal.begin_writing().unwrap();
    let record = Record::KeyRotated { old: None, new: "k".repeat(500), who: "bench".to_owned() };
    let mut took: Vec<Duration> = (0..1_000)
        .map(|_| {
            let begun = Instant::now();
            journal.note(&writing, &record, &clock.now()).unwrap();
            begun.elapsed()
        })
        .collect();
    took.sort();
    shown("record of 600 bytes, durable: p50", format!("{:.2?}", took[500]), "-");
    shown("record of 600 bytes, durable: p99", format!("{:.2?}", took[990]), "<= 10 ms");
}

async fn sandbox() -> RunningSandbox {
    let options = SandboxOptions { page_rows: 1_000, ..SandboxOptions::local("CARBIDE", "bench") };
    RunningSandbox::start(options).await.unwrap()
}

async fn answers_after(sandbox: &RunningSandbox, milliseconds: u64) {
    if milliseconds > 0 {
        let fault = serde_json::json!({
            "kind": "delay", "match": "", "count": 1_000_000, "milliseconds": milliseconds
        });
        let client = reqwest::Client::new();
        let address = format!("{}/sandbox/faults", sandbox.url());
        client.post(address).body(fault.to_string()).send().await.unwrap();
    }
}

fn poster(sandbox: &RunningSandbox, journal: &Path) -> Poster<SapBooks, SystemClock> {
    let system = SapSystem::new("BENCH", &sandbox.url(), "100");
    let user = Credentials { user: "CARBIDE".to_owned(), password: Secret::new("bench") };
    let odata = ODataClient::new(&system, &user).unwrap().with_limit(8);
    let books = SapBooks { odata, rfc: RfcClient::new(&system, &user).unwrap() };
    let settings = PostSettings::new("BENCH", "100", SystemRole::Sandbox);
    Poster::open(journal, books, settings, SystemClock).unwrap()
}

fn draft(plan_hash: &str, documents: Vec<NewDocument>) -> ChangeSetDraft {
    ChangeSetDraft {
        purpose: "bench".to_owned(),
        requested_by: "bench".to_owned(),
        plan_hash: plan_hash.to_owned(),
        after: None,
        at_confirm: Vec::new(),
        documents,
    }
}

fn order(number: usize) -> NewDocument {
    NewDocument::PlannedOrder(NewPlannedOrder {
        material: MaterialNumber::new("REBAR-16").unwrap(),
        plant: PlantCode::new("1010").unwrap(),
        production_version: ProductionVersionCode::new("0002").unwrap(),
        quantity: Measure::new(Decimal::new(4_000 + number as i64, 3), Uom::Tonne),
        start: "2018-10-02T06:00:00".parse().unwrap(),
        end: "2018-10-02T14:00:00".parse().unwrap(),
        sales_order: None,
        reference: format!("P{number}"),
    })
}

fn document(number: usize) -> NewDocument {
    let line = |account: &str, cents: i64, kilograms| FiLine {
        gl_account: GlAccount::new(account).unwrap(),
        cost_center: None,
        amount: Decimal::new(cents, 2),
        quantity_kg: kilograms,
        text: "Carbon 2018-09".to_owned(),
        scope: Some(2),
        value_state: ValueState::Measured,
        evidence: "E-1".to_owned(),
    };
    NewDocument::FiDocument(FiPosting {
        company_code: CompanyCode::new("1010").unwrap(),
        document_type: "SA".to_owned(),
        document_date: "2018-09-30".parse().unwrap(),
        posting_date: "2018-09-30".parse().unwrap(),
        period: PostingPeriod { year: 2018, month: 9 },
        currency: "EUR".to_owned(),
        boundary: format!("scope-{number}"),
        kind: "valued".to_owned(),
        revision: 1,
        reversal_reason: "01".to_owned(),
        lines: vec![
            line("476500", 8500, Some(Decimal::new(1_000_000, 3))),
            line("399900", -8500, None),
        ],
    })
}

/// When sending began, as the poster told.
fn told(poster: Poster<SapBooks, SystemClock>) -> (Poster<SapBooks, SystemClock>, Told) {
    let told = Told::default();
    let into = told.clone();
    let poster = poster.on_progress(move |progress| {
        let mut into = into.lock().unwrap();
        let now = Some(Instant::now());
        match progress {
            Progress::Prepared { .. } => into.0 = now,
            Progress::Opened { .. } => into.1 = now,
            Progress::TakenBack { .. } if into.2.is_none() => into.2 = now,
            _ => {}
        }
    });
    (poster, told)
}

type Told = std::sync::Arc<std::sync::Mutex<(Option<Instant>, Option<Instant>, Option<Instant>)>>;

async fn planned_orders(journal: &Path, latency: u64, orders: usize) {
    let sandbox = sandbox().await;
    let (mut poster, told) = told(poster(&sandbox, journal));
    let plan = draft(&format!("plan-{latency}"), (1..=orders).map(order).collect());
    answers_after(&sandbox, latency).await;
    let receipt = poster.apply(plan).await;
    let (from, to, _) = *told.lock().unwrap();
    let goal = if latency == 0 { ">= 500 /s" } else { ">= 35 /s" };
    let name = format!("planned orders by OData, SAP at {latency} ms: {orders} orders");
    match (&receipt, from, to) {
        (Ok(_), Some(from), Some(to)) => {
            let rate = orders as f64 / (to - from).as_secs_f64();
            shown(&name, format!("{rate:.1} /s"), goal);
        }
        _ => shown(&name, format!("{:?}", receipt.err().map(|error| error.to_string())), goal),
    }
    let begun = Instant::now();
    let report = poster.undo(None, "bench").await;
    let took = begun.elapsed();
    let name = format!("taken back, SAP at {latency} ms: {orders} orders");
    shown(&name, format!("{took:.1?}"), if latency == 0 { "-" } else { "500 in <= 30 s" });
    let first = told.lock().unwrap().2.map(|first| first - begun).unwrap_or_default();
    shown("  the first of them, after the trigger", format!("{first:.2?}"), "begun <= 1 s");
    if let Err(error) = report {
        println!("  {error}");
    }
    sandbox.stop().await;
}

async fn documents(journal: &Path, latency: u64, documents: usize) {
    let sandbox = sandbox().await;
    let (mut poster, told) = told(poster(&sandbox, journal));
    answers_after(&sandbox, latency).await;
    let run = draft("fi", (1..=documents).map(document).collect());
    let receipt = poster.apply(run).await;
    let (from, to, _) = *told.lock().unwrap();
    let name = format!("FI documents by BAPI, SAP at {latency} ms: {documents} documents");
    match (&receipt, from, to) {
        (Ok(_), Some(from), Some(to)) => {
            let rate = documents as f64 / (to - from).as_secs_f64();
            shown(&name, format!("{rate:.1} /s"), ">= 20 /s");
        }
        _ => {
            shown(&name, format!("{:?}", receipt.err().map(|error| error.to_string())), ">= 20 /s")
        }
    }
    sandbox.stop().await;
}

/// A journal of so many records: the change set of another one, again and again, chained anew.
fn grow(from: &Path, to: &Path, records: usize) {
    let rows = export(from).unwrap();
    drop(Journal::open(to, &SystemClock.now()).unwrap());
    let mut sql = rusqlite::Connection::open(to).unwrap();
    let mut previous: [u8; 32] =
        sql.query_row("SELECT hash FROM journal WHERE seq = 1", [], |row| row.get(0)).unwrap();
    let of_set: Vec<_> = rows.iter().filter(|row| row.change_set == "CS-1").collect();
    let transaction = sql.transaction().unwrap();
    let mut insert = transaction
        .prepare("INSERT INTO journal VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")
        .unwrap();
    let mut seq = 1;
    'all: for set in 1.. {
        for row in &of_set {
            seq += 1;
            if seq > records as i64 {
                break 'all;
            }
            let at = carbide::clock::Moment {
                wall: row.wall.parse().unwrap(),
                since_boot: jiff::SignedDuration::from_nanos_i128(row.since_boot_ns),
                boot_id: row.boot_id.clone(),
            };
            let row = Row {
                seq,
                change_set: format!("CS-{set}"),
                kind: row.kind.clone(),
                version: row.version,
                at,
                payload: row.payload.clone(),
            };
            previous = row.hash(&previous);
            insert
                .execute(rusqlite::params![
                    row.seq,
                    row.change_set,
                    row.kind,
                    row.version,
                    row.at.wall.to_string(),
                    row.at.since_boot.as_nanos() as i64,
                    row.at.boot_id,
                    row.payload,
                    previous.as_slice(),
                ])
                .unwrap();
        }
    }
    drop(insert);
    transaction.commit().unwrap();
}

/// From the start to the list of what is in doubt: what a process does after it was killed.
fn ready(path: &Path) {
    let begun = Instant::now();
    let journal = Journal::open(path, &SystemClock.now()).unwrap();
    let open = journal.change_sets().iter().filter(|set| !set.state.phase.is_final()).count();
    let took = begun.elapsed();
    let rows = journal.head().0;
    let name = format!("ready with {rows} records, {open} change set in doubt");
    shown(&name, format!("{took:.2?}"), "<= 2 s");
}
