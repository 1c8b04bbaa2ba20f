//! An open database whose table and columns were found in its catalog, and SELECTs on it.

use std::ops::Deref;

use odbc_api::buffers::TextRowSet;
use odbc_api::{Connection, Cursor, IntoParameter};

use super::{Dialect, EmsConnection, EmsError, EmsMapping};
use crate::id::MeterId;

/// Rows of one fetch.
const BATCH_ROWS: usize = 2_000;
/// Longest text of a stamp, a value or a meter.
const TEXT_MAX: usize = 256;
/// ODBC's numbers of the integer types: SMALLINT, INTEGER, BIGINT, TINYINT.
const INTEGERS: [i16; 4] = [5, 4, -5, -6];

/// A column of the catalog.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Column {
    pub name: String,
    pub type_name: String,
    kind: i16,
}

/// A database that was opened for a mapping.
pub(super) struct Database {
    connection: Connection<'static>,
    dialect: Dialect,
    pub columns: Vec<Column>,
}

impl Deref for Database {
    type Target = Connection<'static>;

    fn deref(&self) -> &Self::Target {
        &self.connection
    }
}

/// What is bound to a statement.
pub(super) enum Key {
    Text(String),
    Number(i64),
}

impl Database {
    /// The condition that picks the rows of a meter, empty if all are its own, and what is bound to it.
    pub fn of_meter(&self, mapping: &EmsMapping, meter: &MeterId) -> (String, Option<Key>) {
        let Some((column, key)) = mapping.key(meter) else { return (String::new(), None) };
        let known = self.columns.iter().find(|known| known.name == column);
        // PostgreSQL compares no number with a text.
        let number = known.filter(|known| INTEGERS.contains(&known.kind));
        let key = match number.and_then(|_| key.parse().ok()) {
            Some(number) => Key::Number(number),
            None => Key::Text(key.to_owned()),
        };
        (format!(" WHERE {} = ?", self.dialect.quoted(column)), Some(key))
    }
}

/// Opens the database and checks the names of the mapping against its catalog.
pub(super) fn open_checked(
    connection: &EmsConnection,
    mapping: &EmsMapping,
) -> Result<Database, EmsError> {
    mapping.validate()?;
    let opened = connection.open()?;
    let columns = columns(connection, &opened, &mapping.table)?;
    if columns.is_empty() {
        return Err(EmsError::Table {
            source_name: connection.name(),
            table: mapping.table.clone(),
        });
    }
    for (column, _) in mapping.columns() {
        if columns.iter().any(|known| known.name == column) {
            continue;
        }
        let nearest =
            columns.iter().min_by_key(|known| strsim::damerau_levenshtein(&known.name, column));
        return Err(EmsError::Column {
            source_name: connection.name(),
            table: mapping.table.clone(),
            column: column.to_owned(),
            similar: nearest.map_or_else(String::new, |near| format!(" (similar: {})", near.name)),
        });
    }
    Ok(Database { connection: opened, dialect: connection.dialect, columns })
}

/// The columns of a table by the database's catalog.
fn columns(
    connection: &EmsConnection,
    database: &Connection<'static>,
    table: &str,
) -> Result<Vec<Column>, EmsError> {
    let failed = |reason: odbc_api::Error| EmsError::Query {
        source_name: connection.name(),
        rows: 0,
        reason: reason.to_string(),
    };
    let mut columns = Vec::new();
    // An underscore is a wildcard of the catalog, so other tables can come as well.
    for row in database.columns("", "", table, "").map_err(failed)? {
        let row = row.map_err(failed)?;
        let text =
            |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or(b"")).into_owned();
        if text(row.table.as_bytes()) == table {
            columns.push(Column {
                name: text(row.column_name.as_bytes()),
                type_name: text(row.type_name.as_bytes()),
                kind: row.data_type,
            });
        }
    }
    Ok(columns)
}

/// Runs a SELECT and hands out its rows as text; returns how many there were.
pub(super) fn select(
    connection: &EmsConnection,
    database: &Database,
    sql: &str,
    key: Option<&Key>,
    query_seconds: u32,
    mut row: impl FnMut(&[Option<String>]),
) -> Result<usize, EmsError> {
    let mut rows = 0;
    let failed = |rows: usize, reason: odbc_api::Error| {
        let (source_name, reason) = (connection.name(), reason.to_string());
        // HYT00 by ODBC, 57014 by PostgreSQL, 1969 by MariaDB.
        let late = ["HYT00", "57014", "statement timeout", "max_statement_time"];
        if late.iter().any(|sign| reason.contains(sign)) {
            return EmsError::Time { source_name, seconds: query_seconds };
        }
        EmsError::Query { source_name, rows, reason }
    };
    // SQLite's driver knows no time-out and refuses one.
    let timeout = (connection.dialect != Dialect::Sqlite).then_some(query_seconds as usize);
    let executed = match key {
        Some(Key::Text(text)) => database.execute(sql, &text.as_str().into_parameter(), timeout),
        Some(Key::Number(number)) => database.execute(sql, &number.into_parameter(), timeout),
        None => database.execute(sql, (), timeout),
    };
    let Some(mut cursor) = executed.map_err(|error| failed(0, error))? else { return Ok(0) };
    let buffer = TextRowSet::for_cursor(BATCH_ROWS, &mut cursor, Some(TEXT_MAX))
        .map_err(|error| failed(0, error))?;
    let mut cursor = cursor.bind_buffer(buffer).map_err(|error| failed(0, error))?;
    let mut cells: Vec<Option<String>> = Vec::new();
    while let Some(batch) =
        cursor.fetch_with_truncation_check(true).map_err(|error| failed(rows, error))?
    {
        for index in 0..batch.num_rows() {
            cells.clear();
            cells.extend((0..batch.num_cols()).map(|column| {
                batch.at(column, index).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
            }));
            row(&cells);
            rows += 1;
        }
    }
    Ok(rows)
}
