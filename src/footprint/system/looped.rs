//! The products of one loop, solved together.
//!
//! A loop is torn at the products that are used before they are known. Everything else is then a
//! function of the torn products, found once by a pass with a column for each of them, and the torn
//! products themselves are a small dense system. Where many would be torn, the loop is swept until
//! it stands still, which is what a large and weakly coupled loop wants.

use super::dense::Lu;
use super::torn::{Torn, add};
use super::{ProductSystem, RESIDUAL_MAX, SystemError};

/// Largest loop that is solved densely as a whole when tearing did not reach the residual.
const DENSE_MAX: usize = 400;

/// Most sweeps over a loop.
const SWEEPS_MAX: usize = 20_000;

/// How a loop is solved: found once, good for any right-hand side.
#[derive(Clone, Debug)]
pub(super) enum Way {
    /// One product that uses itself.
    Alone,
    /// Torn open.
    Torn(Torn),
    /// Swept until it stands still.
    Swept,
}

impl Way {
    /// Bytes that it holds.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + if let Self::Torn(torn) = self { torn.bytes() } else { 0 }
    }
}

/// Work space for one loop after the other, with `K` right-hand sides.
pub(super) struct Looped<'a, const K: usize> {
    /// Where every product stands in the order.
    positions: &'a [u32],
    /// Where the loop at hand begins in the order, and how many products it has.
    start: u32,
    len: u32,
    table: Vec<f64>,
    /// What the members of the loop are given, and what they come to.
    given: Vec<[f64; K]>,
    found: Vec<[f64; K]>,
}

impl<'a, const K: usize> Looped<'a, K> {
    pub(super) fn new(positions: &'a [u32]) -> Self {
        let (table, given, found) = (Vec::new(), Vec::new(), Vec::new());
        Self { positions, start: 0, len: 0, table, given, found }
    }

    /// The place of a product in the loop at hand, if it is in it.
    fn place(&self, product: usize) -> Option<usize> {
        let place = self.positions[product].wrapping_sub(self.start);
        (place < self.len).then_some(place as usize)
    }

    /// Takes the loop of `members` at hand.
    fn at(&mut self, members: &[u32]) {
        self.start = self.positions[members[0] as usize];
        self.len = u32::try_from(members.len()).expect("fewer than 2^31 products");
    }

    /// Solves the loop of `members`, whose rows hold their own emissions, in place. Everything that
    /// they use from outside is solved already.
    pub(super) fn solve(
        &mut self,
        system: &ProductSystem,
        members: &[u32],
        rows: &mut [[f64; K]],
    ) -> Result<(), SystemError> {
        let way = self.way(system, members)?;
        let row = |product: usize| rows[product];
        let found = self.solve_by(&way, system, members, row, row)?;
        for (&product, row) in members.iter().zip(found) {
            rows[product as usize] = *row;
        }
        Ok(())
    }

    /// What `members` come to by a way that was found before, with the same bits; `own` is what each of
    /// them emits itself, `brought` what a product outside of the loop is.
    pub(super) fn solve_by(
        &mut self,
        way: &Way,
        system: &ProductSystem,
        members: &[u32],
        own: impl Fn(usize) -> [f64; K],
        brought: impl Fn(usize) -> [f64; K],
    ) -> Result<&[[f64; K]], SystemError> {
        self.at(members);
        self.given.clear();
        self.given.extend(members.iter().map(|&product| own(product as usize)));
        let mut residual = f64::INFINITY;
        match way {
            Way::Alone => {
                self.found.clear();
                self.found.push(alone(system, members[0], self.given[0], brought)?);
                return Ok(&self.found);
            }
            Way::Torn(torn) => {
                if torn.solve(brought, &mut self.given, &mut self.found) {
                    return Ok(&self.found);
                }
            }
            Way::Swept => {
                self.give(system, members, brought);
                self.found = self.sweep(system, members, &self.given)?;
                residual = self.residual(system, members, &self.given, &self.found);
            }
        }
        if residual > RESIDUAL_MAX && members.len() <= DENSE_MAX {
            self.found = self.solve_dense(system, members, &self.given)?;
            residual = self.residual(system, members, &self.given, &self.found);
        }
        if residual > RESIDUAL_MAX {
            let products = self.way_around(system, members);
            return Err(SystemError::NotSolved { products, loop_len: members.len(), residual });
        }
        Ok(&self.found)
    }

    /// Adds to what the members emit themselves what comes from outside of the loop.
    fn give(
        &mut self,
        system: &ProductSystem,
        members: &[u32],
        brought: impl Fn(usize) -> [f64; K],
    ) {
        for (place, &product) in members.iter().enumerate() {
            for (input, quantity) in system.links(product as usize) {
                if self.place(input).is_none() {
                    add(&mut self.given[place], quantity, &brought(input));
                }
            }
        }
    }

    /// How to solve the loop of `members`.
    pub(super) fn way(
        &mut self,
        system: &ProductSystem,
        members: &[u32],
    ) -> Result<Way, SystemError> {
        self.at(members);
        if let [_] = members {
            return Ok(Way::Alone);
        }
        let place = |product: usize| self.place(product);
        let Some(torn) = Torn::of(system, members, place) else { return Ok(Way::Swept) };
        match torn.decomposed(&mut self.table) {
            Some(torn) if torn.is_productive || !self.is_non_negative(system, members) => {
                Ok(Way::Torn(torn))
            }
            _ => Err(self.gainful(system, members)),
        }
    }

    /// Solves by sweeps in place, each product with the newest values of the others.
    ///
    /// # Source
    ///
    /// Gauss-Seidel: Saad, Iterative Methods for Sparse Linear Systems (2nd ed.), 4.1; for a
    /// non-negative matrix it converges if and only if the spectral radius is below one
    /// (Stein and Rosenberg).
    fn sweep(
        &self,
        system: &ProductSystem,
        members: &[u32],
        given: &[[f64; K]],
    ) -> Result<Vec<[f64; K]>, SystemError> {
        let mut found = given.to_vec();
        let mut of_one = vec![1.0f64; members.len()];
        for _ in 0..SWEEPS_MAX {
            let mut moved = 0.0f64;
            for (place, &product) in members.iter().enumerate() {
                let (mut sum, mut one, mut itself) = (given[place], 1.0, 0.0);
                for (input, quantity) in system.links(product as usize) {
                    match self.place(input) {
                        None => {}
                        Some(used) if used == place => itself += quantity,
                        Some(used) => {
                            for column in 0..K {
                                sum[column] += quantity * found[used][column];
                            }
                            one += quantity * of_one[used];
                        }
                    }
                }
                one /= 1.0 - itself;
                moved = moved.max(((one - of_one[place]) / one).abs());
                of_one[place] = one;
                for column in 0..K {
                    let new = sum[column] / (1.0 - itself);
                    if new != 0.0 {
                        moved = moved.max(((new - found[place][column]) / new).abs());
                    }
                    found[place][column] = new;
                }
            }
            if moved <= 1e-15 {
                break;
            }
            if !of_one.iter().all(|one| *one > 0.0 && *one < 1e14) {
                return Err(self.gainful(system, members));
            }
            if moved <= RESIDUAL_MAX / 4.0 && self.residual(system, members, given, &found) <= 1e-14
            {
                break;
            }
        }
        Ok(found)
    }

    fn solve_dense(
        &self,
        system: &ProductSystem,
        members: &[u32],
        given: &[[f64; K]],
    ) -> Result<Vec<[f64; K]>, SystemError> {
        let size = members.len();
        let mut matrix = vec![0.0; size * size];
        for (place, &product) in members.iter().enumerate() {
            matrix[place * size + place] += 1.0;
            for (input, quantity) in system.links(product as usize) {
                if let Some(used) = self.place(input) {
                    matrix[place * size + used] -= quantity;
                }
            }
        }
        let Some(lu) = Lu::of(matrix, size) else { return Err(self.gainful(system, members)) };
        Ok(lu.solve(given))
    }

    /// Largest amount by which a product misses what its inputs bring, over the amounts involved.
    fn residual(
        &self,
        system: &ProductSystem,
        members: &[u32],
        given: &[[f64; K]],
        found: &[[f64; K]],
    ) -> f64 {
        let mut worst = 0.0f64;
        for (place, &product) in members.iter().enumerate() {
            let mut sum = given[place];
            let mut size = sum.map(f64::abs);
            for (input, quantity) in system.links(product as usize) {
                if let Some(used) = self.place(input) {
                    let brought = &found[used];
                    for column in 0..K {
                        sum[column] += quantity * brought[column];
                        size[column] += (quantity * brought[column]).abs();
                    }
                }
            }
            for column in 0..K {
                let missed = (found[place][column] - sum[column]).abs();
                let scaled = if missed == 0.0 { 0.0 } else { missed / size[column] };
                // `max` would swallow what is no number.
                worst = if scaled.is_nan() { f64::INFINITY } else { worst.max(scaled) };
            }
        }
        worst
    }

    fn is_non_negative(&self, system: &ProductSystem, members: &[u32]) -> bool {
        members.iter().all(|&product| {
            let mut links = system.links(product as usize);
            links.all(|(input, quantity)| self.place(input).is_none() || quantity >= 0.0)
        })
    }

    /// The error of a loop that has no solution with its gain.
    fn gainful(&self, system: &ProductSystem, members: &[u32]) -> SystemError {
        let gain = self.gain(system, members);
        let products = self.way_around(system, members);
        if gain > 1.0 + 1e-9 && self.is_non_negative(system, members) {
            SystemError::NonProductive { products, gain }
        } else {
            SystemError::Singular { products, gain }
        }
    }

    /// Spectral radius of the loop, by power iteration on (A + I) / 2, which has no cycles.
    fn gain(&self, system: &ProductSystem, members: &[u32]) -> f64 {
        let mut vector = vec![1.0f64; members.len()];
        let mut gain = 0.0;
        for _ in 0..2_000 {
            let mut next = vector.clone();
            for (place, &product) in members.iter().enumerate() {
                for (input, quantity) in system.links(product as usize) {
                    if let Some(used) = self.place(input) {
                        next[place] += quantity * vector[used];
                    }
                }
            }
            let largest = next.iter().fold(0.0f64, |largest, value| largest.max(value.abs()));
            if largest == 0.0 || !largest.is_finite() {
                return largest;
            }
            let before = gain;
            gain = largest - 1.0;
            vector = next.iter().map(|value| value / largest).collect();
            if (gain - before).abs() <= 1e-14 * gain.abs() {
                break;
            }
        }
        gain
    }

    /// One way around the loop, along the largest quantities.
    fn way_around(&self, system: &ProductSystem, members: &[u32]) -> Vec<u32> {
        let mut way = vec![members[0]];
        loop {
            let last = *way.last().expect("it begins with one");
            let inside = system
                .links(last as usize)
                .filter_map(|(input, quantity)| Some((self.place(input)?, quantity)))
                .max_by(|a, b| a.1.total_cmp(&b.1));
            let Some((next, _)) = inside else { return way };
            let next = members[next];
            if let Some(at) = way.iter().position(|&earlier| earlier == next) {
                return way.split_off(at);
            }
            way.push(next);
        }
    }
}

/// A product that uses itself and is in no other loop; `sum` is what it emits itself.
fn alone<const K: usize>(
    system: &ProductSystem,
    product: u32,
    mut sum: [f64; K],
    brought: impl Fn(usize) -> [f64; K],
) -> Result<[f64; K], SystemError> {
    let mut itself = 0.0;
    for (input, quantity) in system.links(product as usize) {
        if input == product as usize {
            itself += quantity;
        } else {
            add(&mut sum, quantity, &brought(input));
        }
    }
    let left = 1.0 - itself;
    if left.abs() <= 1e-13 {
        return Err(SystemError::Singular { products: vec![product], gain: itself });
    }
    if left < 0.0 {
        return Err(SystemError::NonProductive { products: vec![product], gain: itself });
    }
    Ok(sum.map(|value| value / left))
}
