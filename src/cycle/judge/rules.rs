//! The rules over batches, suppliers, factors and products: R6, R1, R12 and R3.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::prelude::ToPrimitive;

use crate::check::{
    Batch, FactorUse, Finding, MaterialFootprint, RuleSet, factor_use, furnace_temperature,
    gas_per_batch, material_footprint, transport_share,
};
use crate::config::Config;
use crate::cycle::{CycleError, Facts, Judged, footprints};
use crate::factor::{EmissionFactor, Scope};
use crate::footprint::{FootprintError, ProductFootprint};
use crate::master::StandardValue;
use crate::order::Confirmation;
use crate::period::Interval;
use crate::unit::Uom;

/// R6 over the confirmed batches, an order each, and R5 over the temperatures of furnaces.
pub(super) fn of_batches(facts: &Facts, rules: &RuleSet) -> Vec<Finding> {
    let mut findings = gas_per_batch(&batches(&facts.orders.confirmations), rules);
    for furnace in &facts.temperatures {
        findings.extend(furnace_temperature(&furnace.furnace, &furnace.values, rules));
    }
    findings
}

/// Natural gas in GJ per tonne of good output of each order, in the order of their start.
fn batches(confirmations: &[Confirmation]) -> Vec<Batch> {
    struct Order<'a> {
        material: &'a str,
        interval: Interval,
        gas: f64,
        tonnes: f64,
        last: &'a str,
    }
    let mut orders: BTreeMap<String, Order<'_>> = BTreeMap::new();
    for confirmation in confirmations {
        let gas = confirmation.activity(StandardValue::NaturalGas);
        let gas = gas.and_then(|gas| gas.in_unit(Uom::Gigajoule).ok()?.to_f64());
        let tonnes = confirmation.yielded.in_unit(Uom::Tonne).ok().and_then(|t| t.to_f64());
        let order = orders.entry(confirmation.order.to_string()).or_insert_with(|| Order {
            material: confirmation.material.as_str(),
            interval: confirmation.execution,
            gas: 0.0,
            tonnes: 0.0,
            last: "",
        });
        order.gas += gas.unwrap_or(0.0);
        order.interval.start = order.interval.start.min(confirmation.execution.start);
        order.interval.end = order.interval.end.max(confirmation.execution.end);
        // What leaves the last operation is what the order made.
        if confirmation.operation.as_str() > order.last {
            (order.last, order.tonnes) = (&confirmation.operation, 0.0);
        }
        if confirmation.operation == order.last {
            order.tonnes += tonnes.unwrap_or(0.0);
        }
    }
    let made = orders.into_iter().filter(|(_, order)| order.tonnes > 0.0 && order.gas > 0.0);
    let mut batches: Vec<Batch> = made
        .map(|(id, order)| Batch {
            id,
            material: order.material.to_owned(),
            interval: order.interval,
            gas_per_unit: order.gas / order.tonnes,
        })
        .collect();
    batches.sort_by_key(|batch| batch.interval.start);
    batches
}

/// R1, R12 and R3 over what the month's inventory and the products' footprints were made with.
pub(super) fn of_products(facts: &Facts, judged: &Judged, config: &Config) -> Vec<Finding> {
    let mut rules = config.rules.clone();
    // The set that the book was brought into is the inventory's.
    rules.factor.limits.gwp_set = config.factors.gwp_set.to_string();
    let mut findings = of_suppliers(judged, config, &rules);
    match footprints(facts, judged, config) {
        Ok(products) => {
            findings.extend(of_factors(judged, &products, config, &rules));
            findings.extend(products.iter().filter_map(|product| of_transport(product, &rules)));
        }
        Err(CycleError::Footprint(FootprintError::Factor(error))) => {
            let day = judged.period.last_day();
            let using = FactorUse {
                activity: "products",
                day,
                unit: Uom::Tonne,
                scope: Scope::PurchasedGoods,
                regions: &[],
                row: Err(&error),
            };
            findings.extend(factor_use(&using, &rules));
        }
        // Whoever asks for the footprints is told.
        Err(_) => {}
    }
    findings
}

/// R1: each supplier's own value of the month beside the average of its material.
fn of_suppliers(judged: &Judged, config: &Config, rules: &RuleSet) -> Vec<Finding> {
    let day = judged.period.last_day();
    let regions = regions(config);
    let book = &config.factors.book;
    let of_row = |row: &EmissionFactor| {
        let valid = row.valid_from <= day && row.valid_to.is_none_or(|end| day < end);
        let (supplier, material) =
            (row.supplier.as_ref().filter(|_| valid)?, row.activity.strip_prefix("material:")?);
        let average = book.factor(&row.activity, None, &regions, day).ok()?;
        let scale = row.unit.in_units_of(average.unit).ok()?;
        let kilograms = |row: &EmissionFactor| row.kg_co2e_per_unit.to_f64();
        let footprint = MaterialFootprint {
            material: material.to_owned(),
            supplier: supplier.clone(),
            of_supplier: kilograms(row)?,
            average: kilograms(average)? * scale.to_f64()?,
        };
        material_footprint(&footprint, rules)
    };
    book.rows().iter().filter_map(of_row).collect()
}

/// R12: every factor row in use, once for each use.
fn of_factors(
    judged: &Judged,
    products: &[ProductFootprint],
    config: &Config,
    rules: &RuleSet,
) -> Vec<Finding> {
    let inventory = judged.inventory.lines.iter().map(|l| (&l.factor, l.activity.unit, l.scope));
    let terms = products.iter().flat_map(|product| &product.contributions);
    let terms = terms.map(|term| (&term.factor, term.activity.unit, term.scope));
    let mut seen = BTreeSet::new();
    let regions = regions(config);
    let mut findings = Vec::new();
    for (id, unit, scope) in inventory.chain(terms) {
        let row = config.factors.book.rows().iter().find(|row| row.id == *id);
        let Some(row) = row.filter(|_| seen.insert((id.clone(), unit, scope))) else { continue };
        // One freight factor serves the way in and the way out; each use names its own category.
        let freight = row.activity.starts_with("freight:");
        findings.extend(factor_use(
            &FactorUse {
                activity: &row.activity,
                day: judged.period.last_day().max(row.valid_from),
                unit,
                scope: if freight { row.scope } else { scope },
                regions: &regions,
                row: Ok(row),
            },
            rules,
        ));
    }
    findings
}

/// R3: transport in and out of a product.
fn of_transport(product: &ProductFootprint, rules: &RuleSet) -> Option<Finding> {
    let transport = product
        .by_scope()
        .into_iter()
        .filter(|(scope, _)| matches!(scope, Scope::UpstreamTransport | Scope::DownstreamTransport))
        .map(|(_, kilograms)| kilograms.to_f64())
        .sum();
    let name = product.material.as_str();
    transport_share(name, transport, product.total().to_f64(), rules)
}

fn regions(config: &Config) -> Vec<&str> {
    config.settings.plant.regions.iter().map(String::as_str).collect()
}
