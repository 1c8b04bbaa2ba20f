//! `carbide plan` without a subcommand: a plan of the configured plant.

use std::time::Instant;

use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::connect::Session;
use super::exit::print_json;
use super::plan::{print_front, print_outlook, print_reasons};
use super::{CliError, Context, Exit};
use crate::cycle::{self, Facts, Judged, PlanRecord, Replan, Trigger};
use crate::plan::{Evaluation, Limit};
use crate::present::figure;
use crate::present::table::{Align, Table};
use crate::said::Said;
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

    /// Plan again from the plan that runs, posted or approved: what begins soon stays, few orders change.
    /// Takes plan.replan.seconds.
    #[arg(long, conflicts_with_all = ["front", "export"])]
    replan: bool,

    /// An order that has to come first by now: sales order, item and schedule line, as 4711/10/1.
    #[arg(long, value_name = "ORDER", requires = "replan")]
    urgent: Vec<String>,

    /// A work center that stands still, from and until when on the plant's clock, and the minutes a shift
    /// that are left, as EAF-1,2018-10-02T06:00,2018-10-03T06:00 or with ,60 behind it.
    #[arg(long, value_name = "BREAKDOWN", requires = "replan", value_parser = breakdown)]
    breakdown: Vec<Trigger>,

    /// An order that stays as it is.
    #[arg(long, value_name = "ORDER", requires = "replan")]
    freeze: Vec<String>,

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
    let (plan_key, record) = if arguments.replan {
        again(&session, &key, &facts, &judged, &arguments, context)?
    } else {
        make(&session, &key, &facts, &judged, arguments.seconds, arguments.front, context)?
    };
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
        document["warnings"] = json!(record.problem.warnings);
        document["shadow_prices"] = json!(record.shadow_prices);
        document["replanned"] = json!(record.replanned);
        print_json(&document)?;
    } else {
        print_plan(&plan_key, &record);
        print_replanned(&record);
        print_shadow_prices(&record);
        if let Some(outlook) = &record.outlook {
            print_outlook(outlook);
        }
        if record.replanned.is_none() {
            print_reasons(&record.reasons()?, REASONS_SHOWN);
        }
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
    let progress = |what: &Said, best: Option<f64>| match best {
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

/// Plans again from the plan that runs, and keeps the plan.
fn again(
    session: &Session,
    facts_key: &str,
    facts: &Facts,
    judged: &Judged,
    arguments: &FromFacts,
    context: &Context,
) -> Result<(String, PlanRecord), CliError> {
    let stage = context.progress.stage("Planning again");
    let now = Timestamp::now();
    let urgent = arguments.urgent.iter().map(|order| Trigger::UrgentOrder { order: order.clone() });
    let triggers = arguments.breakdown.iter().cloned().chain(urgent).collect();
    let wish = Replan { triggers, freeze: arguments.freeze.iter().cloned().collect() };
    let budget = arguments.seconds.unwrap_or(session.config.settings.plan.replan.seconds);
    let began = Instant::now();
    let share = || began.elapsed().as_secs_f64() / budget.max(0.1);
    let progress = |what: &Said, _: Option<f64>| stage.at(what);
    let (config, limit) = (&session.config, Limit::Share(&share));
    let record = session.replan((facts_key, facts), judged, config, wish, now, limit, &progress)?;
    let key = session.store.keep(Kind::Plan, now, &record)?;
    Ok((key, record))
}

/// `WORK_CENTER,FROM,TO` or `WORK_CENTER,FROM,TO,MINUTES`.
fn breakdown(text: &str) -> Result<Trigger, String> {
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    let (center, from, to, minutes) = match parts.as_slice() {
        [center, from, to] => (center, from, to, "0"),
        [center, from, to, minutes] => (center, from, to, *minutes),
        _ => return Err("write WORK_CENTER,FROM,TO or WORK_CENTER,FROM,TO,MINUTES".to_owned()),
    };
    let moment = |text: &str| text.parse().map_err(|error| format!("'{text}': {error}"));
    Ok(Trigger::Breakdown {
        work_center: (*center).to_owned(),
        from: moment(from)?,
        to: moment(to)?,
        minutes_left: minutes.parse().map_err(|error| format!("'{minutes}': {error}"))?,
    })
}

/// What it was made again for, and what that changed.
fn print_replanned(record: &PlanRecord) {
    let Some(made) = &record.replanned else { return };
    println!(
        "  made again from plan {}: {} orders changed or new, {} frozen",
        made.from.get(..16).unwrap_or(&made.from),
        made.changed.len(),
        made.frozen
    );
    for text in made.sentences().iter().take(REASONS_SHOWN + made.triggers.len()) {
        println!("  {text}");
    }
    for violation in &made.as_it_ran.violations {
        println!("  as it ran it breaks {} {}", violation.rule, violation.object);
    }
}

/// What one unit more of a policy or of a work center is worth.
fn print_shadow_prices(record: &PlanRecord) {
    let Some(found) = &record.shadow_prices else { return };
    let currency = record.problem.instance.currency.as_deref().unwrap_or("money");
    if let Some(price) = found.carbon_per_tonne {
        println!("  by the weights a tonne CO2e is worth {} {currency}", figure::float(price, 0));
    }
    for one in found.prices.iter().filter(|one| one.fv != 0.0).take(REASONS_SHOWN) {
        let worth = match (one.worth, one.carbon_kg) {
            (Some(worth), _) => format!("{} {currency}", figure::float(worth, 2)),
            (None, Some(kilograms)) => format!("{} kg CO2e", figure::float(kilograms, 1)),
            (None, None) => format!("{:.6} FV", one.fv),
        };
        println!("  {} is worth {worth} by the bound", one.what);
    }
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
    let bound = match &record.replanned {
        Some(_) => "(no bound was looked for)".to_owned(),
        None => format!("of at most {:.4} (proven)", record.upper_bound),
    };
    println!(
        "  plan {}: {} orders, {}, FV {fv:.4} {bound}",
        key.get(..16).unwrap_or(key),
        record.schedule.assignments.len(),
        record.status,
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
        let held = one.limit_kg.map_or(String::new(), |limit| {
            format!(", of which it may take {} t", figure::float(limit / 1000.0, 1))
        });
        println!(
            "  {}: the plan emits {} t of scope {}, the budget of the quarter is {} t{held}{}",
            one.quarter,
            figure::float(planned, 1),
            scopes.join("+"),
            figure::float(budget, 1),
            if one.is_exceeded() { ": it does not keep it" } else { "" }
        );
    }
    if let Some(conflict) = &record.conflict {
        println!("  {}", conflict.text);
        for one in &conflict.policies {
            println!("  relax {}", one.text);
        }
    }
    for warning in &record.problem.warnings {
        println!("  {warning}");
    }
    for left in &record.problem.unplannable {
        println!("  not planned: {}: {}", left.demand, left.reason);
    }
}
