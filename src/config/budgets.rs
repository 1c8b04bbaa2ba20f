//! `mappings/budgets.toml`: what the plant may emit, quarter by quarter. A plant without budgets has
//! no such file.

use std::path::Path;

use rust_decimal::Decimal;
use serde::Deserialize;

use super::file::{self, ConfigError};
use crate::footprint::budget::{Budget, Quarter};
use crate::quantity::{Emissions, Milligrams};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    budget: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    quarter: Quarter,
    scopes: Vec<u8>,
    budget_t: Decimal,
    target_t: Decimal,
    approved_by: String,
}

/// Loads the mapping, in the order of quarters; without a file there are no budgets.
///
/// # Errors
///
/// [`ConfigError`] with the place of a quarter that is given twice, a scope that does not exist, or
/// an amount that is negative or beyond the range of the ledger.
pub fn load(path: &Path) -> Result<Vec<Budget>, ConfigError> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let document: Document = file::load(path)?;
    let wrong = |key: &str, reason: String| file::at_key(path, key, reason);
    let mut budgets: Vec<Budget> = Vec::new();
    for row in document.budget {
        let quarter = row.quarter;
        if budgets.iter().any(|earlier| earlier.quarter == quarter) {
            return Err(wrong("quarter", format!("{quarter} is given twice")));
        }
        if row.scopes.is_empty() || row.scopes.iter().any(|scope| !(1..=3).contains(scope)) {
            return Err(wrong("scopes", format!("{quarter}: scopes are 1, 2 and 3")));
        }
        let amount = |key: &str, tonnes: Decimal| {
            let kg = tonnes.checked_mul(Decimal::ONE_THOUSAND);
            let mg = kg.filter(|kg| *kg >= Decimal::ZERO).map(Emissions::new);
            mg.and_then(Milligrams::nearest)
                .ok_or_else(|| wrong(key, format!("{quarter}: {tonnes} t cannot be a budget")))
        };
        budgets.push(Budget {
            quarter,
            budget: amount("budget_t", row.budget_t)?,
            target: amount("target_t", row.target_t)?,
            scopes: row.scopes,
            approved_by: row.approved_by,
        });
    }
    budgets.sort_by_key(|budget| budget.quarter);
    Ok(budgets)
}
