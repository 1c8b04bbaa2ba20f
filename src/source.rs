//! Sources: SAP and the energy management system turned into facts. The only place, with `post`,
//! that knows what SAP's fields mean to us.

pub mod ems;

pub mod grid;

pub mod readings_file;

pub mod sap;

pub mod sheet_file;

use crate::said;
use crate::said::Said;
use crate::sap::error::SapError;
use crate::words_by_said;

/// Why facts could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// SAP did not answer, or refused.
    Sap(#[from] SapError),
    /// A reading task ended before it was done.
    Interrupted,
}

impl SourceError {
    /// What happened, with what it is made of.
    pub fn said(&self) -> Said {
        match self {
            Self::Sap(error) => error.said(),
            Self::Interrupted => {
                said!("source.interrupted", "reading SAP was interrupted; nothing was kept")
            }
        }
    }
}

words_by_said!(SourceError);
