//! What goes into a good unit by its bill of material: scrap, phantoms, and what an order takes once.

use rust_decimal::Decimal;

use super::{Products, input_per_good_unit};
use crate::footprint::FootprintError;
use crate::footprint::attribution::work_center;
use crate::id::{MaterialNumber, WorkCenterCode};
use crate::master::{BillOfMaterial, ProductionVersion};
use crate::unit::{Measure, Uom};

impl<'a> Products<'a> {
    /// Components of one good base unit of `material`, in their own base units, component scrap and
    /// the scrap of all operations included. Phantom assemblies are blown through. What comes out
    /// beside the product is no component; without a rule of allocation it earns no credit. A quantity
    /// that is fixed for an order is spread over the lot of [`Products::lot`].
    pub fn component_quantities(
        &self,
        material: &MaterialNumber,
        version: &ProductionVersion,
    ) -> Result<Vec<(MaterialNumber, Measure)>, FootprintError> {
        self.components_of_lot(material, version, self.lot(material, version)?)
    }

    /// Good output of one order in base units: the mean of the orders of the period, so that what is
    /// fixed for an order sums to what they took; without orders the lot that MRP makes, else the base
    /// quantity of the BOM.
    pub fn lot(
        &self,
        material: &MaterialNumber,
        version: &ProductionVersion,
    ) -> Result<Decimal, FootprintError> {
        if let Some(good) = self.good_output(material, version)? {
            let orders = self.last_center(material, version)?;
            let orders = orders.and_then(|key| self.attribution.orders.get(&key)).copied();
            return Ok(good / Decimal::from(orders.unwrap_or(1)));
        }
        if let Some(planning) = self.master.planning.get(material) {
            let lot = planning.lot_for(Decimal::ONE);
            if lot > Decimal::ONE {
                return Ok(lot);
            }
        }
        let bom = self.bill(material, version)?;
        let base = Measure::new(bom.base_quantity, bom.base_unit);
        self.convert_of(material, &format!("BOM of {material}"), base, self.base_unit(material)?)
    }

    /// What the last operation of a production version yielded in the period, in base units.
    pub(super) fn good_output(
        &self,
        material: &MaterialNumber,
        version: &ProductionVersion,
    ) -> Result<Option<Decimal>, FootprintError> {
        let last = self.last_center(material, version)?;
        let tonnes = last.and_then(|key| self.attribution.yielded.get(&key)).copied();
        let Some(tonnes) = tonnes.filter(|tonnes| *tonnes > Decimal::ZERO) else { return Ok(None) };
        let tonnes = Measure::new(tonnes, Uom::Tonne);
        let unit = self.base_unit(material)?;
        self.convert_of(material, &format!("output of {material}"), tonnes, unit).map(Some)
    }

    fn last_center(
        &self,
        material: &MaterialNumber,
        version: &ProductionVersion,
    ) -> Result<Option<(WorkCenterCode, MaterialNumber)>, FootprintError> {
        let Some(last) = self.routing(version)?.last() else { return Ok(None) };
        let center = work_center(self.master, &last.work_center, material)?;
        Ok(Some((center.code.clone(), material.clone())))
    }

    pub(super) fn bill(
        &self,
        material: &MaterialNumber,
        version: &ProductionVersion,
    ) -> Result<&'a BillOfMaterial, FootprintError> {
        let key = (material.clone(), version.bom_alternative.clone());
        self.master.bills_of_material.get(&key).ok_or_else(|| FootprintError::MasterData {
            material: material.clone(),
            reason: format!(
                "production version {} uses BOM alternative {}, which SAP did not deliver; look at it \
                 in CS03",
                version.code, version.bom_alternative
            ),
        })
    }

    /// As [`Products::component_quantities`], for an order of `lot` base units.
    pub(super) fn components_of_lot(
        &self,
        material: &MaterialNumber,
        version: &ProductionVersion,
        lot: Decimal,
    ) -> Result<Vec<(MaterialNumber, Measure)>, FootprintError> {
        let bom = self.bill(material, version)?;
        let into_first = input_per_good_unit(self.routing(version)?);
        let mut quantities = Vec::with_capacity(bom.items.len());
        let mut above = vec![material.clone()];
        self.explode(bom, Decimal::ONE, into_first, lot, &mut above, &mut quantities)?;
        Ok(quantities)
    }

    /// Adds the components of `amount` base units of what `bom` makes; `with_scrap` are made for
    /// one that is good, in orders of `lot`.
    fn explode(
        &self,
        bom: &BillOfMaterial,
        amount: Decimal,
        with_scrap: Decimal,
        lot: Decimal,
        above: &mut Vec<MaterialNumber>,
        quantities: &mut Vec<(MaterialNumber, Measure)>,
    ) -> Result<(), FootprintError> {
        let material = &bom.material;
        let per_unit = Measure::new(bom.base_quantity, bom.base_unit);
        let base = self.base_unit(material)?;
        let base_quantity =
            self.convert_of(material, &format!("BOM of {material}"), per_unit, base)?;
        for item in bom.items.iter().filter(|item| !item.is_output()) {
            let unit = self.base_unit(&item.component)?;
            let place = format!("BOM of {material}, item {}", item.number);
            let gross = self.convert_of(&item.component, &place, item.gross_quantity(), unit)?;
            let made = if item.grows_with_assembly_scrap() { with_scrap } else { Decimal::ONE };
            let needed =
                if item.fixed { gross / lot } else { amount * gross / base_quantity * made };
            if !item.phantom {
                quantities.push((item.component.clone(), Measure::new(needed, unit)));
                continue;
            }
            let component = &item.component;
            if let Some(at) = above.iter().position(|earlier| earlier == component) {
                let mut circle: Vec<&str> =
                    above[at..].iter().map(MaterialNumber::as_str).collect();
                circle.push(component.as_str());
                let reason = "a phantom assembly is a part of itself".to_owned();
                return Err(FootprintError::Circle { path: circle.join(" > "), reason });
            }
            // A phantom is never made by itself: it has no operations and no scrap of its own.
            above.push(component.clone());
            let inside = self.phantom(component)?;
            self.explode(inside, needed, Decimal::ONE, lot, above, quantities)?;
            above.pop();
        }
        Ok(())
    }

    /// The BOM of a phantom assembly: its lowest alternative.
    pub(super) fn phantom(
        &self,
        component: &MaterialNumber,
    ) -> Result<&'a BillOfMaterial, FootprintError> {
        let first = (component.clone(), String::new());
        let mut from_there = self.master.bills_of_material.range(first..);
        let found = from_there.next().filter(|((material, _), _)| material == component);
        found.map(|(_, bom)| bom).ok_or_else(|| FootprintError::MasterData {
            material: component.clone(),
            reason: "it is a phantom assembly without a BOM; look at it in CS03".to_owned(),
        })
    }
}
