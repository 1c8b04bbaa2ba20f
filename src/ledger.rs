//! The carbon ledger: double entry in whole milligrams, and what of it goes to FI.
//!
//! FI holds quantities with three decimals, so a document in kg is exact to the gram. The ledger
//! posts whole grams and carries the rest of less than one gram to a line of its own: what was
//! posted and what FI shows are equal, and nothing is rounded away.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::factor::Scope;
use crate::footprint::Inventory;
use crate::id::{CompanyCode, CostCenter};
use crate::period::PostingPeriod;
use crate::quantity::{Milligrams, largest_remainder};
use crate::value_state::ValueState;

/// Milligrams in the smallest quantity that FI can hold, 0.001 kg.
const GRAM: i64 = 1_000;

/// An account of the carbon ledger.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "account")]
pub enum Account {
    /// Emissions charged to a cost center and posted to FI.
    CarbonCost {
        /// Who carries them.
        cost_center: CostCenter,
        /// Scope of the GHG Protocol.
        scope: Scope,
        /// How they are known.
        state: ValueState,
    },
    /// Less than one gram that FI cannot hold; stays in the ledger.
    CarriedForward,
    /// Where emissions go: the other side of every entry.
    Atmosphere,
}

/// One side of a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Which account.
    #[serde(flatten)]
    pub account: Account,
    /// Debit positive, credit negative.
    pub amount: Milligrams,
}

/// A balanced transaction of the carbon ledger. Never changed; a reversal is another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transaction {
    /// Company code that posts.
    pub company_code: CompanyCode,
    /// Period that it belongs to.
    pub period: PostingPeriod,
    /// Its sides; they sum to zero.
    pub entries: Vec<Entry>,
}

impl Transaction {
    /// The transaction that posts `inventory`.
    ///
    /// Lines are summed by cost center, scope and value state, then cut to whole grams by largest
    /// remainder: the sum of all posted lines is the total less what is carried forward, which is
    /// below one gram.
    pub fn of(
        company_code: CompanyCode,
        period: PostingPeriod,
        inventory: &Inventory,
    ) -> Option<Self> {
        let mut sums: BTreeMap<Account, Milligrams> = BTreeMap::new();
        for line in &inventory.lines {
            let account = Account::CarbonCost {
                cost_center: line.consumer.cost_center.clone(),
                scope: line.scope,
                state: line.state,
            };
            *sums.entry(account).or_default() += line.emissions;
        }
        let total: Milligrams = sums.values().copied().sum();
        let weights: Vec<Decimal> =
            sums.values().map(|amount| Decimal::from(amount.count())).collect();
        let grams = largest_remainder(total.count() / GRAM, &weights)?;
        let posted = sums.into_keys().zip(grams);
        let mut entries: Vec<Entry> = posted
            .filter(|(_, grams)| *grams != 0)
            .map(|(account, grams)| Entry { account, amount: Milligrams::new(grams * GRAM) })
            .collect();
        let rest = Milligrams::new(total.count() % GRAM);
        if rest != Milligrams::ZERO {
            entries.push(Entry { account: Account::CarriedForward, amount: rest });
        }
        entries.push(Entry { account: Account::Atmosphere, amount: -total });
        Some(Self { company_code, period, entries })
    }

    /// The transaction that takes this one back.
    pub fn reversed(&self) -> Self {
        let entries = self.entries.iter();
        let turned =
            |entry: &Entry| Entry { account: entry.account.clone(), amount: -entry.amount };
        Self { entries: entries.map(turned).collect(), ..self.clone() }
    }

    /// Whether debit equals credit.
    pub fn balances(&self) -> bool {
        self.entries.iter().map(|entry| entry.amount).sum::<Milligrams>() == Milligrams::ZERO
    }

    /// What goes to FI: the sum of the carbon cost accounts.
    pub fn posted(&self) -> Milligrams {
        let posted = |entry: &&Entry| matches!(entry.account, Account::CarbonCost { .. });
        self.entries.iter().filter(posted).map(|entry| entry.amount).sum()
    }

    /// What stays behind, below one gram.
    pub fn carried_forward(&self) -> Milligrams {
        let rest = |entry: &&Entry| entry.account == Account::CarriedForward;
        self.entries.iter().filter(rest).map(|entry| entry.amount).sum()
    }
}

/// Money for `grams` at a price per tonne, in whole cents that sum to the rounded total.
///
/// `kilograms` are the quantities of the lines, `price_per_tonne` the price of 1,000 kg CO₂e. The
/// total is rounded to cents, halves away from zero; lines get their share by largest remainder, so
/// that the document balances to the cent.
///
/// # Errors
///
/// `None` if the total is zero or beyond 9e16 units of money.
pub fn valued(kilograms: &[Decimal], price_per_tonne: Decimal) -> Option<Vec<Decimal>> {
    use rust_decimal::RoundingStrategy::MidpointAwayFromZero;
    use rust_decimal::prelude::ToPrimitive;
    let kg_total: Decimal = kilograms.iter().sum();
    let cents = kg_total.checked_mul(price_per_tonne)? / Decimal::TEN;
    let cents = cents.round_dp_with_strategy(0, MidpointAwayFromZero).to_i64()?;
    let shares = largest_remainder(cents, kilograms)?;
    Some(shares.into_iter().map(|share| Decimal::new(share, 2)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::footprint::{Consumer, InventoryLine};
    use crate::period::Interval;
    use crate::unit::{Measure, Uom};
    use proptest::prelude::*;

    fn inventory(amounts: &[i64]) -> Inventory {
        let line = |(index, amount): (usize, &i64)| InventoryLine {
            consumer: Consumer {
                cost_center: CostCenter::new(&format!("{}", 100 + index % 7)).unwrap(),
                production: None,
            },
            scope: if index % 2 == 0 { Scope::PurchasedEnergy } else { Scope::Direct },
            state: ValueState::Measured,
            activity: Measure::new(Decimal::ONE, Uom::Kwh),
            factor: "F".to_owned(),
            emissions: Milligrams::new(*amount),
        };
        Inventory {
            period: Interval {
                start: "2018-09-01T00:00:00Z".parse().unwrap(),
                end: "2018-10-01T00:00:00Z".parse().unwrap(),
            },
            metered: Milligrams::ZERO,
            metered_kwh: Decimal::ZERO,
            lines: amounts.iter().enumerate().map(line).collect(),
            factors: Vec::new(),
        }
    }

    proptest! {
        #[test]
        fn every_transaction_balances_and_loses_nothing(
            amounts in prop::collection::vec(0i64..10_000_000_000, 1..40),
        ) {
            let total: i64 = amounts.iter().sum();
            let company_code = CompanyCode::new("1010").unwrap();
            let period = PostingPeriod { year: 2018, month: 9 };
            if let Some(posting) = Transaction::of(company_code, period, &inventory(&amounts)) {
                prop_assert!(posting.balances());
                prop_assert!(posting.reversed().balances());
                prop_assert_eq!(posting.posted().count() % GRAM, 0);
                prop_assert!(posting.carried_forward().count() < GRAM);
                prop_assert_eq!((posting.posted() + posting.carried_forward()).count(), total);
            }
        }

        #[test]
        fn the_money_of_the_lines_sums_to_the_money_of_the_total(
            grams in prop::collection::vec(1i64..100_000_000, 1..30),
        ) {
            let kilograms: Vec<Decimal> = grams.iter().map(|g| Decimal::new(*g, 3)).collect();
            let price = Decimal::new(8_500, 2);
            let lines = valued(&kilograms, price).unwrap();
            let exact: Decimal = kilograms.iter().sum::<Decimal>() * price / Decimal::from(1000);
            let sum: Decimal = lines.iter().sum();
            prop_assert!((sum - exact).abs() <= Decimal::new(5, 3));
        }
    }
}
