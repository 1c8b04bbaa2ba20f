//! The work center, tables CRHD and KAKO.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::id::{CostCenter, PlantCode, WorkCenterCode, WorkCenterInternalId};

/// A work center with its capacity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkCenter {
    /// OBJID, what routings refer to.
    pub internal_id: WorkCenterInternalId,
    /// ARBPL, what people say.
    pub code: WorkCenterCode,
    /// Where it stands.
    pub plant: PlantCode,
    /// Text.
    pub text: String,
    /// Who carries its cost and its carbon.
    pub cost_center: CostCenter,
    /// Minutes that can be planned in one shift: operating time without breaks, times the number
    /// of individual capacities, times the rate of utilization.
    #[serde(with = "rust_decimal::serde::str")]
    pub minutes_per_shift: Decimal,
    /// KALID of its capacity: the factory calendar that it follows; that of the plant if there is none.
    #[serde(default)]
    pub factory_calendar: Option<String>,
}
