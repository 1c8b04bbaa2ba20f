//! The daemon as systemd runs it by docs/basis/systemd/carbide.service: what it tells on the socket, and
//! how it ends.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::net::UnixDatagram;
use std::process::Stdio;
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::command_line::{Plant, text};
use crate::decide_on_page::rows;
use crate::serve::{Daemon, PASSWORD, add_user};
use crate::support;

const UNIT: &str = include_str!("../../docs/basis/systemd/carbide.service");

/// A line of the unit, as `Type=notify`.
fn of_unit(key: &str) -> &'static str {
    let lines = UNIT.lines().filter_map(|line| line.split_once('='));
    lines.filter(|(name, _)| *name == key).map(|(_, value)| value).next_back().unwrap_or_default()
}

/// The daemon and the socket that a service manager listens at.
struct Unit {
    daemon: Daemon,
    socket: UnixDatagram,
}

impl Unit {
    fn start(plant: &Plant) -> Self {
        let path = plant.path("notify.sock");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let path = path.display().to_string();
        let daemon = Daemon::with(plant, &[("NOTIFY_SOCKET", &path)], Stdio::inherit());
        Self { daemon, socket }
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
}

#[tokio::test(flavor = "multi_thread")]
async fn systemd_hears_ready_signs_of_life_reload_and_stop() {
    let plant = Plant::new().await;
    let unit = Unit::start(&plant);

    let ready = unit.told("READY");
    let alive = unit.daemon.get("/healthz").await.status();
    let first = (unit.told("WATCHDOG"), Instant::now());
    let second = (unit.told("WATCHDOG"), Instant::now());
    unit.daemon.signal("-HUP");
    let reloading = unit.told("RELOADING");
    let again = unit.told("READY");
    let began = Instant::now();
    unit.daemon.signal("-TERM");
    let stopping = unit.told("STOPPING");
    let url = unit.daemon.url().to_owned();
    let ended_well = unit.daemon.stop();

    assert_eq!((of_unit("Type"), of_unit("NotifyAccess")), ("notify", "main"));
    assert_eq!((ready["READY"].as_str(), alive.as_u16()), ("1", 200));
    assert!(url.ends_with(ready["STATUS"].rsplit(' ').next().unwrap()), "{ready:?}");
    assert_eq!((first.0["WATCHDOG"].as_str(), second.0["WATCHDOG"].as_str()), ("1", "1"));
    let apart = second.1.duration_since(first.1);
    let watchdog = of_unit("WatchdogSec").trim_end_matches('s').parse().unwrap();
    assert!(apart < Duration::from_secs(watchdog) / 2, "{apart:?} between two signs of life");
    assert_eq!(reloading["RELOADING"], "1");
    // systemd from 253 on takes a reload only with the time at which it began.
    assert!(reloading["MONOTONIC_USEC"].parse::<u64>().unwrap() > 0);
    assert_eq!((again["READY"].as_str(), stopping["STOPPING"].as_str()), ("1", "1"));
    assert!(ended_well);
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
    let daemon = Daemon::start(&plant);
    let asked = async |path: &str, name: &str, value: &str| {
        let url = format!("{}/api/v1/session/oidc{path}", daemon.url());
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

#[tokio::test(flavor = "multi_thread")]
async fn it_keeps_footprints_and_its_log_has_document_numbers_and_no_secret() {
    let plant = Plant::new().await;
    add_user(&plant, "frieda", "finance");
    let log = plant.path("log.jsonl");
    let variables = [("CARBIDE_LOG", "json"), ("RUST_LOG", "carbide=info,warn")];
    let daemon = Daemon::with(&plant, &variables, File::create(&log).unwrap().into());
    let frieda = daemon.somebody("frieda").await;
    frieda.facts().await;

    let (status, job) =
        frieda.post("/postings", json!({ "subject": { "month": "2018-09" } })).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{job}");
    let id = frieda.done(&job).await;
    let document = frieda.get(&format!("/change-sets/{id}")).await["items"][0]["number"].clone();
    let began = Instant::now();
    let kept = loop {
        let kept = rows(&frieda, "/tables/footprint-snapshots?limit=100").await;
        if !kept.is_empty() {
            break kept;
        }
        assert!(began.elapsed() < Duration::from_secs(120), "no snapshot of the footprints");
        tokio::time::sleep(Duration::from_millis(500)).await;
    };
    let shown = rows(&frieda, "/tables/products?limit=100").await;
    assert!(daemon.stop());

    let of = |row: &Value| {
        ["material", "production_version", "footprint", "unit", "value_state"]
            .map(|key| row[key].clone())
    };
    assert_eq!(kept.iter().map(of).collect::<Vec<_>>(), shown.iter().map(of).collect::<Vec<_>>());
    assert!(kept.iter().all(|row| row["period"] == "2018-09" && row["made"] == kept[0]["made"]));
    let log = std::fs::read_to_string(&log).unwrap();
    let told = log.lines().filter(|line| !line.starts_with("Ending"));
    let told: Vec<Value> = told
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
        .collect();
    // The number without company code and year.
    let number = document.as_str().unwrap().split(' ').next().unwrap();
    let number = number.trim_start_matches('0').to_owned();
    assert!(number.len() >= 6, "{document}");
    let names = |line: &Value| {
        let fields = &line["fields"];
        fields["change_set"] == id.as_str() && fields.to_string().contains(&number)
    };
    assert!(told.iter().any(names), "{number} is in no line of the log: {log}");
    for secret in [PASSWORD, support::PASSWORD] {
        assert!(!log.contains(secret));
    }
}
