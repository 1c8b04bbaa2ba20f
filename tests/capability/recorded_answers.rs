//! Answers of SAP's own sandbox that others recorded: every field and value comes through.

use std::collections::BTreeMap;
use std::io::Read;

use carbide::sap::odata::Entity;
use flate2::read::GzDecoder;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::{Map, Value};

fn samples() -> BTreeMap<String, Value> {
    let packed = include_bytes!("../fixtures/sap/samples.json.gz");
    let mut text = String::new();
    GzDecoder::new(packed.as_slice()).read_to_string(&mut text).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The rows of every recording, with its name.
fn rows() -> Vec<(String, Map<String, Value>)> {
    let mut rows = Vec::new();
    for (name, sample) in samples() {
        let many = match sample {
            Value::Array(many) => many,
            one => vec![one],
        };
        for row in many {
            if let Value::Object(row) = row {
                rows.push((name.clone(), row));
            }
        }
    }
    rows
}

fn entity(name: &str, row: &Map<String, Value>) -> Entity {
    Entity::from_json(name, serde_json::to_vec(row).unwrap()).unwrap()
}

#[test]
fn no_field_is_lost_and_no_value_changed() {
    let rows = rows();
    assert!(samples().len() == 96 && rows.len() > 200, "{} rows", rows.len());
    for (name, row) in rows {
        let entity = entity(&name, &row);

        assert_eq!(entity.fields(), row, "{name}");
        assert_eq!(Entity::from_json(&name, entity.to_json()).unwrap().fields(), row, "{name}");
    }
}

#[test]
fn numbers_are_the_decimals_that_stand_there() {
    let mut seen = 0;
    for (name, row) in rows() {
        let entity = entity(&name, &row);
        for (property, value) in &row {
            let text = match value {
                Value::Number(number) => number.to_string(),
                // Decimals of V2 are text.
                Value::String(text) if property.ends_with("Quantity") && !text.is_empty() => {
                    text.clone()
                }
                _ => continue,
            };
            let Ok(expected) = Decimal::from_str_exact(&text) else { continue };
            assert_eq!(entity.decimal(property).unwrap(), expected, "{name} {property}");
            seen += 1;
        }
    }
    assert!(seen > 200, "{seen}");
}

#[test]
fn days_are_the_days_that_stand_there() {
    let mut seen = 0;
    for (name, row) in rows() {
        let entity = entity(&name, &row);
        for (property, value) in &row {
            let Some(text) = value.as_str().filter(|_| property.ends_with("Date")) else {
                continue;
            };
            let Some(expected) = day(text) else { continue };
            assert_eq!(entity.date(property).unwrap(), Some(expected), "{name} {property}: {text}");
            seen += 1;
        }
    }
    assert!(seen > 200, "{seen}");
}

/// The day in a text, read by another way than Carbide's.
fn day(text: &str) -> Option<Date> {
    match text.strip_prefix("/Date(").and_then(|rest| rest.strip_suffix(")/")) {
        Some(milliseconds) => {
            let at = jiff::Timestamp::from_millisecond(milliseconds.parse().ok()?).ok()?;
            Some(at.to_zoned(jiff::tz::TimeZone::UTC).date())
        }
        None => text.get(..10)?.parse().ok(),
    }
}
