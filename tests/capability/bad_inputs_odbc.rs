//! What comes from an energy management system damaged, row by row.

use carbide::check::{self, CheckedReadings, CounterReading, Register, RuleSet, from_counter};
use carbide::id::MeterId;
use carbide::quantity::Energy;
use carbide::source::ems::{
    EmsConnection, EmsMapping, RawReadings, check_mapping, inspect, read_readings,
};
use rust_decimal::Decimal;

use crate::bad_inputs::answered;
use crate::command_line::{Plant, ended_with, text};
use crate::read_meters::{Postgres, database};

const MAPPING: &str = "table = \"reading\"\nmeter_column = \"meter\"\nstamp_column = \"stamp\"\n\
    value_column = \"kwh\"\nunit = \"KWH\"\nstamp_is = \"interval_end\"\nstep_minutes = 15\n\
    time_zone = \"Europe/Berlin\"\nquery_seconds = 1\n\
    [[meter]]\nid = \"M\"\nmedium = \"electricity\"\nplant = \"1010\"\n\
    overhead_cost_center = \"101090\"\n";

fn mapping() -> EmsMapping {
    toml::from_str(MAPPING).unwrap()
}

fn meter() -> MeterId {
    MeterId::new("M").unwrap()
}

/// A table with these rows: stamp and value, each as SQL.
fn with(rows: &[(&str, &str)]) -> (tempfile::TempDir, EmsConnection) {
    let values: Vec<String> =
        rows.iter().map(|(stamp, kwh)| format!("('M', {stamp}, {kwh})")).collect();
    database(&format!(
        "CREATE TABLE reading (meter VARCHAR(8), stamp VARCHAR(32), kwh VARCHAR(32));
         INSERT INTO reading VALUES {}",
        values.join(", ")
    ))
}

fn read(rows: &[(&str, &str)]) -> RawReadings {
    let (_folder, connection) = with(rows);
    read_readings(&connection, &mapping(), &meter(), |_| {}).unwrap()
}

/// The one row that is set aside, and the others that are kept.
fn set_aside(id: &str, row: (&str, &str)) {
    let read = read(&[("'2018-09-03 00:15'", "'1.5'"), row, ("'2018-09-03 00:45'", "'2.5'")]);

    assert_eq!((read.rows.len(), read.problems.len()), (2, 1), "{:?}", read.problems);
    answered(id, &read.problems[0]);
}

fn checked(read: &RawReadings) -> CheckedReadings {
    let step = jiff::SignedDuration::from_mins(15);
    let now = "2018-10-01T00:00:00Z".parse().unwrap();
    check::readings(&read.rows, &mapping().meter[0].meter(), step, &RuleSet::default(), now)
}

/// What the rules say of `read`, as `carbide check` prints it.
fn findings(read: &RawReadings) -> String {
    let line = |finding: &check::Finding| {
        let at = finding.interval.map_or_else(String::new, |interval| interval.start.to_string());
        format!("meter {} {at}: {}", finding.subject, finding.text)
    };
    checked(read).findings.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// A register's rows and what the rule of counters says.
fn of_register(rows: &[(&str, &str)]) -> String {
    let read = read(rows);
    let register = |row: &carbide::reading::RawReading| CounterReading {
        stamp: row.stamp,
        register: row.energy,
        arrival: row.arrival,
    };
    let rows: Vec<CounterReading> = read.rows.iter().map(register).collect();
    let register =
        Register { capacity: Some(Energy::new(Decimal::from(100))), ..Register::default() };
    let (energies, findings) = from_counter(&rows, &meter(), 900, register, &RuleSet::default());
    assert!(energies.iter().any(|row| row.energy.is_none()), "nothing is derived from it");
    let start = findings[0].interval.unwrap().start;
    format!("meter {} {start}: {}", findings[0].subject, findings[0].text)
}

#[tokio::test(flavor = "multi_thread")]
async fn odbc_01_a_column_that_is_a_statement() {
    let hostile = "kwh; DROP TABLE meter";
    let plant = Plant::new().await;
    let path = plant.path("mappings/ems.toml");
    let mapping_text = std::fs::read_to_string(&path).unwrap();
    let value = mapping_text.lines().find(|line| line.starts_with("value_column")).unwrap();
    let wrong = mapping_text.replace(value, &format!("value_column = \"{hostile}\""));
    let line = 1 + wrong.lines().position(|line| line.contains(hostile)).unwrap();
    std::fs::write(&path, wrong).unwrap();

    let refused = plant.carbide(&["ems", "check"]);

    ended_with(&refused, 2);
    answered("odbc-01", text(&refused).as_str());
    assert!(text(&refused).contains(&format!("ems.toml:{line}:17: ")), "{}", text(&refused));

    // And no statement is formed of it by who comes without a file.
    let (_folder, connection) = with(&[("'2018-09-03 00:15'", "'1.5'")]);
    let wrong = EmsMapping { value_column: Some(hostile.to_owned()), ..mapping() };
    let refused = read_readings(&connection, &wrong, &meter(), |_| {}).unwrap_err();
    assert!(refused.to_string().contains("MAP-IDENT"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn odbc_02_a_table_that_is_a_union() {
    let plant = Plant::new().await;
    let path = plant.path("mappings/ems.toml");
    let mapping = std::fs::read_to_string(&path).unwrap();
    let hostile = "table = \"meter UNION SELECT 1\"";
    std::fs::write(&path, mapping.replace("table = \"meter_reading\"", hostile)).unwrap();

    let refused = plant.carbide(&["ems", "check"]);

    ended_with(&refused, 2);
    answered("odbc-02", text(&refused).as_str());
    assert!(text(&refused).contains("ems.toml:"), "{}", text(&refused));
}

#[tokio::test(flavor = "multi_thread")]
async fn odbc_03_a_driver_of_ones_own() {
    let plant = Plant::new().await;
    plant.configure(
        "driver = \"sqlite\"",
        "driver = \"sqlite\"\nconnection_string = \"Driver=evil.so\"",
    );
    let refused = plant.carbide(&["ems", "check"]);
    ended_with(&refused, 2);
    answered("odbc-03", text(&refused).as_str());

    plant.configure("connection_string = \"Driver=evil.so\"", "");
    plant.configure("driver = \"sqlite\"", "driver = \"evil.so\"");
    let unknown = plant.carbide(&["ems", "check"]);
    assert!(!unknown.status.success());
    assert!(text(&unknown).contains("driver 'evil.so' is not known"), "{}", text(&unknown));
}

#[test]
fn odbc_04_a_column_that_is_not_there() {
    let (_folder, connection) = with(&[("'2018-09-03 00:15'", "'1.5'")]);
    let wrong = EmsMapping { value_column: Some("kwhh".to_owned()), ..mapping() };

    let refused = check_mapping(&connection, &wrong).unwrap_err();

    answered("odbc-04", &refused.to_string());
}

#[test]
fn odbc_05_a_value_with_comma_and_unit() {
    set_aside("odbc-05", ("'2018-09-03 00:30'", "'12,5 kWh'"));
}

#[test]
fn odbc_06_a_reading_without_a_value() {
    let read = read(&[
        ("'2018-09-03 00:15'", "'1.5'"),
        ("'2018-09-03 00:30'", "NULL"),
        ("'2018-09-03 00:45'", "'2.5'"),
    ]);

    assert_eq!(read.rows[1].energy, None);
    answered("odbc-06", &findings(&read));
}

#[test]
fn odbc_07_a_register_that_falls() {
    let said = of_register(&[("'2018-09-03 00:15'", "'500'"), ("'2018-09-03 00:30'", "'20'")]);

    answered("odbc-07", &said);
}

#[test]
fn odbc_08_a_register_that_jumps() {
    let said = of_register(&[("'2018-09-03 00:15'", "'500'"), ("'2018-09-03 00:30'", "'30500'")]);

    answered("odbc-08", &said);
}

#[test]
fn odbc_09_two_readings_of_one_interval() {
    let read = read(&[
        ("'2018-09-03 00:15'", "'1.5'"),
        ("'2018-09-03 00:30'", "'2.5'"),
        ("'2018-09-03 00:30'", "'3.5'"),
        ("'2018-09-03 00:45'", "'4.5'"),
    ]);

    answered("odbc-09", &findings(&read));
    assert_eq!(checked(&read).series.slots.len(), 3);
}

#[test]
fn odbc_10_the_hour_that_comes_twice() {
    set_aside("odbc-10", ("'2018-10-28 02:30'", "'1.5'"));
}

#[test]
fn odbc_11_the_hour_that_does_not_come() {
    set_aside("odbc-11", ("'2018-03-25 02:30'", "'1.5'"));
}

#[test]
fn odbc_12_a_stamp_of_another_century() {
    set_aside("odbc-12", ("'1899-12-30 00:00'", "'1.5'"));
    let ahead = read(&[("'2018-09-03 00:15'", "'1.5'"), ("'2099-01-01 00:00'", "'1.5'")]);
    assert!(findings(&ahead).contains("METER-TIME: the stamp lies in the future"));
}

#[test]
fn odbc_13_three_days_without_a_reading() {
    let stamp = |day: u32, quarter: u32| {
        format!("'2018-09-{day:02} {:02}:{:02}'", quarter / 4, quarter % 4 * 15)
    };
    let days = (3..20).filter(|day| !(10..13).contains(day));
    let rows: Vec<(String, String)> = days
        .flat_map(|day| (0..96).map(move |quarter| (day, quarter)))
        .map(|(day, quarter)| (stamp(day, quarter), format!("'{}.5'", 10 + quarter % 13)))
        .collect();
    let rows: Vec<(&str, &str)> = rows.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();

    let said = findings(&read(&rows));

    answered("odbc-13", &said);
    assert!(said.contains("288 intervals missing"), "{said}");
}

#[test]
fn odbc_14_a_value_that_is_no_number() {
    for odd in ["'NaN'", "'Infinity'", "'-inf'"] {
        set_aside("odbc-14", ("'2018-09-03 00:30'", odd));
    }
}

#[test]
fn odbc_15_a_text_without_an_end() {
    let long = format!("'{}'", "1".repeat(100_000));
    let (_folder, connection) = database(&format!(
        "CREATE TABLE reading (meter VARCHAR(8), stamp VARCHAR(32), kwh TEXT);
         INSERT INTO reading VALUES ('M', '2018-09-03 00:15', {long})"
    ));

    let refused = read_readings(&connection, &mapping(), &meter(), |_| {}).unwrap_err();

    answered("odbc-15", &refused.to_string());
}

#[test]
fn odbc_16_a_text_in_another_code_page() {
    set_aside("odbc-16", ("'2018-09-03 00:30'", "CAST(x'31322CE4' AS TEXT)"));
}

#[test]
fn odbc_17_a_connection_that_is_lost_again_and_again() {
    let Some(server) = Postgres::start() else { return };
    server.run(
        "CREATE TABLE reading (meter varchar(8), stamp timestamp, kwh numeric);
         INSERT INTO reading SELECT 'M', timestamp '2018-01-01' + n * interval '15 minutes', 1
         FROM generate_series(1, 20000) AS n;",
    );
    let connection = server.connection();
    let (port, _) = crate::read_on::faulty(connection.server.as_ref().unwrap().1, vec![20_000; 9]);
    let connection = EmsConnection { server: Some(("127.0.0.1".to_owned(), port)), ..connection };

    let refused = read_readings(&connection, &mapping(), &meter(), |_| {}).unwrap_err();

    answered("odbc-17", &refused.to_string());
}

#[test]
fn odbc_18_a_query_without_an_end() {
    let Some(server) = Postgres::start() else { return };
    server.run(
        "CREATE VIEW reading AS SELECT 'M'::varchar(8) AS meter,
             timestamp '2018-01-01' + n * interval '15 minutes' AS stamp,
             CASE WHEN pg_sleep(0.2) IS NULL THEN 0 ELSE n END AS kwh
         FROM generate_series(1, 100) AS n;",
    );

    let refused = read_readings(&server.connection(), &mapping(), &meter(), |_| {}).unwrap_err();

    answered("odbc-18", &refused.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn odbc_19_a_machine_without_the_driver() {
    let plant = Plant::new().await;
    let nothing = tempfile::tempdir().unwrap();

    let refused = plant
        .command(&["ems", "check"])
        .env("ODBCSYSINI", nothing.path())
        .env("ODBCINSTINI", "nothing.ini")
        .output()
        .unwrap();

    assert!(!refused.status.success());
    answered("odbc-19", text(&refused).as_str());
}

#[test]
fn odbc_20_a_user_who_can_write() {
    let Some(server) = Postgres::start() else { return };
    server.run(
        "CREATE TABLE reading (meter varchar(8), stamp timestamp, kwh numeric);
         INSERT INTO reading VALUES ('M', '2018-01-01 00:15', 1);",
    );

    let seen = inspect(&server.connection(), &mapping()).unwrap();

    answered("odbc-20", &seen.warnings.join("\n"));
}

#[test]
fn a_view_that_would_write_is_refused_by_the_server() {
    let Some(server) = Postgres::start() else { return };
    server.run(
        "CREATE TABLE trace (at timestamp);
         CREATE FUNCTION written() RETURNS integer LANGUAGE plpgsql VOLATILE AS
             $$ BEGIN INSERT INTO trace VALUES (now()); RETURN 1; END $$;
         CREATE VIEW reading AS SELECT 'M'::varchar(8) AS meter,
             timestamp '2018-01-01 00:15' AS stamp, written() AS kwh;",
    );

    let refused = read_readings(&server.connection(), &mapping(), &meter(), |_| {}).unwrap_err();

    assert!(refused.to_string().contains("read-only transaction"), "{refused}");
}
