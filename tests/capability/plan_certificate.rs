//! Certificates: what a plan is worth and what none exceeds can be checked without the search.

use carbide::plan::certificate::{WorkLimit, certificate, verify};
use carbide::plan::instance::Instance;
use carbide::plan::{Limit, SolveOptions, solve};

use crate::plan_for_carbon::{instance, tiny_instances};

fn certified(instance: &Instance) -> String {
    certified_after(instance, 20_000)
}

fn certified_after(instance: &Instance, moves: u64) -> String {
    let options = SolveOptions {
        seed: 3,
        limit: Limit::Work { generations: 0, moves },
        genetic_only: false,
        progress: &|_, _| {},
    };
    let solution = solve(instance, &options).unwrap();
    certificate(instance, &solution, 3, &WorkLimit::Moves(moves)).unwrap()
}

fn sha256(text: &str) -> String {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The certificate with other multipliers and all its hashes made anew.
fn with_multipliers(text: &str, change: &dyn Fn(&str) -> String) -> String {
    let field = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(&format!("\"{name}\":"))).unwrap();
        line[name.len() + 3..].trim_end_matches(',').to_owned()
    };
    let known = field("multipliers");
    let other = change(&known);
    let own = format!("\"{}\"", sha256(&other));
    text.replacen(&known, &other, 1)
        .replacen(&sha256(&field("multipliers_sha256")), &sha256(&own), 1)
        .replace(&sha256(&known), &sha256(&other))
}

/// A proof by prices cannot be given other prices, or fewer.
fn prices_cannot_be_exchanged(text: &str, instance: &Instance) {
    let after_the_first = |prices: &str| prices[prices.find(',').unwrap() + 1..].to_owned();
    let other = |prices: &str| format!("[0.001,{}", after_the_first(prices));
    let refused = verify(&with_multipliers(text, &other), instance).unwrap_err();
    assert_eq!(refused.field, "upper_bound", "{refused}");
    let fewer = |prices: &str| format!("[{}", after_the_first(prices));
    let refused = verify(&with_multipliers(text, &fewer), instance).unwrap_err();
    assert_eq!(refused.field, "multipliers", "{refused}");
}

/// Where each order is made within one bucket, the bound packs all work centers of a bucket at once: no
/// plan that is known lies above it, and it is below what an exact solver proves in two core minutes.
#[test]
fn a_bound_by_blocks_is_nearest_and_is_checked_from_its_prices() {
    let instance = instance("S-steel-1.json.gz");
    let text = certified_after(&instance, 300_000);
    assert!(text.contains("\"proof\":\"blocks\""));

    let found = verify(&text, &instance).unwrap();

    assert!(found.upper_bound > 0.4203 && found.upper_bound < 0.4240, "{found:?}");
    prices_cannot_be_exchanged(&text, &instance);
}

/// With more work still, the rest of the gap is closed case by case: few orders come near it, and a
/// proof that leaves out a case is refused.
#[test]
fn a_bound_by_cases_comes_down_to_the_plan_and_needs_every_case() {
    let mut instance = instance("S-steel-1.json.gz");
    instance.planned_orders.truncate(24);
    instance.baseline = None;
    let text = certified_after(&instance, 2_000_000);
    assert!(text.contains("\"proof\":\"cases\""));

    let found = verify(&text, &instance).unwrap();

    assert!(found.gap < 0.003, "{found:?}");
    let without_the_last = |proof: &str| {
        let last = proof.rfind(",{\"").unwrap();
        format!("{}]}}", &proof[..last])
    };
    let refused = verify(&with_multipliers(&text, &without_the_last), &instance).unwrap_err();
    assert_eq!(refused.field, "multipliers", "{refused}");
    let (known, other) = match text.contains("\"status\":\"optimal\"") {
        true => ("\"optimal\"", "\"feasible\""),
        false => ("\"feasible\"", "\"optimal\""),
    };
    let forged = text.replacen(known, other, 1).replace(&sha256(known), &sha256(other));
    let refused = verify(&forged, &instance).unwrap_err();
    assert!(refused.field == "status" && refused.reason.contains("prove"), "{refused}");
}

/// Where orders run from one bucket into the next, each work center is packed in each bucket.
#[test]
fn a_bound_by_packing_is_nearer_and_is_checked_from_its_prices() {
    let mut instance = instance("S-steel-1.json.gz");
    for material in &mut instance.materials {
        material.production_versions[0].operations[1].bucket_offset = 1;
    }
    instance.baseline = None;
    let text = certified_after(&instance, 400_000);
    assert!(text.contains("\"proof\":\"packing\""));

    let found = verify(&text, &instance).unwrap();

    assert!(found.gap < 0.1, "{found:?}");
    prices_cannot_be_exchanged(&text, &instance);
}

#[test]
fn a_certificate_of_a_plan_holds() {
    let instance = instance("S-cement-1.json.gz");

    let found = verify(&certified(&instance), &instance).unwrap();

    assert!(found.fv <= found.upper_bound, "{found:?}");
    assert!(found.gain_gap > 0.0 && found.gain_gap < 0.5, "{found:?}");
}

#[test]
fn a_certificate_of_an_optimum_holds_with_no_gap() {
    let instance = tiny_instances().remove(0);

    let found = verify(&certified(&instance), &instance).unwrap();

    assert!(found.gap <= 1e-9, "{found:?}");
}

#[test]
fn a_field_that_was_changed_is_named() {
    let instance = instance("S-cement-1.json.gz");
    let text = certified(&instance);
    let refused = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        verify(&text.replacen(from, to, 1), &instance).unwrap_err().field
    };

    assert_eq!(refused("\"seed\":3", "\"seed\":4"), "seed");
    assert_eq!(refused("\"fv\":0", "\"fv\":1"), "fv");
    assert_eq!(refused("\"upper_bound\":0.", "\"upper_bound\":0.0"), "upper_bound");
    assert_eq!(refused("\"gain_gap\":0.", "\"gain_gap\":0.1"), "gain_gap");
    assert_eq!(refused("{\"moves\":20000}", "{\"moves\":20001}"), "work_limit");
    assert_eq!(refused("\"start_bucket\":1", "\"start_bucket\":2"), "plan");
    assert_eq!(refused("\"multipliers\":[", "\"multipliers\":[-1.0,"), "multipliers");
    assert_eq!(refused("\"code_version\":\"", "\"code_version\":\"9"), "code_version");
}

#[test]
fn a_certificate_with_its_seals_made_anew_is_refused_for_what_it_says() {
    use sha2::{Digest, Sha256};
    let instance = instance("S-cement-1.json.gz");
    let text = certified(&instance);
    let line = text.lines().find(|line| line.starts_with("\"upper_bound\"")).unwrap();
    let value = line.trim_start_matches("\"upper_bound\":").trim_end_matches(',');
    let hash = |text: &str| {
        let digest = Sha256::digest(text.as_bytes());
        digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };

    let lower = "0.2501";
    let forged = text.replacen(value, lower, 1).replacen(&hash(value), &hash(lower), 1);

    let refused = verify(&forged, &instance).unwrap_err();
    assert_eq!(refused.field, "upper_bound", "{refused}");
    assert!(refused.reason.contains("computed again"), "{refused}");
}

#[test]
fn a_certificate_is_for_one_instance() {
    let one = instance("S-cement-1.json.gz");
    let mut other = one.clone();
    other.planned_orders[0].quantity += 1.0;

    assert_eq!(verify(&certified(&one), &other).unwrap_err().field, "instance_sha256");
}

#[test]
fn a_certificate_names_the_sources_that_made_it() {
    use sha2::{Digest, Sha256};
    let hash = |bytes: &[u8]| {
        let digest = Sha256::digest(bytes);
        digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec!["src/plan".to_owned()];
    let mut paths = vec!["src/plan.rs".to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(root.join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let path = format!("{folder}/{}", entry.file_name().to_str().unwrap());
            match entry.file_type().unwrap().is_dir() {
                true => folders.push(path),
                false => paths.push(path),
            }
        }
    }
    paths.retain(|path| path.ends_with(".rs"));
    paths.sort();
    let line =
        |path: &String| format!("{}  {path}\n", hash(&std::fs::read(root.join(path)).unwrap()));
    let lines: String = paths.iter().map(line).collect();

    let instance = tiny_instances().remove(0);
    let found = verify(&certified(&instance), &instance).unwrap();

    assert!(paths.len() > 30, "{paths:?}");
    assert_eq!(found.code_sha256, hash(lines.as_bytes()));
}
