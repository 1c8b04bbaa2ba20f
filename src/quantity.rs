//! Quantities whose unit is a type, so that kWh, kg CO₂e and money never mix by accident.
//!
//! Amounts are decimals: SAP's QUAN and CURR fields are decimal, and a posted figure has to come
//! out the same, to its last digit, when an auditor computes it again.

use std::cmp::Ordering;
use std::fmt;
use std::iter::Sum;
use std::marker::PhantomData;
use std::ops::{Add, AddAssign, Mul, Neg, Sub};

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A unit that a quantity can have.
pub trait Unit {
    /// How the unit is printed after an amount.
    const SYMBOL: &'static str;
}

macro_rules! units {
    ($($(#[$doc:meta])* $name:ident = $symbol:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {}
        impl Unit for $name {
            const SYMBOL: &'static str = $symbol;
        }
    )*};
}

units! {
    /// Electrical energy.
    Kwh = "kWh";
    /// Heat of combustion at the net calorific value.
    GigajouleNcv = "GJ(NCV)";
    /// Mass of goods.
    Kg = "kg";
    /// Mass of goods, 1,000 kg.
    Tonne = "t";
    /// Climate effect over 100 years, as mass of carbon dioxide.
    KgCo2e = "kg CO2e";
    /// Transport work.
    TonneKm = "tkm";
    /// Machine or labour time.
    Minute = "min";
}

/// An amount of `U`.
///
/// ```compile_fail
/// # use carbide::quantity::*; use rust_decimal::Decimal;
/// let nonsense = Energy::new(Decimal::ONE) + Emissions::new(Decimal::ONE);
/// ```
pub struct Quantity<U> {
    amount: Decimal,
    unit: PhantomData<fn() -> U>,
}

/// Electrical energy in kWh.
pub type Energy = Quantity<Kwh>;
/// Emissions in kg CO₂e.
pub type Emissions = Quantity<KgCo2e>;

impl<U> Quantity<U> {
    /// Nothing of the unit. Not the same as a missing value.
    pub const ZERO: Self = Self { amount: Decimal::ZERO, unit: PhantomData };

    /// `amount` of the unit.
    pub const fn new(amount: Decimal) -> Self {
        Self { amount, unit: PhantomData }
    }

    /// The bare number, for printing and for a wire format that names the unit elsewhere.
    pub const fn amount(self) -> Decimal {
        self.amount
    }

    /// The number as a float, for the solvers only. Relative error below 1e-15.
    pub fn to_f64(self) -> f64 {
        self.amount.to_f64().unwrap_or(f64::NAN)
    }

    /// Whether the amount is exactly zero.
    pub fn is_zero(self) -> bool {
        self.amount.is_zero()
    }

    /// The same unit, scaled by a number without unit.
    pub fn scaled(self, by: Decimal) -> Self {
        Self::new(self.amount * by)
    }
}

impl<U> Clone for Quantity<U> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<U> Copy for Quantity<U> {}
impl<U> PartialEq for Quantity<U> {
    fn eq(&self, other: &Self) -> bool {
        self.amount == other.amount
    }
}
impl<U> Eq for Quantity<U> {}
impl<U> PartialOrd for Quantity<U> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<U> Ord for Quantity<U> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.amount.cmp(&other.amount)
    }
}
impl<U> Default for Quantity<U> {
    fn default() -> Self {
        Self::ZERO
    }
}
impl<U> Add for Quantity<U> {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self::new(self.amount + other.amount)
    }
}
impl<U> AddAssign for Quantity<U> {
    fn add_assign(&mut self, other: Self) {
        self.amount += other.amount;
    }
}
impl<U> Sub for Quantity<U> {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self::new(self.amount - other.amount)
    }
}
impl<U> Neg for Quantity<U> {
    type Output = Self;
    fn neg(self) -> Self {
        Self::new(-self.amount)
    }
}
impl<U> Sum for Quantity<U> {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::ZERO, |total, next| total + next)
    }
}
impl<U: Unit> fmt::Display for Quantity<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match f.precision() {
            Some(places) => write!(f, "{:.places$} {}", self.amount, U::SYMBOL),
            None => write!(f, "{} {}", self.amount, U::SYMBOL),
        }
    }
}
impl<U: Unit> fmt::Debug for Quantity<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
impl<U> Serialize for Quantity<U> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        rust_decimal::serde::str::serialize(&self.amount, serializer)
    }
}
impl<'de, U> Deserialize<'de> for Quantity<U> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        rust_decimal::serde::str::deserialize(deserializer).map(Self::new)
    }
}

/// So much `Of` for each unit of `Per`, as in kg CO₂e per kWh.
pub struct Factor<Of, Per> {
    ratio: Decimal,
    units: PhantomData<fn() -> (Of, Per)>,
}

/// Emissions per kWh of electricity.
pub type GridFactor = Factor<KgCo2e, Kwh>;

impl<Of, Per> Factor<Of, Per> {
    /// `ratio` of `Of` per one `Per`.
    pub const fn new(ratio: Decimal) -> Self {
        Self { ratio, units: PhantomData }
    }

    /// The bare ratio.
    pub const fn ratio(self) -> Decimal {
        self.ratio
    }
}
impl<Of, Per> Clone for Factor<Of, Per> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<Of, Per> Copy for Factor<Of, Per> {}
impl<Of: Unit, Per: Unit> fmt::Debug for Factor<Of, Per> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{}", self.ratio, Of::SYMBOL, Per::SYMBOL)
    }
}

/// The one multiplication there is: a factor per kWh meets kWh and nothing else.
impl<Of, Per> Mul<Factor<Of, Per>> for Quantity<Per> {
    type Output = Quantity<Of>;
    fn mul(self, factor: Factor<Of, Per>) -> Quantity<Of> {
        Quantity::new(self.amount * factor.ratio)
    }
}

/// Splits a whole `amount` into whole shares proportional to `weights` that sum exactly to it: the
/// largest remainders take what rounding down left, ties go to the earlier share.
///
/// # Errors
///
/// `None` if `weights` are empty, negative, or sum to zero.
pub fn largest_remainder(amount: i64, weights: &[Decimal]) -> Option<Vec<i64>> {
    let total: Decimal = weights.iter().sum();
    if total <= Decimal::ZERO || weights.iter().any(|weight| weight.is_sign_negative()) {
        return None;
    }
    let exact: Vec<Decimal> =
        weights.iter().map(|weight| Decimal::from(amount) * (*weight / total)).collect();
    let mut shares: Vec<i64> =
        exact.iter().map(|share| share.floor().to_i64()).collect::<Option<_>>()?;
    let mut missing = amount - shares.iter().sum::<i64>();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    let rest = |index: usize| exact[index] - exact[index].floor();
    order.sort_by(|&a, &b| rest(b).cmp(&rest(a)).then(a.cmp(&b)));
    // A decimal quotient can be off in its 28th digit, so in theory more is missing than there
    // are shares: go round until it is gone.
    let mut next = order.iter().cycle();
    while missing != 0 {
        shares[*next.next()?] += missing.signum();
        missing -= missing.signum();
    }
    Some(shares)
}

/// An amount of CO₂e in the carbon ledger: whole milligrams, so that splits and sums are exact.
///
/// An `i64` holds 9.2 million million tonnes; additions are checked all the same.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Milligrams(i64);

impl Milligrams {
    /// Nothing emitted.
    pub const ZERO: Self = Self(0);

    /// `count` milligrams of CO₂e.
    pub const fn new(count: i64) -> Self {
        Self(count)
    }

    /// The count of milligrams.
    pub const fn count(self) -> i64 {
        self.0
    }

    /// Nearest whole milligram of `emissions`, halves to even.
    ///
    /// # Errors
    ///
    /// `None` if the amount is beyond the range of the ledger.
    pub fn nearest(emissions: Emissions) -> Option<Self> {
        (emissions.amount().checked_mul(Decimal::from(1_000_000))?).round().to_i64().map(Self)
    }

    /// The same amount in kg CO₂e, exact, with six decimals.
    pub fn to_emissions(self) -> Emissions {
        Emissions::new(Decimal::new(self.0, 6))
    }

    /// Splits into shares proportional to `weights` that sum exactly to `self`: the largest
    /// remainders take what rounding down left, ties go to the earlier share.
    ///
    /// # Errors
    ///
    /// `None` if `weights` are empty, negative, or sum to zero.
    pub fn split(self, weights: &[Decimal]) -> Option<Vec<Self>> {
        let shares = largest_remainder(self.0, weights)?;
        Some(shares.into_iter().map(Self).collect())
    }
}

impl Add for Milligrams {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.checked_add(other.0).expect("the carbon ledger holds 9e18 mg"))
    }
}
impl AddAssign for Milligrams {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}
impl Sub for Milligrams {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.checked_sub(other.0).expect("the carbon ledger holds 9e18 mg"))
    }
}
impl Neg for Milligrams {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}
impl Sum for Milligrams {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::ZERO, |total, next| total + next)
    }
}
impl fmt::Display for Milligrams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.to_emissions(), f)
    }
}

/// An amount of money in one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// Amount with as many decimals as it was given.
    #[serde(with = "rust_decimal::serde::str")]
    pub amount: Decimal,
    /// ISO 4217 code, as SAP field WAERS.
    pub currency: String,
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} {}", self.amount, self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn energy_times_grid_factor_is_emissions() {
        let energy = Energy::new(Decimal::new(1050, 2));
        let grid = GridFactor::new(Decimal::new(468, 3));

        assert_eq!((energy * grid).to_string(), "4.91400 kg CO2e");
    }

    #[test]
    fn the_largest_remainder_takes_the_rest() {
        let thirds = Milligrams::new(100).split(&[Decimal::ONE; 3]).unwrap();

        assert_eq!(thirds, [34, 33, 33].map(Milligrams::new));
    }

    proptest! {
        #[test]
        fn a_split_sums_to_what_was_split(
            amount in -1_000_000_000_000i64..1_000_000_000_000,
            weights in prop::collection::vec(0i64..1_000_000, 1..40),
        ) {
            let weights: Vec<Decimal> = weights.into_iter().map(|w| Decimal::new(w, 3)).collect();
            if let Some(shares) = Milligrams::new(amount).split(&weights) {
                prop_assert_eq!(shares.into_iter().sum::<Milligrams>(), Milligrams::new(amount));
            }
        }
    }
}
