//! Strongly connected components: the loops of a product system, and the order around them.

use std::mem::size_of;
use std::ops::Range;

use super::ProductSystem;

/// Products in an order in which inputs come first; the products of a loop stand together.
#[derive(Clone, Debug, PartialEq)]
pub struct Condensation {
    order: Vec<u32>,
    /// Where each product stands in the order.
    positions: Vec<u32>,
    /// Stretches of `order` that are loops, in its order. A product that uses itself is one too.
    loops: Vec<Range<u32>>,
    /// A bit for each place of the order that lies in a loop.
    looped: Vec<u64>,
}

impl Condensation {
    /// Products, inputs first.
    pub fn order(&self) -> &[u32] {
        &self.order
    }

    /// The loops: stretches of the order.
    pub fn loops(&self) -> impl Iterator<Item = Range<usize>> {
        self.loops.iter().map(|range| range.start as usize..range.end as usize)
    }

    /// Where each product stands in the order.
    pub fn positions(&self) -> &[u32] {
        &self.positions
    }

    /// The loop that holds a position of the order, if one does.
    pub fn loop_at(&self, position: usize) -> Option<Range<usize>> {
        self.numbered_loop_at(position).map(|(_, range)| range)
    }

    /// As [`Condensation::loop_at`], with the number of the loop.
    #[inline]
    pub(super) fn numbered_loop_at(&self, position: usize) -> Option<(usize, Range<usize>)> {
        if self.looped[position / 64] & (1 << (position % 64)) == 0 {
            return None;
        }
        let after = self.loops.partition_point(|range| range.end as usize <= position);
        let found = self.loops.get(after).filter(|range| range.start as usize <= position)?;
        Some((after, found.start as usize..found.end as usize))
    }

    /// Bytes that it holds.
    pub fn bytes(&self) -> usize {
        (self.order.capacity() + self.positions.capacity()) * size_of::<u32>()
            + self.loops.capacity() * size_of::<Range<u32>>()
            + self.looped.capacity() * size_of::<u64>()
    }
}

/// A product on the way from the root of the search.
struct Visit {
    product: u32,
    /// Number by which it was found.
    number: u32,
    /// Next link to follow.
    next: u32,
    /// Whether it uses itself.
    own_use: bool,
}

impl Visit {
    fn begin(system: &ProductSystem, product: u32, number: u32) -> Self {
        Self { product, number, next: system.starts[product as usize], own_use: false }
    }
}

/// Set in the number of a product that has its place: above every number of the search.
const PLACED: u32 = 1 << 31;

/// Depth-first search that keeps one number a product: the lowest number that it reaches. Products
/// of a loop are given in the order in which the search finished with them, so that within a loop,
/// too, most inputs come first.
///
/// # Source
///
/// Pearce, A space-efficient algorithm for finding strongly connected components, Information
/// Processing Letters 116 (2016), algorithm PEA_FIND_SCC2, without recursion.
pub(super) fn condense(system: &ProductSystem) -> Condensation {
    let products = system.products();
    let mut reaches = vec![0u32; products];
    let mut order = Vec::with_capacity(products);
    let mut loops = Vec::new();
    let mut way: Vec<Visit> = Vec::new();
    let mut finished: Vec<u32> = Vec::new();
    let (mut found, mut placed) = (0u32, 0u32);
    assert!(products < PLACED as usize, "fewer than 2^31 products");
    #[allow(clippy::cast_possible_truncation)] // By the assertion above.
    for root in 0..products as u32 {
        if reaches[root as usize] != 0 {
            continue;
        }
        found += 1;
        reaches[root as usize] = found;
        way.push(Visit::begin(system, root, found));
        while let Some(visit) = way.last_mut() {
            let member = visit.product;
            let product = member as usize;
            let mut lowest = reaches[product];
            let mut deeper = None;
            let left = visit.next as usize..system.starts[product + 1] as usize;
            for &input in &system.inputs[left] {
                match reaches[input as usize] {
                    0 if system.starts[input as usize] == system.starts[input as usize + 1] => {
                        // What uses nothing has its place at once.
                        reaches[input as usize] = PLACED | placed;
                        placed += 1;
                        order.push(input);
                    }
                    0 => {
                        // The link is looked at again when the search is back from there.
                        deeper = Some(input);
                        break;
                    }
                    reached => {
                        lowest = lowest.min(reached);
                        visit.own_use |= input == member;
                    }
                }
                visit.next += 1;
            }
            reaches[product] = lowest;
            if let Some(input) = deeper {
                found += 1;
                reaches[input as usize] = found;
                way.push(Visit::begin(system, input, found));
                continue;
            }
            let Visit { number, own_use, .. } = *visit;
            way.pop();
            if lowest < number {
                finished.push(member);
                continue;
            }
            let whole = finished.iter().rposition(|&other| reaches[other as usize] < number);
            let start = placed;
            for other in finished.drain(whole.map_or(0, |at| at + 1)..) {
                reaches[other as usize] = PLACED | placed;
                placed += 1;
                order.push(other);
            }
            reaches[product] = PLACED | placed;
            placed += 1;
            order.push(member);
            if own_use || placed > start + 1 {
                loops.push(start..placed);
            }
        }
    }
    for position in &mut reaches {
        *position &= !PLACED;
    }
    let mut looped = vec![0u64; products.div_ceil(64)];
    for position in loops.iter().cloned().flatten() {
        looped[position as usize / 64] |= 1 << (position % 64);
    }
    Condensation { order, positions: reaches, loops, looped }
}

#[cfg(test)]
mod tests {
    use super::super::Link;
    use super::*;

    #[test]
    fn inputs_come_first_and_loops_stand_together() {
        let links = [(0, 1), (1, 2), (2, 1), (2, 3), (3, 3), (4, 0)];
        let links = links.map(|(product, input)| Link { product, input, quantity: 0.1 });
        let condensed = ProductSystem::new(5, &links).unwrap().condensed();

        assert_eq!(condensed.order(), [3, 2, 1, 0, 4]);
        assert_eq!(condensed.loops().collect::<Vec<_>>(), [0..1, 1..3]);
        assert_eq!(condensed.loop_at(2), Some(1..3));
        assert_eq!(condensed.loop_at(3), None);
    }

    #[test]
    fn a_chain_of_a_million_levels_needs_no_deep_stack() {
        let links: Vec<Link> = (0..999_999)
            .map(|product| Link { product, input: product + 1, quantity: 0.5 })
            .collect();
        let condensed = ProductSystem::new(1_000_000, &links).unwrap().condensed();

        assert_eq!(condensed.order()[0], 999_999);
        assert_eq!(condensed.loops().count(), 0);
    }
}
