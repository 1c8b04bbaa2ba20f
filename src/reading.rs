//! Readings of meters, as they were read. Pure values.

mod meter;
mod series;

pub use meter::{Medium, Meter};
pub use series::{RawReading, Series, Slot};
