//! Meters below the main one, from August 2018 on: what the main meter counted above the idle base,
//! given to the machines by what was confirmed in the shift, each meter a little off by its class. One of
//! them lost its readings for three hours.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime};
use jiff::tz::{TimeZone, offset};
use rand::RngExt;
use rand_pcg::Pcg64Mcg;
use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};

use super::meter_series;
use super::production::{IDLE, confirmations, shift_of};

/// One interval of a meter below the main one.
#[derive(Clone, Debug, PartialEq)]
pub struct SubMeterRow {
    /// Name of the meter.
    pub meter: &'static str,
    /// End of the interval on the meter's clock.
    pub interval_end: DateTime,
    /// What it counted, in its unit: kWh, GJ or m³.
    pub amount: Decimal,
}

/// First day of the meters.
const SINCE: Date = Date::constant(2018, 8, 1);

/// An area with a meter: how much it counts too much, and what hangs below it.
struct Area {
    meter: &'static str,
    gain: f64,
    centers: &'static [&'static str],
    /// Machines with a meter of their own, with its gain. The caster has none.
    machines: &'static [(&'static str, &'static str, f64)],
}

const AREAS: [Area; 2] = [
    Area {
        meter: "M-1010-MELT",
        gain: 1.0015,
        centers: &["EAF1", "BOF1", "CAST1"],
        machines: &[("M-1010-EAF1", "EAF1", 0.998), ("M-1010-BOF1", "BOF1", 1.003)],
    },
    Area {
        meter: "M-1010-MILLS",
        gain: 0.999,
        centers: &["ROLL1", "ROLL2"],
        machines: &[("M-1010-ROLL1", "ROLL1", 1.002), ("M-1010-ROLL2", "ROLL2", 0.997)],
    },
];

/// The meter whose readings were lost, and the intervals (their ends, on the meter's clock).
const LOST: (&str, DateTime, DateTime) = (
    "M-1010-EAF1",
    DateTime::constant(2018, 9, 11, 14, 15, 0, 0),
    DateTime::constant(2018, 9, 11, 17, 0, 0, 0),
);

/// Standard values of what was confirmed, by start of the shift and work center: electricity in kWh,
/// gas in GJ.
pub(super) type Confirmed = BTreeMap<DateTime, BTreeMap<String, (f64, f64)>>;

/// What was confirmed in each shift.
pub(super) fn confirmed() -> Confirmed {
    let mut shifts = Confirmed::new();
    for row in confirmations() {
        let text = |name: &str| {
            let value = row.iter().find(|(known, _)| *known == name);
            value.and_then(|(_, value)| value.as_str()).unwrap_or("").to_owned()
        };
        let start = format!(
            "{}T{}",
            text("ConfirmedExecutionStartDate"),
            text("ConfirmedExecutionStartTime")
        );
        let standard = |name| text(name).parse().unwrap_or(0.0);
        let kwh: f64 = standard("OpConfirmedWorkQuantity3");
        let gas: f64 = standard("OpConfirmedWorkQuantity4");
        let start: DateTime = start.parse().expect("the sandbox writes ISO 8601");
        let of = shifts.entry(shift_of(start)).or_default().entry(text("WorkCenter")).or_default();
        *of = (of.0 + kwh, of.1 + gas);
    }
    shifts
}

/// Every row, meter by meter.
pub fn sub_meter_series() -> &'static [SubMeterRow] {
    static SERIES: OnceLock<Vec<SubMeterRow>> = OnceLock::new();
    SERIES.get_or_init(derived)
}

fn derived() -> Vec<SubMeterRow> {
    let plant = TimeZone::get("Europe/Berlin").expect("jiff ships the time zones");
    let meter_clock = TimeZone::fixed(offset(1));
    let (confirmed, nothing) = (confirmed(), BTreeMap::new());
    let mut random = Pcg64Mcg::new(0x0010_1020_1808);
    let mut by_meter: BTreeMap<&str, Vec<SubMeterRow>> = BTreeMap::new();
    for row in meter_series() {
        let begin = row.interval_end.saturating_sub(SignedDuration::from_mins(15));
        if begin.date() < SINCE {
            continue;
        }
        let instant = meter_clock.to_timestamp(begin).expect("within jiff's years");
        let shift = shift_of(instant.to_zoned(plant.clone()).datetime());
        let weights = confirmed.get(&shift).unwrap_or(&nothing);
        let total: f64 = weights.values().map(|standard| standard.0).sum();
        let above = (row.usage_kwh.to_f64().unwrap_or(0.0) - IDLE).max(0.0);
        let idle: [f64; 2] = std::array::from_fn(|_| random.random_range(0.06..0.10));
        let of = |center: &str| {
            let weight = weights.get(center).map_or(0.0, |standard| standard.0);
            // Drives and cooling of a machine that is manned come out of the idle base.
            let manned = if weight > 0.0 { idle[center.len() - 4] } else { 0.0 };
            if total > 0.0 { above * weight / total + manned } else { 0.0 }
        };
        let mut read = |meter: &'static str, true_kwh: f64, gain: f64| {
            let noise = 1.0 + random.random_range(-0.002..0.002);
            let amount = Decimal::from_f64(true_kwh * gain * noise).unwrap_or_default().round_dp(3);
            if meter == LOST.0 && (LOST.1..=LOST.2).contains(&row.interval_end) {
                return;
            }
            let read = SubMeterRow { meter, interval_end: row.interval_end, amount };
            by_meter.entry(meter).or_default().push(read);
        };
        for area in &AREAS {
            read(area.meter, area.centers.iter().map(|center| of(center)).sum(), area.gain);
            for (meter, center, gain) in area.machines {
                read(meter, of(center), *gain);
            }
        }
    }
    by_meter.into_values().flatten().collect()
}
