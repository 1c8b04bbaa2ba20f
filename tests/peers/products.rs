//! Products of SAP's Fiori mock server: the full metadata of a real system, generated rows.

use carbide::sap::odata::metadata::Metadata;
use carbide::sap::odata::{Filter, Query};
use carbide::source::sap::PRODUCT;

use crate::server::Peer;

const MANIFEST: &str = r#"
[[service]]
name = "API_PRODUCT_SRV"
path = "/sap/opu/odata/sap/API_PRODUCT_SRV"
version = "V2"
read = ["A_Product", "A_ProductPlant"]
authorization = "none"
"#;

#[tokio::test]
#[ignore = "needs the peers: make test-peers"]
async fn the_metadata_of_a_real_system_offer_all_that_is_read() {
    let peer = Peer::start("fe-mockserver", &["server.js"], &[]);

    let document = peer.client(MANIFEST).metadata_document(PRODUCT).await.unwrap();

    let live = Metadata::parse(document.as_bytes()).unwrap();
    let ours = carbide::sandbox::edmx(PRODUCT.path).unwrap();
    let differences = Metadata::parse(ours.as_bytes()).unwrap().compare(&live);
    let refused: Vec<_> = differences.iter().filter(|one| one.refuses_start()).collect();
    assert!(refused.is_empty(), "{refused:?}");
    assert!(live.property_count() > 400, "{}", live.property_count());
}

#[tokio::test]
#[ignore = "needs the peers: make test-peers"]
async fn generated_rows_are_read_counted_and_filtered() {
    let peer = Peer::start("fe-mockserver", &["server.js"], &[]);
    let client = peer.client(MANIFEST);
    let products = Query::of("A_Product").order_by(&["Product"]);

    let rows = client.read(PRODUCT, &products, |_, _| {}).await.unwrap();
    let first = rows[0].text("Product").to_owned();
    let one = products.filter(Filter::eq("Product", first.as_str()));
    let found = client.read(PRODUCT, &one, |_, _| {}).await.unwrap();

    assert_eq!(rows.len(), 150);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].text("Product"), first);
}
