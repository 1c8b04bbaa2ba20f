//! Least carbon at a limit of cost, least cost at a cap of carbon, and the least carbon there can be.

use serde::{Deserialize, Serialize};

use super::effort::{Effort, is_good};
use super::instance::{Instance, Weights};
use super::solve::{PlanError, Solution};

/// Searches of [`least_carbon_at_cost`]: by weights, then by carbon caps.
const BY_WEIGHTS: usize = 5;
const BY_CAPS: usize = 5;

/// The least carbon of any plan that meets the other policies.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeastCarbon {
    /// No plan emits less, in kg CO₂e, proven.
    pub proven_kg: f64,
    /// The best plan found emits this; `None` if none was found.
    pub found_kg: Option<f64>,
}

/// Why there is no plan within a limit.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LimitError {
    /// Nothing can be planned.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The cap is below what can be reached.
    #[error(
        "PLAN-CAP: the carbon cap of {cap_kg:.0} kg cannot be met: {}; raise the cap or relax another \
         policy",
        reachable(.least)
    )]
    CapTooLow {
        /// The cap.
        cap_kg: f64,
        /// What can be reached.
        least: LeastCarbon,
    },
    /// The limit is below what can be reached.
    #[error(
        "PLAN-COST: the limit of {limit:.2} cannot be met: every plan costs at least {proven:.2} \
         (proven), the cheapest found {}; raise the limit or relax a policy",
        .found.map_or("none".to_owned(), |cost| format!("{cost:.2}"))
    )]
    CostTooLow {
        /// The limit.
        limit: f64,
        /// No plan costs less.
        proven: f64,
        /// The cheapest found.
        found: Option<f64>,
    },
}

fn reachable(least: &LeastCarbon) -> String {
    match least.found_kg {
        Some(found) => format!(
            "every plan emits at least {:.0} kg (proven), the least found emits {found:.0} kg",
            least.proven_kg
        ),
        None => format!(
            "every plan emits at least {:.0} kg (proven), and the other policies leave none that was \
             found",
            least.proven_kg
        ),
    }
}

/// A plan within a limit, with what was proven of it.
#[derive(Clone, Debug)]
pub struct Limited {
    /// The plan.
    pub solution: Solution,
    /// No plan within the limit has less of what was to be least: kg CO₂e or currency.
    pub proven: f64,
    /// Searches that were made.
    pub searches: usize,
}

/// The instance with other weights, outside the published ranges.
fn weighed(instance: &Instance, alpha: f64, beta: f64) -> Instance {
    let weights = Weights { alpha, beta, gamma: 1.0 - alpha - beta, weights_free: Some(true) };
    Instance { weights, ..instance.clone() }
}

/// Carbon that no plan with at most `cost` undercuts, by the bound of a search with these weights:
/// `UB >= alpha (1 - C/C0) + beta (1 - Co/Co0)` for every plan, since punctuality is not negative.
fn carbon_bound(solution: &Solution, cost: f64) -> f64 {
    let (weights, baseline) = (&solution.instance.weights, solution.instance.baseline.as_ref());
    let Some(baseline) = baseline.filter(|_| weights.alpha > 0.0) else { return 0.0 };
    let spared = weights.beta * (1.0 - cost / baseline.co0);
    let left = solution.upper_bound - spared;
    (baseline.c0_kg * (1.0 - left / weights.alpha)).max(0.0)
}

/// The least carbon of any plan that meets all policies but the carbon cap.
///
/// # Errors
///
/// [`PlanError`].
pub fn least_carbon(instance: &Instance, effort: &Effort<'_>) -> Result<LeastCarbon, PlanError> {
    least_carbon_in(instance, effort, (0, 1)).map(|(least, _)| least)
}

fn least_carbon_in(
    instance: &Instance,
    effort: &Effort<'_>,
    part: (usize, usize),
) -> Result<(LeastCarbon, Solution), PlanError> {
    let mut asked = weighed(instance, 1.0, 0.0);
    asked.side_constraints.carbon_cap_kg = None;
    let solution = effort.plan(&asked, "least carbon", part)?;
    let found_kg = is_good(&solution).then_some(solution.evaluation.carbon_kg);
    let proven_kg = carbon_bound(&solution, 0.0).min(found_kg.unwrap_or(f64::INFINITY));
    Ok((LeastCarbon { proven_kg, found_kg }, solution))
}

/// The cheapest plan that emits at most `cap_kg`; the other policies hold.
///
/// # Errors
///
/// [`LimitError::CapTooLow`] with the least carbon that can be reached.
pub fn least_cost_at_cap(
    instance: &Instance,
    cap_kg: f64,
    effort: &Effort<'_>,
) -> Result<Limited, LimitError> {
    let mut asked = weighed(instance, 0.0, 1.0);
    asked.side_constraints.carbon_cap_kg = Some(cap_kg);
    let solution = effort.plan(&asked, "least cost at the cap", (0, 2))?;
    if is_good(&solution) {
        let proven = cost_bound(&solution);
        return Ok(Limited { solution, proven, searches: 1 });
    }
    // The plan with least carbon meets any cap that can be met.
    let (least, greenest) = least_carbon_in(instance, effort, (1, 2))?;
    if least.found_kg.is_some_and(|found| found <= cap_kg * (1.0 + 1e-6)) {
        let proven = cost_bound(&solution);
        return Ok(Limited { solution: greenest, proven, searches: 2 });
    }
    Err(LimitError::CapTooLow { cap_kg, least })
}

fn cost_bound(solution: &Solution) -> f64 {
    let co0 = solution.instance.baseline.as_ref().map_or(0.0, |baseline| baseline.co0);
    let bound = (co0 * (1.0 - solution.upper_bound)).max(0.0);
    if is_good(solution) { bound.min(solution.evaluation.cost) } else { bound }
}

/// The plan with least carbon that costs at most `limit`; the policies hold.
///
/// First the weights of carbon and cost are bisected, which gives plans and, with every search, a
/// proven bound; then carbon caps between the bound and the best plan, for what weights cannot reach.
///
/// # Errors
///
/// [`LimitError::CostTooLow`] with the least cost that can be reached.
///
/// # Source
///
/// Lagrangian relaxation of the one cost row; Y. Haimes, L. Lasdon, D. Wismer (1971): the
/// epsilon-constraint method.
pub fn least_carbon_at_cost(
    instance: &Instance,
    limit: f64,
    effort: &Effort<'_>,
) -> Result<Limited, LimitError> {
    let searches = 2 + BY_WEIGHTS + BY_CAPS;
    let within =
        |solution: &Solution| is_good(solution) && solution.evaluation.cost <= limit * (1.0 + 1e-9);
    let (_, greenest) = least_carbon_in(instance, effort, (0, searches))?;
    let mut proven = carbon_bound(&greenest, limit);
    if within(&greenest) {
        return Ok(Limited { solution: greenest, proven, searches: 1 });
    }
    let cheapest = effort.plan(&weighed(instance, 0.0, 1.0), "least cost", (1, searches))?;
    let mut best = within(&cheapest).then(|| cheapest.clone());
    let (mut low, mut high) = (0.0, 1.0);
    let mut done = 2;
    for _ in 0..BY_WEIGHTS {
        let alpha = 0.5 * (low + high);
        let asked = weighed(instance, alpha, 1.0 - alpha);
        let solution = effort.plan(&asked, "weights", (done, searches))?;
        done += 1;
        proven = proven.max(carbon_bound(&solution, limit));
        if within(&solution) {
            low = alpha;
            keep_greener(&mut best, solution);
        } else {
            high = alpha;
        }
    }
    let Some(mut best) = best else {
        let found = is_good(&cheapest).then_some(cheapest.evaluation.cost);
        return Err(LimitError::CostTooLow { limit, proven: cost_bound(&cheapest), found });
    };
    let mut floor = proven;
    for _ in 0..BY_CAPS {
        let carbon = best.evaluation.carbon_kg;
        if carbon - floor <= 1e-4 * carbon {
            break;
        }
        let mut asked = weighed(instance, 0.0, 1.0);
        let cap = 0.5 * (floor + carbon);
        asked.side_constraints.carbon_cap_kg = Some(cap);
        let solution = effort.plan(&asked, "carbon caps", (done, searches))?;
        done += 1;
        if within(&solution) {
            best = solution;
        } else {
            // Not proven: a search that finds nothing says little. It only steers.
            floor = cap;
        }
    }
    let proven = proven.min(best.evaluation.carbon_kg);
    Ok(Limited { solution: best, proven, searches: done })
}

fn keep_greener(best: &mut Option<Solution>, solution: Solution) {
    let known = best.as_ref().map_or(f64::INFINITY, |known| known.evaluation.carbon_kg);
    if solution.evaluation.carbon_kg < known {
        *best = Some(solution);
    }
}
