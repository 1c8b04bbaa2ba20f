//! What people decide in the page: findings of the rules, and whether a version of the factors that is
//! offered should be taken into use.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::command_line::Plant;
use crate::serve::{Daemon, Somebody, add_user};
use crate::support::{calm, fault};

/// The rows of a table as objects.
pub async fn rows(who: &Somebody<'_>, path: &str) -> Vec<Value> {
    let sheet = who.get(path).await;
    let keys: Vec<&str> =
        sheet["columns"].as_array().unwrap().iter().map(|of| of["key"].as_str().unwrap()).collect();
    let row = |row: &Value| {
        keys.iter().enumerate().map(|(at, key)| ((*key).to_owned(), row[at].clone())).collect()
    };
    sheet["rows"].as_array().unwrap().iter().map(row).collect()
}

/// Readings of the last month are a thousand times what they were.
pub fn break_readings(plant: &Plant, ids: &[u32]) {
    let database = rusqlite::Connection::open(plant.path("ems.sqlite")).unwrap();
    for id in ids {
        database.execute("UPDATE meter_reading SET amount = '40000' WHERE id = ?1", [id]).unwrap();
    }
}

/// What the rule about spikes found and nobody decided.
pub async fn waiting(who: &Somebody<'_>) -> Vec<Value> {
    let mut rows = rows(who, "/tables/findings?limit=1000").await;
    rows.retain(|row| row["finding_state"] == "open" && row["rule"] == "R8");
    rows
}

fn path(finding: &Value) -> String {
    format!("/findings/{}", finding["finding"].as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finding_is_asked_about_and_decided_once_with_name_and_reason() {
    let plant = Plant::new().await;
    break_readings(&plant, &[24200]);
    for (name, role) in [("anna", "planner"), ("vera", "viewer")] {
        add_user(&plant, name, role);
    }
    let daemon = Daemon::start(&plant);
    let (anna, vera) = (daemon.somebody("anna").await, daemon.somebody("vera").await);
    anna.facts().await;
    let finding = waiting(&anna).await.into_iter().next().expect("the broken meter is found");
    let accept = json!({ "accept": { "why": "the furnace stood still" } });

    let (forbidden, _) = vera.post(&path(&finding), accept.clone()).await;
    let (senseless, said) = anna.post(&path(&finding), json!({ "accept": { "why": " " } })).await;
    let (asked, page) = anna.post(&path(&finding), json!({ "ask": { "whom": "shift C" } })).await;
    let (accepted, _) = anna.post(&path(&finding), accept.clone()).await;
    let (again, refusal) = anna.post(&path(&finding), accept).await;

    assert_eq!(forbidden, StatusCode::FORBIDDEN);
    assert_eq!(senseless, StatusCode::UNPROCESSABLE_ENTITY, "{said}");
    assert_eq!((asked, &page["state"]), (StatusCode::OK, &json!("asked")));
    assert_eq!(accepted, StatusCode::OK);
    assert_eq!((again, &refusal["code"]), (StatusCode::CONFLICT, &json!("FINDING-STATE")));
    let page = anna.get(&path(&finding)).await;
    let life: Vec<(&str, &str)> = page["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| (event["who"].as_str().unwrap(), event["what"].as_str().unwrap()))
        .collect();
    assert_eq!(life, [("carbide", "found"), ("anna", "asked"), ("anna", "accepted")]);
    let unknown = anna.ask(Method::GET, "/findings/ffffffffffff", None).await;
    assert_eq!(unknown.0, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_corrected_reading_counts_at_once_and_the_old_one_stays_beside_it() {
    let plant = Plant::new().await;
    break_readings(&plant, &[24200]);
    add_user(&plant, "frieda", "finance");
    let daemon = Daemon::start(&plant);
    let frieda = daemon.somebody("frieda").await;
    let before = frieda.facts().await;
    let finding = waiting(&frieda).await.into_iter().next().expect("the broken meter is found");
    let correct = |kwh: &str| json!({ "correct": { "kwh": [kwh], "why": "read on site" } });

    let (negative, said) = frieda.post(&path(&finding), correct("-1")).await;
    let (absurd, named) = frieda.post(&path(&finding), correct("many")).await;
    let (status, page) = frieda.post(&path(&finding), correct("12.5")).await;

    assert_eq!(negative, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(said["detail"].as_str().unwrap().contains("a consumption is not negative"), "{said}");
    assert_eq!(absurd, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(named["detail"].as_str().unwrap().contains("value 1 'many'"), "{named}");
    assert_eq!((status, &page["state"]), (StatusCode::OK, &json!("corrected")));
    let event = page["events"].as_array().unwrap().last().unwrap();
    assert_eq!(event["after_kwh"].as_str().unwrap().parse::<f64>().unwrap(), 12.5);
    let after = frieda.facts().await;
    assert_ne!(before["energy_kwh"], after["energy_kwh"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_findings_are_decided_alike_or_none_of_them() {
    let plant = Plant::new().await;
    break_readings(&plant, &[24200, 24400]);
    for (name, role) in [("anna", "planner"), ("vera", "viewer")] {
        add_user(&plant, name, role);
    }
    let daemon = Daemon::start(&plant);
    let (anna, vera) = (daemon.somebody("anna").await, daemon.somebody("vera").await);
    anna.facts().await;
    let open = waiting(&anna).await;
    let keys: Vec<&str> = open.iter().map(|one| one["finding"].as_str().unwrap()).collect();
    assert_eq!(keys.len(), 2, "{open:?}");
    let accept = |keys: &[&str]| json!({ "findings": keys, "decision": { "accept": { "why": "trial of the furnace" } } });

    let (forbidden, _) = vera.post("/findings", accept(&keys)).await;
    let (nobody, _) = anna.post("/findings", accept(&[])).await;
    let (unknown, _) = anna.post("/findings", accept(&[keys[0], "ffffffffffff"])).await;
    let (twice, _) = anna.post("/findings", accept(&[keys[0], keys[0]])).await;
    let still = waiting(&anna).await.len();
    let (status, pages) = anna.post("/findings", accept(&keys)).await;
    let (again, refusal) = anna.post("/findings", accept(&keys)).await;

    assert_eq!(forbidden, StatusCode::FORBIDDEN);
    assert_eq!(nobody, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!((unknown, still), (StatusCode::NOT_FOUND, 2));
    assert_eq!(twice, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(status, StatusCode::OK, "{pages}");
    for page in pages.as_array().unwrap() {
        let event = page["events"].as_array().unwrap().last().unwrap();
        let told = (&page["state"], &event["who"], &event["text"]);
        assert_eq!(told, (&json!("accepted"), &json!("anna"), &json!("trial of the furnace")));
    }
    assert_eq!((again, &refusal["code"]), (StatusCode::CONFLICT, &json!("FINDING-STATE")));
    assert!(waiting(&anna).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn several_findings_get_the_right_energy_together_by_the_beginning_of_their_keys() {
    let plant = Plant::new().await;
    break_readings(&plant, &[24200, 24400]);
    add_user(&plant, "frieda", "finance");
    let daemon = Daemon::start(&plant);
    let frieda = daemon.somebody("frieda").await;
    let before = frieda.facts().await;
    let open = waiting(&frieda).await;
    let keys: Vec<&str> = open.iter().map(|one| one["finding"].as_str().unwrap()).collect();
    let correct = |keys: &[&str], kwh: &[&str]| json!({ "findings": keys, "decision": { "correct": { "kwh": kwh, "why": "read on site" } } });

    // A finding of one interval takes no two values: neither of the findings is changed.
    let (misfit, said) = frieda.post("/findings", correct(&keys, &["12.5", "13"])).await;
    let still = waiting(&frieda).await.len();
    let beginnings: Vec<&str> = keys.iter().map(|key| &key[..8]).collect();
    let same = [beginnings[0], keys[0]];
    let (twice, named) = frieda.post("/findings", correct(&same, &["12.5"])).await;
    let (status, pages) = frieda.post("/findings", correct(&beginnings, &["12.5"])).await;

    assert_eq!((misfit, still), (StatusCode::UNPROCESSABLE_ENTITY, 2), "{said}");
    assert!(said["detail"].as_str().unwrap().contains("2 values were given"), "{said}");
    assert_eq!(twice, StatusCode::UNPROCESSABLE_ENTITY, "{named}");
    assert!(named["detail"].as_str().unwrap().contains("is named twice"), "{named}");
    assert_eq!(status, StatusCode::OK, "{pages}");
    let changed: Vec<&str> =
        pages.as_array().unwrap().iter().map(|page| page["finding"].as_str().unwrap()).collect();
    assert_eq!(changed, keys);
    for page in pages.as_array().unwrap() {
        let event = page["events"].as_array().unwrap().last().unwrap();
        let kwh = |key: &str| event[key].as_str().unwrap().parse::<f64>().unwrap();
        assert_eq!((kwh("before_kwh"), kwh("after_kwh")), (40_000.0, 12.5), "{page}");
    }
    assert!(waiting(&frieda).await.is_empty());
    assert_ne!(before["energy_kwh"], frieda.facts().await["energy_kwh"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_is_offered_shows_what_it_would_do_before_anybody_applies_it() {
    let plant = Plant::new().await;
    let offered = plant.path("mappings/factors-offered/2027-1");
    std::fs::create_dir_all(&offered).unwrap();
    for entry in std::fs::read_dir(plant.path("mappings/factors/2026-4")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name == "package.sig" {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let text = text.replace("id = \"2026-4\"", "id = \"2027-1\"");
        let text = text.replace("known_since = \"2026-11-26\"", "known_since = \"2027-02-26\"");
        let raised = |line: &str| match line.split_once(",0.468,") {
            Some((row, rest)) if row.starts_with("EG-DE-UBA-2018") => {
                format!("{row},0.936,{rest}\n")
            }
            _ => format!("{line}\n"),
        };
        let text: String = text.lines().map(raised).collect();
        std::fs::write(offered.join(name), text).unwrap();
    }
    add_user(&plant, "vera", "auditor");
    let daemon = Daemon::start(&plant);
    let vera = daemon.somebody("vera").await;
    vera.facts().await;

    let versions = rows(&vera, "/tables/factor-versions").await;
    let differences = rows(&vera, "/tables/factor-differences?of=2027-1").await;
    let effects = rows(&vera, "/tables/factor-effects?of=2027-1&limit=500").await;
    let (alone, _) = vera.ask(Method::GET, "/tables/factor-differences?of=2026-4", None).await;

    let uses: Vec<&Value> = versions.iter().map(|row| &row["use"]).collect();
    assert_eq!(uses, [&json!("in_use"), &json!("offered")]);
    assert_eq!(versions[1]["signed_by"], "-");
    assert_eq!(differences.len(), 1, "{differences:?}");
    assert_eq!(differences[0]["percent"].as_str().unwrap().parse::<f64>().unwrap(), 100.0);
    let scope_2 = effects
        .iter()
        .find(|row| row["kind"] == "inventory" && row["what"].as_str().unwrap().ends_with("s2"));
    let scope_2 = scope_2.unwrap_or_else(|| panic!("{effects:?}"));
    // The grid's factor is doubled; bought steam stays as it is.
    let more = scope_2["percent"].as_str().unwrap().parse::<f64>().unwrap();
    assert!((80.0..95.0).contains(&more), "{more}");
    assert!(effects.iter().any(|row| row["kind"] == "product" && row["percent"] != "0.0"));
    assert_eq!(alone, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_posting_that_is_being_sent_is_stopped_and_what_was_sent_is_taken_back() {
    let plant = Plant::new().await;
    for (name, role) in [("anna", "planner"), ("vera", "viewer")] {
        add_user(&plant, name, role);
    }
    let daemon = Daemon::start(&plant);
    let (anna, vera) = (daemon.somebody("anna").await, daemon.somebody("vera").await);
    anna.facts().await;
    let before = plant.planned_orders().await;
    let subject = json!({ "subject": { "plan": anna.plan().await } });
    let slow = json!({ "kind": "delay", "match": "", "count": 1_000_000, "milliseconds": 700 });
    fault(&plant.sandbox, slow).await;

    let (_, job) = anna.post("/postings", subject).await;
    let stop = format!("/jobs/{}/stop", job["id"]);
    while before == plant.planned_orders().await {
        let now = anna.get(&format!("/jobs/{}", job["id"])).await;
        assert!(now["ended"].is_null(), "{now}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let (forbidden, _) = vera.post(&stop, json!({})).await;
    let (status, _) = anna.post(&stop, json!({})).await;
    calm(&plant.sandbox).await;
    let ended = anna.ended(&job).await;
    let (late, _) = anna.post(&stop, json!({})).await;

    assert_eq!((forbidden, status), (StatusCode::FORBIDDEN, StatusCode::OK));
    assert_eq!(ended["state"], "failed", "{ended}");
    assert!(ended["text"].as_str().unwrap().contains("interrupted"), "{ended}");
    assert_eq!(plant.planned_orders().await, before);
    assert_eq!(late, StatusCode::CONFLICT);
}
