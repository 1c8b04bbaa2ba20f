//! A plan looked at: on the shop floor, why it is as it is, and after something happened.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Instant;

use clap::{Args, Subcommand};
use serde_json::json;

use super::super::exit::print_json;
use super::super::{CliError, Context, Exit};
use super::questions::positive;
use super::{read_both, read_plan, read_text, show_worth};
use crate::plan::reasons::{Reasons, reasons};
use crate::plan::replan::{Event, Replanned, Running, replan};
use crate::plan::simulation::{PlanOutlook, Scatter, simulate};
use crate::plan::{Limit, baseline};
use crate::present::figure;
use crate::present::table::{Align, Table};

/// Orders that a table shows; `--json` has all.
const SHOWN: usize = 10;

/// How the shop floor scatters, where it differs from the usual.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct ScatterOptions {
    /// Simulated horizons.
    #[arg(long)]
    runs: Option<usize>,
    /// Seed of the simulation.
    #[arg(long)]
    seed: Option<u64>,
    /// Coefficient of variation of run times.
    #[arg(long, value_name = "SHARE")]
    time_variation: Option<f64>,
    /// Coefficient of variation of set-up times.
    #[arg(long, value_name = "SHARE")]
    setup_variation: Option<f64>,
    /// Mean running hours between two breakdowns of a work center; 0 for none.
    #[arg(long, value_name = "HOURS")]
    hours_between_breakdowns: Option<f64>,
    /// Mean hours of a repair.
    #[arg(long, value_name = "HOURS")]
    hours_to_repair: Option<f64>,
    /// Coefficient of variation of the grid's intensity.
    #[arg(long, value_name = "SHARE")]
    grid_variation: Option<f64>,
}

impl ScatterOptions {
    fn scatter(self) -> Scatter {
        let usual = Scatter::default();
        Scatter {
            runs: self.runs.unwrap_or(usual.runs),
            seed: self.seed.unwrap_or(usual.seed),
            time_variation: self.time_variation.unwrap_or(usual.time_variation),
            setup_variation: self.setup_variation.unwrap_or(usual.setup_variation),
            hours_between_breakdowns: match self.hours_between_breakdowns {
                Some(0.0) => None,
                Some(hours) => Some(hours),
                None => usual.hours_between_breakdowns,
            },
            hours_to_repair: self.hours_to_repair.unwrap_or(usual.hours_to_repair),
            grid_variation: self.grid_variation.unwrap_or(usual.grid_variation),
        }
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum OfAPlan {
    /// Simulate a plan on a shop floor that scatters and breaks down.
    Simulate {
        /// Plan in the form carbide-plan-result/1.
        plan: PathBuf,
        /// Instance.
        instance: PathBuf,
        /// Probability below which the answer is no: of what the plan has on time, by weight.
        #[arg(long, value_name = "SHARE")]
        least: Option<f64>,
        #[command(flatten)]
        scatter: ScatterOptions,
    },
    /// Say for each order that a plan changes what moved, why, and what it gives and costs.
    Reasons {
        /// Plan in the form carbide-plan-result/1.
        plan: PathBuf,
        /// Instance.
        instance: PathBuf,
        /// Plan that it is compared with; the baseline if it is not given.
        #[arg(long, value_name = "PLAN")]
        against: Option<PathBuf>,
    },
    /// Plan again from a plan that runs, so that few orders change.
    ///
    /// Events are a JSON list of {"what": "breakdown", "work_center", "from", "to", "minutes_left"},
    /// {"what": "urgent_order", "order": {...}} and {"what": "overshoot", "carbon_kg",
    /// "carbon_cap_kg"}.
    Replan {
        /// Plan that runs.
        plan: PathBuf,
        /// Instance.
        instance: PathBuf,
        /// What happened, as a JSON file.
        #[arg(long, value_name = "FILE")]
        events: Option<PathBuf>,
        /// First bucket that can still be planned: what starts before it is frozen.
        #[arg(long, value_name = "BUCKET", default_value_t = 0)]
        now: usize,
        /// Further orders that stay as they are.
        #[arg(long, value_name = "ORDER")]
        freeze: Vec<String>,
        /// What it costs in the objective if every order changes.
        #[arg(long, value_name = "FV")]
        change_weight: Option<f64>,
        /// Wall seconds.
        #[arg(long, value_name = "SECONDS", default_value_t = 1.0)]
        time: f64,
        /// Moves instead of seconds: the same plan on any machine.
        #[arg(long, value_name = "MOVES", conflicts_with = "time")]
        work: Option<u64>,
        /// Seed of the search.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
}

pub(super) fn run(of: OfAPlan, context: &Context) -> Result<Exit, CliError> {
    match of {
        OfAPlan::Simulate { plan, instance, least, scatter } => {
            let (instance, plan) = read_both(&plan, &instance)?;
            let stage = context.progress.stage("Simulating");
            let found = simulate(&instance, &plan, &scatter.scatter())
                .map_err(|error| CliError::new(Exit::Usage, error))?;
            drop(stage);
            if context.json {
                print_json(&found)?;
            } else {
                print_outlook(&found);
            }
            Ok(match least {
                Some(least) if found.on_time < least => Exit::No,
                _ => Exit::Done,
            })
        }
        OfAPlan::Reasons { plan, instance, against } => {
            let (instance, plan) = read_both(&plan, &instance)?;
            let before = match against {
                Some(path) => read_plan(&path)?,
                None => baseline(&instance).ok_or_else(|| {
                    CliError::new(
                        Exit::No,
                        "the baseline plan does not fit the capacities; compare with --against PLAN",
                    )
                })?,
            };
            let found = reasons(&instance, &before, &plan)
                .map_err(|error| CliError::new(Exit::Usage, error))?;
            if context.json {
                print_json(&found)?;
            } else {
                print_reasons(&found, usize::MAX);
            }
            Ok(Exit::Done)
        }
        OfAPlan::Replan {
            plan,
            instance,
            events,
            now,
            freeze,
            change_weight,
            time,
            work,
            seed,
        } => {
            positive("--time", time)?;
            let began = Instant::now();
            let (instance, plan) = read_both(&plan, &instance)?;
            let events: Vec<Event> = match &events {
                Some(path) => serde_json::from_str(&read_text(path)?).map_err(|error| {
                    let text = format!("{} has no events: {error}", path.display());
                    CliError::new(Exit::Usage, text)
                })?,
                None => Vec::new(),
            };
            let frozen: BTreeSet<String> = freeze.into_iter().collect();
            let usual = Running::default().change_weight;
            let running = Running { now, frozen, change_weight: change_weight.unwrap_or(usual) };
            // Reading and the last sums are in the time too.
            let share = || began.elapsed().as_secs_f64() / (0.9 * time);
            let limit = match work {
                Some(moves) => Limit::Work { generations: 0, moves },
                None => Limit::Share(&share),
            };
            let found = replan(&instance, &plan, &events, &running, seed, limit)
                .map_err(|error| CliError::new(Exit::Usage, error))?;
            show_replanned(&found, began.elapsed().as_secs_f64(), context)
        }
    }
}

/// What the simulation says, for people.
pub(in super::super) fn print_outlook(found: &PlanOutlook) {
    let mut table = Table::new(&[
        ("", Align::Left),
        ("planned", Align::Right),
        ("10 %", Align::Right),
        ("50 %", Align::Right),
        ("90 %", Align::Right),
    ]);
    let mut row = |name: &str, band: &crate::plan::simulation::Band, scale: f64, places: usize| {
        let figure = |value: f64| figure::float(scale * value, places);
        table.row([
            name.to_owned(),
            figure(band.planned),
            figure(band.low),
            figure(band.median),
            figure(band.high),
        ]);
    };
    row("carbon, kg CO2e", &found.carbon_kg, 1.0, 0);
    row("electricity, kWh", &found.electricity_kwh, 1.0, 0);
    row("on time, %", &found.punctuality, 100.0, 1);
    print!("{table}");
    println!(
        "  what the plan has on time is on time with {} ({} runs, seed {})",
        figure::percent(found.on_time),
        found.scatter.runs,
        found.scatter.seed
    );
    let doubtful = found.orders.iter().filter(|order| order.planned_on_time && order.on_time < 0.9);
    for order in doubtful.take(SHOWN) {
        let waits = order.waits_at.as_ref().map_or(String::new(), |(center, minutes)| {
            format!(", waits {minutes:.0} min at {center}")
        });
        println!(
            "  {}: on time with {}, {:.1} shifts later on average{waits}",
            order.planned_order,
            figure::percent(order.on_time),
            order.delay_buckets
        );
    }
}

/// At most `most` reasons, for people.
pub(in super::super) fn print_reasons(found: &Reasons, most: usize) {
    for source in &found.sources {
        println!("  {}", source.text);
    }
    for order in found.orders.iter().take(most) {
        println!("  {}", order.text);
    }
    if found.orders.len() > most {
        println!("  and {} orders more", found.orders.len() - most);
    }
}

fn show_replanned(found: &Replanned, seconds: f64, context: &Context) -> Result<Exit, CliError> {
    let (worth, ran) = (&found.evaluation, &found.as_it_ran);
    if context.json {
        let mut document = json!(found.schedule);
        document["worth"] = json!(worth);
        document["as_it_ran"] = json!(ran);
        document["changed"] = json!(found.changed);
        document["frozen"] = json!(found.frozen);
        document["wall_seconds"] = json!(seconds);
        print_json(&document)?;
    } else {
        println!(
            "  {} of {} orders changed, {} frozen, {seconds:.2} s",
            found.changed.len(),
            found.schedule.assignments.len(),
            found.frozen
        );
        show_worth(worth, ran);
        for violation in &ran.violations {
            println!("  as it ran it breaks {} {}", violation.rule, violation.object);
        }
        for violation in &worth.violations {
            println!("  the new plan breaks {} {}", violation.rule, violation.object);
        }
        for order in found.changed.iter().take(SHOWN) {
            println!("  changed: {order}");
        }
    }
    Ok(if worth.feasible { Exit::Done } else { Exit::No })
}
