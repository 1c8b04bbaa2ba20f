//! The same series as a main meter above three others, with the faults of balances.

use jiff::SignedDuration;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;

use super::super::RuleSet;
use super::super::balance::{Metered, balance};
use super::{APART_DAYS, FaultScore, HISTORY_DAYS, TrialPlan};
use crate::period::Interval;
use crate::quantity::Energy;
use crate::reading::{Medium, Series, Slot};

/// Shares of the three meters, as real ones: they change over the day.
const SHARES: [f64; 3] = [0.5, 0.35, 0.15];
/// Accuracy class of each meter.
const CLASS_PERCENT: f64 = 1.0;

/// Faults of balances. Every meter has an error of its own within its class, so a sound tree does not
/// balance to the last digit either.
pub(super) fn scores(main: &Series, rules: &RuleSet, plan: TrialPlan) -> Vec<FaultScore> {
    let mut random = Pcg64Mcg::seed_from_u64(plan.seed);
    let whole: Vec<f64> =
        main.slots.iter().map(|slot| slot.energy.map_or(f64::NAN, Energy::to_f64)).collect();
    let day = super::slots_of(main.step, 24);
    let mut error = || 1.0 + CLASS_PERCENT / 200.0 * normal(&mut random).clamp(-2.0, 2.0);
    let parent = series(main, whole.iter().map(|kwh| kwh * error()));
    let gain = [error(), error(), error()];
    let wave = |index: usize| 0.1 * (std::f64::consts::TAU * index as f64 / day as f64).sin();
    let share = |child: usize, index: usize| match child {
        0 => SHARES[0] + wave(index),
        1 => SHARES[1] - wave(index),
        _ => SHARES[2],
    };
    let of = |child: usize| {
        let values = whole.iter().enumerate();
        series(main, values.map(|(index, kwh)| kwh * share(child, index) * gain[child]))
    };
    let children = [of(0), of(1), of(2)];
    let judge = |children: &[Series; 3]| {
        let metered = |series| Metered { series, class_percent: CLASS_PERCENT, feeds_in: false };
        let below = children.each_ref().map(metered);
        balance(metered(&parent), &below, true, Medium::Electricity, rules)
    };
    let known = judge(&children);
    [
        ("balance: a phase is lost", "smallest of three meters, 1 day", 2, 2.0 / 3.0),
        ("balance: a meter counts nothing", "smallest of three meters, 1 day", 2, 0.0),
        ("balance: CT ratio doubled", "smallest of three meters, 1 day", 2, 2.0),
        ("balance: a phase is lost", "largest of three meters, 1 day", 0, 2.0 / 3.0),
    ]
    .into_iter()
    .map(|(name, size, child, factor)| {
        let mut random = Pcg64Mcg::seed_from_u64(plan.seed);
        let mut score = FaultScore::new(name, size, &["R9"]);
        let apart = day * usize::try_from(APART_DAYS).unwrap_or(1);
        let from = day * usize::try_from(HISTORY_DAYS).unwrap_or(1);
        let mut tries = 0;
        while score.injected < plan.places && tries < 50 * plan.places {
            tries += 1;
            let at = random.random_range(from..(main.slots.len() - apart).max(from + 1));
            let hit = at..at + day;
            let idle = whole[hit.clone()].iter().sum::<f64>();
            if !(idle.is_finite() && idle > 0.0) {
                continue;
            }
            let mut spoiled = children.clone();
            for slot in &mut spoiled[child].slots[hit.clone()] {
                let factor = Decimal::from_f64(factor).unwrap_or_default();
                slot.energy = slot.energy.map(|energy| energy.scaled(factor));
            }
            let fault =
                Interval { start: main.interval(at).start, end: main.interval(hit.end - 1).end };
            let findings = judge(&spoiled);
            let mut found = false;
            for finding in &findings {
                let Some(interval) = finding.interval else { continue };
                let before =
                    known.iter().any(|old| old.interval.is_some_and(|o| touches(o, interval)));
                if touches(interval, fault) {
                    found = true;
                } else if !before {
                    score.false_alarms += 1;
                }
            }
            let by = if found { std::iter::once("R9").collect() } else { Default::default() };
            score.judge(&by);
        }
        score.done()
    })
    .collect()
}

fn touches(a: Interval, b: Interval) -> bool {
    a.intersection(&b).is_some_and(|shared| shared.length() > SignedDuration::ZERO)
}

fn series(like: &Series, values: impl Iterator<Item = f64>) -> Series {
    let slot = |(value, old): (f64, &Slot)| Slot {
        energy: old.energy.and_then(|_| Decimal::from_f64(value)).map(Energy::new),
        state: old.state,
    };
    Series {
        meter: like.meter.clone(),
        start: like.start,
        step: like.step,
        slots: values.zip(&like.slots).map(slot).collect(),
    }
}

/// A standard normal number, by Box and Muller (1958).
fn normal(random: &mut Pcg64Mcg) -> f64 {
    let (a, b): (f64, f64) = (random.random_range(f64::EPSILON..1.0), random.random());
    (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos()
}
