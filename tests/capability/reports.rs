//! The greenhouse gas report of a month: a PDF for the archive that a foreign reader reads, a workbook,
//! and the same numbers as everywhere else.

use std::process::Command;

use rust_decimal::Decimal;
use serde_json::Value;

use crate::command_line::{Plant, text};

fn decimal(value: &Value) -> Decimal {
    value.as_str().unwrap().parse().unwrap()
}

/// The cells of a column of the table of a section.
fn column<'a>(report: &'a Value, table: &str, key: &str) -> Vec<&'a Value> {
    let sections = report["sections"].as_array().unwrap();
    let table = sections.iter().map(|s| &s["table"]).find(|t| t["name"] == table);
    let table = table.expect("the table is there");
    let columns = table["columns"].as_array().unwrap();
    let at = columns.iter().position(|column| column["key"] == key).unwrap();
    table["rows"].as_array().unwrap().iter().map(|row| &row[at]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_is_reported_with_the_numbers_of_the_inventory() {
    let plant = Plant::new().await;
    let read = plant.carbide(&["sync"]);
    assert!(read.status.success(), "{}", text(&read));

    let report = plant.json(&["report"]);
    let period = report["period"].as_str().unwrap();
    let inventory = ["footprint", "organisation", "--from", period, "--to", period];
    let inventory = plant.json(&inventory);

    let by_iso = column(&report, "by ISO category", "location_based");
    let (total, parts) = by_iso.split_last().unwrap();
    assert_eq!(parts.iter().map(|part| decimal(part)).sum::<Decimal>(), decimal(total));
    let streams = column(&report, "source streams", "location_based");
    assert_eq!(streams.iter().map(|line| decimal(line)).sum::<Decimal>(), decimal(total));
    assert_eq!(decimal(total), decimal(&inventory["total"]["location_based_kg"]));
    // Every factor that a line names stands with its source and licence.
    let (known, sources) =
        (column(&report, "factors", "factor"), column(&report, "factors", "source"));
    assert!(column(&report, "source streams", "factor").iter().all(|used| known.contains(used)));
    assert!(sources.iter().all(|source| !source.as_str().unwrap().is_empty()));
    assert!(!column(&report, "exclusions", "why_it_is_left_out").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pdf_is_an_archive_that_another_program_reads() {
    let plant = Plant::new().await;
    let out = plant.path("reports");
    std::fs::create_dir(&out).unwrap();
    let out = out.display().to_string();

    let written = plant.carbide(&["report", "--out", &out]);
    assert!(written.status.success(), "{}", text(&written));

    let report = plant.json(&["report"]);
    let period = report["period"].as_str().unwrap();
    let pdf = std::fs::read(format!("{out}/carbide-{period}.pdf")).unwrap();
    assert!(pdf.starts_with(b"%PDF-1.7"));
    let metadata = String::from_utf8_lossy(&pdf);
    assert!(metadata.contains("<pdfaid:part>2</pdfaid:part>"));
    assert!(metadata.contains("<pdfaid:conformance>B</pdfaid:conformance>"));
    let book = std::fs::read(format!("{out}/carbide-{period}.xlsx")).unwrap();
    assert!(book.starts_with(b"PK"));

    let read = Command::new("pdftotext")
        .args(["-layout", &format!("{out}/carbide-{period}.pdf"), "-"])
        .output();
    let read = match read {
        Ok(read) => read,
        Err(error) => {
            let must = std::env::var("CARBIDE_NO_SKIP").is_ok_and(|value| value == "1");
            assert!(!must, "pdftotext: {error}; scripts/install test installs poppler-utils");
            return;
        }
    };
    let said = String::from_utf8_lossy(&read.stdout);
    assert!(said.contains(&format!("Greenhouse gas report {period}")), "{said}");
    assert!(said.contains("was not verified by a third party"));
    assert!(said.contains("Emission factors") && said.contains("What is not in this report"));
    let fonts =
        Command::new("pdffonts").arg(format!("{out}/carbide-{period}.pdf")).output().unwrap();
    let fonts = String::from_utf8_lossy(&fonts.stdout).into_owned();
    // Name, type, encoding, then: embedded, subset, unicode.
    assert!(fonts.lines().skip(2).all(|font| font.contains(" yes yes yes ")), "{fonts}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_that_is_not_metered_has_no_report_and_no_file() {
    let plant = Plant::new().await;
    let out = plant.path("").display().to_string();

    let refused = plant.carbide(&["report", "--period", "2031-01", "--out", &out]);

    assert!(!refused.status.success());
    assert!(text(&refused).contains("2031-01"), "{}", text(&refused));
    assert!(!plant.path("carbide-2031-01.pdf").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_looks_needs_no_secret_of_sap_and_what_sends_says_which_is_missing() {
    let plant = Plant::new().await;
    let posted = plant.carbide(&["sync"]);
    assert!(posted.status.success(), "{}", text(&posted));
    let posted = plant.carbide(&["post", "--carbon", "latest", "--no-wait"]);
    assert!(posted.status.success(), "{}", text(&posted));
    let planned = plant.carbide(&["plan"]);
    assert!(planned.status.success(), "{}", text(&planned));
    let asked = plant.carbide(&["post", "--plan", "--request"]);
    assert!(asked.status.success(), "{}", text(&asked));
    let id = plant.json(&["journal", "ls"])["change_sets"][0]["change_set_id"].clone();
    let id = id.as_str().unwrap().to_owned();
    std::fs::remove_file(plant.path("secrets/sap")).unwrap();

    let report = plant.json(&["report"]);
    let shown = plant.json(&["journal", "show", &id]);
    let explained = plant.json(&["explain", &id]);
    let verified = plant.json(&["journal", "verify"]);
    let month = report["period"].as_str().unwrap().to_owned();
    let restated = plant.json(&["footprint", "restate", "--period", &month]);
    let would_post = plant.carbide(&["post", "--plan", "--dry-run"]);
    let would_undo = plant.carbide(&["undo", &id, "--dry-run"]);
    let backups = plant.carbide(&["restore", "--list"]);
    let waiting = plant.carbide(&["approve"]);
    let approved = plant.command(&["approve", "R-1"]).env("USER", "ben").output().unwrap();
    let refused = [["sync"].as_slice(), &["undo", &id], &["journal", "recover"]];

    let documents = column(&report, "postings", "change_set");
    assert!(documents.iter().any(|of| **of == id.as_str()), "{documents:?}");
    assert_eq!(shown["summary"]["phase"], "OPEN");
    assert!(explained["evidence"].is_string() && explained["run"]["lines"].is_array());
    assert_eq!(verified["damage"], Value::Null);
    assert_eq!(restated["posted_by"][0], id.as_str());
    for looked in [would_post, would_undo, backups, waiting, approved] {
        assert!(looked.status.success(), "{}", text(&looked));
    }
    for refused in refused.map(|sends| plant.carbide(sends)) {
        assert_eq!(refused.status.code(), Some(2), "{}", text(&refused));
        assert!(text(&refused).contains("secrets/sap"), "{}", text(&refused));
    }
}
