//! Planners in SAP, over the companion package: they are shown rows, and asked what they want.

use super::{CycleError, Installation};
use crate::sap::bapi::planning;
pub use crate::sap::bapi::planning::{PlanRow, PlanState, PlannerRequest, RequestAnswer, Wanted};
use crate::sap::rfc::RfcClient;

/// Rows of one call.
const ROWS_MAX: usize = 500;

/// The way to planners in SAP.
#[derive(Clone, Debug)]
pub struct Planners {
    rfc: RfcClient,
}

impl Planners {
    /// Those of an installation.
    ///
    /// # Errors
    ///
    /// [`CycleError::Secret`] if SAP's secret cannot be had.
    pub fn of(installation: &Installation) -> Result<Self, CycleError> {
        Ok(Self { rfc: installation.connections()?.rfc.clone() })
    }

    /// Shows them rows; which of them SAP has is told one call after the other.
    ///
    /// # Errors
    ///
    /// [`CycleError::Sap`]; the rows that were not told are not shown.
    pub async fn show(
        &self,
        rows: &[PlanRow],
        mut told: impl FnMut(&[PlanRow]),
    ) -> Result<(), CycleError> {
        for some in rows.chunks(ROWS_MAX) {
            let reply = self.rfc.call(&planning::publish(some)?).await?;
            planning::published(self.rfc.system(), &reply)?;
            told(some);
        }
        Ok(())
    }

    /// Answers requests, and gets those that are open, the oldest first. An answer that SAP has
    /// already changes nothing.
    ///
    /// # Errors
    ///
    /// [`CycleError::Sap`]; SAP may or may not have the answers then.
    pub async fn exchange(
        &self,
        answers: &[RequestAnswer],
    ) -> Result<Vec<PlannerRequest>, CycleError> {
        let reply = self.rfc.call(&planning::requests(answers)).await?;
        Ok(planning::open(self.rfc.system(), &reply)?)
    }
}

/// Whether the companion package is not there.
pub fn is_absent(error: &CycleError) -> bool {
    matches!(error, CycleError::Sap(error) if error.says_no_such_function())
}
