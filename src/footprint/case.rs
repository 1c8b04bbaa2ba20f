//! A product system as one JSON document: nodes with bills of material, routings, co-products and
//! emission lines, so that results can be compared with those of other tools.
//!
//! ```text
//! text -> form (strict) -> build (every name and number checked) -> product system -> expected form
//! ```

mod build;
mod error;
mod form;
mod place;
mod result;

pub use error::{CaseError, CaseProblem};
pub use result::CaseResult;

use build::Build;
use form::Form;

/// Reads a case and solves it: the footprint of every node per unit.
///
/// # Errors
///
/// [`CaseError`]: what is wrong, at which object.
///
/// # Source
///
/// ISO 14067:2018, 6.3 and 6.4, for the inventory of a product system and its allocation; the
/// solution as [`super::system::ProductSystem::solve`].
pub fn solve(text: &str) -> Result<CaseResult, CaseError> {
    let form = Form::read(text)?;
    let mut build = Build::of(&form)?;
    let system = build.system()?;
    let order = system.condensed();
    let own = build.take_own();
    let solved = system.solve(&order, own).map_err(|error| build.of_system(&error))?;
    let credited = build.credited(&system, &order);
    Ok(CaseResult::new(&form, &build, &solved, &credited))
}
