//! A shift of a work center's capacity, table KAPA.

use jiff::civil::{Date, Time};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// One shift of one weekday, in the plant's local time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shift {
    /// 1 is Monday, 7 is Sunday.
    pub weekday: i8,
    /// Number of the shift in the day.
    pub number: String,
    /// Begin.
    pub start: Time,
    /// End; at or before the begin it is on the next day.
    pub end: Time,
    /// Minutes that can be planned: without breaks, times individual capacities, times utilization.
    #[serde(with = "rust_decimal::serde::str")]
    pub minutes: Decimal,
    /// First day on which it is valid.
    pub valid_from: Date,
    /// Last day.
    pub valid_to: Date,
}
