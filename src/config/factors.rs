//! `mappings/factors.toml`: the emission factors that this plant uses.

use std::path::Path;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Deserialize;
use toml::Spanned;

use super::file::{self, ConfigError};
use crate::factor::{EmissionFactor, FactorBook, Scope};
use crate::unit::Uom;

/// The factor book, and the grid series that gives the hours of a year their shape.
#[derive(Clone, Debug, Default)]
pub struct FactorMapping {
    /// Every factor row.
    pub book: FactorBook,
    /// Path of the hourly grid intensity, from the folder of the mapping.
    pub grid_series: Option<String>,
    /// Path of the hourly day-ahead price, from the folder of the mapping.
    pub price_series: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    grid_series: Option<String>,
    #[serde(default)]
    price_series: Option<String>,
    factor: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
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
    primary: bool,
}

fn not_applicable() -> String {
    "n/a".to_owned()
}

/// Loads the mapping.
///
/// # Errors
///
/// [`ConfigError`] with the place of an unknown unit, a value that is no decimal, a day that does
/// not exist, a missing validity, a period that ends before it begins, or an id given twice.
pub fn load(path: &Path) -> Result<FactorMapping, ConfigError> {
    let text = file::read(path)?;
    parse(path, &text)
}

/// Reads the mapping from `text`, which stands in `path`.
///
/// # Errors
///
/// As [`load`].
pub fn parse(path: &Path, text: &str) -> Result<FactorMapping, ConfigError> {
    let document: Document = file::parse(path, text)?;
    let mut rows: Vec<EmissionFactor> = Vec::with_capacity(document.factor.len());
    for row in document.factor {
        let id_at = row.id.span().start;
        let row = checked(path, text, row)?;
        if rows.iter().any(|earlier| earlier.id == row.id) {
            return Err(file::at(path, text, id_at, format!("factor {} is given twice", row.id)));
        }
        rows.push(row);
    }
    Ok(FactorMapping {
        book: FactorBook::new(rows),
        grid_series: document.grid_series,
        price_series: document.price_series,
    })
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
    Ok(EmissionFactor {
        kg_co2e_per_unit: decimal(&row.kg_co2e_per_unit)?,
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
        parse(Path::new("factors.toml"), text).unwrap_err().to_string()
    }

    #[test]
    fn a_complete_row_loads() {
        let mapping = parse(Path::new("factors.toml"), ROW).unwrap();

        assert_eq!(mapping.book.rows()[0].kg_co2e_per_unit, Decimal::new(468, 3));
    }

    #[test]
    fn an_unknown_unit_is_named_with_its_line() {
        assert!(refusal(&ROW.replace("KWH", "KWHX")).starts_with("factors.toml:5:8: unit 'KWHX'"));
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
