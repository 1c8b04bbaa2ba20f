//! What comes in damaged or hostile, row by row: a list that was written before the program.
//!
//! Each row says what comes, with which code and message it is refused or accepted, and what is kept
//! of it. A module a channel holds a test for each row, whose name begins with the row's; a row
//! without a test fails here. `docs/bad-inputs.md` is made of the same list.

use std::collections::BTreeMap;

/// Channels whose rows are tested, with the text of the module that does.
const CHANNELS: &[(&str, &str)] = &[
    ("odata-json", include_str!("bad_inputs_odata_json.rs")),
    ("xml", include_str!("bad_inputs_xml.rs")),
    ("config", include_str!("bad_inputs_config.rs")),
    ("plan", include_str!("bad_inputs_plan.rs")),
    ("odbc", include_str!("bad_inputs_odbc.rs")),
    ("factors", include_str!("factor_database.rs")),
    ("fi", include_str!("bad_inputs_fi.rs")),
    ("journal", include_str!("bad_inputs_journal.rs")),
];

/// Rows that the program answers in another way than the list, and why.
const OTHERWISE: &[Otherwise] = &[
    Otherwise {
        row: "odata-json-01",
        code: "ODATA-TRUNC",
        message: "is damaged ({n} bytes): ODATA-TRUNC: {reason} at byte {n}",
        why: "said when the page was read again and broke off again",
    },
    Otherwise {
        row: "odata-json-05",
        code: "VAL-RANGE",
        message: "{entity} {key}: TotalQuantity '1e400' is outside of what a decimal field holds",
        why: "a row does not say how many digits its field has",
    },
    Otherwise {
        row: "odata-json-07",
        code: "VAL-NEGATIVE",
        message: "{entity} {key}: TotalQuantity -5 is negative",
        why: "it names the property",
    },
    Otherwise {
        row: "odata-json-08",
        code: "VAL-SCALE",
        message: "{entity} {key}: TotalQuantity {q} came as a number with more digits than such a \
                  number keeps",
        why: "it is the form that loses digits, whatever the unit is",
    },
    Otherwise {
        row: "odata-json-16",
        code: "ODATA-MOVED",
        message: "{entity}: key {key} appears on an earlier page and again as row {n}; snapshot \
                  repeated",
        why: "rows are counted, pages are not kept",
    },
    Otherwise {
        row: "odata-json-28",
        code: "ODATA-COUNT",
        message: "{entity}: SAP announced 1000 rows, 999 came",
        why: "the set is read once more, and then nothing of it is kept",
    },
    Otherwise {
        row: "odata-json-33",
        code: "HTTP-BOMB",
        message: "{svc} expands to more than {n} MiB; reading stopped and nothing of it was kept",
        why: "what has to be held counts: honest tables shrink to a hundredth too",
    },
    Otherwise {
        row: "xml-12",
        code: "SOAP-FAULT",
        message: "{bapi} ended in a fault: {faultstring}; a write is looked up by reference before \
                  anything is sent again",
        why: "the journal knows the item",
    },
    Otherwise {
        row: "xml-13",
        code: "BAPI-NORETURN",
        message: "{bapi}: answer has no RETURN; a write is looked up by reference before anything is \
                  sent again",
        why: "the journal knows the item",
    },
    Otherwise {
        row: "config-02",
        code: "CFG-SECRET",
        message: "{file}:{line}: secrets do not belong in the file; write password_from with a place \
                  {places} and store it with `carbide config set-secret`",
        why: "that is the command",
    },
    Otherwise {
        row: "config-05",
        code: "CFG-EXPOSED",
        message: "serve.listen {address} needs TLS: it can be reached from other machines",
        why: "everybody has to log on, whatever the address is",
    },
    Otherwise {
        row: "config-06",
        code: "CFG-HEADER",
        message: "serve.proxy needs serve.proxy.from: the addresses that may say who comes",
        why: "those are the names of the settings",
    },
    Otherwise {
        row: "config-07",
        code: "CFG-KEY",
        message: "unknown key window_seconds",
        why: "the window of the way back is no setting",
    },
    Otherwise {
        row: "config-14",
        code: "CFG-KEY",
        message: "unknown key include",
        why: "no file includes another",
    },
    Otherwise {
        row: "odbc-03",
        code: "CFG-KEY",
        message: "unknown key connection_string",
        why: "there is no connection string: driver, server, port, database and user are keys of their own",
    },
    Otherwise {
        row: "odbc-15",
        code: "ODBC-LOB",
        message: "column {c} of the query holds a value of more than 256 bytes, which is no stamp, value or \
                  quality; nothing was kept",
        why: "SQLite gives no column a length, so that the values are looked at",
    },
    Otherwise {
        row: "odbc-17",
        code: "ODBC-LOST",
        message: "the connection ended after {n} rows ({reason}), also when it was opened again; nothing \
                  was kept",
        why: "the read goes on over three new connections before it says so",
    },
    Otherwise {
        row: "odbc-19",
        code: "ODBC-NOMGR",
        message: "the ODBC driver {driver} cannot be loaded ({reason}). On Debian install {package}",
        why: "without readings there is nothing to post; the daemon starts and shows what it has",
    },
    Otherwise {
        row: "factors-02",
        code: "FAC-DIM",
        message: "activity {a} is in {u}, factor {f} is per {v}; give a conversion",
        why: "fuel is counted by its energy",
    },
    Otherwise {
        row: "factors-03",
        code: "FAC-NEG",
        message: "factor {f} is negative; a removal is reported apart (ISO 14064-1, 5.2.3), it is no factor",
        why: "no factor is a removal",
    },
    Otherwise {
        row: "factors-06",
        code: "FAC-GWP",
        message: "factors use {a} and {b}; choose one per report",
        why: "any two sets",
    },
    Otherwise {
        row: "fi-07",
        code: "FI-TEXT",
        message: "document {i}: the text of line {n} is longer than 50 or not printable; cut not allowed",
        why: "Carbide makes the header text, and it fits; the texts of the lines come from mappings",
    },
    Otherwise {
        row: "fi-08",
        code: "POST-REFUSED",
        message: "was not posted: item {i} ({document}): {sys}: G/L account {a} is not defined",
        why: "accounts are SAP's to know: BAPI_ACC_DOCUMENT_CHECK is asked before anything is sent",
    },
    Otherwise {
        row: "fi-10",
        code: "POST-REFUSED",
        message: "is already in SAP as {doc}. To post it again after a reversal, give it revision {n}",
        why: "it says how to go on",
    },
    Otherwise {
        row: "plan-11",
        code: "POST-APPROVAL",
        message: "{user} asked for {name}, so somebody else has to approve it",
        why: "four eyes hold for every posting, not for plans alone",
    },
    Otherwise {
        row: "factors-07",
        code: "FAC-CSV",
        message: "line 1 has 1 column, expected {n}",
        why: "the form of the files is one, and declared nowhere",
    },
];

/// Rows of those channels that nothing can answer yet, and why.
const OPEN: &[(&str, &str)] = &[];

/// A row that is answered in another way.
struct Otherwise {
    row: &'static str,
    code: &'static str,
    message: &'static str,
    why: &'static str,
}

/// One row of the list.
#[derive(Clone, Debug, serde::Deserialize)]
pub struct Row {
    id: String,
    channel: String,
    input: String,
    #[serde(rename = "expected_code")]
    code: String,
    #[serde(rename = "expected_message")]
    message: String,
    #[serde(rename = "expected_effect")]
    effect: String,
}

fn rows() -> Vec<Row> {
    let text = include_str!("../fixtures/reliability/bad_inputs.csv");
    let rows = csv::Reader::from_reader(text.as_bytes()).into_deserialize();
    rows.collect::<Result<_, _>>().unwrap()
}

/// A row by its id, as the program answers it.
fn row(id: &str) -> Row {
    let found = rows().into_iter().find(|row| row.id == id);
    let mut row = found.unwrap_or_else(|| panic!("no row {id}"));
    if let Some(other) = OTHERWISE.iter().find(|other| other.row == id) {
        (row.code, row.message) = (other.code.to_owned(), other.message.to_owned());
    }
    row
}

/// What was said has the code of the row and, in order, everything of its message that is not a
/// `{placeholder}`.
pub fn answered(id: &str, said: &str) {
    let row = row(id);
    assert_ne!(row.code, "-", "{id} is accepted");
    assert!(said.contains(&row.code), "{id}: {} is not in: {said}", row.code);
    let (plain, mut from) = (said.split_whitespace().collect::<Vec<_>>().join(" "), 0);
    for fixed in fixed_parts(&row.message) {
        let at = plain[from..].find(fixed.as_str());
        let at = at.unwrap_or_else(|| panic!("{id}: '{fixed}' is not in: {said}"));
        from += at + fixed.len();
    }
}

/// The row is accepted, by the list too.
pub fn accepted(id: &str) {
    assert_eq!(row(id).code, "-", "{id}");
}

fn fixed_parts(message: &str) -> Vec<String> {
    let mut parts = Vec::new();
    for part in message.split('{') {
        let fixed = match part.split_once('}') {
            Some((_, fixed)) => fixed,
            None => part,
        };
        let fixed = fixed.trim();
        if !fixed.is_empty() && fixed != ":" {
            parts.push(fixed.trim_start_matches([':', ',', ' ']).to_owned());
        }
    }
    parts
}

/// Rows of a channel that have neither a test whose name begins with theirs nor a reason.
fn without_a_test(channel: &str, module: &str) -> Vec<String> {
    let tested = |id: &str| {
        let name = format!("fn {}_", id.replace('-', "_"));
        let test = module.split("#[test]").chain(module.split("#[tokio::test")).skip(1);
        test.into_iter().any(|text| text.lines().take(4).any(|line| line.contains(&name)))
    };
    let of_channel = rows().into_iter().filter(|row| row.channel == channel);
    let missing = of_channel
        .filter(|row| !tested(&row.id) && OPEN.iter().all(|(open, _)| *open != row.id))
        .map(|row| row.id);
    missing.collect()
}

#[test]
fn every_row_has_a_test_or_a_reason() {
    for (channel, module) in CHANNELS {
        assert!(rows().iter().any(|row| row.channel == *channel), "{channel}");
        assert_eq!(without_a_test(channel, module), Vec::<String>::new(), "{channel}");
    }
    // It can fail: without its module no row of a channel has a test.
    assert_eq!(without_a_test("xml", "").len(), 18);
    for (id, _) in OPEN {
        assert!(rows().iter().any(|row| row.id == *id), "{id}");
    }
    for other in OTHERWISE {
        assert!(rows().iter().any(|row| row.id == other.row), "{}", other.row);
    }
}

#[test]
fn a_message_is_held_to_its_words_and_not_to_what_stands_in_for_them() {
    answered("odata-json-14", "ODATA-KEY: A_Set: row 3 has no value for key Product");
    let other = std::panic::catch_unwind(|| {
        answered("odata-json-14", "ODATA-KEY: A_Set: line 3 has no value for Product");
    });
    assert!(other.is_err());
}

/// The page as it should be. `CARBIDE_WRITE_DOCS=1` writes it.
#[test]
fn the_page_says_what_the_tests_prove() {
    let mut page = String::from(
        "# What comes in damaged, and what is said\n\n\
         Each line is a test whose name begins with its id (`cargo test --test capability bad_inputs`).\n\
         Braces stand for what the message names. This page is made by a test; change\n\
         `tests/fixtures/reliability/bad_inputs.csv` or `tests/capability/bad_inputs.rs`, then run it with\n\
         `CARBIDE_WRITE_DOCS=1`.\n",
    );
    let by_channel = CHANNELS.iter().map(|(channel, _)| {
        let of_channel: Vec<Row> =
            rows().into_iter().filter(|row| row.channel == *channel).collect();
        (*channel, of_channel)
    });
    let cell = |text: &str| text.replace('|', "\\|").replace('<', "&lt;");
    for (channel, of_channel) in by_channel.collect::<BTreeMap<_, _>>() {
        page.push_str(&format!(
            "\n## {channel}\n\n| id | what comes | what is said | what is kept |\n"
        ));
        page.push_str("| --- | --- | --- | --- |\n");
        for known in of_channel {
            let told = row(&known.id);
            let open = OPEN.iter().find(|(id, _)| *id == known.id);
            let other = OTHERWISE.iter().find(|other| other.row == known.id);
            let said = match (open, other) {
                (Some((_, why)), _) => format!("not yet: {why}"),
                (None, Some(other)) => format!("{}: {} ({})", other.code, other.message, other.why),
                (None, None) if told.code == "-" => told.message.clone(),
                (None, None) => format!("{}: {}", told.code, told.message),
            };
            page.push_str(&format!(
                "| {} | {} | {} | {} |\n",
                known.id,
                cell(&known.input),
                cell(&said),
                cell(&known.effect)
            ));
        }
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/bad-inputs.md");
    if std::env::var_os("CARBIDE_WRITE_DOCS").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap_or_default(), page);
}
