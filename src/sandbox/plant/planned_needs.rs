//! What the planned orders need: components of their BOM, capacity of their work centers.

use rust_decimal::Decimal;
use serde_json::Value;

use super::Values;
use super::master::{FIXED, RECIPES, ROUTINGS};
use super::orders::planned_orders;

fn text(value: impl ToString) -> Value {
    Value::String(value.to_string())
}

/// A planned order: number, material, tonnes, start day and time, stamp.
fn orders() -> Vec<[String; 6]> {
    let field = |row: &Values, name: &str| {
        let value = row.iter().find(|(known, _)| *known == name).map(|(_, value)| value);
        value.and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let of = |row: &Values| {
        [
            "PlannedOrder",
            "Material",
            "TotalQuantity",
            "PlndOrderPlannedStartDate",
            "PlndOrderPlannedStartTime",
            "LastChangeDateTime",
        ]
        .map(|name| field(row, name))
    };
    planned_orders().iter().map(of).collect()
}

pub fn components() -> Vec<Values> {
    let mut rows = Vec::new();
    for [number, material, quantity, _, _, stamp] in orders() {
        let quantity: Decimal = quantity.parse().unwrap_or_default();
        let recipe = RECIPES.iter().find(|recipe| recipe.0 == material);
        let items = recipe.map_or(&[][..], |recipe| recipe.2);
        let fixed = FIXED.iter().filter(|(made, ..)| *made == material);
        let fixed = fixed.map(|(_, component, each)| (*component, *each, Decimal::ONE));
        let each = items.iter().map(|(component, each, _)| (*component, *each, quantity));
        for (index, (component, each, times)) in each.chain(fixed).enumerate() {
            let each: Decimal = each.parse().unwrap_or_default();
            rows.push(vec![
                ("Reservation", text(format!("P{number}"))),
                ("ReservationItem", text(index + 1)),
                ("PlannedOrder", text(&number)),
                ("Material", text(component)),
                ("Plant", text("1010")),
                ("RequiredQuantity", text((each * times).round_dp(3))),
                ("BaseUnit", text("TO")),
                ("DebitCreditCode", text("H")),
                ("LastChangeDateTime", text(&stamp)),
            ]);
        }
    }
    rows
}

pub fn capacities() -> Vec<Values> {
    let mut rows = Vec::new();
    for (index, [number, material, quantity, day, time, stamp]) in orders().into_iter().enumerate()
    {
        let tonnes: f64 = quantity.parse().unwrap_or_default();
        let routing = ROUTINGS.iter().find(|routing| routing.0 == material);
        for (item, operation) in routing.map_or(&[][..], |routing| routing.2).iter().enumerate() {
            rows.push(vec![
                ("CapacityRequirement", text(format!("{:012}", index + 1))),
                ("CapacityRequirementItem", text(format!("{:08}", item + 1))),
                ("CapacityRqmtItemCapacity", text("0001")),
                ("PlannedOrder", text(&number)),
                ("Operation", text(operation.number)),
                ("WorkCenter", text(operation.work_center)),
                ("CapacityCategoryCode", text("001")),
                ("MRPPlant", text("1010")),
                ("OperationEarliestStartDate", text(&day)),
                ("OperationEarliestStartTime", text(&time)),
                // Hours, as binary fractions: what SAP sends here is no decimal.
                ("CapacityRequirementUnit", text("H")),
                ("ScheduledCapReqOpSegSetupDurn", (operation.setup as f64 / 60.0).into()),
                (
                    "ScheduledCapReqOpSegProcgDurn",
                    (operation.machine as f64 * tonnes / 60.0).into(),
                ),
                ("ScheduledCapReqOpSegTrdwnDurn", 0.0.into()),
                ("LastChangeDateTime", text(&stamp)),
            ]);
        }
    }
    rows
}
