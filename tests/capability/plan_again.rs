//! A plan made again from the one that runs: after a breakdown, for an urgent order, for a budget in
//! danger.

use carbide::cycle::{Facts, Installation, PlanRecord, Replan, RunningPlan, Trigger};
use carbide::footprint::budget::{Budget, Quarter};
use carbide::plan::Limit;
use carbide::post::NewDocument;
use carbide::quantity::Milligrams;
use carbide::said::Said;
use carbide::store::Kind;
use jiff::Timestamp;
use serde_json::Value;

use crate::command_line::{Plant, ended_with, text};
use crate::decide_on_page::rows;
use crate::serve::{Daemon, add_user};

const QUIET: &(dyn Fn(&Said, Option<f64>) + Sync) = &|_, _| {};

/// A plant whose plan was posted and confirmed, with SAP read again.
async fn running() -> Plant {
    let plant = Plant::new().await;
    ended_with(&plant.carbide(&["plan"]), 0);
    ended_with(&plant.carbide(&["post", "--plan", "--no-wait"]), 0);
    ended_with(&plant.carbide(&["sync"]), 0);
    plant
}

fn plans(installation: &Installation, facts: &Facts, key: &str, wish: Replan) -> PlanRecord {
    let now = Timestamp::now();
    let judged = installation.judge(facts, None).unwrap();
    let limit = Limit::Work { generations: 0, moves: 30_000 };
    let config = &installation.config;
    installation.replan((key, facts), &judged, config, wish, now, limit, QUIET).unwrap()
}

fn opened(plant: &Plant) -> (Installation, String, Facts, RunningPlan) {
    let installation = Installation::open(&plant.path("carbide.toml")).unwrap();
    let (key, facts) = installation.last_facts().unwrap().unwrap();
    let running = installation.running_plan().unwrap().unwrap();
    (installation, key, facts, running)
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_plan_that_runs_there_is_nothing_to_plan_again() {
    let plant = Plant::new().await;
    let refused = plant.carbide(&["plan", "--replan"]);
    ended_with(&refused, 1);
    assert!(text(&refused).contains("no plan runs"), "{}", text(&refused));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_breakdown_what_stood_there_moves_and_only_that_is_changed_in_sap() {
    let plant = running().await;
    let (installation, _, _, ran) = opened(&plant);
    assert_eq!(ran.orders.len(), ran.record.schedule.assignments.len());
    let orders = plant.planned_orders().await;
    // The work center and shift on which most orders run, not on the first day.
    let there = |record: &PlanRecord, center: &str, bucket: usize| {
        let runs = |one: &&carbide::plan::schedule::Assignment| {
            let material = record.problem.demands[&one.planned_order].material.to_string();
            let operations = record.operations(&material, &one.production_version);
            operations.iter().any(|operation| {
                operation.work_center == center
                    && one.start_bucket + operation.bucket_offset == bucket
            })
        };
        let names = record.schedule.assignments.iter().filter(runs);
        names.map(|one| one.planned_order.clone()).collect::<Vec<_>>()
    };
    let instance = &ran.record.problem.instance;
    let (center, bucket) = (instance.work_centers.iter())
        .flat_map(|center| (3..20).map(move |bucket| (center.work_center.as_str(), bucket)))
        .max_by_key(|(center, bucket)| there(&ran.record, center, *bucket).len())
        .unwrap();
    let hit = there(&ran.record, center, bucket);
    assert!(!hit.is_empty());
    let shifts = carbide::period::ShiftCalendar::three_shifts(installation.config.zone.clone());
    let (from, to) = ran.record.problem.local_times(bucket, bucket, &shifts);
    let frozen = (ran.record.schedule.assignments.iter().map(|one| &one.planned_order))
        .find(|name| !hit.contains(name))
        .unwrap();

    let breakdown = format!("{center},{from},{to}");
    let arguments = ["plan", "--replan", "--breakdown", &breakdown, "--freeze", frozen];
    let plan = plant.json(&arguments);

    assert_eq!(plan["feasible"], true, "{plan}");
    let made = &plan["replanned"];
    assert_eq!(made["from"], ran.key);
    assert_eq!(made["triggers"][0]["what"], "breakdown", "{made}");
    assert_eq!(made["frozen"], 1);
    let changed: Vec<&str> =
        made["changed"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    for name in &hit {
        assert!(changed.contains(&name.as_str()), "{name} stands still: {changed:?}");
    }
    assert!(!changed.contains(&frozen.as_str()));
    assert!(2 * changed.len() < ran.orders.len(), "{} of {}", changed.len(), ran.orders.len());
    let (_, _, record) = installation.store.latest::<PlanRecord>(Kind::Plan).unwrap().unwrap();
    assert!(there(&record, center, bucket).is_empty());
    let sentences = record.replanned.as_ref().unwrap().sentences();
    assert!(
        sentences[0].contains(center) && sentences[0].contains("minutes a shift"),
        "{sentences:?}"
    );
    assert!(sentences.len() > 1, "{sentences:?}");

    // Only what changed goes to SAP, as changes of the orders that are there.
    let preview = plant.json(&["post", "--plan", "--dry-run"]);
    let documents = preview["documents"].as_array().unwrap();
    assert!(!documents.is_empty() && documents.len() <= changed.len(), "{preview}");
    assert!(
        documents.iter().all(|one| !one["document"]["planned_order_change"].is_null()
            || one.to_string().contains("\"before\"")),
        "{preview}"
    );
    ended_with(&plant.carbide(&["post", "--plan", "--no-wait"]), 0);
    let after = plant.planned_orders().await;
    assert_ne!(after, orders);
    let count = |text: &str| serde_json::from_str::<Value>(text).unwrap().as_array().unwrap().len();
    assert_eq!(count(&after), count(&orders), "no order is created twice");
    // From now on this plan runs, with all of its orders.
    let again = installation.running_plan().unwrap().unwrap();
    assert_eq!(again.orders, ran.orders);
    assert!(again.record.replanned.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_urgent_order_is_seen_and_is_planned_beside_what_runs() {
    let plant = running().await;
    let (installation, key, mut facts, ran) = opened(&plant);
    let judged = installation.judge(&facts, None).unwrap();
    let config = &installation.config;
    let seen = |facts: &Facts| {
        carbide::cycle::triggers(facts, &judged, config, &ran, Timestamp::now()).unwrap()
    };
    assert_eq!(seen(&facts), Vec::new());
    let mut line = ran.record.problem.demands.values().last().unwrap().clone();
    (line.sales_order, line.delivery_priority) = ("99".parse().unwrap(), 1);
    facts.orders.sales_order_lines.push(line.clone());

    let triggers = seen(&facts);
    let record = plans(&installation, &facts, &key, Replan::default());

    let urgent = Trigger::UrgentOrder { order: line.demand() };
    assert_eq!(triggers, std::slice::from_ref(&urgent));
    let made = record.replanned.as_ref().unwrap();
    assert_eq!(made.triggers, [urgent]);
    assert!(made.changed.contains(&line.demand()), "{:?}", made.changed);
    assert!(record.evaluation.feasible, "{:?}", record.evaluation.violations);
    let all = record.schedule.assignments.len();
    assert_eq!(all, ran.record.schedule.assignments.len() + 1);
    let shifts = carbide::period::ShiftCalendar::three_shifts(config.zone.clone());
    let draft =
        carbide::cycle::plan_draft(&record, "key", &shifts, config, "planner", Timestamp::now());
    let created = |one: &&NewDocument| matches!(one, NewDocument::PlannedOrder(_));
    assert_eq!(draft.unwrap().documents.iter().filter(created).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quarter_in_danger_gets_its_share_of_what_is_left() {
    let plant = running().await;
    let (mut installation, key, facts, ran) = opened(&plant);
    let quarter: Quarter = "2018-Q4".parse().unwrap();
    let budget = |kilograms: f64| Budget {
        quarter,
        scopes: vec![1, 2],
        budget: Milligrams::new((kilograms * 1e6) as i64),
        target: Milligrams::new((kilograms * 1e6) as i64),
        approved_by: "board".to_owned(),
    };
    installation.config.budgets = vec![budget(1e9)];
    let free = plans(&installation, &facts, &key, Replan::default());
    let [(of, emitted)] = free.evaluation.budgets_kg[..] else { panic!("one quarter") };
    assert_eq!(of, quarter);
    assert!((free.quarters[0].planned_kg - emitted).abs() < 1e-6 * emitted);
    assert_eq!(free.quarters[0].limit_kg, Some(1e9));
    // Fourteen days of the ninety-two that the quarter has.
    let allowed = 0.995 * emitted;
    installation.config.budgets = vec![budget(allowed * 92.0 / 14.0)];
    let trigger = Trigger::Overshoot { quarter, projected_kg: 2.0 * emitted, budget_kg: emitted };

    let wish = Replan { triggers: vec![trigger], ..Replan::default() };
    let held = plans(&installation, &facts, &key, wish);

    assert!(held.evaluation.feasible, "{:?} {:?}", held.evaluation.violations, held.conflict);
    let limit = held.quarters[0].limit_kg.unwrap();
    assert!((limit - allowed).abs() < 1e-6 * allowed, "{limit} {allowed}");
    assert!(held.evaluation.budgets_kg[0].1 <= limit * (1.0 + 1e-6));
    let made = held.replanned.unwrap();
    assert!(made.as_it_ran.violations.iter().any(|one| one.rule == "carbon_budget"));
    assert!(made.sentences()[0].contains("2018-Q4 is heading for"), "{:?}", made.sentences());
    assert_eq!(made.from, ran.key);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_daemon_plans_again_by_itself_when_new_facts_no_longer_fit_the_plan_that_runs() {
    let plant = running().await;
    let (installation, _, mut facts, ran) = opened(&plant);
    let mut line = ran.record.problem.demands.values().last().unwrap().clone();
    (line.sales_order, line.delivery_priority) = ("99".parse().unwrap(), 1);
    facts.orders.sales_order_lines.push(line.clone());
    installation.store.keep(Kind::Facts, Timestamp::now(), &facts).unwrap();
    drop(installation);
    // What was read last stays; SAP does not know of the order.
    plant.append("[serve]\ncollect_minutes = 0\n");
    add_user(&plant, "anna", "planner");
    let daemon = Daemon::start(&plant);
    let anna = daemon.somebody("anna").await;
    anna.facts().await;

    let began = std::time::Instant::now();
    let job = loop {
        let jobs = anna.get("/jobs").await;
        let of_plan = |job: &&Value| job["kind"] == "plan";
        if let Some(job) = jobs.as_array().unwrap().iter().find(of_plan) {
            break job.clone();
        }
        assert!(began.elapsed().as_secs() < 120, "{jobs}");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    };
    let plan = anna.done(&job).await;
    let page = anna.get(&format!("/plans/{plan}")).await;

    assert_eq!(job["by"], "schedule", "{job}");
    let why = page["replanned"].to_string();
    assert!(why.contains(&format!("order {} is urgent", line.demand())), "{why}");
    let posted = rows(&anna, "/tables/change-sets?limit=100").await;
    assert_eq!(posted.len(), 1, "what the schedule made waits for people: {posted:?}");
}
