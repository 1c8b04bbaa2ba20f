//! A month that was posted and is calculated again. What differs is a posting run of its own, and
//! what was posted stays as it is.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::posting::way_to_products;
use super::{CycleError, PostedLine, PostingRun, is_carbon};
use crate::factor::{EmissionFactor, Scope};
use crate::id::{CompanyCode, CostCenter};
use crate::ledger::{Transaction, valued};
use crate::period::PostingPeriod;
use crate::post::journal::ChangeSet;
use crate::post::state::Phase;
use crate::quantity::Money;
use crate::said;
use crate::store::{Kind, Store};
use crate::value_state::ValueState;

/// What a correction corrects.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Corrects {
    /// Month whose emissions they are.
    pub period: PostingPeriod,
    /// Change sets that stood for it: its posting and earlier corrections, oldest first.
    pub change_sets: Vec<String>,
    /// What these posted together.
    pub posted: Vec<PostedLine>,
    /// Factor rows that differ.
    pub factors: Vec<ChangedFactor>,
    /// Differences on the way from the source to the products.
    pub chain: [Transaction; 3],
}

/// A factor row whose value is another one, or that one side alone used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedFactor {
    /// Row.
    pub id: String,
    /// kg CO₂e per unit as posted.
    pub posted: Option<Decimal>,
    /// The same as calculated now.
    pub now: Option<Decimal>,
}

impl std::fmt::Display for ChangedFactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let value = |value: Option<Decimal>| value.map_or_else(|| "-".into(), |v| v.to_string());
        write!(f, "{} {} -> {}", self.id, value(self.posted), value(self.now))
    }
}

/// A posting run that is in FI.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Its change set.
    pub change_set: String,
    /// What it rests on.
    pub run: PostingRun,
}

/// The posting and the corrections of a month that stand, in the order of the change sets.
///
/// # Errors
///
/// [`CycleError::Store`] if a posting run is not in the store.
pub fn standing(
    change_sets: &[ChangeSet],
    store: &Store,
    company_code: &CompanyCode,
    month: PostingPeriod,
) -> Result<Vec<Standing>, CycleError> {
    let mut standing = Vec::new();
    for set in change_sets {
        let Some(draft) = &set.draft else { continue };
        if !is_carbon(draft) || !matches!(set.state.phase, Phase::Open | Phase::Confirmed) {
            continue;
        }
        let (_, _, run): (_, _, PostingRun) = store.get(Kind::PostingRun, &draft.plan_hash)?;
        if run.company_code == *company_code && run.month() == month {
            standing.push(Standing { change_set: set.id.to_string(), run });
        }
    }
    Ok(standing)
}

type LineKey = (CostCenter, Scope, ValueState);

/// The run that turns what stands for a month into what is `calculated` for it now, posted into the
/// period `into`; `None` if nothing stands, or if no line differs by a gram.
///
/// Kilograms and money are differences line by line, at the price of the last posting: the price of
/// carbon is no factor.
///
/// # Errors
///
/// [`CycleError::Incomplete`] if the month emits nothing any more; that is a reversal.
pub fn correction_run(
    standing: &[Standing],
    calculated: PostingRun,
    into: PostingPeriod,
) -> Result<Option<PostingRun>, CycleError> {
    let Some(last) = standing.last().map(|last| &last.run) else { return Ok(None) };
    let mut posted: BTreeMap<LineKey, (Decimal, Decimal)> = BTreeMap::new();
    for line in standing.iter().flat_map(|standing| &standing.run.lines) {
        let (kilograms, amount) = posted.entry(key(line)).or_default();
        *kilograms += line.kilograms;
        *amount += line.amount.amount;
    }
    let line = |(key, (kilograms, amount)): (&LineKey, &(Decimal, Decimal))| PostedLine {
        cost_center: key.0.clone(),
        scope: key.1,
        state: key.2,
        kilograms: *kilograms,
        amount: Money { amount: *amount, currency: last.price_per_tonne.currency.clone() },
    };
    let before: Vec<PostedLine> = posted.iter().map(line).collect();
    let kilograms: Vec<Decimal> = calculated.lines.iter().map(|line| line.kilograms).collect();
    let amounts = valued(&kilograms, last.price_per_tonne.amount).ok_or_else(|| {
        let month = calculated.period;
        CycleError::Incomplete(said!(
            "correction.nothing",
            "{month} emits nothing any more; take its document back with carbide undo or FB08",
            month = month
        ))
    })?;
    let mut differences: BTreeMap<LineKey, (Decimal, Decimal)> =
        posted.into_iter().map(|(key, (kilograms, amount))| (key, (-kilograms, -amount))).collect();
    for (line, amount) in calculated.lines.iter().zip(amounts) {
        let (kilograms, money) = differences.entry(key(line)).or_default();
        *kilograms += line.kilograms;
        *money += amount;
    }
    differences.retain(|_, (kilograms, amount)| !kilograms.is_zero() || !amount.is_zero());
    if differences.is_empty() {
        return Ok(None);
    }
    let nothing = Transaction {
        company_code: calculated.company_code.clone(),
        period: into,
        entries: Vec::new(),
    };
    // What stands together, turned into what is calculated.
    let turned = |stands: Vec<Transaction>, now: Transaction| {
        let entries = stands.into_iter().flat_map(|one| one.entries).collect();
        let stands = Transaction { entries, ..nothing.clone() };
        let turned = stands.correction(&Transaction { period: into, ..now });
        turned.unwrap_or_else(|| nothing.clone())
    };
    let ways: Vec<[Transaction; 3]> =
        standing.iter().map(|standing| way_to_products(&standing.run)).collect();
    let now = way_to_products(&calculated);
    let mut step = 0;
    let chain = now.map(|now| {
        let stands = ways.iter().map(|way| way[step].clone()).collect();
        step += 1;
        turned(stands, now)
    });
    let stands = standing.iter().map(|standing| standing.run.transaction.clone()).collect();
    let transaction = turned(stands, calculated.transaction.clone());
    let corrects = Corrects {
        period: calculated.period,
        change_sets: standing.iter().map(|standing| standing.change_set.clone()).collect(),
        posted: before,
        factors: changed_factors(&last.inventory.factors, &calculated.inventory.factors),
        chain,
    };
    Ok(Some(PostingRun {
        lines: differences.iter().map(line).collect(),
        period: into,
        price_per_tonne: last.price_per_tonne.clone(),
        transaction,
        corrects: Some(corrects),
        ..calculated
    }))
}

fn key(line: &PostedLine) -> LineKey {
    (line.cost_center.clone(), line.scope, line.state)
}

fn changed_factors(posted: &[EmissionFactor], now: &[EmissionFactor]) -> Vec<ChangedFactor> {
    let mut values: BTreeMap<&str, [Option<Decimal>; 2]> = BTreeMap::new();
    for (side, rows) in [posted, now].into_iter().enumerate() {
        for row in rows {
            values.entry(&row.id).or_default()[side] = Some(row.kg_co2e_per_unit);
        }
    }
    let changed = values.into_iter().filter(|(_, [posted, now])| posted != now);
    changed.map(|(id, [posted, now])| ChangedFactor { id: id.to_owned(), posted, now }).collect()
}
