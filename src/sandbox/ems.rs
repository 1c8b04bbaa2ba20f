//! The energy management system of the sandbox plant: a SQLite database with the real series.

use std::path::Path;

use jiff::civil::{Date, DateTime};
use rusqlite::{Connection, params};

use super::plant::{media_series, meter_series, sub_meter_series};

/// Name of the main meter in the database.
pub const MAIN_METER: &str = "M-1010-MAIN";

/// Tag of the temperature in the converter.
const STEEL_TAG: &str = "BOF1.HOT-METAL";

/// Hot metal charged to the converter on the days of September 2018, every two minutes of two hours:
/// sample data, once too hot for eight minutes.
fn steel_temperatures() -> Vec<(DateTime, u32)> {
    let mut values = Vec::new();
    for day in 1..=30 {
        for step in 0..60 {
            let at = Date::constant(2018, 9, day).at(8 + step / 30, step % 30 * 2, 0, 0);
            let wave = (i32::from(day) * 7 + i32::from(step) * 3) % 41;
            let hot = day == 19 && (20..25).contains(&step);
            let celsius = if hot { 1_612 } else { 1_330 + wave };
            values.push((at, u32::try_from(celsius).unwrap_or(0)));
        }
    }
    values
}

/// Writes the database: one row an interval, stamped as published ("DD-MM-YYYY HH:MM", the end of
/// the interval), in the order of publication, defects included; then the meters below the main one,
/// and those of steam, water, compressed air and gas, which are sample data derived from it. Returns how many rows there are.
///
/// # Errors
///
/// What SQLite says, if the file cannot be written.
pub fn write_database(path: &Path) -> rusqlite::Result<usize> {
    if path.exists() {
        // A file that is there is replaced: the demo starts from the published series.
        let _ = std::fs::remove_file(path);
    }
    let mut connection = Connection::open(path)?;
    connection.execute_batch(
        "CREATE TABLE meter_reading (
             id INTEGER PRIMARY KEY,
             meter VARCHAR(32) NOT NULL,
             stamp VARCHAR(16) NOT NULL,
             amount VARCHAR(16),
             quality VARCHAR(8)
         );
         CREATE TABLE process_value (
             tag VARCHAR(32) NOT NULL,
             stamp VARCHAR(16) NOT NULL,
             value VARCHAR(16)
         );",
    )?;
    let transaction = connection.transaction()?;
    let mut count = 0;
    {
        let mut insert = transaction.prepare(
            "INSERT INTO meter_reading (meter, stamp, amount, quality) VALUES (?1, ?2, ?3, 'ok')",
        )?;
        for row in meter_series() {
            insert.execute(params![MAIN_METER, row.source_stamp, row.usage_kwh.to_string()])?;
            count += 1;
        }
        for row in sub_meter_series().iter().chain(media_series()) {
            let stamp = row.interval_end.strftime("%d-%m-%Y %H:%M").to_string();
            insert.execute(params![row.meter, stamp, row.amount.to_string()])?;
            count += 1;
        }
    }
    {
        let mut insert = transaction
            .prepare("INSERT INTO process_value (tag, stamp, value) VALUES (?1, ?2, ?3)")?;
        for (stamp, celsius) in steel_temperatures() {
            let stamp = stamp.strftime("%d-%m-%Y %H:%M").to_string();
            insert.execute(params![STEEL_TAG, stamp, celsius.to_string()])?;
        }
    }
    transaction.commit()?;
    Ok(count)
}
