//! A record as it stands in its row: `{"type":"KIND","field":…}`, with the type first.
//!
//! This is serde's internally tagged form. To read it, serde first makes a tree of the whole object,
//! for it takes the tag at any place. A journal is read from its start after each crash: here the tag
//! stands first, and what follows goes straight into the record.

use serde::de::{DeserializeSeed, Visitor};
use serde::de::{Deserializer, EnumAccess, Error, IgnoredAny, IntoDeserializer, VariantAccess};
use serde::{Deserialize, forward_to_deserialize_any};
use serde_json::de::StrRead;

use super::record::Record;

/// Before the type.
const TAG: &str = r#"{"type":""#;

impl Record {
    /// The text for its row.
    ///
    /// # Errors
    ///
    /// What serde says of a value that is no JSON.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        // serde names an enum outside: `{"KIND":{…}}`, or `"KIND"` where it has no fields.
        let mut named = Vec::new();
        Self::serialize(self, &mut serde_json::Serializer::new(&mut named))?;
        let named = String::from_utf8(named).map_err(Error::custom)?;
        let kind = self.name();
        let fields = named.get(r#"{"":{"#.len() + kind.len()..named.len() - "}}".len());
        let fields = fields.unwrap_or_default();
        let comma = if fields.is_empty() { "" } else { "," };
        Ok([TAG, kind, "\"", comma, fields, "}"].concat())
    }

    /// The record whose text this is. Fields that are not known are passed over.
    ///
    /// # Errors
    ///
    /// If it does not begin with its type, the type is not known, or a field is missing or has no such
    /// value.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        let kind = text.strip_prefix(TAG).and_then(|rest| rest.split_once('"'));
        let (kind, _) = kind.ok_or_else(|| Error::custom("it does not begin with its type"))?;
        let mut json = serde_json::Deserializer::from_str(text);
        let record = Self::deserialize(Tagged { kind, object: &mut json })?;
        json.end()?;
        Ok(record)
    }
}

/// An object whose type is known before it is read.
struct Tagged<'a, 'de> {
    kind: &'de str,
    object: &'a mut serde_json::Deserializer<StrRead<'de>>,
}

impl<'de> Deserializer<'de> for Tagged<'_, 'de> {
    type Error = serde_json::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_enum(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de> EnumAccess<'de> for Tagged<'_, 'de> {
    type Error = serde_json::Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Self), Self::Error> {
        Ok((seed.deserialize(IntoDeserializer::<Self::Error>::into_deserializer(self.kind))?, self))
    }
}

impl<'de> VariantAccess<'de> for Tagged<'_, 'de> {
    type Error = serde_json::Error;

    fn unit_variant(self) -> Result<(), Self::Error> {
        IgnoredAny::deserialize(self.object).map(drop)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(
        self,
        seed: T,
    ) -> Result<T::Value, Self::Error> {
        seed.deserialize(self.object)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Self::Error> {
        self.object.deserialize_any(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.object.deserialize_map(visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::PlannedOrderNumber;
    use crate::post::backup::Sealed;
    use crate::post::change_set::ChangeSetId;
    use crate::post::journal::SapNumber;
    use crate::post::state::{Decision, Outcome, Undoing};

    /// Records and how they have stood on the disk since the first version.
    fn on_disk() -> Vec<(Record, &'static str)> {
        let number = SapNumber::PlannedOrder(PlannedOrderNumber::new("4711").unwrap());
        vec![
            (
                Record::SpaceReserved { bytes: 65_536, items: 2 },
                r#"{"type":"SPACE_RESERVED","bytes":65536,"items":2}"#,
            ),
            (
                Record::BackupSealed(Sealed {
                    file: "CS-1.age".to_owned(),
                    bytes: 9,
                    sha256: "ab".to_owned(),
                    recipients: vec!["age1".to_owned()],
                    items: 0,
                }),
                r#"{"type":"BACKUP_SEALED","file":"CS-1.age","bytes":9,"sha256":"ab","recipients":["age1"],"items":0}"#,
            ),
            (
                Record::RestoreDrill {
                    change_set: ChangeSetId::numbered(1),
                    opened_with: Vec::new(),
                    problem: None,
                },
                r#"{"type":"RESTORE_DRILL","change_set":"CS-1","opened_with":[],"problem":null}"#,
            ),
            (
                Record::ItemIntent { item: 0, attempt: 1, request_id: "r\"1}}".to_owned() },
                r#"{"type":"ITEM_INTENT","item":0,"attempt":1,"request_id":"r\"1}}"}"#,
            ),
            (
                Record::ItemOutcome {
                    item: 0,
                    outcome: Outcome::Done,
                    number: Some(number),
                    after: None,
                    adopted: true,
                    message: Some("größer".to_owned()),
                },
                r#"{"type":"ITEM_OUTCOME","item":0,"outcome":"DONE","number":{"planned_order":"4711"},"after":null,"adopted":true,"message":"größer"}"#,
            ),
            (
                Record::CompOutcome {
                    item: 1,
                    undoing: Undoing::Undone,
                    reversal: None,
                    recreated: None,
                    conflict: None,
                    message: None,
                },
                r#"{"type":"COMP_OUTCOME","item":1,"undoing":"UNDONE","reversal":null,"conflict":null,"message":null}"#,
            ),
            (
                Record::PositionAccepted {
                    number: 6,
                    change_set: "CS-7".to_owned(),
                    who: "MEIER".to_owned(),
                    why: "disk lost".to_owned(),
                },
                r#"{"type":"POSITION_ACCEPTED","number":6,"change_set":"CS-7","who":"MEIER","why":"disk lost"}"#,
            ),
            (Record::RolledBack, r#"{"type":"ROLLED_BACK"}"#),
            (Record::RolledBackConflicts, r#"{"type":"ROLLED_BACK_CONFLICTS"}"#),
            (
                Record::OperatorDecision {
                    who: "MEIER".to_owned(),
                    why: String::new(),
                    decision: Decision::RollBack,
                },
                r#"{"type":"OPERATOR_DECISION","who":"MEIER","why":"","decision":"roll_back"}"#,
            ),
        ]
    }

    #[test]
    fn a_record_is_written_as_it_always_was_and_read_back() {
        for (record, text) in on_disk() {
            assert_eq!(record.to_json().unwrap(), text);
            assert_eq!(Record::from_json(text).unwrap(), record);
        }
    }

    #[test]
    fn what_is_no_record_says_why() {
        let said = |text: &str| Record::from_json(text).unwrap_err().to_string();

        assert!(said("{}").contains("does not begin with its type"));
        assert!(said(r#"{"type":"SEALED_TWICE"}"#).contains("SEALED_TWICE"));
        assert!(said(r#"{"type":"SPACE_RESERVED","bytes":1}"#).contains("items"));
        assert!(said(r#"{"type":"ROLLED_BACK"} {}"#).contains("trailing"));
        assert!(said(r#"{"type":"ROLLED_BACK""#).contains("EOF"));
    }

    #[test]
    fn a_field_of_a_later_version_is_passed_over() {
        let text = r#"{"type":"ROLLED_BACK","by":{"whom":["a"]}}"#;

        assert_eq!(Record::from_json(text).unwrap(), Record::RolledBack);
    }
}
