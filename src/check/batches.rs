//! R5 and R6: what process values say of a batch.

use std::collections::{BTreeMap, VecDeque};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::rule::action_said;
use super::{Finding, RuleSet};
use crate::period::Interval;
use crate::said;

/// A temperature of a furnace.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Temperature {
    /// When it was measured.
    pub at: Timestamp,
    /// Degrees Celsius.
    pub celsius: f64,
}

/// R5: a furnace above its temperature without a break for the minutes of the rule. `values` stand in
/// the order of time.
pub fn furnace_temperature(furnace: &str, values: &[Temperature], rules: &RuleSet) -> Vec<Finding> {
    let limits = &rules.temperature.limits;
    let sustained = SignedDuration::from_mins(i64::from(limits.minutes));
    let hot = |value: &Temperature| value.celsius > limits.celsius;
    let mut findings = Vec::new();
    for run in values.chunk_by(|a, b| hot(a) == hot(b)) {
        let (first, last) = (run[0], run[run.len() - 1]);
        let long = first.at.duration_until(last.at) >= sustained;
        if !rules.temperature.enabled || !hot(&first) || !long {
            continue;
        }
        let most = run.iter().map(|value| value.celsius).fold(f64::MIN, f64::max);
        findings.push(Finding {
            rule: "R5".to_owned(),
            severity: rules.temperature.severity,
            subject: furnace.to_owned(),
            interval: Some(Interval { start: first.at, end: last.at }),
            count: run.len(),
            text: said!(
                "finding.temperature",
                "up to {most:.0} °C, the limit is {limit:.0} °C",
                most = most,
                limit = limits.celsius
            ),
            proposal: action_said("R5", &rules.temperature.action),
        });
    }
    findings
}

/// What a batch of a product used.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Order or batch.
    pub id: String,
    /// Product.
    pub material: String,
    /// When it ran.
    pub interval: Interval,
    /// Gas per unit of output, in any one unit.
    pub gas_per_unit: f64,
}

/// R6: gas per unit above the mean of the batches of the same product before, so many times in a row.
/// `batches` stand in the order of time.
pub fn gas_per_batch(batches: &[Batch], rules: &RuleSet) -> Vec<Finding> {
    let limits = &rules.gas.limits;
    let mut history: BTreeMap<&str, (VecDeque<f64>, usize)> = BTreeMap::new();
    let mut findings = Vec::new();
    for batch in batches.iter().filter(|_| rules.gas.enabled) {
        let (before, in_a_row) = history.entry(&batch.material).or_default();
        if before.len() >= limits.batches {
            let mean = before.iter().sum::<f64>() / before.len() as f64;
            if batch.gas_per_unit > limits.ratio * mean {
                *in_a_row += 1;
                if *in_a_row >= limits.consecutive {
                    findings.push(Finding {
                        rule: "R6".to_owned(),
                        severity: rules.gas.severity,
                        subject: batch.material.clone(),
                        interval: Some(batch.interval),
                        count: *in_a_row,
                        text: said!(
                            "finding.gas",
                            "batch {batch}: gas per unit {percent:+.1} % over the mean of {batches} \
                             batches, {row} in a row",
                            percent = 100.0 * (batch.gas_per_unit / mean - 1.0),
                            batch = batch.id,
                            batches = before.len(),
                            row = *in_a_row
                        ),
                        proposal: action_said("R6", &rules.gas.action),
                    });
                }
            } else {
                *in_a_row = 0;
            }
        }
        before.push_back(batch.gas_per_unit);
        if before.len() > limits.batches {
            before.pop_front();
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        "2018-01-01T00:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_mins(minute)
    }

    #[test]
    fn five_minutes_above_the_limit_are_a_finding_and_four_are_not() {
        let value = |minute: i64, celsius: f64| Temperature { at: at(minute), celsius };
        let mut values: Vec<_> = (0..5).map(|m| value(m, 1601.0)).collect();
        values.push(value(5, 1600.0));
        assert!(furnace_temperature("BF1", &values, &RuleSet::default()).is_empty());

        values.extend((6..12).map(|m| value(m, 1620.0)));
        let found = furnace_temperature("BF1", &values, &RuleSet::default());

        assert_eq!(found.len(), 1);
        assert!(found[0].text.contains("1620 °C"));
    }

    #[test]
    fn two_batches_in_a_row_above_the_average_ask_for_a_leak() {
        let batch = |n: i64, gas: f64| Batch {
            id: n.to_string(),
            material: "BILLET".to_owned(),
            interval: Interval { start: at(n * 60), end: at(n * 60 + 50) },
            gas_per_unit: gas,
        };
        let mut batches: Vec<_> = (0..20).map(|n| batch(n, 10.0)).collect();
        batches.push(batch(20, 10.6));
        assert!(gas_per_batch(&batches, &RuleSet::default()).is_empty());

        batches.push(batch(21, 10.7));
        let found = gas_per_batch(&batches, &RuleSet::default());

        assert_eq!((found.len(), found[0].count), (1, 2));
    }
}
