//! Tables that a report and the page show alike.

use rust_decimal::Decimal;

use crate::check::method_said;
use crate::check::{Correction, Finding};
use crate::factor::EmissionFactor;
use crate::footprint::ProductFootprint;
use crate::footprint::budget::BudgetStatus;
use crate::present::sheet::{Column, Sheet};
use crate::quantity::Milligrams;
use crate::value_state::ValueState;

/// kgCO2e as a decimal text.
pub fn kg(amount: Milligrams) -> String {
    amount.to_emissions().amount().to_string()
}

fn shown<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

/// Footprints of finished products, for one base unit.
pub fn products(products: &[ProductFootprint]) -> Sheet {
    let mut sheet = Sheet::new(
        "products",
        vec![
            Column::text("material"),
            Column::text("production_version"),
            Column::text("unit"),
            Column::number("footprint", "kgCO2e", 3),
            Column::key("value_state"),
            Column::number("measured", "%", 1),
            Column::number("terms", "", 0),
        ],
    );
    for product in products {
        let weakest = product.contributions.iter().map(|term| term.state).max();
        let measured = product.value_state_shares().get(&ValueState::Measured).copied();
        let measured = (measured.unwrap_or_default() * Decimal::ONE_HUNDRED).round_dp(1);
        sheet.row(vec![
            product.material.to_string(),
            product.production_version.to_string(),
            product.unit.to_string(),
            product.total().amount().to_string(),
            shown(weakest),
            measured.to_string(),
            product.contributions.len().to_string(),
        ]);
    }
    sheet
}

/// Factor rows with where they come from.
pub fn factors<'a>(rows: impl Iterator<Item = &'a EmissionFactor>) -> Sheet {
    let mut sheet = Sheet::new(
        "factors",
        vec![
            Column::text("factor"),
            Column::text("activity"),
            Column::text("supplier"),
            Column::number("value", "kgCO2e", 6),
            Column::text("per"),
            Column::text("region"),
            Column::text("valid_from"),
            Column::text("valid_to"),
            Column::number("uncertainty", "%", 1),
            Column::text("version"),
            Column::text("confidence"),
            Column::text("source"),
            Column::text("licence"),
        ],
    );
    for row in rows {
        sheet.row(vec![
            row.id.clone(),
            row.activity.clone(),
            row.supplier.clone().unwrap_or_default(),
            row.kg_co2e_per_unit.to_string(),
            row.unit.to_string(),
            row.region.clone(),
            row.valid_from.to_string(),
            shown(row.valid_to),
            shown(row.uncertainty_percent),
            shown(row.origin.as_ref().map(|origin| &origin.package)),
            row.confidence.clone(),
            row.source.clone(),
            row.licence.clone(),
        ]);
    }
    sheet
}

/// What the rules found.
pub fn findings<'a>(findings: impl Iterator<Item = &'a Finding>) -> Sheet {
    let mut sheet = Sheet::new(
        "findings",
        vec![
            Column::text("rule"),
            Column::key("severity"),
            Column::text("subject"),
            Column::instant("from"),
            Column::instant("to"),
            Column::number("count", "", 0),
            Column::text("seen"),
            Column::text("proposal"),
        ],
    );
    for finding in findings {
        let severity = serde_json::to_value(finding.severity).unwrap_or_default();
        let (seen, proposal) = (sheet.cell(&finding.text), sheet.cell(&finding.proposal));
        sheet.row(vec![
            finding.rule.clone(),
            severity.as_str().unwrap_or_default().to_owned(),
            finding.subject.clone(),
            shown(finding.interval.map(|at| at.start)),
            shown(finding.interval.map(|at| at.end)),
            finding.count.to_string(),
            seen,
            proposal,
        ]);
    }
    sheet
}

/// Readings that a rule changed, before and after.
pub fn corrections<'a>(corrections: impl Iterator<Item = &'a Correction>) -> Sheet {
    let mut sheet = Sheet::new(
        "corrections",
        vec![
            Column::text("meter"),
            Column::text("rule"),
            Column::instant("interval_end"),
            Column::instant("stamp_before"),
            Column::number("energy_before", "kWh", 3),
            Column::number("energy_after", "kWh", 3),
            Column::number("error_of_method", "%", 1),
            Column::text("method"),
        ],
    );
    for one in corrections {
        let method = sheet.cell(&method_said(&one.method));
        sheet.row(vec![
            one.meter.as_ref().map_or_else(String::new, ToString::to_string),
            one.rule.clone(),
            one.interval_end.to_string(),
            one.old_stamp.to_string(),
            shown(one.old_kwh),
            shown(one.new_kwh),
            shown(one.error_percent),
            method,
        ]);
    }
    sheet
}

/// Quarters with a budget.
pub fn budgets(budgets: &[BudgetStatus]) -> Sheet {
    let kilograms = |key| Column::number(key, "kgCO2e", 0);
    let mut sheet = Sheet::new(
        "budgets",
        vec![
            Column::text("quarter"),
            Column::text("through"),
            kilograms("budget"),
            kilograms("target"),
            kilograms("emitted"),
            kilograms("left"),
            kilograms("projected"),
            kilograms("overshoot"),
            Column::text("used_up_on"),
            Column::text("approved_by"),
        ],
    );
    for status in budgets {
        sheet.row(vec![
            status.budget.quarter.to_string(),
            shown(status.through),
            kg(status.budget.budget),
            kg(status.budget.target),
            kg(status.emitted),
            kg(status.left),
            status.projected.map_or_else(String::new, kg),
            status.overshoot.map_or_else(String::new, kg),
            shown(status.used_up_on),
            status.budget.approved_by.clone(),
        ]);
    }
    sheet
}
