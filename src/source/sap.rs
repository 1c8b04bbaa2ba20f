//! Facts of MM, PP and SD by OData.

mod calendars;

mod entity_set;

pub mod field_mapping;

mod finance;

mod master;

mod movements;

mod order_operations;

pub mod orders;

mod prices;

mod production;

mod supply;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::SignedDuration;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;

pub use calendars::factory_calendars;
pub use entity_set::{Changes, EntitySet};
use field_mapping::FieldMapping;
pub use finance::{PostedQuantity, posted_quantity};
pub use master::bom_item;

use crate::id::PlantCode;
use crate::master::{MasterData, StandardValue};
use crate::order::OrderBook;
use crate::sap::error::SapError;
use crate::sap::odata::{Entity, Filter, INITIAL_DATE, ODataClient, Query, Service, Version};
use crate::unit::{Measure, Uom};
use crate::value_state::ValueState;

macro_rules! services {
    ($($(#[$doc:meta])* $name:ident = $version:ident $text:literal $path:literal;)*) => {
        $($(#[$doc])*
        pub const $name: Service = Service {
            name: $text, path: $path, version: Version::$version,
        };)*
        /// Every service that is read, for the doctor and the manifest test.
        pub const SERVICES: &[Service] = &[$($name),*];
    };
}

services! {
    /// Materials.
    PRODUCT = V2 "API_PRODUCT_SRV" "/sap/opu/odata/sap/API_PRODUCT_SRV";
    /// Bills of material.
    BILL_OF_MATERIAL = V2 "API_BILL_OF_MATERIAL_SRV"
        "/sap/opu/odata/sap/API_BILL_OF_MATERIAL_SRV;v=0002";
    /// Routings.
    ROUTING = V2 "API_PRODUCTION_ROUTING" "/sap/opu/odata/sap/API_PRODUCTION_ROUTING";
    /// Work centers.
    WORK_CENTER = V4 "API_WORK_CENTER"
        "/sap/opu/odata4/sap/api_work_center/srvd_a2x/sap/workcenter/0001";
    /// Production versions.
    PRODUCTION_VERSION = V4 "API_PRODUCTION_VERSION"
        "/sap/opu/odata4/sap/api_production_version/srvd_a2x/sap/productionversion/0001";
    /// Info records.
    INFO_RECORD = V2 "API_INFORECORD_PROCESS_SRV" "/sap/opu/odata/sap/API_INFORECORD_PROCESS_SRV";
    /// Sales orders.
    SALES_ORDER = V2 "API_SALES_ORDER_SRV" "/sap/opu/odata/sap/API_SALES_ORDER_SRV";
    /// Planned orders.
    PLANNED_ORDERS = V2 "API_PLANNED_ORDERS" "/sap/opu/odata/sap/API_PLANNED_ORDERS";
    /// Confirmations.
    CONFIRMATION = V2 "API_PROD_ORDER_CONFIRMATION_2_SRV"
        "/sap/opu/odata/sap/API_PROD_ORDER_CONFIRMATION_2_SRV";
    /// Stock.
    STOCK = V2 "API_MATERIAL_STOCK_SRV" "/sap/opu/odata/sap/API_MATERIAL_STOCK_SRV";
    /// Suppliers.
    BUSINESS_PARTNER = V2 "API_BUSINESS_PARTNER" "/sap/opu/odata/sap/API_BUSINESS_PARTNER";
    /// Source lists.
    PURCHASING_SOURCE = V2 "API_PURCHASING_SOURCE_SRV"
        "/sap/opu/odata/sap/API_PURCHASING_SOURCE_SRV";
    /// Purchase orders.
    PURCHASE_ORDER = V2 "API_PURCHASEORDER_PROCESS_SRV"
        "/sap/opu/odata/sap/API_PURCHASEORDER_PROCESS_SRV";
    /// Goods movements.
    MATERIAL_DOCUMENT = V2 "API_MATERIAL_DOCUMENT_SRV"
        "/sap/opu/odata/sap/API_MATERIAL_DOCUMENT_SRV";
    /// Outbound deliveries.
    OUTBOUND_DELIVERY = V2 "API_OUTBOUND_DELIVERY_SRV"
        "/sap/opu/odata/sap/API_OUTBOUND_DELIVERY_SRV;v=0002";
    /// Production orders.
    PRODUCTION_ORDER = V2 "API_PRODUCTION_ORDER_2_SRV"
        "/sap/opu/odata/sap/API_PRODUCTION_ORDER_2_SRV";
    /// Process orders.
    PROCESS_ORDER = V2 "API_PROCESS_ORDER_2_SRV" "/sap/opu/odata/sap/API_PROCESS_ORDER_2_SRV";
    /// Planned independent requirements.
    PLANNED_REQUIREMENT = V2 "API_PLND_INDEP_RQMT_SRV"
        "/sap/opu/odata/sap/API_PLND_INDEP_RQMT_SRV";
    /// Journal entry items.
    JOURNAL_ITEMS = V2 "API_JOURNALENTRYITEMBASIC_SRV"
        "/sap/opu/odata/sap/API_JOURNALENTRYITEMBASIC_SRV";
    /// Items of accounting documents, with the reference of each.
    DOCUMENT_ITEMS = V2 "API_OPLACCTGDOCITEMCUBE_SRV"
        "/sap/opu/odata/sap/API_OPLACCTGDOCITEMCUBE_SRV";
}

/// Planned orders by OData V4. Only written, and only where `[post] orders` says so: it is none of the
/// services that a system must have.
pub const PLANNED_ORDERS_V4: Service = Service {
    name: "API_PLANNEDORDER",
    path: "/sap/opu/odata4/sap/api_plannedorder/srvd_a2x/sap/plannedorder/0001",
    version: Version::V4,
};

/// A row that could not be used: where, and why. The others are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowProblem(pub String);

/// Told entity set, rows so far, and rows announced.
pub type OnPage = dyn Fn(&str, usize, Option<usize>) + Send + Sync;

/// What a read is told.
#[derive(Clone)]
pub struct Reading {
    /// Client of the system.
    pub client: ODataClient,
    /// Plant.
    pub plant: PlantCode,
    /// Plant's zone: dates and times of orders are local.
    pub zone: TimeZone,
    /// What the standard values 1 to 6 stand for.
    pub standard_values: [Option<StandardValue>; 6],
    /// Day for which master data count: BOM items and cost centers that are valid then.
    pub key_date: Date,
    /// First posting day of confirmations that are read.
    pub confirmations_from: Date,
    /// How much earlier than the newest change seen changes are asked for.
    pub overlap: SignedDuration,
    /// How long a set of which SAP tells no changes is believed while its count is the same.
    pub full_compare: SignedDuration,
    /// Which property of SAP gives which field.
    pub fields: Arc<FieldMapping>,
    /// Told how far it is.
    pub progress: Arc<OnPage>,
}

/// Rows by entity set.
#[derive(Default)]
pub struct Tables(BTreeMap<&'static str, Vec<Entity>>);

impl Tables {
    /// Puts the rows of a set in.
    pub fn insert(&mut self, set: &'static str, rows: Vec<Entity>) {
        self.0.insert(set, rows);
    }

    /// The rows of a set; empty if it was not read.
    fn rows(&self, set: &str) -> &[Entity] {
        self.0.get(set).map_or(&[], Vec::as_slice)
    }
}

/// Every entity set that is read.
pub fn entity_sets(reading: &Reading) -> Vec<EntitySet> {
    let plant = &reading.plant;
    let all = master::queries(reading)
        .into_iter()
        .chain(prices::queries(plant))
        .chain(orders::queries(plant))
        .chain(supply::queries(plant))
        .chain(production::queries(plant))
        .chain(movements::queries(plant));
    let from = reading.confirmations_from;
    let set = |(service, query): (Service, Query)| {
        let query = match reading.fields.names(query.set) {
            Some(names) => query.named(names),
            None => query,
        };
        let set = EntitySet::new(service, query);
        match set.name() {
            "ProdnOrdConf2" | "A_MaterialDocumentHeader" => set.from_day("PostingDate", from),
            "A_MaterialDocumentItem" => {
                // Items have no day of their own.
                set.narrowed(Filter::ge("MaterialDocumentYear", from.year().to_string().as_str()))
            }
            "A_PurchaseOrder" => set.from_day("PurchaseOrderDate", from),
            "A_OutbDeliveryHeader" | "A_OutbDeliveryItem" => set.from_day("CreationDate", from),
            "A_ProductionOrder_2" | "A_ProcessOrder_2" => {
                set.from_day("MfgOrderPlannedEndDate", from)
            }
            _ => set,
        }
    };
    all.map(set).collect()
}

/// Master data and orders of the plant in the rows of [`entity_sets`]. A row that makes no sense is
/// left out and named.
pub fn facts(tables: &Tables, reading: &Reading) -> (MasterData, OrderBook, Vec<RowProblem>) {
    let (mut master, mut problems) = master::facts(tables, reading);
    let (mut orders, more) = orders::facts(tables, reading);
    problems.extend(more);
    problems.extend(supply::facts(tables, &mut master, &mut orders));
    problems.extend(production::facts(tables, &mut master, &mut orders));
    problems.extend(movements::facts(tables, &master, &mut orders));
    (master, orders, problems)
}

/// Keeps the rows that make sense and names the others.
fn keep<T>(
    rows: &[Entity],
    problems: &mut Vec<RowProblem>,
    make: impl Fn(&Entity) -> Result<Option<T>, SapError>,
) -> Vec<T> {
    let mut kept = Vec::with_capacity(rows.len());
    for row in rows {
        match make(row) {
            Ok(Some(fact)) => kept.push(fact),
            Ok(None) => {}
            Err(problem) => problems.push(RowProblem(problem.to_string())),
        }
    }
    kept
}

/// A key of a row, or an error that names it.
fn id<T>(row: &Entity, property: &str) -> Result<T, SapError>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    let text = row.text(property);
    text.parse().map_err(|error: T::Err| match text.chars().find(|c| c.is_control()) {
        Some(control) => {
            let code = control as u32;
            let problem = format!("is damaged: control character U+{code:04X} in {property}");
            row.wrong("VAL-CONTROL", property, problem)
        }
        None => row.wrong("VAL-KEY", property, error.to_string()),
    })
}

/// Once is enough: it is the same for every row.
static UNIT_LANG_TOLD: AtomicBool = AtomicBool::new(false);

/// A unit of a row, or an error that names it.
fn unit(row: &Entity, property: &str) -> Result<Uom, SapError> {
    let code = row.text(property);
    if let Some((of, times)) = row.own_unit(code) {
        if times == Decimal::ONE {
            return Ok(of);
        }
        let problem = format!("{code} is {times} {of}; quantities are kept in {of} itself");
        return Err(row.wrong("UNIT-BASE", property, problem));
    }
    if Uom::is_of_a_language(code) && !UNIT_LANG_TOLD.swap(true, Ordering::Relaxed) {
        tracing::warn!(
            code,
            set = row.set(),
            "UNIT-LANG: SAP sends units as one language writes them; read by their ISO code. Set the \
             logon language of the technical user and keep it"
        );
    }
    Uom::from_code(code).map_err(|error| row.wrong("UNIT-UNKNOWN", property, error.to_string()))
}

/// A day of a row that must have one.
fn day(row: &Entity, property: &str) -> Result<Date, SapError> {
    row.date(property)?
        .ok_or_else(|| row.wrong("VAL-DATE-INITIAL", property, INITIAL_DATE.to_owned()))
}

/// Whether a row is valid on a day; an end or a begin that is missing does not bound it.
fn valid_on(row: &Entity, key_date: Date) -> Result<bool, SapError> {
    let from = row.date("ValidityStartDate")?.is_none_or(|from| from <= key_date);
    Ok(from && row.date("ValidityEndDate")?.is_none_or(|to| key_date <= to))
}

/// A quantity that must not be negative.
fn quantity(row: &Entity, property: &str) -> Result<Decimal, SapError> {
    let amount = row.decimal(property)?;
    if amount.is_sign_negative() && !amount.is_zero() {
        return Err(row.wrong("VAL-NEGATIVE", property, format!("{amount} is negative")));
    }
    Ok(amount)
}

/// A quantity in its unit, which may be one that only this system knows (table T006).
fn measure(row: &Entity, amount: &str, unit_property: &str) -> Result<Measure, SapError> {
    in_unit_of(row, quantity(row, amount)?, unit_property)
}

/// An amount in the unit of its row.
fn in_unit_of(row: &Entity, amount: Decimal, unit_property: &str) -> Result<Measure, SapError> {
    match row.own_unit(row.text(unit_property)) {
        Some((of, times)) => Ok(Measure::new(amount * times, of)),
        None => Ok(Measure::new(amount, unit(row, unit_property)?)),
    }
}

/// How a value is known: recorded, or by what stands in for it.
fn known_by(row: &Entity, property: &str) -> ValueState {
    if row.stood_in(property) { ValueState::Default } else { ValueState::recorded() }
}

/// A quantity that something is divided by.
fn positive(row: &Entity, property: &str) -> Result<Decimal, SapError> {
    let amount = row.decimal(property)?;
    if amount <= Decimal::ZERO {
        return Err(row.wrong("VAL-RANGE", property, format!("{amount} is not positive")));
    }
    Ok(amount)
}
