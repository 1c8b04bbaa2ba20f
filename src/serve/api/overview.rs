//! What the first page shows.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use crate::check::Severity;
use crate::cycle::Judged;
use crate::period::Interval;
use crate::post::state::Phase;
use crate::quantity::Milligrams;
use crate::said::Said;
use crate::serve::guard::Person;
use crate::serve::job::Job;
use crate::serve::metrics::phase_name;
use crate::serve::plant::Plant;
use crate::serve::problem::Problem;
use crate::value_state::ValueState;

/// How a quarter stands.
#[derive(Serialize, ToSchema)]
pub struct BudgetLine {
    /// Quarter.
    quarter: String,
    /// Last day that is accounted for.
    through: Option<String>,
    /// kgCO2e.
    budget_kg: String,
    /// kgCO2e.
    target_kg: String,
    /// kgCO2e.
    emitted_kg: String,
    /// kgCO2e; negative once the budget is exceeded.
    left_kg: String,
    /// kgCO2e at the rate so far.
    projected_kg: Option<String>,
}

/// A change set whose window is open or that needs a person.
#[derive(Serialize, ToSchema)]
pub struct Standing {
    /// Change set.
    change_set: String,
    /// Where it stands.
    phase: String,
    /// What it is for.
    purpose: String,
    /// When its window closes.
    ends: Option<String>,
    /// Why it is on hold.
    reason: Option<String>,
}

/// One day of the metered month.
#[derive(Serialize, ToSchema)]
pub struct Day {
    /// Day on the plant's clock.
    day: String,
    /// kWh; nothing if readings are missing.
    energy_kwh: Option<String>,
    /// Whether any of it was imputed.
    imputed: bool,
}

/// The newest readings: what the plant uses now.
#[derive(Serialize, ToSchema)]
pub struct Latest {
    /// First instant.
    from: String,
    /// End of the newest interval.
    until: String,
    /// Intervals without a reading.
    gaps: usize,
    /// kWh of the others.
    energy_kwh: String,
    /// kgCO2e of these, by the electricity factor of the month that is shown.
    carbon_kg: Option<String>,
}

/// What the first page shows.
#[derive(Serialize, ToSchema)]
pub struct Overview {
    /// Plant.
    plant: String,
    /// Company code.
    company_code: String,
    /// Month that is shown: the last that is metered whole.
    period: String,
    /// When SAP and the meters were read.
    facts_read: String,
    /// Key of the facts.
    facts: String,
    /// Clock of the server, for the countdown.
    server_time: String,
    /// Metered energy of the month.
    energy_kwh: String,
    /// Emissions of the month, scope 1.
    scope_1_kg: String,
    /// Emissions of the month, scope 2.
    scope_2_kg: String,
    /// The last 24 hours of readings.
    latest: Option<Latest>,
    /// By day.
    days: Vec<Day>,
    /// Budgets.
    budgets: Vec<BudgetLine>,
    /// Findings that hold a reading back.
    held_findings: usize,
    /// All findings.
    findings: usize,
    /// Intervals of the month without a reading.
    gaps: usize,
    /// Windows that are open, and change sets that need a person.
    standing: Vec<Standing>,
    /// Requests that wait for a second person.
    waiting: usize,
    /// Rows that could not be used.
    problems: usize,
    /// Jobs that run or ended lately.
    jobs: Vec<Job>,
    /// Why the last read failed.
    collect_failed: Option<String>,
    /// What that is made of.
    #[schema(value_type = Option<Object>)]
    collect_failed_said: Option<Said>,
}

fn latest(judged: &Judged) -> Option<Latest> {
    let until = judged.series.span()?.end;
    let interval = Interval::new(until - SignedDuration::from_hours(24), until)?;
    let (energy, gaps) = judged.series.energy_within(interval);
    let factor = judged.attribution.groups.last().map(|group| group.factor.kg_co2e_per_unit);
    Some(Latest {
        from: interval.start.to_string(),
        until: until.to_string(),
        gaps,
        energy_kwh: energy.amount().to_string(),
        carbon_kg: factor.map(|factor| (energy.amount() * factor).round_dp(6).to_string()),
    })
}

fn kg(amount: Milligrams) -> String {
    amount.to_emissions().amount().to_string()
}

/// What the first page shows.
#[utoipa::path(get, path = "/api/v1/overview", responses(
    (status = 200, body = Overview), (status = 401, body = Problem), (status = 503, body = Problem)))]
pub async fn overview(
    _: Person,
    State(plant): State<Arc<Plant>>,
) -> Result<Json<Overview>, Problem> {
    let (view, config, journal) = (plant.view()?, plant.config(), plant.journal());
    let failed = plant.health().collect.as_ref().map(|(_, said)| said.clone());
    let judged = &view.judged;
    let of = |scope: crate::factor::Scope| -> Milligrams {
        let lines = judged.inventory.lines.iter().filter(|line| line.scope == scope);
        lines.map(|line| line.emissions).sum()
    };
    let mut days: Vec<Day> = Vec::new();
    let mut gaps = 0;
    let mut sum = rust_decimal::Decimal::ZERO;
    for (at, slot) in judged.series.within(judged.inventory.period) {
        let day = at.start.to_zoned(config.zone.clone()).date().to_string();
        if days.last().is_none_or(|last| last.day != day) {
            sum = rust_decimal::Decimal::ZERO;
            days.push(Day { day, energy_kwh: Some("0".to_owned()), imputed: false });
        }
        let Some(last) = days.last_mut() else { continue };
        match slot.energy {
            Some(energy) => {
                sum += energy.amount();
                last.energy_kwh = last.energy_kwh.take().map(|_| sum.to_string());
            }
            None => {
                gaps += 1;
                last.energy_kwh = None;
            }
        }
        last.imputed |= slot.state == ValueState::Imputed;
    }
    let budgets = view.organisation.budgets.iter().map(|status| BudgetLine {
        quarter: status.budget.quarter.to_string(),
        through: status.through.map(|day| day.to_string()),
        budget_kg: kg(status.budget.budget),
        target_kg: kg(status.budget.target),
        emitted_kg: kg(status.emitted),
        left_kg: kg(status.left),
        projected_kg: status.projected.map(kg),
    });
    let shown = |phase: Phase| !phase.is_final();
    let standing = journal.change_sets.iter().rev().filter(|set| shown(set.phase));
    let standing = standing.map(|set| Standing {
        change_set: set.change_set_id.to_string(),
        phase: phase_name(set.phase),
        purpose: set.purpose.clone(),
        ends: set.ends.map(|at| at.to_string()),
        reason: set.reason.clone(),
    });
    let held = judged.findings.iter().filter(|finding| finding.severity == Severity::Hold);
    let waits = |request: &&crate::post::approval::Request| request.posted_as.is_none();
    Ok(Json(Overview {
        plant: config.settings.plant.code.to_string(),
        company_code: config.settings.plant.company_code.to_string(),
        period: judged.period.to_string(),
        facts_read: view.facts.read_at.to_string(),
        facts: view.facts_key.clone(),
        server_time: Timestamp::now().to_string(),
        energy_kwh: judged.inventory.metered_kwh.to_string(),
        scope_1_kg: kg(of(crate::factor::Scope::Direct)),
        scope_2_kg: kg(of(crate::factor::Scope::PurchasedEnergy)),
        latest: latest(judged),
        days,
        budgets: budgets.collect(),
        held_findings: held.count(),
        findings: judged.findings.len(),
        gaps,
        standing: standing.collect(),
        waiting: journal.requests.iter().filter(waits).count(),
        problems: view.facts.problems.len(),
        jobs: plant.jobs.list().into_iter().take(10).collect(),
        collect_failed_said: failed.as_ref().and_then(Said::keyed),
        collect_failed: failed.map(String::from),
    }))
}
