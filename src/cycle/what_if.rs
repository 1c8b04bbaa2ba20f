//! What another version of the factor database would do to the last quarter.

use jiff::Timestamp;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::Serialize;

use super::{CycleError, Facts, Judged, footprints, judge};
use crate::config::Config;
use crate::config::factors::{self, Reading};
use crate::factor::package::FactorDatabase;
use crate::period::PostingPeriod;

/// A figure before and after.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Effect {
    /// `inventory` or `product`.
    pub kind: &'static str,
    /// Month and scope, or material and production version.
    pub what: String,
    /// kg CO₂e now.
    pub before_kg: Decimal,
    /// kg CO₂e with the other version.
    pub after_kg: Decimal,
    /// Change in percent.
    pub percent: Option<f64>,
}

/// The inventory of the three months up to the last one that is metered whole, by scope, and the
/// footprint of each product, with the factors in use and with those of `database`.
///
/// # Errors
///
/// [`CycleError`] if the mapping does not fit the database, or the facts cannot be judged by it.
pub fn last_quarter(
    facts: &Facts,
    config: &Config,
    database: FactorDatabase,
) -> Result<Vec<Effect>, CycleError> {
    let mut other = config.clone();
    let reading = Reading { database: Some(database), ..Reading::default() };
    other.factors = factors::load_as(&config.mapping("factors.toml"), reading)?;
    let now = judge(facts, config, None, Timestamp::now())?;
    let mut effects = Vec::new();
    let mut period = Some(now.period);
    for _ in 0..3 {
        let Some(month) = period else { break };
        let judged = |config| judge(facts, config, Some(month), Timestamp::now());
        // A month that is not metered whole has no inventory to compare.
        let (Ok(before), Ok(after)) = (judged(config), judged(&other)) else { break };
        effects.extend(inventories(month, &before, &after));
        period = month.first_day().yesterday().ok().map(PostingPeriod::of);
    }
    effects.extend(products(facts, config, &other, &now)?);
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
    config: &Config,
    other: &Config,
    now: &Judged,
) -> Result<Vec<Effect>, CycleError> {
    let judged = judge(facts, other, Some(now.period), Timestamp::now())?;
    let before = footprints(facts, now, config)?;
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
