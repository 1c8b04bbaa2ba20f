//! Reconciliation of a tree with its bill: every level sums exactly, gross errors are named, and what
//! cannot be told is said.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::balance::{Balanced, solve};
use super::gross::{
    MeterProposal, NotIdentifiable, SUSPECT_SHARE, Z_LIMIT, chi_squared_limit, not_identifiable,
    proposal, standardized,
};
use super::tree::{Checked, NodeKind, SiteTree};
use super::{MeterError, exact};
use crate::id::WorkCenterCode;
use crate::said;
use crate::said::{List, Said};
use crate::unit::Uom;
use crate::value_state::ValueState;

/// One node after reconciliation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReconciledNode {
    /// Meter or machine.
    pub id: String,
    /// What it is.
    pub kind: NodeKind,
    /// Where it hangs.
    pub parent: Option<String>,
    /// Work center of a machine.
    pub work_center: Option<WorkCenterCode>,
    /// What its meter counted or what was estimated, in the tree's unit.
    pub given: Option<Decimal>,
    /// What it is after reconciliation, in the tree's unit; the original stays in `given`.
    pub reconciled: Decimal,
    /// One standard deviation of it.
    pub deviation: f64,
    /// Adjustment over its standard deviation; `None` if nothing could contradict the value.
    pub standardized: Option<f64>,
    /// How it is known: by its meter, by an estimate, or as what is left.
    pub state: ValueState,
}

/// Something wrong in a tree that can still be reconciled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TreeFinding {
    /// Key, as `METER-ABOVE`.
    pub code: String,
    /// Node.
    pub meter: String,
    /// What was seen.
    #[serde(with = "crate::said::as_text")]
    pub text: Said,
    /// What to do.
    #[serde(with = "crate::said::as_text")]
    pub proposal: Said,
}

/// A reconciled tree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reconciled {
    /// Unit of every value.
    pub unit: Uom,
    /// The nodes in the order in which they were given.
    pub nodes: Vec<ReconciledNode>,
    /// Global test: sum of squared contradictions.
    pub chi_squared: f64,
    /// Its degrees of freedom.
    pub degrees_of_freedom: usize,
    /// Its 95 % limit.
    pub chi_squared_limit: f64,
    /// What is wrong.
    pub findings: Vec<TreeFinding>,
    /// Meters whose gross error would not be seen.
    pub not_identifiable: Vec<NotIdentifiable>,
    /// Where a new meter helps most.
    pub proposal: Option<MeterProposal>,
}

/// Reconciles a tree by weighted least squares so that the children of each node sum to it exactly.
///
/// Weights are the accuracy classes; a bill that is exact is not adjusted. What would become negative
/// is held at zero and the rest solved again. Runs in time proportional to the nodes.
///
/// # Errors
///
/// [`MeterError`] for a tree that is none, a unit that does not fit, or values that cannot be found.
///
/// # Source
///
/// Linear data reconciliation: Narasimhan and Jordache, Data Reconciliation and Gross Error
/// Detection (2000), chapters 3 and 7; global test and measurement test there. On a tree the normal
/// equations are solved by one pass up and one down (Rauch, Tung, Striebel 1965, on a tree).
pub fn reconcile(tree: &SiteTree) -> Result<Reconciled, MeterError> {
    let checked = tree.checked()?;
    let name = |at: usize| tree.nodes[checked.given[at]].id.clone();
    let balanced = non_negative(&checked, &name)?;
    let values = exact::sums(&checked, &balanced.value);
    let metered: Vec<bool> =
        checked.given.iter().map(|index| tree.nodes[*index].value.is_some()).collect();
    let scores = standardized(&checked, &balanced);
    let limit = chi_squared_limit(balanced.degrees);
    let mut findings = above_parent(tree, &checked, &metered);
    findings.extend(gross_errors(&checked, &balanced, &scores, limit, &name));
    let mut nodes = Vec::with_capacity(values.len());
    for (at, reconciled) in values.into_iter().enumerate() {
        let node = &tree.nodes[checked.given[at]];
        let factor = node.unit.unwrap_or(tree.unit).in_units_of(tree.unit);
        let factor = factor.unwrap_or(Decimal::ONE);
        nodes.push((
            checked.given[at],
            ReconciledNode {
                id: node.id.clone(),
                kind: node.kind,
                parent: node.parent.clone(),
                work_center: node.work_center.clone(),
                given: node.value.or(node.estimate).map(|value| value * factor),
                reconciled,
                deviation: balanced.variance[at].sqrt(),
                standardized: scores[at],
                state: match (node.value, node.estimate) {
                    (Some(_), _) => ValueState::Measured,
                    (None, Some(_)) => ValueState::Estimated,
                    (None, None) => ValueState::Calculated,
                },
            },
        ));
    }
    nodes.sort_by_key(|(given, _)| *given);
    Ok(Reconciled {
        unit: tree.unit,
        nodes: nodes.into_iter().map(|(_, node)| node).collect(),
        chi_squared: balanced.chi_squared,
        degrees_of_freedom: balanced.degrees,
        chi_squared_limit: limit,
        findings,
        not_identifiable: not_identifiable(&checked, &balanced, &metered, &name),
        proposal: proposal(&checked, &balanced, &metered, &name),
    })
}

/// Solves, holds what came out negative at zero, and solves again until nothing is negative.
fn non_negative(tree: &Checked, name: &dyn Fn(usize) -> String) -> Result<Balanced, MeterError> {
    let mut fixed = vec![false; tree.given.len()];
    loop {
        let balanced = solve(tree, &fixed, name)?;
        let most = balanced.value.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
        let negative: Vec<usize> = (0..fixed.len())
            .filter(|at| !fixed[*at] && balanced.value[*at] < -1e-12 * most.max(1.0))
            .collect();
        // Children before parents: a parent is negative because of them.
        let Some(at) = negative
            .iter()
            .copied()
            .filter(|at| tree.children[*at].iter().all(|child| !negative.contains(child)))
            .min_by(|a, b| balanced.value[*a].total_cmp(&balanced.value[*b]))
        else {
            return Ok(balanced);
        };
        fixed[at] = true;
    }
}

/// Metered children above their metered parent by more than their accuracy.
fn above_parent(tree: &SiteTree, checked: &Checked, metered: &[bool]) -> Vec<TreeFinding> {
    let mut findings = Vec::new();
    for at in 0..checked.given.len() {
        let (true, Some((value, deviation))) = (metered[at], checked.known[at]) else { continue };
        let (mut sum, mut variance, mut whole) = (0.0, deviation * deviation, true);
        for child in checked.children[at].iter().copied() {
            match checked.known[child] {
                Some((own, spread)) if metered[child] => {
                    sum += checked.sign[child] * own;
                    variance += spread * spread;
                }
                _ => whole = false,
            }
        }
        let node = &tree.nodes[checked.given[at]];
        let close = |ratio: f64, to: f64| (ratio / to - 1.0).abs() < 0.15;
        if whole && sum > 0.0 && value > 0.0 {
            let wrong_unit = [1e3, 1e-3].into_iter().find(|to| close(sum / value, *to));
            if wrong_unit.is_some() {
                findings.push(TreeFinding {
                    code: "METER-UNIT".to_owned(),
                    meter: node.id.clone(),
                    text: said!(
                        "finding.tree.unit",
                        "its meters sum to {sum:.3} {unit}, it reads {value:.3} {unit}: a thousandth or \
                         a thousand times",
                        sum = sum,
                        value = value,
                        unit = tree.unit
                    ),
                    proposal: said!(
                        "finding.tree.do.unit",
                        "one of them counts in kWh and the other in MWh; correct the unit"
                    ),
                });
                continue;
            }
        }
        let most = value + Z_LIMIT * variance.sqrt();
        if sum > most {
            findings.push(TreeFinding {
                code: "METER-ABOVE".to_owned(),
                meter: node.id.clone(),
                text: said!(
                    "finding.tree.above",
                    "its meters sum to {sum:.3} {unit}, it reads {value:.3} {unit}; accuracy explains \
                     {most:.3} {unit} at most",
                    sum = sum,
                    value = value,
                    most = most,
                    unit = tree.unit
                ),
                proposal: said!(
                    "finding.tree.do.above",
                    "look for a meter that hangs elsewhere, a wrong CT ratio or a wrong unit"
                ),
            });
        }
    }
    findings
}

fn gross_errors(
    tree: &Checked,
    balanced: &Balanced,
    scores: &[Option<f64>],
    limit: f64,
    name: &dyn Fn(usize) -> String,
) -> Vec<TreeFinding> {
    let score = |at: usize| scores[at].map_or(0.0, f64::abs);
    let worst = (0..tree.given.len()).map(score).fold(0.0, f64::max);
    let global = balanced.chi_squared > limit;
    if !global && worst <= Z_LIMIT {
        return Vec::new();
    }
    // Equal scores are the same evidence: these nodes cannot be told apart. A contradiction of the
    // whole without a meter beyond the limit can be any of those that were moved far.
    let near = if worst > Z_LIMIT { 0.999 } else { SUSPECT_SHARE };
    let suspects: Vec<String> = (0..tree.given.len())
        .filter(|at| worst > 0.0 && score(*at) > near * worst)
        .map(name)
        .collect();
    let seen = said!(
        "finding.tree.contradiction",
        "contradiction {chi:.2} against {limit:.2}, largest adjustment {worst:.2} deviations",
        chi = balanced.chi_squared,
        limit = limit,
        worst = worst
    );
    let (code, proposal) = if suspects.len() > 1 {
        let proposal = said!(
            "finding.tree.do.unclear",
            "not identifiable: it is one of {meters}",
            meters = List::from_iter(&suspects)
        );
        ("METER-UNCLEAR", proposal)
    } else {
        let proposal =
            said!("finding.tree.do.gross", "read this meter by hand and check its CT ratio");
        ("METER-GROSS", proposal)
    };
    vec![TreeFinding {
        code: code.to_owned(),
        meter: suspects.first().cloned().unwrap_or_default(),
        text: seen,
        proposal,
    }]
}
