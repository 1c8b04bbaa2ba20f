//! Every fault at every step, by name: it is injected there, and how the change set ends, what is in SAP
//! and what people are told is what the row says. `faults.csv` has the rows; those that do not apply are
//! struck with a reason, and `docs/faults.md` is made of them.

mod order_bapi;
mod rows;

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use jiff::SignedDuration;

use crate::post::failpoint::{self, Died};
use crate::post::journal::Journal;
use crate::post::order_way::OrderWay;
use crate::post::state::Phase;

use super::disk::{self, DiskFault};
use super::life::{self, Before, Life, Ran, Then, fi_draft};
use super::network::{Does, Fate, Scripted};
use super::two_hosts;
use super::world::{Death, World};
use order_bapi::OrderBapi;
use rows::{Row, rows};

/// Where a step of the protocol is.
#[derive(Clone, Copy)]
enum Place {
    /// The `nth` record of this kind is written.
    Record(&'static str, u32),
    /// The `nth` request whose name contains this.
    Request(&'static str, u32),
}

/// Whether a step is about an FI document.
fn is_fi(step: &str) -> bool {
    step.starts_with('F') || matches!(step, "P4" | "R5")
}

fn place(step: &str, bapi: Option<OrderBapi>) -> Place {
    use Place::{Record, Request};
    match (step, bapi) {
        ("A7", Some(bapi)) => return Request(bapi.function(), 0),
        ("A8", Some(bapi)) => return Request("BAPI_TRANSACTION_COMMIT", bapi.commit()),
        _ => {}
    }
    match step {
        "P1" => Record("JOURNAL_CREATED", 0),
        "P2" => Request("Z_CARBIDE_LEASE", 0),
        "P3" => Request("GET A_PlannedOrder('1001')", 0),
        "P4" => Request("BAPI_ACC_DOCUMENT_CHECK", 0),
        "P5" => Record("SPACE_RESERVED", 0),
        "P6" => Record("BACKUP_SEALED", 0),
        "P7" => Record("PREPARED", 0),
        "A1" => Record("APPLYING", 0),
        "A2" => Record("ITEM_INTENT", 1),
        "A3" => Request("GET $root", 0),
        "A4" => Request("POST A_PlannedOrder", 0),
        "A5" => Request("PATCH A_PlannedOrder", 0),
        "A6" => Request("DELETE A_PlannedOrder('1002')", 0),
        "A9" => Request("GET A_PlannedOrder('1003')", 0),
        "A10" => Record("ITEM_OUTCOME", 1),
        "W1" => Record("OPEN", 0),
        "W2" => Request("GET A_PlannedOrder('1003')", 1),
        "W3" => Record("CONFIRMED", 0),
        "F1" => Record("ITEM_INTENT", 0),
        "F2" => Request("BAPI_ACC_DOCUMENT_POST", 0),
        "F3" => Request("BAPI_TRANSACTION_COMMIT", 0),
        "F4" => Request("BAPI_ACC_DOCUMENTS_RECORD", 1),
        "F5" => Record("ITEM_OUTCOME", 0),
        "R1" => Record("ROLLING_BACK", 0),
        "R2" => Request("GET A_PlannedOrder('1003')", 1),
        "R3" => Record("COMP_INTENT", 1),
        "R4" => Request("DELETE A_PlannedOrder('1003')", 0),
        "R5" => Request("BAPI_ACC_DOCUMENT_REV_POST", 0),
        "R6" => Request("GET A_PlannedOrder('1003')", 2),
        "R7" => Record("COMP_OUTCOME", 1),
        "R8" => Record("ROLLED_BACK", 0),
        other => panic!("{other} has no place"),
    }
}

/// How often in a row a request meets its fate, so that it is not mended below the port already.
fn times(step: &str, fault: &str) -> u32 {
    let read = matches!(step, "P3" | "P4" | "A3" | "A9" | "W2" | "F4" | "R2" | "R6");
    if read && !fault.starts_with("http_401") { 8 } else { 1 }
}

const MINUTES_10: SignedDuration = SignedDuration::from_mins(10);

/// What a fault does to a request.
fn does(step: &str, fault: &str) -> Does {
    let act = Does::Act;
    Does::Meet(match fault {
        "request_lost" => Fate::LostRequest,
        "response_lost" => Fate::LostAnswer,
        "slow_gt_deadline" | "delayed_beyond_timeout_then_executed" => Fate::Late,
        "sap_down" => Fate::Unreachable,
        "http_429_503" | "http_429_503_before_dispatch" => Fate::Overloaded,
        "http_500" | "http_5xx_before_commit" => Fate::FailedBefore,
        "http_5xx_after_commit" => Fate::FailedAfter,
        "garbled_200_html" => Fate::Page,
        "http_401" => Fate::NotLetIn,
        "http_403_authorization" => Fate::Forbidden,
        "http_403_csrf" => Fate::Forgotten,
        "http_423_or_lock_message" => Fate::Locked,
        "http_428_etag_required" => Fate::NoVersion,
        "duplicate_delivery" => Fate::Twice,
        "requestid_outdated_COS005" => Fate::Outdated,
        "repeatability_unsupported" => Fate::Fine,
        "sap_restart_session_lost" => Fate::Restarted,
        "return_type_E" => Fate::Refused,
        "success_without_commit" => Fate::FalseSuccess,
        "update_task_terminated_SM13" => Fate::UpdateEnds,
        "readback_mismatch" if step == "R6" => Fate::FalseSuccess,
        "kill9_before" => return Does::Die(Death::Before),
        "kill9_in_flight" => return Does::Die(Death::InFlight),
        "kill9_after" => return Does::Die(Death::After),
        "sap_down_10min" => {
            return act(|world| {
                *world.down_until.lock().unwrap() = world.schedule.passed() + MINUTES_10;
            });
        }
        "wall_clock_plus_1h" => return act(|world| turn(world, 1)),
        "wall_clock_minus_1h" => return act(|world| turn(world, -1)),
        "suspend_3min" => return act(|world| world.schedule.suspend(SignedDuration::from_mins(3))),
        "second_instance_same_dir" => return act(|world| second_instance(world)),
        "second_instance_other_host" => return act(two_hosts::another_asks),
        "period_closed" | "period_closed_meanwhile" => {
            return act(|world| world.sandbox.close_period(2018, 9, true));
        }
        "changed_since_plan" => return act(|world| edit(world, "1001")),
        "not_restorable" => return act(|world| world.sandbox.fixes_components("1001")),
        "http_412_etag" => match step {
            "A5" => return act(|world| edit(world, "1001")),
            "A6" => return act(|world| edit(world, "1002")),
            _ => return act(|world| edit(world, "1003")),
        },
        "http_404_gone" => match step {
            "A5" => return act(|world| take(world, "1001")),
            "A6" => return act(|world| take(world, "1002")),
            _ => return act(|world| take(world, "1003")),
        },
        "planner_edit" => return act(|world| edit(world, "1003")),
        "converted_to_production_order" | "deleted_by_mrp" => {
            return act(|world| take(world, "1003"));
        }
        "readback_mismatch" => return act(|world| world.sandbox.alters_silently("1003")),
        "reader_sees_two" => return act(|world| world.sandbox.twins("1003")),
        "already_reversed" => return act(|world| world.sandbox.finance_reverses()),
        other => panic!("{other} at {step} is not known"),
    })
}

fn turn(world: &World, hours: i64) {
    world.schedule.machine.change(|now| now.wall += SignedDuration::from_hours(hours));
}

fn edit(world: &World, number: &str) {
    if let Some(order) = world.sandbox.planner_edits(number) {
        world.others.lock().unwrap().edited.insert(number.to_owned(), order);
    }
}

fn take(world: &World, number: &str) {
    if let Some(order) = world.sandbox.planner_converts(number) {
        world.others.lock().unwrap().taken.insert(number.to_owned(), order);
    }
}

/// Another process wants to write, at this very moment.
fn second_instance(world: &World) {
    let now = crate::clock::Clock::now(&world.schedule.machine);
    let refused = Journal::open(&world.path(), &now).and_then(|mut journal| {
        let writing = journal.begin_writing();
        writing.map(drop)
    });
    let said = match refused {
        Ok(()) => "it may write".to_owned(),
        Err(error) => error.to_string(),
    };
    world.told.lock().unwrap().push(said);
}

/// Does at a record what the fault is, before it is written (`durable` is false) or after.
fn at_record(world: &Arc<World>, fault: &str, durable: bool) {
    world.met.fetch_add(1, Ordering::SeqCst);
    let dies = || std::panic::resume_unwind(Box::new(Died));
    match (fault, durable) {
        ("kill9_before", false) | ("kill9_after" | "bit_flip_in_middle", true) => dies(),
        ("fsync_lies_then_power_loss", true) => dies(),
        ("fsync_lies_then_power_loss", false) => world.disk.fail_after(1, DiskFault::Lies),
        ("disk_full", false) => world.disk.fail_after(1, DiskFault::Full),
        ("eio_on_fsync", false) => world.disk.fail_after(1, DiskFault::Sync),
        ("torn_record_at_tail", false) => world.disk.fail_after(1, DiskFault::DiesSyncing),
        ("wall_clock_plus_1h", false) => turn(world, 1),
        ("wall_clock_minus_1h", false) => turn(world, -1),
        ("second_instance_other_host", false) => two_hosts::another_asks(world),
        ("suspend_3min", false) => world.schedule.suspend(SignedDuration::from_mins(3)),
        ("second_instance_same_dir", false) => {
            let before = disk::leave();
            second_instance(world);
            disk::enter(before);
        }
        _ => {}
    }
}

/// A bit of a row in the middle of the journal is turned.
fn damage(world: &World) {
    let address = format!("file:{}?vfs=unix", world.path().display());
    let sql = rusqlite::Connection::open(address).unwrap();
    sql.execute_batch(
        "DROP TRIGGER journal_is_never_updated;
         UPDATE journal SET payload = payload || ' '
          WHERE seq = (SELECT (max(seq) + 1) / 2 FROM journal);",
    )
    .unwrap();
}

/// Runs the life of a row, at this BAPI if its step is one of all of them.
fn run(row: &Row, bapi: Option<OrderBapi>) -> Ran {
    let name = format!("{}{}", row.id(), bapi.map_or("", OrderBapi::name));
    let seed = name.bytes().fold(7, |seed: u64, byte| seed.wrapping_mul(31) + u64::from(byte));
    // Only the companion keeps the machines of two journals apart.
    let companion = row.step == "P2" || row.fault == "second_instance_other_host";
    let world = World::of(seed, companion);
    let before = Before::in_sap(&world);
    if bapi.is_some() {
        *world.orders.lock().unwrap() = OrderWay::Bapi;
    }
    let draft = if is_fi(&row.step) { fi_draft() } else { before.plan(true, 1, true) };
    let then = match row.step.as_str() {
        _ if row.fault == "user_rollback_vs_expiry_race" => Then::Undo(120),
        step if step.starts_with('R') => Then::Undo(10),
        _ => Then::Wait,
    };
    let mut life = Life::calm(vec![draft], then);
    life.power = matches!(row.fault.as_str(), "torn_record_at_tail" | "fsync_lies_then_power_loss");
    life.lies = row.fault == "fsync_lies_then_power_loss";
    life.after_death = (row.fault == "bit_flip_in_middle").then_some(damage as fn(&World));
    if row.fault == "user_rollback_vs_expiry_race" {
        return life::run(&world, life);
    }
    match place(&row.step, bapi) {
        Place::Record(kind, mut nth) => {
            let (world, fault) = (world.clone(), row.fault.clone());
            let mut is_here = false;
            failpoint::on_append(Some(Box::new(move |written, durable| {
                if written == kind && !durable {
                    is_here = nth == 0;
                    nth = nth.wrapping_sub(1);
                }
                if written == kind && is_here {
                    at_record(&world, &fault, durable);
                }
            })));
        }
        Place::Request(request, nth) => {
            let (mut request, mut nth) = (request, nth);
            match (row.step.as_str(), row.fault.as_str()) {
                // The delete before it says that it was done, and was not.
                ("R6", "readback_mismatch") => {
                    (request, nth) = ("DELETE A_PlannedOrder('1003')", 0);
                }
                ("R5", "update_task_terminated_SM13") => {
                    (request, nth) = ("BAPI_TRANSACTION_COMMIT", 1);
                }
                // The companion's one function does what the BAPI and its commit do.
                ("F2" | "F3", "second_instance_other_host") => {
                    (request, nth) = ("Z_CARBIDE_EXEC", 0);
                }
                ("R5", "second_instance_other_host") => (request, nth) = ("Z_CARBIDE_EXEC", 1),
                ("R5", "already_reversed") => (request, nth) = ("BAPI_ACC_DOCUMENTS_RECORD", 2),
                ("A9", "reader_sees_two") => {
                    let lost = Does::Meet(Fate::LostAnswer);
                    world.script.lock().unwrap().push(Scripted {
                        request: "POST A_PlannedOrder",
                        nth: 0,
                        times: 1,
                        does: lost,
                    });
                    // After the search before anything was sent.
                    (request, nth) = ("GET A_PlannedOrder", 4);
                }
                _ => {}
            }
            let does = does(&row.step, &row.fault);
            let times =
                if matches!(does, Does::Meet(_)) { times(&row.step, &row.fault) } else { 1 };
            let mut requests = vec![request];
            if row.step == "A3" {
                requests.push("GET $metadata");
            }
            for request in requests {
                let script = Scripted { request, nth, times, does };
                world.script.lock().unwrap().push(script);
            }
        }
    }
    let ran = life::run(&world, life);
    failpoint::on_append(None);
    ran
}

/// How the life ended, in the words of the rows.
fn ended(ran: &Ran) -> &'static str {
    match ran.phases.last() {
        None => "nothing",
        Some(Phase::Confirmed) => "done",
        Some(Phase::RolledBack) => "back",
        Some(Phase::RolledBackConflicts) => "conflicts",
        Some(Phase::Refused) => "refused",
        Some(Phase::Held) => "held",
        Some(other) => panic!("still {other}"),
    }
}

/// What our user has in SAP fits to how it ended, beyond what the oracle checks at every step.
fn in_sap(row: &Row, ran: &Ran, ended: &str) -> Result<(), String> {
    let documents = ran.world.sandbox.documents();
    let stands = documents.iter().filter(|of| of.reversed_by.is_none() && of.reverses.is_none());
    let stands = stands.count();
    let written = ran.world.sandbox.commits(2).iter().filter(|c| c.user == "CARBIDE").count();
    let fits = match ended {
        "nothing" | "refused" => written == 0,
        "done" if is_fi(&row.step) => stands == 1,
        "back" | "conflicts" => stands == 0,
        _ => true,
    };
    if fits { Ok(()) } else { Err(format!("{ended}: {stands} documents, {written} commits")) }
}

fn fails(row: &Row) -> Option<String> {
    match OrderBapi::of_step(&row.step) {
        [] => fails_at(row, None),
        bapis => {
            let problems = bapis.iter().filter_map(|bapi| {
                let problem = fails_at(row, Some(*bapi))?;
                Some(format!("{}: {problem}", bapi.name()))
            });
            let problems: Vec<String> = problems.collect();
            (!problems.is_empty()).then(|| problems.join("; "))
        }
    }
}

fn fails_at(row: &Row, bapi: Option<OrderBapi>) -> Option<String> {
    let ran = run(row, bapi);
    if row.fault != "user_rollback_vs_expiry_race" && ran.world.met.load(Ordering::SeqCst) == 0 {
        return Some("the fault was never met".to_owned());
    }
    if row.ends == "damaged" {
        let told = ran.said.iter().any(|said| said.starts_with("JRN-CORRUPT"));
        return (!told).then(|| format!("nobody was told: {:?}", ran.said));
    }
    let (ended, ends) = (ended(&ran), row.ends_at(bapi));
    if !ends.split('|').any(|end| end == ended) {
        return Some(format!("it ended {ended}, not {ends}: {:?}", ran.said));
    }
    if let Err(problem) = in_sap(row, &ran, ended) {
        return Some(problem);
    }
    let told = ran.world.told.lock().unwrap().clone();
    let told = ran.said.iter().chain(&told).any(|said| said.contains(&row.says));
    (!told && !row.says.is_empty()).then(|| format!("nobody read {}: {:?}", row.says, ran.said))
}

#[test]
fn every_fault_at_every_step_ends_as_its_row_says() {
    let rows = rows();
    let wanted = std::env::var("CARBIDE_FAULT").ok();
    let run = rows.iter().filter(|row| row.by == "matrix");
    let run: Vec<&Row> =
        run.filter(|row| wanted.as_ref().is_none_or(|id| *id == row.id())).collect();
    let wrong: Mutex<Vec<String>> = Mutex::default();
    let next = std::sync::atomic::AtomicUsize::new(0);
    let work = || {
        while let Some(row) = run.get(next.fetch_add(1, std::sync::atomic::Ordering::SeqCst)) {
            let row_fails = std::panic::AssertUnwindSafe(|| fails(row));
            let failed = std::panic::catch_unwind(row_fails).unwrap_or_else(|panic| {
                failpoint::on_append(None);
                Some(panic.downcast_ref::<String>().cloned().unwrap_or("a panic".to_owned()))
            });
            if let Some(problem) = failed {
                wrong.lock().unwrap().push(format!("{}: {problem}", row.id()));
            }
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(work);
        scope.spawn(work);
    });
    let mut wrong = wrong.into_inner().unwrap();
    wrong.sort();
    println!("{} rows were run", run.len());
    assert!(wrong.is_empty(), "{} rows:\n{}", wrong.len(), wrong.join("\n"));
}
