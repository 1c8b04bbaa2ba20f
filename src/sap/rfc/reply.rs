//! What a function module answered, and how its messages are judged.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::super::error::{SapError, SapMessage};
use super::value::Value;

/// What a function module answered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reply {
    parameters: BTreeMap<String, Value>,
}

impl Reply {
    /// An answer with these parameters.
    pub fn of(parameters: impl IntoIterator<Item = (String, Value)>) -> Self {
        Self { parameters: parameters.into_iter().collect() }
    }

    /// A parameter of any depth.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.parameters.get(name)
    }

    /// A single value; missing is empty.
    pub fn value(&self, name: &str) -> &str {
        self.get(name).map_or("", Value::text)
    }

    /// A field of a structure; missing is empty.
    pub fn field(&self, structure: &str, field: &str) -> &str {
        self.get(structure).and_then(|value| value.field(field)).map_or("", Value::text)
    }

    /// A packed number; `None` if it is none.
    pub fn decimal(&self, name: &str) -> Option<Decimal> {
        packed_number(self.value(name))
    }

    /// The rows of a table, as elementary fields by name.
    pub fn table(&self, name: &str) -> Vec<BTreeMap<String, String>> {
        self.get(name).map(|table| table.rows().iter().map(flat).collect()).unwrap_or_default()
    }

    /// Whether the answer has a parameter of that name.
    pub fn has(&self, name: &str) -> bool {
        self.parameters.contains_key(name)
    }

    /// RETURN as a list, whether it is a table, a structure BAPIRET2 or BAPIRETURN1, or empty.
    pub fn messages(&self) -> Vec<SapMessage> {
        self.messages_of("RETURN")
    }

    /// Another parameter that holds messages, such as DETAIL_RETURN, as the same list.
    pub fn messages_of(&self, parameter: &str) -> Vec<SapMessage> {
        let mut rows = self.table(parameter);
        if rows.is_empty()
            && let Some(single) = self.get(parameter)
        {
            rows.push(flat(single));
        }
        rows.iter()
            .map(|row| {
                let field = |name: &str| row.get(name).map_or("", String::as_str).trim();
                SapMessage {
                    kind: field("TYPE").to_owned(),
                    code: format!("{} {}", field("ID"), field("NUMBER")).trim().to_owned(),
                    text: field("MESSAGE").to_owned(),
                }
            })
            .filter(|message| !message.kind.is_empty())
            .collect()
    }

    /// The messages that mean failure: every type but S, I and W.
    pub fn errors(&self) -> Vec<SapMessage> {
        failures(self.messages())
    }
}

fn flat(structure: &Value) -> BTreeMap<String, String> {
    let fields = structure.fields().iter();
    fields.map(|(name, value)| (name.clone(), value.text().to_owned())).collect()
}

fn failures(messages: Vec<SapMessage>) -> Vec<SapMessage> {
    let fine = |message: &SapMessage| matches!(message.kind.as_str(), "S" | "I" | "W");
    messages.into_iter().filter(|message| !fine(message)).collect()
}

/// A packed number; `None` if it is none. SAP may write the sign behind: `123.45-`.
pub(in crate::sap) fn packed_number(text: &str) -> Option<Decimal> {
    let text = text.trim();
    match text.strip_suffix('-') {
        Some(amount) if !amount.starts_with(['-', '+']) => {
            Decimal::from_str_exact(amount).ok().map(|amount| -amount)
        }
        Some(_) => None,
        None => Decimal::from_str_exact(text).ok(),
    }
}

/// An error if a reply holds messages of type E, A or an unknown type, or no RETURN at all.
///
/// # Errors
///
/// [`SapError::Bapi`] or [`SapError::MessageType`], a refusal; [`SapError::NoReturn`], which leaves
/// the outcome unknown.
pub fn refuse_errors(system: &str, function: &'static str, reply: &Reply) -> Result<(), SapError> {
    if !reply.has("RETURN") {
        let (system, function) = (system.to_owned(), function.to_owned());
        return Err(SapError::NoReturn { system, function });
    }
    refuse_messages(system, function, reply.messages())
}

/// An error if there are messages of type E, A or an unknown type among these.
pub(in crate::sap) fn refuse_messages(
    system: &str,
    function: &'static str,
    messages: Vec<SapMessage>,
) -> Result<(), SapError> {
    let messages = failures(messages);
    if messages.is_empty() {
        return Ok(());
    }
    let (system, function) = (system.to_owned(), function.to_owned());
    let unknown = messages.iter().find(|message| !matches!(message.kind.as_str(), "E" | "A"));
    if let Some(kind) = unknown.map(|message| message.kind.clone()) {
        return Err(SapError::MessageType { system, function, kind, messages });
    }
    Err(SapError::Bapi { system, function, messages })
}

#[cfg(test)]
mod tests {
    use super::super::super::error::Outcome;
    use super::*;

    fn reply(name: &str, value: Value) -> Reply {
        Reply::of([(name.to_owned(), value)])
    }

    fn message(kind: &str) -> Value {
        let fields = [("TYPE", kind), ("ID", "F5"), ("NUMBER", "201"), ("MESSAGE", "closed")];
        Value::of_row(fields.map(|(name, text)| (name, text.to_owned())).to_vec())
    }

    #[test]
    fn return_is_one_list_whether_it_is_a_table_a_structure_or_empty() {
        let table = reply("RETURN", Value::Table(vec![message("E")]));
        let structure = reply("RETURN", message("E"));
        let empty = reply("RETURN", "".into());
        let initial = reply("RETURN", message(""));

        assert_eq!(table.messages(), structure.messages());
        assert_eq!(table.messages()[0].to_string(), "E F5 201: closed");
        assert!(empty.messages().is_empty() && initial.messages().is_empty());
        assert!(refuse_errors("T01", "F", &empty).is_ok());
    }

    #[test]
    fn xml_15_a_message_of_an_unknown_type_is_an_error() {
        for kind in ["E", "A", "X", "?"] {
            let refused = reply("RETURN", Value::Table(vec![message(kind)]));

            let error = refuse_errors("T01", "F", &refused).unwrap_err();

            assert_eq!(error.outcome(), Outcome::Refused);
            assert_eq!(error.to_string().contains("BAPI-TYPE"), !matches!(kind, "E" | "A"));
        }
    }

    #[test]
    fn xml_16_a_sign_may_stand_behind_a_number() {
        let number = |text: &str| reply("A", text.into()).decimal("A");

        assert_eq!(number("123.45-"), Some(Decimal::new(-12_345, 2)));
        assert_eq!(number("-123.45"), Some(Decimal::new(-12_345, 2)));
        assert_eq!(number(" 7.000"), Some(Decimal::new(7_000, 3)));
        for wrong in ["", "-", "-1-", "1,5", "1e3", "NaN"] {
            assert_eq!(number(wrong), None, "{wrong}");
        }
    }
}
