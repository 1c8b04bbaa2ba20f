//! Specific embedded emissions of goods under the EU's Carbon Border Adjustment Mechanism.
//!
//! The same linear system as a product footprint, with other edges: only precursors that are CBAM
//! goods carry emissions, and direct and indirect emissions stay apart through the whole chain.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize};

use super::system::{self, Columns, Link, ProductSystem, SystemError};

/// A good made in one installation by one production route.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Good {
    /// Name.
    pub name: String,
    /// Installation that makes it.
    pub installation: String,
    /// Production route, as the regulation names it.
    pub route: String,
    /// Attributed direct emissions in t CO₂e per t of the good: process and fuel, imported less
    /// exported heat, waste gas corrections, less those of exported electricity.
    pub direct: Decimal,
    /// Electricity in MWh per t of the good.
    pub electricity_mwh: Decimal,
    /// t CO₂e per MWh: of the grid, or of a source with a direct technical link or a power purchase
    /// agreement.
    pub electricity_factor: Decimal,
    /// t of each precursor per t of the good.
    #[serde(default)]
    pub precursors: Vec<Precursor>,
    /// Whether its own values are default values of the Commission.
    #[serde(default)]
    pub default_values: bool,
    /// Carbon price due in the country of origin, in EUR per t CO₂e.
    #[serde(default)]
    pub carbon_price_due: Decimal,
    /// Whether indirect emissions are charged: cement and fertilisers; reported for all.
    #[serde(default)]
    pub indirect_charged: bool,
}

/// A precursor: mass in t per t of the good.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Precursor {
    /// Which good.
    pub good: String,
    /// How much of it.
    pub mass: Decimal,
}

/// Specific embedded emissions, in t CO₂e per t.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Embedded {
    /// Good.
    pub good: String,
    /// Direct.
    pub direct: Decimal,
    /// Indirect: electricity.
    pub indirect: Decimal,
    /// Share of the total that rests on default values.
    pub default_share: Decimal,
    /// Direct, and indirect where it is charged: what certificates are due for.
    pub charged: Decimal,
}

/// Why there are no embedded emissions.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CbamError {
    /// A precursor is not among the goods.
    #[error(
        "{good}: its precursor {precursor} is not among the goods; add its installation's data"
    )]
    UnknownPrecursor {
        /// Good.
        good: String,
        /// Its precursor.
        precursor: String,
    },
    /// A number is negative or too large.
    #[error("{good}: {what} is {value}; it must not be negative")]
    Negative {
        /// Good.
        good: String,
        /// What.
        what: &'static str,
        /// Its value.
        value: Decimal,
    },
    /// Goods are precursors of each other beyond measure.
    #[error("the precursors of {good} go in a circle that cannot be solved: {error}")]
    Loop {
        /// One of the goods.
        good: String,
        /// Why.
        error: SystemError,
    },
}

/// Specific embedded emissions of every good.
///
/// `SEE_g = (AttrEm_g + sum_i M_i SEE_i) / AL_g`, for direct and indirect emissions alike.
///
/// # Errors
///
/// [`CbamError`] naming the good.
///
/// # Source
///
/// Regulation (EU) 2023/956, annex IV, 2 and 3; Implementing Regulation (EU) 2023/1773, annex III.
/// Quoted from memory; mark-ups on default values are data and not applied here.
pub fn embedded(goods: &[Good]) -> Result<Vec<Embedded>, CbamError> {
    let position = |name: &str| goods.iter().position(|good| good.name == name);
    let float = |value: Decimal| value.to_f64().expect("decimals have floats");
    let mut links = Vec::new();
    // Direct, indirect, and the part of both that rests on default values.
    let mut own = Columns::zero(goods.len(), 3);
    for (at, good) in goods.iter().enumerate() {
        for (what, value) in [
            ("electricity", good.electricity_mwh),
            ("the electricity factor", good.electricity_factor),
        ] {
            if value < Decimal::ZERO {
                return Err(CbamError::Negative { good: good.name.clone(), what, value });
            }
        }
        let row = own.row_mut(at);
        row[0] = float(good.direct);
        row[1] = float(good.electricity_mwh * good.electricity_factor);
        row[2] = if good.default_values { row[0] + row[1] } else { 0.0 };
        for precursor in &good.precursors {
            let unknown = || CbamError::UnknownPrecursor {
                good: good.name.clone(),
                precursor: precursor.good.clone(),
            };
            let (what, value) = ("the mass of a precursor", precursor.mass);
            if value < Decimal::ZERO {
                return Err(CbamError::Negative { good: good.name.clone(), what, value });
            }
            links.push(Link {
                product: place(at),
                input: place(position(&precursor.good).ok_or_else(unknown)?),
                quantity: float(precursor.mass),
            });
        }
    }
    let failed = |error: SystemError| {
        let first = error.products().first().map_or(0, |&product| product as usize);
        CbamError::Loop { good: goods[first].name.clone(), error }
    };
    let solved = ProductSystem::new(goods.len(), &links)
        .and_then(|chain| chain.solve(&chain.condensed(), own))
        .map_err(failed)?;
    let amount = |value: f64| system::emissions(value).map_or(Decimal::ZERO, |e| e.amount());
    let of = |(at, good): (usize, &Good)| {
        let row = solved.row(at);
        let (direct, indirect) = (amount(row[0]).normalize(), amount(row[1]).normalize());
        let total = row[0] + row[1];
        Embedded {
            good: good.name.clone(),
            direct,
            indirect,
            default_share: if total == 0.0 {
                Decimal::ZERO
            } else {
                amount(row[2] / total).normalize()
            },
            charged: if good.indirect_charged { direct + indirect } else { direct },
        }
    };
    Ok(goods.iter().enumerate().map(of).collect())
}

fn place(at: usize) -> u32 {
    u32::try_from(at).expect("fewer than 2^32 goods")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dec(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn good(name: &str, direct: &str, mwh: &str, factor: &str, from: &[(&str, &str)]) -> Good {
        Good {
            name: name.to_owned(),
            installation: "works".to_owned(),
            route: "BF/BOF".to_owned(),
            direct: dec(direct),
            electricity_mwh: dec(mwh),
            electricity_factor: dec(factor),
            precursors: from
                .iter()
                .map(|(good, mass)| Precursor { good: (*good).to_owned(), mass: dec(mass) })
                .collect(),
            default_values: false,
            carbon_price_due: Decimal::ZERO,
            indirect_charged: false,
        }
    }

    fn steel() -> Vec<Good> {
        vec![
            good("coil", "0.085", "0.11", "0.62", &[("slab", "1.06")]),
            good("slab", "0.32", "0.15", "0.62", &[("pig iron", "0.92"), ("FeMn", "0.012")]),
            good("pig iron", "1.60", "0.05", "1", &[]),
            good("FeMn", "1.3", "2.2", "0.62", &[]),
        ]
    }

    #[test]
    fn slab_and_coil_keep_direct_and_indirect_apart() {
        let found = embedded(&steel()).unwrap();

        assert_eq!((found[1].direct, found[1].indirect), (dec("1.8076"), dec("0.155368")));
        assert_eq!(found[0].direct, dec("2.001056"));
        assert_eq!(found[0].indirect.round_dp(6), dec("0.232890"));
        assert_eq!(found[0].charged * dec("1000"), dec("2001.056"));
    }

    #[test]
    fn the_share_of_default_values_is_carried_through_the_chain() {
        let mut goods = steel();
        goods[2].default_values = true;

        let found = embedded(&goods).unwrap();

        let share = dec("0.92") * dec("1.65") / (dec("1.8076") + dec("0.155368"));
        assert_eq!(found[1].default_share.round_dp(12), share.round_dp(12));
        assert_eq!(found[2].default_share, Decimal::ONE);
    }

    #[test]
    fn a_precursor_without_data_is_named() {
        let refused = embedded(&steel()[..2]).unwrap_err();

        assert!(refused.to_string().contains("slab: its precursor pig iron"));
    }
}
