//! A plan in the model's file form, `carbide-plan-result/1`.

use serde::{Deserialize, Serialize};

/// The file form.
pub const FORMAT: &str = "carbide-plan-result/1";

/// What is made how, when and from what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Schedule {
    /// Always [`FORMAT`].
    pub format: String,
    /// Instance that it plans.
    pub instance: String,
    /// One for each order.
    pub assignments: Vec<Assignment>,
    /// Purchases over the horizon.
    pub sourcing: Vec<Purchase>,
}

/// How one order is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    /// Order.
    pub planned_order: String,
    /// Production version.
    pub production_version: String,
    /// Bucket of its start.
    pub start_bucket: usize,
    /// Mode of transport to the customer.
    pub transport_mode: String,
}

/// How much of a component comes from a source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Purchase {
    /// Component.
    pub component: String,
    /// Source.
    pub source: String,
    /// How much.
    pub quantity: f64,
}

impl Schedule {
    /// Checks that it plans an instance of this name.
    ///
    /// # Errors
    ///
    /// Both names.
    pub fn is_of(&self, instance: &str) -> Result<(), String> {
        if self.instance == instance {
            return Ok(());
        }
        Err(format!("the plan is one of instance {}, not of {instance}", self.instance))
    }
}
