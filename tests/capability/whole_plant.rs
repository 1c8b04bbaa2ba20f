//! The sample plant uses what the program can: media beside electricity, own generation, lost readings,
//! several factor books, the grid's hours. docs/methods.md has the same as a table.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde_json::Value;

use crate::command_line::{Plant, ended_with, text};

fn number(value: &Value) -> Decimal {
    value.as_str().unwrap().parse().unwrap()
}

fn rows(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

/// kWh given to each work center; overhead under the empty name.
fn by_center(explained: &Value) -> BTreeMap<String, Decimal> {
    let mut sums = BTreeMap::new();
    for share in rows(&explained["meter"]["shares"]) {
        let center = share["work_center"].as_str().unwrap_or_default().to_owned();
        *sums.entry(center).or_default() += number(&share["kwh"]);
    }
    sums
}

#[tokio::test(flavor = "multi_thread")]
async fn steam_water_air_and_gas_are_read_reconciled_and_given_to_who_used_them() {
    let plant = Plant::new().await;

    let checked = plant.json(&["ems", "check"]);
    let explained = plant.json(&["explain", "STRIP-3"]);

    let units: BTreeSet<&str> =
        rows(&checked["samples"]).iter().map(|row| row["unit"].as_str().unwrap()).collect();
    assert_eq!(units, BTreeSet::from(["GJ", "KWH", "M3"]));
    let media = rows(&explained["media"]);
    let names: Vec<&str> = media.iter().map(|one| one["medium"].as_str().unwrap()).collect();
    assert_eq!(names, ["steam", "water", "compressed_air", "natural_gas"]);
    for medium in media {
        let stretches = rows(&medium["equipment"]);
        assert!(stretches.len() >= 90, "every shift of the month: {}", medium["medium"]);
        let (mut given, mut moved) = (Decimal::ZERO, false);
        for stretch in stretches {
            let nodes = rows(&stretch["nodes"]);
            let (top, leaves): (Vec<&Value>, Vec<&Value>) =
                nodes.iter().partition(|node| node["parent"].is_null());
            let sum: Decimal = leaves.iter().map(|leaf| number(&leaf["reconciled"])).sum();
            assert_eq!(sum, number(&top[0]["reconciled"]), "{}", medium["medium"]);
            moved |= leaves.iter().any(|leaf| leaf["given"] != leaf["reconciled"]);
            given += sum;
        }
        assert!(moved, "meters are a little off: {}", medium["medium"]);
        let read: Decimal = rows(&medium["readings"]).iter().map(|row| number(&row[1])).sum();
        assert!((read - given).abs() < Decimal::new(1, 3), "{read} read, {given} given");
    }
    let terms = rows(&explained["products"][0]["footprint"]["contributions"]);
    let term = |what: &str| terms.iter().find(|term| term["what"] == what).unwrap();
    assert_eq!(term("steam at ROLL2")["activity"]["unit"], "GJ");
    assert_eq!(term("steam at ROLL2")["scope"], "s2");
    assert_eq!(term("water at CAST1")["activity"]["unit"], "M3");
    assert_eq!(term("water at CAST1")["scope"], "s3_1");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_compressor_used_belongs_to_who_used_the_air() {
    let plant = Plant::new().await;
    let fed = by_center(&plant.json(&["explain", "REBAR-16"]));
    let mapping = plant.path("mappings/meters.toml");
    let mapped = std::fs::read_to_string(&mapping).unwrap();
    let apart = mapped.replace("feeds = \"compressed_air\"\n", "");
    assert_ne!(apart, mapped);
    std::fs::write(&mapping, apart).unwrap();

    let apart = by_center(&plant.json(&["explain", "REBAR-16"]));

    for center in ["EAF1", "ROLL1"] {
        assert!(fed[center] > apart[center], "{center}: {} and {}", fed[center], apart[center]);
    }
    assert!(fed[""] < apart[""], "the overhead is what is left");
    assert_eq!(fed["CAST1"], apart["CAST1"], "it uses no air");
    assert_eq!(fed.values().sum::<Decimal>(), apart.values().sum::<Decimal>());
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_readings_are_filled_and_carry_their_measured_error_to_the_posting() {
    let plant = Plant::new().await;
    ended_with(&plant.carbide(&["post", "--carbon", "--no-wait"]), 0);

    let checked = plant.json(&["check"]);
    let explained = plant.json(&["explain", "REBAR-16"]);
    let posted = plant.json(&["explain", "CS-1"]);
    let printed = text(&plant.carbide(&["explain", "CS-1"]));

    let lost = rows(&checked["findings"])
        .iter()
        .find(|finding| finding["rule"] == "R4" && finding["subject"] == "M-1010-EAF1")
        .unwrap();
    assert_eq!(lost["count"], 12, "three hours");
    assert!(lost["text"].as_str().unwrap().contains("imputed"), "{lost}");
    let balances = rows(&checked["findings"]).iter().filter(|finding| finding["rule"] == "R9");
    assert_eq!(balances.count(), 0, "a guess contradicts nobody");
    for document in [&explained["rules"]["corrections"], &posted["run"]["corrections"]] {
        let filled: Vec<&Value> =
            rows(document).iter().filter(|one| one["meter"] == "M-1010-EAF1").collect();
        assert_eq!(filled.len(), 12);
        for one in filled {
            assert!(one["old_kwh"].is_null() && one["new_kwh"].is_string(), "{one}");
            assert!(number(&one["error_percent"]) > Decimal::ZERO, "{one}");
        }
    }
    assert!(printed.contains("M-1010-EAF1") && printed.contains("error"), "{printed}");
    let shares = rows(&explained["meter"]["shares"]).iter();
    let imputed: Decimal = shares
        .filter(|share| share["state"] == "imputed")
        .map(|share| {
            assert_eq!(share["work_center"], "EAF1");
            number(&share["kwh"])
        })
        .sum();
    assert!(imputed > Decimal::ZERO);
    let lines = rows(&posted["run"]["lines"]);
    assert!(lines.iter().any(|line| line["state"] == "imputed"), "finance sees it as well");
}

#[tokio::test(flavor = "multi_thread")]
async fn own_generation_is_used_before_what_is_bought_and_nothing_is_counted_for_it() {
    let plant = Plant::new().await;

    let explained = plant.json(&["explain", "REBAR-16"]);

    let (mut own, mut stretches) = (Decimal::ZERO, 0);
    for stretch in rows(&explained["meter"]["equipment"]) {
        let nodes = rows(&stretch["nodes"]);
        let node = |id: &str| number(&nodes.iter().find(|n| n["id"] == id).unwrap()["reconciled"]);
        let below = nodes.iter().filter(|node| node["parent"] == "MAIN");
        let used: Decimal = below
            .filter(|node| node["kind"] != "generation")
            .map(|node| number(&node["reconciled"]))
            .sum();
        assert_eq!(used, node("MAIN") + node("PV-ROOF"));
        own += node("PV-ROOF");
        stretches += 1;
    }
    assert!(stretches >= 90 && own > Decimal::from(100), "{own} kWh of the roof");
    let given: Decimal = by_center(&explained).values().sum();
    let readings = rows(&explained["meter"]["readings"]).iter();
    let bought: Decimal = readings.map(|row| number(&row[1])).sum();
    assert_eq!(given, bought, "what is counted is what was bought");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_organisation_has_the_grids_hours_contracts_water_and_budgets() {
    let plant = Plant::new().await;

    let report = plant.json(&["footprint", "organisation"]);

    let both = &report["electricity"]["2018-09"];
    assert_eq!(both["hourly_matched"], both["energy"], "every hour of 2018 is published");
    assert_ne!(both["location"], both["market"]);
    let lines = rows(&report["lines"]);
    let of = |source: &str| -> Vec<&Value> {
        lines.iter().filter(|line| line["source"] == source).collect()
    };
    let (steam, water) = (of("steam"), of("water"));
    assert!(steam.iter().all(|line| line["activity"]["unit"] == "GJ") && !steam.is_empty());
    assert!(water.iter().all(|line| line["factor"] == "WATERWORKS-2018") && !water.is_empty());
    assert!(!rows(&report["budgets"]).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn three_factor_books_count_the_same_month_side_by_side() {
    let plant = Plant::new().await;

    let of = |book: &str| plant.json(&["footprint", "--book", book]);
    let books = ["plant", "cbam", "customer"].map(of);

    let factors = |document: &Value, activity: &str| -> Vec<Value> {
        let rows = rows(&document["inventory"]["factors"]).iter();
        rows.filter(|row| row["activity"] == activity).cloned().collect()
    };
    // Imported heat is direct under the CBAM, and bought energy for the plant.
    assert_eq!(factors(&books[0], "steam")[0]["scope"], "s2");
    assert_eq!(factors(&books[1], "steam")[0]["scope"], "s1");
    for book in &books {
        assert_eq!(factors(book, "steam").len(), 1);
        let totals = &book["inventory"];
        let lines = rows(&totals["lines"]).iter();
        let steam: i64 = lines
            .filter(|line| line["factor"].as_str().unwrap().starts_with("HT-04"))
            .map(|line| line["emissions"].as_i64().unwrap())
            .sum();
        assert!(steam > 0);
    }
    let carbon = |document: &Value| document["footprints"][0]["kg_co2e_per_unit"].clone();
    let [plant, cbam, customer] = [0, 1, 2].map(|book| carbon(&books[book]).as_f64().unwrap());
    assert!(cbam < plant, "{cbam} of precursors and the site alone, {plant} of everything");
    assert!((customer - plant).abs() > 1e-6, "the customer's book is adjusted to the grid");
}
