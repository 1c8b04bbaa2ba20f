//! The rules: names that people can quote, and what `mappings/rules.toml` says of each.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::readings::Decisions;
use crate::said::Said;

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
}

/// Every rule, in the order in which they are applied: time, counter, values, balance and gaps, then
/// production, then products and factors.
pub const RULES: &[Rule] = &[
    Rule { id: "R10", title: "time stamps out of order" },
    Rule { id: "R11", title: "counter runs backwards or jumps" },
    Rule { id: "R8", title: "spike or wrong scale" },
    Rule { id: "R7", title: "stuck meter" },
    Rule { id: "R9", title: "parent and children disagree" },
    Rule { id: "R4", title: "readings missing" },
    Rule { id: "R2", title: "energy per unit above history" },
    Rule { id: "R5", title: "blast furnace too hot" },
    Rule { id: "R6", title: "gas per batch above its average" },
    Rule { id: "R1", title: "material footprint far from the average" },
    Rule { id: "R12", title: "no factor, or one that does not fit" },
    Rule { id: "R3", title: "transport is a large part" },
];

/// What `mappings/rules.toml` says of one rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Datum<L> {
    /// Whether the rule is applied.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// What it looks at, in words.
    pub scope: String,
    /// What follows from a finding. What was repaired without doubt is a notice.
    pub severity: Severity,
    /// What to do.
    pub action: String,
    /// Hours until somebody has decided; no limit if not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_hours: Option<u32>,
    /// What happens when nobody has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_deadline: Option<String>,
    /// Thresholds.
    pub limits: L,
}

fn yes() -> bool {
    true
}

fn a_year_and_a_day() -> u32 {
    366
}

macro_rules! limits {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $kind:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $kind,)*
        }
    )*};
}

/// In which direction R1 looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AverageMode {
    /// Only more than the average by the share.
    Above,
    /// More or less by the share.
    Both,
    /// More than the share of the average, as the words of the rule can also be read.
    Literal,
}

limits! {
    /// Thresholds of R1.
    AverageLimits {
        /// Distance from the average as a share of it.
        share: f64,
        /// Direction.
        mode: AverageMode,
        /// Suppliers whose evidence was looked at.
        accepted_suppliers: Vec<String>,
    }
    /// Thresholds of R2.
    ExcessLimits {
        /// Energy per unit over the mean of the batches before.
        ratio: f64,
        /// Energy per unit over the largest of the batches before.
        of_largest: f64,
        /// Exponent by which the last five shifts' energy over their own means raises that.
        activity: f64,
        /// Batches of the same products and shift looked back.
        batches: usize,
        /// Share of the own shifts of the last year that may be as high over the largest of their batches.
        own_share: f64,
    }
    /// Thresholds of R3.
    TransportLimits {
        /// Share of the footprint.
        share: f64,
        /// Materials for which it was accepted.
        accepted_materials: Vec<String>,
    }
    /// Thresholds of R4.
    MissingLimits {
        /// Share of batches without readings.
        share: f64,
        /// A gap is filled when it has been open so long: late readings may come until then.
        impute_after_hours: u32,
        /// Longer gaps stay missing.
        impute_up_to_hours: u32,
    }
    /// Thresholds of R5.
    TemperatureLimits {
        /// Degrees Celsius.
        celsius: f64,
        /// Minutes above them without a break.
        minutes: u32,
    }
    /// Thresholds of R6.
    GasLimits {
        /// Gas over the mean of the batches before.
        ratio: f64,
        /// Batches of the product looked back.
        batches: usize,
        /// So many in a row.
        consecutive: usize,
    }
    /// Thresholds of R7.
    StuckLimits {
        /// Equal consecutive non-zero readings.
        readings: usize,
    }
    /// Thresholds of R8.
    SpikeLimits {
        /// Times the largest reading of the days before.
        factor: f64,
        /// Days looked back.
        days: usize,
        /// Ratios that a wrong unit or CT ratio gives.
        scales: Vec<f64>,
        /// How near the ratio of a day must be to one of them.
        scale_tolerance: f64,
    }
    /// Thresholds of R9.
    BalanceLimits {
        /// Standard deviations by the accuracy classes.
        deviations: f64,
        /// Share of the parent, when every child has a meter.
        share: f64,
        /// Hours over which is summed before comparing.
        hours: u32,
    }
    /// Thresholds of R10.
    TimeLimits {
        /// Minutes that a clock may be ahead of ours.
        ahead_minutes: u32,
        /// Days without a reading after which the smaller part of the series is taken for stamps of a
        /// clock that lost its time.
        #[serde(default = "a_year_and_a_day")]
        apart_days: u32,
    }
    /// Thresholds of R11.
    CounterLimits {
        /// A fall from beyond this share of the register's end is a roll-over.
        rollover_share: f64,
    }
    /// Thresholds of R12.
    FactorLimits {
        /// Months for which an expired row is announced as late, not as wrong.
        grace_months: u32,
        /// GWP set of the inventory.
        gwp_set: String,
    }
}

/// `mappings/rules.toml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RuleSet {
    /// Material footprint far from the average.
    #[serde(rename = "R1")]
    pub average: Datum<AverageLimits>,
    /// Energy per unit above history.
    #[serde(rename = "R2")]
    pub excess: Datum<ExcessLimits>,
    /// Transport is a large part.
    #[serde(rename = "R3")]
    pub transport: Datum<TransportLimits>,
    /// Readings missing.
    #[serde(rename = "R4")]
    pub missing: Datum<MissingLimits>,
    /// Blast furnace too hot.
    #[serde(rename = "R5")]
    pub temperature: Datum<TemperatureLimits>,
    /// Gas per batch above its average.
    #[serde(rename = "R6")]
    pub gas: Datum<GasLimits>,
    /// Stuck meter.
    #[serde(rename = "R7")]
    pub stuck: Datum<StuckLimits>,
    /// Spike or wrong scale.
    #[serde(rename = "R8")]
    pub spike: Datum<SpikeLimits>,
    /// Parent and children disagree.
    #[serde(rename = "R9")]
    pub balance: Datum<BalanceLimits>,
    /// Time stamps.
    #[serde(rename = "R10")]
    pub time: Datum<TimeLimits>,
    /// Counter.
    #[serde(rename = "R11")]
    pub counter: Datum<CounterLimits>,
    /// Factors.
    #[serde(rename = "R12")]
    pub factor: Datum<FactorLimits>,
    /// What people decided on findings, by meter. Not of the file: it is kept with the findings.
    #[serde(skip)]
    pub decisions: BTreeMap<String, Decisions>,
}

impl Default for RuleSet {
    /// The rules as shipped in `mappings/rules.toml`.
    fn default() -> Self {
        /// The same fields without a default of their own.
        #[derive(Deserialize)]
        #[allow(non_snake_case, clippy::upper_case_acronyms)]
        struct Whole {
            R1: Datum<AverageLimits>,
            R2: Datum<ExcessLimits>,
            R3: Datum<TransportLimits>,
            R4: Datum<MissingLimits>,
            R5: Datum<TemperatureLimits>,
            R6: Datum<GasLimits>,
            R7: Datum<StuckLimits>,
            R8: Datum<SpikeLimits>,
            R9: Datum<BalanceLimits>,
            R10: Datum<TimeLimits>,
            R11: Datum<CounterLimits>,
            R12: Datum<FactorLimits>,
        }
        let shipped = include_str!("../../mappings/rules.toml");
        let whole: Whole = toml::from_str(shipped).expect("the shipped rules are tested to load");
        Self {
            average: whole.R1,
            excess: whole.R2,
            transport: whole.R3,
            missing: whole.R4,
            temperature: whole.R5,
            gas: whole.R6,
            stuck: whole.R7,
            spike: whole.R8,
            balance: whole.R9,
            time: whole.R10,
            counter: whole.R11,
            factor: whole.R12,
            decisions: BTreeMap::new(),
        }
    }
}

/// What people see of a rule.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RuleInfo {
    /// Key.
    pub id: &'static str,
    /// Name.
    pub title: &'static str,
    /// Whether it is applied.
    pub enabled: bool,
    /// What it looks at.
    pub scope: String,
    /// What follows.
    pub severity: Severity,
    /// What to do.
    pub action: String,
    /// Hours until somebody has decided.
    pub deadline_hours: Option<u32>,
    /// What happens when nobody has.
    pub on_deadline: Option<String>,
    /// Thresholds.
    pub limits: serde_json::Value,
}

impl RuleSet {
    /// Every rule with its datum, in the order in which they are applied.
    pub fn list(&self) -> Vec<RuleInfo> {
        fn info<L: Serialize>(rule: &Rule, datum: &Datum<L>) -> RuleInfo {
            RuleInfo {
                id: rule.id,
                title: rule.title,
                enabled: datum.enabled,
                scope: datum.scope.clone(),
                severity: datum.severity,
                action: datum.action.clone(),
                deadline_hours: datum.deadline_hours,
                on_deadline: datum.on_deadline.clone(),
                limits: serde_json::to_value(&datum.limits).unwrap_or_default(),
            }
        }
        let of = |rule: &Rule| match rule.id {
            "R1" => info(rule, &self.average),
            "R2" => info(rule, &self.excess),
            "R3" => info(rule, &self.transport),
            "R4" => info(rule, &self.missing),
            "R5" => info(rule, &self.temperature),
            "R6" => info(rule, &self.gas),
            "R7" => info(rule, &self.stuck),
            "R8" => info(rule, &self.spike),
            "R9" => info(rule, &self.balance),
            "R10" => info(rule, &self.time),
            "R11" => info(rule, &self.counter),
            _ => info(rule, &self.factor),
        };
        RULES.iter().map(of).collect()
    }

    /// Deadline of a rule in hours, and what happens then.
    pub fn deadline(&self, rule: &str) -> (Option<u32>, Option<String>) {
        let found = self.list().into_iter().find(|info| info.id == rule);
        found.map_or((None, None), |info| (info.deadline_hours, info.on_deadline))
    }
}

/// Actions and what follows a deadline, by rule, as shipped.
static SHIPPED: LazyLock<BTreeMap<&str, (String, Option<String>)>> = LazyLock::new(|| {
    let of = |info: RuleInfo| (info.id, (info.action, info.on_deadline));
    RuleSet::default().list().into_iter().map(of).collect()
});

/// What a rule asks to do. An action that the plant wrote itself is said in its words.
pub fn action_said(rule: &str, action: &str) -> Said {
    let shipped = SHIPPED.get(rule).is_some_and(|(shipped, _)| shipped == action);
    let key = shipped.then(|| format!("rule.{rule}.action"));
    Said { key, ..Said::from(action) }
}

/// What follows when nobody decided in time, likewise.
pub fn deadline_said(rule: &str, then: &str) -> Said {
    let shipped = SHIPPED.get(rule).and_then(|(_, shipped)| shipped.as_deref()) == Some(then);
    let key = shipped.then(|| format!("rule.{rule}.deadline"));
    Said { key, ..Said::from(then) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_rules_load_and_are_twelve() {
        let rules = RuleSet::default();

        assert_eq!(rules.list().len(), 12);
        assert_eq!(rules.deadline("R4").0, Some(4));
        assert_eq!(rules.deadline("R1").1.as_deref(), Some("flag for re-audit"));
    }

    #[test]
    fn an_action_of_the_plants_own_has_no_other_language() {
        let shipped = RuleSet::default().stuck.action;

        assert_eq!(action_said("R7", &shipped).key.as_deref(), Some("rule.R7.action"));
        assert_eq!(action_said("R7", "call Ms Weber"), Said::from("call Ms Weber"));
        assert_eq!(action_said("R8", &shipped).key, None);
        assert_eq!(deadline_said("R7", "tell maintenance").text, "tell maintenance");
        assert!(deadline_said("R7", "tell maintenance").key.is_some());
    }

    #[test]
    fn a_file_with_one_rule_leaves_the_others_as_shipped() {
        let one = "[R7]\nscope = \"meters\"\nseverity = \"hold\"\naction = \"look\"\nlimits = { readings = 20 }";
        let rules: RuleSet = toml::from_str(one).unwrap();

        assert_eq!(rules.stuck.limits.readings, 20);
        assert_eq!(rules.spike, RuleSet::default().spike);
        assert!(toml::from_str::<RuleSet>("[R13]\nx = 1").is_err());
    }
}
