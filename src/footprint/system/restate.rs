//! One changed factor: only what lies downstream of it is calculated again.

use std::mem::size_of;

use super::looped::{Looped, Way};
use super::solve::{single, with_width};
use super::torn::add;
use super::{COLUMNS_AT_ONCE, Columns, Condensation, ProductSystem, SystemError};

/// Who is to be calculated after whom: the links seen from below, and how each loop is solved.
///
/// Made once for a system and its order; every change of a factor then costs what it touches.
#[derive(Clone, Debug)]
pub struct Downstream {
    /// What stands at each place of the order, and one more that ends the last.
    heads: Vec<Head>,
    /// What the products outside of loops use, in the order: a change touches neighbors, and so few lines
    /// of memory.
    uses: Vec<Use>,
    /// Where the consumers of each product stand in the order; of a loop, its first place. In the order.
    consumers: Vec<u32>,
    /// How each loop is solved, by its number.
    ways: Vec<Way>,
    due: Due,
}

/// A place of the order.
#[derive(Clone, Copy, Debug)]
struct Head {
    product: u32,
    /// Where its uses begin; a product in a loop has none here.
    uses: u32,
    /// Where its consumers begin.
    consumers: u32,
}

/// So much of an input.
#[derive(Clone, Copy, Debug)]
struct Use {
    quantity: f64,
    input: u32,
}

/// Set in the product of a place that lies in a loop.
const LOOPED: u32 = 1 << 31;

impl Downstream {
    /// What is downstream of every product of `system` in its `order`.
    ///
    /// # Errors
    ///
    /// [`SystemError`] naming the products of a loop without solution.
    pub fn of(system: &ProductSystem, order: &Condensation) -> Result<Self, SystemError> {
        let (products, positions) = (system.products(), order.positions());
        let mut counts = vec![0u32; products];
        for &input in &system.inputs {
            counts[input as usize] += 1;
        }
        let mut heads = Vec::with_capacity(products + 1);
        let mut uses = Vec::with_capacity(system.link_count());
        let mut consumers = 0;
        let short = |at: usize| u32::try_from(at).expect("links hold 32 bits");
        for (position, &product) in order.order().iter().enumerate() {
            let in_loop = order.loop_at(position).is_some();
            let flag = if in_loop { LOOPED } else { 0 };
            heads.push(Head { product: product | flag, uses: short(uses.len()), consumers });
            if !in_loop {
                let links = system.links(product as usize);
                uses.extend(links.map(|(input, quantity)| Use { quantity, input: short(input) }));
            }
            consumers += counts[product as usize];
        }
        heads.push(Head { product: 0, uses: short(uses.len()), consumers });
        let mut next: Vec<u32> =
            (0..products).map(|product| heads[positions[product] as usize].consumers).collect();
        let mut consumers = vec![0; system.link_count()];
        for product in 0..products {
            let place = first_place(order, product);
            for (input, _) in system.links(product) {
                consumers[next[input] as usize] = place;
                next[input] += 1;
            }
        }
        let mut looped = Looped::<1>::new(order.positions());
        let members = order.loops().map(|range| &order.order()[range]);
        let ways = members.map(|members| looped.way(system, members)).collect::<Result<_, _>>()?;
        Ok(Self { heads, uses, consumers, ways, due: Due::none(products) })
    }

    /// How many uses there are of a product, `order` being that of [`Downstream::of`].
    pub fn uses(&self, order: &Condensation, product: usize) -> usize {
        let at = order.positions()[product] as usize;
        (self.heads[at + 1].consumers - self.heads[at].consumers) as usize
    }

    /// Bytes that it holds.
    pub fn bytes(&self) -> usize {
        self.ways.iter().map(Way::bytes).sum::<usize>()
            + self.heads.capacity() * size_of::<Head>()
            + self.uses.capacity() * size_of::<Use>()
            + self.consumers.capacity() * size_of::<u32>()
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
    let Downstream { heads, uses, consumers, ways, due } = downstream;
    due.first = due.words.len();
    for &product in changed {
        due.seed(first_place(order, product as usize));
    }
    while let Some(position) = due.take() {
        let (head, next) = (heads[position], heads[position + 1]);
        if head.product & LOOPED == 0 {
            let at = head.product as usize;
            let used = &uses[head.uses as usize..next.uses as usize];
            let is_new = if let Some(column) = column {
                let mut sum = [own[at][column]];
                for one in used {
                    add(&mut sum, one.quantity, &[rows[one.input as usize][column]]);
                }
                put_one(&mut rows[at], column, sum)
            } else {
                let mut sum = own[at];
                for one in used {
                    add(&mut sum, one.quantity, &rows[one.input as usize]);
                }
                put(&mut rows[at], sum)
            };
            if is_new {
                touched.push(head.product);
                let by = &consumers[head.consumers as usize..next.consumers as usize];
                by.iter().for_each(|&place| due.add(place));
            }
            continue;
        }
        let (number, range) = order.numbered_loop_at(position).expect("it is in a loop");
        let start = range.start;
        let mut came_to = |place: usize, product: u32| {
            touched.push(product);
            let (head, next) = (heads[start + place], heads[start + place + 1]);
            for &place in &consumers[head.consumers as usize..next.consumers as usize] {
                // A loop is calculated as a whole: its members are no reason to do it again.
                if place as usize != position {
                    due.add(place);
                }
            }
        };
        let (members, way) = (&products[range], &ways[number]);
        if matches!(way, Way::Swept) {
            // It is swept until every column stands still, so that all of them may move.
            column = None;
        }
        if let Some(column) = column {
            let (own, row) = (|at: usize| [own[at][column]], |at: usize| [rows[at][column]]);
            let solved = one.solve_by(way, system, members, own, row)?;
            for (place, (&product, &row)) in members.iter().zip(solved).enumerate() {
                if put_one(&mut rows[product as usize], column, row) {
                    came_to(place, product);
                }
            }
        } else {
            let (own, row) = (|at: usize| own[at], |at: usize| rows[at]);
            let solved = all.solve_by(way, system, members, own, row)?;
            for (place, (&product, &row)) in members.iter().zip(solved).enumerate() {
                if put(&mut rows[product as usize], row) {
                    came_to(place, product);
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
