//! The tree of a site: bill, main meter, sub-meters, equipment, each with how it is known.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize};

use super::MeterError;
use crate::id::WorkCenterCode;
use crate::reading::Medium;
use crate::unit::{Dimension, Uom};

/// What a node of the tree is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeKind {
    /// The supplier's bill.
    Bill,
    /// The meter at the point of supply.
    MainMeter,
    /// A meter of an area.
    SubMeter,
    /// A machine, or what is left without one.
    Equipment,
    /// The plant's own generation: what it feeds in is used below its parent.
    Generation,
    /// Losses of transformers and lines.
    Losses,
}

impl NodeKind {
    /// Its key, as in a file: `main_meter`.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Bill => "bill",
            Self::MainMeter => "main_meter",
            Self::SubMeter => "sub_meter",
            Self::Equipment => "equipment",
            Self::Generation => "generation",
            Self::Losses => "losses",
        }
    }

    /// Whether it is a machine, or what is left without one.
    pub const fn is_equipment(self) -> bool {
        matches!(self, Self::Equipment)
    }
}

/// One node, with what is known of it for one period.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// Meter or machine.
    pub id: String,
    /// What it is.
    pub kind: NodeKind,
    /// Where it hangs; the top hangs nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Work center (ARBPL) of a machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work_center: Option<WorkCenterCode>,
    /// What its meter counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Decimal>,
    /// What is estimated for it, if it has no meter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate: Option<Decimal>,
    /// Unit of value or estimate, if it is not the tree's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Uom>,
    /// Accuracy class in percent (IEC 62053: 0.5, 1, 2), or of the estimate (30 if not given). Read
    /// as the limit of twice the standard deviation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class_percent: Option<Decimal>,
    /// Class of the current transformers in percent; added in quadrature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ct_class_percent: Option<Decimal>,
    /// Smallest step that the value can have, in the tree's unit: a zero is known no better.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<Decimal>,
}

/// The tree of one medium and one period.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiteTree {
    /// What flows.
    pub medium: Medium,
    /// Unit of the results.
    pub unit: Uom,
    /// Whether the top is taken as exact, as a bill that is paid is.
    #[serde(default)]
    pub bill_exact: bool,
    /// The nodes, in any order.
    pub nodes: Vec<Node>,
}

/// Class of an estimate that names none, percent: one standard deviation of 15 %.
const ESTIMATE_CLASS: i64 = 30;
/// Class of a meter that names none, percent.
pub(super) const METER_CLASS: i64 = 2;

/// A checked tree, parents before children, ready for the passes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Checked {
    /// Position in the tree as given.
    pub given: Vec<usize>,
    /// Position of the parent.
    pub parent: Vec<Option<usize>>,
    /// Positions of the children.
    pub children: Vec<Vec<usize>>,
    /// Value and standard deviation in the tree's unit; `None` if nothing is known.
    pub known: Vec<Option<(f64, f64)>>,
    /// -1 for what feeds in, otherwise 1.
    pub sign: Vec<f64>,
}

impl SiteTree {
    /// Checks the shape of the tree and brings what is known into its unit.
    ///
    /// # Errors
    ///
    /// [`MeterError`] naming the node.
    pub(super) fn checked(&self) -> Result<Checked, MeterError> {
        self.unit_fits_medium()?;
        let mut position = BTreeMap::new();
        for (index, node) in self.nodes.iter().enumerate() {
            if position.insert(node.id.as_str(), index).is_some() {
                return Err(MeterError::Twice { meter: node.id.clone() });
            }
        }
        let mut up: Vec<Option<usize>> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            up.push(match &node.parent {
                None => None,
                Some(parent) => match position.get(parent.as_str()) {
                    Some(index) => Some(*index),
                    None => {
                        let (meter, parent) = (node.id.clone(), parent.clone());
                        return Err(MeterError::NoPlace { meter, parent });
                    }
                },
            });
        }
        let order = self.top_down(&up)?;
        let mut place = vec![0; order.len()];
        for (at, index) in order.iter().enumerate() {
            place[*index] = at;
        }
        let parent: Vec<Option<usize>> =
            order.iter().map(|index| up[*index].map(|above| place[above])).collect();
        let mut children = vec![Vec::new(); order.len()];
        for (at, above) in parent.iter().enumerate() {
            if let Some(above) = above {
                children[*above].push(at);
            }
        }
        let mut known = Vec::with_capacity(order.len());
        for index in &order {
            let mut value = self.known(&self.nodes[*index])?;
            if let (true, None, Some((_, deviation))) = (self.bill_exact, up[*index], &mut value) {
                *deviation = 0.0;
            }
            known.push(value);
        }
        let sign = order
            .iter()
            .map(|index| if self.nodes[*index].kind == NodeKind::Generation { -1.0 } else { 1.0 })
            .collect();
        Ok(Checked { given: order, parent, children, known, sign })
    }

    fn unit_fits_medium(&self) -> Result<(), MeterError> {
        let dimension = self.unit.dimension();
        let fits = match self.medium {
            Medium::Electricity => dimension == Dimension::Energy,
            Medium::NaturalGas => matches!(dimension, Dimension::FuelEnergy | Dimension::Volume),
            Medium::Steam => {
                matches!(dimension, Dimension::Energy | Dimension::FuelEnergy | Dimension::Mass)
            }
            Medium::CompressedAir | Medium::Water => dimension == Dimension::Volume,
        };
        if fits {
            return Ok(());
        }
        let tree = self.medium.unit();
        Err(MeterError::Unit { meter: "of the tree".to_owned(), unit: self.unit, tree })
    }

    /// Positions with parents before children.
    fn top_down(&self, up: &[Option<usize>]) -> Result<Vec<usize>, MeterError> {
        let name = |index: usize| self.nodes[index].id.as_str();
        let mut below: Vec<Vec<usize>> = vec![Vec::new(); up.len()];
        let mut order = Vec::with_capacity(up.len());
        for (index, above) in up.iter().enumerate() {
            match above {
                Some(above) => below[*above].push(index),
                None => order.push(index),
            }
        }
        let roots = order.len();
        let mut next = 0;
        while next < order.len() {
            order.extend(&below[order[next]]);
            next += 1;
        }
        if order.len() < up.len() {
            let mut reached = vec![false; up.len()];
            order.iter().for_each(|index| reached[*index] = true);
            let start = (0..up.len()).find(|index| !reached[*index]).unwrap_or(0);
            return Err(MeterError::Cycle { path: cycle(start, up, name) });
        }
        if roots != 1 {
            let names: Vec<&str> = order[..roots].iter().map(|index| name(*index)).collect();
            return Err(MeterError::Roots { count: roots, names: names.join(", ") });
        }
        Ok(order)
    }

    fn known(&self, node: &Node) -> Result<Option<(f64, f64)>, MeterError> {
        let (value, class) = match (node.value, node.estimate) {
            (Some(value), _) => (value, METER_CLASS),
            (None, Some(estimate)) => (estimate, ESTIMATE_CLASS),
            (None, None) => return Ok(None),
        };
        if value.is_sign_negative() && !value.is_zero() {
            let (meter, value) = (node.id.clone(), value.to_string());
            return Err(MeterError::Negative { meter, value });
        }
        let unit = node.unit.unwrap_or(self.unit);
        let factor = unit.in_units_of(self.unit).map_err(|_| MeterError::Unit {
            meter: node.id.clone(),
            unit,
            tree: self.unit,
        })?;
        let mut square = 0.0;
        let classes = [node.class_percent.or(Some(Decimal::from(class))), node.ct_class_percent];
        for class in classes.into_iter().flatten() {
            if class <= Decimal::ZERO || class > Decimal::ONE_HUNDRED {
                let (meter, class) = (node.id.clone(), class.to_string());
                return Err(MeterError::Class { meter, class });
            }
            square += (class.to_f64().unwrap_or(0.0) / 200.0).powi(2);
        }
        let value = (value * factor).to_f64().unwrap_or(0.0);
        // Rounding to a step is uniform within it.
        let step = node.resolution.and_then(|step| step.to_f64()).unwrap_or(0.0);
        Ok(Some((value, (value * value * square + step * step / 12.0).sqrt())))
    }
}

/// The cycle that is met on the way up from `start`, as `A > B > A`.
fn cycle<'a>(start: usize, up: &[Option<usize>], name: impl Fn(usize) -> &'a str) -> String {
    let (mut seen, mut at) = (Vec::new(), start);
    while !seen.contains(&at) {
        seen.push(at);
        let Some(above) = up[at] else { break };
        at = above;
    }
    let first = seen.iter().position(|index| *index == at).unwrap_or(0);
    let mut names: Vec<&str> = seen[first..].iter().map(|index| name(*index)).collect();
    names.push(name(at));
    names.join(" > ")
}
