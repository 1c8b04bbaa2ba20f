//! plan
pub mod outlook;
pub mod terms;
