//! R1 and R3: footprints of materials against their average, and the part of transport.

use super::rule::AverageMode;
use super::rule::action_said;
use super::{Finding, RuleSet};
use crate::said;

/// A supplier's footprint of a material beside the average.
#[derive(Clone, Debug, PartialEq)]
pub struct MaterialFootprint {
    /// Material number.
    pub material: String,
    /// Supplier.
    pub supplier: String,
    /// kg CO₂e per unit by the supplier.
    pub of_supplier: f64,
    /// kg CO₂e per unit on average.
    pub average: f64,
}

/// R1: a supplier's footprint far from the average, by the mode of the rule. A supplier whose
/// evidence was accepted is left alone: low-carbon material is genuine.
pub fn material_footprint(footprint: &MaterialFootprint, rules: &RuleSet) -> Option<Finding> {
    let limits = &rules.average.limits;
    let ratio = footprint.of_supplier / footprint.average;
    let odd = match limits.mode {
        AverageMode::Above => ratio - 1.0 > limits.share,
        AverageMode::Both => (ratio - 1.0).abs() > limits.share,
        AverageMode::Literal => ratio > limits.share,
    };
    let accepted = limits.accepted_suppliers.contains(&footprint.supplier);
    let known = footprint.average > 0.0 && ratio.is_finite();
    (rules.average.enabled && known && odd && !accepted).then(|| Finding {
        rule: "R1".to_owned(),
        severity: rules.average.severity,
        subject: footprint.material.clone(),
        interval: None,
        count: 1,
        text: said!(
            "finding.average",
            "supplier {supplier} says {kg:.3} kg CO2e per unit, {percent:+.0} % against the average \
             {average:.3}",
            supplier = footprint.supplier,
            kg = footprint.of_supplier,
            percent = 100.0 * (ratio - 1.0),
            average = footprint.average
        ),
        proposal: action_said("R1", &rules.average.action),
    })
}

/// R3: transport is more than its share of a product's footprint. Both in kg CO₂e per unit.
pub fn transport_share(
    product: &str,
    transport: f64,
    total: f64,
    rules: &RuleSet,
) -> Option<Finding> {
    let limits = &rules.transport.limits;
    let share = transport / total;
    let accepted = limits.accepted_materials.iter().any(|material| material == product);
    let over = total > 0.0 && share > limits.share;
    (rules.transport.enabled && over && !accepted).then(|| Finding {
        rule: "R3".to_owned(),
        severity: rules.transport.severity,
        subject: product.to_owned(),
        interval: None,
        count: 1,
        text: said!(
            "finding.transport",
            "transport is {percent:.1} % of {total:.3} kg CO2e per unit",
            percent = 100.0 * share,
            total = total
        ),
        proposal: action_said("R3", &rules.transport.action),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steel(of_supplier: f64) -> MaterialFootprint {
        MaterialFootprint {
            material: "SCRAP".to_owned(),
            supplier: "GREEN".to_owned(),
            of_supplier,
            average: 2.0,
        }
    }

    #[test]
    fn both_over_and_understatement_are_asked_about_unless_accepted() {
        let mut rules = RuleSet::default();
        assert!(material_footprint(&steel(2.59), &rules).is_none());
        assert!(material_footprint(&steel(2.61), &rules).is_some());
        assert!(material_footprint(&steel(1.3), &rules).is_some());

        rules.average.limits.mode = AverageMode::Above;
        assert!(material_footprint(&steel(1.3), &rules).is_none());
        rules.average.limits.mode = AverageMode::Literal;
        assert!(material_footprint(&steel(0.7), &rules).is_some());
        rules.average.limits.accepted_suppliers.push("GREEN".to_owned());
        assert!(material_footprint(&steel(9.0), &rules).is_none());
    }

    #[test]
    fn transport_above_its_share_is_a_notice_unless_accepted() {
        let mut rules = RuleSet::default();
        assert!(transport_share("P", 15.0, 100.0, &rules).is_none());
        assert!(transport_share("P", 15.1, 100.0, &rules).unwrap().text.contains("15.1 %"));
        rules.transport.limits.accepted_materials.push("P".to_owned());
        assert!(transport_share("P", 15.1, 100.0, &rules).is_none());
    }
}
