//! From a product down to everything that it needs: the demand view of its product system.

use std::collections::BTreeMap;
use std::rc::Rc;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::Products;
use super::process::{Made, Process};
use crate::footprint::system::{self, Columns, Link, ProductSystem, SystemError};
use crate::footprint::{Contribution, FootprintError};
use crate::id::{MaterialNumber, ProductionVersionCode};
use crate::value_state::ValueState;

/// A process below the product.
pub(super) struct Below {
    pub made: Made,
    pub process: Rc<Process>,
    /// Share of the process that one unit of what is made carries.
    pub share: Decimal,
    path: Vec<MaterialNumber>,
    /// How the quantities that lead here are known.
    state: ValueState,
    pub inputs: Vec<(usize, Decimal)>,
}

impl Products<'_> {
    /// The terms of one base unit of `material`.
    pub(super) fn contributions(
        &self,
        material: &MaterialNumber,
        version: &ProductionVersionCode,
    ) -> Result<Vec<Contribution>, FootprintError> {
        let (product, by, version) = (material.clone(), material.clone(), version.clone());
        let below = self.everything_below(Made { product, by, version })?;
        let demand = demand(&below)?;
        let mut terms = Vec::new();
        for (below, amount) in below.iter().zip(demand) {
            let amount = amount * below.share;
            let own = below.process.own.iter().map(|own| {
                let mut term = own.clone().scaled(amount);
                let inside = own.path.iter().skip(1).cloned();
                term.path = below.path.iter().cloned().chain(inside).collect();
                term.state = term.state.and(below.state);
                term.primary &= below.state <= ValueState::Calculated;
                term
            });
            terms.extend(own);
        }
        Ok(terms)
    }

    /// The product and every process below it, each once, nearest first.
    pub(super) fn everything_below(&self, root: Made) -> Result<Vec<Below>, FootprintError> {
        let mut places: BTreeMap<Made, usize> = BTreeMap::new();
        let mut below = vec![self.below(root.clone(), Vec::new())?];
        places.insert(root, 0);
        let mut next = 0;
        while next < below.len() {
            let (process, share) = (Rc::clone(&below[next].process), below[next].share);
            for (made, quantity, state) in &process.inputs {
                let place = match places.get(made) {
                    Some(place) => *place,
                    None => {
                        let path = below[next].path.clone();
                        below.push(self.below(made.clone(), path)?);
                        places.insert(made.clone(), below.len() - 1);
                        below.len() - 1
                    }
                };
                below[next].inputs.push((place, quantity * share));
                below[place].state = below[place].state.and(*state);
            }
            next += 1;
        }
        weaken(&mut below);
        Ok(below)
    }

    fn below(&self, made: Made, mut path: Vec<MaterialNumber>) -> Result<Below, FootprintError> {
        path.push(made.product.clone());
        let process = self.process(&made.by, &made.version)?;
        let share = self.share(&made)?;
        let state = ValueState::Measured;
        Ok(Below { made, process, share, path, state, inputs: Vec::new() })
    }
}

/// What is needed by something of an uncertain quantity is itself of an uncertain quantity.
fn weaken(below: &mut [Below]) {
    let mut again = true;
    while again {
        again = false;
        for at in 0..below.len() {
            for input in 0..below[at].inputs.len() {
                let (place, state) = (below[at].inputs[input].0, below[at].state);
                if below[place].state < state {
                    below[place].state = state;
                    again = true;
                }
            }
        }
    }
}

/// How much of each process one unit of the first needs. Decimals all the way, but for the members
/// of a circle, which the solver gives with 15 digits.
fn demand(below: &[Below]) -> Result<Vec<Decimal>, FootprintError> {
    let place = |at: usize| u32::try_from(at).expect("fewer than 2^32 processes");
    let mut links = Vec::new();
    for (at, product) in below.iter().enumerate() {
        for (input, quantity) in &product.inputs {
            let quantity = quantity.to_f64().expect("decimals have floats");
            links.push(Link { product: place(at), input: place(*input), quantity });
        }
    }
    let failed = |error: SystemError| circle(below, &error);
    let system = ProductSystem::new(below.len(), &links).map_err(failed)?;
    let order = system.condensed();
    let mut in_circle = vec![None; below.len()];
    if order.loops().next().is_some() {
        let mut wanted = Columns::zero(below.len(), 1);
        wanted.row_mut(0)[0] = 1.0;
        let solved = system.demand(&wanted).map_err(failed)?;
        for range in order.loops() {
            for &member in &order.order()[range] {
                let amount = solved.row(member as usize)[0];
                let too_large = || FootprintError::TooLarge {
                    place: below[member as usize].made.product.to_string(),
                };
                in_circle[member as usize] =
                    Some(system::emissions(amount).ok_or_else(too_large)?.amount());
            }
        }
    }
    let mut demand = vec![Decimal::ZERO; below.len()];
    demand[0] = Decimal::ONE;
    for &product in order.order().iter().rev() {
        let product = product as usize;
        if let Some(amount) = in_circle[product] {
            demand[product] = amount;
        }
        let amount = demand[product];
        for (input, quantity) in &below[product].inputs {
            if in_circle[*input].is_none() {
                demand[*input] += amount * quantity;
            }
        }
    }
    Ok(demand)
}

/// A solver's error with the materials of the circle.
fn circle(below: &[Below], error: &SystemError) -> FootprintError {
    let mut way: Vec<&str> =
        error.products().iter().map(|&at| below[at as usize].made.product.as_str()).collect();
    // Around the circle from the product that people know: the nearest one.
    let nearest = error.products().iter().enumerate().min_by_key(|(_, at)| **at);
    way.rotate_left(nearest.map_or(0, |(at, _)| at));
    way.extend(way.first().copied());
    FootprintError::Circle { path: way.join(" > "), reason: error.to_string() }
}
