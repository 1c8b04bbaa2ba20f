//! Settings that are wrong stop the start with exit 2 and say where; nothing is read or sent.

use std::path::{Path, PathBuf};

use carbide::config::Config;
use carbide::config::sap::AuthMethod;
use carbide::config::secrets::SecretSource;

use crate::command_line::{Plant, ended_with, text};
use crate::tls_server::{Authority, Server, json, private};

pub const SETTINGS: &str = include_str!("../../mappings/carbide.toml");

/// A folder with the shipped mappings.
pub struct Folder(tempfile::TempDir);

impl Folder {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mappings = Path::new(env!("CARGO_MANIFEST_DIR")).join("mappings");
        copy(&mappings, &folder.path().join("mappings"));
        Self(folder)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn load(&self, settings: &str) -> Result<Config, String> {
        let path = self.path("carbide.toml");
        std::fs::write(&path, settings).unwrap();
        Config::load(&path).map_err(|error| error.to_string())
    }

    /// Why settings are refused, and in which line.
    pub fn refusal(&self, settings: &str) -> String {
        self.load(settings).unwrap_err()
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() { copy(&path, &target) } else { drop(std::fs::copy(&path, target)) }
    }
}

/// The shipped settings with one line of `[sap]` changed or added.
pub fn sap(line: &str) -> String {
    SETTINGS.replacen("timeout_seconds = 30\n", &format!("{line}\n"), 1)
}

pub fn replaced(from: &str, to: &str) -> String {
    assert!(SETTINGS.contains(from), "{from}");
    SETTINGS.replacen(from, to, 1)
}

/// Settings of a productive system.
pub fn production(line: &str) -> String {
    sap(line)
        .replace("role = \"sandbox\"", "role = \"production\"")
        .replace("settle_seconds = 3 ", "settle_seconds = 720 ")
        .replace("http://127.0.0.1:8010", "https://sap.example.com")
}

pub fn line_of(settings: &str, text: &str) -> String {
    let line = settings.lines().position(|line| line.contains(text)).unwrap() + 1;
    format!("carbide.toml:{line}:")
}

#[test]
fn config_01_an_unknown_key_is_named_with_its_place_and_the_one_that_was_meant() {
    let settings = sap("tls_verfy = true");

    let refusal = Folder::new().refusal(&settings);

    assert!(refusal.contains("CFG-KEY: unknown key tls_verfy (did you mean tls_verify?)"));
    assert!(refusal.contains(&line_of(&settings, "tls_verfy")), "{refusal}");
}

#[test]
fn config_02_a_secret_in_the_file_is_refused_and_not_repeated() {
    let folder = Folder::new();
    for line in [
        "password = \"hunter2\"",
        "Password='hunter2'",
        "auth = { method = \"api_key\", api_key = \"hunter2\" }",
        "auth.client_secret = \"hunter2\"",
        "password_from = \"hunter2\"",
        "auth.api_key_from = \"hunter2\"",
    ] {
        let settings = match line.starts_with("password_from") {
            true => replaced("password_from = \"file:secrets/sap\"", line),
            false => sap(line),
        };

        let refusal = folder.refusal(&settings);

        assert!(refusal.contains("CFG-SECRET"), "{line}: {refusal}");
        assert!(!refusal.contains("hunter2"), "{refusal}");
        if !line.starts_with("auth.api_key_from") {
            assert!(refusal.contains(&line_of(&settings, "hunter2")), "{line}: {refusal}");
        }
    }
    let in_the_proxy = format!("{SETTINGS}\n[sap.proxy]\nurl = \"http://me:hunter2@proxy:8080\"\n");
    let refusal = folder.refusal(&in_the_proxy);
    assert!(refusal.contains("CFG-SECRET") && !refusal.contains("hunter2"), "{refusal}");
    let in_the_address = replaced("http://127.0.0.1:8010", "https://me:hunter2@sap.example.com");
    let refusal = folder.refusal(&in_the_address);
    assert!(refusal.contains("CFG-SECRET") && !refusal.contains("hunter2"), "{refusal}");
}

#[cfg(unix)]
#[test]
fn config_03_a_secret_file_that_others_can_read_stops_the_start() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    std::fs::create_dir(folder.path("secrets")).unwrap();
    let secret = private(&folder.path("secrets"), "sap", "hunter2");
    folder.load(SETTINGS).unwrap();

    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o644)).unwrap();

    let refusal = folder.refusal(SETTINGS);
    let expected = "CFG-MODE: secret file ";
    assert!(refusal.contains(expected), "{refusal}");
    assert!(refusal.contains("is readable by other users; chmod 600"), "{refusal}");
    assert!(refusal.contains(&line_of(SETTINGS, "password_from")), "{refusal}");
}

#[test]
fn config_04_plain_http_is_for_this_machine_only() {
    let folder = Folder::new();
    for url in ["http://sap.example.com", "http://127.0.0.1.example.com", "http://localhost.evil"] {
        let refusal = folder.refusal(&replaced("http://127.0.0.1:8010", url));
        let expected = "CFG-TLS: sap.url uses http; only https is allowed outside this machine";
        assert!(refusal.contains(expected), "{refusal}");
    }
    let oauth = sap("auth = { method = \"oauth2_client_credentials\", client_id = \"c\", \
         client_secret_from = \"env:C\", token_url = \"http://login.example.com\" }");
    assert!(folder.refusal(&oauth).contains("CFG-TLS: sap.auth.token_url uses http"));
}

#[test]
fn config_07_numbers_out_of_range_are_named_with_the_range() {
    let folder = Folder::new();
    for (settings, expected) in [
        (sap("timeout_seconds = 0"), "CFG-RANGE: sap.timeout_seconds must be 1..600, not 0"),
        (
            replaced("parallel_reads = 4", "parallel_reads = 100000"),
            "CFG-RANGE: sap.parallel_reads must be 1..64, not 100000",
        ),
        (
            replaced("documents_max = 500", "documents_max = 0"),
            "CFG-RANGE: post.documents_max must be 1..100000, not 0",
        ),
        (replaced("sessions = 8", "sessions = 9"), "CFG-RANGE: post.sessions must be 1..8, not 9"),
        (
            replaced("overlap_minutes = 10", "overlap_minutes = 0"),
            "CFG-RANGE: sync.overlap_minutes must be 1..1440, not 0",
        ),
    ] {
        let refusal = folder.refusal(&settings);
        assert!(refusal.contains(expected), "{refusal}");
    }
    // The window of the way back is no setting.
    let window = replaced("documents_max = 500", "window_seconds = 100000");
    assert!(folder.refusal(&window).contains("CFG-KEY: unknown key window_seconds"));
}

#[test]
fn config_08_a_real_system_needs_the_time_in_which_a_lost_request_may_still_be_written() {
    let settings = production("").replace("settle_seconds = 720", "settle_seconds = 719");

    let refusal = Folder::new().refusal(&settings);

    assert!(refusal.contains("CFG-SETTLE: settle_seconds 719"), "{refusal}");
    assert!(refusal.contains("below SAP's limit 720"), "{refusal}");
    assert!(refusal.contains(&line_of(&settings, "settle_seconds")), "{refusal}");
}

#[tokio::test(flavor = "multi_thread")]
async fn config_09_two_systems_never_share_a_journal() {
    let plant = Plant::new().await;
    ended_with(&plant.carbide(&["doctor"]), 0);
    let path = plant.path("carbide.toml");
    let settings = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, settings.replace("system = \"SBX\"", "system = \"P01\"")).unwrap();

    let other = plant.carbide(&["post", "--dry-run"]);

    ended_with(&other, 2);
    let expected = "CFG-JOURNAL: systems SBX/100 and P01/100 share state";
    assert!(text(&other).contains(expected), "{}", text(&other));
    assert!(text(&other).contains(&line_of(&settings, "directory =")), "{}", text(&other));
    std::fs::write(&path, settings).unwrap();
    ended_with(&plant.carbide(&["doctor"]), 0);
}

#[cfg(target_os = "linux")]
#[test]
fn config_10_a_real_systems_journal_lies_on_a_disk_of_this_machine() {
    let folder = Folder::new();
    if !Path::new("/dev/shm").is_dir() {
        return;
    }
    let in_memory = |settings: String| {
        settings.replace("directory = \"state\"", "directory = \"/dev/shm/carbide-test-state\"")
    };

    let refusal = folder.refusal(&in_memory(production("")));

    assert!(
        refusal.contains("CFG-FS: /dev/shm/carbide-test-state is on memory (tmpfs)"),
        "{refusal}"
    );
    assert!(refusal.contains("a local file system is required"), "{refusal}");
    folder.load(&in_memory(SETTINGS.to_owned())).unwrap();
}

#[test]
fn config_11_a_client_has_three_digits() {
    let refusal = Folder::new().refusal(&replaced("client = \"100\"", "client = \"1\""));

    assert!(
        refusal.contains("CFG-CLIENT: sap.client must have three digits, not '1'"),
        "{refusal}"
    );
}

#[test]
fn config_13_a_file_that_nobody_wrote_by_hand_is_not_read() {
    let folder = Folder::new();
    let long = format!("{SETTINGS}\n#{}\n", "x".repeat(4 << 20));

    let refusal = folder.refusal(&long);
    assert!(refusal.contains("CFG-SIZE") && refusal.contains("is larger than 4 MiB"), "{refusal}");

    folder.load(SETTINGS).unwrap();
    std::fs::write(folder.path("mappings/rules.toml"), long).unwrap();
    assert!(folder.refusal(SETTINGS).contains("CFG-SIZE"));
}

#[test]
fn config_14_a_file_includes_no_other() {
    let included = format!("include = \"../../outside.toml\"\n{SETTINGS}");

    assert!(Folder::new().refusal(&included).contains("CFG-KEY: unknown key include"));
}

#[test]
fn config_15_an_authority_that_is_expired_or_none_stops_the_start() {
    let folder = Folder::new();
    let settings = sap("ca_file = \"ca.pem\"");
    let with = |pem: &str| {
        std::fs::write(folder.path("ca.pem"), pem).unwrap();
        folder.load(&settings).err().unwrap_or_default()
    };

    let expired = with(&Authority::valid_until("Old CA", 2020).pem());
    let leaf = with(&Authority::new("CA").issue("sap.example.com", 2090).certificate);

    assert!(expired.contains("certificate CN=Old CA"), "{expired}");
    assert!(expired.contains("CFG-CA") && expired.contains("expired on 2020-12-31"), "{expired}");
    assert!(expired.contains(&line_of(&settings, "ca_file")), "{expired}");
    assert!(leaf.contains("CFG-CA") && leaf.contains("is no authority"), "{leaf}");
    assert!(with("hunter2").contains("there is no certificate in it"));
    assert_eq!(with(&Authority::new("Plant CA").pem()), "");
}

#[test]
fn config_16_a_pin_that_is_none_stops_the_start() {
    let refusal = Folder::new().refusal(&sap("pinned_keys = [\"sha256/abc\"]"));

    assert!(refusal.contains("'sha256/abc' is no pin"), "{refusal}");
}

#[test]
fn verification_of_a_productive_system_cannot_be_switched_off() {
    let folder = Folder::new();

    for value in ["true", "false"] {
        let refusal = folder.refusal(&production(&format!("tls_verify = {value}")));
        assert!(refusal.contains("CFG-KEY: unknown key tls_verify for a production"), "{refusal}");
    }
    folder.load(&sap("tls_verify = false")).unwrap();
}

#[test]
fn each_method_of_logon_says_which_key_it_lacks() {
    let folder = Folder::new();
    for (method, key) in [
        ("oauth2_client_credentials", "sap.auth.token_url"),
        ("oauth2_refresh", "sap.auth.token_url"),
        ("client_certificate", "sap.auth.certificate_file"),
        ("api_key", "sap.auth.api_key_from"),
    ] {
        let refusal = folder.refusal(&sap(&format!("auth.method = \"{method}\"")));
        assert!(refusal.contains(&format!("this method of logon needs {key}")), "{refusal}");
    }
    let without = replaced("password_from = \"file:secrets/sap\"\n", "");
    assert!(folder.refusal(&without).contains("needs sap.password_from"));
}

#[test]
fn every_method_of_logon_can_be_written() {
    let folder = Folder::new();
    let settings = format!(
        "{SETTINGS}
[sap.auth]
method = \"oauth2_refresh\"
token_url = \"https://login.example.com/oauth/token\"
client_id = \"sb-carbide\"
client_secret_from = \"credential:client\"
client_secret_in = \"body\"
refresh_token_from = \"file:secrets/refresh\"
scope = \"A B\"
api_key_from = \"keyring:carbide/key\"
api_key_header = \"x-api-key\"

[sap.proxy]
url = \"http://proxy:8080\"
no_proxy = \"example.com,10.0.0.0/8\"
user = \"me\"
password_from = \"env:PROXY_PASSWORD\"

"
    );
    let settings = settings.replace("overlap_minutes = 10", "overlap_minutes = 30");

    let settings = folder.load(&settings).unwrap().settings;

    assert_eq!(settings.sap.auth.method, AuthMethod::OAuth2Refresh);
    assert_eq!((settings.sync.overlap_minutes, settings.sync.full_compare_hours), (30, 24));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_binary_with_oauth_settings_reaches_sap_and_keeps_the_rotated_token() {
    let plant = Plant::new().await;
    let tokens = Server::plain(|asked| {
        assert!(asked.body.contains("refresh_token=first-canary"));
        json(
            200,
            r#"{"access_token":"token-canary","expires_in":60,"refresh_token":"next-canary"}"#,
        )
    })
    .await;
    let sap = Server::plain(|asked| {
        let both = asked.header("authorization") == "Bearer token-canary"
            && asked.header("x-key") == "key-canary";
        if both { json(503, "{}") } else { json(401, "{}") }
    })
    .await;
    private(&plant.path("secrets"), "refresh", "first-canary\n");
    private(&plant.path("secrets"), "key", "key-canary");
    let path = plant.path("carbide.toml");
    let settings = std::fs::read_to_string(&path).unwrap();
    let auth = format!(
        "[sap.auth]\nmethod = \"oauth2_refresh\"\ntoken_url = \"{}/token\"\n\
         client_id = \"c\"\nrefresh_token_from = \"file:secrets/refresh\"\n\
         api_key_from = \"file:secrets/key\"\napi_key_header = \"x-key\"\n\n[plant]",
        tokens.url
    );
    let settings = settings
        .replace(&plant.sandbox.url(), &sap.url)
        .replace("password_from = \"file:secrets/sap\"\n", "")
        .replacen("[plant]", &auth, 1);
    std::fs::write(&path, settings).unwrap();

    let output = plant.carbide(&["-vv", "doctor"]);

    assert!(text(&output).contains("was let in"), "{}", text(&output));
    assert!(!text(&output).contains("canary"), "{}", text(&output));
    assert_eq!(tokens.asked().len(), 1);
    let kept = std::fs::read_to_string(plant.path("secrets/refresh")).unwrap();
    assert_eq!(kept, "next-canary");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_proxy_of_the_environment_is_taken_only_if_it_is_asked_for() {
    let plant = Plant::new().await;
    let sync = || {
        let mut command = plant.command(&["sync"]);
        // Nobody listens there.
        command.env("http_proxy", "http://127.0.0.1:1").env_remove("no_proxy");
        command.env_remove("NO_PROXY").output().unwrap()
    };
    ended_with(&sync(), 0);

    let path = plant.path("carbide.toml");
    let settings = std::fs::read_to_string(&path).unwrap();
    let asked = "[sap.proxy]\nfrom_environment = true\n\n[plant]";
    std::fs::write(&path, settings.replacen("[plant]", asked, 1)).unwrap();

    ended_with(&sync(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_stored_in_a_private_file_below_the_settings() {
    use std::io::Write;
    let plant = Plant::new().await;
    let mut command = plant.command(&["config", "set-secret", "file:secrets/new"]);
    let mut child = command
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"hunter2\n").unwrap();

    let output = child.wait_with_output().unwrap();

    ended_with(&output, 0);
    assert!(!text(&output).contains("hunter2"));
    let stored = SecretSource::File(plant.path("secrets/new"));
    assert_eq!(stored.fetch().unwrap().expose(), "hunter2");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_settings_end_with_2_and_nothing_was_sent() {
    let plant = Plant::new().await;
    let path = plant.path("carbide.toml");
    let settings = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, settings.replace("client = \"100\"", "client = \"1\"")).unwrap();

    let output = plant.carbide(&["sync"]);

    ended_with(&output, 2);
    assert!(text(&output).contains("CFG-CLIENT"), "{}", text(&output));
    assert!(!plant.path("state").exists());
}
