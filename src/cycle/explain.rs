//! What an explanation says beside the number: everything from which it can be calculated again.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{CycleError, Facts, Judged, corrections_of, evidence, findings_of, media_of};
use crate::config::Config;
use crate::factor::EmissionFactor;
use crate::footprint::{Contribution, OrderFootprint, ProductFootprint};

/// What an explanation is made of.
pub struct Explanation<'a> {
    /// Facts that were judged.
    pub facts: &'a Facts,
    /// Their key.
    pub facts_key: &'a str,
    /// What the rules and the allocation made of them.
    pub judged: &'a Judged,
    /// Factor rows in use.
    pub book: &'a [EmissionFactor],
}

impl Explanation<'_> {
    /// The factor row of an id.
    pub fn factor(&self, id: &str) -> Option<&EmissionFactor> {
        self.book.iter().find(|factor| factor.id == id)
    }

    /// Products with their product systems, as one document.
    ///
    /// # Errors
    ///
    /// [`CycleError::Footprint`] if a product system cannot be given.
    pub fn products(
        &self,
        products: &[&ProductFootprint],
        config: &Config,
    ) -> Result<Value, CycleError> {
        let mut documents = Vec::with_capacity(products.len());
        for product in products {
            let evidence = evidence(product, self.facts, self.judged, config)?;
            let inside = evidence.processes.iter().flat_map(|process| &process.terms);
            let factors = self.factors(product.contributions.iter().chain(inside));
            documents.push(json!({
                "kg_co2e_per_unit": product.total(),
                "footprint": product,
                "factors": factors,
                "evidence": evidence,
            }));
        }
        Ok(self.with_sources("products", documents.into()))
    }

    /// An order with the factor rows that it used, as one document.
    pub fn order(&self, found: &OrderFootprint) -> Value {
        let standard = &found.standard.contributions;
        let factors = self.factors(found.contributions.iter().chain(standard));
        let order = json!({
            "kg_co2e": found.total(),
            "kg_co2e_per_unit": found.per_unit(),
            "above_standard_kg_co2e_per_unit": found.above_standard(),
            "actual": found,
            "factors": factors,
        });
        self.with_sources("order", order)
    }

    fn factors<'t>(&self, terms: impl Iterator<Item = &'t Contribution>) -> Value {
        let used: BTreeMap<&str, Option<&EmissionFactor>> =
            terms.map(|term| (term.factor.as_str(), self.factor(&term.factor))).collect();
        json!(used)
    }

    /// The same with readings, shares, rule decisions and versions.
    fn with_sources(&self, name: &str, value: Value) -> Value {
        let attribution = &self.judged.attribution;
        let period = attribution.period;
        let readings: Vec<Value> = self
            .judged
            .series
            .within(period)
            .map(|(interval, slot)| {
                let kwh = slot.energy.map(|energy| energy.amount().to_string());
                json!([interval.start, kwh, slot.state])
            })
            .collect();
        let mut shares = Vec::new();
        for group in &attribution.groups {
            for (consumer, kwh) in &group.shares {
                let (center, material) = consumer.production.clone().unzip();
                shares.push(json!({
                    "factor": group.factor.id,
                    "state": group.state,
                    "cost_center": consumer.cost_center,
                    "work_center": center,
                    "material": material,
                    "kwh": kwh.to_string(),
                }));
            }
        }
        let mut document = Map::new();
        document.insert("period".to_owned(), self.judged.period.to_string().into());
        document.insert("code_version".to_owned(), env!("CARGO_PKG_VERSION").into());
        document.insert("facts".to_owned(), self.facts_key.into());
        document.insert(name.to_owned(), value);
        document.insert(
            "meter".to_owned(),
            json!({
                "id": self.judged.meter.id,
                "source": self.facts.of(&self.judged.meter.id).map(|meter| meter.source.clone()),
                "interval": period,
                "shares": shares,
                "readings": readings,
                "equipment": attribution.equipment,
            }),
        );
        document.insert("media".to_owned(), json!(media_of(self.judged)));
        document.insert(
            "rules".to_owned(),
            json!({
                "corrections": corrections_of(self.judged, period),
                "findings": findings_of(self.judged, period),
            }),
        );
        Value::Object(document)
    }
}
