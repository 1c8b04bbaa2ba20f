//! The SAP client: OData V2 and V4, function modules by RFC. Speaks in fields as SAP names them; what they mean is
//! the business of `source` and `post`.
//!
//! Reads may be repeated and are, within bounds. A write is sent once: nothing here, and nothing in
//! the HTTP client, sends a POST, PATCH or DELETE again unless SAP said that it refused it before
//! it looked at it.

pub mod auth;

pub mod bapi;

pub mod carrier;

pub mod error;

mod http;

pub mod interfaces;

mod logon;

#[allow(unsafe_code)] // the calls of a C library that is loaded at run time; nowhere else
pub mod nw_rfc;

pub mod odata;

pub mod rfc;

pub mod soap_rfc;

pub mod system;

pub mod table;

pub mod tls;

pub mod trace;

mod xml;
