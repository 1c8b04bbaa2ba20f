//! How fast SAP is read: BOM items over paged OData V2 JSON from a server on this machine, by Carbide
//! and by the clients that people use today, in one run. What grows with what: time with rows, memory
//! with the rows of one page.
//!
//! `cargo bench --bench sap_reading` (1,000,000 rows); `-- --rows N` for another number. The server
//! and each client are processes of their own, so that memory is theirs alone.

#[path = "measure/process.rs"]
mod process;

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use axum::extract::{Query, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use carbide::sap::odata::{self, ODataClient};
use carbide::sap::soap_rfc;
use carbide::sap::system::{Credentials, SapSystem};
use carbide::secret::Secret;
use carbide::source::sap::{BILL_OF_MATERIAL, bom_item};
use serde_json::Value;

use process::{cpu_seconds, peak_kib};

const SERVICE: &str = "/sap/opu/odata/sap/API_BILL_OF_MATERIAL_SRV;v=0002";
const EDMX: &str = include_str!("../odata/api_bill_of_material_srv/service.edmx");
const ROWS: usize = 1_000_000;
/// Slower clients read as many rows as take a few seconds; rates are compared.
const PEER_ROWS: usize = 50_000;
/// Rounds in which Carbide and the fastest peer read in turn. Their medians are compared: what else the
/// machine does meets both alike.
const ROUNDS: usize = 5;
/// Rows that SAP Gateway sends at once, as its services mostly do; the peers read the same pages.
const PAGE_ROWS: usize = 1_000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str, default: usize| {
        let at = arguments.iter().position(|argument| argument == name);
        at.and_then(|at| arguments.get(at + 1)?.parse().ok()).unwrap_or(default)
    };
    match arguments.first().map(String::as_str) {
        Some("serve") => serve(),
        Some("read") => println!("{}", read(&arguments[1], &arguments[2])),
        _ => compare(number("--rows", ROWS), number("--peer-rows", PEER_ROWS)),
    }
}

// ---------------------------------------------------------------------------------------------
// Server
// ---------------------------------------------------------------------------------------------

/// Serves as many rows as `rows` in the query of the root asked for. Prints its address.
#[tokio::main(flavor = "current_thread")]
async fn serve() {
    let rows: usize = std::env::args().nth(2).and_then(|text| text.parse().ok()).unwrap_or(ROWS);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("http://{}", listener.local_addr().unwrap());
    axum::serve(listener, axum::Router::new().fallback(answer).with_state(rows)).await.unwrap();
}

async fn answer(
    State(rows): State<usize>,
    uri: axum::http::Uri,
    Query(query): Query<std::collections::BTreeMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let path = uri.path();
    if path.ends_with("$metadata") {
        return ([(header::CONTENT_TYPE, "application/xml")], EDMX).into_response();
    }
    if !path.ends_with("/MaterialBOMItem") {
        let body = r#"{"d":{"EntitySets":["MaterialBOM","MaterialBOMItem"]}}"#;
        let kind = [(header::CONTENT_TYPE, "application/json")];
        return (kind, [("x-csrf-token", "bench")], body).into_response();
    }
    let number = |name: &str| query.get(name).and_then(|text| text.parse::<usize>().ok());
    let first = number("$skiptoken").or(number("$skip")).unwrap_or(0);
    let last = (first + number("$top").unwrap_or(PAGE_ROWS).min(PAGE_ROWS)).min(rows);
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let base = format!("http://{host}{SERVICE}");
    let kind = [(header::CONTENT_TYPE, "application/json; charset=utf-8")];
    (kind, page(&base, first, last, rows)).into_response()
}

/// The rows from `first` to `last` as SAP Gateway writes them.
///
/// The server must not be what is measured: a page is written once, and later ones are copies with
/// other numbers of the BOM, all of which have eight digits.
fn page(base: &str, first: usize, last: usize, rows: usize) -> Vec<u8> {
    static TEMPLATE: OnceLock<(String, Vec<(usize, usize)>)> = OnceLock::new();
    let whole = first.is_multiple_of(PAGE_ROWS) && last - first == PAGE_ROWS;
    let mut body = if whole {
        let (template, numbers) = TEMPLATE.get_or_init(|| {
            let template = written(base, 0, PAGE_ROWS);
            let numbers = template.match_indices(MARK);
            let numbers = numbers.map(|(at, _)| {
                let number = at + MARK.len();
                (number, template[number..number + 8].parse().unwrap())
            });
            let numbers = numbers.collect();
            (template, numbers)
        });
        let mut body = template.clone().into_bytes();
        let first_bom = first / BOM_ROWS;
        for (at, bom) in numbers {
            let mut number = first_bom + bom;
            for digit in body[*at..at + 8].iter_mut().rev() {
                *digit = b'0' + (number % 10) as u8;
                number /= 10;
            }
        }
        body
    } else {
        written(base, first, last).into_bytes()
    };
    let _ = write!(body, ",\"__count\":\"{rows}\"");
    if last < rows {
        let _ = write!(body, ",\"__next\":\"{base}/MaterialBOMItem?$skiptoken={last}\"");
    }
    body.extend_from_slice(b"}}");
    body
}

/// Stands before every number of a BOM.
const MARK: &str = "BOM-";
const BOM_ROWS: usize = 20;

fn written(base: &str, first: usize, last: usize) -> String {
    let mut body = String::with_capacity((last - first) * 1_200);
    body.push_str("{\"d\":{\"results\":[");
    for row in first..last {
        if row > first {
            body.push(',');
        }
        let (bom, node) = (row / BOM_ROWS, row % BOM_ROWS);
        let key = format!(
            "BillOfMaterial='{MARK}{bom:08}',BillOfMaterialCategory='M',BillOfMaterialVariant='1',\
             BillOfMaterialVersion='',BillOfMaterialItemNodeNumber='{node:08}',\
             HeaderChangeDocument='',Material='{MARK}{bom:08}',Plant='1010'"
        );
        let _ = write!(
            body,
            "{{\"__metadata\":{{\"id\":\"{base}/MaterialBOMItem({key})\",\
             \"uri\":\"{base}/MaterialBOMItem({key})\",\
             \"type\":\"API_BILL_OF_MATERIAL_SRV.MaterialBOMItemType\"}},\
             \"BillOfMaterial\":\"{MARK}{bom:08}\",\"BillOfMaterialCategory\":\"M\",\
             \"BillOfMaterialVariant\":\"1\",\"BillOfMaterialVersion\":\"\",\
             \"BillOfMaterialItemNodeNumber\":\"{node:08}\",\"HeaderChangeDocument\":\"\",\
             \"Material\":\"{MARK}{bom:08}\",\"Plant\":\"1010\",\
             \"BillOfMaterialComponent\":\"C{node}\",\
             \"BillOfMaterialItemCategory\":\"L\",\"BillOfMaterialItemNumber\":\"{:04}\",\
             \"BillOfMaterialItemUnit\":\"KG\",\"BillOfMaterialItemQuantity\":\"{}.{:03}\",\
             \"ComponentScrapInPercent\":\"0.50\",\"OperationScrapInPercent\":\"0.00\",\
             \"IsNetScrap\":false,\"FixedQuantity\":false,\"IsBulkMaterial\":false,\
             \"MaterialIsCoProduct\":false,\"SpecialProcurementType\":\"\",\
             \"AlternativeItemGroup\":\"\",\"UsageProbabilityPercent\":\"0\",\
             \"LastChangeDateTime\":\"/Date(1538380800000+0000)/\",\
             \"ValidityStartDate\":\"/Date(1483228800000)/\",\
             \"ValidityEndDate\":\"/Date(253402214400000)/\"}}",
            node * 10,
            row % 997 + 1,
            row % 1000,
        );
    }
    body.push(']');
    body
}

// ---------------------------------------------------------------------------------------------
// Clients
// ---------------------------------------------------------------------------------------------

/// Reads everything into facts, page by page; what a peer prints, too.
#[tokio::main]
async fn read(url: &str, rows: &str) -> Value {
    let system =
        SapSystem { timeout: Duration::from_secs(60), ..SapSystem::new("BENCH", url, "100") };
    let credentials = Credentials { user: "CARBIDE".to_owned(), password: Secret::new("bench") };
    let client = ODataClient::new(&system, &credentials).unwrap();
    let query = odata::Query::of("MaterialBOMItem");
    let start = Instant::now();
    let (mut count, mut total) = (0usize, rust_decimal::Decimal::ZERO);
    let mut pages = client.pages(BILL_OF_MATERIAL, &query).unwrap();
    while let Some(page) = pages.next().await.unwrap() {
        for row in &page.rows {
            total += bom_item(row).unwrap().quantity.amount;
            count += 1;
        }
    }
    assert_eq!(count.to_string(), rows);
    serde_json::json!({
        "rows": count, "seconds": start.elapsed().as_secs_f64(), "cpu_seconds": cpu_seconds(),
        "peak_kib": peak_kib(), "total": total.to_string(),
    })
}

// ---------------------------------------------------------------------------------------------
// The comparison
// ---------------------------------------------------------------------------------------------

struct Server {
    process: Child,
    url: String,
}

impl Server {
    fn start(rows: usize) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["serve", &rows.to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut url = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut url).unwrap();
        Self { process, url: url.trim().to_owned() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Rows a second that one core decodes into facts, without a network.
fn decode_alone() -> f64 {
    const PAGES: usize = 40;
    let body = page("http://localhost", 0, PAGE_ROWS, usize::MAX);
    let start = Instant::now();
    let mut total = rust_decimal::Decimal::ZERO;
    for _ in 0..PAGES {
        let rows = odata::parse::page("MaterialBOMItem", odata::Version::V2, body.clone()).unwrap();
        for row in &rows {
            total += bom_item(row).unwrap().quantity.amount;
        }
    }
    assert!(total > rust_decimal::Decimal::ZERO);
    (PAGES * PAGE_ROWS) as f64 / start.elapsed().as_secs_f64()
}

/// Rows of a table of a function module that one core reads out of an envelope.
fn decode_envelope_alone() -> f64 {
    const TIMES: usize = 40;
    let row = |number: usize| {
        format!(
            "<item><OBJ_TYPE>ZCARB</OBJ_TYPE><OBJ_KEY>{number:020}</OBJ_KEY><OBJ_SYS>CARBIDE</OBJ_SYS>\
             <COMP_CODE>1010</COMP_CODE><FISC_YEAR>2018</FISC_YEAR><AC_DOC_NO>{number:010}</AC_DOC_NO>\
             <PSTNG_DATE>2018-09-30</PSTNG_DATE><AMOUNT>{}.50</AMOUNT></item>",
            number % 997
        )
    };
    let rows: String = (0..PAGE_ROWS).map(row).collect();
    let envelope = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><e:Envelope \
         xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body>\
         <n:BAPI_ACC_DOCUMENTS_RECORD.Response xmlns:n=\"urn:sap-com:document:sap:rfc:functions\">\
         <ACCOUNTING_DOCUMENTS>{rows}</ACCOUNTING_DOCUMENTS></n:BAPI_ACC_DOCUMENTS_RECORD.Response>\
         </e:Body></e:Envelope>"
    );
    let start = Instant::now();
    for _ in 0..TIMES {
        let read = soap_rfc::parse::rows(
            envelope.as_bytes(),
            "BAPI_ACC_DOCUMENTS_RECORD",
            "ACCOUNTING_DOCUMENTS",
        );
        assert_eq!(read.unwrap(), PAGE_ROWS);
    }
    (TIMES * PAGE_ROWS) as f64 / start.elapsed().as_secs_f64()
}

fn compare(rows: usize, peer_rows: usize) {
    println!("decoding JSON into facts, one core: {:.0} rows/s", decode_alone());
    println!("decoding SOAP into rows, one core: {:.0} rows/s", decode_envelope_alone());
    println!(
        "client                    rows       rows/s   ratio   rows/CPU s   ratio   peak memory"
    );
    let carbide = |server: &Server, rows: usize| {
        let program = std::env::current_exe().unwrap();
        outcome(Command::new(program).args(["read", &server.url, &rows.to_string()])).unwrap()
    };
    let (many, few) = (Server::start(rows), Server::start(peer_rows));
    let address = format!("{}{SERVICE}", few.url);
    let peers = peer_folder();
    let (mut ours, mut python) = (Vec::new(), Ok(Vec::new()));
    for _ in 0..ROUNDS {
        ours.push(carbide(&many, rows));
        python = python.and_then(|mut all: Vec<Value>| {
            all.push(pyodata(&peers, &address, peer_rows)?);
            Ok(all)
        });
    }
    let ours = median(ours);
    print_line("carbide", &ours, &ours);
    let same = carbide(&few, peer_rows);
    print_line("carbide, rows of a peer", &same, &ours);
    for (name, result) in [
        ("pyodata", python.map(median)),
        ("SAP Cloud SDK for JS", cloud_sdk(&peers, &few.url, peer_rows)),
    ] {
        match result {
            Ok(result) => {
                assert_eq!(result["total"], same["total"], "{name} read something else");
                print_line(name, &result, &ours);
            }
            Err(reason) => println!("{name:<22} left out: {reason}"),
        }
    }
}

/// The result whose time lies in the middle.
fn median(mut results: Vec<Value>) -> Value {
    let seconds = |result: &Value| result["seconds"].as_f64().unwrap_or(f64::INFINITY);
    results.sort_by(|one, other| seconds(one).total_cmp(&seconds(other)));
    results.swap_remove(results.len() / 2)
}

/// Rows by time on the clock, or by time that a processor worked: the second does not depend on what
/// else runs on the machine.
fn rate(result: &Value, time: &str) -> f64 {
    result["rows"].as_f64().unwrap_or(0.0) / result[time].as_f64().unwrap_or(f64::INFINITY)
}

fn print_line(name: &str, result: &Value, ours: &Value) {
    println!(
        "{name:<22} {:>8} {:>12.0} {:>7.1} {:>12.0} {:>7.1} {:>9} MiB",
        result["rows"],
        rate(result, "seconds"),
        rate(ours, "seconds") / rate(result, "seconds"),
        rate(result, "cpu_seconds"),
        rate(ours, "cpu_seconds") / rate(result, "cpu_seconds"),
        result["peak_kib"].as_u64().unwrap_or(0) / 1024
    );
}

/// Runs a client; the JSON that it prints.
fn outcome(command: &mut Command) -> Result<Value, String> {
    let output = command.stderr(Stdio::inherit()).output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!("{:?} ended with {}", command.get_program(), output.status));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())
}

fn run(command: &mut Command) -> Result<(), String> {
    let status = command.stdout(Stdio::null()).status().map_err(|error| error.to_string())?;
    if status.success() { Ok(()) } else { Err(format!("{:?} failed", command.get_program())) }
}

/// Where the peers are installed, beside what Cargo builds.
fn peer_folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench-peers");
    std::fs::create_dir_all(folder.join("edmx")).unwrap();
    folder
}

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers").join(name)
}

fn pyodata(folder: &Path, address: &str, rows: usize) -> Result<Value, String> {
    let python = folder.join("venv/bin/python");
    if !python.exists() {
        run(Command::new("python3").args(["-m", "venv"]).arg(folder.join("venv")))?;
        let packages = ["-m", "pip", "install", "--quiet", "pyodata==1.12.1", "requests"];
        run(Command::new(&python).args(packages))?;
    }
    let script = source("pyodata_read.py");
    outcome(Command::new(&python).arg(script).args([address, &rows.to_string()]))
}

fn cloud_sdk(folder: &Path, url: &str, rows: usize) -> Result<Value, String> {
    let generated = folder.join("generated/API_BILL_OF_MATERIAL_SRV");
    if !generated.join("index.js").exists() {
        let copied = |from: PathBuf, to: &str| {
            std::fs::copy(from, folder.join(to)).map_err(|error| error.to_string())
        };
        copied(source("package.json"), "package.json")?;
        std::fs::write(folder.join("edmx/API_BILL_OF_MATERIAL_SRV.edmx"), EDMX)
            .map_err(|error| error.to_string())?;
        let quiet = ["install", "--no-audit", "--no-fund", "--silent"];
        run(Command::new("npm").args(quiet).current_dir(folder))?;
        // It complains about types and writes the JavaScript all the same.
        let _ = Command::new("npx")
            .args(["generate-odata-client", "-i", "edmx", "-o", "generated"])
            .args(["--transpile", "--clearOutputDir", "--skipValidation"])
            .current_dir(folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
    let script = std::fs::copy(source("cloud_sdk_read.js"), folder.join("cloud_sdk_read.js"));
    script.map_err(|error| error.to_string())?;
    let mut command = Command::new("node");
    let arguments = ["cloud_sdk_read.js", "generated/API_BILL_OF_MATERIAL_SRV", url];
    outcome(command.args(arguments).arg(rows.to_string()).current_dir(folder))
}
