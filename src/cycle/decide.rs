//! What people decide about a finding: somebody was asked, the readings are right, or these are.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::Facts;
use crate::check::{IllegalStep, LifeEvent, Step, Tracked};
use crate::config::Config;
use crate::period::Interval;
use crate::quantity::largest_remainder;
use crate::said;
use crate::said::Said;
use crate::store::{Store, StoreError};
use crate::words_by_said;

/// What somebody decides.
#[derive(Clone, Debug, PartialEq)]
pub enum Decided {
    /// Somebody was asked.
    Ask {
        /// Who.
        whom: String,
    },
    /// The readings are right: they count from the next check on.
    Accept {
        /// Why.
        why: String,
    },
    /// The right readings; the old ones stay beside them.
    Correct {
        /// kWh of each interval of the finding in turn, or of all together: then they are shared
        /// evenly.
        kwh: Vec<Decimal>,
        /// Why.
        why: String,
    },
}

/// Why a decision was not taken. Nothing was kept.
#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    /// No finding has this key.
    Unknown {
        /// What was looked for.
        key: String,
    },
    /// Several findings begin with this key.
    Ambiguous {
        /// What was looked for.
        key: String,
    },
    /// The decision does not fit the finding.
    Senseless(Said),
    /// The finding is decided already.
    Illegal(#[from] IllegalStep),
    /// The store refused; also if somebody else decided in between.
    Store(#[from] StoreError),
}

impl DecideError {
    /// What happened, with what it is made of.
    pub fn said(&self) -> Said {
        match self {
            Self::Unknown { key } => said!(
                "decide.unknown",
                "there is no finding {key}; `carbide check` finds, `carbide check findings list` lists",
                key = key
            ),
            Self::Ambiguous { key } => {
                said!("decide.ambiguous", "more than one finding begins with {key}", key = key)
            }
            Self::Senseless(said) => said.clone(),
            Self::Illegal(error) => error.said(),
            Self::Store(error) => error.said(),
        }
    }
}

words_by_said!(DecideError);

/// The finding of this key, or the only one whose key begins with it.
///
/// # Errors
///
/// [`DecideError::Unknown`], [`DecideError::Ambiguous`].
pub fn finding_of<'a>(findings: &'a [Tracked], key: &str) -> Result<&'a Tracked, DecideError> {
    if let Some(whole) = findings.iter().find(|tracked| tracked.key.0 == key) {
        return Ok(whole);
    }
    let mut found = findings.iter().filter(|tracked| tracked.key.0.starts_with(key));
    match (found.next(), found.next()) {
        (Some(tracked), None) => Ok(tracked),
        (Some(_), Some(_)) => Err(DecideError::Ambiguous { key: key.to_owned() }),
        _ => Err(DecideError::Unknown { key: key.to_owned() }),
    }
}

/// Most findings that are decided about at once.
pub const DECISIONS_MAX: usize = 500;

/// Keeps what `who` decided at `now` about each of several findings, or none of it. Findings are named
/// as for [`finding_of`]; `facts` hold the readings that a correction replaces.
///
/// # Errors
///
/// [`DecideError`] of the first that cannot be decided so, or is named twice; nothing was kept then.
pub fn decide(
    store: &Store,
    config: &Config,
    facts: Option<&Facts>,
    decisions: &[(String, Decided)],
    (who, now): (&str, Timestamp),
) -> Result<Vec<Tracked>, DecideError> {
    if decisions.len() > DECISIONS_MAX {
        return Err(DecideError::Senseless(said!(
            "decide.findings",
            "{count} findings are more than {most}; decide in parts. Nothing was decided",
            count = decisions.len(),
            most = DECISIONS_MAX
        )));
    }
    let known = store.track(&[], &config.rules, now)?;
    let mut named = BTreeSet::new();
    let mut all = Vec::new();
    for (key, decided) in decisions {
        let tracked = finding_of(&known, key)?;
        if !named.insert(&tracked.key) {
            return Err(DecideError::Senseless(said!(
                "decide.twice",
                "finding {finding} is named twice; nothing was decided",
                finding = tracked.key
            )));
        }
        all.push(taken(tracked.clone(), config, facts, decided, (who, now))?);
    }
    store.keep_findings(&all)?;
    Ok(all)
}

/// A finding after a decision that is not kept yet.
pub(super) fn taken(
    mut tracked: Tracked,
    config: &Config,
    facts: Option<&Facts>,
    decided: &Decided,
    (who, now): (&str, Timestamp),
) -> Result<Tracked, DecideError> {
    let given = |text: &str, lacking: &dyn Fn() -> Said| match text.trim() {
        "" => Err(DecideError::Senseless(lacking())),
        text => Ok(text.to_owned()),
    };
    let no_one = || said!("decide.no-one", "who was asked is missing; nothing was decided");
    let no_reason = || said!("decide.no-reason", "the reason is missing; nothing was decided");
    let step = match decided {
        Decided::Ask { whom } => Step::Asked { whom: given(whom, &no_one)? },
        Decided::Accept { why } => Step::Accepted { why: given(why, &no_reason)? },
        Decided::Correct { kwh, why } => {
            corrected(&tracked, kwh, given(why, &no_reason)?, facts, step_of(config))?
        }
    };
    tracked.apply(LifeEvent { at: now, who: who.to_owned(), step })?;
    Ok(tracked)
}

fn step_of(config: &Config) -> SignedDuration {
    SignedDuration::from_mins(i64::from(config.ems.step_minutes))
}

/// A finding whose readings somebody can replace: the ends of its intervals, each with the energy that
/// was read for it, if one was. `None` if it is about no readings of a meter.
pub fn readings_of(
    tracked: &Tracked,
    config: &Config,
    facts: &Facts,
) -> Option<Vec<(Timestamp, Option<Decimal>)>> {
    let interval = tracked.finding.interval?;
    facts.meters.iter().find(|meter| meter.meter.id.as_str() == tracked.finding.subject)?;
    Some(read_at(tracked, &ends_of(interval, step_of(config)), Some(facts)))
}

fn read_at(
    tracked: &Tracked,
    ends: &[Timestamp],
    facts: Option<&Facts>,
) -> Vec<(Timestamp, Option<Decimal>)> {
    let mut meters = facts.into_iter().flat_map(|facts| &facts.meters);
    let meter = meters.find(|meter| meter.meter.id.as_str() == tracked.finding.subject);
    let rows = meter.map_or(&[][..], |meter| &meter.rows);
    let (Some(first), Some(last)) = (ends.first(), ends.last()) else { return Vec::new() };
    let asked = rows.iter().filter(|row| (*first..=*last).contains(&row.stamp));
    // What arrived last counts.
    let read: BTreeMap<Timestamp, Option<Decimal>> =
        asked.map(|row| (row.stamp, row.energy.map(|energy| energy.amount()))).collect();
    ends.iter().map(|end| (*end, read.get(end).copied().flatten())).collect()
}

/// Ends of the intervals of a finding, `step` apart.
fn ends_of(interval: Interval, step: SignedDuration) -> Vec<Timestamp> {
    let mut ends = Vec::new();
    let mut end = interval.start + step;
    while end <= interval.end {
        ends.push(end);
        end += step;
    }
    ends
}

/// The step that enters readings for the intervals of a finding.
fn corrected(
    tracked: &Tracked,
    kwh: &[Decimal],
    why: String,
    facts: Option<&Facts>,
    step: SignedDuration,
) -> Result<Step, DecideError> {
    let senseless = DecideError::Senseless;
    let interval = tracked.finding.interval.ok_or_else(|| {
        senseless(said!(
            "decide.no-readings",
            "finding {finding} has no readings that could be corrected",
            finding = tracked.key
        ))
    })?;
    if let Some(negative) = kwh.iter().find(|kwh| kwh.is_sign_negative() && !kwh.is_zero()) {
        return Err(senseless(said!(
            "decide.negative",
            "{kwh} kWh: a consumption is not negative",
            kwh = negative
        )));
    }
    let ends = ends_of(interval, step);
    let values = match kwh {
        [all] if ends.len() > 1 => shared(*all, ends.len()).ok_or_else(|| {
            senseless(said!(
                "decide.not-shared",
                "{kwh} kWh cannot be shared by {count}",
                kwh = all,
                count = ends.len()
            ))
        })?,
        _ if kwh.len() == ends.len() => kwh.to_vec(),
        _ => {
            let (given, wanted) = (kwh.len(), ends.len());
            return Err(senseless(said!(
                "decide.count",
                "finding {finding} has {wanted} intervals, {given} values were given: give one for \
                 each, or one for all",
                finding = tracked.key,
                wanted = wanted,
                given = given
            )));
        }
    };
    let before = read_at(tracked, &ends, facts);
    Ok(Step::Corrected { before, after: ends.into_iter().zip(values).collect(), why })
}

/// `all` kWh in equal parts of whole millionths that sum to it.
fn shared(all: Decimal, parts: usize) -> Option<Vec<Decimal>> {
    let millionths = (all * Decimal::from(1_000_000)).round().to_i64()?;
    let shares = largest_remainder(millionths, &vec![Decimal::ONE; parts])?;
    Some(shares.into_iter().map(|share| Decimal::new(share, 6).normalize()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_is_shared_by_the_intervals_and_sums_to_itself() {
        let all: Decimal = "100".parse().unwrap();

        let shares = shared(all, 3).unwrap();

        assert_eq!(shares.iter().sum::<Decimal>(), all);
        let (least, most) = (shares.iter().min().unwrap(), shares.iter().max().unwrap());
        assert!(*most - *least <= Decimal::new(1, 6), "{shares:?}");
    }
}
