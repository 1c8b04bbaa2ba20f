//! The text of a record in its row: `{"type":"ITEM_INTENT","item":0,…}`.
//!
//! A million rows are read at a start. The row names the kind beside the text, so that the fields can be
//! read straight into their record: a reader that has to find the kind within the text holds every field
//! twice.

use serde::Deserialize;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error as _, IgnoredAny, IntoDeserializer,
    VariantAccess, Visitor, value::StrDeserializer,
};
use serde_json::Error;
use serde_json::de::StrRead;

use super::record::Record;

impl Record {
    /// The record as the payload of a row of its kind.
    ///
    /// # Errors
    ///
    /// None is known: every field has a form in JSON.
    pub fn payload(&self) -> Result<String, Error> {
        let name = self.name();
        // `{"NAME":{fields}}`, or `"NAME"` where there are none.
        let text = serde_json::to_string(self)?;
        let fields = text
            .get(name.len() + 5..)
            .and_then(|rest| rest.strip_suffix("}}"))
            .filter(|fields| !fields.is_empty());
        Ok(match fields {
            Some(fields) => format!(r#"{{"type":"{name}",{fields}}}"#),
            None => format!(r#"{{"type":"{name}"}}"#),
        })
    }

    /// The record in the payload of a row of `kind`.
    ///
    /// # Errors
    ///
    /// If there is no such kind, if the payload names another one, or if its fields are not those of it.
    pub fn read(kind: &str, payload: &str) -> Result<Self, Error> {
        let named = payload
            .strip_prefix(r#"{"type":""#)
            .and_then(|rest| rest.strip_prefix(kind))
            .is_some_and(|rest| rest.starts_with('"'));
        if !named {
            return Err(Error::custom(format!("it does not say that it is {kind}")));
        }
        Self::deserialize(Tagged { kind, payload })
    }
}

/// A payload whose kind is known.
struct Tagged<'de> {
    kind: &'de str,
    payload: &'de str,
}

impl<'de> Tagged<'de> {
    fn whole<T>(
        &self,
        read: impl FnOnce(&mut serde_json::Deserializer<StrRead<'de>>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut reader = serde_json::Deserializer::from_str(self.payload);
        let value = read(&mut reader)?;
        reader.end()?;
        Ok(value)
    }
}

impl<'de> Deserializer<'de> for Tagged<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_enum(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_enum(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

impl<'de> EnumAccess<'de> for Tagged<'de> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Error> {
        let kind: StrDeserializer<'_, Error> = self.kind.into_deserializer();
        Ok((seed.deserialize(kind)?, self))
    }
}

/// The member `type` is unknown to every record and passed over, as members of later versions are.
impl<'de> VariantAccess<'de> for Tagged<'de> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        self.whole(|reader| IgnoredAny::deserialize(reader)).map(|_| ())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        self.whole(|reader| seed.deserialize(reader))
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Error> {
        self.whole(|reader| reader.deserialize_tuple(len, visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.whole(|reader| reader.deserialize_struct("", fields, visitor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::post::state::Outcome;

    fn absent() -> Record {
        Record::ItemOutcome {
            item: 3,
            outcome: Outcome::Absent,
            number: None,
            after: None,
            adopted: false,
            message: Some("no answer \"came\"".to_owned()),
        }
    }

    #[test]
    fn the_form_in_the_row_is_fixed() {
        let intent = Record::ItemIntent { item: 0, attempt: 1, request_id: "6F1E".to_owned() };

        assert_eq!(
            intent.payload().unwrap(),
            r#"{"type":"ITEM_INTENT","item":0,"attempt":1,"request_id":"6F1E"}"#
        );
        assert_eq!(Record::RolledBack.payload().unwrap(), r#"{"type":"ROLLED_BACK"}"#);
        assert_eq!(
            absent().payload().unwrap(),
            r#"{"type":"ITEM_OUTCOME","item":3,"outcome":"ABSENT","number":null,"after":null,"adopted":false,"message":"no answer \"came\""}"#
        );
    }

    #[test]
    fn what_was_written_is_read() {
        for record in [
            absent(),
            Record::RolledBackConflicts,
            Record::Refused { reason: String::new() },
            Record::CompIntent { item: 7, attempt: 2 },
        ] {
            assert_eq!(Record::read(record.name(), &record.payload().unwrap()).unwrap(), record);
        }
    }

    #[test]
    fn members_of_a_later_version_are_passed_over() {
        let later = r#"{"type":"COMP_INTENT","item":7,"attempt":2,"colour":{"red":[1]}}"#;

        let read = Record::read("COMP_INTENT", later).unwrap();

        assert_eq!(read, Record::CompIntent { item: 7, attempt: 2 });
    }

    #[test]
    fn a_text_of_another_kind_or_with_something_behind_it_is_no_record() {
        let intent = r#"{"type":"COMP_INTENT","item":7,"attempt":2}"#;

        for (kind, payload) in [
            ("ITEM_INTENT", intent.to_owned()),
            ("COMP_INTEN", intent.to_owned()),
            ("COMP_INTENT", format!("{intent} x")),
            ("COMP_INTENT", intent.replace("7", "\"7\"")),
            ("COMP_INTENT", intent.replace(",\"attempt\":2", "")),
            ("ROLLED_BACK", r#"{"type":"ROLLED_BACK"}}"#.to_owned()),
            ("UNHEARD_OF", r#"{"type":"UNHEARD_OF"}"#.to_owned()),
        ] {
            assert!(Record::read(kind, &payload).is_err(), "{kind} {payload}");
        }
    }
}
