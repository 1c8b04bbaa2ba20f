//! The choices between carbon, cost and punctuality: plans of which none is better in all three.

use serde::{Deserialize, Serialize};

use super::dominance::{evenly_spread, non_dominated};
use super::effort::{Effort, is_good};
use super::evaluate::Evaluation;
use super::instance::{Instance, Weights};
use super::schedule::Schedule;
use super::solve::{PlanError, Solution};
use crate::said;
use crate::said::Said;

/// Weights of the first plans: the corners of the simplex with a little of everything, so that no
/// objective is given away for nothing, and what lies between.
const CORNERS: [(&str, [f64; 3]); 6] = [
    ("least carbon", [0.98, 0.01, 0.01]),
    ("least cost", [0.01, 0.98, 0.01]),
    ("most on time", [0.01, 0.01, 0.98]),
    ("carbon and cost", [0.49, 0.49, 0.02]),
    ("carbon and punctuality", [0.49, 0.02, 0.49]),
    ("cost and punctuality", [0.02, 0.49, 0.49]),
];

/// One plan of the front.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FrontPoint {
    /// What was asked for: `chosen weights`, `least carbon`, `carbon at most 120000 kg`.
    pub name: String,
    /// What the name is made of; nothing in plans of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<Said>,
    /// kg CO₂e.
    pub carbon_kg: f64,
    /// Currency of the instance.
    pub cost: f64,
    /// Weighted share of orders that arrive on time.
    pub punctuality: f64,
    /// FV under the chosen weights; `None` without a baseline.
    pub fv: Option<f64>,
    /// Whether it is the plan of the chosen weights.
    pub chosen: bool,
    /// What one tonne CO₂e less costs on the way from the next point with more carbon; `None` at the
    /// point with most carbon, or if the step saves less than 1 kg.
    pub cost_per_tonne_saved: Option<f64>,
    /// The plan.
    pub schedule: Schedule,
}

/// The front with what it is compared with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Front {
    /// Points by rising carbon; none dominates another. The chosen weights' plan is among them; if
    /// another plan dominates it, that one takes its place.
    pub points: Vec<FrontPoint>,
    /// What the plant does without a plan; it may break policies.
    pub baseline: Evaluation,
    /// Searches that were made.
    pub searches: usize,
    /// Plans that met every rule, before dominated ones were left out.
    pub plans: usize,
}

struct Made {
    name: Said,
    solution: Solution,
}

/// The front by at most `searches` plans, of which at most `points_max` are shown.
///
/// First the chosen weights and six corners of the weights' simplex; then, wherever two neighbours in
/// carbon lie farthest apart, a plan with a carbon cap in the middle: weights alone reach only the
/// convex part. Policies hold in every point. Exact dominance is by what the evaluator says.
///
/// # Errors
///
/// [`PlanError`] if nothing can be planned at all. A search that finds no plan is left out.
pub fn front(
    instance: &Instance,
    searches: usize,
    points_max: usize,
    effort: &Effort<'_>,
) -> Result<Front, PlanError> {
    let searches = searches.max(1);
    let mut made: Vec<Made> = Vec::new();
    let of_chosen = said!("choice.chosen", "chosen weights");
    let chosen = effort.plan(instance, of_chosen.clone(), (0, searches))?;
    let baseline = chosen.baseline_evaluation.clone();
    let compared = chosen.instance.clone();
    let mut done = 1;
    if is_good(&chosen) {
        made.push(Made { name: of_chosen, solution: chosen });
    }
    for (name, [alpha, beta, gamma]) in CORNERS.iter().take(searches - 1) {
        let mut asked = compared.clone();
        asked.weights =
            Weights { alpha: *alpha, beta: *beta, gamma: *gamma, weights_free: Some(true) };
        let name = corner(name);
        let solution = effort.plan(&asked, name.clone(), (done, searches))?;
        done += 1;
        if is_good(&solution) {
            made.push(Made { name, solution });
        }
    }
    while done < searches {
        let Some(cap) = widest_gap(&made) else { break };
        let mut asked = compared.clone();
        asked.weights = Weights { alpha: 0.05, beta: 0.6, gamma: 0.35, weights_free: Some(true) };
        let own = asked.side_constraints.carbon_cap_kg.unwrap_or(f64::INFINITY);
        asked.side_constraints.carbon_cap_kg = Some(cap.min(own));
        let name = said!("choice.cap", "carbon at most {cap:.0} kg", cap = cap);
        let solution = effort.plan(&asked, name.clone(), (done, searches))?;
        done += 1;
        let good = is_good(&solution);
        let before = made.len();
        if good {
            made.push(Made { name, solution });
        }
        // The same gap would be found again.
        if made.len() == before {
            break;
        }
    }
    let plans = made.len();
    Ok(Front { points: shown(made, &compared, points_max), baseline, searches: done, plans })
}

/// A corner of the weights' simplex by its name.
fn corner(name: &str) -> Said {
    match name {
        "least carbon" => said!("choice.least-carbon", "least carbon"),
        "least cost" => said!("choice.least-cost", "least cost"),
        "most on time" => said!("choice.most-on-time", "most on time"),
        "carbon and cost" => said!("choice.carbon-and-cost", "carbon and cost"),
        "carbon and punctuality" => {
            said!("choice.carbon-and-punctuality", "carbon and punctuality")
        }
        "cost and punctuality" => said!("choice.cost-and-punctuality", "cost and punctuality"),
        other => other.into(),
    }
}

/// The carbon in the middle of the two neighbours that lie farthest apart.
fn widest_gap(made: &[Made]) -> Option<f64> {
    let mut carbon: Vec<f64> = made.iter().map(|m| m.solution.evaluation.carbon_kg).collect();
    carbon.sort_by(f64::total_cmp);
    let range = carbon.last()? - carbon.first()?;
    let widest = carbon.windows(2).max_by(|a, b| (a[1] - a[0]).total_cmp(&(b[1] - b[0])))?;
    (widest[1] - widest[0] > 1e-3 * range.max(1.0)).then(|| 0.5 * (widest[0] + widest[1]))
}

fn objectives(solution: &Solution) -> [f64; 3] {
    let found = &solution.evaluation;
    [found.carbon_kg, found.cost, -found.punctuality]
}

fn fv(instance: &Instance, found: &Evaluation) -> Option<f64> {
    let (baseline, weights) = (instance.baseline.as_ref()?, &instance.weights);
    Some(
        weights.alpha * (1.0 - found.carbon_kg / baseline.c0_kg)
            + weights.beta * (1.0 - found.cost / baseline.co0)
            + weights.gamma * found.punctuality / baseline.d0,
    )
}

fn shown(made: Vec<Made>, instance: &Instance, points_max: usize) -> Vec<FrontPoint> {
    let all: Vec<[f64; 3]> = made.iter().map(|m| objectives(&m.solution)).collect();
    let mut kept: Vec<usize> = Vec::new();
    for at in non_dominated(&all) {
        // Equal plans are one choice.
        if !kept.iter().any(|known| all[*known] == all[at]) {
            kept.push(at);
        }
    }
    let own: Vec<[f64; 3]> = kept.iter().map(|at| all[*at]).collect();
    let worth = |at: &usize| fv(instance, &made[*at].solution.evaluation).unwrap_or(f64::MIN);
    // A search is a heuristic: another one may have found what the chosen weights like better.
    let best = (0..kept.len()).max_by(|a, b| worth(&kept[*a]).total_cmp(&worth(&kept[*b])));
    let Some(best) = best else { return Vec::new() };
    let mut points: Vec<FrontPoint> = evenly_spread(&own, best, points_max)
        .into_iter()
        .map(|position| {
            let Made { name, solution } = &made[kept[position]];
            FrontPoint {
                name: name.text.clone(),
                said: name.keyed(),
                carbon_kg: solution.evaluation.carbon_kg,
                cost: solution.evaluation.cost,
                punctuality: solution.evaluation.punctuality,
                fv: fv(instance, &solution.evaluation),
                chosen: position == best,
                cost_per_tonne_saved: None,
                schedule: solution.schedule.clone(),
            }
        })
        .collect();
    points.sort_by(|a, b| a.carbon_kg.total_cmp(&b.carbon_kg).then(a.cost.total_cmp(&b.cost)));
    for at in 0..points.len().saturating_sub(1) {
        let (less, more) = (&points[at], &points[at + 1]);
        let saved = more.carbon_kg - less.carbon_kg;
        let price = (saved >= 1.0).then(|| (less.cost - more.cost) / saved * 1000.0);
        points[at].cost_per_tonne_saved = price;
    }
    points
}
