//! What a plan needs to know that SAP does not hold: contracts with suppliers and ways to customers.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::id::{MaterialNumber, SupplierNumber};

/// What one supplier can deliver of one material.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contract {
    /// What.
    pub material: MaterialNumber,
    /// From whom.
    pub supplier: SupplierNumber,
    /// Most that can be had in a month of 30 days, in the material's base unit.
    pub available_per_month: Decimal,
    /// Whether it counts as low-carbon raw material.
    pub low_carbon: bool,
    /// How it comes in; its transport is part of the supplier's factor.
    pub inbound_mode: String,
    /// Who agreed to this, for the reader in a year.
    pub agreed_by: String,
}

/// The modes that may serve the customers of one shipping type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lane {
    /// SAP shipping type, VSART.
    pub shipping_type: String,
    /// Name for people.
    pub name: String,
    /// Mean distance to these customers.
    pub distance_km: Decimal,
    /// What can go there.
    pub mode: Vec<Mode>,
}

/// One mode of transport on a lane.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mode {
    /// Name, as in the plan.
    pub name: String,
    /// Activity in the factor book, per tonne-kilometre.
    pub factor: String,
    /// Shifts on the way.
    pub lead_shifts: u16,
    /// Freight cost per tonne-kilometre in the currency of the company code.
    pub cost_per_tonne_km: Decimal,
}
