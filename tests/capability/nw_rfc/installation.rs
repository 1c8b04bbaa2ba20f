//! The whole program with `rfc = "nwrfc"`: what the doctor says of the library, tables, a posting and
//! its way back.

use carbide::sap::bapi::{system, user};
use carbide::sap::interfaces::Interfaces;
use carbide::sap::nw_rfc::NwRfc;
use carbide::sap::rfc::RfcClient;
use carbide::sap::rfc::failure::Cause;
use carbide::sap::system::SapSystem;
use carbide::sap::table::{Condition, TableQuery, TableReader};
use serde_json::Value;

use super::double::Double;
use super::failure;
use crate::command_line::{Plant, ended_with, text};
use crate::support::{self, PASSWORD, credentials, sandbox, truth};

/// A plant whose function modules go by the double.
async fn plant() -> (Plant, Double) {
    let plant = Plant::new().await;
    let double = Double::before(&plant.sandbox);
    by_library(&plant, &double.path("libsapnwrfc.so").display().to_string());
    (plant, double)
}

fn by_library(plant: &Plant, library: &str) {
    plant.configure("role = \"sandbox\"", "role = \"sandbox\"\nrfc = \"nwrfc\"");
    plant.append(&format!(
        "[sap.nwrfc]\nlibrary = \"{library}\"\nhost = \"sap.example\"\ninstance = \"00\"\n"
    ));
}

fn line(report: &Value, name: &str) -> Value {
    let mut lines = report["checks"].as_array().unwrap().iter();
    lines.find(|line| line["name"] == name).unwrap_or_else(|| panic!("{name}: {report:#}")).clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_shows_the_version_and_the_system_behind_the_library() {
    let (plant, _double) = plant().await;

    let report = plant.json(&["doctor"]);

    assert_eq!(report["ok"], true, "{report:#}");
    let library = line(&report, "RFC library");
    let said = library["text"].as_str().unwrap();
    assert_eq!(library["state"], "ok");
    assert!(said.contains("7.50 patch level"), "{said}");
    assert!(said.contains("libsapnwrfc.so") && said.contains("sap.example instance 00"), "{said}");
    let system = line(&report, "SAP system");
    assert!(system["text"].as_str().unwrap().starts_with("SBX on sandbox, release 758"));
    for name in ["RFCPING", "BAPI_ACC_DOCUMENT_CHECK", "RFC session", "document types"] {
        assert_eq!(line(&report, name)["state"], "ok");
    }
    assert_eq!(line(&report, "rights beyond the role")["state"], "ok");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_library_that_is_not_there_is_one_line_and_everything_else_is_looked_at() {
    let plant = Plant::new().await;
    by_library(&plant, "/opt/no/such/libsapnwrfc.so");

    let doctor = plant.carbide(&["doctor"]);
    let report = plant.json(&["doctor"]);
    let post = plant.carbide(&["post", "--no-wait"]);

    ended_with(&doctor, 3);
    let library = line(&report, "RFC library");
    assert_eq!(library["state"], "fail");
    for part in ["RFC-LIB", "/opt/no/such/libsapnwrfc.so", "2573790", "7.50 patch level 8"] {
        assert!(library["text"].as_str().unwrap().contains(part), "{part}: {library:#}");
    }
    assert_eq!(line(&report, "function modules")["state"], "skipped");
    for name in ["logon", "API_PRODUCT_SRV", "company code", "EMS by ODBC", "journal"] {
        assert_ne!(line(&report, name)["state"], "fail", "{:#}", line(&report, name));
    }
    // Everything else needs it, and says the same.
    assert!(text(&post).contains("RFC-LIB"), "{}", text(&post));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_to_do_about_a_refused_call_is_told_for_the_gateway_and_not_for_sicf() {
    for (faults, name, wanted) in [
        ("open * comm", "RFCPING", "SMGW"),
        ("open * snc", "RFCPING", "STRUST"),
        ("invoke * auth", "RFCPING", "SU53"),
        ("invoke * comm", "RFC session", "SMGW"),
    ] {
        let (plant, double) = plant().await;
        double.order(faults);

        let line = line(&plant.json(&["doctor"]), name);

        let advice = line["advice"].as_str().unwrap();
        assert_eq!(line["state"], "fail", "{line:#}");
        assert!(advice.contains(wanted) && !advice.contains("SICF"), "{faults}: {line:#}");
        assert!(!line["text"].as_str().unwrap().contains(advice), "said once: {line:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_and_a_carbon_document_are_posted_and_taken_back_by_the_library() {
    let (plant, double) = plant().await;
    let before = plant.planned_orders().await;
    ended_with(&plant.carbide(&["sync"]), 0);
    ended_with(&plant.carbide(&["plan"]), 0);

    ended_with(&plant.carbide(&["post", "--no-wait"]), 0);

    let posted = truth(&plant.sandbox, "ledger").await;
    assert_eq!(posted["fi_documents"].as_array().unwrap().len(), 1);
    assert_ne!(plant.planned_orders().await, before);
    ended_with(&plant.carbide(&["undo"]), 0);
    let after = truth(&plant.sandbox, "ledger").await;
    let documents = after["fi_documents"].as_array().unwrap();
    assert_eq!(documents.len(), 2);
    assert_eq!(documents[1]["reverses"], documents[0]["number"]);
    assert_eq!(plant.planned_orders().await, before);
    ended_with(&plant.carbide(&["journal", "verify"]), 0);
    // No function module went another way: SOAP was never asked.
    assert!(double.handles()["invoked"] > 0);
    let used = plant.json(&["interfaces", "--trace"]);
    assert_eq!(used["ok"], true, "{used:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_lost_on_the_gateway_is_looked_up_and_nothing_is_doubled() {
    let (plant, double) = plant().await;
    ended_with(&plant.carbide(&["sync"]), 0);
    // CHECK, POST and COMMIT: each of the first ten calls once loses its answer.
    let mut standing = 0;
    for call in 1..=10 {
        double.order(&format!("invoke {call} lost"));
        let _ = plant.carbide(&["post", "--carbon", "--no-wait"]);
        ended_with(&plant.carbide(&["journal", "recover"]), 0);
        let ledger = truth(&plant.sandbox, "ledger").await;
        let documents = ledger["fi_documents"].as_array().unwrap();
        standing = documents
            .iter()
            .filter(|one| one["reversed_by"].is_null() && one["reverses"].is_null())
            .count();
        assert!(standing <= 1, "call {call}: {standing} documents stand");
    }
    assert_eq!(standing, 1, "it was posted in the end");
    ended_with(&plant.carbide(&["journal", "verify"]), 0);
}

#[tokio::test]
async fn tables_are_the_same_by_either_transport_and_by_either_function() {
    let sandbox = sandbox().await;
    let double = Double::before(&sandbox);
    let interfaces = Interfaces::shipped().with_unpublished();
    let system = SapSystem { interfaces, ..support::system(&sandbox.url()) };
    let library = NwRfc::new(&system, &credentials(PASSWORD), double.destination()).unwrap();
    let library = RfcClient::over(library);
    let all = TableQuery::of("T006", &["MSEHI", "DIMID", "ZAEHL", "NENNR", "EXP10", "ADDKO"]);
    let wide = TableQuery::of("T001", &["LAND1", "BUTXT", "BUKRS", "ORT01", "WAERS"]);
    let chosen = TableQuery::of("T006A", &["MSEHI", "MSEHL"])
        .with(Condition::equal("SPRAS", "D"))
        .with(Condition { include: false, ..Condition::equal("MSEHI", "TO") });

    for query in [&all, &wide, &chosen] {
        let by_soap = TableReader::companion(support::rfc(&sandbox)).read(query).await.unwrap();
        assert!(by_soap.len() >= 2, "{by_soap:?}");
        for reader in [
            TableReader::companion(library.clone()),
            TableReader::unpublished(library.clone()),
            TableReader::Unpublished { rfc: library.clone(), row_width: 40 },
        ] {
            assert_eq!(reader.read(query).await.unwrap(), by_soap, "{}", reader.function());
        }
    }
    let few = TableReader::companion(library.clone()).read(&all.clone().at_most(2)).await;
    assert!(few.unwrap_err().to_string().contains("TAB-ROWS"));
}

#[tokio::test]
async fn a_table_that_is_not_there_and_a_right_that_is_missing_are_told_apart() {
    let sandbox = sandbox().await;
    let double = Double::before(&sandbox);
    let client = double.client(&sandbox);

    let table = TableQuery::of("NONE", &["A"]);
    let table = TableReader::companion(client.clone()).read(&table).await.unwrap_err();
    let right = client.call(&user::get_detail("carbide")).await.unwrap_err();
    let info = system::told(&client.call(&system::info()).await.unwrap());

    assert!(table.to_string().contains("ZCARBIDE 040"), "{table}");
    assert_eq!(failure(&right).0, Cause::Authorization, "{right}");
    assert_eq!((info.system.as_str(), info.release_number()), ("SBX", Some(758)));
}
