//! Steps of the dual of the linear relaxation. They look for prices only, so single precision does; what a
//! price proves is computed from it afterwards, in double precision, over every row.
//!
//! A step goes once through the columns: the prices of its rows make a column's reduced cost, and what share
//! the order gives it makes the use of the same rows.

use rayon::prelude::*;

use super::{CHUNK, Relaxation, spread};
use crate::plan::column::Columns;

/// First step length of a climb times its steps, in median spreads of an order's columns.
const TRAVEL: f64 = 40.0;
/// Steps after which it is known how long one takes, and fewest that come anywhere.
const TIMED: usize = 5;
const STEPS_LEAST: usize = 30;
/// Parts that sum for themselves: fixed, so that a sum is the same on any number of threads.
const PARTS: usize = 4;
/// Columns from which on parts go to several threads.
const SHARED_OUT: usize = 10_000;
/// Distance from the least reduced cost, in heats, from which on a column has no share.
const NO_SHARE: f32 = 14.0;

/// Orders and other variables that one thread takes, with what they use of each row.
struct Part {
    orders: std::ops::Range<usize>,
    others: std::ops::Range<usize>,
    used: Vec<f32>,
    /// Reduced costs of one order.
    own: Vec<f32>,
    dual: f64,
}

/// The relaxation by variable, in single precision.
struct Entries<'r, 'c, 'b> {
    relaxation: &'r Relaxation,
    columns: &'c Columns<'b>,
    of_variable: Vec<(u32, f32)>,
    cost: Vec<f32>,
}

impl Entries<'_, '_, '_> {
    fn of(&self, variable: usize) -> &[(u32, f32)] {
        let start = &self.relaxation.variable_start;
        &self.of_variable[start[variable]..start[variable + 1]]
    }

    fn reduced(&self, variable: usize, multipliers: &[f32]) -> f32 {
        let entries = self.of(variable).iter();
        let priced: f32 = entries.map(|(row, value)| multipliers[*row as usize] * value).sum();
        self.cost[variable] - priced
    }

    fn share(&self, variable: usize, share: f32, used: &mut [f32]) {
        for (row, value) in self.of(variable) {
            used[*row as usize] += value * share;
        }
    }

    /// What a part says to the multipliers: shares of each order's columns at `heat`, most for the least
    /// reduced cost.
    fn look(&self, part: &mut Part, multipliers: &[f32], heat: f32) {
        part.used.fill(0.0);
        part.dual = 0.0;
        for order in part.orders.clone() {
            let first = self.columns.start[order];
            let range = first..self.columns.start[order + 1];
            part.own.clear();
            part.own.extend(range.map(|column| self.reduced(column, multipliers)));
            let least = part.own.iter().copied().fold(f32::INFINITY, f32::min);
            part.dual += f64::from(least);
            let mut sum = 0.0;
            for reduced in &mut part.own {
                let cold = (*reduced - least) / heat;
                *reduced = if cold < NO_SHARE { (-cold).exp() } else { 0.0 };
                sum += *reduced;
            }
            let own = part.own.iter().enumerate().filter(|(_, share)| **share > 0.0);
            for (at, share) in own {
                self.share(first + at, share / sum, &mut part.used);
            }
        }
        for variable in part.others.clone() {
            let upper = self.relaxation.upper[variable] as f32;
            let reduced = self.reduced(variable, multipliers);
            part.dual += f64::from((reduced * upper).min(0.0));
            let share = upper / (1.0 + (reduced / heat).clamp(-NO_SHARE, NO_SHARE).exp());
            self.share(variable, share, &mut part.used);
        }
    }

    fn parts(&self) -> Vec<Part> {
        let share = |from: usize, to: usize, part: usize| {
            from + (to - from) * part / PARTS..from + (to - from) * (part + 1) / PARTS
        };
        let (orders, variables) = (self.columns.orders(), self.cost.len());
        let part = |part| Part {
            orders: share(0, orders, part),
            others: share(self.columns.len(), variables, part),
            used: vec![0.0; self.relaxation.limit.len()],
            own: Vec::new(),
            dual: 0.0,
        };
        (0..PARTS).map(part).collect()
    }
}

/// Climbs for `steps` steps, or for as many as are done before `gone` reaches one, as the first ones tell, and
/// returns the best multipliers. Few steps are longer ones, so that prices come as far as they have to; they
/// get shorter by their number alone.
pub(super) fn climb(
    relaxation: &Relaxation,
    columns: &Columns<'_>,
    steps: usize,
    gone: &dyn Fn() -> f64,
) -> Vec<f32> {
    let single = |values: &[f64]| -> Vec<f32> { values.iter().map(|one| *one as f32).collect() };
    let of_variable = &relaxation.of_variable;
    let entries = Entries {
        relaxation,
        columns,
        of_variable: of_variable.iter().map(|(row, value)| (*row, *value as f32)).collect(),
        cost: single(&relaxation.cost),
    };
    let mut parts = entries.parts();
    // A step of a small problem takes less time than to share it out.
    let at_once = if columns.len() < SHARED_OUT { PARTS } else { 1 };
    let limit = single(&relaxation.limit);
    let rows = limit.len();
    // Minimisation with rows `a x <= limit`: multipliers are not positive, free for equalities.
    let mut multipliers = vec![0.0f32; rows];
    let (mut mean, mut square) = (vec![0.0f32; rows], vec![0.0f32; rows]);
    let (mut best, mut best_multipliers) = (f64::NEG_INFINITY, multipliers.clone());
    let spread = spread(columns);
    let (mut steps, mut step, from) = (steps.max(1), 0, gone());
    while step < steps {
        if step == TIMED {
            let each = (gone() - from) / TIMED as f64;
            if each > 0.0 {
                let left = ((1.0 - gone()) / each) as usize;
                steps = steps.min((left + TIMED).max(STEPS_LEAST));
            }
        }
        let progress = step as f64 / steps as f64;
        let heat = spread * (0.25 * (1.0 - progress).powi(2)).max(0.002);
        let each = parts.par_iter_mut().with_min_len(at_once);
        each.for_each(|part| entries.look(part, &multipliers, heat as f32));
        let limits = multipliers.iter().zip(&limit);
        let limits: f64 = limits.map(|(m, limit)| f64::from(*m) * f64::from(*limit)).sum();
        let dual = limits + parts.iter().map(|part| part.dual).sum::<f64>();
        if dual > best {
            best = dual;
            best_multipliers.copy_from_slice(&multipliers);
        }
        if gone() >= 1.0 {
            break;
        }
        let length = (TRAVEL / steps as f64 * spread * (1.0 - progress).powf(1.5)) as f32;
        let first = 1.0 - 0.9f32.powi(step as i32 + 1);
        let second = 1.0 - 0.98f32.powi(step as i32 + 1);
        let each = multipliers.par_iter_mut().zip(&mut mean).zip(&mut square);
        each.with_min_len(CHUNK).enumerate().for_each(|(row, ((multiplier, mean), square))| {
            let slope = limit[row] - parts.iter().map(|part| part.used[row]).sum::<f32>();
            *mean = 0.9 * *mean + 0.1 * slope;
            *square = 0.98 * *square + 0.02 * slope * slope;
            *multiplier += length * (*mean / first) / ((*square / second).sqrt() + 1e-3);
            if !relaxation.equality[row] {
                *multiplier = multiplier.min(0.0);
            }
        });
        step += 1;
    }
    best_multipliers
}
