//! A planned order as we left it in SAP.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::order::PlannedOrder;

/// The text of a planned order. Most change sets of a journal are over for good: only the way back of
/// one that is not makes a value of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OrderAsLeft(Box<RawValue>);

impl OrderAsLeft {
    /// The order with its version.
    pub fn of(order: &PlannedOrder) -> Self {
        Self(serde_json::value::to_raw_value(order).expect("an order has string keys only"))
    }

    /// The order again.
    ///
    /// # Errors
    ///
    /// If the text is no planned order.
    pub fn order(&self) -> Result<PlannedOrder, serde_json::Error> {
        serde_json::from_str(self.0.get())
    }
}

impl PartialEq for OrderAsLeft {
    fn eq(&self, other: &Self) -> bool {
        self.0.get() == other.0.get()
    }
}

impl Eq for OrderAsLeft {}
