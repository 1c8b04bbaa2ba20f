//! What outlives a process: the SAP, the network, the disk, the clocks, and what was seen of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use jiff::SignedDuration;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::post::order_way::OrderWay;
use crate::post::settings::{PostSettings, SystemRole};
use crate::post::{PostError, Poster, SapBooks, rule::Rule};
use crate::sandbox::{LocalSandbox, SandboxOptions, TrueOrder};
use crate::sap::carrier::Network;
use crate::sap::odata::ODataClient;
use crate::sap::rfc::RfcClient;
use crate::sap::system::{Credentials, SapSystem};
use crate::secret::Secret;

use super::disk::{self, SimDisk};
use super::network::{Chances, Line, Scripted};
use super::schedule::Schedule;

/// After how long an absent document never comes. Shorter than in life: it is asked for all the time.
pub const SETTLE: SignedDuration = SignedDuration::from_secs(120);

const USER: &str = "CARBIDE";
/// Must be found nowhere on the disk.
pub const PASSWORD: &str = "canary-5f1c";

pub type SimPoster = Poster<SapBooks, Schedule>;

/// Where a process dies, counted in its requests to SAP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Death {
    /// Before the request leaves.
    Before,
    /// While SAP works on it: it arrives later.
    InFlight,
    /// After SAP did it, before the answer is there.
    After,
}

#[derive(Default)]
pub struct Process {
    pub requests: u32,
    pub dies: Option<(u32, Death)>,
    pub killed: bool,
    /// Wakes it, so that it finds out.
    pub waker: Option<std::task::Waker>,
}

/// One line of the history: what counts for the trace, and details for people.
pub struct Seen {
    pub at: SignedDuration,
    pub text: String,
    pub detail: String,
}

/// What others do to orders, as they left them.
#[derive(Default)]
pub struct Others {
    /// As a planner left them.
    pub edited: BTreeMap<String, TrueOrder>,
    /// Converted, or deleted by MRP.
    pub taken: BTreeMap<String, TrueOrder>,
    /// Orders that we created and that are not in the journal yet. Nobody touches them: until then their
    /// fields are all that we could know them by.
    pub unknown: BTreeSet<String>,
}

pub struct World {
    pub seed: u64,
    pub sandbox: LocalSandbox,
    pub schedule: Schedule,
    pub disk: Arc<SimDisk>,
    pub directory: TempDir,
    /// Documents that are on their way at the same time.
    pub sessions: AtomicUsize,
    /// By which interface orders are written.
    pub orders: Mutex<OrderWay>,
    pub chances: Mutex<Chances>,
    pub script: Mutex<Vec<Scripted>>,
    /// How often what a script or a row wants has happened.
    pub met: AtomicUsize,
    pub down_until: Mutex<SignedDuration>,
    pub processes: Mutex<Vec<Process>>,
    pub others: Mutex<Others>,
    pub seen: Mutex<Vec<Seen>>,
    /// What people at other places were told.
    pub told: Mutex<Vec<String>>,
    system: SapSystem,
}

fn template(companion: bool) -> &'static LocalSandbox {
    static TEMPLATES: [OnceLock<LocalSandbox>; 2] = [OnceLock::new(), OnceLock::new()];
    TEMPLATES[usize::from(companion)].get_or_init(|| {
        let options = SandboxOptions { companion, ..SandboxOptions::local(USER, PASSWORD) };
        LocalSandbox::new(&options).unwrap()
    })
}

impl World {
    /// A world whose SAP has the companion package, or has not.
    pub fn of(seed: u64, companion: bool) -> Arc<Self> {
        static SYSTEM: OnceLock<SapSystem> = OnceLock::new();
        // On a RAM disk where there is one; what a power cut loses is decided by the simulated disk.
        let ram = std::path::Path::new("/dev/shm");
        let directory = if ram.is_dir() { TempDir::new_in(ram) } else { TempDir::new() }.unwrap();
        let mut system = SYSTEM.get_or_init(|| SapSystem::new("SIM", "http://x", "100")).clone();
        // What SAP said to a password is remembered by address: each world has one of its own, and so
        // has a second world of the same seed.
        static WORLDS: AtomicUsize = AtomicUsize::new(0);
        let world = WORLDS.fetch_add(1, Ordering::SeqCst);
        let [.., a, b, c] = (world % 0xff_fff0 + 1).to_be_bytes();
        system.base_url = format!("http://127.{a}.{b}.{c}");
        let sandbox = template(companion).another();
        sandbox.clear_orders();
        let schedule = Schedule::new(seed);
        let sap_clock = schedule.clone();
        let begun: jiff::Timestamp = "2018-10-01T08:00:00Z".parse().unwrap();
        // SAP is another machine: its clock does not jump with ours.
        sandbox.tells_time_by(move || begun + sap_clock.passed());
        Arc::new(Self {
            seed,
            sandbox,
            schedule,
            disk: SimDisk::of(directory.path()),
            directory,
            sessions: AtomicUsize::new(1),
            orders: Mutex::default(),
            chances: Mutex::default(),
            script: Mutex::default(),
            met: AtomicUsize::default(),
            down_until: Mutex::new(SignedDuration::ZERO),
            processes: Mutex::default(),
            others: Mutex::default(),
            seen: Mutex::default(),
            told: Mutex::default(),
            system,
        })
    }

    pub fn path(&self) -> PathBuf {
        self.directory.path().join("carbide.sqlite")
    }

    /// A process starts; it dies where it is told to.
    pub fn starts(&self, dies: Option<(u32, Death)>) -> usize {
        let mut processes = self.processes.lock().unwrap();
        processes.push(Process { dies, ..Process::default() });
        processes.len()
    }

    /// The real client of one process, over the simulated network.
    pub fn books(self: &Arc<Self>, process: usize) -> SapBooks {
        let mut system = self.system.clone();
        // A new process has forgotten which password was refused.
        system.base_url.push_str(&format!(":{}", 50_000 + process));
        system.network = Network::replaced_by(Line { world: Arc::clone(self), process });
        let credentials = || Credentials { user: USER.to_owned(), password: Secret::new(PASSWORD) };
        SapBooks {
            odata: ODataClient::new(&system, &credentials()).unwrap(),
            rfc: RfcClient::new(&system, &credentials()).unwrap(),
        }
    }

    fn settings(&self) -> PostSettings {
        PostSettings::new("SIM", "100", SystemRole::Sandbox)
            .with_settle(SETTLE)
            .with_sessions(self.sessions.load(Ordering::SeqCst))
            .with_orders(*self.orders.lock().unwrap())
    }

    pub fn poster(self: &Arc<Self>, process: usize) -> Result<SimPoster, PostError> {
        self.poster_at(&self.path(), process)
    }

    /// A poster with a journal of its own.
    pub fn poster_at(
        self: &Arc<Self>,
        path: &Path,
        process: usize,
    ) -> Result<SimPoster, PostError> {
        let books = self.books(process);
        Poster::open(path, books, self.settings(), self.schedule.clone())
    }

    pub fn note(&self, text: impl Into<String>) {
        self.note_with(text, String::new());
    }

    pub fn note_with(&self, text: impl Into<String>, detail: String) {
        let at = self.schedule.passed();
        self.seen.lock().unwrap().push(Seen { at, text: text.into(), detail });
    }

    /// What happened, for people.
    pub fn history(&self) -> String {
        let seen = self.seen.lock().unwrap();
        let line = |seen: &Seen| {
            let detail: String = seen.detail.chars().take(200).collect();
            format!("{:>10.3} s  {} {detail}\n", seen.at.as_secs_f64(), seen.text)
        };
        seen.iter().map(line).collect()
    }

    /// SHA-256 over everything that happened, and when.
    pub fn trace(&self) -> String {
        let mut hash = Sha256::new();
        for seen in self.seen.lock().unwrap().iter() {
            hash.update(seen.at.as_nanos().to_be_bytes());
            hash.update(seen.text.as_bytes());
            hash.update([0]);
        }
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Nothing goes wrong from here on.
    pub fn calm(&self) {
        *self.chances.lock().unwrap() = Chances::default();
        self.script.lock().unwrap().clear();
        *self.down_until.lock().unwrap() = SignedDuration::ZERO;
        self.disk.calm();
        for (year, month) in [(2018, 9), (2018, 10)] {
            self.sandbox.close_period(year, month, false);
        }
        self.note("-- calm");
    }
}

impl Drop for World {
    fn drop(&mut self) {
        disk::forget(self.directory.path());
        if std::thread::panicking() && !Rule::is_one_away() {
            eprintln!("{}", self.history());
        }
    }
}
