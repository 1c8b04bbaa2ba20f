//! How fast product systems are solved: every node with all scopes and the primary part at once, by
//! Carbide and by what LCA people use today, on the same graphs in one run.
//!
//! `cargo bench --bench footprint` (100,000 and 1,000,000 nodes); `-- --nodes N` for one size,
//! `-- --no-peers` for Carbide alone, `-- --peer-seconds S` for the longest wait for a peer; one of which
//! it is claimed that it takes so many times as long is waited for until that is shown.
//!
//! Graphs: "tree" are products of 40 own nodes, each with one to three bought parts of a shared pool
//! of a twentieth, and recycling loops at 0.1 % of the nodes. "modular" are nodes with children up to
//! 40 places ahead, 30 % of the links to a shared quarter of leaves, and links back, so that a third of
//! the nodes are in loops; "acyclic" is the same without links back. Building the matrix and
//! the given emissions is not counted, for anybody; finding the order and the loops is.

#[path = "measure/process.rs"]
mod process;
#[path = "measure/python.rs"]
mod python;

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use carbide::footprint::system::{Columns, Downstream, ProductSystem};

/// Scopes 1, 2, 3.1, 3.3, 3.4 and the part from primary data.
const COLUMNS: usize = 6;
const RUNS: usize = 7;
/// Share of the inner nodes of a modular graph with a link back.
const BACK: f64 = 0.05;
/// How far back it leads at most: chosen so that a third of the nodes are in loops, the largest of
/// several hundred.
const BACK_PLACES: usize = 130;

/// Peers, and how many times Carbide's time they are to take.
const PEERS: [(&str, u32); 5] =
    [("sweep", 2), ("sweep1", 1), ("triangular", 1), ("splu", 50), ("brightway", 100)];

/// Longest wait for a peer to load what it works on.
const LOADING: Duration = Duration::from_secs(120);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name);
        at.and_then(|at| arguments.get(at + 1)?.parse::<usize>().ok())
    };
    if let Some(at) = arguments.iter().position(|argument| argument == "--memory") {
        return memory(&arguments[at + 1], value("--nodes").unwrap_or(100_000));
    }
    let sizes = value("--nodes").map_or_else(|| vec![100_000, 1_000_000], |nodes| vec![nodes]);
    let peers = !arguments.iter().any(|argument| argument == "--no-peers");
    let patience = value("--peer-seconds").unwrap_or(120);
    let python = if peers {
        python::python("footprint", "footprint_requirements.txt", "scipy, bw2calc, bw_processing")
    } else {
        None
    };
    let kinds = match arguments.iter().position(|argument| argument == "--graph") {
        Some(at) => vec![arguments[at + 1].as_str()],
        None => vec!["tree", "modular", "acyclic"],
    };
    for kind in kinds {
        for &nodes in &sizes {
            compare(kind, nodes, python.as_deref(), patience);
        }
    }
}

struct Graph {
    starts: Vec<u32>,
    inputs: Vec<u32>,
    quantities: Vec<f64>,
    own: Vec<f64>,
}

/// A generator whose numbers are the same on every machine.
///
/// # Source
///
/// SplitMix64: Steele, Lea and Flood, Fast splittable pseudorandom number generators (2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn quantity(&mut self) -> f64 {
        0.03 + 0.32 * self.unit()
    }
}

fn graph(kind: &str, nodes: usize) -> Graph {
    let mut random = Random(42);
    let mut rows: Vec<Vec<(u32, f64)>> = Vec::with_capacity(nodes);
    match kind {
        "tree" => {
            let made = nodes - nodes / 20;
            for node in 0..made {
                let mut row = Vec::new();
                for _ in 0..=random.below(3) {
                    row.push(((made + random.below(nodes - made)) as u32, random.quantity()));
                }
                if random.unit() < 0.001 {
                    row.push(((node - node % 40) as u32, random.quantity()));
                }
                rows.push(row);
            }
            for node in (0..made).filter(|node| node % 40 != 0) {
                let root = node - node % 40;
                let parent = root + random.below(node % 40);
                let quantity = random.quantity();
                rows[parent].push((node as u32, quantity));
            }
            rows.resize(nodes, Vec::new());
        }
        _ => {
            let inner = nodes - nodes / 4;
            for node in 0..inner {
                let mut row = Vec::new();
                for _ in 0..2 + random.below(4) {
                    let ahead = node + 1 + random.below(40);
                    let input = if random.unit() < 0.3 || ahead >= inner {
                        inner + random.below(nodes - inner)
                    } else {
                        ahead
                    };
                    row.push((input as u32, random.quantity() * 0.6));
                }
                if node >= BACK_PLACES && random.unit() < BACK && kind == "modular" {
                    row.push((
                        (node - 1 - random.below(BACK_PLACES)) as u32,
                        random.quantity() * 0.6,
                    ));
                }
                rows.push(row);
            }
            rows.resize(nodes, Vec::new());
        }
    }
    let mut graph = Graph {
        starts: vec![0],
        inputs: Vec::new(),
        quantities: Vec::new(),
        own: (0..nodes * COLUMNS).map(|_| random.unit()).collect(),
    };
    for row in rows {
        graph.inputs.extend(row.iter().map(|link| link.0));
        graph.quantities.extend(row.iter().map(|link| link.1));
        graph.starts.push(graph.inputs.len() as u32);
    }
    graph
}

impl Graph {
    fn system(&self) -> ProductSystem {
        let (starts, inputs) = (self.starts.clone(), self.inputs.clone());
        ProductSystem::from_rows(starts, inputs, self.quantities.clone()).unwrap()
    }

    /// Raw little-endian arrays, which NumPy maps as they are.
    fn write(&self, folder: &Path) {
        let put = |name: &str, bytes: Vec<u8>| {
            std::fs::File::create(folder.join(name)).unwrap().write_all(&bytes).unwrap();
        };
        put("starts", self.starts.iter().flat_map(|value| value.to_le_bytes()).collect());
        put("inputs", self.inputs.iter().flat_map(|value| value.to_le_bytes()).collect());
        put("quantities", self.quantities.iter().flat_map(|value| value.to_le_bytes()).collect());
        put("own", self.own.iter().flat_map(|value| value.to_le_bytes()).collect());
    }
}

/// The fastest of some runs of `work`; what it is given is not counted.
fn best<G, T>(given: impl Fn() -> G, work: impl Fn(G) -> T) -> (Duration, T) {
    let mut fastest = Duration::MAX;
    let mut last = None;
    for _ in 0..RUNS {
        let given = given();
        let start = Instant::now();
        let done = work(given);
        fastest = fastest.min(start.elapsed());
        last = Some(done);
    }
    (fastest, last.unwrap())
}

fn compare(kind: &str, nodes: usize, python: Option<&Path>, patience: usize) {
    let graph = graph(kind, nodes);
    let system = graph.system();
    let links = system.link_count();
    let own = Columns::of(COLUMNS, graph.own.clone());
    let (condensing, order) = best(|| (), |()| system.condensed());
    let looped: Vec<usize> = order.loops().map(|range| range.len()).collect();
    println!(
        "\n{kind}, {nodes} nodes, {links} links, {:.1} % of the nodes in {} loops, the largest {}",
        100.0 * looped.iter().sum::<usize>() as f64 / nodes as f64,
        looped.len(),
        looped.iter().max().unwrap_or(&0)
    );
    let given = || own.clone();
    let (whole, solved) = best(given, |own| {
        let order = system.condensed();
        system.solve(&order, own).unwrap()
    });
    let (again, _) = best(given, |own| system.solve(&order, own).unwrap());
    row("carbide, order and loops found, all nodes x 6", whole, whole);
    println!("    of this finding the order {:.1} ms, solving {:.1} ms", ms(condensing), ms(again));
    restate(&system, &own, &solved, whole);
    let held = system.bytes() + order.bytes() + 8 * COLUMNS * nodes;
    println!(
        "    memory: system, order and columns {:.1} bytes a link; peak of a process of \
         its own {} bytes a link above its start",
        held as f64 / links as f64,
        peak(kind, nodes)
            .map_or("unknown".to_owned(), |b| format!("{:.1}", b as f64 / links as f64))
    );
    let Some(python) = python else { return };
    let folder = tempfile::tempdir().unwrap();
    graph.write(folder.path());
    for (method, times) in PEERS {
        // A little longer, so that a peer that just does it is not cut off.
        let needed = (1.2 * f64::from(times) * whole.as_secs_f64()).ceil();
        let patience = Duration::from_secs(patience as u64).max(Duration::from_secs_f64(needed));
        peer(python, method, folder.path(), patience, whole, &solved);
    }
}

/// One bought part or leaf gets another factor in one scope: what a supplier's new footprint does.
/// Restated in the column of this scope, as nothing else moves, and in all columns beside.
fn restate(system: &ProductSystem, own: &Columns, solved: &Columns, whole: Duration) {
    const SCOPE: usize = 2;
    restate_in(system, &own.column(SCOPE), &solved.column(SCOPE), 0, whole);
    restate_in(system, own, solved, SCOPE, whole);
}

fn restate_in(
    system: &ProductSystem,
    own: &Columns,
    solved: &Columns,
    column: usize,
    whole: Duration,
) {
    let order = system.condensed();
    let mut downstream = Downstream::of(system, &order).unwrap();
    let mut random = Random(7);
    let (mut spent, mut touched, rounds) = (Vec::new(), 0, 201);
    let mut changed = own.clone();
    let mut intensities = solved.clone();
    for _ in 0..rounds {
        let used = loop {
            let node = random.below(system.products());
            if downstream.uses(&order, node) > 0 && system.links(node).next().is_none() {
                break node;
            }
        };
        changed.row_mut(used)[column] *= 1.05;
        let start = Instant::now();
        let found = system
            .restate(&order, &mut downstream, &changed, &mut intensities, &[used as u32])
            .unwrap();
        spent.push(start.elapsed());
        touched += found.len();
    }
    let width = changed.width();
    assert_eq!(intensities, system.solve(&order, changed).unwrap(), "the same bits");
    spent.sort();
    let (median, slow) = (spent[rounds / 2], spent[rounds * 95 / 100]);
    println!(
        "    one supplier's factor changed, {width} of {COLUMNS} columns restated: median {:.3} ms, \
         95 % within {:.3} ms ({} nodes on average differ): {:.0} times faster than the whole, {:.0} \
         at the 95th percentile",
        ms(median),
        ms(slow),
        touched / rounds,
        whole.as_secs_f64() / median.as_secs_f64(),
        whole.as_secs_f64() / slow.as_secs_f64()
    );
}

fn peer(
    python: &Path,
    method: &str,
    folder: &Path,
    patience: Duration,
    ours: Duration,
    solved: &Columns,
) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/footprint_peers.py");
    let mut child = Command::new(python)
        .arg(script)
        .args([method, &folder.display().to_string()])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // What a peer loads is not counted, neither in its seconds nor in the wait for it.
    let begun = Path::new(folder).join(format!("begun-{method}"));
    let mut end = Instant::now() + LOADING;
    let mut loading = true;
    while child.try_wait().unwrap().is_none() {
        if loading && begun.exists() {
            loading = false;
            end = Instant::now() + patience;
        }
        if Instant::now() > end {
            if loading {
                child.kill().unwrap();
                child.wait().unwrap();
                println!("  {method}: not loaded in {} s", LOADING.as_secs());
                return;
            }
            child.kill().unwrap();
            child.wait().unwrap();
            println!(
                "  {method}: not finished in {} s, so at least {:.0} times Carbide's time",
                patience.as_secs(),
                patience.as_secs_f64() / ours.as_secs_f64()
            );
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let output = child.wait_with_output().unwrap();
    let Ok(answer) = serde_json::from_slice::<serde_json::Value>(&output.stdout) else {
        println!("  {method}: failed ({})", output.status);
        return;
    };
    let took = Duration::from_secs_f64(answer["seconds"].as_f64().unwrap());
    row(answer["what"].as_str().unwrap(), took, ours);
    let sample = answer["sample"].as_array().unwrap();
    let worst = sample.iter().fold(0.0f64, |worst, pair| {
        let (node, value) = (pair[0].as_u64().unwrap() as usize, pair[1].as_f64().unwrap());
        worst.max((solved.row(node)[0] / value - 1.0).abs())
    });
    println!("    {} of its values differ from ours by at most {worst:.1e}", sample.len());
}

fn row(what: &str, took: Duration, ours: Duration) {
    let times = took.as_secs_f64() / ours.as_secs_f64();
    println!("  {what}: {:.1} ms, {times:.1} times Carbide's time", ms(took));
}

fn ms(duration: Duration) -> f64 {
    1e3 * duration.as_secs_f64()
}

/// Prints how far the peak of memory rises above what the generator needed.
fn memory(kind: &str, nodes: usize) {
    let graph = graph(kind, nodes);
    let (system, own) = (graph.system(), Columns::of(COLUMNS, graph.own.clone()));
    drop(graph);
    // What the generator left behind would hide our own peak.
    process::forget_peak();
    let before = status("VmRSS");
    let order = system.condensed();
    let solved = system.solve(&order, own).unwrap();
    let after = status("VmHWM");
    assert!(solved.values().iter().all(|value| value.is_finite()));
    let held = system.bytes() + 8 * solved.values().len();
    println!("{}", after.saturating_sub(before) + held);
}

fn status(name: &str) -> usize {
    process::status_kib(name) as usize * 1024
}

fn peak(kind: &str, nodes: usize) -> Option<usize> {
    let output = Command::new(std::env::current_exe().ok()?)
        .args(["--memory", kind, "--nodes", &nodes.to_string()])
        .output()
        .ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}
