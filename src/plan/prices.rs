//! What carbon, capacity and each policy cost at the margin.

use serde::{Deserialize, Serialize};

use super::conflict::Rule;
use super::effort::{Effort, is_good};
use super::evaluate::evaluate;
use super::instance::Instance;
use super::solve::{PlanError, Solution};

/// Work centers that are looked at: those with the highest load.
const WORK_CENTERS: usize = 5;
/// By how much a capacity is raised.
const MORE_CAPACITY: f64 = 0.02;
/// By how much a share is relaxed.
const SHARE: f64 = 0.01;
/// By how much a cap is raised.
const CAP: f64 = 0.01;

/// What relaxing one thing gives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShadowPrice {
    /// What is relaxed, and by how much, in words.
    pub what: String,
    /// Gain of the objective.
    pub fv: f64,
    /// The same in money, at the weights' price of cost: `fv * co0 / beta`; `None` without a weight of
    /// cost.
    pub worth: Option<f64>,
    /// kg CO₂e of the better plan minus today's plan.
    pub carbon_kg: f64,
    /// Cost of the better plan minus today's plan.
    pub cost: f64,
    /// Whether the gain is larger than what two searches differ by.
    pub certain: bool,
}

/// Prices at the margin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prices {
    /// What a tonne CO₂e is worth by the weights, in currency: `(alpha / C0) / (beta / Co0)`; `None`
    /// without a weight of cost.
    pub carbon_per_tonne: Option<f64>,
    /// Relaxations, the most worth first.
    pub relaxations: Vec<ShadowPrice>,
    /// What the objective of two searches with other seeds differs by: gains below it say nothing.
    pub noise_fv: f64,
}

/// Shadow prices by finite differences: the plan is searched again with each policy relaxed by one
/// percentage point (a cap by 1 %) and with 2 % more minutes at each of the five most loaded work
/// centers. A plan of the instance as it is stays a plan of the relaxed one, so no gain is negative.
///
/// The figures are those of plans that were found and evaluated exactly; they carry the scatter of the
/// search, which `noise_fv` states.
///
/// # Errors
///
/// [`PlanError`]; [`Prices`] without relaxations if no plan meets the policies.
pub fn prices(instance: &Instance, effort: &Effort<'_>) -> Result<Prices, PlanError> {
    let active = Rule::active(&instance.side_constraints);
    let parts = 2 + active.len() + WORK_CENTERS;
    let base = effort.plan(instance, "the plan as it is", (0, parts))?;
    let other = Effort { seed: effort.seed.wrapping_add(1), ..*effort };
    let again = other.plan(instance, "another seed", (1, parts))?;
    let compared = &base.instance;
    let carbon_per_tonne = compared.baseline.as_ref().and_then(|baseline| {
        let weights = &compared.weights;
        (weights.beta > 0.0)
            .then(|| 1000.0 * weights.alpha / baseline.c0_kg / (weights.beta / baseline.co0))
    });
    let mut found = Prices { carbon_per_tonne, relaxations: Vec::new(), noise_fv: 0.0 };
    if !is_good(&base) {
        return Ok(found);
    }
    let fv = |solution: &Solution| solution.evaluation.fv.unwrap_or_default();
    let best = if is_good(&again) && fv(&again) > fv(&base) { &again } else { &base };
    if is_good(&again) {
        found.noise_fv = (fv(&again) - fv(&base)).abs();
    }
    let mut asked: Vec<(String, Instance)> = (active.iter())
        .map(|(rule, value)| {
            let eased = eased(*rule, *value);
            let words = format!("{} instead of {}", rule.words(eased), rule.words(*value));
            (words, rule.with(compared, Some(eased)))
        })
        .collect();
    asked.extend(most_loaded(compared, best).into_iter().map(|at| {
        let mut more = compared.clone();
        let center = &mut more.work_centers[at];
        center.capacity_minutes.iter_mut().for_each(|minutes| *minutes *= 1.0 + MORE_CAPACITY);
        let hours: f64 = compared.work_centers[at].capacity_minutes.iter().sum::<f64>() / 60.0;
        let text = format!(
            "{:.1} hours more at {} ({:.0} % of its capacity)",
            hours * MORE_CAPACITY,
            center.work_center,
            100.0 * MORE_CAPACITY
        );
        (text, more)
    }));
    for (part, (what, relaxed)) in asked.iter().enumerate() {
        let solution = effort.plan(relaxed, what.as_str(), (2 + part, parts))?;
        let better = is_good(&solution) && fv(&solution) > fv(best);
        let gained = if better { &solution } else { best };
        let gain = fv(gained) - fv(best);
        let per_fv = compared.baseline.as_ref().map(|b| b.co0 / compared.weights.beta);
        found.relaxations.push(ShadowPrice {
            what: what.clone(),
            fv: gain,
            worth: per_fv.filter(|per| per.is_finite()).map(|per| gain * per),
            carbon_kg: gained.evaluation.carbon_kg - best.evaluation.carbon_kg,
            cost: gained.evaluation.cost - best.evaluation.cost,
            certain: gain > found.noise_fv,
        });
    }
    found.relaxations.sort_by(|a, b| b.fv.total_cmp(&a.fv));
    Ok(found)
}

fn eased(rule: Rule, value: f64) -> f64 {
    match rule {
        Rule::LowCarbonRatio | Rule::NightLeast | Rule::Punctuality => (value - SHARE).max(0.0),
        Rule::NightMost => (value + SHARE).min(1.0),
        Rule::CarbonCap | Rule::CarbonBudget(_) => value * (1.0 + CAP),
    }
}

/// Work centers by the share of their minutes that the plan runs, the fullest first.
fn most_loaded(instance: &Instance, solution: &Solution) -> Vec<usize> {
    debug_assert!(evaluate(instance, &solution.schedule).feasible);
    let mut load = vec![0.0; instance.work_centers.len()];
    for assignment in &solution.schedule.assignments {
        let of = |order: &&super::instance::PlannedOrder| {
            order.planned_order == assignment.planned_order
        };
        let Some(order) = instance.planned_orders.iter().find(of) else { continue };
        let made = instance.materials.iter().find(|made| made.material == order.material);
        let version = made.and_then(|made| {
            let mut versions = made.production_versions.iter();
            versions.find(|v| v.production_version == assignment.production_version)
        });
        for operation in version.into_iter().flat_map(|version| &version.operations) {
            let mut centers = instance.work_centers.iter();
            if let Some(at) = centers.position(|w| w.work_center == operation.work_center) {
                load[at] += operation.minutes_per_unit * order.quantity;
            }
        }
    }
    let share = |at: usize| {
        let minutes: f64 = instance.work_centers[at].capacity_minutes.iter().sum();
        if minutes > 0.0 { load[at] / minutes } else { 0.0 }
    };
    let mut order: Vec<usize> = (0..load.len()).filter(|at| load[*at] > 0.0).collect();
    order.sort_by(|a, b| share(*b).total_cmp(&share(*a)));
    order.truncate(WORK_CENTERS);
    order
}
