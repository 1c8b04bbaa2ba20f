//! What a mapping makes of a database, for people who check it.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::Serialize;

use super::catalog::{Database, Key, open_checked, select};
use super::read::{Stamps, energy};
use super::{Dialect, EmsConnection, EmsError, EmsMapping};
use crate::quantity::Energy;
use crate::unit::Uom;

/// Rows shown of each meter.
const SAMPLES: usize = 3;

/// A row of the table as it came.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sample {
    /// Meter, stamp and value as text.
    pub cells: [String; 3],
    /// What the stamp was taken for.
    pub interval_end: Option<Timestamp>,
    /// What the value was taken for.
    pub amount: Option<Decimal>,
    /// Unit of the medium, in which it is kept.
    pub unit: Uom,
    /// Why the row cannot be used, if it cannot.
    pub problem: Option<String>,
}

/// A column and what it was taken for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TakenColumn {
    /// Name.
    pub column: String,
    /// Type in the database.
    pub type_name: String,
    /// What it was taken for.
    pub as_what: String,
}

/// A mapping seen against its database.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Inspection {
    /// Driver and database.
    pub source: String,
    /// Table.
    pub table: String,
    /// Columns of the mapping.
    pub columns: Vec<TakenColumn>,
    /// Rows of each meter.
    pub samples: Vec<Sample>,
    /// What somebody should look at.
    pub warnings: Vec<String>,
}

/// A few rows of each meter as they come, with what their stamps were taken for; checks table and
/// columns.
///
/// # Errors
///
/// [`EmsError`].
pub fn check_mapping(
    connection: &EmsConnection,
    mapping: &EmsMapping,
) -> Result<Vec<Sample>, EmsError> {
    samples(connection, &open_checked(connection, mapping)?, mapping)
}

/// Everything that a mapping makes of its database: columns, rows of each meter, and what is odd.
///
/// # Errors
///
/// [`EmsError`].
pub fn inspect(connection: &EmsConnection, mapping: &EmsMapping) -> Result<Inspection, EmsError> {
    let database = open_checked(connection, mapping)?;
    let columns = mapping.columns().into_iter().map(|(column, as_what)| {
        let known = database.columns.iter().find(|known| known.name == column);
        let type_name = known.map_or_else(String::new, |known| known.type_name.clone());
        TakenColumn { column: column.to_owned(), type_name, as_what }
    });
    let columns = columns.collect();
    let samples = samples(connection, &database, mapping)?;
    let mut warnings: Vec<String> = Vec::new();
    for meter in &mapping.meter {
        if !samples.iter().any(|sample| sample.cells[0] == meter.id.as_str()) {
            warnings.push(format!("METER-NULL: the table has no row of meter {}", meter.id));
        }
    }
    warnings.extend(samples.iter().filter_map(|sample| {
        let problem = sample.problem.as_ref()?;
        Some(format!("meter {} {}: {problem}", sample.cells[0], sample.cells[1]))
    }));
    warnings.extend(can_write(connection, &database, mapping)?);
    let (source, table) = (connection.name(), mapping.table.clone());
    Ok(Inspection { source, table, columns, samples, warnings })
}

fn samples(
    connection: &EmsConnection,
    database: &Database,
    mapping: &EmsMapping,
) -> Result<Vec<Sample>, EmsError> {
    let quoted = |name: &str| connection.dialect.quoted(name);
    let stamps = Stamps::new(mapping)?;
    let mut samples = Vec::new();
    for meter in &mapping.meter {
        let (of_meter, key) = database.of_meter(mapping, &meter.id);
        let per_unit = mapping.per_unit(&meter.id)?;
        let sql = format!(
            "SELECT {}, {} FROM {}{of_meter} ORDER BY {} LIMIT {SAMPLES}",
            database.stamp(mapping),
            quoted(mapping.value_column(&meter.id)?),
            quoted(&mapping.table),
            quoted(mapping.order_column.as_deref().unwrap_or(&mapping.stamp_column)),
        );
        select(connection, database, &sql, key.as_slice(), mapping.query_seconds, |cells| {
            let text = |index: usize| cells[index].unwrap_or_default().to_owned();
            let end = stamps.interval_end(&text(0));
            let value = energy(cells[1], per_unit);
            let problem = match (&end, &value) {
                (Err(problem), _) | (_, Err(problem)) => Some(problem.clone()),
                (_, Ok(None)) => Some("METER-NULL: reading is empty".to_owned()),
                _ => None,
            };
            samples.push(Sample {
                cells: [meter.id.to_string(), text(0), text(1)],
                interval_end: end.ok(),
                amount: value.ok().flatten().map(Energy::amount),
                unit: meter.medium.unit(),
                problem,
            });
        })?;
    }
    Ok(samples)
}

/// Whether the database's user could write, which nothing here needs.
fn can_write(
    connection: &EmsConnection,
    database: &Database,
    mapping: &EmsMapping,
) -> Result<Option<String>, EmsError> {
    let (sql, key) = match connection.dialect {
        Dialect::Sqlite => return Ok(None),
        Dialect::Postgresql => (
            "SELECT CASE WHEN has_table_privilege(current_user, CAST(? AS text), \
             'INSERT, UPDATE, DELETE') THEN 1 ELSE 0 END",
            Some(Key::Text(connection.dialect.quoted(&mapping.table))),
        ),
        Dialect::Mariadb => (
            "SELECT COUNT(*) FROM information_schema.user_privileges WHERE privilege_type IN \
             ('INSERT', 'UPDATE', 'DELETE') AND \
             grantee = CONCAT(\"'\", REPLACE(CURRENT_USER(), '@', \"'@'\"), \"'\")",
            None,
        ),
    };
    let mut writes = false;
    select(connection, database, sql, key.as_slice(), mapping.query_seconds, |cells| {
        writes = cells[0].is_some_and(|count| count.trim() != "0");
    })?;
    let user = connection.user.as_ref().map_or("", |(user, _)| user.as_str());
    Ok(writes.then(|| format!("ODBC-RIGHTS: database user {user} can write; use a read-only user")))
}
