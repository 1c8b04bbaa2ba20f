//! Emission factors: rows with validity and source, and the book that finds the row for a day.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::unit::Uom;

/// Where emissions stand in the GHG Protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Scope {
    /// Direct emissions.
    #[serde(rename = "s1")]
    Direct,
    /// Purchased energy, location-based.
    #[serde(rename = "s2")]
    PurchasedEnergy,
    /// Scope 3 category 1: purchased goods and services.
    #[serde(rename = "s3_1")]
    PurchasedGoods,
    /// Scope 3 category 3: fuel- and energy-related activities not in scope 1 or 2.
    #[serde(rename = "s3_3")]
    FuelUpstream,
    /// Scope 3 category 4: upstream transport.
    #[serde(rename = "s3_4")]
    UpstreamTransport,
    /// Scope 3 category 9: downstream transport.
    #[serde(rename = "s3_9")]
    DownstreamTransport,
}

impl Scope {
    /// Every scope that a footprint is broken down by.
    pub const ALL: [Self; 6] = [
        Self::Direct,
        Self::PurchasedEnergy,
        Self::PurchasedGoods,
        Self::FuelUpstream,
        Self::UpstreamTransport,
        Self::DownstreamTransport,
    ];

    /// Short name, as stored and posted.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Direct => "s1",
            Self::PurchasedEnergy => "s2",
            Self::PurchasedGoods => "s3_1",
            Self::FuelUpstream => "s3_3",
            Self::UpstreamTransport => "s3_4",
            Self::DownstreamTransport => "s3_9",
        }
    }
}

/// One row of a factor book.
///
/// Emissions of an activity are its quantity times `kg_co2e_per_unit`. The row is chosen by the
/// day of the activity, never by the day of the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmissionFactor {
    /// Key of the row within its book, as `EG-DE-UBA-2018`.
    pub id: String,
    /// What the factor is for, as `electricity`, `natural_gas`, or `material:PIG-IRON`.
    pub activity: String,
    /// The supplier whose own value it is, if it is supplier-specific.
    pub supplier: Option<String>,
    /// Unit of the activity.
    pub unit: Uom,
    /// kg CO₂e per unit of activity.
    #[serde(with = "rust_decimal::serde::str")]
    pub kg_co2e_per_unit: Decimal,
    /// Scope of the emissions.
    pub scope: Scope,
    /// Region that it holds for, ISO 3166 or `GLO`.
    pub region: String,
    /// First day of validity.
    pub valid_from: Date,
    /// First day after validity; `None` while it is open.
    pub valid_to: Option<Date>,
    /// GWP set of a factor that is already in CO₂e, or `n/a` for CO₂ alone.
    pub gwp_set: String,
    /// Publication that the value was taken from.
    pub source: String,
    /// Licence of the publication.
    pub licence: String,
    /// Half of the 95 % range in percent.
    pub uncertainty_percent: Option<Decimal>,
    /// How the row was checked, in words.
    pub confidence: String,
    /// Whether it is primary data in the sense of PACT: from the supplier or site itself.
    pub primary: bool,
}

/// No row can be used. A factor is never guessed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FactorError {
    /// No row is valid on the day of the activity.
    #[error(
        "R12: no factor for {activity} in {region} is valid on {day}{near}. Add a row to \
         mappings/factors.toml or correct its validity; nothing was calculated with a neighbour."
    )]
    Missing {
        /// Activity that was asked for.
        activity: String,
        /// Regions that were tried.
        region: String,
        /// Day of the activity.
        day: Date,
        /// Rows of the activity that are valid on other days, in words.
        near: String,
    },
    /// Two rows claim the same day.
    #[error("R12: {first} and {second} both claim {activity} on {day}. Close one of them.")]
    Ambiguous {
        /// Activity that was asked for.
        activity: String,
        /// One row.
        first: String,
        /// The other.
        second: String,
        /// Day of the activity.
        day: Date,
    },
}

/// A set of factors in which each activity, region and day has at most one row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FactorBook {
    rows: Vec<EmissionFactor>,
}

impl FactorBook {
    /// A book of these rows.
    pub fn new(rows: Vec<EmissionFactor>) -> Self {
        Self { rows }
    }

    /// Every row, as given.
    pub fn rows(&self) -> &[EmissionFactor] {
        &self.rows
    }

    /// The row for `activity` on `day`: the supplier's own if there is one, else the first region
    /// of `regions` (nearest first) that has one.
    ///
    /// # Errors
    ///
    /// [`FactorError::Missing`] if no row is valid on `day`, [`FactorError::Ambiguous`] if two
    /// are.
    pub fn factor(
        &self,
        activity: &str,
        supplier: Option<&str>,
        regions: &[&str],
        day: Date,
    ) -> Result<&EmissionFactor, FactorError> {
        if supplier.is_some() {
            let own = |row: &&EmissionFactor| row.supplier.as_deref() == supplier;
            if let Some(row) = self.only(activity, day, own)? {
                return Ok(row);
            }
        }
        for region in regions {
            let here = |row: &&EmissionFactor| row.supplier.is_none() && row.region == *region;
            if let Some(row) = self.only(activity, day, here)? {
                return Ok(row);
            }
        }
        let others: Vec<String> = self
            .rows
            .iter()
            .filter(|row| row.activity == activity && regions.contains(&row.region.as_str()))
            .map(|row| match row.valid_to {
                Some(end) => format!("{} ({} to before {end})", row.id, row.valid_from),
                None => format!("{} (from {})", row.id, row.valid_from),
            })
            .collect();
        Err(FactorError::Missing {
            activity: activity.to_owned(),
            region: regions.join(", "),
            day,
            near: if others.is_empty() {
                String::new()
            } else {
                format!("; valid on other days: {}", others.join(", "))
            },
        })
    }

    fn only(
        &self,
        activity: &str,
        day: Date,
        wanted: impl Fn(&&EmissionFactor) -> bool,
    ) -> Result<Option<&EmissionFactor>, FactorError> {
        let mut found = self.rows.iter().filter(wanted).filter(|row| {
            row.activity == activity
                && row.valid_from <= day
                && row.valid_to.is_none_or(|end| day < end)
        });
        match (found.next(), found.next()) {
            (Some(first), Some(second)) => Err(FactorError::Ambiguous {
                activity: activity.to_owned(),
                first: first.id.clone(),
                second: second.id.clone(),
                day,
            }),
            (first, _) => Ok(first),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: &str, from: &str, to: Option<&str>) -> EmissionFactor {
        EmissionFactor {
            id: id.to_owned(),
            activity: "electricity".to_owned(),
            supplier: None,
            unit: Uom::Kwh,
            kg_co2e_per_unit: Decimal::new(468, 3),
            scope: Scope::PurchasedEnergy,
            region: "DE".to_owned(),
            valid_from: from.parse().unwrap(),
            valid_to: to.map(|day| day.parse().unwrap()),
            gwp_set: "n/a".to_owned(),
            source: "test".to_owned(),
            licence: "test".to_owned(),
            uncertainty_percent: None,
            confidence: "test".to_owned(),
            primary: false,
        }
    }

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn the_day_of_the_activity_chooses_the_row() {
        let book = FactorBook::new(vec![
            row("2017", "2017-01-01", Some("2018-01-01")),
            row("2018", "2018-01-01", Some("2019-01-01")),
        ]);

        let found = book.factor("electricity", None, &["DE", "GLO"], day("2018-01-01"));

        assert_eq!(found.unwrap().id, "2018");
    }

    #[test]
    fn a_day_without_a_row_is_an_error_that_names_the_neighbours() {
        let book = FactorBook::new(vec![row("2017", "2017-01-01", Some("2018-01-01"))]);

        let refused = book.factor("electricity", None, &["DE"], day("2018-06-01")).unwrap_err();

        assert!(refused.to_string().contains("2017 (2017-01-01 to before 2018-01-01)"));
    }

    #[test]
    fn two_rows_for_one_day_are_an_error() {
        let book =
            FactorBook::new(vec![row("a", "2018-01-01", None), row("b", "2018-06-01", None)]);

        let refused = book.factor("electricity", None, &["DE"], day("2018-07-01"));

        assert!(matches!(refused, Err(FactorError::Ambiguous { .. })));
    }
}
