//! The sandbox plant: one small steel works with a long route (converter) and a short route (electric
//! arc furnace), two rolling lines, suppliers with different footprints, and a month of sales orders.
//!
//! Its production of January to September 2018 is derived from the meter series, so that the energy
//! of its orders explains what the meter read.

mod logistics;

mod master;

mod media;

mod order_operations;

mod orders;

mod planned_needs;

mod prices;

mod production;

mod production_orders;

mod sub_meters;

use std::io::Read;
use std::sync::OnceLock;

use flate2::read::GzDecoder;
use jiff::civil::DateTime;
use rust_decimal::Decimal;
use serde_json::Value;

pub use media::media_series;
pub use sub_meters::sub_meter_series;

/// One interval of the published series.
#[derive(Clone, Debug, PartialEq)]
pub struct MeterRow {
    /// End of the interval as published, "DD-MM-YYYY HH:MM".
    pub source_stamp: String,
    /// End of the interval on the meter's clock, repaired.
    pub interval_end: DateTime,
    /// Energy in kWh.
    pub usage_kwh: Decimal,
}

/// The published series, 26,208 intervals of 15 minutes.
pub fn meter_series() -> &'static [MeterRow] {
    static SERIES: OnceLock<Vec<MeterRow>> = OnceLock::new();
    SERIES.get_or_init(|| {
        let mut text = String::new();
        GzDecoder::new(include_bytes!("data/steel_2018.csv.gz").as_slice())
            .read_to_string(&mut text)
            .expect("the shipped series is gzip");
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        reader
            .records()
            .map(|record| {
                let record = record.expect("the shipped series is CSV");
                MeterRow {
                    source_stamp: record[0].to_owned(),
                    interval_end: record[1].parse().expect("the shipped stamps are ISO 8601"),
                    usage_kwh: record[2].parse().expect("the shipped energies are decimals"),
                }
            })
            .collect()
    })
}

/// A row as names and values; what is not named has its initial value.
type Values = Vec<(&'static str, Value)>;

/// The rows with which an entity set begins.
pub fn rows(set: &str) -> Vec<Values> {
    match set {
        "A_Product" => master::products(),
        "A_ProductDescription" => master::descriptions(),
        "A_ProductPlant" => master::product_plants(),
        "MaterialBOM" => master::boms(),
        "MaterialBOMItem" => master::bom_items(),
        "ProductionRoutingMatlAssgmt" => master::routing_assignments(),
        "ProductionRoutingHeader" => master::routings(),
        "ProductionRoutingOperation" => master::operations(),
        "ProductionVersion" => master::production_versions(),
        "WorkCenterHeader" => master::work_centers(),
        "WorkCenterCapacity" => master::capacities(),
        "WorkCenterCostCenter" => master::cost_centers(),
        "A_PurchasingInfoRecord" => master::info_records(),
        "A_PurgInfoRecdOrgPlantData" => master::info_record_prices(),
        "A_PurInfoRecdPrcgCndn" => prices::conditions(),
        "A_PurInfoRecdPrcgCndnValidity" => prices::validities(),
        "A_SalesOrder" => orders::sales_orders(),
        "A_SalesOrderItem" => orders::sales_order_items(),
        "A_SalesOrderScheduleLine" => orders::schedule_lines(),
        "A_PlannedOrder" => orders::planned_orders(),
        "A_PlannedOrderComponent" => planned_needs::components(),
        "A_PlannedOrderCapacity" => planned_needs::capacities(),
        "ProdnOrdConf2" => production::confirmations(),
        "A_ProductSupplyPlanning" => logistics::planning(),
        "A_ProductUnitsOfMeasure" => logistics::units(),
        "A_MatlStkInAcctMod" => logistics::stock(),
        "A_Supplier" => logistics::suppliers(),
        "A_PurchasingSource" => logistics::source_list(),
        "A_PurchaseOrder" => logistics::purchase_orders(),
        "A_PurchaseOrderItem" => logistics::purchase_order_items(),
        "A_PurchaseOrderScheduleLine" => logistics::purchase_order_lines(),
        "A_MaterialDocumentHeader" => production_orders::document_headers(),
        "A_MaterialDocumentItem" => production_orders::document_items(),
        "A_OutbDeliveryHeader" => orders::delivery_headers(),
        "A_OutbDeliveryItem" => orders::delivery_items(),
        "A_ProductionOrder_2" => production_orders::orders(),
        "A_ProductionOrderComponent_4" => production_orders::components(),
        "A_ProductionOrderOperation_2" => order_operations::production(),
        "A_ProcessOrder_2" => production_orders::process_orders(),
        "A_ProcessOrderComponent_2" => order_operations::process_components(),
        "A_ProcessOrderOperation_2" => order_operations::process(),
        "PlannedIndepRqmt" => logistics::requirements(),
        "PlannedIndepRqmtItem" => logistics::requirement_items(),
        "WorkCenterCapacityShift" => logistics::shifts(),
        _ => Vec::new(),
    }
}
