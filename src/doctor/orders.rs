//! Planned orders: whether the interface by which they are written (`[post] orders`) is there and may be used.

use jiff::civil::date;

use super::CHECK_MAX;
use super::check::{Check, State, limited};
use super::rfc::failed;
use crate::id::{MaterialNumber, PlannedOrderNumber, PlantCode};
use crate::post::order_way::OrderWay;
use crate::sap::bapi::authority::{self, Granted, Right};
use crate::sap::bapi::planned_order as bapi;
use crate::sap::odata::Service;
use crate::sap::rfc::RfcClient;
use crate::source::sap::{PLANNED_ORDERS, PLANNED_ORDERS_V4};

pub(super) const NAME: &str = "planned orders";

/// What a role must let the user call where orders are written by BAPI.
const WRITES: [Right; 3] = [may_call(bapi::CREATE), may_call(bapi::CHANGE), may_call(bapi::DELETE)];

const fn may_call(value: &'static str) -> Right {
    Right { object: "S_RFC", field: "RFC_NAME", value }
}

/// The service that orders are written by; none by BAPI.
pub(super) const fn service(way: OrderWay) -> Option<Service> {
    match way {
        OrderWay::ODataV2 => Some(PLANNED_ORDERS),
        OrderWay::ODataV4 => Some(PLANNED_ORDERS_V4),
        OrderWay::Bapi => None,
    }
}

/// What the lines of the service come to for the writing of orders.
pub(super) fn by_service(way: OrderWay, service: Service, lines: &[Check]) -> Check {
    let token = format!("{} token", service.name);
    let of_service = |line: &&Check| line.name == service.name || line.name == token;
    let text = format!("written by {} (orders = \"{way}\")", service.name);
    match lines.iter().filter(of_service).find(|line| line.state == State::Fail) {
        Some(line) => Check::fail(
            NAME,
            format!("{text}, and its line {} fails", line.name),
            "See that line, or set orders under [post] to an interface that this system has",
        ),
        None => Check::ok(NAME, text),
    }
}

/// The BAPIs that read are called; those that write are not. Whether they may be called is asked of the
/// companion package, where it is there.
pub(super) async fn by_bapi(rfc: &RfcClient, plant: &PlantCode) -> Check {
    limited(NAME, CHECK_MAX, async {
        let (Ok(order), Ok(material)) = (PlannedOrderNumber::new("1"), MaterialNumber::new("1"))
        else {
            return Check::skipped(NAME, "no order to ask for");
        };
        // Nothing depends on whether there is such an order, or an order of such a material.
        let day = date(2000, 1, 1);
        for call in [bapi::get_detail(&order), bapi::get_list(plant, &material, (day, day))] {
            if let Err(error) = rfc.call(&call).await {
                return failed(rfc, NAME, &error);
            }
        }
        let read = format!(
            "written by BAPI (orders = \"{}\"); {} and {} may be called",
            OrderWay::Bapi,
            bapi::GET_DETAIL,
            bapi::GET_LIST
        );
        let asked = rfc.call(&authority::ask(&WRITES)).await;
        match asked.and_then(|reply| authority::answered(rfc.system(), &reply, &WRITES)) {
            Err(_) => Check::ok(
                NAME,
                format!(
                    "{read}; whether those that write may be, no harmless call shows (SU53 after the first \
                     order, or the companion package)"
                ),
            ),
            Ok(answers) => granted(&read, &answers),
        }
    })
    .await
}

fn granted(read: &str, answers: &[Granted]) -> Check {
    let refused = WRITES.iter().zip(answers).filter(|(_, granted)| **granted != Granted::Yes);
    let refused: Vec<&str> = refused.map(|(right, _)| right.value).collect();
    if refused.is_empty() {
        return Check::ok(NAME, format!("{read}, and so may those that create, change and delete"));
    }
    Check::fail(
        NAME,
        format!("{read}, but S_RFC does not let the user call {}", refused.join(", ")),
        "PFCG: the role of `carbide interfaces --role`, then SU53 as the user",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bapi_that_no_role_allows_is_named() {
        let line = granted("read", &[Granted::Yes, Granted::No, Granted::Unknown]);

        assert_eq!(line.state, State::Fail);
        assert!(line.text.contains("BAPI_PLANNEDORDER_CHANGE, BAPI_PLANNEDORDER_DELETE"));
        assert!(!line.text.contains("CREATE"), "{}", line.text);
        assert_eq!(granted("read", &[Granted::Yes; 3]).state, State::Ok);
    }

    #[test]
    fn orders_by_odata_stand_as_their_service_does() {
        let lines =
            [Check::ok("API_PLANNEDORDER", ""), Check::fail("API_PLANNEDORDER token", "", "")];

        let by = |way, service| by_service(way, service, &lines);
        let v4 = by(OrderWay::ODataV4, PLANNED_ORDERS_V4);
        assert_eq!(v4.state, State::Fail);
        assert!(v4.text.contains("API_PLANNEDORDER token"), "{}", v4.text);
        assert_eq!(by(OrderWay::ODataV2, PLANNED_ORDERS).state, State::Ok);
    }
}
