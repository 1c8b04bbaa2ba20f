//! Meter readings from an energy management system by ODBC.
//!
//! Read-only by construction: a mapping names a table and columns, which are checked against the
//! catalog and quoted; values are bound, or literals with their quotes doubled where a driver needs that. No
//! statement but SELECT can be formed.

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
    #[error(
        "ODBC-NOMGR: the ODBC driver '{driver}' cannot be loaded ({reason}). On Debian install \
         {package}."
    )]
    Driver {
        /// Driver as it was asked for.
        driver: &'static str,
        /// What the driver manager said.
        reason: String,
        /// Debian package that has it.
        package: &'static str,
    },
    /// The database does not answer or refuses the user.
    #[error(
        "ODBC-CONNECT: {source_name} cannot be opened ({reason}). Check server, port, database and \
         user in [ems]; nothing was read."
    )]
    Connect {
        /// Driver and database, without password.
        source_name: String,
        /// What the driver said.
        reason: String,
    },
    /// A name in the mapping is no name.
    #[error("MAP-IDENT: '{name}' is not a {what} name; nothing was read")]
    Identifier {
        /// Name as it was given.
        name: String,
        /// `table` or `column`.
        what: &'static str,
    },
    /// The table or a column does not exist.
    #[error("ODBC-COLUMN: {source_name}: table {table} has no column {column}{similar}")]
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
    #[error("ODBC-TABLE: {source_name} has no table {table} that this user may read")]
    Table {
        /// Driver and database.
        source_name: String,
        /// Table.
        table: String,
    },
    /// The connection ended, and again after it was opened anew.
    #[error(
        "ODBC-LOST: {source_name}: the connection ended after {rows} rows ({reason}), also when it was \
         opened again; nothing was kept"
    )]
    Lost {
        /// Driver and database.
        source_name: String,
        /// Rows that had come.
        rows: usize,
        /// What the driver said.
        reason: String,
    },
    /// The query failed.
    #[error(
        "ODBC-QUERY: {source_name}: the query failed after {rows} rows ({reason}); nothing was kept"
    )]
    Query {
        /// Driver and database.
        source_name: String,
        /// Rows that had come.
        rows: usize,
        /// What the driver said.
        reason: String,
    },
    /// A text is longer than a reading can be.
    #[error(
        "ODBC-LOB: {source_name}: column {column} of the query holds a value of more than {bytes} bytes, \
         which is no stamp, value or quality; nothing was kept. Map another column in \
         mappings/ems.toml."
    )]
    TooLong {
        /// Driver and database.
        source_name: String,
        /// Number of the column in the query.
        column: String,
        /// Most bytes of a value.
        bytes: usize,
    },
    /// A query ran longer than it may.
    #[error(
        "ODBC-TIME: {source_name}: query cancelled after {seconds} s; nothing was kept. Index the \
         table by meter and stamp, or raise query_seconds in mappings/ems.toml."
    )]
    Time {
        /// Driver and database.
        source_name: String,
        /// Seconds that it may run.
        seconds: u32,
    },
    /// The mapping makes no sense.
    #[error("mappings/ems.toml: {0}")]
    Mapping(String),
    /// The sum of the rows is not the sum that the database forms itself.
    #[error(
        "ODBC-SUM: {source_name}: {rows} rows of meter {meter} sum to {streamed}, the database sums \
         {pushed}; the read is not whole and nothing was kept"
    )]
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
