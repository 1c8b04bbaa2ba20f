//! What a user asks of Carbide, through its public interfaces. One binary, a module a capability.

mod architecture;

mod audit_log;

mod command_line;

mod dependencies;

mod hostile_sap;
mod interfaces;

mod plan_for_carbon;

mod product_footprint;

mod read_meters;

mod read_sap;

mod sandbox;

mod support;
