//! The organisation's inventory over months, from the facts of a plant.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;
use serde::Serialize;

use super::{CycleError, Facts, Judged, footprints, judge};
use crate::config::Config;
use crate::factor::{EmissionFactor, FactorError, Scope};
use crate::footprint::budget::{self, BudgetStatus, Quarter};
use crate::footprint::organisation::{Category, Line, Organisation, Reconciliation, reconcile};
use crate::id::{CostCenter, MaterialNumber};
use crate::meters::{DualEmissions, HourlyIntensity, dual_emissions};
use crate::order::MovementKind;
use crate::period::PostingPeriod;
use crate::quantity::{Emissions, GridFactor, Milligrams};
use crate::said;
use crate::source::grid::{PublishedHour, hourly};
use crate::unit::{Measure, Uom};
use crate::value_state::ValueState;

/// The inventory with what it is compared with.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OrganisationReport {
    /// Months, as 2018-09.
    pub periods: Vec<String>,
    /// The inventory.
    pub inventory: Organisation,
    /// Good output of finished products in t by month: as booked to stock, else as confirmed.
    pub output_t: BTreeMap<String, Decimal>,
    /// What the footprints of the products made explain of scope 1 and 2, by month.
    pub reconciliation: BTreeMap<String, Reconciliation>,
    /// Purchased electricity by month: by location hour by hour, and by contract; months of which the
    /// grid's hours are not published stand by the year's factor alone.
    pub electricity: BTreeMap<String, DualEmissions>,
    /// Quarters with a budget.
    pub budgets: Vec<BudgetStatus>,
    /// Objects that could not be counted, and why.
    pub unresolved: Vec<String>,
}

/// The inventory of whole months.
///
/// Scope 1 and 2 come from the same judgement that finance posts. Scope 3: goods receipts at the
/// factor of their supplier (category 1), the supply of fuels (3), their way in where a rule names it
/// (4), deliveries by the first mode of their lane (9). Inbound transport stands in the suppliers'
/// factors otherwise.
///
/// # Errors
///
/// [`CycleError`] if a month cannot be judged.
#[tracing::instrument(name = "cycle.organisation", skip_all)]
pub fn organisation(
    facts: &Facts,
    config: &Config,
    periods: &[PostingPeriod],
    now: Timestamp,
) -> Result<OrganisationReport, CycleError> {
    let regions: Vec<&str> = config.settings.plant.regions.iter().map(String::as_str).collect();
    let mut making = Making { facts, config, regions, lines: Vec::new(), unresolved: Vec::new() };
    let (mut output_t, mut reconciliation) = (BTreeMap::new(), BTreeMap::new());
    let mut electricity = BTreeMap::new();
    let grid = config.factors.grid_series.as_ref();
    let grid = grid.map(|path| hourly(&config.mapping(path), &config.zone)).transpose()?;
    for &period in periods {
        let judged = judge(facts, config, Some(period), now)?;
        let before = making.lines.len();
        making.own(&judged, period);
        let site: Milligrams = making.lines[before..]
            .iter()
            .filter(|l| l.category.scope() < 3)
            .map(|l| l.emissions)
            .sum();
        electricity.insert(period.to_string(), making.dual(&judged, period, grid.as_deref())?);
        making.received(period);
        making.delivered(period);
        let made = making.made(&judged, period);
        output_t.insert(period.to_string(), made.values().sum());
        let products = making.explained(&judged, &made)?;
        reconciliation.insert(period.to_string(), reconcile(site, products));
    }
    let inventory = Organisation::of(making.lines, |category| {
        match category {
        Category::Value(_) if category == Category::scope3(4) => {
            "inbound transport stands in the suppliers' factors; mappings/products.toml names no other"
                .to_owned()
        }
        _ => "no source of data is mapped".to_owned(),
    }
    });
    let budgets = config.budgets.iter().filter_map(|budget| {
        let months: Vec<&PostingPeriod> = periods
            .iter()
            .filter(|period| Quarter::of(period.first_day()) == budget.quarter)
            .collect();
        // Only months from the first on without a gap are a sum of the quarter so far.
        let gapless = (0i8..).zip(&months).all(|(at, month)| {
            month.first_day().month() == budget.quarter.first_day().month() + at
        });
        let last = months.last().filter(|_| gapless)?;
        let counted = inventory.lines.iter().filter(|line| {
            months.contains(&&line.period) && budget.scopes.contains(&line.category.scope())
        });
        budget::status(budget, counted.map(|line| line.emissions).sum(), Some(last.last_day()))
    });
    Ok(OrganisationReport {
        periods: periods.iter().map(PostingPeriod::to_string).collect(),
        output_t,
        reconciliation,
        electricity,
        budgets: budgets.collect(),
        inventory,
        unresolved: making.unresolved,
    })
}

struct Making<'a> {
    facts: &'a Facts,
    config: &'a Config,
    regions: Vec<&'a str>,
    lines: Vec<Line>,
    unresolved: Vec<String>,
}

impl Making<'_> {
    fn factor(
        &self,
        activity: &str,
        supplier: Option<&str>,
        period: PostingPeriod,
    ) -> Result<&EmissionFactor, FactorError> {
        let day = period.last_day();
        self.config.factors.book.factor(activity, supplier, &self.regions, day)
    }

    fn line(
        &self,
        period: PostingPeriod,
        category: Category,
        source: String,
        activity: (Measure, ValueState),
        factor: &EmissionFactor,
    ) -> Option<Line> {
        let (activity, known) = activity;
        let emissions = Emissions::new(activity.amount * factor.kg_co2e_per_unit);
        Some(Line {
            plant: self.config.settings.plant.code.clone(),
            cost_center: None,
            period,
            category,
            source,
            activity,
            factor: factor.id.clone(),
            state: if factor.supplier.is_some() { known } else { ValueState::Default },
            emissions: Milligrams::nearest(emissions)?,
            market_based: None,
            biogenic: biogenic(activity, factor)?,
        })
    }

    /// Scope 1 and 2 as finance posts them, and the supply of fuels.
    fn own(&mut self, judged: &Judged, period: PostingPeriod) {
        let by_contract = self.factor("electricity:market", None, period).ok().cloned();
        let upstream = self.factor("natural_gas_upstream", None, period).ok().cloned();
        let mut fuel = Decimal::ZERO;
        for line in &judged.inventory.lines {
            let row = judged.inventory.factors.iter().find(|row| row.id == line.factor);
            let activity = row.map_or("", |row| row.activity.as_str());
            let category = match line.scope {
                Scope::PurchasedEnergy => Category::PurchasedEnergy,
                _ if activity.starts_with("process:") => Category::Process,
                _ => Category::Stationary,
            };
            if activity == "natural_gas" {
                fuel += line.activity.amount;
            }
            let contract = by_contract.as_ref().filter(|_| category == Category::PurchasedEnergy);
            let market_based = if activity == "electricity" {
                contract.and_then(|factor| {
                    let kg = line.activity.amount * factor.kg_co2e_per_unit;
                    Milligrams::nearest(Emissions::new(kg))
                })
            } else {
                // Steam has one supplier, whose factor is that of the place as well.
                (category == Category::PurchasedEnergy).then_some(line.emissions)
            };
            self.lines.push(Line {
                plant: self.config.settings.plant.code.clone(),
                cost_center: Some(line.consumer.cost_center.clone()),
                period,
                category,
                source: activity.to_owned(),
                activity: line.activity,
                factor: line.factor.clone(),
                state: line.state,
                emissions: line.emissions,
                market_based,
                biogenic: row
                    .and_then(|factor| biogenic(line.activity, factor))
                    .unwrap_or(Milligrams::ZERO),
            });
        }
        self.media(judged, period);
        if let Some(upstream) = upstream.filter(|_| !fuel.is_zero()) {
            let source = "supply of natural gas".to_owned();
            let used = (Measure::new(fuel, Uom::Gigajoule), ValueState::recorded());
            let line = self.line(period, Category::scope3(3), source, used, &upstream);
            self.lines.extend(line);
        }
    }

    /// Purchased electricity of a month, twice.
    ///
    /// # Source
    ///
    /// GHG Protocol, Scope 2 Guidance (2015), chapter 6; hours as [`HourlyIntensity::scaled`].
    fn dual(
        &self,
        judged: &Judged,
        period: PostingPeriod,
        grid: Option<&[PublishedHour]>,
    ) -> Result<DualEmissions, CycleError> {
        let ratio = |factor: &EmissionFactor| GridFactor::new(factor.kg_co2e_per_unit);
        let annual = ratio(self.factor("electricity", None, period)?);
        let residual = self.factor("electricity:market", None, period).map_or(annual, ratio);
        // The published hours give the shape of their own year alone.
        let hours: Vec<_> = grid
            .into_iter()
            .flatten()
            .filter(|hour| {
                let day = hour.hour.start.to_zoned(self.config.zone.clone()).date();
                i32::from(day.year()) == i32::from(period.first_day().year())
            })
            .filter_map(|hour| Some((hour.hour.start, Decimal::from_f64(hour.value)?)))
            .collect();
        let hourly = HourlyIntensity::scaled(&hours, annual);
        let intervals = judged.series.within(judged.inventory.period);
        let intervals = intervals.filter_map(|(at, slot)| Some((at.start, slot.energy?)));
        Ok(dual_emissions(intervals, hourly.as_ref(), annual, residual, &[]))
    }

    /// Media whose factor is of scope 3, as water is bought.
    fn media(&mut self, judged: &Judged, period: PostingPeriod) {
        for used in &judged.attribution.media {
            for group in &used.groups {
                let bought = |factor: &&EmissionFactor| !factor.scope.is_of_the_site();
                let Some(factor) = group.factor.as_ref().filter(bought) else { continue };
                let mut by_center: BTreeMap<&CostCenter, Decimal> = BTreeMap::new();
                for (consumer, part) in &group.shares {
                    *by_center.entry(&consumer.cost_center).or_default() += *part;
                }
                for (cost_center, part) in by_center {
                    let (source, known) = (used.medium.name().to_owned(), group.state);
                    let activity = (Measure::new(part.round_dp(6), used.unit()), known);
                    let line = self.line(period, Category::scope3(1), source, activity, factor);
                    self.lines.extend(line.map(|line| Line {
                        cost_center: Some(cost_center.clone()),
                        state: known,
                        ..line
                    }));
                }
            }
        }
    }

    /// What suppliers delivered.
    fn received(&mut self, period: PostingPeriod) {
        let mut sums: BTreeMap<(MaterialNumber, Option<String>), (Decimal, ValueState)> =
            BTreeMap::new();
        for movement in &self.facts.orders.goods_movements {
            if movement.kind == MovementKind::Receipt
                && PostingPeriod::of(movement.posted) == period
            {
                let supplier = movement.supplier.as_ref().map(ToString::to_string);
                let key = (movement.material.clone(), supplier);
                let sum = sums.entry(key).or_insert((Decimal::ZERO, ValueState::recorded()));
                sum.0 += movement.quantity.amount;
                sum.1 = sum.1.and(movement.state);
            }
        }
        for ((material, supplier), (amount, known)) in sums {
            self.came(period, &material, supplier.as_deref(), (amount, known));
            let Some(unit) = self.facts.master.materials.get(&material).map(|m| m.base_unit) else {
                self.unresolved.push(format!("{period} {material}: it has no material master"));
                continue;
            };
            let counted = self
                .factor(&format!("material:{material}"), supplier.as_deref(), period)
                .map_err(|error| error.to_string())
                .and_then(|factor| {
                    let measure = Measure::new(amount, unit);
                    let converted = self.facts.master.converted(&material, measure, factor.unit);
                    let amount = converted.map_err(|error| error.to_string())?;
                    let source = match &supplier {
                        Some(supplier) => format!("{material} from {supplier}"),
                        None => material.to_string(),
                    };
                    let activity = (Measure::new(amount, factor.unit), known);
                    let line = self.line(period, Category::scope3(1), source, activity, factor);
                    line.ok_or_else(|| {
                        "its emissions are beyond the range of the ledger".to_owned()
                    })
                });
            match counted {
                Ok(line) => self.lines.push(line),
                Err(reason) => self.unresolved.push(format!("{period} {material}: {reason}")),
            }
        }
    }

    /// The way of what came, leg by leg.
    fn came(
        &mut self,
        period: PostingPeriod,
        material: &MaterialNumber,
        supplier: Option<&str>,
        (amount, known): (Decimal, ValueState),
    ) {
        let rules = &self.config.products;
        let supplier = supplier.and_then(|number| number.parse().ok());
        let Some(base) = self.facts.master.materials.get(material) else { return };
        for leg in rules.inbound(material, supplier.as_ref()) {
            let measure = Measure::new(amount, base.base_unit);
            let counted = self
                .facts
                .master
                .converted(material, measure, Uom::Tonne)
                .map_err(|error| error.to_string())
                .and_then(|tonnes| {
                    let factor = self.factor(&leg.factor, None, period);
                    let factor = factor.map_err(|error| error.to_string())?;
                    let work = Measure::new(tonnes * leg.distance_km, Uom::TonneKm);
                    let source = format!("{material} in by {}", leg.factor);
                    let line =
                        self.line(period, Category::scope3(4), source, (work, known), factor);
                    line.ok_or_else(|| {
                        "its emissions are beyond the range of the ledger".to_owned()
                    })
                });
            match counted {
                Ok(line) => self.lines.push(line),
                Err(reason) => {
                    self.unresolved.push(format!("{period} way of {material}: {reason}"))
                }
            }
        }
    }

    /// What left to customers.
    fn delivered(&mut self, period: PostingPeriod) {
        let mut sums: BTreeMap<String, (Decimal, ValueState)> = BTreeMap::new();
        for item in &self.facts.orders.deliveries {
            if item.left.is_some_and(|day| PostingPeriod::of(day) == period) {
                let sum = sums
                    .entry(item.shipping_type.clone())
                    .or_insert((Decimal::ZERO, ValueState::recorded()));
                sum.0 += item.gross_weight_kg / Decimal::ONE_THOUSAND;
                sum.1 = sum.1.and(item.weight_state);
            }
        }
        for (shipping_type, (tonnes, known)) in sums {
            let lanes = &self.config.transport.lane;
            let lane = lanes.iter().find(|lane| lane.shipping_type == shipping_type);
            let Some((lane, mode)) = lane.and_then(|lane| Some((lane, lane.mode.first()?))) else {
                self.unresolved.push(format!(
                    "{period} shipping type '{shipping_type}': no lane in mappings/transport.toml"
                ));
                continue;
            };
            let work = (Measure::new(tonnes * lane.distance_km, Uom::TonneKm), known);
            let source = format!("{} by {}", lane.name, mode.name);
            let counted = match self.factor(&mode.factor, None, period) {
                Ok(factor) => self.line(period, Category::scope3(9), source, work, factor),
                Err(error) => {
                    self.unresolved.push(format!("{period} {}: {error}", lane.name));
                    None
                }
            };
            self.lines.extend(counted);
        }
    }

    /// Finished products that came to stock, in t; where nothing was booked, what their last
    /// operation confirmed.
    fn made(&self, judged: &Judged, period: PostingPeriod) -> BTreeMap<MaterialNumber, Decimal> {
        let master = &self.facts.master;
        let items = master.bills_of_material.values().flat_map(|bom| &bom.items);
        let components: std::collections::BTreeSet<_> = items.map(|item| &item.component).collect();
        let mut made: BTreeMap<MaterialNumber, Decimal> = BTreeMap::new();
        for movement in &self.facts.orders.goods_movements {
            if movement.kind == MovementKind::Production
                && PostingPeriod::of(movement.posted) == period
                && !components.contains(&movement.material)
                && let Ok(tonnes) =
                    master.converted(&movement.material, movement.quantity, Uom::Tonne)
            {
                *made.entry(movement.material.clone()).or_default() += tonnes;
            }
        }
        if made.is_empty() {
            for (material, versions) in &master.production_versions {
                let last_centers = versions.iter().filter_map(|version| {
                    let key = (version.routing_group.clone(), version.routing_variant.clone());
                    let last = master.routings.get(&key)?.operations.last()?;
                    Some(&master.work_centers.get(&last.work_center)?.code)
                });
                let centers: std::collections::BTreeSet<_> = last_centers.collect();
                let yielded = centers.into_iter().filter_map(|center| {
                    judged.attribution.yielded.get(&(center.clone(), material.clone()))
                });
                let tonnes: Decimal = yielded.sum();
                if !components.contains(material) && tonnes > Decimal::ZERO {
                    made.insert(material.clone(), tonnes);
                }
            }
        }
        made
    }

    /// Gate-to-gate emissions of what was made, by the footprints of its products.
    fn explained(
        &self,
        judged: &Judged,
        made: &BTreeMap<MaterialNumber, Decimal>,
    ) -> Result<Milligrams, CycleError> {
        let mut sum = Decimal::ZERO;
        let mut seen = std::collections::BTreeSet::new();
        for product in footprints(self.facts, judged, self.config)? {
            let Some(tonnes) = made.get(&product.material) else { continue };
            if !seen.insert(product.material.clone()) {
                continue;
            }
            let own = product
                .by_scope()
                .into_iter()
                .filter(|(scope, _)| matches!(scope, Scope::Direct | Scope::PurchasedEnergy));
            let per_unit: Emissions = own.map(|(_, kg)| kg).sum();
            let units = self.facts.master.converted(
                &product.material,
                Measure::new(*tonnes, Uom::Tonne),
                product.unit,
            );
            sum += per_unit.amount() * units.unwrap_or_default();
        }
        Milligrams::nearest(Emissions::new(sum)).ok_or_else(|| {
            CycleError::Incomplete(said!("products.beyond", "products are beyond the ledger"))
        })
    }
}

/// Biogenic CO₂ of an activity; `None` beyond the range of the ledger.
fn biogenic(activity: Measure, factor: &EmissionFactor) -> Option<Milligrams> {
    Milligrams::nearest(Emissions::new(activity.amount * factor.biogenic_co2_kg_per_unit))
}
