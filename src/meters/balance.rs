//! Weighted least squares on a tree in two passes: up, what the children say of their parent is
//! pooled with what its own meter says; down, each parent's value is given back to its children.

use super::MeterError;
use super::tree::Checked;

/// What the passes give for each node.
pub(super) struct Balanced {
    /// Value.
    pub value: Vec<f64>,
    /// Its variance.
    pub variance: Vec<f64>,
    /// Sum of the squared, scaled contradictions.
    pub chi_squared: f64,
    /// How many balances could contradict.
    pub degrees: usize,
}

/// A value with its variance; without bound if nothing is known.
#[derive(Clone, Copy)]
enum Estimate {
    Open,
    Known { value: f64, variance: f64 },
}

/// The sum of the children of a node, signed.
struct ChildSum {
    value: f64,
    variance: f64,
    /// Position of the one child of which nothing is known.
    open: Option<usize>,
}

/// Solves the balances. `fixed` nodes are held at zero.
///
/// # Errors
///
/// [`MeterError::Undetermined`], [`MeterError::Contradiction`].
pub(super) fn solve(
    tree: &Checked,
    fixed: &[bool],
    name: &dyn Fn(usize) -> String,
) -> Result<Balanced, MeterError> {
    let count = tree.given.len();
    let mut pooled = vec![Estimate::Open; count];
    let (mut chi_squared, mut degrees) = (0.0, 0);
    for at in (0..count).rev() {
        let own = match (fixed[at], tree.known[at]) {
            (true, _) => Some((0.0, 0.0)),
            (false, Some((value, deviation))) => Some((value, deviation * deviation)),
            (false, None) => None,
        };
        if tree.children[at].is_empty() {
            pooled[at] = match own {
                Some((value, variance)) => Estimate::Known { value, variance },
                None => Estimate::Open,
            };
            continue;
        }
        let sum = child_sum(tree, &pooled, at, name)?;
        pooled[at] = match (own, sum.open) {
            (Some((value, variance)), Some(_)) => Estimate::Known { value, variance },
            (None, Some(_)) => Estimate::Open,
            (None, None) => Estimate::Known { value: sum.value, variance: sum.variance },
            (Some((value, variance)), None) => {
                let (gap, together) = (value - sum.value, variance + sum.variance);
                if together > 0.0 {
                    chi_squared += gap * gap / together;
                    degrees += 1;
                    Estimate::Known {
                        value: value - gap * variance / together,
                        variance: variance * sum.variance / together,
                    }
                } else if gap.abs() <= 1e-9 * value.abs().max(1.0) {
                    Estimate::Known { value, variance }
                } else {
                    let parent = name(at);
                    return Err(MeterError::Contradiction { parent, value, sum: sum.value });
                }
            }
        };
    }
    let (mut value, mut variance) = (vec![0.0; count], vec![0.0; count]);
    match pooled[0] {
        Estimate::Known { value: top, variance: spread } => {
            value[0] = top;
            variance[0] = spread;
        }
        Estimate::Open => {
            let (parent, children) = ("the top".to_owned(), name(0));
            return Err(MeterError::Undetermined { parent, children });
        }
    }
    for at in 0..count {
        if tree.children[at].is_empty() {
            continue;
        }
        let sum = child_sum(tree, &pooled, at, name)?;
        let gap = value[at] - sum.value;
        for child in tree.children[at].iter().copied() {
            let sign = tree.sign[child];
            match pooled[child] {
                Estimate::Open => {
                    value[child] = sign * gap;
                    variance[child] = variance[at] + sum.variance;
                }
                Estimate::Known { value: own, variance: spread } => {
                    // With an open sibling nothing flows back: it takes all of the difference.
                    let gain = if sum.open.is_none() && sum.variance > 0.0 {
                        spread / sum.variance
                    } else {
                        0.0
                    };
                    value[child] = own + sign * gain * gap;
                    let back = if sum.open.is_none() { sum.variance - variance[at] } else { 0.0 };
                    variance[child] = (spread - gain * gain * back).max(0.0);
                }
            }
        }
    }
    Ok(Balanced { value, variance, chi_squared, degrees })
}

fn child_sum(
    tree: &Checked,
    pooled: &[Estimate],
    at: usize,
    name: &dyn Fn(usize) -> String,
) -> Result<ChildSum, MeterError> {
    let mut sum = ChildSum { value: 0.0, variance: 0.0, open: None };
    for child in tree.children[at].iter().copied() {
        match (pooled[child], sum.open) {
            (Estimate::Known { value, variance }, _) => {
                sum.value += tree.sign[child] * value;
                sum.variance += variance;
            }
            (Estimate::Open, None) => sum.open = Some(child),
            (Estimate::Open, Some(other)) => {
                let children = format!("{} and {}", name(other), name(child));
                return Err(MeterError::Undetermined { parent: name(at), children });
            }
        }
    }
    Ok(sum)
}
