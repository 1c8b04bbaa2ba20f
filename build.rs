//! Gives the planner's sources one hash. It stands in every certificate of a plan, so that an auditor
//! can say which code made it.

use std::path::{Path, PathBuf};
use std::{env, fs};

use sha2::{Digest, Sha256};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/plan.rs");
    println!("cargo::rerun-if-changed=src/plan");
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo says where it is"));
    let mut paths = vec!["src/plan.rs".to_owned()];
    below(&root, "src/plan", &mut paths);
    paths.sort();
    // The form of `sha256sum`, so that a shell can compute it again.
    let lines: String = paths
        .iter()
        .map(|path| {
            format!("{}  {path}\n", sha256(&fs::read(root.join(path)).expect("it is there")))
        })
        .collect();
    println!("cargo::rustc-env=CARBIDE_PLAN_SHA256={}", sha256(lines.as_bytes()));
}

fn below(root: &Path, folder: &str, paths: &mut Vec<String>) {
    for entry in fs::read_dir(root.join(folder)).expect("the planner's folder") {
        let entry = entry.expect("an entry of it");
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            below(root, &path, paths);
        } else if path.ends_with(".rs") {
            paths.push(path);
        }
    }
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
