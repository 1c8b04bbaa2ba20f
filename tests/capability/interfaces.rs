//! Only what the manifest lists is touched in SAP.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use carbide::source::sap::SERVICES;

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

    assert_eq!(listed.len(), SERVICES.len());
    for service in SERVICES {
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
    let listed: BTreeSet<String> = words(manifest["rfc"].get("read"))
        .union(&words(manifest["rfc"].get("write")))
        .cloned()
        .collect();
    let called: BTreeSet<String> = ["post", "sap", "cli"]
        .iter()
        .flat_map(|folder| literals(folder))
        .filter(|text| text.starts_with("BAPI_") || text.starts_with("RFC"))
        .collect();

    assert_eq!(called, listed);
}
