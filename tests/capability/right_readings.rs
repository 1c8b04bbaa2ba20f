//! Right readings that come as a table: XLSX or CSV, looked at first, then kept whole or not at all.

use reqwest::StatusCode;
use rust_xlsxwriter::{Formula, Workbook};
use serde_json::{Value, json};

use crate::command_line::Plant;
use crate::decide_on_page::{break_readings, rows, waiting};
use crate::serve::{Daemon, Somebody, add_user};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const CSV: &str = "text/csv";
const WHY: &str = "why=read%20on%20site";

/// The table that the page hands out for a finding.
async fn handed_out(who: &Somebody<'_>, finding: &str) -> Vec<Value> {
    rows(who, &format!("/tables/right-readings?of={finding}&limit=1000")).await
}

/// A workbook with `energy` kWh for each interval of a table that was handed out.
fn filled(table: &[Value], energy: f64) -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (at, head) in (0..).zip(["finding", "interval end", "right energy [kWh]", "why"]) {
        sheet.write(0, at, head).unwrap();
    }
    for (line, row) in (1..).zip(table) {
        sheet.write(line, 0, row["finding"].as_str().unwrap()).unwrap();
        sheet.write(line, 1, row["interval_end"].as_str().unwrap()).unwrap();
        sheet.write(line, 2, energy).unwrap();
    }
    book.save_to_buffer().unwrap()
}

/// What was found, and who may decide about it.
struct Case {
    plant: Plant,
    daemon: Daemon,
}

async fn case() -> Case {
    let plant = Plant::new().await;
    break_readings(&plant, &[24200]);
    for (name, role) in [("frieda", "finance"), ("vera", "viewer")] {
        add_user(&plant, name, role);
    }
    let daemon = Daemon::start(&plant);
    Case { plant, daemon }
}

async fn finding(who: &Somebody<'_>) -> String {
    who.facts().await;
    let finding = waiting(who).await.into_iter().next().expect("the broken meter is found");
    finding["finding"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workbook_is_looked_at_first_then_kept_and_counts_at_once() {
    let Case { daemon, plant: _plant } = case().await;
    let frieda = daemon.somebody("frieda").await;
    let finding = finding(&frieda).await;
    let before = frieda.facts().await;
    let table = handed_out(&frieda, &finding).await;
    assert!(!table.is_empty() && table.iter().all(|row| row["finding"] == finding.as_str()));
    let (workbook, other) = (filled(&table, 12.5), filled(&table, 99.0));
    let to = format!("/readings/right?file=meters.xlsx&{WHY}");

    let (seen, preview) = frieda.send(&to, XLSX, workbook.clone()).await;
    let untouched = frieda.get(&format!("/findings/{finding}")).await;
    let keep = format!("{to}&keep={}", preview["hash"].as_str().unwrap());
    let (stale, refusal) = frieda.send(&keep, XLSX, other).await;
    let (status, kept) = frieda.send(&keep, XLSX, workbook.clone()).await;
    let (twice, told) = frieda.send(&keep, XLSX, workbook).await;

    let sum = 12.5 * table.len() as f64;
    let kwh =
        |of: &Value, key: &str| of["findings"][0][key].as_str().unwrap().parse::<f64>().unwrap();
    assert_eq!((seen, &preview["kept"]), (StatusCode::OK, &json!(false)), "{preview}");
    assert_eq!(preview["problems"], json!([]), "{preview}");
    assert!(kwh(&preview, "before_kwh") >= 40_000.0, "{preview}");
    assert_eq!(kwh(&preview, "after_kwh"), sum);
    assert_eq!(untouched["state"], "open");
    assert_eq!((stale, &refusal["code"]), (StatusCode::PRECONDITION_FAILED, &json!("STALE")));
    assert_eq!((status, &kept["kept"]), (StatusCode::OK, &json!(true)), "{kept}");
    let page = frieda.get(&format!("/findings/{finding}")).await;
    assert_eq!(page["state"], "corrected");
    let event = page["events"].as_array().unwrap().last().unwrap();
    assert_eq!(event["who"], "frieda");
    let why = event["text"].as_str().unwrap();
    assert!(why.starts_with("read on site (meters.xlsx, SHA-256 "), "{why}");
    assert_ne!(before["energy_kwh"], frieda.facts().await["energy_kwh"]);
    assert_eq!((twice, &told["kept"]), (StatusCode::OK, &json!(false)));
    assert!(told["problems"][0]["what"].as_str().unwrap().contains("FINDING-STATE"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_that_cannot_be_taken_is_named_and_then_none_is() {
    let Case { daemon, plant: _plant } = case().await;
    let frieda = daemon.somebody("frieda").await;
    let key = finding(&frieda).await;
    let to = "/readings/right?file=meters.csv";
    let problems = async |text: String| {
        let (status, page) = frieda.send(to, CSV, text.into_bytes()).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        assert_eq!((&page["kept"], &page["findings"]), (&json!(false), &json!([])), "{page}");
        let told = page["problems"].as_array().unwrap().iter().map(|one| {
            assert!(!one["todo"].as_str().unwrap().is_empty());
            let text = |key: &str| one[key].as_str().unwrap().to_owned();
            (one["row"].as_u64().unwrap(), text("column"), text("what"))
        });
        told.collect::<Vec<_>>()
    };
    let heads = "finding;interval end;right energy [kWh];why";

    let wrong = problems(format!(
        "{heads}\n{key};;1.234,5;typed\n{key};;-1;typed\nffffffffffff;;1,5;typed\n;;1;typed\n\
         {key};noon;1;typed\n{key};;=1+1;typed\n{key};;;no energy\n"
    ))
    .await;
    let no_reason = problems(format!("{heads}\n{key};;12,5;\n")).await;
    let in_megawatt_hours = problems(format!("finding;right energy [MWh]\n{key};1\n")).await;
    let no_column = problems(format!("finding;energy\n{key};1\n")).await;
    let not_its_interval = problems(format!("{heads}\n{key};2001-01-01T00:00:00Z;1;typed\n")).await;
    let nothing = problems(format!("{heads}\n{key};;;\n")).await;

    let places: Vec<(u64, &str)> =
        wrong.iter().map(|(row, column, _)| (*row, column.as_str())).collect();
    let energy = "right energy";
    assert_eq!(
        places,
        [
            (2, energy),
            (3, energy),
            (4, "finding"),
            (5, "finding"),
            (6, "interval end"),
            (7, energy)
        ]
    );
    assert!(wrong[0].2.contains("'1.234,5' is no number of kWh"), "{wrong:?}");
    assert!(wrong[1].2.contains("a consumption is not negative"), "{wrong:?}");
    assert!(wrong[5].2.contains("it is a formula"), "{wrong:?}");
    assert!(no_reason[0].2.contains("has no reason"), "{no_reason:?}");
    assert!(in_megawatt_hours[0].2.contains("it is in MWh"), "{in_megawatt_hours:?}");
    assert!(no_column[0].2.contains("no column 'right energy'"), "{no_column:?}");
    assert!(
        not_its_interval[0].2.contains("no interval that ends at 2001"),
        "{not_its_interval:?}"
    );
    assert!(nothing[0].2.contains("no row has a right energy"), "{nothing:?}");
    assert_eq!(frieda.get(&format!("/findings/{key}")).await["state"], "open");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_table_is_refused_and_a_formula_is_never_calculated() {
    let Case { daemon, plant: _plant } = case().await;
    let (frieda, vera) = (daemon.somebody("frieda").await, daemon.somebody("vera").await);
    let key = finding(&frieda).await;
    let to = "/readings/right?file=meters.xlsx";
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (at, head) in (0..).zip(["finding", "right energy", "why"]) {
        sheet.write(0, at, head).unwrap();
    }
    sheet.write(1, 0, key.as_str()).unwrap();
    sheet.write(1, 1, Formula::new("=6*2").set_result("12")).unwrap();
    let formula = book.save_to_buffer().unwrap();

    let (no_workbook, form) = frieda.send(to, XLSX, b"%PDF-1.7".to_vec()).await;
    let (no_kind, _) = frieda.send(to, "application/pdf", b"%PDF-1.7".to_vec()).await;
    let (too_long, size) = frieda.send(to, CSV, vec![b'a'; 10 * 1024 * 1024 + 1]).await;
    let (forbidden, _) = vera.send(to, XLSX, formula.clone()).await;
    let (no_file, _) = frieda.send("/readings/right", XLSX, formula.clone()).await;
    let (_, told) = frieda.send(to, XLSX, formula).await;

    assert_eq!(
        (no_workbook, &form["code"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("UPLOAD-FORM"))
    );
    assert_eq!(no_kind, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!((too_long, &size["code"]), (StatusCode::PAYLOAD_TOO_LARGE, &json!("UPLOAD-SIZE")));
    assert_eq!(forbidden, StatusCode::FORBIDDEN);
    assert_eq!(no_file, StatusCode::UNPROCESSABLE_ENTITY);
    let problem = &told["problems"][0];
    assert_eq!(
        (&problem["row"], &problem["column"]),
        (&json!(2), &json!("right energy")),
        "{told}"
    );
    assert_eq!(frieda.get(&format!("/findings/{key}")).await["state"], "open");
}
