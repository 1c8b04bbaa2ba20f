//! Our planned orders as API_PLANNED_ORDERS wants them.

use jiff::civil::{Date, Time};
use serde_json::{Map, Value};

use crate::id::PlannedOrderNumber;
use crate::order::PlannedOrder;
use crate::sap::odata::{Filter, Key, ODataClient, Query, RequestId};
use crate::source::sap::PLANNED_ORDERS;
use crate::source::sap::orders::planned_order;

use super::document::NewPlannedOrder;
use super::sap_port::{PortError, PortErrorKind};
use super::sap_system::{of_read, of_write};

const SET: &str = "A_PlannedOrder";

/// Every order in SAP that equals ours in all fields that we set.
pub(super) async fn find(
    client: &ODataClient,
    order: &NewPlannedOrder,
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
        if order.differences(&there).is_empty() {
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
    order: &NewPlannedOrder,
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

fn fields(order: &NewPlannedOrder) -> Map<String, Value> {
    let mut fields = Map::new();
    let mut set = |name: &str, value: Value| {
        fields.insert(name.to_owned(), value);
    };
    set("Material", order.material.as_str().into());
    set("ProductionPlant", order.plant.as_str().into());
    set("ProductionVersion", order.production_version.as_str().into());
    set("TotalQuantity", order.quantity.amount.to_string().into());
    set("BaseUnit", order.quantity.unit.sap().into());
    set("PlndOrderPlannedStartDate", day(order.start.date()));
    set("PlndOrderPlannedStartTime", time(order.start.time()));
    set("PlndOrderPlannedEndDate", day(order.end.date()));
    set("PlndOrderPlannedEndTime", time(order.end.time()));
    // Or the next MRP run would delete it.
    set("PlannedOrderIsFirm", true.into());
    if let Some((sales_order, item)) = &order.sales_order {
        set("SalesOrder", sales_order.as_str().into());
        set("SalesOrderItem", item.as_str().into());
    }
    fields
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
        let fields = serde_json::to_string(&fields(&order(1))).unwrap();

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
