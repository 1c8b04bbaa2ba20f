//! The production version, table MKAL.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::id::{MaterialNumber, PlantCode, ProductionVersionCode, RoutingGroup};

/// One way of making a material: a BOM alternative with a routing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductionVersion {
    /// What is made.
    pub material: MaterialNumber,
    /// Where.
    pub plant: PlantCode,
    /// VERID.
    pub code: ProductionVersionCode,
    /// Text.
    pub text: String,
    /// BOM alternative, STLAL, without leading zeros.
    pub bom_alternative: String,
    /// Routing group, PLNNR.
    pub routing_group: RoutingGroup,
    /// Routing counter, PLNAL, without leading zeros.
    pub routing_variant: String,
    /// First day on which it may be used.
    pub valid_from: Date,
    /// Last day on which it may be used.
    pub valid_to: Date,
    /// Smallest lot in the base unit.
    #[serde(with = "rust_decimal::serde::str")]
    pub lot_size_min: Decimal,
    /// Largest lot in the base unit.
    #[serde(with = "rust_decimal::serde::str")]
    pub lot_size_max: Decimal,
}
