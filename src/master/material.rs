//! The material master, tables MARA and MARC.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::id::MaterialNumber;
use crate::unit::Uom;
use crate::value_state::ValueState;

/// Whether a plant makes or buys a material, MARC-BESKZ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Procurement {
    /// `E`: made in the plant.
    InHouse,
    /// `F`: bought.
    External,
    /// `X`: either.
    Both,
}

/// A material as one plant sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Material {
    /// MATNR.
    pub number: MaterialNumber,
    /// Text in the logon language.
    pub description: String,
    /// Unit in which stock is kept.
    pub base_unit: Uom,
    /// Net mass of one base unit in kg, if the master data say.
    pub net_weight_kg: Option<Decimal>,
    /// How that mass is known.
    #[serde(default = "ValueState::recorded")]
    pub net_weight_state: ValueState,
    /// Material group, MATKL: which set-up a work center needs.
    pub group: String,
    /// Made or bought.
    pub procurement: Procurement,
}
