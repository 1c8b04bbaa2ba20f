//! Which field of SAP gives which field of ours is a file that a consultant changes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use carbide::doctor::fields::misfits;
use carbide::master::StandardValue;
use carbide::sap::odata::metadata::Metadata;
use carbide::source::sap::field_mapping::{
    FieldFile, FieldMapping, OwnUnits, STANDARD_FILES, UnitFile, own_units, standard_sets,
};
use carbide::source::sap::{Changes, Reading, SERVICES, entity_sets};
use carbide::unit::{Measure, Uom};
use carbide::value_state::ValueState;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::command_line::{Plant, ended_with, text};
use crate::support::{edit, facts, reading, sandbox, sandbox_with};

const GROSS_WEIGHT: &str = r#""LIPS-BRGEW" = { from = "ItemGrossWeight", unit = "ItemWeightUnit", to = "delivery_item.gross_weight" }"#;

fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn standard(service: &str) -> &'static str {
    STANDARD_FILES.iter().find(|(name, _)| *name == format!("{service}.toml")).unwrap().1
}

/// The standard file of a service with one line changed.
fn changed(service: &str, line: &str, to: &str) -> FieldFile {
    let text = standard(service);
    assert!(text.contains(line), "{line}");
    toml::from_str(&text.replacen(line, to, 1)).unwrap()
}

fn with(reading: Reading, file: FieldFile) -> Reading {
    let (mapping, problems) = FieldMapping::of(&[file], &OwnUnits::new());
    assert!(problems.is_empty(), "{problems:?}");
    Reading { fields: Arc::new(mapping), ..reading }
}

fn said(file: FieldFile) -> Vec<(bool, String)> {
    let (_, problems) = FieldMapping::of(&[file], &OwnUnits::new());
    problems.into_iter().map(|problem| (problem.refused, problem.text)).collect()
}

#[tokio::test]
async fn the_standard_maps_every_property_that_is_read_and_fixes_what_hangs_together() {
    let sandbox = sandbox().await;
    let sets = standard_sets();
    let live: BTreeMap<&str, Metadata> = SERVICES
        .iter()
        .map(|service| {
            let edmx = carbide::sandbox::edmx(service.path).unwrap();
            (service.name, Metadata::parse(edmx.as_bytes()).unwrap())
        })
        .collect();

    for set in entity_sets(&reading(&sandbox)) {
        let (all, fixed) = &sets[set.name()];
        for property in set.query.selected() {
            assert!(all.iter().any(|known| known == property), "{}.{property}", set.name());
        }
        let mut hang_on: BTreeSet<&str> = set.query.ordered_by().iter().copied().collect();
        hang_on.extend(set.query.filtered_by());
        match set.changes {
            Changes::Instant(property) | Changes::Digits(property) => {
                hang_on.insert(property);
            }
            Changes::Days(properties) => hang_on.extend(properties),
            Changes::With { by, .. } => {
                hang_on.insert(by);
            }
            Changes::Untold | Changes::Fleeting => {}
        }
        for property in hang_on {
            assert!(fixed.iter().any(|known| known == property), "{}.{property}", set.name());
        }
    }
    let mapping = FieldMapping::standard();
    assert!(mapping.fields.len() > 300, "{}", mapping.fields.len());
    for service in SERVICES {
        let found = misfits(&mapping.fields, service.name, &live[service.name], true);
        assert!(found.is_empty(), "{found:?}");
    }
}

#[test]
fn every_file_that_ships_is_the_standard() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/mappings/fields");
    let shipped: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".toml"))
        .collect();
    let built_in: BTreeSet<String> =
        STANDARD_FILES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(shipped, built_in);

    let files: Vec<FieldFile> =
        STANDARD_FILES.iter().map(|(_, text)| toml::from_str(text).unwrap()).collect();
    let (mapping, problems) = FieldMapping::of(&files, &OwnUnits::new());
    assert!(problems.is_empty(), "{problems:?}");
    assert!(mapping.fields.iter().all(|field| !field.own));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_of_a_key_user_takes_the_place_of_the_standard_one() {
    let set = "A_OutbDeliveryItem";
    let sandbox = sandbox_with(&[
        (set, "YY1_ShippedMass_DLI", "Edm.Decimal", "Precision=\"13\" Scale=\"3\""),
        (set, "YY1_ShippedMassUnit_DLI", "Edm.String", "MaxLength=\"3\""),
    ])
    .await;
    let first = facts(&reading(&sandbox)).await.unwrap().1.deliveries[0].clone();
    let row = json!({ "DeliveryDocument": first.delivery, "DeliveryDocumentItem": first.item });
    let mass = json!({ "YY1_ShippedMass_DLI": "7.250", "YY1_ShippedMassUnit_DLI": "TO" });
    edit(&sandbox, set, row, Some(mass)).await;
    let own = r#""LIPS-YY1_SHIPPED" = { from = "YY1_ShippedMass_DLI", unit = "YY1_ShippedMassUnit_DLI", to = "delivery_item.gross_weight", default = "100", default_unit = "KG" }"#;

    let reading = with(reading(&sandbox), changed("api_outbound_delivery_srv", GROSS_WEIGHT, own));
    let (_, orders, problems) = facts(&reading).await.unwrap();

    assert!(problems.is_empty(), "{problems:?}");
    let of = |item: &str| orders.deliveries.iter().find(|d| d.delivery == item).unwrap();
    let recorded = of(&first.delivery);
    assert_eq!(recorded.gross_weight_kg, dec("7250"));
    assert_eq!(recorded.weight_state, ValueState::Calculated);
    let others: Vec<_> =
        orders.deliveries.iter().filter(|item| item.delivery != first.delivery).collect();
    assert!(!others.is_empty());
    for item in others {
        assert_eq!((item.gross_weight_kg, item.weight_state), (dec("100"), ValueState::Default));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_default_is_known_as_one_in_facts_and_a_zero_is_not_taken_for_a_value() {
    let sandbox = sandbox().await;
    let operation = json!({ "StandardWorkQuantity4": "0.000", "StandardWorkQuantityUnit4": "" });
    edit(&sandbox, "ProductionRoutingOperation", json!({}), Some(operation)).await;
    let line = r#""PLPO-VGW04" = { from = "StandardWorkQuantity4", unit = "StandardWorkQuantityUnit4", to = "operation.standard_value_4" }"#;
    let own = r#""PLPO-VGW04" = { from = "StandardWorkQuantity4", unit = "StandardWorkQuantityUnit4", to = "operation.standard_value_4", default = "1.5", default_unit = "GJ" }"#;

    let plain = facts(&reading(&sandbox)).await.unwrap().0;
    let reading = with(reading(&sandbox), changed("api_production_routing", line, own));
    let (master, _, problems) = facts(&reading).await.unwrap();

    assert!(problems.is_empty(), "{problems:?}");
    let gas = StandardValue::NaturalGas;
    let operations = |master: &carbide::master::MasterData| {
        master.routings.values().flat_map(|routing| routing.operations.clone()).collect::<Vec<_>>()
    };
    assert!(operations(&plain).iter().all(|operation| operation.standard_value(gas).is_none()));
    for operation in operations(&master) {
        let expected = Measure::new(dec("1.5"), Uom::Gigajoule);
        assert_eq!(operation.standard_value(gas), Some(expected));
        assert_eq!(operation.state_of(gas), ValueState::Default);
        assert_eq!(operation.state_of(StandardValue::Machine), ValueState::Calculated);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_default_is_known_as_one_in_footprints_and_in_what_is_posted() {
    let plant = Plant::new().await;
    let gas = |amount: &str, unit: &str| {
        let routing = json!({ "StandardWorkQuantity4": amount, "StandardWorkQuantityUnit4": unit });
        let confirmed = json!({ "OpConfirmedWorkQuantity4": amount, "OpWorkQuantityUnit4": unit });
        [("ProductionRoutingOperation", routing), ("ProdnOrdConf2", confirmed)]
    };
    for (set, change) in gas("1.500", "GJ") {
        edit(&plant.sandbox, set, json!({}), Some(change)).await;
    }
    let recorded = plant.json(&["footprint", "--fresh"]);
    for (set, change) in gas("0.000", "") {
        edit(&plant.sandbox, set, json!({}), Some(change)).await;
    }
    for (file, field) in [
        ("api_production_routing", "operation.standard_value_4"),
        ("api_prod_order_confirmation_2_srv", "confirmation.activity_4"),
    ] {
        let path = plant.path(&format!("mappings/fields/{file}.toml"));
        let text = std::fs::read_to_string(&path).unwrap();
        let (line, own) = (
            format!("to = \"{field}\" }}"),
            format!("to = \"{field}\", default = \"1.5\", default_unit = \"GJ\" }}"),
        );
        assert!(text.contains(&line));
        std::fs::write(&path, text.replacen(&line, &own, 1)).unwrap();
    }
    let stood_in = plant.json(&["footprint", "--fresh"]);

    let products = |report: &Value| report["footprints"].as_array().unwrap().clone();
    for (before, after) in products(&recorded).iter().zip(products(&stood_in)) {
        assert_eq!(before["kg_co2e_per_unit"], after["kg_co2e_per_unit"]);
        let share = |of: &Value| of["value_state_shares"]["default"].as_f64().unwrap_or(0.0);
        assert!(share(&after) > share(before), "{after:#}");
    }
    let lines = |report: &Value, state: &str| {
        let lines = report["inventory"]["lines"].as_array().unwrap().clone();
        let of = lines
            .into_iter()
            .filter(|line| line["state"] == state && line["activity"]["unit"] == "GJ");
        of.count()
    };
    assert!(lines(&recorded, "calculated") > 0 && lines(&recorded, "default") == 0);
    assert_eq!(lines(&stood_in, "default"), lines(&recorded, "calculated"));
}

#[test]
fn what_is_wrong_with_a_line_is_said_with_its_code_and_the_nearest_name() {
    let service = "api_outbound_delivery_srv";
    let line = |to: &str| said(changed(service, GROSS_WEIGHT, to));
    let cases = [
        (
            r#""A-B" = { from = "ItemGrossWeight", unit = "ItemWeightUnit", to = "delivery_item.gros_weight" }"#,
            "MAP-FIELD: A_OutbDeliveryItem has no field delivery_item.gros_weight (did you mean delivery_item.gross_weight?)",
        ),
        (
            "",
            "MAP-UNMAPPED: A_OutbDeliveryItem: no line gives delivery_item.gross_weight; it is read as empty",
        ),
        (
            r#""A-B" = { from = "ItemGrossWeight", to = "delivery_item.gross_weight" }"#,
            "MAP-UNIT: delivery_item.gross_weight is a quantity and has neither unit nor unit_code",
        ),
        (
            r#""A-B" = { from = "ItemGrossWeight", unit_code = "M3", to = "delivery_item.gross_weight" }"#,
            "MAP-UNIT: delivery_item.gross_weight is a mass and M3 is none",
        ),
        (
            r#""A-B" = { from = "ItemGrossWeight", unit = "ItemWeightUnit", to = "delivery_item.gross_weight", default = "5", default_unit = "KGX" }"#,
            "MAP-UNIT: delivery_item.gross_weight: unit KGX is neither in the unit table nor in mappings/units.toml",
        ),
        (
            r#""A-B" = { from = "ItemGrossWeight", unit = "ItemWeightUnit", to = "delivery_item.gross_weight", default = "1,5" }"#,
            "MAP-DEFAULT: delivery_item.gross_weight: '1,5' is no decimal",
        ),
    ];
    for (wrong, expected) in cases {
        let problems = line(wrong);
        assert!(
            problems.iter().any(|(refused, text)| *refused && text == expected),
            "{wrong}\n{problems:?}"
        );
    }
    let fixed = r#""LIPS-WERKS" = { from = "Plant", to = "delivery_item.plant", fixed = true }"#;
    let moved = r#""LIPS-WERKS" = { from = "YY1_Plant", to = "delivery_item.plant" }"#;
    let problems = said(changed(service, fixed, moved));
    assert!(problems[0].1.starts_with("MAP-FIXED: delivery_item.plant is Plant"), "{problems:?}");
    let unknown = r#"service = "API_OUTBOUND_DELIVERY""#;
    let problems = said(changed(service, r#"service = "API_OUTBOUND_DELIVERY_SRV""#, unknown));
    assert!(problems[0].1.ends_with("(did you mean API_OUTBOUND_DELIVERY_SRV?)"), "{problems:?}");
}

#[test]
fn two_quantities_with_one_unit_cannot_have_two() {
    let line = r#""AFRU-LMNGA" = { from = "ConfirmationYieldQuantity", unit = "ConfirmationUnit", to = "confirmation.yielded" }"#;
    let own =
        r#""AFRU-LMNGA" = { from = "YY1_Good", unit = "YY1_Unit", to = "confirmation.yielded" }"#;

    let problems = said(changed("api_prod_order_confirmation_2_srv", line, own));

    assert!(
        problems.iter().any(|(refused, text)| *refused
            && text.starts_with("MAP-UNIT:")
            && text.contains("confirmation.scrapped")
            && text.contains("confirmation.yielded")),
        "{problems:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_of_t006_is_converted_as_the_system_says() {
    let sandbox = sandbox().await;
    let row = json!({ "PurchaseOrderItem": "10" });
    let order = json!({ "OrderQuantity": "2.000", "PurchaseOrderQuantityUnit": "TON" });
    edit(&sandbox, "A_PurchaseOrderItem", row, Some(order)).await;
    let units: UnitFile = toml::from_str(include_str!("../../mappings/units.toml")).unwrap();
    let (units, problems) = own_units(&units);
    assert!(problems.is_empty(), "{problems:?}");
    let (fields, problems) = FieldMapping::of(&[], &units);
    assert!(problems.is_empty(), "{problems:?}");

    let unknown = facts(&reading(&sandbox)).await.unwrap().2;
    let reading = Reading { fields: Arc::new(fields), ..reading(&sandbox) };
    let (_, orders, problems) = facts(&reading).await.unwrap();

    assert!(unknown.iter().all(|problem| problem.0.contains("UNIT-UNKNOWN")), "{unknown:?}");
    assert!(!unknown.is_empty() && problems.is_empty(), "{problems:?}");
    let short_tons = Measure::new(dec("1814.36948"), Uom::Kg);
    assert!(orders.purchase_order_items.iter().any(|item| item.quantity == short_tons));
}

#[test]
fn a_unit_that_is_known_already_and_one_of_nothing_are_refused() {
    let file: UnitFile =
        toml::from_str("[unit]\nKG = { of = \"TO\" }\nSACK = { of = \"KG\", numerator = \"0\" }\n")
            .unwrap();

    let (units, problems) = own_units(&file);

    assert!(units.is_empty());
    assert!(problems[0].text.starts_with("MAP-UNIT: KG is KG already"), "{problems:?}");
    assert!(problems[1].text.contains("must be positive"), "{problems:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_check_compares_with_the_live_service_and_names_file_and_line() {
    let set = "A_OutbDeliveryItem";
    let field = (set, "YY1_ShippedMass_DLI", "Edm.Decimal", "Precision=\"13\" Scale=\"3\"");
    let plant = Plant::on(sandbox_with(&[field]).await);
    let well = plant.json(&["mappings", "check"]);
    assert_eq!((&well["ok"], &well["own"]), (&json!(true), &json!(0)), "{well:#}");
    assert_eq!(well["compared_with"], "the live services");

    let path = plant.path("mappings/fields/api_outbound_delivery_srv.toml");
    let shipped = std::fs::read_to_string(&path).unwrap();
    let own = |from: &str| {
        let line = GROSS_WEIGHT.replace("\"ItemGrossWeight\"", &format!("\"{from}\""));
        std::fs::write(&path, shipped.replacen(GROSS_WEIGHT, &line, 1)).unwrap();
    };
    own("YY1_ShippedMass_DLI");
    let well = plant.json(&["mappings", "check"]);
    assert_eq!((&well["ok"], &well["own"]), (&json!(true), &json!(1)), "{well:#}");

    own("YY1_ShipedMass_DLI");
    let output = plant.carbide(&["mappings", "check", "--json"]);
    ended_with(&output, 2);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let problem = &report["problems"][0];
    assert_eq!(problem["code"], "META-MISSING");
    assert!(
        problem["text"].as_str().unwrap().contains("similar: YY1_ShippedMass_DLI"),
        "{report:#}"
    );
    assert!(problem["file"].as_str().unwrap().ends_with("api_outbound_delivery_srv.toml"));
    let line = shipped.lines().position(|line| line == GROSS_WEIGHT).unwrap() + 1;
    assert_eq!(problem["line"], line);
    let doctor = plant.carbide(&["doctor", "--json"]);
    assert!(text(&doctor).contains("YY1_ShipedMass_DLI"), "{}", text(&doctor));

    own("ShippingType");
    let output = plant.carbide(&["mappings", "check", "--offline"]);
    assert!(
        text(&output).contains("warn") && text(&output).contains("ShippingType"),
        "{}",
        text(&output)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_line_stops_every_command_at_its_place_and_the_check_shows_all_of_them() {
    let plant = Plant::new().await;
    let path = plant.path("mappings/fields/api_outbound_delivery_srv.toml");
    let shipped = std::fs::read_to_string(&path).unwrap();
    let wrong = GROSS_WEIGHT.replace("unit = \"ItemWeightUnit\", ", "unit_code = \"M3\", ");
    let wrong = shipped.replacen(GROSS_WEIGHT, &wrong, 1);
    std::fs::write(&path, wrong.replacen("delivery.ship_to", "delivery.shipto", 1)).unwrap();

    let output = plant.carbide(&["sync"]);
    ended_with(&output, 2);
    assert!(text(&output).contains("api_outbound_delivery_srv.toml:"), "{}", text(&output));
    let output = plant.carbide(&["mappings", "check"]);
    ended_with(&output, 2);
    let said = text(&output);
    assert!(said.contains("MAP-FIELD") && said.contains("did you mean delivery.ship_to"), "{said}");
    assert!(
        said.contains("MAP-UNIT: delivery_item.gross_weight is a mass and M3 is none"),
        "{said}"
    );
    let list = plant.carbide(&["mappings", "list", "--own"]);
    assert!(!text(&list).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_property_is_a_reason_to_read_the_set_anew_and_it_is_said() {
    let plant = Plant::new().await;
    ended_with(&plant.carbide(&["sync"]), 0);
    let path = plant.path("mappings/fields/api_outbound_delivery_srv.toml");
    let shipped = std::fs::read_to_string(&path).unwrap();
    let own = GROSS_WEIGHT.replace("\"ItemGrossWeight\"", "\"ItemNetWeight\"");
    std::fs::write(&path, shipped.replacen(GROSS_WEIGHT, &own, 1)).unwrap();

    let output = plant.carbide(&["sync"]);

    ended_with(&output, 0);
    assert!(
        text(&output).contains("the settings select other rows than before"),
        "{}",
        text(&output)
    );
}
