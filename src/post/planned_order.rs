//! Our planned orders as API_PLANNED_ORDERS (OData V2) and its successor (V4) want them.

use jiff::civil::{Date, Time};
use serde_json::{Map, Value};

use crate::id::PlannedOrderNumber;
use crate::order::PlannedOrder;
use crate::sap::error::SapError;
use crate::sap::odata::{Entity, Filter, Key, ODataClient, Query, RequestId, Service, Version};
use crate::source::sap::orders::planned_order;
use crate::source::sap::{PLANNED_ORDERS, PLANNED_ORDERS_V4};

use super::order_values::{OrderField, OrderValues};
use super::sap_port::{OrderBefore, PortError, PortErrorKind};
use super::sap_system::{of_read, of_write};

/// A service of planned orders. The properties that we set have the same names in both; only the time
/// of the last change, and how dates are written, differ.
#[derive(Clone, Copy)]
pub(super) struct ODataOrders {
    pub service: Service,
    set: &'static str,
    last_change: &'static str,
}

pub(super) const V2: ODataOrders = ODataOrders {
    service: PLANNED_ORDERS,
    set: "A_PlannedOrder",
    last_change: "LastChangeDateTime",
};

pub(super) const V4: ODataOrders = ODataOrders {
    service: PLANNED_ORDERS_V4,
    set: "PlannedOrderHeader",
    last_change: "PlannedOrderLastChangeDateTime",
};

impl ODataOrders {
    /// Every order in SAP that equals ours in all fields that we set.
    pub async fn find(
        &self,
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
        let query = Query::of(self.set).filter(filter).order_by(&["PlannedOrder"]);
        let rows = client.read(self.service, &query, |_, _| {}).await.map_err(of_read)?;
        let mut found = Vec::new();
        for row in &rows {
            let there = self.order(row).map_err(of_read)?;
            if order.differing(&OrderValues::from(&there)).is_empty() {
                found.push(there);
            }
        }
        Ok(found)
    }

    pub async fn read(
        &self,
        client: &ODataClient,
        number: &PlannedOrderNumber,
    ) -> Result<Option<PlannedOrder>, PortError> {
        let row = client.read_one(self.service, self.set, &key(number)).await.map_err(of_read)?;
        row.map(|row| self.order(&row).map_err(of_read)).transpose()
    }

    pub async fn create(
        &self,
        client: &ODataClient,
        order: &OrderValues,
        request: &RequestId,
    ) -> Result<PlannedOrder, PortError> {
        let body = self.fields(order);
        let row = client.create(self.service, self.set, &body, request).await.map_err(of_write)?;
        // SAP created it; an answer that we cannot read leaves only its number in doubt.
        let unread = |error: SapError| PortError::new(PortErrorKind::Unknown, error.to_string());
        self.order(&row).map_err(unread)
    }

    pub async fn delete(
        &self,
        client: &ODataClient,
        number: &PlannedOrderNumber,
        etag: &str,
        request: &RequestId,
    ) -> Result<(), PortError> {
        let deleted = client.delete(self.service, self.set, &key(number), etag, request).await;
        deleted.map_err(of_write)
    }

    pub async fn read_before(
        &self,
        client: &ODataClient,
        number: &PlannedOrderNumber,
    ) -> Result<Option<OrderBefore>, PortError> {
        let row = client.read_one(self.service, self.set, &key(number)).await.map_err(of_read)?;
        let Some(row) = row else { return Ok(None) };
        let by_hand = [
            ("PlannedOrderBOMIsFixed", "its components were edited by hand"),
            ("PlannedOrderCapacityIsDsptchd", "its capacity is dispatched"),
        ];
        let by_hand = by_hand.into_iter().find(|(property, _)| row.boolean(property));
        Ok(Some(OrderBefore {
            payload: Value::Object(row.fields()),
            order: self.order(&row).map_err(of_read)?,
            by_hand: by_hand.map(|(_, what)| what.to_owned()),
        }))
    }

    pub async fn change(
        &self,
        client: &ODataClient,
        number: &PlannedOrderNumber,
        values: &OrderValues,
        changed: &[OrderField],
        etag: &str,
        request: &RequestId,
    ) -> Result<(), PortError> {
        let mut body = Map::new();
        for field in changed {
            self.set(&mut body, values, *field);
        }
        if changed.contains(&OrderField::ProductionVersion) && values.production_version.is_none() {
            body.insert("ProductionVersion".to_owned(), "".into());
        }
        let key = key(number);
        let updated = client.update(self.service, self.set, &key, etag, &body, request).await;
        updated.map_err(of_write)
    }

    fn order(&self, row: &Entity) -> Result<PlannedOrder, SapError> {
        let last_change = row.timestamp(self.last_change)?;
        Ok(PlannedOrder { last_change, ..planned_order(row)? })
    }

    fn fields(&self, order: &OrderValues) -> Map<String, Value> {
        let mut fields = Map::new();
        for field in OrderField::ALL {
            self.set(&mut fields, order, field);
        }
        fields
    }

    /// Writes one field as SAP calls it; what is none is left out.
    fn set(&self, fields: &mut Map<String, Value>, order: &OrderValues, field: OrderField) {
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
                set("PlndOrderPlannedStartDate", self.day(order.start.date()));
                set("PlndOrderPlannedStartTime", self.time(order.start.time()));
            }
            OrderField::End => {
                set("PlndOrderPlannedEndDate", self.day(order.end.date()));
                set("PlndOrderPlannedEndTime", self.time(order.end.time()));
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

    fn day(&self, day: Date) -> Value {
        match self.service.version {
            Version::V2 => day_v2(day),
            Version::V4 => Value::String(day.to_string()),
        }
    }

    fn time(&self, time: Time) -> Value {
        let (hour, minute, second) = (time.hour(), time.minute(), time.second());
        Value::String(match self.service.version {
            Version::V2 => format!("PT{hour:02}H{minute:02}M{second:02}S"),
            Version::V4 => format!("{hour:02}:{minute:02}:{second:02}"),
        })
    }
}

fn key(number: &PlannedOrderNumber) -> Key {
    Key::of("PlannedOrder", number.as_str())
}

/// A day as V2 writes it: midnight UTC in milliseconds.
fn day_v2(day: Date) -> Value {
    // Counted in days: 9999-12-31, which SAP uses for "for ever", is no instant of jiff.
    let days = day.duration_since(Date::constant(1970, 1, 1)).as_hours() / 24;
    Value::String(format!("/Date({})/", days * 86_400_000))
}

#[cfg(test)]
mod tests {
    use super::super::document::tests::order;
    use super::*;

    #[test]
    fn an_order_is_sent_firm_with_dates_and_decimals_as_v2_wants_them() {
        let fields = serde_json::to_string(&V2.fields(&order(1).values())).unwrap();

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
    fn to_v4_dates_and_times_are_plain_and_decimals_are_text() {
        let fields = V4.fields(&order(1).values());

        assert_eq!(fields["TotalQuantity"], "4.001");
        assert_eq!(fields["PlndOrderPlannedStartDate"], "2018-10-02");
        assert_eq!(fields["PlndOrderPlannedEndTime"], "14:00:00");
    }

    #[test]
    fn for_ever_and_before_1970_are_days_too() {
        assert_eq!(day_v2(Date::constant(9999, 12, 31)), "/Date(253402214400000)/");
        assert_eq!(day_v2(Date::constant(1969, 12, 31)), "/Date(-86400000)/");
    }
}
