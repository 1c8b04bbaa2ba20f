//! How good plans are, and how soon: the gain gap of the search by profile and size, with AW-MOGA as
//! published on the same columns in the same run.
//!
//! `cargo bench --bench planning`; `-- --seeds N` for the median of so many, `-- --only M-steel` for
//! some instances, `-- --cpu` where other work shares the cores: a second is then two CPU seconds of
//! this process, which is what it gets on two free cores. Files named behind it are planned too.

#[path = "measure/process.rs"]
mod process;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Instant;

use carbide::plan::instance::Instance;
use carbide::plan::{Limit, Solution, SolveOptions, gaps, solve};
use flate2::read::GzDecoder;

use process::{cpu_seconds, peak_kib};

/// Threads of the search: its two islands.
const THREADS: usize = 2;
/// Generations of AW-MOGA in the paper.
const GENERATIONS: usize = 100;

struct Arguments {
    seeds: u64,
    only: Option<String>,
    cpu: bool,
    files: Vec<PathBuf>,
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
    // From small to large, so that the most memory so far is that of the instance just planned.
    files.sort_by_key(|path| (std::fs::metadata(path).map(|m| m.len()).unwrap_or(0), path.clone()));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(THREADS).build().unwrap();
    println!(
        "| instance | orders | s | FV | bound | gap | gain gap | MiB | AW-MOGA {GENERATIONS} FV | gain gap | CPU s | as good after CPU s | sooner |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|---|");
    pool.install(|| files.iter().for_each(|path| row(path, &arguments)));
}

fn arguments() -> Arguments {
    let mut arguments = Arguments { seeds: 1, only: None, cpu: false, files: Vec::new() };
    let mut given = std::env::args().skip(1);
    while let Some(argument) = given.next() {
        match argument.as_str() {
            "--seeds" => arguments.seeds = given.next().and_then(|n| n.parse().ok()).unwrap_or(1),
            "--only" => arguments.only = given.next(),
            "--cpu" => arguments.cpu = true,
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

fn row(path: &Path, arguments: &Arguments) {
    // Reading is part of the time, as on the command line.
    let (began, worked) = (Instant::now(), cpu_seconds());
    let instance = read(path);
    let reading = (began.elapsed().as_secs_f64(), cpu_seconds() - worked);
    let orders = instance.planned_orders.len();
    let seconds = match orders {
        0..200 => 1.0,
        200..1_000 => 5.0,
        1_000..5_000 => 15.0,
        _ => 30.0,
    };
    let mut runs: Vec<(Solution, f64, Option<f64>)> = Vec::new();
    let genetic = genetic(&instance);
    let target = genetic.0.evaluation.fv.filter(|_| genetic.0.evaluation.feasible);
    for seed in 1..=arguments.seeds {
        let (began, worked) = (Instant::now(), cpu_seconds());
        let gone = || match arguments.cpu {
            true => reading.1 + (cpu_seconds() - worked) / THREADS as f64,
            false => reading.0 + began.elapsed().as_secs_f64(),
        };
        let as_good = Mutex::new(None);
        let share = || gone() / (0.97 * seconds - 0.05);
        let progress = |_: &str, best: Option<f64>| {
            if best.zip(target).is_some_and(|(best, target)| best >= target) {
                as_good.lock().unwrap().get_or_insert(cpu_seconds() - worked);
            }
        };
        let limit = Limit::Share(&share);
        let options = SolveOptions { seed, limit, genetic_only: false, progress: &progress };
        let solution = solve(&instance, &options).unwrap();
        let as_good = *as_good.lock().unwrap();
        runs.push((solution, gone(), as_good));
    }
    runs.sort_by(|a, b| gain_gap(&a.0).total_cmp(&gain_gap(&b.0)));
    let (median, _, as_good) = &runs[runs.len() / 2];
    let fv = median.evaluation.fv.unwrap();
    let (gap, gain) = gaps(median.upper_bound, fv, median.instance.weights.gamma);
    let (their_fv, their_gain) = match target {
        Some(fv) => {
            let (_, gain) = gaps(median.upper_bound, fv, median.instance.weights.gamma);
            (format!("{fv:.6}"), format!("{:.1} %", 100.0 * gain))
        }
        None => ("no feasible plan".to_owned(), "-".to_owned()),
    };
    println!(
        "| {} | {orders} | {seconds} | {fv:.6} | {:.6} | {:.2} % | {:.2} % | {} | {their_fv} | {their_gain} | {:.2} | {} | {} |",
        name(path),
        median.upper_bound,
        100.0 * gap,
        100.0 * gain,
        peak_kib() / 1024,
        genetic.1,
        as_good.map_or("-".to_owned(), |cpu| format!("{cpu:.2}")),
        as_good.map_or("-".to_owned(), |cpu| format!("{:.0} x", genetic.1 / cpu.max(0.01))),
    );
}

fn gain_gap(solution: &Solution) -> f64 {
    let fv = solution.evaluation.fv.unwrap_or(f64::NEG_INFINITY);
    gaps(solution.upper_bound, fv, solution.instance.weights.gamma).1
}

/// AW-MOGA for the paper's generations, and its CPU seconds without the bound that is made beside it.
fn genetic(instance: &Instance) -> (Solution, f64) {
    let began = cpu_seconds();
    let searched = Mutex::new(began);
    let progress = |what: &str, _: Option<f64>| {
        if what == "bound" {
            *searched.lock().unwrap() = cpu_seconds();
        }
    };
    let limit = Limit::Work { generations: GENERATIONS, moves: 0 };
    let options = SolveOptions { seed: 1, limit, genetic_only: true, progress: &progress };
    let solution = solve(instance, &options).unwrap();
    let searched = *searched.lock().unwrap();
    (solution, searched - began)
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
