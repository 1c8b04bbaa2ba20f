//! Transactional calls: executed once, whatever breaks, however often they are sent.

use std::sync::Arc;

use carbide::sandbox::RunningSandbox;
use carbide::sap::error::{Outcome, SapError};
use carbide::sap::nw_rfc::transaction::{
    Progress, Transaction, TransactionFolder, TransactionStore,
};
use carbide::sap::rfc::Call;
use proptest::prelude::*;

use super::double::Double;
use crate::bapi::{key_figures, statistical_key_figure};
use crate::support::{sandbox, truth};

fn call() -> Call {
    statistical_key_figure::post(&key_figures(rust_decimal::Decimal::ONE)).unwrap()
}

async fn posted(sandbox: &RunningSandbox) -> usize {
    truth(sandbox, "ledger").await["key_figures"].as_array().unwrap().len()
}

fn store(folder: &tempfile::TempDir) -> Arc<TransactionFolder> {
    Arc::new(TransactionFolder::open(folder.path()).unwrap())
}

#[tokio::test]
async fn a_transactional_call_is_executed_once_and_never_sent_again() {
    let (sandbox, folder) = (sandbox().await, tempfile::tempdir().unwrap());
    let double = Double::before(&sandbox);
    let transport = double.transport(&sandbox);

    for _ in 0..3 {
        let done = transport.execute_once("K-1", &call(), store(&folder)).await.unwrap();
        assert_eq!((done.progress, done.tid.len()), (Progress::Confirmed, 24));
    }

    assert_eq!(posted(&sandbox).await, 1);
    assert_eq!(std::fs::read_to_string(double.path("tids")).unwrap(), "", "SAP may forget it");
    assert_eq!(double.handles()["transactions"], 0);
}

#[tokio::test]
async fn a_lost_answer_is_sent_again_under_the_same_tid_by_a_later_process() {
    let (sandbox, folder) = (sandbox().await, tempfile::tempdir().unwrap());
    let double = Double::before_with_faults(&sandbox, "submit 1 lost");

    let lost = double.transport(&sandbox).execute_once("K-1", &call(), store(&folder)).await;
    let error = lost.unwrap_err();
    let open = store(&folder).unconfirmed().unwrap();
    // Another process: a transport and a store that know nothing but the folder.
    let done =
        double.transport(&sandbox).execute_once("K-1", &call(), store(&folder)).await.unwrap();

    assert_eq!(error.outcome(), Outcome::Unknown, "{error}");
    assert_eq!(open[0].progress, Progress::Prepared);
    assert_eq!(done.tid, open[0].tid);
    assert_eq!(posted(&sandbox).await, 1, "SAP knew the TID");
    assert!(store(&folder).unconfirmed().unwrap().is_empty());
}

#[tokio::test]
async fn what_was_executed_is_confirmed_later_and_not_executed_again() {
    let (sandbox, folder) = (sandbox().await, tempfile::tempdir().unwrap());
    let double = Double::before_with_faults(&sandbox, "confirm 1 comm");
    let transport = double.transport(&sandbox);

    transport.execute_once("K-1", &call(), store(&folder)).await.unwrap_err();
    assert_eq!(store(&folder).unconfirmed().unwrap()[0].progress, Progress::Executed);
    transport.execute_once("K-1", &call(), store(&folder)).await.unwrap();

    assert_eq!(posted(&sandbox).await, 1);
}

#[tokio::test]
async fn a_key_never_stands_for_two_calls() {
    let (sandbox, folder) = (sandbox().await, tempfile::tempdir().unwrap());
    let double = Double::before(&sandbox);
    let transport = double.transport(&sandbox);
    transport.execute_once("K-1", &call(), store(&folder)).await.unwrap();
    let other = statistical_key_figure::post(&key_figures(rust_decimal::Decimal::TWO)).unwrap();

    let error = transport.execute_once("K-1", &other, store(&folder)).await.unwrap_err();

    assert!(matches!(error, SapError::Setup { .. }), "{error}");
    assert!(error.to_string().contains("RFC-TID"), "{error}");
    assert_eq!(posted(&sandbox).await, 1);
}

/// A disk that is full.
struct Full;

impl TransactionStore for Full {
    fn find(&self, _key: &str) -> Result<Option<Transaction>, String> {
        Ok(None)
    }

    fn keep(&self, _transaction: &Transaction) -> Result<(), String> {
        Err("No space left on device".to_owned())
    }
}

#[tokio::test]
async fn nothing_is_sent_that_could_not_be_kept_before() {
    let sandbox = sandbox().await;
    let double = Double::before(&sandbox);

    let refused = double.transport(&sandbox).execute_once("K-1", &call(), Arc::new(Full)).await;

    let error = refused.unwrap_err();
    assert!(error.to_string().contains("No space left"), "{error}");
    assert_eq!(error.outcome(), Outcome::Refused);
    assert_eq!(posted(&sandbox).await, 0);
    assert_eq!(double.handles()["transactions"], 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever breaks at each of the first attempts: tried until it is done, it is done once.
    #[test]
    fn any_row_of_faults_ends_in_one_execution(
        submits in proptest::collection::vec("comm|lost|dump|none", 0..5),
        confirms in proptest::collection::vec("comm|none", 0..3),
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        runtime.unwrap().block_on(async {
            let (sandbox, folder) = (sandbox().await, tempfile::tempdir().unwrap());
            let lines = |operation: &str, kinds: &[String]| -> String {
                let numbered = kinds.iter().zip(1..);
                numbered.map(|(kind, number)| format!("{operation} {number} {kind}\n")).collect()
            };
            let faults = lines("submit", &submits) + &lines("confirm", &confirms);
            let double = Double::before_with_faults(&sandbox, &faults);
            let transport = double.transport(&sandbox);
            let mut attempts = 0;
            while transport.execute_once("K-1", &call(), store(&folder)).await.is_err() {
                attempts += 1;
                assert!(attempts < 20, "{faults}");
            }
            assert_eq!(posted(&sandbox).await, 1, "{faults}");
        });
    }
}
