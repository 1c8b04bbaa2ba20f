//! `mappings/meters.toml`: where each meter of a site hangs, from the bill down to the work center.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer};

use super::tree::METER_CLASS;
use super::{MeterError, Node, NodeKind, SiteTree};
use crate::id::{CostCenter, MeterId, WorkCenterCode};
use crate::period::PostingPeriod;
use crate::reading::Medium;
use crate::unit::Uom;

/// The tree of one medium of a site, without values. That of electricity carries the others.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiteMeters {
    /// What flows.
    pub medium: Medium,
    /// Unit of bills and results.
    pub unit: Uom,
    /// What was billed, by month.
    #[serde(default)]
    pub bill: Vec<Bill>,
    /// Activity of the factor book whose factor the medium has; none for what the plant makes itself,
    /// as compressed air, and for what is counted otherwise, as fuel by what was confirmed.
    #[serde(default)]
    pub factor: Option<String>,
    /// The nodes, in any order.
    pub node: Vec<SiteNode>,
    /// The trees of the other media, beside that of electricity.
    #[serde(default)]
    pub beside: Vec<SiteMeters>,
}

/// A bill of the supplier.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bill {
    /// Its number.
    pub number: String,
    /// What it is for, as `2018-09`.
    #[serde(deserialize_with = "month")]
    pub month: PostingPeriod,
    /// What was billed, in the unit of the tree.
    pub amount: Decimal,
}

/// A bill, a meter, a machine, or what is left without one.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiteNode {
    /// Its name.
    pub id: String,
    /// What it is.
    pub kind: NodeKind,
    /// Where it hangs; the bill hangs nowhere.
    #[serde(default)]
    pub parent: Option<String>,
    /// Meter of `mappings/ems.toml`; a node without one is estimated, or what is left.
    #[serde(default)]
    pub meter: Option<MeterId>,
    /// Work center (ARBPL) of a machine.
    #[serde(default)]
    pub work_center: Option<WorkCenterCode>,
    /// Who carries what no production used; without one, the work center's, then the main meter's.
    #[serde(default)]
    pub cost_center: Option<CostCenter>,
    /// Accuracy class of the meter in percent, or of the estimate.
    #[serde(default)]
    pub class_percent: Option<Decimal>,
    /// Class of the current transformers in percent.
    #[serde(default)]
    pub ct_class_percent: Option<Decimal>,
    /// What a machine without a meter draws while nothing is produced, in kW; with it a machine is
    /// estimated as this power, and the standard electricity of what it produced.
    #[serde(default)]
    pub idle_kw: Option<Decimal>,
    /// Smallest step that the meter shows, in the unit of the tree.
    #[serde(default)]
    pub resolution: Option<Decimal>,
    /// Medium that the machine makes, as a compressor does: what it uses belongs to who used that.
    #[serde(default)]
    pub feeds: Option<Medium>,
}

fn month<'de, D: Deserializer<'de>>(from: D) -> Result<PostingPeriod, D::Error> {
    let text = String::deserialize(from)?;
    let day = format!("{text}-01").parse::<jiff::civil::Date>();
    let wrong = || serde::de::Error::custom(format!("'{text}' is no month as 2018-09"));
    day.ok().filter(|_| text.len() == 7).map(PostingPeriod::of).ok_or_else(wrong)
}

/// What the nodes of a tree are known to have used in one stretch of time, in the unit of the tree.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Usage {
    /// By meter: what it counted.
    pub metered: BTreeMap<MeterId, Decimal>,
    /// By work center: the standard electricity of what was confirmed.
    pub standard: BTreeMap<WorkCenterCode, Decimal>,
    /// By meter whose readings were imputed in part: the accuracy class in percent that is left of it.
    pub class_percent: BTreeMap<MeterId, Decimal>,
    /// Length of the stretch in hours.
    pub hours: Decimal,
}

/// A parent with a meter, and what hangs below it.
#[derive(Clone, Debug, PartialEq)]
pub struct Family<'a> {
    /// The parent and its meter.
    pub parent: (&'a SiteNode, &'a MeterId),
    /// Children with a meter.
    pub metered: Vec<(&'a SiteNode, &'a MeterId)>,
    /// Whether every child has a meter.
    pub all_metered: bool,
}

impl SiteMeters {
    /// Checks the shape of the tree, and that `known` has every meter it names.
    ///
    /// # Errors
    ///
    /// [`MeterError`] naming the node.
    pub fn validate(&self, known: &[MeterId]) -> Result<(), MeterError> {
        let mut seen = BTreeSet::new();
        self.validate_tree(known, &mut seen)?;
        let mut media = BTreeSet::from([self.medium]);
        for tree in &self.beside {
            let wrong = |what: &str| {
                Err(MeterError::Share(format!("the tree of {} {what}", tree.medium.key())))
            };
            if !media.insert(tree.medium) {
                return wrong("stands twice in mappings/meters.toml; join the two");
            }
            if !tree.beside.is_empty() {
                return wrong("has trees beside it; write them beside that of electricity");
            }
            if tree.unit != tree.medium.unit() {
                let (unit, tree_unit) = (tree.unit, tree.medium.unit());
                let meter = format!("of the tree of {}", tree.medium.key());
                return Err(MeterError::Unit { meter, unit, tree: tree_unit });
            }
            tree.validate_tree(known, &mut seen)?;
        }
        let fed = self.node.iter().filter_map(|node| Some((node, node.feeds?)));
        for (node, medium) in fed {
            if medium == self.medium || !media.contains(&medium) {
                return Err(MeterError::Share(format!(
                    "node {} feeds {}, which has no tree in mappings/meters.toml",
                    node.id,
                    medium.key()
                )));
            }
        }
        Ok(())
    }

    fn validate_tree<'a>(
        &'a self,
        known: &[MeterId],
        seen: &mut BTreeSet<&'a MeterId>,
    ) -> Result<(), MeterError> {
        let everything = |_: &SiteNode| Some(Decimal::ONE);
        self.nodes(self.node.iter(), everything, |_| None, false).checked()?;
        for (node, meter) in self.node.iter().filter_map(|node| Some((node, node.meter.as_ref()?)))
        {
            if !known.contains(meter) {
                let (meter, node) = (meter.to_string(), node.id.clone());
                return Err(MeterError::NotMapped { node, meter });
            }
            if !seen.insert(meter) {
                return Err(MeterError::Twice { meter: meter.to_string() });
            }
        }
        if self.main_node().is_none() {
            return Err(MeterError::NoMain);
        }
        Ok(())
    }

    /// The meter at the point of supply.
    pub fn main(&self) -> Option<&MeterId> {
        self.main_node()?.meter.as_ref()
    }

    fn main_node(&self) -> Option<&SiteNode> {
        let is_main = |node: &&SiteNode| node.kind == NodeKind::MainMeter && node.meter.is_some();
        let mut found = self.node.iter().filter(is_main);
        found.next().filter(|_| found.next().is_none())
    }

    /// This tree and those beside it.
    pub fn trees(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(&self.beside)
    }

    /// The tree of a medium beside this one.
    pub fn of_medium(&self, medium: Medium) -> Option<&Self> {
        self.beside.iter().find(|tree| tree.medium == medium)
    }

    /// The node of a meter in this tree.
    pub fn of_meter(&self, meter: &MeterId) -> Option<&SiteNode> {
        self.node.iter().find(|node| node.meter.as_ref() == Some(meter))
    }

    /// What was billed for a month.
    pub fn billed(&self, month: PostingPeriod) -> Option<&Bill> {
        self.bill.iter().find(|bill| bill.month == month)
    }

    /// The parents with a meter below which something else has one.
    pub fn families(&self) -> Vec<Family<'_>> {
        let family = |parent: &'_ SiteNode| {
            let meter = self.of(parent)?;
            let below = self.node.iter().filter(|node| node.parent.as_ref() == Some(&meter.0.id));
            let children: Vec<&SiteNode> = below.collect();
            let metered: Vec<_> = children.iter().filter_map(|child| self.of(child)).collect();
            let all_metered = metered.len() == children.len();
            (!metered.is_empty()).then_some(Family { parent: meter, metered, all_metered })
        };
        self.node.iter().filter_map(family).collect()
    }

    fn of(&self, node: &SiteNode) -> Option<(&SiteNode, &MeterId)> {
        let own = self.node.iter().find(|known| known.id == node.id)?;
        Some((own, own.meter.as_ref()?))
    }

    /// The tree below the main meter with what is known of one stretch of time. The main meter is
    /// exact: what it counted is what is given away.
    pub fn below_main(&self, usage: &Usage) -> SiteTree {
        let main = self.main_node().map(|node| node.id.clone());
        let mut inside: BTreeSet<&str> = main.as_deref().into_iter().collect();
        while let Some(node) = self.node.iter().find(|node| {
            !inside.contains(node.id.as_str())
                && node.parent.as_deref().is_some_and(|parent| inside.contains(parent))
        }) {
            inside.insert(&node.id);
        }
        let nodes = self.node.iter().filter(|node| inside.contains(node.id.as_str()));
        let mut tree = self.filled(nodes, usage, true);
        let top = tree.nodes.iter_mut().find(|node| Some(&node.id) == main.as_ref());
        top.into_iter().for_each(|top| top.parent = None);
        tree
    }

    /// The whole tree of a month, its bill exact if there is one.
    pub fn of_month(&self, usage: &Usage, month: PostingPeriod) -> SiteTree {
        let mut tree = self.filled(self.node.iter(), usage, false);
        if let Some(bill) = self.billed(month) {
            tree.bill_exact = true;
            let top = tree.nodes.iter_mut().find(|node| node.parent.is_none());
            top.into_iter().for_each(|top| top.value = Some(bill.amount));
        }
        tree
    }

    fn filled<'a>(
        &'a self,
        nodes: impl Iterator<Item = &'a SiteNode>,
        usage: &Usage,
        exact: bool,
    ) -> SiteTree {
        let value = |node: &SiteNode| usage.metered.get(node.meter.as_ref()?).copied();
        let estimate = |node: &SiteNode| {
            let center = node.work_center.as_ref();
            let standard = center.and_then(|center| usage.standard.get(center)).copied();
            let idle = node.idle_kw.map(|power| power * usage.hours);
            match (standard, idle) {
                (None, None) => None,
                (standard, idle) => Some(standard.unwrap_or_default() + idle.unwrap_or_default()),
            }
        };
        let mut tree = self.nodes(nodes, value, estimate, exact);
        for node in &mut tree.nodes {
            let of_site = self.node.iter().find(|of_site| of_site.id == node.id);
            let meter = of_site.and_then(|of_site| of_site.meter.as_ref());
            let imputed = meter.and_then(|meter| usage.class_percent.get(meter));
            if let Some(imputed) = imputed {
                let own = node.class_percent.unwrap_or(Decimal::from(METER_CLASS));
                node.class_percent = Some(own.max(*imputed));
            }
        }
        tree
    }

    fn nodes<'a>(
        &self,
        nodes: impl Iterator<Item = &'a SiteNode>,
        value: impl Fn(&SiteNode) -> Option<Decimal>,
        estimate: impl Fn(&SiteNode) -> Option<Decimal>,
        bill_exact: bool,
    ) -> SiteTree {
        let node = |node: &SiteNode| {
            let value = value(node);
            let has_meter = node.meter.is_some();
            Node {
                id: node.id.clone(),
                kind: node.kind,
                parent: node.parent.clone(),
                work_center: node.work_center.clone(),
                value,
                estimate: if value.is_none() { estimate(node) } else { None },
                unit: None,
                // The class of a meter says nothing of an estimate in its place.
                class_percent: node.class_percent.filter(|_| value.is_some() || !has_meter),
                ct_class_percent: node.ct_class_percent.filter(|_| value.is_some()),
                resolution: node.resolution,
            }
        };
        SiteTree {
            medium: self.medium,
            unit: self.unit,
            bill_exact,
            nodes: nodes.map(node).collect(),
        }
    }
}
