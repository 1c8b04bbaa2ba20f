//! What a user asks of Carbide, through its public interfaces. One binary, a module a capability.

mod architecture;

mod audit_log;
mod audit_sap;

mod authentication;

mod backups;
mod bad_inputs;
mod bad_inputs_config;
mod bad_inputs_fi;
mod bad_inputs_journal;
mod bad_inputs_odata_json;
mod bad_inputs_odbc;
mod bad_inputs_plan;
mod bad_inputs_xml;

mod bapi;
mod basis_documents;
mod batches;

mod check_rules;

mod command_line;
mod companion;

mod configuration;

mod daemon_unit;
mod decide_on_page;

mod delta;

mod dependencies;

mod doctor;

mod energy_databases;

mod energy_on_page;

mod explain;
mod factor_database;

mod field_mappings;
mod full_disk;
mod hostile_sap;
mod interfaces;

mod languages;

mod metadata;
mod methods_document;

mod nw_rfc;

mod mutated_answers;

mod key_figures;
mod observed;
mod order_ways;
mod overload_and_locks;

mod parallel_reads;

mod plan_again;
mod plan_budgets;
mod plan_certificate;
mod plan_choices;
mod plan_for_carbon;
mod plan_from_sap;
mod plan_inputs;
mod plan_on_the_floor;
mod plan_reasons;
mod plan_replan;
mod plan_tight;

mod postings_on_page;

mod product_footprint;

mod product_systems;

mod read_logistics;
mod read_meters;

mod read_on;

mod read_sap;
mod read_tables;

mod real_crashes;
mod reconcile_meters;
mod recorded_answers;

mod reports;
mod right_readings;
mod sandbox;

mod serve;

mod site_meters;

mod support;

mod time_zones;

mod tls_server;
mod tools_document;

mod waiting_deletions;

mod whole_plant;
