//! Certificates of plans: written with a plan, checked without the search.

use std::path::Path;

use super::super::exit::print_json;
use super::super::{CliError, Context, Exit};
use super::read_text;
use crate::plan::Solution;
use crate::plan::certificate::{CODE_SHA256, WorkLimit, certificate, verify as verify_text};
use crate::plan::instance::Instance;
use crate::present::figure;

/// Gives an instance the weights and the cap of the command line.
pub(super) fn adapt(
    instance: &mut Instance,
    weights: Option<&[f64]>,
    cap: Option<f64>,
) -> Result<(), CliError> {
    if let Some(weights) = weights {
        let [alpha, beta, gamma] = *weights else {
            let reason = format!("--weights needs three numbers, has {}", weights.len());
            return Err(CliError::new(Exit::Usage, reason));
        };
        (instance.weights.alpha, instance.weights.beta) = (alpha, beta);
        instance.weights.gamma = gamma;
    }
    if let Some(cap) = cap {
        super::questions::positive("--cap", cap)?;
        instance.side_constraints.carbon_cap_kg = Some(cap);
    }
    Ok(())
}

/// Writes the certificate of a solution.
pub(super) fn write(
    path: &Path,
    instance: &Instance,
    solution: &Solution,
    seed: u64,
    limit: &WorkLimit,
) -> Result<(), CliError> {
    let text = certificate(instance, solution, seed, limit).ok_or_else(|| {
        CliError::new(Exit::No, "there is no certificate, since no plan meets all rules")
    })?;
    std::fs::write(path, text).map_err(|error| {
        CliError::new(Exit::Usage, format!("{} cannot be written: {error}", path.display()))
    })
}

/// Checks a certificate and says what was found.
pub(super) fn verify(
    path: &Path,
    instance: &Instance,
    context: &Context,
) -> Result<Exit, CliError> {
    let found = verify_text(&read_text(path)?, instance).map_err(|error| {
        CliError::new(Exit::No, format!("{} does not hold: {error}", path.display()))
    })?;
    if context.json {
        print_json(&found)?;
    } else {
        println!(
            "{}: holds. FV {:.6}, bound {:.6}: gap {}, of the possible gain {}",
            found.instance,
            found.fv,
            found.upper_bound,
            figure::percent(found.gap),
            figure::percent(found.gain_gap)
        );
        let same = if found.code_sha256 == CODE_SHA256 { "as here" } else { "others than here" };
        if !found.code_sha256.is_empty() {
            println!("  made by planner sources {}, {same}", found.code_sha256);
        }
    }
    Ok(Exit::Done)
}
