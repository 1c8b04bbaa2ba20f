//! What one cycle knows before it judges: everything read from SAP and the energy management system.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::check::Temperature;
use crate::id::MeterId;
use crate::master::MasterData;
use crate::order::OrderBook;
use crate::reading::{Meter, RawReading};
use crate::source::ems::Watermark;

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
    /// Temperatures of furnaces, in the order of time.
    #[serde(default)]
    pub temperatures: Vec<FurnaceTemperatures>,
    /// Rows that could not be used: where and why.
    pub problems: Vec<String>,
}

impl Facts {
    /// The readings of a meter.
    pub fn of(&self, meter: &MeterId) -> Option<&MeterReadings> {
        self.meters.iter().find(|readings| readings.meter.id == *meter)
    }
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
    /// As read; of a register, the energies of its intervals.
    pub rows: Vec<RawReading>,
    /// Of a register, what it showed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub registers: Vec<RawReading>,
    /// From where the next read goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watermark: Option<Watermark>,
}

impl MeterReadings {
    /// The rows as the source holds them.
    pub fn as_read(&self) -> &[RawReading] {
        if self.registers.is_empty() { &self.rows } else { &self.registers }
    }
}

/// The temperatures of one furnace, in the order of time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FurnaceTemperatures {
    /// Furnace or work center.
    pub furnace: String,
    /// As read.
    pub values: Vec<Temperature>,
}
