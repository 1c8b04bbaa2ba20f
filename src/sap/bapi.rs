//! BAPIs as typed calls: one file a business object, each from values to a
//! [`Call`](super::rfc::Call) and from a [`Reply`] to values. Nothing is sent here.
//!
//! A BAPI registers, the commit of the same session writes. What SAP says in RETURN, whether it is a
//! table, a structure or empty, is judged in one place: [`accepted`].

pub mod accounting_document;

pub mod authority;

pub mod exec;

mod field;

pub mod planned_order;

pub mod production_order;

pub mod statistical_key_figure;

pub mod system;

pub mod transaction;

pub mod user;

use super::error::{SapError, SapMessage};
use super::rfc::{Reply, refuse_errors};

pub use field::Place;

/// What a BAPI had to say beside success: messages of type S, I and W.
///
/// # Errors
///
/// [`SapError::Bapi`] and [`SapError::MessageType`], refusals; [`SapError::NoReturn`], which leaves
/// the outcome unknown.
pub fn accepted(
    system: &str,
    function: &'static str,
    reply: &Reply,
) -> Result<Vec<SapMessage>, SapError> {
    refuse_errors(system, function, reply)?;
    Ok(reply.messages())
}

/// The number that a BAPI gave to what it made.
///
/// # Errors
///
/// As [`accepted`]; [`SapError::NoDocument`] if there is no number, which leaves the outcome unknown.
fn numbered<'a>(
    system: &str,
    function: &'static str,
    reply: &'a Reply,
    parameter: &str,
) -> Result<&'a str, SapError> {
    let messages = accepted(system, function, reply)?;
    let number = reply.value(parameter).trim();
    // NUMC and CHAR numbers that were not drawn are initial: blank or all zeros.
    if number.trim_matches('0').is_empty() {
        let (system, function) = (system.to_owned(), function.to_owned());
        return Err(SapError::NoDocument { system, function, messages });
    }
    Ok(number)
}
