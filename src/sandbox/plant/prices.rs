//! Price conditions of the info records: that of 2017, which has ended, and that of today.

use serde_json::Value;

use super::Values;
use super::master::{FOREVER, SOURCES};

fn text(value: impl ToString) -> Value {
    Value::String(value.to_string())
}

/// Condition record, info record with material and supplier, first and last day, rate.
struct Condition {
    record: String,
    info_record: &'static str,
    material: &'static str,
    supplier: &'static str,
    from: &'static str,
    to: &'static str,
    rate: &'static str,
}

fn all() -> Vec<Condition> {
    let mut all = Vec::new();
    for (index, (material, supplier, info_record, price)) in SOURCES.iter().enumerate() {
        for (ended, from, to, rate) in
            [(true, "2017-01-01", "2017-12-31", "99.000"), (false, "2018-01-01", FOREVER, *price)]
        {
            let record = format!("00000{}{:04}", if ended { 1 } else { 2 }, index + 1);
            all.push(Condition { record, info_record, material, supplier, from, to, rate });
        }
    }
    all
}

pub fn conditions() -> Vec<Values> {
    let row = |one: Condition| {
        vec![
            ("ConditionRecord", text(one.record)),
            ("ConditionValidityEndDate", text(one.to)),
            ("ConditionType", text("PPR0")),
            ("ConditionCalculationType", text("C")),
            ("ConditionRateValue", text(one.rate)),
            ("ConditionRateValueUnit", text("EUR")),
            ("ConditionQuantity", text("1")),
            ("ConditionQuantityUnit", text("TO")),
        ]
    };
    all().into_iter().map(row).collect()
}

pub fn validities() -> Vec<Values> {
    let row = |one: Condition| {
        vec![
            ("ConditionRecord", text(one.record)),
            ("ConditionValidityEndDate", text(one.to)),
            ("ConditionValidityStartDate", text(one.from)),
            ("ConditionType", text("PPR0")),
            ("PurchasingOrganization", text("1010")),
            ("PurchasingInfoRecordCategory", text("0")),
            ("PurchasingInfoRecord", text(one.info_record)),
            ("Supplier", text(one.supplier)),
            ("Material", text(one.material)),
            ("Plant", text("1010")),
        ]
    };
    all().into_iter().map(row).collect()
}
