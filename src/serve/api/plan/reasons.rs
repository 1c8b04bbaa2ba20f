//! Why a plan differs from today, what it takes of budgets, and what else could be chosen.

use serde::Serialize;
use utoipa::ToSchema;

use crate::cycle::{PlanRecord, PlannedQuarter};
use crate::plan::front::FrontPoint;
use crate::said::Said;

/// One reason.
#[derive(Serialize, ToSchema)]
pub struct Reason {
    /// Order or component.
    object: String,
    /// In one sentence.
    text: String,
    /// What the sentence is made of.
    #[schema(value_type = Option<Object>)]
    said: Option<Said>,
    /// Plan minus today, in kgCO2e.
    carbon_kg: f64,
    /// Plan minus today, in the currency of the company code.
    cost: f64,
    /// Shifts that it arrives later; null for a component.
    later_shifts: Option<i64>,
}

/// Reasons. Together with what unchanged orders share they are the whole difference.
#[derive(Serialize, ToSchema)]
pub struct Why {
    /// Changed orders, the one that saves most carbon first.
    orders: Vec<Reason>,
    /// Components that are bought elsewhere.
    sources: Vec<Reason>,
    /// The whole difference in kgCO2e.
    carbon_kg: f64,
    /// The whole difference in money.
    cost: f64,
}

/// What a plan emits of a quarter's budget.
#[derive(Serialize, ToSchema)]
pub struct OfQuarter {
    /// Quarter, as `2018-Q4`.
    quarter: String,
    /// Scopes that count.
    scopes: Vec<u8>,
    /// kgCO2e of the plan in it.
    planned_kg: f64,
    /// kgCO2e of the whole budget.
    budget_kg: f64,
    /// kgCO2e that the plan may take: what is left of the budget, or its share of that; null if the budget
    /// is only shown.
    limit_kg: Option<f64>,
}

/// Policies that conflict.
#[derive(Serialize, ToSchema)]
pub struct Conflicting {
    /// In a sentence.
    text: String,
    /// What the sentence is made of.
    #[schema(value_type = Option<Object>)]
    said: Option<Said>,
    /// Whether that is proven.
    proven: bool,
    /// What relaxing each of them gives.
    relaxing: Vec<String>,
    /// What these sentences are made of, in the same order.
    #[schema(value_type = Vec<Object>)]
    relaxing_said: Vec<Said>,
}

/// One point of the front.
#[derive(Serialize, ToSchema)]
pub struct Choice {
    /// What was asked for.
    name: String,
    /// What the name is made of.
    #[schema(value_type = Option<Object>)]
    said: Option<Said>,
    /// Whether it is the one of the plan's weights.
    chosen: bool,
    /// kgCO2e.
    carbon_kg: f64,
    /// Currency of the company code.
    cost: f64,
    /// Share of orders on time, weighted.
    punctuality: f64,
    /// What a tonne less costs on the way from the next point with more carbon.
    cost_per_tonne_saved: Option<f64>,
}

pub(super) fn why(record: &PlanRecord) -> Option<Why> {
    let found = record.reasons().ok()?;
    let orders = found.orders.into_iter().map(|order| Reason {
        object: order.planned_order,
        said: order.text.keyed(),
        text: order.text.into(),
        carbon_kg: order.difference.carbon_kg,
        cost: order.difference.cost,
        later_shifts: Some(order.later_buckets),
    });
    let sources = found.sources.into_iter().map(|source| Reason {
        object: source.component,
        said: source.text.keyed(),
        text: source.text.into(),
        carbon_kg: source.difference.carbon_kg,
        cost: source.difference.cost,
        later_shifts: None,
    });
    Some(Why {
        orders: orders.collect(),
        sources: sources.collect(),
        carbon_kg: found.total.carbon_kg,
        cost: found.total.cost,
    })
}

pub(super) fn choices(record: &PlanRecord) -> Option<Vec<Choice>> {
    let choice = |point: &FrontPoint| Choice {
        name: point.name.clone(),
        said: point.said.clone(),
        chosen: point.chosen,
        carbon_kg: point.carbon_kg,
        cost: point.cost,
        punctuality: point.punctuality,
        cost_per_tonne_saved: point.cost_per_tonne_saved,
    };
    Some(record.front.as_ref()?.points.iter().map(choice).collect())
}

pub(super) fn quarters(record: &PlanRecord) -> Vec<OfQuarter> {
    let shown = |one: &PlannedQuarter| OfQuarter {
        quarter: one.quarter.to_string(),
        scopes: one.scopes.clone(),
        planned_kg: one.planned_kg,
        budget_kg: one.budget_kg,
        limit_kg: one.limit_kg,
    };
    record.quarters.iter().map(shown).collect()
}

pub(super) fn conflict(record: &PlanRecord) -> Option<Conflicting> {
    let found = record.conflict.as_ref()?;
    Some(Conflicting {
        text: found.text.clone(),
        said: found.said().keyed(),
        relaxing_said: found.policies.iter().map(|one| one.said()).collect(),
        proven: found.proven,
        relaxing: found.policies.iter().map(|one| one.text.clone()).collect(),
    })
}
