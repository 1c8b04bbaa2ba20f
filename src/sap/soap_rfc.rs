//! SOAP-RFC: function modules over HTTP, without SAP's library.
//!
//! By default every request is an ABAP session of its own, and what a BAPI registers for the commit
//! is gone at its end. A BAPI and its commit therefore run in one stateful session, kept by the
//! cookie `sap-contextid`.

mod envelope;

use std::collections::BTreeMap;

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;

pub use envelope::Row;

use super::error::{SapError, SapMessage};
use super::http::Session;
use super::system::{Credentials, SapSystem};
use envelope::{Element, Parsed};

const PATH: &str = "/sap/bc/soap/rfc";

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
        let mut rows = self.table("RETURN");
        if rows.is_empty()
            && let Some(single) = self.parameters.get("RETURN")
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
        let fine = |message: &SapMessage| matches!(message.kind.as_str(), "S" | "I" | "W");
        self.messages().into_iter().filter(|message| !fine(message)).collect()
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
    pub fn new(system: &SapSystem, credentials: &Credentials) -> Result<Self, SapError> {
        Ok(Self { session: Session::new(system, credentials)? })
    }

    /// A stateful session: the calls in it share one LUW until commit or rollback.
    ///
    /// # Errors
    ///
    /// [`SapError::Setup`].
    pub fn session(&self) -> Result<RfcSession, SapError> {
        Ok(RfcSession { session: self.session.fresh()? })
    }

    /// One call without state: for function modules that only read.
    ///
    /// # Errors
    ///
    /// [`SapError`].
    pub async fn call(&self, call: &Call) -> Result<Reply, SapError> {
        send(&self.session, call, false).await
    }
}

/// A stateful session. Dropping it without [`RfcSession::commit`] loses what was registered, which
/// is the meaning of a rollback.
pub struct RfcSession {
    session: Session,
}

impl RfcSession {
    /// Calls a function module once. An answer that does not come leaves the outcome unknown only if
    /// a commit follows or was sent: until then SAP has registered and written nothing.
    ///
    /// # Errors
    ///
    /// [`SapError`].
    pub async fn call(&mut self, call: &Call) -> Result<Reply, SapError> {
        send(&self.session, call, true).await
    }

    /// Commits with WAIT: returns after the update task has written.
    ///
    /// # Errors
    ///
    /// [`SapError::Bapi`] if the commit itself was refused, [`SapError::NoAnswer`] and the like if
    /// nobody knows whether it was done.
    pub async fn commit(&mut self) -> Result<(), SapError> {
        let commit = Call::new("BAPI_TRANSACTION_COMMIT").value("WAIT", "X");
        let reply = self.call(&commit).await?;
        refuse_errors(&self.session.system.id, commit.function, &reply)
    }

    /// Rolls back what was registered.
    ///
    /// # Errors
    ///
    /// [`SapError`]; the session is lost then, which rolls back as well.
    pub async fn rollback(&mut self) -> Result<(), SapError> {
        self.call(&Call::new("BAPI_TRANSACTION_ROLLBACK")).await.map(drop)
    }
}

/// An error if a reply holds messages of type E, A or an unknown type.
pub fn refuse_errors(system: &str, function: &'static str, reply: &Reply) -> Result<(), SapError> {
    let messages = reply.errors();
    if messages.is_empty() {
        return Ok(());
    }
    Err(SapError::Bapi { system: system.to_owned(), function: function.to_owned(), messages })
}

async fn send(session: &Session, call: &Call, stateful: bool) -> Result<Reply, SapError> {
    let url = session.url(PATH)?;
    let body = envelope::request(call.function, &call.parameters_as_elements(), stateful);
    let request = session
        .request(Method::POST, url)
        .header(CONTENT_TYPE, "text/xml; charset=utf-8")
        .header("SOAPAction", "\"urn:sap-com:document:sap:rfc:functions\"")
        .header("X-Requested-With", "XMLHttpRequest")
        .body(body);
    let name = format!("POST {PATH} {}", call.function);
    let answer = session.send(request).await?;
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
                content_type: answer.content_type().to_owned(),
                wanted: "text/xml",
                write: true,
            },
        });
    }
    match envelope::parse(&answer.body, call.function) {
        Ok(Parsed::Response(parameters)) => Ok(Reply { parameters }),
        Ok(Parsed::Fault { name: fault, text, code }) => Err(SapError::Bapi {
            system,
            function: call.function.to_owned(),
            messages: vec![SapMessage {
                kind: "A".to_owned(),
                code,
                text: format!("{fault} {text}"),
            }],
        }),
        Err(reason) => Err(SapError::Damaged {
            system,
            request: name,
            bytes: answer.body.len(),
            reason,
            write: true,
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
