//! Instances that make no sense: each is refused with a code, the object and the field.

use std::process::Command;
use std::sync::Mutex;

use carbide::plan::instance::{Instance, TEXT_BYTES_MAX};
use carbide::plan::{Limit, PlanError, SolveOptions, Status, solve};
use serde_json::{Value, json};

use crate::plan_for_carbon::{fixture, instance, tiny, work};

const FILE: &str = "S-steel-1.json.gz";

fn document() -> Value {
    serde_json::from_str(&fixture(FILE)).unwrap()
}

/// What is said when the value at a path, as `/planned_orders/3/quantity`, is another.
fn refused(path: &str, value: Value) -> String {
    let mut changed = document();
    *changed.pointer_mut(path).unwrap_or_else(|| panic!("{path}")) = value;
    Instance::from_json(&changed.to_string()).unwrap_err().to_string()
}

fn says(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "'{part}' is not in: {said}");
    }
}

fn order(at: usize) -> String {
    document()["planned_orders"][at]["planned_order"].as_str().unwrap().to_owned()
}

#[test]
fn weights_that_do_not_sum_to_one_or_are_negative_are_refused() {
    says(
        &refused("/weights/alpha", json!(0.45)),
        &["PLAN-WEIGHTS", "weights", "sum to", "not to 1"],
    );
    let uneven = json!({"alpha": 0.1, "beta": 0.2, "gamma": 0.6});
    says(&refused("/weights", uneven), &["they sum to 0.9, not to 1; each weight lies in [0, 1]"]);
    says(&refused("/weights/gamma", json!(-0.1)), &["PLAN-WEIGHTS", "gamma is -0.1", "[0, 1]"]);
    says(&refused("/weights/alpha", json!(1.2)), &["PLAN-WEIGHTS", "alpha is 1.2", "[0, 1]"]);
    let outside = json!({"alpha": 1.0, "beta": 0.0, "gamma": 0.0});
    says(&refused("/weights", outside.clone()), &["PLAN-WEIGHTS", "[0.3, 0.5]", "weights_free"]);

    let mut free = document();
    free["weights"] = outside;
    free["weights"]["weights_free"] = json!(true);
    assert!(Instance::from_json(&free.to_string()).is_ok());
}

#[test]
fn policies_that_contradict_each_other_are_refused() {
    says(
        &refused("/side_constraints/night_share_min", json!(0.6)),
        &["PLAN-POLICY", "night_share_min 0.6 is above night_share_max 0.4"],
    );
    says(
        &refused("/side_constraints/low_carbon_ratio_min", json!(30)),
        &["PLAN-POLICY", "low_carbon_ratio_min is 30", "between 0 and 1"],
    );
    says(
        &refused("/side_constraints/carbon_cap_kg", json!(0)),
        &["PLAN-POLICY", "carbon_cap_kg must be above 0"],
    );
}

#[test]
fn an_order_that_is_due_before_it_is_released_is_named() {
    let mut changed = document();
    changed["planned_orders"][5]["due_bucket"] = json!(2);
    changed["planned_orders"][5]["release_bucket"] = json!(4);
    let said = Instance::from_json(&changed.to_string()).unwrap_err().to_string();
    says(&said, &["PLAN-DATE", &order(5), "due in bucket 2", "released in bucket 4"]);

    says(
        &refused("/planned_orders/5/latest_bucket", json!(0)),
        &["PLAN-DATE", &order(5), "latest bucket 0"],
    );
}

#[test]
fn what_is_no_number_is_said_with_the_order_and_the_field() {
    for token in ["NaN", "Infinity", "-Infinity", "1e999"] {
        let mut changed = document();
        changed["planned_orders"][7]["quantity"] = json!("here");
        let text = changed.to_string().replace("\"here\"", token);
        let said = Instance::from_json(&text).unwrap_err().to_string();
        says(&said, &["PLAN-NAN", &order(7), "quantity", token, "no number"]);
    }
    let mut changed = document();
    changed["plants"][0]["grid_kgco2e_per_kwh"][3] = json!("here");
    let text = changed.to_string().replace("\"here\"", "NaN");
    let said = Instance::from_json(&text).unwrap_err().to_string();
    says(&said, &["PLAN-NAN", "plant ", "grid_kgco2e_per_kwh[3]"]);

    // A program that builds an instance itself meets the same wall.
    let mut built = instance(FILE);
    built.planned_orders[7].quantity = f64::NAN;
    says(&built.check().unwrap_err().to_string(), &["PLAN-NAN", &order(7), "quantity"]);
}

#[test]
fn a_field_of_the_wrong_kind_is_said_with_its_object() {
    says(
        &refused("/planned_orders/7/quantity", json!("12,5")),
        &["PLAN-FORM", &order(7), "quantity", "12,5"],
    );
    let mut changed = document();
    changed["planned_orders"][2]["prio"] = json!(1);
    let said = Instance::from_json(&changed.to_string()).unwrap_err().to_string();
    says(&said, &["PLAN-FORM", &order(2), "unknown field `prio`"]);
}

#[test]
fn keys_that_are_given_twice_and_references_to_nothing_are_named() {
    says(&refused("/planned_orders/1/planned_order", json!(order(0))), &["PLAN-DUP", &order(0)]);
    says(
        &refused("/planned_orders/1/material", json!("M-99")),
        &["PLAN-UNKNOWN", &order(1), "material M-99"],
    );
    says(
        &refused("/planned_orders/1/lane", json!("nowhere")),
        &["PLAN-UNKNOWN", &order(1), "lane nowhere"],
    );
    says(
        &refused("/materials/0/production_versions/0/operations/0/work_center", json!("WX")),
        &["PLAN-UNKNOWN", "material ", "production version ", "work center WX"],
    );
    says(&refused("/planned_orders/1/planned_order", json!(" ")), &["PLAN-KEY", "empty"]);
}

#[test]
fn units_that_make_no_sense_are_refused() {
    let unit = document()["components"][0]["base_unit"].clone();
    assert_eq!(unit, "TO", "the fixture has tonnes");
    says(
        &refused("/components/0/mass_kg_per_unit", json!(1.0)),
        &["PLAN-UNIT", "component ", "one TO has 1000 kg"],
    );
    says(&refused("/currency", json!("Euro")), &["PLAN-UNIT", "'Euro'", "ISO 4217"]);
}

#[test]
fn an_empty_horizon_nothing_to_plan_and_another_version_are_refused() {
    says(&refused("/buckets", json!([])), &["PLAN-EMPTY", "horizon is empty"]);
    says(&refused("/planned_orders", json!([])), &["PLAN-EMPTY", "nothing to plan"]);
    says(&refused("/format", json!("carbide-plan/2")), &["PLAN-VERSION", "'carbide-plan/2'"]);
    let mut newer = document();
    newer["format"] = json!("carbide-plan/2");
    newer["shops"] = json!([]);
    let said = Instance::from_json(&newer.to_string()).unwrap_err().to_string();
    says(&said, &["PLAN-VERSION", "'carbide-plan/2'"]);
    says(
        &refused("/materials/0/production_versions/0/operations/0/minutes_per_unit", json!(-1)),
        &["PLAN-NEGATIVE", "operation at ", "minutes_per_unit is -1"],
    );
}

#[test]
fn orders_without_a_version_or_capacity_are_named_before_any_search() {
    let mut changed = instance(FILE);
    let material = changed.planned_orders[0].material.clone();
    changed.materials.iter_mut().find(|m| m.material == material).unwrap().production_versions =
        Vec::new();
    let Err(PlanError::Unplannable(orders)) = work(&changed, 1, 1, 1) else { panic!("planned") };
    let of_material = changed.planned_orders.iter().filter(|o| o.material == material).count();
    assert_eq!(orders.len(), of_material);
    says(&orders[0].reason, &["no production version"]);

    let mut closed = instance(FILE);
    for center in &mut closed.work_centers {
        center.capacity_minutes.fill(0.0);
    }
    let Err(PlanError::NoBaseline | PlanError::Unplannable(_)) = work(&closed, 1, 1, 1) else {
        panic!("planned without capacity")
    };
}

#[test]
fn a_file_that_is_too_large_is_refused_without_being_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("huge.json");
    // Sparse: it takes no room on the disk.
    std::fs::File::create(&path).unwrap().set_len(1 << 30).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_carbide"))
        .args(["plan", "solve"])
        .arg(&path)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let limit = format!("at most {} MiB", TEXT_BYTES_MAX / (1024 * 1024));
    says(&String::from_utf8_lossy(&output.stderr), &["PLAN-LARGE", "1024 MiB", &limit]);
}

#[test]
fn an_instance_comes_back_from_its_own_text() {
    let mut seen = 0;
    for case in tiny() {
        let back = Instance::from_json(&case.instance.to_json()).unwrap();
        assert_eq!(back, case.instance);
        seen += 1;
    }
    assert!(seen > 40);
    // Numbers that no short text has: each of them comes back to the last bit.
    let mut odd = instance(FILE);
    let mut at = 0u32;
    let mut third = |value: &mut f64| {
        at += 1;
        *value *= (f64::from(at) / 3.0).sqrt();
    };
    for plant in &mut odd.plants {
        plant.grid_kgco2e_per_kwh.iter_mut().for_each(&mut third);
        plant.tariff_per_kwh.iter_mut().for_each(&mut third);
    }
    odd.planned_orders.iter_mut().for_each(|order| third(&mut order.quantity));
    let text = odd.to_json();
    let back = Instance::from_json(&text).unwrap();
    assert_eq!(back, odd);
    assert_eq!(back.to_json(), text, "the same text has the same hash");
    assert_eq!(
        work(&tiny()[0].instance, 1, 5, 1_000).map(|s| s.status != Status::NoneFound),
        Ok(true)
    );
}

#[test]
fn a_cap_below_everything_says_what_can_be_reached_on_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tight.json");
    let case = tiny().into_iter().find(|case| case.plan.is_some()).unwrap();
    let mut instance = case.instance;
    instance.side_constraints.carbon_cap_kg = Some(1.0);
    std::fs::write(&path, instance.to_json()).unwrap();
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_carbide"))
            .args(arguments)
            .arg(&path)
            .args(["--time", "2"])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    says(&run(&["plan", "solve"]), &["every plan emits at least", "proven", "plan conflicts"]);
    says(&run(&["plan", "conflicts"]), &["no plan has at most 1 kg CO2e", "relax at most"]);
}

#[test]
fn a_cap_that_is_far_too_low_is_proven_so_before_any_search() {
    let mut instance = instance(FILE);
    instance.side_constraints.carbon_cap_kg = Some(1_000.0);
    let stages = Mutex::new(Vec::new());
    let options = SolveOptions {
        seed: 1,
        limit: Limit::Work { generations: 0, moves: 50_000_000 },
        genetic_only: false,
        progress: &|what, _| stages.lock().unwrap().push(what.to_string()),
    };

    let solution = solve(&instance, &options).unwrap();

    assert_eq!(solution.status, Status::Infeasible);
    let stages = stages.into_inner().unwrap();
    assert!(!stages.iter().any(|stage| stage.starts_with("annealing")), "{stages:?}");
}

#[test]
fn a_plan_and_its_instance_may_be_named_in_either_order() {
    let folder = tempfile::tempdir().unwrap();
    let case = tiny().into_iter().find(|case| case.plan.is_some()).unwrap();
    let [instance, plan] = ["instance.json", "plan.json"].map(|name| folder.path().join(name));
    std::fs::write(&instance, case.instance.to_json()).unwrap();
    std::fs::write(&plan, serde_json::to_string(&case.plan).unwrap()).unwrap();
    let said = |question: &str, files: [&std::path::Path; 2]| {
        let output = Command::new(env!("CARGO_BIN_EXE_carbide"))
            .args(["plan", question])
            .args(files)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };

    for question in ["evaluate", "simulate", "reasons"] {
        assert_eq!(said(question, [&instance, &plan]), said(question, [&plan, &instance]));
    }
}
