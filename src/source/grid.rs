//! Published hourly series: grid intensity and day-ahead price, from compressed CSV.

use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::period::Interval;
use crate::said;
use crate::said::Said;
use crate::words_by_said;

/// One hour of a published series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PublishedHour {
    /// The hour.
    pub hour: Interval,
    /// Its value, in the unit of the file.
    pub value: f64,
}

/// Why a series could not be read.
#[derive(Debug, thiserror::Error)]
pub enum GridError {
    /// The file is not there or no gzip.
    Unreadable {
        /// Path.
        path: PathBuf,
        /// What the system said.
        reason: std::io::Error,
    },
    /// A line is not what it should be.
    Line {
        /// Path.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
}

impl GridError {
    /// What happened, with what it is made of.
    pub fn said(&self) -> Said {
        match self {
            Self::Unreadable { path, reason } => said!(
                "grid.unreadable",
                "the series {path} cannot be read: {reason}. mappings/factors.toml names it.",
                path = path.display(),
                reason = reason
            ),
            Self::Line { path, line, reason } => said!(
                "grid.line",
                "{path}:{line}: {reason}",
                path = path.display(),
                line = line,
                reason = reason
            ),
        }
    }
}

words_by_said!(GridError);

/// Reads a file of `stamp,value[,..]` lines below a header; `.gz` files are unpacked. Stamps in `Z`
/// are instants, others are local times of `zone`. Hours without a value are left out, as is an
/// hour that summer time skips.
///
/// # Errors
///
/// [`GridError`] with the line.
pub fn hourly(path: &Path, zone: &TimeZone) -> Result<Vec<PublishedHour>, GridError> {
    let unreadable = |reason| GridError::Unreadable { path: path.to_owned(), reason };
    let bytes = std::fs::read(path).map_err(unreadable)?;
    let mut text = String::new();
    if bytes.starts_with(&[0x1f, 0x8b]) {
        GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).map_err(unreadable)?;
    } else {
        text = String::from_utf8_lossy(&bytes).into_owned();
    }
    let mut hours = Vec::new();
    for (index, line) in text.lines().enumerate().skip(1) {
        let wrong = |reason: &str| GridError::Line {
            path: path.to_owned(),
            line: index + 1,
            reason: reason.to_owned(),
        };
        let mut cells = line.split(',');
        let (stamp, value) = (cells.next().unwrap_or(""), cells.next().unwrap_or(""));
        if value.is_empty() {
            continue;
        }
        let value: f64 = value.parse().map_err(|_| wrong("the value is no number"))?;
        if !value.is_finite() {
            return Err(wrong("the value is not finite"));
        }
        let start = instant(stamp, zone).ok_or_else(|| wrong("the stamp is no time"))?;
        let end = start + jiff::SignedDuration::from_hours(1);
        hours.push(PublishedHour { hour: Interval { start, end }, value });
    }
    Ok(hours)
}

/// `2018-01-01T00:00Z` or, in local time, `2018-01-01T00:00`.
fn instant(stamp: &str, zone: &TimeZone) -> Option<Timestamp> {
    match stamp.strip_suffix('Z') {
        Some(utc) => {
            utc.parse::<DateTime>().ok().and_then(|at| TimeZone::UTC.to_timestamp(at).ok())
        }
        None => stamp.parse::<DateTime>().ok().and_then(|at| zone.to_timestamp(at).ok()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utc_and_local_stamps_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("series.csv");
        std::fs::write(&path, "hour,v\n2018-07-01T00:00Z,1.5\n2018-07-01T02:00,2\n").unwrap();

        let hours = hourly(&path, &TimeZone::get("Europe/Berlin").unwrap()).unwrap();

        assert_eq!(hours[0].hour, hours[1].hour);
        assert_eq!(hours[0].value, 1.5);
    }

    #[test]
    fn a_wrong_line_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("series.csv");
        std::fs::write(&path, "hour,v\n2018-07-01T00:00Z,NaN\n").unwrap();

        let error = hourly(&path, &TimeZone::UTC).unwrap_err().to_string();

        assert!(error.ends_with("series.csv:2: the value is not finite"), "{error}");
    }
}
