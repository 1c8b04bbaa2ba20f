//! Journals that are of another system or of another time.

use std::path::Path;

use carbide::clock::{Clock, Moment, SystemClock};
use carbide::post::journal::{Journal, Record, Row, export};
use carbide::post::{ChangeSetId, FiPosting};
use carbide::sandbox::{RunningSandbox, SandboxOptions};

use crate::bad_inputs::answered;
use crate::bad_inputs_fi::{draft, poster, posting, sandbox, try_poster};
use crate::support::truth;

#[tokio::test]
async fn journal_01_another_client() {
    let (sandbox, folder) = (sandbox().await, tempfile::tempdir().unwrap());
    poster(&sandbox.url(), "100", folder.path()).apply(draft(posting())).await.unwrap();

    let other = try_poster(&sandbox.url(), "200", folder.path());

    let said = other.map(drop).unwrap_err().to_string();
    answered("journal-01", &said);
    assert!(said.contains("S4H/100") && said.contains("S4H/200"), "{said}");
    sandbox.stop().await;
}

/// The files of a journal that nobody has open.
fn copied(from: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(from).unwrap().map(|entry| entry.unwrap().path()) {
        if file.is_file() {
            std::fs::copy(&file, copy.path().join(file.file_name().unwrap())).unwrap();
        }
    }
    copy
}

#[tokio::test]
async fn journal_03_a_copy_from_before_the_last_posting() {
    let options = SandboxOptions { companion: true, ..SandboxOptions::local("CARBIDE", "test") };
    let sandbox = RunningSandbox::start(options).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let of = |boundary: &str| draft(FiPosting { boundary: boundary.to_owned(), ..posting() });
    poster(&sandbox.url(), "100", folder.path()).apply(of("first")).await.unwrap();
    let copy = copied(folder.path());
    poster(&sandbox.url(), "100", folder.path()).apply(of("second")).await.unwrap();
    let documents = truth(&sandbox, "ledger").await["fi_documents"].clone();

    let refused = poster(&sandbox.url(), "100", copy.path()).apply(of("third")).await;

    let said = refused.unwrap_err().to_string();
    answered("journal-03", &said);
    assert!(said.contains("There it is CS-2, posting 2, noted by CARBIDE"), "{said}");
    assert!(said.contains("ends with CS-1 (posting 1)"), "{said}");
    assert_eq!(truth(&sandbox, "ledger").await["fi_documents"], documents);
    // The newest one posts on.
    poster(&sandbox.url(), "100", folder.path()).apply(of("third")).await.unwrap();
    sandbox.stop().await;
}

/// A journal with one change set that was refused.
fn journal(path: &Path) -> Journal {
    let mut journal = Journal::open(path, &SystemClock.now()).unwrap();
    let (writing, id) = (journal.begin_writing().unwrap(), journal.next_id());
    let reserved = Record::SpaceReserved { bytes: 1, items: 1 };
    let refused = Record::Refused { reason: "test".to_owned(), deletions_of: None };
    journal.append_all(&writing, &id, &[reserved, refused], &SystemClock.now()).unwrap();
    drop(writing);
    journal
}

/// Appends a row as another version of Carbide would: chained to what is there.
fn append(path: &Path, change_set: &str, kind: &str, version: i64, payload: &str) {
    let sql = rusqlite::Connection::open(path).unwrap();
    let (seq, before): (i64, [u8; 32]) = sql
        .query_row("SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    let at: Moment = SystemClock.now();
    let row = Row {
        seq: seq + 1,
        change_set: change_set.to_owned(),
        kind: kind.to_owned(),
        version,
        at,
        payload: payload.to_owned(),
    };
    let hash = row.hash(&before);
    sql.execute(
        "INSERT INTO journal VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        rusqlite::params![
            row.seq,
            row.change_set,
            row.kind,
            row.version,
            row.at.wall.to_string(),
            row.at.since_boot.as_nanos() as i64,
            row.at.boot_id,
            row.payload,
            hash.as_slice(),
        ],
    )
    .unwrap();
}

#[test]
fn journal_02_a_newer_version_wrote_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    drop(journal(&path));
    append(
        &path,
        "CS-2",
        "SPACE_RESERVED",
        99,
        r#"{"type":"SPACE_RESERVED","bytes":1,"items":1,"new":[1]}"#,
    );
    append(&path, "CS-2", "SEALED_TWICE", 99, r#"{"type":"SEALED_TWICE","where":"moon"}"#);
    append(&path, "CS-2", "REFUSED", 99, r#"{"type":"REFUSED","reason":"later"}"#);

    let mut journal = Journal::open(&path, &SystemClock.now()).unwrap();

    // What is known of it is shown, with what the newer kind did left out.
    let phases: Vec<String> =
        journal.change_sets().iter().map(|set| format!("{} {}", set.id, set.state.phase)).collect();
    assert_eq!(phases, ["CS-1 REFUSED", "CS-2 REFUSED"]);
    answered("journal-02", &journal.begin_writing().unwrap_err().to_string());
    assert_eq!(export(&path).unwrap().len(), 6);
    assert_eq!(journal.verify(&SystemClock.now()).unwrap().damage, None);
}

#[test]
fn a_field_that_is_not_known_does_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    drop(journal(&path));
    append(
        &path,
        "CS-2",
        "SPACE_RESERVED",
        3,
        r#"{"type":"SPACE_RESERVED","bytes":1,"items":1,"new":1}"#,
    );

    let mut journal = Journal::open(&path, &SystemClock.now()).unwrap();
    let writing = journal.begin_writing().unwrap();
    let refused = Record::Refused { reason: "goes on".to_owned(), deletions_of: None };
    journal.append(&writing, &ChangeSetId::numbered(2), &refused, &SystemClock.now()).unwrap();

    assert_eq!(journal.change_sets().len(), 2);
}

#[test]
fn a_kind_that_is_not_known_in_a_version_that_is_means_damage() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    drop(journal(&path));
    append(&path, "CS-1", "SEALED_TWICE", 3, r#"{"type":"SEALED_TWICE"}"#);

    let mut journal = Journal::open(&path, &SystemClock.now()).unwrap();

    assert!(journal.begin_writing().unwrap_err().to_string().starts_with("JRN-CORRUPT"));
}
