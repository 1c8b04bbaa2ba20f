//! Error propagation of first order.

use super::UncertainSystem;
use crate::footprint::system::{Columns, SystemError};

/// A footprint with its standard deviation, and where that comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Analytic {
    /// kg CO₂e per unit.
    pub mean: f64,
    /// Standard deviation in kg CO₂e.
    pub sd: f64,
    /// Variance that each variable brings, in kg² CO₂e, by its position.
    pub variances: Vec<f64>,
}

impl Analytic {
    /// Standard deviation over mean.
    pub fn relative_sd(&self) -> f64 {
        self.sd / self.mean
    }
}

impl UncertainSystem {
    /// The footprint of `product` and its uncertainty in first order, for variables that do not
    /// depend on each other.
    ///
    /// With intensities `m` and demands `s` of one unit of the product, a relative change of a
    /// variable moves the footprint by `s_i e_i` for each term it multiplies and by `s_j a_ij m_i`
    /// for each link. These add up by variable, and their squares by variance.
    ///
    /// # Errors
    ///
    /// [`SystemError`] if the system has no solution.
    ///
    /// # Source
    ///
    /// JCGM 100:2008 (GUM), 5.1.2; for product systems Heijungs, Sensitivity coefficients for matrix
    /// based LCA, Int. J. Life Cycle Assess. 15 (2010).
    pub fn analytic(&self, product: u32) -> Result<Analytic, SystemError> {
        let (system, own) = self.at(&vec![1.0; self.variables.len()])?;
        let intensities = system.solve(&system.condensed(), own)?;
        let mut wanted = Columns::zero(self.products, 1);
        wanted.row_mut(product as usize)[0] = 1.0;
        let demand = system.demand(&wanted)?;
        let mut moved = vec![0.0; self.variables.len()];
        for term in &self.terms {
            let amount = demand.row(term.product as usize)[0] * term.kg_co2e;
            for &variable in &term.variables {
                moved[variable as usize] += amount;
            }
        }
        for (link, variable) in &self.links {
            let Some(variable) = variable else { continue };
            moved[*variable as usize] += demand.row(link.product as usize)[0]
                * link.quantity
                * intensities.row(link.input as usize)[0];
        }
        let variances: Vec<f64> = moved
            .iter()
            .zip(&self.variables)
            .map(|(moved, variable)| (moved * variable.relative_sd).powi(2))
            .collect();
        Ok(Analytic {
            mean: intensities.row(product as usize)[0],
            sd: variances.iter().sum::<f64>().sqrt(),
            variances,
        })
    }
}
