//! What planners see of a plan and ask for: the companion's tables ZCARBIDE_PLAN and ZCARBIDE_REQUEST.
//!
//! Pure: the cases of `tests/fixtures/planning` run against it.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::exec::{Caller, Message, own, stamp};

/// Fields of a row.
pub type Fields = BTreeMap<String, String>;

/// States of a row.
const STATES: [&str; 7] =
    ["PROPOSED", "POSTED", "CONFIRMED", "TAKEN_BACK", "CONFLICT", "HELD", "WITHDRAWN"];

/// The tables.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Planning {
    /// By requirement.
    pub plans: BTreeMap<String, Fields>,
    /// By key of the request.
    pub requests: BTreeMap<String, Fields>,
}

/// A planner who presses a button in ZCARBIDE_PLAN.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pressed {
    pub requirement: String,
    pub action: String,
    pub user: String,
}

fn field<'a>(row: &'a Fields, name: &str) -> &'a str {
    row.get(name).map_or("", String::as_str)
}

fn right(caller: &Caller<'_>, operation: &str) -> Result<(), Message> {
    if caller.authorized {
        return Ok(());
    }
    Err(own("020", format!("No authorization for {operation}")))
}

/// The field of a row that makes no sense.
fn wrong(row: &Fields) -> Option<&'static str> {
    let number = |name: &str| field(row, name).parse::<Decimal>().unwrap_or_default();
    let state = field(row, "STATE");
    let has_order = !["PROPOSED", "WITHDRAWN"].contains(&state);
    let wrong = [
        ("REQUIREMENT", field(row, "REQUIREMENT").is_empty()),
        ("PLNUM", has_order && field(row, "PLNUM").is_empty()),
        ("PLWRK", field(row, "PLWRK").is_empty()),
        ("GSMNG", number("GSMNG") <= Decimal::ZERO),
        ("MEINS", field(row, "MEINS").is_empty()),
        ("KG_BEFORE", number("KG_BEFORE") < Decimal::ZERO),
        ("KG_AFTER", number("KG_AFTER") < Decimal::ZERO),
        ("KG_UNIT", field(row, "KG_UNIT") != "KG"),
        ("WINDOW_UNTIL", state == "POSTED" && field(row, "WINDOW_UNTIL").is_empty()),
        ("STATE", !STATES.contains(&state)),
    ];
    wrong.into_iter().find(|(_, is_wrong)| *is_wrong).map(|(name, _)| name)
}

/// What people call a row: the order as soon as it has a number.
fn name(row: &Fields) -> &str {
    let number = field(row, "PLNUM");
    if number.is_empty() { field(row, "REQUIREMENT") } else { number }
}

impl Planning {
    /// `Z_CARBIDE_PLAN_PUBLISH`: all rows, or none.
    pub fn publish(&mut self, caller: &Caller<'_>, rows: Vec<Fields>) -> Result<(), Message> {
        right(caller, "PLAN_PUBLISH")?;
        for row in &rows {
            if let Some(what) = wrong(row) {
                return Err(own(
                    "055",
                    format!("Row of planned order {} is refused: {what}", name(row)),
                ));
            }
        }
        for mut row in rows {
            row.insert("PUBLISHED_AT".to_owned(), stamp(caller.now));
            self.plans.insert(field(&row, "REQUIREMENT").to_owned(), row);
        }
        Ok(())
    }

    fn open(&self) -> Vec<Fields> {
        let mut open: Vec<Fields> =
            self.requests.values().filter(|row| field(row, "STATUS") == "OPEN").cloned().collect();
        open.sort_by_key(|row| {
            (field(row, "REQUESTED_AT").to_owned(), field(row, "REQUEST_ID").to_owned())
        });
        open
    }

    /// `Z_CARBIDE_PLAN_REQUESTS`: closes what is answered, and returns what stays open.
    pub fn answer(
        &mut self,
        caller: &Caller<'_>,
        answers: &[Fields],
    ) -> Result<Vec<Fields>, Message> {
        right(caller, "PLAN_ANSWER")?;
        for row in self.open() {
            let id = field(&row, "REQUEST_ID");
            let given = answers.iter().find(|answer| field(answer, "REQUEST_ID") == id);
            let Some(given) = given else { continue };
            if !["DONE", "REFUSED"].contains(&field(given, "STATUS")) {
                continue;
            }
            if let Some(kept) = self.requests.get_mut(id) {
                for name in ["STATUS", "ANSWER"] {
                    kept.insert(name.to_owned(), field(given, name).to_owned());
                }
            }
        }
        Ok(self.open())
    }

    /// What a planner asks for in ZCARBIDE_PLAN.
    pub fn request(
        &mut self,
        caller: &Caller<'_>,
        requirement: &str,
        action: &str,
    ) -> Result<(), Message> {
        let needed = match action {
            "RELEASE" => "PROPOSED",
            "TAKE_BACK" => "POSTED",
            _ => return Err(own("032", format!("Action '{action}' is unknown"))),
        };
        right(caller, &format!("PLAN_{action}"))?;
        let none = || own("050", format!("Planned order {requirement} has no carbon plan"));
        let row = self.plans.get(requirement).ok_or_else(none)?;
        let (name, state, until) = (name(row), field(row, "STATE"), field(row, "WINDOW_UNTIL"));
        if state != needed {
            let text = format!("{action} is not possible in state {state} of planned order {name}");
            return Err(own("054", text));
        }
        let now = stamp(caller.now);
        if action == "TAKE_BACK" && now.as_str() >= until {
            return Err(own("051", format!("Window of planned order {name} closed at {until}")));
        }
        if self.open().iter().any(|open| field(open, "REQUIREMENT") == requirement) {
            let text = format!("{action} of planned order {name} is asked for already");
            return Err(own("052", text));
        }
        // Time first, so that keys are in order; no row is ever deleted, so the number is a new one.
        let id = format!("{now}{:032X}", self.requests.len());
        let fields = [
            ("REQUEST_ID", id.as_str()),
            ("REQUIREMENT", requirement),
            ("PLNUM", field(row, "PLNUM")),
            ("CHANGE_SET", field(row, "CHANGE_SET")),
            ("ACTION", action),
            ("STATUS", "OPEN"),
            ("REQUESTED_BY", caller.user),
            ("REQUESTED_AT", now.as_str()),
            ("ANSWER", ""),
        ];
        let request = fields.map(|(name, text)| (name.to_owned(), text.to_owned()));
        self.requests.insert(id.clone(), request.into());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::DateTime;
    use jiff::tz::TimeZone;
    use serde_json::{Value, json};

    use super::*;

    const CASES: &str = include_str!("../../tests/fixtures/planning/cases.json");

    fn rows(of: &Value) -> Vec<Fields> {
        serde_json::from_value(of.clone()).unwrap_or_default()
    }

    fn given(case: &Value) -> Planning {
        let table = |name: &str, key: &str| {
            let rows = rows(&case["given"][name]).into_iter();
            rows.map(|row| (field(&row, key).to_owned(), row)).collect()
        };
        Planning { plans: table("plans", "REQUIREMENT"), requests: table("requests", "REQUEST_ID") }
    }

    /// The key that a request got here: its time, and what nobody foresees.
    fn keyed(id: &str) -> String {
        let is_new = id.len() == 46 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_new { format!("{}*", &id[..14]) } else { id.to_owned() }
    }

    fn answered(case: &Value) -> Value {
        let (given_of, when) = (&case["given"], &case["when"]);
        let now = DateTime::strptime("%Y%m%d%H%M%S", given_of["now"].as_str().unwrap()).unwrap();
        let caller = Caller {
            now: now.to_zoned(TimeZone::UTC).unwrap().timestamp(),
            user: "PLANNER",
            authorized: given_of["authorized"] == true,
            locked_by: "",
        };
        let mut tables = given(case);
        let text = |name: &str| when[name].as_str().unwrap();
        let mut open = Vec::new();
        let outcome = match text("function") {
            "Z_CARBIDE_PLAN_PUBLISH" => tables.publish(&caller, rows(&when["PLANS"])),
            "Z_CARBIDE_PLAN_REQUESTS" => {
                tables.answer(&caller, &rows(&when["ANSWERS"])).map(|rows| {
                    open = rows.iter().map(|r| field(r, "REQUEST_ID").to_owned()).collect()
                })
            }
            _ => tables.request(&caller, text("REQUIREMENT"), text("ACTION")),
        };
        let messages: Vec<String> = outcome.err().into_iter().map(|said| said.number).collect();
        let mut got = json!({ "messages": messages });
        let then = &case["then"];
        if then.get("open").is_some() {
            got["open"] = json!(open);
        }
        if then.get("plans").is_some() {
            let row = |row: &Fields| {
                let kg: f64 = field(row, "KG_AFTER").parse().unwrap();
                let names = ["REQUIREMENT", "PLNUM", "STATE"].map(|name| field(row, name));
                json!([names[0], names[1], names[2], kg.to_string()])
            };
            got["plans"] = tables.plans.values().map(row).collect();
        }
        if then.get("requests").is_some() {
            let row = |row: &Fields| {
                [
                    keyed(field(row, "REQUEST_ID")),
                    field(row, "STATUS").into(),
                    field(row, "ANSWER").into(),
                ]
            };
            let mut rows: Vec<[String; 3]> = tables.requests.values().map(row).collect();
            rows.sort();
            got["requests"] = json!(rows);
        }
        got
    }

    #[test]
    fn the_sandbox_answers_every_case_as_the_companion_does() {
        let cases: Vec<Value> = serde_json::from_str(CASES).unwrap();
        assert!(cases.len() >= 30);
        // The update task of the sandbox never breaks off.
        for case in cases.iter().filter(|case| case["given"]["commit_fails"] == false) {
            assert_eq!(answered(case), case["then"], "{}", case["name"]);
        }
    }
}
