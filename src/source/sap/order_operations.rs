//! Operations of production and process orders, which SAP copied from the routing or the master recipe.

use std::collections::BTreeMap;

use jiff::civil::DateTime;

use super::*;
use crate::id::ProductionOrderNumber;
use crate::order::{OrderOperation, OrderStatus};

const FIELDS: [&str; 23] = [
    "OrderInternalBillOfOperations",
    "OrderIntBillOfOperationsItem",
    "ManufacturingOrder",
    "ManufacturingOrderSequence",
    "ManufacturingOrderOperation",
    "ManufacturingOrderSubOperation",
    "MfgOrderOperationText",
    "OperationIsReleased",
    "OperationIsConfirmed",
    "OperationIsPartiallyConfirmed",
    "OperationIsDeleted",
    "OperationIsTechlyCompleted",
    "OperationIsClosed",
    "WorkCenterInternalID",
    "OpErlstSchedldExecStrtDte",
    "OpErlstSchedldExecStrtTme",
    "OpErlstSchedldExecEndDte",
    "OpErlstSchedldExecEndTme",
    "OperationUnit",
    "OperationUnitISOCode",
    "OpPlannedTotalQuantity",
    "OpTotalConfirmedYieldQty",
    "LastChangeDateTime",
];

/// What operations of process orders have beside.
pub(super) const PHASE: [&str; 2] = ["MfgOrderOperationIsPhase", "MfgOrderPhaseSuperiorOperation"];

pub(super) fn query(set: &'static str, plant: &PlantCode, more: &[&'static str]) -> Query {
    Query::of(set)
        .select(&[&FIELDS, more].concat())
        .filter(Filter::eq("ProductionPlant", plant.as_str()))
        .order_by(&["OrderInternalBillOfOperations", "OrderIntBillOfOperationsItem"])
}

/// The operations of each order, by sequence and number.
pub(super) fn by_order(
    tables: &Tables,
    problems: &mut Vec<RowProblem>,
) -> BTreeMap<String, Vec<OrderOperation>> {
    let mut by_order: BTreeMap<String, Vec<OrderOperation>> = BTreeMap::new();
    for set in ["A_ProductionOrderOperation_2", "A_ProcessOrderOperation_2"] {
        for (order, operation) in keep(tables.rows(set), problems, operation) {
            by_order.entry(order.as_str().to_owned()).or_default().push(operation);
        }
    }
    for operations in by_order.values_mut() {
        operations.sort_by(|a, b| {
            (&a.sequence, &a.number, &a.sub_operation).cmp(&(
                &b.sequence,
                &b.number,
                &b.sub_operation,
            ))
        });
    }
    by_order
}

fn operation(row: &Entity) -> Result<Option<(ProductionOrderNumber, OrderOperation)>, SapError> {
    if row.boolean("OperationIsDeleted") {
        return Ok(None);
    }
    let text = |property: &str| row.text(property).to_owned();
    let optional = |property: &str| Some(text(property)).filter(|text| !text.is_empty());
    let status = [
        ("OperationIsClosed", OrderStatus::Closed),
        ("OperationIsTechlyCompleted", OrderStatus::TechnicallyCompleted),
        ("OperationIsConfirmed", OrderStatus::Confirmed),
        ("OperationIsReleased", OrderStatus::Released),
    ];
    let status = status.iter().find(|(flag, _)| row.boolean(flag));
    let start = at(row, "OpErlstSchedldExecStrtDte", "OpErlstSchedldExecStrtTme")?;
    let end = at(row, "OpErlstSchedldExecEndDte", "OpErlstSchedldExecEndTme")?;
    if let (Some(start), Some(end)) = (start, end)
        && end < start
    {
        let problem = format!("{end} is before the start {start}");
        return Err(row.wrong("VAL-RANGE", "OpErlstSchedldExecEndDte", problem));
    }
    // The ISO code means the same in every language; not every unit has one.
    let iso = !row.text("OperationUnitISOCode").is_empty();
    let unit_property = if iso { "OperationUnitISOCode" } else { "OperationUnit" };
    let phase = row.boolean("MfgOrderOperationIsPhase");
    // Internal ids are numbers: one that was not given is all zeros.
    let center = row.text("WorkCenterInternalID").trim_start_matches('0');
    let operation = OrderOperation {
        sequence: text("ManufacturingOrderSequence"),
        number: text("ManufacturingOrderOperation"),
        sub_operation: optional("ManufacturingOrderSubOperation"),
        phase_of: optional("MfgOrderPhaseSuperiorOperation").filter(|_| phase),
        text: text("MfgOrderOperationText"),
        status: status.map_or(OrderStatus::Created, |(_, status)| *status),
        work_center: if center.is_empty() { None } else { Some(id(row, "WorkCenterInternalID")?) },
        start,
        end,
        quantity: measure(row, "OpPlannedTotalQuantity", unit_property)?,
        confirmed: quantity(row, "OpTotalConfirmedYieldQty")?,
    };
    Ok(Some((id(row, "ManufacturingOrder")?, operation)))
}

fn at(row: &Entity, day: &str, time: &str) -> Result<Option<DateTime>, SapError> {
    match row.date(day)? {
        Some(_) => row.day_time(day, time).map(Some),
        None => Ok(None),
    }
}
