//! How good the data behind a product footprint are, and which stage of its life they stand for.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Serialize;

use super::{Contribution, ProductFootprint};
use crate::factor::{EmissionFactor, Scope};
use crate::quantity::Emissions;
use crate::value_state::ValueState;

/// Ratings from 1, best, to 3, worst, weighted by contribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct DataQuality {
    /// Whether the factor is of this technology: 1 of the supplier or by meter, 2 an average of the
    /// activity, 3 an average for an activity that is itself estimated, imputed or a default.
    pub technological: Decimal,
    /// How old the factor is on the day of the activity: 1 up to one year, 2 up to five, 3 older.
    pub temporal: Decimal,
    /// How near it is: 1 the supplier's own or the nearest region asked for, 2 the next, 3 beyond.
    pub geographical: Decimal,
}

/// The ratings of one term.
fn rated(term: &Contribution, factor: &EmissionFactor, regions: &[&str], day: Date) -> [u8; 3] {
    let own = factor.supplier.is_some();
    let technological = match term.state {
        _ if own => 1,
        ValueState::Measured => 1,
        ValueState::Calculated => 2,
        _ => 3,
    };
    let temporal = match day.year() - factor.valid_from.year() {
        ..=1 => 1,
        2..=5 => 2,
        _ => 3,
    };
    let geographical = match regions.iter().position(|region| *region == factor.region) {
        _ if own => 1,
        Some(0) => 1,
        Some(1) => 2,
        _ => 3,
    };
    [technological, temporal, geographical]
}

/// The data quality of a footprint; `None` if a factor row is not given or nothing is emitted.
///
/// # Source
///
/// PACT Methodology 3, data quality ratings: three criteria, three levels, weighted by the share of
/// the footprint. How a row is put into a level is ours, as the fields say.
pub fn data_quality<'f>(
    footprint: &ProductFootprint,
    factor: impl Fn(&str) -> Option<&'f EmissionFactor>,
    regions: &[&str],
    day: Date,
) -> Option<DataQuality> {
    let mut weighted = [Decimal::ZERO; 3];
    let mut total = Decimal::ZERO;
    for term in &footprint.contributions {
        let size = term.emissions.amount().abs();
        let ratings = rated(term, factor(&term.factor)?, regions, day);
        for (sum, rating) in weighted.iter_mut().zip(ratings) {
            *sum += size * Decimal::from(rating);
        }
        total += size;
    }
    let [technological, temporal, geographical] = weighted.map(|sum| sum.checked_div(total));
    Some(DataQuality {
        technological: technological?,
        temporal: temporal?,
        geographical: geographical?,
    })
}

/// A stage of the life of a product, up to the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// What was bought, up to the supplier's gate or ours, as its factor says.
    RawMaterials,
    /// The way in, where it is not part of that.
    InboundTransport,
    /// Components made in this plant.
    Components,
    /// The last step: the product's own operations.
    Production,
    /// What co-products make unnecessary.
    Credits,
}

impl Stage {
    /// The stage of a term.
    fn of(term: &Contribution) -> Self {
        match term.scope {
            _ if term.emissions < Emissions::ZERO => Self::Credits,
            Scope::UpstreamTransport => Self::InboundTransport,
            Scope::PurchasedGoods => Self::RawMaterials,
            _ if term.path.len() > 1 => Self::Components,
            _ => Self::Production,
        }
    }
}

/// kg CO₂e per unit by stage; sums to the total.
///
/// # Source
///
/// ISO 14067:2018, 6.3.8: life cycle stages, cradle to gate.
pub fn by_stage(footprint: &ProductFootprint) -> BTreeMap<Stage, Emissions> {
    let mut stages = BTreeMap::new();
    for term in &footprint.contributions {
        *stages.entry(Stage::of(term)).or_insert(Emissions::ZERO) += term.emissions;
    }
    stages
}
