//! The daemon as systemd runs it by docs/basis/systemd/carbide.service: what it tells on the socket, and
//! how it ends.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::os::unix::net::UnixDatagram;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::command_line::{Plant, text};

const UNIT: &str = include_str!("../../docs/basis/systemd/carbide.service");

/// A line of the unit, as `Type=notify`.
fn of_unit(key: &str) -> &'static str {
    let lines = UNIT.lines().filter_map(|line| line.split_once('='));
    lines.filter(|(name, _)| *name == key).map(|(_, value)| value).last().unwrap_or_default()
}

/// The daemon and the socket that a service manager listens at.
struct Unit {
    child: Child,
    socket: UnixDatagram,
    url: String,
}

impl Unit {
    fn start(plant: &Plant) -> Self {
        let path = plant.path("notify.sock");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let mut child = plant
            .command(&["serve", "--listen", "127.0.0.1:0"])
            .env("NOTIFY_SOCKET", &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let url = line.split_whitespace().find(|word| word.starts_with("http://")).unwrap();
        let url = url.trim_end_matches(';').to_owned();
        Self { child, socket, url }
    }

    /// The next message that has this state, as names and values.
    fn told(&self, state: &str) -> BTreeMap<String, String> {
        let mut bytes = [0; 4096];
        let began = Instant::now();
        loop {
            let length = self.socket.recv(&mut bytes).expect("the daemon tells in time");
            let message = std::str::from_utf8(&bytes[..length]).unwrap();
            let lines = message.lines().filter_map(|line| line.split_once('='));
            let told: BTreeMap<String, String> =
                lines.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            if told.contains_key(state) {
                return told;
            }
            assert!(began.elapsed() < Duration::from_secs(60), "no {state}, but {message}");
        }
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        std::process::Command::new("kill").args([name, &pid]).status().unwrap();
    }
}

impl Drop for Unit {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn systemd_hears_ready_signs_of_life_reload_and_stop() {
    let plant = Plant::new().await;
    let mut unit = Unit::start(&plant);

    let ready = unit.told("READY");
    let alive = reqwest::get(format!("{}/healthz", unit.url)).await.unwrap().status();
    let first = (unit.told("WATCHDOG"), Instant::now());
    let second = (unit.told("WATCHDOG"), Instant::now());
    unit.signal("-HUP");
    let reloading = unit.told("RELOADING");
    let again = unit.told("READY");
    let began = Instant::now();
    unit.signal("-TERM");
    let stopping = unit.told("STOPPING");
    let ended = unit.child.wait().unwrap();

    assert_eq!((of_unit("Type"), of_unit("NotifyAccess")), ("notify", "main"));
    assert_eq!((ready["READY"].as_str(), alive.as_u16()), ("1", 200));
    assert!(unit.url.ends_with(ready["STATUS"].rsplit(' ').next().unwrap()), "{ready:?}");
    assert_eq!((first.0["WATCHDOG"].as_str(), second.0["WATCHDOG"].as_str()), ("1", "1"));
    let apart = second.1.duration_since(first.1);
    let watchdog = of_unit("WatchdogSec").trim_end_matches('s').parse().unwrap();
    assert!(apart < Duration::from_secs(watchdog) / 2, "{apart:?} between two signs of life");
    assert_eq!(reloading["RELOADING"], "1");
    // systemd from 253 on takes a reload only with the time at which it began.
    assert!(reloading["MONOTONIC_USEC"].parse::<u64>().unwrap() > 0);
    assert_eq!((again["READY"].as_str(), stopping["STOPPING"].as_str()), ("1", "1"));
    assert!(ended.success(), "{ended}");
    let patience = of_unit("TimeoutStopSec").trim_end_matches('s').parse().unwrap();
    assert!(began.elapsed() < Duration::from_secs(patience));
    let verified = plant.carbide(&["journal", "verify"]);
    assert!(verified.status.success(), "{}", text(&verified));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_not_let_in_by_the_directory_reads_why_in_their_language() {
    let plant = Plant::new().await;
    plant.append(
        "[serve.oidc]\nissuer = \"http://127.0.0.1:9\"\nclient_id = \"carbide\"\nname = \"House\"\n",
    );
    let unit = Unit::start(&plant);
    let asked = async |path: &str, name: &str, value: &str| {
        let url = format!("{}/api/v1/session/oidc{path}", unit.url);
        let answer = reqwest::Client::new().get(url).header(name, value).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };

    let german = asked("/back?error=access_denied", "accept-language", "de-AT,en;q=0.5").await;
    let chosen = asked("/back?error=access_denied", "cookie", "carbide_language=ja").await;
    let away = asked("", "accept-language", "zh-CN").await;
    let script = "/back?error=x&error_description=%3Cscript%3E";
    let hostile = asked(script, "accept-language", "fr").await;

    assert_eq!(german.0, 401);
    assert!(german.1.contains("<html lang=\"de\">"), "{}", german.1);
    assert!(german.1.contains("Nicht angemeldet") && german.1.contains("access_denied"));
    assert!(chosen.1.contains("<html lang=\"ja\">"), "{}", chosen.1);
    assert_eq!(away.0, 502);
    assert!(away.1.contains("<html lang=\"zh\">") && away.1.contains("serve.oidc.issuer"));
    assert!(hostile.1.contains("<html lang=\"en\">") && hostile.1.contains("&lt;script&gt;"));
    assert!(!hostile.1.contains("<script>"), "{}", hostile.1);
}
