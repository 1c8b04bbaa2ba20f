//! How a value is known. It travels with the value to the posting.

use serde::{Deserialize, Serialize};
use std::fmt;

/// How the activity data behind a value is known, best first.
///
/// A sum or product is as good as its weakest input: `max` of the states. `Missing` is never a
/// zero: what is missing cannot be added up and stops a posting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueState {
    /// Read from a meter and passed by every rule.
    Measured,
    /// Computed from recorded activity, as a confirmed quantity times a standard value.
    Calculated,
    /// Taken from a profile or an engineering estimate.
    Estimated,
    /// Put in the place of a missing or held reading by a named method.
    Imputed,
    /// A published average where nothing specific is known.
    Default,
    /// Not known.
    Missing,
}

impl ValueState {
    /// Every state, best first.
    pub const ALL: [Self; 6] = [
        Self::Measured,
        Self::Calculated,
        Self::Estimated,
        Self::Imputed,
        Self::Default,
        Self::Missing,
    ];

    /// The name as it is printed, stored and posted.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Calculated => "calculated",
            Self::Estimated => "estimated",
            Self::Imputed => "imputed",
            Self::Default => "default",
            Self::Missing => "missing",
        }
    }

    /// How a value is known that SAP has recorded.
    pub const fn recorded() -> Self {
        Self::Calculated
    }

    /// The state of a value made of two others.
    pub fn and(self, other: Self) -> Self {
        self.max(other)
    }
}

impl fmt::Display for ValueState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
