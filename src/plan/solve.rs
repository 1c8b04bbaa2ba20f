//! The planner: exact where the problem is small, else a proven bound and annealing.

mod early;

use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use super::anneal::{Begin, anneal};
use super::baseline::{as_far_as_it_fits, with_baseline};
use super::bound::blocks::tree::{self, Cases};
use super::bound::{Bound, blocks, bound, packing};
use super::budget;
use super::column::{Columns, Unplannable};
use super::evaluate::{Evaluation, evaluate};
use super::exact::{self, Exact};
use super::genetic;
use super::instance::{Instance, InstanceError};
use super::round;
use super::schedule::Schedule;
use super::selection::Selection;
use crate::said;
use crate::said::{List, Said};
use crate::words_by_said;

/// Nodes of the exact search before it gives up.
pub(super) const EXACT_NODES: u64 = 3_000_000;
/// Steps of the bound, and those of problems with many orders, where the last few gain less than the search
/// does in their time.
const BOUND_STEPS: usize = 400;
const BOUND_STEPS_MANY: usize = 200;
const MANY_ORDERS: usize = 1_000;
/// Share of the time that is left for each bound.
const BOUND_SHARE: f64 = 0.3;
/// Most steps of the bound by packing, moves of the search for each, and fewest that are any use.
const PACKING_STEPS: u64 = 4_000;
const MOVES_FOR_A_STEP: u64 = 2_000;
const PACKING_STEPS_LEAST: u64 = 200;
/// The same for the bound by blocks, of which a look tells more and costs more.
const BLOCK_LOOKS: u64 = 300;
const MOVES_FOR_A_LOOK: u64 = 10_000;
const BLOCK_LOOKS_LEAST: u64 = 20;
/// The same for the bound by homes, with its share of the time that is left; the plan that it names has as
/// much again.
const HOME_LOOKS: u64 = 24;
const MOVES_FOR_A_HOME_LOOK: u64 = 20_000;
const HOME_LOOKS_LEAST: u64 = 8;
const HOME_SHARE: f64 = 0.15;
/// Overload and missed policies, for each order, of a start that the search soon repairs.
const REPAIRED_MOST: f64 = 0.002;
/// Moves for each order within which the search mends it.
const MENDED_BY: f64 = 1_500.0;
/// Where the bound by blocks took less than this share of the time, the search has this share of the
/// rest, and the other one goes to bounds of cases.
const BLOCKS_FAST: f64 = 0.3;
const SEARCH_SHARE: f64 = 0.35;
/// The same where there are no set-ups, and dives find what annealing does not.
const SEARCH_SHARE_TIGHT: f64 = 0.1;
/// The same where there are so many columns that the cases which fit into the time prove little.
const SEARCH_SHARE_TIGHT_MANY: f64 = 0.9;
const TIGHT_MANY: usize = 4_000;
/// Moves of the search for each split of cases, fewest splits that are any use, and most.
const MOVES_FOR_A_SPLIT: u64 = 50_000;
const SPLITS_LEAST: u64 = 10;
const SPLITS: u64 = 2_000;
/// What two values of FV may differ by and be the same.
pub(super) const SAME_FV: f64 = 1e-6;
/// Prices of larger problems do not settle in the time of a search, and there packing gains little.
const PACKED_MOST: usize = 8_000;

/// How much work is done.
#[derive(Clone, Copy)]
pub enum Limit<'a> {
    /// Generations of AW-MOGA and moves of each annealing island: the same plan on any machine.
    Work {
        /// Generations.
        generations: usize,
        /// Moves.
        moves: u64,
    },
    /// Until the share of the time that is gone, as the caller measures it, reaches one.
    Share(&'a (dyn Fn() -> f64 + Sync)),
}

/// What a search is told.
pub struct SolveOptions<'a> {
    /// Seed.
    pub seed: u64,
    /// How much work.
    pub limit: Limit<'a>,
    /// Only the published AW-MOGA, without bound and annealing beyond it.
    pub genetic_only: bool,
    /// Told what is done and the best FV so far.
    pub progress: &'a (dyn Fn(&Said, Option<f64>) + Sync),
}

/// How a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// No plan is better, proven.
    Optimal,
    /// There is no plan that meets all rules, proven.
    Infeasible,
    /// The best plan found, with a proven bound.
    Feasible,
    /// No plan that meets all rules was found; one that misses them is given.
    NoneFound,
}

/// What stands behind an upper bound.
#[derive(Clone, Debug, PartialEq)]
pub enum Proof {
    /// Every plan was looked at.
    Exhaustive,
    /// Multipliers of the Lagrangian, row by row.
    Multipliers(Vec<f32>),
    /// Prices at which work centers are packed, and multipliers of the rows of the whole plan.
    Packing(Vec<f32>),
    /// Prices of the orders at which blocks of work centers are packed, and multipliers of the rows of
    /// the whole plan.
    Blocks(Vec<f32>),
    /// Prices of the orders at which each work center is packed with what is at home there.
    Homes(Homes),
    /// The same as by blocks for each of several cases, in one of which every plan is.
    Cases(Cases),
}

/// A proof by homes.
#[derive(Clone, Debug, PartialEq)]
pub struct Homes {
    /// What each order pays, then the multiplier of each row that has a price.
    pub prices: Vec<f32>,
    /// Multipliers of the linear relaxation, row by row: they prove less, and price every limit.
    pub linear: Vec<f32>,
}

/// A plan with what it is worth.
#[derive(Clone, Debug)]
pub struct Solution {
    /// How the search ended.
    pub status: Status,
    /// The plan; one that breaks rules if none was found that does not.
    pub schedule: Schedule,
    /// What the oracle says of it.
    pub evaluation: Evaluation,
    /// No plan has a higher FV.
    pub upper_bound: f64,
    /// Why no plan has a higher FV.
    pub proof: Proof,
    /// Generations of AW-MOGA done.
    pub generations: usize,
    /// The baseline plan, without orders that do not fit in it.
    pub baseline: Schedule,
    /// What the oracle says of the baseline plan.
    pub baseline_evaluation: Evaluation,
    /// The instance with its baseline figures.
    pub instance: Instance,
}

/// Why there is no plan at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The instance makes no sense.
    Instance(#[from] InstanceError),
    /// Orders that no version, bucket and mode serves.
    Unplannable(Vec<Unplannable>),
    /// The baseline does not fit, so nothing can be compared.
    NoBaseline,
}

impl PlanError {
    /// What happened, with what it is made of.
    pub fn said(&self) -> Said {
        match self {
            Self::Instance(error) => error.said(),
            Self::Unplannable(orders) => said!(
                "planner.unplannable",
                "{count} orders cannot be planned: {orders}",
                count = orders.len(),
                orders =
                    List::from_iter(orders.iter().map(|u| format!("{} ({})", u.order, u.reason)))
            ),
            Self::NoBaseline => said!(
                "planner.no-baseline",
                "the baseline plan MRP-EDD-FF/1 does not fit the capacities, so there is nothing to compare \
                 with; give the instance a baseline or more capacity"
            ),
        }
    }
}

words_by_said!(PlanError);

/// Gap and gain gap of the model's section 5.
pub fn gaps(upper_bound: f64, fv: f64, gamma: f64) -> (f64, f64) {
    let share = |whole: f64| if whole > 0.0 { (upper_bound - fv).max(0.0) / whole } else { 0.0 };
    (share(upper_bound), share(upper_bound - gamma))
}

/// Plans an instance.
///
/// Small problems are solved exactly. Others get a bound by the Lagrangian dual, then annealing over
/// the columns with the least reduced cost. With `genetic_only` it is AW-MOGA as published
/// (population 200), by generations or until the time is gone. No order is dropped: where no plan
/// meets all rules, the one that misses least is given with its violations.
///
/// # Errors
///
/// [`PlanError`].
pub fn solve(instance: &Instance, options: &SolveOptions<'_>) -> Result<Solution, PlanError> {
    instance.check()?;
    let compared = with_baseline(instance).ok_or_else(|| no_baseline(instance))?;
    let figures = compared.baseline.as_ref().map(|b| (b.c0_kg, b.co0, b.d0));
    let (c0, co0, d0) = figures.ok_or(PlanError::NoBaseline)?;
    let columns = Columns::compile(&compared, (c0, co0, d0), all_modes(instance))
        .map_err(PlanError::Unplannable)?;
    // The file's figures are what is compared with, whether or not today's rule finds a plan.
    let baseline = as_far_as_it_fits(&compared);
    let found = Search { columns: &columns, options }.run(&baseline);
    let mut selection = Selection::of(&columns, &found.chosen);
    let purchases = selection.purchases();
    let schedule = columns.schedule(&found.chosen, &purchases);
    let evaluation = evaluate(&compared, &schedule);
    let baseline_evaluation = evaluate(&compared, &baseline);
    let status = match found.status {
        Status::Feasible | Status::Optimal if !evaluation.feasible => Status::NoneFound,
        status => status,
    };
    Ok(Solution {
        status,
        schedule,
        evaluation,
        upper_bound: found.upper_bound,
        proof: found.proof,
        generations: found.generations,
        baseline,
        baseline_evaluation,
        instance: compared.clone(),
    })
}

/// Whether the mode of transport is a choice of its own: with a carbon cap or a floor of punctuality
/// the mode of least value need not be the best.
pub(super) fn all_modes(instance: &Instance) -> bool {
    let policy = &instance.side_constraints;
    policy.carbon_cap_kg.is_some() || policy.min_punctuality.is_some()
}

/// Why there is no baseline: orders that nothing serves are said by name, before any search.
fn no_baseline(instance: &Instance) -> PlanError {
    match Columns::compile(instance, (1.0, 1.0, 1.0), true) {
        Err(unplannable) => PlanError::Unplannable(unplannable),
        Ok(_) => PlanError::NoBaseline,
    }
}

struct Search<'s, 'b> {
    columns: &'s Columns<'b>,
    options: &'s SolveOptions<'s>,
}

/// A bound, what proves it, and columns that its prices name.
struct Stronger {
    upper_bound: f64,
    proof: Proof,
    found: Option<Vec<Option<usize>>>,
}

struct Found {
    chosen: Vec<usize>,
    status: Status,
    upper_bound: f64,
    proof: Proof,
    generations: usize,
}

impl Search<'_, '_> {
    fn fv(&self, value: f64) -> f64 {
        self.columns.alpha + self.columns.beta - value
    }

    /// The share of the time that is gone; zero while work is what counts.
    fn gone(&self) -> f64 {
        match self.options.limit {
            Limit::Share(share) => share(),
            Limit::Work { .. } => 0.0,
        }
    }

    fn run(&self, baseline: &Schedule) -> Found {
        let columns = self.columns;
        let tell = |what: &Said, value: Option<f64>| {
            (self.options.progress)(what, value.map(|value| self.fv(value)));
        };
        tell(&said!("plan.stage.first", "first plan"), None);
        let of_each = (baseline.assignments.iter().enumerate())
            .map(|(order, assignment)| columns.find(order, assignment));
        let is_whole = baseline.assignments.len() == columns.orders();
        let start: Option<Vec<usize>> = is_whole.then(|| of_each.collect()).flatten();
        if !self.options.genetic_only {
            let sizes = (0..columns.orders()).map(|o| columns.start[o + 1] - columns.start[o]);
            let leaves: f64 = sizes.map(|size| size as f64).product();
            if leaves < 1e12 {
                tell(&said!("plan.stage.exact", "exact search"), None);
                match exact::solve(columns, EXACT_NODES, &|| self.gone() >= 0.5) {
                    Exact::Optimal(chosen, value) => {
                        let upper_bound = self.fv(value);
                        return Found {
                            chosen,
                            status: Status::Optimal,
                            upper_bound,
                            proof: Proof::Exhaustive,
                            generations: 0,
                        };
                    }
                    Exact::Infeasible => {
                        let none = || false;
                        let found = genetic::search(
                            columns,
                            self.options.seed,
                            10,
                            start.as_deref(),
                            &none,
                            &|_, _| {},
                        );
                        let proven = bound(columns, self.bound_steps(), &|| self.gone());
                        return Found {
                            chosen: found.least_missed,
                            status: Status::Infeasible,
                            upper_bound: proven.upper_bound,
                            proof: Proof::Multipliers(proven.multipliers),
                            generations: found.generations,
                        };
                    }
                    Exact::TooLarge => {}
                }
            }
        }
        if self.options.genetic_only {
            return self.genetic(start.as_deref(), &tell);
        }
        let mut best: Option<(Vec<usize>, f64)> = None;
        let mut begin: Option<(Vec<usize>, f64)> = None;
        let mut selection = Selection::empty(columns);
        for chosen in start.into_iter().chain([genetic::first(columns, self.options.seed)]) {
            selection.set(&chosen);
            let worth = selection.worth();
            if worth.feasible() && best.as_ref().is_none_or(|(_, known)| worth.value < *known) {
                best = Some((chosen.clone(), worth.value));
            }
            let missed = worth.overload + worth.policy;
            if begin.as_ref().is_none_or(|(_, known)| missed < *known) {
                begin = Some((chosen, missed));
            }
        }
        let least_missed = begin.map(|(chosen, _)| chosen).unwrap_or_default();
        let begin = best.as_ref().map_or(&least_missed, |(chosen, _)| chosen).clone();
        tell(&said!("plan.stage.first", "first plan"), best.as_ref().map(|(_, value)| *value));
        let from = self.gone();
        let early = self.early(&begin);
        let (early_moves, early_took) = (self.early_moves(), (self.gone() - from).max(1e-6));
        let begin = match early {
            Some((chosen, value)) if best.as_ref().is_none_or(|(_, known)| value < *known) => {
                best = Some((chosen.clone(), value));
                chosen
            }
            _ => begin,
        };
        tell(&said!("plan.stage.bound", "bound"), best.as_ref().map(|(_, value)| *value));
        let from = self.gone();
        let proven = bound(columns, self.bound_steps(), &self.share_from(from, BOUND_SHARE));
        // A bound that no choice of columns reaches proves that none keeps the rules.
        if best.is_none() && proven.upper_bound < self.fv(columns.most_value()) - SAME_FV {
            return Found {
                chosen: least_missed,
                status: Status::Infeasible,
                upper_bound: proven.upper_bound,
                proof: Proof::Multipliers(proven.multipliers),
                generations: 0,
            };
        }
        let before = self.gone();
        let Stronger { mut upper_bound, mut proof, found } = self.strengthen(&proven);
        let from = self.gone();
        let splits = match self.options.limit {
            Limit::Work { moves, .. } => SPLITS.min(moves / MOVES_FOR_A_SPLIT),
            Limit::Share(_) if from - before < BLOCKS_FAST * (1.0 - before) => SPLITS,
            Limit::Share(_) => 0,
        };
        let branches = matches!(proof, Proof::Blocks(_)) && splits >= SPLITS_LEAST;
        let searched = match branches {
            true if columns.setup.is_empty() && columns.len() > TIGHT_MANY => {
                SEARCH_SHARE_TIGHT_MANY
            }
            true if columns.setup.is_empty() => SEARCH_SHARE_TIGHT,
            true => SEARCH_SHARE,
            false => 1.0,
        };
        let used = |moves: u64| match self.options.limit {
            Limit::Work { moves: limit, .. } => moves as f64 / limit.max(1) as f64,
            // Somebody may have stopped it before this part began.
            Limit::Share(share) if share() >= 1.0 => 1.0,
            Limit::Share(share) => (share() - from) / (searched * (1.0 - from)).max(1e-6),
        };
        tell(&said!("plan.stage.annealing", "annealing"), best.as_ref().map(|(_, value)| *value));
        let (seed, reduced_cost) = (self.options.seed, &proven.reduced_cost);
        let moves_left = match self.options.limit {
            Limit::Work { moves, .. } => moves as f64,
            Limit::Share(_) => (1.0 - self.gone()) * early_moves / early_took,
        };
        let named = found.map(|found| round::complete(columns, &found, reduced_cost));
        let named = named.filter(|chosen| {
            selection.set(chosen);
            let worth = selection.worth();
            let orders = columns.orders() as f64;
            let is_mended = moves_left * searched >= MENDED_BY * orders;
            let missed = worth.overload + worth.policy;
            worth.feasible() || is_mended && missed <= REPAIRED_MOST * orders
        });
        // Of few orders with set-ups a search from high temperatures finds better plans.
        let priced =
            named.is_some() && (columns.setup.is_empty() || !matches!(proof, Proof::Blocks(_)));
        let begin = named.unwrap_or(begin);
        let begin = budget::begin_within(columns, reduced_cost, &begin, seed, &used);
        let known = Mutex::new(best.as_ref().map_or(f64::INFINITY, |(_, value)| *value));
        let found_better = |value: f64| {
            let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
            if value < *known {
                *known = value;
                let fv = self.fv(value);
                let (gap, gain_gap) = gaps(upper_bound, fv, columns.gamma);
                let (gap, gain_gap) = (100.0 * gap, 100.0 * gain_gap);
                let what = said!(
                    "plan.stage.gap",
                    "annealing, gap {gap:.2} %, of the possible gain {gain:.1} %",
                    gap = gap,
                    gain = gain_gap
                );
                (self.options.progress)(&what, Some(fv));
            }
        };
        let begin = Begin { columns: &begin, priced };
        let found = anneal(columns, reduced_cost, begin, seed, &used, &found_better);
        if let Some((chosen, value)) = found
            && best.as_ref().is_none_or(|(_, known)| value < *known)
        {
            best = Some((chosen, value));
        }
        if branches
            && let Some((_, value)) = best
            && let Proof::Blocks(prices) = &proof
        {
            tell(&said!("plan.stage.cases", "cases"), Some(value));
            let gone = || self.gone();
            if let Some(found) = tree::branch(columns, prices, value, splits as usize, &gone) {
                best = found.better.or(best);
                if found.upper_bound < upper_bound {
                    upper_bound = found.upper_bound;
                    proof = Proof::Cases(found.cases);
                }
            }
        }
        tell(&said!("plan.stage.done", "done"), best.as_ref().map(|(_, value)| *value));
        let (chosen, status) = match best {
            Some((chosen, value)) if upper_bound - self.fv(value) <= SAME_FV => {
                (chosen, Status::Optimal)
            }
            Some((chosen, _)) => (chosen, Status::Feasible),
            None => (least_missed, Status::NoneFound),
        };
        Found { chosen, status, upper_bound, proof, generations: 0 }
    }

    fn bound_steps(&self) -> usize {
        if self.columns.orders() > MANY_ORDERS { BOUND_STEPS_MANY } else { BOUND_STEPS }
    }

    /// How much is gone of a share of the time that was left at `from`.
    fn share_from(&self, from: f64, share: f64) -> impl Fn() -> f64 + '_ {
        move || match self.gone() {
            gone if gone >= 1.0 => 1.0,
            gone => (gone - from) / (share * (1.0 - from)).max(1e-9),
        }
    }

    /// The bound by blocks, by packing or by homes where it is nearer, else that of the linear relaxation.
    fn strengthen(&self, proven: &Bound) -> Stronger {
        let work = |most: u64, moves_for_one: u64, least: u64| {
            let steps = match self.options.limit {
                Limit::Work { moves, .. } => most.min(moves / moves_for_one),
                Limit::Share(_) => most,
            };
            (steps >= least).then_some(steps as usize)
        };
        let (columns, from) = (self.columns, self.gone());
        let mut best = Stronger {
            upper_bound: proven.upper_bound,
            proof: Proof::Multipliers(proven.multipliers.clone()),
            found: None,
        };
        if packing::size(columns) > PACKED_MOST {
            let gone = self.share_from(from, HOME_SHARE);
            let gone_with_plan = self.share_from(from, 2.0 * HOME_SHARE);
            let looks = work(HOME_LOOKS, MOVES_FOR_A_HOME_LOOK, HOME_LOOKS_LEAST);
            let kind = blocks::Kind::Homes;
            let found = looks.and_then(|looks| {
                blocks::strengthen(columns, kind, proven, looks, &gone, &gone_with_plan)
            });
            if let Some(found) = found {
                best.found = found.plan;
                if found.upper_bound < best.upper_bound {
                    let linear = proven.multipliers.clone();
                    best.upper_bound = found.upper_bound;
                    best.proof = Proof::Homes(Homes { prices: found.prices, linear });
                }
            }
            return best;
        }
        let gone = self.share_from(from, BOUND_SHARE);
        let gone_with_plan = self.share_from(from, 2.0 * BOUND_SHARE);
        if let Some(looks) = work(BLOCK_LOOKS, MOVES_FOR_A_LOOK, BLOCK_LOOKS_LEAST)
            && let Some(found) = blocks::strengthen(
                columns,
                blocks::Kind::Blocks,
                proven,
                looks,
                &gone,
                &gone_with_plan,
            )
        {
            best.found = found.plan;
            if found.upper_bound < best.upper_bound {
                best.upper_bound = found.upper_bound;
                best.proof = Proof::Blocks(found.prices);
            }
        } else if let Some(steps) = work(PACKING_STEPS, MOVES_FOR_A_STEP, PACKING_STEPS_LEAST) {
            let found = packing::strengthen(columns, proven, steps, &gone);
            if found.upper_bound < best.upper_bound {
                best.upper_bound = found.upper_bound;
                best.proof = Proof::Packing(found.prices);
            }
        }
        best
    }

    /// The published search alone, with the bound beside it.
    fn genetic(&self, start: Option<&[usize]>, tell: &dyn Fn(&Said, Option<f64>)) -> Found {
        let columns = self.columns;
        let (generations, until) = match self.options.limit {
            Limit::Work { generations, .. } => (generations, 1.0),
            Limit::Share(_) => (usize::MAX, 0.95),
        };
        let tell_generation = |generation: usize, value: Option<f64>| {
            let fv = value.map(|value| self.fv(value));
            let what = said!(
                "plan.stage.generation",
                "AW-MOGA generation {generation}",
                generation = generation
            );
            (self.options.progress)(&what, fv);
        };
        let found = genetic::search(
            columns,
            self.options.seed,
            generations,
            start,
            &|| self.gone() >= until,
            &tell_generation,
        );
        tell(&said!("plan.stage.bound", "bound"), found.feasible.as_ref().map(|(_, value)| *value));
        let proven = bound(columns, self.bound_steps(), &|| self.gone());
        let (chosen, status) = match found.feasible {
            Some((chosen, _)) => (chosen, Status::Feasible),
            None => (found.least_missed, Status::NoneFound),
        };
        let generations = found.generations;
        let proof = Proof::Multipliers(proven.multipliers);
        Found { chosen, status, upper_bound: proven.upper_bound, proof, generations }
    }
}
