//! What is to be posted, as a change set.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::cycle::{self, Books, Installation, PlanRecord};
use crate::period::{NoMonth, PostingPeriod, ShiftCalendar};
use crate::post::ChangeSetDraft;
use crate::said;
use crate::serve::person::Role;
use crate::serve::plant::Plant;
use crate::serve::problem::Problem;
use crate::serve::view::View;
use crate::store::Kind;

/// What is to be posted.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Subject {
    /// A plan, by its key.
    Plan(String),
    /// The emissions of a month, as `2018-09`.
    Month(String),
}

impl Subject {
    /// The role that may post it.
    pub fn role(&self) -> Role {
        match self {
            Self::Plan(_) => Role::Planner,
            Self::Month(_) => Role::Finance,
        }
    }
}

/// What somebody answers for, and why it is right; it is kept in the journal.
#[derive(Clone, Debug, Default)]
pub struct Accepted {
    /// Rows were left out of the facts.
    pub incomplete: Option<String>,
    /// The plan is less likely to hold than the settings ask for.
    pub improbable: Option<String>,
}

/// Makes the change set of a subject.
pub(super) fn draft_of(
    installation: &Installation,
    view: Option<&View>,
    subject: &Subject,
    books: &Books,
    by: &str,
    accepted: &Accepted,
) -> Result<ChangeSetDraft, Problem> {
    let config = &installation.config;
    let (mut draft, behind) = match subject {
        Subject::Plan(key) => {
            let (key, _, record): (_, _, PlanRecord) = installation.store.get(Kind::Plan, key)?;
            let facts = installation.facts_of_plan(&record, Timestamp::now())?;
            let shifts = ShiftCalendar::three_shifts(config.zone.clone());
            let mut draft =
                cycle::plan_draft(&record, &key, &shifts, config, by, Timestamp::now())?;
            let why = accepted.improbable.as_deref();
            cycle::accept_improbable(&record, config, why, &mut draft)?;
            (draft, facts)
        }
        Subject::Month(text) => {
            let period = month(text)?;
            let view =
                view.ok_or_else(|| Problem::internal(said!("facts.none", "there are no facts")))?;
            let judged = installation.judge(&view.facts, Some(period))?;
            let run = cycle::posting_run(&judged, config, &view.facts_key)?;
            (installation.carbon_draft(&run, books, by)?, view.facts.clone())
        }
    };
    let why = accepted.incomplete.as_deref();
    cycle::accept_incomplete(&[behind], why, std::slice::from_mut(&mut draft))?;
    Ok(draft)
}

/// A month as an address or a wish has it.
///
/// # Errors
///
/// [`Problem`] if it is none.
pub fn month(text: &str) -> Result<PostingPeriod, Problem> {
    text.parse().map_err(|_: NoMonth| {
        Problem::invalid(said!("month.none", "'{month}' is no month; write 2018-09", month = text))
    })
}

pub(super) fn view_for(plant: &Plant, subject: &Subject) -> Result<Option<Arc<View>>, Problem> {
    match subject {
        Subject::Plan(_) => Ok(None),
        Subject::Month(_) => plant.view().map(Some),
    }
}
