//! Sales orders of October 2018, and the planned orders that are there already.

use jiff::ToSpan;
use jiff::civil::Date;
use rand::RngExt;
use rand_pcg::Pcg64Mcg;
use rust_decimal::Decimal;
use serde_json::Value;

use super::Values;

/// One schedule line, the only one of its item.
struct Line {
    order: String,
    item: String,
    material: &'static str,
    /// Thousandths of a tonne.
    quantity: i64,
    delivered: i64,
    wanted: Date,
    priority: u8,
    shipping: &'static str,
}

const PRODUCTS: [&str; 4] = ["REBAR-16", "REBAR-25", "STRIP-3", "STRIP-6"];
/// Items that firm planned orders in SAP already stand for.
const PLANNED: usize = 6;

fn lines() -> Vec<Line> {
    let mut random = Pcg64Mcg::new(0x0010_1020_1810);
    let mut lines = Vec::new();
    let mut wanted = Date::constant(2018, 10, 3);
    for order in 0..42 {
        let items = 1 + usize::from(order % 3 == 0);
        for item in 0..items {
            let index = lines.len();
            let quantity = random.random_range(2_000..9_500);
            lines.push(Line {
                order: (4_711 + order).to_string(),
                item: (10 * (item + 1)).to_string(),
                material: PRODUCTS[random.random_range(0..PRODUCTS.len())],
                quantity,
                delivered: if index % 13 == 9 { quantity / 4 } else { 0 },
                wanted,
                priority: random.random_range(1..=3),
                shipping: if random.random_range(0..3) == 0 { "02" } else { "01" },
            });
        }
        // Two orders a day and a little less, Sundays left out.
        if order % 3 != 1 {
            wanted = wanted.saturating_add(1.day());
        }
        if wanted.weekday() == jiff::civil::Weekday::Sunday {
            wanted = wanted.saturating_add(1.day());
        }
    }
    lines
}

fn text(value: impl ToString) -> Value {
    Value::String(value.to_string())
}

fn tonnes(thousandths: i64) -> Value {
    text(Decimal::new(thousandths, 3))
}

pub fn sales_orders() -> Vec<Values> {
    let mut seen = std::collections::BTreeSet::new();
    let first = lines().into_iter().filter(|line| seen.insert(line.order.clone()));
    first
        .enumerate()
        .map(|(index, line)| {
            vec![
                ("SalesOrder", text(&line.order)),
                ("SalesOrderType", text("OR")),
                ("SalesOrganization", text("1010")),
                ("SoldToParty", text(format!("1010{:04}", 1 + line.order.len()))),
                ("RequestedDeliveryDate", text(line.wanted)),
                ("ShippingType", text(line.shipping)),
                ("OverallSDProcessStatus", text("A")),
                ("LastChangeDateTime", text(format!("2018-09-{:02}T09:15:00Z", 1 + index % 28))),
            ]
        })
        .collect()
}

pub fn sales_order_items() -> Vec<Values> {
    let row = |line: Line| {
        vec![
            ("SalesOrder", text(&line.order)),
            ("SalesOrderItem", text(&line.item)),
            ("Material", text(line.material)),
            ("RequestedQuantity", tonnes(line.quantity)),
            ("RequestedQuantityUnit", text("TO")),
            ("ProductionPlant", text("1010")),
            ("ShippingPoint", text("1010")),
            ("ShippingType", text(line.shipping)),
            ("DeliveryPriority", text(format!("{:02}", line.priority))),
            ("DeliveryStatus", text(if line.delivered > 0 { "B" } else { "A" })),
        ]
    };
    lines().into_iter().map(row).collect()
}

pub fn schedule_lines() -> Vec<Values> {
    let row = |line: Line| {
        vec![
            ("SalesOrder", text(&line.order)),
            ("SalesOrderItem", text(&line.item)),
            ("ScheduleLine", text("1")),
            ("RequestedDeliveryDate", text(line.wanted)),
            ("ConfirmedDeliveryDate", text(line.wanted)),
            ("OrderQuantityUnit", text("TO")),
            ("ScheduleLineOrderQuantity", tonnes(line.quantity)),
            ("ConfdOrderQtyByMatlAvailCheck", tonnes(line.quantity)),
            ("DeliveredQtyInOrderQtyUnit", tonnes(line.delivered)),
            ("OpenConfdDelivQtyInOrdQtyUnit", tonnes(line.quantity - line.delivered)),
        ]
    };
    lines().into_iter().map(row).collect()
}

pub fn planned_orders() -> Vec<Values> {
    let row = |(index, line): (usize, Line)| {
        let day = Date::constant(2018, 10, 1).saturating_add((index as i64 / 2).days());
        let late = index % 2 == 1;
        let (start, end) = if late { ("14:00:00", "22:00:00") } else { ("06:00:00", "14:00:00") };
        vec![
            ("PlannedOrder", text(995 + index)),
            ("PlannedOrderType", text("LA")),
            ("Material", text(line.material)),
            ("ProductionPlant", text("1010")),
            ("MRPPlant", text("1010")),
            ("MRPArea", text("1010")),
            ("ProductionVersion", text("0001")),
            ("MaterialProcurementCategory", text("E")),
            ("BaseUnit", text("TO")),
            ("TotalQuantity", tonnes(line.quantity - line.delivered)),
            ("PlndOrderPlannedStartDate", text(day)),
            ("PlndOrderPlannedStartTime", text(start)),
            ("PlndOrderPlannedEndDate", text(day)),
            ("PlndOrderPlannedEndTime", text(end)),
            ("SalesOrder", text(&line.order)),
            ("SalesOrderItem", text(&line.item)),
            ("MRPController", text("001")),
            ("PlannedOrderIsFirm", Value::Bool(true)),
            ("LastChangeDateTime", text(format!("2018-09-28T10:{:02}:00Z", index))),
        ]
    };
    lines().into_iter().take(PLANNED).enumerate().map(row).collect()
}

/// What of a sales order item has left already: by lorry or by rail.
fn delivered() -> impl Iterator<Item = (usize, Line)> {
    lines().into_iter().filter(|line| line.delivered > 0).enumerate()
}

fn delivery_number(index: usize) -> Value {
    text(80_000_001 + index)
}

pub fn delivery_headers() -> Vec<Values> {
    let row = |(index, line): (usize, Line)| {
        let rail = line.shipping == "02";
        vec![
            ("DeliveryDocument", delivery_number(index)),
            ("ShippingPoint", text("1010")),
            ("ShippingType", text(line.shipping)),
            ("ProposedDeliveryRoute", text(if rail { "DE0002" } else { "DE0001" })),
            ("ActualDeliveryRoute", text(if index == 0 { "DE0003" } else { "" })),
            ("ShipToParty", text(format!("1010{:04}", 1 + line.order.len()))),
            ("HeaderGrossWeight", tonnes(line.delivered * 1_020 / 1_000)),
            ("HeaderNetWeight", tonnes(line.delivered)),
            ("HeaderWeightUnit", text("TO")),
            ("ActualGoodsMovementDate", text("2018-09-27")),
            ("PlannedGoodsIssueDate", text("2018-09-27")),
            ("CreationDate", text("2018-09-26")),
            ("LastChangeDate", text("2018-09-27")),
        ]
    };
    delivered().map(row).collect()
}

pub fn delivery_items() -> Vec<Values> {
    let row = |(index, line): (usize, Line)| {
        // One shipper weighs in pounds.
        let gross = Decimal::new(line.delivered * 1_020 / 1_000, 3);
        let pounds = (gross * Decimal::from(1000) / Decimal::new(45_359_237, 8)).round_dp(3);
        let (weight, unit) = if index == 1 { (pounds, "LB") } else { (gross, "TO") };
        vec![
            ("DeliveryDocument", delivery_number(index)),
            ("DeliveryDocumentItem", text("10")),
            ("Material", text(line.material)),
            ("Plant", text("1010")),
            ("ActualDeliveryQuantity", tonnes(line.delivered)),
            ("DeliveryQuantityUnit", text("TO")),
            ("ItemGrossWeight", text(weight)),
            ("ItemNetWeight", tonnes(line.delivered)),
            ("ItemWeightUnit", text(unit)),
            ("ReferenceSDDocument", text(&line.order)),
            ("ReferenceSDDocumentItem", text(&line.item)),
            ("CreationDate", text("2018-09-26")),
            ("LastChangeDate", text("2018-09-27")),
        ]
    };
    delivered().map(row).collect()
}
