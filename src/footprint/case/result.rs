//! The solved case in the form in which cases state what they expect.

use serde_json::{Map, Value, json};

use super::build::Build;
use super::form::Form;
use crate::footprint::system::Columns;

/// The footprint of every node.
#[derive(Clone, Debug, PartialEq)]
pub struct CaseResult {
    id: String,
    expected: Map<String, Value>,
}

impl CaseResult {
    pub(super) fn new(form: &Form, build: &Build<'_>, solved: &Columns, credited: &[bool]) -> Self {
        let mut expected = Map::with_capacity(build.names.len());
        for (product, name) in build.names.iter().enumerate() {
            let row = solved.row(product);
            let value = match &form.expected_columns {
                Some(columns) => in_columns(columns, &build.categories, row),
                None => by_name(&build.categories, row, credited[product]),
            };
            expected.insert((*name).to_owned(), value);
        }
        Self { id: form.id.clone(), expected }
    }

    /// Name of the case.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Footprints by node: kg CO₂e per unit in all and by category, and the primary data share in
    /// percent, `null` where credits make a share meaningless. A case with `expected_columns` gets
    /// those columns.
    pub fn expected(&self) -> &Map<String, Value> {
        &self.expected
    }
}

fn total(categories: &[&str], row: &[f64]) -> f64 {
    row[..categories.len()].iter().sum()
}

fn by_name(categories: &[&str], row: &[f64], credited: bool) -> Value {
    let by_category: Map<String, Value> = categories
        .iter()
        .zip(row)
        .filter(|(_, kg)| **kg != 0.0)
        .map(|(category, kg)| ((*category).to_owned(), json!(kg)))
        .collect();
    let total = total(categories, row);
    // PACT, 3.3.2: with credits a share of the net total means nothing; so does one of nothing.
    let share = (!credited && total != 0.0).then(|| 100.0 * row[categories.len()] / total);
    json!({
        "pcf_kgco2e_per_unit": total,
        "by_category": by_category,
        "primary_data_share_pct": share,
    })
}

fn in_columns(columns: &[String], categories: &[&str], row: &[f64]) -> Value {
    let value = |column: &String| match column.as_str() {
        "primary_kg" => row[categories.len()],
        name => match categories.iter().position(|category| *category == name) {
            Some(at) => row[at],
            None if name.starts_with('s') => 0.0,
            None => total(categories, row),
        },
    };
    columns.iter().map(|column| json!(value(column))).collect()
}
