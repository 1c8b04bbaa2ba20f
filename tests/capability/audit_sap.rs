//! Journal and SAP side by side: whatever one has and the other has not is found, by number, key and amount.

use carbide::clock::{Clock, SystemClock};
use carbide::post::ChangeSetDraft;
use carbide::post::FiPosting;
use carbide::post::comparison::{Comparison, Difference};
use carbide::post::journal::Journal;
use carbide::sandbox::RunningSandbox;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::bad_inputs_fi::{draft, poster, posting, sandbox};
use crate::command_line::{Plant, ended_with, text};
use crate::support::{edit, truth};

const ITEMS: &str = "A_OperationalAcctgDocItemCube";

fn of(boundary: &str) -> ChangeSetDraft {
    draft(FiPosting { boundary: boundary.to_owned(), ..posting() })
}

/// The documents that are truly there: number and key.
async fn documents(sandbox: &RunningSandbox) -> Vec<(String, String)> {
    let ledger = truth(sandbox, "ledger").await;
    let documents = ledger["fi_documents"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    documents.map(|of| (text(&of["number"]), text(&of["reference"][1]))).collect()
}

async fn compared(sandbox: &RunningSandbox, folder: &std::path::Path) -> Comparison {
    poster(&sandbox.url(), "100", folder).compare_with_sap().await.unwrap()
}

/// The one difference.
fn only(found: &Comparison) -> (Difference, String) {
    assert_eq!(found.discrepancies.len(), 1, "{found:#?}");
    (found.discrepancies[0].difference, found.discrepancies[0].to_string())
}

/// Somebody enters a document with this key.
async fn enters(sandbox: &RunningSandbox, number: &str, key: &str) {
    let row = json!({
        "CompanyCode": "1010", "FiscalYear": "2018", "AccountingDocument": number,
        "AccountingDocumentItem": "001",
    });
    let change = json!({
        "ReferenceDocumentType": "ZCARB", "OriginalReferenceDocument": key,
        "CompanyCodeCurrency": "EUR", "AmountInCompanyCodeCurrency": "77.500",
        "AccountingDocCreatedByUser": "MEIER",
    });
    edit(sandbox, ITEMS, row, Some(change)).await;
}

#[tokio::test]
async fn what_was_posted_and_what_was_taken_back_agrees() {
    let (sandbox, folder) = (sandbox().await, tempfile::tempdir().unwrap());
    let mut books = poster(&sandbox.url(), "100", folder.path());
    books.apply(of("first")).await.unwrap();
    let second = books.apply(of("second")).await.unwrap().change_set_id;
    books.undo(Some(&second), "finance").await.unwrap();
    drop(books);

    let found = compared(&sandbox, folder.path()).await;

    assert_eq!((found.asked, found.in_sap), (1, 3), "two documents and a reversal");
    assert_eq!(found.discrepancies, []);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_document_under_our_tag_that_the_journal_does_not_know_is_found() {
    let (sandbox, folder) = (sandbox().await, tempfile::tempdir().unwrap());
    poster(&sandbox.url(), "100", folder.path()).apply(of("first")).await.unwrap();
    let (_, ours) = documents(&sandbox).await.remove(0);
    let key = format!("{}0123456789ABCDEF", &ours[..4]);
    enters(&sandbox, "1999999999", &key).await;

    let (difference, said) = only(&compared(&sandbox, folder.path()).await);

    assert_eq!(difference, Difference::NotInJournal);
    for part in ["1999999999", &key, "77.5", "EUR", "MEIER"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    sandbox.stop().await;
}

#[tokio::test]
async fn what_an_older_copy_does_not_know_is_named_without_the_companion_too() {
    let (sandbox, folder) = (sandbox().await, tempfile::tempdir().unwrap());
    let copy = tempfile::tempdir().unwrap();
    poster(&sandbox.url(), "100", folder.path()).apply(of("first")).await.unwrap();
    std::fs::copy(folder.path().join("journal.db"), copy.path().join("journal.db")).unwrap();
    poster(&sandbox.url(), "100", folder.path()).apply(of("second")).await.unwrap();
    let (number, key) = documents(&sandbox).await.remove(1);

    let found = compared(&sandbox, copy.path()).await;

    let (difference, said) = only(&found);
    assert_eq!(difference, Difference::NotInJournal);
    assert!(said.contains(&number) && said.contains(&key), "{said}");
    assert_eq!(found.discrepancies[0].amount, Some(Decimal::new(8500, 2)));
    sandbox.stop().await;
}

#[tokio::test]
async fn a_document_of_another_journal_is_told_apart() {
    let (sandbox, folder) = (sandbox().await, tempfile::tempdir().unwrap());
    let other = tempfile::tempdir().unwrap();
    poster(&sandbox.url(), "100", folder.path()).apply(of("first")).await.unwrap();
    poster(&sandbox.url(), "100", other.path()).apply(of("second")).await.unwrap();
    enters(&sandbox, "1999999998", "SOMETHING").await;

    let found = compared(&sandbox, folder.path()).await;

    let mut kinds: Vec<Difference> = found.discrepancies.iter().map(|of| of.difference).collect();
    kinds.sort_by_key(|kind| format!("{kind:?}"));
    assert_eq!(kinds, [Difference::NoKeyOfOurs, Difference::OfAnotherJournal]);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_document_that_is_gone_from_sap_is_found() {
    let (sandbox, folder) = (sandbox().await, tempfile::tempdir().unwrap());
    poster(&sandbox.url(), "100", folder.path()).apply(of("first")).await.unwrap();
    let (number, key) = documents(&sandbox).await.remove(0);
    edit(&sandbox, ITEMS, json!({ "AccountingDocument": number }), None).await;

    let (difference, said) = only(&compared(&sandbox, folder.path()).await);

    assert_eq!(difference, Difference::OtherwiseInSap);
    assert!(said.starts_with("CS-1, item 1: document ") && said.contains(&number), "{said}");
    assert!(said.contains(&key) && said.contains("85.00 EUR"), "{said}");
    sandbox.stop().await;
}

#[tokio::test]
async fn another_amount_and_a_key_that_stands_twice_are_found() {
    let (sandbox, folder) = (sandbox().await, tempfile::tempdir().unwrap());
    poster(&sandbox.url(), "100", folder.path()).apply(of("first")).await.unwrap();
    let (number, key) = documents(&sandbox).await.remove(0);
    let debit = json!({ "AccountingDocument": number, "AccountingDocumentItem": "001" });
    let change = json!({ "AmountInCompanyCodeCurrency": "86.00" });
    edit(&sandbox, ITEMS, debit, Some(change)).await;

    let (difference, said) = only(&compared(&sandbox, folder.path()).await);

    assert_eq!(difference, Difference::Amount);
    assert!(said.contains("86.00 EUR") && said.contains("posted 85.00 EUR"), "{said}");
    enters(&sandbox, "1999999997", &key).await;
    let found = compared(&sandbox, folder.path()).await;
    assert!(found.discrepancies.iter().any(|of| of.difference == Difference::Twice), "{found:#?}");
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_ends_with_5_and_names_what_is_otherwise() {
    let plant = Plant::new().await;
    let config = carbide::config::Config::load(&plant.path("carbide.toml")).unwrap();
    let folder = config.path(&config.settings.post.directory);
    drop(Journal::open(&folder.join("journal.db"), &SystemClock.now()).unwrap());
    ended_with(&plant.carbide(&["audit", "verify", "--sap"]), 0);
    enters(&plant.sandbox, "1999999999", "JZZZ0123456789ABCDEF").await;

    let said = plant.carbide(&["audit", "verify", "--sap"]);
    let found = plant.json(&["audit", "verify", "--sap"]);

    ended_with(&said, 5);
    assert!(text(&said).contains("document 1999999999"), "{}", text(&said));
    let found = &found["sap"]["discrepancies"][0];
    assert_eq!(found["difference"], "of_another_journal", "{found:#}");
    assert_eq!(found["key"], "JZZZ0123456789ABCDEF");
    assert_eq!(found["amount"], "77.500");
    ended_with(&plant.carbide(&["audit", "verify"]), 0);
}
