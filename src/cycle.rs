//! One cycle, start to finish: facts, check, footprint, plan, post.
//!
//! ```text
//! connect -> read_facts -> judge -> plan         -> plan_draft   -> Poster::apply
//!                              \-> posting_run  -> carbon_draft -> Poster::apply
//! ```
//! The first and the last touch the outside world; what lies between are functions of their
//! arguments, so a stored snapshot gives the same numbers again.

mod access;

mod carbon;

mod company_code;

mod correction;

mod decide;

mod explain;

mod facts;

mod footprint_snapshot;

mod installation;

mod judge;

mod key_figures;

mod organisation;

mod plan_budgets;

mod planners;

mod planning;

mod posted;

mod posting;

mod publication;

mod read;

mod replanning;

mod right_readings;

mod running_plan;

mod sound_plan;
mod stale_plan;

mod sync;

mod what_if;

pub use crate::source::sheet_file::{BYTES_MAX, ROWS_MAX, SheetFileError, SheetForm, read_sheet};
pub use carbon::{
    MediumEvidence, PostedLine, PostingRun, corrections_of, findings_of, media_of, posting_run,
};
pub use company_code::{CompanyCodeFound, company_code, company_codes};
pub use correction::{ChangedFactor, Corrects, Standing, correction_run, standing};
pub use decide::{DecideError, Decided, decide, finding_of, readings_of};
pub use explain::Explanation;
pub use facts::{Facts, FurnaceTemperatures, MeterReadings};
pub use footprint_snapshot::{FootprintSnapshot, ProductThen};
pub use installation::{Installation, Say, with_decisions};
pub use judge::{Judged, evidence, flows, footprints, judge, metered_months, order_footprint};
pub use organisation::{OrganisationReport, organisation};
pub use planners::{
    PlanRow, PlanState, PlannerRequest, Planners, RequestAnswer, Wanted, is_absent,
};
pub use planning::{PlanRecord, PlannedQuarter, plan, problem};
pub use posted::{Posted, is_carbon, posted, with_runs};
pub use posting::{
    Books, accept_improbable, accept_incomplete, carbon_draft, ledger_total, plan_draft, poster,
    settle_ledger,
};
pub use publication::{plan_name, publication};
pub use read::{
    Connections, connect, connect_to_look, ems_connection, fi_total, read_facts, reading,
};
pub use replanning::{Replan, Replanning, Trigger, triggers};
pub use right_readings::{Replaced, RightReadings, RowProblem, right_readings};
pub use running_plan::RunningPlan;
pub use sound_plan::sound_orders;
pub use sync::{SetReport, SharedMirror, SyncReport, Way, sync, tables};
pub use what_if::{Effect, last_quarter};

use crate::said::Said;
use crate::words_by_said;

/// Why a cycle stopped. Each stage says what happened and what was not done.
#[derive(Debug, thiserror::Error)]
pub enum CycleError {
    /// The settings or mappings are wrong.
    Config(#[from] crate::config::ConfigError),
    /// A secret could not be had.
    Secret(#[from] crate::config::secrets::SecretError),
    /// SAP did not do it.
    Sap(#[from] crate::sap::error::SapError),
    /// SAP could not be read.
    Source(#[from] crate::source::SourceError),
    /// The energy management system could not be read.
    Ems(#[from] crate::source::ems::EmsError),
    /// A published series could not be read.
    Grid(#[from] crate::source::grid::GridError),
    /// A footprint could not be given.
    Footprint(#[from] crate::footprint::FootprintError),
    /// No planning problem could be made.
    Problem(#[from] crate::plan::FromFactsError),
    /// The planner refused.
    Plan(#[from] crate::plan::PlanError),
    /// The store refused.
    Store(#[from] crate::store::StoreError),
    /// Posting stopped.
    Post(#[from] crate::post::PostError),
    /// There is not enough to go on.
    Incomplete(Said),
}

impl CycleError {
    /// What happened, with what it is made of.
    pub fn said(&self) -> Said {
        match self {
            Self::Config(error) => error.said(),
            Self::Secret(error) => error.said(),
            Self::Sap(error) => error.said(),
            Self::Source(error) => error.said(),
            Self::Ems(error) => error.said(),
            Self::Grid(error) => error.said(),
            Self::Footprint(error) => error.said(),
            Self::Problem(error) => error.said(),
            Self::Plan(error) => error.said(),
            Self::Store(error) => error.said(),
            Self::Post(error) => error.said(),
            Self::Incomplete(said) => said.clone(),
        }
    }
}

words_by_said!(CycleError);
