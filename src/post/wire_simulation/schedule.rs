//! A scheduler that a seed decides: which of the tasks that could go on goes on next. Time passes only
//! when none can, and then at once.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use jiff::SignedDuration;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use crate::clock::{Clock, ManualClock, Moment};

/// What others start while it runs.
type Job = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What a life begins with: it never leaves its thread.
pub type LocalJob = Pin<Box<dyn Future<Output = ()>>>;

/// Polls after which a simulation that does not come to an end is called stuck.
const POLLS_MAX: u64 = 10_000_000;

/// How often the reader's tasks are given a turn before time passes: more than a page needs.
const TICKS: u32 = 8;

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

struct Task {
    job: LocalJob,
    woken: Arc<Woken>,
}

impl Task {
    fn new(job: LocalJob) -> Self {
        Self { job, woken: Arc::new(Woken(AtomicBool::new(true))) }
    }
}

struct Shared {
    /// Time that truly passed, whatever the clocks of the machine show.
    passed: SignedDuration,
    timers: BTreeMap<(SignedDuration, u64), Waker>,
    timer: u64,
    spawned: Vec<Job>,
}

/// Time, tasks and chance of one simulated world. Clones share them.
#[derive(Clone)]
pub struct Schedule {
    shared: Arc<Mutex<Shared>>,
    chance: Arc<Mutex<Pcg64>>,
    /// What the clocks of the machine show.
    pub machine: ManualClock,
}

impl Schedule {
    pub fn new(seed: u64) -> Self {
        let shared = Shared {
            passed: SignedDuration::ZERO,
            timers: BTreeMap::new(),
            timer: 0,
            spawned: Vec::new(),
        };
        Self {
            shared: Arc::new(Mutex::new(shared)),
            chance: Arc::new(Mutex::new(Pcg64::seed_from_u64(seed))),
            machine: ManualClock::at("2018-10-01T08:00:00Z".parse().unwrap()),
        }
    }

    /// A number below `below`.
    pub fn roll(&self, below: u32) -> u32 {
        self.chance.lock().unwrap().random_range(0..below)
    }

    /// A number from `from` to `to`, both included.
    pub fn between(&self, from: i64, to: i64) -> i64 {
        self.chance.lock().unwrap().random_range(from..=to)
    }

    /// Whether something happens that happens so often.
    pub fn happens(&self, percent: u32) -> bool {
        percent > 0 && self.roll(100) < percent
    }

    /// Time that truly passed.
    pub fn passed(&self) -> SignedDuration {
        self.shared.lock().unwrap().passed
    }

    pub fn spawn(&self, job: impl Future<Output = ()> + Send + 'static) {
        self.shared.lock().unwrap().spawned.push(Box::pin(job));
    }

    pub fn sleep(&self, duration: SignedDuration) -> Sleep {
        Sleep { schedule: self.clone(), due: self.passed() + duration }
    }

    /// The machine is suspended: its boot clock goes on, nothing runs.
    pub fn suspend(&self, duration: SignedDuration) {
        self.pass(self.passed() + duration);
    }

    fn pass(&self, until: SignedDuration) {
        let mut shared = self.shared.lock().unwrap();
        if until > shared.passed {
            self.machine.advance(until - shared.passed);
            shared.passed = until;
        }
    }

    /// The first timer is due. Whether there was one.
    fn ring(&self) -> bool {
        let first = self.shared.lock().unwrap().timers.pop_first();
        let Some(((due, _), waker)) = first else { return false };
        self.pass(due);
        waker.wake();
        true
    }

    /// Runs `begun` and what it starts until every task has ended; `look` is called after each step of
    /// one.
    ///
    /// # Panics
    ///
    /// If tasks wait for something that never comes.
    pub fn run(&self, begun: Vec<LocalJob>, look: impl FnMut()) {
        // The reader of pages has tasks of its own, which this runs, one after the other.
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(self.steps(begun, look));
    }

    async fn steps(&self, begun: Vec<LocalJob>, mut look: impl FnMut()) {
        let mut tasks: Vec<Task> = begun.into_iter().map(Task::new).collect();
        let mut quiet = 0;
        for _ in 0..POLLS_MAX {
            let spawned = std::mem::take(&mut self.shared.lock().unwrap().spawned);
            tasks.extend(spawned.into_iter().map(|job| Task::new(job)));
            let ready: Vec<usize> =
                (0..tasks.len()).filter(|at| tasks[*at].woken.0.load(Ordering::SeqCst)).collect();
            if ready.is_empty() {
                if tasks.is_empty() {
                    return;
                }
                if quiet < TICKS {
                    quiet += 1;
                    tokio::task::yield_now().await;
                    continue;
                }
                quiet = 0;
                assert!(self.ring(), "{} tasks wait for what never comes", tasks.len());
                continue;
            }
            quiet = 0;
            let at = ready[self.roll(ready.len() as u32) as usize];
            let task = &mut tasks[at];
            task.woken.0.store(false, Ordering::SeqCst);
            let waker = Waker::from(Arc::clone(&task.woken));
            if task.job.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
                drop(tasks.remove(at));
            }
            look();
        }
        panic!("it does not come to an end: {} tasks", tasks.len());
    }
}

/// Ends when its time has come.
pub struct Sleep {
    schedule: Schedule,
    due: SignedDuration,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut shared = self.schedule.shared.lock().unwrap();
        if shared.passed >= self.due {
            return Poll::Ready(());
        }
        shared.timer += 1;
        let key = (self.due, shared.timer);
        shared.timers.insert(key, context.waker().clone());
        Poll::Pending
    }
}

impl Clock for Schedule {
    fn now(&self) -> Moment {
        self.machine.now()
    }

    async fn sleep(&self, duration: SignedDuration) {
        Self::sleep(self, duration).await;
    }
}
