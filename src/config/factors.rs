//! `mappings/factors.toml`: the emission factors that this plant uses, chosen from the factor
//! database or written out, in one or more books.

mod choose;

use std::collections::BTreeMap;
use std::path::Path;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Deserialize;
use toml::Spanned;

use super::factor_package::{self, TrustedKey};
use super::file::{self, ConfigError};
use crate::audit::VerifierKey;
use crate::factor::gas::GwpSet;
use crate::factor::package::FactorDatabase;
use crate::factor::{EmissionFactor, FactorBook, Scope};
use crate::unit::{Dimension, Uom};

/// The book that everything uses unless another is asked for.
pub const PLANT_BOOK: &str = "plant";

/// The factor books, and the grid series that gives the hours of a year their shape.
#[derive(Clone, Debug)]
pub struct FactorMapping {
    /// The book in use.
    pub book: FactorBook,
    /// Every book by name; the plant's own is [`PLANT_BOOK`].
    pub books: BTreeMap<String, FactorBook>,
    /// GWP set of every factor whose gases are known.
    pub gwp_set: GwpSet,
    /// Versions of the factor database.
    pub database: FactorDatabase,
    /// Who may sign a version of it.
    pub trusted_keys: Vec<TrustedKey>,
    /// Path of the hourly grid intensity, from the folder of the mapping.
    pub grid_series: Option<String>,
    /// Path of the hourly day-ahead price, from the folder of the mapping.
    pub price_series: Option<String>,
}

/// A key in use, or one that had a successor.
#[derive(Deserialize)]
#[serde(untagged, expecting = "no key, and no { key = \"...\", until = \"2027-02-01\" }")]
enum KeyForm {
    InUse(String),
    Followed(FollowedKey),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FollowedKey {
    key: String,
    until: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    /// Folder with the versions of the factor database, from the folder of the mapping.
    #[serde(default = "database_folder")]
    database: String,
    /// What was known on this day; the newest version if it is not given.
    #[serde(default)]
    known_at: Option<Spanned<String>>,
    #[serde(default = "newest_set")]
    gwp_set: GwpSet,
    #[serde(default)]
    trusted_keys: Vec<Spanned<KeyForm>>,
    #[serde(default)]
    choose: Vec<choose::Choose>,
    #[serde(default)]
    grid_series: Option<String>,
    #[serde(default)]
    price_series: Option<String>,
    #[serde(default)]
    factor: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    #[serde(default = "plant_books")]
    books: Vec<String>,
    id: Spanned<String>,
    activity: String,
    #[serde(default)]
    supplier: Option<String>,
    unit: Spanned<String>,
    kg_co2e_per_unit: Spanned<String>,
    scope: Scope,
    region: String,
    valid_from: Spanned<String>,
    #[serde(default)]
    valid_to: Option<Spanned<String>>,
    #[serde(default = "not_applicable")]
    gwp_set: String,
    source: String,
    licence: String,
    #[serde(default)]
    uncertainty_percent: Option<Spanned<String>>,
    confidence: String,
    #[serde(default)]
    biogenic_co2_kg_per_unit: Option<Spanned<String>>,
    #[serde(default)]
    primary: bool,
}

fn not_applicable() -> String {
    "n/a".to_owned()
}

fn database_folder() -> String {
    "factors".to_owned()
}

fn newest_set() -> GwpSet {
    GwpSet::Ar6
}

fn plant_books() -> Vec<String> {
    vec![PLANT_BOOK.to_owned()]
}

/// How the mapping is to be read, where it is not as it says itself.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// Book to use instead of the plant's.
    pub book: Option<String>,
    /// GWP set to use instead of the mapping's.
    pub gwp_set: Option<GwpSet>,
    /// Factor database to use instead of the one beside the mapping.
    pub database: Option<FactorDatabase>,
}

/// Loads the mapping, and the factor database beside it.
///
/// # Errors
///
/// [`ConfigError`] with the place of an unknown unit, a value that is no decimal, a day that does
/// not exist, a missing validity, a period that ends before it begins, an id given twice, a series
/// that the database does not have, or a unit that does not fit the activity.
pub fn load(path: &Path) -> Result<FactorMapping, ConfigError> {
    load_as(path, Reading::default())
}

/// As [`load`], with another book, GWP set or database than the mapping names.
///
/// # Errors
///
/// As [`load`], and for a book that nothing is in.
pub fn load_as(path: &Path, reading: Reading) -> Result<FactorMapping, ConfigError> {
    let text = file::read(path)?;
    parse(path, &text, reading)
}

/// Reads the mapping from `text`, which stands in `path`.
///
/// # Errors
///
/// As [`load_as`].
pub fn parse(path: &Path, text: &str, reading: Reading) -> Result<FactorMapping, ConfigError> {
    let document: Document = file::parse(path, text)?;
    let gwp_set = reading.gwp_set.unwrap_or(document.gwp_set);
    let database = match reading.database {
        Some(database) => database,
        None => {
            let folder = path.parent().unwrap_or(Path::new("")).join(&document.database);
            factor_package::load_all(&folder)?
        }
    };
    let day = |day: &str, at: usize| {
        let wrong = || format!("'{day}' is no day; write \"2026-11-26\"");
        day.parse::<Date>().map_err(|_| file::at(path, text, at, wrong()))
    };
    let known_at = document.known_at.as_ref().map(|known| day(known.get_ref(), known.span().start));
    let known_at = known_at.transpose()?;
    let trusted_keys = document.trusted_keys.iter().map(|form| {
        let at = form.span().start;
        let (key, until) = match form.get_ref() {
            KeyForm::InUse(key) => (key, None),
            KeyForm::Followed(FollowedKey { key, until }) => (key, Some(day(until, at)?)),
        };
        let key = VerifierKey::parse(key);
        let key = key.map_err(|error| file::at(path, text, at, error.to_string()))?;
        Ok(TrustedKey { key, until })
    });
    let trusted_keys = trusted_keys.collect::<Result<_, ConfigError>>()?;
    let mut rows: BTreeMap<String, Vec<EmissionFactor>> = BTreeMap::new();
    let mut add = |at: usize, books: &[String], row: &EmissionFactor| {
        fits(row).map_err(|reason| file::at(path, text, at, reason))?;
        for book in books {
            let rows = rows.entry(book.clone()).or_default();
            // One row of the database may serve several activities.
            let same = |other: &EmissionFactor| {
                other.id == row.id
                    && (other.activity == row.activity
                        || other.origin.is_some() != row.origin.is_some())
            };
            if rows.iter().any(same) {
                return Err(file::at(path, text, at, format!("factor {} is given twice", row.id)));
            }
            rows.push(row.clone());
        }
        Ok(())
    };
    for row in document.factor {
        let (at, books) = (row.id.span().start, row.books.clone());
        add(at, &books, &checked(path, text, row)?)?;
    }
    for choice in document.choose {
        let at = choice.series.span().start;
        let package = database.known_at(known_at).ok_or_else(|| {
            let when = known_at.map_or(String::new(), |day| format!(" on {day}"));
            let reason = format!("FAC-PACKAGE: no version of the factor database was known{when}");
            file::at(path, text, at, reason)
        })?;
        let chosen = choice.rows(package, gwp_set);
        for row in chosen.map_err(|reason| file::at(path, text, at, reason))? {
            add(at, &choice.books, &row)?;
        }
    }
    let books: BTreeMap<String, FactorBook> =
        rows.into_iter().map(|(name, rows)| (name, FactorBook::new(rows))).collect();
    let name = reading.book.unwrap_or_else(|| PLANT_BOOK.to_owned());
    let book = books.get(&name).cloned().ok_or_else(|| {
        let known: Vec<&str> = books.keys().map(String::as_str).collect();
        let reason =
            format!("FAC-BOOK: no factor is in book '{name}'; known are {}", known.join(", "));
        file::at(path, text, 0, reason)
    })?;
    Ok(FactorMapping {
        book,
        books,
        gwp_set,
        database,
        trusted_keys,
        grid_series: document.grid_series,
        price_series: document.price_series,
    })
}

/// Whether the unit of a row can be that of its activity.
fn fits(row: &EmissionFactor) -> Result<(), String> {
    let kind = row.activity.split(':').next().unwrap_or_default();
    let wanted = match kind {
        "electricity" => Dimension::Energy,
        "natural_gas" | "natural_gas_upstream" => Dimension::FuelEnergy,
        "freight" => Dimension::TransportWork,
        _ => return Ok(()),
    };
    if row.unit.dimension() == wanted {
        return Ok(());
    }
    let activity = match wanted {
        Dimension::Energy => "kWh",
        Dimension::FuelEnergy => "GJ (net calorific value)",
        _ => "tkm",
    };
    Err(format!(
        "FAC-DIM: activity {} is in {activity}, factor {} is per {}; give a conversion",
        row.activity, row.id, row.unit
    ))
}

fn checked(path: &Path, text: &str, row: Row) -> Result<EmissionFactor, ConfigError> {
    let wrong = |offset: usize, reason: String| file::at(path, text, offset, reason);
    let decimal = |value: &Spanned<String>| {
        value.get_ref().parse::<Decimal>().map_err(|_| {
            wrong(
                value.span().start,
                format!("'{}' is not a decimal; write \"0.468\"", value.get_ref()),
            )
        })
    };
    let day = |value: &Spanned<String>| {
        value.get_ref().parse::<Date>().map_err(|_| {
            wrong(
                value.span().start,
                format!("'{}' is no day; write \"2018-12-31\"", value.get_ref()),
            )
        })
    };
    let unit = Uom::from_code(row.unit.get_ref())
        .map_err(|error| wrong(row.unit.span().start, error.to_string()))?;
    let valid_from = day(&row.valid_from)?;
    let valid_to = row.valid_to.as_ref().map(day).transpose()?;
    if valid_to.is_some_and(|end| end <= valid_from) {
        return Err(wrong(
            row.valid_from.span().start,
            format!("factor {} ends before it begins", row.id.get_ref()),
        ));
    }
    let kg_co2e_per_unit = decimal(&row.kg_co2e_per_unit)?;
    if kg_co2e_per_unit < Decimal::ZERO {
        let reason = format!(
            "FAC-NEG: factor {} is negative; a removal is reported apart (ISO 14064-1, 5.2.3), it is \
             no factor",
            row.id.get_ref()
        );
        return Err(wrong(row.kg_co2e_per_unit.span().start, reason));
    }
    let biogenic = row.biogenic_co2_kg_per_unit.as_ref().map(decimal).transpose()?;
    Ok(EmissionFactor {
        kg_co2e_per_unit,
        biogenic_co2_kg_per_unit: biogenic.unwrap_or_default(),
        uncertainty_percent: row.uncertainty_percent.as_ref().map(decimal).transpose()?,
        id: row.id.into_inner(),
        activity: row.activity,
        supplier: row.supplier,
        unit,
        scope: row.scope,
        region: row.region,
        valid_from,
        valid_to,
        gwp_set: row.gwp_set,
        source: row.source,
        licence: row.licence,
        confidence: row.confidence,
        primary: row.primary,
        origin: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str = r#"
[[factor]]
id = "EG-1"
activity = "electricity"
unit = "KWH"
kg_co2e_per_unit = "0.468"
scope = "s2"
region = "DE"
valid_from = "2018-01-01"
source = "somebody"
licence = "facts"
confidence = "read"
"#;

    fn refusal(text: &str) -> String {
        parse(Path::new("factors.toml"), text, Reading::default()).unwrap_err().to_string()
    }

    #[test]
    fn a_complete_row_loads() {
        let mapping = parse(Path::new("factors.toml"), ROW, Reading::default()).unwrap();

        assert_eq!(mapping.book.rows()[0].kg_co2e_per_unit, Decimal::new(468, 3));
    }

    #[test]
    fn an_unknown_unit_is_named_with_its_line() {
        assert!(refusal(&ROW.replace("KWH", "KWHX")).starts_with("factors.toml:5:8: unit KWHX"));
    }

    #[test]
    fn a_row_without_validity_is_refused() {
        let text = ROW.replace("valid_from = \"2018-01-01\"\n", "");

        assert!(refusal(&text).contains("missing field `valid_from`"));
    }

    #[test]
    fn a_row_given_twice_is_refused() {
        assert!(refusal(&format!("{ROW}{ROW}")).contains("EG-1 is given twice"));
    }
}
