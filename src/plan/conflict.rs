//! No plan meets all policies: the smallest set of them that conflicts, and what relaxing each gives.

use serde::{Deserialize, Serialize};

use super::column::Columns;
use super::effort::{Effort, is_good};
use super::evaluate::{Evaluation, Violation};
use super::instance::{Instance, SideConstraints};
use super::limits::least_carbon;
use super::solve::{PlanError, Solution, Status};
use crate::footprint::budget::Quarter;
use crate::said;
use crate::said::{List, Said};

/// Bisections of the smallest relaxation.
const STEPS: usize = 5;

/// A policy that can be relaxed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Least share of low-carbon raw material.
    LowCarbonRatio,
    /// Least share of night work.
    NightLeast,
    /// Largest share of night work.
    NightMost,
    /// Largest carbon.
    CarbonCap,
    /// Carbon budget of a quarter.
    CarbonBudget(Quarter),
    /// Least punctuality.
    Punctuality,
}

impl Rule {
    /// Those that the policies hold a plan to, with what they ask for.
    pub fn active(policies: &SideConstraints) -> Vec<(Self, f64)> {
        let fixed = [Self::LowCarbonRatio, Self::NightLeast, Self::NightMost, Self::CarbonCap];
        let budgets = policies.carbon_budgets.iter().map(|one| Self::CarbonBudget(one.quarter));
        let all = fixed.into_iter().chain(budgets).chain([Self::Punctuality]);
        all.filter_map(|rule| Some((rule, rule.asked(policies)?))).collect()
    }

    /// What the policies ask for by this rule.
    pub fn asked(self, policies: &SideConstraints) -> Option<f64> {
        match self {
            Self::LowCarbonRatio => policies.low_carbon_ratio_min,
            Self::NightLeast => policies.night_share_min,
            Self::NightMost => policies.night_share_max,
            Self::CarbonCap => policies.carbon_cap_kg,
            Self::CarbonBudget(quarter) => {
                policies.carbon_budgets.iter().find(|one| one.quarter == quarter)?.limit_kg
            }
            Self::Punctuality => policies.min_punctuality,
        }
    }

    /// What a plan has of it.
    fn of(self, found: &Evaluation) -> f64 {
        match self {
            Self::CarbonBudget(quarter) => {
                let mut budgets = found.budgets_kg.iter();
                budgets.find(|(of, _)| *of == quarter).map_or(0.0, |(_, kilograms)| *kilograms)
            }
            Self::LowCarbonRatio => found.low_carbon_ratio,
            Self::NightLeast | Self::NightMost => found.night_share,
            Self::CarbonCap => found.carbon_kg,
            Self::Punctuality => found.punctuality,
        }
    }

    /// The policies with another value of this one.
    pub(super) fn with(self, instance: &Instance, value: Option<f64>) -> Instance {
        let mut changed = instance.clone();
        let policies = &mut changed.side_constraints;
        match self {
            Self::LowCarbonRatio => policies.low_carbon_ratio_min = value,
            Self::NightLeast => policies.night_share_min = value,
            Self::NightMost => policies.night_share_max = value,
            Self::CarbonCap => policies.carbon_cap_kg = value,
            Self::CarbonBudget(quarter) => {
                let mut budgets = policies.carbon_budgets.iter_mut();
                if let Some(budget) = budgets.find(|one| one.quarter == quarter) {
                    budget.limit_kg = value;
                }
            }
            Self::Punctuality => policies.min_punctuality = value,
        }
        changed
    }

    /// The rule with a value, in words.
    pub fn words(self, value: f64) -> Said {
        let percent = 100.0 * value;
        match self {
            Self::LowCarbonRatio => said!(
                "policy.low-carbon",
                "at least {percent:.1} % low-carbon raw material by mass",
                percent = percent
            ),
            Self::NightLeast => said!(
                "policy.night-least",
                "at least {percent:.1} % of the run time at night",
                percent = percent
            ),
            Self::NightMost => said!(
                "policy.night-most",
                "at most {percent:.1} % of the run time at night",
                percent = percent
            ),
            Self::CarbonCap => said!("policy.cap", "at most {value:.0} kg CO2e", value = value),
            Self::CarbonBudget(quarter) => said!(
                "policy.budget",
                "at most {value:.0} kg CO2e of the budget of {quarter}",
                value = value,
                quarter = quarter
            ),
            Self::Punctuality => {
                said!("policy.on-time", "at least {percent:.1} % on time", percent = percent)
            }
        }
    }
}

/// What relaxing one policy of a conflict gives, the others kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Relaxed {
    /// Which.
    pub rule: Rule,
    /// What it asks for.
    pub asked: f64,
    /// The value nearest to it with which a plan was found; `None` if none was found even without it:
    /// then there is a second conflict.
    pub enough: Option<f64>,
    /// Carbon, cost and punctuality of that plan.
    pub carbon_kg: Option<f64>,
    /// See `carbon_kg`.
    pub cost: Option<f64>,
    /// See `carbon_kg`.
    pub punctuality: Option<f64>,
    /// In a sentence.
    pub text: String,
}

impl Relaxed {
    /// The sentence, with what it is made of.
    pub fn said(&self) -> Said {
        let asked = self.rule.words(self.asked);
        match (self.enough, self.carbon_kg, self.cost, self.punctuality) {
            (Some(enough), Some(carbon), Some(cost), Some(punctuality)) => said!(
                "conflict.relaxed",
                "{enough} instead of {asked}: {carbon:.0} kg CO2e, cost {cost:.2}, {percent:.1} % on time",
                enough = self.rule.words(enough),
                asked = asked,
                carbon = carbon,
                cost = cost,
                percent = 100.0 * punctuality
            ),
            _ => said!(
                "conflict.relaxed.none",
                "without '{asked}' no plan was found either",
                asked = asked
            ),
        }
    }
}

/// Why no plan meets all policies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conflict {
    /// The smallest set found that conflicts: without any one of them there is a plan. Empty if
    /// capacities, dates and availabilities leave no plan even without policies.
    pub policies: Vec<Relaxed>,
    /// Whether it is proven that no plan meets them all; otherwise none was found by the search.
    pub proven: bool,
    /// Without policies: what the plan that misses least still breaks.
    pub capacity: Vec<Violation>,
    /// In a sentence.
    pub text: String,
}

impl Conflict {
    fn of(policies: Vec<Relaxed>, proven: bool, capacity: Vec<Violation>) -> Self {
        let conflict = Self { policies, proven, capacity, text: String::new() };
        let text = conflict.said().into();
        Self { text, ..conflict }
    }

    /// The sentence, with what it is made of.
    pub fn said(&self) -> Said {
        let what = match self.policies.as_slice() {
            [] => return self.capacity_said(),
            [one] => {
                said!("conflict.one", "no plan has {policy}", policy = one.rule.words(one.asked))
            }
            many => {
                let all = many.iter().map(|one| one.rule.words(one.asked)).collect();
                said!("conflict.all", "no plan has all of: {policies}", policies = List(all))
            }
        };
        if self.proven {
            return what;
        }
        said!("conflict.not-proven", "{what} (none was found; not proven)", what = what)
    }

    fn capacity_said(&self) -> Said {
        let broken = self.capacity.iter().take(5);
        let broken = List::from_iter(
            broken.map(|one| format!("{} {} by {:.1}", one.rule, one.object, one.by)),
        );
        if self.proven {
            return said!(
                "conflict.capacity",
                "no plan fits even without policies: the one that misses least breaks {rules}",
                rules = broken
            );
        }
        said!(
            "conflict.capacity.not-proven",
            "no plan fits even without policies (none was found; not proven): the one that misses least \
             breaks {rules}",
            rules = broken
        )
    }
}

/// The smallest set of policies that conflicts; `None` if a plan meets them all.
///
/// The set is minimal in itself (irreducible), not the smallest of all such sets.
///
/// # Errors
///
/// [`PlanError`].
///
/// # Source
///
/// J. W. Chinneck, E. W. Dravnieks, "Locating minimal infeasible constraint sets in linear programs",
/// ORSA J. Computing 3 (1991): the deletion filter, here over policies.
pub fn conflict(instance: &Instance, effort: &Effort<'_>) -> Result<Option<Conflict>, PlanError> {
    let active: Vec<Rule> =
        Rule::active(&instance.side_constraints).into_iter().map(|(rule, _)| rule).collect();
    let parts = 3 + active.len() * (2 + STEPS);
    let mut part = 0;
    let mut ask = |asked: &Instance, what: Said| {
        let solution = effort.plan(asked, what, (part.min(parts - 1), parts));
        part += 1;
        solution
    };
    let all = ask(instance, said!("conflict.stage.all", "all policies"))?;
    if is_good(&all) {
        return Ok(None);
    }
    let instance = &all.instance;
    let free = active.iter().fold(instance.clone(), |freed, rule| rule.with(&freed, None));
    let without = ask(&free, said!("conflict.stage.none", "no policy"))?;
    if !is_good(&without) {
        return Ok(Some(too_little_capacity(&without)));
    }
    let (mut set, mut last) = (active.clone(), all.status);
    let mut tried = instance.clone();
    for rule in &active {
        if set.len() == 1 {
            break;
        }
        let fewer = rule.with(&tried, None);
        let solution = ask(&fewer, said!("conflict.stage.which", "which policies conflict"))?;
        if !is_good(&solution) {
            (tried, last) = (fewer, solution.status);
            set.retain(|known| known != rule);
        }
    }
    let proven = last == Status::Infeasible || is_impossible(&tried, &set, effort)?;
    let mut policies = Vec::with_capacity(set.len());
    for rule in set {
        let asked = rule.asked(&instance.side_constraints).unwrap_or_default();
        let dropped =
            ask(&rule.with(instance, None), said!("conflict.stage.relaxing", "relaxing a policy"))?;
        let mut best = is_good(&dropped).then_some(dropped);
        if let Some(found) = &best {
            let mut far = rule.of(&found.evaluation);
            let mut near = asked;
            for _ in 0..STEPS {
                let middle = 0.5 * (near + far);
                if (far - near).abs() <= 1e-3 * asked.abs().max(1e-3) {
                    break;
                }
                let solution = ask(
                    &rule.with(instance, Some(middle)),
                    said!("conflict.stage.relaxing-a-little", "relaxing a policy a little"),
                )?;
                if is_good(&solution) {
                    far = rule.of(&solution.evaluation);
                    best = Some(solution);
                } else {
                    near = middle;
                }
            }
        }
        policies.push(relaxed(rule, asked, best.as_ref()));
    }
    Ok(Some(Conflict::of(policies, proven, Vec::new())))
}

fn too_little_capacity(without: &Solution) -> Conflict {
    let capacity = without.evaluation.violations.clone();
    Conflict::of(Vec::new(), without.status == Status::Infeasible, capacity)
}

fn relaxed(rule: Rule, asked: f64, found: Option<&Solution>) -> Relaxed {
    let worth = found.map(|solution| &solution.evaluation);
    let relaxed = Relaxed {
        rule,
        asked,
        enough: worth.map(|found| rule.of(found)),
        carbon_kg: worth.map(|found| found.carbon_kg),
        cost: worth.map(|found| found.cost),
        punctuality: worth.map(|found| found.punctuality),
        text: String::new(),
    };
    let text = relaxed.said().into();
    Relaxed { text, ..relaxed }
}

/// Whether one policy alone is beyond every plan, by bounds that need no search of plans: the best
/// column of each order for night work and punctuality, availability for low-carbon material, and
/// the bound of the search for carbon.
fn is_impossible(
    instance: &Instance,
    rules: &[Rule],
    effort: &Effort<'_>,
) -> Result<bool, PlanError> {
    let [rule] = rules else { return Ok(false) };
    let asked = rule.asked(&instance.side_constraints).unwrap_or_default();
    let figures = instance.baseline.as_ref().map(|b| (b.c0_kg, b.co0, b.d0));
    let columns = Columns::compile(instance, figures.unwrap_or((1.0, 1.0, 1.0)), true)
        .map_err(PlanError::Unplannable)?;
    let best = |of: &dyn Fn(usize) -> f64| -> f64 {
        let order = |order: usize| {
            (columns.start[order]..columns.start[order + 1])
                .map(of)
                .fold(f64::NEG_INFINITY, f64::max)
        };
        (0..columns.orders()).map(order).sum()
    };
    Ok(match rule {
        Rule::NightLeast => best(&|c| columns.night[c] - asked * columns.run[c]) < -1e-6,
        Rule::NightMost => best(&|c| asked * columns.run[c] - columns.night[c]) < -1e-6,
        Rule::Punctuality => best(&|c| columns.on_time[c]) < asked - 1e-9,
        Rule::CarbonBudget(quarter) => {
            let row = columns.budgets.iter().find(|row| row.quarter == *quarter);
            row.is_some_and(|row| {
                let kilograms = |column: usize| {
                    let mut own = columns.minutes.of(column);
                    own.find(|(resource, _)| *resource == row.resource).map_or(0.0, |(_, kg)| kg)
                };
                -best(&|column| -kilograms(column)) > asked * (1.0 + 1e-6) + 1e-6
            })
        }
        Rule::CarbonCap => least_carbon(instance, effort)?.proven_kg > asked * (1.0 + 1e-6),
        // What is required depends on the versions; the search has to say it.
        Rule::LowCarbonRatio => false,
    })
}
