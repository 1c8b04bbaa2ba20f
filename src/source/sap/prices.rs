//! Info records, and the price conditions behind them.
//!
//! An info record keeps the price of its last use. What a purchase order would be priced with on a day is
//! the condition that is valid then: of the plant, or where the plant has none of the organization. Scales
//! and supplements are not read: the rate of the condition itself counts.

use std::collections::BTreeMap;

use super::*;
use crate::id::MaterialNumber;
use crate::master::{PriceCondition, SourceOfSupply};
use crate::quantity::Money;

/// Navigation from the validity of a condition to the condition.
const CONDITION: &str = "to_PurInfoRecdPrcgCndn";

pub(super) fn queries(plant: &PlantCode) -> Vec<(Service, Query)> {
    // What holds for the whole purchasing organization has no plant.
    let ours = || Filter::any(["", plant.as_str()].map(|plant| Filter::eq("Plant", plant)));
    let of_ours = |set| match ours() {
        Some(filter) => Query::of(set).filter(filter),
        None => Query::of(set),
    };
    vec![
        (
            INFO_RECORD,
            of_ours("A_PurgInfoRecdOrgPlantData")
                .select(&[
                    "PurchasingInfoRecord",
                    "PurchasingInfoRecordCategory",
                    "PurchasingOrganization",
                    "Plant",
                    "Material",
                    "Supplier",
                    "IsMarkedForDeletion",
                    "NetPriceAmount",
                    "Currency",
                    "MaterialPriceUnitQty",
                    "PurchaseOrderPriceUnit",
                    "MaterialPlannedDeliveryDurn",
                ])
                .order_by(&[
                    "PurchasingInfoRecord",
                    "PurchasingInfoRecordCategory",
                    "PurchasingOrganization",
                    "Plant",
                ]),
        ),
        (
            INFO_RECORD,
            of_ours("A_PurInfoRecdPrcgCndnValidity")
                .expand(&[CONDITION])
                .order_by(&["ConditionRecord", "ConditionValidityEndDate"]),
        ),
    ]
}

/// Info record, category and purchasing organization.
type Key = (String, String, String);

/// A source with what it is joined by.
struct Keyed {
    key: Key,
    of_plant: bool,
    source: SourceOfSupply,
}

/// A price with what it is joined by.
struct Priced {
    key: Key,
    of_plant: bool,
    price: Money,
    quantity: Decimal,
    unit: Uom,
    condition: PriceCondition,
}

/// The sources of each material, with the price of the key date.
pub(super) fn sources(
    tables: &Tables,
    reading: &Reading,
    problems: &mut Vec<RowProblem>,
) -> BTreeMap<MaterialNumber, Vec<SourceOfSupply>> {
    let day = reading.key_date;
    let prices = keep(tables.rows("A_PurInfoRecdPrcgCndnValidity"), problems, |row| {
        let price = priced(row)?;
        Ok(price.filter(|one| one.condition.valid_from <= day && day <= one.condition.valid_to))
    });
    let mut valid: BTreeMap<Key, Priced> = BTreeMap::new();
    for price in prices {
        let better = valid.get(&price.key).is_none_or(|known| price.of_plant && !known.of_plant);
        if better {
            valid.insert(price.key.clone(), price);
        }
    }
    let mut chosen: BTreeMap<Key, Keyed> = BTreeMap::new();
    for keyed in keep(tables.rows("A_PurgInfoRecdOrgPlantData"), problems, source) {
        let better = chosen.get(&keyed.key).is_none_or(|known| keyed.of_plant && !known.of_plant);
        if better {
            chosen.insert(keyed.key.clone(), keyed);
        }
    }
    let mut sources: BTreeMap<_, Vec<SourceOfSupply>> = BTreeMap::new();
    for (key, Keyed { mut source, .. }) in chosen {
        if let Some(valid) = valid.remove(&key) {
            source.net_price = valid.price;
            (source.price_quantity, source.price_unit) = (valid.quantity, valid.unit);
            source.condition = Some(valid.condition);
        }
        sources.entry(source.material.clone()).or_default().push(source);
    }
    sources
}

fn key(row: &Entity) -> Key {
    let text = |property: &str| row.text(property).to_owned();
    (
        text("PurchasingInfoRecord"),
        text("PurchasingInfoRecordCategory"),
        text("PurchasingOrganization"),
    )
}

fn source(row: &Entity) -> Result<Option<Keyed>, SapError> {
    // An info record of a material group has no material.
    if row.boolean("IsMarkedForDeletion") || row.text("Material").is_empty() {
        return Ok(None);
    }
    let source = SourceOfSupply {
        material: id(row, "Material")?,
        supplier: id(row, "Supplier")?,
        info_record: row.text("PurchasingInfoRecord").to_owned(),
        organization: row.text("PurchasingOrganization").to_owned(),
        net_price: Money {
            amount: quantity(row, "NetPriceAmount")?,
            currency: row.text("Currency").to_owned(),
        },
        price_quantity: positive(row, "MaterialPriceUnitQty")?,
        price_unit: unit(row, "PurchaseOrderPriceUnit")?,
        delivery_days: u16::try_from(
            row.decimal("MaterialPlannedDeliveryDurn")?.trunc().mantissa(),
        )
        .unwrap_or(u16::MAX),
        condition: None,
    };
    Ok(Some(Keyed { key: key(row), of_plant: !row.text("Plant").is_empty(), source }))
}

fn priced(row: &Entity) -> Result<Option<Priced>, SapError> {
    let conditions = row.expanded(CONDITION);
    let Some(condition) = conditions.first() else { return Ok(None) };
    // Only a price of a quantity is one: no percentage, no amount for the whole item. A condition that
    // is not released prices no purchase order.
    let by_quantity = matches!(condition.text("ConditionCalculationType"), "" | "C");
    if condition.boolean("ConditionIsDeleted")
        || !condition.text("ConditionReleaseStatus").is_empty()
        || !by_quantity
        || condition.text("ConditionRateValueUnit") == "%"
    {
        return Ok(None);
    }
    Ok(Some(Priced {
        key: key(row),
        of_plant: !row.text("Plant").is_empty(),
        price: Money {
            amount: quantity(condition, "ConditionRateValue")?,
            currency: condition.text("ConditionRateValueUnit").to_owned(),
        },
        quantity: positive(condition, "ConditionQuantity")?,
        unit: unit(condition, "ConditionQuantityUnit")?,
        condition: PriceCondition {
            record: row.text("ConditionRecord").to_owned(),
            condition_type: row.text("ConditionType").to_owned(),
            valid_from: day(row, "ConditionValidityStartDate")?,
            valid_to: day(row, "ConditionValidityEndDate")?,
        },
    }))
}
