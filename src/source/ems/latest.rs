//! The newest reading, found by the database.

use jiff::Timestamp;

use super::catalog::{open_checked, select};
use super::read::Stamps;
use super::{EmsConnection, EmsError, EmsMapping};

/// End of the interval of the newest reading. It is the one that arrived last if the mapping names
/// the order of arrival, otherwise the one with the highest stamp; `None` if there is no reading, or
/// if stamps of the mapping's form do not sort by time.
///
/// # Errors
///
/// [`EmsError`].
pub fn last_reading(
    connection: &EmsConnection,
    mapping: &EmsMapping,
) -> Result<Option<Timestamp>, EmsError> {
    let by_stamp = mapping.stamps_sort_by_time();
    let order = match &mapping.order_column {
        Some(arrival) => arrival,
        None if by_stamp => &mapping.stamp_column,
        None => return Ok(None),
    };
    let database = open_checked(connection, mapping)?;
    let quoted = |name: &str| connection.dialect.quoted(name);
    let sql = format!(
        "SELECT {} FROM {} ORDER BY {} DESC LIMIT 1",
        quoted(&mapping.stamp_column),
        quoted(&mapping.table),
        quoted(order)
    );
    let (stamps, mut newest) = (Stamps::new(mapping)?, None);
    select(connection, &database, &sql, &[], mapping.query_seconds, |cells| {
        newest = cells.first().copied().flatten().map(str::to_owned);
    })?;
    Ok(newest.and_then(|stamp| stamps.interval_end(&stamp).ok()))
}
