//! R11: from a register that only rises to the energy of its intervals.

use jiff::Timestamp;
use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;

use super::rule::action_said;
use super::{Finding, RuleSet};
use crate::id::MeterId;
use crate::period::Interval;
use crate::quantity::Energy;
use crate::reading::{Medium, RawReading};
use crate::said;
use crate::said::Said;

/// A register read at one time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CounterReading {
    /// When it was read.
    pub stamp: Timestamp,
    /// What it showed; `None` if the source has a row without a value.
    pub register: Option<Energy>,
    /// Position in the order of delivery.
    pub arrival: u64,
}

/// What a register can do.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Register {
    /// Where it starts again from zero, as 1,000,000 kWh with six digits.
    pub modulus: Option<Energy>,
    /// Most that can flow between two readings one step apart.
    pub capacity: Option<Energy>,
    /// What flows: its unit is the register's.
    pub medium: Medium,
}

/// The energies of the intervals between the readings of a register, stamped with their ends, and
/// what R11 says.
///
/// A fall from near the register's end is a roll-over: the difference plus its modulus. Any other
/// fall is a reset or an exchange: no consumption is derived for that interval, and the register
/// counts on from there. A difference above the capacity is no consumption. A pair of readings more
/// than `step_seconds` apart leaves the intervals between without a value: a gap, never a zero, and
/// never the sum of a gap in one interval.
pub fn from_counter(
    rows: &[CounterReading],
    meter: &MeterId,
    step_seconds: i64,
    register: Register,
    rules: &RuleSet,
) -> (Vec<RawReading>, Vec<Finding>) {
    let share = Decimal::from_f64(rules.counter.limits.rollover_share).unwrap_or(Decimal::ONE);
    let mut readings = Vec::with_capacity(rows.len());
    let mut findings = Vec::new();
    let mut before: Option<(Timestamp, Energy)> = None;
    for row in rows {
        let Some(now) = row.register else {
            readings.push(RawReading { stamp: row.stamp, energy: None, arrival: row.arrival });
            continue;
        };
        let Some((since, was)) = before.replace((row.stamp, now)) else { continue };
        let apart = row.stamp.as_second() - since.as_second();
        if apart <= 0 {
            // The same row again, or a late one: the rules of time decide what it is.
            if apart < 0 {
                before = Some((since, was));
            }
            continue;
        }
        let mut find = |text: Said| {
            findings.push(Finding {
                rule: "R11".to_owned(),
                severity: rules.counter.severity,
                subject: meter.to_string(),
                interval: Some(Interval { start: since, end: row.stamp }),
                count: 1,
                text,
                proposal: action_said("R11", &rules.counter.action),
            });
        };
        let steps = (apart / step_seconds.max(1)).max(1);
        let energy = if now < was {
            match register.modulus {
                Some(modulus) if was > modulus.scaled(share) => Some(now + modulus - was),
                _ => {
                    find(said!(
                        "finding.counter.back",
                        "METER-BACK: counter fell from {before} to {after}; no consumption derived",
                        before = was.amount().normalize(),
                        after = now.amount().normalize()
                    ));
                    None
                }
            }
        } else {
            Some(now - was)
        };
        let energy = match (energy, register.capacity) {
            (Some(energy), Some(capacity)) if energy > capacity.scaled(Decimal::from(steps)) => {
                find(said!(
                    "finding.counter.jump",
                    "METER-JUMP: {amount} {unit} in {minutes} min is above the limit {limit}",
                    amount = energy.amount().normalize(),
                    unit = register.medium.symbol(),
                    minutes = apart / 60,
                    limit = capacity.scaled(Decimal::from(steps)).amount().normalize()
                ));
                None
            }
            (energy, _) => energy,
        };
        let energy = energy.filter(|_| steps == 1);
        readings.push(RawReading { stamp: row.stamp, energy, arrival: row.arrival });
    }
    (readings, findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(
        values: &[(i64, Option<i64>)],
        register: Register,
    ) -> (Vec<Option<String>>, Vec<String>) {
        let start: Timestamp = "2018-01-01T00:00:00Z".parse().unwrap();
        let rows: Vec<CounterReading> = values
            .iter()
            .enumerate()
            .map(|(arrival, (quarters, kwh))| CounterReading {
                stamp: start + jiff::SignedDuration::from_mins(15 * quarters),
                register: kwh.map(|kwh| Energy::new(Decimal::from(kwh))),
                arrival: arrival as u64,
            })
            .collect();
        let meter = MeterId::new("M").unwrap();
        let (readings, findings) = from_counter(&rows, &meter, 900, register, &RuleSet::default());
        let energies = readings.iter().map(|r| r.energy.map(|e| e.amount().to_string())).collect();
        (energies, findings.into_iter().map(|finding| finding.text.text).collect())
    }

    #[test]
    fn a_register_becomes_the_energy_of_its_intervals() {
        let six_digits = Register {
            modulus: Some(Energy::new(Decimal::from(1_000_000))),
            capacity: Some(Energy::new(Decimal::from(100))),
            ..Register::default()
        };
        let (energies, findings) = run(
            &[(0, Some(999_990)), (1, Some(999_995)), (2, Some(5)), (3, None), (4, Some(25))],
            six_digits,
        );

        let text = |kwh: &str| Some(kwh.to_owned());
        // Two intervals lie between the last two readings: neither has a value of its own.
        assert_eq!(energies, [text("5"), text("10"), None, None]);
        assert!(findings.is_empty(), "{findings:?}");
    }

    #[test]
    fn a_fall_elsewhere_and_a_jump_give_no_consumption() {
        let register =
            Register { capacity: Some(Energy::new(Decimal::from(100))), ..Register::default() };
        let (energies, findings) =
            run(&[(0, Some(500)), (1, Some(20)), (2, Some(30)), (3, Some(30_030))], register);

        assert_eq!(energies, [None, Some("10".to_owned()), None]);
        assert_eq!(findings[0], "METER-BACK: counter fell from 500 to 20; no consumption derived");
        assert_eq!(findings[1], "METER-JUMP: 30000 kWh in 15 min is above the limit 100");
    }
}
