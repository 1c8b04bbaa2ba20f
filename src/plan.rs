//! Plans: which production version, shift and mode for each order, which source for each component,
//! so that carbon, cost and punctuality are best together. Pure; the only place with floats.

mod anneal;

mod baseline;

mod bound;

mod budget;

pub mod certificate;

mod column;

pub mod conflict;

mod dominance;

pub mod emitted;

mod effort;

mod evaluate;

mod exact;

pub mod front;

mod from_facts;

mod genetic;

pub mod instance;

pub mod limits;

pub mod outlook;

pub mod prices;

pub mod reasons;

pub mod replan;

mod round;

pub mod schedule;

mod selection;

pub mod shadow;

pub mod simulation;

mod solve;

mod sourcing;

pub mod terms;

pub use baseline::{baseline, with_baseline};
pub use column::Unplannable as UnplannableOrder;
pub use dominance::{evenly_spread, non_dominated};
pub use effort::Effort;
pub use evaluate::{CarbonParts, Evaluation, Violation, evaluate};
pub use from_facts::{
    FromFactsError, Given, GridOutlook, Policy, Problem, Unplannable, problem_from_facts,
};
pub use solve::{Homes, Limit, PlanError, Proof, Solution, SolveOptions, Status, gaps, solve};
