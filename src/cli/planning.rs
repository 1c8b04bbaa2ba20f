//! `carbide plan` without a subcommand: a plan of the configured plant.

use std::time::Instant;

use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::connect::Session;
use super::exit::print_json;
use super::plan::{print_front, print_outlook, print_reasons};
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

    /// Look for other choices between carbon, cost and punctuality too; takes the seconds once more.
    #[arg(long)]
    front: bool,

    /// Most that the plan may emit, in kg CO2e, instead of plan.carbon_cap_kg.
    #[arg(long, value_name = "KG")]
    cap: Option<f64>,

    /// Write the planning problem in the form carbide-plan/1 and plan nothing; `-` for stdout.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["seconds", "front"])]
    export: Option<std::path::PathBuf>,
}

/// Plans that are made for a front.
const FRONT_SEARCHES: usize = 11;

/// Reasons that are shown; `--json` has all.
const REASONS_SHOWN: usize = 8;

pub(super) async fn run(arguments: FromFacts, context: &Context) -> Result<Exit, CliError> {
    let mut session = Session::open(context)?;
    if let Some(cap) = arguments.cap {
        if !(cap.is_finite() && cap > 0.0) {
            return Err(CliError::new(Exit::Usage, format!("--cap must be above 0, is {cap}")));
        }
        session.config.settings.plan.carbon_cap_kg = Some(cap);
    }
    let (key, facts) = session.facts(arguments.fresh, context).await?;
    let judged = session.judge(&facts, None)?;
    if let Some(path) = &arguments.export {
        return export(&session, &facts, &judged, path, context);
    }
    let (plan_key, record) =
        make(&session, &key, &facts, &judged, arguments.seconds, arguments.front, context)?;
    if context.json {
        let mut document = evaluation(&record.evaluation);
        document["id"] = plan_key.clone().into();
        document["upper_bound"] = record.upper_bound.into();
        document["baseline"] = evaluation(&record.baseline);
        document["unplannable"] = json!(record.problem.unplannable);
        document["assignments"] = json!(record.schedule.assignments);
        document["outlook"] = json!(record.outlook);
        document["reasons"] = json!(record.reasons()?);
        document["quarters"] = json!(record.quarters);
        document["conflict"] = json!(record.conflict);
        document["front"] = json!(record.front);
        print_json(&document)?;
    } else {
        print_plan(&plan_key, &record);
        if let Some(outlook) = &record.outlook {
            print_outlook(outlook);
        }
        print_reasons(&record.reasons()?, REASONS_SHOWN);
        if let Some(front) = &record.front {
            print_front(front, &record.problem.instance);
        }
        println!("Next: carbide post --dry-run");
    }
    Ok(if record.evaluation.feasible { Exit::Done } else { Exit::No })
}

/// Writes the problem of the plant, so that it can be solved elsewhere.
fn export(
    session: &Session,
    facts: &Facts,
    judged: &Judged,
    path: &std::path::Path,
    context: &Context,
) -> Result<Exit, CliError> {
    let problem = cycle::problem(facts, judged, &session.config, Timestamp::now())?;
    let text = problem.instance.to_json();
    if path.as_os_str() == "-" {
        println!("{text}");
        return Ok(Exit::Done);
    }
    std::fs::write(path, text).map_err(|error| {
        CliError::new(Exit::Usage, format!("{} cannot be written: {error}", path.display()))
    })?;
    let (orders, left) = (problem.instance.planned_orders.len(), &problem.unplannable);
    if context.json {
        print_json(&json!({ "written": path, "orders": orders, "unplannable": left }))?;
    } else {
        println!("{}: {orders} orders", path.display());
        left.iter().for_each(|one| println!("  not planned: {}: {}", one.demand, one.reason));
    }
    Ok(Exit::Done)
}

/// Plans and keeps the plan.
pub(super) fn make(
    session: &Session,
    facts_key: &str,
    facts: &Facts,
    judged: &Judged,
    seconds: Option<f64>,
    with_front: bool,
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
    let mut record = cycle::plan(facts, judged, &session.config, facts_key, now, limit, &progress)?;
    if with_front {
        let began = Instant::now();
        let share = || began.elapsed().as_secs_f64() / budget.max(0.1);
        record.look_around(FRONT_SEARCHES, Limit::Share(&share), &progress)?;
    }
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
    if let Some(outlook) = &record.outlook {
        println!(
            "  simulated: what the plan has on time is on time with {}, carbon {} to {} kg CO2e",
            figure::percent(outlook.on_time),
            figure::float(outlook.carbon_kg.low, 0),
            figure::float(outlook.carbon_kg.high, 0)
        );
    }
    for violation in &baseline.violations {
        println!("  today breaks {} {}", violation.rule, violation.object);
    }
    for violation in &plan.violations {
        println!("  the plan breaks {} {}", violation.rule, violation.object);
    }
    for one in &record.quarters {
        let scopes: Vec<String> = one.scopes.iter().map(ToString::to_string).collect();
        let (planned, budget) = (one.planned_kg / 1000.0, one.budget_kg / 1000.0);
        println!(
            "  {}: the plan emits {} t of scope {}, the budget of the quarter is {} t{}",
            one.quarter,
            figure::float(planned, 1),
            scopes.join("+"),
            figure::float(budget, 1),
            if planned > budget { ": it does not keep it" } else { "" }
        );
    }
    if let Some(conflict) = &record.conflict {
        println!("  {}", conflict.text);
        for one in &conflict.policies {
            println!("  relax {}", one.text);
        }
    }
    for left in &record.problem.unplannable {
        println!("  not planned: {}: {}", left.demand, left.reason);
    }
}
