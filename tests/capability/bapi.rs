//! BAPIs over SOAP-RFC: a planned order, a production order, key figures and a document from the
//! first call to the last, with the commit in the same session.

use accounting_document::{Document, Line, Reference, Reversal};
use carbide::id::{
    CompanyCode, CostCenter, GlAccount, MaterialNumber, PlannedOrderNumber, PlantCode,
};
use carbide::sandbox::RunningSandbox;
pub use carbide::sap::bapi::statistical_key_figure;
use carbide::sap::bapi::{accounting_document, planned_order, production_order};
use carbide::sap::error::{Outcome, SapError};
use carbide::sap::rfc::{Call, Reply, RfcClient, RfcSession};
use carbide::unit::Uom;
use planned_order::{NewPlannedOrder, PlannedOrderChange, PlannedOrderDetail};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use statistical_key_figure::{KeyFigureItem, KeyFigurePosting};

use crate::support::{rfc, sandbox, truth};

const SYSTEM: &str = "SBX";

pub fn new_order() -> NewPlannedOrder {
    NewPlannedOrder {
        profile: "LA".to_owned(),
        material: MaterialNumber::new("REBAR-16").unwrap(),
        plant: PlantCode::new("1010").unwrap(),
        version: Some("0002".parse().unwrap()),
        quantity: Decimal::new(10_500, 3),
        unit: Uom::Tonne,
        start: "2018-10-08".parse().unwrap(),
        finish: "2018-10-09".parse().unwrap(),
        sales_order: Some(("4711".parse().unwrap(), "10".parse().unwrap())),
    }
}

async fn said(session: &mut RfcSession, call: &Call) -> Reply {
    session.call(call).await.unwrap()
}

/// Creates an order and does not commit.
async fn created(session: &mut RfcSession) -> PlannedOrderNumber {
    let reply = said(session, &planned_order::create(&new_order()).unwrap()).await;
    planned_order::created(SYSTEM, &reply).unwrap()
}

async fn detail(
    client: &RfcClient,
    number: &PlannedOrderNumber,
) -> Result<PlannedOrderDetail, SapError> {
    let reply = client.call(&planned_order::get_detail(number)).await?;
    planned_order::detail(SYSTEM, &reply)
}

async fn exists(client: &RfcClient, number: &PlannedOrderNumber) -> bool {
    let reply = client.call(&planned_order::exist_check(number)).await.unwrap();
    planned_order::exists(SYSTEM, &reply).unwrap()
}

/// The orders of the same material and plant that start within these days.
async fn list(
    client: &RfcClient,
    like: &PlannedOrderDetail,
    days: (jiff::civil::Date, jiff::civil::Date),
) -> Vec<PlannedOrderDetail> {
    let call = planned_order::get_list(&like.plant, &like.material, days);
    planned_order::list(SYSTEM, &client.call(&call).await.unwrap()).unwrap()
}

async fn orders(sandbox: &RunningSandbox) -> String {
    truth(sandbox, "planned-orders").await.to_string()
}

async fn commits(sandbox: &RunningSandbox) -> usize {
    truth(sandbox, "ledger").await["commits"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_planned_order_is_created_read_changed_and_deleted() {
    let sandbox = sandbox().await;

    books_of_planned_orders(&sandbox, &rfc(&sandbox)).await;
}

/// The life of a planned order over one transport.
pub async fn books_of_planned_orders(sandbox: &RunningSandbox, client: &RfcClient) {
    let before = orders(sandbox).await;
    let mut session = client.session().unwrap();

    let number = created(&mut session).await;
    session.commit().await.unwrap();

    let wanted = new_order();
    let there = detail(client, &number).await.unwrap();
    let expected = PlannedOrderDetail {
        number: number.clone(),
        material: wanted.material,
        plant: wanted.plant,
        version: wanted.version,
        quantity: wanted.quantity,
        unit: wanted.unit,
        start: wanted.start,
        finish: wanted.finish,
        firm: true,
        sales_order: wanted.sales_order,
    };
    assert_eq!(there, expected);

    assert!(exists(client, &number).await);
    let day: jiff::civil::Date = expected.start;
    let listed = list(client, &expected, (day, day)).await;
    assert_eq!(
        listed.iter().filter(|order| order.number == number).collect::<Vec<_>>(),
        [&expected]
    );
    assert!(listed.iter().all(|order| order.material == expected.material && order.start == day));
    let later = (day.tomorrow().unwrap(), jiff::civil::Date::MAX);
    let later = list(client, &expected, later).await;
    assert!(later.iter().all(|order| order.number != number && order.start > day));

    let change = PlannedOrderChange {
        quantity: Some(Decimal::new(11, 0)),
        finish: Some("2018-10-11".parse().unwrap()),
        firm: Some(false),
        ..PlannedOrderChange::default()
    };
    said(&mut session, &planned_order::change(&number, &change).unwrap()).await;
    session.commit().await.unwrap();
    let changed = detail(client, &number).await.unwrap();
    let finish = "2018-10-11".parse().unwrap();
    let quantity = Decimal::new(11_000, 3);
    assert_eq!(changed, PlannedOrderDetail { quantity, finish, firm: false, ..expected });

    said(&mut session, &planned_order::delete(&number)).await;
    session.commit().await.unwrap();
    let gone = detail(client, &number).await.unwrap_err().to_string();
    assert!(gone.contains("61 404"), "{gone}");
    assert!(!exists(client, &number).await);
    assert_eq!(orders(sandbox).await, before);
}

#[tokio::test]
async fn an_order_by_bapi_is_one_of_those_that_odata_shows() {
    let sandbox = sandbox().await;
    let mut session = rfc(&sandbox).session().unwrap();
    let number = created(&mut session).await;
    session.commit().await.unwrap();

    let shown = truth(&sandbox, "planned-orders").await;
    let order = shown.as_array().unwrap().iter().find(|row| row["PlannedOrder"] == number.as_str());

    let order = order.unwrap();
    assert_eq!(order["TotalQuantity"], "10.500");
    assert_eq!(order["PlannedOrderIsFirm"], true);
    assert_eq!((&order["SalesOrder"], &order["SalesOrderItem"]), (&json!("4711"), &json!("10")));
}

#[tokio::test]
async fn without_a_commit_of_the_same_session_nothing_is_left() {
    let sandbox = sandbox().await;
    let before = orders(&sandbox).await;
    let mut rolled_back = rfc(&sandbox).session().unwrap();
    let mut dropped = rfc(&sandbox).session().unwrap();

    let number = created(&mut rolled_back).await;
    assert!(detail(&rfc(&sandbox), &number).await.is_err(), "GET_DETAIL reads what is committed");
    rolled_back.rollback().await.unwrap();
    rolled_back.commit().await.unwrap();
    created(&mut dropped).await;
    drop(dropped);
    rfc(&sandbox).session().unwrap().commit().await.unwrap();

    assert_eq!(orders(&sandbox).await, before);
    assert_eq!(commits(&sandbox).await, 0);
}

#[tokio::test]
async fn what_sap_refuses_is_a_refusal_with_its_message() {
    let sandbox = sandbox().await;
    let mut session = rfc(&sandbox).session().unwrap();
    let unknown =
        NewPlannedOrder { material: MaterialNumber::new("NO-SUCH").unwrap(), ..new_order() };

    let reply = said(&mut session, &planned_order::create(&unknown).unwrap()).await;

    let error = planned_order::created(SYSTEM, &reply).unwrap_err();
    assert_eq!(error.outcome(), Outcome::Refused);
    assert!(error.to_string().contains("E M3 305: Material NO-SUCH"), "{error}");
}

#[tokio::test]
async fn what_sap_would_round_or_cut_is_never_sent() {
    let refused = |order: &NewPlannedOrder| planned_order::create(order).unwrap_err().to_string();
    let fine = NewPlannedOrder { quantity: Decimal::new(1, 4), ..new_order() };
    let large = NewPlannedOrder {
        quantity: Decimal::new(1, 0) * Decimal::from(10_u64.pow(10)),
        ..new_order()
    };
    let none = NewPlannedOrder { quantity: Decimal::ZERO, ..new_order() };
    let profile = NewPlannedOrder { profile: "LAGER".to_owned(), ..new_order() };
    let backwards = NewPlannedOrder { finish: "2018-10-07".parse().unwrap(), ..new_order() };

    assert!(refused(&fine).starts_with("VAL-SCALE: BAPI_PLANNEDORDER_CREATE REBAR-16"));
    assert!(refused(&large).starts_with("VAL-RANGE"));
    assert!(refused(&none).starts_with("VAL-NEGATIVE"));
    assert!(refused(&profile).starts_with("VAL-LENGTH"));
    assert!(refused(&backwards).starts_with("VAL-DATE"));
}

#[tokio::test]
async fn a_planned_order_becomes_a_production_order_that_is_released_once() {
    let sandbox = sandbox().await;
    let client = rfc(&sandbox);
    let mut session = client.session().unwrap();
    let planned = created(&mut session).await;
    session.commit().await.unwrap();

    let convert = production_order::create_from_planned(&planned, "PP01").unwrap();
    let order = production_order::created(SYSTEM, &said(&mut session, &convert).await).unwrap();
    session.commit().await.unwrap();
    let release = production_order::release(std::slice::from_ref(&order));
    production_order::released(SYSTEM, &said(&mut session, &release).await).unwrap();
    session.commit().await.unwrap();

    assert!(detail(&client, &planned).await.is_err(), "the planned order is used up");
    let last = truth(&sandbox, "ledger").await["commits"].as_array().unwrap().last().cloned();
    assert_eq!(last.unwrap()["what"], format!("production order {order} released"));
    // RETURN is empty then; only DETAIL_RETURN tells.
    let again = said(&mut session, &release).await;
    assert!(again.errors().is_empty());
    let error = production_order::released(SYSTEM, &again).unwrap_err().to_string();
    assert!(error.contains("is released already"), "{error}");
}

pub fn key_figures(kilograms: Decimal) -> KeyFigurePosting {
    KeyFigurePosting {
        controlling_area: "1000".to_owned(),
        document_date: "2018-09-30".parse().unwrap(),
        posting_date: "2018-09-30".parse().unwrap(),
        text: "CO2e September".to_owned(),
        user: "CARBIDE".to_owned(),
        items: vec![KeyFigureItem {
            key_figure: "CO2E".to_owned(),
            quantity: kilograms,
            cost_center: CostCenter::new("101012").unwrap(),
            text: "Rolling mill".to_owned(),
        }],
    }
}

#[tokio::test]
async fn key_figures_are_posted_and_taken_back_by_the_negative_quantity() {
    let sandbox = sandbox().await;
    let client = rfc(&sandbox);
    let mut session = client.session().unwrap();
    let kilograms = Decimal::new(1_234_567, 3);

    let check = statistical_key_figure::check(&key_figures(kilograms)).unwrap();
    statistical_key_figure::checked(SYSTEM, &client.call(&check).await.unwrap()).unwrap();
    assert_eq!(truth(&sandbox, "ledger").await["key_figures"], json!([]));

    let mut numbers = Vec::new();
    for quantity in [kilograms, -kilograms] {
        let call = statistical_key_figure::post(&key_figures(quantity)).unwrap();
        let reply = said(&mut session, &call).await;
        numbers.push(statistical_key_figure::posted(SYSTEM, &reply).unwrap());
        session.commit().await.unwrap();
    }

    let posted = truth(&sandbox, "ledger").await["key_figures"].clone();
    let quantity = |index: usize| -> Decimal {
        let item: &Value = &posted[index]["items"][0];
        assert_eq!(item["cost_center"], "101012");
        item["quantity"].as_str().unwrap().parse().unwrap()
    };
    assert_eq!(posted[0]["number"], numbers[0].as_str());
    assert_eq!(quantity(0), kilograms);
    assert_eq!(quantity(0) + quantity(1), Decimal::ZERO);
}

#[tokio::test]
async fn key_figures_that_sap_refuses_leave_nothing_whatever_is_committed() {
    let sandbox = sandbox().await;
    let mut session = rfc(&sandbox).session().unwrap();
    let mut unknown = key_figures(Decimal::ONE);
    unknown.items[0].key_figure = "NONE".to_owned();

    let reply = said(&mut session, &statistical_key_figure::post(&unknown).unwrap()).await;
    let error = statistical_key_figure::posted(SYSTEM, &reply).unwrap_err();
    session.commit().await.unwrap();

    assert!(error.to_string().contains("E KS 149"), "{error}");
    assert_eq!(commits(&sandbox).await, 0);
}

#[tokio::test]
async fn a_reversal_is_checked_without_being_made_and_refused_when_it_was_made() {
    let sandbox = sandbox().await;

    a_reversal_is_checked_and_made(&sandbox, &rfc(&sandbox)).await;
}

/// A document, its reversal, and what SAP says to a check before and after it, over one transport.
pub async fn a_reversal_is_checked_and_made(sandbox: &RunningSandbox, client: &RfcClient) {
    let reference = |object_key| Reference { object_type: "ZCARB", object_key, system: "CARBIDE" };
    let company_code = CompanyCode::new("1010").unwrap();
    let day = "2018-10-31".parse().unwrap();
    let accounts = ["0000400000", "0000200000"].map(|number| GlAccount::new(number).unwrap());
    let line = |index: usize, amount: i64| Line {
        account: &accounts[index],
        cost_center: None,
        text: "carbon",
        amount: Decimal::new(amount, 2),
        kilograms: None,
        extension: None,
    };
    let document = Document {
        reference: reference("CHECKED-1"),
        header_text: "check",
        reference_number: "CHECKED-1",
        company_code: &company_code,
        document_date: day,
        posting_date: day,
        document_type: "SA",
        currency: "EUR",
        lines: vec![line(0, 12_345), line(1, -12_345)],
    };
    let reversal = Reversal {
        reference: reference("CHECKED-1R"),
        original_key: "CHECKED-1",
        posting_date: day,
        company_code: &company_code,
        reason: "01",
    };
    let mut session = client.session().unwrap();
    let reply = said(&mut session, &accounting_document::post(&document).unwrap()).await;
    accounting_document::registered(SYSTEM, accounting_document::POST, &reply).unwrap();
    session.commit().await.unwrap();
    let posted = truth(sandbox, "ledger").await["documents"].clone();

    let check = accounting_document::check_reversal(&reversal).unwrap();
    let reply = said(&mut session, &check).await;
    let passed = accounting_document::reversal_checked(SYSTEM, &reply).unwrap();
    session.commit().await.unwrap();

    assert!(passed.iter().any(|said| said.starts_with("S RW 614")), "{passed:?}");
    assert_eq!(truth(sandbox, "ledger").await["documents"], posted, "a check keeps nothing");

    let reply = said(&mut session, &accounting_document::reverse(&reversal).unwrap()).await;
    accounting_document::registered(SYSTEM, accounting_document::REVERSE, &reply).unwrap();
    session.commit().await.unwrap();
    let reply = said(&mut session, &check).await;

    let refused = accounting_document::reversal_checked(SYSTEM, &reply).unwrap_err();
    assert_eq!(refused.outcome(), Outcome::Refused);
    assert!(refused.to_string().contains("F5 361"), "{refused}");
}
