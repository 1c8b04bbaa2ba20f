//! What each machine used in a stretch of time, by the meters below the main one.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::check::Checked;
use crate::id::{CostCenter, MeterId, WorkCenterCode};
use crate::meters::{MeterError, NodeKind, ReconciledNode, SiteMeters, Usage, reconcile};
use crate::period::Interval;
use crate::reading::Series;
use crate::value_state::ValueState;

/// The meters below the main one, with their checked series in kWh.
#[derive(Clone, Copy, Debug)]
pub struct SubMeters<'a> {
    /// Where they hang.
    pub site: &'a SiteMeters,
    /// By meter, the main one too.
    pub series: &'a BTreeMap<MeterId, Checked<Series>>,
}

/// The tree of one stretch of time after reconciliation: the leaves sum to the main meter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EquipmentStretch {
    /// When.
    pub interval: Interval,
    /// Every node below the main meter and itself, in kWh.
    pub nodes: Vec<ReconciledNode>,
}

/// What one leaf of the tree used.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Used {
    /// Machine, if it is one.
    pub work_center: Option<WorkCenterCode>,
    /// Who carries what no production used, if the tree says.
    pub cost_center: Option<CostCenter>,
    /// kWh.
    pub kwh: Decimal,
    /// How it is known.
    pub state: ValueState,
}

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
            }
        }
        let below = usage.metered.keys().any(|meter| meter != main);
        (below && usage.metered.contains_key(main)).then_some((usage, states))
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
                work_center: node.work_center.clone(),
                cost_center: site.and_then(|site| site.cost_center.clone()),
                kwh: node.reconciled,
                state: node.state.and(read.unwrap_or(ValueState::Measured)),
            }
        });
        let used = used.collect();
        Ok(Some((used, EquipmentStretch { interval, nodes: reconciled.nodes })))
    }
}
