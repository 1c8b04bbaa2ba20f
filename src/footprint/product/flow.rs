//! How energy and emissions come from purchase through work centers and components to products.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::Products;
use super::actual::OrderRecords;
use crate::factor::Scope;
use crate::footprint::{Contribution, FootprintError};
use crate::id::{MaterialNumber, WorkCenterCode};
use crate::order::OrderBook;
use crate::quantity::Emissions;
use crate::unit::Uom;

/// kWh of a gigajoule: 10^9 J over 3.6 · 10^6 J.
const KWH_PER_GJ: (Decimal, Decimal) =
    (Decimal::from_parts(2500, 0, 0, false, 0), Decimal::from_parts(9, 0, 0, false, 0));

/// Where a flow comes from or goes to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// What is bought or emitted, by its place in the GHG Protocol.
    Source(Scope),
    /// Where operations run.
    WorkCenter(WorkCenterCode),
    /// A component or a product.
    Material(MaterialNumber),
}

/// What went from one place to another in the period.
#[derive(Clone, Debug, PartialEq)]
pub struct Flow {
    /// Where it came from.
    pub from: Place,
    /// Where it went.
    pub to: Place,
    /// Electricity, heat and fuel in kWh; components carry none, what made them is in their own orders.
    pub energy_kwh: Decimal,
    /// Emissions; below zero where a credit is larger than what was emitted.
    pub emissions: Emissions,
}

/// Flows added up by where they lead.
#[derive(Default)]
struct Flows(BTreeMap<(Place, Place), (Decimal, Emissions)>);

impl Flows {
    fn add(&mut self, from: Place, to: Place, energy_kwh: Decimal, emissions: Emissions) {
        let sum = self.0.entry((from, to)).or_insert((Decimal::ZERO, Emissions::ZERO));
        sum.0 += energy_kwh;
        sum.1 += emissions;
    }
}

impl Products<'_> {
    /// The flows of all orders that were confirmed in the period of the attribution, by place.
    ///
    /// Energy and process emissions of an operation go from their scope to its work center and from there
    /// to what it makes, as in [`Products::order`]; so electricity and steam sum to their meters. A bought component
    /// comes from its scopes; one that is made here brings the footprint of its making, and its own orders
    /// are flows to it: what came in and did not go on is in stock. Of an order without goods movements and
    /// good output only the operations are known.
    ///
    /// One pass over confirmations and goods movements.
    ///
    /// # Errors
    ///
    /// [`FootprintError`] if master data or a factor is missing.
    ///
    /// # Source
    ///
    /// ISO 14067:2018, 6.3.6, and ISO 14051:2011, 4 (flows between quantity centers).
    pub fn flows(&self, orders: &OrderBook) -> Result<Vec<Flow>, FootprintError> {
        let mut flows = Flows::default();
        for records in OrderRecords::of_period(orders, self.attribution.period, |_| true).values() {
            self.add_operations(records, &mut flows)?;
            self.add_components(records, &mut flows)?;
        }
        let flow = |((from, to), (energy_kwh, emissions))| Flow { from, to, energy_kwh, emissions };
        Ok(flows.0.into_iter().map(flow).collect())
    }

    fn add_operations(
        &self,
        records: &OrderRecords<'_>,
        flows: &mut Flows,
    ) -> Result<(), FootprintError> {
        for confirmation in &records.confirmations {
            let center = Place::WorkCenter(confirmation.work_center.clone());
            for term in self.energy_of(&[confirmation])? {
                let (kwh, made) = (energy(&term), Place::Material(confirmation.material.clone()));
                flows.add(Place::Source(term.scope), center.clone(), kwh, term.emissions);
                flows.add(center.clone(), made, kwh, term.emissions);
            }
        }
        Ok(())
    }

    fn add_components(
        &self,
        records: &OrderRecords<'_>,
        flows: &mut Flows,
    ) -> Result<(), FootprintError> {
        let Some(last) = records.confirmations.last() else { return Ok(()) };
        let (made, version) = (&last.material, self.version_of(last)?);
        let good = self.good(records, last);
        if good.is_err() && records.goods_movements.is_empty() {
            return Ok(());
        }
        let (components, _) = self.components_of(records, (made, &version), || good)?;
        for (component, terms) in components {
            let carries = terms.iter().map(|term| term.emissions).sum();
            let place = Place::Material(component.clone());
            if self.makers(&component)?.is_empty() {
                for term in &terms {
                    let source = Place::Source(term.scope);
                    flows.add(source, place.clone(), Decimal::ZERO, term.emissions);
                }
            }
            flows.add(place, Place::Material(made.clone()), Decimal::ZERO, carries);
        }
        Ok(())
    }
}

/// kWh of an activity that uses energy, of fuel at its net calorific value. What the supply of energy
/// emits is for the same energy, which counts once.
fn energy(term: &Contribution) -> Decimal {
    let of = |unit| term.activity.in_unit(unit).ok();
    match term.scope {
        Scope::Direct | Scope::PurchasedEnergy => of(Uom::Kwh)
            .or_else(|| of(Uom::Gigajoule).map(|gigajoule| gigajoule * KWH_PER_GJ.0 / KWH_PER_GJ.1))
            .unwrap_or_default(),
        _ => Decimal::ZERO,
    }
}
