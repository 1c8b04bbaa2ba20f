//! The built binary, killed with SIGKILL at seeded moments while it posts and while it takes back: SAP
//! and journal say the same afterwards, and what was there before can always be had again.
//!
//! `CARBIDE_CRASHES` sets how many times (200); `CARBIDE_CRASH_SEED` runs one seed only, which a
//! failure names.

use std::process::Stdio;
use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use serde_json::json;

use crate::command_line::{Plant, ended_with};
use crate::support::fault;

/// Plants side by side: most of the time they wait for what may still arrive in SAP.
const PLANTS: u64 = 4;

fn wanted() -> Vec<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    match number("CARBIDE_CRASH_SEED") {
        Some(seed) => vec![seed],
        None => (0..number("CARBIDE_CRASHES").unwrap_or(200)).collect(),
    }
}

#[test]
fn killed_anywhere_sap_and_journal_agree_and_the_way_back_is_open() {
    let seeds = wanted();
    let plants = (0..PLANTS).map(|plant| {
        let seeds = seeds.iter().copied().filter(|seed| seed % PLANTS == plant).collect();
        // A thread of its own: waiting for the binary must not hold up the sandbox.
        let run = || tokio::runtime::Runtime::new().unwrap().block_on(crashes(seeds));
        std::thread::spawn(run)
    });
    let mut met = Met::default();
    for plant in plants.collect::<Vec<_>>() {
        let of_plant = plant.join().unwrap();
        met.posting += of_plant.posting;
        met.between += of_plant.between;
        met.undoing += of_plant.undoing;
    }
    println!("{} kills: {met:?}", seeds.len());
    // Kills that meet nothing prove nothing.
    if seeds.len() >= 100 {
        assert!(met.posting * 10 >= seeds.len() && met.undoing * 20 >= seeds.len(), "{met:?}");
    }
}

/// How many kills met the program at what.
#[derive(Debug, Default)]
struct Met {
    /// Some orders of a plan were there, and not all.
    posting: usize,
    /// None or all were there.
    between: usize,
    /// Some orders were taken back, and not all.
    undoing: usize,
}

/// Crashes of one plant, one after the other: what the last one left must not harm the next.
async fn crashes(seeds: Vec<u64>) -> Met {
    let mut met = Met::default();
    if seeds.is_empty() {
        return met;
    }
    let plant = Plant::new().await;
    ended_with(&plant.carbide(&["plan"]), 0);
    let before = plant.planned_orders().await;
    let post = ["post", "--plan", "--no-wait"];
    let begun = Instant::now();
    ended_with(&plant.carbide(&post), 0);
    let posting = begun.elapsed();
    let orders = plant.truly_new().await.len();
    let begun = Instant::now();
    ended_with(&plant.carbide(&["undo"]), 0);
    let taking_back = begun.elapsed();
    // Documents go out together: unless SAP is slow with some of them, all are there at once.
    let slow = |method: &str, milliseconds: u64| json!({ "kind": "delay", "match": method, "count": orders / 2, "milliseconds": milliseconds });
    for seed in seeds {
        let mut random = Pcg64Mcg::seed_from_u64(seed);
        let undoing = random.random_bool(0.35);
        // Requests that are on their way when the process dies.
        let (command, takes) = if undoing {
            ended_with(&plant.carbide(&post), 0);
            fault(&plant.sandbox, slow("DELETE", 250)).await;
            (vec!["undo"], taking_back)
        } else {
            if random.random_bool(0.8) {
                fault(&plant.sandbox, slow("POST", 250)).await;
            }
            (post.to_vec(), posting)
        };
        let child = plant.command(&command).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut child = child.unwrap();
        let after = if random.random_bool(0.7) {
            // Once the first of them is there, or gone.
            let whole = if undoing { orders } else { 0 };
            while plant.truly_new().await.len() == whole && child.try_wait().unwrap().is_none() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            Duration::from_millis(random.random_range(0..200))
        } else {
            takes.mul_f64(random.random_range(0.05..1.3))
        };
        tokio::time::sleep(after).await;
        let there = plant.truly_new().await.len();
        child.kill().unwrap();
        child.wait().unwrap();
        // What was on its way arrives.
        tokio::time::sleep(Duration::from_millis(150)).await;
        crate::support::calm(&plant.sandbox).await;

        let left = plant.truly_new().await.len();
        let some = |count: usize| count > 0 && count < orders;
        match (some(there) || some(left), undoing) {
            (false, _) => met.between += 1,
            (true, false) => met.posting += 1,
            (true, true) => met.undoing += 1,
        }
        ended_with(&plant.carbide(&["journal", "recover"]), 0);
        assert_eq!(
            plant.truly_new().await,
            plant.standing_in_last(),
            "CARBIDE_CRASH_SEED={seed}: {command:?} killed after {after:?}"
        );
        if !plant.truly_new().await.is_empty() {
            ended_with(&plant.carbide(&["undo"]), 0);
        }
        assert_eq!(
            plant.planned_orders().await,
            before,
            "CARBIDE_CRASH_SEED={seed}: {command:?} killed after {after:?}"
        );
    }
    ended_with(&plant.carbide(&["journal", "verify"]), 0);
    met
}
