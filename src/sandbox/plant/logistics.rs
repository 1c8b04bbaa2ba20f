//! What MM and planning hold of the sandbox plant: lot sizes, units, stock, suppliers, purchase orders,
//! requirements, shifts.

use rust_decimal::Decimal;
use serde_json::Value;

use super::Values;
use super::master::{FOREVER, MATERIALS, SOURCES, WORK_CENTERS};

fn text(value: impl ToString) -> Value {
    Value::String(value.to_string())
}

pub fn planning() -> Vec<Values> {
    let row = |(number, _, _, procurement, _): &(&str, &str, &str, &str, &str)| {
        let made = *procurement == "E";
        vec![
            ("Product", text(number)),
            ("Plant", text("1010")),
            ("LotSizingProcedure", text("EX")),
            ("MinimumLotSizeQuantity", text(if made { "2.000" } else { "20.000" })),
            ("LotSizeRoundingQuantity", text(if made { "0.000" } else { "5.000" })),
            ("SafetyStockQuantity", text(if made { "0.000" } else { "40.000" })),
            ("ProcurementType", text(procurement)),
            ("InHouseProductionTime", text(if made { "1" } else { "0" })),
            ("PlannedDeliveryDurationInDays", text(if made { "0" } else { "5" })),
            ("MRPType", text("PD")),
            ("BaseUnit", text("TO")),
        ]
    };
    MATERIALS.iter().map(row).collect()
}

/// Every material in kilograms; electrodes by the piece, bars and strip in bundles and coils, which
/// mean something for each alone.
pub fn units() -> Vec<Values> {
    let own = [("ELECTRODE", "ST", 1_800), ("REBAR-16", "BND", 2_000), ("STRIP-3", "COI", 12_500)];
    let kilograms = MATERIALS.iter().map(|material| (material.0, "KG", 1));
    let row = |(number, unit, kilograms): (&str, &str, i64)| {
        vec![
            ("Product", text(number)),
            ("AlternativeUnit", text(unit)),
            ("QuantityNumerator", text(kilograms)),
            ("QuantityDenominator", text(1_000)),
            ("BaseUnit", text("TO")),
        ]
    };
    kilograms.chain(own).map(row).collect()
}

pub fn stock() -> Vec<Values> {
    let row = |(index, (number, ..)): (usize, &(&str, &str, &str, &str, &str))| {
        let quantity = Decimal::new(412_500_000_000_000 + 7 * index as i64, 14);
        vec![
            ("Material", text(number)),
            ("Plant", text("1010")),
            ("StorageLocation", text(if index < 8 { "FERT" } else { "ROH" })),
            ("InventoryStockType", text(if index == 3 { "02" } else { "01" })),
            ("MaterialBaseUnit", text("TO")),
            ("MatlWrhsStkQtyInMatlBaseUnit", text(quantity)),
        ]
    };
    MATERIALS.iter().enumerate().map(row).collect()
}

pub fn suppliers() -> Vec<Values> {
    let mut numbers: Vec<&str> = SOURCES.iter().map(|source| source.1).collect();
    numbers.dedup();
    let row = |number: &str| {
        vec![
            ("Supplier", text(number)),
            ("SupplierName", text(format!("Supplier {number}"))),
            ("PurchasingIsBlocked", Value::Bool(false)),
        ]
    };
    numbers.into_iter().map(row).collect()
}

pub fn source_list() -> Vec<Values> {
    let row = |(index, (material, supplier, ..)): (usize, &(&str, &str, &str, &str))| {
        vec![
            ("Material", text(material)),
            ("Plant", text("1010")),
            ("SourceListRecord", text(format!("{:05}", index + 1))),
            ("Supplier", text(supplier)),
            ("ValidityStartDate", text("2018-01-01")),
            ("ValidityEndDate", text(FOREVER)),
            ("SupplierIsFixed", Value::Bool(false)),
            ("SourceOfSupplyIsBlocked", Value::Bool(index == 4)),
        ]
    };
    SOURCES.iter().enumerate().map(row).collect()
}

fn purchase_order(index: usize) -> Value {
    text(4_500_000_001_u64 + index as u64)
}

pub fn purchase_orders() -> Vec<Values> {
    let row = |(index, (_, supplier, ..)): (usize, &(&str, &str, &str, &str))| {
        vec![
            ("PurchaseOrder", purchase_order(index)),
            ("CompanyCode", text("1010")),
            ("PurchaseOrderType", text("NB")),
            ("Supplier", text(supplier)),
            ("PurchaseOrderDate", text(format!("2018-09-{:02}", 10 + index))),
            ("LastChangeDateTime", text(format!("2018-09-{:02}T08:00:00Z", 10 + index))),
        ]
    };
    SOURCES.iter().enumerate().map(row).collect()
}

pub fn purchase_order_items() -> Vec<Values> {
    let row = |(index, (material, _, _, price)): (usize, &(&str, &str, &str, &str))| {
        vec![
            ("PurchaseOrder", purchase_order(index)),
            ("PurchaseOrderItem", text("10")),
            ("Plant", text("1010")),
            ("Material", text(material)),
            ("OrderQuantity", text(format!("{}.000", 60 + 20 * index))),
            ("PurchaseOrderQuantityUnit", text("TO")),
            ("DocumentCurrency", text("EUR")),
            ("NetPriceAmount", text(price)),
            ("NetPriceQuantity", text("1")),
            ("OrderPriceUnit", text("TO")),
            ("IsCompletelyDelivered", Value::Bool(index < 3)),
        ]
    };
    SOURCES.iter().enumerate().map(row).collect()
}

pub fn purchase_order_lines() -> Vec<Values> {
    let row = |(index, _): (usize, &(&str, &str, &str, &str))| {
        vec![
            ("PurchasingDocument", purchase_order(index)),
            ("PurchasingDocumentItem", text("10")),
            ("ScheduleLine", text("1")),
            ("ScheduleLineDeliveryDate", text(format!("2018-10-{:02}", 4 + index))),
            ("PurchaseOrderQuantityUnit", text("TO")),
            ("ScheduleLineOrderQuantity", text(format!("{}.000", 60 + 20 * index))),
        ]
    };
    SOURCES.iter().enumerate().map(row).collect()
}

/// A forecast for the bars, and one that is no longer active.
const REQUIREMENTS: [(&str, &str, bool); 3] =
    [("REBAR-16", "00", true), ("REBAR-25", "00", true), ("STRIP-6", "01", false)];

fn requirement(material: &str, version: &str) -> Values {
    vec![
        ("Product", text(material)),
        ("Plant", text("1010")),
        ("MRPArea", text("1010")),
        ("PlndIndepRqmtType", text("VSF")),
        ("PlndIndepRqmtVersion", text(version)),
    ]
}

pub fn requirements() -> Vec<Values> {
    let row = |(material, version, active): &(&str, &str, bool)| {
        let mut row = requirement(material, version);
        row.push(("PlndIndepRqmtIsActive", text(if *active { "X" } else { "" })));
        row
    };
    REQUIREMENTS.iter().map(row).collect()
}

pub fn requirement_items() -> Vec<Values> {
    let row = |(material, version, _): &(&'static str, &'static str, bool)| {
        let (material, version) = (*material, *version);
        (0..3).map(move |month| {
            let mut row = requirement(material, version);
            row.extend([
                ("PlndIndepRqmtPeriod", text(format!("2018{}", 10 + month))),
                ("PeriodType", text("M")),
                ("PlndIndepRqmtPeriodStartDate", text(format!("2018-{}-01", 10 + month))),
                ("WorkingDayDate", text(format!("2018-{}-01", 10 + month))),
                ("PlannedQuantity", text("120.000")),
                ("WithdrawalQuantity", text(if month == 0 { "45.500" } else { "0.000" })),
                ("UnitOfMeasure", text("TO")),
            ]);
            row
        })
    };
    REQUIREMENTS.iter().flat_map(row).collect()
}

/// Three shifts from Monday to Saturday, the last one through midnight.
pub fn shifts() -> Vec<Values> {
    let mut rows = Vec::new();
    for (_, internal, ..) in WORK_CENTERS {
        for weekday in 1..=6 {
            for (number, start, end) in [
                ("1", "06:00:00", "14:00:00"),
                ("2", "14:00:00", "22:00:00"),
                ("3", "22:00:00", "06:00:00"),
            ] {
                rows.push(vec![
                    ("WorkCenterInternalID", text(internal)),
                    ("WorkCenterTypeCode", text("A")),
                    ("CapacityCategoryAllocation", text("0001")),
                    ("CapacityInternalID", text(internal)),
                    ("CapacityActiveVersion", text("1")),
                    ("IntervalStartDate", text("2017-01-01")),
                    ("IntervalEndDate", text(FOREVER)),
                    ("WeekDay", text(format!("{weekday}"))),
                    ("AvailableCapacityShift", text(number)),
                    ("ShiftStartTime", text(start)),
                    ("ShiftEndTime", text(end)),
                    ("CapacityNumberOfCapacities", Value::from(1)),
                    ("CapacityPlanUtilizationPercent", text("090")),
                    ("CapacityBreakDuration", Value::from(1800)),
                ]);
            }
        }
    }
    rows
}
