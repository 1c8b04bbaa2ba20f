//! A plan on a shop floor that scatters and breaks down.

use carbide::plan::schedule::Schedule;
use carbide::plan::simulation::{Scatter, simulate};
use carbide::plan::{baseline, evaluate};

use crate::command_line::{Plant, ended_with, text};
use crate::plan_for_carbon::{fixture, instance, tiny};

fn best(name: &str) -> Schedule {
    serde_json::from_str(&fixture(&format!("{name}.best.json.gz"))).unwrap()
}

#[test]
fn without_scatter_a_plan_happens_as_it_was_made() {
    let mut cases: Vec<_> =
        (tiny().into_iter()).filter_map(|case| Some((case.instance, case.plan?))).collect();
    for name in ["M-steel-1", "M-electronics-1", "M-ethylene-1"] {
        cases.push((instance(&format!("{name}.json.gz")), best(name)));
    }
    let night = instance("S-cement-1.json.gz");
    let plan = baseline(&night).unwrap();
    cases.push((night, plan));
    for (instance, plan) in &cases {
        let (id, worth) = (&instance.id, evaluate(instance, plan));
        let found = simulate(instance, plan, &Scatter::none()).unwrap();
        for order in &found.orders {
            assert_eq!(order.delay_buckets, 0.0, "{id} {}", order.planned_order);
            assert_eq!(order.on_time == 1.0, order.planned_on_time, "{id}");
        }
        assert_eq!(found.on_time, 1.0, "{id}");
        let near = |ours: f64, theirs: f64| (ours - theirs).abs() <= 1e-9 * theirs.abs().max(1.0);
        assert!(near(found.punctuality.median, worth.punctuality), "{id}");
        assert!(near(found.carbon_kg.median, worth.carbon_kg), "{id}: {:?}", found.carbon_kg);
        assert!(near(found.electricity_kwh.low, found.electricity_kwh.planned), "{id}");
    }
    assert!(cases.len() > 40);
}

#[test]
fn a_seed_gives_one_outlook_on_any_number_of_threads() {
    let (instance, plan) = (instance("M-steel-1.json.gz"), best("M-steel-1"));
    let scatter = Scatter { runs: 16, ..Scatter::default() };
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| simulate(&instance, &plan, &scatter).unwrap())
    };
    assert_eq!(on(1), on(2));
    let other = simulate(&instance, &plan, &Scatter { seed: 2, ..scatter }).unwrap();
    assert_ne!(other, on(1));
}

#[test]
fn more_scatter_and_more_breakdowns_hold_less() {
    let (instance, plan) = (instance("M-electronics-1.json.gz"), best("M-electronics-1"));
    let with = |time_variation: f64, hours: Option<f64>| {
        let scatter = Scatter {
            runs: 40,
            time_variation,
            hours_between_breakdowns: hours,
            hours_to_repair: 4.0,
            ..Scatter::default()
        };
        simulate(&instance, &plan, &scatter).unwrap()
    };
    let (calm, rough, broken) = (with(0.02, None), with(0.5, None), with(0.5, Some(20.0)));
    assert!(calm.on_time > rough.on_time, "{} {}", calm.on_time, rough.on_time);
    assert!(rough.on_time > broken.on_time, "{} {}", rough.on_time, broken.on_time);
    for found in [&calm, &rough, &broken] {
        assert!(found.orders.iter().all(|order| (0.0..=1.0).contains(&order.on_time)));
        assert!(found.carbon_kg.low <= found.carbon_kg.median);
        assert!(found.carbon_kg.median <= found.carbon_kg.high);
        assert!(found.orders.windows(2).all(|pair| pair[0].on_time <= pair[1].on_time));
    }
    assert!(broken.orders.iter().any(|order| order.waits_at.is_some()));
    let width = |found: &carbide::plan::simulation::PlanOutlook| {
        found.electricity_kwh.high - found.electricity_kwh.low
    };
    assert!(width(&rough) > width(&calm));
}

#[test]
fn figures_that_make_no_sense_and_plans_of_another_instance_are_refused() {
    let (own, plan) = (instance("M-steel-1.json.gz"), best("M-steel-1"));
    let refused = |scatter: Scatter| simulate(&own, &plan, &scatter).unwrap_err();
    assert!(refused(Scatter { runs: 0, ..Scatter::default() }).contains("runs"));
    let odd = Scatter { time_variation: f64::NAN, ..Scatter::default() };
    assert!(refused(odd).contains("time_variation"));
    let other = instance("M-electronics-1.json.gz");
    let error = simulate(&other, &plan, &Scatter::none()).unwrap_err();
    assert!(error.contains("M-steel-1") && error.contains("M-electronics-1"), "{error}");
    let mut unknown = plan.clone();
    unknown.assignments[0].production_version = "9999".to_owned();
    let error = simulate(&own, &unknown, &Scatter::none()).unwrap_err();
    assert!(error.contains("production version 9999, which is not in the instance"), "{error}");
}

/// Breakdowns every other hour: nothing holds.
const ROUGH: &str = "[plan.simulation]\non_time_probability_min = 1.0\n\n\
                     [plan.simulation.scatter]\nruns = 20\ntime_variation = 0.8\n\
                     hours_between_breakdowns = 2.0\nhours_to_repair = 6.0\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_below_the_configured_probability_is_posted_only_with_a_reason_that_is_kept() {
    let plant = Plant::new().await;
    plant.append(ROUGH);
    let plan = plant.json(&["plan"]);
    assert!(plan["outlook"]["on_time"].as_f64().unwrap() < 1.0, "{}", plan["outlook"]);
    assert!(!plan["reasons"]["orders"].as_array().unwrap().is_empty());

    let refused = plant.carbide(&["post", "--plan", "--no-wait"]);
    ended_with(&refused, 1);
    let said = text(&refused);
    assert!(said.contains("POST-IMPROBABLE") && said.contains("--override"), "{said}");
    assert!(said.contains("asks for 100.0 %"), "{said}");
    assert!(plant.truly_new().await.is_empty());
    ended_with(&plant.carbide(&["post", "--plan", "--no-wait", "--override", " "]), 1);

    let why = "the second crane is back tomorrow";
    ended_with(&plant.carbide(&["post", "--plan", "--no-wait", "--override", why]), 0);
    assert!(!plant.truly_new().await.is_empty());
    let sets = plant.json(&["journal", "ls"]);
    let set = sets["change_sets"][0]["change_set_id"].as_str().unwrap();
    let shown = plant.json(&["journal", "show", set]).to_string();
    assert!(shown.contains(why) && shown.contains("on time with"), "{shown}");
    assert!(shown.contains("planner"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_problem_of_a_plant_is_written_and_read_back() {
    let plant = Plant::new().await;
    let path = plant.path("problem.json");
    let told = plant.json(&["plan", "--export", path.to_str().unwrap()]);
    let instance = std::fs::read_to_string(&path).unwrap();
    let parsed = carbide::plan::instance::Instance::from_json(&instance).unwrap();
    assert_eq!(parsed.planned_orders.len() as u64, told["orders"].as_u64().unwrap());
    let again = carbide::plan::instance::Instance::from_json(&parsed.to_json()).unwrap();
    assert_eq!(again, parsed);
    assert_eq!(again.to_json(), instance.trim_end(), "export and import give the same hash");
    let solved = plant.json(&["plan", "solve", path.to_str().unwrap(), "--time", "1"]);
    assert_eq!(solved["feasible"], true, "{solved}");
}
