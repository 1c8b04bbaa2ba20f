//! The planning problem from SAP facts: demands, versions, capacities, sources, lanes.

mod calendar;

mod capacity;

mod lot;

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;
use jiff::civil::{Date, DateTime};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize};

use capacity::work_centers;

use super::instance as problem;
use super::instance::Instance;
use super::terms::{Contract, Lane};
use crate::factor::{FactorBook, FactorError};
use crate::footprint::{FootprintError, Products};
use crate::id::{MaterialNumber, PlantCode, SalesOrderItem, SalesOrderNumber};
use crate::master::{MasterData, ProductionVersion};
use crate::order::{OrderBook, SalesOrderLine};
use crate::period::{ShiftCalendar, ShiftOnDay};
use crate::said;
use crate::said::{List, Said};
use crate::unit::{Measure, Uom};
use crate::words_by_said;

/// What the company wants of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// Plant.
    pub plant: PlantCode,
    /// First day.
    pub start: Date,
    /// Days to plan.
    pub horizon_days: u16,
    /// Days that a delivery may be late at most.
    pub late_days_max: u16,
    /// Weights of carbon, cost and punctuality.
    pub weights: (f64, f64, f64),
    /// Least share of low-carbon raw material, by mass.
    pub low_carbon_ratio_min: f64,
    /// Least and largest share of run minutes at night.
    pub night_share: (f64, f64),
    /// Most that may be emitted over the horizon, in kg CO₂e.
    pub carbon_cap_kg: Option<f64>,
    /// Carbon budgets of the quarters that the horizon touches.
    pub carbon_budgets: Vec<problem::CarbonBudget>,
    /// Least weighted share of orders on time.
    pub punctuality_min: Option<f64>,
    /// Price of natural gas per GJ(NCV).
    pub natural_gas_per_gj: f64,
    /// Holding cost per tonne and shift of early delivery.
    pub holding_per_tonne_shift: f64,
    /// Currency of all costs.
    pub currency: String,
}

/// What grid and market are expected to be, a value a shift of the horizon.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GridOutlook {
    /// kg CO₂e per kWh.
    pub kg_co2e_per_kwh: Vec<f64>,
    /// Cost per kWh.
    pub tariff_per_kwh: Vec<f64>,
}

/// A demand that cannot be planned, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unplannable {
    /// Sales order, item and schedule line.
    pub demand: String,
    /// Why, and what to do.
    pub reason: String,
    /// What that is made of; nothing in plans of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<Said>,
}

impl Unplannable {
    fn new(demand: String, why: &Said) -> Self {
        Self { demand, reason: why.text.clone(), said: why.keyed() }
    }
}

/// A problem with the keys that lead from it back to SAP.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    /// The problem in the model's form (MODEL.md, `carbide-plan/1`).
    pub instance: Instance,
    /// First day; bucket `b` is shift `b % 3` of day `b / 3` with three shifts a day.
    pub start: Date,
    /// Shifts a day.
    pub shifts_a_day: usize,
    /// Demands by the name of their planned order in the instance.
    pub demands: BTreeMap<String, SalesOrderLine>,
    /// Demands left out.
    pub unplannable: Vec<Unplannable>,
    /// Quantity of each planned order that is a larger lot than its demand, in the material's base unit.
    #[serde(default)]
    pub lots: BTreeMap<String, Measure>,
    /// Days of the horizon on which a work center does not work, by its code.
    #[serde(default)]
    pub closed_days: BTreeMap<String, BTreeSet<Date>>,
    /// What is not known and was assumed, in sentences.
    #[serde(default)]
    pub warnings: Vec<String>,
}

impl Problem {
    /// How much the planned order of this name makes; `None` if there is none.
    pub fn quantity(&self, planned_order: &str) -> Option<Measure> {
        let lot = self.lots.get(planned_order).copied();
        lot.or_else(|| self.demands.get(planned_order).map(|line| line.open_quantity))
    }

    /// The shift of a bucket.
    pub fn shift(&self, bucket: usize) -> ShiftOnDay {
        let days = i64::try_from(bucket / self.shifts_a_day).unwrap_or(0);
        ShiftOnDay {
            day: self.start.saturating_add(days.days()),
            shift: bucket % self.shifts_a_day,
        }
    }

    /// Local time at which the shift of `first` begins and that of `last` ends.
    pub fn local_times(
        &self,
        first: usize,
        last: usize,
        shifts: &ShiftCalendar,
    ) -> (DateTime, DateTime) {
        let begin = self.shift(first);
        let end = shifts.next(self.shift(last));
        let local = |at: ShiftOnDay| at.day.to_datetime(shifts.shifts()[at.shift].start);
        (local(begin), local(end))
    }

    /// The last bucket in which an order made by `version` from `start_bucket` runs.
    pub fn last_bucket(&self, material: &str, version: &str, start_bucket: usize) -> usize {
        let made = self.instance.materials.iter().find(|known| known.material == material);
        let version = made.and_then(|made| {
            made.production_versions.iter().find(|known| known.production_version == version)
        });
        let offset = version
            .and_then(|version| version.operations.iter().map(|op| op.bucket_offset).max())
            .unwrap_or(0);
        start_bucket + offset
    }
}

/// Why no problem can be made of the facts.
#[derive(Debug, thiserror::Error)]
pub enum FromFactsError {
    /// Master data, a unit or a factor is missing.
    Footprint(#[from] FootprintError),
    /// A factor is missing.
    Factor(#[from] FactorError),
    /// A component has no source.
    NoSource {
        /// Component.
        component: MaterialNumber,
        /// Suppliers that SAP knows.
        suppliers: String,
    },
    /// There is nothing to plan.
    NoDemand {
        /// Why.
        reason: Said,
    },
}

impl FromFactsError {
    /// What happened, with what it is made of.
    pub fn said(&self) -> Said {
        match self {
            Self::Footprint(error) => error.said(),
            Self::Factor(error) => error.said(),
            Self::NoSource { component, suppliers } => said!(
                "to-plan.no-source",
                "{component} has no source with a contract: SAP knows the suppliers {suppliers}. Add a \
                 [[contract]] to mappings/suppliers.toml or an info record in ME11, or take the block off in ME01.",
                component = component,
                suppliers = suppliers
            ),
            Self::NoDemand { reason } => {
                said!("to-plan.no-demand", "nothing to plan: {reason}", reason = reason)
            }
        }
    }
}

words_by_said!(FromFactsError);

/// What the problem is made of.
pub struct Given<'a> {
    /// Master data.
    pub master: &'a MasterData,
    /// Orders.
    pub orders: &'a OrderBook,
    /// Energy and footprints of products.
    pub products: &'a Products<'a>,
    /// Factors.
    pub book: &'a FactorBook,
    /// Regions, nearest first.
    pub regions: &'a [&'a str],
    /// Shifts.
    pub shifts: &'a ShiftCalendar,
    /// Grid and market.
    pub outlook: &'a GridOutlook,
    /// Contracts with suppliers.
    pub contracts: &'a [Contract],
    /// Ways to customers.
    pub lanes: &'a [Lane],
}

/// Makes the problem of MODEL.md from facts.
///
/// Each open schedule line of a sales order that neither a planned nor a production order covers is one
/// order to plan. The levels below a product are planned with it (collective order): their operations run
/// one shift before what needs them. Planned orders that are in SAP already keep their capacity, and so do
/// production orders as far as they are open and scheduled within the horizon. An order is the lot that MRP
/// makes of its demand.
///
/// # Errors
///
/// [`FromFactsError`]; a demand that cannot be planned is no error but named in the result.
pub fn problem_from_facts(given: &Given<'_>, policy: &Policy) -> Result<Problem, FromFactsError> {
    let shifts_a_day = given.shifts.shifts().len();
    let buckets = usize::from(policy.horizon_days) * shifts_a_day;
    let frame = Frame { policy, shifts_a_day, buckets };
    let lanes = lanes(given, policy)?;
    let (mut orders, mut demands, mut unplannable) = (Vec::new(), BTreeMap::new(), Vec::new());
    let mut lots = BTreeMap::new();
    let mut materials: BTreeMap<MaterialNumber, problem::Material> = BTreeMap::new();
    let covered = covered(given.orders);
    for line in given.orders.sales_order_lines.iter().filter(|line| line.plant == policy.plant) {
        let demand = line.demand();
        if covered.contains(&(&line.sales_order, &line.item)) {
            continue;
        }
        match frame.order(&demand, line, given) {
            Err(why) => unplannable.push(Unplannable::new(demand, &why)),
            Ok((order, lot)) => {
                if !materials.contains_key(&line.material) {
                    match makeable(given, &frame, &line.material) {
                        Ok(material) => materials.insert(line.material.clone(), material),
                        Err(why) => {
                            unplannable.push(Unplannable::new(demand, &why));
                            continue;
                        }
                    };
                }
                orders.push(order);
                if let Some(lot) = lot {
                    lots.insert(demand.clone(), lot);
                }
                demands.insert(demand, line.clone());
            }
        }
    }
    if orders.is_empty() {
        let reason = match unplannable.first() {
            Some(first) => said!(
                "to-plan.first",
                "{why} ({demand})",
                why = first.said.clone().unwrap_or_default(),
                demand = first.demand
            ),
            None => {
                said!(
                    "to-plan.covered",
                    "every open schedule line is covered by a planned or a production order"
                )
            }
        };
        return Err(FromFactsError::NoDemand { reason });
    }
    let work_centers = work_centers(given, &frame, materials.values())?;
    let components = components(given, &frame, materials.values())?;
    let bucket = |index: usize| problem::Bucket {
        index,
        day: index / shifts_a_day,
        shift: given.shifts.shifts()[index % shifts_a_day].name.clone(),
        night: given.shifts.shifts()[index % shifts_a_day].night,
    };
    let mut weights = problem::Weights {
        alpha: policy.weights.0,
        beta: policy.weights.1,
        gamma: policy.weights.2,
        weights_free: None,
    };
    // The company may want other weights than the published ranges allow.
    weights.weights_free = (!weights.is_published()).then_some(true);
    let instance = Instance {
        format: problem::FORMAT.to_owned(),
        id: format!("{}-{}", policy.plant, policy.start),
        seed: None,
        profile: None,
        size: None,
        currency: Some(policy.currency.clone()),
        weights,
        side_constraints: problem::SideConstraints {
            low_carbon_ratio_min: Some(policy.low_carbon_ratio_min),
            night_share_min: Some(policy.night_share.0),
            night_share_max: Some(policy.night_share.1),
            carbon_cap_kg: policy.carbon_cap_kg,
            min_punctuality: policy.punctuality_min,
            carbon_budgets: policy.carbon_budgets.clone(),
        },
        buckets: (0..buckets).map(bucket).collect(),
        plants: vec![problem::Plant {
            plant: policy.plant.to_string(),
            grid_kgco2e_per_kwh: given.outlook.kg_co2e_per_kwh.clone(),
            tariff_per_kwh: given.outlook.tariff_per_kwh.clone(),
        }],
        work_centers,
        components,
        materials: materials.into_values().collect(),
        transport_lanes: lanes,
        planned_orders: orders,
        baseline: None,
    };
    Ok(Problem {
        instance,
        start: policy.start,
        shifts_a_day,
        demands,
        unplannable,
        lots,
        closed_days: calendar::closed_days(given, &frame),
        warnings: calendar::warnings(given, &frame),
    })
}

struct Frame<'a> {
    policy: &'a Policy,
    shifts_a_day: usize,
    buckets: usize,
}

impl Frame<'_> {
    /// The bucket of a shift; `None` outside the horizon.
    fn bucket(&self, at: ShiftOnDay) -> Option<usize> {
        let days = self.policy.start.until(at.day).ok()?.get_days();
        let bucket = usize::try_from(days).ok()? * self.shifts_a_day + at.shift;
        (bucket < self.buckets).then_some(bucket)
    }

    /// The order for a demand, with its lot where that is larger.
    fn order(
        &self,
        demand: &str,
        line: &SalesOrderLine,
        given: &Given<'_>,
    ) -> Result<(problem::PlannedOrder, Option<Measure>), Said> {
        let Some(versions) = given.master.production_versions.get(&line.material) else {
            return Err(said!(
                "unplannable.no-version",
                "{material} has no production version; look at it in C223",
                material = line.material
            ));
        };
        let valid: Vec<_> = versions.iter().filter(|v| is_valid(v, self.policy)).collect();
        if valid.is_empty() {
            return Err(said!(
                "unplannable.not-valid",
                "no production version of {material} is valid in plant {plant} on {day}; look at it in \
                 C223",
                material = line.material,
                plant = self.policy.plant,
                day = self.policy.start
            ));
        }
        if !given.lanes.iter().any(|lane| lane.shipping_type == line.shipping_type) {
            return Err(said!(
                "unplannable.no-lane",
                "no lane serves shipping type '{shipping}'; add it to mappings/transport.toml",
                shipping = line.shipping_type
            ));
        }
        // To be there on the day means to arrive by its second shift, when goods are received.
        let wanted =
            ShiftOnDay { day: line.requested_delivery, shift: 1.min(self.shifts_a_day - 1) };
        let due = self.bucket(wanted).ok_or_else(|| {
            said!(
                "unplannable.outside",
                "it is wanted on {day}, outside the {days} days from {start}",
                day = line.requested_delivery,
                days = self.policy.horizon_days,
                start = self.policy.start
            )
        })?;
        let base = given.master.materials.get(&line.material).map(|known| known.base_unit);
        let base = base.ok_or_else(|| {
            said!(
                "unplannable.no-material",
                "SAP delivered no material {material}",
                material = line.material
            )
        })?;
        let quantity = line.open_quantity.in_unit(base);
        let quantity = quantity.map_err(|error| Said::from(error.to_string()))?;
        if quantity <= Decimal::ZERO {
            return Err(said!(
                "unplannable.quantity",
                "its open quantity is {quantity} {unit}; look at it in VA03",
                quantity = quantity,
                unit = base
            ));
        }
        let wanted = quantity;
        let quantity = lot::lot_for(given, &line.material, wanted, base)?;
        // No largest lot is written as zero.
        let fits = |version: &ProductionVersion| {
            let most = version.lot_size_max;
            version.lot_size_min <= quantity && (most.is_zero() || quantity <= most)
        };
        if !valid.iter().any(|version| fits(version)) {
            let lot = |v: &&ProductionVersion| {
                said!(
                    "unplannable.lot",
                    "{version}: {least} to {most}",
                    version = v.code,
                    least = v.lot_size_min,
                    most = v.lot_size_max
                )
            };
            return Err(said!(
                "unplannable.no-lot",
                "its {quantity} {unit} are no lot of any production version ({lots}); cut the \
                 requirement in MRP or change the lot size in C223",
                quantity = quantity,
                unit = base,
                lots = List(valid.iter().map(lot).collect())
            ));
        }
        let priority_weight = match line.delivery_priority {
            1 => 3.0,
            2 => 2.0,
            _ => 1.0,
        };
        let order = problem::PlannedOrder {
            planned_order: demand.to_owned(),
            material: line.material.to_string(),
            quantity: float(quantity),
            due_bucket: due,
            release_bucket: 0,
            latest_bucket: due + usize::from(self.policy.late_days_max) * self.shifts_a_day,
            priority_weight,
            lane: line.shipping_type.clone(),
            holding_cost_per_unit_bucket: self.policy.holding_per_tonne_shift,
        };
        Ok((order, (quantity > wanted).then(|| Measure::new(quantity, base))))
    }
}

/// Sales order items for which SAP has a planned order, or a production order, which is what a planned order
/// becomes. One that ended with less than it was to make leaves its item open.
fn covered(orders: &OrderBook) -> BTreeSet<(&SalesOrderNumber, &SalesOrderItem)> {
    let planned = orders.planned_orders.iter().map(|order| &order.sales_order);
    let made = orders.production_orders.iter().filter(|order| {
        order.open_quantity() > Decimal::ZERO || order.confirmed >= order.quantity.amount
    });
    let made = made.map(|order| &order.sales_order);
    planned.chain(made).flatten().map(|(order, item)| (order, item)).collect()
}

fn lanes(given: &Given<'_>, policy: &Policy) -> Result<Vec<problem::Lane>, FromFactsError> {
    let lane = |lane: &Lane| {
        let km = lane.distance_km;
        let mode = |mode: &super::terms::Mode| {
            let factor = given.book.factor(&mode.factor, None, given.regions, policy.start)?;
            Ok::<_, FromFactsError>(problem::Mode {
                mode: mode.name.clone(),
                lead_buckets: usize::from(mode.lead_shifts),
                kgco2e_per_unit: float(factor.kg_co2e_per_unit * km),
                cost_per_unit: float(mode.cost_per_tonne_km * km),
            })
        };
        let modes = lane.mode.iter().map(mode).collect::<Result<_, _>>()?;
        Ok(problem::Lane { lane: lane.shipping_type.clone(), modes })
    };
    given.lanes.iter().map(lane).collect()
}

fn is_valid(version: &ProductionVersion, policy: &Policy) -> bool {
    version.plant == policy.plant
        && version.valid_from <= policy.start
        && policy.start <= version.valid_to
}

/// A product with the production versions that can be planned; otherwise why there is none. One
/// product without master data does not stop the plan of the others.
fn makeable(
    given: &Given<'_>,
    frame: &Frame<'_>,
    number: &MaterialNumber,
) -> Result<problem::Material, Said> {
    let mut made =
        material(given, frame.policy, number).map_err(|error: FromFactsError| error.said())?;
    let mut reason = None;
    made.production_versions.retain(|version| {
        let bought = version.bom.iter().try_for_each(|item| {
            let bought = MaterialNumber::new(&item.component).expect("it came from a number");
            component(given, frame, &bought).map(|_| ())
        });
        if let Err(error) = &bought {
            reason.get_or_insert_with(|| {
                said!(
                    "unplannable.version",
                    "version {version}: {why}",
                    version = version.production_version,
                    why = error.said()
                )
            });
        }
        bought.is_ok()
    });
    match reason {
        Some(reason) if made.production_versions.is_empty() => Err(reason),
        _ => Ok(made),
    }
}

/// A product with all its production versions, each flattened to bought components.
fn material(
    given: &Given<'_>,
    policy: &Policy,
    number: &MaterialNumber,
) -> Result<problem::Material, FromFactsError> {
    let known = &given.master.materials[number];
    let valid = |version: &&ProductionVersion| is_valid(version, policy);
    let mut production_versions = Vec::new();
    for version in given.master.production_versions[number].iter().filter(valid) {
        let mut flat = Flat::default();
        flat.add(given, policy, number, version, Decimal::ONE)?;
        production_versions.push(problem::ProductionVersion {
            production_version: version.code.to_string(),
            plant: policy.plant.to_string(),
            bom: flat
                .components
                .into_iter()
                .map(|(component, quantity)| problem::BomItem {
                    component: component.to_string(),
                    quantity_per_unit: float(quantity),
                })
                .collect(),
            operations: flat.operations,
            direct_kgco2e_per_unit: float(flat.direct_kg),
            variable_cost_per_unit: flat.variable_cost,
        });
    }
    Ok(problem::Material {
        material: number.to_string(),
        base_unit: known.base_unit.to_string(),
        setup_group: known.group.clone(),
        production_versions,
    })
}

/// A production version with everything made below it.
#[derive(Default)]
struct Flat {
    /// Materials on the way down.
    above: Vec<MaterialNumber>,
    components: BTreeMap<MaterialNumber, Decimal>,
    operations: Vec<problem::Operation>,
    direct_kg: Decimal,
    variable_cost: f64,
}

impl Flat {
    /// Adds `quantity` of a material; returns the offset of the bucket in which it is ready.
    fn add(
        &mut self,
        given: &Given<'_>,
        policy: &Policy,
        material: &MaterialNumber,
        version: &ProductionVersion,
        quantity: Decimal,
    ) -> Result<usize, FromFactsError> {
        // A collective order has no place for a material that goes into itself.
        if let Some(at) = self.above.iter().position(|earlier| earlier == material) {
            let mut way: Vec<&str> = self.above[at..].iter().map(MaterialNumber::as_str).collect();
            way.push(material.as_str());
            let reason = "a plan cannot make a material of itself; give what comes back a number \
                          of its own"
                .to_owned();
            return Err(FootprintError::Circle { path: way.join(" > "), reason }.into());
        }
        self.above.push(material.clone());
        let mut offset = 0;
        for (component, each) in given.products.component_quantities(material, version)? {
            let needed = each.amount * quantity;
            match given.products.first_version(&component) {
                Some(made) => {
                    let ready = self.add(given, policy, &component, made, needed)?;
                    offset = offset.max(ready + 1);
                }
                // What comes out beside the products of the plant goes in again without a source. As
                // much comes out, so that the plan emits what it buys and burns.
                None if given.products.comes_back(&component) => {}
                None => *self.components.entry(component).or_default() += needed,
            }
        }
        for used in given.products.uses(material, version)? {
            let kwh: Decimal = used.electricity_kwh.values().sum();
            self.operations.push(problem::Operation {
                work_center: used.work_center.code.to_string(),
                minutes_per_unit: float(used.machine_minutes * quantity),
                kwh_per_unit: float(kwh * quantity),
                bucket_offset: offset,
            });
            let gas = used.natural_gas_gj.unwrap_or_default();
            self.variable_cost += float(gas * quantity) * policy.natural_gas_per_gj;
        }
        // All own emissions but those of electricity, which depend on the hour.
        let steady = given.products.own_without_electricity(material, version)?;
        self.direct_kg += steady.amount() * quantity;
        self.above.pop();
        Ok(offset)
    }
}

fn components<'m>(
    given: &Given<'_>,
    frame: &Frame<'_>,
    materials: impl Iterator<Item = &'m problem::Material>,
) -> Result<Vec<problem::Component>, FromFactsError> {
    let mut numbers: Vec<MaterialNumber> = materials
        .flat_map(|material| &material.production_versions)
        .flat_map(|version| &version.bom)
        .map(|item| MaterialNumber::new(&item.component).expect("it came from a number"))
        .collect();
    numbers.sort();
    numbers.dedup();
    numbers.iter().map(|number| component(given, frame, number)).collect()
}

fn component(
    given: &Given<'_>,
    frame: &Frame<'_>,
    number: &MaterialNumber,
) -> Result<problem::Component, FromFactsError> {
    let master_error = |reason: &str| FootprintError::MasterData {
        material: number.clone(),
        reason: reason.to_owned(),
    };
    let base = given
        .master
        .materials
        .get(number)
        .ok_or_else(|| master_error("SAP did not deliver its material master; see MM03"))?
        .base_unit;
    let months = f64::from(frame.policy.horizon_days) / 30.0;
    let known = given.master.sources_of_supply.get(number).map_or(&[][..], Vec::as_slice);
    let mut sources = Vec::new();
    // What the source list stops is not bought, whatever the contract says.
    let blocked = |supplier: &crate::id::SupplierNumber| {
        given.master.source_list.iter().any(|entry| {
            entry.material == *number
                && entry.supplier.as_ref() == Some(supplier)
                && entry.blocked
                && entry.valid_from <= frame.policy.start
                && frame.policy.start <= entry.valid_to
        })
    };
    for source in known.iter().filter(|source| !blocked(&source.supplier)) {
        let contract =
            given.contracts.iter().find(|c| c.material == *number && c.supplier == source.supplier);
        let Some(contract) = contract else { continue };
        let emitted =
            given.products.bought_emissions(number, &source.supplier, frame.policy.start)?;
        let unit_error = |error| FootprintError::Unit { place: format!("source {number}"), error };
        let price_units = base.in_units_of(source.price_unit).map_err(unit_error)?;
        let price = source.net_price.amount / source.price_quantity * price_units;
        sources.push(problem::Source {
            source: source.supplier.to_string(),
            supplier: source.supplier.to_string(),
            inbound_mode: contract.inbound_mode.clone(),
            price_per_unit: float(price),
            kgco2e_per_unit: float(emitted.amount()),
            available_quantity: float(contract.available_per_month) * months,
            low_carbon: contract.low_carbon,
        });
    }
    if sources.is_empty() {
        let suppliers: Vec<&str> = known.iter().map(|source| source.supplier.as_str()).collect();
        return Err(FromFactsError::NoSource {
            component: number.clone(),
            suppliers: if suppliers.is_empty() { "none".to_owned() } else { suppliers.join(", ") },
        });
    }
    let mass = base
        .in_units_of(Uom::Kg)
        .map_err(|error| FootprintError::Unit { place: format!("component {number}"), error })?;
    Ok(problem::Component {
        component: number.to_string(),
        base_unit: base.to_string(),
        mass_kg_per_unit: float(mass),
        counts_for_low_carbon_ratio: sources.iter().any(|source| source.low_carbon),
        sources,
    })
}

/// The one place where decimals become the solver's floats; relative error below 1e-15.
fn float(value: Decimal) -> f64 {
    value.to_f64().unwrap_or(f64::NAN)
}
