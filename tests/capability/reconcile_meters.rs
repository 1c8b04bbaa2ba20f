//! Meters and the bill: every level sums, errors are named, and what cannot be told is said.

use std::process::Command;

use carbide::meters::{MeterError, SiteTree, reconcile};
use carbide::value_state::ValueState;
use proptest::prelude::*;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde_json::{Value, json};

fn node(id: &str, parent: &str, value: &str, class: &str) -> Value {
    json!({"id": id, "kind": "sub_meter", "parent": parent, "value": value, "class_percent": class})
}

/// The worked example of the methods: a main meter, two areas, four machines with and one without
/// a meter.
fn worked(bill_exact: bool, c: &str) -> Value {
    json!({"medium": "electricity", "unit": "KWH", "bill_exact": bill_exact, "nodes": [
        {"id": "M", "kind": "main_meter", "value": "10000", "class_percent": "0.5"},
        node("S1", "M", "6200", "1"), node("S2", "M", "3700", "1"),
        node("a", "S1", "4050", "1"), node("b", "S1", "2210", "1"),
        node("c", "S2", c, "2"), node("d", "S2", "1020", "2"),
        {"id": "u", "kind": "equipment", "parent": "S2", "estimate": "1100"},
    ]})
}

fn tree(value: &Value) -> SiteTree {
    serde_json::from_value(value.clone()).unwrap()
}

fn values(value: &Value) -> Vec<(String, f64)> {
    let reconciled = reconcile(&tree(value)).unwrap();
    let value = |node: &carbide::meters::ReconciledNode| node.reconciled.to_f64().unwrap();
    reconciled.nodes.iter().map(|node| (node.id.clone(), value(node))).collect()
}

#[test]
fn the_worked_example_comes_out_to_the_digit() {
    for (exact, expected) in [
        (
            false,
            [
                9970.0853, 6255.0093, 3715.0760, 4046.1544, 2208.8549, 1490.8467, 1020.3968,
                1203.8325,
            ],
        ),
        (
            true,
            [10000.0, 6270.0644, 3729.9356, 4057.7552, 2212.3092, 1490.9665, 1020.4529, 1218.5162],
        ),
    ] {
        for ((id, value), expected) in values(&worked(exact, "1490")).into_iter().zip(expected) {
            assert!((value - expected).abs() < 6e-5, "{id}: {value} is not {expected}");
        }
    }
    let reconciled = reconcile(&tree(&worked(false, "1490"))).unwrap();
    assert!((reconciled.chi_squared - 5.692).abs() < 1e-3, "{}", reconciled.chi_squared);
    assert_eq!(reconciled.degrees_of_freedom, 3);
    assert!(reconciled.findings.is_empty());
    assert_eq!(reconciled.nodes[7].state, ValueState::Estimated);
}

#[test]
fn an_error_beside_an_unmetered_machine_is_said_to_be_unclear_with_the_meter_to_add() {
    let reconciled = reconcile(&tree(&worked(false, "1862.5"))).unwrap();

    assert!((reconciled.chi_squared - 7.83).abs() < 5e-3, "{}", reconciled.chi_squared);
    let finding = &reconciled.findings[0];
    assert_eq!(finding.code, "METER-UNCLEAR");
    assert!(finding.proposal.contains("c, d, u"), "{}", finding.proposal);
    let blind = reconciled.not_identifiable.iter().find(|blind| blind.meter == "c").unwrap();
    assert_eq!(blind.swallowed_by, ["u"]);
    assert_eq!(reconciled.proposal.unwrap().node, "u");
}

#[test]
fn a_gross_error_among_meters_is_named() {
    let tree = tree(&json!({"medium": "electricity", "unit": "KWH", "nodes": [
        {"id": "M", "kind": "main_meter", "value": "10000", "class_percent": "0.5"},
        node("S1", "M", "6000", "0.5"), node("S2", "M", "4000", "0.5"),
        node("a", "S1", "3000", "0.5"), node("b", "S1", "2000", "0.5"),
        node("c", "S2", "2500", "0.5"), node("d", "S2", "1500", "0.5"),
        node("e", "a", "1500", "0.5"), node("f", "a", "1500", "0.5"),
        node("g", "b", "1000", "0.5"), node("h", "b", "2000", "0.5"),
    ]}));

    let reconciled = reconcile(&tree).unwrap();

    let gross: Vec<_> = reconciled.findings.iter().filter(|f| f.code == "METER-GROSS").collect();
    assert_eq!(gross.len(), 1, "{:?}", reconciled.findings);
    assert_eq!(gross[0].meter, "b");
    let above = reconciled.findings.iter().find(|finding| finding.code == "METER-ABOVE").unwrap();
    assert_eq!(above.meter, "b");
}

#[test]
fn the_plants_own_generation_is_used_below_where_it_feeds_in() {
    let given = json!({"medium": "electricity", "unit": "KWH", "bill_exact": true, "nodes": [
        {"id": "bill", "kind": "bill", "value": "1000"},
        {"id": "sun", "kind": "generation", "parent": "bill", "value": "0.2", "unit": "MWH", "class_percent": "0.5"},
        {"id": "hall", "kind": "equipment", "parent": "bill", "value": "900", "class_percent": "1"},
        {"id": "rest", "kind": "equipment", "parent": "bill"},
    ]});

    let values = values(&given);

    assert_eq!(values[1].1, 200.0);
    assert_eq!(values[3].1, 300.0);
    let reconciled = reconcile(&tree(&given)).unwrap();
    assert_eq!(reconciled.nodes[3].state, ValueState::Calculated);
    assert_eq!(reconciled.nodes[1].given.unwrap(), Decimal::from(200));
}

#[test]
fn what_would_be_negative_is_zero_and_the_rest_still_sums() {
    let values = values(&json!({"medium": "steam", "unit": "TO", "nodes": [
        {"id": "boiler", "kind": "main_meter", "value": "100", "class_percent": "1"},
        node("dryer", "boiler", "70", "1"), node("press", "boiler", "40", "1"),
        {"id": "trap", "kind": "losses", "parent": "boiler"},
    ]}));

    assert_eq!(values[3].1, 0.0);
    assert!((values[0].1 - values[1].1 - values[2].1).abs() < 1e-9, "{values:?}");
}

#[test]
fn trees_that_are_none_are_refused_with_the_meter() {
    let of = |nodes: Value| {
        reconcile(&tree(&json!({"medium": "electricity", "unit": "KWH", "nodes": nodes})))
    };
    let main = || json!({"id": "M", "kind": "main_meter", "value": "10"});
    let text = |nodes: Value| of(nodes).unwrap_err().to_string();

    let lost = text(json!([main(), node("a", "X", "1", "1")]));
    assert!(
        lost.starts_with("METER-PLACE: meter a has no place in the tree: its parent X"),
        "{lost}"
    );
    let cycle = of(json!([main(), node("a", "b", "1", "1"), node("b", "a", "1", "1")]));
    assert_eq!(cycle, Err(MeterError::Cycle { path: "a > b > a".to_owned() }));
    let unit = json!({"id": "a", "kind": "equipment", "parent": "M", "value": "1", "unit": "M3"});
    assert!(text(json!([main(), unit])).starts_with("METER-UNIT: meter a counts in M3"));
    assert!(
        text(json!([main(), node("a", "M", "-1", "1")])).starts_with("METER-NEGATIVE: meter a")
    );
    assert!(text(json!([main(), main()])).starts_with("METER-TWICE: meter M"));
    assert!(text(json!([main(), {"id": "N", "kind": "bill"}])).starts_with("METER-ROOT"));
    assert!(text(json!([main(), node("a", "M", "1", "0")])).starts_with("METER-CLASS"));
    let unknown = |id: &str| json!({"id": id, "kind": "equipment", "parent": "M"});
    let open = text(json!([main(), unknown("a"), unknown("b")]));
    assert!(open.contains("below M, a and b have neither meter nor estimate"), "{open}");
    let gas = tree(&json!({"medium": "water", "unit": "KWH", "nodes": [main()]}));
    assert!(matches!(reconcile(&gas), Err(MeterError::Unit { .. })));
}

#[test]
fn megawatt_hours_taken_for_kilowatt_hours_are_suspected() {
    let tree = tree(&json!({"medium": "electricity", "unit": "KWH", "nodes": [
        {"id": "M", "kind": "main_meter", "value": "10.02", "class_percent": "0.5"},
        node("a", "M", "6000", "1"), node("b", "M", "4000", "1"),
    ]}));

    let findings = reconcile(&tree).unwrap().findings;

    assert_eq!((findings[0].code.as_str(), findings[0].meter.as_str()), ("METER-UNIT", "M"));
}

/// The dense formula of the methods: x - V Aᵀ (A V Aᵀ)⁻¹ A x.
fn dense(parents: &[usize], x: &[f64], variance: &[f64]) -> Vec<f64> {
    let inner: Vec<usize> = (0..x.len()).filter(|i| parents[1..].contains(i)).collect();
    let row = |balance: usize, at: usize| match at {
        _ if inner[balance] == at => 1.0,
        0 => 0.0,
        _ if parents[at] == inner[balance] => -1.0,
        _ => 0.0,
    };
    let (m, n) = (inner.len(), x.len());
    let mut system = vec![vec![0.0; m + 1]; m];
    for (i, line) in system.iter_mut().enumerate() {
        for (j, cell) in line.iter_mut().take(m).enumerate() {
            *cell = (0..n).map(|k| row(i, k) * variance[k] * row(j, k)).sum();
        }
        line[m] = (0..n).map(|k| row(i, k) * x[k]).sum();
    }
    for i in 0..m {
        let pivot =
            (i..m).max_by(|a, b| system[*a][i].abs().total_cmp(&system[*b][i].abs())).unwrap();
        system.swap(i, pivot);
        for other in (0..m).filter(|other| *other != i) {
            let pivot_line = system[i].clone();
            let factor = system[other][i] / pivot_line[i];
            for (cell, above) in system[other].iter_mut().zip(&pivot_line) {
                *cell -= factor * above;
            }
        }
    }
    let multiplier = |i: usize| system[i][m] / system[i][i];
    (0..n)
        .map(|k| x[k] - variance[k] * (0..m).map(|i| row(i, k) * multiplier(i)).sum::<f64>())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn two_passes_agree_with_the_dense_formula_and_every_level_sums(
        shape in prop::collection::vec((0.0_f64..1.0, 100_u32..5_000, 5_u32..40), 3..40),
    ) {
        let mut parents = vec![0];
        for (at, (pick, ..)) in shape.iter().enumerate().skip(1) {
            parents.push((pick * at as f64) as usize);
        }
        // Leaves are drawn; what is above counts its children with an error of up to 2 %.
        let mut x = vec![0.0; shape.len()];
        for at in (0..shape.len()).rev() {
            let below: f64 = (at + 1..x.len()).filter(|c| parents[*c] == at).map(|c| x[c]).sum();
            let wobble = 1.0 + (f64::from(shape[at].1 % 41) - 20.0) / 1000.0;
            x[at] = if below > 0.0 { (below * wobble * 1e3).round() / 1e3 } else { f64::from(shape[at].1) };
        }
        let class = |at: usize| f64::from(shape[at].2) / 10.0;
        let nodes: Vec<Value> = (0..x.len()).map(|at| {
            let mut node = json!({"id": at.to_string(), "kind": "sub_meter",
                "value": format!("{:.3}", x[at]), "class_percent": class(at).to_string()});
            if at > 0 { node["parent"] = json!(parents[at].to_string()); }
            node
        }).collect();
        let tree = tree(&json!({"medium": "electricity", "unit": "KWH", "nodes": nodes}));
        let variance: Vec<f64> = (0..x.len()).map(|at| (x[at] * class(at) / 200.0).powi(2)).collect();

        let reconciled = reconcile(&tree).unwrap();

        for (node, expected) in reconciled.nodes.iter().zip(dense(&parents, &x, &variance)) {
            let value = node.reconciled.to_f64().unwrap();
            prop_assert!((value - expected).abs() < 1e-4 * expected.abs().max(1.0), "{}: {value} {expected}", node.id);
        }
        for at in 0..x.len() {
            let below: Vec<Decimal> = (1..x.len()).filter(|c| parents[*c] == at)
                .map(|c| reconciled.nodes[c].reconciled).collect();
            if !below.is_empty() {
                prop_assert_eq!(below.iter().sum::<Decimal>(), reconciled.nodes[at].reconciled);
            }
        }
    }
}

#[test]
fn the_command_prints_the_reconciled_tree_and_says_no_if_something_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let run = |tree: &Value| {
        let path = folder.path().join("tree.json");
        std::fs::write(&path, tree.to_string()).unwrap();
        let program = env!("CARGO_BIN_EXE_carbide");
        Command::new(program)
            .args(["meters", "reconcile"])
            .arg(path)
            .arg("--json")
            .output()
            .unwrap()
    };

    let good = run(&worked(false, "1490"));
    let document: Value = serde_json::from_slice(&good.stdout).unwrap();
    assert_eq!(document["nodes"][1]["reconciled"], "6255.009276");
    assert!(good.status.success());

    assert_eq!(run(&worked(false, "1862.5")).status.code(), Some(1));
    let cycle = json!({"medium": "electricity", "unit": "KWH", "nodes": [
        node("a", "b", "1", "1"), node("b", "a", "1", "1")]});
    let refused = run(&cycle);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("METER-CYCLE"));
}
