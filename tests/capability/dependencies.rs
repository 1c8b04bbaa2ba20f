//! Every dependency has a permissive licence.

use std::process::Command;

/// Licences that may be linked into a binary that we hand out under Apache-2.0.
const PERMISSIVE: &[&str] = &[
    "MIT",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "Unicode-3.0",
    "0BSD",
    "MIT-0",
    "Unlicense",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
];

/// Whether one choice of an SPDX expression is made of permissive licences only. Reads `A OR B AND
/// C WITH E` flatly: enough for the expressions that crates use.
fn is_permissive(expression: &str) -> bool {
    let flat = expression.replace(['(', ')'], " ").replace('/', " OR ");
    flat.split(" OR ").any(|choice| {
        choice.split(" AND ").all(|licence| {
            let name = licence.split(" WITH ").next().unwrap_or_default().trim();
            PERMISSIVE.contains(&name)
        })
    })
}

#[test]
fn every_dependency_has_a_permissive_licence() {
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    let metadata: serde_json::Value =
        serde_json::from_slice(&metadata.stdout).expect("cargo metadata prints JSON");

    let packages = metadata["packages"].as_array().expect("packages");
    let refused: Vec<String> = packages
        .iter()
        .filter(|package| !is_permissive(package["license"].as_str().unwrap_or("none")))
        .map(|package| format!("{} {}", package["name"], package["license"]))
        .collect();

    assert!(packages.len() > 100, "the list is too short to be true: {}", packages.len());
    assert!(refused.is_empty(), "{refused:#?}");
}

#[test]
fn copyleft_would_be_noticed() {
    assert!(is_permissive("MIT OR GPL-3.0"));
    assert!(!is_permissive("GPL-3.0-only"));
    assert!(!is_permissive("MIT AND LGPL-2.1-or-later"));
}
