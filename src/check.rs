//! Rules over readings and production: what is odd is named, what is wrong is held, what is missing
//! is imputed by a named method or stays missing. Originals are kept. Pure.

mod gaps;

mod production;

mod readings;

mod rule;

mod time_order;

mod values;

use std::ops::Deref;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

pub use production::production;
pub use readings::{CheckedReadings, readings};
pub use rule::{RULES, Rule, RuleLimits, Severity};

use crate::period::Interval;

/// Proof that a value went through the rules: only this module can make one.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked<T>(T);

impl<T> Deref for Checked<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

/// What a rule says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Rule, as `R10`.
    pub rule: String,
    /// What follows from it.
    pub severity: Severity,
    /// Meter, work center or product.
    pub subject: String,
    /// When, if it has a time.
    pub interval: Option<Interval>,
    /// How many intervals or batches.
    pub count: usize,
    /// What was seen.
    pub text: String,
    /// What to do.
    pub proposal: String,
}

/// A reading that was changed; the old one is kept here for ever.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Correction {
    /// Rule that asked for it.
    pub rule: String,
    /// End of the interval after correction.
    pub interval_end: Timestamp,
    /// Stamp as it was.
    pub old_stamp: Timestamp,
    /// Energy as it was, in kWh.
    pub old_kwh: Option<Decimal>,
    /// Energy as it is, in kWh.
    pub new_kwh: Option<Decimal>,
    /// How the new one was found.
    pub method: String,
}
