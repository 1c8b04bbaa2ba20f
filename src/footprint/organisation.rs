//! The inventory of an organisation: every emission in its category of ISO 14064-1 and its scope of
//! the GHG Protocol, by plant, cost center and month.

use std::collections::BTreeMap;
use std::fmt;

use rust_decimal::Decimal;
use serde::Serialize;

use crate::id::{CostCenter, PlantCode};
use crate::period::PostingPeriod;
use crate::quantity::Milligrams;
use crate::unit::Measure;
use crate::value_state::ValueState;

/// Share of the base year's total from which a change of method or boundary restates it.
pub const RECALCULATION_THRESHOLD: Decimal = Decimal::from_parts(5, 0, 0, false, 2);

/// Share of the site's scope 1 and 2 that product footprints may leave unexplained.
pub const RECONCILIATION_TOLERANCE: Decimal = Decimal::from_parts(2, 0, 0, false, 2);

/// Where an emission stands in the GHG Protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// Scope 1: fuel burnt in the plant.
    Stationary,
    /// Scope 1: fuel burnt on wheels.
    Mobile,
    /// Scope 1: chemistry.
    Process,
    /// Scope 1: what leaks.
    Fugitive,
    /// Scope 2: electricity, steam, heat and cooling that were bought.
    PurchasedEnergy,
    /// Scope 3, category 1 to 15.
    Value(ValueChain),
}

/// A category of scope 3, 1 to 15.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValueChain(u8);

/// Names of the scope 3 categories, and the ISO 14064-1 category that each is reported in.
///
/// # Source
///
/// GHG Protocol, Corporate Value Chain Standard (2011), table 5.3; ISO 14064-1:2018, annex B. That
/// categories 3 and 8 stand in ISO category 4 is our choice; ISO names both places.
const VALUE_CHAIN: [(&str, u8); 15] = [
    ("purchased goods and services", 4),
    ("capital goods", 4),
    ("fuel- and energy-related activities", 4),
    ("upstream transport", 3),
    ("waste of operations", 4),
    ("business travel", 3),
    ("commuting", 3),
    ("upstream leased assets", 4),
    ("downstream transport", 3),
    ("processing of sold products", 5),
    ("use of sold products", 5),
    ("end of life of sold products", 5),
    ("downstream leased assets", 5),
    ("franchises", 5),
    ("investments", 6),
];

impl ValueChain {
    /// Category `number` of scope 3; `None` if there is none.
    pub fn new(number: u8) -> Option<Self> {
        (1..=15).contains(&number).then_some(Self(number))
    }
}

impl Category {
    /// Every category, in the order of the GHG Protocol.
    pub fn all() -> impl Iterator<Item = Self> {
        let own =
            [Self::Stationary, Self::Mobile, Self::Process, Self::Fugitive, Self::PurchasedEnergy];
        own.into_iter().chain((1..=15).map(|number| Self::Value(ValueChain(number))))
    }

    /// Category `number` of scope 3.
    ///
    /// # Panics
    ///
    /// If there is none of that number.
    pub fn scope3(number: u8) -> Self {
        Self::Value(ValueChain::new(number).expect("scope 3 has categories 1 to 15"))
    }

    /// Scope of the GHG Protocol.
    pub fn scope(self) -> u8 {
        match self {
            Self::Stationary | Self::Mobile | Self::Process | Self::Fugitive => 1,
            Self::PurchasedEnergy => 2,
            Self::Value(_) => 3,
        }
    }

    /// Category of ISO 14064-1:2018, 1 to 6.
    pub fn iso(self) -> u8 {
        match self {
            Self::Value(ValueChain(number)) => VALUE_CHAIN[usize::from(number) - 1].1,
            own => own.scope(),
        }
    }

    /// Short name, as stored.
    pub fn code(self) -> String {
        match self {
            Self::Value(ValueChain(number)) => format!("s3_{number}"),
            Self::PurchasedEnergy => "s2".to_owned(),
            Self::Stationary => "s1_stationary".to_owned(),
            Self::Mobile => "s1_mobile".to_owned(),
            Self::Process => "s1_process".to_owned(),
            Self::Fugitive => "s1_fugitive".to_owned(),
        }
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stationary => f.pad("stationary combustion"),
            Self::Mobile => f.pad("mobile combustion"),
            Self::Process => f.pad("process emissions"),
            Self::Fugitive => f.pad("fugitive emissions"),
            Self::PurchasedEnergy => f.pad("purchased energy"),
            Self::Value(ValueChain(number)) => f.pad(VALUE_CHAIN[usize::from(*number) - 1].0),
        }
    }
}

impl Serialize for Category {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.code())
    }
}

/// The name of an ISO 14064-1 category.
///
/// # Source
///
/// ISO 14064-1:2018, 5.2.4 and annex B.
pub fn iso_name(category: u8) -> &'static str {
    match category {
        1 => "direct emissions and removals",
        2 => "indirect emissions from imported energy",
        3 => "indirect emissions from transport",
        4 => "indirect emissions from products used",
        5 => "indirect emissions from the use of products",
        _ => "indirect emissions from other sources",
    }
}

/// Emissions of one source in one month.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// Plant.
    pub plant: PlantCode,
    /// Who carries it, where somebody does.
    pub cost_center: Option<CostCenter>,
    /// Month.
    #[serde(serialize_with = "as_text")]
    pub period: PostingPeriod,
    /// Where it stands.
    pub category: Category,
    /// What emits, in words.
    pub source: String,
    /// How much of it.
    pub activity: Measure,
    /// Factor row.
    pub factor: String,
    /// How the activity is known.
    pub state: ValueState,
    /// Emissions; of purchased energy, location-based.
    pub emissions: Milligrams,
    /// The same by contract, where instruments or a residual mix are known.
    pub market_based: Option<Milligrams>,
    /// Biogenic CO₂, reported apart and in no total.
    pub biogenic: Milligrams,
}

fn as_text<S: serde::Serializer>(value: &PostingPeriod, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(value)
}

/// A category of which nothing is in the inventory, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Exclusion {
    /// Which.
    pub category: Category,
    /// Why.
    pub reason: String,
}

/// Sums by location and by market, in whole milligrams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sum {
    /// Location-based.
    pub location_based: Milligrams,
    /// Market-based: purchased energy by contract, the rest as it is. The location-based value
    /// stands in where no contract is known, which `market_known` says.
    pub market_based: Milligrams,
    /// Biogenic CO₂.
    pub biogenic: Milligrams,
}

impl Sum {
    fn add(&mut self, line: &Line) {
        self.location_based += line.emissions;
        self.market_based += line.market_based.unwrap_or(line.emissions);
        self.biogenic += line.biogenic;
    }
}

/// The lines of an organisation.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Organisation {
    /// Lines.
    pub lines: Vec<Line>,
    /// What is not in it.
    pub exclusions: Vec<Exclusion>,
}

impl Organisation {
    /// An inventory of `lines`. Each category without a line is an exclusion, with the reason that
    /// `why` gives for it.
    ///
    /// # Source
    ///
    /// Completeness: ISO 14064-1:2018, 5.2.3 and 9.3.1 m.
    pub fn of(lines: Vec<Line>, why: impl Fn(Category) -> String) -> Self {
        let missing = Category::all().filter(|c| lines.iter().all(|line| line.category != *c));
        let exclusions =
            missing.map(|category| Exclusion { category, reason: why(category) }).collect();
        Self { lines, exclusions }
    }

    /// Sums by whatever a line is asked for.
    pub fn by<K: Ord>(&self, key: impl Fn(&Line) -> K) -> BTreeMap<K, Sum> {
        let mut sums: BTreeMap<K, Sum> = BTreeMap::new();
        for line in &self.lines {
            sums.entry(key(line)).or_default().add(line);
        }
        sums
    }

    /// Sum of all lines.
    pub fn total(&self) -> Sum {
        let mut sum = Sum::default();
        self.lines.iter().for_each(|line| sum.add(line));
        sum
    }

    /// Whether every line of purchased energy has a market-based value.
    pub fn market_known(&self) -> bool {
        let mut bought = self.lines.iter().filter(|l| l.category == Category::PurchasedEnergy);
        bought.all(|line| line.market_based.is_some())
    }

    /// Sum of scope 1 and 2, location-based: what the gate of the plant sees.
    pub fn gate_to_gate(&self) -> Milligrams {
        let own = self.lines.iter().filter(|line| line.category.scope() < 3);
        own.map(|line| line.emissions).sum()
    }
}

/// What product footprints explain of a site's scope 1 and 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Reconciliation {
    /// Scope 1 and 2 of the site.
    pub site: Milligrams,
    /// Gate-to-gate part of the products times what was made.
    pub products: Milligrams,
    /// What is left, or too much.
    pub unallocated: Milligrams,
    /// Whether it is within the tolerance.
    pub within_tolerance: bool,
}

/// Compares products with their site.
///
/// # Source
///
/// Tolerance: [`RECONCILIATION_TOLERANCE`], ours.
pub fn reconcile(site: Milligrams, products: Milligrams) -> Reconciliation {
    let unallocated = site - products;
    let allowed = Decimal::from(site.count()).abs() * RECONCILIATION_TOLERANCE;
    Reconciliation {
        site,
        products,
        unallocated,
        within_tolerance: Decimal::from(unallocated.count()).abs() <= allowed,
    }
}

/// Whether a change of the base year by `change` has to restate it.
///
/// # Source
///
/// GHG Protocol, Corporate Standard (2004), chapter 5; the threshold is ours to set and is
/// [`RECALCULATION_THRESHOLD`].
pub fn restates_base_year(base_year: Milligrams, change: Milligrams) -> bool {
    let threshold = Decimal::from(base_year.count()).abs() * RECALCULATION_THRESHOLD;
    Decimal::from(change.count()).abs() > threshold
}

/// kg CO₂e per unit of output; `None` if nothing was made.
pub fn intensity(emissions: Milligrams, output: Decimal) -> Option<Decimal> {
    emissions.to_emissions().amount().checked_div(output)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quantity::Emissions;
    use crate::unit::Uom;
    use proptest::prelude::*;

    fn dec(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn line(category: Category, activity: &str, unit: Uom, factor: &str) -> Line {
        let emissions = Emissions::new(dec(activity) * dec(factor));
        Line {
            plant: "1010".parse().unwrap(),
            cost_center: Some("101010".parse().unwrap()),
            period: PostingPeriod { year: 2022, month: 5 },
            category,
            source: category.to_string(),
            activity: Measure::new(dec(activity), unit),
            factor: "F".to_owned(),
            state: ValueState::Measured,
            emissions: Milligrams::nearest(emissions).unwrap(),
            market_based: None,
            biogenic: Milligrams::ZERO,
        }
    }

    #[test]
    fn electricity_gas_and_its_supply_stand_in_three_categories() {
        let jiangsu = Organisation::of(
            vec![
                line(Category::PurchasedEnergy, "850", Uom::Kwh, "0.5978"),
                line(Category::Stationary, "1.9", Uom::Gigajoule, "56.1"),
                line(Category::scope3(3), "1.9", Uom::Gigajoule, "9.3"),
            ],
            |_| "not measured".to_owned(),
        );

        let kg = |sum: &Sum| sum.location_based.to_emissions().amount().round_dp(1);
        let by_scope = jiangsu.by(|line| line.category.scope());
        assert_eq!([1, 2, 3].map(|s| kg(&by_scope[&s])), [dec("106.6"), dec("508.1"), dec("17.7")]);
        let by_iso = jiangsu.by(|line| line.category.iso());
        assert_eq!(by_iso.keys().copied().collect::<Vec<_>>(), [1, 2, 4]);
        assert_eq!(jiangsu.gate_to_gate().to_emissions().amount().round_dp(1), dec("614.7"));
        assert_eq!(jiangsu.exclusions.len(), 17);
        assert!(!jiangsu.market_known());
    }

    #[test]
    fn every_category_has_its_place_in_iso_14064() {
        let iso: Vec<u8> = (1..=15).map(|number| Category::scope3(number).iso()).collect();

        assert_eq!(iso, [4, 4, 4, 3, 4, 3, 3, 4, 3, 5, 5, 5, 5, 5, 6]);
        assert_eq!(Category::all().map(Category::iso).filter(|iso| *iso == 1).count(), 4);
    }

    #[test]
    fn products_may_leave_two_percent_of_the_site_unexplained() {
        let of = |products| reconcile(Milligrams::new(1_000), Milligrams::new(products));

        assert!(of(980).within_tolerance && of(1_020).within_tolerance);
        assert!(!of(979).within_tolerance);
        assert_eq!(of(979).unallocated, Milligrams::new(21));
    }

    #[test]
    fn a_change_of_more_than_five_percent_restates_the_base_year() {
        let base = Milligrams::new(1_000);

        assert!(!restates_base_year(base, Milligrams::new(50)));
        assert!(restates_base_year(base, Milligrams::new(-51)));
    }

    proptest! {
        #[test]
        fn whatever_lines_are_grouped_by_the_sum_is_the_total(
            amounts in prop::collection::vec((0u8..20, -1_000_000i64..1_000_000), 0..60),
        ) {
            let categories: Vec<Category> = Category::all().collect();
            let lines = amounts.iter().map(|(category, amount)| Line {
                emissions: Milligrams::new(*amount),
                ..line(categories[usize::from(*category)], "1", Uom::Kwh, "1")
            });
            let organisation = Organisation::of(lines.collect(), |_| String::new());
            let total = organisation.total().location_based;
            let sum = |sums: Vec<Sum>| sums.iter().map(|s| s.location_based).sum::<Milligrams>();
            prop_assert_eq!(sum(organisation.by(|l| l.category.iso()).into_values().collect()), total);
            prop_assert_eq!(sum(organisation.by(|l| l.category).into_values().collect()), total);
        }
    }
}
