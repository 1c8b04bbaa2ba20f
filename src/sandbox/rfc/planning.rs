//! The companion's functions for planners over RFC.

use jiff::Timestamp;
use quick_xml::escape::escape;

use super::super::books::Books;
use super::super::exec::{Caller, Message};
use super::super::planning::Fields;
use super::{Luw, Node, message};

/// Answers `Z_CARBIDE_PLAN_PUBLISH` and `Z_CARBIDE_PLAN_REQUESTS`.
pub(super) fn answer(luw: &Luw<'_>, books: &mut Books, call: &Node) -> String {
    let caller =
        Caller { now: Timestamp::now(), user: &luw.request.user, authorized: true, locked_by: "" };
    if call.name == "Z_CARBIDE_PLAN_PUBLISH" {
        return returned(books.planning.publish(&caller, rows(call, "PLANS")).err());
    }
    match books.planning.answer(&caller, &rows(call, "ANSWERS")) {
        Err(said) => format!("<REQUESTS></REQUESTS>{}", returned(Some(said))),
        Ok(open) => {
            let open: String = open.iter().map(item).collect();
            format!("<REQUESTS>{open}</REQUESTS>{}", returned(None))
        }
    }
}

fn rows(call: &Node, table: &str) -> Vec<Fields> {
    let row = |item: &Node| {
        item.children.iter().map(|f| (f.name.clone(), f.text.trim().to_owned())).collect()
    };
    call.items(table).into_iter().map(row).collect()
}

fn item(row: &Fields) -> String {
    let field =
        |(name, text): (&String, &String)| format!("<{name}>{}</{name}>", escape(text.as_str()));
    format!("<item>{}</item>", row.iter().map(field).collect::<String>())
}

fn returned(said: Option<Message>) -> String {
    let row = |said: &Message| message(&said.kind, &said.class, &said.number, &said.text);
    format!("<RETURN>{}</RETURN>", said.iter().map(row).collect::<String>())
}
