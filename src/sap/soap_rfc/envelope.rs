//! The SOAP envelope of an RFC call, written and read with limits.

use std::collections::BTreeMap;

use quick_xml::Writer;
use quick_xml::events::{BytesEnd, BytesStart, BytesText, Event};

use super::super::xml::{self, Element};

const ENVELOPE: &str = "http://schemas.xmlsoap.org/soap/envelope/";
const ENVELOPE_1_2: &str = "http://www.w3.org/2003/05/soap-envelope";
const FUNCTIONS: &str = "urn:sap-com:document:sap:rfc:functions";
const SESSION: &str = "http://www.sap.com/webas/630/soap/features/session/";

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
    let call = format!("urn:{}", as_element(function));
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
            element.text.chars().map(|c| if xml::is_legal(c) { c } else { '#' }).collect();
        writer.write_event(Event::Text(BytesText::new(&legal)))?;
    }
    for child in &element.children {
        write_element(writer, child)?;
    }
    writer.write_event(Event::End(BytesEnd::new(element.name.as_str())))
}

/// `/NS/NAME` as an element name: a slash may not stand in one.
fn as_element(function: &str) -> String {
    function.replace('/', "_-")
}

/// Reads the answer to `function`: matched by namespace and local name, whatever the prefixes.
pub(super) fn parse(body: &[u8], function: &str) -> Result<Parsed, String> {
    let root = xml::parse(body, &[ENVELOPE, ENVELOPE_1_2, FUNCTIONS])?;
    if root.name != "Envelope" {
        return Err(format!("SOAP-NS: <{}> is no envelope of SOAP 1.1/1.2", root.name));
    }
    match root.namespace {
        Some(version @ (ENVELOPE | ENVELOPE_1_2)) => answer(&root, version, function),
        _ => {
            let namespace = xml::root_namespace(body);
            Err(format!("SOAP-NS: envelope namespace '{namespace}' is not SOAP 1.1/1.2"))
        }
    }
}

fn answer(envelope: &Element, version: &str, function: &str) -> Result<Parsed, String> {
    let of_soap = |element: &&Element| element.namespace == Some(version);
    let body = envelope.child("Body").filter(of_soap).ok_or("the envelope has no body")?;
    if let Some(fault) = body.child("Fault").filter(of_soap) {
        let reason = || fault.child("Reason").and_then(|reason| reason.child("Text"));
        let text = fault.child("faultstring").or_else(reason);
        let text = text.map_or("", |text| text.text.as_str());
        let detail = fault.child("detail").or_else(|| fault.child("Detail"));
        let exception = detail.and_then(|detail| detail.children.first());
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
    let name = as_element(function);
    let wanted = [format!("{name}.Response"), format!("{name}Response")];
    let response = body
        .children
        .iter()
        .find(|child| wanted.contains(&child.name) && child.namespace == Some(FUNCTIONS));
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
    fn xml_11_only_an_envelope_of_soap_with_the_answer_to_the_function_is_an_answer() {
        assert_eq!(
            refusal(&response("").replace(ENVELOPE, "urn:other")),
            "SOAP-NS: envelope namespace 'urn:other' is not SOAP 1.1/1.2"
        );
        let newer = response("").replace(ENVELOPE, ENVELOPE_1_2);
        assert!(parse(newer.as_bytes(), "F").is_ok());
        // The body must speak the same version as its envelope.
        let mixed = response("").replacen("e:Body", "x:Body", 2).replacen(
            "<x:Body>",
            &format!("<x:Body xmlns:x=\"{ENVELOPE_1_2}\">"),
            1,
        );
        assert!(refusal(&mixed).contains("no body"), "{}", refusal(&mixed));
        assert!(refusal("<html><body>log on</body></html>").starts_with("SOAP-NS"));
        assert!(refusal(&response("").replace(FUNCTIONS, "urn:other")).contains("does not answer"));
        assert!(refusal(&response("").replace("F.Response", "G.Response")).contains("F"));
        let other_runtime = response("").replace("F.Response", "FResponse");
        assert!(parse(other_runtime.as_bytes(), "F").is_ok());
    }

    #[test]
    fn a_function_in_a_namespace_and_characters_that_xml_forbids_can_be_sent() {
        let xml = request("/CARB/EXEC", &[Element::leaf("T", "a\u{1}b\u{ffff}")], false);

        let root = xml::parse(&xml, &[FUNCTIONS]).unwrap();

        let call = &root.children[0].children[0];
        assert_eq!((call.name.as_str(), call.namespace), ("_-CARB_-EXEC", Some(FUNCTIONS)));
        assert_eq!(call.children[0].text, "a#b#");
    }

    #[test]
    fn a_fault_of_soap_1_2_gives_its_reason() {
        let xml = format!(
            "<s:Envelope xmlns:s=\"{ENVELOPE_1_2}\"><s:Body><s:Fault><s:Code><s:Value>s:Receiver\
             </s:Value></s:Code><s:Reason><s:Text>TIME_OUT</s:Text></s:Reason></s:Fault></s:Body>\
             </s:Envelope>"
        );

        let Parsed::Fault { name, .. } = parse(xml.as_bytes(), "F").unwrap() else { panic!() };

        assert_eq!(name, "TIME_OUT");
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
