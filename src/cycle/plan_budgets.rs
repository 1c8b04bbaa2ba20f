//! Carbon budgets of quarters as policies of a plan: what is left of each.

use jiff::{Timestamp, ToSpan};

use super::{CycleError, Facts, Judged, metered_months, organisation};
use crate::config::Config;
use crate::footprint::budget::{self, BudgetStatus, Quarter};
use crate::plan::Policy;
use crate::plan::instance::CarbonBudget;
use crate::quantity::Milligrams;

/// Budgets of the horizon, and what is not held to, in sentences.
#[derive(Default)]
pub(super) struct Budgets {
    /// In the order of quarters.
    pub budgets: Vec<CarbonBudget>,
    /// Budgets that the plan is not held to, and why.
    pub warnings: Vec<String>,
}

/// The budgets of the quarters that the horizon of `policy` touches, each with what the months that are
/// metered whole leave of it. Of the quarters in `evenly` the plan gets no more than its share of the days
/// that are left, so that the quarter as a whole comes out at its budget.
///
/// # Errors
///
/// [`CycleError`] if a month of such a quarter cannot be judged.
pub(super) fn budgets_of_horizon(
    facts: &Facts,
    judged: &Judged,
    config: &Config,
    policy: &Policy,
    shifts_a_day: usize,
    evenly: &[Quarter],
    now: Timestamp,
) -> Result<Budgets, CycleError> {
    let mut found = Budgets::default();
    let days = usize::from(policy.horizon_days);
    let quarter_of = |day: usize| {
        let after = i64::try_from(day).unwrap_or(i64::MAX);
        Quarter::of(policy.start.saturating_add(after.days()))
    };
    for budget in &config.budgets {
        let quarter = budget.quarter;
        let mut own = (0..days).filter(|day| quarter_of(*day) == quarter);
        let Some(first) = own.next() else { continue };
        let last = own.next_back().unwrap_or(first);
        if budget.scopes.contains(&3) {
            found.warnings.push(format!(
                "PLAN-BUDGET: the budget of {quarter} counts scope 3; the plan shows it and is not held to \
                 it, since purchases have no shift of their own"
            ));
            continue;
        }
        let months: Vec<_> = metered_months(judged, &config.zone)
            .into_iter()
            .filter(|month| Quarter::of(month.first_day()) == quarter)
            .collect();
        let status = if months.is_empty() {
            None
        } else {
            let report = organisation(facts, config, &months, now)?;
            report.budgets.into_iter().find(|status| status.budget.quarter == quarter)
        };
        if status.is_none() && !months.is_empty() {
            found.warnings.push(format!(
                "PLAN-BUDGET: a month of {quarter} is not metered whole, so the plan is held to the whole \
                 budget of the quarter"
            ));
        }
        let status = status.or_else(|| budget::status(budget, Milligrams::ZERO, None));
        let Some(status) = status else { continue };
        let share = if evenly.contains(&quarter) { share(&status, last + 1 - first) } else { 1.0 };
        found.budgets.push(CarbonBudget {
            quarter,
            scopes: budget.scopes.clone(),
            first_bucket: first * shifts_a_day,
            last_bucket: (last + 1) * shifts_a_day - 1,
            limit_kg: Some(status.left.to_emissions().to_f64().max(0.0) * share),
        });
    }
    Ok(found)
}

/// The share of so many days of the days of the quarter that are not accounted for.
fn share(status: &BudgetStatus, days: usize) -> f64 {
    let left = status.days.1 - status.days.0;
    let days = i64::try_from(days).unwrap_or(left).min(left);
    if left > 0 { days as f64 / left as f64 } else { 1.0 }
}
