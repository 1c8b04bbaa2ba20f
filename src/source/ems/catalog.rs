//! An open database whose table and columns were found in its catalog, and SELECTs on it.

use std::borrow::Cow;
use std::ops::Deref;

use odbc_api::buffers::TextRowSet;
use odbc_api::parameter::InputParameter;
use odbc_api::{Connection, Cursor, IntoParameter};

use super::packed::{self, Form, Packed, most_bytes};
use super::rows::{Rows, Shape, handed_over};
use super::{Dialect, EmsConnection, EmsError, EmsMapping};
use crate::id::MeterId;

/// Rows of one fetch.
const BATCH_ROWS: usize = 2_000;
/// Rows of one portion of a cursor.
const PORTION_ROWS: usize = 10_000;
/// Longest text of a stamp, a value or a meter.
const TEXT_MAX: usize = 256;
/// What a text beyond that is said to be, with the number of its column.
const TOO_LONG: &str = "too long: column ";
/// ODBC's numbers of the integer types: SMALLINT, INTEGER, BIGINT, TINYINT.
const INTEGERS: [i16; 4] = [5, 4, -5, -6];

/// What drivers say of a connection that is no more: classes 08 and 57P of the SQL standard and of
/// PostgreSQL, 2006 and 2013 of MariaDB, and their words where the state is a general one.
const LOST: [&str; 9] = [
    "08S01",
    "08003",
    "08006",
    "08007",
    "57P0",
    "server closed the connection",
    "Could not send Query",
    "Lost connection",
    "has gone away",
];

/// A column of the catalog.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Column {
    pub name: String,
    pub type_name: String,
    kind: i16,
}

impl Column {
    #[cfg(test)]
    pub fn of(name: &str, type_name: &str) -> Self {
        Self { name: name.to_owned(), type_name: type_name.to_owned(), kind: 0 }
    }

    /// Whether it holds whole numbers.
    pub fn is_integer(&self) -> bool {
        INTEGERS.contains(&self.kind)
    }
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

impl Key {
    fn bound(&self) -> Box<dyn InputParameter> {
        match self {
            Self::Text(text) => Box::new(text.clone().into_parameter()),
            Self::Number(number) => Box::new(number.into_parameter()),
        }
    }
}

/// A SELECT, what is bound to it, how its rows come, and how long it may run.
#[derive(Clone, Copy)]
pub(super) struct Statement<'a> {
    pub sql: &'a str,
    pub keys: &'a [Key],
    pub shape: Shape,
    pub query_seconds: u32,
}

/// A statement of SQLite with its keys as literals: with anything bound, its driver (0.9998) holds every
/// row in memory, whatever StepAPI says.
fn spelled_out(sql: &str, keys: &[Key]) -> String {
    let mut keys = keys.iter();
    let mut quote = None;
    let mut spelled = String::with_capacity(sql.len() + 32);
    for sign in sql.chars() {
        if let ('?', None, Some(key)) = (sign, quote, keys.as_slice().first()) {
            keys.next();
            match key {
                Key::Text(text) => spelled += &Dialect::Sqlite.literal(text),
                Key::Number(number) => spelled += &number.to_string(),
            }
            continue;
        }
        quote = match quote {
            None => matches!(sign, '\'' | '"').then_some(sign),
            Some(open) => (open != sign).then_some(open),
        };
        spelled.push(sign);
    }
    spelled
}

impl Database {
    /// The column of stamps as it is selected. PostgreSQL writes a time itself: its driver would read
    /// that text and write it once more, and turn infinity into the year 9999. The name is not the
    /// column's, which ORDER BY would take for the text.
    pub fn stamp(&self, mapping: &EmsMapping) -> String {
        let quoted = self.dialect.quoted(&mapping.stamp_column);
        if self.writes_stamps(mapping) {
            return format!("{} AS carbide_stamp", self.dialect.text(&quoted));
        }
        quoted
    }

    /// Whether the database writes stamps as text itself.
    fn writes_stamps(&self, mapping: &EmsMapping) -> bool {
        let known = self.column(&mapping.stamp_column);
        let is_time = known.is_some_and(|known| known.type_name.starts_with("timestamp"));
        self.dialect == Dialect::Postgresql && is_time && mapping.stamp_format.is_none()
    }

    fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|known| known.name == name)
    }

    /// What is selected to read a stamp and then the columns of `others`, as one text where the database
    /// can, and how its cells come.
    pub fn selected(&self, mapping: &EmsMapping, others: &[&str], packs: bool) -> (Shape, String) {
        let quoted = |name: &&str| self.dialect.quoted(name);
        let mut names = others.to_vec();
        if !self.writes_stamps(mapping) {
            names.push(&mapping.stamp_column);
        }
        let known = names.into_iter().map(|name| self.column(name));
        let all = [&[mapping.stamp_column.as_str()], others].concat();
        let cells: Vec<String> = all.iter().map(quoted).collect();
        match packed::expression(self.dialect, &cells, &known.collect::<Vec<_>>()) {
            Some((form, row)) if packs => (Shape::Packed(form, cells.len()), row),
            _ => {
                let mut columns = vec![self.stamp(mapping)];
                columns.extend_from_slice(&cells[1..]);
                (Shape::Columns, columns.join(", "))
            }
        }
    }

    /// The condition that picks the rows of a meter, empty if all are its own, and what is bound to it.
    pub fn of_meter(&self, mapping: &EmsMapping, meter: &MeterId) -> (String, Option<Key>) {
        let Some((column, key)) = mapping.key(meter) else { return (String::new(), None) };
        let known = self.column(column);
        // PostgreSQL compares no number with a text.
        let number = known.filter(|known| known.is_integer());
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
    let columns: Vec<&str> = mapping.columns().into_iter().map(|(column, _)| column).collect();
    open_table(connection, &mapping.table, &columns)
}

/// Opens the database and checks that it has the table with these columns.
pub(super) fn open_table(
    connection: &EmsConnection,
    table: &str,
    wanted: &[&str],
) -> Result<Database, EmsError> {
    let opened = connection.open()?;
    let columns = columns(connection, &opened, table)?;
    if columns.is_empty() {
        let (source_name, table) = (connection.name(), table.to_owned());
        return Err(EmsError::Table { source_name, table });
    }
    for column in wanted {
        if columns.iter().any(|known| known.name == *column) {
            continue;
        }
        let nearest =
            columns.iter().min_by_key(|known| strsim::damerau_levenshtein(&known.name, column));
        return Err(EmsError::Column {
            source_name: connection.name(),
            table: table.to_owned(),
            column: (*column).to_owned(),
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

/// Runs a SELECT and hands out its rows as text; returns how many there were. For few rows: a driver
/// may hold them all.
pub(super) fn select(
    connection: &EmsConnection,
    database: &Database,
    sql: &str,
    keys: &[Key],
    query_seconds: u32,
    mut row: impl FnMut(&[Option<&str>]),
) -> Result<usize, EmsError> {
    let each = &mut |rows: Rows| rows.each(&mut row);
    let statement = Statement { sql, keys, shape: Shape::Columns, query_seconds };
    run(connection, database, &statement, &mut None, each)
        .map_err(|(rows, reason)| failed(connection, query_seconds, rows, &reason))
}

/// As [`select`], for any number of rows.
///
/// PostgreSQL's driver would read them all into memory. Its own way around, `UseDeclareFetch`, ends the
/// whole process when the connection is lost between two fetches (version 13.02, a result freed
/// twice), so the cursor is ours: a transaction that reads only, and portions of it.
///
/// Rows are handed to `row` by another thread, so that the driver fetches on meanwhile; `progress` is told
/// how many have come.
pub(super) fn stream(
    connection: &EmsConnection,
    database: &Database,
    statement: &Statement<'_>,
    progress: impl Fn(usize),
    row: impl FnMut(&[Option<&str>]) + Send,
) -> Result<usize, EmsError> {
    let read = handed_over(
        |sender| {
            let mut came = 0;
            let mut send = |rows: Rows| {
                came += rows.len();
                // The reader ends only by a panic, which is passed on when it is joined.
                let _ = sender.send(rows);
                progress(came);
            };
            if connection.dialect == Dialect::Postgresql {
                portions(connection, database, statement, &mut send)
            } else {
                run(connection, database, statement, &mut None, &mut send)
            }
        },
        row,
    );
    read.map_err(|(rows, reason)| failed(connection, statement.query_seconds, rows, &reason))
}

/// Runs a SELECT by a cursor of PostgreSQL.
fn portions(
    connection: &EmsConnection,
    database: &Database,
    statement: &Statement<'_>,
    each: &mut impl FnMut(Rows),
) -> Result<usize, (usize, String)> {
    let odbc = |error: odbc_api::Error| (0, error.to_string());
    let mut rows = 0;
    let mut read = || {
        database.set_autocommit(false).map_err(odbc)?;
        let declare = format!("DECLARE carbide_rows NO SCROLL CURSOR FOR {}", statement.sql);
        let declare = Statement { sql: &declare, ..*statement };
        run(connection, database, &declare, &mut None, &mut |_| {})?;
        let fetch = format!("FETCH FORWARD {PORTION_ROWS} FROM carbide_rows");
        let fetch = Statement { sql: &fetch, keys: &[], ..*statement };
        let mut buffer = None;
        loop {
            let came = run(connection, database, &fetch, &mut buffer, each)
                .map_err(|(before, reason)| (rows + before, reason))?;
            rows += came;
            if came < PORTION_ROWS {
                return Ok(rows);
            }
        }
    };
    let read = read();
    // A connection that is gone has no transaction to end.
    let _ = database.rollback().and_then(|()| database.set_autocommit(true));
    read
}

/// What the driver said, by what a person can do about it.
fn failed(connection: &EmsConnection, query_seconds: u32, rows: usize, reason: &str) -> EmsError {
    let (source_name, reason) = (connection.name(), reason.to_owned());
    // HYT00 by ODBC, 57014 by PostgreSQL, 1969 by MariaDB.
    let late = ["HYT00", "57014", "statement timeout", "max_statement_time"];
    if late.iter().any(|sign| reason.contains(sign)) {
        return EmsError::Time { source_name, seconds: query_seconds };
    }
    if let Some(column) = reason.strip_prefix(TOO_LONG) {
        let column = column.to_owned();
        return EmsError::TooLong { source_name, column, bytes: TEXT_MAX };
    }
    if LOST.iter().any(|sign| reason.contains(sign)) {
        return EmsError::Lost { source_name, rows, reason };
    }
    EmsError::Query { source_name, rows, reason }
}

/// Runs a statement; rows that came and what the driver said, if it failed. `buffer` is made for the
/// first result and kept for the next of the same columns.
fn run(
    connection: &EmsConnection,
    database: &Database,
    statement: &Statement<'_>,
    buffer: &mut Option<TextRowSet>,
    each: &mut impl FnMut(Rows),
) -> Result<usize, (usize, String)> {
    let &Statement { sql, keys, shape, query_seconds } = statement;
    let mut rows = 0;
    let odbc = |rows: usize, error: odbc_api::Error| (rows, error.to_string());
    // SQLite's driver knows no time-out and refuses one.
    let timeout = (connection.dialect != Dialect::Sqlite).then_some(query_seconds as usize);
    let (sql, keys) = match connection.dialect {
        Dialect::Sqlite => (Cow::Owned(spelled_out(sql, keys)), &[] as &[Key]),
        Dialect::Postgresql | Dialect::Mariadb => (Cow::Borrowed(sql), keys),
    };
    let bound: Vec<Box<dyn InputParameter>> = keys.iter().map(Key::bound).collect();
    let executed = database.execute(&sql, bound.as_slice(), timeout);
    let Some(mut cursor) = executed.map_err(|error| odbc(0, error))? else { return Ok(0) };
    let buffer = match buffer {
        Some(buffer) => buffer,
        None => {
            let made = match shape {
                Shape::Columns => TextRowSet::for_cursor(BATCH_ROWS, &mut cursor, Some(TEXT_MAX)),
                Shape::Packed(_, cells) => {
                    TextRowSet::from_max_str_lens(BATCH_ROWS, [most_bytes(cells)])
                }
            };
            buffer.insert(made.map_err(|error| odbc(0, error))?)
        }
    };
    let mut cursor = cursor.bind_buffer(buffer).map_err(|error| odbc(0, error))?;
    while let Some(batch) =
        cursor.fetch_with_truncation_check(true).map_err(|error| match error {
            odbc_api::Error::TooLargeValueForBuffer { buffer_index, .. } => {
                (rows, format!("{TOO_LONG}{}", buffer_index + 1))
            }
            other => odbc(rows, other),
        })?
    {
        if let Shape::Packed(form, _) = shape
            && has_long_cell(form, batch)
        {
            return Err((rows, TOO_LONG.to_owned()));
        }
        rows += batch.num_rows();
        each(Rows::of(batch, shape));
    }
    Ok(rows)
}

/// Whether a packed row has a cell that is longer than a text may be.
fn has_long_cell(form: Form, batch: &TextRowSet) -> bool {
    let mut packed = Packed::default();
    let texts = (0..batch.num_rows()).filter_map(|row| batch.at(0, row));
    texts.filter(|text| text.len() > TEXT_MAX).any(|text| {
        packed.read(form, text);
        packed.has_long_cell()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_sqlite_is_a_literal_whatever_stands_in_it() {
        let keys = [Key::Text("it's ? \" -- ".to_owned()), Key::Number(-7)];

        let sql =
            spelled_out("SELECT \"a?\" FROM t WHERE q IN ('?''') AND m = ? AND n >= ?", &keys);

        let spelled =
            "SELECT \"a?\" FROM t WHERE q IN ('?''') AND m = 'it''s ? \" -- ' AND n >= -7";
        assert_eq!(sql, spelled);
    }
}
