//! What the basis team reads is what the program says.

use std::collections::BTreeSet;
use std::path::Path;

const FAMILIES: [&str; 31] = [
    "CFG", "MAP", "UNIT", "ODATA", "SSRF", "JSON", "HTTP", "XML", "SOAP", "BAPI", "TLS", "SAP",
    "VAL", "ODBC", "METER", "FI", "JRN", "LOCK", "STORE", "MIRROR", "POST", "BKP", "AUD", "RFC",
    "TAB", "FAC", "PLAN", "LEDGER", "UPLOAD", "DEL", "LEASE",
];

fn sources(folder: &Path, text: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, text);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            let file = std::fs::read_to_string(path).unwrap();
            // Tests may speak of codes that do not exist.
            text.push_str(file.split("#[cfg(test)]").next().unwrap());
        }
    }
}

/// Codes such as `CFG-KEY` that stand in a text where a message or a constant begins.
fn codes(text: &str, begins: &[char]) -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    for part in text.split(begins) {
        let code: String = part
            .chars()
            .take_while(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || *c == '-')
            .collect();
        let family = code.split('-').next().unwrap_or_default();
        let whole = code.contains('-') && !code.ends_with('-');
        let after = part[code.len()..].chars().next();
        let ends = after.is_none_or(|c| matches!(c, ':' | ' ' | ',' | '"'));
        let protocol = code.starts_with("SOAP-ENV") || code.starts_with("SOAP-RFC");
        if whole && ends && !protocol && (FAMILIES.contains(&family) || family == "UNDO") {
            codes.insert(code);
        }
    }
    codes
}

#[test]
fn every_code_of_the_program_is_explained_and_no_other() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut program = String::new();
    sources(&root.join("src"), &mut program);
    let said = codes(&program, &['"', '\'']);
    let page = std::fs::read_to_string(root.join("docs/basis/errors.md")).unwrap();
    let cells: Vec<&str> =
        page.lines().filter_map(|line| line.strip_prefix("| ")?.split(" |").next()).collect();
    let explained = codes(&format!(" {}", cells.join(" ").replace(", ", " ")), &[' ']);

    let missing: Vec<_> = said.difference(&explained).collect();
    let invented: Vec<_> = explained.difference(&said).collect();

    assert!(said.len() > 50, "{said:?}");
    assert_eq!((missing, invented), (vec![], vec![]));
}

#[test]
fn every_service_and_path_that_sap_must_offer_is_named_for_those_who_open_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/basis/sap-side.md")).unwrap();
    let manifest: toml::Table = include_str!("../../odata/manifest.toml").parse().unwrap();

    for service in manifest["service"].as_array().unwrap() {
        let (name, version) = (&service["name"], service["version"].as_str().unwrap());
        let line =
            page.lines().find(|line| line.starts_with(&format!("| {}", name.as_str().unwrap())));
        let line = line.unwrap_or_else(|| panic!("{name} is not named"));
        assert!(line.contains(&format!("| {version} |")), "{line}");
    }
    for path in ["path", "logoff"] {
        let path = manifest["rfc"][path].as_str().unwrap();
        assert!(page.contains(&format!("`{path}`")), "{path}");
    }
}

#[test]
fn every_page_that_is_named_is_there() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/basis");
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let Ok(page) = std::fs::read_to_string(&path) else { continue };
        for link in page.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let local = !link.starts_with("http") && !link.starts_with('#');
            assert!(!local || folder.join(link).exists(), "{} names {link}", path.display());
        }
    }
}

/// The units as they ship are rated by systemd itself, where systemd is.
#[test]
fn the_units_are_hardened() {
    for unit in ["carbide-sync.service", "carbide.service"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/basis/systemd").join(unit);
        let rated = std::process::Command::new("systemd-analyze")
            .args(["security", "--offline=true", "--no-pager"])
            .arg(path)
            .output();
        let Ok(rated) = rated else { return };
        let text = String::from_utf8_lossy(&rated.stdout);
        let Some(line) = text.lines().find(|line| line.contains("Overall exposure level")) else {
            // Older than systemd 250: it cannot rate a file.
            return;
        };
        let level = line.rsplit(": ").next().and_then(|rest| rest.split(' ').next());

        assert!(level.unwrap().parse::<f64>().unwrap() <= 2.0, "{unit}: {line}");
    }
}
