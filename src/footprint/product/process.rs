//! One process of a plant: what making one unit of a material uses and emits itself.

use std::rc::Rc;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::rules::{AllocationMethod, CoProductRule};
use super::{Products, material_activity, term};
use crate::factor::Scope;
use crate::footprint::{Contribution, FootprintError};
use crate::id::{MaterialNumber, ProductionVersionCode, SupplierNumber};
use crate::master::ProductionVersion;
use crate::quantity::Emissions;
use crate::unit::{Measure, Uom};
use crate::value_state::ValueState;

/// What is made, by which process: a co-product has the process of its main product.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Made {
    pub product: MaterialNumber,
    pub by: MaterialNumber,
    pub version: ProductionVersionCode,
}

/// For one good base unit of the main product.
pub(super) struct Process {
    /// Operations and bought components.
    pub own: Vec<Contribution>,
    /// Components that are made in the plant.
    /// With how that quantity is known.
    pub inputs: Vec<(Made, Decimal, ValueState)>,
}

impl Products<'_> {
    /// Which processes make a component, with the part that each of them brings; none if it is
    /// bought.
    ///
    /// What comes out beside several products, as return scrap does, is their mixture: by how much of
    /// it was made in the period, in equal parts if nothing was.
    pub(super) fn makers(
        &self,
        component: &MaterialNumber,
    ) -> Result<Vec<(Made, Decimal)>, FootprintError> {
        let made = |by: &MaterialNumber, version: &ProductionVersion| Made {
            product: component.clone(),
            by: by.clone(),
            version: version.code.clone(),
        };
        if let Some(version) = self.first_version(component) {
            return Ok(vec![(made(component, version), Decimal::ONE)]);
        }
        let mut makers = Vec::new();
        for rule in self.rules.made_beside(component) {
            let Some(version) = self.first_version(&rule.material) else { continue };
            let outputs = self.outputs(&rule.material, &version.code)?;
            let each: Decimal =
                outputs.iter().filter(|out| out.0 == *component).map(|out| out.1).sum();
            let output = self.good_output(&rule.material, version)?;
            makers.push((made(&rule.material, version), each * output.unwrap_or_default()));
        }
        let all: Decimal = makers.iter().map(|(_, part)| *part).sum();
        let equal = Decimal::ONE / Decimal::from(makers.len().max(1));
        for (_, part) in &mut makers {
            *part = part.checked_div(all).unwrap_or(equal);
        }
        makers.retain(|(_, part)| !part.is_zero());
        Ok(makers)
    }

    pub(super) fn process(
        &self,
        material: &MaterialNumber,
        version: &ProductionVersionCode,
    ) -> Result<Rc<Process>, FootprintError> {
        let key = (material.clone(), version.clone());
        if let Some(known) = self.processes.borrow().get(&key) {
            return Ok(Rc::clone(known));
        }
        let version = self.version(material, version)?;
        let mut own = self.operations(material, version)?;
        let mut inputs = Vec::new();
        for (component, quantity) in self.component_quantities(material, version)? {
            let state = self.component_state(material, &version.bom_alternative, &component);
            let makers = self.makers(&component)?;
            if makers.is_empty() {
                own.extend(self.bought(material, &component, quantity, state)?);
            }
            for (made, part) in makers {
                inputs.push((made, quantity.amount * part, state));
            }
        }
        if let Some(rule) = self.rules.co_products(material)
            && rule.method == AllocationMethod::Substitution
        {
            own.extend(self.avoided(material, rule, &key.1)?);
        }
        let process = Rc::new(Process { own, inputs });
        self.processes.borrow_mut().insert(key, Rc::clone(&process));
        Ok(process)
    }

    /// How the quantity of a component of a BOM is known: as its weakest item that leads there.
    pub(super) fn component_state(
        &self,
        material: &MaterialNumber,
        alternative: &str,
        component: &MaterialNumber,
    ) -> ValueState {
        let key = (material.clone(), alternative.to_owned());
        let bom = self.master.bills_of_material.get(&key);
        let items = bom.map_or(&[][..], |bom| &bom.items);
        items.iter().fold(ValueState::recorded(), |state, item| {
            if item.component == *component {
                state.and(item.state)
            } else if item.phantom
                && let Ok(inside) = self.phantom(&item.component)
                && inside.items.iter().any(|below| below.phantom || below.component == *component)
            {
                let below = self.component_state(&inside.material, &inside.alternative, component);
                state.and(item.state).and(below)
            } else {
                state
            }
        })
    }

    /// Which share of the process one base unit of what is made carries.
    ///
    /// # Source
    ///
    /// As [`crate::footprint::coproduct::shares`], in decimals: share over quantity.
    pub(super) fn share(&self, made: &Made) -> Result<Decimal, FootprintError> {
        let Some(rule) = self.rules.co_products(&made.by) else { return Ok(Decimal::ONE) };
        if rule.method == AllocationMethod::Substitution {
            return Ok(Decimal::ONE);
        }
        let outputs = self.outputs(&made.by, &made.version)?;
        let mut total = rule.weight.max(Decimal::ZERO);
        let mut wanted = rule.weight.max(Decimal::ZERO);
        for (material, quantity) in &outputs {
            let ruled = rule.output.iter().find(|out| out.material == *material);
            let ruled = ruled.ok_or_else(|| FootprintError::MasterData {
                material: made.by.clone(),
                reason: format!(
                    "its BOM has the co-product {material}, for which mappings/products.toml has no \
                     weight"
                ),
            })?;
            let weight = ruled.weight.max(Decimal::ZERO);
            total += weight * quantity;
            if *material == made.product {
                wanted = weight;
            }
        }
        wanted.checked_div(total).ok_or_else(|| FootprintError::MasterData {
            material: made.by.clone(),
            reason: "the weights of its co-products sum to zero; correct mappings/products.toml"
                .to_owned(),
        })
    }

    /// What comes out beside one good base unit of `material`, in base units.
    fn outputs(
        &self,
        material: &MaterialNumber,
        version: &ProductionVersionCode,
    ) -> Result<Vec<(MaterialNumber, Decimal)>, FootprintError> {
        let version = self.version(material, version)?;
        let key = (material.clone(), version.bom_alternative.clone());
        let Some(bom) = self.master.bills_of_material.get(&key) else { return Ok(Vec::new()) };
        let place = format!("BOM of {material}");
        let base = Measure::new(bom.base_quantity, bom.base_unit);
        let base = self.convert_of(material, &place, base, self.base_unit(material)?)?;
        let of = |item: &crate::master::BomItem| {
            let unit = self.base_unit(&item.component)?;
            let place = format!("BOM of {material}, item {}", item.number);
            let gross = self.convert_of(&item.component, &place, item.gross_quantity(), unit)?;
            Ok((item.component.clone(), gross.abs() / base))
        };
        bom.items.iter().filter(|item| item.is_output()).map(of).collect()
    }

    /// Credits for what co-products make unnecessary.
    fn avoided(
        &self,
        material: &MaterialNumber,
        rule: &CoProductRule,
        version: &ProductionVersionCode,
    ) -> Result<Vec<Contribution>, FootprintError> {
        let mut terms = Vec::new();
        for (component, quantity) in self.outputs(material, version)? {
            let ruled = rule.output.iter().find(|out| out.material == component);
            let Some(avoids) = ruled.and_then(|out| out.avoids.as_deref()) else {
                return Err(FootprintError::MasterData {
                    material: material.clone(),
                    reason: format!(
                        "its co-product {component} names nothing that it avoids; name an activity in \
                         mappings/products.toml"
                    ),
                });
            };
            let factor = self.book.factor(avoids, None, self.regions, self.day)?;
            let unit = self.base_unit(&component)?;
            let measure = Measure::new(-quantity, unit);
            let place = format!("co-product {component}");
            let amount = self.convert_of(&component, &place, measure, factor.unit)?;
            let what = format!("credit for {avoids}");
            let activity = Measure::new(amount, factor.unit);
            terms.push(term(
                &[material, &component],
                what,
                activity,
                factor,
                ValueState::Calculated,
            )?);
        }
        Ok(terms)
    }

    /// A bought component: its factor, or its virgin and recycled parts, and its way in.
    pub(super) fn bought(
        &self,
        material: &MaterialNumber,
        component: &MaterialNumber,
        quantity: Measure,
        known: ValueState,
    ) -> Result<Vec<Contribution>, FootprintError> {
        let supplier = self.cheapest_supplier(component);
        self.bought_from(supplier, self.day, (material, component), quantity, known)
    }

    /// kg CO₂e of one base unit of a component from `supplier` on `day`, by the same factor, recycled
    /// parts and way in as in a footprint.
    ///
    /// # Errors
    ///
    /// [`FootprintError`] if a factor is missing or a unit does not fit.
    pub fn bought_emissions(
        &self,
        component: &MaterialNumber,
        supplier: &SupplierNumber,
        day: Date,
    ) -> Result<Emissions, FootprintError> {
        let one = Measure::new(Decimal::ONE, self.base_unit(component)?);
        let known = ValueState::recorded();
        let terms = self.bought_from(Some(supplier), day, (component, component), one, known)?;
        Ok(terms.iter().map(|term| term.emissions).sum())
    }

    fn bought_from(
        &self,
        supplier: Option<&SupplierNumber>,
        day: Date,
        (material, component): (&MaterialNumber, &MaterialNumber),
        quantity: Measure,
        known: ValueState,
    ) -> Result<Vec<Contribution>, FootprintError> {
        let path = [material, component];
        let place = format!("component {component}");
        let mut terms = Vec::new();
        if let Some(rule) = self.rules.recycled(component) {
            for (activity, what, share) in rule.parts() {
                let factor = self.book.factor(activity, None, self.regions, day)?;
                let amount = self.convert_of(component, &place, quantity, factor.unit)? * share;
                let what = format!("bought, {what}");
                let activity = Measure::new(amount, factor.unit);
                terms.push(term(&path, what, activity, factor, ValueState::Default)?);
            }
        } else {
            let by = supplier.map(SupplierNumber::as_str);
            let activity = material_activity(component);
            let factor = self.book.factor(&activity, by, self.regions, day)?;
            let own = factor.supplier.is_some();
            let what = match supplier {
                Some(supplier) if own => format!("bought from {supplier}"),
                Some(supplier) => format!("bought from {supplier}, average factor"),
                None => "bought, average factor".to_owned(),
            };
            let state = if own { known } else { ValueState::Default };
            let amount = self.convert_of(component, &place, quantity, factor.unit)?;
            terms.push(term(&path, what, Measure::new(amount, factor.unit), factor, state)?);
        }
        for leg in self.rules.inbound(component, supplier) {
            let factor = self.book.factor(&leg.factor, None, self.regions, day)?;
            let tonnes = self.convert_of(component, &place, quantity, Uom::Tonne)?;
            let activity = Measure::new(tonnes * leg.distance_km, Uom::TonneKm);
            let what = format!("inbound transport, {} km by {}", leg.distance_km, leg.factor);
            let mut inbound = term(&path, what, activity, factor, known)?;
            // Freight factors stand in the category of the first use; here it is the way in.
            inbound.scope = Scope::UpstreamTransport;
            terms.push(inbound);
        }
        Ok(terms)
    }
}
