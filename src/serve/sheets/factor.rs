//! Tables of the factor database: its versions, what differs, and what a version that is only offered
//! would do to the last quarter.

use rust_decimal::Decimal;

use crate::config::Config;
use crate::config::factor_package::{self, Signature};
use crate::cycle::{last_quarter, with_decisions};
use crate::factor::difference::{Difference, differences};
use crate::factor::package::{FactorDatabase, Package, PackageRow, Severity};
use crate::present::sheet::{Column, Sheet};
use crate::said;
use crate::serve::problem::Problem;
use crate::serve::view::View;
use crate::store::{Store, hex};

/// Folder beside the mappings for versions that somebody offers. They are looked at, never used.
const OFFERED: &str = "factors-offered";

/// A version and whether it is in use.
struct Version {
    package: Package,
    offered: bool,
    signed: String,
    problems: usize,
}

/// Every version: first those in use, oldest first, then those that are offered.
fn versions(config: &Config) -> Result<Vec<Version>, Problem> {
    let mut found = Vec::new();
    for (folder, offered) in [("factors", false), (OFFERED, true)] {
        for folder in factor_package::folders(&config.mapping(folder)) {
            let package = factor_package::load(&folder).map_err(|error| {
                Problem::invalid(said!(
                    "factor.version.bad",
                    "{error}. The version is not shown",
                    error = error
                ))
            })?;
            let trusted = &config.factors.trusted_keys;
            let signed = match factor_package::signature(&folder, &package, trusted) {
                Ok(Signature::By(key)) => key,
                Ok(Signature::None) => "-".to_owned(),
                Err(error) => error.to_string(),
            };
            let bad =
                |problem: &&crate::factor::package::Problem| problem.severity != Severity::Note;
            let problems = package.problems().iter().filter(bad).count();
            found.push(Version { package, offered, signed, problems });
        }
    }
    Ok(found)
}

/// The version `of`, with the one before it.
fn pair(config: &Config, of: &str) -> Result<(Package, Package), Problem> {
    let mut before = None;
    for version in versions(config)? {
        if version.package.id == of {
            let before = before.ok_or_else(|| {
                Problem::not_found(said!(
                    "factor.version.first",
                    "there is no version before {version} to compare it with",
                    version = of
                ))
            })?;
            return Ok((before, version.package));
        }
        // What is offered is compared with what is in use, not with another offer.
        if !version.offered {
            before = Some(version.package);
        }
    }
    Err(Problem::not_found(said!(
        "factor.version.unknown",
        "there is no version {version} of the factor database",
        version = of
    )))
}

/// Versions of the factor database, in use and offered.
pub(super) fn versions_sheet(config: &Config) -> Result<Sheet, Problem> {
    let mut sheet = Sheet::new(
        "factor-versions",
        vec![
            Column::text("version"),
            Column::key("use"),
            Column::text("known_since"),
            Column::number("count", "", 0),
            Column::number("problems", "", 0),
            Column::text("signed_by"),
            Column::text("hash"),
        ],
    );
    for version in versions(config)? {
        sheet.row(vec![
            version.package.id,
            if version.offered { "offered" } else { "in_use" }.to_owned(),
            version.package.known_since.to_string(),
            version.package.rows.len().to_string(),
            version.problems.to_string(),
            version.signed,
            hex(&version.package.hash),
        ]);
    }
    Ok(sheet)
}

/// What differs in version `of` from the one before it.
pub(super) fn differences_sheet(config: &Config, of: &str) -> Result<Sheet, Problem> {
    let (before, after) = pair(config, of)?;
    let set = config.factors.gwp_set;
    let mut sheet = Sheet::new(
        "factor-differences",
        vec![
            Column::text("factor"),
            Column::key("change"),
            Column::number("before", "kgCO2e", 6),
            Column::number("after", "kgCO2e", 6),
            Column::number("percent", "%", 2),
            Column::text("fields"),
        ],
    );
    let value = |package: &Package, row: &PackageRow| {
        row.value(&package.gwp, set).map_or_else(|_| String::new(), |kg| kg.normalize().to_string())
    };
    for difference in differences(&before, &after, set) {
        let id = difference.id().to_owned();
        let cells = match &difference {
            Difference::Added(row) => ["added".to_owned(), String::new(), value(&after, row)],
            Difference::Withdrawn(row) => {
                ["withdrawn".to_owned(), value(&before, row), String::new()]
            }
            Difference::Changed { before: old, after: new, .. } => {
                ["changed".to_owned(), value(&before, old), value(&after, new)]
            }
        };
        let (percent, fields) = match &difference {
            Difference::Changed { percent, fields, .. } => (*percent, fields.join(", ")),
            _ => (None, String::new()),
        };
        let [change, old, new] = cells;
        let percent = percent.map_or_else(String::new, |percent: Decimal| percent.to_string());
        sheet.row(vec![id, change, old, new, percent, fields]);
    }
    Ok(sheet)
}

/// What version `of` does to the last quarter.
pub(super) fn effects_sheet(
    view: &View,
    store: &Store,
    config: &Config,
    of: &str,
) -> Result<Sheet, Problem> {
    let (_, after) = pair(config, of)?;
    let mut with: Vec<Package> = config.factors.database.packages().to_vec();
    with.retain(|package| package.id != after.id);
    with.push(after);
    let config = with_decisions(config, store)?;
    let effects = last_quarter(&view.facts, &config, FactorDatabase::new(with))?;
    let mut sheet = Sheet::new(
        "factor-effects",
        vec![
            Column::key("kind"),
            Column::text("what"),
            Column::number("before", "kgCO2e", 3),
            Column::number("after", "kgCO2e", 3),
            Column::number("percent", "%", 3),
        ],
    );
    for effect in effects {
        sheet.row(vec![
            effect.kind.to_owned(),
            effect.what,
            effect.before_kg.round_dp(6).to_string(),
            effect.after_kg.round_dp(6).to_string(),
            effect.percent.map_or_else(String::new, |percent| percent.to_string()),
        ]);
    }
    Ok(sheet)
}
