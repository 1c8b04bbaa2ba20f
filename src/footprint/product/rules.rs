//! What SAP does not say of a product: how co-products share, how bought goods come in, what is
//! recycled in them.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::id::{MaterialNumber, SupplierNumber};

/// The rules of a plant. Without them a co-product carries nothing, and inbound transport and
/// recycling are what the factors of the suppliers say.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProductRules {
    /// By main product.
    #[serde(rename = "co_product")]
    pub co_products: Vec<CoProductRule>,
    /// By material and supplier.
    pub inbound: Vec<InboundLeg>,
    /// By material.
    pub recycled: Vec<RecycledRule>,
}

/// How the burden of a process is shared by what it makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AllocationMethod {
    /// By mass; the weight is the mass of a base unit.
    Mass,
    /// By price; the weight is the mean price of three years.
    Economic,
    /// The main product carries everything less what the others make unnecessary.
    Substitution,
}

/// One process with several products.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CoProductRule {
    /// Main product, whose BOM has the others as outputs.
    pub material: MaterialNumber,
    /// How.
    pub method: AllocationMethod,
    /// Mass or price of one base unit of the main product.
    pub weight: Decimal,
    /// The others.
    pub output: Vec<CoProductOutput>,
    /// Who decided.
    pub approved_by: String,
}

/// What is made beside the main product.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CoProductOutput {
    /// What.
    pub material: MaterialNumber,
    /// Mass or price of one base unit; zero or less is waste.
    #[serde(default)]
    pub weight: Decimal,
    /// Activity in the factor book that it makes unnecessary.
    #[serde(default)]
    pub avoids: Option<String>,
}

/// One leg on the way in, for suppliers whose factor ends at their own gate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InboundLeg {
    /// What.
    pub material: MaterialNumber,
    /// From whom; from everybody if none is named.
    #[serde(default)]
    pub supplier: Option<SupplierNumber>,
    /// Activity in the factor book, as `freight:rail`.
    pub factor: String,
    /// How far.
    pub distance_km: Decimal,
}

/// How recycled content counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecyclingMethod {
    /// Recycled content carries its recycling alone.
    CutOff,
    /// The circular footprint formula of the Product Environmental Footprint.
    CircularFootprint,
}

/// A bought material made of virgin and recycled parts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecycledRule {
    /// What.
    pub material: MaterialNumber,
    /// How it counts.
    pub method: RecyclingMethod,
    /// R1: recycled content.
    pub recycled_content: Decimal,
    /// Activity of the virgin material.
    pub virgin: String,
    /// Activity of its recycling.
    pub recycling: String,
    /// Activity of its disposal, for the circular footprint formula.
    #[serde(default)]
    pub disposal: Option<String>,
    /// A, for the circular footprint formula.
    #[serde(default)]
    pub allocation: Decimal,
    /// R2: share recycled at the end of life.
    #[serde(default)]
    pub recycled_at_end: Decimal,
    /// Qs,in / Qp.
    #[serde(default = "one")]
    pub quality_in: Decimal,
    /// Qs,out / Qp.
    #[serde(default = "one")]
    pub quality_out: Decimal,
    /// Where the shares come from.
    pub source: String,
}

const fn one() -> Decimal {
    Decimal::ONE
}

impl RecycledRule {
    /// How much of each activity counts for one unit of the material. The formulas are linear in
    /// their factors, so each part stays a line with a factor row of its own.
    ///
    /// # Source
    ///
    /// As [`crate::footprint::recycled::Recycling`].
    pub fn parts(&self) -> Vec<(&str, &'static str, Decimal)> {
        let (one, r1) = (Decimal::ONE, self.recycled_content);
        if self.method == RecyclingMethod::CutOff {
            return vec![
                (&self.virgin, "virgin part", one - r1),
                (&self.recycling, "recycled part", r1),
            ];
        }
        let (a, r2) = (self.allocation, self.recycled_at_end);
        let virgin =
            (one - r1) + r1 * (one - a) * self.quality_in - (one - a) * r2 * self.quality_out;
        let recycling = r1 * a + (one - a) * r2;
        let mut parts = vec![
            (self.virgin.as_str(), "virgin part", virgin),
            (&self.recycling, "recycled part", recycling),
        ];
        if let Some(disposal) = &self.disposal {
            parts.push((disposal, "disposal", one - r2));
        }
        parts
    }
}

impl ProductRules {
    /// The rule of a main product.
    pub fn co_products(&self, material: &MaterialNumber) -> Option<&CoProductRule> {
        self.co_products.iter().find(|rule| rule.material == *material)
    }

    /// The main products beside which a material is made, and which share their burden with it. What
    /// substitution credits is worth what it makes unnecessary, and is bought as that.
    pub fn made_beside<'a>(
        &'a self,
        material: &'a MaterialNumber,
    ) -> impl Iterator<Item = &'a CoProductRule> {
        self.co_products.iter().filter(move |rule| {
            rule.method != AllocationMethod::Substitution
                && rule.output.iter().any(|out| out.material == *material)
        })
    }

    /// How a material comes in from a supplier, leg by leg.
    pub fn inbound<'a>(
        &'a self,
        material: &'a MaterialNumber,
        supplier: Option<&'a SupplierNumber>,
    ) -> impl Iterator<Item = &'a InboundLeg> {
        self.inbound.iter().filter(move |leg| {
            leg.material == *material
                && (leg.supplier.is_none() || leg.supplier.as_ref() == supplier)
        })
    }

    /// What is recycled in a material.
    pub fn recycled(&self, material: &MaterialNumber) -> Option<&RecycledRule> {
        self.recycled.iter().find(|rule| rule.material == *material)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::footprint::recycled::Recycling;

    #[test]
    fn the_parts_of_a_rule_sum_to_the_formulas() {
        let dec = |text: &str| text.parse::<Decimal>().unwrap();
        let mut rule = RecycledRule {
            material: "STEEL".parse().unwrap(),
            method: RecyclingMethod::CutOff,
            recycled_content: dec("0.25"),
            virgin: "virgin".to_owned(),
            recycling: "recycling".to_owned(),
            disposal: Some("disposal".to_owned()),
            allocation: dec("0.2"),
            recycled_at_end: dec("0.85"),
            quality_in: dec("0.9"),
            quality_out: dec("0.8"),
            source: "test".to_owned(),
        };
        let formula = Recycling {
            recycled_content: rule.recycled_content,
            recycled_at_end: rule.recycled_at_end,
            recovered_at_end: Decimal::ZERO,
            allocation: rule.allocation,
            quality_in: rule.quality_in,
            quality_out: rule.quality_out,
            virgin: dec("2.2"),
            virgin_replaced: dec("2.2"),
            recycling: dec("0.6"),
            recycling_at_end: dec("0.6"),
            disposal: dec("0.02"),
            energy_recovery: Decimal::ZERO,
        };
        let sum = |rule: &RecycledRule| -> Decimal {
            let factor = |name: &str| match name {
                "virgin" => dec("2.2"),
                "recycling" => dec("0.6"),
                _ => dec("0.02"),
            };
            rule.parts().into_iter().map(|(name, _, share)| factor(name) * share).sum()
        };

        assert_eq!(sum(&rule), formula.cut_off().unwrap());
        rule.method = RecyclingMethod::CircularFootprint;
        assert_eq!(sum(&rule), formula.circular_footprint().unwrap());
    }
}
