//! The path of a series through the rules: time first, then values, then gaps.

use jiff::{SignedDuration, Timestamp};

use super::{Checked, Correction, Finding, RuleLimits, gaps, time_order, values};
use crate::reading::{Meter, RawReading, Series};

/// A series that went through the rules, with what they said.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckedReadings {
    /// The series: held readings are imputed or missing, never zero.
    pub series: Checked<Series>,
    /// What the rules say.
    pub findings: Vec<Finding>,
    /// What was changed.
    pub corrections: Vec<Correction>,
}

/// Checks the readings of one meter.
///
/// `rows` stand in the order of arrival, their stamps are the ends of intervals of length `step`;
/// `now` is the latest time that a stamp may have.
///
/// # Source
///
/// Rules R10, R8, R7 and R4 with the imputation ladder of the methods: straight line up to an hour,
/// median of the same weekday and time over four weeks before and after up to a day, longer gaps
/// stay missing.
pub fn readings(
    rows: &[RawReading],
    meter: &Meter,
    step: SignedDuration,
    limits: &RuleLimits,
    now: Timestamp,
) -> CheckedReadings {
    let mut log = Log { meter, findings: Vec::new(), corrections: Vec::new() };
    let mut series = time_order::ordered(rows, step, now, &mut log);
    values::hold_spikes(&mut series, limits, &mut log);
    values::hold_stuck(&mut series, limits, &mut log);
    gaps::impute(&mut series, limits, &mut log);
    CheckedReadings {
        series: Checked(series),
        findings: log.findings,
        corrections: log.corrections,
    }
}

/// What the rules say while they work.
pub(super) struct Log<'a> {
    pub meter: &'a Meter,
    pub findings: Vec<Finding>,
    pub corrections: Vec<Correction>,
}
