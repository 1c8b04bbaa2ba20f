//! No handle and no byte is left behind.

use std::process::Command;

use carbide::sap::rfc::{Call, RfcClient};

use super::double::Double;
use super::{everything, transport};

/// Name of the test that runs below valgrind, which would be this one again.
const EXERCISE: &str = "nw_rfc::memory::calls_and_failures_of_every_kind_leave_no_handle_behind";

#[tokio::test]
async fn calls_and_failures_of_every_kind_leave_no_handle_behind() {
    let faults = "invoke 2 exception X\ninvoke 3 comm\ninvoke 4 message\ninvoke 5 slow 60000\n\
                  invoke 6 dump\nstring 40 too-long\nstring 44 too-small\nreset 3 comm\n\
                  open 3 comm\nping 1 dead";
    let double = Double::with_faults(faults);
    let transport = transport(&double);
    let client = RfcClient::over(transport.clone());
    let rows = carbide::sap::rfc::Value::Table(vec![everything(), everything()]);
    let good = Call::new("Z_DOUBLE_ECHO").with("VALUES", everything()).with("ROWS", rows);
    let wrong = Call::new("Z_DOUBLE_ECHO").value("ONLY_IN", "too long for it");
    let (mut done, mut failed) = (0, 0);
    for _ in 0..12 {
        for call in [&good, &wrong, &Call::new("Z_MISSING")] {
            match client.call(call).await {
                Ok(_) => done += 1,
                Err(_) => failed += 1,
            }
        }
        let mut session = client.session().unwrap();
        let _ = session.call(&Call::new("RFCPING")).await;
        let _ = session.close().await;
        let mut dropped = client.session().unwrap();
        let _ = dropped.call(&Call::new("RFCPING")).await;
    }
    assert!(done > 5 && failed > 25, "{done} done, {failed} failed");

    drop((client, transport));

    let handles = double.settled(|handles| handles["connections"] == 0).await;
    assert_eq!((handles["connections"], handles["functions"]), (0, 0), "{handles:?}");
}

/// The same below valgrind: it sees what is read behind a buffer, used after it was freed, or lost.
#[test]
fn valgrind_finds_no_error_in_the_calls_of_the_library() {
    if std::env::var_os("VALGRIND_LIB").is_some() {
        return;
    }
    let there = Command::new("valgrind").arg("--version").output();
    if there.is_err() {
        assert!(
            std::env::var_os("CARBIDE_NO_SKIP").is_none(),
            "valgrind; scripts/install brings it"
        );
        return;
    }
    let output = Command::new("valgrind")
        .args(["--error-exitcode=99", "--leak-check=full", "--errors-for-leak-kinds=definite"])
        .args(["--quiet", "--fair-sched=yes"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", EXERCISE, "--test-threads=1"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("1 passed"), "it ran: {said}");
}
