//! Reading meters by ODBC: nothing lost, nothing doubled, nothing guessed.

use std::path::Path;
use std::process::Command;

use carbide::check::{self, RuleSet};
use carbide::id::MeterId;
use carbide::quantity::Energy;
use carbide::reading::Meter;
use carbide::sandbox::ems::{MAIN_METER, write_database};
use carbide::sandbox::meter_series;
use carbide::secret::Secret;
use carbide::source::ems::{
    Bucket, Dialect, EmsConnection, EmsError, EmsMapping, check_mapping, interval_sums,
    read_readings,
};
use carbide::unit::Uom;
use carbide::value_state::ValueState;
use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;
use rust_decimal::Decimal;

fn mapping() -> EmsMapping {
    toml::from_str(include_str!("../../mappings/ems.toml")).unwrap()
}

pub fn sqlite(path: &Path) -> EmsConnection {
    EmsConnection {
        dialect: Dialect::Sqlite,
        database: path.display().to_string(),
        server: None,
        user: None,
    }
}

fn main_meter() -> MeterId {
    MeterId::new(MAIN_METER).unwrap()
}

fn now() -> Timestamp {
    "2018-10-01T00:00:00Z".parse().unwrap()
}

/// A folder with a database made by `sql`.
pub fn database(sql: &str) -> (tempfile::TempDir, EmsConnection) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ems.sqlite");
    Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    let connection = sqlite(&path);
    (folder, connection)
}

fn steel_works() -> (tempfile::TempDir, EmsConnection) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ems.sqlite");
    write_database(&path).unwrap();
    let connection = sqlite(&path);
    (folder, connection)
}

#[test]
fn nine_months_of_a_steel_works_come_whole_and_exact() {
    let (_folder, connection) = steel_works();

    let read = read_readings(&connection, &mapping(), &main_meter(), |_| {}).unwrap();

    assert!(read.problems.is_empty(), "{:?}", read.problems.first());
    assert_eq!(read.rows.len(), 26_208);
    let sum: Energy = read.rows.iter().filter_map(|row| row.energy).sum();
    assert_eq!(sum.amount().to_string(), "729316.67");
    assert_eq!(read.rows[0].stamp.to_string(), "2017-12-31T23:15:00Z");
}

#[test]
fn the_databases_own_sums_agree_with_the_rows() {
    let (_folder, connection) = steel_works();

    let sums = interval_sums(&connection, &mapping(), &main_meter(), Bucket::Day).unwrap();

    assert_eq!(sums.len(), 273);
    assert_eq!(sums.iter().map(|sum| sum.count).sum::<u64>(), 26_208);
    let total: Energy = sums.iter().map(|sum| sum.energy).sum();
    assert_eq!(total, Energy::new(Decimal::new(72_931_667, 2)));
}

#[test]
fn the_published_time_defect_is_found_and_repaired_and_nothing_is_lost() {
    let (_folder, connection) = steel_works();
    let read = read_readings(&connection, &mapping(), &main_meter(), |_| {}).unwrap();
    let meter: Meter = mapping().meter[0].meter();
    let step = SignedDuration::from_mins(15);

    let checked = check::readings(&read.rows, &meter, step, &RuleSet::default(), now());

    let shifted = checked.findings.iter().find(|finding| finding.rule == "R10").unwrap();
    assert_eq!(shifted.count, 273);
    assert_eq!(checked.series.slots.len(), 26_208);
    assert!(checked.series.slots.iter().all(|slot| slot.state == ValueState::Measured));
    // Every repaired stamp is the one that the data set's editors give.
    let clock = jiff::tz::TimeZone::fixed(jiff::tz::offset(1));
    for (index, row) in meter_series().iter().enumerate() {
        let end = clock.to_timestamp(row.interval_end).unwrap();
        assert_eq!(checked.series.interval(index).end, end);
        assert_eq!(checked.series.slots[index].energy, Some(Energy::new(row.usage_kwh)));
    }
}

#[test]
fn a_stuck_meter_and_a_spike_are_held_and_short_gaps_imputed() {
    let (_folder, connection) = steel_works();
    let mut read = read_readings(&connection, &mapping(), &main_meter(), |_| {}).unwrap();
    for row in &mut read.rows[2_000..2_012] {
        row.energy = Some(Energy::new(Decimal::new(417, 1)));
    }
    read.rows[5_000].energy = Some(Energy::new(Decimal::from(40_000)));
    read.rows.drain(9_000..9_003);
    let meter: Meter = mapping().meter[0].meter();
    let step = SignedDuration::from_mins(15);

    let checked = check::readings(&read.rows, &meter, step, &RuleSet::default(), now());

    let found = |rule: &str| checked.findings.iter().filter(|f| f.rule == rule).count();
    assert_eq!((found("R7"), found("R8"), found("R4")), (1, 1, 3));
    let state = |index: usize| checked.series.slots[index].state;
    assert!((2_000..2_012).all(|index| state(index) == ValueState::Imputed));
    assert_eq!(state(5_000), ValueState::Imputed);
    assert!((9_000..9_003).all(|index| state(index) == ValueState::Imputed));
    let kept = checked.corrections.iter().find(|c| c.rule == "R8").unwrap();
    assert_eq!(kept.old_kwh, Some(Decimal::from(40_000)));
}

#[test]
fn a_long_gap_stays_missing() {
    let (_folder, connection) = steel_works();
    let mut read = read_readings(&connection, &mapping(), &main_meter(), |_| {}).unwrap();
    read.rows.drain(9_000..9_300);
    let meter: Meter = mapping().meter[0].meter();
    let step = SignedDuration::from_mins(15);

    let checked = check::readings(&read.rows, &meter, step, &RuleSet::default(), now());

    assert!((9_000..9_300).all(|index| checked.series.slots[index].energy.is_none()));
    assert!(checked.findings.iter().any(|finding| finding.text.contains("300 intervals missing")));
}

#[test]
fn rows_that_make_no_sense_are_named_and_the_others_kept() {
    let (_folder, connection) = database(
        "CREATE TABLE meter_reading (id INTEGER, meter VARCHAR(32), stamp VARCHAR(32), amount VARCHAR(32));
         INSERT INTO meter_reading VALUES
             (1, 'M-1010-MAIN', '01-01-2018 00:15', '3.17'),
             (2, 'M-1010-MAIN', '01-01-2018 00:30', NULL),
             (3, 'M-1010-MAIN', '01-01-2018 00:45', '12,5 kWh'),
             (4, 'M-1010-MAIN', '01-01-2018 01:00', 'NaN'),
             (5, 'M-1010-MAIN', 'yesterday', '1'),
             (6, 'OTHER', '01-01-2018 01:15', '1');",
    );

    let read = read_readings(&connection, &mapping(), &main_meter(), |_| {}).unwrap();

    assert_eq!(read.rows.len(), 2);
    assert_eq!(read.rows[1].energy, None);
    assert_eq!(read.problems.len(), 3);
    assert!(read.problems[0].contains("01-01-2018 00:45: VAL-DECIMAL: '12,5 kWh'"));
    assert!(read.problems[2].contains("METER-TIME"));
}

#[test]
fn the_hour_that_comes_twice_is_ambiguous_unless_the_clock_is_fixed() {
    let (_folder, connection) = database(
        "CREATE TABLE meter_reading (id INTEGER, meter VARCHAR(32), stamp VARCHAR(32), amount VARCHAR(32));
         INSERT INTO meter_reading VALUES
             (1, 'M-1010-MAIN', '28-10-2018 02:30', '1'), (2, 'M-1010-MAIN', '28-10-2018 02:30', '2'),
             (3, 'M-1010-MAIN', '25-03-2018 02:30', '3');",
    );
    let berlin = EmsMapping { time_zone: "Europe/Berlin".to_owned(), ..mapping() };

    let local = read_readings(&connection, &berlin, &main_meter(), |_| {}).unwrap();
    let fixed = read_readings(&connection, &mapping(), &main_meter(), |_| {}).unwrap();

    assert_eq!(local.rows.len(), 0);
    assert!(local.problems[0].contains("METER-DST: ambiguous"), "{}", local.problems[0]);
    assert!(local.problems[2].contains("does not exist"), "{}", local.problems[2]);
    assert_eq!(fixed.rows.len(), 3);
}

#[test]
fn a_wrong_column_is_named_with_the_one_that_was_meant() {
    let (_folder, connection) = steel_works();
    let wrong = EmsMapping { value_column: Some("amounts".to_owned()), ..mapping() };

    let error = read_readings(&connection, &wrong, &main_meter(), |_| {}).unwrap_err();

    assert!(error.to_string().contains("has no column amounts (similar: amount)"), "{error}");
}

#[test]
fn a_meter_counts_in_its_own_unit_or_is_refused_by_name() {
    let (_folder, connection) = steel_works();
    let mapping = mapping();
    let id = |name: &str| MeterId::new(name).unwrap();
    let sum = |mapping: &EmsMapping, name: &str| -> Decimal {
        let read = read_readings(&connection, mapping, &id(name), |_| {}).unwrap();
        read.rows.iter().filter_map(|row| row.energy).map(Energy::amount).sum()
    };
    let with = |name: &str, unit: Uom| {
        let mut other = mapping.clone();
        let meter = other.meter.iter_mut().find(|meter| meter.id == id(name)).unwrap();
        meter.unit = Some(unit);
        other
    };

    let steam = sum(&mapping, "M-1010-STEAM");
    // The same digits in MWh are 3.6 times the gigajoules.
    let more = with("M-1010-STEAM", Uom::Mwh);
    let refused = with("M-1010-WATER", Uom::Kwh).validate().unwrap_err().to_string();

    assert!(steam > Decimal::from(20), "{steam} GJ");
    assert_eq!(sum(&more, "M-1010-STEAM"), steam * Decimal::new(36, 1));
    assert!(refused.contains("M-1010-WATER counts water in KWH"), "{refused}");
}

#[test]
fn a_mapping_cannot_carry_a_statement() {
    let (_folder, connection) = steel_works();
    for table in
        ["meter_reading\"; DROP TABLE meter_reading; --", "meter_reading UNION SELECT 1", ""]
    {
        let wrong = EmsMapping { table: table.to_owned(), ..mapping() };

        let error = read_readings(&connection, &wrong, &main_meter(), |_| {}).unwrap_err();

        assert!(matches!(error, EmsError::Identifier { .. }), "{error}");
    }
    let hostile = MeterId::new("x' OR '1'='1").unwrap();
    let read = read_readings(&connection, &mapping(), &hostile, |_| {}).unwrap();
    assert!(read.rows.is_empty());
}

#[test]
fn a_database_that_is_not_there_is_named() {
    let missing = sqlite(Path::new("no-such-folder/ems.sqlite"));

    let error = read_readings(&missing, &mapping(), &main_meter(), |_| {}).unwrap_err();

    assert!(error.to_string().contains("ODBC-CONNECT"), "{error}");
}

#[test]
fn a_mapping_shows_what_it_takes_columns_for() {
    let (_folder, connection) = steel_works();

    let samples = check_mapping(&connection, &mapping()).unwrap();

    assert_eq!(samples[0].cells, ["M-1010-MAIN", "01-01-2018 00:15", "3.17"].map(str::to_owned));
    assert_eq!(samples[0].interval_end.unwrap().to_string(), "2017-12-31T23:15:00Z");
}

/// A PostgreSQL server of its own on a free port, gone when dropped.
pub struct Postgres {
    folder: tempfile::TempDir,
    programs: String,
    port: u16,
}

impl Postgres {
    /// Starts a server; `None`, with the reason, if this machine has none.
    pub fn start() -> Option<Self> {
        let skip = |reason: &str| {
            let must = std::env::var("CARBIDE_NO_SKIP").is_ok_and(|value| value == "1");
            assert!(!must, "PostgreSQL is needed: {reason}");
            eprintln!("skipped, because {reason}");
            None
        };
        let mut found: Vec<_> =
            std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().collect();
        found.sort_by_key(std::fs::DirEntry::path);
        let Some(programs) = found.last().map(|entry| entry.path().join("bin")) else {
            return skip("no PostgreSQL server is installed");
        };
        let driver = Command::new("odbcinst").args(["-q", "-d"]).output();
        let drivers = driver.map(|out| String::from_utf8_lossy(&out.stdout).into_owned());
        if !drivers.unwrap_or_default().contains("PostgreSQL Unicode") {
            return skip("the driver odbc-postgresql is not installed");
        }
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        let server = Self { folder, programs: programs.display().to_string(), port };
        server.as_owner(&format!("chmod 755 {0}; mkdir {0}/d", server.path()), true);
        server.as_owner("initdb -D $D -U carbide --auth=trust -E UTF8 >/dev/null", false);
        server.as_owner(
            &format!(
                "pg_ctl -D $D -w -l $D/log -o '-p {port} -h 127.0.0.1 -k {}' start >/dev/null",
                server.path()
            ),
            false,
        );
        Some(server)
    }

    fn path(&self) -> String {
        self.folder.path().display().to_string()
    }

    /// Runs a shell command; the server refuses to run as root, so then as user postgres.
    fn as_owner(&self, command: &str, prepare: bool) {
        let data = format!("{}/d", self.path());
        let root = Command::new("id").arg("-u").output().unwrap().stdout.starts_with(b"0");
        let script = format!("export D={data} PATH={}:$PATH; {command}", self.programs);
        let status = if prepare {
            let own =
                if root { format!("; chown -R postgres {}", self.path()) } else { String::new() };
            Command::new("sh").arg("-c").arg(script + &own).status()
        } else if root {
            Command::new("runuser").args(["-u", "postgres", "--", "sh", "-c", &script]).status()
        } else {
            Command::new("sh").arg("-c").arg(script).status()
        };
        assert!(status.unwrap().success(), "{command}");
    }

    pub fn run(&self, sql: &str) {
        let file = format!("{}/setup.sql", self.path());
        std::fs::write(&file, sql).unwrap();
        let status = Command::new(format!("{}/psql", self.programs))
            .args([
                "-q",
                "-h",
                "127.0.0.1",
                "-U",
                "carbide",
                "-d",
                "postgres",
                "-v",
                "ON_ERROR_STOP=1",
            ])
            .args(["-p", &self.port.to_string(), "-f", &file])
            .status();
        assert!(status.unwrap().success());
    }

    pub fn connection(&self) -> EmsConnection {
        EmsConnection {
            dialect: Dialect::Postgresql,
            database: "postgres".to_owned(),
            server: Some(("127.0.0.1".to_owned(), self.port)),
            user: Some(("carbide".to_owned(), Secret::new("pass word;}"))),
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.as_owner("pg_ctl -D $D -m immediate stop >/dev/null", false);
    }
}

#[test]
fn postgresql_gives_the_same_readings_and_keeps_both_hours_when_clocks_go_back() {
    let Some(server) = Postgres::start() else { return };
    let rows: Vec<String> = meter_series()
        .iter()
        .take(5_000)
        .map(|row| format!("('M-1010-MAIN', '{}+01', {})", row.interval_end, row.usage_kwh))
        .collect();
    server.run(&format!(
        "SET TimeZone = 'Europe/Berlin';
         CREATE TABLE meter_reading (meter varchar(32), stamp timestamptz, amount numeric);
         INSERT INTO meter_reading VALUES {};
         INSERT INTO meter_reading VALUES
             ('FOLD', '2018-10-28 02:30+02', 1.5), ('FOLD', '2018-10-28 02:30+01', 2.25),
             ('ODD', '2018-01-01 00:00+00', 'NaN'), ('ODD', 'infinity', 1), ('ODD', '2018-01-01 01:00+00', NULL);",
        rows.join(",")
    ));
    let mapping = EmsMapping {
        order_column: None,
        stamp_format: None,
        time_zone: "UTC".to_owned(),
        ..mapping()
    };
    let read = |meter: &str| {
        let meter = MeterId::new(meter).unwrap();
        read_readings(&server.connection(), &mapping, &meter, |_| {}).unwrap()
    };

    let main = read("M-1010-MAIN");
    assert!(main.problems.is_empty(), "{:?}", main.problems.first());
    assert_eq!(main.rows.len(), 5_000);
    let expected: Decimal = meter_series().iter().take(5_000).map(|row| row.usage_kwh).sum();
    let sum: Energy = main.rows.iter().filter_map(|row| row.energy).sum();
    assert_eq!(sum, Energy::new(expected));
    let sums = interval_sums(&server.connection(), &mapping, &main_meter(), Bucket::Hour).unwrap();
    assert_eq!(sums.iter().map(|sum| sum.energy).sum::<Energy>(), Energy::new(expected));
    assert!(sums.len() < 1_300, "{}", sums.len());

    let fold = read("FOLD");
    assert_eq!(fold.rows.len(), 2);
    assert_eq!(fold.rows[0].stamp.to_string(), "2018-10-28T00:30:00Z");
    assert_eq!(fold.rows[1].stamp.to_string(), "2018-10-28T01:30:00Z");

    let odd = read("ODD");
    assert_eq!((odd.rows.len(), odd.problems.len()), (1, 2), "{:?}", odd.problems);
    assert_eq!(odd.rows[0].energy, None);
}

#[test]
fn a_server_that_is_down_is_named_without_its_password() {
    let connection = EmsConnection {
        dialect: Dialect::Postgresql,
        database: "plant".to_owned(),
        server: Some(("127.0.0.1".to_owned(), 1)),
        user: Some(("carbide".to_owned(), Secret::new("s3cret-canary"))),
    };

    let error = read_readings(&connection, &mapping(), &main_meter(), |_| {}).unwrap_err();

    assert!(
        error.to_string().contains("127.0.0.1:1/plant") || error.to_string().contains("ODBC-NOMGR")
    );
    assert!(!error.to_string().contains("s3cret-canary"), "{error}");
}
