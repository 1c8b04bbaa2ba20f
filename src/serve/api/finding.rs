//! One finding, and what somebody decides about it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::named::Named;
use super::told::Told;
use crate::check::{LifeEvent, Step, Tracked, deadline_said};
use crate::cycle::{DecideError, Decided, decide, finding_of};
use crate::said;
use crate::said::Said;
use crate::serve::guard::Person;
use crate::serve::person::Role;
use crate::serve::plant::Plant;
use crate::serve::problem::Problem;
use crate::serve::task;

/// Most values of one correction: a quarter of a year of quarter hours.
const VALUES_MAX: usize = 9_000;

/// Who may decide about findings.
pub(super) const MAY_DECIDE: [Role; 3] = [Role::Planner, Role::Finance, Role::Admin];

/// Longest reason.
pub(super) const WHY_MAX: usize = 1_000;

/// What is decided.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Decision {
    /// Somebody was asked.
    Ask {
        /// Who.
        whom: String,
    },
    /// The readings are right.
    Accept {
        /// Why.
        why: String,
    },
    /// These are the right readings.
    Correct {
        /// kWh as decimal texts: one for each interval, or one for all, which then share it evenly.
        kwh: Vec<String>,
        /// Why.
        why: String,
    },
}

impl Decision {
    fn parsed(self) -> Result<Decided, Problem> {
        let short = |text: String| {
            if text.chars().count() > WHY_MAX {
                let text = said!(
                    "decide.long",
                    "a reason has at most {most} characters; nothing was decided",
                    most = WHY_MAX
                );
                return Err(Problem::invalid(text));
            }
            Ok(text)
        };
        Ok(match self {
            Self::Ask { whom } => Decided::Ask { whom: short(whom)? },
            Self::Accept { why } => Decided::Accept { why: short(why)? },
            Self::Correct { kwh, why } => {
                if kwh.len() > VALUES_MAX {
                    let text = said!(
                        "decide.many",
                        "{count} values are too many; nothing was decided",
                        count = kwh.len()
                    );
                    return Err(Problem::invalid(text));
                }
                let number = |(at, text): (usize, &String)| -> Result<Decimal, Problem> {
                    text.trim().parse().map_err(|_| {
                        Problem::invalid(said!(
                            "decide.number",
                            "value {place} '{value}' is no decimal number of kWh; nothing was decided",
                            place = at + 1,
                            value = text
                        ))
                    })
                };
                let kwh = kwh.iter().enumerate().map(number).collect::<Result<_, _>>()?;
                Decided::Correct { kwh, why: short(why)? }
            }
        })
    }
}

/// An event in the life of a finding.
#[derive(Serialize, ToSchema)]
pub struct FindingEvent {
    /// When.
    #[schema(format = DateTime)]
    at: String,
    /// Who; `carbide` for what a rule or a deadline did.
    who: String,
    /// `found`, `asked`, `accepted`, `corrected` or `expired`.
    what: &'static str,
    /// Who was asked, why it is right, or what follows.
    text: String,
    /// What the text is made of, if it is the program's.
    #[schema(value_type = Option<Object>)]
    said: Option<Said>,
    /// kWh before and after a correction, in sum.
    before_kwh: Option<String>,
    /// See `before_kwh`.
    after_kwh: Option<String>,
}

/// A finding with its life.
#[derive(Serialize, ToSchema)]
pub struct FindingPage {
    /// Key.
    finding: String,
    /// Rule.
    rule: String,
    /// Meter or object.
    subject: String,
    /// What the rule says.
    text: String,
    /// What the text is made of.
    #[schema(value_type = Option<Object>)]
    said: Option<Said>,
    /// What to do.
    proposal: String,
    /// What that is made of; nothing if the plant wrote it.
    #[schema(value_type = Option<Object>)]
    proposal_said: Option<Said>,
    /// `open`, `asked`, `corrected`, `accepted` or `expired`.
    state: String,
    /// Whether somebody can still decide.
    waits: bool,
    /// Until when somebody has to decide.
    due: Option<String>,
    /// Begin of the readings that it is about.
    from: Option<String>,
    /// End of these readings.
    to: Option<String>,
    /// What happened, oldest first.
    events: Vec<FindingEvent>,
}

fn event(rule: &str, of: &LifeEvent) -> FindingEvent {
    let words = |words: &String| Said::from(words.as_str());
    let (what, text) = match &of.step {
        Step::Found { .. } => ("found", Said::default()),
        Step::Asked { whom } => ("asked", words(whom)),
        Step::Accepted { why } => ("accepted", words(why)),
        Step::Corrected { why, .. } => ("corrected", words(why)),
        Step::Expired { then } => ("expired", deadline_said(rule, then)),
    };
    let (mut before_kwh, mut after_kwh) = (None, None);
    if let Step::Corrected { before, after, .. } = &of.step {
        before_kwh = Some(before.iter().filter_map(|(_, kwh)| *kwh).sum::<Decimal>().to_string());
        after_kwh = Some(after.iter().map(|(_, kwh)| *kwh).sum::<Decimal>().to_string());
    }
    let (at, who, said) = (of.at.to_string(), of.who.clone(), text.keyed());
    FindingEvent { at, who, what, text: text.into(), said, before_kwh, after_kwh }
}

fn page(tracked: &Tracked) -> FindingPage {
    let finding = &tracked.finding;
    FindingPage {
        finding: tracked.key.to_string(),
        rule: finding.rule.clone(),
        subject: finding.subject.clone(),
        text: finding.text.to_string(),
        said: finding.text.keyed(),
        proposal: finding.proposal.to_string(),
        proposal_said: finding.proposal.keyed(),
        state: format!("{:?}", tracked.state).to_lowercase(),
        waits: tracked.waits(),
        due: tracked.due.map(|due| due.to_string()),
        from: finding.interval.map(|interval| interval.start.to_string()),
        to: finding.interval.map(|interval| interval.end.to_string()),
        events: tracked.events.iter().map(|of| event(&finding.rule, of)).collect(),
    }
}

impl From<DecideError> for Problem {
    fn from(error: DecideError) -> Self {
        let text = error.said();
        match error {
            DecideError::Unknown { .. } => Self::not_found(text),
            DecideError::Ambiguous { .. } | DecideError::Senseless(_) => Self::invalid(text),
            DecideError::Illegal(_) => Self::new(StatusCode::CONFLICT, "FINDING-STATE", text),
            DecideError::Store(error) => error.into(),
        }
    }
}

/// A finding.
#[utoipa::path(get, path = "/api/v1/findings/{key}", params(("key" = String, Path)), responses(
    (status = 200, body = FindingPage), (status = 401, body = Problem),
    (status = 404, body = Problem), (status = 422, body = Problem), (status = 503, body = Problem)))]
pub async fn show(
    _: Person,
    State(plant): State<Arc<Plant>>,
    Named(key): Named<String>,
) -> Result<Json<FindingPage>, Problem> {
    let found = plant
        .bench
        .run(move |bench| async move {
            Ok(finding_of(&bench.installation()?.store.findings()?, &key)?.clone())
        })
        .await?;
    Ok(Json(page(&found)))
}

/// Decides about a finding. What was accepted or corrected counts at once in everything that is shown.
#[utoipa::path(post, path = "/api/v1/findings/{key}", request_body = Decision,
    params(("key" = String, Path)), responses(
    (status = 200, body = FindingPage), (status = 401, body = Problem), (status = 403, body = Problem),
    (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem),
    (status = 429, body = Problem), (status = 503, body = Problem)))]
pub async fn decide_it(
    person: Person,
    State(plant): State<Arc<Plant>>,
    Named(key): Named<String>,
    Told(given): Told<Decision>,
) -> Result<Json<FindingPage>, Problem> {
    person.needs(&MAY_DECIDE)?;
    let found = keep(&plant, &person, vec![(key, given.parsed()?)]).await?;
    let found = found.first().ok_or_else(|| Problem::internal("nothing was decided"))?;
    Ok(Json(page(found)))
}

/// What is decided about several findings alike.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DecisionForAll {
    /// Keys of the findings.
    #[schema(min_items = 1, max_items = 500)]
    findings: Vec<String>,
    /// What is decided about each of them.
    decision: Decision,
}

/// Decides alike about several findings: about all of them, or about none.
#[utoipa::path(post, path = "/api/v1/findings", request_body = DecisionForAll, responses(
    (status = 200, body = Vec<FindingPage>), (status = 401, body = Problem),
    (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
    (status = 422, body = Problem), (status = 429, body = Problem), (status = 503, body = Problem)))]
pub async fn decide_about_all(
    person: Person,
    State(plant): State<Arc<Plant>>,
    Told(given): Told<DecisionForAll>,
) -> Result<Json<Vec<FindingPage>>, Problem> {
    person.needs(&MAY_DECIDE)?;
    let decided = given.decision.parsed()?;
    if given.findings.is_empty() {
        return Err(Problem::invalid(said!(
            "decide.none",
            "no finding is named; nothing was decided"
        )));
    }
    let decisions = given.findings.into_iter().map(|key| (key, decided.clone())).collect();
    let found = keep(&plant, &person, decisions).await?;
    Ok(Json(found.iter().map(page).collect()))
}

/// Keeps decisions, all of them or none, and shows at once what they change.
pub(super) async fn keep(
    plant: &Arc<Plant>,
    person: &Person,
    decisions: Vec<(String, Decided)>,
) -> Result<Vec<Tracked>, Problem> {
    let view = plant.view()?;
    let who = person.name.clone();
    // A question changes no number.
    let counts = decisions.iter().any(|(_, decided)| !matches!(decided, Decided::Ask { .. }));
    let found = plant
        .bench
        .run(move |bench| async move {
            let installation = bench.installation()?;
            let (store, config) = (&installation.store, &installation.config);
            let by = (who.as_str(), Timestamp::now());
            Ok(decide(store, config, Some(&view.facts), &decisions, by)?)
        })
        .await?;
    for one in &found {
        tracing::info!(user = person.name, finding = %one.key, state = ?one.state, "decided");
    }
    if counts {
        task::show_last(plant).await?;
    }
    Ok(found)
}
