//! Operations of the production orders, as their routings have them, and operations with phases of the
//! process orders.

use rust_decimal::Decimal;
use serde_json::Value;

use super::Values;
use super::master::{ROUTINGS, WORK_CENTERS};
use super::production_orders::{RUNNING, made, process_orders};

fn text(value: impl ToString) -> Value {
    Value::String(value.to_string())
}

/// Internal id of the operations of an order.
fn internal(order: &str) -> Value {
    text(format!("{order:0>10}"))
}

struct Order<'a> {
    number: &'a str,
    material: &'a str,
    quantity: Decimal,
    confirmed: Decimal,
    start: (&'a str, &'a str),
    end: (&'a str, &'a str),
    changed: String,
    status: &'a [&'static str],
}

fn operations(order: &Order<'_>) -> Vec<Values> {
    let routing = ROUTINGS.iter().find(|routing| routing.0 == order.material);
    let operations = routing.map_or(&[][..], |routing| routing.2);
    let row = |(index, operation): (usize, &super::master::Operation)| {
        let center = WORK_CENTERS.iter().find(|center| center.0 == operation.work_center);
        let mut row = vec![
            ("OrderInternalBillOfOperations", internal(order.number)),
            ("OrderIntBillOfOperationsItem", text(index + 1)),
            ("ManufacturingOrder", text(order.number)),
            ("ManufacturingOrderSequence", text("0")),
            ("ManufacturingOrderOperation", text(operation.number)),
            ("MfgOrderOperationText", text(center.map_or("", |center| center.2))),
            ("ProductionPlant", text("1010")),
            ("WorkCenterInternalID", text(center.map_or("", |center| center.1))),
            ("OpErlstSchedldExecStrtDte", text(order.start.0)),
            ("OpErlstSchedldExecStrtTme", text(order.start.1)),
            ("OpErlstSchedldExecEndDte", text(order.end.0)),
            ("OpErlstSchedldExecEndTme", text(order.end.1)),
            ("OperationUnit", text("TO")),
            ("OperationUnitISOCode", text("TNE")),
            ("OpPlannedTotalQuantity", text(order.quantity)),
            ("OpTotalConfirmedYieldQty", text(order.confirmed)),
            ("LastChangeDateTime", text(&order.changed)),
        ];
        row.extend(order.status.iter().map(|flag| (*flag, text("X"))));
        row
    };
    operations.iter().enumerate().map(row).collect()
}

pub fn production() -> Vec<Values> {
    let mut rows = Vec::new();
    for made in made() {
        rows.extend(operations(&Order {
            number: &made.order,
            material: &made.material,
            quantity: made.yielded,
            confirmed: made.yielded,
            start: (&made.day, &made.start),
            end: (&made.day, &made.end),
            changed: made.day.replace('-', "") + "235900",
            status: &["OperationIsReleased", "OperationIsConfirmed", "OperationIsTechlyCompleted"],
        }));
    }
    for (index, (number, material, quantity)) in RUNNING.iter().enumerate() {
        let running = index == 0;
        rows.extend(operations(&Order {
            number,
            material,
            quantity: quantity.parse().unwrap_or_default(),
            confirmed: if running { Decimal::new(22_500, 3) } else { Decimal::ZERO },
            start: ("2018-09-30", "22:00:00"),
            end: ("2018-10-01", "06:00:00"),
            changed: "20180930231500".to_owned(),
            status: if running {
                &["OperationIsReleased", "OperationIsPartiallyConfirmed"]
            } else {
                &[]
            },
        }));
    }
    rows
}

/// What an order row of the sandbox says.
fn field(row: &Values, name: &str) -> String {
    let value = row.iter().find(|(known, _)| *known == name).map(|(_, value)| value);
    value.and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Burning lime: one operation, whose phases charge, burn and discharge.
pub fn process() -> Vec<Values> {
    let mut rows = Vec::new();
    for order in process_orders() {
        let (number, day) =
            (field(&order, "ManufacturingOrder"), field(&order, "MfgOrderScheduledStartDate"));
        let steps = [
            ("0100", "Burn lime", "", "06:00:00", "14:00:00"),
            ("0110", "Charge", "0100", "06:00:00", "07:00:00"),
            ("0120", "Burn", "0100", "07:00:00", "13:00:00"),
            ("0130", "Discharge", "0100", "13:00:00", "14:00:00"),
        ];
        for (index, (operation, name, phase_of, start, end)) in steps.iter().enumerate() {
            let center = if phase_of.is_empty() { WORK_CENTERS[0].1 } else { "00000000" };
            rows.push(vec![
                ("OrderInternalBillOfOperations", internal(&number)),
                ("OrderIntBillOfOperationsItem", text(index + 1)),
                ("ManufacturingOrder", text(&number)),
                ("ManufacturingOrderSequence", text("0")),
                ("ManufacturingOrderOperation", text(operation)),
                ("MfgOrderOperationText", text(name)),
                ("MfgOrderOperationIsPhase", Value::Bool(!phase_of.is_empty())),
                ("MfgOrderPhaseSuperiorOperation", text(phase_of)),
                ("ProductionPlant", text("1010")),
                ("WorkCenterInternalID", text(center)),
                ("OperationIsReleased", text("X")),
                ("OpErlstSchedldExecStrtDte", text(&day)),
                ("OpErlstSchedldExecStrtTme", text(start)),
                ("OpErlstSchedldExecEndDte", text(&day)),
                ("OpErlstSchedldExecEndTme", text(end)),
                ("OperationUnit", text("TO")),
                ("OpPlannedTotalQuantity", text(field(&order, "TotalQuantity"))),
                ("LastChangeDateTime", text("20180927101500")),
            ]);
        }
    }
    rows
}

/// A tonne of lime is burnt out of 1.75 tonnes of limestone.
pub fn process_components() -> Vec<Values> {
    let row = |order: Values| {
        let number = field(&order, "ManufacturingOrder");
        let lime: Decimal = field(&order, "TotalQuantity").parse().unwrap_or_default();
        vec![
            ("Reservation", text(&number)),
            ("ReservationItem", text(1)),
            ("ManufacturingOrder", text(&number)),
            ("Material", text("LIMESTONE")),
            ("Plant", text("1010")),
            ("ProductionPlant", text("1010")),
            ("BaseUnit", text("TO")),
            ("RequiredQuantity", text((lime * Decimal::new(175, 2)).round_dp(3))),
            ("LastChangeDateTime", text("20180927101500")),
        ]
    };
    process_orders().into_iter().map(row).collect()
}
