//! `carbide footprint restate`: what today's factors make of a month that was posted.

use clap::Args;
use serde_json::json;

use crate::cli::connect::{Session, month};
use crate::cli::exit::print_json;
use crate::cli::explain::print_lines;
use crate::cli::{CliError, Context, Exit};
use crate::cycle::{self, Facts, PostingRun, Standing};
use crate::period::PostingPeriod;
use crate::post::journal::ChangeSet;
use crate::present::figure;
use crate::quantity::Milligrams;
use crate::store::Kind;

/// Show the balanced difference that changed factors make of a month that was posted.
///
/// The month is calculated again from the facts that it was posted with; what differs is the factors.
/// Nothing is posted: `carbide post --correction` does that.
#[derive(Debug, Args)]
pub struct Restate {
    /// Month, as 2018-09.
    #[arg(long, value_parser = month)]
    period: PostingPeriod,
}

/// A month as it stands and as it is calculated now.
pub(in crate::cli) struct Restated {
    pub standing: Vec<Standing>,
    pub facts: Facts,
    pub now: Milligrams,
    pub correction: Option<PostingRun>,
}

/// Calculates a posted month again from the facts of its last posting.
pub(in crate::cli) fn restated(
    session: &Session,
    change_sets: &[ChangeSet],
    month: PostingPeriod,
    into: Option<PostingPeriod>,
) -> Result<Restated, CliError> {
    let company_code = &session.config.settings.plant.company_code;
    let standing = cycle::standing(change_sets, &session.store, company_code, month)?;
    let Some(last) = standing.last() else {
        let text = format!("{month} was not posted; there is nothing to correct");
        return Err(CliError::new(Exit::No, text));
    };
    let (facts_key, _, facts): (_, _, Facts) = session.store.get(Kind::Facts, &last.run.facts)?;
    let judged = session.judge(&facts, Some(month))?;
    let calculated = cycle::posting_run(&judged, &session.config, &facts_key)?;
    let now = calculated.posted();
    let into = match into {
        Some(into) => into,
        None => session.store.first_open(company_code.as_str(), month)?,
    };
    let correction = cycle::correction_run(&standing, calculated, into)?;
    Ok(Restated { standing, facts, now, correction })
}

pub(super) fn run(arguments: &Restate, context: &Context) -> Result<Exit, CliError> {
    let session = Session::open(context)?;
    let period = arguments.period;
    let restated = restated(&session, session.journal()?.change_sets(), period, None)?;
    let posted: Milligrams = restated.standing.iter().map(|standing| standing.run.posted()).sum();
    let correction = restated.correction.as_ref();
    let corrects = correction.and_then(|run| run.corrects.as_ref());
    if context.json {
        print_json(&json!({
            "period": period.to_string(),
            "posted_by": restated.standing.iter().map(|one| &one.change_set).collect::<Vec<_>>(),
            "changed_factors": corrects.map(|corrects| &corrects.factors),
            "posted_mg": posted,
            "restated_mg": restated.now,
            "into": correction.map(|run| run.period.to_string()),
            "lines": correction.map(|run| &run.lines),
            "correction": correction.map(|run| &run.transaction),
        }))?;
        return Ok(Exit::Done);
    }
    let Some((run, corrects)) = correction.zip(corrects) else {
        println!("{period}: today's factors give what was posted; nothing to correct");
        return Ok(Exit::Done);
    };
    for factor in &corrects.factors {
        println!("  factor {factor}");
    }
    print_lines(&run.lines);
    let kg = |amount: Milligrams| figure::decimal(amount.to_emissions().amount(), 3);
    println!(
        "{period}: posted {} kg CO2e, restated {} kg CO2e, difference {} kg CO2e into {}",
        kg(posted),
        kg(restated.now),
        kg(run.posted()),
        run.period
    );
    println!("Post it with: carbide post --correction {period}");
    Ok(Exit::Done)
}
