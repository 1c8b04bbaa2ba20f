//! BAPIs of planned orders. They share the orders of API_PLANNED_ORDERS.

use quick_xml::escape::escape;
use serde_json::Value;

use super::super::books::{Books, PLANNED_ORDERS, Registered, Row};
use super::super::server::State;
use super::super::{planned_order, wire};
use super::{Node, Register, message, refusal, short, structure};

const SET: &str = "A_PlannedOrder";

/// Fields of the header that a change can set, with their properties.
const CHANGEABLE: [(&str, &str); 3] = [
    ("TOTAL_PLORD_QTY", "TotalQuantity"),
    ("ORDER_START_DATE", "PlndOrderPlannedStartDate"),
    ("ORDER_FIN_DATE", "PlndOrderPlannedEndDate"),
];

pub fn create(state: &State, mut register: Register<'_>, call: &Node) -> String {
    let header = call.get("HEADERDATA").cloned().unwrap_or_default();
    let service = state.services.iter().find(|service| service.path == PLANNED_ORDERS);
    let Some(entity) = service.map(|service| &service.sets[SET]) else {
        return refusal("61/000", "The service of planned orders is missing");
    };
    if header.field("PLAN_PLANT") != header.field("PROD_PLANT") {
        return refusal("61/512", "Planning plant and production plant differ");
    }
    let mut row = wire::row(
        entity,
        &[
            ("Material", short(&header.field("MATERIAL_LONG")).into()),
            ("ProductionPlant", header.field("PROD_PLANT").into()),
            ("ProductionVersion", header.field("VERSION").into()),
            ("TotalQuantity", header.field("TOTAL_PLORD_QTY").into()),
            ("PlndOrderPlannedStartDate", header.field("ORDER_START_DATE").into()),
            ("PlndOrderPlannedEndDate", header.field("ORDER_FIN_DATE").into()),
            ("PlannedOrderIsFirm", (header.field("FIRMING_IND") == "X").into()),
            ("SalesOrder", short(&header.field("SALES_ORD")).into()),
            ("SalesOrderItem", short(&header.field("S_ORD_ITEM")).into()),
        ],
    );
    if let Err((code, text)) = planned_order::complete(register.books, &mut row) {
        return refusal(code, &text);
    }
    let answer = format!(
        "<PLANNEDORDER>{}</PLANNEDORDER>{}{}",
        padded(&row),
        header_of("CREATEDHEADERDATA", &row),
        structure(&message("", "", "000", ""))
    );
    register.add(Registered::PutOrder(row));
    answer
}

pub fn change(mut register: Register<'_>, call: &Node) -> String {
    let Some(mut row) = find(register.books, call) else { return missing(call) };
    if !register.locks(call) {
        return locked();
    }
    let (data, marks) = (call.get("HEADERDATA"), call.get("HEADERDATAX"));
    let marked = |name: &str| marks.is_some_and(|marks| marks.field(name) == "X");
    let given = |name: &str| data.map(|data| data.field(name)).unwrap_or_default();
    for (field, property) in CHANGEABLE.iter().filter(|(field, _)| marked(field)) {
        row.insert((*property).to_owned(), given(field).into());
    }
    if marked("FIRMING_IND") {
        row.insert("PlannedOrderIsFirm".to_owned(), (given("FIRMING_IND") == "X").into());
    }
    if let Err((code, text)) = planned_order::check(&row) {
        return refusal(code, &text);
    }
    row.insert("LastChangeDateTime".to_owned(), register.books.change_time().into());
    register.add(Registered::PutOrder(row));
    structure(&message("", "", "000", ""))
}

pub fn delete(mut register: Register<'_>, call: &Node) -> String {
    if find(register.books, call).is_none() {
        return missing(call);
    }
    if !register.locks(call) {
        return locked();
    }
    register.add(Registered::DeleteOrder(short(&call.field("PLANNEDORDER"))));
    structure(&message("", "", "000", ""))
}

/// Reads what is committed: what the session has registered is not there yet.
pub fn get_detail(books: &Books, call: &Node) -> String {
    match find(books, call) {
        Some(row) => header_of("HEADERDATA", &row) + &structure(&message("", "", "000", "")),
        None => missing(call),
    }
}

/// The committed orders of a material in a plant that start within the days asked for.
pub fn get_list(books: &Books, call: &Node) -> String {
    let criteria = call.get("SELECTIONCRITERIA").cloned().unwrap_or_default();
    let (from, to) = (criteria.field("STR_SEL_DATE"), criteria.field("END_SEL_DATE"));
    let material = short(&criteria.field("MATERIAL_LONG"));
    let orders = books.tables[&(PLANNED_ORDERS, SET.to_owned())].iter();
    let wanted = orders.filter(|row| {
        let text = |property: &str| row[property].as_str().unwrap_or_default();
        let start = text("PlndOrderPlannedStartDate");
        text("ProductionPlant") == criteria.field("PLANT")
            && short(text("Material")) == material
            && from.as_str() <= start
            && start <= to.as_str()
    });
    let rows: String = wanted.map(|row| header_of("item", row)).collect();
    let named = call.get("DETAILEDLIST").is_some();
    let list = if named { format!("<DETAILEDLIST>{rows}</DETAILEDLIST>") } else { String::new() };
    list + &structure(&message("", "", "000", ""))
}

/// Whether the order is there: RETURN says it.
pub fn exist_check(books: &Books, call: &Node) -> String {
    match find(books, call) {
        Some(_) => structure(&message("", "", "000", "")),
        None => missing(call),
    }
}

/// The committed order that a call names.
pub fn find(books: &Books, call: &Node) -> Option<Row> {
    let named = ["PLANNEDORDER", "PLANNED_ORDER"].map(|name| short(&call.field(name)));
    let orders = &books.tables[&(PLANNED_ORDERS, SET.to_owned())];
    let wanted = named.iter().find(|number| !number.is_empty())?;
    orders.iter().find(|order| order["PlannedOrder"] == wanted.as_str()).cloned()
}

fn missing(call: &Node) -> String {
    let number = call.field("PLANNEDORDER");
    refusal("61/404", &format!("Planned order {number} does not exist"))
}

fn locked() -> String {
    refusal("MC/601", "Object requested is currently locked by another user")
}

fn padded(row: &Row) -> String {
    format!("{:0>10}", row["PlannedOrder"].as_str().unwrap_or_default())
}

fn header_of(name: &str, row: &Row) -> String {
    let text = |property: &str| escape(row[property].as_str().unwrap_or_default()).into_owned();
    let digits = |text: &str, length: usize| match text {
        "" => String::new(),
        number => format!("{number:0>length$}"),
    };
    let mark = |property: &str| {
        if row[property] == Value::Bool(true) { "X".to_owned() } else { String::new() }
    };
    let fields = [
        ("PLANNEDORDER_NUM", padded(row)),
        ("PLAN_PLANT", text("MRPPlant")),
        ("PROD_PLANT", text("ProductionPlant")),
        ("TOTAL_PLORD_QTY", text("TotalQuantity")),
        ("ORDER_START_DATE", text("PlndOrderPlannedStartDate")),
        ("ORDER_FIN_DATE", text("PlndOrderPlannedEndDate")),
        ("FIRMING_IND", mark("PlannedOrderIsFirm")),
        ("SALES_ORD", digits(&text("SalesOrder"), 10)),
        ("S_ORD_ITEM", digits(&text("SalesOrderItem"), 6)),
        ("VERSION", text("ProductionVersion")),
        ("STGE_LOC", text("StorageLocation")),
        ("MANUAL_COMPONENT", mark("PlannedOrderBOMIsFixed")),
        ("BASE_UOM", text("BaseUnit")),
        ("MATERIAL_LONG", text("Material")),
    ];
    let inner: String =
        fields.iter().map(|(field, value)| format!("<{field}>{value}</{field}>")).collect();
    format!("<{name}>{inner}</{name}>")
}
