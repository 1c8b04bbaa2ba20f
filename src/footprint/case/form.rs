//! The form of a case, read strictly: a field that is not understood is an error, not a silence.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{CaseError, CaseProblem, place};

/// A case as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Form {
    pub id: String,
    /// What the case is about, for people.
    #[serde(default, rename = "what")]
    _what: IgnoredAny,
    #[serde(default, rename = "note")]
    _note: IgnoredAny,
    /// GWP set; AR6 if none is named.
    pub gwp: Option<String>,
    pub factors: BTreeMap<String, Factor>,
    pub nodes: Vec<Node>,
    /// How the expected values were made, for people.
    #[serde(default, rename = "verification")]
    _verification: IgnoredAny,
    /// Columns of the expected values of a large case.
    pub expected_columns: Option<Vec<String>>,
    /// Never looked at: a result must not know what is expected.
    #[serde(default, rename = "expected")]
    _expected: IgnoredAny,
}

/// Emissions per unit of an activity.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Factor {
    pub kgco2e: Option<f64>,
    /// kg of each gas per unit.
    pub gases: Option<BTreeMap<String, f64>>,
    /// GWP set that `kgco2e` was made with.
    pub gwp: Option<String>,
    pub cat: String,
    pub unit: Option<String>,
    #[serde(default)]
    pub primary: bool,
}

/// A product, and how one unit of it is made.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Node {
    pub id: String,
    pub unit: Option<String>,
    /// The lines of the node are for this many units.
    pub lot: Option<f64>,
    #[serde(default)]
    pub inputs: Vec<Input>,
    #[serde(default)]
    pub activity: Vec<Activity>,
    #[serde(default)]
    pub direct: Vec<Direct>,
    #[serde(default)]
    pub ops: Vec<Operation>,
    pub allocation: Option<String>,
    #[serde(default)]
    pub coproducts: Vec<CoProduct>,
}

/// A routing operation; its quantities are per unit that enters it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Operation {
    pub op: String,
    #[serde(rename = "yield")]
    pub yielded: f64,
    #[serde(default)]
    pub inputs: Vec<Input>,
    #[serde(default)]
    pub activity: Vec<Activity>,
    #[serde(default)]
    pub direct: Vec<Direct>,
}

/// A component.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    pub node: String,
    pub qty: f64,
    /// Component scrap.
    #[serde(default)]
    pub scrap_pct: f64,
    /// Units of the input for one unit of `qty`.
    pub unit_factor: Option<f64>,
}

/// An activity with a factor.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Activity {
    pub factor: String,
    pub qty: f64,
    pub unit_factor: Option<f64>,
    /// Category in the place of the factor's.
    pub cat: Option<String>,
    /// Whether it is primary data, in the place of what the factor says.
    pub primary: Option<bool>,
}

/// A gas that leaves a stack.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Direct {
    pub gas: String,
    pub kg: f64,
    pub cat: Option<String>,
    pub primary: Option<bool>,
}

/// What a process makes, the node's own product among them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CoProduct {
    pub product: String,
    pub qty: f64,
    pub mass_per_unit: Option<f64>,
    pub energy_per_unit: Option<f64>,
    pub price: Option<f64>,
    /// Share of the burden where the allocation is `shares`.
    pub share: Option<f64>,
    /// Node whose production it makes unnecessary.
    pub avoids: Option<String>,
}

impl Form {
    /// Reads a case.
    pub(super) fn read(text: &str) -> Result<Self, CaseError> {
        let mut json = serde_json::Deserializer::from_str(text);
        let form = serde_path_to_error::deserialize(&mut json);
        let form: Self = form.map_err(|error| {
            let path = error.path().to_string();
            problem(text, &path, &error.into_inner())
        })?;
        json.end().map_err(|error| problem(text, "", &error))?;
        Ok(form)
    }
}

/// What a parser's error means, and at which object.
fn problem(text: &str, path: &str, error: &serde_json::Error) -> CaseError {
    let message = error.to_string();
    let kind = if is_no_number(text, offset(text, error.line(), error.column()))
        || message.starts_with("number out of range")
    {
        CaseProblem::NotFinite
    } else if message.starts_with("unknown field") {
        CaseProblem::UnknownField
    } else if message.starts_with("missing field") {
        CaseProblem::MissingField
    } else if message.starts_with("duplicate field") {
        CaseProblem::Duplicate
    } else {
        CaseProblem::NotReadable
    };
    let object = place::object(text, path);
    let message = match kind {
        CaseProblem::NotFinite => {
            format!("NaN, infinite and larger numbers cannot be calculated with: {message}")
        }
        _ => message,
    };
    CaseError::new(kind, object, message)
}

/// The byte at a line and column of `text`.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let mut offset = (before + column).min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

/// Whether a number that JSON does not have stands there, as some writers put it.
fn is_no_number(text: &str, place: usize) -> bool {
    let near = text[..place].rfind([':', ',', '[']).map_or(0, |at| at + 1);
    let value = text[near..].trim_start();
    ["NaN", "nan", "Infinity", "-Infinity", "inf", "-inf", "-nan", "-NaN"]
        .iter()
        .any(|word| value.starts_with(word))
}
