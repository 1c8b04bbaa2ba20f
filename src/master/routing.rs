//! The routing, tables PLKO and PLPO.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::id::{PlantCode, RoutingGroup, WorkCenterInternalId};
use crate::unit::{Measure, Uom};
use crate::value_state::ValueState;

/// A task list: the operations that make a material.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Routing {
    /// Group, PLNNR.
    pub group: RoutingGroup,
    /// Group counter, PLNAL, without leading zeros.
    pub variant: String,
    /// Where.
    pub plant: PlantCode,
    /// In the order of operation numbers.
    pub operations: Vec<Operation>,
}

/// One operation of a routing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// Operation number, VORNR.
    pub number: String,
    /// Text.
    pub text: String,
    /// Where it runs.
    pub work_center: WorkCenterInternalId,
    /// The standard values are for this much output.
    #[serde(with = "rust_decimal::serde::str")]
    pub base_quantity: Decimal,
    /// Unit of the base quantity.
    pub unit: Uom,
    /// What the operation uses, by meaning.
    pub standard_values: Vec<(StandardValue, Measure)>,
    /// Standard values that SAP does not have and a default stands in for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stood_in: Vec<StandardValue>,
    /// Operation scrap in percent.
    #[serde(with = "rust_decimal::serde::str")]
    pub scrap_percent: Decimal,
}

impl Operation {
    /// The standard value of one meaning, if the routing has it.
    pub fn standard_value(&self, meaning: StandardValue) -> Option<Measure> {
        self.standard_values.iter().find(|(known, _)| *known == meaning).map(|&(_, value)| value)
    }

    /// How the standard value of one meaning is known.
    pub fn state_of(&self, meaning: StandardValue) -> ValueState {
        if self.stood_in.contains(&meaning) { ValueState::Default } else { ValueState::recorded() }
    }
}

/// What a standard value stands for. SAP numbers them one to six by the standard value key of the
/// work center; the mapping gives the numbers their meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StandardValue {
    /// Time to set the work center up, once an order and not per unit.
    Setup,
    /// Machine time per base quantity.
    Machine,
    /// Labour time per base quantity.
    Labor,
    /// Electricity per base quantity.
    Electricity,
    /// Natural gas per base quantity, net calorific value.
    NaturalGas,
}
