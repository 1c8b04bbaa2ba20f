//! Other methods on the same planning instance: each a process of its own, its plan judged by our evaluator.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use carbide::plan::schedule::Schedule;
use carbide::plan::{Solution, evaluate, gaps};
use serde::Deserialize;

use crate::python::python;

/// Head of the table.
pub const HEAD: &str = "| instance | method | FV | gap | gain gap | own bound | s | how it ended |\n\
                        |---|---|---|---|---|---|---|---|";
const METHODS: [&str; 5] = ["greedy", "genetic", "nsga2", "cpsat", "highs"];
const EXACT: [&str; 2] = ["cpsat", "highs"];
/// Orders beyond which the exact solvers are not tried: in a minute they find no plan of 500.
const EXACT_MOST: usize = 1_000;

/// What a peer answers.
#[derive(Deserialize)]
struct Answer {
    what: String,
    versions: String,
    threads: usize,
    seconds: f64,
    status: String,
    bound: Option<f64>,
    plan: Option<Schedule>,
}

/// The peers, and how long each may search.
pub struct Peers {
    python: PathBuf,
    seconds: f64,
    cpu: bool,
}

impl Peers {
    /// The peers, installed on first use; none if they cannot be had, which is said.
    pub fn found(seconds: f64, cpu: bool) -> Option<Self> {
        let imports = "numba, numpy, pymoo, ortools, highspy";
        let python = python("planning", "planning_requirements.txt", imports)?;
        Some(Self { python, seconds, cpu })
    }

    /// Our own row and one of each peer, which is said on the standard error as soon as it is there. Gaps
    /// are to our certificate, for everybody.
    pub fn rows(&self, name: &str, path: &Path, ours: &Solution, took: f64) -> Vec<String> {
        let fv = ours.evaluation.fv.unwrap_or(f64::NEG_INFINITY);
        let mut rows = vec![format!(
            "| {name} | **Carbide**, 2 threads | {} | {:.6} | {took:.1} | {:?} |",
            figures(ours, fv),
            ours.upper_bound,
            ours.status
        )];
        for method in METHODS {
            let row = self
                .row(method, path, ours)
                .unwrap_or_else(|why| format!("{method} | - | - | - | - | - | {why}"));
            let row = format!("| {name} | {row} |");
            eprintln!("{row}");
            rows.push(row);
        }
        rows
    }

    /// FV and CPU seconds of AW-MOGA compiled by Numba, in the paper's setting and on one thread.
    pub fn paper(&self, path: &Path, ours: &Solution) -> Result<(f64, f64), String> {
        let answer = self.answer("awmoga", path, true)?;
        let plan = answer.plan.ok_or("no plan")?;
        let judged = evaluate(&ours.instance, &plan);
        let fv = judged.fv.filter(|_| judged.feasible).ok_or("a plan that breaks rules")?;
        Ok((fv, answer.seconds))
    }

    fn row(&self, method: &str, path: &Path, ours: &Solution) -> Result<String, String> {
        if EXACT.contains(&method) && ours.instance.planned_orders.len() > EXACT_MOST {
            return Err("not tried".to_owned());
        }
        let answer = self.answer(method, path, self.cpu)?;
        let mut ended = answer.status;
        let what = match answer.plan {
            None => "no plan | - | -".to_owned(),
            Some(plan) => {
                let judged = evaluate(&ours.instance, &plan);
                if !judged.feasible {
                    ended.push_str(&format!(", breaks {} rules", judged.violations.len()));
                }
                judged.fv.map_or("no figure | - | -".to_owned(), |fv| figures(ours, fv))
            }
        };
        let threads = match answer.threads {
            1 => "1 thread".to_owned(),
            threads => format!("{threads} threads"),
        };
        Ok(format!(
            "{}, {threads} ({}) | {what} | {} | {:.1} | {ended}",
            answer.what,
            answer.versions,
            answer.bound.map_or("-".to_owned(), |bound| format!("{bound:.6}")),
            answer.seconds,
        ))
    }

    fn answer(&self, method: &str, path: &Path, cpu: bool) -> Result<Answer, String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let cache = root.join("target/bench-peers/planning/cache");
        let output = tempfile::NamedTempFile::new().map_err(|error| error.to_string())?;
        let mut command = Command::new(&self.python);
        command
            .arg(root.join("benches/peers/planning_peers.py"))
            .arg(method)
            .arg(path)
            .args(["--seconds", &self.seconds.to_string()])
            .args(cpu.then_some("--cpu"))
            .env("PYTHONPYCACHEPREFIX", &cache)
            .env("NUMBA_CACHE_DIR", &cache)
            .stdout(output.reopen().map_err(|error| error.to_string())?)
            .stderr(Stdio::null());
        let mut child = command.spawn().map_err(|error| error.to_string())?;
        // Building the model is not counted, and CPU seconds come slowly on a shared machine.
        let slowly = if cpu { 50.0 } else { 2.0 };
        let patience = Duration::from_secs_f64(slowly * self.seconds + 600.0);
        let began = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
                break status;
            }
            if began.elapsed() > patience {
                child.kill().and_then(|()| child.wait()).map_err(|error| error.to_string())?;
                return Err(format!("not finished in {} s", patience.as_secs()));
            }
            std::thread::sleep(Duration::from_millis(50));
        };
        let text = std::fs::read(output.path()).map_err(|error| error.to_string())?;
        serde_json::from_slice(&text).map_err(|_| format!("failed ({status})"))
    }
}

/// FV, gap and gain gap to the bound of our certificate.
fn figures(ours: &Solution, fv: f64) -> String {
    let (gap, gain) = gaps(ours.upper_bound, fv, ours.instance.weights.gamma);
    format!("{fv:.6} | {:.2} % | {:.1} %", 100.0 * gap, 100.0 * gain)
}
