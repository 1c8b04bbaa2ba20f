//! What SAP checks and fills in when a planned order is entered, by OData or by BAPI.

use jiff::civil::{Date, Time};
use rust_decimal::Decimal;
use serde_json::Value;

use super::books::{Books, PLANNED_ORDERS, Row};
use super::metadata::EntityType;

/// The entity set of OData V4.
pub const SET_V4: &str = "PlannedOrderHeader";
/// What V4 calls the time of the last change.
pub const LAST_CHANGE_V4: &str = "PlannedOrderLastChangeDateTime";

/// Every planned order as V4 has it.
pub fn in_v4(books: &Books, entity: &EntityType) -> Vec<Row> {
    let orders = books.tables[&(PLANNED_ORDERS, "A_PlannedOrder".to_owned())].iter();
    orders.map(|order| to_v4(order, entity)).collect()
}

/// A planned order as V4 has it: the same values, one of them under another name.
pub fn to_v4(order: &Row, entity: &EntityType) -> Row {
    let of = |name: &str| match name {
        LAST_CHANGE_V4 => order["LastChangeDateTime"].clone(),
        name => order.get(name).cloned().unwrap_or_default(),
    };
    entity.properties.iter().map(|property| (property.name.clone(), of(&property.name))).collect()
}

/// Message class and number, as `M3/305`, and the text.
pub type Refusal = (&'static str, String);

/// The fields that SAP derives, in a row that is to become a new order. The number is drawn.
pub fn complete(books: &mut Books, row: &mut Row) -> Result<(), Refusal> {
    let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let (material, plant) = (text("Material"), text("ProductionPlant"));
    let products = &books.tables[&("/sap/opu/odata/sap/API_PRODUCT_SRV", "A_Product".to_owned())];
    let product = products.iter().find(|product| product["Product"] == material.as_str());
    let Some(product) = product else {
        return Err(("M3/305", format!("Material {material} does not exist")));
    };
    if plant != "1010" {
        return Err(("M3/351", format!("Plant {plant} does not exist")));
    }
    let unit = product["BaseUnit"].clone();
    let version = text("ProductionVersion");
    let versions = &books.tables[&(
        "/sap/opu/odata4/sap/api_production_version/srvd_a2x/sap/productionversion/0001",
        "ProductionVersion".to_owned(),
    )];
    let known = versions.iter().any(|known| {
        known["Material"] == material.as_str() && known["ProductionVersion"] == version.as_str()
    });
    if !version.is_empty() && !known {
        let text = format!("Production version {version} does not exist for {material}");
        return Err(("61/527", text));
    }
    check(row)?;
    let number = books.draw_order_number();
    let changed = books.change_time();
    let mut set = |name: &str, value: Value| {
        row.insert(name.to_owned(), value);
    };
    set("PlannedOrder", number.into());
    set("BaseUnit", unit);
    set("PlannedOrderType", "LA".into());
    set("MRPPlant", plant.clone().into());
    set("MRPArea", plant.into());
    set("MaterialProcurementCategory", "E".into());
    set("MRPController", "001".into());
    set("LastChangeDateTime", changed.into());
    Ok(())
}

/// Whether quantity and dates make sense.
pub fn check(row: &Row) -> Result<(), Refusal> {
    let text = |name: &str| row[name].as_str().unwrap_or_default();
    let quantity: Decimal = text("TotalQuantity").parse().unwrap_or_default();
    if quantity <= Decimal::ZERO {
        return Err(("61/013", "Enter an order quantity greater than zero".to_owned()));
    }
    let at = |day: &str, time: &str| {
        let day: Date = text(day).parse().ok()?;
        Some(day.to_datetime(text(time).parse::<Time>().ok()?))
    };
    let start = at("PlndOrderPlannedStartDate", "PlndOrderPlannedStartTime");
    let end = at("PlndOrderPlannedEndDate", "PlndOrderPlannedEndTime");
    match (start, end) {
        (Some(start), Some(end)) if start <= end => Ok(()),
        (Some(_), Some(_)) => Err(("61/018", "The start lies after the end".to_owned())),
        _ => Err(("61/017", "Enter basic dates".to_owned())),
    }
}
