//! Our planned orders as API_PLANNED_ORDERS wants them.

use jiff::civil::{Date, Time};
use serde_json::{Map, Value};

use crate::id::PlannedOrderNumber;
use crate::order::PlannedOrder;
use crate::sap::odata::{Filter, Key, ODataClient, Query, RequestId};
use crate::source::sap::PLANNED_ORDERS;
use crate::source::sap::orders::planned_order;

use super::order_values::{OrderField, OrderValues};
use super::sap_port::{OrderBefore, PortError, PortErrorKind};
use super::sap_system::{of_read, of_write};

const SET: &str = "A_PlannedOrder";

/// Every order in SAP that equals ours in all fields that we set.
pub(super) async fn find(
    client: &ODataClient,
    order: &OrderValues,
) -> Result<Vec<PlannedOrder>, PortError> {
    let mut filter = Filter::eq("Material", order.material.as_str())
        .and(Filter::eq("ProductionPlant", order.plant.as_str()));
    if let Some((sales_order, item)) = &order.sales_order {
        filter = filter
            .and(Filter::eq("SalesOrder", sales_order.as_str()))
            .and(Filter::eq("SalesOrderItem", item.as_str()));
    }
    let query = Query::of(SET).filter(filter).order_by(&["PlannedOrder"]);
    let rows = client.read(PLANNED_ORDERS, &query, |_, _| {}).await.map_err(of_read)?;
    let mut found = Vec::new();
    for row in &rows {
        let there = planned_order(row).map_err(of_read)?;
        if order.differing(&OrderValues::from(&there)).is_empty() {
            found.push(there);
        }
    }
    Ok(found)
}

pub(super) async fn read(
    client: &ODataClient,
    number: &PlannedOrderNumber,
) -> Result<Option<PlannedOrder>, PortError> {
    let key = Key::of("PlannedOrder", number.as_str());
    let row = client.read_one(PLANNED_ORDERS, SET, &key).await.map_err(of_read)?;
    row.map(|row| planned_order(&row).map_err(of_read)).transpose()
}

pub(super) async fn create(
    client: &ODataClient,
    order: &OrderValues,
    request: &RequestId,
) -> Result<PlannedOrder, PortError> {
    let row =
        client.create(PLANNED_ORDERS, SET, &fields(order), request).await.map_err(of_write)?;
    // SAP created it; an answer that we cannot read leaves only its number in doubt.
    planned_order(&row).map_err(|error| PortError::new(PortErrorKind::Unknown, error.to_string()))
}

pub(super) async fn delete(
    client: &ODataClient,
    number: &PlannedOrderNumber,
    etag: &str,
    request: &RequestId,
) -> Result<(), PortError> {
    let key = Key::of("PlannedOrder", number.as_str());
    client.delete(PLANNED_ORDERS, SET, &key, etag, request).await.map_err(of_write)
}

pub(super) async fn read_before(
    client: &ODataClient,
    number: &PlannedOrderNumber,
) -> Result<Option<OrderBefore>, PortError> {
    let key = Key::of("PlannedOrder", number.as_str());
    let row = client.read_one(PLANNED_ORDERS, SET, &key).await.map_err(of_read)?;
    let Some(row) = row else { return Ok(None) };
    let by_hand = [
        ("PlannedOrderBOMIsFixed", "its components were edited by hand"),
        ("PlannedOrderCapacityIsDsptchd", "its capacity is dispatched"),
    ];
    let by_hand = by_hand.into_iter().find(|(property, _)| row.boolean(property));
    Ok(Some(OrderBefore {
        payload: Value::Object(row.fields()),
        order: planned_order(&row).map_err(of_read)?,
        by_hand: by_hand.map(|(_, what)| what.to_owned()),
    }))
}

pub(super) async fn change(
    client: &ODataClient,
    number: &PlannedOrderNumber,
    values: &OrderValues,
    changed: &[OrderField],
    etag: &str,
    request: &RequestId,
) -> Result<(), PortError> {
    let key = Key::of("PlannedOrder", number.as_str());
    let mut body = Map::new();
    for field in changed {
        set(&mut body, values, *field);
    }
    if changed.contains(&OrderField::ProductionVersion) && values.production_version.is_none() {
        body.insert("ProductionVersion".to_owned(), "".into());
    }
    client.update(PLANNED_ORDERS, SET, &key, etag, &body, request).await.map_err(of_write)
}

fn fields(order: &OrderValues) -> Map<String, Value> {
    let mut fields = Map::new();
    for field in OrderField::ALL {
        set(&mut fields, order, field);
    }
    fields
}

/// Writes one field as SAP calls it; what is none is left out.
fn set(fields: &mut Map<String, Value>, order: &OrderValues, field: OrderField) {
    let mut set = |name: &str, value: Value| {
        fields.insert(name.to_owned(), value);
    };
    match field {
        OrderField::Material => set("Material", order.material.as_str().into()),
        OrderField::Plant => set("ProductionPlant", order.plant.as_str().into()),
        OrderField::ProductionVersion => {
            if let Some(version) = &order.production_version {
                set("ProductionVersion", version.as_str().into());
            }
        }
        OrderField::Quantity => {
            set("TotalQuantity", order.quantity.amount.to_string().into());
            set("BaseUnit", order.quantity.unit.sap().into());
        }
        OrderField::Start => {
            set("PlndOrderPlannedStartDate", day(order.start.date()));
            set("PlndOrderPlannedStartTime", time(order.start.time()));
        }
        OrderField::End => {
            set("PlndOrderPlannedEndDate", day(order.end.date()));
            set("PlndOrderPlannedEndTime", time(order.end.time()));
        }
        // Or the next MRP run would delete it.
        OrderField::Firm => set("PlannedOrderIsFirm", order.firm.into()),
        OrderField::SalesOrder => {
            if let Some((sales_order, item)) = &order.sales_order {
                set("SalesOrder", sales_order.as_str().into());
                set("SalesOrderItem", item.as_str().into());
            }
        }
    }
}

/// A day as V2 writes it: midnight UTC in milliseconds.
fn day(day: Date) -> Value {
    // Counted in days: 9999-12-31, which SAP uses for "for ever", is no instant of jiff.
    let days = day.duration_since(Date::constant(1970, 1, 1)).as_hours() / 24;
    Value::String(format!("/Date({})/", days * 86_400_000))
}

fn time(time: Time) -> Value {
    Value::String(format!("PT{:02}H{:02}M{:02}S", time.hour(), time.minute(), time.second()))
}

#[cfg(test)]
mod tests {
    use super::super::document::tests::order;
    use super::*;

    #[test]
    fn an_order_is_sent_firm_with_dates_and_decimals_as_v2_wants_them() {
        let fields = serde_json::to_string(&fields(&order(1).values())).unwrap();

        assert_eq!(
            fields,
            "{\"Material\":\"REBAR-16\",\"ProductionPlant\":\"1010\",\"ProductionVersion\":\"0002\",\
             \"TotalQuantity\":\"4.001\",\"BaseUnit\":\"TO\",\
             \"PlndOrderPlannedStartDate\":\"/Date(1538438400000)/\",\
             \"PlndOrderPlannedStartTime\":\"PT06H00M00S\",\
             \"PlndOrderPlannedEndDate\":\"/Date(1538438400000)/\",\
             \"PlndOrderPlannedEndTime\":\"PT14H00M00S\",\"PlannedOrderIsFirm\":true}"
        );
    }
    #[test]
    fn for_ever_and_before_1970_are_days_too() {
        assert_eq!(day(Date::constant(9999, 12, 31)), "/Date(253402214400000)/");
        assert_eq!(day(Date::constant(1969, 12, 31)), "/Date(-86400000)/");
    }
}
