//! Emission factors: rows with validity and source, and the book that finds the row for a day.

pub mod adjustment;

pub mod difference;

pub mod gas;

pub mod package;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::said;
use crate::said::{List, Said};
use crate::unit::Uom;
use crate::words_by_said;

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

    /// Whether it is scope 1 or 2: what a site answers for, and finance posts.
    pub const fn is_of_the_site(self) -> bool {
        matches!(self, Self::Direct | Self::PurchasedEnergy)
    }

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
    /// kg of biogenic CO₂ per unit of activity, reported apart; no part of `kg_co2e_per_unit`.
    #[serde(default, with = "rust_decimal::serde::str")]
    pub biogenic_co2_kg_per_unit: Decimal,
    /// Whether it is primary data in the sense of PACT: from the supplier or site itself.
    pub primary: bool,
    /// Where it stands in the factor database, and what was done to it; `None` for a row that the
    /// plant wrote itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<FactorOrigin>,
}

/// The way of a value from its publication to the plant's book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactorOrigin {
    /// Version of the factor database.
    pub package: String,
    /// First day on which that version was known.
    pub known_since: Date,
    /// Series that the row belongs to.
    pub series: String,
    /// The publisher's own cell, before any conversion.
    pub published: String,
    /// Data quality, 1 (best) to 5; a proxy is one step worse than its row.
    pub data_quality: u8,
    /// GWP set, adjustments and proxies, in words and in order.
    pub steps: Vec<String>,
}

/// No row can be used. A factor is never guessed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FactorError {
    /// No row is valid on the day of the activity.
    Missing {
        /// Activity that was asked for.
        activity: String,
        /// Regions that were tried.
        region: String,
        /// Day of the activity.
        day: Date,
        /// Rows of the activity that are valid on other days: from, and until before.
        near: Vec<(String, Date, Option<Date>)>,
    },
    /// Two rows claim the same day.
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

impl FactorError {
    /// What happened, with what it is made of.
    pub fn said(&self) -> Said {
        let others = |near: &[(String, Date, Option<Date>)]| {
            List(near.iter().map(|(row, from, end)| valid(row, *from, *end)).collect())
        };
        match self {
            Self::Missing { activity, region, day, near } if near.is_empty() => said!(
                "factor.gap",
                "FAC-GAP: no factor for {activity} in {region} on {day}; result not final (R12). Add a \
                 row to mappings/factors.toml or correct its validity; nothing was calculated with a \
                 neighbour.",
                activity = activity,
                region = region,
                day = day
            ),
            Self::Missing { activity, region, day, near } => said!(
                "factor.gap.near",
                "FAC-GAP: no factor for {activity} in {region} on {day}; valid on other days: {rows}; \
                 result not final (R12). Add a row to mappings/factors.toml or correct its validity; \
                 nothing was calculated with a neighbour.",
                activity = activity,
                region = region,
                day = day,
                rows = others(near)
            ),
            Self::Ambiguous { activity, first, second, day } => said!(
                "factor.two",
                "R12: {first} and {second} both claim {activity} on {day}. Close one of them.",
                activity = activity,
                first = first,
                second = second,
                day = day
            ),
        }
    }
}

words_by_said!(FactorError);

fn valid(row: &str, from: Date, end: Option<Date>) -> Said {
    match end {
        Some(end) => said!(
            "factor.valid.between",
            "{row} ({from} to before {end})",
            row = row,
            from = from,
            end = end
        ),
        None => said!("factor.valid.from", "{row} (from {from})", row = row, from = from),
    }
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
        let near = self
            .rows
            .iter()
            .filter(|row| row.activity == activity && regions.contains(&row.region.as_str()))
            .map(|row| (row.id.clone(), row.valid_from, row.valid_to))
            .collect();
        Err(FactorError::Missing {
            activity: activity.to_owned(),
            region: regions.join(", "),
            day,
            near,
        })
    }

    /// The row that [`FactorBook::factor`] takes, and why it is that one: every row of the activity
    /// with the reason for taking or passing it over.
    ///
    /// # Errors
    ///
    /// As [`FactorBook::factor`].
    pub fn choose(
        &self,
        activity: &str,
        supplier: Option<&str>,
        regions: &[&str],
        day: Date,
    ) -> Result<Choice<'_>, FactorError> {
        let row = self.factor(activity, supplier, regions, day)?;
        let of_activity = self.rows.iter().filter(|other| other.activity == activity);
        let considered = of_activity
            .map(|other| (other.id.clone(), reason(other, row, supplier, regions, day)))
            .collect();
        Ok(Choice { row, considered })
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

/// A row and the reasons for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice<'a> {
    /// The row.
    pub row: &'a EmissionFactor,
    /// Every row of the activity by key, and why it was taken or passed over.
    pub considered: Vec<(String, String)>,
}

fn reason(
    other: &EmissionFactor,
    taken: &EmissionFactor,
    supplier: Option<&str>,
    regions: &[&str],
    day: Date,
) -> String {
    if other.id == taken.id {
        return match &other.supplier {
            Some(supplier) => format!("taken: the value of supplier {supplier} itself"),
            None => format!("taken: the nearest region with a row on {day} is {}", other.region),
        };
    }
    match &other.supplier {
        Some(of) if Some(of.as_str()) != supplier => return format!("of another supplier, {of}"),
        _ => {}
    }
    if day < other.valid_from {
        return format!("valid from {} only", other.valid_from);
    }
    if let Some(end) = other.valid_to.filter(|end| *end <= day) {
        return format!("valid to before {end} only");
    }
    if other.supplier.is_none() && taken.supplier.is_some() {
        return "an average; the supplier's own value comes first".to_owned();
    }
    if !regions.contains(&other.region.as_str()) {
        return format!("for region {}, which is none of the plant's", other.region);
    }
    format!("for region {}, farther away than {}", other.region, taken.region)
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
            biogenic_co2_kg_per_unit: Decimal::ZERO,
            primary: false,
            origin: None,
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

    #[test]
    fn the_choice_says_why_every_other_row_was_passed_over() {
        let own = EmissionFactor {
            supplier: Some("100201".to_owned()),
            ..row("own", "2018-01-01", None)
        };
        let world = EmissionFactor { region: "GLO".to_owned(), ..row("world", "2018-01-01", None) };
        let old = row("old", "2017-01-01", Some("2018-01-01"));
        let book = FactorBook::new(vec![row("mix", "2018-01-01", None), world, old, own]);

        let chosen =
            book.choose("electricity", Some("100201"), &["DE"], day("2018-06-01")).unwrap();

        let reasons: Vec<&str> = chosen.considered.iter().map(|(_, why)| why.as_str()).collect();
        assert_eq!(
            reasons,
            [
                "an average; the supplier's own value comes first",
                "an average; the supplier's own value comes first",
                "valid to before 2018-01-01 only",
                "taken: the value of supplier 100201 itself",
            ]
        );
    }
}
