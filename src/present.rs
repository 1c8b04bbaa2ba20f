//! What people see: tables and figures. Shows results and calculates nothing.

pub mod figure;

pub mod page;

pub mod progress;

pub mod sheet;

pub mod table;
