//! Tables of carbon: budgets, inventory, products, postings.

use crate::config::Config;
use crate::cycle::{self, FootprintSnapshot, PostingRun};
use crate::footprint::organisation::iso_name;
use crate::footprint::product::Place;
use crate::post::journal::SapNumber;
use crate::present::sheet::{Column, Sheet};
use crate::quantity::Milligrams;
use crate::report::table::kg;
use crate::serve::metrics::phase_name;
use crate::serve::plant::JournalView;
use crate::serve::problem::Problem;
use crate::serve::view::View;
use crate::store::{Kind, Store};

/// Snapshots of footprints that are shown: a month of hours.
const SNAPSHOTS_MAX: usize = 744;

fn maybe(amount: Option<Milligrams>) -> String {
    amount.map_or_else(String::new, kg)
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

/// The flows of energy and emissions of the month, from purchase to product.
pub(super) fn flows(view: &View, config: &Config) -> Result<Sheet, Problem> {
    let mut sheet = Sheet::new(
        "flows",
        vec![
            Column::key("from_kind"),
            Column::text("from"),
            Column::key("to_kind"),
            Column::text("to"),
            Column::number("energy", "kWh", 1),
            Column::number("carbon", "kgCO2e", 3),
        ],
    );
    let named = |place: &Place| match place {
        Place::Source(scope) => ["source".to_owned(), scope.name().to_owned()],
        Place::WorkCenter(center) => ["work_center".to_owned(), center.to_string()],
        Place::Material(material) => ["material".to_owned(), material.to_string()],
    };
    for flow in cycle::flows(&view.facts, &view.judged, config)? {
        let ([from_kind, from], [to_kind, to]) = (named(&flow.from), named(&flow.to));
        let (energy, carbon) = (flow.energy_kwh.round_dp(6), flow.emissions.amount().round_dp(6));
        sheet.row(vec![from_kind, from, to_kind, to, energy.to_string(), carbon.to_string()]);
    }
    Ok(sheet)
}

/// Footprints as they stood, the newest first.
pub(super) fn snapshots(store: &Store) -> Result<Sheet, Problem> {
    let mut sheet = Sheet::new(
        "footprint-snapshots",
        vec![
            Column::instant("made"),
            Column::text("period"),
            Column::text("material"),
            Column::text("production_version"),
            Column::number("footprint", "kgCO2e", 3),
            Column::text("unit"),
            Column::key("value_state"),
            Column::text("evidence"),
        ],
    );
    for (_, _, then) in store.newest::<FootprintSnapshot>(Kind::Footprints, SNAPSHOTS_MAX)? {
        for product in then.products {
            sheet.row(vec![
                then.taken_at.to_string(),
                then.period.to_string(),
                product.material.to_string(),
                product.production_version.to_string(),
                product.per_unit.amount().to_string(),
                product.unit.to_string(),
                product.state.map_or_else(String::new, |state| state.to_string()),
                then.facts.clone(),
            ]);
        }
    }
    Ok(sheet)
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

/// The materials behind every carbon posting, the newest first. Its lines by cost center, scope and value
/// state are the sums of these, cut to whole grams; of a correction the ledger knows the difference by
/// material alone. Without a material it is the plant's overhead.
pub(super) fn posting_materials(store: &Store, journal: &JournalView) -> Result<Sheet, Problem> {
    let mut sheet = Sheet::new(
        "posting-materials",
        vec![
            Column::text("period"),
            Column::text("change_set"),
            Column::key("phase"),
            Column::text("material"),
            Column::text("cost_center"),
            Column::text("scope"),
            Column::key("value_state"),
            Column::number("carbon", "kgCO2e", 6),
        ],
    );
    for posted in journal.carbon.iter().rev() {
        let (_, _, run): (_, _, PostingRun) = store.get(Kind::PostingRun, &posted.plan_hash)?;
        for (of, carbon) in run.carried() {
            let text = |one: Option<String>| one.unwrap_or_default();
            sheet.row(vec![
                run.period.to_string(),
                posted.change_set_id.to_string(),
                phase_name(posted.phase),
                text(of.material.map(|material| material.to_string())),
                text(of.cost_center.map(|cost_center| cost_center.to_string())),
                text(of.scope.map(|scope| scope.name().to_owned())),
                text(of.state.map(|state| state.to_string())),
                kg(carbon),
            ]);
        }
    }
    Ok(sheet)
}
