//! Adjustments of a factor to the plant: rules as data, each step kept for the explanation.
//!
//! # Source
//!
//! The rules of the shipped package and their publications stand in `adjustments.toml` of it.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// How a factor follows a value of the plant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// `base + per_unit × (value − reference)`.
    Difference {
        /// kg CO₂e per unit of the value.
        per_unit: Decimal,
    },
    /// `base × factor`.
    Multiply {
        /// Factor.
        factor: Decimal,
    },
    /// `base × (1 − share × value)`; the value is a share.
    Complement {
        /// Part of the base that the value replaces when it is 1.
        share: Decimal,
    },
    /// `base + value × (grid − reference)`; the value is kWh per unit.
    Rebase {},
    /// `base ×` the factor of the highest step that the value reaches.
    Steps(Vec<Step>),
}

/// One step of [`Rule::Steps`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// From this value on.
    pub from: Decimal,
    /// Factor.
    pub factor: Decimal,
}

/// An adjustment that a package ships.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adjustment {
    /// Key.
    pub id: String,
    /// Series that it holds for; `*` stands for any ending.
    pub series: Vec<String>,
    /// What the value is, with its unit.
    pub parameter: String,
    /// The rule.
    pub rule: Rule,
    /// The result never falls below this share of the base.
    pub floor_share: Option<Decimal>,
    /// Key of the publication.
    pub source: String,
    /// What a reader should know.
    pub note: String,
}

/// The values that a plant gives to an adjustment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdjustmentValues {
    /// Key of the adjustment.
    pub id: String,
    /// Value of the parameter.
    #[serde(default)]
    pub value: Option<Decimal>,
    /// Value that the published factor was made for; of `rebase`, its grid in kg per kWh.
    #[serde(default)]
    pub reference: Option<Decimal>,
    /// The plant's own grid in kg per kWh, for `rebase`.
    #[serde(default)]
    pub grid: Option<Decimal>,
}

/// Why an adjustment cannot be applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdjustmentError {
    /// It is for other factors.
    #[error("FAC-ADJUST: {id} is not made for series {series}; it holds for {allowed}")]
    OtherSeries {
        /// Adjustment.
        id: String,
        /// Series that was asked for.
        series: String,
        /// Series that it holds for.
        allowed: String,
    },
    /// A value is missing.
    #[error("FAC-ADJUST: {id} needs '{missing}' ({parameter})")]
    Missing {
        /// Adjustment.
        id: String,
        /// Key in the mapping.
        missing: &'static str,
        /// What it is.
        parameter: String,
    },
    /// A share is no share.
    #[error("FAC-ADJUST: {id}: {value} is no share between 0 and 1 ({parameter})")]
    NoShare {
        /// Adjustment.
        id: String,
        /// Value.
        value: Decimal,
        /// What it is.
        parameter: String,
    },
}

impl Adjustment {
    /// Whether it is made for factors of `series`.
    pub fn holds_for(&self, series: &str) -> bool {
        self.series.iter().any(|pattern| match pattern.strip_suffix('*') {
            Some(start) => series.starts_with(start),
            None => pattern == series,
        })
    }

    /// The adjusted factor in kg CO₂e per unit, and the step in words.
    ///
    /// # Errors
    ///
    /// [`AdjustmentError`] if it is made for other factors, or lacks a value.
    pub fn apply(
        &self,
        series: &str,
        base: Decimal,
        values: &AdjustmentValues,
    ) -> Result<(Decimal, String), AdjustmentError> {
        if !self.holds_for(series) {
            return Err(AdjustmentError::OtherSeries {
                id: self.id.clone(),
                series: series.to_owned(),
                allowed: self.series.join(", "),
            });
        }
        let needed = |of: Option<Decimal>, missing| {
            of.ok_or_else(|| AdjustmentError::Missing {
                id: self.id.clone(),
                missing,
                parameter: self.parameter.clone(),
            })
        };
        let (adjusted, formula) = match &self.rule {
            Rule::Difference { per_unit } => {
                let value = needed(values.value, "value")?;
                let reference = needed(values.reference, "reference")?;
                let adjusted = base + per_unit * (value - reference);
                (adjusted, format!("{base} + {per_unit} x ({value} - {reference})"))
            }
            Rule::Multiply { factor } => (base * factor, format!("{base} x {factor}")),
            Rule::Complement { share } => {
                let value = needed(values.value, "value")?;
                if value < Decimal::ZERO || value > Decimal::ONE {
                    let (id, parameter) = (self.id.clone(), self.parameter.clone());
                    return Err(AdjustmentError::NoShare { id, value, parameter });
                }
                let adjusted = base * (Decimal::ONE - share * value);
                (adjusted, format!("{base} x (1 - {share} x {value})"))
            }
            Rule::Rebase {} => {
                let value = needed(values.value, "value")?;
                let grid = needed(values.grid, "grid")?;
                let reference = needed(values.reference, "reference")?;
                let adjusted = base + value * (grid - reference);
                (adjusted, format!("{base} + {value} kWh x ({grid} - {reference})"))
            }
            Rule::Steps(steps) => {
                let value = needed(values.value, "value")?;
                let reached = steps.iter().filter(|step| step.from <= value);
                match reached.max_by_key(|step| step.from) {
                    Some(step) => (base * step.factor, format!("{base} x {}", step.factor)),
                    None => (base, format!("{base}, no step of it is reached by {value}")),
                }
            }
        };
        let floor = self.floor_share.map(|share| base * share);
        let (adjusted, formula) = match floor.filter(|floor| adjusted < *floor) {
            Some(floor) => (floor, format!("{formula}, at least {}", floor.normalize())),
            None => (adjusted, formula),
        };
        let adjusted = adjusted.normalize();
        Ok((adjusted, format!("{}: {formula} = {adjusted}", self.id)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn adjustment(rule: Rule, floor_share: Option<&str>) -> Adjustment {
        Adjustment {
            id: "ADJ".to_owned(),
            series: vec!["ST-01".to_owned(), "EG-CN-*".to_owned()],
            parameter: "a share".to_owned(),
            rule,
            floor_share: floor_share.map(|share| share.parse().unwrap()),
            source: "test".to_owned(),
            note: String::new(),
        }
    }

    fn values(value: &str, reference: &str) -> AdjustmentValues {
        AdjustmentValues {
            id: "ADJ".to_owned(),
            value: value.parse().ok(),
            reference: reference.parse().ok(),
            grid: "0.3".parse().ok(),
        }
    }

    fn applied(rule: Rule, value: &str, reference: &str) -> String {
        let adjustment = adjustment(rule, Some("0.05"));
        adjustment
            .apply("ST-01", Decimal::from(2000), &values(value, reference))
            .unwrap()
            .0
            .to_string()
    }

    #[test]
    fn ten_points_more_scrap_save_150_kg_a_tonne_and_never_all_of_it() {
        let per_unit = Decimal::from(-15);

        assert_eq!(applied(Rule::Difference { per_unit }, "25", "15"), "1850");
        assert_eq!(applied(Rule::Difference { per_unit }, "500", "15"), "100");
    }

    #[test]
    fn shares_factors_grids_and_steps_do_what_they_say() {
        let share = "0.5".parse().unwrap();
        let step =
            |from: i64, factor: &str| Step { from: from.into(), factor: factor.parse().unwrap() };
        let steps = vec![step(1600, "1.02"), step(1650, "1.05")];

        assert_eq!(applied(Rule::Complement { share }, "0.3", ""), "1700");
        assert_eq!(applied(Rule::Multiply { factor: share }, "", ""), "1000");
        assert_eq!(applied(Rule::Rebase {}, "500", "0.5"), "1900");
        assert_eq!(applied(Rule::Steps(steps.clone()), "1660", ""), "2100");
        assert_eq!(applied(Rule::Steps(steps), "1500", ""), "2000");
    }

    #[test]
    fn a_missing_value_and_a_foreign_series_are_errors_that_say_so() {
        let rule = Rule::Difference { per_unit: Decimal::from(-15) };
        let adjustment = adjustment(rule, None);
        let base = Decimal::from(2000);

        let missing = adjustment.apply("ST-01", base, &values("25", "")).unwrap_err();
        let foreign = adjustment.apply("GC-01", base, &values("25", "15")).unwrap_err();

        assert_eq!(missing.to_string(), "FAC-ADJUST: ADJ needs 'reference' (a share)");
        assert!(foreign.to_string().contains("is not made for series GC-01"));
        assert!(adjustment.holds_for("EG-CN-East"));
    }
}
