//! A meter and where it hangs.

use serde::{Deserialize, Serialize};

use crate::id::{CostCenter, MeterId, PlantCode};
use crate::unit::Uom;

/// What flows through a meter.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Medium {
    /// Active electrical energy.
    #[default]
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

impl Medium {
    /// The unit in which readings are kept: kWh of electricity, GJ(NCV) of gas, GJ of heat of steam, m³
    /// at normal conditions of compressed air and water.
    pub const fn unit(self) -> Uom {
        match self {
            Self::Electricity => Uom::Kwh,
            Self::NaturalGas | Self::Steam => Uom::Gigajoule,
            Self::CompressedAir | Self::Water => Uom::CubicMetre,
        }
    }

    /// How that unit is written after an amount.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Electricity => "kWh",
            Self::NaturalGas | Self::Steam => "GJ",
            Self::CompressedAir | Self::Water => "m³",
        }
    }

    /// In words, as in `steam at ROLL1`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Electricity => "electricity",
            Self::NaturalGas => "natural gas",
            Self::Steam => "steam",
            Self::CompressedAir => "compressed air",
            Self::Water => "water",
        }
    }

    /// Its key, as in a file: `compressed_air`.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Electricity => "electricity",
            Self::NaturalGas => "natural_gas",
            Self::Steam => "steam",
            Self::CompressedAir => "compressed_air",
            Self::Water => "water",
        }
    }
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
