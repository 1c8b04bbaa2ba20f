//! Everything that a footprint rests on, so that somebody else can calculate it again.

use rust_decimal::Decimal;
use serde::Serialize;

use super::Products;
use super::process::Made;
use crate::footprint::attribution::work_center;
use crate::footprint::{Contribution, FootprintError};
use crate::id::{MaterialNumber, ProductionVersionCode, WorkCenterCode};
use crate::unit::Uom;

/// The product system below a product, process by process.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProductEvidence {
    /// The product first; inputs name others by their place in this list.
    pub processes: Vec<ProcessEvidence>,
    /// Energy of the overhead in kWh, given to production in proportion.
    #[serde(with = "rust_decimal::serde::str")]
    pub overhead_kwh: Decimal,
    /// Energy of production in kWh.
    #[serde(with = "rust_decimal::serde::str")]
    pub production_kwh: Decimal,
}

/// One process.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProcessEvidence {
    /// What is made.
    pub product: MaterialNumber,
    /// Share of the process that one unit of it carries; one without co-products.
    #[serde(with = "rust_decimal::serde::str")]
    pub share: Decimal,
    /// Good output of one order in base units, over which quantities that are fixed for an order are
    /// spread.
    #[serde(with = "rust_decimal::serde::str")]
    pub lot: Decimal,
    /// What one unit uses of other processes.
    pub inputs: Vec<InputEvidence>,
    /// What one unit of the main product uses and emits itself.
    pub terms: Vec<Contribution>,
    /// Where its metered electricity comes from.
    pub electricity: Vec<ElectricityEvidence>,
}

/// A use of another process.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InputEvidence {
    /// Place of the process in the list.
    pub process: usize,
    /// What it makes.
    pub product: MaterialNumber,
    /// How much of it in base units, scrap and shares included.
    #[serde(with = "rust_decimal::serde::str")]
    pub quantity: Decimal,
}

/// Metered electricity of one operation: `kWh / yielded x tonnes_per_unit x (1 + overhead ratio) x
/// leaving` for one good unit.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ElectricityEvidence {
    /// Where.
    pub work_center: WorkCenterCode,
    /// What was confirmed there.
    pub material: MaterialNumber,
    /// Good output of the period in t.
    #[serde(with = "rust_decimal::serde::str")]
    pub yielded_t: Decimal,
    /// Tonnes in one base unit.
    #[serde(with = "rust_decimal::serde::str")]
    pub tonnes_per_unit: Decimal,
    /// Output of the operation for one good unit after the last.
    #[serde(with = "rust_decimal::serde::str")]
    pub leaving: Decimal,
}

impl Products<'_> {
    /// What the footprint of `material` rests on.
    ///
    /// # Errors
    ///
    /// As [`Products::footprint`].
    pub fn evidence(
        &self,
        material: &MaterialNumber,
        version: &ProductionVersionCode,
    ) -> Result<ProductEvidence, FootprintError> {
        let (product, by, version) = (material.clone(), material.clone(), version.clone());
        let below = self.everything_below(Made { product, by, version })?;
        let names: Vec<MaterialNumber> = below.iter().map(|one| one.made.product.clone()).collect();
        let mut processes = Vec::with_capacity(below.len());
        for one in below {
            let inputs = one.inputs.iter().map(|(process, quantity)| InputEvidence {
                process: *process,
                product: names[*process].clone(),
                quantity: *quantity,
            });
            processes.push(ProcessEvidence {
                product: one.made.product.clone(),
                share: one.share,
                lot: self.lot(&one.made.by, self.version(&one.made.by, &one.made.version)?)?,
                inputs: inputs.collect(),
                terms: one.process.own.clone(),
                electricity: self.metered(&one.made)?,
            });
        }
        let (mut overhead_kwh, mut production_kwh) = (Decimal::ZERO, Decimal::ZERO);
        for (consumer, kwh) in self.attribution.groups.iter().flat_map(|group| &group.shares) {
            match consumer.production {
                Some(_) => production_kwh += kwh,
                None => overhead_kwh += kwh,
            }
        }
        Ok(ProductEvidence { processes, overhead_kwh, production_kwh })
    }

    /// The operations of a process whose electricity was metered.
    fn metered(&self, made: &Made) -> Result<Vec<ElectricityEvidence>, FootprintError> {
        let version = self.version(&made.by, &made.version)?;
        let mut metered = Vec::new();
        for (operation, used) in self.routing(version)?.iter().zip(self.uses(&made.by, version)?) {
            let center = work_center(self.master, &operation.work_center, &made.by)?;
            let key = (center.code.clone(), made.by.clone());
            let Some(yielded) = self.attribution.yielded.get(&key).filter(|t| !t.is_zero()) else {
                continue;
            };
            let tonnes_per_unit =
                self.base_unit(&made.by)?.in_units_of(Uom::Tonne).map_err(|error| {
                    FootprintError::Unit { place: format!("material {}", made.by), error }
                })?;
            metered.push(ElectricityEvidence {
                work_center: center.code.clone(),
                material: made.by.clone(),
                yielded_t: *yielded,
                tonnes_per_unit,
                leaving: used.output,
            });
        }
        Ok(metered)
    }
}
