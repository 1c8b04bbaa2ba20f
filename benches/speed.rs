//! How fast: plans by size, meters by ODBC with SQLite's own library as the peer.
//!
//! `cargo bench` (or `make bench`). Planning instances are those of `tests/fixtures/planning`.

use std::io::Read;

use carbide::id::MeterId;
use carbide::plan::instance::Instance;
use carbide::plan::{Limit, SolveOptions, baseline, evaluate, solve};
use carbide::sandbox::ems::{MAIN_METER, write_database};
use carbide::source::ems::{
    Bucket, Dialect, EmsConnection, EmsMapping, interval_sums, read_readings,
};
use divan::{Bencher, black_box};
use flate2::read::GzDecoder;
use rusqlite::Connection;

fn main() {
    divan::main();
}

const SIZES: [&str; 3] = ["S-steel-1", "M-steel-1", "L-steel-1"];

fn instance(name: &str) -> Instance {
    let path = format!("{}/tests/fixtures/planning/{name}.json.gz", env!("CARGO_MANIFEST_DIR"));
    let mut text = String::new();
    GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    Instance::from_json(&text).unwrap()
}

/// The oracle on the baseline plan of 50, 500 and 2,000 orders.
#[divan::bench(args = SIZES)]
fn evaluate_a_plan(bencher: Bencher<'_, '_>, name: &str) {
    let instance = instance(name);
    let plan = baseline(&instance).unwrap();
    bencher.bench(|| evaluate(black_box(&instance), black_box(&plan)));
}

/// Compiling, ten generations of AW-MOGA, the bound, and 100,000 annealing moves on two islands.
#[divan::bench(args = SIZES, sample_count = 5, sample_size = 1)]
fn search_a_little(bencher: Bencher<'_, '_>, name: &str) {
    let instance = instance(name);
    let options = SolveOptions {
        seed: 1,
        limit: Limit::Work { generations: 10, moves: 100_000 },
        genetic_only: false,
        progress: &|_, _| {},
    };
    bencher.bench(|| solve(black_box(&instance), &options).unwrap());
}

struct Meters {
    _folder: tempfile::TempDir,
    connection: EmsConnection,
    mapping: EmsMapping,
    meter: MeterId,
}

fn meters() -> Meters {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ems.sqlite");
    write_database(&path).unwrap();
    Meters {
        connection: EmsConnection {
            dialect: Dialect::Sqlite,
            database: path.display().to_string(),
            server: None,
            user: None,
        },
        _folder: folder,
        mapping: toml::from_str(include_str!("../mappings/ems.toml")).unwrap(),
        meter: MeterId::new(MAIN_METER).unwrap(),
    }
}

/// 26,208 readings by ODBC, decimals and stamps parsed.
#[divan::bench(sample_count = 10)]
fn read_nine_months_by_odbc(bencher: Bencher<'_, '_>) {
    let meters = meters();
    bencher.bench(|| {
        read_readings(&meters.connection, &meters.mapping, &meters.meter, |_| {}).unwrap()
    });
}

/// The same in 273 daily sums that the database forms.
#[divan::bench(sample_count = 10)]
fn sum_nine_months_in_the_database(bencher: Bencher<'_, '_>) {
    let meters = meters();
    bencher.bench(|| {
        interval_sums(&meters.connection, &meters.mapping, &meters.meter, Bucket::Day).unwrap()
    });
}

/// The peer: the same rows as text by SQLite's own library, nothing parsed.
#[divan::bench(sample_count = 10)]
fn peer_read_nine_months_by_sqlite_itself(bencher: Bencher<'_, '_>) {
    let meters = meters();
    bencher.bench(|| {
        let database = Connection::open(&meters.connection.database).unwrap();
        let mut statement = database
            .prepare("SELECT stamp, kwh FROM meter_reading WHERE meter = ?1 ORDER BY id")
            .unwrap();
        let rows = statement.query_map([MAIN_METER], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.collect::<Result<Vec<(String, String)>, _>>().unwrap()
    });
}
