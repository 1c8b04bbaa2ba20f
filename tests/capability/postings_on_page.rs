//! Carbon postings of the page, by material as by line.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::Value;

use crate::command_line::{Plant, text};
use crate::decide_on_page::rows;
use crate::serve::{Daemon, add_user};

fn by_line(rows: &[Value]) -> BTreeMap<[String; 4], Decimal> {
    let mut sums = BTreeMap::new();
    for row in rows {
        let of = ["change_set", "cost_center", "scope", "value_state"];
        let of = of.map(|column| row[column].as_str().unwrap().to_owned());
        let carbon: Decimal = row["carbon"].as_str().unwrap().parse().unwrap();
        *sums.entry(of).or_insert(Decimal::ZERO) += carbon;
    }
    sums
}

#[tokio::test(flavor = "multi_thread")]
async fn each_line_of_a_posting_is_the_sum_of_its_materials_to_the_gram() {
    let plant = Plant::new().await;
    for command in [["sync"].as_slice(), &["post", "--carbon", "latest", "--no-wait"]] {
        let done = plant.carbide(command);
        assert!(done.status.success(), "{}", text(&done));
    }
    add_user(&plant, "vera", "viewer");
    let daemon = Daemon::start(&plant);
    let vera = daemon.somebody("vera").await;
    vera.facts().await;

    let mut lines = rows(&vera, "/tables/postings?limit=10000").await;
    // The daemon looks at the journal beside the facts.
    for _ in 0..100 {
        if !lines.is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        lines = rows(&vera, "/tables/postings?limit=10000").await;
    }
    let materials = rows(&vera, "/tables/posting-materials?limit=10000").await;

    let (lines, sums) = (by_line(&lines), by_line(&materials));
    assert!(!lines.is_empty());
    for (of, posted) in &lines {
        let difference = (sums[of] - posted).abs();
        assert!(
            difference < Decimal::new(1, 3),
            "{of:?}: {} of materials, {posted} posted",
            sums[of]
        );
    }
    let made = |row: &&Value| row["material"].as_str().is_some_and(|material| !material.is_empty());
    assert!(materials.iter().filter(made).count() > 1, "more than one was made");
    assert!(materials.iter().any(|row| !made(&row)), "overhead has none");
}
