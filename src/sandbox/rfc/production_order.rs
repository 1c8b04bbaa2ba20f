//! BAPIs of production orders: made from a planned order, and released.

use super::super::books::{PRODUCTION_ORDERS, Registered};
use super::super::server::State;
use super::super::wire;
use super::{Node, Register, message, planned_order, refusal, short, structure};

const SET: &str = "A_ProductionOrder_2";

pub fn create(state: &State, mut register: Register<'_>, call: &Node) -> String {
    let Some(planned) = planned_order::find(register.books, call) else {
        let text = format!("Planned order {} does not exist", call.field("PLANNED_ORDER"));
        return refusal("61/404", &text);
    };
    let text = |property: &str| planned[property].as_str().unwrap_or_default().to_owned();
    let number_of_planned = text("PlannedOrder");
    let taken = |registered: &Registered| matches!(registered, Registered::Convert { planned, .. } if *planned == number_of_planned);
    if register.holds(taken) {
        return refusal("CO/713", "The planned order is being converted already");
    }
    if call.field("ORDER_TYPE").is_empty() {
        return refusal("CO/055", "Enter an order type");
    }
    let service = state.services.iter().find(|service| service.path == PRODUCTION_ORDERS);
    let Some(entity) = service.map(|service| &service.sets[SET]) else {
        return refusal("CO/000", "The service of production orders is missing");
    };
    let number = register.books.draw_production_order_number();
    let changed = register.books.change_time();
    let digits: String = changed.chars().filter(char::is_ascii_digit).take(14).collect();
    let order = wire::row(
        entity,
        &[
            ("ManufacturingOrder", number.clone().into()),
            ("ManufacturingOrderType", call.field("ORDER_TYPE").into()),
            ("PlannedOrder", number_of_planned.clone().into()),
            ("SalesOrder", text("SalesOrder").into()),
            ("SalesOrderItem", text("SalesOrderItem").into()),
            ("Material", text("Material").into()),
            ("ProductionPlant", text("ProductionPlant").into()),
            ("ProductionVersion", text("ProductionVersion").into()),
            ("ProductionUnit", text("BaseUnit").into()),
            ("TotalQuantity", text("TotalQuantity").into()),
            ("MfgOrderPlannedStartDate", text("PlndOrderPlannedStartDate").into()),
            ("MfgOrderPlannedEndDate", text("PlndOrderPlannedEndDate").into()),
            ("LastChangeDateTime", digits.into()),
        ],
    );
    register.add(Registered::Convert { planned: number_of_planned, order });
    let done = message("S", "CO", "125", &format!("Order number {number} saved"));
    format!("<PRODUCTION_ORDER>{number:0>12}</PRODUCTION_ORDER>{}", structure(&done))
}

pub fn release(mut register: Register<'_>, call: &Node) -> String {
    let (mut details, mut ready) = (String::new(), Vec::new());
    for item in call.items("ORDERS") {
        let number = short(&item.field("ORDER_NUMBER"));
        let orders = &register.books.tables[&(PRODUCTION_ORDERS, SET.to_owned())];
        let order = orders.iter().find(|order| order["ManufacturingOrder"] == number.as_str());
        match order {
            None => {
                let text = format!("Order {number} does not exist");
                details.push_str(&message("E", "CO", "017", &text));
            }
            Some(order) if order["OrderIsReleased"] == "X" => {
                let text = format!("Order {number} is released already");
                details.push_str(&message("E", "CO", "469", &text));
            }
            Some(_) => {
                details.push_str(&message("S", "CO", "100", &format!("Order {number} released")));
                ready.push(number);
            }
        }
    }
    for number in ready {
        register.add(Registered::Release(number));
    }
    let named = call.get("DETAIL_RETURN").is_some();
    let details =
        if named { format!("<DETAIL_RETURN>{details}</DETAIL_RETURN>") } else { String::new() };
    structure(&message("", "", "000", "")) + &details
}
