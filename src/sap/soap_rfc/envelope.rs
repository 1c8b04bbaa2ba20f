//! The SOAP envelope of an RFC call, written and read with limits.

use std::collections::BTreeMap;

use quick_xml::events::{BytesEnd, BytesStart, BytesText, Event};
use quick_xml::name::ResolveResult;
use quick_xml::{NsReader, Writer};

/// Fields of a structure or of one row, in order.
pub type Row = Vec<(&'static str, String)>;

const ENVELOPE: &str = "http://schemas.xmlsoap.org/soap/envelope/";
const FUNCTIONS: &str = "urn:sap-com:document:sap:rfc:functions";
const SESSION: &str = "http://www.sap.com/webas/630/soap/features/session/";
const DEPTH_MAX: usize = 64;
const ATTRIBUTES_MAX: usize = 256;

/// An element without namespace, attributes left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Element {
    pub name: String,
    pub text: String,
    pub children: Vec<Element>,
}

impl Element {
    pub fn leaf(name: &str, text: &str) -> Self {
        Self { name: name.to_owned(), text: text.to_owned(), children: Vec::new() }
    }

    pub fn of(name: &str, children: Vec<Self>) -> Self {
        Self { name: name.to_owned(), text: String::new(), children }
    }

    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }
}

/// What an envelope holds.
#[derive(Debug, PartialEq)]
pub(super) enum Parsed {
    Response(BTreeMap<String, Element>),
    Fault { name: String, text: String, code: String },
}

/// The envelope of a call; `stateful` asks for a session that lives on.
pub(super) fn request(function: &str, parameters: &[Element], stateful: bool) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new());
    let written = write_envelope(&mut writer, function, parameters, stateful);
    written.expect("a Vec takes every byte");
    writer.into_inner()
}

fn write_envelope(
    writer: &mut Writer<Vec<u8>>,
    function: &str,
    parameters: &[Element],
    stateful: bool,
) -> std::io::Result<()> {
    let mut envelope = BytesStart::new("SOAP-ENV:Envelope");
    envelope.push_attribute(("xmlns:SOAP-ENV", ENVELOPE));
    envelope.push_attribute(("xmlns:urn", FUNCTIONS));
    writer.write_event(Event::Start(envelope))?;
    if stateful {
        writer.write_event(Event::Start(BytesStart::new("SOAP-ENV:Header")))?;
        let mut session = BytesStart::new("sapsess:Session");
        session.push_attribute(("xmlns:sapsess", SESSION));
        writer.write_event(Event::Start(session))?;
        write_element(writer, &Element::leaf("enableSession", "true"))?;
        writer.write_event(Event::End(BytesEnd::new("sapsess:Session")))?;
        writer.write_event(Event::End(BytesEnd::new("SOAP-ENV:Header")))?;
    }
    writer.write_event(Event::Start(BytesStart::new("SOAP-ENV:Body")))?;
    let call = format!("urn:{function}");
    writer.write_event(Event::Start(BytesStart::new(call.as_str())))?;
    for parameter in parameters {
        write_element(writer, parameter)?;
    }
    writer.write_event(Event::End(BytesEnd::new(call.as_str())))?;
    writer.write_event(Event::End(BytesEnd::new("SOAP-ENV:Body")))?;
    writer.write_event(Event::End(BytesEnd::new("SOAP-ENV:Envelope")))
}

fn write_element(writer: &mut Writer<Vec<u8>>, element: &Element) -> std::io::Result<()> {
    writer.write_event(Event::Start(BytesStart::new(element.name.as_str())))?;
    if !element.text.is_empty() {
        // XML 1.0 forbids most control characters; SAP's texts may hold them.
        let legal: String =
            element.text.chars().map(|c| if c.is_control() { '#' } else { c }).collect();
        writer.write_event(Event::Text(BytesText::new(&legal)))?;
    }
    for child in &element.children {
        write_element(writer, child)?;
    }
    writer.write_event(Event::End(BytesEnd::new(element.name.as_str())))
}

/// Reads the answer to `function`.
///
/// Refuses document types, undefined entities, deep nesting and too many attributes; matches the
/// envelope by namespace and the response by local name, whatever the prefixes.
pub(super) fn parse(body: &[u8], function: &str) -> Result<Parsed, String> {
    let text = std::str::from_utf8(body).map_err(|_| "XML-ENCODING: it is not UTF-8".to_owned())?;
    let mut reader = NsReader::from_str(text.trim_start_matches('\u{feff}'));
    let mut stack: Vec<Element> = Vec::new();
    let mut root = None;
    loop {
        let at = reader.buffer_position();
        let (namespace, event) = reader
            .read_resolved_event()
            .map_err(|error| format!("XML-TRUNC: {error} at byte {at}"))?;
        match event {
            Event::Start(start) => {
                if stack.is_empty() && start.local_name().as_ref() == "Envelope" {
                    let soap = matches!(namespace, ResolveResult::Bound(ns)
                        if ns.as_ref() == ENVELOPE);
                    if !soap {
                        return Err("SOAP-NS: the envelope's namespace is not SOAP 1.1".to_owned());
                    }
                }
                stack.push(opened(&start, stack.len())?);
            }
            Event::Empty(start) => {
                let element = opened(&start, stack.len())?;
                close(element, &mut stack, &mut root);
            }
            Event::End(_) => {
                let element = stack.pop().ok_or("XML-TRUNC: an element ends that never began")?;
                close(element, &mut stack, &mut root);
            }
            Event::Text(text) => {
                if let Some(open) = stack.last_mut() {
                    open.text.push_str(&text);
                }
            }
            Event::CData(data) => {
                if let Some(open) = stack.last_mut() {
                    open.text.push_str(&data);
                }
            }
            Event::GeneralRef(reference) => {
                let character = entity(&reference)?;
                if let Some(open) = stack.last_mut() {
                    open.text.push(character);
                }
            }
            Event::DocType(_) => {
                return Err("XML-DOCTYPE: document type declarations are not allowed".to_owned());
            }
            Event::Eof => break,
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
        }
    }
    if let Some(open) = stack.last() {
        return Err(format!("XML-TRUNC: document ends inside <{}>", open.name));
    }
    answer(root.ok_or("XML-TRUNC: there is no element")?, function)
}

fn opened(start: &BytesStart<'_>, depth: usize) -> Result<Element, String> {
    if depth >= DEPTH_MAX {
        return Err(format!("XML-LIMIT: nesting deeper than {DEPTH_MAX}"));
    }
    if start.attributes().take(ATTRIBUTES_MAX + 1).count() > ATTRIBUTES_MAX {
        return Err(format!("XML-LIMIT: more than {ATTRIBUTES_MAX} attributes"));
    }
    Ok(Element::of(start.local_name().as_ref(), Vec::new()))
}

fn close(mut element: Element, stack: &mut [Element], root: &mut Option<Element>) {
    if element.children.is_empty() {
        element.text.truncate(element.text.trim_end().len());
    } else {
        element.text.clear();
    }
    match stack.last_mut() {
        Some(parent) => parent.children.push(element),
        None => *root = Some(element),
    }
}

fn entity(reference: &quick_xml::events::BytesRef<'_>) -> Result<char, String> {
    if let Some(character) =
        reference.resolve_char_ref().map_err(|error| format!("XML-CHAR: {error}"))?
    {
        let allowed = character >= ' ' && !matches!(character, '\u{fffe}' | '\u{ffff}');
        let allowed = allowed || matches!(character, '\t' | '\n' | '\r');
        return if allowed {
            Ok(character)
        } else {
            Err("XML-CHAR: character reference not allowed in XML".to_owned())
        };
    }
    match reference.as_ref() {
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "amp" => Ok('&'),
        "quot" => Ok('"'),
        "apos" => Ok('\''),
        other => Err(format!("XML-ENTITY: entity {other} is not defined")),
    }
}

fn answer(envelope: Element, function: &str) -> Result<Parsed, String> {
    let body = envelope.child("Body").ok_or("the envelope has no body")?;
    if let Some(fault) = body.child("Fault") {
        let text = fault.child("faultstring").map_or("", |text| text.text.as_str());
        let exception = fault.child("detail").and_then(|detail| detail.children.first());
        let inner = |name: &str| {
            exception.and_then(|e| e.child(name)).map_or("", |child| child.text.as_str())
        };
        let message = exception.and_then(|exception| exception.child("Message"));
        let part = |name: &str| {
            message.and_then(|m| m.child(name)).map_or("", |child| child.text.as_str())
        };
        let name = if inner("Name").is_empty() { text } else { inner("Name") };
        return Ok(Parsed::Fault {
            name: name.to_owned(),
            text: inner("Text").to_owned(),
            code: format!("{} {}", part("ID"), part("Number")).trim().to_owned(),
        });
    }
    let wanted = [format!("{function}.Response"), format!("{function}Response")];
    let response = body.children.iter().find(|child| wanted.contains(&child.name));
    let response = response.ok_or_else(|| format!("it does not answer {function}"))?;
    let parameters = response.children.iter();
    Ok(Parsed::Response(parameters.map(|child| (child.name.clone(), child.clone())).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(inner: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?><e:Envelope xmlns:e=\"{ENVELOPE}\"><e:Body>\
             <n0:F.Response xmlns:n0=\"{FUNCTIONS}\">{inner}</n0:F.Response></e:Body></e:Envelope>"
        )
    }

    fn refusal(xml: &str) -> String {
        parse(xml.as_bytes(), "F").unwrap_err()
    }

    #[test]
    fn what_is_written_is_read_back() {
        let parameters = [
            Element::leaf("A", "1 < 2 & 3"),
            Element::of("T", vec![Element::of("item", vec![Element::leaf("X", "y")])]),
        ];
        let xml = String::from_utf8(request("F", &parameters, true)).unwrap();
        let xml = xml.replace("urn:F>", "urn:F.Response>");

        let Parsed::Response(read) = parse(xml.as_bytes(), "F").unwrap() else { panic!() };

        assert_eq!(read["A"], parameters[0]);
        assert_eq!(read["T"], parameters[1]);
    }

    #[test]
    fn a_session_is_asked_for_in_the_header() {
        let xml = String::from_utf8(request("F", &[], true)).unwrap();

        assert!(xml.contains(&format!(
            "<sapsess:Session xmlns:sapsess=\"{SESSION}\"><enableSession>true</enableSession>"
        )));
    }

    #[test]
    fn hostile_xml_is_refused() {
        let bomb = "<!DOCTYPE x [<!ENTITY a \"b\">]><x>&a;</x>";
        let deep = format!("{}{}", "<a>".repeat(100), "</a>".repeat(100));

        assert!(refusal(bomb).starts_with("XML-DOCTYPE"));
        assert!(refusal(&response("<A>&foo;</A>")).starts_with("XML-ENTITY: entity foo"));
        assert!(refusal(&response("<A>&#x0;</A>")).starts_with("XML-CHAR"));
        assert!(refusal(&deep).starts_with("XML-LIMIT"));
        assert!(refusal(&response("<A>")).starts_with("XML-TRUNC"));
        assert!(refusal(&response("").replace(ENVELOPE, "urn:other")).starts_with("SOAP-NS"));
    }

    #[test]
    fn a_fault_gives_its_exception_and_message() {
        let xml = format!(
            "<s:Envelope xmlns:s=\"{ENVELOPE}\"><s:Body><s:Fault><faultcode>s:Client</faultcode>\
             <faultstring>TABLE_NOT_AVAILABLE</faultstring><detail><r:F.Exception xmlns:r=\"u\">\
             <Name>TABLE_NOT_AVAILABLE</Name><Text>no</Text><Message><ID>DA</ID>\
             <Number>131</Number></Message></r:F.Exception></detail></s:Fault></s:Body></s:Envelope>"
        );

        let fault = parse(xml.as_bytes(), "F").unwrap();

        let expected = Parsed::Fault {
            name: "TABLE_NOT_AVAILABLE".to_owned(),
            text: "no".to_owned(),
            code: "DA 131".to_owned(),
        };
        assert_eq!(fault, expected);
    }
}
