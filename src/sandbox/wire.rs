//! Values as rows hold them and as the wire carries them.
//!
//! A row holds text for strings, decimals (all digits of the scale), days (`2018-10-01`), times
//! (`08:00:00`) and instants (`2018-10-01T08:00:00Z`); Booleans and integers as JSON.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::metadata::{EntityType, Property};

/// The initial value of a property.
pub fn initial(property: &Property) -> Value {
    match property.kind.as_str() {
        "Boolean" => Value::Bool(false),
        "Decimal" => Value::String(decimal(Decimal::ZERO, property.scale)),
        "Int16" | "Int32" | "Byte" => Value::from(0),
        "Double" => Value::String("0".to_owned()),
        "Time" | "TimeOfDay" => Value::String("00:00:00".to_owned()),
        _ => Value::String(String::new()),
    }
}

/// A decimal with all digits of its scale.
pub fn decimal(value: Decimal, scale: u32) -> String {
    let mut value = value.round_dp(scale);
    value.rescale(scale);
    value.to_string()
}

/// A row of `entity` from some values, the others initial.
pub fn row(entity: &EntityType, values: &[(&str, Value)]) -> Map<String, Value> {
    let mut row = Map::new();
    for property in &entity.properties {
        row.insert(property.name.clone(), initial(property));
    }
    for (name, value) in values {
        let property = entity.property(name);
        debug_assert!(property.is_some(), "{} has no {name}", entity.name);
        if let Some(property) = property {
            let stored = match (property.kind.as_str(), value) {
                ("Decimal", Value::String(text)) => {
                    Value::String(decimal(text.parse().unwrap_or_default(), property.scale))
                }
                _ => value.clone(),
            };
            row.insert((*name).to_owned(), stored);
        }
    }
    row
}

/// A stored value as V2 sends it.
pub fn v2(property: &Property, value: &Value) -> Value {
    let text = value.as_str().unwrap_or("");
    match property.kind.as_str() {
        "DateTime" => match text.parse::<Date>() {
            Ok(day) => {
                // 9999-12-31, which SAP uses for "for ever", is no instant of jiff.
                let days = day.duration_since(Date::constant(1970, 1, 1)).as_hours() / 24;
                Value::String(format!("/Date({})/", days * 86_400_000))
            }
            Err(_) => Value::Null,
        },
        "DateTimeOffset" => match text.parse::<Timestamp>() {
            Ok(at) => Value::String(format!("/Date({}+0000)/", at.as_millisecond())),
            Err(_) => Value::Null,
        },
        "Time" => {
            let time: Time = text.parse().unwrap_or_default();
            let (hour, minute, second) = (time.hour(), time.minute(), time.second());
            Value::String(format!("PT{hour:02}H{minute:02}M{second:02}S"))
        }
        _ => value.clone(),
    }
}

/// A stored value as V4 sends it; decimals are strings only if the client asked for it.
pub fn v4(property: &Property, value: &Value, decimals_as_text: bool) -> Value {
    let text = value.as_str().unwrap_or("");
    match property.kind.as_str() {
        "Date" | "DateTimeOffset" if text.is_empty() => Value::Null,
        "Decimal" if !decimals_as_text => {
            serde_json::from_str(text).unwrap_or_else(|_| Value::from(0))
        }
        _ => value.clone(),
    }
}

/// A value that a client sent, in stored form.
pub fn stored(property: &Property, value: &Value) -> Result<Value, String> {
    let name = &property.name;
    let wrong = |what: &str| Err(format!("Property {name} has invalid value: {what}"));
    match (property.kind.as_str(), value) {
        (_, Value::Null) => Ok(initial(property)),
        ("Boolean", Value::Bool(_)) => Ok(value.clone()),
        ("Decimal", Value::String(text)) => match Decimal::from_str_exact(text) {
            Ok(number) if number.normalize().scale() <= property.scale => {
                Ok(Value::String(decimal(number, property.scale)))
            }
            Ok(_) => wrong("too many decimals"),
            Err(_) => wrong("no decimal"),
        },
        ("DateTime", Value::String(text)) => {
            let milliseconds = text.strip_prefix("/Date(").and_then(|t| t.strip_suffix(")/"));
            let at = milliseconds.and_then(|ms| ms.parse().ok());
            let at = at.and_then(|ms| Timestamp::from_millisecond(ms).ok());
            match (at, text.get(..10).and_then(|day| day.parse::<Date>().ok())) {
                (Some(at), _) => {
                    let day = at.to_zoned(jiff::tz::TimeZone::UTC).date();
                    Ok(Value::String(day.to_string()))
                }
                (None, Some(day)) => Ok(Value::String(day.to_string())),
                (None, None) => wrong("no date"),
            }
        }
        ("Date", Value::String(text)) => match text.parse::<Date>() {
            Ok(day) => Ok(Value::String(day.to_string())),
            Err(_) => wrong("no date"),
        },
        ("TimeOfDay", Value::String(text)) => match text.parse::<Time>() {
            Ok(_) => Ok(value.clone()),
            Err(_) => wrong("no time"),
        },
        ("Time", Value::String(text)) => match text.strip_prefix("PT") {
            Some(duration) => {
                let digits: Vec<&str> = duration
                    .split(|c: char| !c.is_ascii_digit())
                    .filter(|d| !d.is_empty())
                    .collect();
                let [hour, minute, second] = digits.as_slice() else { return wrong("no time") };
                Ok(Value::String(format!("{hour:0>2}:{minute:0>2}:{second:0>2}")))
            }
            None => wrong("no time"),
        },
        ("String" | "Guid", Value::String(text)) => {
            if text.chars().count() > property.length_max {
                return wrong("too long");
            }
            Ok(value.clone())
        }
        _ => wrong("wrong JSON type"),
    }
}
