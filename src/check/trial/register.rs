//! The same series as a register that only rises, with the faults of registers.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;
use rust_decimal::Decimal;

use super::super::counter::{CounterReading, Register, from_counter};
use super::super::readings::Flag;
use super::super::{Finding, RuleSet};
use super::{FaultScore, TrialPlan, places};
use crate::period::Interval;
use crate::quantity::Energy;
use crate::reading::{Meter, RawReading};

/// Times the largest reading that the connection can carry.
const HEADROOM: i64 = 3;
/// Readings before and after a fault that are looked at.
const AROUND: usize = 200;

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// The register begins again at zero.
    Reset,
    /// One reading stands below the one before.
    Fall,
    /// One reading in Wh.
    Thousandfold,
    /// Six digits are over: no fault, and to be counted on.
    Rollover,
}

/// Faults of registers, and that a roll-over is none.
pub(super) fn scores(
    clean: &[RawReading],
    meter: &Meter,
    step: SignedDuration,
    largest: Option<Energy>,
    rules: &RuleSet,
    plan: TrialPlan,
) -> Vec<FaultScore> {
    let capacity = largest.map(|energy| energy.scaled(Decimal::from(HEADROOM)));
    let first = clean.first().map_or(Timestamp::UNIX_EPOCH, |row| row.stamp);
    let mut sum = Energy::new(Decimal::from(123_456));
    let mut readings =
        vec![CounterReading { stamp: first - step, register: Some(sum), arrival: 0 }];
    for (index, row) in clean.iter().enumerate() {
        sum += row.energy.unwrap_or(Energy::ZERO);
        let arrival = index as u64 + 1;
        readings.push(CounterReading { stamp: row.stamp, register: Some(sum), arrival });
    }
    let base =
        from_counter(&readings, meter_id(meter), step.as_secs(), register(capacity), rules).1;
    let known: BTreeSet<_> = base.iter().flat_map(ends).collect();
    [
        (Kind::Reset, "reversal: register reset to zero", "for good"),
        (Kind::Fall, "reversal: register falls", "1 reading, by one interval"),
        (Kind::Thousandfold, "register times 1000", "1 reading"),
        (Kind::Rollover, "roll-over of the register, no fault", "six digits"),
    ]
    .into_iter()
    .map(|(kind, name, size)| {
        let mut random = Pcg64Mcg::seed_from_u64(plan.seed);
        let expected: &[&str] = if kind == Kind::Rollover { &[] } else { &["R11"] };
        let (mut score, mut left) = (FaultScore::new(name, size, expected), plan.places);
        for _ in 0..plan.places {
            if left == 0 {
                break;
            }
            for at in places(clean, step, 2, left, &mut random) {
                left -= 1;
                let near = at.saturating_sub(AROUND)..(at + AROUND).min(readings.len());
                let (spoiled, modulus) = inject(kind, &readings[near.clone()], at + 1 - near.start);
                let register = Register { modulus, ..register(capacity) };
                let (rows, findings) =
                    from_counter(&spoiled, meter_id(meter), step.as_secs(), register, rules);
                let flags: Vec<Flag> =
                    findings.iter().flat_map(ends).map(|(rule, end)| Flag { rule, end }).collect();
                let stamp = readings[at + 1].stamp;
                let interval = Interval { start: stamp - step, end: stamp };
                score.count(&[interval], &flags, &known, step);
                if kind == Kind::Rollover {
                    // Found is: the energy of the interval is what it was.
                    let same = rows.iter().find(|row| row.stamp == stamp).map(|row| row.energy);
                    score.found += usize::from(same == Some(clean[at].energy));
                }
            }
        }
        score.done()
    })
    .collect()
}

fn meter_id(meter: &Meter) -> &crate::id::MeterId {
    &meter.id
}

fn register(capacity: Option<Energy>) -> Register {
    Register { capacity, ..Register::default() }
}

fn ends(finding: &Finding) -> Option<(&'static str, Timestamp)> {
    Some(("R11", finding.interval?.end))
}

fn inject(
    kind: Kind,
    readings: &[CounterReading],
    at: usize,
) -> (Vec<CounterReading>, Option<Energy>) {
    let mut spoiled = readings.to_vec();
    let value = |index: usize| readings[index].register.unwrap_or(Energy::ZERO);
    match kind {
        Kind::Reset => {
            let gone = value(at - 1);
            for reading in &mut spoiled[at..] {
                reading.register = reading.register.map(|register| register - gone);
            }
            (spoiled, None)
        }
        Kind::Fall => {
            let used = value(at) - value(at - 1);
            spoiled[at].register = Some(value(at - 1) - used);
            (spoiled, None)
        }
        Kind::Thousandfold => {
            spoiled[at].register = Some(value(at).scaled(Decimal::ONE_THOUSAND));
            (spoiled, None)
        }
        Kind::Rollover => {
            // Its end lies between two readings: the later one begins at zero again.
            let modulus = value(at);
            for reading in &mut spoiled[at..] {
                reading.register = reading.register.map(|register| register - modulus);
            }
            (spoiled, Some(modulus))
        }
    }
}
