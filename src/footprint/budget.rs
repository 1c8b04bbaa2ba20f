//! Carbon budgets by quarter: what is left, and where the quarter is heading.

use std::fmt;
use std::str::FromStr;

use jiff::ToSpan;
use jiff::civil::Date;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize};

use crate::quantity::{Emissions, Milligrams};

/// A quarter of a calendar year, as `2018-Q3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Quarter {
    year: i16,
    quarter: i8,
}

/// A text that is no quarter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no quarter; write 2018-Q3")]
pub struct NoQuarter(String);

impl Quarter {
    /// The quarter that holds `day`.
    pub fn of(day: Date) -> Self {
        Self { year: day.year(), quarter: (day.month() - 1) / 3 + 1 }
    }

    /// Its first day.
    pub fn first_day(self) -> Date {
        Date::constant(self.year, 3 * self.quarter - 2, 1)
    }

    /// Its last day.
    pub fn last_day(self) -> Date {
        Date::constant(self.year, 3 * self.quarter, 1).last_of_month()
    }

    /// Days from `from` to `to`, both included.
    fn days(from: Date, to: Date) -> i64 {
        i64::from((to - from).get_days()) + 1
    }
}

impl FromStr for Quarter {
    type Err = NoQuarter;

    fn from_str(text: &str) -> Result<Self, NoQuarter> {
        let wrong = || NoQuarter(text.to_owned());
        let (year, quarter) = text.split_once("-Q").ok_or_else(wrong)?;
        let (year, quarter) =
            (year.parse().map_err(|_| wrong())?, quarter.parse().map_err(|_| wrong())?);
        let fits = (1..=9_999).contains(&year) && (1..=4).contains(&quarter);
        if fits { Ok(Self { year, quarter }) } else { Err(wrong()) }
    }
}

impl TryFrom<String> for Quarter {
    type Error = NoQuarter;
    fn try_from(text: String) -> Result<Self, NoQuarter> {
        text.parse()
    }
}

impl From<Quarter> for String {
    fn from(quarter: Quarter) -> Self {
        quarter.to_string()
    }
}

impl fmt::Display for Quarter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{:04}-Q{}", self.year, self.quarter))
    }
}

/// What a plant may emit in a quarter, and what it wants to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Budget {
    /// Quarter.
    pub quarter: Quarter,
    /// Scopes that count, as 1 and 2.
    pub scopes: Vec<u8>,
    /// Most that may be emitted.
    pub budget: Milligrams,
    /// What is aimed at.
    pub target: Milligrams,
    /// Who decided.
    pub approved_by: String,
}

/// Where a quarter stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BudgetStatus {
    /// The budget.
    pub budget: Budget,
    /// Last day that is accounted for; `None` before the first.
    pub through: Option<Date>,
    /// Days accounted for, of how many.
    pub days: (i64, i64),
    /// Emitted so far.
    pub emitted: Milligrams,
    /// What is left of the budget; negative once it is exceeded.
    pub left: Milligrams,
    /// Emissions of the whole quarter at the rate so far; `None` before the first day.
    pub projected: Option<Milligrams>,
    /// By how much the projection exceeds the budget; zero if it does not.
    pub overshoot: Option<Milligrams>,
    /// By how much the projection exceeds the target; negative if it stays below.
    pub above_target: Option<Milligrams>,
    /// Day on which the budget is used up at the rate so far, if it lies in the quarter.
    pub used_up_on: Option<Date>,
}

/// Where the quarter of `budget` stands after `emitted` from its first day `through` a day.
///
/// The projection is linear: emissions so far over days so far, times the days of the quarter.
/// `None` if the projection is beyond the range of the ledger.
///
/// # Source
///
/// Straight-line run rate; ours.
pub fn status(budget: &Budget, emitted: Milligrams, through: Option<Date>) -> Option<BudgetStatus> {
    let (first, last) = (budget.quarter.first_day(), budget.quarter.last_day());
    let days = Quarter::days(first, last);
    let through = through.map(|day| day.min(last)).filter(|day| *day >= first);
    let gone = through.map_or(0, |day| Quarter::days(first, day));
    let rate = (gone > 0).then(|| Decimal::from(emitted.count()) / Decimal::from(gone));
    let projected = match rate {
        Some(rate) => Some(in_milligrams(rate * Decimal::from(days))?),
        None => None,
    };
    let left = budget.budget - emitted;
    let used_up_on = rate.filter(|rate| *rate > Decimal::ZERO).and_then(|rate| {
        let day = (Decimal::from(budget.budget.count()) / rate).ceil().to_i64()?;
        (1..=days).contains(&day).then(|| first.saturating_add((day - 1).days()))
    });
    Some(BudgetStatus {
        budget: budget.clone(),
        through,
        days: (gone, days),
        emitted,
        left,
        projected,
        overshoot: projected.map(|projected| (projected - budget.budget).max(Milligrams::ZERO)),
        above_target: projected.map(|projected| projected - budget.target),
        used_up_on,
    })
}

impl BudgetStatus {
    /// Whether the quarter goes on and its projection exceeds the budget by more than `percent`.
    pub fn goes_beyond(&self, percent: u8) -> bool {
        let goes_on = self.days.0 > 0 && self.days.0 < self.days.1;
        let budget = Decimal::from(self.budget.budget.count());
        let over = Decimal::from(self.overshoot.map_or(0, |over| over.count()));
        goes_on && over * Decimal::ONE_HUNDRED > budget * Decimal::from(percent)
    }
}

fn in_milligrams(count: Decimal) -> Option<Milligrams> {
    Milligrams::nearest(Emissions::new(count / Decimal::from(1_000_000)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tonnes(tonnes: i64) -> Milligrams {
        Milligrams::new(tonnes * 1_000_000_000)
    }

    fn budget() -> Budget {
        Budget {
            quarter: "2018-Q3".parse().unwrap(),
            scopes: vec![1, 2],
            budget: tonnes(920),
            target: tonnes(828),
            approved_by: "test".to_owned(),
        }
    }

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn a_quarter_that_emits_too_fast_shows_its_overshoot_and_the_day() {
        // 31 of 92 days; 10 t a day are allowed, 12 t were emitted.
        let status = status(&budget(), tonnes(372), Some(day("2018-07-31"))).unwrap();

        assert_eq!(status.days, (31, 92));
        assert_eq!(status.left, tonnes(548));
        assert_eq!(status.projected, Some(tonnes(1_104)));
        assert_eq!(status.overshoot, Some(tonnes(184)));
        assert_eq!(status.above_target, Some(tonnes(276)));
        assert_eq!(status.used_up_on, Some(day("2018-09-15")));
    }

    #[test]
    fn a_quarter_within_its_budget_has_no_overshoot() {
        let status = status(&budget(), tonnes(248), Some(day("2018-07-31"))).unwrap();

        assert_eq!(status.overshoot, Some(Milligrams::ZERO));
        assert_eq!(status.above_target, Some(tonnes(-92)));
        assert_eq!(status.used_up_on, None);
    }

    #[test]
    fn a_quarter_goes_beyond_its_budget_by_more_than_the_percent() {
        // 46 of 92 days: the projection is twice what was emitted.
        let beyond = |milligrams: i64, through: &str| {
            let found = status(&budget(), Milligrams::new(milligrams), Some(day(through)));
            found.unwrap().goes_beyond(5)
        };

        assert!(!beyond(460_000_000_000, "2018-08-15"));
        assert!(!beyond(483_000_000_000, "2018-08-15"), "five percent are not more than five");
        assert!(beyond(483_000_000_001, "2018-08-15"));
        assert!(
            !beyond(2_000_000_000_000, "2018-09-30"),
            "a quarter that is over is past planning"
        );
    }

    #[test]
    fn nothing_is_projected_from_nothing() {
        let status = status(&budget(), Milligrams::ZERO, Some(day("2018-06-30"))).unwrap();

        assert_eq!((status.through, status.projected), (None, None));
        assert_eq!(status.left, tonnes(920));
    }

    #[test]
    fn quarters_are_written_as_people_write_them() {
        assert_eq!(Quarter::of(day("2018-09-30")).to_string(), "2018-Q3");
        assert_eq!("2020-Q1".parse::<Quarter>().unwrap().last_day(), day("2020-03-31"));
        assert!("2018-Q5".parse::<Quarter>().is_err());
    }
}
