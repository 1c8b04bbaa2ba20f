//! One seeded life: what is posted, what goes wrong meanwhile, who dies when, and how it ends. Each seed
//! switches classes of faults on and off.

use std::sync::Arc;
use std::sync::Mutex;

use jiff::SignedDuration;
use rust_decimal::Decimal;

use crate::order::PlannedOrder;
use crate::post::at_confirm::DeleteAtConfirm;
use crate::post::change_set::ChangeSetDraft;
use crate::post::change_set::tests::draft_of;
use crate::post::document::tests::{order, posting};
use crate::post::document::{NewDocument, PlannedOrderChange, PlannedOrderDeletion};
use crate::post::key_figure::tests::key_figures;
use crate::post::order_values::OrderValues;
use crate::post::order_way::OrderWay;
use crate::post::sap_port::SapPort;
use crate::post::state::{Decision, Phase, UNDER_WAY_MAX};
use crate::sap::odata::RequestId;

use super::disk::DiskFault;
use super::network::{Chances, Fate};
use super::oracle::Oracle;
use super::others::{self, Disturbances};
use super::process::{Ended, Mortal};
use super::schedule::{LocalJob, Schedule};
use super::world::{Death, SETTLE, SimPoster, World};

/// What a process does once the change set is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Takes it back after so many seconds.
    Undo(i64),
    /// Waits until the window has closed.
    Wait,
    /// Ends.
    Leave,
}

/// What one life consists of.
#[derive(Clone, Debug)]
pub struct Life {
    /// What is posted, one change set after the other.
    pub drafts: Vec<ChangeSetDraft>,
    pub then: Then,
    /// Whether the FI document that comes last belongs to the plan before it.
    pub fi_leg: bool,
    /// How each process after the other dies.
    pub deaths: Vec<(u32, Death)>,
    /// Whether the power fails when a process dies.
    pub power: bool,
    pub disk: Vec<(u32, DiskFault)>,
    pub disturbances: Disturbances,
    pub chances: Chances,
    /// Whether another process works on the same journal.
    pub second: bool,
    /// Whether the disk says that it synced, and did not.
    pub lies: bool,
    /// Whether the next process starts within seconds, and nobody decides what waits for a person.
    pub plain: bool,
    /// What happens to the files of a process that died.
    pub after_death: Option<fn(&World)>,
}

/// What may be rolled for a request, and how often at most.
const FATES: [(Fate, u32); 18] = [
    (Fate::LostRequest, 12),
    (Fate::LostAnswer, 12),
    (Fate::Reset, 8),
    (Fate::Late, 10),
    (Fate::Twice, 15),
    (Fate::Slow, 20),
    (Fate::Page, 5),
    (Fate::PageAfter, 5),
    (Fate::Torn, 6),
    (Fate::Overloaded, 10),
    (Fate::TooMany, 10),
    (Fate::FailedBefore, 6),
    (Fate::FailedAfter, 6),
    (Fate::Locked, 8),
    (Fate::Forgotten, 8),
    (Fate::Refused, 4),
    (Fate::Unreachable, 6),
    (Fate::FalseSuccess, 25),
];

/// Orders that are in SAP when the plan is made.
pub struct Before {
    pub changed: PlannedOrder,
    pub deleted: PlannedOrder,
}

impl Before {
    /// Puts them there over a network that works.
    pub fn in_sap(world: &Arc<World>) -> Self {
        let made: Arc<Mutex<Vec<PlannedOrder>>> = Arc::default();
        let books = world.books(world.starts(None));
        let into = Arc::clone(&made);
        let makes = async move {
            for number in [7, 8] {
                let request = RequestId {
                    id: format!("{number:032}"),
                    first_sent: "2018-10-01T07:00:00Z".parse().unwrap(),
                };
                let values = order(number).values();
                let created =
                    books.create_planned_order(OrderWay::ODataV2, &values, &request).await.unwrap();
                into.lock().unwrap().push(created);
            }
        };
        world.schedule.run(vec![Box::pin(makes)], || {});
        let mut made = std::mem::take(&mut *made.lock().unwrap());
        world.others.lock().unwrap().unknown.clear();
        let (deleted, changed) = (made.pop().unwrap(), made.pop().unwrap());
        Self { changed, deleted }
    }

    pub fn wanted(&self) -> OrderValues {
        let mut wanted = OrderValues::from(&self.changed);
        wanted.quantity.amount += Decimal::TEN;
        wanted
    }

    /// A change, so many creations, and a deletion.
    pub fn plan(&self, change: bool, creations: i64, delete: bool) -> ChangeSetDraft {
        let mut documents = Vec::new();
        if change {
            documents.push(NewDocument::PlannedOrderChange(PlannedOrderChange {
                before: self.changed.clone(),
                wanted: self.wanted(),
            }));
        }
        documents.extend((1..=creations).map(|number| NewDocument::PlannedOrder(order(number))));
        if delete {
            documents.push(NewDocument::PlannedOrderDeletion(PlannedOrderDeletion {
                before: self.deleted.clone(),
            }));
        }
        draft_of(documents)
    }
}

pub fn fi_draft() -> ChangeSetDraft {
    draft_of(vec![NewDocument::FiDocument(posting())])
}

impl Life {
    /// A life in which nothing goes wrong.
    pub fn calm(drafts: Vec<ChangeSetDraft>, then: Then) -> Self {
        Self {
            drafts,
            then,
            fi_leg: false,
            deaths: Vec::new(),
            power: false,
            disk: Vec::new(),
            disturbances: Disturbances::default(),
            chances: Chances::default(),
            second: false,
            lies: false,
            plain: true,
            after_death: None,
        }
    }

    /// The life that a seed stands for.
    pub fn of(schedule: &Schedule, before: &Before) -> Self {
        let on = || schedule.happens(40);
        let orders = before.plan(on(), schedule.between(1, 4), on());
        let (drafts, fi_leg) = match schedule.roll(10) {
            0..=5 => (vec![orders], false),
            6..=7 => (vec![fi_draft()], false),
            _ => (vec![orders, fi_draft()], true),
        };
        let then = match schedule.roll(4) {
            0 | 1 => Then::Undo(schedule.between(0, 130)),
            2 => Then::Wait,
            _ => Then::Leave,
        };
        let mut life = Self { fi_leg, ..Self::calm(drafts, then) };
        let count = |most: i64| if on() { schedule.between(1, most) as u32 } else { 0 };
        life.disturbances = Disturbances {
            edits: count(2),
            conversions: count(1),
            mrp_runs: count(1),
            period_closes: count(1),
            restarts: count(2),
            outages: count(1),
            clock_jumps: count(2),
            suspensions: count(1),
        };
        for (fate, most) in FATES {
            // A third of all classes at once; the more, the less is left of each.
            if schedule.happens(30) {
                life.chances.any.push((fate, schedule.between(1, most.into()) as u32));
            }
        }
        if schedule.happens(20) {
            // Calm seeds show that it comes to an end when it can.
            life.chances.any.clear();
        }
        for _ in 0..count(3) {
            let how = match schedule.roll(3) {
                0 => Death::Before,
                1 => Death::InFlight,
                _ => Death::After,
            };
            life.deaths.push((schedule.between(1, 25) as u32, how));
        }
        life.power = on();
        if on() {
            let faults = [DiskFault::Full, DiskFault::Write, DiskFault::Sync, DiskFault::Dies];
            let fault = faults[schedule.roll(4) as usize];
            life.disk.push((schedule.between(1, 120) as u32, fault));
        }
        life.second = schedule.happens(15);
        life.plain = false;
        life
    }
}

/// What a life that ended left behind, for those who look.
pub struct Ran {
    pub world: Arc<World>,
    /// What people were told, in order.
    pub said: Vec<String>,
    /// How each change set ended.
    pub phases: Vec<Phase>,
}

impl Ran {
    /// What this life consisted of, and how it ended, for a count over many.
    pub fn met(&self) -> Vec<String> {
        let mut met: Vec<String> =
            self.phases.iter().map(|phase| format!("ended {phase}")).collect();
        let seen = self.world.seen.lock().unwrap();
        let fates = seen.iter().filter_map(|seen| {
            let (request, fate) = seen.text.split_once(": ")?;
            let plain = fate.bytes().all(|byte| byte.is_ascii_alphabetic());
            (request.starts_with('p') && plain).then(|| format!("network {fate}"))
        });
        met.extend(fates);
        let said = self.said.iter().map(|said| said.split(':').next().unwrap_or_default());
        met.extend(said.map(|code| format!("said {code}")));
        met.push(format!("orders by {}", *self.world.orders.lock().unwrap()));
        for what in [
            "planner edits",
            "planner converts",
            "MRP runs",
            "MRP deletes",
            "finance closes",
            "key figures",
            "SAP restarts",
            "SAP is down",
            "the wall clock",
            "the machine",
            "the power",
            "arrives late",
            "is dead",
        ] {
            let times = seen.iter().filter(|seen| seen.text.contains(what)).count();
            met.extend(std::iter::repeat_n(what.to_owned(), times));
        }
        met
    }
}

/// Runs the life that a seed stands for. Its trace.
///
/// # Panics
///
/// If a promise is broken.
pub fn of_seed(seed: u64) -> Ran {
    of_seed_by(seed, OrderWay::ALL[(seed / 12 % 3) as usize])
}

/// The same, with orders written by an interface of choice.
pub fn of_seed_by(seed: u64, orders: OrderWay) -> Ran {
    let companion = seed % 3 == 1;
    let world = World::of(seed, companion);
    world.note(format!("companion: {companion}, orders by {orders}"));
    *world.orders.lock().unwrap() = orders;
    // One after the other, too: it is the same code, and the order of things is plain to see.
    let sessions = if seed.is_multiple_of(4) { 1 } else { UNDER_WAY_MAX };
    world.sessions.store(sessions, std::sync::atomic::Ordering::SeqCst);
    let before = Before::in_sap(&world);
    let mut life = Life::of(&world.schedule, &before);
    if seed % 5 == 2 {
        let everywhere = DeleteAtConfirm::Everywhere(true);
        let drafts = std::mem::take(&mut life.drafts).into_iter();
        life.drafts = drafts.map(|draft| draft.hold_back(&everywhere)).collect();
    }
    if companion && seed.is_multiple_of(2) {
        let fi = |draft: &&mut ChangeSetDraft| {
            matches!(draft.documents.first(), Some(NewDocument::FiDocument(_)))
        };
        for draft in life.drafts.iter_mut().filter(fi) {
            draft.documents.push(NewDocument::KeyFigures(key_figures()));
        }
    }
    run(&world, life)
}

/// Runs one life to its end, and checks the promises at every step and after it.
pub fn run(world: &Arc<World>, life: Life) -> Ran {
    world.note(format!("{:?}, dies {:?}, power {}", life.then, life.deaths, life.power));
    let oracle = Arc::new(Mutex::new(Oracle::of(world)));
    oracle.lock().unwrap().disk_lied = life.lies;
    *world.chances.lock().unwrap() = life.chances.clone();
    for (calls, fault) in &life.disk {
        world.disk.fail_after(*calls, *fault);
    }
    others::begin(world, life.disturbances);
    let said: Arc<Mutex<Vec<String>>> = Arc::default();
    let first = lives(world.clone(), life.clone(), oracle.clone(), said.clone());
    let mut begun: Vec<LocalJob> = vec![Box::pin(first)];
    if life.second {
        begun.push(Box::pin(second(world.clone())));
    }
    world.schedule.run(begun, || oracle.lock().unwrap().look());

    world.calm();
    if life.after_death.is_some() {
        // There is no journal any more that could say how it ended.
        let said = std::mem::take(&mut *said.lock().unwrap());
        return Ran { world: world.clone(), said, phases: Vec::new() };
    }
    // Everything that is still under way arrives, and nobody gives up any more.
    for round in 0..4 {
        world.schedule.suspend(SETTLE);
        let process = world.starts(None);
        let decides = round == 1 && !life.plain;
        let mortal =
            Mortal::new(world, process, ends(world.clone(), process, decides, said.clone()));
        let ends = async move {
            mortal.await;
        };
        world.schedule.run(vec![Box::pin(ends)], || oracle.lock().unwrap().look());
    }
    let phases = oracle.lock().unwrap().at_the_end();
    let said = std::mem::take(&mut *said.lock().unwrap());
    Ran { world: world.clone(), said, phases }
}

/// A process, and after its death the next one, until one comes through.
async fn lives(
    world: Arc<World>,
    life: Life,
    oracle: Arc<Mutex<Oracle>>,
    said: Arc<Mutex<Vec<String>>>,
) {
    let deaths = life.deaths.iter().copied().map(Some).chain(std::iter::repeat_n(None, 6));
    for (nth, dies) in deaths.enumerate() {
        let process = world.starts(dies);
        let posts = posts(world.clone(), process, life.clone(), nth == 0, said.clone());
        if Mortal::new(&world, process, posts).await == Ended::Finished {
            return;
        }
        if life.power && !life.second {
            oracle.lock().unwrap().close();
            world.note("the power fails");
            world.disk.power_cut(world.seed ^ nth as u64);
            world.schedule.machine.change(|now| {
                now.boot_id = format!("boot-{}", nth + 2);
                now.since_boot = SignedDuration::ZERO;
            });
        }
        if let Some(after_death) = life.after_death {
            oracle.lock().unwrap().close();
            after_death(&world);
        }
        if life.plain {
            world.schedule.sleep(SignedDuration::from_secs(5)).await;
            continue;
        }
        // Mostly soon, sometimes so late that a person has to decide.
        let wait = world.schedule.between(1, 90);
        let late = if world.schedule.happens(10) { 40 * 60 } else { 0 };
        world.schedule.sleep(SignedDuration::from_secs(wait + late)).await;
    }
}

fn tell(world: &World, said: &Mutex<Vec<String>>, process: usize, what: impl Into<String>) {
    let what = what.into();
    let code = what.split(':').next().unwrap_or_default().to_owned();
    world.note_with(format!("p{process} says {code}"), what.clone());
    said.lock().unwrap().push(what);
}

/// What one process does: picks up what was left, posts, and ends it as it was told.
async fn posts(
    world: Arc<World>,
    process: usize,
    life: Life,
    first: bool,
    said: Arc<Mutex<Vec<String>>>,
) {
    let mut poster = match world.poster(process) {
        Ok(poster) => poster,
        Err(error) => return tell(&world, &said, process, error.to_string()),
    };
    match poster.recover().await {
        Ok(all) => all.into_iter().for_each(|one| {
            tell(&world, &said, process, format!("RECOVERED: {}", one.text));
        }),
        Err(error) => return tell(&world, &said, process, error.to_string()),
    }
    if !first {
        return;
    }
    let mut plan = None;
    for mut draft in life.drafts {
        if life.fi_leg && plan.is_some() {
            draft.after.clone_from(&plan);
        }
        let id = match poster.apply(draft).await {
            Ok(receipt) => receipt.change_set_id,
            Err(error) => return tell(&world, &said, process, error.to_string()),
        };
        tell(&world, &said, process, "POSTED");
        plan = Some(id.clone());
        let then = if life.fi_leg && life.then == Then::Leave { Then::Wait } else { life.then };
        let ended = match then {
            Then::Leave => return,
            Then::Wait => poster.wait_for_window(&id).await.map(|phase| phase.to_string()),
            Then::Undo(seconds) => {
                world.schedule.sleep(SignedDuration::from_secs(seconds)).await;
                poster.undo(Some(&id), "planner").await.map(|report| report.phase.to_string())
            }
        };
        match ended {
            Ok(phase) => tell(&world, &said, process, phase),
            Err(error) => return tell(&world, &said, process, error.to_string()),
        }
    }
}

/// Another instance on the same folder: it wants to post something of its own, or to take back.
async fn second(world: Arc<World>) {
    let wait = SignedDuration::from_millis(world.schedule.between(0, 20_000));
    world.schedule.sleep(wait).await;
    let process = world.starts(None);
    let said = Mutex::default();
    let inner = world.clone();
    let does = async move {
        let Ok(mut poster) = inner.poster(process) else { return };
        let own = draft_of(vec![NewDocument::PlannedOrder(order(20))]);
        let done = if inner.schedule.happens(50) {
            poster.apply(own).await.map(|_| "POSTED".to_owned())
        } else {
            poster.undo(None, "another").await.map(|report| report.phase.to_string())
        };
        tell(&inner, &said, process, done.unwrap_or_else(|error| error.to_string()));
    };
    Mortal::new(&world, process, does).await;
}

/// Ends what can be ended: recovers, waits for windows, and decides what waits for a person.
async fn ends(world: Arc<World>, process: usize, decides: bool, said: Arc<Mutex<Vec<String>>>) {
    let mut poster = match world.poster(process) {
        Ok(poster) => poster,
        Err(error) => return tell(&world, &said, process, error.to_string()),
    };
    if let Err(error) = poster.recover().await {
        tell(&world, &said, process, error.to_string());
    }
    let mut next = 0;
    // As one window closes, that of the deletions that waited for it may open.
    while let Some(set) = poster.list().unwrap_or_default().get(next) {
        next += 1;
        if set.phase == Phase::Open {
            let ended = poster.wait_for_window(&set.change_set_id).await;
            tell(&world, &said, process, format!("{ended:?}"));
        }
    }
    if decides {
        decide(&world, &mut poster, process).await;
    }
}

/// Whoever decides has looked: what others took is theirs, so only the rest is taken back.
async fn decide(world: &World, poster: &mut SimPoster, process: usize) {
    let taken = !world.others.lock().unwrap().taken.is_empty();
    let held = poster.list().unwrap_or_default();
    for set in held.iter().filter(|set| set.phase == Phase::Held) {
        if taken {
            continue;
        }
        let decision =
            if world.schedule.happens(50) { Decision::RollBack } else { Decision::Accept };
        let id = &set.change_set_id;
        let ended = poster.decide(id, decision, "lead planner", "looked at it").await;
        tell(world, &Mutex::default(), process, format!("{decision:?}: {ended:?}"));
    }
}
