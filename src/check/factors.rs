//! R12: whether a factor may be used for an activity.

use jiff::ToSpan;
use jiff::civil::Date;

use super::rule::action_said;
use super::{Finding, RuleSet, Severity};
use crate::factor::{EmissionFactor, FactorError, Scope};
use crate::said;
use crate::said::Said;
use crate::unit::Uom;

/// A factor in use.
#[derive(Clone, Debug)]
pub struct FactorUse<'a> {
    /// What was emitted, as `electricity`.
    pub activity: &'a str,
    /// Day of the activity.
    pub day: Date,
    /// Unit of the activity.
    pub unit: Uom,
    /// Where the emissions are reported.
    pub scope: Scope,
    /// Regions that were tried, nearest first.
    pub regions: &'a [&'a str],
    /// What the book gave.
    pub row: Result<&'a EmissionFactor, &'a FactorError>,
}

/// R12: no row on the day, a row of another unit, GWP set or scope, or of a region further away than
/// the country. What does not fit holds the posting.
pub fn factor_use(using: &FactorUse<'_>, rules: &RuleSet) -> Vec<Finding> {
    let rule = &rules.factor;
    let mut findings = Vec::new();
    let mut find = |severity: Severity, text: Said| {
        findings.push(Finding {
            rule: "R12".to_owned(),
            severity,
            subject: using.activity.to_owned(),
            interval: None,
            count: 1,
            text,
            proposal: action_said("R12", &rule.action),
        });
    };
    if !rule.enabled {
        return findings;
    }
    let row = match using.row {
        Ok(row) => row,
        Err(error) => {
            find(rule.severity, error.said());
            return findings;
        }
    };
    if using.day < row.valid_from || row.valid_to.is_some_and(|end| using.day >= end) {
        let late = row
            .valid_to
            .and_then(|end| end.checked_add(i64::from(rule.limits.grace_months).months()).ok());
        // Publishers announce a year's factor in the next one: within the grace it is late, not wrong.
        let severity = match late {
            Some(end) if using.day >= row.valid_from && using.day < end => Severity::Warning,
            _ => rule.severity,
        };
        let text = said!(
            "finding.factor.day",
            "{row} is not valid on {day}",
            row = row.id,
            day = using.day
        );
        find(severity, text);
    }
    if row.unit != using.unit {
        find(
            rule.severity,
            said!(
                "finding.factor.unit",
                "{row} is per {unit}, the activity is in {used}",
                unit = row.unit,
                used = using.unit,
                row = row.id
            ),
        );
    }
    if row.gwp_set != "n/a" && row.gwp_set != rule.limits.gwp_set {
        let wanted = &rule.limits.gwp_set;
        find(
            rule.severity,
            said!(
                "finding.factor.gwp",
                "{row} is locked to {own}, the inventory is in {wanted}",
                own = row.gwp_set,
                wanted = wanted,
                row = row.id
            ),
        );
    }
    if row.scope != using.scope {
        let (own, wanted) = (row.scope.name(), using.scope.name());
        let text = said!(
            "finding.factor.scope",
            "{row} is a factor of {own} and used in {wanted}",
            own = own,
            wanted = wanted,
            row = row.id
        );
        find(rule.severity, text);
    }
    let depth = using.regions.iter().position(|region| *region == row.region);
    if row.supplier.is_none() && row.region == "GLO" && depth.is_some_and(|depth| depth > 0) {
        find(
            Severity::Warning,
            said!(
                "finding.factor.world",
                "{row} is a world average: no region of the plant has one",
                row = row.id
            ),
        );
    }
    findings
}
