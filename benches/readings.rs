//! How fast readings come and are checked.
//!
//! `cargo bench --bench readings` runs both parts; `-- check` or `-- odbc` one of them.
//!
//! `check`: a plant of 10,000 meters at 15 seconds for one day (57.6 million readings), made as they are
//! needed: a thousand families of a main meter and nine below it, four of which have a fault (a gap, a
//! reading times 1,000, one that is stuck, one that comes twice). Every reading goes through the rules of
//! readings, every family through the balance, the rules of production, products and factors, a
//! temperature at 15 seconds and 30 batches with gas, and is summed by hours. `--meters N` for another size.
//!
//! `odbc`: 5 million rows of five columns from SQLite and, if a server is installed, PostgreSQL; the same
//! statement by Carbide, arrow-odbc and pyodbc in one run, and hourly sums by the database against the
//! database's own time. `--rows N` for another size; `-- sqlite` or `-- postgresql` for one of the two.

#[path = "measure/process.rs"]
mod process;
#[path = "measure/python.rs"]
mod python;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use carbide::check::{
    Background, Batch, CheckedReadings, FactorUse, Finding, MaterialFootprint, Metered, RuleSet,
    Temperature, balance, factor_use, furnace_temperature, gas_per_batch, material_footprint,
    production, readings_with, transport_share,
};
use carbide::factor::{FactorError, Scope};
use carbide::id::MeterId;
use carbide::order::Confirmation;
use carbide::period::{Interval, ShiftCalendar};
use carbide::quantity::Energy;
use carbide::reading::{Medium, Meter, RawReading};
use carbide::source::ems::{Bucket, Dialect, EmsConnection, EmsMapping, interval_sums, read_each};
use carbide::unit::{Measure, Uom};
use jiff::{SignedDuration, Timestamp};
use rayon::prelude::*;
use rust_decimal::Decimal;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str, otherwise: usize| {
        let at = arguments.iter().position(|argument| argument == name);
        at.and_then(|at| arguments.get(at + 1)?.parse().ok()).unwrap_or(otherwise)
    };
    let parts: Vec<&str> =
        arguments.iter().map(String::as_str).filter(|part| PARTS.contains(part)).collect();
    let wanted = |names: &[&str]| parts.is_empty() || parts.iter().any(|part| names.contains(part));
    if wanted(&["check"]) {
        check(value("--meters", 10_000));
    }
    let (rows, folder) = (value("--rows", 5_000_000), tempfile::tempdir().unwrap());
    if wanted(&["odbc", "sqlite"]) {
        from_sqlite(folder.path(), rows);
    }
    if wanted(&["odbc", "postgresql"]) {
        from_postgresql(folder.path(), rows);
    }
}

/// What can be measured by itself; `odbc` is both databases.
const PARTS: [&str; 4] = ["check", "odbc", "sqlite", "postgresql"];

/// Readings of a day at 15 seconds.
const OF_DAY: usize = 5_760;
/// Meters of a family.
const FAMILY: usize = 10;

fn start() -> Timestamp {
    "2026-03-02T00:00:00Z".parse().unwrap()
}

fn meter(name: &str) -> Meter {
    Meter {
        id: MeterId::new(name).unwrap(),
        medium: Medium::Electricity,
        plant: "1010".parse().unwrap(),
        overhead_cost_center: "101090".parse().unwrap(),
    }
}

/// A number that looks random and is the same each time.
fn mixed(seed: u64) -> u64 {
    let mut x = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

/// Watt-hours of a machine in an interval: shifts with a load, breaks without.
fn watt_hours(machine: u64, at: usize) -> i64 {
    let hour = at / 240;
    let load = [40, 400, 900, 700][(hour / 6 + machine as usize) % 4];
    load + (mixed(machine << 20 | at as u64) % 61) as i64
}

fn check(meters: usize) {
    let families = meters / FAMILY;
    println!("{meters} meters at 15 s for a day, {} readings:", meters * OF_DAY);
    let before = peak();
    let begun = Instant::now();
    let (named, kwh) = (0..families).into_par_iter().map(family).reduce(
        || (BTreeMap::new(), 0.0),
        |mut a, b| {
            b.0.into_iter().for_each(|(rule, count)| *a.0.entry(rule).or_default() += count);
            (a.0, a.1 + b.1)
        },
    );
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "  checked by all rules and summed by hours in {seconds:.1} s on {} threads: {:.2} million \
         readings a second; findings {named:?}, {kwh:.0} kWh",
        rayon::current_num_threads(),
        (meters * OF_DAY) as f64 / seconds / 1e6,
    );
    println!("  peak memory {} MB, before {} MB", peak() >> 20, before >> 20);
}

/// Machines of a family that have a fault, and where it begins.
const GAP: (usize, usize) = (0, 1_000);
const TIMES_1000: (usize, usize) = (1, 2_000);
const STUCK: (usize, usize) = (2, 3_000);
const TWICE: (usize, usize) = (3, 4_000);

/// The rows of a meter in a day, with its fault if it has one.
fn rows(child: usize, counted: impl Fn(usize) -> i64) -> Vec<RawReading> {
    let step = SignedDuration::from_secs(15);
    let row = |at: usize| {
        let at_fault =
            if child == STUCK.0 && (STUCK.1..STUCK.1 + 40).contains(&at) { STUCK.1 } else { at };
        let times = if (child, at) == TIMES_1000 { 1_000 } else { 1 };
        RawReading {
            stamp: start() + step * i32::try_from(at + 1).unwrap(),
            energy: Some(Energy::new(Decimal::new(counted(at_fault) * times, 3))),
            arrival: at as u64,
        }
    };
    let mut rows: Vec<RawReading> = (0..OF_DAY).map(row).collect();
    if child == GAP.0 {
        rows.drain(GAP.1..GAP.1 + 10);
    }
    if child == TWICE.0 {
        rows.insert(TWICE.1, rows[TWICE.1].clone());
    }
    rows
}

/// What a machine made in each shift.
fn confirmed(machine: u64) -> Vec<Confirmation> {
    let of_shift = |shift: i64| {
        let from = start() + SignedDuration::from_hours(6 + 8 * shift);
        Confirmation {
            key: (machine.to_string(), shift.to_string()),
            order: machine.to_string().parse().unwrap(),
            operation: "0010".to_owned(),
            material: "BILLET".parse().unwrap(),
            production_version: None,
            plant: "1010".parse().unwrap(),
            work_center: "EAF1".parse().unwrap(),
            execution: Interval { start: from, end: from + SignedDuration::from_hours(6) },
            yielded: Measure::new(Decimal::from(20), Uom::Tonne),
            scrapped: Measure::new(Decimal::ZERO, Uom::Tonne),
            activities: Vec::new(),
            stood_in: Vec::new(),
        }
    };
    (0..2).map(of_shift).collect()
}

/// One family through every rule; how often each spoke, and the kWh of its hours.
fn family(number: usize) -> (BTreeMap<String, usize>, f64) {
    let rules = RuleSet::default();
    let (step, start) = (SignedDuration::from_secs(15), start());
    let now = start + SignedDuration::from_hours(48);
    let mut above = vec![0_i64; OF_DAY];
    let mut checked: Vec<CheckedReadings> = Vec::with_capacity(FAMILY);
    let background = Background {
        capacity: Some(Energy::new(Decimal::from(50))),
        largest_before: Some(Energy::new(Decimal::from(10))),
        ..Background::default()
    };
    for child in 0..FAMILY {
        let main = child + 1 == FAMILY;
        let machine = (number * FAMILY + child) as u64;
        let rows = rows(child, |at| if main { above[at] } else { watt_hours(machine, at) });
        if !main {
            above.iter_mut().enumerate().for_each(|(at, sum)| *sum += watt_hours(machine, at));
        }
        let meter = meter(&format!("M-{machine}"));
        checked.push(readings_with(&rows, &meter, step, &rules, now, &background));
    }
    let metered =
        |one: usize| Metered { series: &checked[one].series, class_percent: 1.0, feeds_in: false };
    let children: Vec<Metered<'_>> = (0..FAMILY - 1).map(metered).collect();
    let mut findings = balance(metered(FAMILY - 1), &children, true, Medium::Electricity, &rules);
    let shifts = ShiftCalendar::three_shifts(jiff::tz::TimeZone::UTC);
    let made = confirmed(number as u64);
    findings.extend(production(&made, &checked[FAMILY - 1].series, &shifts, &rules));
    let of_supplier = if number.is_multiple_of(10) { 2.9 } else { 1.9 };
    let (material, supplier) = ("STEEL".to_owned(), "100101".to_owned());
    let footprint = MaterialFootprint { material, supplier, of_supplier, average: 2.0 };
    findings.extend(material_footprint(&footprint, &rules));
    findings.extend(transport_share("STEEL", 1.0, 100.0, &rules));
    findings.extend(of_process(number, start, &rules));
    let missing = FactorError::Missing {
        activity: "electricity".to_owned(),
        region: "DE".to_owned(),
        day: jiff::civil::date(2026, 3, 2),
        near: Vec::new(),
    };
    let using = FactorUse {
        activity: "electricity",
        day: jiff::civil::date(2026, 3, 2),
        unit: Uom::Kwh,
        scope: Scope::PurchasedEnergy,
        regions: &["DE"],
        row: Err(&missing),
    };
    findings.extend(factor_use(&using, &rules));
    let mut kwh = 0.0;
    for one in &checked {
        findings.extend_from_slice(&one.findings);
        for hour in 0..24 {
            let from = start + SignedDuration::from_hours(hour);
            let interval = Interval { start: from, end: from + SignedDuration::from_hours(1) };
            kwh += one.series.energy_within(interval).0.to_f64();
        }
    }
    let mut named: BTreeMap<String, usize> = BTreeMap::new();
    findings.into_iter().for_each(|finding| *named.entry(finding.rule).or_default() += 1);
    (named, kwh)
}

/// A furnace at 15 seconds and the gas of 30 batches.
fn of_process(number: usize, start: Timestamp, rules: &RuleSet) -> Vec<Finding> {
    let step = SignedDuration::from_secs(15);
    let temperature = |at: usize| Temperature {
        at: start + step * i32::try_from(at).unwrap(),
        celsius: 1_500.0 + (mixed((number * OF_DAY + at) as u64) % 90) as f64,
    };
    let values: Vec<Temperature> = (0..OF_DAY).map(temperature).collect();
    let mut findings = furnace_temperature("BF1", &values, rules);
    let batch = |at: usize| {
        let from = start + SignedDuration::from_mins(40 * at as i64);
        Batch {
            id: at.to_string(),
            material: "BILLET".to_owned(),
            interval: Interval { start: from, end: from + SignedDuration::from_mins(40) },
            gas_per_unit: 1.9 + (mixed((number + at) as u64) % 100) as f64 / 400.0,
        }
    };
    findings.extend(gas_per_batch(&(0..30).map(batch).collect::<Vec<_>>(), rules));
    findings
}

/// Most memory that this process had so far, in bytes.
fn peak() -> u64 {
    process::peak_kib() << 10
}

const MAPPING: &str = "table = \"reading\"\nmeter_column = \"meter\"\nstamp_column = \"stamp\"\n\
    value_column = \"kwh\"\nquality_column = \"quality\"\ngood_quality = [\"ok\"]\n\
    order_column = \"id\"\nunit = \"KWH\"\nstamp_is = \"interval_end\"\nstep_minutes = 5\n\
    time_zone = \"UTC\"\n[[meter]]\nid = \"M\"\nmedium = \"electricity\"\nplant = \"1010\"\n\
    overhead_cost_center = \"101090\"\n";

fn from_sqlite(folder: &Path, rows: usize) {
    let file = folder.join("ems.sqlite");
    fill_sqlite(&file, rows);
    let sqlite = EmsConnection {
        dialect: Dialect::Sqlite,
        database: file.display().to_string(),
        server: None,
        user: None,
    };
    let text = format!("Driver=SQLite3;Database={};StepAPI=1", file.display());
    println!("SQLite, {rows} rows:");
    compare(&sqlite, &text, "\"");
    let sums = "SELECT substr(\"stamp\", 1, 13), COUNT(\"kwh\"), CAST(SUM(CAST(ROUND(CAST(\"kwh\" AS \
        REAL) * 1000000) AS INTEGER)) AS TEXT) FROM \"reading\" WHERE \"meter\" = 'M' AND \"kwh\" IS \
        NOT NULL AND CAST(\"quality\" AS TEXT) IN ('ok') GROUP BY substr(\"stamp\", 1, 13) ORDER BY \
        MIN(\"id\")";
    // The program stands on the library that the driver uses; ours is another version of SQLite.
    let own = || {
        let program = Command::new("sqlite3").arg(&file).arg(sums).stdout(Stdio::null()).status();
        assert!(program.unwrap().success());
    };
    if Command::new("sqlite3").arg("--version").output().is_ok() {
        pushed_down(&sqlite, own);
    } else {
        println!("  the program sqlite3 is not installed: hourly sums are not measured");
    }
}

fn from_postgresql(folder: &Path, rows: usize) {
    let Some(server) = Server::start(folder) else { return };
    server.psql(&format!(
        "CREATE TABLE reading (id integer PRIMARY KEY, meter varchar(8), stamp timestamp, kwh \
         numeric(12,3), quality varchar(8)); INSERT INTO reading SELECT n, 'M', timestamp \
         '2000-01-01' + n * interval '5 minutes', (n % 97777) / 1000.0, 'ok' FROM \
         generate_series(1, {rows}) AS n; ANALYZE reading;"
    ));
    println!("PostgreSQL, {rows} rows:");
    let postgresql = EmsConnection {
        dialect: Dialect::Postgresql,
        database: "postgres".to_owned(),
        server: Some(("127.0.0.1".to_owned(), server.port)),
        user: Some(("carbide".to_owned(), carbide::secret::Secret::new("x"))),
    };
    let text = format!(
        "Driver={{PostgreSQL Unicode}};Server=127.0.0.1;Port={};Database=postgres;UID=carbide;PWD=x;\
         UseDeclareFetch=1;Fetch=10000;MaxVarcharSize=4000",
        server.port
    );
    compare(&postgresql, &text, "\"");
    let sums = "SELECT to_char(\"stamp\", 'YYYY-MM-DD HH24'), COUNT(\"kwh\"), CAST(SUM(CAST(\"kwh\" AS \
        numeric) * 1000000) AS TEXT) FROM \"reading\" WHERE \"meter\" = 'M' AND \"kwh\" IS NOT NULL \
        AND CAST(\"quality\" AS TEXT) IN ('ok') GROUP BY to_char(\"stamp\", 'YYYY-MM-DD HH24') ORDER BY \
        MIN(\"id\")";
    pushed_down(&postgresql, || server.psql(&format!("{sums};")));
}

fn fill_sqlite(file: &Path, rows: usize) {
    let database = rusqlite::Connection::open(file).unwrap();
    database
        .execute_batch(&format!(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
             CREATE TABLE reading (id INTEGER PRIMARY KEY, meter VARCHAR(8), stamp VARCHAR(32),
                 kwh NUMERIC(12,3), quality VARCHAR(8));
             WITH RECURSIVE n(at) AS (SELECT 1 UNION ALL SELECT at + 1 FROM n WHERE at < {rows})
             INSERT INTO reading SELECT at, 'M',
                 strftime('%Y-%m-%d %H:%M:%S', 946684800 + at * 300, 'unixepoch'),
                 (at % 97777) / 1000.0, 'ok' FROM n"
        ))
        .unwrap();
}

/// Rounds in which everybody reads once: what else the machine does then falls on all of them.
const ROUNDS: usize = 3;

/// The same statement by everybody, in turn; medians.
fn compare(connection: &EmsConnection, text: &str, quote: &str) {
    let mapping: EmsMapping = toml::from_str(MAPPING).unwrap();
    let meter = MeterId::new("M").unwrap();
    let name = |name: &str| format!("{quote}{name}{quote}");
    let columns = ["stamp", "kwh", "quality", "id"].map(name).join(", ");
    let sql = format!(
        "SELECT {columns} FROM {} WHERE {} = 'M' ORDER BY {}",
        name("reading"),
        name("meter"),
        name("id")
    );
    let python = python::python("readings", "odbc_requirements.txt", "arrow_odbc, pyodbc");
    // The largest peak so far is forgotten, so that filling the database does not count.
    process::forget_peak();
    let before = peak();
    let (mut rows, mut sum) = (0, Decimal::ZERO);
    let mut ours = Vec::new();
    let mut peers: [Vec<Answer>; 2] = Default::default();
    for _ in 0..ROUNDS {
        (rows, sum) = (0, Decimal::ZERO);
        let begun = Instant::now();
        let problems = read_each(
            connection,
            &mapping,
            &meter,
            |_| {},
            |portion| {
                rows += portion.len();
                sum += portion.iter().filter_map(|row| row.energy).sum::<Energy>().amount();
            },
        );
        ours.push(begun.elapsed().as_secs_f64());
        assert!(problems.unwrap().is_empty());
        for (peer, answers) in PEERS.iter().zip(&mut peers) {
            answers.extend(python.as_deref().and_then(|python| answer(python, peer, text, &sql)));
        }
    }
    let (all, took) = (format!("{ours:.2?}"), median(ours));
    println!(
        "  Carbide     {:>6.0} k rows/s, {took:.2} s of {all}, sum {sum}; peak {} MB, {} MB before",
        rows as f64 / took / 1e3,
        peak() >> 20,
        before >> 20
    );
    for (peer, answers) in PEERS.iter().zip(&peers) {
        let Some(last) = answers.last() else { continue };
        let seconds: Vec<f64> = answers.iter().map(|answer| answer.seconds).collect();
        let (all, its) = (format!("{seconds:.2?}"), median(seconds));
        println!(
            "  {peer:<11} {:>6.0} k rows/s, {its:.2} s of {all}, sum {:.3}; peak {} MB; Carbide {:.2} times \
             as fast",
            last.rows as f64 / its / 1e3,
            last.sum,
            last.peak_bytes >> 20,
            its / took
        );
    }
    checked_too(connection, &mapping, &meter);
}

const PEERS: [&str; 2] = ["arrow-odbc", "pyodbc"];

/// What a peer says of one read.
#[derive(serde::Deserialize)]
struct Answer {
    rows: usize,
    sum: f64,
    seconds: f64,
    peak_bytes: u64,
}

fn answer(python: &Path, peer: &str, text: &str, sql: &str) -> Option<Answer> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peers/odbc_peers.py");
    let output = Command::new(python).args([script, peer, text, sql]).output().unwrap();
    let said = serde_json::from_slice(&output.stdout).ok();
    if said.is_none() {
        println!("  {peer}: {}", String::from_utf8_lossy(&output.stderr));
    }
    said
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The same, each portion through the rules of readings as it comes.
fn checked_too(connection: &EmsConnection, mapping: &EmsMapping, id: &MeterId) {
    let (meter, rules, step) = (meter("M"), RuleSet::default(), SignedDuration::from_mins(5));
    let background =
        Background { capacity: Some(Energy::new(Decimal::from(100))), ..Background::default() };
    let (mut findings, mut slots) = (0, 0);
    let begun = Instant::now();
    read_each(
        connection,
        mapping,
        id,
        |_| {},
        |portion| {
            let now = portion.last().unwrap().stamp + SignedDuration::from_hours(24);
            let checked = readings_with(portion, &meter, step, &rules, now, &background);
            findings += checked.findings.len();
            slots += checked.series.slots.len();
        },
    )
    .unwrap();
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "  and checked {:>6.0} k rows/s, {seconds:.2} s, {slots} intervals, {findings} findings; peak {} MB",
        slots as f64 / seconds / 1e3,
        peak() >> 20
    );
}

/// Hourly sums through ODBC beside the same statement by the database's own client, in turn; medians.
fn pushed_down(connection: &EmsConnection, own: impl Fn()) {
    let mapping: EmsMapping = toml::from_str(MAPPING).unwrap();
    let meter = MeterId::new("M").unwrap();
    let (mut ours, mut its, mut buckets) = (Vec::new(), Vec::new(), 0);
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        buckets = interval_sums(connection, &mapping, &meter, Bucket::Hour).unwrap().len();
        ours.push(begun.elapsed().as_secs_f64());
        let begun = Instant::now();
        own();
        its.push(begun.elapsed().as_secs_f64());
    }
    let all = format!("{ours:.2?} and {its:.2?}");
    let (ours, its) = (median(ours), median(its));
    println!(
        "  hourly sums by the database ({buckets} rows): {ours:.2} s through ODBC, {its:.2} s by its own \
         client: {:.2} times ({all})",
        ours / its
    );
}

/// A PostgreSQL server of its own, gone when dropped.
struct Server {
    folder: PathBuf,
    programs: PathBuf,
    port: u16,
}

impl Server {
    fn start(folder: &Path) -> Option<Self> {
        let mut found: Vec<_> =
            std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().collect();
        found.sort_by_key(std::fs::DirEntry::path);
        let Some(programs) = found.last().map(|entry| entry.path().join("bin")) else {
            println!("PostgreSQL is not installed: not measured");
            return None;
        };
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = Self { folder: folder.join("pg"), programs, port };
        std::fs::create_dir(&server.folder).unwrap();
        let path = server.folder.display();
        server.as_owner(
            &format!("chmod 755 {path} {path}/.. && chown -R postgres {path} || true"),
            true,
        );
        server.as_owner(
            &format!("initdb -D {path}/d -U carbide --auth=trust -E UTF8 >/dev/null"),
            false,
        );
        server.as_owner(
            &format!(
                "pg_ctl -D {path}/d -w -l {path}/log -o '-p {port} -h 127.0.0.1 -k {path}' start \
                 >/dev/null"
            ),
            false,
        );
        Some(server)
    }

    /// The server refuses to run as root, so then as user postgres.
    fn as_owner(&self, command: &str, prepare: bool) {
        let script = format!("PATH={}:$PATH; {command}", self.programs.display());
        let root = Command::new("id").arg("-u").output().unwrap().stdout.starts_with(b"0");
        let status = if root && !prepare {
            Command::new("runuser").args(["-u", "postgres", "--", "sh", "-c", &script]).status()
        } else {
            Command::new("sh").args(["-c", &script]).status()
        };
        assert!(status.unwrap().success(), "{command}");
    }

    fn psql(&self, sql: &str) {
        let status = Command::new(self.programs.join("psql"))
            .args(["-q", "-h", "127.0.0.1", "-U", "carbide", "-d", "postgres", "-o", "/dev/null"])
            .args(["-p", &self.port.to_string(), "-c", sql])
            .status();
        assert!(status.unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let path = self.folder.display();
        self.as_owner(&format!("pg_ctl -D {path}/d -m immediate stop >/dev/null"), false);
    }
}
