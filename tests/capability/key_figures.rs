//! Statistical key figures beside the FI document: posted once by the companion, and taken back.

use carbide::clock::SystemClock;
use carbide::id::{CompanyCode, CostCenter, GlAccount};
use carbide::period::PostingPeriod;
use carbide::post::journal::SapNumber;
use carbide::post::state::{ItemState, Phase};
use carbide::post::{
    ChangeSetDraft, FiLine, FiPosting, KeyFigureLine, KeyFigurePosting, NewDocument, PostSettings,
    Poster, SapBooks, SystemRole,
};
use carbide::sandbox::{RunningSandbox, SandboxOptions};
use carbide::value_state::ValueState;
use jiff::SignedDuration;
use jiff::civil::date;
use rust_decimal::Decimal;
use serde_json::Value;

use crate::support::{PASSWORD, odata, rfc, truth};

async fn sap(companion: bool) -> RunningSandbox {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let local = SandboxOptions::local("CARBIDE", PASSWORD);
    RunningSandbox::start(SandboxOptions { companion, ..local }).await.unwrap()
}

fn poster(sandbox: &RunningSandbox, folder: &tempfile::TempDir) -> Poster<SapBooks, SystemClock> {
    let sap = SapBooks { odata: odata(sandbox), rfc: rfc(sandbox) };
    let settings = PostSettings::new("SBX", "100", SystemRole::Sandbox)
        .with_settle(SignedDuration::from_secs(1));
    Poster::open(&folder.path().join("journal.db"), sap, settings, SystemClock).unwrap()
}

/// A tonne of September, in money and in kilograms.
fn september(cost_center: &str) -> ChangeSetDraft {
    let day = date(2018, 9, 30);
    let period = PostingPeriod { year: 2018, month: 9 };
    let company_code = CompanyCode::new("1010").unwrap();
    let kilograms = Decimal::new(1_000_000, 3);
    let line = |account: &str, amount: i64, quantity_kg| FiLine {
        gl_account: GlAccount::new(account).unwrap(),
        cost_center: None,
        amount: Decimal::new(amount, 2),
        quantity_kg,
        text: "CO2e 2018-09".to_owned(),
        scope: Some(2),
        value_state: ValueState::Measured,
        evidence: "E-1".to_owned(),
    };
    let posting = FiPosting {
        company_code: company_code.clone(),
        document_type: "SA".to_owned(),
        document_date: day,
        posting_date: day,
        period,
        currency: "EUR".to_owned(),
        boundary: "plant 1010 scope 1+2".to_owned(),
        kind: "valued".to_owned(),
        revision: 1,
        reversal_reason: "01".to_owned(),
        lines: vec![line("476500", 8500, Some(kilograms)), line("399900", -8500, None)],
    };
    let figures = KeyFigurePosting {
        controlling_area: "1000".to_owned(),
        company_code,
        document_date: day,
        posting_date: day,
        period,
        boundary: posting.boundary.clone(),
        kind: posting.kind.clone(),
        revision: 1,
        lines: vec![KeyFigureLine {
            key_figure: "CO2E".to_owned(),
            cost_center: CostCenter::new(cost_center).unwrap(),
            quantity_kg: kilograms,
            text: "CO2e 2018-09".to_owned(),
            value_state: ValueState::Measured,
        }],
    };
    ChangeSetDraft {
        purpose: "September".to_owned(),
        requested_by: "controller".to_owned(),
        plan_hash: "h".to_owned(),
        after: None,
        at_confirm: Vec::new(),
        documents: vec![NewDocument::FiDocument(posting), NewDocument::KeyFigures(figures)],
    }
}

async fn ledger(sandbox: &RunningSandbox, what: &str) -> Vec<Value> {
    truth(sandbox, "ledger").await[what].as_array().unwrap().clone()
}

fn quantity(document: &Value) -> Decimal {
    document["items"][0]["quantity"].as_str().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn key_figures_are_posted_beside_fi_and_taken_back_by_the_negative_quantity() {
    let (sandbox, folder) = (sap(true).await, tempfile::tempdir().unwrap());
    let mut poster = poster(&sandbox, &folder);

    let receipt = poster.apply(september("101011")).await.unwrap();

    let there = ledger(&sandbox, "key_figures").await;
    assert_eq!(there.len(), 1);
    assert_eq!(quantity(&there[0]), Decimal::from(1_000));
    assert!(there[0]["text"].as_str().unwrap().starts_with("CRB "), "{there:?}");
    let number = there[0]["number"].as_str().unwrap().to_owned();
    assert_eq!(receipt.items[1].number, Some(SapNumber::KeyFigures(number.clone())));

    let report = poster.undo(None, "controller").await.unwrap();

    assert_eq!(report.phase, Phase::RolledBack, "{report:?}");
    let there = ledger(&sandbox, "key_figures").await;
    assert_eq!(there.len(), 2);
    assert_eq!(quantity(&there[1]), Decimal::from(-1_000));
    assert_eq!(there[1]["text"], format!("reverses {number}"));
    let reversal = report.items[1].reversal.clone().unwrap().padded();
    assert_eq!(there[1]["number"], reversal.as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_is_not_posted_again() {
    let (sandbox, folder) = (sap(true).await, tempfile::tempdir().unwrap());
    let mut poster = poster(&sandbox, &folder);
    let mut alone = september("101011");
    alone.documents.remove(0);
    poster.apply(alone.clone()).await.unwrap();

    let refused = poster.apply(alone).await.unwrap_err().to_string();

    assert!(refused.contains("already") && refused.contains("revision 2"), "{refused}");
    assert_eq!(ledger(&sandbox, "key_figures").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cost_center_that_sap_does_not_know_refuses_all_of_it() {
    let (sandbox, folder) = (sap(true).await, tempfile::tempdir().unwrap());
    let mut poster = poster(&sandbox, &folder);

    let refused = poster.apply(september("999999")).await.unwrap_err().to_string();

    assert!(refused.contains("POST-REFUSED") && refused.contains("999999"), "{refused}");
    assert!(ledger(&sandbox, "key_figures").await.is_empty());
    assert!(ledger(&sandbox, "fi_documents").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_companion_nobody_could_look_them_up_so_nothing_is_sent() {
    let (sandbox, folder) = (sap(false).await, tempfile::tempdir().unwrap());
    let mut poster = poster(&sandbox, &folder);

    let refused = poster.apply(september("101011")).await.unwrap_err().to_string();

    assert!(refused.contains("KF-COMPANION"), "{refused}");
    assert!(ledger(&sandbox, "fi_documents").await.is_empty());
    let set = poster.change_sets().unwrap()[0].clone();
    assert!(set.state.items.iter().all(|item| *item == ItemState::New));
}
