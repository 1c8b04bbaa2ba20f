//! The tables of real energy management systems, on real servers: MyEMS on MariaDB, OpenEMS on
//! PostgreSQL, and tables with a column a meter.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use carbide::check::{CounterReading, Register, RuleSet, from_counter};
use carbide::id::MeterId;
use carbide::quantity::Energy;
use carbide::secret::Secret;
use carbide::source::ems::{
    Bucket, Dialect, EmsConnection, EmsError, EmsMapping, RawReadings, inspect, interval_sums,
    read_readings,
};
use rust_decimal::Decimal;
use serde_json::Value;

use crate::command_line::{Plant, text};
use crate::read_meters::{Postgres, database};

/// A MariaDB server of its own on a free port, gone when dropped.
struct Mariadb {
    folder: tempfile::TempDir,
    port: u16,
    server: Child,
}

impl Mariadb {
    /// Starts a server; `None`, with the reason, if this machine has none.
    fn start() -> Option<Self> {
        let skip = |reason: &str| {
            let must = std::env::var("CARBIDE_NO_SKIP").is_ok_and(|value| value == "1");
            assert!(!must, "MariaDB is needed: {reason}");
            eprintln!("skipped, because {reason}");
            None
        };
        let programs = ["/usr/sbin/mariadbd", "/usr/bin/mariadb-install-db"];
        if programs.iter().any(|program| !std::path::Path::new(program).is_file()) {
            return skip("no MariaDB server is installed");
        }
        let drivers = Command::new("odbcinst").args(["-q", "-d"]).output();
        let drivers = drivers.map(|out| String::from_utf8_lossy(&out.stdout).into_owned());
        if !drivers.unwrap_or_default().contains("MariaDB Unicode") {
            return skip("the driver odbc-mariadb is not installed");
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().display().to_string();
        let root = Command::new("id").arg("-u").output().unwrap().stdout.starts_with(b"0");
        let owner = if root { "--user=root" } else { "--skip-log-bin" };
        let made = Command::new(programs[1])
            .args(["--no-defaults", "--auth-root-authentication-method=normal", owner])
            .arg(format!("--datadir={path}/data"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        assert!(made.unwrap().success(), "mariadb-install-db");
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = Command::new(programs[0])
            .args([
                "--no-defaults",
                "--bind-address=127.0.0.1",
                "--skip-name-resolve",
                "--skip-log-bin",
                owner,
            ])
            .arg(format!("--datadir={path}/data"))
            .arg(format!("--socket={path}/socket"))
            .arg(format!("--pid-file={path}/pid"))
            .arg(format!("--log-error={path}/log"))
            .arg(format!("--port={port}"))
            .spawn()
            .unwrap();
        let mariadb = Self { folder, port, server };
        let limit = Instant::now() + Duration::from_secs(60);
        while !mariadb.sql("SELECT 1") {
            assert!(Instant::now() < limit, "MariaDB did not start");
            std::thread::sleep(Duration::from_millis(200));
        }
        Some(mariadb)
    }

    fn sql(&self, sql: &str) -> bool {
        Command::new("/usr/bin/mariadb")
            .args(["--no-defaults", "--user=root", "-e", sql])
            .arg(format!("--socket={}/socket", self.folder.path().display()))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap()
            .success()
    }

    fn connection(&self, database: &str, user: &str) -> EmsConnection {
        EmsConnection {
            dialect: Dialect::Mariadb,
            database: database.to_owned(),
            server: Some(("127.0.0.1".to_owned(), self.port)),
            user: Some((user.to_owned(), Secret::new("pass word;}"))),
        }
    }
}

impl Drop for Mariadb {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn mapping(text: &str) -> EmsMapping {
    toml::from_str(text).unwrap()
}

fn read(connection: &EmsConnection, mapping: &EmsMapping, meter: &str) -> RawReadings {
    read_readings(connection, mapping, &MeterId::new(meter).unwrap(), |_| {}).unwrap()
}

/// Energies of the intervals of a register, and what R11 says.
fn energies(read: &RawReadings, mapping: &EmsMapping, meter: &str) -> (Vec<String>, Vec<String>) {
    let id = MeterId::new(meter).unwrap();
    let register = |row: &carbide::reading::RawReading| CounterReading {
        stamp: row.stamp,
        register: row.energy,
        arrival: row.arrival,
    };
    let rows: Vec<CounterReading> = read.rows.iter().map(register).collect();
    let modulus = mapping.meter(&id).and_then(|meter| meter.register_end_kwh).map(Energy::new);
    let ends = Register { modulus, ..Register::default() };
    let step = i64::from(mapping.step_minutes) * 60;
    let (rows, findings) = from_counter(&rows, &id, step, ends, &RuleSet::default());
    let text = |energy: Option<Energy>| {
        energy.map_or_else(|| "-".to_owned(), |kwh| kwh.amount().normalize().to_string())
    };
    (
        rows.iter().map(|row| text(row.energy)).collect(),
        findings.into_iter().map(|finding| finding.text.into()).collect(),
    )
}

const METER: &str =
    "medium = \"electricity\"\nplant = \"1010\"\noverhead_cost_center = \"101090\"\n";

/// MyEMS keeps registers of points, with a flag for bad ones, in its historical database.
#[test]
fn myems_registers_on_mariadb_come_as_energies_of_intervals() {
    let Some(server) = Mariadb::start() else { return };
    assert!(server.sql(
        "CREATE DATABASE myems_historical_db CHARACTER SET utf8mb4;
         USE myems_historical_db;
         CREATE TABLE tbl_energy_value (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
             point_id BIGINT NOT NULL, utc_date_time DATETIME NOT NULL,
             actual_value DECIMAL(21, 6) NOT NULL, is_bad BOOL);
         CREATE INDEX tbl_energy_value_index_1 ON tbl_energy_value (point_id, utc_date_time);
         INSERT INTO tbl_energy_value (point_id, utc_date_time, actual_value, is_bad) VALUES
             (17, '2018-10-28 00:00:00', 999990.000000, 0),
             (17, '2018-10-28 00:15:00', 999996.500000, 0),
             (17, '2018-10-28 00:30:00', 2.250000, 0),
             (17, '2018-10-28 00:45:00', 123456.000000, 1),
             (17, '2018-10-28 01:00:00', 12.250000, 0),
             (17, '2018-10-28 01:15:00', 3.000000, 0),
             (18, '2018-10-28 00:00:00', 5.000000, 0);
         CREATE USER reader@'%' IDENTIFIED BY 'pass word;}';
         GRANT SELECT ON myems_historical_db.* TO reader@'%';
         CREATE USER writer@'%' IDENTIFIED BY 'pass word;}';
         GRANT SELECT, INSERT ON *.* TO writer@'%';"
    ));
    let myems = mapping(&format!(
        "table = \"tbl_energy_value\"\nmeter_column = \"point_id\"\nstamp_column = \"utc_date_time\"\n\
         value_column = \"actual_value\"\norder_column = \"id\"\nvalues_are = \"counter\"\n\
         quality_column = \"is_bad\"\ngood_quality = [\"0\"]\nunit = \"KWH\"\n\
         stamp_is = \"interval_end\"\nstep_minutes = 15\ntime_zone = \"UTC\"\n\
         [[meter]]\nid = \"HALL-1\"\nkey = \"17\"\nregister_end_kwh = \"1000000\"\n{METER}"
    ));
    let connection = server.connection("myems_historical_db", "reader");

    let rows = read(&connection, &myems, "HALL-1");

    assert_eq!(rows.rows.len(), 5);
    assert!(rows.problems[0].contains("METER-QUALITY: quality is '1'"), "{:?}", rows.problems);
    // Both hours of the night in which clocks go back are there: MyEMS stamps in UTC.
    assert_eq!(rows.rows[4].stamp.to_string(), "2018-10-28T01:15:00Z");
    let (kwh, findings) = energies(&rows, &myems, "HALL-1");
    // The bad reading leaves two intervals open; the fall after it is no roll-over.
    assert_eq!(kwh, ["6.5", "5.75", "-", "-"]);
    assert!(findings[0].starts_with("METER-BACK: counter fell from 12.25 to 3"), "{findings:?}");
    // The database's own sum holds what flowed in the open intervals too.
    let sums =
        interval_sums(&connection, &myems, &MeterId::new("HALL-1").unwrap(), Bucket::Day).unwrap();
    assert_eq!((sums.len(), sums[0].count), (1, 3));
    assert_eq!(sums[0].energy, Energy::new(Decimal::new(2225, 2)));

    let seen = inspect(&connection, &myems).unwrap();
    assert_eq!(seen.columns[0].as_what, "meter");
    assert!(seen.warnings.is_empty(), "{:?}", seen.warnings);
    let seen = inspect(&server.connection("myems_historical_db", "writer"), &myems).unwrap();
    assert!(seen.warnings[0].starts_with("ODBC-RIGHTS: database user writer"), "{seen:?}");
}

/// OpenEMS keeps cumulated watt-hours of channels in a Timescale table: time, number, whole number.
#[test]
fn openems_channels_on_postgresql_come_as_energies_and_slow_queries_are_cancelled() {
    let Some(server) = Postgres::start() else { return };
    server.run(
        "CREATE TABLE data_integer_high_raw (
             time TIMESTAMPTZ (3) NOT NULL, edge_channel_id INTEGER NOT NULL, value BIGINT NOT NULL);
         INSERT INTO data_integer_high_raw
             SELECT TIMESTAMPTZ '2018-10-27 22:00+00' + n * INTERVAL '15 minutes', 42, 1000000 + 1500 * n
             FROM generate_series(0, 99) AS n;
         INSERT INTO data_integer_high_raw
             SELECT TIMESTAMPTZ '2018-10-27 22:00+00' + n * INTERVAL '15 minutes', 43, 7
             FROM generate_series(0, 99) AS n;
         CREATE VIEW slow AS SELECT time, edge_channel_id,
             CASE WHEN pg_sleep(0.2) IS NULL THEN 0 ELSE value END AS value
             FROM data_integer_high_raw;",
    );
    let text = format!(
        "table = \"data_integer_high_raw\"\nmeter_column = \"edge_channel_id\"\n\
         stamp_column = \"time\"\nvalue_column = \"value\"\nvalues_are = \"counter\"\n\
         unit = \"WH\"\nstamp_is = \"interval_end\"\nstep_minutes = 15\ntime_zone = \"UTC\"\n\
         query_seconds = 1\n[[meter]]\nid = \"meter0/ActiveConsumptionEnergy\"\nkey = \"42\"\n{METER}"
    );
    let (openems, connection) = (mapping(&text), server.connection());

    let rows = read(&connection, &openems, "meter0/ActiveConsumptionEnergy");

    let (kwh, findings) = energies(&rows, &openems, "meter0/ActiveConsumptionEnergy");
    assert_eq!((kwh.len(), findings.len()), (99, 0));
    assert!(kwh.iter().all(|kwh| kwh == "1.5"), "{kwh:?}");
    let id = MeterId::new("meter0/ActiveConsumptionEnergy").unwrap();
    let sums = interval_sums(&connection, &openems, &id, Bucket::Hour).unwrap();
    assert_eq!(sums.iter().map(|sum| sum.count).sum::<u64>(), 99);
    assert_eq!(
        sums.iter().map(|sum| sum.energy).sum::<Energy>(),
        Energy::new(Decimal::new(1485, 1))
    );
    // The owner of a table may write to it.
    let seen = inspect(&connection, &openems).unwrap();
    assert!(seen.warnings[0].starts_with("ODBC-RIGHTS"), "{seen:?}");

    let slow = EmsMapping { table: "slow".to_owned(), ..openems };
    let began = Instant::now();
    let error = read_readings(&connection, &slow, &id, |_| {}).unwrap_err();
    assert!(matches!(error, EmsError::Time { seconds: 1, .. }), "{error}");
    assert!(error.to_string().contains("ODBC-TIME"), "{error}");
    assert!(began.elapsed() < Duration::from_secs(15), "all rows would take twenty seconds");
}

#[test]
fn a_wide_table_has_a_column_for_each_meter_and_a_bad_row_is_a_gap() {
    let (_folder, connection) = database(
        "CREATE TABLE history (ts INTEGER, main_kwh VARCHAR(16), oven_kwh VARCHAR(16), state VARCHAR(8));
         INSERT INTO history VALUES (1514765700, '10.5', '4', 'GOOD'), (1514766600, '11', NULL, 'good'),
             (1514767500, '12', '5', 'UNCERTAIN'), (1514768400, '13', '1e1', 'GOOD');",
    );
    let wide = mapping(&format!(
        "table = \"history\"\nstamp_column = \"ts\"\nstamp_format = \"epoch_seconds\"\n\
         quality_column = \"state\"\ngood_quality = [\"GOOD\"]\nunit = \"KWH\"\n\
         stamp_is = \"interval_start\"\nstep_minutes = 15\ntime_zone = \"UTC\"\n\
         [[meter]]\nid = \"MAIN\"\ncolumn = \"main_kwh\"\n{METER}\
         [[meter]]\nid = \"OVEN\"\ncolumn = \"oven_kwh\"\n{METER}"
    ));

    let (main, oven) = (read(&connection, &wide, "MAIN"), read(&connection, &wide, "OVEN"));

    assert_eq!(main.rows[0].stamp.to_string(), "2018-01-01T00:30:00Z");
    assert_eq!((main.rows.len(), main.problems.len()), (3, 1));
    assert_eq!(oven.rows[1].energy, None);
    assert_eq!(oven.rows[2].energy, Some(Energy::new(Decimal::TEN)));
    let seen = inspect(&connection, &wide).unwrap();
    assert_eq!(seen.columns[2].as_what, "energy of the interval of OVEN in KWH");
    assert!(seen.warnings[0].contains("METER-NULL"), "{:?}", seen.warnings);
}

#[test]
fn a_mapping_that_cannot_tell_meters_apart_is_refused() {
    let (_folder, connection) = database("CREATE TABLE t (ts VARCHAR(20), kwh VARCHAR(16))");
    let two = format!(
        "table = \"t\"\nstamp_column = \"ts\"\nvalue_column = \"kwh\"\nunit = \"KWH\"\n\
         stamp_is = \"interval_end\"\nstep_minutes = 15\ntime_zone = \"UTC\"\n\
         [[meter]]\nid = \"A\"\n{METER}[[meter]]\nid = \"B\"\n{METER}"
    );
    let refused = |text: &str| inspect(&connection, &mapping(text)).unwrap_err().to_string();

    assert!(refused(&two).contains("rows of several meters cannot be told apart"));
    let none = two.replace("value_column = \"kwh\"\n", "");
    assert!(refused(&none).contains("meter A has no column"));
    let quality = two.replace("unit =", "quality_column = \"q\"\nunit =");
    assert!(
        refused(&quality).contains("rows of several") || refused(&quality).contains("go together")
    );
    for hostile in ["x' OR '1'='1", "x\\' OR 1=1 -- ", "'; DROP TABLE t; --"] {
        let one = two
            .replace("[[meter]]\nid = \"B\"", "[[meter]]\nid = \"B\"\ncolumn = \"kwh\"")
            .replace("[[meter]]\nid = \"A\"", "[[meter]]\nid = \"A\"\ncolumn = \"kwh\"");
        let mut asked = mapping(&one);
        asked.quality_column = Some("ts".to_owned());
        asked.good_quality = vec![hostile.to_owned()];
        let sums = interval_sums(&connection, &asked, &MeterId::new("A").unwrap(), Bucket::Day);
        assert!(sums.unwrap().is_empty(), "{hostile}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_shows_what_each_column_was_taken_for() {
    let plant = Plant::new().await;

    let shown = plant.carbide(&["ems", "check", "--json"]);

    assert!(shown.status.success(), "{}", text(&shown));
    let document: Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(document["columns"][1]["as_what"], "end of the interval, clock +01:00");
    assert_eq!(document["samples"][0]["amount"], "3.17");
    assert_eq!(document["samples"][0]["interval_end"], "2017-12-31T23:15:00Z");

    let path = plant.path("mappings/ems.toml");
    let wrong = std::fs::read_to_string(&path).unwrap().replace("\"amount\"", "\"amounts\"");
    std::fs::write(&path, wrong).unwrap();
    let refused = plant.carbide(&["ems", "check"]);
    assert_eq!(refused.status.code(), Some(2), "{}", text(&refused));
    assert!(text(&refused).contains("no column amounts (similar: amount)"), "{}", text(&refused));
}
