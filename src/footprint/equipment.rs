//! What each machine used in a stretch of time, by the meters below the main one.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::check::Checked;
use crate::id::{CostCenter, MeterId, WorkCenterCode};
use crate::meters::{MeterError, NodeKind, ReconciledNode, SiteMeters, Usage, reconcile};
use crate::period::Interval;
use crate::reading::{Medium, Series};
use crate::value_state::ValueState;

/// The meters below the main one, with their checked series in the unit of their medium.
#[derive(Clone, Copy, Debug)]
pub struct SubMeters<'a> {
    /// Where they hang.
    pub site: &'a SiteMeters,
    /// By meter, the main one too.
    pub series: &'a BTreeMap<MeterId, Checked<Series>>,
    /// The measured error of each imputed reading, in percent of it, by the end of its interval.
    pub errors: &'a BTreeMap<MeterId, BTreeMap<Timestamp, Decimal>>,
}

/// The tree of one stretch of time after reconciliation: the leaves sum to the main meter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EquipmentStretch {
    /// When.
    pub interval: Interval,
    /// Every node below the main meter and itself, in kWh; of another medium in its unit.
    pub nodes: Vec<ReconciledNode>,
}

/// What one leaf of the tree used.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Used {
    /// Machine, if it is one.
    pub work_center: Option<WorkCenterCode>,
    /// Medium that it makes of it, if it does.
    pub feeds: Option<Medium>,
    /// Who carries what no production used, if the tree says.
    pub cost_center: Option<CostCenter>,
    /// kWh; of another medium in its unit.
    pub kwh: Decimal,
    /// How it is known.
    pub state: ValueState,
}

/// Digits to which what a machine used is given on to those who used what it makes.
const FED_DIGITS: u32 = 9;

impl SubMeters<'_> {
    /// What is known of `interval`; `None` if no meter below the main one was read in all of it.
    fn usage(
        &self,
        interval: Interval,
        standard: &BTreeMap<WorkCenterCode, Decimal>,
    ) -> Option<(Usage, BTreeMap<&MeterId, ValueState>)> {
        let main = self.site.main()?;
        let mut usage = Usage {
            standard: standard.clone(),
            hours: Decimal::from(interval.length().as_secs()) / Decimal::from(3600),
            ..Usage::default()
        };
        let mut states = BTreeMap::new();
        for (meter, series) in self.series {
            if self.site.of_meter(meter).is_none() {
                continue;
            }
            let covered = series
                .span()
                .is_some_and(|span| span.start <= interval.start && interval.end <= span.end);
            let (energy, missing) = series.energy_within(interval);
            if covered && missing == 0 {
                usage.metered.insert(meter.clone(), energy.amount());
                let weakest = series.within(interval).map(|(_, slot)| slot.state).max();
                states.insert(meter, weakest.unwrap_or(ValueState::Missing));
                let class = self.imputed_class(meter, series, interval, energy.amount());
                usage.class_percent.extend(class.map(|class| (meter.clone(), class)));
            }
        }
        let below = usage.metered.keys().any(|meter| meter != main);
        (below && usage.metered.contains_key(main)).then_some((usage, states))
    }

    /// Accuracy class of what a meter counted in `interval`, if a part of it was imputed: what was
    /// imputed is off by its measured error, all of it to the same side.
    fn imputed_class(
        &self,
        meter: &MeterId,
        series: &Series,
        interval: Interval,
        counted: Decimal,
    ) -> Option<Decimal> {
        let errors = self.errors.get(meter)?;
        let imputed = series.within(interval).filter_map(|(at, slot)| {
            Some(slot.energy?.amount() * errors.get(&at.end)? / Decimal::ONE_HUNDRED)
        });
        let off: Decimal = imputed.sum();
        // A mean absolute error is 0.8 standard deviations; a class is the limit of two.
        let class = (off * Decimal::new(250, 0)).checked_div(counted)?;
        (!class.is_zero()).then(|| class.min(Decimal::ONE_HUNDRED))
    }

    /// What the leaves of the tree used in `interval`, and the tree; `None` if no meter below the
    /// main one was read in all of it. `standard` is the standard electricity of what was confirmed
    /// (kWh), by which machines without a reading are estimated.
    ///
    /// # Errors
    ///
    /// [`MeterError`] if what is known cannot be reconciled.
    pub(super) fn used(
        &self,
        interval: Interval,
        standard: &BTreeMap<WorkCenterCode, Decimal>,
    ) -> Result<Option<(Vec<Used>, EquipmentStretch)>, MeterError> {
        let Some((usage, states)) = self.usage(interval, standard) else { return Ok(None) };
        let reconciled = reconcile(&self.site.below_main(&usage))?;
        let leaf = |node: &&ReconciledNode| {
            let is_parent =
                reconciled.nodes.iter().any(|other| other.parent.as_ref() == Some(&node.id));
            !is_parent && node.kind != NodeKind::Generation
        };
        let used = reconciled.nodes.iter().filter(leaf).map(|node| {
            let site = self.site.node.iter().find(|site| site.id == node.id);
            let meter = site.and_then(|site| site.meter.as_ref());
            // A meter that was not read is no measurement, and an imputed one is imputed.
            let read = meter.and_then(|meter| states.get(meter)).copied();
            Used {
                feeds: site.and_then(|site| site.feeds),
                work_center: node.work_center.clone(),
                cost_center: site.and_then(|site| site.cost_center.clone()),
                kwh: node.reconciled,
                state: node.state.and(read.unwrap_or(ValueState::Measured)),
            }
        });
        let used: Vec<Used> = used.collect();
        let used = self.fed_on(used, interval)?;
        Ok(Some((used, EquipmentStretch { interval, nodes: reconciled.nodes })))
    }

    /// The electricity of what makes another medium, given to who used that medium in `interval`, in
    /// proportion. Where its meters say nothing it stays where it was used.
    fn fed_on(&self, used: Vec<Used>, interval: Interval) -> Result<Vec<Used>, MeterError> {
        let mut given = Vec::with_capacity(used.len());
        for one in used {
            let made = one.feeds.and_then(|medium| self.site.of_medium(medium));
            let users = match made {
                Some(site) => Self { site, ..*self }.used(interval, &BTreeMap::new())?,
                None => None,
            };
            let users = users.map_or(Vec::new(), |(users, _)| users);
            let total: Decimal = users.iter().map(|user| user.kwh).sum();
            if total <= Decimal::ZERO {
                given.push(one);
                continue;
            }
            let mut left = one.kwh;
            let largest = (0..users.len()).max_by_key(|at| users[*at].kwh).unwrap_or(0);
            let first = given.len();
            for user in users {
                let kwh = (one.kwh * user.kwh / total).round_dp(FED_DIGITS);
                left -= kwh;
                let cost_center = user.cost_center.or_else(|| one.cost_center.clone());
                given.push(Used { kwh, cost_center, state: user.state.and(one.state), ..user });
            }
            // What rounding leaves goes to the largest, so that the parts sum to the machine.
            given[first + largest].kwh += left;
        }
        Ok(given)
    }
}
