//! How far a footprint may be off: by the law of error propagation, and by drawing.
//!
//! What is uncertain is a variable: an activity, a factor, a quantity of a bill of material. Each
//! has a relative standard deviation and multiplies the terms that use it. A factor that many lines
//! share is one variable: its sensitivities add up before they are squared.

mod analytic;
mod monte_carlo;
pub mod product;
mod random;

use super::system::{Columns, Link, ProductSystem, SystemError};

pub use analytic::Analytic;
pub use monte_carlo::{Drawn, Run};

/// How a variable is spread around one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// Never negative; mean one. What factors and activities usually have.
    Lognormal,
    /// Symmetrical; mean one.
    Normal,
}

/// Something that is not exactly known.
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    /// What it is, as `factor EG-DE-UBA-2018`.
    pub name: String,
    /// Standard deviation over mean.
    pub relative_sd: f64,
    /// Its distribution.
    pub spread: Spread,
}

/// Emissions of one product from one line.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    /// Position of the product.
    pub product: u32,
    /// kg CO₂e per unit of it.
    pub kg_co2e: f64,
    /// Variables that multiply it.
    pub variables: Vec<u32>,
}

/// A product system with what is uncertain about it.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct UncertainSystem {
    /// How many products.
    pub products: usize,
    /// Links, each with the variable that multiplies it, if any.
    pub links: Vec<(Link, Option<u32>)>,
    /// Emissions.
    pub terms: Vec<Term>,
    /// Variables, by the position that links and terms use.
    pub variables: Vec<Variable>,
}

impl UncertainSystem {
    /// The system with `factors` in the place of its variables.
    fn at(&self, factors: &[f64]) -> Result<(ProductSystem, Columns), SystemError> {
        let links: Vec<Link> = self
            .links
            .iter()
            .map(|&(link, variable)| Link {
                quantity: link.quantity * variable.map_or(1.0, |v| factors[v as usize]),
                ..link
            })
            .collect();
        let mut own = Columns::zero(self.products, 1);
        for term in &self.terms {
            let times: f64 = term.variables.iter().map(|&v| factors[v as usize]).product();
            own.row_mut(term.product as usize)[0] += term.kg_co2e * times;
        }
        Ok((ProductSystem::new(self.products, &links)?, own))
    }
}

/// Square of the geometric standard deviation of a lognormal variable, as data bases state it.
///
/// # Source
///
/// GSD² = exp(2σ), σ² = ln(1 + cv²): GHG Protocol, Quantitative Uncertainty Guidance (2011), 3.2.
pub fn geometric_sd_squared(relative_sd: f64) -> f64 {
    (2.0 * relative_sd.powi(2).ln_1p().sqrt()).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(name: &str, relative_sd: f64) -> Variable {
        Variable { name: name.to_owned(), relative_sd, spread: Spread::Lognormal }
    }

    /// 1.2 kg (2 %) at 2.0 (10 %) and 0.8 kWh (5 %) at 0.6205 (5 %).
    fn two_lines() -> UncertainSystem {
        let term = |kg_co2e, variables: [u32; 2]| Term {
            product: 0,
            kg_co2e,
            variables: variables.into(),
        };
        UncertainSystem {
            products: 1,
            links: Vec::new(),
            terms: vec![term(1.2 * 2.0, [0, 1]), term(0.8 * 0.6205, [2, 3])],
            variables: vec![
                variable("kg", 0.02),
                variable("steel", 0.10),
                variable("kWh", 0.05),
                variable("grid", 0.05),
            ],
        }
    }

    /// A needs 2 B (2 %), B needs 0.1 A (20 %); A emits 1 (5 %), B emits 3 (10 %).
    fn looped() -> UncertainSystem {
        let link = |product, input, quantity| Link { product, input, quantity };
        UncertainSystem {
            products: 2,
            links: vec![(link(0, 1, 2.0), Some(2)), (link(1, 0, 0.1), Some(3))],
            terms: vec![
                Term { product: 0, kg_co2e: 1.0, variables: vec![0] },
                Term { product: 1, kg_co2e: 3.0, variables: vec![1] },
            ],
            variables: vec![
                variable("e_A", 0.05),
                variable("e_B", 0.10),
                variable("a_AB", 0.02),
                variable("a_BA", 0.20),
            ],
        }
    }

    #[test]
    fn two_lines_by_both_methods() {
        let analytic = two_lines().analytic(0).unwrap();
        let drawn = two_lines().draw(0, Run { id: 42, draws: 100_000 }).unwrap();

        assert!((analytic.mean - 2.8964).abs() < 1e-12);
        assert!((analytic.sd - 0.2473).abs() < 5e-5, "{}", analytic.sd);
        // Five standard errors of 100,000 draws.
        assert!((drawn.mean - 2.8967).abs() < 5.0 * 0.2473 / 100_000f64.sqrt(), "{}", drawn.mean);
        assert!((drawn.sd - 0.2472).abs() < 0.004, "{}", drawn.sd);
        assert!((drawn.low - 2.448).abs() < 0.01 && (drawn.high - 3.415).abs() < 0.015);
    }

    #[test]
    fn a_loop_is_biased_upwards_and_only_drawing_shows_it() {
        let analytic = looped().analytic(0).unwrap();
        let drawn = looped().draw(0, Run { id: 42, draws: 100_000 }).unwrap();

        assert!((analytic.mean - 8.75).abs() < 1e-12);
        assert!((analytic.sd - 0.892).abs() < 5e-4, "{}", analytic.sd);
        assert!((drawn.mean - 8.776).abs() < 0.015, "{}", drawn.mean);
        assert!((drawn.sd - 0.903).abs() < 0.02, "{}", drawn.sd);
    }

    #[test]
    fn a_shared_factor_is_one_variable() {
        let term = |variable| Term { product: 0, kg_co2e: 1.0, variables: vec![variable] };
        let shared = UncertainSystem {
            products: 1,
            terms: vec![term(0), term(0)],
            variables: vec![variable("grid", 0.1)],
            ..UncertainSystem::default()
        };
        let apart = UncertainSystem {
            terms: vec![term(0), term(1)],
            variables: vec![variable("one", 0.1), variable("two", 0.1)],
            ..shared.clone()
        };

        assert!((shared.analytic(0).unwrap().sd - 0.2).abs() < 1e-15);
        assert!((apart.analytic(0).unwrap().sd - 0.1 * 2f64.sqrt()).abs() < 1e-15);
    }

    #[test]
    fn draws_do_not_depend_on_the_number_of_threads() {
        let run = Run { id: 7, draws: 5_000 };
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| looped().draw(0, run).unwrap())
        };

        assert_eq!(on(1), on(3));
        assert_ne!(on(1), looped().draw(0, Run { id: 8, draws: 5_000 }).unwrap());
    }

    #[test]
    fn the_geometric_deviation_of_ten_percent() {
        assert!((geometric_sd_squared(0.1) - 1.220_79).abs() < 1e-5);
    }
}
