//! The production orders behind the confirmations of September 2018 and their goods movements, what is
//! running on the first of October, and two process orders.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::Value;

use super::master::{BESIDE, FIXED, RECIPES};
use super::{Values, production};

/// First day of the movements that the sandbox holds.
const SINCE: &str = "2018-09-01";

fn text(value: impl ToString) -> Value {
    Value::String(value.to_string())
}

/// What one order of September made.
pub(super) struct Made {
    pub order: String,
    pub material: String,
    pub day: String,
    pub start: String,
    pub end: String,
    pub yielded: Decimal,
}

/// Each order once, though each of its operations has a confirmation.
pub(super) fn made() -> Vec<Made> {
    let mut orders: BTreeMap<String, Made> = BTreeMap::new();
    for row in production::confirmations() {
        let field = |name: &str| {
            let value = row.iter().find(|(known, _)| *known == name).map(|(_, value)| value);
            value.and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        if field("PostingDate").as_str() >= SINCE {
            let order = Made {
                order: field("OrderID"),
                material: field("Material"),
                day: field("PostingDate"),
                start: field("ConfirmedExecutionStartTime"),
                end: field("ConfirmedExecutionEndTime"),
                yielded: field("ConfirmationYieldQuantity").parse().unwrap_or_default(),
            };
            orders.insert(order.order.clone(), order);
        }
    }
    orders.into_values().collect()
}

/// What an order of `quantity` tonnes takes.
fn taken(material: &str, quantity: Decimal) -> Vec<(&'static str, Decimal)> {
    let recipe = RECIPES.iter().find(|recipe| recipe.0 == material);
    let components = recipe.map_or(&[][..], |recipe| recipe.2);
    let each = |(component, each, _): &(&'static str, &str, &str)| {
        (*component, (each.parse().unwrap_or(Decimal::ZERO) * quantity).round_dp(3))
    };
    let fixed = FIXED.iter().filter(|(made, ..)| *made == material);
    let fixed = fixed.map(|(_, component, each)| (*component, each.parse().unwrap_or_default()));
    components.iter().map(each).chain(fixed).collect()
}

fn order(number: &str, material: &str, quantity: Decimal, status: &[&'static str]) -> Values {
    let mut row = vec![
        ("ManufacturingOrder", text(number)),
        ("ManufacturingOrderType", text("PP01")),
        ("Material", text(material)),
        ("ProductionPlant", text("1010")),
        ("ProductionVersion", text("0001")),
        ("ProductionUnit", text("TO")),
        ("ProductionUnitISOCode", text("TNE")),
        ("TotalQuantity", text(quantity)),
    ];
    row.extend(status.iter().map(|flag| (*flag, text("X"))));
    row
}

fn times(row: &mut Values, from: (&str, &str), to: (&str, &str)) {
    row.extend([
        ("MfgOrderPlannedStartDate", text(from.0)),
        ("MfgOrderPlannedStartTime", text(from.1)),
        ("MfgOrderPlannedEndDate", text(to.0)),
        ("MfgOrderPlannedEndTime", text(to.1)),
        ("MfgOrderScheduledStartDate", text(from.0)),
        ("MfgOrderScheduledStartTime", text(from.1)),
        ("MfgOrderScheduledEndDate", text(to.0)),
        ("MfgOrderScheduledEndTime", text(to.1)),
    ]);
}

pub(super) const RUNNING: [(&str, &str, &str); 2] =
    [("2000001", "BILLET-S", "60.000"), ("2000002", "SLAB-L", "80.000")];

pub fn orders() -> Vec<Values> {
    let mut rows = Vec::new();
    for made in made() {
        let status = [
            "OrderIsReleased",
            "OrderIsConfirmed",
            "OrderIsDelivered",
            "OrderIsTechnicallyCompleted",
        ];
        let mut row = order(&made.order, &made.material, made.yielded, &status);
        times(&mut row, (&made.day, &made.start), (&made.day, &made.end));
        row.push(("MfgOrderConfirmedYieldQty", text(made.yielded)));
        row.push(("LastChangeDateTime", text(made.day.replace('-', "") + "235900")));
        rows.push(row);
    }
    for (index, (number, material, quantity)) in RUNNING.iter().enumerate() {
        let quantity = quantity.parse().unwrap_or_default();
        let status: &[&str] =
            if index == 0 { &["OrderIsReleased", "OrderIsPartiallyConfirmed"] } else { &[] };
        let mut row = order(number, material, quantity, status);
        times(&mut row, ("2018-09-30", "22:00:00"), ("2018-10-01", "06:00:00"));
        row.push(("MfgOrderConfirmedYieldQty", text(if index == 0 { "22.500" } else { "0.000" })));
        row.push(("LastChangeDateTime", text("20180930231500")));
        rows.push(row);
    }
    rows
}

pub fn components() -> Vec<Values> {
    let mut rows = Vec::new();
    let done = made().into_iter().map(|made| {
        let stamp = made.day.replace('-', "") + "235900";
        (made.order, made.material, made.yielded, stamp)
    });
    let running = RUNNING.iter().map(|(number, material, quantity)| {
        let quantity = quantity.parse().unwrap_or_default();
        ((*number).to_owned(), (*material).to_owned(), quantity, String::new())
    });
    for (number, material, quantity, stamp) in done.chain(running) {
        let withdrawn = !stamp.is_empty();
        let stamp = if withdrawn { stamp } else { "20180930231500".to_owned() };
        for (index, (component, required)) in taken(&material, quantity).into_iter().enumerate() {
            rows.push(vec![
                ("Reservation", text(&number)),
                ("ReservationItem", text(index + 1)),
                ("ManufacturingOrder", text(&number)),
                ("Material", text(component)),
                ("Plant", text("1010")),
                ("ProductionPlant", text("1010")),
                ("BaseUnit", text("TO")),
                ("RequiredQuantity", text(required)),
                ("WithdrawnQuantity", text(if withdrawn { required } else { Decimal::ZERO })),
                ("LastChangeDateTime", text(&stamp)),
            ]);
        }
    }
    rows
}

pub fn process_orders() -> Vec<Values> {
    let of =
        [("3000001", "LIME", "25.000", "2018-09-28"), ("3000002", "LIME", "30.000", "2018-10-02")];
    of.iter()
        .map(|(number, material, quantity, day)| {
            let mut row =
                order(number, material, quantity.parse().unwrap_or_default(), &["OrderIsReleased"]);
            row.retain(|(name, _)| {
                !matches!(*name, "ManufacturingOrderType" | "ProductionUnitISOCode")
            });
            row.push(("ManufacturingOrderType", text("PI01")));
            times(&mut row, (day, "06:00:00"), (day, "14:00:00"));
            row.push(("LastChangeDateTime", text("20180927101500")));
            row
        })
        .collect()
}

/// A material document: number, day, and its items: type, material, tonnes, order, supplier.
type Document = (String, String, Vec<(&'static str, String, Decimal, String, &'static str)>);

/// What each order of September took and made, beside its product too, three receipts of scrap, and one issue that was
/// reversed.
fn documents() -> Vec<Document> {
    let mut documents = Vec::new();
    let mut number = 4_900_000_000_u64;
    let mut put = |day: &str, items: Vec<_>| {
        number += 1;
        documents.push((number.to_string(), day.to_owned(), items));
        number
    };
    for made in made() {
        let mut items: Vec<_> = taken(&made.material, made.yielded)
            .into_iter()
            .map(|(component, quantity)| {
                ("261", component.to_owned(), quantity, made.order.clone(), "")
            })
            .collect();
        items.push(("101", made.material.clone(), made.yielded, made.order.clone(), ""));
        for (_, component, each) in BESIDE.iter().filter(|(of, ..)| *of == made.material) {
            let each: Decimal = each.parse().unwrap_or_default();
            let quantity = (each.abs() * made.yielded).round_dp(3);
            items.push(("531", (*component).to_owned(), quantity, made.order.clone(), ""));
        }
        put(&made.day, items);
    }
    for (day, tonnes) in [("2018-09-05", 120), ("2018-09-14", 180), ("2018-09-25", 150)] {
        let received = ("101", "SCRAP".to_owned(), Decimal::from(tonnes), String::new(), "100202");
        put(day, vec![received]);
    }
    let wrong = ("261", "LIME".to_owned(), Decimal::from(9), "2000001".to_owned(), "");
    let undone = ("262", "LIME".to_owned(), Decimal::from(9), "2000001".to_owned(), "");
    put("2018-09-30", vec![wrong]);
    put("2018-09-30", vec![undone]);
    documents
}

pub fn document_headers() -> Vec<Values> {
    let row = |(number, day, _): Document| {
        vec![
            ("MaterialDocumentYear", text("2018")),
            ("MaterialDocument", text(number)),
            ("PostingDate", text(&day)),
            ("DocumentDate", text(&day)),
            ("CreationDate", text(&day)),
        ]
    };
    documents().into_iter().map(row).collect()
}

pub fn document_items() -> Vec<Values> {
    let mut rows = Vec::new();
    let mut before = String::new();
    for (number, _, items) in documents() {
        for (index, (kind, material, quantity, order, supplier)) in items.into_iter().enumerate() {
            let mut row = vec![
                ("MaterialDocumentYear", text("2018")),
                ("MaterialDocument", text(&number)),
                ("MaterialDocumentItem", text(index + 1)),
                ("Material", text(material)),
                ("Plant", text("1010")),
                ("GoodsMovementType", text(kind)),
                ("MaterialBaseUnit", text("TO")),
                ("QuantityInBaseUnit", text(quantity)),
                ("ManufacturingOrder", text(order)),
                ("Supplier", text(supplier)),
            ];
            if !supplier.is_empty() {
                row.push(("PurchaseOrder", text("4500000004")));
            }
            if kind == "262" {
                row.extend([
                    ("ReversedMaterialDocumentYear", text("2018")),
                    ("ReversedMaterialDocument", text(&before)),
                    ("ReversedMaterialDocumentItem", text("1")),
                ]);
            }
            rows.push(row);
        }
        before = number;
    }
    rows
}
