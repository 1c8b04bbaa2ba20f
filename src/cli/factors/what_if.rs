//! What a version of the factor database would do to the last quarter.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::Serialize;

use super::super::connect::Session;
use super::super::{CliError, Context};
use crate::config::factors::{self, Reading};
use crate::cycle::{Facts, Judged, footprints};
use crate::factor::package::FactorDatabase;
use crate::period::PostingPeriod;
use crate::present::figure;
use crate::present::table::{Align, Table};

/// A figure before and after.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Effect {
    /// `inventory` or `product`.
    kind: &'static str,
    /// Month and scope, or material and production version.
    what: String,
    /// kg CO₂e now.
    before_kg: Decimal,
    /// kg CO₂e with the other version.
    after_kg: Decimal,
    /// Change in percent.
    percent: Option<f64>,
}

/// The inventory of the three months up to the last one that is metered whole, by scope, and the
/// footprint of each product, with the factors in use and with those of `database`.
pub(super) async fn last_quarter(
    session: &Session,
    database: FactorDatabase,
    context: &Context,
) -> Result<Vec<Effect>, CliError> {
    let (_, facts) = session.facts(false, context).await?;
    let mut other = session.config.clone();
    let reading = Reading { database: Some(database), ..Reading::default() };
    other.factors = factors::load_as(&session.config.mapping("factors.toml"), reading)?;
    let now = session.judge(&facts, None)?;
    let mut effects = Vec::new();
    let mut period = Some(now.period);
    for _ in 0..3 {
        let Some(month) = period else { break };
        let judged =
            |config| crate::cycle::judge(&facts, config, Some(month), jiff::Timestamp::now());
        // A month that is not metered whole has no inventory to compare.
        let (Ok(before), Ok(after)) = (judged(&session.config), judged(&other)) else { break };
        effects.extend(inventories(month, &before, &after));
        period = month.first_day().yesterday().ok().map(PostingPeriod::of);
    }
    effects.extend(products(&facts, session, &other, &now)?);
    Ok(effects)
}

fn effect(kind: &'static str, what: String, before_kg: Decimal, after_kg: Decimal) -> Effect {
    let percent = (!before_kg.is_zero())
        .then(|| ((after_kg - before_kg) / before_kg * Decimal::ONE_HUNDRED).round_dp(3).to_f64())
        .flatten();
    Effect { kind, what, before_kg, after_kg, percent }
}

fn inventories(month: PostingPeriod, before: &Judged, after: &Judged) -> Vec<Effect> {
    let total = |judged: &Judged, scope| -> Decimal {
        let lines = judged.inventory.lines.iter().filter(|line| line.scope == scope);
        lines.map(|line| line.emissions.to_emissions().amount()).sum()
    };
    crate::factor::Scope::ALL
        .into_iter()
        .map(|scope| (scope, total(before, scope), total(after, scope)))
        .filter(|(_, old, new)| !(old.is_zero() && new.is_zero()))
        .map(|(scope, old, new)| effect("inventory", format!("{month} {}", scope.name()), old, new))
        .collect()
}

fn products(
    facts: &Facts,
    session: &Session,
    other: &crate::config::Config,
    now: &Judged,
) -> Result<Vec<Effect>, CliError> {
    let judged = crate::cycle::judge(facts, other, Some(now.period), jiff::Timestamp::now())?;
    let before = footprints(facts, now, &session.config)?;
    let after = footprints(facts, &judged, other)?;
    let pairs = before.iter().filter_map(|old| {
        let same = |new: &&crate::footprint::ProductFootprint| {
            new.material == old.material && new.production_version == old.production_version
        };
        let new = after.iter().find(same)?;
        let what = format!("{} {} per {}", old.material, old.production_version, old.unit);
        Some(effect("product", what, old.total().amount(), new.total().amount()))
    });
    Ok(pairs.collect())
}

pub(super) fn print(effects: &[Effect]) {
    println!("What it would do to the last quarter:");
    let mut table = Table::new(&[
        ("", Align::Left),
        ("", Align::Left),
        ("kg CO2e now", Align::Right),
        ("kg CO2e then", Align::Right),
        ("change", Align::Right),
    ]);
    for effect in effects {
        table.row([
            effect.kind.to_owned(),
            effect.what.clone(),
            figure::decimal(effect.before_kg, 3),
            figure::decimal(effect.after_kg, 3),
            effect.percent.map(|percent| format!("{percent:+.2} %")).unwrap_or_default(),
        ]);
    }
    print!("{table}");
}
