//! What the pages show of the last facts: judged once when the facts come, then only looked at.

use jiff::Timestamp;

use super::problem::Problem;
use crate::cycle::{
    Facts, Installation, Judged, OrganisationReport, footprints, metered_months, organisation,
};
use crate::footprint::ProductFootprint;

/// The facts of a plant with everything that was made of them.
pub struct View {
    /// Key of the facts snapshot.
    pub facts_key: String,
    /// The facts.
    pub facts: Facts,
    /// Readings, findings, attribution and inventory of the last month that is metered whole.
    pub judged: Judged,
    /// Footprints of finished products.
    pub products: Vec<ProductFootprint>,
    /// Months of the quarter of that month, and budgets.
    pub organisation: OrganisationReport,
    /// When it was made.
    pub made: Timestamp,
}

impl View {
    /// Judges facts and takes the inventory of every month that is metered whole.
    ///
    /// # Errors
    ///
    /// [`Problem`] naming the reading, factor or master datum that is missing.
    pub fn of(
        facts_key: String,
        facts: Facts,
        installation: &Installation,
    ) -> Result<Self, Problem> {
        let config = &installation.config;
        let judged = installation.judge(&facts, None)?;
        let products = footprints(&facts, &judged, config)?;
        let months = metered_months(&judged, &config.zone);
        let now = Timestamp::now();
        let organisation = organisation(&facts, config, &months, now)?;
        Ok(Self { facts_key, facts, judged, products, organisation, made: now })
    }
}
