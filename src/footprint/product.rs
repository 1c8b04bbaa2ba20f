//! Product footprints, cradle to gate, over bill of material and routing.

mod actual;
mod components;
mod evidence;
mod flow;
mod process;
pub mod rules;
mod walk;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::attribution::work_center;
use super::inventory::process_activity;
use super::{Attribution, Contribution, FootprintError, ProductFootprint};
use crate::factor::{EmissionFactor, FactorBook};
use crate::id::{MaterialNumber, ProductionVersionCode, SupplierNumber};
use crate::master::{MasterData, Operation, ProductionVersion, StandardValue, WorkCenter};
use crate::quantity::Emissions;
use crate::reading::Medium;
use crate::unit::{Dimension, Measure, Uom};
use crate::value_state::ValueState;
pub use actual::OrderFootprint;
pub use evidence::{ElectricityEvidence, InputEvidence, ProcessEvidence, ProductEvidence};
pub use flow::{Flow, Place};
use process::Process;
use rules::ProductRules;

/// What one operation uses for one good unit of the product.
#[derive(Clone, Debug, PartialEq)]
pub struct OperationUse<'a> {
    /// Where.
    pub work_center: &'a WorkCenter,
    /// Machine time in minutes.
    pub machine_minutes: Decimal,
    /// Set-up time in minutes: once an order, not per unit.
    pub setup_minutes: Decimal,
    /// Electricity in kWh, overhead included, by how it is known.
    pub electricity_kwh: BTreeMap<ValueState, Decimal>,
    /// Natural gas in GJ(NCV).
    pub natural_gas_gj: Option<Decimal>,
    /// How that is known.
    pub natural_gas_state: ValueState,
    /// Steam, water and what else has a factor, their overhead included.
    pub media: Vec<MediumPart>,
    /// Output of the operation in base units of the product.
    pub output: Decimal,
}

/// What one operation uses of a medium.
#[derive(Clone, Debug, PartialEq)]
pub struct MediumPart {
    /// What flows.
    pub medium: Medium,
    /// Activity of the factor book.
    pub activity: String,
    /// How it is known.
    pub state: ValueState,
    /// How much, in the unit of the medium.
    pub amount: Decimal,
}

/// Calculates product footprints of one plant from its facts.
pub struct Products<'a> {
    master: &'a MasterData,
    attribution: &'a Attribution,
    book: &'a FactorBook,
    regions: &'a [&'a str],
    day: Date,
    rules: &'a ProductRules,
    processes: RefCell<BTreeMap<(MaterialNumber, ProductionVersionCode), Rc<Process>>>,
}

impl<'a> Products<'a> {
    /// A calculator with the energy of `attribution` and the factors of `day`.
    pub fn new(
        master: &'a MasterData,
        attribution: &'a Attribution,
        book: &'a FactorBook,
        regions: &'a [&'a str],
        day: Date,
    ) -> Self {
        const NONE: &ProductRules =
            &ProductRules { co_products: Vec::new(), inbound: Vec::new(), recycled: Vec::new() };
        let processes = RefCell::default();
        Self { master, attribution, book, regions, day, rules: NONE, processes }
    }

    /// The same with rules for co-products, inbound transport and recycled content.
    pub fn with_rules(self, rules: &'a ProductRules) -> Self {
        Self { rules, processes: RefCell::default(), ..self }
    }

    /// The footprint of one base unit of `material` made by `version`.
    ///
    /// Operations: electricity as metered per unit of good output (standard value scaled by the
    /// site's ratio of metered to standard energy where the period had no output), overhead in
    /// proportion, natural gas and process emissions by standard value. Components: quantity with
    /// component scrap over the base quantity, times the footprint of what is made or the factor of
    /// the supplier with the lowest price. An operation's scrap raises what goes into it and into
    /// the operations before it. Bills of material may go in a circle, as where scrap is molten
    /// again: the circle is solved. Each process below the product is one set of terms, however many
    /// ways lead to it; the path is the shortest.
    ///
    /// # Errors
    ///
    /// [`FootprintError`] naming the material whose master data, factor or unit is missing, or the
    /// circle in which bills of material use as much as they make.
    ///
    /// # Source
    ///
    /// ISO 14067:2018, 6.3 to 6.5, cradle to gate; PACT Methodology for the primary data share.
    pub fn footprint(
        &self,
        material: &MaterialNumber,
        version: &ProductionVersionCode,
    ) -> Result<ProductFootprint, FootprintError> {
        Ok(ProductFootprint {
            material: material.clone(),
            production_version: version.clone(),
            unit: self.base_unit(material)?,
            contributions: self.contributions(material, version)?,
        })
    }

    /// Electricity in kWh per base unit of good output of `operation`, overhead included, by how it
    /// is known.
    pub fn electricity(
        &self,
        material: &MaterialNumber,
        operation: &Operation,
    ) -> Result<BTreeMap<ValueState, Decimal>, FootprintError> {
        let center = work_center(self.master, &operation.work_center, material)?;
        let key = (center.code.clone(), material.clone());
        let overhead = Decimal::ONE + self.attribution.overhead_ratio();
        let per_tonne = |kwh: Decimal, tonnes: Decimal| kwh / tonnes * overhead;
        match self.attribution.yielded.get(&key) {
            Some(tonnes) if *tonnes > Decimal::ZERO => {
                let base = self.base_unit(material)?;
                let tonnes_per_unit = base.in_units_of(Uom::Tonne).map_err(|error| {
                    FootprintError::Unit { place: format!("material {material}"), error }
                })?;
                let metered = self.attribution.of_production(&key.0, material);
                Ok(metered
                    .into_iter()
                    .map(|(state, kwh)| (state, per_tonne(kwh, *tonnes) * tonnes_per_unit))
                    .collect())
            }
            _ => {
                let standard = self.standard(material, operation, StandardValue::Electricity)?;
                let leaving = input_per_good_unit(std::slice::from_ref(operation));
                let scaled = standard.map(|kwh| kwh * leaving * self.site_ratio() * overhead);
                let state = operation.state_of(StandardValue::Electricity);
                Ok(scaled.map(|kwh| (state, kwh)).into_iter().collect())
            }
        }
    }

    /// What `operation` uses of the other media for one base unit of good output, times `leaving`: what
    /// was metered over what was made; without output in the period, what the site used for the same
    /// standard electricity.
    fn media(
        &self,
        material: &MaterialNumber,
        operation: &Operation,
        leaving: Decimal,
    ) -> Result<Vec<MediumPart>, FootprintError> {
        let center = &work_center(self.master, &operation.work_center, material)?.code;
        let key = (center.clone(), material.clone());
        let mut parts = Vec::new();
        for used in &self.attribution.media {
            let Some(activity) = used.activity() else { continue };
            let overhead = Decimal::ONE + used.overhead_ratio();
            let tonnes = self.attribution.yielded.get(&key).filter(|t| **t > Decimal::ZERO);
            let by_state = if let Some(tonnes) = tonnes {
                let base = self.base_unit(material)?;
                let each = base.in_units_of(Uom::Tonne).map_err(|error| FootprintError::Unit {
                    place: format!("material {material}"),
                    error,
                })?;
                let metered = used.of_production(center, material).into_iter();
                metered.map(|(state, part)| (state, part / tonnes * each)).collect()
            } else {
                let standard = self.standard(material, operation, StandardValue::Electricity)?;
                let all: Decimal = self.attribution.standard.values().sum();
                let for_one_kwh = used.of_all_production().checked_div(all).unwrap_or_default();
                let entering = input_per_good_unit(std::slice::from_ref(operation));
                let state = operation.state_of(StandardValue::Electricity);
                let state = state.and(ValueState::Estimated);
                let part = standard.map(|kwh| (state, kwh * entering * for_one_kwh));
                part.into_iter().collect::<BTreeMap<_, _>>()
            };
            parts.extend(by_state.into_iter().map(|(state, part)| MediumPart {
                medium: used.medium,
                activity: activity.to_owned(),
                state,
                amount: part * overhead * leaving,
            }));
        }
        parts.retain(|part| !part.amount.is_zero());
        Ok(parts)
    }

    /// Metered over standard energy of all production of the period; one without production.
    fn site_ratio(&self) -> Decimal {
        let standard: Decimal = self.attribution.standard.values().sum();
        let metered: Decimal = self
            .attribution
            .groups
            .iter()
            .flat_map(|group| &group.shares)
            .filter(|(consumer, _)| consumer.production.is_some())
            .map(|(_, kwh)| *kwh)
            .sum();
        if standard.is_zero() { Decimal::ONE } else { metered / standard }
    }

    /// What the operations of a production version use for one good unit of `material`.
    ///
    /// # Errors
    ///
    /// [`FootprintError`] if master data are missing or a unit does not fit.
    pub fn uses(
        &self,
        material: &MaterialNumber,
        version: &ProductionVersion,
    ) -> Result<Vec<OperationUse<'a>>, FootprintError> {
        let routing = self.routing(version)?;
        let mut uses = Vec::with_capacity(routing.len());
        for (index, operation) in routing.iter().enumerate() {
            // Metered energy is per unit that leaves the operation, a standard value per unit that
            // enters it.
            let leaving = input_per_good_unit(&routing[index + 1..]);
            let entering = input_per_good_unit(&routing[index..]);
            let standard = |meaning| self.standard(material, operation, meaning);
            let electricity = self.electricity(material, operation)?;
            uses.push(OperationUse {
                work_center: work_center(self.master, &operation.work_center, material)?,
                machine_minutes: standard(StandardValue::Machine)?.unwrap_or_default() * entering,
                setup_minutes: self.setup_minutes(material, operation)?,
                electricity_kwh: electricity
                    .into_iter()
                    .map(|(state, kwh)| (state, kwh * leaving))
                    .collect(),
                natural_gas_gj: standard(StandardValue::NaturalGas)?.map(|gas| gas * entering),
                natural_gas_state: operation.state_of(StandardValue::NaturalGas),
                media: self.media(material, operation, leaving)?,
                output: leaving,
            });
        }
        Ok(uses)
    }

    fn setup_minutes(
        &self,
        material: &MaterialNumber,
        operation: &Operation,
    ) -> Result<Decimal, FootprintError> {
        let Some(setup) = operation.standard_value(StandardValue::Setup) else {
            return Ok(Decimal::ZERO);
        };
        self.convert(&format!("operation {} of {material}", operation.number), setup, Uom::Minute)
    }

    /// Own emissions of `material` without those of electricity, in kg CO₂e per base unit: the part
    /// that does not depend on the hour of production.
    ///
    /// # Errors
    ///
    /// As [`Products::footprint`].
    pub fn own_without_electricity(
        &self,
        material: &MaterialNumber,
        version: &ProductionVersion,
    ) -> Result<Emissions, FootprintError> {
        let own = self.operations(material, version)?;
        let is_electricity = |unit: Uom| unit.dimension() == Dimension::Energy;
        let steady = own.iter().filter(|term| !is_electricity(term.activity.unit));
        Ok(steady.map(|term| term.emissions).sum())
    }

    fn operations(
        &self,
        material: &MaterialNumber,
        version: &ProductionVersion,
    ) -> Result<Vec<Contribution>, FootprintError> {
        let mut terms = Vec::new();
        for used in self.uses(material, version)? {
            let center = &used.work_center.code;
            let mut add = |what: &str, activity: &str, unit: Uom, amount: Decimal, state| {
                let factor = self.book.factor(activity, None, self.regions, self.day)?;
                let what = format!("{what} at {center}");
                terms.push(term(&[material], what, Measure::new(amount, unit), factor, state)?);
                Ok::<_, FootprintError>(())
            };
            for (state, kwh) in used.electricity_kwh {
                add("electricity", "electricity", Uom::Kwh, kwh, state)?;
            }
            let calculated = ValueState::Calculated;
            if let Some(gas) = used.natural_gas_gj {
                let state = used.natural_gas_state;
                add("natural gas", "natural_gas", Uom::Gigajoule, gas, state)?;
                let upstream = "natural_gas_upstream";
                add("supply of natural gas", upstream, Uom::Gigajoule, gas, state)?;
            }
            for part in used.media {
                let name = part.medium.name();
                add(name, &part.activity, part.medium.unit(), part.amount, part.state)?;
            }
            let process = process_activity(center);
            if self.book.rows().iter().any(|row| row.activity == process) {
                add("process", &process, self.base_unit(material)?, used.output, calculated)?;
            }
        }
        Ok(terms)
    }

    /// The supplier with the lowest price per base unit: what a plant without a carbon plan buys.
    pub(super) fn cheapest_supplier(&self, component: &MaterialNumber) -> Option<&SupplierNumber> {
        let sources = self.master.sources_of_supply.get(component)?;
        let price = |source: &&crate::master::SourceOfSupply| {
            source.net_price.amount.checked_div(source.price_quantity)
        };
        sources.iter().min_by_key(price).map(|source| &source.supplier)
    }

    /// The standard value per base unit of the material, if the operation has one.
    pub fn standard(
        &self,
        material: &MaterialNumber,
        operation: &Operation,
        meaning: StandardValue,
    ) -> Result<Option<Decimal>, FootprintError> {
        let Some(value) = operation.standard_value(meaning) else { return Ok(None) };
        let unit = match meaning {
            StandardValue::Setup | StandardValue::Machine | StandardValue::Labor => Uom::Minute,
            StandardValue::Electricity => Uom::Kwh,
            StandardValue::NaturalGas => Uom::Gigajoule,
        };
        let place = format!("operation {} of {material}", operation.number);
        let value = self.convert(&place, value, unit)?;
        let output = Measure::new(operation.base_quantity, operation.unit);
        let output = self.convert_of(material, &place, output, self.base_unit(material)?)?;
        Ok(Some(value / output))
    }

    fn convert(&self, place: &str, measure: Measure, to: Uom) -> Result<Decimal, FootprintError> {
        measure.in_unit(to).map_err(|error| FootprintError::Unit { place: place.to_owned(), error })
    }

    /// A quantity of a material, by its own units of measure first.
    fn convert_of(
        &self,
        material: &MaterialNumber,
        place: &str,
        measure: Measure,
        to: Uom,
    ) -> Result<Decimal, FootprintError> {
        let converted = self.master.converted(material, measure, to);
        converted.map_err(|error| FootprintError::Unit { place: place.to_owned(), error })
    }

    fn base_unit(&self, material: &MaterialNumber) -> Result<Uom, FootprintError> {
        let known = self.master.materials.get(material).map(|known| known.base_unit);
        known.ok_or_else(|| FootprintError::MasterData {
            material: material.clone(),
            reason: "SAP did not deliver its material master; look at it in MM03".to_owned(),
        })
    }

    /// The production version of that code.
    pub fn version(
        &self,
        material: &MaterialNumber,
        code: &ProductionVersionCode,
    ) -> Result<&'a ProductionVersion, FootprintError> {
        let versions = self.master.production_versions.get(material);
        let found = versions.and_then(|all| all.iter().find(|version| version.code == *code));
        found.ok_or_else(|| FootprintError::MasterData {
            material: material.clone(),
            reason: format!("it has no production version {code}; look at it in C223"),
        })
    }

    /// The version by which a component is made; `None` if it is bought.
    pub fn first_version(&self, component: &MaterialNumber) -> Option<&'a ProductionVersion> {
        self.master.production_versions.get(component).and_then(|versions| versions.first())
    }

    /// Whether a material comes out beside what the plant makes, and is neither made for itself nor
    /// bought.
    pub fn comes_back(&self, component: &MaterialNumber) -> bool {
        self.first_version(component).is_none()
            && self.rules.made_beside(component).next().is_some()
    }

    /// The operations of a production version.
    ///
    /// # Errors
    ///
    /// [`FootprintError::MasterData`] if SAP did not deliver them, or if one of them lets nothing good
    /// through.
    pub fn routing(&self, version: &ProductionVersion) -> Result<&'a [Operation], FootprintError> {
        let key = (version.routing_group.clone(), version.routing_variant.clone());
        let wrong = |reason: String| {
            let material = version.material.clone();
            FootprintError::MasterData { material, reason }
        };
        let routing = self.master.routings.get(&key).ok_or_else(|| {
            wrong(format!(
                "production version {} uses routing {}/{}, which SAP did not deliver; look at it in \
                 CA03",
                version.code, version.routing_group, version.routing_variant
            ))
        })?;
        let scrap = |operation: &&Operation| {
            !(Decimal::ZERO..Decimal::ONE_HUNDRED).contains(&operation.scrap_percent)
        };
        if let Some(operation) = routing.operations.iter().find(scrap) {
            return Err(wrong(format!(
                "operation {} of routing {}/{} scraps {} % of what enters it; a yield lies above 0 and \
                 up to 100 %. Correct the scrap in CA02.",
                operation.number,
                version.routing_group,
                version.routing_variant,
                operation.scrap_percent
            )));
        }
        Ok(&routing.operations)
    }
}

/// What a bought material is called in the factor book.
pub(super) fn material_activity(material: &MaterialNumber) -> String {
    format!("material:{material}")
}

/// What goes into the first of `operations` for one good unit after the last.
fn input_per_good_unit(operations: &[Operation]) -> Decimal {
    operations.iter().fold(Decimal::ONE, |input, operation| {
        input / (Decimal::ONE - operation.scrap_percent / Decimal::ONE_HUNDRED)
    })
}

fn term(
    path: &[&MaterialNumber],
    what: String,
    activity: Measure,
    factor: &EmissionFactor,
    state: ValueState,
) -> Result<Contribution, FootprintError> {
    super::attribution::unit_of(factor, activity.unit)?;
    Ok(Contribution {
        path: path.iter().map(|material| (*material).clone()).collect(),
        what,
        activity,
        factor: factor.id.clone(),
        scope: factor.scope,
        state,
        primary: factor.primary && state <= ValueState::Calculated,
        emissions: Emissions::new(activity.amount * factor.kg_co2e_per_unit),
        biogenic_co2_kg: activity.amount * factor.biogenic_co2_kg_per_unit,
    })
}
