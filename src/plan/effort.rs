//! One budget of work for several searches, in equal parts.

use super::instance::Instance;
use super::solve::{Limit, PlanError, Solution, SolveOptions, Status, solve};
use crate::said;
use crate::said::Said;

/// How much work a question may take that needs several plans.
#[derive(Clone, Copy)]
pub struct Effort<'a> {
    /// Seed of every search.
    pub seed: u64,
    /// Work of each search, or the share of the time that is gone for all of them.
    pub limit: Limit<'a>,
    /// Told which search begins and the best FV in it.
    pub progress: &'a (dyn Fn(&Said, Option<f64>) + Sync),
}

impl Effort<'_> {
    /// Plans as the `part`-th of `parts` searches.
    ///
    /// # Errors
    ///
    /// [`PlanError`].
    pub(super) fn plan(
        &self,
        instance: &Instance,
        what: impl Into<Said>,
        (part, parts): (usize, usize),
    ) -> Result<Solution, PlanError> {
        let parts = parts.max(1) as f64;
        let begin = (part as f64 / parts).min(1.0);
        let own = |gone: f64| ((gone - begin) * parts).max(0.0);
        let of_this = || match self.limit {
            Limit::Share(share) => own(share()),
            Limit::Work { .. } => 0.0,
        };
        let limit = match self.limit {
            Limit::Share(_) => Limit::Share(&of_this),
            work => work,
        };
        let what = what.into();
        let progress = |stage: &Said, best: Option<f64>| {
            let said = said!("plan.stage.of", "{what}: {stage}", what = what, stage = stage);
            (self.progress)(&said, best);
        };
        let options =
            SolveOptions { seed: self.seed, limit, genetic_only: false, progress: &progress };
        solve(instance, &options)
    }
}

/// Whether a search ended with a plan that meets every rule.
pub(super) fn is_good(solution: &Solution) -> bool {
    matches!(solution.status, Status::Optimal | Status::Feasible) && solution.evaluation.feasible
}
