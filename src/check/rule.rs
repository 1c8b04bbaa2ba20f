//! The rules: names that people can quote, and limits that they can set.

use serde::{Deserialize, Serialize};

/// What follows from a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Somebody may want to know.
    Notice,
    /// Somebody should look.
    Warning,
    /// The reading is kept out until somebody decides.
    Hold,
}

/// A rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Key, as in the methods.
    pub id: &'static str,
    /// Name.
    pub title: &'static str,
    /// What follows.
    pub severity: Severity,
}

/// Every rule, in the order in which they are applied: time, values, gaps, then production.
pub const RULES: &[Rule] = &[
    Rule { id: "R10", title: "time stamps out of order", severity: Severity::Notice },
    Rule { id: "R8", title: "spike or wrong scale", severity: Severity::Hold },
    Rule { id: "R7", title: "stuck meter", severity: Severity::Hold },
    Rule { id: "R4", title: "readings missing", severity: Severity::Warning },
    Rule { id: "R2", title: "energy per unit above history", severity: Severity::Warning },
];

/// Limits of the rules; `mappings/rules.toml` sets them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RuleLimits {
    /// R7: equal consecutive non-zero readings that make a stuck meter.
    pub stuck_readings: usize,
    /// R8: how many times the largest reading of the days before.
    pub spike_factor: f64,
    /// R8: days looked back.
    pub spike_days: usize,
    /// R4: share of batches without readings.
    pub missing_share: f64,
    /// R2: energy per unit over the mean of the batches before.
    pub excess_ratio: f64,
    /// R2: scaled median absolute deviations over their median.
    pub excess_deviations: f64,
    /// R2: batches of the same products and shift looked back.
    pub excess_batches: usize,
    /// Gaps up to so many minutes are filled in a straight line.
    pub linear_minutes: usize,
    /// Gaps up to so many hours are filled with the median of the same weekday and time.
    pub median_hours: usize,
}

impl Default for RuleLimits {
    fn default() -> Self {
        Self {
            stuck_readings: 8,
            spike_factor: 3.0,
            spike_days: 28,
            missing_share: 0.10,
            excess_ratio: 1.20,
            excess_deviations: 3.0,
            excess_batches: 8,
            linear_minutes: 60,
            median_hours: 24,
        }
    }
}
