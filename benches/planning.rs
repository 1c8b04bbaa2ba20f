//! How good plans are, and how soon: the gain gap of the search by profile and size, with AW-MOGA as
//! published on the same columns in the same run, and what grows with what.
//!
//! `cargo bench --bench planning`; `-- --seeds N` for the median of so many, `-- --only M-steel` for
//! some instances, `-- --cpu` where other work shares the cores: a second is then two CPU seconds of
//! this process, which is what it gets on two free cores. Files named behind it are planned too.
//! `-- --peers` plans each instance by the methods of `peers/planning_peers.py` as well, each with
//! `--peer-seconds S` (60), and judges their plans by the same evaluator; `-- --paper` only by its AW-MOGA.

#[path = "measure/planning_peers.rs"]
mod planning_peers;
#[path = "measure/process.rs"]
mod process;
#[path = "measure/python.rs"]
mod python;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Instant;

use carbide::plan::instance::Instance;
use carbide::plan::{Limit, Solution, SolveOptions, gaps, solve};
use flate2::read::GzDecoder;

use carbide::said::Said;
use planning_peers::Peers;
use process::{cpu_seconds, forget_peak, peak_kib, worked_seconds};

/// Threads of the search: its two islands.
const THREADS: usize = 2;
/// Generations of AW-MOGA in the paper.
const GENERATIONS: usize = 100;
struct Arguments {
    seeds: u64,
    only: Option<String>,
    cpu: bool,
    peers: bool,
    paper: bool,
    peer_seconds: f64,
    files: Vec<PathBuf>,
}

/// The tables that follow the first.
#[derive(Default)]
struct Tables {
    peers: Vec<String>,
    paper: Vec<String>,
    growth: Vec<String>,
}

fn main() {
    let arguments = arguments();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/planning");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    files.retain(|path| {
        let name = name(path);
        let sized = ["S-", "M-", "L-", "XL-"].iter().any(|size| name.starts_with(size));
        sized && !name.ends_with(".best")
    });
    files.extend(arguments.files.iter().cloned());
    files.retain(|path| arguments.only.as_ref().is_none_or(|only| name(path).contains(only)));
    files.sort_by_key(|path| (std::fs::metadata(path).map(|m| m.len()).unwrap_or(0), path.clone()));
    let asked = arguments.peers || arguments.paper;
    let peers = asked.then(|| Peers::found(arguments.peer_seconds, arguments.cpu)).flatten();
    let mut tables = Tables::default();
    println!("| instance | orders | s | FV | bound | gap | gain gap |");
    println!("|---|---|---|---|---|---|---|");
    // One for all: what threads have worked is known as long as they live.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(THREADS).build().unwrap();
    for path in &files {
        row(path, &arguments, &pool, peers.as_ref(), &mut tables);
    }
    if !tables.peers.is_empty() {
        println!("\n{}", planning_peers::HEAD);
        tables.peers.iter().for_each(|line| println!("{line}"));
    }
    println!(
        "\n| instance | AW-MOGA {GENERATIONS} FV | gain gap | CPU s | s | compiled peer: FV | CPU s | faster | own search as good after CPU s | s with reading | sooner than AW-MOGA | than the peer |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|");
    tables.paper.iter().for_each(|line| println!("{line}"));
    println!("\n| instance | orders | first plan s | certificate s | peak MiB |");
    println!("|---|---|---|---|---|");
    tables.growth.iter().for_each(|line| println!("{line}"));
}

fn arguments() -> Arguments {
    let mut arguments = Arguments {
        seeds: 1,
        only: None,
        cpu: false,
        peers: false,
        paper: false,
        peer_seconds: 60.0,
        files: Vec::new(),
    };
    let mut given = std::env::args().skip(1);
    while let Some(argument) = given.next() {
        match argument.as_str() {
            "--seeds" => arguments.seeds = given.next().and_then(|n| n.parse().ok()).unwrap_or(1),
            "--only" => arguments.only = given.next(),
            "--cpu" => arguments.cpu = true,
            "--peers" => arguments.peers = true,
            "--paper" => arguments.paper = true,
            "--peer-seconds" => {
                arguments.peer_seconds = given.next().and_then(|s| s.parse().ok()).unwrap_or(60.0);
            }
            // What cargo itself adds.
            "--bench" => {}
            file => arguments.files.push(PathBuf::from(file)),
        }
    }
    arguments
}

fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.trim_end_matches(".gz").trim_end_matches(".json").to_owned()
}

/// One search of ours, in seconds of the clock but for `as_good`.
struct Run {
    solution: Solution,
    first_plan: f64,
    certificate: f64,
    /// Seconds of the whole.
    took: f64,
    /// CPU seconds until the plan was as good as AW-MOGA's last, and those of the clock with reading.
    as_good: Option<(f64, f64)>,
    peak_kib: u64,
}

fn row(
    path: &Path,
    arguments: &Arguments,
    pool: &rayon::ThreadPool,
    peers: Option<&Peers>,
    tables: &mut Tables,
) {
    // Reading is part of the time, as on the command line.
    let (began, worked) = (Instant::now(), cpu_seconds());
    let instance = read(path);
    let reading = match arguments.cpu {
        true => (cpu_seconds() - worked) / THREADS as f64,
        false => began.elapsed().as_secs_f64(),
    };
    let orders = instance.planned_orders.len();
    let seconds = match orders {
        0..200 => 1.0,
        200..1_000 => 5.0,
        1_000..5_000 => 15.0,
        _ => 30.0,
    };
    let (genetic, genetic_cpu, genetic_clock) = pool.install(|| genetic(&instance));
    let target = genetic.evaluation.fv.filter(|_| genetic.evaluation.feasible);
    let mut runs: Vec<Run> = (1..=arguments.seeds)
        .map(|seed| {
            pool.install(|| run(&instance, seed, (reading, seconds), target, arguments.cpu))
        })
        .collect();
    runs.sort_by(|a, b| gain_gap(&a.solution).total_cmp(&gain_gap(&b.solution)));
    let median = &runs[runs.len() / 2];
    let (name, solution) = (name(path), &median.solution);
    let fv = solution.evaluation.fv.unwrap();
    let gamma = solution.instance.weights.gamma;
    let (gap, gain) = gaps(solution.upper_bound, fv, gamma);
    println!(
        "| {name} | {orders} | {seconds} | {fv:.6} | {:.6} | {:.2} % | {:.2} % |",
        solution.upper_bound,
        100.0 * gap,
        100.0 * gain,
    );
    if let Some(peers) = peers.filter(|_| arguments.peers) {
        tables.peers.extend(peers.rows(&name, path, solution, median.took));
    }
    let compiled = peers.map(|peers| peers.paper(path, solution));
    if let Some(Err(why)) = &compiled {
        eprintln!("{name}: AW-MOGA of the peers: {why}");
    }
    let compiled = compiled.and_then(Result::ok);
    let written = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
    let as_good = median.as_good;
    tables.paper.push(format!(
        "| {name} | {} | {} | {genetic_cpu:.3} | {genetic_clock:.3} | {} | {} | {} | {} | {} | {} | {} |",
        written(target.map(|fv| format!("{fv:.6}"))),
        written(target.map(|fv| {
            format!("{:.1} %", 100.0 * gaps(solution.upper_bound, fv, gamma).1)
        })),
        written(compiled.map(|(fv, _)| format!("{fv:.6}"))),
        written(compiled.map(|(_, cpu)| format!("{cpu:.2}"))),
        written(compiled.map(|(_, cpu)| format!("{:.1} x", cpu / genetic_cpu))),
        written(as_good.map(|(cpu, _)| format!("{cpu:.4}"))),
        written(as_good.map(|(_, clock)| format!("{clock:.3}"))),
        written(as_good.map(|(cpu, _)| format!("{:.1} x", genetic_cpu / cpu))),
        written(as_good.zip(compiled).map(|((ours, _), (_, peer))| format!("{:.0} x", peer / ours))),
    ));
    let middle = |of: &dyn Fn(&Run) -> f64| {
        let mut values: Vec<f64> = runs.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    tables.growth.push(format!(
        "| {name} | {orders} | {:.2} | {:.2} | {:.0} |",
        middle(&|run| run.first_plan),
        middle(&|run| run.certificate),
        middle(&|run| run.peak_kib as f64 / 1024.0),
    ));
}

/// Plans for so many seconds, of which reading took a part.
fn run(
    instance: &Instance,
    seed: u64,
    (reading, seconds): (f64, f64),
    target: Option<f64>,
    cpu: bool,
) -> Run {
    forget_peak();
    let (began, worked) = (Instant::now(), cpu_seconds());
    let gone = || match cpu {
        true => reading + (cpu_seconds() - worked) / THREADS as f64,
        false => reading + began.elapsed().as_secs_f64(),
    };
    let share = || gone() / (0.97 * seconds - 0.05);
    let (first_plan, certificate, as_good) = (Mutex::new(None), Mutex::new(None), Mutex::new(None));
    let searching = Mutex::new(None);
    let progress = |stage: &Said, best: Option<f64>| {
        // The search says something as soon as it begins.
        let from = *searching.lock().unwrap().get_or_insert_with(worked_seconds);
        if best.is_some() {
            first_plan.lock().unwrap().get_or_insert_with(gone);
        }
        // The bound stands when the search for better plans begins.
        if stage.text == "annealing" {
            certificate.lock().unwrap().get_or_insert_with(gone);
        }
        if best.zip(target).is_some_and(|(best, target)| best >= target) {
            as_good.lock().unwrap().get_or_insert_with(|| {
                (worked_seconds() - from, reading + began.elapsed().as_secs_f64())
            });
        }
    };
    let limit = Limit::Share(&share);
    let options = SolveOptions { seed, limit, genetic_only: false, progress: &progress };
    let solution = solve(instance, &options).unwrap();
    let took = gone();
    let first_plan = first_plan.lock().unwrap().unwrap_or(took);
    let certificate = certificate.lock().unwrap().unwrap_or(took);
    let as_good = *as_good.lock().unwrap();
    Run { solution, first_plan, certificate, took, as_good, peak_kib: peak_kib() }
}

fn gain_gap(solution: &Solution) -> f64 {
    let fv = solution.evaluation.fv.unwrap_or(f64::NEG_INFINITY);
    gaps(solution.upper_bound, fv, solution.instance.weights.gamma).1
}

/// AW-MOGA for the paper's generations, its CPU seconds and those of the clock: search alone, without
/// columns and the bound that is made beside it.
fn genetic(instance: &Instance) -> (Solution, f64, f64) {
    let now = || (worked_seconds(), Instant::now());
    let (begun, searched) = (Mutex::new(None), Mutex::new(None));
    let progress = |what: &Said, _: Option<f64>| {
        begun.lock().unwrap().get_or_insert_with(now);
        if what.text == "bound" {
            searched.lock().unwrap().get_or_insert_with(now);
        }
    };
    let limit = Limit::Work { generations: GENERATIONS, moves: 0 };
    let options = SolveOptions { seed: 1, limit, genetic_only: true, progress: &progress };
    let solution = solve(instance, &options).unwrap();
    let (begun, searched) = (begun.into_inner().unwrap(), searched.into_inner().unwrap());
    let ((from, began), (to, ended)) = begun.zip(searched).expect("both are told");
    (solution, to - from, (ended - began).as_secs_f64())
}

fn read(path: &Path) -> Instance {
    let bytes = std::fs::read(path).unwrap();
    let mut text = String::new();
    if path.extension().is_some_and(|extension| extension == "gz") {
        GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).unwrap();
    } else {
        text = String::from_utf8(bytes).unwrap();
    }
    Instance::from_json(&text).unwrap()
}
