//! A factory calendar: which days are worked (table TFACS).

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// The working days of a factory calendar, year by year.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactoryCalendar {
    /// For each year its twelve months, each with one `1` or `0` a day: whether it is worked.
    pub years: BTreeMap<i16, Vec<String>>,
}

impl FactoryCalendar {
    /// Whether a day is worked; `None` if the calendar does not say it.
    pub fn is_worked(&self, day: Date) -> Option<bool> {
        let months = self.years.get(&day.year())?;
        let month = months.get(usize::try_from(day.month() - 1).ok()?)?;
        match month.as_bytes().get(usize::try_from(day.day() - 1).ok()?)? {
            b'1' => Some(true),
            b'0' => Some(false),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_worked_where_its_month_has_a_one() {
        let mut months = vec!["1".repeat(31); 12];
        months[9] = format!("110{}", "1".repeat(28));
        let calendar = FactoryCalendar { years: BTreeMap::from([(2018, months)]) };

        let worked = |day: &str| calendar.is_worked(day.parse().unwrap());

        assert_eq!(worked("2018-10-02"), Some(true));
        assert_eq!(worked("2018-10-03"), Some(false));
        assert_eq!(worked("2019-10-03"), None, "nobody said so");
    }
}
