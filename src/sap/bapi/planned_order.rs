//! Planned orders by BAPI (business object BUS2006, function group 6134): for systems without
//! API_PLANNED_ORDERS. RETURN is a structure BAPIRETURN1.
//!
//! SAP schedules and explodes the BOM at each create and change; it cannot be told not to. GET_DETAIL
//! reads the database: an order that is not committed is not found.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::id::{
    MaterialNumber, PlannedOrderNumber, PlantCode, ProductionVersionCode, SalesOrderItem,
    SalesOrderNumber,
};
use crate::unit::Uom;

use super::super::error::SapError;
use super::super::rfc::{Call, Reply, Row, Value};
use super::field::{fields, flag, material};
use super::{Place, accepted, numbered};

/// Creates.
pub const CREATE: &str = "BAPI_PLANNEDORDER_CREATE";
/// Changes the header.
pub const CHANGE: &str = "BAPI_PLANNEDORDER_CHANGE";
/// Deletes.
pub const DELETE: &str = "BAPI_PLANNEDORDER_DELETE";
/// Reads one.
pub const GET_DETAIL: &str = "BAPI_PLANNEDORDER_GET_DETAIL";
/// Reads those of a material in a plant.
pub const GET_LIST: &str = "BAPI_PLANNEDORDER_GET_DET_LIST";
/// Says whether one is there.
pub const EXISTS: &str = "BAPI_PLANNEDORDER_EXIST_CHECK";

/// The message that says there is no such order.
const NOT_THERE: &str = "61 404";

const NUMBER: &str = "PLANNEDORDER";

/// A planned order to be created, for production in the plant that plans it.
#[derive(Clone, Debug, PartialEq)]
pub struct NewPlannedOrder {
    /// Order profile, PASCH; `LA` is the usual stock order.
    pub profile: String,
    /// What is to be made.
    pub material: MaterialNumber,
    /// Where.
    pub plant: PlantCode,
    /// How; SAP chooses if there is none.
    pub version: Option<ProductionVersionCode>,
    /// How much, in `unit`, at most 3 decimals.
    pub quantity: Decimal,
    /// Base unit of the material.
    pub unit: Uom,
    /// First day.
    pub start: Date,
    /// Last day.
    pub finish: Date,
    /// Sales order item that it is for.
    pub sales_order: Option<(SalesOrderNumber, SalesOrderItem)>,
}

/// What is to be changed; `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlannedOrderChange {
    /// Quantity in the base unit, at most 3 decimals.
    pub quantity: Option<Decimal>,
    /// First day.
    pub start: Option<Date>,
    /// Last day.
    pub finish: Option<Date>,
    /// Whether the next MRP run leaves it alone.
    pub firm: Option<bool>,
}

/// A planned order as SAP holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedOrderDetail {
    /// Number.
    pub number: PlannedOrderNumber,
    /// What is made.
    pub material: MaterialNumber,
    /// Where.
    pub plant: PlantCode,
    /// How, if it was chosen.
    pub version: Option<ProductionVersionCode>,
    /// Quantity in `unit`.
    pub quantity: Decimal,
    /// Base unit.
    pub unit: Uom,
    /// First day.
    pub start: Date,
    /// Last day.
    pub finish: Date,
    /// Whether the next MRP run leaves it alone.
    pub firm: bool,
    /// Sales order item that it is for.
    pub sales_order: Option<(SalesOrderNumber, SalesOrderItem)>,
}

/// The call that creates an order, firm: the next MRP run would delete it otherwise.
///
/// # Errors
///
/// [`SapError::Value`] if SAP would cut or round a value, or the order ends before it starts.
pub fn create(order: &NewPlannedOrder) -> Result<Call, SapError> {
    let at = Place { function: CREATE, key: order.material.as_str() };
    if order.finish < order.start {
        let problem = format!("{} is before the start on {}", order.finish, order.start);
        return Err(at.wrong("VAL-DATE", "ORDER_FIN_DATE", problem));
    }
    let version = order.version.as_ref().map(|version| version.as_str().to_owned());
    let (sales_order, item) = match &order.sales_order {
        Some((number, item)) => (number.padded(), item.padded()),
        None => Default::default(),
    };
    let header = fields([
        ("PLDORD_PROFILE", at.text("PLDORD_PROFILE", &order.profile, 4)?),
        ("PLAN_PLANT", order.plant.as_str().to_owned()),
        ("PROD_PLANT", order.plant.as_str().to_owned()),
        ("TOTAL_PLORD_QTY", at.positive("TOTAL_PLORD_QTY", order.quantity)?),
        ("ORDER_START_DATE", order.start.to_string()),
        ("ORDER_FIN_DATE", order.finish.to_string()),
        ("FIRMING_IND", flag(true)),
        ("SALES_ORD", sales_order),
        ("S_ORD_ITEM", item),
        ("VERSION", version.unwrap_or_default()),
        ("BASE_UOM", order.unit.sap().to_owned()),
        // MATERIAL, of 18 characters, stays empty.
        ("MATERIAL_LONG", material(&order.material)),
    ]);
    Ok(Call::new(CREATE).structure("HEADERDATA", header).table("COMPONENTSDATA", Vec::new()))
}

/// The number of the order that was created; it counts after the commit.
///
/// # Errors
///
/// What SAP refused; [`SapError::NoDocument`] if it gave no number.
pub fn created(system: &str, reply: &Reply) -> Result<PlannedOrderNumber, SapError> {
    let number = numbered(system, CREATE, reply, NUMBER)?;
    let at = Place { function: CREATE, key: number };
    PlannedOrderNumber::new(number).map_err(|error| at.wrong("VAL-KEY", NUMBER, error.to_string()))
}

/// The call that changes an order. Each field that is changed has its X.
///
/// # Errors
///
/// [`SapError::Value`] if SAP would round a value.
pub fn change(number: &PlannedOrderNumber, change: &PlannedOrderChange) -> Result<Call, SapError> {
    let at = Place { function: CHANGE, key: number.as_str() };
    let (mut data, mut marks) = (Row::new(), Row::new());
    let mut set = |name: &'static str, value: String| {
        data.push((name, value));
        marks.push((name, flag(true)));
    };
    if let Some(quantity) = change.quantity {
        set("TOTAL_PLORD_QTY", at.positive("TOTAL_PLORD_QTY", quantity)?);
    }
    if let Some(start) = change.start {
        set("ORDER_START_DATE", start.to_string());
    }
    if let Some(finish) = change.finish {
        set("ORDER_FIN_DATE", finish.to_string());
    }
    if let Some(firm) = change.firm {
        set("FIRMING_IND", flag(firm));
    }
    Ok(Call::new(CHANGE)
        .value(NUMBER, number.padded())
        .structure("HEADERDATA", data)
        .structure("HEADERDATAX", marks))
}

/// The call that deletes an order.
pub fn delete(number: &PlannedOrderNumber) -> Call {
    Call::new(DELETE).value(NUMBER, number.padded())
}

/// The call that reads an order.
pub fn get_detail(number: &PlannedOrderNumber) -> Call {
    Call::new(GET_DETAIL).value(NUMBER, number.padded())
}

/// The order that was read.
///
/// # Errors
///
/// What SAP refused, an order that is not there among it; [`SapError::Value`] for a field that is
/// none.
pub fn detail(system: &str, reply: &Reply) -> Result<PlannedOrderDetail, SapError> {
    accepted(system, GET_DETAIL, reply)?;
    read(GET_DETAIL, |name| reply.field("HEADERDATA", name).trim())
}

/// All header fields of the order that was read, as SAP wrote them.
pub fn detail_fields(reply: &Reply) -> BTreeMap<String, String> {
    let header = reply.get("HEADERDATA").map(Value::fields).unwrap_or_default();
    header.iter().map(|(name, value)| (name.clone(), value.text().to_owned())).collect()
}

/// The call that reads the orders of a material in a plant that start within these days.
pub fn get_list(plant: &PlantCode, material_number: &MaterialNumber, days: (Date, Date)) -> Call {
    let criteria = fields([
        ("PLANT", plant.as_str().to_owned()),
        ("STR_SEL_DATE", days.0.to_string()),
        ("END_SEL_DATE", days.1.to_string()),
        ("MATERIAL_LONG", material(material_number)),
    ]);
    Call::new(GET_LIST).structure("SELECTIONCRITERIA", criteria).table("DETAILEDLIST", Vec::new())
}

/// The orders that were read, in the order of the answer.
///
/// # Errors
///
/// What SAP refused; [`SapError::Value`] for a field that is none.
pub fn list(system: &str, reply: &Reply) -> Result<Vec<PlannedOrderDetail>, SapError> {
    accepted(system, GET_LIST, reply)?;
    let rows = reply.table("DETAILEDLIST");
    rows.iter()
        .map(|row| read(GET_LIST, |name| row.get(name).map_or("", String::as_str).trim()))
        .collect()
}

/// All header fields of the orders that were read, in the order of the answer.
pub fn list_fields(reply: &Reply) -> Vec<BTreeMap<String, String>> {
    reply.table("DETAILEDLIST")
}

/// Whether SAP refused because there is no such order.
pub fn says_not_there(error: &SapError) -> bool {
    matches!(error, SapError::Bapi { messages, .. }
        if messages.iter().all(|message| message.code == NOT_THERE))
}

/// The call that asks whether an order is there.
pub fn exist_check(number: &PlannedOrderNumber) -> Call {
    Call::new(EXISTS).value(NUMBER, number.padded())
}

/// Whether the order is there. That it is not is an answer and no error.
///
/// # Errors
///
/// What SAP refused for any other reason, such as a missing right.
pub fn exists(system: &str, reply: &Reply) -> Result<bool, SapError> {
    match accepted(system, EXISTS, reply) {
        Ok(_) => Ok(true),
        Err(error) if says_not_there(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

/// One order from the fields of BAPIPLAF_E1.
fn read<'a>(
    function: &'static str,
    field: impl Fn(&str) -> &'a str,
) -> Result<PlannedOrderDetail, SapError> {
    let at = Place { function, key: field("PLANNEDORDER_NUM") };
    let key = |name: &'static str| {
        move |error: crate::id::InvalidId| at.wrong("VAL-KEY", name, error.to_string())
    };
    // Releases before S/4HANA have no field of 40 characters.
    let long = field("MATERIAL_LONG");
    let number_of_material = if long.is_empty() { field("MATERIAL") } else { long };
    let sales_order = match field("SALES_ORD") {
        "" => None,
        number => Some((
            SalesOrderNumber::new(number).map_err(key("SALES_ORD"))?,
            SalesOrderItem::new(field("S_ORD_ITEM")).map_err(key("S_ORD_ITEM"))?,
        )),
    };
    let version = match field("VERSION") {
        "" => None,
        version => Some(ProductionVersionCode::new(version).map_err(key("VERSION"))?),
    };
    let unit = Uom::from_code(field("BASE_UOM"));
    Ok(PlannedOrderDetail {
        number: PlannedOrderNumber::new(field("PLANNEDORDER_NUM"))
            .map_err(key("PLANNEDORDER_NUM"))?,
        material: MaterialNumber::new(number_of_material).map_err(key("MATERIAL_LONG"))?,
        plant: PlantCode::new(field("PROD_PLANT")).map_err(key("PROD_PLANT"))?,
        version,
        quantity: at.read_number("TOTAL_PLORD_QTY", field("TOTAL_PLORD_QTY"))?,
        unit: unit.map_err(|error| at.wrong("UNIT-UNKNOWN", "BASE_UOM", error.to_string()))?,
        start: at.read_day("ORDER_START_DATE", field("ORDER_START_DATE"))?,
        finish: at.read_day("ORDER_FIN_DATE", field("ORDER_FIN_DATE"))?,
        firm: field("FIRMING_IND") == "X",
        sales_order,
    })
}
