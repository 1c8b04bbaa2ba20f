//! `carbide plan` without a subcommand: a plan of the configured plant.

use std::time::Instant;

use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::connect::Session;
use super::exit::print_json;
use super::{CliError, Context, Exit};
use crate::cycle::{self, Facts, Judged, PlanRecord};
use crate::plan::{Evaluation, Limit};
use crate::present::figure;
use crate::present::table::{Align, Table};
use crate::store::Kind;

/// How the configured plant is planned.
#[derive(Debug, Args)]
pub(super) struct FromFacts {
    /// Read SAP and meters again first.
    #[arg(long)]
    fresh: bool,

    /// Seconds for the search instead of plan.seconds.
    #[arg(long)]
    seconds: Option<f64>,
}

pub(super) async fn run(arguments: FromFacts, context: &Context) -> Result<Exit, CliError> {
    let session = Session::open(context)?;
    let (key, facts) = session.facts(arguments.fresh, context).await?;
    let judged = session.judge(&facts, None)?;
    let (plan_key, record) = make(&session, &key, &facts, &judged, arguments.seconds, context)?;
    if context.json {
        let mut document = evaluation(&record.evaluation);
        document["id"] = plan_key.clone().into();
        document["upper_bound"] = record.upper_bound.into();
        document["baseline"] = evaluation(&record.baseline);
        document["unplannable"] = json!(record.problem.unplannable);
        document["assignments"] = json!(record.schedule.assignments);
        print_json(&document)?;
    } else {
        print_plan(&plan_key, &record);
        println!("Next: carbide post --dry-run");
    }
    Ok(if record.evaluation.feasible { Exit::Done } else { Exit::No })
}

/// Plans and keeps the plan.
pub(super) fn make(
    session: &Session,
    facts_key: &str,
    facts: &Facts,
    judged: &Judged,
    seconds: Option<f64>,
    context: &Context,
) -> Result<(String, PlanRecord), CliError> {
    let stage = context.progress.stage("Planning");
    let (began, budget) = (Instant::now(), seconds.unwrap_or(session.config.settings.plan.seconds));
    let share = || began.elapsed().as_secs_f64() / budget.max(0.1);
    let progress = |what: &str, best: Option<f64>| match best {
        Some(fv) => stage.at(&format!("{what}, FV {fv:.4}")),
        None => stage.at(what),
    };
    let limit = Limit::Share(&share);
    let now = Timestamp::now();
    let record = cycle::plan(facts, judged, &session.config, facts_key, now, limit, &progress)?;
    let key = session.store.keep(Kind::Plan, now, &record)?;
    Ok((key, record))
}

pub(super) fn evaluation(found: &Evaluation) -> Value {
    json!({
        "carbon_kg": found.carbon_kg,
        "cost": found.cost,
        "punctuality": found.punctuality,
        "fv": found.fv,
        "feasible": found.feasible,
        "night_share": found.night_share,
        "low_carbon_ratio": found.low_carbon_ratio,
        "violations": found.violations,
    })
}

pub(super) fn print_plan(key: &str, record: &PlanRecord) {
    let (plan, baseline) = (&record.evaluation, &record.baseline);
    let mut table = Table::new(&[
        ("", Align::Left),
        ("today", Align::Right),
        ("plan", Align::Right),
        ("change", Align::Right),
    ]);
    let mut row = |name: &str, before: f64, now: f64, places: usize| {
        table.row([
            name.to_owned(),
            figure::float(before, places),
            figure::float(now, places),
            figure::change(now, before),
        ]);
    };
    row("carbon, kg CO2e", baseline.carbon_kg, plan.carbon_kg, 0);
    row("cost, EUR", baseline.cost, plan.cost, 0);
    row("on time, %", 100.0 * baseline.punctuality, 100.0 * plan.punctuality, 1);
    row("night work, %", 100.0 * baseline.night_share, 100.0 * plan.night_share, 1);
    row(
        "low-carbon raw material, %",
        100.0 * baseline.low_carbon_ratio,
        100.0 * plan.low_carbon_ratio,
        1,
    );
    print!("{table}");
    let fv = plan.fv.unwrap_or(f64::NAN);
    println!(
        "  plan {}: {} orders, {}, FV {fv:.4} of at most {:.4} (proven)",
        key.get(..16).unwrap_or(key),
        record.schedule.assignments.len(),
        record.status,
        record.upper_bound
    );
    for violation in &baseline.violations {
        println!("  today breaks {} {}", violation.rule, violation.object);
    }
    for violation in &plan.violations {
        println!("  the plan breaks {} {}", violation.rule, violation.object);
    }
    for left in &record.problem.unplannable {
        println!("  not planned: {}: {}", left.demand, left.reason);
    }
}
