//! Sources: SAP and the energy management system turned into facts. The only place, with `post`,
//! that knows what SAP's fields mean to us.

pub mod ems;

pub mod grid;

pub mod readings_file;

pub mod sap;

pub mod sheet_file;

use crate::sap::error::SapError;

/// Why facts could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// SAP did not answer, or refused.
    #[error(transparent)]
    Sap(#[from] SapError),
    /// A reading task ended before it was done.
    #[error("reading SAP was interrupted; nothing was kept")]
    Interrupted,
}
