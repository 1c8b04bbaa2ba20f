//! Shadow prices: what the proven bound would gain if a capacity or a policy gave way by one unit.

use serde::{Deserialize, Serialize};

use super::bound::{bound, bound_of};
use super::column::Columns;
use super::conflict::Rule;
use super::instance::Instance;
use super::schedule::Schedule;
use super::solve::{PlanError, Proof, all_modes};

/// Steps of a bound where the proof has no multipliers of the linear relaxation.
const STEPS: usize = 200;
/// By which share a limit is moved. The bound is linear in it, so that any small share tells the same.
const MOVED: f64 = 1e-4;
/// Columns that all work centers together may be looked at with: a large plan gets the prices of its
/// fullest work centers only.
const LOOKS: usize = 4_000_000;

/// What one unit more of a limit is worth. A limit that a plan has to stay below gains by more of it, one
/// that it has to reach loses: then the price is negative.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MarginalPrice {
    /// One unit more of what, in words.
    pub what: String,
    /// Work center or rule.
    pub object: String,
    /// `hour`, `tonne` or `percentage_point`.
    pub unit: String,
    /// Gain of the bound of FV for each unit.
    pub fv: f64,
    /// The same in currency, `fv * co0 / beta`; `None` without a weight of cost.
    pub worth: Option<f64>,
    /// The same in kg CO₂e spared, `fv * c0 / alpha`; `None` without a weight of carbon.
    pub carbon_kg: Option<f64>,
}

/// Prices of carbon, capacity and policies at the multipliers of a bound.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShadowPrices {
    /// What a tonne CO₂e is worth by the weights, in currency; `None` without a weight of cost.
    pub carbon_per_tonne: Option<f64>,
    /// Policies first, then work centers, the dearest first; work centers that are worth nothing are left
    /// out.
    pub prices: Vec<MarginalPrice>,
}

/// The prices at the multipliers of `proof`, or at those of a bound of its own where the proof has none.
/// They say what the bound does, not what the next plan will: a search again with the limit moved says
/// that (`carbide plan prices`).
///
/// # Errors
///
/// [`PlanError`] if an order cannot be planned, or the instance has no baseline.
///
/// # Source
///
/// Sensitivity of the Lagrangian dual at fixed multipliers (model, section 6): the bound holds for any
/// multipliers and is linear in each limit.
pub fn shadow_prices(
    instance: &Instance,
    schedule: &Schedule,
    proof: &Proof,
) -> Result<ShadowPrices, PlanError> {
    let baseline = instance.baseline.as_ref().ok_or(PlanError::NoBaseline)?;
    let figures = (baseline.c0_kg, baseline.co0, baseline.d0);
    let mut columns =
        Columns::compile(instance, figures, all_modes(instance)).map_err(PlanError::Unplannable)?;
    let multipliers = match proof {
        Proof::Multipliers(multipliers) => multipliers.clone(),
        Proof::Homes(homes) => homes.linear.clone(),
        _ => bound(&columns, STEPS, &|| 0.0).multipliers,
    };
    let Ok(proven) = bound_of(&columns, &multipliers) else {
        return Ok(ShadowPrices { carbon_per_tonne: None, prices: Vec::new() });
    };
    let weights = &instance.weights;
    let per_fv = |whole: f64, weight: f64| (weight > 0.0).then(|| whole / weight);
    let (money, kilograms) =
        (per_fv(baseline.co0, weights.beta), per_fv(baseline.c0_kg, weights.alpha));
    let price = |what: String, object: String, unit: &str, fv: f64| MarginalPrice {
        what,
        object,
        unit: unit.to_owned(),
        fv,
        worth: money.map(|money| fv * money),
        carbon_kg: kilograms.map(|kilograms| fv * kilograms),
    };
    let mut prices = Vec::new();
    for (rule, asked) in Rule::active(&instance.side_constraints) {
        let by = MOVED * asked;
        let (per, unit) = match rule {
            Rule::CarbonCap | Rule::CarbonBudget(_) => (1000.0, "tonne"),
            _ => (0.01, "percentage_point"),
        };
        if by <= 0.0 {
            continue;
        }
        let gain = gain(&mut columns, &multipliers, proven, |columns, sign| {
            moved(columns, rule, sign * by);
        });
        let fv = gain.unwrap_or_default() / by * per;
        let (what, object) = words(rule);
        prices.push(price(what, object, unit, fv));
    }
    let mut of_centers = Vec::new();
    let buckets = instance.buckets.len();
    for at in fullest(&columns, instance, schedule) {
        let resources = at * buckets..(at + 1) * buckets;
        let minutes: f64 = columns.capacity[resources.clone()].iter().sum();
        let gain = gain(&mut columns, &multipliers, proven, |columns, sign| {
            for minutes in &mut columns.capacity[resources.clone()] {
                *minutes *= 1.0 + sign * MOVED;
            }
        });
        let fv = gain.unwrap_or_default() / (MOVED * minutes) * 60.0;
        let center = &instance.work_centers[at].work_center;
        if fv.abs() > 1e-12 {
            let what = format!("an hour at {center}, spread over its shifts");
            of_centers.push(price(what, center.clone(), "hour", fv));
        }
    }
    of_centers.sort_by(|a, b| b.fv.total_cmp(&a.fv));
    prices.extend(of_centers);
    let carbon_per_tonne = money.map(|money| 1000.0 * weights.alpha / baseline.c0_kg * money);
    Ok(ShadowPrices { carbon_per_tonne, prices })
}

/// What the bound gains when `change` moves a limit up; down, where the problem would lose a row by the
/// way up. `None` if it has other rows either way.
fn gain(
    columns: &mut Columns<'_>,
    multipliers: &[f32],
    proven: f64,
    change: impl Fn(&mut Columns<'_>, f64),
) -> Option<f64> {
    let kept = columns.limits();
    [1.0, -1.0].into_iter().find_map(|sign| {
        change(columns, sign);
        let moved = bound_of(columns, multipliers);
        columns.set_limits(kept.clone());
        Some(sign * (moved.ok()? - proven))
    })
}

fn moved(columns: &mut Columns<'_>, rule: Rule, by: f64) {
    match rule {
        Rule::LowCarbonRatio => columns.ratio_min += by,
        Rule::NightLeast => columns.night_min += by,
        Rule::NightMost => columns.night_max += by,
        Rule::CarbonCap => columns.carbon_cap = columns.carbon_cap.map(|cap| cap + by),
        Rule::CarbonBudget(quarter) => {
            if let Some(row) = columns.budgets.iter().find(|row| row.quarter == quarter) {
                columns.capacity[row.resource] += by;
            }
        }
        Rule::Punctuality => {
            columns.punctuality_min = columns.punctuality_min.map(|least| least + by);
        }
    }
}

/// One unit more of a policy, and its name.
fn words(rule: Rule) -> (String, String) {
    let (what, object) = match rule {
        Rule::LowCarbonRatio => {
            ("a point more low-carbon raw material at least", "low_carbon_ratio_min")
        }
        Rule::NightLeast => ("a point more night work at least", "night_share_min"),
        Rule::NightMost => ("a point more night work at most", "night_share_max"),
        Rule::CarbonCap => ("a tonne more of the carbon cap", "carbon_cap_kg"),
        Rule::CarbonBudget(quarter) => {
            return (
                format!("a tonne more of the carbon budget of {quarter}"),
                quarter.to_string(),
            );
        }
        Rule::Punctuality => ("a point more on time at least", "min_punctuality"),
    };
    (what.to_owned(), object.to_owned())
}

/// Work centers by the share of their minutes that the plan uses, the fullest first, as many as can be
/// looked at.
fn fullest(columns: &Columns<'_>, instance: &Instance, schedule: &Schedule) -> Vec<usize> {
    let buckets = instance.buckets.len();
    let mut used = vec![0.0; instance.work_centers.len()];
    for (order, assignment) in schedule.assignments.iter().enumerate() {
        let column = if order < columns.orders() { columns.find(order, assignment) } else { None };
        for (resource, minutes) in column.into_iter().flat_map(|column| columns.minutes.of(column))
        {
            if let Some(used) = used.get_mut(resource / buckets) {
                *used += minutes;
            }
        }
    }
    let share = |at: usize| {
        let minutes: f64 = columns.capacity[at * buckets..(at + 1) * buckets].iter().sum();
        if minutes > 0.0 { used[at] / minutes } else { 0.0 }
    };
    let mut centers: Vec<usize> = (0..used.len()).filter(|at| share(*at) > 0.0).collect();
    centers.sort_by(|a, b| share(*b).total_cmp(&share(*a)));
    centers.truncate((LOOKS / columns.len().max(1)).max(1));
    centers
}
