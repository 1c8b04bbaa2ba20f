//! What MM and planning say of supply: planning data and units of materials, stock, suppliers, source
//! lists, purchase orders.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::*;
use crate::master::{MaterialPlanning, SourceListEntry, Supplier, UnitConversion};
use crate::order::{OrderBook, PurchaseOrderItem, Stock};

pub(super) fn queries(plant: &PlantCode) -> Vec<(Service, Query)> {
    let of_plant = |set| Query::of(set).filter(Filter::eq("Plant", plant.as_str()));
    vec![
        (
            PRODUCT,
            of_plant("A_ProductSupplyPlanning")
                .select(&[
                    "Product",
                    "Plant",
                    "LotSizingProcedure",
                    "MinimumLotSizeQuantity",
                    "MaximumLotSizeQuantity",
                    "FixedLotSizeQuantity",
                    "LotSizeRoundingQuantity",
                    "SafetyStockQuantity",
                    "ProcurementSubType",
                    "InHouseProductionTime",
                    "PlannedDeliveryDurationInDays",
                ])
                .order_by(&["Product", "Plant"]),
        ),
        (
            PRODUCT,
            Query::of("A_ProductUnitsOfMeasure")
                .select(&["Product", "AlternativeUnit", "QuantityNumerator", "QuantityDenominator"])
                .order_by(&["Product", "AlternativeUnit"]),
        ),
        // Never without a filter: this set is computed.
        (
            STOCK,
            of_plant("A_MatlStkInAcctMod")
                .select(&[
                    "Material",
                    "Plant",
                    "StorageLocation",
                    "Batch",
                    "Supplier",
                    "Customer",
                    "WBSElementInternalID",
                    "SDDocument",
                    "SDDocumentItem",
                    "InventorySpecialStockType",
                    "InventoryStockType",
                    "MaterialBaseUnit",
                    "MatlWrhsStkQtyInMatlBaseUnit",
                ])
                .order_by(&[
                    "Material",
                    "StorageLocation",
                    "Batch",
                    "Supplier",
                    "Customer",
                    "WBSElementInternalID",
                    "SDDocument",
                    "SDDocumentItem",
                    "InventorySpecialStockType",
                    "InventoryStockType",
                ]),
        ),
        (
            BUSINESS_PARTNER,
            Query::of("A_Supplier")
                .select(&["Supplier", "SupplierName", "PurchasingIsBlocked", "DeletionIndicator"])
                .order_by(&["Supplier"]),
        ),
        (
            PURCHASING_SOURCE,
            of_plant("A_PurchasingSource")
                .select(&[
                    "Material",
                    "Plant",
                    "SourceListRecord",
                    "ValidityStartDate",
                    "ValidityEndDate",
                    "Supplier",
                    "SupplierIsFixed",
                    "SourceOfSupplyIsBlocked",
                ])
                .order_by(&["Material", "Plant", "SourceListRecord"]),
        ),
        (
            PURCHASE_ORDER,
            Query::of("A_PurchaseOrder")
                .select(&[
                    "PurchaseOrder",
                    "PurchasingDocumentDeletionCode",
                    "Supplier",
                    "PurchaseOrderDate",
                    "LastChangeDateTime",
                ])
                .order_by(&["PurchaseOrder"]),
        ),
        (
            PURCHASE_ORDER,
            of_plant("A_PurchaseOrderItem")
                .select(&[
                    "PurchaseOrder",
                    "PurchaseOrderItem",
                    "PurchasingDocumentDeletionCode",
                    "Plant",
                    "Material",
                    "OrderQuantity",
                    "PurchaseOrderQuantityUnit",
                    "IsCompletelyDelivered",
                    "IsReturnsItem",
                ])
                .order_by(&["PurchaseOrder", "PurchaseOrderItem"]),
        ),
        (
            PURCHASE_ORDER,
            Query::of("A_PurchaseOrderScheduleLine")
                .select(&[
                    "PurchasingDocument",
                    "PurchasingDocumentItem",
                    "ScheduleLine",
                    "ScheduleLineDeliveryDate",
                    "ScheduleLineOrderQuantity",
                ])
                .order_by(&["PurchasingDocument", "PurchasingDocumentItem", "ScheduleLine"]),
        ),
    ]
}

/// Puts what MM says into master data and orders.
pub(super) fn facts(
    tables: &Tables,
    master: &mut MasterData,
    orders: &mut OrderBook,
) -> Vec<RowProblem> {
    let mut problems = Vec::new();
    let ours = &master.materials;
    let known =
        |row: &Entity, property: &str| -> Result<Option<crate::id::MaterialNumber>, SapError> {
            let material = id(row, property)?;
            Ok(ours.contains_key(&material).then_some(material))
        };
    let planned = keep(tables.rows("A_ProductSupplyPlanning"), &mut problems, |row| {
        let Some(material) = known(row, "Product")? else { return Ok(None) };
        planning(row).map(|planning| Some((material, planning)))
    });
    let units = keep(tables.rows("A_ProductUnitsOfMeasure"), &mut problems, |row| {
        let Some(material) = known(row, "Product")? else { return Ok(None) };
        conversion(row).map(|conversion| Some((material, conversion)))
    });
    let stock = keep(tables.rows("A_MatlStkInAcctMod"), &mut problems, stock);
    let suppliers = keep(tables.rows("A_Supplier"), &mut problems, supplier);
    let source_list = keep(tables.rows("A_PurchasingSource"), &mut problems, source_list_entry);
    let purchase_order_items = purchase_orders(tables, &mut problems);

    master.planning = planned.into_iter().collect();
    // Special procurement of the material counts unless the item has one of its own.
    let phantoms = &master.planning;
    for item in master.bills_of_material.values_mut().flat_map(|bom| &mut bom.items) {
        item.phantom |= phantoms.get(&item.component).is_some_and(MaterialPlanning::is_phantom);
    }
    for (material, conversion) in units {
        master.unit_conversions.entry(material).or_default().push(conversion);
    }
    master.suppliers =
        suppliers.into_iter().map(|supplier| (supplier.number.clone(), supplier)).collect();
    master.source_list = source_list;
    orders.stock = stock;
    orders.purchase_order_items = purchase_order_items;
    problems
}

fn planning(row: &Entity) -> Result<MaterialPlanning, SapError> {
    Ok(MaterialPlanning {
        lot_sizing: row.text("LotSizingProcedure").to_owned(),
        lot_size_min: quantity(row, "MinimumLotSizeQuantity")?,
        lot_size_max: quantity(row, "MaximumLotSizeQuantity")?,
        lot_size_fixed: quantity(row, "FixedLotSizeQuantity")?,
        rounding: quantity(row, "LotSizeRoundingQuantity")?,
        safety_stock: quantity(row, "SafetyStockQuantity")?,
        special_procurement: row.text("ProcurementSubType").to_owned(),
        in_house_days: quantity(row, "InHouseProductionTime")?,
        delivery_days: quantity(row, "PlannedDeliveryDurationInDays")?,
    })
}

fn conversion(row: &Entity) -> Result<UnitConversion, SapError> {
    let code = row.text("AlternativeUnit");
    Ok(UnitConversion {
        code: code.to_owned(),
        // A pallet of one material is no unit of others: not in the table is no mistake here.
        unit: Uom::from_code(code).ok(),
        numerator: positive(row, "QuantityNumerator")?,
        denominator: positive(row, "QuantityDenominator")?,
    })
}

fn stock(row: &Entity) -> Result<Option<Stock>, SapError> {
    // Negative stock is allowed by customizing; it says that a posting is still to come.
    let amount = row.decimal("MatlWrhsStkQtyInMatlBaseUnit")?;
    if amount.is_zero() {
        return Ok(None);
    }
    Ok(Some(Stock {
        material: id(row, "Material")?,
        storage_location: row.text("StorageLocation").to_owned(),
        batch: row.text("Batch").to_owned(),
        stock_type: row.text("InventoryStockType").to_owned(),
        special_stock: row.text("InventorySpecialStockType").to_owned(),
        quantity: amount,
        base_unit: unit(row, "MaterialBaseUnit")?,
    }))
}

fn supplier(row: &Entity) -> Result<Option<Supplier>, SapError> {
    if row.boolean("DeletionIndicator") {
        return Ok(None);
    }
    Ok(Some(Supplier {
        number: id(row, "Supplier")?,
        name: row.text("SupplierName").to_owned(),
        blocked: row.boolean("PurchasingIsBlocked"),
    }))
}

fn source_list_entry(row: &Entity) -> Result<Option<SourceListEntry>, SapError> {
    let supplier = match row.text("Supplier") {
        "" => None,
        _ => Some(id(row, "Supplier")?),
    };
    Ok(Some(SourceListEntry {
        material: id(row, "Material")?,
        supplier,
        valid_from: day(row, "ValidityStartDate")?,
        valid_to: day(row, "ValidityEndDate")?,
        fixed: row.boolean("SupplierIsFixed"),
        blocked: row.boolean("SourceOfSupplyIsBlocked"),
    }))
}

/// Items that are still expected, with the first day on which something of them comes.
fn purchase_orders(tables: &Tables, problems: &mut Vec<RowProblem>) -> Vec<PurchaseOrderItem> {
    let headers: BTreeMap<&str, &Entity> =
        tables.rows("A_PurchaseOrder").iter().map(|row| (row.text("PurchaseOrder"), row)).collect();
    let mut first: BTreeMap<(&str, &str), Date> = BTreeMap::new();
    let lines = keep(tables.rows("A_PurchaseOrderScheduleLine"), problems, |row| {
        Ok(row.date("ScheduleLineDeliveryDate")?.map(|day| (row.clone(), day)))
    });
    for (row, day) in &lines {
        let key = (row.text("PurchasingDocument"), row.text("PurchasingDocumentItem"));
        first.entry(key).and_modify(|known| *known = (*known).min(*day)).or_insert(*day);
    }
    keep(tables.rows("A_PurchaseOrderItem"), problems, |row| {
        let order = row.text("PurchaseOrder");
        // Older ones have no header here.
        let Some(header) = headers.get(order) else { return Ok(None) };
        let ended =
            [row, header].iter().any(|row| !row.text("PurchasingDocumentDeletionCode").is_empty());
        // Text items and services have no material.
        if ended
            || row.boolean("IsCompletelyDelivered")
            || row.boolean("IsReturnsItem")
            || row.text("Material").is_empty()
        {
            return Ok(None);
        }
        let item = row.text("PurchaseOrderItem");
        Ok(Some(PurchaseOrderItem {
            purchase_order: order.to_owned(),
            item: item.to_owned(),
            material: id(row, "Material")?,
            supplier: id(header, "Supplier")?,
            quantity: measure(row, "OrderQuantity", "PurchaseOrderQuantityUnit")?,
            delivery: first.get(&(order, item)).copied(),
        }))
    })
}
