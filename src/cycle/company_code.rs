//! Whether SAP knows the company code of the settings: asked before anything is read for it.

use std::path::Path;

use super::{Connections, CycleError};
use crate::config::{Config, file};
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
    config: &Config,
    connections: &Connections,
) -> Result<CompanyCodeFound, SapError> {
    let code = config.settings.plant.company_code.as_str();
    let of_code = Filter::eq("CompanyCode", code);
    let odata = &connections.odata;
    if odata.may_read(JOURNAL_ITEMS, "A_JournalEntryItemBasic", Some(&of_code)).await? > 0 {
        return Ok(CompanyCodeFound::HasEntries);
    }
    let query = TableQuery::of("T001", &["BUKRS"]).with(Condition::equal("BUKRS", code));
    let unpublished = config.settings.sap.allow_rfc_read_table;
    Ok(match table::read(&connections.rfc, unpublished, &query).await {
        Ok((rows, _)) if rows.is_empty() => CompanyCodeFound::Unknown,
        Ok(_) => CompanyCodeFound::InTable,
        Err(error) => CompanyCodeFound::Unproven(error),
    })
}

/// Refuses to go on with a company code that SAP does not know. What cannot be proven is told in the
/// log and refuses nothing: FI does, when a document is checked.
///
/// # Errors
///
/// [`CycleError::Config`] at the line of the settings.
pub(super) async fn refuse_unknown(
    config: &Config,
    settings: &Path,
    connections: &Connections,
) -> Result<(), CycleError> {
    let (code, system) = (&config.settings.plant.company_code, &config.settings.sap.system);
    match company_code(config, connections).await {
        Ok(CompanyCodeFound::Unknown) => {
            let reason = format!("CFG-BUKRS: company code {code} does not exist in {system}");
            Err(file::at_key(settings, "plant.company_code", reason).into())
        }
        Ok(CompanyCodeFound::Unproven(error)) => {
            tracing::info!(%code, %error, "no entry and no table shows that the company code exists");
            Ok(())
        }
        Ok(_) => Ok(()),
        Err(error) => {
            tracing::info!(%code, %error, "the company code was not looked up");
            Ok(())
        }
    }
}
