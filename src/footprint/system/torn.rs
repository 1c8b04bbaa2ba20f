//! A loop that is torn open at the products that are used before they are known.

use super::dense::Lu;
use super::{ProductSystem, RESIDUAL_MAX};

/// Largest table of a torn loop, in values: 8 MiB.
const TABLE_MAX: usize = 1 << 20;

/// Largest number of torn products that is solved densely.
const TORN_MAX: usize = 400;

/// A loop that is torn open: its own links by place, and what the torn products make of each other.
#[derive(Clone, Debug)]
pub(super) struct Torn {
    /// Where the links of each place begin, one more than there are places.
    starts: Vec<u32>,
    /// The place of what is used and how much; of a torn product, the number of places and its column.
    links: Vec<(u32, f64)>,
    /// Place, product outside of the loop, and how much of it.
    outside: Vec<(u32, u32, f64)>,
    /// Place of each torn product, by column.
    torn: Vec<u32>,
    lu: Lu,
    /// Whether one unit of everything needs a positive amount of every member: the loop then makes
    /// more than it uses.
    pub(super) is_productive: bool,
}

impl Torn {
    /// Tears the loop of `members` at those that are used at or before their own place; `place` gives
    /// the place of a product, if it is in the loop. `None` if they are too many.
    pub(super) fn of(
        system: &ProductSystem,
        members: &[u32],
        place: impl Fn(usize) -> Option<usize>,
    ) -> Option<Self> {
        let short = |at: usize| u32::try_from(at).expect("fewer than 2^32 links");
        let len = short(members.len());
        let most = members.iter().map(|&product| system.links(product as usize).len()).sum();
        let (mut starts, mut links) =
            (Vec::with_capacity(members.len() + 1), Vec::with_capacity(most));
        let (mut outside, mut torn) = (Vec::with_capacity(most), Vec::new());
        let mut columns = vec![u32::MAX; members.len()];
        starts.push(0);
        for (at, &product) in members.iter().enumerate() {
            for (input, quantity) in system.links(product as usize) {
                let Some(used) = place(input) else {
                    outside.push((short(at), short(input), quantity));
                    continue;
                };
                if used < at {
                    links.push((short(used), quantity));
                    continue;
                }
                if columns[used] == u32::MAX {
                    columns[used] = short(torn.len());
                    torn.push(short(used));
                }
                links.push((len + columns[used], quantity));
            }
            starts.push(short(links.len()));
        }
        links.shrink_to_fit();
        outside.shrink_to_fit();
        let fits = torn.len() <= TORN_MAX && members.len() * (1 + torn.len()) <= TABLE_MAX;
        let lu = Lu::default();
        fits.then_some(Self { starts, links, outside, torn, lu, is_productive: false })
    }

    /// Finds what the torn products make of each other; `None` if that has no inverse.
    ///
    /// One more column asks what the loop makes of one unit of everything: where that is negative, the
    /// loop uses more than it makes.
    ///
    /// # Source
    ///
    /// Tearing: Kron (1963); Duff, Erisman and Reid, Direct Methods for Sparse Matrices (2nd ed.),
    /// chapter 11. A non-negative matrix has a spectral radius below one if and only if some
    /// `y > 0` has `y - A y > 0`: Berman and Plemmons, Nonnegative Matrices, theorem 6.2.3, I27.
    pub(super) fn decomposed(mut self, table: &mut Vec<f64>) -> Option<Self> {
        // What every member is of one unit of everything, and of each torn product that is used at
        // its place or before: of the others it is nothing yet, so rows grow from place to place.
        let (len, count) = (self.starts.len() - 1, self.torn.len());
        let mut rows = Vec::with_capacity(len + 1);
        let (mut width, mut end) = (1, 0);
        for place in 0..len {
            let torn =
                self.links(place).iter().map(|&(used, _)| (used as usize + 2).saturating_sub(len));
            width = torn.fold(width, usize::max);
            rows.push(end);
            end += width;
        }
        rows.push(end);
        table.clear();
        table.resize(end, 0.0);
        for place in 0..len {
            let (before, rest) = table.split_at_mut(rows[place]);
            let row = &mut rest[..rows[place + 1] - rows[place]];
            row[0] = 1.0;
            for &(used, quantity) in self.links(place) {
                let used = used as usize;
                if used >= len {
                    row[1 + used - len] += quantity;
                    continue;
                }
                for (value, known) in row.iter_mut().zip(&before[rows[used]..rows[used + 1]]) {
                    *value += quantity * known;
                }
            }
        }
        // Each torn product is what its row says: (I - C) t = d.
        let mut matrix = vec![0.0; count * count];
        let mut of_one = vec![[0.0]; count];
        for (column, &place) in self.torn.iter().enumerate() {
            let row = &table[rows[place as usize]..rows[place as usize + 1]];
            of_one[column] = [row[0]];
            let responses = &mut matrix[column * count..][..count];
            for (value, response) in responses.iter_mut().zip(&row[1..]) {
                *value = -response;
            }
            responses[column] += 1.0;
        }
        self.lu = Lu::of(matrix, count)?;
        let known = self.lu.solve(&of_one);
        self.is_productive = rows.windows(2).all(|row| {
            let row = &table[row[0]..row[1]];
            let torn = row[1..].iter().zip(&known).map(|(factor, [known])| factor * known);
            row[0] + torn.sum::<f64>() > 0.0
        });
        Some(self)
    }

    /// Bytes that it holds beside itself.
    pub(super) fn bytes(&self) -> usize {
        let places = self.starts.capacity() + self.torn.capacity();
        places * size_of::<u32>()
            + self.links.capacity() * size_of::<(u32, f64)>()
            + self.outside.capacity() * size_of::<(u32, u32, f64)>()
            + self.lu.bytes()
    }

    fn links(&self, place: usize) -> &[(u32, f64)] {
        &self.links[self.starts[place] as usize..self.starts[place + 1] as usize]
    }

    /// The values of the members of the loop in `found`, of what they emit themselves in `given` and what
    /// products outside of it are, `brought`: one
    /// pass with nothing of the torn products says what they miss, and one with them is the solution.
    /// False if it is not exact enough.
    ///
    /// In the second pass every member is what its links say, but for links to torn products, which it
    /// takes as solved and not as they come out. So no member's scaled residual is larger than the
    /// largest relative difference between the two.
    pub(super) fn solve<const K: usize>(
        &self,
        brought: impl Fn(usize) -> [f64; K],
        given: &mut [[f64; K]],
        found: &mut Vec<[f64; K]>,
    ) -> bool {
        let len = given.len();
        for &(place, input, quantity) in &self.outside {
            add(&mut given[place as usize], quantity, &brought(input as usize));
        }
        found.clear();
        found.resize(len + self.torn.len(), [0.0; K]);
        self.pass(given, found);
        let missed: Vec<[f64; K]> = self.torn.iter().map(|&place| found[place as usize]).collect();
        let solved = self.lu.solve(&missed);
        found[len..].copy_from_slice(&solved);
        self.pass(given, found);
        let mut worst = 0.0f64;
        for (solved, &place) in solved.iter().zip(&self.torn) {
            for (solved, found) in solved.iter().zip(&found[place as usize]) {
                let missed = (solved - found).abs();
                let scaled = if missed == 0.0 { 0.0 } else { missed / found.abs() };
                // `max` would swallow what is no number.
                worst = if scaled.is_nan() { f64::INFINITY } else { worst.max(scaled) };
            }
        }
        found.truncate(len);
        worst <= RESIDUAL_MAX
    }

    /// Turns what the members are given into what they are; the torn products stand behind them.
    fn pass<const K: usize>(&self, given: &[[f64; K]], found: &mut [[f64; K]]) {
        for (place, given) in given.iter().enumerate() {
            let mut sum = *given;
            for &(used, quantity) in self.links(place) {
                add(&mut sum, quantity, &found[used as usize]);
            }
            found[place] = sum;
        }
    }
}

/// Adds what a quantity of something brings.
pub(super) fn add<const K: usize>(sum: &mut [f64; K], quantity: f64, brought: &[f64; K]) {
    for column in 0..K {
        sum[column] += quantity * brought[column];
    }
}
