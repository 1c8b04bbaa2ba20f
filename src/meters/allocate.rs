//! Top-down allocation: what the bill shows and no meter explains, by rated power, hours and load.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize};

use super::MeterError;
use crate::quantity::largest_remainder;

/// What is known of a machine without a meter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Load {
    /// Machine.
    pub id: String,
    /// Rated power in kW.
    pub rated_kw: Decimal,
    /// Hours in which it was on.
    pub hours: Decimal,
    /// Mean share of the rated power while on, 0 to 1.
    pub load: Decimal,
}

/// Gives `remainder` (kWh, bill less meters) to `loads` in proportion to power, hours and load. The
/// shares sum to it exactly, to a millionth of a kWh each.
///
/// # Errors
///
/// [`MeterError::Share`] if the loads are all zero or one is negative, [`MeterError::Negative`] if
/// the meters are above the bill.
///
/// # Source
///
/// Methods (d): share_i = P_i h_i L_i / sum.
pub fn allocate(remainder: Decimal, loads: &[Load]) -> Result<Vec<Decimal>, MeterError> {
    if remainder.is_sign_negative() && !remainder.is_zero() {
        let (meter, value) = ("the remainder of the bill".to_owned(), remainder.to_string());
        return Err(MeterError::Negative { meter, value });
    }
    let weights: Vec<Decimal> =
        loads.iter().map(|load| load.rated_kw * load.hours * load.load).collect();
    let millionths = (remainder * Decimal::from(1_000_000)).round().to_i64();
    let shares = millionths.and_then(|whole| largest_remainder(whole, &weights));
    let shares = shares.ok_or_else(|| {
        MeterError::Share("no load has power, hours and a load above zero".to_owned())
    })?;
    Ok(shares.into_iter().map(|share| Decimal::new(share, 6).normalize()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_of_a_bill_goes_by_power_hours_and_load() {
        let load = |id: &str, kwh: &str| Load {
            id: id.to_owned(),
            rated_kw: kwh.parse().unwrap(),
            hours: Decimal::ONE,
            load: Decimal::ONE,
        };
        let loads = [load("HVAC", "1227.6"), load("light", "450"), load("compressor", "768.6")];

        let shares = allocate(Decimal::from(2800), &loads).unwrap();

        let rounded: Vec<String> = shares.iter().map(|s| s.round_dp(3).to_string()).collect();
        assert_eq!(rounded, ["1405.151", "515.085", "879.765"]);
        assert_eq!(shares.iter().sum::<Decimal>(), Decimal::from(2800));
        assert!(allocate(Decimal::from(-1), &loads).is_err());
        assert!(allocate(Decimal::ONE, &[load("off", "0")]).is_err());
    }
}
