//! A meter and where it hangs.

use serde::{Deserialize, Serialize};

use crate::id::{CostCenter, MeterId, PlantCode};

/// What flows through a meter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Medium {
    /// Active electrical energy.
    Electricity,
    /// Natural gas.
    NaturalGas,
    /// Steam.
    Steam,
    /// Compressed air.
    CompressedAir,
    /// Water.
    Water,
}

/// A meter of the energy management system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meter {
    /// Its name there.
    pub id: MeterId,
    /// What it measures.
    pub medium: Medium,
    /// Plant whose consumption it measures.
    pub plant: PlantCode,
    /// Cost center for what cannot be given to a work center, as the idle base load.
    pub overhead_cost_center: CostCenter,
}
