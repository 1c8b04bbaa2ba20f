//! A planning instance in the model's file form, `carbide-plan/1`. Meaning of every field: the model.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// The file form.
pub const FORMAT: &str = "carbide-plan/1";

macro_rules! records {
    ($($(#[$doc:meta])* $name:ident {
        $($(#[$field_doc:meta])* $(@[$attribute:meta])? $field:ident: $kind:ty,)*
    })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($(#[$field_doc])* $(#[$attribute])? pub $field: $kind,)*
        }
    )*};
}

records! {
    /// A planning problem.
    Instance {
        /// Always [`FORMAT`].
        format: String,
        /// Name.
        id: String,
        /// Seed of a generated instance.
        @[serde(default, skip_serializing_if = "Option::is_none")]
        seed: Option<i64>,
        /// Industry of a generated instance.
        @[serde(default, skip_serializing_if = "Option::is_none")]
        profile: Option<String>,
        /// Size class of a generated instance.
        @[serde(default, skip_serializing_if = "Option::is_none")]
        size: Option<String>,
        /// Currency of all costs.
        @[serde(default, skip_serializing_if = "Option::is_none")]
        currency: Option<String>,
        /// Weights of the objective.
        weights: Weights,
        /// Policies.
        side_constraints: SideConstraints,
        /// Shifts of the horizon, in order.
        buckets: Vec<Bucket>,
        /// Plants with grid intensity and tariff.
        plants: Vec<Plant>,
        /// Work centers with capacity and set-ups.
        work_centers: Vec<WorkCenter>,
        /// Bought components with their sources.
        components: Vec<Component>,
        /// Materials with their production versions.
        materials: Vec<Material>,
        /// Ways to the customers.
        transport_lanes: Vec<Lane>,
        /// What is to be planned.
        planned_orders: Vec<PlannedOrder>,
        /// What the plant does without a carbon plan; computed if it is not given.
        @[serde(default)]
        baseline: Option<Baseline>,
    }
    /// alpha, beta and gamma of the objective.
    Weights {
        /// Carbon.
        alpha: f64,
        /// Cost.
        beta: f64,
        /// Punctuality.
        gamma: f64,
        /// Whether weights may lie outside the published ranges.
        @[serde(default, skip_serializing_if = "Option::is_none")]
        weights_free: Option<bool>,
    }
    /// Policies that a plan must meet; null where there is none.
    SideConstraints {
        /// Least share of low-carbon raw material, by mass.
        low_carbon_ratio_min: Option<f64>,
        /// Least share of run minutes at night.
        night_share_min: Option<f64>,
        /// Largest share of run minutes at night.
        night_share_max: Option<f64>,
        /// Largest carbon in kg CO₂e.
        carbon_cap_kg: Option<f64>,
        /// Least punctuality.
        min_punctuality: Option<f64>,
    }
    /// A shift.
    Bucket {
        /// Position.
        index: usize,
        /// Day.
        day: usize,
        /// Name.
        shift: String,
        /// Whether its minutes count as night work.
        night: bool,
    }
    /// A plant.
    Plant {
        /// Key.
        plant: String,
        /// kg CO₂e per kWh by bucket.
        grid_kgco2e_per_kwh: Vec<f64>,
        /// Currency per kWh by bucket.
        tariff_per_kwh: Vec<f64>,
    }
    /// A work center.
    WorkCenter {
        /// Key.
        work_center: String,
        /// Where it stands.
        plant: String,
        /// Minutes by bucket.
        capacity_minutes: Vec<f64>,
        /// Set-ups by group.
        setups: Vec<Setup>,
    }
    /// A set-up, needed once in a bucket that runs its group.
    Setup {
        /// Group.
        setup_group: String,
        /// Minutes.
        setup_minutes: f64,
        /// kWh.
        setup_kwh: f64,
        /// Currency.
        setup_cost: f64,
    }
    /// A bought component.
    Component {
        /// Key.
        component: String,
        /// Unit of quantities.
        base_unit: String,
        /// kg of one unit.
        mass_kg_per_unit: f64,
        /// Whether its mass counts for the low-carbon ratio.
        counts_for_low_carbon_ratio: bool,
        /// Who delivers it.
        sources: Vec<Source>,
    }
    /// A source of a component; inbound transport is included.
    Source {
        /// Key.
        source: String,
        /// Supplier.
        supplier: String,
        /// How it comes in.
        inbound_mode: String,
        /// Currency per unit.
        price_per_unit: f64,
        /// kg CO₂e per unit.
        kgco2e_per_unit: f64,
        /// Most over the horizon.
        available_quantity: f64,
        /// Whether it counts as low-carbon.
        low_carbon: bool,
    }
    /// A material that is made.
    Material {
        /// Key.
        material: String,
        /// Unit of quantities.
        base_unit: String,
        /// Which set-up its operations need.
        setup_group: String,
        /// Ways of making it.
        production_versions: Vec<ProductionVersion>,
    }
    /// A way of making a material.
    ProductionVersion {
        /// Key.
        production_version: String,
        /// Where.
        plant: String,
        /// Components of one unit.
        bom: Vec<BomItem>,
        /// Operations.
        operations: Vec<Operation>,
        /// Own emissions of one unit without electricity.
        direct_kgco2e_per_unit: f64,
        /// Own cost of one unit without electricity and components.
        variable_cost_per_unit: f64,
    }
    /// A component of one unit.
    BomItem {
        /// Component.
        component: String,
        /// How much.
        quantity_per_unit: f64,
    }
    /// An operation.
    Operation {
        /// Where.
        work_center: String,
        /// Minutes per unit.
        minutes_per_unit: f64,
        /// kWh per unit.
        kwh_per_unit: f64,
        /// Buckets after the start.
        bucket_offset: usize,
    }
    /// A way to customers.
    Lane {
        /// Key.
        lane: String,
        /// What can go there.
        modes: Vec<Mode>,
    }
    /// A mode of transport.
    Mode {
        /// Key.
        mode: String,
        /// Buckets on the way.
        lead_buckets: usize,
        /// kg CO₂e per unit.
        kgco2e_per_unit: f64,
        /// Currency per unit.
        cost_per_unit: f64,
    }
    /// An order to plan.
    PlannedOrder {
        /// Key.
        planned_order: String,
        /// What.
        material: String,
        /// How much.
        quantity: f64,
        /// Arrival up to here is on time.
        due_bucket: usize,
        /// Start from here.
        release_bucket: usize,
        /// Arrival up to here is allowed.
        latest_bucket: usize,
        /// Weight in punctuality.
        priority_weight: f64,
        /// Lane.
        lane: String,
        /// Currency per unit and bucket of early arrival.
        holding_cost_per_unit_bucket: f64,
    }
    /// Figures of the baseline plan MRP-EDD-FF/1.
    Baseline {
        /// Method.
        method: String,
        /// Carbon in kg CO₂e.
        c0_kg: f64,
        /// Cost.
        co0: f64,
        /// Punctuality.
        d0: f64,
        /// Share of run minutes at night.
        @[serde(default, skip_serializing_if = "Option::is_none")]
        night_share: Option<f64>,
        /// Share of low-carbon raw material.
        @[serde(default, skip_serializing_if = "Option::is_none")]
        low_carbon_ratio: Option<f64>,
        /// Attempt of the generator.
        @[serde(default, skip_serializing_if = "Option::is_none")]
        generator_attempt: Option<i64>,
    }
}

/// What is wrong with an instance.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InstanceError {
    /// It is no JSON of this form.
    #[error("the instance cannot be read: {0}")]
    Form(String),
    /// Something in it makes no sense.
    #[error("the instance is wrong at {place}: {reason}")]
    Content {
        /// Object.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl Instance {
    /// Reads and checks an instance.
    ///
    /// # Errors
    ///
    /// [`InstanceError`] that names the line, or the object that makes no sense.
    pub fn from_json(text: &str) -> Result<Self, InstanceError> {
        let instance: Self =
            serde_json::from_str(text).map_err(|error| InstanceError::Form(error.to_string()))?;
        instance.check()?;
        Ok(instance)
    }

    /// Checks references, lengths and signs.
    ///
    /// # Errors
    ///
    /// [`InstanceError::Content`] with the first object that makes no sense.
    pub fn check(&self) -> Result<(), InstanceError> {
        let wrong = |place: String, reason: String| Err(InstanceError::Content { place, reason });
        if self.format != FORMAT {
            return wrong("format".into(), format!("'{}' is not {FORMAT}", self.format));
        }
        let buckets = self.buckets.len();
        if let Some(bucket) = self.buckets.iter().enumerate().find(|(at, b)| b.index != *at) {
            return wrong(format!("bucket {}", bucket.0), "indices must rise from 0".into());
        }
        if buckets == 0 || self.planned_orders.is_empty() {
            return wrong("buckets".into(), "there must be buckets and planned orders".into());
        }
        let plants = names("plant", self.plants.iter().map(|p| p.plant.as_str()))?;
        let centers =
            names("work center", self.work_centers.iter().map(|w| w.work_center.as_str()))?;
        let components = names("component", self.components.iter().map(|c| c.component.as_str()))?;
        let materials = names("material", self.materials.iter().map(|m| m.material.as_str()))?;
        let lanes = names("lane", self.transport_lanes.iter().map(|l| l.lane.as_str()))?;
        names("planned order", self.planned_orders.iter().map(|o| o.planned_order.as_str()))?;
        for plant in &self.plants {
            let place = || format!("plant {}", plant.plant);
            series(place(), "grid_kgco2e_per_kwh", &plant.grid_kgco2e_per_kwh, buckets)?;
            series(place(), "tariff_per_kwh", &plant.tariff_per_kwh, buckets)?;
        }
        for center in &self.work_centers {
            let place = format!("work center {}", center.work_center);
            known(&place, "plant", &center.plant, &plants)?;
            series(place.clone(), "capacity_minutes", &center.capacity_minutes, buckets)?;
            for setup in &center.setups {
                not_negative(
                    &place,
                    "set-up",
                    &[setup.setup_minutes, setup.setup_kwh, setup.setup_cost],
                )?;
            }
        }
        for component in &self.components {
            let place = format!("component {}", component.component);
            if component.sources.is_empty() {
                return wrong(place, "it has no source".into());
            }
            names("source", component.sources.iter().map(|s| s.source.as_str()))?;
            for source in &component.sources {
                let values =
                    [source.price_per_unit, source.kgco2e_per_unit, source.available_quantity];
                not_negative(&place, "source", &values)?;
            }
        }
        for material in &self.materials {
            let place = format!("material {}", material.material);
            for version in &material.production_versions {
                for operation in &version.operations {
                    known(&place, "work center", &operation.work_center, &centers)?;
                    let values = [operation.minutes_per_unit, operation.kwh_per_unit];
                    not_negative(&place, "operation", &values)?;
                }
                for item in &version.bom {
                    known(&place, "component", &item.component, &components)?;
                    not_negative(&place, "BOM item", &[item.quantity_per_unit])?;
                }
            }
        }
        if let Some(lane) = self.transport_lanes.iter().find(|lane| lane.modes.is_empty()) {
            return wrong(format!("lane {}", lane.lane), "it has no mode".into());
        }
        for order in &self.planned_orders {
            let place = format!("planned order {}", order.planned_order);
            known(&place, "material", &order.material, &materials)?;
            known(&place, "lane", &order.lane, &lanes)?;
            not_negative(&place, "holding cost", &[order.holding_cost_per_unit_bucket])?;
            if !(order.quantity > 0.0 && order.priority_weight > 0.0) {
                return wrong(place, "quantity and priority weight must be positive".into());
            }
        }
        if let Some(baseline) = &self.baseline
            && !(baseline.c0_kg > 0.0 && baseline.co0 > 0.0 && baseline.d0 > 0.0)
        {
            return wrong("baseline".into(), "its figures must be positive".into());
        }
        Ok(())
    }
}

fn names<'a>(
    what: &str,
    keys: impl Iterator<Item = &'a str>,
) -> Result<BTreeSet<&'a str>, InstanceError> {
    let mut seen = BTreeSet::new();
    for key in keys {
        if !seen.insert(key) {
            let reason = "the key is given twice".to_owned();
            return Err(InstanceError::Content { place: format!("{what} {key}"), reason });
        }
    }
    Ok(seen)
}

fn known(place: &str, what: &str, key: &str, keys: &BTreeSet<&str>) -> Result<(), InstanceError> {
    if keys.contains(key) {
        return Ok(());
    }
    let reason = format!("{what} {key} is not in the instance");
    Err(InstanceError::Content { place: place.to_owned(), reason })
}

fn series(place: String, what: &str, values: &[f64], buckets: usize) -> Result<(), InstanceError> {
    if values.len() != buckets {
        let reason = format!("{what} has {} values for {buckets} buckets", values.len());
        return Err(InstanceError::Content { place, reason });
    }
    not_negative(&place, what, values)
}

fn not_negative(place: &str, what: &str, values: &[f64]) -> Result<(), InstanceError> {
    if values.iter().all(|value| value.is_finite() && *value >= 0.0) {
        return Ok(());
    }
    let reason = format!("a value of {what} is negative or not finite");
    Err(InstanceError::Content { place: place.to_owned(), reason })
}
