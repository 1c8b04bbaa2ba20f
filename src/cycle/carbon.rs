//! A posting run: the inventory of a month as ledger transaction, document lines and evidence.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Corrects, CycleError, Judged};
use crate::check::{Correction, Finding};
use crate::config::Config;
use crate::factor::Scope;
use crate::footprint::{EquipmentStretch, Inventory, MediumUse};
use crate::id::{CompanyCode, CostCenter, GlAccount, MaterialNumber, MeterId};
use crate::ledger::{Account, Transaction, valued};
use crate::period::{Interval, PostingPeriod};
use crate::quantity::{Milligrams, Money};
use crate::reading::{Medium, Meter};
use crate::said;
use crate::unit::Uom;
use crate::value_state::ValueState;

/// One debit line of the FI document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostedLine {
    /// Who carries it.
    pub cost_center: CostCenter,
    /// Scope of the GHG Protocol.
    pub scope: Scope,
    /// How it is known.
    pub state: ValueState,
    /// kg CO₂e with three decimals, as FI holds it.
    #[serde(with = "rust_decimal::serde::str")]
    pub kilograms: Decimal,
    /// Money at the internal carbon price.
    pub amount: Money,
}

/// Everything that one FI document stands on; kept under its hash, which the document carries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PostingRun {
    /// Company code.
    pub company_code: CompanyCode,
    /// Period into which it is posted.
    pub period: PostingPeriod,
    /// BLART.
    pub document_type: String,
    /// Carbon cost account.
    pub debit: GlAccount,
    /// Carbon fund account.
    pub credit: GlAccount,
    /// Price of one tonne CO₂e.
    pub price_per_tonne: Money,
    /// Who approved price and accounts.
    pub approved_by: String,
    /// Debit lines.
    pub lines: Vec<PostedLine>,
    /// The ledger transaction.
    pub transaction: Transaction,
    /// Inventory with factor rows.
    pub inventory: Inventory,
    /// Meter of the scope 2 lines.
    pub meter: Meter,
    /// Readings of the period: start of interval, kWh, state.
    pub readings: Vec<(Timestamp, Decimal, ValueState)>,
    /// What each machine used, shift by shift, reconciled with that meter.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub equipment: Vec<EquipmentStretch>,
    /// Steam, water and the other media that were metered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<MediumEvidence>,
    /// Readings of the period that a rule changed, as they were and as they are.
    #[serde(default)]
    pub corrections: Vec<Correction>,
    /// What the rules say of the period.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// Key of the facts snapshot.
    pub facts: String,
    /// Version of the code that calculated it.
    pub code_version: String,
    /// What it corrects; `None` for the first posting of a month. Lines and transaction are then the
    /// differences, and inventory, readings and facts those of the month that is corrected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrects: Option<Corrects>,
}

/// A medium that was metered in the period.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MediumEvidence {
    /// What flowed.
    pub medium: Medium,
    /// Meter at the point of supply.
    pub meter: MeterId,
    /// Unit of all its amounts.
    pub unit: Uom,
    /// Factor rows that were counted for it; none where it has no factor.
    pub factors: Vec<String>,
    /// Readings of the period: start of interval, amount, state.
    pub readings: Vec<(Timestamp, Decimal, ValueState)>,
    /// What each machine used, shift by shift, reconciled with that meter.
    pub equipment: Vec<EquipmentStretch>,
}

/// The media that were metered in the judged month.
pub fn media_of(judged: &Judged) -> Vec<MediumEvidence> {
    let evidence = |used: &MediumUse| MediumEvidence {
        medium: used.medium,
        meter: used.meter.id.clone(),
        unit: used.unit(),
        factors: used
            .groups
            .iter()
            .filter_map(|group| Some(group.factor.as_ref()?.id.clone()))
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .collect(),
        readings: used.readings.clone(),
        equipment: used.equipment.clone(),
    };
    judged.attribution.media.iter().map(evidence).collect()
}

/// What part of a posting is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Carried {
    /// What was made; `None` for overhead.
    pub material: Option<MaterialNumber>,
    /// Who carries it, where that is known.
    pub cost_center: Option<CostCenter>,
    /// Scope of the GHG Protocol, where that is known.
    pub scope: Option<Scope>,
    /// How it is known, where that is known.
    pub state: Option<ValueState>,
}

impl PostingRun {
    /// Emissions by material, cost center, scope and value state. They sum to the lines before those were
    /// cut to whole grams. Of a correction the ledger knows the difference by material alone, and of
    /// overhead by cost center.
    pub fn carried(&self) -> BTreeMap<Carried, Milligrams> {
        let mut sums: BTreeMap<Carried, Milligrams> = BTreeMap::new();
        if self.corrects.is_none() {
            for line in &self.inventory.lines {
                let of = Carried {
                    material: line.consumer.production.as_ref().map(|(_, made)| made.clone()),
                    cost_center: Some(line.consumer.cost_center.clone()),
                    scope: Some(line.scope),
                    state: Some(line.state),
                };
                *sums.entry(of).or_default() += line.emissions;
            }
            return sums;
        }
        for entry in &self.transaction.entries {
            let mut of = Carried::default();
            match &entry.account {
                Account::Product { material } => of.material = Some(material.clone()),
                Account::CostObject { consumer } => {
                    of.cost_center = Some(consumer.cost_center.clone());
                }
                _ => continue,
            }
            *sums.entry(of).or_default() += -entry.amount;
        }
        sums
    }

    /// What FI is to show: the sum of the lines.
    pub fn posted(&self) -> Milligrams {
        self.transaction.posted()
    }

    /// The month whose emissions it is about.
    pub fn month(&self) -> PostingPeriod {
        self.corrects.as_ref().map_or(self.period, |corrects| corrects.period)
    }
}

/// The corrections of readings of a period.
pub fn corrections_of(judged: &Judged, period: Interval) -> Vec<Correction> {
    let within =
        |one: &&Correction| period.start < one.interval_end && one.interval_end <= period.end;
    judged.corrections.iter().filter(within).cloned().collect()
}

/// The findings that touch a period, and those without a time.
pub fn findings_of(judged: &Judged, period: Interval) -> Vec<Finding> {
    let touches = |one: &&Finding| {
        one.interval.is_none_or(|interval| interval.intersection(&period).is_some())
    };
    judged.findings.iter().filter(touches).cloned().collect()
}

/// Makes the posting run of a judged month.
///
/// # Errors
///
/// [`CycleError::Incomplete`] if no posting rule covers the month or nothing was emitted.
pub fn posting_run(
    judged: &Judged,
    config: &Config,
    facts_key: &str,
) -> Result<PostingRun, CycleError> {
    let company_code = config.settings.plant.company_code.clone();
    let posting_day = judged.period.last_day();
    let rule = config.accounts.rule(&company_code, posting_day).ok_or_else(|| {
        CycleError::Incomplete(said!(
            "carbon.no-rule",
            "mappings/accounts.toml has no rule for company code {company_code} on {day}; nothing was \
             posted",
            company_code = company_code,
            day = posting_day
        ))
    })?;
    let nothing = || {
        CycleError::Incomplete(said!(
            "carbon.nothing",
            "{month} has no emissions to post",
            month = judged.period
        ))
    };
    let transaction = Transaction::of(company_code.clone(), judged.period, &judged.inventory)
        .ok_or_else(nothing)?;
    let charged: Vec<_> = transaction
        .entries
        .iter()
        .filter_map(|entry| match &entry.account {
            Account::CarbonCost { cost_center, scope, state } => {
                let kilograms = entry.amount.to_emissions().amount().round_dp(3);
                Some((cost_center.clone(), *scope, *state, kilograms))
            }
            _ => None,
        })
        .collect();
    let kilograms: Vec<Decimal> = charged.iter().map(|line| line.3).collect();
    let amounts = valued(&kilograms, rule.price_per_tonne).ok_or_else(nothing)?;
    let lines = charged
        .into_iter()
        .zip(amounts)
        .map(|((cost_center, scope, state, kilograms), amount)| PostedLine {
            cost_center,
            scope,
            state,
            kilograms,
            amount: Money { amount, currency: rule.currency.clone() },
        })
        .collect();
    let interval = judged.inventory.period;
    let readings = judged.series.within(interval).map(|(at, slot)| {
        let energy = slot.energy.expect("the attribution found no gap");
        (at.start, energy.amount(), slot.state)
    });
    Ok(PostingRun {
        company_code,
        period: judged.period,
        document_type: rule.document_type.clone(),
        debit: rule.debit.clone(),
        credit: rule.credit.clone(),
        price_per_tonne: Money { amount: rule.price_per_tonne, currency: rule.currency.clone() },
        approved_by: rule.approved_by.clone(),
        lines,
        transaction,
        inventory: judged.inventory.clone(),
        meter: judged.meter.clone(),
        readings: readings.collect(),
        equipment: judged.attribution.equipment.clone(),
        media: media_of(judged),
        corrections: corrections_of(judged, interval),
        findings: findings_of(judged, interval),
        facts: facts_key.to_owned(),
        code_version: env!("CARGO_PKG_VERSION").to_owned(),
        corrects: None,
    })
}
