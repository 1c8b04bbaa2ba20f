//! The description of the methods points to code that is there.

use std::path::Path;

const METHODS: &str = include_str!("../../docs/methods.md");

/// What stands between backticks.
fn quoted() -> Vec<&'static str> {
    METHODS.split('`').skip(1).step_by(2).collect()
}

fn is_file(text: &str) -> bool {
    let known = ["src/", "tests/", "mappings/", "benches/"].iter().any(|at| text.starts_with(at));
    known && !text.contains(' ') && !text.contains('<')
}

#[test]
fn every_file_that_is_named_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files: Vec<_> = quoted().into_iter().filter(|text| is_file(text)).collect();

    assert!(files.len() > 30, "{} files", files.len());
    for file in files {
        assert!(root.join(file).exists(), "{file}");
    }
}

#[test]
fn every_function_that_follows_a_file_is_in_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let parts: Vec<&str> = METHODS.split('`').collect();
    let mut file = None;
    let mut found = 0;
    for (at, text) in parts.iter().enumerate().skip(1).step_by(2) {
        if is_file(text) {
            file = Some(*text);
            continue;
        }
        // A name counts as one of the file before it as long as only commas stand between them.
        if parts[at - 1].trim() != "," {
            file = None;
        }
        let name = text.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_');
        let Some(file) = file.filter(|file| name && file.ends_with(".rs")) else { continue };
        let code = std::fs::read_to_string(root.join(file)).unwrap();
        assert!(code.contains(&format!("fn {text}")), "{file} has no {text}");
        found += 1;
    }

    assert!(found > 20, "{found} functions");
}
