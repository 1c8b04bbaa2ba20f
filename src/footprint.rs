//! Footprints: kg CO₂e by operation, product and posting line, from checked readings, master data
//! and factors. Pure.
//!
//! ```text
//! readings + confirmations -> attribution -> inventory of a period  (what finance posts)
//!                                         -> product footprints     (what the planner optimizes)
//! ```
//! Both come from the same attribution, so the footprint that finance posts is the number that the
//! planner optimizes.

mod attribution;
pub mod budget;
pub mod case;
pub mod cbam;
mod contribution;
pub mod coproduct;
mod equipment;
mod inventory;
pub mod label;
mod media;
pub mod organisation;
pub mod product;
pub mod quality;
pub mod recycled;
pub mod system;
pub mod uncertainty;

pub use attribution::{Attribution, Consumer, Group, attribute};
pub use contribution::{Contribution, ProductFootprint};
pub use equipment::{EquipmentStretch, SubMeters};
pub use inventory::{Inventory, InventoryLine, inventory};
pub use media::{MediumGroup, MediumUse};
pub use product::{MediumPart, OperationUse, OrderFootprint, Products};

use crate::factor::FactorError;
use crate::id::{MaterialNumber, MeterId, ProductionOrderNumber};
use crate::period::Interval;
use crate::said;
use crate::said::Said;
use crate::unit::Incompatible;
use crate::words_by_said;

/// Why a footprint cannot be given. Nothing is guessed instead.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum FootprintError {
    /// Intervals without a value lie in the period.
    ReadingsMissing {
        /// Meter.
        meter: MeterId,
        /// Period.
        period: Interval,
        /// How many intervals.
        missing: usize,
        /// Start of the first.
        first: jiff::Timestamp,
    },
    /// The series does not cover the period.
    PeriodNotCovered {
        /// Meter.
        meter: MeterId,
        /// What there is, in words.
        have: String,
        /// What was asked for.
        period: Interval,
    },
    /// An order did nothing in the period.
    NoOrder {
        /// Order.
        order: ProductionOrderNumber,
        /// Period.
        period: Interval,
    },
    /// No factor can be used.
    Factor(#[from] FactorError),
    /// A unit does not fit the factor or the base quantity.
    Unit {
        /// Object whose unit is wrong.
        place: String,
        /// Why.
        error: Incompatible,
    },
    /// Master data are missing.
    MasterData {
        /// Material.
        material: MaterialNumber,
        /// What is missing and where to maintain it.
        reason: String,
    },
    /// Bills of material go in a circle that has no solution.
    Circle {
        /// Materials on the circle.
        path: String,
        /// Why it has no solution.
        reason: String,
    },
    /// The amount does not fit the ledger.
    TooLarge {
        /// What was calculated.
        place: String,
    },
}

impl FootprintError {
    /// What happened, with what it is made of.
    pub fn said(&self) -> Said {
        match self {
            Self::ReadingsMissing { meter, period, missing, first } => said!(
                "footprint.readings-missing",
                "meter {meter} has no value for {missing} intervals of {period}, the first at {first}. A \
                 missing reading is not zero: enter it, or let a rule impute it, then run again. Nothing \
                 was calculated.",
                meter = meter,
                missing = missing,
                period = period,
                first = first
            ),
            Self::PeriodNotCovered { meter, have, period } => said!(
                "footprint.period-not-covered",
                "meter {meter} has readings for {have} only; {period} is not covered",
                meter = meter,
                have = have,
                period = period
            ),
            Self::NoOrder { order, period } => said!(
                "footprint.no-order",
                "order {order} has no confirmation in {period}; name the month in which it ran with --period",
                order = order,
                period = period
            ),
            Self::Factor(error) => error.said(),
            Self::Unit { place, error } => {
                said!("footprint.unit", "{place}: {error}", place = place, error = error)
            }
            Self::MasterData { material, reason } => said!(
                "footprint.master-data",
                "{material}: {reason}",
                material = material,
                reason = reason
            ),
            Self::Circle { path, reason } => said!(
                "footprint.circle",
                "the bills of material go in a circle: {path}: {reason}. Correct one of them in CS02.",
                path = path,
                reason = reason
            ),
            Self::TooLarge { place } => said!(
                "footprint.too-large",
                "{place}: the emissions are beyond the range of the ledger",
                place = place
            ),
        }
    }
}

words_by_said!(FootprintError);
