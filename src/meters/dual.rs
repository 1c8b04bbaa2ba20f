//! Emissions of purchased electricity twice: by the grid it came from, and by the contracts for it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::quantity::{Emissions, Energy, GridFactor};

/// Grid intensity by the start of the hour, scaled to the official annual factor.
#[derive(Clone, Debug, Default)]
pub struct HourlyIntensity(BTreeMap<Timestamp, GridFactor>);

impl HourlyIntensity {
    /// `hours` (start of hour, kg/kWh as published) scaled so that their mean is `annual`: published
    /// generation misses plants, so it gives the shape and the official factor the level.
    ///
    /// `None` if there are no hours or their mean is zero.
    pub fn scaled(hours: &[(Timestamp, Decimal)], annual: GridFactor) -> Option<Self> {
        let sum: Decimal = hours.iter().map(|(_, intensity)| *intensity).sum();
        let mean = sum.checked_div(Decimal::from(hours.len()))?;
        let scale = annual.ratio().checked_div(mean)?;
        let scaled =
            |(at, intensity): &(Timestamp, Decimal)| (*at, GridFactor::new(intensity * scale));
        Some(Self(hours.iter().map(scaled).collect()))
    }

    /// The intensity of the hour that contains `at`; `None` if it is not known.
    pub fn at(&self, at: Timestamp) -> Option<GridFactor> {
        let (start, factor) = self.0.range(..=at).next_back()?;
        (at < *start + SignedDuration::from_hours(1)).then_some(*factor)
    }
}

/// A contract for electricity: guarantees of origin, a power purchase agreement, a supplier's mix.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instrument {
    /// Name or certificate.
    pub id: String,
    /// kWh that it covers in the period.
    pub kwh: Decimal,
    /// kg CO₂e per kWh.
    pub kg_per_kwh: Decimal,
}

/// Scope 2 twice, with how much of it is time-matched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DualEmissions {
    /// Purchased energy.
    pub energy: Energy,
    /// Location-based.
    pub location: Emissions,
    /// Market-based: contracts first, the rest by the residual mix.
    pub market: Emissions,
    /// kWh whose hour had an intensity of its own; the rest used the annual factor.
    pub hourly_matched: Energy,
    /// kWh covered by contracts.
    pub under_contract: Energy,
    /// kWh of contracts beyond what was purchased: they count for nothing.
    pub contracts_unused: Energy,
}

/// Emissions of the energy of `intervals` (start, kWh), location- and market-based side by side.
///
/// # Source
///
/// GHG Protocol, Scope 2 Guidance (2015), chapter 6: both methods are reported; instruments before
/// the residual mix.
pub fn dual_emissions(
    intervals: impl IntoIterator<Item = (Timestamp, Energy)>,
    hourly: Option<&HourlyIntensity>,
    annual: GridFactor,
    residual_mix: GridFactor,
    instruments: &[Instrument],
) -> DualEmissions {
    let (mut energy, mut matched) = (Energy::ZERO, Energy::ZERO);
    let mut location = Emissions::ZERO;
    for (start, kwh) in intervals {
        energy += kwh;
        match hourly.and_then(|hourly| hourly.at(start)) {
            Some(factor) => {
                matched += kwh;
                location += kwh * factor;
            }
            None => location += kwh * annual,
        }
    }
    let (mut left, mut market, mut unused) = (energy, Emissions::ZERO, Energy::ZERO);
    for instrument in instruments {
        let covered = Energy::new(instrument.kwh).min(left).max(Energy::ZERO);
        market += covered * GridFactor::new(instrument.kg_per_kwh);
        unused += Energy::new(instrument.kwh) - covered;
        left = left - covered;
    }
    market += left * residual_mix;
    DualEmissions {
        energy,
        location,
        market,
        hourly_matched: matched,
        under_contract: energy - left,
        contracts_unused: unused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kwh(amount: i64) -> Energy {
        Energy::new(Decimal::from(amount))
    }

    fn factor(text: &str) -> GridFactor {
        GridFactor::new(text.parse().unwrap())
    }

    #[test]
    fn night_and_noon_differ_and_contracts_come_before_the_residual_mix() {
        let start: Timestamp = "2018-06-01T00:00:00Z".parse().unwrap();
        let hours = [
            (start, Decimal::new(6, 1)),
            (start + SignedDuration::from_hours(1), Decimal::new(2, 1)),
        ];
        let hourly = HourlyIntensity::scaled(&hours, factor("0.4")).unwrap();
        let quarter = |n: i64| start + SignedDuration::from_mins(15 * n);
        let intervals = [(quarter(3), kwh(100)), (quarter(4), kwh(50)), (quarter(8), kwh(10))];
        let ppa =
            Instrument { id: "PPA".to_owned(), kwh: Decimal::from(60), kg_per_kwh: Decimal::ZERO };

        let both = dual_emissions(intervals, Some(&hourly), factor("0.4"), factor("0.7"), &[ppa]);

        // 100 at 0.6, 50 at 0.2, and 10 whose hour is not known at the annual 0.4.
        assert_eq!(both.location, Emissions::new(Decimal::from(74)));
        assert_eq!(both.hourly_matched, kwh(150));
        assert_eq!(both.market, Emissions::new(Decimal::from(70)));
        assert_eq!(both.under_contract, kwh(60));
    }

    #[test]
    fn contracts_beyond_the_purchase_count_for_nothing() {
        let start: Timestamp = "2018-06-01T00:00:00Z".parse().unwrap();
        let ppa =
            Instrument { id: "PPA".to_owned(), kwh: Decimal::from(60), kg_per_kwh: Decimal::ONE };

        let both = dual_emissions([(start, kwh(40))], None, factor("0.5"), factor("0.7"), &[ppa]);

        assert_eq!(
            (both.market, both.contracts_unused),
            (Emissions::new(Decimal::from(40)), kwh(20))
        );
    }
}
