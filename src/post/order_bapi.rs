//! Our planned orders as the BAPIs of planned orders want them: for systems without the services.
//!
//! A change or deletion is registered first, which locks the order; then the database is read in the same
//! session, compared with the version that the request is for, and only then committed. Until the commit
//! nothing is written, whatever gets lost.

use std::collections::BTreeMap;

use jiff::civil::Time;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::id::PlannedOrderNumber;
use crate::order::PlannedOrder;
use crate::sap::bapi::accepted;
use crate::sap::bapi::planned_order::{
    self as bapi, NewPlannedOrder, PlannedOrderChange, PlannedOrderDetail,
};
use crate::sap::error::{Outcome, SapError};
use crate::sap::rfc::{Call, RfcClient, RfcSession};
use crate::unit::Measure;

use super::order_values::{OrderField, OrderValues};
use super::sap_port::{OrderBefore, PortError, PortErrorKind};
use super::sap_system::{of_read, of_write};

/// The usual order profile: a stock order.
const PROFILE: &str = "LA";

/// Messages that say that somebody holds a lock: the general one, and that of a material's plant data.
const LOCKED: [&str; 2] = ["MC 601", "M3 897"];

/// Every order in SAP that equals ours in all fields that we set.
pub(super) async fn find(
    client: &RfcClient,
    order: &OrderValues,
) -> Result<Vec<PlannedOrder>, PortError> {
    let start = order.start.date();
    let call = bapi::get_list(&order.plant, &order.material, (start, start));
    let reply = client.call(&call).await.map_err(of_read)?;
    let rows = bapi::list("SAP", &reply).map_err(of_read)?.into_iter();
    let fields = bapi::list_fields(&reply);
    let all = rows.zip(&fields).map(|(detail, fields)| planned_order(detail, fields));
    Ok(all.filter(|there| order.differing(&OrderValues::from(there)).is_empty()).collect())
}

pub(super) async fn read(
    client: &RfcClient,
    number: &PlannedOrderNumber,
) -> Result<Option<PlannedOrder>, PortError> {
    let reply = client.call(&bapi::get_detail(number)).await.map_err(of_read)?;
    match bapi::detail("SAP", &reply) {
        Ok(detail) => Ok(Some(planned_order(detail, &bapi::detail_fields(&reply)))),
        Err(error) if bapi::says_not_there(&error) => Ok(None),
        Err(error) => Err(of_read(error)),
    }
}

pub(super) async fn read_before(
    client: &RfcClient,
    number: &PlannedOrderNumber,
) -> Result<Option<OrderBefore>, PortError> {
    let reply = client.call(&bapi::get_detail(number)).await.map_err(of_read)?;
    let detail = match bapi::detail("SAP", &reply) {
        Ok(detail) => detail,
        Err(error) if bapi::says_not_there(&error) => return Ok(None),
        Err(error) => return Err(of_read(error)),
    };
    let fields = bapi::detail_fields(&reply);
    let by_hand = [
        ("MANUAL_COMPONENT", "its components were edited by hand"),
        ("BOM_EXP_FIX_IND", "the explosion of its bill of material is fixed"),
    ];
    let is_set = |name: &str| fields.get(name).is_some_and(|flag| flag == "X");
    let by_hand = by_hand.into_iter().find(|(name, _)| is_set(name));
    let order = planned_order(detail, &fields);
    let payload =
        Value::Object(fields.into_iter().map(|(name, text)| (name, text.into())).collect());
    Ok(Some(OrderBefore { payload, order, by_hand: by_hand.map(|(_, what)| what.to_owned()) }))
}

/// Creates, commits and reads back: the number is drawn before the commit, and only what was read is one.
pub(super) async fn create(
    client: &RfcClient,
    order: &OrderValues,
) -> Result<PlannedOrder, PortError> {
    let call = bapi::create(&NewPlannedOrder {
        profile: PROFILE.to_owned(),
        material: order.material.clone(),
        plant: order.plant.clone(),
        version: order.production_version.clone(),
        quantity: order.quantity.amount,
        unit: order.quantity.unit,
        start: order.start.date(),
        finish: order.end.date(),
        sales_order: order.sales_order.clone(),
    });
    let call = call.map_err(of_write)?;
    let mut session = client.session().map_err(of_write)?;
    let created = match session.call(&call).await {
        Ok(reply) => bapi::created("SAP", &reply),
        Err(error) => Err(error),
    };
    let number = match created {
        Ok(number) => number,
        Err(error) => return Err(give_up(client, session, error).await),
    };
    commit(client, session).await?;
    let unknown = |text: String| PortError::new(PortErrorKind::Unknown, text);
    match read(client, &number).await {
        Ok(Some(order)) => Ok(order),
        Ok(None) => Err(unknown(format!(
            "SAP committed planned order {} and does not have it (SM13 shows updates that ended)",
            number.padded()
        ))),
        Err(error) => Err(unknown(error.text)),
    }
}

pub(super) async fn change(
    client: &RfcClient,
    number: &PlannedOrderNumber,
    values: &OrderValues,
    fields: &[OrderField],
    version: &str,
) -> Result<(), PortError> {
    let has = |field: OrderField| fields.contains(&field);
    let change = PlannedOrderChange {
        quantity: has(OrderField::Quantity).then_some(values.quantity.amount),
        start: has(OrderField::Start).then(|| values.start.date()),
        finish: has(OrderField::End).then(|| values.end.date()),
        firm: has(OrderField::Firm).then_some(values.firm),
    };
    let call = bapi::change(number, &change).map_err(of_write)?;
    write(client, number, &call, version).await
}

pub(super) async fn delete(
    client: &RfcClient,
    number: &PlannedOrderNumber,
    version: &str,
) -> Result<(), PortError> {
    write(client, number, &bapi::delete(number), version).await
}

/// Registers, which locks; compares what the database holds; commits or rolls back.
async fn write(
    client: &RfcClient,
    number: &PlannedOrderNumber,
    call: &Call,
    version: &str,
) -> Result<(), PortError> {
    let mut session = client.session().map_err(of_write)?;
    match registered_over(&mut session, call, number).await {
        Ok(there) if there == version => commit(client, session).await,
        Ok(_) => {
            let _ = session.rollback().await;
            client.end_beside(session);
            let text = format!(
                "SAP: planned order {} is not as it was when it was read: somebody changed it",
                number.padded()
            );
            Err(PortError::new(PortErrorKind::Changed, text))
        }
        Err(error) => Err(give_up(client, session, error).await),
    }
}

/// Registers the call. The version of what the database holds under its lock.
async fn registered_over(
    session: &mut RfcSession,
    call: &Call,
    number: &PlannedOrderNumber,
) -> Result<String, SapError> {
    let reply = session.call(call).await?;
    accepted("SAP", call.function(), &reply)?;
    let reply = session.call(&bapi::get_detail(number)).await?;
    bapi::detail("SAP", &reply)?;
    Ok(version(&bapi::detail_fields(&reply)))
}

/// Ends a session that is not committed, so that its lock does not wait for SAP's time-out.
async fn give_up(client: &RfcClient, mut session: RfcSession, error: SapError) -> PortError {
    // Without a commit nothing is written, so a rollback that gets lost changes nothing.
    let _ = session.rollback().await;
    client.end_beside(session);
    let kind = match &error {
        error if bapi::says_not_there(error) => PortErrorKind::NotFound,
        SapError::Bapi { messages, .. }
            if messages.iter().any(|message| LOCKED.contains(&message.code.as_str())) =>
        {
            PortErrorKind::Busy
        }
        SapError::NoReturn { .. } | SapError::NoDocument { .. } | SapError::Fault { .. } => {
            PortErrorKind::Refused
        }
        error if error.outcome() == Outcome::Unknown => PortErrorKind::Busy,
        _ => return of_write(error),
    };
    PortError::new(kind, error.to_string())
}

async fn commit(client: &RfcClient, mut session: RfcSession) -> Result<(), PortError> {
    let committed = session.commit().await;
    // After an answer that did not come SAP may still be at it: the session stays as it is.
    if committed.is_ok() {
        client.end_beside(session);
    }
    // Whatever the commit answered, SAP may have written: only reading tells.
    committed.map_err(|error| PortError::new(PortErrorKind::Unknown, error.to_string()))
}

fn planned_order(detail: PlannedOrderDetail, fields: &BTreeMap<String, String>) -> PlannedOrder {
    PlannedOrder {
        number: detail.number,
        material: detail.material,
        plant: detail.plant,
        production_version: detail.version,
        quantity: Measure::new(detail.quantity, detail.unit),
        start: detail.start.to_datetime(Time::midnight()),
        end: detail.finish.to_datetime(Time::midnight()),
        firm: detail.firm,
        sales_order: detail.sales_order,
        last_change: None,
        etag: Some(version(fields)),
        components: Vec::new(),
        capacities: Vec::new(),
    }
}

/// A BAPI names no version: SHA-256 over all header fields that it answers stands for one.
fn version(fields: &BTreeMap<String, String>) -> String {
    let mut hash = Sha256::new();
    for (name, text) in fields {
        hash.update(name.as_bytes());
        hash.update([0]);
        hash.update(text.trim().as_bytes());
        hash.update([0]);
    }
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_counts_for_the_version_and_blanks_behind_do_not() {
        let fields = |place: &str| {
            let all = [("PLANNEDORDER_NUM", "0000001001"), ("STGE_LOC", place)];
            all.map(|(name, text)| (name.to_owned(), text.to_owned())).into()
        };

        assert_ne!(version(&fields("0001")), version(&fields("0002")));
        assert_eq!(version(&fields("0001")), version(&fields("0001  ")));
    }
}
