//! The product system: which product uses how much of which, and the footprint of every product at
//! once.
//!
//! For product `j`, `m_j = e_j + sum_i a_ij m_i`: what it emits itself and what its inputs bring.
//! All products together are the linear system `(I - A)^T m = e`, with as many right-hand sides as
//! are wanted (scopes, gases, the part from primary data). It is solved along its own shape:
//!
//! ```text
//! links -> condensation (loops, then an order in which inputs come first)
//!       -> one pass: a product outside of loops is exact arithmetic over its links,
//!          a loop is torn open and solved as a small dense system, or swept
//! ```
//! Nothing is cut off at a depth. A loop that uses as much as it makes has no footprint: that is an
//! error which names its products.

mod condensation;
mod dense;
mod looped;
mod restate;
mod solve;
mod torn;

use std::mem::size_of;

use rust_decimal::Decimal;

use crate::quantity::Emissions;

pub use condensation::Condensation;
pub use restate::Downstream;

/// Largest number of right-hand sides that are carried through one pass.
const COLUMNS_AT_ONCE: usize = 8;

/// Scaled residual that a solution has to reach.
pub const RESIDUAL_MAX: f64 = 1e-12;

/// One use: `quantity` of `input` for one unit of `product`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Link {
    /// Position of what is made.
    pub product: u32,
    /// Position of what it uses.
    pub input: u32,
    /// How much, in units of the input per unit of the product; negative for a credit.
    pub quantity: f64,
}

/// Why a product system has no solution. Products are positions; who built the system knows their
/// names.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SystemError {
    /// A link leads to a product that is not there.
    #[error("a link of product {product} leads to {input}, and there are {products} products")]
    OutOfRange {
        /// What is made.
        product: u32,
        /// What it is to use.
        input: u32,
        /// How many there are.
        products: usize,
    },
    /// A quantity or an emission is no finite number.
    #[error("a quantity of product {product} is no finite number")]
    NotFinite {
        /// What is made.
        product: u32,
    },
    /// The products of a loop use exactly what they make.
    #[error("a loop of {} products uses exactly what it makes (gain {gain:.6})", products.len())]
    Singular {
        /// One way around the loop.
        products: Vec<u32>,
        /// Spectral radius of the loop's quantities.
        gain: f64,
    },
    /// The products of a loop use more than they make.
    #[error("a loop of {} products uses more than it makes (gain {gain:.6})", products.len())]
    NonProductive {
        /// One way around the loop.
        products: Vec<u32>,
        /// Spectral radius of the loop's quantities.
        gain: f64,
    },
    /// A loop could not be solved to the residual that is asked for.
    #[error(
        "a loop of {loop_len} products was not solved: scaled residual {residual:.1e}, wanted \
         {RESIDUAL_MAX:.0e}"
    )]
    NotSolved {
        /// One way around the loop.
        products: Vec<u32>,
        /// Products of the loop.
        loop_len: usize,
        /// What was reached.
        residual: f64,
    },
}

impl SystemError {
    /// The products that the error is about, one way around a loop.
    pub fn products(&self) -> &[u32] {
        match self {
            Self::OutOfRange { product, .. } | Self::NotFinite { product } => {
                std::slice::from_ref(product)
            }
            Self::Singular { products, .. }
            | Self::NonProductive { products, .. }
            | Self::NotSolved { products, .. } => products,
        }
    }
}

/// Values by product, row by row: `width` columns for each.
#[derive(Clone, Debug, PartialEq)]
pub struct Columns {
    width: usize,
    values: Vec<f64>,
}

impl Columns {
    /// Zeros for `rows` products.
    pub fn zero(rows: usize, width: usize) -> Self {
        Self { width, values: vec![0.0; rows * width] }
    }

    /// The rows that stand one after the other in `values`.
    ///
    /// # Panics
    ///
    /// If `values` is no whole number of rows.
    pub fn of(width: usize, values: Vec<f64>) -> Self {
        assert!(width > 0 && values.len().is_multiple_of(width), "whole rows");
        Self { width, values }
    }

    /// How many columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// How many rows.
    pub fn rows(&self) -> usize {
        self.values.len() / self.width
    }

    /// The values of one product.
    pub fn row(&self, product: usize) -> &[f64] {
        &self.values[product * self.width..][..self.width]
    }

    /// The values of one product, to be changed.
    pub fn row_mut(&mut self, product: usize) -> &mut [f64] {
        &mut self.values[product * self.width..][..self.width]
    }

    /// One column alone: what a factor does that stands in this column is restated in it.
    pub fn column(&self, column: usize) -> Self {
        let values = self.values.chunks_exact(self.width).map(|row| row[column]);
        Self { width: 1, values: values.collect() }
    }

    /// All values, row by row.
    pub fn values(&self) -> &[f64] {
        &self.values
    }
}

/// Products and their links, 12 bytes a link and 4 a product.
#[derive(Clone, Debug, PartialEq)]
pub struct ProductSystem {
    /// Where the links of each product begin, one more than there are products.
    starts: Vec<u32>,
    inputs: Vec<u32>,
    quantities: Vec<f64>,
}

impl ProductSystem {
    /// The system of `products` products with these links, in any order. Links between the same two
    /// products add up.
    ///
    /// # Errors
    ///
    /// [`SystemError::OutOfRange`] or [`SystemError::NotFinite`].
    pub fn new(products: usize, links: &[Link]) -> Result<Self, SystemError> {
        let mut starts = vec![0u32; products + 1];
        for link in links {
            let (product, input) = (link.product, link.input);
            if product as usize >= products || input as usize >= products {
                return Err(SystemError::OutOfRange { product, input, products });
            }
            starts[product as usize + 1] += 1;
        }
        for product in 0..products {
            starts[product + 1] += starts[product];
        }
        let mut next = starts.clone();
        let mut inputs = vec![0; links.len()];
        let mut quantities = vec![0.0; links.len()];
        for link in links {
            let at = &mut next[link.product as usize];
            inputs[*at as usize] = link.input;
            quantities[*at as usize] = link.quantity;
            *at += 1;
        }
        Self::from_rows(starts, inputs, quantities)
    }

    /// The system whose links stand by product: those of product `j` from `starts[j]` to before
    /// `starts[j + 1]`.
    ///
    /// # Errors
    ///
    /// [`SystemError::OutOfRange`] or [`SystemError::NotFinite`].
    ///
    /// # Panics
    ///
    /// If `starts` does not rise from zero to the number of links.
    pub fn from_rows(
        starts: Vec<u32>,
        inputs: Vec<u32>,
        quantities: Vec<f64>,
    ) -> Result<Self, SystemError> {
        assert!(inputs.len() == quantities.len() && starts.first() == Some(&0), "rows of links");
        assert!(starts.is_sorted() && starts[starts.len() - 1] as usize == inputs.len());
        let system = Self { starts, inputs, quantities };
        let products = system.products();
        for product in 0..products {
            for (input, quantity) in system.links(product) {
                let product = u32::try_from(product).expect("fewer than 2^32 products");
                if input >= products {
                    let input = u32::try_from(input).expect("links hold 32 bits");
                    return Err(SystemError::OutOfRange { product, input, products });
                }
                if !quantity.is_finite() {
                    return Err(SystemError::NotFinite { product });
                }
            }
        }
        Ok(system)
    }

    /// How many products.
    pub fn products(&self) -> usize {
        self.starts.len() - 1
    }

    /// How many links.
    pub fn link_count(&self) -> usize {
        self.inputs.len()
    }

    /// What one product uses: input and quantity.
    pub fn links(&self, product: usize) -> impl ExactSizeIterator<Item = (usize, f64)> {
        let range = self.starts[product] as usize..self.starts[product + 1] as usize;
        let inputs = self.inputs[range.clone()].iter().map(|&input| input as usize);
        inputs.zip(self.quantities[range].iter().copied())
    }

    /// Finds the loops, and an order in which every product comes after what it uses.
    pub fn condensed(&self) -> Condensation {
        condensation::condense(self)
    }

    /// The intensities of every product: for each column of `own`, what a product emits itself per
    /// unit, the sum over everything below it. They take the place of `own`. Bit for bit the same at
    /// each call.
    ///
    /// # Errors
    ///
    /// [`SystemError`] naming the products of a loop without solution.
    ///
    /// # Panics
    ///
    /// If `own` has another number of rows than there are products.
    ///
    /// # Source
    ///
    /// Heijungs and Suh, The Computational Structure of Life Cycle Assessment (2002), chapter 2;
    /// order by strongly connected components: Tarjan (1972) in the form of Pearce (2016).
    pub fn solve(&self, order: &Condensation, own: Columns) -> Result<Columns, SystemError> {
        solve::solve(self, order, own)
    }

    /// How much of every product is made, directly and below, for `wanted` units of each product:
    /// the demand view, `(I - A) s = f`. Its own emissions times these sum to the same total.
    ///
    /// # Errors
    ///
    /// As [`ProductSystem::solve`].
    pub fn demand(&self, wanted: &Columns) -> Result<Columns, SystemError> {
        let turned = self.turned();
        let order = turned.condensed();
        turned.solve(&order, wanted.clone())
    }

    /// The same links seen from the inputs.
    fn turned(&self) -> Self {
        let mut links = Vec::with_capacity(self.link_count());
        let position = |at: usize| u32::try_from(at).expect("fewer than 2^32 products");
        for product in 0..self.products() {
            let of_product = self.links(product).map(|(input, quantity)| Link {
                product: position(input),
                input: position(product),
                quantity,
            });
            links.extend(of_product);
        }
        Self::new(self.products(), &links).expect("the links were checked before")
    }

    /// Bytes that the system holds.
    pub fn bytes(&self) -> usize {
        self.starts.capacity() * size_of::<u32>()
            + self.inputs.capacity() * size_of::<u32>()
            + self.quantities.capacity() * size_of::<f64>()
    }
}

/// A solver's kg CO₂e as a decimal: the one place where floats become amounts.
///
/// Keeps 15 significant digits, so the conversion adds at most 5e-15 relative to the solver's own
/// error, which [`RESIDUAL_MAX`] bounds.
///
/// # Errors
///
/// `None` if the value is not finite or beyond 7.9e28.
pub fn emissions(kg_co2e: f64) -> Option<Emissions> {
    let exact = Decimal::from_f64_retain(kg_co2e)?;
    exact.round_sf(15).map(Emissions::new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn link(product: u32, input: u32, quantity: f64) -> Link {
        Link { product, input, quantity }
    }

    fn solved(products: usize, links: &[Link], own: &[f64]) -> Result<Vec<f64>, SystemError> {
        let system = ProductSystem::new(products, links)?;
        let own = Columns::of(1, own.to_vec());
        Ok(system.solve(&system.condensed(), own)?.values().to_vec())
    }

    #[test]
    fn a_loop_is_solved_and_not_cut_off() {
        // A needs 2 B, B needs 0.1 A: worked by hand.
        let links = [link(0, 1, 2.0), link(1, 0, 0.1)];
        let found = solved(2, &links, &[1.0, 3.0]).unwrap();

        assert!((found[0] - 8.75).abs() < 1e-14 && (found[1] - 3.875).abs() < 1e-14);
    }

    #[test]
    fn a_loop_of_gain_one_is_singular_and_of_more_is_not_productive() {
        let of_gain = |gain: f64| {
            let links = [link(0, 1, gain), link(1, 2, 1.0), link(2, 1, 1.0 / 2.0), link(2, 0, 0.5)];
            solved(3, &links, &[1.0; 3]).unwrap_err()
        };

        assert!(
            matches!(of_gain(1.0), SystemError::Singular { gain, .. } if (gain - 1.0).abs() < 1e-6)
        );
        assert!(matches!(of_gain(1.5), SystemError::NonProductive { gain, .. } if gain > 1.0));
        let own_use = solved(1, &[link(0, 0, 1.2)], &[1.0]).unwrap_err();
        assert_eq!(own_use.products(), [0]);
    }

    #[test]
    fn demand_times_own_emissions_is_the_intensity() {
        let links = [link(0, 1, 2.0), link(1, 0, 0.1), link(1, 2, 3.0), link(2, 2, 0.25)];
        let system = ProductSystem::new(3, &links).unwrap();
        let own = [1.0, 3.0, 0.5];
        let intensity =
            system.solve(&system.condensed(), Columns::of(1, own.to_vec())).unwrap().row(0)[0];

        let demand = system.demand(&Columns::of(1, vec![1.0, 0.0, 0.0])).unwrap();
        let total: f64 = demand.values().iter().zip(own).map(|(amount, own)| amount * own).sum();

        assert!((total - intensity).abs() < 1e-12 * intensity);
    }

    #[test]
    fn a_conversion_keeps_fifteen_digits() {
        assert_eq!(emissions(0.1 + 0.2).unwrap().to_string(), "0.300000000000000 kg CO2e");
        assert!(emissions(f64::NAN).is_none() && emissions(1e30).is_none());
    }

    /// A system that is productive by construction: no product uses more than 0.9 in all.
    fn productive(loops: bool) -> impl Strategy<Value = (usize, Vec<Link>, Vec<f64>)> {
        (2usize..40).prop_flat_map(move |products| {
            let links = prop::collection::vec((0..products, 0..products, 0.0f64..1.0), 0..120);
            let own = prop::collection::vec(0.0f64..10.0, products);
            (Just(products), links, own).prop_map(move |(products, raw, own)| {
                let mut uses = vec![0.0; products];
                let kept: Vec<_> = raw
                    .into_iter()
                    .filter(|(product, input, _)| loops || product < input)
                    .collect();
                for (product, _, quantity) in &kept {
                    uses[*product] += quantity;
                }
                let scaled = kept.iter().map(|&(product, input, quantity)| {
                    let scale = 0.9 / f64::max(uses[product], 0.9);
                    #[allow(clippy::cast_possible_truncation)]
                    link(product as u32, input as u32, quantity * scale)
                });
                (products, scaled.collect(), own)
            })
        })
    }

    proptest! {
        #[test]
        fn every_product_is_what_it_emits_and_what_its_inputs_bring(
            (products, links, own) in productive(true),
        ) {
            let found = solved(products, &links, &own).unwrap();
            let mut brought = own.clone();
            for link in &links {
                brought[link.product as usize] += link.quantity * found[link.input as usize];
            }
            for (found, brought) in found.iter().zip(&brought) {
                prop_assert!((found - brought).abs() <= 1e-11 * brought.abs().max(1e-9));
                prop_assert!(*found >= 0.0);
            }
        }

        #[test]
        fn columns_do_not_touch_each_other((products, links, own) in productive(true)) {
            let system = ProductSystem::new(products, &links).unwrap();
            let wide: Vec<f64> = own.iter().flat_map(|own| (0..11).map(move |c| own * f64::from(c))).collect();
            let order = system.condensed();
            let wide = system.solve(&order, Columns::of(11, wide)).unwrap();
            let narrow = system.solve(&order, Columns::of(1, own)).unwrap();
            for product in 0..products {
                let (wide, narrow) = (wide.row(product), narrow.row(product)[0]);
                for (column, value) in (0..11).zip(wide) {
                    prop_assert!((value - f64::from(column) * narrow).abs() <= 1e-12 * value.abs());
                }
            }
        }

        #[test]
        fn a_column_is_restated_alone_to_the_bits_that_it_has_among_others(
            (products, links, own) in productive(true),
            changed in 0usize..40,
        ) {
            let changed = changed % products;
            let system = ProductSystem::new(products, &links).unwrap();
            let order = system.condensed();
            let wide: Vec<f64> = own.iter().flat_map(|own| [own + 0.3, *own, own * 0.7]).collect();
            let mut own = Columns::of(3, wide);
            let mut alone = system.solve(&order, own.clone()).unwrap().column(1);
            own.row_mut(changed)[1] += 1.25;

            #[allow(clippy::cast_possible_truncation)]
            let changed = [changed as u32];
            let mut downstream = Downstream::of(&system, &order).unwrap();
            system.restate(&order, &mut downstream, &own.column(1), &mut alone, &changed).unwrap();

            prop_assert_eq!(alone, system.solve(&order, own).unwrap().column(1));
        }

        #[test]
        fn a_changed_product_is_restated_to_the_same_bits_as_everything_anew(
            (products, links, own) in productive(true),
            changed in 0usize..40,
        ) {
            let changed = changed % products;
            let system = ProductSystem::new(products, &links).unwrap();
            let order = system.condensed();
            let mut own = Columns::of(1, own);
            let mut intensities = system.solve(&order, own.clone()).unwrap();
            own.row_mut(changed)[0] += 1.25;

            let mut downstream = Downstream::of(&system, &order).unwrap();
            #[allow(clippy::cast_possible_truncation)]
            let touched = system
                .restate(&order, &mut downstream, &own, &mut intensities, &[changed as u32])
                .unwrap();

            prop_assert!(touched.contains(&(changed as u32)));
            prop_assert_eq!(&intensities, &system.solve(&order, own.clone()).unwrap());
            // And again, by the ways that are known now.
            own.row_mut(changed)[0] -= 0.5;
            #[allow(clippy::cast_possible_truncation)]
            let changed = [changed as u32];
            system.restate(&order, &mut downstream, &own, &mut intensities, &changed).unwrap();
            prop_assert_eq!(intensities, system.solve(&order, own).unwrap());
        }
    }
}
