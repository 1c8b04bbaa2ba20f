//! The companion's exactly-once functions: keys that run once, tombstones, and the lease.
//!
//! Pure, but for the BAPI that is handed in: the cases of `tests/fixtures/exec` run against it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// A message of RETURN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub kind: String,
    pub class: String,
    pub number: String,
    pub text: String,
}

pub fn own(number: &str, text: impl Into<String>) -> Message {
    let (kind, class) = ("E".to_owned(), "ZCARBIDE".to_owned());
    Message { kind, class, number: number.to_owned(), text: text.into() }
}

/// What became of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// EXECUTED or TOMBSTONED.
    pub status: &'static str,
    pub operation: String,
    pub object_number: String,
    pub request_hash: String,
    pub fence: u64,
    pub executed_at: String,
    pub executed_by: String,
}

/// The one row of the lease. Without holder it is released.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lease {
    pub holder: String,
    pub fence: u64,
    pub expires_at: Option<Timestamp>,
}

/// The tables of the companion package.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ExecBooks {
    pub entries: BTreeMap<String, Entry>,
    pub lease: Option<Lease>,
}

/// What SAP knows of a call beside its parameters.
pub struct Caller<'a> {
    pub now: Timestamp,
    pub user: &'a str,
    pub authorized: bool,
    /// Who holds the lock, if anybody does.
    pub locked_by: &'a str,
}

/// The BAPI behind an operation, in the LUW of the call.
pub trait Bapi {
    /// What it said.
    fn run(&mut self, function: &'static str, payload: &Map<String, Value>) -> Vec<Message>;
    /// Commits; the number of the object, or `None` if the update broke off.
    fn commit(&mut self) -> Option<String>;
    /// Forgets what was registered.
    fn roll_back(&mut self);
}

/// A request of Z_CARBIDE_EXEC.
pub struct Request<'a> {
    pub key: &'a str,
    pub fence: u64,
    pub operation: &'a str,
    pub request_hash: &'a str,
    pub payload: &'a str,
}

/// What EXEC, CANCEL and LEASE answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answered {
    pub status: &'static str,
    pub object_number: String,
    pub messages: Vec<Message>,
    pub fence: u64,
    pub holder_now: String,
    pub expires_at: Option<Timestamp>,
}

impl Answered {
    fn of(status: &'static str) -> Self {
        Self { status, ..Self::default() }
    }

    fn refused(message: Message) -> Self {
        Self { messages: vec![message], ..Self::of("REFUSED") }
    }
}

/// A BAPI, its parameters, and those without which it makes no sense.
struct Operation {
    name: &'static str,
    bapi: &'static str,
    needed: &'static [&'static str],
    more: &'static [&'static str],
}

const OPERATIONS: [Operation; 8] = [
    Operation {
        name: "PLANNED_ORDER_CREATE",
        bapi: "BAPI_PLANNEDORDER_CREATE",
        needed: &["HEADERDATA"],
        more: &["COMPONENTSDATA", "CAPACITIESDATA"],
    },
    Operation {
        name: "PLANNED_ORDER_CHANGE",
        bapi: "BAPI_PLANNEDORDER_CHANGE",
        needed: &["PLANNEDORDER", "HEADERDATA", "HEADERDATAX"],
        more: &[],
    },
    Operation {
        name: "PLANNED_ORDER_DELETE",
        bapi: "BAPI_PLANNEDORDER_DELETE",
        needed: &["PLANNEDORDER"],
        more: &[],
    },
    Operation {
        name: "FI_POST",
        bapi: "BAPI_ACC_DOCUMENT_POST",
        needed: &["DOCUMENTHEADER", "ACCOUNTGL", "CURRENCYAMOUNT"],
        more: &["EXTENSION2"],
    },
    Operation {
        name: "FI_REVERSE",
        bapi: "BAPI_ACC_DOCUMENT_REV_POST",
        needed: &["REVERSAL", "BUS_ACT"],
        more: &[],
    },
    Operation {
        name: "KEY_FIGURE_POST",
        bapi: "BAPI_ACC_STAT_KEY_FIG_POST",
        needed: &["DOC_HEADER", "DOC_ITEMS"],
        more: &[],
    },
    Operation {
        name: "KEY_FIGURE_REVERSE",
        bapi: "BAPI_ACC_ACT_POSTINGS_REVERSE",
        needed: &["DOC_HEADER"],
        more: &[],
    },
    // How far a journal has come: an entry and nothing else.
    Operation {
        name: "JOURNAL_MARK",
        bapi: "",
        needed: &["JOURNAL", "CHANGE_SET", "STAMP"],
        more: &[],
    },
];

/// The largest quantity of a field with 13 digits, three of them decimals.
const KILOGRAMS_MAX: i64 = 10_000_000_000;

fn key_problem(key: &str) -> Option<Message> {
    let fine = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-';
    (key.is_empty() || key.len() > 32 || !key.bytes().all(fine))
        .then(|| own("010", "Key is missing or malformed"))
}

fn text<'a>(row: &'a Value, field: &str) -> &'a str {
    row.get(field).and_then(Value::as_str).unwrap_or_default().trim()
}

fn rows<'a>(payload: &'a Map<String, Value>, table: &str) -> &'a [Value] {
    payload.get(table).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The payload, if the BAPI of the operation would understand it.
fn understood(operation: &Operation, request: &Request<'_>) -> Result<Map<String, Value>, Message> {
    let lacks = |what: &str| own("012", format!("Payload is no JSON object or lacks {what}"));
    let payload: Map<String, Value> =
        serde_json::from_str(request.payload).map_err(|_| lacks(operation.needed[0]))?;
    for needed in operation.needed {
        let empty = match payload.get(*needed) {
            None | Some(Value::Null) => true,
            Some(Value::String(text)) => text.trim().is_empty(),
            Some(Value::Array(rows)) => rows.is_empty(),
            Some(Value::Object(fields)) => fields.is_empty(),
            Some(_) => false,
        };
        if empty {
            return Err(lacks(needed));
        }
    }
    let known = |name: &String| {
        operation.needed.contains(&name.as_str()) || operation.more.contains(&name.as_str())
    };
    if let Some(unknown) = payload.keys().find(|name| !known(name)) {
        let of = if operation.bapi.is_empty() { operation.name } else { operation.bapi };
        return Err(own("016", format!("{unknown} is no parameter of {of}")));
    }
    let hash = Sha256::digest(request.payload.as_bytes());
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    if !request.request_hash.eq_ignore_ascii_case(&hash) {
        return Err(own("013", "Request hash does not match the payload"));
    }
    match sensible(operation, &payload) {
        Some(problem) => Err(problem),
        None => Ok(payload),
    }
}

/// What is wrong with the quantities, if anything.
fn sensible(operation: &Operation, payload: &Map<String, Value>) -> Option<Message> {
    let unit = |of: &str| own("014", format!("Quantity without unit ({of})"));
    if operation.name == "PLANNED_ORDER_CREATE" {
        let header = payload.get("HEADERDATA")?;
        let bare =
            !text(header, "TOTAL_PLORD_QTY").is_empty() && text(header, "BASE_UOM").is_empty();
        return bare.then(|| unit("TOTAL_PLORD_QTY"));
    }
    if operation.name != "FI_POST" {
        return None;
    }
    let absurd = |of: &str| own("015", format!("Kilograms negative or absurd ({of})"));
    let differ = |of: &str| own("017", format!("Kilograms do not fit the line ({of})"));
    let is_debit = |item: &str| {
        let amounts = rows(payload, "CURRENCYAMOUNT");
        let of = amounts.iter().find(|amount| text(amount, "ITEMNO_ACC") == item);
        of.is_some_and(|amount| !text(amount, "AMT_DOCCUR").starts_with('-'))
    };
    let wrong = |kilograms: Decimal, item: &str| {
        kilograms.abs() >= Decimal::from(KILOGRAMS_MAX)
            || (kilograms.is_sign_negative() && is_debit(item))
    };
    let lines = rows(payload, "ACCOUNTGL");
    for line in lines {
        let (item, quantity) = (text(line, "ITEMNO_ACC"), text(line, "QUANTITY"));
        if quantity.is_empty() {
            continue;
        }
        if text(line, "BASE_UOM").is_empty() {
            return Some(unit(item));
        }
        match quantity.parse::<Decimal>() {
            Ok(kilograms) if text(line, "BASE_UOM") != "KG" || !wrong(kilograms, item) => {}
            _ => return Some(absurd(item)),
        }
    }
    for row in rows(payload, "EXTENSION2").iter().filter(|row| text(row, "STRUCTURE") == "ZCARBIDE")
    {
        let part = row.get("VALUEPART1").and_then(Value::as_str).unwrap_or_default();
        let item = part.get(..10).unwrap_or_default();
        let kilograms = part.get(10..34).unwrap_or_default().trim().parse::<Decimal>();
        let Some(kilograms) = kilograms.ok().filter(|kilograms| !wrong(*kilograms, item)) else {
            return Some(absurd(item));
        };
        let line = lines.iter().find(|line| text(line, "ITEMNO_ACC") == item);
        let quantity = line.and_then(|line| text(line, "QUANTITY").parse::<Decimal>().ok());
        if quantity != Some(kilograms) {
            return Some(differ(item));
        }
    }
    None
}

pub fn stamp(at: Timestamp) -> String {
    at.strftime("%Y%m%d%H%M%S").to_string()
}

impl ExecBooks {
    /// What stands in the way of a write, in the order in which the companion looks.
    fn obstacle(&self, caller: &Caller<'_>, key: &str, fence: u64) -> Option<Answered> {
        if !caller.authorized {
            return Some(Answered::refused(own("020", "No authorization")));
        }
        if !caller.locked_by.is_empty() {
            let locked = own("021", format!("Key {key} is locked by {}", caller.locked_by));
            return Some(Answered { messages: vec![locked], ..Answered::of("LOCKED") });
        }
        let newest = self.lease.as_ref().map_or(0, |lease| lease.fence);
        (fence < newest).then(|| Answered {
            messages: vec![own("022", format!("Fence {fence} is older than {newest}"))],
            ..Answered::of("STALE_FENCE")
        })
    }

    /// Z_CARBIDE_EXEC.
    pub fn exec(
        &mut self,
        caller: &Caller<'_>,
        request: &Request<'_>,
        bapi: &mut dyn Bapi,
    ) -> Answered {
        if let Some(problem) = key_problem(request.key) {
            return Answered::refused(problem);
        }
        let operation = OPERATIONS.iter().find(|known| known.name == request.operation);
        let Some(operation) = operation else {
            return Answered::refused(own(
                "011",
                format!("Unknown operation {}", request.operation),
            ));
        };
        let payload = match understood(operation, request) {
            Ok(payload) => payload,
            Err(problem) => return Answered::refused(problem),
        };
        if let Some(obstacle) = self.obstacle(caller, request.key, request.fence) {
            return obstacle;
        }
        if let Some(entry) = self.entries.get(request.key) {
            let same = entry.operation == request.operation
                && entry.request_hash.eq_ignore_ascii_case(request.request_hash);
            return match (entry.status, same) {
                ("TOMBSTONED", _) => Answered {
                    messages: vec![own("023", format!("Key {} was cancelled", request.key))],
                    ..Answered::of("TOMBSTONED")
                },
                (_, true) => Answered {
                    object_number: entry.object_number.clone(),
                    ..Answered::of("DUPLICATE")
                },
                (_, false) => Answered::refused(own(
                    "024",
                    format!("Key {} was used with other content", request.key),
                )),
            };
        }
        let mut messages = match operation.bapi {
            "" => Vec::new(),
            function => bapi.run(function, &payload),
        };
        if messages.iter().any(|message| matches!(message.kind.as_str(), "E" | "A" | "X")) {
            bapi.roll_back();
            let (operation, key) = (request.operation, request.key);
            let text = format!("SAP refused {operation}: nothing is written, key {key} is free");
            messages.push(own("026", text));
            return Answered { messages, ..Answered::of("REFUSED") };
        }
        let Some(object_number) = bapi.commit() else {
            messages.push(own("025", "Commit failed"));
            return Answered { messages, ..Answered::of("REFUSED") };
        };
        let marked = payload.get("CHANGE_SET").and_then(Value::as_str);
        let object_number = marked.map_or(object_number, str::to_owned);
        let entry = Entry {
            status: "EXECUTED",
            operation: request.operation.to_owned(),
            object_number: object_number.clone(),
            request_hash: request.request_hash.to_ascii_lowercase(),
            fence: request.fence,
            executed_at: stamp(caller.now),
            executed_by: caller.user.to_owned(),
        };
        self.entries.insert(request.key.to_owned(), entry);
        Answered { object_number, messages, ..Answered::of("EXECUTED") }
    }

    /// Z_CARBIDE_CANCEL. `commits` is whether the update goes through.
    pub fn cancel(
        &mut self,
        caller: &Caller<'_>,
        key: &str,
        fence: u64,
        commits: bool,
    ) -> Answered {
        if let Some(problem) = key_problem(key) {
            return Answered::refused(problem);
        }
        if let Some(obstacle) = self.obstacle(caller, key, fence) {
            return obstacle;
        }
        if let Some(entry) = self.entries.get(key) {
            let object_number = entry.object_number.clone();
            return Answered { object_number, ..Answered::of(entry.status) };
        }
        if !commits {
            return Answered::refused(own("025", "Commit failed"));
        }
        let entry = Entry {
            status: "TOMBSTONED",
            operation: String::new(),
            object_number: String::new(),
            request_hash: String::new(),
            fence,
            executed_at: stamp(caller.now),
            executed_by: caller.user.to_owned(),
        };
        self.entries.insert(key.to_owned(), entry);
        Answered::of("TOMBSTONED")
    }

    /// Z_CARBIDE_STATUS: the entry of each key in the order asked, or why there is none.
    pub fn status(
        &self,
        caller: &Caller<'_>,
        keys: &[String],
    ) -> Result<Vec<(String, Option<Entry>)>, Message> {
        if let Some(problem) = keys.iter().find_map(|key| key_problem(key)) {
            return Err(problem);
        }
        if !caller.authorized {
            return Err(own("020", "No authorization"));
        }
        Ok(keys.iter().map(|key| (key.clone(), self.entries.get(key).cloned())).collect())
    }

    /// Z_CARBIDE_LEASE.
    pub fn change_lease(
        &mut self,
        caller: &Caller<'_>,
        holder: &str,
        action: &str,
        seconds: i64,
    ) -> Answered {
        if !caller.authorized {
            return Answered::refused(own("020", "No authorization"));
        }
        if !matches!(action, "ACQUIRE" | "RENEW" | "RELEASE" | "SHOW") {
            return Answered::refused(own("032", format!("Unknown action {action}")));
        }
        if holder.is_empty() {
            return Answered::refused(own("033", "Holder is missing"));
        }
        if matches!(action, "ACQUIRE" | "RENEW") && !(30..=3600).contains(&seconds) {
            return Answered::refused(own("031", "Duration out of range"));
        }
        if !caller.locked_by.is_empty() {
            return Answered::refused(own(
                "021",
                format!("Lease is locked by {}", caller.locked_by),
            ));
        }
        let now = caller.now;
        let valid = self.lease.as_ref().filter(|lease| {
            !lease.holder.is_empty() && lease.expires_at.is_some_and(|expires| now < expires)
        });
        let newest = self.lease.as_ref().map_or(0, |lease| lease.fence);
        let told = |status: &'static str, lease: &Lease| Answered {
            fence: lease.fence,
            holder_now: lease.holder.clone(),
            expires_at: lease.expires_at,
            ..Answered::of(status)
        };
        if let Some(other) = valid.filter(|lease| lease.holder != holder) {
            if action == "SHOW" {
                return told("HELD_BY_OTHER", other);
            }
            let until = other.expires_at.map(stamp).unwrap_or_default();
            let held = own("030", format!("Lease held by {} until {until}", other.holder));
            return Answered { fence: 0, messages: vec![held], ..told("HELD_BY_OTHER", other) };
        }
        match (action, valid.cloned()) {
            ("SHOW", Some(ours)) => told("GRANTED", &ours),
            ("SHOW", None) => Answered { fence: newest, ..Answered::of("FREE") },
            ("RENEW" | "RELEASE", None) => Answered::of("FREE"),
            ("RELEASE", Some(ours)) => {
                self.lease = Some(Lease { holder: String::new(), expires_at: None, ..ours });
                Answered { fence: newest, ..Answered::of("RELEASED") }
            }
            (_, ours) => {
                let fence = ours.map_or(newest + 1, |ours| ours.fence);
                let expires_at = Some(now + SignedDuration::from_secs(seconds));
                let lease = Lease { holder: holder.to_owned(), fence, expires_at };
                let answer = told("GRANTED", &lease);
                self.lease = Some(lease);
                answer
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::DateTime;
    use serde_json::json;

    const CASES: &str = include_str!("../../tests/fixtures/exec/cases.json");

    /// A BAPI that says what the case says.
    struct Said<'a> {
        given: &'a Value,
        called: &'static str,
        committed: bool,
    }

    impl Bapi for Said<'_> {
        fn run(&mut self, function: &'static str, _: &Map<String, Value>) -> Vec<Message> {
            self.called = function;
            let rows = self.given["bapi_return"].as_array().unwrap().iter();
            rows.map(|row| Message {
                kind: text(row, "TYPE").to_owned(),
                class: text(row, "ID").to_owned(),
                number: text(row, "NUMBER").to_owned(),
                text: text(row, "MESSAGE").to_owned(),
            })
            .collect()
        }

        fn commit(&mut self) -> Option<String> {
            self.committed = self.given["commit_fails"] != true;
            self.committed.then(|| text(self.given, "bapi_object").to_owned())
        }

        fn roll_back(&mut self) {}
    }

    fn time(text: &str) -> Option<Timestamp> {
        let time = DateTime::strptime("%Y%m%d%H%M%S", text).ok()?;
        time.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    }

    fn number(value: &Value) -> u64 {
        value.as_str().unwrap_or("0").parse().unwrap()
    }

    fn given(case: &Value) -> ExecBooks {
        let given = &case["given"];
        let entry = |row: &Value| {
            let field = |name: &str| text(row, name).to_owned();
            let entry = Entry {
                status: if row["status"] == "EXECUTED" { "EXECUTED" } else { "TOMBSTONED" },
                operation: field("operation"),
                object_number: field("object_number"),
                request_hash: field("request_hash"),
                fence: number(&row["fence"]),
                executed_at: field("executed_at"),
                executed_by: field("executed_by"),
            };
            (field("key"), entry)
        };
        let lease = given["lease"].as_object().map(|lease| Lease {
            holder: lease["holder"].as_str().unwrap().to_owned(),
            fence: number(&lease["fence"]),
            expires_at: time(lease["expires_at"].as_str().unwrap()),
        });
        ExecBooks {
            entries: given["entries"].as_array().unwrap().iter().map(entry).collect(),
            lease,
        }
    }

    fn codes(messages: &[Message]) -> Vec<String> {
        messages.iter().map(|message| format!("{} {}", message.class, message.number)).collect()
    }

    /// What the sandbox answers, in the members of the cases.
    fn answered(case: &Value) -> Value {
        let mut books = given(case);
        let (asked, given) = (&case["when"], &case["given"]);
        let caller = Caller {
            now: time(text(given, "now")).unwrap(),
            user: "CARBIDE",
            authorized: given["authorized"] == true,
            locked_by: text(given, "locked_by"),
        };
        let mut bapi = Said { given, called: "", committed: false };
        let before = serde_json::to_string(&books).unwrap();
        let field = |name: &str| asked.get(name).and_then(Value::as_str).unwrap_or_default();
        let fence = number(&asked["FENCE"]);
        let mut entries = Value::Null;
        let answer = match field("function") {
            "Z_CARBIDE_EXEC" => {
                let request = Request {
                    key: field("KEY"),
                    fence,
                    operation: field("OPERATION"),
                    request_hash: field("REQUEST_HASH"),
                    payload: field("PAYLOAD"),
                };
                books.exec(&caller, &request, &mut bapi)
            }
            "Z_CARBIDE_CANCEL" => {
                books.cancel(&caller, field("KEY"), fence, given["commit_fails"] != true)
            }
            "Z_CARBIDE_STATUS" => {
                let keys: Vec<String> = asked["KEYS"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|row| row.as_str().unwrap_or_else(|| text(row, "KEY")).to_owned())
                    .collect();
                match books.status(&caller, &keys) {
                    Err(message) => {
                        entries = json!([]);
                        Answered { messages: vec![message], ..Answered::default() }
                    }
                    Ok(found) => {
                        let status = |entry: Option<Entry>| entry.map_or("ABSENT", |e| e.status);
                        let rows = found.into_iter().map(|(key, entry)| {
                            let object = entry.clone().map(|e| e.object_number).unwrap_or_default();
                            json!([key, status(entry), object])
                        });
                        entries = rows.collect();
                        Answered::default()
                    }
                }
            }
            "Z_CARBIDE_LEASE" => {
                let seconds = asked["DURATION_SECONDS"].as_i64().unwrap();
                books.change_lease(&caller, field("HOLDER"), field("ACTION"), seconds)
            }
            other => panic!("{other}"),
        };
        let changed = serde_json::to_string(&books).unwrap() != before;
        let after: BTreeMap<_, _> =
            books.entries.iter().map(|(key, entry)| (key.clone(), entry.status)).collect();
        let lease = field("function") == "Z_CARBIDE_LEASE";
        json!({
            "status": answer.status,
            "object_number": answer.object_number,
            "messages": codes(&answer.messages),
            "entries_after": after,
            "bapi": bapi.called,
            "committed": bapi.committed || changed,
            "entries": entries,
            "lease": lease.then(|| json!([
                answer.fence,
                answer.holder_now,
                answer.expires_at.map(stamp).unwrap_or_default(),
                books.lease.map(|lease| (
                    lease.holder, lease.fence, lease.expires_at.map(stamp).unwrap_or_default(),
                )),
            ])),
        })
    }

    /// What the case wants, in the same members.
    fn wanted(case: &Value) -> Value {
        let then = &case["then"];
        let after: BTreeMap<_, _> = then["entries_after"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| (text(row, "key"), text(row, "status")))
            .collect();
        let entries = then.get("entries").and_then(Value::as_array).map(|rows| {
            let row = |row: &Value| {
                let field = |a: &str, b: &str| {
                    let found = text(row, a);
                    if found.is_empty() { text(row, b).to_owned() } else { found.to_owned() }
                };
                json!([
                    field("key", "KEY"),
                    field("status", "STATUS"),
                    field("object_number", "OBJECT_NUMBER")
                ])
            };
            rows.iter().map(row).collect::<Vec<_>>()
        });
        let is_lease = case["when"]["function"] == "Z_CARBIDE_LEASE";
        json!({
            "status": then.get("status").and_then(Value::as_str).unwrap_or_default(),
            "object_number": text(then, "object_number"),
            "messages": then["messages"],
            "entries_after": after,
            "bapi": text(then, "bapi"),
            "committed": then["committed"],
            "entries": entries,
            "lease": is_lease.then(|| json!([
                number(&then["fence"]),
                text(then, "holder_now"),
                text(then, "expires_at"),
                then["lease_after"].as_object().map(|lease| (
                    lease["holder"].clone(), number(&lease["fence"]), lease["expires_at"].clone(),
                )),
            ])),
        })
    }

    #[test]
    fn the_sandbox_answers_every_case_as_the_companion_does() {
        let cases: Vec<Value> = serde_json::from_str(CASES).unwrap();
        assert!(cases.len() >= 80, "{} cases", cases.len());
        let mut otherwise = Vec::new();
        for case in &cases {
            let (answer, wanted) = (answered(case), wanted(case));
            if answer != wanted {
                otherwise.push(format!("{}\n  is     {answer}\n  wanted {wanted}", case["name"]));
            }
        }
        assert!(otherwise.is_empty(), "{} differ:\n{}", otherwise.len(), otherwise.join("\n"));
    }
}
