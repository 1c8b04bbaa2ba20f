//! SOAP-RFC: function modules over HTTP, without SAP's library.
//!
//! By default every request is an ABAP session of its own, and what a BAPI registers for the commit
//! is gone at its end. A BAPI and its commit therefore run in one stateful session, kept by the
//! cookie `sap-contextid`.

mod envelope;

use std::collections::BTreeMap;

use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, SET_COOKIE};
use rust_decimal::Decimal;

pub use envelope::Row;

use super::auth::Access;
use super::bapi::transaction;
use super::error::{SapError, SapMessage};
use super::http::Session;
use super::system::SapSystem;
use super::xml::Element;
use envelope::Parsed;

const PATH: &str = "/sap/bc/soap/rfc";

/// Ends the session that the cookies name.
const LOGOFF: &str = "/sap/public/bc/icf/logoff";

/// A call of a function module.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    function: &'static str,
    parameters: Vec<(&'static str, Parameter)>,
}

#[derive(Clone, Debug, PartialEq)]
enum Parameter {
    Value(String),
    Structure(Row),
    Table(Vec<Row>),
}

impl Call {
    /// A call without parameters.
    pub fn new(function: &'static str) -> Self {
        Self { function, parameters: Vec::new() }
    }

    /// Name of the function module.
    pub fn function(&self) -> &'static str {
        self.function
    }

    /// A single value.
    pub fn value(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.parameters.push((name, Parameter::Value(value.into())));
        self
    }

    /// A structure of field values.
    pub fn structure(mut self, name: &'static str, fields: Row) -> Self {
        self.parameters.push((name, Parameter::Structure(fields)));
        self
    }

    /// A table. SAP fills a table of the answer only if the request names it, if only empty.
    pub fn table(mut self, name: &'static str, rows: Vec<Row>) -> Self {
        self.parameters.push((name, Parameter::Table(rows)));
        self
    }
}

/// What a function module answered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reply {
    parameters: BTreeMap<String, Element>,
}

impl Reply {
    /// A single value; missing is empty.
    pub fn value(&self, name: &str) -> &str {
        self.parameters.get(name).map_or("", |element| element.text.as_str())
    }

    /// A field of a structure; missing is empty.
    pub fn field(&self, structure: &str, field: &str) -> &str {
        let element = self.parameters.get(structure);
        element.and_then(|element| element.child(field)).map_or("", |field| field.text.as_str())
    }

    /// A packed number; `None` if it is none.
    pub fn decimal(&self, name: &str) -> Option<Decimal> {
        packed_number(self.value(name))
    }

    /// The rows of a table, as fields by name.
    pub fn table(&self, name: &str) -> Vec<BTreeMap<String, String>> {
        let Some(table) = self.parameters.get(name) else { return Vec::new() };
        let items = table.children.iter().filter(|child| child.name == "item");
        items
            .map(|item| {
                let field = |f: &Element| (f.name.clone(), f.text.clone());
                item.children.iter().map(field).collect()
            })
            .collect()
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
            && let Some(single) = self.parameters.get(parameter)
        {
            rows.push(single.children.iter().map(|f| (f.name.clone(), f.text.clone())).collect());
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

fn failures(messages: Vec<SapMessage>) -> Vec<SapMessage> {
    let fine = |message: &SapMessage| matches!(message.kind.as_str(), "S" | "I" | "W");
    messages.into_iter().filter(|message| !fine(message)).collect()
}

/// A packed number; `None` if it is none. SAP may write the sign behind: `123.45-`.
pub(super) fn packed_number(text: &str) -> Option<Decimal> {
    let text = text.trim();
    match text.strip_suffix('-') {
        Some(amount) if !amount.starts_with(['-', '+']) => {
            Decimal::from_str_exact(amount).ok().map(|amount| -amount)
        }
        Some(_) => None,
        None => Decimal::from_str_exact(text).ok(),
    }
}

/// Opens sessions for RFC calls.
#[derive(Clone)]
pub struct RfcClient {
    session: Session,
}

impl RfcClient {
    /// A client for one system and user.
    ///
    /// # Errors
    ///
    /// [`SapError::Setup`].
    pub fn new(system: &SapSystem, access: impl Into<Access>) -> Result<Self, SapError> {
        Ok(Self { session: Session::new(system, access.into())? })
    }

    /// A stateful session: the calls in it share one LUW until commit or rollback.
    ///
    /// # Errors
    ///
    /// [`SapError::Setup`].
    pub fn session(&self) -> Result<RfcSession, SapError> {
        Ok(RfcSession { session: self.session.fresh()?, held: false })
    }

    /// One call without state: for function modules that only read.
    ///
    /// # Errors
    ///
    /// [`SapError`].
    pub async fn call(&self, call: &Call) -> Result<Reply, SapError> {
        send(&self.session, call, false).await.map(|(reply, _)| reply)
    }
}

/// A stateful session. Dropping it without [`RfcSession::commit`] loses what was registered, which
/// is the meaning of a rollback.
pub struct RfcSession {
    session: Session,
    /// Whether SAP said that it keeps the session.
    held: bool,
}

impl RfcSession {
    /// Calls a function module once. An answer that does not come leaves the outcome unknown only if
    /// a commit follows or was sent: until then SAP has registered and written nothing.
    ///
    /// # Errors
    ///
    /// [`SapError`]; [`SapError::NoSession`] if SAP answers and keeps no session.
    pub async fn call(&mut self, call: &Call) -> Result<Reply, SapError> {
        let (reply, context) = send(&self.session, call, true).await?;
        self.held |= context;
        if !self.held {
            return Err(SapError::NoSession {
                system: self.session.system.id.clone(),
                function: call.function.to_owned(),
            });
        }
        Ok(reply)
    }

    /// Commits with WAIT: returns after the update task has written.
    ///
    /// # Errors
    ///
    /// [`SapError::Bapi`] if the commit itself was refused, [`SapError::NoAnswer`] and the like if
    /// nobody knows whether it was done.
    pub async fn commit(&mut self) -> Result<(), SapError> {
        let commit = transaction::commit();
        let reply = self.call(&commit).await?;
        refuse_errors(&self.session.system.id, commit.function, &reply)
    }

    /// Rolls back what was registered.
    ///
    /// # Errors
    ///
    /// [`SapError`]; the session is lost then, which rolls back as well.
    pub async fn rollback(&mut self) -> Result<(), SapError> {
        self.call(&transaction::rollback()).await.map(drop)
    }

    /// Logs off, so that sessions do not pile up in SAP until they expire. What was registered and
    /// not committed is lost, as when the session is dropped.
    ///
    /// # Errors
    ///
    /// [`SapError`] if SAP was not reached; the session then expires by itself.
    pub async fn close(self) -> Result<(), SapError> {
        let request = self.session.request(Method::GET, self.session.url(LOGOFF)?);
        self.session.send(request).await.map(drop)
    }
}

/// An error if a reply holds messages of type E, A or an unknown type, or no RETURN at all.
///
/// # Errors
///
/// [`SapError::Bapi`] or [`SapError::MessageType`], a refusal; [`SapError::NoReturn`], which leaves the outcome unknown.
pub fn refuse_errors(system: &str, function: &'static str, reply: &Reply) -> Result<(), SapError> {
    if !reply.has("RETURN") {
        let (system, function) = (system.to_owned(), function.to_owned());
        return Err(SapError::NoReturn { system, function });
    }
    refuse_messages(system, function, reply.messages())
}

/// An error if there are messages of type E, A or an unknown type among these.
pub(super) fn refuse_messages(
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

/// Sends a call once. The answer comes with whether SAP opened a session that lives on.
async fn send(session: &Session, call: &Call, stateful: bool) -> Result<(Reply, bool), SapError> {
    let url = session.url(PATH)?;
    let body = envelope::request(call.function, &call.parameters_as_elements(), stateful);
    let request = session
        .request(Method::POST, url)
        .header(CONTENT_TYPE, "text/xml; charset=utf-8")
        .header("SOAPAction", "\"urn:sap-com:document:sap:rfc:functions\"")
        .header("X-Requested-With", "XMLHttpRequest")
        .body(body);
    let name = format!("POST {PATH} {}", call.function);
    let answer = session.send_call(request, Some(call.function)).await?;
    let system = session.system.id.clone();
    if !answer.content_type().contains("xml") {
        return Err(match answer.status.as_u16() {
            403 | 404 => SapError::NotAuthorized {
                system,
                user: session.user().to_owned(),
                object: format!("{PATH} (activate it in SICF)"),
                text: format!("status {}", answer.status),
            },
            _ => SapError::NotSapAnswer {
                system,
                request: name,
                content_type: format!("{} and status {}", answer.content_type(), answer.status),
                wanted: "text/xml",
                write: true,
            },
        });
    }
    let damaged = |reason: String| SapError::Damaged {
        system: system.clone(),
        request: name.clone(),
        bytes: answer.body.len(),
        reason,
        write: true,
    };
    match envelope::parse(&answer.body, call.function).map_err(damaged)? {
        Parsed::Response(parameters) if answer.status.is_success() => {
            let cookies = answer.headers.get_all(SET_COOKIE).iter();
            let context = cookies
                .filter_map(|cookie| cookie.to_str().ok())
                .any(|cookie| cookie.starts_with("sap-contextid="));
            Ok((Reply { parameters }, context))
        }
        Parsed::Response(_) => Err(damaged(format!("it came with status {}", answer.status))),
        Parsed::Fault { name: fault, text, code } => Err(SapError::Fault {
            system,
            function: call.function.to_owned(),
            text: [fault, code, text]
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join(" "),
        }),
    }
}

impl Call {
    fn parameters_as_elements(&self) -> Vec<Element> {
        let leaf = |(name, text): &(&'static str, String)| Element::leaf(name, text);
        self.parameters
            .iter()
            .map(|(name, parameter)| match parameter {
                Parameter::Value(text) => Element::leaf(name, text),
                Parameter::Structure(fields) => {
                    Element::of(name, fields.iter().map(leaf).collect())
                }
                Parameter::Table(rows) => {
                    let item = |row: &Row| Element::of("item", row.iter().map(leaf).collect());
                    Element::of(name, rows.iter().map(item).collect())
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(elements: Vec<Element>) -> Reply {
        Reply { parameters: elements.into_iter().map(|e| (e.name.clone(), e)).collect() }
    }

    fn message(kind: &str) -> Vec<Element> {
        let fields = [("TYPE", kind), ("ID", "F5"), ("NUMBER", "201"), ("MESSAGE", "closed")];
        fields.map(|(name, text)| Element::leaf(name, text)).to_vec()
    }

    #[test]
    fn return_is_one_list_whether_it_is_a_table_a_structure_or_empty() {
        let row = Element::of("item", message("E"));
        let table = reply(vec![Element::of("RETURN", vec![row])]);
        let structure = reply(vec![Element::of("RETURN", message("E"))]);
        let empty = reply(vec![Element::leaf("RETURN", "")]);
        let initial = reply(vec![Element::of("RETURN", message(""))]);

        assert_eq!(table.messages(), structure.messages());
        assert_eq!(table.messages()[0].to_string(), "E F5 201: closed");
        assert!(empty.messages().is_empty() && initial.messages().is_empty());
        assert!(refuse_errors("T01", "F", &empty).is_ok());
    }

    #[test]
    fn xml_15_a_message_of_an_unknown_type_is_an_error() {
        for kind in ["E", "A", "X", "?"] {
            let refused = reply(vec![Element::of("RETURN", message(kind))]);

            let error = refuse_errors("T01", "F", &refused).unwrap_err();

            assert_eq!(error.outcome(), super::super::error::Outcome::Refused);
            assert_eq!(error.to_string().contains("BAPI-TYPE"), !matches!(kind, "E" | "A"));
        }
    }

    #[test]
    fn xml_16_a_sign_may_stand_behind_a_number() {
        let number = |text: &str| reply(vec![Element::leaf("A", text)]).decimal("A");

        assert_eq!(number("123.45-"), Some(Decimal::new(-12_345, 2)));
        assert_eq!(number("-123.45"), Some(Decimal::new(-12_345, 2)));
        assert_eq!(number(" 7.000"), Some(Decimal::new(7_000, 3)));
        for wrong in ["", "-", "-1-", "1,5", "1e3", "NaN"] {
            assert_eq!(number(wrong), None, "{wrong}");
        }
    }
}
