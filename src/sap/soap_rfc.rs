//! SOAP-RFC: function modules over HTTP, without SAP's library.
//!
//! By default every request is an ABAP session of its own, and what a BAPI registers for the commit
//! is gone at its end. A BAPI and its commit therefore run in one stateful session, kept by the
//! cookie `sap-contextid`.

mod envelope;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, SET_COOKIE};

pub use super::rfc::{Call, Reply, RfcClient, RfcSession, Row, refuse_errors};

use super::auth::Access;
use super::error::SapError;
use super::http::Session;
use super::rfc::{Conversation, Promise, RfcTransport, Value};
use super::system::SapSystem;
use super::xml::Element;
use envelope::Parsed;

const PATH: &str = "/sap/bc/soap/rfc";

/// Ends the session that the cookies name.
const LOGOFF: &str = "/sap/public/bc/icf/logoff";

/// The transport.
pub struct SoapRfc {
    session: Session,
}

impl SoapRfc {
    /// The transport to one system as one user.
    ///
    /// # Errors
    ///
    /// [`SapError::Setup`].
    pub fn new(system: &SapSystem, access: impl Into<Access>) -> Result<Self, SapError> {
        Ok(Self { session: Session::new(system, access.into())? })
    }
}

impl RfcTransport for SoapRfc {
    fn system(&self) -> &str {
        &self.session.system.id
    }

    fn name(&self) -> &'static str {
        "soap"
    }

    fn call<'a>(&'a self, call: &'a Call) -> Promise<'a, Reply> {
        Box::pin(async { send(&self.session, call, false).await.map(|(reply, _)| reply) })
    }

    fn converse(&self) -> Result<Box<dyn Conversation>, SapError> {
        Ok(Box::new(SoapConversation { session: self.session.fresh()?, held: false }))
    }
}

/// A stateful HTTP session.
struct SoapConversation {
    session: Session,
    /// Whether SAP said that it keeps the session.
    held: bool,
}

impl Conversation for SoapConversation {
    fn call<'a>(&'a mut self, call: &'a Call) -> Promise<'a, Reply> {
        Box::pin(async {
            let (reply, context) = send(&self.session, call, true).await?;
            self.held |= context;
            if !self.held {
                return Err(SapError::NoSession {
                    system: self.session.system.id.clone(),
                    function: call.function().to_owned(),
                });
            }
            Ok(reply)
        })
    }

    fn end(self: Box<Self>) -> Promise<'static, ()> {
        Box::pin(async move {
            let request = self.session.request(Method::GET, self.session.url(LOGOFF)?);
            self.session.send(request).await.map(drop)
        })
    }
}

/// Sends a call once. The answer comes with whether SAP opened a session that lives on.
async fn send(session: &Session, call: &Call, stateful: bool) -> Result<(Reply, bool), SapError> {
    let url = session.url(PATH)?;
    let body = envelope::request(call.function(), &elements(call), stateful);
    let request = session
        .request(Method::POST, url)
        .header(CONTENT_TYPE, "text/xml; charset=utf-8")
        .header("SOAPAction", "\"urn:sap-com:document:sap:rfc:functions\"")
        .header("X-Requested-With", "XMLHttpRequest")
        .body(body);
    let name = format!("POST {PATH} {}", call.function());
    let answer = session.send_call(request, Some(call.function())).await?;
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
                wanted: "XML",
                status: answer.status.as_u16(),
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
    match envelope::parse(&answer.body, call.function()).map_err(damaged)? {
        Parsed::Response(parameters) if answer.status.is_success() => {
            let cookies = answer.headers.get_all(SET_COOKIE).iter();
            let context = cookies
                .filter_map(|cookie| cookie.to_str().ok())
                .any(|cookie| cookie.starts_with("sap-contextid="));
            let parameters =
                parameters.into_iter().map(|(name, element)| (name, value_of(&element)));
            Ok((Reply::of(parameters), context))
        }
        Parsed::Response(_) => Err(damaged(format!("it came with status {}", answer.status))),
        Parsed::Fault { name: fault, text, code } => Err(SapError::Fault {
            system,
            function: call.function().to_owned(),
            text: [fault, code, text]
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join(" "),
        }),
    }
}

/// The parameters of a call as elements.
fn elements(call: &Call) -> Vec<Element> {
    call.parameters().iter().map(|(name, value)| element_of(name, value)).collect()
}

fn element_of(name: &str, value: &Value) -> Element {
    match value {
        Value::Text(text) => Element::leaf(name, text),
        Value::Bytes(bytes) => Element::leaf(name, &STANDARD.encode(bytes)),
        Value::Structure(fields) => {
            Element::of(name, fields.iter().map(|(name, value)| element_of(name, value)).collect())
        }
        Value::Table(rows) => {
            Element::of(name, rows.iter().map(|row| element_of("item", row)).collect())
        }
    }
}

/// SOAP names no types: what has items is a table, what has other children is a structure. Fields of
/// SAP are upper case, so none of them is an `item`.
fn value_of(element: &Element) -> Value {
    let children = &element.children;
    if children.is_empty() {
        Value::Text(element.text.clone())
    } else if children.iter().all(|child| child.name == "item") {
        Value::Table(children.iter().map(value_of).collect())
    } else {
        let field = |child: &Element| (child.name.clone(), value_of(child));
        Value::Structure(children.iter().map(field).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_values_come_back_as_they_were_sent() {
        let inner = Value::Table(vec!["a".into(), "b".into()]);
        let line = Value::Structure(vec![("F".to_owned(), "1".into()), ("T".to_owned(), inner)]);
        let structure = Value::Structure(vec![("S".to_owned(), line.clone())]);
        let table = Value::Table(vec![line.clone(), line]);

        for value in [structure, table] {
            assert_eq!(value_of(&element_of("P", &value)), value);
        }
    }

    #[test]
    fn bytes_are_sent_as_base64_and_can_be_read_from_it() {
        let bytes = Value::Bytes(vec![0, 255, 16]);

        let read = value_of(&element_of("P", &bytes));

        assert_eq!(read.text(), "AP8Q");
        assert_eq!(read.bytes(), Some(vec![0, 255, 16]));
    }
}

#[doc(hidden)]
pub mod parse {
    //! The reader of envelopes, for tests and benches that feed it by hand.

    use super::envelope::{self, Parsed};
    use super::{Reply, value_of};

    /// How many rows a table has in the answer of a function module.
    ///
    /// # Errors
    ///
    /// What is wrong with it, with a code; a fault is wrong too.
    pub fn rows(body: &[u8], function: &str, table: &str) -> Result<usize, String> {
        match envelope::parse(body, function)? {
            Parsed::Response(parameters) => {
                let values = parameters.iter().map(|(name, one)| (name.clone(), value_of(one)));
                Ok(Reply::of(values).table(table).len())
            }
            Parsed::Fault { name, .. } => Err(name),
        }
    }

    /// What an envelope answers to a function module, in words.
    ///
    /// # Errors
    ///
    /// What is wrong with it, with a code.
    pub fn envelope(body: &[u8], function: &str) -> Result<String, String> {
        envelope::parse(body, function).map(|parsed| match parsed {
            Parsed::Response(parameters) => format!("{} parameters", parameters.len()),
            Parsed::Fault { name, text, code } => {
                format!("fault of {} characters", name.len() + text.len() + code.len())
            }
        })
    }
}
