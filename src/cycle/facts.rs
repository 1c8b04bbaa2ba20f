//! What one cycle knows before it judges: everything read from SAP and the energy management system.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::master::MasterData;
use crate::order::OrderBook;
use crate::reading::{Meter, RawReading};

/// The facts of one plant, as read. Judgement starts from these and from nothing else, so that a
/// stored snapshot gives the same findings, footprints and plan again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// When they were read.
    pub read_at: Timestamp,
    /// System id of the SAP system.
    pub sap_system: String,
    /// Master data of MM, PP and CO.
    pub master: MasterData,
    /// Orders of SD and PP.
    pub orders: OrderBook,
    /// Readings by meter.
    pub meters: Vec<MeterReadings>,
    /// Rows that could not be used: where and why.
    pub problems: Vec<String>,
}

/// The readings of one meter, in the order of arrival.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MeterReadings {
    /// Meter.
    pub meter: Meter,
    /// Length of an interval in minutes.
    pub step_minutes: u16,
    /// Where they were read, without a password: driver, database, table.
    pub source: String,
    /// As read.
    pub rows: Vec<RawReading>,
}
