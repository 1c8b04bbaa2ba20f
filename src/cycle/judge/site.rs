//! The meters of a site: each checked, compared along the tree, and reconciled for the month.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use rayon::prelude::*;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::check::{
    self, Background, CheckedReadings, Finding, Metered, RuleSet, action_said, balance,
    fill_by_balance,
};
use crate::config::Config;
use crate::cycle::{CycleError, Facts, MeterReadings};
use crate::footprint::Attribution;
use crate::id::{MeterId, WorkCenterCode};
use crate::meters::{
    MeterError, NodeKind, Reconciled, SiteMeters, SiteNode, TreeFinding, Usage, reconcile,
};
use crate::order::Confirmation;
use crate::period::{Interval, PostingPeriod};
use crate::quantity::Energy;
use crate::reading::Meter;
use crate::said;
use crate::said::Said;
use crate::value_state::ValueState;

/// Class of a meter that names none, percent.
const METER_CLASS: f64 = 2.0;

/// The readings of every meter after the rules.
pub(super) struct CheckedMeters {
    /// The meter at the point of supply.
    pub main: Meter,
    pub by_meter: BTreeMap<MeterId, CheckedReadings>,
    /// What the balances between them say (R9).
    pub balances: Vec<Finding>,
}

/// Checks every meter on its own, fills gaps along the tree, and compares parents with children.
pub(super) fn checked(
    facts: &Facts,
    config: &Config,
    now: Timestamp,
) -> Result<CheckedMeters, CycleError> {
    let site = config.meters.as_ref();
    let main = main_meter(facts, site)?;
    let read = |readings: &MeterReadings| {
        let node =
            site.and_then(|site| site.trees().find_map(|tree| tree.of_meter(&readings.meter.id)));
        check_one(readings, node, facts, config, now)
    };
    let mut checked: Vec<CheckedReadings> = facts.meters.par_iter().map(read).collect();
    let mut balances = Vec::new();
    for site in site.iter().flat_map(|site| site.trees()) {
        let place = |meter: &MeterId| facts.meters.iter().position(|one| one.meter.id == *meter);
        for family in site.families() {
            let Some(parent) = place(family.parent.1) else { continue };
            let below = family.metered.iter().filter_map(|(_, meter)| place(meter));
            let children: Vec<usize> = below.collect();
            let feeds_in = |(node, _): &(&SiteNode, &MeterId)| node.kind == NodeKind::Generation;
            let has_generation = family.metered.iter().any(feeds_in);
            if family.all_metered && children.len() == family.metered.len() && !has_generation {
                fill_by_balance(&mut checked, parent, &children, &config.rules);
            }
            let metered = |at: usize, node: &SiteNode| Metered {
                series: &checked[at].series,
                class_percent: class(node),
                feeds_in: node.kind == NodeKind::Generation,
            };
            let whole = children.len() == family.metered.len();
            let below: Vec<Metered<'_>> = children
                .iter()
                .zip(&family.metered)
                .map(|(at, (node, _))| metered(*at, node))
                .collect();
            let above = metered(parent, family.parent.0);
            let all = family.all_metered && whole;
            balances.extend(balance(above, &below, all, site.medium, &config.rules));
        }
    }
    let ids = facts.meters.iter().map(|readings| readings.meter.id.clone());
    Ok(CheckedMeters { main, by_meter: ids.zip(checked).collect(), balances })
}

/// The meter whose readings are given away.
fn main_meter(facts: &Facts, site: Option<&SiteMeters>) -> Result<Meter, CycleError> {
    let named = site.and_then(SiteMeters::main);
    let found = match (named, facts.meters.as_slice()) {
        (Some(named), all) => all.iter().find(|readings| readings.meter.id == *named),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    found.map(|readings| readings.meter.clone()).ok_or_else(|| {
        CycleError::Incomplete(match named {
            Some(named) => said!(
                "judge.main-unread",
                "the facts hold no readings of the main meter {meter} of mappings/meters.toml; read \
                 them with `carbide sync`",
                meter = named
            ),
            None => said!(
                "judge.main-unknown",
                "{count} meters are mapped in mappings/ems.toml; say in mappings/meters.toml which one \
                 is the main meter and where the others hang",
                count = facts.meters.len()
            ),
        })
    })
}

fn check_one(
    readings: &MeterReadings,
    node: Option<&SiteNode>,
    facts: &Facts,
    config: &Config,
    now: Timestamp,
) -> CheckedReadings {
    let step = SignedDuration::from_mins(i64::from(readings.step_minutes));
    let hours = Decimal::from(readings.step_minutes) / Decimal::from(60);
    let id = &readings.meter.id;
    let running: Vec<Interval> = node
        .and_then(|node| node.work_center.as_ref())
        .map(|center| running(&facts.orders.confirmations, center))
        .unwrap_or_default();
    let capacity = config.ems.meter(id).and_then(|meter| meter.capacity_kw);
    let background = Background {
        capacity: capacity.map(|kilowatts| Energy::new(kilowatts * hours)),
        running: &running,
        decisions: config.rules.decisions.get(id.as_str()),
        ..Background::default()
    };
    check::readings_with(&readings.rows, &readings.meter, step, &config.rules, now, &background)
}

/// When something was confirmed at a work center.
fn running(confirmations: &[Confirmation], center: &WorkCenterCode) -> Vec<Interval> {
    let here = confirmations.iter().filter(|confirmation| confirmation.work_center == *center);
    here.map(|confirmation| confirmation.execution).collect()
}

fn class(node: &SiteNode) -> f64 {
    let one = |class: Option<Decimal>| class.and_then(|class| class.to_f64());
    let meter = one(node.class_percent).unwrap_or(METER_CLASS);
    meter.hypot(one(node.ct_class_percent).unwrap_or(0.0))
}

/// Standard electricity of what was confirmed, by work center.
pub(super) fn standard(attribution: &Attribution) -> BTreeMap<WorkCenterCode, Decimal> {
    let mut standard = BTreeMap::new();
    for ((center, _), kwh) in &attribution.standard {
        *standard.entry(center.clone()).or_default() += *kwh;
    }
    standard
}

/// A month of one medium.
#[derive(Clone, Copy)]
pub(super) struct Month<'a> {
    pub month: PostingPeriod,
    /// From when to when.
    pub interval: Interval,
    /// By which machines without a meter are estimated.
    pub standard: &'a BTreeMap<WorkCenterCode, Decimal>,
    /// Its shifts that could not be reconciled.
    pub unreconciled: &'a [(Interval, MeterError)],
}

/// The tree of a month with its bill, reconciled, and what is wrong with it (R9). `None` where no
/// meter below the main one was read.
pub(super) fn of_month(
    meters: &CheckedMeters,
    site: &SiteMeters,
    of: &Month<'_>,
    rules: &RuleSet,
) -> (Option<Reconciled>, Vec<Finding>) {
    let (month, period) = (of.month, of.interval);
    let mut usage = Usage {
        hours: Decimal::from(period.length().as_secs()) / Decimal::from(3600),
        standard: of.standard.clone(),
        ..Usage::default()
    };
    for (meter, checked) in &meters.by_meter {
        let span = checked.series.span();
        let (energy, missing) = checked.series.energy_within(period);
        let whole = span.is_some_and(|span| span.start <= period.start && period.end <= span.end);
        if whole && missing == 0 && site.of_meter(meter).is_some() {
            usage.metered.insert(meter.clone(), energy.amount());
        }
    }
    let rule = &rules.balance;
    let action = action_said("R9", &rule.action);
    let finding = |subject: &str, text: Said, proposal: Said| Finding {
        rule: "R9".to_owned(),
        severity: rule.severity,
        subject: subject.to_owned(),
        interval: Some(period),
        count: 1,
        text,
        proposal,
    };
    let main = site.main().unwrap_or(&meters.main.id);
    let mut findings: Vec<Finding> = of
        .unreconciled
        .iter()
        .map(|(interval, reason)| Finding {
            interval: Some(*interval),
            ..finding(
                main.as_str(),
                said!(
                    "finding.unreconciled",
                    "the meters below cannot be reconciled, standard values stand in: {reason}",
                    reason = reason.said()
                ),
                action.clone(),
            )
        })
        .collect();
    if usage.metered.len() < 2 {
        return (None, findings);
    }
    let reconciled = reconcile(&site.of_month(&usage, month));
    match &reconciled {
        Err(error) => {
            findings.push(finding(main.as_str(), error.said(), action));
        }
        Ok(tree) if rule.enabled => {
            findings.extend(tree.findings.iter().map(|found: &TreeFinding| {
                let text = said!(
                    "finding.tree",
                    "{code} in {month}: {seen}",
                    code = found.code,
                    month = month,
                    seen = found.text
                );
                finding(&found.meter, text, found.proposal.clone())
            }));
        }
        Ok(_) => {}
    }
    (reconciled.ok(), findings)
}

/// Meters whose readings are in part imputed, with how many intervals of `period` are.
pub(super) fn imputed(meters: &CheckedMeters, period: Interval) -> BTreeMap<MeterId, usize> {
    let count = |checked: &CheckedReadings| {
        let slots = checked.series.within(period);
        slots.filter(|(_, slot)| slot.state == ValueState::Imputed).count()
    };
    let all = meters.by_meter.iter().map(|(meter, checked)| (meter.clone(), count(checked)));
    all.filter(|(_, count)| *count > 0).collect()
}
