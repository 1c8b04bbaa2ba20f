//! Rules over readings, production, products and factors: what is odd is named, what is wrong is held,
//! what is missing is imputed by the best measured method or stays missing. Originals are kept. Pure.

mod balance;

mod batches;

mod counter;

mod factors;

mod family;

mod gaps;

mod impute;

mod kept;

mod method;

mod life;

mod production;

mod products;

mod readings;

mod rule;

mod scale;

mod spike;

mod time_order;

pub mod trial;

mod values;

use std::ops::Deref;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

pub use balance::{Metered, balance};
pub use batches::{Batch, Temperature, furnace_temperature, gas_per_batch};
pub use counter::{CounterReading, Register, from_counter};
pub use factors::{FactorUse, factor_use};
pub use family::fill_by_balance;
pub use impute::{
    Ladder, Method, Rung, active_from_reactive, by_balance, calibrate, scaled_to_register,
};
pub use life::{FindingKey, IllegalStep, LifeEvent, LifeState, Step, Tracked};
pub use method::method_said;
pub use production::production;
pub use products::{MaterialFootprint, material_footprint, transport_share};
pub use readings::{
    Background, CheckedReadings, Decision, Decisions, Flag, readings, readings_with,
};
pub use rule::{
    AverageLimits, AverageMode, BalanceLimits, CounterLimits, Datum, ExcessLimits, FactorLimits,
    GasLimits, MissingLimits, RULES, Rule, RuleInfo, RuleSet, Severity, SpikeLimits, StuckLimits,
    TemperatureLimits, TimeLimits, TransportLimits, action_said, deadline_said,
};

use crate::id::MeterId;
use crate::period::Interval;
use crate::said::Said;

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
#[serde(from = "kept::Finding", into = "kept::Finding")]
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
    pub text: Said,
    /// What to do.
    pub proposal: Said,
}

/// A reading that was changed; the old one is kept here for ever.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Correction {
    /// Whose reading; older records do not say it, they are the main meter's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meter: Option<MeterId>,
    /// Rule that asked for it.
    pub rule: String,
    /// End of the interval after correction.
    pub interval_end: Timestamp,
    /// Stamp as it was.
    pub old_stamp: Timestamp,
    /// Energy as it was, in kWh or the unit of the medium.
    pub old_kwh: Option<Decimal>,
    /// Energy as it is, in kWh or the unit of the medium.
    pub new_kwh: Option<Decimal>,
    /// How the new one was found.
    pub method: String,
    /// Measured error of the method on this meter: mean absolute error in percent of the energy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_percent: Option<Decimal>,
}
