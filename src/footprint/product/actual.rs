//! What an order truly used, from its confirmations and goods movements, beside the standard.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Serialize;

use super::process::Made;
use super::{Products, term};
use crate::footprint::attribution::in_unit;
use crate::footprint::inventory::process_activity;
use crate::footprint::{Contribution, FootprintError, ProductFootprint};
use crate::id::{MaterialNumber, ProductionOrderNumber, ProductionVersionCode};
use crate::master::StandardValue;
use crate::order::{Confirmation, GoodsMovement, MovementKind, OrderBook};
use crate::period::Interval;
use crate::quantity::Emissions;
use crate::reading::Medium;
use crate::unit::{Measure, Uom};
use crate::value_state::ValueState;

/// The footprint of one production order.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OrderFootprint {
    /// Order.
    pub order: ProductionOrderNumber,
    /// What it made.
    pub material: MaterialNumber,
    /// Good output in the base unit of the material.
    pub good: Measure,
    /// Terms of the whole order.
    pub contributions: Vec<Contribution>,
    /// Whether goods movements said what it consumed; else components stand as planned.
    pub components_as_moved: bool,
    /// Footprint of one unit by the standard.
    pub standard: ProductFootprint,
}

impl OrderFootprint {
    /// kg CO₂e of the whole order.
    pub fn total(&self) -> Emissions {
        self.contributions.iter().map(|term| term.emissions).sum()
    }

    /// kg CO₂e of one good unit.
    pub fn per_unit(&self) -> Emissions {
        self.total().scaled(Decimal::ONE / self.good.amount)
    }

    /// What one unit took more than the standard; negative if it took less.
    pub fn above_standard(&self) -> Emissions {
        self.per_unit() - self.standard.total()
    }
}

/// What SAP recorded of one order.
#[derive(Default)]
pub(super) struct OrderRecords<'a> {
    /// Its confirmations in the period.
    pub(super) confirmations: Vec<&'a Confirmation>,
    /// Its goods movements.
    pub(super) goods_movements: Vec<&'a GoodsMovement>,
}

impl<'a> OrderRecords<'a> {
    /// The orders of `wanted` that were confirmed in `period`, by number.
    pub(super) fn of_period(
        orders: &'a OrderBook,
        period: Interval,
        wanted: impl Fn(&ProductionOrderNumber) -> bool,
    ) -> BTreeMap<&'a ProductionOrderNumber, Self> {
        let mut found: BTreeMap<&ProductionOrderNumber, Self> = BTreeMap::new();
        for confirmation in &orders.confirmations {
            if period.contains(confirmation.execution.start) && wanted(&confirmation.order) {
                found.entry(&confirmation.order).or_default().confirmations.push(confirmation);
            }
        }
        for movement in &orders.goods_movements {
            if let Some(records) = movement.order.as_ref().and_then(|order| found.get_mut(order)) {
                records.goods_movements.push(movement);
            }
        }
        found
    }
}

impl Products<'_> {
    /// The footprint of an order of the period of the attribution.
    ///
    /// Electricity: the metered energy of work center and material, by the order's share of their
    /// confirmed standard electricity, and the overhead in proportion; so the orders of a period sum
    /// to the meter. Gas as confirmed, process emissions by confirmed yield. Components as goods
    /// movements took them; where none were booked, as the standard has them.
    ///
    /// # Errors
    ///
    /// [`FootprintError`] if the order has no confirmation in the period or made nothing, or if
    /// master data or a factor is missing.
    ///
    /// # Source
    ///
    /// ISO 14067:2018, 6.3.6: site-specific data of the process; split as the attribution's.
    pub fn order(
        &self,
        order: &ProductionOrderNumber,
        orders: &OrderBook,
    ) -> Result<OrderFootprint, FootprintError> {
        let period = self.attribution.period;
        let found = OrderRecords::of_period(orders, period, |of| of == order);
        let Some((records, last)) =
            found.get(order).and_then(|records| Some((records, records.confirmations.last()?)))
        else {
            return Err(FootprintError::NoOrder { order: order.clone(), period });
        };
        let material = last.material.clone();
        let version = self.version_of(last)?;
        let good = self.good(records, last)?;
        let mut contributions = self.energy_of(&records.confirmations)?;
        let (components, components_as_moved) =
            self.components_of(records, (&material, &version), || Ok(good))?;
        contributions.extend(components.into_values().flatten());
        let standard = self.footprint(&material, &version)?;
        let order = order.clone();
        Ok(OrderFootprint { order, material, good, contributions, components_as_moved, standard })
    }

    /// The version that an order follows.
    pub(super) fn version_of(
        &self,
        last: &Confirmation,
    ) -> Result<ProductionVersionCode, FootprintError> {
        if let Some(version) = &last.production_version {
            return Ok(version.clone());
        }
        let material = last.material.clone();
        self.first_version(&material).map(|version| version.code.clone()).ok_or_else(|| {
            let reason = "it has no production version; look at it in C223".to_owned();
            FootprintError::MasterData { material, reason }
        })
    }

    /// The terms of each component that an order took, and whether goods movements say so; else it took
    /// them as the version plans for its `good` output.
    pub(super) fn components_of(
        &self,
        records: &OrderRecords<'_>,
        (material, version): (&MaterialNumber, &ProductionVersionCode),
        good: impl FnOnce() -> Result<Measure, FootprintError>,
    ) -> Result<(BTreeMap<MaterialNumber, Vec<Contribution>>, bool), FootprintError> {
        let mut components: BTreeMap<MaterialNumber, Vec<Contribution>> = BTreeMap::new();
        let consumed = consumed(&records.goods_movements);
        let as_moved = !consumed.is_empty();
        if as_moved {
            for (component, (quantity, state)) in consumed {
                let terms = self.taken(material, &component, quantity, state)?;
                components.insert(component, terms);
            }
        } else {
            let good = good()?;
            let known = self.version(material, version)?;
            for (component, each) in self.components_of_lot(material, known, good.amount)? {
                let planned = Measure::new(each.amount * good.amount, each.unit);
                let state = self.component_state(material, &known.bom_alternative, &component);
                let terms = self.taken(material, &component, planned, state)?;
                components.entry(component).or_default().extend(terms);
            }
        }
        Ok((components, as_moved))
    }

    /// What came to stock of the order, else what its last operation confirmed.
    pub(super) fn good(
        &self,
        records: &OrderRecords<'_>,
        last: &Confirmation,
    ) -> Result<Measure, FootprintError> {
        let (material, order) = (&last.material, &last.order);
        let unit = self.base_unit(material)?;
        let place = format!("order {order}");
        let mut received = Decimal::ZERO;
        for movement in &records.goods_movements {
            if movement.material == *material && movement.kind == MovementKind::Production {
                received += self.convert_of(material, &place, movement.quantity, unit)?;
            }
        }
        if received.is_zero() {
            received = self.convert_of(material, &place, last.yielded, unit)?;
        }
        if received <= Decimal::ZERO {
            let reason =
                format!("order {order} made nothing good of it; it has no footprint by unit");
            return Err(FootprintError::MasterData { material: material.clone(), reason });
        }
        Ok(Measure::new(received, unit))
    }

    pub(super) fn energy_of(
        &self,
        confirmed: &[&Confirmation],
    ) -> Result<Vec<Contribution>, FootprintError> {
        let overhead = Decimal::ONE + self.attribution.overhead_ratio();
        let mut terms = Vec::new();
        for confirmation in confirmed {
            let (center, material) = (&confirmation.work_center, &confirmation.material);
            let mut add = |what: &str, activity: &str, unit: Uom, amount: Decimal, state| {
                let factor = self.book.factor(activity, None, self.regions, self.day)?;
                let what = format!("{what} at {center}, operation {}", confirmation.operation);
                terms.push(term(&[material], what, Measure::new(amount, unit), factor, state)?);
                Ok::<_, FootprintError>(())
            };
            if let Some(own) = confirmation.activity(StandardValue::Electricity) {
                let own = in_unit(confirmation, own, Uom::Kwh)?;
                let key = (center.clone(), material.clone());
                let all = self.attribution.standard.get(&key).copied().unwrap_or_default();
                if let Some(share) = own.checked_div(all) {
                    for (state, kwh) in self.attribution.of_production(center, material) {
                        add("electricity", "electricity", Uom::Kwh, kwh * share * overhead, state)?;
                    }
                }
            }
            for (medium, activity, state, part) in self.media_of(confirmation)? {
                add(medium.name(), &activity, medium.unit(), part, state)?;
            }
            let calculated = ValueState::Calculated;
            if let Some(gas) = confirmation.activity(StandardValue::NaturalGas) {
                let gas = in_unit(confirmation, gas, Uom::Gigajoule)?;
                let state = confirmation.state_of(StandardValue::NaturalGas);
                add("natural gas", "natural_gas", Uom::Gigajoule, gas, state)?;
                let upstream = "natural_gas_upstream";
                add("supply of natural gas", upstream, Uom::Gigajoule, gas, state)?;
            }
            let process = process_activity(center);
            if self.book.rows().iter().any(|row| row.activity == process) {
                let tonnes = in_unit(confirmation, confirmation.yielded, Uom::Tonne)?;
                add("process", &process, Uom::Tonne, tonnes, calculated)?;
            }
        }
        Ok(terms)
    }

    /// What a confirmed operation used of the other media: their use by work center and material, by its
    /// share of their confirmed standard electricity, and the overhead in proportion.
    fn media_of(
        &self,
        confirmation: &Confirmation,
    ) -> Result<Vec<(Medium, String, ValueState, Decimal)>, FootprintError> {
        let (center, material) = (&confirmation.work_center, &confirmation.material);
        let mut parts = Vec::new();
        let Some(own) = confirmation.activity(StandardValue::Electricity) else { return Ok(parts) };
        let own = in_unit(confirmation, own, Uom::Kwh)?;
        let key = (center.clone(), material.clone());
        let all = self.attribution.standard.get(&key).copied().unwrap_or_default();
        let Some(share) = own.checked_div(all) else { return Ok(parts) };
        for used in &self.attribution.media {
            let Some(activity) = used.activity() else { continue };
            let overhead = Decimal::ONE + used.overhead_ratio();
            for (state, part) in used.of_production(center, material) {
                let part = part * share * overhead;
                parts.push((used.medium, activity.to_owned(), state, part));
            }
        }
        parts.retain(|(_, _, _, part)| !part.is_zero());
        Ok(parts)
    }

    /// A component that an order took.
    fn taken(
        &self,
        material: &MaterialNumber,
        component: &MaterialNumber,
        quantity: Measure,
        state: ValueState,
    ) -> Result<Vec<Contribution>, FootprintError> {
        let makers = self.makers(component)?;
        if makers.is_empty() {
            return self.bought(material, component, quantity, state);
        }
        let unit = self.base_unit(component)?;
        let amount =
            self.convert_of(component, &format!("component {component}"), quantity, unit)?;
        let mut terms = Vec::new();
        for (made, part) in makers {
            let share = self.share(&made)?;
            let main = self.share(&Made { product: made.by.clone(), ..made.clone() })?;
            let times = amount * part * share.checked_div(main).unwrap_or(Decimal::ONE);
            for term in self.contributions(&made.by, &made.version)? {
                let mut term = term.scaled(times);
                term.path.insert(0, material.clone());
                term.state = term.state.and(state);
                term.primary &= state <= ValueState::Calculated;
                terms.push(term);
            }
        }
        Ok(terms)
    }
}

/// What an order consumed, by material.
fn consumed(movements: &[&GoodsMovement]) -> BTreeMap<MaterialNumber, (Measure, ValueState)> {
    let mut consumed: BTreeMap<MaterialNumber, (Measure, ValueState)> = BTreeMap::new();
    for movement in movements.iter().filter(|one| one.kind == MovementKind::Consumption) {
        let unit = movement.quantity.unit;
        let sum = consumed
            .entry(movement.material.clone())
            .or_insert((Measure::new(Decimal::ZERO, unit), ValueState::recorded()));
        // Movements stand in the base unit of their material.
        sum.0.amount += movement.quantity.amount;
        sum.1 = sum.1.and(movement.state);
    }
    consumed
}
