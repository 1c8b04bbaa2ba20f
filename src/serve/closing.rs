//! Periods of the carbon ledger that close by themselves, some days after their end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};

use super::plant::Plant;
use super::problem::Problem;
use super::schedule::SCHEDULE;
use crate::cycle::with_runs;
use crate::period::PostingPeriod;
use crate::post::state::Phase;
use crate::store::PeriodState;

/// A posting of emissions, as far as it tells whether its period may close.
struct Posting {
    period: PostingPeriod,
    phase: Phase,
}

/// Periods to close on a day: over for `days` days, posted and confirmed, with nothing on its way.
/// `decided` are those that somebody closed or reopened before: people have the last word.
fn due(
    postings: &[Posting],
    decided: &BTreeSet<String>,
    today: Date,
    days: u16,
) -> Vec<PostingPeriod> {
    let mut by_period: BTreeMap<PostingPeriod, Vec<Phase>> = BTreeMap::new();
    for posting in postings {
        by_period.entry(posting.period).or_default().push(posting.phase);
    }
    let may_close = |(period, phases): (PostingPeriod, Vec<Phase>)| {
        let from = period.last_day().saturating_add(i64::from(days).days());
        let is_over = today > from;
        let is_settled = phases.iter().all(|phase| phase.is_final());
        let is_posted = phases.contains(&Phase::Confirmed);
        (is_over && is_settled && is_posted && !decided.contains(&period.to_string()))
            .then_some(period)
    };
    by_period.into_iter().filter_map(may_close).collect()
}

/// Closes what is due.
///
/// # Errors
///
/// [`Problem`] if the store cannot be read or written.
pub async fn close_due(plant: &Arc<Plant>) -> Result<(), Problem> {
    let days = plant.config().settings.serve.close_after_days;
    let journal = plant.journal();
    if days == 0 || journal.carbon.is_empty() {
        return Ok(());
    }
    let work = plant.bench.run(async move |bench| {
        let installation = bench.installation()?;
        let (store, config) = (&installation.store, &installation.config);
        let company_code = &config.settings.plant.company_code;
        let postings: Vec<Posting> = with_runs(store, &journal.carbon)?
            .into_iter()
            .filter(|(_, run)| run.company_code == *company_code)
            .map(|(posted, run)| Posting { period: run.period, phase: posted.phase })
            .collect();
        let closings = store.closings(company_code.as_str())?;
        let decided = closings.into_iter().map(|closing| closing.period).collect();
        let now = Timestamp::now();
        let today = now.to_zoned(config.zone.clone()).date();
        for period in due(&postings, &decided, today, days) {
            let why = format!("{days} days after its end, posted and confirmed");
            let state = PeriodState::Closed;
            store.set_period(company_code.as_str(), period, state, SCHEDULE, &why, now)?;
            tracing::info!(%company_code, %period, "the period of the carbon ledger is closed");
        }
        Ok(())
    });
    work.await
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEPTEMBER: PostingPeriod = PostingPeriod { year: 2018, month: 9 };

    fn closed(phases: &[Phase], decided: &[&str], today: &str) -> Vec<PostingPeriod> {
        let posting = |phase: &Phase| Posting { period: SEPTEMBER, phase: *phase };
        let postings: Vec<Posting> = phases.iter().map(posting).collect();
        let decided = decided.iter().map(|period| (*period).to_owned()).collect();
        due(&postings, &decided, today.parse().unwrap(), 10)
    }

    #[test]
    fn a_period_closes_once_its_days_are_over() {
        assert_eq!(closed(&[Phase::Confirmed], &[], "2018-10-10"), []);
        assert_eq!(closed(&[Phase::Confirmed], &[], "2018-10-11"), [SEPTEMBER]);
    }

    #[test]
    fn what_is_not_posted_or_still_on_its_way_stays_open() {
        assert_eq!(closed(&[], &[], "2019-01-01"), []);
        assert_eq!(closed(&[Phase::RolledBack], &[], "2019-01-01"), []);
        assert_eq!(closed(&[Phase::Confirmed, Phase::Open], &[], "2019-01-01"), []);
        let again = [Phase::RolledBack, Phase::Confirmed];
        assert_eq!(closed(&again, &[], "2019-01-01"), [SEPTEMBER]);
    }

    #[test]
    fn what_somebody_reopened_is_not_closed_again() {
        assert_eq!(closed(&[Phase::Confirmed], &["2018-09"], "2019-01-01"), []);
        assert_eq!(closed(&[Phase::Confirmed], &["2018-08"], "2019-01-01"), [SEPTEMBER]);
    }
}
