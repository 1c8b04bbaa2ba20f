//! The factor database: versions that people review, sign, compare and take into use.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use carbide::audit::SigningKey;
use carbide::config::factor_package::{self, SIGNER, Signature, TrustedKey};
use carbide::config::factors::{self, Reading};
use carbide::factor::FactorError;
use carbide::factor::difference::{Difference, differences};
use carbide::factor::gas::GwpSet;
use carbide::factor::package::{FactorDatabase, Package, Severity};
use rust_decimal::Decimal;
use serde_json::Value;

use crate::bad_inputs::answered;
use crate::command_line::{Plant, ended_with, text};

const SHIPPED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/mappings/factors/2026-4");
const MAPPING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/mappings/factors.toml");

fn shipped() -> Package {
    factor_package::load(Path::new(SHIPPED)).unwrap()
}

fn trusted() -> Vec<TrustedKey> {
    factors::load(Path::new(MAPPING)).unwrap().trusted_keys
}

/// A copy of the shipped version in which texts of a file are replaced. Each of them is there.
fn changed(folder: &Path, file: &str, changes: &[(&str, &str)]) -> PathBuf {
    let copy = folder.join("next");
    std::fs::create_dir_all(&copy).unwrap();
    for entry in std::fs::read_dir(SHIPPED).unwrap().flatten() {
        std::fs::copy(entry.path(), copy.join(entry.file_name())).unwrap();
    }
    let mut content = std::fs::read_to_string(copy.join(file)).unwrap();
    for (from, to) in changes {
        assert!(content.contains(from), "{file} has no {from}");
        content = content.replacen(from, to, 1);
    }
    std::fs::write(copy.join(file), content).unwrap();
    copy
}

/// What refuses a version in which one text is replaced: while it is read, or by its checks.
fn refusal(file: &str, from: &str, to: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let copy = changed(folder.path(), file, &[(from, to)]);
    match factor_package::load(&copy) {
        Err(error) => error.to_string(),
        Ok(package) => {
            let mut problems = package.problems().into_iter();
            let problem = problems.find(|problem| problem.severity != Severity::Note);
            problem.map(|problem| problem.text).unwrap_or_default()
        }
    }
}

fn mapping(rows: &str) -> Result<factors::FactorMapping, String> {
    let database = FactorDatabase::new(vec![shipped()]);
    let reading = Reading { database: Some(database), ..Reading::default() };
    factors::parse(Path::new("factors.toml"), rows, reading).map_err(|error| error.to_string())
}

#[test]
fn the_shipped_version_is_whole_signed_and_says_where_each_value_is_from() {
    let package = shipped();

    let blocking: Vec<_> =
        package.problems().into_iter().filter(|of| of.severity != Severity::Note).collect();
    assert_eq!(blocking, []);
    let signature = factor_package::signature(Path::new(SHIPPED), &package, &trusted());
    assert!(matches!(signature, Ok(Signature::By(_))), "{signature:?}");
    let energy_and_transport =
        ["electricity", "freight", "heat_steam", "fuel", "fuel_upstream", "cbam_fuel"];
    let industrial: std::collections::BTreeSet<_> = package
        .rows
        .iter()
        .filter(|row| !energy_and_transport.contains(&row.sub_sector.as_str()))
        .filter(|row| row.sub_sector != "purchased_material")
        .map(|row| (row.sub_sector.as_str(), row.variant.as_str()))
        .collect();
    let sub_sectors: std::collections::BTreeSet<_> = industrial.iter().map(|of| of.0).collect();
    assert_eq!(sub_sectors.len(), 8);
    assert!(industrial.len() >= 56, "{}", industrial.len());
    for row in &package.rows {
        assert!(!row.published.is_empty() && !row.confidence.is_empty(), "{}", row.id);
        assert!(
            row.uncertainty_percent.is_some() && (1..=5).contains(&row.data_quality),
            "{}",
            row.id
        );
    }
}

#[test]
fn the_gases_of_a_fuel_are_weighed_by_the_report_that_is_chosen() {
    let package = shipped();
    let gas = package.row("FU-10").unwrap();
    let wood = package.row("FU-21").unwrap();

    let value = |set| gas.value(&package.gwp, set).unwrap().normalize().to_string();

    assert_eq!((value(GwpSet::Ar5), value(GwpSet::Ar6)), ("56.1545".into(), "56.1543".into()));
    assert_eq!(wood.value(&package.gwp, GwpSet::Ar5).unwrap(), "1.9".parse().unwrap());
    assert_eq!(wood.gases.biogenic_co2, Decimal::from(112));
}

#[test]
fn what_was_known_then_is_calculated_again_as_it_was_then() {
    let old = shipped();
    let mut new = old.clone();
    new.id = "2027-1".to_owned();
    new.known_since = "2027-02-01".parse().unwrap();
    new.rows.iter_mut().find(|row| row.id == "EG-DE-UBA-2018").unwrap().kg_co2e =
        Some("0.471".parse().unwrap());
    let choose = "[[choose]]\nactivity = \"electricity\"\nseries = \"EG-DE-UBA\"\n";
    let value = |known_at: &str| {
        let database = FactorDatabase::new(vec![new.clone(), old.clone()]);
        let reading = Reading { database: Some(database), ..Reading::default() };
        let text = format!("{known_at}{choose}");
        let mapping = factors::parse(Path::new("factors.toml"), &text, reading).unwrap();
        let day = "2018-06-01".parse().unwrap();
        mapping.book.factor("electricity", None, &["DE"], day).unwrap().kg_co2e_per_unit.to_string()
    };

    assert_eq!(value(""), "0.471");
    assert_eq!(value("known_at = \"2026-12-31\"\n"), "0.468");
}

#[test]
fn an_adjusted_factor_shows_each_step_and_a_proxy_is_worse_by_one_step() {
    let mapping = mapping(
        "[[choose]]\nactivity = \"material:STEEL\"\nseries = \"ST-01\"\nscope = \"s3_1\"\n\
         adjust = [{ id = \"ADJ-SCRAP\", value = \"25\", reference = \"15\" }]\n\
         proxy = { region = \"DE\", valid_from = \"2018-01-01\", reason = \"no German value\" }\n",
    )
    .unwrap();

    let row = &mapping.book.rows()[0];

    let origin = row.origin.as_ref().unwrap();
    assert_eq!(row.kg_co2e_per_unit, Decimal::from(1850));
    assert_eq!((row.region.as_str(), row.valid_from.to_string()), ("DE", "2018-01-01".into()));
    assert_eq!(origin.data_quality, shipped().row("ST-01").unwrap().data_quality + 1);
    assert_eq!(
        origin.steps,
        [
            "ADJ-SCRAP: 2000 + -15 x (25 - 15) = 1850",
            "proxy for DE from 2018-01-01: no German value"
        ]
    );
}

#[test]
fn differences_name_the_row_the_fields_and_the_percent() {
    let before = shipped();
    let mut after = before.clone();
    after.rows.retain(|row| row.id != "TR-21");
    after.rows.iter_mut().find(|row| row.id == "ST-04").unwrap().kg_co2e = Some(Decimal::from(171));
    after.gwp.insert("SF6", GwpSet::Ar6, Decimal::from(24_300));

    let found = differences(&before, &after, GwpSet::Ar6);

    let ids: Vec<&str> = found.iter().map(Difference::id).collect();
    assert_eq!(ids, ["EL-03", "EL-04", "ST-04", "TR-21"]);
    let Difference::Changed { fields, percent, .. } = &found[2] else { panic!("{:?}", found[2]) };
    assert_eq!((fields.as_slice(), *percent), (["value"].as_slice(), Some(Decimal::from(-5))));
}

#[test]
fn factors_01_a_factor_without_a_unit_is_refused_with_its_line() {
    let text = refusal(
        "steel.csv",
        "EAF steelmaking (direct only),TO,",
        "EAF steelmaking (direct only),,",
    );

    assert!(text.contains("steel.csv:5:1: FAC-UNIT: factor ST-04 has no unit"), "{text}");
    answered("factors-01", &text);
}

#[test]
fn factors_02_a_factor_per_kwh_is_none_for_fuel() {
    let refused = mapping("[[choose]]\nactivity = \"natural_gas\"\nseries = \"EG-DE-UBA\"\n");

    let text = refused.unwrap_err();
    assert!(text.contains("FAC-DIM: activity natural_gas is in GJ"), "{text}");
    assert!(text.contains("factor EG-DE-UBA-2017 is per KWH; give a conversion"), "{text}");
    answered("factors-02", &text);
}

#[test]
fn factors_03_a_negative_factor_is_refused() {
    let text = refusal("steel.csv", ",TO,product,180,180,", ",TO,product,-180,,");

    assert!(text.contains("FAC-NEG: factor ST-04 is negative"), "{text}");
    answered("factors-03", &text);
}

#[test]
fn factors_04_two_rows_for_one_day_are_refused_with_the_days() {
    let text = refusal(
        "electricity.csv",
        "DE,national,2018-01-01,2019-01-01",
        "DE,national,2017-07-01,2019-01-01",
    );

    assert_eq!(
        text,
        "FAC-OVERLAP: factors EG-DE-UBA-2017 and EG-DE-UBA-2018 overlap from 2017-07-01 to 2018-01-01"
    );
    answered("factors-04", &text);
}

#[test]
fn factors_05_a_gap_is_named_and_a_day_in_it_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let copy = changed(
        folder.path(),
        "electricity.csv",
        &[("DE,national,2018-01-01,2019-01-01", "DE,national,2018-01-01,2018-06-01")],
    );
    let package = factor_package::load(&copy).unwrap();

    let notes: Vec<String> = package.problems().into_iter().map(|of| of.text).collect();
    let database = FactorDatabase::new(vec![package]);
    let reading = Reading { database: Some(database), ..Reading::default() };
    let text = "[[choose]]\nactivity = \"electricity\"\nseries = \"EG-DE-UBA\"\n";
    let mapping = factors::parse(Path::new("factors.toml"), text, reading).unwrap();
    let day = "2018-09-01".parse().unwrap();

    let gap = "FAC-GAP: no factor for EG-DE-UBA from 2018-06-01 to before 2019-01-01";
    assert!(notes.iter().any(|note| note.starts_with(gap)), "{notes:?}");
    let found = mapping.book.factor("electricity", None, &["DE"], day);
    assert!(matches!(found, Err(FactorError::Missing { .. })), "{found:?}");
    answered("factors-05", &found.unwrap_err().to_string());
}

#[test]
fn factors_06_a_value_in_co2e_of_another_report_is_not_mixed_in() {
    let folder = tempfile::tempdir().unwrap();
    // The value is given in CO2e of AR5, and its gases are not.
    let copy = changed(
        folder.path(),
        "steel.csv",
        &[(",TO,product,180,180,,,,,,1,1,", ",TO,product,180,,,,,,AR5,1,1,")],
    );
    let database = FactorDatabase::new(vec![factor_package::load(&copy).unwrap()]);
    let reading = Reading { database: Some(database), ..Reading::default() };
    let text = "[[choose]]\nactivity = \"process:EAF1\"\nseries = \"ST-04\"\n";

    let refused = factors::parse(Path::new("factors.toml"), text, reading).unwrap_err().to_string();

    assert!(
        refused.contains("FAC-GWP: factors use AR5 and AR6; choose one per report"),
        "{refused}"
    );
    answered("factors-06", &refused);
}

#[test]
fn factors_07_semicolons_and_decimal_commas_are_refused_with_the_line() {
    let semicolons =
        refusal("fuels.csv", "fuel,ncv_gj_per_t,confidence", "fuel;ncv_gj_per_t;confidence");
    let comma = refusal("steel.csv", ",TO,product,180,180,", ",TO,product,\"180,5\",,");
    let columns = refusal("steel.csv", ",TO,product,180,180,", ",TO,product,180,5,180,");

    assert!(semicolons.contains("FAC-CSV: line 1 has 1 column"), "{semicolons}");
    answered("factors-07", &semicolons);
    assert!(
        comma.contains("FAC-CSV: kg_co2e '180,5' is no decimal; decimals have a point"),
        "{comma}"
    );
    assert!(columns.contains("FAC-CSV: line 5 has 27 columns, expected 26"), "{columns}");
}

#[test]
fn factors_08_one_changed_byte_breaks_the_signature() {
    let folder = tempfile::tempdir().unwrap();
    let copy =
        changed(folder.path(), "steel.csv", &[(",TO,product,180,180,", ",TO,product,181,181,")]);
    let package = factor_package::load(&copy).unwrap();

    let refused = factor_package::signature(&copy, &package, &trusted()).unwrap_err().to_string();

    assert!(refused.contains("FAC-SIG: factor pack 2026-4: signature does not match"), "{refused}");
    answered("factors-08", &refused);
}

#[test]
fn the_offered_version_is_signed_by_the_successor_of_the_key_of_the_shipped_one() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/mappings/factors-offered/2027-1"));
    let offered = factor_package::load(folder).unwrap();
    let before = shipped();

    let blocking: Vec<_> =
        offered.problems().into_iter().filter(|of| of.severity != Severity::Note).collect();
    assert_eq!(blocking, []);
    let by = |folder: &Path, package: &Package| match factor_package::signature(
        folder,
        package,
        &trusted(),
    ) {
        Ok(Signature::By(key)) => key,
        other => panic!("{other:?}"),
    };
    assert_ne!(by(folder, &offered), by(Path::new(SHIPPED), &before));
    let found = differences(&before, &offered, GwpSet::Ar6);
    let of_value = |of: &&Difference<'_>| match of {
        Difference::Changed { fields, .. } => fields.contains(&"value"),
        _ => true,
    };
    let ids: Vec<&str> = found.iter().filter(of_value).map(Difference::id).collect();
    assert_eq!(ids, ["EG-LCA-oil", "FU-01", "FU-02", "FU-03", "FU-04", "FU-05", "FU-06"]);
}

#[test]
fn a_key_with_a_successor_vouches_for_what_was_known_before_and_for_nothing_after() {
    let key = || SigningKey::parse(SIGNER, &SigningKey::generate().unwrap()).unwrap();
    let (lost, successor) = (key(), key());
    let rows = format!(
        "trusted_keys = [\"{}\", {{ key = \"{}\", until = \"2027-02-01\" }}]\n\
         [[choose]]\nactivity = \"electricity\"\nseries = \"EG-DE-UBA\"\n",
        successor.verifier(),
        lost.verifier()
    );
    let trusted = mapping(&rows).unwrap().trusted_keys;
    let looked_at = |key: &SigningKey, known_since: &str| {
        let folder = tempfile::tempdir().unwrap();
        let copy = changed(folder.path(), "package.toml", &[("2026-11-26", known_since)]);
        let package = factor_package::load(&copy).unwrap();
        let note = factor_package::sign(&package, key);
        std::fs::write(copy.join(factor_package::SIGNATURE), note).unwrap();
        factor_package::signature(&copy, &package, &trusted).map_err(|error| error.to_string())
    };

    let by = |key: &SigningKey| Ok(Signature::By(key.verifier().to_string()));
    assert_eq!(looked_at(&lost, "2026-11-26"), by(&lost));
    assert_eq!(looked_at(&successor, "2027-02-01"), by(&successor));
    let late = looked_at(&lost, "2027-02-01").unwrap_err();
    assert!(
        late.contains("signs only what was known before 2027-02-01, and this is known since"),
        "{late}"
    );
    let wrong = mapping(&rows.replace("2027-02-01", "soon")).unwrap_err();
    assert!(wrong.contains("factors.toml:1:") && wrong.contains("'soon' is no day"), "{wrong}");
    let other = mapping(&rows.replace("until", "since")).unwrap_err();
    assert!(other.contains("factors.toml:1:") && other.contains("no key, and no {"), "{other}");
}

#[test]
fn factors_09_a_value_a_thousand_times_too_high_waits_for_a_person() {
    let text = refusal("steel.csv", ",TO,product,180,180,", ",TO,product,180000,180000,");

    assert_eq!(
        text,
        "FAC-BAND: factor ST-04=180000 is outside 50..6000; confirm with --accept ST-04"
    );
    answered("factors-09", &text);
}

#[test]
fn an_unknown_series_is_named_with_the_nearest_one() {
    let text =
        mapping("[[choose]]\nactivity = \"electricity\"\nseries = \"EG-DE-UBB\"\n").unwrap_err();

    assert!(text.contains("factors.toml:3:10: FAC-SERIES"), "{text}");
    assert!(text.contains("(did you mean EG-DE-UBA?)"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_is_signed_compared_tried_on_the_last_quarter_and_taken_into_use() {
    let plant = Plant::new().await;
    ended_with(&plant.carbide(&["sync"]), 0);
    let next = changed(
        &plant.path(""),
        "package.toml",
        &[("2026-4", "2027-1"), ("2026-11-26", "2027-02-01")],
    );
    let electricity = next.join("electricity.csv");
    let rows = std::fs::read_to_string(&electricity).unwrap();
    std::fs::write(
        &electricity,
        rows.replace("KWH,electricity,0.468,0.468", "KWH,electricity,0.491,0.491"),
    )
    .unwrap();
    let folder = next.display().to_string();

    let unsigned = plant.carbide(&["factors", "apply", &folder, "--yes"]);
    let signed = plant.json(&["factors", "sign", &folder, "--key", "file:secrets/factors"]);
    let key = signed["key"].as_str().unwrap();
    let stranger = plant.carbide(&["factors", "apply", &folder, "--yes"]);
    let settings = std::fs::read_to_string(plant.path("mappings/factors.toml")).unwrap();
    let trusting =
        settings.replacen("trusted_keys = [", &format!("trusted_keys = [\"{key}\", "), 1);
    std::fs::write(plant.path("mappings/factors.toml"), trusting).unwrap();
    let tried = plant.json(&["factors", "apply", &folder]);
    let before = plant.json(&["footprint"]);
    let applied = plant.json(&["factors", "apply", &folder, "--yes"]);
    let again = plant.carbide(&["factors", "apply", &folder, "--yes"]);
    let after = plant.json(&["footprint"]);

    assert!(text(&unsigned).contains("FAC-SIG"), "{}", text(&unsigned));
    assert!(text(&stranger).contains("FAC-SIG") && text(&stranger).contains("Nothing was changed"));
    assert_eq!((&tried["applied"], &applied["applied"]), (&Value::Bool(false), &Value::Bool(true)));
    assert_eq!(tried["differences"][0]["id"], "EG-DE-UBA-2018");
    let effects = applied["what_if"].as_array().unwrap();
    let september = effects.iter().find(|of| of["what"] == "2018-09 s2").unwrap();
    // Each kilowatt-hour of the grid weighs 0.023 kg more; bought steam, scope 2 as well, stays.
    let number = |value: &Value| value.to_string().trim_matches('"').parse::<f64>().unwrap();
    let kwh = number(&before["inventory"]["metered_kwh"]);
    let added = number(&september["after_kg"]) - number(&september["before_kg"]);
    assert!((added - 0.023 * kwh).abs() < 1e-3, "{added} for {kwh} kWh");
    assert_eq!(september["percent"], 4.304);
    assert!(effects.iter().any(|of| of["kind"] == "product"));
    ended_with(&again, 1);
    assert!(text(&again).contains("never changes"), "{}", text(&again));
    let scope_2 = |of: &Value| of["footprints"][0]["by_scope"]["s2"].as_f64().unwrap();
    let rise = scope_2(&after) / scope_2(&before);
    assert!(
        rise > 1.0 && rise < 0.491 / 0.468,
        "electricity rises by 4.9 %, steam does not: {rise}"
    );
    let noted = std::fs::read_to_string(plant.path("mappings/factors/applied.jsonl")).unwrap();
    assert!(
        noted.contains("\"package\":\"2027-1\"") && noted.contains("\"applied_by\":\"planner\"")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_books_stand_side_by_side_and_the_choice_is_explained() {
    let plant = Plant::new().await;
    ended_with(&plant.carbide(&["sync"]), 0);

    let own = plant.json(&["footprint"]);
    let cbam = plant.json(&["footprint", "--book", "cbam"]);
    let older = plant.json(&["footprint", "--gwp", "AR5"]);
    let unknown = plant.carbide(&["footprint", "--book", "cbma"]);
    let chosen = plant.json(&[
        "factors",
        "show",
        "material:PIG-IRON",
        "--day",
        "2018-06-01",
        "--supplier",
        "100101",
    ]);

    let total = |of: &Value| of["footprints"][0]["kg_co2e_per_unit"].as_f64().unwrap();
    assert!(total(&cbam) < total(&own), "{} {}", total(&cbam), total(&own));
    assert_ne!(total(&older), total(&own));
    assert!(
        text(&unknown)
            .contains("FAC-BOOK: no factor is in book 'cbma'; known are cbam, customer, plant")
    );
    let plant_book = chosen.as_array().unwrap().iter().find(|of| of["book"] == "plant").unwrap();
    assert_eq!(plant_book["factor"]["id"], "SUP-PIG-IRON-100101");
    let considered = plant_book["considered"].to_string();
    assert!(
        considered.contains("an average; the supplier's own value comes first"),
        "{considered}"
    );
}

#[test]
fn every_factor_from_memory_that_nobody_found_is_named() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/mappings/factors");
    let looked_up =
        csv::Reader::from_path(format!("{folder}/looked_up.csv")).unwrap().into_records();
    let found: BTreeSet<String> = looked_up
        .map(Result::unwrap)
        .filter(|record| !record[1].is_empty())
        .map(|record| record[0].to_owned())
        .collect();
    let of_memory = shipped().rows.into_iter().filter(|row| row.confidence.contains("from memory"));
    let unknown: BTreeSet<String> =
        of_memory.map(|row| row.id).filter(|id| !found.contains(id)).collect();

    let readme = std::fs::read_to_string(format!("{folder}/README.md")).unwrap();
    let list = readme.split("Nobody has found these yet").nth(1).unwrap();
    let cells = list.lines().filter_map(|line| line.strip_prefix("| `")?.split('|').next());
    let named: BTreeSet<String> = cells
        .flat_map(|cell| cell.split(','))
        .map(|id| id.trim().trim_matches('`').to_owned())
        .collect();

    assert_eq!(named, unknown);
}

#[test]
fn potentials_and_calorific_values_were_looked_up_or_say_why_not() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/mappings/factors");
    let mut confirmed = 0;

    for record in
        csv::Reader::from_path(format!("{folder}/looked_up_tables.csv")).unwrap().records()
    {
        let record = record.unwrap();
        let [table, row, column, found] = [0, 1, 2, 3].map(|at| record[at].to_owned());
        let mut shipped = csv::Reader::from_path(format!("{folder}/2026-4/{table}")).unwrap();
        let at = shipped.headers().unwrap().iter().position(|name| name == column).unwrap();
        let line = shipped.records().map(Result::unwrap).find(|line| line[0] == row).unwrap();
        let shipped: Decimal = line[at].parse().unwrap();
        assert!(!record[4].is_empty(), "{row}");
        if found.is_empty() {
            assert!(!record[5].is_empty(), "{row} was not found, and nothing says why");
        } else {
            assert_eq!(shipped, found.parse::<Decimal>().unwrap(), "{table} {row} {column}");
            confirmed += 1;
        }
    }
    assert!(confirmed >= 67, "{confirmed}");
}

#[test]
fn what_was_looked_up_since_says_what_the_version_says_or_names_the_difference() {
    let package = shipped();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/mappings/factors/looked_up.csv");
    let mut confirmed = 0;

    for record in csv::Reader::from_path(path).unwrap().into_records() {
        let record = record.unwrap();
        let (id, found, from, note) = (&record[0], &record[1], &record[2], &record[3]);
        let row = package.rows.iter().find(|row| row.id == id).unwrap_or_else(|| panic!("{id}"));
        assert!(row.confidence.contains("from memory"), "{id} was verified before");
        assert!(!from.is_empty(), "{id}");
        if found.is_empty() {
            assert!(!note.is_empty(), "{id} was not found, and nothing says why");
        } else {
            assert!(row.published.starts_with(found), "{id}: {} is not {found}", row.published);
            confirmed += 1;
        }
    }
    assert!(confirmed >= 38, "{confirmed}");
}
