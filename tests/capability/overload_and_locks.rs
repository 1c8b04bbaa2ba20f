//! A system that is busy, locked or changed by others: reads wait, writes are sent once and say why.

use std::time::{Duration, Instant};

use carbide::sap::error::Outcome;
use carbide::sap::odata::batch::{Batch, Change, Format};
use carbide::sap::odata::{Key, Query, RequestId};
use carbide::source::sap::PLANNED_ORDERS;
use serde_json::{Map, json};

use crate::hostile_sap::{Hostile, Said, page, read, said};
use crate::support::{credentials, system};
use crate::tls_server::{Server, json as answer};

const JSON: &str = "application/json";

fn id() -> RequestId {
    RequestId {
        id: "0123456789abcdef0123456789abcdef".into(),
        first_sent: "2018-10-01T08:00:00Z".parse().unwrap(),
    }
}

fn busy(status: u16, retry_after: Option<&str>) -> Said {
    let busy = said(status, "text/html", "busy");
    match retry_after {
        Some(text) => busy.with("retry-after", text),
        None => busy,
    }
}

#[tokio::test]
async fn a_busy_system_is_asked_again_when_it_says_or_a_moment_later() {
    let in_two_seconds = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(2);
    let at = in_two_seconds.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    for status in [429, 503] {
        for (retry_after, at_least) in [
            (None, Duration::ZERO),
            (Some("0"), Duration::ZERO),
            (Some("1"), Duration::from_secs(1)),
            // A clock cuts the fraction of a second off.
            (Some(at.as_str()), Duration::ZERO),
            (Some("Mon, 01 Oct 2018 08:00:00 GMT"), Duration::ZERO),
            (Some("soon"), Duration::ZERO),
        ] {
            let text = retry_after.map(str::to_owned);
            let server = Hostile::new(move |_, before| match before {
                0 => busy(status, text.as_deref()),
                _ => page(&["1"], None, 1),
            })
            .await;
            let begun = Instant::now();

            assert_eq!(read(&server).await.unwrap(), 1, "{status} {retry_after:?}");

            assert!(begun.elapsed() >= at_least, "{status} {retry_after:?}");
            assert_eq!(server.count("GET"), 2, "{status} {retry_after:?}");
        }
    }
}

#[tokio::test]
async fn a_system_that_stays_busy_is_not_asked_for_ever() {
    for status in [429, 503] {
        let server = Hostile::new(move |_, _| busy(status, Some("0"))).await;

        let error = read(&server).await.unwrap_err();

        assert_eq!(server.count("GET"), 4, "{status}");
        let text = error.to_string();
        assert!(text.contains("overloaded") && text.contains(&status.to_string()), "{text}");
    }
}

#[tokio::test]
async fn what_is_locked_or_was_changed_is_told_and_never_sent_again() {
    let refusal =
        r#"{"error":{"code":"CO/469","message":{"value":"Order 995 is locked by MILLER"}}}"#;
    for (status, what) in [
        (409, "SM12"),
        (412, "Somebody changed it"),
        (423, "SM12"),
        (428, "wants the version"),
        (429, "asks to wait 7 s"),
        (503, "asks to wait 7 s"),
    ] {
        let server = Hostile::new(move |request, _| match request.starts_with("GET") {
            true => said(200, JSON, "{\"d\":{}}").with("x-csrf-token", "T"),
            false => said(status, JSON, refusal).with("retry-after", "7"),
        })
        .await;
        let key = Key::of("PlannedOrder", "995");

        let deleted =
            server.client().delete(PLANNED_ORDERS, "A_PlannedOrder", &key, "W/\"1\"", &id()).await;

        let error = deleted.unwrap_err();
        assert_eq!(error.outcome(), Outcome::Refused, "{status}");
        let text = error.to_string();
        assert!(text.contains("CO/469") && text.contains("MILLER"), "{status}: {text}");
        assert!(text.contains(what), "{status}: {text}");
        assert_eq!(server.count("DELETE"), 1, "{status}: a write is sent once");
    }
}

#[tokio::test]
async fn each_write_carries_both_families_of_repeatability() {
    let server = Server::plain(|asked| match asked.line.starts_with("GET") {
        true => answer(200, "{\"d\":{}}").with("x-csrf-token", "T"),
        false => answer(423, r#"{"error":{"code":"CO/1","message":{"value":"locked"}}}"#),
    })
    .await;
    let client =
        carbide::sap::odata::ODataClient::new(&system(&server.url), &credentials("p")).unwrap();
    let (set, key) = ("A_PlannedOrder", Key::of("PlannedOrder", "995"));
    let fields = Map::from_iter([("TotalQuantity".to_owned(), json!("1.000"))]);
    client.create(PLANNED_ORDERS, set, &fields, &id()).await.unwrap_err();
    client.delete(PLANNED_ORDERS, set, &key, "W/\"1\"", &id()).await.unwrap_err();
    let batch = Batch::new(PLANNED_ORDERS).read(&Query::of(set)).change_set(vec![Change::create(
        set,
        fields,
        id(),
    )]);
    client.batch(&batch, Format::Multipart).await.unwrap_err();

    let expected = [
        ("RequestID", "0123456789abcdef0123456789abcdef"),
        ("RepeatabilityCreation", "2018-10-01T08:00:00Z"),
        ("Repeatability-Request-ID", "0123456789abcdef0123456789abcdef"),
        ("Repeatability-First-Sent", "Mon, 01 Oct 2018 08:00:00 GMT"),
    ];
    let asked = server.asked();
    let writes: Vec<_> = asked.iter().filter(|asked| !asked.line.starts_with("GET")).collect();
    assert_eq!(writes.len(), 3, "{writes:?}");
    for write in &writes {
        for (name, value) in expected {
            let in_batch = write.line.contains("$batch")
                && write.body.contains(&format!("{name}: {value}\r\n"));
            assert!(write.header(name) == value || in_batch, "{name}: {write:?}");
        }
    }
    // A read that nothing comes of is no write.
    assert!(
        asked
            .iter()
            .filter(|one| one.line.starts_with("GET"))
            .all(|one| one.header("RequestID").is_empty())
    );
}
