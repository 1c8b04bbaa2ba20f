//! Settings that stand in tables only: by the companion's read function, and by the one that SAP has
//! not released where it is switched on.

use std::sync::Mutex;

use carbide::sap::error::SapError;
use carbide::sap::interfaces::Interfaces;
use carbide::sap::rfc::{Call, Conversation, Promise, Reply, RfcClient, RfcTransport, Value};
use carbide::sap::system::SapSystem;
use carbide::sap::table::{Comparison, Condition, TableQuery, TableReader};

use crate::command_line::Plant;
use crate::support::{PASSWORD, credentials, rfc, sandbox, system};

/// A client of a sandbox that may call what SAP has not released.
fn unpublished(url: &str) -> RfcClient {
    let interfaces = Interfaces::shipped().with_unpublished();
    let system = SapSystem { interfaces, ..system(url) };
    RfcClient::new(&system, &credentials(PASSWORD)).unwrap()
}

fn between(field: &'static str, low: &str, high: &str) -> Condition {
    let (low, high) = (low.to_owned(), high.to_owned());
    Condition { field, include: true, comparison: Comparison::Between, low, high }
}

fn code(error: &SapError) -> &'static str {
    match error {
        SapError::Value { code, .. } => code,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn both_ways_give_the_same_rows() {
    let sandbox = sandbox().await;
    let companion = TableReader::companion(rfc(&sandbox));
    let other = TableReader::unpublished(unpublished(&sandbox.url()));
    let all = TableQuery::of("T006", &["MSEHI", "DIMID", "ZAEHL", "NENNR", "EXP10", "ANDEC"]);
    let chosen = TableQuery::of("T006A", &["MSEHI", "MSEHL"])
        .with(Condition::equal("SPRAS", "D"))
        .with(between("MSEHI", "L", "ZZZ"))
        .with(Condition { include: false, ..Condition::equal("MSEHI", "TO") });

    for query in [&all, &chosen] {
        assert_eq!(companion.read(query).await.unwrap(), other.read(query).await.unwrap());
    }
    assert_eq!(companion.read(&chosen).await.unwrap(), [["ST", "St\u{fc}ck"]]);
    assert_eq!(companion.read(&all).await.unwrap().len(), 6);
}

#[tokio::test]
async fn rows_wider_than_a_line_are_read_in_groups_and_joined_by_their_key() {
    let sandbox = sandbox().await;
    let query = TableQuery::of("T001", &["LAND1", "BUTXT", "BUKRS", "ORT01", "WAERS"]);
    let whole = TableReader::companion(rfc(&sandbox)).read(&query).await.unwrap();

    for row_width in [29, 32, 40, 62] {
        let reader = TableReader::Unpublished { rfc: unpublished(&sandbox.url()), row_width };
        assert_eq!(reader.read(&query).await.unwrap(), whole, "{row_width}");
    }
    let narrow = TableReader::Unpublished { rfc: unpublished(&sandbox.url()), row_width: 20 };
    assert_eq!(code(&narrow.read(&query).await.unwrap_err()), "TAB-FORM");
}

#[tokio::test]
async fn more_rows_than_wanted_are_an_error_and_no_cut() {
    let sandbox = sandbox().await;
    let query = TableQuery::of("T006", &["MSEHI"]);

    for reader in [
        TableReader::companion(rfc(&sandbox)),
        TableReader::unpublished(unpublished(&sandbox.url())),
    ] {
        let refusal = reader.read(&query.clone().at_most(5)).await.unwrap_err();
        assert_eq!(code(&refusal), "TAB-ROWS");
        assert_eq!(reader.read(&query.clone().at_most(6)).await.unwrap().len(), 6);
    }
}

#[tokio::test]
async fn what_the_companion_refuses_is_told_in_its_words() {
    let sandbox = sandbox().await;
    let reader = TableReader::companion(rfc(&sandbox));

    let table = reader.read(&TableQuery::of("USR02", &["BCODE"])).await.unwrap_err().to_string();
    let field = reader.read(&TableQuery::of("T001", &["SECRET"])).await.unwrap_err().to_string();

    assert!(table.contains("ZCARBIDE 040") && table.contains("USR02"), "{table}");
    assert!(field.contains("ZCARBIDE 041") && field.contains("SECRET"), "{field}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_function_that_sap_has_not_released_is_off_until_it_is_switched_on() {
    let plant = Plant::new().await;
    let off = TableReader::unpublished(rfc(&plant.sandbox));
    let refused = off.read(&TableQuery::of("T003", &["BLART"])).await.unwrap_err().to_string();
    let shown = |plant: &Plant| String::from_utf8(plant.carbide(&["interfaces"]).stdout).unwrap();
    let line = |plant: &Plant| {
        let checks = plant.json(&["doctor"])["checks"].as_array().unwrap().clone();
        checks.into_iter().find(|check| check["name"] == "RFC_READ_TABLE")
    };

    assert!(refused.contains("RFC_READ_TABLE"), "{refused}");
    assert!(shown(&plant).contains("UNPUBLISHED, off"));
    assert_eq!(line(&plant), None);

    plant.configure("role = \"sandbox\"", "role = \"sandbox\"\nallow_rfc_read_table = true");

    assert!(shown(&plant).contains("UNPUBLISHED, ON"));
    assert_eq!(line(&plant).unwrap()["state"], "warn");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_type_that_sap_does_not_have_fails_the_doctor() {
    let plant = Plant::new().await;
    let types = |plant: &Plant| {
        let checks = plant.json(&["doctor"])["checks"].as_array().unwrap().clone();
        checks.into_iter().find(|check| check["name"] == "document types").unwrap()
    };
    let right = types(&plant);

    let path = plant.path("mappings/accounts.toml");
    let accounts = std::fs::read_to_string(&path).unwrap().replace("\"ZC\"", "\"ZQ\"");
    std::fs::write(path, accounts).unwrap();
    let wrong = types(&plant);

    assert_eq!(right["state"], "ok", "{right}");
    assert_eq!(wrong["state"], "fail");
    assert!(wrong["text"].as_str().unwrap().contains("ZQ"), "{wrong}");
    assert!(wrong["advice"].as_str().unwrap().contains("OBA7"));
}

/// A system whose table changes between two calls, as often as it is told.
struct Moving {
    calls: Mutex<usize>,
    moves_until: usize,
}

impl Moving {
    fn answer(&self, call: &Call) -> Reply {
        let text = |text: &str| Value::Text(text.to_owned());
        let structure = |fields: &[(&str, String)]| {
            Value::Structure(fields.iter().map(|(n, v)| ((*n).to_owned(), text(v))).collect())
        };
        let mut calls = self.calls.lock().unwrap();
        *calls += 1;
        let known = [("BUKRS", 4), ("BUTXT", 25), ("ORT01", 25)];
        let asked: Vec<String> = call
            .parameters()
            .iter()
            .filter(|(name, _)| *name == "FIELDS")
            .flat_map(|(_, value)| value.rows())
            .map(|row| row.field("FIELDNAME").unwrap().text().to_owned())
            .collect();
        let wanted: Vec<_> = known
            .iter()
            .filter(|(name, _)| asked.is_empty() || asked.iter().any(|asked| asked == name))
            .collect();
        let (mut offset, mut fields) = (0, Vec::new());
        for (name, length) in &wanted {
            fields.push(structure(&[
                ("FIELDNAME", (*name).to_owned()),
                ("OFFSET", offset.to_string()),
                ("LENGTH", length.to_string()),
                ("TYPE", "C".to_owned()),
            ]));
            offset += length;
        }
        let name =
            if *calls <= self.moves_until { format!("Name {calls}") } else { "Name".to_owned() };
        let line: String = wanted
            .iter()
            .map(|(field, length)| match *field {
                "BUKRS" => format!("{:<length$}", "1010"),
                "BUTXT" => format!("{name:<length$}"),
                _ => format!("{:<length$}", "Duisburg"),
            })
            .collect();
        Reply::of([
            ("FIELDS".to_owned(), Value::Table(fields)),
            ("DATA".to_owned(), Value::Table(vec![structure(&[("WA", line)])])),
        ])
    }
}

impl RfcTransport for Moving {
    fn system(&self) -> &str {
        "MOV"
    }

    fn name(&self) -> &'static str {
        "moving"
    }

    fn call<'a>(&'a self, call: &'a Call) -> Promise<'a, Reply> {
        Box::pin(async move { Ok(self.answer(call)) })
    }

    fn converse(&self) -> Result<Box<dyn Conversation>, SapError> {
        unreachable!("tables are read without a session")
    }
}

#[tokio::test]
async fn a_table_that_moves_while_it_is_read_in_parts_is_read_again_and_then_refused() {
    let query = TableQuery::of("T001", &["BUTXT", "ORT01"]);
    let reader = |moves_until| TableReader::Unpublished {
        rfc: RfcClient::over(Moving { calls: Mutex::new(0), moves_until }),
        row_width: 30,
    };

    // The dictionary, two groups, and the first of them once more.
    let once = reader(4).read(&query).await.unwrap();
    let always = reader(usize::MAX).read(&query).await.unwrap_err();

    assert_eq!(once, [["Name", "Duisburg"]]);
    assert_eq!(code(&always), "TAB-MOVED");
}
