//! The imputation ladder: methods for a gap, and which of them is best on this meter for each length,
//! measured by hiding readings that are known.

use std::ops::Range;

use crate::said;
use crate::said::Said;
use rand::RngExt;
use rand_pcg::Pcg64Mcg;
use serde::{Deserialize, Serialize};

/// Weeks looked at before and after a gap.
const WEEKS: usize = 4;
/// Weeks of history that a calibration needs.
const HISTORY_WEEKS_MIN: usize = 5;
/// Readings looked at on each side of a gap for its level: an hour at least.
const LEVEL_SLOTS: usize = 4;

/// Gaps that are hidden to measure each length.
const TRIALS: usize = 600;

/// A way to fill a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// A straight line between the neighbours.
    Line,
    /// Median of the same time of the week, four weeks before and after.
    WeekMedian,
    /// That median, scaled to the level of the twelve hours before and after.
    ScaledMedian,
    /// That median, scaled half the way (by the square root) to that level.
    HalfScaledMedian,
    /// That median, moved by a line between its distances from the readings at both ends.
    Shape,
    /// Mean of line and shape.
    LineAndShape,
    /// That median, moved by the distances at both ends, fading within two hours.
    FadingShape,
    /// Mean of line and fading shape.
    LineAndFadingShape,
    /// Mean of shape and scaled median.
    ShapeAndScaledMedian,
}

impl Method {
    /// Every method, simplest first: of two equal ones the simpler is taken.
    pub const ALL: [Self; 9] = [
        Self::Line,
        Self::WeekMedian,
        Self::ScaledMedian,
        Self::HalfScaledMedian,
        Self::Shape,
        Self::LineAndShape,
        Self::FadingShape,
        Self::LineAndFadingShape,
        Self::ShapeAndScaledMedian,
    ];

    /// In words, as it is stored with each value.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Line => "straight line between neighbours",
            Self::WeekMedian => "median of the same weekday and time, four weeks around",
            Self::ScaledMedian => "median of the week slot, scaled to the level around",
            Self::HalfScaledMedian => "median of the week slot, half the way to the level around",
            Self::Shape => "shape of the week between the levels at both ends",
            Self::LineAndShape => "mean of straight line and shape of the week",
            Self::FadingShape => "shape of the week, levels at both ends fading",
            Self::LineAndFadingShape => "mean of straight line and fading shape",
            Self::ShapeAndScaledMedian => "mean of shape of the week and scaled median",
        }
    }

    /// In words, for people.
    pub fn said(self) -> Said {
        match self {
            Self::Line => said!("imputed.line", "straight line between neighbours"),
            Self::WeekMedian => {
                said!(
                    "imputed.week-median",
                    "median of the same weekday and time, four weeks around"
                )
            }
            Self::ScaledMedian => {
                said!(
                    "imputed.scaled-median",
                    "median of the week slot, scaled to the level around"
                )
            }
            Self::HalfScaledMedian => {
                said!(
                    "imputed.half-scaled-median",
                    "median of the week slot, half the way to the level around"
                )
            }
            Self::Shape => {
                said!("imputed.shape", "shape of the week between the levels at both ends")
            }
            Self::LineAndShape => {
                said!("imputed.line-and-shape", "mean of straight line and shape of the week")
            }
            Self::FadingShape => {
                said!("imputed.fading-shape", "shape of the week, levels at both ends fading")
            }
            Self::LineAndFadingShape => {
                said!("imputed.line-and-fading-shape", "mean of straight line and fading shape")
            }
            Self::ShapeAndScaledMedian => {
                said!(
                    "imputed.shape-and-scaled-median",
                    "mean of shape of the week and scaled median"
                )
            }
        }
    }

    /// kWh for each slot of the gap, none below zero; `None` if the method lacks what it needs.
    pub fn estimate(
        self,
        known: &[Option<f64>],
        gap: &Range<usize>,
        day: usize,
    ) -> Option<Vec<f64>> {
        let mean = |a: Self, b: Self| {
            let (a, b) = (a.estimate(known, gap, day)?, b.estimate(known, gap, day)?);
            Some(a.into_iter().zip(b).map(|(a, b)| (a + b) / 2.0).collect())
        };
        match self {
            Self::Line => line(known, gap),
            Self::WeekMedian => gap.clone().map(|at| week_median(known, at, day)).collect(),
            Self::ScaledMedian => scaled(known, gap, day, 1.0),
            Self::HalfScaledMedian => scaled(known, gap, day, 0.5),
            Self::Shape => shape(known, gap, day, |before, after, place, length| {
                before + (after - before) * place / (length + 1.0)
            }),
            Self::FadingShape => {
                // An hour at both ends keeps most of its distance, two hours inside a sixth is left.
                let fade = day as f64 / 24.0;
                shape(known, gap, day, |before, after, place, length| {
                    before * (-place / fade).exp() + after * (-(length + 1.0 - place) / fade).exp()
                })
            }
            Self::LineAndShape => mean(Self::Line, Self::Shape),
            Self::LineAndFadingShape => mean(Self::Line, Self::FadingShape),
            Self::ShapeAndScaledMedian => mean(Self::Shape, Self::ScaledMedian),
        }
    }
}

fn line(known: &[Option<f64>], gap: &Range<usize>) -> Option<Vec<f64>> {
    let before = (*known.get(gap.start.checked_sub(1)?)?)?;
    let after = (*known.get(gap.end)?)?;
    let steps = (gap.len() + 1) as f64;
    Some((1..=gap.len()).map(|k| before + (after - before) * k as f64 / steps).collect())
}

/// Median of the same slot of the week before and after; `None` if no week has one.
fn week_median(known: &[Option<f64>], at: usize, day: usize) -> Option<f64> {
    let week = 7 * day;
    let mut values = [0.0; 2 * WEEKS];
    let mut count = 0;
    for weeks in 1..=WEEKS {
        let before = at.checked_sub(weeks * week);
        for index in before.into_iter().chain([at + weeks * week]) {
            if let Some(Some(value)) = known.get(index) {
                values[count] = *value;
                count += 1;
            }
        }
    }
    let values = &mut values[..count];
    values.sort_by(f64::total_cmp);
    match count {
        0 => None,
        n if n % 2 == 1 => Some(values[n / 2]),
        n => Some((values[n / 2 - 1] + values[n / 2]) / 2.0),
    }
}

/// The week's median times the level around to the power `way`.
fn scaled(known: &[Option<f64>], gap: &Range<usize>, day: usize, way: f64) -> Option<Vec<f64>> {
    let medians: Vec<f64> =
        gap.clone().map(|at| week_median(known, at, day)).collect::<Option<_>>()?;
    let half = day / 2;
    let around = (gap.start.saturating_sub(half)..gap.start).chain(gap.end..gap.end + half);
    let (mut level, mut usual) = (0.0, 0.0);
    for at in around {
        if let (Some(Some(value)), Some(median)) = (known.get(at), week_median(known, at, day)) {
            level += value;
            usual += median;
        }
    }
    let scale = if usual > 0.0 { (level / usual).powf(way) } else { 1.0 };
    Some(medians.into_iter().map(|median| median * scale).collect())
}

/// The week's shape, moved by what `moved(before, after, place, length)` makes of the distances at
/// both ends. A side without readings moves nothing.
fn shape(
    known: &[Option<f64>],
    gap: &Range<usize>,
    day: usize,
    moved: impl Fn(f64, f64, f64, f64) -> f64,
) -> Option<Vec<f64>> {
    let width = LEVEL_SLOTS.max(day / 24);
    let distance = |side: Range<usize>| {
        let distances: Vec<f64> =
            side.filter_map(|at| Some((*known.get(at)?)? - week_median(known, at, day)?)).collect();
        let sum: f64 = distances.iter().sum();
        if distances.is_empty() { 0.0 } else { sum / distances.len() as f64 }
    };
    let before = distance(gap.start.saturating_sub(width)..gap.start);
    let after = distance(gap.end..gap.end + width);
    gap.clone()
        .enumerate()
        .map(|(place, at)| {
            let move_by = moved(before, after, (place + 1) as f64, gap.len() as f64);
            Some((week_median(known, at, day)? + move_by).max(0.0))
        })
        .collect()
}

/// One step of the ladder: what is best up to a length of gap.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rung {
    /// Longest gap in minutes.
    pub up_to_minutes: usize,
    /// Best method.
    pub method: Method,
    /// Its error on this meter: sum of absolute errors over the sum of the energy, in percent (WAPE).
    /// Measured on gaps other than those by which it was chosen; `None` if there was too little.
    pub error_percent: Option<f64>,
    /// What it adds to or takes from the sum, in percent.
    pub bias_percent: Option<f64>,
    /// Hidden gaps that were measured.
    pub trials: usize,
}

/// What fills the gaps of one meter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ladder {
    /// By length of gap, shortest first.
    pub rungs: Vec<Rung>,
    /// Slots of a day.
    pub(super) day: usize,
    /// Minutes of a slot.
    pub(super) step_minutes: usize,
}

/// How a gap was filled.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Filled {
    pub name: &'static str,
    pub error_percent: Option<f64>,
    said: Said,
}

impl Filled {
    pub fn said(&self) -> &Said {
        &self.said
    }
}

impl Ladder {
    /// Values for a gap with how they were found; `None` if it is longer than the ladder, or no
    /// method has what it needs.
    pub(super) fn fill(
        &self,
        known: &[Option<f64>],
        gap: &Range<usize>,
    ) -> Option<(Vec<f64>, Filled)> {
        let minutes = gap.len() * self.step_minutes;
        let rung = self.rungs.iter().find(|rung| minutes <= rung.up_to_minutes)?;
        let (values, method, error) = match rung.method.estimate(known, gap, self.day) {
            Some(values) => (values, rung.method, rung.error_percent),
            // At the edge of a series a neighbour or a week can be lacking.
            None => [Method::WeekMedian, Method::Line]
                .into_iter()
                .find_map(|other| Some((other.estimate(known, gap, self.day)?, other, None)))?,
        };
        let how = method.said();
        let said = match error {
            Some(error) => {
                said!("imputed.error", "{how}, error {error:.1} %", how = how, error = error)
            }
            None => said!("imputed.not-measured", "{how}, error not measured", how = how),
        };
        Some((values, Filled { name: method.name(), error_percent: error, said }))
    }
}

/// Measures every method on hidden readings of this very meter, for gaps of one step, one hour, four
/// hours and a day, and keeps the best of each length. `known` are kWh by slot.
///
/// Half of the hidden gaps choose, the other half measure, so that the stored error is not the luck
/// of the choice. The same series gives the same ladder.
///
/// # Source
///
/// Methods (e), imputation ladder; WAPE as in forecasting practice, since percentages of idle load
/// explode.
pub fn calibrate(known: &[Option<f64>], step_minutes: usize) -> Ladder {
    let day = (24 * 60 / step_minutes.max(1)).max(1);
    let mut lengths = vec![step_minutes, 60, 240, 1440];
    lengths.retain(|minutes| *minutes >= step_minutes);
    lengths.dedup();
    let enough = known.len() >= HISTORY_WEEKS_MIN * 7 * day;
    let rungs = lengths
        .into_iter()
        .map(|minutes| {
            let slots = (minutes / step_minutes).max(1);
            let measured = enough.then(|| measure(known, slots, day)).flatten();
            let (method, error_percent, bias_percent, trials) = measured.unwrap_or(match minutes {
                0..=60 => (Method::Line, None, None, 0),
                _ => (Method::WeekMedian, None, None, 0),
            });
            Rung { up_to_minutes: minutes, method, error_percent, bias_percent, trials }
        })
        .collect();
    Ladder { rungs, day, step_minutes }
}

type Measured = (Method, Option<f64>, Option<f64>, usize);

fn measure(known: &[Option<f64>], slots: usize, day: usize) -> Option<Measured> {
    let trials_wanted = TRIALS;
    let mut random = Pcg64Mcg::new(0x0c0f_fee0 + slots as u128);
    let mut hidden: Vec<Option<f64>> = known.to_vec();
    // Sums of absolute error, of error and of energy, by method and half.
    let mut sums = [[(0.0_f64, 0.0_f64, 0.0_f64); 2]; Method::ALL.len()];
    let mut trials = 0;
    for _ in 0..4 * trials_wanted {
        if trials >= trials_wanted {
            break;
        }
        let start = random.random_range(1..known.len().saturating_sub(slots + 1).max(2));
        let gap = start..start + slots;
        let Some(truth) = known.get(gap.clone()).filter(|cells| cells.iter().all(Option::is_some))
        else {
            continue;
        };
        hidden[gap.clone()].fill(None);
        let estimates: Vec<Option<Vec<f64>>> =
            Method::ALL.iter().map(|method| method.estimate(&hidden, &gap, day)).collect();
        hidden[gap.clone()].copy_from_slice(truth);
        if estimates.iter().any(Option::is_none) {
            continue;
        }
        for (sum, estimate) in sums.iter_mut().zip(estimates.into_iter().flatten()) {
            let sum = &mut sum[trials % 2];
            for (value, truth) in estimate.into_iter().zip(truth.iter().flatten()) {
                sum.0 += (value - truth).abs();
                sum.1 += value - truth;
                sum.2 += truth;
            }
        }
        trials += 1;
    }
    let best = (0..Method::ALL.len()).min_by(|a, b| {
        let chosen = |method: usize| sums[method][0].0;
        chosen(*a).total_cmp(&chosen(*b))
    })?;
    let (error, bias, energy) = sums[best][1];
    (trials >= 20 && energy > 0.0).then(|| {
        (Method::ALL[best], Some(100.0 * error / energy), Some(100.0 * bias / energy), trials)
    })
}

/// The gap of a meter whose parent and siblings were read: the parent less the siblings, at least
/// zero. All in kWh of the same intervals. The first rung wherever it can be had.
pub fn by_balance(parent: &[f64], siblings: &[&[f64]]) -> Vec<f64> {
    let rest = |(at, above): (usize, &f64)| {
        (above - siblings.iter().map(|sibling| sibling[at]).sum::<f64>()).max(0.0)
    };
    parent.iter().enumerate().map(rest).collect()
}

/// kWh from the reactive register and the power factor of the same meter; `None` where the power
/// factor is not between 0 and 1: at 1 nothing reactive flows and nothing follows from it.
///
/// # Source
///
/// P = Q pf / sqrt(1 - pf²), from S² = P² + Q² (IEEE 1459, sinusoidal case).
pub fn active_from_reactive(kvarh: f64, power_factor: f64) -> Option<f64> {
    let sound = kvarh > 0.0 && power_factor > 0.0 && power_factor < 1.0;
    sound.then(|| kvarh * power_factor / (1.0 - power_factor * power_factor).sqrt())
}

/// Imputed values of a day scaled so that the day sums to its own register: what was measured of the
/// day is left alone. `None` if the register is below what was measured.
pub fn scaled_to_register(imputed: &[f64], measured_sum: f64, register: f64) -> Option<Vec<f64>> {
    let rest = register - measured_sum;
    let sum: f64 = imputed.iter().sum();
    if rest < 0.0 {
        return None;
    }
    if sum <= 0.0 {
        return Some(vec![rest / imputed.len().max(1) as f64; imputed.len()]);
    }
    Some(imputed.iter().map(|value| value * rest / sum).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Eight weeks of hours: a day's shape at the week's level, which drifts.
    fn plant() -> Vec<Option<f64>> {
        let value = |hour: usize| {
            let of_day = [10.0, 40.0, 80.0, 60.0][hour % 24 / 6];
            of_day * (1.0 + 0.1 * ((hour / 24 % 7) as f64)) + (hour as f64 / 50.0).sin()
        };
        (0..8 * 7 * 24).map(|hour| Some(value(hour))).collect()
    }

    #[test]
    fn the_best_method_is_chosen_by_hiding_what_is_known() {
        let ladder = calibrate(&plant(), 60);

        let day = ladder.rungs.last().unwrap();
        assert_ne!(day.method, Method::Line);
        assert!(day.error_percent.unwrap() < 3.0, "{day:?}");
        assert_eq!(ladder, calibrate(&plant(), 60));
    }

    #[test]
    fn without_history_the_error_is_said_to_be_unknown() {
        let ladder = calibrate(&plant()[..200], 60);

        assert_eq!(ladder.rungs[0].method, Method::Line);
        assert!(ladder.rungs.iter().all(|rung| rung.error_percent.is_none()));
    }

    #[test]
    fn a_reactive_register_and_a_parent_give_the_reading_back() {
        let kwh = active_from_reactive(3.0, 0.8).unwrap();
        assert!((kwh - 4.0).abs() < 1e-12);
        assert_eq!(active_from_reactive(3.0, 1.0), None);
        assert_eq!(by_balance(&[10.0, 5.0], &[&[4.0, 4.0], &[1.0, 2.0]]), [5.0, 0.0]);
    }

    #[test]
    fn a_day_keeps_the_sum_of_its_register() {
        let day = scaled_to_register(&[1.0, 3.0], 10.0, 18.0).unwrap();
        assert_eq!(day, [2.0, 6.0]);
        assert_eq!(scaled_to_register(&[1.0], 10.0, 9.0), None);
    }
}
