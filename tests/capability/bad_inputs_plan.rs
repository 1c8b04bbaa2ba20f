//! Plans that make no sense: refused before SAP is asked anything.

use std::sync::OnceLock;

use carbide::config::Config;
use carbide::cycle::{Installation, PlanRecord, plan_draft, sound_orders};
use carbide::period::ShiftCalendar;
use carbide::post::{NewDocument, NewPlannedOrder};
use carbide::store::{Kind, Store};
use jiff::{Timestamp, ToSpan};
use rust_decimal::Decimal;
use serde_json::json;

use crate::bad_inputs::answered;
use crate::command_line::{Plant, ended_with, text};
use crate::support::edit;

/// A plan of the example plant with its documents and settings.
struct Planned {
    plant: Plant,
    record: PlanRecord,
    documents: Vec<NewDocument>,
    config: Config,
}

fn now() -> Timestamp {
    Timestamp::now()
}

fn planned() -> &'static Planned {
    static PLANNED: OnceLock<Planned> = OnceLock::new();
    PLANNED.get_or_init(|| {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let plant = runtime.block_on(Plant::new());
        ended_with(&plant.carbide(&["plan"]), 0);
        let config = Config::load(&plant.path("carbide.toml")).unwrap();
        let store = Store::open(&config.path(&config.settings.post.directory)).unwrap();
        let (key, _, record) = store.latest::<PlanRecord>(Kind::Plan).unwrap().unwrap();
        let shifts = ShiftCalendar::three_shifts(config.zone.clone());
        let draft = plan_draft(&record, &key, &shifts, &config, "planner", now()).unwrap();
        assert!(draft.documents.len() > 2);
        Planned { plant, record, documents: draft.documents, config }
    })
}

fn order(document: &mut NewDocument) -> &mut NewPlannedOrder {
    match document {
        NewDocument::PlannedOrder(order) => order,
        _ => panic!("a plan creates planned orders"),
    }
}

/// What is said when the second order is another.
fn refused(id: &str, change: impl FnOnce(&mut NewPlannedOrder)) {
    let Planned { record, documents, config, .. } = planned();
    let mut changed = documents.clone();
    change(order(&mut changed[1]));
    let said = sound_orders(&changed, record, config, now()).unwrap_err().to_string();
    answered(id, &said);
    assert!(said.contains("item 2") || id == "plan-06", "{said}");
    assert!(said.contains("Nothing was posted"), "{said}");
}

#[test]
fn plan_01_an_order_of_nothing() {
    refused("plan-01", |order| order.quantity.amount = Decimal::ZERO);
}

#[test]
fn plan_02_an_end_before_the_start() {
    refused("plan-02", |order| order.end = order.start - 1.hour());
}

#[test]
fn plan_03_a_start_in_the_past() {
    let Planned { config, .. } = planned();
    let earliest = config.settings.plan.start.map(|day| day.at(0, 0, 0, 0));
    let earliest = earliest.unwrap_or_else(|| now().to_zoned(config.zone.clone()).datetime());
    refused("plan-03", |order| order.start = earliest - 1.minute());
}

/// A plan that lay about until its first shifts were over is not posted.
#[test]
fn plan_03_a_plan_of_last_month() {
    let Planned { record, documents, config, .. } = planned();
    let mut config = config.clone();
    config.settings.plan.start = None;
    let first = documents.clone().iter_mut().map(|one| order(one).start).min().unwrap();
    let later = (first + 30.days()).to_zoned(config.zone.clone()).unwrap().timestamp();
    let earlier = (first - 1.day()).to_zoned(config.zone.clone()).unwrap().timestamp();

    let said = sound_orders(documents, record, &config, later).unwrap_err().to_string();
    answered("plan-03", &said);
    assert!(said.contains("item 1:") && said.contains("plan again"), "{said}");
    sound_orders(documents, record, &config, earlier).unwrap();
}

/// Since the plan was made a customer wants less and another nothing any more: what it makes is not wanted
/// so, and the planner reads which orders they are.
#[tokio::test(flavor = "multi_thread")]
async fn plan_09_a_plan_that_sap_has_outrun() {
    let plant = Plant::new().await;
    ended_with(&plant.carbide(&["plan"]), 0);
    ended_with(&plant.carbide(&["post", "--plan", "latest", "--dry-run"]), 0);
    let config = Config::load(&plant.path("carbide.toml")).unwrap();
    let store = Store::open(&config.path(&config.settings.post.directory)).unwrap();
    let (_, _, record) = store.latest::<PlanRecord>(Kind::Plan).unwrap().unwrap();
    let lines: Vec<_> = record.problem.demands.values().take(2).collect();
    for (line, change) in lines.iter().zip([Some("0.500"), None]) {
        let row = json!({
            "SalesOrder": line.sales_order.as_str(), "SalesOrderItem": line.item.as_str(),
            "ScheduleLine": line.schedule_line,
        });
        let change = change.map(|quantity| json!({ "ScheduleLineOrderQuantity": quantity }));
        edit(&plant.sandbox, "A_SalesOrderScheduleLine", row, change).await;
    }
    ended_with(&plant.carbide(&["sync"]), 0);

    let refused = plant.carbide(&["post", "--plan", "latest", "--dry-run"]);

    assert_ne!(refused.status.code(), Some(0), "{}", text(&refused));
    let said = text(&refused);
    assert!(said.contains("PLAN-STALE: SAP was read again at"), "{said}");
    let [less, gone] = [lines[0], lines[1]].map(|line| line.sales_order.to_string());
    assert!(said.contains(&format!("sales order {less}")) && said.contains("0.500"), "{said}");
    assert!(said.contains(&format!("sales order {gone}")), "{said}");
    assert!(said.contains("compute again. Nothing was posted"), "{said}");
    ended_with(&plant.carbide(&["plan"]), 0);
    ended_with(&plant.carbide(&["post", "--plan", "latest", "--dry-run"]), 0);
}

/// What a plan was computed from is a day old at most.
#[test]
fn plan_09_a_plan_of_the_day_before_yesterday() {
    let Planned { plant, record, .. } = planned();
    let installation = Installation::open(&plant.path("carbide.toml")).unwrap();
    let read = installation.facts_of_plan(record, now()).unwrap().read_at;

    let said = installation.facts_of_plan(record, read + 25.hours()).unwrap_err().to_string();

    answered("plan-09", &said);
    assert!(said.contains("25 h ago"), "{said}");
    installation.facts_of_plan(record, read + 23.hours()).unwrap();
}

/// Nor is it posted a day later because somebody approved it meanwhile.
#[test]
fn plan_09_an_approval_that_took_a_day() {
    let Planned { plant, record, documents, config } = planned();
    let installation = Installation::open(&plant.path("carbide.toml")).unwrap();
    let (key, ..) = installation.store.latest::<PlanRecord>(Kind::Plan).unwrap().unwrap();
    let shifts = ShiftCalendar::three_shifts(config.zone.clone());
    let draft = plan_draft(record, &key, &shifts, config, "planner", now()).unwrap();
    assert_eq!(&draft.documents, documents);

    installation.approved_still_fits(&draft, now()).unwrap();
    let said = installation.approved_still_fits(&draft, now() + 25.hours()).unwrap_err();

    answered("plan-09", &said.to_string());
}

/// The sandbox's factory calendar works from Monday to Saturday.
#[test]
fn plan_04_a_start_on_a_day_that_is_not_worked() {
    let sunday = jiff::civil::date(2018, 10, 7).at(6, 0, 0, 0);
    refused("plan-04", |order| (order.start, order.end) = (sunday, sunday + 8.hours()));
    let Planned { record, documents, config, .. } = planned();
    let mut saturday_night = documents.clone();
    let changed = order(&mut saturday_night[1]);
    (changed.start, changed.end) = (sunday - 8.hours(), sunday);

    sound_orders(&saturday_night, record, config, now()).unwrap();
}

#[test]
fn plan_05_a_version_that_does_not_exist() {
    refused("plan-05", |order| order.production_version = "9999".parse().unwrap());
}

#[test]
fn plan_06_an_order_twice() {
    let first = order(&mut planned().documents.clone()[0]).reference.clone();
    refused("plan-06", |order| order.reference = first);
}

/// Two schedule lines of one item, equal in all that a planned order keeps of them.
#[tokio::test(flavor = "multi_thread")]
async fn plan_07_two_orders_that_sap_cannot_tell_apart() {
    let plant = Plant::new().await;
    ended_with(&plant.carbide(&["plan"]), 0);
    let config = Config::load(&plant.path("carbide.toml")).unwrap();
    let store = Store::open(&config.path(&config.settings.post.directory)).unwrap();
    let (_, _, mut record) = store.latest::<PlanRecord>(Kind::Plan).unwrap().unwrap();
    let [first, second, ..] = record.schedule.assignments.as_mut_slice() else { panic!("a plan") };
    (second.production_version, second.start_bucket) =
        (first.production_version.clone(), first.start_bucket);
    let (name, twin) = (first.planned_order.clone(), second.planned_order.clone());
    let mut line = record.problem.demands[&name].clone();
    line.schedule_line = "2".to_owned();
    let quantity = record.problem.quantity(&name).unwrap();
    record.problem.demands.insert(twin.clone(), line);
    record.problem.lots.insert(twin, quantity);
    let key = store.keep(Kind::Plan, now(), &record).unwrap();

    let refused = plant.carbide(&["post", "--plan", &key, "--no-wait"]);

    assert!(!refused.status.success());
    answered("plan-07", &text(&refused));
    assert_eq!(plant.truly_new().await, Vec::<String>::new());
}

#[test]
fn plan_08_another_plant() {
    refused("plan-08", |order| order.plant = "2000".parse().unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn plan_11_approved_by_who_asked_for_it() {
    let plant = Plant::new().await;
    plant.configure("four_eyes = false ", "four_eyes = true ");
    ended_with(&plant.carbide(&["plan"]), 0);
    ended_with(&plant.carbide(&["post", "--plan", "--request"]), 0);
    let own = plant.carbide(&["approve", "R-1"]);
    assert!(!own.status.success());
    answered("plan-11", &text(&own));
    let unapproved = plant.carbide(&["post", "--approved", "R-1", "--no-wait"]);
    assert!(!unapproved.status.success());
    assert_eq!(plant.truly_new().await, Vec::<String>::new());
}

/// What is kept under the hash of the plan is not what was approved.
#[tokio::test(flavor = "multi_thread")]
async fn plan_10_a_plan_that_was_edited_after_its_approval() {
    let plant = Plant::new().await;
    plant.configure("four_eyes = false ", "four_eyes = true ");
    ended_with(&plant.carbide(&["plan"]), 0);
    ended_with(&plant.carbide(&["post", "--plan", "--request"]), 0);
    let approved = plant.command(&["approve", "R-1"]).env("USER", "lead").output().unwrap();
    ended_with(&approved, 0);
    let config = Config::load(&plant.path("carbide.toml")).unwrap();
    let folder = config.path(&config.settings.post.directory);
    let kept = Store::open(&folder).unwrap();
    let (key, _, mut record) = kept.latest::<PlanRecord>(Kind::Plan).unwrap().unwrap();
    record.schedule.assignments[0].start_bucket += 3;
    let other = kept.keep(Kind::Plan, now(), &record).unwrap();
    rusqlite::Connection::open(folder.join("store.db"))
        .unwrap()
        .execute_batch(&format!(
            "DROP TRIGGER snapshot_is_final;
             UPDATE snapshot SET content = (SELECT content FROM snapshot WHERE key = '{other}')
             WHERE key = '{key}';"
        ))
        .unwrap();

    let posted = plant.carbide(&["post", "--approved", "R-1", "--no-wait"]);

    assert!(!posted.status.success());
    answered("plan-10", &text(&posted));
    assert!(text(&posted).contains("Nothing was posted"), "{}", text(&posted));
    assert_eq!(plant.truly_new().await, Vec::<String>::new());
}

/// Nor are other orders posted than those of the plan that is kept.
#[test]
fn plan_10_orders_that_were_edited_after_their_approval() {
    let Planned { plant, record, config, .. } = planned();
    let installation = Installation::open(&plant.path("carbide.toml")).unwrap();
    let (key, ..) = installation.store.latest::<PlanRecord>(Kind::Plan).unwrap().unwrap();
    let shifts = ShiftCalendar::three_shifts(config.zone.clone());
    let mut draft = plan_draft(record, &key, &shifts, config, "planner", now()).unwrap();
    order(&mut draft.documents[1]).quantity.amount += Decimal::ONE;

    let said = installation.approved_still_fits(&draft, now()).unwrap_err();

    answered("plan-10", &said.to_string());
}

#[test]
fn plan_12_more_orders_than_allowed() {
    let Planned { record, documents, config, .. } = planned();
    let mut small = config.clone();
    small.settings.post.documents_max = documents.len() - 1;
    let said = sound_orders(documents, record, &small, now()).unwrap_err().to_string();
    answered("plan-12", &said);
}

#[test]
fn plan_13_a_quantity_that_sap_cannot_store() {
    refused("plan-13", |order| order.quantity.amount = Decimal::new(4, 4));
}

#[test]
fn plan_14_a_demand_that_is_left_out() {
    let Planned { record, documents, config, .. } = planned();
    let said = sound_orders(&documents[1..], record, config, now()).unwrap_err().to_string();
    answered("plan-14", &said);
}

#[test]
fn a_plan_as_it_was_made_is_sound() {
    let Planned { record, documents, config, .. } = planned();
    sound_orders(documents, record, config, now()).unwrap();
}
