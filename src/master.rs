//! Master data of MM, PP and CO, as it was read. Pure values.

mod as_list;
mod bill_of_material;
mod factory_calendar;
mod material;
mod planning;
mod production_version;
mod routing;
mod shift;
mod source_of_supply;
mod supply;
mod work_center;

pub use bill_of_material::{AlternativeItem, BillOfMaterial, BomItem};
pub use factory_calendar::FactoryCalendar;
pub use material::{Material, Procurement};
pub use planning::{MaterialPlanning, UnitConversion};
pub use production_version::ProductionVersion;
pub use routing::{Operation, Routing, StandardValue};
pub use shift::Shift;
pub use source_of_supply::{PriceCondition, SourceOfSupply};
pub use supply::{SourceListEntry, Supplier};
pub use work_center::WorkCenter;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::{MaterialNumber, PlantCode, RoutingGroup, SupplierNumber, WorkCenterInternalId};
use crate::unit::{Incompatible, Measure, Uom};
use rust_decimal::Decimal;

/// Everything that one plant is made of, keyed for the joins that the footprint and the plan do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MasterData {
    /// Materials by number.
    pub materials: BTreeMap<MaterialNumber, Material>,
    /// Bills of material by material and alternative.
    #[serde(with = "as_list")]
    pub bills_of_material: BTreeMap<(MaterialNumber, String), BillOfMaterial>,
    /// Routings by group and counter.
    #[serde(with = "as_list")]
    pub routings: BTreeMap<(RoutingGroup, String), Routing>,
    /// Production versions by material, in the order of their code.
    pub production_versions: BTreeMap<MaterialNumber, Vec<ProductionVersion>>,
    /// Work centers by the internal number that routings refer to.
    pub work_centers: BTreeMap<WorkCenterInternalId, WorkCenter>,
    /// Sources of bought materials, in the order of supplier numbers.
    pub sources_of_supply: BTreeMap<MaterialNumber, Vec<SourceOfSupply>>,
    /// How MRP plans each material.
    #[serde(default)]
    pub planning: BTreeMap<MaterialNumber, MaterialPlanning>,
    /// Further units of each material.
    #[serde(default)]
    pub unit_conversions: BTreeMap<MaterialNumber, Vec<UnitConversion>>,
    /// Suppliers by number.
    #[serde(default)]
    pub suppliers: BTreeMap<SupplierNumber, Supplier>,
    /// Source lists.
    #[serde(default)]
    pub source_list: Vec<SourceListEntry>,
    /// Shifts of work centers, by weekday and number.
    #[serde(default)]
    pub shifts: BTreeMap<WorkCenterInternalId, Vec<Shift>>,
    /// Factory calendar of the plant, T001W-FABKL; `None` if it has none or it could not be read.
    #[serde(default)]
    pub plant_calendar: Option<String>,
    /// Factory calendars by name, those that could be read.
    #[serde(default)]
    pub factory_calendars: BTreeMap<String, FactoryCalendar>,
}

impl MasterData {
    /// A quantity of a material in another unit: by the material's own conversion if it has one,
    /// else by what the units measure.
    ///
    /// # Errors
    ///
    /// [`Incompatible`] if neither leads from one unit to the other.
    pub fn converted(
        &self,
        material: &MaterialNumber,
        measure: Measure,
        to: Uom,
    ) -> Result<Decimal, Incompatible> {
        let base = self.materials.get(material).map(|material| material.base_unit);
        let own = |unit: Uom| {
            let conversions = self.unit_conversions.get(material)?;
            conversions.iter().find(|conversion| conversion.unit == Some(unit))
        };
        let Some(base) = base.filter(|_| measure.unit != to) else { return measure.in_unit(to) };
        if let Some(from) = own(measure.unit) {
            return Measure::new(from.in_base_unit(measure.amount), base).in_unit(to);
        }
        if let Some(to) = own(to) {
            let in_base = measure.in_unit(base)?;
            return Ok(in_base * to.denominator / to.numerator);
        }
        measure.in_unit(to)
    }

    /// Name of the factory calendar that a work center follows: its own, or that of the plant.
    pub fn calendar_name<'a>(&'a self, center: &'a WorkCenter) -> Option<&'a str> {
        center.factory_calendar.as_deref().or(self.plant_calendar.as_deref())
    }

    /// The plants that the work centers stand in.
    pub fn plants(&self) -> impl Iterator<Item = &PlantCode> {
        let mut plants: Vec<_> = self.work_centers.values().map(|center| &center.plant).collect();
        plants.sort();
        plants.dedup();
        plants.into_iter()
    }
}
