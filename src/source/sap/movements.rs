//! What moved: goods movements of MM, outbound deliveries of SD.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::*;
use crate::order::{DeliveryItem, GoodsMovement, MovementKind, OrderBook};

/// Movement types that are read, each with the one that reverses it.
const TYPES: [&str; 8] = ["101", "102", "261", "262", "531", "532", "601", "602"];

pub(super) fn queries(plant: &PlantCode) -> Vec<(Service, Query)> {
    let of_plant = |set| Query::of(set).filter(Filter::eq("Plant", plant.as_str()));
    let types = Filter::any(TYPES.map(|kind| Filter::eq("GoodsMovementType", kind)));
    let items = of_plant("A_MaterialDocumentItem");
    let items = match types {
        Some(types) => items.narrowed(types),
        None => items,
    };
    vec![
        (
            MATERIAL_DOCUMENT,
            Query::of("A_MaterialDocumentHeader")
                .select(&[
                    "MaterialDocumentYear",
                    "MaterialDocument",
                    "PostingDate",
                    "CreationDate",
                ])
                .order_by(&["MaterialDocumentYear", "MaterialDocument"]),
        ),
        (
            MATERIAL_DOCUMENT,
            items
                .select(&[
                    "MaterialDocumentYear",
                    "MaterialDocument",
                    "MaterialDocumentItem",
                    "Material",
                    "Plant",
                    "GoodsMovementType",
                    "Supplier",
                    "PurchaseOrder",
                    "ManufacturingOrder",
                    "MaterialBaseUnit",
                    "QuantityInBaseUnit",
                    "GoodsMovementIsCancelled",
                    "ReversedMaterialDocumentYear",
                    "ReversedMaterialDocument",
                    "ReversedMaterialDocumentItem",
                ])
                .order_by(&["MaterialDocumentYear", "MaterialDocument", "MaterialDocumentItem"]),
        ),
        (
            OUTBOUND_DELIVERY,
            Query::of("A_OutbDeliveryHeader")
                .select(&[
                    "DeliveryDocument",
                    "ShippingPoint",
                    "ShippingType",
                    "ActualDeliveryRoute",
                    "ProposedDeliveryRoute",
                    "ShipToParty",
                    "ActualGoodsMovementDate",
                    "CreationDate",
                    "LastChangeDate",
                ])
                .order_by(&["DeliveryDocument"]),
        ),
        (
            OUTBOUND_DELIVERY,
            of_plant("A_OutbDeliveryItem")
                .select(&[
                    "DeliveryDocument",
                    "DeliveryDocumentItem",
                    "Material",
                    "Plant",
                    "ActualDeliveryQuantity",
                    "DeliveryQuantityUnit",
                    "ItemGrossWeight",
                    "ItemWeightUnit",
                    "ReferenceSDDocument",
                    "CreationDate",
                ])
                .order_by(&["DeliveryDocument", "DeliveryDocumentItem"]),
        ),
    ]
}

/// Puts what moved into the orders.
pub(super) fn facts(
    tables: &Tables,
    master: &MasterData,
    orders: &mut OrderBook,
) -> Vec<RowProblem> {
    let mut problems = Vec::new();
    orders.goods_movements = goods_movements(tables, &mut problems);
    orders.deliveries = deliveries(tables, master, &mut problems);
    problems
}

type ItemKey<'t> = [&'t str; 3];

fn goods_movements(tables: &Tables, problems: &mut Vec<RowProblem>) -> Vec<GoodsMovement> {
    let rows = tables.rows("A_MaterialDocumentItem");
    let of = |row: &Entity, names: [&str; 3]| names.map(|name| row.text(name).to_owned());
    // The flag of the reversed item is set late or not at all; the reversal names it.
    let reversed: BTreeSet<[String; 3]> = rows
        .iter()
        .map(|row| {
            of(
                row,
                [
                    "ReversedMaterialDocumentYear",
                    "ReversedMaterialDocument",
                    "ReversedMaterialDocumentItem",
                ],
            )
        })
        .filter(|key| !key[1].is_empty())
        .collect();
    let posted: BTreeMap<[&str; 2], &Entity> = tables
        .rows("A_MaterialDocumentHeader")
        .iter()
        .map(|row| (["MaterialDocumentYear", "MaterialDocument"].map(|name| row.text(name)), row))
        .collect();
    keep(rows, problems, |row| {
        let key: ItemKey<'_> = ["MaterialDocumentYear", "MaterialDocument", "MaterialDocumentItem"]
            .map(|name| row.text(name));
        let order = row.text("ManufacturingOrder");
        let kind = match (row.text("GoodsMovementType"), order.is_empty()) {
            ("101", true) => MovementKind::Receipt,
            ("101", false) => MovementKind::Production,
            ("261", _) => MovementKind::Consumption,
            ("531", _) => MovementKind::ByProduct,
            ("601", _) => MovementKind::Delivery,
            // Reversals count by what they take away.
            _ => return Ok(None),
        };
        let taken_back = reversed.contains(&key.map(str::to_owned));
        if row.boolean("GoodsMovementIsCancelled") || taken_back || row.text("Material").is_empty()
        {
            return Ok(None);
        }
        // Movements before the first posting day have no header here.
        let Some(header) = posted.get(&[key[0], key[1]]) else { return Ok(None) };
        let optional = |property: &str| !row.text(property).is_empty();
        Ok(Some(GoodsMovement {
            key: (key[0].to_owned(), key[1].to_owned(), key[2].to_owned()),
            kind,
            posted: day(header, "PostingDate")?,
            material: id(row, "Material")?,
            quantity: measure(row, "QuantityInBaseUnit", "MaterialBaseUnit")?,
            state: known_by(row, "QuantityInBaseUnit"),
            order: if order.is_empty() { None } else { Some(id(row, "ManufacturingOrder")?) },
            supplier: if optional("Supplier") { Some(id(row, "Supplier")?) } else { None },
        }))
    })
}

fn deliveries(
    tables: &Tables,
    master: &MasterData,
    problems: &mut Vec<RowProblem>,
) -> Vec<DeliveryItem> {
    let headers: BTreeMap<&str, &Entity> = tables
        .rows("A_OutbDeliveryHeader")
        .iter()
        .map(|row| (row.text("DeliveryDocument"), row))
        .collect();
    keep(tables.rows("A_OutbDeliveryItem"), problems, |row| {
        let Some(header) = headers.get(row.text("DeliveryDocument")) else { return Ok(None) };
        let delivered = quantity(row, "ActualDeliveryQuantity")?;
        if delivered.is_zero() || row.text("Material").is_empty() {
            return Ok(None);
        }
        let material = id(row, "Material")?;
        let weight = measure(row, "ItemGrossWeight", "ItemWeightUnit")?;
        let kilograms = master
            .converted(&material, weight, Uom::Kg)
            .map_err(|error| row.wrong("UNIT-DIM", "ItemWeightUnit", error.to_string()))?;
        let route = match header.text("ActualDeliveryRoute") {
            "" => header.text("ProposedDeliveryRoute"),
            actual => actual,
        };
        let left: Option<Date> = header.date("ActualGoodsMovementDate")?;
        Ok(Some(DeliveryItem {
            delivery: row.text("DeliveryDocument").to_owned(),
            item: row.text("DeliveryDocumentItem").to_owned(),
            material,
            quantity: in_unit_of(row, delivered, "DeliveryQuantityUnit")?,
            gross_weight_kg: kilograms,
            weight_state: known_by(row, "ItemGrossWeight"),
            shipping_point: header.text("ShippingPoint").to_owned(),
            shipping_type: header.text("ShippingType").to_owned(),
            route: route.to_owned(),
            ship_to: header.text("ShipToParty").to_owned(),
            left,
            sales_order: match row.text("ReferenceSDDocument") {
                "" => None,
                _ => Some(id(row, "ReferenceSDDocument")?),
            },
        }))
    })
}
