//! The companion's functions over RFC: each runs a BAPI of the sandbox in one LUW with its key.

use quick_xml::escape::escape;
use serde_json::{Map, Value};

use super::super::books::Books;
use super::super::exec::{Answered, Bapi, Caller, ExecBooks, Message, Request};
use super::{Luw, Node, message, tree};

/// A BAPI of the sandbox in a LUW of its own.
struct InLuw<'a> {
    luw: Luw<'a>,
    books: &'a mut Books,
    object: String,
}

impl Bapi for InLuw<'_> {
    fn run(&mut self, function: &'static str, payload: &Map<String, Value>) -> Vec<Message> {
        let mut call = Node { name: function.to_owned(), ..Node::default() };
        call.children = payload.iter().map(|(name, value)| node(name, value)).collect();
        call.children.push(Node { name: "RETURN".to_owned(), ..Node::default() });
        let inner = match self.luw.call(self.books, &call) {
            Ok(inner) => inner,
            Err(text) => message("A", "SR", "006", &text),
        };
        let answer = tree(&format!("<answer>{inner}</answer>")).unwrap_or_default();
        let answer = answer.get("answer").cloned().unwrap_or_default();
        let given =
            [answer.field("PLANNEDORDER"), answer.field("DOC_NO"), call.field("PLANNEDORDER")];
        self.object = given.into_iter().find(|number| !number.is_empty()).unwrap_or_default();
        let returned = answer.get("RETURN").cloned().unwrap_or_default();
        let rows = match returned.get("TYPE") {
            Some(_) => vec![&returned],
            None => answer.items("RETURN"),
        };
        let said = rows.into_iter().map(|row| Message {
            kind: row.field("TYPE"),
            class: row.field("ID"),
            number: row.field("NUMBER"),
            text: row.field("MESSAGE"),
        });
        said.filter(|message| !message.kind.is_empty() && !message.class.is_empty()).collect()
    }

    fn commit(&mut self) -> Option<String> {
        let before = self.books.documents.len();
        let services = &self.luw.state.services;
        self.books.commit_luw(&self.luw.context, &self.luw.request.user, services);
        if let Some(document) = self.books.documents.get(before) {
            let (number, year) = (&document.number, &document.fiscal_year);
            self.object = format!("{number}{}{year}", document.company_code);
        }
        Some(self.object.clone())
    }

    fn roll_back(&mut self) {
        self.books.luws.remove(&self.luw.context);
    }
}

/// A member of the payload as the sandbox's BAPIs take it.
fn node(name: &str, value: &Value) -> Node {
    let mut node = Node { name: name.to_owned(), ..Node::default() };
    match value {
        Value::String(text) => {
            let is_day = name.contains("DATE") || name == "DOCDATE";
            let is_day = is_day && text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit());
            node.text = match is_day {
                true => format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..]),
                false => text.clone(),
            };
        }
        Value::Array(rows) => {
            node.children = rows.iter().map(|row| self::node("item", row)).collect()
        }
        Value::Object(fields) => {
            node.children = fields.iter().map(|(name, value)| self::node(name, value)).collect();
        }
        other => node.text = other.to_string(),
    }
    node
}

/// Answers one of the four functions.
pub fn answer(luw: &Luw<'_>, books: &mut Books, call: &Node) -> String {
    let caller =
        Caller { now: books.now(), user: &luw.request.user, authorized: true, locked_by: "" };
    let number = |name: &str| call.field(name).parse().unwrap_or_default();
    let fence = number("FENCE");
    // The tables are apart from the rest, which the BAPI writes.
    let mut tables = std::mem::take(&mut books.exec);
    let answered = match call.name.as_str() {
        "Z_CARBIDE_EXEC" => exec(luw, &mut tables, books, &caller, call, fence),
        "Z_CARBIDE_CANCEL" => {
            let answer = tables.cancel(&caller, &call.field("KEY"), fence, true);
            if answer.status == "TOMBSTONED" {
                let what = format!("key {} cancelled", call.field("KEY"));
                books.commit(&luw.request.user, what, luw.request.body);
            }
            head(&answer) + &object(&answer) + &returned(&answer.messages)
        }
        "Z_CARBIDE_STATUS" => status(&tables, &caller, call),
        _ => {
            let seconds = call.field("DURATION_SECONDS").parse().unwrap_or_default();
            let (holder, action) = (call.field("HOLDER"), call.field("ACTION"));
            let answer = tables.change_lease(&caller, &holder, &action, seconds);
            let until = answer.expires_at.map(|at| at.strftime("%Y%m%d%H%M%S").to_string());
            format!(
                "{}<FENCE>{:015}</FENCE><HOLDER_NOW>{}</HOLDER_NOW><EXPIRES_AT>{}</EXPIRES_AT>{}",
                head(&answer),
                answer.fence,
                escape(answer.holder_now.as_str()),
                until.unwrap_or_default(),
                returned(&answer.messages)
            )
        }
    };
    books.exec = tables;
    answered
}

fn exec(
    luw: &Luw<'_>,
    tables: &mut ExecBooks,
    books: &mut Books,
    caller: &Caller<'_>,
    call: &Node,
    fence: u64,
) -> String {
    let context = books.fresh_id("X");
    let luw = Luw { state: luw.state, request: luw.request, context };
    let field = |name: &str| call.field(name);
    let (key, operation, hash) = (field("KEY"), field("OPERATION"), field("REQUEST_HASH"));
    let payload = call.get("PAYLOAD").map(|payload| payload.text.clone()).unwrap_or_default();
    let request =
        Request { key: &key, fence, operation: &operation, request_hash: &hash, payload: &payload };
    let mut bapi = InLuw { luw, books, object: String::new() };
    let answer = tables.exec(caller, &request, &mut bapi);
    head(&answer) + &object(&answer) + &returned(&answer.messages)
}

fn status(tables: &ExecBooks, caller: &Caller<'_>, call: &Node) -> String {
    let keys: Vec<String> = call.items("KEYS").iter().map(|row| row.field("KEY")).collect();
    match tables.status(caller, &keys) {
        Err(message) => format!("<ENTRIES></ENTRIES>{}", returned(&[message])),
        Ok(found) => {
            let row = |(key, entry): (String, Option<super::super::exec::Entry>)| match entry {
                None => format!("<item><KEY>{key}</KEY><STATUS>ABSENT</STATUS></item>"),
                Some(entry) => format!(
                    "<item><KEY>{key}</KEY><STATUS>{}</STATUS><OPERATION>{}</OPERATION><OBJECT_NUMBER>\
                     {}</OBJECT_NUMBER><REQUEST_HASH>{}</REQUEST_HASH><FENCE>{:015}</FENCE>\
                     <EXECUTED_AT>{}</EXECUTED_AT><EXECUTED_BY>{}</EXECUTED_BY></item>",
                    entry.status,
                    entry.operation,
                    entry.object_number,
                    entry.request_hash,
                    entry.fence,
                    entry.executed_at,
                    entry.executed_by
                ),
            };
            let rows: String = found.into_iter().map(row).collect();
            format!("<ENTRIES>{rows}</ENTRIES>{}", returned(&[]))
        }
    }
}

fn head(answer: &Answered) -> String {
    format!("<STATUS>{}</STATUS>", answer.status)
}

fn object(answer: &Answered) -> String {
    format!("<OBJECT_NUMBER>{}</OBJECT_NUMBER>", answer.object_number)
}

fn returned(messages: &[Message]) -> String {
    let row = |said: &Message| message(&said.kind, &said.class, &said.number, &said.text);
    format!("<RETURN>{}</RETURN>", messages.iter().map(row).collect::<String>())
}
