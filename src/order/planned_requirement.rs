//! The planned independent requirement, table PBED: demand without a customer.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::id::{MaterialNumber, PlantCode};
use crate::unit::Measure;

/// What is expected to be wanted in a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedRequirement {
    /// What.
    pub material: MaterialNumber,
    /// Where.
    pub plant: PlantCode,
    /// Requirements type, VSE.
    pub requirement_type: String,
    /// First day of the period.
    pub period_start: Date,
    /// What is left of it: planned less withdrawn.
    pub open_quantity: Measure,
}
