//! Master data of MM, PP and CO, as it was read. Pure values.

mod as_list;
mod bill_of_material;
mod material;
mod production_version;
mod routing;
mod source_of_supply;
mod work_center;

pub use bill_of_material::{BillOfMaterial, BomItem};
pub use material::{Material, Procurement};
pub use production_version::ProductionVersion;
pub use routing::{Operation, Routing, StandardValue};
pub use source_of_supply::SourceOfSupply;
pub use work_center::WorkCenter;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::{MaterialNumber, PlantCode, RoutingGroup, WorkCenterInternalId};

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
}

impl MasterData {
    /// The plants that the work centers stand in.
    pub fn plants(&self) -> impl Iterator<Item = &PlantCode> {
        let mut plants: Vec<_> = self.work_centers.values().map(|center| &center.plant).collect();
        plants.sort();
        plants.dedup();
        plants.into_iter()
    }
}
