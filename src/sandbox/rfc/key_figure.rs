//! BAPIs of statistical key figures: a small ledger of quantities by cost center.

use rust_decimal::Decimal;

use super::super::books::{KeyFigureDocument, KeyFigureLine, Registered};
use super::{Node, Register, message, short};

const COST_CENTERS: [&str; 6] = ["101011", "101012", "101013", "101021", "101022", "101090"];
const KEY_FIGURES: [&str; 1] = ["CO2E"];

/// The items of a posting that would be accepted; otherwise the rows of RETURN.
pub fn check(call: &Node) -> Result<Vec<KeyFigureLine>, String> {
    let header = call.get("DOC_HEADER").cloned().unwrap_or_default();
    let mut errors = String::new();
    let mut refuse = |class: &str, number: &str, text: String| {
        errors.push_str(&message("E", class, number, &text));
    };
    if header.field("CO_AREA") != "1000" {
        refuse("KI", "114", format!("Controlling area {} does not exist", header.field("CO_AREA")));
    }
    if header.field("USERNAME").is_empty() {
        refuse("BK", "002", "Enter a user name".to_owned());
    }
    let posting_date: Option<jiff::civil::Date> = header.field("POSTGDATE").parse().ok();
    if posting_date.is_none_or(|day| day.year() != 2018 || day.month() < 7) {
        refuse("KI", "235", format!("Period of {} is locked", header.field("POSTGDATE")));
    }
    let mut lines = Vec::new();
    for item in call.items("DOC_ITEMS") {
        let line = KeyFigureLine {
            key_figure: item.field("STATKEYFIG"),
            cost_center: short(&item.field("REC_CCTR")),
            quantity: item.field("STAT_QTY").parse().unwrap_or(Decimal::ZERO),
        };
        if !KEY_FIGURES.contains(&line.key_figure.as_str()) {
            refuse("KS", "149", format!("Key figure {} does not exist", line.key_figure));
        }
        if !COST_CENTERS.contains(&line.cost_center.as_str()) {
            refuse("KI", "265", format!("Cost center {} does not exist", line.cost_center));
        }
        lines.push(line);
    }
    if lines.is_empty() {
        refuse("BK", "005", "Enter at least one item".to_owned());
    }
    if errors.is_empty() { Ok(lines) } else { Err(errors) }
}

/// The number, initial if it was refused, and the rows of RETURN.
pub fn post(mut register: Register<'_>, call: &Node) -> (String, String) {
    let items = match check(call) {
        Ok(items) => items,
        Err(errors) => return ("0000000000".to_owned(), errors),
    };
    let header = call.get("DOC_HEADER").cloned().unwrap_or_default();
    let number = register.books.draw_key_figure_number();
    let text = format!("Document is posted under number {number}");
    register.add(Registered::KeyFigures(KeyFigureDocument {
        number: number.clone(),
        controlling_area: header.field("CO_AREA"),
        posting_date: header.field("POSTGDATE"),
        text: header.field("DOC_HDR_TX"),
        items,
    }));
    (number, message("S", "BK", "003", &text))
}

/// Takes a whole document back by one with the negative quantities.
pub fn reverse(mut register: Register<'_>, call: &Node) -> (String, String) {
    let header = call.get("DOC_HEADER").cloned().unwrap_or_default();
    let wanted = header.field("RVRS_NO");
    let refused =
        |number: &str, text: String| ("0000000000".to_owned(), message("E", "BK", number, &text));
    let documents = &register.books.key_figures;
    let Some(original) = documents.iter().find(|document| document.number == wanted).cloned()
    else {
        return refused("020", format!("Document {wanted} does not exist"));
    };
    let text = format!("reverses {wanted}");
    if documents.iter().any(|document| document.text == text) {
        return refused("021", format!("Document {wanted} was reversed already"));
    }
    let number = register.books.draw_key_figure_number();
    let turned = original
        .items
        .iter()
        .map(|item| KeyFigureLine { quantity: -item.quantity, ..item.clone() });
    register.add(Registered::KeyFigures(KeyFigureDocument {
        number: number.clone(),
        posting_date: header.field("POSTGDATE"),
        items: turned.collect(),
        text,
        ..original.clone()
    }));
    (
        number.clone(),
        message("S", "BK", "003", &format!("Document is posted under number {number}")),
    )
}
