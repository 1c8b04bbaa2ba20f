//! Facts of MM, PP and SD by OData.

mod finance;

mod master;

pub mod orders;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use tokio::task::JoinSet;

pub use finance::{PostedQuantity, posted_quantity};
pub use master::bom_item;

use super::SourceError;
use crate::id::PlantCode;
use crate::master::{MasterData, StandardValue};
use crate::order::OrderBook;
use crate::sap::error::SapError;
use crate::sap::odata::{Entity, ODataClient, Query, Service, Version};

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
    /// Journal entry items.
    JOURNAL_ITEMS = V2 "API_JOURNALENTRYITEMBASIC_SRV"
        "/sap/opu/odata/sap/API_JOURNALENTRYITEMBASIC_SRV";
}

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
    /// First posting day of confirmations that are read.
    pub confirmations_from: Date,
    /// Told how far it is.
    pub progress: Arc<OnPage>,
}

/// Rows by entity set, read concurrently.
struct Tables(BTreeMap<&'static str, Vec<Entity>>);

impl Tables {
    /// The rows of a set; empty if it was not read.
    fn rows(&self, set: &str) -> &[Entity] {
        self.0.get(set).map_or(&[], Vec::as_slice)
    }
}

/// Reads every query; the client bounds how many requests are under way.
async fn read_all(
    reading: &Reading,
    queries: Vec<(Service, Query)>,
) -> Result<Tables, SourceError> {
    // A set of tasks: the first error ends the others, nothing reads on behind our back.
    let mut tasks = JoinSet::new();
    for (service, query) in queries {
        let reading = reading.clone();
        tasks.spawn(async move {
            let progress = |rows, announced| (reading.progress)(query.set, rows, announced);
            let rows = reading.client.read(service, &query, progress).await;
            rows.map(|rows| (query.set, rows))
        });
    }
    let mut tables = BTreeMap::new();
    while let Some(task) = tasks.join_next().await {
        let (set, rows) = task.map_err(|_| SourceError::Interrupted)??;
        tables.insert(set, rows);
    }
    Ok(Tables(tables))
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
    row.text(property)
        .parse()
        .map_err(|error: T::Err| row.wrong("VAL-KEY", property, error.to_string()))
}

/// A unit of a row, or an error that names it.
fn unit(row: &Entity, property: &str) -> Result<crate::unit::Uom, SapError> {
    crate::unit::Uom::from_code(row.text(property))
        .map_err(|error| row.wrong("UNIT-UNKNOWN", property, error.to_string()))
}

/// A day of a row that must have one.
fn day(row: &Entity, property: &str) -> Result<Date, SapError> {
    row.date(property)?
        .ok_or_else(|| row.wrong("VAL-DATE-INITIAL", property, "has the initial date".to_owned()))
}

/// A quantity that must not be negative.
fn quantity(row: &Entity, property: &str) -> Result<rust_decimal::Decimal, SapError> {
    let amount = row.decimal(property)?;
    if amount.is_sign_negative() && !amount.is_zero() {
        return Err(row.wrong("VAL-NEGATIVE", property, format!("{amount} is negative")));
    }
    Ok(amount)
}

/// Master data of one plant.
///
/// # Errors
///
/// [`SourceError`] if a service cannot be read whole. A row that makes no sense is left out and named.
pub async fn master_data(reading: &Reading) -> Result<(MasterData, Vec<RowProblem>), SourceError> {
    let tables = read_all(reading, master::queries(reading)).await?;
    Ok(master::facts(&tables, reading))
}

/// Orders of one plant.
///
/// # Errors
///
/// As [`master_data`].
pub async fn order_book(reading: &Reading) -> Result<(OrderBook, Vec<RowProblem>), SourceError> {
    let queries = orders::queries(&reading.plant, reading.confirmations_from);
    let tables = read_all(reading, queries).await?;
    Ok(orders::facts(&tables, reading))
}
