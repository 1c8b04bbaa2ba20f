//! Meter readings from an energy management system by ODBC.
//!
//! Read-only by construction: a mapping names a table and columns, which are checked against the
//! catalog and quoted; values are bound, or literals with their quotes doubled where a driver needs that. No
//! statement but SELECT can be formed.

use crate::said;
use crate::said::Said;
use crate::words_by_said;

mod catalog;

mod connection;

mod inspect;

mod latest;

mod mapping;

mod packed;

mod process;

mod read;

mod read_on;

mod rows;

mod watermark;

pub use connection::{Dialect, EmsConnection};
pub use inspect::{Inspection, Sample, TakenColumn, check_mapping, inspect};
pub use latest::last_reading;
pub use mapping::{EmsMapping, MeterMapping, StampIs, ValuesAre};
pub use process::{ProcessMapping, RawTemperatures, TemperatureTag, read_temperatures};
pub use read::{Bucket, IntervalSum, RawReadings, interval_sums, read_readings, whole_sum};
pub use read_on::{Continued, read_each, read_on};
pub use watermark::{Watermark, sum_tolerance};

/// Why readings could not be read. Nothing is guessed in their place.
#[derive(Debug, thiserror::Error)]
pub enum EmsError {
    /// No ODBC driver manager, or no such driver.
    Driver {
        /// Driver as it was asked for.
        driver: &'static str,
        /// What the driver manager said.
        reason: String,
        /// Debian package that has it.
        package: &'static str,
    },
    /// The database does not answer or refuses the user.
    Connect {
        /// Driver and database, without password.
        source_name: String,
        /// What the driver said.
        reason: String,
    },
    /// A name in the mapping is no name.
    Identifier {
        /// Name as it was given.
        name: String,
        /// `table` or `column`.
        what: &'static str,
    },
    /// The table or a column does not exist.
    Column {
        /// Driver and database.
        source_name: String,
        /// Table.
        table: String,
        /// Column.
        column: String,
        /// A name that is like it, in words.
        similar: String,
    },
    /// The table does not exist or may not be read.
    Table {
        /// Driver and database.
        source_name: String,
        /// Table.
        table: String,
    },
    /// The connection ended, and again after it was opened anew.
    Lost {
        /// Driver and database.
        source_name: String,
        /// Rows that had come.
        rows: usize,
        /// What the driver said.
        reason: String,
    },
    /// The query failed.
    Query {
        /// Driver and database.
        source_name: String,
        /// Rows that had come.
        rows: usize,
        /// What the driver said.
        reason: String,
    },
    /// A text is longer than a reading can be.
    TooLong {
        /// Driver and database.
        source_name: String,
        /// Number of the column in the query.
        column: String,
        /// Most bytes of a value.
        bytes: usize,
    },
    /// A query ran longer than it may.
    Time {
        /// Driver and database.
        source_name: String,
        /// Seconds that it may run.
        seconds: u32,
    },
    /// The mapping makes no sense.
    Mapping(String),
    /// The sum of the rows is not the sum that the database forms itself.
    SumsDiffer {
        /// Driver and database.
        source_name: String,
        /// Meter.
        meter: String,
        /// Rows that came.
        rows: usize,
        /// Their sum.
        streamed: rust_decimal::Decimal,
        /// Sum by the database.
        pushed: rust_decimal::Decimal,
    },
}

impl EmsError {
    /// What happened, with what it is made of.
    pub fn said(&self) -> Said {
        match self {
            Self::Driver { driver, reason, package } => said!(
                "ems.driver",
                "ODBC-NOMGR: the ODBC driver '{driver}' cannot be loaded ({reason}). On Debian install \
                 {package}.",
                driver = driver,
                reason = reason,
                package = package
            ),
            Self::Connect { source_name, reason } => said!(
                "ems.connect",
                "ODBC-CONNECT: {source_name} cannot be opened ({reason}). Check server, port, database and \
                 user in [ems]; nothing was read.",
                source_name = source_name,
                reason = reason
            ),
            Self::Identifier { name, what } => said!(
                "ems.identifier",
                "MAP-IDENT: '{name}' is not a {what} name; nothing was read",
                name = name,
                what = what
            ),
            Self::Column { source_name, table, column, similar } => said!(
                "ems.column",
                "ODBC-COLUMN: {source_name}: table {table} has no column {column}{similar}",
                source_name = source_name,
                table = table,
                column = column,
                similar = similar
            ),
            Self::Table { source_name, table } => said!(
                "ems.table",
                "ODBC-TABLE: {source_name} has no table {table} that this user may read",
                source_name = source_name,
                table = table
            ),
            Self::Lost { source_name, rows, reason } => said!(
                "ems.lost",
                "ODBC-LOST: {source_name}: the connection ended after {rows} rows ({reason}), also when it was \
                 opened again; nothing was kept",
                source_name = source_name,
                rows = rows,
                reason = reason
            ),
            Self::Query { source_name, rows, reason } => said!(
                "ems.query",
                "ODBC-QUERY: {source_name}: the query failed after {rows} rows ({reason}); nothing was kept",
                source_name = source_name,
                rows = rows,
                reason = reason
            ),
            Self::TooLong { source_name, column, bytes } => said!(
                "ems.too-long",
                "ODBC-LOB: {source_name}: column {column} of the query holds a value of more than {bytes} bytes, \
                 which is no stamp, value or quality; nothing was kept. Map another column in \
                 mappings/ems.toml.",
                source_name = source_name,
                column = column,
                bytes = bytes
            ),
            Self::Time { source_name, seconds } => said!(
                "ems.time",
                "ODBC-TIME: {source_name}: query cancelled after {seconds} s; nothing was kept. Index the \
                 table by meter and stamp, or raise query_seconds in mappings/ems.toml.",
                source_name = source_name,
                seconds = seconds
            ),
            Self::Mapping(what) => said!("ems.mapping", "mappings/ems.toml: {what}", what = what),
            Self::SumsDiffer { source_name, meter, rows, streamed, pushed } => said!(
                "ems.sums-differ",
                "ODBC-SUM: {source_name}: {rows} rows of meter {meter} sum to {streamed}, the database sums \
                 {pushed}; the read is not whole and nothing was kept",
                source_name = source_name,
                rows = rows,
                meter = meter,
                streamed = streamed,
                pushed = pushed
            ),
        }
    }
}

words_by_said!(EmsError);
