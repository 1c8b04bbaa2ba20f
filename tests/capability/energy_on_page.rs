//! The energy of the page: whatever it is cut by, it is the energy of the month.

use rust_decimal::Decimal;
use serde_json::Value;

use crate::command_line::Plant;
use crate::decide_on_page::rows;
use crate::serve::{Daemon, add_user};

fn sum(rows: &[Value], column: &str) -> Decimal {
    rows.iter().map(|row| row[column].as_str().unwrap().parse::<Decimal>().unwrap()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_month_has_one_energy_by_hour_by_day_by_meter_and_by_machine() {
    let plant = Plant::new().await;
    add_user(&plant, "vera", "viewer");
    let daemon = Daemon::start(&plant);
    let vera = daemon.somebody("vera").await;
    let overview = vera.facts().await;
    let month: Decimal = overview["energy_kwh"].as_str().unwrap().parse().unwrap();

    let hours = rows(&vera, "/tables/energy-hours?limit=10000").await;
    let days = rows(&vera, "/tables/energy-days?limit=10000").await;
    let tree = rows(&vera, "/tables/meter-tree?limit=10000").await;
    let machines = rows(&vera, "/tables/equipment-days?limit=10000").await;

    assert_eq!(days.len(), 30, "September");
    assert_eq!(sum(&hours, "energy"), month);
    assert_eq!(sum(&days, "energy"), month);
    let main = tree.iter().find(|node| node["kind"] == "main_meter").unwrap();
    let of = |kind: &str| -> Vec<Value> {
        tree.iter().filter(|node| node["kind"] == kind).cloned().collect()
    };
    let reconciled: Decimal = main["reconciled"].as_str().unwrap().parse().unwrap();
    let own = sum(&of("generation"), "reconciled");
    assert!(own > Decimal::ZERO, "the roof feeds in");
    let machines_used = sum(&of("equipment"), "reconciled");
    assert_eq!(machines_used, reconciled + own, "the machines sum to the main meter and the roof");
    // By shift the roof is reconciled with the main meter, by month with the bill as well.
    let beyond = sum(&machines, "energy") - month - own;
    assert!(beyond.abs() < own / Decimal::ONE_HUNDRED, "{beyond} kWh beyond meter and roof");
    assert!(machines.iter().any(|row| row["value_state"] != "measured"), "some are estimated");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_plant_uses_now_is_the_last_day_that_was_read() {
    let plant = Plant::new().await;
    add_user(&plant, "vera", "viewer");
    let daemon = Daemon::start(&plant);
    let vera = daemon.somebody("vera").await;

    let latest = vera.facts().await["latest"].clone();

    let at = |key: &str| latest[key].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert_eq!(at("until").duration_since(at("from")).as_hours(), 24);
    assert_eq!(at("until").to_string(), "2018-09-30T23:00:00Z", "the end of the meter's file");
    assert_eq!(latest["gaps"], 0);
    let number = |key: &str| latest[key].as_str().unwrap().parse::<Decimal>().unwrap();
    let per_kwh = number("carbon_kg") / number("energy_kwh");
    assert!(per_kwh > Decimal::new(3, 1) && per_kwh < Decimal::new(6, 1), "{per_kwh} kg/kWh");
}

#[tokio::test(flavor = "multi_thread")]
async fn energy_and_emissions_flow_from_purchase_to_product_and_none_is_lost_on_the_way() {
    let plant = Plant::new().await;
    add_user(&plant, "vera", "viewer");
    let daemon = Daemon::start(&plant);
    let vera = daemon.somebody("vera").await;
    let month: Decimal = vera.facts().await["energy_kwh"].as_str().unwrap().parse().unwrap();

    let flows = rows(&vera, "/tables/flows?limit=10000").await;
    let media = rows(&vera, "/tables/media?limit=10000").await;

    let of = |column: &str, kind: &str, name: Option<&str>| -> Vec<Value> {
        let end = column.strip_suffix("_kind").unwrap();
        let named = |row: &Value| name.is_none_or(|name| row[end] == name);
        flows.iter().filter(|row| row[column] == kind && named(row)).cloned().collect()
    };
    let rounding = Decimal::new(1, 2);
    let bought = sum(&of("from_kind", "source", Some("s2")), "energy");
    let steam = media.iter().find(|row| row["meter"] == "STEAM").unwrap();
    let steam: Decimal = steam["measured"].as_str().unwrap().parse().unwrap();
    // A gigajoule is 10^9 J over 3.6 x 10^6 J of a kilowatt hour.
    let metered = month + steam * Decimal::from(2500) / Decimal::from(9);
    assert!((bought - metered).abs() < rounding, "{bought} kWh were bought, {metered} metered");
    for center in of("to_kind", "work_center", None) {
        let name = center["to"].as_str().unwrap();
        let into = of("to_kind", "work_center", Some(name));
        let out = of("from_kind", "work_center", Some(name));
        for what in ["energy", "carbon"] {
            assert!((sum(&into, what) - sum(&out, what)).abs() < rounding, "{what} of {name}");
        }
    }
    let goods = of("from_kind", "source", Some("s3_1"));
    assert!(!goods.is_empty(), "materials are bought too");
    for component in &goods {
        let name = component["to"].as_str().unwrap();
        let into = of("to_kind", "material", Some(name));
        let out = of("from_kind", "material", Some(name));
        assert!((sum(&into, "carbon") - sum(&out, "carbon")).abs() < rounding, "carbon of {name}");
    }
}
