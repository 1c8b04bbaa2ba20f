//! Answers that somebody broke on purpose: whatever comes, reading ends with rows or an error.
//!
//! Seeded, so that what fails once fails again. `CARBIDE_MUTATIONS` sets how many are tried.

use carbide::sap::odata::metadata::Metadata;
use carbide::sap::odata::{Entity, Query};
use carbide::sap::rfc::Call;
use carbide::source::sap::PRODUCT;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use serde_json::{Value, json};

use crate::hostile_sap::{Hostile, said};
use crate::support::{PASSWORD, USER, sandbox};

fn tries() -> u64 {
    std::env::var("CARBIDE_MUTATIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(20_000)
}

/// Pieces that parsers stumble over.
const PIECES: [&[u8]; 22] = [
    b"\"",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"null",
    b"1e999",
    b"-",
    b"\\u0000",
    b"\\uD800",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"__metadata",
    b"@odata.etag",
    b"results",
    b"/Date(9)/",
    b"<",
    b"&#x0;",
    b"]]>",
];

fn mutated(original: &[u8], random: &mut Pcg64) -> Vec<u8> {
    let mut bytes = original.to_vec();
    for _ in 0..random.random_range(1..6) {
        let at = random.random_range(0..=bytes.len());
        match random.random_range(0..5) {
            0 => bytes.truncate(at),
            1 if at < bytes.len() => bytes[at] ^= 1 << random.random_range(0..8),
            2 => {
                let piece = PIECES[random.random_range(0..PIECES.len())];
                bytes.splice(at..at, piece.iter().copied());
            }
            3 => {
                let end = (at + random.random_range(0..40)).min(bytes.len());
                bytes.drain(at..end);
            }
            _ => {
                let end = (at + random.random_range(0..200)).min(bytes.len());
                let again = bytes[at..end].to_vec();
                bytes.splice(at..at, again);
            }
        }
    }
    bytes
}

/// Touches everything that a row offers.
fn use_row(row: &Entity) {
    let _ = (row.key(), row.etag(), row.set());
    for property in row.fields().keys() {
        let _ = (row.text(property), row.decimal(property), row.date(property), row.time(property));
        let _ = (row.timestamp(property), row.boolean(property), row.expanded(property));
    }
}

#[test]
fn a_row_that_is_broken_is_a_row_or_an_error() {
    let originals = [
        json!({ "__metadata": { "uri": "https://h/S/A(B='1')", "etag": "W/\"1\"" }, "B": "1",
            "Q": "10.500", "D": "/Date(1538352000000+0060)/", "T": "PT08H30M00S", "F": true,
            "N": { "results": [{ "C": "x" }, { "C": "y" }] }, "E": { "__deferred": { "uri": "u" } } }),
        json!({ "@odata.etag": "W/\"2\"", "B": "caf\u{e9}\n", "Q": 10.5, "D": "2018-10-01",
            "T": "08:30:00", "I": "2018-10-01T08:00:00Z", "N": [{ "C": null }], "X": [1, "2", []] }),
    ];
    let (mut read, mut refused) = (0, 0);
    for seed in 0..tries() {
        let mut random = Pcg64::seed_from_u64(seed);
        let original = &originals[random.random_range(0..originals.len())];
        let body = mutated(original.to_string().as_bytes(), &mut random);
        match Entity::from_json("A_Set", body.clone()) {
            Ok(row) => {
                use_row(&row);
                let again = Entity::from_json("A_Set", row.to_json()).unwrap();
                assert_eq!(again.fields(), row.fields(), "seed {seed}");
                read += 1;
            }
            Err(problem) => {
                let code = problem.split(':').next().unwrap_or_default();
                let known = ["JSON-", "ODATA-"].iter().any(|prefix| code.starts_with(prefix));
                assert!(known, "seed {seed}: {problem}");
                // What is read more strictly than JSON has to be is never read more loosely.
                let strict =
                    problem.starts_with("JSON-SYNTAX") || problem.starts_with("ODATA-TRUNC");
                let loosely = serde_json::from_slice::<Value>(&body).is_ok();
                assert!(!(strict && loosely), "seed {seed}: {problem}");
                refused += 1;
            }
        }
    }
    assert!(read * 50 > refused && refused * 50 > read, "{read} read, {refused} refused");
}

#[tokio::test]
async fn a_page_that_is_broken_anywhere_ends_the_read_with_an_error_or_all_rows() {
    let sandbox = sandbox().await;
    let url = format!(
        "{}/sap/opu/odata/sap/API_PRODUCT_SRV/A_ProductPlant?$inlinecount=allpages&sap-client=100",
        sandbox.url()
    );
    let page = reqwest::Client::new()
        .get(url)
        .basic_auth(USER, Some(PASSWORD))
        .send()
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap()
        .to_vec();
    let (mut whole, mut refused) = (0, 0);
    for seed in 0..tries() / 200 {
        let broken = mutated(&page, &mut Pcg64::seed_from_u64(seed));
        let server = Hostile::new(move |_, _| said(200, "application/json", broken.clone())).await;
        let query = Query::of("A_ProductPlant").order_by(&["Product", "Plant"]);

        let read = server.client().read(PRODUCT, &query, |_, _| {}).await;

        match read {
            Ok(rows) => {
                rows.iter().for_each(use_row);
                whole += 1;
            }
            Err(error) => {
                assert!(error.to_string().contains("T01") || error.to_string().contains("SBX"));
                refused += 1;
            }
        }
    }
    assert!(whole > 0 && refused > whole, "{whole} whole, {refused} refused");
}

#[tokio::test]
async fn an_envelope_that_is_broken_anywhere_is_an_answer_or_an_error() {
    let envelope = r#"<?xml version="1.0" encoding="utf-8"?>
<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/"><SOAP-ENV:Body>
<n0:BAPI_ACC_DOCUMENT_CHECK.Response xmlns:n0="urn:sap-com:document:sap:rfc:functions">
<OBJ_KEY>1900000001</OBJ_KEY><RETURN><item><TYPE>S</TYPE><ID>RW</ID><NUMBER>614</NUMBER>
<MESSAGE>Gr&#xFC;n &amp; gut</MESSAGE></item></RETURN>
</n0:BAPI_ACC_DOCUMENT_CHECK.Response></SOAP-ENV:Body></SOAP-ENV:Envelope>"#;
    let (mut answered, mut refused) = (0, 0);
    for seed in 0..tries() / 100 {
        let broken = mutated(envelope.as_bytes(), &mut Pcg64::seed_from_u64(seed));
        let server = Hostile::new(move |_, _| said(200, "text/xml", broken.clone())).await;

        let reply = server.rfc().call(&Call::new("BAPI_ACC_DOCUMENT_CHECK")).await;

        match reply {
            Ok(reply) => {
                let _ = (reply.messages(), reply.value("OBJ_KEY"), reply.decimal("OBJ_KEY"));
                answered += 1;
            }
            Err(_) => refused += 1,
        }
    }
    assert!(answered > 0 && refused > 0, "{answered} answered, {refused} refused");
}

#[test]
fn metadata_that_are_broken_are_metadata_or_an_error() {
    let original = carbide::sandbox::edmx(PRODUCT.path).unwrap();
    let ours = Metadata::parse(original.as_bytes()).unwrap();
    let mut random = Pcg64::seed_from_u64(17);
    let (mut read, mut refused) = (0, 0);
    for _ in 0..tries() / 10 {
        match Metadata::parse(&mutated(original.as_bytes(), &mut random)) {
            Ok(live) => {
                read += 1;
                let said =
                    ours.compare(&live).iter().map(|one| one.said_of("S").len()).sum::<usize>();
                assert!(said < 1 << 20 && live.property_count() < 10_000);
            }
            Err(reason) => {
                refused += 1;
                assert!(reason.starts_with("XML-") || reason.starts_with("EDMX-"), "{reason}");
            }
        }
    }
    assert!(read > 0 && refused > 0, "{read} read, {refused} refused");
}
