//! Logon by OpenID Connect at `oidc-provider`, with the built binary and a client that keeps cookies
//! as a browser does.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode, Url};
use serde_json::Value;

use crate::server::Peer;

const BINARY: &str = env!("CARGO_BIN_EXE_carbide");
const SECRET: &str = "a secret of the test that nobody else has";

/// A daemon whose settings name the directory, and the directory.
struct House {
    daemon: Child,
    url: String,
    directory: String,
    _peer: Peer,
    _folder: tempfile::TempDir,
}

impl Drop for House {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

fn private(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

impl House {
    /// `secret` is what the daemon believes the client's secret to be.
    fn open(secret: &str) -> Self {
        // The directory has to know where people are sent back to, and the daemon whom to ask.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let directory = format!("http://127.0.0.1:{port}");
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().display().to_string();
        let made = Command::new(BINARY).args(["config", "init", &place]).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let file = folder.path().join("carbide.toml");
        std::fs::create_dir_all(folder.path().join("secrets")).unwrap();
        private(&folder.path().join("secrets/sap"), "never used here");
        private(&folder.path().join("secrets/oidc"), secret);
        let mut settings = std::fs::read_to_string(&file).unwrap();
        settings.push_str(&format!(
            "\n[serve.oidc]\nissuer = \"{directory}\"\nclient_id = \"carbide\"\n\
             client_secret_from = \"file:secrets/oidc\"\nname = \"The directory\"\n"
        ));
        std::fs::write(&file, settings).unwrap();
        let mut daemon = Command::new(BINARY)
            .arg("--config")
            .arg(&file)
            .args(["serve", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(daemon.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let url = line.split_whitespace().find(|word| word.starts_with("http://")).unwrap();
        let url = url.trim_end_matches(';').to_owned();
        let back = format!("{url}/api/v1/session/oidc/back");
        let port = port.to_string();
        let settings = [("PORT", port.as_str()), ("REDIRECT", back.as_str()), ("SECRET", SECRET)];
        let peer = Peer::start("oidc-provider", &["server.js"], &settings);
        Self { daemon, url, directory, _peer: peer, _folder: folder }
    }
}

fn browser() -> Client {
    Client::builder().cookie_store(true).redirect(Policy::none()).build().unwrap()
}

/// Goes on until somebody has to type, or nobody sends the browser on.
async fn follow(browser: &Client, mut answer: Response) -> Response {
    for _ in 0..10 {
        let Some(to) = answer.headers().get("location") else { return answer };
        let to = answer.url().join(to.to_str().unwrap()).unwrap();
        answer = browser.get(to).send().await.unwrap();
    }
    panic!("the browser is sent round and round");
}

async fn fill(browser: &Client, at: &Url, form: &str) -> Response {
    let request = browser.post(at.clone()).body(form.to_owned());
    request.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap()
}

/// Logs somebody on at the directory; returns the address that it sends the browser back to.
async fn back_address(house: &House, browser: &Client, name: &str) -> Url {
    let left = browser.get(format!("{}/api/v1/session/oidc", house.url)).send().await.unwrap();
    assert_eq!(left.status(), StatusCode::FOUND);
    let logon = follow(browser, left).await;
    assert!(logon.url().as_str().starts_with(&house.directory), "{}", logon.url());
    let at = logon.url().clone();
    let answer = fill(browser, &at, &format!("prompt=login&login={name}&password=x")).await;
    let consent = follow(browser, answer).await;
    let at = consent.url().clone();
    let mut answer = fill(browser, &at, "prompt=consent").await;
    loop {
        let to = answer.headers().get("location").expect("the directory sends people on");
        let to = answer.url().join(to.to_str().unwrap()).unwrap();
        if to.as_str().starts_with(&house.url) {
            return to;
        }
        answer = browser.get(to).send().await.unwrap();
    }
}

async fn who(house: &House, browser: &Client) -> (StatusCode, Value) {
    let answer = browser.get(format!("{}/api/v1/session", house.url)).send().await.unwrap();
    let status = answer.status();
    (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the servers of make test-peers"]
async fn whoever_the_directory_knows_comes_in_with_the_roles_it_gives() {
    let house = House::open(SECRET);
    let browser = browser();

    let back = back_address(&house, &browser, "anna").await;
    let arrived = browser.get(back.clone()).send().await.unwrap();
    let (status, found) = who(&house, &browser).await;
    let again = browser.get(back).send().await.unwrap();

    assert_eq!((arrived.status(), status), (StatusCode::FOUND, StatusCode::OK));
    assert_eq!(arrived.headers()["location"], "/");
    assert_eq!(found["user"], "anna");
    assert_eq!(found["roles"], serde_json::json!(["planner"]));
    // A code counts once.
    assert_eq!(again.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the servers of make test-peers"]
async fn a_way_back_that_another_browser_began_leads_nowhere() {
    let house = House::open(SECRET);
    let (anna, other) = (browser(), browser());

    let back = back_address(&house, &anna, "anna").await;
    let stolen = other.get(back.clone()).send().await.unwrap();
    let mut forged = back.clone();
    forged.set_query(Some("code=guess&state=guess"));
    let forged = anna.get(forged).send().await.unwrap();

    assert_eq!(stolen.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(forged.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(who(&house, &other).await.0, StatusCode::UNAUTHORIZED);
    // What was carried to another browser is spent for the first one too.
    assert_eq!(anna.get(back).send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the servers of make test-peers"]
async fn who_has_no_role_of_ours_stays_outside_and_reads_why() {
    let house = House::open(SECRET);
    let browser = browser();

    let back = back_address(&house, &browser, "otto").await;
    let answer = browser.get(back).send().await.unwrap();

    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    let page = answer.text().await.unwrap();
    assert!(
        page.contains("otto has no role here") && page.contains("serve.oidc.roles_claim"),
        "{page}"
    );
    assert_eq!(who(&house, &browser).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the servers of make test-peers"]
async fn a_wrong_secret_of_the_client_is_said_and_not_shown() {
    let house = House::open("not the secret");
    let browser = browser();

    let back = back_address(&house, &browser, "frieda").await;
    let answer = browser.get(back).send().await.unwrap();

    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    let page = answer.text().await.unwrap();
    assert!(page.contains("OIDC: the directory gives no token"), "{page}");
    assert!(!page.contains("not the secret"), "{page}");
}
