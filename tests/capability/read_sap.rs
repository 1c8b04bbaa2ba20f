//! Reading SAP: whole, exact, and with a clear word when something is wrong.

use carbide::id::{MaterialNumber, PlantCode};
use carbide::master::{Procurement, StandardValue};
use carbide::sap::error::{Outcome, SapError};
use carbide::sap::odata::{Entity, Filter, ODataClient, Query};
use carbide::source::sap::{CONFIRMATION, PLANNED_ORDERS};
use serde_json::json;

use crate::support::{credentials, edit, facts, fault, odata, reading, sandbox, system, truth};

fn confirmations() -> Query {
    Query::of("ProdnOrdConf2").order_by(&["ConfirmationGroup", "ConfirmationCount"])
}

#[tokio::test]
async fn master_data_come_whole_and_joined() {
    let sandbox = sandbox().await;

    let (master, _, problems) = facts(&reading(&sandbox)).await.unwrap();

    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(master.materials.len(), 17);
    let rebar = MaterialNumber::new("REBAR-16").unwrap();
    assert_eq!(master.materials[&rebar].procurement, Procurement::InHouse);
    assert_eq!(master.production_versions[&rebar].len(), 2);
    let billet = &master.bills_of_material[&(rebar.clone(), "1".to_owned())].items[0];
    assert_eq!(billet.quantity.to_string(), "1.04 TO");
    let version = &master.production_versions[&rebar][0];
    let routing =
        &master.routings[&(version.routing_group.clone(), version.routing_variant.clone())];
    let rolling = &routing.operations[0];
    let kwh = rolling.standard_value(StandardValue::Electricity).unwrap();
    assert_eq!(kwh.to_string(), "110 KWH");
    let center = &master.work_centers[&rolling.work_center];
    assert_eq!(center.cost_center.as_str(), "101021");
    // (24 h - 3 x 30 min) x 90 % / 3 shifts
    assert_eq!(center.minutes_per_shift.normalize().to_string(), "405");
    assert_eq!(master.plants().collect::<Vec<_>>(), [&PlantCode::new("1010").unwrap()]);
}

#[tokio::test]
async fn what_is_not_valid_on_the_day_does_not_count() {
    let sandbox = sandbox().await;
    let item = json!({ "Material": "REBAR-16", "BillOfMaterialVariant": "01" });
    let ended = json!({ "ValidityEndDate": "2018-09-30" });
    edit(&sandbox, "MaterialBOMItem", item, Some(ended)).await;
    let bom = json!({ "Material": "REBAR-25", "BillOfMaterialVariant": "01" });
    let marked = json!({ "IsMarkedForDeletion": true });
    edit(&sandbox, "MaterialBOM", bom, Some(marked)).await;
    let center = json!({ "CostCenter": "101021" });
    edit(
        &sandbox,
        "WorkCenterCostCenter",
        center,
        Some(json!({ "ValidityEndDate": "2018-01-31" })),
    )
    .await;

    let (master, _, problems) = facts(&reading(&sandbox)).await.unwrap();

    let of = |material: &str| (MaterialNumber::new(material).unwrap(), "1".to_owned());
    assert!(master.bills_of_material[&of("REBAR-16")].items.is_empty());
    assert!(!master.bills_of_material.contains_key(&of("REBAR-25")));
    let text = format!("{problems:?}");
    assert!(text.contains("has no cost center on 2018-10-01; see CR02"), "{text}");
}

#[tokio::test]
async fn two_boms_of_one_alternative_are_both_set_aside() {
    let sandbox = sandbox().await;
    let twice = json!({
        "BillOfMaterial": "00000999", "Material": "REBAR-16", "BillOfMaterialVariant": "01",
        "Plant": "1010",
    });
    let header = json!({
        "BillOfMaterialVariantUsage": "1", "BOMHeaderBaseUnit": "TO",
        "BOMHeaderQuantityInBaseUnit": "1.000",
    });
    edit(&sandbox, "MaterialBOM", twice, Some(header)).await;

    let (master, _, problems) = facts(&reading(&sandbox)).await.unwrap();

    let rebar = MaterialNumber::new("REBAR-16").unwrap();
    assert!(!master.bills_of_material.contains_key(&(rebar, "1".to_owned())));
    assert!(problems[0].0.starts_with("ODATA-DUP: MaterialBOM REBAR-16"), "{problems:?}");
}

#[tokio::test]
async fn a_weight_that_is_no_mass_is_no_silence() {
    let sandbox = sandbox().await;
    let weight = json!({ "WeightUnit": "M" });
    edit(&sandbox, "A_Product", json!({ "Product": "SCRAP" }), Some(weight)).await;

    let (_, _, problems) = facts(&reading(&sandbox)).await.unwrap();

    assert!(
        problems[0].0.contains("SCRAP") && problems[0].0.contains("WeightUnit"),
        "{problems:?}"
    );
}

#[tokio::test]
async fn orders_come_whole_over_many_pages() {
    let sandbox = sandbox().await;

    let (_, orders, problems) = facts(&reading(&sandbox)).await.unwrap();

    assert!(problems.is_empty(), "{problems:?}");
    assert!(orders.confirmations.len() > 1_000, "{}", orders.confirmations.len());
    assert_eq!(orders.planned_orders.len(), 6);
    assert!(orders.planned_orders.iter().all(|order| order.firm && order.etag.is_some()));
    assert!(orders.sales_order_lines.len() > 50);
}

#[tokio::test]
async fn a_filter_is_applied_by_sap() {
    let sandbox = sandbox().await;
    let query = Query::of("A_PlannedOrder").filter(Filter::eq("PlannedOrder", "995"));

    let rows = odata(&sandbox).read(PLANNED_ORDERS, &query, |_, _| {}).await.unwrap();

    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].text("PlannedOrder"), "995");
}

#[tokio::test]
async fn a_wrong_password_is_tried_once_and_never_again() {
    let sandbox = sandbox().await;
    let client = ODataClient::new(&system(&sandbox.url()), &credentials("wrong")).unwrap();

    for _ in 0..5 {
        let error = client.read(CONFIRMATION, &confirmations(), |_, _| {}).await.unwrap_err();
        assert!(matches!(error, SapError::LogonRefused { .. }), "{error}");
        assert!(!error.to_string().contains("wrong'"));
    }

    let ledger = truth(&sandbox, "ledger").await;
    assert_eq!(ledger["failed_logons"], 1);
}

#[tokio::test]
async fn a_logon_page_with_status_200_is_no_data() {
    let sandbox = sandbox().await;
    fault(&sandbox, json!({ "kind": "html_page", "match": "ProdnOrdConf2" })).await;

    let error = odata(&sandbox).read(CONFIRMATION, &confirmations(), |_, _| {}).await.unwrap_err();

    assert!(error.to_string().contains("ODATA-NOTSAP"), "{error}");
    assert!(error.to_string().contains("text/html"), "{error}");
}

#[tokio::test]
async fn a_page_that_breaks_off_is_read_again() {
    let sandbox = sandbox().await;
    fault(&sandbox, json!({ "kind": "truncate_answer", "match": "ProdnOrdConf2", "after": 3 }))
        .await;
    fault(&sandbox, json!({ "kind": "drop_response", "match": "ProdnOrdConf2", "after": 5 })).await;
    fault(&sandbox, json!({ "kind": "overloaded", "match": "ProdnOrdConf2", "after": 7 })).await;

    let rows = odata(&sandbox).read(CONFIRMATION, &confirmations(), |_, _| {}).await.unwrap();

    assert!(rows.len() > 1_000);
}

#[tokio::test]
async fn a_page_that_is_always_broken_is_an_error_that_says_where() {
    let sandbox = sandbox().await;
    fault(&sandbox, json!({ "kind": "truncate_answer", "match": "ProdnOrdConf2", "count": 9 }))
        .await;

    let error = odata(&sandbox).read(CONFIRMATION, &confirmations(), |_, _| {}).await.unwrap_err();

    assert!(error.to_string().contains("ODATA-TRUNC"), "{error}");
    assert!(error.to_string().contains("ProdnOrdConf2"), "{error}");
}

#[tokio::test]
async fn a_page_that_comes_twice_is_noticed_and_everything_is_read_again() {
    let sandbox = sandbox().await;
    fault(&sandbox, json!({ "kind": "repeat_page", "match": "ProdnOrdConf2", "after": 2 })).await;

    let rows = odata(&sandbox).read(CONFIRMATION, &confirmations(), |_, _| {}).await.unwrap();

    let all = odata(&sandbox).read(CONFIRMATION, &confirmations(), |_, _| {}).await.unwrap();
    let fields = |rows: &[Entity]| rows.iter().map(Entity::fields).collect::<Vec<_>>();
    assert_eq!(fields(&rows), fields(&all));
}

#[tokio::test]
async fn a_page_that_comes_twice_again_and_again_is_an_error() {
    let sandbox = sandbox().await;
    let always = json!({ "kind": "repeat_page", "match": "ProdnOrdConf2", "count": 99 });
    fault(&sandbox, always).await;

    let error = odata(&sandbox).read(CONFIRMATION, &confirmations(), |_, _| {}).await.unwrap_err();

    assert!(error.to_string().contains("ODATA-LOOP"), "{error}");
}

#[tokio::test]
async fn a_next_link_to_another_host_is_not_followed() {
    let sandbox = sandbox().await;
    fault(&sandbox, json!({ "kind": "foreign_link", "match": "ProdnOrdConf2" })).await;

    let error = odata(&sandbox).read(CONFIRMATION, &confirmations(), |_, _| {}).await.unwrap_err();

    assert!(error.to_string().contains("SSRF-LINK"), "{error}");
    assert!(error.to_string().contains("169.254.169.254"), "{error}");
}

#[tokio::test]
async fn a_system_that_is_down_is_named() {
    let url = {
        let sandbox = sandbox().await;
        let url = sandbox.url();
        sandbox.stop().await;
        url
    };
    let client = ODataClient::new(&system(&url), &credentials("x")).unwrap();

    let error = client.read(CONFIRMATION, &confirmations(), |_, _| {}).await.unwrap_err();

    assert!(matches!(error, SapError::NotReachable { .. }), "{error}");
    assert_eq!(error.outcome(), Outcome::Refused);
    assert!(error.to_string().contains("SMICM"));
}

#[tokio::test]
async fn odata_json_07_25_29_rows_that_make_no_sense_are_set_aside_one_by_one() {
    let sandbox = sandbox().await;
    let order = |number: u32| json!({ "PlannedOrder": number.to_string() });
    for (number, change) in [
        (995, json!({ "TotalQuantity": "-5" })),
        (996, json!({ "Material": "REBAR\u{0}16" })),
        (997, json!({ "BaseUnit": "KGX" })),
    ] {
        edit(&sandbox, "A_PlannedOrder", order(number), Some(change)).await;
    }

    let (_, orders, problems) = facts(&reading(&sandbox)).await.unwrap();

    assert_eq!((orders.planned_orders.len(), problems.len()), (3, 3), "{problems:?}");
    let said = |at: usize, what: &[&str]| {
        let text = &problems[at].0;
        assert!(what.iter().all(|part| text.contains(part)), "{text}");
    };
    said(0, &["VAL-NEGATIVE: A_PlannedOrder", "995", "TotalQuantity -5", "is negative"]);
    said(1, &["VAL-CONTROL: A_PlannedOrder", "996", "Material", "U+0000"]);
    said(2, &["UNIT-UNKNOWN: A_PlannedOrder", "997", "KGX"]);
}

#[tokio::test]
async fn odata_json_30_31_a_unit_of_a_language_and_a_number_with_zeros_are_what_they_mean() {
    use carbide::unit::Uom;
    let sandbox = sandbox().await;
    let order = |number: u32| json!({ "PlannedOrder": number.to_string() });
    let german = json!({ "BaseUnit": "ST", "Material": "000000000000000042" });
    edit(&sandbox, "A_PlannedOrder", order(995), Some(german)).await;
    let english = json!({ "BaseUnit": "PC", "Material": "42" });
    edit(&sandbox, "A_PlannedOrder", order(996), Some(english)).await;

    let (_, orders, problems) = facts(&reading(&sandbox)).await.unwrap();

    assert!(problems.is_empty(), "{problems:?}");
    let order = |number: &str| {
        orders.planned_orders.iter().find(|order| order.number.as_str() == number).unwrap()
    };
    let (first, second) = (order("995"), order("996"));
    assert_eq!(first.material, second.material);
    assert_eq!((first.quantity.unit, second.quantity.unit), (Uom::Piece, Uom::Piece));
    assert!(Uom::is_of_a_language("PC") && !Uom::is_of_a_language("ST"));
}
