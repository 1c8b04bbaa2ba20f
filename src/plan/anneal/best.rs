//! The best plan that a chain of moves has seen.

use super::state::State;

/// The best plan so far, kept without a copy of the whole for each improvement.
pub(super) struct Best {
    pub chosen: Vec<u32>,
    pub value: f64,
    found: bool,
    /// Orders changed since.
    changed: Vec<u32>,
}

impl Best {
    pub fn new(state: &State<'_, '_>) -> Self {
        let found = state.sums.feasible();
        let value = if found { state.sums.value() } else { f64::INFINITY };
        Self { chosen: state.chosen.clone(), value, found, changed: Vec::new() }
    }

    pub fn changed(&mut self, order: u32) {
        self.changed.push(order);
        if self.changed.len() > 2 * self.chosen.len() {
            self.changed.sort_unstable();
            self.changed.dedup();
        }
    }

    pub fn look(&mut self, state: &State<'_, '_>) {
        if state.sums.value() < self.value - 1e-12 && state.sums.feasible() {
            (self.value, self.found) = (state.sums.value(), true);
            for order in self.changed.drain(..) {
                self.chosen[order as usize] = state.chosen[order as usize];
            }
        }
    }

    pub fn kept(self) -> Option<(Vec<u32>, f64)> {
        self.found.then_some((self.chosen, self.value))
    }
}
