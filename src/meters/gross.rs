//! Gross errors: whether the balances contradict each other beyond the accuracy of the meters, which
//! meter it is, and what cannot be told apart.

use serde::{Deserialize, Serialize};

use super::balance::Balanced;
use super::tree::Checked;

/// An adjustment beyond so many standard deviations names a meter (two-sided 0.1 %).
pub(super) const Z_LIMIT: f64 = 3.29;
/// Without a meter beyond that limit, every one of at least this share of the largest is suspected.
pub(super) const SUSPECT_SHARE: f64 = 0.6;
/// A bias of this share of a reading should be seen; if it would not be, that is said.
const BIAS_SHARE: f64 = 0.20;
/// Standard deviation that a new meter of class 1 would have, as a share.
const NEW_METER: f64 = 0.005;

/// A meter whose gross error would not be seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NotIdentifiable {
    /// Meter.
    pub meter: String,
    /// Smallest error of it that the balances would show, in percent of its value; `None` if none
    /// would.
    pub smallest_visible_percent: Option<f64>,
    /// Nodes that would take its error up instead.
    pub swallowed_by: Vec<String>,
}

/// Where a new meter helps most.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MeterProposal {
    /// Node without a meter.
    pub node: String,
    /// Standard deviation of it now, in the tree's unit.
    pub deviation_now: f64,
    /// Standard deviation of it with a meter of class 1.
    pub deviation_then: f64,
}

/// Standardized adjustment of each node that has a value: adjustment over its standard deviation.
pub(super) fn standardized(tree: &Checked, balanced: &Balanced) -> Vec<Option<f64>> {
    let standardized = |at: usize| {
        let (value, deviation) = tree.known[at]?;
        let spread = deviation * deviation - balanced.variance[at];
        // Nothing contradicts this value, so nothing can adjust it.
        if spread <= 1e-9 * deviation * deviation || deviation == 0.0 {
            return None;
        }
        Some((balanced.value[at] - value) / spread.sqrt())
    };
    (0..tree.given.len()).map(standardized).collect()
}

/// Meters whose gross error of a fifth would stay below the limit, with the neighbours that would
/// swallow it.
pub(super) fn not_identifiable(
    tree: &Checked,
    balanced: &Balanced,
    metered: &[bool],
    name: &dyn Fn(usize) -> String,
) -> Vec<NotIdentifiable> {
    let mut blind = Vec::new();
    for at in (0..tree.given.len()).filter(|at| metered[*at]) {
        let Some((value, deviation)) = tree.known[at] else { continue };
        if value <= 0.0 || deviation == 0.0 {
            continue;
        }
        let variance = deviation * deviation;
        let spread = variance - balanced.variance[at];
        // An error e of the meter moves its adjustment by e * spread / variance.
        let smallest = if spread > 1e-9 * variance {
            Some(Z_LIMIT * variance / spread.sqrt() / value)
        } else {
            None
        };
        if smallest.is_some_and(|share| share <= BIAS_SHARE) {
            continue;
        }
        let siblings = tree.parent[at].map_or(&[][..], |above| &tree.children[above]);
        let swallows = |other: &usize| {
            let wide = tree.known[*other].is_none_or(|(_, own)| own > deviation);
            *other != at && !metered[*other] && wide
        };
        blind.push(NotIdentifiable {
            meter: name(at),
            smallest_visible_percent: smallest.map(|share| 100.0 * share),
            swallowed_by: siblings.iter().copied().filter(swallows).map(name).collect(),
        });
    }
    blind
}

/// The node without a meter whose meter would take away the most variance.
pub(super) fn proposal(
    tree: &Checked,
    balanced: &Balanced,
    metered: &[bool],
    name: &dyn Fn(usize) -> String,
) -> Option<MeterProposal> {
    let gain = |at: usize| {
        let now = balanced.variance[at];
        let meter = (balanced.value[at] * NEW_METER).powi(2);
        (now, now * meter / (now + meter).max(f64::MIN_POSITIVE))
    };
    let best = (0..tree.given.len())
        .filter(|at| !metered[*at] && tree.children[*at].is_empty())
        .max_by(|a, b| (gain(*a).0 - gain(*a).1).total_cmp(&(gain(*b).0 - gain(*b).1)))?;
    let (now, then) = gain(best);
    (now > then).then(|| MeterProposal {
        node: name(best),
        deviation_now: now.sqrt(),
        deviation_then: then.sqrt(),
    })
}

/// The 95 % point of the chi-squared distribution with `degrees` of freedom; zero for none.
///
/// # Source
///
/// Abramowitz and Stegun, 26.4.4 and 26.4.5: the tail as a finite sum; inverted by bisection.
pub fn chi_squared_limit(degrees: usize) -> f64 {
    if degrees == 0 {
        return 0.0;
    }
    let (mut low, mut high) = (0.0, 10.0 + 4.0 * degrees as f64);
    for _ in 0..200 {
        let middle = (low + high) / 2.0;
        if tail(middle, degrees) > 0.05 { low = middle } else { high = middle }
    }
    (low + high) / 2.0
}

/// Probability of more than `x`.
fn tail(x: f64, degrees: usize) -> f64 {
    let half = x / 2.0;
    let odd = degrees % 2 == 1;
    // Each further pair of degrees adds half^a e^-half / gamma(a + 1).
    let (mut sum, mut order) =
        if odd { (complementary_error(half.sqrt()), 0.5) } else { ((-half).exp(), 1.0) };
    let mut term = if odd {
        (half / std::f64::consts::PI).sqrt() * 2.0 * (-half).exp()
    } else {
        half * (-half).exp()
    };
    while order + 0.25 < degrees as f64 / 2.0 {
        sum += term;
        order += 1.0;
        term *= half / order;
    }
    sum
}

/// erfc by its series near zero and Lentz's continued fraction beyond.
fn complementary_error(x: f64) -> f64 {
    if x < 2.0 {
        let (mut term, mut sum, mut n) = (x, x, 0.0);
        while f64::abs(term) > 1e-17 {
            n += 1.0;
            term *= -x * x / n;
            sum += term / (2.0 * n + 1.0);
        }
        return 1.0 - sum * 2.0 / std::f64::consts::PI.sqrt();
    }
    let mut fraction = 0.0;
    for k in (1..=60).rev() {
        fraction = f64::from(k) / 2.0 / (x + fraction);
    }
    (-x * x).exp() / (std::f64::consts::PI.sqrt() * (x + fraction))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_are_those_of_the_tables() {
        for (degrees, limit) in
            [(1, 3.841), (2, 5.991), (3, 7.815), (4, 9.488), (10, 18.307), (31, 44.985)]
        {
            assert!((chi_squared_limit(degrees) - limit).abs() < 6e-4, "{degrees}");
        }
    }
}
