//! The companion package, as far as the sandbox serves it: rights, planned orders, requests of planners.

use std::time::{Duration, Instant};

use carbide::sandbox::{RunningSandbox, SandboxOptions};
use carbide::sap::bapi::authority::{self, Granted, Right};
use carbide::sap::error::SapError;
use serde_json::{Value, json};

use crate::command_line::Plant;
use crate::serve::{Daemon, add_user};
use crate::support::{PASSWORD, rfc, truth};

const ASKED: [Right; 3] = [
    Right { object: "S_RFC", field: "RFC_NAME", value: "Z_CARBIDE_AUTHORITY" },
    Right { object: "S_RFC", field: "RFC_NAME", value: "*" },
    Right { object: "S_DEVELOP", field: "ACTVT", value: "02" },
];

async fn sandbox_of(companion: bool, profiles: &[&str]) -> RunningSandbox {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let profiles = profiles.iter().map(|name| (*name).to_owned()).collect();
    let local = SandboxOptions::local("CARBIDE", PASSWORD);
    RunningSandbox::start(SandboxOptions { companion, profiles, ..local }).await.unwrap()
}

async fn asked(companion: bool, profiles: &[&str]) -> Result<Vec<Granted>, SapError> {
    let sandbox = sandbox_of(companion, profiles).await;
    let rfc = rfc(&sandbox);
    let answer = rfc.call(&authority::ask(&ASKED)).await;
    let granted = answer.and_then(|reply| authority::answered(rfc.system(), &reply, &ASKED));
    sandbox.stop().await;
    granted
}

#[tokio::test]
async fn a_user_who_is_held_to_the_role_has_neither_everything_nor_development() {
    let granted = asked(true, &[]).await.unwrap();

    assert_eq!(granted, [Granted::Yes, Granted::No, Granted::No]);
}

#[tokio::test]
async fn a_user_with_sap_all_has_what_no_role_has() {
    assert_eq!(asked(true, &["SAP_ALL"]).await.unwrap(), [Granted::Yes; 3]);
}

#[tokio::test]
async fn without_the_package_the_question_is_not_understood() {
    let refused = asked(false, &[]).await.unwrap_err();

    assert!(refused.to_string().contains("Z_CARBIDE_AUTHORITY"), "{refused}");
}

/// A plant on a system with the package, whose daemon looks every second at what planners ask for.
async fn plant() -> Plant {
    let plant = Plant::on(sandbox_of(true, &[]).await);
    plant.append("[serve]\ncompanion_seconds = 1\n");
    plant
}

/// Presses a button of ZCARBIDE_PLAN in the name of a user of SAP.
async fn press(plant: &Plant, user: &str, action: &str, requirement: &str) {
    let url = format!("{}/sandbox/press", plant.sandbox.url());
    let order = json!({ "user": user, "action": action, "requirement": requirement });
    let answer = reqwest::Client::new().post(url).body(order.to_string()).send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
}

/// What SAP's planners see, as soon as it is as wanted.
async fn seen(plant: &Plant, wanted: impl Fn(&Value) -> bool) -> Value {
    let began = Instant::now();
    loop {
        let seen = truth(&plant.sandbox, "planning").await;
        if wanted(&seen) {
            return seen;
        }
        assert!(began.elapsed() < Duration::from_secs(120), "{seen:#}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn rows(seen: &Value) -> Vec<&Value> {
    seen["plans"].as_object().unwrap().values().collect()
}

fn all_are(seen: &Value, state: &str) -> bool {
    let rows = rows(seen);
    !rows.is_empty() && rows.iter().all(|row| row["STATE"] == state)
}

/// Every answer, the oldest first.
fn answers(seen: &Value) -> Vec<(&str, &str)> {
    let requests = seen["requests"].as_object().unwrap().values();
    let answered = requests.filter(|request| request["STATUS"] != "OPEN");
    answered.map(|r| (r["STATUS"].as_str().unwrap(), r["ANSWER"].as_str().unwrap())).collect()
}

/// Presses, and returns how that was answered.
async fn asked_for(plant: &Plant, user: &str, action: &str, requirement: &str) -> (String, String) {
    let before = truth(&plant.sandbox, "planning").await["requests"].clone();
    press(plant, user, action, requirement).await;
    let new = |seen: &Value| {
        let requests = seen["requests"].as_object().unwrap().iter();
        let mut new = requests.filter(|(id, _)| before.get(id.as_str()).is_none());
        new.find(|(_, request)| request["STATUS"] != "OPEN").map(|(_, request)| request.clone())
    };
    let seen = seen(plant, |seen| new(seen).is_some()).await;
    let request = new(&seen).unwrap();
    let text = |name: &str| request[name].as_str().unwrap().to_owned();
    (text("STATUS"), text("ANSWER"))
}

/// A plan that SAP's planners see, before anybody asked for anything.
struct Proposed {
    plant: Plant,
    daemon: Daemon,
    /// Planned orders before.
    before: String,
    /// What they see.
    seen: Value,
}

impl Proposed {
    /// Shown on `plant`, which has local users of these names and roles.
    async fn on(plant: Plant, users: &[(&str, &str)]) -> Self {
        for (name, role) in users {
            add_user(&plant, name, role);
        }
        assert!(plant.carbide(&["sync"]).status.success());
        assert!(plant.carbide(&["plan"]).status.success());
        let before = plant.planned_orders().await;
        let daemon = Daemon::start(&plant);
        let seen = seen(&plant, |seen| all_are(seen, "PROPOSED")).await;
        Self { plant, daemon, before, seen }
    }

    fn requirement(&self, at: usize) -> String {
        rows(&self.seen)[at]["REQUIREMENT"].as_str().unwrap().to_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_planner_releases_a_plan_in_sap_sees_its_window_and_takes_it_back() {
    let proposal = Proposed::on(plant().await, &[("anna", "planner"), ("vera", "viewer")]).await;
    let requirement = proposal.requirement(0);
    let Proposed { plant, daemon, before, seen: proposed } = proposal;

    let (status, by_viewer) = asked_for(&plant, "VERA", "RELEASE", &requirement).await;
    assert_eq!(status, "REFUSED");
    assert!(by_viewer.contains("VERA is no planner"), "{by_viewer}");
    assert_eq!(plant.planned_orders().await, before);

    let (status, posted) = asked_for(&plant, "ANNA", "RELEASE", &requirement).await;
    assert_eq!((status.as_str(), posted.starts_with("posted as CS-1")), ("DONE", true), "{posted}");
    let open = seen(&plant, |seen| all_are(seen, "POSTED")).await;
    assert_eq!(rows(&open).len(), rows(&proposed).len());
    assert_ne!(plant.planned_orders().await, before);

    let (status, undone) = asked_for(&plant, "ANNA", "TAKE_BACK", &requirement).await;
    assert_eq!(status, "DONE", "{undone}");
    let back = seen(&plant, |seen| all_are(seen, "TAKEN_BACK")).await;
    assert_eq!(plant.planned_orders().await, before);
    assert!(daemon.stop(), "SIGTERM ends it well");

    for (row, posted) in rows(&proposed).into_iter().zip(rows(&open)) {
        assert!(row.get("PLNUM").is_none() && row["CHANGE_SET"] != posted["CHANGE_SET"], "{row}");
        assert!(posted["PLNUM"].as_str().unwrap().len() == 10, "{posted}");
        assert_eq!((&posted["CHANGE_SET"], &row["KG_UNIT"]), (&json!("CS-1"), &json!("KG")));
        assert!(
            posted["WINDOW_UNTIL"].as_str().unwrap() > posted["PUBLISHED_AT"].as_str().unwrap()
        );
        assert_eq!(row["KG_AFTER"], posted["KG_AFTER"]);
        assert_ne!(row["KG_AFTER"].as_str().unwrap().parse::<f64>().unwrap(), 0.0, "{row}");
    }
    assert_eq!(answers(&back).len(), 3);
    let listed = plant.json(&["journal", "ls"]);
    assert_eq!(listed["change_sets"][0]["requested_by"], "anna", "the journal has who asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_was_made_since_is_not_what_the_planner_released() {
    let proposal = Proposed::on(plant().await, &[("anna", "planner")]).await;
    let requirement = proposal.requirement(0);
    let Proposed { plant, daemon, before, .. } = proposal;
    assert!(daemon.stop());
    press(&plant, "ANNA", "RELEASE", &requirement).await;
    plant.configure("horizon_days = 14", "horizon_days = 13");
    assert!(plant.carbide(&["plan"]).status.success());

    let _daemon = Daemon::start(&plant);
    let seen = seen(&plant, |seen| !answers(seen).is_empty()).await;

    let [(status, text)] = answers(&seen)[..] else { panic!("{seen:#}") };
    assert_eq!(status, "REFUSED");
    assert!(text.contains("newer plan"), "{text}");
    assert_eq!(plant.planned_orders().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_four_eyes_a_second_planner_releases_what_the_first_asked_for() {
    let plant = plant().await;
    plant.configure("four_eyes = false", "four_eyes = true");
    let proposal = Proposed::on(plant, &[("anna", "planner"), ("ben", "planner")]).await;
    let (requirement, again) = (proposal.requirement(0), proposal.requirement(1));
    let Proposed { plant, daemon: _daemon, before, .. } = proposal;

    let (_, first) = asked_for(&plant, "ANNA", "RELEASE", &requirement).await;
    let (_, herself) = asked_for(&plant, "ANNA", "RELEASE", &again).await;
    assert_eq!(plant.planned_orders().await, before);
    let (status, second) = asked_for(&plant, "BEN", "RELEASE", &requirement).await;

    assert!(first.contains("R-1 waits for a planner other than anna"), "{first}");
    assert_eq!(first, herself);
    assert_eq!((status.as_str(), second.starts_with("posted as CS-1")), ("DONE", true), "{second}");
    seen(&plant, |seen| all_are(seen, "POSTED")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_and_not_answered_is_answered_and_not_done_again() {
    let proposal = Proposed::on(plant().await, &[("anna", "planner")]).await;
    let requirement = proposal.requirement(0);
    let Proposed { plant, daemon, before, .. } = proposal;
    assert!(daemon.stop());

    // As after a crash between the posting and the answer: it is in the journal, and the request is open.
    press(&plant, "ANNA", "RELEASE", &requirement).await;
    assert!(plant.carbide(&["post", "--plan", "--no-wait"]).status.success());
    let posted = plant.planned_orders().await;
    assert_ne!(posted, before);
    let daemon = Daemon::start(&plant);
    let answered = seen(&plant, |seen| !answers(seen).is_empty() && all_are(seen, "POSTED")).await;
    assert!(daemon.stop());

    assert_eq!(plant.planned_orders().await, posted, "nothing is posted twice");
    let [(status, text)] = answers(&answered)[..] else { panic!("{answered:#}") };
    assert_eq!((status, text), ("DONE", "posted as CS-1, which is OPEN"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_earlier_process_proposed_and_no_plan_has_any_more_is_withdrawn() {
    let proposal = Proposed::on(plant().await, &[("anna", "planner")]).await;
    let Proposed { plant, daemon, seen: proposed, .. } = proposal;
    assert!(daemon.stop());
    plant.configure("horizon_days = 14", "horizon_days = 7");
    let newest = plant.json(&["plan"])["id"].as_str().unwrap().to_owned();

    let daemon = Daemon::start(&plant);
    let is = |seen: &Value, state: &str| rows(seen).iter().filter(|r| r["STATE"] == state).count();
    let later = seen(&plant, |seen| is(seen, "WITHDRAWN") > 0).await;
    assert!(daemon.stop());

    let (withdrawn, stays) = (is(&later, "WITHDRAWN"), is(&later, "PROPOSED"));
    assert_eq!(withdrawn + stays, rows(&proposed).len(), "{later:#}");
    assert!(stays > 0, "{later:#}");
    for row in rows(&later) {
        let is_of_newest = newest.starts_with(row["CHANGE_SET"].as_str().unwrap());
        assert_eq!(is_of_newest, row["STATE"] == "PROPOSED", "{row}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_the_settings_name_releases_without_a_local_user_and_nobody_else_does() {
    let plant = plant().await;
    plant.append("[serve.sap_planners]\nANNA = \"anna@example.com\"\n");
    let proposal = Proposed::on(plant, &[]).await;
    let (one, other) = (proposal.requirement(0), proposal.requirement(1));
    let Proposed { plant, daemon: _daemon, before, .. } = proposal;

    let (refused, why) = asked_for(&plant, "ZOE", "RELEASE", &one).await;
    assert_eq!(plant.planned_orders().await, before);
    let (done, text) = asked_for(&plant, "ANNA", "RELEASE", &other).await;

    assert_eq!(refused, "REFUSED");
    assert!(why.contains("ZOE is no planner") && why.contains("serve.sap_planners"), "{why}");
    assert_eq!(done, "DONE", "{text}");
    let listed = plant.json(&["journal", "ls"]);
    assert_eq!(listed["change_sets"][0]["requested_by"], "anna@example.com");
}
