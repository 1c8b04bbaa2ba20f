//! Sets are read side by side, and a system is never asked more at the same time than it shall be.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::Uri;
use axum::response::IntoResponse;
use carbide::cycle::sync;
use carbide::sap::odata::ODataClient;
use carbide::source::sap::{DOCUMENT_ITEMS, JOURNAL_ITEMS, SERVICES, entity_sets, posted_quantity};
use jiff::Timestamp;

use crate::support::{credentials, mirror, odata, reading, reading_with, sandbox, system, truth};

/// How many requests were under way at the same time, and how many there were.
#[derive(Default)]
struct Load {
    now: AtomicUsize,
    most: AtomicUsize,
    all: AtomicUsize,
}

/// A system of empty sets that takes its time and counts who waits.
async fn slow() -> (String, Arc<Load>) {
    let load: Arc<Load> = Arc::default();
    let counted = Arc::clone(&load);
    let app = axum::Router::new().fallback(move |uri: Uri| {
        let load = Arc::clone(&counted);
        async move {
            let now = load.now.fetch_add(1, Ordering::SeqCst) + 1;
            load.most.fetch_max(now, Ordering::SeqCst);
            load.all.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(20)).await;
            load.now.fetch_sub(1, Ordering::SeqCst);
            let v4 = uri.path().contains("odata4");
            let body = if v4 {
                r#"{"@odata.count":0,"value":[]}"#
            } else {
                r#"{"d":{"results":[],"__count":"0"}}"#
            };
            ([("content-type", "application/json")], body).into_response()
        }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    (url, load)
}

#[tokio::test(flavor = "multi_thread")]
async fn sets_are_read_side_by_side_up_to_the_limit_of_the_system() {
    for limit in [1, 3] {
        let (url, load) = slow().await;
        let client = ODataClient::new(&system(&url), &credentials("p")).unwrap().with_limit(limit);
        let reading = reading_with(client);
        let folder = tempfile::tempdir().unwrap();

        sync(&reading, &mirror(folder.path()), None, Timestamp::now()).await.unwrap();

        assert_eq!(load.most.load(Ordering::SeqCst), limit);
        assert!(load.all.load(Ordering::SeqCst) >= entity_sets(&reading).len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_of_reading_and_a_look_at_finance_touch_every_service() {
    let sandbox = sandbox().await;
    let reading = reading(&sandbox);
    let folder = tempfile::tempdir().unwrap();
    let mirror = mirror(folder.path());
    sync(&reading, &mirror, None, Timestamp::now()).await.unwrap();
    let (company, account) = ("1010".parse().unwrap(), "476500".parse().unwrap());
    let period = carbide::period::PostingPeriod { year: 2018, month: 9 };
    posted_quantity(&odata(&sandbox), &company, &account, period).await.unwrap();

    let served = truth(&sandbox, "served").await;
    let served: BTreeSet<String> = served.as_object().unwrap().keys().cloned().collect();

    let read: BTreeSet<&str> = entity_sets(&reading).iter().map(|set| set.service.name).collect();
    // What finance looks at, and what `audit verify --sap` compares.
    let of_finance = [JOURNAL_ITEMS, DOCUMENT_ITEMS];
    for service in SERVICES {
        assert!(read.contains(service.name) || of_finance.contains(service), "{}", service.name);
    }
    for set in entity_sets(&reading).iter().map(|set| set.name()).chain(["A_JournalEntryItemBasic"])
    {
        assert!(served.iter().any(|known| known.contains(set)), "{set}: {served:?}");
    }
    // Again: only what changed, which is nothing.
    let again = sync(&reading, &mirror, None, Timestamp::now()).await.unwrap();
    assert!(again.sets.iter().all(|set| set.changed + set.gone == 0), "{again:?}");
    assert!(again.alarms.is_empty(), "{:?}", again.alarms);
}
