//! The carbon ledger: double entry in whole milligrams, and what of it goes to FI.
//!
//! FI holds quantities with three decimals, so a document in kg is exact to the gram. The ledger
//! posts whole grams and carries the rest of less than one gram to a line of its own: what was
//! posted and what FI shows are equal, and nothing is rounded away.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::factor::Scope;
use crate::footprint::{Consumer, Inventory, InventoryLine};
use crate::id::{CompanyCode, CostCenter, MaterialNumber};
use crate::period::PostingPeriod;
use crate::quantity::{Milligrams, largest_remainder};
use crate::unit::Dimension;
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
    /// Where emissions go: the other side of what leaves a source.
    Atmosphere,
    /// A meter or a fuel, between what it emitted and who used it.
    Source {
        /// As `meter MAIN`, `factor FU-10-AR6`.
        source: String,
    },
    /// Who used it: a cost center, a work center with a material, or the overhead.
    CostObject {
        /// Consumer.
        #[serde(flatten)]
        consumer: Consumer,
    },
    /// What was made of it.
    Product {
        /// Material.
        material: MaterialNumber,
    },
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
    /// below one gram. The other side are the products and cost objects that carried the emissions
    /// until then ([`Transaction::chain`]).
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
        let carried = sums_by(&inventory.lines, carrier);
        entries.extend(
            carried.into_iter().map(|(account, amount)| Entry { account, amount: -amount }),
        );
        Some(Self { company_code, period, entries })
    }

    /// The way of the emissions of `inventory` up to FI: from the atmosphere to their sources, from
    /// sources to cost objects, and from those to products. Each is balanced; with the posting,
    /// every account between atmosphere and FI is back at zero.
    pub fn chain(
        company_code: &CompanyCode,
        period: PostingPeriod,
        inventory: &Inventory,
        meter: &str,
    ) -> [Self; 3] {
        let source = |line: &InventoryLine| Account::Source {
            // Fuel and steam have no part in the meter of electricity.
            source: match (line.scope, line.activity.unit.dimension()) {
                (Scope::PurchasedEnergy, Dimension::Energy) => format!("meter {meter}"),
                _ => format!("factor {}", line.factor),
            },
        };
        let object = |line: &InventoryLine| Account::CostObject { consumer: line.consumer.clone() };
        let moved = |to: BTreeMap<Account, Milligrams>, from: BTreeMap<Account, Milligrams>| {
            let debit = to.into_iter().map(|(account, amount)| Entry { account, amount });
            let credit =
                from.into_iter().map(|(account, amount)| Entry { account, amount: -amount });
            let entries = debit.chain(credit).collect();
            Self { company_code: company_code.clone(), period, entries }
        };
        let lines = &inventory.lines;
        let air = |_: &InventoryLine| Account::Atmosphere;
        let made: Vec<InventoryLine> =
            lines.iter().filter(|line| line.consumer.production.is_some()).cloned().collect();
        [
            moved(sums_by(lines, source), sums_by(lines, air)),
            moved(sums_by(lines, object), sums_by(lines, source)),
            moved(sums_by(&made, carrier), sums_by(&made, object)),
        ]
    }

    /// The transaction that turns this one into `new`: what a changed factor makes of a period that
    /// was posted. `None` if nothing differs. Both balance, so it does.
    pub fn correction(&self, new: &Self) -> Option<Self> {
        let mut sums: BTreeMap<Account, Milligrams> = BTreeMap::new();
        for entry in &new.entries {
            *sums.entry(entry.account.clone()).or_default() += entry.amount;
        }
        for entry in &self.entries {
            *sums.entry(entry.account.clone()).or_default() += -entry.amount;
        }
        let entries: Vec<Entry> = sums
            .into_iter()
            .filter(|(_, amount)| *amount != Milligrams::ZERO)
            .map(|(account, amount)| Entry { account, amount })
            .collect();
        let company_code = new.company_code.clone();
        (!entries.is_empty()).then_some(Self { company_code, period: new.period, entries })
    }

    /// One transaction that takes all of `transactions` back.
    pub fn all_reversed(transactions: &[Self]) -> Option<Self> {
        let first = transactions.first()?;
        let nothing = Self { entries: Vec::new(), ..first.clone() };
        let all = Self {
            entries: transactions.iter().flat_map(|one| one.entries.clone()).collect(),
            ..first.clone()
        };
        all.correction(&nothing)
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

/// Who carries a line when FI is to take it: its product, or its cost object if it made nothing.
fn carrier(line: &InventoryLine) -> Account {
    match &line.consumer.production {
        Some((_, material)) => Account::Product { material: material.clone() },
        None => Account::CostObject { consumer: line.consumer.clone() },
    }
}

fn sums_by(
    lines: &[InventoryLine],
    account: impl Fn(&InventoryLine) -> Account,
) -> BTreeMap<Account, Milligrams> {
    let mut sums: BTreeMap<Account, Milligrams> = BTreeMap::new();
    for line in lines {
        *sums.entry(account(line)).or_default() += line.emissions;
    }
    sums
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
                production: (index % 3 > 0).then(|| {
                    let center = format!("WC{}", index % 2).parse().unwrap();
                    (center, format!("M{}", index % 4).parse().unwrap())
                }),
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
            from_meters: 0,
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
        fn from_source_to_fi_every_account_between_is_back_at_zero(
            amounts in prop::collection::vec(1i64..10_000_000_000, 1..40),
        ) {
            let company_code = CompanyCode::new("1010").unwrap();
            let period = PostingPeriod { year: 2018, month: 9 };
            let inventory = inventory(&amounts);
            let mut all = Transaction::chain(&company_code, period, &inventory, "MAIN").to_vec();
            all.push(Transaction::of(company_code, period, &inventory).unwrap());
            let mut balances: BTreeMap<Account, i64> = BTreeMap::new();
            for entry in all.iter().flat_map(|one| &one.entries) {
                *balances.entry(entry.account.clone()).or_default() += entry.amount.count();
            }
            prop_assert!(all.iter().all(Transaction::balances));
            prop_assert_eq!(balances[&Account::Atmosphere], -amounts.iter().sum::<i64>());
            for (account, balance) in &balances {
                let between = matches!(
                    account,
                    Account::Source { .. } | Account::CostObject { .. } | Account::Product { .. }
                );
                prop_assert!(!between || *balance == 0, "{:?}: {}", account, balance);
            }
            let back = Transaction::all_reversed(&all).unwrap();
            prop_assert!(back.balances());
        }

        #[test]
        fn a_correction_turns_the_old_posting_into_the_new_one(
            old in prop::collection::vec(1i64..1_000_000_000, 6),
            new in prop::collection::vec(1i64..1_000_000_000, 6),
        ) {
            let of = |amounts: &[i64]| {
                let company_code = CompanyCode::new("1010").unwrap();
                let period = PostingPeriod { year: 2018, month: 9 };
                Transaction::of(company_code, period, &inventory(amounts)).unwrap()
            };
            let (old, new) = (of(&old), of(&new));
            match old.correction(&new) {
                None => prop_assert_eq!(old, new),
                Some(correction) => {
                    prop_assert!(correction.balances());
                    prop_assert_eq!(old.posted() + correction.posted(), new.posted());
                }
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
