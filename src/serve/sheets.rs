//! Every table of the page by name.

mod carbon;
mod factor;
mod finding;
mod journal;
mod meter;
mod plan;
mod reading;

use std::sync::Arc;

use super::plant::Plant;
use super::problem::Problem;
use crate::present::sheet::Sheet;
use crate::report::table;
use crate::said;
use crate::said::List;
use crate::store::Store;

/// Names of the tables.
pub const NAMES: &[&str] = &[
    "budgets",
    "inventory",
    "products",
    "footprint-snapshots",
    "postings",
    "posting-materials",
    "energy",
    "flows",
    "energy-hours",
    "energy-days",
    "meter-tree",
    "equipment-days",
    "media",
    "findings",
    "corrections",
    "right-readings",
    "factors",
    "factor-versions",
    "factor-differences",
    "factor-effects",
    "plans",
    "plan-orders",
    "plan-operations",
    "plan-shifts",
    "plan-reasons",
    "plan-choices",
    "plan-likelihood",
    "planned-orders",
    "change-sets",
    "requests",
];

/// A table. `of` is the plan of those whose name begins with `plan-`, the version of those that begin
/// with `factor-`, and the findings of `right-readings`, separated by commas.
///
/// # Errors
///
/// [`Problem`] if there is no such table, or nothing to fill it with yet.
pub fn sheet(plant: &Arc<Plant>, name: &str, of: Option<&str>) -> Result<Sheet, Problem> {
    let store = || -> Result<Store, Problem> {
        let config = plant.config();
        Ok(Store::open(&config.path(&config.settings.post.directory))?)
    };
    let of_it = |what| {
        of.ok_or_else(|| {
            Problem::invalid(said!(
                "table.of",
                "{name} needs of=<{what}>",
                name = name,
                what = what
            ))
        })
    };
    let of_plan = || of_it("plan");
    Ok(match name {
        "budgets" => table::budgets(&plant.view()?.organisation.budgets),
        "inventory" => carbon::inventory(&*plant.view()?),
        "products" => table::products(&plant.view()?.products),
        "footprint-snapshots" => carbon::snapshots(&store()?)?,
        "postings" => carbon::postings(&store()?, &plant.journal())?,
        "posting-materials" => carbon::posting_materials(&store()?, &plant.journal())?,
        "energy" => reading::energy(&*plant.view()?),
        "flows" => carbon::flows(&*plant.view()?, &plant.config())?,
        "energy-hours" => reading::hours(&*plant.view()?, &plant.config().zone),
        "energy-days" => reading::days(&*plant.view()?, &plant.config().zone),
        "meter-tree" => meter::tree(&*plant.view()?),
        "equipment-days" => meter::days(&*plant.view()?, &plant.config().zone),
        "media" => meter::media(&*plant.view()?),
        "findings" => finding::findings(&*plant.view()?, &store()?)?,
        "corrections" => table::corrections(plant.view()?.judged.corrections.iter()),
        "right-readings" => {
            finding::right_readings(&*plant.view()?, &store()?, &plant.config(), of)?
        }
        "factors" => table::factors(plant.config().factors.book.rows().iter()),
        "factor-versions" => factor::versions_sheet(&plant.config())?,
        "factor-differences" => factor::differences_sheet(&plant.config(), of_it("version")?)?,
        "factor-effects" => {
            let (view, config) = (plant.view()?, plant.config());
            factor::effects_sheet(&view, &store()?, &config, of_it("version")?)?
        }
        "plans" => plan::plans(&store()?, &plant.journal())?,
        "plan-orders" => plan::orders(&store()?, of_plan()?, &plant.config())?,
        "plan-operations" => plan::operations(&store()?, of_plan()?, &plant.config())?,
        "plan-shifts" => plan::shifts(&store()?, of_plan()?, &plant.config())?,
        "plan-reasons" => plan::reasons(&store()?, of_plan()?)?,
        "plan-choices" => plan::choices(&store()?, of_plan()?)?,
        "plan-likelihood" => plan::likelihood(&store()?, of_plan()?)?,
        "planned-orders" => plan::planned_orders(&*plant.view()?),
        "change-sets" => journal::change_sets(&plant.journal()),
        "requests" => journal::requests(&plant.journal()),
        _ => {
            let text = said!(
                "table.unknown",
                "there is no table {name}; there are {names}",
                name = name,
                names = List::from_iter(NAMES)
            );
            return Err(Problem::not_found(text));
        }
    })
}
