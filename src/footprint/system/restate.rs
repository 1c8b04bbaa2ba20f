//! One changed factor: only what lies downstream of it is calculated again.

use std::mem::size_of;

use super::looped::{Looped, Way};
use super::solve::{single, with_width};
use super::{COLUMNS_AT_ONCE, Columns, Condensation, ProductSystem, SystemError};

/// Who is to be calculated after whom: the links seen from below, and how each loop is solved.
///
/// Made once for a system and its order; every change of a factor then costs what it touches.
#[derive(Clone, Debug)]
pub struct Downstream {
    starts: Vec<u32>,
    /// Where the consumers of each product stand in the order; of a loop, its first place.
    places: Vec<u32>,
    /// How each loop is solved, by its number.
    ways: Vec<Way>,
    due: Due,
}

impl Downstream {
    /// What is downstream of every product of `system` in its `order`.
    ///
    /// # Errors
    ///
    /// [`SystemError`] naming the products of a loop without solution.
    pub fn of(system: &ProductSystem, order: &Condensation) -> Result<Self, SystemError> {
        let mut starts = vec![0u32; system.products() + 1];
        for &input in &system.inputs {
            starts[input as usize + 1] += 1;
        }
        for product in 0..system.products() {
            starts[product + 1] += starts[product];
        }
        let mut next = starts.clone();
        let mut places = vec![0; system.link_count()];
        for product in 0..system.products() {
            let place = first_place(order, product);
            for (input, _) in system.links(product) {
                places[next[input] as usize] = place;
                next[input] += 1;
            }
        }
        let mut looped = Looped::<1>::new(order.positions());
        let members = order.loops().map(|range| &order.order()[range]);
        let ways = members.map(|members| looped.way(system, members)).collect::<Result<_, _>>()?;
        Ok(Self { starts, places, ways, due: Due::none(system.products()) })
    }

    /// How many uses there are of a product.
    pub fn uses(&self, product: usize) -> usize {
        (self.starts[product + 1] - self.starts[product]) as usize
    }

    /// Bytes that it holds.
    pub fn bytes(&self) -> usize {
        self.ways.iter().map(Way::bytes).sum::<usize>()
            + (self.starts.capacity() + self.places.capacity()) * size_of::<u32>()
            + (self.due.bits.capacity() + self.due.words.capacity()) * size_of::<u64>()
    }
}

/// Where a product is calculated: its place in the order, or the first place of its loop.
fn first_place(order: &Condensation, product: usize) -> u32 {
    let position = order.positions()[product];
    match order.loop_at(position as usize) {
        Some(range) => u32::try_from(range.start).expect("before its members"),
        None => position,
    }
}

/// Places of the order that are to be calculated, taken from the first on.
#[derive(Clone, Debug)]
struct Due {
    /// A bit for each place.
    bits: Vec<u64>,
    /// A bit for each word of `bits` that is not zero.
    words: Vec<u64>,
    /// No word before this one has a bit.
    first: usize,
}

impl Due {
    fn none(places: usize) -> Self {
        let words = places.div_ceil(64);
        Self { bits: vec![0; words], words: vec![0; words.div_ceil(64)], first: 0 }
    }

    /// Adds a place before anything was taken.
    fn seed(&mut self, place: u32) {
        self.add(place);
        self.first = self.first.min(place as usize / (64 * 64));
    }

    /// Adds a place behind the one that was taken last.
    #[inline]
    fn add(&mut self, place: u32) {
        let word = place as usize / 64;
        self.bits[word] |= 1 << (place % 64);
        self.words[word / 64] |= 1 << (word % 64);
    }

    fn take(&mut self) -> Option<usize> {
        while self.first < self.words.len() {
            let summary = self.words[self.first];
            if summary == 0 {
                self.first += 1;
                continue;
            }
            let word = self.first * 64 + summary.trailing_zeros() as usize;
            let bits = self.bits[word];
            self.bits[word] = bits & (bits - 1);
            if self.bits[word] == 0 {
                self.words[self.first] = summary & (summary - 1);
            }
            return Some(word * 64 + bits.trailing_zeros() as usize);
        }
        None
    }

    fn clear(&mut self) {
        while self.take().is_some() {}
        self.first = 0;
    }
}

impl ProductSystem {
    /// Brings `intensities` up to date after the own emissions of `changed` products became what
    /// `own` says. Returns the products whose values changed, in the order of calculation.
    ///
    /// Each product downstream is calculated as in [`ProductSystem::solve`], and the walk ends where
    /// a product comes out as it was, so the result has the same bits as a whole solve. Columns do not
    /// touch each other: where the factor stands in one, as a supplier's does, this one alone is
    /// calculated, until a loop is met that is too large to be torn and is swept with all columns.
    ///
    /// # Errors
    ///
    /// As [`ProductSystem::solve`]; the intensities are then not to be used.
    ///
    /// # Panics
    ///
    /// If the tables do not have the shape of the system, or more than eight columns.
    pub fn restate(
        &self,
        order: &Condensation,
        downstream: &mut Downstream,
        own: &Columns,
        intensities: &mut Columns,
        changed: &[u32],
    ) -> Result<Vec<u32>, SystemError> {
        let width = own.width();
        assert!(width == intensities.width() && width <= COLUMNS_AT_ONCE, "equal, at most eight");
        assert!(own.rows() == self.products() && intensities.rows() == self.products());
        if let Some(&product) = changed
            .iter()
            .find(|&&product| own.row(product as usize).iter().any(|value| !value.is_finite()))
        {
            return Err(SystemError::NotFinite { product });
        }
        let values = &mut intensities.values;
        let done =
            with_width!(width, values, |rows| walk(self, order, downstream, own, rows, changed));
        if done.is_err() {
            downstream.due.clear();
        }
        done
    }
}

fn walk<const K: usize>(
    system: &ProductSystem,
    order: &Condensation,
    downstream: &mut Downstream,
    own: &Columns,
    rows: &mut [[f64; K]],
    changed: &[u32],
) -> Result<Vec<u32>, SystemError> {
    let products = order.order();
    let own = own.values.as_chunks::<K>().0;
    let mut column = only_column(system, order, own, rows, changed);
    let (mut one, mut all) = (Looped::new(order.positions()), Looped::new(order.positions()));
    let mut touched = Vec::new();
    let Downstream { starts, places, ways, due } = downstream;
    due.first = due.words.len();
    for &product in changed {
        due.seed(first_place(order, product as usize));
    }
    while let Some(position) = due.take() {
        let mut came_to = |product: u32| {
            let at = product as usize;
            touched.push(product);
            for &next in &places[starts[at] as usize..starts[at + 1] as usize] {
                // A loop is calculated as a whole: its members are no reason to do it again.
                if next as usize != position {
                    due.add(next);
                }
            }
        };
        let Some((number, range)) = order.numbered_loop_at(position) else {
            let (product, at) = (products[position], products[position] as usize);
            let is_new = if let Some(column) = column {
                let row = single(system, at, [own[at][column]], |input| [rows[input][column]]);
                put_one(&mut rows[at], column, row)
            } else {
                let row = single(system, at, own[at], |input| rows[input]);
                put(&mut rows[at], row)
            };
            if is_new {
                came_to(product);
            }
            continue;
        };
        let (members, way) = (&products[range], &ways[number]);
        if matches!(way, Way::Swept) {
            // It is swept until every column stands still, so that all of them may move.
            column = None;
        }
        if let Some(column) = column {
            let (own, row) = (|at: usize| [own[at][column]], |at: usize| [rows[at][column]]);
            for (&product, &row) in
                members.iter().zip(one.solve_by(way, system, members, own, row)?)
            {
                if put_one(&mut rows[product as usize], column, row) {
                    came_to(product);
                }
            }
        } else {
            let (own, row) = (|at: usize| own[at], |at: usize| rows[at]);
            for (&product, &row) in
                members.iter().zip(all.solve_by(way, system, members, own, row)?)
            {
                if put(&mut rows[product as usize], row) {
                    came_to(product);
                }
            }
        }
    }
    Ok(touched)
}

/// The column in which alone the changed products differ; none if there are several, or if one is in a
/// loop, which is not known before it is solved.
fn only_column<const K: usize>(
    system: &ProductSystem,
    order: &Condensation,
    own: &[[f64; K]],
    rows: &[[f64; K]],
    changed: &[u32],
) -> Option<usize> {
    let mut differs = [false; K];
    for &product in changed {
        let at = product as usize;
        if order.loop_at(order.positions()[at] as usize).is_some() {
            return None;
        }
        let row = single(system, at, own[at], |input| rows[input]);
        for column in 0..K {
            differs[column] |= row[column].to_bits() != rows[at][column].to_bits();
        }
    }
    let mut columns = (0..K).filter(|column| differs[*column]);
    let first = columns.next().unwrap_or(0);
    columns.next().is_none().then_some(first)
}

/// Puts a row in place; whether a bit of it is new.
fn put<const K: usize>(place: &mut [f64; K], row: [f64; K]) -> bool {
    let differ = |(one, other): (&f64, &f64)| one.to_bits() ^ other.to_bits();
    let is_new = place.iter().zip(&row).map(differ).fold(0, |all, bits| all | bits) != 0;
    *place = row;
    is_new
}

/// As [`put`], of one column.
fn put_one<const K: usize>(place: &mut [f64; K], column: usize, [value]: [f64; 1]) -> bool {
    let is_new = place[column].to_bits() != value.to_bits();
    place[column] = value;
    is_new
}
