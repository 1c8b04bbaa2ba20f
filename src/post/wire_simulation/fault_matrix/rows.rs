//! The rows of the matrix, and the page that people read of them.

use std::collections::BTreeMap;

use super::order_bapi::OrderBapi;

const ROWS: &str = include_str!("../faults.csv");

/// A row of the matrix.
pub(super) struct Row {
    pub(super) step: String,
    pub(super) fault: String,
    /// How the change set may end, `|` between. Where that differs from BAPI to BAPI, each has its own:
    /// `change back, create back, delete held`.
    pub(super) ends: String,
    /// A code that people must have read, if one.
    pub(super) says: String,
    /// `matrix`, the test that shows it, or `struck`.
    pub(super) by: String,
    /// Why it is struck, or what differs.
    pub(super) why: String,
}

impl Row {
    pub(super) fn id(&self) -> String {
        format!("{}-{}", self.step, self.fault)
    }

    /// How it may end at this BAPI.
    pub(super) fn ends_at(&self, bapi: Option<OrderBapi>) -> &str {
        let own = bapi.and_then(|bapi| {
            let mut each = self.ends.split(", ").filter_map(|one| one.split_once(' '));
            each.find(|(name, _)| *name == bapi.name())
        });
        own.map_or(&self.ends, |(_, ends)| ends)
    }
}

pub(super) fn rows() -> Vec<Row> {
    let mut reader = csv::Reader::from_reader(ROWS.as_bytes());
    let rows = reader.records().map(|record| {
        let record = record.unwrap();
        let field = |at: usize| record.get(at).unwrap_or_default().to_owned();
        Row {
            step: field(0),
            fault: field(1),
            ends: field(2),
            says: field(3),
            by: field(4),
            why: field(5),
        }
    });
    rows.collect()
}

/// The names of all tests of this program and of `tests/`, as far as the source shows them.
fn test_names() -> String {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut text = String::new();
    let mut folders = vec![root.join("src/post"), root.join("tests/capability")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                text.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }
    text
}

#[test]
fn no_row_is_empty() {
    let (rows, tests) = (rows(), test_names());
    let mut seen = std::collections::BTreeSet::new();
    assert_eq!(rows.len(), 573);
    for row in &rows {
        assert!(seen.insert(row.id()), "{} is there twice", row.id());
        match row.by.as_str() {
            "matrix" => assert!(!row.ends.is_empty(), "{} expects nothing", row.id()),
            "struck" => assert!(row.why.len() > 20, "{} is struck without a reason", row.id()),
            test => assert!(tests.contains(&format!("fn {test}(")), "{}: no test {test}", row.id()),
        }
    }
}

/// The table for people: rows with the same outcome in one line.
fn table(rows: &[Row]) -> String {
    let mut groups: BTreeMap<(&str, &str, &str, &str, &str), Vec<&str>> = BTreeMap::new();
    for row in rows {
        let key = (&*row.fault, &*row.ends, &*row.says, &*row.by, &*row.why);
        groups.entry(key).or_default().push(&row.step);
    }
    let struck = rows.iter().filter(|row| row.by == "struck").count();
    let run = rows.iter().filter(|row| row.by == "matrix").count();
    let mut text = format!(
        "{}{} rows: {run} are run by the matrix, {} are shown by a test of their own, {struck} are \
         struck.\n\n| Fault | Steps | Ends | People read | Shown by |\n|---|---|---|---|---|\n",
        include_str!("../faults_head.md"),
        rows.len(),
        rows.len() - run - struck,
    );
    for ((fault, ends, says, by, why), steps) in groups {
        let by = match by {
            "struck" => format!("struck: {why}"),
            "matrix" if why.is_empty() => "matrix".to_owned(),
            "matrix" => format!("matrix; {why}"),
            test => format!("`{test}`"),
        };
        let says = if says.is_empty() { String::new() } else { format!("`{says}`") };
        let ends = ends.replace('|', " or ");
        text.push_str(&format!("| {fault} | {} | {ends} | {says} | {by} |\n", steps.join(" ")));
    }
    text
}

#[test]
fn the_table_for_people_is_made_of_the_rows() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/faults.md");
    let made = table(&rows());
    if std::env::var_os("CARBIDE_WRITE_DOCS").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        there == made,
        "CARBIDE_WRITE_DOCS=1 cargo test --lib fault_matrix writes docs/faults.md"
    );
}
