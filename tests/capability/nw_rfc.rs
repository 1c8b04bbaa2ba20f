//! Function modules through the NW RFC library: against a double of it that is built here from C, with
//! the sandbox SAP behind it. What the double proves and what it cannot stands in docs/basis/proven.md.

mod double;

mod installation;

mod memory;

mod transactions;

use std::time::Duration;

use carbide::id::PlannedOrderNumber;
use carbide::sap::bapi::planned_order;
use carbide::sap::error::{Outcome, SapError};
use carbide::sap::interfaces::{Interfaces, Manifest};
use carbide::sap::nw_rfc::NwRfc;
use carbide::sap::rfc::failure::Cause;
use carbide::sap::rfc::{Call, RfcClient, Value};
use carbide::sap::system::SapSystem;
use serde_json::Value as Json;

use crate::bapi::{a_reversal_is_checked_and_made, books_of_planned_orders, new_order};
use crate::support::{PASSWORD, credentials, sandbox, system, truth};
use double::Double;

/// What no SAP has: function modules of the double alone.
const MANIFEST: &str = "rfc = { read = [\"RFCPING\", \"Z_DOUBLE_ECHO\", \"Z_DOUBLE_NEWER\", \
                        \"Z_MISSING\", \"BAPI_TRANSACTION_COMMIT\", \"BAPI_ACC_DOCUMENT_POST\"] }";

fn alone() -> SapSystem {
    let interfaces = Interfaces::of(Manifest::parse(MANIFEST).unwrap());
    SapSystem { interfaces, timeout: Duration::from_millis(400), ..system("http://127.0.0.1:1") }
}

/// A transport over a double without a sandbox behind it.
fn transport(double: &Double) -> NwRfc {
    NwRfc::new(&alone(), &credentials(PASSWORD), double.destination()).unwrap()
}

fn failure(error: &SapError) -> (Cause, Outcome) {
    match error {
        SapError::Rfc(failure) => (failure.cause, error.outcome()),
        other => panic!("{other}"),
    }
}

fn structure(fields: &[(&str, Value)]) -> Value {
    Value::Structure(
        fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
    )
}

/// A value of every type.
fn everything() -> Value {
    let lines = Value::Table(vec!["first".into(), "zw\u{f6}lf \u{1F331}".into()]);
    let inner = structure(&[("A", "abc".into()), ("LINES", lines)]);
    structure(&[
        ("F_CHAR", "Gr\u{fc}n \u{94a2}".into()),
        ("F_NUM", "000042".into()),
        ("F_DATE", "2026-12-01".into()),
        ("F_TIME", "23:59:58".into()),
        ("F_BCD", "-1234567890.125".into()),
        ("F_BYTE", Value::Bytes(vec![0, 255, 16, 1])),
        ("F_FLOAT", "0.1".into()),
        ("F_INT", "-2147483648".into()),
        ("F_INT2", "-32768".into()),
        ("F_INT1", "255".into()),
        ("F_INT8", "9223372036854775807".into()),
        ("F_STRING", "a text \u{1F331} of any length".repeat(400).into()),
        ("F_XSTRING", Value::Bytes((0..=255).collect())),
        ("F_DECF16", "1234567890.123456".into()),
        ("F_DECF34", "-0.0000000001234567890123".into()),
        ("F_UTCLONG", "2026-12-01T08:30:00.1234567".into()),
        ("F_STRUCT", inner.clone()),
        ("F_TABLE", Value::Table(vec![inner.clone(), inner])),
    ])
}

#[tokio::test]
async fn a_value_of_every_type_goes_there_and_comes_back_as_it_was() {
    let double = Double::new();
    let (client, sent) = (RfcClient::over(transport(&double)), everything());
    let lines = Value::Table(vec!["x".into(), "".into(), "z".into()]);
    let rows = Value::Table(vec![sent.clone(), sent.clone(), sent.clone()]);
    let call = Call::new("Z_DOUBLE_ECHO")
        .with("VALUES", sent.clone())
        .with("LINES", lines.clone())
        .with("ROWS", rows.clone());

    let reply = client.call(&call).await.unwrap();

    assert_eq!(reply.get("VALUES"), Some(&sent));
    assert_eq!(reply.get("LINES"), Some(&lines));
    assert_eq!(reply.get("ROWS"), Some(&rows));
    assert_eq!(reply.value("ONLY_OUT"), "out");
    assert!(!reply.has("ONLY_IN"), "what only goes in does not come back");
}

#[tokio::test]
async fn initial_values_are_those_of_the_other_transport() {
    let double = Double::new();

    let call = Call::new("Z_DOUBLE_ECHO");
    let reply = RfcClient::over(transport(&double)).call(&call).await.unwrap();

    for (field, initial) in
        [("F_CHAR", ""), ("F_NUM", "000000"), ("F_DATE", "0000-00-00"), ("F_TIME", "00:00:00")]
    {
        assert_eq!(reply.field("VALUES", field), initial, "{field}");
    }
    assert!(reply.table("ROWS").is_empty());
}

#[tokio::test]
async fn what_does_not_fit_its_field_is_refused_before_anything_is_sent() {
    let double = Double::new();
    let client = RfcClient::over(transport(&double));
    let of = |field: &str, value: Value| {
        Call::new("Z_DOUBLE_ECHO").with("VALUES", structure(&[(field, value)]))
    };
    for (call, part) in [
        (of("F_CHAR", "more than ten".into()), "F_CHAR takes 10 characters"),
        (of("F_NUM", "12 34".into()), "F_NUM takes digits"),
        (of("F_DATE", "31.12.2026".into()), "F_DATE takes a date"),
        (of("F_BCD", "0.0001".into()), "F_BCD takes 3 decimals"),
        (of("F_INT1", "-1".into()), "F_INT1 takes 0 to 255"),
        (of("F_BYTE", Value::Bytes(vec![0; 5])), "F_BYTE takes 4 bytes"),
        (of("F_TABLE", "x".into()), "F_TABLE is a table"),
        (of("F_NONE", "x".into()), "no parameter or field VALUES-F_NONE"),
        (Call::new("Z_DOUBLE_ECHO").value("ONLY_OUT", "x"), "ONLY_OUT only comes back"),
        (Call::new("Z_DOUBLE_ECHO").value("NO_SUCH", "x"), "no parameter or field NO_SUCH"),
    ] {
        let error = client.call(&call).await.unwrap_err();

        assert!(error.to_string().contains(part), "{part}: {error}");
        assert_eq!(error.outcome(), Outcome::Refused, "{error}");
    }
    assert_eq!(double.handles()["invoked"], 0);
    assert_eq!(double.handles()["functions"], 0, "nothing is left behind");
}

#[tokio::test]
async fn every_failure_has_its_code_its_transaction_and_its_outcome() {
    let invoke = |kind: &str| format!("invoke 1 {kind}");
    for (faults, cause, outcome, parts) in [
        (invoke("comm"), Cause::Communication, Outcome::Unknown, &["RFC-COMM", "SMGW"][..]),
        (invoke("dead"), Cause::Closed, Outcome::Unknown, &["RFC-CLOSED"]),
        (invoke("dump"), Cause::Dump, Outcome::Unknown, &["RFC-DUMP", "ST22", "TIME_OUT"]),
        (invoke("message"), Cause::Message, Outcome::Unknown, &["RFC-MESSAGE", "E F5 201", "SE91"]),
        (
            invoke("exception NOT_FOUND"),
            Cause::Exception,
            Outcome::Unknown,
            &["RFC-EXCEPTION", "NOT_FOUND", "SE37"],
        ),
        (invoke("auth"), Cause::Authorization, Outcome::Refused, &["RFC-AUTH", "SU53", "S_RFC"]),
        (invoke("lost"), Cause::Communication, Outcome::Unknown, &["no answer"]),
        ("open 1 comm".into(), Cause::Communication, Outcome::Refused, &["logon", "not reached"]),
        ("open 1 snc".into(), Cause::Snc, Outcome::Refused, &["RFC-SNC", "STRUST", "SNC0"]),
        ("describe 1 missing".into(), Cause::NotFound, Outcome::Refused, &["RFC-NOTFOUND", "SE37"]),
    ] {
        let double = Double::with_faults(&faults);
        let client = RfcClient::over(transport(&double));

        let error = client.call(&Call::new("Z_DOUBLE_ECHO")).await.unwrap_err();

        assert_eq!(failure(&error), (cause, outcome), "{faults}: {error}");
        for part in parts {
            assert!(error.to_string().contains(part), "{faults}: {part} is not in: {error}");
        }
        assert!(
            client.call(&Call::new("Z_DOUBLE_ECHO")).await.is_ok(),
            "{faults}: the next is fine"
        );
    }
}

#[tokio::test]
async fn a_function_module_outside_of_the_manifest_is_not_even_described() {
    let double = Double::new();

    let call = Call::new("RFC_READ_TABLE");
    let error = RfcClient::over(transport(&double)).call(&call).await.unwrap_err();

    assert!(matches!(error, SapError::OutsideManifest { .. }), "{error}");
    assert_eq!(double.handles(), Default::default(), "nothing was opened");
}

#[tokio::test]
async fn a_dead_connection_is_replaced_and_a_good_one_is_used_again() {
    let double = Double::with_faults("invoke 3 comm");
    let transport = transport(&double);
    let client = RfcClient::over(transport.clone());
    let call = Call::new("RFCPING");

    for _ in 0..2 {
        client.call(&call).await.unwrap();
    }
    assert_eq!(double.handles()["opened"], 1);
    assert!(client.call(&call).await.is_err());
    for _ in 0..2 {
        client.call(&call).await.unwrap();
    }

    let handles = double.settled(|handles| handles["connections"] == 1).await;
    assert_eq!((handles["opened"], handles["connections"]), (2, 1));
    assert_eq!(handles["described"], 1, "a description is asked for once");
    assert_eq!(transport.kept(), (1, 1));
}

#[tokio::test]
async fn at_most_as_many_connections_are_open_as_the_settings_allow() {
    let double = Double::with_faults("invoke * slow 50");
    let destination =
        carbide::sap::nw_rfc::destination::Destination { connections: 3, ..double.destination() };
    let system = SapSystem { timeout: Duration::from_secs(20), ..alone() };
    let client = RfcClient::over(NwRfc::new(&system, &credentials(PASSWORD), destination).unwrap());

    let calls = (0..24).map(|_| {
        let client = client.clone();
        tokio::spawn(async move { client.call(&Call::new("RFCPING")).await })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap().unwrap();
    }

    let handles = double.handles();
    assert_eq!(handles["invoked"], 24);
    assert!(handles["opened"] <= 3, "{handles:?}");
}

#[tokio::test]
async fn a_call_that_takes_too_long_is_cancelled_and_its_connection_closed() {
    let double = Double::with_faults("invoke 1 slow 60000");
    let client = RfcClient::over(transport(&double));

    let error = client.call(&Call::new("RFCPING")).await.unwrap_err();

    assert_eq!(failure(&error), (Cause::TimeOut, Outcome::Unknown), "{error}");
    let handles = double.settled(|handles| handles["connections"] == 0).await;
    assert_eq!((handles["cancelled"], handles["connections"]), (1, 0));
}

#[tokio::test]
async fn a_caller_who_goes_away_leaves_no_call_running() {
    let double = Double::with_faults("invoke 1 slow 60000");
    let client = RfcClient::over(transport(&double));
    let waiting = tokio::spawn(async move { client.call(&Call::new("RFCPING")).await });
    double.settled(|handles| handles["invoked"] == 1).await;

    waiting.abort();

    let handles = double.settled(|handles| handles["connections"] == 0).await;
    assert_eq!(handles["cancelled"], 1);
}

#[tokio::test]
async fn a_refused_password_is_not_tried_again() {
    let double = Double::with_faults("open * logon");
    // A user of its own: refusals are counted for the whole process.
    let user =
        carbide::sap::system::Credentials { user: "LOCKED".to_owned(), ..credentials("wrong") };
    let client = RfcClient::over(NwRfc::new(&alone(), &user, double.destination()).unwrap());

    let first = client.call(&Call::new("RFCPING")).await.unwrap_err();
    let second = client.call(&Call::new("RFCPING")).await.unwrap_err();

    assert_eq!(failure(&first), (Cause::Logon, Outcome::Refused));
    assert!(first.to_string().contains("SU01"), "{first}");
    assert!(matches!(second, SapError::LogonRefused { .. }), "{second}");
    assert_eq!(double.asked_to_open(), 1);
}

#[tokio::test]
async fn buffers_that_are_too_short_grow_and_a_length_that_lies_is_refused() {
    let grows = Double::with_faults("string 1 too-small");
    let lies = Double::with_faults("string * too-long");
    let never = Double::with_faults("string * too-small");
    let call = Call::new("Z_DOUBLE_ECHO").with("VALUES", everything());

    let reply = RfcClient::over(transport(&grows)).call(&call).await.unwrap();
    let lie = RfcClient::over(transport(&lies)).call(&call).await.unwrap_err();
    let endless = RfcClient::over(transport(&never)).call(&call).await.unwrap_err();

    assert_eq!(reply.get("VALUES"), Some(&everything()));
    assert_eq!(failure(&lie), (Cause::Data, Outcome::Unknown), "{lie}");
    assert!(endless.to_string().contains("grows each time"), "{endless}");
}

#[tokio::test]
async fn an_interface_that_a_transport_changed_is_looked_up_again() {
    let double = Double::new();
    let client = RfcClient::over(transport(&double));
    client.call(&Call::new("Z_DOUBLE_NEWER").value("OLD", "a")).await.unwrap();

    let newer = Call::new("Z_DOUBLE_NEWER").value("OLD", "a").value("NEW", "b");
    client.call(&newer).await.unwrap();

    assert_eq!(double.handles()["described"], 2);
}

#[test]
fn a_library_that_is_too_old_or_numbers_its_types_otherwise_is_refused() {
    let refused = |faults: &str| {
        let double = Double::with_faults(faults);
        let error = NwRfc::new(&alone(), &credentials(PASSWORD), double.destination()).err();
        error.unwrap().to_string()
    };

    let old = refused("version 7500 0 3");
    let other = refused("int8-is RFCTYPE_SOMETHING");

    assert!(old.contains("7.50 patch level 3; 7.50 patch level 8 or later is needed"), "{old}");
    assert!(old.contains("SAP note 2573790"), "{old}");
    assert!(other.contains("31 is RFCTYPE_SOMETHING, not RFCTYPE_INT8"), "{other}");
}

#[test]
fn a_library_with_another_digest_than_the_pinned_one_is_not_loaded() {
    let double = Double::new();
    let with = |sha256: String| {
        let destination = carbide::sap::nw_rfc::destination::Destination {
            sha256: Some(sha256),
            ..double.destination()
        };
        NwRfc::new(&alone(), &credentials(PASSWORD), destination).map(drop)
    };

    let wrong = with("0".repeat(64)).unwrap_err().to_string();
    let right = wrong.split("SHA-256 ").nth(1).unwrap()[..64].to_owned();

    assert!(wrong.contains("nothing was loaded"), "{wrong}");
    with(right).unwrap();
}

// ---- with the sandbox behind it: its books say what was truly done -------------------------------

async fn order_numbers(sandbox: &carbide::sandbox::RunningSandbox) -> Vec<Json> {
    truth(sandbox, "planned-orders").await.as_array().unwrap().clone()
}

#[tokio::test]
async fn the_typed_bapis_do_the_same_over_this_transport() {
    let sandbox = sandbox().await;
    let double = Double::before(&sandbox);

    books_of_planned_orders(&sandbox, &double.client(&sandbox)).await;
    a_reversal_is_checked_and_made(&sandbox, &double.client(&sandbox)).await;

    let handles = double.settled(|handles| handles["functions"] == 0).await;
    assert!(handles["resets"] > 0, "a session leaves nothing to the next");
}

#[tokio::test]
async fn a_bapi_and_its_commit_share_a_connection_and_nothing_else_does() {
    let sandbox = sandbox().await;
    let double = Double::before(&sandbox);
    let client = double.client(&sandbox);
    let before = order_numbers(&sandbox).await;

    let mut session = client.session().unwrap();
    let call = planned_order::create(&new_order()).unwrap();
    let reply = session.call(&call).await.unwrap();
    planned_order::created("SBX", &reply).unwrap();
    // Another session commits nothing of this one.
    client.session().unwrap().commit().await.unwrap();
    assert_eq!(order_numbers(&sandbox).await, before);
    // Given back without a commit, the same connection begins with nothing.
    session.close().await.unwrap();
    client.session().unwrap().commit().await.unwrap();

    assert_eq!(order_numbers(&sandbox).await, before);
}

#[tokio::test]
async fn a_commit_after_the_connection_was_lost_is_refused_and_commits_nothing() {
    let sandbox = sandbox().await;
    let double = Double::before_with_faults(&sandbox, "invoke 2 comm");
    let before = order_numbers(&sandbox).await;
    let mut session = double.client(&sandbox).session().unwrap();

    session.call(&planned_order::create(&new_order()).unwrap()).await.unwrap();
    session.call(&Call::new("RFCPING")).await.unwrap_err();
    let commit = session.commit().await.unwrap_err();

    assert_eq!(failure(&commit), (Cause::Closed, Outcome::Refused), "{commit}");
    assert_eq!(order_numbers(&sandbox).await, before);
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_leaves_the_outcome_unknown_and_is_not_sent_again() {
    let sandbox = sandbox().await;
    let double = Double::before_with_faults(&sandbox, "invoke 2 lost");
    let mut session = double.client(&sandbox).session().unwrap();
    let reply = session.call(&planned_order::create(&new_order()).unwrap()).await.unwrap();
    let number = planned_order::created("SBX", &reply).unwrap();

    let commit = session.commit().await.unwrap_err();

    assert_eq!(failure(&commit), (Cause::Communication, Outcome::Unknown), "{commit}");
    let ours =
        |order: &Json| PlannedOrderNumber::new(order["PlannedOrder"].as_str().unwrap()).unwrap();
    let there = order_numbers(&sandbox).await.iter().filter(|order| ours(order) == number).count();
    assert_eq!(there, 1, "SAP did it, once");
}
