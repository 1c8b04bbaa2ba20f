//! Cases: where the bound by blocks leaves a gap, the ways of an order are split in two, each case gets
//! a bound of its own, and no plan is better than the worst case allows.

use std::sync::Mutex;
use std::sync::PoisonError;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::block::Guide;
use super::bundle::Bundle;
use super::{Kind, Look, Model, ONE_BLOCK};
use crate::plan::column::Columns;
use crate::plan::selection::Selection;

/// Looks for a case, and for the whole, whose cuts the cases begin with.
const LOOKS: usize = 10;
const LOOKS_WHOLE: usize = 30;
/// Open cases that are split at a time; fixed, so that the result does not depend on the cores.
const BATCH: usize = 4;
/// A bound that is above the best plan by less than this is closed.
const CLOSED: f64 = 5e-7;
/// Batches between two dives for a plan.
const DIVE_EVERY: usize = 2;
/// Shares nearer than this to none or all are no reason to split.
const SPLIT: f64 = 1e-3;

/// A proof by cases: first those of the first side of a split, then the others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cases {
    /// Prices of the whole, which guide the packings of all cases.
    whole: Vec<f32>,
    /// Splits and bounds, each split before its cases.
    cases: Vec<Case>,
}

/// One case of a proof.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Case {
    /// An order has one of these columns; in the second case, one of its others.
    Split(Vec<u32>),
    /// Prices that bound the case.
    Prices(Vec<f32>),
}

/// A bound by cases and the best plan that was met on the way.
pub(in crate::plan) struct Branched {
    /// No plan has a higher FV.
    pub upper_bound: f64,
    /// What proves it.
    pub cases: Cases,
    /// A plan better than the one that was known, with its value.
    pub better: Option<(Vec<usize>, f64)>,
}

/// A case in work.
enum Node {
    Split { columns: Vec<u32>, first: usize, second: usize },
    Leaf(Box<Leaf>),
}

struct Leaf {
    allowed: Vec<bool>,
    bundle: Bundle,
    /// The next split, if there is any.
    split: Option<Vec<u32>>,
}

/// The best plan so far.
struct Known {
    value: f64,
    plan: Option<Vec<usize>>,
}

struct Search<'s, 'a, 'b> {
    model: &'s Model<'a, 'b>,
    guides: &'s [Guide],
    known: Mutex<Known>,
    gone: &'s (dyn Fn() -> f64 + Sync),
}

impl Search<'_, '_, '_> {
    fn value(&self) -> f64 {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).value
    }

    /// A plan, where the packings make each order once.
    fn meet(&self, look: &Look) {
        let columns = self.model.columns;
        let mut chosen = vec![usize::MAX; columns.orders()];
        for column in look.packed.iter().flatten().map(|column| *column as usize) {
            let order = columns.start.partition_point(|start| *start <= column) - 1;
            if chosen[order] != usize::MAX {
                return;
            }
            chosen[order] = column;
        }
        if !chosen.contains(&usize::MAX) {
            self.know(chosen);
        }
    }

    /// Keeps a plan that is better than the best so far.
    fn know(&self, chosen: Vec<usize>) {
        let worth = Selection::of(self.model.columns, &chosen).worth();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        // Of two that are worth the same it is always the same one, whoever comes first.
        let precedes = |plan: &Vec<usize>| worth.value == known.value && chosen < *plan;
        let better = worth.value < known.value || known.plan.as_ref().is_some_and(precedes);
        if worth.feasible() && better {
            *known = Known { value: worth.value, plan: Some(chosen) };
        }
    }

    /// Climbs for a case until it is closed by `enough`. What others find meanwhile does not count, so
    /// that the result does not depend on the cores.
    fn work_on(&self, mut bundle: Bundle, allowed: Vec<bool>, looks: usize, enough: f64) -> Leaf {
        let goes_on = |look: &Look| {
            self.meet(look);
            look.dual < enough && (self.gone)() < 1.0
        };
        self.model.climb(&mut bundle, &allowed, self.guides, looks, &goes_on);
        let split = self.split(&mut bundle, &allowed);
        Leaf { allowed, bundle, split }
    }

    /// Looks for a plan at the prices of a leaf.
    fn dive(&self, leaf: &Leaf) {
        let enough = self.value() - CLOSED;
        let goes_on = |look: &Look| {
            self.meet(look);
            (self.gone)() < 1.0
        };
        let from = (&leaf.bundle, &leaf.allowed[..]);
        let found = self.model.dive(from, self.guides, enough, &goes_on);
        if let Some(chosen) = found.and_then(|found| found.into_iter().collect::<Option<_>>()) {
            self.know(chosen);
        }
    }

    /// The order whose shares fall most evenly on two sides of its blocks: its columns of one side.
    fn split(&self, bundle: &mut Bundle, allowed: &[bool]) -> Option<Vec<u32>> {
        let columns = self.model.columns;
        let shares = self.model.shares(bundle);
        let mut best: Option<(f64, Vec<u32>)> = None;
        for order in 0..columns.orders() {
            let own = columns.start[order]..columns.start[order + 1];
            let mut own: Vec<usize> = own.filter(|column| allowed[*column]).collect();
            own.sort_by_key(|column| (self.model.block_of[*column], *column));
            let all: f64 = own.iter().map(|column| shares[*column]).sum();
            let mut sum = 0.0;
            for (at, column) in own.iter().enumerate().take(own.len().saturating_sub(1)) {
                sum += shares[*column];
                let even = (sum / all.max(1e-9)).min(1.0 - sum / all.max(1e-9));
                if even > best.as_ref().map_or(SPLIT, |(even, _)| *even) {
                    let first = own[..=at].iter().map(|column| *column as u32).collect();
                    best = Some((even, first));
                }
            }
        }
        if best.is_none() {
            // Each order is in one place: that is a plan.
            let most = |order: usize| {
                let own = columns.start[order]..columns.start[order + 1];
                own.filter(|column| allowed[*column])
                    .max_by(|a, b| shares[*a].total_cmp(&shares[*b]))
            };
            if let Some(chosen) = (0..columns.orders()).map(most).collect() {
                self.know(chosen);
            }
        }
        best.map(|(_, first)| first)
    }

    /// Both cases of a leaf.
    fn cases(&self, leaf: &Leaf, first: &[u32], enough: f64) -> [Leaf; 2] {
        let (one, other) = both(self.model.columns, &leaf.allowed, first);
        let bundle = |allowed: &[bool]| leaf.bundle.with_fewer(allowed);
        [one, other].map(|allowed| self.work_on(bundle(&allowed), allowed, LOOKS, enough))
    }
}

/// Columns that are left in both cases of a split.
fn both(columns: &Columns<'_>, allowed: &[bool], first: &[u32]) -> (Vec<bool>, Vec<bool>) {
    let order_of = columns.start.partition_point(|start| *start <= first[0] as usize) - 1;
    let (mut one, mut other) = (allowed.to_vec(), allowed.to_vec());
    one[columns.start[order_of]..columns.start[order_of + 1]].fill(false);
    for column in first.iter().map(|column| *column as usize) {
        one[column] = allowed[column];
        other[column] = false;
    }
    (one, other)
}

/// Splits the case with the worst bound, again and again, until each is closed, `splits` are made or
/// `gone` reaches one. `prices` are those of a bound by blocks, `value` is that of the best plan.
///
/// # Source
///
/// Branch and bound, best first, with the bound of [`super::strengthen`].
pub(in crate::plan) fn branch(
    columns: &Columns<'_>,
    prices: &[f32],
    value: f64,
    splits: usize,
    gone: &(dyn Fn() -> f64 + Sync),
) -> Option<Branched> {
    let model = Model::new(columns, Kind::Blocks)?;
    let allowed = vec![true; columns.len()];
    let begin = model.checked(prices).ok()?;
    let guides = model.guides(&begin, &allowed);
    let known = Mutex::new(Known { value, plan: None });
    let search = Search { model: &model, guides: &guides, known, gone };
    let whole = search.work_on(model.begin(begin), allowed, LOOKS_WHOLE, value - CLOSED);
    let mut nodes = vec![Node::Leaf(Box::new(whole))];
    let mut made = 0;
    while made < splits && gone() < 1.0 {
        let enough = search.value() - CLOSED;
        let mut open: Vec<(f64, usize)> = Vec::new();
        for (at, node) in nodes.iter().enumerate() {
            if let Node::Leaf(leaf) = node
                && leaf.bundle.value < enough
            {
                open.push((leaf.bundle.value, at));
            }
        }
        open.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        // What cannot be split stays, and nothing is gained by splitting others.
        let worst = open.iter().map_while(|(_, at)| match &nodes[*at] {
            Node::Leaf(leaf) => leaf.split.clone().map(|split| (*at, split, leaf)),
            Node::Split { .. } => None,
        });
        let worst: Vec<_> = worst.take(BATCH.min(splits - made)).collect();
        if worst.is_empty() {
            break;
        }
        if (made / BATCH).is_multiple_of(DIVE_EVERY) {
            search.dive(worst[0].2);
        }
        let new: Vec<_> = worst
            .into_par_iter()
            .map(|(at, split, leaf)| (at, search.cases(leaf, &split, enough), split))
            .collect();
        for (at, [one, other], columns) in new {
            let (first, second) = (nodes.len(), nodes.len() + 1);
            nodes.push(Node::Leaf(Box::new(one)));
            nodes.push(Node::Leaf(Box::new(other)));
            nodes[at] = Node::Split { columns, first, second };
            made += 1;
        }
    }
    let mut dual = f64::INFINITY;
    let (mut cases, mut rest) = (Vec::new(), vec![0]);
    while let Some(at) = rest.pop() {
        match &nodes[at] {
            Node::Split { columns, first, second } => {
                cases.push(Case::Split(columns.clone()));
                rest.extend([*second, *first]);
            }
            Node::Leaf(leaf) => {
                dual = dual.min(leaf.bundle.value);
                let prices = leaf.bundle.center.iter().map(|price| *price as f32);
                cases.push(Case::Prices(prices.collect()));
            }
        }
    }
    let known = search.known.into_inner().unwrap_or_else(PoisonError::into_inner);
    Some(Branched {
        upper_bound: columns.alpha + columns.beta - dual,
        cases: Cases { whole: prices.to_vec(), cases },
        better: known.plan.map(|plan| (plan, known.value)),
    })
}

/// The bound that a proof by cases gives, whoever made it: every plan falls into one of the cases.
///
/// # Errors
///
/// What is no proof for this problem: a split that is not of one order, a case that is missing or too
/// much, prices as in [`super::bound_of`].
pub(in crate::plan) fn bound_of(columns: &Columns<'_>, proof: &Cases) -> Result<f64, String> {
    let model = Model::new(columns, Kind::Blocks).ok_or(ONE_BLOCK)?;
    let whole = model.checked(&proof.whole)?;
    let allowed = vec![true; columns.len()];
    let guides = model.guides(&whole, &allowed);
    let (mut dual, mut rest) = (f64::INFINITY, vec![allowed]);
    for (at, case) in proof.cases.iter().enumerate() {
        let allowed = rest.pop().ok_or_else(|| format!("case {at} belongs to no split"))?;
        match case {
            Case::Split(first) => {
                let order = |column: &u32| {
                    columns.start.partition_point(|start| *start <= *column as usize)
                };
                let known = |column: &u32| (*column as usize) < columns.len();
                let one = first.first().map(order);
                if one.is_none() || !first.iter().all(|c| known(c) && Some(order(c)) == one) {
                    return Err(format!("case {at} splits what are not columns of one order"));
                }
                let (one, other) = both(columns, &allowed, first);
                rest.extend([other, one]);
            }
            Case::Prices(prices) => {
                let prices = model.checked(prices).map_err(|e| format!("in case {at}, {e}"))?;
                dual = dual.min(model.look(&prices, &allowed, &guides).dual);
            }
        }
    }
    match rest.len() {
        0 => Ok(columns.alpha + columns.beta - dual),
        missing => Err(format!("{missing} cases are not bounded")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Kind, bound_of as whole_bound_of, strengthen};
    use super::*;
    use crate::plan::bound::tiny;

    /// Tiny problems with blocks and an optimum, and prices of the whole.
    fn each(mut look: impl FnMut(&Columns<'_>, f64, &[f32])) {
        tiny::each(|columns, value, from| {
            if let Some(found) = strengthen(columns, Kind::Blocks, from, 20, &|| 0.0, &|| 0.0) {
                look(columns, value, &found.prices);
            }
        });
    }

    /// Cases close what the bound of the whole leaves open, and never go below the optimum, which is
    /// met even where the search begins with a worse plan.
    #[test]
    fn cases_come_down_to_the_optimum() {
        let (mut whole, mut by_cases, mut met, mut count) = (0.0, 0.0, 0, 0);
        each(|columns, value, prices| {
            let optimum = columns.alpha + columns.beta - value;
            let found = branch(columns, prices, value + 0.01, 60, &|| 0.0).unwrap();
            assert!(found.upper_bound >= optimum - 1e-9);
            let again = bound_of(columns, &found.cases).unwrap();
            assert!((again - found.upper_bound).abs() < 1e-10);
            whole += whole_bound_of(columns, Kind::Blocks, prices).unwrap() - optimum;
            by_cases += found.upper_bound - optimum;
            met += usize::from(found.better.is_some_and(|(_, met)| met < value + 1e-9));
            count += 1;
        });
        assert!(count > 10, "{count}");
        assert!(by_cases < 0.4 * whole, "{by_cases} of {whole}");
        assert!(2 * met > count, "{met} of {count}");
    }

    #[test]
    fn cases_that_do_not_cover_every_plan_prove_nothing() {
        let mut seen = 0;
        each(|columns, value, prices| {
            let Cases { whole, cases } = branch(columns, prices, value, 20, &|| 0.0).unwrap().cases;
            let Some(at) = cases.iter().position(|case| matches!(case, Case::Split(_))) else {
                return;
            };
            seen += 1;
            let refused = |cases: Vec<Case>| {
                bound_of(columns, &Cases { whole: whole.clone(), cases }).unwrap_err()
            };
            assert!(refused(cases[..cases.len() - 1].to_vec()).contains("1 cases are not bounded"));
            let twice: Vec<Case> = cases.iter().chain(cases.last()).cloned().collect();
            assert!(refused(twice).contains("belongs to no split"));
            let of_two = [0, columns.start[1] as u32];
            for columns in [of_two.to_vec(), vec![u32::MAX], Vec::new()] {
                let mut other = cases.clone();
                other[at] = Case::Split(columns);
                assert!(refused(other).contains("not columns of one order"));
            }
            // Other prices are prices, but of a worse bound.
            let mut other = cases.clone();
            for case in &mut other {
                if let Case::Prices(prices) = case {
                    prices[0] += 1.0;
                }
            }
            let proof = Cases { whole: whole.clone(), cases: other };
            let optimum = columns.alpha + columns.beta - value;
            assert!(bound_of(columns, &proof).unwrap() > optimum + 0.1);
        });
        assert!(seen > 5, "{seen}");
    }
}
