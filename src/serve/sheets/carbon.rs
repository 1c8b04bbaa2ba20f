//! Tables of carbon: budgets, inventory, products, postings.

use crate::cycle::PostingRun;
use crate::footprint::organisation::iso_name;
use crate::post::journal::SapNumber;
use crate::present::sheet::{Column, Sheet};
use crate::quantity::Milligrams;
use crate::serve::metrics::phase_name;
use crate::serve::plant::JournalView;
use crate::serve::problem::Problem;
use crate::serve::view::View;
use crate::store::{Kind, Store};

fn kg(amount: Milligrams) -> String {
    amount.to_emissions().amount().to_string()
}

fn maybe(amount: Option<Milligrams>) -> String {
    amount.map_or_else(String::new, kg)
}

/// Quarters with a budget.
pub(super) fn budgets(view: &View) -> Sheet {
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
    for status in &view.organisation.budgets {
        sheet.row(vec![
            status.budget.quarter.to_string(),
            status.through.map_or_else(String::new, |day| day.to_string()),
            kg(status.budget.budget),
            kg(status.budget.target),
            kg(status.emitted),
            kg(status.left),
            maybe(status.projected),
            maybe(status.overshoot),
            status.used_up_on.map_or_else(String::new, |day| day.to_string()),
            status.budget.approved_by.clone(),
        ]);
    }
    sheet
}

/// The inventory by month, category and source.
pub(super) fn inventory(view: &View) -> Sheet {
    let mut sheet = Sheet::new(
        "inventory",
        vec![
            Column::text("period"),
            Column::number("scope", "", 0),
            Column::text("category"),
            Column::text("cost_center"),
            Column::text("source"),
            Column::number("activity", "", 3),
            Column::text("unit"),
            Column::text("factor"),
            Column::key("value_state"),
            Column::number("location_based", "kgCO2e", 3),
            Column::number("market_based", "kgCO2e", 3),
        ],
    );
    for line in &view.organisation.inventory.lines {
        sheet.row(vec![
            line.period.to_string(),
            line.category.scope().to_string(),
            iso_name(line.category.iso()).to_owned(),
            line.cost_center.as_ref().map_or_else(String::new, ToString::to_string),
            line.source.clone(),
            line.activity.amount.to_string(),
            line.activity.unit.to_string(),
            line.factor.clone(),
            line.state.to_string(),
            kg(line.emissions),
            maybe(line.market_based),
        ]);
    }
    sheet
}

/// Footprints of finished products.
pub(super) fn products(view: &View) -> Sheet {
    let mut sheet = Sheet::new(
        "products",
        vec![
            Column::text("material"),
            Column::text("production_version"),
            Column::text("unit"),
            Column::number("footprint", "kgCO2e", 3),
            Column::key("value_state"),
            Column::number("terms", "", 0),
        ],
    );
    for product in &view.products {
        let weakest = product.contributions.iter().map(|term| term.state).max();
        sheet.row(vec![
            product.material.to_string(),
            product.production_version.to_string(),
            product.unit.to_string(),
            product.total().amount().to_string(),
            weakest.map_or_else(String::new, |state| state.to_string()),
            product.contributions.len().to_string(),
        ]);
    }
    sheet
}

/// Every line of every carbon posting with its SAP document, the newest first.
pub(super) fn postings(store: &Store, journal: &JournalView) -> Result<Sheet, Problem> {
    let mut sheet = Sheet::new(
        "postings",
        vec![
            Column::text("period"),
            Column::text("change_set"),
            Column::key("phase"),
            Column::text("document"),
            Column::text("reversed_by"),
            Column::text("account"),
            Column::text("cost_center"),
            Column::text("scope"),
            Column::key("value_state"),
            Column::number("carbon", "kgCO2e", 3),
            Column::number("amount", "", 2),
            Column::text("currency"),
            Column::text("evidence"),
        ],
    );
    for posted in journal.carbon.iter().rev() {
        let (key, _, run): (_, _, PostingRun) = store.get(Kind::PostingRun, &posted.plan_hash)?;
        let document = posted.number.as_ref().map_or_else(String::new, |number| match number {
            SapNumber::FiDocument(document) => document.number.to_string(),
            other => other.to_string(),
        });
        for line in &run.lines {
            sheet.row(vec![
                run.period.to_string(),
                posted.change_set_id.to_string(),
                phase_name(posted.phase),
                document.clone(),
                posted.reversal.as_ref().map_or_else(String::new, ToString::to_string),
                run.debit.to_string(),
                line.cost_center.to_string(),
                line.scope.name().to_owned(),
                line.state.to_string(),
                line.kilograms.to_string(),
                line.amount.amount.to_string(),
                line.amount.currency.clone(),
                key.clone(),
            ]);
        }
    }
    Ok(sheet)
}
