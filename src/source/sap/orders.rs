//! Orders: schedule lines of sales orders, planned orders, confirmations.

use std::collections::BTreeMap;

use super::*;
use crate::order::{
    CapacityRequirement, Confirmation, OrderComponent, PlannedOrder, SalesOrderLine,
};
use crate::period::Interval;

const CONFIRMATION_FIELDS: [&str; 31] = [
    "ConfirmationGroup",
    "ConfirmationCount",
    "OrderID",
    "OrderOperation",
    "Material",
    "Plant",
    "WorkCenter",
    "PostingDate",
    "IsReversed",
    "IsReversal",
    "ConfirmationEntryDate",
    "LastChangeDate",
    "ConfirmedExecutionStartDate",
    "ConfirmedExecutionStartTime",
    "ConfirmedExecutionEndDate",
    "ConfirmedExecutionEndTime",
    "ConfirmationUnit",
    "ConfirmationYieldQuantity",
    "ConfirmationScrapQuantity",
    "OpConfirmedWorkQuantity1",
    "OpWorkQuantityUnit1",
    "OpConfirmedWorkQuantity2",
    "OpWorkQuantityUnit2",
    "OpConfirmedWorkQuantity3",
    "OpWorkQuantityUnit3",
    "OpConfirmedWorkQuantity4",
    "OpWorkQuantityUnit4",
    "OpConfirmedWorkQuantity5",
    "OpWorkQuantityUnit5",
    "OpConfirmedWorkQuantity6",
    "OpWorkQuantityUnit6",
];

pub(super) fn queries(plant: &PlantCode) -> Vec<(Service, Query)> {
    vec![
        (
            SALES_ORDER,
            Query::of("A_SalesOrder")
                .select(&["SalesOrder", "ShippingType", "LastChangeDateTime"])
                .order_by(&["SalesOrder"]),
        ),
        (
            SALES_ORDER,
            Query::of("A_SalesOrderItem")
                .select(&[
                    "SalesOrder",
                    "SalesOrderItem",
                    "Material",
                    "ProductionPlant",
                    "ShippingType",
                    "DeliveryPriority",
                ])
                .filter(Filter::eq("ProductionPlant", plant.as_str()))
                .order_by(&["SalesOrder", "SalesOrderItem"]),
        ),
        (
            SALES_ORDER,
            Query::of("A_SalesOrderScheduleLine")
                .select(&[
                    "SalesOrder",
                    "SalesOrderItem",
                    "ScheduleLine",
                    "RequestedDeliveryDate",
                    "ScheduleLineOrderQuantity",
                    "DeliveredQtyInOrderQtyUnit",
                    "OrderQuantityUnit",
                ])
                .order_by(&["SalesOrder", "SalesOrderItem", "ScheduleLine"]),
        ),
        (
            PLANNED_ORDERS,
            Query::of("A_PlannedOrder")
                .filter(Filter::eq("ProductionPlant", plant.as_str()))
                .order_by(&["PlannedOrder"]),
        ),
        (
            PLANNED_ORDERS,
            Query::of("A_PlannedOrderComponent")
                .select(&[
                    "Reservation",
                    "ReservationItem",
                    "PlannedOrder",
                    "Material",
                    "Plant",
                    "RequiredQuantity",
                    "WithdrawnQuantity",
                    "BaseUnit",
                    "MaterialComponentIsPhantomItem",
                    "DebitCreditCode",
                    "LastChangeDateTime",
                ])
                .filter(Filter::eq("Plant", plant.as_str()))
                .order_by(&["Reservation", "ReservationItem"]),
        ),
        (
            PLANNED_ORDERS,
            Query::of("A_PlannedOrderCapacity")
                .select(&[
                    "CapacityRequirement",
                    "CapacityRequirementItem",
                    "CapacityRqmtItemCapacity",
                    "PlannedOrder",
                    "Operation",
                    "WorkCenter",
                    "CapacityCategoryCode",
                    "MRPPlant",
                    "OperationEarliestStartDate",
                    "OperationEarliestStartTime",
                    "CapacityRequirementUnit",
                    "ScheduledCapReqOpSegSetupDurn",
                    "ScheduledCapReqOpSegProcgDurn",
                    "ScheduledCapReqOpSegTrdwnDurn",
                    "LastChangeDateTime",
                ])
                .filter(Filter::eq("MRPPlant", plant.as_str()))
                .order_by(&[
                    "CapacityRequirement",
                    "CapacityRequirementItem",
                    "CapacityRqmtItemCapacity",
                ]),
        ),
        (
            CONFIRMATION,
            Query::of("ProdnOrdConf2")
                .select(&CONFIRMATION_FIELDS)
                .filter(Filter::eq("Plant", plant.as_str()))
                .order_by(&["ConfirmationGroup", "ConfirmationCount"]),
        ),
    ]
}

pub(super) fn facts(tables: &Tables, reading: &Reading) -> (OrderBook, Vec<RowProblem>) {
    let mut problems = Vec::new();
    let headers: BTreeMap<&str, &Entity> =
        tables.rows("A_SalesOrder").iter().map(|row| (row.text("SalesOrder"), row)).collect();
    let items: BTreeMap<(&str, &str), &Entity> = tables
        .rows("A_SalesOrderItem")
        .iter()
        .map(|row| ((row.text("SalesOrder"), row.text("SalesOrderItem")), row))
        .collect();
    let line = |row: &Entity| {
        let key = (row.text("SalesOrder"), row.text("SalesOrderItem"));
        // Lines of other plants have no item here.
        let Some(item) = items.get(&key) else { return Ok(None) };
        sales_order_line(row, item, headers.get(key.0).copied())
    };
    let sales_order_lines = keep(tables.rows("A_SalesOrderScheduleLine"), &mut problems, line);
    let mut planned_orders =
        keep(tables.rows("A_PlannedOrder"), &mut problems, |row| planned_order(row).map(Some));
    needs(tables, &mut planned_orders, &mut problems);
    let mut confirmations =
        keep(tables.rows("ProdnOrdConf2"), &mut problems, |row| confirmation(row, reading));
    confirmations.sort_by(|a, b| (a.execution.start, &a.key).cmp(&(b.execution.start, &b.key)));
    let orders =
        OrderBook { sales_order_lines, planned_orders, confirmations, ..OrderBook::default() };
    (orders, problems)
}

/// Gives planned orders their components and capacities.
fn needs(tables: &Tables, orders: &mut [PlannedOrder], problems: &mut Vec<RowProblem>) {
    let mut components: BTreeMap<String, Vec<OrderComponent>> = BTreeMap::new();
    for (order, component) in keep(tables.rows("A_PlannedOrderComponent"), problems, component) {
        components.entry(order).or_default().push(component);
    }
    let mut capacities: BTreeMap<String, Vec<CapacityRequirement>> = BTreeMap::new();
    for (order, capacity) in keep(tables.rows("A_PlannedOrderCapacity"), problems, capacity) {
        capacities.entry(order).or_default().push(capacity);
    }
    for order in orders {
        order.components = components.remove(order.number.as_str()).unwrap_or_default();
        order.capacities = capacities.remove(order.number.as_str()).unwrap_or_default();
        order.capacities.sort_by(|a, b| a.operation.cmp(&b.operation));
    }
}

fn component(row: &Entity) -> Result<Option<(String, OrderComponent)>, SapError> {
    // A phantom is not taken, and what comes out beside the product (S) is none of its needs.
    if row.boolean("MaterialComponentIsPhantomItem")
        || row.text("DebitCreditCode") == "S"
        || row.text("Material").is_empty()
    {
        return Ok(None);
    }
    let order: crate::id::PlannedOrderNumber = id(row, "PlannedOrder")?;
    let component = OrderComponent {
        material: id(row, "Material")?,
        required: measure(row, "RequiredQuantity", "BaseUnit")?,
        withdrawn: quantity(row, "WithdrawnQuantity")?,
    };
    Ok(Some((order.as_str().to_owned(), component)))
}

/// The need of machines (capacity category 001); that of people is not planned here.
fn capacity(row: &Entity) -> Result<Option<(String, CapacityRequirement)>, SapError> {
    if !matches!(row.text("CapacityCategoryCode"), "001" | "") {
        return Ok(None);
    }
    let order: crate::id::PlannedOrderNumber = id(row, "PlannedOrder")?;
    let parts = ["Setup", "Procg", "Trdwn"];
    let mut sum = Decimal::ZERO;
    for part in parts {
        sum += row.double(&format!("ScheduledCapReqOpSeg{part}Durn"))?;
    }
    let minutes = in_unit_of(row, sum, "CapacityRequirementUnit")?.in_unit(Uom::Minute);
    let minutes = minutes
        .map_err(|error| row.wrong("UNIT-DIM", "CapacityRequirementUnit", error.to_string()))?;
    let start = match row.date("OperationEarliestStartDate")? {
        None => None,
        Some(_) => Some(row.day_time("OperationEarliestStartDate", "OperationEarliestStartTime")?),
    };
    let capacity = CapacityRequirement {
        operation: row.text("Operation").to_owned(),
        work_center: id(row, "WorkCenter")?,
        minutes,
        earliest_start: start,
    };
    Ok(Some((order.as_str().to_owned(), capacity)))
}

fn sales_order_line(
    row: &Entity,
    item: &Entity,
    header: Option<&Entity>,
) -> Result<Option<SalesOrderLine>, SapError> {
    let ordered = quantity(row, "ScheduleLineOrderQuantity")?;
    let open = ordered - quantity(row, "DeliveredQtyInOrderQtyUnit")?;
    if open.is_sign_negative() || open.is_zero() {
        return Ok(None);
    }
    let of_header = header.map_or("", |header| header.text("ShippingType"));
    let shipping_type = match item.text("ShippingType") {
        "" => of_header,
        of_item => of_item,
    };
    Ok(Some(SalesOrderLine {
        sales_order: id(row, "SalesOrder")?,
        item: id(row, "SalesOrderItem")?,
        schedule_line: row.text("ScheduleLine").to_owned(),
        material: id(item, "Material")?,
        plant: id(item, "ProductionPlant")?,
        open_quantity: in_unit_of(row, open, "OrderQuantityUnit")?,
        requested_delivery: day(row, "RequestedDeliveryDate")?,
        delivery_priority: item.text("DeliveryPriority").parse().unwrap_or(0),
        shipping_type: shipping_type.to_owned(),
    }))
}

/// A planned order from a row of `A_PlannedOrder`.
///
/// # Errors
///
/// [`SapError::Value`] that names the property.
pub fn planned_order(row: &Entity) -> Result<PlannedOrder, SapError> {
    let optional = |property: &str| !row.text(property).is_empty();
    Ok(PlannedOrder {
        number: id(row, "PlannedOrder")?,
        material: id(row, "Material")?,
        plant: id(row, "ProductionPlant")?,
        production_version: if optional("ProductionVersion") {
            Some(id(row, "ProductionVersion")?)
        } else {
            None
        },
        quantity: measure(row, "TotalQuantity", "BaseUnit")?,
        start: row.day_time("PlndOrderPlannedStartDate", "PlndOrderPlannedStartTime")?,
        end: row.day_time("PlndOrderPlannedEndDate", "PlndOrderPlannedEndTime")?,
        firm: row.boolean("PlannedOrderIsFirm"),
        sales_order: if optional("SalesOrder") {
            Some((id(row, "SalesOrder")?, id(row, "SalesOrderItem")?))
        } else {
            None
        },
        last_change: row.timestamp("LastChangeDateTime")?,
        etag: row.etag().map(str::to_owned),
        components: Vec::new(),
        capacities: Vec::new(),
    })
}

fn confirmation(row: &Entity, reading: &Reading) -> Result<Option<Confirmation>, SapError> {
    if row.boolean("IsReversed") || row.boolean("IsReversal") {
        return Ok(None);
    }
    let at = |day_property: &str, time_property: &str| {
        let local = row.day_time(day_property, time_property)?;
        let instant = reading.zone.to_timestamp(local);
        instant.map_err(|error| row.wrong("VAL-DATE", day_property, error.to_string()))
    };
    let start = at("ConfirmedExecutionStartDate", "ConfirmedExecutionStartTime")?;
    let mut end = at("ConfirmedExecutionEndDate", "ConfirmedExecutionEndTime")?;
    if end <= start {
        // The hour that comes twice when clocks go back: it ended in the second one.
        let local = row.day_time("ConfirmedExecutionEndDate", "ConfirmedExecutionEndTime")?;
        end = reading.zone.to_ambiguous_timestamp(local).later().unwrap_or(end);
    }
    let execution = Interval::new(start, end).ok_or_else(|| {
        row.wrong("VAL-RANGE", "ConfirmedExecutionEndTime", "is not after the start".to_owned())
    })?;
    let (mut activities, mut stood_in) = (Vec::new(), Vec::new());
    for (index, meaning) in reading.standard_values.iter().enumerate() {
        let Some(meaning) = meaning else { continue };
        let unit_property = format!("OpWorkQuantityUnit{}", index + 1);
        if row.text(&unit_property).is_empty() {
            continue;
        }
        let amount = format!("OpConfirmedWorkQuantity{}", index + 1);
        activities.push((*meaning, measure(row, &amount, &unit_property)?));
        if row.stood_in(&amount) {
            stood_in.push(*meaning);
        }
    }
    Ok(Some(Confirmation {
        key: (row.text("ConfirmationGroup").to_owned(), row.text("ConfirmationCount").to_owned()),
        order: id(row, "OrderID")?,
        operation: row.text("OrderOperation").to_owned(),
        material: id(row, "Material")?,
        production_version: None,
        plant: id(row, "Plant")?,
        work_center: id(row, "WorkCenter")?,
        execution,
        yielded: measure(row, "ConfirmationYieldQuantity", "ConfirmationUnit")?,
        scrapped: measure(row, "ConfirmationScrapQuantity", "ConfirmationUnit")?,
        activities,
        stood_in,
    }))
}
