//! Production orders by BAPI: made from a planned order, and released.

use crate::id::{PlannedOrderNumber, ProductionOrderNumber};

use super::super::error::SapError;
use super::super::rfc::{Call, Reply, refuse_messages};
use super::field::fields;
use super::{Place, accepted, numbered};

/// Turns a planned order into a production order.
pub const CREATE_FROM_PLANNED: &str = "BAPI_PRODORD_CREATE_FROM_PLORD";
/// Releases.
pub const RELEASE: &str = "BAPI_PRODORD_RELEASE";

/// The call that turns a planned order into a production order of `order_type`, such as `PP01`. SAP
/// draws the number.
///
/// # Errors
///
/// [`SapError::Value`] if the order type is longer than SAP's field.
pub fn create_from_planned(
    planned: &PlannedOrderNumber,
    order_type: &str,
) -> Result<Call, SapError> {
    let at = Place { function: CREATE_FROM_PLANNED, key: planned.as_str() };
    Ok(Call::new(CREATE_FROM_PLANNED)
        .value("PLANNED_ORDER", planned.padded())
        .value("ORDER_TYPE", at.text("ORDER_TYPE", order_type, 4)?))
}

/// The number of the production order; it counts after the commit.
///
/// # Errors
///
/// What SAP refused; [`SapError::NoDocument`] if it gave no number.
pub fn created(system: &str, reply: &Reply) -> Result<ProductionOrderNumber, SapError> {
    const NUMBER: &str = "PRODUCTION_ORDER";
    let number = numbered(system, CREATE_FROM_PLANNED, reply, NUMBER)?;
    let at = Place { function: CREATE_FROM_PLANNED, key: number };
    ProductionOrderNumber::new(number)
        .map_err(|error| at.wrong("VAL-KEY", NUMBER, error.to_string()))
}

/// The call that releases orders.
pub fn release(orders: &[ProductionOrderNumber]) -> Call {
    let order = |number: &ProductionOrderNumber| fields([("ORDER_NUMBER", number.padded())]);
    Call::new(RELEASE)
        .table("ORDERS", orders.iter().map(order).collect())
        .table("DETAIL_RETURN", Vec::new())
}

/// Whether SAP will release every order of the call; RETURN speaks for the call, DETAIL_RETURN for
/// each order.
///
/// # Errors
///
/// What SAP refused; nothing may be committed then.
pub fn released(system: &str, reply: &Reply) -> Result<(), SapError> {
    accepted(system, RELEASE, reply)?;
    refuse_messages(system, RELEASE, reply.messages_of("DETAIL_RETURN"))
}
