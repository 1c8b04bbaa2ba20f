//! Only what the manifest lists is touched in SAP.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use carbide::sap::interfaces::role;
use carbide::source::sap::{PLANNED_ORDERS_V4, SERVICES};

use crate::command_line::{Plant, ended_with, text};

fn manifest() -> toml::Table {
    include_str!("../../odata/manifest.toml").parse().unwrap()
}

fn words(value: Option<&toml::Value>) -> BTreeSet<String> {
    let list = value.and_then(toml::Value::as_array).into_iter().flatten();
    list.map(|word| word.as_str().unwrap().to_owned()).collect()
}

/// Every text literal in the modules that speak with SAP.
fn literals(folder: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let source = std::fs::read_to_string(&path).unwrap();
            let code = source.split("#[cfg(test)]").next().unwrap();
            found.extend(code.split('"').skip(1).step_by(2).map(str::to_owned));
        }
    }
    found
}

#[test]
fn every_service_is_in_the_manifest_with_its_path_and_version() {
    let manifest = manifest();
    let listed: BTreeMap<&str, (&str, &str)> = manifest["service"]
        .as_array()
        .unwrap()
        .iter()
        .map(|service| {
            let text = |key: &str| service[key].as_str().unwrap();
            (text("name"), (text("path"), text("version")))
        })
        .collect();

    // One is no service that a system must have: planned orders by V4 are a choice.
    assert_eq!(listed.len(), SERVICES.len() + 1);
    for service in SERVICES.iter().chain([&PLANNED_ORDERS_V4]) {
        let version = format!("{:?}", service.version);
        assert_eq!(listed[service.name], (service.path, version.as_str()), "{}", service.name);
    }
}

#[test]
fn every_entity_set_that_is_read_is_in_the_manifest() {
    let manifest = manifest();
    let listed: BTreeSet<String> = manifest["service"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|service| words(service.get("read")))
        .collect();
    let source = literals("source");
    let is_set = |name: &str| name.starts_with("A_") || listed.contains(name);

    let read: BTreeSet<String> = source.into_iter().filter(|name| is_set(name)).collect();

    assert!(read.is_subset(&listed), "not in the manifest: {:?}", read.difference(&listed));
}

#[test]
fn every_function_module_that_is_called_is_in_the_manifest() {
    let manifest = manifest();
    let listed: BTreeSet<String> = ["read", "write", "plan", "refused"]
        .iter()
        .flat_map(|list| words(manifest["rfc"].get(list)))
        .chain(manifest["rfc"]["table_reading"]["unpublished"].as_str().map(str::to_owned))
        .collect();
    let roles = [role::READ, role::PLAN, role::POST];
    // The NW RFC library's own names, our error codes and a field of S_RFC are no function modules.
    let library = literals("sap/nw_rfc");
    let called: BTreeSet<String> = ["post", "sap", "cli", "doctor"]
        .iter()
        .flat_map(|folder| literals(folder))
        .filter(|text| {
            ["BAPI_", "RFC_", "RFCPING", "Z_CARBIDE_"].iter().any(|start| text.starts_with(start))
        })
        .filter(|text| !text.contains(' ') && !roles.contains(&text.as_str()))
        .filter(|text| !library.contains(text) && text != "RFC_NAME")
        .collect();

    assert_eq!(called, listed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_uses_nothing_but_the_manifest_and_the_record_shows_it() {
    let plant = Plant::new().await;
    for arguments in [
        &["doctor"][..],
        &["sync"],
        &["plan"],
        &["post", "--no-wait"],
        &["post", "--carbon", "--no-wait"],
    ] {
        plant.carbide(arguments);
    }

    let shown = plant.json(&["interfaces", "--trace"]);

    assert_eq!(shown["ok"], true, "{shown:#}");
    let used: BTreeSet<(&str, &str)> = shown["used"]
        .as_array()
        .unwrap()
        .iter()
        .map(|used| (used["method"].as_str().unwrap(), used["object"].as_str().unwrap()))
        .collect();
    // The doctor, the reads, the plan and the carbon posting all left their mark.
    for seen in [
        ("GET", "$metadata"),
        ("GET", "A_Product"),
        ("GET", "WorkCenterHeader/_Capacity"),
        ("POST", "A_PlannedOrder"),
        ("CALL", "BAPI_ACC_DOCUMENT_POST"),
        ("CALL", "BAPI_TRANSACTION_COMMIT"),
    ] {
        assert!(used.contains(&seen), "{seen:?} is not in {used:#?}");
    }
    let record = std::fs::read_to_string(plant.path("state/interfaces.trace")).unwrap();
    assert!(!record.contains("filter") && !record.contains('('), "only names are recorded");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_use_outside_of_the_manifest_is_shown_and_ends_with_1() {
    let plant = Plant::new().await;
    std::fs::create_dir(plant.path("state")).unwrap();
    let line = r#"{"at":"2026-01-31T10:00:00Z","method":"CALL","service":"RFC","object":"RFC_READ_TABLE","count":3}"#;
    std::fs::write(plant.path("state/interfaces.trace"), line.to_owned() + "\n").unwrap();

    let shown = plant.carbide(&["interfaces", "--trace"]);

    ended_with(&shown, 1);
    assert!(text(&shown).contains("OUTSIDE"), "{}", text(&shown));
    ended_with(&plant.carbide(&["interfaces", "--trace", "--since", "2026-02-01"]), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_manifest_and_the_role_are_printed_for_people_and_machines() {
    let plant = Plant::new().await;

    let listed = text(&plant.carbide(&["interfaces"]));
    let role = text(&plant.carbide(&["interfaces", "--role"]));

    for service in SERVICES {
        assert!(listed.contains(service.name), "{listed}");
    }
    assert!(listed.contains("BAPI_ACC_DOCUMENT_POST"), "{listed}");
    assert!(role.contains("Z_CARBIDE_READ") && role.contains("F_BKPF_BUK"), "{role}");
    let services = plant.json(&["interfaces"])["service"].as_array().unwrap().len();
    assert_eq!(services, SERVICES.len() + 1);
    assert!(plant.json(&["interfaces", "--role"]).as_array().unwrap().len() > 20);
}
