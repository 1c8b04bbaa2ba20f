//! JSON, read more strictly than it has to be: a member that stands twice, a value without end or
//! a nesting without bottom is no data of SAP.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use serde_json::{Map, Value};

const DEPTH_MAX: usize = 64;
const TEXT_BYTES_MAX: usize = 16 << 20;

/// The value of a whole document, or what is wrong with it.
pub(super) fn parse(body: &[u8]) -> Result<Value, String> {
    let wrong = |error: serde_json::Error| match error.classify() {
        Category::Eof => format!("ODATA-TRUNC: {error}"),
        Category::Syntax => format!("JSON-SYNTAX: {error}"),
        // Our own, with a code.
        Category::Data | Category::Io => error.to_string(),
    };
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = Nested { depth: 0 }.deserialize(&mut reader).map_err(wrong)?;
    reader.end().map_err(wrong)?;
    Ok(value)
}

/// A value at a depth.
#[derive(Clone, Copy)]
struct Nested {
    depth: usize,
}

impl Nested {
    fn inner<E: Error>(self) -> Result<Self, E> {
        if self.depth == DEPTH_MAX {
            return Err(E::custom(format!("JSON-DEPTH: nesting deeper than {DEPTH_MAX}")));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Nested {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Nested {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_bool<E: Error>(self, flag: bool) -> Result<Value, E> {
        Ok(flag.into())
    }
    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }
    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }
    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        Ok(number.into())
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        if text.len() > TEXT_BYTES_MAX {
            let limit = TEXT_BYTES_MAX >> 20;
            return Err(E::custom(format!("JSON-SIZE: a value is longer than {limit} MiB")));
        }
        Ok(text.into())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(inner)?;
            if object.contains_key(&name) {
                let problem = format!("JSON-DUPMEMBER: member {name} stands twice in an object");
                return Err(A::Error::custom(problem));
            }
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn odata_json_21_23_depth_and_doubled_members_are_refused_where_they_stand() {
        let deep = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);

        assert!(parse(deep(64).as_bytes()).is_ok());
        assert!(parse(deep(65).as_bytes()).unwrap_err().contains("JSON-DEPTH"));
        let twice = parse(br#"{"Plant":"1010","Plant":"2020"}"#).unwrap_err();
        assert!(twice.contains("JSON-DUPMEMBER: member Plant"), "{twice}");
    }

    #[test]
    fn odata_json_24_text_that_is_no_unicode_and_what_follows_the_end_are_refused() {
        assert!(parse(br#"{"P":"\uD800"}"#).is_err());
        assert!(parse(b"{\"P\":\"\xff\"}").is_err());
        assert!(parse(b"{} {}").is_err());
    }

    proptest! {
        #[test]
        fn what_serde_reads_of_plain_values_is_read_the_same(
            text in "\\PC{0,20}", whole in any::<i64>(), flag in any::<bool>(),
        ) {
            let value = serde_json::json!({ "t": text, "n": [whole, null], "o": { "f": flag } });
            let body = serde_json::to_vec(&value).unwrap();

            prop_assert_eq!(parse(&body).unwrap(), value);
        }
    }
}
