//! The work itself: read, plan, post, take back. Each piece runs on its thread and tells how far it
//! is.

mod desk;
mod draft;
mod planning;
mod posting;
mod reading;

use std::time::Instant;

use super::job::Running;
use super::plant::Plant;
use super::problem::Problem;

pub(super) use desk::with_books;
pub use desk::{look, reopen};
pub use draft::{Accepted, Subject, month};
pub use planning::{PlanWish, plan};
pub use posting::{
    Standing, What, approve, ask, change_set, is_moving, post, role_of, simulate, undo,
};
pub use reading::{collect, keep_footprints, show_last};

fn ended<T>(
    plant: &Plant,
    job: &Running,
    kind: &str,
    result: &Result<T, Problem>,
    began: Instant,
    name: impl FnOnce(&T) -> Option<String>,
) {
    if let Err(problem) = result {
        tracing::warn!(job = job.id, kind, code = problem.code, "{}", problem.detail);
    }
    plant.meters.ended(kind, result.is_ok(), began.elapsed().as_secs_f64());
    job.end(result, name);
}
