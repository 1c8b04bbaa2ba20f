//! A planning instance in the model's file form, `carbide-plan/1`. Meaning of every field: the model.

mod check;

mod read;

use serde::{Deserialize, Serialize};

use crate::footprint::budget::Quarter;

pub use check::InstanceError;
pub use read::TEXT_BYTES_MAX;

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
        /// Carbon budgets of the quarters that the horizon touches.
        @[serde(default, skip_serializing_if = "Vec::is_empty")]
        carbon_budgets: Vec<CarbonBudget>,
    }
    /// What may be emitted in the buckets of one quarter. Electricity counts in the bucket that uses it,
    /// own emissions in the bucket of the last operation.
    CarbonBudget {
        /// Quarter.
        quarter: Quarter,
        /// Scopes that count, 1 and 2.
        scopes: Vec<u8>,
        /// First bucket of the quarter in the horizon.
        first_bucket: usize,
        /// Last bucket of the quarter in the horizon.
        last_bucket: usize,
        /// Most kg CO₂e that the plan may emit in it; null where it is only reckoned.
        limit_kg: Option<f64>,
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
