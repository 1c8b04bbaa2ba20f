//! What can be wrong with a case.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Kinds of problems, by the name that scripts look for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseProblem {
    /// The text is no JSON of the form.
    NotReadable,
    /// A field that the form does not have.
    UnknownField,
    /// A field that is missing.
    MissingField,
    /// NaN, infinity, or a number beyond what a float holds.
    NotFinite,
    /// Two objects with one name.
    Duplicate,
    /// A node that is not there.
    UnknownNode,
    /// A factor that is not there.
    UnknownFactor,
    /// A unit that is not in the unit table.
    UnknownUnit,
    /// A GWP set that is not known.
    UnknownGwpSet,
    /// A gas that the GWP set does not have.
    UnknownGas,
    /// A category that the form does not have.
    UnknownCategory,
    /// A factor in CO₂e that belongs to another GWP set.
    GwpMismatch,
    /// A yield that is not above zero and at most one.
    YieldOutOfRange,
    /// A base quantity, conversion or output that is not above zero.
    QuantityOutOfRange,
    /// A negative input or scrap: a by-product belongs to the co-products.
    NegativeInput,
    /// Co-product shares that do not sum to one, or cannot be formed.
    AllocationShares,
    /// A loop that uses exactly what it makes.
    SingularSystem,
    /// A loop that uses more than it makes.
    NonProductiveLoop,
    /// A loop that could not be solved.
    NotSolved,
}

impl CaseProblem {
    /// The name as it is printed.
    pub fn name(self) -> String {
        let name = serde_json::to_value(self).expect("a unit variant is a text");
        name.as_str().unwrap_or_default().to_owned()
    }
}

/// Why a case has no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize)]
pub struct CaseError {
    /// What kind of problem.
    #[serde(rename = "error")]
    pub problem: CaseProblem,
    /// Which object: `node HOUSING, operation 0010`.
    pub object: String,
    /// What happened and what to do.
    pub message: String,
    /// The materials of a loop, in their order around it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub materials: Vec<String>,
}

impl CaseError {
    /// A problem of an object.
    pub fn new(
        problem: CaseProblem,
        object: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self { problem, object: object.into(), message: message.into(), materials: Vec::new() }
    }
}

impl fmt::Display for CaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.problem.name(), self.object, self.message)
    }
}
