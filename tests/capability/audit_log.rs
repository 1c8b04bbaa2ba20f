//! What an auditor asks: every row, a proof for each, and a check that needs nothing of ours.

use std::path::Path;
use std::process::{Command, Output};

use carbide::clock::{Clock, SystemClock};
use carbide::post::ChangeSetId;
use carbide::post::journal::{Journal, Record};
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_carbide");
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/audit/verify.py");

/// A folder with the example settings and a journal of `rows` rows.
fn installation(rows: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let init = ["config", "init", folder.path().to_str().unwrap()];
    assert!(Command::new(BINARY).args(init).output().unwrap().status.success());
    let settings = carbide::config::Config::load(&folder.path().join("carbide.toml")).unwrap();
    let path = settings.path(&settings.settings.post.directory).join("journal.db");
    append(&path, 1..rows, "closed: \"ä\"");
    folder
}

/// Appends a row for each number, and makes the journal if it is not there.
fn append(path: &Path, numbers: std::ops::Range<usize>, what: &str) {
    let mut journal = Journal::open(path, &SystemClock.now()).unwrap();
    let writing = journal.begin_writing().unwrap();
    for number in numbers {
        let refused =
            Record::Refused { reason: format!("Period {number} is {what}"), deletions_of: None };
        let id = ChangeSetId::numbered(number);
        journal.append(&writing, &id, &refused, &SystemClock.now()).unwrap();
    }
}

fn carbide(folder: &Path, arguments: &[&str]) -> Output {
    let settings = folder.join("carbide.toml");
    Command::new(BINARY).arg("--config").arg(settings).args(arguments).output().unwrap()
}

fn json_of(folder: &Path, arguments: &[&str]) -> Value {
    let output = carbide(folder, arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"))
}

/// Whether the third party's script takes `proof`.
fn third_party_accepts(folder: &Path, proof: &Value) -> bool {
    let file = folder.join("proof.json");
    std::fs::write(&file, proof.to_string()).unwrap();
    let output = Command::new("python3").arg(SCRIPT).arg(&file).output().unwrap();
    output.status.success()
}

#[test]
fn a_third_party_checks_every_row_and_refuses_a_changed_one() {
    let folder = installation(6);
    let folder = folder.path();
    for row in 1..=6 {
        let proof = json_of(folder, &["audit", "prove", "inclusion", &row.to_string()]);
        assert!(third_party_accepts(folder, &proof), "{proof}");

        for (field, value) in [
            ("payload", json!("{}")),
            ("seq", json!(row % 6 + 1)),
            ("kind", json!("OPEN")),
            ("change_set", json!("CS-77")),
            ("wall", json!("2001-01-01T00:00:00Z")),
            ("previous_hash", json!("00".repeat(31) + "01")),
            ("hash", json!("00".repeat(32))),
        ] {
            let mut tampered = proof.clone();
            tampered["row"][field] = value;
            assert!(!third_party_accepts(folder, &tampered), "row {row}, {field}");
        }
        let mut tampered = proof.clone();
        tampered["path"][0] = json!("11".repeat(32));
        assert!(!third_party_accepts(folder, &tampered), "row {row}, path");
    }
}

#[test]
fn a_third_party_sees_that_the_log_only_grew() {
    let folder = installation(6);
    let folder = folder.path();
    let head = json_of(folder, &["audit", "head", "--json"]);
    for earlier in 1..=6 {
        let proof = json_of(folder, &["audit", "prove", "consistency", &earlier.to_string(), "6"]);
        assert_eq!(proof["root"], head["root"]);
        assert!(third_party_accepts(folder, &proof), "{proof}");

        for field in ["root", "earlier_root"] {
            let mut tampered = proof.clone();
            tampered[field] = json!("22".repeat(32));
            assert!(!third_party_accepts(folder, &tampered), "from {earlier}, {field}");
        }
    }
}

#[test]
fn export_prints_each_row_with_its_place_in_the_chain() {
    let folder = installation(4);
    let output = carbide(folder.path(), &["journal", "export"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();

    assert_eq!(rows.len(), 4);
    let names: Vec<&String> = rows[0].as_object().unwrap().keys().collect();
    assert_eq!(
        names,
        [
            "seq",
            "change_set",
            "kind",
            "version",
            "wall",
            "since_boot_ns",
            "boot_id",
            "payload",
            "previous_hash",
            "hash",
        ]
    );
    assert_eq!(rows[0]["previous_hash"], "00".repeat(32));
    assert!(rows.windows(2).all(|pair| pair[1]["previous_hash"] == pair[0]["hash"]));
}

#[test]
fn a_row_that_is_not_there_has_no_proof() {
    let folder = installation(2);
    for asked in [["inclusion", "0"].as_slice(), &["inclusion", "3"], &["consistency", "1", "3"]] {
        let output = carbide(folder.path(), &[&["audit", "prove"], asked].concat());
        assert_eq!(output.status.code(), Some(1), "{asked:?}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn a_checkpoint_shows_an_older_copy_of_the_journal_and_a_rewritten_one() {
    let folder = installation(4);
    let folder = folder.path();
    let path = folder.join("state/journal.db");
    let copy = std::fs::read(&path).unwrap();
    append(&path, 4..6, "closed");
    let note =
        json_of(folder, &["audit", "checkpoint", "--json"])["note"].as_str().unwrap().to_owned();
    let key = json_of(folder, &["audit", "key", "--json"])["key"].as_str().unwrap().to_owned();
    let whole = json_of(folder, &["audit", "verify", "--key", &key, "--json"]);

    std::fs::write(&path, &copy).unwrap();
    let cut = carbide(folder, &["audit", "verify", "--json"]);
    append(&path, 4..6, "open");
    let rewritten = json_of(folder, &["audit", "verify", "--json"]);

    assert!(note.contains("\n6\n"), "{note}");
    assert_eq!((&whole["checkpoints"], &whole["problems"]), (&json!(1), &json!([])));
    assert_eq!(cut.status.code(), Some(4));
    assert!(String::from_utf8_lossy(&cut.stdout).contains("AUD-CUT"));
    let problem = rewritten["problems"][0].as_str().unwrap();
    assert!(problem.starts_with("AUD-REWRITTEN") && problem.contains("first 6 rows"), "{problem}");
}

#[test]
fn a_checkpoint_that_somebody_edited_is_not_believed() {
    let folder = installation(4);
    let folder = folder.path();
    let note =
        json_of(folder, &["audit", "checkpoint", "--json"])["note"].as_str().unwrap().to_owned();
    let edited = folder.join("edited.note");
    std::fs::write(&edited, note.replace("\n4\n", "\n3\n")).unwrap();

    let verified =
        json_of(folder, &["audit", "verify", "--json", "--from", edited.to_str().unwrap()]);

    assert_eq!(verified["checkpoints"], 1);
    let problem = verified["problems"][0].as_str().unwrap();
    assert!(problem.starts_with("AUD-NOTE") && problem.contains("signature"), "{problem}");
}
