//! A kilogram explains itself: an independent script finds it again from the JSON alone.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::command_line::{Plant, ended_with, text};

/// The script's answer to an explanation.
fn recomputed(explained: &Value) -> Output {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/carbon/recompute.py");
    let mut python = Command::new("python3")
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("python3 is there");
    python.stdin.take().unwrap().write_all(explained.to_string().as_bytes()).unwrap();
    python.wait_with_output().unwrap()
}

#[test]
fn the_script_is_short_enough_to_be_read() {
    let script = include_str!("../carbon/recompute.py");

    assert!(script.lines().count() <= 100, "{} lines", script.lines().count());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_independent_script_finds_every_kilogram_again() {
    let plant = Plant::new().await;
    ended_with(&plant.carbide(&["post", "--carbon", "--no-wait"]), 0);

    let product = plant.json(&["explain", "REBAR-16"]);
    let order = plant.json(&["explain", "1000893"]);
    let document = plant.json(&["explain", "CS-1"]);

    let found = recomputed(&product);
    assert!(found.status.success(), "{}", text(&found));
    let stated = product["products"][0]["kg_co2e_per_unit"].as_str().unwrap();
    let stated: f64 = stated.parse().unwrap();
    assert!(text(&found).contains(&format!("REBAR-16 0001 {stated:.6}")), "{}", text(&found));
    let found = recomputed(&order);
    assert!(found.status.success(), "{}", text(&found));
    assert!(text(&found).contains("order 1000893"));
    let found = recomputed(&document);
    assert!(found.status.success(), "{}", text(&found));
    let rule = &product["rules"]["corrections"];
    assert!(rule.is_array() && product["rules"]["findings"].is_array());
    assert!(product["products"][0]["factors"]["EG-DE-UBA-2018"]["source"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_reading_factor_or_line_is_noticed_by_the_script() {
    let plant = Plant::new().await;
    let whole = plant.json(&["explain", "REBAR-16"]);
    let noticed = |change: fn(&mut Value)| {
        let mut changed = whole.clone();
        change(&mut changed);
        assert_ne!(changed, whole);
        !recomputed(&changed).status.success()
    };

    assert!(noticed(|e| e["meter"]["readings"][7][1] = json!("9999")));
    assert!(noticed(
        |e| e["products"][0]["factors"]["EG-DE-UBA-2018"]["kg_co2e_per_unit"] = json!("0.5")
    ));
    assert!(noticed(|e| e["products"][0]["kg_co2e_per_unit"] = json!("2073.3")));
    assert!(noticed(
        |e| e["products"][0]["evidence"]["processes"][0]["inputs"][0]["quantity"] = json!("1")
    ));
    assert!(noticed(
        |e| e["products"][0]["evidence"]["processes"][0]["electricity"][0]["yielded_t"] =
            json!("1")
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_explanation_is_a_page_that_can_be_printed() {
    let plant = Plant::new().await;
    let page = plant.path("page.html");

    ended_with(&plant.carbide(&["explain", "REBAR-16", "--page", &page.display().to_string()]), 0);

    let html = std::fs::read_to_string(page).unwrap();
    assert!(html.starts_with("<!doctype html>") && html.contains("@media print"));
    assert!(html.contains("EG-DE-UBA-2018") && html.contains("BILLET-L"));
    assert!(!html.contains("<script") && !html.contains("src="));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_leads_from_the_meter_to_fi_and_closes() {
    let plant = Plant::new().await;
    ended_with(&plant.carbide(&["post", "--carbon", "--no-wait"]), 0);

    let ledger = plant.json(&["ledger", "show", "--period", "2018-09"]);
    let accounts = ledger["accounts"].as_array().unwrap();
    let balance = |kind: &str| -> i64 {
        let of = accounts.iter().filter(|account| account["account"] == kind);
        of.map(|account| account["amount"].as_i64().unwrap()).sum()
    };
    let each_zero = |kind: &str| {
        let mut of = accounts.iter().filter(|account| account["account"] == kind).peekable();
        of.peek().is_some() && of.all(|account| account["amount"] == 0)
    };
    assert_eq!(ledger["sum_mg"], 0);
    assert!(each_zero("source") && each_zero("cost_object") && each_zero("product"));
    assert_eq!(balance("atmosphere"), -(balance("carbon_cost") + balance("carried_forward")));
    assert!(balance("carbon_cost") > 0);

    let close = plant.carbide(&["ledger", "close", "2018-09", "--why", "month end"]);
    ended_with(&close, 0);
    let refused = plant.carbide(&["post", "--carbon", "--no-wait"]);
    ended_with(&refused, 4);
    assert!(text(&refused).contains("LEDGER-CLOSED"), "{}", text(&refused));
    ended_with(&plant.carbide(&["ledger", "lock", "2018-09", "--why", "audited"]), 0);
    let reopened = plant.carbide(&["ledger", "reopen", "2018-09", "--why", "oops"]);
    assert!(text(&reopened).contains("LEDGER-LOCKED"), "{}", text(&reopened));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_organisation_has_its_categories_budgets_and_orders() {
    let plant = Plant::new().await;

    let report = plant.json(&["footprint", "organisation", "--from", "2018-07", "--to", "2018-09"]);
    let order = plant.json(&["footprint", "order", "1000893"]);

    let kg = |value: &Value| value.as_str().unwrap().parse::<f64>().unwrap();
    let total = kg(&report["total"]["location_based_kg"]);
    for grouping in
        ["by_iso_14064_category", "by_scope", "by_category", "by_month", "by_cost_center"]
    {
        let parts = report[grouping].as_object().unwrap().values();
        let sum: f64 = parts.map(|part| kg(&part["location_based_kg"])).sum();
        assert!((sum - total).abs() < 1e-6 * total, "{grouping}: {sum} of {total}");
    }
    let scopes = report["by_scope"].as_object().unwrap();
    let own =
        kg(&scopes["scope 1"]["location_based_kg"]) + kg(&scopes["scope 2"]["location_based_kg"]);
    let quarter = &report["budgets"][0];
    assert_eq!(quarter["budget"]["quarter"], "2018-Q3");
    assert!((quarter["emitted"].as_f64().unwrap() / 1e6 - own).abs() < 1e-3);
    assert_eq!(quarter["days"], json!([92, 92]));
    let (actual, standard) =
        (kg(&order["kg_co2e_per_unit"]), kg(&order["standard_kg_co2e_per_unit"]));
    let above = kg(&order["above_standard_kg_co2e_per_unit"]);
    assert!((actual - standard - above).abs() < 1e-9 && actual > 0.0);
    ended_with(&plant.carbide(&["footprint", "order", "4711"]), 1);
}
