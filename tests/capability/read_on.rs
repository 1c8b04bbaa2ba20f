//! Reading on from where the last read ended: late rows come, changed ones are noticed, and a connection
//! that ends in between loses and doubles nothing.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use carbide::id::MeterId;
use carbide::source::ems::{
    Continued, EmsConnection, EmsError, EmsMapping, RawReadings, read_each, read_on, read_readings,
};
use proptest::prelude::*;
use rusqlite::Connection;

use crate::read_meters::{Postgres, database};

const METER: &str = "[[meter]]\nid = \"M\"\nmedium = \"electricity\"\nplant = \"1010\"\n\
                     overhead_cost_center = \"101090\"\n";

/// A table with stamps that sort by time; by arrival if `by_id`.
fn mapping(by_id: bool) -> EmsMapping {
    let order = if by_id { "order_column = \"id\"\n" } else { "" };
    toml::from_str(&format!(
        "table = \"reading\"\nmeter_column = \"meter\"\nstamp_column = \"stamp\"\n\
         value_column = \"kwh\"\nunit = \"KWH\"\nstamp_is = \"interval_end\"\nstep_minutes = 15\n\
         time_zone = \"UTC\"\nlate_hours = 2\n{order}{METER}"
    ))
    .unwrap()
}

fn meter() -> MeterId {
    MeterId::new("M").unwrap()
}

/// The stamp of a quarter of an hour.
fn stamp(quarter: i64) -> String {
    let start: jiff::civil::DateTime = "2018-09-01T00:00".parse().unwrap();
    let at = start.saturating_add(jiff::SignedDuration::from_mins(15 * quarter));
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

fn row(quarter: i64, kwh: i64) -> String {
    format!(
        "INSERT INTO reading (meter, stamp, kwh) VALUES ('M', '{}', '{kwh}.25');",
        stamp(quarter)
    )
}

fn table(quarters: std::ops::Range<i64>) -> String {
    let rows: String = quarters.map(|quarter| row(quarter, 10 + quarter % 7)).collect();
    format!(
        "CREATE TABLE reading (id INTEGER PRIMARY KEY, meter VARCHAR(8), stamp VARCHAR(32), \
         kwh VARCHAR(32)); BEGIN; INSERT INTO reading (meter, stamp, kwh) \
         VALUES ('OTHER', '2018-09-01 00:00:00', '9'); {rows} COMMIT;"
    )
}

fn go_on(connection: &EmsConnection, mapping: &EmsMapping, before: &Continued) -> Continued {
    let known = before.watermark.as_ref().map(|mark| (before.readings.rows.as_slice(), mark));
    read_on(connection, mapping, &meter(), known, |_| {}).unwrap()
}

/// Stamp and energy of every row, whatever its place is.
fn values(readings: &RawReadings) -> Vec<(String, Option<String>)> {
    assert!(readings.problems.is_empty(), "{:?}", readings.problems);
    let energy = |row: &carbide::reading::RawReading| {
        row.energy.map(|energy| energy.amount().normalize().to_string())
    };
    readings.rows.iter().map(|row| (row.stamp.to_string(), energy(row))).collect()
}

fn whole(connection: &EmsConnection, mapping: &EmsMapping) -> RawReadings {
    read_readings(connection, mapping, &meter(), |_| {}).unwrap()
}

#[test]
fn the_second_read_fetches_what_is_new_and_what_may_come_late() {
    for by_id in [true, false] {
        let (_folder, connection) = database(&table(0..400));
        let mapping = mapping(by_id);
        let first = read_on(&connection, &mapping, &meter(), None, |_| {}).unwrap();
        assert_eq!((first.fetched, first.readings.rows.len()), (400, 400));
        let late = row(398, 77);
        let new: String = (400..420).map(|quarter| row(quarter, 5)).collect();
        Connection::open(&connection.database)
            .unwrap()
            .execute_batch(&format!("BEGIN; {late}{new} COMMIT;"))
            .unwrap();

        let second = go_on(&connection, &mapping, &first);

        assert_eq!(second.again, None);
        assert_eq!(values(&second.readings), values(&whole(&connection, &mapping)), "{by_id}");
        assert_eq!(second.readings.rows.len(), 421);
        // Two hours are eight quarters, the new ones twenty, and one came late.
        assert!(second.fetched <= 30, "{}", second.fetched);
        let third = go_on(&connection, &mapping, &second);
        assert!(third.fetched <= 9, "{}", third.fetched);
        assert_eq!(values(&third.readings), values(&second.readings));
    }
}

#[test]
fn sums_of_more_digits_than_a_whole_number_has_are_read() {
    let (_folder, connection) = database(&table(0..400));
    let raise = "UPDATE reading SET kwh = '98765432.125' WHERE meter = 'M'";
    Connection::open(&connection.database).unwrap().execute_batch(raise).unwrap();
    let first = read_on(&connection, &mapping(true), &meter(), None, |_| {}).unwrap();

    let second = go_on(&connection, &mapping(true), &first);

    assert_eq!(second.again, None);
    assert_eq!(second.readings, first.readings);
}

#[test]
fn what_changed_before_the_watermark_is_noticed_and_everything_is_read_again() {
    for change in [
        "UPDATE reading SET kwh = '11.5' WHERE id = 100",
        "DELETE FROM reading WHERE id = 100",
        "UPDATE reading SET kwh = NULL WHERE id = 100",
    ] {
        let (_folder, connection) = database(&table(0..400));
        let mapping = mapping(true);
        let first = read_on(&connection, &mapping, &meter(), None, |_| {}).unwrap();
        Connection::open(&connection.database).unwrap().execute_batch(change).unwrap();

        let second = go_on(&connection, &mapping, &first);

        assert!(second.again.is_some(), "{change}");
        assert_eq!(values(&second.readings), values(&whole(&connection, &mapping)), "{change}");
    }
}

#[test]
fn another_mapping_or_a_row_that_was_refused_makes_a_whole_read() {
    let (_folder, connection) = database(&table(0..400));
    let first = read_on(&connection, &mapping(true), &meter(), None, |_| {}).unwrap();

    let other = EmsMapping { unit: carbide::unit::Uom::Mwh, ..mapping(true) };
    let again = go_on(&connection, &other, &first);
    assert_eq!(again.again.as_deref(), Some("the mapping has changed"));

    let odd = "UPDATE reading SET kwh = '12,5 kWh' WHERE id = 390";
    Connection::open(&connection.database).unwrap().execute_batch(odd).unwrap();
    let refused = read_on(&connection, &mapping(true), &meter(), None, |_| {}).unwrap();
    assert_eq!((refused.readings.problems.len(), refused.watermark), (1, None));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_to_the_table_reading_on_gives_what_a_whole_read_gives(
        by_id: bool,
        steps in prop::collection::vec(prop::collection::vec((0_u8..4, 0_i64..300), 0..12), 1..5),
    ) {
        let (_folder, connection) = database(&table(0..100));
        let mapping = mapping(by_id);
        let sqlite = Connection::open(&connection.database).unwrap();
        sqlite.execute_batch("PRAGMA synchronous = OFF").unwrap();
        let mut known = read_on(&connection, &mapping, &meter(), None, |_| {}).unwrap();
        for changes in steps {
            for (what, at) in changes {
                let sql = match what {
                    0 | 1 => row(100 + at, at),
                    2 => format!("UPDATE reading SET kwh = '{at}.5' WHERE id = {at}"),
                    _ => format!("DELETE FROM reading WHERE id = {at}"),
                };
                sqlite.execute_batch(&sql).unwrap();
            }
            known = go_on(&connection, &mapping, &known);
            prop_assert_eq!(values(&known.readings), values(&whole(&connection, &mapping)));
        }
    }
}

/// A proxy before a server that ends its first connections after so many bytes of answers.
pub fn faulty(server: u16, bytes: Vec<usize>) -> (u16, Arc<Mutex<usize>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let cut = Arc::new(Mutex::new(0));
    let count = Arc::clone(&cut);
    std::thread::spawn(move || {
        let mut limits = bytes.into_iter();
        for client in listener.incoming().flatten() {
            let limit = limits.next();
            let Ok(upstream) = TcpStream::connect(("127.0.0.1", server)) else { return };
            let (mut from_client, mut to_server) =
                (client.try_clone().unwrap(), upstream.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut from_client, &mut to_server));
            let count = Arc::clone(&count);
            std::thread::spawn(move || answers(upstream, client, limit, &count));
        }
    });
    (port, cut)
}

fn answers(mut server: TcpStream, mut client: TcpStream, limit: Option<usize>, cut: &Mutex<usize>) {
    let (mut buffer, mut passed) = (vec![0; 4_096], 0);
    while let Ok(count) = server.read(&mut buffer) {
        if count == 0 {
            break;
        }
        passed += count;
        if limit.is_some_and(|limit| passed > limit) {
            *cut.lock().unwrap() += 1;
            break;
        }
        if client.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = (server.shutdown(Shutdown::Both), client.shutdown(Shutdown::Both));
}

#[test]
fn a_connection_that_ends_in_between_loses_and_doubles_no_row() {
    let Some(server) = Postgres::start() else { return };
    server.run(
        "CREATE TABLE reading (id serial, meter varchar(8), stamp timestamptz, kwh numeric);
         INSERT INTO reading (meter, stamp, kwh)
             SELECT 'M', timestamptz '2018-01-01 00:00+00' + n * interval '15 minutes', n % 977
             FROM generate_series(1, 35000) AS n;
         INSERT INTO reading (meter, stamp, kwh)
             SELECT 'M', timestamptz '2018-06-01 00:00+00', n FROM generate_series(1, 50) AS n;",
    );
    let direct = server.connection();
    let through = |bytes: Vec<usize>| {
        let (port, cut) = faulty(direct.server.as_ref().unwrap().1, bytes);
        let server = Some(("127.0.0.1".to_owned(), port));
        (EmsConnection { server, ..direct.clone() }, cut)
    };
    for by_id in [true, false] {
        let mapping = mapping(by_id);
        let mut expected = values(&whole(&direct, &mapping));
        expected.sort();
        assert_eq!(expected.len(), 35_050);
        for bytes in [vec![400_000], vec![700_000, 300_000, 900_000], vec![1_200_000]] {
            let (connection, cut) = through(bytes.clone());

            let read = read_readings(&connection, &mapping, &meter(), |_| {}).unwrap();

            assert_eq!(*cut.lock().unwrap(), bytes.len(), "each fault was met");
            let mut read = values(&read);
            read.sort();
            assert_eq!(read, expected, "{bytes:?}");

            let (connection, cut) = through(bytes.clone());
            let (mut came, mut largest) = (RawReadings::default(), 0);
            let hand = |portion: &[_]| {
                largest = largest.max(portion.len());
                came.rows.extend_from_slice(portion);
            };
            let problems = read_each(&connection, &mapping, &meter(), |_| {}, hand).unwrap();

            assert_eq!((*cut.lock().unwrap(), problems.len()), (bytes.len(), 0));
            assert!(largest < 10_000, "{largest} readings were kept at once");
            let mut came = values(&came);
            came.sort();
            assert_eq!(came, expected, "handed over, {bytes:?}");
        }
    }
    let (connection, _) = through(vec![400_000; 20]);
    let lost = read_readings(&connection, &mapping(true), &meter(), |_| {});
    // Each connection brings a little more; ten times as many rows would not arrive.
    assert!(lost.is_ok() || matches!(lost, Err(EmsError::Lost { .. })), "{lost:?}");
    let (connection, _) = through(vec![20_000; 20]);
    let lost = read_readings(&connection, &mapping(true), &meter(), |_| {}).unwrap_err();
    assert!(lost.to_string().contains("ODBC-LOST"), "{lost}");
}

#[test]
fn a_server_that_restarts_in_between_is_asked_again() {
    let Some(server) = Postgres::start() else { return };
    server.run(
        "CREATE TABLE reading (id serial, meter varchar(8), stamp timestamptz, kwh numeric);
         INSERT INTO reading (meter, stamp, kwh)
             SELECT 'M', timestamptz '2018-01-01 00:00+00' + n * interval '15 minutes', n % 977
             FROM generate_series(1, 35000) AS n;",
    );
    let ended = std::cell::Cell::new(false);

    let read = read_readings(&server.connection(), &mapping(true), &meter(), |rows| {
        if rows > 12_000 && !ended.replace(true) {
            server.run(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'",
            );
        }
    })
    .unwrap();

    assert!(ended.get());
    assert_eq!(values(&read).len(), 35_000);
    let distinct: std::collections::BTreeSet<_> = read.rows.iter().map(|row| row.stamp).collect();
    assert_eq!(distinct.len(), 35_000);
}
