//! Connections, and the facts that are read through them.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp, ToSpan};
use rust_decimal::Decimal;

use super::access::{self, Secrets};
use super::{
    CycleError, Facts, FurnaceTemperatures, MeterReadings, PostingRun, SharedMirror, SyncReport,
    sync, tables,
};
use crate::check::{CounterReading, Finding, Register, RuleSet, Temperature, from_counter};
use crate::config::Config;
use crate::config::secrets::SecretSource;
use crate::quantity::{Emissions, Energy, Milligrams};
use crate::reading::RawReading;
use crate::said;
use crate::said::Said;
use crate::sap::error::SapError;
use crate::sap::odata::ODataClient;
use crate::sap::rfc::RfcClient;
use crate::source::ems::{
    Dialect, EmsConnection, EmsError, EmsMapping, MeterMapping, ValuesAre, read_on,
    read_temperatures, sum_tolerance, whole_sum,
};
use crate::source::sap::{OnPage, Reading, factory_calendars, facts, posted_quantity};

/// Clients of the configured SAP system.
#[derive(Clone)]
pub struct Connections {
    /// OData.
    pub odata: ODataClient,
    /// Function modules, by the transport of the settings.
    pub rfc: RfcClient,
}

/// Clients with the configured user; nothing is sent yet.
///
/// # Errors
///
/// [`CycleError::Secret`] if the password cannot be had, [`CycleError::Sap`] if a client cannot be
/// built.
pub fn connect(config: &Config) -> Result<Connections, CycleError> {
    clients(config, Secrets::Now, |refused| Err(refused.into()))
}

/// The same to look around: without the RFC library everything else can be looked at, and each call of
/// a function module says why there is none.
///
/// # Errors
///
/// As [`connect`], the library aside.
pub fn connect_to_look(config: &Config) -> Result<Connections, CycleError> {
    clients(config, Secrets::Now, |refused| without_library(config, refused))
}

/// The same for work that sends nothing, as approving does: a password is asked for with the first
/// request.
///
/// # Errors
///
/// As [`connect`], password and library aside.
pub fn connect_if_needed(config: &Config) -> Result<Connections, CycleError> {
    clients(config, Secrets::WithRequest, |refused| without_library(config, refused))
}

fn without_library(config: &Config, refused: SapError) -> Result<RfcClient, CycleError> {
    match refused {
        SapError::Setup { reason, .. } => {
            Ok(RfcClient::without(&config.settings.sap.system, "nwrfc", reason))
        }
        other => Err(other.into()),
    }
}

fn clients(
    config: &Config,
    secrets: Secrets,
    or_else: impl FnOnce(SapError) -> Result<RfcClient, CycleError>,
) -> Result<Connections, CycleError> {
    let (system, access) = (access::system(config, secrets)?, access::access(config, secrets)?);
    let rfc = match access::rfc(config, &system, &access) {
        Err(CycleError::Sap(refused)) => or_else(refused)?,
        other => other?,
    };
    let odata = ODataClient::new(&system, &access)?;
    Ok(Connections { odata: odata.with_limit(config.settings.sap.parallel_reads), rfc })
}

/// Where the readings are, with the password if there is one.
///
/// # Errors
///
/// [`CycleError::Ems`] for an unknown driver, [`CycleError::Secret`] for a password that is not there.
pub fn ems_connection(config: &Config) -> Result<EmsConnection, CycleError> {
    let ems = &config.settings.ems;
    let dialect = Dialect::named(&ems.driver)?;
    let password = match &ems.password_from {
        Some(from) => Some(SecretSource::parse("ems.password_from", from, &config.base)?.fetch()?),
        None => None,
    };
    let database = match dialect {
        Dialect::Sqlite => config.path(ems.database.as_ref()).display().to_string(),
        Dialect::Postgresql | Dialect::Mariadb => ems.database.clone(),
    };
    let port = ems.port.unwrap_or(if dialect == Dialect::Mariadb { 3306 } else { 5432 });
    let server = ems.server.clone().map(|server| (server, port));
    let user = ems
        .user
        .clone()
        .map(|user| (user, password.unwrap_or_else(|| crate::secret::Secret::new(""))));
    Ok(EmsConnection { dialect, database, server, user })
}

/// Reads everything that a cycle judges: master data, orders, readings.
///
/// Meters are read on from the watermarks of `before`, the readings of the last facts. Readings are
/// counted and summed against the database's own sums, so a read that is not whole is
/// refused. `progress` is told what is read and how far it is.
///
/// # Errors
///
/// [`CycleError`] with the system that failed; nothing is kept then.
pub async fn read_facts(
    config: &Config,
    connections: &Connections,
    mirror: &SharedMirror,
    full: Option<&str>,
    before: Vec<MeterReadings>,
    now: Timestamp,
    progress: Arc<dyn Fn(Said) + Send + Sync>,
) -> Result<(Facts, SyncReport), CycleError> {
    let settings = &config.settings;
    let meters = tokio::task::spawn_blocking({
        let (connection, mapping) = (ems_connection(config)?, config.ems.clone());
        let (rules, progress) = (config.rules.clone(), Arc::clone(&progress));
        move || {
            let temperatures = furnaces(&connection, &mapping)?;
            let meters = read_meters(&connection, &mapping, &rules, &before, &progress)?;
            Ok::<_, CycleError>((meters, temperatures))
        }
    });
    let told = Arc::clone(&progress);
    let on_page: Arc<OnPage> = Arc::new(move |set, rows, announced| {
        told(match announced {
            Some(announced) => said!(
                "read.stage.rows-of",
                "{set}: {rows} of {announced} rows",
                set = set,
                rows = rows,
                announced = announced
            ),
            None => said!("read.stage.rows", "{set}: {rows} rows", set = set, rows = rows),
        });
    });
    let reading = reading(config, connections, now, on_page);
    let report = sync(&reading, mirror, full, now).await?;
    let (mut master, orders, problems) = facts(&tables(&reading, mirror)?, &reading);
    let (rfc, unpublished) = (&connections.rfc, settings.sap.allow_rfc_read_table);
    let (plant, day) = (&settings.plant.code, reading.key_date);
    if let Err(error) = factory_calendars(rfc, unpublished, plant, day, &mut master).await {
        // The plan says which calendars it lacks.
        tracing::info!(%error, "factory calendars were not read");
    }
    let ((meters, rows), (temperatures, of_furnaces)) = meters.await.map_err(|_| {
        CycleError::Incomplete(said!("read.interrupted", "reading the meters was interrupted"))
    })??;
    let mut problems: Vec<String> = problems.into_iter().map(|problem| problem.0).collect();
    problems.extend(rows);
    problems.extend(of_furnaces);
    let facts = Facts {
        read_at: now,
        sap_system: settings.sap.system.clone(),
        master,
        orders,
        meters,
        temperatures,
        problems,
    };
    Ok((facts, report))
}

/// What is read of the plant.
pub fn reading(
    config: &Config,
    connections: &Connections,
    now: Timestamp,
    progress: Arc<OnPage>,
) -> Reading {
    let settings = &config.settings;
    let today = settings.plan.start.unwrap_or_else(|| now.to_zoned(config.zone.clone()).date());
    Reading {
        client: connections.odata.clone(),
        plant: settings.plant.code.clone(),
        zone: config.zone.clone(),
        standard_values: config.standard_values(),
        key_date: today,
        // A year of history is enough for every rule and for the last month of every fiscal year.
        confirmations_from: today.saturating_sub(1.year()),
        overlap: SignedDuration::from_mins(settings.sync.overlap_minutes.into()),
        full_compare: SignedDuration::from_hours(settings.sync.full_compare_hours.into()),
        fields: Arc::clone(&config.fields),
        progress,
    }
}

/// Temperatures by furnace, and the rows that could not be used.
fn furnaces(
    connection: &EmsConnection,
    mapping: &EmsMapping,
) -> Result<(Vec<FurnaceTemperatures>, Vec<String>), CycleError> {
    let (mut furnaces, mut problems) = (Vec::new(), Vec::new());
    for read in read_temperatures(connection, mapping)? {
        let value = |(at, celsius): (Timestamp, f64)| Temperature { at, celsius };
        let values = read.values.into_iter().map(value).collect();
        furnaces.push(FurnaceTemperatures { furnace: read.furnace, values });
        problems.extend(read.problems);
    }
    Ok((furnaces, problems))
}

/// Reads every meter, from the watermark of `before` on where there is one. `full` reads everything.
fn read_meters(
    connection: &EmsConnection,
    mapping: &EmsMapping,
    rules: &RuleSet,
    before: &[MeterReadings],
    progress: &Arc<dyn Fn(Said) + Send + Sync>,
) -> Result<(Vec<MeterReadings>, Vec<String>), CycleError> {
    let (mut meters, mut problems) = (Vec::new(), Vec::new());
    for meter in &mapping.meter {
        let told = |rows| {
            progress(said!(
                "read.stage.meter",
                "meter {meter}: {rows} readings",
                meter = meter.id,
                rows = rows
            ));
        };
        let known = before.iter().find(|known| known.meter.id == meter.id);
        let known = known.and_then(|known| Some((known.as_read(), known.watermark.as_ref()?)));
        let continued = read_on(connection, mapping, &meter.id, known, told)?;
        if let Some(why) = &continued.again {
            progress(said!(
                "read.stage.again",
                "meter {meter}: read again from the beginning, {why}",
                meter = meter.id,
                why = why
            ));
        }
        let mut read = continued.readings;
        let mut registers = Vec::new();
        if mapping.values_are == ValuesAre::Counter {
            let (rows, found) = of_register(meter, mapping, &read.rows, rules);
            registers = std::mem::replace(&mut read.rows, rows);
            problems.extend(
                found.into_iter().map(|finding| format!("meter {}: {}", meter.id, finding.text)),
            );
        // A row that was refused is in no sum of ours and perhaps in one of the database's.
        } else if read.problems.is_empty() {
            sums_agree(connection, mapping, meter, &read.rows)?;
        }
        problems.extend(read.problems);
        meters.push(MeterReadings {
            meter: meter.meter(),
            step_minutes: mapping.step_minutes,
            source: format!("{}, table {}", connection.name(), mapping.table),
            rows: read.rows,
            registers,
            watermark: continued.watermark,
        });
    }
    Ok((meters, problems))
}

/// Counts and sums what came against what the database counts and sums itself.
fn sums_agree(
    connection: &EmsConnection,
    mapping: &EmsMapping,
    meter: &MeterMapping,
    rows: &[RawReading],
) -> Result<(), CycleError> {
    let (counted, pushed) = whole_sum(connection, mapping, &meter.id)?;
    let pushed = pushed.amount();
    let energies = || rows.iter().filter_map(|row| row.energy);
    let streamed: Decimal = energies().map(|energy| energy.amount()).sum();
    let whole = counted == energies().count() as u64
        && (pushed - streamed).abs() <= sum_tolerance(rows.len(), mapping, &meter.id);
    if whole {
        return Ok(());
    }
    Err(CycleError::Ems(EmsError::SumsDiffer {
        source_name: connection.name(),
        meter: meter.id.to_string(),
        rows: rows.len(),
        streamed,
        pushed,
    }))
}

/// The energies of the intervals of a register, by R11.
fn of_register(
    meter: &MeterMapping,
    mapping: &EmsMapping,
    rows: &[RawReading],
    rules: &RuleSet,
) -> (Vec<RawReading>, Vec<Finding>) {
    let step = i64::from(mapping.step_minutes) * 60;
    let hours = Decimal::from(mapping.step_minutes) / Decimal::from(60);
    let register = Register {
        modulus: meter.register_end_kwh.map(Energy::new),
        capacity: meter.capacity_kw.map(|kilowatts| Energy::new(kilowatts * hours)),
        medium: meter.medium,
    };
    let read = |row: &RawReading| CounterReading {
        stamp: row.stamp,
        register: row.energy,
        arrival: row.arrival,
    };
    let rows: Vec<CounterReading> = rows.iter().map(read).collect();
    from_counter(&rows, &meter.id, step, register, rules)
}

/// What FI shows on the carbon cost account of a posting run's period, and how many items.
///
/// # Errors
///
/// [`CycleError::Source`] if SAP cannot be read.
pub async fn fi_total(
    connections: &Connections,
    run: &PostingRun,
) -> Result<(Milligrams, usize), CycleError> {
    let posted =
        posted_quantity(&connections.odata, &run.company_code, &run.debit, run.period).await?;
    let total = Milligrams::nearest(Emissions::new(posted.kilograms)).ok_or_else(|| {
        CycleError::Incomplete(said!("fi.beyond", "FI's total is beyond the ledger"))
    })?;
    Ok((total, posted.items))
}
