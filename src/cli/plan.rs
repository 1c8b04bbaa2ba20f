//! `carbide plan`: a plan from facts, or a planning instance solved, evaluated, compared.

mod certificate;

mod questions;

mod running;

pub(super) use questions::print_front;
pub(super) use running::{print_outlook, print_reasons};

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use clap::{Args, Subcommand};
use flate2::read::GzDecoder;
use serde_json::{Value, json};

use super::exit::print_json;
use super::{CliError, Context, Exit};
use crate::plan::certificate::WorkLimit;
use crate::plan::instance::{Instance, InstanceError, TEXT_BYTES_MAX};
use crate::plan::limits::{LeastCarbon, least_carbon};
use crate::plan::schedule::Schedule;
use crate::plan::{
    Effort, Evaluation, Limit, Solution, SolveOptions, Status, baseline, evaluate, gaps, solve,
    with_baseline,
};
use crate::present::figure;

/// Find a plan with less carbon, or solve a planning instance.
///
/// Without a subcommand it plans the configured plant from the last snapshot of facts and keeps the
/// plan for `carbide post`.
#[derive(Debug, Args)]
pub struct Plan {
    #[command(subcommand)]
    command: Option<PlanCommand>,

    #[command(flatten)]
    from_facts: super::planning::FromFacts,
}

#[derive(Debug, Subcommand)]
enum PlanCommand {
    /// Solve an instance in the form carbide-plan/1 (.json or .json.gz).
    Solve {
        /// Instance.
        instance: PathBuf,
        /// Wall seconds, reading and compiling included.
        #[arg(long, value_name = "SECONDS", default_value_t = 30.0)]
        time: f64,
        /// Seed of the search.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Threads; all cores if it is not given.
        #[arg(long)]
        threads: Option<usize>,
        /// Only the published AW-MOGA, for as many generations as the time allows.
        #[arg(long)]
        genetic_only: bool,
        /// Moves of each island instead of seconds: the same plan on any machine.
        #[arg(long, value_name = "MOVES", conflicts_with_all = ["time", "genetic_only"])]
        work: Option<u64>,
        /// Weights of carbon, cost and punctuality instead of the instance's, as 0.4,0.3,0.3.
        #[arg(long, value_name = "A,B,C", value_delimiter = ',', num_args = 1)]
        weights: Option<Vec<f64>>,
        /// Most that the plan may emit, in kg CO2e, instead of the instance's cap.
        #[arg(long, value_name = "KG")]
        cap: Option<f64>,
        /// File for the certificate: bound, multipliers and plan, for `carbide plan verify`.
        #[arg(long, value_name = "FILE")]
        certificate: Option<PathBuf>,
    },
    /// Check a certificate without the search: the plan's value and the bound are computed again.
    Verify {
        /// Certificate of `carbide plan solve --certificate`.
        certificate: PathBuf,
        /// Instance that it is for.
        instance: PathBuf,
        /// Weights, if the plan was made with other weights than the instance's.
        #[arg(long, value_name = "A,B,C", value_delimiter = ',', num_args = 1)]
        weights: Option<Vec<f64>>,
        /// Cap, if the plan was made with another cap than the instance's.
        #[arg(long, value_name = "KG")]
        cap: Option<f64>,
    },
    /// Say what a plan costs and what it violates.
    Evaluate {
        /// Instance.
        instance: PathBuf,
        /// Plan in the form carbide-plan-result/1.
        plan: PathBuf,
    },
    /// Give the baseline plan MRP-EDD-FF/1.
    Baseline {
        /// Instance.
        instance: PathBuf,
    },
    #[command(flatten)]
    Question(questions::Question),
    #[command(flatten)]
    Running(running::OfAPlan),
}

pub(super) async fn run(arguments: Plan, context: &Context) -> Result<Exit, CliError> {
    match arguments.command {
        None => super::planning::run(arguments.from_facts, context).await,
        Some(PlanCommand::Solve {
            instance,
            time,
            seed,
            threads,
            genetic_only,
            work,
            weights,
            cap,
            certificate,
        }) => {
            let began = Instant::now();
            if !(time.is_finite() && time > 0.0) {
                return Err(CliError::new(
                    Exit::Usage,
                    "--time must be a positive number of seconds",
                ));
            }
            let mut parsed = read_instance(&instance)?;
            certificate::adapt(&mut parsed, weights.as_deref(), cap)?;
            let stopped = Arc::new(AtomicBool::new(false));
            if work.is_none() {
                let stopped = Arc::clone(&stopped);
                tokio::spawn(async move {
                    if tokio::signal::ctrl_c().await.is_ok() {
                        stopped.store(true, Ordering::Relaxed);
                    }
                });
            }
            let search = Search { time, work, seed, genetic_only, began, stopped };
            let solution = tokio::task::block_in_place(|| {
                with_threads(threads, || search.run(&parsed, context))
            })??;
            if let Some(path) = &certificate {
                let limit = match work {
                    Some(moves) => WorkLimit::Moves(moves),
                    None => WorkLimit::Milliseconds((time * 1000.0) as u64),
                };
                certificate::write(path, &parsed, &solution, seed, &limit)?;
            }
            show_solution(&solution, seed, began.elapsed().as_secs_f64(), context)
        }
        Some(PlanCommand::Verify { certificate, instance, weights, cap }) => {
            let mut instance = read_instance(&instance)?;
            certificate::adapt(&mut instance, weights.as_deref(), cap)?;
            certificate::verify(&certificate, &instance, context)
        }
        Some(PlanCommand::Evaluate { instance, plan }) => {
            let (instance, plan) = read_both(&plan, &instance)?;
            let instance = with_baseline(&instance).unwrap_or(instance);
            show_evaluation(&evaluate(&instance, &plan), context)
        }
        Some(PlanCommand::Question(question)) => questions::run(question, context),
        Some(PlanCommand::Running(of)) => running::run(of, context),
        Some(PlanCommand::Baseline { instance }) => {
            let instance = read_instance(&instance)?;
            let plan = baseline(&instance).ok_or_else(|| {
                CliError::new(Exit::No, "the baseline plan does not fit the capacities")
            })?;
            if context.json {
                print_json(&plan)?;
                return Ok(Exit::Done);
            }
            let instance = with_baseline(&instance).unwrap_or(instance);
            show_evaluation(&evaluate(&instance, &plan), context)
        }
    }
}

struct Search {
    time: f64,
    work: Option<u64>,
    seed: u64,
    genetic_only: bool,
    began: Instant,
    /// Set when the user has had enough: the best plan so far is the answer.
    stopped: Arc<AtomicBool>,
}

impl Search {
    fn run(&self, instance: &Instance, context: &Context) -> Result<Solution, CliError> {
        let stage = context.progress.stage("Planning");
        // What comes after the search, the final sums and the print, takes a part of the time too.
        let budget = (self.time * 0.97 - 0.05).max(self.time * 0.5);
        let share = || match self.stopped.load(Ordering::Relaxed) {
            true => 1.0,
            false => self.began.elapsed().as_secs_f64() / budget,
        };
        let limit = match self.work {
            Some(moves) => Limit::Work { generations: 0, moves },
            None => Limit::Share(&share),
        };
        let options = SolveOptions {
            seed: self.seed,
            limit,
            genetic_only: self.genetic_only,
            progress: &|what, best| match best {
                Some(fv) => stage.at(&format!("{what}, FV {fv:.4}")),
                None => stage.at(what),
            },
        };
        solve(instance, &options).map_err(|error| CliError::new(Exit::Usage, error))
    }
}

fn with_threads<T: Send>(
    threads: Option<usize>,
    work: impl FnOnce() -> T + Send,
) -> Result<T, CliError> {
    let Some(threads) = threads else { return Ok(work()) };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|error| CliError::new(Exit::Usage, format!("--threads: {error}")))?;
    Ok(pool.install(work))
}

fn read_text(path: &Path) -> Result<String, CliError> {
    let failed = |error: std::io::Error| {
        CliError::new(Exit::Usage, format!("{} cannot be read: {error}", path.display()))
    };
    // One byte more than may be looked at: what is larger is refused, not cut.
    let most = TEXT_BYTES_MAX + 1;
    let too_large = |bytes: u64| {
        let error = InstanceError::too_large(bytes);
        CliError::new(Exit::Usage, format!("{}: {error}", path.display()))
    };
    let file = std::fs::File::open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    if length >= most {
        return Err(too_large(length));
    }
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes).map_err(failed)?;
    let mut text = String::new();
    if bytes.starts_with(&[0x1f, 0x8b]) {
        GzDecoder::new(bytes.as_slice()).take(most).read_to_string(&mut text).map_err(failed)?;
        if text.len() as u64 >= most {
            return Err(too_large(text.len() as u64));
        }
        return Ok(text);
    }
    String::from_utf8(bytes)
        .map_err(|_| CliError::new(Exit::Usage, format!("{} is no UTF-8 text", path.display())))
}

fn read_plan(path: &Path) -> Result<Schedule, CliError> {
    serde_json::from_str(&read_text(path)?).map_err(|error| {
        CliError::new(Exit::Usage, format!("{} is no plan: {error}", path.display()))
    })
}

fn read_instance(path: &Path) -> Result<Instance, CliError> {
    Instance::from_json(&read_text(path)?)
        .map_err(|error| CliError::new(Exit::Usage, format!("{}: {error}", path.display())))
}

/// A plan and its instance, in whichever order the two files are named.
fn read_both(plan: &Path, instance: &Path) -> Result<(Instance, Schedule), CliError> {
    match read_instance(instance) {
        Ok(read) => Ok((read, read_plan(plan)?)),
        Err(error) => match read_plan(instance) {
            Ok(schedule) => Ok((read_instance(plan)?, schedule)),
            Err(_) => Err(error),
        },
    }
}

/// The plan in its own form, and beside it what it is worth.
fn document(solution: &Solution, seed: u64, wall_seconds: f64) -> Value {
    let (found, gamma) = (&solution.evaluation, solution.instance.weights.gamma);
    let mut document = serde_json::to_value(&solution.schedule).unwrap_or_default();
    let fv = found.fv.unwrap_or(f64::NAN);
    let upper = solution.upper_bound;
    document["fv"] = json!(fv);
    document["feasible"] = json!(found.feasible);
    document["status"] = json!(solution.status);
    document["violations"] = json!(found.violations);
    document["upper_bound"] = json!(upper);
    // A plan that breaks a rule has no gap.
    let gap = found.feasible.then(|| gaps(upper, fv, gamma));
    document["gap"] = json!(gap.map(|(gap, _)| gap));
    document["gain_gap"] = json!(gap.map(|(_, gain_gap)| gain_gap));
    document["wall_seconds"] = json!(wall_seconds);
    document["seed"] = json!(seed);
    document["generations"] = json!(solution.generations);
    document["carbon_kg"] = json!(found.carbon_kg);
    document["cost"] = json!(found.cost);
    document["punctuality"] = json!(found.punctuality);
    document["night_share"] = json!(found.night_share);
    document["low_carbon_ratio"] = json!(found.low_carbon_ratio);
    document
}

fn show_solution(
    solution: &Solution,
    seed: u64,
    wall_seconds: f64,
    context: &Context,
) -> Result<Exit, CliError> {
    let mut document = document(solution, seed, wall_seconds);
    if context.json {
        document["least_carbon"] = json!(least_carbon_below(solution)?);
        print_json(&document)?;
    } else {
        let baseline = &solution.baseline_evaluation;
        let found = &solution.evaluation;
        let number = |key: &str| document[key].as_f64().unwrap_or(f64::NAN);
        println!(
            "{}, {} orders: {}",
            solution.instance.id,
            solution.schedule.assignments.len(),
            ending(solution.status)
        );
        if found.feasible {
            println!(
                "  FV {:.6}, proven bound {:.6}: gap {}, of the possible gain {}",
                number("fv"),
                solution.upper_bound,
                figure::percent(number("gap")),
                figure::percent(number("gain_gap"))
            );
        }
        show_worth(found, baseline);
        println!("  {wall_seconds:.1} s, seed {seed}");
        show_violations(found);
        if let Some(least) = least_carbon_below(solution)? {
            println!(
                "  the cap cannot be met so: every plan emits at least {} kg CO2e (proven), the least \
                 found emits {}",
                figure::float(least.proven_kg, 0),
                least.found_kg.map_or("nothing that keeps the policies".to_owned(), |kg| {
                    format!("{} kg CO2e", figure::float(kg, 0))
                })
            );
        }
        if !found.feasible {
            println!("  `carbide plan conflicts` says which policies conflict");
        }
    }
    let good = matches!(solution.status, Status::Optimal | Status::Feasible);
    Ok(if good && solution.evaluation.feasible { Exit::Done } else { Exit::No })
}

/// How a search ended, in words.
fn ending(status: Status) -> &'static str {
    match status {
        Status::Optimal => "optimal, proven",
        Status::Feasible => "feasible",
        Status::Infeasible => {
            "no plan keeps all rules, proven; this one misses least of those looked at"
        }
        Status::NoneFound => {
            "no plan was found that keeps all rules; this one misses least of those looked at"
        }
    }
}

/// What can be reached, if a plan does not keep its carbon cap.
fn least_carbon_below(solution: &Solution) -> Result<Option<LeastCarbon>, CliError> {
    let broken = solution.evaluation.violations.iter().any(|one| one.rule == "carbon_cap");
    if !broken {
        return Ok(None);
    }
    let limit = Limit::Work { generations: 20, moves: 50_000 };
    let effort = Effort { seed: 1, limit, progress: &|_, _| {} };
    let least = least_carbon(&solution.instance, &effort).map_err(questions::refused)?;
    Ok(Some(least))
}

/// What a plan is worth, beside what it is compared with.
fn show_worth(found: &Evaluation, before: &Evaluation) {
    println!(
        "  carbon {} kg CO2e ({}), cost {} ({}), punctuality {}",
        figure::float(found.carbon_kg, 0),
        figure::change(found.carbon_kg, before.carbon_kg),
        figure::float(found.cost, 0),
        figure::change(found.cost, before.cost),
        figure::percent(found.punctuality)
    );
}

fn show_violations(found: &Evaluation) {
    for violation in &found.violations {
        println!("  violated: {} {} by {:.6}", violation.rule, violation.object, violation.by);
    }
}

fn show_evaluation(found: &Evaluation, context: &Context) -> Result<Exit, CliError> {
    if context.json {
        print_json(found)?;
    } else {
        println!(
            "  FV {}, carbon {} kg CO2e, cost {}, punctuality {}, night {}, low-carbon {}",
            found.fv.map_or("n/a".to_owned(), |fv| format!("{fv:.6}")),
            figure::float(found.carbon_kg, 1),
            figure::float(found.cost, 2),
            figure::percent(found.punctuality),
            figure::percent(found.night_share),
            figure::percent(found.low_carbon_ratio)
        );
        show_violations(found);
    }
    Ok(if found.feasible { Exit::Done } else { Exit::No })
}
