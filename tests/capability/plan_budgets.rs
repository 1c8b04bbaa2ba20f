//! Carbon budgets of quarters as policies of the planner, and what they and capacities are worth.

use carbide::footprint::budget::Quarter;
use carbide::plan::conflict::{Rule, conflict};
use carbide::plan::instance::{CarbonBudget, Instance};
use carbide::plan::shadow::{ShadowPrices, shadow_prices};
use carbide::plan::{Effort, Limit, Solution, Status};

use crate::plan_for_carbon::{instance, tiny, work};

fn quarter() -> Quarter {
    "2018-Q4".parse().unwrap()
}

/// The instance with a budget over the first `share` of its buckets.
fn with_budget(instance: &Instance, share: f64, limit_kg: Option<f64>) -> Instance {
    let mut changed = instance.clone();
    for setup in changed.work_centers.iter_mut().flat_map(|center| &mut center.setups) {
        setup.setup_kwh = 0.0;
    }
    let last = ((instance.buckets.len() as f64 * share) as usize).max(1) - 1;
    changed.side_constraints.carbon_budgets = vec![CarbonBudget {
        quarter: quarter(),
        scopes: vec![1, 2],
        first_bucket: 0,
        last_bucket: last,
        limit_kg,
    }];
    changed
}

fn solved(instance: &Instance) -> Solution {
    work(instance, 1, 15, 60_000).unwrap()
}

fn emitted(solution: &Solution) -> f64 {
    solution.evaluation.budgets_kg[0].1
}

#[test]
fn a_budget_is_kept_and_costs_no_more_than_it_has_to() {
    let mut held = 0;
    for case in tiny().iter().filter(|case| case.plan.is_some()) {
        let id = &case.instance.id;
        let free = solved(&with_budget(&case.instance, 0.5, None));
        assert_eq!(free.status, Status::Optimal, "{id}");
        let limit = 0.9 * emitted(&free);
        if limit <= 0.0 {
            continue;
        }
        let asked = solved(&with_budget(&case.instance, 0.5, Some(limit)));
        if asked.status == Status::Infeasible {
            continue;
        }
        held += 1;
        assert_eq!(asked.status, Status::Optimal, "{id}");
        assert!(asked.evaluation.feasible, "{id}: {:?}", asked.evaluation.violations);
        assert!(emitted(&asked) <= limit * (1.0 + 1e-6), "{id}");
        assert!(asked.evaluation.fv <= free.evaluation.fv, "{id}");
        // A budget that binds nobody changes nothing.
        let wide = solved(&with_budget(&case.instance, 0.5, Some(1.0 + emitted(&free))));
        assert_eq!(wide.evaluation.fv, free.evaluation.fv, "{id}");
    }
    assert!(held >= 5, "{held} budgets could be kept");
}

#[test]
fn a_budget_is_kept_where_not_every_plan_can_be_looked_at() {
    let steel = instance("S-steel-1.json.gz");
    let free = solved(&with_budget(&steel, 1.0, None));
    // Little can be spared: no search finds a plan that emits three percent less of its own.
    let limit = 0.995 * emitted(&free);

    let held = work(&with_budget(&steel, 1.0, Some(limit)), 1, 15, 400_000).unwrap();

    assert_eq!(held.status, Status::Feasible, "{:?}", held.evaluation.violations);
    assert!(emitted(&held) <= limit * (1.0 + 1e-6));
    assert!(held.upper_bound >= held.evaluation.fv.unwrap());
    assert!(held.upper_bound <= free.upper_bound + 1e-3);
    let lost = free.evaluation.fv.unwrap() - held.evaluation.fv.unwrap();
    assert!(lost < 0.01, "half a percent of own carbon costs {lost} of FV");
}

#[test]
fn a_budget_that_nobody_can_keep_is_named_with_what_would_do() {
    let case = tiny().into_iter().find(|case| case.plan.is_some()).unwrap();
    let effort = Effort {
        seed: 1,
        limit: Limit::Work { generations: 15, moves: 20_000 },
        progress: &|_, _| {},
    };

    let found = conflict(&with_budget(&case.instance, 1.0, Some(1.0)), &effort).unwrap().unwrap();

    let [one] = found.policies.as_slice() else { panic!("{:?}", found.policies) };
    assert_eq!((one.rule, found.proven), (Rule::CarbonBudget(quarter()), true));
    assert!(found.text.contains("at most 1 kg CO2e of the budget of 2018-Q4"), "{}", found.text);
    let enough = with_budget(&case.instance, 1.0, one.enough.map(|kg| kg * (1.0 + 1e-9)));
    assert!(solved(&enough).evaluation.feasible);
}

#[test]
fn budgets_that_make_no_sense_are_refused() {
    let steel = instance("S-steel-1.json.gz");
    let said = |change: &dyn Fn(&mut Instance)| {
        let mut changed = with_budget(&steel, 1.0, Some(1.0));
        change(&mut changed);
        changed.check().unwrap_err().to_string()
    };
    let with_kwh = |changed: &mut Instance| {
        let mut setups = changed.work_centers.iter_mut().flat_map(|center| &mut center.setups);
        setups.next().unwrap().setup_kwh = 1.0;
    };
    let budget = |of: &mut Instance| of.side_constraints.carbon_budgets[0].clone();
    assert!(said(&|i| i.side_constraints.carbon_budgets[0].scopes.push(3)).contains("PLAN-BUDGET"));
    assert!(
        said(&|i| i.side_constraints.carbon_budgets[0].last_bucket = 9_999).contains("horizon")
    );
    assert!(said(&with_kwh).contains("set-ups with kWh"));
    assert!(
        said(&|i| i.side_constraints.carbon_budgets[0].limit_kg = Some(-1.0)).contains("negative")
    );
    let twice = said(&|i| {
        let one = budget(i);
        i.side_constraints.carbon_budgets.push(one);
    });
    assert!(twice.contains("PLAN-DUP") && twice.contains("2018-Q4"), "{twice}");
}

fn priced(instance: &Instance) -> (Solution, ShadowPrices) {
    let found = solved(instance);
    let prices = shadow_prices(&found.instance, &found.schedule, &found.proof).unwrap();
    (found, prices)
}

fn price(of: &ShadowPrices, object: &str) -> f64 {
    of.prices.iter().find(|one| one.object == object).unwrap_or_else(|| panic!("{object}")).fv
}

#[test]
fn a_limit_that_binds_has_a_price_and_one_that_does_not_has_none() {
    let steel = instance("S-steel-1.json.gz");
    let (free, _) = priced(&with_budget(&steel, 1.0, None));
    let limit = 0.97 * emitted(&free);

    let (_, tight) = priced(&with_budget(&steel, 1.0, Some(limit)));
    let (_, wide) = priced(&with_budget(&steel, 1.0, Some(2.0 * emitted(&free))));

    assert!(price(&tight, "2018-Q4") > 0.0);
    assert!(price(&wide, "2018-Q4").abs() < 1e-9);
    let budget = tight.prices.iter().find(|one| one.object == "2018-Q4").unwrap();
    let baseline = free.instance.baseline.as_ref().unwrap();
    let weights = &free.instance.weights;
    assert!((budget.worth.unwrap() - budget.fv * baseline.co0 / weights.beta).abs() < 1e-9);
    assert!((budget.carbon_kg.unwrap() - budget.fv * baseline.c0_kg / weights.alpha).abs() < 1e-9);
    assert_eq!(budget.unit, "tonne");
}

#[test]
fn more_of_a_capacity_is_never_worth_less_and_more_of_a_duty_never_more() {
    let (found, prices) = priced(&instance("M-steel-1.json.gz"));
    let centers: Vec<&str> =
        found.instance.work_centers.iter().map(|w| w.work_center.as_str()).collect();
    let mut seen = 0;
    for one in prices.prices.iter().filter(|one| centers.contains(&one.object.as_str())) {
        assert!(one.fv > 0.0 && one.unit == "hour", "{one:?}");
        seen += 1;
    }
    assert!(seen > 0, "{:?}", prices.prices);
    for duty in ["low_carbon_ratio_min", "night_share_min"] {
        assert!(price(&prices, duty) <= 1e-9, "{duty}");
    }
    assert!(price(&prices, "night_share_max") >= -1e-9);
    assert!(prices.carbon_per_tonne.unwrap() > 0.0);
    // The bound at the same multipliers is linear: what an hour gains, the bound of the wider problem has.
    let dearest = prices.prices.iter().find(|one| centers.contains(&one.object.as_str())).unwrap();
    let mut wider = found.instance.clone();
    let center = wider.work_centers.iter_mut().find(|w| w.work_center == dearest.object).unwrap();
    let hours: f64 = center.capacity_minutes.iter().sum::<f64>() / 60.0;
    center.capacity_minutes.iter_mut().for_each(|minutes| *minutes *= 1.01);
    let wider = solved(&wider);
    let (gain, said) = (wider.upper_bound - found.upper_bound, dearest.fv * 0.01 * hours);
    assert!(gain <= said + 2e-4 && gain >= -2e-4, "the bound gains {gain}, the price says {said}");
}
