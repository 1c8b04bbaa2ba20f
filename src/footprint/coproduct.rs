//! How the burden of a process is shared by what it makes together.

/// Least ratio of the prices of two co-products at which PACT allows economic allocation.
pub const PACT_PRICE_RATIO_MIN: f64 = 5.0;

/// How far shares that somebody gave may be from a sum of one.
const SUM_TOLERANCE: f64 = 1e-9;

/// Why a burden cannot be shared.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum AllocationError {
    /// Shares that somebody gave do not sum to one.
    #[error("the shares of the co-products sum to {sum}, not to one; nothing was allocated")]
    Sum {
        /// What they sum to.
        sum: f64,
    },
    /// A co-product lacks what the allocation goes by.
    #[error("co-product {product} has no {what}")]
    Missing {
        /// Co-product.
        product: String,
        /// What is missing.
        what: String,
    },
    /// Nothing carries a weight, or a weight is no number or negative.
    #[error("the weights of the co-products are {weights:?}; at least one has to be above zero")]
    Weights {
        /// Quantity times weight of each.
        weights: Vec<f64>,
    },
    /// The method is not known.
    #[error(
        "allocation '{allocation}' is not known; known are mass, economic, energy, shares, substitution"
    )]
    Unknown {
        /// What was asked for.
        allocation: String,
    },
    /// Prices are too close for economic allocation under PACT.
    #[error(
        "the prices differ by a factor of {ratio:.2} only; PACT wants a physical allocation below 5"
    )]
    PricesTooClose {
        /// Largest over smallest price.
        ratio: f64,
    },
}

/// Shares of a burden by quantity times weight: 1 or mass, heating value, or price by unit. What is
/// worth nothing or less is waste and carries nothing. The shares sum to one but for the last digit.
///
/// # Errors
///
/// [`AllocationError::Weights`] if nothing has a weight or a number is none.
///
/// # Source
///
/// ISO 14044:2006, 4.3.4.2 (order of methods) and ISO 14067:2018, 6.4.6.
pub fn shares(quantities: &[f64], weights: &[f64]) -> Result<Vec<f64>, AllocationError> {
    let weighted: Vec<f64> = quantities.iter().zip(weights).map(|(q, w)| q * w.max(0.0)).collect();
    let total: f64 = weighted.iter().sum();
    let all_numbers = weights.iter().chain(quantities).all(|value| value.is_finite());
    if !all_numbers || !total.is_finite() || total <= 0.0 || weighted.iter().any(|w| *w < 0.0) {
        return Err(AllocationError::Weights { weights: weighted });
    }
    Ok(weighted.into_iter().map(|weight| weight / total).collect())
}

/// Shares that somebody decided, checked.
///
/// # Errors
///
/// [`AllocationError::Sum`] if they do not sum to one, [`AllocationError::Weights`] if one is
/// negative.
pub fn given_shares(shares: &[f64]) -> Result<Vec<f64>, AllocationError> {
    if shares.iter().any(|share| !share.is_finite() || *share < 0.0) {
        return Err(AllocationError::Weights { weights: shares.to_vec() });
    }
    let sum: f64 = shares.iter().sum();
    if (sum - 1.0).abs() > SUM_TOLERANCE {
        return Err(AllocationError::Sum { sum });
    }
    Ok(shares.to_vec())
}

/// Whether PACT allows economic allocation between products of these prices.
///
/// # Errors
///
/// [`AllocationError::PricesTooClose`] if the largest is less than five times the smallest.
///
/// # Source
///
/// PACT Methodology 3, allocation hierarchy; prices are means of three years.
pub fn economic_under_pact(prices: &[f64]) -> Result<(), AllocationError> {
    let sold = prices.iter().filter(|price| **price > 0.0);
    let largest = sold.clone().fold(0.0f64, |a, b| a.max(*b));
    let smallest = sold.fold(f64::INFINITY, |a, b| a.min(*b));
    let ratio = largest / smallest;
    if ratio >= PACT_PRICE_RATIO_MIN {
        return Ok(());
    }
    Err(AllocationError::PricesTooClose { ratio })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn waste_carries_nothing() {
        let shares = shares(&[1.0, 2.0, 1.0], &[30.0, 10.0, -5.0]).unwrap();

        assert_eq!(shares, [0.6, 0.4, 0.0]);
    }

    #[test]
    fn shares_that_do_not_sum_to_one_are_refused_with_their_sum() {
        let refused = given_shares(&[0.5, 0.4]).unwrap_err();

        assert_eq!(refused, AllocationError::Sum { sum: 0.9 });
        assert!(given_shares(&[1.5, -0.5]).is_err());
    }

    #[test]
    fn prices_within_a_factor_of_five_want_a_physical_allocation() {
        // Chlor-alkali: 160, 390 and 1,900.
        assert!(economic_under_pact(&[160.0, 390.0, 1_900.0]).is_ok());
        assert!(economic_under_pact(&[160.0, 390.0]).is_err());
    }

    proptest! {
        #[test]
        fn what_is_shared_is_the_whole_burden(
            made in prop::collection::vec((0.001f64..1e6, 0.001f64..1e4), 1..12),
            burden in 0.0f64..1e9,
        ) {
            let (quantities, weights): (Vec<f64>, Vec<f64>) = made.into_iter().unzip();
            let shares = shares(&quantities, &weights).unwrap();
            let given: f64 =
                quantities.iter().zip(&shares).map(|(q, share)| q * (burden * share / q)).sum();
            prop_assert!((given - burden).abs() <= 1e-12 * burden);
        }
    }
}
