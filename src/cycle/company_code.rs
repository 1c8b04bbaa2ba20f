//! Whether SAP knows the company codes that carry the plant and that are posted to: asked before anything
//! is read for them.

use std::path::Path;

use super::{Connections, CycleError};
use crate::config::{Config, file};
use crate::id::CompanyCode;
use crate::sap::error::SapError;
use crate::sap::odata::Filter;
use crate::sap::table::{self, Condition, TableQuery};
use crate::source::sap::JOURNAL_ITEMS;

/// What SAP says of a company code.
#[derive(Debug)]
pub enum CompanyCodeFound {
    /// It has journal entries.
    HasEntries,
    /// It is in table T001.
    InTable,
    /// It is not in table T001.
    Unknown,
    /// It has no entry that the user may see, and T001 cannot be read.
    Unproven(SapError),
}

/// Asks for one journal entry, and where there is none for the row of T001.
///
/// # Errors
///
/// [`SapError`] if journal entries cannot be read.
pub async fn company_code(
    code: &CompanyCode,
    config: &Config,
    connections: &Connections,
) -> Result<CompanyCodeFound, SapError> {
    let of_code = Filter::eq("CompanyCode", code.as_str());
    let odata = &connections.odata;
    if odata.may_read(JOURNAL_ITEMS, "A_JournalEntryItemBasic", Some(&of_code)).await? > 0 {
        return Ok(CompanyCodeFound::HasEntries);
    }
    let query = TableQuery::of("T001", &["BUKRS"]).with(Condition::equal("BUKRS", code.as_str()));
    let unpublished = config.settings.sap.allow_rfc_read_table;
    Ok(match table::read(&connections.rfc, unpublished, &query).await {
        Ok((rows, _)) if rows.is_empty() => CompanyCodeFound::Unknown,
        Ok(_) => CompanyCodeFound::InTable,
        Err(error) => CompanyCodeFound::Unproven(error),
    })
}

/// The company code of the plant, then those of `mappings/accounts.toml`, each once.
pub fn company_codes(config: &Config) -> Vec<&CompanyCode> {
    let of_plant = &config.settings.plant.company_code;
    let others = config.accounts.company_codes().into_iter().filter(|code| *code != of_plant);
    std::iter::once(of_plant).chain(others).collect()
}

/// Refuses to go on with a company code that SAP does not know. What cannot be proven is told in the
/// log and refuses nothing: FI does, when a document is checked.
///
/// # Errors
///
/// [`CycleError::Config`] at the line of the settings, or of `mappings/accounts.toml`.
pub(super) async fn refuse_unknown(
    config: &Config,
    settings: &Path,
    connections: &Connections,
) -> Result<(), CycleError> {
    let system = &config.settings.sap.system;
    for code in company_codes(config) {
        match company_code(code, config, connections).await {
            Ok(CompanyCodeFound::Unknown) => {
                let reason = format!("CFG-BUKRS: company code {code} does not exist in {system}");
                let at = match *code == config.settings.plant.company_code {
                    true => file::at_key(settings, "plant.company_code", reason),
                    false => config.accounts.at_company_code(code, reason),
                };
                return Err(at.into());
            }
            Ok(CompanyCodeFound::Unproven(error)) => {
                tracing::info!(%code, %error, "no entry and no table shows that the company code exists");
            }
            Ok(CompanyCodeFound::HasEntries | CompanyCodeFound::InTable) => {}
            Err(error) => tracing::info!(%code, %error, "the company code was not looked up"),
        }
    }
    Ok(())
}
