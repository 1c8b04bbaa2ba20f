//! Is everything there, reachable and allowed? Every check is harmless: it reads, or asks SAP to
//! check something that it never keeps.
//!
//! ```text
//! here:  settings, journal, disk, mappings       ┐
//! meter: driver, mapping, last reading           ├─ side by side, each with a time limit
//! SAP:   name, logon, clock, certificate, then   │
//!        every service and function module       ┘
//! ```

mod advice;

mod check;

pub mod fields;

mod here;

mod meter;

mod orders;

mod rfc;

mod rights;

mod sap;

use std::path::Path;
use std::time::{Duration, Instant};

pub use check::{Check, State};

use crate::config::Config;
use crate::cycle::{Connections, CycleError};

/// Longest time for one question to SAP or to the meters.
const CHECK_MAX: Duration = Duration::from_secs(10);

/// Longest time for all of them.
const EXAMINATION_MAX: Duration = Duration::from_secs(25);

/// What an examination found.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Report {
    /// Whether nothing failed.
    pub ok: bool,
    /// How long it took.
    pub seconds: f64,
    /// Every check, in the order of the path of the data.
    pub checks: Vec<Check>,
}

/// Examines an installation in less than half a minute.
///
/// # Errors
///
/// [`CycleError`] if the settings name something that makes every further question pointless: a
/// secret that is not there, a certificate that cannot be read.
pub async fn examine(
    config: &Config,
    path: &Path,
    connections: &Connections,
) -> Result<Report, CycleError> {
    let began = Instant::now();
    let deadline = tokio::time::Instant::now() + EXAMINATION_MAX;
    let (here, meter, sap) = tokio::join!(
        here::examine(config, path, connections),
        meter::examine(config, CHECK_MAX),
        sap::examine(config, connections, deadline),
    );
    let checks: Vec<Check> = [here, meter?, sap].into_iter().flatten().collect();
    let ok = checks.iter().all(|check| check.state != State::Fail);
    Ok(Report { ok, seconds: began.elapsed().as_secs_f64(), checks })
}
