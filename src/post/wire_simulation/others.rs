//! What others do while Carbide posts: planners, MRP, finance, the system's operators, the machine.

use std::sync::Arc;

use jiff::SignedDuration;

use super::schedule::Schedule;
use super::world::World;

/// What can be disturbed, and how often in one life.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disturbances {
    pub edits: u32,
    pub conversions: u32,
    pub mrp_runs: u32,
    pub period_closes: u32,
    pub restarts: u32,
    pub outages: u32,
    pub clock_jumps: u32,
    pub suspensions: u32,
}

type Act = fn(&World);

/// Starts them, each at times of its own.
pub fn begin(world: &Arc<World>, disturbances: Disturbances) {
    let all: [(u32, Act); 8] = [
        (disturbances.edits, edit),
        (disturbances.conversions, convert),
        (disturbances.mrp_runs, mrp),
        (disturbances.period_closes, close_period),
        (disturbances.restarts, restart),
        (disturbances.outages, outage),
        (disturbances.clock_jumps, jump),
        (disturbances.suspensions, suspend),
    ];
    for (times, act) in all {
        for _ in 0..times {
            let world = Arc::clone(world);
            let wait = SignedDuration::from_millis(world.schedule.between(0, 200_000));
            world.clone().schedule.spawn(async move {
                world.schedule.sleep(wait).await;
                act(&world);
            });
        }
    }
}

/// An order that somebody may touch: none that the journal does not know yet.
fn any_order(world: &World) -> Option<String> {
    let others = world.others.lock().unwrap();
    let free = world.sandbox.orders().into_iter().filter_map(|order| {
        let number = order["PlannedOrder"].as_str()?.to_owned();
        (!others.unknown.contains(&number)).then_some(number)
    });
    let free: Vec<String> = free.collect();
    drop(others);
    (!free.is_empty()).then(|| free[world.schedule.roll(free.len() as u32) as usize].clone())
}

fn edit(world: &World) {
    let Some(number) = any_order(world) else { return };
    if let Some(order) = world.sandbox.planner_edits(&number) {
        world.note(format!("planner edits {number}"));
        world.others.lock().unwrap().edited.insert(number, order);
    }
}

fn convert(world: &World) {
    let Some(number) = any_order(world) else { return };
    if let Some(order) = world.sandbox.planner_converts(&number) {
        world.note(format!("planner converts {number}"));
        world.others.lock().unwrap().taken.insert(number, order);
    }
}

fn mrp(world: &World) {
    world.note("MRP runs");
    for order in world.sandbox.mrp_runs() {
        let number = order["PlannedOrder"].as_str().unwrap_or_default().to_owned();
        world.note(format!("MRP deletes {number}"));
        world.others.lock().unwrap().taken.insert(number, order);
    }
}

fn close_period(world: &World) {
    world.note("finance closes 2018-09");
    world.sandbox.close_period(2018, 9, true);
}

fn restart(world: &World) {
    world.note("SAP restarts");
    world.sandbox.restarts();
    let until = world.schedule.passed() + seconds(&world.schedule, 1, 60);
    *world.down_until.lock().unwrap() = until;
}

fn outage(world: &World) {
    world.note("SAP is down");
    let until = world.schedule.passed() + seconds(&world.schedule, 60, 900);
    *world.down_until.lock().unwrap() = until;
}

fn jump(world: &World) {
    const HOURS: [i64; 4] = [1, -1, 24, -24];
    let hours = HOURS[world.schedule.roll(4) as usize];
    world.note(format!("the wall clock jumps by {hours} h"));
    world.schedule.machine.change(|now| now.wall += SignedDuration::from_hours(hours));
}

fn suspend(world: &World) {
    world.note("the machine is suspended");
    world.schedule.suspend(SignedDuration::from_secs(180));
}

fn seconds(schedule: &Schedule, from: i64, to: i64) -> SignedDuration {
    SignedDuration::from_secs(schedule.between(from, to))
}
