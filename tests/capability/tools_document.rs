//! The tools that answer from files alone do what their document shows.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

const DOCUMENT: &str = include_str!("../../docs/tools.md");

/// What stands in the document, in its order.
enum Shown {
    File { name: String, text: String },
    Command(Vec<String>),
    Answer(Value),
}

fn shown() -> Vec<Shown> {
    let mut all = Vec::new();
    let mut lines = DOCUMENT.lines();
    while let Some(line) = lines.next() {
        if let Some(name) = line.strip_prefix("```json ") {
            let text: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            let text = text.join("\n");
            all.push(match name {
                "answer" => Shown::Answer(serde_json::from_str(&text).unwrap()),
                name => Shown::File { name: name.to_owned(), text },
            });
        } else if let Some(command) = line.strip_prefix("    carbide ") {
            all.push(Shown::Command(command.split(' ').map(str::to_owned).collect()));
        }
    }
    all
}

/// Seven weeks of quarter hours, of which one hour is missing.
fn readings() -> String {
    let mut text = "interval_end,kwh\n".to_owned();
    let begin: jiff::Timestamp = "2026-01-01T00:15:00Z".parse().unwrap();
    for at in (0..50 * 96).filter(|at| !(20 * 96 + 30..20 * 96 + 34).contains(at)) {
        let stamp = begin + jiff::SignedDuration::from_mins(15 * i64::from(at));
        let wave = (f64::from(at) / 96.0 * std::f64::consts::TAU).sin();
        let _ = writeln!(
            text,
            "{stamp},{:.2}",
            100.0 + 40.0 * wave + f64::from(at * 7919 % 101) / 20.0
        );
    }
    text
}

/// Whether all that is expected stands in the answer; of lists, their first elements.
fn contains(answer: &Value, expected: &Value, at: &str) {
    match (answer, expected) {
        (Value::Object(answer), Value::Object(expected)) => {
            for (key, value) in expected {
                let found = answer.get(key).unwrap_or_else(|| panic!("{at}.{key} is not answered"));
                contains(found, value, &format!("{at}.{key}"));
            }
        }
        (Value::Array(answer), Value::Array(expected)) => {
            assert!(answer.len() >= expected.len(), "{at} has {} elements", answer.len());
            assert_eq!(answer.is_empty(), expected.is_empty(), "{at}");
            for (index, (answer, expected)) in answer.iter().zip(expected).enumerate() {
                contains(answer, expected, &format!("{at}[{index}]"));
            }
        }
        (Value::Number(answer), Value::Number(expected)) => {
            let (answer, expected) = (answer.as_f64().unwrap(), expected.as_f64().unwrap());
            assert!((answer - expected).abs() <= 1e-9 * expected.abs(), "{at}: {answer}");
        }
        _ => assert_eq!(answer, expected, "{at}"),
    }
}

fn answer(folder: &Path, command: &[String]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_carbide"))
        .args(command)
        .current_dir(folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{command:?}: {said}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn each_answer_that_the_document_shows_is_given() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("readings.csv"), readings()).unwrap();
    let (mut last, mut compared) = (None, 0);

    for shown in shown() {
        match shown {
            Shown::File { name, text } => std::fs::write(folder.path().join(name), text).unwrap(),
            Shown::Command(command) => {
                last = Some((command.join(" "), answer(folder.path(), &command)))
            }
            Shown::Answer(expected) => {
                let (command, answer) = last.take().expect("an answer follows its command");
                contains(&answer, &expected, &command);
                compared += 1;
            }
        }
    }
    assert_eq!(compared, 4);
}
