//! A kilogram explains itself: an independent script finds it again from the JSON alone.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::command_line::{Plant, ended_with, text};
use crate::serve::{Daemon, add_user};

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
async fn the_page_explains_down_to_readings_what_the_script_finds_again() {
    let plant = Plant::new().await;
    add_user(&plant, "vera", "auditor");
    let daemon = Daemon::start(&plant);
    let vera = daemon.somebody("vera").await;
    vera.facts().await;

    let product = vera.get("/explain/REBAR-16").await;
    let order = vera.get("/explain/1000893").await;
    let (nothing, _) = vera.ask(reqwest::Method::GET, "/explain/no-such-thing", None).await;

    assert_eq!([&product["kind"], &order["kind"]], ["product", "order"]);
    assert_eq!(product["name"], "REBAR-16");
    assert!(!product["meter"]["readings"].as_array().unwrap().is_empty());
    assert!(product["rules"]["corrections"].is_array());
    for explained in [&product, &order] {
        let found = recomputed(explained);
        assert!(found.status.success(), "{}", text(&found));
    }
    assert_eq!(nothing, reqwest::StatusCode::NOT_FOUND);
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
async fn the_steel_works_melts_its_scrap_again_and_says_what_is_recycled_biogenic_and_fixed() {
    let plant = Plant::new().await;

    let explained = plant.json(&["explain", "REBAR-16"]);
    let short = &explained["products"][1];
    let number = |value: &Value| value.as_str().unwrap().parse::<f64>().unwrap();
    let processes = short["evidence"]["processes"].as_array().unwrap();
    let terms = short["footprint"]["contributions"].as_array().unwrap();
    let sum = |of: &dyn Fn(&Value) -> bool, what: &dyn Fn(&Value) -> f64| -> f64 {
        terms.iter().filter(|term| of(term)).map(what).sum()
    };
    let amount = |term: &Value| number(&term["activity"]["amount"]);

    // The circle: each billet and slab takes 25 kg of what comes back of all four.
    let back: Vec<usize> =
        (0..processes.len()).filter(|at| processes[*at]["product"] == "RETURN-SCRAP").collect();
    assert_eq!(back.len(), 4);
    let melt = processes.iter().find(|one| one["product"] == "BILLET-S").unwrap();
    let inputs = melt["inputs"].as_array().unwrap().iter();
    let returned: f64 = inputs
        .filter(|input| back.contains(&(input["process"].as_u64().unwrap() as usize)))
        .map(|input| number(&input["quantity"]))
        .sum();
    assert!((returned / number(&melt["share"]) - 0.025).abs() < 1e-12, "{returned}");

    // A quarter of 2 kg of strap was strap before.
    let strap = |part: &str| sum(&|term| term["what"] == format!("bought, {part} part"), &amount);
    assert!((strap("virgin") - 0.0015).abs() < 1e-12 && (strap("recycled") - 0.0005).abs() < 1e-12);

    // Biochar's carbon leaves as biogenic CO2, and nothing else has any.
    let biochar = |term: &Value| term["factor"] == "SUP-BIOCHAR-100601";
    let biogenic = sum(&|_| true, &|term| number(&term["biogenic_co2_kg"]));
    assert!(biogenic > 12.0 && (biogenic - 3116.7 * sum(&biochar, &amount)).abs() < 1e-9);

    // Lime for a tonne: 35 kg, and 20 kg for a whole order.
    let lime = melt["terms"].as_array().unwrap().iter();
    let lime: f64 = lime
        .filter(|term| term["what"].as_str().unwrap().contains("bought from 100401"))
        .map(amount)
        .sum();
    let lot = number(&melt["lot"]);
    assert!(lot > 0.5 && (lime - (0.035 + 0.020 / lot)).abs() < 1e-12, "{lime} {lot}");
    assert!(recomputed(&explained).status.success());
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

#[tokio::test(flavor = "multi_thread")]
async fn a_footprint_says_its_stages_its_quality_and_how_far_it_may_be_off() {
    let plant = Plant::new().await;

    let report = plant.json(&["footprint", "--draws", "20000"]);

    let product = &report["footprints"][0];
    let total = product["kg_co2e_per_unit"].as_f64().unwrap();
    let stages: f64 =
        product["by_stage"].as_object().unwrap().values().filter_map(Value::as_f64).sum();
    assert!((stages - total).abs() < 1e-6);
    for criterion in ["technological", "temporal", "geographical"] {
        let rating = product["data_quality"][criterion].as_f64().unwrap();
        assert!((1.0..=3.0).contains(&rating), "{criterion} {rating}");
    }
    let (analytic, drawn) = (&product["uncertainty"], &product["uncertainty"]["monte_carlo"]);
    let sd = analytic["sd_kg_co2e"].as_f64().unwrap();
    assert!((drawn["mean_kg_co2e"].as_f64().unwrap() - total).abs() < 5.0 * sd / 20_000f64.sqrt());
    assert!((drawn["sd_kg_co2e"].as_f64().unwrap() / sd - 1.0).abs() < 0.05);
    assert!(drawn["low_2_5_percent"].as_f64().unwrap() < total);
}

/// The plant's factor of purchased electricity as its publisher corrected it.
fn dearer_electricity(plant: &Plant, kg_co2e: &str) {
    let factors = std::fs::read_to_string(plant.path("mappings/factors.toml")).unwrap();
    let row = factors.find("activity = \"electricity\"\n").unwrap();
    let start = factors[..row].rfind("[[").unwrap();
    let end = row + factors[row..].find("\n[[").unwrap();
    let dearer = format!(
        r#"[[factor]]
id = "EG-DE-UBA-2018"
activity = "electricity"
unit = "KWH"
kg_co2e_per_unit = "{kg_co2e}"
scope = "s2"
region = "DE"
valid_from = "2018-01-01"
valid_to = "2019-01-01"
source = "what the publisher corrected it to"
licence = "made up"
confidence = "made up"
"#
    );
    let changed = [&factors[..start], &dearer, &factors[end..]].concat();
    std::fs::write(plant.path("mappings/factors.toml"), changed).unwrap();
}

/// kg CO2e that the accounts of FI and of the ledger show for a period.
fn posted_kg(plant: &Plant, period: &str) -> f64 {
    let ledger = plant.json(&["ledger", "show", "--period", period]);
    assert_eq!(ledger["sum_mg"], 0);
    let accounts = ledger["accounts"].as_array().unwrap();
    let charged = accounts.iter().filter(|account| account["account"] == "carbon_cost");
    charged.map(|account| account["amount"].as_i64().unwrap()).sum::<i64>() as f64 / 1e6
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_factor_is_posted_as_a_balanced_difference_and_what_stands_stays() {
    let plant = Plant::new().await;
    ended_with(&plant.carbide(&["post", "--carbon", "--no-wait"]), 0);
    let before = posted_kg(&plant, "2018-09");
    let same = plant.json(&["footprint", "restate", "--period", "2018-09"]);
    let nothing = plant.carbide(&["post", "--correction", "2018-09", "--no-wait"]);
    dearer_electricity(&plant, "0.478");

    let restated = plant.json(&["footprint", "restate", "--period", "2018-09"]);
    ended_with(&plant.carbide(&["post", "--correction", "2018-09", "--no-wait"]), 0);

    assert_eq!(same["correction"], Value::Null);
    ended_with(&nothing, 1);
    assert_eq!(restated["changed_factors"].as_array().unwrap().len(), 1);
    assert_eq!(restated["changed_factors"][0]["id"], "EG-DE-UBA-2018");
    let entries = restated["correction"]["entries"].as_array().unwrap();
    assert_eq!(entries.iter().map(|entry| entry["amount"].as_i64().unwrap()).sum::<i64>(), 0);
    let original = plant.json(&["explain", "CS-1"]);
    let kwh: f64 = original["run"]["inventory"]["metered_kwh"].as_str().unwrap().parse().unwrap();
    let difference = posted_kg(&plant, "2018-09") - before;
    assert!((difference - kwh * 0.01).abs() < 0.002, "{difference}");
    let again = plant.json(&["footprint", "restate", "--period", "2018-09"]);
    assert_eq!(again["correction"], Value::Null);
    assert_eq!(again["posted_by"], json!(["CS-1", "CS-2"]));
    assert_eq!(again["posted_mg"], restated["restated_mg"]);
    // The document of the difference is explained, and found again, like any other.
    let correction = plant.json(&["explain", "CS-2"]);
    assert_eq!(correction["run"]["corrects"]["change_sets"], json!(["CS-1"]));
    let found = recomputed(&correction);
    assert!(found.status.success(), "{}", text(&found));
    let mut changed = correction;
    changed["run"]["lines"][0]["kilograms"] = json!("1");
    assert!(!recomputed(&changed).status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correction_of_a_closed_month_goes_into_the_next_and_can_be_taken_back() {
    let plant = Plant::new().await;
    ended_with(&plant.carbide(&["post", "--carbon", "2018-08", "--no-wait"]), 0);
    ended_with(&plant.carbide(&["ledger", "close", "2018-08", "--why", "month end"]), 0);
    let august = posted_kg(&plant, "2018-08");
    dearer_electricity(&plant, "0.458");

    ended_with(&plant.carbide(&["post", "--correction", "2018-08", "--no-wait"]), 0);

    let less = posted_kg(&plant, "2018-09");
    assert!(less < 0.0, "{less}");
    assert_eq!(posted_kg(&plant, "2018-08"), august);
    ended_with(&plant.carbide(&["undo", "CS-2"]), 0);
    assert_eq!(posted_kg(&plant, "2018-09"), 0.0);
    let restated = plant.json(&["footprint", "restate", "--period", "2018-08"]);
    assert_eq!(restated["posted_by"], json!(["CS-1"]));
    assert_eq!(restated["into"], "2018-09");
}

#[test]
fn goods_under_the_border_adjustment_are_calculated_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("goods.json");
    let good = |name: &str, direct: &str, mwh: &str, factor: &str, from: Value| {
        json!({ "name": name, "installation": "works", "route": "BF", "direct": direct,
                "electricity_mwh": mwh, "electricity_factor": factor, "precursors": from })
    };
    let goods = json!([
        good(
            "slab",
            "0.32",
            "0.15",
            "0.62",
            json!([
            { "good": "pig iron", "mass": "0.92" }, { "good": "FeMn", "mass": "0.012" }])
        ),
        good("pig iron", "1.6", "0.05", "1", json!([])),
        good("FeMn", "1.3", "2.2", "0.62", json!([])),
    ]);
    std::fs::write(&file, goods.to_string()).unwrap();
    let command = Command::new(env!("CARGO_BIN_EXE_carbide"))
        .args(["footprint", "cbam", &file.display().to_string(), "--json"])
        .output()
        .unwrap();

    ended_with(&command, 0);
    let found: Value = serde_json::from_slice(&command.stdout).unwrap();

    assert_eq!(found[0]["direct"], "1.8076");
    assert_eq!(found[0]["indirect"], "0.155368");
}
