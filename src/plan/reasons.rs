//! Why a plan differs from what the plant does today: order by order, and source by source.

mod account;

mod carbon;

mod sentence;

use serde::{Deserialize, Serialize};

use super::instance::Instance;
use super::schedule::{Assignment, Schedule};
use crate::said::Said;
use account::Account;
pub use carbon::{OrderCarbon, carbon_of_orders};

/// A difference in carbon and money; negative is less.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// kg CO₂e.
    pub carbon_kg: f64,
    /// Currency of the instance.
    pub cost: f64,
}

impl std::ops::AddAssign for Difference {
    fn add_assign(&mut self, other: Self) {
        self.carbon_kg += other.carbon_kg;
        self.cost += other.cost;
    }
}

/// What one change of an order brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Another shift: intensity of the grid and tariff.
    Shift,
    /// Another production version: energy, own emissions, components.
    Version,
    /// Another mode of transport.
    Transport,
    /// Set-ups shared with other orders, or no longer.
    SetUp,
    /// Stock for more or fewer shifts.
    Stock,
}

/// Why one order is planned as it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderReason {
    /// Order.
    pub planned_order: String,
    /// In one sentence.
    #[serde(with = "crate::said::as_text")]
    pub text: Said,
    /// How it was.
    pub before: Assignment,
    /// How it is planned.
    pub after: Assignment,
    /// What it gives and costs.
    pub difference: Difference,
    /// The same by cause; they add up to `difference`.
    pub causes: Vec<(Cause, Difference)>,
    /// Buckets that it arrives later; negative is earlier.
    pub later_buckets: i64,
    /// Whether it was, and is, on time.
    pub on_time: (bool, bool),
}

/// Why a component is bought elsewhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SourceReason {
    /// Component.
    pub component: String,
    /// In one sentence.
    #[serde(with = "crate::said::as_text")]
    pub text: Said,
    /// Quantity by source, before and after.
    pub sources: Vec<(String, f64, f64)>,
    /// What the other sources give and cost, for the quantity that the plan needs.
    pub difference: Difference,
}

/// Why a plan differs. Orders, sources and the rest add up to the whole difference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reasons {
    /// Changed orders, the one that saves most carbon first.
    pub orders: Vec<OrderReason>,
    /// Components whose sources changed, the one that saves most carbon first.
    pub sources: Vec<SourceReason>,
    /// Set-ups of orders that did not change, which others share or leave.
    pub rest: Difference,
    /// Plan minus what it is compared with.
    pub total: Difference,
}

/// The reasons for every order that `plan` changes against `before`, mostly the baseline.
///
/// An order's own part is taken apart exactly, in the order shift, version, transport: components at
/// the mean of what `before` buys, set-ups shared by run minutes. Where the sources differ, their
/// part is that of the component, not of an order.
///
/// # Errors
///
/// The first order, version or mode that a plan names and the instance has not.
pub fn reasons(instance: &Instance, before: &Schedule, plan: &Schedule) -> Result<Reasons, String> {
    before.is_of(&instance.id)?;
    plan.is_of(&instance.id)?;
    let account = Account::of(instance, before, plan)?;
    let (mut orders, mut rest, mut total) =
        (Vec::new(), Difference::default(), Difference::default());
    for (at, pair) in account.pairs().enumerate() {
        let found = account.order(at, pair);
        total += found.difference;
        if found.before == found.after {
            rest += found.difference;
        } else {
            let text = sentence::of_order(instance, &account, &found);
            orders.push(OrderReason { text, ..found });
        }
    }
    let mut sources = account.sources();
    for source in &mut sources {
        total += source.difference;
        source.text = sentence::of_source(instance, source);
    }
    let by_carbon = |a: &Difference, b: &Difference| a.carbon_kg.total_cmp(&b.carbon_kg);
    orders.sort_by(|a, b| {
        by_carbon(&a.difference, &b.difference).then_with(|| a.planned_order.cmp(&b.planned_order))
    });
    sources.sort_by(|a, b| by_carbon(&a.difference, &b.difference));
    Ok(Reasons { orders, sources, rest, total })
}
