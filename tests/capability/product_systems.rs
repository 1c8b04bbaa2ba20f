//! Product systems from files agree with what other tools calculate, and bad ones are refused by name.

use std::io::Read;
use std::path::PathBuf;
use std::process::Command;

use carbide::footprint::case::{self, CaseProblem};
use flate2::read::GzDecoder;
use serde_json::Value;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/carbon/cases")
}

fn text(name: &str) -> String {
    let path = folder().join(name);
    let mut text = String::new();
    if name.ends_with(".gz") {
        GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    } else {
        text = std::fs::read_to_string(path).unwrap();
    }
    text
}

fn expected(text: &str) -> Value {
    serde_json::from_str::<Value>(text).unwrap()["expected"].clone()
}

fn agree(found: f64, wanted: f64, tolerance: f64, what: &str) {
    assert!(
        (found - wanted).abs() <= tolerance * wanted.abs().max(1e-12),
        "{what}: {found} is not {wanted}"
    );
}

const SMALL: &[&str] = &[
    "01_single_level",
    "02_three_level_yield",
    "03_scrap_loop",
    "04_utility_cycle",
    "05_coproduct_mass",
    "06_coproduct_economic",
    "07_coproduct_substitution",
    "08_multi_gas_AR5",
    "08_multi_gas_AR6",
    "09_transport_pds",
    "10_lot_and_units",
    "11_near_singular_loop",
    "13_self_consumption",
];

#[test]
fn small_systems_agree_with_exact_arithmetic() {
    for name in SMALL {
        let text = text(&format!("{name}.json"));
        let wanted = expected(&text);
        let wanted = wanted.as_object().unwrap();

        let found = case::solve(&text).unwrap_or_else(|error| panic!("{name}: {error}"));

        assert_eq!(found.expected().len(), wanted.len(), "{name}");
        for (node, wanted) in wanted {
            let found = &found.expected()[node];
            let place = format!("{name} {node}");
            let of = |value: &Value, key: &str| value[key].as_f64();
            let total = of(found, "pcf_kgco2e_per_unit").unwrap();
            agree(total, of(wanted, "pcf_kgco2e_per_unit").unwrap(), 1e-9, &place);
            let categories = found["by_category"].as_object().unwrap();
            let wanted_categories = wanted["by_category"].as_object().unwrap();
            for (category, kg) in wanted_categories {
                let found = categories.get(category).and_then(Value::as_f64).unwrap_or(0.0);
                agree(found, kg.as_f64().unwrap(), 1e-9, &format!("{place} {category}"));
            }
            let sum: f64 = categories.values().filter_map(Value::as_f64).sum();
            let size: f64 = categories.values().filter_map(Value::as_f64).map(f64::abs).sum();
            assert!((sum - total).abs() <= 1e-12 * size, "{place}: categories sum to {sum}");
            let (share, wanted) =
                (of(found, "primary_data_share_pct"), of(wanted, "primary_data_share_pct"));
            match (share, wanted) {
                (Some(share), Some(wanted)) => agree(share, wanted, 1e-9, &place),
                (share, wanted) => assert_eq!(share, wanted, "{place}: primary data share"),
            }
        }
    }
}

#[test]
fn large_systems_agree_at_every_node() {
    for name in ["large_2000.json.gz", "large_20000.json.gz"] {
        let text = text(name);
        let wanted = expected(&text);
        let wanted = wanted.as_object().unwrap();

        let found = case::solve(&text).unwrap();

        assert_eq!(found.expected().len(), wanted.len());
        for (node, wanted) in wanted {
            let found = found.expected()[node].as_array().unwrap();
            for (found, wanted) in found.iter().zip(wanted.as_array().unwrap()) {
                agree(found.as_f64().unwrap(), wanted.as_f64().unwrap(), 1e-9, node);
            }
        }
    }
}

#[test]
fn a_loop_that_makes_nothing_is_an_error_that_names_its_materials() {
    let error = case::solve(&text("12_nonproductive_loop.json")).unwrap_err();

    assert_eq!(error.problem.name(), "singular_system");
    let mut materials = error.materials.clone();
    materials.sort();
    assert_eq!(materials, ["A", "B"]);
    assert!(error.to_string().contains("A > B > A") || error.to_string().contains("B > A > B"));
}

/// The scrap loop of CAST and MELT with one thing exchanged for another.
fn broken(this: &str, that: &str) -> (CaseProblem, String) {
    let whole = text("02_three_level_yield.json");
    assert!(whole.contains(this), "nothing to break: {this}");
    let error = case::solve(&whole.replacen(this, that, 1)).unwrap_err();
    (error.problem, error.to_string())
}

#[test]
fn bad_input_is_refused_with_the_object_that_is_wrong() {
    let (problem, text) = broken(r#""qty": 3.4"#, r#""qty": 3.4, "quantity": 3.4"#);
    assert_eq!(problem, CaseProblem::UnknownField);
    assert!(text.contains("node HOUSING") && text.contains("quantity"), "{text}");

    let (problem, text) = broken(r#""qty": 3.4"#, r#""qty": NaN"#);
    assert_eq!(problem, CaseProblem::NotFinite);
    assert!(text.contains("HOUSING"), "{text}");

    let (problem, text) = broken(r#""qty": 3.4"#, r#""qty": 1e999"#);
    assert_eq!(problem, CaseProblem::NotFinite);
    assert!(text.contains("HOUSING"), "{text}");

    let (problem, text) = broken(r#""yield": 0.93"#, r#""yield": 0"#);
    assert_eq!(problem, CaseProblem::YieldOutOfRange);
    assert!(text.contains("node HOUSING, operation 0010"), "{text}");
    assert_eq!(broken(r#""yield": 0.93"#, r#""yield": -0.5"#).0, CaseProblem::YieldOutOfRange);

    let (problem, text) = broken(r#""unit": "kWh""#, r#""unit": "kWhh""#);
    assert_eq!(problem, CaseProblem::UnknownUnit);
    assert!(text.contains("factor el") && text.contains("kWhh"), "{text}");

    let (problem, text) = broken(r#""node": "ALU""#, r#""node": "ALUU""#);
    assert_eq!(problem, CaseProblem::UnknownNode);
    assert!(text.contains("HOUSING") && text.contains("ALUU"), "{text}");

    assert_eq!(broken(r#""qty": 3.4"#, r#""qty": -3.4"#).0, CaseProblem::NegativeInput);
    assert_eq!(broken(r#""factor": "ng""#, r#""factor": "gas""#).0, CaseProblem::UnknownFactor);
    assert_eq!(broken(r#""cat": "s3_1""#, r#""cat": "s4""#).0, CaseProblem::UnknownCategory);
    assert_eq!(broken(r#""id": "ROTOR""#, r#""id": "ALU""#).0, CaseProblem::Duplicate);
    assert_eq!(broken(r#""N2O": 0.0001"#, r#""N3O": 0.0001"#).0, CaseProblem::UnknownGas);
}

#[test]
fn a_damaged_case_names_the_object_that_is_damaged_and_not_its_neighbor() {
    let whole = text("02_three_level_yield.json");
    let broken = |this: &str, that: &str| {
        assert!(whole.contains(this), "nothing to break: {this}");
        case::solve(&whole.replacen(this, that, 1)).unwrap_err()
    };

    // The case has no name of its own: that is nothing that its last node did.
    let nameless = broken(r#""id": "02"#, r#""note": "02"#);
    assert_eq!(
        (nameless.problem, nameless.object.as_str()),
        (CaseProblem::MissingField, "the case")
    );
    assert!(nameless.message.contains("id"), "{nameless}");
    // A node without a name is not called by the name of the one before.
    let node = broken(r#""id": "ROTOR""#, r#""unit_of": "ROTOR""#);
    assert!(node.object.starts_with("node number"), "{node}");
    // A name that stands behind the damage counts as well.
    let late = whole.replacen(r#""id": "HOUSING","#, r#""lot": "two", "id": "HOUSING","#, 1);
    assert_eq!(case::solve(&late).unwrap_err().object, "node HOUSING (lot)");
    let factor = broken(r#""cat": "s3_1""#, r#""catt": "s3_1""#);
    assert!(factor.object.starts_with("factor "), "{factor}");
    let cut = case::solve(&whole[..whole.find(r#""ROTOR""#).unwrap()]).unwrap_err();
    assert_eq!(cut.problem, CaseProblem::NotReadable);
}

#[test]
fn an_unknown_gwp_set_and_a_mixture_of_sets_are_refused() {
    let five = text("08_multi_gas_AR5.json");
    let four = case::solve(&five.replace(r#""gwp": "AR5""#, r#""gwp": "AR3""#)).unwrap_err();
    let mixed =
        case::solve(&five.replacen(r#""kgco2e": 2.0"#, r#""gwp": "AR6", "kgco2e": 2.0"#, 1));

    assert_eq!(four.problem, CaseProblem::UnknownGwpSet);
    let mixed = mixed.unwrap_err();
    assert_eq!(mixed.problem, CaseProblem::GwpMismatch);
    assert_eq!(mixed.object, "factor steel_buy");
}

#[test]
fn shares_of_co_products_have_to_sum_to_one() {
    let mass = text("05_coproduct_mass.json");
    let with = |shares: [&str; 3]| {
        let mut text = mass.replace(r#""allocation": "mass""#, r#""allocation": "shares""#);
        for (product, share) in ["CL2", "NAOH", "H2"].into_iter().zip(shares) {
            let this = format!(r#""product": "{product}","#);
            text = text.replace(&this, &format!(r#"{this} "share": {share},"#));
        }
        case::solve(&text)
    };

    let refused = with(["0.5", "0.4", "0.2"]).unwrap_err();
    let taken = with(["0.5", "0.4", "0.1"]).unwrap();

    assert_eq!(refused.problem, CaseProblem::AllocationShares);
    assert!(refused.object.contains("CL2"), "{refused}");
    let of = |node: &str| taken.expected()[node]["pcf_kgco2e_per_unit"].as_f64().unwrap();
    agree(of("CL2") * 0.4, of("NAOH") * 1.128 * 0.5, 1e-12, "burden by share");
}

#[test]
fn what_co_products_carry_is_the_whole_process() {
    for name in ["05_coproduct_mass.json", "06_coproduct_economic.json"] {
        let solved = case::solve(&text(name)).unwrap();
        let of = |node: &str| solved.expected()[node]["pcf_kgco2e_per_unit"].as_f64().unwrap();

        let carried = of("CL2") + 1.128 * of("NAOH") + 0.028 * of("H2");

        let gas = 56.1 + 0.001 * 27.0 + 0.0001 * 273.0;
        let process = 1.65 * of("NACL") + 2420.0 * 0.6205 + 2.1 * gas;
        agree(carried, process, 1e-12, name);
    }
}

#[test]
fn the_command_prints_the_expected_form_and_says_no_by_exit_code() {
    let carbide = |file: &str| {
        Command::new(env!("CARGO_BIN_EXE_carbide"))
            .args(["footprint", "solve", &folder().join(file).display().to_string(), "--json"])
            .output()
            .unwrap()
    };

    let done = carbide("02_three_level_yield.json");
    let packed = carbide("large_2000.json.gz");
    let refused = carbide("12_nonproductive_loop.json");

    assert_eq!(done.status.code(), Some(0));
    let found: Value = serde_json::from_slice(&done.stdout).unwrap();
    let pump = found["PUMP"]["pcf_kgco2e_per_unit"].as_f64().unwrap();
    agree(pump, 72.937_410_490_675_73, 1e-12, "PUMP");
    let found: Value = serde_json::from_slice(&packed.stdout).unwrap();
    assert_eq!(found["N000000"].as_array().unwrap().len(), 5);
    assert_eq!(refused.status.code(), Some(1));
    let error: Value = serde_json::from_slice(&refused.stdout).unwrap();
    assert_eq!(error["error"], "singular_system");
}
