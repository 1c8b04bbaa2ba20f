//! The confirmation of an operation, table AFRU.

use serde::{Deserialize, Serialize};

use crate::id::{
    MaterialNumber, PlantCode, ProductionOrderNumber, ProductionVersionCode, WorkCenterCode,
};
use crate::master::StandardValue;
use crate::period::Interval;
use crate::unit::Measure;
use crate::value_state::ValueState;

/// What an operation made and used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    /// Confirmation group and count, RUECK and RMZHL.
    pub key: (String, String),
    /// Production order.
    pub order: ProductionOrderNumber,
    /// Operation number, VORNR.
    pub operation: String,
    /// What the order makes.
    pub material: MaterialNumber,
    /// How, if the order says.
    pub production_version: Option<ProductionVersionCode>,
    /// Where.
    pub plant: PlantCode,
    /// Where in the plant.
    pub work_center: WorkCenterCode,
    /// When it ran.
    pub execution: Interval,
    /// Good output.
    pub yielded: Measure,
    /// Scrapped output.
    pub scrapped: Measure,
    /// What it used, by meaning.
    pub activities: Vec<(StandardValue, Measure)>,
    /// Activities that SAP does not have and a default stands in for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stood_in: Vec<StandardValue>,
}

impl Confirmation {
    /// The confirmed activity of one meaning, if any.
    pub fn activity(&self, meaning: StandardValue) -> Option<Measure> {
        self.activities.iter().find(|(known, _)| *known == meaning).map(|&(_, value)| value)
    }

    /// How the confirmed activity of one meaning is known.
    pub fn state_of(&self, meaning: StandardValue) -> ValueState {
        if self.stood_in.contains(&meaning) { ValueState::Default } else { ValueState::recorded() }
    }
}
