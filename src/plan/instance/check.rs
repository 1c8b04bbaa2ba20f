//! Whether an instance makes sense: keys, references, lengths, signs, weights, policies, units.

use std::collections::BTreeSet;

use rust_decimal::prelude::ToPrimitive;

use super::read::TEXT_BYTES_MAX;
use super::{Component, FORMAT, Instance, Operation, PlannedOrder, SideConstraints, Weights};
use crate::said;
use crate::said::Said;
use crate::unit::{Dimension, Uom};
use crate::words_by_said;

/// Slack of sums and ranges of weights.
const SLACK: f64 = 1e-6;

/// What is wrong with an instance.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InstanceError {
    /// It is no JSON of this form.
    Form(String),
    /// Something in it makes no sense.
    Content {
        /// Stable name of the rule, as `PLAN-QTY`.
        code: &'static str,
        /// Object.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl InstanceError {
    /// What happened, with what it is made of.
    pub fn said(&self) -> Said {
        match self {
            Self::Form(what) => said!(
                "instance.form",
                "PLAN-FORM: the instance cannot be read: {what}",
                what = what
            ),
            Self::Content { code, place, reason } => said!(
                "instance.content",
                "{code}: {place}: {reason}",
                code = code,
                place = place,
                reason = reason
            ),
        }
    }
}

words_by_said!(InstanceError);

impl InstanceError {
    pub(super) fn content(code: &'static str, place: impl Into<String>, reason: String) -> Self {
        Self::Content { code, place: place.into(), reason }
    }

    pub(super) fn format(found: &str) -> Self {
        let reason = format!("'{found}' is not {FORMAT}, which this program reads");
        Self::content("PLAN-VERSION", "format", reason)
    }

    /// A text of so many bytes is more than is looked at.
    pub fn too_large(bytes: u64) -> Self {
        let reason = format!(
            "it has {} MiB and at most {} MiB are read; plan fewer orders at once or a shorter horizon",
            bytes.div_ceil(1024 * 1024),
            TEXT_BYTES_MAX / (1024 * 1024)
        );
        Self::content("PLAN-LARGE", "the instance", reason)
    }
}

type Checked = Result<(), InstanceError>;

fn wrong(code: &'static str, place: &str, reason: String) -> Checked {
    Err(InstanceError::content(code, place, reason))
}

impl Instance {
    /// Checks what can be seen without planning: keys that are given twice, references to nothing,
    /// lengths, signs, weights, policies that contradict each other, dates, units.
    ///
    /// # Errors
    ///
    /// [`InstanceError::Content`] with the first object that makes no sense.
    pub fn check(&self) -> Result<(), InstanceError> {
        if self.format != FORMAT {
            return Err(InstanceError::format(&self.format));
        }
        self.weights.check()?;
        self.side_constraints.check()?;
        self.check_budgets()?;
        if let Some(currency) = &self.currency
            && !(currency.len() == 3 && currency.bytes().all(|b| b.is_ascii_uppercase()))
        {
            let reason = format!("'{currency}' is no currency of ISO 4217, as EUR");
            return wrong("PLAN-UNIT", "currency", reason);
        }
        self.check_buckets()?;
        let plants = names("plant", self.plants.iter().map(|p| p.plant.as_str()))?;
        let centers =
            names("work center", self.work_centers.iter().map(|w| w.work_center.as_str()))?;
        let components = names("component", self.components.iter().map(|c| c.component.as_str()))?;
        let materials = names("material", self.materials.iter().map(|m| m.material.as_str()))?;
        let lanes = names("lane", self.transport_lanes.iter().map(|l| l.lane.as_str()))?;
        names("planned order", self.planned_orders.iter().map(|o| o.planned_order.as_str()))?;
        self.check_capacities(&plants)?;
        self.components.iter().try_for_each(Component::check)?;
        self.check_materials(&plants, &centers, &components)?;
        self.check_lanes()?;
        for order in &self.planned_orders {
            let place = format!("planned order {}", order.planned_order);
            known(&place, "material", &order.material, &materials)?;
            known(&place, "lane", &order.lane, &lanes)?;
            order.check(&place)?;
        }
        if let Some(baseline) = &self.baseline {
            let figures = [("c0_kg", baseline.c0_kg), ("co0", baseline.co0), ("d0", baseline.d0)];
            for (field, value) in figures {
                finite("baseline", field, value)?;
                if value <= 0.0 {
                    let reason = format!("{field} must be above 0, is {value}");
                    return wrong("PLAN-BASELINE", "baseline", reason);
                }
            }
        }
        Ok(())
    }

    /// Budgets have to be sums over columns that only grow.
    fn check_budgets(&self) -> Checked {
        let budgets = &self.side_constraints.carbon_budgets;
        let quarters: Vec<String> = budgets.iter().map(|one| one.quarter.to_string()).collect();
        names("carbon budget", quarters.iter().map(String::as_str))?;
        for (budget, quarter) in budgets.iter().zip(&quarters) {
            let place = format!("carbon budget {quarter}");
            let (first, last, buckets) =
                (budget.first_bucket, budget.last_bucket, self.buckets.len());
            if first > last || last >= buckets {
                let reason =
                    format!("buckets {first} to {last} are not in the horizon of {buckets}");
                return wrong("PLAN-BUDGET", &place, reason);
            }
            if budget.scopes.is_empty() || budget.scopes.iter().any(|scope| ![1, 2].contains(scope))
            {
                let reason = format!(
                    "scopes are {:?}; a plan is held to budgets of scope 1 and 2, since purchases have no \
                     bucket of their own",
                    budget.scopes
                );
                return wrong("PLAN-BUDGET", &place, reason);
            }
            budget.limit_kg.map_or(Ok(()), |limit| not_negative(&place, "limit_kg", limit))?;
        }
        let limited = budgets.iter().any(|budget| budget.limit_kg.is_some());
        let mut setups = self.work_centers.iter().flat_map(|center| &center.setups);
        if limited && setups.any(|setup| setup.setup_kwh > 0.0) {
            let reason =
                "set-ups with kWh cannot be planned within a budget; put what they use into \
                          the operations"
                    .to_owned();
            return wrong("PLAN-BUDGET", "carbon budgets", reason);
        }
        let mut versions = self.materials.iter().flat_map(|material| &material.production_versions);
        if limited && versions.any(|version| version.direct_kgco2e_per_unit < 0.0) {
            let reason =
                "versions with emissions below zero cannot be planned within a budget".to_owned();
            return wrong("PLAN-BUDGET", "carbon budgets", reason);
        }
        Ok(())
    }

    fn check_buckets(&self) -> Checked {
        if self.buckets.is_empty() {
            let reason = "there is no bucket: the horizon is empty".to_owned();
            return wrong("PLAN-EMPTY", "buckets", reason);
        }
        if self.planned_orders.is_empty() {
            let reason = "there is nothing to plan".to_owned();
            return wrong("PLAN-EMPTY", "planned_orders", reason);
        }
        match self.buckets.iter().enumerate().find(|(at, bucket)| bucket.index != *at) {
            Some((at, bucket)) => {
                let reason = format!("its index is {}; indices must rise from 0", bucket.index);
                wrong("PLAN-BUCKET", &format!("bucket {at}"), reason)
            }
            None => Ok(()),
        }
    }

    fn check_capacities(&self, plants: &BTreeSet<&str>) -> Checked {
        let buckets = self.buckets.len();
        for plant in &self.plants {
            let place = format!("plant {}", plant.plant);
            series(&place, "grid_kgco2e_per_kwh", &plant.grid_kgco2e_per_kwh, buckets)?;
            series(&place, "tariff_per_kwh", &plant.tariff_per_kwh, buckets)?;
        }
        for center in &self.work_centers {
            let place = format!("work center {}", center.work_center);
            known(&place, "plant", &center.plant, plants)?;
            series(&place, "capacity_minutes", &center.capacity_minutes, buckets)?;
            names(
                &format!("{place}, set-up"),
                center.setups.iter().map(|s| s.setup_group.as_str()),
            )?;
            for setup in &center.setups {
                let place = format!("{place}, set-up {}", setup.setup_group);
                not_negative(&place, "setup_minutes", setup.setup_minutes)?;
                not_negative(&place, "setup_kwh", setup.setup_kwh)?;
                not_negative(&place, "setup_cost", setup.setup_cost)?;
            }
        }
        Ok(())
    }

    fn check_materials(
        &self,
        plants: &BTreeSet<&str>,
        centers: &BTreeSet<&str>,
        components: &BTreeSet<&str>,
    ) -> Checked {
        for material in &self.materials {
            let place = format!("material {}", material.material);
            let versions = &material.production_versions;
            names(
                &format!("{place}, production version"),
                versions.iter().map(|v| v.production_version.as_str()),
            )?;
            for version in versions {
                let place = format!("{place}, production version {}", version.production_version);
                known(&place, "plant", &version.plant, plants)?;
                finite(&place, "variable_cost_per_unit", version.variable_cost_per_unit)?;
                finite(&place, "direct_kgco2e_per_unit", version.direct_kgco2e_per_unit)?;
                for operation in &version.operations {
                    known(&place, "work center", &operation.work_center, centers)?;
                    operation.check(&place, self.buckets.len())?;
                }
                names(
                    &format!("{place}, BOM item"),
                    version.bom.iter().map(|item| item.component.as_str()),
                )?;
                for item in &version.bom {
                    known(&place, "component", &item.component, components)?;
                    let place = format!("{place}, BOM item {}", item.component);
                    not_negative(&place, "quantity_per_unit", item.quantity_per_unit)?;
                }
            }
        }
        Ok(())
    }

    fn check_lanes(&self) -> Checked {
        for lane in &self.transport_lanes {
            let place = format!("lane {}", lane.lane);
            if lane.modes.is_empty() {
                return wrong("PLAN-LANE", &place, "it has no mode of transport".to_owned());
            }
            names(&format!("{place}, mode"), lane.modes.iter().map(|mode| mode.mode.as_str()))?;
            for mode in &lane.modes {
                let place = format!("{place}, mode {}", mode.mode);
                not_negative(&place, "kgco2e_per_unit", mode.kgco2e_per_unit)?;
                not_negative(&place, "cost_per_unit", mode.cost_per_unit)?;
            }
        }
        Ok(())
    }
}

impl Weights {
    /// Checks that the weights lie on the polytope of the model's section 4, or anywhere on the unit
    /// simplex if they are free.
    ///
    /// # Errors
    ///
    /// [`InstanceError::Content`] with the weight and its range.
    pub fn check(&self) -> Result<(), InstanceError> {
        let ranges = [("alpha", self.alpha), ("beta", self.beta), ("gamma", self.gamma)];
        for (field, value) in ranges {
            finite("weights", field, value)?;
            if !(0.0..=1.0).contains(&value) {
                let reason = format!("{field} is {value}; each weight lies in [0, 1]");
                return wrong("PLAN-WEIGHTS", "weights", reason);
            }
        }
        let sum = self.alpha + self.beta + self.gamma;
        if (sum - 1.0).abs() > SLACK {
            // Floats: 0.45 + 0.3 + 0.2 is no round number, and a person asked for one.
            let sum = (sum * 1e6).round() / 1e6;
            let reason = format!("they sum to {sum}, not to 1; each weight lies in [0, 1]");
            return wrong("PLAN-WEIGHTS", "weights", reason);
        }
        if self.weights_free == Some(true) || self.is_published() {
            return Ok(());
        }
        let reason = format!(
            "alpha {}, beta {} and gamma {} lie outside [0.3, 0.5], [0.2, 0.4] and [0.2, 0.4]; set \
             weights_free to plan with them all the same",
            self.alpha, self.beta, self.gamma
        );
        wrong("PLAN-WEIGHTS", "weights", reason)
    }

    /// Whether all three lie in the ranges of the model's section 4.
    pub fn is_published(&self) -> bool {
        let within =
            |value: f64, (low, high): (f64, f64)| value >= low - SLACK && value <= high + SLACK;
        within(self.alpha, (0.3, 0.5))
            && within(self.beta, (0.2, 0.4))
            && within(self.gamma, (0.2, 0.4))
    }
}

impl SideConstraints {
    fn check(&self) -> Checked {
        let place = "side_constraints";
        let shares = [
            ("low_carbon_ratio_min", self.low_carbon_ratio_min),
            ("night_share_min", self.night_share_min),
            ("night_share_max", self.night_share_max),
            ("min_punctuality", self.min_punctuality),
        ];
        for (field, value) in shares.into_iter().filter_map(|(f, v)| Some((f, v?))) {
            finite(place, field, value)?;
            if !(0.0..=1.0).contains(&value) {
                let reason = format!("{field} is {value}; a share lies between 0 and 1");
                return wrong("PLAN-POLICY", place, reason);
            }
        }
        if let (Some(least), Some(most)) = (self.night_share_min, self.night_share_max)
            && least > most
        {
            let reason = format!(
                "night_share_min {least} is above night_share_max {most}: no plan can meet both"
            );
            return wrong("PLAN-POLICY", place, reason);
        }
        if let Some(cap) = self.carbon_cap_kg {
            finite(place, "carbon_cap_kg", cap)?;
            if cap <= 0.0 {
                let reason = format!("carbon_cap_kg must be above 0, is {cap}");
                return wrong("PLAN-POLICY", place, reason);
            }
        }
        Ok(())
    }
}

impl Component {
    fn check(&self) -> Checked {
        let place = format!("component {}", self.component);
        not_negative(&place, "mass_kg_per_unit", self.mass_kg_per_unit)?;
        // A unit of mass says itself how many kilograms it has; a wrong thousand is the usual error.
        if let Ok(unit) = Uom::from_code(&self.base_unit)
            && unit.dimension() == Dimension::Mass
            && let Some(kg) = unit.in_units_of(Uom::Kg).ok().and_then(|kg| kg.to_f64())
            && (self.mass_kg_per_unit - kg).abs() > SLACK * kg
        {
            let reason = format!(
                "mass_kg_per_unit is {}, but one {} has {kg} kg",
                self.mass_kg_per_unit, self.base_unit
            );
            return wrong("PLAN-UNIT", &place, reason);
        }
        if self.sources.is_empty() {
            return wrong("PLAN-SOURCE", &place, "it has no source".to_owned());
        }
        names(&format!("{place}, source"), self.sources.iter().map(|s| s.source.as_str()))?;
        for source in &self.sources {
            let place = format!("{place}, source {}", source.source);
            not_negative(&place, "price_per_unit", source.price_per_unit)?;
            not_negative(&place, "kgco2e_per_unit", source.kgco2e_per_unit)?;
            not_negative(&place, "available_quantity", source.available_quantity)?;
        }
        Ok(())
    }
}

impl Operation {
    fn check(&self, place: &str, buckets: usize) -> Checked {
        let place = format!("{place}, operation at {}", self.work_center);
        not_negative(&place, "minutes_per_unit", self.minutes_per_unit)?;
        not_negative(&place, "kwh_per_unit", self.kwh_per_unit)?;
        // An offset beyond every horizon is a damaged number, and a sum with it could overflow.
        if self.bucket_offset > buckets.max(10_000) {
            let reason = format!(
                "bucket_offset {} is far outside the horizon of {buckets} buckets",
                self.bucket_offset
            );
            return wrong("PLAN-DATE", &place, reason);
        }
        Ok(())
    }
}

impl PlannedOrder {
    fn check(&self, place: &str) -> Checked {
        finite(place, "quantity", self.quantity)?;
        if self.quantity <= 0.0 {
            let reason = format!("quantity must be above 0, is {}", self.quantity);
            return wrong("PLAN-QTY", place, reason);
        }
        finite(place, "priority_weight", self.priority_weight)?;
        if self.priority_weight <= 0.0 {
            let reason = format!("priority_weight must be above 0, is {}", self.priority_weight);
            return wrong("PLAN-PRIORITY", place, reason);
        }
        not_negative(place, "holding_cost_per_unit_bucket", self.holding_cost_per_unit_bucket)?;
        let (release, due, latest) = (self.release_bucket, self.due_bucket, self.latest_bucket);
        if due < release {
            let reason = format!("due in bucket {due}, before it is released in bucket {release}");
            return wrong("PLAN-DATE", place, reason);
        }
        if latest < due {
            let reason = format!("latest bucket {latest} is before the due bucket {due}");
            return wrong("PLAN-DATE", place, reason);
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
        let place = format!("{what} {key}");
        if key.trim().is_empty() {
            return Err(InstanceError::content("PLAN-KEY", what, "its key is empty".to_owned()));
        }
        if !seen.insert(key) {
            let reason = "the key is given twice".to_owned();
            return Err(InstanceError::content("PLAN-DUP", place, reason));
        }
    }
    Ok(seen)
}

fn known(place: &str, what: &str, key: &str, keys: &BTreeSet<&str>) -> Checked {
    if keys.contains(key) {
        return Ok(());
    }
    wrong("PLAN-UNKNOWN", place, format!("{what} {key} is not in the instance"))
}

fn series(place: &str, what: &str, values: &[f64], buckets: usize) -> Checked {
    if values.len() != buckets {
        let reason = format!("{what} has {} values for {buckets} buckets", values.len());
        return wrong("PLAN-LENGTH", place, reason);
    }
    let odd = |value: &f64| !(value.is_finite() && *value >= 0.0);
    match values.iter().position(odd) {
        Some(at) => not_negative(place, &format!("{what}[{at}]"), values[at]),
        None => Ok(()),
    }
}

fn finite(place: &str, field: &str, value: f64) -> Checked {
    if value.is_finite() {
        return Ok(());
    }
    wrong("PLAN-NAN", place, format!("{field} is {value}, which is no number"))
}

fn not_negative(place: &str, field: &str, value: f64) -> Checked {
    finite(place, field, value)?;
    if value >= 0.0 {
        return Ok(());
    }
    wrong("PLAN-NEGATIVE", place, format!("{field} is {value}; it cannot be negative"))
}
