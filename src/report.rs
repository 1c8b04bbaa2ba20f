//! The monthly greenhouse gas report: what an inventory has to tell, as tables and words, and from them
//! a PDF for archives and a workbook for those who go on with the numbers.
//!
//! ```text
//! Sources -> compose -> Report -> pdf, workbook, json
//! ```

mod content;
mod font;
mod layout;
mod pdf;
pub mod table;
mod workbook;

use jiff::Timestamp;
use serde::Serialize;

use crate::cycle::{
    CycleError, Facts, Installation, Posted, footprints, metered_months, organisation, with_runs,
};
use crate::period::PostingPeriod;
use crate::present::sheet::Sheet;
use crate::said;

pub use content::{Sources, compose};
pub use font::FontError;
pub use pdf::{PdfError, pdf};
pub use workbook::workbook;

/// A report: the same content in every form.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Title.
    pub title: String,
    /// Month, as 2018-09.
    pub period: String,
    /// What it is about and rests on: name and value.
    pub about: Vec<(String, String)>,
    /// Its parts.
    pub sections: Vec<Section>,
    /// What stands at the foot of each page.
    pub foot: String,
    /// When it was made, RFC 3339.
    pub made: String,
}

/// A part of a report.
#[derive(Clone, Debug, Serialize)]
pub struct Section {
    /// Heading.
    pub heading: String,
    /// Words before the table.
    pub words: Vec<String>,
    /// The table, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<Sheet>,
}

impl Section {
    fn new(heading: &str, words: &[String], table: Option<Sheet>) -> Self {
        Self { heading: heading.to_owned(), words: words.to_vec(), table }
    }
}

/// The report of a month, the last that is metered whole if none is named, from facts and what was
/// posted of emissions.
///
/// # Errors
///
/// [`CycleError`] if the month cannot be judged, or a posting is not in the store.
pub fn of_month(
    installation: &Installation,
    (facts_key, facts): (&str, &Facts),
    period: Option<PostingPeriod>,
    carbon: &[Posted],
    now: Timestamp,
) -> Result<Report, CycleError> {
    let config = &installation.config;
    let judged = installation.judge(facts, period)?;
    let products = footprints(facts, &judged, config)?;
    let months = metered_months(&judged, &config.zone);
    let months: Vec<PostingPeriod> =
        months.into_iter().filter(|month| *month <= judged.period).collect();
    if !months.contains(&judged.period) {
        return Err(CycleError::Incomplete(said!(
            "report.not-covered",
            "the main meter does not cover {month} whole; there is no report of it yet",
            month = judged.period
        )));
    }
    let organisation = organisation(facts, config, &months, now)?;
    let postings = with_runs(&installation.store, carbon)?;
    Ok(compose(&Sources {
        config,
        facts_key,
        read_at: facts.read_at,
        judged: &judged,
        products: &products,
        organisation: &organisation,
        postings: &postings,
        now,
    }))
}
