//! FI documents that make no sense: each is refused before SAP is asked, or by SAP's own check.

use std::path::Path;

use carbide::clock::SystemClock;
use carbide::id::{CompanyCode, GlAccount};
use carbide::period::PostingPeriod;
use carbide::post::{
    ChangeSetDraft, FiLine, FiPosting, NewDocument, PostSettings, Poster, SapBooks, SystemRole,
};
use carbide::sandbox::{RunningSandbox, SandboxOptions};
use carbide::sap::odata::ODataClient;
use carbide::sap::rfc::RfcClient;
use carbide::sap::system::{Credentials, SapSystem};
use carbide::secret::Secret;
use carbide::value_state::ValueState;
use rust_decimal::Decimal;

use crate::bad_inputs::answered;

/// A poster into the SAP at `url`, client `client`.
pub fn poster(url: &str, client: &str, folder: &Path) -> Poster<SapBooks, SystemClock> {
    try_poster(url, client, folder).unwrap()
}

pub fn try_poster(
    url: &str,
    client: &str,
    folder: &Path,
) -> Result<Poster<SapBooks, SystemClock>, carbide::post::PostError> {
    let system = SapSystem::new("S4H", url, client);
    let user = Credentials { user: "CARBIDE".to_owned(), password: Secret::new("test") };
    let books = SapBooks {
        odata: ODataClient::new(&system, &user).unwrap(),
        rfc: RfcClient::new(&system, &user).unwrap(),
    };
    let settings = PostSettings::new("S4H", client, SystemRole::Sandbox);
    Poster::open(&folder.join("journal.db"), books, settings, SystemClock)
}

pub async fn sandbox() -> RunningSandbox {
    RunningSandbox::start(SandboxOptions::local("CARBIDE", "test")).await.unwrap()
}

fn line(account: &str, cents: i64) -> FiLine {
    FiLine {
        gl_account: GlAccount::new(account).unwrap(),
        cost_center: None,
        amount: Decimal::new(cents, 2),
        quantity_kg: None,
        text: "Carbon 2018-09".to_owned(),
        scope: Some(2),
        value_state: ValueState::Measured,
        evidence: "E-1".to_owned(),
    }
}

pub fn posting() -> FiPosting {
    FiPosting {
        company_code: CompanyCode::new("1010").unwrap(),
        document_type: "SA".to_owned(),
        document_date: "2018-09-30".parse().unwrap(),
        posting_date: "2018-09-30".parse().unwrap(),
        period: PostingPeriod { year: 2018, month: 9 },
        currency: "EUR".to_owned(),
        boundary: "scope-1-2".to_owned(),
        kind: "valued".to_owned(),
        revision: 1,
        reversal_reason: "01".to_owned(),
        lines: vec![line("476500", 8500), line("399900", -8500)],
    }
}

pub fn draft(posting: FiPosting) -> ChangeSetDraft {
    ChangeSetDraft {
        purpose: "test".to_owned(),
        requested_by: "finance".to_owned(),
        plan_hash: "h".to_owned(),
        after: None,
        at_confirm: Vec::new(),
        documents: vec![NewDocument::FiDocument(posting)],
    }
}

/// What is said of the document after `change`. No SAP is there, so none was asked.
async fn said(change: impl FnOnce(&mut FiPosting)) -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut changed = posting();
    change(&mut changed);
    let mut books = poster("http://127.0.0.1:9", "100", folder.path());
    let said = books.apply(draft(changed)).await.unwrap_err().to_string();
    assert!(
        said.starts_with("POST-INVALID: ") && said.ends_with("Nothing was sent to SAP"),
        "{said}"
    );
    assert!(books.list().unwrap().is_empty());
    said
}

#[tokio::test]
async fn fi_01_one_line() {
    answered("fi-01", &said(|of| of.lines.truncate(1)).await);
}

#[tokio::test]
async fn fi_02_a_document_that_does_not_balance() {
    answered("fi-02", &said(|of| of.lines[0].amount = Decimal::new(8501, 2)).await);
}

#[tokio::test]
async fn fi_03_decimals_that_the_currency_has_not() {
    let yen = |of: &mut FiPosting| {
        of.currency = "JPY".to_owned();
        of.lines = vec![line("476500", 8550), line("399900", -8550)];
    };
    answered("fi-03", &said(yen).await);
    let fine = |of: &mut FiPosting| {
        of.currency = "KWD".to_owned();
        of.lines[0].amount = Decimal::new(1, 4);
    };
    assert!(said(fine).await.contains("FI-SCALE: document 1: KWD has 3 decimals (got 0.0001)"));
}

#[tokio::test]
async fn fi_04_a_currency_that_is_no_money() {
    answered("fi-04", &said(|of| of.currency = "XXX".to_owned()).await);
}

#[tokio::test]
async fn fi_05_nothing_to_book() {
    answered("fi-05", &said(|of| of.lines = vec![line("476500", 0), line("399900", 0)]).await);
}

#[tokio::test]
async fn fi_06_more_lines_than_a_document_takes() {
    let many = |of: &mut FiPosting| {
        of.lines = (0..451).flat_map(|_| [line("476500", 1), line("399900", -1)]).collect();
    };
    answered("fi-06", &said(many).await);
}

#[tokio::test]
async fn fi_07_a_text_that_sap_would_cut() {
    answered("fi-07", &said(|of| of.lines[1].text = "Carbon 🌍".to_owned()).await);
    answered("fi-07", &said(|of| of.lines[0].text = "x".repeat(51)).await);
}

#[tokio::test]
async fn fi_08_an_account_that_sap_does_not_post_to() {
    let (sandbox, folder) = (sandbox().await, tempfile::tempdir().unwrap());
    let mut books = poster(&sandbox.url(), "100", folder.path());
    let mut to_a_vendor = posting();
    to_a_vendor.lines[1].gl_account = GlAccount::new("VENDOR").unwrap();

    let said = books.apply(draft(to_a_vendor)).await.unwrap_err().to_string();

    answered("fi-08", &said);
    sandbox.stop().await;
}

#[tokio::test]
async fn fi_09_a_special_period() {
    answered("fi-09", &said(|of| of.period.month = 13).await);
}

#[tokio::test]
async fn fi_10_what_was_posted_before() {
    let (sandbox, folder) = (sandbox().await, tempfile::tempdir().unwrap());
    let mut books = poster(&sandbox.url(), "100", folder.path());
    books.apply(draft(posting())).await.unwrap();

    let again = books.apply(draft(posting())).await.unwrap_err().to_string();

    answered("fi-10", &again);
    sandbox.stop().await;
}

#[tokio::test]
async fn fi_11_a_document_of_somebody_else() {
    let (sandbox, folder) = (sandbox().await, tempfile::tempdir().unwrap());
    let mut books = poster(&sandbox.url(), "100", folder.path());
    let receipt = books.apply(draft(posting())).await.unwrap();
    let ours = receipt.items[0].number.as_ref().unwrap().to_string();
    let ours = ours.split(' ').next().unwrap();

    for foreign in ["9900000001", "1010/9900000001/2018"] {
        answered("fi-11", &books.named(foreign).unwrap_err().to_string());
    }
    let part = books.named(ours).unwrap_err().to_string();
    assert!(part.contains("UNDO-PART") && part.contains("`carbide undo CS-1`"), "{part}");
    assert_eq!(books.named("1").unwrap(), receipt.change_set_id);
    assert!(books.named("99").unwrap_err().to_string().contains("no change set CS-99"));
    sandbox.stop().await;
}
