//! What each order emits in two plans, changed or not.

use super::account::Account;
use super::{Instance, Schedule, reasons};

/// Carbon of one order in two plans.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderCarbon {
    /// Order.
    pub planned_order: String,
    /// kg CO₂e in the plan that it is compared with.
    pub before_kg: f64,
    /// kg CO₂e as planned.
    pub after_kg: f64,
    /// Why it is planned as it is; empty for an order that did not change.
    pub reason: String,
}

/// Carbon of every order, in the order of the instance: electricity, own emissions, transport, its
/// share of set-ups, and components at the mean of what `before` buys. Other sources are not an
/// order's own, as in [`reasons`].
///
/// # Errors
///
/// As [`reasons`].
pub fn carbon_of_orders(
    instance: &Instance,
    before: &Schedule,
    plan: &Schedule,
) -> Result<Vec<OrderCarbon>, String> {
    let why = reasons(instance, before, plan)?.orders;
    let account = Account::of(instance, before, plan)?;
    let one = |(at, pair)| {
        let [before_kg, after_kg] = account.kilograms(at, pair);
        let planned_order = pair.order.planned_order.clone();
        let reason = why.iter().find(|reason| reason.planned_order == planned_order);
        let reason = reason.map(|reason| reason.text.to_string()).unwrap_or_default();
        OrderCarbon { planned_order, before_kg, after_kg, reason }
    };
    Ok(account.pairs().enumerate().map(one).collect())
}
