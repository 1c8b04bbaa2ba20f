//! Reading only what changed: nothing is missed, nothing is read again in silence.

use std::collections::BTreeMap;

use carbide::cycle::{SetReport, SharedMirror, SyncReport, Way, sync};
use carbide::sandbox::RunningSandbox;
use carbide::source::sap::{Reading, entity_sets};
use jiff::{Timestamp, ToSpan};
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use serde_json::{Value, json};

use crate::support::{edit, fault, mirror, odata, reading, sandbox, truth};

struct Plant {
    sandbox: RunningSandbox,
    reading: Reading,
    mirror: SharedMirror,
    _folder: tempfile::TempDir,
}

impl Plant {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sandbox = sandbox().await;
        let (reading, mirror) = (reading(&sandbox), mirror(folder.path()));
        Self { sandbox, reading, mirror, _folder: folder }
    }

    async fn sync(&self) -> SyncReport {
        sync(&self.reading, &self.mirror, None, Timestamp::now()).await.unwrap()
    }

    async fn edit(&self, set: &str, row: Value, change: Option<Value>) {
        edit(&self.sandbox, set, row, change).await;
    }

    /// Rows that went out since the last question, by set.
    async fn served(&self) -> BTreeMap<String, (u64, u64)> {
        let served = truth(&self.sandbox, "served").await;
        let number = |value: &Value, name: &str| value[name].as_u64().unwrap();
        let all = served.as_object().unwrap().iter();
        all.map(|(set, value)| (set.clone(), (number(value, "requests"), number(value, "rows"))))
            .collect()
    }

    /// Number of a sales order.
    async fn an_order(&self) -> String {
        let sets = entity_sets(&self.reading);
        let set = sets.iter().find(|set| set.name() == "A_SalesOrderScheduleLine").unwrap();
        let rows = odata(&self.sandbox).read(set.service, &set.query, |_, _| {}).await.unwrap();
        rows[0].text("SalesOrder").to_owned()
    }

    /// The rows of a set that the mirror holds, and those that SAP holds, by key.
    async fn both(&self, set: &str) -> [BTreeMap<String, String>; 2] {
        let sets = entity_sets(&self.reading);
        let set = sets.iter().find(|known| known.name() == set).unwrap();
        let rows = odata(&self.sandbox).read(set.service, &set.query, |_, _| {}).await.unwrap();
        let in_sap = rows.iter().map(|row| (set.key(row), row.to_json())).collect();
        let mut mirrored = BTreeMap::new();
        let mirror = self.mirror.lock().unwrap();
        let id = mirror.set(set.service.name, set.name()).unwrap().id;
        let take = |content: String| {
            let row = carbide::sap::odata::Entity::from_json(set.name(), content).unwrap();
            mirrored.insert(set.key(&row), row.to_json());
        };
        mirror.each(id, take).unwrap();
        [mirrored, in_sap]
    }
}

fn of<'r>(report: &'r SyncReport, set: &str) -> &'r SetReport {
    report.sets.iter().find(|known| known.set == set).unwrap()
}

#[tokio::test]
async fn the_second_run_reads_only_what_is_newest() {
    let plant = Plant::new().await;
    let first = plant.sync().await;
    let before = plant.served().await;

    let second = plant.sync().await;

    assert!(first.sets.iter().all(|set| set.way == Way::First && set.total == set.rows_read));
    assert!(second.sets.iter().all(|set| set.way == Way::Unchanged), "{second:#?}");
    assert!(second.alarms.is_empty() && first.alarms.is_empty());
    let all: usize = first.sets.iter().map(|set| set.rows_read).sum();
    let after = plant.served().await;
    let again: u64 = after.iter().map(|(set, (_, rows))| rows - before[set].1).sum();
    assert!(again * 20 < all as u64, "{again} of {all} rows went out again: {after:?}");
}

#[tokio::test]
async fn a_change_an_entry_and_a_deletion_show_as_exactly_that() {
    let plant = Plant::new().await;
    plant.sync().await;
    let item = json!({ "BillOfMaterial": "00000100", "BillOfMaterialItemNodeNumber": "00000001" });
    plant
        .edit("MaterialBOMItem", item, Some(json!({ "BillOfMaterialItemQuantity": "9.999" })))
        .await;
    let version = json!({ "Material": "REBAR-16", "ProductionVersion": "0009", "Plant": "1010" });
    plant.edit("ProductionVersion", version, Some(json!({}))).await;
    plant.edit("A_Product", json!({ "Product": "SCRAP" }), None).await;

    let report = plant.sync().await;

    let seen = |set: &str| (of(&report, set).way, of(&report, set).changed, of(&report, set).gone);
    assert_eq!(seen("MaterialBOMItem"), (Way::Delta, 1, 0));
    assert_eq!(seen("ProductionVersion"), (Way::Full, 1, 0), "SAP tells nothing there");
    assert_eq!(seen("A_Product").2, 1);
    assert_eq!(seen("A_SalesOrder"), (Way::Unchanged, 0, 0));
    assert!(report.alarms.is_empty(), "{:?}", report.alarms);
}

#[tokio::test]
async fn a_part_changes_with_its_owner() {
    let plant = Plant::new().await;
    plant.sync().await;
    let orders = odata(&plant.sandbox);
    let sets = entity_sets(&plant.reading);
    let lines = sets.iter().find(|set| set.name() == "A_SalesOrderScheduleLine").unwrap();
    let line = orders.read(lines.service, &lines.query, |_, _| {}).await.unwrap().remove(0);
    let key =
        json!({ "SalesOrder": line.text("SalesOrder"), "ScheduleLine": line.text("ScheduleLine") });
    plant
        .edit(
            "A_SalesOrderScheduleLine",
            key,
            Some(json!({ "ScheduleLineOrderQuantity": "1.000" })),
        )
        .await;

    let report = plant.sync().await;

    assert_eq!(of(&report, "A_SalesOrder").changed, 1);
    assert!(of(&report, "A_SalesOrderScheduleLine").changed >= 1);
    assert!(of(&report, "A_SalesOrderScheduleLine").rows_read < 10);
    let [mirrored, in_sap] = plant.both("A_SalesOrderScheduleLine").await;
    assert_eq!(mirrored, in_sap);
}

#[tokio::test]
async fn a_part_whose_read_broke_off_is_not_forgotten() {
    let plant = Plant::new().await;
    plant.sync().await;
    let line = json!({ "SalesOrder": plant.an_order().await });
    let change = json!({ "ScheduleLineOrderQuantity": "1.000" });
    plant.edit("A_SalesOrderScheduleLine", line, Some(change)).await;
    let lost = json!({ "kind": "overloaded", "match": "A_SalesOrderScheduleLine", "count": 4 });
    fault(&plant.sandbox, lost).await;
    let broken = sync(&plant.reading, &plant.mirror, None, Timestamp::now()).await;

    plant.sync().await;

    assert!(broken.is_err());
    let [mirrored, in_sap] = plant.both("A_SalesOrderScheduleLine").await;
    assert_eq!(mirrored, in_sap);
}

#[tokio::test]
async fn a_read_that_breaks_off_goes_on_at_its_page() {
    let plant = Plant::new().await;
    let lost = json!({ "kind": "overloaded", "match": "ProdnOrdConf2", "after": 6, "count": 4 });
    fault(&plant.sandbox, lost).await;
    let broken = sync(&plant.reading, &plant.mirror, None, Timestamp::now()).await;
    let before = plant.served().await["ProdnOrdConf2"];

    let report = plant.sync().await;

    assert!(broken.is_err());
    let set = of(&report, "ProdnOrdConf2");
    assert!(set.way == Way::First && report.alarms.is_empty(), "{:?}", report.alarms);
    let pages = plant.served().await["ProdnOrdConf2"].0 - before.0;
    assert!(set.resumed_after.is_some_and(|rows| rows >= 400), "{set:?}");
    assert_eq!(set.rows_read + set.resumed_after.unwrap(), set.total);
    assert_eq!(pages, set.pages as u64, "no page was read again");
    let [mirrored, in_sap] = plant.both("ProdnOrdConf2").await;
    assert_eq!(mirrored, in_sap);
}

#[tokio::test]
async fn a_place_that_is_too_old_is_not_gone_on_from() {
    let plant = Plant::new().await;
    let lost = json!({ "kind": "overloaded", "match": "ProdnOrdConf2", "after": 6, "count": 4 });
    fault(&plant.sandbox, lost).await;
    let hour_ago = Timestamp::now() - 1.hour();
    assert!(sync(&plant.reading, &plant.mirror, None, hour_ago).await.is_err());

    let report = plant.sync().await;

    assert_eq!(of(&report, "ProdnOrdConf2").resumed_after, None);
}

#[tokio::test]
async fn reading_everything_again_is_an_alarm_with_its_reason() {
    let plant = Plant::new().await;
    plant.sync().await;

    let asked = sync(&plant.reading, &plant.mirror, Some("after a restore"), Timestamp::now())
        .await
        .unwrap();

    assert!(asked.sets.iter().all(|set| set.way == Way::Full && set.changed == 0));
    let alarm = asked.alarms.iter().find(|alarm| alarm.starts_with("A_PlannedOrder: all"));
    assert!(alarm.unwrap().ends_with("asked for: after a restore"), "{:?}", asked.alarms);
}

#[tokio::test]
async fn an_entry_that_no_stamp_tells_is_found_by_counting_and_is_an_alarm() {
    let plant = Plant::new().await;
    plant.sync().await;
    // Somebody set the clock back.
    let key = json!({ "PlannedOrder": "9999", "ProductionPlant": "1010" });
    let old = json!({ "LastChangeDateTime": "2017-01-01T00:00:00Z" });
    plant.edit("A_PlannedOrder", key, Some(old)).await;

    let report = plant.sync().await;

    assert_eq!(of(&report, "A_PlannedOrder").way, Way::Full);
    assert!(report.alarms[0].contains("whose entry no stamp told"), "{:?}", report.alarms);
    let [mirrored, in_sap] = plant.both("A_PlannedOrder").await;
    assert_eq!(mirrored, in_sap);
}

#[tokio::test]
async fn the_days_that_are_wanted_may_move_on_without_reading_everything_again() {
    let mut plant = Plant::new().await;
    plant.sync().await;
    plant.reading.confirmations_from = "2018-02-01".parse().unwrap();

    let report = plant.sync().await;

    let set = of(&report, "ProdnOrdConf2");
    assert!(set.gone > 0 && set.changed == 0 && report.alarms.is_empty(), "{set:?}");
    let [mirrored, in_sap] = plant.both("ProdnOrdConf2").await;
    assert_eq!(mirrored, in_sap);
}

#[test]
fn two_processes_do_not_read_into_one_mirror() {
    let folder = tempfile::tempdir().unwrap();
    let _one = mirror(folder.path());

    let other = carbide::store::Mirror::open(folder.path(), "SBX client 100").unwrap_err();

    assert!(other.to_string().starts_with("MIRROR-LOCK"), "{other}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reading_that_is_killed_goes_on_where_it_was() {
    let plant = crate::command_line::Plant::new().await;
    let slow = json!({
        "kind": "delay", "match": "ProdnOrdConf2", "after": 8, "count": 1, "milliseconds": 60_000,
    });
    fault(&plant.sandbox, slow).await;
    let mut process = plant.command(&["sync"]).spawn().unwrap();
    for _ in 0..600 {
        let served = truth(&plant.sandbox, "served").await;
        if served["ProdnOrdConf2"]["requests"].as_u64() >= Some(8) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    process.kill().unwrap();
    process.wait().unwrap();

    let report = plant.json(&["sync"]);

    let sets = report["sets"].as_array().unwrap();
    let set = sets.iter().find(|set| set["set"] == "ProdnOrdConf2").unwrap();
    assert!(set["resumed_after"].as_u64() >= Some(700), "{set}");
    assert_eq!(report["alarms"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_that_was_lost_is_not_made_again_in_silence() {
    let plant = crate::command_line::Plant::new().await;
    plant.json(&["sync"]);
    std::fs::remove_file(plant.path("state/mirror.db")).unwrap();

    let refused = plant.carbide(&["sync"]);
    let asked = plant.json(&["sync", "--full", "--why", "disk replaced"]);

    assert_eq!(refused.status.code(), Some(4));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("MIRROR-LOST"));
    assert!(asked["sets"][0]["rows_read"].as_u64() > Some(0));
}

#[test]
fn the_mirror_of_another_system_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(mirror(folder.path()));

    let refused = carbide::store::Mirror::open(folder.path(), "PRD client 200").unwrap_err();

    let text = refused.to_string();
    assert!(text.contains("mirrors SBX client 100") && text.contains("delete the file"), "{text}");
}

/// The law: whatever people do, after a run the mirror is what SAP has.
#[tokio::test]
async fn after_any_edits_and_breaks_the_mirror_is_what_sap_has() {
    // Set, the property by which rows are told apart, and one that people change.
    const SETS: [(&str, &str, &str); 6] = [
        ("A_Product", "Product", "NetWeight"),
        ("MaterialBOMItem", "BillOfMaterialItemNodeNumber", "BillOfMaterialItemQuantity"),
        ("A_SalesOrderItem", "SalesOrder", "DeliveryPriority"),
        ("A_SalesOrderScheduleLine", "SalesOrder", "ScheduleLineOrderQuantity"),
        ("A_PlannedOrder", "PlannedOrder", "TotalQuantity"),
        ("ProdnOrdConf2", "ConfirmationGroup", "ConfirmationYieldQuantity"),
    ];
    for seed in 0..6 {
        let mut random = Pcg64::seed_from_u64(seed);
        let plant = Plant::new().await;
        let mut now = Timestamp::now();
        for round in 0..5 {
            for _ in 0..random.random_range(0..5) {
                let (set, by, field) = SETS.choose(&mut random).unwrap();
                let [_, in_sap] = plant.both(set).await;
                let rows: Vec<&String> = in_sap.values().collect();
                let row: Value = serde_json::from_str(rows.choose(&mut random).unwrap()).unwrap();
                let mut key = json!({ *by: row[*by], "Plant": "1010" });
                if row.get("Plant").is_none() {
                    key.as_object_mut().unwrap().remove("Plant");
                }
                match random.random_range(0..3) {
                    0 => plant.edit(set, key, None).await,
                    1 => {
                        let value = random.random_range(1..99).to_string();
                        plant.edit(set, key, Some(json!({ *field: value }))).await;
                    }
                    _ => {
                        key[*by] = format!("9{:07}", random.random_range(0..1_000_000)).into();
                        if *set == "A_PlannedOrder" || *set == "A_SalesOrderItem" {
                            key["ProductionPlant"] = "1010".into();
                        }
                        if *set == "ProdnOrdConf2" {
                            key["PostingDate"] = "2018-09-30".into();
                        }
                        plant.edit(set, key, Some(json!({}))).await;
                    }
                }
            }
            if random.random_bool(0.3) {
                let order = json!({
                    "kind": "overloaded", "match": "GET", "count": 4,
                    "after": random.random_range(0..30),
                });
                fault(&plant.sandbox, order).await;
            }
            now += random.random_range(1..40).minutes();
            // A run that breaks off is followed by one that does not.
            while sync(&plant.reading, &plant.mirror, None, now).await.is_err() {
                now += 1.minute();
            }
            for (set, _, _) in SETS {
                let [mirrored, in_sap] = plant.both(set).await;
                assert_eq!(mirrored, in_sap, "seed {seed}, round {round}, {set}");
            }
        }
    }
}
