//! Choices between carbon, cost and punctuality, limits on them, and policies that conflict.

use carbide::plan::conflict::{Rule, conflict};
use carbide::plan::front::front;
use carbide::plan::instance::{Instance, Weights};
use carbide::plan::limits::{LimitError, least_carbon, least_carbon_at_cost, least_cost_at_cap};
use carbide::plan::prices::prices;
use carbide::plan::{Effort, Limit, Status, evaluate, non_dominated};

use crate::plan_for_carbon::{Tiny, instance, tiny, work};
use carbide::said::Said;

const QUIET: &(dyn Fn(&Said, Option<f64>) + Sync) = &|_, _| {};

fn effort() -> Effort<'static> {
    Effort { seed: 1, limit: Limit::Work { generations: 15, moves: 20_000 }, progress: QUIET }
}

fn feasible() -> Vec<Tiny> {
    tiny().into_iter().filter(|case| case.plan.is_some()).collect()
}

fn weighed(instance: &Instance, alpha: f64, beta: f64) -> Instance {
    let weights = Weights { alpha, beta, gamma: 1.0 - alpha - beta, weights_free: Some(true) };
    Instance { weights, ..instance.clone() }
}

#[test]
fn no_point_of_a_front_is_better_than_another_and_all_keep_the_policies() {
    for case in feasible().iter().take(3) {
        let id = &case.instance.id;
        let found = front(&case.instance, 12, 8, &effort()).unwrap();
        let objectives: Vec<[f64; 3]> =
            found.points.iter().map(|p| [p.carbon_kg, p.cost, -p.punctuality]).collect();
        assert_eq!(non_dominated(&objectives).len(), objectives.len(), "{id}");
        assert_eq!(found.points.iter().filter(|point| point.chosen).count(), 1, "{id}");
        for point in &found.points {
            let worth = evaluate(&case.instance, &point.schedule);
            assert!(worth.feasible, "{id} {}: {:?}", point.name, worth.violations);
            assert_eq!(worth.carbon_kg, point.carbon_kg, "{id}");
        }
        // Small problems are solved exactly, so the chosen point has the known optimum.
        let chosen = found.points.iter().find(|point| point.chosen).unwrap();
        let optimum = case.optimum["fv"].as_f64().unwrap();
        assert!((chosen.fv.unwrap() - optimum).abs() < 1e-6, "{id}");
    }
}

#[test]
fn a_front_has_its_ends_and_a_price_for_each_step() {
    let found = front(&instance("S-steel-1.json.gz"), 11, 6, &effort()).unwrap();
    let points = &found.points;
    assert!(points.len() >= 3 && points.len() <= 6, "{}", points.len());
    assert!(points.windows(2).all(|pair| pair[0].carbon_kg <= pair[1].carbon_kg));
    for pair in points.windows(2) {
        let saved = pair[1].carbon_kg - pair[0].carbon_kg;
        if let Some(price) = pair[0].cost_per_tonne_saved {
            assert!((price * saved / 1000.0 - (pair[0].cost - pair[1].cost)).abs() < 1e-3);
        }
    }
    assert!(points.last().unwrap().cost_per_tonne_saved.is_none());
}

#[test]
fn least_cost_at_a_cap_is_the_proven_optimum_of_small_problems() {
    for case in feasible().iter().take(4) {
        let (id, least) = (&case.instance.id, least_carbon(&case.instance, &effort()).unwrap());
        let lowest = least.found_kg.unwrap();
        assert!((least.proven_kg - lowest).abs() <= 1e-6 * lowest, "{id}");
        let cap = 1.02 * lowest;
        let found = least_cost_at_cap(&case.instance, cap, &effort()).unwrap();
        let worth = &found.solution.evaluation;
        assert!(worth.carbon_kg <= cap * (1.0 + 1e-6), "{id}");
        assert!(worth.feasible, "{id}");
        assert!(found.proven <= worth.cost * (1.0 + 1e-9), "{id}");
        if found.solution.status == Status::Optimal {
            assert!((found.proven - worth.cost).abs() <= 1e-6 * worth.cost, "{id}");
        }
    }
}

#[test]
fn an_impossible_cap_states_the_least_carbon_that_can_be_reached() {
    let case = &feasible()[0];
    let lowest = least_carbon(&case.instance, &effort()).unwrap().found_kg.unwrap();
    let error = least_cost_at_cap(&case.instance, 0.5 * lowest, &effort()).unwrap_err();
    let LimitError::CapTooLow { least, .. } = &error else { panic!("{error}") };
    assert!((least.found_kg.unwrap() - lowest).abs() < 1e-6 * lowest);
    let text = error.to_string();
    assert!(text.contains("PLAN-CAP") && text.contains(&format!("{lowest:.0} kg")), "{text}");
}

#[test]
fn least_carbon_at_a_cost_limit_keeps_it_and_its_bound_holds() {
    for case in feasible().iter().take(1) {
        let id = &case.instance.id;
        let cheapest = work(&weighed(&case.instance, 0.0, 1.0), 1, 10, 10_000).unwrap();
        let greenest = work(&weighed(&case.instance, 1.0, 0.0), 1, 10, 10_000).unwrap();
        let (low, high) = (cheapest.evaluation.cost, greenest.evaluation.cost);
        let limit = low + 0.4 * (high - low).max(0.0) + 1e-6 * low;
        let found = least_carbon_at_cost(&case.instance, limit, &effort()).unwrap();
        let worth = &found.solution.evaluation;
        assert!(worth.feasible && worth.cost <= limit * (1.0 + 1e-9), "{id}");
        assert!(worth.carbon_kg <= cheapest.evaluation.carbon_kg * (1.0 + 1e-9), "{id}");
        assert!(found.proven <= worth.carbon_kg * (1.0 + 1e-9), "{id}");
        assert!(found.proven >= greenest.evaluation.carbon_kg * (1.0 - 1e-6), "{id}");
    }
    let case = &feasible()[0];
    let error = least_carbon_at_cost(&case.instance, 1.0, &effort()).unwrap_err();
    assert!(error.to_string().contains("PLAN-COST"), "{error}");
}

#[test]
fn policies_that_conflict_are_named_and_without_any_one_of_them_there_is_a_plan() {
    let mut looked = 0;
    for case in tiny().iter().filter(|case| case.optimum["status"] == "infeasible") {
        let id = &case.instance.id;
        let found = conflict(&case.instance, &effort()).unwrap().unwrap_or_else(|| panic!("{id}"));
        assert!(found.proven, "{id}: {}", found.text);
        if found.policies.is_empty() {
            assert!(!found.capacity.is_empty(), "{id}");
            continue;
        }
        looked += 1;
        // The set alone conflicts, and it is irreducible.
        let only = |keep: &dyn Fn(Rule) -> bool| {
            let mut asked = case.instance.clone();
            let policy = &mut asked.side_constraints;
            let fields = [
                (Rule::LowCarbonRatio, &mut policy.low_carbon_ratio_min),
                (Rule::NightLeast, &mut policy.night_share_min),
                (Rule::NightMost, &mut policy.night_share_max),
                (Rule::CarbonCap, &mut policy.carbon_cap_kg),
                (Rule::Punctuality, &mut policy.min_punctuality),
            ];
            for (rule, field) in fields {
                if !keep(rule) {
                    *field = None;
                }
            }
            work(&asked, 1, 10, 10_000).unwrap()
        };
        let set: Vec<Rule> = found.policies.iter().map(|one| one.rule).collect();
        assert!(!only(&|rule| set.contains(&rule)).evaluation.feasible, "{id}: {set:?}");
        for out in &set {
            let rest = only(&|rule| set.contains(&rule) && rule != *out);
            assert!(rest.evaluation.feasible, "{id}: {set:?} without {out:?}");
        }
        for one in &found.policies {
            let Some(enough) = one.enough else { continue };
            assert!(one.carbon_kg.is_some() && one.text.contains("instead of"), "{}", one.text);
            assert_ne!(enough, one.asked, "{id}");
        }
    }
    assert!(looked >= 1, "no tiny case has a conflict of policies");
}

#[test]
fn a_cap_below_everything_is_a_conflict_of_that_one_policy() {
    let mut asked = feasible()[0].instance.clone();
    let lowest = least_carbon(&asked, &effort()).unwrap().found_kg.unwrap();
    asked.side_constraints.carbon_cap_kg = Some(0.9 * lowest);
    let found = conflict(&asked, &effort()).unwrap().unwrap();
    let [one] = found.policies.as_slice() else { panic!("{:?}", found.policies) };
    assert_eq!((one.rule, found.proven), (Rule::CarbonCap, true));
    let enough = one.enough.unwrap();
    assert!(enough >= lowest * (1.0 - 1e-9) && enough <= 1.1 * lowest, "{enough} {lowest}");
}

#[test]
fn a_plan_that_exists_has_no_conflict() {
    assert_eq!(conflict(&feasible()[0].instance, &effort()).unwrap(), None);
}

#[test]
fn relaxing_never_costs_and_the_price_of_carbon_is_that_of_the_weights() {
    let case = &feasible()[0];
    let found = prices(&case.instance, &effort()).unwrap();
    let (weights, baseline) = (&case.instance.weights, case.instance.baseline.as_ref().unwrap());
    // A tonne less at this price leaves the objective as it is.
    let price = found.carbon_per_tonne.unwrap();
    let gain = weights.alpha * 1000.0 / baseline.c0_kg - weights.beta * price / baseline.co0;
    assert!(gain.abs() < 1e-12);
    assert!(!found.relaxations.is_empty());
    for one in &found.relaxations {
        assert!(one.fv >= 0.0 && one.worth.unwrap() >= 0.0, "{one:?}");
        assert!(one.what.contains("instead of") || one.what.contains("hours more at"), "{one:?}");
    }
    // Small problems are solved exactly: nothing scatters.
    assert_eq!(found.noise_fv, 0.0);
}
