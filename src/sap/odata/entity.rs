//! One row of an entity set, and its values without loss.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::super::error::SapError;

/// One row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entity {
    /// Entity set, for messages.
    pub set: String,
    /// Properties as SAP sent them.
    pub fields: Map<String, Value>,
    /// ETag: opaque, sent back as it came.
    pub etag: Option<String>,
}

impl Entity {
    /// The row of `set` in a JSON object of V2 or V4.
    pub(super) fn new(set: &str, mut fields: Map<String, Value>) -> Self {
        let metadata = fields.remove("__metadata");
        let etag = fields
            .remove("@odata.etag")
            .or_else(|| metadata.and_then(|mut metadata| metadata.get_mut("etag").map(Value::take)))
            .and_then(|etag| etag.as_str().map(str::to_owned));
        Self { set: set.to_owned(), fields, etag }
    }

    /// The text of a property; missing and null are the empty text, which is SAP's initial value.
    pub fn text(&self, property: &str) -> &str {
        self.fields.get(property).and_then(Value::as_str).unwrap_or("")
    }

    /// A decimal, exact.
    ///
    /// # Errors
    ///
    /// `VAL-DECIMAL` if the value is missing, has a comma, an exponent, or is no number.
    pub fn decimal(&self, property: &str) -> Result<Decimal, SapError> {
        let text = match self.fields.get(property) {
            Some(Value::String(text)) => text.trim().to_owned(),
            Some(Value::Number(number)) => number.to_string(),
            _ => return Err(self.wrong("VAL-DECIMAL", property, "has no value".to_owned())),
        };
        let plain = !text.is_empty()
            && text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+'));
        let parsed = if plain { Decimal::from_str_exact(&text).ok() } else { None };
        parsed.ok_or_else(|| {
            self.wrong("VAL-DECIMAL", property, format!("'{text}' is not a decimal"))
        })
    }

    /// A calendar day: `/Date(ms)/` of V2 or `2026-12-01` of V4. The initial date is `None`.
    ///
    /// # Errors
    ///
    /// `VAL-DATE` if the value is no date.
    pub fn date(&self, property: &str) -> Result<Option<Date>, SapError> {
        let text = self.text(property);
        if text.is_empty() || text == "0000-00-00" || text == "00000000" {
            return Ok(None);
        }
        let wrong = || self.wrong("VAL-DATE", property, format!("'{text}' is no date"));
        if text.starts_with("/Date(") {
            let instant = v2_instant(text).ok_or_else(wrong)?;
            // A date of V2 is a calendar day at midnight UTC; it must not be turned into local time.
            return Ok(Some(instant.to_zoned(jiff::tz::TimeZone::UTC).date()));
        }
        text.get(..10).and_then(|day| day.parse().ok()).map(Some).ok_or_else(wrong)
    }

    /// A time of day: `PT08H30M00S` of V2 or `08:30:00` of V4.
    ///
    /// # Errors
    ///
    /// `VAL-TIME` if the value is no time of day. `PT24H` is midnight at the end of a day.
    pub fn time(&self, property: &str) -> Result<Time, SapError> {
        let text = self.text(property);
        let parsed = match text.strip_prefix("PT") {
            _ if text.is_empty() => Some(Time::midnight()),
            Some("24H00M00S" | "24H") => Some(Time::midnight()),
            Some(duration) => v2_time(duration),
            None => text.parse().ok(),
        };
        parsed.ok_or_else(|| self.wrong("VAL-TIME", property, format!("'{text}' is no time")))
    }

    /// An instant: `/Date(ms+0000)/` of V2 or `2026-11-22T12:20:03Z` of V4.
    ///
    /// # Errors
    ///
    /// `VAL-DATE` if the value is no instant.
    pub fn timestamp(&self, property: &str) -> Result<Option<Timestamp>, SapError> {
        let text = self.text(property);
        if text.is_empty() {
            return Ok(None);
        }
        let parsed = if text.starts_with("/Date(") { v2_instant(text) } else { text.parse().ok() };
        let wrong = || self.wrong("VAL-DATE", property, format!("'{text}' is no instant"));
        parsed.map(Some).ok_or_else(wrong)
    }

    /// An indicator: a Boolean, or `X` and blank.
    pub fn boolean(&self, property: &str) -> bool {
        match self.fields.get(property) {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::String(text)) => text == "X" || text == "true",
            _ => false,
        }
    }

    /// The rows behind a navigation property that was expanded.
    pub fn expanded(&self, property: &str) -> Vec<Self> {
        let rows = match self.fields.get(property) {
            Some(Value::Array(rows)) => rows.as_slice(),
            Some(Value::Object(object)) => match object.get("results") {
                Some(Value::Array(rows)) => rows.as_slice(),
                _ => return vec![Self::new(property, object.clone())],
            },
            _ => &[],
        };
        let rows = rows.iter().filter_map(Value::as_object);
        rows.map(|row| Self::new(property, row.clone())).collect()
    }

    /// An error that names this row.
    pub fn wrong(&self, code: &'static str, property: &str, problem: String) -> SapError {
        let keys = self.fields.values().filter_map(Value::as_str).filter(|text| !text.is_empty());
        SapError::Value {
            code,
            entity: self.set.clone(),
            key: keys.take(3).collect::<Vec<_>>().join("/"),
            property: property.to_owned(),
            problem,
        }
    }
}

/// `/Date(1795305600000)/` or `/Date(1795349953000+0060)/`: milliseconds of UTC; the offset, in
/// minutes, only says how the server would show it.
fn v2_instant(text: &str) -> Option<Timestamp> {
    let inner = text.strip_prefix("/Date(")?.strip_suffix(")/")?;
    let split = inner.char_indices().skip(1).find(|(_, c)| matches!(c, '+' | '-'));
    let (milliseconds, offset) = match split {
        Some((at, _)) => (&inner[..at], Some(&inner[at + 1..])),
        None => (inner, None),
    };
    if offset.is_some_and(|minutes| !minutes.parse::<u32>().is_ok_and(|m| m <= 14 * 60)) {
        return None;
    }
    let at = Timestamp::from_millisecond(milliseconds.parse().ok()?).ok()?;
    (at.to_zoned(jiff::tz::TimeZone::UTC).year() <= 9999).then_some(at)
}

/// `08H30M00S`, each part optional.
fn v2_time(duration: &str) -> Option<Time> {
    let (mut hour, mut minute, mut second) = (0, 0, 0);
    let mut number = String::new();
    for c in duration.chars() {
        let place = match c {
            'H' => &mut hour,
            'M' => &mut minute,
            'S' => &mut second,
            digit => {
                number.push(digit);
                continue;
            }
        };
        *place = number.split('.').next()?.parse().ok()?;
        number.clear();
    }
    Time::new(hour, minute, second, 0).ok().filter(|_| number.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn row(value: Value) -> Entity {
        let Value::Object(fields) = json!({ "Key": "K1", "P": value }) else { unreachable!() };
        Entity::new("A_Set", fields)
    }

    #[test]
    fn decimals_keep_every_digit_in_both_versions() {
        assert_eq!(row(json!("10.000")).decimal("P").unwrap().to_string(), "10.000");
        assert_eq!(row(json!(10.5)).decimal("P").unwrap().to_string(), "10.5");
    }

    #[test]
    fn a_comma_an_exponent_and_nan_are_no_decimals() {
        for text in ["1.234,50", "1e400", "NaN", ""] {
            let error = row(json!(text)).decimal("P").unwrap_err().to_string();
            assert!(error.starts_with("VAL-DECIMAL: A_Set K1"), "{error}");
        }
    }

    #[test]
    fn a_date_is_a_calendar_day_and_not_an_instant() {
        let day = Date::constant(2026, 11, 22);

        assert_eq!(row(json!("/Date(1795305600000)/")).date("P").unwrap(), Some(day));
        assert_eq!(row(json!("2026-11-22")).date("P").unwrap(), Some(day));
        assert_eq!(row(json!(null)).date("P").unwrap(), None);
        assert!(row(json!("2023-02-29")).date("P").is_err());
        assert!(row(json!("/Date(1700000000000+9999)/")).date("P").is_err());
    }

    #[test]
    fn times_of_day_come_in_two_forms() {
        let half_past_eight = Time::constant(8, 30, 0, 0);

        assert_eq!(row(json!("PT08H30M00S")).time("P").unwrap(), half_past_eight);
        assert_eq!(row(json!("08:30:00")).time("P").unwrap(), half_past_eight);
        assert!(row(json!("PT8X")).time("P").is_err());
    }
}
