//! From the bill to the machine: the tree of meters of a site, its balances reconciled so that every
//! level sums exactly, what has no meter allocated or profiled, and the emissions of what flowed.
//! Pure.

mod allocate;

mod balance;

mod dual;

mod exact;

mod gross;

mod nnls;

mod profile;

mod reconcile;

mod site;

mod tree;

pub use allocate::{Load, allocate};
pub use dual::{DualEmissions, HourlyIntensity, Instrument, dual_emissions};
pub use gross::{MeterProposal, NotIdentifiable, chi_squared_limit};
pub use nnls::non_negative_least_squares;
pub use profile::{MachineHours, MachineProfile, Prior, fit_profiles};
pub use reconcile::{Reconciled, ReconciledNode, TreeFinding, reconcile};
pub use site::{Bill, Family, SiteMeters, SiteNode, Usage};
pub use tree::{Node, NodeKind, SiteTree};

use crate::said;
use crate::said::Said;
use crate::unit::Uom;
use crate::words_by_said;

/// Why a tree of meters cannot be reconciled. Nothing is guessed in its place.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum MeterError {
    /// A node hangs on nothing.
    NoPlace {
        /// Node.
        meter: String,
        /// Parent that it names.
        parent: String,
    },
    /// A node is its own ancestor.
    Cycle {
        /// Names of the cycle, first one again at the end.
        path: String,
    },
    /// No node, or more than one, is the top.
    Roots {
        /// How many.
        count: usize,
        /// Their names.
        names: String,
    },
    /// A name stands twice.
    Twice {
        /// Name.
        meter: String,
    },
    /// A node names a meter that is not read.
    NotMapped {
        /// Node.
        node: String,
        /// Meter that it names.
        meter: String,
    },
    /// No node, or more than one, is the main meter.
    NoMain,
    /// A unit does not fit the medium, or two units measure different things.
    Unit {
        /// Node.
        meter: String,
        /// Its unit.
        unit: Uom,
        /// Unit of the tree.
        tree: Uom,
    },
    /// A value is below zero or no number.
    Negative {
        /// Node.
        meter: String,
        /// Value.
        value: String,
    },
    /// An accuracy class is zero, negative or above 100 %.
    Class {
        /// Node.
        meter: String,
        /// Class.
        class: String,
    },
    /// Two children of one node have neither meter nor estimate.
    Undetermined {
        /// Parent.
        parent: String,
        /// Children.
        children: String,
    },
    /// Values without any error that contradict each other.
    Contradiction {
        /// Parent.
        parent: String,
        /// Its value.
        value: f64,
        /// Sum of its children.
        sum: f64,
    },
    /// Weights that give nothing to share by.
    Share(String),
}

impl MeterError {
    /// What happened, with what it is made of.
    pub fn said(&self) -> Said {
        match self {
            Self::NoPlace { meter, parent } => said!(
                "meters.no-place",
                "METER-PLACE: meter {meter} has no place in the tree: its parent {parent} is not there. Name \
                 an existing parent in mappings/meters.toml.",
                meter = meter,
                parent = parent
            ),
            Self::Cycle { path } => said!(
                "meters.cycle",
                "METER-CYCLE: {path} is a cycle; each meter needs one way up to the bill",
                path = path
            ),
            Self::Roots { count, names } => said!(
                "meters.roots",
                "METER-ROOT: a tree has one top, here are {count}: {names}",
                count = count,
                names = names
            ),
            Self::Twice { meter } => said!(
                "meters.twice",
                "METER-TWICE: meter {meter} stands twice in the tree",
                meter = meter
            ),
            Self::NotMapped { node, meter } => said!(
                "meters.not-mapped",
                "METER-MAPPED: node {node} names meter {meter}, which mappings/ems.toml does not have. Add it \
                 there, or correct the name in mappings/meters.toml.",
                node = node,
                meter = meter
            ),
            Self::NoMain => said!(
                "meters.no-main",
                "METER-MAIN: mappings/meters.toml needs exactly one node of kind main_meter that names a meter"
            ),
            Self::Unit { meter, unit, tree } => said!(
                "meters.unit",
                "METER-UNIT: meter {meter} counts in {unit}, the tree in {tree}; they measure different \
                 things. Correct the unit in mappings/meters.toml.",
                meter = meter,
                unit = unit,
                tree = tree
            ),
            Self::Negative { meter, value } => said!(
                "meters.negative",
                "METER-NEGATIVE: meter {meter} reads {value}; a consumption is not negative",
                meter = meter,
                value = value
            ),
            Self::Class { meter, class } => said!(
                "meters.class",
                "METER-CLASS: meter {meter}: {class} % is no accuracy class",
                meter = meter,
                class = class
            ),
            Self::Undetermined { parent, children } => said!(
                "meters.undetermined",
                "METER-UNKNOWN: below {parent}, {children} have neither meter nor estimate; only one of them \
                 can be found as the rest. Estimate or meter the others.",
                parent = parent,
                children = children
            ),
            Self::Contradiction { parent, value, sum } => said!(
                "meters.contradiction",
                "METER-EXACT: {parent} is exact and its children too, but they sum to {sum}, not {value}",
                parent = parent,
                sum = sum,
                value = value
            ),
            Self::Share(what) => said!("meters.share", "METER-SHARE: {what}", what = what),
        }
    }
}

words_by_said!(MeterError);
