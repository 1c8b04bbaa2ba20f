//! What can be asked of a planning instance beside its best plan: choices, limits, conflicts.

use std::path::PathBuf;
use std::time::Instant;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::super::exit::print_json;
use super::super::{CliError, Context, Exit};
use super::{read_instance, show_evaluation};
use crate::plan::conflict::{Conflict, conflict};
use crate::plan::front::{Front, front};
use crate::plan::instance::Instance;
use crate::plan::limits::{LimitError, Limited, least_carbon_at_cost, least_cost_at_cap};
use crate::plan::prices::{Prices, prices};
use crate::plan::{Effort, Limit, PlanError};
use crate::present::figure;
use crate::present::table::{Align, Table};
use crate::said::Said;

/// How long it may take.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Search {
    /// Wall seconds for all searches together.
    #[arg(long, value_name = "SECONDS", default_value_t = 60.0)]
    time: f64,
    /// Moves of each search instead of seconds: the same result on any machine.
    #[arg(long, value_name = "MOVES", conflicts_with = "time")]
    work: Option<u64>,
    /// Seed of the searches.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(Debug, Subcommand)]
pub(super) enum Question {
    /// Show plans of which none is better in carbon, cost and punctuality at once.
    Front {
        /// Instance.
        instance: PathBuf,
        /// Most plans that are shown.
        #[arg(long, default_value_t = 8)]
        points: usize,
        /// Most searches.
        #[arg(long, default_value_t = 15)]
        searches: usize,
        #[command(flatten)]
        search: Search,
    },
    /// Find the plan with least carbon that costs at most so much.
    LeastCarbon {
        /// Instance.
        instance: PathBuf,
        /// Most that it may cost, in the currency of the instance.
        #[arg(long, value_name = "COST")]
        cost_limit: f64,
        #[command(flatten)]
        search: Search,
    },
    /// Find the cheapest plan that emits at most so much.
    LeastCost {
        /// Instance.
        instance: PathBuf,
        /// Most that it may emit, in kg CO2e.
        #[arg(long, value_name = "KG")]
        carbon_cap: f64,
        #[command(flatten)]
        search: Search,
    },
    /// Say what carbon, capacity and each policy cost at the margin, by planning again without them.
    Prices {
        /// Instance.
        instance: PathBuf,
        #[command(flatten)]
        search: Search,
    },
    /// Say which policies cannot be met together, and what relaxing each gives.
    Conflicts {
        /// Instance.
        instance: PathBuf,
        #[command(flatten)]
        search: Search,
    },
}

pub(super) fn run(question: Question, context: &Context) -> Result<Exit, CliError> {
    match question {
        Question::Front { instance, points, searches, search } => {
            let instance = read_instance(&instance)?;
            let found = search.ask(context, |effort| front(&instance, searches, points, effort))?;
            show_front(&found.map_err(refused)?, &instance, context)
        }
        Question::LeastCarbon { instance, cost_limit, search } => {
            positive("--cost-limit", cost_limit)?;
            let instance = read_instance(&instance)?;
            let found = search
                .ask(context, |effort| least_carbon_at_cost(&instance, cost_limit, effort))?;
            show_limited(found, "carbon_kg", context)
        }
        Question::LeastCost { instance, carbon_cap, search } => {
            positive("--carbon-cap", carbon_cap)?;
            let instance = read_instance(&instance)?;
            let found =
                search.ask(context, |effort| least_cost_at_cap(&instance, carbon_cap, effort))?;
            show_limited(found, "cost", context)
        }
        Question::Prices { instance, search } => {
            let instance = read_instance(&instance)?;
            let found = search.ask(context, |effort| prices(&instance, effort))?;
            show_prices(&found.map_err(refused)?, &instance, context)
        }
        Question::Conflicts { instance, search } => {
            let instance = read_instance(&instance)?;
            let found = search.ask(context, |effort| conflict(&instance, effort))?;
            show_conflict(found.map_err(refused)?.as_ref(), context)
        }
    }
}

pub(super) fn positive(option: &str, value: f64) -> Result<(), CliError> {
    if value.is_finite() && value > 0.0 {
        return Ok(());
    }
    Err(CliError::new(Exit::Usage, format!("{option} must be above 0, is {value}")))
}

pub(super) fn refused(error: PlanError) -> CliError {
    CliError::new(Exit::Usage, error)
}

impl Search {
    /// Asks within the time or the work, and shows how far it is.
    fn ask<T>(
        self,
        context: &Context,
        question: impl FnOnce(&Effort<'_>) -> T,
    ) -> Result<T, CliError> {
        positive("--time", self.time)?;
        let stage = context.progress.stage("Planning");
        let began = Instant::now();
        let share = || began.elapsed().as_secs_f64() / self.time;
        let limit = match self.work {
            Some(moves) => Limit::Work { generations: 100, moves },
            None => Limit::Share(&share),
        };
        let progress = |what: &Said, best: Option<f64>| match best {
            Some(fv) => stage.at(&format!("{what}, FV {fv:.4}")),
            None => stage.at(what),
        };
        Ok(question(&Effort { seed: self.seed, limit, progress: &progress }))
    }
}

fn show_front(found: &Front, instance: &Instance, context: &Context) -> Result<Exit, CliError> {
    if context.json {
        print_json(found)?;
    } else {
        print_front(found, instance);
    }
    Ok(if found.points.is_empty() { Exit::No } else { Exit::Done })
}

/// The front, for people.
pub(in super::super) fn print_front(found: &Front, instance: &Instance) {
    let currency = instance.currency.as_deref().unwrap_or("cost");
    let per_tonne = format!("{currency}/t saved");
    let mut table = Table::new(&[
        ("plan", Align::Left),
        ("carbon, kg CO2e", Align::Right),
        (currency, Align::Right),
        ("on time, %", Align::Right),
        ("FV", Align::Right),
        (per_tonne.as_str(), Align::Right),
    ]);
    let mut row = |name: String, carbon: f64, cost: f64, on_time: f64, rest: [String; 2]| {
        let [fv, price] = rest;
        table.row([
            name,
            figure::float(carbon, 0),
            figure::float(cost, 0),
            figure::float(100.0 * on_time, 1),
            fv,
            price,
        ]);
    };
    for point in &found.points {
        let chosen = if point.chosen { " <- your weights" } else { "" };
        row(
            format!("{}{chosen}", point.name),
            point.carbon_kg,
            point.cost,
            point.punctuality,
            [
                point.fv.map_or(String::new(), |fv| format!("{fv:.4}")),
                point.cost_per_tonne_saved.map_or(String::new(), |p| figure::float(p, 0)),
            ],
        );
    }
    let today = &found.baseline;
    let empty = || [String::new(), String::new()];
    row("today".to_owned(), today.carbon_kg, today.cost, today.punctuality, empty());
    print!("{table}");
    println!(
        "  {} plans of {} searches met every policy; none above is dominated",
        found.plans, found.searches
    );
}

fn show_limited(
    found: Result<Limited, LimitError>,
    least: &str,
    context: &Context,
) -> Result<Exit, CliError> {
    let found = match found {
        Ok(found) => found,
        Err(LimitError::Plan(error)) => return Err(refused(error)),
        Err(error) => {
            let text = error.to_string();
            if context.json {
                print_json(&unreachable_limit(&error, &text))?;
                return Ok(Exit::No);
            }
            return Err(CliError::new(Exit::No, text));
        }
    };
    if context.json {
        let mut document = json!(found.solution.schedule);
        document["worth"] = json!(found.solution.evaluation);
        document["least"] = json!(least);
        document["proven"] = json!(found.proven);
        document["searches"] = json!(found.searches);
        print_json(&document)?;
        return Ok(Exit::Done);
    }
    let worth = &found.solution.evaluation;
    let value = if least == "cost" { worth.cost } else { worth.carbon_kg };
    println!(
        "  {} {}, no plan within the limit has less than {} (proven); {} searches",
        if least == "cost" { "cost" } else { "kg CO2e" },
        figure::float(value, 0),
        figure::float(found.proven, 0),
        found.searches
    );
    show_evaluation(worth, context)
}

fn unreachable_limit(error: &LimitError, text: &str) -> Value {
    match error {
        LimitError::CapTooLow { cap_kg, least } => {
            json!({ "error": text, "carbon_cap_kg": cap_kg, "least_carbon": least })
        }
        LimitError::CostTooLow { limit, proven, found } => {
            json!({ "error": text, "cost_limit": limit, "least_cost": { "proven": proven, "found": found } })
        }
        LimitError::Plan(_) => json!({ "error": text }),
    }
}

fn show_prices(found: &Prices, instance: &Instance, context: &Context) -> Result<Exit, CliError> {
    if context.json {
        print_json(found)?;
        return Ok(Exit::Done);
    }
    let currency = instance.currency.as_deref().unwrap_or("money");
    if let Some(price) = found.carbon_per_tonne {
        println!("  by the weights a tonne CO2e is worth {} {currency}", figure::float(price, 0));
    }
    for one in &found.relaxations {
        let worth = one.worth.map_or(String::new(), |worth| {
            format!(", worth {} {currency}", figure::float(worth, 0))
        });
        println!(
            "  {}: {} kg CO2e, {} {currency}{worth}{}",
            one.what,
            figure::float(one.carbon_kg, 0),
            figure::float(one.cost, 0),
            if one.certain { "" } else { " (not more than the search scatters)" }
        );
    }
    Ok(Exit::Done)
}

fn show_conflict(found: Option<&Conflict>, context: &Context) -> Result<Exit, CliError> {
    if context.json {
        print_json(&json!({ "conflict": found }))?;
    } else if let Some(found) = found {
        println!("  {}", found.text);
        for one in &found.policies {
            println!("  relax {}", one.text);
        }
        for one in &found.capacity {
            println!("  {} {} by {:.1}", one.rule, one.object, one.by);
        }
    } else {
        println!("  a plan meets every policy");
    }
    Ok(if found.is_some() { Exit::No } else { Exit::Done })
}
