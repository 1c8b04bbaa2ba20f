//! Tight capacity: each order goes to one of several machines, set-ups are free, and what is cheap is
//! full. The plan comes near the optimum that an exact solver proved.

use carbide::plan::instance::Instance;
use carbide::plan::{Limit, SolveOptions, Status, solve};
use serde::Deserialize;
use serde_json::json;

use crate::plan_for_carbon::fixture;

/// Machines and orders as in the literature's classes D and E: what is cheap takes long.
#[derive(Deserialize)]
struct Case {
    kind: String,
    machines: usize,
    orders: usize,
    cost: Vec<Vec<f64>>,
    #[serde(rename = "use")]
    minutes: Vec<Vec<f64>>,
    capacity: Vec<f64>,
    optimum: f64,
}

impl Case {
    fn most(&self) -> f64 {
        let of = |order: usize| self.cost.iter().map(|own| own[order]).fold(0.0, f64::max);
        (0..self.orders).map(of).sum()
    }

    fn instance(&self) -> Instance {
        let machine = |at: usize| format!("A{at:03}");
        let version = |order: usize, at: usize| {
            json!({
                "production_version": format!("{at:04}"), "plant": "1000", "bom": [],
                "direct_kgco2e_per_unit": 0, "variable_cost_per_unit": self.cost[at][order],
                "operations": [{
                    "work_center": machine(at), "minutes_per_unit": self.minutes[at][order],
                    "kwh_per_unit": 0, "bucket_offset": 0
                }]
            })
        };
        let material = |order: usize| {
            let versions: Vec<_> = (0..self.machines).map(|at| version(order, at)).collect();
            json!({
                "material": format!("J{order:04}"), "base_unit": "EA", "setup_group": "-",
                "production_versions": versions
            })
        };
        let order = |order: usize| {
            json!({
                "planned_order": format!("{order:06}"), "material": format!("J{order:04}"),
                "quantity": 1, "due_bucket": 0, "release_bucket": 0, "latest_bucket": 0,
                "priority_weight": 1, "lane": "L", "holding_cost_per_unit_bucket": 0
            })
        };
        let center = |at: usize| {
            json!({
                "work_center": machine(at), "plant": "1000",
                "capacity_minutes": [self.capacity[at]], "setups": []
            })
        };
        let document = json!({
            "format": "carbide-plan/1", "id": format!("tight-{}", self.kind), "seed": null,
            "profile": "tight", "size": "tight", "currency": "EUR",
            "weights": {"alpha": 0, "beta": 1, "gamma": 0, "weights_free": true},
            "side_constraints": {
                "low_carbon_ratio_min": 0, "night_share_min": null, "night_share_max": null,
                "carbon_cap_kg": null, "min_punctuality": null
            },
            "buckets": [{"index": 0, "day": 0, "shift": "D", "night": false}],
            "plants": [{"plant": "1000", "grid_kgco2e_per_kwh": [0], "tariff_per_kwh": [0]}],
            "work_centers": (0..self.machines).map(center).collect::<Vec<_>>(),
            "components": [],
            "materials": (0..self.orders).map(material).collect::<Vec<_>>(),
            "transport_lanes": [{"lane": "L", "modes": [{
                "mode": "NONE", "lead_buckets": 0, "kgco2e_per_unit": 0, "cost_per_unit": 0
            }]}],
            "planned_orders": (0..self.orders).map(order).collect::<Vec<_>>(),
            "baseline": {"method": "mapped", "c0_kg": 1.0, "co0": self.most(), "d0": 1.0}
        });
        Instance::from_json(&document.to_string()).unwrap()
    }
}

#[test]
fn a_plan_of_tight_machines_costs_at_most_half_a_percent_more_than_the_optimum() {
    let cases: Vec<Case> = serde_json::from_str(&fixture("tight.json")).unwrap();
    for case in &cases {
        let options = SolveOptions {
            seed: 1,
            limit: Limit::Work { generations: 0, moves: 4_000_000 },
            genetic_only: false,
            progress: &|_, _| {},
        };
        let found = solve(&case.instance(), &options).unwrap();

        assert!(matches!(found.status, Status::Feasible | Status::Optimal), "{:?}", found.status);
        let cost = found.evaluation.cost;
        let optimum = case.optimum;
        assert!(cost >= optimum - 1e-6, "{}: {cost} is below {optimum}", case.kind);
        assert!(cost <= 1.005 * optimum, "{}: {cost}, optimum {optimum}", case.kind);
        let least = (1.0 - found.upper_bound) * case.most();
        assert!(least <= optimum + 1e-6, "{}: {least} is said to bound {optimum}", case.kind);
        assert!(least >= 0.99 * optimum, "{}: {least}, optimum {optimum}", case.kind);
    }
    assert_eq!(cases.len(), 2);
}
