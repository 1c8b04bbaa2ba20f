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
    let by_stamp = mapping.stamp_format.as_deref().is_none_or(sorts_by_time);
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
    select(connection, &database, &sql, None, mapping.query_seconds, |cells| {
        newest = cells.first().cloned().flatten();
    })?;
    Ok(newest.and_then(|stamp| stamps.interval_end(&stamp).ok()))
}

/// Whether texts of this form stand in the order of time: the larger part before the smaller.
fn sorts_by_time(format: &str) -> bool {
    if format.starts_with("epoch_") {
        return true;
    }
    let order = "YmdHMS";
    let parts: String = format.split('%').skip(1).filter_map(|part| part.chars().next()).collect();
    let parts = parts.replace('F', "Ymd").replace('T', "HMS").replace('R', "HM");
    parts.len() >= 3 && order.starts_with(&parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_stamps_with_the_larger_part_first_sort_by_time() {
        assert!(sorts_by_time("%Y-%m-%d %H:%M"));
        assert!(sorts_by_time("%F %T"));
        assert!(!sorts_by_time("%d.%m.%Y %H:%M"));
        assert!(!sorts_by_time("%m/%d/%Y"));
    }
}
