//! The doctor: one screen, half a minute, and each line says what to do.

use std::collections::BTreeMap;
use std::time::Instant;

use carbide::sandbox::{RunningSandbox, SandboxOptions};
use serde_json::{Value, json};

use crate::command_line::{Plant, ended_with, text};
use crate::support::{PASSWORD, USER, fault, truth};
use crate::tls_server::{Authority, Said, Server, html, json as said};

/// The lines by name.
fn lines(report: &Value) -> BTreeMap<String, Value> {
    let lines = report["checks"].as_array().unwrap().iter();
    lines.map(|line| (line["name"].as_str().unwrap().to_owned(), line.clone())).collect()
}

fn state<'a>(lines: &'a BTreeMap<String, Value>, name: &str) -> &'a str {
    lines[name]["state"].as_str().unwrap()
}

/// A plant whose SAP is another server than the sandbox.
async fn plant_with(says: impl Fn(&str) -> Said + Send + Sync + 'static) -> (Plant, Server) {
    let plant = Plant::new().await;
    let server = Server::plain(move |asked| says(&asked.line)).await;
    let path = plant.path("carbide.toml");
    let settings = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, settings.replace(&plant.sandbox.url(), &server.url)).unwrap();
    (plant, server)
}

/// A SAP with the right metadata and no rows.
fn well(request: &str) -> Said {
    if request.contains("$metadata") {
        let path = request.split(' ').nth(1).unwrap().split("/$metadata").next().unwrap();
        let edmx = carbide::sandbox::edmx(path).unwrap();
        return said(200, edmx).of_kind("application/xml");
    }
    if request.contains("/soap/rfc") {
        return html(404);
    }
    said(200, "{\"d\":{\"results\":[]},\"value\":[]}").with("x-csrf-token", "T")
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_well_on_the_sandbox_and_nothing_was_changed() {
    let plant = Plant::new().await;
    let before = truth(&plant.sandbox, "planned-orders").await;
    let began = Instant::now();

    let report = plant.json(&["doctor"]);

    assert!(began.elapsed().as_secs() < 30);
    let lines = lines(&report);
    assert_eq!(report["ok"], true, "{report:#}");
    for name in [
        "settings",
        "secrets",
        "journal",
        "disk",
        "factors",
        "field mapping",
        "EMS by ODBC",
        "last reading",
        "name of SAP's host",
        "logon",
        "clock",
        "API_PRODUCT_SRV",
        "API_PLANNED_ORDERS",
        "API_PLANNED_ORDERS token",
        "API_PLANNED_ORDERS repeatability",
        "RFCPING",
        "BAPI_ACC_DOCUMENT_CHECK",
        "RFC session",
        "posting once",
        "SAP system",
        "company code",
        "rights beyond the role",
    ] {
        assert_ne!(state(&lines, name), "fail", "{:#}", lines[name]);
        assert_ne!(state(&lines, name), "skipped", "{:#}", lines[name]);
        assert!(lines[name]["seconds"].is_number());
    }
    let tier = lines["posting once"]["text"].as_str().unwrap();
    assert!(tier.starts_with("tier 2, as Z_CARBIDE_STATUS is not there"), "{tier}");
    for name in ["certificate", "carbon fields"] {
        assert_eq!(state(&lines, name), "skipped", "{:#}", lines[name]);
    }
    assert_eq!(truth(&plant.sandbox, "planned-orders").await, before);
    ended_with(&plant.carbide(&["doctor"]), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_property_that_sap_lacks_is_named() {
    let (plant, _server) = plant_with(|request| {
        if request.contains("API_PRODUCT_SRV/$metadata") {
            let edmx = carbide::sandbox::edmx("/sap/opu/odata/sap/API_PRODUCT_SRV").unwrap();
            return said(200, &edmx.replace("Name=\"ProductType\"", "Name=\"Other\""))
                .of_kind("application/xml");
        }
        well(request)
    })
    .await;

    let output = plant.carbide(&["doctor"]);

    ended_with(&output, 3);
    let missing = "META-MISSING: mapping needs A_Product.ProductType; service API_PRODUCT_SRV";
    assert!(text(&output).contains(missing), "{}", text(&output));
    assert!(text(&output).contains("/IWFND/MAINT_SERVICE"), "{}", text(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_that_is_missing_is_named_with_its_object() {
    let (plant, _server) = plant_with(|request| {
        if request.contains("A_SalesOrderItem") {
            let body =
                json!({ "error": { "code": "SY/530", "message": { "value": "No authority" } } });
            return said(403, &body.to_string());
        }
        well(request)
    })
    .await;

    let lines = lines(&plant.json(&["doctor"]));

    let line = &lines["API_SALES_ORDER_SRV"];
    assert_eq!(line["state"], "fail");
    assert!(line["text"].as_str().unwrap().contains("A_SalesOrderItem"), "{line:#}");
    assert!(line["advice"].as_str().unwrap().contains("SU53"), "{line:#}");
    assert!(line["advice"].as_str().unwrap().contains("V_VBAK_VKO"), "{line:#}");
    assert_eq!(state(&lines, "API_PRODUCT_SRV"), "ok");
    assert!(lines["RFCPING"]["advice"].as_str().unwrap().contains("SICF"));
    // No entry in the books proves nothing.
    assert_eq!(state(&lines, "company code"), "warn");
    assert!(lines["company code"]["text"].as_str().unwrap().contains("CFG-BUKRS"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logon_page_stops_the_questions_to_sap_and_no_other() {
    let (plant, server) = plant_with(|_| html(200)).await;

    let lines = lines(&plant.json(&["doctor"]));

    assert_eq!(state(&lines, "logon"), "fail");
    assert!(lines["logon"]["advice"].as_str().unwrap().contains("SICF"), "{:#}", lines["logon"]);
    assert_eq!(state(&lines, "services"), "skipped");
    assert_eq!(state(&lines, "EMS by ODBC"), "ok");
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_off_is_seen() {
    let (plant, _server) =
        plant_with(|request| well(request).with("date", "Mon, 01 Jan 2024 00:00:00 GMT")).await;

    let lines = lines(&plant.json(&["doctor"]));

    assert_eq!(state(&lines, "clock"), "fail", "{:#}", lines["clock"]);
    assert!(lines["clock"]["advice"].as_str().unwrap().contains("ST06"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_does_not_answer_costs_ten_seconds_and_not_the_report() {
    let plant = Plant::new().await;
    let slow = json!({
        "match": "GET /sap/opu/odata/sap/API_PRODUCTION_ROUTING/$metadata",
        "kind": "delay", "milliseconds": 60_000
    });
    fault(&plant.sandbox, slow).await;
    let began = Instant::now();

    let report = plant.json(&["doctor"]);

    assert!(began.elapsed().as_secs() < 30);
    let lines = lines(&report);
    assert_eq!(state(&lines, "API_PRODUCTION_ROUTING"), "fail");
    assert_eq!(state(&lines, "API_PRODUCT_SRV"), "ok");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_journal_is_a_failure_that_says_post_nothing() {
    let plant = Plant::new().await;
    ended_with(&plant.carbide(&["doctor"]), 0);
    let journal = plant.path("state/journal.db");
    let _ = std::fs::remove_file(plant.path("state/journal.db-wal"));
    std::fs::write(&journal, b"this is no database, however long one looks at it").unwrap();

    let lines = lines(&plant.json(&["doctor"]));

    assert_eq!(state(&lines, "journal"), "fail");
    assert!(lines["journal"]["advice"].as_str().unwrap().contains("Post nothing"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_ends_soon_is_a_warning_with_its_pin() {
    let plant = Plant::new().await;
    let authority = Authority::new("Plant CA");
    let path = plant.path("carbide.toml");
    let settings = std::fs::read_to_string(&path).unwrap();
    std::fs::write(plant.path("ca.pem"), authority.pem()).unwrap();
    let mut states = Vec::new();
    for days in [10, 90] {
        let identity = authority.issue_for_days("localhost", days);
        let server = Server::tls(&identity, None, |asked| well(&asked.line)).await;
        let settings = settings.replace(&plant.sandbox.url(), &server.url).replacen(
            "parallel_reads = 4",
            "parallel_reads = 4\nca_file = \"ca.pem\"",
            1,
        );
        std::fs::write(&path, settings).unwrap();
        let lines = lines(&plant.json(&["doctor"]));
        assert!(lines["certificate"]["text"].as_str().unwrap().contains("pin "), "{lines:#?}");
        states.push(state(&lines, "certificate").to_owned());
        if days == 10 {
            let advice = lines["certificate"]["advice"].as_str().unwrap();
            assert!(advice.contains("STRUST"), "{advice}");
        }
    }

    assert_eq!(states, ["warn", "ok"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_system_whose_certificate_is_not_verified_is_named_at_every_start() {
    let plant = Plant::new().await;
    let path = plant.path("carbide.toml");
    let settings = std::fs::read_to_string(&path).unwrap();
    let unverified = "parallel_reads = 4\ntls_verify = false";
    std::fs::write(&path, settings.replacen("parallel_reads = 4", unverified, 1)).unwrap();

    let lines = lines(&plant.json(&["doctor"]));
    let other = plant.carbide(&["sync"]);

    assert_eq!(state(&lines, "settings"), "warn");
    assert!(text(&other).contains("whoever answers is taken for SAP"), "{}", text(&other));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_meter_database_that_hangs_does_not_hold_the_report_back() {
    let plant = Plant::new().await;
    // It takes the connection and never says a word.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let path = plant.path("carbide.toml");
    let settings = std::fs::read_to_string(&path).unwrap();
    let ems = format!(
        "driver = \"postgresql\"\nserver = \"127.0.0.1\"\nport = {port}\nuser = \"u\"\n\
         password_from = \"file:secrets/sap\""
    );
    std::fs::write(&path, settings.replacen("driver = \"sqlite\"", &ems, 1)).unwrap();
    let began = Instant::now();

    let report = plant.json(&["doctor"]);

    assert!(began.elapsed().as_secs() < 30, "{:?}", began.elapsed());
    let lines = lines(&report);
    assert_eq!(state(&lines, "EMS by ODBC"), "fail", "{:#}", lines["EMS by ODBC"]);
    assert_eq!(state(&lines, "logon"), "ok");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_with_everything_fails_and_one_with_the_role_does_not() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let options = |profiles: &[&str]| SandboxOptions {
        profiles: profiles.iter().map(|name| (*name).to_owned()).collect(),
        ..SandboxOptions::local(USER, PASSWORD)
    };
    let name = "rights beyond the role";
    for table_reading in [false, true] {
        let mut found = Vec::new();
        for profiles in [&[][..], &["SAP_ALL"]] {
            let plant = Plant::on(RunningSandbox::start(options(profiles)).await.unwrap());
            if table_reading {
                let on = "role = \"sandbox\"\nallow_rfc_read_table = true";
                plant.configure("role = \"sandbox\"", on);
            }
            found.push(lines(&plant.json(&["doctor"]))[name].clone());
        }

        let text = |at: usize| found[at]["text"].as_str().unwrap().to_owned();
        assert_eq!(found[0]["state"], "ok", "{:#}", found[0]);
        assert!(text(0).contains("S_DEVELOP"), "what is not seen is said: {}", text(0));
        assert_eq!(found[1]["state"], "fail", "{:#}", found[1]);
        assert!(text(1).contains("SAP_ALL") && text(1).contains("S_RFC"), "{}", text(1));
        assert_eq!(text(1).contains("USR02"), table_reading, "{}", text(1));
        assert!(found[1]["advice"].as_str().unwrap().contains("--role"), "{:#}", found[1]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_companion_package_each_forbidden_right_is_asked_for() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut found = Vec::new();
    for profiles in [&[][..], &["SAP_ALL"]] {
        let profiles = profiles.iter().map(|name| (*name).to_owned()).collect();
        let options =
            SandboxOptions { profiles, companion: true, ..SandboxOptions::local(USER, PASSWORD) };
        let plant = Plant::on(RunningSandbox::start(options).await.unwrap());
        let lines = lines(&plant.json(&["doctor"]));
        let tier = lines["posting once"]["text"].as_str().unwrap();
        assert!(tier.starts_with("tier 1a, as Z_CARBIDE_STATUS answers"), "{tier}");
        found.push(lines["rights beyond the role"].clone());
    }

    let objects = ["S_DEVELOP", "S_TABU_DIS", "S_TABU_NAM", "S_USER_GRP", "S_USER_PRO"];
    for (line, state) in found.iter().zip(["ok", "fail"]) {
        assert_eq!(line["state"], state, "{line:#}");
        let text = line["text"].as_str().unwrap();
        assert!(objects.iter().all(|object| text.contains(object)), "{text}");
        assert!(!text.contains("SUIM"), "nothing is left to look at: {text}");
    }
    let text = found[1]["text"].as_str().unwrap();
    assert!(text.contains("S_DEVELOP ACTVT 02 lets it change programs"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn function_modules_that_end_in_another_system_are_a_failure() {
    let plant = Plant::new().await;
    plant.configure("system = \"SBX\"", "system = \"P01\"");

    let lines = lines(&plant.json(&["doctor"]));

    let line = &lines["SAP system"];
    assert_eq!(line["state"], "fail", "{line:#}");
    let text = line["text"].as_str().unwrap();
    assert!(text.contains("SBX on sandbox, release 758") && text.contains("P01"), "{text}");
}

/// The lines where planned orders are written by this interface.
async fn written_by(orders: &str, companion: bool) -> BTreeMap<String, Value> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let options = SandboxOptions { companion, ..SandboxOptions::local(USER, PASSWORD) };
    let plant = Plant::on(RunningSandbox::start(options).await.unwrap());
    let chosen = format!("settle_seconds = 1\norders = \"{orders}\"\n#");
    plant.configure("settle_seconds = 1", &chosen);
    let before = truth(&plant.sandbox, "planned-orders").await;
    let lines = lines(&plant.json(&["doctor"]));
    assert_eq!(truth(&plant.sandbox, "planned-orders").await, before);
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn the_interface_by_which_planned_orders_are_written_has_a_line() {
    for (orders, companion, said) in [
        ("odata_v2", false, "written by API_PLANNED_ORDERS"),
        ("odata_v4", false, "written by API_PLANNEDORDER "),
        ("bapi", false, "no harmless call shows"),
        ("bapi", true, "and so may those that create, change and delete"),
    ] {
        let lines = written_by(orders, companion).await;

        let line = &lines["planned orders"];
        assert_eq!(line["state"], "ok", "{line:#}");
        let text = line["text"].as_str().unwrap();
        assert!(text.contains(said) && text.contains(orders), "{text}");
        let v4 = lines.get("API_PLANNEDORDER").map(|line| line["state"].clone());
        assert_eq!(v4.is_some(), orders == "odata_v4", "{orders}");
        assert_ne!(v4, Some(json!("fail")), "{lines:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interface_of_planned_orders_that_is_not_there_is_a_failure() {
    for (orders, missing) in [("odata_v4", "api_plannedorder"), ("bapi", "/soap/rfc")] {
        let (plant, _server) =
            plant_with(
                move |request| {
                    if request.contains(missing) { html(404) } else { well(request) }
                },
            )
            .await;
        plant.configure(
            "settle_seconds = 1",
            &format!("settle_seconds = 1\norders = \"{orders}\"\n#"),
        );

        let lines = lines(&plant.json(&["doctor"]));

        assert_eq!(state(&lines, "planned orders"), "fail", "{:#}", lines["planned orders"]);
        assert!(!lines["planned orders"]["advice"].as_str().unwrap().is_empty());
    }
}
