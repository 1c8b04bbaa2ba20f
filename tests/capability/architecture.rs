//! The dependency rules between modules: later stages look upstream, never the reverse.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const WORDS: &[&str] =
    &["quantity", "unit", "id", "period", "value_state", "secret", "said", "words_by_said"];
const FACTS: &[&str] = &["master", "order", "reading", "factor"];

/// What each module may name with `crate::` beside the words, and whether it may name the facts.
/// In the order of `lib.rs`; a module that is not listed fails the test.
const MAY_USE: &[(&str, bool, &[&str])] = &[
    ("quantity", false, &[]),
    ("unit", false, &[]),
    ("id", false, &[]),
    ("period", false, &[]),
    ("value_state", false, &[]),
    ("secret", false, &[]),
    ("said", false, &[]),
    ("master", true, &[]),
    ("order", true, &[]),
    ("reading", true, &[]),
    ("factor", true, &[]),
    ("check", true, &[]),
    ("meters", true, &["check"]),
    ("footprint", true, &["check", "meters"]),
    ("ledger", true, &["check", "footprint"]),
    ("plan", true, &["check", "footprint"]),
    ("audit", false, &[]),
    ("clock", false, &[]),
    ("sap", false, &[]),
    ("source", true, &["sap"]),
    // `post` reads back what it wrote, by the one mapping of planned orders that `source` has.
    // Each row of its journal is a leaf of the audit log, whose heads it signs.
    ("post", true, &["audit", "clock", "sap", "source"]),
    ("store", true, &["check", "ledger"]),
    ("present", true, &["check", "footprint", "ledger", "plan", "post", "store"]),
    ("sandbox", true, &[]),
    // Settings name certificates, pins and signatures: they are judged by the code that uses them.
    ("config", true, &["audit", "plan", "source", "check", "meters", "footprint", "post", "sap"]),
    (
        "cycle",
        true,
        &[
            "check",
            "meters",
            "footprint",
            "ledger",
            "plan",
            "clock",
            "sap",
            "source",
            "post",
            "store",
            "config",
        ],
    ),
    ("report", true, &["check", "footprint", "present", "config", "cycle"]),
    // What the doctor compares SAP with is what the sandbox serves: the metadata we were built for.
    ("doctor", true, &["sap", "source", "post", "sandbox", "config", "cycle"]),
    // The daemon shows what a command prints, and calls what a command calls.
    (
        "serve",
        true,
        &["check", "footprint", "plan", "post", "store", "present", "config", "cycle", "report"],
    ),
    ("telemetry", false, &[]),
    (
        "cli",
        true,
        &[
            "audit",
            "check",
            "meters",
            "footprint",
            "ledger",
            "plan",
            "clock",
            "sap",
            "source",
            "post",
            "store",
            "present",
            "sandbox",
            "config",
            "cycle",
            "report",
            "doctor",
            "serve",
            "telemetry",
        ],
    ),
];

/// Modules that turn values into values: they know no clock, file, network or task.
const PURE: &[&str] = &[
    "quantity",
    "unit",
    "id",
    "period",
    "value_state",
    "said",
    "master",
    "order",
    "reading",
    "factor",
    "check",
    "meters",
    "footprint",
    "ledger",
    "plan",
    "audit",
];

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("src is there") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// Source files with the module that they belong to, without their unit tests and comments.
fn modules() -> Vec<(String, PathBuf, String)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut modules = Vec::new();
    for path in rust_files(&src) {
        let inside = path.strip_prefix(&src).expect("below src");
        let first = inside.components().next().expect("a file").as_os_str().to_string_lossy();
        let module = first.trim_end_matches(".rs").to_owned();
        if module == "lib" || module == "main" {
            continue;
        }
        // A test as a whole: it knows both ends, the client and the sandbox.
        if inside.starts_with("post/wire_simulation") {
            continue;
        }
        let source = std::fs::read_to_string(&path).expect("readable");
        let code = source.split("#[cfg(test)]").next().unwrap_or_default();
        let code: Vec<&str> =
            code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        modules.push((module, inside.to_owned(), code.join("\n")));
    }
    modules
}

fn first_word(rest: &str) -> &str {
    rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()
}

#[test]
fn modules_only_look_upstream() {
    let rules: BTreeMap<_, _> =
        MAY_USE.iter().map(|(module, facts, others)| (*module, (*facts, *others))).collect();
    for (module, path, source) in modules() {
        let (facts, others) = rules
            .get(module.as_str())
            .unwrap_or_else(|| panic!("{}: module {module} is not in the rules", path.display()));
        for used in source.split("crate::").skip(1).map(first_word) {
            let allowed = used == module
                || WORDS.contains(&used)
                || (*facts && FACTS.contains(&used))
                || others.contains(&used);
            assert!(allowed, "{}: `{module}` may not use `{used}`", path.display());
        }
    }
}

#[test]
fn facts_and_judgement_know_no_clock_no_file_and_no_network() {
    const OUTSIDE: &[&str] = &[
        "std::fs",
        "std::net",
        "std::env",
        "std::process",
        "Instant::now",
        "SystemTime",
        "Timestamp::now",
        "Zoned::now",
        "async fn",
        "tokio::",
        "reqwest",
        "rusqlite",
        "odbc_api",
    ];
    for (module, path, source) in modules() {
        for outside in OUTSIDE.iter().filter(|_| PURE.contains(&module.as_str())) {
            assert!(!source.contains(outside), "{}: `{outside}` in {module}", path.display());
        }
    }
}

#[test]
fn each_protocol_has_one_home() {
    const HOMES: &[(&str, &[&str])] = &[
        // Traces go to a collector, and log-ons to a directory, by the same client.
        ("reqwest", &["sap", "telemetry", "serve"]),
        ("odbc_api", &["source"]),
        ("rusqlite", &["post", "store", "sandbox"]),
        ("axum", &["sandbox", "serve"]),
    ];
    for (module, path, source) in modules() {
        for (library, homes) in HOMES {
            let used = source.contains(&format!("{library}::"));
            let at_home = homes.contains(&module.as_str());
            assert!(!used || at_home, "{}: `{library}` in {module}", path.display());
        }
    }
}
