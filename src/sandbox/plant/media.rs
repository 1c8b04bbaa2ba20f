//! Meters of steam, water, compressed air, gas, of the compressor and the roof, from the end of August 2018 on:
//! by what was confirmed in the shift, each meter a little off by its class.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use jiff::SignedDuration;
use jiff::civil::Date;
use jiff::tz::{TimeZone, offset};
use rand::RngExt;
use rand_pcg::Pcg64Mcg;
use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};

use super::meter_series;
use super::production::{IDLE, shift_of};
use super::sub_meters::{SubMeterRow, confirmed};

/// First day of the meters: before it the plant read their dials once a month.
const SINCE: Date = Date::constant(2018, 8, 29);
/// Intervals of a shift.
const INTERVALS: f64 = 32.0;

/// A medium that is metered at its supply and at some machines.
struct Piped {
    /// Meter at the point of supply.
    main: &'static str,
    /// Meters below it, with work center, gain, and use per kWh of confirmed standard electricity.
    machines: &'static [(&'static str, &'static str, f64, f64)],
    /// What flows whatever is made, in an interval, with its meter if it has one.
    base: (Option<&'static str>, f64),
}

/// Steam heats the pickling of the strip mill, the bar mill's washing, and the halls; water cools the
/// caster and the strip mill, and goes to everything else.
const PIPED: [Piped; 2] = [
    Piped {
        main: "M-1010-STEAM",
        machines: &[
            ("M-1010-STEAM-R1", "ROLL1", 1.003, 0.0006),
            ("M-1010-STEAM-R2", "ROLL2", 0.998, 0.0014),
        ],
        base: (Some("M-1010-STEAM-HALL"), 0.012),
    },
    Piped {
        main: "M-1010-WATER",
        machines: &[
            ("M-1010-WATER-CAST", "CAST1", 0.997, 0.030),
            ("M-1010-WATER-R2", "ROLL2", 1.004, 0.011),
        ],
        base: (None, 0.055),
    },
];

/// Reheating furnaces and the converter's burners; the arc furnace's have no meter.
const GAS: [(&str, &str, f64); 3] = [
    ("M-1010-GAS-BOF1", "BOF1", 1.002),
    ("M-1010-GAS-R1", "ROLL1", 0.996),
    ("M-1010-GAS-R2", "ROLL2", 1.003),
];

/// kWh for a cubic metre of compressed air at 7 bar.
const KWH_PER_CUBIC_METRE: f64 = 0.12;
/// Parts of the air that the arc furnace and the bar mill take while they run; the rest leaks, or goes
/// to tools.
const AIR: [(&str, &str, f64, f64); 2] =
    [("M-1010-AIR-EAF1", "EAF1", 0.998, 0.42), ("M-1010-AIR-R1", "ROLL1", 1.003, 0.38)];

/// kWh that the roof gives in a quarter of an hour of a clear noon.
const PV_PEAK: f64 = 0.9;

/// Every row, meter by meter.
pub fn media_series() -> &'static [SubMeterRow] {
    static SERIES: OnceLock<Vec<SubMeterRow>> = OnceLock::new();
    SERIES.get_or_init(derived)
}

fn derived() -> Vec<SubMeterRow> {
    let plant = TimeZone::get("Europe/Berlin").expect("jiff ships the time zones");
    let meter_clock = TimeZone::fixed(offset(1));
    let (confirmed, nothing) = (confirmed(), BTreeMap::new());
    let mut random = Pcg64Mcg::new(0x0010_1020_1810);
    let mut by_meter: BTreeMap<&str, Vec<SubMeterRow>> = BTreeMap::new();
    for row in meter_series() {
        let begin = row.interval_end.saturating_sub(SignedDuration::from_mins(15));
        if begin.date() < SINCE {
            continue;
        }
        let instant = meter_clock.to_timestamp(begin).expect("within jiff's years");
        let shift = shift_of(instant.to_zoned(plant.clone()).datetime());
        let standard = confirmed.get(&shift).unwrap_or(&nothing);
        let of = |center: &str| standard.get(center).copied().unwrap_or((0.0, 0.0));
        let mut about = |value: f64, percent: f64| {
            value * (1.0 + random.random_range(-percent..percent) / 100.0)
        };
        let mut read: Vec<(&'static str, f64)> = Vec::new();
        for piped in &PIPED {
            let base = about(piped.base.1, 12.0);
            let mut all = base;
            for (meter, center, gain, per_kwh) in piped.machines {
                let used = about(of(center).0 * per_kwh / INTERVALS, 15.0);
                all += used;
                read.push((*meter, about(used * gain, 0.2)));
            }
            read.extend(piped.base.0.map(|meter| (meter, about(base, 0.2))));
            read.push((piped.main, all));
        }
        let gas: Vec<f64> =
            GAS.iter().map(|(_, center, _)| about(of(center).1 / INTERVALS, 10.0)).collect();
        let without_meter = about(of("EAF1").1 / INTERVALS, 10.0);
        read.extend(GAS.iter().zip(&gas).map(|((meter, _, gain), used)| (*meter, used * gain)));
        read.push(("M-1010-GAS", gas.iter().sum::<f64>() + without_meter));
        // The compressor works out of the idle base.
        let makes_something = standard.values().any(|standard| standard.0 > 0.0);
        let base = row.usage_kwh.to_f64().unwrap_or(0.0).min(IDLE);
        let compressor = about(base * if makes_something { 0.3 } else { 0.03 }, 8.0);
        let air = compressor / KWH_PER_CUBIC_METRE;
        for (meter, center, gain, part) in AIR {
            let part = if of(center).0 > 0.0 { part } else { 0.0 };
            read.push((meter, about(air * part * gain, 1.0)));
        }
        read.push(("M-1010-AIR", air));
        read.push(("M-1010-COMP1", about(compressor * 1.002, 0.2)));
        // The sun is highest at noon of its own time, an hour behind the summer's.
        let hours = f64::from(begin.hour()) + f64::from(begin.minute()) / 60.0;
        let height = ((hours - 6.5) / 11.0 * std::f64::consts::PI).sin();
        let day = (6.5..17.5).contains(&hours);
        read.push(("M-1010-PV", if day { about(PV_PEAK * height, 30.0) } else { 0.0 }));
        for (meter, amount) in read {
            let amount = Decimal::from_f64(amount).unwrap_or_default().round_dp(5);
            let read = SubMeterRow { meter, interval_end: row.interval_end, amount };
            by_meter.entry(meter).or_default().push(read);
        }
    }
    by_meter.into_values().flatten().collect()
}
