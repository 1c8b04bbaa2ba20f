//! An instance from text: what the form refuses is said with the object and the field.

use serde_json::Value;

use super::check::InstanceError;
use super::{FORMAT, Instance};

/// Longest text that is looked at: 10,000 orders take about 6 MB.
pub const TEXT_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Stands in for a number that JSON has not; no writer produces it.
const NO_NUMBER: &str = "\u{1}no number: ";

impl Instance {
    /// Reads and checks an instance.
    ///
    /// # Errors
    ///
    /// [`InstanceError`] that names the object and the field, or the line if the text is no JSON.
    pub fn from_json(text: &str) -> Result<Self, InstanceError> {
        if text.len() as u64 > TEXT_BYTES_MAX {
            return Err(InstanceError::too_large(text.len() as u64));
        }
        let mut reader = serde_json::Deserializer::from_str(text);
        let parsed: Result<Self, _> = serde_path_to_error::deserialize(&mut reader);
        let instance = match parsed {
            Ok(instance) => instance,
            Err(error) => return Err(refused(text, &error)),
        };
        reader.end().map_err(|error| InstanceError::Form(error.to_string()))?;
        instance.check()?;
        Ok(instance)
    }

    /// The instance as text in the form `carbide-plan/1`; [`Instance::from_json`] gives it back to the
    /// last bit, so that it has the same hash.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// What to say of a text that is no instance. Slow, since it happens once.
fn refused(text: &str, error: &serde_path_to_error::Error<serde_json::Error>) -> InstanceError {
    let cause = error.inner();
    let marked = mark_what_is_no_number(text);
    let Ok(document) = serde_json::from_str::<Value>(marked.as_deref().unwrap_or(text)) else {
        return InstanceError::Form(cause.to_string());
    };
    if let Some(format) = document["format"].as_str().filter(|format| *format != FORMAT) {
        return InstanceError::format(format);
    }
    if let Some((place, field, found)) = no_number(&document, "the instance", "") {
        let reason = format!("{field} is {found}, which is no number");
        return InstanceError::content("PLAN-NAN", place, reason);
    }
    let path = error.path().to_string();
    if path == "." {
        return InstanceError::Form(cause.to_string());
    }
    let place = object_at(&document, &path);
    InstanceError::content("PLAN-FORM", place, format!("{path}: {cause}"))
}

/// The text with every `NaN`, `Infinity` and number beyond the range made a string; `None` if there
/// is none.
fn mark_what_is_no_number(text: &str) -> Option<String> {
    let mut marked = String::with_capacity(text.len());
    let (mut rest, mut found) = (text, false);
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => string_length(rest),
            'N' | 'I' | '-' | '+' | '0'..='9' => token_length(rest),
            other => other.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        let is_word = !matches!(first, '"') && (length > 1 || first.is_ascii_digit());
        if is_word && !token.parse::<f64>().is_ok_and(f64::is_finite) {
            found = true;
            marked.push_str(&Value::from(format!("{NO_NUMBER}{token}")).to_string());
        } else {
            marked.push_str(token);
        }
        rest = after;
    }
    found.then_some(marked)
}

fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn token_length(text: &str) -> usize {
    let ends = |byte: u8| !(byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    text.bytes().position(ends).unwrap_or(text.len()).max(1)
}

/// The object, the field and the token of the first value that is no number.
fn no_number(value: &Value, place: &str, field: &str) -> Option<(String, String, String)> {
    match value {
        Value::String(text) => text
            .strip_prefix(NO_NUMBER)
            .map(|token| (place.to_owned(), field.to_owned(), token.to_owned())),
        Value::Array(list) => list.iter().enumerate().find_map(|(at, one)| match one {
            Value::Object(_) => no_number(one, &name_of(one, field, at, place), ""),
            _ => no_number(one, place, &format!("{field}[{at}]")),
        }),
        Value::Object(fields) => fields.iter().find_map(|(key, one)| no_number(one, place, key)),
        _ => None,
    }
}

/// What people call an object of a list: its key, below that of the object around it.
fn name_of(object: &Value, list: &str, at: usize, around: &str) -> String {
    let (what, key) = match list {
        "planned_orders" => ("planned order", "planned_order"),
        "work_centers" => ("work center", "work_center"),
        "components" => ("component", "component"),
        "materials" => ("material", "material"),
        "transport_lanes" => ("lane", "lane"),
        "plants" => ("plant", "plant"),
        "production_versions" => ("production version", "production_version"),
        "sources" => ("source", "source"),
        "modes" => ("mode", "mode"),
        "setups" => ("set-up", "setup_group"),
        "operations" => ("operation at", "work_center"),
        "bom" => ("BOM item", "component"),
        "buckets" => ("bucket", "index"),
        _ => (list, ""),
    };
    let named = match object.get(key) {
        Some(Value::String(name)) => format!("{what} {name}"),
        Some(Value::Number(number)) => format!("{what} {number}"),
        _ => format!("{what} number {}", at + 1),
    };
    if around == "the instance" { named } else { format!("{around}, {named}") }
}

/// The innermost object of a list that a path as `planned_orders[3].quantity` goes through.
fn object_at(document: &Value, path: &str) -> String {
    let (mut value, mut place) = (document, "the instance".to_owned());
    for step in path.split('.') {
        let (field, index) = match step.split_once('[') {
            Some((field, index)) => (field, index.trim_end_matches(']').parse::<usize>().ok()),
            None => (step, None),
        };
        let Some(next) = value.get(field) else { break };
        value = next;
        if let Some((at, one)) = index.and_then(|at| Some((at, next.get(at)?))) {
            value = one;
            if one.is_object() {
                place = name_of(one, field, at, &place);
            }
        }
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_no_number_is_marked() {
        let marked = |text: &str| mark_what_is_no_number(text);
        assert_eq!(marked(r#"{"a":[1,-2.5e3,0],"NaN":"NaN Infinity 1e999","b":null}"#), None);
        assert_eq!(marked(r#"{"a":-Infinity}"#).unwrap(), r#"{"a":"\u0001no number: -Infinity"}"#);
        assert!(marked(r#"[NaN]"#).is_some() && marked("[1e999]").is_some());
    }
}
