//! R2 on shifts, where the product is not known: energy of a shift against the same shift of the same
//! weekday before.

use std::collections::{BTreeMap, VecDeque};

use jiff::civil::{Date, Weekday};
use serde::Serialize;

use super::super::production::{Recent, is_excess};
use super::super::{ExcessLimits, RuleSet};
use super::TrialPlan;
use super::episode::{self, EpisodeScore};
use crate::period::ShiftCalendar;
use crate::reading::Series;

/// How far a shift is raised in the trial.
const RAISED_PERCENT: [u32; 5] = [20, 30, 50, 100, 200];

/// One form of R2 on one series.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExcessScore {
    /// `published` (above the mean by the ratio, and no more), `robust` (and above the median by three
    /// robust standard deviations: a published calibration to compare with) or `calibrated` (as in
    /// the rules).
    pub form: &'static str,
    /// Shifts with enough history.
    pub shifts: usize,
    /// Shifts flagged as they were metered.
    pub flagged: usize,
    /// Those in percent.
    pub flagged_percent: f64,
    /// Shifts found when each is raised by so many percent by itself.
    pub found_percent: BTreeMap<u32, f64>,
    /// Days found, all their shifts raised by so many percent: one flag is enough.
    pub days_found_percent: BTreeMap<u32, f64>,
    /// Raised for longer than a shift, as wear does, with a history that learns what it sees.
    pub episodes: Vec<EpisodeScore>,
    #[serde(skip)]
    doubled: (usize, usize),
}

impl ExcessScore {
    /// Shifts found and not found when doubled.
    pub(super) fn hits_and_misses(&self) -> (usize, usize) {
        self.doubled
    }
}

/// Whether a form of R2 says something of a shift: its energy, the batches before, how the plant runs.
pub(super) type Form<'a> = dyn Fn(f64, &VecDeque<f64>, &Recent) -> bool + 'a;

/// Scores of R2 as published and as the rules have it.
pub(super) fn scores(
    series: &Series,
    shifts: &ShiftCalendar,
    rules: &RuleSet,
    plan: TrialPlan,
) -> Vec<ExcessScore> {
    let limits = &rules.excess.limits;
    let above = |energy: f64, before: &VecDeque<f64>| {
        energy > limits.ratio * before.iter().sum::<f64>() / before.len() as f64
    };
    let published = |energy: f64, before: &VecDeque<f64>, _: &Recent| above(energy, before);
    let robust = |energy: f64, before: &VecDeque<f64>, _: &Recent| {
        let middle = median(before.iter().copied());
        let spread = median(before.iter().map(|value| (value - middle).abs()));
        above(energy, before) && energy > middle + 3.0 * 1.4826 * spread
    };
    let calibrated = |energy: f64, before: &VecDeque<f64>, recent: &Recent| {
        rules.excess.enabled && is_excess(energy, before, recent, limits)
    };
    let metered = metered(series, shifts);
    vec![
        score("published", &metered, limits, plan, &published),
        score("robust", &metered, limits, plan, &robust),
        score("calibrated", &metered, limits, plan, &calibrated),
    ]
}

/// A shift that was metered whole.
#[derive(Clone, Copy)]
pub(super) struct MeteredShift {
    day: Date,
    shift: usize,
    /// kWh.
    pub energy: f64,
}

fn metered(series: &Series, shifts: &ShiftCalendar) -> Vec<MeteredShift> {
    let mut metered = Vec::new();
    let Some(span) = series.span() else { return metered };
    let mut at = shifts.next(shifts.shift_at(span.start));
    while shifts.interval(at).end <= span.end {
        let (energy, missing) = series.energy_within(shifts.interval(at));
        if missing == 0 {
            metered.push(MeteredShift { day: at.day, shift: at.shift, energy: energy.to_f64() });
        }
        at = shifts.next(at);
    }
    metered
}

/// What is known of the shifts so far.
#[derive(Clone, Default)]
pub(super) struct Watch {
    history: BTreeMap<(DayOfWeek, usize), VecDeque<f64>>,
    recent: Recent,
}

impl Watch {
    /// The same shift of the weeks before; `None` if there are too few.
    fn before(&self, shift: &MeteredShift, limits: &ExcessLimits) -> Option<&VecDeque<f64>> {
        let key = (DayOfWeek::of(shift.day.weekday()), shift.shift);
        self.history.get(&key).filter(|before| before.len() >= limits.batches)
    }

    /// Whether `form` says something if the shift used `energy`; `None` without history.
    pub fn judge(
        &self,
        shift: &MeteredShift,
        energy: f64,
        limits: &ExcessLimits,
        form: &Form<'_>,
    ) -> Option<bool> {
        self.before(shift, limits).map(|before| form(energy, before, &self.recent))
    }

    /// The shift is over; it used `energy`.
    pub fn learn(&mut self, shift: &MeteredShift, energy: f64, limits: &ExcessLimits) {
        let key = (DayOfWeek::of(shift.day.weekday()), shift.shift);
        let before = self.history.entry(key).or_default();
        if before.len() >= limits.batches {
            self.recent.push(energy, before, limits);
        }
        before.push_back(energy);
        if before.len() > limits.batches {
            before.pop_front();
        }
    }
}

fn score(
    form: &'static str,
    metered: &[MeteredShift],
    limits: &ExcessLimits,
    plan: TrialPlan,
    flags: &Form<'_>,
) -> ExcessScore {
    let mut watch = Watch::default();
    let (mut count, mut flagged) = (0, 0);
    let mut found = [0_usize; RAISED_PERCENT.len()];
    let mut days: BTreeMap<Date, [bool; RAISED_PERCENT.len()]> = BTreeMap::new();
    for shift in metered {
        if let Some(sound) = watch.judge(shift, shift.energy, limits, flags) {
            count += 1;
            flagged += usize::from(sound);
            let of_day = days.entry(shift.day).or_default();
            for (index, percent) in RAISED_PERCENT.iter().enumerate() {
                let raised = shift.energy * (1.0 + f64::from(*percent) / 100.0);
                let seen = watch.judge(shift, raised, limits, flags) == Some(true);
                found[index] += usize::from(seen);
                of_day[index] |= seen;
            }
        }
        watch.learn(shift, shift.energy, limits);
    }
    let percent = |part: usize, whole: usize| 100.0 * part as f64 / whole.max(1) as f64;
    let doubled = found[RAISED_PERCENT.iter().position(|raised| *raised == 100).unwrap_or(0)];
    let by_size = |value: &dyn Fn(usize) -> f64| {
        RAISED_PERCENT.iter().enumerate().map(|(index, raised)| (*raised, value(index))).collect()
    };
    ExcessScore {
        form,
        shifts: count,
        flagged,
        flagged_percent: percent(flagged, count),
        found_percent: by_size(&|index| percent(found[index], count)),
        days_found_percent: by_size(&|index| {
            percent(days.values().filter(|seen| seen[index]).count(), days.len())
        }),
        episodes: episode::scores(metered, limits, plan, flags),
        doubled: (doubled, count - doubled),
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => sorted[middle],
        _ => (sorted[middle - 1] + sorted[middle]) / 2.0,
    }
}

/// A weekday that sorts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct DayOfWeek(i8);

impl DayOfWeek {
    fn of(day: Weekday) -> Self {
        Self(day.to_monday_one_offset())
    }
}
