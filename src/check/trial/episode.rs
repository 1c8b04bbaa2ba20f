//! R2 on faults that last, as wear and leaks do: shifts raised from one on, by the same rule with the
//! history that it would have had, raised shifts included.

use rand::SeedableRng;
use rand::seq::index;
use rand_pcg::Pcg64Mcg;
use serde::Serialize;

use super::super::ExcessLimits;
use super::TrialPlan;
use super::excess::{Form, MeteredShift, Watch};

/// How far the shifts of an episode are raised.
const RAISED_PERCENT: [u32; 3] = [20, 50, 100];
/// How many shifts an episode lasts: one, a day, a week, four weeks.
const SHIFTS: [usize; 4] = [1, 3, 21, 84];

/// Episodes of one size and length.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EpisodeScore {
    /// How far each of its shifts was raised.
    pub raised_percent: u32,
    /// How many shifts it lasted.
    pub shifts: usize,
    /// How many were put in, each by itself.
    pub put_in: usize,
    /// Those of which a shift was named.
    pub found_percent: f64,
    /// The same shifts as they were metered: stretches of which one was named without any fault.
    pub by_chance_percent: f64,
    /// Shifts until the first one was named, that one counted: the median of those that were found.
    pub median_shifts_to_find: Option<usize>,
}

/// Puts episodes of each size and length into the metered shifts, at `plan.places` random places.
pub(super) fn scores(
    metered: &[MeteredShift],
    limits: &ExcessLimits,
    plan: TrialPlan,
    form: &Form<'_>,
) -> Vec<EpisodeScore> {
    let mut scores = Vec::new();
    for shifts in SHIFTS {
        let starts = starts(metered, shifts, limits, plan, form);
        let unraised = run(metered, &starts, shifts, 0, limits, form);
        let share = |found: &[Option<usize>]| {
            100.0 * found.iter().flatten().count() as f64 / found.len().max(1) as f64
        };
        for raised_percent in RAISED_PERCENT {
            let found = run(metered, &starts, shifts, raised_percent, limits, form);
            let mut waited: Vec<usize> = found.iter().flatten().copied().collect();
            waited.sort_unstable();
            scores.push(EpisodeScore {
                raised_percent,
                shifts,
                put_in: found.len(),
                found_percent: share(&found),
                by_chance_percent: share(&unraised),
                median_shifts_to_find: waited.get(waited.len() / 2).copied(),
            });
        }
    }
    scores
}

/// Where episodes begin, with what was known before: shifts with enough history whose episode ends
/// within the series.
fn starts(
    metered: &[MeteredShift],
    shifts: usize,
    limits: &ExcessLimits,
    plan: TrialPlan,
    form: &Form<'_>,
) -> Vec<(usize, Watch)> {
    let mut watch = Watch::default();
    let mut able = Vec::new();
    for (at, shift) in metered.iter().enumerate() {
        if watch.judge(shift, shift.energy, limits, form).is_some() && at + shifts <= metered.len()
        {
            able.push(at);
        }
        watch.learn(shift, shift.energy, limits);
    }
    // The places do not depend on the form, so that forms are compared on the same episodes.
    let mut random = Pcg64Mcg::seed_from_u64(plan.seed);
    let chosen = index::sample(&mut random, able.len(), plan.places.min(able.len()));
    let mut chosen: Vec<usize> = chosen.into_iter().map(|index| able[index]).collect();
    chosen.sort_unstable();
    let (mut watch, mut starts) = (Watch::default(), Vec::new());
    let mut chosen = chosen.into_iter().peekable();
    for (at, shift) in metered.iter().enumerate() {
        if chosen.next_if_eq(&at).is_some() {
            starts.push((at, watch.clone()));
        }
        watch.learn(shift, shift.energy, limits);
    }
    starts
}

/// After how many shifts each episode was found; `None` if it was not.
fn run(
    metered: &[MeteredShift],
    starts: &[(usize, Watch)],
    shifts: usize,
    raised_percent: u32,
    limits: &ExcessLimits,
    form: &Form<'_>,
) -> Vec<Option<usize>> {
    let of = |(start, watch): &(usize, Watch)| {
        let mut watch = watch.clone();
        for (gone, shift) in metered[*start..*start + shifts].iter().enumerate() {
            let energy = shift.energy * (1.0 + f64::from(raised_percent) / 100.0);
            if watch.judge(shift, energy, limits, form) == Some(true) {
                return Some(gone + 1);
            }
            watch.learn(shift, energy, limits);
        }
        None
    };
    starts.iter().map(of).collect()
}
