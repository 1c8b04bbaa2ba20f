//! A version of the factor database: rows with gas split, validity and source, checked as a whole.
//!
//! A package never changes. What was known on a day is the newest package of that day, and what a
//! factor was on a day is its row whose validity holds that day: two times, kept apart, so that an
//! old period can be calculated again as it was.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::adjustment::Adjustment;
use super::gas::{GasMasses, GwpSet, GwpTable, UnknownGas};
use crate::unit::Uom;

/// A publication that rows were taken from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// Title.
    pub title: String,
    /// Who published it.
    pub publisher: String,
    /// Licence.
    pub licence: String,
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageRow {
    /// Key within the package.
    pub id: String,
    /// Rows of one series are the same factor at different times.
    pub series: String,
    /// Sub-sector: the file that it stands in.
    pub sub_sector: String,
    /// What it is for, in words.
    pub variant: String,
    /// Unit of the activity.
    pub unit: Uom,
    /// What the unit measures, as `clinker`.
    pub per: String,
    /// kg CO₂e per unit as published; `None` where the gases give it.
    pub kg_co2e: Option<Decimal>,
    /// kg of each gas per unit.
    pub gases: GasMasses,
    /// GWP set of a value that was published in CO₂e only.
    pub gwp_set: Option<GwpSet>,
    /// Scopes of the GHG Protocol that the value covers, as `1+2`.
    pub scope: String,
    /// Categories of ISO 14064-1.
    pub iso_14064: String,
    /// Region: ISO 3166, a part of it, or `GLO`.
    pub region: String,
    /// Factor book: `national`, `international`, `cbam`, `dcefd` or a customer's own.
    pub book: String,
    /// First day of validity.
    pub valid_from: Date,
    /// First day after it; `None` while it is open.
    pub valid_to: Option<Date>,
    /// Method, in words.
    pub methodology: String,
    /// Key of the publication.
    pub source: String,
    /// Year of the publication.
    pub source_year: String,
    /// The publisher's own cell, before any conversion.
    pub published: String,
    /// Half of the 95 % range in percent.
    pub uncertainty_percent: Option<Decimal>,
    /// Data quality, 1 (best) to 5.
    pub data_quality: u8,
    /// How it was checked.
    pub confidence: String,
    /// What a reader should know.
    pub note: String,
    /// File and line, for messages.
    pub place: String,
}

/// Why a row has no value under a GWP set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// A gas is unknown.
    #[error(transparent)]
    Gas(#[from] UnknownGas),
    /// The value is in CO₂e of another set, and its gases are not known.
    #[error(
        "FAC-GWP: factors use {own} and {wanted}; choose one per report. {id} was published in \
         CO2e of {own} without its gases, so it cannot be restated"
    )]
    LockedTo {
        /// Row.
        id: String,
        /// Its set.
        own: GwpSet,
        /// Set that was asked for.
        wanted: GwpSet,
    },
}

impl PackageRow {
    /// kg CO₂e per unit under `set`. The gases decide where they are known; a value in CO₂e alone
    /// is locked to the set that it was published in.
    ///
    /// # Errors
    ///
    /// [`ValueError`].
    pub fn value(&self, table: &GwpTable, set: GwpSet) -> Result<Decimal, ValueError> {
        if let Some(published) = self.kg_co2e {
            return match self.gwp_set.filter(|own| *own != set) {
                Some(own) => Err(ValueError::LockedTo { id: self.id.clone(), own, wanted: set }),
                None => Ok(published),
            };
        }
        Ok(self.gases.co2e(table, set)?)
    }

    /// Whether it is valid on `day`.
    pub fn holds_on(&self, day: Date) -> bool {
        self.valid_from <= day && self.valid_to.is_none_or(|end| day < end)
    }
}

/// A version of the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Key, as `2026-4`: year and quarter.
    pub id: String,
    /// From this day on it is what is known.
    pub known_since: Date,
    /// Who publishes it.
    pub publisher: String,
    /// Every row.
    pub rows: Vec<PackageRow>,
    /// Publications by key.
    pub publications: BTreeMap<String, Publication>,
    /// Adjustments.
    pub adjustments: Vec<Adjustment>,
    /// Potentials.
    pub gwp: GwpTable,
    /// Net calorific values in GJ per tonne by fuel.
    pub net_calorific_values: BTreeMap<String, Decimal>,
    /// Plausible kg CO₂e per unit by sub-sector: lowest and highest.
    pub bands: BTreeMap<String, (Decimal, Decimal)>,
    /// SHA-256 over its files.
    pub hash: [u8; 32],
}

/// How much a problem weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The package is refused whole.
    Refused,
    /// A person has to accept it by name.
    NeedsApproval,
    /// Worth knowing.
    Note,
}

impl Severity {
    /// One word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::NeedsApproval => "needs approval",
            Self::Note => "note",
        }
    }
}

/// Something that is wrong with a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// How much it weighs.
    pub severity: Severity,
    /// The row that it is about.
    pub row: String,
    /// Code and text.
    pub text: String,
}

impl Package {
    /// The row with this key.
    pub fn row(&self, id: &str) -> Option<&PackageRow> {
        self.rows.iter().find(|row| row.id == id)
    }

    /// The rows of a series, by first day of validity.
    pub fn series(&self, series: &str) -> Vec<&PackageRow> {
        let mut rows: Vec<_> = self.rows.iter().filter(|row| row.series == series).collect();
        rows.sort_by(|a, b| a.valid_from.cmp(&b.valid_from).then_with(|| a.id.cmp(&b.id)));
        rows
    }

    /// Everything that is wrong: overlaps, gaps, units and regions that change within a series,
    /// negative values, values outside of the plausible band, gases without potential, publications
    /// that nobody names.
    pub fn problems(&self) -> Vec<Problem> {
        let mut found = Vec::new();
        let mut seen = BTreeSet::new();
        for row in &self.rows {
            let mut say = |severity, text: String| {
                found.push(Problem { severity, row: row.id.clone(), text });
            };
            if !seen.insert(row.id.as_str()) {
                say(
                    Severity::Refused,
                    format!("FAC-TWICE: {}: factor {} is given twice", row.place, row.id),
                );
            }
            if row.valid_to.is_some_and(|end| end <= row.valid_from) {
                say(
                    Severity::Refused,
                    format!("FAC-VALID: {}: factor {} ends before it begins", row.place, row.id),
                );
            }
            if !self.publications.contains_key(&row.source) {
                say(
                    Severity::Refused,
                    format!(
                        "FAC-SOURCE: {}: factor {} names source {}, which sources.toml does not have",
                        row.place, row.id, row.source
                    ),
                );
            }
            let set = row.gwp_set.unwrap_or(GwpSet::Ar6);
            match row.value(&self.gwp, set) {
                Err(error) => say(Severity::Refused, format!("{}: {error}", row.place)),
                Ok(value) if value < Decimal::ZERO => say(
                    Severity::Refused,
                    format!(
                        "FAC-NEG: factor {} is negative; a removal is reported apart (ISO 14064-1, 5.2.3), it is no factor",
                        row.id
                    ),
                ),
                Ok(value) => {
                    let band = self.bands.get(&row.sub_sector);
                    if let Some((low, high)) =
                        band.filter(|(low, high)| value < *low || value > *high)
                    {
                        say(
                            Severity::NeedsApproval,
                            format!(
                                "FAC-BAND: factor {}={} is outside {low}..{high}; confirm with --accept {}",
                                row.id,
                                value.normalize(),
                                row.id
                            ),
                        );
                    }
                }
            }
        }
        self.check_series(&mut found);
        found.sort_by_key(|problem| problem.severity);
        found
    }

    fn check_series(&self, found: &mut Vec<Problem>) {
        let names: BTreeSet<&str> = self.rows.iter().map(|row| row.series.as_str()).collect();
        for name in names {
            for pair in self.series(name).windows(2) {
                let (earlier, later) = (pair[0], pair[1]);
                let mut say = |severity, text: String| {
                    found.push(Problem { severity, row: later.id.clone(), text });
                };
                if earlier.unit.dimension() != later.unit.dimension()
                    || earlier.region != later.region
                {
                    say(
                        Severity::Refused,
                        format!(
                            "FAC-DIM: series {name}: {} is per {} in {}, {} per {} in {}",
                            earlier.id,
                            earlier.unit,
                            earlier.region,
                            later.id,
                            later.unit,
                            later.region
                        ),
                    );
                }
                match earlier.valid_to {
                    Some(end) if end == later.valid_from => {}
                    Some(end) if end < later.valid_from => say(
                        Severity::Note,
                        format!(
                            "FAC-GAP: no factor for {name} from {end} to before {}; a day in between is an error, never a neighbour",
                            later.valid_from
                        ),
                    ),
                    _ => {
                        let to = match (earlier.valid_to, later.valid_to) {
                            (Some(a), Some(b)) => a.min(b).to_string(),
                            (Some(end), None) | (None, Some(end)) => end.to_string(),
                            (None, None) => "the open end".to_owned(),
                        };
                        say(
                            Severity::Refused,
                            format!(
                                "FAC-OVERLAP: factors {} and {} overlap from {} to {to}",
                                earlier.id, later.id, later.valid_from
                            ),
                        );
                    }
                }
            }
        }
    }
}

/// Every package that is there, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FactorDatabase {
    packages: Vec<Package>,
}

impl FactorDatabase {
    /// A database of these packages.
    pub fn new(mut packages: Vec<Package>) -> Self {
        packages.sort_by(|a, b| a.known_since.cmp(&b.known_since).then_with(|| a.id.cmp(&b.id)));
        Self { packages }
    }

    /// Every package, oldest first.
    pub fn packages(&self) -> &[Package] {
        &self.packages
    }

    /// The package that was known on `day`; the newest if no day is given.
    pub fn known_at(&self, day: Option<Date>) -> Option<&Package> {
        self.packages.iter().rev().find(|package| day.is_none_or(|day| package.known_since <= day))
    }
}
