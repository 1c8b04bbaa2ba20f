//! Carbide: a carbon connector for SAP.
//!
//! The modules stand in the order in which data goes through them: words, facts, judgement, edges,
//! assembly. A module may look upstream only; `tests/capability/architecture.rs` holds us to it.
//!
//! ```text
//! sap, ems -> source -> check -> footprint -> plan -> post -> present
//! ```

// Words: units, identifiers, periods. They use nothing of ours.
pub mod quantity;

pub mod unit;

pub mod id;

pub mod period;

pub mod value_state;

pub mod secret;

pub mod said;

// Facts: values as they were read. Pure.
pub mod master;

pub mod order;

pub mod reading;

pub mod factor;

// Judgement: pure functions from values to values.
pub mod check;

pub mod meters;

pub mod footprint;

pub mod ledger;

pub mod plan;

pub mod audit;

// Edges: the only code that meets SAP, meters, disks and people.
pub mod sap;

pub mod source;

pub mod post;

pub mod store;

pub mod present;

pub mod sandbox;

// Assembly.
pub mod clock;

pub mod config;

pub mod cycle;

pub mod report;

pub mod doctor;

pub mod serve;

pub mod telemetry;

pub mod cli;
