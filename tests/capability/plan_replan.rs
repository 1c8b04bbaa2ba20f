//! A plan that runs, and something happened.

use carbide::plan::instance::Instance;
use carbide::plan::replan::{Event, ReplanError, Replanned, Running, replan};
use carbide::plan::schedule::Schedule;
use carbide::plan::{Limit, evaluate};

use crate::plan_for_carbon::{fixture, instance};

fn running() -> (Instance, Schedule) {
    let plan = serde_json::from_str(&fixture("M-steel-1.best.json.gz")).unwrap();
    (instance("M-steel-1.json.gz"), plan)
}

fn again(
    instance: &Instance,
    plan: &Schedule,
    events: &[Event],
    running: &Running,
) -> Result<Replanned, ReplanError> {
    let limit = Limit::Work { generations: 0, moves: 40_000 };
    replan(instance, plan, events, running, 1, limit)
}

fn at<'a>(plan: &'a Schedule, order: &str) -> &'a carbide::plan::schedule::Assignment {
    plan.assignments.iter().find(|one| one.planned_order == order).unwrap()
}

#[test]
fn what_runs_or_is_frozen_stays_as_it_is() {
    let (instance, plan) = running();
    let last = plan.assignments.iter().max_by_key(|one| one.start_bucket).unwrap();
    let mut kept = Running { now: 12, change_weight: 0.0, ..Running::default() };
    kept.frozen.insert(last.planned_order.clone());

    let found = again(&instance, &plan, &[], &kept).unwrap();

    let begun: Vec<_> = plan.assignments.iter().filter(|one| one.start_bucket < 12).collect();
    assert!(!begun.is_empty() && begun.len() < plan.assignments.len());
    assert_eq!(found.frozen, begun.len() + 1);
    for one in begun.into_iter().chain([last]) {
        assert_eq!(at(&found.schedule, &one.planned_order), one);
    }
    for one in found.schedule.assignments.iter().filter(|one| !plan.assignments.contains(one)) {
        assert!(one.start_bucket >= 12, "{one:?}");
    }
    assert!(found.evaluation.feasible, "{:?}", found.evaluation.violations);
}

#[test]
fn without_an_event_and_with_a_price_on_changes_nothing_changes() {
    let (instance, plan) = running();
    let kept = Running { now: 6, change_weight: 10.0, ..Running::default() };
    let found = again(&instance, &plan, &[], &kept).unwrap();
    assert_eq!(found.changed, Vec::<String>::new());
    assert_eq!(found.schedule.assignments, plan.assignments);
}

#[test]
fn a_breakdown_moves_what_stood_there_and_little_else() {
    let (instance, plan) = running();
    // The work center and shift behind the frozen part on which most orders run.
    let busiest = instance
        .work_centers
        .iter()
        .flat_map(|center| (12..20).map(move |bucket| (center.work_center.clone(), bucket)))
        .max_by_key(|(center, bucket)| {
            let there = orders_at(&instance, &plan, center, *bucket);
            (there.len(), std::cmp::Reverse(*bucket))
        })
        .unwrap();
    let hit = orders_at(&instance, &plan, &busiest.0, busiest.1);
    assert!(!hit.is_empty());
    let event = Event::Breakdown {
        work_center: busiest.0.clone(),
        from: busiest.1,
        to: busiest.1,
        minutes_left: 0.0,
    };
    let kept = Running { now: 8, change_weight: 1.0, ..Running::default() };

    let found = again(&instance, &plan, &[event], &kept).unwrap();

    assert!(!found.as_it_ran.feasible);
    assert!(found.evaluation.feasible, "{:?}", found.evaluation.violations);
    assert!(orders_at(&instance, &found.schedule, &busiest.0, busiest.1).is_empty());
    let share = found.changed.len() as f64 / plan.assignments.len() as f64;
    assert!(share < 0.25, "{} of {} changed", found.changed.len(), plan.assignments.len());
}

fn orders_at(instance: &Instance, plan: &Schedule, center: &str, bucket: usize) -> Vec<String> {
    let runs_there = |one: &&carbide::plan::schedule::Assignment| {
        let order = instance.planned_orders.iter().find(|o| o.planned_order == one.planned_order);
        let made = instance.materials.iter().find(|m| m.material == order.unwrap().material);
        let mut versions = made.unwrap().production_versions.iter();
        let version = versions.find(|v| v.production_version == one.production_version).unwrap();
        version
            .operations
            .iter()
            .any(|op| op.work_center == center && one.start_bucket + op.bucket_offset == bucket)
    };
    plan.assignments.iter().filter(runs_there).map(|one| one.planned_order.clone()).collect()
}

#[test]
fn an_urgent_order_gets_a_place() {
    let (instance, plan) = running();
    let mut order = instance.planned_orders[10].clone();
    order.planned_order = "URGENT-1".to_owned();
    (order.release_bucket, order.due_bucket) = (10, 16);
    order.latest_bucket = order.latest_bucket.max(20);
    order.priority_weight = 3.0;
    order.quantity *= 0.5;
    let kept = Running { now: 10, change_weight: 1.0, ..Running::default() };

    let found = again(&instance, &plan, &[Event::UrgentOrder { order }], &kept).unwrap();

    assert!(found.changed.contains(&"URGENT-1".to_owned()));
    assert!(at(&found.schedule, "URGENT-1").start_bucket >= 10);
    assert!(found.evaluation.feasible, "{:?}", found.evaluation.violations);
    assert_eq!(found.schedule.assignments.len(), plan.assignments.len() + 1);
}

#[test]
fn an_overshoot_is_made_up_for_by_the_rest_of_the_horizon() {
    let (instance, plan) = running();
    let planned = evaluate(&instance, &plan).carbon_kg;
    let event = Event::Overshoot { carbon_kg: 0.002 * planned, carbon_cap_kg: Some(planned) };
    let kept = Running { now: 6, change_weight: 0.05, ..Running::default() };

    let found = again(&instance, &plan, &[event], &kept).unwrap();

    assert!(found.as_it_ran.violations.iter().any(|one| one.rule == "carbon_cap"));
    assert!(found.evaluation.feasible, "{:?}", found.evaluation.violations);
    assert!(found.evaluation.carbon_kg <= 0.998 * planned * (1.0 + 1e-6));
}

#[test]
fn events_that_make_no_sense_are_refused() {
    let (instance, plan) = running();
    let refused = |event: Event| {
        again(&instance, &plan, &[event], &Running::default()).unwrap_err().to_string()
    };
    let nowhere =
        Event::Breakdown { work_center: "W-NONE".to_owned(), from: 0, to: 1, minutes_left: 0.0 };
    assert!(refused(nowhere).contains("work center W-NONE is not in the instance"));
    let twice = Event::UrgentOrder { order: instance.planned_orders[0].clone() };
    assert!(refused(twice).contains("PLAN-DUP"));
    let no_cap = Event::Overshoot { carbon_kg: 1.0, carbon_cap_kg: None };
    assert!(refused(no_cap).contains("PLAN-EVENT"));
}
