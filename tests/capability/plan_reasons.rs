//! Why a plan differs from today's, in sentences whose figures add up.

use carbide::plan::emitted::by_bucket;
use carbide::plan::instance::Instance;
use carbide::plan::reasons::{Difference, Reasons, carbon_of_orders, reasons};
use carbide::plan::schedule::Schedule;
use carbide::plan::{baseline, evaluate};

use crate::plan_for_carbon::{fixture, instance, tiny};

fn cases() -> Vec<(Instance, Schedule)> {
    let mut cases: Vec<_> =
        tiny().into_iter().filter_map(|case| Some((case.instance, case.plan?))).collect();
    for name in ["M-steel-1", "M-electronics-1", "M-ethylene-1", "L-steel-1"] {
        let plan = serde_json::from_str(&fixture(&format!("{name}.best.json.gz"))).unwrap();
        cases.push((instance(&format!("{name}.json.gz")), plan));
    }
    cases
}

fn near(ours: f64, theirs: f64, scale: f64) -> bool {
    (ours - theirs).abs() <= 1e-8 * scale.abs().max(1.0)
}

fn sum(found: &Reasons) -> Difference {
    let mut sum = found.rest;
    found.orders.iter().for_each(|order| sum += order.difference);
    found.sources.iter().for_each(|source| sum += source.difference);
    sum
}

#[test]
fn orders_sources_and_the_rest_are_the_whole_difference() {
    for (instance, plan) in cases() {
        let before = baseline(&instance).unwrap();
        let (was, is) = (evaluate(&instance, &before), evaluate(&instance, &plan));
        let found = reasons(&instance, &before, &plan).unwrap();
        let (id, sum) = (&instance.id, sum(&found));
        assert!(near(sum.carbon_kg, is.carbon_kg - was.carbon_kg, was.carbon_kg), "{id}");
        assert!(near(sum.cost, is.cost - was.cost, was.cost), "{id}");
        assert!(near(found.total.carbon_kg, sum.carbon_kg, was.carbon_kg), "{id}");
        for order in &found.orders {
            let mut causes = Difference::default();
            order.causes.iter().for_each(|(_, part)| causes += *part);
            assert!(near(causes.carbon_kg, order.difference.carbon_kg, was.carbon_kg), "{id}");
            assert_ne!(order.before, order.after, "{id}");
        }
    }
}

#[test]
fn the_carbon_of_all_orders_is_that_of_the_plan() {
    for (instance, plan) in cases() {
        let before = baseline(&instance).unwrap();
        let (was, is) = (evaluate(&instance, &before), evaluate(&instance, &plan));
        let orders = carbon_of_orders(&instance, &before, &plan).unwrap();
        let bought_elsewhere: f64 = reasons(&instance, &before, &plan)
            .unwrap()
            .sources
            .iter()
            .map(|source| source.difference.carbon_kg)
            .sum();

        let before_kg: f64 = orders.iter().map(|order| order.before_kg).sum();
        let after_kg: f64 = orders.iter().map(|order| order.after_kg).sum();

        assert!(near(before_kg, was.carbon_kg, was.carbon_kg), "{}", instance.id);
        assert!(near(after_kg + bought_elsewhere, is.carbon_kg, was.carbon_kg), "{}", instance.id);
        assert!(orders.iter().all(|order| order.before_kg >= 0.0 && order.after_kg >= 0.0));
    }
}

#[test]
fn every_changed_order_has_one_sentence_with_what_it_gives_and_costs() {
    for (instance, plan) in cases().into_iter().rev().take(3) {
        let before = baseline(&instance).unwrap();
        let found = reasons(&instance, &before, &plan).unwrap();
        let moved = plan.assignments.iter().filter(|one| !before.assignments.contains(one)).count();
        assert_eq!(found.orders.len(), moved, "{}", instance.id);
        for order in &found.orders {
            let text = &order.text;
            assert!(text.starts_with(&order.planned_order), "{text}");
            assert!(text.contains("kg CO2e") && text.contains("arrives"), "{text}");
            let start = order.before.start_bucket != order.after.start_bucket;
            assert_eq!(start, text.contains(" starts "), "{text}");
            let version = order.before.production_version != order.after.production_version;
            assert_eq!(version, text.contains("is made by version"), "{text}");
            assert!(!text.contains('\n') && !text.contains("NaN"), "{text}");
        }
    }
}

#[test]
fn what_the_shifts_emit_is_what_the_plan_emits() {
    for (instance, plan) in cases() {
        let worth = evaluate(&instance, &plan);
        let emitted = by_bucket(&instance, &plan).unwrap();
        let sum = |scopes: &[u8]| emitted.iter().map(|one| one.of(scopes)).sum::<f64>();
        let (id, parts) = (&instance.id, worth.carbon_parts_kg);
        assert!(near(sum(&[1, 2, 3]), worth.carbon_kg, worth.carbon_kg), "{id}");
        assert!(near(sum(&[1]), parts.direct, worth.carbon_kg), "{id}");
        assert!(near(sum(&[2]), parts.energy + parts.setup, worth.carbon_kg), "{id}");
    }
}

#[test]
fn a_plan_against_itself_has_no_reasons() {
    let instance = instance("S-steel-1.json.gz");
    let before = baseline(&instance).unwrap();
    let found = reasons(&instance, &before, &before).unwrap();
    assert!(found.orders.is_empty() && found.sources.is_empty());
    assert_eq!(found.total, Difference::default());
}
