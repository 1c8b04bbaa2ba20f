//! Settings that stop the start, with the place and what to do.

use std::path::Path;

use crate::authentication::{sap_with, tls_error, trusting};
use crate::bad_inputs::answered;
use crate::command_line::{Plant, ended_with, text};
use crate::configuration::{Folder, SETTINGS, line_of, production, replaced, sap};
use crate::tls_server::{Authority, private};

/// Why settings are refused, in which line, and that a command ends with 2 before anything is sent.
fn refused(id: &str, settings: &str, line: &str) {
    let folder = Folder::new();
    let refusal = folder.refusal(settings);
    answered(id, &refusal);
    if !line.is_empty() {
        assert!(refusal.contains(&line_of(settings, line)), "{refusal}");
    }
    let sync = std::process::Command::new(env!("CARGO_BIN_EXE_carbide"))
        .arg("--config")
        .arg(folder.path("carbide.toml"))
        .arg("sync")
        .output()
        .unwrap();
    ended_with(&sync, 2);
    assert!(!folder.path("state").exists(), "{}", text(&sync));
}

#[test]
fn config_01_an_unknown_key() {
    refused("config-01", &sap("tls_verfy = true"), "tls_verfy");
}

#[test]
fn config_02_a_password_in_clear_text() {
    refused("config-02", &sap("password = \"hunter2\""), "hunter2");
}

#[cfg(unix)]
#[test]
fn config_03_a_secret_that_others_can_read() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    std::fs::create_dir(folder.path("secrets")).unwrap();
    let secret = private(&folder.path("secrets"), "sap", "hunter2");
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o644)).unwrap();

    answered("config-03", &folder.refusal(SETTINGS));
}

#[test]
fn config_04_plain_http_to_another_machine() {
    refused(
        "config-04",
        &replaced("http://127.0.0.1:8010", "http://sap.example.com"),
        "sap.example",
    );
}

#[test]
fn config_05_an_address_that_everybody_reaches() {
    let settings = format!("{SETTINGS}\n[serve]\nlisten = \"0.0.0.0:8020\"\n");
    refused("config-05", &settings, "listen =");
}

#[test]
fn config_06_a_header_that_anybody_may_set() {
    let proxy = "[serve.proxy]\nuser_header = \"x-user\"\nroles_header = \"x-roles\"\nfrom = []\n";
    refused("config-06", &format!("{SETTINGS}\n{proxy}"), "from = []");
}

#[test]
fn config_07_a_window_of_the_way_back() {
    for window in ["0", "100000"] {
        let settings = replaced("documents_max = 500", &format!("window_seconds = {window}"));
        refused("config-07", &settings, "window_seconds");
    }
}

#[test]
fn config_08_less_time_than_sap_may_take() {
    let settings = production("").replace("settle_seconds = 720", "settle_seconds = 600");
    refused("config-08", &settings, "settle_seconds");
}

#[tokio::test(flavor = "multi_thread")]
async fn config_09_two_systems_with_one_journal() {
    let plant = Plant::new().await;
    ended_with(&plant.carbide(&["doctor"]), 0);
    let path = plant.path("carbide.toml");
    let settings = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, settings.replace("system = \"SBX\"", "system = \"P01\"")).unwrap();

    let other = plant.carbide(&["post", "--dry-run"]);

    ended_with(&other, 2);
    answered("config-09", &text(&other));
}

#[cfg(target_os = "linux")]
#[test]
fn config_10_a_journal_on_no_disk() {
    if !Path::new("/dev/shm").is_dir() {
        return;
    }
    let on_memory = "directory = \"/dev/shm/carbide-test-state\"";
    let settings = production("").replace("directory = \"state\"", on_memory);
    refused("config-10", &settings, "directory =");
}

#[test]
fn config_11_a_client_of_one_digit() {
    refused("config-11", &replaced("client = \"100\"", "client = \"1\""), "client =");
}

#[tokio::test(flavor = "multi_thread")]
async fn config_12_a_company_code_that_sap_does_not_know() {
    let plant = Plant::new().await;
    let path = plant.path("carbide.toml");
    let settings = std::fs::read_to_string(&path).unwrap();
    let ours = "company_code = \"1010\"";
    assert!(settings.contains(ours));
    std::fs::write(&path, settings.replace(ours, "company_code = \"9999\"")).unwrap();

    answered("config-12", &text(&plant.carbide(&["doctor"])));
    let sync = plant.carbide(&["sync"]);
    ended_with(&sync, 2);
    answered("config-12", &text(&sync));
    let line = line_of(&std::fs::read_to_string(&path).unwrap(), "company_code");
    assert!(text(&sync).contains(&line), "{line}: {}", text(&sync));
    assert!(!plant.path("state/mirror.db").exists(), "nothing was read");
}

#[tokio::test(flavor = "multi_thread")]
async fn config_12_a_company_code_of_the_accounts_that_sap_does_not_know() {
    let plant = Plant::new().await;
    let path = plant.path("mappings/accounts.toml");
    let rules = std::fs::read_to_string(&path).unwrap();
    let rule = &rules[rules.find("[[posting]]").unwrap()..];
    let other = |code: &str| rule.replace("\"1010\"", &format!("\"{code}\""));
    std::fs::write(&path, format!("{rules}\n{}", other("1710"))).unwrap();
    ended_with(&plant.carbide(&["doctor"]), 0);

    std::fs::write(&path, format!("{rules}\n{}\n{}", other("1710"), other("9999"))).unwrap();

    let doctor = text(&plant.carbide(&["doctor"]));
    answered("config-12", &doctor);
    assert!(doctor.contains("change its rule in mappings/accounts.toml"), "{doctor}");
    let sync = plant.carbide(&["sync"]);
    ended_with(&sync, 2);
    answered("config-12", &text(&sync));
    let line = line_of(&std::fs::read_to_string(&path).unwrap(), "\"9999\"");
    let line = line.replace("carbide.toml", "accounts.toml");
    assert!(text(&sync).contains(&line), "{line}: {}", text(&sync));
    assert!(!plant.path("state/mirror.db").exists(), "nothing was read");
}

#[test]
fn config_13_a_file_that_nobody_wrote() {
    let long = format!("{SETTINGS}\n#{}\n", "x".repeat(4 << 20));
    refused("config-13", &long, "");
}

#[test]
fn config_14_a_file_of_another_place() {
    let included = format!("include = \"../../outside.toml\"\n{SETTINGS}");
    refused("config-14", &included, "include");
}

#[test]
fn config_15_an_authority_that_has_ended() {
    let folder = Folder::new();
    std::fs::write(folder.path("ca.pem"), Authority::valid_until("Old CA", 2020).pem()).unwrap();

    answered("config-15", &folder.refusal(&sap("ca_file = \"ca.pem\"")));
}

#[tokio::test]
async fn config_16_a_key_that_is_not_the_pinned_one() {
    let (authority, folder) = (Authority::new("Plant CA"), tempfile::tempdir().unwrap());
    let server = sap_with(&authority.issue("localhost", 2090)).await;
    let mut pinned = trusting(&folder, &authority, &server.url);
    pinned.trust.pinned_keys = vec!["A".repeat(43) + "="];

    answered("config-16", &tls_error(&pinned).await.to_string());
    assert!(server.asked().is_empty());
}
